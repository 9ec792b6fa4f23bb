/**
 * What many pieces of work will take or cost together. The one rule: quantiles do not add up, sums of draws do; each run
 * draws every piece independently (Monte Carlo), and the same seed gives the same answer.
 */
import type { Distribution } from './estimate.ts'
import { openDraw } from './simulate.ts'

export type Piece = { readonly group: string; readonly distribution: Distribution }
/** In the unit of the distributions. */
export type Sum = {
  readonly pieces: number
  readonly p50: number
  readonly p80: number
  readonly mean: number
}
export type Projection = {
  readonly total: Sum
  /** In the order of their names. */
  readonly groups: readonly { readonly group: string; readonly sum: Sum }[]
}

export function project(pieces: readonly Piece[], runs: number, seed: number): Projection {
  const draw = openDraw(seed)
  const names = [...new Set(pieces.map(({ group }) => group))].toSorted()
  const drawn = pieces.map(({ group, distribution }) => ({
    to: names.indexOf(group),
    ...toCumulative(distribution),
  }))
  const sums = names.map(() => new Float64Array(runs))
  const totals = new Float64Array(runs)
  for (let run = 0; run < runs; run += 1)
    for (const { to, values, upTo } of drawn) {
      const value = values[findStep(upTo, draw())] ?? 0
      sums[to]![run]! += value
      totals[run]! += value
    }
  return {
    total: toSum(totals, pieces.length),
    groups: names.map((group, i) => ({
      group,
      sum: toSum(sums[i]!, drawn.filter(({ to }) => to === i).length),
    })),
  }
}

function toCumulative({ steps }: Distribution): { values: Float64Array; upTo: Float64Array } {
  let sum = 0
  return {
    values: Float64Array.from(steps, ({ value }) => value),
    upTo: Float64Array.from(steps, ({ share }) => (sum += share)),
  }
}

/** The first step whose cumulative share is above the draw; the last where rounding leaves none. */
function findStep(upTo: Float64Array, draw: number): number {
  let [low, high] = [0, upTo.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (upTo[middle]! > draw) high = middle
    else low = middle + 1
  }
  return low
}

function toSum(sums: Float64Array, pieces: number): Sum {
  const sorted = sums.toSorted()
  const quantile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return {
    pieces,
    p50: quantile(0.5),
    p80: quantile(0.8),
    mean: sorted.reduce((sum, one) => sum + one, 0) / sorted.length,
  }
}
