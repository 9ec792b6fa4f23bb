/**
 * Waivers: a master, and what waits, go on without a linked work order that nobody did. Regulatory work is waived
 * by signatures at a gate of its own, beside whatever gate the work order stands at; the last one waives it.
 */
import type { Round } from '#domain/approval.ts'
import { changesBetween } from '#domain/entry.ts'
import { accept } from '#domain/refusal.ts'
import type { Waiver } from '#domain/work-order.ts'
import { decideWaiver, decideWithdrawal } from '#domain/waiver.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { z } from 'zod'
import { lockForChange } from '../work-order/find.ts'
import type { LockedWorkOrder } from '../work-order/find.ts'
import { closeRound, loadWaiver, openWaiver } from '../work-order/round.ts'
import { line, workOrderRef, workOrderView } from '../work-order/schema.ts'
import { findWorkOrderId, updateWorkOrder } from '../work-order/store.ts'
import { moveHead, refuseAttempt } from '../work-order/transition.ts'
import { toView } from '../work-order/view.ts'
import { applyWaived, lockAround } from './effect.ts'
import type { Ending } from './effect.ts'
import { loadMaster } from './store.ts'

const input = z.strictObject({ id: workOrderRef, reason: line(2000) })

export const waive = operation({
  name: 'waiver.ask',
  summary: 'Waive a linked work order: at once, or by signatures where it or its master is regulatory',
  http: ['POST', '/v1/work-orders/:id/waiver'],
  permission: staff,
  mutates: true,
  example: 'WO-2026-000001 --reason "the workstation was scrapped"',
  input,
  output: workOrderView,
  async run(tx, actor, { id: ref, reason }) {
    const id = await findWorkOrderId(tx, ref)
    const ending = id === undefined ? undefined : await lockAround(tx, id, 'waived')
    const found = await lockForChange(tx, actor, id ?? ref)
    if (!found.ok) return found
    const workOrder = found.value
    const [master, round] = await Promise.all([
      workOrder.parent_id === null ? undefined : loadMaster(tx, workOrder.parent_id),
      loadWaiver(tx, workOrder.id),
    ])
    const decision = decideWaiver({ workOrder, actor, master, isAsked: round !== undefined })
    if (!decision.ok) return refuseAttempt(tx, workOrder, decision.refusal, { waive: true, reason })
    if (decision.value === 'sign') return accept(toView(await openWaiver(tx, workOrder, reason)))
    const waiver = { reason, at: workOrder.locked_at, by: [actor.id], round_id: null }
    return accept(toView(await recordWaived(tx, workOrder, waiver, ending)))
  },
})

export const withdraw = operation({
  name: 'waiver.withdraw',
  summary: 'Take back a waiver that waits for its signatures',
  http: ['DELETE', '/v1/work-orders/:id/waiver'],
  permission: staff,
  mutates: true,
  example: 'WO-2026-000001 --reason "it will be done after all"',
  input,
  output: workOrderView,
  async run(tx, actor, { id, reason }) {
    const found = await lockForChange(tx, actor, id)
    if (!found.ok) return found
    const workOrder = found.value
    const round = await loadWaiver(tx, workOrder.id)
    const decision = decideWithdrawal({ workOrder, actor, isAsked: round !== undefined })
    if (!decision.ok || round === undefined) {
      if (decision.ok) throw new Error('withdrawn without a round')
      return refuseAttempt(tx, workOrder, decision.refusal, { withdraw_waiver: true, reason })
    }
    const at = workOrder.locked_at
    const detail = { gate: 'waiver', round: round.number }
    closeRound(tx, round, 'withdrawn', at)
    return accept(toView(moveHead(tx, workOrder, { action: 'waiver_withdrawn', reason, detail, at })))
  },
})

/** By the last of its signatures. */
export function passWaiver(
  tx: Tx,
  workOrder: LockedWorkOrder,
  round: Round,
  by: readonly string[],
  ending: Ending | undefined,
): Promise<LockedWorkOrder> {
  const at = tx.now(workOrder.locked_at)
  closeRound(tx, round, 'passed', at)
  return recordWaived(tx, workOrder, { reason: round.reason ?? '', at, by, round_id: round.id }, ending)
}

async function recordWaived(
  tx: Tx,
  before: LockedWorkOrder,
  waiver: Waiver,
  ending: Ending | undefined,
): Promise<LockedWorkOrder> {
  const head = tx.record({
    kind: 'work_order',
    record: before,
    action: 'waived',
    reason: waiver.reason,
    changes: changesBetween(['waiver'], before, { waiver }),
    at: waiver.at,
  })
  updateWorkOrder(tx, before, { waiver }, before.category, head, waiver.at)
  const after = { ...before, ...head, waiver, updated_at: waiver.at, locked_at: waiver.at }
  if (ending !== undefined) await applyWaived(tx, ending, after)
  return after
}
