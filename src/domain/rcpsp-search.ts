/**
 * A good schedule, and a better one the longer it is asked: a genetic search with two populations (Debels and
 * Vanhoucke, A bi-population based genetic algorithm for the RCPSP, LNCS 3483, 2005). Two schedules that are pushed to
 * the left are crossed, and the child is generated from the right; two that are pushed to the right, from the left. So
 * every child is improved backward and forward for the price of one schedule. The one rule: every schedule generated,
 * in either direction, counts as one, and the same problem, seed and budget give the same answer.
 */
import { findBound } from './rcpsp-bound.ts'
import type { Bound } from './rcpsp-bound.ts'
import { generateInParallel, generateSerially, listByStart, toRoom, toTimes } from './rcpsp-generate.ts'
import type { Room } from './rcpsp-generate.ts'
import { cross, drawList, mutate, pick, toLatestFinish } from './rcpsp-list.ts'
import { costOf } from './rcpsp.ts'
import type { Problem, Times } from './rcpsp.ts'
import { openDraw } from './simulate.ts'
import type { Draw } from './simulate.ts'

export type SearchOptions = {
  readonly seed: number
  /** Most schedules to generate; the populations are as large as befits so many. */
  readonly schedules: number
}

export type Progress = {
  /** Generated so far. */
  readonly schedules: number
  /** Of the best one: its end, and the sum of weight times slots after the due date. */
  readonly makespan: number
  readonly tardiness: number
  readonly bound: Bound
  /** By how much of the bound the best one is longer. */
  readonly gap: number
  /** It ends by the horizon; where it does not, none that does was found. */
  readonly isFeasible: boolean
  /** It is optimal, or the budget is used up. */
  readonly isOver: boolean
}

/** The schedules of one direction, each as the list by which the other direction is generated. */
type Population = {
  /** In which the children of this population are generated. */
  readonly room: Room
  readonly lists: readonly Int32Array[]
  /** Of those that are pushed to the left: when each activity is over. */
  readonly finishes: readonly Int32Array[]
  readonly costs: Float64Array
}

type Scratch = {
  readonly times: Times
  readonly finish: Int32Array
  readonly from: Int32Array
  readonly keys: Float64Array
  readonly child: Int32Array
  readonly next: Int32Array
  readonly taken: Uint8Array
  readonly ready: Int32Array
}

export type Search = {
  readonly problem: Problem
  readonly budget: number
  readonly draw: Draw
  readonly latest: Float64Array
  readonly left: Population
  readonly right: Population
  readonly best: Times
  readonly scratch: Scratch
  bestCost: number
  bound: Bound
  schedules: number
  /** How many of both populations there are. */
  filled: number
  /** The list of a schedule pushed to the right that promises a better one. */
  isPromising: boolean
}

/** Of both populations together, for each root of the budget (measured: half and twice as many are worse). */
const membersPerRoot = 5.6

export function startSearch(problem: Problem, { seed, schedules }: SearchOptions): Search {
  const { size, forward, backward } = problem
  const members = Math.max(2, Math.round((membersPerRoot * Math.sqrt(schedules)) / 2))
  const toLists = (): Int32Array[] => Array.from({ length: members }, () => new Int32Array(size))
  const toPopulation = (room: Room, finishes: Int32Array[]): Population => ({
    room,
    lists: toLists(),
    finishes,
    costs: new Float64Array(members).fill(Number.POSITIVE_INFINITY),
  })
  return {
    problem,
    budget: schedules,
    draw: openDraw(seed),
    latest: toLatestFinish(problem),
    left: toPopulation(toRoom(backward), toLists()),
    right: toPopulation(toRoom(forward), []),
    best: toTimes(size),
    scratch: {
      times: toTimes(size),
      finish: new Int32Array(size),
      from: new Int32Array(size),
      keys: new Float64Array(size),
      child: new Int32Array(size),
      next: new Int32Array(size),
      taken: new Uint8Array(size),
      ready: new Int32Array(2 * size),
    },
    bestCost: Number.POSITIVE_INFINITY,
    bound: { makespan: 0, tardiness: 0 },
    schedules: 0,
    filled: 0,
    isPromising: false,
  }
}

/** Generates so many more schedules, fewer where it is over before. Between two calls it can be left for good. */
export function advance(search: Search, schedules: number): Progress {
  const until = Math.min(search.budget, search.schedules + schedules)
  while (search.schedules < until && !isOptimal(search)) {
    generateNext(search)
    search.schedules += 1
    if (search.schedules === 1) search.bound = findBound(search.problem, endOf(search.best))
  }
  return toProgress(search)
}

const endOf = ({ finish }: Times): number => finish.reduce((end, one) => Math.max(end, one), 0)

const isOptimal = ({ problem, bestCost, bound }: Search): boolean =>
  bestCost <= bound.tardiness * (problem.forward.axis + problem.backward.axis) + bound.makespan

