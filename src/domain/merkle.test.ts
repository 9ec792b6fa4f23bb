import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  appendLeaf,
  beginRange,
  emptyRoot,
  isSubtree,
  planConsistency,
  planInclusion,
  planProof,
  rootOfLeaves,
  rootOfRange,
  verifyConsistency,
  verifyInclusion,
  verifySubtree,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from './merkle.ts'
import type { Span } from './merkle.ts'

// A second tree, written as plainly as RFC 6962 section 2.1 is: it is what the one under test is compared with.
const sha256 = (...parts: Uint8Array[]): Buffer =>
  parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest()
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves
  if (only === undefined) return sha256()
  if (leaves.length === 1) return only
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha256(Buffer.of(1), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)))
}
function naivePath(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return []
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))]
}
function naiveProof(m: number, leaves: readonly Buffer[], whole = true): Buffer[] {
  if (m === leaves.length) return whole ? [] : [naiveRoot(leaves)]
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return m <= k
    ? [...naiveProof(m, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveProof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))]
}

const makeLeaves = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => sha256(Buffer.of(0), Buffer.from(`leaf ${i}`)))
const leaves = makeLeaves(600)
const hashesOf = (spans: readonly Span[]): Buffer[] =>
  spans.map(({ start, end }) => naiveRoot(leaves.slice(start, end)))

type Vector = { readonly [field: string]: unknown }
const folder = 'test/vectors/merkle'
const bytes = (value: unknown): Buffer => Buffer.from(value as string, 'base64')
const number = (value: unknown): number => value as number

/** What the functions under test say of a vector, by the folder that it stands in. */
const judges: { readonly [folder: string]: (vector: Vector, proof: Buffer[]) => boolean } = {
  inclusion: (v, proof) =>
    verifyInclusion({
      index: number(v['leafIdx']),
      size: number(v['treeSize']),
      leaf: bytes(v['leafHash']),
      root: bytes(v['root']),
      proof,
    }),
  consistency: (v, proof) =>
    verifyConsistency({
      from: number(v['size1']),
      to: number(v['size2']),
      rootFrom: bytes(v['root1']),
      rootTo: bytes(v['root2']),
      proof,
    }),
  subtreeinclusion: (v, proof) =>
    verifySubtreeInclusion(
      { start: number(v['start']), end: number(v['end']) },
      { index: number(v['leafIdx']), leaf: bytes(v['leafHash']), root: bytes(v['root']), proof },
    ),
  subtreeconsistency: (v, proof) =>
    verifySubtreeConsistency({
      span: { start: number(v['start']), end: number(v['end']) },
      size: number(v['size']),
      hash: bytes(v['root1']),
      root: bytes(v['root2']),
      proof,
    }),
}

for (const [kind, judge] of Object.entries(judges)) {
  test(`R-LOG-1 every published ${kind} vector gets its verdict`, () => {
    const paths = globSync(`${folder}/${kind}/**/*.json`)
    let good = 0
    for (const path of paths) {
      const vector = JSON.parse(readFileSync(path, 'utf8')) as Vector
      const proof = ((vector['proof'] as string[] | null) ?? []).map(bytes)
      const verdict = judge(vector, proof)
      assert.equal(verdict, vector['wantErr'] === false, path)
      if (verdict) good += 1
    }
    assert.ok(good > 5 && good < paths.length, `${good} good ones of ${paths.length}`)
  })
}

test('R-LOG-1 there are 518 published vectors', () => {
  assert.equal(globSync(`${folder}/**/*.json`).length, 518)
})

test('R-LOG-2 roots and proofs are those of the plain definition, for every tree of up to 70 leaves', () => {
  const range = beginRange()
  for (let size = 0; size <= 70; size += 1) {
    const some = leaves.slice(0, size)
    const root = naiveRoot(some)
    assert.deepEqual(rootOfRange(range), root)
    assert.deepEqual(rootOfLeaves(some), root)
    for (let index = 0; index < size; index += 1)
      assert.deepEqual(hashesOf(planInclusion(index, size)), naivePath(index, some))
    for (let from = 1; from <= size; from += 1)
      assert.deepEqual(hashesOf(planConsistency(from, size)), naiveProof(from, some))
    appendLeaf(range, leaves[size] ?? emptyRoot)
  }
})

const sizes = fc.integer({ min: 1, max: leaves.length })

