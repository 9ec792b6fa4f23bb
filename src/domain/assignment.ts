/**
 * A whole set of work to people at once: the assignment of least cost, not the one that comes first. The one rule: what
 * cannot be filled is a gap that is told; nobody works beyond their free hours, twice on the same work, where they are
 * excluded, or without every experience asked for.
 *
 * Filling comes first: one unfilled place outweighs every other cost of the whole set. Then, for each person on each
 * work, one step of a level outweighs everything below it:
 *   1. hours that do not fit the window of the work, in tenths of the hours asked (rounded up)
 *   2. experience short of 1 (as `matching.ts` scores it), in hundredths
 *   3. labour, as a share of the dearest pair of the set, in a million steps (fewer above 4,000 places, so that all
 *      sums stay whole numbers); an unknown rate counts as the dearest
 *   4. not preferred, where the work prefers somebody
 */
import { anneal } from './assignment-anneal.ts'
import { openRelaxation } from './assignment-bound.ts'
import type { Knapsacks } from './assignment-bound.ts'
import { openFlow, sendFlow } from './assignment-flow.ts'
import type { Flow } from './assignment-flow.ts'
import { improve, nobody, toPlaces } from './assignment-search.ts'
import { planInTurn, settle } from './assignment-settle.ts'
import type { Fits } from './assignment-settle.ts'
import type { Places } from './assignment-search.ts'
import { endOf, isEligible, measureExperience, rankCandidates, rateIn, toProfile } from './matching.ts'
import type { Need, Person } from './matching.ts'
import { toCost } from './roll-up.ts'
import { openDraw } from './simulate.ts'

/** Needs of one work order stand next to each other, one for each role: nobody takes places of two of them. */
export type WorkNeed = Need & { readonly id: string }
export type AssignmentAsk = {
  readonly needs: readonly WorkNeed[]
  /** Their open and booked hours are those of the whole set; what is free of them is never exceeded. */
  readonly people: readonly Person[]
  /** Hours that are free in the window of one piece of work; by default all that are free. */
  readonly freeHoursIn?: (need: WorkNeed, person: Person) => number
  /** Only who has all the hours free in the window, instead of counting the missing ones as a cost. */
  readonly mustFit?: boolean
  /** Can this person do all these, each in its window? By default whoever has the hours can. */
  readonly fits?: (needs: readonly WorkNeed[], person: Person) => boolean
}
export type Assignment = {
  readonly work_order_id: string
  readonly person_id: string
  /** The one that this place asks for. */
  readonly role: string | null
}
export type Plan = {
  /** In the order of the needs, then by person. */
  readonly assignments: readonly Assignment[]
  readonly gaps: readonly {
    readonly work_order_id: string
    readonly role: string | null
    readonly missing: number
    readonly reasons: readonly string[]
  }[]
  readonly unfilled: number
  /** No assignment leaves fewer places unfilled. */
  readonly unfilledBound: number
  /** The weighted sum of levels 1 to 4. */
  readonly cost: number
  /** No assignment that leaves at most as many places unfilled costs less. */
  readonly costBound: number
  /** (cost − bound) / cost. */
  readonly gap: number
  /** Nothing is better: both bounds are reached. */
  readonly optimal: boolean
  /** Known rates only, decimal. */
  readonly labour: string
  /** The same, where one work order after the other takes the cheapest who still has the hours. */
  readonly inTurn: Pick<Plan, 'unfilled' | 'cost' | 'labour'>
}

const tenths = 10
const hundredths = 100
const mostExperience = 20
const mostSteps = 1_000_000
const mostExact = 2 ** 52
const minutesOfHour = 60
/** Rounds for a set of so many places; fewer places have more of them, for a round takes longer with their square. */
const placesOfRounds = 1300
const fillRounds = 50
const costRounds = 20
const mostTimes = 16
const vacatedAtOnce = 850
const movesOfPlace = 10_000
const mostMoves = 10_000_000
const boundRounds = 60
const seed = 1

/** The problem in numbers; jobs and people as the needs and people of the ask. */
export type Problem = Knapsacks & { readonly unfilledCost: number }

type Option = {
  readonly person: number
  readonly level: number
  readonly amount: number
  readonly other: number
}

export function toProblem({ needs, people, freeHoursIn, mustFit = false }: AssignmentAsk): Problem {
  const profiles = people.map(toProfile)
  const minutes = Int32Array.from(needs, ({ hours }) => Math.max(1, Math.ceil(hours * minutesOfHour - 1e-6)))
  const capacityMinutes = Int32Array.from(profiles, ({ freeHours }) =>
    Math.floor(freeHours * minutesOfHour + 1e-6),
  )
  const rows = needs.map((need, job) => {
    const options: Option[] = []
    const end = endOf(need)
    profiles.forEach((profile, person) => {
      if (minutes[job]! > capacityMinutes[person]! || !isEligible(need, profile.person)) return
      const { qualified, score } = measureExperience(need, profile, end)
      if (!qualified) return
      const free = freeHoursIn?.(need, profile.person) ?? profile.freeHours
      const missing =
        need.hours > free ? Math.ceil((tenths * (need.hours - Math.max(0, free))) / need.hours) : 0
      if (mustFit && missing > 0) return
      const short = Math.round(hundredths * (1 - score))
      const rate = rateIn(need, profile)
      options.push({
        person,
        level: missing * (mostExperience + 1) + short,
        amount: rate === null ? Number.POSITIVE_INFINITY : Number(rate) * minutes[job]!,
        other: Number(need.preferred.length > 0 && !need.preferred.includes(profile.person.id)),
      })
    })
    return options
  })
  const headcount = Int32Array.from(needs, (need) => need.headcount)
  const crewStart = Int32Array.from(
    [...needs.keys(), needs.length].filter((job) => needs[job]?.id !== needs[job - 1]?.id || job === 0),
  )
  return { ...weigh(rows, headcount, people.length), minutes, capacityMinutes, crewStart }
}

