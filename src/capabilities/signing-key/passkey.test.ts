/** Assertions of a software authenticator, honest and not; each lie is one thing that a forger would try. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { openAuthenticator } from '#test/authenticator.ts'
import type { Algorithm, Authenticator, Lie } from '#test/authenticator.ts'
import { checkRegistration, toAssertionOptions, toRegistrationOptions, verifyAssertion } from './passkey.ts'

const origin = 'https://docket.example.com'
const rp = { id: 'docket.example.com', name: 'Docket', origins: [origin] }
const statement = createHash('sha256').update('statement').digest()
const person = { id: '0190b7a2-0000-7000-8000-000000000000', name: 'Olga Owner' }

async function enroll(algorithm: Algorithm, by: Authenticator = openAuthenticator(origin, algorithm)) {
  const challenge = randomBytes(32)
  const options = await toRegistrationOptions(rp, person, challenge, [])
  const credential = await checkRegistration(rp, challenge, by.create(options))
  assert.ok(credential !== undefined)
  return { by, credential }
}

const lies: { readonly [name: string]: Lie } = {
  'without verification': { isVerified: false },
  'without presence': { isPresent: false },
  'without either': { isPresent: false, isVerified: false },
  'from another page': { origin: 'https://docket.example.org' },
  'from the page over http': { origin: 'http://docket.example.com' },
  'from another port': { origin: `${origin}:8443` },
  'from a page below ours': { origin: 'https://x.docket.example.com' },
  'for another relying party': { rpId: 'example.com' },
  'over another statement': { challenge: randomBytes(32).toString('base64url') },
  'over no statement': { challenge: '' },
  'a registration': { type: 'webauthn.create' },
  'a payment': { type: 'payment.get' },
  'in a frame of another page': { crossOrigin: true },
  'by a clone': { counter: 1 },
  'by a reset clone': { counter: 0 },
  'of another credential': { id: randomBytes(32).toString('base64url') },
  'with other data': { tamper: 'authenticatorData' },
  'with another client': { tamper: 'clientDataJSON' },
  'with another signature': { tamper: 'signature' },
}

for (const algorithm of ['ES256', 'Ed25519', 'RS256'] as const) {
  test(`R-KEY-5 a passkey signs by a verified person for one statement, and no other way: ${algorithm}`, async () => {
    const { by, credential } = await enroll(algorithm)
    const options = await toAssertionOptions(rp, credential, statement)
    assert.equal(options.userVerification, 'required')
    assert.equal(options.challenge, statement.toString('base64url'))
    let known = credential
    for (let i = 1; i <= 2; i += 1) {
      const good = await verifyAssertion(rp, known, statement, by.get(options))
      assert.equal(good?.signCount, i)
      known = { ...credential, sign_count: i }
    }
    const accepted: string[] = []
    for (const [name, lie] of Object.entries(lies))
      if ((await verifyAssertion(rp, known, statement, by.get(options, lie))) !== undefined)
        accepted.push(name)
    assert.deepEqual(accepted, [])
    const other = openAuthenticator(origin, algorithm)
    const borrowed = other.get(options, { id: by.credentialId })
    assert.equal(await verifyAssertion(rp, known, statement, borrowed), undefined, 'the key of another')
  })
}

test('R-KEY-5 a key that was exchanged beside its certificate signs nothing', async () => {
  const { by, credential } = await enroll('ES256')
  const { by: thief, credential: stolen } = await enroll('ES256')
  const options = await toAssertionOptions(rp, credential, statement)
  const exchanged = { ...credential, cose_key: stolen.cose_key }
  const lie = { id: by.credentialId }
  assert.equal(await verifyAssertion(rp, exchanged, statement, thief.get(options, lie)), undefined)
  assert.equal(
    await verifyAssertion(rp, { ...credential, spki: stolen.spki }, statement, by.get(options)),
    undefined,
  )
})

test('R-KEY-5 a passkey without a counter stays at nought, and one that had a counter does not lose it', async () => {
  const { by, credential } = await enroll('ES256')
  const options = await toAssertionOptions(rp, credential, statement)
  const nought = by.get(options, { counter: 0 })
  assert.equal((await verifyAssertion(rp, credential, statement, nought))?.signCount, 0)
  assert.equal(await verifyAssertion(rp, { ...credential, sign_count: 7 }, statement, nought), undefined)
})

test('R-KEY-5 what is no assertion at all is refused like one that is wrong', async () => {
  const { by, credential } = await enroll('ES256')
  const good = by.get(await toAssertionOptions(rp, credential, statement))
  for (const part of ['clientDataJSON', 'authenticatorData', 'signature'] as const)
    for (const junk of [
      'AA',
      '_',
      Buffer.from('null').toString('base64url'),
      randomBytes(200).toString('base64url'),
    ]) {
      const bad = { ...good, response: { ...good.response, [part]: junk } }
      assert.equal(await verifyAssertion(rp, credential, statement, bad), undefined, `${part} ${junk}`)
    }
})
