/** Live events: a client that comes and goes reads every entry once, in the order of the log. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import { add as addComment } from '#capabilities/comment/operations.ts'
import { buildHttp } from '#edges/http.ts'
import { withClient } from '#platform/database.ts'
import { inTenant } from '#platform/tx.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { openStream } from './event-stream.ts'
import type { StreamMessage } from './event-stream.ts'

const planner = 'Pat Planner'
const worker = 'Lee Lab'
const vendor = 'Vik Vendor'
const writers = 8
const writes = 400
const disconnects = 10

let fixture: Fixture
/** A stream of a tenant in which nothing happens, open from the beginning. */
let quiet: { readonly openedAt: number; readonly messages: AsyncGenerator<StreamMessage>; close(): void }
before(async () => {
  fixture = await openFixture()
  const stream = await openStream(fixture.url, fixture.keyOf('夏哥'))
  quiet = { openedAt: Date.now(), messages: stream.messages(), close: () => stream.close() }
})
after(async () => {
  quiet.close()
  await fixture.close()
})

const create = async (fields: object = {}): Promise<Json> =>
  (await fixture.call(planner, 'POST', '/v1/work-orders', { title: 'Events', assignee: worker, ...fields }))
    .body
const move = (who: string, id: string, body: object): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/work-orders/${id}/transitions`, body)
const comment = (who: string, id: string, body: string): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/work-orders/${id}/comments`, { body })

/** The end of the log as it is now: what a page after everything says. */
async function logEnd(): Promise<string> {
  for (let cursor: string | undefined; ;) {
    const query = cursor === undefined ? '' : `&cursor=${cursor}`
    const { body } = await fixture.call(planner, 'GET', `/v1/events?limit=1000${query}`)
    if (body.data.length < 1000) return body.next_cursor
    cursor = body.next_cursor
  }
}

/** The end when everything is in the log: a transaction of somebody else on the server may hold it back. */
async function settledEnd(): Promise<string> {
  const last = (await loadPlaces()).at(-1) ?? ''
  while ((await logEnd()) !== last);
  return last
}

type Seen = { readonly place: string; readonly event: Json }

/** Reads until `isLast`, going away after `stay()` events each time and coming back with the last event's id. */
async function follow(
  who: string,
  from: string,
  isLast: (event: Json) => boolean,
  giveUp: AbortSignal,
  stay: () => number = () => Number.POSITIVE_INFINITY,
): Promise<{ seen: Seen[]; connections: number }> {
  const seen: Seen[] = []
  for (let connections = 1; ; connections += 1) {
    giveUp.throwIfAborted()
    const stream = await openStream(fixture.url, fixture.keyOf(who), seen.at(-1)?.place ?? from)
    giveUp.addEventListener('abort', () => stream.close(), { once: true })
    assert.equal(stream.status, 200)
    let left = stay()
    for await (const message of stream.messages()) {
      if (message.kind !== 'event') continue
      const event = JSON.parse(message.data)
      assert.equal(message.type, event.type)
      seen.push({ place: message.id, event })
      left -= 1
      if (left <= 0 || isLast(event)) break
    }
    stream.close()
    const last = seen.at(-1)
    if (last !== undefined && isLast(last.event)) return { seen, connections }
  }
}

/** Aborts when the test is over, however it ends: nobody goes on reading for it. */
function endOf(t: TestContext): AbortSignal {
  const over = new AbortController()
  t.after(() => over.abort())
  return over.signal
}

const isEnd = (event: Json): boolean => event.data.changes[0]?.new === 'the end'

/** One writer: its own work order back and forth, and comments on one that all share. */
async function write(shared: string, own: string, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const reply =
      i % 2 === 1
        ? await comment(planner, shared, `comment ${i}`)
        : await move(worker, own, { to: i % 4 === 0 ? 'blocked' : 'in_progress', notes: `move ${i}` })
    assert.ok(reply.status < 300, reply.text)
  }
}

/** The tenant's log as the database has it. */
async function loadPlaces(): Promise<string[]> {
  return withClient(fixture.adminUrl, async (client) => {
    const { rows } = await client.query<{ place: string }>(
      `select e.xid::text || '-' || e.id as place from entries e join tenants t using (tenant_id)
        where t.slug = 'acme-bio' order by e.xid, e.id`,
    )
    return rows.map((row) => row.place)
  })
}

