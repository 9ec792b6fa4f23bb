/**
 * SQL of the verifier. It reads as docket_auditor: every connection in one snapshot, each statement a range
 * [from, below) of record ids, so that nothing has to be held but the rows of one range.
 */
import { createHash, hash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { recordKinds } from '#domain/entry.ts'
import type { RecordKind } from '#domain/entry.ts'
import { parseBody } from '#domain/stored-entry.ts'
import type { StoredEntry } from '#domain/stored-entry.ts'
import { isHexOf, readId, readMicros, remember } from '#platform/binary.ts'
import { copyOut } from '#platform/copy-out.ts'
import { isId } from '#platform/id.ts'

const recordsInARange = 1000

/** Record ids from `from` on, below `below`; without it, to the last one. */
export type Range = { readonly from: string; readonly below: string | undefined }

export const tables: { readonly [K in RecordKind]: string } = {
  work_order: 'work_orders',
  asset: 'assets',
  principal: 'principals',
  tenant: 'tenants',
  delegation: 'delegations',
  finding: 'findings',
  template: 'templates',
  resource: 'resources',
}

/** COPY takes no parameters: only ids go into its text, and only after this. */
function literal(id: string): string {
  if (!isId(id)) throw new Error(`not an id: ${id}`)
  return `'${id}'::uuid`
}

export const within = (column: string, { from, below }: Range): string =>
  `${column} >= ${literal(from)}${below === undefined ? '' : ` and ${column} < ${literal(below)}`}`

/** Begins to read, in the snapshot of another connection when its name is given. */
export async function beginReading(client: PoolClient, tenantId: string, snapshot?: string): Promise<void> {
  await client.query('begin isolation level repeatable read, read only')
  if (snapshot !== undefined) await client.query(`set transaction snapshot '${snapshot}'`)
  // Ranges are read in the order of an index; estimates for spinning disks would read the whole table instead.
  await client.query(
    `select set_config('docket.tenant_id', $1, true), set_config('random_page_cost', '1.1', true),
            set_config('work_mem', '64MB', true), set_config('max_parallel_workers_per_gather', '0', true)`,
    [tenantId],
  )
}

export async function exportSnapshot(client: PoolClient): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select pg_export_snapshot() as name')
  return rows[0]?.name ?? ''
}

/** The first id of the range after the one that begins at `from`; undefined when that is the last. */
export async function findBorder(client: PoolClient, from: string): Promise<string | undefined> {
  const each = recordKinds.map(
    (kind) => `(select id from ${tables[kind]} where id >= $1 order by id limit ${recordsInARange + 1})`,
  )
  const { rows } = await client.query<{ id: string }>({
    name: 'verify_border',
    text: `select id from (${each.join(' union all ')}) as r order by id offset ${recordsInARange} limit 1`,
    values: [from],
  })
  return rows[0]?.id
}

/**
 * Every entry of the range's records, each record's in order. Columns that repeat the body are compared as
 * bytes: text is made of them only where they differ.
 */
export function readEntries(
  client: PoolClient,
  tenantId: string,
  range: Range,
  onEntry: (entry: StoredEntry) => void,
): Promise<number> {
  const select = `select id, record_kind, record_id, seq, action, actor_id, at, leaf, body
                    from entries where ${within('record_id', range)} order by record_id, seq`
  const kind = remember(readText)
  const record = remember(readId)
  const actor = remember(readId)
  return copyOut(client, select, ({ bytes, starts, ends }) => {
    const [
      idAt = 0,
      kindAt = 0,
      recordAt = 0,
      seqAt = 0,
      actionAt = 0,
      actorAt = 0,
      at = 0,
      leafAt = 0,
      bodyAt = 0,
    ] = starts
    // The byte before the body is the end of its length, which has been read: the leaf's prefix goes there.
    bytes[bodyAt - 1] = 0
    const sum = hash('sha256', bytes.subarray(bodyAt - 1, ends[8]), 'hex')
    const body = parseBody(bytes.toString('utf8', bodyAt, ends[8]))
    const id =
      typeof body?.id === 'string' && isHexOf(body.id, bytes, idAt, idAt + 16) ? body.id : readId(bytes, idAt)
    onEntry({
      tenant: tenantId,
      id,
      kind: kind(bytes, kindAt, ends[1] ?? 0),
      record: record(bytes, recordAt, recordAt + 16),
      seq: bytes.readInt32BE(seqAt),
      action: bytes.toString('latin1', actionAt, ends[4]),
      actor: actor(bytes, actorAt, actorAt + 16),
      at: readMicros(bytes, at),
      leaf: isHexOf(sum, bytes, leafAt, leafAt + 32) ? sum : bytes.toString('hex', leafAt, leafAt + 32),
      hash: sum,
      body,
    })
  })
}

