/**
 * Who may sign a gate, and when is it signed? A gate opens a round with its requirements; a signature counts
 * for the round and the version of the work order that it was given for. Everything that is in the way is
 * named at once, in the order written here, which is part of the contract.
 */
import { requiredSignatures } from './lifecycle.ts'
import type { GateName, SignatureGate, Transition } from './lifecycle.ts'
import { transitionsFrom } from './lifecycles.ts'
import { covers, crossesOversight, delegatorHolds } from './delegation.ts'
import type { DelegationFacts } from './delegation.ts'
import { rolesOn } from './principal.ts'
import type { Actor, GrantedRole } from './principal.ts'
import { accept, refuse } from './refusal.ts'
import type { Decision, DutyRule, Unmet } from './refusal.ts'
import type { WorkOrder } from './work-order.ts'

export type Requirement = {
  readonly role: GrantedRole
  readonly count: number
  /** Order in which an ordered round is signed; equal positions sign side by side. */
  readonly position: number
}
/** A signature that was given in the round, of whatever version. */
export type Given = {
  readonly role: GrantedRole
  readonly wo_version: number
  readonly signer_id: string
  readonly on_behalf_of: string | null
}
export type Round = {
  readonly id: string
  readonly gate: GateName
  readonly number: number
  readonly policy_version: number
  readonly ordered: boolean
  readonly requirements: readonly Requirement[]
  readonly given: readonly Given[]
  /** Why a waiver is asked for. */
  readonly reason?: string | null
}

/** The edge out of this state that signatures open, if it has one. */
export const gatedEdge = (workOrder: Pick<WorkOrder, 'lifecycle' | 'status'>): Transition | undefined =>
  transitionsFrom(workOrder.lifecycle, workOrder.status).find((edge) => edge.gate !== undefined)

/** The edge by which an approver of that gate turns the work back. */
export const turnBackEdge = (workOrder: Pick<WorkOrder, 'lifecycle' | 'status'>): Transition | undefined =>
  transitionsFrom(workOrder.lifecycle, workOrder.status).find(
    (edge) => edge.turnsBack !== undefined || edge.name === 'reject',
  )

/** What is still to be signed: a role as often as signatures of it are missing for this version. */
export function missingSignatures(round: Round, version: number): Requirement[] {
  return round.requirements
    .map((requirement) => ({
      ...requirement,
      count: requirement.count - countSignatures(round, requirement.role, version),
    }))
    .filter(({ count }) => count > 0)
}

const countSignatures = (round: Round, role: GrantedRole, version: number): number =>
  round.given.filter((given) => given.role === role && given.wo_version === version).length

/** Roles that the gate asks for: those of its open round, or of the lifecycle where none was opened. */
export function rolesOfGate(
  gate: SignatureGate | undefined,
  round: Round | undefined,
  workOrder: Pick<WorkOrder, 'regulatory' | 'version'>,
): readonly GrantedRole[] {
  if (gate === undefined) return []
  return round?.gate === gate.name
    ? missingSignatures(round, workOrder.version).map(({ role }) => role)
    : requiredSignatures(gate, workOrder.regulatory)
}

export type Authority =
  | { readonly kind: 'direct' }
  | {
      readonly kind: 'delegation'
      readonly delegation_id: string
      readonly delegator: { readonly id: string; readonly name: string }
    }

export type SigningFacts = {
  readonly workOrder: WorkOrder
  readonly actor: Actor
  readonly round: Round | undefined
  readonly gate: GateName
  readonly role: GrantedRole
  /** Every delegation that was ever given to the actor. */
  readonly delegations: readonly DelegationFacts[]
  /** Humans who answer for agents that executed the work order. */
  readonly executorSponsorIds: readonly string[]
  readonly hasAttested: boolean
  readonly isLocked: boolean
  readonly hasKey: boolean
  /** What else the edge behind the gate still needs (fields, a hold): a signature must be able to open it. */
  readonly edgeUnmet: readonly Unmet[]
  /** Server time, RFC 3339. */
  readonly now: string
}

/** By what right the actor may sign now; refused with everything that is in the way. */
export function decideSigning(facts: SigningFacts): Decision<Authority> {
  const { workOrder, actor, round, gate, role } = facts
  if (round === undefined || round.gate !== gate)
    return refuse({ code: 'gate_not_open', gate, current: workOrder.status })
  const unmet: Unmet[] = []
  if (actor.kind !== 'human') unmet.push({ code: 'human_required' })
  if (facts.isLocked) unmet.push({ code: 'signing_locked' })
  const missing = missingSignatures(round, workOrder.version)
  const wanted = missing.find((requirement) => requirement.role === role)
  if (wanted === undefined)
    unmet.push({ code: 'signature_not_needed', role, roles: missing.map((requirement) => requirement.role) })
  const authority = findAuthority(facts)
  if (authority === undefined) unmet.push({ code: 'role_required', roles: [role] })
  for (const rule of conflictsOfDuty(facts, authority)) unmet.push({ code: 'separation_of_duties', rule })
  const earlier = missing.filter(({ position }) => round.ordered && position < (wanted?.position ?? 0))
  if (earlier.length > 0)
    unmet.push({ code: 'not_your_turn', roles: earlier.map((requirement) => requirement.role) })
  unmet.push(...facts.edgeUnmet)
  if (!facts.hasAttested) unmet.push({ code: 'attestation_missing' })
  if (!facts.hasKey) unmet.push({ code: 'signing_key_missing' })
  return unmet.length === 0 && authority !== undefined
    ? accept(authority)
    : refuse({ code: 'gates_unmet', unmet })
}

/** One's own role comes first; then a delegation by somebody who holds it himself, now and here. */
export function findAuthority(
  facts: Pick<SigningFacts, 'workOrder' | 'actor' | 'role' | 'delegations' | 'now'>,
): Authority | undefined {
  const { workOrder, actor, role } = facts
  if (rolesOn(actor, workOrder).has(role)) return { kind: 'direct' }
  const found = facts.delegations.find(
    (delegation) =>
      delegation.delegate_id === actor.id &&
      delegatorHolds(delegation, role, workOrder.asset_id) &&
      covers(delegation, {
        role,
        lifecycle: workOrder.lifecycle,
        work_category: workOrder.work_category,
        regulatory: workOrder.regulatory,
        at: facts.now,
      }),
  )
  if (found === undefined) return undefined
  const delegator = { id: found.delegator_id, name: found.delegator_name }
  return { kind: 'delegation', delegation_id: found.id, delegator }
}

/** Separation of duties over the signer and over whom he signs for (21 CFR 11.10(g), domain §3). */
function conflictsOfDuty(facts: SigningFacts, authority: Authority | undefined): DutyRule[] {
  const { workOrder, actor, round, role } = facts
  const people = [actor.id, ...(authority?.kind === 'delegation' ? [authority.delegator.id] : [])]
  const isOne = (id: string | null): boolean => id !== null && people.includes(id)
  const rules: DutyRule[] = []
  if (workOrder.executor_ids.some(isOne)) rules.push('executor')
  if (isOne(workOrder.editor_id)) rules.push('editor')
  if (facts.executorSponsorIds.some(isOne)) rules.push('sponsor_of_executor')
  const signed = round?.given.some(
    (given) =>
      given.wo_version === workOrder.version && (isOne(given.signer_id) || isOne(given.on_behalf_of)),
  )
  if (signed === true) rules.push('signed_already')
  if (authority?.kind === 'delegation' && crossesOversight(role, actor.grants)) rules.push('owner_and_qa')
  return rules
}
