/**
 * What the monitor concludes from what it has read, without I/O: does the present log continue the one that was
 * seen last, and does a piece of it hold together, from the bodies of entries up to the signed roots.
 */
import { hash } from 'node:crypto'
import { listSigners, parseCheckpoint, parseNote } from '#domain/checkpoint.ts'
import type { Verifier } from '#domain/checkpoint.ts'
import {
  appendLeaf,
  emptyRoot,
  hashBytes,
  rootOfLeaves,
  rootOfRange,
  verifyConsistency,
} from '#domain/merkle.ts'
import type { CompactRange } from '#domain/merkle.ts'
import { tileWidth } from '#domain/tile.ts'
import type { TileAddress } from '#domain/tile.ts'
import type { Mismatch } from './neighbour.ts'

export type SeenCheckpoint = { readonly tree_size: number; readonly root: Buffer; readonly note: string }

export type LeafRow = {
  readonly leaf_index: number
  readonly entry_id: string
  readonly record_id: string
  readonly leaf: Buffer
  /** Null when the entry is not there. */
  readonly entry_leaf: Buffer | null
  readonly entry_record: string | null
  readonly body: Buffer | null
  /** Transaction of the entry, decimal: with the entry's id, its place in the order of commit. */
  readonly xid: string | null
}

/** Leaves [from, to) with all that must agree with them. */
export type Piece = {
  readonly from: number
  readonly to: number
  readonly leaves: readonly LeafRow[]
  /** Entries from the one before `from`, which does not count, to that of the last leaf; null when one of the two is missing. */
  readonly entries: number | null
  /** Hashes by `level/index`. */
  readonly tiles: ReadonlyMap<string, Buffer>
  /** Those with from < tree_size ≤ to. */
  readonly checkpoints: readonly SeenCheckpoint[]
}

/** The place of hash `n` of a level: its tile, and where in it. */
const placeOf = (level: number, n: number): { tile: string; at: number } => ({
  tile: `${level}/${Math.floor(n / tileWidth)}`,
  at: (n % tileWidth) * hashBytes,
})

const toAddress = (level: number, index: number): Pick<TileAddress, 'level' | 'index'> => ({ level, index })

/** The tiles that a piece is held against: those of its leaves, and those that complete above them. */
export function listPieceTiles(from: number, to: number): Pick<TileAddress, 'level' | 'index'>[] {
  const tiles: Pick<TileAddress, 'level' | 'index'>[] = []
  for (let level = 0, width = 1; Math.floor(to / width) > 0; level += 1, width *= tileWidth) {
    const first = Math.floor(Math.floor(from / width) / tileWidth)
    const last = Math.floor((Math.ceil(to / width) - 1) / tileWidth)
    for (let index = first; index <= last; index += 1) tiles.push(toAddress(level, index))
  }
  return tiles
}

/** Does the newest checkpoint continue the one that was seen last? `proof` leads from there. */
export function checkHead(
  seen: SeenCheckpoint | undefined,
  present: SeenCheckpoint | undefined,
  key: Verifier | undefined,
  proof: readonly Buffer[],
): Mismatch | undefined {
  const at = { key: 'head', ...(present === undefined ? {} : { tree_size: present.tree_size }) }
  if (present === undefined)
    return seen === undefined
      ? undefined
      : { ...at, what: `the log is empty, but had ${seen.tree_size} entries when it was last seen` }
  const faulty = checkNote(present, key)
  if (faulty !== undefined) return { ...at, what: faulty }
  if (seen === undefined) return undefined
  if (present.tree_size < seen.tree_size)
    return {
      ...at,
      what: `the log has ${present.tree_size} entries, but had ${seen.tree_size} when it was last seen: it was cut, or an older backup was restored`,
    }
  const continues =
    present.tree_size === seen.tree_size
      ? present.root.equals(seen.root)
      : verifyConsistency({
          from: seen.tree_size,
          to: present.tree_size,
          rootFrom: seen.root,
          rootTo: present.root,
          proof,
        })
  return continues
    ? undefined
    : {
        ...at,
        what: `the log does not continue what it was at ${seen.tree_size} entries: its past was changed`,
      }
}

/** The note says what its row says, and the key of the log signed it. */
function checkNote({ tree_size, root, note }: SeenCheckpoint, key: Verifier | undefined): string | undefined {
  const signed = parseNote(note)
  const said = signed === undefined ? undefined : parseCheckpoint(signed.text)
  if (signed === undefined || said?.size !== tree_size || !said.root.equals(root))
    return `the checkpoint of ${tree_size} entries does not say what its row says`
  if (key === undefined || said.origin !== key.name || listSigners(signed, [key]).length === 0)
    return `the checkpoint of ${tree_size} entries is not signed by the key of this log`
  return undefined
}

