/**
 * Proofs for many entries against one checkpoint, for whoever carries a part of the log away. The tiles of a tree
 * never change below its size, so a proof is the same whenever it is computed.
 */
import { planConsistency, planInclusion } from '#domain/merkle.ts'
import type { Span } from '#domain/merkle.ts'
import { hashSpan, listTiles, toTilePath } from '#domain/tile.ts'
import type { Tx } from '#platform/tx.ts'
import { listPlaces, loadCheckpointOver, loadLastEntry } from './prove-store.ts'
import { listTileRows } from './store.ts'
import type { CheckpointRow } from './store.ts'

export type ProvedEntry = {
  /** Counted from 0. */
  readonly leaf_index: number
  /** RFC 9162 section 2.1.3, the sibling of the leaf first. */
  readonly proof: readonly Buffer[]
}

/** How far the log must reach to cover all that this transaction sees. */
export const findLastEntry = (tx: Tx): Promise<{ id: string } | undefined> => loadLastEntry(tx)

/** A checkpoint that covers the entry and everything before it; undefined while it is not sealed. */
export const findCheckpointOver = (tx: Tx, entryId: string): Promise<CheckpointRow | undefined> =>
  loadCheckpointOver(tx, entryId)

/** The note as the log signed it, followed by the lines of its witnesses. */
export const toCosignedNote = ({ note, cosignatures }: CheckpointRow): string =>
  `${note}${cosignatures.map((line) => `${line}\n`).join('')}`

const mostTilesKept = 2000

export type Prover = {
  /** By the id of the entry; an entry that the tree of this size does not hold is left out. */
  prove(tx: Tx, entryIds: readonly string[]): Promise<Map<string, ProvedEntry>>
  /** RFC 9162 section 2.1.4: the tree of `from` leaves grew into this one. */
  proveGrowth(tx: Tx, from: number): Promise<Buffer[]>
}

/** Keeps the tiles that proofs of one tree share. */
export function openProver(size: number): Prover {
  const kept = new Map<string, Buffer>()
  const hashAll = async (tx: Tx, spans: readonly Span[]): Promise<Buffer[]> => {
    const tiles = listTiles(spans, size)
    if (kept.size > mostTilesKept) kept.clear()
    const missing = tiles.filter(({ level, index }) => !kept.has(`${level}/${index}`))
    for (const row of missing.length === 0 ? [] : await listTileRows(tx, missing))
      kept.set(`${row.level}/${row.index}`, row.hashes)
    return spans.map((span) =>
      hashSpan(span, size, (tile) => {
        const hashes = kept.get(`${tile.level}/${tile.index}`)
        if (hashes === undefined) throw new Error(`${toTilePath(tile)} is missing`)
        return hashes
      }),
    )
  }
  return {
    async prove(tx, entryIds) {
      const places = (await listPlaces(tx, entryIds)).filter(({ leaf_index }) => leaf_index < size)
      const plans = places.map(({ leaf_index }) => planInclusion(leaf_index, size))
      const hashes = await hashAll(tx, plans.flat())
      let at = 0
      return new Map(
        places.map(({ entry_id, leaf_index }, i) => {
          const begin = at
          at += plans[i]?.length ?? 0
          return [entry_id, { leaf_index, proof: hashes.slice(begin, at) }]
        }),
      )
    },
    proveGrowth: (tx, from) => hashAll(tx, planConsistency(from, size)),
  }
}