/** Levels to one whole number for each pair, small enough that the sum of a whole set is exact. */
function weigh(
  rows: readonly (readonly Option[])[],
  headcount: Int32Array,
  people: number,
): Pick<Problem, 'pairs' | 'unfilledCost'> {
  const options = rows.flat()
  const places = headcount.reduce((sum, one) => sum + one, 0) + 1
  const levels = (tenths + 1) * (mostExperience + 1)
  const steps = Math.max(1, Math.min(mostSteps, Math.floor(mostExact / (places ** 2 * levels * 2)) - 1))
  const dearest = options.reduce((most, { amount }) => (amount < Infinity ? Math.max(most, amount) : most), 0)
  const toSteps = (amount: number): number =>
    amount > dearest ? steps : Math.round((steps * amount) / Math.max(1, dearest))
  const cost = Float64Array.from(
    options,
    ({ level, amount, other }) => (level * (steps + 1) + toSteps(amount)) * 2 + other,
  )
  const rowStart = new Int32Array(rows.length + 1)
  rows.forEach((row, job) => (rowStart[job + 1] = rowStart[job]! + row.length))
  const person = Int32Array.from(options, (option) => option.person)
  const most = cost.reduce((max, one) => Math.max(max, one), 0)
  return { pairs: { people, headcount, rowStart, person, cost }, unfilledCost: most * places + 1 }
}

type Found = Pick<Plan, 'unfilled' | 'cost'> & { readonly places: Places }
export type Solution = Found & Pick<Plan, 'unfilledBound' | 'costBound'>

const always: Fits = () => true

/** The same problem gives the same solution. */
export function solve(problem: Problem, fits = always): Solution {
  const { pairs, minutes, capacityMinutes } = problem
  const counts = countable(problem)
  if (counts !== undefined) {
    const size = new Int32Array(minutes.length).fill(1)
    const { taken } = sendFlow(openFlow({ pairs, size, room: counts }), toAll(problem, problem.unfilledCost))
    const places = toPlaces(problem, (pair) => taken[pair] === 1)
    const { unfilled, cost } = summarize(problem, places)
    settle(problem, places, fits)
    const exact = summarize(problem, places)
    const flowing = taken.reduce((sum, one) => sum + one, 0)
    // Only where it puts somebody into a crew twice, or where windows do not fit, is it more than there is.
    const isWhole = places.holder.length - unfilled === flowing
    if (isWhole && exact.unfilled === unfilled && exact.cost === cost)
      return { ...exact, unfilledBound: unfilled, costBound: cost }
  }
  // First with unfilled places that are dear, but not beyond measure: such prices tell the people apart.
  const state = openFlow({ pairs, size: minutes, room: capacityMinutes })
  const most = pairs.cost.reduce((max, one) => Math.max(max, one), 1)
  const flow = sendFlow(state, toAll(problem, most))
  const places = search(problem, flow)
  settle(problem, places, fits)
  const found = summarize(problem, places)
  const costBound = boundCost(problem, flow, found)
  if (found.unfilled === 0) return { ...found, costBound, unfilledBound: 0 }
  const filling = sendFlow(state, toAll(problem, problem.unfilledCost))
  return { ...found, costBound, unfilledBound: boundUnfilled(problem, filling, found) }
}

const toAll = ({ minutes }: Problem, one: number): Float64Array => new Float64Array(minutes.length).fill(one)

/** First as many places as can be, whatever they cost; then the cost. */
function search(problem: Problem, { taken, roomPrice }: Flow): Places {
  const { minutes } = problem
  const draw = openDraw(seed)
  const places = toPlaces(problem, (pair, job) => taken[pair] === minutes[job])
  const times = Math.min(mostTimes, (placesOfRounds / Math.max(1, places.holder.length)) ** 2)
  const rounds = { ...problem, vacated: vacatedAtOnce, draw }
  improve({ ...rounds, rounds: Math.round(fillRounds * times), onlyOpen: true }, places)
  anneal(
    { ...problem, roomPrice, draw, moves: Math.min(mostMoves, movesOfPlace * places.holder.length) },
    places,
  )
  improve({ ...rounds, rounds: Math.round(costRounds * times), onlyOpen: false }, places)
  return places
}

