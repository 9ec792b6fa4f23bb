/** SQL of many work orders at once: rows as one JSON document, so that a statement has as many columns as there are. */
import { recordedFields } from '#domain/work-order.ts'
import { identifier, join } from '#platform/sql.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'
import type { NewWorkOrder } from './store.ts'

export type CreatedRow = NewWorkOrder & Chained & { readonly updated_at: string; readonly entry_id: string }

const columns = [
  'id',
  'category',
  'created_at',
  'updated_at',
  'version',
  'entry_seq',
  'entry_id',
  'entry_head',
  ...recordedFields,
] as const
const columnList = join(columns.map(identifier), ', ')

/** Sent at once: masters must come before what is linked to them, because the index of trees is kept row by row. */
export async function insertRows(
  tx: Tx,
  rows: readonly NewWorkOrder[],
  heads: readonly Head[],
): Promise<void> {
  const documents = rows.map((row, i) => {
    const head = heads[i]
    return {
      ...row,
      ...head,
      updated_at: row.created_at,
      entry_head: `\\x${head?.entry_head.toString('hex')}`,
    }
  })
  await Promise.all([
    tx.rows`
      insert into work_order_numbers (number, work_order_id)
      select * from unnest(${rows.map((row) => row.number)}::text[], ${rows.map((row) => row.id)}::uuid[])`,
    tx.rows`
      insert into work_orders (${columnList})
      select ${columnList} from json_populate_recordset(null::work_orders, ${JSON.stringify(documents)}::json)`,
  ])
}

export async function listTakenNumbers(tx: Tx, candidates: readonly string[]): Promise<Set<string>> {
  const rows = await tx.rows<{ number: string }>`
    select number from work_order_numbers where number = any (${candidates}::text[])`
  return new Set(rows.map((row) => row.number))
}
