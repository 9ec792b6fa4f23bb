/**
 * Who takes which post: one order of the work, and each piece in turn gets the people with whom it is over first
 * (serial generation with a choice of people, as for projects with several skills: Bellenguez and Néron, PATAT 2004).
 * With its people chosen the work is a project of scarce resources like any other, which the search then improves.
 */
import { pick } from './rcpsp-list.ts'
import { copyBoard, findSpan, takeSpan } from './schedule-board.ts'
import type { Board, Span } from './schedule-board.ts'
import type { Activity, Profile, Project, Step } from './rcpsp.ts'
import type { Crews, Post, Work, World } from './schedule.ts'
import type { Draw } from './simulate.ts'

/** The first slot at which some rating of the crew is over; infinite where none ends. */
export const limitOf = ({ posts }: Work, crew: readonly number[]): number =>
  Math.min(
    ...posts.map(
      ({ fits }, i) => fits.find(({ person }) => person === crew[i])?.until ?? Number.POSITIVE_INFINITY,
    ),
    Number.POSITIVE_INFINITY,
  )

/** Crews that stay, but for some works: those get the first to be done, or anybody. */
export type Change = { readonly crews: Crews; readonly works: ReadonlySet<number>; readonly draw: Draw }
const deviation = 0.5

export type Placed = { readonly crews: Crews; readonly spans: readonly Span[] }

/** `order` names every work once, what it waits for before it. */
export function chooseCrews(world: World, board: Board, order: Iterable<number>, change?: Change): Placed {
  const { works } = world
  const state = copyBoard(board)
  const earliest = Int32Array.from(works, ({ release }) => release)
  const after = toSuccessors(world)
  const crews: number[][] = works.map(() => [])
  const spans: Span[] = works.map(({ release }) => ({ start: release, finish: release }))
  for (const j of order) {
    const work = works[j]!
    const stays = change !== undefined && !change.works.has(j)
    const crew = stays ? [...change.crews[j]!] : []
    for (const post of work.posts.slice(crew.length))
      crew.push(choosePerson(state, work, post, crew, earliest[j]!, change?.draw))
    const span = findSpan(state, work, work.slots, crew, earliest[j]!)!
    takeSpan(state, work, crew, span)
    crews[j] = crew
    spans[j] = span
    for (const { to, lag } of after[j]!) earliest[to] = Math.max(earliest[to]!, span.finish + lag)
  }
  return { crews, spans }
}

type Edge = { readonly to: number; readonly lag: number }
export function toSuccessors({ works, precedences }: Pick<World, 'works' | 'precedences'>): Edge[][] {
  const after: Edge[][] = works.map(() => [])
  for (const { before, after: to, lag } of precedences) after[before]!.push({ to, lag })
  return after
}

/** With whom beside the crew it is over first; the best of those where several are equal, or somebody who is drawn. */
function choosePerson(
  board: Board,
  work: Work,
  { fits }: Post,
  crew: readonly number[],
  earliest: number,
  draw: Draw | undefined,
): number {
  const others = fits.filter(({ person }) => !crew.includes(person))
  let chosen = others[0]?.person
  if (chosen === undefined) throw new RangeError(`${work.number} has fewer people than posts`)
  if (draw !== undefined && draw() < deviation) return others[pick(draw, others.length)]!.person
  let finish = Number.POSITIVE_INFINITY
  for (const { person, until } of others) {
    // Who would be over later than the best so far is not looked at to its end.
    const limit = Math.min(until ?? Number.POSITIVE_INFINITY, finish - 1)
    const span = findSpan(board, work, work.slots, [...crew, person], earliest, limit)
    if (span === undefined) continue
    chosen = person
    finish = span.finish
  }
  return chosen
}

/** The persons, tools and assets of a project, in the order of its resources. */
export type Resource = { readonly kind: 'person' | 'tool' | 'asset'; readonly index: number }

/** The same work with its people chosen. Only people that are in a crew are resources of it. */
export function toProject(world: World, crews: Crews): { project: Project; resources: readonly Resource[] } {
  const { works, people, tools, assets, precedences, grid } = world
  const crewed = [...new Set(crews.flat())].toSorted((a, b) => a - b)
  const resources: Resource[] = [
    ...crewed.map((index) => ({ kind: 'person' as const, index })),
    ...tools.map((_, index) => ({ kind: 'tool' as const, index })),
    ...assets.map((_, index) => ({ kind: 'asset' as const, index })),
  ]
  const calendars: Profile[] = []
  const known = new Map<string, number>()
  const toCalendar = (work: Work, crew: readonly number[]): number => {
    const limit = limitOf(work, crew)
    const key = `${crew.toSorted((a, b) => a - b).join(' ')} until ${limit}`
    const found = known.get(key) ?? calendars.length
    if (found === calendars.length)
      calendars.push(
        joinShifts(
          crew.map((one) => people[one]!.shift),
          limit,
        ),
      )
    known.set(key, found)
    return found
  }
  const activities = works.map((work, j): Activity => {
    const crew = crews[j]!
    return {
      duration: work.slots,
      release: work.release,
      weight: work.weight,
      ...(work.due === null ? {} : { due: work.due }),
      ...(crew.length === 0 ? {} : { calendar: toCalendar(work, crew) }),
      needs: [
        ...crew.map((person) => ({ resource: crewed.indexOf(person), amount: 1 })),
        ...work.tools.map(({ tool, quantity }) => ({ resource: crewed.length + tool, amount: quantity })),
        ...(work.asset === null ? [] : [{ resource: crewed.length + tools.length + work.asset, amount: 1 }]),
      ],
    }
  })
  const capacities = [
    ...crewed.map((index) => people[index]!.free),
    ...tools.map(({ free }) => free),
    // Work on one asset may go on side by side; what is set aside for others is closed to all of it.
    ...assets.map(({ free }) => scale(free, works.length)),
  ]
  return { project: { activities, precedences, capacities, calendars, horizon: grid.length }, resources }
}

const scale = (profile: Profile, times: number): Profile =>
  typeof profile === 'number'
    ? profile * times
    : profile.map(([from, amount]): Step => [from, amount * times])

/** Open while all of them are, and before the limit. */
function joinShifts(shifts: readonly (readonly Step[])[], limit: number): Step[] {
  const froms = new Set([0, ...shifts.flat().map(([from]) => from)])
  if (Number.isFinite(limit)) froms.add(limit)
  const joined: Step[] = []
  const at = shifts.map(() => -1)
  for (const from of [...froms].toSorted((a, b) => a - b)) {
    shifts.forEach((steps, i) => {
      while ((steps[at[i]! + 1]?.[0] ?? Number.POSITIVE_INFINITY) <= from) at[i]! += 1
    })
    const isOpen = from < limit && shifts.every((steps, i) => (steps[at[i]!]?.[1] ?? 0) > 0)
    if ((joined.at(-1)?.[1] ?? -1) !== Number(isOpen)) joined.push([from, Number(isOpen)])
  }
  return joined
}
