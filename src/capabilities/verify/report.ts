/** What a verification found, and how it is printed for people. */
import type { RecordKind } from '#domain/entry.ts'

export type Damage = {
  readonly record: { readonly kind: RecordKind; readonly id: string; readonly number?: string }
  /** The entry that is damaged or missing, or that set the field last; null when no entry is meant. */
  readonly seq: number | null
  readonly field: string | null
  readonly what: string
}

/** The tenant's log: its leaves and checkpoints, and how many entries stand behind its last leaf. */
export type LogSummary = {
  readonly size: number
  readonly checkpoints: number
  readonly unsealed: number
}

export type VerifyReport = {
  readonly tenant: string
  readonly records: number
  readonly entries: number
  readonly seconds: number
  /** The first 1,000, by record and sequence. */
  readonly damages: readonly Damage[]
  /** How many more there are. */
  readonly unlisted: number
  readonly log?: LogSummary
}

const count = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`
const kinds: { readonly [K in RecordKind]: string } = {
  work_order: 'work order',
  asset: 'asset',
  principal: 'principal',
  tenant: 'tenant',
  delegation: 'delegation',
  finding: 'finding',
  template: 'template',
  resource: 'resource',
}

/** One line for each damage, and one that sums up; without a line break at the end. */
export function printReport(report: VerifyReport): string {
  const { tenant, records, entries, seconds, damages, unlisted, log } = report
  const lines = damages.map(toLine)
  if (unlisted > 0) lines.push(`… and ${count(unlisted, 'more')}`.replace('mores', 'more'))
  const rate = `${Math.round(entries / Math.max(seconds, 0.001)).toLocaleString('en')}/s`
  const read = `${count(records, 'record')}, ${entries === 1 ? '1 entry' : `${entries.toLocaleString('en')} entries`} in ${seconds.toFixed(1)} s (${rate})`
  const found = damages.length + unlisted
  const verdict = found === 0 ? 'whole' : `DAMAGED: ${count(found, 'damage')} found`
  const sealed =
    log === undefined || log.size === 0
      ? ''
      : `, ${log.size.toLocaleString('en')} sealed under ${count(log.checkpoints, 'checkpoint')}`
  return [...lines, `tenant ${tenant}: ${read}${sealed}: ${verdict}`].join('\n')
}

function toLine({ record, seq, field, what }: Damage): string {
  const name = record.number === undefined ? record.id : `${record.number} (${record.id})`
  const place = [seq === null ? '' : `entry ${seq}`, field === null ? '' : `field ${field}`].filter(
    (part) => part !== '',
  )
  return `${kinds[record.kind]} ${name}${place.map((part) => `, ${part}`).join('')}: ${what}`
}
