/**
 * Two tenants, filled in every corner with words that only one of them knows, and what it takes to find a
 * trace of the one in what the other is told: its words, names and numbers, and every id and hash of its rows.
 */
import assert from 'node:assert/strict'
import type pg from 'pg'
import { learnOutcomes } from '#capabilities/estimate/learn.ts'
import { withClient } from '#platform/database.ts'
import { upload } from './authz-world.ts'
import { openFixture, send } from './fixture.ts'
import type { Fixture, Json, Reply } from './fixture.ts'
import { must, secretFields } from './isolation-secret.ts'
import type { Caller } from './isolation-secret.ts'
import { fillOutside, fillSigning } from './isolation-signing.ts'
import { sealAll } from './sealing.ts'

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
  try {
    const a = await fill(fixture, { slug: 'acme-bio', administrator: 'Ada Admin', secret: 'quokka' })
    const b = await fill(fixture, { slug: 'superportia', administrator: '夏哥', secret: 'walrus' })
    await sealAll(fixture)
    for (const side of [a, b]) await fillOutside(fixture, side)
    return { fixture, sides: [a, b], close: () => fixture.close() }
  } catch (error) {
    // Else the test would wait for the open door for good.
    await fixture.close()
    throw error
  }
}

/** Each tenant as the one that asks, and the other one. */
export function pairsOf({ sides: [a, b] }: Isolation): readonly { readonly us: Side; readonly them: Side }[] {
  return [
    { us: a, them: b },
    { us: b, them: a },
  ]
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
  const registered = await fillRegistries(fixture, secret, headId, head, admin)
  const made = await fillWorkOrders(fixture, secret, head, vendor)
  const tenantId: string = (await ask('GET', '/v1/me')).tenant.id
  await learnOutcomes(fixture.service.floor, tenantId)
  const signing = await fillSigning(fixture, { slug, secret, tenantId }, admin, head)
  const cursors = await readCursors(fixture, head, made.id)
  const { data: trail } = await ask('GET', `/v1/work-orders/${made.id}/history?limit=1`)
  const refs = {
    ...made,
    ...signing,
    ...cursors,
    entryId: trail[0].id,
    assetId: asset.id,
    tag: asset.tag,
    ...registered,
    headId,
    headName: head.name,
    keyId: head.id,
    tenantId,
    slug,
    secret,
    idempotencyKey: `${secret}-once`,
  }
  return { slug, tenantId, secret, head, vendor, person, refs }
}

/** Templates, experiences, tools and calendars, and what is known of the head and the vendor. */
async function fillRegistries(
  fixture: Fixture,
  secret: string,
  headId: string,
  head: Caller,
  admin: string,
): Promise<{ template: string; experience: string; toolId: string; calendar: string }> {
  const template = await must(fixture, head.key, 'POST', '/v1/templates', {
    name: `${secret}-template`,
    body: { lifecycle: 'change-control', title: `${secret} work`, description: `${secret} template` },
  })
  const register = (path: string, body: object): Promise<Json> =>
    must(fixture, head.key, 'POST', `/v1/${path}`, body)
  const experience = await register('experiences', { name: `${secret} skill` })
  const tool = await register('tools', { name: `${secret} tool`, location: `${secret} room` })
  const calendar = await register('calendars', { name: `${secret} calendar`, time_zone: 'UTC', shifts: [] })
  await must(fixture, head.key, 'PATCH', `/v1/people/${headId}`, {
    job_roles: [`${secret} fitter`],
    calendar: calendar.name,
    reason: `${secret} profile`,
  })
  for (const who of [headId, encodeURIComponent(`${secret} vendor`)])
    await must(fixture, admin, 'POST', `/v1/people/${who}/ratings`, {
      experience: experience.name,
      rating: 4,
      evidence: `${secret} course`,
      reason: `${secret} rating`,
    })
  return {
    template: template.name,
    experience: experience.name,
    toolId: tool.id,
    calendar: calendar.name,
  }
}

