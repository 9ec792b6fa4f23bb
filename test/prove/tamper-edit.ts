/**
 * Damage as a superuser can do it, with every trigger off. Each edit says which entry or row it touched, so that
 * what the verifier names can be held against it. Somebody who also knows how chains work hashes and links again
 * what follows (`rechain`).
 */
import { tables } from '#capabilities/verify/store.ts'
import type { RecordKind } from '#domain/entry.ts'
import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { toCanonical } from '#domain/entry.ts'
import type { Random } from './proof.ts'

export type EntryRow = {
  readonly id: string
  readonly record_kind: string
  readonly record_id: string
  readonly seq: number
  readonly leaf: Buffer
  readonly body: Buffer
}
/** What was touched. `place` is what the verifier must name to have located it: a record, an entry of it, or a part of the log. */
export type Edit = {
  /** The entry's own id. */
  readonly entry?: string
  readonly record?: string
  readonly seq?: number
  /** Words of which one must stand in what is told, where no single entry is meant. */
  readonly says?: RegExp
}
export type Ground = {
  readonly client: Client
  readonly random: Random
  readonly tenantId: string
  readonly otherTenantId: string
  /** Entries of the tenant, each record's in order. */
  readonly entries: readonly EntryRow[]
  /** The entries that may be chosen; all when left out. */
  readonly chosenFrom?: ReadonlySet<string>
  /** The last one that was sealed: what is written after it is new, and no damage to what was. */
  readonly lastSealed: string
}

const tableOf = ({ record_kind: kind }: EntryRow): string => tables[kind as RecordKind]

const leafOf = (body: Buffer): Buffer => createHash('sha256').update(Buffer.of(0)).update(body).digest()
const flip = (bytes: Buffer, random: Random): Buffer => {
  const changed = Buffer.from(bytes)
  const at = random.int(changed.length)
  changed[at] = (changed[at] ?? 0) ^ (1 << random.int(8))
  return changed
}
const at = ({ id, record_id, seq }: EntryRow): Edit => ({ entry: id, record: record_id, seq })
const pick = (
  { entries, random, chosenFrom }: Ground,
  fits: (entry: EntryRow) => boolean = () => true,
): EntryRow => random.pick(entries.filter((entry) => (chosenFrom?.has(entry.id) ?? true) && fits(entry)))
const lastOf = (ground: Ground, { record_id }: EntryRow): EntryRow =>
  ground.entries.filter((one) => one.record_id === record_id).at(-1) ?? pick(ground)

const setBody = ({ client }: Ground, { id }: EntryRow, body: Buffer, leaf: Buffer): Promise<unknown> =>
  client.query('update entries set body = $2, leaf = $3 where id = $1', [id, body, leaf])

/** The body with something else in it; also its columns where they repeat it. */
function bend(entry: EntryRow, change: (body: Record<string, unknown>) => object): Buffer {
  const body = JSON.parse(entry.body.toString('utf8')) as Record<string, unknown>
  return Buffer.from(toCanonical({ ...body, ...change(body) }), 'utf8')
}

/** Links and hashes every entry of the record from this one on, and the head in its row: a chain without a fault. */
async function rechain(ground: Ground, first: EntryRow, body: Buffer): Promise<void> {
  const { client, entries } = ground
  let leaf = leafOf(body)
  await setBody(ground, first, body, leaf)
  for (const next of entries) {
    if (next.record_id !== first.record_id || next.seq <= first.seq) continue
    const linked = bend(next, () => ({ prev: leaf.toString('hex') }))
    leaf = leafOf(linked)
    await setBody(ground, next, linked, leaf)
  }
  await client.query(`update ${tableOf(first)} set entry_head = $2 where id = $1`, [first.record_id, leaf])
}

type Kind = (ground: Ground) => Promise<Edit>

