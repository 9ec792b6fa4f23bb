/** Registries as CSV over REST: what comes out goes in again, all lines or none, by the rules of the operations themselves. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { sweepCalibrations } from '#capabilities/resource/calibration.ts'
import { readCsv, writeCsv } from '#capabilities/registry/csv.ts'
import { registries, registryTypes } from '#capabilities/registry/registries.ts'
import { withClient } from '#platform/database.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'

const [admin, planner, qa, worker] = ['Ada Admin', 'Pat Planner', 'Quinn QA', 'Lee Lab']
let fixture: Fixture
let tenantId: string
before(async () => {
  fixture = await openFixture()
  tenantId = (await fixture.call(planner, 'GET', '/v1/me')).body.tenant.id
})
after(() => fixture.close())

const exported = async (type: string, who = admin): Promise<string> =>
  (await must(fixture.call(who, 'GET', `/v1/registries/${type}`))).csv
const send = (type: string, csv: string, who = admin, more: object = {}): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/registries/${type}`, { csv, reason: 'stocktaking', ...more })
const lines = (csv: string): Json[] => parse(csv, { columns: true })
const query = (text: string): Promise<Json[]> =>
  withClient(fixture.adminUrl, async (client) => (await client.query<Json>(text)).rows)
const countEntries = async (): Promise<string> =>
  (await query('select count(*)::text as count from entries'))[0]?.count
/** `[created, updated, unchanged]`. */
const counts = ({ created, updated, unchanged }: Json): number[] => [created, updated, unchanged]

/** One of each that is awkward: breaks, quotes, semicolons, what looks like a formula. */
const awkward = '=1+1; "so", said; he\n-2 lines, \'quoted'

test('R-REG-1 what is exported and imported again changes nothing and writes no entry, in every registry', async () => {
  await must(
    send(
      'experiences',
      writeCsv([
        ['name', 'description', 'retired'],
        [`'=odd, "x"`, awkward, 'true'],
      ]),
    ),
  )
  await must(
    send(
      'tools',
      `name,quantity,location,calibration_due,keeper\n@gauge,3,${JSON.stringify('+Room; 1')},2031-05-01,${worker}\n`,
    ),
  )
  await must(
    send(
      'calendars',
      'name,time_zone,shifts,holidays,extra_shifts,valid_until\nodd hours,Europe/Berlin,"1,2 22:00-06:00; 6 08:00-12:00",2027-12-24 12:00-24:00; 2027-12-25,,2030-01-01\n',
    ),
  )
  await must(
    send(
      'assets',
      writeCsv([
        ['tag', 'name', 'location', 'parent', 'owner'],
        ['Z-2', awkward.slice(0, 8), awkward, 'Z-1', 'Olga Owner'],
        ['Z-1', 'Hall', '', '', ''],
      ]),
      planner,
    ),
  )
  await must(
    send(
      'people',
      writeCsv([
        ['name', 'kind', 'email', 'job_roles', 'cost_rate', 'currency', 'calendar', 'time_zone'],
        ['-Nia', 'human', '', '["a;b","[c"]', '12.50', 'EUR', 'odd hours', 'Asia/Tokyo'],
      ]),
    ),
  )
  await must(
    send(
      'ratings',
      writeCsv([
        ['person', 'experience', 'rating', 'expires_at', 'evidence'],
        ['-Nia', 'HPLC calibration', '4', '2031-01-01', '+proof'],
        [worker, 'HPLC calibration', '5', '2031-01-01T09:00:00+02:00', ''],
      ]),
      qa,
    ),
  )
  await must(
    send(
      'certificates',
      writeCsv([
        ['person', 'name', 'scope', 'expires_on'],
        ['-Nia', 'welder', awkward, '2031-01-01'],
        ['-Nia', 'crane', '', ''],
      ]),
    ),
  )
  // Breaks as other systems write them come back as one kind, and are no change.
  const broken = { tag: 'Z-3', name: 'Wing', location: 'one\r\ntwo\rthree' }
  await must(fixture.call(planner, 'POST', '/v1/assets', broken), 201)
  const nia = await must(fixture.call(admin, 'GET', '/v1/people/-Nia'))
  assert.deepEqual([nia.job_roles, nia.calendar, nia.cost_rate], [['a;b', '[c'], 'odd hours', '12.50'])
  assert.deepEqual(
    nia.certificates.map((one: Json) => [one.name, one.scope]),
    [
      ['welder', awkward],
      ['crane', null],
    ],
  )
  assert.equal(nia.ratings[0].expires_at, '2031-01-02T00:00:00Z', 'a day is good to its end')
  const earlier = await countEntries()
  for (const type of registryTypes) {
    const csv = await exported(type)
    const rows = lines(csv).length
    assert.ok(rows > 1, type)
    for (const again of [csv, `\uFEFF${csv.replaceAll('\n', '\r\n')}`]) {
      const done = await must(send(type, again))
      assert.deepEqual(counts(done), [0, 0, rows], type)
    }
    assert.equal(await exported(type), csv, type)
  }
  assert.equal(await countEntries(), earlier)
})

