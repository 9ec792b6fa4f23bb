/** May this person have a secret of the plan now? Who does the work may, while it is under way, and nobody else. */
import type { PlanCredential } from './job-plan.ts'
import { finalCategories } from './lifecycle.ts'
import { rolesOn } from './principal.ts'
import type { Actor } from './principal.ts'
import { accept, refuse } from './refusal.ts'
import type { Decision, Unmet } from './refusal.ts'
import type { WorkOrder } from './work-order.ts'

/** Checked in this order: final, known, assignee, under way, on hold. */
export function decideLease(workOrder: WorkOrder, actor: Actor, name: string): Decision<PlanCredential> {
  if (finalCategories.includes(workOrder.category))
    return refuse({ code: 'record_final', current: workOrder.status })
  const credential = workOrder.job_plan?.credentials?.find((one) => one.name === name)
  if (credential === undefined) return refuse({ code: 'not_found', what: 'credential' })
  const unmet: Unmet[] = []
  if (!rolesOn(actor, workOrder).has('assignee')) unmet.push({ code: 'role_required', roles: ['assignee'] })
  if (workOrder.category !== 'active') unmet.push({ code: 'not_under_way', current: workOrder.status })
  if (workOrder.hold !== null)
    unmet.push({ code: 'held', reason: workOrder.hold.reason, who: [workOrder.hold.owner] })
  return unmet.length > 0 ? refuse({ code: 'gates_unmet', unmet }) : accept(credential)
}
