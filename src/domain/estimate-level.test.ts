import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countRanks, findLevels, noRanks, plainLevels, reckonRank } from './estimate-level.ts'
import { emptyModel, findQuantile, learn, toDistribution } from './estimate.ts'
import { table } from '../../test/table.ts'

const evenly = (n: number, from: number, to: number): number[] =>
  Array.from({ length: n }, (_, i) => from + ((to - from) * (i + 0.5)) / n)

test('R-EST-8 levels move to where outcomes lay, and few of them move little', async (t) => {
  const cases = table`
    outcomes | from | to  | P50   | P80
    0        | 0    | 1   | 0.5   | 0.8
    1000     | 0    | 1   | 0.5   | 0.8
    100000   | 0.5  | 1   | 0.75  | 0.9
    100000   | 0    | 0.5 | 0.251 | 0.4
    10       | 0.9  | 1   | 0.55  | 0.88
  `
  for (const row of cases)
    await t.test(JSON.stringify(row), () => {
      const ranks = evenly(Number(row['outcomes']), Number(row['from']), Number(row['to']))
      const { p50, p80 } = findLevels(countRanks(noRanks, ranks))
      assert.ok(Math.abs(p50 - Number(row['P50'])) < 0.0021, `P50 at ${p50}`)
      assert.ok(Math.abs(p80 - Number(row['P80'])) < 0.0021, `P80 at ${p80}`)
    })
  assert.deepEqual(findLevels(noRanks), plainLevels)
})

test('R-EST-8 an outcome is held by a quantile exactly where its rank lies below the level', () => {
  const values = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(
      values,
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 1, max: 999 }),
      (seen, actual, mille) => {
        const observations = seen.map((value) => ({ paths: [[]], on: '2026-06-15', value }))
        const distribution = toDistribution(learn(emptyModel, observations), {
          paths: [[]],
          on: '2026-06-15',
        })
        assert.ok(distribution !== undefined)
        const [rank, level] = [reckonRank(distribution, actual), mille / 1000]
        // Shares are sums of rounded fractions: where the two are equal but for that, either answer is right.
        if (Math.abs(rank - level) < 1e-8) return
        const greatest = Math.max(...seen)
        const isHeld = actual <= findQuantile(distribution, level)
        assert.equal(isHeld, rank < level && actual <= greatest, `${rank} ${level}`)
      },
    ),
  )
})
