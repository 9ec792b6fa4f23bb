/** A work order as the caller may have it: what it may not see does not exist for it. */
import { maySee } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import type { Tx } from '#platform/tx.ts'
import { loadWorkOrder, lockWorkOrder } from './store.ts'
import type { LockedWorkOrder, WorkOrderRow } from './store.ts'

export type { LockedWorkOrder, WorkOrderRow }

const notFound: Refusal = { code: 'not_found', what: 'work order' }

export async function findWorkOrder(tx: Tx, actor: Actor, ref: string): Promise<Decision<WorkOrderRow>> {
  const workOrder = await loadWorkOrder(tx, ref)
  return workOrder === undefined || !maySee(actor, workOrder) ? refuse(notFound) : accept(workOrder)
}

/** Locked for a change, of the version that the caller read if it said one. */
export async function lockForChange(tx: Tx, actor: Actor, ref: string): Promise<Decision<LockedWorkOrder>> {
  const workOrder = await lockWorkOrder(tx, ref)
  return workOrder === undefined ? refuse(notFound) : checkVisible(tx, actor, workOrder)
}

export function checkVisible(tx: Tx, actor: Actor, workOrder: LockedWorkOrder): Decision<LockedWorkOrder> {
  if (!maySee(actor, workOrder)) return refuse(notFound)
  const expected = tx.call.ifVersion
  return expected === undefined || expected === workOrder.version
    ? accept(workOrder)
    : refuse({ code: 'stale_version', expected, actual: workOrder.version })
}
