/** Signing keys of people, over the doors: enrolled, confirmed by a second person, seen, revoked, locked. */
import assert from 'node:assert/strict'
import { X509Certificate, createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { listRecordEntries } from '#platform/entries.ts'
import { openFixture, send } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import {
  answerOf,
  attest,
  confirmKey,
  enrollPassphrase,
  forgetAttempts,
  inTenantOf,
  passphraseOf,
} from '../signers.ts'
import { table } from '../table.ts'
import { openReplica } from './replica.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const post = (who: string, path: string, body: unknown): Promise<Reply> =>
  fixture.call(who, 'POST', path, body)
const idOf = async (who: string): Promise<string> =>
  (await fixture.call(who, 'GET', '/v1/me')).body.id as string

async function listActions(who: string, since = 0): Promise<{ action: string; detail: Json; by: string }[]> {
  const id = await idOf(who)
  const entries = await inTenantOf(fixture, who, (tx) => listRecordEntries(tx, id, since, 1000))
  return entries.map(({ action, detail, actor }) => ({ action, detail, by: actor.name }))
}

const enrolment = (who: string, over: object = {}) => ({
  kind: 'passphrase',
  label: 'office',
  password: fixture.passwordOf(who),
  passphrase: passphraseOf(who),
  ...over,
})

test('R-KEY-1 a person enrols a key for oneself with the password, and it waits to be confirmed', async () => {
  const { status, body, text } = await post('Lee Lab', '/v1/signing-keys', enrolment('Lee Lab'))
  assert.equal(status, 201, text)
  assert.deepEqual(
    { ...body, id: '', principal_id: '', enrolled_at: '' },
    {
      id: '',
      principal: 'Lee Lab',
      principal_id: '',
      kind: 'passphrase',
      status: 'pending',
      label: 'office',
      enrolled_at: '',
      proofed_by: null,
      proofed_at: null,
      proof_note: null,
      revoked_at: null,
      revoked_by: null,
      revocation_reason: null,
      certificate_sha256: null,
    },
  )
  const entry = (await listActions('Lee Lab')).at(-1)
  assert.equal(entry?.action, 'key_enrolled')
  assert.deepEqual(Object.keys(entry.detail).toSorted(), ['key_id', 'kind', 'label', 'spki'])
  assert.equal(entry.detail.key_id, body.id)
  for (const secret of [passphraseOf('Lee Lab'), fixture.passwordOf('Lee Lab')])
    assert.ok(!text.includes(secret) && !JSON.stringify(entry).includes(secret))
})

test('R-KEY-2 what is not enough to enrol a key is refused', async () => {
  const password = fixture.passwordOf('Pat Planner')
  const cases: { readonly [name: string]: readonly [who: string, body: object] } = {
    'an API key alone': ['Pat Planner', { kind: 'passphrase', label: 'x', passphrase: 'twelve letters' }],
    'a wrong password': ['Pat Planner', enrolment('Pat Planner', { password: 'not the password' })],
    "somebody else's password": [
      'Pat Planner',
      enrolment('Pat Planner', { password: fixture.passwordOf('Quinn QA') }),
    ],
    'a short passphrase': ['Pat Planner', enrolment('Pat Planner', { passphrase: 'eleven char' })],
    'the password again': ['Pat Planner', enrolment('Pat Planner', { passphrase: password })],
    'the password in capitals': [
      'Pat Planner',
      enrolment('Pat Planner', { passphrase: password.toUpperCase() }),
    ],
    'a passkey with a passphrase': ['Pat Planner', enrolment('Pat Planner', { kind: 'passkey' })],
    'for somebody else': ['Pat Planner', enrolment('Pat Planner', { principal: 'Quinn QA' })],
    'an agent': ['Build Agent', enrolment('Pat Planner')],
    'a vendor': ['Vik Vendor', enrolment('Pat Planner')],
    'a system': ['system:scheduler', enrolment('Pat Planner')],
    'who only audits': ['Aud Auditor', enrolment('Aud Auditor')],
  }
  const answers: string[] = []
  for (const [name, [who, body]] of Object.entries(cases))
    answers.push(`${name} | ${answerOf(await post(who, '/v1/signing-keys', body))}`)
  assert.deepEqual(answers, [
    'an API key alone | 422 invalid_input',
    'a wrong password | 403 not_signed',
    "somebody else's password | 403 not_signed",
    'a short passphrase | 422 invalid_input',
    'the password again | 422 invalid_input',
    'the password in capitals | 422 invalid_input',
    'a passkey with a passphrase | 422 invalid_input',
    'for somebody else | 422 invalid_input',
    'an agent | 403 not_allowed',
    'a vendor | 403 not_allowed',
    'a system | 403 not_allowed',
    'who only audits | 403 not_allowed',
  ])
  assert.equal((await fixture.call('Pat Planner', 'GET', '/v1/signing-keys')).body.data.length, 0)
})

test('R-KEY-3 a second person confirms whose key it is, and the authority of the tenant certifies it', async () => {
  const id = await enrollPassphrase(fixture, 'Olga Owner')
  const path = `/v1/signing-keys/${id}/confirmation`
  const note = { note: 'passport seen' }
  const answers: string[] = []
  for (const who of [
    'Olga Owner',
    'Pat Planner',
    'Lee Lab',
    'Aud Auditor',
    'Build Agent',
    '夏哥',
    'Quinn QA',
    'Ada Admin',
  ])
    answers.push(`${who} | ${answerOf(await post(who, path, note))}`)
  assert.deepEqual(answers, [
    'Olga Owner | 403 not_allowed',
    'Pat Planner | 403 not_allowed',
    'Lee Lab | 403 not_allowed',
    'Aud Auditor | 403 not_allowed',
    'Build Agent | 403 not_allowed',
    '夏哥 | 404 not_found',
    'Quinn QA | 200 active',
    'Ada Admin | 409 wrong_key_status',
  ])
  const own = await enrollPassphrase(fixture, 'Quinn QA')
  const ownAnswer = await post('Quinn QA', `/v1/signing-keys/${own}/confirmation`, note)
  assert.equal(ownAnswer.body.code, 'second_person_required')
  await confirmKey(fixture, 'Ada Admin', own)

  const key = (await fixture.call('Olga Owner', 'GET', `/v1/signing-keys/${id}`)).body
  const tenant = (await fixture.call('Olga Owner', 'GET', '/v1/me')).body.tenant
  const created = (
    await inTenantOf(fixture, 'Ada Admin', (tx) => listRecordEntries(tx, tenant.id, 0, 1000))
  ).filter(({ action }) => action === 'ca_created')
  assert.equal(created.length, 1, 'one authority, made with the first key')
  const authority = new X509Certificate(Buffer.from(String(created[0]?.detail?.['certificate']), 'base64'))
  const certificate = new X509Certificate(key.certificate)
  assert.ok(certificate.verify(authority.publicKey) && certificate.checkIssued(authority))
  assert.equal(certificate.subject, `CN=Olga Owner\nserialNumber=${await idOf('Olga Owner')}`)
  assert.ok(authority.ca && !certificate.ca)
  assert.equal(authority.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex')
  assert.equal(key.certificate_sha256, fingerprint)
  const entries = await listActions('Olga Owner')
  const enrolled = entries.find(({ action }) => action === 'key_enrolled')
  assert.deepEqual(
    certificate.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    enrolled?.detail.spki,
  )
  const confirmed = entries.find(({ action }) => action === 'key_confirmed')
  assert.deepEqual(confirmed, {
    action: 'key_confirmed',
    detail: { key_id: id, certificate_sha256: fingerprint, by: await idOf('Quinn QA') },
    by: 'Quinn QA',
  })
})

test('R-KEY-3 a name that looks like parts of a certificate stays one name', async () => {
  const name = '#0403abc, CN=Olga Owner+O=Evil'
  const password = 'a password of twelve'
  await post('Ada Admin', '/v1/principals', { name, kind: 'human', roles: ['operator'] })
  const given = await post('Ada Admin', `/v1/principals/${encodeURIComponent(name)}/password`, {
    email: 'odd@acme-bio.example',
    password,
  })
  assert.equal(given.status, 200, given.text)
  const key = (await post('Ada Admin', '/v1/keys', { principal: name })).body.key as string
  const body = { kind: 'passphrase', label: 'x', password, passphrase: 'a phrase of more letters' }
  const enrolled = await send(`${fixture.url}/v1/signing-keys`, key, 'POST', body)
  assert.equal(enrolled.status, 201, enrolled.text)
  const path = `/v1/signing-keys/${enrolled.body.id}/confirmation`
  const giver = await post('Ada Admin', path, { note: 'passport seen' })
  assert.equal(giver.body.rule, 'password_giver')
  const confirmed = await post('Quinn QA', path, { note: 'passport seen' })
  const { subject } = new X509Certificate(confirmed.body.certificate).toLegacyObject()
  assert.equal(subject.CN, name)
})

test('R-KEY-7 the owner or an administrator revokes a key, at once and for good', async () => {
  const rows = table`
    by          | of         | answer
    Pat Planner | Quinn QA   | 404 not_found
    Build Agent | Quinn QA   | 403 not_allowed
    夏哥        | Quinn QA   | 404 not_found
    Olga Owner  | Quinn QA   | 404 not_found
    Quinn QA    | Olga Owner | 403 not_allowed
    Quinn QA    | Quinn QA   | 200 revoked
    Ada Admin   | Quinn QA   | 200 revoked
  `
  const answers: string[] = []
  for (const { by = '', of = '' } of rows) {
    const id = await enrollPassphrase(fixture, of)
    const path = `/v1/signing-keys/${id}/revocation`
    const reply = await post(by, path, { reason: 'left on a train', lost: true })
    answers.push(answerOf(reply))
    if (reply.status !== 200) continue
    assert.equal(reply.body.revocation_reason, 'left on a train')
    assert.equal(reply.body.revoked_by, by)
    assert.equal(answerOf(await post(by, path, { reason: 'again' })), '409 wrong_key_status')
    const confirmed = await post('Ada Admin', `/v1/signing-keys/${id}/confirmation`, { note: 'x' })
    assert.equal(answerOf(confirmed), '409 wrong_key_status')
    const entry = (await listActions(of)).at(-1)
    assert.deepEqual(entry, {
      action: 'key_revoked',
      detail: { key_id: id, lost: true, by: await idOf(by) },
      by,
    })
  }
  assert.deepEqual(
    answers,
    rows.map(({ answer }) => answer),
  )
})

test('R-KEY-8 five wrong attempts in fifteen minutes lock signing, over a restart, until another unlocks it', async () => {
  const who = 'Pat Planner'
  await forgetAttempts(fixture)
  const seq = (await listActions(who)).length
  const wrong = enrolment(who, { password: 'not the password' })
  const guesses = await Promise.all(Array.from({ length: 12 }, () => post(who, '/v1/signing-keys', wrong)))
  const counted = guesses.filter(({ body }) => body.code === 'not_signed')
  assert.deepEqual(
    counted.map(({ body }) => body.attemptsLeft as number).toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4],
  )
  assert.equal(guesses.filter(({ body }) => body.code === 'signing_locked').length, 7)
  const actions = (await listActions(who, seq)).map(({ action }) => action)
  assert.deepEqual(actions, [...Array.from({ length: 5 }, () => 'signing_failed'), 'signing_locked'])
  const findings = (await fixture.call('Quinn QA', 'GET', '/v1/findings')).body.data as Json[]
  assert.equal(findings.filter(({ kind }) => kind === 'signing_locked').length, 1)

  const right = enrolment(who)
  assert.equal((await post(who, '/v1/signing-keys', right)).body.code, 'signing_locked')
  const replica = await openReplica(fixture, {})
  const elsewhere = await send(`${replica.url}/v1/signing-keys`, fixture.keyOf(who), 'POST', right)
  await replica.close()
  assert.equal(elsewhere.body.code, 'signing_locked')
  assert.notEqual((await fixture.call(who, 'GET', '/v1/attestation')).body.signing_locked_at, null)

  const path = `/v1/principals/${encodeURIComponent(who)}/signing-unlock`
  const reason = { reason: 'called back' }
  assert.equal((await post(who, path, reason)).body.code, 'not_allowed')
  assert.equal((await post('Quinn QA', path, reason)).body.code, 'not_allowed')
  assert.equal((await post('Ada Admin', path, reason)).status, 200)
  assert.equal((await post('Ada Admin', path, reason)).status, 200, 'what is open stays open')
  assert.equal((await listActions(who)).filter(({ action }) => action === 'signing_unlocked').length, 1)
  const later = await post(who, '/v1/signing-keys', wrong)
  assert.equal(later.body.attemptsLeft, 4, 'counted from the beginning')
  assert.equal((await post(who, '/v1/signing-keys', right)).status, 201)
})

test('R-KEY-8 an administrator does not unlock himself, and old attempts do not count', async () => {
  const who = 'Ada Admin'
  await forgetAttempts(fixture)
  const wrong = enrolment(who, { password: 'not the password' })
  for (let i = 0; i < 4; i += 1) await post(who, '/v1/signing-keys', wrong)
  await forgetAttempts(fixture, 15 * 60)
  assert.equal((await post(who, '/v1/signing-keys', wrong)).body.attemptsLeft, 4)
  for (let i = 0; i < 4; i += 1) await post(who, '/v1/signing-keys', wrong)
  const self = await post(who, '/v1/principals/Ada%20Admin/signing-unlock', { reason: 'it was me' })
  assert.equal(self.body.code, 'second_person_required')
  await post(who, '/v1/principals', { name: 'Bo Admin', kind: 'human', roles: ['admin'] })
  const bo = (await post(who, '/v1/keys', { principal: 'Bo Admin' })).body.key as string
  const path = `${fixture.url}/v1/principals/Ada%20Admin/signing-unlock`
  assert.equal((await send(path, bo, 'POST', { reason: 'seen in person' })).status, 200)
})

test('R-KEY-9 a person attests the text that is in force, once', async () => {
  const read = (await fixture.call('Olga Owner', 'GET', '/v1/attestation')).body
  assert.equal(read.text_version, 1)
  assert.match(read.text, /legally binding equivalent/)
  assert.equal(read.attested_at, null)
  assert.equal(
    (await post('Olga Owner', '/v1/me/attestation', { text_version: 2 })).body.code,
    'stale_version',
  )
  assert.equal(
    (await post('Build Agent', '/v1/me/attestation', { text_version: 1 })).body.code,
    'not_allowed',
  )
  await attest(fixture, 'Olga Owner')
  await attest(fixture, 'Olga Owner')
  const entries = (await listActions('Olga Owner')).filter(({ action }) => action === 'attested')
  assert.equal(entries.length, 1)
  assert.equal(entries[0]?.detail.text, read.text)
  assert.notEqual((await fixture.call('Olga Owner', 'GET', '/v1/attestation')).body.attested_at, null)
})

test('R-KEY-10 keys are seen by their owner, administrators, QA and auditors', async () => {
  const id = await enrollPassphrase(fixture, 'Olga Owner')
  const rows = table`
    who              | one's own | all | of Olga | this one
    Olga Owner       | yes       | no  | 200     | 200
    Lee Lab          | yes       | no  | 403     | 404
    Quinn QA         | yes       | yes | 200     | 200
    Ada Admin        | yes       | yes | 200     | 200
    Aud Auditor      | yes       | yes | 200     | 200
    夏哥             | yes       | yes | 404     | 404
    Build Agent      | no        | no  | 403     | 403
    Vik Vendor       | no        | no  | 403     | 403
  `
  const seen: object[] = []
  for (const { who = '' } of rows) {
    const listed = await fixture.call(who, 'GET', '/v1/signing-keys?limit=200')
    const owners = new Set((listed.body.data ?? []).map(({ principal }: Json) => principal as string))
    const ofOlga = await fixture.call(who, 'GET', '/v1/signing-keys?principal=Olga%20Owner')
    const one = await fixture.call(who, 'GET', `/v1/signing-keys/${id}`)
    seen.push({
      who,
      "one's own": listed.status === 200 ? 'yes' : 'no',
      all: owners.size > 1 || who === '夏哥' ? 'yes' : 'no',
      'of Olga': String(ofOlga.status),
      'this one': String(one.status),
    })
    for (const hidden of ['wrapped', 'salt', 'cose', 'credential'])
      assert.ok(!one.text.includes(hidden) && !listed.text.includes(hidden), hidden)
  }
  assert.deepEqual(seen, rows)
  const first = (await fixture.call('Ada Admin', 'GET', '/v1/signing-keys?limit=2')).body
  const second = (
    await fixture.call('Ada Admin', 'GET', `/v1/signing-keys?limit=2&cursor=${first.next_cursor}`)
  ).body
  assert.equal(new Set([...first.data, ...second.data].map((key: Json) => key.id as string)).size, 4)
})

test('R-KEY-15 one person who sends many guesses keeps nobody else waiting', async () => {
  await forgetAttempts(fixture)
  const who = 'Lee Lab'
  const wrong = enrolment(who, { password: 'not the password' })
  const guesses = Array.from({ length: 48 }, () => post(who, '/v1/signing-keys', wrong))
  const [first] = await Promise.all([Promise.race(guesses), fixture.call('Quinn QA', 'GET', '/v1/me')])
  assert.ok(first !== undefined)
  const others = await Promise.all(
    Array.from({ length: 20 }, () => fixture.call('Quinn QA', 'GET', '/v1/signing-keys')),
  )
  assert.deepEqual([...new Set(others.map(({ status }) => status))], [200])
  const codes = (await Promise.all(guesses)).map(({ body }) => body.code as string)
  assert.deepEqual([...new Set(codes)].toSorted(), ['not_signed', 'signing_locked', 'too_many_requests'])
  assert.equal(codes.filter((code) => code === 'not_signed').length, 5)
})
