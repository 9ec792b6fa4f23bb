/** SQL of time limits of approvals: what is due, whom it concerns, and the step that was taken. */
import type { DelegationFacts } from '#domain/delegation.ts'
import type { Person } from '#domain/escalation.ts'
import type { SignatureGate } from '#domain/lifecycle.ts'
import type { GrantedRole } from '#domain/principal.ts'
import type { Tx } from '#platform/tx.ts'

export type Due = {
  readonly id: string
  readonly work_order_id: string
  readonly step: number
  readonly next_step_at: string
}

/** Requirements of open rounds whose next step is planned up to `until`, the earliest first. */
export const listDue = (tx: Tx, until: string, limit: number): Promise<Due[]> =>
  tx.list<Due>`
    select r.id, r.work_order_id, r.step, r.next_step_at
      from approval_rounds o join approval_requirements r on r.tenant_id = o.tenant_id and r.round_id = o.id
     where o.status = 'open' and r.next_step_at <= ${until} order by r.next_step_at, r.id limit ${limit}`

export type RoundRequirement = {
  readonly id: string
  readonly round_id: string
  readonly gate: SignatureGate['name']
  readonly number: number
  readonly policy_version: number
  readonly ordered: boolean
  readonly opened_at: string
  readonly role: GrantedRole
  readonly count: number
  readonly position: number
  readonly due_at: string | null
  readonly next_step_at: string | null
  readonly step: number
}

/** Every requirement of the open round of the work order; none when it has none. */
export const listRequirements = (tx: Tx, workOrderId: string): Promise<RoundRequirement[]> =>
  tx.rows<RoundRequirement>`
    select r.id, r.round_id, o.gate, o.number, o.policy_version, o.ordered, o.opened_at, r.role, r.count, r.position, r.due_at,
           r.next_step_at, r.step
      from approval_rounds o join approval_requirements r on r.tenant_id = o.tenant_id and r.round_id = o.id
     where o.work_order_id = ${workOrderId} and o.status = 'open' order by r.position, r.role`

export type GivenSignature = {
  readonly role: GrantedRole
  readonly signer_id: string
  readonly on_behalf_of: string | null
  readonly signed_at: string
}

/** Signatures of the round for the version that stands. */
export const listGiven = (tx: Tx, roundId: string, version: number): Promise<GivenSignature[]> =>
  tx.rows<GivenSignature>`
    select role, signer_id, on_behalf_of, signed_at from signatures
     where round_id = ${roundId} and wo_version = ${version} order by id`

/** Active people who were granted the role, for this asset or for all. */
export const listHolderIds = (
  tx: Tx,
  role: GrantedRole,
  assetId: string | null,
): Promise<{ readonly id: string }[]> =>
  tx.rows<{ id: string }>`
    select distinct p.id from role_grants g join principals p on p.tenant_id = g.tenant_id and p.id = g.principal_id
     where g.role = ${role} and (g.asset_id is null or g.asset_id = ${assetId}::uuid) and p.kind = 'human' and p.disabled_at is null
     order by p.id`

export type Candidate = DelegationFacts & { readonly holds_the_other: boolean }

/** Delegations of the role that run at `at`; with them, whether the delegate holds the other of System Owner and QA. */
export const listDelegationsOf = (tx: Tx, role: GrantedRole, at: string): Promise<Candidate[]> =>
  tx.rows<Candidate>`
    select d.id, d.delegate_id, d.roles, d.lifecycles, d.work_categories, d.regulatory, d.starts_at, d.ends_at,
           d.delegator_accepted_at, d.delegate_accepted_at, d.declined_at, d.revoked_at,
           p.id as delegator_id, p.name as delegator_name, p.disabled_at as delegator_disabled_at,
           coalesce((select json_agg(json_build_object('role', g.role, 'asset_id', g.asset_id))
                       from role_grants g where g.tenant_id = p.tenant_id and g.principal_id = p.id), '[]') as delegator_grants,
           exists (select from role_grants g where g.tenant_id = d.tenant_id and g.principal_id = d.delegate_id
                      and g.role = case ${role} when 'qa' then 'system_owner' when 'system_owner' then 'qa' end) as holds_the_other
      from delegations d join principals p on p.tenant_id = d.tenant_id and p.id = d.delegator_id
     where ${role} = any (d.roles) and d.starts_at <= ${at} and d.ends_at > ${at} and d.revoked_at is null and d.declined_at is null
     order by d.id`

/** Humans who answer for agents that executed the work order. */
export const listSponsorIds = (tx: Tx, executorIds: readonly string[]): Promise<{ readonly id: string }[]> =>
  tx.rows<{ id: string }>`
    select distinct sponsor_id as id from principals where id = any (${[...executorIds]}::uuid[]) and sponsor_id is not null`

/** These people, and everybody above them. */
export const listPeople = (tx: Tx, ids: readonly string[], at: string): Promise<Person[]> =>
  tx.rows<Person>`
    with recursive above as (
      select unnest(${[...ids]}::uuid[]) as id
      union select p.manager_id from principals p join above a on p.id = a.id where p.manager_id is not null)
    select p.id, p.name, p.manager_id,
           p.disabled_at is not null or p.kind <> 'human'
             or exists (select from absences x where x.tenant_id = p.tenant_id and x.principal_id = p.id and x.removed_at is null
                          and x.starts_at <= ${at} and x.ends_at > ${at}) as absent
      from above a join principals p on p.id = a.id order by p.name`

/** Compared and set: a step that somebody else has taken meanwhile fails the transaction. */
export function updateStep(
  tx: Tx,
  before: RoundRequirement,
  after: { readonly step: number; readonly due_at: string; readonly next_step_at: string | null },
): void {
  tx.write(1)`
    update approval_requirements set step = ${after.step}, due_at = ${after.due_at}, next_step_at = ${after.next_step_at}
     where id = ${before.id} and step = ${before.step}`
}
