import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import fc from 'fast-check'
import { keyTypes, parseNote, formatNote, signNote, toVerifier, toVkey } from '#domain/checkpoint.ts'
import { sealEntry } from '#domain/entry.ts'
import type { EntryBody } from '#domain/entry.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture, Json } from '#test/fixture.ts'
import { sealAll } from '#test/sealing.ts'
import type { VerifyReport } from '../verify/report.ts'
import { verifyTenant } from '../verify/verify.ts'

const tables = ['entries', 'work_orders', 'log_keys', 'log_leaves', 'log_tiles', 'checkpoints']

let fixture: Fixture
let tenantId = ''
/** Checkpoints as somebody outside keeps them, oldest first. */
const kept: string[] = []
before(async () => {
  fixture = await openFixture()
  for (let i = 0; i < 6; i += 1) {
    const made = await call('POST', '/v1/work-orders', { title: `Work ${i}`, assignee: 'Lee Lab' })
    await call('PATCH', `/v1/work-orders/${made.id}`, { priority: 'high' })
    await call('POST', `/v1/work-orders/${made.id}/transitions`, { to: 'assigned' })
    await sealAll(fixture)
    kept.push((await call('GET', '/v1/log/checkpoint')).note)
  }
  tenantId = /docket\.log\/(\S+)/.exec(kept[0] ?? '')?.[1] ?? ''
  const copies = tables.map((table) => `create table saved.${table} as table ${table}`)
  // Somebody with all rights takes constraints away, too.
  await damage(
    'create schema saved',
    'alter table checkpoints drop constraint the_note_says_log_size_and_root',
    ...copies,
  )
  const [{ list }] = await damage(
    `select json_object_agg(t, c) as list from (
       select attrelid::regclass::text as t, string_agg(quote_ident(attname), ', ' order by attnum) as c from pg_attribute
        where attrelid::regclass::text in (${tables.map((table) => `'${table}'`).join(', ')}) and attnum > 0 and not attisdropped
          and attgenerated = '' group by 1) x`,
  )
  columns = list
})
after(() => fixture.close())

