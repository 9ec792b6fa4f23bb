/**
 * Moving a work order through its lifecycle: the hot path. Two round trips: lock and load, then state, entry
 * and commit in one; or only the second, when this process was the last to write the row (`memory.ts`). A
 * refused attempt on a regulatory work order is an entry too.
 */
import { z } from 'zod'
import { gatedEdge } from '#domain/approval.ts'
import type { Round } from '#domain/approval.ts'
import { changesBetween } from '#domain/entry.ts'
import { finalCategories } from '#domain/lifecycle.ts'
import { categoryOf, lifecycles } from '#domain/lifecycles.ts'
import { grantedRoles } from '#domain/principal.ts'
import type { Actor, GrantedRole } from '#domain/principal.ts'
import { toProblem } from '#domain/problem.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal, Unmet } from '#domain/refusal.ts'
import { decideTransition, reportEdges } from '#domain/transition.ts'
import type { TransitionCommand, TransitionFacts, TransitionPlan } from '#domain/transition.ts'
import { recordedFields } from '#domain/work-order.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { applyEnding, lockEnding } from '../completion/effect.ts'
import type { Ending } from '../completion/effect.ts'
import { loadGateFacts, touchesTree } from '../completion/gate.ts'
import { touchesQualification } from '../person/assigned.ts'
import { loadStopped } from '../time-entry/stopped.ts'
import { touchesSteps } from '../job-plan/ground.ts'
import { loadHolds, raiseViolations } from '../finding/violation.ts'
import { checkVisible, findWorkOrder, lockForChange } from './find.ts'
import { drawNumber, insertCreated } from './create.ts'
import { recall, remember } from './memory.ts'
import { closeRound, loadRound, openRound } from './round.ts'
import { transitionInput, workOrderRef, workOrderView } from './schema.ts'
import type { WorkOrderView } from './schema.ts'
import { findWorkOrderId, listHolders, updateHead, updateWorkOrder } from './store.ts'
import type { LockedWorkOrder, WorkOrderRow } from './store.ts'
import { toView } from './view.ts'

export const transition = operation({
  name: 'work_order.transition',
  summary: 'Move a work order to another state',
  http: ['POST', '/v1/work-orders/:id/transitions'],
  permission: everyone,
  mutates: true,
  example: 'WO-2026-000001 --to pending_approval',
  input: transitionInput,
  output: workOrderView,
  async run(tx, actor, input) {
    const guess = tx.mayGuess ? recall(tx.tenantId, input.id) : undefined
    if (guess !== undefined && isGuessable(guess, input.to)) {
      const seen = checkVisible(tx, actor, { ...guess, locked_at: tx.now(guess.updated_at) })
      const decision = seen.ok
        ? decideTransition(toFacts(actor, seen.value, seen.value.locked_at), input)
        : seen
      // Nobody is refused on a guess: what stands now is read below.
      if (seen.ok && decision.ok) return accept(toView(await move(tx, seen.value, decision.value, undefined)))
    }
    const id = await findWorkOrderId(tx, input.id)
    const ending = id === undefined ? undefined : await lockEnding(tx, id, input.to)
    const found = await lockForChange(tx, actor, id ?? input.id)
    if (!found.ok) return found
    const [round, integrityHolds, gates] = await Promise.all([
      loadRound(tx, found.value),
      loadHolds(tx, found.value),
      loadGateFacts(tx, actor, found.value, input.to),
    ])
    const facts = { ...toFacts(actor, found.value, found.value.locked_at), round, integrityHolds, ...gates }
    const decision = decideTransition(facts, input)
    if (decision.ok) return accept(toView(await move(tx, found.value, decision.value, round, ending)))
    return refuseAttempt(tx, found.value, decision.refusal, { to: input.to, reason: input.reason })
  },
})

/** Does the row alone decide the move? */
const isGuessable = (guess: Parameters<typeof stopsTimers>[0] & WorkOrderRow, to: string): boolean =>
  !touchesGate(guess, to) &&
  !stopsTimers(guess, to) &&
  !touchesTree(guess, to) &&
  !touchesSteps(guess, to) &&
  !touchesQualification(guess, to)

