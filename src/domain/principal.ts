/**
 * Who acts, and by which roles. Granted roles are given by an administrator; contextual roles come from
 * the work order itself. An agent never has more than its sponsor: its grants are cut to the sponsor's.
 */
export const principalKinds = ['human', 'agent', 'vendor', 'system'] as const
export type PrincipalKind = (typeof principalKinds)[number]

export const grantedRoles = [
  'admin',
  'auditor',
  'system_owner',
  'qa',
  'assigner',
  'captain',
  'vendor',
  'operator',
] as const
export type GrantedRole = (typeof grantedRoles)[number]

/**
 * `orchestrator` is the agent that raised the work order: the agent side of `originator`. `system` is a job
 * of the tenant, such as the one that sees a worker fail.
 */
export type Role = GrantedRole | 'originator' | 'assignee' | 'orchestrator' | 'system'

/** Roles that only a person may hold (domain: only humans sign or approve regulatory work). */
export const humanOnlyRoles: readonly GrantedRole[] = ['admin', 'system_owner', 'qa']

/** A role, for every asset or (only `system_owner`) for one. */
export type Grant = { readonly role: GrantedRole; readonly asset_id: string | null }

/** The authenticated caller. `grants` are already cut to the sponsor's for an agent. */
export type Actor = {
  readonly id: string
  readonly tenantId: string
  readonly kind: PrincipalKind
  readonly name: string
  readonly grants: readonly Grant[]
  readonly sponsorId: string | null
  /** What the caller came through: `rest`, `mcp`, `cli`. */
  readonly client: string
}

/** The name of the one system identity that may stand in for a captain on non-regulatory fleet work. */
export const captainProxyName = 'system:captain-proxy'

/** True when the actor holds one of these roles, for any asset. */
export function holdsAny(actor: Pick<Actor, 'grants'>, roles: readonly GrantedRole[]): boolean {
  return actor.grants.some((grant) => roles.includes(grant.role))
}

/** An agent's grants are its own, as far as its sponsor holds the same role for the same asset or for all. */
export function intersectGrants(own: readonly Grant[], sponsor: readonly Grant[]): Grant[] {
  return own.filter((grant) =>
    sponsor.some(
      (held) => held.role === grant.role && (held.asset_id === null || held.asset_id === grant.asset_id),
    ),
  )
}

type Ties = {
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
}

/** Every role that the actor has on this work order, granted and contextual. */
export function rolesOn(actor: Actor, workOrder: Ties): ReadonlySet<Role> {
  const roles = new Set<Role>()
  for (const grant of actor.grants) {
    if (grant.asset_id === null || grant.asset_id === workOrder.asset_id) roles.add(grant.role)
  }
  if (workOrder.requester_id === actor.id) {
    roles.add('originator')
    if (actor.kind === 'agent') roles.add('orchestrator')
  }
  if (workOrder.assignee_id === actor.id) roles.add('assignee')
  if (actor.kind === 'system') roles.add('system')
  return roles
}

/** A vendor sees its own work orders only; everyone else of the tenant sees all of them. */
export function maySee(actor: Pick<Actor, 'id' | 'kind'>, workOrder: Ties): boolean {
  return actor.kind !== 'vendor' || workOrder.assignee_id === actor.id || workOrder.requester_id === actor.id
}
