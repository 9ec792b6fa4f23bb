import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import type { Logger } from 'pino'
import { formatCheckpoint, formatNote, signNote } from '#domain/checkpoint.ts'
import { growTiles } from '#domain/tile.ts'
import { openDatabase } from '#platform/database.ts'
import type { Database } from '#platform/database.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture } from '#test/fixture.ts'
import { sealAll } from '#test/sealing.ts'
import { openLogGuard } from './guard.ts'
import { unwrapLogKey } from './log-key.ts'
import { listPieceTiles } from './monitor-check.ts'
import { lookAtLog, openMonitor } from './monitor.ts'
import type { Look, MonitorWork } from './monitor.ts'
import type { Mismatch } from './neighbour.ts'

const hour = 3600 * 1000
const folder = mkdtempSync(join(tmpdir(), 'docket-monitor-'))
let fixture: Fixture
let auditor: Database
let admin: pg.Client
let tenantId = ''
before(async () => {
  fixture = await openFixture()
  auditor = openDatabase({
    url: fixture.service.installation.urlOf('docket_auditor'),
    max: 1,
    applicationName: 'test-monitor',
  })
  admin = new pg.Client({ connectionString: fixture.adminUrl })
  await admin.connect()
  // More than a tile, so that there is one above.
  const titles = Array.from({ length: 270 }, (_, i) => `Measured ${i}`)
  for (const title of titles)
    assert.equal((await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title })).status, 201)
  await sealAll(fixture, 'acme-bio')
  const { rows } = await admin.query<{ id: string }>(
    `select tenant_id as id from tenants where slug = 'acme-bio'`,
  )
  tenantId = rows[0]?.id ?? ''
  // Superuser, triggers off, and this tenant by default: what an intruder with all rights could do.
  await admin.query(`set session_replication_role = replica`)
  await admin.query(`select set_config('docket.tenant_id', $1, false)`, [tenantId])
})
after(async () => {
  await admin.end()
  await auditor.close()
  await fixture.close()
  rmSync(folder, { recursive: true, force: true })
})

type Watch = MonitorWork & { readonly raised: Mismatch[]; clock: number }
let watches = 0
function openWatch(): Watch {
  const raised: Mismatch[] = []
  const watch: Watch = {
    db: auditor,
    folder: join(folder, String((watches += 1))),
    log: { error: () => undefined, warn: () => undefined },
    raise: (tenant, { kind, detail }) => {
      assert.deepEqual([tenant, kind], [tenantId, 'log_mismatch'])
      raised.push(detail)
      return Promise.resolve()
    },
    raised,
    clock: Date.parse('2026-11-21T00:00:00Z'),
    now: () => watch.clock,
  }
  return watch
}

const sizeOf = async (table = 'checkpoints', column = 'tree_size'): Promise<number> =>
  (
    await admin.query<{ n: string }>(`select max(${column}) as n from ${table} where tenant_id = $1`, [
      tenantId,
    ])
  ).rows.map(({ n }) => Number(n))[0] ?? 0
const stateOf = (watch: Watch) =>
  JSON.parse(readFileSync(join(watch.folder, `${tenantId}.json`), 'utf8')) as {
    head: { size: number }
    follow: { size: number; peaks: string[] }
    sweep: { size: number } | null
  }

/** Looks until there is nothing more to read at once. */
async function lookThrough(watch: Watch, most = 10_000): Promise<Look[]> {
  const looks: Look[] = []
  do looks.push(await lookAtLog(watch, tenantId, most))
  while (looks.at(-1)?.behind === true)
  return looks
}

/** Does the damage, lets a pass run over it, undoes it. */
async function withDamage(sql: string, work: () => Promise<void>): Promise<void> {
  const tables = ['entries', 'log_leaves', 'log_tiles', 'checkpoints']
  for (const table of tables)
    await admin.query(
      `create temp table kept_${table} as select * from ${table} where tenant_id = '${tenantId}'`,
    )
  try {
    const { rowCount } = await admin.query(sql)
    assert.ok((rowCount ?? 0) > 0, `nothing was damaged: ${sql}`)
    await work()
  } finally {
    for (const table of tables) {
      await admin.query(`delete from ${table} where tenant_id = '${tenantId}'`)
      await admin.query(`insert into ${table} select * from kept_${table}`)
      await admin.query(`drop table kept_${table}`)
    }
  }
}

