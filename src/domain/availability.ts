/**
 * When a person, a tool or an asset is there: the shifts of a calendar without its holidays, with its extra shifts,
 * as long as it is valid, less the times at which the one in question is away. The one rule: days and times of day
 * are cut out of real time first, and only instants are reckoned with.
 */
import { intersect, subtract, unite } from './interval.ts'
import type { Interval } from './interval.ts'
import { dayAt, isDay, isTimeOfDay, isTimeZone, parseDay, toWindow, weekdayOf } from './wall-clock.ts'

/** Every week; an `end` that is not after `start` is one of the next day, so 06:00 to 06:00 is 24 hours. */
export type Shift = {
  /** ISO 8601 numbers of the days on which it begins: 1 is Monday, 7 is Sunday. */
  readonly weekdays: readonly number[]
  /** `HH:MM`; the end may be `24:00`. */
  readonly start: string
  readonly end: string
}

/** A part of one day, `YYYY-MM-DD`: by default all of it, from 00:00 to 24:00. */
export type DayPart = {
  readonly date: string
  readonly start?: string | undefined
  readonly end?: string | undefined
}

export type ShiftCalendar = {
  /** IANA name, such as `Europe/Berlin`. */
  readonly time_zone: string
  /** Where two overlap, the time counts once. */
  readonly shifts: readonly Shift[]
  /** No work then: a shift that reaches into a holiday ends with the day before, one that reaches out begins after it. */
  readonly holidays: readonly DayPart[]
  /** Work besides the shifts of the week, on holidays too. */
  readonly extra_shifts: readonly DayPart[]
  /** The first day on which it counts, and the first on which it does not any more; null is without limit. */
  readonly valid_from: string | null
  readonly valid_until: string | null
}

/** An absence, or a time out of service: instants (RFC 3339, half-open), or whole days, the last included. null: nobody knows yet. */
export type Closure =
  | { readonly from: string; readonly until: string | null }
  | { readonly first_day: string; readonly last_day: string | null }

export type Availability = {
  /** null: around the clock. */
  readonly calendar: ShiftCalendar | null
  readonly closures: readonly Closure[]
  /** In which whole days of closures are read: somebody may live elsewhere than his calendar. */
  readonly time_zone: string
}

/** Working time is reckoned in these 130 years, and what is not done within them never is. Milliseconds. */
export const horizon: Interval = { start: 0, end: Date.UTC(2100, 0, 1) }

/** Open times between two instants in milliseconds, sorted, disjoint and half-open; only what lies within the horizon. */
export type ListOpen = (from: number, to: number) => Interval[]

/** Closures are read once, and a range is worked out when it is asked for. Throws where one ends before it begins. */
export function toListOpen({ calendar, closures, time_zone }: Availability): ListOpen {
  const closed = toClosed(closures, time_zone)
  return (from, to) => {
    const start = Math.max(from, horizon.start)
    const end = Math.min(to, horizon.end)
    if (!(start < end)) return []
    const asked = [{ start, end }]
    const open = calendar === null ? asked : intersect(asked, listWork(calendar, start, end))
    return subtract(open, closed)
  }
}

/** When closures are; throws where one ends before it begins. */
export const toClosed = (closures: readonly Closure[], time_zone: string): Interval[] =>
  unite(closures.map((closure) => toInterval(closure, time_zone)))

/** For one range; who asks for several begins with `toListOpen`. */
export const listOpen = (availability: Availability, from: number, to: number): Interval[] =>
  toListOpen(availability)(from, to)

function listWork(calendar: ShiftCalendar, from: number, to: number): Interval[] {
  const { time_zone: zone, shifts, holidays, extra_shifts, valid_from, valid_until } = calendar
  // What began the day before reaches in, and the day before that where a zone has left out a day.
  const first = dayAt(from, zone) - 2
  const last = dayAt(to, zone)
  const listParts = (parts: readonly DayPart[]): Interval[] =>
    parts
      .map(({ date, start = '00:00', end = '24:00' }) => ({ day: parseDay(date), start, end }))
      .filter(({ day }) => day >= first && day <= last)
      .map(({ day, start, end }) => toWindow(day, start, end, zone))
  const regular: Interval[] = []
  for (let day = first; day <= last; day += 1) {
    const weekday = weekdayOf(day)
    for (const { weekdays, start, end } of shifts)
      if (weekdays.includes(weekday)) regular.push(toWindow(day, start, end, zone))
  }
  const work = unite(subtract(unite(regular), unite(listParts(holidays))), listParts(extra_shifts))
  return intersect(work, [
    {
      start: valid_from === null ? Number.NEGATIVE_INFINITY : toMidnight(valid_from, zone),
      end: valid_until === null ? Number.POSITIVE_INFINITY : toMidnight(valid_until, zone),
    },
  ])
}

const toMidnight = (date: string, zone: string): number =>
  toWindow(parseDay(date), '00:00', '24:00', zone).start

function toInterval(closure: Closure, zone: string): Interval {
  const isDays = 'first_day' in closure
  const last = isDays ? closure.last_day : closure.until
  const start = isDays ? toMidnight(closure.first_day, zone) : Date.parse(closure.from)
  const toEnd = (text: string): number =>
    isDays ? toWindow(parseDay(text), '00:00', '24:00', zone).end : Date.parse(text)
  const end = last === null ? Number.POSITIVE_INFINITY : toEnd(last)
  if (!(start <= end))
    throw new Error(`not a time from one instant to a later one: ${JSON.stringify(closure)}`)
  return { start, end }
}

type Problem = { readonly path: string; readonly message: string }

/** What is wrong with a calendar. One that never opens is none: nothing can be done in it, and the answers say so. */
export function findShiftProblems(calendar: ShiftCalendar): Problem[] {
  const { time_zone, shifts, holidays, extra_shifts, valid_from, valid_until } = calendar
  const problems: Problem[] = []
  const check = (isRight: boolean, path: string, message: string): void => {
    if (!isRight) problems.push({ path, message })
  }
  const checkTimes = (path: string, start: string, end: string): void => {
    check(isTimeOfDay(start), `${path}.start`, 'is a time such as 09:00')
    check(isTimeOfDay(end) || end === '24:00', `${path}.end`, 'is a time such as 17:00')
  }
  check(isTimeZone(time_zone), 'time_zone', 'is not the IANA name of a time zone')
  for (const [i, { weekdays, start, end }] of shifts.entries()) {
    const isRight = weekdays.length > 0 && weekdays.every((n) => Number.isInteger(n) && n >= 1 && n <= 7)
    check(isRight, `shifts.${i}.weekdays`, 'are numbers from 1 (Monday) to 7 (Sunday)')
    checkTimes(`shifts.${i}`, start, end)
  }
  for (const [name, parts] of Object.entries({ holidays, extra_shifts })) {
    for (const [i, { date, start = '00:00', end = '24:00' }] of parts.entries()) {
      check(isDay(date), `${name}.${i}.date`, 'is not a day such as 2026-12-25')
      checkTimes(`${name}.${i}`, start, end)
    }
  }
  check(valid_from === null || isDay(valid_from), 'valid_from', 'is not a day such as 2026-12-25')
  check(valid_until === null || isDay(valid_until), 'valid_until', 'is not a day such as 2026-12-25')
  const isBehind = valid_from === null || valid_until === null || valid_from < valid_until
  check(isBehind, 'valid_until', 'must be after valid_from')
  return problems
}
