/** The critical path in the working time of those who do the work, worked out by hand over a night in which clocks change. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { bearer, hire, keyFor } from './people.ts'
import { plant } from './tree.ts'
import type { Planted } from './tree.ts'

const planner = 'Pat Planner'
let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const call = (who: string, method: string, path: string, body?: object): Promise<Reply> =>
  fixture.call(who, method, encodeURI(path), body)

/** Hires somebody who works by a calendar of that name; its fields are given once. */
async function employ(name: string, calendar: string | null, fields?: object): Promise<string> {
  if (fields !== undefined)
    await must(call(planner, 'POST', '/v1/calendars', { name: calendar, ...fields }), 201)
  const { id } = await hire(fixture, { name, roles: ['operator'] })
  if (calendar !== null)
    await must(call(planner, 'PATCH', `/v1/people/${name}`, { calendar, reason: 'hired' }))
  return id as string
}
const leave = (principal: string, starts_at: string, ends_at: string): Promise<Json> =>
  must(call('Ada Admin', 'POST', '/v1/absences', { principal, starts_at, ends_at }), 201)

const brief = (time: string | null): string => time?.slice(5, 16) ?? 'never'
/** By letter; times without their year and seconds. */
async function readPath(planted: Planted): Promise<{ answer: Json; of: { [letter: string]: Json } }> {
  const answer = await must(call(planner, 'GET', `/v1/work-orders/${planted['M']?.id}/critical-path`))
  const rows = Object.entries(planted).map(([letter, { id }]) => {
    const one = answer.data.find((row: Json) => row.id === id)
    const { earliest_start, earliest_finish, latest_start, latest_finish, slack_hours, calendar } = one
    const earliest = `${brief(earliest_start)} ${brief(earliest_finish)}`
    const latest = `${brief(latest_start)} ${brief(latest_finish)}`
    return [letter, { earliest, latest, slack: slack_hours, calendar, critical: one.critical }]
  })
  return { answer, of: Object.fromEntries(rows) }
}

