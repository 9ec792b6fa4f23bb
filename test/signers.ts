/**
 * People of the demo who can sign: with the attestation given, and a key of their own enrolled and confirmed by a
 * second person, over the doors as a person would.
 */
import assert from 'node:assert/strict'
import { accept } from '#domain/refusal.ts'
import { inTenant } from '#platform/tx.ts'
import type { Tx } from '#platform/tx.ts'
import { withClient } from '#platform/database.ts'
import { openAuthenticator } from './authenticator.ts'
import type { Algorithm, Authenticator } from './authenticator.ts'
import type { Fixture, Reply } from './fixture.ts'

export const passphraseOf = (person: string): string => `four words of ${person}`

export type Passkey = { readonly id: string; readonly authenticator: Authenticator }

export async function attest(fixture: Fixture, person: string): Promise<void> {
  const { status, text } = await fixture.call(person, 'POST', '/v1/me/attestation', { text_version: 1 })
  assert.equal(status, 200, text)
}

/** The id of a key that waits for its confirmation. */
export async function enrollPassphrase(fixture: Fixture, person: string): Promise<string> {
  const { status, body, text } = await fixture.call(person, 'POST', '/v1/signing-keys', {
    kind: 'passphrase',
    label: 'office',
    password: fixture.passwordOf(person),
    passphrase: passphraseOf(person),
  })
  assert.equal(status, 201, text)
  return body.id as string
}

export async function enrollPasskey(
  fixture: Fixture,
  person: string,
  algorithm: Algorithm = 'ES256',
): Promise<Passkey> {
  const authenticator = openAuthenticator(fixture.service.floor.relyingParty.origins[0] ?? '', algorithm)
  const begun = await fixture.call(person, 'POST', '/v1/signing-keys/passkey-options', {
    label: 'key ring',
    password: fixture.passwordOf(person),
  })
  assert.equal(begun.status, 200, begun.text)
  const { status, body, text } = await fixture.call(person, 'POST', '/v1/signing-keys', {
    kind: 'passkey',
    ticket: begun.body.ticket,
    response: authenticator.create(begun.body.options),
  })
  assert.equal(status, 201, text)
  return { id: body.id as string, authenticator }
}

export async function confirmKey(fixture: Fixture, by: string, id: string): Promise<void> {
  const path = `/v1/signing-keys/${id}/confirmation`
  const { status, text } = await fixture.call(by, 'POST', path, { note: 'passport seen' })
  assert.equal(status, 200, text)
}

/** A person who can sign with a passphrase; the id of the key. */
export async function letSign(fixture: Fixture, person: string, confirmedBy = 'Ada Admin'): Promise<string> {
  await attest(fixture, person)
  const id = await enrollPassphrase(fixture, person)
  await confirmKey(fixture, confirmedBy, id)
  return id
}

/** A person who can sign with a passkey. */
export async function letSignByPasskey(
  fixture: Fixture,
  person: string,
  confirmedBy = 'Ada Admin',
  algorithm: Algorithm = 'ES256',
): Promise<Passkey> {
  await attest(fixture, person)
  const passkey = await enrollPasskey(fixture, person, algorithm)
  await confirmKey(fixture, confirmedBy, passkey.id)
  return passkey
}

/** Work in the tenant of this principal, as the principal. */
export async function inTenantOf<T>(fixture: Fixture, who: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const me = (await fixture.call(who, 'GET', '/v1/me')).body
  const actor = { id: me.id as string, kind: me.kind as 'human', name: who, sponsorId: null, client: 'test' }
  const bound = { tenantId: me.tenant.id as string, actor, call: { requestId: 'test' } }
  const decision = await inTenant(fixture.service.floor, bound, async (tx) => accept(await work(tx)))
  if (!decision.ok) throw new Error('refused')
  return decision.value
}

/** Status and code, or status and what became of it. */
export const answerOf = ({ status, body }: Reply): string => `${status} ${body.code ?? body.status ?? 'done'}`

/** Puts the attempts that were made so far into the past, as no role at run time could; those of everybody. */
export async function forgetAttempts(fixture: Fixture, seconds = 3600): Promise<void> {
  await withClient(fixture.adminUrl, async (client) => {
    await client.query(`set session_replication_role = replica`)
    await client.query(`update signing_attempts set at = at - make_interval(secs => $1)`, [seconds])
  })
}
