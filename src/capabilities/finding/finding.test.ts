/** Findings through the doors and by SQL, in a database of their own. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { changesBetween } from '#domain/entry.ts'
import type { PrincipalKind } from '#domain/principal.ts'
import { accept } from '#domain/refusal.ts'
import { withClient } from '#platform/database.ts'
import { inTenant } from '#platform/tx.ts'
import type { Tx } from '#platform/tx.ts'
import { openFixture, send } from '#test/fixture.ts'
import type { Fixture, Json, Reply } from '#test/fixture.ts'
import { printReport } from '../verify/report.ts'
import { verifyTenant } from '../verify/verify.ts'
import { raiseFinding } from './raise.ts'
import type { FindingRaised } from './raise.ts'

let fixture: Fixture
let tenantId = ''
const ids: { [name: string]: string } = {}
before(async () => {
  fixture = await openFixture()
  const rows = await asAdmin(`select id, name, tenant_id from principals
    where tenant_id = (select tenant_id from tenants where slug = 'acme-bio')`)
  for (const row of rows) ids[row.name] = row.id
  tenantId = rows[0]?.tenant_id
})
after(() => fixture.close())

const asAdmin = (text: string, values: unknown[] = []): Promise<Json[]> =>
  withClient(fixture.adminUrl, async (client) => (await client.query(text, values)).rows)

/** Work in a transaction of the tenant, as the service would do it. */
async function within(
  work: (tx: Tx) => Promise<void>,
  [name, kind]: readonly [string, PrincipalKind] = ['system:scheduler', 'system'],
): Promise<void> {
  const actor = { id: ids[name] ?? '', kind, name, sponsorId: null, client: 'test' }
  await inTenant(fixture.service.floor, { tenantId, actor, call: { requestId: 'test' } }, async (tx) => {
    await work(tx)
    return accept(undefined)
  })
}

/** Until somebody waits for a lock in this database; it asks the server, which knows. */
async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const waiting = await asAdmin(
      `select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()`,
    )
    if (waiting.length > 0) return
  }
}

type Given = Partial<Omit<FindingRaised, 'at'>> & { readonly title: string }
const raise = (given: Given): Promise<void> =>
  within(async (tx) => {
    await raiseFinding(tx, {
      kind: 'signing_locked',
      severity: 'major',
      workOrderId: null,
      detail: { attempts: 5 },
      at: tx.now(),
      ...given,
    })
  })

const call = (name: string, method: string, path: string, body?: unknown): Promise<Reply> =>
  fixture.call(name, method, path, body)
const listed = async (query: string): Promise<Json[]> =>
  (await call('Quinn QA', 'GET', `/v1/findings?${query}`)).body.data
async function byTitle(title: string): Promise<Json> {
  const found = (await listed('limit=200')).find((finding) => finding.title === title)
  assert.ok(found !== undefined, title)
  return found
}

test('R-FND-1 a finding that is raised has a number, a day and an owner, and an entry that says so', async () => {
  await raise({ title: 'first', detail: { attempts: 5, left: undefined }, violatorId: ids['Lee Lab'] ?? '' })
  const first = await byTitle('first')
  assert.match(first.number, /^F-\d{4}-000001$/)
  assert.deepEqual([first.state, first.owner, first.violator], ['open', 'Quinn QA', 'Lee Lab'])
  assert.deepEqual(first.detail, { attempts: 5 })
  assert.equal(Date.parse(first.due_at) - Date.parse(first.created_at), 7 * 24 * 3600 * 1000)
  assert.deepEqual((await call('Lee Lab', 'GET', `/v1/findings/${first.number}`)).body, first)
  const { data } = (await call('Lee Lab', 'GET', `/v1/findings/${first.id}/history`)).body
  assert.deepEqual(
    data.map((entry: Json) => [entry.seq, entry.action, entry.record.kind]),
    [[1, 'opened', 'finding']],
  )
  const events = (await call('Quinn QA', 'GET', '/v1/events?limit=1000')).body.data
  assert.ok(events.some((event: Json) => event.type === 'finding.opened' && event.record.id === first.id))
  await raise({ title: 'about the owner', violatorId: ids['Quinn QA'] ?? '' })
  assert.equal((await byTitle('about the owner')).owner, null)
  assert.equal((await call('Vik Vendor', 'GET', '/v1/findings')).status, 403)
  assert.equal((await call('夏哥', 'GET', `/v1/findings/${first.id}`)).status, 404)
  assert.equal((await call('Quinn QA', 'GET', '/v1/findings/F-2020-000001')).body.code, 'not_found')
})

