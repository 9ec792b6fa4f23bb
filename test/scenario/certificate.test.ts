/** Certificates of people and vendors over REST: held as ratings are, and nobody works beyond one. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { listMissing } from '#domain/qualification.ts'
import { sweepRatings } from '#capabilities/person/expiry.ts'
import { withClient } from '#platform/database.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { enrolSigner, signWith } from '../signer.ts'
import { table } from '../table.ts'
import { bearer, hire, keyFor } from './people.ts'

const [planner, qa] = ['Pat Planner', 'Quinn QA']
let fixture: Fixture
let tenantId: string
before(async () => {
  fixture = await openFixture()
  tenantId = (await fixture.call(planner, 'GET', '/v1/me')).body.tenant.id
})
after(() => fixture.close())

const dayIn = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
let count = 0
/** A person of the tenant or of a vendor. */
async function hireOne(roles: readonly string[] = ['operator'], kind = 'human') {
  count += 1
  const { name, id } = await hire(fixture, { name: `Holder ${count}`, roles, kind })
  const { key } = await keyFor(fixture, name)
  const call = (method: string, path: string, body: object): Promise<Reply> =>
    fixture.call(undefined, method, path, body, bearer(key))
  const start = (workOrder: string): Promise<Reply> =>
    call('POST', `/v1/work-orders/${workOrder}/transitions`, { to: 'in_progress', reason: 'begins' })
  return { name: name as string, id: id as string, call, start }
}
const hold = (id: string, name: string, expires_on: string | null): Promise<Json> =>
  must(
    fixture.call(planner, 'PATCH', `/v1/people/${id}`, {
      certificates: [{ name, number: 'N 17', scope: 'all of it', expires_on }],
      reason: 'shown',
    }),
  )
const create = (name: string, assignee: string, fields: object = {}): Promise<Json> =>
  must(
    fixture.call(planner, 'POST', '/v1/work-orders', {
      title: 'Work that asks for a certificate',
      description: 'x',
      asset: 'HPLC-01',
      assignee,
      requirements: { people: 1, certificates: [{ name }] },
      ...fields,
    }),
    201,
  )
const move = (id: string, to: string): Promise<Reply> =>
  fixture.call(planner, 'POST', `/v1/work-orders/${id}/transitions`, { to, reason: 'as planned' })

test('R-CRT-1 a certificate counts to the end of its last day, and only by its name', () => {
  const cases = table`
    held                      | now                  | missing
    -                         | 2027-01-01T00:00:00Z | none
    other                     | 2027-01-01T00:00:00Z | none
    welder                    | 2099-01-01T00:00:00Z |
    welder until 2027-03-31   | 2027-03-31T23:59:59Z |
    welder until 2027-03-31   | 2027-04-01T00:00:00Z | 2027-04-01T00:00:00Z
    welder until 2027-03-31   | 2028-01-01T00:00:00Z | 2027-04-01T00:00:00Z
  `
  for (const { held = '', now = '', missing = '' } of cases) {
    const [name = '', expires_on = null] = held.split(' until ')
    const certificates = name === '-' ? [] : [{ name, expires_on }]
    const asked = { people: 1, tools: [], experience: [], certificates: [{ name: 'welder' }] }
    const found = listMissing(asked, { ratings: [], certificates }, now)
    const expired_at = missing === 'none' ? null : missing
    assert.deepEqual(found, missing === '' ? [] : [{ certificate: 'welder', expired_at }], held)
  }
})

test('R-CRT-2 who lacks a valid certificate is not assigned, does not start and does not take over; a vendor no less', async () => {
  for (const [roles, kind] of [
    [['operator'], 'human'],
    [['vendor'], 'vendor'],
  ] as const) {
    const [able, without] = [await hireOne(roles, kind), await hireOne(roles, kind)]
    const name = `licence of ${kind}s`
    await hold(able.id, name, dayIn(2))
    const { id } = await create(name, without.name)
    const refused = await move(id, 'assigned')
    assert.deepEqual([refused.status, refused.body.code], [409, 'qualification_missing'], refused.text)
    assert.deepEqual(refused.body.missing, [{ certificate: name, expired_at: null }])
    assert.match(refused.body.title, /is not qualified: certificate licence of \w+ \(there is none\)/)
    await must(fixture.call(planner, 'PATCH', `/v1/work-orders/${id}`, { assignee: able.name }))
    await must(move(id, 'assigned'))
    const taken = await fixture.call(planner, 'PATCH', `/v1/work-orders/${id}`, { assignee: without.name })
    assert.deepEqual([taken.status, taken.body.code], [409, 'qualification_missing'])
    await hold(able.id, name, dayIn(-1))
    const start = await able.start(id)
    assert.deepEqual([start.status, start.body.code], [409, 'qualification_missing'])
    assert.equal(start.body.missing[0].expired_at, `${dayIn(0)}T00:00:00Z`)
    await hold(able.id, name, dayIn(0))
    await must(able.start(id))
  }
})

test('R-CRT-3 a release is not signed for somebody whose certificate has ended', async () => {
  const somebody = await hireOne()
  await hold(somebody.id, 'crane licence', dayIn(1))
  const owner = await enrolSigner(fixture, 'Odo Owner', ['system_owner'])
  const assurer = await enrolSigner(fixture, 'Quentin Quality', ['qa'])
  const { id } = await create('crane licence', somebody.name, {
    regulatory: true,
    job_plan: { title: 'Plan', steps: ['x'] },
  })
  await must(move(id, 'pending_approval'))
  await must(signWith(owner, id, { gate: 'release', role: 'system_owner' }), 201)
  await hold(somebody.id, 'crane licence', dayIn(-1))
  const refused = await signWith(assurer, id, { gate: 'release', role: 'qa' })
  assert.equal(refused.status, 409, refused.text)
  assert.ok(refused.text.includes('qualification_missing'), refused.text)
  await hold(somebody.id, 'crane licence', null)
  await must(signWith(assurer, id, { gate: 'release', role: 'qa' }), 201)
})

