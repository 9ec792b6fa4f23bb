/**
 * Two tenants never meet: each is filled with words that only it knows, then the other one asks for everything,
 * with its own ids and with the first one's, through every door, and no byte of any answer holds a trace.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { operations } from '#capabilities/index.ts'
import { inputShape } from '#edges/input-shape.ts'
import { listTools } from '#edges/mcp.ts'
import type { Operation } from '#platform/operation.ts'
import { upload } from './authz-world.ts'
import { send } from './fixture.ts'
import type { Json, Reply } from './fixture.ts'
import {
  collectTraces,
  digestTenant,
  findTraces,
  inParallel,
  must,
  openIsolation,
  secretFields,
  toText,
} from './isolation-world.ts'
import type { Caller, Isolation, Side, Traces } from './isolation-world.ts'
import { openMcp } from './scenario/mcp-client.ts'
import { table } from './table.ts'

let world: Isolation
before(async () => {
  world = await openIsolation()
})
after(() => world.close())

type Pair = { readonly us: Side; readonly them: Side }
const pairs = (): Pair[] => {
  const [a, b] = world.sides
  return [
    { us: a, them: b },
    { us: b, them: a },
  ]
}
const all: readonly Operation[] = operations
const reads = all.filter(({ mutates }) => !mutates)
const everything = 'application/json'

type Ask = { readonly method: string; readonly path: string; readonly accept: string }
const toAsk = (operation: Operation, input: Record<string, string>, accept = everything): Ask => {
  const left = { ...input }
  const path = operation.http[1].replaceAll(/:(\w+)/g, (_all, name: string) => {
    const value = left[name] ?? ''
    delete left[name]
    return encodeURIComponent(value)
  })
  const query = new URLSearchParams(left).toString()
  return { method: operation.http[0], path: query === '' ? path : `${path}?${query}`, accept }
}
const askHttp = (caller: Caller, { method, path, accept }: Ask): Promise<Reply> =>
  send(`${world.fixture.url}${path}`, caller.key, method, undefined, { accept })

/** Properties that take free text: where something of somebody else's could be named. */
function openProperties(shape: { readonly properties: { readonly [name: string]: Json } }): string[] {
  const isOpen = (schema: Json): boolean =>
    schema.anyOf?.some(isOpen) === true ||
    (schema.type === 'array' && isOpen(schema.items)) ||
    (schema.type === 'string' && schema.enum === undefined && schema.format !== 'date-time')
  return Object.entries(shape.properties)
    .filter(([, schema]) => isOpen(schema))
    .map(([name]) => name)
}

/** What an operation needs beside the one property that is tried: things of our own. */
const ownInput = (operation: Operation, { refs }: Side): Record<string, string> =>
  Object.fromEntries(
    [...operation.http[1].matchAll(/:(\w+)/g)].map(([, name = '']) => {
      const kind = operation.name.split('.')[0]
      const own = { asset: refs['assetId'], principal: refs['headId'] }[kind ?? ''] ?? refs['id'] ?? ''
      return [name, name === 'attachment_id' ? (refs['attachmentId'] ?? '') : own]
    }),
  )

function assertClean(traces: Traces, reply: Reply, sent: string, what: string): void {
  assert.ok(reply.status < 500, `${what}: ${reply.status} ${reply.text}`)
  assert.deepEqual(findTraces(traces, toText(reply), sent), [], what)
}

test('R-ISO-1 the check finds a planted trace: an id, a word, a hash, in a body, a header or a cursor', async () => {
  const [a, b] = world.sides
  const traces = await collectTraces(world.fixture, a, b)
  assert.ok(traces.ids.size > 150, `${traces.ids.size} ids`)
  for (const word of [a.secret, a.slug, 'HPLC-01', 'Lee Lab', `${a.secret}-asset`])
    assert.ok(traces.words.includes(word), word)
  assert.ok(!traces.words.includes('system:operator'), 'what both have is no trace')
  for (const what of ['id', 'otherId', 'assetId', 'headId', 'keyId', 'tenantId', 'attachmentId', 'eventId'])
    assert.ok(traces.ids.has(a.refs[what] ?? ''), what)
  const { body } = await askHttp(a.head, { method: 'GET', path: `/v1/work-orders/${a.refs['id']}/history`, accept: everything })
  for (const planted of [a.refs['id'], a.secret.toUpperCase(), body.data[0].leaf, a.refs['byCreation'], a.refs['ofPrincipals']])
    assert.notDeepEqual(findTraces(traces, `{"x":"${planted}"}`, ''), [], `${planted}`)
  assert.deepEqual(findTraces(traces, `{"title":"${a.secret} was not found"}`, `/v1/assets/${a.secret}`), [])
  for (const caller of [a.head, a.vendor]) {
    const found = await askHttp(caller, { method: 'GET', path: '/v1/work-orders', accept: everything })
    assert.notDeepEqual(findTraces(traces, found.text, ''), [], 'the tenant itself sees its own')
  }
})