test('R-REG-1 whatever a cell holds is read as it was written', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.array(fc.string({ unit: fc.constantFrom(...Array.from(`'=+-@\t",;\n a1`)) }), {
          minLength: 3,
          maxLength: 3,
        }),
        { minLength: 1 },
      ),
      (given) => {
        const rows = given.map((cells, i) => [`row ${i}`, ...cells])
        const csv = writeCsv(rows)
        for (const cells of parse(csv, { relax_column_count: true }))
          for (const cell of cells) assert.doesNotMatch(cell, /^[=+\-@\t]/, 'a spreadsheet would run it')
        const read = readCsv(csv)
        assert.ok(Array.isArray(read))
        assert.deepEqual(
          read.map(({ cells }) => cells),
          rows,
        )
        const text = csv.split('\n')
        for (const { line, cells } of read) assert.ok(text[line - 1]?.startsWith(`${cells[0]},`), csv)
      },
    ),
  )
})

test('R-REG-2 an import does every line or none, and names every bad line, its column and what to do', async () => {
  const earlier = await countEntries()
  const cases = table`
    type         | who     | csv                                                                        | errors
    tools        | planner | name,quantity¶new press,2¶old press,many                                 | line 3, quantity: is not a whole number such as 3
    tools        | planner | name,quantity¶new press,2¶¶old press,0¶third,20000                     | line 4, quantity: Too small # line 5, quantity: Too big
    tools        | planner | name,colour¶x,red                                                         | line 1, colour: is no column of tools
    tools        | planner | quantity¶2                                                                | line 1, name: is missing
    tools        | planner | name,name¶a,b                                                             | line 1, name: is there twice
    tools        | planner | name,quantity¶a,1¶a,2                                                    | line 3: is about the same as line 2
    tools        | planner | name,quantity¶a,1,2                                                       | line 2: has 3 cells, and the header has 2
    tools        | planner | name,quantity¶"a,1                                                        | line 2: is the end, and a quote before it is not closed
    tools        | planner |                                                                            | line 1: is missing
    tools        | planner | name,keeper¶a,Nobody                                                      | line 2, keeper: is the name of nobody here
    tools        | planner | name,quantity¶fine,1¶"two¶lines",1¶last,x                              | line 5, quantity: is not a whole number
    assets       | planner | tag,name,parent,owner¶A,one,,¶B,two,none,¶C,three,,Nobody               | line 3, parent: there is no "none" # line 4, owner: there is no "Nobody"
    assets       | planner | tag,status¶HPLC-01,broken                                                 | line 2, status: Invalid option
    assets       | planner | tag¶A-9                                                                   | line 2, name: Invalid input
    assets       | planner | tag,name,parent¶P,p,Q¶Q,q,P                                              | line 2, parent: there is no "Q" # line 3, parent: there is no
    calendars    | planner | name,time_zone,shifts¶c,Europe/Nowhere,"1 09:00-17:00"¶d,UTC,mondays     | line 3, shifts: is not shifts such as
    calendars    | planner | name,time_zone,shifts¶c,Europe/Nowhere,"8 09:00-17:00"                    | line 2, time_zone: is not the IANA # line 2, shifts: are numbers from 1
    people       | admin   | name,kind¶Lee Lab,agent                                                   | line 2, kind: is said when somebody is registered
    people       | planner | name,kind¶Somebody New,human                                              | line 2: principal.create needs the role admin
    people       | admin   | name,cost_rate¶Lee Lab,12                                                 | line 2, currency: is needed with a cost rate
    ratings      | qa      | person,experience,rating¶Nobody,HPLC calibration,3¶Lee Lab,none,3        | line 2, person: is the name of nobody here # line 3, experience: there is no "none"
    ratings      | qa      | person,experience,rating,expires_at¶Lee Lab,HPLC calibration,6,2031-02-30 | line 2, expires_at: is not a time such as
    ratings      | qa      | person,experience,rating¶Quinn QA,HPLC calibration,5                      | line 2: nobody rates his own experience
    certificates | admin   | person,name,expires_on¶Lee Lab,welder,soon                                | line 2, expires_on: is not a day such as 2027-12-31
  `
  const people: { readonly [who: string]: string } = { admin, planner, qa }
  for (const { type = '', who = '', csv = '', errors = '' } of cases) {
    const reply = await send(type, csv.replaceAll('¶', '\n'), people[who])
    assert.deepEqual([reply.status, reply.body.code], [422, 'invalid_input'], reply.text)
    const wanted = errors.split(' # ')
    const given: { path: string; message: string }[] = reply.body.errors
    assert.equal(given.length, wanted.length, reply.text)
    for (const [k, want] of wanted.entries()) {
      const [, path, message = ''] = /^(.*?): (.*)$/.exec(want) ?? []
      assert.equal(given[k]?.path, path, reply.text)
      assert.ok(given[k]?.message.includes(message), reply.text)
    }
  }
  assert.equal(await countEntries(), earlier, 'nothing was written by any of them')
})

