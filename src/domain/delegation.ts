/**
 * Delegation: a person lets another sign in his roles for a while. The delegate signs as himself, and it shows
 * for whom. Nothing is ever delegated twice (a delegate has no role to pass on), to a machine or an outsider,
 * or between System Owner and QA, who must stay two people.
 */
import { parseInstant } from './instant.ts'
import type { Grant, GrantedRole, PrincipalKind } from './principal.ts'

const longestDelegationDays = 30
const dayMicros = 86_400_000_000

/** What a delegation is for; null leaves it open. */
export type DelegationScope = {
  readonly roles: readonly GrantedRole[]
  readonly lifecycles: readonly string[] | null
  readonly work_categories: readonly string[] | null
  readonly regulatory: boolean | null
  readonly starts_at: string
  readonly ends_at: string
}

export type DelegationMarks = {
  readonly delegator_accepted_at: string | null
  readonly delegate_accepted_at: string | null
  readonly declined_at: string | null
  readonly revoked_at: string | null
}

export type DelegationFacts = DelegationScope &
  DelegationMarks & {
    readonly id: string
    readonly delegate_id: string
    readonly delegator_id: string
    readonly delegator_name: string
    readonly delegator_grants: readonly Grant[]
    readonly delegator_disabled_at: string | null
  }

/** Recorded fields of a delegation, in the order of its entries. */
export const delegationFields = [
  'delegator_id',
  'delegate_id',
  'roles',
  'lifecycles',
  'work_categories',
  'regulatory',
  'starts_at',
  'ends_at',
  'reason',
  'delegator_accepted_at',
  'delegate_accepted_at',
  'declined_at',
  'revoked_at',
  'revoked_by',
] as const

export type DelegationStatus = 'proposed' | 'accepted' | 'active' | 'ended' | 'declined' | 'revoked'

/** `accepted` by both and not begun yet, `active` now, `ended` by its own date; `proposed` until both accept. */
export function toStatus(
  delegation: Omit<DelegationScope, 'roles'> & DelegationMarks,
  at: string,
): DelegationStatus {
  if (delegation.revoked_at !== null) return 'revoked'
  if (delegation.declined_at !== null) return 'declined'
  if (!isBefore(at, delegation.ends_at)) return 'ended'
  if (delegation.delegator_accepted_at === null || delegation.delegate_accepted_at === null) return 'proposed'
  return isBefore(at, delegation.starts_at) ? 'accepted' : 'active'
}

const isBefore = (a: string, b: string): boolean => parseInstant(a) < parseInstant(b)

/** May it be used now for this role and such a work order? Whether the delegator holds the role there is asked of `delegatorHolds`. */
export function covers(
  delegation: DelegationScope & DelegationMarks,
  facts: {
    readonly role: GrantedRole
    readonly lifecycle: string
    readonly work_category: string | null
    readonly regulatory: boolean
    readonly at: string
  },
): boolean {
  return (
    toStatus(delegation, facts.at) === 'active' &&
    delegation.roles.includes(facts.role) &&
    (delegation.lifecycles === null || delegation.lifecycles.includes(facts.lifecycle)) &&
    (delegation.work_categories === null ||
      (facts.work_category !== null && delegation.work_categories.includes(facts.work_category))) &&
    (delegation.regulatory === null || delegation.regulatory === facts.regulatory)
  )
}

/** By a grant of his own, for this asset or for all: what was delegated to him does not count. */
export const delegatorHolds = (
  delegation: Pick<DelegationFacts, 'delegator_disabled_at' | 'delegator_grants'>,
  role: GrantedRole,
  assetId: string | null,
): boolean =>
  delegation.delegator_disabled_at === null &&
  delegation.delegator_grants.some(
    (grant) => grant.role === role && (grant.asset_id === null || grant.asset_id === assetId),
  )

const counterparts: Partial<Record<GrantedRole, GrantedRole>> = { system_owner: 'qa', qa: 'system_owner' }

/** System Owner and QA are two people: who holds the one may not sign as the other for somebody else. */
export function crossesOversight(role: GrantedRole, delegateGrants: readonly Grant[]): boolean {
  const counterpart = counterparts[role]
  return counterpart !== undefined && delegateGrants.some((grant) => grant.role === counterpart)
}

export type DelegationRule =
  | 'to_oneself'
  | 'humans_only'
  | 'disabled'
  | 'role_not_held'
  | 'owner_and_qa'
  | 'thirty_days_at_most'
  | 'in_the_past'

type Party = {
  readonly id: string
  readonly kind: PrincipalKind
  readonly grants: readonly Grant[]
  readonly disabled_at: string | null
}

/** The rule that a proposal breaks, the first in this order; undefined when it may be made. */
export function findBrokenRule(proposal: {
  readonly delegator: Party
  readonly delegate: Party
  readonly scope: DelegationScope
  readonly at: string
}): DelegationRule | undefined {
  const { delegator, delegate, scope, at } = proposal
  if (delegator.id === delegate.id) return 'to_oneself'
  if (delegator.kind !== 'human' || delegate.kind !== 'human') return 'humans_only'
  if (delegator.disabled_at !== null || delegate.disabled_at !== null) return 'disabled'
  const holds = (role: GrantedRole): boolean => delegator.grants.some((grant) => grant.role === role)
  if (!scope.roles.every(holds)) return 'role_not_held'
  const both = scope.roles.includes('system_owner') && scope.roles.includes('qa')
  if (both || scope.roles.some((role) => crossesOversight(role, delegate.grants))) return 'owner_and_qa'
  if (isBefore(scope.starts_at, at) || !isBefore(scope.starts_at, scope.ends_at)) return 'in_the_past'
  const length = parseInstant(scope.ends_at) - parseInstant(scope.starts_at)
  return length > longestDelegationDays * dayMicros ? 'thirty_days_at_most' : undefined
}
