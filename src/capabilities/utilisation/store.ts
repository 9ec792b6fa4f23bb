/** SQL of how much of people, tools and assets is used in a range of time. */
import type { Tx } from '#platform/tx.ts'

/** Hours within the range of times that are not void, by person; a timer that runs counts until `now`. */
export const listWorkedHours = (
  tx: Tx,
  from: string,
  until: string,
  now: string,
): Promise<{ person_id: string; hours: number }[]> =>
  tx.list`
    select t.person_id,
           sum(extract(epoch from least(coalesce(upper(t.during), greatest(${now}::timestamptz, lower(t.during))), ${until}::timestamptz)
                                  - greatest(lower(t.during), ${from}::timestamptz)) / 3600)::float8 as hours
      from time_entries t
     where t.voided_at is null and t.during && tstzrange(${from}::timestamptz, ${until}::timestamptz)
       and (upper(t.during) is not null or greatest(lower(t.during), ${from}::timestamptz) < ${now}::timestamptz)
     group by t.person_id`

export type ThingRow = {
  readonly id: string
  readonly name: string
  readonly quantity: number
  readonly reserved_hours: number
}

/** What is in use, by name; reserved is hours times pieces within the range, of what is confirmed or still held. */
export const listTools = (tx: Tx, from: string, until: string): Promise<ThingRow[]> =>
  tx.list<ThingRow>`
    select r.id, r.name, (r.body ->> 'quantity')::integer as quantity,
           coalesce((select sum(v.quantity * extract(epoch from least(upper(v.during), ${until}::timestamptz) - greatest(lower(v.during), ${from}::timestamptz)) / 3600)
                       from reservations v where v.tenant_id = r.tenant_id and v.resource_id = r.id and v.state <> 'released'
                        and upper(v.during) > ${from}::timestamptz and lower(v.during) < ${until}::timestamptz
                        and (v.state = 'confirmed' or v.held_until > clock_timestamp())), 0)::float8 as reserved_hours
      from resources r where r.type = 'tool' and not r.retired order by r.name`

export const listAssets = (tx: Tx, from: string, until: string): Promise<ThingRow[]> =>
  tx.list<ThingRow>`
    select a.id, a.tag as name, 1 as quantity,
           coalesce((select sum(extract(epoch from least(upper(v.during), ${until}::timestamptz) - greatest(lower(v.during), ${from}::timestamptz)) / 3600)
                       from reservations v where v.tenant_id = a.tenant_id and v.resource_id = a.id and v.state <> 'released'
                        and upper(v.during) > ${from}::timestamptz and lower(v.during) < ${until}::timestamptz
                        and (v.state = 'confirmed' or v.held_until > clock_timestamp())), 0)::float8 as reserved_hours
      from assets a where a.status <> 'retired' order by a.tag`
