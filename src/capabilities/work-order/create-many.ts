/**
 * Many work orders in one transaction: `insertMany(tx, drafts)` numbers them, inserts them in a few statements
 * and records an entry of each.
 *
 * A draft has its id from `tx.newId()`, so that drafts can name one another: `parent_id` and the ids of
 * `predecessors` are those of drafts of the same call, in any order, or of work orders that stand already.
 * What a draft leaves out is blank; each begins in the initial state of its lifecycle. The rows come back in
 * the order of the drafts, as they stand, with the heads of their chains.
 *
 * insertMany writes at once. Before it, whoever calls it takes the lock of the tree that the drafts are linked
 * into (if any), and the locks of all records that the transaction will change besides (`tx.lock`). Edges that
 * would close a cycle are a defect of the caller here: the database refuses them too.
 */
import { randomInt } from 'node:crypto'
import { changesBetween } from '#domain/entry.ts'
import { categoryOf, lifecycles } from '#domain/lifecycles.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import { fitRanks, toNetwork } from '#domain/network.ts'
import { countedNumber, fleetCandidates, isCounted } from '#domain/number.ts'
import { blank, recordedFields } from '#domain/work-order.ts'
import type { Recorded } from '#domain/work-order.ts'
import type { Tx } from '#platform/tx.ts'
import { loadTreesOf, updateRanks } from '../hierarchy/store.ts'
import { insertRows, listTakenNumbers } from './create-many-store.ts'
import type { CreatedRow } from './create-many-store.ts'
import { takeCounted } from './store.ts'

export type Draft = Partial<Omit<Recorded, 'number' | 'status' | 'lifecycle' | 'title' | 'requester_id'>> & {
  readonly id: string
  readonly lifecycle: LifecycleName
  readonly title: string
  readonly requester_id: string
}
/** What the entries say besides: the template that was applied, for example. */
export type Told = {
  readonly action?: string
  readonly reason?: string | null
  readonly detail?: { readonly [name: string]: unknown }
}

export async function insertMany(tx: Tx, drafts: readonly Draft[], told: Told = {}): Promise<CreatedRow[]> {
  if (drafts.length === 0) return []
  const at = tx.now()
  const numbers = await drawNumbers(tx, drafts, at)
  const rows = drafts.map(({ id, ...given }, i) => {
    const status = lifecycles[given.lifecycle].initial
    const predecessors = given.predecessors?.toSorted((a, b) => (a.id < b.id ? -1 : 1)) ?? null
    const recorded: Recorded = { ...empty, ...given, predecessors, status, number: numbers[i] ?? '' }
    return { ...recorded, id, category: categoryOf(given.lifecycle, status), created_at: at }
  })
  const sorted = mastersFirst(rows)
  const { heads, sent } = tx.recordAll(
    sorted.map((row) => ({
      kind: 'work_order',
      record: { id: row.id },
      action: told.action ?? 'created',
      reason: told.reason,
      changes: changesBetween(recordedFields, blank, row),
      ...(told.detail === undefined ? {} : { detail: told.detail }),
    })),
    at,
  )
  await Promise.all([sent, insertRows(tx, sorted, heads)])
  await rankWaiting(tx, rows)
  const headOf = new Map(sorted.map((row, i) => [row.id, heads[i]]))
  return rows.map((row) => {
    const head = headOf.get(row.id)
    if (head === undefined) throw new Error('a draft was not inserted')
    return { ...row, ...head, updated_at: at }
  })
}

/** Counted ones in one step; drawn ones together, so that none is drawn twice. */
async function drawNumbers(tx: Tx, drafts: readonly Draft[], at: string): Promise<string[]> {
  const counted = drafts.filter((draft) => isCounted(draft.lifecycle)).length
  const year = Number(at.slice(0, 4))
  let next = counted === 0 ? 0 : await takeCounted(tx, year, counted)
  const drawn = drafts.map((draft) =>
    isCounted(draft.lifecycle) ? [] : fleetCandidates(at.slice(0, 10), () => randomInt(2 ** 32) / 2 ** 32),
  )
  const taken = counted === drafts.length ? new Set<string>() : await listTakenNumbers(tx, drawn.flat())
  return drafts.map((draft, i) => {
    if (isCounted(draft.lifecycle)) return countedNumber(year, next++)
    const free = drawn[i]?.find((candidate) => !taken.has(candidate))
    if (free === undefined) throw new Error('no free work-order number in 32 draws')
    taken.add(free)
    return free
  })
}

/** In order of depth among the drafts; what is linked to a work order that stands already is of depth 0. */
function mastersFirst<Row extends { readonly id: string; readonly parent_id: string | null }>(
  rows: readonly Row[],
): Row[] {
  const linkedTo = Map.groupBy(rows, (row) => row.parent_id)
  const ids = new Set(rows.map((row) => row.id))
  const sorted = rows.filter((row) => row.parent_id === null || !ids.has(row.parent_id))
  // The list grows while it is read: whatever is linked to a row comes behind it.
  for (const row of sorted) sorted.push(...(linkedTo.get(row.id) ?? []))
  if (sorted.length !== rows.length) throw new Error('drafts contain one another')
  return sorted
}

/** Linking alone gives a fitting rank; what waits for something must rank above it, and its masters above that. */
async function rankWaiting(
  tx: Tx,
  rows: readonly Pick<Recorded & { id: string }, 'id' | 'predecessors'>[],
): Promise<void> {
  const waiting = rows.filter((row) => row.predecessors !== null)
  if (waiting.length === 0) return
  const { nodes, edges } = await loadTreesOf(
    tx,
    waiting.map((row) => row.id),
  )
  const ranks = fitRanks(
    toNetwork(nodes, edges),
    Int32Array.from(nodes, ({ rank }) => rank),
  )
  const moved = nodes.flatMap(({ id, rank }, i) =>
    ranks[i] === rank ? [] : [{ id, rank: ranks[i] ?? rank }],
  )
  if (moved.length > 0) await updateRanks(tx, moved)
}

/** What a draft need not say. */
const empty = {
  description: null,
  priority: 'medium',
  regulatory: false,
  origin: 'manual',
  assignee_id: null,
  asset_id: null,
  due_date: null,
  estimated_hours: null,
  actual_hours: null,
  tags: [],
  project: null,
  work_category: null,
  acceptance_criteria: null,
  deliverables: null,
  notes: null,
  completion_summary: null,
  review_notes: null,
  related_wo_ids: [],
  parent_id: null,
  planned_start: null,
  planned_end: null,
  actual_start: null,
  actual_end: null,
  job_plan: null,
  requirements: null,
  hold: null,
  blocker: null,
  revision: 1,
  revision_of: null,
  acknowledged_at: null,
  attributes: {},
  executor_ids: [],
  editor_id: null,
  import_source: null,
  predecessors: null,
  completion_policy: null,
  on_failure: null,
  waiver: null,
  step_results: null,
} as const
