/** A whole set of work orders matched over REST: the best assignment, within what everybody really has free. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'

const planner = 'Pat Planner'
let fixture: Fixture
before(async () => {
  fixture = await openFixture()
  await must(call(planner, 'POST', '/v1/experiences', { name: 'Vacuum pumps' }), 201)
})
after(() => fixture.close())

const call = (who: string, method: string, path: string, body?: object): Promise<Reply> =>
  fixture.call(who, method, encodeURI(path), body)
const matchSet = (body: object): Promise<Reply> => call(planner, 'POST', '/v1/resources/match-set', body)

async function hire(name: string, rate: string, roles: string[] = [], rating?: number): Promise<void> {
  await must(call('Ada Admin', 'POST', '/v1/principals', { name, kind: 'human' }), 201)
  const profile = { cost_rate: rate, currency: 'EUR', job_roles: roles, calendar: 'day shift' }
  await must(call(planner, 'PATCH', `/v1/people/${name}`, { ...profile, reason: 'hired' }))
  if (rating === undefined) return
  const given = { experience: 'Vacuum pumps', rating, reason: 'passed' }
  await must(call('Quinn QA', 'POST', `/v1/people/${name}/ratings`, given))
}

const plan = async (fields: object): Promise<Json> =>
  must(call(planner, 'POST', '/v1/work-orders', { title: 'Overhaul', ...fields }), 201)
const needing = (people: number, rating?: number, roles?: object[]): object => ({
  people,
  experience: rating === undefined ? [] : [{ name: 'Vacuum pumps', min_rating: rating }],
  ...(roles === undefined ? {} : { roles }),
})

const riggers = (count: number): object => needing(count, undefined, [{ role: 'rigger', headcount: count }])

/** Who does what: `number person role`, as sorted lines. */
const lines = ({ assignments }: Json): string[] =>
  assignments.map(({ number, name, role }: Json) => `${number} ${name} ${role ?? '-'}`).toSorted()

// Berlin in winter: the day shift of Monday is 06:00 to 14:30 UTC, 8.5 hours.
const monday = { planned_start: '2027-02-01T00:00:00Z', planned_end: '2027-02-02T00:00:00Z' }
const week = { start: '2027-02-01T00:00:00Z', end: '2027-02-06T00:00:00Z' }

test('R-MAT-14 the whole set is assigned best, not one work order after the other, and what that gains is said', async () => {
  await hire('Ann', '10.00', [], 5)
  await hire('Bob', '20.00', [], 5)
  const both = await plan({ estimated_hours: 8, ...monday, requirements: needing(1, 3) })
  const onlyAnn = await plan({ estimated_hours: 8, ...monday, requirements: needing(1, 3) })
  const set = await must(
    matchSet({
      work_orders: [both.number, { work_order: onlyAnn.id, exclude_persons: ['Bob'] }],
      preferred_persons: ['Ann'],
    }),
  )
  assert.deepEqual(lines(set), [`${both.number} Bob -`, `${onlyAnn.number} Ann -`].toSorted())
  assert.deepEqual([set.unfilled, set.unfilled_bound, set.gap, set.optimal], [0, 0, 0, true])
  assert.deepEqual([set.labour, set.currency], ['240.00', 'EUR'])
  assert.deepEqual([set.in_turn.unfilled, set.in_turn.labour], [1, '80.00'])
  const ofBob = set.assignments.find(({ name }: Json) => name === 'Bob')
  assert.deepEqual([ofBob.hours, ofBob.window.start], [8, '2027-02-01T00:00:00.000Z'])
  assert.deepEqual(ofBob.explanation.slice(0, 3), [
    '8 h asked, 8.5 h free: 8.5 h open in the window, 0 h booked',
    'Vacuum pumps: rating 5, 3 asked, does not expire',
    '20.00 EUR an hour',
  ])
})

test('R-MAT-14 hours are those of each window: absences, what is set aside, and windows that share a day', async () => {
  const people = ['Cas', 'Dan', 'Eli']
  for (const name of people) await hire(name, '10.00', ['rigger'])
  // Cas is away on Monday, Dan set aside on Monday morning until 08:00 UTC, of which two hours are of his shift.
  await must(
    call('Ada Admin', 'POST', '/v1/absences', {
      principal: 'Cas',
      starts_at: '2027-02-01T00:00:00Z',
      ends_at: '2027-02-02T00:00:00Z',
    }),
    201,
  )
  const other = await plan({ title: 'Other work' })
  const items = [
    { kind: 'person', resource: 'Dan', from: '2027-02-01T00:00:00Z', until: '2027-02-01T08:00:00Z' },
  ]
  await must(call(planner, 'POST', `/v1/work-orders/${other.id}/reservations`, { items }), 201)
  const onMonday = await plan({ estimated_hours: 7, ...monday, requirements: riggers(3) })
  const alone = await must(matchSet({ work_orders: [onMonday.number] }))
  assert.deepEqual(lines(alone), [`${onMonday.number} Eli rigger`])
  assert.deepEqual(
    alone.gaps.map(({ number, role, missing, reasons }: Json) => [number, role, missing, reasons]),
    [
      [
        onMonday.number,
        'rigger',
        2,
        ['people asked: 3, meeting every requirement: 3, of those with 7 h free: 1'],
      ],
    ],
  )
  // Eli has 42.5 hours in the week and 8.5 on Monday: each fits alone, and in the sum, but not both on Monday.
  const alsoMonday = await plan({ estimated_hours: 7, ...monday, requirements: riggers(1) })
  const inWeek = await plan({ estimated_hours: 20, requirements: riggers(1) })
  const three = await must(
    matchSet({
      work_orders: [onMonday.number, alsoMonday.number, inWeek.number],
      window: week,
      exclude_persons: ['Cas', 'Dan'],
    }),
  )
  assert.equal(three.assignments.length, 2)
  assert.equal(three.unfilled, 3)
  assert.ok(lines(three).includes(`${inWeek.number} Eli rigger`))
  assert.equal(three.optimal, false, 'the bound does not know that Monday is shared')
})

