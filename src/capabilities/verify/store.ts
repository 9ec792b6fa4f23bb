/**
 * SQL of the verifier. It reads as docket_auditor: every connection in one snapshot, each statement a range
 * [from, below) of record ids, so that nothing has to be held but the rows of one range.
 */
import { createHash, hash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import type { StoredRow } from '#domain/chain.ts'
import { recordKinds } from '#domain/entry.ts'
import type { RecordKind } from '#domain/entry.ts'
import { parseBody } from '#domain/stored-entry.ts'
import type { StoredEntry } from '#domain/stored-entry.ts'
import { copyOut } from '#platform/copy-out.ts'
import { isId } from '#platform/id.ts'

const recordsInARange = 500

/** Record ids from `from` on, below `below`; without it, to the last one. */
export type Range = { readonly from: string; readonly below: string | undefined }

export const tables: { readonly [K in RecordKind]: string } = {
  work_order: 'work_orders',
  asset: 'assets',
  principal: 'principals',
  tenant: 'tenants',
}

/** COPY takes no parameters: only ids go into its text, and only after this. */
function literal(id: string): string {
  if (!isId(id)) throw new Error(`not an id: ${id}`)
  return `'${id}'::uuid`
}

const within = (column: string, { from, below }: Range): string =>
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

export type RecordRow = StoredRow & { readonly kind: RecordKind; readonly id: string }
type Columns = StoredRow['fields'] & Omit<RecordRow, 'fields' | 'kind'>

const rolesOf = `array(select case when g.asset_id is null then g.role else g.role || '@' || g.asset_id end
                         from role_grants g where g.principal_id = r.id) as roles`

/** Rows of one kind of record in the range; a column that is a list of roles comes from the grants. */
export async function listRows(
  client: PoolClient,
  kind: RecordKind,
  fields: readonly string[],
  range: Range,
): Promise<RecordRow[]> {
  const columns = fields.map((field) => (field === 'roles' ? rolesOf : `r."${field}"`))
  const { rows } = await client.query<Columns>({
    name: `verify_${kind}_${range.below === undefined ? 'last' : 'next'}`,
    text: `select r.id, r.version, r.entry_seq, r.entry_id, encode(r.entry_head, 'hex') as entry_head, ${columns.join(', ')}
             from ${tables[kind]} r where r.id >= $1${range.below === undefined ? '' : ' and r.id < $2'} order by r.id`,
    values: range.below === undefined ? [range.from] : [range.from, range.below],
  })
  return rows.map((row) => ({
    kind,
    id: row.id,
    version: row.version,
    entry_seq: row.entry_seq,
    entry_id: row.entry_id,
    entry_head: row.entry_head,
    fields: row,
  }))
}

/** Microseconds from 1970 to 2000, where PostgreSQL begins to count. */
const epochMicros = 946_684_800_000_000

/** Every entry of the range's records, each record's in order. */
export function readEntries(
  client: PoolClient,
  tenantId: string,
  range: Range,
  onEntry: (entry: StoredEntry) => void,
): Promise<number> {
  const select = `select id, record_kind, record_id, seq, action, actor_id, at, leaf, body
                    from entries where ${within('record_id', range)} order by record_id, seq`
  const kind = remember((bytes, start, end) => bytes.toString('latin1', start, end))
  const record = remember(toId)
  const actor = remember(toId)
  return copyOut(client, select, ({ bytes, starts, ends }) => {
    const bodyAt = starts[8] ?? 0
    // The byte before the body is the end of its length, which has been read: the leaf's prefix goes there.
    bytes[bodyAt - 1] = 0
    onEntry({
      tenant: tenantId,
      id: toId(bytes, starts[0] ?? 0),
      kind: kind(bytes, starts[1] ?? 0, ends[1] ?? 0),
      record: record(bytes, starts[2] ?? 0, ends[2] ?? 0),
      seq: bytes.readInt32BE(starts[3]),
      action: bytes.toString('latin1', starts[4], ends[4]),
      actor: actor(bytes, starts[5] ?? 0, ends[5] ?? 0),
      at: bytes.readInt32BE(starts[6]) * 2 ** 32 + bytes.readUInt32BE((starts[6] ?? 0) + 4) + epochMicros,
      leaf: bytes.toString('hex', starts[7], ends[7]),
      hash: hash('sha256', bytes.subarray(bodyAt - 1, ends[8]), 'hex'),
      body: parseBody(bytes.toString('utf8', bodyAt, ends[8])),
    })
  })
}

/** 16 bytes as the text of a UUID. */
function toId(bytes: Buffer, start: number): string {
  const hex = bytes.toString('hex', start, start + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

type Reader = (bytes: Buffer, start: number, end: number) => string

/** Reads a column that is mostly the same from row to row: the text of the last one, while its bytes are. */
function remember(read: Reader): Reader {
  const last = Buffer.alloc(64)
  let length = -1
  let text = ''
  return (bytes, start, end) => {
    let same = end - start === length
    for (let i = 0; same && i < length; i += 1) same = bytes[start + i] === last[i]
    if (!same) {
      length = bytes.copy(last, 0, start, end)
      text = read(bytes, start, end)
    }
    return text
  }
}

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
