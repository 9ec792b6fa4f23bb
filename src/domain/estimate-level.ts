/**
 * At which level of a distribution P50 and P80 are read, so that they hold as often as they say. The one rule: a rank is
 * that of an outcome in the estimate that was made before it was known.
 */
import type { Distribution } from './estimate.ts'

export type Levels = { readonly p50: number; readonly p80: number }
export const plainLevels: Levels = { p50: 0.5, p80: 0.8 }

/** How many outcomes had which rank, in thousandths, the least first. */
export type RankCounts = readonly number[]
const bins = 1000
export const noRanks: RankCounts = Array.from({ length: bins }, () => 0)

/** So many outcomes as if the estimates had been right: few outcomes change little. */
const priorOutcomes = 100

/** The share of the distribution that lies below the outcome: from 0 to 1. A quantile holds where its level is above it. */
export function reckonRank({ steps }: Distribution, actual: number): number {
  let below = 0
  for (const step of steps) {
    if (step.value >= actual) break
    below += step.share
  }
  return Math.min(1, below)
}

export function countRanks(counts: RankCounts, ranks: readonly number[]): RankCounts {
  const sum = [...counts]
  for (const rank of ranks) {
    const bin = Math.min(bins - 1, Math.floor(rank * bins))
    sum[bin] = (sum[bin] ?? 0) + 1
  }
  return sum
}

/**
 * The levels that would have held in half and in 80 % of the cases so far: recalibration by the ranks of past outcomes
 * (Dawid, "The prequential approach", 1984; Kuleshov, Fenner and Ermon, ICML 2018).
 */
export function findLevels(counts: RankCounts): Levels {
  const total = counts.reduce((sum, count) => sum + count, priorOutcomes)
  const find = (share: number): number => {
    let below = 0
    const bin = counts.findIndex((count) => (below += count + priorOutcomes / bins) >= share * total - 1e-9)
    return (bin === -1 ? bins : bin + 1) / bins
  }
  return { p50: find(0.5), p80: find(0.8) }
}
