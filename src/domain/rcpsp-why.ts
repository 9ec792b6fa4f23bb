/**
 * Why each activity starts when it does, read from a finished schedule. The one rule: one slot earlier would break
 * exactly what is named.
 */
import { findEarliest, findFit, takeRoom, toRoom, toTimes } from './rcpsp-generate.ts'
import type { Problem, Times } from './rcpsp.ts'

export type Why =
  /** Nothing is before it: it starts at slot 0. */
  | { readonly kind: 'origin' }
  | { readonly kind: 'release'; readonly slot: number }
  /** It waits for this one, and `lag` slots more. */
  | { readonly kind: 'predecessor'; readonly activity: number; readonly lag: number }
  /** In that slot `holders` have what it would need of the resource. */
  | {
      readonly kind: 'resource'
      readonly resource: number
      readonly slot: number
      readonly holders: readonly number[]
    }
  /** In that slot there is not so much of the resource, whoever else works. */
  | { readonly kind: 'capacity'; readonly resource: number; readonly slot: number }
  /** Its own calendar is closed in that slot. */
  | { readonly kind: 'calendar'; readonly slot: number }
  /** It could start earlier: the schedule was not made by the search. */
  | { readonly kind: 'choice' }

export function explainStarts(problem: Problem, times: Times): Why[] {
  const { size, release, forward } = problem
  const room = toRoom(forward)
  for (let j = 0; j < size; j += 1) takeRoom(problem, room, j, times.start[j]!, times.finish[j]!)
  const scratch = toTimes(size)
  return Array.from(times.start, (start, j): Why => {
    const earliest = findEarliest(forward, times, release, j)
    if (start <= earliest) return explainEarliest(problem, times, j, start)
    // Where would it start if it stood alone there? Its own place is given back for the question.
    takeRoom(problem, room, j, start, times.finish[j]!, -1)
    findFit(problem, room, scratch, j, earliest)
    const why =
      scratch.start[j]! < start
        ? ({ kind: 'choice' } as const)
        : findObstacle(problem, room.free, times, j, earliest)
    takeRoom(problem, room, j, start, times.finish[j]!)
    return why
  })
}

function explainEarliest({ forward, release }: Problem, { finish }: Times, j: number, start: number): Why {
  if (start === 0) return { kind: 'origin' }
  for (let e = forward.predecessorStart[j]!; e < forward.predecessorStart[j + 1]!; e += 1) {
    const activity = forward.predecessor[e]!
    if (start === finish[activity]! + forward.lag[e]!)
      return { kind: 'predecessor', activity, lag: forward.lag[e]! }
  }
  return release[j] === start ? { kind: 'release', slot: start } : { kind: 'choice' }
}

/** From the start on it fits, so what is in the way is in the last slot before it in which it could work. */
function findObstacle(problem: Problem, free: Int32Array, times: Times, j: number, earliest: number): Why {
  const { size, resources, calendar, needStart, needResource, needAmount } = problem
  const { open, axis, capacity } = problem.forward
  const works = (one: number, slot: number): boolean =>
    times.start[one]! <= slot && slot < times.finish[one]! && open[calendar[one]! * axis + slot]! > 0
  const last = times.start[j]! - 1
  let slot = last
  while (slot >= earliest && open[calendar[j]! * axis + slot] === 0) slot -= 1
  if (slot < earliest) return { kind: 'calendar', slot: last }
  for (let e = needStart[j]!; e < needStart[j + 1]!; e += 1) {
    const resource = needResource[e]!
    const at = slot * resources + resource
    if (capacity[at]! < needAmount[e]!) return { kind: 'capacity', resource, slot }
    if (free[at]! >= needAmount[e]!) continue
    const holders = Array.from({ length: size }, (_, one) => one).filter(
      (one) => works(one, slot) && needs(problem, one, resource),
    )
    return { kind: 'resource', resource, slot, holders }
  }
  return { kind: 'choice' }
}

const needs = ({ needStart, needResource }: Problem, one: number, resource: number): boolean =>
  needResource.subarray(needStart[one], needStart[one + 1]).includes(resource)