test('R-MON-1 a whole log is read to its end at the given rate, goes on where it was, and nothing is raised', async () => {
  const watch = openWatch()
  const looks = await lookThrough(watch, 64)
  const size = await sizeOf()
  assert.deepEqual([...new Set(looks.slice(0, -1).map(({ read }) => read))], [64])
  assert.equal(
    looks.reduce((sum, { read }) => sum + read, 0),
    size,
  )
  assert.deepEqual(
    [stateOf(watch).head.size, stateOf(watch).follow.size, stateOf(watch).sweep],
    [size, size, null],
  )
  // Nothing changes: nothing is read, and the file stays as it is.
  const before1 = readFileSync(join(watch.folder, `${tenantId}.json`))
  assert.deepEqual(await lookThrough(watch), [{ read: 0, behind: false, mismatches: [] }])
  assert.ok(before1.equals(readFileSync(join(watch.folder, `${tenantId}.json`))))
  // Something new: only that is read.
  await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'New' })
  await sealAll(fixture, 'acme-bio')
  assert.equal(
    (await lookThrough(watch)).reduce((sum, { read }) => sum + read, 0),
    (await sizeOf()) - size,
  )
  // Later, everything again, a piece at a time.
  watch.clock += hour
  assert.equal(
    (await lookThrough(watch, 100)).reduce((sum, { read }) => sum + read, 0),
    await sizeOf(),
  )
  assert.deepEqual(watch.raised, [])
})

test('R-MON-1 the file of a tenant is readable by the service alone and replaced as a whole', async () => {
  const watch = openWatch()
  await lookThrough(watch)
  const { mode } = statSync(join(watch.folder, `${tenantId}.json`))
  assert.equal(mode & 0o777, 0o600)
})

const damages: readonly (readonly [what: string, sql: string, key: RegExp])[] = [
  [
    'a body',
    `update entries set body = body || ' ' where id = (select entry_id from log_leaves where leaf_index = 40)`,
    /^leaf 40$/,
  ],
  [
    'the hash beside a body',
    `update entries set leaf = sha256('x') where id = (select entry_id from log_leaves where leaf_index = 39 and tenant_id = current_tenant())`,
    /^leaf 39$/,
  ],
  [
    'a body with its leaf',
    `update entries set body = body || ' ', leaf = sha256('\\x00'::bytea || body || ' ') where id = (select entry_id from log_leaves where leaf_index = 41)`,
    /^leaf 41$/,
  ],
  [
    'an entry is gone',
    `delete from entries where id = (select entry_id from log_leaves where leaf_index = 42)`,
    /^leaf 42$/,
  ],
  [
    'an entry out of its order',
    `update entries set xid = (select e.xid from entries e join log_leaves l on l.entry_id = e.id where l.leaf_index = 60 and l.tenant_id = current_tenant())
      where id = (select entry_id from log_leaves where leaf_index = 43 and tenant_id = current_tenant())`,
    /^leaf 44$/,
  ],
  ['another record', `update log_leaves set record_id = tenant_id where leaf_index = 45`, /^leaf 45$/],
  ['a leaf', `update log_leaves set leaf = sha256('x') where leaf_index = 46`, /^leaf 46$/],
  ['a leaf is gone', `delete from log_leaves where leaf_index = 47`, /^leaf 47$/],
  [
    'a tile',
    `update log_tiles set hashes = overlay(hashes placing sha256('x') from 48 * 32 + 1) where level = 0 and tile_index = 0`,
    /^leaf 48$/,
  ],
  [
    'a tile is short',
    `update log_tiles set hashes = substring(hashes for 320) where level = 0 and tile_index = 0`,
    /^(?:leaf 10|head)$/,
  ],
  ['a tile above', `update log_tiles set hashes = sha256('x') where level = 1`, /^(?:tile 1\/0)$/],
  [
    'a root',
    `update checkpoints set root = sha256('x'), note = replace(note, encode(root, 'base64'), encode(sha256('x'), 'base64')) where tree_size = (select min(tree_size) from checkpoints)`,
    /^checkpoint \d+$/,
  ],
  [
    'a note',
    `update checkpoints set note = replace(note, '— ', '— x') where tree_size = (select min(tree_size) from checkpoints)`,
    /^checkpoint \d+$/,
  ],
  [
    'an entry slipped in',
    `insert into entries (tenant_id, id, record_kind, record_id, seq, action, actor_id, at, xid, leaf, body)
     select tenant_id, overlay(id::text placing 'fff' from 34)::uuid, record_kind, record_id, seq, action, actor_id, at, xid, leaf, body
       from entries where id = (select entry_id from log_leaves where leaf_index = 50)`,
    /^order \d+$/,
  ],
]
for (const [what, sql, key] of damages) {
  test(`R-MON-2 found in the next pass, with its place: ${what}`, async () => {
    const watch = openWatch()
    await lookThrough(watch)
    await withDamage(sql, async () => {
      // Not due yet: a small log is not read over and over.
      watch.clock += hour
      await lookThrough(watch)
      assert.ok(watch.raised.length >= 1, 'nothing was raised')
      assert.match(watch.raised[0]?.key ?? '', key)
      // Said once, and again after an hour when it is still so.
      const times = watch.raised.length
      await lookThrough(watch)
      assert.equal(watch.raised.length, times)
      watch.clock += 2 * hour
      await lookThrough(watch)
      assert.ok(watch.raised.length > times)
    })
    // It was put right: nothing more is said.
    watch.clock += 2 * hour
    watch.raised.length = 0
    await lookThrough(watch)
    assert.deepEqual(watch.raised, [])
  })
}

