/**
 * What the gates of a tree need to know, read only where an edge asks: predecessors and the master where the work
 * begins, linked work where it is handed in, completed or closed. A work order in no tree costs no statement where
 * it begins, and one where it is completed.
 */
import { defaultCompletion, findLinkedCheck } from '#domain/completion.ts'

import { finalCategories } from '#domain/lifecycle.ts'
import { categoryOf, transitionsFrom } from '#domain/lifecycles.ts'
import { maySee } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { asksQualification, beginsWork, handsIn } from '#domain/readiness.ts'
import type { TransitionFacts } from '#domain/transition.ts'
import type { CompletionPolicy, WorkOrder } from '#domain/work-order.ts'
import type { EntryBody } from '#domain/entry.ts'
import type { Tx } from '#platform/tx.ts'
import { loadAssigned } from '../person/assigned.ts'
import { loadStepGround } from '../job-plan/ground.ts'
import { listLinked, listWaited, loadMaster, loadPolicyEntry, loadTenantPolicy } from './store.ts'

type Moving = Pick<
  WorkOrder,
  | 'id'
  | 'lifecycle'
  | 'status'
  | 'predecessors'
  | 'parent_id'
  | 'completion_policy'
  | 'actual_start'
  | 'job_plan'
  | 'step_results'
  | 'requirements'
  | 'assignee_id'
> & { readonly assignee: string | null }
export type GateFacts = Pick<
  TransitionFacts,
  'predecessors' | 'master' | 'linked' | 'stepGround' | 'assigned'
>

/** Can the move not be decided without the tree? Then nothing about it is guessed. */
export function touchesTree(workOrder: Moving, to: string): boolean {
  const { lifecycle, status, predecessors, parent_id } = workOrder
  const isInTree = predecessors !== null || parent_id !== null
  return transitionsFrom(lifecycle, status)
    .filter((edge) => edge.to === to)
    .some(
      () =>
        finalCategories.includes(categoryOf(lifecycle, to)) ||
        findLinkedCheck(lifecycle, status, to) !== undefined ||
        (isInTree && beginsWork(lifecycle, status, to)),
    )
}

/** For one edge, or for every edge out of the state. */
export async function loadGateFacts(
  tx: Tx,
  actor: Actor,
  workOrder: Moving,
  to?: string,
): Promise<GateFacts> {
  const { lifecycle, status } = workOrder
  const edges = transitionsFrom(lifecycle, status).filter((edge) => to === undefined || edge.to === to)
  const begins = edges.some((edge) => beginsWork(lifecycle, status, edge.to))
  const asks = edges.some((edge) => findLinkedCheck(lifecycle, status, edge.to) !== undefined)
  const isHandedIn = edges.some((edge) => handsIn(lifecycle, status, edge.to))
  const isAssigned = edges.some((edge) => asksQualification(lifecycle, status, edge.to))
  const [waited, master, work, stepGround, assigned] = await Promise.all([
    begins && workOrder.predecessors !== null ? listWaited(tx, workOrder.id) : [],
    begins && workOrder.parent_id !== null ? loadMaster(tx, workOrder.parent_id) : undefined,
    asks ? listLinked(tx, workOrder.id) : [],
    isHandedIn ? loadStepGround(tx, workOrder) : undefined,
    isAssigned ? loadAssigned(tx, workOrder) : undefined,
  ])
  return {
    predecessors: waited.map((one) => veil(actor, one)),
    master,
    stepGround,
    assigned,
    linked:
      work.length === 0
        ? undefined
        : { policy: await loadPolicy(tx, workOrder), work: work.map((one) => veil(actor, one)) },
  }
}

type Named = {
  readonly number: string | null
  readonly assignee: string | null
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
}

/** What the caller may not see has no number and no assignee for it. */
export const veil = <T extends Named>(actor: Actor, one: T): T =>
  maySee(actor, one) ? one : { ...one, number: null, assignee: null }

/** Its own policy, or that of the tenant as it stood when its work began. */
export async function loadPolicy(
  tx: Tx,
  workOrder: Pick<WorkOrder, 'completion_policy' | 'actual_start'>,
): Promise<CompletionPolicy> {
  if (workOrder.completion_policy !== null) return workOrder.completion_policy
  if (workOrder.actual_start === null) return (await loadTenantPolicy(tx)) ?? defaultCompletion
  const body = await loadPolicyEntry(tx, workOrder.actual_start)
  if (body === undefined) return defaultCompletion
  const { changes } = JSON.parse(body.toString('utf8')) as EntryBody
  const set = changes.find(({ field }) => field === 'completion_policy')?.new
  return (set as CompletionPolicy | null | undefined) ?? defaultCompletion
}
