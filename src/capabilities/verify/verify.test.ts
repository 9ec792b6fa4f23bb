/**
 * `docket verify` against a real database that somebody with all rights has damaged: each test makes records
 * of its own through the doors, changes them behind the guards, and looks for their names in the report.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { withClient } from '#platform/database.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture, Json } from '#test/fixture.ts'
import { printReport } from './report.ts'
import type { Damage, VerifyReport } from './report.ts'
import { verifyTenant } from './verify.ts'

let fixture: Fixture
let tenantId = ''
before(async () => {
  fixture = await openFixture()
  tenantId = (await asSuperuser(`select tenant_id as id from tenants where slug = 'acme-bio'`))[0]?.id
})
after(() => fixture.close())

const verify = (tenant = tenantId): Promise<VerifyReport> =>
  verifyTenant(fixture.service.installation.urlOf('docket_auditor'), tenant)

/** Statements without any guard: no trigger, no foreign key, no row security. */
async function asSuperuser(...statements: readonly Statement[]): Promise<Json[]> {
  return withClient(fixture.adminUrl, async (client: pg.Client) => {
    await client.query('set session_replication_role = replica')
    let rows: Json[] = []
    for (const statement of statements) {
      const [text, values] = typeof statement === 'string' ? [statement, []] : statement
      const result = await client.query(text, values)
      assert.ok((result.rowCount ?? 0) > 0, `nothing was changed by ${text}`)
      rows = result.rows
    }
    return rows
  })
}

