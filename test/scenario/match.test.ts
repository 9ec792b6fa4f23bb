/** Matching over REST: seed 002's messages as they are, and hours that are really there. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { staffingProposal } from '#capabilities/schedule/messages.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'

const planner = 'Pat Planner'
let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const call = (who: string, method: string, path: string, body?: object): Promise<Reply> =>
  fixture.call(who, method, encodeURI(path), body)

// Monday to Friday of a week in Berlin, in winter: 07:00 to 15:30 there is 06:00 to 14:30 UTC.
const window = { start: '2027-02-01T00:00:00Z', end: '2027-02-06T00:00:00Z' }

const names = ({ candidates }: Json): string => candidates.map(({ name }: Json) => name).join(' ')

test('R-MAT-13 availability first, then experience, then cost; each candidate explained, and the proposal as seed 002 writes it', async () => {
  const { name: experience } = await must(
    call(planner, 'POST', '/v1/experiences', { name: 'Vacuum pumps' }),
    201,
  )
  const cases = table`
    person | rating | cost  | calendar  | busy
    Ann    | 5      | 90.00 | day shift |
    Bob    | 3      | 50.00 | day shift |
    Cem    | 3      | 40.00 | day shift |
    Dee    | 5      | 10.00 | day shift | yes
    Eve    | 2      | 5.00  |           |
  `
  for (const { person = '', rating, cost = '', calendar = '', busy = '' } of cases) {
    await must(call('Ada Admin', 'POST', '/v1/principals', { name: person, kind: 'human' }), 201)
    const profile = { cost_rate: cost, currency: 'EUR', job_roles: ['fitter'], reason: 'hired' }
    await must(
      call(planner, 'PATCH', `/v1/people/${person}`, {
        ...profile,
        ...(calendar === '' ? {} : { calendar }),
      }),
    )
    const given = { experience, rating: Number(rating), reason: 'passed' }
    await must(call('Quinn QA', 'POST', `/v1/people/${person}/ratings`, given))
    if (busy === '') continue
    const other = await must(call(planner, 'POST', '/v1/work-orders', { title: 'Other work' }), 201)
    const items = [{ kind: 'person', resource: person, from: window.start, until: window.end }]
    await must(call(planner, 'POST', `/v1/work-orders/${other.id}/reservations`, { items }), 201)
  }
  // Away on Monday and Tuesday: of 42.5 hours 25.5 are left.
  await must(
    call('Ada Admin', 'POST', '/v1/absences', {
      principal: 'Ann',
      starts_at: '2027-02-01T00:00:00Z',
      ends_at: '2027-02-03T00:00:00Z',
    }),
    201,
  )
  const { number } = await must(call(planner, 'POST', '/v1/work-orders', { title: 'Overhaul the pump' }), 201)
  const request = {
    type: 'STAFFING_REQUEST',
    work_order_id: number,
    experience_requirements: [{ experience_id: experience, min_rating: 3 }],
  }
  const match = async (more: object = {}, hours = 20): Promise<Json> =>
    must(
      call(planner, 'POST', '/v1/resources/match', {
        request: { ...request, ...more },
        window,
        hours,
        role: 'fitter',
      }),
    )
  const found = await match()
  assert.equal(names(found), 'Ann Cem Bob Eve Dee')
  assert.deepEqual(staffingProposal.parse(found.proposal), found.proposal, 'exactly the message')
  assert.deepEqual(
    found.candidates.map(({ free_hours: free, qualified }: Json) => [free, qualified]),
    [
      [25.5, true],
      [42.5, true],
      [42.5, true],
      [120, false],
      [0, true],
    ],
  )
  assert.ok(found.candidates[0].explanation.some((text: string) => text.includes('90.00 EUR')))
  assert.equal(names(await match({}, 30)), 'Cem Bob Eve Ann Dee', 'who is there for some of it comes later')
  assert.equal(
    names(await match({ preferred_persons: ['Bob'] })),
    'Ann Cem Bob Eve Dee',
    'cost before preference',
  )
  const without = await match({ exclude_persons: ['Ann'] })
  assert.equal(names(without), 'Cem Bob Eve Dee')
  assert.deepEqual(without.left_out, [{ name: 'Ann', reason: 'excluded: conflict of interest' }])
  const high = await match({ experience_requirements: [{ experience_id: experience, min_rating: 5 }] }, 30)
  assert.equal(high.proposal.gaps.length, 1, 'Ann is away, and Dee is set aside')
})

test('R-MAT-13 what the message, the window or a name gets wrong is refused with its path', async () => {
  const { id } = await must(call(planner, 'POST', '/v1/work-orders', { title: 'x' }), 201)
  const request = { type: 'STAFFING_REQUEST', work_order_id: id, experience_requirements: [] }
  const cases = table`
    body                                                       | path
    {"hours":1}                                                | window
    {"window":{"start":"2027-02-02T00:00:00Z","end":"2027-02-01T00:00:00Z"},"hours":1} | window.end
    {"window":{"start":"2027-02-01T00:00:00Z","end":"2027-02-02T00:00:00Z"}} | hours
    {"request":{"type":"STAFFING_PROPOSAL"}}                   | request.type
    {"request":{"extra":1}}                                    | request
    {"request":{"experience_requirements":[{"experience_id":"none","min_rating":1}]},"hours":1,"window":{"start":"2027-02-01T00:00:00Z","end":"2027-02-02T00:00:00Z"}} | request.experience_requirements.0.experience_id
    {"request":{"exclude_persons":["none"]},"hours":1,"window":{"start":"2027-02-01T00:00:00Z","end":"2027-02-02T00:00:00Z"}} | request.exclude_persons.0
  `
  for (const { body: given = '', path } of cases) {
    const { request: part = {}, ...rest } = JSON.parse(given) as { request?: object }
    const { status, body } = await call(planner, 'POST', '/v1/resources/match', {
      request: { ...request, ...part },
      ...rest,
    })
    assert.deepEqual([status, body.errors?.[0].path ?? body.field], [422, path], given)
  }
})
