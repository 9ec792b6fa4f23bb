import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { openFixture } from '#test/fixture.ts'
import type { Fixture } from '#test/fixture.ts'
import { sealAll, untilSealable } from '#test/sealing.ts'

type Role = 'docket_app' | 'docket_sealer' | 'docket_auditor'

let fixture: Fixture
let tenantId = ''
const clients = new Map<Role, pg.Client>()
before(async () => {
  fixture = await openFixture()
  await sealAll(fixture, 'acme-bio')
  for (const role of ['docket_app', 'docket_sealer', 'docket_auditor'] as const) {
    const client = new pg.Client({ connectionString: fixture.service.installation.urlOf(role) })
    await client.connect()
    clients.set(role, client)
  }
  const me = await fixture.call('Pat Planner', 'GET', '/v1/log/checkpoint')
  tenantId = /docket\.log\/(\S+)/.exec(me.body.note)?.[1] ?? ''
  // Three entries that are not sealed yet, below the horizon.
  for (let i = 0; i < 3; i += 1)
    await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: `Unsealed ${i}` })
  await untilSealable(fixture)
})
after(async () => {
  await Promise.all([...clients.values()].map((client) => client.end()))
  await fixture.close()
})

/** What the database says to it, in a transaction of the tenant that is rolled back. */
async function tryAs(role: Role, sql: string): Promise<string> {
  const client = clients.get(role)
  assert.ok(client !== undefined)
  await client.query('begin')
  try {
    await client.query(`select set_config('docket.tenant_id', $1, true)`, [tenantId])
    await client.query(sql)
    await client.query('set constraints all immediate')
    return 'done'
  } catch (error) {
    const { code, constraint } = error as { code?: string; constraint?: string }
    return constraint ?? code ?? String(error)
  } finally {
    await client.query('rollback')
  }
}

/** The unsealed entries as `n`, numbered from 1; `size` is that of the log. */
const next = `with log as (select max(leaf_index) + 1 as size from log_leaves),
  n as (select e.id, e.record_id, e.leaf, row_number() over (order by e.xid, e.id) as i
          from entries e where not exists (select from log_leaves l where l.entry_id = e.id))
  insert into log_leaves (leaf_index, entry_id, record_id, leaf)`
const other = `'\\x${'07'.repeat(32)}'::bytea`
const another = other.replaceAll('07', '08')
const denied = '42501'

