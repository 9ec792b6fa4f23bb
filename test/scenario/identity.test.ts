/** Who is let in, by password, key or a gateway's token; and how soon who is out is out, through every door. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWTPayload } from 'jose'
import { withClient } from '#platform/database.ts'
import { openFixture, send } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'
import { openStream } from './event-stream.ts'
import { openMcp, openMcpStdio } from './mcp-client.ts'
import { openReplica } from './replica.ts'

const admin = 'Ada Admin'
const outWithinMs = 5000
const issuer = 'https://gateway.example'
const password = 'correct horse battery staple'

let fixture: Fixture
const closers: (() => Promise<unknown> | void)[] = []
before(async () => {
  fixture = await openFixture()
})
after(async () => {
  for (const close of closers.toReversed()) await close()
  await fixture.close()
})

const me = (headers: Record<string, string>, url = fixture.url): Promise<Reply> =>
  send(`${url}/v1/me`, undefined, 'GET', undefined, headers)
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

async function hire(fields: Record<string, unknown>, who = admin): Promise<Json> {
  const { status, body, text } = await fixture.call(who, 'POST', '/v1/principals', {
    kind: 'human',
    ...fields,
  })
  assert.equal(status, 201, text)
  return body
}
async function keyFor(principal: string, fields: object = {}): Promise<{ id: string; key: string }> {
  const { status, body, text } = await fixture.call(admin, 'POST', '/v1/keys', { principal, ...fields })
  assert.equal(status, 201, text)
  return body
}
const setIn = (id: string, state: 'disable' | 'enable'): Promise<Reply> =>
  fixture.call(admin, 'POST', `/v1/principals/${encodeURIComponent(id)}/${state}`, { reason: 'a test' })

const signIn = (
  email: string,
  secret: string,
  headers: Record<string, string> = { origin: fixture.url },
): Promise<Reply> =>
  send(`${fixture.url}/auth/sign-in/email`, undefined, 'POST', { email, password: secret }, headers)
const cookieOf = ({ headers }: Reply): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')

test('R-IDN-1 a person signs in with a password, acts by the session cookie, and signs out', async () => {
  const { id } = await hire({ name: 'Mei Lin', email: 'mei@example.org', password, roles: ['operator'] })
  const signedIn = await signIn('mei@example.org', password)
  assert.equal(signedIn.status, 200, signedIn.text)
  const [setCookie = ''] = signedIn.headers.getSetCookie()
  assert.match(setCookie, /HttpOnly/)
  assert.match(setCookie, /SameSite=Lax/)
  const cookie = cookieOf(signedIn)
  const { body } = await me({ cookie })
  assert.deepEqual([body.id, body.name, body.tenant.slug], [id, 'Mei Lin', 'acme-bio'])
  assert.equal((await me({ cookie, 'docket-tenant': 'acme-bio' })).body.id, id)
  for (const tenant of ['superportia', 'no-such-tenant'])
    assert.equal((await me({ cookie, 'docket-tenant': tenant })).status, 401, tenant)
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
  assert.equal((await me({ cookie })).status, 200)
  assert.equal((await signOut({ origin: fixture.url })).status, 200)
  await untilOut('the session', async () => (await me({ cookie })).status)
})

test('R-IDN-2 a wrong password, an unknown address and another page are refused', async () => {
  const wrong = await signIn('mei@example.org', `${password}!`)
  const unknown = await signIn('nobody@example.org', password)
  assert.deepEqual([wrong.status, unknown.status], [401, 401])
  assert.equal(wrong.text, unknown.text, 'nobody learns which addresses there are')
  assert.equal((await signIn('mei@example.org', password, { origin: 'https://evil.example' })).status, 403)
  // A program that is no browser names no page.
  const plain = await signIn('mei@example.org', password, {})
  assert.equal(plain.status, 200, plain.text)
})

test('R-IDN-3 a person in two tenants says which one; no administrator sets the password of another tenant', async () => {
  const attackers = 'a password of the attacker'
  const other = await hire(
    { name: 'Mei Lin', email: 'mei@example.org', password: attackers, roles: ['operator'] },
    '夏哥',
  )
  assert.equal((await signIn('mei@example.org', attackers)).status, 401)
  const cookie = cookieOf(await signIn('mei@example.org', password))
  assert.equal((await me({ cookie, 'docket-tenant': 'superportia' })).body.id, other.id)
  assert.equal((await me({ cookie, 'docket-tenant': 'acme-bio' })).body.tenant.slug, 'acme-bio')
  assert.equal((await me({ cookie })).status, 401, 'which tenant is not guessed')
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
  assert.equal((await signIn('eve@example.org', password)).status, 401)
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
    assert.equal(status, 422, host)
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
  assert.equal((await me(bearer(body.key))).body.name, 'Lee Lab')
  assert.equal((await me({ 'x-api-key': body.key })).body.name, 'Lee Lab')
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
  const { id } = await keyFor('Lee Lab')
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

test('R-IDN-7 a revoked key, and one whose time is over, are out within five seconds', async (t) => {
  const revoked = await keyFor('Lee Lab')
  const expired = await keyFor('Lee Lab', { expires_in_days: 1 })
  const kept = await keyFor('Lee Lab')
  for (const { key } of [revoked, expired, kept]) assert.equal((await me(bearer(key))).status, 200)
  await fixture.call(admin, 'DELETE', `/v1/keys/${revoked.id}?principal=Lee%20Lab`)
  await withClient(fixture.adminUrl, (client) =>
    client.query(`update auth.apikey set "expiresAt" = now() - interval '1 second' where id = $1`, [
      expired.id,
    ]),
  )
  const times = await Promise.all([
    untilOut('the revoked key', async () => (await me(bearer(revoked.key))).status),
    untilOut('the expired key', async () => (await me(bearer(expired.key))).status),
  ])
  t.diagnostic(`out after ${times.join(', ')} ms`)
  assert.equal((await me(bearer(kept.key))).status, 200)
})

type Signer = { readonly privateKey: CryptoKey; readonly jwk: Json }
async function makeSigner(kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA')
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' } }
}
const epoch = (): number => Math.floor(Date.now() / 1000)
const goodClaims = (): JWTPayload => ({
  iss: issuer,
  aud: 'docket',
  sub: 'Lee Lab',
  docket_tenant: 'acme-bio',
  exp: epoch() + 300,
})
const signToken = (claims: JWTPayload, by: Signer, kid = 'k1'): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid }).sign(by.privateKey)
const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** A replica that takes the tokens of a gateway. */
async function openGatewayed(jwks: string): Promise<string> {
  const replica = await openReplica(fixture, { DOCKET_JWT_JWKS: jwks, DOCKET_JWT_ISSUER: issuer })
  closers.push(() => replica.close())
  return replica.url
}