test('R-CRT-3 who did the work signs off no step of it without the certificate that it asks for', async () => {
  const somebody = await hireOne()
  await hold(somebody.id, 'pressure licence', dayIn(1))
  const { id } = await create('pressure licence', somebody.name, {
    job_plan: {
      title: 'Plan',
      steps: [
        { key: 'own', kind: 'sign_off', role: 'assignee', text: 'done as written' },
        { key: 'done', kind: 'instruction', text: 'cleaned' },
      ],
    },
  })
  await must(move(id, 'assigned'))
  await must(somebody.start(id))
  await hold(somebody.id, 'pressure licence', dayIn(-1))
  const refused = await somebody.call('POST', `/v1/work-orders/${id}/steps/own`, {})
  assert.deepEqual([refused.status, refused.body.code], [409, 'qualification_missing'], refused.text)
  // What is not signed is recorded all the same: the lapse itself is a finding.
  await must(somebody.call('POST', `/v1/work-orders/${id}/steps/done`, {}))
  await hold(somebody.id, 'pressure licence', dayIn(1))
  await must(somebody.call('POST', `/v1/work-orders/${id}/steps/own`, {}))
})

test('R-CRT-4 a certificate that ends while work is under way is a finding, once', async () => {
  const somebody = await hireOne()
  await hold(somebody.id, 'gas licence', dayIn(1))
  const { id, number } = await create('gas licence', somebody.name)
  await must(move(id, 'assigned'))
  await must(somebody.start(id))
  const found = async (): Promise<Json[]> =>
    (await must(fixture.call(qa, 'GET', '/v1/findings?kind=qualification_expired&limit=200'))).data.filter(
      (one: Json) => one.work_order === number,
    )
  await sweepRatings(fixture.service.floor, tenantId, `${dayIn(1)}T23:59:59Z`)
  assert.deepEqual(await found(), [])
  await sweepRatings(fixture.service.floor, tenantId, `${dayIn(2)}T00:00:00Z`)
  await sweepRatings(fixture.service.floor, tenantId, `${dayIn(3)}T00:00:00Z`)
  const [finding, ...more] = await found()
  assert.deepEqual([more.length, finding.occurrences, finding.detail.certificate], [0, 1, 'gas licence'])
  assert.equal(finding.title, `${somebody.name} works on ${number} without a valid certificate gas licence`)
})

test('R-CRT-5 the person and the manager are told 30, 7 and 1 days before, once each, and again of another day', async () => {
  const somebody = await hireOne()
  await must(
    fixture.call('Ada Admin', 'POST', `/v1/principals/${somebody.id}/manager`, {
      manager: planner,
      reason: 'team',
    }),
  )
  await hold(somebody.id, 'first aid', dayIn(40))
  const told = async (): Promise<Json[]> =>
    withClient(fixture.adminUrl, async (client) =>
      (
        await client.query<{ detail: Json }>(
          `select convert_from(body, 'UTF8')::json -> 'detail' as detail from entries where record_id = $1 and action = 'certificate_expiring' order by seq`,
          [somebody.id],
        )
      ).rows.map(({ detail }) => [detail.told[0].certificate, detail.told[0].days, detail.who]),
    )
  for (const day of [5, 10, 11, 20, 33, 34, 39, 40, 42])
    for (const _ of [1, 2]) await sweepRatings(fixture.service.floor, tenantId, `${dayIn(day)}T12:00:00Z`)
  const who = [somebody.name, planner]
  assert.deepEqual(await told(), [
    ['first aid', 30, who],
    ['first aid', 7, who],
    ['first aid', 1, who],
  ])
  // Shown again as it is, it is not told again; with another day it is.
  const { certificates } = await hold(somebody.id, 'first aid', dayIn(40))
  assert.deepEqual(Object.keys(certificates[0]).toSorted(), ['expires_on', 'name', 'number', 'scope'])
  await sweepRatings(fixture.service.floor, tenantId, `${dayIn(40)}T12:00:00Z`)
  assert.equal((await told()).length, 3)
  await hold(somebody.id, 'first aid', dayIn(50))
  await sweepRatings(fixture.service.floor, tenantId, `${dayIn(50)}T12:00:00Z`)
  assert.equal((await told()).length, 4)
})

test('R-CRT-6 the database lets nobody start, or take over, without a valid certificate; nobody holds one name twice', async () => {
  const [able, without] = [await hireOne(), await hireOne()]
  await hold(able.id, 'laser licence', dayIn(1))
  await hold(without.id, 'laser licence', dayIn(-1))
  const { id } = await create('laser licence', able.name)
  await must(move(id, 'assigned'))
  await withClient(fixture.adminUrl, async (client) => {
    const attempt = (set: string): Promise<string> =>
      client.query(`update work_orders set version = version + 1, ${set} where id = $1`, [id]).then(
        () => 'done',
        (error: { code?: string }) => error.code ?? 'no code',
      )
    assert.equal(
      await attempt(`status = 'in_progress', category = 'active', assignee_id = '${without.id}'`),
      'DK034',
    )
    await must(able.start(id))
    assert.equal(await attempt(`assignee_id = '${without.id}'`), 'DK034')
  })
  const twice = await fixture.call(planner, 'PATCH', `/v1/people/${able.id}`, {
    certificates: [{ name: 'a' }, { name: 'a' }],
    reason: 'x',
  })
  assert.deepEqual([twice.status, twice.body.errors[0].path], [422, 'certificates'])
})
