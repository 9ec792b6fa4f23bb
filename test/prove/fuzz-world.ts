/** What the requests may meet: work orders of every lifecycle in many states, people, assets, files, keys, pages. */
import assert from 'node:assert/strict'
import type { Fixture, Json as AnyJson } from '../fixture.ts'
import { moves } from './fuzz-change.ts'
import type { Fill } from './fuzz-request.ts'
import { makeSigning, ownSecret, renewIntents } from './fuzz-signing.ts'
import { slots } from './fuzz-nasty.ts'
import type { Json, Slot } from './fuzz-nasty.ts'

type Pool = { [S in Slot]: string[] }
export type World = {
  readonly tenants: { readonly [slug: string]: Pool }
  fill(principal: string): Fill
  /** What lives for two minutes only, made anew. */
  renew(): Promise<void>
}

type Tenant = {
  readonly slug: string
  readonly admin: string
  readonly planner: string
  readonly worker: string
}
const tenants: readonly [Tenant, Tenant] = [
  { slug: 'acme-bio', admin: 'Ada Admin', planner: 'Pat Planner', worker: 'Lee Lab' },
  { slug: 'superportia', admin: '夏哥', planner: '夏哥', worker: 'Mac CLI 小克' },
]

export async function makeWorld(fixture: Fixture): Promise<World> {
  const pools: { [slug: string]: Pool } = {}
  for (const tenant of tenants) pools[tenant.slug] = await makeTenant(fixture, tenant)
  const slugOf = (principal: string): string =>
    Object.entries(fixture.keys).find(([, keys]) => principal in keys)?.[0] ?? 'acme-bio'
  return {
    tenants: pools,
    async renew() {
      const [{ slug, planner }] = tenants
      const pool = pools[slug]
      if (pool !== undefined) await renewIntents(callOf(fixture), planner, pool)
    },
    fill(principal) {
      const slug = slugOf(principal)
      const other = slug === 'acme-bio' ? 'superportia' : 'acme-bio'
      const find = (slot: string, n: number): string => {
        const secret = ownSecret(fixture, slot, principal)
        if (secret !== undefined) return secret
        // Now and then it is the other tenant's: there it exists, here it must not.
        const pool = pools[n % 25 === 0 ? other : slug]?.[slot as Slot] ?? []
        return pool[n % pool.length] ?? slot
      }
      const fillText = (text: string): string =>
        text.replace(/\{\{(\w+):(\d+)\}\}/g, (_match, slot: string, n: string) => find(slot, Number(n)))
      return {
        authorization: `Bearer ${fixture.keyOf(principal)}`,
        value: <T extends Json>(value: T): T => mapTexts(value, fillText) as T,
      }
    },
  }
}

function mapTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change))
  if (typeof value !== 'object' || value === null) return value
  const copy = {}
  for (const [key, inner] of Object.entries(value))
    Object.defineProperty(copy, key, { value: mapTexts(inner, change), enumerable: true })
  return copy
}

const callOf =
  (fixture: Fixture) =>
  async (principal: string, method: string, path: string, body?: object): Promise<AnyJson> => {
    const reply = await fixture.call(principal, method, path, body)
    assert.ok(reply.status < 300, `${method} ${path}: ${reply.text}`)
    return reply.body
  }

