/** Estimates by hand, and what holds for any history. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyModel, findQuantile, learn, merge, predict, toDistribution } from './estimate.ts'
import type { Model, Observation, Tally } from './estimate.ts'
import { table } from '../../test/table.ts'

const on = '2026-06-15'
/** `pump:1,2 pump>seal:8` as observations of one day. */
const toObservations = (text: string): Observation[] =>
  text.split(' ').flatMap((group) => {
    const [path = '', values = ''] = group.split(':')
    const paths = [path === 'all' ? [] : path.split('>')]
    return values === '' ? [] : values.split(',').map((value) => ({ paths, on, value: Number(value) }))
  })
const ages = { strength: 5, halfLifeMonths: Infinity }
const byHand = { strength: 5, halfLifeMonths: 12 }

test('R-EST-1 with n outcomes a class has n ÷ (n + 5) of the say, and what is above it the rest', async (t) => {
  const cases = table`
    learned                              | asked      | p50 | p80 | mean | n | shares
    all:1,2,3,4,5                        | pump       | 3   | 4   | 3    | 5 | []:1
    all:1,2,3,4,5                        | pump>seal  | 3   | 4   | 3    | 5 | []:1
    all:1,2,3,4,5,6,7,8,9,10             | pump       | 5   | 8   | 5.5  | 10 | []:1
    pump:10                              | lift       | 10  | 10  | 10   | 1 | []:1
    pump:10                              | pump>seal  | 10  | 10  | 10   | 1 | []:0.833 pump:0.167
    all:1,1,1,1,1 pump:9,9,9,9,9         | pump       | 9   | 9   | 7    | 5 | []:0.5 pump:0.5
    all:1,1,1,1,1 pump:9,9,9,9,9         | lift       | 1   | 9   | 5    | 10 | []:1
    all:1,1,1,1,1 pump>seal:9,9,9,9,9    | pump>seal  | 9   | 9   | 8    | 5 | pump>seal:0.5 []:0.25 pump:0.25
  `
  for (const row of cases) {
    await t.test(JSON.stringify(row), () => {
      const model = learn(emptyModel, toObservations(row['learned'] ?? ''))
      const estimate = predict(model, { paths: [(row['asked'] ?? '').split('>')], on }, ages)
      assert.ok(estimate !== undefined)
      const shares = estimate.from.map(({ path, share }) =>
        [path.join('>') || '[]', Number(share.toFixed(3))].join(':'),
      )
      assert.deepEqual(
        [estimate.p50, estimate.p80, Number(estimate.mean.toFixed(9)), estimate.n].map(String),
        [row['p50'], row['p80'], row['mean'], row['n']],
      )
      assert.deepEqual(shares.toSorted(), (row['shares'] ?? '').split(' ').toSorted())
      assert.equal(estimate.from[0]?.n, estimate.n)
    })
  }
  assert.equal(predict(emptyModel, { paths: [['pump']], on }), undefined)
})

test('R-EST-1 several paths count alike, and the class of all work once', () => {
  const model = learn(emptyModel, [
    ...toObservations('pump:1,1,1,1,1'),
    ...toObservations('seal:9,9,9,9,9'),
    { paths: [['pump'], ['seal']], on, value: 5 },
  ])
  const estimate = predict(model, { paths: [['pump'], ['seal']], on }, ages)
  // Each class has 6 outcomes of its own: 6 ÷ 11 of its half; what is left of both halves comes from all 11.
  assert.deepEqual(
    estimate?.from.map(({ path, n, share }) => [path.join(), n, share.toFixed(6)]),
    [
      ['', 11, (5 / 11).toFixed(6)],
      ['pump', 6, (3 / 11).toFixed(6)],
      ['seal', 6, (3 / 11).toFixed(6)],
    ],
  )
})

test('R-EST-2 one outlier does not decide P50 or P80, in a small class or as all that a class has seen', () => {
  const usual = toObservations('pump:1,2,3,4,5,6,7,8,9,10 pump>seal:4,5,6')
  const outlier = toObservations('pump>seal:1000000')
  const question = { paths: [['pump', 'seal']], on }
  const before = predict(learn(emptyModel, usual), question, byHand)
  const after = predict(learn(emptyModel, [...usual, ...outlier]), question, byHand)
  // Before: 3/8 × {4, 5, 6} and 5/8 × all 13. After: 4/9 × {4, 5, 6, million} and 5/9 × all 14.
  assert.deepEqual([before?.p50, before?.p80], [5, 6])
  assert.deepEqual([after?.p50, after?.p80], [5, 9])
  const known = toObservations(`pump:${Array.from({ length: 100 }, (_, i) => i + 1).join(',')}`)
  const alone = predict(learn(emptyModel, [...known, ...outlier]), question, byHand)
  // 5/6 × (at most 97 of 101) is 0.8003, and 1/6 is the outlier.
  assert.deepEqual([alone?.p50, alone?.p80], [61, 97])
})

