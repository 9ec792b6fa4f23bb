import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backtest, reckonPinball, scoreByMonth, scoreTrials } from './estimate-score.ts'
import type { Observation } from './estimate.ts'
import { table } from '../../test/table.ts'

test('R-EST-5 pinball loss: too low costs the share, too high the rest of it', async (t) => {
  const cases = table`
    actual | quantile | share | loss
    10     | 10       | 0.8   | 0
    20     | 10       | 0.8   | 8
    10     | 20       | 0.8   | 2
    20     | 10       | 0.5   | 5
    10     | 20       | 0.5   | 5
  `
  for (const row of cases)
    await t.test(JSON.stringify(row), () => {
      const loss = reckonPinball(Number(row['actual']), Number(row['quantile']), Number(row['share']))
      assert.equal(loss.toFixed(9), Number(row['loss']).toFixed(9))
    })
})

const toTrial = (on: string, p50: number, p80: number, actual: number) => ({
  on,
  estimate: { p50, p80 },
  actual,
})

test('R-EST-5 how often P50 and P80 held, with count, loss and by month', () => {
  const trials = [
    toTrial('2026-02-03', 5, 10, 10),
    toTrial('2026-01-31', 5, 10, 11),
    toTrial('2026-02-28', 5, 10, 5),
    toTrial('2026-02-01', 5, 10, 30),
  ]
  const score = scoreTrials(trials)
  assert.deepEqual([score.n, score.heldP50, score.heldP80], [4, 1, 2])
  // P50: (2.5 + 3 + 0 + 12.5) ÷ 4. P80: (0 + 0.8 + 1 + 16) ÷ 4.
  const losses = [score.lossP50, score.lossP80, score.loss].map((loss) => loss.toFixed(9))
  assert.deepEqual(losses, ['4.500000000', '4.450000000', '4.475000000'])
  assert.deepEqual(
    scoreByMonth(trials).map(({ month, score: { n, heldP80 } }) => [month, n, heldP80]),
    [
      ['2026-01', 1, 0],
      ['2026-02', 3, 2],
    ],
  )
})

const toCase = (on: string, value: number): Observation => ({ paths: [[]], on, value })
const pooling = { strength: 5, halfLifeMonths: Infinity }

test('R-EST-6 an estimate knows the days before its own, less the delay, and nothing of its own day', async (t) => {
  const days = ['2026-01-04', '2026-01-01', '2026-01-02', '2026-01-04', '2026-01-03', '2026-01-04']
  const cases = days.map((on) => toCase(on, Number(on.slice(8))))
  // The median of 1, 2, 3 is 2; a day that is not known yet cannot move it.
  const rows = table`
    delay | from       | P50 of each
    0     | 2026-01-01 | 02:1 03:1 04:2 04:2 04:2
    0     | 2026-01-04 | 04:2 04:2 04:2
    1     | 2026-01-01 | 03:1 04:1 04:1 04:1
    2     | 2026-01-01 | 04:1 04:1 04:1
    3     | 2026-01-01 |
  `
  for (const row of rows)
    await t.test(JSON.stringify(row), () => {
      const trials = backtest(cases, {
        from: row['from'] ?? '',
        pooling,
        delayDays: Number(row['delay']),
        recalibrated: false,
      })
      assert.equal(
        trials.map(({ on, estimate }) => `${on.slice(8)}:${estimate.p50}`).join(' '),
        row['P50 of each'],
      )
    })
})

test('R-EST-6 whatever comes later leaves earlier estimates as they were', () => {
  const early = [toCase('2026-01-01', 3), toCase('2026-01-05', 4), toCase('2026-01-09', 5)]
  const settings = { from: '2026-01-01', pooling, delayDays: 0, recalibrated: true }
  const trials = backtest([toCase('2026-01-09', 999), ...early, toCase('2026-02-01', 999)], settings)
  assert.deepEqual(
    trials.filter(({ actual }) => actual !== 999),
    backtest(early, settings),
  )
})
