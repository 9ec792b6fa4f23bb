/** SQL of trees. */
import type { Category } from '#domain/lifecycle.ts'
import type { Edge, Ranked, TreeNode } from '#domain/tree.ts'
import type { Predecessor } from '#domain/work-order.ts'
import { isId } from '#platform/id.ts'
import { sql } from '#platform/sql.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'
import { forget } from '../work-order/memory.ts'

const rootOf = async (tx: Tx, id: string): Promise<string | undefined> =>
  (await tx.maybe<{ root_id: string }>`select root_id from tree_nodes where work_order_id = ${id}`)?.root_id

/** Nobody else changes the structure of the tree until this is done. Undefined when it stands in no tree. */
export async function lockTree(
  tx: Tx,
  workOrderId: string,
): Promise<{ readonly rootId: string } | undefined> {
  for (let rootId = await rootOf(tx, workOrderId); rootId !== undefined;) {
    await tx.rows`select pg_advisory_xact_lock(hashtextextended(${`docket.tree ${rootId}`}, 0))`
    const now = await rootOf(tx, workOrderId)
    if (now === rootId) return { rootId }
    rootId = now
  }
  return undefined
}

/** The trees of all of these, in one order for everybody; one that stands in no tree yet would be the root of its own. */
export async function lockTrees(tx: Tx, ids: readonly string[]): Promise<void> {
  for (let locked = new Set<string>(); ;) {
    const rows = await tx.rows<{ id: string; root_id: string }>`
      select work_order_id as id, root_id from tree_nodes where work_order_id = any (${ids}::uuid[])`
    const rootOfNode = new Map(rows.map(({ id, root_id }) => [id, root_id]))
    const open = [...new Set(ids.map((id) => rootOfNode.get(id) ?? id))]
      .filter((root) => !locked.has(root))
      .toSorted()
    if (open.length === 0) return
    for (const root of open)
      await tx.rows`select pg_advisory_xact_lock(hashtextextended(${`docket.tree ${root}`}, 0))`
    locked = new Set([...locked, ...open])
  }
}

/** A record whose predecessors change. */
export type Waiting = Chained & {
  readonly number: string
  readonly category: Category
  readonly status: string
  readonly regulatory: boolean
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly predecessors: readonly Predecessor[] | null
  readonly updated_at: string
}

/**
 * In the order of their ids. Many are read without a lock: they are written only as they were read, and who was quicker
 * makes the transaction begin again.
 */
export const listForChange = (tx: Tx, ids: readonly string[], isLocked: boolean): Promise<Waiting[]> =>
  tx.rows<Waiting>`
    select id, number, category, status, regulatory, requester_id, assignee_id, asset_id, predecessors, version, entry_seq, entry_head, updated_at
      from work_orders where id = any (${ids}::uuid[]) order by id ${isLocked ? sql`for update` : sql``}`

export type Changed = {
  readonly before: Waiting
  readonly predecessors: readonly Predecessor[] | null
  readonly head: Head
}

export function updatePredecessors(tx: Tx, changed: readonly Changed[], at: string): void {
  for (const { before } of changed) forget(tx.tenantId, before.id)
  tx.write(changed.length)`
    update work_orders w
       set predecessors = u.predecessors::jsonb, updated_at = ${at}::timestamptz, version = u.version,
           entry_seq = u.entry_seq, entry_id = u.entry_id, entry_head = u.entry_head
      from unnest(${changed.map(({ before }) => before.id)}::uuid[], ${changed.map(({ before }) => before.entry_seq)}::integer[],
                  ${changed.map(({ predecessors }) => (predecessors === null ? null : JSON.stringify(predecessors)))}::text[],
                  ${changed.map(({ head }) => head.version)}::integer[], ${changed.map(({ head }) => head.entry_seq)}::integer[],
                  ${changed.map(({ head }) => head.entry_id)}::uuid[], ${changed.map(({ head }) => head.entry_head)}::bytea[])
             as u (id, read_seq, predecessors, version, entry_seq, entry_id, entry_head)
     where w.id = u.id and w.entry_seq = u.read_seq`
}

/** Ids of many work orders by what they are called: id or number. */
export async function findIds(tx: Tx, refs: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.rows<{ id: string; number: string }>`
    select id, number from work_orders where id = any (${refs.filter(isId)}::uuid[])
    union all
    select work_order_id, number from work_order_numbers where number = any (${refs.filter((ref) => !isId(ref))}::text[])`
  return new Map(rows.flatMap(({ id, number }) => [[id, id] as const, [number, id] as const]))
}