export const edits: { readonly [kind: string]: Kind } = {
  'flip a bit of a body': async (ground) => {
    const entry = pick(ground)
    await setBody(ground, entry, flip(entry.body, ground.random), entry.leaf)
    return at(entry)
  },
  'flip a bit of a leaf': async (ground) => {
    const entry = pick(ground)
    await setBody(ground, entry, entry.body, flip(entry.leaf, ground.random))
    return at(entry)
  },
  'flip a bit and hash it again': async (ground) => {
    const entry = pick(ground)
    const body = flip(entry.body, ground.random)
    await setBody(ground, entry, body, leafOf(body))
    return at(entry)
  },
  'edit a body and link everything after it again': async (ground) => {
    const entry = pick(ground)
    const body = bend(entry, () => ({ reason: `edited ${ground.random.int(1e6)}` }))
    await rechain(ground, entry, body)
    return at(entry)
  },
  'delete an entry': async (ground) => {
    const entry = pick(ground)
    await ground.client.query('delete from entries where id = $1', [entry.id])
    return at(entry)
  },
  'delete an entry and link everything after it again': async (ground) => {
    const entry = pick(ground, (one) => lastOf(ground, one).seq > one.seq && one.seq > 1)
    const { client } = ground
    await client.query('delete from entries where id = $1', [entry.id])
    let leaf = ground.entries.find(
      (one) => one.record_id === entry.record_id && one.seq === entry.seq - 1,
    )?.leaf
    for (const next of ground.entries) {
      if (next.record_id !== entry.record_id || next.seq <= entry.seq) continue
      const linked = bend(next, () => ({ seq: next.seq - 1, prev: leaf?.toString('hex') ?? null }))
      leaf = leafOf(linked)
      await client.query('update entries set seq = seq - 1, body = $2, leaf = $3 where id = $1', [
        next.id,
        linked,
        leaf,
      ])
    }
    await client.query(
      `update ${tableOf(entry)} set entry_head = $2, entry_seq = entry_seq - 1 where id = $1`,
      [entry.record_id, leaf],
    )
    return at(entry)
  },
  'insert an entry behind what was sealed': async (ground) => {
    const last = lastOf(
      ground,
      pick(ground, (one) => lastOf(ground, one).id !== ground.lastSealed),
    )
    const { client } = ground
    const id = (await client.query<{ id: string }>('select uuidv7() as id')).rows[0]?.id ?? ''
    const body = bend(last, () => ({
      id,
      seq: last.seq + 1,
      prev: last.leaf.toString('hex'),
      reason: 'added',
    }))
    const leaf = leafOf(body)
    await client.query(
      `insert into entries (tenant_id, id, record_kind, record_id, seq, action, actor_id, at, xid, leaf, body)
       select tenant_id, $2, record_kind, record_id, seq + 1, action, actor_id, at, xid, $3, $4 from entries where id = $1`,
      [last.id, id, leaf, body],
    )
    await client.query(
      `update ${tableOf(last)} set entry_head = $2, entry_seq = entry_seq + 1, entry_id = $3 where id = $1`,
      [last.record_id, leaf, id],
    )
    return { record: last.record_id, seq: last.seq + 1 }
  },
  'swap two entries': async (ground) => {
    const first = pick(ground, (one) => lastOf(ground, one).seq > one.seq)
    const second = ground.entries.find(
      (one) => one.record_id === first.record_id && one.seq === first.seq + 1,
    )
    if (second === undefined) throw new Error('no entry follows')
    const swap = 'update entries set seq = $2 where id = $1'
    await ground.client.query(swap, [first.id, second.seq])
    await ground.client.query(swap, [second.id, first.seq])
    return at(first)
  },
  'move an entry to another tenant': async (ground) => {
    const entry = pick(ground)
    await ground.client.query('update entries set tenant_id = $2 where id = $1', [
      entry.id,
      ground.otherTenantId,
    ])
    return at(entry)
  },
  'move an entry to another record': async (ground) => {
    const entry = pick(ground)
    const other = pick(ground, (one) => one.record_id !== entry.record_id)
    await ground.client.query('update entries set record_id = $2 where id = $1', [entry.id, other.record_id])
    return at(entry)
  },
  'backdate an entry, column only': async (ground) => {
    const entry = pick(ground)
    await ground.client.query(`update entries set at = at - interval '1 day' where id = $1`, [entry.id])
    return at(entry)
  },
  'backdate an entry and link everything after it again': async (ground) => {
    const entry = pick(ground)
    const body = bend(entry, (said) => ({
      at: new Date(Date.parse(String(said['at'])) - 86_400_000).toISOString().replace('Z', '001Z'),
    }))
    await rechain(ground, entry, body)
    await ground.client.query('update entries set at = $2 where id = $1', [
      entry.id,
      (JSON.parse(body.toString('utf8')) as { at: string }).at,
    ])
    return at(entry)
  },
  'cut the tail of a record': async (ground) => {
    const last = lastOf(
      ground,
      pick(ground, (one) => one.seq > 1),
    )
    const before = ground.entries.find((one) => one.record_id === last.record_id && one.seq === last.seq - 1)
    if (before === undefined) throw new Error('nothing before')
    await ground.client.query('delete from entries where id = $1', [last.id])
    await ground.client.query(
      `update ${tableOf(last)} set entry_head = $2, entry_seq = $3, entry_id = $4 where id = $1`,
      [last.record_id, before.leaf, before.seq, before.id],
    )
    return at(last)
  },
  'change a row with the triggers off': async (ground) => {
    const { client, random, tenantId } = ground
    const change = random.pick([
      `status = case status when 'closed' then 'completed' else 'closed' end, category = 'done'`,
      `title = title || ' '`,
      `actual_hours = coalesce(actual_hours, 0) + 1`,
      `regulatory = not regulatory`,
      `version = version + 1`,
      `executor_ids = '{}', editor_id = '01a1fb16-0000-7000-8000-000000000000'`,
    ])
    const { rows } = await client.query<{ id: string }>(
      'select id from work_orders where tenant_id = $1 order by id',
      [tenantId],
    )
    const { id } = random.pick(rows)
    await client.query(`update work_orders set ${change} where id = $1`, [id])
    return { record: id }
  },
  'delete a record with all its entries': async (ground) => {
    const entry = pick(ground, (one) => one.record_kind === 'work_order')
    await ground.client.query('delete from entries where record_id = $1', [entry.record_id])
    await ground.client.query('delete from work_orders where id = $1', [entry.record_id])
    return { record: entry.record_id }
  },
  'flip a bit of a signature': async ({ client, random }) => {
    const column = random.pick(['signature', 'statement', 'record', 'certificate'])
    const { rows } = await client.query<{ id: string; work_order_id: string; bytes: Buffer }>(
      `select id, work_order_id, ${column} as bytes from signatures order by id`,
    )
    const row = random.pick(rows)
    await client.query(`update signatures set ${column} = $2 where id = $1`, [
      row.id,
      flip(row.bytes, random),
    ])
    return { record: row.work_order_id }
  },
  'delete a signature': async ({ client, random }) => {
    const { rows } = await client.query<{ id: string; work_order_id: string }>(
      'select id, work_order_id from signatures order by id',
    )
    const row = random.pick(rows)
    await client.query('delete from signatures where id = $1', [row.id])
    return { record: row.work_order_id }
  },
  'swap the key of a signer': async ({ client, random }) => {
    const { rows } = await client.query<{ key_id: string; work_order_id: string }>(
      'select distinct on (key_id) key_id, work_order_id from signatures order by key_id, id',
    )
    const row = random.pick(rows)
    await client.query(`update signing_keys set spki = $2 where id = $1`, [
      row.key_id,
      flip(await spkiOf(client, row.key_id), random),
    ])
    return { says: /key/ }
  },
  'swap the key of the log': async ({ client, random, tenantId }) => {
    const vkey = `docket.log/${tenantId}+${random
      .int(2 ** 31)
      .toString(16)
      .padStart(8, '0')}+AAAA`
    await client.query('update log_keys set vkey = $2 where tenant_id = $1', [tenantId, vkey])
    return { says: /key .* of the log/ }
  },
  'flip a bit of a leaf of the log': async (ground) => {
    const { client, random, tenantId } = ground
    const { rows } = await client.query<{ leaf_index: string; leaf: Buffer; entry_id: string }>(
      'select leaf_index, leaf, entry_id from log_leaves where tenant_id = $1 order by leaf_index',
      [tenantId],
    )
    const row = random.pick(rows)
    await client.query('update log_leaves set leaf = $3 where tenant_id = $1 and leaf_index = $2', [
      tenantId,
      row.leaf_index,
      flip(row.leaf, random),
    ])
    const entry = ground.entries.find(({ id }) => id === row.entry_id)
    return entry === undefined ? { says: /leaf/ } : at(entry)
  },
  'delete a leaf of the log': async (ground) => {
    const { client, random, tenantId } = ground
    const { rows } = await client.query<{ leaf_index: string; entry_id: string }>(
      'select leaf_index, entry_id from log_leaves where tenant_id = $1 order by leaf_index',
      [tenantId],
    )
    const row = random.pick(rows)
    await client.query('delete from log_leaves where tenant_id = $1 and leaf_index = $2', [
      tenantId,
      row.leaf_index,
    ])
    const entry = ground.entries.find(({ id }) => id === row.entry_id)
    // The last one is told as an end that is missing.
    return { ...(entry === undefined ? {} : at(entry)), says: /stands beyond its \d+ leaves/ }
  },
  'flip a bit of a tile': async ({ client, random, tenantId }) => {
    const { rows } = await client.query<{ level: number; tile_index: string; hashes: Buffer }>(
      'select level, tile_index, hashes from log_tiles where tenant_id = $1 order by level, tile_index',
      [tenantId],
    )
    const row = random.pick(rows)
    await client.query(
      'update log_tiles set hashes = $4 where tenant_id = $1 and level = $2 and tile_index = $3',
      [tenantId, row.level, row.tile_index, flip(row.hashes, random)],
    )
    return { says: /tile/ }
  },
  'edit a checkpoint': async ({ client, random, tenantId }) => {
    const { rows } = await client.query<{ tree_size: string; note: string }>(
      'select tree_size, note from checkpoints where tenant_id = $1 order by tree_size',
      [tenantId],
    )
    const row = random.pick(rows)
    const bytes = flip(Buffer.from(row.note, 'latin1'), random)
    await client.query('update checkpoints set note = $3 where tenant_id = $1 and tree_size = $2', [
      tenantId,
      row.tree_size,
      // NUL and bytes that are no UTF-8 cannot be stored as text at all.
      bytes.toString('latin1').replaceAll('\0', '0'),
    ])
    return { says: /checkpoint/ }
  },
}

async function spkiOf(client: Client, id: string): Promise<Buffer> {
  const { rows } = await client.query<{ spki: Buffer }>('select spki from signing_keys where id = $1', [id])
  return rows[0]?.spki ?? Buffer.alloc(32)
}