test('R-FND-2 the same again is counted, also at once and within one transaction', async () => {
  const title = 'again'
  await within(async (tx) => {
    const same = { kind: 'k', severity: 'minor', workOrderId: null, title, detail: {} } as const
    await raiseFinding(tx, { ...same, at: tx.now() })
    await raiseFinding(tx, { ...same, at: tx.now() })
  })
  assert.equal((await byTitle(title)).occurrences, 1)
  await raise({ kind: 'k', severity: 'minor', title, detail: { which: 'second' } })
  const second = await byTitle(title)
  assert.equal(second.occurrences, 2)
  const { data } = (await call('Quinn QA', 'GET', `/v1/findings/${second.id}/history`)).body
  assert.deepEqual(
    data.map((entry: Json) => [entry.action, entry.detail]),
    [
      ['opened', null],
      ['recurred', { which: 'second' }],
    ],
  )
  // Another kind, and another violator, is another finding.
  await raise({ kind: 'l', title })
  await raise({ kind: 'k', title, violatorId: ids['Lee Lab'] ?? '' })
  assert.equal((await listed('limit=200')).filter((finding) => finding.title === title).length, 3)

  await Promise.all(Array.from({ length: 6 }, () => raise({ kind: 'k', title: 'at once' })))
  const atOnce = (await listed('limit=200')).filter((finding) => finding.title === 'at once')
  assert.deepEqual(
    atOnce.map(({ occurrences }) => occurrences),
    [6],
  )
  const numbers = (await listed('limit=200'))
    .map(({ number }) => Number(number.slice(-6)))
    .toSorted((a, b) => a - b)
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
  )
})

test('R-FND-2 who raises the same meanwhile waits, and counts it', async () => {
  const title = 'meanwhile'
  let other: Promise<void> | undefined
  await within(async (tx) => {
    await raiseFinding(tx, {
      kind: 'signing_locked',
      severity: 'major',
      workOrderId: null,
      title,
      detail: {},
      at: tx.now(),
    })
    other = raise({ title })
    await untilSomebodyWaits()
  })
  await other
  assert.equal((await byTitle(title)).occurrences, 2)
})

test('R-FND-2 who waits for a finding that is being closed opens another one', async () => {
  const title = 'just closed'
  await raise({ title })
  const { id } = await byTitle(title)
  let other: Promise<void> | undefined
  await within(
    async (tx) => {
      tx.lock(id)
      const [row] =
        await tx.rows<Json>`select id, version, entry_seq, entry_head from findings where id = ${id} for update`
      other = raise({ title })
      await untilSomebodyWaits()
      const [at, who] = [tx.now(), ids['Quinn QA']]
      const changes = changesBetween(
        ['state', 'resolution', 'closed_at', 'closed_by'],
        { state: 'open' },
        { state: 'closed', resolution: 'x', closed_at: at, closed_by: who },
      )
      const head = tx.record({ kind: 'finding', record: row, action: 'closed', changes, at })
      tx.write('head')`
        update findings set state = 'closed', resolution = 'x', closed_at = ${at}, closed_by = ${who}, version = ${head.version},
               entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
         where id = ${id}`
    },
    ['Quinn QA', 'human'],
  )
  await other
  const both = (await listed('limit=200')).filter((finding) => finding.title === title)
  assert.deepEqual(
    both.map(({ state, occurrences }) => [state, occurrences]),
    [
      ['open', 1],
      ['closed', 1],
    ],
  )
})

