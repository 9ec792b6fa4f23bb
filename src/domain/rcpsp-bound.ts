/**
 * How short no schedule can be. The one rule: a length is refuted only by what must hold in every schedule, so a
 * schedule as long as the bound is optimal.
 *
 * Destructive improvement (Klein and Scholl, European Journal of Operational Research 112, 1999): suppose an end;
 * windows of time shrink by precedence, by what two activities cannot share, and by the parts of activities that must
 * be there (timetable); then every interval must have room for the work that cannot lie outside of it (energetic
 * reasoning: Baptiste, Le Pape and Nuijten, Annals of Operations Research 92, 1999). A contradiction refutes it.
 */
import { clearRoom, findEarliest, findFit, takeRoom, toRoom, toTimes } from './rcpsp-generate.ts'
import type { Room } from './rcpsp-generate.ts'
import type { Problem, Side, Times } from './rcpsp.ts'

export type Bound = { readonly makespan: number; readonly tardiness: number }

/** Windows of time: the earliest times as seen from each end. Where one direction ends, the other begins. */
type Windows = {
  readonly problem: Problem
  readonly ahead: Reach
  readonly back: Reach
  /** Two and two that cannot work at once. */
  readonly pairs: readonly (readonly [one: number, other: number])[]
  /** Scratch: work that cannot lie outside, by slot. */
  readonly work: Int32Array
}
type Reach = { readonly room: Room; readonly times: Times; readonly from: Int32Array }

/** `reached` is the end of a schedule that is known. */
export function findBound(problem: Problem, reached: number): Bound {
  const { size, due, weight, forward, backward } = problem
  const toReach = (side: Side): Reach => ({
    room: toRoom(side),
    times: toTimes(size),
    from: new Int32Array(size),
  })
  const ahead = toReach(forward)
  const windows = {
    problem,
    ahead,
    back: toReach(backward),
    pairs: listPairs(problem),
    work: new Int32Array(backward.axis + 1),
  }
  openReach(problem, ahead, problem.release)
  const tardiness = ahead.times.finish.reduce(
    (sum, finish, j) => (due[j]! < 0 ? sum : sum + weight[j]! * Math.max(0, finish - due[j]!)),
    0,
  )
  let low = ahead.times.finish.reduce((end, one) => Math.max(end, one), 0)
  let high = reached
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (isRefuted(windows, middle)) low = middle + 1
    else high = middle
  }
  return { makespan: low, tardiness }
}

/** Pairs whose needs of one resource are never there at once, and that cannot work in each other's pauses. */
function listPairs({
  size,
  resources,
  calendar,
  needStart,
  needResource,
  needAmount,
  forward,
}: Problem): [number, number][] {
  const most = new Int32Array(resources)
  for (let at = 0; at < forward.capacity.length; at += 1)
    most[at % resources] = Math.max(most[at % resources]!, forward.capacity[at]!)
  const amounts = Array.from({ length: size }, (_, j) => {
    const row = new Int32Array(resources)
    for (let e = needStart[j]!; e < needStart[j + 1]!; e += 1) row[needResource[e]!] = needAmount[e]!
    return row
  })
  const pairs: [number, number][] = []
  for (let i = 0; i < size; i += 1)
    for (let j = i + 1; j < size; j += 1) {
      const isTooMuch = amounts[i]!.some(
        (amount, r) => amount > 0 && amounts[j]![r]! > 0 && amount + amounts[j]![r]! > most[r]!,
      )
      if (isTooMuch && calendar[i] === calendar[j]) pairs.push([i, j])
    }
  return pairs
}

function openReach(problem: Problem, { room, times, from }: Reach, earliest: Int32Array | number): void {
  clearRoom(problem, room)
  if (typeof earliest === 'number') from.fill(earliest)
  else from.set(earliest)
  for (const j of room.side.order) findFit(problem, room, times, j, findEarliest(room.side, times, from, j))
}

/** No schedule ends by `end`. */
function isRefuted(windows: Windows, end: number): boolean {
  const { problem, ahead, back } = windows
  openReach(problem, ahead, problem.release)
  openReach(problem, back, problem.forward.axis - end)
  for (let moved = true; moved;) {
    if (!orderPairs(windows) || !takeCertain(windows)) return true
    const one = tighten(problem, ahead, back)
    const other = tighten(problem, back, ahead)
    if (one === 'refuted' || other === 'refuted') return true
    moved = one === 'moved' || other === 'moved'
  }
  return isOverloaded(windows, ahead, back) || isOverloaded(windows, back, ahead)
}

