/**
 * How early no schedule of a world can be over, whoever takes the posts. The one rule: only what must hold for every
 * choice of people counts, so a schedule that ends with the bound is optimal.
 *
 * Two bounds, the better counts. Each work as early as what it waits for lets it, with whoever would be over first
 * were there nothing else to do. And hours: all that only some people can do, from a slot on, takes those people's hours from
 * there on (energetic reasoning over sets of people: Bellenguez-Morineau and Néron, RAIRO 41, 2007).
 */
import { findSpan } from './schedule-board.ts'
import type { Board } from './schedule-board.ts'
import { toSuccessors } from './schedule-crew.ts'
import type { Bound } from './rcpsp-bound.ts'
import type { Work, World } from './schedule.ts'

/** `order` names every work once, what it waits for before it. */
export function findPlanBound(world: World, board: Board, order: ArrayLike<number>): Bound {
  const { works } = world
  const head = Int32Array.from(works, ({ release }) => release)
  const finish = new Int32Array(works.length)
  const after = toSuccessors(world)
  for (const j of Array.from(order)) {
    finish[j] = endOf(board, works[j]!, head[j]!)
    for (const { to, lag } of after[j]!) head[to] = Math.max(head[to]!, finish[j] + lag)
  }
  const tail = new Int32Array(works.length)
  for (const j of Array.from(order).toReversed())
    for (const { to, lag } of after[j]!) tail[j] = Math.max(tail[j]!, lag + works[to]!.slots + tail[to]!)
  const tardiness = works.reduce(
    (sum, { due, weight }, j) => (due === null ? sum : sum + weight * Math.max(0, finish[j]! - due)),
    0,
  )
  const path = finish.reduce((end, one) => Math.max(end, one), 0)
  return { makespan: Math.max(path, boundHours(works, board, head, tail)), tardiness }
}

/** Each post alone, with whoever is over first; the last of the posts counts. */
function endOf(board: Board, work: Work, from: number): number {
  const ends = work.posts.map(({ fits }) =>
    fits.reduce(
      (end, { person, until }) =>
        findSpan(board, work, work.slots, [person], from, Math.min(until ?? end, end))?.finish ?? end,
      Number.POSITIVE_INFINITY,
    ),
  )
  const [alone, ...others] = ends.length > 0 ? ends : [findSpan(board, work, work.slots, [], from)!.finish]
  return Math.max(alone!, ...others)
}

type Load = { readonly head: number; readonly tail: number; readonly slots: number }

function boundHours(works: readonly Work[], board: Board, head: Int32Array, tail: Int32Array): number {
  const groups = new Map<string, ReadonlySet<number>>()
  const posts = works.flatMap(({ posts: own, slots }, j) =>
    own.map(({ fits }) => {
      const people = new Set(fits.map(({ person }) => person))
      const key = [...people].toSorted((a, b) => a - b).join(' ')
      groups.set(key, people)
      return { people, load: { head: head[j]!, tail: tail[j]!, slots } }
    }),
  )
  const all = new Set(posts.flatMap(({ people }) => [...people]))
  let bound = 0
  for (const group of [...groups.values(), all]) {
    const loads = posts
      .filter(({ people }) => [...people].every((person) => group.has(person)))
      .map(({ load }) => load)
    const hours = new Float64Array(board.length + 1)
    for (let slot = 0; slot < board.length; slot += 1) {
      let there = 0
      for (const person of group) there += board.shift[person]![slot]! & board.free[person]![slot]!
      hours[slot + 1] = hours[slot]! + there
    }
    bound = Math.max(bound, boundLoads(loads, hours, group.size))
  }
  board.tools.forEach((amounts, tool) => {
    const loads = works.flatMap(({ tools, slots }, j) =>
      tools
        .filter((one) => one.tool === tool)
        .map(({ quantity }) => ({ head: head[j]!, tail: tail[j]!, slots: slots * quantity })),
    )
    const hours = new Float64Array(board.length + 1)
    amounts.forEach((amount, slot) => (hours[slot + 1] = hours[slot]! + Math.max(0, amount)))
    bound = Math.max(bound, boundLoads(loads, hours, Math.max(1, ...amounts)))
  })
  return bound
}

/** `hours` are those that are there before each slot; behind the last one `most` in each. */
function boundLoads(loads: readonly Load[], hours: Float64Array, most: number): number {
  let bound = 0
  let need = 0
  let tail = Number.POSITIVE_INFINITY
  const last = hours.length - 1
  for (const load of loads.toSorted((a, b) => b.head - a.head)) {
    need += load.slots
    tail = Math.min(tail, load.tail)
    const from = Math.min(load.head, last)
    const wanted = hours[from]! + need
    const end =
      wanted > hours[last]!
        ? Math.max(last, load.head) + Math.ceil((wanted - hours[last]!) / most)
        : findFirst(hours, wanted)
    bound = Math.max(bound, end + tail)
  }
  return bound
}

/** The first index at which so much is reached. */
function findFirst(sums: Float64Array, wanted: number): number {
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sums[middle]! >= wanted) high = middle
    else low = middle + 1
  }
  return low
}
