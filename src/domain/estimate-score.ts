/**
 * How good estimates were, once the outcomes are known. The one rule: an estimate is scored only if it was made before
 * its outcome was known, by anybody; `backtest` keeps that rule for history.
 */
import { emptyModel, learn, predict } from './estimate.ts'
import type { Estimate, Observation, Pooling } from './estimate.ts'

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
  /** Estimates are made from this day on; what came before is only learned. */
  readonly from: string
  readonly pooling: Pooling
  /** An outcome is known so many days after its day, and never on the day itself. */
  readonly delayDays: number
}

/** Prequential (Dawid, 1984): each case is estimated from what was known on its day, and learned afterwards. */
export function backtest(
  observations: readonly Observation[],
  { from, pooling, delayDays }: Backtest,
): Trial[] {
  const cases = observations.toSorted((a, b) => toDay(a.on) - toDay(b.on))
  let model = emptyModel
  let known = 0
  const trials: Trial[] = []
  for (const { paths, on, value } of cases) {
    if (toDay(on) < toDay(from)) continue
    const before = cases.findIndex((one, i) => i >= known && toDay(one.on) + delayDays >= toDay(on))
    model = learn(model, cases.slice(known, before))
    known = before
    const estimate = predict(model, { paths, on }, pooling)
    if (estimate !== undefined) trials.push({ on, estimate, actual: value })
  }
  return trials
}

const toDay = (on: string): number => Date.parse(on.slice(0, 10)) / 86_400_000
