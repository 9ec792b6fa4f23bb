/**
 * SQL of signing keys, of the tenant's certificate authority, and of what stands between a person and a
 * signature: attestations, wrong attempts, locks. A key is never changed: it is confirmed, then revoked.
 */
import type { Tx } from '#platform/tx.ts'
import { sql } from '#platform/sql.ts'

export const keyKinds = ['passkey', 'passphrase'] as const
export const keyStatuses = ['pending', 'active', 'revoked'] as const

/** A row of `signing_keys`, under the names of its columns. */
export type KeyRow = {
  readonly tenant_id: string
  readonly id: string
  readonly principal_id: string
  readonly kind: (typeof keyKinds)[number]
  readonly status: (typeof keyStatuses)[number]
  readonly label: string
  /** SubjectPublicKeyInfo, DER (RFC 5280). */
  readonly spki: Buffer
  readonly credential_id: Buffer | null
  /** COSE_Key, CBOR (RFC 9052), as the authenticator gave it. */
  readonly cose_key: Buffer | null
  readonly sign_count: number
  readonly transports: readonly string[]
  readonly wrapped_private: Buffer | null
  readonly salt: Buffer | null
  /** X.509, DER; there from the moment of proofing. */
  readonly certificate: Buffer | null
  readonly enrolled_at: string
  readonly proofed_by: string | null
  readonly proofed_at: string | null
  readonly proof_note: string | null
  readonly revoked_at: string | null
  readonly revoked_by: string | null
  readonly revocation_reason: string | null
}

const columns = sql`
  tenant_id, id, principal_id, kind, status, label, spki, credential_id, cose_key, sign_count, transports,
  wrapped_private, salt, certificate, enrolled_at, proofed_by, proofed_at, proof_note, revoked_at, revoked_by, revocation_reason`

export const selectKey = (tx: Tx, id: string): Promise<KeyRow | undefined> =>
  tx.maybe<KeyRow>`select ${columns} from signing_keys where id = ${id}`

export const listKeysOf = (tx: Tx, principalId: string): Promise<KeyRow[]> =>
  tx.rows<KeyRow>`select ${columns} from signing_keys where principal_id = ${principalId} order by id`

export type NewKey = Pick<
  KeyRow,
  | 'id'
  | 'principal_id'
  | 'kind'
  | 'label'
  | 'spki'
  | 'credential_id'
  | 'cose_key'
  | 'sign_count'
  | 'transports'
  | 'wrapped_private'
  | 'salt'
  | 'enrolled_at'
>

export function insertKey(tx: Tx, key: NewKey): void {
  tx.write(1)`
    insert into signing_keys (id, principal_id, kind, label, spki, credential_id, cose_key, sign_count, transports, wrapped_private, salt, enrolled_at)
    values (${key.id}, ${key.principal_id}, ${key.kind}, ${key.label}, ${key.spki}, ${key.credential_id}, ${key.cose_key},
            ${key.sign_count}, ${key.transports}, ${key.wrapped_private}, ${key.salt}, ${key.enrolled_at})`
}

export function updateConfirmed(
  tx: Tx,
  id: string,
  proof: { readonly by: string; readonly at: string; readonly note: string; readonly certificate: Buffer },
): void {
  tx.write(1)`
    update signing_keys set status = 'active', proofed_by = ${proof.by}, proofed_at = ${proof.at}, proof_note = ${proof.note},
           certificate = ${proof.certificate}
     where id = ${id} and status = 'pending'`
}

export function updateRevoked(
  tx: Tx,
  id: string,
  revocation: { readonly by: string; readonly at: string; readonly reason: string },
): void {
  tx.write(1)`
    update signing_keys set status = 'revoked', revoked_by = ${revocation.by}, revoked_at = ${revocation.at},
           revocation_reason = ${revocation.reason}
     where id = ${id} and status <> 'revoked'`
}

export const selectAttestation = (
  tx: Tx,
  principalId: string,
  textVersion: number,
): Promise<{ readonly at: string } | undefined> =>
  tx.maybe`select at from attestations where principal_id = ${principalId} and text_version = ${textVersion}`

export function insertAttestation(tx: Tx, principalId: string, textVersion: number, at: string): void {
  tx.write(1)`
    insert into attestations (principal_id, text_version, at) values (${principalId}, ${textVersion}, ${at})`
}

