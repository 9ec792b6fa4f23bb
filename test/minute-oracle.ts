/**
 * Working time by counting minutes, for tests: shifts, holidays, extra shifts, validity and closures are painted over
 * each other, minute by minute. The one rule: nothing here comes from the code that is tested; the offsets of zones
 * are read off `Intl`.
 */
import fc from 'fast-check'
import type { Availability, DayPart, Shift, ShiftCalendar } from '#domain/availability.ts'

export const minuteMs = 60_000
const dayMinutes = 1440
const paintedDays = 12

const formats = new Map<string, Intl.DateTimeFormat>()

/** Minutes by which the clock of a zone is ahead of UTC, at a minute since 1970. */
function offsetAt(minute: number, timeZone: string): number {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    })
  formats.set(timeZone, format)
  const parts = new Map(
    format.formatToParts(minute * minuteMs).map(({ type, value }) => [type, Number(value)]),
  )
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? Number.NaN
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'))
  return wall / minuteMs - minute
}

/** Of the minutes at which the clock shows this one the first; none does in a gap, and then the offset before it holds. */
function toMinute(wall: number, zone: string): number {
  const [before, after] = [offsetAt(wall - 2 * dayMinutes, zone), offsetAt(wall + 2 * dayMinutes, zone)]
  const shown = [wall - before, wall - after].filter((minute) => minute + offsetAt(minute, zone) === wall)
  return shown.length > 0 ? Math.min(...shown) : wall - before
}

const toDays = (date: string): number => Math.round(Date.parse(date) / (dayMinutes * minuteMs))
const toMinutes = (text: string): number => {
  const [hours = Number.NaN, minutes = Number.NaN] = text.split(':').map(Number)
  return hours * 60 + minutes
}

/** 1 for each minute that is open, from an instant on. */
export function paint({ calendar, closures, time_zone }: Availability, fromMs: number): Uint8Array {
  const minutes = new Uint8Array(paintedDays * dayMinutes).fill(calendar === null ? 1 : 0)
  const first = fromMs / minuteMs
  const fill = (value: number, from: number, to: number): void => {
    minutes.fill(value, Math.max(0, from - first), Math.max(0, to - first))
  }
  const fillPart = (value: number, day: number, start: string, end: string, zone: string): void => {
    const [opens, closes] = [toMinutes(start), toMinutes(end)]
    const until = closes > opens ? closes : closes + dayMinutes
    fill(value, toMinute(day * dayMinutes + opens, zone), toMinute(day * dayMinutes + until, zone))
  }
  if (calendar !== null) {
    const { time_zone: zone, shifts, holidays, extra_shifts, valid_from, valid_until } = calendar
    const today = Math.floor(first / dayMinutes)
    for (let day = today - 4; day < today + paintedDays + 4; day += 1)
      for (const { weekdays, start, end } of shifts)
        if (weekdays.includes(new Date(day * dayMinutes * minuteMs).getUTCDay() || 7))
          fillPart(1, day, start, end, zone)
    for (const { date, start = '00:00', end = '24:00' } of holidays)
      fillPart(0, toDays(date), start, end, zone)
    for (const { date, start = '00:00', end = '24:00' } of extra_shifts)
      fillPart(1, toDays(date), start, end, zone)
    const toMidnight = (date: string): number => toMinute(toDays(date) * dayMinutes, zone)
    if (valid_from !== null) fill(0, 0, toMidnight(valid_from))
    if (valid_until !== null) fill(0, toMidnight(valid_until), Number.POSITIVE_INFINITY)
  }
  for (const closure of closures) {
    if ('from' in closure) {
      const until = closure.until === null ? Number.POSITIVE_INFINITY : Date.parse(closure.until) / minuteMs
      fill(0, Date.parse(closure.from) / minuteMs, until)
    } else {
      const from = toMinute(toDays(closure.first_day) * dayMinutes, time_zone)
      const { last_day } = closure
      const until =
        last_day === null
          ? Number.POSITIVE_INFINITY
          : toMinute((toDays(last_day) + 1) * dayMinutes, time_zone)
      fill(0, from, until)
    }
  }
  return minutes
}

/** The open minutes as ranges of instants. */
export function listPainted(painted: Uint8Array, fromMs: number): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = []
  for (let i = 0; i < painted.length; i += 1) {
    if (painted[i] === 0) continue
    const start = i
    while (painted[i] === 1) i += 1
    ranges.push({ start: fromMs + start * minuteMs, end: fromMs + i * minuteMs })
  }
  return ranges
}

