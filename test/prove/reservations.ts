/**
 * 128 clients book the same ten people and five tools, hold, confirm and release them, with holds that run out meanwhile:
 * for an hour at full size. Every few seconds, in one snapshot, nothing is taken beyond what there is; at the end what
 * stands is what the clients were told, row by row, none lost and none made up.
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { openFixture } from '../fixture.ts'
import type { Json } from '../fixture.ts'
import { assertInOrder } from './races.ts'
import { openReplicas } from './race-world.ts'
import type { Replicas } from './race-world.ts'
import { openRandom } from './proof.ts'
import type { Figures, Proof, Random } from './proof.ts'

const sizes = {
  small: { seconds: 0, turns: 6, pauseMs: 0 },
  full: { seconds: 3600, turns: Number.POSITIVE_INFINITY, pauseMs: 3000 },
} as const
const clients = 128
const planner = 'Pat Planner'
const checkEveryMs = 5000

type Shop = {
  readonly call: Replicas['call']
  readonly random: Random
  readonly people: readonly string[]
  readonly tools: readonly string[]
  /** What each reservation was last said to be, by its id. */
  readonly told: Map<string, string>
  readonly tally: Map<string, number>
}

export async function proveReservations(proof: Proof): Promise<Figures> {
  const fixture = await openFixture()
  const replicas = await openReplicas(fixture)
  const database = new Client({ connectionString: fixture.adminUrl })
  await database.connect()
  const { seconds, turns, pauseMs } = sizes[proof.size]
  const random = openRandom(proof.seed)
  try {
    const shop = await openShop(replicas, random)
    const orders = await Promise.all(Array.from({ length: clients }, () => order(shop)))
    const begun = performance.now()
    const isOver = (turn: number): boolean =>
      seconds === 0 ? turn >= turns : performance.now() - begun > seconds * 1000
    const watching = new AbortController()
    const watched = watch(database, watching.signal, (line) => proof.say(line))
    const client = async (id: string): Promise<void> => {
      for (let turn = 0; !isOver(turn); turn += 1) {
        await act(shop, id)
        if (pauseMs > 0) await sleep(pauseMs * (0.5 + random.next()))
      }
    }
    await Promise.all(orders.map(client))
    watching.abort()
    const checks = (await watched) + 1
    assert.deepEqual(await listOverTaken(database), [])
    await assertAsTold(database, shop, orders)
    for (const kind of ['reserved', 'refused', 'released', 'confirmed'])
      assert.ok((shop.tally.get(kind) ?? 0) >= 20, `${kind}: ${shop.tally.get(kind)}`)
    return {
      clients,
      seconds: Math.round((performance.now() - begun) / 1000),
      ...Object.fromEntries(shop.tally),
      snapshots: checks,
      entries: await assertInOrder(replicas),
    }
  } finally {
    await database.end()
    await replicas.close()
    await fixture.close()
  }
}

async function openShop({ call }: Replicas, random: Random): Promise<Shop> {
  const must = async (who: string, path: string, body: object): Promise<void> => {
    const { status, text } = await call(who, 'POST', path, body)
    assert.equal(status, 201, text)
  }
  const people = Array.from({ length: 10 }, (_, i) => `Busy ${i}`)
  for (const name of people) await must('Ada Admin', '/v1/principals', { name, kind: 'human' })
  const tools = [1, 2, 3, 2, 1].map((quantity, i) => ({ name: `Tool ${i}`, quantity }))
  for (const tool of tools) await must(planner, '/v1/tools', tool)
  return { call, random, people, tools: tools.map(({ name }) => name), told: new Map(), tally: new Map() }
}

async function order({ call }: Shop): Promise<string> {
  const made = await call(planner, 'POST', '/v1/work-orders', { title: 'Work that needs things' })
  assert.equal(made.status, 201, made.text)
  return made.body.id
}

/** Half hours of one day. */
const at = (half: number): string => new Date(Date.UTC(2027, 2, 1, 0, half * 30)).toISOString()

async function act({ call, random, people, tools, told, tally }: Shop, id: string): Promise<void> {
  const path = `/v1/work-orders/${id}/reservations`
  const tell = (kind: string, rows: Json): void => {
    tally.set(kind, (tally.get(kind) ?? 0) + rows.length)
    for (const row of rows) told.set(row.id, row.state)
  }
  const from = random.int(32)
  const range = { from: at(from), until: at(from + 1 + random.int(4)) }
  const items = [
    { kind: 'person', resource: random.pick(people), ...range },
    ...(random.next() < 0.5 ? [{ kind: 'tool', resource: random.pick(tools), ...range }] : []),
  ]
  const isHeld = random.next() < 0.4
  const made = await call(planner, 'POST', path, { items, ...(isHeld ? { hold_minutes: 1 } : {}) })
  if (made.status === 201) tell('reserved', made.body.data)
  else {
    assert.deepEqual([made.status, made.body.code], [409, 'resource_taken'], made.text)
    tally.set('refused', (tally.get('refused') ?? 0) + 1)
  }
  if (random.next() < 0.25) {
    const { status, body, text } = await call(planner, 'POST', `${path}/confirmation`, {})
    assert.equal(status, 200, text)
    tell('confirmed', body.data)
  }
  if (random.next() < 0.3) {
    const { status, body, text } = await call(planner, 'DELETE', path, { reason: 'not needed' })
    assert.equal(status, 200, text)
    tell('released', body.data)
  }
}

/** How often it was looked at; throws at the first time that anything was taken beyond what there is. */
async function watch(database: Client, signal: AbortSignal, say: (line: string) => void): Promise<number> {
  let checks = 0
  for (;;) {
    try {
      await sleep(checkEveryMs, undefined, { signal })
    } catch {
      return checks
    }
    assert.deepEqual(await listOverTaken(database), [])
    checks += 1
    if (checks % 60 === 0) say(`${checks} snapshots: never beyond what there is`)
  }
}

/** Reckoned apart from the service's own function: at the start of each that stands, all that stand then. */
async function listOverTaken(database: Client): Promise<unknown[]> {
  const { rows } = await database.query(
    `with standing as (
       select v.resource_id, v.during, v.quantity, coalesce((r.body ->> 'quantity')::integer, 1) as capacity
         from reservations v left join resources r on r.tenant_id = v.tenant_id and r.id = v.resource_id
        where v.state = 'confirmed' or (v.state = 'held' and v.held_until > clock_timestamp())),
     starts as (select distinct resource_id, capacity, lower(during) as at from standing)
     select s.resource_id, s.at, s.capacity, sum(o.quantity)::integer as taken
       from starts s join standing o on o.resource_id = s.resource_id and o.during @> s.at
      group by s.resource_id, s.at, s.capacity having sum(o.quantity) > s.capacity`,
  )
  return rows
}

async function assertAsTold(database: Client, { told }: Shop, orders: readonly string[]): Promise<void> {
  const { rows } = await database.query<{ id: string; state: string }>(
    'select id, state from reservations where work_order_id = any ($1)',
    [orders],
  )
  assert.deepEqual(new Map(rows.map(({ id, state }) => [id, state])), told, 'what was told is what stands')
}
