/** From a change to the statement that inserts its entry: the one place where entries are made. */
import { sealEntry } from '#domain/entry.ts'
import { newId } from './id.ts'
import { toQuery } from './sql.ts'
import type { Query } from './sql.ts'
import type { Bound, Change, Head } from './tx.ts'

type Sealed = { readonly head: Head; readonly body: Buffer }
const statement = (strings: TemplateStringsArray, ...values: unknown[]): Query => toQuery(strings, values)

export function toEntry(
  bound: Bound,
  change: Change,
  at: string,
): { readonly head: Head; readonly query: Query } {
  const { head, body } = sealChange(bound, change, at)
  const query = statement`
    insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
    values (${head.entry_id}, ${change.kind}, ${change.record.id}, ${head.entry_seq}, ${change.action}, ${bound.actor.id}, ${at}, ${head.entry_head}, ${body})`
  return { head, query }
}

/** Many entries of one time in one statement. */
export function toEntries(
  bound: Bound,
  changes: readonly Change[],
  at: string,
): { readonly heads: Head[]; readonly query: Query } {
  const sealed = changes.map((change) => sealChange(bound, change, at))
  const heads = sealed.map(({ head }) => head)
  const query = statement`
    insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
    select id, kind, record_id, seq, action, ${bound.actor.id}::uuid, ${at}::timestamptz, leaf, body
      from unnest(${heads.map((head) => head.entry_id)}::uuid[], ${changes.map(({ kind }) => kind)}::text[],
                  ${changes.map(({ record }) => record.id)}::uuid[], ${heads.map((head) => head.entry_seq)}::integer[],
                  ${changes.map(({ action }) => action)}::text[], ${heads.map((head) => head.entry_head)}::bytea[],
                  ${sealed.map(({ body }) => body)}::bytea[]) as e (id, kind, record_id, seq, action, leaf, body)`
  return { heads, query }
}

function sealChange(bound: Bound, change: Change, at: string): Sealed {
  const { record } = change
  const before = 'entry_seq' in record ? record : { version: 0, entry_seq: 0, entry_head: null }
  const version = before.version + (change.newVersion === false ? 0 : 1)
  const seq = before.entry_seq + 1
  const id = newId()
  const { actor } = bound
  const { body, leaf } = sealEntry({
    v: 1,
    id,
    tenant: bound.tenantId,
    record: { kind: change.kind, id: record.id },
    seq,
    version,
    actor: {
      id: actor.id,
      kind: actor.kind,
      name: actor.name,
      sponsor: actor.sponsorId,
      client: actor.client,
    },
    action: change.action,
    reason: change.reason ?? null,
    changes: change.changes,
    detail: change.detail ?? null,
    request: bound.call.requestId,
    at,
    prev: before.entry_head?.toString('hex') ?? null,
  })
  return { head: { version, entry_seq: seq, entry_id: id, entry_head: leaf }, body }
}
