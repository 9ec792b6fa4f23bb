/**
 * One step of one requirement: read under the lock of its work order, decided, and recorded as an entry of it
 * by `system:approvals`. What was signed, closed or stepped on meanwhile gets none.
 */
import { covers, delegatorHolds } from '#domain/delegation.ts'
import { decideStep } from '#domain/escalation.ts'
import type { Person, Rung, Step } from '#domain/escalation.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import { escalationFor, findGate, requirementsFor } from '#domain/policy.ts'
import type { EscalationTarget, PolicyBody, PolicyFacts } from '#domain/policy.ts'
import type { GrantedRole } from '#domain/principal.ts'
import { countWorkingHours } from '#domain/sla.ts'
import { accept } from '#domain/refusal.ts'
import { inTenant } from '#platform/tx.ts'
import type { Bound, Floor, Tx } from '#platform/tx.ts'
import { isWorthRetrying } from '#platform/sqlstate.ts'
import { loadPolicyVersion } from '../policy/current.ts'
import { lockWorkOrder, updateHead } from '../work-order/store.ts'
import type { LockedWorkOrder } from '../work-order/store.ts'
import {
  listDelegationsOf,
  listGiven,
  listHolderIds,
  listPeople,
  listRequirements,
  listSponsorIds,
  updateStep,
} from './store.ts'
import type { GivenSignature, RoundRequirement } from './store.ts'

const mostTries = 4

export type StepTarget = {
  readonly requirementId: string
  readonly workOrderId: string
  /** The step that was taken last when this was planned: with another one, there is nothing to do. */
  readonly step: number
}

/** Takes the step if it is due at `now`; gives what was recorded, or undefined when there was nothing to do. */
export async function takeStep(
  floor: Floor,
  bound: Bound,
  target: StepTarget,
  now: string,
): Promise<Step | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      const decision = await inTenant(floor, bound, async (tx) => accept(await stepInside(tx, target, now)))
      return decision.ok ? decision.value : undefined
    } catch (error) {
      if (!isWorthRetrying(error) || tries === mostTries) throw error
    }
  }
}

async function stepInside(tx: Tx, target: StepTarget, now: string): Promise<Step | undefined> {
  const workOrder = await lockWorkOrder(tx, target.workOrderId)
  if (workOrder === undefined) return undefined
  const requirements = await listRequirements(tx, workOrder.id)
  const mine = requirements.find(({ id }) => id === target.requirementId)
  if (mine === undefined || mine.step !== target.step) return undefined
  const step = await planStep(tx, workOrder, requirements, mine, now)
  if (step === undefined) return undefined
  const head = tx.record({
    kind: 'work_order',
    record: workOrder,
    action: step.action,
    changes: [],
    detail: {
      gate: mine.gate,
      round: mine.number,
      role: mine.role,
      step: step.step,
      to: step.to.map(({ name }) => name),
      due_at: step.due_at,
    },
    newVersion: false,
    at: workOrder.locked_at,
  })
  updateHead(tx, workOrder, head)
  updateStep(tx, mine, step)
  return step
}

async function planStep(
  tx: Tx,
  workOrder: LockedWorkOrder,
  requirements: readonly RoundRequirement[],
  mine: RoundRequirement,
  now: string,
): Promise<Step | undefined> {
  if (mine.next_step_at === null || mine.due_at === null) return undefined
  const given = await listGiven(tx, mine.round_id, workOrder.version)
  const isMet = (one: RoundRequirement): boolean =>
    given.filter(({ role }) => role === one.role).length >= one.count
  const before = mine.ordered ? requirements.filter(({ position }) => position < mine.position) : []
  // Signed already, or not to be signed yet: nobody is late.
  if (isMet(mine) || !before.every(isMet)) return undefined
  const policy = await loadPolicyVersion(tx, mine.policy_version)
  if (policy === undefined)
    throw new Error(`a round names policy ${mine.policy_version}, which was never set`)
  const facts = toPolicyFacts(workOrder, mine)
  const signerIds = await listSignerIds(tx, workOrder, mine.role, given, now)
  const chain = await resolveChain(tx, facts === undefined ? [] : escalationFor(policy, facts), workOrder)
  const seeds = [...signerIds, ...chain.flatMap((rung) => (rung === 'manager' ? [] : rung))]
  const people = new Map((await listPeople(tx, seeds, now)).map((person) => [person.id, person]))
  const toPeople = (ids: readonly string[]): Person[] => ids.flatMap((id) => people.get(id) ?? [])
  return decideStep({
    step: mine.step,
    nextStepAt: mine.next_step_at,
    startAt: findStart(mine, before, given),
    slaHours: findHours(policy, facts, mine),
    calendar: policy.calendar,
    signers: toPeople(signerIds),
    chain: chain.map((rung): Rung => (rung === 'manager' ? rung : toPeople(rung))),
    people,
    now,
  })
}

