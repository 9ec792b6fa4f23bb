/** SQL of assets. */
import { isId } from '#platform/id.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'

export const assetStatuses = ['in_service', 'out_of_service', 'retired'] as const
export type AssetFields = {
  readonly tag: string
  readonly name: string
  readonly location: string | null
  readonly status: (typeof assetStatuses)[number]
  readonly owner_id: string | null
  readonly parent_id: string | null
}
export type AssetRow = AssetFields & {
  readonly id: string
  readonly owner: string | null
  readonly parent: string | null
  readonly version: number
  readonly created_at: string
}
export type LockedAsset = AssetRow & Chained & { readonly locked_at: string }

export const findAssetByRef = (tx: Tx, ref: string): Promise<{ id: string; tag: string } | undefined> =>
  tx.maybe<{
    id: string
    tag: string
  }>`select id, tag from assets where id = ${isId(ref) ? ref : null} or tag = ${ref}`

export const loadAsset = (tx: Tx, ref: string): Promise<AssetRow | undefined> =>
  tx.maybe<AssetRow>`
    select a.id, a.tag, a.name, a.location, a.status, a.owner_id, o.name as owner, a.parent_id, p.tag as parent, a.version, a.created_at
      from assets a
      left join principals o on o.tenant_id = a.tenant_id and o.id = a.owner_id
      left join assets p on p.tenant_id = a.tenant_id and p.id = a.parent_id
     where a.id = ${isId(ref) ? ref : null} or a.tag = ${ref}`

export async function lockAsset(tx: Tx, ref: string): Promise<LockedAsset | undefined> {
  const found = await loadAsset(tx, ref)
  if (found === undefined) return undefined
  tx.lock(found.id)
  const [locked, row] = await Promise.all([
    tx.maybe<{ entry_seq: number; entry_head: Buffer }>`
      select entry_seq, entry_head from assets where id = ${found.id} for update`,
    loadAsset(tx, found.id),
  ])
  return locked === undefined || row === undefined ? undefined : { ...row, ...locked, locked_at: tx.now() }
}

export const listAssets = (tx: Tx, after: string, limit: number): Promise<AssetRow[]> =>
  tx.rows<AssetRow>`
    select a.id, a.tag, a.name, a.location, a.status, a.owner_id, o.name as owner, a.parent_id, p.tag as parent, a.version, a.created_at
      from assets a
      left join principals o on o.tenant_id = a.tenant_id and o.id = a.owner_id
      left join assets p on p.tenant_id = a.tenant_id and p.id = a.parent_id
     where a.tag > ${after} order by a.tag limit ${limit}`

/** An asset and what it is part of, from below to the top. */
export const listAbove = (tx: Tx, id: string): Promise<{ readonly id: string; readonly tag: string }[]> =>
  tx.rows<{ id: string; tag: string }>`
    with recursive above as (
      select a.id, a.tag, a.parent_id, 1 as height from assets a where a.id = ${id}
      union all
      select a.id, a.tag, a.parent_id, s.height + 1 from above s join assets a on a.id = s.parent_id)
      cycle id set is_cycle using path
    select id, tag from above where not is_cycle order by height`

export type BranchRow = AssetRow & { readonly depth: number }
/** An asset and all that is part of it: each below what it is part of, siblings by tag; the first `limit`. */
export const listBranch = (tx: Tx, id: string, limit: number): Promise<BranchRow[]> =>
  tx.rows<BranchRow>`
    with recursive below as (
      select a.id, array[a.tag] as path from assets a where a.id = ${id}
      union all
      select a.id, b.path || a.tag from below b join assets a on a.parent_id = b.id)
      cycle id set is_cycle using seen
    select a.id, a.tag, a.name, a.location, a.status, a.owner_id, o.name as owner, a.parent_id, p.tag as parent, a.version, a.created_at,
           cardinality(b.path) - 1 as depth
      from below b join assets a on a.id = b.id
      left join principals o on o.tenant_id = a.tenant_id and o.id = a.owner_id
      left join assets p on p.tenant_id = a.tenant_id and p.id = a.parent_id
     where not b.is_cycle order by b.path limit ${limit}`

/** Names of principals, whoever they are now. */
export const listOwnerNames = (
  tx: Tx,
  ids: readonly string[],
): Promise<{ readonly id: string; readonly name: string }[]> =>
  tx.rows<{ id: string; name: string }>`select id, name from principals where id = any(${ids}::uuid[])`

export function insertAsset(tx: Tx, id: string, row: AssetFields, head: Head): void {
  tx.write(1)`
    insert into assets (id, tag, name, location, status, owner_id, parent_id, version, entry_seq, entry_id, entry_head)
    values (${id}, ${row.tag}, ${row.name}, ${row.location}, ${row.status}, ${row.owner_id}, ${row.parent_id},
            ${head.version}, ${head.entry_seq}, ${head.entry_id}, ${head.entry_head})`
}

export function updateAsset(tx: Tx, before: Chained, row: AssetFields, head: Head): void {
  tx.write('head')`
    update assets set name = ${row.name}, location = ${row.location}, status = ${row.status}, owner_id = ${row.owner_id}, parent_id = ${row.parent_id},
           version = ${head.version}, entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}
