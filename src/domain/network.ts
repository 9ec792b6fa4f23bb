/**
 * A tree of work orders with what waits for what, as flat arrays: nodes are numbers, edges stand one behind the
 * other by the node that they leave. The one rule: in `order` a linked work order comes before its master and a
 * predecessor before what waits for it, so every computation is one pass forward and one back, without recursion.
 */
export type Network = {
  readonly size: number
  readonly ids: readonly string[]
  readonly indexOf: ReadonlyMap<string, number>
  /** Index of the master, -1 where there is none. */
  readonly parents: Int32Array
  /** How many work orders are linked to this one. */
  readonly linked: Int32Array
  /** The edges of node `i` are those from `outStart[i]` up to `outStart[i + 1]`. */
  readonly outStart: Int32Array
  readonly outTo: Int32Array
  readonly outLagHours: Float64Array
  /** The nodes in an order in which they can finish. */
  readonly order: Int32Array
}

type Nodes = readonly { readonly id: string; readonly parentId: string | null }[]
type Edges = readonly { readonly from: string; readonly to: string; readonly lagHours: number }[]

/** Edges and masters that are not among the nodes are left out: who sees a part of a tree reckons with that part. */
export function toNetwork(nodes: Nodes, edges: Edges): Network {
  const indexOf = new Map<string, number>()
  const ids = nodes.map(({ id }, i) => {
    indexOf.set(id, i)
    return id
  })
  const parents = Int32Array.from(nodes, ({ parentId }) =>
    parentId === null ? -1 : (indexOf.get(parentId) ?? -1),
  )
  const from = new Int32Array(edges.length)
  const to = new Int32Array(edges.length)
  const lagHours = new Float64Array(edges.length)
  let count = 0
  // Edges often come grouped by what waits: then it is looked up once.
  let lastTo = ''
  let target: number | undefined
  for (const edge of edges) {
    const source = indexOf.get(edge.from)
    if (edge.to !== lastTo) {
      lastTo = edge.to
      target = indexOf.get(lastTo)
    }
    if (source === undefined || target === undefined) continue
    from[count] = source
    to[count] = target
    lagHours[count] = edge.lagHours
    count += 1
  }
  const arcs = { from: from.subarray(0, count), to: to.subarray(0, count), lagHours }
  return { ids, indexOf, ...buildNetwork(parents, arcs) }
}

type Arcs = { readonly from: Int32Array; readonly to: Int32Array; readonly lagHours: Float64Array }

/** The same of numbers that stand already. Throws on a cycle: the database holds none, so it is damaged. */
function buildNetwork(parents: Int32Array, arcs: Arcs): Omit<Network, 'ids' | 'indexOf'> {
  const size = parents.length
  const { from, to } = arcs
  const outStart = new Int32Array(size + 1)
  for (let e = 0; e < from.length; e += 1) outStart[from[e]! + 1]! += 1
  for (let i = 0; i < size; i += 1) outStart[i + 1]! += outStart[i]!
  const outTo = new Int32Array(from.length)
  const outLagHours = new Float64Array(from.length)
  const next = outStart.slice()
  for (let e = 0; e < from.length; e += 1) {
    const place = next[from[e]!]!
    next[from[e]!]! += 1
    outTo[place] = to[e]!
    outLagHours[place] = arcs.lagHours[e]!
  }
  const linked = new Int32Array(size)
  for (let i = 0; i < size; i += 1) if (parents[i]! >= 0) linked[parents[i]!]! += 1
  const order = sort(parents, linked, outStart, outTo)
  if (order.length < size) throw new Error('the tree has a cycle: its data are damaged')
  return { size, parents, linked, outStart, outTo, outLagHours, order }
}

/** Kahn's order; shorter than the nodes are many where there is a cycle. */
function sort(parents: Int32Array, linked: Int32Array, outStart: Int32Array, outTo: Int32Array): Int32Array {
  const size = parents.length
  const open = linked.slice()
  for (const target of outTo) open[target]! += 1
  const order = new Int32Array(size)
  let end = 0
  const free = (node: number): void => {
    order[end] = node
    end += 1
  }
  for (let i = 0; i < size; i += 1) if (open[i] === 0) free(i)
  for (let at = 0; at < end; at += 1) {
    const node = order[at]!
    for (let e = outStart[node]!; e < outStart[node + 1]!; e += 1) {
      const target = outTo[e]!
      open[target]! -= 1
      if (open[target] === 0) free(target)
    }
    const parent = parents[node]!
    if (parent < 0) continue
    open[parent]! -= 1
    if (open[parent] === 0) free(parent)
  }
  return order.subarray(0, end)
}

/** Ranks that fit: none is lowered, and each is above that of what must finish before it. */
export function fitRanks(network: Network, ranks: Int32Array): Int32Array {
  const { outStart, outTo, parents } = network
  const fitted = ranks.slice()
  const raise = (node: number, above: number): void => {
    if (fitted[node]! <= above) fitted[node] = above + 1
  }
  for (const node of network.order) {
    for (let e = outStart[node]!; e < outStart[node + 1]!; e += 1) raise(outTo[e]!, fitted[node]!)
    if (parents[node]! >= 0) raise(parents[node]!, fitted[node]!)
  }
  return fitted
}

/** Masters before what is linked to them, siblings in the order of the nodes: the order in which a tree is read. */
export function readingOrder(network: Network): { readonly order: Int32Array; readonly depths: Int32Array } {
  const { size, parents } = network
  const firstChild = new Int32Array(size).fill(-1)
  const nextSibling = new Int32Array(size).fill(-1)
  const stack: number[] = []
  for (let i = size - 1; i >= 0; i -= 1) {
    const parent = parents[i]!
    if (parent < 0) continue
    nextSibling[i] = firstChild[parent]!
    firstChild[parent] = i
  }
  for (let i = size - 1; i >= 0; i -= 1) if (parents[i]! < 0) stack.push(i)
  const order = new Int32Array(size)
  const depths = new Int32Array(size)
  let count = 0
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    order[count] = node
    count += 1
    if (nextSibling[node]! >= 0) stack.push(nextSibling[node]!)
    if (firstChild[node]! >= 0) {
      depths[firstChild[node]!] = depths[node]! + 1
      for (let c = firstChild[node]!; c >= 0; c = nextSibling[c]!) depths[c] = depths[node]! + 1
      stack.push(firstChild[node]!)
    }
  }
  return { order, depths }
}
