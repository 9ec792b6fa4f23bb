/**
 * Does a proposal still hold in the world as it is now? The one rule: the independent checker decides; what is said
 * besides names the work orders that it is about.
 */
import { listFaults } from '#domain/rcpsp-check.ts'
import { findSpan, isOpen, takeSpan, toBoard } from '#domain/schedule-board.ts'
import { toProject } from '#domain/schedule-crew.ts'
import type { Work, World } from '#domain/schedule.ts'
import type { Placed } from './ask.ts'
import { toSlot } from './to-free.ts'
import type { Planned } from './to-world.ts'

/** One work of the world, with the people and the slots that were proposed. */
type Chosen = {
  readonly work: Work
  readonly crew: readonly number[]
  readonly start: number
  readonly finish: number
}
/** Slots in which the crew is at work, between its pauses. */
type Part = { readonly start: number; readonly end: number }

export type Checked =
  | { readonly ok: true; readonly partsOf: (id: string) => readonly Part[] }
  | { readonly ok: false; readonly moved: readonly string[] }

/** `others` are proposals of the same schedule that are not booked with these. */
export function checkProposals(
  planned: Planned,
  proposals: readonly Placed[],
  others: readonly Placed[],
): Checked {
  const { world, leftOut } = planned
  const place = new Map(world.works.map(({ id }, at) => [id, at]))
  const gone = proposals.flatMap(({ work_order, work_order_id: id }) =>
    place.has(id)
      ? []
      : [`${work_order}: ${leftOut.find((one) => one.id === id)?.reason ?? 'it is over, or booked already'}`],
  )
  if (gone.length > 0) return { ok: false, moved: gone }
  const chosen = proposals.map((one) => choose(world, world.works[place.get(one.work_order_id)!]!, one))
  const moved = [
    ...listUnfit(world, chosen),
    ...listEarly(planned, proposals, others),
    ...listTaken(world, chosen),
  ]
  if (moved.length > 0) return { ok: false, moved }
  const part = pickChosen(world, chosen)
  const faults = listFaults(
    toProject(
      part,
      chosen.map(({ crew }) => crew),
    ).project,
    {
      start: chosen.map(({ work, start, finish }) => (work.slots === 0 ? finish : start)),
      finish: chosen.map(({ finish }) => finish),
    },
  )
  if (faults.length > 0) return { ok: false, moved: faults }
  const board = toBoard(world)
  const byId = new Map(chosen.map((one) => [one.work.id, one]))
  return { ok: true, partsOf: (id) => listParts(byId.get(id)!, (crew, slot) => isOpen(board, crew, slot)) }
}

function choose({ grid, people }: World, work: Work, { proposal }: Placed): Chosen {
  const crew = proposal.assigned_persons.map(({ person_id }) =>
    people.findIndex(({ id }) => id === person_id),
  )
  const [start, finish] = [proposal.proposed_start, proposal.proposed_end].map((at) =>
    toSlot(grid, Date.parse(at)),
  )
  return { work, crew, start: start!, finish: finish! }
}

function listUnfit({ people }: World, chosen: readonly Chosen[]): string[] {
  return chosen.flatMap(({ work, crew, finish }) => {
    if (crew.length !== work.posts.length) return [`${work.number}: it needs ${work.posts.length} people now`]
    return crew.flatMap((person, post) => {
      const fit = work.posts[post]!.fits.find((one) => one.person === person)
      return fit !== undefined && (fit.until === null || fit.until >= finish)
        ? []
        : [`${work.number}: ${people[person]?.name ?? 'somebody'} does not fit what it asks for any more`]
    })
  })
}

/** What it waits for is booked with it, or lies where it was proposed. */
function listEarly({ world }: Planned, proposals: readonly Placed[], others: readonly Placed[]): string[] {
  const own = new Map(proposals.map((one) => [one.work_order_id, one]))
  const beside = new Map(others.map((one) => [one.work_order_id, one]))
  return world.precedences.flatMap(({ before, after }) => {
    const [first, then] = [world.works[before]!, world.works[after]!]
    if (!own.has(then.id) || own.has(first.id)) return []
    const isThere = first.isUnderWay && beside.has(first.id)
    return isThere ? [] : [`${then.number}: it waits for ${first.number}, which is not booked with it`]
  })
}

/** In the order of their starts, each in its place. */
function listTaken(world: World, chosen: readonly Chosen[]): string[] {
  const board = toBoard(world)
  return chosen
    .toSorted((a, b) => a.start - b.start)
    .flatMap(({ work, crew, start, finish }) => {
      if (work.slots === 0 || crew.includes(-1)) return []
      const span = findSpan(board, work, work.slots, crew, start, finish)
      if (span?.start === start && span.finish === finish) {
        takeSpan(board, work, crew, span)
        return []
      }
      const names = [
        ...crew.map((one) => world.people[one]!.name),
        ...work.tools.map(({ tool }) => world.tools[tool]!.name),
      ]
      return [
        `${work.number}: ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not free then any more, or the work has changed`,
      ]
    })
}

function pickChosen(world: World, chosen: readonly Chosen[]): World {
  const place = new Map(chosen.map(({ work }, at) => [work.id, at]))
  return {
    ...world,
    works: chosen.map(({ work }) => work),
    precedences: world.precedences.flatMap(({ before, after, lag }) => {
      const [from, to] = [before, after].map((one) => place.get(world.works[one]!.id))
      return from === undefined || to === undefined ? [] : [{ before: from, after: to, lag }]
    }),
  }
}

function listParts(
  { crew, start, finish }: Chosen,
  isAtWork: (crew: readonly number[], slot: number) => boolean,
): Part[] {
  const parts: { start: number; end: number }[] = []
  for (let slot = start; slot < finish; slot += 1) {
    if (!isAtWork(crew, slot)) continue
    const last = parts.at(-1)
    if (last?.end === slot) last.end = slot + 1
    else parts.push({ start: slot, end: slot + 1 })
  }
  return parts
}
