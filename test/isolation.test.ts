/**
 * Two tenants never meet: each is filled with words that only it knows, then the other one asks for everything,
 * with its own ids and with the first one's, through every door, and no byte of any answer holds a trace.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { unzipSync } from 'fflate'
import { operations } from '#capabilities/index.ts'
import { startSealer } from '#capabilities/log/sealer.ts'
import type { Sealer } from '#capabilities/log/sealer.ts'
import { inputShape } from '#edges/input-shape.ts'
import { listTools } from '#edges/mcp.ts'
import type { Operation } from '#platform/operation.ts'
import { send } from './fixture.ts'
import type { Json, Reply } from './fixture.ts'
import { must, secretFields } from './isolation-secret.ts'
import {
  assertClean,
  collectTraces,
  findTraces,
  inParallel,
  openIsolation,
  pairsOf,
} from './isolation-world.ts'
import type { Caller } from './isolation-secret.ts'
import type { Isolation, Side } from './isolation-world.ts'
import { openTestSealing } from './sealing.ts'
import { openMcp } from './scenario/mcp-client.ts'
import { table } from './table.ts'

let world: Isolation
let sealer: Sealer
before(async () => {
  world = await openIsolation()
  // A pack waits until what it shows is in the log.
  sealer = startSealer(openTestSealing(world.fixture), () => undefined)
})
after(async () => {
  await sealer.stop()
  await world.close()
})

const reads = (operations as readonly Operation[]).filter(({ http }) => http[0] === 'GET')
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
const decode = (part: Uint8Array): string => new TextDecoder().decode(part)

async function askHttp(caller: Caller, { method, path, accept }: Ask): Promise<Reply> {
  const url = `${world.fixture.url}${path}`
  if (!path.startsWith('/v1/packs')) return send(url, caller.key, method, undefined, { accept })
  const response = await fetch(url, { headers: { authorization: `Bearer ${caller.key}` } })
  const bytes = new Uint8Array(await response.arrayBuffer())
  const { status, headers } = response
  if (status !== 200) return { status, headers, text: decode(bytes), body: JSON.parse(decode(bytes)) }
  // Every file of the pack, as it was before it was packed.
  const text = Object.entries(unzipSync(bytes)).map(([name, part]) => `${name}\n${decode(part)}`)
  return { status, headers, text: text.join('\n'), body: {} }
}

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

/** Names of our own things by the subject of an operation; of a work order where nothing is said. */
const ownThings: { readonly [subject: string]: string } = {
  asset: 'assetId',
  principal: 'headId',
  finding: 'findingId',
  delegation: 'acceptedId',
  signing_key: 'signingKeyId',
  log: 'entryId',
  template: 'template',
  experience: 'experience',
  tool: 'toolId',
  calendar: 'calendar',
  schedule: 'scheduleId',
  person: 'headId',
}
/** What is asked for beside the path. */
const needed: { readonly [operation: string]: { readonly [name: string]: string } } = {
  'log.consistency': { from: '1' },
  'log.tile': { level: '0', index: '0' },
  'resource.utilisation': { from: '2027-03-01T00:00:00Z', until: '2027-03-08T00:00:00Z' },
  'registry.export': { type: 'people' },
  'policy.preview': { lifecycle: 'change-control', gate: 'release' },
}

/** What an operation needs beside the one property that is tried: things of our own. */
const ownInput = (operation: Operation, { refs }: Side): Record<string, string> => {
  const subject = operation.name.split('.')[0] ?? ''
  const own = refs[ownThings[subject] ?? 'id'] ?? ''
  const inPath = [...operation.http[1].matchAll(/:(\w+)/g)].map(([, name = '']) => [
    name,
    name === 'attachment_id' ? (refs['attachmentId'] ?? '') : own,
  ])
  return { ...Object.fromEntries(inPath), ...needed[operation.name] }
}