function summarize({ pairs }: Problem, places: Places): Found {
  const unfilled = places.holder.reduce((sum, one) => sum + Number(one === nobody), 0)
  const cost = places.pair.reduce((sum, pair) => sum + (pair === nobody ? 0 : pairs.cost[pair]!), 0)
  return { places, unfilled, cost }
}

/**
 * Hours that are only a count: for each person a number of places such that the so many longest fit, and no one more
 * even of the shortest. Then the flow is exact. Undefined where somebody's hours are a real knapsack.
 */
function countable({ pairs, minutes, capacityMinutes }: Problem): Int32Array | undefined {
  const mine = Array.from({ length: pairs.people }, (): number[] => [])
  for (let job = 0; job < minutes.length; job += 1)
    for (let pair = pairs.rowStart[job]!; pair < pairs.rowStart[job + 1]!; pair += 1)
      if (pairs.headcount[job]! > 0) mine[pairs.person[pair]!]!.push(minutes[job]!)
  const counts = new Int32Array(pairs.people)
  for (const [person, lengths] of mine.entries()) {
    lengths.sort((a, b) => a - b)
    const fitting = (inOrder: readonly number[]): number => {
      let room = capacityMinutes[person]!
      const over = inOrder.findIndex((length) => (room -= length) < 0)
      return over < 0 ? inOrder.length : over
    }
    counts[person] = fitting(lengths)
    if (counts[person] !== fitting(lengths.toReversed())) return undefined
  }
  return counts
}

function boundCost(problem: Problem, { price }: Flow, { unfilled, cost }: Found): number {
  const rule = { cost: problem.pairs.cost, unfilled, unfilledCost: Infinity, startPrice: price }
  return stepTo(openRelaxation({ ...problem, ...rule }), cost)
}

/** Where only filling counts, the price of a place is between nothing and one. */
function boundUnfilled(problem: Problem, { price }: Flow, { unfilled }: Found): number {
  const { pairs, unfilledCost } = problem
  const startPrice = price.map((one) => one / unfilledCost)
  const rule = { cost: new Float64Array(pairs.cost.length), unfilled: 0, unfilledCost: 1, startPrice }
  return stepTo(openRelaxation({ ...problem, ...rule }), unfilled)
}

function stepTo(step: (target: number) => number, target: number): number {
  let bound = 0
  for (let round = 0; round < boundRounds && bound < target; round += 1) bound = step(target)
  return bound
}

export function planAssignment(ask: AssignmentAsk): Plan {
  const { needs, people } = ask
  const problem = toProblem(ask)
  const fits: Fits = (jobs, person) =>
    ask.fits?.(
      jobs.map((job) => needs[job]!),
      people[person]!,
    ) ?? true
  const { places, unfilled, unfilledBound, cost, costBound } = solve(problem, fits)
  const inTurn = summarize(problem, planInTurn(problem, fits))
  const assignments: Assignment[] = []
  const gaps: Plan['gaps'][number][] = []
  needs.forEach((need, job) => {
    const holders = places.holder.subarray(places.placeStart[job], places.placeStart[job + 1]).toSorted()
    for (const person of holders) {
      if (person === nobody) continue
      assignments.push({ work_order_id: need.id, person_id: people[person]!.id, role: need.role ?? null })
    }
    const missing = holders.filter((person) => person === nobody).length
    if (missing > 0)
      gaps.push({ work_order_id: need.id, role: need.role ?? null, missing, reasons: tellGap(need, ask) })
  })
  return {
    assignments,
    gaps,
    unfilled,
    unfilledBound,
    cost,
    costBound,
    gap: cost > costBound ? (cost - costBound) / cost : 0,
    optimal: unfilled === unfilledBound && cost === costBound,
    labour: sumLabour(ask, problem, places),
    inTurn: {
      unfilled: inTurn.unfilled,
      cost: inTurn.cost,
      labour: sumLabour(ask, problem, inTurn.places),
    },
  }
}

/** What the known rates of everybody's hours come to, decimal. */
function sumLabour(
  { needs, people }: AssignmentAsk,
  { minutes }: Problem,
  { jobOf, holder }: Places,
): string {
  const profiles = people.map(toProfile)
  let labour = 0n
  holder.forEach((person, place) => {
    const job = jobOf[place]!
    if (person !== nobody) labour += (rateIn(needs[job]!, profiles[person]!) ?? 0n) * BigInt(minutes[job]!)
  })
  return toCost(roundMoney(labour))
}

/** From minutes to hours, to a ten-thousandth. */
const roundMoney = (amount: bigint): bigint => {
  const unit = 6_000_000_000n
  return ((amount + unit / 2n) / unit) * 100_000_000n
}

function tellGap(need: WorkNeed, { people, freeHoursIn }: AssignmentAsk): string[] {
  const inWindow = (person: Person): Person =>
    freeHoursIn === undefined ? person : { ...person, openHours: freeHoursIn(need, person), bookedHours: 0 }
  const { gaps } = rankCandidates(need, people.map(inWindow))
  return gaps.length > 0
    ? [...gaps]
    : ['the free hours of everybody who could do it are needed for other work']
}
