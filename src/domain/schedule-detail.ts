/**
 * What a schedule says about each piece of work: why it starts when it does, how sure it is to be over in time, and what
 * else could be done. The one rule: nothing here changes the schedule.
 */
import { listByStart } from './rcpsp-generate.ts'
import { explainStarts } from './rcpsp-why.ts'
import { findSpan, takeSpan, toBoard } from './schedule-board.ts'
import type { Board, Span } from './schedule-board.ts'
import { limitOf, toProject, toSuccessors } from './schedule-crew.ts'
import type { Resource } from './schedule-crew.ts'
import type { Found } from './schedule-search.ts'
import type { Work, World } from './schedule.ts'
import { openDraw } from './simulate.ts'
import type { Draw } from './simulate.ts'

/** Why a work starts in its slot; works, people, tools and assets by their indexes. */
export type Reason =
  | { readonly kind: 'now' }
  | { readonly kind: 'release'; readonly slot: number }
  | { readonly kind: 'predecessor'; readonly work: number; readonly lag: number }
  | { readonly kind: 'busy'; readonly resource: Resource; readonly works: readonly number[] }
  | { readonly kind: 'away'; readonly resource: Resource; readonly slot: number }
  | { readonly kind: 'shift'; readonly slot: number }
  | { readonly kind: 'choice' }

export function listReasons(world: World, { crews, problem, start, finish }: Found): Reason[] {
  const { resources } = toProject(world, crews)
  return explainStarts(problem, { start, finish }).map((why): Reason => {
    if (why.kind === 'origin') return { kind: 'now' }
    if (why.kind === 'predecessor') return { kind: 'predecessor', work: why.activity, lag: why.lag }
    if (why.kind === 'resource')
      return { kind: 'busy', resource: resources[why.resource]!, works: why.holders }
    if (why.kind === 'capacity') return { kind: 'away', resource: resources[why.resource]!, slot: why.slot }
    if (why.kind === 'calendar') return { kind: 'shift', slot: why.slot }
    return why
  })
}

/** The board with every piece of work in its place. */
function toFilled(world: World, { crews, start, finish }: Found): Board {
  const board = toBoard(world)
  world.works.forEach((work, j) => takeSpan(board, work, crews[j]!, { start: start[j]!, finish: finish[j]! }))
  return board
}

export type Alternative = Span & {
  readonly crew: readonly number[]
  /** Share of the runs in which it is over in time, were nothing else late. */
  readonly confidence: number
}

/** With other people, while all other work stays where it is: at most so many for each work, the first to be done first. */
export function listAlternatives(
  world: World,
  found: Found,
  { most, runs, seed }: { readonly most: number; readonly runs: number; readonly seed: number },
): Alternative[][] {
  const draw = openDraw(seed)
  const { works, precedences, grid } = world
  const { crews, start, finish } = found
  const board = toFilled(world, found)
  const earliest = works.map(({ release }) => release)
  const latest = works.map(() => grid.length)
  for (const { before, after, lag } of precedences) {
    earliest[after] = Math.max(earliest[after]!, finish[before]! + lag)
    latest[before] = Math.min(latest[before]!, start[after]! - lag)
  }
  return works.map((work, j) => {
    if (work.isUnderWay || work.slots === 0) return []
    const own = { start: start[j]!, finish: finish[j]! }
    takeSpan(board, work, crews[j]!, own, -1)
    const spans = listOtherCrews(work, crews[j]!).flatMap((crew) => {
      const limit = Math.min(latest[j]!, limitOf(work, crew))
      const span = findSpan(board, work, work.slots, crew, earliest[j]!, limit)
      return span === undefined ? [] : [{ ...span, crew }]
    })
    const first = spans.toSorted((one, other) => one.finish - other.finish).slice(0, most)
    const alternatives = first.map((one): Alternative => {
      const ends = Array.from({ length: runs }, () =>
        endOf(board, work, one.crew, one.start, drawSlots(draw, work)),
      )
      return { ...one, confidence: ends.filter((end) => end <= (work.due ?? grid.length)).length / runs }
    })
    takeSpan(board, work, crews[j]!, own)
    return alternatives
  })
}

const endOf = (board: Board, work: Work, crew: readonly number[], start: number, slots: number): number =>
  findSpan(board, work, slots, crew, start)!.finish

/** One of the people at a time is somebody else. */
function listOtherCrews({ posts }: Work, crew: readonly number[]): number[][] {
  return posts.flatMap(({ fits }, post) =>
    fits.filter(({ person }) => !crew.includes(person)).map(({ person }) => crew.with(post, person)),
  )
}

export type Outlook = {
  /** Share of the runs in which it is over by its due date, or the end of the grid. */
  readonly confidence: number
  /** The slot by which it is over in four of five runs. */
  readonly p80: number
}

const quantile80 = 0.8
/** Of the standard normal distribution. */
const deviateAt80 = 0.8416
const longest = 4

/**
 * The schedule played through with lengths that are drawn: log-normal, the planned one in the middle, and `spread` times
 * it exceeded once in five. Nothing begins before it is planned to, and people keep their order.
 */
export function listOutlooks(world: World, found: Found, runs: number, seed: number): Outlook[] {
  const { works, grid } = world
  const draw = openDraw(seed)
  const order = new Int32Array(works.length)
  listByStart(found.problem.forward, found.start, new Float64Array(works.length), order)
  const after = toSuccessors(world)
  const board = toBoard(world)
  const ends = works.map(() => new Float64Array(runs))
  for (let run = 0; run < runs; run += 1) {
    const spans: Span[] = []
    const earliest = Int32Array.from(found.start)
    for (const j of order) {
      const work = works[j]!
      const slots = drawSlots(draw, work)
      const span = findSpan(board, work, slots, found.crews[j]!, earliest[j]!)!
      takeSpan(board, work, found.crews[j]!, span)
      spans[j] = span
      ends[j]![run] = span.finish
      for (const { to, lag } of after[j]!) earliest[to] = Math.max(earliest[to]!, span.finish + lag)
    }
    // Everything is given back: the next run begins with the board as it was.
    works.forEach((work, j) => takeSpan(board, work, found.crews[j]!, spans[j]!, -1))
  }
  return works.map(({ due }, j) => {
    const sorted = ends[j]!.toSorted()
    return {
      confidence: sorted.filter((end) => end <= (due ?? grid.length)).length / runs,
      p80: sorted[Math.ceil(quantile80 * runs) - 1]!,
    }
  })
}

/** Box and Muller, Annals of Mathematical Statistics 29, 1958. */
function drawSlots(draw: Draw, { slots, spread }: Work): number {
  const normal = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw())
  const factor = Math.min(longest, Math.exp((Math.log(spread) / deviateAt80) * normal))
  return Math.max(Math.sign(slots), Math.round(slots * factor))
}
