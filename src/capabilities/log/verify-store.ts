/**
 * SQL of the check of the log, as docket_auditor in the snapshot of the verifier. Leaves and entries come in pages
 * of one buffer each, laid out alike, so that what is equal is compared as bytes and never made into values.
 */
import type { PoolClient } from 'pg'
import { parseBody } from '#domain/stored-entry.ts'
import { readId } from '#platform/binary.ts'
import { copyOut } from '#platform/copy-out.ts'
import { isId } from '#platform/id.ts'

/** Entry id (16 bytes), record id (16), leaf (32), then the place: leaf index, or transaction id (8). */
const rowBytes = 72
const comparedBytes = 64
const pageRows = 16_384

/** Rows side by side; `at` is the next one. */
export type Page = { readonly bytes: Buffer; readonly rows: number; at: number }

export const entryIdAt = ({ bytes, at }: Page): string => readId(bytes, at * rowBytes)
export const recordIdAt = ({ bytes, at }: Page): string => readId(bytes, at * rowBytes + 16)
/** A view, good while the page is. */
export const leafAt = ({ bytes, at }: Page): Buffer =>
  bytes.subarray(at * rowBytes + 32, at * rowBytes + comparedBytes)
export const placeAt = ({ bytes, at }: Page): bigint => bytes.readBigUInt64BE(at * rowBytes + comparedBytes)

/** Do both say the same entry, record and leaf? */
export const isSameRow = (a: Page, b: Page): boolean =>
  a.bytes.compare(
    b.bytes,
    b.at * rowBytes,
    b.at * rowBytes + comparedBytes,
    a.at * rowBytes,
    a.at * rowBytes + comparedBytes,
  ) === 0

async function readPage(client: PoolClient, select: string): Promise<Page> {
  const bytes = Buffer.allocUnsafe(pageRows * rowBytes)
  let rows = 0
  await copyOut(client, select, (row) => {
    const to = rows * rowBytes
    row.bytes.copy(bytes, to, row.starts[0], row.ends[0])
    row.bytes.copy(bytes, to + 16, row.starts[1], row.ends[1])
    row.bytes.copy(bytes, to + 32, row.starts[2], row.ends[2])
    row.bytes.copy(bytes, to + comparedBytes, row.starts[3], row.ends[3])
    rows += 1
  })
  return { bytes, rows, at: 0 }
}

/** Leaves from an index on, by index. */
export const readLeaves = (client: PoolClient, from: number): Promise<Page> =>
  readPage(
    client,
    `select entry_id, record_id, leaf, leaf_index from log_leaves
      where leaf_index >= ${from} order by leaf_index limit ${pageRows}`,
  )

/** Entries after a place, in order of commit. */
export function readEntriesAfter(client: PoolClient, xid: bigint, id: string): Promise<Page> {
  if (!isId(id)) throw new Error(`not an id: ${id}`)
  return readPage(
    client,
    `select id, record_id, leaf, xid from entries
      where (xid, id) > ('${xid}'::xid8, '${id}'::uuid) order by xid, id limit ${pageRows}`,
  )
}

export type StoredTile = { readonly index: number; readonly hashes: Buffer }

/** `count` tiles of a level, by index. */
export async function listTilesOf(
  client: PoolClient,
  level: number,
  from: number,
  count: number,
): Promise<StoredTile[]> {
  const { rows } = await client.query<StoredTile>(
    `select tile_index as index, hashes from log_tiles
      where level = $1 and tile_index >= $2 and tile_index < $2::bigint + $3::bigint order by tile_index`,
    [level, from, count],
  )
  return rows
}

/** Tiles that a tree of this size does not have. */
export async function listStrayTiles(
  client: PoolClient,
  size: number,
): Promise<{ readonly level: number; readonly index: number }[]> {
  const { rows } = await client.query<{ level: number; index: number }>(
    `select level, tile_index as index from log_tiles
      where tile_index * 256 >= $1::bigint >> (8 * level) order by level, tile_index limit 100`,
    [size],
  )
  return rows
}

export type StoredCheckpoint = { readonly tree_size: number; readonly root: Buffer; readonly note: string }

export async function listCheckpoints(
  client: PoolClient,
  above: number,
  most: number,
): Promise<StoredCheckpoint[]> {
  const { rows } = await client.query<StoredCheckpoint>(
    'select tree_size, root, note from checkpoints where tree_size > $1 order by tree_size limit $2',
    [above, most],
  )
  return rows
}

/** The keys that the tenant's entries name, and those that the table of keys holds. */
export async function listKeys(
  client: PoolClient,
  tenantId: string,
): Promise<{ readonly named: string[]; readonly held: string[] }> {
  // Read here and not in the database: a body that was damaged may be no JSON, and not even UTF-8.
  const entries = await client.query<{ body: Buffer }>(
    `select body from entries where record_id = $1 and action = 'log_key_created' order by seq`,
    [tenantId],
  )
  const rows = await client.query<{ vkey: string }>('select vkey from log_keys order by created_at')
  return {
    named: entries.rows.flatMap(({ body }) => {
      const vkey = parseBody(body.toString('utf8'))?.detail?.['vkey']
      return typeof vkey === 'string' ? vkey : []
    }),
    held: rows.rows.map(({ vkey }) => vkey),
  }
}

export type FoundEntry = {
  readonly kind: string
  readonly record: string
  readonly seq: number
  readonly leaf: Buffer
}

export async function findEntry(client: PoolClient, id: string): Promise<FoundEntry | undefined> {
  const { rows } = await client.query<FoundEntry>(
    'select record_kind as kind, record_id as record, seq, leaf from entries where id = $1',
    [id],
  )
  return rows[0]
}

/** The index of the leaf of an entry. */
export async function findLeafIndex(client: PoolClient, entryId: string): Promise<number | undefined> {
  const { rows } = await client.query<{ leaf_index: number }>(
    'select leaf_index from log_leaves where entry_id = $1',
    [entryId],
  )
  return rows[0]?.leaf_index
}

/** What a record is called: its kind, as far as an entry of it is left, and its number. */
export async function findRecordName(
  client: PoolClient,
  recordId: string,
): Promise<{ readonly kind: string | null; readonly number: string | null }> {
  const { rows } = await client.query<{ kind: string | null; number: string | null }>(
    `select (select record_kind from entries where record_id = $1 order by seq limit 1) as kind,
            (select number from work_orders where id = $1) as number`,
    [recordId],
  )
  return rows[0] ?? { kind: null, number: null }
}
