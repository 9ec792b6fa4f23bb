/** Schedules over REST: seed 002's request and proposal, a whole set in the background, booking all of it or nothing. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { scheduleProposal } from '#capabilities/schedule/messages.ts'
import { openRunner } from '#capabilities/schedule/runner.ts'
import type { Runner } from '#capabilities/schedule/runner.ts'
import { withClient } from '#platform/database.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'

const planner = 'Pat Planner'
const skill = 'HPLC calibration'
let fixture: Fixture
let runner: Runner
before(async () => {
  fixture = await openFixture()
  runner = openRunner(fixture.service.floor, fixture.service.log)
})
after(async () => {
  await runner.close()
  await fixture.close()
})

const post = (path: string, body: object = {}, who = planner): Promise<Reply> =>
  fixture.call(who, 'POST', path, body)
const order = (fields: object = {}): Promise<Json> =>
  must(post('/v1/work-orders', { title: 'Calibrate the pump', estimated_hours: 4, ...fields }), 201)
const toRequest = (work_order_id: string, constraints: object = {}) => ({
  request: {
    type: 'SCHEDULING_REQUEST',
    work_order_id,
    job_plan_id: 'none',
    constraints: {
      earliest_start: '2027-03-01T00:00:00Z',
      latest_end: '2027-03-06T00:00:00Z',
      required_experience: [{ experience_id: skill, min_rating: 3 }],
      required_tools: [],
      required_persons: [],
      ...constraints,
    },
  },
})
async function addPeople(
  names: readonly string[],
  role: string,
  rating: number | null = 4,
): Promise<string[]> {
  const ids: string[] = []
  for (const name of names) {
    const { id } = await must(post('/v1/principals', { name, kind: 'human' }, 'Ada Admin'), 201)
    await must(
      fixture.call(planner, 'PATCH', `/v1/people/${id}`, {
        job_roles: [role],
        calendar: 'day shift',
        time_zone: 'Europe/Berlin',
        reason: 'new',
      }),
    )
    if (rating !== null)
      await must(
        post(`/v1/people/${id}/ratings`, { experience: skill, rating, reason: 'passed' }, 'Quinn QA'),
      )
    ids.push(id)
  }
  return ids
}
async function untilDone(id: string): Promise<Json> {
  for (;;) {
    const schedule = await must(fixture.call(planner, 'GET', `/v1/schedules/${id}`))
    if (schedule.state === 'done' || schedule.state === 'failed') return schedule
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('R-SDL-8 a request of seed 002 gets its proposal, exactly; booking it plans, assigns and sets aside', async () => {
  const [first, second] = await addPeople(['Ina One', 'Jon Two'], 'calibrator')
  const { number } = await order()
  const asked = toRequest(number, {
    required_persons: [{ role_label: 'calibrator', headcount: 1 }],
    required_tools: [{ tool_id: 'torque wrench', quantity: 1 }],
  })
  const schedule = await must(post('/v1/schedules', asked), 201)
  const proposal = scheduleProposal.parse(schedule.proposal)
  // The day shift begins at 07:00 in Berlin.
  assert.deepEqual(
    [proposal.proposed_start, proposal.proposed_end],
    ['2027-03-01T06:00:00Z', '2027-03-01T10:00:00Z'],
  )
  assert.deepEqual(
    proposal.assigned_persons.map(({ role }) => role),
    ['calibrator'],
  )
  const own = proposal.assigned_persons[0]?.person_id
  assert.ok(own === first || own === second)
  assert.deepEqual(
    proposal.alternatives?.map((one) => one.assigned_persons[0]?.person_id),
    [own === first ? second : first],
  )
  assert.ok(proposal.confidence > 0.95, `${proposal.confidence}`)
  assert.deepEqual(
    (await must(fixture.call(planner, 'GET', '/v1/reservations?limit=200'))).data,
    [],
    'proposing books nothing',
  )
  assert.equal((await must(fixture.call(planner, 'GET', `/v1/work-orders/${number}`))).planned_start, null)
  const booked = await must(post(`/v1/schedules/${schedule.id}/booking`), 201)
  assert.equal(booked.booked[0].reservations, 2)
  const planned = await must(fixture.call(planner, 'GET', `/v1/work-orders/${number}`))
  assert.deepEqual(
    [planned.planned_start, planned.planned_end, planned.assignee_id],
    [proposal.proposed_start, proposal.proposed_end, own],
  )
  const again = await post(`/v1/schedules/${schedule.id}/booking`)
  assert.deepEqual([again.status, again.body.code, again.body.current], [409, 'schedule_not_open', 'booked'])
  // Who is set aside now is not proposed again for that time.
  const other = await order()
  const next = await must(post('/v1/schedules', toRequest(other.number, asked.request.constraints)), 201)
  assert.notEqual(next.proposal.assigned_persons[0].person_id, own)
})

test('R-SDL-9 what cannot be done so is told, and what is not known is refused', async () => {
  const { number } = await order()
  const none = await must(
    post(
      '/v1/schedules',
      toRequest(number, { required_experience: [{ experience_id: skill, min_rating: 5 }] }),
    ),
    201,
  )
  assert.equal(none.proposal, null)
  assert.match(none.left_out[0].reason, /nobody fits: HPLC calibration 5/)
  const nothing = await post(`/v1/schedules/${none.id}/booking`)
  assert.deepEqual([nothing.status, nothing.body.code], [422, 'invalid_input'])
  const short = await must(
    post(
      '/v1/schedules',
      toRequest(number, {
        required_persons: [{ role_label: 'calibrator', headcount: 1 }],
        earliest_start: '2027-03-06T00:00:00Z',
        latest_end: '2027-03-08T00:00:00Z',
      }),
    ),
    201,
  )
  assert.match(short.left_out[0].reason, /before the latest end/, 'nobody works at the weekend')
  const cases: [constraints: object, field: string][] = [
    [
      { required_experience: [{ experience_id: 'no such', min_rating: 1 }] },
      'request.constraints.required_experience.0.experience_id',
    ],
    [
      { required_tools: [{ tool_id: 'no such', quantity: 1 }] },
      'request.constraints.required_tools.0.tool_id',
    ],
  ]
  for (const [constraints, field] of cases) {
    const { status, body } = await post('/v1/schedules', toRequest(number, constraints))
    assert.deepEqual([status, body.code, body.field], [422, 'unknown_reference', field])
  }
  const past = toRequest(number, {
    earliest_start: '2020-01-01T00:00:00Z',
    latest_end: '2020-02-01T00:00:00Z',
  })
  assert.equal((await post('/v1/schedules', past)).status, 422)
  assert.equal((await post('/v1/schedules', toRequest(number), 'Lee Lab')).status, 403)
})

async function addTree(role: string): Promise<{ master: Json; parts: Json[] }> {
  const master = await order({ title: 'Renew the line', estimated_hours: undefined })
  const parts: Json[] = []
  for (const title of ['Take apart', 'Clean', 'Inspect', 'Put together'])
    parts.push(
      await order({
        title,
        parent: master.number,
        requirements: { people: 1, tools: [], experience: [], roles: [{ role, headcount: 1 }] },
      }),
    )
  for (const [from, to] of [
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 3],
  ] as const)
    await must(
      post(`/v1/work-orders/${parts[to]!.number}/dependencies`, { predecessor: parts[from]!.number }),
    )
  return { master, parts }
}

test('R-SDL-10 a master is scheduled as a whole, each start with its reason, and booked at once', async () => {
  await addPeople(['Kim One', 'Lou Two'], 'fitter', null)
  const { master, parts } = await addTree('fitter')
  const asked = await must(
    post('/v1/schedules/plans', {
      master: master.number,
      earliest_start: '2027-04-05T00:00:00Z',
      latest_end: '2027-04-17T00:00:00Z',
      effort: 200,
    }),
    201,
  )
  assert.deepEqual([asked.state, asked.work], ['waiting', undefined])
  const answer = await untilDone(asked.id)
  const times = new Map(answer.work.map((one: Json) => [one.work_order, one]))
  const at = (part: Json): string[] => {
    const { proposal, why } = times.get(part.number) as Json
    return [proposal.proposed_start.slice(8, 16), proposal.proposed_end.slice(8, 16), why]
  }
  // Easter Monday is no holiday of this calendar: 07:00 to 15:30 in Berlin, in summer time.
  const [apart, clean, inspect, together] = parts.map(at)
  assert.deepEqual(apart!.slice(0, 2), ['05T05:00', '05T09:00'])
  assert.match(apart!.join(' '), /working time of (Kim One|Lou Two) begins then/)
  assert.deepEqual(clean, ['05T09:00', '05T13:00', `it waits for ${parts[0]!.number}`])
  assert.deepEqual(inspect!.slice(0, 2), ['05T09:00', '05T13:00'], 'two fitters, side by side')
  assert.deepEqual(together!.slice(0, 2), ['05T13:00', '06T08:30'])
  assert.deepEqual(at(master).slice(0, 2), ['05T05:00', '06T08:30'], 'a master spans what is linked to it')
  assert.equal(answer.optimal, true)
  const booked = await must(post(`/v1/schedules/${asked.id}/booking`), 201)
  assert.equal(booked.booked.length, 5)
  const { data } = await must(fixture.call(planner, 'GET', `/v1/reservations?work_order=${parts[3]!.number}`))
  assert.deepEqual(
    data.map((one: Json) => [one.from.slice(8, 16), one.until.slice(8, 16), one.state]).toSorted(),
    [
      ['05T13:00', '05T13:30', 'confirmed'],
      ['06T05:00', '06T08:30', 'confirmed'],
    ],
    'set aside while at work, not over night',
  )
})

test('R-SDL-11 booking refuses when the world moved, and then nothing is booked', async () => {
  const [kim] = await addPeople(['Max One'], 'rigger', null)
  const change = {
    absence: () =>
      must(
        post(
          '/v1/absences',
          { principal: kim, starts_at: '2027-05-03T06:00:00Z', ends_at: '2027-05-03T07:00:00Z' },
          'Ada Admin',
        ),
        201,
      ),
    version: (part: Json) =>
      must(fixture.call(planner, 'PATCH', `/v1/work-orders/${part.number}`, { priority: 'high' })),
    taken: async () => {
      const { number } = await order()
      const range = { from: '2027-05-03T08:00:00Z', until: '2027-05-03T09:00:00Z' }
      await must(
        post(`/v1/work-orders/${number}/reservations`, {
          items: [{ kind: 'person', resource: kim, ...range }],
        }),
        201,
      )
    },
    role: () =>
      must(fixture.call(planner, 'PATCH', `/v1/people/${kim}`, { job_roles: ['clerk'], reason: 'moved' })),
  }
  for (const [name, does] of Object.entries(change)) {
    const one = await order({
      requirements: { people: 1, tools: [], experience: [], roles: [{ role: 'rigger', headcount: 1 }] },
    })
    const other = await order({ requirements: one.requirements })
    const asked = await must(
      post('/v1/schedules/plans', {
        work_orders: [one.number, other.number],
        earliest_start: '2027-05-03T00:00:00Z',
        latest_end: '2027-05-08T00:00:00Z',
        effort: 50,
      }),
      201,
    )
    const answer = await untilDone(asked.id)
    assert.equal(answer.work.length, 2, name)
    await does(one)
    const refused = await post(`/v1/schedules/${asked.id}/booking`)
    assert.deepEqual([refused.status, refused.body.code], [409, 'schedule_moved'], name)
    assert.match(refused.body.moved[0], /^WO-/, name)
    for (const { number } of [one, other]) {
      const { planned_start } = await must(fixture.call(planner, 'GET', `/v1/work-orders/${number}`))
      assert.equal(planned_start, null, `${name}: nothing is booked`)
      await must(post(`/v1/work-orders/${number}/transitions`, { to: 'cancelled', reason: 'tried' }))
    }
  }
})

test('R-SDL-12 a search can be stopped, its best so far is the answer; what nobody works on is taken over', async () => {
  await addPeople(['Ned One', 'Oda Two', 'Pia Three'], 'welder', null)
  const requirements = { people: 1, tools: [], experience: [], roles: [{ role: 'welder', headcount: 1 }] }
  const items = Array.from({ length: 30 }, (_, i) => ({
    title: `Weld ${i}`,
    requirements,
    estimated_hours: 1 + (i % 7),
    project: 'welding',
  }))
  await must(post('/v1/work-orders/batch', { work_orders: items }), 201)
  const ask = { project: 'welding', effort: 100_000, seconds: 120 }
  const { id } = await must(post('/v1/schedules/plans', ask), 201)
  for (;;) {
    const { state, schedules } = await must(fixture.call(planner, 'GET', `/v1/schedules/${id}`))
    assert.notEqual(state, 'done', 'it was over before it was stopped')
    if (schedules !== undefined) break
    await new Promise((resolve) => setImmediate(resolve))
  }
  await must(post(`/v1/schedules/${id}/stop`))
  const stopped = await untilDone(id)
  assert.ok(stopped.schedules < 100_000)
  assert.equal(stopped.work.length, 30)
  await runner.close()
  const left = await must(post('/v1/schedules/plans', { ...ask, effort: 100 }), 201)
  await withClient(fixture.adminUrl, (client) =>
    client.query(
      `update schedules set state = 'running', beat_at = now() - interval '1 hour' where id = $1`,
      [left.id],
    ),
  )
  runner = openRunner(fixture.service.floor, fixture.service.log)
  const { rows } = await withClient(fixture.adminUrl, (client) =>
    client.query<{ tenant_id: string }>('select tenant_id from schedules where id = $1', [left.id]),
  )
  await runner.sweep(rows[0]!.tenant_id)
  assert.equal((await untilDone(left.id)).state, 'done')
})
