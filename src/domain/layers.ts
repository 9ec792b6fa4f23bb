/**
 * Columns for drawing a tree: whatever waits stands to the right of all that it waits for (longest-path layering).
 * The one rule: masters are groups; a group reaches from its first linked work order to its last, and what waits
 * for a master stands to the right of the whole group.
 */
import type { Network } from './network.ts'

/** For each node the first and the last column that it takes; the same one for what has nothing linked. */
export type Layers = { readonly first: Int32Array; readonly last: Int32Array; readonly count: number }

export function layOut({ size, parents, linked, outStart, outTo, order }: Network): Layers {
  const first = new Int32Array(size).fill(-1)
  const last = new Int32Array(size)
  let count = 0
  for (const node of order) {
    // Its own predecessors hold a master's end, not what is linked to it, which may even come before them.
    if (first[node]! < 0) first[node] = last[node]!
    if (linked[node]! > 0 && last[node]! < first[node]!) last[node] = first[node]!
    const end = last[node]!
    if (end >= count) count = end + 1
    for (let e = outStart[node]!; e < outStart[node + 1]!; e += 1)
      if (last[outTo[e]!]! <= end) last[outTo[e]!] = end + 1
    const parent = parents[node]!
    if (parent < 0) continue
    if (last[parent]! < end) last[parent] = end
    if (first[parent]! < 0 || first[node]! < first[parent]!) first[parent] = first[node]!
  }
  return { first, last, count }
}
