/**
 * SQL of the lists: filters, order and the cursor that continues a page. Every order ends in the id, so a
 * page is one range of one index; the cursor carries the last row's place in that order.
 */
import type { Actor } from '#domain/principal.ts'
import { join, sql } from '#platform/sql.ts'
import type { Sql } from '#platform/sql.ts'
import type { Tx } from '#platform/tx.ts'
import type { ListInput, sorts } from './schema.ts'
import { foundByIndex, loadSample, matching, toSearch, toWalks } from './search-store.ts'
import type { Search } from './search-store.ts'
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

/** A list whose filters, order and place are SQL; words and tags stand apart, for there are two ways to find them. */
type Listing = {
  readonly by: Sql
  readonly direction: Sql
  readonly ordered: Sql
  readonly conditions: readonly Sql[]
  readonly most: number
  readonly search: Search | undefined
  /** Where words and tags alone decide, newest first, the index gives one page instead of all that match. */
  readonly newest: { readonly before: string | null; readonly most: number } | null
}

export async function listWorkOrders(
  tx: Tx,
  actor: Actor,
  input: ListInput,
  resolved: Resolved,
  after: Place | undefined,
): Promise<ListRow[]> {
  const listing = toListing(actor, input, resolved, after)
  const { search, most } = listing
  if (search === undefined) return readPage(tx, listing, listing.conditions)
  for (const walk of toWalks(await loadSample(tx, search), most)) {
    const page = await walkPage(tx, listing, search, walk)
    if (page !== undefined) return page
  }
  return searchPage(tx, listing, search)
}

/** The SQL of a list and one row more than its limit, which tells whether a page follows. */
export function toListing(
  actor: Actor,
  input: ListInput,
  resolved: Resolved,
  after: Place | undefined,
): Listing {
  const { by, cast, order: usual } = sortKeys[input.sort]
  const order = input.order ?? usual
  const filters = toConditions(actor, input, resolved)
  const conditions = [sql`true`, ...filters]
  if (after !== undefined) {
    const beyond = order === 'asc' ? sql`>` : sql`<`
    conditions.push(
      input.sort === 'created'
        ? sql`wo.id ${beyond} ${after.id}`
        : sql`(${by}, wo.id) ${beyond} (${after.key}${cast}, ${after.id}::uuid)`,
    )
  }
  const direction = order === 'asc' ? sql`asc` : sql`desc`
  const most = input.limit + 1
  const alone = filters.length === 0 && input.sort === 'created' && order === 'desc'
  return {
    by,
    direction,
    ordered: input.sort === 'created' ? sql`wo.id ${direction}` : sql`${by} ${direction}, wo.id ${direction}`,
    conditions,
    most,
    search: toSearch(input),
    newest: alone ? { before: after?.id ?? null, most } : null,
  }
}

/** The page is found first, by its index; only its rows are joined to names. */
function readPage(tx: Tx, { by, ordered, most }: Listing, conditions: readonly Sql[]): Promise<ListRow[]> {
  return tx.list<ListRow>`
    select ${columns}, ${by} as sort_key
      from (select * from work_orders wo where ${join(conditions, ' and ')} order by ${ordered} limit ${most}) wo ${named}
     order by ${ordered}`
}

/** The page by the index of words and tags: right for few matches, since all of them are read and sorted. */
export function searchPage(tx: Tx, listing: Listing, search: Search): Promise<ListRow[]> {
  const found = sql`wo.id = any (array(${foundByIndex(search, listing.newest)}))`
  return readPage(tx, listing, [...listing.conditions, found])
}

type Walked = ListRow & { readonly place: number; readonly found: boolean | null }

/**
 * The page by walking the list in its order and looking up the words of each row. Undefined when so many rows
 * did not fill it: the last of them comes along, found or not, to tell that from a list that ended.
 */
export async function walkPage(
  tx: Tx,
  { by, direction, ordered, conditions, most }: Listing,
  search: Search,
  walk: number,
): Promise<ListRow[] | undefined> {
  const rows = await tx.list<Walked>`
    select ${columns}, ${by} as sort_key, page.place, page.found
      from (select * from
             (select c.*, (select ${matching(search)} from work_order_texts t where t.tenant_id = c.tenant_id and t.work_order_id = c.id) as found
                from (select wo.tenant_id, wo.id, ${by} as key, (row_number() over (order by ${ordered}))::integer as place
                        from work_orders wo where ${join(conditions, ' and ')} order by ${ordered} limit ${walk}) c) c
             where c.found or c.place = ${walk}
             order by c.key ${direction}, c.id ${direction} limit ${most}) page
      join work_orders wo on wo.tenant_id = page.tenant_id and wo.id = page.id ${named}
     order by ${ordered}`
  const found = rows.filter((row) => row.found === true)
  const ended = !rows.some((row) => row.place === walk)
  return ended || found.length === most ? found : undefined
}

const overdue = sql`(wo.due_order < (now() at time zone 'UTC')::date and wo.category not in ('done', 'abandoned'))`

function toConditions(actor: Actor, input: ListInput, resolved: Resolved): Sql[] {
  const conditions: Sql[] = []
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
