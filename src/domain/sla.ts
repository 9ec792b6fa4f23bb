/**
 * Time limits of approvals, in working hours of the tenant's calendar. Days and hours of day are read in the
 * calendar's time zone; what lies between them is real time, so an hour that a clock change takes away or
 * gives is not counted, or counted, like any other.
 */
import { parseInstant, toDay, toInstant } from './instant.ts'
import { dayAt, isDay, isTimeOfDay, isTimeZone, toWindow, weekdayOf } from './wall-clock.ts'

/** Working days and hours of a tenant. */
export type WorkingCalendar = {
  /** IANA name, such as `Europe/Berlin`. */
  readonly time_zone: string
  /** ISO 8601 numbers: 1 is Monday, 7 is Sunday. */
  readonly weekdays: readonly number[]
  /** `HH:MM`; the end may be `24:00`. */
  readonly start: string
  readonly end: string
  /** Days without work, `YYYY-MM-DD`. */
  readonly holidays: readonly string[]
}

const microsPerHour = 3_600_000_000

/** What is wrong with a calendar; nobody would ever be late in one without working hours. */
export function findCalendarProblems(calendar: WorkingCalendar): { path: string; message: string }[] {
  const problems: { path: string; message: string }[] = []
  if (!isTimeZone(calendar.time_zone))
    problems.push({ path: 'time_zone', message: 'is not the IANA name of a time zone' })
  const days = new Set(calendar.weekdays)
  if (days.size === 0 || days.size !== calendar.weekdays.length || ![...days].every(isWeekday))
    problems.push({ path: 'weekdays', message: 'are numbers from 1 (Monday) to 7 (Sunday), each once' })
  if (!isTimeOfDay(calendar.start)) problems.push({ path: 'start', message: 'is a time such as 09:00' })
  if (!isTimeOfDay(calendar.end) && calendar.end !== '24:00')
    problems.push({ path: 'end', message: 'is a time such as 17:00' })
  else if (calendar.end <= calendar.start) problems.push({ path: 'end', message: 'must be after start' })
  for (const [i, holiday] of calendar.holidays.entries()) {
    if (!isDay(holiday)) problems.push({ path: `holidays.${i}`, message: 'is not a day such as 2026-12-25' })
  }
  return problems
}

const isWeekday = (number: number): boolean => Number.isInteger(number) && number >= 1 && number <= 7

type Window = { readonly opens: number; readonly closes: number }

/** The working hours of each working day from the one of `from` on, in microseconds since 1970. */
function* listWindows(from: number, calendar: WorkingCalendar): Generator<Window, never> {
  const holidays = new Set(calendar.holidays)
  const weekdays = new Set(calendar.weekdays)
  if (findCalendarProblems({ ...calendar, holidays: [] }).length > 0)
    throw new Error('a calendar without working hours')
  const { time_zone: zone, start, end } = calendar
  for (let day = dayAt(from / 1000, zone); ; day += 1) {
    if (!weekdays.has(weekdayOf(day)) || holidays.has(toDay(day))) continue
    const window = toWindow(day, start, end, zone)
    if (window.start < window.end) yield { opens: window.start * 1000, closes: window.end * 1000 }
  }
}

/**
 * The instant at which so many working hours have passed since `from` (both RFC 3339, UTC). What ends with a
 * working day ends then, not at the beginning of the next one.
 */
export function addWorkingHours(from: string, hours: number, calendar: WorkingCalendar): string {
  let left = Math.round(hours * microsPerHour)
  let at = parseInstant(from)
  if (Number.isNaN(at) || !(left >= 0))
    throw new Error(`not an instant and a number of hours: ${from}, ${hours}`)
  for (const { opens, closes } of listWindows(at, calendar)) {
    if (closes < at) continue
    at = Math.max(at, opens)
    if (left <= closes - at) return toInstant(at + left)
    left -= closes - at
    at = closes
  }
  return toInstant(at)
}

/** Working hours from one instant to a later one; 0 when it is not later. */
export function countWorkingHours(from: string, to: string, calendar: WorkingCalendar): number {
  const [begin, end] = [parseInstant(from), parseInstant(to)]
  let micros = 0
  for (const { opens, closes } of listWindows(begin, calendar)) {
    if (!(opens < end)) break
    micros += Math.max(0, Math.min(closes, end) - Math.max(opens, begin))
  }
  return micros / microsPerHour
}

/** When a requirement is due, and when the first step is taken: the reminder, at half of its hours. */
export function planRequirement(facts: {
  readonly openedAt: string
  readonly slaHours: number | null
  readonly calendar: WorkingCalendar
}): { due_at: string | null; next_step_at: string | null } {
  const { openedAt, slaHours, calendar } = facts
  if (slaHours === null) return { due_at: null, next_step_at: null }
  return {
    due_at: addWorkingHours(openedAt, slaHours, calendar),
    next_step_at: addWorkingHours(openedAt, slaHours / 2, calendar),
  }
}
