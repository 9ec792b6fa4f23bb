/** SQL of principals and what was granted to them. */
import type { Grant, GrantedRole, PrincipalKind } from '#domain/principal.ts'
import type { PersonProfile } from '#domain/person.ts'
import type { HeldRating } from '#domain/qualification.ts'
import { isId } from '#platform/id.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'

export type PrincipalRow = {
  readonly id: string
  readonly kind: PrincipalKind
  readonly name: string
  readonly email: string | null
  readonly sponsor_id: string | null
  readonly sponsor: string | null
  /** Who is told when this person does not sign in time. */
  readonly manager_id: string | null
  readonly manager: string | null
  readonly disabled_at: string | null
  readonly profile: PersonProfile | null
  readonly ratings: readonly HeldRating[] | null
  readonly version: number
  readonly created_at: string
  readonly grants: readonly (Grant & { readonly asset: string | null })[]
}
export type LockedPrincipal = PrincipalRow & Chained & { readonly locked_at: string }

export async function lockPrincipal(tx: Tx, ref: string): Promise<LockedPrincipal | undefined> {
  const found = await loadPrincipal(tx, ref)
  if (found === undefined) return undefined
  tx.lock(found.id)
  const [locked, row] = await Promise.all([
    tx.maybe<{ entry_seq: number; entry_head: Buffer }>`
      select entry_seq, entry_head from principals where id = ${found.id} for update`,
    loadPrincipal(tx, found.id),
  ])
  return locked === undefined || row === undefined ? undefined : { ...row, ...locked, locked_at: tx.now() }
}

export const loadPrincipal = (tx: Tx, ref: string): Promise<PrincipalRow | undefined> =>
  tx.maybe<PrincipalRow>`
    select p.id, p.kind, p.name, p.email, p.sponsor_id, s.name as sponsor, p.manager_id, m.name as manager, p.disabled_at, p.profile, p.ratings, p.version, p.created_at,
           coalesce((select json_agg(json_build_object('role', g.role, 'asset_id', g.asset_id, 'asset', a.tag) order by g.role, a.tag)
                       from role_grants g left join assets a on a.tenant_id = g.tenant_id and a.id = g.asset_id
                      where g.principal_id = p.id), '[]') as grants
      from principals p left join principals s on s.tenant_id = p.tenant_id and s.id = p.sponsor_id
           left join principals m on m.tenant_id = p.tenant_id and m.id = p.manager_id
     where p.id = ${isId(ref) ? ref : null} or p.name = ${ref}`

export type PrincipalFilter = {
  readonly kind: PrincipalKind | null
  readonly role: GrantedRole | null
  readonly after: string
  readonly limit: number
}

export const listPrincipals = (tx: Tx, filter: PrincipalFilter): Promise<PrincipalRow[]> =>
  tx.list<PrincipalRow>`
    select p.id, p.kind, p.name, p.email, p.sponsor_id, s.name as sponsor, p.manager_id, m.name as manager, p.disabled_at, p.profile, p.ratings, p.version, p.created_at,
           coalesce((select json_agg(json_build_object('role', g.role, 'asset_id', g.asset_id, 'asset', a.tag) order by g.role, a.tag)
                       from role_grants g left join assets a on a.tenant_id = g.tenant_id and a.id = g.asset_id
                      where g.principal_id = p.id), '[]') as grants
      from principals p left join principals s on s.tenant_id = p.tenant_id and s.id = p.sponsor_id
           left join principals m on m.tenant_id = p.tenant_id and m.id = p.manager_id
     where p.name > ${filter.after}
       and (${filter.kind}::text is null or p.kind = ${filter.kind})
       and (${filter.role}::text is null or exists (select from role_grants g where g.principal_id = p.id and g.role = ${filter.role}))
     order by p.name limit ${filter.limit}`

export type NewPrincipal = Pick<PrincipalRow, 'id' | 'kind' | 'name' | 'email' | 'sponsor_id'>

export function insertPrincipal(tx: Tx, row: NewPrincipal, head: Head): void {
  tx.write(1)`
    insert into principals (id, kind, name, email, sponsor_id, version, entry_seq, entry_id, entry_head)
    values (${row.id}, ${row.kind}, ${row.name}, ${row.email}, ${row.sponsor_id}, ${head.version}, ${head.entry_seq}, ${head.entry_id}, ${head.entry_head})`
}

export function updatePrincipal(tx: Tx, before: Chained, disabledAt: string | null, head: Head): void {
  tx.write('head')`
    update principals set disabled_at = ${disabledAt}, version = ${head.version},
           entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}

export function updatePerson(
  tx: Tx,
  before: Chained,
  { profile, ratings }: Pick<PrincipalRow, 'profile' | 'ratings'>,
  head: Head,
): void {
  tx.write('head')`
    update principals set profile = ${profile === null ? null : JSON.stringify(profile)},
           ratings = ${ratings === null ? null : JSON.stringify(ratings)}, version = ${head.version},
           entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}

export function updateEmail(tx: Tx, before: Chained, email: string | null, head: Head): void {
  tx.write('head')`
    update principals set email = ${email}, version = ${head.version},
           entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}

export function updateManager(tx: Tx, before: Chained, managerId: string | null, head: Head): void {
  tx.write('head')`
    update principals set manager_id = ${managerId}, version = ${head.version},
           entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}

/** Whom this person reports to, up to the top. */
export const listManagersAbove = (tx: Tx, id: string): Promise<{ readonly id: string }[]> =>
  tx.rows<{ id: string }>`
    with recursive above as (
      select p.manager_id as id from principals p where p.id = ${id}
      union select p.manager_id from principals p join above a on p.id = a.id)
    select id from above where id is not null`

export function insertGrant(
  tx: Tx,
  principal: { readonly id: string; readonly kind: PrincipalKind },
  grant: Grant,
): void {
  tx.write(1)`
    insert into role_grants (principal_id, principal_kind, role, asset_id)
    values (${principal.id}, ${principal.kind}, ${grant.role}, ${grant.asset_id})`
}

export function deleteGrant(tx: Tx, principalId: string, grant: Grant): void {
  tx.write(1)`
    delete from role_grants where principal_id = ${principalId} and role = ${grant.role} and asset_id is not distinct from ${grant.asset_id}::uuid`
}
