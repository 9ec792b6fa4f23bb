/**
 * A good schedule of a world, and a better one the longer it is asked. Who takes which post is chosen in one order of
 * the work; with the people chosen, the search of `rcpsp-search.ts` finds a better order; in that order people are chosen
 * again, and so on. The one rule: the same world, seed and budget give the same schedule, and whoever asks can leave
 * after any step with the best one so far.
 */
import type { Bound } from './rcpsp-bound.ts'
import { listByStart } from './rcpsp-generate.ts'
import { drawList, mutate, pick, toLatestFinish } from './rcpsp-list.ts'
import { toProblem } from './rcpsp-problem.ts'
import { advance, startSearch } from './rcpsp-search.ts'
import { costOf } from './rcpsp.ts'
import type { Impossible, Problem, Times } from './rcpsp.ts'
import { toBoard } from './schedule-board.ts'
import type { Board } from './schedule-board.ts'
import { findPlanBound } from './schedule-bound.ts'
import { chooseCrews, toProject } from './schedule-crew.ts'
import type { Placed } from './schedule-crew.ts'
import type { Crews, World } from './schedule.ts'
import { openDraw } from './simulate.ts'
import type { Draw } from './simulate.ts'

export type Effort = {
  readonly seed: number
  /** Most schedules to generate. */
  readonly schedules: number
}
/** Slots; `tardiness` is the sum of weight times slots after the due date. */
export type Quality = { readonly makespan: number; readonly tardiness: number }
export type Found = {
  readonly crews: Crews
  readonly start: Int32Array
  readonly finish: Int32Array
  readonly problem: Problem
}
export type Step = {
  readonly best: Found
  readonly quality: Quality
  /** Of the first that holds. */
  readonly first: Quality | undefined
  readonly bound: Bound
  readonly schedules: number
  /** It is over with the grid; where it is not, no schedule that is was found. */
  readonly isFeasible: boolean
  /** Nothing is better. */
  readonly isOptimal: boolean
}

/** So often people are chosen and then an order, each with half of the budget. */
const rounds = 6
/** So many schedules between two answers. */
const slice = 25

/** What no schedule can do, by its index and why; the rest may be possible without it. */
export function findImpossible(world: World): readonly Impossible[] {
  const order = toOrder(world)
  if (!order.ok) return order.why
  const { crews } = chooseCrews(world, toBoard(world), order.list)
  const answer = toProblem(toProject(world, crews).project)
  return answer.ok ? [] : answer.why
}

/** Every step is a better schedule, or more of the budget used. The world must hold nothing impossible. */
export function* search(world: World, effort: Effort): Generator<Step, void, undefined> {
  const order = toOrder(world)
  if (!order.ok) throw new RangeError('the work waits for itself')
  const board = toBoard(world)
  const hasChoice = world.works.some(({ posts }) => posts.some(({ fits }) => fits.length > 1))
  const draw = openDraw(effort.seed)
  const best = openBest(findPlanBound(world, board, order.list))
  const budget = Math.max(2, hasChoice ? Math.floor(effort.schedules / rounds / 2) : effort.schedules)
  let { crews } = chooseCrews(world, board, order.list)
  for (let round = 0; ; round += 1) {
    const answer = toProblem(toProject(world, crews).project)
    // Other people may have no room for it; those before had.
    if (answer.ok) {
      const running = startSearch(answer.problem, { seed: effort.seed + round, schedules: budget })
      const before = best.schedules
      for (let isOver = false; !isOver;) {
        const progress = advance(running, slice)
        isOver = progress.isOver
        best.schedules = before + progress.schedules
        if (!hasChoice) best.raise(progress.bound)
        best.take(answer.problem, crews, running.best)
        yield best.tell()
      }
    }
    if (!hasChoice || best.tell().isOptimal || best.schedules + budget > effort.schedules) return
    const others = chooseOthers(world, board, best.found!, draw)
    for (let step = 0; step < budget; step += slice) {
      crews = others(Math.min(slice, budget - step))
      best.schedules += Math.min(slice, budget - step)
      yield best.tell()
    }
  }
}

type Best = {
  found: Found | undefined
  schedules: number
  take(problem: Problem, crews: Crews, times: Times): void
  raise(bound: Bound): void
  tell(): Step
}