test('R-EST-2 zeros keep their share, and a credit is below them', () => {
  const free = predict(learn(emptyModel, toObservations('all:0,0,0,7,8')), { paths: [[]], on })
  assert.deepEqual([free?.zero.toFixed(9), free?.p50, free?.p80], ['0.600000000', 0, 7])
  const credit = predict(learn(emptyModel, toObservations('all:-50,0,0,0,8')), { paths: [[]], on })
  assert.deepEqual(
    [credit?.zero.toFixed(9), credit?.p50, credit?.mean.toFixed(6)],
    ['0.600000000', 0, '-8.400000'],
  )
  const none = predict(learn(emptyModel, toObservations('all:7')), { paths: [[]], on })
  assert.equal(none?.zero, 0)
})

test('R-EST-3 an outcome that is one half-life older counts half', () => {
  const model = learn(emptyModel, [
    { paths: [[]], on: '2025-06-01', value: 1 },
    { paths: [[]], on: '2026-06-01', value: 4 },
  ])
  const means = ['2026-06-30', '2027-06-30'].map((day) =>
    predict(model, { paths: [[]], on: day }, byHand)?.mean.toFixed(9),
  )
  assert.deepEqual(means, ['3.000000000', '3.000000000'])
  // A class whose outcomes have aged gives way to what is above it.
  const aged = learn(emptyModel, [{ paths: [['pump']], on: '2025-06-01', value: 1 }])
  assert.equal(
    predict(aged, { paths: [['pump']], on }, byHand)?.from[1]?.share.toFixed(9),
    (0.5 / 5.5).toFixed(9),
  )
})

test('R-EST-3 values are kept to three digits, whole hours up to 999 exactly; what is no number is refused', () => {
  const points = [999, 1234, 183.05, 0.123456].map(
    (value) => predict(learn(emptyModel, [{ paths: [[]], on, value }]), { paths: [[]], on })?.p50,
  )
  assert.deepEqual(points, [999, 1230, 183, 0.123])
  for (const value of [Number.NaN, Infinity])
    assert.throws(() => learn(emptyModel, [{ paths: [[]], on, value }]), RangeError)
})

const word = fc.constantFrom('pump', 'seal', 'lift', '__proto__', 'a>b')
const path = fc.array(word, { maxLength: 3 })
const observation: fc.Arbitrary<Observation> = fc.record({
  paths: fc.array(path, { minLength: 1, maxLength: 3 }),
  on: fc.constantFrom('2024-01-31', '2025-12-01', '2026-06-15'),
  value: fc.oneof(fc.constant(0), fc.double({ min: -1e3, max: 1e7, noNaN: true })),
})
const history = fc.array(observation, { minLength: 1, maxLength: 30 })

test('R-EST-4 in any order, in parts merged either way, and through JSON: the very same answer', () => {
  fc.assert(
    fc.property(history, fc.nat(30), observation, (all, cut, question) => {
      const [some, others] = [all.slice(0, cut), all.slice(cut)].map((part) => learn(emptyModel, part))
      const stored = JSON.stringify([...merge(others!, some!)])
      const models: Model[] = [
        learn(emptyModel, all.toReversed()),
        learn(some!, all.slice(cut)),
        merge(some!, others!),
        new Map(JSON.parse(stored) as [string, Tally][]),
      ]
      const expected = predict(learn(emptyModel, all), question)
      for (const model of models) assert.deepEqual(predict(model, question), expected)
    }),
  )
})

test('R-EST-4 quantiles never fall, are outcomes that were seen, and all shares are 1 together', () => {
  fc.assert(
    fc.property(history, observation, (all, question) => {
      const distribution = toDistribution(learn(emptyModel, all), question)
      assert.ok(distribution !== undefined)
      const found = [0, 0.1, 0.5, 0.8, 0.99, 1].map((share) => findQuantile(distribution, share))
      assert.deepEqual(
        found,
        found.toSorted((a, b) => a - b),
      )
      const seen = new Set(all.map(({ value }) => Number(value.toPrecision(3)) + 0))
      for (const value of found) assert.ok(seen.has(value))
      for (const parts of [distribution.steps, distribution.from])
        assert.ok(Math.abs(parts.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9)
    }),
  )
})

test('R-EST-4 what a model said before is not changed by what another learns from it', () => {
  const model = learn(emptyModel, toObservations('pump:1,2,3'))
  const before = JSON.stringify([...model])
  learn(model, toObservations('pump:9 lift:9'))
  merge(model, learn(emptyModel, toObservations('pump:9')))
  assert.equal(JSON.stringify([...model]), before)
})