/** The minute before which so many were open since `at`; undefined beyond what is painted. */
export function addByMinutes(painted: Uint8Array, at: number, minutes: number): number | undefined {
  if (minutes === 0 && at > 0 && painted[at - 1] === 1) return at
  for (let i = at, left = minutes; i < painted.length; i += 1) {
    if (painted[i] === 0) continue
    if (minutes === 0) return i
    left -= 1
    if (left === 0) return i + 1
  }
  return undefined
}

/** The last minute from which so many were open until `at`. */
export function backByMinutes(painted: Uint8Array, at: number, minutes: number): number | undefined {
  if (minutes === 0 && painted[at] === 1) return at
  for (let i = at - 1, left = minutes; i >= 0; i -= 1) {
    if (painted[i] === 0) continue
    if (minutes === 0) return i + 1
    left -= 1
    if (left === 0) return i
  }
  return undefined
}

const dayText = (day: number): string => new Date(day * dayMinutes * minuteMs).toISOString().slice(0, 10)
const anyTime = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 15, 30, 59))
  .map((numbers) => numbers.map((number) => String(number).padStart(2, '0')).join(':'))
/** Many of them near the hours at which clocks are changed. */
const anyStart = fc.oneof(anyTime, fc.constantFrom('00:00', '02:15', '02:30', '22:00'))
const anyEnd = fc.oneof(anyTime, fc.constantFrom('24:00', '02:30', '03:15', '06:00'))
const anyShift: fc.Arbitrary<Shift> = fc.record({
  weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
  start: anyStart,
  end: anyEnd,
})

/** Days on which clocks change or are left alone, and the last of a leap year's February. */
const someDays = [
  ['Europe/Berlin', '2027-03-28'],
  ['Europe/Berlin', '2027-10-31'],
  ['America/New_York', '2027-03-14'],
  ['America/New_York', '2027-11-07'],
  ['Australia/Lord_Howe', '2027-04-04'],
  ['Australia/Lord_Howe', '2027-10-03'],
  ['Africa/Casablanca', '2026-02-15'],
  ['Africa/Casablanca', '2026-03-22'],
  ['America/Santiago', '2026-09-06'],
  ['Pacific/Apia', '2011-12-30'],
  ['Asia/Kolkata', '2026-12-25'],
  ['UTC', '2028-02-29'],
] as const

function anyPart(today: number): fc.Arbitrary<DayPart> {
  const date = fc.integer({ min: today - 2, max: today + paintedDays }).map(dayText)
  return fc.oneof(
    fc.record({ date }),
    fc.record({ date, start: anyStart }),
    fc.record({ date, start: anyStart, end: anyEnd }),
  )
}

const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 3 })

function anyAvailability(time_zone: string, today: number): fc.Arbitrary<Availability> {
  const anyDay = fc.integer({ min: today - 2, max: today + paintedDays })
  const calendar: fc.Arbitrary<ShiftCalendar> = fc.record({
    time_zone: fc.constant(time_zone),
    shifts: fc.array(anyShift, { maxLength: 3 }),
    holidays: fc.array(anyPart(today), { maxLength: 3 }),
    extra_shifts: fc.array(anyPart(today), { maxLength: 2 }),
    valid_from: fc.option(fc.integer({ min: today - 2, max: today + 2 }).map(dayText), { freq: 1 }),
    valid_until: fc.option(fc.integer({ min: today + 8, max: today + 12 }).map(dayText), { freq: 1 }),
  })
  const minute = fc.integer({ min: today * dayMinutes, max: (today + paintedDays) * dayMinutes })
  const instants = fc.tuple(minute, orNull(fc.integer({ min: 0, max: 3000 }))).map(([from, length]) => ({
    from: new Date(from * minuteMs).toISOString(),
    until: length === null ? null : new Date((from + length) * minuteMs).toISOString(),
  }))
  const days = fc.tuple(anyDay, orNull(fc.integer({ min: 0, max: 3 }))).map(([first, length]) => ({
    first_day: dayText(first),
    last_day: length === null ? null : dayText(first + length),
  }))
  return fc.record({
    calendar: fc.option(calendar, { freq: 9 }),
    closures: fc.array(fc.oneof(instants, days), { maxLength: 2 }),
    time_zone: fc.constantFrom(time_zone, 'UTC', 'Asia/Taipei'),
  })
}

/** An availability, from where it is painted, a minute in it, and minutes of work. */
export const anyCase = fc.constantFrom(...someDays).chain(([zone, date]) => {
  const today = toDays(date) - 4
  return fc.record({
    availability: anyAvailability(zone, today),
    fromMs: fc.integer({ min: 0, max: dayMinutes }).map((minute) => (today * dayMinutes + minute) * minuteMs),
    at: fc.integer({ min: 0, max: paintedDays * dayMinutes - 1 }),
    minutes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3000 })),
  })
})
