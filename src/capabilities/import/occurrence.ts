/**
 * How often a row was met before in the same file: equal rows are told apart by it, and each is imported once.
 * Twelve bytes a row in two flat arrays, so that a file of millions of rows is counted without a heap of strings.
 */

/** Gives 0 for the first row with this digest (hex), 1 for the second, and so on. */
export function countOccurrences(): (digest: string) => number {
  let keys = new Float64Array(1 << 12)
  let counts = new Uint32Array(1 << 12)
  let used = 0
  const slotOf = (key: number): number => {
    let slot = key % keys.length
    while (keys[slot] !== 0 && keys[slot] !== key) slot = (slot + 1) % keys.length
    return slot
  }
  const grow = (): void => {
    const [oldKeys, oldCounts] = [keys, counts]
    keys = new Float64Array(oldKeys.length * 2)
    counts = new Uint32Array(keys.length)
    oldKeys.forEach((key, i) => {
      if (key === 0) return
      const slot = slotOf(key)
      keys[slot] = key
      counts[slot] = oldCounts[i] ?? 0
    })
  }
  return (digest) => {
    // 48 bits: two digests that share them only count on from one another, and stay two keys.
    const key = Number.parseInt(digest.slice(0, 12), 16) + 1
    if (used * 2 >= keys.length) grow()
    const slot = slotOf(key)
    const before = counts[slot] ?? 0
    if (before === 0) used += 1
    keys[slot] = key
    counts[slot] = before + 1
    return before
  }
}
