/** Passwords of people: who gives them, who changes them, and what follows for their signing keys. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openFixture, send } from '../fixture.ts'
import type { Fixture, Reply } from '../fixture.ts'
import { answerOf, forgetAttempts } from '../signers.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const post = (who: string, path: string, body: unknown): Promise<Reply> =>
  fixture.call(who, 'POST', path, body)

const passwordPath = (who: string): string => `/v1/principals/${encodeURIComponent(who)}/password`

test('R-KEY-12 an administrator gives a password, a person changes their own, and nobody reaches further', async () => {
  const password = 'a new password for Lee'
  const current = fixture.passwordOf('Lee Lab')
  await forgetAttempts(fixture)
  const replies: { readonly [name: string]: Reply } = {
    'somebody else': await post('Quinn QA', passwordPath('Lee Lab'), { password }),
    'an agent': await post('Build Agent', passwordPath('Lee Lab'), { password }),
    'for an agent': await post('Ada Admin', passwordPath('Build Agent'), {
      password,
      email: 'a@acme-bio.example',
    }),
    'another address': await post('Ada Admin', passwordPath('Lee Lab'), {
      password,
      email: 'lee@example.org',
    }),
    'no address': await post('Ada Admin', passwordPath('Vik Vendor'), { password }),
    "a stranger's address": await post('Ada Admin', passwordPath('Vik Vendor'), {
      password,
      email: 'captain@superportia.example',
    }),
    'own, without the old': await post('Lee Lab', passwordPath('Lee Lab'), { password }),
    'own, with a wrong old': await post('Lee Lab', passwordPath('Lee Lab'), {
      password,
      current_password: password,
    }),
    own: await post('Lee Lab', passwordPath('Lee Lab'), { password, current_password: current }),
    'by an administrator': await post('Ada Admin', passwordPath('Lee Lab'), { password: current }),
  }
  assert.deepEqual(
    Object.entries(replies).map(([name, reply]) => `${name} | ${answerOf(reply)}`),
    [
      'somebody else | 403 not_allowed',
      'an agent | 403 not_allowed',
      'for an agent | 422 invalid_input',
      'another address | 422 invalid_input',
      'no address | 422 invalid_input',
      "a stranger's address | 409 already_exists",
      'own, without the old | 422 invalid_input',
      'own, with a wrong old | 403 not_signed',
      'own | 200 done',
      'by an administrator | 200 done',
    ],
  )
  const signIn = (given: string): Promise<Reply> =>
    send(`${fixture.url}/auth/sign-in/email`, undefined, 'POST', {
      email: 'lee.lab@acme-bio.example',
      password: given,
    })
  assert.equal((await signIn(password)).status, 401)
  assert.equal((await signIn(current)).status, 200)
  // A person who is here and elsewhere is not taken over from here.
  const person = { email: 'both@acme-bio.example', password, kind: 'human', name: 'Both Ways' }
  assert.equal((await post('Ada Admin', '/v1/principals', person)).status, 201)
  assert.equal((await post('夏哥', '/v1/principals', person)).status, 201)
  assert.equal(
    answerOf(await post('夏哥', passwordPath('Both Ways'), { password: 'taken over from here' })),
    '409 account_elsewhere',
  )
})

test('R-KEY-12 who gave a person the password does not confirm the key', async () => {
  const password = 'given when registered'
  const person = { email: 'new@acme-bio.example', password, kind: 'human', name: 'Nora New', roles: ['qa'] }
  assert.equal((await post('Ada Admin', '/v1/principals', person)).status, 201)
  const key = (await post('Ada Admin', '/v1/keys', { principal: 'Nora New' })).body.key as string
  const body = { kind: 'passphrase', label: 'x', password, passphrase: 'a phrase of more letters' }
  const { body: enrolled } = await send(`${fixture.url}/v1/signing-keys`, key, 'POST', body)
  const path = `/v1/signing-keys/${enrolled.id}/confirmation`
  const reply = await post('Ada Admin', path, { note: 'passport seen' })
  assert.equal(`${reply.body.code} ${reply.body.rule}`, 'second_person_required password_giver')
  assert.equal((await post('Quinn QA', path, { note: 'passport seen' })).status, 200)
})