let gateway: Promise<{ readonly signer: Signer; readonly byFile: string; readonly byUrl: string }> | undefined
/** One gateway for the tests of this file: its keys in a file, and behind a URL. */
function openGateway() {
  gateway ??= (async () => {
    const signer = await makeSigner('k1')
    const folder = mkdtempSync(join(tmpdir(), 'docket-jwks-'))
    const path = join(folder, 'jwks.json')
    const keys = JSON.stringify({ keys: [signer.jwk] })
    writeFileSync(path, keys)
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(keys)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(
      () => rmSync(folder, { recursive: true }),
      () => void server.close(),
    )
    const { port } = server.address() as AddressInfo
    return {
      signer,
      byFile: await openGatewayed(path),
      byUrl: await openGatewayed(`http://127.0.0.1:${port}/jwks.json`),
    }
  })()
  return gateway
}

test('R-IDN-8 a token of the gateway is taken, its keys from a file or a URL, and anything else is not', async (t) => {
  const { signer, byFile, byUrl } = await openGateway()
  const stranger = await makeSigner('k1')
  const lee = await fixture.call(admin, 'GET', '/v1/principals/Lee%20Lab')
  const good = goodClaims()
  const without = (claim: string): JWTPayload => ({ ...good, [claim]: undefined })
  const whole = await signToken(good, signer)
  const [head, , signature] = whole.split('.')
  const secret = new TextEncoder().encode(JSON.stringify(signer.jwk))
  const cases: [string, number, string][] = [
    ['as it should be', 200, whole],
    ['by the id of the principal', 200, await signToken({ ...good, sub: lee.body.id }, signer)],
    ['one of several audiences', 200, await signToken({ ...good, aud: ['other', 'docket'] }, signer)],
    ['another issuer', 401, await signToken({ ...good, iss: 'https://evil.example' }, signer)],
    ['no issuer', 401, await signToken(without('iss'), signer)],
    ['another audience', 401, await signToken({ ...good, aud: 'billing' }, signer)],
    ['no audience', 401, await signToken(without('aud'), signer)],
    ['expired', 401, await signToken({ ...good, exp: epoch() - 1 }, signer)],
    ['without an end', 401, await signToken(without('exp'), signer)],
    ['not yet valid', 401, await signToken({ ...good, nbf: epoch() + 60 }, signer)],
    ['no tenant', 401, await signToken(without('docket_tenant'), signer)],
    ['a tenant that is none', 401, await signToken({ ...good, docket_tenant: 'nowhere' }, signer)],
    ['a tenant that is no text', 401, await signToken({ ...good, docket_tenant: ['acme-bio'] }, signer)],
    ['a principal of another tenant', 401, await signToken({ ...good, sub: '夏哥' }, signer)],
    ['no subject', 401, await signToken(without('sub'), signer)],
    ['another key under the same name', 401, await signToken(good, stranger)],
    ['a key that nobody knows', 401, await signToken(good, stranger, 'k2')],
    ['unsigned, alg none', 401, `${encode({ alg: 'none', typ: 'JWT' })}.${encode(good)}.`],
    ['alg none with a signature', 401, `${encode({ alg: 'none' })}.${encode(good)}.${signature}`],
    [
      'the public key as a secret',
      401,
      await new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(secret),
    ],
    ['what it says was changed', 401, `${head}.${encode({ ...good, sub: admin })}.${signature}`],
    ['no token at all', 401, 'a.b.c'],
  ]
  for (const [what, status, token] of cases) {
    await t.test(what, async () => {
      for (const url of [byFile, byUrl]) {
        const reply = await me(bearer(token), url)
        assert.equal(reply.status, status, reply.text)
        if (status === 200) assert.equal(reply.body.name, 'Lee Lab')
      }
    })
  }
  assert.equal((await me(bearer(whole))).status, 401, 'a service without a gateway takes no tokens')
})

