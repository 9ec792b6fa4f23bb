/** SQL of what the scheduler must know: open work with what it waits for, and what is set aside. */
import type { Category } from '#domain/lifecycle.ts'
import type { Hold, Predecessor, Priority, Requirements, Waiver } from '#domain/work-order.ts'
import { sql } from '#platform/sql.ts'
import type { Tx } from '#platform/tx.ts'

export type Plannable = {
  readonly id: string
  readonly number: string
  readonly version: number
  readonly category: Category
  readonly parent_id: string | null
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly asset: string | null
  readonly priority: Priority
  readonly due_date: string | null
  readonly estimated_hours: number | null
  readonly actual_start: string | null
  readonly planned_start: string | null
  readonly planned_end: string | null
  readonly requirements: Requirements | null
  readonly hold: Hold | null
  readonly waiver: Waiver | null
  readonly predecessors: readonly Predecessor[] | null
}

/** What is to be planned: named work orders, or all that is open of a master, a project, a place; of everything where all are null. */
export type Scope = {
  readonly ids: readonly string[] | null
  readonly master: string | null
  readonly project: string | null
  readonly location: string | null
}

/** Open work orders of the scope, the oldest first; at most `limit`. */
export const listPlannable = (
  tx: Tx,
  { ids, master, project, location }: Scope,
  limit: number,
): Promise<Plannable[]> =>
  tx.list<Plannable>`
    ${
      master === null
        ? sql``
        : sql`with recursive below as (
      select id from work_orders where id = ${master}
      union all select w.id from below b join work_orders w on w.parent_id = b.id)`
    }
    select w.id, w.number, w.version, w.category, w.parent_id, w.requester_id, w.assignee_id, w.asset_id, a.tag as asset, w.priority,
           w.due_date::text as due_date, w.estimated_hours, w.actual_start, w.planned_start, w.planned_end, w.requirements,
           w.hold, w.waiver, w.predecessors
      from work_orders w left join assets a on a.tenant_id = w.tenant_id and a.id = w.asset_id
     where w.category not in ('done', 'abandoned')
       and (${ids}::uuid[] is null or w.id = any (${ids}::uuid[]))
       ${master === null ? sql`` : sql`and w.id in (select id from below)`}
       and (${project}::text is null or w.project = ${project})
       and (${location}::text is null or a.location = ${location})
     order by w.id limit ${limit}`

export type Outside = Pick<Plannable, 'id' | 'number' | 'category' | 'waiver' | 'planned_end'> & {
  readonly actual_end: string | null
}
/** What others wait for, as far as it is known. */
export const listOutside = (tx: Tx, ids: readonly string[]): Promise<Outside[]> =>
  tx.list<Outside>`
    select id, number, category, waiver, planned_end, actual_end from work_orders where id = any (${ids}::uuid[])`

export type TakenRow = {
  readonly id: string
  readonly kind: 'person' | 'tool' | 'asset'
  readonly resource_id: string
  readonly work_order_id: string
  readonly from: string
  readonly until: string
  readonly quantity: number
}
/** Everything that is set aside and touches the range. */
export const listTaken = (tx: Tx, from: string, until: string): Promise<TakenRow[]> =>
  tx.list<TakenRow>`
    select v.id, v.kind, v.resource_id, v.work_order_id, lower(v.during) as from, upper(v.during) as until, v.quantity
      from reservations v
     where v.state <> 'released' and (v.state = 'confirmed' or v.held_until > clock_timestamp())
       and upper(v.during) > ${from}::timestamptz and lower(v.during) < ${until}::timestamptz`

export type ToolRow = {
  readonly id: string
  readonly name: string
  readonly quantity: number
  /** The first instant at which its calibration is past due; null where it has none. */
  readonly calibrated_until: string | null
}
export const listTools = (tx: Tx): Promise<ToolRow[]> =>
  tx.list<ToolRow>`
    select id, name, (body ->> 'quantity')::integer as quantity, find_calibration_end(tenant_id, id) as calibrated_until
      from resources where type = 'tool' and not retired`