type Case = readonly [role: Role, answer: string, sql: string]
const cases: { readonly [title: string]: readonly Case[] } = {
  'R-LOG-20 leaves continue the log without a gap': [
    ['docket_sealer', 'done', `${next} select size + i - 1, id, record_id, leaf from n, log`],
    ['docket_sealer', 'done', `${next} select size, id, record_id, leaf from n, log where i = 1`],
    ['docket_sealer', 'DK020', `${next} select size + i, id, record_id, leaf from n, log`],
    ['docket_sealer', 'DK020', `${next} select size + 2 * (i - 1), id, record_id, leaf from n, log`],
    ['docket_sealer', 'log_leaves_pkey', `${next} select size + i - 2, id, record_id, leaf from n, log`],
    [
      'docket_sealer',
      'one_leaf_per_entry',
      `insert into log_leaves (leaf_index, entry_id, record_id, leaf)
       select (select max(leaf_index) + 1 from log_leaves), entry_id, record_id, leaf from log_leaves where leaf_index = 0`,
    ],
  ],
  'R-LOG-20 a leaf is that of its entry': [
    ['docket_sealer', 'DK021', `${next} select size + i - 1, id, record_id, ${other} from n, log`],
    ['docket_sealer', 'DK021', `${next} select size + i - 1, id, id, leaf from n, log`],
    ['docket_sealer', 'DK021', `${next} select size + i - 1, gen_random_uuid(), record_id, leaf from n, log`],
    [
      'docket_sealer',
      'DK021',
      `${next} select size + i - 1, case when i = 2 then gen_random_uuid() else id end, record_id, leaf from n, log`,
    ],
  ],
  'R-LOG-20 entries are sealed in order of commit, and none is left out': [
    ['docket_sealer', 'DK022', `${next} select size, id, record_id, leaf from n, log where i = 2`],
    ['docket_sealer', 'DK022', `${next} select size + 3 - i, id, record_id, leaf from n, log`],
    [
      'docket_sealer',
      'DK022',
      `${next} select size + case i when 1 then 0 else 1 end, id, record_id, leaf from n, log where i <> 2`,
    ],
  ],
  'R-LOG-21 a tile only grows, and one after the other': [
    ['docket_sealer', 'done', `update log_tiles set hashes = hashes || ${other} where level = 0`],
    ['docket_sealer', 'DK023', `update log_tiles set hashes = ${other} || hashes where level = 0`],
    ['docket_sealer', 'DK023', `update log_tiles set hashes = substring(hashes for 32) where level = 0`],
    ['docket_sealer', 'DK023', `update log_tiles set hashes = hashes where level = 0`],
    [
      'docket_sealer',
      'DK023',
      `update log_tiles set hashes = set_byte(hashes, 40, 255 - get_byte(hashes, 40)) || ${other} where level = 0`,
    ],
    ['docket_sealer', denied, `update log_tiles set tile_index = 7 where level = 0`],
    ['docket_sealer', 'done', `insert into log_tiles (level, tile_index, hashes) values (1, 0, ${other})`],
    ['docket_sealer', 'DK020', `insert into log_tiles (level, tile_index, hashes) values (0, 1, ${other})`],
    [
      'docket_sealer',
      'a_tile_holds_1_to_256_hashes',
      `insert into log_tiles (level, tile_index, hashes) values (1, 0, ${other} || '\\x00')`,
    ],
  ],
  'R-LOG-22 a checkpoint says the size of the log, which never shrinks, in the words of its note': [
    ['docket_sealer', 'DK024', checkpointOf('max(tree_size)')],
    ['docket_sealer', 'DK024', checkpointOf('max(tree_size) - 1')],
    ['docket_sealer', 'DK024', checkpointOf('max(tree_size) + 1')],
    [
      'docket_sealer',
      'done',
      `${next} select size + i - 1, id, record_id, leaf from n, log; ${checkpointOf('max(tree_size) + 3')}`,
    ],
    [
      'docket_sealer',
      'the_note_says_log_size_and_root',
      `${next} select size + i - 1, id, record_id, leaf from n, log; ${checkpointOf('max(tree_size) + 3', `'docket.log/other'`)}`,
    ],
    [
      'docket_sealer',
      'the_note_says_log_size_and_root',
      `${next} select size + i - 1, id, record_id, leaf from n, log; ${checkpointOf('max(tree_size) + 3', undefined, another)}`,
    ],
  ],
  'R-LOG-23 nobody changes or takes away what was sealed, and only the sealer seals': [
    ...(['docket_app', 'docket_sealer', 'docket_auditor'] as const).flatMap((role): Case[] => [
      [role, denied, `update log_leaves set leaf = leaf`],
      [role, denied, `delete from log_leaves`],
      [role, denied, `truncate log_leaves`],
      [role, denied, `update checkpoints set note = note`],
      [role, denied, `delete from checkpoints`],
      [role, denied, `delete from log_tiles`],
      [role, denied, `update cosignatures set line = line`],
      [role, denied, `delete from cosignatures`],
      [role, denied, `update log_keys set vkey = vkey`],
      [role, denied, `delete from log_keys`],
    ]),
    ...(['docket_app', 'docket_auditor'] as const).flatMap((role): Case[] => [
      [
        role,
        denied,
        `insert into log_leaves (leaf_index, entry_id, record_id, leaf) select 0, id, id, ${other} from tenants`,
      ],
      [role, denied, `insert into log_tiles (level, tile_index, hashes) values (1, 0, ${other})`],
      [role, denied, checkpointOf('max(tree_size) + 1')],
      [role, denied, `select wrapped_private from log_keys`],
    ]),
    ['docket_sealer', denied, `select body from entries`],
    [
      'docket_sealer',
      denied,
      `insert into cosignatures (tree_size, witness, line) values (1, 'w', '— w AAAA')`,
    ],
  ],
  'R-LOG-24 an entry cannot say that another transaction wrote it': [
    ['docket_app', denied, `insert into entries (id, xid) values (gen_random_uuid(), '1')`],
  ],
  'R-LOG-9 a key of the log needs the entry that says so, and there is one in use': [
    ['docket_app', 'one_key_in_use_per_log', keyOf('docket.log/')],
    ['docket_app', 'the_origin_names_the_tenant', keyOf('docket.log/x')],
  ],
}

function checkpointOf(size: string, origin = `'docket.log/' || current_tenant()`, root = other): string {
  const note = `${origin} || E'\\n' || (${size}) || E'\\n' || encode(${root}, 'base64') || E'\\n\\n— x AAAA\\n'`
  return `insert into checkpoints (tree_size, root, note) select ${size}, ${other}, ${note} from checkpoints`
}

function keyOf(origin: string): string {
  const name = `'${origin}' || current_tenant()`
  return `insert into log_keys (id, origin, vkey, wrapped_private) values (gen_random_uuid(), ${name}, ${name} || '+k', '')`
}

for (const [title, list] of Object.entries(cases)) {
  test(title, async () => {
    for (const [role, answer, sql] of list) assert.equal(await tryAs(role, sql), answer, `${role}: ${sql}`)
  })
}

test('R-LOG-9 a key without its entry is refused at commit', async () => {
  const client = new pg.Client({ connectionString: fixture.adminUrl })
  await client.connect()
  await client.query('begin')
  await client.query(`select set_config('docket.tenant_id', $1, true)`, [tenantId])
  await client.query('update log_keys set retired_at = now() where tenant_id = $1', [tenantId])
  await assert.rejects(client.query('commit'), { code: 'DK002' })
  await client.end()
})

test('R-LOG-20 an entry above the horizon is not sealed, even by a sealer that tries', async () => {
  const open = new pg.Client({ connectionString: fixture.adminUrl })
  await open.connect()
  await open.query('begin')
  await open.query('select pg_current_xact_id()')
  await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Above the horizon' })
  assert.equal(
    await tryAs('docket_sealer', `${next} select size + i - 1, id, record_id, leaf from n, log`),
    'DK022',
  )
  await open.end()
})