type Ask = (method: string, path: string, body?: unknown) => Promise<Json>

/** An hour of work, and a part. */
async function spend(ask: Ask, id: string, secret: string) {
  const hour = { from: '2026-01-14T08:00:00Z', until: '2026-01-14T09:00:00Z', note: `${secret} hour` }
  const worked = await ask('POST', `/v1/work-orders/${id}/time-entries`, hour)
  const part = { kind: 'part', description: `${secret} part`, unit_price: '9.99', currency: 'EUR' }
  const cost = await ask('POST', `/v1/work-orders/${id}/costs`, part)
  return { timeEntryId: worked.id as string, costId: cost.id as string }
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
  const waiting = await create({ lifecycle: 'change-control', parent: first.id })
  const also = await create({ lifecycle: 'change-control', parent: first.id })
  await ask('POST', `/v1/work-orders/${waiting.id}/dependencies`, {
    predecessor: also.id,
    reason: `${secret} order`,
  })
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
  const spent = await spend(ask, fleet.id, secret)
  await move(vendor.key, fleet.id, { to: 'review', completion_summary: `${secret} done`, actual_hours: 3 })
  await ask('POST', `/v1/work-orders/${counted.id}/reservations`, {
    items: [
      {
        kind: 'tool',
        resource: `${secret} tool`,
        from: '2027-03-01T08:00:00Z',
        until: '2027-03-01T09:00:00Z',
      },
    ],
  })
  const cancelled = await create({ lifecycle: 'fleet' })
  const quick = await create({ lifecycle: 'change-control', assignee: head.name })
  await move(head.key, quick.id, { to: 'assigned' })
  await move(head.key, quick.id, { to: 'in_progress' })
  await move(head.key, quick.id, { to: 'completed', completion_summary: `${secret} quick`, actual_hours: 2 })
  await move(head.key, quick.id, { to: 'closed' })
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
  const scheduleId = await fillSchedule(fixture, head, secret, counted.id)
  return {
    scheduleId,
    id: fleet.id as string,
    fleetNumber: fleet.number as string,
    countedNumber: counted.number as string,
    otherId: counted.id as string,
    attachmentId: file.body.id as string,
    ...spent,
  }
}

async function fillSchedule(
  fixture: Fixture,
  head: Caller,
  secret: string,
  work_order_id: string,
): Promise<string> {
  const constraints = {
    earliest_start: '2027-03-01T08:00:00Z',
    latest_end: '2027-03-05T08:00:00Z',
    required_experience: [],
    required_tools: [{ tool_id: `${secret} tool`, quantity: 1 }],
    required_persons: [],
  }
  const request = { type: 'SCHEDULING_REQUEST', work_order_id, job_plan_id: secret, constraints }
  const { id } = await must(fixture, head.key, 'POST', '/v1/schedules', { request })
  return id
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
          // A body or a statement is bytes: what it says is read as well.
          `select t::text || coalesce((select string_agg(encode(value::bytea, 'escape'), ' ') from jsonb_each_text(j)
                                        where key in ('body', 'statement') and value like '\\\\x%'), '') as text
             from ${name} t cross join to_jsonb(t) j where tenant_id = $1`,
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

/** The text with what it says otherwise: cursors, and hashes in base64. */
const spellOut = (text: string): string =>
  [
    text,
    ...[...text.matchAll(/[\w-]{24,}/g)].map(([token]) => Buffer.from(token, 'base64url').toString()),
    ...[...text.matchAll(/[A-Za-z0-9+/]{43,}={0,2}/g)].map(([token]) =>
      Buffer.from(token, 'base64').toString('hex'),
    ),
  ].join('\n')

/** Traces in a text, except those that the caller itself sent. */
export function findTraces(traces: Traces, text: string, sent: string): string[] {
  const whole = spellOut(text)
  const lower = whole.toLowerCase()
  const said = spellOut(sent).toLowerCase()
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
