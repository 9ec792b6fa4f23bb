/**
 * Decimal texts (`-12.50`), reckoned with exactly: a limit of 10.20 is not a binary fraction near it. The one rule:
 * nothing is rounded but by `roundDecimal`, halves away from zero, as an invoice is rounded.
 */

/** At most 15 digits on each side of the point, no exponent, no leading plus. */
export const decimalText = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/

/** Sums and products may be longer than what is taken in. */
const anyDecimal = /^-?\d+(?:\.\d+)?$/

/** `units` of 10 to the power of minus `places`. */
type Scaled = { readonly units: bigint; readonly places: number }

function parse(text: string): Scaled {
  if (!anyDecimal.test(text)) throw new Error('not a decimal text')
  const [whole = '', fraction = ''] = text.split('.')
  return { units: BigInt(whole + fraction), places: fraction.length }
}

const rescale = ({ units, places }: Scaled, to: number): bigint => units * 10n ** BigInt(to - places)

function toText({ units, places }: Scaled): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
  const whole = digits.slice(0, digits.length - places)
  const text = places === 0 ? whole : `${whole}.${digits.slice(-places)}`
  return units < 0n ? `-${text}` : text
}

/** Below, equal to or above zero, as `a - b` is. */
export function compareDecimals(a: string, b: string): number {
  const [one, other] = [parse(a), parse(b)]
  const places = Math.max(one.places, other.places)
  const difference = rescale(one, places) - rescale(other, places)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Exact; as many places as the longer of the two has. */
export function addDecimals(a: string, b: string): string {
  const [one, other] = [parse(a), parse(b)]
  const places = Math.max(one.places, other.places)
  return toText({ units: rescale(one, places) + rescale(other, places), places })
}

/** Exact; as many places as both have together. */
export function multiplyDecimals(a: string, b: string): string {
  const [one, other] = [parse(a), parse(b)]
  return toText({ units: one.units * other.units, places: one.places + other.places })
}

/** To so many places, halves away from zero: 0.125 is 0.13, and -0.125 is -0.13. */
export const roundDecimal = (text: string, places: number): string => roundQuotient(text, 1n, places)

/** `text / divisor` to so many places, rounded once; the divisor is above zero. */
export function roundQuotient(text: string, divisor: bigint, places: number): string {
  const given = parse(text)
  // The quotient is `dividend / whole` units of the last place; a half more, cut off, is the nearest.
  const more = Math.max(0, places - given.places)
  const dividend = (given.units < 0n ? -given.units : given.units) * 10n ** BigInt(more)
  const whole = divisor * 10n ** BigInt(given.places + more - places)
  const units = (dividend * 2n + whole) / (whole * 2n)
  return toText({ units: given.units < 0n ? -units : units, places })
}