test('R-REG-3 an import asks for the permissions of the operations that it stands for, and an export shows what its caller may see', async () => {
  const cases = table`
    type         | csv                                                    | may           | not
    tools        | name,quantity¶press,2                                 | planner, qa   | worker
    assets       | tag,name¶A-77,thing                                   | planner       | worker, qa
    people       | name,time_zone¶Lee Lab,UTC                            | planner       | worker, qa
    ratings      | person,experience,rating¶Lee Lab,HPLC calibration,2   | qa            | worker, planner
    certificates | person,name¶Lee Lab,driver                            | planner       | worker, qa
  `
  const people: { readonly [who: string]: string } = { planner, qa, worker }
  for (const { type = '', csv = '', may = '', not = '' } of cases) {
    const text = csv.replaceAll('¶', '\n')
    for (const who of not.split(', '))
      assert.equal((await send(type, text, people[who])).status, 403, `${type} ${who}`)
    for (const who of may.split(', ')) await must(send(type, text, people[who]))
  }
  assert.ok((await exported('people', planner)).startsWith('name,kind,email,sponsor,job_roles,cost_rate,'))
  const seen = await exported('people', worker)
  assert.ok(seen.startsWith('name,kind,email,sponsor,job_roles,currency,'), seen)
  assert.equal((await fixture.call('Vik Vendor', 'GET', '/v1/registries/people')).status, 403)
  const secret = await send('tools', 'name,description\nx,"password: hunter2secret99"', planner)
  assert.equal(secret.body.code, 'secret_in_text', secret.text)
})

test('R-REG-4 a changed line is changed with its entry and reason, the columns that a file has not stay, an empty cell takes away', async () => {
  await must(send('tools', 'name,quantity,location,description\nlathe,2,Hall 1,old\nsaw,1,Hall 2,', planner))
  const done = await must(send('tools', 'name,location\nsaw,Hall 3\nlathe,\ndrill,Hall 9', planner))
  assert.deepEqual(counts(done), [1, 2, 0])
  assert.deepEqual(done.changes, [
    { line: 2, name: 'saw', what: 'updated', columns: ['location'] },
    { line: 3, name: 'lathe', what: 'updated', columns: ['location'] },
    { line: 4, name: 'drill', what: 'created', columns: ['name', 'location'] },
  ])
  const lathe = await must(fixture.call(planner, 'GET', '/v1/tools/lathe'))
  assert.deepEqual(
    [lathe.quantity, lathe.location, lathe.description, lathe.version],
    [2, undefined, 'old', 2],
  )
  const [entry] = await query(
    `select convert_from(body, 'UTF8')::json as body from entries where record_id = '${lathe.id}' and seq = 2`,
  )
  assert.deepEqual(
    [entry.body.action, entry.body.reason, entry.body.actor.name],
    ['updated', 'stocktaking', planner],
  )
})

