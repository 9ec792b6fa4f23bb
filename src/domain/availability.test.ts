/** Open times, drawn by hand: days in the calendar's zone, answers in UTC. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findShiftProblems, listOpen } from './availability.ts'
import type { Availability, Closure, ShiftCalendar } from './availability.ts'
import { isDay, isTimeZone, parseDay, toWindow, weekdayOf } from './wall-clock.ts'
import { table } from '../../test/table.ts'

const calendar: ShiftCalendar = {
  time_zone: 'Europe/Berlin',
  shifts: [
    { weekdays: [1, 2, 3, 4, 5], start: '08:00', end: '12:00' },
    { weekdays: [1, 2, 3, 4], start: '11:00', end: '16:00' },
    { weekdays: [4, 5], start: '22:00', end: '06:00' },
  ],
  holidays: [
    { date: '2026-12-24', start: '14:00' },
    { date: '2026-12-25' },
    { date: '2026-12-31', end: '12:00' },
  ],
  extra_shifts: [{ date: '2026-12-25', start: '10:00', end: '11:00' }],
  valid_from: '2026-11-17',
  valid_until: '2027-01-02',
}
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`)

const toText = (ms: number): string => new Date(ms).toISOString().slice(8, 16).replace('T', '/')

function draw(availability: Availability, from: number, to: number): string {
  return listOpen(availability, from, to)
    .map(({ start, end }) => `${toText(start)}-${toText(end)}`)
    .join(' ')
}

test('R-CAL-1 shifts less holidays, with extra shifts, as long as it is valid, less what is closed', () => {
  const closures: { readonly [name: string]: readonly Closure[] } = {
    none: [],
    dentist: [{ from: '2026-11-18T09:00:00Z', until: '2026-11-18T10:00:00Z' }],
    'two days': [{ first_day: '2026-11-18', last_day: '2026-11-19' }],
    'for good': [{ first_day: '2026-11-18', last_day: null }],
    both: [
      { from: '2026-11-18T09:00:00Z', until: null },
      { first_day: '2026-11-17', last_day: '2026-11-17' },
    ],
  }
  // 2026-11-16 is a Monday, 2026-12-24 a Thursday; Berlin is an hour ahead.
  const cases = table`
    from       | to         | closed   | open
    2026-11-16 | 2026-11-18 | none     | 17/07:00-17/15:00
    2026-11-18 | 2026-11-19 | none     | 18/07:00-18/15:00
    2026-11-19 | 2026-11-21 | none     | 19/07:00-19/15:00 19/21:00-20/05:00 20/07:00-20/11:00 20/21:00-21/00:00
    2026-11-21 | 2026-11-22 | none     | 21/00:00-21/05:00
    2026-11-22 | 2026-11-23 | none     |
    2026-11-18 | 2026-11-19 | dentist  | 18/07:00-18/09:00 18/10:00-18/15:00
    2026-11-18 | 2026-11-21 | two days | 19/23:00-20/05:00 20/07:00-20/11:00 20/21:00-21/00:00
    2026-11-17 | 2026-11-21 | for good | 17/07:00-17/15:00
    2026-11-17 | 2026-11-21 | both     | 18/07:00-18/09:00
    2026-12-24 | 2026-12-27 | none     | 24/07:00-24/13:00 25/09:00-25/10:00 25/23:00-26/05:00
    2026-12-31 | 2027-01-01 | none     | 31/11:00-31/15:00 31/21:00-01/00:00
    2027-01-01 | 2027-01-09 | none     | 01/00:00-01/05:00 01/07:00-01/11:00 01/21:00-01/23:00
    2027-01-09 | 2027-01-01 | none     |
  `
  for (const row of cases) {
    const closed = closures[row['closed'] ?? '']
    assert.ok(closed)
    const availability = { calendar, closures: closed, time_zone: 'Europe/Berlin' }
    assert.equal(
      draw(availability, day(row['from'] ?? ''), day(row['to'] ?? '')),
      row['open'],
      JSON.stringify(row),
    )
  }
})

test('R-CAL-1 without a calendar it is open around the clock, days of closures are read where it stands', () => {
  const closures = [{ first_day: '2026-11-18', last_day: '2026-11-18' }]
  const inZone = (time_zone: string): string =>
    draw({ calendar: null, closures, time_zone }, day('2026-11-17'), day('2026-11-20'))
  assert.equal(inZone('UTC'), '17/00:00-18/00:00 19/00:00-20/00:00')
  assert.equal(inZone('Asia/Taipei'), '17/00:00-17/16:00 18/16:00-20/00:00')
  assert.deepEqual(listOpen({ calendar: null, closures: [], time_zone: 'UTC' }, -Infinity, Infinity), [
    { start: 0, end: Date.UTC(2100, 0, 1) },
  ])
  const wrong = [{ from: '2026-11-18T09:00:00Z', until: '2026-11-18T08:00:00Z' }]
  assert.throws(() => listOpen({ calendar: null, closures: wrong, time_zone: 'UTC' }, 0, 1), /later one/)
})

test('R-CAL-1 a shift reaches in from the evening before, over a day that a zone left out as well', () => {
  const nights = { weekdays: [1, 2, 3, 4, 5, 6, 7], start: '22:00', end: '06:00' }
  const inApia = { ...calendar, time_zone: 'Pacific/Apia', shifts: [nights], valid_from: null }
  const availability = { calendar: inApia, closures: [], time_zone: 'UTC' }
  // There, 29 December 2011 was followed by the 31st, of which this is 01:00 to 12:00.
  const open = draw(availability, Date.UTC(2011, 11, 30, 11), Date.UTC(2011, 11, 30, 22))
  assert.equal(open, '30/11:00-30/16:00')
})

test('R-CAL-10 what is skipped is read behind the gap, what comes twice is read first; what is left is real time', () => {
  const cases = table`
    zone                | day        | start | end   | opens                | hours
    Europe/Berlin       | 2027-03-27 | 22:00 | 06:00 | 2027-03-27T21:00:00Z | 7
    Europe/Berlin       | 2027-10-30 | 22:00 | 06:00 | 2027-10-30T20:00:00Z | 9
    Europe/Berlin       | 2027-03-28 | 02:30 | 06:00 | 2027-03-28T01:30:00Z | 2.5
    Europe/Berlin       | 2027-03-28 | 02:15 | 02:45 | 2027-03-28T01:15:00Z | 0.5
    Europe/Berlin       | 2027-03-28 | 02:30 | 03:15 | 2027-03-28T01:30:00Z | -0.25
    Europe/Berlin       | 2027-10-31 | 02:30 | 06:00 | 2027-10-31T00:30:00Z | 4.5
    Europe/Berlin       | 2027-10-31 | 01:00 | 02:30 | 2027-10-30T23:00:00Z | 1.5
    Europe/Berlin       | 2027-03-28 | 00:00 | 24:00 | 2027-03-27T23:00:00Z | 23
    Europe/Berlin       | 2027-10-31 | 00:00 | 24:00 | 2027-10-30T22:00:00Z | 25
    Europe/Berlin       | 2027-03-27 | 06:00 | 06:00 | 2027-03-27T05:00:00Z | 23
    Europe/Berlin       | 2027-03-27 | 02:30 | 02:30 | 2027-03-27T01:30:00Z | 24
    America/New_York    | 2027-03-13 | 22:00 | 06:00 | 2027-03-14T03:00:00Z | 7
    America/New_York    | 2027-11-06 | 22:00 | 06:00 | 2027-11-07T02:00:00Z | 9
    Australia/Lord_Howe | 2027-04-03 | 22:00 | 06:00 | 2027-04-03T11:00:00Z | 8.5
    Australia/Lord_Howe | 2027-10-02 | 22:00 | 06:00 | 2027-10-02T11:30:00Z | 7.5
    Australia/Lord_Howe | 2027-10-03 | 02:15 | 06:00 | 2027-10-02T15:45:00Z | 3.25
    Asia/Kolkata        | 2027-03-27 | 22:00 | 06:00 | 2027-03-27T16:30:00Z | 8
    America/Santiago    | 2026-09-06 | 00:00 | 24:00 | 2026-09-06T04:00:00Z | 23
    UTC                 | 2028-02-29 | 00:00 | 24:00 | 2028-02-29T00:00:00Z | 24
    Pacific/Apia        | 2011-12-29 | 22:00 | 06:00 | 2011-12-30T08:00:00Z | 8
  `
  for (const row of cases) {
    const number = parseDay(row['day'] ?? '')
    const { start, end } = toWindow(number, row['start'] ?? '', row['end'] ?? '', row['zone'] ?? '')
    assert.equal(start, Date.parse(row['opens'] ?? ''), JSON.stringify(row))
    assert.equal((end - start) / 3_600_000, Number(row['hours']), JSON.stringify(row))
  }
  assert.deepEqual(['1969-12-28', '1970-01-01', '2028-02-29'].map(parseDay).map(weekdayOf), [7, 4, 2])
  assert.deepEqual(['2028-02-29', '2027-02-29', '2028-2-9'].map(isDay), [true, false, false])
  assert.deepEqual(['Asia/Kolkata', '+05:30', 'Europe/Nowhere'].map(isTimeZone), [true, false, false])
})

test('R-CAL-11 everything that is wrong with a calendar is named with its place', () => {
  const shift = { weekdays: [1], start: '09:00', end: '17:00' }
  const wrong: readonly (readonly [string, Partial<ShiftCalendar>])[] = [
    ['time_zone', { time_zone: 'Europe/Nowhere' }],
    ['time_zone', { time_zone: '+02:00' }],
    ['shifts.0.weekdays', { shifts: [{ ...shift, weekdays: [] }] }],
    ['shifts.1.weekdays', { shifts: [shift, { ...shift, weekdays: [1, 8] }] }],
    ['shifts.0.weekdays', { shifts: [{ ...shift, weekdays: [0.5] }] }],
    ['shifts.0.start', { shifts: [{ ...shift, start: '24:00' }] }],
    ['shifts.0.end', { shifts: [{ ...shift, end: '9:00' }] }],
    ['holidays.0.date', { holidays: [{ date: '2026-02-30' }] }],
    ['holidays.0.start', { holidays: [{ date: '2026-02-20', start: 'noon' }] }],
    ['extra_shifts.0.date', { extra_shifts: [{ date: '20.2.2026' }] }],
    ['extra_shifts.0.end', { extra_shifts: [{ date: '2026-02-20', end: '25:00' }] }],
    ['valid_from', { valid_from: '2026-11-31' }],
    ['valid_until', { valid_from: null, valid_until: '2026-13-01' }],
    ['valid_until', { valid_from: '2027-01-01', valid_until: '2027-01-01' }],
  ]
  assert.deepEqual(findShiftProblems(calendar), [])
  assert.deepEqual(findShiftProblems({ ...calendar, shifts: [{ ...shift, end: '09:00' }], holidays: [] }), [])
  for (const [path, change] of wrong) {
    const paths = findShiftProblems({ ...calendar, ...change }).map((problem) => problem.path)
    assert.deepEqual(paths, [path])
  }
})