test('R-CAL-12 two people in two time zones: shifts, the night in which clocks change, absences; by hand', async () => {
  // In Berlin clocks go from 02:00 to 03:00 on Sunday 2031-03-30; in New York they did on 9 March.
  // Nights of Saturday and Sunday, first 2031-03-29 22:00 +01:00 = 21:00Z to 06:00 +02:00 = 04:00Z: seven hours.
  const anna = await employ('Anna', 'weekend nights', {
    time_zone: 'Europe/Berlin',
    shifts: [{ weekdays: [6, 7], start: '22:00', end: '06:00' }],
    valid_from: '2031-03-29',
  })
  // Monday to Friday, 09:00 to 17:00 -04:00 = 13:00Z to 21:00Z.
  const yuri = await employ('Yuri', 'office', {
    time_zone: 'America/New_York',
    shifts: [{ weekdays: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' }],
  })
  await leave('Yuri', '2031-03-31T17:00:00Z', '2031-04-01T15:00:00Z')
  await leave('Yuri', '2020-01-01T00:00:00Z', '2020-02-01T00:00:00Z')
  const planted = await plant(fixture, {
    M: { assignee_id: anna },
    A: { under: 'M', assignee_id: anna, estimated_hours: 10 },
    B: { under: 'M', assignee_id: yuri, estimated_hours: 12, after: ['A'] },
    C: { under: 'M', assignee_id: anna, estimated_hours: 1, after: ['B'] },
    D: { under: 'M', assignee_id: null, estimated_hours: 2 },
    E: { under: 'M', assignee_id: yuri, estimated_hours: 0, after: ['A+1'] },
  })
  const { answer, of } = await readPath(planted)
  const annas = { name: 'weekend nights', of: 'assignee', absences: 0 }
  assert.deepEqual(of, {
    // Seven hours in the short night, and three on Sunday from 22:00 +02:00 = 20:00Z. It has to be over when B has to
    // begin, so with Sunday's night: its eight hours and the last two before 04:00Z; five of them are left.
    A: {
      earliest: '03-29T21:00 03-30T23:00',
      latest: '03-30T02:00 04-03T17:00',
      slack: 5,
      calendar: annas,
      critical: false,
    },
    // Monday four hours, then away until Tuesday 15:00Z; six, and two on Wednesday. It must be over on Saturday at
    // 20:00Z, so eight on Friday, four on Thursday; 6 + 8 + 8 hours of Yuri's lie between.
    B: {
      earliest: '03-31T13:00 04-02T15:00',
      latest: '04-03T17:00 04-05T20:00',
      slack: 22,
      calendar: { name: 'office', of: 'assignee', absences: 1 },
      critical: false,
    },
    C: {
      earliest: '04-05T20:00 04-05T21:00',
      latest: '04-05T20:00 04-05T21:00',
      slack: 0,
      calendar: annas,
      critical: true,
    },
    // Nobody's yet: in the calendar of who leads it. Until 04-05T21:00Z there are 5 + 8 + 1 hours after it.
    D: {
      earliest: '03-29T21:00 03-29T23:00',
      latest: '03-31T03:00 04-05T21:00',
      slack: 14,
      calendar: { ...annas, of: 'master' },
      critical: false,
    },
    // Without length: free on Sunday night, there when the office opens; led back, there when it closed on Friday.
    E: {
      earliest: '03-31T13:00 03-31T13:00',
      latest: '04-04T21:00 04-05T21:00',
      slack: 4 + 6 + 8 + 8 + 8,
      calendar: { name: 'office', of: 'assignee', absences: 1 },
      critical: false,
    },
    M: {
      earliest: '03-29T21:00 04-05T21:00',
      latest: '03-30T02:00 04-05T21:00',
      slack: 0,
      calendar: annas,
      critical: true,
    },
  })
  assert.equal(answer.calendar, 'working_time')
  const { calendar, data } = await must(call(planner, 'GET', `/v1/work-orders/${planted['M']?.id}/tree`))
  assert.deepEqual(
    [calendar, data[0].expected_start, data[0].expected_finish],
    ['working_time', answer.expected_start, answer.expected_finish],
  )
})

const daysOf = ({ data }: Json, { id }: Json): number => {
  const { earliest_start: start, earliest_finish: finish } = data.find((row: Json) => row.id === id)
  return (Date.parse(finish) - Date.parse(start)) / 86_400_000
}

test('R-CAL-13 who has no calendar works around the clock, what nobody does yet in the hours of the tenant', async () => {
  const agnes = await employ('Agnes', null)
  const cleo = await employ('Cleo', 'mornings', {
    time_zone: 'UTC',
    shifts: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], start: '00:00', end: '12:00' }],
  })
  const twigs = {
    M: { assignee_id: agnes },
    A: { under: 'M', assignee_id: agnes, estimated_hours: 1200 },
    B: { under: 'M', assignee_id: null, estimated_hours: 1200 },
  }
  const plain = await plant(fixture, twigs)
  const { answer, of } = await readPath(plain)
  assert.deepEqual([answer.calendar, of['A']?.calendar, of['B']?.calendar], ['24x7', null, null])
  assert.deepEqual([daysOf(answer, plain['A']), daysOf(answer, plain['B'])], [50, 50])
  const led = await plant(fixture, { ...twigs, M: { assignee_id: cleo } })
  assert.equal((await readPath(led)).of['B']?.calendar.of, 'master')
  const calendar = { time_zone: 'UTC', weekdays: [1, 2, 3, 4, 5, 6, 7], start: '00:00', end: '12:00' }
  const policy = { body: { calendar, rules: [] }, reason: 'mornings only' }
  await must(call('Ada Admin', 'POST', '/v1/approval-policy', policy))
  const later = await readPath(plain)
  assert.deepEqual(later.of['B']?.calendar, { name: 'approval policy', of: 'tenant', absences: 0 })
  assert.equal(daysOf(later.answer, plain['A']), 50, 'somebody does it, and has no calendar')
  // Twelve hours a day: a hundred days, and half a day less where it begins with a morning.
  const days = daysOf(later.answer, plain['B'])
  assert.ok(days >= 99.5 && days <= 100, `${days} days`)
  await leave('Agnes', new Date().toISOString(), '2099-01-01T00:00:00Z')
  const away = await readPath(plain)
  assert.deepEqual(away.of['A'], {
    earliest: '01-01T00:00 02-20T00:00',
    latest: '01-01T00:00 02-20T00:00',
    slack: 0,
    calendar: { name: null, of: 'assignee', absences: 1 },
    critical: true,
  })
})

test('R-CAL-13 hours that were worked already are those in which the assignee was there', async () => {
  const robin = await employ('Robin', null)
  const before1h = new Date(Date.now() - 3_600_000).toISOString()
  await leave('Robin', before1h, '2098-12-31T23:00:00Z')
  const planted = await plant(fixture, {
    M: { assignee_id: null },
    A: { under: 'M', assignee_id: robin, estimated_hours: 5 },
  })
  const { key } = await keyFor(fixture, 'Robin')
  for (const [who, to] of [
    [planner, 'assigned'],
    ['Robin', 'in_progress'],
  ] as const) {
    const path = `/v1/work-orders/${planted['A']?.id}/transitions`
    const headers = who === planner ? {} : bearer(key)
    const moved = fixture.call(
      who === planner ? who : undefined,
      'POST',
      path,
      { to, reason: 'as planned' },
      headers,
    )
    await must(moved)
  }
  // Begun while away: all five hours lie ahead.
  const { of } = await readPath(planted)
  assert.equal(of['A']?.earliest.slice(-11), '01-01T04:00')
})