function openBest(bound: Bound): Best {
  let first: Quality | undefined
  let cost = Number.POSITIVE_INFINITY
  let quality: Quality = { makespan: 0, tardiness: 0 }
  let least = bound
  const best: Best = {
    found: undefined,
    schedules: 0,
    take(problem, crews, { start, finish }) {
      const now = costOf(problem, finish)
      if (now >= cost) return
      cost = now
      quality = toQuality(problem, finish)
      if (quality.makespan <= problem.horizon) first ??= quality
      best.found = { crews, problem, start: start.slice(), finish: finish.slice() }
    },
    raise(other) {
      least = {
        makespan: Math.max(least.makespan, other.makespan),
        tardiness: Math.max(least.tardiness, other.tardiness),
      }
    },
    tell: () => ({
      best: best.found!,
      quality,
      first,
      bound: least,
      schedules: best.schedules,
      isFeasible: quality.makespan <= best.found!.problem.horizon,
      isOptimal: quality.tardiness <= least.tardiness && quality.makespan <= least.makespan,
    }),
  }
  return best
}

function toQuality({ due, weight }: Problem, finish: Int32Array): Quality {
  let makespan = 0
  let tardiness = 0
  finish.forEach((end, j) => {
    makespan = Math.max(makespan, end)
    if (due[j]! >= 0) tardiness += weight[j]! * Math.max(0, end - due[j]!)
  })
  return { makespan, tardiness }
}

/**
 * Other people for a few works at a time, and neighbours in the order that change places, from the best schedule on; what
 * is no worse stays. Among schedules that are equally good the one counts in which everybody is done early: it leaves
 * room for the next change.
 */
function chooseOthers(world: World, board: Board, found: Found, draw: Draw): (steps: number) => Crews {
  const movable = world.works.flatMap(({ posts }, j) =>
    posts.some(({ fits }) => fits.length > 1) ? [j] : [],
  )
  let list = toList(found.start, found.problem)
  let { crews } = found
  let least = rate(found.problem, chooseCrews(world, board, list, { crews, works: new Set(), draw }))
  const change = (): void => {
    const works = new Set(
      Array.from({ length: 1 + pick(draw, mostChanged) }, () => movable[pick(draw, movable.length)]!),
    )
    const order = list.slice()
    mutate(found.problem.forward, draw, order)
    const other = chooseCrews(world, board, order, { crews, works, draw })
    const rating = rate(found.problem, other)
    if (rating.cost > least.cost || (rating.cost === least.cost && rating.ends > least.ends)) return
    crews = other.crews
    list = order
    least = rating
  }
  return (steps) => {
    for (let step = 0; step < steps; step += 1) change()
    return crews
  }
}
const mostChanged = 3

function rate(problem: Problem, { crews, spans }: Placed): { cost: number; ends: number } {
  const last = new Map<number, number>()
  spans.forEach(({ finish }, j) => {
    for (const person of crews[j]!) last.set(person, Math.max(last.get(person) ?? 0, finish))
  })
  const finishes = Int32Array.from(spans, ({ finish }) => finish)
  return {
    cost: costOf(problem, finishes),
    ends: [...last.values()].reduce((sum, end) => sum + end * end, 0),
  }
}

function toList(start: Int32Array, { forward }: Problem): Int32Array {
  const list = new Int32Array(start.length)
  listByStart(forward, start, new Float64Array(start.length), list)
  return list
}

type Order = { ok: true; list: Int32Array } | { ok: false; why: readonly Impossible[] }

/** By urgency, whoever does it: the work as if there were enough of everything. */
function toOrder({ works, precedences, grid }: World): Order {
  const activities = works.map(({ slots, release, due, weight }) => ({
    duration: slots,
    release,
    weight,
    needs: [],
    ...(due === null ? {} : { due }),
  }))
  const answer = toProblem({ activities, precedences, capacities: [], horizon: grid.length })
  if (!answer.ok) return answer
  const { problem } = answer
  const list = new Int32Array(works.length)
  drawList(problem, toLatestFinish(problem), undefined, new Int32Array(2 * works.length), list)
  return { ok: true, list }
}