test('R-ISO-1 the check finds a planted trace: an id, a word, a hash, in a body, a header or a cursor', async () => {
  const [a, b] = world.sides
  const traces = await collectTraces(world.fixture, a, b)
  assert.ok(traces.ids.size > 150, `${traces.ids.size} ids`)
  for (const word of [a.secret, a.slug, 'HPLC-01', 'Lee Lab', `${a.secret}-asset`])
    assert.ok(traces.words.includes(word), word)
  assert.ok(!traces.words.includes('system:operator'), 'what both have is no trace')
  const known = Object.keys(a.refs).filter((what) => /(?:^i|I)d$/.test(what))
  assert.ok(known.length >= 18, known.join(' '))
  for (const what of known) assert.ok(traces.ids.has(a.refs[what] ?? ''), what)
  const { body } = await askHttp(a.head, {
    method: 'GET',
    path: `/v1/work-orders/${a.refs['id']}/history`,
    accept: everything,
  })
  for (const planted of [
    a.refs['id'],
    a.secret.toUpperCase(),
    body.data[0].leaf,
    a.refs['byCreation'],
    a.refs['ofPrincipals'],
    a.refs['ofFindings'],
    // A hash in base64, as the log shows it, alone or in a row with others.
    Buffer.from(body.data[0].leaf, 'hex').toString('base64'),
    Buffer.from(`${'00'.repeat(32)}${body.data[0].leaf}`, 'hex').toString('base64'),
  ])
    assert.notDeepEqual(findTraces(traces, `{"x":"${planted}"}`, ''), [], `${planted}`)
  assert.deepEqual(findTraces(traces, `{"title":"${a.secret} was not found"}`, `/v1/assets/${a.secret}`), [])
  for (const caller of [a.head, a.vendor]) {
    const found = await askHttp(caller, { method: 'GET', path: '/v1/work-orders', accept: everything })
    assert.notDeepEqual(findTraces(traces, found.text, ''), [], 'the tenant itself sees its own')
  }
})

/** GET routes that are no operation. */
const plainPages = [
  '/healthz',
  '/readyz',
  '/',
  '/auth/get-session',
  '/mcp',
  '/openapi.json',
  '/docs',
  '/docs/js/scalar.js',
  '/keys',
  '/sign',
  '/sign/:ref',
  '/assets/:tag',
  ...['api', 'asset', 'dom', 'frame', 'keys', 'record', 'sign', 'statement', 'webauthn'].map(
    (name) => `/pages/${name}.js`,
  ),
  '/pages/icon.svg',
  '/pages/style.css',
]

/** Every GET route of the service, as its router draws them: a tree, four characters a level. */
function listGetRoutes(): string[] {
  const above: string[] = []
  return world.fixture.app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', piece = '', methods = ''] = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?/.exec(line) ?? []
      above.splice(indent.length / 4, Infinity, piece)
      return methods.split(', ').includes('GET') ? [above.join('')] : []
    })
}

test('R-ISO-2 every GET route, with one’s own ids and in every format, shows nothing of the other tenant', async () => {
  const known = [...reads.map(({ http }) => http[1]), ...plainPages]
  assert.deepEqual(listGetRoutes().toSorted(), known.toSorted(), 'a route that nobody tried')
  let asked = 0
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const caller of [us.head, us.vendor]) {
      for (const operation of reads) {
        const formats = operation.name.endsWith('.list')
          ? [everything, 'text/csv', 'application/x-ndjson']
          : [everything, ...(operation.document === undefined ? [] : [operation.document.type])]
        for (const accept of formats) {
          const limits = operation.name === 'event.list' ? { limit: '1000' } : {}
          // Ours alone: whoever may not have it is refused all the same.
          const scope = operation.name === 'pack.export' ? { work_order: us.refs['signedId'] ?? '' } : {}
          const ask = toAsk(operation, { ...ownInput(operation, us), ...limits, ...scope }, accept)
          const reply = await askHttp(caller, ask)
          assert.ok(
            reply.status === 200 || reply.status === 403,
            `${ask.path}: ${reply.status} ${reply.text}`,
          )
          assertClean(traces, reply, '', `${caller.name} ${accept} ${ask.path}`)
          asked += 1
        }
      }
      const pages = [us, them].flatMap(({ refs }) =>
        plainPages.map((path) =>
          path.replace(':ref', refs['signedId'] ?? '').replace(':tag', refs['tag'] ?? ''),
        ),
      )
      for (const path of ['/no/such/page', ...pages])
        assertClean(traces, await askHttp(caller, { method: 'GET', path, accept: '*/*' }), path, path)
    }
  }
  assert.ok(asked > 150, `${asked} questions`)
})

const filters = [
  'assignee',
  'requester',
  'asset',
  'parent',
  'number',
  'q',
  'tags',
  'project',
  'work_category',
]

test('R-ISO-3 every GET route, with ids, numbers, names, places and cursors of the other tenant, shows nothing of it', async () => {
  let asked = 0
  for (const { us, them } of pairsOf(world)) {
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
      asked += 1
      // Counted numbers are ours as well; every other name of a record of theirs names nothing here.
      if (what.endsWith('Number') && what !== 'fleetNumber') return
      const isPath = operation.http[1].includes(`:${property}`)
      if (isPath) assert.ok([403, 404, 422].includes(reply.status), `${ask.path} ${what}: ${reply.status}`)
      if (filters.includes(property)) assert.deepEqual(reply.body.data ?? [], [], `${ask.path} ${what}`)
    })
  }
  assert.ok(asked > 3000, `${asked} questions`)
})

