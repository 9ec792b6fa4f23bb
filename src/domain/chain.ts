/**
 * The check of one record: its entries in order, each bound to the one before, and the replay of their
 * changes up to what the record's row must now say. Entries are followed one at a time, so that a chain of
 * any length needs no memory but the record's fields. The first damaged entry of a record is named; the
 * fields of the row are compared when the chain is whole.
 */
import type { EntryBody } from './entry.ts'
import { beginReplay, findDifferences, isSame, replay, show } from './replay.ts'
import type { Replay, Shape } from './replay.ts'
import { findDiffering, findStranger } from './stored-entry.ts'
import type { StoredEntry } from './stored-entry.ts'

export type StoredRow = {
  readonly version: number
  readonly entry_seq: number
  readonly entry_id: string
  readonly entry_head: string
  /** The recorded fields, in the order of the shape. */
  readonly values: readonly unknown[]
  /** What the lifecycle derives; a work order has it. */
  readonly category?: unknown
}

export type Flaw = { readonly seq: number | null; readonly field: string | null; readonly what: string }

/** How far a record's chain was followed. */
export type Chain = {
  readonly shape: Shape
  readonly held: Replay
  seq: number
  version: number
  id: string
  head: string | null
  flaw: Flaw | undefined
  /** A body that is not what was hashed: what follows may tell which part of it was changed. */
  suspect: { readonly seq: number; readonly hash: string } | undefined
}

export const beginChain = (shape: Shape): Chain => ({
  shape,
  held: beginReplay(shape),
  seq: 0,
  version: 0,
  id: '',
  head: null,
  flaw: undefined,
  suspect: undefined,
})

/** Takes the next entry by sequence; the first flaw stays in the chain. */
export function follow(chain: Chain, entry: StoredEntry): void {
  const { body, seq } = entry
  if (chain.flaw !== undefined) {
    if (chain.suspect !== undefined && body !== undefined) investigate(chain, chain.suspect, body)
    return
  }
  chain.flaw = findFlaw(chain, entry)
  if (body === undefined || (chain.flaw !== undefined && chain.suspect === undefined)) return
  if (chain.suspect !== undefined && chain.suspect.seq < seq) return investigate(chain, chain.suspect, body)
  const torn = replay(chain.held, chain.shape, body.changes, seq)
  if (torn !== undefined && chain.suspect !== undefined) blame(chain, torn.field)
  else if (torn !== undefined) {
    const what = `the entry changes ${torn.field} from ${show(torn.old)}, but the entries before it leave ${show(torn.held)}`
    chain.flaw = { seq, field: torn.field, what }
  }
  chain.seq = seq
  chain.id = entry.id
  chain.head = entry.hash
  chain.version = body.version
}

/** After the last entry: what is wrong with the record; the row is undefined when there is none. */
export function closeChain(chain: Chain, row: StoredRow | undefined): Flaw[] {
  const { seq } = chain
  if (chain.suspect !== undefined && row !== undefined) investigateRow(chain, chain.suspect, row)
  if (chain.flaw !== undefined) return [chain.flaw]
  if (row === undefined)
    return [
      {
        seq: null,
        field: null,
        what: `the record's row is missing; its ${seq === 1 ? 'entry is' : `${seq} entries are`} there`,
      },
    ]
  if (row.entry_seq > seq) return [missing(seq + 1, `the row stands at entry ${row.entry_seq}`)]
  const head = findHeadFlaw(chain, row)
  if (head !== undefined) return [head]
  return findDifferences(chain.held, chain.shape, row).map((found) => ({
    seq: found.seq,
    field: found.field,
    what: `the row's ${found.field} is ${show(found.row)}, but its entries make it ${show(found.replayed)}`,
  }))
}

function findHeadFlaw(chain: Chain, row: StoredRow): Flaw | undefined {
  const { seq } = chain
  const tell = (field: string, says: number | string, last: number | string | null): Flaw => ({
    seq,
    field,
    what: `the row's ${field} is ${says}, but the last entry makes it ${last}`,
  })
  if (row.entry_seq !== seq) return tell('entry_seq', row.entry_seq, seq)
  if (row.entry_id !== chain.id) return tell('entry_id', row.entry_id, chain.id)
  if (row.entry_head !== chain.head) return tell('entry_head', row.entry_head, chain.head)
  if (row.version !== chain.version) return tell('version', row.version, chain.version)
  return undefined
}