test('R-ISO-2 every GET route, with one’s own ids and in every format, shows nothing of the other tenant', async () => {
  let asked = 0
  for (const { us, them } of pairs()) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const caller of [us.head, us.vendor]) {
      for (const operation of reads) {
        const formats = operation.name.endsWith('.list') ? [everything, 'text/csv', 'application/x-ndjson'] : [everything]
        for (const accept of formats) {
          const limits = operation.name === 'event.list' ? { limit: '1000' } : {}
          const ask = toAsk(operation, { ...ownInput(operation, us), ...limits }, accept)
          const reply = await askHttp(caller, ask)
          assert.ok(reply.status === 200 || reply.status === 403, `${ask.path}: ${reply.status} ${reply.text}`)
          assertClean(traces, reply, '', `${caller.name} ${accept} ${ask.path}`)
          asked += 1
        }
      }
      for (const path of ['/openapi.json', '/docs/', '/healthz', '/readyz', '/auth/get-session', '/no/such/page'])
        assertClean(traces, await askHttp(caller, { method: 'GET', path, accept: '*/*' }), '', path)
    }
  }
  assert.ok(asked > 80, `${asked} questions`)
})

test('R-ISO-3 every GET route, with ids, numbers, names, places and cursors of the other tenant, shows nothing of it', async () => {
  let asked = 0
  for (const { us, them } of pairs()) {
    const traces = await collectTraces(world.fixture, them, us)
    const asks = reads.flatMap((operation) =>
      openProperties(inputShape(operation)).flatMap((property) =>
        Object.entries(them.refs).flatMap(([what, value]) =>
          [us.head, us.vendor].map((caller) => ({ operation, property, what, value, caller })),
        ),
      ),
    )
    await inParallel(asks, async ({ operation, property, what, value, caller }) => {
      const ask = toAsk(operation, { ...ownInput(operation, us), [property]: value })
      const reply = await askHttp(caller, ask)
      assertClean(traces, reply, `${decodeURIComponent(ask.path)} ${value}`, `${caller.name} ${ask.path}`)
      // A number may be ours as well; every other name of a record of theirs names nothing here.
      const isPath = operation.http[1].includes(`:${property}`)
      if (isPath) assert.ok([403, 404, 422].includes(reply.status), `${ask.path} ${what}: ${reply.status}`)
      if (['assignee', 'requester', 'asset', 'parent', 'number', 'q', 'tags', 'project'].includes(property))
        assert.deepEqual(reply.body.data, [], `${ask.path} ${what}`)
      asked += 1
    })
  }
  assert.ok(asked > 1000, `${asked} questions`)
})

test('R-ISO-4 every tool that reads, with what the other tenant has, shows nothing of it', async () => {
  let asked = 0
  for (const { us, them } of pairs()) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const caller of [us.head, us.vendor]) {
      const client = await openMcp(world.fixture.url, caller.key)
      const tools = (await client.tools()).filter(({ annotations }) => annotations?.readOnlyHint === true)
      assert.ok(tools.length >= 9, `${tools.length} tools`)
      const calls = tools.flatMap((tool) => {
        const shape = tool.inputSchema as Json
        const needed: string[] = shape.required ?? []
        const own = (name: string): string | undefined =>
          tool.name.startsWith('asset') ? us.refs['assetId'] : name === 'id' || name === 'order_id' ? us.refs['id'] : ''
        const base = Object.fromEntries(needed.map((name) => [name, own(name)]))
        const tried = openProperties(shape as never).flatMap((property) =>
          Object.values(them.refs).map((value) => ({ ...base, [property]: value })),
        )
        return [base, ...tried].map((args) => ({ tool: tool.name, args }))
      })
      await inParallel(calls, async ({ tool, args }) => {
        const { text, body } = await client.call(tool, args)
        const what = `${caller.name} ${tool} ${JSON.stringify(args)}`
        assert.notEqual(body.status, 500, what)
        assert.deepEqual(findTraces(traces, text, JSON.stringify(args)), [], what)
        asked += 1
      })
      await client.close()
    }
  }
  assert.ok(asked > 700, `${asked} calls`)
})

