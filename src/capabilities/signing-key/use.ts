/**
 * What other capabilities may do with signing keys: find them, sign with them, check what was signed, and count
 * what went wrong. Who calls the checks holds the lock of the person first (`tx.lock(principalId)`), so that
 * guesses stand in a line and a revocation is before or after a signature, never within.
 */
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server'
import type { Actor } from '#domain/principal.ts'
import {
  attestationVersion,
  countAttemptsLeft,
  mostWrongAttempts,
  toAttemptWindow,
} from '#domain/signing-key.ts'
import { statementPrefix } from '#domain/statement.ts'
import type { RelyingParty } from '#platform/config.ts'
import type { Head, Tx } from '#platform/tx.ts'
import type { Wrap } from '#platform/wrap.ts'
import { raiseFinding } from '../finding/raise.ts'
import { lockPrincipal, updatePrincipal } from '../principal/store.ts'
import type { LockedPrincipal } from '../principal/store.ts'
import { toAssertionOptions, verifyAssertion } from './passkey.ts'
import type { AssertionJson, CheckedAssertion } from './passkey.ts'
import { signBytes } from './passphrase.ts'
import {
  insertAttempt,
  insertLock,
  listAttempts,
  listKeysOf,
  selectAttestation,
  selectKey,
  selectLock,
} from './store.ts'
import type { KeyRow } from './store.ts'

/** A key as it is stored, under the names of its columns; bytes are `Buffer`s, times RFC 3339 in UTC. */
export type SigningKey = KeyRow

/** The person's keys that may sign now, oldest first. */
export const listActiveKeys = async (tx: Tx, principalId: string): Promise<SigningKey[]> =>
  (await listKeysOf(tx, principalId)).filter((key) => key.status === 'active')

export const loadKey = (tx: Tx, id: string): Promise<SigningKey | undefined> => selectKey(tx, id)

/** What the page hands to `navigator.credentials.get`; the challenge is the hash of the statement. */
export function assertionOptions(
  key: SigningKey,
  statementHash: Buffer,
  rp: RelyingParty,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  if (key.credential_id === null) throw new Error('not a passkey')
  return toAssertionOptions(rp, { ...key, credential_id: key.credential_id }, statementHash)
}

/** Ed25519 over "docket/statement/v1\n" ‖ statement, 64 bytes; undefined when the passphrase is wrong. */
export function signWithPassphrase(
  wrap: Wrap,
  key: SigningKey,
  passphrase: string,
  statement: Buffer,
): Promise<Buffer | undefined> {
  const { wrapped_private, salt } = key
  if (wrapped_private === null || salt === null) throw new Error('not a passphrase key')
  const place = { tenantId: key.tenant_id, keyId: key.id }
  const bytes = Buffer.concat([statementPrefix, statement])
  return signBytes(wrap, place, { wrapped_private, salt }, passphrase, bytes)
}

/** The parts of a good assertion over this statement by this key (see `verifyAssertion`); undefined for any other. */
export async function checkAssertion(
  key: SigningKey,
  statementHash: Buffer,
  assertion: AssertionJson,
  rp: RelyingParty,
): Promise<CheckedAssertion | undefined> {
  const { credential_id, cose_key } = key
  if (credential_id === null || cose_key === null) return undefined
  return verifyAssertion(rp, { ...key, credential_id, cose_key }, statementHash, assertion)
}

/** Is it the password of this person's account? As much work when there is no account or no password. */
export const verifyPassword = (tx: Tx, principalId: string, password: string): Promise<boolean> =>
  tx.accounts.verifyPassword({ tenantId: tx.tenantId, principalId }, password)

export const isLocked = async (tx: Tx, principalId: string): Promise<boolean> =>
  (await selectLock(tx, principalId)) !== undefined

/** Has the person attested the text that is in force? */
export const hasAttested = async (tx: Tx, principalId: string): Promise<boolean> =>
  (await selectAttestation(tx, principalId, attestationVersion)) !== undefined

export type WrongPart = 'password' | 'passphrase' | 'assertion'

/**
 * Writes down a wrong attempt and gives how many are left; with none left signing is locked, until an
 * administrator unlocks it. It is kept although the operation is refused. Nothing else of the person's record
 * may be queued in this transaction.
 */
export async function recordWrongAttempt(tx: Tx, actor: Pick<Actor, 'id'>, what: WrongPart): Promise<number> {
  const person = await lockPrincipal(tx, actor.id)
  if (person === undefined) throw new Error('the caller has no record')
  const at = person.locked_at
  const left = countAttemptsLeft((await listAttempts(tx, person.id, toAttemptWindow(at))).length)
  const after = recordOnPerson(tx, person, 'signing_failed', { detail: { what, attempts_left: left } })
  insertAttempt(tx, tx.newId(), person.id, what, at)
  if (left === 0) {
    recordOnPerson(tx, after, 'signing_locked', { detail: { wrong_attempts: mostWrongAttempts } })
    insertLock(tx, person.id, at)
    await raiseFinding(tx, {
      kind: 'signing_locked',
      severity: 'major',
      workOrderId: null,
      violatorId: person.id,
      title: `Signing of ${person.name} was locked after ${mostWrongAttempts} wrong attempts`,
      detail: { principal_id: person.id, last: what },
      at,
    })
  }
  tx.keepDespiteRefusal()
  return left
}

/** Queues an entry of the person's record, and gives the record as it is after it. */
export function recordOnPerson(
  tx: Tx,
  person: LockedPrincipal,
  action: string,
  said: { readonly detail: { readonly [name: string]: unknown }; readonly reason?: string },
): LockedPrincipal {
  const head: Head = tx.record({
    kind: 'principal',
    record: person,
    action,
    reason: said.reason,
    changes: [],
    detail: said.detail,
    newVersion: false,
    at: person.locked_at,
  })
  updatePrincipal(tx, person, person.disabled_at, head)
  return { ...person, ...head }
}
