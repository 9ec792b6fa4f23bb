/** Who is let in: by a password and a session, or by a key; and who may be anybody at all. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { withClient } from '#platform/database.ts'
import { openFixture, send } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'
import { admin, bearer, cookieOf, hire, keyFor, me, password, setIn, signIn, untilOut } from './people.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

test('R-IDN-1 a person signs in with a password, acts by the session cookie, and signs out', async () => {
  const { id } = await hire(fixture, {
    name: 'Mei Lin',
    email: 'mei@example.org',
    password,
    roles: ['operator'],
  })
  const signedIn = await signIn(fixture.url, 'mei@example.org', password)
  assert.equal(signedIn.status, 200, signedIn.text)
  const [setCookie = ''] = signedIn.headers.getSetCookie()
  assert.match(setCookie, /HttpOnly/)
  assert.match(setCookie, /SameSite=Lax/)
  const cookie = cookieOf(signedIn)
  const { body } = await me(fixture.url, { cookie })
  assert.deepEqual([body.id, body.name, body.tenant.slug], [id, 'Mei Lin', 'acme-bio'])
  assert.equal((await me(fixture.url, { cookie, 'docket-tenant': 'acme-bio' })).body.id, id)
  for (const tenant of ['superportia', 'no-such-tenant'])
    assert.equal((await me(fixture.url, { cookie, 'docket-tenant': tenant })).status, 401, tenant)
  const made = await send(
    `${fixture.url}/v1/work-orders`,
    undefined,
    'POST',
    { title: 'By cookie' },
    { cookie },
  )
  assert.equal(made.body.requester, 'Mei Lin')

  const signOut = (headers: Record<string, string>): Promise<Reply> =>
    send(`${fixture.url}/auth/sign-out`, undefined, 'POST', {}, { cookie, ...headers })
  assert.equal((await signOut({ origin: 'https://evil.example' })).status, 403, 'not from another page')
  assert.equal((await me(fixture.url, { cookie })).status, 200)
  assert.equal((await signOut({ origin: fixture.url })).status, 200)
  await untilOut('the session', async () => (await me(fixture.url, { cookie })).status)
})

test('R-IDN-2 a wrong password, an unknown address and another page are refused', async () => {
  const wrong = await signIn(fixture.url, 'mei@example.org', `${password}!`)
  const unknown = await signIn(fixture.url, 'nobody@example.org', password)
  assert.deepEqual([wrong.status, unknown.status], [401, 401])
  assert.equal(wrong.text, unknown.text, 'nobody learns which addresses there are')
  assert.equal(
    (await signIn(fixture.url, 'mei@example.org', password, { origin: 'https://evil.example' })).status,
    403,
  )
  // A program that is no browser names no page.
  const plain = await signIn(fixture.url, 'mei@example.org', password, {})
  assert.equal(plain.status, 200, plain.text)
})

test('R-IDN-3 a person in two tenants says which one; no administrator sets the password of another tenant', async () => {
  const mei = { name: 'Mei Lin', email: 'mei@example.org', roles: ['operator'] }
  const attackers = 'a password of the attacker'
  const taken = await fixture.call('夏哥', 'POST', '/v1/principals', {
    ...mei,
    kind: 'human',
    password: attackers,
  })
  assert.equal(taken.body.code, 'already_exists')
  assert.equal((await signIn(fixture.url, mei.email, attackers)).status, 401)
  const other = await hire(fixture, { ...mei, password }, '夏哥')
  const cookie = cookieOf(await signIn(fixture.url, mei.email, password))
  const inTenant = (slug: string): Promise<Reply> => me(fixture.url, { cookie, 'docket-tenant': slug })
  assert.equal((await inTenant('superportia')).body.id, other.id)
  assert.equal((await inTenant('acme-bio')).body.tenant.slug, 'acme-bio')
  assert.equal((await me(fixture.url, { cookie })).status, 401, 'which tenant is not guessed')
})

test('R-IDN-4 only sign-in, sign-out, session and change of password are offered, and not to odd hosts', async () => {
  const paths = [
    'sign-up/email',
    'sign-in/social',
    'sign-in/email/..%2f..%2fsign-up/email',
    'api-key/create',
    'api-key/verify',
    'update-user',
    'delete-user',
    'list-sessions',
    'request-password-reset',
    'reset-password',
  ]
  for (const path of paths) {
    const { status } = await send(`${fixture.url}/auth/${path}`, undefined, 'POST', {
      name: 'Eve',
      email: 'eve@example.org',
      password,
    })
    assert.equal(status, 404, path)
  }
  assert.equal((await signIn(fixture.url, 'eve@example.org', password)).status, 401)
  const { hostname, port } = new URL(fixture.url)
  for (const host of ['[', 'a b', 'x:99999999']) {
    const status = await new Promise((resolve, reject) => {
      request({ hostname, port, path: '/auth/get-session', headers: { host } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })
    assert.ok(Number(status) >= 400 && Number(status) < 500, `${host}: ${String(status)}`)
  }
})

test('R-IDN-5 a key is made and shown once, listed without itself, and taken by two headers', async () => {
  const repeat = { 'idempotency-key': 'key-once' }
  const make = (): Promise<Reply> =>
    fixture.call('Lee Lab', 'POST', '/v1/keys', { name: 'laptop', expires_in_days: 7 }, repeat)
  const { body } = await make()
  assert.equal(body.principal, 'Lee Lab')
  assert.match(body.key, /^dk_\w{40,}$/)
  const again = await make()
  assert.deepEqual([again.body.id, again.body.key], [body.id, null], 'the key itself is kept by nobody')
  assert.equal((await me(fixture.url, bearer(body.key))).body.name, 'Lee Lab')
  assert.equal((await me(fixture.url, { 'x-api-key': body.key })).body.name, 'Lee Lab')
  const listed = await fixture.call('Lee Lab', 'GET', '/v1/keys')
  const mine = listed.body.data.find((key: Json) => key.id === body.id)
  assert.equal(mine.name, 'laptop')
  assert.ok(Date.parse(mine.expires_at) - Date.now() > 6.9 * 86_400_000)
  assert.ok(body.key.startsWith(mine.start))
  assert.ok(!listed.text.includes(body.key))
  await withClient(fixture.adminUrl, async (client) => {
    const { rows } = await client.query('select key from auth.apikey where id = $1', [body.id])
    assert.ok(!rows[0].key.includes(body.key.slice(3)), 'the database keeps a hash only')
  })
})

test('R-IDN-6 keys of others are an administrator’s business, in its own tenant', async (t) => {
  const { id } = await keyFor(fixture, 'Lee Lab')
  const cases = table`
    who          | does   | of            | status
    Lee Lab      | create | Quinn QA      | 403
    Pat Planner  | list   | Lee Lab       | 403
    Build Agent  | revoke | Lee Lab       | 403
    Build Agent  | create | Build Agent   | 201
    Vik Vendor   | create | Vik Vendor    | 201
    夏哥         | create | Lee Lab       | 404
    夏哥         | list   | Lee Lab       | 404
    夏哥         | revoke | Lee Lab       | 404
    Ada Admin    | create | Nobody        | 404
    Ada Admin    | list   | Lee Lab       | 200
    Ada Admin    | revoke | Quinn QA      | 404
    Ada Admin    | revoke | Lee Lab       | 200
    Ada Admin    | revoke | Lee Lab       | 404
  `
  for (const { who = '', does, of = '', status } of cases) {
    await t.test(`${who} ${does} ${of}`, async () => {
      const query = `principal=${encodeURIComponent(of)}`
      const reply =
        does === 'create'
          ? await fixture.call(who, 'POST', '/v1/keys', { principal: of })
          : does === 'list'
            ? await fixture.call(who, 'GET', `/v1/keys?${query}`)
            : await fixture.call(who, 'DELETE', `/v1/keys/${id}?${query}`)
      assert.equal(String(reply.status), status, reply.text)
    })
  }
})

test('R-IDN-12 an agent needs an active human sponsor, and roles of people are for people', async (t) => {
  const gone = await hire(fixture, { name: 'Gone Person' })
  await setIn(fixture, gone.id, 'disable')
  const cases = table`
    kind   | sponsor      | roles        | code
    agent  |              | operator     | sponsor_required
    agent  | Nobody       | operator     | sponsor_required
    agent  | Build Agent  | operator     | sponsor_required
    agent  | Vik Vendor   | operator     | sponsor_required
    agent  | Gone Person  | operator     | sponsor_required
    agent  | Pat Planner  | qa           | human_only_role
    agent  | Pat Planner  | admin        | human_only_role
    system |              | system_owner | human_only_role
    vendor |              | qa           | human_only_role
    human  | Pat Planner  | operator     | sponsor_required
    human  |              | king         | invalid_input
    robot  |              | operator     | invalid_input
  `
  for (const { kind, sponsor = '', roles = '', code } of cases) {
    await t.test(`${kind} ${sponsor} ${roles}`, async () => {
      const { body } = await fixture.call(admin, 'POST', '/v1/principals', {
        name: 'New One',
        kind,
        roles: [roles],
        ...(sponsor === '' ? {} : { sponsor }),
      })
      assert.equal(body.code, code)
    })
  }
  const known = await fixture.call(admin, 'POST', '/v1/principals', { name: 'Lee Lab', kind: 'human' })
  assert.deepEqual([known.status, known.body.code], [409, 'already_exists'])
})

test('R-IDN-13 guesses of a password are counted by address, whatever the caller says of it', async () => {
  const statuses: number[] = []
  for (let i = 0; i < 12; i += 1) {
    const { status } = await signIn(fixture.url, 'mei@example.org', `guess number ${i}`, {
      origin: fixture.url,
      'x-forwarded-for': `10.0.0.${i}`,
    })
    statuses.push(status)
  }
  assert.equal(statuses.at(-1), 429, statuses.join(' '))
  assert.equal((await me(fixture.url, bearer(fixture.keyOf('Lee Lab')))).status, 200, 'keys go on working')
})