test('R-ISO-5 a search finds the words of one’s own tenant and never those of the other', async (t) => {
  const cases = table`
    q                | finds
    quokka           | own
    quok kka-asset   | none
    QUOKKA           | own
    uokk report      | none
    unit-quokka order| own
    quokka%          | none
    %                | none
    _                | none
    ' or true --     | none
  `
  for (const { us, them } of pairs()) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const { q = '', finds } of cases) {
      await t.test(`${us.slug} ${q}`, async () => {
        for (const side of [us, them]) {
          const words = q.replaceAll(/quokka/gi, side.secret).replaceAll('uokk', side.secret.slice(1, 5))
          for (const accept of [everything, 'text/csv', 'application/x-ndjson']) {
            const query = new URLSearchParams({ q: words })
            const reply = await askHttp(us.head, { method: 'GET', path: `/v1/work-orders?${query}`, accept })
            assertClean(traces, reply, '', `${words} ${accept}`)
            if (accept !== everything) continue
            const isFound = reply.body.data.length > 0
            assert.equal(isFound, finds === 'own' && side === us, `${words}: ${reply.body.data.length}`)
          }
        }
      })
    }
  }
})

/** Reads a stream of events until the word is there. */
async function readStream(caller: Caller, query: string, until: string, begin: () => Promise<void>): Promise<string> {
  const stop = new AbortController()
  const response = await fetch(`${world.fixture.url}/v1/events${query}`, {
    headers: { authorization: `Bearer ${caller.key}`, accept: 'text/event-stream' },
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(30_000)]),
  })
  assert.equal(response.status, 200)
  await begin()
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    if (text.includes(until)) break
  }
  stop.abort()
  return text
}

test('R-ISO-6 the stream of events of one tenant is silent about what the other writes meanwhile', async () => {
  let round = 0
  for (const { us, them } of pairs()) {
    for (const query of ['', '?cursor=0-00000000-0000-0000-0000-000000000000', `?cursor=${them.refs['place']}`]) {
      for (const caller of [us.head, us.vendor]) {
        const last = `last-${(round += 1)}-`
        const text = await readStream(caller, query, last, async () => {
          for (let i = 0; i < 5; i += 1)
            await must(world.fixture, them.head.key, 'POST', '/v1/work-orders', secretFields(them.secret))
          await must(world.fixture, them.vendor.key, 'POST', `/v1/work-orders/${them.refs['id']}/comments`, {
            body: `${them.secret} whispers`,
          })
          await must(world.fixture, us.vendor.key, 'POST', `/v1/work-orders/${us.refs['id']}/comments`, { body: last })
        })
        const traces = await collectTraces(world.fixture, them, us)
        assert.deepEqual(findTraces(traces, text, query), [], `${caller.name} ${query}`)
        const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json) as Json)
        assert.ok(events.length > 0)
        for (const event of events) assert.equal(event.source, `/tenants/${us.tenantId}`)
      }
    }
  }
})

// Calls that would change something of the other tenant's. `{id}` and the like are its refs.
const assaults = table`
  method | path                                            | body
  PATCH  | /v1/work-orders/{id}                            | {"priority": "low", "reason": "x"}
  PATCH  | /v1/work-orders/{otherId}                       | {"notes": "x", "reason": "x"}
  POST   | /v1/work-orders/{id}/transitions                | {"to": "approved", "review_notes": "x"}
  POST   | /v1/work-orders/{otherId}/transitions           | {"to": "cancelled", "reason": "x"}
  POST   | /v1/work-orders/{fleetNumber}/transitions       | {"to": "cancelled", "notes": "x"}
  POST   | /v1/work-orders/{id}/hold                       | {"reason": "x"}
  DELETE | /v1/work-orders/{otherId}/hold                  | {"reason": "x"}
  POST   | /v1/work-orders/{id}/acknowledgement            | {}
  POST   | /v1/work-orders/{id}/comments                   | {"body": "x"}
  PATCH  | /v1/assets/{assetId}                            | {"name": "x", "reason": "x"}
  PATCH  | /v1/assets/{tag}                                | {"status": "retired", "reason": "x"}
  POST   | /v1/principals/{headId}/disable                 | {"reason": "x"}
  POST   | /v1/principals/{headName}/disable               | {"reason": "x"}
  POST   | /v1/principals/{headId}/enable                  | {"reason": "x"}
  POST   | /v1/principals/{headId}/grants                  | {"role": "vendor", "reason": "x"}
  DELETE | /v1/principals/{headId}/grants                  | {"role": "admin", "reason": "x"}
  POST   | /v1/keys                                        | {"principal": "{headId}"}
  POST   | /v1/keys                                        | {"principal": "{headName}"}
  DELETE | /v1/keys/{keyId}                                | {}
  DELETE | /v1/keys/{keyId}                                | {"principal": "{headId}"}
`
const filled = (text: string, { refs }: Side): string => text.replaceAll(/\{(\w+)\}/g, (all, name: string) => refs[name] ?? all)

