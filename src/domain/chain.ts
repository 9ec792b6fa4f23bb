/**
 * The check of one record: its entries in order, each bound to the one before, and the replay of their
 * changes up to what the record's row must now say. Entries are followed one at a time, so that a chain of
 * any length needs no memory but the record's fields. The first damaged entry of a record is named; the
 * fields of the row are compared when the chain is whole.
 */
import type { EntryBody, FieldChange, RecordKind } from './entry.ts'
import { parseInstant, toInstant } from './instant.ts'
import { lifecycles } from './lifecycles.ts'
import type { LifecycleName } from './lifecycles.ts'
import { isSame } from './same.ts'

/** An entry as it is stored: its columns, its body, and the hash that the body really has. */
export type StoredEntry = {
  readonly id: string
  readonly tenant: string
  readonly kind: string
  readonly record: string
  readonly seq: number
  readonly action: string
  readonly actor: string
  /** Microseconds since 1970. */
  readonly at: number
  readonly leaf: string
  /** SHA-256(0x00 ‖ body) of the stored bytes. */
  readonly hash: string
  /** Undefined when the stored bytes are not an entry at all. */
  readonly body: EntryBody | undefined
}

/** What is known of a kind of record: its recorded fields, and how each is before the first entry. */
export type Shape = {
  readonly kind: RecordKind
  readonly fields: ReadonlySet<string>
  readonly blank: { readonly [field: string]: unknown }
}

export type StoredRow = {
  readonly version: number
  readonly entry_seq: number
  readonly entry_id: string
  readonly entry_head: string
  readonly fields: { readonly [field: string]: unknown }
}

export type Flaw = { readonly seq: number | null; readonly field: string | null; readonly what: string }

/** A body that is not what was hashed; what follows may tell which part of it was changed. */
type Suspect = { readonly seq: number; readonly hash: string }

/** How far a record's chain was followed. */
export type Chain = {
  readonly shape: Shape
  /** Each recorded field that an entry has set: its value, and the entry. */
  readonly held: Map<string, { readonly value: unknown; readonly seq: number }>
  seq: number
  version: number
  id: string
  head: string | null
  flaw: Flaw | undefined
  suspect: Suspect | undefined
}

export const beginChain = (shape: Shape): Chain => ({
  shape,
  held: new Map(),
  seq: 0,
  version: 0,
  id: '',
  head: null,
  flaw: undefined,
  suspect: undefined,
})

/** Takes the next entry by sequence; the first flaw stays in the chain. */
export function follow(chain: Chain, entry: StoredEntry): void {
  if (chain.flaw !== undefined) {
    if (chain.suspect !== undefined && entry.body !== undefined) investigate(chain, chain.suspect, entry.body)
    return
  }
  chain.flaw = findFlaw(chain, entry)
  const torn = entry.body === undefined ? undefined : replay(chain, entry.body.changes, entry.seq)
  if (torn !== undefined && chain.suspect !== undefined) blame(chain, torn.field)
  if (torn !== undefined && chain.flaw === undefined)
    chain.flaw = {
      seq: entry.seq,
      field: torn.field,
      what: `the entry changes ${torn.field} from ${show(torn.old)}, but the entries before it leave it at ${show(valueOf(chain, torn.field))}`,
    }
  chain.seq = entry.seq
  chain.id = entry.id
  chain.head = entry.hash
  chain.version = entry.body?.version ?? chain.version
}

function findFlaw(chain: Chain, entry: StoredEntry): Flaw | undefined {
  const { body, seq } = entry
  const expected = chain.seq + 1
  const differing =
    body === undefined ? undefined : (findStranger(chain, entry, body) ?? findDiffering(entry, body))
  const isOurs = differing === undefined || !strange.has(differing.field)
  if (isOurs && seq > expected) return missing(expected, `the next one is entry ${seq}`)
  if (isOurs && seq < expected) return { seq, field: 'seq', what: `there is more than one entry ${seq}` }
  const told =
    differing === undefined
      ? ''
      : `: the column ${differing.field} says ${differing.column}, the body says ${differing.member}`
  if (entry.hash !== entry.leaf) return flawOfHash(chain, entry, differing, told)
  if (body === undefined) return { seq, field: 'body', what: 'the body is not an entry' }
  if (differing !== undefined)
    return { seq, field: differing.field, what: `a column differs from the hashed body${told}` }
  if (body.prev !== chain.head)
    return {
      seq,
      field: 'prev',
      what: `the body names ${body.prev ?? 'nothing'} as the leaf before it, which is ${chain.head ?? 'nothing'}`,
    }
  return isNextVersion(chain, body)
    ? undefined
    : { seq, field: 'version', what: `the body says version ${body.version} after version ${chain.version}` }
}