test('R-MAT-14 each role of a work order is a place of its own, and nobody has two of one work order', async () => {
  await hire('Fay', '10.00', ['welder', 'lead'])
  await hire('Gus', '30.00', ['welder'])
  const roles = [
    { role: 'lead', headcount: 1 },
    { role: 'welder', headcount: 1 },
  ]
  const { number } = await plan({ estimated_hours: 2, ...monday, requirements: needing(2, undefined, roles) })
  const set = await must(matchSet({ work_orders: [number] }))
  assert.deepEqual(lines(set), [`${number} Fay lead`, `${number} Gus welder`])
})

test('R-MAT-14 a project or a tree is taken with what is open and unassigned; what cannot be matched is left out with the reason', async () => {
  const cases = table`
    name     | fields                                              | reason
    planned  | {"estimated_hours":1}                               |
    vague    | {}                                                  | has no estimated hours, and no hours are given
    assigned | {"estimated_hours":1,"assignee":"Ann"}              | not there
    over     | {"estimated_hours":1}                               | not there
  `
  const made = new Map<string, Json>()
  const master = await plan({ title: 'Shutdown' })
  for (const { name = '', fields = '' } of cases)
    made.set(name, await plan({ ...JSON.parse(fields), project: 'shutdown', parent: master.id }))
  const over = made.get('over')
  const to = { to: 'cancelled', reason: 'not needed' }
  await must(call(planner, 'POST', `/v1/work-orders/${over.id}/transitions`, to))
  for (const which of [{ project: 'shutdown' }, { parent: master.number }]) {
    const set = await must(matchSet({ ...which, window: week }))
    assert.deepEqual(
      set.assignments.map(({ number }: Json) => number),
      [made.get('planned').number],
    )
    assert.deepEqual(
      set.left_out.map(({ number, reason }: Json) => [number, reason]),
      [[made.get('vague').number, 'has no estimated hours, and no hours are given']],
    )
  }
  const named = await must(matchSet({ work_orders: [over.number], window: week }))
  assert.deepEqual(named.left_out[0].reason, 'is cancelled')
  assert.deepEqual([named.assignments, named.optimal], [[], true])
})

test('R-MAT-14 it proposes only: nothing is recorded by it', async () => {
  const { number, id } = await plan({ estimated_hours: 1, ...monday })
  const as = await must(call(planner, 'GET', `/v1/work-orders/${id}`))
  await must(matchSet({ work_orders: [number] }))
  assert.deepEqual(await must(call(planner, 'GET', `/v1/work-orders/${id}`)), as)
})

test('R-MAT-14 what is wrong with the question is refused with its path', async () => {
  const { number } = await plan({ estimated_hours: 1 })
  const far = await plan({
    estimated_hours: 1,
    planned_start: '2031-01-01T00:00:00Z',
    planned_end: '2031-01-02T00:00:00Z',
  })
  const crowd = await plan({ estimated_hours: 1, requirements: needing(5001) })
  const cases = table`
    body                                                                 | path
    {}                                                                   |
    {"work_orders":["N"],"project":"p"}                                  |
    {"work_orders":["N","none"]}                                         | work_orders.1
    {"work_orders":["N","N"]}                                            | work_orders.1
    {"work_orders":[{"work_order":"N","exclude_persons":["nobody"]}]}    | work_orders.0.exclude_persons.0
    {"work_orders":["N"],"preferred_persons":["nobody"]}                 | preferred_persons.0
    {"parent":"none"}                                                    | parent
    {"work_orders":["N","FAR"]}                                          | window
    {"work_orders":["CROWD"]}                                            | work_orders
  `
  for (const { body: given = '', path } of cases) {
    const text = given.replaceAll('"N"', `"${number}"`)
    const body = JSON.parse(text.replace('"FAR"', `"${far.number}"`).replace('"CROWD"', `"${crowd.number}"`))
    const reply = await matchSet({ window: week, ...body })
    assert.deepEqual([reply.status, reply.body.errors?.[0].path ?? reply.body.field], [422, path], given)
  }
})