test('R-ISO-7 nothing of the other tenant can be changed: it is not there, and every row of it stays as it was', async () => {
  for (const { us, them } of pairs()) {
    const traces = await collectTraces(world.fixture, them, us)
    const before = await digestTenant(world.fixture, them)
    assert.ok(Object.keys(before).length > 14)
    for (const caller of [us.head, us.vendor]) {
      for (const { method = '', path: route = '', body = '' } of assaults) {
        const path = filled(route, them)
        const url = `${world.fixture.url}${encodeURI(path)}`
        const reply = await send(url, caller.key, method, JSON.parse(filled(body, them)))
        const isVendor = caller === us.vendor
        assert.ok(reply.status === 404 || (isVendor && reply.status === 403), `${method} ${path}: ${reply.text}`)
        assertClean(traces, reply, `${path} ${filled(body, them)}`, `${method} ${path}`)
      }
      const file = await upload(`${world.fixture.url}/v1/work-orders/${them.refs['id']}/attachments`, caller.key, 'x', 'x')
      assert.equal(file.status, 404)
    }
    assert.deepEqual(await digestTenant(world.fixture, them), before)
  }
})

test('R-ISO-8 each changing operation was tried on the other tenant', () => {
  const tried = (operation: Operation): boolean => {
    const [method, route] = operation.http
    const form = new RegExp(`^${route.replaceAll(/:\w+/g, '[^/]+')}$`)
    return assaults.some((row) => row['method'] === method && form.test(row['path'] ?? ''))
  }
  const untried = all.filter((operation) => operation.mutates && !tried(operation)).map(({ name }) => name)
  // These make something new: what they may refer to is the next test. A file is uploaded in the one before.
  assert.deepEqual(untried.toSorted(), ['asset.create', 'attachment.add', 'principal.create', 'work_order.create'])
})

// What of the other tenant's is named, and what that is refused as.
const references = table`
  method | path                          | field     | refs                        | body                                          | code
  POST   | /v1/work-orders               | assignee  | headId headName             | {"title": "x", "lifecycle": "qms"}            | unknown_reference
  POST   | /v1/work-orders               | requester | headId headName             | {"title": "x", "lifecycle": "qms"}            | unknown_reference
  POST   | /v1/work-orders               | asset     | assetId tag                 | {"title": "x", "lifecycle": "qms"}            | unknown_reference
  POST   | /v1/work-orders               | parent    | id otherId fleetNumber      | {"title": "x", "lifecycle": "qms"}            | unknown_reference
  PATCH  | /v1/work-orders/{own}         | assignee  | headId headName             | {}                                            | unknown_reference
  PATCH  | /v1/work-orders/{own}         | asset     | assetId tag                 | {}                                            | unknown_reference
  POST   | /v1/assets                    | owner     | headId headName             | {"tag": "x", "name": "x"}                     | unknown_reference
  POST   | /v1/assets                    | parent    | assetId tag                 | {"tag": "x", "name": "x"}                     | unknown_reference
  PATCH  | /v1/assets/{ownAsset}         | owner     | headId headName             | {"reason": "x"}                               | unknown_reference
  PATCH  | /v1/assets/{ownAsset}         | parent    | assetId tag                 | {"reason": "x"}                               | unknown_reference
  POST   | /v1/principals                | sponsor   | headId headName             | {"name": "x", "kind": "agent"}                | sponsor_required
  POST   | /v1/principals/{ownHead}/grants | asset   | assetId tag                 | {"role": "system_owner", "reason": "x"}       | unknown_reference
`

