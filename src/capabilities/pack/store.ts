/** SQL of inspection packs: what belongs to a scope, and the rows that go into a pack as they stand. */
import type { PrincipalKind } from '#domain/principal.ts'
import { sql } from '#platform/sql.ts'
import type { Sql } from '#platform/sql.ts'
import type { Tx } from '#platform/tx.ts'

/** Which records go into a pack; the ids are found already. `from` and `until` are instants, the second is not in. */
export type Scope =
  | { readonly kind: 'work_order'; readonly id: string }
  | { readonly kind: 'asset'; readonly id: string }
  | { readonly kind: 'period'; readonly from: string; readonly until: string }

/** A record belongs to a period when an entry of it does. The ids carry the time: they keep other months out of the search. */
function within(scope: Scope): Sql {
  if (scope.kind === 'work_order') return sql`wo.id = ${scope.id}`
  if (scope.kind === 'asset') return sql`wo.asset_id = ${scope.id}`
  const { from, until } = scope
  return sql`
    wo.id < uuidv7_floor(${until}::timestamptz + interval '10 minutes')
    and exists (select from entries e
      where e.tenant_id = wo.tenant_id and e.record_id = wo.id and e.at >= ${from}::timestamptz and e.at < ${until}::timestamptz
        and e.id >= uuidv7_floor(${from}::timestamptz - interval '10 minutes')
        and e.id < uuidv7_floor(${until}::timestamptz + interval '10 minutes'))`
}

export type ScopeSize = { readonly records: number; readonly files: number; readonly bytes: number }

/** How much it is: records, and the attachments of them. */
export async function countScope(tx: Tx, scope: Scope): Promise<ScopeSize> {
  const [row] = await tx.list<ScopeSize>`
    with records as materialized (select wo.id from work_orders wo where ${within(scope)})
    select (select count(*) from records) as records, count(*) as files, coalesce(sum(f.size_bytes), 0)::bigint as bytes
      from attachments f where f.work_order_id in (select id from records)`
  return row ?? { records: 0, files: 0, bytes: 0 }
}

/** The next records of the scope, by id, which is the order in which they were created. */
export async function listScope(tx: Tx, scope: Scope, after: string, limit: number): Promise<string[]> {
  const rows = await tx.list<{ id: string }>`
    select wo.id from work_orders wo where wo.id > ${after} and ${within(scope)} order by wo.id limit ${limit}`
  return rows.map(({ id }) => id)
}

export type EntryRow = { readonly id: string; readonly seq: number; readonly body: Buffer }

const entriesAtOnce = 1000

/** The whole chain of a record, in order, as the bytes that were hashed. */
export async function listChain(tx: Tx, recordId: string): Promise<EntryRow[]> {
  const entries: EntryRow[] = []
  for (;;) {
    const rows = await tx.rows<EntryRow>`
      select id, seq, body from entries where record_id = ${recordId} and seq > ${entries.at(-1)?.seq ?? 0}
       order by seq limit ${entriesAtOnce}`
    entries.push(...rows)
    if (rows.length < entriesAtOnce) return entries
  }
}

export type SignatureRow = {
  readonly id: string
  readonly gate: string
  readonly role: string
  readonly round: number
  readonly round_status: 'open' | 'passed' | 'returned' | 'withdrawn'
  readonly wo_version: number
  readonly signer_id: string
  readonly on_behalf_of: string | null
  readonly delegation_id: string | null
  readonly key_id: string
  readonly kind: 'passkey' | 'passphrase'
  readonly statement: Buffer
  readonly record: Buffer
  readonly signature: Buffer
  readonly authenticator_data: Buffer | null
  readonly client_data_json: Buffer | null
  readonly certificate: Buffer
  readonly signed_at: string
}

export const listSignatures = (tx: Tx, workOrderId: string): Promise<SignatureRow[]> =>
  tx.rows<SignatureRow>`
    select s.id, s.gate, s.role, r.number as round, r.status as round_status, s.wo_version, s.signer_id, s.on_behalf_of,
           s.delegation_id, s.key_id, s.kind, s.statement, s.record, s.signature, s.authenticator_data, s.client_data_json,
           s.certificate, s.signed_at
      from signatures s join approval_rounds r on r.tenant_id = s.tenant_id and r.id = s.round_id
     where s.work_order_id = ${workOrderId} order by s.signed_at, s.id`

export type AttachmentRow = {
  readonly id: string
  readonly name: string
  readonly media_type: string
  readonly size_bytes: number
  readonly sha256: string
  readonly uploaded_by: string
  readonly uploaded_at: string
}

export const listFiles = (tx: Tx, workOrderId: string): Promise<AttachmentRow[]> =>
  tx.rows<AttachmentRow>`
    select id, name, media_type, size_bytes, encode(sha256, 'hex') as sha256, uploaded_by, uploaded_at
      from attachments where work_order_id = ${workOrderId} order by id`

export type DelegationRow = {
  readonly id: string
  readonly delegator_id: string
  readonly delegate_id: string
  readonly roles: readonly string[]
  readonly lifecycles: readonly string[] | null
  readonly work_categories: readonly string[] | null
  readonly regulatory: boolean | null
  readonly starts_at: string
  readonly ends_at: string
  readonly reason: string
  readonly delegator_accepted_at: string | null
  readonly delegate_accepted_at: string | null
  readonly declined_at: string | null
  readonly revoked_at: string | null
  readonly revoked_by: string | null
}

export const listDelegations = (tx: Tx, ids: readonly string[]): Promise<DelegationRow[]> =>
  tx.rows<DelegationRow>`
    select id, delegator_id, delegate_id, roles, lifecycles, work_categories, regulatory, starts_at, ends_at, reason,
           delegator_accepted_at, delegate_accepted_at, declined_at, revoked_at, revoked_by
      from delegations where id = any (${ids}::uuid[]) order by id`

export type KeyRow = {
  readonly id: string
  readonly principal_id: string
  readonly kind: 'passkey' | 'passphrase'
  readonly status: string
  readonly certificate: Buffer
  readonly confirmed_at: string | null
  readonly revoked_at: string | null
}

/** Every key of these people that was ever certified. */
export const listKeys = (tx: Tx, principalIds: readonly string[]): Promise<KeyRow[]> =>
  tx.rows<KeyRow>`
    select id, principal_id, kind, status, certificate, proofed_at as confirmed_at, revoked_at
      from signing_keys where principal_id = any (${principalIds}::uuid[]) and certificate is not null order by id`

export const listAuthorities = (tx: Tx): Promise<{ id: string; certificate: Buffer }[]> =>
  tx.rows<{
    id: string
    certificate: Buffer
  }>`select id, certificate from certificate_authorities order by id`

export type NameRow = { readonly id: string; readonly kind: PrincipalKind; readonly name: string }

export const listNames = (tx: Tx, ids: readonly string[]): Promise<NameRow[]> =>
  tx.rows<NameRow>`select id, kind, name from principals where id = any (${ids}::uuid[]) order by id`

export const listTags = (tx: Tx, ids: readonly string[]): Promise<{ id: string; tag: string }[]> =>
  tx.rows<{ id: string; tag: string }>`select id, tag from assets where id = any (${ids}::uuid[])`
