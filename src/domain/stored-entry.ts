/**
 * An entry as the database holds it: the body that was hashed, and columns beside it that repeat what the body
 * says. The body is the truth; a column that says something else is damage.
 */
import type { EntryBody, RecordKind } from './entry.ts'
import { parseInstant, toInstant } from './instant.ts'

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

export type Differing = {
  readonly field: string
  readonly column: string | number
  readonly member: string | number
}

/** Where an entry belongs: when that differs, its sequence here means nothing. */
export function findStranger(kind: RecordKind, entry: StoredEntry, body: EntryBody): Differing | undefined {
  const { record } = body
  if (body.tenant !== entry.tenant) return { field: 'tenant_id', column: entry.tenant, member: body.tenant }
  if (record.id !== entry.record) return { field: 'record_id', column: entry.record, member: record.id }
  if (record.kind !== entry.kind) return { field: 'record_kind', column: entry.kind, member: record.kind }
  return entry.kind === kind
    ? undefined
    : {
        field: 'record_kind',
        column: entry.kind,
        member: `${record.kind}, and the row is a ${kind}`,
      }
}

export function findDiffering(entry: StoredEntry, body: EntryBody): Differing | undefined {
  if (body.seq !== entry.seq) return { field: 'seq', column: entry.seq, member: body.seq }
  if (body.id !== entry.id) return { field: 'id', column: entry.id, member: body.id }
  if (body.action !== entry.action) return { field: 'action', column: entry.action, member: body.action }
  if (body.actor.id !== entry.actor) return { field: 'actor_id', column: entry.actor, member: body.actor.id }
  return parseInstant(body.at) === entry.at
    ? undefined
    : { field: 'at', column: toInstant(entry.at), member: body.at }
}

/** The entry that the bytes are; undefined when they have not the form of one. */
export function parseBody(text: string): EntryBody | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return isEntry(body) ? body : undefined
  } catch {
    return undefined
  }
}

function isEntry(value: unknown): value is EntryBody {
  if (!isObject(value)) return false
  const { record, actor, changes } = value as Partial<EntryBody>
  return isObject(record) && isObject(actor) && Array.isArray(changes) && changes.every(isObject)
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
