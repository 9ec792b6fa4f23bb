/**
 * The guards of the database, tried by SQL as the role that serves: what the code never does is refused all
 * the same. Each attempt is one transaction with a well-made entry, wrong in one thing only.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { sealEntry } from '#domain/entry.ts'
import type { EntryBody } from '#domain/entry.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

type Row = { readonly [column: string]: unknown } & {
  readonly tenant_id: string
  readonly id: string
  readonly version: number
  readonly entry_seq: number
  readonly entry_head: Buffer
}
type Attempt = (client: pg.Client) => Promise<unknown>

let fixture: Fixture
let app: pg.Client
let tenant: string
let columns: string[]

before(async () => {
  fixture = await openFixture()
  app = new pg.Client({ connectionString: fixture.service.installation.urlOf('docket_app') })
  await app.connect()
  tenant = (await fixture.call('夏哥', 'GET', '/v1/me')).body.tenant.id
  columns = await withClient(fixture.adminUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = 'work_orders'::regclass and attnum > 0 and attgenerated = ''`,
    )
    return rows.map((row) => row.name)
  })
})
after(async () => {
  await app.end()
  await fixture.close()
})

/** Runs the attempt and its commit; gives the SQLSTATE and what refused, or `done`. */
async function attempt(work: Attempt, client: pg.Client = app): Promise<string> {
  try {
    await client.query('begin')
    await client.query(`select set_config('docket.tenant_id', $1, true)`, [tenant])
    await work(client)
    await client.query('commit')
    return 'done'
  } catch (error) {
    await client.query('rollback')
    if (!(error instanceof pg.DatabaseError)) throw error
    return `${error.code} ${error.constraint ?? error.message}`
  }
}

const load = async (id: string): Promise<Row> =>
  withClient(fixture.adminUrl, async (client) => {
    const { rows } = await client.query<Row>('select * from work_orders where id = $1', [id])
    assert.ok(rows[0] !== undefined)
    return rows[0]
  })

type Next = {
  readonly id: string
  readonly seq: number
  readonly version: number
  readonly leaf: Buffer
  readonly body: Buffer
}

/** The entry that would come next on the record's chain. */
function seal(record: { kind: EntryBody['record']['kind']; id: string }, last?: Row): Next {
  const id = uuidv7()
  const seq = (last?.entry_seq ?? 0) + 1
  const version = (last?.version ?? 0) + 1
  const sealed = sealEntry({
    v: 1,
    id,
    tenant,
    record,
    seq,
    version,
    actor: { id: tenant, kind: 'system', name: 'guard', sponsor: null, client: 'test' },
    action: 'updated',
    reason: null,
    changes: [],
    detail: null,
    request: 'guards',
    at: '2026-11-20T21:19:39.123456Z',
    prev: last?.entry_head.toString('hex') ?? null,
  })
  return { id, seq, version, ...sealed }
}

const insertEntry = (client: pg.Client, kind: string, recordId: string, entry: Next): Promise<unknown> =>
  client.query(
    `insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
     values ($1, $2, $3, $4, 'updated', $5, now(), $6, $7)`,
    [entry.id, kind, recordId, entry.seq, tenant, entry.leaf, entry.body],
  )

/** A change with the entry that says so: everything in order, but for what is set. */
const change =
  (row: Row, set: string) =>
  async (client: pg.Client): Promise<void> => {
    const entry = seal({ kind: 'work_order', id: row.id }, row)
    await insertEntry(client, 'work_order', row.id, entry)
    await client.query(
      `update work_orders set version = version + 1, entry_seq = $2, entry_id = $3, entry_head = $4, ${set} where id = $1`,
      [row.id, entry.seq, entry.id, entry.leaf],
    )
  }

/** A new work order like the given one, with its first entry. */
const insertLike =
  (row: Row, differing: { readonly [column: string]: unknown }) => async (client: pg.Client) => {
    const id = uuidv7()
    const entry = seal({ kind: 'work_order', id })
    await insertEntry(client, 'work_order', id, entry)
    const head = { entry_seq: 1, entry_id: entry.id, entry_head: entry.leaf, version: 1 }
    const next: { [column: string]: unknown } = { ...row, id, number: `WO-${id}`, ...head, ...differing }
    for (const json of ['attributes', 'job_plan', 'requirements', 'hold', 'blocker'])
      next[json] = next[json] === null ? null : JSON.stringify(next[json])
    await client.query(
      `insert into work_orders (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')})`,
      columns.map((column) => next[column]),
    )
  }

