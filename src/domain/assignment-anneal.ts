/**
 * Makes an assignment in hours cheaper by many small changes, of which worse ones are taken less and less often
 * (simulated annealing: Kirkpatrick, Gelatt and Vecchi 1983). The one rule: everybody's hours hold after each change,
 * and a place is emptied only where that fills another.
 *
 * A change gives a place to somebody else; where that needs room, one of their places goes the other way (a swap), to a
 * third person (a chain), or stays open in its stead. Who is cheap and not in demand is tried more often.
 */
import { findPair, isOn, nobody } from './assignment-search.ts'
import type { Places } from './assignment-search.ts'
import type { Knapsacks } from './assignment-bound.ts'
import type { Draw } from './simulate.ts'

export type Annealing = Knapsacks & {
  readonly unfilledCost: number
  /** For each person, the price of a minute. */
  readonly roomPrice: Float64Array
  readonly moves: number
  readonly draw: Draw
}

/** Of the draws, the share of the best that is taken grows with this power. */
const bias = 4
const thirdPersons = 3
const hotShare = 1
const coldShare = 0.003

/** Changes `places`. */
export function anneal(annealing: Annealing, places: Places): void {
  const { pairs, moves } = annealing
  if (pairs.person.length === 0) return
  const state = openState(annealing, places)
  const spread = findSpread(annealing)
  const cooling = (coldShare / hotShare) ** (1 / moves)
  let temperature = Math.max(1, spread * hotShare)
  for (let move = 0; move < moves; move += 1) {
    tryMove(state, temperature)
    temperature *= cooling
  }
}

/** By how much the people who can do the same work differ in cost. */
function findSpread({ pairs: { rowStart, cost } }: Knapsacks): number {
  let sum = 0
  for (let job = 0; job + 1 < rowStart.length; job += 1) {
    const row = cost.subarray(rowStart[job], rowStart[job + 1])
    const least = row.reduce((low, one) => Math.min(low, one), Number.POSITIVE_INFINITY)
    for (const one of row) sum += one - least
  }
  return sum / cost.length
}

type State = ReturnType<typeof openState>

function openState(annealing: Annealing, places: Places) {
  const { pairs, minutes, roomPrice } = annealing
  const { rowStart, person, cost } = pairs
  const held = Array.from({ length: pairs.people }, (): number[] => [])
  places.holder.forEach((one, place) => {
    if (one !== nobody) held[one]!.push(place)
  })
  const order = Int32Array.from(person.keys())
  for (let job = 0; job + 1 < rowStart.length; job += 1) {
    const priced = (pair: number): number => cost[pair]! + roomPrice[person[pair]!]! * minutes[job]!
    order.subarray(rowStart[job], rowStart[job + 1]).sort((a, b) => priced(a) - priced(b) || a - b)
  }
  return { ...annealing, ...places, held, order }
}

function pickPair({ pairs, order, draw }: State, job: number): number {
  const from = pairs.rowStart[job]!
  const width = pairs.rowStart[job + 1]! - from
  return width === 0 ? nobody : order[from + Math.floor(draw() ** bias * width)]!
}

function tryMove(state: State, temperature: number): void {
  const { pairs, minutes, jobOf, holder, freeMinutes, held, draw } = state
  const place = Math.floor(draw() * holder.length)
  const job = jobOf[place]!
  const to = pickPair(state, job)
  if (to === nobody) return
  const who = pairs.person[to]!
  if (isOn(state, job, who)) return
  // What the other changes may cost, for the whole to be taken (Metropolis).
  const limit = costOf(state, place) - pairs.cost[to]! - temperature * Math.log(draw())
  if (freeMinutes[who]! >= minutes[job]!) {
    if (limit >= 0) give(state, place, to)
    return
  }
  const theirs = held[who]!
  if (theirs.length === 0) return
  const other = theirs[Math.floor(draw() * theirs.length)]!
  if (freeMinutes[who]! + minutes[jobOf[other]!]! < minutes[job]!) return
  const target = findTarget(state, place, other, limit + costOf(state, other))
  if (target === undefined) return
  give(state, other, nobody)
  give(state, place, to)
  if (target !== nobody) give(state, other, target)
}

/** Where the other place can go within this cost: a pair, or nobody; undefined where there is no such thing. */
function findTarget(state: State, place: number, other: number, most: number): number | undefined {
  const { pairs, minutes, jobOf, holder, freeMinutes, unfilledCost } = state
  const job = jobOf[other]!
  const from = holder[place]!
  if (from !== nobody && freeMinutes[from]! + minutes[jobOf[place]!]! >= minutes[job]!) {
    const back = findPair(pairs, job, from)
    if (back !== nobody && pairs.cost[back]! <= most && !isOn(state, job, from)) return back
  }
  for (let i = 0; i < thirdPersons; i += 1) {
    const pair = pickPair(state, job)
    const third = pairs.person[pair]!
    const fits = third !== from && freeMinutes[third]! >= minutes[job]! && pairs.cost[pair]! <= most
    if (fits && !isOn(state, job, third)) return pair
  }
  return from === nobody && unfilledCost <= most ? nobody : undefined
}

const costOf = ({ pair, pairs, unfilledCost }: State, place: number): number =>
  pair[place] === nobody ? unfilledCost : pairs.cost[pair[place]!]!

function give(state: State, place: number, to: number): void {
  const { pairs, minutes, jobOf, holder, pair, freeMinutes, held } = state
  const length = minutes[jobOf[place]!]!
  const from = holder[place]!
  if (from !== nobody) {
    const theirs = held[from]!
    theirs[theirs.indexOf(place)] = theirs.at(-1)!
    theirs.pop()
    freeMinutes[from]! += length
  }
  pair[place] = to
  holder[place] = to === nobody ? nobody : pairs.person[to]!
  if (to === nobody) return
  held[holder[place]]!.push(place)
  freeMinutes[holder[place]]! -= length
}
