/**
 * Learns what closed work orders took and cost. The one rule: it only reads the records and writes rows that follow from
 * them, so doing it again changes nothing, and what was deleted comes back.
 */
import { listClasses, toPoint } from '#domain/estimate.ts'
import { toPaths } from '#domain/estimate-kind.ts'
import { accept } from '#domain/refusal.ts'
import { toInstant } from '#domain/instant.ts'
import { inTenant } from '#platform/tx.ts'
import type { Bound, Floor, Tx } from '#platform/tx.ts'
import { hours, judge, loadKnown, toKey, toKind } from './known.ts'
import { loadOutcomeCosts } from './outcome-cost.ts'
import type { Costs } from './outcome-cost.ts'
import {
  listClosed,
  listUnjudged,
  loadReadUntil,
  lockLearning,
  replaceOutcomes,
  saveJudgement,
  saveReadUntil,
} from './store.ts'
import type { ClosedWorkOrder, Outcome, Place } from './store.ts'

const mostAtOnce = 500
const beginning: Place = { updated_at: '1900-01-01T00:00:00Z', id: '00000000-0000-0000-0000-000000000000' }
/** Read again each time: longer than any transaction that began before what it wrote could be seen. */
const overlapMs = 24 * 3600 * 1000

export type Learned = { readonly outcomes: number; readonly judged: number }

/** Everything that was closed since the last time, and then the estimates that would have been given for it. */
export async function learnOutcomes(floor: Floor, tenantId: string, signal?: AbortSignal): Promise<Learned> {
  const bound: Bound = {
    tenantId,
    actor: { id: tenantId, kind: 'system', name: 'system:estimates', sponsorId: null, client: 'worker' },
    call: { requestId: 'estimates' },
  }
  const ask = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    const decision = await inTenant(floor, bound, async (tx) => {
      await lockLearning(tx)
      return accept(await work(tx))
    })
    if (!decision.ok) throw new Error(`learning was refused: ${decision.refusal.code}`)
    return decision.value
  }
  const isStopped = (): boolean => signal?.aborted === true
  let outcomes = 0
  let after: Place | undefined = await ask(begin)
  while (after !== undefined && !isStopped()) {
    const from: Place = after
    const read: Read = await ask((tx) => readClosed(tx, from))
    outcomes += read.outcomes
    after = read.next
  }
  let judged = 0
  for (let more = true; more && !isStopped();) {
    const count = await ask(judgeSome)
    judged += count
    more = count > 0
  }
  return { outcomes, judged }
}

async function begin(tx: Tx): Promise<Place> {
  const until = await loadReadUntil(tx)
  if (until === undefined) return beginning
  return { ...beginning, updated_at: toInstant((Date.parse(until) - overlapMs) * 1000) }
}

type Read = { readonly outcomes: number; readonly next: Place | undefined }

async function readClosed(tx: Tx, after: Place): Promise<Read> {
  const rows = await listClosed(tx, after, mostAtOnce)
  const last = rows.at(-1)
  if (last === undefined) return { outcomes: 0, next: undefined }
  const costs = await loadOutcomeCosts(tx, rows)
  const outcomes = rows.flatMap((row) => toOutcomes(row, costs.get(row.id) ?? {}))
  await replaceOutcomes(
    tx,
    rows.map(({ id }) => id),
    outcomes,
  )
  saveReadUntil(tx, last.updated_at)
  const { updated_at, id } = last
  return { outcomes: outcomes.length, next: rows.length < mostAtOnce ? undefined : { updated_at, id } }
}

/** One for its hours and one for each currency of its cost. */
function toOutcomes(row: ClosedWorkOrder, costs: Costs): Outcome[] {
  const paths = toPaths(toKind(row))
  const classes = listClasses(paths).map(toKey)
  const values = [
    ...(row.actual_hours === null ? [] : [[hours, String(row.actual_hours)] as const]),
    ...Object.entries(costs),
  ]
  return values.map(([measure, value]) => ({
    work_order_id: row.id,
    measure,
    version: row.version,
    asked_at: row.asked_at,
    closed_at: row.closed_at,
    value,
    paths,
    classes,
    point: toPoint(Number(value)),
  }))
}

const mostJudgedAtOnce = 100

async function judgeSome(tx: Tx): Promise<number> {
  const rows = await listUnjudged(tx, mostJudgedAtOnce)
  for (const row of rows) {
    const known = await loadKnown(tx, row.measure, row.paths, row.asked_at)
    await saveJudgement(tx, row, judge(known, row.paths, Number(row.value)))
  }
  return rows.length
}
