/** A log without a database, for what is said to witnesses: leaves in memory, notes and proofs of any size. */
import { generateKeyPairSync, hash } from 'node:crypto'
import { formatCheckpoint, formatNote, keyTypes, signNote, toVerifier, toVkey } from '#domain/checkpoint.ts'
import { planConsistency, rootOfLeaves } from '#domain/merkle.ts'

export type SmallLog = {
  readonly origin: string
  readonly vkey: string
  root(size: number): Buffer
  /** Signed checkpoint of that size; another root on request. */
  note(size: number, root?: Buffer): string
  proof(from: number, to: number): Buffer[]
  /** Body of a request to a witness. */
  offer(from: number, to: number): string
  /** The same key, and other leaves from `size` on: a log with two faces. */
  fork(size: number): SmallLog
}

export function makeLog(
  origin: string,
  key = generateKeyPairSync('ed25519').privateKey,
  fork = Infinity,
): SmallLog {
  const leaves: Buffer[] = []
  const take = (size: number): Buffer[] => {
    for (let i = leaves.length; i < size; i += 1)
      leaves.push(hash('sha256', `${origin} ${i} ${i < fork ? 'a' : 'b'}`, 'buffer'))
    return leaves.slice(0, size)
  }
  const log: SmallLog = {
    origin,
    vkey: toVkey(toVerifier(origin, keyTypes.ed25519, key)),
    root: (size) => rootOfLeaves(take(size)),
    note(size, root = log.root(size)) {
      const text = formatCheckpoint({ origin, size, root, extensions: [] })
      return formatNote({ text, signatures: [signNote(text, origin, key)] })
    },
    proof: (from, to) =>
      from === 0 || from >= to
        ? []
        : planConsistency(from, to).map(({ start, end }) => rootOfLeaves(take(end).slice(start))),
    offer: (from, to) => formatOffer(from, log.proof(from, to), log.note(to)),
    fork: (size) => makeLog(origin, key, size),
  }
  return log
}

export const formatOffer = (oldSize: number | string, proof: readonly Buffer[], note: string): string =>
  `old ${oldSize}\n${proof.map((piece) => `${piece.toString('base64')}\n`).join('')}\n${note}`
