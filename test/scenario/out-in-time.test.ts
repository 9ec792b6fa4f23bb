/** Who is out is out within five seconds: through every door, of every replica. The figures are in the output. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { withClient } from '#platform/database.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'
import { openStream } from './event-stream.ts'
import { goodClaims, openGateway, signToken } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { openMcp, openMcpStdio } from './mcp-client.ts'
import {
  admin,
  bearer,
  cookieOf,
  hire,
  keyFor,
  me,
  outWithinMs,
  password,
  setIn,
  signIn,
  untilIn,
  untilOut,
} from './people.ts'

let fixture: Fixture
let gateway: Gateway
const closers: (() => Promise<void> | void)[] = []
before(async () => {
  fixture = await openFixture()
  gateway = await openGateway(fixture)
})
after(async () => {
  for (const close of closers) await close()
  await gateway.close()
  await fixture.close()
})

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

test('R-IDN-7 a revoked key, and one whose time is over, are out within five seconds', async (t) => {
  const revoked = await keyFor(fixture, 'Lee Lab')
  const expired = await keyFor(fixture, 'Lee Lab', { expires_in_days: 1 })
  const kept = await keyFor(fixture, 'Lee Lab')
  for (const { key } of [revoked, expired, kept])
    assert.equal((await me(fixture.url, bearer(key))).status, 200)
  await fixture.call(admin, 'DELETE', `/v1/keys/${revoked.id}?principal=Lee%20Lab`)
  await withClient(fixture.adminUrl, (client) =>
    client.query(`update auth.apikey set "expiresAt" = now() - interval '1 second' where id = $1`, [
      expired.id,
    ]),
  )
  const times = await Promise.all([
    untilOut('the revoked key', async () => (await me(fixture.url, bearer(revoked.key))).status),
    untilOut('the expired key', async () => (await me(fixture.url, bearer(expired.key))).status),
  ])
  t.diagnostic(`out after ${times.join(', ')} ms`)
  assert.equal((await me(fixture.url, bearer(kept.key))).status, 200)
})

test('R-IDN-10 a disabled principal is out within five seconds, through every door of every replica', async (t) => {
  const { signer, byFile } = gateway
  const name = 'Out Person'
  const { id } = await hire(fixture, { name, email: 'out@example.org', password, roles: ['operator'] })
  const { key } = await keyFor(fixture, name)
  const cookie = cookieOf(await signIn(fixture.url, 'out@example.org', password))
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
    'a key': async () => (await me(fixture.url, bearer(key))).status,
    'a key at another replica': async () => (await me(byFile, bearer(key))).status,
    'a session': async () => (await me(fixture.url, { cookie })).status,
    'a token': async () => (await me(byFile, bearer(token))).status,
    'MCP over HTTP': viaMcp(mcp),
    'MCP over stdio': viaMcp(stdio),
  }
  for (const [door, status] of Object.entries(doors)) assert.equal(await status(), 200, door)
  const streams = {
    'a stream': await openedStream(fixture.url, key),
    'a stream at another replica': await openedStream(byFile, key),
    'a stream by token': await openedStream(byFile, token),
  }
  const disabled = await setIn(fixture, id, 'disable')
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

  await setIn(fixture, id, 'enable')
  await untilIn(async () => (await me(fixture.url, bearer(key))).status)
  assert.equal((await me(fixture.url, { cookie })).status, 401, 'a session that was ended stays ended')
})

test('R-IDN-11 an agent is out when its sponsor is, and has never more rights than its sponsor', async (t) => {
  const sponsor = await hire(fixture, { name: 'Sam Sponsor', roles: ['operator', 'assigner'] })
  await hire(fixture, {
    name: 'Sam Agent',
    kind: 'agent',
    sponsor: 'Sam Sponsor',
    roles: ['assigner', 'captain'],
  })
  const { key } = await keyFor(fixture, 'Sam Agent')
  const grants = async (): Promise<string> =>
    (await me(fixture.url, bearer(key))).body.grants.map((grant: Json) => grant.role).join(' ')
  assert.equal(await grants(), 'assigner', 'captain is not the sponsor’s to give')
  await setIn(fixture, sponsor.id, 'disable')
  t.diagnostic(
    `out after ${await untilOut('the agent', async () => (await me(fixture.url, bearer(key))).status)} ms, with its sponsor`,
  )
  await setIn(fixture, sponsor.id, 'enable')
  await untilIn(async () => (await me(fixture.url, bearer(key))).status)
  await fixture.call(admin, 'DELETE', `/v1/principals/${sponsor.id}/grants?role=assigner&reason=moved`)
  const start = performance.now()
  while ((await grants()) !== '') {
    assert.ok(performance.now() - start < outWithinMs, 'the agent still has what its sponsor lost')
    await pause(50)
  }
})
