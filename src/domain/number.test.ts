import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { table } from '#test/table.ts'
import { countedNumber, fleetCandidates, fleetNumber, isCounted, isNumber } from './number.ts'

test('R-NUM-1 numbers are counted per year, and wider when a year has more than six digits', () => {
  const cases = table`
    year | count   | number
    2026 | 1       | WO-2026-000001
    2026 | 999999  | WO-2026-999999
    2026 | 1000000 | WO-2026-1000000
    2027 | 42      | WO-2027-000042
  `
  for (const { year, count, number } of cases)
    assert.equal(countedNumber(Number(year), Number(count)), number)
  assert.deepEqual([isCounted('change-control'), isCounted('qms'), isCounted('fleet')], [true, true, false])
})

test('R-NUM-2 the fleet’s numbers carry the day and upper-case hex digits', () => {
  const cases = table`
    day        | random  | width | number
    2026-03-05 | 0       | 3     | WO-2026-0305-000
    2026-03-05 | 0.63134765625 | 3 | WO-2026-0305-A1A
    2026-12-31 | 0.99999 | 3     | WO-2026-1231-FFF
    2026-12-31 | 0.99999 | 4     | WO-2026-1231-FFFF
    2026-01-01 | 0.001   | 4     | WO-2026-0101-0041
  `
  for (const { day = '', random, width, number } of cases)
    assert.equal(fleetNumber(day, Number(random), Number(width)), number)
})

test('R-NUM-3 a collision is tried again, and a day that is nearly full gets a digit more', () => {
  const candidates = fleetCandidates('2026-03-05', Math.random)
  const widths = candidates.map((number) => (number.split('-').at(-1) ?? '').length)
  assert.deepEqual(
    widths,
    [3, 4, 5, 6].flatMap((width) => Array.from({ length: 8 }, () => width)),
  )
})

test('R-NUM-4 what is a number is told from what is not', () => {
  const anyDay = fc
    .date({ min: new Date('2000-01-01'), max: new Date('2199-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10))
  const below1 = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(anyDay, below1, fc.integer({ min: 3, max: 6 }), (...args) => isNumber(fleetNumber(...args))),
  )
  fc.assert(
    fc.property(fc.integer({ min: 2000, max: 9999 }), fc.integer({ min: 1, max: 1e9 }), (...args) =>
      isNumber(countedNumber(...args)),
    ),
  )
  for (const text of [
    '',
    'WO',
    'WO-2026-00001',
    'WO-2026-0305-1',
    'WO-2026-0305-a1b',
    'WO-2026-0305-A1BCDEF',
    'wo-2026-000001',
    ' WO-2026-000001',
    'WO-2026-000001\n',
    'WO-2026-000001; drop table entries',
  ])
    assert.equal(isNumber(text), false, JSON.stringify(text))
})
