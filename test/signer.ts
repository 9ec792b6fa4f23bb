/** People who can sign, for tests: with a password, a confirmed key and an attestation. */
import assert from 'node:assert/strict'
import type { Fixture, Json, Reply } from './fixture.ts'

export type Signer = {
  readonly name: string
  readonly id: string
  readonly password: string
  readonly passphrase: string
  /** API key. */
  readonly key: string
  /** Id of the signing key. */
  readonly keyId: string
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
}

let count = 0

/** A new person of acme-bio with these roles, able to sign with a passphrase key. */
export async function enrolSigner(fixture: Fixture, name: string, roles: readonly string[]): Promise<Signer> {
  const person = await enrolPerson(fixture, name, roles)
  const enrolled = await person.call('POST', '/v1/signing-keys', {
    kind: 'passphrase',
    label: 'my key',
    password: person.password,
    passphrase: person.passphrase,
  })
  assert.equal(enrolled.status, 201, enrolled.text)
  await confirmKey(fixture, enrolled.body.id)
  return { ...person, keyId: enrolled.body.id }
}

/** A new person with a password and an attestation, and no key yet. */
export async function enrolPerson(fixture: Fixture, name: string, roles: readonly string[]): Promise<Signer> {
  count += 1
  const password = `password of ${name} ${count}`
  const made = await fixture.call('Ada Admin', 'POST', '/v1/principals', {
    name,
    kind: 'human',
    email: `signer-${count}-${Date.now()}@example.org`,
    password,
    roles,
  })
  assert.equal(made.status, 201, made.text)
  const key = await fixture.call('Ada Admin', 'POST', '/v1/keys', { principal: name, name: 'test' })
  assert.equal(key.status, 201, key.text)
  const call: Signer['call'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${fixture.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key.body.key}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const parsed: Json = text === '' ? undefined : JSON.parse(text)
    return { status: response.status, body: parsed, headers: response.headers, text }
  }
  const attestation = await call('GET', '/v1/attestation')
  assert.equal(attestation.status, 200, attestation.text)
  const attested = await call('POST', '/v1/me/attestation', { text_version: attestation.body.text_version })
  assert.ok(attested.status < 300, attested.text)
  return {
    name,
    id: made.body.id,
    key: key.body.key,
    password,
    passphrase: `passphrase of ${name} ${count}`,
    keyId: '',
    call,
  }
}

export async function confirmKey(fixture: Fixture, keyId: string): Promise<void> {
  const confirmed = await fixture.call('Quinn QA', 'POST', `/v1/signing-keys/${keyId}/confirmation`, {
    note: 'passport seen',
  })
  assert.ok(confirmed.status < 300, confirmed.text)
}

export type Wish = { readonly gate: string; readonly role: string; readonly time_zone?: string }

/** The whole ceremony with a passphrase key: ask, then sign. */
export async function signWith(signer: Signer, workOrder: string, wish: Wish): Promise<Reply> {
  const intent = await signer.call('POST', `/v1/work-orders/${workOrder}/signing-intents`, wish)
  if (intent.status !== 201) return intent
  return giveSignature(signer, intent.body.id)
}

export const giveSignature = (signer: Signer, intent: string): Promise<Reply> =>
  signer.call('POST', `/v1/signing-intents/${intent}/signature`, {
    password: signer.password,
    passphrase: signer.passphrase,
  })
