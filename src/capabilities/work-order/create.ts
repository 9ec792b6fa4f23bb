/** Creating a work order: names become ids, the tenant's lifecycle gives the first state, a number is drawn. */
import { randomInt } from 'node:crypto'
import { changesBetween } from '#domain/entry.ts'
import { finalCategories } from '#domain/lifecycle.ts'
import { categoryOf, lifecycles } from '#domain/lifecycles.ts'
import { countedNumber, fleetCandidates, isCounted } from '#domain/number.ts'
import { maySee } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { blank, fleetTitle, recordedFields } from '#domain/work-order.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import type { CompletionPolicy, Recorded } from '#domain/work-order.ts'
import { operation, everyone } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { listForChange, lockTrees } from '../hierarchy/store.ts'
import { createInput, workOrderView } from './schema.ts'
import type { CreateInput } from './schema.ts'
import {
  findAsset,
  findDefaultLifecycle,
  findFreeNumber,
  findPrincipal,
  insertWorkOrder,
  loadWorkOrder,
  takeCounted,
} from './store.ts'
import type { Names, NewWorkOrder, WorkOrderRow } from './store.ts'
import { toView } from './view.ts'

export const create = operation({
  name: 'work_order.create',
  summary: 'Create a work order',
  http: ['POST', '/v1/work-orders'],
  status: 201,
  permission: everyone,
  mutates: true,
  example: '--title "Calibrate balance B-12" --priority high',
  input: createInput,
  output: workOrderView,
  async run(tx, actor, input) {
    const [lifecycle, people] = await Promise.all([
      input.lifecycle ?? findDefaultLifecycle(tx),
      resolveTies(tx, actor, input),
    ])
    if (!people.ok) return people
    const badTitle = checkTitle(lifecycle, input.title)
    if (badTitle !== undefined) return refuse(badTitle)
    const unlinked = gateRequired(input.completion_policy)
    if (unlinked !== undefined) return refuse(unlinked)
    const { parent_id } = people.value
    const closed = await lockMasters(tx, parent_id === null ? [] : [parent_id])
    if (closed !== undefined) return refuse(closed)
    const at = tx.now()
    const recorded = {
      ...toRecorded(input, lifecycle, people.value),
      number: await drawNumber(tx, lifecycle, at),
    }
    return accept(toView(insertCreated(tx, recorded, at, people.value)))
  },
})

/** Nobody moves or closes the masters meanwhile; nothing is linked to one that is finished. */
export async function lockMasters(tx: Tx, ids: readonly string[]): Promise<Refusal | undefined> {
  if (ids.length === 0) return undefined
  await lockTrees(tx, ids)
  for (const id of ids.toSorted()) tx.lock(id)
  const masters = await listForChange(tx, ids, false)
  const closed = masters.find(({ category }) => finalCategories.includes(category))
  return closed === undefined
    ? undefined
    : { code: 'tree_refused', rule: 'final_master', path: [closed.number] }
}

type Ties = Names & {
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly parent_id: string | null
}

const missing = (field: string, value: string | undefined): Decision<never> =>
  refuse({ code: 'unknown_reference', field, value: value ?? '' })

/** The principals, asset and parent that the input names; one that is not there, or not active, is refused by name. */
export async function resolveTies(tx: Tx, actor: Actor, input: CreateInput): Promise<Decision<Ties>> {
  const [requester, assignee, asset, parent] = await Promise.all([
    input.requester === undefined ? actor : findPrincipal(tx, input.requester),
    input.assignee === undefined ? null : findPrincipal(tx, input.assignee),
    input.asset === undefined ? null : findAsset(tx, input.asset),
    input.parent === undefined ? null : loadWorkOrder(tx, input.parent),
  ])
  if (requester === undefined) return missing('requester', input.requester)
  if (assignee === undefined) return missing('assignee', input.assignee)
  if (asset === undefined) return missing('asset', input.asset)
  if (parent === undefined || (parent !== null && !maySee(actor, parent)))
    return missing('parent', input.parent)
  return accept({
    requester: requester.name,
    requester_id: requester.id,
    assignee: assignee?.name ?? null,
    assignee_id: assignee?.id ?? null,
    asset: asset?.tag ?? null,
    asset_id: asset?.id ?? null,
    parent_id: parent?.id ?? null,
  })
}

