/** The HTTP door: what holds for every route. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

test('R-OPS-1 the service says that it is up and ready, and describes itself', async () => {
  assert.equal((await fixture.call(undefined, 'GET', '/healthz')).status, 200)
  assert.equal((await fixture.call(undefined, 'GET', '/readyz')).status, 200)
  const openapi = await fixture.call(undefined, 'GET', '/openapi.json')
  assert.equal(openapi.body.openapi, '3.1.0')
  assert.ok(Object.keys(openapi.body.paths).length > 15)
  assert.equal((await fixture.call(undefined, 'GET', '/docs/')).status, 200)
})

test('R-OPS-2 an idempotency key does a thing once, and another body under it is refused', async () => {
  const key = { 'idempotency-key': 'one' }
  const first = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Once' }, key)
  const second = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Once' }, key)
  assert.equal(first.status, 201)
  assert.deepEqual(second.body, first.body)
  assert.equal(second.headers.get('idempotency-replayed'), 'true')
  const other = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Twice' }, key)
  assert.equal(other.body.code, 'idempotency_key_reused')
})

test('R-OPS-3 a change of a version that was not read is refused, in either direction', async () => {
  const { body, headers } = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', {
    title: 'Versions',
  })
  assert.equal(headers.get('etag'), '"1"')
  const path = `/v1/work-orders/${body.id}`
  const changed = await fixture.call(
    'Pat Planner',
    'PATCH',
    path,
    { priority: 'high' },
    { 'if-match': '"1"' },
  )
  assert.equal(changed.headers.get('etag'), '"2"')
  for (const read of ['"1"', '"3"']) {
    const stale = await fixture.call('Pat Planner', 'PATCH', path, { priority: 'low' }, { 'if-match': read })
    assert.equal(stale.status, 412)
    assert.equal(stale.body.code, 'stale_version')
  }
})

test('R-OPS-5 a page may talk to this service only, and no answer is taken for another type', async () => {
  const page = await fixture.call(undefined, 'GET', '/docs/')
  assert.match(
    page.headers.get('content-security-policy') ?? '',
    /^default-src 'self';.*frame-ancestors 'none'/,
  )
  const answers = [
    await fixture.call('Pat Planner', 'GET', '/v1/me'),
    await fixture.call(undefined, 'GET', '/v1/me'),
    page,
  ]
  for (const { headers } of answers) assert.equal(headers.get('x-content-type-options'), 'nosniff')
})