function findFlaw(chain: Chain, entry: StoredEntry): Flaw | undefined {
  const { body, seq } = entry
  const expected = chain.seq + 1
  const stranger = body === undefined ? undefined : findStranger(chain.shape.kind, entry, body)
  if (stranger === undefined && seq > expected) return missing(expected, `the next one is entry ${seq}`)
  if (stranger === undefined && seq < expected)
    return { seq, field: 'seq', what: `there is more than one entry ${seq}` }
  const differing = stranger ?? (body === undefined ? undefined : findDiffering(entry, body))
  const told =
    differing === undefined
      ? ''
      : `the column ${differing.field} says ${differing.column}, the body says ${differing.member}`
  if (entry.hash !== entry.leaf) return findFlawOfHash(chain, entry, differing?.field, told)
  if (body === undefined) return { seq, field: 'body', what: 'the body is not an entry' }
  if (differing !== undefined) return { seq, field: differing.field, what: told }
  if (body.prev !== chain.head) return findFlawOfLink(chain, seq)
  return isNextVersion(chain, body)
    ? undefined
    : { seq, field: 'version', what: `the body says version ${body.version} after version ${chain.version}` }
}

function findFlawOfHash(chain: Chain, entry: StoredEntry, field: string | undefined, told: string): Flaw {
  const { body, seq, hash } = entry
  const what = 'the leaf is not the hash of the body'
  if (body === undefined) return { seq, field: 'body', what: `${what}, and the body is no entry any more` }
  if (field !== undefined) return { seq, field, what: `${what}: ${told}` }
  if (body.prev !== chain.head)
    return { seq, field: 'prev', what: `${what}, which names another leaf before it than there is` }
  if (!isNextVersion(chain, body))
    return {
      seq,
      field: 'version',
      what: `${what}, which says version ${body.version} after version ${chain.version}`,
    }
  chain.suspect = { seq, hash }
  return { seq, field: 'body', what }
}

/** Both entries are whole by their own hashes, so it is the earlier one that was put in the place of another. */
function findFlawOfLink(chain: Chain, seq: number): Flaw {
  if (chain.head === null)
    return { seq, field: 'prev', what: 'the body names a leaf before it, and it is the first entry' }
  chain.suspect = { seq: chain.seq, hash: chain.head }
  const what = `the entry was replaced: entry ${seq} names another leaf before it`
  return { seq: chain.seq, field: 'body', what }
}

/** A comment or a refused attempt leaves the version as it is; the first entry makes version 1. */
const isNextVersion = (chain: Chain, body: EntryBody): boolean =>
  body.version === chain.version + 1 || (body.version === chain.version && chain.seq > 0)

const missing = (seq: number, why: string): Flaw => ({
  seq,
  field: null,
  what: `entry ${seq} is missing: ${why}`,
})

/** The next entry still names the hash of the suspect's body: then it is the leaf that was changed. */
function investigate(
  chain: Chain,
  suspect: { readonly seq: number; readonly hash: string },
  next: EntryBody,
): void {
  if (next.seq === suspect.seq + 1 && next.prev === suspect.hash) return blameLeaf(chain)
  const torn = next.changes.find(({ field, old }) =>
    isTorn(chain, suspect.seq, chain.shape.places.get(field), old),
  )
  if (torn !== undefined) return blame(chain, torn.field)
  replay(chain.held, chain.shape, next.changes, next.seq)
}

function investigateRow(
  chain: Chain,
  suspect: { readonly seq: number; readonly hash: string },
  row: StoredRow,
): void {
  if (row.entry_seq === suspect.seq && row.entry_head === suspect.hash) return blameLeaf(chain)
  chain.shape.fields.forEach((field, place) => {
    if (chain.suspect !== undefined && isTorn(chain, suspect.seq, place, row.values[place]))
      blame(chain, field)
  })
}

/** The suspect set this field, and what comes after it knows another value. */
function isTorn({ held }: Chain, seq: number, place: number | undefined, known: unknown): boolean {
  return place !== undefined && held.seqs[place] === seq && !isSame(held.values[place], known)
}

function blameLeaf(chain: Chain): void {
  if (chain.flaw !== undefined)
    chain.flaw = {
      ...chain.flaw,
      field: 'leaf',
      what: 'the leaf was changed: it is not the hash of the body, which the chain names',
    }
  chain.suspect = undefined
}

/** The body itself was changed, in what it says of this field. */
function blame(chain: Chain, field: string): void {
  if (chain.flaw !== undefined)
    chain.flaw = {
      ...chain.flaw,
      field,
      what: `${chain.flaw.what}; what the body says of ${field} was changed`,
    }
  chain.suspect = undefined
}