async function call(method: string, path: string, body?: unknown): Promise<Json> {
  const reply = await fixture.call('Pat Planner', method, path, body)
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.text}`)
  return reply.body
}

/** Statements of somebody with all rights, past every guard; `:tenant` is the tenant's id. */
async function damage(...statements: readonly string[]): Promise<Json[]> {
  return withClient(fixture.adminUrl, async (client: pg.Client) => {
    await client.query('set session_replication_role = replica')
    let rows: Json[] = []
    for (const statement of statements) {
      const result = await client.query<Json>(statement.replaceAll(':tenant', `'${tenantId}'::uuid`))
      rows = result.rows
      if (/^\s*(?:update|delete|insert)/.test(statement))
        assert.ok((result.rowCount ?? 0) > 0, `nothing was changed by ${statement}`)
    }
    return rows
  })
}

/** Columns by table, those that are generated left out. */
let columns: { readonly [table: string]: string } = {}

/** What the statements changed is again as it was saved. */
async function restore(...statements: readonly string[]): Promise<void> {
  const changed = tables.filter((table) =>
    statements.some((statement) => new RegExp(`(?:update|from|into) ${table}\\b`).test(statement)),
  )
  await damage(
    ...changed.map((table) => `truncate ${table} cascade`),
    ...changed.map(
      (table) => `insert into ${table} (${columns[table]}) select ${columns[table]} from saved.${table}`,
    ),
  )
}
const everything = tables.map((table) => `update ${table}`)

const verify = (held?: string): Promise<VerifyReport> =>
  verifyTenant(fixture.service.installation.urlOf('docket_auditor'), tenantId, undefined, undefined, held)

/** Leaf `index` with its entry. */
async function leafOf(index: number): Promise<{ entry_id: string; record_id: string; seq: number }> {
  const [row] = await damage(
    `select l.entry_id, l.record_id, e.seq from log_leaves l join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
      where l.tenant_id = :tenant and l.leaf_index = ${index}`,
  )
  return row
}

const flipBit = (column: string, at: number): string =>
  `set_bit(${column}, ${at}, 1 - get_bit(${column}, ${at}))`
const flip = (column: string, at: number): string =>
  `set_byte(${column}, ${at}, 255 - get_byte(${column}, ${at}))`
const ofLog = (report: VerifyReport): (string | null)[] =>
  report.damages.filter(({ record }) => record.id === tenantId).map(({ field }) => field)

test('R-VER-13 a log that is as it was sealed is whole, also beside every checkpoint that was kept', async () => {
  for (const held of [undefined, ...kept]) {
    const report = await verify(held)
    assert.deepEqual(report.damages, [])
    assert.equal(report.log?.size, report.entries)
    assert.equal(report.log?.unsealed, 0)
    assert.ok((report.log?.checkpoints ?? 0) >= kept.length)
  }
  await call('POST', '/v1/work-orders', { title: 'Not sealed yet' })
  const report = await verify(kept.at(-1))
  assert.deepEqual([report.damages, report.log?.unsealed], [[], 1])
  await damage(...['saved.work_orders', 'saved.entries'].map((table) => `truncate ${table}`))
  await damage(
    'insert into saved.work_orders select * from work_orders',
    'insert into saved.entries select * from entries',
  )
})

/** One change of one row, and where it must be found: the entry of a leaf and a field, or a field of the log itself. */
const cases: {
  readonly [title: string]: readonly [sql: string, leaf: number | null, field: string | null][]
} = {
  'R-VER-14 a changed, lost or misplaced leaf is found at its entry': [
    [
      `update log_leaves set leaf = ${flip('leaf', 3)} where tenant_id = :tenant and leaf_index = 20`,
      20,
      'log_leaves',
    ],
    [
      `update log_leaves set leaf = ${flip('leaf', 31)} where tenant_id = :tenant and leaf_index = 0`,
      0,
      'log_leaves',
    ],
    [
      `update log_leaves set record_id = entry_id where tenant_id = :tenant and leaf_index = 21`,
      21,
      'record_id',
    ],
    [
      `update log_leaves set entry_id = record_id where tenant_id = :tenant and leaf_index = 22`,
      22,
      'log_leaves',
    ],
    [`delete from log_leaves where tenant_id = :tenant and leaf_index = 23`, 23, 'log_leaves'],
    [
      `update log_leaves set leaf_index = 100000 where tenant_id = :tenant and leaf_index = 24`,
      24,
      'log_leaves',
    ],
    [
      `update log_leaves set leaf_index = 1000 + leaf_index where tenant_id = :tenant and leaf_index in (25, 26);
       update log_leaves set leaf_index = 25 + 26 + 1000 - leaf_index where tenant_id = :tenant and leaf_index > 1000`,
      25,
      'log_leaves',
    ],
  ],
  'R-VER-15 an entry that was changed, lost or moved after it was sealed is found': [
    [`update entries set leaf = ${flip('leaf', 3)} where id = :entry`, 20, 'leaf'],
    [`update entries set record_id = id where id = :entry`, 21, null],
    [`delete from entries where id = :entry`, 22, null],
    [`update entries set xid = '1' where id = :entry`, 23, 'xid'],
    [`update entries set xid = (select max(xid) from entries) where id = :entry`, 24, 'xid'],
    [
      `update entries set tenant_id = (select tenant_id from tenants where slug = 'superportia') where id = :entry`,
      25,
      null,
    ],
  ],
  'R-VER-16 changed, lost and foreign tiles and checkpoints are found': [
    [
      `update log_tiles set hashes = ${flip('hashes', 100)} where tenant_id = :tenant and level = 0`,
      null,
      'log_tiles',
    ],
    [`delete from log_tiles where tenant_id = :tenant and level = 0`, null, 'log_tiles'],
    [
      `update log_tiles set hashes = substring(hashes for 64) where tenant_id = :tenant and level = 0`,
      null,
      'log_tiles',
    ],
    [
      `update log_tiles set hashes = hashes || sha256('x') where tenant_id = :tenant and level = 0`,
      null,
      'log_tiles',
    ],
    [
      `insert into log_tiles (tenant_id, level, tile_index, hashes) values (:tenant, 0, 1, sha256('x'))`,
      null,
      'log_tiles',
    ],
    [
      `insert into log_tiles (tenant_id, level, tile_index, hashes) values (:tenant, 1, 0, sha256('x'))`,
      null,
      'log_tiles',
    ],
    [`delete from checkpoints where tenant_id = :tenant and tree_size = :size`, null, 'checkpoints'],
    [`delete from checkpoints where tenant_id = :tenant`, null, 'checkpoints'],
    [
      `update checkpoints set root = ${flip('root', 0)} where tenant_id = :tenant and tree_size = :size`,
      null,
      'checkpoints',
    ],
    [
      `update checkpoints set note = replace(note, E'\\n' || tree_size || E'\\n', E'\\n1\\n') where tenant_id = :tenant and tree_size = :size`,
      null,
      'checkpoints',
    ],
    [
      `update checkpoints set note = left(note, -9) || E'AAAAAA==\\n' where tenant_id = :tenant and tree_size = :size`,
      null,
      'checkpoints',
    ],
    [
      `update checkpoints set note = 'none' where tenant_id = :tenant and tree_size = :size`,
      null,
      'checkpoints',
    ],
    [`delete from log_leaves where tenant_id = :tenant and leaf_index > 20`, null, 'log'],
    [`delete from log_keys where tenant_id = :tenant`, null, 'log_keys'],
    [`update log_keys set vkey = vkey || 'x' where tenant_id = :tenant`, null, 'log_keys'],
  ],
}

for (const [title, list] of Object.entries(cases)) {
  test(title, async () => {
    for (const [sql, leaf, field] of list) {
      const at = leaf === null ? undefined : await leafOf(leaf)
      const size = /\n(\d+)\n/.exec(kept.at(-1) ?? '')?.[1] ?? ''
      await damage(...sql.replaceAll(':entry', `'${at?.entry_id}'`).replaceAll(':size', size).split(';'))
      const { damages } = await verify()
      await restore(sql)
      const wanted = at === undefined ? [tenantId, null, field] : [at.record_id, at.seq, field]
      const tell = `${sql}: ${JSON.stringify(damages).slice(0, 2000)}`
      // A lost entry has no sequence any more; its place in the chain of its record is named besides.
      const isFound = damages.some(
        ({ record, seq, field: what }) =>
          record.id === wanted[0] && (field === null || (seq === wanted[1] && what === field)),
      )
      assert.ok(isFound, tell)
      // Not more is called damaged than there is: the place, and at most one that follows from it.
      const others = new Set(damages.map(({ record }) => record.id).filter((id) => id !== wanted[0]))
      assert.ok(others.size <= 1, tell)
    }
    assert.deepEqual((await verify()).damages, [])
  })
}

test('R-VER-17 an entry that was slipped in behind what was sealed is found, with or without a chain that fits', async () => {
  const { entry_id } = await leafOf(20)
  await damage(
    `insert into entries (tenant_id, id, record_kind, record_id, seq, action, actor_id, at, xid, leaf, body)
     select tenant_id, uuidv7(), record_kind, gen_random_uuid(), seq, action, actor_id, at, xid, leaf, body from entries where id = '${entry_id}'`,
  )
  const { damages } = await verify()
  assert.ok(
    damages.some(({ what }) => what === 'the entry has no leaf in the log, and entries after it have'),
  )
  await restore(...everything)
})

test('R-VER-18 a log that was made again around a changed entry shows beside a checkpoint that was kept', async () => {
  const [row] = await damage(
    `select e.id, e.body, e.record_id from entries e join work_orders w on w.tenant_id = e.tenant_id and w.entry_id = e.id
      where e.tenant_id = :tenant order by e.xid limit 1`,
  )
  const body = JSON.parse(row.body.toString('utf8')) as EntryBody
  const forged = sealEntry({ ...body, reason: 'never said' })
  await damage(
    `update entries set body = '\\x${forged.body.toString('hex')}', leaf = '\\x${forged.leaf.toString('hex')}' where id = '${row.id}'`,
    `update work_orders set entry_head = '\\x${forged.leaf.toString('hex')}' where id = '${row.record_id}'`,
    ...['checkpoints', 'log_leaves', 'log_tiles'].map(
      (table) => `delete from ${table} where tenant_id = :tenant`,
    ),
  )
  await sealAll(fixture)
  // Inside the database all of it fits: chain, leaves, tiles, and checkpoints signed with the right key.
  assert.deepEqual((await verify()).damages, [])
  const last = await verify(kept.at(-1))
  assert.deepEqual(ofLog(last), ['log'])
  assert.equal(last.damages.length, 1)
  // One from before that entry was sealed knows nothing of it.
  const [{ leaf_index }] = await damage(`select leaf_index from log_leaves where entry_id = '${row.id}'`)
  for (const held of kept) {
    const size = Number(/\n(\d+)\n/.exec(held)?.[1])
    assert.deepEqual(ofLog(await verify(held)), size > leaf_index ? ['log'] : [], String(size))
  }
  await restore(...everything)
})

test('R-VER-19 a log whose end was taken away shows beside a checkpoint that was kept', async () => {
  const [{ tree_size: size }] = await damage(
    'select tree_size from checkpoints where tenant_id = :tenant order by tree_size desc offset 1 limit 1',
  )
  const [{ hashes }] = await damage('select hashes from log_tiles where tenant_id = :tenant and level = 0')
  await damage(
    `delete from log_leaves where tenant_id = :tenant and leaf_index >= ${size}`,
    `delete from checkpoints where tenant_id = :tenant and tree_size > ${size}`,
    `update log_tiles set hashes = '\\x${hashes.toString('hex', 0, size * 32)}' where tenant_id = :tenant`,
  )
  assert.deepEqual((await verify()).damages, [])
  assert.deepEqual(ofLog(await verify(kept.at(-1))), ['log'])
  await restore(...everything)
})

test('R-VER-20 a swapped key and a checkpoint that is not of this log are found', async () => {
  const key = generateKeyPairSync('ed25519').privateKey
  const vkey = toVkey(toVerifier(`docket.log/${tenantId}`, keyTypes.ed25519, key))
  const rows = await damage('select tree_size, note from checkpoints where tenant_id = :tenant')
  await damage(
    `update log_keys set vkey = '${vkey}' where tenant_id = :tenant`,
    ...rows.map(({ tree_size, note }) => {
      const text = parseNote(note)?.text ?? ''
      const signed = formatNote({ text, signatures: [signNote(text, `docket.log/${tenantId}`, key)] })
      return `update checkpoints set note = '${signed}' where tenant_id = :tenant and tree_size = ${tree_size}`
    }),
  )
  assert.deepEqual(new Set(ofLog(await verify())), new Set(['log_keys', 'checkpoints']))
  const [forged] = await damage('select note from checkpoints where tenant_id = :tenant limit 1')
  await restore(...everything)
  assert.deepEqual(ofLog(await verify(forged.note)), ['log'])
  assert.deepEqual(ofLog(await verify('not a note')), ['log'])
  const other = await fixture.call('PM Agent', 'GET', '/v1/log/checkpoint')
  assert.deepEqual(ofLog(await verify(other.body.note)), ['log'])
})

test('R-VER-21 every random change of the log is found', async () => {
  const [{ size }] = await damage(
    'select max(leaf_index)::int + 1 as size from log_leaves where tenant_id = :tenant',
  )
  const bit = fc.integer({ min: 0, max: 255 })
  const leaf = fc.integer({ min: 0, max: size - 1 })
  const where = 'where tenant_id = :tenant and'
  const changes = fc.oneof(
    fc
      .tuple(leaf, bit)
      .map(([i, b]) => `update log_leaves set leaf = ${flipBit('leaf', b)} ${where} leaf_index = ${i}`),
    leaf.map((i) => `delete from log_leaves ${where} leaf_index = ${i}`),
    leaf.map((i) => `update log_leaves set leaf_index = ${size} + leaf_index ${where} leaf_index = ${i}`),
    fc
      .tuple(leaf, bit)
      .map(([i, b]) => `update log_tiles set hashes = ${flipBit('hashes', 256 * i + b)} ${where} level = 0`),
    fc
      .tuple(leaf, bit)
      .map(
        ([i, b]) =>
          `update entries set leaf = ${flipBit('leaf', b)} ${where} id = (select entry_id from log_leaves ${where} leaf_index = ${i})`,
      ),
    leaf.map(
      (i) => `delete from entries ${where} id = (select entry_id from log_leaves ${where} leaf_index = ${i})`,
    ),
    fc
      .tuple(leaf, leaf)
      .filter(([a, b]) => a !== b)
      .map(
        ([
          a,
          b,
        ]) => `update entries set xid = (select xid from entries ${where} id = (select entry_id from log_leaves ${where} leaf_index = ${b}))
                     ${where} id = (select entry_id from log_leaves ${where} leaf_index = ${a})
                       and (xid, id) <> (select xid, id from entries ${where} id = (select entry_id from log_leaves ${where} leaf_index = ${b}))`,
      ),
    fc.tuple(fc.nat(), bit).map(
      ([n, b]) => `update checkpoints set root = ${flipBit('root', b)} ${where} tree_size =
                     (select tree_size from checkpoints ${where} true order by tree_size offset ${n} % (select count(*) from checkpoints ${where} true) limit 1)`,
    ),
  )
  await fc.assert(
    fc.asyncProperty(changes, async (change) => {
      await damage(change)
      const [{ same }] = await damage(
        `select not exists ((select tenant_id, id, xid from entries except select tenant_id, id, xid from saved.entries)) as same`,
      )
      const isReorder = change.startsWith('update entries set xid')
      const { damages } = await verify()
      // Another transaction with the same place among all others is no other order.
      const isOrderKept = isReorder && !same && (await isOrderAsSealed())
      await restore(change)
      assert.ok(damages.length > 0 || isOrderKept, change)
    }),
    { numRuns: 15 },
  )
})

async function isOrderAsSealed(): Promise<boolean> {
  const [{ kept: same }] = await damage(
    `select bool_and(leaf_index = place - 1) as kept from (
       select l.leaf_index, row_number() over (order by e.xid, e.id) as place
         from log_leaves l join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id where l.tenant_id = :tenant) x`,
  )
  return same
}
