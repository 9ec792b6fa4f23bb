import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decideDependencies, decideLink, findCycle, fitTree, listRedundant } from './tree.ts'
import type { Edge, Tree, TreeNode } from './tree.ts'

const runs = { numRuns: 400 }
const nameOf = (n: number): string => `n${n}`

/** A tree of up to nine, the parent of each being an earlier one, and edges between any two. */
const anyTree = fc
  .tuple(
    fc.array(fc.nat(), { minLength: 2, maxLength: 9 }),
    fc.array(fc.tuple(fc.nat(8), fc.nat(8), fc.nat(5)), { maxLength: 14 }),
  )
  .map(([above, pairs]): Tree => {
    const nodes = above.map((n, i): TreeNode => ({
      id: nameOf(i),
      parentId: i === 0 ? null : nameOf(n % i),
      rank: -i,
    }))
    const edges = pairs
      .filter(([from, to]) => from < nodes.length && to < nodes.length && from !== to)
      .map(([from, to, lagHours]): Edge => ({ from: nameOf(from), to: nameOf(to), lagHours }))
    return { nodes, edges: [...new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge])).values()] }
  })

/** What must finish before the other finishes, step by step: written anew for the tests. */
function listLater({ nodes, edges }: Tree, id: string): string[] {
  const parent = nodes.find((node) => node.id === id)?.parentId
  return [
    ...edges.filter(({ from }) => from === id).map(({ to }) => to),
    ...(parent === null || parent === undefined ? [] : [parent]),
  ]
}
function reaches(tree: Tree, from: string, to: string, seen = new Set<string>()): boolean {
  return listLater(tree, from).some(
    (next) => next === to || (!seen.has(next) && reaches(tree, next, to, seen.add(next))),
  )
}
const hasCycle = (tree: Tree): boolean => tree.nodes.some(({ id }) => reaches(tree, id, id))

test('R-TRE-1 a cycle is found where there is one, and the path that is named is one', () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      const cycle = findCycle(tree)
      assert.equal(cycle !== undefined, hasCycle(tree))
      if (cycle === undefined) return
      assert.equal(cycle[0], cycle.at(-1))
      for (const [i, id] of cycle.slice(0, -1).entries())
        assert.ok(listLater(tree, id).includes(cycle[i + 1] ?? ''), `${id} does not lead on`)
    }),
    runs,
  )
})

test('R-TRE-2 where there is no cycle, the ranks rise along every edge, and none is lowered', () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      const fitted = fitTree(tree)
      if ('cycle' in fitted) return
      const ranks = new Map(tree.nodes.map(({ id, rank }) => [id, rank]))
      for (const { id, rank } of fitted.ranks) {
        assert.ok(rank > (ranks.get(id) ?? 0))
        ranks.set(id, rank)
      }
      for (const { id } of tree.nodes)
        for (const later of listLater(tree, id)) assert.ok((ranks.get(later) ?? 0) > (ranks.get(id) ?? 0))
    }),
    runs,
  )
})

test('R-TRE-3 linking refuses what would contain itself or tear a dependency apart, and nothing else', () => {
  fc.assert(
    fc.property(anyTree, fc.nat(8), fc.option(fc.nat(8)), (tree, moved, target) => {
      fc.pre(!hasCycle(tree) && moved < tree.nodes.length && (target ?? 0) < tree.nodes.length)
      const [id, parentId] = [nameOf(moved), target === null ? null : nameOf(target)]
      const nodes = tree.nodes.map((node) => (node.id === id ? { ...node, parentId } : node))
      const rootOf = (one: string): string => {
        const above = nodes.find((node) => node.id === one)?.parentId ?? null
        return above === null ? one : rootOf(above)
      }
      const isInside = (one: string | null): boolean =>
        one !== null && (one === id || isInside(tree.nodes.find((node) => node.id === one)?.parentId ?? null))
      const decision = decideLink(tree, id, parentId)
      const next = { nodes, edges: tree.edges }
      const isGood =
        !isInside(parentId) &&
        tree.edges.every(({ from, to }) => rootOf(from) === rootOf(to)) &&
        !hasCycle(next)
      assert.equal(decision.ok, isGood)
    }),
    runs,
  )
})

const tie = (from: string, to: string, lagHours = 0): Edge => ({ from, to, lagHours })

test('R-DEP-1 dependencies are added all or not at all: none to itself, none to another tree, none that closes a cycle', () => {
  const nodes = ['m', 'a', 'b', 'c'].map((id, i): TreeNode => ({
    id,
    parentId: i === 0 ? null : 'm',
    rank: -i,
  }))
  const tree: Tree = { nodes, edges: [{ from: 'a', to: 'b', lagHours: 0 }] }
  const ruleOf = (added: readonly Edge[]): unknown => {
    const decision = decideDependencies(tree, added)
    return decision.ok ? 'accepted' : 'rule' in decision.refusal && decision.refusal.rule
  }
  assert.equal(ruleOf([tie('b', 'c')]), 'accepted')
  assert.equal(ruleOf([tie('b', 'c'), tie('c', 'a')]), 'cycle')
  assert.equal(ruleOf([tie('b', 'b')]), 'itself')
  assert.equal(ruleOf([tie('x', 'a')]), 'other_tree')
  // A master finishes after what is linked to it: that cannot wait for the master.
  assert.equal(ruleOf([tie('m', 'a')]), 'cycle')
  const decision = decideDependencies(tree, [tie('a', 'b', 4)])
  assert.deepEqual(decision.ok && decision.value.edges, [tie('a', 'b', 4)])
})

test('R-DEP-2 an edge is redundant when another way leads there whose lags are no shorter', () => {
  fc.assert(
    fc.property(anyTree, (given) => {
      const tree = { edges: given.edges, nodes: given.nodes.map((node) => ({ ...node, parentId: null })) }
      fc.pre(!hasCycle(tree))
      const longest = (from: string, to: string, without: Edge): number =>
        Math.max(
          -1,
          ...tree.edges
            .filter((edge) => edge !== without && edge.from === from)
            .map((edge) => {
              const rest = edge.to === to ? 0 : longest(edge.to, to, without)
              return rest < 0 ? -1 : rest + edge.lagHours
            }),
        )
      const expected = tree.edges.filter((edge) => longest(edge.from, edge.to, edge) >= edge.lagHours)
      const told = new Set(listRedundant(tree))
      assert.deepEqual(
        tree.edges.filter((edge) => told.has(edge)),
        expected,
      )
    }),
    runs,
  )
})

test('R-TRE-4 30,000 edges over 10,000 work orders are fitted, deep trees too', () => {
  const nodes = Array.from({ length: 10_000 }, (_, i): TreeNode => ({
    id: nameOf(i),
    parentId: i === 0 ? null : nameOf(i - 1),
    rank: 0,
  }))
  const edges = Array.from({ length: 30_000 }, (_, i): Edge => ({
    from: nameOf(9_999 - (i % 5_000)),
    to: nameOf(4_999 - (i % 4_999)),
    lagHours: 0,
  }))
  const fitted = fitTree({ nodes, edges })
  assert.ok('ranks' in fitted && fitted.ranks.length > 9_000)
})