async function send(principal: string, method: string, path: string, body?: unknown): Promise<Json> {
  const reply = await fixture.call(principal, method, path, body)
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`)
  return reply.body
}

const fields = {
  title: 'Calibrate balance',
  description: 'as every year',
  priority: 'high',
  due_date: '2026-12-01',
  estimated_hours: 2.5,
  tags: ['gxp', 'lab 1'],
  planned_start: '2026-11-20T10:00:00.25+02:00',
  planned_end: '2026-11-21T10:00:00Z',
  job_plan: { title: 'plan', steps: ['weigh', 'note'] },
  attributes: { range: 0.1, zone: 'Süd', urgent: true },
  related_wo_ids: ['WO-1'],
  asset: 'BAL-12',
}

/** A work order with six entries: created, updated, assigned, started, commented, updated. */
async function makeWorkOrder(): Promise<{ id: string; number: string }> {
  const made = await send('Pat Planner', 'POST', '/v1/work-orders', { ...fields, assignee: 'Lee Lab' })
  const path = `/v1/work-orders/${made.id}`
  await send('Pat Planner', 'PATCH', path, { due_date: '2026-12-02', tags: ['gxp'], project: 'Überholung' })
  await send('Pat Planner', 'POST', `${path}/transitions`, { to: 'assigned' })
  await send('Lee Lab', 'POST', `${path}/transitions`, { to: 'in_progress' })
  await send('Lee Lab', 'POST', `${path}/comments`, { body: 'the pan is clean' })
  await send('Lee Lab', 'PATCH', path, { notes: 'drift 0.2 mg', actual_hours: 1.25 })
  return { id: made.id, number: made.number }
}

const named = (report: VerifyReport, id: string): unknown[] =>
  report.damages.filter(({ record }) => record.id === id).map(({ seq, field }) => [seq, field])

type Statement = string | readonly [text: string, values: unknown[]]
/** What is done to a work order, and which entry and field must be named. */
type Case = readonly [
  damage: (id: string) => readonly Statement[],
  ...expected: (readonly [seq: number | null, field: string | null])[],
]

/** Damages one new work order for each case, and expects exactly those to be named beside what was before. */
async function expectNamed(...cases: readonly Case[]): Promise<Damage[]> {
  const made: { id: string; number: string }[] = []
  for (let i = 0; i < cases.length; i += 5)
    made.push(...(await Promise.all(cases.slice(i, i + 5).map(makeWorkOrder))))
  const earlier = await verify()
  for (const { id } of made) assert.deepEqual(named(earlier, id), [], 'whole before')
  await asSuperuser(...cases.flatMap(([damage], i) => damage(made[i]?.id ?? '')))
  const report = await verify()
  cases.forEach(([damage, ...expected], i) => {
    const { id = '', number } = made[i] ?? {}
    const found = report.damages.filter(({ record }) => record.id === id)
    const told = `${String(damage(id)[0])}\n${found.map(({ what }) => what).join('\n')}`
    assert.deepEqual(named(report, id), expected, told)
    if (expected[0]?.[1] !== 'number') assert.equal(found[0]?.record.number, number)
  })
  const expected = cases.reduce((sum, [, ...places]) => sum + places.length, 0)
  assert.equal(report.damages.length, earlier.damages.length + expected, printReport(report))
  return report.damages.filter(({ record }) => record.id === made[0]?.id)
}

const updateEntry = (id: string, seq: number, set: string): string =>
  `update entries set ${set} where record_id = '${id}' and seq = ${seq}`
const deleteEntries = (id: string, which: string): string =>
  `delete from entries where record_id = '${id}' and ${which}`
const updateRow = (id: string, set: string): string => `update work_orders set ${set} where id = '${id}'`
/** Between the second and the fourth entry. */
const exchange = (id: string, column: string): string =>
  `update entries e set ${column} from entries o
    where e.record_id = '${id}' and o.record_id = e.record_id and (e.seq, o.seq) in ((2, 4), (4, 2))`
/** Replaces text inside a body, which then is as long or not. */
const rewrite = (id: string, seq: number, from: string, to: string): string =>
  updateEntry(id, seq, `body = convert_to(replace(convert_from(body, 'UTF8'), '${from}', '${to}'), 'UTF8')`)

test('R-VER-1 a tenant with every kind of record is whole, and so is one that is written to meanwhile', async () => {
  const { id } = await makeWorkOrder()
  await upload(id, Buffer.alloc(300_000, 'x'))
  await send('Ada Admin', 'POST', '/v1/assets', {
    tag: 'B-1',
    name: 'balance',
    owner: 'Olga Owner',
    parent: 'BAL-12',
  })
  await send('Ada Admin', 'PATCH', '/v1/assets/B-1', { status: 'out_of_service', reason: 'repair' })
  await send('Ada Admin', 'POST', '/v1/principals/Lee%20Lab/grants', {
    role: 'system_owner',
    asset: 'B-1',
    reason: 'owns it',
  })
  await send('Ada Admin', 'POST', '/v1/principals/Lee%20Lab/grants', {
    role: 'captain',
    reason: 'for a week',
  })
  await send('Ada Admin', 'DELETE', '/v1/principals/Lee%20Lab/grants', { role: 'captain', reason: 'over' })
  await send('Ada Admin', 'POST', '/v1/principals', { name: 'Nia New', kind: 'human', roles: [] })
  await send('Ada Admin', 'POST', '/v1/principals/Nia%20New/disable', { reason: 'left' })
  const seen: number[] = []
  const writing = Promise.all(Array.from({ length: 10 }, makeWorkOrder))
  const url = fixture.service.installation.urlOf('docket_auditor')
  const report = await verifyTenant(url, tenantId, ({ entries }) => seen.push(entries))
  await writing
  assert.deepEqual(report.damages, [], printReport(report))
  assert.ok(report.records >= 15 && report.entries >= 20, JSON.stringify(report))
  assert.equal(seen.at(-1), report.entries)
  const [{ entries }] = await asSuperuser(
    `select count(*)::int as entries from entries where tenant_id = '${tenantId}'`,
  )
  assert.equal((await verify()).entries, entries)
})

test('R-VER-2 a changed byte of a body is named with record, entry and field', async () => {
  const [found] = await expectNamed(
    [(id) => [rewrite(id, 2, '2026-12-02', '2026-12-03')], [2, 'due_date']],
    [(id) => [rewrite(id, 6, '1.25', '1.26')], [6, 'actual_hours']],
    [(id) => [rewrite(id, 1, 'as every year', 'as every yeas')], [1, 'description']],
    [(id) => [rewrite(id, 5, 'pan is clean', 'pan is cleam')], [5, 'body']],
    [(id) => [rewrite(id, 3, '"action":"', '"action":"x')], [3, 'action']],
    [(id) => [updateEntry(id, 4, 'body = set_byte(body, 0, 0)')], [4, 'body']],
    [(id) => [updateEntry(id, 4, `body = ''`)], [4, 'body']],
  )
  assert.match(found?.what ?? '', /leaf is not the hash of the body/)
})

test('R-VER-2 a body that was changed together with its leaf is named too', async () => {
  const reseal = `leaf = sha256('\\x00'::bytea || body)`
  await expectNamed([
    (id) => [rewrite(id, 2, '2026-12-02', '2026-12-03'), updateEntry(id, 2, reseal)],
    [2, 'due_date'],
  ])
})

test('R-VER-3 a deleted entry is named: the first, one in the middle, the last, all of them', async () => {
  await expectNamed(
    [(id) => [deleteEntries(id, 'seq = 1')], [1, null]],
    [(id) => [deleteEntries(id, 'seq = 3')], [3, null]],
    [(id) => [deleteEntries(id, 'seq = 6')], [6, null]],
    [(id) => [deleteEntries(id, 'seq > 0')], [1, null]],
  )
})

test('R-VER-4 entries in another order are named where the order begins to be wrong', async () => {
  await expectNamed(
    [(id) => [exchange(id, 'body = o.body')], [2, 'seq']],
    [(id) => [exchange(id, 'body = o.body, leaf = o.leaf')], [2, 'seq']],
    [(id) => [exchange(id, 'seq = o.seq')], [2, 'seq']],
    [(id) => [exchange(id, 'leaf = o.leaf')], [2, 'leaf']],
  )
})

/** field · what the row is given · the entry that set it last */
const rowCases: readonly (readonly [string, string, number])[] = [
  ['title', `'Calibrate balancf'`, 1],
  ['description', `description || ' '`, 1],
  ['project', 'null', 2],
  ['notes', `'drift 0.1 mg'`, 6],
  ['review_notes', `'fine'`, 1],
  ['due_date', 'due_date - 1', 2],
  ['estimated_hours', '2.5000000000000004', 1],
  ['actual_hours', 'actual_hours - 1', 6],
  ['tags', `tags || '{lab 1}'`, 2],
  ['related_wo_ids', `'{}'`, 1],
  ['executor_ids', `'{}'`, 4],
  ['attributes', `attributes || '{"range": 0.2}'`, 1],
  ['job_plan', `jsonb_set(job_plan, '{steps,1}', '"nota"')`, 1],
  ['requirements', `'{"people": 1, "tools": [], "experience": []}'`, 1],
  ['hold', `'{"reason": "r", "owner": "o", "since": "s"}'`, 1],
  ['assignee_id', 'requester_id', 1],
  ['asset_id', 'null', 1],
  ['planned_start', `planned_start + interval '1 microsecond'`, 1],
  ['actual_start', `actual_start - interval '1 hour'`, 4],
  ['regulatory', 'not regulatory', 1],
  ['revision', 'revision + 1', 1],
  ['priority', `'low'`, 1],
  ['lifecycle', `'qms'`, 1],
  ['status', `'assigned'`, 4],
  ['category', `'done'`, 4],
]
test('R-VER-5 a changed field of a work order is named with the entry that set it last', async () => {
  await expectNamed(
    ...rowCases.map(([field, value, seq]): Case => [
      (id) => [updateRow(id, `"${field}" = ${value}`)],
      [seq, field],
    ]),
  )
})

test('R-VER-5 changed fields of an asset, a principal and the tenant are named', async () => {
  const asset = await send('Ada Admin', 'POST', '/v1/assets', { tag: 'C-1', name: 'centrifuge' })
  await asSuperuser(
    `update assets set location = 'elsewhere' where id = '${asset.id}'`,
    `update principals set email = 'x@example.org' where name = 'Olga Owner'`,
    `update tenants set name = 'Acme' where tenant_id = '${tenantId}'`,
  )
  const { damages } = await verify()
  const found = damages.filter(({ record }) => record.kind !== 'work_order')
  assert.deepEqual(found.map(({ record, seq, field }) => `${record.kind} ${seq} ${field}`).toSorted(), [
    'asset 1 location',
    'principal 3 email',
    'tenant 1 name',
  ])
})

test('R-VER-6 a changed leaf, head or column is named', async () => {
  const leaf = `'\\x${'ab'.repeat(32)}'`
  await expectNamed(
    [(id) => [updateEntry(id, 3, `leaf = ${leaf}`)], [3, 'leaf']],
    [(id) => [updateEntry(id, 6, `leaf = ${leaf}`)], [6, 'leaf']],
    [(id) => [updateRow(id, `entry_head = ${leaf}`)], [6, 'entry_head']],
    [(id) => [updateRow(id, `entry_id = '${uuidv7()}'`)], [6, 'entry_id']],
    [(id) => [updateRow(id, 'entry_seq = 5')], [6, 'entry_seq']],
    [(id) => [updateRow(id, 'version = version + 1')], [6, 'version']],
    [(id) => [updateEntry(id, 2, `action = 'created'`)], [2, 'action']],
    [(id) => [updateEntry(id, 2, `actor_id = '${uuidv7()}'`)], [2, 'actor_id']],
    [(id) => [updateEntry(id, 2, `at = at + interval '1 microsecond'`)], [2, 'at']],
    [(id) => [updateEntry(id, 2, `record_kind = 'asset'`)], [2, 'record_kind']],
    [(id) => [updateEntry(id, 2, `id = '${uuidv7()}'`)], [2, 'id']],
    [(id) => [updateEntry(id, 2, `seq = 9`)], [2, null]],
  )
})

test('R-VER-6 an entry that was moved to another tenant is missing here and a stranger there', async () => {
  const [{ id: other }] = await asSuperuser(`select tenant_id as id from tenants where slug = 'superportia'`)
  let moved = ''
  await expectNamed([(id) => [updateEntry((moved = id), 6, `tenant_id = '${other}'`)], [6, null]])
  const report = await verify(other)
  assert.deepEqual(named(report, moved), [[6, 'tenant_id']], printReport(report))
})

const grant = (name: string, role: string): string =>
  `insert into role_grants (tenant_id, principal_id, principal_kind, role)
     select tenant_id, id, kind, '${role}' from principals where name = '${name}'`

test('R-VER-7 a role that was granted or taken by hand is named with the last entry about roles', async () => {
  const person = await send('Ada Admin', 'POST', '/v1/principals', {
    name: 'Rob Role',
    kind: 'human',
    roles: ['qa'],
  })
  const other = await send('Ada Admin', 'POST', '/v1/principals', {
    name: 'Ron Role',
    kind: 'human',
    roles: [],
  })
  await send('Ada Admin', 'POST', '/v1/principals/Rob%20Role/grants', { role: 'operator', reason: 'works' })
  assert.deepEqual(named(await verify(), person.id), [])
  await asSuperuser(grant('Rob Role', 'admin'), grant('Ron Role', 'admin'))
  const report = await verify()
  assert.deepEqual(named(report, person.id), [[2, 'roles']], printReport(report))
  assert.deepEqual(named(report, other.id), [[1, 'roles']], printReport(report))
  assert.match(
    report.damages.find(({ record }) => record.id === person.id)?.what ?? '',
    /"admin","operator","qa"/,
  )
  await asSuperuser(
    `delete from role_grants where role = 'admin' and principal_id in ('${person.id}', '${other.id}')`,
  )
  await asSuperuser(`delete from role_grants where role = 'qa' and principal_id = '${person.id}'`)
  assert.deepEqual(named(await verify(), person.id), [[2, 'roles']])
})

async function upload(id: string, content: Buffer): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(content)], { type: 'text/plain' }), 'report.txt')
  const response = await fetch(`${fixture.url}/v1/work-orders/${id}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fixture.keyOf('Lee Lab')}` },
    body: form,
  })
  const body: Json = await response.json()
  assert.equal(response.status, 201, JSON.stringify(body))
  return body.id
}

test('R-VER-8 a file whose bytes, row or entry is not as attached is named', async () => {
  const cases: readonly (readonly [(file: string) => string, number | null, string])[] = [
    [
      (file) =>
        `update attachment_chunks set bytes = set_byte(bytes, 7, 1) where attachment_id = '${file}' and position = 1`,
      2,
      'bytes',
    ],
    [(file) => `delete from attachment_chunks where attachment_id = '${file}' and position = 0`, 2, 'bytes'],
    [(file) => `delete from attachment_chunks where attachment_id = '${file}'`, 2, 'bytes'],
    [
      (file) => `update attachment_chunks set position = 5 where attachment_id = '${file}' and position = 2`,
      2,
      'bytes',
    ],
    [(file) => `update attachments set sha256 = sha256('x') where id = '${file}'`, 2, 'sha256'],
    [(file) => `update attachments set size_bytes = 1 where id = '${file}'`, 2, 'size_bytes'],
    [(file) => `update attachments set name = 'other.txt' where id = '${file}'`, 2, 'name'],
    [(file) => `delete from attachments where id = '${file}'`, 2, 'attachments'],
    [
      (file) =>
        `insert into attachments (tenant_id, id, work_order_id, name, media_type, size_bytes, sha256, uploaded_by)
         select tenant_id, '${uuidv7()}', work_order_id, name, media_type, 0, sha256(''), uploaded_by from attachments where id = '${file}'`,
      null,
      'attachments',
    ],
  ]
  for (const [damage, seq, field] of cases) {
    const { id } = await send('Lee Lab', 'POST', '/v1/work-orders', { title: 'with a file' })
    const file = await upload(id, Buffer.alloc(600_000, 'abc'))
    assert.deepEqual(named(await verify(), id), [])
    await asSuperuser(damage(file))
    const report = await verify()
    assert.deepEqual(named(report, id), [[seq, field]], `${damage(file)}\n${printReport(report)}`)
  }
})

test('R-VER-8 an entry of a file that is damaged itself is named once', async () => {
  const { id } = await send('Lee Lab', 'POST', '/v1/work-orders', { title: 'with a file' })
  await upload(id, Buffer.from('x'))
  await asSuperuser(rewrite(id, 2, '"sha256":"', '"sha256":"0'))
  assert.deepEqual(named(await verify(), id), [[2, 'body']])
})

test('R-VER-9 a number that is not registered as the row says is named', async () => {
  await expectNamed(
    [(id) => [`delete from work_order_numbers where work_order_id = '${id}'`], [1, 'number']],
    [
      (id) => [`update work_order_numbers set number = 'WO-X' where work_order_id = '${id}'`],
      [1, 'number'],
      [1, 'number'],
    ],
  )
})

test('R-VER-10 rows without entries, entries without a row, and every other record beside them are named', async () => {
  await expectNamed([(id) => [`delete from work_orders where id = '${id}'`], [null, null], [1, 'number']])
  const [copied] = await asSuperuser(
    `insert into assets (tenant_id, id, tag, name, version, entry_seq, entry_id, entry_head)
     select tenant_id, '${uuidv7()}', 'ghost', name, version, entry_seq, entry_id, entry_head from assets where tag = 'BAL-12' returning id`,
  )
  const report = await verify()
  assert.deepEqual(named(report, copied.id), [[1, null]])
  assert.ok(report.damages.length > 50, 'those of the tests before')
  const ids = report.damages.map(({ record }) => record.id)
  assert.deepEqual(ids, ids.toSorted())
})

test('R-VER-10 no more than 1,000 damages are listed and the others counted, however many threads read', async () => {
  const { damages } = await verify()
  await asSuperuser(
    `insert into assets (tenant_id, id, tag, name, version, entry_seq, entry_id, entry_head)
     select tenant_id, uuidv7(), 'ghost ' || n, name, version, entry_seq, entry_id, entry_head
       from assets, generate_series(1, 60000) n where tag = 'BAL-12'`,
  )
  const reports = await Promise.all(
    [1, 2, 3].map((threads) =>
      verifyTenant(fixture.service.installation.urlOf('docket_auditor'), tenantId, undefined, threads),
    ),
  )
  for (const report of reports) {
    assert.equal(report.damages.length, 1000)
    assert.equal(report.unlisted, damages.length + 60_000 - 1000)
    assert.equal(report.entries, reports[0]?.entries)
    assert.equal(report.records, reports[0]?.records)
    assert.match(printReport(report), /\n… and [\d,]+ more\ntenant .*: DAMAGED: [\d,]+ damages found$/)
  }
  await asSuperuser(`delete from assets where tag like 'ghost %'`)
})

test('R-VER-11 it reads with a role that can change nothing, and of one tenant only', async () => {
  const url = fixture.service.installation.urlOf('docket_auditor')
  await withClient(url, async (client) => {
    for (const table of [
      'entries',
      'work_orders',
      'assets',
      'principals',
      'tenants',
      'role_grants',
      'attachments',
    ]) {
      assert.equal(
        (await client.query(`select from ${table}`)).rowCount,
        0,
        'nothing is visible without a tenant',
      )
      for (const text of [
        `delete from ${table}`,
        `update ${table} set tenant_id = null`,
        `truncate ${table}`,
      ])
        await assert.rejects(client.query(text), /permission denied/)
    }
  })
  const empty = await verify(uuidv7())
  assert.deepEqual([empty.records, empty.entries, empty.damages], [0, 0, []])
  const [{ id: other }] = await asSuperuser(`select tenant_id as id from tenants where slug = 'superportia'`)
  const report = await verify(other)
  assert.ok(report.damages.every(({ field }) => field === 'tenant_id'))
})

test('R-VER-12 a report is printed with one line for each damage and a verdict', () => {
  const id = '0190b7a2-0000-7000-8000-000000000001'
  const whole: VerifyReport = { tenant: id, records: 1, entries: 1234, seconds: 2, damages: [], unlisted: 0 }
  assert.equal(printReport(whole), `tenant ${id}: 1 record, 1,234 entries in 2.0 s (617/s): whole`)
  const damages: Damage[] = [
    {
      record: { kind: 'work_order', id, number: 'WO-2026-000001' },
      seq: 2,
      field: 'title',
      what: 'it is wrong',
    },
    { record: { kind: 'asset', id }, seq: null, field: null, what: 'the row is missing' },
  ]
  assert.equal(
    printReport({ ...whole, damages, entries: 1 }),
    [
      `work order WO-2026-000001 (${id}), entry 2, field title: it is wrong`,
      `asset ${id}: the row is missing`,
      `tenant ${id}: 1 record, 1 entry in 2.0 s (1/s): DAMAGED: 2 damages found`,
    ].join('\n'),
  )
})
