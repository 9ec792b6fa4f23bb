import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { table } from '#test/table.ts'
import {
  hashBytes,
  planConsistency,
  planInclusion,
  rootOfLeaves,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts'
import { growTiles, hashSpan, listAllTiles, listEdgeTiles, listTiles, toTilePath } from './tile.ts'
import type { ReadTile } from './tile.ts'

const leaves = Array.from({ length: 70_000 }, (_, i) => hash('sha256', `\0leaf ${i}`, 'buffer'))

/** Tiles as a store keeps them: each write must only append to what was there. */
function openShelf() {
  const shelf = new Map<string, Buffer>()
  const asked: string[] = []
  const readTile: ReadTile = ({ level, index, width }) => {
    asked.push(`${level}/${index}`)
    const hashes = shelf.get(`${level}/${index}`)
    assert.ok(hashes !== undefined, `tile ${level}/${index} was asked for and is not there`)
    assert.ok(hashes.length >= width * hashBytes)
    return hashes
  }
  let size = 0
  return {
    shelf,
    asked,
    readTile,
    grow(added: readonly Buffer[]): Buffer {
      const edge = new Set(listEdgeTiles(size).map((tile) => `${tile.level}/${tile.index}`))
      asked.length = 0
      const growth = growTiles(size, added, readTile)
      for (const tile of asked) assert.ok(edge.has(tile), `${tile} is no edge tile`)
      for (const { level, index, hashes } of growth.tiles) {
        const before = shelf.get(`${level}/${index}`) ?? Buffer.alloc(0)
        assert.ok(hashes.length > before.length && hashes.subarray(0, before.length).equals(before))
        shelf.set(`${level}/${index}`, hashes)
      }
      size = growth.size
      return growth.root
    },
  }
}

test('R-LOG-4 a tree that grows in tiles has the root of its leaves after each growth', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }), (steps) => {
      const shelf = openShelf()
      let size = 0
      for (const step of steps) {
        const root = shelf.grow(leaves.slice(size, size + step))
        size += step
        assert.deepEqual(root, rootOfLeaves(leaves.slice(0, size)))
      }
      const addresses = listAllTiles(size)
      assert.equal(addresses.length, shelf.shelf.size)
      for (const { level, index, width } of addresses)
        assert.equal(shelf.shelf.get(`${level}/${index}`)?.length, width * hashBytes)
    }),
    { numRuns: 40 },
  )
})

test('R-LOG-4 proofs made from tiles hold, also for a tree that has grown since', () => {
  const shelf = openShelf()
  shelf.grow(leaves)
  assert.deepEqual(
    [...shelf.shelf.keys()].filter((key) => !key.startsWith('0/')),
    ['1/0', '1/1', '2/0'],
  )
  const roots = new Map<number, Buffer>()
  const rootAt = (size: number): Buffer => {
    const root = roots.get(size) ?? hashSpan({ start: 0, end: size }, size, shelf.readTile)
    roots.set(size, root)
    return root
  }
  assert.deepEqual(rootAt(leaves.length), rootOfLeaves(leaves))
  const size = fc.integer({ min: 1, max: leaves.length })
  fc.assert(
    fc.property(size, fc.nat(), (to, a) => {
      const index = a % to
      const spans = planInclusion(index, to)
      const needed = new Set(listTiles(spans, to).map((tile) => `${tile.level}/${tile.index}`))
      shelf.asked.length = 0
      const proof = spans.map((span) => hashSpan(span, to, shelf.readTile))
      assert.deepEqual(new Set(shelf.asked), needed)
      assert.ok(needed.size <= 6, `${needed.size} tiles for one proof`)
      const leaf = leaves[index] ?? Buffer.alloc(0)
      assert.ok(verifyInclusion({ index, size: to, leaf, root: rootAt(to), proof }))
      const from = index + 1
      const grown = planConsistency(from, to).map((span) => hashSpan(span, to, shelf.readTile))
      assert.ok(verifyConsistency({ from, to, rootFrom: rootAt(from), rootTo: rootAt(to), proof: grown }))
    }),
  )
})

test('R-LOG-4 a tile is found by level, index in groups of three digits, and width where it is not full', () => {
  const rows = table`
    level | index   | width | path
    0     | 0       | 256   | tile/0/000
    0     | 0       | 1     | tile/0/000.p/1
    1     | 67      | 255   | tile/1/067.p/255
    0     | 999     | 256   | tile/0/999
    0     | 1000    | 256   | tile/0/x001/000
    2     | 1234067 | 8     | tile/2/x001/x234/067.p/8`
  for (const row of rows) {
    const address = { level: Number(row['level']), index: Number(row['index']), width: Number(row['width']) }
    assert.equal(toTilePath(address), row['path'])
  }
})

test('R-LOG-4 a tile that is shorter than it must be is not taken', () => {
  assert.throws(() => hashSpan({ start: 0, end: 3 }, 3, () => Buffer.alloc(64)), /tile\/0\/000\.p\/3/)
})