test('R-FND-2 a recurrence opens what was mitigated, and after closing it is another finding', async () => {
  const title = 'comes back'
  await raise({ title })
  const { id } = await byTitle(title)
  const path = `/v1/findings/${id}`
  assert.equal(
    (await call('Quinn QA', 'POST', `${path}/resolutions`, { resolution: 'told' })).body.state,
    'mitigated',
  )
  await raise({ title })
  const back = (await call('Quinn QA', 'GET', path)).body
  assert.deepEqual([back.state, back.resolution, back.occurrences], ['assigned', null, 2])
  assert.equal(
    (await call('Quinn QA', 'POST', `${path}/closures`, { resolution: 'told again' })).body.state,
    'closed',
  )
  await raise({ title })
  const [fresh, closed] = (await listed('limit=200')).filter((finding) => finding.title === title)
  assert.deepEqual([closed.id, closed.occurrences], [id, 2])
  assert.deepEqual([fresh.state, fresh.occurrences], ['open', 1])
})

test('R-FND-3 a finding is assigned, mitigated and closed, each with its entry', async () => {
  await raise({ title: 'whole life', violatorId: ids['Lee Lab'] ?? '' })
  const { id, version } = await byTitle('whole life')
  const path = `/v1/findings/${id}`
  const refused = async (name: string, where: string, body: object, code: string): Promise<void> =>
    assert.equal((await call(name, 'POST', `${path}/${where}`, body)).body.code, code, `${name} ${where}`)
  await refused('Pat Planner', 'assignments', { owner: 'Olga Owner' }, 'not_allowed')
  await refused('Build Agent', 'resolutions', { resolution: 'x' }, 'not_allowed')
  await refused('Quinn QA', 'assignments', { owner: 'Lee Lab' }, 'separation_of_duties')
  await refused('Quinn QA', 'assignments', { owner: 'Build Agent' }, 'invalid_input')
  await refused('Quinn QA', 'assignments', { owner: 'Nobody' }, 'unknown_reference')
  await refused('Quinn QA', 'closures', {}, 'missing_fields')
  await refused('Quinn QA', 'closures', { resolution: '  ' }, 'invalid_input')

  const assigned = await call('Quinn QA', 'POST', `${path}/assignments`, {
    owner: 'Olga Owner',
    due_at: '2030-01-01T01:00:00+01:00',
    reason: 'her system',
  })
  assert.deepEqual(
    [assigned.body.state, assigned.body.owner, assigned.body.due_at],
    ['assigned', 'Olga Owner', '2030-01-01T00:00:00Z'],
  )
  const stale = await fixture.call(
    'Quinn QA',
    'POST',
    `${path}/closures`,
    { resolution: 'x' },
    { 'if-match': `"${version}"` },
  )
  assert.equal(stale.body.code, 'stale_version')
  await refused('Pat Planner', 'resolutions', { resolution: 'x' }, 'role_required')
  await refused('Lee Lab', 'resolutions', { resolution: 'x' }, 'role_required')
  const mitigated = await call('Olga Owner', 'POST', `${path}/resolutions`, { resolution: 'explained' })
  assert.equal(mitigated.body.state, 'mitigated')
  await refused('Olga Owner', 'closures', {}, 'not_allowed')
  const closed = await call('Ada Admin', 'POST', `${path}/closures`, { reason: 'effective' })
  assert.deepEqual([closed.body.state, closed.body.closed_by], ['closed', 'Ada Admin'])
  assert.deepEqual(closed.body, (await call('Quinn QA', 'GET', path)).body)
  for (const where of ['closures', 'resolutions'])
    await refused('Quinn QA', where, { resolution: 'x' }, 'finding_closed')
  await refused('Quinn QA', 'assignments', { owner: 'Quinn QA' }, 'finding_closed')

  const history = (await call('Quinn QA', 'GET', `${path}/history?limit=3`)).body
  const rest = (await call('Quinn QA', 'GET', `${path}/history?cursor=${history.next_cursor}`)).body
  assert.deepEqual(
    [...history.data, ...rest.data].map((entry: Json) => [entry.action, entry.actor.name, entry.reason]),
    [
      ['opened', 'system:scheduler', null],
      ['assigned', 'Quinn QA', 'her system'],
      ['mitigated', 'Olga Owner', null],
      ['closed', 'Ada Admin', 'effective'],
    ],
  )
})

