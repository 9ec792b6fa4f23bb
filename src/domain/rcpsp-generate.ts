/**
 * One schedule from one order of the activities (Kolisch, European Journal of Operational Research 90, 1996): serial,
 * each in turn as early as it fits; parallel, slot by slot whatever fits. The one rule: nothing here allocates, it is
 * the inner loop of the search.
 */
import type { Problem, Side, Times } from './rcpsp.ts'

/** One direction of time with what is still free of each resource, and the slots in which that is not everything. */
export type Room = { readonly side: Side; readonly free: Int32Array; low: number; high: number }

export const toRoom = (side: Side): Room => ({ side, free: side.capacity.slice(), low: side.axis, high: 0 })

export const toTimes = (size: number): Times => ({
  start: new Int32Array(size),
  finish: new Int32Array(size),
})

/** Gives everything back. */
export function clearRoom({ resources }: Problem, room: Room): void {
  if (room.low < room.high) {
    const from = room.low * resources
    room.free.set(room.side.capacity.subarray(from, room.high * resources), from)
  }
  room.low = room.side.axis
  room.high = 0
}

/** When all that it waits for is over, and never before its own earliest slot. */
export function findEarliest(
  { predecessorStart, predecessor, lag }: Side,
  times: Times,
  from: Int32Array,
  j: number,
): number {
  let earliest = from[j]!
  for (let e = predecessorStart[j]!; e < predecessorStart[j + 1]!; e += 1) {
    const free = times.finish[predecessor[e]!]! + lag[e]!
    if (free > earliest) earliest = free
  }
  return earliest
}

/**
 * Sets the times of the activity to where it first fits from `earliest` on. False when it would begin after `latest`;
 * its times are void then. Every slot in which its calendar is open must hold enough, from its first to its last.
 */
export function findFit(
  { resources, duration, calendar, needStart, needResource, needAmount }: Problem,
  { side, free }: Room,
  times: Times,
  j: number,
  earliest: number,
  latest = side.axis,
): boolean {
  const length = duration[j]!
  const { open } = side
  const shift = calendar[j]! * side.axis
  const firstNeed = needStart[j]!
  const endNeed = needStart[j + 1]!
  let slot = earliest
  let begin = slot
  for (let done = 0; done < length; slot += 1) {
    if (open[shift + slot] === 0) continue
    if (done === 0) begin = slot
    if (begin > latest) return false
    const base = slot * resources
    done += 1
    for (let e = firstNeed; e < endNeed; e += 1)
      if (free[base + needResource[e]!]! < needAmount[e]!) {
        done = 0
        break
      }
  }
  times.start[j] = begin
  times.finish[j] = slot
  return begin <= latest
}

/** Takes what the activity needs from `begin` up to `end`; gives it back where `times` is -1. */
export function takeRoom(
  { resources, calendar, needStart, needResource, needAmount }: Problem,
  room: Room,
  j: number,
  begin: number,
  end: number,
  times = 1,
): void {
  const firstNeed = needStart[j]!
  const endNeed = needStart[j + 1]!
  if (firstNeed === endNeed) return
  const { free } = room
  const { open, axis } = room.side
  const shift = calendar[j]! * axis
  if (begin < room.low) room.low = begin
  if (end > room.high) room.high = end
  for (let slot = begin; slot < end; slot += 1) {
    if (open[shift + slot] === 0) continue
    const base = slot * resources
    for (let e = firstNeed; e < endNeed; e += 1) free[base + needResource[e]!]! -= times * needAmount[e]!
  }
}

/** `from` holds the earliest slot of each; in `list` what an activity waits for stands before it. */
export function generateSerially(
  problem: Problem,
  room: Room,
  list: Int32Array,
  from: Int32Array,
  times: Times,
): void {
  clearRoom(problem, room)
  for (let at = 0; at < list.length; at += 1) {
    const j = list[at]!
    findFit(problem, room, times, j, findEarliest(room.side, times, from, j))
    takeRoom(problem, room, j, times.start[j]!, times.finish[j]!)
  }
}

/** The same by slots: in each, whatever may begin and fits does so, in the order of `list`. `waits` is scratch. */
export function generateInParallel(
  problem: Problem,
  room: Room,
  list: Int32Array,
  from: Int32Array,
  times: Times,
  waits: Int32Array,
): void {
  clearRoom(problem, room)
  const { predecessorStart, successorStart, successor } = room.side
  for (let j = 0; j < list.length; j += 1) waits[j] = predecessorStart[j + 1]! - predecessorStart[j]!
  let left = list.length
  for (let slot = 0; left > 0; slot += 1) {
    for (let at = 0; at < list.length; at += 1) {
      const j = list[at]!
      // What has its place waits for less than nothing.
      if (waits[j] !== 0) continue
      const earliest = findEarliest(room.side, times, from, j)
      if (earliest > slot || !findFit(problem, room, times, j, slot, slot)) continue
      takeRoom(problem, room, j, times.start[j]!, times.finish[j]!)
      waits[j] = -1
      left -= 1
      for (let e = successorStart[j]!; e < successorStart[j + 1]!; e += 1) waits[successor[e]!]! -= 1
    }
  }
}

/** The activities by their start; where starts are equal, what is waited for comes first. `keys` is scratch. */
export function listByStart(
  { order, rank }: Side,
  start: Int32Array,
  keys: Float64Array,
  list: Int32Array,
): void {
  const size = start.length
  for (let j = 0; j < size; j += 1) keys[j] = start[j]! * size + rank[j]!
  keys.sort()
  for (let at = 0; at < size; at += 1) list[at] = order[keys[at]! % size]!
}
