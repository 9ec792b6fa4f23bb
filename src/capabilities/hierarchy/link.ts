/**
 * Who belongs to whom: a work order is linked to a master, moved to another one, or taken out. The trees are locked
 * first, then the records; the linked work order's own entry says it.
 */
import { z } from 'zod'
import { finalCategories } from '#domain/lifecycle.ts'
import { changesBetween } from '#domain/entry.ts'
import { rolesOn } from '#domain/principal.ts'
import type { Actor, Role } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { decideLink } from '#domain/tree.ts'
import type { Ranked } from '#domain/tree.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import type { LockedWorkOrder, WorkOrderRow } from '../work-order/find.ts'
import { text, workOrderRef, workOrderView } from '../work-order/schema.ts'
import type { WorkOrderView } from '../work-order/schema.ts'
import { loadWorkOrder, updateWorkOrder } from '../work-order/store.ts'
import { refuseAttempt } from '../work-order/transition.ts'
import { toView } from '../work-order/view.ts'
import { listNumbers, loadTreesOf, lockTrees, queueRanks } from './store.ts'

const planners: readonly Role[] = ['assigner', 'system_owner', 'admin', 'captain']

/** Who may change where a work order stands and what it waits for; its author too, until it is planned. */
export function gateStructure(
  actor: Actor,
  workOrder: Pick<
    WorkOrderRow,
    'category' | 'status' | 'regulatory' | 'requester_id' | 'assignee_id' | 'asset_id'
  >,
  reason: string | undefined,
): Refusal | undefined {
  if (finalCategories.includes(workOrder.category)) return { code: 'record_final', current: workOrder.status }
  const roles = rolesOn(actor, workOrder)
  const who: readonly Role[] = workOrder.category === 'initial' ? [...planners, 'originator'] : planners
  if (!who.some((role) => roles.has(role)))
    return { code: 'gates_unmet', unmet: [{ code: 'role_required', roles: who }] }
  if (workOrder.regulatory && (reason ?? '').trim() === '')
    return { code: 'gates_unmet', unmet: [{ code: 'missing_fields', missing_fields: ['reason'] }] }
  return undefined
}

/** A refusal of the domain names ids; people know work orders by their numbers. */
export async function tellNumbers(tx: Tx, refusal: Refusal): Promise<Refusal> {
  if (refusal.code !== 'tree_refused') return refusal
  const numbers = await listNumbers(tx, refusal.path)
  return { ...refusal, path: refusal.path.map((id) => numbers.get(id) ?? id) }
}

const reason = text(2000).optional()

export const link = operation({
  name: 'hierarchy.link',
  summary: 'Link a work order to a master, or move it to another one, with everything that belongs to it',
  http: ['POST', '/v1/work-orders/:id/parent'],
  permission: staff,
  mutates: true,
  locksTree: true,
  example: 'WO-2026-000002 --parent WO-2026-000001',
  input: z.strictObject({ id: workOrderRef, parent: workOrderRef, reason }),
  output: workOrderView,
  async run(tx, actor, input) {
    const [child, parent] = await Promise.all([
      findWorkOrder(tx, actor, input.id),
      findWorkOrder(tx, actor, input.parent),
    ])
    if (!child.ok) return child
    if (!parent.ok) return refuse({ code: 'unknown_reference', field: 'parent', value: input.parent })
    return place(tx, actor, child.value.id, parent.value.id, input.reason)
  },
})

export const unlink = operation({
  name: 'hierarchy.unlink',
  summary: 'Take a work order out of its master, with everything that belongs to it',
  http: ['DELETE', '/v1/work-orders/:id/parent'],
  permission: staff,
  mutates: true,
  locksTree: true,
  example: 'WO-2026-000002',
  input: z.strictObject({ id: workOrderRef, reason }),
  output: workOrderView,
  async run(tx, actor, input) {
    const child = await findWorkOrder(tx, actor, input.id)
    if (!child.ok) return child
    return place(tx, actor, child.value.id, null, input.reason)
  },
})

async function place(
  tx: Tx,
  actor: Actor,
  id: string,
  parentId: string | null,
  why: string | undefined,
): Promise<Decision<WorkOrderView>> {
  const both = parentId === null ? [id] : [id, parentId]
  await lockTrees(tx, both)
  for (const one of both.toSorted()) tx.lock(one)
  const found = await lockForChange(tx, actor, id)
  if (!found.ok) return found
  const workOrder = found.value
  const attempt = { parent: parentId, reason: why }
  const gate = gateStructure(actor, workOrder, why)
  if (gate !== undefined) return refuseAttempt(tx, workOrder, gate, attempt)
  if (workOrder.parent_id === parentId)
    return parentId === null
      ? refuse({ code: 'tree_refused', rule: 'not_linked', path: [workOrder.number] })
      : accept(toView(workOrder))
  const master = parentId === null ? undefined : await loadWorkOrder(tx, parentId)
  if (master !== undefined && finalCategories.includes(master.category))
    return refuse({ code: 'tree_refused', rule: 'final_master', path: [master.number] })
  const decision = decideLink(await loadTreesOf(tx, both), id, parentId)
  if (!decision.ok) return refuseAttempt(tx, workOrder, await tellNumbers(tx, decision.refusal), attempt)
  return accept(toView(moveTo(tx, workOrder, parentId, decision.value.ranks, why)))
}

function moveTo(
  tx: Tx,
  workOrder: LockedWorkOrder,
  parentId: string | null,
  ranks: readonly Ranked[],
  why: string | undefined,
): LockedWorkOrder {
  const at = workOrder.locked_at
  const action = parentId === null ? 'unlinked' : workOrder.parent_id === null ? 'linked' : 'moved'
  const changes = { parent_id: parentId }
  const head = tx.record({
    kind: 'work_order',
    record: workOrder,
    action,
    reason: why?.trim() || null,
    changes: changesBetween(['parent_id'], workOrder, changes),
    at,
  })
  updateWorkOrder(tx, workOrder, changes, workOrder.category, head, at)
  if (ranks.length > 0) queueRanks(tx, ranks)
  return { ...workOrder, ...changes, version: head.version, updated_at: at }
}
