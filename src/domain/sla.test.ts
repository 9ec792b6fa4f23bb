/**
 * Working hours in calendars of several zones. Times are written in the calendar's own zone with their offset
 * (checked against the zone's rules by hand), so that a row can be read by who works there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseInstant, toInstant } from './instant.ts'
import { addWorkingHours, countWorkingHours, findCalendarProblems, planRequirement } from './sla.ts'
import type { WorkingCalendar } from './sla.ts'
import { table } from '../../test/table.ts'

const office: WorkingCalendar = {
  time_zone: 'UTC',
  weekdays: [1, 2, 3, 4, 5],
  start: '09:00',
  end: '17:00',
  holidays: ['2026-12-25', '2027-01-01'],
}
const always = { ...office, weekdays: [1, 2, 3, 4, 5, 6, 7], start: '00:00', end: '24:00', holidays: [] }
const calendars: { readonly [name: string]: WorkingCalendar } = {
  office,
  berlin: { ...office, time_zone: 'Europe/Berlin' },
  york: { ...office, time_zone: 'America/New_York' },
  kolkata: { ...office, time_zone: 'Asia/Kolkata' },
  taipei: { ...office, time_zone: 'Asia/Taipei', weekdays: [1, 2, 3, 4, 5, 6] },
  apia: { ...always, time_zone: 'Pacific/Apia' },
  'berlin 24/7': { ...always, time_zone: 'Europe/Berlin' },
  'york 24/7': { ...always, time_zone: 'America/New_York' },
  // Clocks change inside these hours: on 28 March 2027 at 02:00, on 31 October 2027 at 03:00.
  'berlin nights': { ...always, time_zone: 'Europe/Berlin', start: '01:00', end: '05:00' },
  // Of this one nothing is left on 28 March 2027: its beginning moves behind its end.
  skipped: { ...always, time_zone: 'Europe/Berlin', start: '02:30', end: '03:15' },
  'lord howe 24/7': { ...always, time_zone: 'Australia/Lord_Howe' },
  sunday: { ...office, weekdays: [7] },
}
const calendarOf = (name = ''): WorkingCalendar => {
  const calendar = calendars[name]
  assert.ok(calendar, name)
  return calendar
}
const utc = (text = ''): string => toInstant(Date.parse(text) * 1000)

// 2026-11-20 is a Friday. In a row, what is added to `from` is `then`.
const additions = table`
  calendar       | from                          | hours | then
  office         | 2026-11-20T09:00:00Z          | 0     | 2026-11-20T09:00:00Z
  office         | 2026-11-20T09:00:00Z          | 1     | 2026-11-20T10:00:00Z
  office         | 2026-11-20T09:00:00Z          | 8     | 2026-11-20T17:00:00Z
  office         | 2026-11-20T09:00:00Z          | 8.5   | 2026-11-23T09:30:00Z
  office         | 2026-11-20T16:30:00Z          | 1     | 2026-11-23T09:30:00Z
  office         | 2026-11-20T18:00:00Z          | 1     | 2026-11-23T10:00:00Z
  office         | 2026-11-21T12:00:00Z          | 8     | 2026-11-23T17:00:00Z
  office         | 2026-11-20T06:00:00Z          | 1     | 2026-11-20T10:00:00Z
  office         | 2026-12-24T16:00:00Z          | 2     | 2026-12-28T10:00:00Z
  office         | 2026-12-31T16:00:00Z          | 2     | 2027-01-04T10:00:00Z
  office         | 2026-11-20T09:00:00Z          | 40    | 2026-11-26T17:00:00Z
  berlin         | 2026-11-20T16:30:00+01:00     | 1     | 2026-11-23T09:30:00+01:00
  berlin         | 2027-03-26T16:00:00+01:00     | 2     | 2027-03-29T10:00:00+02:00
  berlin         | 2027-10-29T16:00:00+02:00     | 2     | 2027-11-01T10:00:00+01:00
  york           | 2027-03-12T16:00:00-05:00     | 2     | 2027-03-15T10:00:00-04:00
  york           | 2027-11-05T16:00:00-04:00     | 2     | 2027-11-08T10:00:00-05:00
  york           | 2026-11-20T20:00:00-05:00     | 1     | 2026-11-23T10:00:00-05:00
  kolkata        | 2026-11-20T16:30:00+05:30     | 1     | 2026-11-23T09:30:00+05:30
  taipei         | 2026-11-20T16:30:00+08:00     | 1     | 2026-11-21T09:30:00+08:00
  taipei         | 2026-11-21T16:30:00+08:00     | 1     | 2026-11-23T09:30:00+08:00
  sunday         | 2026-11-20T09:00:00Z          | 9     | 2026-11-29T10:00:00Z
  berlin 24/7    | 2027-03-28T00:00:00+01:00     | 24    | 2027-03-29T01:00:00+02:00
  berlin 24/7    | 2027-10-31T00:00:00+02:00     | 24    | 2027-10-31T23:00:00+01:00
  york 24/7      | 2027-03-14T00:00:00-05:00     | 23    | 2027-03-15T00:00:00-04:00
  york 24/7      | 2027-11-07T00:00:00-04:00     | 25    | 2027-11-08T00:00:00-05:00
  office         | 2026-11-20T17:00:00Z          | 0     | 2026-11-20T17:00:00Z
  skipped        | 2027-03-28T00:00:00+01:00     | 0.75  | 2027-03-29T03:15:00+02:00
  berlin nights  | 2027-03-27T01:00:00+01:00     | 4     | 2027-03-27T05:00:00+01:00
  berlin nights  | 2027-03-28T01:00:00+01:00     | 3     | 2027-03-28T05:00:00+02:00
  berlin nights  | 2027-03-28T01:00:00+01:00     | 4     | 2027-03-29T02:00:00+02:00
  berlin nights  | 2027-10-31T01:00:00+02:00     | 5     | 2027-10-31T05:00:00+01:00
  lord howe 24/7 | 2027-04-04T00:00:00+11:00     | 24.5  | 2027-04-05T00:00:00+10:30
  apia           | 2026-11-20T00:00:00+13:00     | 24    | 2026-11-21T00:00:00+13:00
`

test('R-SLA-1 working hours end where a calendar on the wall says, through weekends, holidays and clock changes', () => {
  assert.ok(additions.length >= 30)
  for (const row of additions) {
    const calendar = calendarOf(row['calendar'])
    const hours = Number(row['hours'])
    const then = addWorkingHours(utc(row['from']), hours, calendar)
    assert.equal(then, utc(row['then']), JSON.stringify(row))
    assert.equal(countWorkingHours(utc(row['from']), then, calendar), hours, JSON.stringify(row))
  }
})

const anyCalendar = fc.constantFrom(...Object.values(calendars))
const anyInstant = fc
  .integer({ min: Date.UTC(2026, 0, 1) / 1000, max: Date.UTC(2029, 0, 1) / 1000 })
  .map((seconds) => toInstant(seconds * 1_000_000 + 123_457))
const anyHours = fc.integer({ min: 0, max: 3000 }).map((tenths) => tenths / 10)

test('R-SLA-1 hours add up, never go back, and are counted as they were added', () => {
  fc.assert(
    fc.property(anyCalendar, anyInstant, anyHours, anyHours, (calendar, from, a, b) => {
      const first = addWorkingHours(from, a, calendar)
      const both = addWorkingHours(from, a + b, calendar)
      // Two steps land where one does, but for the microsecond that rounding costs.
      assert.ok(Math.abs(parseInstant(addWorkingHours(first, b, calendar)) - parseInstant(both)) <= 2)
      assert.ok(parseInstant(from) <= parseInstant(first) && parseInstant(first) <= parseInstant(both))
      assert.ok(Math.abs(countWorkingHours(from, both, calendar) - (a + b)) < 1e-8)
    }),
    { numRuns: 300 },
  )
})

test('R-SLA-1 a calendar without working hours, or of no zone, is no calendar', () => {
  const wrong: readonly (readonly [string, Partial<WorkingCalendar>])[] = [
    ['time_zone', { time_zone: 'Europe/Nowhere' }],
    ['time_zone', { time_zone: '+02:00' }],
    ['weekdays', { weekdays: [] }],
    ['weekdays', { weekdays: [1, 1] }],
    ['weekdays', { weekdays: [0] }],
    ['weekdays', { weekdays: [8] }],
    ['start', { start: '9:00' }],
    ['start', { start: '24:00' }],
    ['end', { end: '09:00' }],
    ['end', { end: '25:00' }],
    ['holidays.0', { holidays: ['2026-02-30'] }],
    ['holidays.1', { holidays: ['2026-12-25', '25.12.2026'] }],
  ]
  assert.deepEqual(findCalendarProblems(office), [])
  for (const [path, change] of wrong) {
    const paths = findCalendarProblems({ ...office, ...change }).map((problem) => problem.path)
    assert.ok(paths.includes(path), `${path}: ${paths.join(' ')}`)
  }
  assert.throws(() => addWorkingHours('2026-11-20T09:00:00Z', 1, { ...office, weekdays: [] }))
  assert.throws(() => addWorkingHours('2026-11-20T09:00:00Z', Number.NaN, office))
  assert.throws(() => addWorkingHours('yesterday', 1, office))
})

test('R-SLA-2 a requirement is due after its working hours, and the reminder is planned at half of them', () => {
  const openedAt = '2026-11-20T13:00:00Z'
  assert.deepEqual(planRequirement({ openedAt, slaHours: 16, calendar: office }), {
    due_at: '2026-11-24T13:00:00Z',
    next_step_at: '2026-11-23T13:00:00Z',
  })
  assert.deepEqual(planRequirement({ openedAt, slaHours: null, calendar: office }), {
    due_at: null,
    next_step_at: null,
  })
})