const nothing = (): Buffer => Buffer.alloc(0)

/** Another root under a stored size, signed with the log's own key. */
async function putCheckpoint(size: number, root: Buffer): Promise<void> {
  const { rows } = await admin.query<{ id: string; origin: string; wrapped_private: Buffer }>(
    `select id, origin, wrapped_private from log_keys where tenant_id = '${tenantId}'`,
  )
  const [key] = rows
  assert.ok(key !== undefined)
  const signer = unwrapLogKey(fixture.service.floor.wrap, tenantId, key)
  const text = formatCheckpoint({ origin: key.origin, size, root, extensions: [] })
  const note = formatNote({ text, signatures: [signNote(text, key.origin, signer)] })
  await admin.query(
    `update checkpoints set root = $1, note = $2 where tree_size = $3 and tenant_id = '${tenantId}'`,
    [root, note, size],
  )
}

test('R-MON-2 found in the next pass, with its place: an old root that the log itself signed', async () => {
  await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Later' })
  await sealAll(fixture, 'acme-bio')
  const watch = openWatch()
  await lookThrough(watch)
  await withDamage('select 1', async () => {
    const { rows } = await admin.query<{ size: string }>(
      `select min(tree_size) as size from checkpoints where tenant_id = '${tenantId}'`,
    )
    await putCheckpoint(Number(rows[0]?.size), Buffer.alloc(32, 3))
    watch.clock += hour
    await lookThrough(watch)
    assert.match(watch.raised[0]?.what ?? '', /has another root than its leaves/)
  })
})

/** Forges the log from a leaf on, with all keys at hand, so that the database alone shows nothing. */
async function rechain(from: number): Promise<void> {
  await admin.query(
    `update entries set body = body || ' ', leaf = sha256('\\x00'::bytea || body || ' ')
      where id = (select entry_id from log_leaves where leaf_index = ${from} and tenant_id = '${tenantId}')`,
  )
  await admin.query(
    `update log_leaves l set leaf = e.leaf from entries e where e.id = l.entry_id and l.tenant_id = '${tenantId}'`,
  )
  const { rows } = await admin.query<{ leaf: Buffer }>(
    `select leaf from log_leaves where tenant_id = '${tenantId}' order by leaf_index`,
  )
  const leaves = rows.map(({ leaf }) => leaf)
  for (const { level, index, hashes } of growTiles(0, leaves, nothing).tiles)
    await admin.query(
      `update log_tiles set hashes = $1 where level = $2 and tile_index = $3 and tenant_id = '${tenantId}'`,
      [hashes, level, index],
    )
  const { rows: checkpoints } = await admin.query<{ size: string }>(
    `select tree_size as size from checkpoints where tenant_id = '${tenantId}'`,
  )
  for (const size of checkpoints.map((row) => Number(row.size))) {
    const { root } = growTiles(0, leaves.slice(0, size), nothing)
    await putCheckpoint(size, root)
  }
}

test('R-MON-3 a log made anew with all keys at hand is seen at once, and stays seen', async () => {
  const watch = openWatch()
  await lookThrough(watch)
  await withDamage('select 1', async () => {
    await rechain(30)
    // A stranger who looks for the first time sees a whole log.
    const stranger = openWatch()
    await lookThrough(stranger)
    assert.deepEqual(stranger.raised, [])
    await lookThrough(watch)
    assert.deepEqual(
      watch.raised.map(({ key }) => key),
      ['head'],
    )
    // It is seen at each look, and said once an hour.
    await lookThrough(watch)
    assert.equal(watch.raised.length, 1)
    // It grows on: that does not make it the old one again.
    await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Goes on' })
    await sealAll(fixture, 'acme-bio')
    watch.clock += 2 * hour
    await lookThrough(watch)
    assert.ok(watch.raised.filter(({ key }) => key === 'head').length >= 2)
    assert.match(watch.raised.findLast(({ key }) => key === 'head')?.what ?? '', /its past was changed/)
  })
})