/** Somebody new, with a key; gives what he sends. */
async function hire(name: string, more: object): Promise<(path: string, body: object) => Promise<Reply>> {
  const made = await call('Ada Admin', 'POST', '/v1/principals', { name, kind: 'human', ...more })
  assert.equal(made.status, 201, made.text)
  ids[name] = made.body.id
  const { key } = (await call('Ada Admin', 'POST', '/v1/keys', { principal: name })).body
  return (path, body) => send(`${fixture.url}${path}`, key, 'POST', body)
}

test('R-FND-4 nobody closes a finding about himself, or about an agent that he answers for', async () => {
  const people = {
    'Ann Other': await hire('Ann Other', { roles: ['admin'] }),
    'Sue Sponsor': await hire('Sue Sponsor', { roles: ['admin'] }),
  }
  await hire('Sues Agent', { kind: 'agent', sponsor: 'Sue Sponsor' })
  const cases = [
    ['Ann Other', 'Ann Other', 'separation_of_duties'],
    ['Sues Agent', 'Sue Sponsor', 'separation_of_duties'],
    ['Sues Agent', 'Ann Other', undefined],
    ['Sue Sponsor', 'Ann Other', undefined],
  ] as const
  for (const [violator, closer, code] of cases) {
    const title = `${violator} by ${closer}`
    await raise({ title, violatorId: ids[violator] ?? '' })
    const { id } = await byTitle(title)
    const reply = await people[closer](`/v1/findings/${id}/closures`, { resolution: 'done' })
    assert.equal(reply.body.code, code, title)
  }
})

const titles = async (query: string) => (await listed(query)).map(({ title }) => title)

test('R-FND-8 findings are listed newest first by what they are, page by page and as CSV', async () => {
  for (const [title, severity] of [
    ['listed 1', 'minor'],
    ['listed 2', 'critical'],
    ['listed 3', 'critical'],
  ] as const)
    await raise({ kind: 'listed', title, severity })
  assert.deepEqual(await titles('kind=listed'), ['listed 3', 'listed 2', 'listed 1'])
  assert.deepEqual(await titles('kind=listed&severity=critical'), ['listed 3', 'listed 2'])
  assert.deepEqual(await titles('kind=listed&state=mitigated'), [])
  assert.deepEqual(await titles('kind=listed&owner=Olga%20Owner'), [])
  assert.deepEqual(await titles('kind=listed&owner=Nobody'), [])
  assert.deepEqual(await titles('kind=listed&work_order=WO-2020-000001'), [])
  const { id } = await byTitle('listed 2')
  await call('Quinn QA', 'POST', `/v1/findings/${id}/closures`, { resolution: 'done' })
  assert.deepEqual(await titles('kind=listed&state=unclosed'), ['listed 3', 'listed 1'])
  assert.deepEqual(await titles('kind=listed&state=closed'), ['listed 2'])
  const page = (await call('Quinn QA', 'GET', '/v1/findings?kind=listed&limit=2')).body
  assert.deepEqual(await titles(`kind=listed&limit=2&cursor=${page.next_cursor}`), ['listed 1'])
  assert.equal((await call('Quinn QA', 'GET', '/v1/findings?cursor=x')).body.code, 'invalid_input')
  const csv = await fixture.call('Quinn QA', 'GET', '/v1/findings?kind=listed', undefined, {
    accept: 'text/csv',
  })
  assert.equal(csv.text.trim().split('\n').length, 4)
})

