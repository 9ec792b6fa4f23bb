/**
 * Two tenants, filled in every corner with words that only one of them knows, and what it takes to find a
 * trace of the one in what the other is told: its words, names and numbers, and every id and hash of its rows.
 */
import assert from 'node:assert/strict'
import type pg from 'pg'
import { withClient } from '#platform/database.ts'
import { upload } from './authz-world.ts'
import { openFixture, send } from './fixture.ts'
import type { Fixture, Json, Reply } from './fixture.ts'

export type Caller = { readonly name: string; readonly key: string }
/** What one tenant has that another could try: ids, names, numbers, places, cursors. */
export type Refs = { readonly [what: string]: string }
export type Side = {
  readonly slug: string
  readonly tenantId: string
  readonly secret: string
  readonly head: Caller
  readonly vendor: Caller
  readonly person: { readonly email: string; readonly password: string; readonly name: string }
  readonly refs: Refs
}
export type Isolation = {
  readonly fixture: Fixture
  readonly sides: readonly [Side, Side]
  close(): Promise<void>
}

const everyRole = ['admin', 'auditor', 'system_owner', 'qa', 'assigner', 'captain', 'operator']

export async function openIsolation(): Promise<Isolation> {
  const fixture = await openFixture()
  const a = await fill(fixture, { slug: 'acme-bio', administrator: 'Ada Admin', secret: 'quokka' })
  const b = await fill(fixture, { slug: 'superportia', administrator: '夏哥', secret: 'walrus' })
  return { fixture, sides: [a, b], close: () => fixture.close() }
}

/** Each tenant as the one that asks, and the other one. */
export function pairsOf({ sides: [a, b] }: Isolation): readonly { readonly us: Side; readonly them: Side }[] {
  return [
    { us: a, them: b },
    { us: b, them: a },
  ]
}

