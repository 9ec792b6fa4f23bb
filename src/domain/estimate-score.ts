/**
 * How good estimates were, once the outcomes are known. The one rule: an estimate is scored only if it was made before
 * its outcome was known, by anybody; `backtest` keeps that rule for history.
 */
import { countRanks, findLevels, noRanks, plainLevels, reckonRank } from './estimate-level.ts'
import { emptyModel, learn, toDistribution, toEstimate } from './estimate.ts'
import type { Estimate, Model, Observation, Pooling } from './estimate.ts'

/** An estimate beside what came of it. */
export type Trial = {
  /** `YYYY-MM-DD`, with or without a time behind it. */
  readonly on: string
  readonly estimate: Pick<Estimate, 'p50' | 'p80'>
  readonly actual: number
}

export type Score = {
  readonly n: number
  /** How many outcomes P50 and P80 were not exceeded by. Of ties at 0 more than the named share. */
  readonly heldP50: number
  readonly heldP80: number
  /** The mean of both pinball losses, in the unit of the outcomes; NaN without any. */
  readonly loss: number
  readonly lossP50: number
  readonly lossP80: number
}

/** Of quantile estimates (Koenker and Bassett, 1978): least in expectation for the true quantile. */
export const reckonPinball = (actual: number, quantile: number, share: number): number =>
  actual >= quantile ? share * (actual - quantile) : (1 - share) * (quantile - actual)

export function scoreTrials(trials: readonly Trial[]): Score {
  const n = trials.length
  const held = (key: 'p50' | 'p80'): number =>
    trials.filter(({ actual, estimate }) => actual <= estimate[key]).length
  const loss = (key: 'p50' | 'p80', share: number): number =>
    trials.reduce((sum, { actual, estimate }) => sum + reckonPinball(actual, estimate[key], share), 0) / n
  const [lossP50, lossP80] = [loss('p50', 0.5), loss('p80', 0.8)]
  return { n, heldP50: held('p50'), heldP80: held('p80'), loss: (lossP50 + lossP80) / 2, lossP50, lossP80 }
}

/** One score for each month (`YYYY-MM`) that has trials, in their order. */
export function scoreByMonth(trials: readonly Trial[]): { month: string; score: Score }[] {
  const months = Map.groupBy(trials, ({ on }) => on.slice(0, 7))
  return [...months]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([month, those]) => ({ month, score: scoreTrials(those) }))
}

export type Backtest = {
  /** Estimates are scored from this day on; what came before is only learned. */
  readonly from: string
  readonly pooling: Pooling
  /** An outcome is known so many days after its day, and never on the day itself. */
  readonly delayDays: number
  /** Whether P50 and P80 are read at the levels that earlier estimates show to hold (`findLevels`). */
  readonly recalibrated: boolean
}

/** Prequential (Dawid, 1984): each case is estimated from what was known on its day, and learned afterwards. */
export function backtest(
  observations: readonly Observation[],
  { from, pooling, delayDays, recalibrated }: Backtest,
): Trial[] {
  const cases = observations.toSorted((a, b) => toDay(a.on) - toDay(b.on))
  const ranks: number[] = []
  let model: Model = emptyModel
  let known = 0
  let counts = noRanks
  const trials: Trial[] = []
  for (const [i, { paths, on, value }] of cases.entries()) {
    if (!recalibrated && toDay(on) < toDay(from)) continue
    const before = cases.findIndex((one, k) => k >= known && toDay(one.on) + delayDays >= toDay(on))
    model = learn(model, cases.slice(known, before))
    counts = countRanks(
      counts,
      ranks.slice(known, before).filter((rank) => !Number.isNaN(rank)),
    )
    known = before
    const distribution = toDistribution(model, { paths, on }, pooling)
    ranks[i] = distribution === undefined ? Number.NaN : reckonRank(distribution, value)
    if (distribution === undefined || toDay(on) < toDay(from)) continue
    const levels = recalibrated ? findLevels(counts) : plainLevels
    trials.push({ on, estimate: toEstimate(distribution, levels), actual: value })
  }
  return trials
}

const toDay = (on: string): number => Date.parse(on.slice(0, 10)) / 86_400_000
