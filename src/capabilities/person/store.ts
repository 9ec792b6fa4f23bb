/** SQL of what people are rated in, and when they can work. */
import type { ShiftCalendar } from '#domain/availability.ts'
import type { PersonProfile } from '#domain/person.ts'
import type { PrincipalKind } from '#domain/principal.ts'
import { noQualifications } from '#domain/qualification.ts'
import type { HeldRating, NamedRating, Qualifications } from '#domain/qualification.ts'
import type { Tx } from '#platform/tx.ts'

/** What this principal can show, valid or not; experiences by their names. */
export const loadQualifications = async (tx: Tx, principalId: string): Promise<Qualifications> =>
  (await tx.maybe<Qualifications>`
    select coalesce((select json_agg(json_build_object('name', x.name, 'rating', (r ->> 'rating')::integer, 'expires_at', r ->> 'expires_at'))
                       from jsonb_array_elements(p.ratings) r
                       join resources x on x.tenant_id = p.tenant_id and x.id = (r ->> 'experience_id')::uuid), '[]') as ratings,
           coalesce(p.profile -> 'certificates', '[]') as certificates
      from principals p where p.id = ${principalId}`) ?? noQualifications

export type Expiring = {
  readonly principal_id: string
  readonly profile: PersonProfile | null
  readonly ratings: readonly HeldRating[] | null
}
/** Active people of whom a rating or a certificate expires between `now` and `until`. */
export const listExpiring = (tx: Tx, now: string, until: string): Promise<Expiring[]> =>
  tx.list<Expiring>`
    select p.id as principal_id, p.profile, p.ratings from principals p
     where p.disabled_at is null and (p.ratings is not null or p.profile is not null) and exists (
       select from (select (r ->> 'expires_at')::timestamptz as at from jsonb_array_elements(p.ratings) r
                    union all
                    select find_end_of_day(c ->> 'expires_on') from jsonb_array_elements(p.profile -> 'certificates') c) ends
        where ends.at > ${now}::timestamptz and ends.at <= ${until}::timestamptz)
     order by p.id`

export type Lapsed = {
  readonly id: string
  readonly number: string
  readonly assignee: string
  /** One of both is null. */
  readonly experience: string | null
  readonly certificate: string | null
  readonly expired_at: string
}
/** Work that is under way while its assignee is qualified in what it asks for, and no longer validly. */
export const listLapsed = (tx: Tx, now: string): Promise<Lapsed[]> =>
  tx.list<Lapsed>`
    select l.* from (
    select w.id, w.number, p.name as assignee, x.name as experience, null as certificate, r ->> 'expires_at' as expired_at
      from work_orders w
      join principals p on p.tenant_id = w.tenant_id and p.id = w.assignee_id
      cross join jsonb_array_elements(w.requirements -> 'experience') asked
      cross join jsonb_array_elements(p.ratings) r
      join resources x on x.tenant_id = p.tenant_id and x.id = (r ->> 'experience_id')::uuid and x.name = asked ->> 'name'
     where w.category in ('active', 'held') and w.requirements is not null
       and (r ->> 'rating')::integer >= (asked ->> 'min_rating')::integer
       and (r ->> 'expires_at')::timestamptz <= ${now}::timestamptz
    union all
    select w.id, w.number, p.name, null, c ->> 'name', to_json(find_end_of_day(c ->> 'expires_on')) #>> '{}'
      from work_orders w
      join principals p on p.tenant_id = w.tenant_id and p.id = w.assignee_id
      cross join jsonb_array_elements(w.requirements -> 'certificates') asked
      cross join jsonb_array_elements(p.profile -> 'certificates') c
     where w.category in ('active', 'held') and w.requirements is not null and c ->> 'name' = asked ->> 'name'
       and find_end_of_day(c ->> 'expires_on') <= ${now}::timestamptz) l
     where not exists (select from findings f where f.work_order_id = l.id and f.kind = 'qualification_expired')
     order by l.id`

