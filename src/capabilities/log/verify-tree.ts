/**
 * The tree of a log derived again, leaf by leaf, beside its tiles and checkpoints: each hash of a tile must be the one
 * that the leaves make, each checkpoint must say the root of its size, signed by a key that the tenant's entries name.
 */
import type { PoolClient } from 'pg'
import { listSigners, parseCheckpoint, parseNote, toOrigin } from '#domain/checkpoint.ts'
import type { Verifier } from '#domain/checkpoint.ts'
import { appendLeaf, beginRange, hashBytes, rootOfRange } from '#domain/merkle.ts'
import type { CompactRange } from '#domain/merkle.ts'
import { listAllTiles, mostLevels, tileWidth } from '#domain/tile.ts'
import { listCheckpoints, listStrayTiles, listTilesOf } from './verify-store.ts'
import type { StoredCheckpoint } from './verify-store.ts'

/** Tiles and checkpoints that are read at once. */
const windowTiles = 64
const windowLeaves = windowTiles * tileWidth
const mostCheckpoints = 2000

/** A checkpoint that somebody outside kept, whose signature was checked. */
export type HeldCheckpoint = { readonly size: number; readonly root: Buffer }

export type TreeFlaw = {
  readonly field: 'log_tiles' | 'checkpoints' | 'log_keys' | 'log'
  readonly what: string
}

export type Tree = {
  readonly client: PoolClient
  readonly tenantId: string
  readonly range: CompactRange
  readonly verifiers: readonly Verifier[]
  readonly held: HeldCheckpoint | undefined
  readonly flaws: TreeFlaw[]
  /** Tiles by `level/index`: those of the leaves for a stretch, all others for good. */
  readonly tiles: Map<string, Buffer>
  readonly upper: Map<string, Buffer>
  readonly told: Set<string>
  /** Checkpoints that come next, by size. */
  readonly ahead: StoredCheckpoint[]
  /** The size at which `settle` must be called next. */
  stop: number
  checkpoints: number
  /** Largest size whose checkpoint fits, and smallest whose does not. */
  goodSize: number
  badSize: number | undefined
  lastSize: number
}

export async function beginTree(
  client: PoolClient,
  tenantId: string,
  verifiers: readonly Verifier[],
  held: HeldCheckpoint | undefined,
): Promise<Tree> {
  const upper = new Map<string, Buffer>()
  for (let level = 1; level <= mostLevels; level += 1)
    for (const { index, hashes } of await listTilesOf(client, level, 0, Number.MAX_SAFE_INTEGER))
      upper.set(`${level}/${index}`, hashes)
  const tree: Tree = {
    client,
    tenantId,
    range: beginRange(),
    verifiers,
    held,
    flaws: [],
    tiles: new Map(),
    upper,
    told: new Set(),
    ahead: [],
    stop: 0,
    checkpoints: 0,
    goodSize: 0,
    badSize: undefined,
    lastSize: 0,
  }
  await settle(tree)
  return tree
}

/** What the tile of the leaves says of a leaf. */
export function tileLeaf({ tiles }: Tree, index: number): Buffer | undefined {
  const tile = tiles.get(`0/${Math.floor(index / tileWidth)}`)
  const at = (index % tileWidth) * hashBytes
  return tile === undefined || tile.length < at + hashBytes ? undefined : tile.subarray(at, at + hashBytes)
}

/** Takes the next leaf; where `range.size` is `stop` then, `settle` comes before the next one. */
export function addLeaf(tree: Tree, leaf: Buffer): void {
  const { range, upper } = tree
  const index = range.size
  if (tileLeaf(tree, index)?.equals(leaf) !== true) tellTile(tree, 0, index)
  appendLeaf(range, leaf, (height, root) => {
    if (height % 8 !== 0) return
    const level = height / 8
    const place = Math.floor((index + 1) / tileWidth ** level) - 1
    const at = (place % tileWidth) * hashBytes
    const tile = upper.get(`${level}/${Math.floor(place / tileWidth)}`)
    if (tile?.subarray(at, at + hashBytes).equals(root) !== true) tellTile(tree, level, place)
  })
}

/** Once for each tile: what comes after the first false hash is not told. */
function tellTile({ told, flaws, tiles, upper }: Tree, level: number, place: number): void {
  const name = `${level}/${Math.floor(place / tileWidth)}`
  if (told.has(name)) return
  told.add(name)
  const stored = level === 0 ? tiles.get(name) : upper.get(name)
  const what =
    stored === undefined
      ? `tile ${name} of the log is missing`
      : stored.length <= (place % tileWidth) * hashBytes
        ? `tile ${name} of the log ends before hash ${place % tileWidth}`
        : `tile ${name} of the log says another hash ${place % tileWidth} than the leaves make`
  flaws.push({ field: 'log_tiles', what })
}

