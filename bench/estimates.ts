/**
 * How good estimates are on the excavators' work orders: each is estimated before its outcome is learned, in the order of
 * the days. The one rule: nothing here chooses anything; what was chosen stands in `excavators.ts`.
 */
import { compareEstimates, holdOut, loadMeasures, validation } from './excavators.ts'
import type { Measure, Slice } from './excavators.ts'
import { scoreByMonth } from '#domain/estimate-score.ts'
import type { Score, Trial } from '#domain/estimate-score.ts'

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
const better = (own: Score, other: Score): string => percent(1 - own.loss / other.loss)

function printRow(cells: readonly (string | number)[]): void {
  const widths = [18, 6, 6, 10, 10, 10, 14, 10, 10, 10]
  console.log(cells.map((cell, i) => String(cell).padStart(widths[i] ?? 8)).join(' '))
}

function printComparison(name: string, measure: Measure, slice: Slice, delayDays: number): readonly Trial[] {
  const { trials, own, plain } = compareEstimates(measure, slice, delayDays)
  const held = (key: 'heldP50' | 'heldP80'): string => percent(own[key] / own.n)
  const losses = [own.loss, plain.loss].map((loss) => loss.toFixed(2))
  const parts = [1 - own.lossP50 / plain.lossP50, 1 - own.lossP80 / plain.lossP80].map(percent)
  printRow([
    name,
    delayDays,
    own.n,
    held('heldP50'),
    held('heldP80'),
    ...losses,
    better(own, plain),
    ...parts,
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
    'baseline loss',
    'better by',
    'on P50',
    'on P80',
  ])
  printComparison('validation', measure, validation, 0)
  const trials = printComparison('hold-out', measure, holdOut, 0)
  for (const delayDays of [30, 90]) printComparison('hold-out', measure, holdOut, delayDays)
  console.log(`\n${name}, hold-out by month: how often P80 held`)
  for (const { month, score } of scoreByMonth(trials))
    console.log(`${month} ${percent(score.heldP80 / score.n).padStart(8)} of ${String(score.n).padStart(3)}`)
}

console.log(`Loss: mean of the pinball losses of P50 and P80. Delay: days until an outcome is known.
Baseline: median and 80 % quantile of all outcomes known so far, by the same protocol.`)
for (const measure of await loadMeasures()) printMeasure(measure)
