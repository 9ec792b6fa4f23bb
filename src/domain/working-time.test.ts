/**
 * Working hours, case by case. Times are written in the calendar's own zone with their offset (checked against the
 * zone's rules by hand). Clocks change in 2027 in Berlin on 28 March and 31 October (02:00, 03:00), in New York on
 * 14 March and 7 November (02:00), on Lord Howe Island, by half an hour, on 4 April and 3 October (02:00).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { listOpen } from './availability.ts'
import type { Availability, ShiftCalendar } from './availability.ts'
import { aroundTheClock, msOfHour } from './calendar.ts'
import { modes, reckon } from './critical-path.ts'
import { toNetwork } from './network.ts'
import { toTime } from './timing.ts'
import {
  addWorkingHours,
  lessClosures,
  subtractWorkingHours,
  toCalendar,
  toNextOpen,
  toWorkingTime,
  workingHoursBetween,
} from './working-time.ts'
import {
  addByMinutes,
  anyCase,
  backByMinutes,
  listPainted,
  minuteMs,
  paint,
} from '../../test/minute-oracle.ts'
import { table } from '../../test/table.ts'

const daily = [1, 2, 3, 4, 5, 6, 7]
const working = [1, 2, 3, 4, 5]

function calendarOf(
  time_zone: string,
  hours: string,
  more: Partial<ShiftCalendar> = {},
  weekdays = working,
): Availability {
  const shifts = hours.split(' ').flatMap((one) => {
    const [start, end] = one.split('-')
    return start === undefined || end === undefined ? [] : [{ weekdays, start, end }]
  })
  const rest = { holidays: [], extra_shifts: [], valid_from: null, valid_until: null, ...more }
  return { calendar: { time_zone, shifts, ...rest }, closures: [], time_zone }
}

const holidays = [{ date: '2026-12-24', start: '12:00' }, { date: '2026-12-25' }, { date: '2027-01-01' }]
const tool: Availability = { calendar: null, closures: [], time_zone: 'UTC' }
const berlin = 'Europe/Berlin'
const availabilities: { readonly [name: string]: Availability } = {
  office: calendarOf('UTC', '09:00-12:00 13:00-17:00', { holidays }),
  'office, extra': calendarOf('UTC', '09:00-17:00', {
    holidays,
    extra_shifts: [
      { date: '2026-12-19', start: '08:00', end: '12:00' },
      { date: '2026-12-25', start: '22:00', end: '02:00' },
    ],
  }),
  'berlin 24/7': calendarOf(berlin, '00:00-24:00', {}, daily),
  'berlin nights': calendarOf(berlin, '22:00-06:00', { holidays: holidays.slice(1) }, daily),
  'york nights': calendarOf('America/New_York', '22:00-06:00', {}, daily),
  'howe nights': calendarOf('Australia/Lord_Howe', '22:00-06:00', {}, daily),
  'kolkata nights': calendarOf('Asia/Kolkata', '22:00-06:00', {}, daily),
  'phoenix nights': calendarOf('America/Phoenix', '22:00-06:00', {}, daily),
  'fire brigade': calendarOf(berlin, '06:00-06:00', {}, [1, 3, 5]),
  'saturday 24 h': calendarOf(berlin, '06:00-06:00', {}, [6]),
  'within the gap': calendarOf(berlin, '02:15-02:45', {}, daily),
  'out of the gap': calendarOf(berlin, '02:30-03:15', {}, daily),
  'into the gap': calendarOf(berlin, '01:00-02:30', {}, daily),
  'york gap': calendarOf('America/New_York', '02:15-02:45', {}, daily),
  'howe gap': calendarOf('Australia/Lord_Howe', '02:15-02:45', {}, daily),
  contract: calendarOf('UTC', '09:00-17:00', { valid_from: '2026-12-01', valid_until: '2026-12-03' }),
  'no shifts': calendarOf('UTC', ''),
  person: {
    ...calendarOf(berlin, '09:00-17:00'),
    closures: [
      { first_day: '2026-12-21', last_day: '2026-12-23' },
      { from: '2026-11-20T09:00:00Z', until: '2026-11-20T11:00:00Z' },
    ],
  },
  abroad: {
    ...calendarOf('UTC', '00:00-24:00', {}, daily),
    time_zone: 'Asia/Taipei',
    closures: [{ first_day: '2026-12-21', last_day: '2026-12-21' }],
  },
  gone: { ...calendarOf('UTC', '09:00-17:00'), closures: [{ first_day: '2026-12-01', last_day: null }] },
  'tool in repair': {
    ...tool,
    closures: [{ from: '2026-11-20T10:00:00Z', until: '2026-11-21T10:00:00Z' }],
  },
  'broken tool': { ...tool, closures: [{ from: '2027-01-01T00:00:00Z', until: null }] },
  // 13 December 2026 begins a block of 64 days.
  'tool at an edge': {
    ...tool,
    closures: [{ from: '2026-12-13T00:00:00Z', until: '2026-12-14T00:00:00Z' }],
  },
}
const times = new Map(Object.entries(availabilities).map(([name, one]) => [name, toWorkingTime(one)]))
function timeOf(name = ''): ReturnType<typeof toWorkingTime> {
  const time = times.get(name)
  assert.ok(time, name)
  return time
}
const toMs = (text = ''): number => {
  const ms = Date.parse(text)
  assert.ok(!Number.isNaN(ms), text)
  return ms
}
const toText = (ms: number | undefined): string => (ms === undefined ? 'never' : new Date(ms).toISOString())
const toWanted = (text = ''): string => (text === 'never' ? text : new Date(toMs(text)).toISOString())

// 2026-11-20 is a Friday.
const additions = table`
  calendar       | from                      | hours | then
  office         | 2026-11-20T09:00:00Z      | 3     | 2026-11-20T12:00:00Z
  office         | 2026-11-20T09:00:00Z      | 3.5   | 2026-11-20T13:30:00Z
  office         | 2026-11-20T12:30:00Z      | 1     | 2026-11-20T14:00:00Z
  office         | 2026-11-20T16:00:00Z      | 2     | 2026-11-23T10:00:00Z
  office         | 2026-11-20T17:00:00Z      | 1     | 2026-11-23T10:00:00Z
  office         | 2026-11-21T12:00:00Z      | 7     | 2026-11-23T17:00:00Z
  office         | 2026-12-24T09:00:00Z      | 3     | 2026-12-24T12:00:00Z
  office         | 2026-12-24T09:00:00Z      | 4     | 2026-12-28T10:00:00Z
  office         | 2026-12-23T16:00:00Z      | 1     | 2026-12-23T17:00:00Z
  office         | 2026-12-25T10:00:00Z      | 28    | 2026-12-31T17:00:00Z
  office         | 2026-12-25T10:00:00Z      | 29    | 2027-01-04T10:00:00Z
  office         | 2028-02-28T16:00:00Z      | 2     | 2028-02-29T10:00:00Z
  office         | 2027-02-26T16:00:00Z      | 2     | 2027-03-01T10:00:00Z
  office         | 2026-11-20T09:00:00Z      | 350   | 2027-02-02T14:00:00Z
  office, extra  | 2026-12-18T16:00:00Z      | 3     | 2026-12-19T10:00:00Z
  office, extra  | 2026-12-25T09:00:00Z      | 3     | 2026-12-26T01:00:00Z
  office, extra  | 2026-12-25T09:00:00Z      | 5     | 2026-12-28T10:00:00Z
  berlin 24/7    | 2027-03-28T00:00:00+01:00 | 23    | 2027-03-29T00:00:00+02:00
  berlin 24/7    | 2027-10-31T00:00:00+02:00 | 25    | 2027-11-01T00:00:00+01:00
  berlin nights  | 2026-11-20T12:00:00+01:00 | 8     | 2026-11-21T06:00:00+01:00
  berlin nights  | 2027-03-27T22:00:00+01:00 | 7     | 2027-03-28T06:00:00+02:00
  berlin nights  | 2027-03-27T22:00:00+01:00 | 8     | 2027-03-28T23:00:00+02:00
  berlin nights  | 2027-03-28T01:30:00+01:00 | 1     | 2027-03-28T03:30:00+02:00
  berlin nights  | 2027-10-30T22:00:00+02:00 | 9     | 2027-10-31T06:00:00+01:00
  berlin nights  | 2027-10-30T22:00:00+02:00 | 8     | 2027-10-31T05:00:00+01:00
  berlin nights  | 2027-10-31T02:30:00+02:00 | 1     | 2027-10-31T02:30:00+01:00
  berlin nights  | 2026-12-24T22:00:00+01:00 | 2     | 2026-12-25T00:00:00+01:00
  berlin nights  | 2026-12-24T22:00:00+01:00 | 3     | 2026-12-26T01:00:00+01:00
  berlin nights  | 2026-12-24T22:00:00+01:00 | 9     | 2026-12-26T23:00:00+01:00
  york nights    | 2027-03-13T22:00:00-05:00 | 7     | 2027-03-14T06:00:00-04:00
  york nights    | 2027-11-06T22:00:00-04:00 | 9     | 2027-11-07T06:00:00-05:00
  howe nights    | 2027-04-03T22:00:00+11:00 | 8.5   | 2027-04-04T06:00:00+10:30
  howe nights    | 2027-10-02T22:00:00+10:30 | 7.5   | 2027-10-03T06:00:00+11:00
  kolkata nights | 2027-03-27T22:00:00+05:30 | 8     | 2027-03-28T06:00:00+05:30
  phoenix nights | 2027-03-13T22:00:00-07:00 | 8     | 2027-03-14T06:00:00-07:00
  fire brigade   | 2027-03-26T06:00:00+01:00 | 24    | 2027-03-27T06:00:00+01:00
  fire brigade   | 2027-03-26T06:00:00+01:00 | 25    | 2027-03-29T07:00:00+02:00
  saturday 24 h  | 2027-03-27T06:00:00+01:00 | 23    | 2027-03-28T06:00:00+02:00
  saturday 24 h  | 2027-10-30T06:00:00+02:00 | 25    | 2027-10-31T06:00:00+01:00
  saturday 24 h  | 2027-10-30T06:00:00+02:00 | 26    | 2027-11-06T07:00:00+01:00
  within the gap | 2027-03-28T00:00:00+01:00 | 0.5   | 2027-03-28T03:45:00+02:00
  within the gap | 2027-10-31T00:00:00+02:00 | 0.5   | 2027-10-31T02:45:00+02:00
  within the gap | 2027-10-31T00:00:00+02:00 | 0.75  | 2027-11-01T02:30:00+01:00
  out of the gap | 2027-03-28T00:00:00+01:00 | 0.75  | 2027-03-29T03:15:00+02:00
  out of the gap | 2027-10-31T00:00:00+02:00 | 1.75  | 2027-10-31T03:15:00+01:00
  into the gap   | 2027-03-28T00:00:00+01:00 | 1.5   | 2027-03-28T03:30:00+02:00
  into the gap   | 2027-10-31T00:00:00+02:00 | 1.5   | 2027-10-31T02:30:00+02:00
  york gap       | 2027-03-14T00:00:00-05:00 | 0.5   | 2027-03-14T03:45:00-04:00
  howe gap       | 2027-10-03T00:00:00+10:30 | 0.5   | 2027-10-04T02:45:00+11:00
  contract       | 2026-11-20T09:00:00Z      | 8     | 2026-12-01T17:00:00Z
  contract       | 2026-11-20T09:00:00Z      | 16    | 2026-12-02T17:00:00Z
  contract       | 2026-11-20T09:00:00Z      | 16.5  | never
  no shifts      | 2026-11-20T09:00:00Z      | 1     | never
  person         | 2026-11-20T09:00:00+01:00 | 2     | 2026-11-20T13:00:00+01:00
  person         | 2026-12-18T16:00:00+01:00 | 2     | 2026-12-24T10:00:00+01:00
  abroad         | 2026-12-20T15:00:00Z      | 2     | 2026-12-21T17:00:00Z
  gone           | 2026-11-30T09:00:00Z      | 8     | 2026-11-30T17:00:00Z
  gone           | 2026-11-30T09:00:00Z      | 8.5   | never
  tool in repair | 2026-11-20T09:00:00Z      | 2     | 2026-11-21T11:00:00Z
  broken tool    | 2026-12-31T20:00:00Z      | 4     | 2027-01-01T00:00:00Z
  broken tool    | 2026-12-31T20:00:00Z      | 4.5   | never
  office         | 2200-01-01T00:00:00Z      | 1     | never
`

test('R-CAL-2 working hours end where the clock on the wall says, by hand, and lead back to where they began', () => {
  assert.ok(additions.length >= 40)
  for (const row of additions) {
    const [time, from, hours] = [timeOf(row['calendar']), toMs(row['from']), Number(row['hours'])]
    const then = addWorkingHours(time, from, hours)
    assert.equal(toText(then), toWanted(row['then']), JSON.stringify(row))
    if (then === undefined) continue
    assert.equal(workingHoursBetween(time, from, then), hours, JSON.stringify(row))
    assert.equal(workingHoursBetween(time, then, from), -hours, JSON.stringify(row))
    assert.equal(subtractWorkingHours(time, then, hours), toNextOpen(time, from), JSON.stringify(row))
  }
})

test('R-CAL-2 what has to be done at an instant begins at the last from which there is time enough', () => {
  const cases = table`
    calendar       | to                        | hours | then
    office         | 2026-11-23T10:00:00Z      | 1     | 2026-11-23T09:00:00Z
    office         | 2026-11-23T10:00:00Z      | 2     | 2026-11-20T16:00:00Z
    office         | 2026-11-23T09:00:00Z      | 1     | 2026-11-20T16:00:00Z
    office         | 2026-11-21T12:00:00Z      | 7     | 2026-11-20T09:00:00Z
    office         | 2027-01-04T09:00:00Z      | 28    | 2026-12-28T09:00:00Z
    office         | 2027-01-04T09:00:00Z      | 28.5  | 2026-12-24T11:30:00Z
    berlin nights  | 2027-03-28T12:00:00+02:00 | 7     | 2027-03-27T22:00:00+01:00
    berlin nights  | 2027-03-28T03:30:00+02:00 | 1     | 2027-03-28T01:30:00+01:00
    berlin nights  | 2027-10-31T12:00:00+01:00 | 9     | 2027-10-30T22:00:00+02:00
    berlin nights  | 2027-10-31T02:30:00+01:00 | 1     | 2027-10-31T02:30:00+02:00
    howe nights    | 2027-04-04T06:00:00+10:30 | 8.5   | 2027-04-03T22:00:00+11:00
    out of the gap | 2027-03-28T12:00:00+02:00 | 0.75  | 2027-03-27T02:30:00+01:00
    contract       | 2027-01-01T00:00:00Z      | 16    | 2026-12-01T09:00:00Z
    contract       | 2027-01-01T00:00:00Z      | 16.5  | never
    no shifts      | 2026-11-20T09:00:00Z      | 1     | never
    gone           | 2027-11-20T09:00:00Z      | 8     | 2026-11-30T09:00:00Z
    tool in repair | 2026-11-21T11:00:00Z      | 2     | 2026-11-20T09:00:00Z
  `
  for (const row of cases) {
    const then = subtractWorkingHours(timeOf(row['calendar']), toMs(row['to']), Number(row['hours']))
    assert.equal(toText(then), toWanted(row['then']), JSON.stringify(row))
  }
})

test('R-CAL-3 work without length is where it is asked for, or else with the next shift, or led back, at the end of the last', () => {
  const cases = table`
    calendar        | at                        | add 0                | subtract 0           | next open
    office          | 2026-11-20T10:00:00Z      | 2026-11-20T10:00:00Z | 2026-11-20T10:00:00Z | 2026-11-20T10:00:00Z
    office          | 2026-11-20T12:00:00Z      | 2026-11-20T12:00:00Z | 2026-11-20T12:00:00Z | 2026-11-20T13:00:00Z
    office          | 2026-11-20T12:30:00Z      | 2026-11-20T13:00:00Z | 2026-11-20T12:00:00Z | 2026-11-20T13:00:00Z
    office          | 2026-11-20T13:00:00Z      | 2026-11-20T13:00:00Z | 2026-11-20T13:00:00Z | 2026-11-20T13:00:00Z
    office          | 2026-11-20T17:00:00Z      | 2026-11-20T17:00:00Z | 2026-11-20T17:00:00Z | 2026-11-23T09:00:00Z
    office          | 2026-11-21T12:00:00Z      | 2026-11-23T09:00:00Z | 2026-11-20T17:00:00Z | 2026-11-23T09:00:00Z
    office          | 2026-12-25T10:00:00Z      | 2026-12-28T09:00:00Z | 2026-12-24T12:00:00Z | 2026-12-28T09:00:00Z
    berlin nights   | 2027-03-28T03:00:00+02:00 | 2027-03-28T01:00:00Z | 2027-03-28T01:00:00Z | 2027-03-28T01:00:00Z
    tool at an edge | 2026-12-13T00:00:00Z      | 2026-12-13T00:00:00Z | 2026-12-13T00:00:00Z | 2026-12-14T00:00:00Z
    tool at an edge | 2026-12-13T06:00:00Z      | 2026-12-14T00:00:00Z | 2026-12-13T00:00:00Z | 2026-12-14T00:00:00Z
    contract        | 2020-01-01T00:00:00Z      | 2026-12-01T09:00:00Z | never                | 2026-12-01T09:00:00Z
    contract        | 2030-01-01T00:00:00Z      | never                | 2026-12-02T17:00:00Z | never
    no shifts       | 2026-11-20T09:00:00Z      | never                | never                | never
    office          | 2200-01-01T00:00:00Z      | never                | 2099-12-31T17:00:00Z | never
  `
  for (const row of cases) {
    const [time, at] = [timeOf(row['calendar']), toMs(row['at'])]
    const name = JSON.stringify(row)
    assert.equal(toText(addWorkingHours(time, at, 0)), toWanted(row['add 0']), name)
    assert.equal(toText(subtractWorkingHours(time, at, 0)), toWanted(row['subtract 0']), name)
    assert.equal(toText(toNextOpen(time, at)), toWanted(row['next open']), name)
  }
})

test('R-CAL-4 any calendar is reckoned as by counting minutes', () => {
  let [closed, answered] = [0, 0]
  const check = fc.property(anyCase, ({ availability, fromMs, at, minutes }) => {
    const painted = paint(availability, fromMs)
    const open = listOpen(availability, fromMs, fromMs + painted.length * minuteMs)
    assert.deepEqual(open, listPainted(painted, fromMs))
    const time = toWorkingTime(availability)
    const [ms, hours] = [fromMs + at * minuteMs, minutes / 60]
    const toInstant = (minute: number): number => fromMs + minute * minuteMs
    const done = addByMinutes(painted, at, minutes)
    const begun = backByMinutes(painted, at, minutes)
    if (done !== undefined) assert.equal(toText(addWorkingHours(time, ms, hours)), toText(toInstant(done)))
    if (begun !== undefined)
      assert.equal(toText(subtractWorkingHours(time, ms, hours)), toText(toInstant(begun)))
    const counted = painted.subarray(0, at).reduce((sum, one) => sum + one, 0) / 60
    assert.equal(workingHoursBetween(time, fromMs, ms), counted)
    if (painted[at] === 0) closed += 1
    if (done !== undefined && begun !== undefined) answered += 1
  })
  fc.assert(check, { numRuns: 400 })
  assert.ok(
    closed > 50 && answered > 50,
    `${closed} began at closed times, ${answered} were within what was painted`,
  )
})

const anyTime = fc.constantFrom(...times.values())
const anyInstant = fc.integer({ min: Date.UTC(2026, 9, 1), max: Date.UTC(2028, 3, 1) })
const anyHours = fc.integer({ min: 0, max: 400 * msOfHour }).map((ms) => ms / msOfHour)

test('R-CAL-5 hours add up to the millisecond, both ways, and lead back to where they began', () => {
  fc.assert(
    fc.property(anyTime, anyInstant, anyHours, anyHours, (time, at, a, b) => {
      const first = addWorkingHours(time, at, a)
      const both = addWorkingHours(time, at, (Math.round(a * msOfHour) + Math.round(b * msOfHour)) / msOfHour)
      if (first !== undefined && both !== undefined) {
        assert.equal(addWorkingHours(time, first, b), both)
        assert.equal(workingHoursBetween(time, at, first), a)
        assert.ok(at <= first && first <= both)
        if (a > 0) assert.equal(subtractWorkingHours(time, first, a), toNextOpen(time, at))
      }
      const begun = subtractWorkingHours(time, at, a)
      if (begun === undefined) return
      assert.ok(begun <= at)
      assert.equal(addWorkingHours(time, begun, a), subtractWorkingHours(time, at, 0))
    }),
    { numRuns: 1000 },
  )
})

test('R-CAL-6 what never opens answers that, also to the critical path, and what is no number is an error', () => {
  const [time, office] = [timeOf('no shifts'), timeOf('office')]
  const calendar = toCalendar(time)
  assert.equal(calendar.addHours(0, 1), Number.POSITIVE_INFINITY)
  assert.equal(calendar.addHours(0, -1), Number.NEGATIVE_INFINITY)
  assert.equal(calendar.hoursBetween(0, Date.UTC(2099, 0)), 0)
  assert.equal(calendar.hoursBetween(1, 0), 0)
  // What is infinitely late stays so, and has no slack; what is not has infinitely much.
  assert.equal(toCalendar(office).addHours(Infinity, -1), Infinity)
  assert.equal(toCalendar(office).hoursBetween(Infinity, Infinity), 0)
  assert.equal(toCalendar(office).hoursBetween(0, Infinity), Infinity)
  assert.equal(subtractWorkingHours(office, Date.UTC(1950, 0), 1), undefined)
  assert.equal(subtractWorkingHours(office, Date.UTC(2150, 0), 1), Date.UTC(2099, 11, 31, 16))
  assert.equal(addWorkingHours(office, Date.UTC(1950, 0), 1), Date.UTC(1970, 0, 1, 10))
  assert.equal(addWorkingHours(office, 0, 1e9), undefined)
  assert.equal(workingHoursBetween(office, Date.UTC(1950, 0), 0), 0)
  assert.equal(workingHoursBetween(office, Date.UTC(2150, 0), Date.UTC(2160, 0)), 0)
  assert.throws(() => addWorkingHours(office, Number.NaN, 1))
  assert.throws(() => addWorkingHours(office, 0, Number.NaN))
  assert.throws(() => addWorkingHours(office, 0, -1))
  assert.throws(() => toWorkingTime({ ...tool, closures: [{ from: 'yesterday', until: null }] }))
})

const toDayTime = (ms = Number.NaN): string => toTime(ms)?.slice(8, 13).replace('T', '/') ?? 'never'

/** A chain of three: one of some hours in its calendar, a milestone in the office, one hour around the clock after a lag. */
function reckonChain(
  hours: readonly number[],
  names: readonly string[],
): { earliest: string; latest: string } {
  const ids = ['first', 'milestone', 'last']
  const nodes = [{ id: 'master', parentId: null }, ...ids.map((id) => ({ id, parentId: 'master' }))]
  const edges = [
    { from: 'first', to: 'milestone', lagHours: 0 },
    { from: 'milestone', to: 'last', lagHours: 1 },
  ]
  const timing = {
    mode: new Uint8Array(4).fill(modes.planned),
    hours: Float64Array.from([0, ...hours]),
    began: new Float64Array(4),
    ended: new Float64Array(4),
  }
  const calendars = names.map((name) => (name === '' ? aroundTheClock : toCalendar(timeOf(name))))
  const { earliestStart, earliestFinish, latestStart, latestFinish } = reckon({
    network: toNetwork(nodes, edges),
    timing,
    nowMs: toMs('2026-11-20T15:00:00Z'),
    ends: [0],
    calendarOf: (node) => calendars[node - 1] ?? aroundTheClock,
  })
  const draw = (starts: Float64Array, finishes: Float64Array): string =>
    ids.map((_, i) => `${toDayTime(starts[i + 1])}-${toDayTime(finishes[i + 1])}`).join(' ')
  return { earliest: draw(earliestStart, earliestFinish), latest: draw(latestStart, latestFinish) }
}