/**
 * Holds a piece together and moves `range` from its beginning to its end. The range goes on with what was sealed,
 * so that one damaged entry does not make every root after it look wrong.
 */
export function checkPiece(range: CompactRange, piece: Piece, key: Verifier | undefined): Mismatch[] {
  const found: Mismatch[] = []
  const rows = new Map(piece.leaves.map((row) => [row.leaf_index, row]))
  const checkpoints = new Map(piece.checkpoints.map((row) => [row.tree_size, row]))
  for (let index = piece.from; index < piece.to; index += 1) {
    const row = rows.get(index)
    const { tile, at } = placeOf(0, index)
    const tiled = piece.tiles.get(tile)?.subarray(at, at + hashBytes)
    const what = row === undefined ? `leaf ${index} is missing` : checkLeaf(row, tiled)
    const early = what === undefined && row !== undefined && !isAfter(row, rows.get(index - 1))
    if (what !== undefined || early)
      found.push({
        what: what ?? `leaf ${index} stands behind a later entry in the order of commit`,
        key: `leaf ${index}`,
        leaf_index: index,
        ...(row === undefined ? {} : { entry_id: row.entry_id, record_id: row.record_id }),
      })
    appendLeaf(range, row?.leaf ?? (tiled?.length === hashBytes ? tiled : emptyRoot))
    found.push(...checkTilesAbove(index + 1, piece.tiles))
    const checkpoint = checkpoints.get(index + 1)
    const unlike = checkpoint === undefined ? undefined : checkRoot(checkpoint, range, key)
    if (unlike !== undefined)
      found.push({ what: unlike, key: `checkpoint ${index + 1}`, tree_size: index + 1 })
  }
  if (piece.entries !== null && piece.entries !== piece.to - piece.from)
    found.push({
      what: `between leaf ${piece.from} and leaf ${piece.to - 1} there are ${piece.entries} entries in order of commit, not ${piece.to - piece.from}`,
      key: `order ${piece.from}`,
      leaf_index: piece.from,
    })
  return found
}

function isAfter(row: LeafRow, before: LeafRow | undefined): boolean {
  if (row.xid === null || before === undefined || before.xid === null) return true
  const [own, other] = [BigInt(row.xid), BigInt(before.xid)]
  return own === other ? row.entry_id > before.entry_id : own > other
}

function checkLeaf(row: LeafRow, tiled: Buffer | undefined): string | undefined {
  const { leaf_index: index, entry_id: id } = row
  if (row.body === null || row.entry_leaf === null) return `the entry ${id} of leaf ${index} is missing`
  const leaf = hash('sha256', Buffer.concat([Buffer.of(0), row.body]), 'buffer')
  if (!leaf.equals(row.entry_leaf)) return `the body of entry ${id} (leaf ${index}) was changed`
  if (!leaf.equals(row.leaf)) return `the entry ${id} (leaf ${index}) is not the one that was sealed`
  if (row.entry_record !== row.record_id) return `the entry ${id} (leaf ${index}) was hung on another record`
  if (tiled?.equals(leaf) !== true) return `the tile of leaf ${index} (entry ${id}) says another leaf`
  return undefined
}

/** Where the tree reaches a multiple of 256, 256², …: the tile above must hold the root of the full tile below. */
function checkTilesAbove(size: number, tiles: ReadonlyMap<string, Buffer>): Mismatch[] {
  const found: Mismatch[] = []
  for (let level = 1, width = tileWidth; size % width === 0; level += 1, width *= tileWidth) {
    const n = size / width - 1
    const below = tiles.get(`${level - 1}/${n}`)
    const { tile, at } = placeOf(level, n)
    const said = tiles.get(tile)?.subarray(at, at + hashBytes)
    if (below === undefined || said?.equals(rootOfTile(below)) !== true)
      found.push({
        what: `tile ${tile} does not say the root of tile ${level - 1}/${n}`,
        key: `tile ${tile}`,
      })
  }
  return found
}

const rootOfTile = (hashes: Buffer): Buffer =>
  rootOfLeaves(
    Array.from({ length: tileWidth }, (_, i) => hashes.subarray(i * hashBytes, (i + 1) * hashBytes)),
  )

function checkRoot(
  checkpoint: SeenCheckpoint,
  range: CompactRange,
  key: Verifier | undefined,
): string | undefined {
  if (!rootOfRange(range).equals(checkpoint.root))
    return `the checkpoint of ${checkpoint.tree_size} entries has another root than its leaves`
  return checkNote(checkpoint, key)
}