/** A call that must succeed. */
export async function must(
  fixture: Fixture,
  key: string,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Json> {
  const reply = await send(`${fixture.url}${path}`, key, method, body, headers)
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`)
  return reply.body
}

type Plan = { readonly slug: string; readonly administrator: string; readonly secret: string }

async function fill(fixture: Fixture, { slug, administrator, secret }: Plan): Promise<Side> {
  const admin = fixture.keyOf(administrator)
  const ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    must(fixture, admin, method, path, body, headers)
  const person = {
    email: `head@${secret}.example`,
    password: `${secret}-${secret}-1`,
    name: `${secret} head`,
  }
  const headId: string = (await ask('POST', '/v1/principals', { ...person, kind: 'human', roles: everyRole }))
    .id
  await ask('POST', '/v1/principals', { name: `${secret} vendor`, kind: 'vendor', roles: ['vendor'] })
  const issue = async (name: string): Promise<Caller & { id: string }> => {
    const { id, key } = await ask('POST', '/v1/keys', { principal: name, name: `${secret} key` })
    return { name, key, id }
  }
  const head = await issue(person.name)
  const vendor = await issue(`${secret} vendor`)
  const asset = await ask('POST', '/v1/assets', {
    tag: `${secret}-asset`,
    name: `${secret} machine`,
    location: `${secret} lab`,
    owner: headId,
  })
  const made = await fillWorkOrders(fixture, secret, head, vendor)
  const cursors = await readCursors(fixture, head, made.id)
  const refs = {
    ...made,
    ...cursors,
    assetId: asset.id,
    tag: asset.tag,
    headId,
    headName: head.name,
    keyId: head.id,
    tenantId: (await ask('GET', '/v1/me')).tenant.id,
    slug,
    secret,
    idempotencyKey: `${secret}-once`,
  }
  return { slug, tenantId: refs.tenantId, secret, head, vendor, person, refs }
}

/** Everything that a work order can hold, said in the tenant's own word. */
export function secretFields(secret: string): Record<string, unknown> {
  return {
    title: `[Unit-${secret}] the ${secret} order`,
    description: `about the ${secret}`,
    acceptance_criteria: `${secret} accepted`,
    deliverables: `${secret} report`,
    tags: [`${secret}-tag`],
    project: `${secret}-project`,
    work_category: `${secret}-category`,
    attributes: { [`${secret}-name`]: `${secret}-value` },
    job_plan: { title: `${secret} plan`, steps: [`${secret} step`] },
    requirements: {
      people: 1,
      tools: [`${secret} tool`],
      experience: [{ name: `${secret} skill`, min_rating: 2 }],
    },
    notes: `${secret} note`,
    related_wo_ids: [`${secret}-related`],
    asset: `${secret}-asset`,
    due_date: '2026-01-02',
  }
}

async function fillWorkOrders(fixture: Fixture, secret: string, head: Caller, vendor: Caller) {
  const ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    must(fixture, head.key, method, path, body, headers)
  const create = (fields: Record<string, unknown>, headers?: Record<string, string>): Promise<Json> =>
    ask('POST', '/v1/work-orders', { ...secretFields(secret), ...fields }, headers)
  const move = (key: string, id: string, command: Record<string, unknown>): Promise<Json> =>
    must(fixture, key, 'POST', `/v1/work-orders/${id}/transitions`, command)

  const first = await create({ lifecycle: 'change-control' }, { 'idempotency-key': `${secret}-once` })
  const counted = await create({ lifecycle: 'qms', regulatory: true, parent: first.id })
  await ask('POST', `/v1/work-orders/${counted.id}/hold`, { reason: `${secret} wait` })
  const refused = await send(`${fixture.url}/v1/work-orders/${counted.id}/transitions`, head.key, 'POST', {
    to: 'approved',
    reason: `${secret} try`,
  })
  assert.equal(refused.status, 409)
  const fleet = await create({ lifecycle: 'fleet', assignee: vendor.name })
  await move(vendor.key, fleet.id, { to: 'accepted' })
  await move(vendor.key, fleet.id, { to: 'in_progress' })
  await move(vendor.key, fleet.id, {
    to: 'blocked',
    notes: `${secret} missing`,
    blocker: { owner: `${secret} store` },
  })
  await move(vendor.key, fleet.id, { to: 'in_progress', notes: `${secret} found` })
  await move(vendor.key, fleet.id, { to: 'review', completion_summary: `${secret} done`, actual_hours: 3 })
  const cancelled = await create({ lifecycle: 'fleet' })
  await move(head.key, cancelled.id, { to: 'cancelled', notes: `${secret} dropped` })
  for (const key of [head.key, vendor.key])
    await must(fixture, key, 'POST', `/v1/work-orders/${fleet.id}/comments`, { body: `${secret} remark` })
  const file = await upload(
    `${fixture.url}/v1/work-orders/${fleet.id}/attachments`,
    head.key,
    `${secret}.txt`,
    `${secret} inside`,
  )
  assert.equal(file.status, 201)
  return {
    id: fleet.id as string,
    fleetNumber: fleet.number as string,
    countedNumber: counted.number as string,
    otherId: counted.id as string,
    attachmentId: file.body.id as string,
  }
}

/** Where lists and the log go on; a place of each kind of cursor. */
async function readCursors(fixture: Fixture, head: Caller, workOrderId: string) {
  const next = async (path: string): Promise<string> => {
    const page = await must(fixture, head.key, 'GET', path)
    assert.ok(typeof page.next_cursor === 'string', `${path} has no next page`)
    return page.next_cursor
  }
  const events = await must(fixture, head.key, 'GET', '/v1/events?limit=5')
  return {
    eventId: events.data[4].id as string,
    place: await next('/v1/events?limit=5'),
    byCreation: await next('/v1/work-orders?limit=1'),
    byUpdate: await next('/v1/work-orders?limit=1&sort=updated'),
    byPriority: await next('/v1/work-orders?limit=1&sort=priority'),
    ofHistory: await next(`/v1/work-orders/${workOrderId}/history?limit=1`),
    ofComments: await next(`/v1/work-orders/${workOrderId}/comments?limit=1`),
    ofPrincipals: await next('/v1/principals?limit=3'),
  }
}

/** What must not be seen by anybody else: every id and hash of the tenant's rows, and every word that is its own. */
export type Traces = { readonly ids: ReadonlySet<string>; readonly words: readonly string[] }

export const listTables = async (client: pg.Client): Promise<string[]> =>
  (
    await client.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
    )
  ).rows.map(({ name }) => name)

const idForm = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}/g

export function collectTraces(fixture: Fixture, side: Side, other: Side): Promise<Traces> {
  return withClient(fixture.adminUrl, async (client) => {
    const dump = async (tenantId: string): Promise<string> => {
      const rows: string[] = []
      for (const name of await listTables(client)) {
        const { rows: found } = await client.query<{ text: string }>(
          // A body is bytes: what it says is read as well.
          `select t::text || coalesce(encode((to_jsonb(t) ->> 'body')::bytea, 'escape'), '') as text from ${name} t where tenant_id = $1`,
          [tenantId],
        )
        rows.push(...found.map(({ text }) => text))
      }
      const { rows: keys } = await client.query<{ id: string }>(
        `select id::text || ' ' || "referenceId" as id from auth.apikey where metadata::jsonb ->> 'tenantId' = $1`,
        [tenantId],
      )
      return [...rows, ...keys.map(({ id }) => id)].join('\n')
    }
    const names = async (tenantId: string): Promise<string[]> =>
      (
        await client.query<{ name: string }>(
          `select name from principals where tenant_id = $1 union select tag from assets where tenant_id = $1
           -- Every tenant counts from one: a counted number tells nothing.
           union select number from work_orders where tenant_id = $1 and lifecycle = 'fleet' union select slug from tenants where tenant_id = $1
           union select name from tenants where tenant_id = $1`,
          [tenantId],
        )
      ).rows.map(({ name }) => name)
    const theirs = new Set(await names(other.tenantId))
    const ids = new Set((await dump(side.tenantId)).match(idForm))
    for (const shared of (await dump(other.tenantId)).match(idForm) ?? []) ids.delete(shared)
    const words = (await names(side.tenantId)).filter((name) => !theirs.has(name))
    return { ids, words: [side.secret, ...words] }
  })
}

/** Traces in a text, except those that the caller itself sent. Cursors are read too. */
export function findTraces(traces: Traces, text: string, sent: string): string[] {
  const decoded = [...text.matchAll(/[\w-]{24,}/g)].map(([token]) =>
    Buffer.from(token, 'base64url').toString(),
  )
  const whole = [text, ...decoded].join('\n')
  const lower = whole.toLowerCase()
  const said = sent.toLowerCase()
  return [
    ...(whole.match(idForm) ?? []).filter((id) => traces.ids.has(id) && !said.includes(id)),
    ...traces.words.filter(
      (word) => lower.includes(word.toLowerCase()) && !said.includes(word.toLowerCase()),
    ),
  ]
}

/** The whole reply: its first line, every header, every byte of the body. */
const toText = (reply: Pick<Reply, 'status' | 'headers' | 'text'>): string =>
  [reply.status, ...[...reply.headers].map(([name, value]) => `${name}: ${value}`), reply.text].join('\n')

/** No byte of the reply is a trace of the other tenant, but for what was sent. */
export function assertClean(traces: Traces, reply: Reply, sent: string, what: string): void {
  assert.ok(reply.status < 500, `${what}: ${reply.status} ${reply.text}`)
  assert.deepEqual(findTraces(traces, toText(reply), sent), [], what)
}

/** A digest of every row that a tenant has, table by table, and of its people's passwords. */
export function digestTenant(fixture: Fixture, side: Side): Promise<Record<string, string>> {
  return withClient(fixture.adminUrl, async (client) => {
    const digests: Record<string, string> = {}
    const digest = async (name: string, text: string): Promise<void> => {
      const { rows } = await client.query<{ digest: string | null }>(text, [side.tenantId])
      digests[name] = rows[0]?.digest ?? 'empty'
    }
    for (const name of await listTables(client))
      await digest(
        name,
        `select md5(string_agg(t::text, '|' order by t::text)) as digest from ${name} t where tenant_id = $1`,
      )
    await digest(
      'passwords',
      `select md5(string_agg(a.password, '|' order by a.id)) as digest from auth.account a join auth.memberships m on m.user_id = a."userId" where m.tenant_id = $1`,
    )
    await digest(
      'memberships',
      `select md5(string_agg(m::text, '|' order by m::text)) as digest from auth.memberships m where tenant_id = $1`,
    )
    return digests
  })
}

/** Runs the work for each item, eight at a time. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const run = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: 8 }, run))
}