/** What people call them; an id that is none of the tenant's stays as it is. */
export async function listNumbers(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.rows<{ id: string; number: string }>`
    select id, number from work_orders where id = any (${[...new Set(ids)].filter(isId)}::uuid[])`
  return new Map(rows.map(({ id, number }) => [id, number]))
}

export type Tied = {
  readonly id: string
  readonly number: string
  readonly title: string
  readonly status: string
  readonly category: Category
  readonly lag_hours: number
}

/** What it waits for, and what waits for it. */
export const listTies = (tx: Tx, id: string, side: 'predecessors' | 'successors'): Promise<Tied[]> =>
  side === 'predecessors'
    ? tx.rows<Tied>`
        select w.id, w.number, w.title, w.status, w.category, d.lag_hours
          from dependencies d join work_orders w on w.tenant_id = d.tenant_id and w.id = d.predecessor_id
         where d.work_order_id = ${id} order by w.number`
    : tx.rows<Tied>`
        select w.id, w.number, w.title, w.status, w.category, d.lag_hours
          from dependencies d join work_orders w on w.tenant_id = d.tenant_id and w.id = d.work_order_id
         where d.predecessor_id = ${id} order by w.number`

/**
 * The whole trees in which these work orders stand. Always by the indexes: a plan that was made while there were few
 * dependencies would compare each of them with each node of the tree.
 */
export async function loadTreesOf(
  tx: Tx,
  ids: readonly string[],
): Promise<{ readonly nodes: TreeNode[]; readonly edges: Edge[] }> {
  const [, nodes, edges] = await Promise.all([
    tx.rows`select set_config('enable_seqscan', 'off', true)`,
    tx.rows<TreeNode>`
      select n.work_order_id as id, n.parent_id as "parentId", n.rank from tree_nodes n
       where n.root_id in (select t.root_id from tree_nodes t where t.work_order_id = any (${ids}::uuid[]))`,
    tx.rows<Edge>`
      select d.predecessor_id as "from", d.work_order_id as "to", d.lag_hours as "lagHours"
        from tree_nodes n join dependencies d on d.tenant_id = n.tenant_id and d.work_order_id = n.work_order_id
       where n.root_id in (select t.root_id from tree_nodes t where t.work_order_id = any (${ids}::uuid[]))`,
    tx.rows`select set_config('enable_seqscan', 'on', true)`,
  ])
  return { nodes, edges }
}

/**
 * As much of a tree as one edge needs when it fits the ranks that stand: its ends, and what the end waits for. Whatever
 * finishes earlier ranks lower already, so the edge closes no cycle. Undefined where the whole must be looked at.
 */
export async function loadAround(
  tx: Tx,
  { from, to }: Pick<Edge, 'from' | 'to'>,
): Promise<{ readonly nodes: TreeNode[]; readonly edges: Edge[] } | undefined> {
  const [rows, edges] = await Promise.all([
    tx.rows<Ranked & { readonly root_id: string }>`
      select work_order_id as id, root_id, rank from tree_nodes
       where work_order_id in (${from}, ${to}) or work_order_id in (select predecessor_id from dependencies where work_order_id = ${to})`,
    tx.rows<Edge>`
      select predecessor_id as "from", work_order_id as "to", lag_hours as "lagHours" from dependencies where work_order_id = ${to}`,
  ])
  const [first, last] = [rows.find(({ id }) => id === from), rows.find(({ id }) => id === to)]
  if (first === undefined || last === undefined || first.root_id !== last.root_id) return undefined
  if (first.rank >= last.rank) return undefined
  return { nodes: rows.map(({ id, rank }) => ({ id, rank, parentId: null })), edges }
}

export const updateRanks = (tx: Tx, ranks: readonly Ranked[]): Promise<unknown> => tx.rows`
    update tree_nodes n set rank = r.rank
      from unnest(${ranks.map(({ id }) => id)}::uuid[], ${ranks.map(({ rank }) => rank)}::integer[]) as r (id, rank)
     where n.work_order_id = r.id`

/** As updateRanks, behind the changes that are queued already: a trigger makes nodes of them. */
export function queueRanks(tx: Tx, ranks: readonly Ranked[]): void {
  tx.write(ranks.length)`
    update tree_nodes n set rank = r.rank
      from unnest(${ranks.map(({ id }) => id)}::uuid[], ${ranks.map(({ rank }) => rank)}::integer[]) as r (id, rank)
     where n.work_order_id = r.id`
}