/** Does the move leave the work while a timer runs? Its entry tells which were stopped. */
const stopsTimers = (
  { has_timer, category, lifecycle }: Pick<LockedWorkOrder, 'has_timer' | 'category' | 'lifecycle'>,
  to: string,
): boolean => has_timer && category === 'active' && lifecycles[lifecycle].states[to]?.category !== 'active'

/** Does the move leave a state with a gate, or lead to one? Then its round is loaded, opened or closed. */
const touchesGate = ({ lifecycle, status }: WorkOrderRow, to: string): boolean =>
  gatedEdge({ lifecycle, status }) !== undefined || gatedEdge({ lifecycle, status: to }) !== undefined

const toFacts = (actor: Actor, workOrder: WorkOrderRow, now: string): TransitionFacts => ({
  workOrder,
  actor,
  executorSponsorIds: workOrder.executor_sponsor_ids,
  now,
})

/**
 * Queues the new state with its entry; closes the round of the gate that is left, and opens that of the next. Where
 * it ends, so does what its end does to the others of its tree, which were locked before it.
 */
export async function move(
  tx: Tx,
  before: LockedWorkOrder,
  plan: TransitionPlan,
  round: Round | undefined,
  ending?: Ending,
): Promise<LockedWorkOrder> {
  if (round !== undefined) closeRound(tx, round, outcomeOf(plan), before.locked_at)
  const revisionId = plan.transition.opensRevision ? await openRevision(tx, before) : undefined
  const stopped = stopsTimers(before, plan.transition.to)
    ? (await loadStopped(tx, [before.id], before.locked_at)).get(before.id)
    : undefined
  const told = {
    ...(revisionId === undefined ? {} : { opened_revision: revisionId }),
    ...(stopped === undefined ? {} : { stopped_timers: stopped }),
  }
  const { workOrder } = await openRound(tx, moveOnly(tx, before, plan, told))
  if (ending !== undefined)
    await applyEnding(tx, ending, workOrder, plan.reason ?? plan.changes.notes ?? null, revisionId)
  return workOrder
}

/** An entry of the work order that leaves the record itself as it is; gives it with the new head of its chain. */
export function moveHead(
  tx: Tx,
  workOrder: LockedWorkOrder,
  said: {
    readonly action: string
    readonly detail: { readonly [name: string]: unknown }
    readonly reason?: string
    readonly at: string
  },
): LockedWorkOrder {
  const head = tx.record({ kind: 'work_order', record: workOrder, changes: [], newVersion: false, ...said })
  updateHead(tx, workOrder, head)
  return { ...workOrder, ...head, locked_at: said.at }
}

/** An approver turns the work back, by his own role or by one that was delegated to him. */
export async function turnBack(
  tx: Tx,
  actor: Actor,
  workOrder: LockedWorkOrder,
  command: TransitionCommand,
  delegatedRoles: readonly GrantedRole[],
  ending: Ending | undefined,
): Promise<Decision<WorkOrderView>> {
  const round = await loadRound(tx, workOrder)
  const facts = { ...toFacts(actor, workOrder, workOrder.locked_at), round, delegatedRoles }
  const decision = decideTransition(facts, command)
  if (decision.ok) return accept(toView(await move(tx, workOrder, decision.value, round, ending)))
  return refuseAttempt(tx, workOrder, decision.refusal, { to: command.to, reason: command.reason })
}

const outcomeOf = ({ transition: edge, action }: TransitionPlan): 'passed' | 'returned' | 'withdrawn' =>
  edge.gate !== undefined ? 'passed' : action === 'approval_rejected' ? 'returned' : 'withdrawn'

function moveOnly(
  tx: Tx,
  before: LockedWorkOrder,
  plan: TransitionPlan,
  told: { readonly [name: string]: unknown },
): LockedWorkOrder {
  const at = before.locked_at
  const category = categoryOf(before.lifecycle, plan.transition.to)
  const head = tx.record({
    kind: 'work_order',
    record: before,
    action: plan.action,
    reason: plan.reason,
    changes: changesBetween(recordedFields, before, plan.changes),
    detail: { transition: plan.transition.name, ...told },
    at,
  })
  updateWorkOrder(tx, before, plan.changes, category, head, at)
  const has_timer = before.has_timer && category === 'active'
  const after = { ...before, ...plan.changes, ...head, category, has_timer, updated_at: at }
  // Who answers for a new executor is read, not guessed.
  const isMemorable =
    !finalCategories.includes(category) &&
    plan.changes.executor_ids === undefined &&
    gatedEdge(after) === undefined
  if (isMemorable) tx.afterCommit(() => remember(tx.tenantId, after))
  return after
}

