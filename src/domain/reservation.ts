/**
 * How much of a resource is taken. The one rule: only what is taken at one and the same instant adds up; two who have
 * it one after the other need one of it.
 */

/** RFC 3339 with any offset, half-open. */
export type Taken = { readonly from: string; readonly until: string; readonly quantity: number }

/** The most that is taken at any one instant from `from` on and before `until`. */
export function findMostTaken(taken: readonly Taken[], from: string, until: string): number {
  const [first, end] = [Date.parse(from), Date.parse(until)]
  const ranges = taken
    .map((one) => ({
      start: Math.max(first, Date.parse(one.from)),
      end: Math.min(end, Date.parse(one.until)),
      quantity: one.quantity,
    }))
    .filter((one) => one.start < one.end)
  // It rises only where one begins.
  return ranges.reduce((most, { start }) => {
    const there = ranges.filter((one) => one.start <= start && start < one.end)
    return Math.max(
      most,
      there.reduce((sum, { quantity }) => sum + quantity, 0),
    )
  }, 0)
}