function flawOfHash(
  chain: Chain,
  entry: StoredEntry,
  differing: Differing | undefined,
  told: string,
): Flaw | undefined {
  const { body, seq, hash } = entry
  const what = 'the leaf is not the hash of the body'
  if (body === undefined) return { seq, field: 'body', what: `${what}, and the body is not an entry any more` }
  if (differing !== undefined) return { seq, field: differing.field, what: what + told }
  if (body.prev !== chain.head) return { seq, field: 'prev', what: `${what}, nor does the body name the leaf before it` }
  if (!isNextVersion(chain, body))
    return { seq, field: 'version', what: `${what}: it says version ${body.version} after version ${chain.version}` }
  chain.suspect = { seq, hash }
  return { seq, field: 'body', what }
}

const isNextVersion = (chain: Chain, body: EntryBody): boolean =>
  body.version === chain.version + 1 || (body.version === chain.version && chain.seq > 0)

const missing = (seq: number, why: string): Flaw => ({
  seq,
  field: null,
  what: `entry ${seq} is missing: ${why}`,
})

type Differing = { readonly field: string; readonly column: unknown; readonly member: unknown }

/** Columns that say where an entry belongs: where they differ, its sequence here means nothing. */
const strange: ReadonlySet<string> = new Set(['tenant_id', 'record_id', 'record_kind'])

function findStranger(chain: Chain, entry: StoredEntry, body: EntryBody): Differing | undefined {
  const { record } = body
  if (body.tenant !== entry.tenant) return { field: 'tenant_id', column: entry.tenant, member: body.tenant }
  if (record.id !== entry.record) return { field: 'record_id', column: entry.record, member: record.id }
  if (record.kind !== entry.kind || entry.kind !== chain.shape.kind)
    return { field: 'record_kind', column: entry.kind, member: record.kind }
  return undefined
}

function findDiffering(entry: StoredEntry, body: EntryBody): Differing | undefined {
  if (body.seq !== entry.seq) return { field: 'seq', column: entry.seq, member: body.seq }
  if (body.id !== entry.id) return { field: 'id', column: entry.id, member: body.id }
  if (body.action !== entry.action) return { field: 'action', column: entry.action, member: body.action }
  if (body.actor.id !== entry.actor)
    return { field: 'actor_id', column: entry.actor, member: body.actor.id }
  if (parseInstant(body.at) !== entry.at)
    return { field: 'at', column: toInstant(entry.at), member: body.at }
  return undefined
}

/** Applies the changes to the recorded fields; gives the first one whose old value is not what was held. */
function replay(chain: Chain, changes: readonly FieldChange[], seq: number): FieldChange | undefined {
  let torn: FieldChange | undefined
  for (const change of changes) {
    const { field } = change
    if (!chain.shape.fields.has(field)) continue
    const held = chain.held.get(field)
    const fits =
      held === undefined
        ? change.old === null || isSame(change.old, chain.shape.blank[field])
        : isSame(change.old, held.value)
    if (!fits) torn ??= change
    chain.held.set(field, { value: change.new, seq })
  }
  return torn
}

/** Which part of the suspect was changed: the leaf, if the next entry still names the body's hash. */
function investigate(chain: Chain, suspect: Suspect, next: EntryBody): void {
  if (next.seq === suspect.seq + 1 && next.prev === suspect.hash) return blameLeaf(chain)
  const torn = next.changes.find(({ field, old }) => {
    const held = chain.held.get(field)
    return held?.seq === suspect.seq && !isSame(held.value, old)
  })
  if (torn !== undefined) return blame(chain, torn.field)
  replay(chain, next.changes, next.seq)
}
