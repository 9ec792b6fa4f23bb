/** Sets of time, against sets of whole instants. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { intersect, subtract, unite } from './interval.ts'
import type { Interval } from './interval.ts'
import { table } from '../../test/table.ts'

const parse = (text = ''): Interval[] =>
  text
    .split(' ')
    .filter((one) => one !== '')
    .map((one) => {
      const [start = Number.NaN, end = Number.NaN] = one
        .split('-')
        .map((edge) => (edge === '∞' ? Infinity : Number(edge)))
      return { start, end }
    })

test('R-CAL-8 what touches is one, what is empty is nothing, and the end of a range is not in it', () => {
  const cases = table`
    one     | other   | united  | common  | rest
    1-3     | 3-5     | 1-5     |         | 1-3
    1-4     | 2-3     | 1-4     | 2-3     | 1-2 3-4
    1-3 5-7 | 2-6     | 1-7     | 2-3 5-6 | 1-2 6-7
    1-9     | 2-3 4-5 | 1-9     | 2-3 4-5 | 1-2 3-4 5-9
    1-3     |         | 1-3     |         | 1-3
            | 1-3     | 1-3     |         |
    1-3     | 1-3     | 1-3     | 1-3     |
    2-3     | 1-9     | 1-9     | 2-3     |
    1-∞     | 3-∞     | 1-∞     | 3-∞     | 1-3
    1-3 5-9 | 2-∞     | 1-∞     | 2-3 5-9 | 1-2
  `
  for (const row of cases) {
    const [one, other] = [parse(row['one']), parse(row['other'])]
    assert.deepEqual(unite(one, other), parse(row['united']), JSON.stringify(row))
    assert.deepEqual(intersect(one, other), parse(row['common']), JSON.stringify(row))
    assert.deepEqual(subtract(one, other), parse(row['rest']), JSON.stringify(row))
  }
  assert.deepEqual(unite(parse('5-5 7-6 3-4'), [], parse('1-2')), parse('1-2 3-4'))
})

const size = 40
const anyRanges = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: size }), fc.integer({ min: 0, max: 9 }))
    .map(([start, length]) => ({ start, end: Math.min(size, start + length) })),
  { maxLength: 8 },
)
const has = (set: readonly Interval[], at: number): boolean =>
  set.some(({ start, end }) => start <= at && at < end)

test('R-CAL-8 sets are united, intersected and subtracted as their instants are, and stay sorted and apart', () => {
  fc.assert(
    fc.property(anyRanges, anyRanges, (a, b) => {
      const [one, other] = [unite(a), unite(b)]
      const results = [unite(a, b), intersect(one, other), subtract(one, other)]
      for (let at = -1; at <= size; at += 1) {
        const [inOne, inOther] = [has(a, at), has(b, at)]
        const wanted = [inOne || inOther, inOne && inOther, inOne && !inOther]
        assert.deepEqual(
          results.map((set) => has(set, at)),
          wanted,
        )
      }
      for (const set of results)
        set.forEach(({ start, end }, i) =>
          assert.ok(start < end && !((set[i + 1]?.start ?? Infinity) <= end)),
        )
    }),
    { numRuns: 1000 },
  )
})