test(
  `R-EVT-1 nothing is skipped or doubled while ${writers} writers write and the client comes and goes`,
  {
    timeout: 120_000,
  },
  async (t) => {
    const shared = await create()
    const vendors = await create({ assignee: vendor })
    const own: string[] = []
    for (let i = 0; i < writers; i += 1) {
      const { id } = await create()
      await move(planner, id, { to: 'assigned' })
      await move(worker, id, { to: 'in_progress' })
      own.push(id)
    }
    const from = await settledEnd()
    let goes = 0
    const restless = (): number => (goes++ < disconnects ? 1 + ((goes * 13) % 37) : Number.POSITIVE_INFINITY)
    const readers = Promise.all([
      follow(planner, from, isEnd, endOf(t)),
      follow(worker, from, isEnd, endOf(t), restless),
      follow(vendor, from, isEnd, endOf(t)),
    ])
    readers.catch(() => undefined) // told where they are awaited
    const start = performance.now()
    await Promise.all([
      ...own.map((id) => write(shared.id, id, writes / writers)),
      comment(vendor, vendors.id, 'mine'),
    ])
    const wroteMs = performance.now() - start
    await comment(planner, vendors.id, 'the end')
    const [steady, broken, vendorsOwn] = await readers
    t.diagnostic(
      `${writes} writes in ${Math.round(wroteMs)} ms, read by ${broken.connections} connections in turn`,
    )

    const written = (await loadPlaces()).slice(-(writes + 2))
    assert.deepEqual(
      steady.seen.map(({ place }) => place),
      written,
    )
    assert.deepEqual(
      broken.seen.map(({ place }) => place),
      written,
    )
    assert.equal(broken.connections, disconnects + 1)
    assert.deepEqual(
      vendorsOwn.seen.map(({ event }) => event.data.changes[0].new),
      ['mine', 'the end'],
    )
    checkOrder(broken.seen)
  },
)

function checkOrder(seen: readonly Seen[]): void {
  const last = new Map<string, number>()
  for (const { event } of seen) {
    const seq = last.get(event.subject)
    if (seq !== undefined) assert.equal(event.data.seq, seq + 1, 'each record in its own order')
    last.set(event.subject, event.data.seq)
  }
}

test('R-EVT-2 a change that commits late is not skipped: what began after it waits for it', async (t) => {
  const { id } = await create()
  const { body: me } = await fixture.call(planner, 'GET', '/v1/me')
  const from = await settledEnd()
  const page = async (cursor: string): Promise<Json> =>
    (await fixture.call(planner, 'GET', `/v1/events?cursor=${cursor}`)).body
  const hasBegun = Promise.withResolvers<void>()
  const mayCommit = Promise.withResolvers<void>()
  const actor = {
    id: me.id,
    tenantId: me.tenant.id,
    kind: 'human' as const,
    name: planner,
    sponsorId: null,
    client: 'rest',
    grants: [],
  }
  const bound = { tenantId: me.tenant.id, actor, call: { requestId: 'late' } }
  const late = inTenant(fixture.service.floor, bound, async (tx) => {
    await tx.rows`select from work_orders where id = ${id} for update`
    hasBegun.resolve()
    await mayCommit.promise
    return addComment.run(tx, actor, { id, body: 'late' })
  })
  t.after(() => mayCommit.resolve())
  await hasBegun.promise
  const other = await create()
  assert.equal((await comment(planner, other.id, 'early')).status, 201)
  const meanwhile = await page(from)
  mayCommit.resolve()
  assert.equal((await late).ok, true)
  assert.deepEqual(meanwhile.data, [], 'the late one could still come before these')
  const { seen } = await follow(
    planner,
    meanwhile.next_cursor,
    (event) => event.data.changes[0]?.new === 'early',
    endOf(t),
  )
  assert.deepEqual(
    seen.map(({ event }) => [event.type, event.subject]),
    [
      ['wo.commented', id],
      ['wo.created', other.id],
      ['wo.commented', other.id],
    ],
  )
})

