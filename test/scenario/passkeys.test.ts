/** Passkeys at enrolment: an authenticator in software answers honestly, and in each way that must not be taken. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { openAuthenticator } from '../authenticator.ts'
import type { Lie } from '../authenticator.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { answerOf, confirmKey, enrollPasskey, forgetAttempts } from '../signers.ts'
import { table } from '../table.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const post = (who: string, path: string, body: unknown): Promise<Reply> =>
  fixture.call(who, 'POST', path, body)

const lies = table`
  lie               | answer
  none              | 201 pending
  not verified      | 403 not_signed
  not present       | 403 not_signed
  other origin      | 403 not_signed
  other rp          | 403 not_signed
  other challenge   | 403 not_signed
  an assertion      | 403 not_signed
  framed            | 403 not_signed
  attested          | 403 not_signed
`
const told: { readonly [name: string]: Lie } = {
  none: {},
  'not verified': { isVerified: false },
  'not present': { isPresent: false },
  'other origin': { origin: 'https://docket.example.org' },
  'other rp': { rpId: 'docket.example.org' },
  'other challenge': { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  'an assertion': { type: 'webauthn.get' },
  framed: { crossOrigin: true },
  attested: { isAttested: true },
}

test('R-KEY-4 a passkey is made by a verified person, for this service, after its own question', async () => {
  const who = '夏哥'
  const origin = fixture.service.floor.relyingParty.origins[0] ?? ''
  const answers: { lie: string; answer: string }[] = []
  for (const { lie = '' } of lies) {
    const begun = await post(who, '/v1/signing-keys/passkey-options', {
      label: 'key ring',
      password: fixture.passwordOf(who),
    })
    assert.equal(begun.status, 200, begun.text)
    assert.equal(begun.body.options.authenticatorSelection.userVerification, 'required')
    assert.equal(begun.body.options.attestation, 'none')
    const response = openAuthenticator(origin).create(begun.body.options, told[lie])
    const answer = await post(who, '/v1/signing-keys', {
      kind: 'passkey',
      ticket: begun.body.ticket,
      response,
    })
    answers.push({ lie, answer: answerOf(answer) })
    await forgetAttempts(fixture)
  }
  assert.deepEqual(answers, lies)
})

test('R-KEY-4 each algorithm that is asked for becomes a certified key', async () => {
  for (const algorithm of ['ES256', 'Ed25519', 'RS256'] as const) {
    const { id } = await enrollPasskey(fixture, 'Olga Owner', algorithm)
    await confirmKey(fixture, 'Quinn QA', id)
    const { certificate } = (await fixture.call('Olga Owner', 'GET', `/v1/signing-keys/${id}`)).body
    const type = { ES256: 'ec', Ed25519: 'ed25519', RS256: 'rsa' }[algorithm]
    assert.equal(new X509Certificate(certificate).publicKey.asymmetricKeyType, type)
  }
})

test('R-KEY-4 a ticket is for one person, one key and five minutes', async () => {
  const begin = async (who: string): Promise<Json> =>
    (await post(who, '/v1/signing-keys/passkey-options', { label: 'x', password: fixture.passwordOf(who) }))
      .body
  const origin = fixture.service.floor.relyingParty.origins[0] ?? ''
  const mine = await begin('Quinn QA')
  const authenticator = openAuthenticator(origin)
  const use = (who: string, ticket: string, by = authenticator): Promise<Reply> =>
    post(who, '/v1/signing-keys', { kind: 'passkey', ticket, response: by.create(mine.options) })
  const { wrap } = fixture.service.floor
  const opened: Json = JSON.parse(
    wrap.unwrap('passkey-ticket', Buffer.from(mine.ticket, 'base64url'))?.toString() ?? '',
  )
  const reseal = (over: object, purpose = 'passkey-ticket'): string =>
    wrap.wrap(purpose, Buffer.from(JSON.stringify({ ...opened, ...over }))).toString('base64url')
  const refused = {
    'another person': await use('Olga Owner', mine.ticket),
    'too old': await use('Quinn QA', reseal({ expires: '2026-01-01T00:00:00Z' })),
    'another tenant': await use('Quinn QA', reseal({ tenant: opened.key })),
    'another purpose': await use('Quinn QA', reseal({}, 'other')),
    'made up': await use('Quinn QA', Buffer.from(JSON.stringify(opened)).toString('base64url')),
  }
  for (const [name, reply] of Object.entries(refused)) {
    assert.equal(answerOf(reply), '422 invalid_input', name)
    assert.equal(reply.body.errors[0].path, 'ticket', name)
  }
  const together = await Promise.all(
    Array.from({ length: 8 }, () => use('Quinn QA', mine.ticket, openAuthenticator(origin))),
  )
  assert.deepEqual(
    together.map(answerOf).toSorted(),
    ['201 pending', ...Array.from({ length: 7 }, () => '422 invalid_input')],
    'one ticket, one key',
  )
  const again = await begin('Quinn QA')
  const twin = openAuthenticator(origin)
  const first = await post('Quinn QA', '/v1/signing-keys', {
    kind: 'passkey',
    ticket: again.ticket,
    response: twin.create(again.options),
  })
  assert.equal(first.status, 201, first.text)
  const third = await begin('Quinn QA')
  assert.ok(third.options.excludeCredentials.some(({ id }: Json) => id === twin.credentialId))
  const second = await post('Quinn QA', '/v1/signing-keys', {
    kind: 'passkey',
    ticket: third.ticket,
    response: twin.create(third.options),
  })
  assert.equal(answerOf(second), '409 already_exists')
})