test('R-MON-4 an older backup, a log that is gone and another key are seen at once', async () => {
  const cases: readonly (readonly [sql: string, what: RegExp])[] = [
    [
      `with c as (delete from checkpoints where tree_size > (select min(tree_size) from checkpoints) and tenant_id = current_tenant() returning tree_size)
       delete from log_leaves where leaf_index >= (select min(tree_size) from checkpoints) and tenant_id = current_tenant()`,
      /it was cut, or an older backup was restored/,
    ],
    [`delete from checkpoints where tenant_id = current_tenant()`, /the log is empty, but had \d+ entries/],
  ]
  // A second checkpoint, so that there is one to go back to.
  await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Later' })
  await sealAll(fixture, 'acme-bio')
  const watch = openWatch()
  await lookThrough(watch)
  for (const [sql, what] of cases)
    await withDamage(sql, async () => {
      watch.clock += 2 * hour
      watch.raised.length = 0
      await lookThrough(watch)
      assert.match(watch.raised[0]?.what ?? '', what)
    })
  // The key that signs now is not the one that signed when the log was first seen.
  const path = join(watch.folder, `${tenantId}.json`)
  const { rows } = await admin.query<{ vkey: string }>(
    `select vkey from log_keys where tenant_id <> '${tenantId}'`,
  )
  await sealAll(fixture)
  const other = rows[0]?.vkey ?? 'docket.log/x+00000000+AQ=='
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"vkey":"[^"]+"/, `"vkey":"${other}"`))
  watch.clock += 2 * hour
  watch.raised.length = 0
  await lookThrough(watch)
  assert.match(watch.raised[0]?.what ?? '', /not signed by the key of this log/)
})

test('R-MON-5 what cannot be raised now is raised with the next look; a damaged file is said and put aside', async () => {
  const watch = openWatch()
  mkdirSync(watch.folder, { recursive: true })
  const path = join(watch.folder, `${tenantId}.json`)
  writeFileSync(path, '{"v":1,"head":')
  const away = { ...watch, raise: () => Promise.reject(new Error('away')) }
  await assert.rejects(lookAtLog(away, tenantId, 10), /away/)
  writeFileSync(path, '{"v":1,"head":')
  await lookAtLog(watch, tenantId, 10)
  assert.deepEqual(
    watch.raised.map(({ key }) => key),
    ['file'],
  )
  assert.equal(readFileSync(`${path}.damaged`, 'utf8'), '{"v":1,"head":')
})

test('R-MON-6 in the service a mismatch opens a finding that holds what is regulatory', async () => {
  const { installation, floor } = fixture.service
  const said = new EventEmitter<{ error: [] }>()
  const open = () =>
    openLogGuard({
      floor,
      auditorUrl: () => installation.urlOf('docket_auditor'),
      config: { DOCKET_DATA: join(folder, 'service'), DOCKET_MONITOR_RATE: 100_000 },
      neighbours: { witnesses: [], timestamp: undefined },
      log: { warn: () => undefined, error: () => said.emit('error') } as unknown as Logger,
    })
  const sql = `update log_leaves set leaf = sha256('x') where leaf_index = 5 and tenant_id = current_tenant()`
  await withDamage(sql, async () => {
    const told = once(said, 'error', { signal: AbortSignal.timeout(60_000) }).catch((error: unknown) => error)
    const guard = open()
    await told
    // It waits for what is being raised.
    await guard.close()
    const found = await fixture.call('Ada Admin', 'GET', '/v1/findings?kind=log_mismatch')
    assert.equal(found.status, 200, found.text)
    assert.equal(found.body.data.length, 1)
    const [finding] = found.body.data
    assert.deepEqual([finding.severity, finding.state], ['critical', 'open'])
    assert.match(JSON.stringify(finding), /leaf 5/)
  })
})

const tileNames = (from: number, to: number): string =>
  listPieceTiles(from, to)
    .map(({ level, index }) => `${level}/${index}`)
    .join(' ')

test('R-MON-7 the tiles that a piece is held against are those of its leaves and those that complete above', () => {
  assert.equal(tileNames(0, 10), '0/0')
  assert.equal(tileNames(250, 260), '0/0 0/1 1/0')
  assert.equal(tileNames(65_530, 65_540), '0/255 0/256 1/0 1/1 2/0')
})

test('R-MON-8 the monitor ends when it is closed, also in the middle of a pass', async () => {
  const watch = openWatch()
  const monitor = openMonitor({ ...watch, raise: () => Promise.resolve() }, 50)
  await monitor.close()
})