test('R-IDN-9 while the keys of the gateway cannot be had, its tokens are answered with 503', async () => {
  const { signer } = await openGateway()
  const broken = createServer((_request, response) => response.writeHead(500).end())
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve))
  closers.push(() => void broken.close())
  const failing = await openGatewayed(`http://127.0.0.1:${(broken.address() as AddressInfo).port}/jwks`)
  const gone = await openGatewayed('http://127.0.0.1:1/jwks')
  const token = await signToken(goodClaims(), signer)
  for (const url of [failing, gone]) {
    const { status, body, headers } = await me(bearer(token), url)
    assert.equal(status, 503)
    assert.equal(body.code, 'unavailable')
    assert.ok(Number(headers.get('retry-after')) > 0)
    assert.equal((await me(bearer(fixture.keyOf('Lee Lab')), url)).status, 200, 'keys still work')
  }
})

/** Asks until the answer is 401; the milliseconds that it took. Five seconds is too long. */
async function untilOut(what: string, status: () => Promise<number>): Promise<number> {
  const start = performance.now()
  for (;;) {
    const now = await status()
    const tookMs = Math.round(performance.now() - start)
    assert.ok(tookMs < outWithinMs, `${what} is still in after ${tookMs} ms`)
    if (now === 401) return tookMs
    assert.equal(now, 200, what)
    await pause(50)
  }
}

async function openedStream(url: string, key: string): Promise<() => Promise<number>> {
  const stream = await openStream(url, key)
  const messages = stream.messages()
  const connected = await messages.next()
  assert.equal(connected.value?.kind, 'comment')
  const ended = (async () => {
    while ((await messages.next()).done !== true);
    return performance.now()
  })()
  closers.push(() => stream.close())
  const start = performance.now()
  return async () => {
    const outcome = await Promise.race([ended, pause(outWithinMs, 'still open', { ref: false })])
    assert.notEqual(outcome, 'still open', 'the stream is still open')
    return Math.round((outcome as number) - start)
  }
}

