/**
 * Orders of the activities: drawn at random by latest finish, crossed and changed. The one rule: what an activity
 * waits for always stands before it, so every order here gives a schedule.
 */
import type { Problem, Side } from './rcpsp.ts'
import type { Draw } from './simulate.ts'

export const pick = (draw: Draw, below: number): number => Math.floor(draw() * below)

/** By when each must be over for its own due date and those behind it, or for an end as early as can be (below 0). */
export function toLatestFinish({ size, due, duration, forward, backward }: Problem): Float64Array {
  const latest = new Float64Array(size)
  for (const j of backward.order) {
    latest[j] = due[j]! < 0 ? forward.axis : due[j]!
    for (let e = backward.predecessorStart[j]!; e < backward.predecessorStart[j + 1]!; e += 1) {
      const after = backward.predecessor[e]!
      const limit = latest[after]! - duration[after]! - backward.lag[e]!
      if (limit < latest[j]) latest[j] = limit
    }
  }
  return latest
}

/** Half way between even chances and chances in proportion to how much more urgent one is than the least urgent. */
const bias = 0.5

/**
 * The next one is drawn among those that could follow, the more urgent the likelier (regret-based biased random
 * sampling: Drexl 1991, Kolisch 1996); always the most urgent without a draw. `scratch` holds twice the activities.
 */
export function drawList(
  { size, forward }: Problem,
  latest: Float64Array,
  draw: Draw | undefined,
  scratch: Int32Array,
  list: Int32Array,
): void {
  const { predecessorStart, successorStart, successor } = forward
  const waits = scratch.subarray(0, size)
  const ready = scratch.subarray(size)
  let count = 0
  for (const j of forward.order) {
    waits[j] = predecessorStart[j + 1]! - predecessorStart[j]!
    if (waits[j] === 0) ready[count++] = j
  }
  for (let at = 0; at < size; at += 1) {
    const chosen =
      draw === undefined ? findUrgent(latest, ready, count) : drawUrgent(latest, ready, count, draw)
    const j = ready[chosen]!
    list[at] = j
    count -= 1
    ready[chosen] = ready[count]!
    for (let e = successorStart[j]!; e < successorStart[j + 1]!; e += 1) {
      const after = successor[e]!
      waits[after]! -= 1
      if (waits[after] === 0) ready[count++] = after
    }
  }
}

function findUrgent(latest: Float64Array, ready: Int32Array, count: number): number {
  let first = 0
  for (let i = 1; i < count; i += 1) if (latest[ready[i]!]! < latest[ready[first]!]!) first = i
  return first
}

function drawUrgent(latest: Float64Array, ready: Int32Array, count: number, draw: Draw): number {
  let last = Number.NEGATIVE_INFINITY
  for (let i = 0; i < count; i += 1) last = Math.max(last, latest[ready[i]!]!)
  let sum = 0
  for (let i = 0; i < count; i += 1) sum += (last - latest[ready[i]!]! + 1) ** bias
  let left = draw() * sum
  for (let i = 0; i < count - 1; i += 1) {
    left -= (last - latest[ready[i]!]! + 1) ** bias
    if (left < 0) return i
  }
  return count - 1
}

/** Between these shares of the list come from the father. */
const leastShare = 0.2
const mostShare = 0.7

/** The mother's order, but for a stretch of it that is in the father's (two-point crossover: Hartmann 1998). */
export function cross(
  mother: Int32Array,
  father: Int32Array,
  draw: Draw,
  taken: Uint8Array,
  child: Int32Array,
): void {
  const size = mother.length
  const share = leastShare + draw() * (mostShare - leastShare)
  const length = Math.max(1, Math.round(size * share))
  const first = pick(draw, size - length + 1)
  child.set(mother)
  taken.fill(1)
  for (let at = first; at < size; at += 1) taken[mother[at]!] = 0
  let at = first
  for (let i = 0; at < first + length; i += 1) {
    const j = father[i]!
    if (taken[j] === 1) continue
    taken[j] = 1
    child[at++] = j
  }
  for (let i = first; at < size; i += 1) if (taken[mother[i]!] === 0) child[at++] = mother[i]!
}

/** How often an activity changes places with the next one. */
const mutation = 0.05

export function mutate({ predecessorStart, predecessor }: Side, draw: Draw, list: Int32Array): void {
  for (let at = 0; at + 1 < list.length; at += 1) {
    if (draw() >= mutation) continue
    const one = list[at]!
    const next = list[at + 1]!
    let waits = false
    for (let e = predecessorStart[next]!; e < predecessorStart[next + 1]!; e += 1)
      if (predecessor[e] === one) waits = true
    if (waits) continue
    list[at] = next
    list[at + 1] = one
  }
}
