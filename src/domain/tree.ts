/**
 * The structure of a tree of work orders: who belongs to whom, and who waits for whom. A linked work order finishes
 * before its master and a predecessor before what waits for it; the two together must have no cycle. Ranks prove it:
 * whatever finishes earlier ranks lower.
 */
import { fitRanks, toNetwork } from './network.ts'
import { accept, refuse } from './refusal.ts'
import type { Decision, TreeRule } from './refusal.ts'
import type { Predecessor } from './work-order.ts'

export type TreeNode = { readonly id: string; readonly parentId: string | null; readonly rank: number }
/** `to` waits for `from`, and for so many hours after it. */
export type Edge = { readonly from: string; readonly to: string; readonly lagHours: number }
export type Tree = { readonly nodes: readonly TreeNode[]; readonly edges: readonly Edge[] }
export type Ranked = { readonly id: string; readonly rank: number }

/** Ranks of the nodes whose rank must rise for the tree to fit, or the ids along a cycle, first and last the same. */
export function fitTree(tree: Tree): { readonly ranks: Ranked[] } | { readonly cycle: string[] } {
  const cycle = findCycle(tree)
  if (cycle !== undefined) return { cycle }
  const fitted = fitRanks(
    toNetwork(tree.nodes, tree.edges),
    Int32Array.from(tree.nodes, ({ rank }) => rank),
  )
  return {
    ranks: tree.nodes.flatMap(({ id, rank }, i) => {
      const next = fitted[i] ?? rank
      return next === rank ? [] : [{ id, rank: next }]
    }),
  }
}

