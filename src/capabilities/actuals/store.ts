/** SQL of what became of a work order: the changes of its fields, its rounds, what it waited for, who worked when. */
import type { Category } from '#domain/lifecycle.ts'
import type { GateName } from '#domain/lifecycle.ts'
import type { Tx } from '#platform/tx.ts'

export type FieldValue = { readonly at: string; readonly field: string; readonly value: unknown }
/** What these fields became, oldest first, as the entries of the record say. */
export const listFieldValues = (tx: Tx, recordId: string, fields: readonly string[]): Promise<FieldValue[]> =>
  tx.rows<FieldValue>`
    select e.at, c.change ->> 'field' as field, c.change -> 'new' as value
      from entries e
      cross join lateral jsonb_array_elements(convert_from(e.body, 'UTF8')::jsonb -> 'changes') c (change)
     where e.record_id = ${recordId} and c.change ->> 'field' = any (${[...fields]}::text[])
     order by e.seq`

export type RoundRow = {
  readonly gate: GateName
  readonly opened_at: string
  readonly closed_at: string | null
  readonly requirements: readonly { readonly role: string; readonly count: number }[]
  readonly signed: readonly { readonly role: string; readonly at: string }[]
}
/** Rounds of gates; a waiver is asked for beside them, and nothing waits for it. */
export const listRounds = (tx: Tx, workOrderId: string): Promise<RoundRow[]> =>
  tx.rows<RoundRow>`
    select r.gate, r.opened_at, r.closed_at,
           array(select json_build_object('role', q.role, 'count', q.count) from approval_requirements q
                  where q.tenant_id = r.tenant_id and q.round_id = r.id order by q.position, q.id) as requirements,
           array(select json_build_object('role', s.role, 'at', to_json(s.signed_at)) from signatures s
                  where s.tenant_id = r.tenant_id and s.round_id = r.id order by s.signed_at, s.id) as signed
      from approval_rounds r where r.work_order_id = ${workOrderId} and r.gate <> 'waiver' order by r.opened_at`

type Ties = {
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
}
export type EndRow = Ties & {
  readonly id: string
  readonly number: string
  readonly category: Category
  readonly actual_end: string | null
  readonly waived_at: string | null
}
export const listEnds = (tx: Tx, ids: readonly string[]): Promise<EndRow[]> =>
  tx.rows<EndRow>`
    select id, number, category, actual_end, waiver ->> 'at' as waived_at, requester_id, assignee_id, asset_id
      from work_orders where id = any (${[...ids]}::uuid[])`

export type WorkedRow = {
  readonly person_id: string
  readonly person: string
  readonly job_role: string | null
  readonly from_at: string
  /** null while the timer runs. */
  readonly until_at: string | null
}
export const listWorked = (tx: Tx, workOrderId: string): Promise<WorkedRow[]> =>
  tx.rows<WorkedRow>`
    select t.person_id, p.name as person, t.job_role, lower(t.during) as from_at, upper(t.during) as until_at
      from time_entries t join principals p on p.tenant_id = t.tenant_id and p.id = t.person_id
     where t.work_order_id = ${workOrderId} and t.voided_at is null order by t.during, t.id`

export type LinkedRow = Ties & {
  readonly id: string
  readonly estimated_hours: number | null
  readonly actual_hours: number | null
  /** Of times that have ended. */
  readonly logged_seconds: number
}
export const listLinkedHours = (tx: Tx, ids: readonly string[]): Promise<LinkedRow[]> =>
  tx.rows<LinkedRow>`
    select w.id, w.requester_id, w.assignee_id, w.asset_id, w.estimated_hours, w.actual_hours,
           coalesce((select sum(extract(epoch from upper(t.during) - lower(t.during))) from time_entries t
                      where t.tenant_id = w.tenant_id and t.work_order_id = w.id and t.voided_at is null and not upper_inf(t.during)), 0)::float8 as logged_seconds
      from work_orders w where w.id = any (${[...ids]}::uuid[])`
