/**
 * Writing one batch: who is known already, then numbers, entries and rows of the others in a few statements.
 * The rows and their entries are checked against one another before the next batch begins.
 */
import { changesBetween } from '#domain/entry.ts'
import type { Imported, ImportMap } from '#domain/import-map.ts'
import { categoryOf, lifecycles } from '#domain/lifecycles.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import { countedNumber } from '#domain/number.ts'
import { blank, recordedFields } from '#domain/work-order.ts'
import type { Recorded } from '#domain/work-order.ts'
import type { Tx } from '#platform/tx.ts'
import { assetFields } from '../asset/operations.ts'
import type { Operator } from '../tenant/found.ts'
import { takeCounted } from '../work-order/store.ts'
import {
  deferChecks,
  insertAssets,
  insertKeys,
  insertNumbers,
  insertWorkOrders,
  listAssetsByTag,
  listKnownKeys,
  runChecks,
} from './store.ts'
import type { ImportedWorkOrder } from './store.ts'

/** What stays the same from batch to batch. */
export type Run = {
  readonly tx: Tx
  readonly operator: Operator
  readonly map: ImportMap
  readonly file: string
  readonly sha256: string
  readonly at: string
  readonly assetIds: Map<string, string>
}
export type Keyed = { readonly line: number; readonly key: string; readonly value: Imported }
export type Written = {
  readonly imported: number
  readonly already_there: number
  readonly assets_created: number
}
export const nothing: Written = { imported: 0, already_there: 0, assets_created: 0 }

export async function writeBatch(run: Run, rows: readonly Keyed[]): Promise<Written> {
  const { tx, map, at } = run
  const known = await listKnownKeys(
    tx,
    map.source,
    rows.map(({ key }) => key),
  )
  const fresh = rows.filter(({ key }) => !known.has(key))
  if (fresh.length === 0) return { ...nothing, already_there: rows.length }
  const year = Number(at.slice(0, 4))
  const assetsCreated = await createAssets(run, fresh)
  const number = await takeCounted(tx, year, fresh.length)
  const workOrders = fresh.map((row, i) => toWorkOrder(run, row, countedNumber(year, number + i)))
  const deferred = deferChecks(tx)
  const { heads, sent } = tx.recordAll(
    workOrders.map((workOrder, i) => ({
      kind: 'work_order',
      record: { id: workOrder.id },
      action: 'imported',
      changes: changesBetween(recordedFields, blank, workOrder),
      detail: toDetail(run, fresh[i]),
    })),
    at,
  )
  await Promise.all([
    deferred,
    sent,
    insertWorkOrders(tx, workOrders, heads, at),
    insertNumbers(tx, workOrders),
    insertKeys(
      tx,
      map.source,
      fresh.map(({ key }) => key),
      workOrders,
    ),
    runChecks(tx),
  ])
  return {
    imported: fresh.length,
    already_there: rows.length - fresh.length,
    assets_created: assetsCreated,
  }
}

/** Makes sure that every asset of these rows has an id; gives how many are new. */
async function createAssets(run: Run, rows: readonly Keyed[]): Promise<number> {
  const { tx, at, assetIds } = run
  const wanted = new Map(
    rows.flatMap(({ value }) => (value.asset === null ? [] : [[value.asset.tag, value.asset]])),
  )
  const unknown = [...wanted.keys()].filter((tag) => !assetIds.has(tag))
  if (unknown.length === 0) return 0
  for (const { id, tag } of await listAssetsByTag(tx, unknown)) assetIds.set(tag, id)
  const assets = unknown
    .filter((tag) => !assetIds.has(tag))
    .map((tag) => ({
      id: tx.newId(),
      tag,
      name: wanted.get(tag)?.name ?? tag,
      location: null,
      status: 'in_service' as const,
      owner_id: null,
      parent_id: null,
    }))
  if (assets.length === 0) return 0
  const changes = assets.map((asset) => ({
    kind: 'asset' as const,
    record: { id: asset.id },
    action: 'registered',
    changes: changesBetween(assetFields, {}, asset),
    detail: { file: run.file, file_sha256: run.sha256 },
  }))
  await deferChecks(tx)
  const { heads, sent } = tx.recordAll(changes, at)
  await Promise.all([sent, insertAssets(tx, assets, heads)])
  for (const { id, tag } of assets) assetIds.set(tag, id)
  return assets.length
}

/** Where the row came from, to the line; and what was corrected in it. */
function toDetail(run: Run, row: Keyed | undefined): { readonly [name: string]: unknown } {
  const corrections = row?.value.corrections ?? []
  return {
    file: run.file,
    file_sha256: run.sha256,
    line: row?.line,
    ...(corrections.length === 0 ? {} : { corrections }),
  }
}

function toWorkOrder(run: Run, { value, key }: Keyed, number: string): ImportedWorkOrder {
  const { lifecycle, source } = run.map
  const { asset, corrections: _, ...fields } = value
  const status = importedStatus(lifecycle)
  const recorded: Recorded = {
    ...empty,
    ...fields,
    number,
    lifecycle,
    status,
    regulatory: false,
    origin: 'external',
    revision: 1,
    requester_id: run.operator.id,
    asset_id: asset === null ? null : (run.assetIds.get(asset.tag) ?? null),
    import_source: `${source}:${key}`,
  }
  return { ...recorded, id: run.tx.newId(), category: categoryOf(lifecycle, status) }
}

/** The state that history ends in: the one of category `done`. */
function importedStatus(lifecycle: LifecycleName): string {
  const [status] =
    Object.entries(lifecycles[lifecycle].states).find(([, state]) => state.category === 'done') ?? []
  if (status === undefined) throw new Error(`lifecycle ${lifecycle} has no done state`)
  return status
}

/** What no import fills. */
const empty = {
  assignee_id: null,
  due_date: null,
  estimated_hours: null,
  tags: [],
  acceptance_criteria: null,
  deliverables: null,
  notes: null,
  completion_summary: null,
  review_notes: null,
  related_wo_ids: [],
  parent_id: null,
  planned_start: null,
  planned_end: null,
  job_plan: null,
  requirements: null,
  hold: null,
  blocker: null,
  revision_of: null,
  acknowledged_at: null,
  executor_ids: [],
  editor_id: null,
  predecessors: null,
  completion_policy: null,
  on_failure: null,
  waiver: null,
  step_results: null,
} as const