async function createFleet(extra: object = {}): Promise<Row> {
  const { body, status } = await fixture.call('夏哥', 'POST', '/v1/work-orders', {
    title: '[SS1-Guards] Something to guard',
    assignee: '夏哥',
    lifecycle: 'fleet',
    ...extra,
  })
  assert.equal(status, 201)
  return load(body.id)
}

async function moveTo(row: Row, moves: readonly object[]): Promise<Row> {
  for (const move of moves) {
    const { status, text } = await fixture.call('夏哥', 'POST', `/v1/work-orders/${row.id}/transitions`, move)
    assert.equal(status, 200, text)
  }
  return load(row.id)
}
const toReview = [
  { to: 'accepted', reason: 'r' },
  { to: 'in_progress', reason: 'r' },
  { to: 'review', reason: 'r', completion_summary: 'done', actual_hours: 1 },
]

test('R-GRD-1 a record changes with its entry, or not at all', async () => {
  const row = await createFleet()
  assert.equal(await attempt(change(row, `title = '[SS1-Guards] Changed'`)), 'done')
  const now = await load(row.id)
  assert.match(
    await attempt((client) => client.query(`update work_orders set title = 'x' where id = $1`, [row.id])),
    /^DK002 .* changed without an entry/,
  )
  // The head moves, but there is no such entry.
  const pretended = `update work_orders set entry_seq = entry_seq + 1, title = 'x' where id = $1`
  assert.match(
    await attempt((client) => client.query(pretended, [row.id])),
    /^DK002 .* changed without an entry/,
  )
  // The entry is there, but the head does not carry its leaf.
  const entry = seal({ kind: 'work_order', id: now.id }, now)
  const wrongHead = await attempt(async (client) => {
    await insertEntry(client, 'work_order', now.id, entry)
    await client.query(`update work_orders set entry_seq = $2, entry_id = $3, title = 'x' where id = $1`, [
      now.id,
      entry.seq,
      entry.id,
    ])
  })
  assert.match(wrongHead, /^DK002 .* changed without an entry/)
  assert.deepEqual(await load(row.id), now)
})

test('R-GRD-1 an entry is written with its record, or not at all', async () => {
  const row = await createFleet()
  const entry = seal({ kind: 'work_order', id: row.id }, row)
  assert.match(
    await attempt((client) => insertEntry(client, 'work_order', row.id, entry)),
    /^DK006 .* is not its head/,
  )
  for (const kind of ['principal', 'asset', 'tenant', 'work_order']) {
    const id = uuidv7()
    const orphan = await attempt((client) => insertEntry(client, kind, id, seal({ kind: 'asset', id })))
    assert.match(orphan, /^DK006 .* is not its head/, kind)
  }
})

test('R-GRD-1 what belongs to a record changes with an entry of that record', async () => {
  const row = await createFleet()
  const { rows } = await withClient(fixture.adminUrl, (client) =>
    client.query<{ id: string; kind: string }>(`select id, kind from principals where name = '夏哥'`),
  )
  const [captain] = rows
  assert.ok(captain !== undefined)
  const granted = await attempt((client) =>
    client.query(`insert into role_grants (principal_id, principal_kind, role) values ($1, $2, 'vendor')`, [
      captain.id,
      captain.kind,
    ]),
  )
  assert.match(granted, /^DK002 role_grants of .* changed without an entry/)
  const taken = await attempt((client) =>
    client.query('delete from role_grants where principal_id = $1', [captain.id]),
  )
  assert.match(taken, /^DK002 role_grants of .* changed without an entry/)
  const attached = await attempt((client) =>
    client.query(
      `insert into attachments (id, work_order_id, name, media_type, size_bytes, sha256, uploaded_by)
       values ($1, $2, 'a', 'text/plain', 0, sha256(''), $3)`,
      [uuidv7(), row.id, captain.id],
    ),
  )
  assert.match(attached, /^DK002 attachments of .* changed without an entry/)
})

test('R-GRD-2 a leaf that is not the hash of its body never gets in', async () => {
  const row = await createFleet()
  const entry = seal({ kind: 'work_order', id: row.id }, row)
  const body = Buffer.from(entry.body)
  body.writeUInt8(body.readUInt8(40) ^ 1, 40)
  const forged = await attempt((client) => insertEntry(client, 'work_order', row.id, { ...entry, body }))
  assert.match(forged, /^DK001 leaf is not the hash of the body/)
})