/** Since when it can be signed: the round's opening, or in order the last signature that came before. */
const findStart = (
  mine: RoundRequirement,
  before: readonly RoundRequirement[],
  given: readonly GivenSignature[],
): string =>
  given
    .filter(({ role }) => before.some((one) => one.role === role))
    .map(({ signed_at }) => signed_at)
    .reduce((last, at) => (Date.parse(at) > Date.parse(last) ? at : last), mine.opened_at)

function toPolicyFacts(workOrder: LockedWorkOrder, mine: RoundRequirement): PolicyFacts | undefined {
  const lifecycle: LifecycleName = workOrder.lifecycle
  const gate = findGate(lifecycle, mine.gate)
  const { work_category, regulatory } = workOrder
  return gate === undefined ? undefined : { lifecycle, work_category, regulatory, gate }
}

/** As the round's policy says; when the work order has become another kind since, as the round was planned. */
function findHours(policy: PolicyBody, facts: PolicyFacts | undefined, mine: RoundRequirement): number {
  const required = facts === undefined ? [] : requirementsFor(policy, facts).requirements
  const hours = required.find(({ role }) => role === mine.role)?.slaHours ?? null
  return hours ?? countWorkingHours(mine.opened_at, mine.due_at ?? mine.opened_at, policy.calendar)
}

/** Who could sign now: holders and their delegates, without whom separation of duties keeps from it. */
async function listSignerIds(
  tx: Tx,
  workOrder: LockedWorkOrder,
  role: GrantedRole,
  given: readonly GivenSignature[],
  now: string,
): Promise<string[]> {
  const [holders, delegations, sponsors] = await Promise.all([
    listHolderIds(tx, role, workOrder.asset_id),
    listDelegationsOf(tx, role, now),
    listSponsorIds(tx, workOrder.executor_ids),
  ])
  const { lifecycle, work_category, regulatory } = workOrder
  const kept = new Set<string | null>([
    ...workOrder.executor_ids,
    workOrder.editor_id,
    ...sponsors.map(({ id }) => id),
    ...given.flatMap(({ signer_id, on_behalf_of }) => [signer_id, on_behalf_of]),
  ])
  const delegates = delegations.filter(
    (delegation) =>
      !delegation.holds_the_other &&
      !kept.has(delegation.delegator_id) &&
      delegatorHolds(delegation, role, workOrder.asset_id) &&
      covers(delegation, { role, lifecycle, work_category, regulatory, at: now }),
  )
  const ids = [...holders.map(({ id }) => id), ...delegates.map(({ delegate_id }) => delegate_id)]
  return [...new Set(ids)].filter((id) => !kept.has(id))
}

type RungIds = 'manager' | readonly string[]

/** One after the other: a chain is short, and the connection is one. */
async function resolveChain(
  tx: Tx,
  targets: readonly EscalationTarget[],
  workOrder: LockedWorkOrder,
): Promise<RungIds[]> {
  const rungs: RungIds[] = []
  for (const target of targets) {
    if (target === 'manager') rungs.push(target)
    else if ('principal' in target) rungs.push([target.principal])
    else rungs.push((await listHolderIds(tx, target.role, workOrder.asset_id)).map(({ id }) => id))
  }
  return rungs
}
