/** SQL of proofs for many entries at once: how far the log must reach, and where the entries stand in it. */
import type { Tx } from '#platform/tx.ts'
import type { CheckpointRow } from './store.ts'

/** The last entry in the order of the log, as far as this transaction sees it. */
export const loadLastEntry = (tx: Tx): Promise<{ id: string } | undefined> =>
  tx.maybe<{ id: string }>`select id from entries order by xid desc, id desc limit 1`

/** Checkpoints that cover the entry: of those that most witnesses have signed, the newest. */
export const loadCheckpointOver = (tx: Tx, entryId: string): Promise<CheckpointRow | undefined> =>
  tx.maybe<CheckpointRow>`
    select c.tree_size, c.root, c.note, c.created_at, k.vkey,
           array(select s.line from cosignatures s where s.tree_size = c.tree_size order by s.witness) as cosignatures
      from checkpoints c join log_keys k on k.tenant_id = c.tenant_id and k.retired_at is null
     where c.tree_size > (select l.leaf_index from log_leaves l where l.entry_id = ${entryId})
     order by (select count(*) from cosignatures s where s.tree_size = c.tree_size) desc, c.tree_size desc limit 1`

export const listPlaces = (
  tx: Tx,
  entryIds: readonly string[],
): Promise<{ entry_id: string; leaf_index: number }[]> =>
  tx.rows<{ entry_id: string; leaf_index: number }>`
    select entry_id, leaf_index from log_leaves where entry_id = any (${entryIds}::uuid[])`
