/**
 * The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): hashes, roots, proofs and their check. Leaves
 * come as hashes (an entry's leaf already is SHA-256(0x00 ‖ body)). Every proof is about a span of leaves:
 * inclusion is the span of one leaf, consistency the span of the older tree, and both are checked by one function.
 */
import { hash } from 'node:crypto'

export const hashBytes = 32

/** SHA-256 of nothing: the root of a tree without leaves. */
export const emptyRoot: Buffer = hash('sha256', '', 'buffer')

/** Leaves from `start` on, up to and without `end`. */
export type Span = { readonly start: number; readonly end: number }

const node = Buffer.alloc(1 + 2 * hashBytes, 1)

/** SHA-256(0x01 ‖ left ‖ right); both must have 32 bytes. */
export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1)
  node.set(right, 1 + hashBytes)
  return hash('sha256', node, 'buffer')
}

// ----------------------------------------------------------------------------------------------- growing

/** A tree as far as its growth is concerned: the roots of its perfect subtrees, largest first. */
export type CompactRange = { size: number; readonly peaks: Buffer[] }

export const beginRange = (): CompactRange => ({ size: 0, peaks: [] })

/**
 * Adds one leaf; the hash is kept, not copied. `onNode` is told the root of each perfect subtree that is complete
 * with it, of 2^height leaves.
 */
export function appendLeaf(
  range: CompactRange,
  leaf: Buffer,
  onNode?: (height: number, root: Buffer) => void,
): void {
  let merged = leaf
  let height = 0
  for (let left = range.size; left % 2 === 1; left = Math.floor(left / 2)) {
    merged = hashNode(range.peaks.pop() ?? emptyRoot, merged)
    height += 1
    onNode?.(height, merged)
  }
  range.peaks.push(merged)
  range.size += 1
}

export const rootOfRange = ({ peaks }: CompactRange): Buffer => foldPeaks(peaks)

/** From the smallest subtree to the largest; each right side is all that was folded before. */
const foldPeaks = (peaks: readonly Buffer[]): Buffer =>
  peaks.length === 0 ? emptyRoot : peaks.reduceRight((right, left) => hashNode(left, right))

/** MTH of RFC 6962 over the hashes of the leaves, in order. */
export function rootOfLeaves(leaves: readonly Buffer[]): Buffer {
  const range = beginRange()
  for (const leaf of leaves) appendLeaf(range, leaf)
  return rootOfRange(range)
}

// ------------------------------------------------------------------------------------------------ proofs