function toProgress(search: Search): Progress {
  const { problem, best, bound, schedules, budget } = search
  const makespan = endOf(best)
  const tardiness = best.finish.reduce(
    (sum, finish, j) =>
      problem.due[j]! < 0 ? sum : sum + problem.weight[j]! * Math.max(0, finish - problem.due[j]!),
    0,
  )
  const isOver = schedules >= budget || isOptimal(search)
  const gap = makespan === 0 ? 0 : (makespan - bound.makespan) / Math.max(1, bound.makespan)
  return { schedules, makespan, tardiness, bound, gap, isFeasible: makespan <= problem.horizon, isOver }
}

/** One more schedule, forward or backward. */
function generateNext(search: Search): void {
  const { problem, draw, latest, left, scratch, filled } = search
  const members = left.lists.length
  const member = filled >> 1
  if (search.isPromising) {
    search.isPromising = false
    generateForward(search, scratch.child, false, findWorst(left.costs, draw))
  } else if (member >= members) {
    breed(search)
  } else if (filled % 2 === 0) {
    drawList(problem, latest, filled === 0 ? undefined : draw, scratch.ready, scratch.child)
    generateForward(search, scratch.child, member % 2 === 1, member)
    search.filled += 1
  } else {
    generateBackward(search, left.lists[member]!, left.finishes[member]!, member)
    search.filled += 1
  }
}

/** A child of one population takes the place of a bad one in the other. */
function breed(search: Search): void {
  const { draw, left, right, scratch, schedules } = search
  const parents = schedules % 2 === 0 ? left : right
  const mother = choose(parents, draw)
  const father = choose(parents, draw)
  cross(parents.lists[mother]!, parents.lists[father]!, draw, scratch.taken, scratch.child)
  mutate(parents.room.side, draw, scratch.child)
  if (parents === right) generateForward(search, scratch.child, false, findWorst(left.costs, draw))
  else generateBackward(search, scratch.child, left.finishes[mother]!, findWorst(right.costs, draw))
}

/** The better of two. */
function choose({ costs }: Population, draw: Draw): number {
  const one = pick(draw, costs.length)
  const other = pick(draw, costs.length)
  return costs[one]! <= costs[other]! ? one : other
}

/** The worst, looking from a random place on where several are. */
function findWorst(costs: Float64Array, draw: Draw): number {
  const first = pick(draw, costs.length)
  let worst = first
  for (let i = 1; i < costs.length; i += 1) {
    const at = (first + i) % costs.length
    if (costs[at]! > costs[worst]!) worst = at
  }
  return worst
}

function generateForward(search: Search, list: Int32Array, inParallel: boolean, place: number): void {
  const { problem, left, right, best, scratch } = search
  const { times, ready, from } = scratch
  if (inParallel) generateInParallel(problem, right.room, list, problem.release, times, ready)
  else generateSerially(problem, right.room, list, problem.release, times)
  const cost = costOf(problem, times.finish)
  if (cost < search.bestCost) {
    search.bestCost = cost
    best.start.set(times.start)
    best.finish.set(times.finish)
  }
  for (let j = 0; j < problem.size; j += 1) from[j] = problem.forward.axis - times.finish[j]!
  if (settle(search, left, from, cost, place)) left.finishes[place]!.set(times.finish)
}

/**
 * Pushed to the right, nothing is over later than in the mother's schedule, or its due date where that is later. What
 * then begins too early moves the whole to the right: so far is it from holding.
 */
function generateBackward(search: Search, list: Int32Array, mothers: Int32Array, place: number): void {
  const { problem, left, right, scratch } = search
  const { times, finish, from } = scratch
  const { size, due, release } = problem
  const { axis } = problem.forward
  let end = 0
  for (let j = 0; j < size; j += 1) if (mothers[j]! > end) end = mothers[j]!
  for (let j = 0; j < size; j += 1)
    from[j] = axis - (due[j]! < 0 ? end : Math.min(end, Math.max(due[j]!, mothers[j]!)))
  generateSerially(problem, left.room, list, from, times)
  let shift = Number.NEGATIVE_INFINITY
  for (let j = 0; j < size; j += 1) {
    finish[j] = axis - times.start[j]!
    const early = release[j]! - (axis - times.finish[j]!)
    if (early > shift) shift = early
  }
  const cost = costOf(problem, finish, shift)
  // Counted from where the other side ends, before slot 0.
  for (let j = 0; j < size; j += 1) from[j] = left.room.side.axis - times.finish[j]!
  settle(search, right, from, cost, place)
  if (cost >= search.bestCost) return
  search.isPromising = true
  listByStart(problem.forward, from, scratch.keys, scratch.child)
}

/** Into the population, unless what has the place is better, or it is there already. `start` is seen from the other side. */
function settle(
  search: Search,
  population: Population,
  start: Int32Array,
  cost: number,
  place: number,
): boolean {
  const { keys, next } = search.scratch
  const { room, lists, costs } = population
  if (cost > costs[place]!) return false
  listByStart(room.side, start, keys, next)
  // While the populations are filled every place needs a list; later, twins would crowd out the others.
  const isFree = costs[place] === Number.POSITIVE_INFINITY
  if (!isFree && costs.some((one, i) => one === cost && isSame(lists[i]!, next))) return false
  lists[place]!.set(next)
  costs[place] = cost
  return true
}

function isSame(one: Int32Array, other: Int32Array): boolean {
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false
  return true
}
