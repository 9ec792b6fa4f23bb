/**
 * Reckoning with working hours, fast: the open times of an availability are worked out once, in blocks of 64 days
 * when they are first needed, and every question is a binary search in them. The one rule: work of h hours from
 * `from` is done at the first instant up to which h hours were open; led back from there, it begins at the last
 * instant from which they were. So what ends with a shift ends then, and what begins after one begins with the next.
 *
 * Work without length takes place where it is asked for, if that instant is open or a shift just ends there; else
 * with the next shift, or, led back, at the end of the one before. Then adding 0 changes no sum of hours, and a
 * milestone behind work that ends on Friday evening is on Friday evening.
 */
import { horizon, toClosed, toListOpen } from './availability.ts'
import type { Availability, Closure } from './availability.ts'
import { msOfHour } from './calendar.ts'
import type { Calendar } from './calendar.ts'
import { subtract } from './interval.ts'
import type { Interval } from './interval.ts'

/** Open times of one block; milliseconds. `before` is what was open in the block before each of them. */
type Block = {
  readonly starts: Float64Array
  readonly ends: Float64Array
  readonly before: Float64Array
  readonly workMs: number
}

/** Gives the blocks by their number from 1970 on. */
export type WorkingTime = (index: number) => Block

const blockMs = 64 * 86_400_000
const lastIndex = Math.floor((horizon.end - 1) / blockMs)
/** What lies outside of the horizon falls into the first block or the last, before all or behind all that is open there. */
const indexAt = (at: number): number => Math.min(Math.max(Math.floor(at / blockMs), 0), lastIndex)

/** Nothing is worked out until it is asked for; what was, is kept as long as the answer. */
export function toWorkingTime(availability: Availability): WorkingTime {
  const listOpen = toListOpen(availability)
  const blocks: (Block | undefined)[] = Array.from({ length: lastIndex + 1 })
  return (index) => (blocks[index] ??= toBlock(listOpen(index * blockMs, (index + 1) * blockMs)))
}

/**
 * The same less closures, whole days of which are read in a zone. Who shares a calendar with others shares what was
 * worked out for it; only the blocks in which somebody is away are cut anew.
 */
export function lessClosures(
  time: WorkingTime,
  closures: readonly Closure[],
  time_zone: string,
): WorkingTime {
  const closed = toClosed(closures, time_zone)
  const blocks: (Block | undefined)[] = Array.from({ length: lastIndex + 1 })
  return (index) => (blocks[index] ??= cutBlock(time, index, closed))
}

function cutBlock(time: WorkingTime, index: number, closed: readonly Interval[]): Block {
  const block = time(index)
  const from = index * blockMs
  if (!closed.some(({ start, end }) => start < from + blockMs && end > from)) return block
  const { starts, ends } = block
  return toBlock(
    subtract(
      Array.from(starts, (start, i) => ({ start, end: ends[i]! })),
      closed,
    ),
  )
}

function toBlock(open: readonly Interval[]): Block {
  const before = new Float64Array(open.length)
  let workMs = 0
  for (const [i, { start, end }] of open.entries()) {
    before[i] = workMs
    workMs += end - start
  }
  const starts = Float64Array.from(open, ({ start }) => start)
  return { starts, ends: Float64Array.from(open, ({ end }) => end), before, workMs }
}