/** The largest power of two below `n`, which must be above one: where RFC 6962 divides `n` leaves. */
function splitOf(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0

/** A span that is a subtree of every tree that holds it: it begins at a multiple of its length, rounded up to a power of two. */
export function isSubtree({ start, end }: Span): boolean {
  if (!isCount(start) || !isCount(end) || start >= end) return false
  const length = end - start
  return start % (length === 1 ? 1 : splitOf(length) * 2) === 0
}

/**
 * The spans whose hashes prove that a subtree is part of the tree of `size` leaves, innermost first: PATH of
 * RFC 6962 for one leaf, PROOF for a span from 0. Throws when the span is no subtree of that tree.
 */
export function planProof(span: Span, size: number): Span[] {
  if (!isSubtree(span) || !isCount(size) || span.end > size)
    throw new RangeError(`no subtree [${span.start}, ${span.end}) in a tree of ${size} leaves`)
  const spans: Span[] = []
  plan(span, { start: 0, end: size }, true, spans)
  return spans
}

export const planInclusion = (index: number, size: number): Span[] =>
  planProof({ start: index, end: index + 1 }, size)

/** From a tree of `from` leaves, at least one, to one of `to`. */
export const planConsistency = (from: number, to: number): Span[] => planProof({ start: 0, end: from }, to)

/** `known`: who checks the proof knows the hash of the span itself. */
function plan(span: Span, tree: Span, known: boolean, spans: Span[]): void {
  if (span.start === tree.start && span.end === tree.end) {
    if (!known) spans.push(tree)
    return
  }
  const middle = tree.start + splitOf(tree.end - tree.start)
  const left = { start: tree.start, end: middle }
  const right = { start: middle, end: tree.end }
  if (span.end <= middle) plan(span, left, known, spans)
  else if (span.start >= middle) plan(span, right, known, spans)
  else plan({ start: middle, end: span.end }, right, false, spans)
  spans.push(span.end <= middle ? right : left)
}

type Fold = { readonly subtree: Uint8Array; readonly tree: Uint8Array }

/** The hashes of the span and of the whole tree that the proof makes; `next` gives its hashes one by one. */
function fold(span: Span, tree: Span, known: Uint8Array | undefined, next: () => Uint8Array): Fold {
  if (span.start === tree.start && span.end === tree.end) {
    const whole = known ?? next()
    return { subtree: whole, tree: whole }
  }
  const middle = tree.start + splitOf(tree.end - tree.start)
  const left = { start: tree.start, end: middle }
  const right = { start: middle, end: tree.end }
  if (span.end <= middle) {
    const inner = fold(span, left, known, next)
    return { subtree: inner.subtree, tree: hashNode(inner.tree, next()) }
  }
  if (span.start >= middle) {
    const inner = fold(span, right, known, next)
    return { subtree: inner.subtree, tree: hashNode(next(), inner.tree) }
  }
  const inner = fold({ start: middle, end: span.end }, right, undefined, next)
  const beside = next()
  return { subtree: hashNode(beside, inner.subtree), tree: hashNode(beside, inner.tree) }
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

export type SubtreeClaim = {
  readonly span: Span
  readonly size: number
  /** Hash of the span's leaves as a tree of their own. */
  readonly hash: Uint8Array
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Is the span, with this hash, part of the tree with this root? Anything malformed is false; nothing is thrown. */
export function verifySubtree({ span, size, hash: claimed, root, proof }: SubtreeClaim): boolean {
  if (!isSubtree(span) || !isCount(size) || span.end > size) return false
  if (proof.length !== planProof(span, size).length) return false
  if (proof.length === 0) return isEqual(claimed, root)
  if ([claimed, root, ...proof].some((one) => one.length !== hashBytes)) return false
  let used = 0
  const next = (): Uint8Array => proof[used++] ?? emptyRoot
  const found = fold(span, { start: 0, end: size }, claimed, next)
  return isEqual(found.subtree, claimed) && isEqual(found.tree, root)
}

export type InclusionClaim = {
  readonly index: number
  readonly size: number
  readonly leaf: Uint8Array
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** RFC 9162 section 2.1.3.2. */
export const verifyInclusion = ({ index, size, leaf, root, proof }: InclusionClaim): boolean =>
  leaf.length === hashBytes &&
  verifySubtree({ span: { start: index, end: index + 1 }, size, hash: leaf, root, proof })

/** Inclusion in a subtree of some tree: the span is a tree of its own, in which the leaf stands at index − start. */
export const verifySubtreeInclusion = (
  span: Span,
  { index, leaf, root, proof }: Omit<InclusionClaim, 'size'>,
): boolean =>
  isSubtree(span) &&
  verifyInclusion({ index: index - span.start, size: span.end - span.start, leaf, root, proof })

export type ConsistencyClaim = {
  readonly from: number
  readonly to: number
  readonly rootFrom: Uint8Array
  readonly rootTo: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** RFC 9162 section 2.1.4.2. Nothing can be proved from the empty tree: that is false. */
export const verifyConsistency = ({ from, to, rootFrom, rootTo, proof }: ConsistencyClaim): boolean =>
  verifySubtree({ span: { start: 0, end: from }, size: to, hash: rootFrom, root: rootTo, proof })

/** As `verifySubtree`; a span without leaves is part of every tree that is long enough, by its empty root alone. */
export function verifySubtreeConsistency(claim: SubtreeClaim): boolean {
  const { span, size, hash: claimed, proof } = claim
  if (span.start !== span.end) return verifySubtree(claim)
  return isCount(span.start) && span.end <= size && proof.length === 0 && isEqual(claimed, emptyRoot)
}