/** Who must finish first comes before who finishes later: along the edges, and from the linked ones to their master. */
export function findCycle({ nodes, edges }: Tree): string[] | undefined {
  const later = new Map<string, string[]>(
    nodes.map(({ id, parentId }) => [id, parentId === null ? [] : [parentId]]),
  )
  for (const { from, to } of edges) later.get(from)?.push(to)
  const finished = new Set<string>()
  for (const { id } of nodes) {
    const cycle = finished.has(id) ? undefined : walk(id, later, finished)
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** Depth first with a path of its own: a tree may be deeper than the stack of calls. */
function walk(
  first: string,
  later: ReadonlyMap<string, readonly string[]>,
  finished: Set<string>,
): string[] | undefined {
  const path = [{ id: first, next: 0 }]
  const onPath = new Set([first])
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const target = later.get(step.id)?.[step.next]
    step.next += 1
    if (target === undefined) {
      path.pop()
      onPath.delete(step.id)
      finished.add(step.id)
    } else if (onPath.has(target)) {
      const ids = path.map(({ id }) => id)
      return [...ids.slice(ids.indexOf(target)), target]
    } else if (!finished.has(target) && later.has(target)) {
      onPath.add(target)
      path.push({ id: target, next: 0 })
    }
  }
  return undefined
}

/** The work order itself and everything that belongs to it. */
function listSubtree(nodes: readonly TreeNode[], id: string): Set<string> {
  const linked = Map.groupBy(nodes, ({ parentId }) => parentId)
  const found = new Set([id])
  for (const one of found) for (const child of linked.get(one) ?? []) found.add(child.id)
  return found
}

/** The node as it is once it is in the tree: what was in none ranks just below its master. */
const placed = (tree: Tree, id: string, parentId: string | null, rank: number): TreeNode => ({
  rank: tree.nodes.find((node) => node.id === id)?.rank ?? rank,
  id,
  parentId,
})

/**
 * Links a work order to a master, or to another one; null takes it out. `tree` is everything in the trees of both. Edges
 * do not lead from one tree to another: what would stand between two trees then is named.
 */
export function decideLink(tree: Tree, id: string, parentId: string | null): Decision<{ ranks: Ranked[] }> {
  const subtree = listSubtree(tree.nodes, id)
  if (parentId !== null && subtree.has(parentId)) {
    const parents = new Map(tree.nodes.map((node) => [node.id, node.parentId]))
    const path = [parentId]
    for (let at = parentId; at !== id; path.push(at)) at = parents.get(at) ?? id
    return refuse({ code: 'tree_refused', rule: 'cycle', path: [id, ...path] })
  }
  const parent = parentId === null ? undefined : placed(tree, parentId, null, 0)
  const moved = placed(tree, id, parentId, (parent?.rank ?? 1) - 1)
  const known = new Set([id, ...(parentId === null ? [] : [parentId])])
  const nodes = [
    ...tree.nodes.filter((node) => !known.has(node.id)),
    ...(parent === undefined ? [] : [tree.nodes.find((node) => node.id === parent.id) ?? parent]),
    moved,
  ]
  const roots = findRoots(nodes)
  const torn = tree.edges.filter(({ from, to }) => roots.get(from) !== roots.get(to))
  if (torn.length > 0)
    return refuse({
      code: 'tree_refused',
      rule: 'torn',
      path: [...new Set(torn.flatMap(({ from, to }) => [from, to]))].slice(0, 20),
    })
  return decideFit({ nodes, edges: tree.edges })
}

function findRoots(nodes: readonly TreeNode[]): Map<string, string> {
  const parents = new Map(nodes.map((node) => [node.id, node.parentId]))
  const roots = new Map<string, string>()
  for (const { id } of nodes) {
    const path: string[] = []
    let at = id
    while (!roots.has(at)) {
      path.push(at)
      const parent = parents.get(at)
      if (parent === null || parent === undefined) break
      at = parent
    }
    const root = roots.get(at) ?? at
    for (const one of path) roots.set(one, root)
  }
  return roots
}

function decideFit(tree: Tree): Decision<{ ranks: Ranked[] }> {
  const fitted = fitTree(tree)
  return 'cycle' in fitted
    ? refuse({ code: 'tree_refused', rule: 'cycle', path: fitted.cycle })
    : accept(fitted)
}

/** Makes `added` wait in the tree; an edge that is there takes the new lag. All or nothing. */
export function decideDependencies(
  tree: Tree,
  added: readonly Edge[],
): Decision<{ readonly edges: Edge[]; readonly ranks: Ranked[] }> {
  const known = new Set(tree.nodes.map(({ id }) => id))
  const refusal = (rule: TreeRule, { from, to }: Edge): Decision<never> =>
    refuse({ code: 'tree_refused', rule, path: [from, to] })
  for (const edge of added) {
    if (edge.from === edge.to) return refusal('itself', edge)
    if (!known.has(edge.from) || !known.has(edge.to)) return refusal('other_tree', edge)
  }
  const byEnds = new Map([...tree.edges, ...added].map((edge) => [`${edge.from} ${edge.to}`, edge]))
  const edges = [...byEnds.values()]
  const fitted = decideFit({ nodes: tree.nodes, edges })
  return fitted.ok ? accept({ edges, ranks: fitted.value.ranks }) : fitted
}

/** The predecessors of each work order that `edges` and the tree's own do not have alike, as they become. */
export function listChanged(
  before: readonly Edge[],
  after: readonly Edge[],
): Map<string, readonly Predecessor[] | null> {
  const told = (edges: readonly Edge[]): Map<string, readonly Predecessor[]> =>
    new Map(
      [...Map.groupBy(edges, ({ to }) => to)].map(([id, list]) => [
        id,
        list
          .map(({ from, lagHours }) => ({ id: from, lag_hours: lagHours }))
          .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      ]),
    )
  const [old, next] = [told(before), told(after)]
  const changed = new Map<string, readonly Predecessor[] | null>()
  for (const id of new Set([...old.keys(), ...next.keys()]))
    if (JSON.stringify(old.get(id)) !== JSON.stringify(next.get(id))) changed.set(id, next.get(id) ?? null)
  return changed
}

/**
 * Edges that say nothing: another way leads from the one to the other, and its lags are no shorter (transitive
 * reduction). What is linked does not count as a way: a master may be waived.
 */
export function listRedundant({ nodes, edges }: Tree): Edge[] {
  const flat = nodes.map(({ id }) => ({ id, parentId: null }))
  const { ids, indexOf, order, outStart, outTo, outLagHours } = toNetwork(flat, edges)
  const place = new Int32Array(ids.length)
  order.forEach((node, at) => void (place[node] = at))
  const longest = new Float64Array(ids.length)
  const redundant: Edge[] = []
  for (const [from, own] of Map.groupBy(edges, (edge) => edge.from)) {
    const source = indexOf.get(from)
    if (source === undefined || own.length < 2) continue
    // The longest lag over ways of two edges and more, in the order of the network from here on.
    longest.fill(-1)
    const direct = new Map(own.map((edge) => [indexOf.get(edge.to) ?? -1, edge.lagHours]))
    const last = Math.max(...[...direct.keys()].map((node) => place[node] ?? 0))
    for (let at = (place[source] ?? 0) + 1; at <= last; at += 1) {
      const node = order[at] ?? 0
      const reached = Math.max(longest[node] ?? -1, direct.get(node) ?? -1)
      if (reached < 0) continue
      for (let e = outStart[node] ?? 0; e < (outStart[node + 1] ?? 0); e += 1) {
        const target = outTo[e] ?? 0
        longest[target] = Math.max(longest[target] ?? -1, reached + (outLagHours[e] ?? 0))
      }
    }
    redundant.push(...own.filter((edge) => (longest[indexOf.get(edge.to) ?? 0] ?? -1) >= edge.lagHours))
  }
  return redundant
}
