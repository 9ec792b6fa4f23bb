/** SQL of the check of trees: one statement each, so that each looks at one moment. */
import type { Tx } from '#platform/tx.ts'

export type Damage = {
  readonly kind: 'parent' | 'dependency' | 'rank' | 'root'
  readonly id: string
  readonly number: string
  /** The master or the predecessor that it is about. */
  readonly other: string | null
}

/** Where the index of trees is not what the records say, or does not fit itself. */
export const listDamage = (tx: Tx, most: number): Promise<Damage[]> =>
  tx.list<Damage>`
    with waiting as (
      select w.id, p.id as predecessor_id, p.lag_hours
        from work_orders w cross join lateral jsonb_to_recordset(w.predecessors) as p (id uuid, lag_hours double precision)
       where w.predecessors is not null),
    damage (kind, id, other) as (
      select 'parent', w.id, w.parent_id from work_orders w
       where w.parent_id is not null
         and not exists (select from tree_nodes n where n.work_order_id = w.id and n.parent_id = w.parent_id)
      union all
      select 'parent', n.work_order_id, n.parent_id from tree_nodes n
       where n.parent_id is not null
         and not exists (select from work_orders w where w.id = n.work_order_id and w.parent_id is not null)
      union all
      select 'dependency', coalesce(w.id, d.work_order_id), coalesce(w.predecessor_id, d.predecessor_id)
        from waiting w full join dependencies d on d.work_order_id = w.id and d.predecessor_id = w.predecessor_id
       where w.lag_hours is distinct from d.lag_hours
      union all
      select 'rank', n.work_order_id, n.parent_id
        from tree_nodes n join tree_nodes p on p.work_order_id = n.parent_id where n.rank >= p.rank
      union all
      select 'rank', d.work_order_id, d.predecessor_id
        from dependencies d
        left join tree_nodes s on s.work_order_id = d.work_order_id
        left join tree_nodes p on p.work_order_id = d.predecessor_id
       where (p.rank < s.rank and p.root_id = s.root_id) is not true
      union all
      select 'root', n.work_order_id, n.parent_id
        from tree_nodes n left join tree_nodes p on p.work_order_id = n.parent_id
       where n.root_id <> coalesce(p.root_id, n.work_order_id))
    select d.kind, d.id, w.number, d.other from damage d join work_orders w on w.id = d.id
     order by d.kind, w.number limit ${most}`

/** What finishes before what around these work orders, as the records themselves say it: whole trees. */
export const listSteps = (tx: Tx, ids: readonly string[]): Promise<{ from: string; to: string }[]> =>
  tx.list<{ from: string; to: string }>`
    with recursive step (a, b) as materialized (
      select w.id, w.parent_id from work_orders w where w.parent_id is not null
      union all
      select p.id, w.id
        from work_orders w cross join lateral jsonb_to_recordset(w.predecessors) as p (id uuid)
       where w.predecessors is not null),
    near (id) as (
      select unnest(${ids}::uuid[])
      union
      select s.b from near n join step s on s.a = n.id)
    select s.a as "from", s.b as "to" from step s join near n on n.id = s.a`
