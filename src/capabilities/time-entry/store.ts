/** SQL of working time. What an hour cost is written by the database, so a row is read back after it is written. */
import type { Actor } from '#domain/principal.ts'
import type { Tx } from '#platform/tx.ts'
import { sql } from '#platform/sql.ts'

/** Instants, RFC 3339, half-open; money is decimal text. */
export type TimeEntryRow = {
  readonly id: string
  readonly work_order_id: string
  readonly work_order: string
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly person_id: string
  readonly person: string
  readonly from_at: string
  /** null while the timer runs. */
  readonly until_at: string | null
  readonly source: 'timer' | 'manual'
  readonly job_role: string | null
  readonly note: string | null
  readonly ended_by_transition: boolean
  readonly cost_rate: string | null
  readonly currency: string | null
  readonly amount: string | null
  readonly corrects: string | null
  readonly corrected_by: string | null
  readonly logged_by: string
  readonly logged_at: string
  readonly voided_by: string | null
  readonly voided_at: string | null
  readonly void_reason: string | null
}

const columns = sql`
  t.id, t.work_order_id, w.number as work_order, w.requester_id, w.assignee_id, w.asset_id, t.person_id, p.name as person,
  lower(t.during) as from_at, upper(t.during) as until_at, t.source, t.job_role, t.note, t.ended_by_transition,
  t.cost_rate::text as cost_rate, t.currency, t.amount::text as amount, t.corrects, c.id as corrected_by,
  l.name as logged_by, t.logged_at, v.name as voided_by, t.voided_at, t.void_reason`
const named = sql`
  join work_orders w on w.tenant_id = t.tenant_id and w.id = t.work_order_id
  join principals p on p.tenant_id = t.tenant_id and p.id = t.person_id
  join principals l on l.tenant_id = t.tenant_id and l.id = t.logged_by
  left join principals v on v.tenant_id = t.tenant_id and v.id = t.voided_by
  left join time_entries c on c.tenant_id = t.tenant_id and c.corrects = t.id`

export const loadTimeEntry = (tx: Tx, id: string): Promise<TimeEntryRow | undefined> =>
  tx.maybe<TimeEntryRow>`select ${columns} from time_entries t ${named} where t.id = ${id}`

/** The timer of somebody that runs on a work order. */
export const findTimer = (tx: Tx, workOrderId: string, personId: string): Promise<TimeEntryRow | undefined> =>
  tx.maybe<TimeEntryRow>`
    select ${columns} from time_entries t ${named}
     where t.work_order_id = ${workOrderId} and t.person_id = ${personId} and upper_inf(t.during) and t.voided_at is null`

export type Overlap = {
  readonly work_order: string
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly from_at: string
  readonly until_at: string | null
}
/** What somebody has worked in a range, beside one entry; `until` is null for a range without an end. */
export const listOverlaps = (
  tx: Tx,
  personId: string,
  range: { readonly from: string; readonly until: string | null },
  beside: string | null,
): Promise<Overlap[]> =>
  tx.rows<Overlap>`
    select w.number as work_order, w.requester_id, w.assignee_id, w.asset_id, lower(t.during) as from_at, upper(t.during) as until_at
      from time_entries t join work_orders w on w.tenant_id = t.tenant_id and w.id = t.work_order_id
     where t.person_id = ${personId} and t.voided_at is null and t.id is distinct from ${beside}::uuid
       and t.during && tstzrange(${range.from}::timestamptz, ${range.until}::timestamptz)
     order by t.during limit 20`

export type TimeFilter = {
  readonly workOrderId: string | null
  readonly personId: string | null
  readonly from: string | null
  readonly until: string | null
  readonly withVoid: boolean
  readonly after: string | null
  readonly limit: number
}
/** In the order in which they were logged; those that touch the range, of work orders that the actor may see. */
export const listTimeEntries = (tx: Tx, actor: Actor, filter: TimeFilter): Promise<TimeEntryRow[]> =>
  tx.list<TimeEntryRow>`
    select ${columns} from time_entries t ${named}
     where (${filter.workOrderId}::uuid is null or t.work_order_id = ${filter.workOrderId}::uuid)
       and (${filter.personId}::uuid is null or t.person_id = ${filter.personId}::uuid)
       and t.during && tstzrange(${filter.from}::timestamptz, ${filter.until}::timestamptz)
       and (${filter.withVoid} or t.voided_at is null)
       and (${actor.kind !== 'vendor'} or w.assignee_id = ${actor.id} or w.requester_id = ${actor.id})
       and (${filter.after}::uuid is null or t.id > ${filter.after}::uuid)
     order by t.id limit ${filter.limit}`

export type NewTimeEntry = Pick<
  TimeEntryRow,
  'id' | 'work_order_id' | 'person_id' | 'from_at' | 'until_at' | 'source' | 'job_role' | 'note' | 'corrects'
> & { readonly logged_at: string }

/** At once, not with the commit: then it can be read back with what it cost. */
export const insertTimeEntry = (tx: Tx, row: NewTimeEntry): Promise<unknown> => tx.rows`
    insert into time_entries (id, work_order_id, person_id, during, source, job_role, note, corrects, logged_by, logged_at)
    values (${row.id}, ${row.work_order_id}, ${row.person_id}, tstzrange(${row.from_at}::timestamptz, ${row.until_at}::timestamptz),
            ${row.source}, ${row.job_role}, ${row.note}, ${row.corrects}, ${tx.actor.id}, ${row.logged_at})`

export const stopTimer = (
  tx: Tx,
  id: string,
  until: string,
  note: string | null,
): Promise<unknown> => tx.rows`
    update time_entries set during = tstzrange(lower(during), ${until}::timestamptz), note = ${note}
     where id = ${id} and upper_inf(during)`

export const voidTimeEntry = (tx: Tx, id: string, reason: string, at: string): Promise<unknown> => tx.rows`
    update time_entries set voided_by = ${tx.actor.id}, voided_at = ${at}, void_reason = ${reason} where id = ${id} and voided_at is null`

export type RunningRow = {
  readonly id: string
  readonly work_order_id: string
  readonly person_id: string
  readonly person: string
  readonly from_at: string
}
export const listRunning = (tx: Tx, workOrderIds: readonly string[]): Promise<RunningRow[]> =>
  tx.rows<RunningRow>`
    select t.id, t.work_order_id, t.person_id, p.name as person, lower(t.during) as from_at
      from time_entries t join principals p on p.tenant_id = t.tenant_id and p.id = t.person_id
     where t.work_order_id = any (${[...workOrderIds]}::uuid[]) and upper_inf(t.during) and t.voided_at is null
     order by t.id`
