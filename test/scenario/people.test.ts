/** Registries and people over REST: what they can do, until when, and that nobody works beyond it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sweepRatings } from '#capabilities/person/expiry.ts'
import { withClient } from '#platform/database.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { enrolSigner, signWith } from '../signer.ts'
import { table } from '../table.ts'
import { hire, keyFor, bearer } from './people.ts'

const [planner, qa, worker] = ['Pat Planner', 'Quinn QA', 'Lee Lab']
let fixture: Fixture
let tenantId: string
before(async () => {
  fixture = await openFixture()
  tenantId = (await fixture.call(planner, 'GET', '/v1/me')).body.tenant.id
})
after(() => fixture.close())

const call = (who: string, method: string, path: string, body?: object): Promise<Reply> =>
  fixture.call(who, method, encodeURI(path), body)
const rate = (
  person: string,
  experience: string,
  rating: number,
  expires_at: string | null = null,
): Promise<Json> =>
  must(
    call(qa, 'POST', `/v1/people/${person}/ratings`, {
      experience,
      rating,
      expires_at,
      evidence: 'course',
      reason: 'passed',
    }),
  )
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString()

let count = 0
/** A person of that name who can call. */
async function hireOne(roles: readonly string[] = ['operator']) {
  count += 1
  const { name, id } = await hire(fixture, { name: `Person ${count}`, roles })
  const { key } = await keyFor(fixture, name)
  const own = (method: string, path: string, body?: object): Promise<Reply> =>
    fixture.call(undefined, method, encodeURI(path), body, bearer(key))
  return { name: name as string, id: id as string, call: own }
}
async function addExperience(): Promise<string> {
  count += 1
  return (await must(call(qa, 'POST', '/v1/experiences', { name: `Experience ${count}` }), 201)).name
}
const create = (name: string, assignee: string | undefined, fields: object = {}): Promise<Json> =>
  must(
    call(planner, 'POST', '/v1/work-orders', {
      title: 'Work that asks for experience',
      description: 'x',
      asset: 'HPLC-01',
      assignee,
      requirements: { people: 1, experience: [{ name, min_rating: 3 }] },
      ...fields,
    }),
    201,
  )
const move = (who: string, id: string, to: string, more: object = {}): Promise<Reply> =>
  call(who, 'POST', `/v1/work-orders/${id}/transitions`, { to, reason: 'as planned', ...more })

test('R-RES-1 what is registered is read, listed, changed with a reason and retired; what contradicts itself is refused', async () => {
  const cases = table`
    path           | body                                                             | changed              | flaw
    /v1/tools      | {"name":"press","quantity":2}                                    | {"quantity":3}       | {"name":"none","quantity":0}
    /v1/experiences| {"name":"welding"}                                               | {"description":"MAG"}| {"name":" "}
    /v1/calendars  | {"name":"nights","time_zone":"Europe/Berlin","shifts":[{"weekdays":[1],"start":"22:00","end":"06:00"}]} | {"holidays":[{"date":"2027-01-01"}]} | {"name":"odd","time_zone":"Europe/Nowhere","shifts":[]}
  `
  for (const { path = '', body = '', changed = '', flaw = '' } of cases) {
    const made = await must(call(planner, 'POST', path, JSON.parse(body) as object), 201)
    const change = JSON.parse(changed) as object
    assert.equal(
      (await call(planner, 'PATCH', `${path}/${made.id}`, change)).status,
      422,
      'a reason is needed',
    )
    const next = await must(
      call(planner, 'PATCH', `${path}/${made.name}`, { ...change, reason: 'as counted' }),
    )
    assert.equal(next.version, 2)
    for (const [member, value] of Object.entries(change)) assert.deepEqual(next[member], value)
    assert.deepEqual(await must(call(worker, 'GET', `${path}/${made.id}`)), next)
    assert.equal((await call(planner, 'POST', path, JSON.parse(flaw) as object)).status, 422, flaw)
    assert.equal((await call(planner, 'POST', path, JSON.parse(body) as object)).body.code, 'already_exists')
    await must(call(planner, 'PATCH', `${path}/${made.id}`, { retired: true, reason: 'sold' }))
    const names = (await must(call(worker, 'GET', `${path}?limit=200`))).data.map(({ name }: Json) => name)
    assert.ok(!names.includes(made.name))
  }
})

