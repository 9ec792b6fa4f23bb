/**
 * How good estimates are on the excavators' work orders: each is estimated before its outcome is learned, in the order of
 * the days. `--choose` scores the candidates on the folds before the hold-out, which it never reads.
 */
import { compareEstimates, holdOut, listFolds, loadMeasures } from './excavators.ts'
import type { Measure, Slice } from './excavators.ts'
import { backtest, scoreByMonth, scoreTrials } from '#domain/estimate-score.ts'
import type { Score, Trial } from '#domain/estimate-score.ts'
import type { Pooling } from '#domain/estimate.ts'

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
const better = (own: Score, other: Score): string => percent(1 - own.loss / other.loss)

function printRow(cells: readonly (string | number)[]): void {
  const widths = [10, 6, 6, 10, 10, 10, 14, 14, 14, 14]
  console.log(cells.map((cell, i) => String(cell).padStart(widths[i] ?? 8)).join(' '))
}

function printComparison(name: string, measure: Measure, slice: Slice, delayDays: number): readonly Trial[] {
  const { trials, own, plain, frozen } = compareEstimates(measure, slice, delayDays)
  printRow([
    name,
    delayDays,
    own.n,
    percent(own.heldP50 / own.n),
    percent(own.heldP80 / own.n),
    own.loss.toFixed(2),
    plain.loss.toFixed(2),
    frozen.loss.toFixed(2),
    better(own, plain),
    better(own, frozen),
  ])
  return trials
}

function printMeasure(measure: Measure): void {
  const { name, unit, cases, pooling } = measure
  console.log(`\n${name} (${unit}): ${cases.length} outcomes, ${JSON.stringify(pooling)}`)
  printRow([
    'slice',
    'delay',
    'n',
    'P50 held',
    'P80 held',
    'loss',
    'base updated',
    'base frozen',
    'better than',
    'better than',
  ])
  for (const [i, fold] of listFolds(cases).entries()) printComparison(`fold ${i + 1}`, measure, fold, 0)
  const trials = printComparison('hold-out', measure, holdOut, 0)
  for (const delayDays of [30, 90]) printComparison('hold-out', measure, holdOut, delayDays)
  console.log(`\n${name}, hold-out by month: how often P80 held`)
  for (const { month, score } of scoreByMonth(trials))
    console.log(`${month} ${percent(score.heldP80 / score.n).padStart(8)} of ${String(score.n).padStart(3)}`)
}

/** One pass over all that lies before the hold-out, scored by fold. */
function printCandidate(measure: Measure, pooling: Pooling, recalibrated: boolean): void {
  const cases = measure.cases.filter(({ on }) => on < holdOut.from)
  const folds = listFolds(cases)
  const from = folds[0]?.from ?? holdOut.from
  const own = backtest(cases, { from, delayDays: 0, pooling, recalibrated })
  const plain = backtest(
    cases.map((one) => ({ ...one, paths: [[]] })),
    { from, delayDays: 0, pooling: { ...pooling, halfLifeMonths: Infinity }, recalibrated: false },
  )
  const gains = folds.map((fold) => {
    const [mine, base] = [own, plain].map((trials) =>
      scoreTrials(trials.filter(({ on }) => on >= fold.from && on < fold.until)),
    )
    return mine === undefined || base === undefined ? Number.NaN : 1 - mine.loss / base.loss
  })
  const { heldP80, n } = scoreTrials(own)
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length
  const how = `strength ${pooling.strength}, half-life ${pooling.halfLifeMonths}${recalibrated ? ', recalibrated' : ''}`
  console.log(
    `${how.padEnd(46)} better by ${percent(mean)} (${gains.map(percent).join(', ')}), P80 held in ${percent(heldP80 / n)}`,
  )
}

const measures = await loadMeasures()
if (process.argv.includes('--choose')) {
  console.log('Chosen is what is best by the mean of the folds among what holds P80 in 79 to 81 %.')
  const [cost] = measures
  for (const [strength, halfLifeMonths] of [
    [3, 12],
    [3, 18],
    [3, 24],
    [4, 24],
  ] as const)
    for (const recalibrated of [true, false])
      if (cost !== undefined) printCandidate(cost, { strength, halfLifeMonths }, recalibrated)
} else {
  console.log(`Loss: mean of the pinball losses of P50 and P80. Delay: days until an outcome is known.
Baseline: median and 80 % quantile of all outcomes, updated with every outcome that is known, or frozen where the slice begins.`)
  for (const measure of measures) printMeasure(measure)
}