test('R-GRD-2 an entry whose time is far from the database’s own clock never gets in', async () => {
  const row = await createFleet()
  for (const [shift, outcome] of [
    ['-10 minutes', /^DK008 /],
    ['10 minutes', /^DK008 /],
    // Within the bounds: what is refused then is only that the record did not change with it.
    ['-1 minute', /^DK006 /],
  ] as const) {
    const entry = seal({ kind: 'work_order', id: row.id }, row)
    const inserted = await attempt((client) =>
      client.query(
        `insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
         values ($1, 'work_order', $2, $3, 'updated', $4, now() + $5::interval, $6, $7)`,
        [entry.id, row.id, entry.seq, tenant, shift, entry.leaf, entry.body],
      ),
    )
    assert.match(inserted, outcome, shift)
  }
})

test('R-GRD-3 no role at run time changes or removes what is written', async () => {
  const statements = [
    `update entries set action = 'forged'`,
    'delete from entries',
    'truncate entries',
    'truncate entries, work_orders cascade',
    'delete from work_orders',
    'delete from principals',
    `update attachments set name = 'x'`,
    `update attachment_chunks set bytes = ''`,
    'alter table entries disable trigger all',
    'drop trigger entry_leaf_is_the_hash_of_its_body on entries',
    'set session_replication_role = replica',
    'alter table work_orders disable row level security',
    'set role docket_owner',
    'create table public.mine (id integer)',
    `insert into lifecycle_transitions values ('fleet', 'pending', 'approved', 'done')`,
  ]
  const roles = ['docket_app', 'docket_auth', 'docket_auditor'] as const
  for (const role of roles) {
    const client = new pg.Client({ connectionString: fixture.service.installation.urlOf(role) })
    await client.connect()
    try {
      for (const statement of statements) {
        const outcome = await attempt((connected) => connected.query(statement), client)
        assert.match(outcome, /^42501 /, `${role}: ${statement}`)
      }
    } finally {
      await client.end()
    }
  }
})

test('R-GRD-4 a final record stays as it is; only its chain may grow', async () => {
  const row = await moveTo(await createFleet(), [{ to: 'cancelled', notes: 'not needed' }])
  for (const set of [
    `title = 'x'`,
    `status = 'pending', category = 'initial'`,
    `notes = 'other'`,
    'updated_at = now()',
    `assignee_id = null`,
  ])
    assert.match(await attempt(change(row, set)), /^DK003 .* is final/, set)
  const entry = seal({ kind: 'work_order', id: row.id }, row)
  const grown = await attempt(async (client) => {
    await insertEntry(client, 'work_order', row.id, entry)
    await client.query(
      'update work_orders set entry_seq = $2, entry_id = $3, entry_head = $4 where id = $1',
      [row.id, entry.seq, entry.id, entry.leaf],
    )
  })
  assert.equal(grown, 'done')
})

test('R-GRD-4 a refused attempt on a final regulatory record is refused in words, and is an entry of it', async () => {
  const row = await moveTo(await createFleet({ regulatory: true }), [
    { to: 'cancelled', notes: 'not needed', reason: 'not needed' },
  ])
  const path = `/v1/work-orders/${row.id}`
  const { body } = await fixture.call('夏哥', 'POST', `${path}/transitions`, {
    to: 'pending',
    reason: 'again',
  })
  assert.equal(body.code, 'wrong_status')
  const history = await fixture.call('夏哥', 'GET', `${path}/history`)
  assert.equal(history.body.data.at(-1).action, 'refused')
})

test('R-GRD-4 a record keeps its number, its lifecycle, its age, and counts its versions', async () => {
  const row = await createFleet()
  for (const set of [
    `number = 'WO-2020-000001'`,
    `lifecycle = 'qms', status = 'draft'`,
    `created_at = '2020-01-01'`,
  ])
    assert.match(await attempt(change(row, set)), /^DK003 identity of work order/, set)
  const skipped = change(row, 'notes = null')
  const outcome = await attempt(async (client) => {
    await skipped(client)
    await client.query('update work_orders set version = version + 1, entry_seq = entry_seq where id = $1', [
      row.id,
    ])
  })
  assert.match(outcome, /^DK00[23] /)
})

