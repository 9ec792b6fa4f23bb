/**
 * Rounds of signatures: entering a state with a gate opens one, leaving it closes it. Which signatures it needs
 * comes from the lifecycle and the tenant's policy, fixed when it opens.
 */
import { gatedEdge } from '#domain/approval.ts'
import type { Round } from '#domain/approval.ts'
import { addApprovals, requirementsFor } from '#domain/policy.ts'
import { planRequirement } from '#domain/sla.ts'
import type { Tx } from '#platform/tx.ts'
import { loadCurrentPolicy } from '../policy/current.ts'
import { waiverRequirements, waiverSigners } from '#domain/waiver.ts'
import { countRounds, insertRound, loadOpenRound, loadWaiverRound, updateRound } from './round-store.ts'
import { listHolders, updateHead } from './store.ts'
import type { LockedWorkOrder } from './store.ts'

/** The round that stands open; undefined where the state has no gate, without asking the database. */
export const loadRound = (
  tx: Tx,
  workOrder: Pick<LockedWorkOrder, 'id' | 'lifecycle' | 'status'>,
): Promise<Round | undefined> =>
  gatedEdge(workOrder) === undefined ? Promise.resolve(undefined) : loadOpenRound(tx, workOrder.id)

/**
 * Opens a round when the state has a gate and somebody must sign it, with an entry that asks for the signatures.
 * Gives the work order with the head of its chain after that, and the round.
 */
export async function openRound(
  tx: Tx,
  workOrder: LockedWorkOrder,
): Promise<{ readonly workOrder: LockedWorkOrder; readonly round: Round | undefined }> {
  const gate = gatedEdge(workOrder)?.gate
  if (gate === undefined) return { workOrder, round: undefined }
  const policy = await loadCurrentPolicy(tx)
  const { lifecycle, work_category, regulatory } = workOrder
  const { ordered, requirements } = addApprovals(
    requirementsFor(policy.body, { lifecycle, work_category, regulatory, gate }),
    (workOrder.job_plan?.approvals ?? []).filter((one) => one.gate === gate.name),
  )
  if (requirements.length === 0) return { workOrder, round: undefined }
  const at = tx.now(workOrder.locked_at)
  const planned = requirements.map(({ role, count, position, slaHours }) => {
    const { calendar } = policy.body
    return { role, count, position, ...planRequirement({ openedAt: at, slaHours, calendar }) }
  })
  const number = (await countRounds(tx, workOrder.id, gate.name)) + 1
  const roles = requirements.map(({ role }) => role)
  const who = await listHolders(tx, roles, workOrder.asset_id)
  const round = { id: tx.newId(), gate: gate.name, number, policy_version: policy.version, ordered }
  const head = tx.record({
    kind: 'work_order',
    record: workOrder,
    action: 'approval_requested',
    changes: [],
    detail: {
      gate: gate.name,
      round: number,
      policy_version: policy.version,
      requirements: planned.map(({ role, count, due_at }) => ({ role, count, due_at })),
      who,
    },
    newVersion: false,
    at,
  })
  updateHead(tx, workOrder, head)
  insertRound(tx, { ...round, work_order_id: workOrder.id, opened_at: at, requirements: planned })
  return { workOrder: { ...workOrder, ...head }, round: { ...round, requirements: planned, given: [] } }
}

/** The round in which its waiver is signed, beside whatever gate it stands at. */
export const loadWaiver = (tx: Tx, workOrderId: string): Promise<Round | undefined> =>
  loadWaiverRound(tx, workOrderId)

/** Asks for the signatures of a waiver, with an entry; the reason stands in the round, and in each statement. */
export async function openWaiver(
  tx: Tx,
  workOrder: LockedWorkOrder,
  reason: string,
): Promise<LockedWorkOrder> {
  const [policy, count, who] = await Promise.all([
    loadCurrentPolicy(tx),
    countRounds(tx, workOrder.id, 'waiver'),
    listHolders(tx, waiverSigners, workOrder.asset_id),
  ])
  const at = workOrder.locked_at
  const gate = 'waiver'
  const requirements = waiverRequirements.map((one) => ({ ...one, due_at: null, next_step_at: null }))
  const round = { id: tx.newId(), gate, number: count + 1, policy_version: policy.version } as const
  const head = tx.record({
    kind: 'work_order',
    record: workOrder,
    action: 'approval_requested',
    reason,
    changes: [],
    detail: {
      gate,
      round: round.number,
      policy_version: policy.version,
      requirements: requirements.map(({ role, count: needed, due_at }) => ({ role, count: needed, due_at })),
      who,
    },
    newVersion: false,
    at,
  })
  updateHead(tx, workOrder, head)
  insertRound(tx, {
    ...round,
    work_order_id: workOrder.id,
    ordered: false,
    opened_at: at,
    reason,
    requirements,
  })
  return { ...workOrder, ...head }
}

/** Closes the round that stands open, because the gate was passed, the work turned back, or cancelled. */
export function closeRound(
  tx: Tx,
  round: Round,
  outcome: 'passed' | 'returned' | 'withdrawn',
  at: string,
): void {
  updateRound(tx, round.id, outcome, at)
}
