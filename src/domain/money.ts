/**
 * Money: an amount as decimal text with its currency. The one rule: an amount is rounded once, when it comes to be,
 * to the minor unit of its currency; amounts of two currencies are never added.
 */
import { addDecimals, multiplyDecimals, roundDecimal, roundQuotient } from './decimal.ts'

/** `amount` is decimal text in whole units of the currency (ISO 4217). */
export type Money = { readonly currency: string; readonly amount: string }

/** Digits of the minor unit where they are not two; ISO 4217. The database has the same list, and a test compares. */
const digitsOf = new Map<string, number>([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
])
export const currencyDigits = (currency: string): number => digitsOf.get(currency) ?? 2

/** quantity × price, both decimal texts. */
export const priceOf = (quantity: string, unitPrice: string, currency: string): Money => ({
  currency,
  amount: roundDecimal(multiplyDecimals(quantity, unitPrice), currencyDigits(currency)),
})

/** What so many microseconds cost at a rate for an hour. */
export const labourOf = (micros: number, costRate: string, currency: string): Money => ({
  currency,
  amount: roundQuotient(multiplyDecimals(costRate, String(micros)), 3_600_000_000n, currencyDigits(currency)),
})

/** One sum for each currency, in their order. */
export function sumMoney(amounts: readonly Money[]): Money[] {
  const sums = new Map<string, string>()
  for (const { currency, amount } of amounts)
    sums.set(currency, addDecimals(sums.get(currency) ?? '0', amount))
  return [...sums]
    .map(([currency, amount]) => ({ currency, amount }))
    .toSorted((a, b) => (a.currency < b.currency ? -1 : 1))
}