test('R-RES-2 what somebody costs and works by is recorded, and the rate is seen by who plans', async () => {
  const { name, id, call: own } = await hireOne()
  const path = `/v1/people/${id}`
  const profile = {
    job_roles: ['fitter'],
    cost_rate: '85.50',
    currency: 'EUR',
    calendar: 'day shift',
    time_zone: 'Europe/Berlin',
  }
  const set = await must(call(planner, 'PATCH', path, { ...profile, reason: 'hired' }))
  for (const [member, value] of Object.entries(profile)) assert.deepEqual(set[member], value)
  assert.equal((await call(worker, 'GET', path)).body.cost_rate, null)
  assert.equal((await own('GET', path)).body.cost_rate, '85.50', 'one’s own')
  assert.equal((await call(worker, 'PATCH', path, { cost_rate: '1', reason: 'x' })).status, 403)
  assert.equal(
    (await call(planner, 'PATCH', path, { calendar: 'none', reason: 'x' })).body.code,
    'unknown_reference',
  )
  const bare = await hireOne()
  const alone = await call(planner, 'PATCH', `/v1/people/${bare.id}`, { cost_rate: '10', reason: 'x' })
  assert.deepEqual([alone.status, alone.body.errors[0].path], [422, 'currency'])
  await must(call(planner, 'PATCH', path, { cost_rate: '90.00', reason: 'new year' }))
  const costs = await withClient(fixture.adminUrl, async (client) =>
    (
      await client.query<{ body: string }>(
        `select convert_from(body, 'UTF8') as body from entries where record_id = $1 and action = 'profile_changed' order by seq`,
        [id],
      )
    ).rows.map(({ body }) => JSON.parse(body).changes[0].new.cost_rate as string),
  )
  assert.deepEqual(costs, ['85.50', '90.00'], `${name}: earlier rates stay in the entries`)
})

test('R-QUA-1 a rating says what, how well, by whom and until when; nobody rates himself', async () => {
  const { id, call: own } = await hireOne(['operator', 'qa'])
  const name = await addExperience()
  const until = inDays(400)
  const { ratings } = await rate(id, name, 4, until)
  const [{ experience: what, rating, expires_at, evidence }] = ratings
  assert.deepEqual([what, rating, evidence], [name, 4, 'course'])
  assert.equal(Date.parse(expires_at), Date.parse(until))
  const self = await own('POST', `/v1/people/${id}/ratings`, {
    experience: name,
    rating: 5,
    reason: 'I am good',
  })
  assert.deepEqual([self.status, self.body.rule], [403, 'own_rating'])
  assert.equal(
    (await call(planner, 'POST', `/v1/people/${id}/ratings`, { experience: name, rating: 5, reason: 'x' }))
      .status,
    403,
  )
  assert.equal((await rate(id, name, 5)).ratings.length, 1, 'a new rating takes the place of the old one')
  const removed = await must(
    call(qa, 'DELETE', `/v1/people/${id}/ratings/${name}`, { reason: 'not practised' }),
  )
  assert.deepEqual(removed.ratings, [])
})

test('R-QUA-2 who is not qualified is not assigned, does not start, and does not take over what is assigned', async () => {
  const name = await addExperience()
  const [able, weak, lapsing] = [await hireOne(), await hireOne(), await hireOne()]
  await rate(able.id, name, 4)
  await rate(weak.id, name, 2)
  await rate(lapsing.id, name, 3, inDays(1))
  const { id } = await create(name, weak.name)
  const refused = await move(planner, id, 'assigned')
  assert.deepEqual([refused.status, refused.body.code], [409, 'qualification_missing'])
  assert.deepEqual(refused.body.missing, [{ experience: name, min_rating: 3, rating: 2, expired_at: null }])
  await must(call(planner, 'PATCH', `/v1/work-orders/${id}`, { assignee: lapsing.name }))
  await must(move(planner, id, 'assigned'))
  const handed = await call(planner, 'PATCH', `/v1/work-orders/${id}`, { assignee: weak.name })
  assert.deepEqual([handed.status, handed.body.code], [409, 'qualification_missing'])
  const ended = inDays(-1)
  await rate(lapsing.id, name, 3, ended)
  const start = await lapsing.call('POST', `/v1/work-orders/${id}/transitions`, { to: 'in_progress' })
  assert.deepEqual([start.status, start.body.code], [409, 'qualification_missing'])
  assert.equal(Date.parse(start.body.missing[0].expired_at), Date.parse(ended))
  await must(call(planner, 'PATCH', `/v1/work-orders/${id}`, { assignee: able.name }))
  await must(able.call('POST', `/v1/work-orders/${id}/transitions`, { to: 'in_progress' }))
})