/** The last that is not above the limit; -1 where all are. */
function findLast(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** What is open in the block before an instant. */
function toWorkMs({ starts, ends, before }: Block, at: number): number {
  const i = findLast(starts, at)
  return i < 0 ? 0 : before[i]! + Math.min(at, ends[i]!) - starts[i]!
}

const { POSITIVE_INFINITY: never, NEGATIVE_INFINITY: notSince } = Number

function addMs(time: WorkingTime, from: number, ms: number): number {
  let index = indexAt(from)
  let left = ms + toWorkMs(time(index), from)
  for (; index <= lastIndex; index += 1) {
    const { starts, before, workMs } = time(index)
    if (left <= workMs) {
      const i = findLast(before, left)
      // What fills a shift to its end ends there, not where the next one begins.
      const within = before[i] === left ? i - 1 : i
      return starts[within]! + left - before[within]!
    }
    left -= workMs
  }
  return never
}

function subtractMs(time: WorkingTime, to: number, ms: number): number {
  let index = indexAt(to)
  let left = toWorkMs(time(index), to) - ms
  while (left < 0) {
    if (index === 0) return notSince
    index -= 1
    left += time(index).workMs
  }
  const { starts, before } = time(index)
  const i = findLast(before, left)
  return starts[i]! + left - before[i]!
}

function isOpenAt(time: WorkingTime, at: number): boolean {
  const { starts, ends } = time(indexAt(at))
  const i = findLast(starts, at)
  return i >= 0 && at < ends[i]!
}

/** Instants are whole milliseconds: a shift just ends where the millisecond before is open. */
const isWithin = (time: WorkingTime, at: number): boolean => isOpenAt(time, at) || isOpenAt(time, at - 1)

function nextOpenMs(time: WorkingTime, at: number): number {
  if (isOpenAt(time, at)) return at
  for (let index = indexAt(at); index <= lastIndex; index += 1) {
    const { starts } = time(index)
    const next = findLast(starts, at) + 1
    if (next < starts.length) return starts[next]!
  }
  return never
}

function lastCloseMs(time: WorkingTime, at: number): number {
  for (let index = indexAt(at); index >= 0; index -= 1) {
    const { starts, ends } = time(index)
    const last = findLast(starts, at)
    if (last >= 0) return ends[last]!
  }
  return notSince
}

/** Where work ends that begins at an instant, or, `back`, begins that ends there. What never is stays so. */
function move(time: WorkingTime, at: number, hours: number, back: boolean): number {
  const ms = Math.round(hours * msOfHour)
  if (Number.isNaN(at) || !(ms >= 0)) throw new Error(`not an instant and a number of hours: ${at}, ${hours}`)
  if (!Number.isFinite(at)) return at
  if (ms > 0) return back ? subtractMs(time, at, ms) : addMs(time, at, ms)
  if (isWithin(time, at)) return at
  return back ? lastCloseMs(time, at) : nextOpenMs(time, at)
}

const toKnown = (at: number): number | undefined => (Number.isFinite(at) ? at : undefined)

/** When work is done that begins at `from` (milliseconds); undefined where it is not within the horizon. Hours are not negative. */
export const addWorkingHours = (time: WorkingTime, from: number, hours: number): number | undefined =>
  toKnown(move(time, from, hours, false))

/** When work has to begin to be done at `to`; undefined where the horizon does not hold so much. */
export const subtractWorkingHours = (time: WorkingTime, to: number, hours: number): number | undefined =>
  toKnown(move(time, to, hours, true))

/** Negative when `to` is the earlier one. */
export function workingHoursBetween(time: WorkingTime, from: number, to: number): number {
  if (from === to) return 0
  if (from > to) return 0 - workingHoursBetween(time, to, from)
  if (!Number.isFinite(to - from)) return to - from
  const [first, last] = [indexAt(from), indexAt(to)]
  let ms = toWorkMs(time(last), to) - toWorkMs(time(first), from)
  for (let index = first; index < last; index += 1) ms += time(index).workMs
  return ms / msOfHour
}

/** The instant itself if it is open, else the next that is; undefined where none is. */
export const toNextOpen = (time: WorkingTime, at: number): number | undefined => toKnown(nextOpenMs(time, at))

/**
 * For the critical path. What is never done is infinitely late; hours below zero lead back, and so does -0, which is
 * what work without length becomes there.
 */
export const toCalendar = (time: WorkingTime): Calendar => ({
  addHours: (at, hours) => move(time, at, Math.abs(hours), hours < 0 || Object.is(hours, -0)),
  hoursBetween: (from, to) => workingHoursBetween(time, from, to),
})