/** As the role that serves, with a well-made tenant: gives what refused. */
async function attempt(text: string, values: unknown[] = []): Promise<string> {
  const client = new pg.Client({ connectionString: fixture.service.installation.urlOf('docket_app') })
  await client.connect()
  try {
    await client.query('begin')
    await client.query(`select set_config('docket.tenant_id', $1, true)`, [tenantId])
    await client.query(text, values)
    await client.query('commit')
    return 'done'
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return `${error.code} ${error.constraint ?? error.message}`
  } finally {
    await client.end()
  }
}

test('R-FND-5 the database refuses what would be a second finding', async () => {
  await raise({ title: 'guarded', violatorId: ids['Lee Lab'] ?? '' })
  await raise({ title: 'of an agent', violatorId: ids['Build Agent'] ?? '' })
  const { id } = await byTitle('guarded')
  const agents = (await byTitle('of an agent')).id
  const set = (columns: string, which = id) =>
    attempt(
      `update findings set entry_seq = entry_seq + 1, version = version + 1, ${columns} where id = $1`,
      [which],
    )
  const closedBy = (name: string) =>
    `state = 'closed', resolution = 'x', closed_at = now(), closed_by = '${ids[name]}'`
  const cases: [string, RegExp][] = [
    [`title = 'milder'`, /^42501 /],
    [`severity = 'minor'`, /^42501 /],
    [`detail = '{}'`, /^42501 /],
    [`violator_id = null`, /^42501 /],
    [`occurrences = 0`, /^DK003 identity/],
    [
      `version = version + 1`.replace('version = version + 1', 'occurrences = occurrences + 2'),
      /^DK003 identity/,
    ],
    [`state = 'mitigated'`, /a_mitigated_or_closed_finding_says_what_was_done/],
    [`state = 'assigned', owner_id = null`, /an_assigned_finding_has_an_owner/],
    [`owner_id = '${ids['Build Agent']}'`, /a_human_owns_a_finding/],
    [`state = 'closed', resolution = 'x'`, /^DK014 /],
    [closedBy('Olga Owner'), /^DK014 .* may not close/],
    [closedBy('Build Agent'), /^DK014 .* may not close/],
    [closedBy('Lee Lab'), /^DK014 .* may not close/],
    [closedBy('Quinn QA').replace(`'x'`, 'null'), /a_mitigated_or_closed_finding_says_what_was_done/],
    [closedBy('Quinn QA'), /^DK002 .* changed without an entry/],
    [`due_at = now()`, /^DK002 .* changed without an entry/],
  ]
  for (const [columns, refused] of cases) assert.match(await set(columns), refused, columns)
  assert.match(await attempt('delete from findings where id = $1', [id]), /^42501 /)
  assert.match(await attempt('truncate findings'), /^42501 /)

  // With the role of QA, it is the violation that stands in the way.
  const both = [ids['Lee Lab'], ids['Pat Planner']]
  await withClient(fixture.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica')
    await client.query(
      `insert into role_grants (tenant_id, principal_id, principal_kind, role) select $1, unnest($2::uuid[]), 'human', 'qa'`,
      [tenantId, both],
    )
    assert.match(await set(closedBy('Lee Lab')), /^DK012 separation of duties/)
    assert.match(await set(closedBy('Pat Planner'), agents), /^DK012 separation of duties/)
    assert.match(await set(closedBy('Pat Planner')), /^DK002 /)
    await client.query(`delete from role_grants where role = 'qa' and principal_id = any ($1)`, [both])
  })

  await call('Quinn QA', 'POST', `/v1/findings/${id}/closures`, { resolution: 'done' })
  assert.match(
    await set(`state = 'open', resolution = null, closed_by = null, closed_at = null`),
    /^DK003 .* is final/,
  )
  assert.match(await set(`occurrences = occurrences + 1`), /^DK003 .* is final/)
  const insert = `insert into findings (id, number, kind, severity, title, due_at, last_at, state, resolution, closed_by, closed_at,
      occurrences, version, entry_seq, entry_id, entry_head, created_at)
    select gen_random_uuid(), 'F-2026-999999', 'k', 'minor', 'made by hand', now(), now(), state, resolution, closed_by, closed_at,
      $2, 1, 1, entry_id, entry_head, now() from findings where id = $1`
  assert.match(await attempt(insert, [id, 1]), /^DK003 .* does not begin open/)
  assert.match(await attempt(insert, [agents, 2]), /^DK003 .* does not begin open/)
  assert.match(await attempt(insert, [agents, 1]), /^DK002 .* changed without an entry/)
})

