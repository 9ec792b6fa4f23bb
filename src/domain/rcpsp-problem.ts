/**
 * From a project as people write it down to the flat arrays of the scheduler. The one rule: what no schedule can
 * satisfy is found and named here, or the arrays have room for every order of the activities.
 */
import { findEarliest, findFit, toRoom, toTimes } from './rcpsp-generate.ts'
import { tooLate } from './rcpsp.ts'
import type { Activity, Impossible, Precedence, Problem, Profile, Project, Side, Step } from './rcpsp.ts'

type Answer = { ok: true; problem: Problem } | { ok: false; why: readonly Impossible[] }

/** Throws a RangeError when a number is not a whole one within bounds, or names what is not there. */
export function toProblem(project: Project): Answer {
  assertWhole(project)
  const { activities, precedences } = project
  const into = toEdges(activities.length, precedences, 'after', 'before')
  const out = toEdges(activities.length, precedences, 'before', 'after')
  const order = sortTopologically(into, out)
  if (order.length < activities.length) {
    const outside = new Set([...order, ...sortTopologically(out, into)])
    const inside = activities.map((_, j) => j).filter((j) => !outside.has(j))
    return { ok: false, why: [{ kind: 'cycle', activities: inside }] }
  }
  const scarce = listNeverEnough(project)
  if (scarce.length > 0) return { ok: false, why: scarce }
  const { horizon, ahead, back } = layOut(project)
  const needs = activities.map(listNeeds)
  const problem: Problem = {
    size: activities.length,
    resources: project.capacities.length,
    horizon,
    duration: Int32Array.from(activities, ({ duration }) => duration),
    release: Int32Array.from(activities, ({ release }) => release ?? 0),
    due: Int32Array.from(activities, ({ due }) => due ?? -1),
    weight: Int32Array.from(activities, ({ weight }) => weight ?? 1),
    calendar: Int32Array.from(activities, ({ calendar }) => (calendar ?? -1) + 1),
    needStart: toStarts(needs),
    needResource: Int32Array.from(needs.flat(), ({ resource }) => resource),
    needAmount: Int32Array.from(needs.flat(), ({ amount }) => amount),
    forward: toSide(into, out, order, ahead),
    backward: toSide(out, into, order.toReversed(), back),
  }
  assertCountable(problem)
  const roomless = listRoomless(problem)
  return roomless.length > 0 ? { ok: false, why: roomless } : { ok: true, problem }
}

function assertWithin(name: string, value: number, least: number, below = 2 ** 31): void {
  if (!Number.isSafeInteger(value) || value < least || value >= below)
    throw new RangeError(`${name} is ${value}: not a whole number from ${least} on and below ${below}`)
}

function assertWhole({ activities, precedences, capacities, calendars = [], horizon = 1 }: Project): void {
  for (const { duration, needs, release = 0, due = 0, weight = 1, calendar } of activities) {
    assertWithin('duration', duration, 0)
    assertWithin('release', release, 0)
    assertWithin('due', due, 0)
    assertWithin('weight', weight, 0)
    if (calendar !== undefined) assertWithin('calendar', calendar, 0, calendars.length)
    for (const { resource, amount } of needs) {
      assertWithin('resource', resource, 0, capacities.length)
      assertWithin('amount', amount, 0)
    }
    if (new Set(needs.map(({ resource }) => resource)).size < needs.length)
      throw new RangeError('an activity names a resource twice')
  }
  for (const { before, after, lag } of precedences) {
    assertWithin('before', before, 0, activities.length)
    assertWithin('after', after, 0, activities.length)
    assertWithin('lag', lag, 0)
  }
  for (const profile of [...capacities, ...calendars]) {
    let last = -1
    for (const [from, amount] of toSteps(profile)) {
      assertWithin('step', from, last + 1)
      assertWithin('capacity', amount, 0)
      last = from
    }
  }
  assertWithin('horizon', horizon, 1)
}

/** Lateness and end go into one number, which must be exact. */
function assertCountable({ weight, due, forward, backward }: Problem): void {
  const weights = weight.reduce((sum, one, j) => (due[j]! < 0 ? sum : sum + one), 0)
  if (weights * (forward.axis + backward.axis) ** 2 > tooLate)
    throw new RangeError(`the weights add up to ${weights}: too much for so many slots`)
}

const toSteps = (profile: Profile): readonly Step[] =>
  typeof profile === 'number' ? [[0, profile]] : profile

const toLast = (steps: readonly Step[]): Step => steps.at(-1) ?? [0, 0]

/** A milestone holds nothing, whatever it names. */
const listNeeds = ({ duration, needs }: Activity): Activity['needs'] =>
  duration === 0 ? [] : needs.filter(({ amount }) => amount > 0)

function toStarts(lists: readonly (readonly unknown[])[]): Int32Array {
  const starts = new Int32Array(lists.length + 1)
  lists.forEach(({ length }, i) => (starts[i + 1] = starts[i]! + length))
  return starts
}

type Edges = { readonly start: Int32Array; readonly other: Int32Array; readonly lag: Int32Array }

function toEdges(size: number, precedences: readonly Precedence[], own: End, other: End): Edges {
  const lists = Array.from({ length: size }, (): Precedence[] => [])
  for (const edge of precedences) lists[edge[own]]!.push(edge)
  const flat = lists.flat()
  return {
    start: toStarts(lists),
    other: Int32Array.from(flat, (edge) => edge[other]),
    lag: Int32Array.from(flat, ({ lag }) => lag),
  }
}
type End = 'before' | 'after'

