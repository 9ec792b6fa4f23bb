import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../test/table.ts'
import { layOut } from './layers.ts'
import { fitRanks, readingOrder, toNetwork } from './network.ts'
import { openDraw } from './simulate.ts'

const parse = (nodes: string, edges: string) =>
  toNetwork(
    nodes.split(' ').map((text) => {
      const [id = '', parentId] = text.split('/').toReversed()
      return { id, parentId: parentId ?? null }
    }),
    edges.split(' ').flatMap((text) => {
      const [from, to] = text.split('>')
      return from === undefined || to === undefined ? [] : [{ from, to, lagHours: 0 }]
    }),
  )

// A node is written master/node; a layer as first or first-last.
const drawings = table`
  nodes                       | edges           | layers
  m                           |                 | 0
  m m/a m/b                   |                 | 0 0 0
  m m/a m/b m/c               | a>b b>c         | 0-2 0 1 2
  m m/a m/b m/c m/d           | a>b a>c b>d c>d | 0-2 0 1 1 2
  m m/x x/a x/b m/c           | a>b x>c         | 0-2 0-1 0 1 2
  m m/x x/a m/b               | b>x             | 0-1 0-1 0 0
  m m/x x/a m/y y/b           | x>y             | 0-1 0 0 0-1 0
  m m/x x/a m/b               | a>b b>x         | 0-2 0-2 0 1
`
test('R-CPM-5 what waits stands to the right of what it waits for, and masters reach over what is linked to them', () => {
  for (const { nodes = '', edges = '', layers } of drawings) {
    const { first, last } = layOut(parse(nodes, edges))
    const shown = [...first].map((from, i) => (from === last[i] ? String(from) : `${from}-${last[i]}`))
    assert.equal(shown.join(' '), layers, `${nodes} ${edges}`)
  }
})

test('R-CPM-5 on 500 random trees every edge leads to the right, and masters reach over what is theirs', () => {
  for (let seed = 1; seed <= 500; seed += 1) {
    const draw = openDraw(seed)
    const size = 3 + Math.floor(draw() * 30)
    const nodes = Array.from({ length: size }, (_, i) => ({
      id: `n${i}`,
      parentId: i === 0 ? null : `n${Math.floor(draw() * Math.min(i, 5))}`,
    }))
    // From the higher number to the lower: no cycle with links, which lead the same way.
    const edges = Array.from({ length: size }, () => {
      const to = Math.floor(draw() * (size - 1))
      return { from: `n${to + 1 + Math.floor(draw() * (size - 1 - to))}`, to: `n${to}`, lagHours: 0 }
    })
    const network = toNetwork(nodes, edges)
    const { first, last, count } = layOut(network)
    for (const { from, to } of edges) {
      const [source, target] = [network.indexOf.get(from)!, network.indexOf.get(to)!]
      assert.ok(last[source]! < last[target]!, `seed ${seed}: ${from} > ${to}`)
    }
    nodes.forEach((_, i) => {
      assert.ok(first[i]! >= 0 && first[i]! <= last[i]! && last[i]! < count)
      const master = network.parents[i]!
      if (master >= 0)
        assert.ok(first[master]! <= first[i]! && last[master]! >= last[i]!, `seed ${seed}: n${i}`)
    })
  }
})

test('R-CPM-5 a tree is read masters first, siblings in their order', () => {
  const network = parse('m m/a m/b a/c b/d a/e z', '')
  const { order, depths } = readingOrder(network)
  const lines = [...order].map((node) => `${depths[node]}${network.ids[node]}`)
  assert.deepEqual(lines, ['0m', '1a', '2c', '2e', '1b', '2d', '0z'])
})

test('R-CPM-5 ranks that fit are raised only where they must be; a cycle is a defect', () => {
  const network = parse('m m/a m/b m/c', 'a>b')
  assert.deepEqual([...fitRanks(network, Int32Array.of(0, -1, -1, -5))], [1, -1, 0, -5])
  assert.throws(() => parse('m m/a m/b', 'a>b b>a'), /cycle/)
  assert.throws(() => parse('m m/a', 'm>a'), /cycle/)
})