/** What is due at this size: the next tiles are read, checkpoints of it are compared. */
export async function settle(tree: Tree): Promise<void> {
  const { client, range, tiles, ahead, held } = tree
  const { size } = range
  if (size % windowLeaves === 0) {
    tiles.clear()
    for (const { index, hashes } of await listTilesOf(client, 0, size / tileWidth, windowTiles))
      tiles.set(`0/${index}`, hashes)
  }
  if (held?.size === size) checkHeld(tree, held)
  while (ahead[0] === undefined || ahead[0].tree_size <= size) {
    const [checkpoint] = ahead
    if (checkpoint === undefined) {
      ahead.push(...(await listCheckpoints(client, tree.lastSize, mostCheckpoints)))
      if (ahead.length === 0) break
      continue
    }
    ahead.shift()
    tree.lastSize = checkpoint.tree_size
    checkCheckpoint(tree, checkpoint)
  }
  const window = (Math.floor(size / windowLeaves) + 1) * windowLeaves
  const next = [window, ahead[0]?.tree_size, held?.size].filter((one) => one !== undefined && one > size)
  tree.stop = Math.min(...next.filter((one) => one !== undefined))
}

function checkHeld(tree: Tree, held: HeldCheckpoint): void {
  if (rootOfRange(tree.range).equals(held.root)) return
  const what = `the log is not the one of the checkpoint of ${held.size} that was kept outside: what was sealed up to then was changed (the stored checkpoints fit up to ${tree.goodSize})`
  tree.flaws.push({ field: 'log', what })
}

function checkCheckpoint(tree: Tree, { tree_size, root, note }: StoredCheckpoint): void {
  tree.checkpoints += 1
  const fits = rootOfRange(tree.range).equals(root)
  if (fits && tree.badSize === undefined) tree.goodSize = tree_size
  if (!fits && tree.badSize === undefined) {
    tree.badSize = tree_size
    const what = `checkpoint ${tree_size} of the log says another root than its leaves make: one of the leaves ${tree.goodSize} to ${tree_size - 1} was changed, or the checkpoint`
    tree.flaws.push({ field: 'checkpoints', what })
  }
  const flaw = findNoteFlaw(tree, tree_size, root, note)
  if (flaw !== undefined && !tree.told.has('note')) {
    tree.told.add('note')
    tree.flaws.push({ field: 'checkpoints', what: `checkpoint ${tree_size} of the log: ${flaw}` })
  }
}

function findNoteFlaw(tree: Tree, size: number, root: Buffer, text: string): string | undefined {
  const note = parseNote(text)
  const said = note === undefined ? undefined : parseCheckpoint(note.text)
  if (note === undefined || said === undefined) return 'its note is none'
  if (said.origin !== toOrigin(tree.tenantId) || said.size !== size || !said.root.equals(root))
    return 'its note says another log, size or root than its row'
  return listSigners(note, tree.verifiers).length > 0
    ? undefined
    : 'it is not signed by a key that the entries of the tenant name'
}

/** After the last leaf: nothing may stand beyond it. */
export async function closeTree(tree: Tree): Promise<void> {
  const { client, range, flaws, ahead, held } = tree
  const { size } = range
  const [beyond] = ahead
  if (beyond !== undefined)
    flaws.push({
      field: 'log',
      what: `checkpoint ${beyond.tree_size} of the log stands beyond its ${size} leaves: leaves are missing`,
    })
  else if (tree.lastSize < size)
    flaws.push({
      field: 'checkpoints',
      what: `leaves ${tree.lastSize} to ${size - 1} of the log have no checkpoint`,
    })
  if (held !== undefined && held.size > size)
    flaws.push({
      field: 'log',
      what: `the log has ${size} leaves, and a checkpoint of ${held.size} was kept outside: its end is missing`,
    })
  for (const { level, index } of await listStrayTiles(client, size))
    flaws.push({
      field: 'log_tiles',
      what: `tile ${level}/${index} of the log stands beyond its ${size} leaves`,
    })
  checkEdges(tree)
}

/** A right-most tile may be longer than its leaves; every other difference was seen leaf by leaf. */
function checkEdges({ range, tiles, upper, told, flaws }: Tree): void {
  for (const { level, index, width } of listAllTiles(range.size)) {
    const name = `${level}/${index}`
    const stored = (level === 0 ? tiles : upper).get(name)
    if (stored === undefined || stored.length <= width * hashBytes || told.has(name)) continue
    flaws.push({ field: 'log_tiles', what: `tile ${name} of the log holds more than its ${width} hashes` })
  }
}
