/**
 * Who may waive a linked work order, so that its master and what waits for it go on without it? Where it or its
 * master is regulatory, nobody alone: the System Owner and QA sign the waiver, with its reason.
 */
import type { Requirement } from './approval.ts'
import { rolesOn } from './principal.ts'
import type { Actor, GrantedRole, Role } from './principal.ts'
import { accept, refuse } from './refusal.ts'
import type { Decision } from './refusal.ts'
import type { WorkOrder } from './work-order.ts'

const waivers: readonly Role[] = ['system_owner', 'assigner', 'captain']
const askers: readonly Role[] = [...waivers, 'qa']

/** Whose signatures waive regulatory work. */
export const waiverSigners: readonly GrantedRole[] = ['system_owner', 'qa']
export const waiverRequirements: readonly Requirement[] = waiverSigners.map((role) => ({
  role,
  count: 1,
  position: 1,
}))

export type WaiverFacts = {
  readonly workOrder: WorkOrder
  readonly actor: Actor
  /** Undefined where it has no master. */
  readonly master: { readonly regulatory: boolean } | undefined
  readonly isAsked: boolean
}

/** `now`: it is waived at once; `sign`: signatures are asked for. */
export function decideWaiver(facts: WaiverFacts): Decision<'now' | 'sign'> {
  const { workOrder, actor, master } = facts
  const isSigned = workOrder.regulatory || master?.regulatory === true
  const roles = isSigned ? askers : waivers
  const held = rolesOn(actor, workOrder)
  if (!roles.some((role) => held.has(role)))
    return refuse({ code: 'gates_unmet', unmet: [{ code: 'role_required', roles }] })
  if (workOrder.category === 'done') return refuse({ code: 'waiver_refused', rule: 'done' })
  if (workOrder.waiver !== null) return refuse({ code: 'waiver_refused', rule: 'waived' })
  if (master === undefined) return refuse({ code: 'waiver_refused', rule: 'alone' })
  if (facts.isAsked) return refuse({ code: 'waiver_refused', rule: 'asked' })
  return accept(isSigned ? 'sign' : 'now')
}

/** Who may ask for a waiver may also take the question back. */
export function decideWithdrawal(facts: Omit<WaiverFacts, 'master'>): Decision<undefined> {
  const held = rolesOn(facts.actor, facts.workOrder)
  if (!askers.some((role) => held.has(role)))
    return refuse({ code: 'gates_unmet', unmet: [{ code: 'role_required', roles: askers }] })
  return facts.isAsked ? accept(undefined) : refuse({ code: 'waiver_refused', rule: 'not_asked' })
}
