/**
 * What is known of the time of each work order, for the reckoning of a tree. The one rule: what happened counts
 * before what was estimated, and where nothing was estimated the answer says what was assumed.
 */
import { msOfHour } from './calendar.ts'
import type { Calendar } from './calendar.ts'
import { modes } from './critical-path.ts'
import type { Timing } from './critical-path.ts'
import { toInstant } from './instant.ts'
import type { Category } from './lifecycle.ts'
import type { Waiver } from './work-order.ts'

/** Hours of a work order that nobody has estimated: a working day. */
export const assumedHours = 8

export type Timed = {
  readonly category: Category
  readonly estimated_hours: number | null
  readonly actual_hours: number | null
  readonly actual_start: string | null
  readonly actual_end: string | null
  readonly waiver: Waiver | null
}

/** A waiver lets everybody go on without the work order; one that was cancelled is not going to happen. */
export const takesTime = ({ category, waiver }: Pick<Timed, 'category' | 'waiver'>): boolean =>
  category !== 'abandoned' && (waiver === null || category === 'done')

export function toTiming(
  rows: readonly Timed[],
  nowMs: number,
  calendarOf: (node: number) => Calendar,
): Timing {
  const { length } = rows
  const timing = {
    mode: new Uint8Array(length),
    hours: new Float64Array(length),
    began: new Float64Array(length).fill(Number.NaN),
    ended: new Float64Array(length).fill(Number.NaN),
  }
  rows.forEach((row, i) => setTime(timing, i, row, nowMs, calendarOf(i)))
  return timing
}

function setTime(timing: Timing, i: number, row: Timed, nowMs: number, calendar: Calendar): void {
  const estimate = row.estimated_hours ?? assumedHours
  const began = toMs(row.actual_start)
  if (!takesTime(row)) timing.mode[i] = modes.none
  else if (row.category === 'done') {
    // Without an end on record it is over by now; without a beginning it took the hours that were reported.
    const ended = Math.min(toMs(row.actual_end) ?? nowMs, nowMs)
    timing.mode[i] = modes.done
    timing.ended[i] = ended
    timing.began[i] = Math.min(began ?? ended - Math.round((row.actual_hours ?? 0) * msOfHour), ended)
  } else if (began === undefined || began > nowMs) {
    timing.mode[i] = modes.planned
    timing.hours[i] = estimate
  } else {
    timing.mode[i] = modes.running
    timing.began[i] = began
    // What is done and waits for its signatures needs no more work; what took longer than estimated is due now.
    timing.hours[i] =
      row.category === 'review' ? 0 : Math.max(0, estimate - calendar.hoursBetween(began, nowMs))
  }
}

/** Whole milliseconds; the trail knows microseconds, a plan does not need them. */
export function toMs(instant: string | null): number | undefined {
  if (instant === null) return undefined
  const ms = Date.parse(instant)
  return Number.isNaN(ms) ? undefined : ms
}

const lastMs = Date.parse('9999-12-31T23:59:59.999Z')

/** RFC 3339; null for no instant, and for one beyond the year 9999, which no estimate means. */
export const toTime = (ms: number): string | null =>
  ms > lastMs || ms < 0 || Number.isNaN(ms) ? null : toInstant(ms * 1000)