export type WorkingPerson = {
  readonly id: string
  readonly name: string
  readonly kind: 'human' | 'vendor' | 'agent'
  readonly active: boolean
  readonly profile: PersonProfile | null
  readonly calendar: ShiftCalendar | null
  readonly ratings: readonly (NamedRating & { readonly experience_id: string })[]
  /** Instants, RFC 3339. */
  readonly absences: readonly { readonly from: string; readonly until: string }[]
  readonly bookings: readonly { readonly from: string; readonly until: string }[]
}
/** Everybody who could work, with what stands in the way between two instants. Names are in order. */
export const listWorking = (tx: Tx, from: string, until: string): Promise<WorkingPerson[]> =>
  tx.list<WorkingPerson>`
    select p.id, p.name, p.kind, p.disabled_at is null as active, p.profile, c.body as calendar,
           coalesce((select json_agg(json_build_object('experience_id', x.id, 'name', x.name, 'rating', (r ->> 'rating')::integer, 'expires_at', r ->> 'expires_at') order by x.name)
                       from jsonb_array_elements(p.ratings) r
                       join resources x on x.tenant_id = p.tenant_id and x.id = (r ->> 'experience_id')::uuid), '[]') as ratings,
           coalesce((select json_agg(json_build_object('from', to_json(a.starts_at), 'until', to_json(a.ends_at)) order by a.starts_at)
                       from absences a where a.tenant_id = p.tenant_id and a.principal_id = p.id and a.removed_at is null
                        and a.ends_at > ${from}::timestamptz and a.starts_at < ${until}::timestamptz), '[]') as absences,
           coalesce((select json_agg(json_build_object('from', to_json(greatest(lower(v.during), ${from}::timestamptz)), 'until', to_json(least(upper(v.during), ${until}::timestamptz))) order by v.during)
                       from reservations v where v.tenant_id = p.tenant_id and v.resource_id = p.id and v.state <> 'released'
                        and upper(v.during) > ${from}::timestamptz and lower(v.during) < ${until}::timestamptz
                        and (v.state = 'confirmed' or v.held_until > clock_timestamp())), '[]') as bookings
      from principals p left join resources c on c.tenant_id = p.tenant_id and c.id = (p.profile ->> 'calendar_id')::uuid
     where p.kind in ('human', 'vendor', 'agent') order by p.name`

export type CostRate = {
  /** From when it held: when it was said. */
  readonly since: string
  /** For an hour, decimal text; null: none any more. */
  readonly cost_rate: string | null
  readonly currency: string | null
  readonly said_by: string
  readonly reason: string | null
}
/** What an hour of somebody has cost, oldest first, as the entries of the principal say. */
export const listCostRates = (tx: Tx, principalId: string): Promise<CostRate[]> =>
  tx.rows<CostRate>`select since, cost_rate, currency, said_by, reason from list_cost_rates(current_tenant(), ${principalId}::uuid)`

export type Hours = Pick<WorkingPerson, 'id' | 'name' | 'profile' | 'calendar' | 'absences'> & {
  readonly kind: PrincipalKind
}
/** When these people work; absences as far as they touch a range. */
export const listHours = (tx: Tx, ids: readonly string[], from: string, until: string): Promise<Hours[]> =>
  tx.rows<Hours>`
    select p.id, p.name, p.kind, p.profile, c.body as calendar,
           coalesce((select json_agg(json_build_object('from', to_json(a.starts_at), 'until', to_json(a.ends_at)) order by a.starts_at)
                       from absences a where a.tenant_id = p.tenant_id and a.principal_id = p.id and a.removed_at is null
                        and a.ends_at > ${from}::timestamptz and a.starts_at < ${until}::timestamptz), '[]') as absences
      from principals p left join resources c on c.tenant_id = p.tenant_id and c.id = (p.profile ->> 'calendar_id')::uuid
     where p.id = any (${[...ids]}::uuid[])`
