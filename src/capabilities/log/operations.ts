/**
 * The tenant's log for whoever wants to check it: its signed head, and the hashes that prove that an entry is in it
 * and that it only ever grew. Everything here is computed from tiles and holds hashes, never the content of an entry.
 */
import { z } from 'zod'
import { hashBytes, planConsistency, planInclusion } from '#domain/merkle.ts'
import type { Span } from '#domain/merkle.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Refusal } from '#domain/refusal.ts'
import { hashSpan, listTiles, toTilePath } from '#domain/tile.ts'
import type { ReadTile } from '#domain/tile.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { listTileRows, loadLastCheckpoint, loadSealedEntry } from './store.ts'
import type { CheckpointRow } from './store.ts'

/** SHA-256, standard base64 with padding. */
const hash64 = z.string()
const treeSize = z.int().min(1)
const invalid = (path: string, message: string): Refusal => ({
  code: 'invalid_input',
  errors: [{ path, message }],
})
const noCheckpoint: Refusal = { code: 'not_found', what: 'a checkpoint of the log' }

export const checkpoint = operation({
  name: 'log.checkpoint',
  summary: 'Get the newest checkpoint of the log: a signed note, with the lines of its witnesses',
  http: ['GET', '/v1/log/checkpoint'],
  permission: everyone,
  mutates: false,
  example: '',
  input: z.strictObject({}),
  output: z.object({
    /** C2SP signed-note over a tlog-checkpoint. */
    note: z.string(),
    tree_size: treeSize,
    root: hash64,
    /** The key of the log, as C2SP signed-note writes it; the tenant's entry `log_key_created` says it too. */
    vkey: z.string(),
    created_at: z.string(),
  }),
  async run(tx) {
    const row = await loadLastCheckpoint(tx)
    if (row === undefined) return refuse(noCheckpoint)
    const { tree_size, root, vkey, created_at } = row
    return accept({ note: toNote(row), tree_size, root: root.toString('base64'), vkey, created_at })
  },
})

/** The note as the log signed it, followed by the lines of its witnesses. */
const toNote = ({ note, cosignatures }: CheckpointRow): string =>
  `${note}${cosignatures.map((line) => `${line}\n`).join('')}`

export const inclusion = operation({
  name: 'log.inclusion',
  summary: 'Prove that an entry is in the log',
  http: ['GET', '/v1/log/entries/:id/proof'],
  permission: everyone,
  mutates: false,
  example: '0190b7a2-0000-7000-8000-000000000000',
  input: z.strictObject({
    id: z.uuid().describe('id of the entry'),
    tree_size: treeSize
      .optional()
      .describe('size of the tree to prove it in; the newest checkpoint when left out'),
  }),
  output: z.object({
    entry: z.uuid(),
    /** Counted from 0. */
    leaf_index: z.int(),
    /** SHA-256(0x00 ‖ body) of the entry, hex. */
    leaf: z.string(),
    tree_size: treeSize,
    root: hash64,
    /** RFC 9162 section 2.1.3, the sibling of the leaf first. */
    proof: z.array(hash64),
  }),
  async run(tx, actor, input) {
    const entry = await loadSealedEntry(tx, actor, input.id)
    if (entry === undefined) return refuse({ code: 'not_found', what: 'the entry' })
    const newest = await loadLastCheckpoint(tx)
    const { leaf_index, horizon } = entry
    if (leaf_index === null || newest === undefined)
      return refuse({ code: 'not_sealed_yet', entry: entry.id, transaction: entry.xid, horizon })
    const size = input.tree_size ?? newest.tree_size
    if (size > newest.tree_size || size <= leaf_index)
      return refuse(invalid('tree_size', `must be from ${leaf_index + 1} to ${newest.tree_size}`))
    const read = await openTiles(tx, planInclusion(leaf_index, size), size)
    return accept({
      entry: entry.id,
      leaf_index,
      leaf: entry.leaf.toString('hex'),
      tree_size: size,
      root: read.root,
      proof: read.proof,
    })
  },
})

export const consistency = operation({
  name: 'log.consistency',
  summary: 'Prove that the log of one size grew from the log of a smaller one, with nothing changed',
  http: ['GET', '/v1/log/consistency'],
  permission: everyone,
  mutates: false,
  mcp: false,
  example: '--from 1',
  input: z.strictObject({
    from: treeSize.describe('size of the older tree'),
    to: treeSize.optional().describe('size of the newer tree; the newest checkpoint when left out'),
  }),
  output: z.object({
    from: treeSize,
    to: treeSize,
    root_from: hash64,
    root_to: hash64,
    /** RFC 9162 section 2.1.4. */
    proof: z.array(hash64),
  }),
  async run(tx, _actor, input) {
    const newest = await loadLastCheckpoint(tx)
    if (newest === undefined) return refuse(noCheckpoint)
    const to = input.to ?? newest.tree_size
    if (to > newest.tree_size) return refuse(invalid('to', `must not be above ${newest.tree_size}`))
    if (input.from > to) return refuse(invalid('from', `must not be above ${to}`))
    const older = await openTiles(tx, [], input.from)
    const newer = await openTiles(tx, planConsistency(input.from, to), to)
    return accept({ from: input.from, to, root_from: older.root, root_to: newer.root, proof: newer.proof })
  },
})

export const tile = operation({
  name: 'log.tile',
  summary: 'Get a tile of the log: up to 256 hashes of one level side by side (C2SP tlog-tiles)',
  http: ['GET', '/v1/log/tiles/:level/:index'],
  permission: everyone,
  mutates: false,
  mcp: false,
  example: '0 0',
  input: z.strictObject({
    level: z.int().min(0).max(7).describe('0 for the leaves; a hash of level L stands for 256^L leaves'),
    index: z.int().min(0).describe('which tile of its level, counted from 0'),
  }),
  output: z.object({
    level: z.int(),
    index: z.int(),
    /** How many hashes it holds; the right-most tile of a level has fewer than 256. */
    width: z.int(),
    /** Where C2SP tlog-tiles would have it. */
    path: z.string(),
    /** `width` × 32 bytes, standard base64. */
    hashes: z.string(),
  }),
  async run(tx, _actor, input) {
    const [row] = await listTileRows(tx, [input])
    if (row === undefined) return refuse({ code: 'not_found', what: 'the tile' })
    const { level, index, hashes } = row
    const width = hashes.length / hashBytes
    return accept({
      level,
      index,
      width,
      path: toTilePath({ level, index, width }),
      hashes: hashes.toString('base64'),
    })
  },
})

/** The root of the tree of `size` leaves and the hashes of the spans in it, from the tiles that they need. */
async function openTiles(
  tx: Tx,
  spans: readonly Span[],
  size: number,
): Promise<{ readonly root: string; readonly proof: string[] }> {
  const whole = { start: 0, end: size }
  const rows = await listTileRows(tx, listTiles([...spans, whole], size))
  const byPlace = new Map(rows.map((row) => [`${row.level}/${row.index}`, row.hashes]))
  const readTile: ReadTile = (address) => {
    const hashes = byPlace.get(`${address.level}/${address.index}`)
    if (hashes === undefined) throw new Error(`${toTilePath(address)} is missing`)
    return hashes
  }
  return {
    root: hashSpan(whole, size, readTile).toString('base64'),
    proof: spans.map((span) => hashSpan(span, size, readTile).toString('base64')),
  }
}
