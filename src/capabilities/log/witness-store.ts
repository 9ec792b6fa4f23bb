/** SQL of what the outside world has signed of the log: cosignatures and time-stamps. Runs as docket_app. */
import type { Database } from '#platform/database.ts'
import { connect } from '#platform/database.ts'
import { listTiles } from '#domain/tile.ts'
import type { TileAddress } from '#domain/tile.ts'
import type { Span } from '#domain/merkle.ts'
import type pg from 'pg'

/** One transaction of a tenant, for work that nobody called for. */
export async function inLog<T>(
  db: Database,
  tenantId: string,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await connect(db)
  let broken: Error | undefined
  try {
    await client.query('begin isolation level repeatable read')
    await client.query(`select set_config('docket.tenant_id', $1, true)`, [tenantId])
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    broken = error as Error
    throw error
  } finally {
    // A connection on which something failed is not used again.
    client.release(broken)
  }
}

export type StoredCheckpoint = { readonly tree_size: number; readonly root: Buffer; readonly note: string }

const newest = `select tree_size, root, note from checkpoints order by tree_size desc limit 1`

export const loadNewest = (db: Database, tenantId: string): Promise<StoredCheckpoint | undefined> =>
  inLog(db, tenantId, async (client) => (await client.query<StoredCheckpoint>(newest)).rows[0])

/** Size of the last checkpoint that this witness cosigned; 0 for none. */
export const loadLastCosigned = (db: Database, tenantId: string, witness: string): Promise<number> =>
  inLog(db, tenantId, async (client) => {
    const { rows } = await client.query<{ size: number }>(
      `select coalesce(max(tree_size), 0) as size from cosignatures where witness = $1`,
      [witness],
    )
    return rows[0]?.size ?? 0
  })

export const insertCosignature = (
  db: Database,
  tenantId: string,
  { size, witness, line }: { size: number; witness: string; line: string },
): Promise<void> =>
  inLog(db, tenantId, async (client) => {
    // Two replicas may both have asked: the first line stays.
    await client.query(
      `insert into cosignatures (tree_size, witness, line) values ($1, $2, $3) on conflict do nothing`,
      [size, witness, line],
    )
  })

/** The tiles that hold the hashes of these spans, by `level/index`. */
export async function loadTiles(
  client: pg.PoolClient,
  tiles: readonly Pick<TileAddress, 'level' | 'index'>[],
): Promise<Map<string, Buffer>> {
  const { rows } = await client.query<{ level: number; index: number; hashes: Buffer }>(
    `select t.level, t.tile_index as index, t.hashes from unnest($1::int[], $2::bigint[]) w (level, tile_index)
       join log_tiles t on t.level = w.level and t.tile_index = w.tile_index`,
    [tiles.map(({ level }) => level), tiles.map(({ index }) => index)],
  )
  return new Map(rows.map(({ level, index, hashes }) => [`${level}/${index}`, hashes]))
}

export const loadTilesOf = (
  db: Database,
  tenantId: string,
  spans: readonly Span[],
  size: number,
): Promise<Map<string, Buffer>> => inLog(db, tenantId, (client) => loadTiles(client, listTiles(spans, size)))

/** What there is to date: the newest checkpoint, the size that was dated last, and how long ago in seconds. */
export type Undated = {
  readonly tree_size: number
  readonly note: string
  readonly dated_size: number | null
  readonly dated_seconds_ago: number | null
}

export const loadUndated = (db: Database, tenantId: string): Promise<Undated | undefined> =>
  inLog(db, tenantId, async (client) => {
    const { rows } = await client.query<Undated>(
      `select c.tree_size, c.note, t.tree_size as dated_size,
              extract(epoch from now() - t.created_at)::float8 as dated_seconds_ago
         from (${newest}) c left join lateral (
              select tree_size, created_at from log_timestamps order by tree_size desc limit 1) t on true`,
    )
    return rows[0]
  })

export const insertTimestamp = (
  db: Database,
  tenantId: string,
  { size, token, tsa, at }: { size: number; token: Buffer; tsa: string; at: string },
): Promise<void> =>
  inLog(db, tenantId, async (client) => {
    await client.query(
      `insert into log_timestamps (tree_size, token, tsa, stamped_at) values ($1, $2, $3, $4) on conflict do nothing`,
      [size, token, tsa, at],
    )
  })

/** Every tenant; the login must be one that may ask (docket_auditor). */
export async function listTenantIds(db: Database): Promise<string[]> {
  const { rows } = await db.pool.query<{ id: string }>('select tenant_id as id from list_tenants()')
  return rows.map(({ id }) => id)
}