test('R-REG-4 several lines about one person follow one another; who stands below is registered before what rests on it', async () => {
  const people = 'name,kind,sponsor\nrobot 7,agent,Boss 7\nBoss 7,human,'
  assert.deepEqual(counts(await must(send('people', people))), [2, 0, 0])
  const held = 'person,name,expires_on\nBoss 7,a,2031-01-01\nBoss 7,b,2031-01-02\nBoss 7,c,'
  assert.deepEqual(counts(await must(send('certificates', held, planner))), [3, 0, 0])
  assert.deepEqual(
    counts(await must(send('certificates', held.replace('01-02', '01-03'), planner))),
    [0, 1, 2],
  )
  const boss = await must(fixture.call(planner, 'GET', '/v1/people/Boss%207'))
  assert.deepEqual(
    boss.certificates.map(({ name, expires_on }: Json) => [name, expires_on]),
    [
      ['a', '2031-01-01'],
      ['b', '2031-01-03'],
      ['c', null],
    ],
  )
  await must(send('assets', 'tag,name,parent\nLow,l,Mid\nMid,m,Top\nTop,t,', planner))
  await must(send('assets', 'tag,parent\nTop,Mid\nMid,\nLow,Top', planner))
  const tree = (await must(fixture.call(planner, 'GET', '/v1/assets/Mid/tree'))).data
  assert.deepEqual(
    tree.map(({ tag, depth }: Json) => `${depth} ${tag}`),
    ['0 Mid', '1 Top', '2 Low'],
  )
})

test('R-REG-5 a dry run says what would be done, finds what would be refused, and does nothing', async () => {
  const earlier = await countEntries()
  const csv = 'name,quantity\ndry press,2\ntorque wrench,9'
  const told = await must(send('tools', csv, planner, { dry_run: true }))
  assert.deepEqual([...counts(told), told.dry_run], [1, 1, 0, true])
  assert.equal((await fixture.call(planner, 'GET', '/v1/tools/dry%20press')).status, 404)
  assert.equal(await countEntries(), earlier)
  assert.equal((await send('tools', 'name,quantity\ndry press,x', planner, { dry_run: true })).status, 422)
  assert.deepEqual(counts(await must(send('tools', csv, planner))), [1, 1, 0])
})

test('R-REG-6 CSV comes and goes as it is to who says so', async () => {
  const headers = { authorization: `Bearer ${fixture.keyOf(planner)}`, 'content-type': 'text/csv' }
  const url = `${fixture.url}/v1/registries/tools`
  const post = (body: string | Buffer): Promise<Response> =>
    fetch(`${url}?reason=stock&dry_run=true`, {
      method: 'POST',
      headers,
      body: new Uint8Array(Buffer.from(body)),
    })
  const done = await post('name,quantity\nplain tool,4\n')
  assert.deepEqual([done.status, ((await done.json()) as Json).created], [200, 1])
  const latin = await post(Buffer.from('name\nz\xe4nger\n', 'latin1'))
  assert.equal(latin.status, 422)
  const got = await fetch(url, { headers: { authorization: headers.authorization, accept: 'text/csv' } })
  assert.equal(got.headers.get('content-type'), 'text/csv; charset=utf-8')
  assert.equal(await got.text(), await exported('tools'))
  const big = await send('tools', `name\n${'x'.repeat(1_000_001)}`, planner)
  assert.deepEqual([big.status, big.body.errors[0].path], [422, 'csv'])
  const many = await send(
    'tools',
    `name\n${Array.from({ length: 2001 }, (_, i) => `t${i}`).join('\n')}`,
    planner,
  )
  assert.match(many.body.errors[0].message, /2001 rows follow, and 2000 are the most at once/)
})

test('R-REG-6 the declarations are whole: each column is known to its registry, each key among them', () => {
  assert.deepEqual(
    registries.map(({ type }) => type),
    [...registryTypes],
  )
  for (const { columns, key, create } of registries) {
    const names = columns.map(({ name }) => name)
    for (const name of [...key, ...(create?.from ?? [])]) assert.ok(names.includes(name), name)
  }
})

// ------------------------------------------------------------------------------------------------- tools

const order = (): Promise<Json> =>
  must(
    fixture.call(planner, 'POST', '/v1/work-orders', { title: 'Work with a gauge', assignee: worker }),
    201,
  )