test('R-ISO-9 a reference to a record of the other tenant is refused as unknown', async (t) => {
  for (const { us, them } of pairs()) {
    const traces = await collectTraces(world.fixture, them, us)
    const { id: own } = await must(world.fixture, us.head.key, 'POST', '/v1/work-orders', {
      title: 'a draft',
      lifecycle: 'qms',
    })
    const { assetId: ownAsset = '', headId: ownHead = '' } = us.refs
    for (const { method = '', path = '', field = '', refs = '', body = '', code } of references) {
      await t.test(`${us.slug} ${method} ${path} ${field}`, async () => {
        for (const ref of refs.split(' ')) {
          const value = them.refs[ref] ?? ''
          const url = path.replace('{own}', own).replace('{ownAsset}', ownAsset).replace('{ownHead}', ownHead)
          const given = { ...JSON.parse(body), [field]: value }
          const reply = await send(`${world.fixture.url}${url}`, us.head.key, method, given)
          assert.deepEqual([reply.status, reply.body.code], [422, code], `${ref}: ${reply.text}`)
          assert.ok(code !== 'unknown_reference' || reply.body.field === field)
          assertClean(traces, reply, JSON.stringify(given), `${url} ${field} ${ref}`)
        }
      })
    }
  }
})

test('R-ISO-10 an idempotency key of the other tenant does here what was asked, and shows nothing of what it did there', async () => {
  for (const { us, them } of pairs()) {
    const traces = await collectTraces(world.fixture, them, us)
    const before = await digestTenant(world.fixture, them)
    const key = { 'idempotency-key': them.refs['idempotencyKey'] ?? '' }
    const sameCall = { title: `[Unit-x] the same`, lifecycle: 'change-control' }
    const first = await send(`${world.fixture.url}/v1/work-orders`, us.head.key, 'POST', sameCall, key)
    assert.equal(first.status, 201)
    assert.equal(first.headers.get('idempotency-replayed'), null)
    assertClean(traces, first, JSON.stringify([sameCall, key]), 'first use')
    const other = await send(`${world.fixture.url}/v1/work-orders`, us.vendor.key, 'POST', sameCall, key)
    assert.equal(other.status, 201, 'nor do two principals of one tenant share a key')
    assert.notEqual(other.body.id, first.body.id)
    assert.deepEqual(await digestTenant(world.fixture, them), before)
  }
})

test('R-ISO-11 no header, cookie or query moves a caller into the other tenant', async () => {
  for (const { us, them } of pairs()) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const headers of [
      { 'docket-tenant': them.slug },
      { 'docket-tenant': them.tenantId },
      { 'x-tenant-id': them.tenantId },
      { 'x-forwarded-host': them.slug },
    ]) {
      for (const path of ['/v1/me', '/v1/work-orders', `/v1/work-orders/${them.refs['id']}`, `/v1/me?tenant=${them.slug}`]) {
        const reply = await send(`${world.fixture.url}${path}`, us.head.key, 'GET', undefined, headers as never)
        assertClean(traces, reply, `${path} ${JSON.stringify(headers)}`, `${path} ${JSON.stringify(headers)}`)
      }
    }
  }
})

test('R-ISO-12 the same names live in both tenants, and neither is told of the other’s', async () => {
  for (const { us, them } of pairs()) {
    const before = await digestTenant(world.fixture, them)
    const { tag, headName } = them.refs
    for (const [path, body] of [
      ['/v1/assets', { tag, name: 'ours' }],
      ['/v1/principals', { name: headName, kind: 'human', email: them.person.email }],
      ['/v1/principals', { name: them.slug, kind: 'human' }],
    ] as const) {
      const reply = await send(`${world.fixture.url}${path}`, us.head.key, 'POST', body)
      assert.equal(reply.status, 201, reply.text)
    }
    assert.deepEqual(await digestTenant(world.fixture, them), before)
  }
})

test('R-ISO-13 the tools of a caller are described without a word of any tenant', async () => {
  for (const { us, them } of pairs()) {
    const actor = await world.fixture.service.identity.authenticate({ bearer: us.head.key }, 'mcp')
    assert.ok(actor !== undefined)
    for (const side of [us, them]) {
      const traces = await collectTraces(world.fixture, side, side === us ? them : us)
      assert.deepEqual(findTraces(traces, JSON.stringify(listTools(actor)), ''), [])
    }
  }
})
