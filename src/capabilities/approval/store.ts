/** SQL of signing: intents, signatures, and what a round looks like to who reads it. Signatures are only ever added. */
import type { GateName } from '#domain/lifecycle.ts'
import type { AttachmentFacts } from '#domain/statement.ts'
import type { GrantedRole } from '#domain/principal.ts'
import type { Tx } from '#platform/tx.ts'

export type Intent = {
  readonly id: string
  readonly work_order_id: string
  readonly round_id: string
  readonly principal_id: string
  readonly key_id: string
  readonly gate: GateName
  readonly role: GrantedRole
  readonly statement: Buffer
  readonly record: Buffer
  readonly created_at: string
  readonly expires_at: string
  readonly used_at: string | null
}

/** Held to the end. False when this person is signing already: nobody waits in line with a connection each. */
export async function tryLockSigner(tx: Tx, principalId: string): Promise<boolean> {
  const row = await tx.maybe<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${`sign ${principalId}`}, 0)) as locked`
  return row?.locked === true
}

export const loadIntent = (tx: Tx, id: string): Promise<Intent | undefined> =>
  tx.maybe<Intent>`
    select id, work_order_id, round_id, principal_id, key_id, gate, role, statement, record, created_at, expires_at, used_at
      from signing_intents where id = ${id}`

export function insertIntent(tx: Tx, intent: Omit<Intent, 'used_at'>): void {
  tx.write(1)`
    insert into signing_intents (id, work_order_id, round_id, principal_id, key_id, gate, role, statement, record, created_at, expires_at)
    values (${intent.id}, ${intent.work_order_id}, ${intent.round_id}, ${intent.principal_id}, ${intent.key_id}, ${intent.gate},
            ${intent.role}, ${intent.statement}, ${intent.record}, ${intent.created_at}, ${intent.expires_at})`
}

export function updateIntentUsed(tx: Tx, id: string, at: string): void {
  tx.write(1)`update signing_intents set used_at = ${at} where id = ${id} and used_at is null`
}

export function updateSignCount(tx: Tx, keyId: string, count: number): void {
  tx.write(1)`update signing_keys set sign_count = ${count} where id = ${keyId}`
}

export type NewSignature = {
  readonly id: string
  readonly meaning: 'approved' | 'waived'
  readonly wo_version: number
  readonly signer_id: string
  readonly on_behalf_of: string | null
  readonly delegation_id: string | null
  readonly kind: 'passkey' | 'passphrase'
  readonly signature: Buffer
  readonly authenticator_data: Buffer | null
  readonly client_data_json: Buffer | null
  readonly certificate: Buffer
  readonly signed_at: string
}

export function insertSignature(tx: Tx, intent: Intent, row: NewSignature): void {
  tx.write(1)`
    insert into signatures (id, work_order_id, round_id, gate, role, meaning, wo_version, signer_id, on_behalf_of, delegation_id, key_id,
                            kind, statement, record, signature, authenticator_data, client_data_json, certificate, intent_id, signed_at)
    values (${row.id}, ${intent.work_order_id}, ${intent.round_id}, ${intent.gate}, ${intent.role}, ${row.meaning}, ${row.wo_version},
            ${row.signer_id}, ${row.on_behalf_of}, ${row.delegation_id}, ${intent.key_id}, ${row.kind}, ${intent.statement},
            ${intent.record}, ${row.signature}, ${row.authenticator_data}, ${row.client_data_json}, ${row.certificate},
            ${intent.id}, ${row.signed_at})`
}

/** What of the attachments is signed: the hash of each. */
export const listAttachmentFacts = (tx: Tx, workOrderId: string): Promise<AttachmentFacts[]> =>
  tx.rows<AttachmentFacts>`
    select id, name, media_type, size_bytes, encode(sha256, 'hex') as sha256
      from attachments where work_order_id = ${workOrderId} order by id`

export async function loadTenantName(tx: Tx): Promise<string> {
  const row = await tx.maybe<{ name: string }>`select name from tenants`
  if (row === undefined) throw new Error('the tenant has no row')
  return row.name
}

export type SignatureRow = {
  readonly id: string
  readonly round_id: string
  readonly role: GrantedRole
  readonly wo_version: number
  readonly signer: string
  readonly signer_id: string
  readonly on_behalf_of: string | null
  readonly delegation_id: string | null
  readonly key_id: string
  readonly kind: 'passkey' | 'passphrase'
  readonly statement: Buffer
  readonly certificate: Buffer
  readonly signed_at: string
}

export const listSignatures = (tx: Tx, workOrderId: string): Promise<SignatureRow[]> =>
  tx.rows<SignatureRow>`
    select s.id, s.round_id, s.role, s.wo_version, p.name as signer, s.signer_id, b.name as on_behalf_of, s.delegation_id,
           s.key_id, s.kind, s.statement, s.certificate, s.signed_at
      from signatures s
      join principals p on p.tenant_id = s.tenant_id and p.id = s.signer_id
      left join principals b on b.tenant_id = s.tenant_id and b.id = s.on_behalf_of
     where s.work_order_id = ${workOrderId} order by s.id`

export type RoundRow = {
  readonly id: string
  readonly gate: GateName
  readonly number: number
  readonly policy_version: number
  readonly ordered: boolean
  readonly status: 'open' | 'passed' | 'returned' | 'withdrawn'
  readonly opened_at: string
  readonly closed_at: string | null
  readonly requirements: readonly {
    readonly role: GrantedRole
    readonly count: number
    readonly due_at: string | null
    readonly who: readonly string[]
  }[]
}

export const listRounds = (tx: Tx, workOrderId: string): Promise<RoundRow[]> =>
  tx.rows<RoundRow>`
    select r.id, r.gate, r.number, r.policy_version, r.ordered, r.status, r.opened_at, r.closed_at,
           array(select json_build_object('role', q.role, 'count', q.count, 'due_at', to_char(q.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                   'who', array(select distinct p.name from role_grants g
                                  join principals p on p.tenant_id = g.tenant_id and p.id = g.principal_id
                                  join work_orders w on w.tenant_id = g.tenant_id and w.id = r.work_order_id
                                 where g.role = q.role and (g.asset_id is null or g.asset_id = w.asset_id) and p.disabled_at is null
                                 order by p.name))
                   from approval_requirements q where q.round_id = r.id order by q.position, q.id) as requirements
      from approval_rounds r where r.work_order_id = ${workOrderId} order by r.opened_at, r.id`

export type PendingRow = {
  readonly work_order_id: string
  readonly number: string
  readonly title: string
  readonly asset_id: string | null
  readonly round_id: string
  readonly gate: GateName
  readonly role: GrantedRole
  readonly opened_at: string
  readonly due_at: string | null
}

/** Where the list stopped: what is due at no time comes last. */
export type PendingPlace = {
  readonly due_at: string | null
  readonly opened_at: string
  readonly round_id: string
  readonly role: string
}

/** What is still unsigned in these roles, the most urgent first. */
export const listPending = (
  tx: Tx,
  actorId: string,
  roles: readonly string[],
  after: PendingPlace | undefined,
  limit: number,
): Promise<PendingRow[]> =>
  tx.rows<PendingRow>`
    select w.id as work_order_id, w.number, w.title, w.asset_id, r.id as round_id, r.gate, q.role, r.opened_at, q.due_at
      from approval_rounds r
      join approval_requirements q on q.tenant_id = r.tenant_id and q.round_id = r.id
      join work_orders w on w.tenant_id = r.tenant_id and w.id = r.work_order_id
     where r.status = 'open' and q.role = any (${roles}::text[])
       and q.count > (select count(*) from signatures s where s.round_id = r.id and s.role = q.role and s.wo_version = w.version)
       and not exists (select from signatures s where s.round_id = r.id and s.wo_version = w.version
                          and (s.signer_id = ${actorId} or s.on_behalf_of = ${actorId}))
       and (${after === undefined} or (coalesce(q.due_at, 'infinity'), r.opened_at, r.id, q.role)
              > (coalesce(${after?.due_at ?? null}::timestamptz, 'infinity'), ${after?.opened_at ?? null}::timestamptz, ${after?.round_id ?? null}::uuid, ${after?.role ?? null}::text))
     order by coalesce(q.due_at, 'infinity'), r.opened_at, r.id, q.role limit ${limit}`
