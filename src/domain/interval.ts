/**
 * Sets of time: sorted, half-open ranges of instants `[start, end)` that neither overlap nor touch. The one rule:
 * every function gives that form back, so two sets are the same exactly when their ranges are.
 */

/** Milliseconds since 1970; either end may be infinite. */
export type Interval = { readonly start: number; readonly end: number }

/** What lies in any of the ranges, given in any order; those without length count for nothing. */
export function unite(...sets: readonly (readonly Interval[])[]): Interval[] {
  const ranges = sets
    .flat()
    .filter(({ start, end }) => start < end)
    .toSorted((a, b) => a.start - b.start)
  const united: Interval[] = []
  for (const range of ranges) {
    const last = united.at(-1)
    if (last === undefined || last.end < range.start) united.push(range)
    else if (last.end < range.end) united[united.length - 1] = { start: last.start, end: range.end }
  }
  return united
}

/** What lies in both sets. */
export function intersect(one: readonly Interval[], other: readonly Interval[]): Interval[] {
  const common: Interval[] = []
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    const [a, b] = [one[i]!, other[j]!]
    const start = Math.max(a.start, b.start)
    const end = Math.min(a.end, b.end)
    if (start < end) common.push({ start, end })
    if (a.end < b.end) i += 1
    else j += 1
  }
  return common
}

/** What lies in the first set and not in the second. */
export function subtract(set: readonly Interval[], taken: readonly Interval[]): Interval[] {
  const rest: Interval[] = []
  let first = 0
  for (const { start, end } of set) {
    while (first < taken.length && taken[first]!.end <= start) first += 1
    let at = start
    for (let i = first; i < taken.length && taken[i]!.start < end; i += 1) {
      if (at < taken[i]!.start) rest.push({ start: at, end: taken[i]!.start })
      at = taken[i]!.end
    }
    if (at < end) rest.push({ start: at, end })
  }
  return rest
}
