/** SQL of delegations. Only their marks (accepted, declined, revoked) ever change. */
import type { DelegationFacts, DelegationMarks, DelegationScope } from '#domain/delegation.ts'
import { isId } from '#platform/id.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'

export const listFactsTo = (tx: Tx, delegateId: string): Promise<DelegationFacts[]> =>
  tx.rows<DelegationFacts>`
    select d.id, d.delegate_id, d.roles, d.lifecycles, d.work_categories, d.regulatory, d.starts_at, d.ends_at,
           d.delegator_accepted_at, d.delegate_accepted_at, d.declined_at, d.revoked_at,
           p.id as delegator_id, p.name as delegator_name, p.disabled_at as delegator_disabled_at,
           coalesce((select json_agg(json_build_object('role', g.role, 'asset_id', g.asset_id))
                       from role_grants g where g.tenant_id = p.tenant_id and g.principal_id = p.id), '[]') as delegator_grants
      from delegations d join principals p on p.tenant_id = d.tenant_id and p.id = d.delegator_id
     where d.delegate_id = ${delegateId} order by d.id desc`

export type DelegationFields = DelegationScope &
  DelegationMarks & {
    readonly delegator_id: string
    readonly delegate_id: string
    readonly reason: string
    readonly revoked_by: string | null
  }
export type DelegationRow = DelegationFields & {
  readonly id: string
  readonly delegator: string
  readonly delegate: string
  readonly version: number
  readonly created_at: string
}
export type LockedDelegation = DelegationRow & Chained & { readonly locked_at: string }

export const loadDelegation = (tx: Tx, id: string): Promise<DelegationRow | undefined> =>
  tx.maybe<DelegationRow>`
    select d.id, d.delegator_id, a.name as delegator, d.delegate_id, b.name as delegate, d.roles, d.lifecycles, d.work_categories,
           d.regulatory, d.starts_at, d.ends_at, d.reason, d.delegator_accepted_at, d.delegate_accepted_at, d.declined_at,
           d.revoked_at, d.revoked_by, d.version, d.created_at
      from delegations d
      join principals a on a.tenant_id = d.tenant_id and a.id = d.delegator_id
      join principals b on b.tenant_id = d.tenant_id and b.id = d.delegate_id
     where d.id = ${isId(id) ? id : null}`

export async function lockDelegation(tx: Tx, id: string): Promise<LockedDelegation | undefined> {
  if (!isId(id)) return undefined
  tx.lock(id)
  const [locked, row] = await Promise.all([
    tx.maybe<{ entry_seq: number; entry_head: Buffer }>`
      select entry_seq, entry_head from delegations where id = ${id} for update`,
    loadDelegation(tx, id),
  ])
  return locked === undefined || row === undefined ? undefined : { ...row, ...locked, locked_at: tx.now() }
}

/** Newest first, below `before`; of one person (either side) when one is named. */
export const listDelegations = (
  tx: Tx,
  filter: { readonly personId: string | null; readonly before: string; readonly limit: number },
): Promise<DelegationRow[]> =>
  tx.list<DelegationRow>`
    select d.id, d.delegator_id, a.name as delegator, d.delegate_id, b.name as delegate, d.roles, d.lifecycles, d.work_categories,
           d.regulatory, d.starts_at, d.ends_at, d.reason, d.delegator_accepted_at, d.delegate_accepted_at, d.declined_at,
           d.revoked_at, d.revoked_by, d.version, d.created_at
      from delegations d
      join principals a on a.tenant_id = d.tenant_id and a.id = d.delegator_id
      join principals b on b.tenant_id = d.tenant_id and b.id = d.delegate_id
     where d.id < ${filter.before}
       and (${filter.personId}::uuid is null or d.delegator_id = ${filter.personId} or d.delegate_id = ${filter.personId})
     order by d.id desc limit ${filter.limit}`

export function insertDelegation(tx: Tx, id: string, row: DelegationFields, head: Head): void {
  tx.write(1)`
    insert into delegations (id, delegator_id, delegate_id, roles, lifecycles, work_categories, regulatory, starts_at, ends_at, reason,
                             delegator_accepted_at, delegate_accepted_at, version, entry_seq, entry_id, entry_head)
    values (${id}, ${row.delegator_id}, ${row.delegate_id}, ${row.roles}, ${row.lifecycles}, ${row.work_categories}, ${row.regulatory},
            ${row.starts_at}, ${row.ends_at}, ${row.reason}, ${row.delegator_accepted_at}, ${row.delegate_accepted_at},
            ${head.version}, ${head.entry_seq}, ${head.entry_id}, ${head.entry_head})`
}

export function updateDelegation(
  tx: Tx,
  before: Chained,
  row: Pick<DelegationFields, keyof DelegationMarks | 'revoked_by'>,
  head: Head,
): void {
  tx.write('head')`
    update delegations set delegator_accepted_at = ${row.delegator_accepted_at}, delegate_accepted_at = ${row.delegate_accepted_at},
           declined_at = ${row.declined_at}, revoked_at = ${row.revoked_at}, revoked_by = ${row.revoked_by},
           version = ${head.version}, entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}