async function makeTenant(fixture: Fixture, { slug, admin, planner, worker }: Tenant): Promise<Pool> {
  const call = callOf(fixture)
  const pool = Object.fromEntries(slots.map((name) => [name, []])) as unknown as Pool
  for (const kind of ['human', 'human', 'vendor', 'agent', 'system']) {
    const name = `spare ${kind} ${pool.spare_principal.length}`
    const more = kind === 'agent' ? { sponsor: admin } : {}
    const { id } = await call(admin, 'POST', '/v1/principals', { name, kind, ...more })
    pool.spare_principal.push(name, id)
    const { id: key } = await call(admin, 'POST', '/v1/keys', { principal: pool.spare_principal[0], name })
    pool.key.push(key)
  }
  for (const tag of ['F-1', 'F-2', 'F ü/3']) {
    const { id } = await call(planner, 'POST', '/v1/assets', { tag, name: `asset ${tag}` })
    pool.asset.push(tag, id)
  }
  pool.principal.push(...Object.keys(fixture.keys[slug] ?? {}), ...pool.spare_principal)
  await makeWorkOrders(fixture, { planner, worker }, pool)
  await attach(fixture, planner, pool)
  await makeSigning(fixture, call, { admin, planner }, pool)
  await collectCursors(fixture, planner, pool)
  return pool
}

/** Of each lifecycle some, further on and further on, so that every state's rules are met. */
const ways = {
  'change-control': ['assigned', 'in_progress', 'completed', 'closed'],
  qms: ['planned'],
  fleet: ['accepted', 'in_progress', 'review', 'approved'],
} as const
const mixed = ['change-control', 'qms', 'fleet'] as const

async function makeWorkOrders(
  fixture: Fixture,
  { planner, worker }: Pick<Tenant, 'planner' | 'worker'>,
  pool: Pool,
): Promise<void> {
  for (let i = 0; i < 36; i += 1) {
    const lifecycle = i < 12 ? (mixed[i % 3] ?? 'fleet') : 'fleet'
    const { status, body, text } = await fixture.call(planner, 'POST', '/v1/work-orders', {
      title: `[Fuzz-Case] number ${i}`,
      lifecycle,
      description: 'hyd leak at the seal',
      assignee: worker,
      asset: 'F-1',
      regulatory: i % 4 === 3 && i < 12,
      tags: ['fuzz'],
    })
    assert.equal(status, 201, text)
    pool.work_order.push(body.id, body.number)
    if (lifecycle === 'fleet') pool.order.push(body.number)
    const comment = await fixture.call(planner, 'POST', `/v1/work-orders/${body.id}/comments`, { body: 'x' })
    assert.equal(comment.status, 201, comment.text)
    const steps = ways[lifecycle].slice(0, i < 12 ? Math.floor(i / 3) + 1 : i % 4)
    for (const to of steps) await advance(fixture, body.id, to, [worker, planner])
  }
}

/** By whoever may; who may not is refused. */
async function advance(fixture: Fixture, id: string, to: string, people: readonly string[]): Promise<void> {
  const move = moves.find((one) => one['to'] === to)
  assert.ok(move, to)
  for (const principal of people)
    await fixture.call(principal, 'POST', `/v1/work-orders/${id}/transitions`, move)
}

async function attach(fixture: Fixture, planner: string, pool: Pool): Promise<void> {
  const form = new FormData()
  form.set('file', new Blob(['contents of a file']), 'ü "quoted".txt')
  const response = await fetch(`${fixture.url}/v1/work-orders/${pool.work_order[0]}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fixture.keyOf(planner)}` },
    body: form,
  })
  assert.equal(response.status, 201)
  pool.attachment.push(((await response.json()) as { id: string }).id)
}

async function collectCursors(fixture: Fixture, planner: string, pool: Pool): Promise<void> {
  const [id] = pool.work_order
  const lists = [
    ...['created', 'updated', 'due_date', 'priority'].map((sort) => `/v1/work-orders?sort=${sort}&limit=2`),
    '/v1/principals?limit=2',
    '/v1/assets?limit=1',
    '/v1/events?limit=2',
    `/v1/work-orders/${id}/history?limit=1`,
    '/v1/findings?limit=1',
    '/v1/delegations?limit=1',
    '/v1/absences?limit=1',
  ]
  for (const path of lists) {
    const { body } = await fixture.call(planner, 'GET', path)
    assert.equal(typeof body.next_cursor, 'string', path)
    pool.cursor.push(body.next_cursor)
  }
}