/** Rejected work is done again as a new draft that points to this one; what was planned is carried over. */
async function openRevision(tx: Tx, before: LockedWorkOrder): Promise<string> {
  const at = before.locked_at
  const fresh = {
    ...before,
    status: lifecycles[before.lifecycle].initial,
    revision: before.revision + 1,
    revision_of: before.id,
    actual_hours: null,
    actual_start: null,
    actual_end: null,
    notes: null,
    completion_summary: null,
    review_notes: null,
    acknowledged_at: null,
    hold: null,
    blocker: null,
    executor_ids: [],
    editor_id: null,
    import_source: null,
    // What the rejected work waited for is done, and its waiver was about that work.
    predecessors: null,
    waiver: null,
    step_results: null,
    number: await drawNumber(tx, before.lifecycle, at),
  }
  return insertCreated(tx, fresh, at, before, { reason: `revision of ${before.number}` }).id
}

/** Says who could help, and keeps the attempt when the record is a regulatory one. */
export async function refuseAttempt(
  tx: Tx,
  workOrder: LockedWorkOrder,
  refusal: Refusal,
  attempt: { readonly [name: string]: unknown },
): Promise<Decision<never>> {
  const told: Refusal =
    refusal.code === 'gates_unmet'
      ? { code: 'gates_unmet', unmet: await tellWho(tx, workOrder, refusal.unmet) }
      : refusal
  if (workOrder.regulatory) {
    const { code } = toProblem(told)
    const head = tx.record({
      kind: 'work_order',
      record: workOrder,
      action: 'refused',
      changes: [],
      detail: JSON.parse(
        JSON.stringify({ attempt, code, unmet: told.code === 'gates_unmet' ? told.unmet : [] }),
      ) as { [name: string]: unknown },
      newVersion: false,
      at: workOrder.locked_at,
    })
    updateHead(tx, workOrder, head)
    await raiseViolations(tx, workOrder, told, attempt)
    tx.keepDespiteRefusal()
  }
  return refuse(told)
}

const isGranted = (role: string): role is GrantedRole => (grantedRoles as readonly string[]).includes(role)

async function tellWho(tx: Tx, workOrder: WorkOrderRow, unmet: readonly Unmet[]): Promise<Unmet[]> {
  const told: Unmet[] = []
  for (const gate of unmet) {
    if (!('roles' in gate)) {
      told.push(gate)
      continue
    }
    const who = await listHolders(tx, gate.roles.filter(isGranted), workOrder.asset_id)
    if (gate.roles.includes('assignee') && workOrder.assignee !== null) who.push(workOrder.assignee)
    if (gate.roles.includes('originator')) who.push(workOrder.requester)
    told.push({ ...gate, who: [...new Set(who)] })
  }
  return told
}

const unmetView = z.looseObject({ code: z.string(), who: z.array(z.string()).readonly().optional() })
const edgesView = z.object({
  status: z.string(),
  data: z.array(
    z.object({ name: z.string(), to: z.string(), allowed: z.boolean(), unmet: z.array(unmetView) }),
  ),
})

export const transitions = operation({
  name: 'work_order.transitions',
  summary: 'List every edge out of the state, with what is in the way for the caller',
  http: ['GET', '/v1/work-orders/:id/transitions'],
  permission: everyone,
  mutates: false,
  mcp: 'list_transitions',
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef }),
  output: edgesView,
  async run(tx, actor, input): Promise<Decision<z.output<typeof edgesView>>> {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    const [round, integrityHolds, gates] = await Promise.all([
      loadRound(tx, workOrder),
      loadHolds(tx, workOrder),
      loadGateFacts(tx, actor, workOrder),
    ])
    const facts = { ...toFacts(actor, workOrder, tx.now()), round, integrityHolds, ...gates }
    const data = await Promise.all(
      reportEdges(facts).map(async (edge) => ({
        ...edge,
        unmet: (await tellWho(tx, workOrder, edge.unmet)).map((gate) => ({ ...gate })),
      })),
    )
    return accept({ status: workOrder.status, data })
  },
})
