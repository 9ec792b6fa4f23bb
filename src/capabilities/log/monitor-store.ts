/** SQL of the monitor, as docket_auditor: it can only read. Everything of one look is read in one snapshot. */
import type pg from 'pg'
import type { LeafRow, Piece, SeenCheckpoint } from './monitor-check.ts'
import { listPieceTiles } from './monitor-check.ts'
import { loadTiles } from './witness-store.ts'

export type Present = {
  readonly checkpoint: SeenCheckpoint | undefined
  /** Key in use; undefined before the log has one. */
  readonly vkey: string | undefined
}

export async function loadPresent(client: pg.PoolClient): Promise<Present> {
  const { rows } = await client.query<Partial<SeenCheckpoint> & { vkey: string | null }>(
    `select k.vkey, c.tree_size, c.root, c.note
       from (select) one left join log_keys k on k.retired_at is null
       left join lateral (select tree_size, root, note from checkpoints order by tree_size desc limit 1) c on true`,
  )
  const { vkey, tree_size, root, note } = rows[0] ?? { vkey: null }
  return {
    vkey: vkey ?? undefined,
    checkpoint:
      typeof tree_size === 'number' && root !== undefined && note !== undefined
        ? { tree_size, root, note }
        : undefined,
  }
}

/** Leaves [from, to) with their entries, their tiles and the checkpoints among them. */
export async function loadPiece(client: pg.PoolClient, from: number, to: number): Promise<Piece> {
  const leaves = await client.query<LeafRow>(
    `select l.leaf_index, l.entry_id, l.record_id, l.leaf, e.leaf as entry_leaf, e.record_id as entry_record, e.body,
            e.xid::text as xid
       from log_leaves l left join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
      where l.leaf_index >= $1 and l.leaf_index < $2 order by l.leaf_index`,
    [from, to],
  )
  const checkpoints = await client.query<SeenCheckpoint>(
    `select tree_size, root, note from checkpoints where tree_size > $1 and tree_size <= $2`,
    [from, to],
  )
  const tiles = await loadTiles(client, listPieceTiles(from, to))
  return {
    from,
    to,
    leaves: leaves.rows,
    checkpoints: checkpoints.rows,
    tiles,
    entries: await countEntries(client, from, to),
  }
}

/** How many entries stand from behind the one of leaf `from − 1` up to that of leaf `to − 1`, in order of commit. */
async function countEntries(client: pg.PoolClient, from: number, to: number): Promise<number | null> {
  const { rows } = await client.query<{ leaf_index: number; xid: string; id: string }>(
    `select l.leaf_index, e.xid::text as xid, e.id
       from log_leaves l join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
      where l.leaf_index in ($1, $2)`,
    [from - 1, to - 1],
  )
  const first =
    from === 0
      ? { xid: '0', id: '00000000-0000-0000-0000-000000000000' }
      : rows.find(({ leaf_index }) => leaf_index === from - 1)
  const last = rows.find(({ leaf_index }) => leaf_index === to - 1)
  if (first === undefined || last === undefined) return null
  const counted = await client.query<{ entries: number }>(
    `select count(*)::int as entries from entries e
      where (e.xid, e.id) > ($1::xid8, $2::uuid) and (e.xid, e.id) <= ($3::xid8, $4::uuid)`,
    [first.xid, first.id, last.xid, last.id],
  )
  return counted.rows[0]?.entries ?? 0
}