/** Kahn's order; shorter than the activities are many where there is a cycle. */
function sortTopologically(into: Edges, out: Edges): Int32Array {
  const waits = into.start.subarray(1).map((end, j) => end - into.start[j]!)
  const order: number[] = []
  waits.forEach((count, j) => {
    if (count === 0) order.push(j)
  })
  for (let at = 0; at < order.length; at += 1) {
    const j = order[at]!
    for (const next of out.other.subarray(out.start[j], out.start[j + 1])) {
      waits[next]! -= 1
      if (waits[next] === 0) order.push(next)
    }
  }
  return Int32Array.from(order)
}

type Slots = Pick<Side, 'axis' | 'capacity' | 'open'>

function toSide(into: Edges, out: Edges, order: Int32Array, slots: Slots): Side {
  const rank = new Int32Array(order.length)
  order.forEach((j, at) => (rank[j] = at))
  return {
    ...slots,
    predecessorStart: into.start,
    predecessor: into.other,
    lag: into.lag,
    successorStart: out.start,
    successor: out.other,
    order,
    rank,
  }
}

function listNeverEnough({ activities, capacities }: Project): Impossible[] {
  const mosts = capacities.map((profile) => Math.max(0, ...toSteps(profile).map(([, amount]) => amount)))
  return activities.flatMap((one, activity) =>
    listNeeds(one).flatMap(({ resource, amount: needs }) => {
      const most = mosts[resource]!
      return needs > most ? [{ kind: 'never_enough' as const, activity, resource, needs, most }] : []
    }),
  )
}

/**
 * Where the profiles have ended, work for which they leave nothing would never find room. So behind the horizon there
 * is enough of everything and each calendar is open; who ends there is told that it does not hold.
 */
function layOut(project: Project): { horizon: number; ahead: Slots; back: Slots } {
  const { activities, precedences, capacities, calendars = [] } = project
  const resources = capacities.length
  const steps = capacities.map(toSteps)
  const shifts = [1, ...calendars].map(toSteps)
  const most = new Int32Array(resources)
  for (const { resource, amount } of activities.flatMap(listNeeds))
    if (amount > most[resource]!) most[resource] = amount
  const lasts =
    steps.every((one, r) => toLast(one)[1] >= most[r]!) && shifts.every((one) => toLast(one)[1] > 0)
  const settled = project.horizon ?? Math.max(...[...steps, ...shifts].map((one) => toLast(one)[0]))
  const lags = new Int32Array(activities.length)
  for (const { before, after, lag } of precedences)
    for (const j of [before, after]) lags[j] = Math.max(lags[j]!, lag)
  const length = activities.reduce((sum, { duration }, j) => sum + duration + lags[j]!, 1)
  const axis = activities.reduce((latest, { release = 0 }) => Math.max(latest, release), settled) + length
  const horizon = project.horizon ?? (lasts ? axis : settled)
  const ahead = {
    axis,
    capacity: new Int32Array(axis * resources),
    open: new Uint8Array(axis * shifts.length),
  }
  eachSlot(steps, horizon, axis, (r, slot, amount) => {
    ahead.capacity[slot * resources + r] = slot < horizon ? amount : most[r]!
  })
  eachSlot(shifts, horizon, axis, (c, slot, amount) => {
    ahead.open[c * axis + slot] = slot >= horizon || amount > 0 ? 1 : 0
  })
  return { horizon, ahead, back: reverseSlots(ahead, axis + length, most) }
}

function eachSlot(
  profiles: readonly (readonly Step[])[],
  horizon: number,
  axis: number,
  visit: (profile: number, slot: number, amount: number) => void,
): void {
  profiles.forEach((steps, profile) => {
    let next = 0
    let amount = 0
    for (let slot = 0; slot < axis; slot += 1) {
      if (steps[next]?.[0] === slot) {
        amount = steps[next]![1]
        next += 1
      }
      visit(profile, slot, slot < horizon ? amount : 0)
    }
  })
}

function reverseSlots({ axis: pivot, capacity, open }: Slots, axis: number, most: Int32Array): Slots {
  const resources = most.length
  const back = {
    axis,
    capacity: new Int32Array(axis * resources),
    open: new Uint8Array((open.length / pivot) * axis),
  }
  for (let slot = 0; slot < axis; slot += 1) {
    const mirrored = pivot - 1 - slot
    for (let r = 0; r < resources; r += 1)
      back.capacity[slot * resources + r] = mirrored < 0 ? most[r]! : capacity[mirrored * resources + r]!
    for (let c = 0; c * pivot < open.length; c += 1)
      back.open[c * axis + slot] = mirrored < 0 ? 1 : open[c * pivot + mirrored]!
  }
  return back
}

/** What would end behind the horizon even if it had every resource for itself; the first of a chain of them. */
function listRoomless(problem: Problem): Impossible[] {
  const { size, release, forward, horizon } = problem
  const times = toTimes(size)
  const room = toRoom(forward)
  const late: Impossible[] = []
  for (const activity of forward.order) {
    findFit(problem, room, times, activity, findEarliest(forward, times, release, activity))
    if (times.finish[activity]! > horizon) late.push({ kind: 'no_room', activity })
  }
  return late
}
