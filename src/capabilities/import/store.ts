/**
 * SQL of imports: many rows in one statement. The rows of a batch and their entries are checked against one
 * another at its end, not at the commit, so that memory and progress stay even however long the file is.
 */
import type { Category } from '#domain/lifecycle.ts'
import type { Recorded } from '#domain/work-order.ts'
import type { Head, Tx } from '#platform/tx.ts'
import type { AssetFields } from '../asset/store.ts'

/** One import at a time in a tenant: the second one waits, and then sees what the first one did. */
export const lockImports = (tx: Tx): Promise<unknown> =>
  tx.rows`select pg_advisory_xact_lock(hashtextextended(${`docket.import:${tx.tenantId}`}, 0))`

/** True when rows of this source stand under keys of another kind. */
export async function hasOtherKeys(tx: Tx, source: string, prefix: string): Promise<boolean> {
  const row = await tx.maybe`
    select 1 from imported_rows where source = ${source} and left(row_key, ${prefix.length}) <> ${prefix} limit 1`
  return row !== undefined
}

export async function listKnownKeys(tx: Tx, source: string, keys: readonly string[]): Promise<Set<string>> {
  const rows = await tx.rows<{ row_key: string }>`
    select row_key from imported_rows where source = ${source} and row_key = any (${keys}::text[])`
  return new Set(rows.map((row) => row.row_key))
}

export const listAssetsByTag = (tx: Tx, tags: readonly string[]): Promise<{ id: string; tag: string }[]> =>
  tx.rows<{ id: string; tag: string }>`select id, tag from assets where tag = any (${tags}::text[])`

export type ImportedAsset = AssetFields & { readonly id: string }
export type ImportedWorkOrder = Recorded & { readonly id: string; readonly category: Category }

export const deferChecks = (tx: Tx): Promise<unknown> => tx.rows`set constraints all deferred`
export const runChecks = (tx: Tx): Promise<unknown> => tx.rows`set constraints all immediate`

export const insertAssets = (
  tx: Tx,
  rows: readonly ImportedAsset[],
  heads: readonly Head[],
): Promise<unknown> => tx.rows`
    insert into assets (id, tag, name, status, version, entry_seq, entry_id, entry_head)
    select id, tag, name, 'in_service', 1, 1, entry_id, entry_head
      from unnest(${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.tag)}::text[], ${rows.map((row) => row.name)}::text[],
                  ${heads.map((head) => head.entry_id)}::uuid[], ${heads.map((head) => head.entry_head)}::bytea[])
        as a (id, tag, name, entry_id, entry_head)`

/** Rows of one batch: what is the same in all of them is said once. */
export function insertWorkOrders(
  tx: Tx,
  rows: readonly ImportedWorkOrder[],
  heads: readonly Head[],
  at: string,
): Promise<unknown> {
  const [first] = rows
  if (first === undefined) return Promise.resolve()
  const all = <T>(of: (row: ImportedWorkOrder) => T): T[] => rows.map(of)
  return tx.rows`
    insert into work_orders (id, number, lifecycle, status, category, title, description, priority, regulatory, origin, requester_id,
           asset_id, actual_hours, project, work_category, actual_start, actual_end, attributes, import_source,
           created_at, updated_at, version, entry_seq, entry_id, entry_head)
    select id, number, ${first.lifecycle}, ${first.status}, ${first.category}, title, description, priority, false, ${first.origin}, ${first.requester_id}::uuid,
           asset_id, actual_hours, project, work_category, actual_start, actual_end, attributes, import_source,
           ${at}::timestamptz, ${at}::timestamptz, 1, 1, entry_id, entry_head
      from unnest(${all((row) => row.id)}::uuid[], ${all((row) => row.number)}::text[], ${all((row) => row.title)}::text[],
                  ${all((row) => row.description)}::text[], ${all((row) => row.priority)}::text[], ${all((row) => row.asset_id)}::uuid[],
                  ${all((row) => row.actual_hours)}::float8[], ${all((row) => row.project)}::text[], ${all((row) => row.work_category)}::text[],
                  ${all((row) => row.actual_start)}::timestamptz[], ${all((row) => row.actual_end)}::timestamptz[],
                  ${all((row) => JSON.stringify(row.attributes))}::jsonb[], ${all((row) => row.import_source)}::text[],
                  ${heads.map((head) => head.entry_id)}::uuid[], ${heads.map((head) => head.entry_head)}::bytea[])
        as w (id, number, title, description, priority, asset_id, actual_hours, project, work_category, actual_start, actual_end,
              attributes, import_source, entry_id, entry_head)`
}

export const insertNumbers = (tx: Tx, rows: readonly ImportedWorkOrder[]): Promise<unknown> => tx.rows`
    insert into work_order_numbers (number, work_order_id)
    select * from unnest(${rows.map((row) => row.number)}::text[], ${rows.map((row) => row.id)}::uuid[])`

export const insertKeys = (
  tx: Tx,
  source: string,
  keys: readonly string[],
  rows: readonly ImportedWorkOrder[],
): Promise<unknown> => tx.rows`
    insert into imported_rows (source, row_key, work_order_id)
    select ${source}, * from unnest(${keys}::text[], ${rows.map((row) => row.id)}::uuid[])`