test('R-EVT-3 an event is a CloudEvent whose data is the entry; its id is where to go on', async (t) => {
  const from = await settledEnd()
  const made = await create({ title: 'A cloud event' })
  await move(planner, made.id, { to: 'assigned' })
  await move(worker, made.id, { to: 'in_progress' })
  await move(worker, made.id, { to: 'blocked', notes: 'no part' })
  await move(planner, made.id, { to: 'cancelled', reason: 'no need' })
  const { seen } = await follow(planner, from, (event) => event.type === 'wo.cancelled', endOf(t))
  const types = seen.map(({ event }) => event.type)
  assert.deepEqual(types, ['wo.created', 'wo.transitioned', 'wo.transitioned', 'wo.blocked', 'wo.cancelled'])
  const { body } = await fixture.call(planner, 'GET', `/v1/work-orders/${made.id}/history`)
  seen.forEach(({ event, place }, i) => {
    const row = body.data[i]
    assert.equal(event.specversion, '1.0')
    assert.equal(event.id, row.id)
    assert.equal(event.subject, made.id)
    assert.equal(event.time, row.at)
    assert.equal(event.datacontenttype, 'application/json')
    assert.match(event.source, /^\/tenants\/[0-9a-f-]{36}$/)
    assert.equal(event.data.leaf, row.leaf)
    assert.ok(place.endsWith(row.id))
  })
})

test('R-EVT-4 pages as JSON give the same log, whole, whatever their size', { timeout: 30_000 }, async () => {
  const whole = await loadPlaces()
  assert.equal(await settledEnd(), whole.at(-1))
  for (const limit of [7, 100, 1000]) {
    const places: string[] = []
    for (let cursor = ''; ;) {
      const { status, body } = await fixture.call(
        planner,
        'GET',
        `/v1/events?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      assert.equal(status, 200)
      places.push(...body.data.map((event: Json) => event.place))
      if (body.data.length < limit) {
        assert.equal(body.next_cursor, places.at(-1), 'to ask again later')
        break
      }
      cursor = body.next_cursor
    }
    assert.deepEqual(places, whole, `limit ${limit}`)
  }
  const own = await fixture.call(vendor, 'GET', '/v1/events?limit=1000')
  for (const event of own.body.data)
    assert.equal((await fixture.call(vendor, 'GET', `/v1/work-orders/${event.record.id}`)).status, 200)
  assert.ok(own.body.data.length > 0 && own.body.data.length < whole.length)
})

test('R-EVT-5 what is not the id of an event is refused, and nobody reads without a key', async () => {
  const key = fixture.keyOf(planner)
  for (const id of ['7', 'abc', '1-2-3', `1-${'0'.repeat(36)}`, "1' or '1'='1"]) {
    assert.equal((await openStream(fixture.url, key, id)).status, 422, id)
    const page = await fixture.call(planner, 'GET', `/v1/events?cursor=${encodeURIComponent(id)}`)
    assert.equal(page.body.code, 'invalid_input', id)
  }
  const nobody = await openStream(fixture.url, 'dk_nobody')
  assert.equal(nobody.status, 401)
  const open = await openStream(fixture.url, key, undefined, '/v1/events?cursor=nonsense')
  assert.equal(open.status, 422)
})

test('R-EVT-6 a stream begins with what comes, and says how it is to be read', async (t) => {
  const { id } = await create()
  const stream = await openStream(fixture.url, fixture.keyOf(planner))
  assert.match(stream.headers.get('content-type') ?? '', /^text\/event-stream/)
  assert.equal(stream.headers.get('cache-control'), 'no-store')
  const messages = stream.messages()
  const first = await messages.next()
  assert.ok(first.value?.kind === 'comment' && /retry: \d+/.test(first.value.text))
  const wroteAt = performance.now()
  await comment(planner, id, 'now')
  const seen: string[] = []
  for await (const message of messages) {
    if (message.kind !== 'event') continue
    seen.push(message.id)
    if (JSON.parse(message.data).data.changes[0].new === 'now') break
  }
  const tookMs = performance.now() - wroteAt
  const [oldest = ''] = await loadPlaces()
  assert.ok(!seen.includes(oldest), 'what was before is not told again')
  t.diagnostic(`an event is there after ${Math.round(tookMs)} ms`)
  assert.ok(tookMs < 5000)
  stream.close()
})

test('R-EVT-7 when the service stops, its streams end', async () => {
  const app = await buildHttp(fixture.service)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const stream = await openStream(url, fixture.keyOf(planner))
  const messages = stream.messages()
  await messages.next()
  const [rest] = await Promise.all([messages.next(), app.close()])
  assert.equal(rest.done, true, 'ended, not cut off')
})

test(
  'R-EVT-8 a quiet stream is kept alive, and hears nothing of other tenants',
  { timeout: 30_000 },
  async (t) => {
    const first = await quiet.messages.next()
    const second = await quiet.messages.next()
    assert.deepEqual(
      [first.value?.kind, second.value],
      ['comment', { kind: 'comment', text: ': still here' }],
    )
    t.diagnostic(`a sign of life within ${Math.round((Date.now() - quiet.openedAt) / 1000)} s`)
  },
)