export function checkTitle(lifecycle: LifecycleName, title: string): Refusal | undefined {
  if (lifecycle !== 'fleet' || fleetTitle.test(title)) return undefined
  const message =
    'must begin with [Project-Category] and a space, as in "[SS1-Operations] Migrate the worker"'
  return { code: 'invalid_input', errors: [{ path: 'title', message }] }
}

/** What a policy requires is linked to its master already; to a new work order nothing is. */
export function gateRequired(
  policy: CompletionPolicy | null | undefined,
  linked: ReadonlySet<string> = new Set(),
): Refusal | undefined {
  const stranger = policy?.kind === 'required' ? policy.ids.find((id) => !linked.has(id)) : undefined
  return stranger === undefined
    ? undefined
    : { code: 'unknown_reference', field: 'completion_policy.ids', value: stranger }
}

export function toRecorded(
  input: CreateInput,
  lifecycle: LifecycleName,
  ties: Ties,
): Omit<Recorded, 'number'> {
  const prefix = lifecycle === 'fleet' ? /^\[([^\]-]+)-([^\]]+)\]/.exec(input.title) : null
  return {
    lifecycle,
    status: lifecycles[lifecycle].initial,
    title: input.title,
    description: input.description ?? null,
    priority: input.priority,
    regulatory: input.regulatory,
    origin: input.origin,
    requester_id: ties.requester_id,
    assignee_id: ties.assignee_id,
    asset_id: ties.asset_id,
    parent_id: ties.parent_id,
    due_date: input.due_date ?? null,
    estimated_hours: input.estimated_hours ?? null,
    actual_hours: null,
    tags: input.tags ?? [],
    project: input.project ?? prefix?.[1] ?? null,
    work_category: input.work_category ?? prefix?.[2] ?? null,
    acceptance_criteria: input.acceptance_criteria ?? null,
    deliverables: input.deliverables ?? null,
    notes: input.notes ?? null,
    completion_summary: null,
    review_notes: null,
    related_wo_ids: input.related_wo_ids ?? [],
    planned_start: toUtc(input.planned_start),
    planned_end: toUtc(input.planned_end),
    actual_start: null,
    actual_end: null,
    job_plan: input.job_plan ?? null,
    requirements: input.requirements ?? null,
    hold: null,
    blocker: null,
    revision: 1,
    revision_of: null,
    acknowledged_at: null,
    attributes: input.attributes ?? {},
    executor_ids: [],
    editor_id: null,
    import_source: null,
    predecessors: null,
    completion_policy: input.completion_policy ?? null,
    on_failure: input.on_failure ?? null,
    waiver: null,
    step_results: null,
  }
}

/** The instant as the database will give it back, so that the trail and the row say the same. */
export const toUtc = (instant: string | null | undefined): string | null =>
  instant === undefined || instant === null ? null : new Date(instant).toISOString().replace(/\.?0+Z$/, 'Z')

export async function drawNumber(tx: Tx, lifecycle: LifecycleName, at: string): Promise<string> {
  if (isCounted(lifecycle)) {
    const year = Number(at.slice(0, 4))
    return countedNumber(year, await takeCounted(tx, year, 1))
  }
  const candidates = fleetCandidates(at.slice(0, 10), () => randomInt(2 ** 32) / 2 ** 32)
  // Most days are nearly empty: the first draw is taken unseen, and looked at only when it proves taken.
  const free = tx.mayGuess ? candidates[0] : await findFreeNumber(tx, candidates)
  if (free === undefined) throw new Error('no free work-order number in 32 draws')
  return free
}

/** Queues the row and its first entry; gives the row as it will stand. */
export function insertCreated(
  tx: Tx,
  recorded: Recorded,
  at: string,
  names: Names,
  extra: { action?: string; reason?: string } = {},
): WorkOrderRow {
  const id = tx.newId()
  const row: NewWorkOrder = {
    ...recorded,
    id,
    category: categoryOf(recorded.lifecycle, recorded.status),
    created_at: at,
  }
  const head = tx.record({
    kind: 'work_order',
    record: { id },
    action: extra.action ?? 'created',
    reason: extra.reason,
    changes: changesBetween(recordedFields, blank, recorded),
    at,
  })
  insertWorkOrder(tx, row, head)
  const { requester, assignee, asset } = names
  return {
    ...row,
    requester,
    assignee,
    asset,
    executor_sponsor_ids: [],
    version: head.version,
    updated_at: at,
  }
}
