/** SQL of what people are rated in. */
import type { HeldRating, NamedRating } from '#domain/qualification.ts'
import type { Tx } from '#platform/tx.ts'

/** What this principal is rated in, valid or not; experiences by their names. */
export const listNamedRatings = (tx: Tx, principalId: string): Promise<NamedRating[]> =>
  tx.rows<NamedRating>`
    select x.name, (r ->> 'rating')::integer as rating, r ->> 'expires_at' as expires_at
      from principals p cross join jsonb_array_elements(p.ratings) r
      join resources x on x.tenant_id = p.tenant_id and x.id = (r ->> 'experience_id')::uuid
     where p.id = ${principalId}`

export type Expiring = {
  readonly principal_id: string
  readonly ratings: readonly HeldRating[]
}
/** Active people of whom a rating expires between `now` and `until`. */
export const listExpiring = (tx: Tx, now: string, until: string): Promise<Expiring[]> =>
  tx.list<Expiring>`
    select p.id as principal_id, p.ratings from principals p
     where p.disabled_at is null and p.ratings is not null and exists (
       select from jsonb_array_elements(p.ratings) r
        where (r ->> 'expires_at')::timestamptz > ${now}::timestamptz and (r ->> 'expires_at')::timestamptz <= ${until}::timestamptz)
     order by p.id`

export type Lapsed = {
  readonly id: string
  readonly number: string
  readonly assignee: string
  readonly experience: string
  readonly expired_at: string
}
/** Work that is under way while its assignee is rated high enough in what it asks for, and no longer validly. */
export const listLapsed = (tx: Tx, now: string): Promise<Lapsed[]> =>
  tx.list<Lapsed>`
    select w.id, w.number, p.name as assignee, x.name as experience, r ->> 'expires_at' as expired_at
      from work_orders w
      join principals p on p.tenant_id = w.tenant_id and p.id = w.assignee_id
      cross join jsonb_array_elements(w.requirements -> 'experience') asked
      cross join jsonb_array_elements(p.ratings) r
      join resources x on x.tenant_id = p.tenant_id and x.id = (r ->> 'experience_id')::uuid and x.name = asked ->> 'name'
     where w.category in ('active', 'held') and w.requirements is not null
       and (r ->> 'rating')::integer >= (asked ->> 'min_rating')::integer
       and (r ->> 'expires_at')::timestamptz <= ${now}::timestamptz
       and not exists (select from findings f where f.tenant_id = w.tenant_id and f.work_order_id = w.id and f.kind = 'qualification_expired')
     order by w.id`
