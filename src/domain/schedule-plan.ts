/**
 * The whole answer for a world: what no schedule can do is set aside, the rest is scheduled, and the best schedule is
 * told with its reasons, its outlook and its alternatives. The one rule: works are named by their place in the world
 * that was asked about, all the way.
 */
import type { Bound } from './rcpsp-bound.ts'
import type { Impossible } from './rcpsp.ts'
import { listAlternatives, listOutlooks, listReasons } from './schedule-detail.ts'
import type { Alternative, Outlook, Reason } from './schedule-detail.ts'
import { findImpossible, search } from './schedule-search.ts'
import type { Effort, Quality, Step } from './schedule-search.ts'
import type { World } from './schedule.ts'

export type Placed = {
  /** Place in the world that was asked about; so are those in the reason. */
  readonly work: number
  readonly start: number
  readonly finish: number
  readonly crew: readonly number[]
  readonly reason: Reason
  readonly outlook: Outlook
  readonly alternatives: readonly Alternative[]
}
export type Plan = {
  readonly placed: readonly Placed[]
  readonly impossible: readonly { readonly work: number; readonly why: Impossible | 'waits' }[]
  readonly quality: Quality
  readonly first: Quality | undefined
  readonly bound: Bound
  readonly schedules: number
  /** Everything is over with the grid. */
  readonly isFeasible: boolean
  readonly isOptimal: boolean
}

const mostAlternatives = 3
const runs = 200

/** `goOn` is told of every step and answers whether to go on; the best so far is told when it does not. */
export function plan(world: World, effort: Effort, goOn: (step: Step) => boolean): Plan {
  const { kept, impossible } = setAside(world)
  const part = pickWorks(world, kept)
  let last: Step | undefined
  for (const step of search(part, effort)) {
    last = step
    if (!goOn(step)) break
  }
  const placed = last === undefined ? [] : tell(part, last, kept, effort.seed)
  const nothing = { makespan: 0, tardiness: 0 }
  return {
    placed,
    impossible,
    quality: last?.quality ?? nothing,
    first: last?.first,
    bound: last?.bound ?? nothing,
    schedules: last?.schedules ?? 0,
    isFeasible: last?.isFeasible ?? true,
    isOptimal: last?.isOptimal ?? true,
  }
}

function tell(part: World, { best }: Step, kept: readonly number[], seed: number): Placed[] {
  const reasons = listReasons(part, best)
  const outlooks = listOutlooks(part, best, runs, seed)
  const alternatives = listAlternatives(part, best, { most: mostAlternatives, runs, seed })
  return kept.map((work, j) => ({
    work,
    start: best.start[j]!,
    finish: best.finish[j]!,
    crew: best.crews[j]!,
    reason: rename(reasons[j]!, kept),
    outlook: outlooks[j]!,
    alternatives: alternatives[j]!,
  }))
}

function rename(reason: Reason, kept: readonly number[]): Reason {
  if (reason.kind === 'predecessor') return { ...reason, work: kept[reason.work]! }
  return reason.kind === 'busy' ? { ...reason, works: reason.works.map((one) => kept[one]!) } : reason
}

/** What no schedule can do, and all that waits for it, until the rest is possible. */
function setAside(world: World): { kept: readonly number[]; impossible: Plan['impossible'] } {
  const impossible = new Map<number, Impossible | 'waits'>()
  let kept = world.works.map((_, j) => j)
  for (;;) {
    const found = kept.length === 0 ? [] : findImpossible(pickWorks(world, kept))
    if (found.length === 0) return { kept, impossible: [...impossible].map(([work, why]) => ({ work, why })) }
    for (const why of found)
      for (const one of why.kind === 'cycle' ? why.activities : [why.activity])
        impossible.set(kept[one]!, why)
    for (let size = -1; size !== impossible.size;) {
      size = impossible.size
      for (const { before, after } of world.precedences)
        if (impossible.has(before) && !impossible.has(after)) impossible.set(after, 'waits')
    }
    kept = kept.filter((j) => !impossible.has(j))
  }
}

function pickWorks(world: World, kept: readonly number[]): World {
  const place = new Map(kept.map((work, at) => [work, at]))
  return {
    ...world,
    works: kept.map((work) => world.works[work]!),
    precedences: world.precedences.flatMap(({ before, after, lag }) => {
      const [from, to] = [place.get(before), place.get(after)]
      return from === undefined || to === undefined ? [] : [{ before: from, after: to, lag }]
    }),
  }
}
