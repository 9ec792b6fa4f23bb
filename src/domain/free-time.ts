/**
 * Whether somebody's free time holds several pieces of work at once, each within its own window. The one rule: work may be
 * broken off and taken up again, so what counts is hours; then "the earliest end first" finds an order wherever there is
 * one (Horn 1974).
 */
import { msOfHour } from './calendar.ts'
import { intersect } from './interval.ts'
import type { Interval } from './interval.ts'

/** `hours` of work between two instants in milliseconds. */
export type Task = Interval & { readonly hours: number }

/** Hours of a set of time between two instants. */
export const hoursWithin = (free: readonly Interval[], window: Interval): number =>
  intersect(free, [window]).reduce((ms, { start, end }) => ms + end - start, 0) / msOfHour

export function fitsInto(free: readonly Interval[], tasks: readonly Task[]): boolean {
  const left = tasks.map(({ start, end, hours }) => ({ start, end, ms: Math.round(hours * msOfHour) }))
  const starts = left.map(({ start }) => start).toSorted((a, b) => a - b)
  for (const { start, end } of free) {
    for (let at = start; at < end;) {
      const due = left
        .filter((one) => one.ms > 0 && one.start <= at)
        .reduce<(typeof left)[number] | undefined>(
          (first, one) => (first === undefined || one.end < first.end ? one : first),
          undefined,
        )
      const next = Math.min(end, starts.find((one) => one > at) ?? end)
      if (due === undefined) at = next
      else {
        const until = Math.min(next, at + due.ms)
        if (until > due.end) return false
        due.ms -= until - at
        at = until
      }
    }
  }
  return left.every(({ ms }) => ms === 0)
}