test('R-FND-5 who is said to have closed a finding is who acted', async () => {
  await raise({ title: 'closed in the name of another' })
  const { id } = await byTitle('closed in the name of another')
  await assert.rejects(
    within(async (tx) => {
      const [row] =
        await tx.rows<Json>`select id, version, entry_seq, entry_head from findings where id = ${id}`
      const head = tx.record({ kind: 'finding', record: row, action: 'closed', changes: [] })
      tx.write('head')`
        update findings set state = 'closed', resolution = 'x', closed_at = now(), closed_by = ${ids['Quinn QA']}, version = ${head.version},
               entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
         where id = ${id}`
    }),
    { code: 'DK014', message: /was not closed by/ },
  )
})

test('R-FND-5 an entry of a finding never stands in the log before the one that it follows', async () => {
  const title = 'waited for'
  await raise({ title })
  await within(async (older) => {
    // The older transaction has its id before the younger one, which is done first.
    await older.rows`select pg_current_xact_id(), pg_advisory_xact_lock(1)`
    await raise({ title })
    await raiseFinding(older, {
      kind: 'signing_locked',
      severity: 'major',
      workOrderId: null,
      title,
      detail: {},
      at: older.now(),
    })
  }).then(
    () => assert.fail('the older one was let in'),
    (error: { code?: string }) => assert.equal(error.code, 'DK006'),
  )
  const order = await asAdmin(
    `select e.seq from entries e join findings f on f.tenant_id = e.tenant_id and f.id = e.record_id
      where f.title = $1 order by e.xid, e.id`,
    [title],
  )
  assert.deepEqual(order, [{ seq: 1 }, { seq: 2 }])
})

const verify = () => verifyTenant(fixture.service.installation.urlOf('docket_auditor'), tenantId)

test('R-FND-9 findings are verified with everything else, and one that was changed by hand is found', async () => {
  await raise({ title: 'verified', detail: { nested: { list: [1, 'two', null] } } })
  const { id } = await byTitle('verified')
  await raise({ title: 'verified' })
  const whole = await verify()
  assert.deepEqual(whole.damages, [], printReport(whole))
  const changes: [string, string, number][] = [
    ['severity', `'minor'`, 1],
    ['occurrences', '7', 2],
    ['detail', `'{"nested": {}}'`, 1],
    ['violator_id', `'${ids['Lee Lab']}'`, 1],
  ]
  for (const [column, value, seq] of changes) {
    await withClient(fixture.adminUrl, async (client) => {
      await client.query('set session_replication_role = replica')
      await client.query('create temporary table kept as select * from findings where id = $1', [id])
      await client.query(`update findings set ${column} = ${value} where id = $1`, [id])
      const { damages } = await verify()
      assert.deepEqual(
        damages.map((damage) => [damage.record.kind, damage.record.id, damage.seq, damage.field]),
        [['finding', id, seq, column]],
      )
      await client.query(`update findings set ${column} = (select ${column} from kept) where id = $1`, [id])
    })
  }
  assert.deepEqual((await verify()).damages, [])
})
