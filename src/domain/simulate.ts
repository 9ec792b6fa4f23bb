/**
 * When a tree is over, as a distribution: each run draws a duration for every node and reckons forward (Monte
 * Carlo over the network). The one rule: nothing here is by chance; the same seed gives the same answer.
 */
import { modes, reckon } from './critical-path.ts'
import type { Reckoning } from './critical-path.ts'

/** Evenly between 0 (included) and 1. */
export type Draw = () => number
/** Hours of work that are still to be done, drawn once a run. */
export type Sampler = (draw: Draw) => number

export type Forecast = {
  readonly runs: number
  /** In milliseconds; NaN where the node takes no time. */
  readonly p50: number
  readonly p80: number
  readonly mean: number
}

export type Simulation = Reckoning & {
  /** One for each node; undefined where only the hours of its timing are known. */
  readonly samplerOf: (node: number) => Sampler | undefined
  readonly runs: number
  readonly seed: number
}

/** One forecast for each of the ends. */
export function simulate(simulation: Simulation): Forecast[] {
  const { network, timing, ends, runs, seed } = simulation
  const draw = openDraw(seed)
  const samplers = Array.from({ length: network.size }, (_, node) => simulation.samplerOf(node))
  const hours = timing.hours.slice()
  const drawn: number[] = []
  samplers.forEach((sampler, node) => {
    const lies = timing.mode[node] === modes.planned || timing.mode[node] === modes.running
    if (sampler !== undefined && lies && network.linked[node] === 0) drawn.push(node)
  })
  const finishes = ends.map(() => new Float64Array(runs))
  const reckoning = { ...simulation, timing: { ...timing, hours }, onlyForward: true }
  for (let run = 0; run < runs; run += 1) {
    for (const node of drawn) hours[node] = Math.max(0, samplers[node]?.(draw) ?? 0)
    const { earliestFinish } = reckon(reckoning)
    ends.forEach((end, i) => (finishes[i]![run] = earliestFinish[end]!))
  }
  return finishes.map(toForecast)
}

function toForecast(finishes: Float64Array): Forecast {
  const sorted = finishes.toSorted()
  const runs = sorted.length
  const mean = sorted.reduce((sum, one) => sum + one / runs, 0)
  return { runs, p50: quantile(sorted, 0.5), p80: quantile(sorted, 0.8), mean }
}

/** The value that this share of the runs does not exceed. */
const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN

/** xoshiro128** (Blackman and Vigna, 2018), seeded by splitmix32. */
export function openDraw(seed: number): Draw {
  let state = seed >>> 0
  const spread = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  let [a, b, c, d] = [spread(), spread(), spread(), spread()]
  return () => {
    const times5 = Math.imul(b, 5)
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result / 2 ** 32
  }
}
