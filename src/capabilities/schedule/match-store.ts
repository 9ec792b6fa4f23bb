/** SQL of many work orders at once, as far as who does them is a question. */
import { sql } from '#platform/sql.ts'
import { isId } from '#platform/id.ts'
import type { Category } from '#domain/lifecycle.ts'
import type { Requirements } from '#domain/work-order.ts'
import type { Sql } from '#platform/sql.ts'
import type { Tx } from '#platform/tx.ts'

export type WorkRow = {
  readonly id: string
  readonly number: string
  readonly status: string
  readonly category: Category
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly planned_start: string | null
  readonly planned_end: string | null
  readonly estimated_hours: number | null
  readonly requirements: Requirements | null
}
const columns = sql`
  wo.id, wo.number, wo.status, wo.category, wo.requester_id, wo.assignee_id, wo.asset_id, wo.planned_start, wo.planned_end, wo.estimated_hours, wo.requirements`

/** By id or number, in no order. */
export const listNamed = (tx: Tx, refs: readonly string[]): Promise<WorkRow[]> =>
  tx.list<WorkRow>`
    select ${columns} from work_orders wo
     where wo.id = any (${refs.filter(isId)}::uuid[])
        or wo.id = any (array(select n.work_order_id from work_order_numbers n where n.number = any (${refs}::text[])))`

/** What nobody is assigned to and is not over, oldest first: of a project, or at the ends of the tree below a master. */
export function listOpenWork(
  tx: Tx,
  { parentId, project }: { readonly parentId?: string; readonly project?: string },
  limit: number,
): Promise<WorkRow[]> {
  const belongs: Sql =
    parentId === undefined
      ? sql`wo.project = ${project}`
      : sql`wo.id = any (array(
          with recursive below (id) as (
            select n.work_order_id from tree_nodes n where n.parent_id = ${parentId}
            union
            select n.work_order_id from below b join tree_nodes n on n.parent_id = b.id)
          select id from below))`
  return tx.list<WorkRow>`
    select ${columns} from work_orders wo
     where ${belongs} and wo.assignee_id is null and wo.category not in ('done', 'abandoned')
       and not exists (select from work_orders c where c.tenant_id = wo.tenant_id and c.parent_id = wo.id)
     order by wo.id limit ${limit}`
}

/** Ids of experiences by their names; what nobody has registered is not among them. */
export async function loadExperiences(tx: Tx, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.list<{ id: string; name: string }>`
    select id, name from resources where type = 'experience' and name = any (${names}::text[])`
  return new Map(rows.map(({ id, name }) => [name, id]))
}