test('R-GRD-5 only an edge of the lifecycle moves a work order', async () => {
  const row = await createFleet()
  for (const set of [
    `status = 'approved', category = 'done'`,
    `status = 'review', category = 'review'`,
    `status = 'accepted', category = 'done'`,
    `status = 'invented', category = 'ready'`,
    `category = 'done'`,
  ])
    assert.match(await attempt(change(row, set)), /^DK004 no edge/, set)
  assert.equal(await attempt(change(row, `status = 'accepted', category = 'ready'`)), 'done')
  for (const start of [
    { status: 'approved', category: 'done' },
    { status: 'in_progress', category: 'active' },
    { status: 'review', category: 'review', import_source: 'file:1' },
  ])
    assert.match(await attempt(insertLike(row, start)), /^DK004 no edge/, JSON.stringify(start))
  assert.equal(await attempt(insertLike(row, { status: 'pending', category: 'initial' })), 'done')
})

test('R-GRD-6 a regulatory work order does not become done without its signatures', async () => {
  const plain = await moveTo(await createFleet(), toReview)
  assert.equal(await attempt(change(plain, `status = 'approved', category = 'done'`)), 'done')
  const regulatory = await moveTo(await createFleet({ regulatory: true }), toReview)
  const outcome = await attempt(change(regulatory, `status = 'approved', category = 'done'`))
  assert.match(outcome, /^DK005 .* without its signatures/)
})

/** A principal with its first entry, wrong in what the row says. */
const register =
  (row: { kind: string; sponsor_id: string | null; name?: string }) => async (client: pg.Client) => {
    const id = uuidv7()
    const entry = seal({ kind: 'principal', id })
    await insertEntry(client, 'principal', id, entry)
    await client.query(
      `insert into principals (id, kind, name, sponsor_id, version, entry_seq, entry_id, entry_head) values ($1, $2, $3, $4, 1, 1, $5, $6)`,
      [id, row.kind, row.name ?? id, row.sponsor_id, entry.id, entry.leaf],
    )
  }

test('R-GRD-7 an agent has a sponsor, a sponsor is a human, and only humans own, review or administer', async () => {
  const { rows } = await withClient(fixture.adminUrl, (client) =>
    client.query<{ id: string; name: string }>(
      `select id, name from principals where name in ('夏哥', '小西')`,
    ),
  )
  const captain = rows.find((row) => row.name === '夏哥')?.id ?? ''
  const agent = rows.find((row) => row.name === '小西')?.id ?? ''
  assert.equal(await attempt(register({ kind: 'agent', sponsor_id: captain })), 'done')
  assert.match(
    await attempt(register({ kind: 'agent', sponsor_id: null })),
    /^23514 every_agent_has_a_sponsor/,
  )
  assert.match(
    await attempt(register({ kind: 'human', sponsor_id: captain })),
    /^23514 every_agent_has_a_sponsor/,
  )
  assert.match(await attempt(register({ kind: 'agent', sponsor_id: agent })), /^23503 a_sponsor_is_a_human/)
  assert.match(
    await attempt(register({ kind: 'agent', sponsor_id: uuidv7() })),
    /^23503 a_sponsor_is_a_human/,
  )
  assert.match(
    await attempt(register({ kind: 'human', sponsor_id: null, name: '夏哥' })),
    /^23505 one_principal_per_name/,
  )
  const grant = (principal: string, kind: string, role: string) =>
    attempt((client) =>
      client.query('insert into role_grants (principal_id, principal_kind, role) values ($1, $2, $3)', [
        principal,
        kind,
        role,
      ]),
    )
  for (const role of ['qa', 'system_owner', 'admin'])
    assert.match(await grant(agent, 'agent', role), /^23514 only_humans_own_review_or_administer/, role)
  // Saying that the agent is a human does not help: the kind is part of the key.
  assert.match(
    await grant(agent, 'human', 'qa'),
    /^23503 role_grants_tenant_id_principal_id_principal_kind_fkey/,
  )
})

test('R-GRD-8 nothing is written for another tenant', async () => {
  const row = await createFleet()
  const other = (await fixture.call('Ada Admin', 'GET', '/v1/me')).body.tenant.id as string
  const elsewhere = await attempt(insertLike(row, { tenant_id: other }))
  assert.match(elsewhere, /^42501 new row violates row-level security policy/)
  assert.match(await attempt(change(row, `tenant_id = '${other}'`)), /^(?:42501|DK00\d) /)
  const { rows } = await withClient(fixture.adminUrl, (client) =>
    client.query<{ id: string }>(`select id from principals where name = 'Ada Admin'`),
  )
  const foreign = await attempt(change(row, `assignee_id = '${rows[0]?.id}'`))
  assert.match(foreign, /^23503 /)
})
