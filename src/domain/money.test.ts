/** Exact arithmetic with decimal texts, rounded once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addDecimals, compareDecimals, multiplyDecimals, roundDecimal, roundQuotient } from './decimal.ts'
import { currencyDigits, labourOf, priceOf, sumMoney } from './money.ts'
import { table } from '../../test/table.ts'

test('R-CST-1 amounts are exact, and rounded once: to the minor unit, halves away from zero', () => {
  const cases = table`
    quantity        | price             | currency | amount
    3               | 0.1               | EUR      | 0.30
    2               | 41.90             | EUR      | 83.80
    0.5             | 0.01              | EUR      | 0.01
    0.5             | -0.01             | EUR      | -0.01
    0.49            | 0.01              | EUR      | 0.00
    0.49            | -0.01             | EUR      | 0.00
    1.005           | 1                 | EUR      | 1.01
    1.0049999999999 | 1                 | EUR      | 1.00
    2.5             | 101               | JPY      | 253
    0.3333          | 10                | KWD      | 3.333
    1               | 0.00005           | CLF      | 0.0001
    999999999999999 | 0.000000000000001 | EUR      | 1.00
    123456789012345 | 98765.4321        | EUR      | 12193263112482786159.27
  `
  for (const { quantity = '', price = '', currency = '', amount = '' } of cases)
    assert.deepEqual(
      priceOf(quantity, price, currency),
      { currency, amount },
      `${quantity} × ${price} ${currency}`,
    )
})

test('R-CST-1 hours are priced by the microsecond', () => {
  const cases = table`
    micros     | rate  | amount
    3600000000 | 60.00 | 60.00
    1200000000 | 85    | 28.33
    1          | 1800000.00 | 0.00
    1          | 18000000.00 | 0.01
    1800000000 | 0.01  | 0.01
  `
  for (const { micros, rate = '', amount } of cases)
    assert.equal(labourOf(Number(micros), rate, 'EUR').amount, amount, `${micros} ${rate}`)
  assert.deepEqual(['EUR', 'JPY', 'KWD', 'CLF'].map(currencyDigits), [2, 0, 3, 4])
})

test('R-CST-1 sums are by currency, and no two currencies meet', () => {
  assert.deepEqual(
    sumMoney([
      { currency: 'USD', amount: '0.10' },
      { currency: 'EUR', amount: '9999999999999.99' },
      { currency: 'USD', amount: '0.20' },
      { currency: 'EUR', amount: '0.01' },
      { currency: 'JPY', amount: '-5' },
    ]),
    [
      { currency: 'EUR', amount: '10000000000000.00' },
      { currency: 'JPY', amount: '-5' },
      { currency: 'USD', amount: '0.30' },
    ],
  )
  assert.deepEqual(sumMoney([]), [])
})

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: 0, max: 15 }))
  .map(([units, places]) => {
    const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
    const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
    return { text: units < 0n ? `-${text}` : text, units, places }
  })

const scale = (text: string): bigint => {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(30, '0'))
}

test('R-CST-1 adding, multiplying and rounding agree with whole numbers', () => {
  fc.assert(
    fc.property(
      decimal,
      decimal,
      fc.integer({ min: 0, max: 6 }),
      fc.bigInt({ min: 1n, max: 10n ** 10n }),
      (a, b, places, divisor) => {
        assert.equal(scale(addDecimals(a.text, b.text)), scale(a.text) + scale(b.text))
        assert.equal(scale(multiplyDecimals(a.text, b.text)) * 10n ** 30n, scale(a.text) * scale(b.text))
        assert.equal(compareDecimals(a.text, b.text), Math.sign(Number(scale(a.text) - scale(b.text))))
        // No further from the exact value than half a unit of the last place, and at a half away from zero.
        const unit = 10n ** BigInt(30 - places) * divisor
        const off = (scale(roundQuotient(a.text, divisor, places)) * divisor - scale(a.text)) * 2n
        assert.ok(off <= unit && -off <= unit, `${a.text} / ${divisor}`)
        if (off === unit) assert.ok(a.units > 0n)
        if (-off === unit) assert.ok(a.units < 0n)
        assert.equal(roundDecimal(a.text, places), roundQuotient(a.text, 1n, places))
      },
    ),
    { numRuns: 1000 },
  )
})
