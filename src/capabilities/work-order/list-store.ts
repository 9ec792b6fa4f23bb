/**
 * SQL of the lists: filters, order and the cursor that continues a page. Every order ends in the id, so a
 * page is one range of one index; the cursor carries the last row's place in that order.
 */
import type { Actor } from '#domain/principal.ts'
import { join, sql } from '#platform/sql.ts'
import type { Sql } from '#platform/sql.ts'
import type { Tx } from '#platform/tx.ts'
import type { ListInput, sorts } from './schema.ts'
import { columns, named } from './store.ts'
import type { WorkOrderRow } from './store.ts'

type Sort = (typeof sorts)[number]
export type Place = { readonly key: string | number | null; readonly id: string }

const sortKeys: {
  readonly [S in Sort]: { readonly by: Sql; readonly cast: Sql; readonly order: 'asc' | 'desc' }
} = {
  created: { by: sql`wo.id`, cast: sql`::uuid`, order: 'desc' },
  updated: { by: sql`wo.updated_at`, cast: sql`::timestamptz`, order: 'desc' },
  due_date: { by: sql`wo.due_order`, cast: sql`::date`, order: 'asc' },
  priority: { by: sql`wo.priority_rank`, cast: sql`::smallint`, order: 'asc' },
}

/** Ids that the filters name, resolved by the operation. */
export type Resolved = {
  readonly assignee_id?: string
  readonly requester_id?: string
  readonly asset_id?: string
  readonly parent_id?: string
  readonly work_order_id?: string
}

export type ListRow = WorkOrderRow & { readonly sort_key: string | number | null }

export async function listWorkOrders(
  tx: Tx,
  actor: Actor,
  input: ListInput,
  resolved: Resolved,
  after: Place | undefined,
): Promise<ListRow[]> {
  const { by, cast, order: usual } = sortKeys[input.sort]
  const order = input.order ?? usual
  const conditions = toConditions(actor, input, resolved)
  if (after !== undefined) {
    const beyond = order === 'asc' ? sql`>` : sql`<`
    conditions.push(
      input.sort === 'created'
        ? sql`wo.id ${beyond} ${after.id}`
        : sql`(${by}, wo.id) ${beyond} (${after.key}${cast}, ${after.id}::uuid)`,
    )
  }
  const direction = order === 'asc' ? sql`asc` : sql`desc`
  const ordered =
    input.sort === 'created' ? sql`wo.id ${direction}` : sql`${by} ${direction}, wo.id ${direction}`
  const fragments = input.q?.split(/\s+/).filter((fragment) => fragment !== '') ?? []
  if (fragments.length > 0 || input.tags !== undefined)
    conditions.push(matching(fragments, conditions.length, input, after))
  // The page is found first, by its index; only its rows are joined to names.
  return tx.list<ListRow>`
    select ${columns}, ${by} as sort_key
      from (select * from work_orders wo where ${join(conditions, ' and ')} order by ${ordered} limit ${input.limit + 1}) wo ${named}
     order by ${ordered}`
}

/** Where the words alone decide, the search stops at one page; with other filters it must give all that match. */
function matching(
  fragments: readonly string[],
  others: number,
  input: ListInput,
  after: Place | undefined,
): Sql {
  const alone =
    input.sort === 'created' && (input.order ?? 'desc') === 'desc' && others === (after === undefined ? 1 : 2)
  const before = alone ? (after?.id ?? null) : null
  const most = alone ? input.limit + 1 : null
  return sql`wo.id in (select search_work_orders(${fragments}::text[], ${input.tags ?? null}::text[], ${before}::uuid, ${most}::integer))`
}

const overdue = sql`(wo.due_order < (now() at time zone 'UTC')::date and wo.category not in ('done', 'abandoned'))`

function toConditions(actor: Actor, input: ListInput, resolved: Resolved): Sql[] {
  const conditions: Sql[] = [sql`true`]
  const add = (condition: Sql): number => conditions.push(condition)
  if (actor.kind === 'vendor') add(sql`(wo.assignee_id = ${actor.id} or wo.requester_id = ${actor.id})`)
  if (input.status !== undefined) add(sql`wo.status = any (${input.status}::text[])`)
  if (input.category !== undefined) add(sql`wo.category = any (${input.category}::text[])`)
  if (input.lifecycle !== undefined) add(sql`wo.lifecycle = ${input.lifecycle}`)
  if (resolved.assignee_id !== undefined) add(sql`wo.assignee_id = ${resolved.assignee_id}`)
  if (resolved.requester_id !== undefined) add(sql`wo.requester_id = ${resolved.requester_id}`)
  if (resolved.asset_id !== undefined) add(sql`wo.asset_id = ${resolved.asset_id}`)
  if (resolved.parent_id !== undefined) add(sql`wo.parent_id = ${resolved.parent_id}`)
  if (resolved.work_order_id !== undefined) add(sql`wo.id = ${resolved.work_order_id}`)
  if (input.priority !== undefined) {
    const ranks = input.priority.map((priority) => ({ critical: 1, high: 2, medium: 3, low: 4 })[priority])
    add(sql`wo.priority_rank = any (${ranks}::smallint[])`)
  }
  if (input.project !== undefined) add(sql`wo.project = ${input.project}`)
  if (input.work_category !== undefined) add(sql`wo.work_category = ${input.work_category}`)
  if (input.regulatory !== undefined) add(sql`wo.regulatory = ${input.regulatory}`)
  if (input.updated_since !== undefined) add(sql`wo.updated_at >= ${input.updated_since}::timestamptz`)
  if (input.overdue !== undefined) add(input.overdue ? overdue : sql`not ${overdue}`)
  if (!input.include_completed) add(sql`wo.category not in ('done', 'abandoned')`)
  return conditions
}