/** The latest start, in the direction of the other one. */
const latestStart = ({ forward }: Problem, { times }: Reach, j: number): number =>
  forward.axis - times.finish[j]!

/** Where only one of two can be first, the other waits for it. False where neither can. */
function orderPairs({ problem, ahead, back, pairs }: Windows): boolean {
  const putFirst = (first: number, then: number): void => {
    ahead.from[then] = Math.max(ahead.from[then]!, ahead.times.finish[first]!)
    back.from[first] = Math.max(back.from[first]!, back.times.finish[then]!)
  }
  return pairs.every(([one, other]) => {
    const canOne = ahead.times.finish[one]! <= latestStart(problem, back, other)
    const canOther = ahead.times.finish[other]! <= latestStart(problem, back, one)
    if (!canOne) putFirst(other, one)
    if (!canOther) putFirst(one, other)
    return canOne || canOther
  })
}

/** What starts at the latest before it ends at the earliest works in between for certain. False where that is too much. */
function takeCertain({ problem, ahead, back }: Windows): boolean {
  const { size, forward, resources } = problem
  clearRoom(problem, ahead.room)
  clearRoom(problem, back.room)
  for (let j = 0; j < size; j += 1) {
    const latest = latestStart(problem, back, j)
    const end = ahead.times.finish[j]!
    if (ahead.times.start[j]! > latest) return false
    if (latest >= end) continue
    takeRoom(problem, ahead.room, j, latest, end)
    takeRoom(problem, back.room, j, forward.axis - end, forward.axis - latest)
  }
  const { free, low, high } = ahead.room
  return free.subarray(low * resources, high * resources).every((amount) => amount >= 0)
}

/** Moves earliest times to where they fit beside what is certain. */
function tighten(problem: Problem, reach: Reach, other: Reach): 'refuted' | 'moved' | 'still' {
  const { room, times, from } = reach
  let moved = false
  for (const j of room.side.order) {
    const before = times.start[j]!
    const end = times.finish[j]!
    const latest = latestStart(problem, other, j)
    const isCertain = latest < end
    if (isCertain) takeRoom(problem, room, j, latest, end, -1)
    const earliest = Math.max(before, findEarliest(room.side, times, from, j))
    const fits = findFit(problem, room, times, j, earliest, latest)
    if (isCertain) takeRoom(problem, room, j, latest, end)
    if (!fits) return 'refuted'
    if (times.start[j]! > before) moved = true
  }
  return moved ? 'moved' : 'still'
}

/** From the earliest start of each on: does the work that can lie nowhere else fit up to every later slot? */
function isOverloaded({ problem, work }: Windows, { room, times }: Reach, other: Reach): boolean {
  const { size, resources, calendar, needStart, needResource, needAmount } = problem
  const { capacity, open, axis } = room.side
  for (let resource = 0; resource < resources; resource += 1) {
    const users: { j: number; amount: number }[] = []
    for (let j = 0; j < size; j += 1)
      for (let e = needStart[j]!; e < needStart[j + 1]!; e += 1)
        if (needResource[e] === resource) users.push({ j, amount: needAmount[e]! })
    // What is there while nobody who needs it works is of no use.
    const shifts = [...new Set(users.map(({ j }) => calendar[j]! * axis))]
    for (const first of new Set(users.map(({ j }) => times.start[j]!))) {
      let end = first
      for (const { j, amount } of users)
        end = Math.max(
          end,
          addForced(problem, room.side, times, latestStart(problem, other, j), j, amount, first, work),
        )
      let over = 0
      let isTooMuch = false
      for (let slot = first; slot < end; slot += 1) {
        const isOpen = shifts.some((shift) => open[shift + slot]! > 0)
        over += work[slot]! - (isOpen ? capacity[slot * resources + resource]! : 0)
        if (over > 0) isTooMuch = true
        work[slot] = 0
      }
      if (isTooMuch) return true
    }
  }
  return false
}

/** Adds the work of one that cannot lie before `first`, where it is as late as it can; answers with its last slot. */
function addForced(
  { calendar }: Problem,
  { open, axis }: Side,
  { start, finish }: Times,
  latest: number,
  j: number,
  amount: number,
  first: number,
  work: Int32Array,
): number {
  const shift = calendar[j]! * axis
  let forced = 0
  for (let slot = Math.max(first, start[j]!); slot < finish[j]!; slot += 1) forced += open[shift + slot]!
  let slot = Math.max(first, latest)
  for (; forced > 0; slot += 1)
    if (open[shift + slot] === 1) {
      work[slot]! += amount
      forced -= 1
    }
  return slot
}
