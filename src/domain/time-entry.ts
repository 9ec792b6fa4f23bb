/**
 * Who writes working time on a work order, and which times can be. The one rule: time is written while the work is
 * under way, and stays as it is afterwards: who finds an error later turns the work back first.
 */
import { finalCategories } from './lifecycle.ts'
import type { Category } from './lifecycle.ts'
import { rolesOn } from './principal.ts'
import type { Actor, Role } from './principal.ts'
import type { Refusal, Unmet } from './refusal.ts'

/** Who writes the time of others, and corrects it. */
const keepers: readonly Role[] = ['assigner', 'captain', 'admin']

type Subject = {
  readonly status: string
  readonly category: Category
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly executor_ids: readonly string[]
  readonly hold: { readonly reason: string; readonly owner: string } | null
}

/** One's own time: staff; a vendor where the work is its own. Somebody else's: who plans. Undefined: nothing is in the way. */
export function gateTime(actor: Actor, workOrder: Subject, personId: string): Refusal | undefined {
  if (finalCategories.includes(workOrder.category)) return { code: 'record_final', current: workOrder.status }
  const unmet: Unmet[] = []
  const roles = rolesOn(actor, workOrder)
  const isKeeper = keepers.some((role) => roles.has(role))
  const isOwn = actor.id === personId
  const works = actor.kind !== 'vendor' || roles.has('assignee') || workOrder.executor_ids.includes(actor.id)
  if (!isKeeper && !(isOwn && works))
    unmet.push({ code: 'role_required', roles: isOwn ? ['assignee', ...keepers] : keepers })
  if (workOrder.category !== 'active' && workOrder.category !== 'held')
    unmet.push({ code: 'not_under_way', current: workOrder.status })
  return unmet.length === 0 ? undefined : { code: 'gates_unmet', unmet }
}

/** Besides that, a timer begins only where the work goes on just now. */
export function gateTimer(actor: Actor, workOrder: Subject, personId: string): Refusal | undefined {
  const refused = gateTime(actor, workOrder, personId)
  if (refused !== undefined) return refused
  if (workOrder.category !== 'active')
    return { code: 'gates_unmet', unmet: [{ code: 'not_under_way', current: workOrder.status }] }
  if (workOrder.hold === null) return undefined
  const { reason, owner } = workOrder.hold
  return { code: 'gates_unmet', unmet: [{ code: 'held', reason, who: [owner] }] }
}

const dayMs = 86_400_000

/** What is wrong with a range of work, at an instant `now`; all three are RFC 3339. */
export function findRangeProblem(
  range: { readonly from: string; readonly until: string },
  now: string,
): { readonly path: string; readonly message: string } | undefined {
  const [from, until] = [Date.parse(range.from), Date.parse(range.until)]
  if (until <= from) return { path: 'until', message: 'must be after from' }
  if (until > Date.parse(now)) return { path: 'until', message: 'is in the future: log what was worked' }
  if (until - from > dayMs) return { path: 'until', message: 'is more than 24 hours after from' }
  return undefined
}