test('R-IDN-10 a disabled principal is out within five seconds, through every door of every replica', async (t) => {
  const { signer, byFile } = await openGateway()
  const name = 'Out Person'
  const { id } = await hire({ name, email: 'out@example.org', password, roles: ['operator'] })
  const { key } = await keyFor(name)
  const cookie = cookieOf(await signIn('out@example.org', password))
  const token = await signToken({ ...goodClaims(), sub: name }, signer)
  const mcp = await openMcp(fixture.url, key)
  const stdio = await openMcpStdio(fixture.adminUrl, key, '2025')
  closers.push(
    () => mcp.close(),
    () => stdio.close(),
  )
  const viaMcp = (client: typeof mcp) => async (): Promise<number> => {
    try {
      const { refused, body } = await client.call('me_get')
      return refused ? body.status : 200
    } catch (error) {
      return /unauthenticated/.test(String(error)) ? 401 : 500
    }
  }
  const doors: Record<string, () => Promise<number>> = {
    'a key': async () => (await me(bearer(key))).status,
    'a key at another replica': async () => (await me(bearer(key), byFile)).status,
    'a session': async () => (await me({ cookie })).status,
    'a token': async () => (await me(bearer(token), byFile)).status,
    'MCP over HTTP': viaMcp(mcp),
    'MCP over stdio': viaMcp(stdio),
  }
  for (const [door, status] of Object.entries(doors)) assert.equal(await status(), 200, door)
  const streams = {
    'a stream': await openedStream(fixture.url, key),
    'a stream at another replica': await openedStream(byFile, key),
    'a stream by token': await openedStream(byFile, token),
  }
  const disabled = await setIn(id, 'disable')
  assert.ok(disabled.body.disabled_at)
  const took = await Promise.all([
    ...Object.entries(doors).map(async ([door, status]) => [door, await untilOut(door, status)] as const),
    ...Object.entries(streams).map(async ([door, end]) => [door, await end()] as const),
  ])
  for (const [door, tookMs] of took) {
    assert.ok(tookMs < outWithinMs, `${door}: ${tookMs} ms`)
    t.diagnostic(`${door}: out after ${tookMs} ms`)
  }
  assert.equal((await openStream(fixture.url, key)).status, 401)
  assert.equal((await fixture.call(admin, 'POST', '/v1/keys', { principal: name })).status, 404)
  const assigned = await fixture.call(admin, 'POST', '/v1/work-orders', { title: 'For whom', assignee: name })
  assert.equal(assigned.body.code, 'unknown_reference')

  await setIn(id, 'enable')
  await untilIn(async () => (await me(bearer(key))).status)
  assert.equal((await me({ cookie })).status, 401, 'a session that was ended stays ended')
})

async function untilIn(status: () => Promise<number>): Promise<void> {
  const start = performance.now()
  while ((await status()) !== 200) {
    assert.ok(performance.now() - start < outWithinMs, 'still out')
    await pause(50)
  }
}

test('R-IDN-11 an agent is out when its sponsor is, and has never more rights than its sponsor', async (t) => {
  const sponsor = await hire({ name: 'Sam Sponsor', roles: ['operator', 'assigner'] })
  await hire({ name: 'Sam Agent', kind: 'agent', sponsor: 'Sam Sponsor', roles: ['assigner', 'captain'] })
  const { key } = await keyFor('Sam Agent')
  const grants = async (): Promise<string> =>
    (await me(bearer(key))).body.grants.map((grant: Json) => grant.role).join(' ')
  assert.equal(await grants(), 'assigner', 'captain is not the sponsor’s to give')
  await setIn(sponsor.id, 'disable')
  t.diagnostic(
    `out after ${await untilOut('the agent', async () => (await me(bearer(key))).status)} ms, with its sponsor`,
  )
  await setIn(sponsor.id, 'enable')
  await untilIn(async () => (await me(bearer(key))).status)
  await fixture.call(admin, 'DELETE', `/v1/principals/${sponsor.id}/grants?role=assigner&reason=moved`)
  const start = performance.now()
  while ((await grants()) !== '') {
    assert.ok(performance.now() - start < outWithinMs, 'the agent still has what its sponsor lost')
    await pause(50)
  }
})

test('R-IDN-12 an agent needs an active human sponsor, and roles of people are for people', async (t) => {
  const gone = await hire({ name: 'Gone Person' })
  await setIn(gone.id, 'disable')
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
    const { status } = await signIn('mei@example.org', `guess number ${i}`, {
      origin: fixture.url,
      'x-forwarded-for': `10.0.0.${i}`,
    })
    statuses.push(status)
  }
  assert.equal(statuses.at(-1), 429, statuses.join(' '))
  assert.equal((await me(bearer(fixture.keyOf('Lee Lab')))).status, 200, 'keys go on working')
})