test('R-LOG-2 a proof holds for what it was made for, and for nothing else', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }), (size, a, b, bit) => {
      const index = a % size
      const root = naiveRoot(leaves.slice(0, size))
      const leaf = leaves[index] ?? emptyRoot
      const proof = hashesOf(planInclusion(index, size))
      const claim = { index, size, leaf, root, proof }
      assert.ok(verifyInclusion(claim))
      const flip = (one: Buffer): Buffer => {
        const copy = Buffer.from(one)
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        return copy
      }
      const other = b % size
      if (other !== index) {
        assert.ok(!verifyInclusion({ ...claim, index: other }))
        assert.ok(!verifyInclusion({ ...claim, leaf: leaves[other] ?? emptyRoot }))
      }
      assert.ok(!verifyInclusion({ ...claim, root: flip(root) }))
      assert.ok(!verifyInclusion({ ...claim, leaf: flip(leaf) }))
      assert.ok(!verifyInclusion({ ...claim, proof: [...proof, leaf] }))
      if (proof.length > 0) {
        const at = b % proof.length
        assert.ok(!verifyInclusion({ ...claim, proof: proof.map((one, i) => (i === at ? flip(one) : one)) }))
        assert.ok(!verifyInclusion({ ...claim, proof: proof.toSpliced(at, 1) }))
        assert.ok(!verifyInclusion({ ...claim, proof: proof.with(at, Buffer.alloc(31)) }))
      }
    }),
  )
})

test('R-LOG-2 a hash that is not 32 bytes long proves nothing, and is no reason to throw', () => {
  const [leaf = emptyRoot, sibling = emptyRoot] = leaves
  const claim = { index: 0, size: 2, leaf, root: naiveRoot([leaf, sibling]), proof: [sibling] }
  for (const odd of [sibling.subarray(0, 31), Buffer.concat([sibling, sibling]), Buffer.alloc(0)]) {
    // What the check before left behind must not stand in for what is missing.
    assert.ok(verifyInclusion(claim))
    assert.ok(!verifyInclusion({ ...claim, proof: [odd] }))
    assert.ok(!verifyInclusion({ ...claim, leaf: odd }))
    assert.ok(!verifyInclusion({ ...claim, root: odd }))
  }
})

test('R-LOG-3 a tree is consistent with what it grew from, and with no other', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (to, a, b) => {
      const from = 1 + (a % to)
      const rootFrom = naiveRoot(leaves.slice(0, from))
      const rootTo = naiveRoot(leaves.slice(0, to))
      const proof = hashesOf(planConsistency(from, to))
      const claim = { from, to, rootFrom, rootTo, proof }
      assert.ok(verifyConsistency(claim))
      // One leaf of the past was another one.
      const changed = leaves.slice(0, to).with(b % from, sha256(Buffer.from('forged')))
      assert.ok(!verifyConsistency({ ...claim, rootFrom: naiveRoot(changed.slice(0, from)) }))
      assert.ok(!verifyConsistency({ ...claim, rootTo: naiveRoot(changed) }))
      assert.ok(!verifyConsistency({ ...claim, proof: [...proof, rootTo] }))
      if (from > 1) assert.ok(!verifyConsistency({ ...claim, from: from - 1 }))
      if (proof.length > 0) assert.ok(!verifyConsistency({ ...claim, proof: proof.slice(1) }))
    }),
  )
})

test('R-LOG-3 subtrees prove themselves as whole trees do', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 9 }), fc.nat(), fc.nat(), (size, height, a, b) => {
      const width = Math.min(2 ** height, size)
      const start = Math.floor((a % size) / 2 ** height) * 2 ** height
      const end = Math.min(start + 1 + (b % width), size)
      const span = { start, end }
      fc.pre(isSubtree(span))
      const proof = hashesOf(planProof(span, size))
      const [hash] = hashesOf([span])
      const claim = { span, size, hash: hash ?? emptyRoot, root: naiveRoot(leaves.slice(0, size)), proof }
      assert.ok(verifySubtree(claim))
      assert.ok(!verifySubtree({ ...claim, hash: sha256(Buffer.from('forged')) }))
    }),
  )
})

test('R-LOG-3 what is no subtree of the tree is not proved, whatever the numbers are', () => {
  for (const [start, end, size] of [
    [1, 3, 8],
    [0, 9, 8],
    [3, 3, 8],
    [4, 3, 8],
    [-1, 1, 8],
    [0, 1.5, 8],
    [0, Number.NaN, 8],
    [0, 2 ** 63, 2 ** 63],
  ] as const) {
    assert.throws(() => planProof({ start, end }, size), RangeError)
    const claim = { span: { start, end }, size, hash: emptyRoot, root: emptyRoot, proof: [] }
    assert.equal(verifySubtree(claim), false)
  }
})
