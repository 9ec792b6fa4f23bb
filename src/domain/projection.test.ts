import assert from 'node:assert/strict'
import { test } from 'node:test'
import { project } from './projection.ts'
import { table } from '../../test/table.ts'

/** `10:0.5 20:0.5` as steps. */
const toDistribution = (text: string) => ({
  steps: text.split(' ').map((step) => {
    const [value, share] = step.split(':').map(Number)
    return { value: value ?? 0, share: share ?? 0 }
  }),
  from: [],
})

/** As near as chance allows: two percent, or half a unit. */
const within = (a: number, b = 0): void =>
  assert.ok(Math.abs(a - b) <= Math.max(0.5, Math.abs(b) * 0.02), `${a} for ${b}`)

test('R-EST-14 what many take together is drawn together: quantiles are not added', async (t) => {
  const cases = table`
    each              | many | P50 | P80 | mean
    7:1               | 3    | 21  | 21  | 21
    0:0.9 100:0.1     | 1    | 0   | 0   | 10
    0:0.5 10:0.5      | 2    | 10  | 20  | 10
    0:0.5 10:0.5      | 100  | 500 | 540 | 500
    -5:0.5 5:0.5      | 1    | -5  | 5   | 0
  `
  for (const row of cases)
    await t.test(JSON.stringify(row), () => {
      const piece = { group: 'a', distribution: toDistribution(row['each'] ?? '') }
      const { total, groups } = project(
        Array.from({ length: Number(row['many']) }, () => piece),
        20_000,
        3,
      )
      const [p50, p80, mean] = ['P50', 'P80', 'mean'].map((name) => Number(row[name]))
      within(total.mean, mean)
      within(total.p80, p80)
      if (row['many'] !== '1') within(total.p50, p50)
      assert.deepEqual(groups, [{ group: 'a', sum: total }])
    })
})

test('R-EST-14 equal seed, equal answer; groups in the order of their names, each with its pieces', () => {
  const pieces = ['b', 'a', 'b'].map((group) => ({ group, distribution: toDistribution('1:0.5 2:0.5') }))
  const one = project(pieces, 500, 9)
  assert.deepEqual(project(pieces, 500, 9), one)
  assert.deepEqual(
    one.groups.map(({ group, sum }) => [group, sum.pieces]),
    [
      ['a', 1],
      ['b', 2],
    ],
  )
  assert.equal(one.total.pieces, 3)
  assert.deepEqual(project([], 500, 9), { total: { pieces: 0, p50: 0, p80: 0, mean: 0 }, groups: [] })
})
