/** Who writes what a work order costs. The one rule: as long as its record is not final; then it stays. */
import { finalCategories } from './lifecycle.ts'
import type { Category } from './lifecycle.ts'
import { rolesOn } from './principal.ts'
import type { Actor, Role } from './principal.ts'
import type { Refusal } from './refusal.ts'

/** What is bought and hired; working time is priced by itself. */
export const costKinds = ['tool', 'part', 'vendor', 'other'] as const
export type CostKind = (typeof costKinds)[number]

const keepers: readonly Role[] = ['assigner', 'system_owner', 'captain', 'admin']

type Subject = {
  readonly status: string
  readonly category: Category
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly executor_ids: readonly string[]
}

/** Who does the work and who plans it; whoever entered a line makes it void too. Undefined: nothing is in the way. */
export function gateCost(actor: Actor, workOrder: Subject, isOwnLine = false): Refusal | undefined {
  if (finalCategories.includes(workOrder.category)) return { code: 'record_final', current: workOrder.status }
  const roles = rolesOn(actor, workOrder)
  const mayWrite =
    isOwnLine ||
    roles.has('assignee') ||
    keepers.some((role) => roles.has(role)) ||
    workOrder.executor_ids.includes(actor.id)
  return mayWrite
    ? undefined
    : { code: 'gates_unmet', unmet: [{ code: 'role_required', roles: ['assignee', ...keepers] }] }
}
