/** Utilisation over REST: what is open, set aside and worked in a range, of people, tools and assets. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'

const [planner, worker] = ['Pat Planner', 'Lee Lab']
let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const order = (): Promise<Json> =>
  must(fixture.call(planner, 'POST', '/v1/work-orders', { title: 'Work', assignee: worker }), 201)
const reserve = (id: string, items: readonly object[], more: object = {}): Promise<Json> =>
  must(fixture.call(planner, 'POST', `/v1/work-orders/${id}/reservations`, { items, ...more }), 201)
const read = (query: string): Promise<Json> =>
  must(fixture.call(planner, 'GET', `/v1/resources/utilisation?${query}`))
const find = ({ data }: Json, name: string): Json => data.find((one: Json) => one.name === name)

const meter = (quantity: number, from: string, until: string) => ({
  kind: 'tool',
  resource: 'Meter',
  quantity,
  from,
  until,
})

test('R-UTL-1 of a tool of three: hours times pieces, as far as they lie in the range, and nothing that was released', async () => {
  await must(fixture.call(planner, 'POST', '/v1/tools', { name: 'Meter', quantity: 3 }), 201)
  const { id } = await order()
  await reserve(id, [meter(2, '2027-03-01T22:00:00Z', '2027-03-02T04:00:00Z')])
  await reserve(id, [meter(1, '2027-03-02T23:00:00Z', '2027-03-03T01:00:00Z')], { hold_minutes: 60 })
  const other = await order()
  await reserve(other.id, [meter(1, '2027-03-02T10:00:00Z', '2027-03-02T20:00:00Z')])
  await must(
    fixture.call(planner, 'DELETE', `/v1/work-orders/${other.id}/reservations`, { reason: 'not needed' }),
  )
  const day = 'from=2027-03-02T00:00:00Z&until=2027-03-03T00:00:00Z'
  // 2 × 4 of the first, 1 × 1 of the held one.
  const { id: toolId, ...used } = find(await read(`kind=tool&${day}`), 'Meter')
  assert.equal(typeof toolId, 'string')
  assert.deepEqual(used, {
    name: 'Meter',
    quantity: 3,
    open_hours: 72,
    reserved_hours: 9,
    worked_hours: null,
    reserved_share: 0.125,
    worked_share: null,
  })
  await reserve(id, [
    { kind: 'asset', resource: 'EXC-01', from: '2027-03-02T12:00:00Z', until: '2027-03-02T18:00:00Z' },
  ])
  const assets = await read(`kind=asset&${day}`)
  assert.deepEqual([find(assets, 'EXC-01').reserved_share, find(assets, 'BAL-12').reserved_hours], [0.25, 0])
  assert.equal(assets.open_hours, 24 * assets.data.length)
})

test('R-UTL-2 of people: open by calendar and absences, set aside within it, and worked as it was logged', async () => {
  const shifts = [{ weekdays: [1, 2, 3, 4, 5], start: '08:00', end: '16:00' }]
  await must(
    fixture.call(planner, 'POST', '/v1/calendars', { name: 'Day shift', time_zone: 'UTC', shifts }),
    201,
  )
  await must(
    fixture.call(planner, 'PATCH', `/v1/people/${encodeURIComponent(worker)}`, {
      calendar: 'Day shift',
      time_zone: 'UTC',
      reason: 'day',
    }),
  )
  // Monday, 2026-11-02 to Friday; away on Tuesday.
  const away = await fixture.call(worker, 'POST', '/v1/absences', {
    starts_at: '2026-11-03T00:00:00Z',
    ends_at: '2026-11-04T00:00:00Z',
  })
  assert.equal(away.status, 201, away.text)
  const { id } = await order()
  const move = (who: string, to: string): Promise<Json> =>
    must(fixture.call(who, 'POST', `/v1/work-orders/${id}/transitions`, { to }))
  await move(planner, 'assigned')
  await move(worker, 'in_progress')
  await reserve(id, [
    { kind: 'person', resource: worker, from: '2026-11-04T12:00:00Z', until: '2026-11-04T20:00:00Z' },
  ])
  const log = (from: string, until: string) =>
    must(fixture.call(worker, 'POST', `/v1/work-orders/${id}/time-entries`, { from, until }), 201)
  await log('2026-11-02T08:00:00Z', '2026-11-02T14:00:00Z')
  await log('2026-11-01T22:00:00Z', '2026-11-02T02:00:00Z')
  const all = await read('from=2026-11-02T00:00:00Z&until=2026-11-07T00:00:00Z')
  const {
    open_hours: open,
    reserved_hours: reserved,
    worked_hours: worked,
    reserved_share: share,
  } = find(all, worker)
  // 4 days of 8; reserved after the shift ends does not count; worked is what was worked, at night too.
  assert.deepEqual([open, reserved, worked, share], [32, 4, 8, 0.125])
  assert.equal(all.kind, 'person')
  const sum = all.data.reduce((hours: number, one: Json) => hours + one.worked_hours, 0)
  assert.equal(all.worked_hours, sum)
})

test('R-UTL-3 a range is needed that ends after it begins and is no longer than 366 days; planners may read it', async () => {
  for (const query of [
    'from=2027-01-02T00:00:00Z&until=2027-01-01T00:00:00Z',
    'from=2027-01-01T00:00:00Z&until=2028-02-01T00:00:00Z',
  ]) {
    const { status, body } = await fixture.call(planner, 'GET', `/v1/resources/utilisation?${query}`)
    assert.deepEqual([status, body.code, body.errors[0].path], [422, 'invalid_input', 'until'])
  }
  const query = 'from=2027-01-01T00:00:00Z&until=2027-01-02T00:00:00Z'
  assert.equal((await fixture.call(worker, 'GET', `/v1/resources/utilisation?${query}`)).status, 403)
})