test('R-QUA-3 a release is not signed for somebody whose rating has ended', async () => {
  const name = await addExperience()
  const somebody = await hireOne()
  await rate(somebody.id, name, 3, inDays(1))
  const owner = await enrolSigner(fixture, 'Olaf Owner', ['system_owner'])
  const assurer = await enrolSigner(fixture, 'Quirin Quality', ['qa'])
  const { id } = await create(name, somebody.name, {
    regulatory: true,
    job_plan: { title: 'Plan', steps: ['x'] },
  })
  await must(move(planner, id, 'pending_approval'))
  await must(signWith(owner, id, { gate: 'release', role: 'system_owner' }), 201)
  await rate(somebody.id, name, 3, inDays(-1))
  const refused = await signWith(assurer, id, { gate: 'release', role: 'qa' })
  assert.equal(refused.status, 409, refused.text)
  assert.ok(refused.text.includes('qualification_missing'), refused.text)
  await rate(somebody.id, name, 3, inDays(30))
  assert.equal(
    (await must(signWith(assurer, id, { gate: 'release', role: 'qa' }), 201)).work_order.status,
    'assigned',
  )
})

test('R-QUA-4 a rating that ends while work is under way is a finding, once', async () => {
  const name = await addExperience()
  const somebody = await hireOne()
  await rate(somebody.id, name, 3, inDays(1))
  const { id, number } = await create(name, somebody.name)
  await must(move(planner, id, 'assigned'))
  await must(somebody.call('POST', `/v1/work-orders/${id}/transitions`, { to: 'in_progress' }))
  const found = async (): Promise<Json[]> =>
    (await must(call(qa, 'GET', `/v1/findings?kind=qualification_expired&limit=200`))).data.filter(
      (one: Json) => one.work_order === number,
    )
  await sweepRatings(fixture.service.floor, tenantId, inDays(0.5))
  assert.deepEqual(await found(), [])
  await sweepRatings(fixture.service.floor, tenantId, inDays(2))
  await sweepRatings(fixture.service.floor, tenantId, inDays(3))
  const [finding, ...more] = await found()
  assert.deepEqual([more.length, finding.occurrences], [0, 1])
  assert.deepEqual([finding.detail.assignee, finding.detail.experience], [somebody.name, name])
})

test('R-QUA-5 the person and the manager are told 30, 7 and 1 days before, once each', async () => {
  const name = await addExperience()
  const somebody = await hireOne()
  await must(
    call('Ada Admin', 'POST', `/v1/principals/${somebody.id}/manager`, { manager: planner, reason: 'team' }),
  )
  await rate(somebody.id, name, 3, inDays(40))
  const told = async (): Promise<(readonly [number, readonly string[]])[]> =>
    withClient(fixture.adminUrl, async (client) =>
      (
        await client.query<{ body: string }>(
          `select convert_from(body, 'UTF8') as body from entries where record_id = $1 and action = 'rating_expiring' order by seq`,
          [somebody.id],
        )
      ).rows.map(({ body }) => {
        const { detail } = JSON.parse(body)
        return [detail.told[0].days, detail.who] as const
      }),
    )
  for (const day of [5, 9.9, 10.1, 20, 34, 35, 39.2, 39.5, 41]) {
    await sweepRatings(fixture.service.floor, tenantId, inDays(day))
    await sweepRatings(fixture.service.floor, tenantId, inDays(day))
  }
  const who = [somebody.name, planner]
  assert.deepEqual(await told(), [
    [30, who],
    [7, who],
    [1, who],
  ])
})

test('R-QUA-6 the database lets nobody start, or take over, who is not qualified', async () => {
  const name = await addExperience()
  const [able, weak] = [await hireOne(), await hireOne()]
  await rate(able.id, name, 3)
  const { id } = await create(name, able.name)
  await must(move(planner, id, 'assigned'))
  await withClient(fixture.adminUrl, async (client) => {
    const attempt = (change: string): Promise<string> =>
      client.query(`update work_orders set version = version + 1, ${change} where id = $1`, [id]).then(
        () => 'done',
        (error: { code?: string }) => error.code ?? 'no code',
      )
    assert.equal(
      await attempt(`status = 'in_progress', category = 'active', assignee_id = '${weak.id}'`),
      'DK034',
    )
    await must(able.call('POST', `/v1/work-orders/${id}/transitions`, { to: 'in_progress' }))
    assert.equal(await attempt(`assignee_id = '${weak.id}'`), 'DK034')
  })
})