const readText = (bytes: Buffer, start: number, end: number): string => bytes.toString('latin1', start, end)

export type AttachmentRow = {
  readonly id: string
  readonly work_order_id: string
  readonly name: string
  readonly media_type: string
  readonly size_bytes: number
  readonly sha256: string
  readonly uploaded_by: string
}

export async function listAttachments(client: PoolClient, range: Range): Promise<AttachmentRow[]> {
  const { rows } = await client.query<AttachmentRow>(
    `select id, work_order_id, name, media_type, size_bytes, encode(sha256, 'hex') as sha256, uploaded_by
       from attachments where ${within('work_order_id', range)} order by work_order_id, id`,
  )
  return rows
}

/** What is stored of an attachment's bytes; `gap` when a chunk in between is not there. */
export type Content = { readonly sha256: string; readonly bytes: number; readonly gap: boolean }

export async function hashContents(client: PoolClient, range: Range): Promise<Map<string, Content>> {
  const open = new Map<string, { hash: Hash; bytes: number; chunks: number; gap: boolean }>()
  const select = `select c.attachment_id::text, c.position, c.bytes
                    from attachments f join attachment_chunks c on c.tenant_id = f.tenant_id and c.attachment_id = f.id
                   where ${within('f.work_order_id', range)} order by c.attachment_id, c.position`
  await copyOut(client, select, ({ bytes, starts, ends }) => {
    const id = bytes.toString('latin1', starts[0], ends[0])
    const content = open.get(id) ?? { hash: createHash('sha256'), bytes: 0, chunks: 0, gap: false }
    const chunk = bytes.subarray(starts[2], ends[2])
    content.hash.update(chunk)
    content.bytes += chunk.length
    content.gap ||= bytes.readInt32BE(starts[1]) !== content.chunks
    content.chunks += 1
    open.set(id, content)
  })
  return new Map(
    [...open].map(([id, { hash: sum, bytes, gap }]) => [id, { sha256: sum.digest('hex'), bytes, gap }]),
  )
}

/** Work orders whose number is not registered as theirs, and registered numbers that are no work order's. */
export type StrayNumber = {
  readonly number: string
  readonly work_order_id: string | null
  readonly registered_id: string | null
}

export async function listStrayNumbers(client: PoolClient, most: number): Promise<StrayNumber[]> {
  const { rows } = await client.query<StrayNumber>(
    `select coalesce(wo.number, n.number) as number, wo.id as work_order_id, n.work_order_id as registered_id
       from work_orders wo full join work_order_numbers n on n.tenant_id = wo.tenant_id and n.number = wo.number
      where n.work_order_id is distinct from wo.id order by 1, 2 limit $1`,
    [most],
  )
  return rows
}

export type TenantName = { readonly id: string; readonly slug: string }

/** Every tenant, by slug; the auditor's login may ask for them. */
export async function listTenantNames(pool: Pool): Promise<TenantName[]> {
  const { rows } = await pool.query<TenantName>('select tenant_id as id, slug from list_tenants()')
  return rows
}
