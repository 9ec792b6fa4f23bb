/** SQL of the log as the service shows it: checkpoints, leaves and tiles of the tenant of the transaction. */
import type { TileAddress } from '#domain/tile.ts'
import type { Actor } from '#domain/principal.ts'
import type { Tx } from '#platform/tx.ts'

export type LogKeyRow = { readonly id: string; readonly origin: string; readonly vkey: string }

/** The key in use. */
export const loadLogKey = (tx: Tx): Promise<LogKeyRow | undefined> =>
  tx.maybe<LogKeyRow>`select id, origin, vkey from log_keys where retired_at is null`

export function insertLogKey(tx: Tx, row: LogKeyRow & { readonly wrapped_private: Buffer }): void {
  tx.write(1)`
    insert into log_keys (id, origin, vkey, wrapped_private)
    values (${row.id}, ${row.origin}, ${row.vkey}, ${row.wrapped_private})`
}

export type CheckpointRow = {
  readonly tree_size: number
  readonly root: Buffer
  readonly note: string
  readonly created_at: string
  /** Lines of witnesses, without line breaks. */
  readonly cosignatures: readonly string[]
  readonly vkey: string
}

/** The newest one; undefined before anything was sealed. */
export const loadLastCheckpoint = (tx: Tx): Promise<CheckpointRow | undefined> =>
  tx.maybe<CheckpointRow>`
    select c.tree_size, c.root, c.note, c.created_at, k.vkey,
           array(select s.line from cosignatures s where s.tree_size = c.tree_size order by s.witness) as cosignatures
      from checkpoints c join log_keys k on k.tenant_id = c.tenant_id and k.retired_at is null
     order by c.tree_size desc limit 1`

export type SealedEntryRow = {
  readonly id: string
  readonly xid: string
  /** Null while the entry is not sealed. */
  readonly leaf_index: number | null
  readonly leaf: Buffer
  /** The oldest transaction that was still running: entries of those below it can be sealed. */
  readonly horizon: string
}

/** Where an entry stands in the log. A vendor sees those of its own work orders only. */
export const loadSealedEntry = (
  tx: Tx,
  actor: Pick<Actor, 'id' | 'kind'>,
  entryId: string,
): Promise<SealedEntryRow | undefined> =>
  tx.maybe<SealedEntryRow>`
    select e.id, e.xid::text as xid, l.leaf_index, e.leaf, pg_snapshot_xmin(pg_current_snapshot())::text as horizon
      from entries e left join log_leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.id
     where e.id = ${entryId}
       and (${actor.kind} <> 'vendor' or exists (
             select from work_orders wo
              where wo.id = e.record_id and (wo.assignee_id = ${actor.id} or wo.requester_id = ${actor.id})))`

export type TileRow = { readonly level: number; readonly index: number; readonly hashes: Buffer }

/** Those that are there; each may hold more hashes than were asked for, never others. */
export const listTileRows = (
  tx: Tx,
  tiles: readonly Pick<TileAddress, 'level' | 'index'>[],
): Promise<TileRow[]> =>
  tx.rows<TileRow>`
    select t.level, t.tile_index as index, t.hashes
      from unnest(${tiles.map(({ level }) => level)}::integer[], ${tiles.map(({ index }) => index)}::bigint[]) as a (level, tile_index)
      join log_tiles t on t.level = a.level and t.tile_index = a.tile_index`