const reserve = (
  id: string,
  resource: string,
  from: string,
  until: string,
  more: object = {},
): Promise<Reply> =>
  fixture.call(planner, 'POST', `/v1/work-orders/${id}/reservations`, {
    items: [{ kind: 'tool', resource, from, until }],
    ...more,
  })

test('R-REG-7 a tool is not set aside beyond the day on which its calibration is due, by the service and by the database', async () => {
  await must(send('tools', 'name,quantity,calibration_due\ncaliper,2,2031-03-31', planner))
  const { id } = await order()
  const cases = table`
    from                 | until                | status
    2031-03-31T08:00:00Z | 2031-04-01T00:00:00Z | 201
    2031-03-31T08:00:00Z | 2031-04-01T00:00:01Z | 409
    2031-05-01T08:00:00Z | 2031-05-02T00:00:00Z | 409
    2031-03-01T08:00:00Z | 2031-05-01T00:00:00Z | 409
  `
  for (const { from = '', until = '', status = '' } of cases) {
    const reply = await reserve(id, 'caliper', from, until)
    assert.equal(String(reply.status), status, reply.text)
    if (status === '409')
      assert.deepEqual([reply.body.code, reply.body.due], ['calibration_due', '2031-03-31'])
  }
  const held = await must(
    reserve(id, 'caliper', '2031-03-01T08:00:00Z', '2031-03-02T08:00:00Z', { hold_minutes: 60 }),
    201,
  )
  await must(send('tools', 'name,calibration_due\ncaliper,2031-02-01', planner))
  const confirmed = await fixture.call(planner, 'POST', `/v1/work-orders/${id}/reservations/confirmation`, {})
  assert.deepEqual([confirmed.status, confirmed.body.code], [409, 'calibration_due'])
  const attempt = await withClient(fixture.adminUrl, (client) =>
    client
      .query(`update reservations set state = 'confirmed', held_until = null where id = $1`, [
        held.data[0].id,
      ])
      .then(
        () => 'done',
        (error: { code?: string }) => error.code,
      ),
  )
  assert.equal(attempt, 'DK043')
  await must(send('tools', 'name,calibration_due\ncaliper,', planner))
  await must(fixture.call(planner, 'POST', `/v1/work-orders/${id}/reservations/confirmation`, {}))
})

test('R-REG-8 the keeper of a tool is told 30, 7 and 1 days before its calibration is due, once each', async () => {
  await must(send('tools', `name,calibration_due,keeper\nmicrometer,2031-03-31,${worker}`, planner))
  const { id } = await must(fixture.call(planner, 'GET', '/v1/tools/micrometer'))
  const told = async (): Promise<Json[]> =>
    (
      await query(
        `select convert_from(body, 'UTF8')::json -> 'detail' as detail from entries where record_id = '${id}' and action = 'calibration_expiring' order by seq`,
      )
    ).map(({ detail }) => [detail.days, detail.who])
  for (const now of [
    '03-01T00:00',
    '03-02T00:00',
    '03-20T00:00',
    '03-25T00:00',
    '03-30T12:00',
    '03-31T01:00',
    '04-02T00:00',
  ])
    for (const _ of [1, 2]) await sweepCalibrations(fixture.service.floor, tenantId, `2031-${now}:00Z`)
  assert.deepEqual(await told(), [
    [30, [worker]],
    [7, [worker]],
    [1, [worker]],
  ])
  const shown = await must(fixture.call(planner, 'GET', '/v1/tools/micrometer'))
  assert.equal(shown.told, undefined)
  await must(send('tools', 'name,calibration_due\nmicrometer,2032-03-31', planner))
  await sweepCalibrations(fixture.service.floor, tenantId, '2032-03-30T12:00:00Z')
  assert.equal((await told()).length, 4, 'another day is told again')
})

test('R-RES-1 a change leaves what it does not name as it is', async () => {
  await must(fixture.call(planner, 'POST', '/v1/tools', { name: 'anvil', quantity: 5 }), 201)
  const moved = await must(
    fixture.call(planner, 'PATCH', '/v1/tools/anvil', { location: 'Smithy', reason: 'moved' }),
  )
  assert.deepEqual([moved.quantity, moved.location], [5, 'Smithy'])
  assert.equal(
    (await must(fixture.call(planner, 'PATCH', '/v1/tools/anvil', { location: null, reason: 'lost' })))
      .location,
    undefined,
  )
})
