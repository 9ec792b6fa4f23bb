/** SQL of whole trees as they are read: every node with what its time and its roll-up need, and what it waits for. */
import type { ShiftCalendar } from '#domain/availability.ts'
import type { Counted } from '#domain/roll-up.ts'
import type { CompletionPolicy, FailurePolicy, Predecessor, Priority } from '#domain/work-order.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import { sql } from '#platform/sql.ts'
import type { Tx } from '#platform/tx.ts'

export type TreeRow = Counted & {
  readonly title: string
  readonly lifecycle: LifecycleName
  readonly status: string
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly parent_id: string | null
  readonly priority: Priority
  readonly regulatory: boolean
  readonly planned_start: string | null
  readonly planned_end: string | null
  readonly completion_policy: CompletionPolicy | null
  readonly on_failure: FailurePolicy | null
  readonly predecessors: readonly Predecessor[] | null
}
type TreeEdge = { readonly from: string; readonly to: string; readonly lagHours: number }

const columns = sql`
  wo.id, wo.number, wo.title, wo.lifecycle, wo.status, wo.category, wo.requester_id, wo.assignee_id, wo.asset_id,
  wo.parent_id, wo.priority, wo.regulatory, wo.estimated_hours, wo.actual_hours, wo.actual_start, wo.actual_end,
  wo.planned_start, wo.planned_end, wo.hold, wo.blocker, wo.waiver, wo.completion_policy, wo.on_failure,
  wo.predecessors, wo.attributes ->> 'cost' as cost, a.name as assignee`
const named = sql`left join principals a on a.tenant_id = wo.tenant_id and a.id = wo.assignee_id`
const alone = sql`work_orders wo`
const inTree = sql`tree_nodes n join work_orders wo on wo.tenant_id = n.tenant_id and wo.id = n.work_order_id`

/**
 * The tree in which the work order stands, oldest node first; the work order alone where it stands in none. Its edges
 * are those that the nodes record themselves.
 */
export async function loadWholeTree(
  tx: Tx,
  id: string,
): Promise<{ readonly rows: TreeRow[]; readonly edges: TreeEdge[] }> {
  const node = await tx.maybe<{ root_id: string }>`select root_id from tree_nodes where work_order_id = ${id}`
  // Planned for this root: trees differ in size by four orders of magnitude.
  const rows = await tx.list<TreeRow>`
    select ${columns}
      from ${node === undefined ? alone : inTree} ${named}
     where ${node === undefined ? sql`wo.id = ${id}` : sql`n.root_id = ${node.root_id}`}
     order by wo.id`
  const edges: TreeEdge[] = []
  for (const { id: to, predecessors } of rows)
    for (const one of predecessors ?? []) edges.push({ from: one.id, to, lagHours: one.lag_hours })
  return { rows, edges }
}

export type Assignee = {
  readonly id: string
  readonly calendar_id: string | null
  readonly name: string | null
  readonly body: ShiftCalendar | null
  /** Instants, RFC 3339. */
  readonly absences: readonly { readonly from: string; readonly until: string }[]
}
/** Those of them who have a calendar, or absences that are not over at `from`. */
export const listAssignees = (tx: Tx, ids: readonly string[], from: string): Promise<Assignee[]> =>
  tx.rows<Assignee>`
    select p.id, c.id as calendar_id, c.name, c.body,
           coalesce(a.absences, '[]') as absences
      from principals p
      left join resources c on c.tenant_id = p.tenant_id and c.id = (p.profile ->> 'calendar_id')::uuid
      left join lateral (
        select json_agg(json_build_object('from', to_json(a.starts_at), 'until', to_json(a.ends_at)) order by a.starts_at) as absences
          from absences a
         where a.tenant_id = p.tenant_id and a.principal_id = p.id and a.removed_at is null and a.ends_at > ${from}::timestamptz) a on true
     where p.id = any (${ids}::uuid[]) and (c.id is not null or a.absences is not null)`