export const selectLock = (
  tx: Tx,
  principalId: string,
): Promise<{ readonly locked_at: string } | undefined> =>
  tx.maybe`select locked_at from signing_locks where principal_id = ${principalId} and unlocked_at is null`

export function insertLock(tx: Tx, principalId: string, at: string): void {
  tx.write(1)`insert into signing_locks (principal_id, locked_at) values (${principalId}, ${at})`
}

export function updateUnlocked(tx: Tx, principalId: string, by: string, at: string): void {
  tx.write(1)`
    update signing_locks set unlocked_at = ${at}, unlocked_by = ${by}
     where principal_id = ${principalId} and unlocked_at is null`
}

/** Times of wrong attempts since then, and since signing was last unlocked. */
export async function listAttempts(tx: Tx, principalId: string, since: string): Promise<string[]> {
  const rows = await tx.rows<{ at: string }>`
    select at from signing_attempts
     where principal_id = ${principalId} and at > ${since}
       and at > coalesce((select max(unlocked_at) from signing_locks where principal_id = ${principalId}), '-infinity')
     order by at`
  return rows.map(({ at }) => at)
}

export function insertAttempt(tx: Tx, id: string, principalId: string, what: string, at: string): void {
  tx.write(
    1,
  )`insert into signing_attempts (id, principal_id, what, at) values (${id}, ${principalId}, ${what}, ${at})`
}

export type Authority = {
  readonly id: string
  /** X.509, DER, self-signed. */
  readonly certificate: Buffer
  readonly wrapped_private: Buffer
}

export const selectAuthority = (tx: Tx): Promise<Authority | undefined> =>
  tx.maybe<Authority>`
    select id, certificate, wrapped_private from certificate_authorities where retired_at is null`

export function insertAuthority(tx: Tx, authority: Authority, at: string): void {
  tx.write(1)`
    insert into certificate_authorities (id, certificate, wrapped_private, created_at)
    values (${authority.id}, ${authority.certificate}, ${authority.wrapped_private}, ${at})`
}

/** Who gave this person a password, ever: they could have signed in as the person. */
export async function listPasswordGivers(tx: Tx, principalId: string): Promise<string[]> {
  const rows = await tx.rows<{ actor_id: string }>`
    select distinct actor_id from entries where record_id = ${principalId} and action = 'password_set'`
  return rows.map((row) => row.actor_id)
}

export type KeyFilter = {
  /** Null: everybody's. */
  readonly principalId: string | null
  readonly status: KeyRow['status'] | null
  readonly after: string
  readonly limit: number
}
/** A key as it is shown: the private half and what opens it do not leave the store. */
export type ShownKey = Omit<
  KeyRow,
  'spki' | 'credential_id' | 'cose_key' | 'sign_count' | 'transports' | 'wrapped_private' | 'salt'
> & {
  readonly principal: string
  readonly proofed_by_name: string | null
  readonly revoked_by_name: string | null
}

const shown = sql`
  k.tenant_id, k.id, k.principal_id, k.kind, k.status, k.label, k.certificate, k.enrolled_at, k.proofed_by, k.proofed_at, k.proof_note,
  k.revoked_at, k.revoked_by, k.revocation_reason, o.name as principal, p.name as proofed_by_name, r.name as revoked_by_name`
const people = sql`
  join principals o on o.tenant_id = k.tenant_id and o.id = k.principal_id
  left join principals p on p.tenant_id = k.tenant_id and p.id = k.proofed_by
  left join principals r on r.tenant_id = k.tenant_id and r.id = k.revoked_by`

export const listShownKeys = (tx: Tx, filter: KeyFilter): Promise<ShownKey[]> =>
  tx.list<ShownKey>`
    select ${shown} from signing_keys k ${people}
     where k.id > ${filter.after}
       and (${filter.principalId}::uuid is null or k.principal_id = ${filter.principalId})
       and (${filter.status}::text is null or k.status = ${filter.status})
     order by k.id limit ${filter.limit}`

export const selectShownKey = (tx: Tx, id: string): Promise<ShownKey | undefined> =>
  tx.maybe<ShownKey>`select ${shown} from signing_keys k ${people} where k.id = ${id}`
