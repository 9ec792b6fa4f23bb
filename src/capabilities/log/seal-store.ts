/**
 * SQL of the sealer, as docket_sealer. One batch is one transaction under the advisory lock of the tenant's log:
 * leaves, tiles and checkpoint are all there, or none of them, and two processes never seal one log at once.
 */
import type { TileAddress, Tile } from '#domain/tile.ts'
import { connect } from '#platform/database.ts'
import type { Database } from '#platform/database.ts'
import { asUnavailable } from '#platform/sqlstate.ts'
import { toQuery } from '#platform/sql.ts'
import type { Query } from '#platform/sql.ts'
import { openWire } from '#platform/wire.ts'

export type UnsealedTenant = { readonly tenant: string; readonly younger: boolean }

/** Tenants with entries below the horizon that are not sealed yet, in one statement. */
export async function listUnsealedTenants(db: Database): Promise<UnsealedTenant[]> {
  const { rows } = await db.pool.query<UnsealedTenant>({
    name: 'list_unsealed',
    text: 'select tenant, younger from list_unsealed_tenants()',
  })
  return rows
}

export type WrappedKey = { readonly id: string; readonly origin: string; readonly wrapped_private: Buffer }
type Edge = Pick<TileAddress, 'level' | 'index'> & { readonly hashes: Buffer }

/** The log as it stands under the lock. */
export type LogEnd = {
  readonly size: number
  /** Transaction and id of the entry that was sealed last. */
  readonly place: { readonly xid: string; readonly id: string }
  /** Undefined before the log has a key. */
  readonly key: WrappedKey | undefined
  /** The right-most tile of each level. */
  readonly edges: readonly Edge[]
}

export type Batch = {
  readonly end: LogEnd
  /** Queues nothing: the leaves of the next entries are written now, and come back in their order. */
  takeLeaves(most: number): Promise<Buffer[]>
  /** Writes tiles and checkpoint, and commits all of it. */
  finish(tiles: readonly Tile[], checkpoint: CheckpointRow): Promise<void>
}
export type CheckpointRow = { readonly size: number; readonly root: Buffer; readonly note: string }

const query = (strings: TemplateStringsArray, ...values: unknown[]): Query => toQuery(strings, values)

/** A process that hangs in the middle must not keep the log of a tenant from all others. */
const lockLog = (tenantId: string): Query => ({
  ...query`select pg_try_advisory_xact_lock(hashtextextended(${`docket.seal ${tenantId}`}, 0)) as got,
                  set_config('idle_in_transaction_session_timeout', '10000', true)`,
  transacts: true,
})

const lastLeaf = query`
  select l.leaf_index, e.xid::text as xid, l.entry_id as id
    from log_leaves l left join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
   where l.leaf_index = (select max(m.leaf_index) from log_leaves m)`
const keyInUse = query`select id, origin, wrapped_private from log_keys where retired_at is null`
const edgeTiles = query`
  select t.level, t.tile_index as index, t.hashes
    from generate_series(0, 7) as l (level), lateral (
      select level, tile_index, hashes from log_tiles where level = l.level order by tile_index desc limit 1) t`

/** Runs the work on the log, or gives undefined when somebody else seals it just now. What is not finished is rolled back. */
export async function withLog<T>(
  db: Database,
  tenantId: string,
  work: (batch: Batch) => Promise<T>,
): Promise<T | undefined> {
  const client = await connect(db)
  const wire = openWire(client, tenantId)
  let broken: Error | undefined
  let finished = false
  try {
    const [lock, last, key, edges] = await Promise.all([
      wire.ask(lockLog(tenantId)),
      wire.ask(lastLeaf),
      wire.ask(keyInUse),
      wire.ask(edgeTiles),
    ])
    if ((lock.rows[0] as { got: boolean }).got) {
      const end = toLogEnd(last.rows[0] as LastLeaf | undefined, key.rows[0], edges.rows)
      return await work({
        end,
        takeLeaves: async (most) =>
          ((await wire.ask(takeLeaves(end, most))).rows as TakenLeaf[])
            .toSorted((a, b) => a.leaf_index - b.leaf_index)
            .map(({ leaf }) => leaf),
        async finish(tiles, checkpoint) {
          finished = true
          await wire.commit([...tiles.map(putTile), insertCheckpoint(checkpoint)])
        },
      })
    }
    return undefined
  } catch (error) {
    broken = asUnavailable(error)
    finished = false
    throw broken ?? error
  } finally {
    if (!finished && broken === undefined) await wire.rollback().catch((cause: Error) => (broken = cause))
    client.release(broken)
  }
}

type LastLeaf = { readonly leaf_index: number; readonly xid: string | null; readonly id: string }
type TakenLeaf = { readonly leaf_index: number; readonly leaf: Buffer }

function toLogEnd(last: LastLeaf | undefined, key: unknown, edges: readonly unknown[]): LogEnd {
  // The entry that was sealed last is gone: what comes after it cannot be known, and nothing may be sealed.
  if (last?.xid === null) throw new Error(`the sealed entry ${last.id} is missing`)
  return {
    size: last === undefined ? 0 : last.leaf_index + 1,
    place: {
      xid: last?.xid ?? '0',
      id: last?.id ?? '00000000-0000-0000-0000-000000000000',
    },
    key: key as WrappedKey | undefined,
    edges: edges as readonly Edge[],
  }
}

/** The next entries in order of commit, below the oldest running transaction: nothing can appear among them any more. */
const takeLeaves = ({ size, place }: LogEnd, most: number): Query => query`
  insert into log_leaves (leaf_index, entry_id, record_id, leaf)
  select ${size}::bigint + row_number() over (order by n.xid, n.id) - 1, n.id, n.record_id, n.leaf
    from (select e.xid, e.id, e.record_id, e.leaf from entries e
           where (e.xid, e.id) > (${place.xid}::xid8, ${place.id}::uuid)
             and e.xid < pg_snapshot_xmin(pg_current_snapshot())
           order by e.xid, e.id limit ${most}) n
  returning leaf_index, leaf`

const putTile = ({ level, index, hashes }: Tile): Query => query`
  insert into log_tiles (level, tile_index, hashes) values (${level}, ${index}, ${hashes})
  on conflict (tenant_id, level, tile_index) do update set hashes = excluded.hashes`

const insertCheckpoint = ({ size, root, note }: CheckpointRow): Query => query`
  insert into checkpoints (tree_size, root, note) values (${size}, ${root}, ${note})`
