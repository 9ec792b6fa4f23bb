/** Decimal texts (`-12.50`), compared exactly: a limit of 10.20 is not a binary fraction near it. */

/** At most 15 digits on each side of the point, no exponent, no leading plus. */
export const decimalText = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/

/** Below, equal to or above zero, as `a - b` is. Both must match `decimalText`. */
export function compareDecimals(a: string, b: string): number {
  const difference = toScaled(a) - toScaled(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

const places = 15

function toScaled(text: string): bigint {
  if (!decimalText.test(text)) throw new Error('not a decimal text')
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(places, '0'))
}
