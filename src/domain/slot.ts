/**
 * Time in equal slots, for a scheduler that counts instead of comparing instants. The one rule: a slot is free only
 * if all of it is, so nothing is planned into a time that is not open.
 */
import { unite } from './interval.ts'
import type { Interval } from './interval.ts'

const minuteMs = 60_000

/** Slot i is `[origin + i, origin + i + 1)` in steps of whole minutes. */
export type Grid = { readonly originMs: number; readonly slotMinutes: number; readonly length: number }

/** How many units are free in each slot. */
export function toSlots(
  open: readonly Interval[],
  { originMs, slotMinutes, length }: Grid,
  units = 1,
): Int32Array {
  const slotMs = slotMinutes * minuteMs
  const slots = new Int32Array(length)
  for (const { start, end } of open) {
    const first = Math.ceil((start - originMs) / slotMs)
    const last = Math.floor((end - originMs) / slotMs)
    if (first < last) slots.fill(units, Math.max(first, 0), Math.max(last, 0))
  }
  return slots
}

/** When at least so many units are free. */
export function toIntervals(slots: Int32Array, { originMs, slotMinutes }: Grid, units = 1): Interval[] {
  const slotMs = slotMinutes * minuteMs
  const free: Interval[] = []
  slots.forEach((count, i) => {
    if (count >= units) free.push({ start: originMs + i * slotMs, end: originMs + (i + 1) * slotMs })
  })
  return unite(free)
}
