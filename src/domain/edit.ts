/**
 * May this actor change these fields of this work order now? A field must be open in the state, and to one
 * of the actor's roles; what is locked is named before what belongs to somebody else.
 */
import { lifecycles } from './lifecycles.ts'
import { finalCategories } from './lifecycle.ts'
import { rolesOn } from './principal.ts'
import type { Actor, Role } from './principal.ts'
import { accept, refuse } from './refusal.ts'
import type { Decision, Unmet } from './refusal.ts'
import type { WorkOrder } from './work-order.ts'

export function decideEdit(
  workOrder: WorkOrder,
  actor: Actor,
  fields: readonly string[],
): Decision<readonly string[]> {
  if (finalCategories.includes(workOrder.category)) {
    return refuse({ code: 'record_final', current: workOrder.status })
  }
  const rules = lifecycles[workOrder.lifecycle].states[workOrder.status]?.editable ?? []
  const roles = rolesOn(actor, workOrder)
  const locked: string[] = []
  const notYours: string[] = []
  const owners = new Set<Role>()
  for (const field of fields) {
    const open = rules.filter((rule) => (rule.fields as readonly string[]).includes(field))
    if (open.length === 0) locked.push(field)
    else if (!open.some((rule) => rule.by.some((role) => roles.has(role)))) {
      notYours.push(field)
      for (const rule of open) for (const role of rule.by) owners.add(role)
    }
  }
  const unmet: Unmet[] = []
  if (locked.length > 0) unmet.push({ code: 'fields_locked', fields: locked, current: workOrder.status })
  if (notYours.length > 0) unmet.push({ code: 'fields_not_yours', fields: notYours, roles: [...owners] })
  return unmet.length > 0 ? refuse({ code: 'gates_unmet', unmet }) : accept(fields)
}

const holders: readonly Role[] = ['assignee', 'assigner', 'system_owner', 'captain']

/** Who works on it, plans it or owns it may hold it, and release the hold. */
export function decideHold(workOrder: WorkOrder, actor: Actor): Decision<undefined> {
  // Held because another one beside it failed: whether it goes on is not for who works on it to say.
  const isCaused = workOrder.hold?.cause !== undefined
  return decideRole(workOrder, actor, isCaused ? holders.filter((role) => role !== 'assignee') : holders)
}

/** Only the assignee says that the assignee has read it. */
export function decideAcknowledge(workOrder: WorkOrder, actor: Actor): Decision<undefined> {
  return decideRole(workOrder, actor, ['assignee'])
}

function decideRole(workOrder: WorkOrder, actor: Actor, allowed: readonly Role[]): Decision<undefined> {
  if (finalCategories.includes(workOrder.category))
    return refuse({ code: 'record_final', current: workOrder.status })
  const roles = rolesOn(actor, workOrder)
  return allowed.some((role) => roles.has(role))
    ? accept(undefined)
    : refuse({ code: 'gates_unmet', unmet: [{ code: 'role_required', roles: allowed }] })
}
