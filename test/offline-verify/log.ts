/**
 * A transparency log for made-up packs: RFC 6962 tree, proofs and signed notes, as plainly as the standards
 * say it. Neither the service nor the verifier shares a line of it.
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

export const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Roots and proofs over some leaves; what was hashed once is kept. */
export type Tree = {
  root(size: number): Buffer
  inclusion(index: number, size: number): Buffer[]
  consistency(from: number, to: number): Buffer[]
}

export function growTree(leaves: readonly Buffer[]): Tree {
  const known = new Map<string, Buffer>()
  const hash = (start: number, end: number): Buffer => {
    const key = `${start}-${end}`
    const kept = known.get(key)
    if (kept !== undefined) return kept
    const made = end - start === 1 ? (leaves[start] ?? sha256()) : sha256(Buffer.of(1), ...halves(start, end))
    known.set(key, made)
    return made
  }
  const halves = (start: number, end: number): [Buffer, Buffer] => {
    const middle = start + split(end - start)
    return [hash(start, middle), hash(middle, end)]
  }
  const path = (index: number, start: number, end: number): Buffer[] => {
    if (end - start <= 1) return []
    const middle = start + split(end - start)
    return index < middle
      ? [...path(index, start, middle), hash(middle, end)]
      : [...path(index, middle, end), hash(start, middle)]
  }
  // RFC 6962 section 2.1.2, SUBPROOF.
  const subproof = (from: number, start: number, end: number, isWhole: boolean): Buffer[] => {
    if (from === end - start) return isWhole ? [] : [hash(start, end)]
    const k = split(end - start)
    return from <= k
      ? [...subproof(from, start, start + k, isWhole), hash(start + k, end)]
      : [...subproof(from - k, start + k, end, false), hash(start, start + k)]
  }
  return {
    root: (size) => (size === 0 ? sha256() : hash(0, size)),
    inclusion: (index, size) => path(index, 0, size),
    consistency: (from, to) => subproof(from, 0, to, true),
  }
}

/** The largest power of two below n. */
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

export type NoteKey = { readonly name: string; readonly vkey: string; line(text: string): string }

/** A key that signs notes: of a log (algorithm 1), or of a witness (algorithm 4, C2SP tlog-cosignature). */
export function makeNoteKey(name: string, algorithm: 1 | 4, atSeconds = 1_795_000_000n): NoteKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = Buffer.concat([Buffer.of(algorithm), rawOf(publicKey)])
  const id = sha256(`${name}\n`, key).subarray(0, 4)
  return {
    name,
    vkey: `${name}+${id.toString('hex')}+${key.toString('base64')}`,
    line(text) {
      if (algorithm === 1)
        return `— ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString('base64')}\n`
      const time = Buffer.alloc(8)
      time.writeBigUInt64BE(atSeconds)
      const message = Buffer.from(`cosignature/v1\ntime ${atSeconds}\n${text}`)
      return `— ${name} ${Buffer.concat([id, time, sign(null, message, privateKey)]).toString('base64')}\n`
    },
  }
}

const rawOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(-32)

export const makeNote = (origin: string, size: number, root: Buffer, keys: readonly NoteKey[]): string => {
  const text = `${origin}\n${size}\n${root.toString('base64')}\n`
  return `${text}\n${keys.map((key) => key.line(text)).join('')}`
}
