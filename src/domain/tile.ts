/**
 * The tree kept as tiles (C2SP tlog-tiles): a tile of level L holds up to 256 hashes side by side, each the root of
 * 256^L leaves. A full tile never changes again; the right-most one of a level grows by appending. Every root
 * and every proof is computed from tiles, so nothing else has to be stored.
 */
import { emptyRoot, hashBytes, hashNode } from './merkle.ts'
import type { Span } from './merkle.ts'

export const tileWidth = 256
/** Levels that a tree of 2^53 leaves can have. */
export const mostLevels = 7

/** Which tile, and how many hashes of it are meant: 256, or fewer for the right-most one. */
export type TileAddress = { readonly level: number; readonly index: number; readonly width: number }
export type Tile = TileAddress & { readonly hashes: Buffer }

/** Gives the hashes of a tile side by side, `width` × 32 bytes; more than that are not looked at. */
export type ReadTile = (tile: TileAddress) => Buffer

/** `tile/<level>/<index>[.p/<width>]`, the index in groups of three digits: `tile/0/x001/x234/067.p/8`. */
export function toTilePath({ level, index, width }: TileAddress): string {
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const groups = padded.match(/\d{3}/g) ?? []
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${path}${width === tileWidth ? '' : `.p/${width}`}`
}

/** How many hashes a level has in a tree of `size` leaves. */
const countAt = (level: number, size: number): number => Math.floor(size / tileWidth ** level)

const toAddress = (level: number, index: number, size: number): TileAddress => ({
  level,
  index,
  width: Math.min(tileWidth, countAt(level, size) - index * tileWidth),
})

/** Every tile of a tree, level by level. */
export function listAllTiles(size: number): TileAddress[] {
  const tiles: TileAddress[] = []
  for (let level = 0; countAt(level, size) > 0; level += 1) {
    const count = Math.ceil(countAt(level, size) / tileWidth)
    for (let index = 0; index < count; index += 1) tiles.push(toAddress(level, index, size))
  }
  return tiles
}

/** A perfect subtree as a row of hashes of one tile. */
type Piece = { readonly level: number; readonly index: number; readonly from: number; readonly count: number }

/** The perfect subtrees of a span, left to right. */
function toPieces({ start, end }: Span): Piece[] {
  const pieces: Piece[] = []
  for (let at = start; at < end;) {
    let height = 0
    while (2 ** (height + 1) <= end - at) height += 1
    const level = Math.floor(height / 8)
    const first = at / tileWidth ** level
    const index = Math.floor(first / tileWidth)
    pieces.push({ level, index, from: first - index * tileWidth, count: 2 ** (height - 8 * level) })
    at += 2 ** height
  }
  return pieces
}

/** The tiles that hold the hashes of these spans, in a tree of `size` leaves; each once. */
export function listTiles(spans: readonly Span[], size: number): TileAddress[] {
  const tiles = new Map<string, TileAddress>()
  for (const { level, index } of spans.flatMap(toPieces))
    tiles.set(`${level}/${index}`, toAddress(level, index, size))
  return [...tiles.values()]
}

/** The root over `count` hashes that stand side by side from the `from`th on; `count` is a power of two. */
function foldRow(hashes: Buffer, from: number, count: number): Buffer {
  let row: Buffer[] = []
  for (let i = from; i < from + count; i += 1) row.push(hashes.subarray(i * hashBytes, (i + 1) * hashBytes))
  while (row.length > 1) {
    const above: Buffer[] = []
    for (let i = 0; i + 1 < row.length; i += 2)
      above.push(hashNode(row[i] ?? emptyRoot, row[i + 1] ?? emptyRoot))
    row = above
  }
  return row[0] ?? emptyRoot
}

function hashPiece({ level, index, from, count }: Piece, size: number, readTile: ReadTile): Buffer {
  const address = toAddress(level, index, size)
  const hashes = readTile(address)
  if (hashes.length < (from + count) * hashBytes)
    throw new Error(`${toTilePath(address)} has ${hashes.length} bytes`)
  return foldRow(hashes, from, count)
}

/** Hash of the leaves of a subtree (`isSubtree`), from the tiles of a tree of `size` leaves. */
export function hashSpan(span: Span, size: number, readTile: ReadTile): Buffer {
  const hashes = toPieces(span).map((piece) => hashPiece(piece, size, readTile))
  return hashes.length === 0 ? emptyRoot : hashes.reduceRight((right, left) => hashNode(left, right))
}

const rootOfTiles = (size: number, readTile: ReadTile): Buffer =>
  hashSpan({ start: 0, end: size }, size, readTile)

/** The tiles from which a tree of `size` leaves grows: the right-most one of each level, unless it is full. */
export const listEdgeTiles = (size: number): TileAddress[] => listTiles([{ start: 0, end: size }], size)

export type Growth = {
  readonly size: number
  readonly root: Buffer
  /** Whole contents of every tile that is new or longer than before. */
  readonly tiles: readonly Tile[]
}

/** Appends leaves to a tree of `size`; `readTile` is asked for its edge tiles only. */
export function growTiles(size: number, leaves: readonly Buffer[], readTile: ReadTile): Growth {
  const tiles: Tile[] = []
  let added = leaves
  for (let level = 0; added.length > 0; level += 1) {
    const grown = growLevel(level, countAt(level, size), added, readTile)
    tiles.push(...grown)
    added = grown.filter((tile) => tile.width === tileWidth).map((tile) => foldRow(tile.hashes, 0, tileWidth))
  }
  const changed = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]))
  const total = size + leaves.length
  const root = rootOfTiles(total, (tile) => changed.get(`${tile.level}/${tile.index}`) ?? readTile(tile))
  return { size: total, root, tiles }
}

function growLevel(level: number, count: number, added: readonly Buffer[], readTile: ReadTile): Tile[] {
  const tiles: Tile[] = []
  let index = Math.floor(count / tileWidth)
  const width = count - index * tileWidth
  let held = width === 0 ? [] : [readTile({ level, index, width }).subarray(0, width * hashBytes)]
  let room = tileWidth - width
  for (let at = 0; at < added.length; index += 1) {
    const next = added.slice(at, at + room)
    tiles.push({
      level,
      index,
      width: tileWidth - room + next.length,
      hashes: Buffer.concat([...held, ...next]),
    })
    at += next.length
    held = []
    room = tileWidth
  }
  return tiles
}
