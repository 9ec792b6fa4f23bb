/**
 * One line of the audit trail. Its body is canonical JSON (RFC 8785), stored as the bytes that were hashed;
 * each body names the leaf before it of the same record, so that a record's entries form a chain whose head
 * stands in the record's row. `leaf = SHA-256(0x00 ‖ body)`, an RFC 6962 leaf.
 */
import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { PrincipalKind } from './principal.ts'

export const recordKinds = [
  'work_order',
  'asset',
  'principal',
  'tenant',
  'delegation',
  'finding',
  'template',
  'resource',
] as const
export type RecordKind = (typeof recordKinds)[number]

export type FieldChange = { readonly field: string; readonly old: unknown; readonly new: unknown }

export type EntryBody = {
  readonly v: 1
  readonly id: string
  readonly tenant: string
  readonly record: { readonly kind: RecordKind; readonly id: string }
  /** 1 for the record's first entry, then counted without a gap. */
  readonly seq: number
  /** The record's version after this entry. */
  readonly version: number
  readonly actor: {
    readonly id: string
    readonly kind: PrincipalKind
    readonly name: string
    readonly sponsor: string | null
    readonly client: string
  }
  readonly action: string
  readonly reason: string | null
  readonly changes: readonly FieldChange[]
  /** What else the action is about: an attachment's hash, a refusal's code, an import's file and line. */
  readonly detail: { readonly [name: string]: unknown } | null
  readonly request: string
  /** Server time, UTC, microseconds: `2026-11-20T21:19:39.123456Z`. */
  readonly at: string
  /** Leaf of the record's entry before this one, hex; null for the first. */
  readonly prev: string | null
}

export type SealedEntry = { readonly body: Buffer; readonly leaf: Buffer }

const leafPrefix = Buffer.of(0)

/** SHA-256(0x00 ‖ body), RFC 6962 section 2.1. */
export const leafOf = (body: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([leafPrefix, body]), 'buffer')

export function sealEntry(body: EntryBody): SealedEntry {
  const bytes = Buffer.from(toText(body), 'utf8')
  return { body: bytes, leaf: leafOf(bytes) }
}

/** The canonical text of an entry. Its own members are known, so they are written down in order instead of sorted. */
function toText({ actor, record, ...entry }: EntryBody): string {
  const changes = entry.changes.map(
    (change) => `{"field":${textOf(change.field)},"new":${textOf(change.new)},"old":${textOf(change.old)}}`,
  )
  return (
    `{"action":${textOf(entry.action)},"actor":{"client":${textOf(actor.client)},"id":${textOf(actor.id)},` +
    `"kind":${textOf(actor.kind)},"name":${textOf(actor.name)},"sponsor":${textOf(actor.sponsor)}},` +
    `"at":${textOf(entry.at)},"changes":[${changes.join()}],"detail":${textOf(entry.detail)},` +
    `"id":${textOf(entry.id)},"prev":${textOf(entry.prev)},"reason":${textOf(entry.reason)},` +
    `"record":{"id":${textOf(record.id)},"kind":${textOf(record.kind)}},"request":${textOf(entry.request)},` +
    `"seq":${entry.seq},"tenant":${textOf(entry.tenant)},"v":${entry.v},"version":${entry.version}}`
  )
}

/** A well-formed string without anything to escape is most of what there is. */
const textOf = (value: unknown): string =>
  typeof value === 'string' && value.isWellFormed() ? JSON.stringify(value) : toCanonical(value)

/** RFC 8785 text of a JSON value. */
export function toCanonical(value: unknown): string {
  const text = canonicalize(value)
  if (text === undefined) throw new Error('not a JSON value')
  return text
}

/** What changed between two states of a record, in a fixed order; equal values (as JSON) are left out. */
export function changesBetween(
  fields: readonly string[],
  before: { readonly [field: string]: unknown },
  after: { readonly [field: string]: unknown },
): FieldChange[] {
  const changes: FieldChange[] = []
  for (const field of fields) {
    if (!(field in after)) continue
    const old = before[field] ?? null
    const next = after[field] ?? null
    if (isSame(old, next)) continue
    changes.push({ field, old, new: next })
  }
  return changes
}

/** Equal as JSON; only arrays and objects need their canonical text for it. */
const isSame = (old: unknown, next: unknown): boolean =>
  old === next ||
  (typeof old === 'object' && typeof next === 'object' && toCanonical(old) === toCanonical(next))
