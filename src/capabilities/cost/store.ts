/** SQL of what work orders cost: lines, and sums of lines and of working time. Money is decimal text. */
import type { CostKind } from '#domain/cost.ts'
import type { Tx } from '#platform/tx.ts'
import { sql } from '#platform/sql.ts'

export type CostRow = {
  readonly id: string
  readonly work_order_id: string
  readonly work_order: string
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly kind: CostKind
  readonly description: string
  readonly quantity: string
  readonly unit_price: string
  readonly currency: string
  readonly amount: string
  readonly dated: string
  readonly reference: string | null
  readonly added_by_id: string
  readonly added_by: string
  readonly added_at: string
  readonly voided_by: string | null
  readonly voided_at: string | null
  readonly void_reason: string | null
}

const columns = sql`
  c.id, c.work_order_id, w.number as work_order, w.requester_id, w.assignee_id, w.asset_id, c.kind, c.description,
  c.quantity::text as quantity, c.unit_price::text as unit_price, c.currency, c.amount::text as amount, c.dated, c.reference,
  c.added_by as added_by_id, a.name as added_by, c.added_at, v.name as voided_by, c.voided_at, c.void_reason`
const named = sql`
  join work_orders w on w.tenant_id = c.tenant_id and w.id = c.work_order_id
  join principals a on a.tenant_id = c.tenant_id and a.id = c.added_by
  left join principals v on v.tenant_id = c.tenant_id and v.id = c.voided_by`

export const loadCost = (tx: Tx, id: string): Promise<CostRow | undefined> =>
  tx.maybe<CostRow>`select ${columns} from cost_lines c ${named} where c.id = ${id}`

export type CostFilter = {
  readonly workOrderId: string
  /** Only what this one entered; null: all. */
  readonly addedBy: string | null
  readonly withVoid: boolean
  readonly after: string | null
  readonly limit: number
}
export const listCosts = (tx: Tx, filter: CostFilter): Promise<CostRow[]> =>
  tx.rows<CostRow>`
    select ${columns} from cost_lines c ${named}
     where c.work_order_id = ${filter.workOrderId}
       and (${filter.addedBy}::uuid is null or c.added_by = ${filter.addedBy}::uuid)
       and (${filter.withVoid} or c.voided_at is null)
       and (${filter.after}::uuid is null or c.id > ${filter.after}::uuid)
     order by c.id limit ${filter.limit}`

export type CostSum = {
  readonly work_order_id: string
  readonly kind: CostKind | 'labour'
  readonly currency: string
  readonly amount: string
}
/** Exact sums of what is not void, for each work order, kind and currency; labour is what its time entries cost. */
export const listCostSums = (tx: Tx, workOrderIds: readonly string[]): Promise<CostSum[]> =>
  tx.rows<CostSum>`
    select work_order_id, kind, currency, sum(amount)::text as amount
      from (select c.work_order_id, c.kind, c.currency, c.amount from cost_lines c
             where c.work_order_id = any (${[...workOrderIds]}::uuid[]) and c.voided_at is null
            union all
            select t.work_order_id, 'labour', t.currency, t.amount from time_entries t
             where t.work_order_id = any (${[...workOrderIds]}::uuid[]) and t.voided_at is null and t.amount is not null) as costs
     group by work_order_id, kind, currency order by work_order_id, kind, currency`

/** As above, of the lines that one caller entered. */
export const listOwnSums = (tx: Tx, workOrderId: string, addedBy: string): Promise<CostSum[]> =>
  tx.rows<CostSum>`
    select work_order_id, kind, currency, sum(amount)::text as amount from cost_lines
     where work_order_id = ${workOrderId} and added_by = ${addedBy} and voided_at is null
     group by work_order_id, kind, currency order by kind, currency`

/** Entries that ended and have no price: nobody said what an hour of the person costs. */
export async function countUnpricedEntries(tx: Tx, workOrderIds: readonly string[]): Promise<number> {
  const row = await tx.maybe<{ count: number }>`
    select count(*) as count from time_entries
     where work_order_id = any (${[...workOrderIds]}::uuid[]) and voided_at is null and not upper_inf(during) and amount is null`
  return row?.count ?? 0
}

export type NewCost = Pick<
  CostRow,
  | 'id'
  | 'work_order_id'
  | 'kind'
  | 'description'
  | 'quantity'
  | 'unit_price'
  | 'currency'
  | 'amount'
  | 'dated'
  | 'reference'
  | 'added_at'
>

export function insertCost(tx: Tx, row: NewCost): void {
  tx.write(1)`
    insert into cost_lines (id, work_order_id, kind, description, quantity, unit_price, currency, amount, dated, reference, added_by, added_at)
    values (${row.id}, ${row.work_order_id}, ${row.kind}, ${row.description}, ${row.quantity}::numeric, ${row.unit_price}::numeric,
            ${row.currency}, ${row.amount}::numeric, ${row.dated}, ${row.reference}, ${tx.actor.id}, ${row.added_at})`
}

export function voidCost(tx: Tx, id: string, reason: string, at: string): void {
  tx.write(1)`
    update cost_lines set voided_by = ${tx.actor.id}, voided_at = ${at}, void_reason = ${reason} where id = ${id} and voided_at is null`
}
