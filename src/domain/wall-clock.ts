/**
 * Days and times of day as people in a time zone read them, and the instants that they mean. The one rule
 * (Temporal's disambiguation `compatible`, as in RFC 5545): a time that a clock change skips is read with the
 * offset before the gap, and so lies behind it by as much as was skipped; of one that comes twice, the first.
 */
import { Temporal } from 'temporal-polyfill'
import type { Interval } from './interval.ts'

const dayMs = 86_400_000
const minuteMs = 60_000
const time = /^(?:[01]\d|2[0-3]):[0-5]\d$/
const day = /^\d{4}-\d{2}-\d{2}$/

/** `HH:MM`, before midnight. */
export const isTimeOfDay = (text: string): boolean => time.test(text)

/** `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  try {
    return day.test(text) && Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() === text
  } catch {
    return false
  }
}

/** An IANA name; an offset is none, as it knows no clock changes. */
export function isTimeZone(name: string): boolean {
  try {
    return !Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId.includes(':')
  } catch {
    return false
  }
}

/** The number of a day `YYYY-MM-DD`, counted from 1970 in no zone; `toDay` leads back. */
export const parseDay = (text: string): number => Date.parse(`${text}T00:00:00Z`) / dayMs

/** ISO 8601: 1 is Monday, 7 is Sunday. The first of January 1970 was a Thursday. */
export const weekdayOf = (dayNumber: number): number => ((((dayNumber + 3) % 7) + 7) % 7) + 1

/** The day that a zone writes at an instant in milliseconds. */
export function dayAt(ms: number, zone: string): number {
  const zoned = Temporal.Instant.fromEpochMilliseconds(Math.floor(ms)).toZonedDateTimeISO(zone)
  return Math.floor((ms + zoned.offsetNanoseconds / 1_000_000) / dayMs)
}

/**
 * From one time of a day to another; `24:00` is its end, and an end that is not after the start is one of the
 * next day, so that equal times are 24 hours on the clock. What a clock change leaves nothing of has an end that
 * is not after its start.
 */
export function toWindow(dayNumber: number, start: string, end: string, zone: string): Interval {
  const [opens, closes] = [toMinutes(start), toMinutes(end)]
  return {
    start: toMs(dayNumber, opens, zone),
    end: toMs(dayNumber, closes <= opens ? closes + 1440 : closes, zone),
  }
}

const toMinutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

/** Temporal takes ten microseconds; so it is asked near clock changes only, and elsewhere once a day and zone. */
function toMs(dayNumber: number, minutes: number, zone: string): number {
  const wall = dayNumber * dayMs + minutes * minuteMs
  const near = Math.floor(wall / dayMs)
  const offset = offsetAt(near, zone)
  const isSame = (other: number): boolean => offsetAt(other, zone) === offset
  if (isSame(near - 1) && isSame(near + 1) && isSame(near + 2)) return wall - offset
  return Temporal.Instant.fromEpochMilliseconds(wall)
    .toZonedDateTimeISO('UTC')
    .toPlainDateTime()
    .toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds
}

const mostZones = 1000
const offsets = new Map<string, Map<number, number>>()

/** Of local time at midnight UTC, in milliseconds. No offset is further than a day away from it. */
function offsetAt(dayNumber: number, zone: string): number {
  const kept = offsets.get(zone)?.get(dayNumber)
  if (kept !== undefined) return kept
  const zoned = Temporal.Instant.fromEpochMilliseconds(dayNumber * dayMs).toZonedDateTimeISO(zone)
  const offset = zoned.offsetNanoseconds / 1_000_000
  if (offsets.size >= mostZones && !offsets.has(zone)) offsets.clear()
  const ofZone = offsets.get(zone) ?? new Map<number, number>()
  offsets.set(zone, ofZone.set(dayNumber, offset))
  return offset
}
