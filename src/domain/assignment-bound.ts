/**
 * A cost below which no assignment of work to people in hours can be: Lagrangian relaxation of "every place is filled",
 * so that what is left is one knapsack for each person (Fisher 1981; for this problem Fisher, Jaikumar and Van Wassenhove
 * 1986), improved by subgradient steps. The one rule: every value is a valid bound, whatever the prices are. That nobody
 * takes two jobs of a crew is left out of it, which can only lower the bound.
 *
 * With a price λ for a place of each job, at most `unfilled` places free of cost, and h places of each job:
 * L(λ) = Σ h·λ − (the `unfilled` highest λ above zero) − Σ over people of the best knapsack of gains λ − cost.
 */
import type { Pairs } from './assignment-flow.ts'

export type Knapsacks = {
  readonly pairs: Pairs
  /** Of one place of each job, and of each person. */
  readonly minutes: Int32Array
  readonly capacityMinutes: Int32Array
  /** The jobs of crew c are those from crewStart[c] to before crewStart[c + 1]: nobody takes two places of a crew. */
  readonly crewStart: Int32Array
}
type Ask = Knapsacks & {
  /** Of one place for each pair; those of `pairs`, or zeros to bound the number of unfilled places. */
  readonly cost: Float64Array
  /** How many places may stay unfilled for nothing. */
  readonly unfilled: number
  /** What one more costs; infinite where there may be no more. */
  readonly unfilledCost: number
  readonly startPrice: Float64Array
}
const mostUnits = 400
const patience = 8
const firstScale = 0.3
/** Some of the last direction keeps the prices from swinging (Camerini, Fratta and Maffioli 1975). */
const momentum = 0.3

/**
 * Each call is one step, and gives the best bound until now: a whole number, as costs are whole. `target` is what is
 * known to be reachable.
 */
export function openRelaxation(ask: Ask): (target: number) => number {
  const { pairs, startPrice, unfilledCost } = ask
  const jobs = pairs.headcount.length
  const knapsack = openKnapsacks(ask)
  const price = startPrice.map((one) => Math.min(one, unfilledCost))
  const best = { value: Number.NEGATIVE_INFINITY, price: price.slice() }
  const direction = new Float64Array(jobs)
  let scale = firstScale
  let since = 0
  return (target) => {
    const { value, missing } = evaluate(ask, knapsack, price)
    since += 1
    if (value > best.value) {
      if (value - best.value > (target - best.value) / 1000) since = 0
      best.value = value
      best.price.set(price)
    }
    if (since > patience) {
      since = 0
      scale /= 2
      price.set(best.price)
      direction.fill(0)
    }
    let squares = 0
    for (let job = 0; job < jobs; job += 1) {
      direction[job] = missing[job]! + momentum * direction[job]!
      squares += direction[job]! ** 2
    }
    const length = squares === 0 ? 0 : (scale * Math.max(1, target - value)) / squares
    for (let job = 0; job < jobs; job += 1)
      price[job] = Math.min(unfilledCost, price[job]! + length * direction[job]!)
    return Math.min(target, toWhole(best.value))
  }
}

/** Rounding errors of sums must not lift a bound over a whole number. */
const toWhole = (value: number): number => Math.max(0, Math.ceil(value - 1e-4 - Math.abs(value) * 1e-12))

type Knapsack = (person: number, price: Float64Array, missing: Int32Array) => number

/** The value at these prices, and how many places of each job the relaxed solution leaves open (negative: too many). */
function evaluate(
  { pairs, unfilled }: Ask,
  knapsack: Knapsack,
  price: Float64Array,
): { value: number; missing: Int32Array } {
  const missing = pairs.headcount.slice()
  let value = 0
  for (let job = 0; job < price.length; job += 1) value += pairs.headcount[job]! * price[job]!
  for (let person = 0; person < pairs.people; person += 1) value -= knapsack(person, price, missing)
  let left = unfilled
  const dearest = left > 0 ? Array.from(price.keys()).toSorted((a, b) => price[b]! - price[a]!) : []
  for (const job of dearest) {
    if (left === 0 || price[job]! <= 0) break
    const places = Math.min(left, pairs.headcount[job]!)
    value -= places * price[job]!
    missing[job]! -= places
    left -= places
  }
  return { value, missing }
}

/**
 * The best knapsack of a person, as its gain (dynamic programming: Bellman 1957); what it takes is taken from `missing`.
 * Time is cut into units that divide every length; where those are too many, into longer ones with lengths rounded
 * down, which allows more than there is and so keeps the bound valid.
 */
function openKnapsacks({ pairs, cost, minutes, capacityMinutes }: Ask): Knapsack {
  const { jobOf, pairsOf } = listColumns(pairs)
  const longest = capacityMinutes.reduce((most, one) => Math.max(most, one), 0)
  const common = minutes.reduce(gcd, 0)
  const unit = Math.max(1, common) * Math.max(1, Math.ceil(longest / (Math.max(1, common) * mostUnits)))
  const length = minutes.map((one) => Math.floor(one / unit))
  const width = Math.floor(longest / unit) + 1
  const best = new Float64Array(width)
  let takes = new Uint8Array(width)
  return (person, price, missing) => {
    const room = Math.floor(capacityMinutes[person]! / unit)
    const items = pairsOf[person]!.filter((pair) => price[jobOf[pair]!]! > cost[pair]!)
    if (takes.length < items.length * width) takes = new Uint8Array(items.length * width)
    takes.fill(0, 0, items.length * width)
    best.fill(0, 0, room + 1)
    items.forEach((pair, item) => {
      const job = jobOf[pair]!
      const gain = price[job]! - cost[pair]!
      const own = length[job]!
      for (let at = room; at >= own; at -= 1) {
        const value = best[at - own]! + gain
        if (value <= best[at]!) continue
        best[at] = value
        takes[item * width + at] = 1
      }
    })
    let at = room
    for (let item = items.length - 1; item >= 0; item -= 1) {
      if (takes[item * width + at] === 0) continue
      const job = jobOf[items[item]!]!
      missing[job]! -= 1
      at -= length[job]!
    }
    return best[room]!
  }
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

function listColumns({ people, headcount, rowStart, person }: Pairs): {
  readonly jobOf: Int32Array
  readonly pairsOf: readonly (readonly number[])[]
} {
  const jobOf = new Int32Array(person.length)
  const pairsOf = Array.from({ length: people }, (): number[] => [])
  for (let job = 0; job < headcount.length; job += 1)
    for (let pair = rowStart[job]!; pair < rowStart[job + 1]!; pair += 1) {
      jobOf[pair] = job
      pairsOf[person[pair]!]!.push(pair)
    }
  return { jobOf, pairsOf }
}
