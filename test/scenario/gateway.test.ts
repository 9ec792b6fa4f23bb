/** Tokens of a gateway: what is taken, and everything that only looks like it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SignJWT } from 'jose'
import type { JWTPayload } from 'jose'
import { openFixture } from '../fixture.ts'
import type { Fixture } from '../fixture.ts'
import { epoch, goodClaims, listen, makeSigner, openGateway, openGatewayed, signToken } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { admin, bearer, me } from './people.ts'

let fixture: Fixture
let gateway: Gateway
before(async () => {
  fixture = await openFixture()
  gateway = await openGateway(fixture)
})
after(async () => {
  await gateway.close()
  await fixture.close()
})

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

test('R-IDN-8 a token of the gateway is taken, its keys from a file or a URL, and anything else is not', async (t) => {
  const { signer, byFile, byUrl } = gateway
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
        const reply = await me(url, bearer(token))
        assert.equal(reply.status, status, reply.text)
        if (status === 200) assert.equal(reply.body.name, 'Lee Lab')
      }
    })
  }
  assert.equal(
    (await me(fixture.url, bearer(whole))).status,
    401,
    'a service without a gateway takes no tokens',
  )
})

test('R-IDN-9 while the keys of the gateway cannot be had, its tokens are answered with 503', async () => {
  const broken = await listen((_request, response) => response.writeHead(500).end())
  const token = await signToken(goodClaims(), gateway.signer)
  for (const jwks of [broken.url, 'http://127.0.0.1:1/jwks.json']) {
    const replica = await openGatewayed(fixture, jwks)
    const { status, body, headers } = await me(replica.url, bearer(token))
    assert.equal(status, 503)
    assert.equal(body.code, 'unavailable')
    assert.ok(Number(headers.get('retry-after')) > 0)
    const byKey = await me(replica.url, bearer(fixture.keyOf('Lee Lab')))
    assert.equal(byKey.status, 200, 'keys still work')
    await replica.close()
  }
  broken.close()
})