test('R-ISO-4 every tool that reads, with what the other tenant has, shows nothing of it', async () => {
  let asked = 0
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const caller of [us.head, us.vendor]) {
      const client = await openMcp(world.fixture.url, caller.key)
      const tools = (await client.tools()).filter(({ annotations }) => annotations?.readOnlyHint === true)
      assert.ok(tools.length >= 11, `${tools.length} tools`)
      const calls = tools.flatMap((tool) => {
        const shape = tool.inputSchema as Json
        const required: string[] = shape.required ?? []
        const subject = Object.keys(ownThings).find((name) => tool.name.startsWith(name)) ?? ''
        const own = (name: string): string | undefined =>
          name === 'id' || name === 'order_id'
            ? us.refs[ownThings[subject] ?? 'id']
            : (needed[tool.name.replace('_', '.')]?.[name] ?? '')
        const base = Object.fromEntries(required.map((name) => [name, own(name)]))
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
  assert.ok(asked > 2000, `${asked} calls`)
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
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const { q = '', finds } of cases) {
      await t.test(`${us.slug} ${q}`, async () => {
        for (const side of [us, them]) {
          const words = q.replaceAll(/quokka/gi, side.secret).replaceAll('uokk', side.secret.slice(1, 5))
          for (const accept of [everything, 'text/csv', 'application/x-ndjson']) {
            const query = new URLSearchParams({ q: words })
            const reply = await askHttp(us.head, {
              method: 'GET',
              path: `/v1/work-orders?${query.toString()}`,
              accept,
            })
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
async function readStream(
  caller: Caller,
  query: string,
  until: string,
  begin: () => Promise<void>,
): Promise<string> {
  const stop = new AbortController()
  const response = await fetch(`${world.fixture.url}/v1/events${query}`, {
    headers: { authorization: `Bearer ${caller.key}`, accept: 'text/event-stream' },
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(120_000)]),
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
  for (const { us, them } of pairsOf(world)) {
    for (const query of [
      '',
      '?cursor=0-00000000-0000-0000-0000-000000000000',
      `?cursor=${them.refs['place']}`,
    ]) {
      for (const caller of [us.head, us.vendor]) {
        const last = `last-${(round += 1)}-`
        const text = await readStream(caller, query, last, async () => {
          for (let i = 0; i < 5; i += 1)
            await must(world.fixture, them.head.key, 'POST', '/v1/work-orders', secretFields(them.secret))
          await must(world.fixture, them.vendor.key, 'POST', `/v1/work-orders/${them.refs['id']}/comments`, {
            body: `${them.secret} whispers`,
          })
          await must(world.fixture, us.vendor.key, 'POST', `/v1/work-orders/${us.refs['id']}/comments`, {
            body: last,
          })
        })
        const traces = await collectTraces(world.fixture, them, us)
        assert.deepEqual(findTraces(traces, text, query), [], `${caller.name} ${query}`)
        const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json))
        assert.ok(events.length > 0)
        for (const event of events) assert.equal(event.source, `/tenants/${us.tenantId}`)
      }
    }
  }
})

test('R-ISO-11 no header, cookie or query moves a caller into the other tenant', async () => {
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const headers of [
      { 'docket-tenant': them.slug },
      { 'docket-tenant': them.tenantId },
      { 'x-tenant-id': them.tenantId },
      { 'x-forwarded-host': them.slug },
    ]) {
      for (const path of [
        '/v1/me',
        '/v1/work-orders',
        `/v1/work-orders/${them.refs['id']}`,
        `/v1/me?tenant=${them.slug}`,
      ]) {
        const reply = await send(`${world.fixture.url}${path}`, us.head.key, 'GET', undefined, headers)
        assertClean(traces, reply, `${path} ${JSON.stringify(headers)}`, `${path} ${JSON.stringify(headers)}`)
      }
    }
  }
})

test('R-ISO-13 the tools of a caller are described without a word of any tenant', async () => {
  for (const { us, them } of pairsOf(world)) {
    const actor = await world.fixture.service.identity.authenticate({ bearer: us.head.key }, 'mcp')
    assert.ok(actor !== undefined)
    for (const side of [us, them]) {
      const traces = await collectTraces(world.fixture, side, side === us ? them : us)
      assert.deepEqual(findTraces(traces, JSON.stringify(listTools(actor)), ''), [])
    }
  }
})