test('R-CAL-7 the critical path runs in the working time of each work order', () => {
  // Two hours are done on Friday at 17:00; the milestone is there and then, and the lag runs into the evening.
  const friday = '20/15-20/17 20/17-20/17 20/18-20/19'
  assert.deepEqual(reckonChain([2, 0, 1], ['office', 'office', '']), { earliest: friday, latest: friday })
  // Done on Saturday at noon, around the clock; the office sees it on Monday. Led back, there is time until then.
  assert.deepEqual(reckonChain([21, 0, 1], ['', 'office', '']), {
    earliest: '20/15-21/12 23/09-23/09 23/10-23/11',
    latest: '22/12-23/09 23/09-23/09 23/10-23/11',
  })
  // A milestone that has to be over on a Saturday is on Friday evening, not on the Monday after.
  const office = toCalendar(timeOf('office'))
  assert.equal(toText(office.addHours(toMs('2026-11-21T12:00:00Z'), -0)), '2026-11-20T17:00:00.000Z')
  // What never can be done has no finish, and nothing after it has.
  const never = 'never-never never-never never-never'
  assert.equal(reckonChain([1, 0, 1], ['no shifts', 'office', '']).earliest, never)
})

test('R-CAL-14 closures are taken off a shared calendar as off one’s own, and what they leave alone stays shared', () => {
  const all = Object.values(availabilities)
  const blocks = Array.from({ length: 6 }, (_, i) => 322 + i)
  for (const { calendar, time_zone } of all) {
    const shared = toWorkingTime({ calendar, closures: [], time_zone })
    for (const { closures, time_zone: zone } of all) {
      const own = toWorkingTime({ calendar, closures, time_zone: zone })
      const cut = lessClosures(shared, closures, zone)
      for (const index of blocks)
        assert.deepEqual(cut(index), own(index), JSON.stringify([calendar, closures]))
    }
  }
  const [away] = availabilities['person']?.closures ?? assert.fail()
  const office = timeOf('office')
  const less = lessClosures(office, away === undefined ? [] : [away], berlin)
  assert.deepEqual(
    [323, 324, 325].map((index) => less(index) === office(index)),
    [true, true, true].map(
      (_, i) => 323 + i !== Math.floor(toMs('2026-12-21T12:00:00Z') / (64 * 86_400_000)),
    ),
  )
})
