/**
 * One range of records: its rows are read first, then its entries stream by, each followed along the chain
 * of its record and forgotten. What is kept of a range is only what is wrong with it.
 */
import type { PoolClient } from 'pg'
import { beginChain, closeChain, follow } from '#domain/chain.ts'
import type { Chain, Flaw } from '#domain/chain.ts'
import { recordKinds } from '#domain/entry.ts'
import type { RecordKind } from '#domain/entry.ts'
import type { Shape } from '#domain/replay.ts'
import { checkAttachments, toClaim } from './attachments.ts'
import type { Claim } from './attachments.ts'
import { checkSignatures } from './signatures.ts'
import type { Damage } from './report.ts'
import { listRows, openRowReader } from './row-store.ts'
import type { RecordRow, RowReader } from './row-store.ts'
import { readEntries } from './store.ts'
import type { Range } from './store.ts'

export type Shapes = { readonly [K in RecordKind]: Shape }

export type RangeResult = {
  readonly records: number
  readonly entries: number
  readonly damages: readonly Damage[]
}

/** What a connection works with from range to range. */
export type Lane = {
  readonly client: PoolClient
  readonly tenantId: string
  readonly shapes: Shapes
  readonly readers: readonly RowReader[]
}

export async function openLane(client: PoolClient, tenantId: string, shapes: Shapes): Promise<Lane> {
  const readers: RowReader[] = []
  for (const kind of recordKinds) readers.push(await openRowReader(client, kind, shapes[kind].fields))
  return { client, tenantId, shapes, readers }
}

export async function verifyRange(lane: Lane, range: Range): Promise<RangeResult> {
  const { client, tenantId, shapes } = lane
  const rows = await loadRows(lane, range)
  const shapeOf = (kind: string): Shape => shapes[recordKinds.find((known) => known === kind) ?? 'work_order']
  const damages: Damage[] = []
  const claims: Claim[] = []
  const signed: Claim[] = []
  let records = rows.size
  const judge = (id: string, chain: Chain, row: RecordRow | undefined): void => {
    if (row === undefined) records += 1
    const record = toRecord(chain, id, row)
    for (const flaw of closeChain(chain, row)) damages.push(toDamage(record, flaw))
  }
  let at: { readonly id: string; readonly chain: Chain; readonly row: RecordRow | undefined } | undefined
  const entries = await readEntries(client, tenantId, range, (entry) => {
    if (at?.id !== entry.record) {
      if (at !== undefined) judge(at.id, at.chain, at.row)
      const row = rows.get(entry.record)
      rows.delete(entry.record)
      at = { id: entry.record, chain: beginChain(shapeOf(row?.kind ?? entry.kind)), row }
    }
    follow(at.chain, entry)
    if (entry.action === 'attached') claims.push(...toClaim(entry))
    if (entry.action === 'approval_signed') signed.push(...toClaim(entry))
  })
  if (at !== undefined) judge(at.id, at.chain, at.row)
  for (const row of rows.values()) judge(row.id, beginChain(shapeOf(row.kind)), row)
  const damaged = new Set(damages.map(({ record }) => record.id))
  const flaws = [
    ...(await checkAttachments(client, range, claims)),
    ...(await checkSignatures(client, tenantId, range, signed)),
  ]
  for (const { id, ...flaw } of flaws) {
    // A record whose chain is damaged is named already; what its entries say of files or signatures proves nothing.
    if (!damaged.has(id)) damages.push(toDamage({ kind: 'work_order', id }, flaw))
  }
  return { records, entries, damages }
}

/** The rows by id; a second row with an id that another kind has too keeps an entry-less place of its own. */
async function loadRows({ client, readers }: Lane, range: Range): Promise<Map<string, RecordRow>> {
  const rows = new Map<string, RecordRow>()
  for (const reader of readers) {
    for (const row of await listRows(client, reader, range))
      rows.set(rows.has(row.id) ? `${row.kind} ${row.id}` : row.id, row)
  }
  return rows
}

function toRecord({ shape, held }: Chain, id: string, row: RecordRow | undefined): Damage['record'] {
  const kind = row?.kind ?? shape.kind
  const place = shape.places.get('number') ?? -1
  const number = row?.values[place] ?? held.values[place]
  return kind === 'work_order' && typeof number === 'string' ? { kind, id, number } : { kind, id }
}

const toDamage = (record: Damage['record'], { seq, field, what }: Flaw): Damage => ({
  record,
  seq,
  field,
  what,
})
