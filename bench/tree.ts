/**
 * A tree of 10,000 work orders with 30,000 edges: loading it through the real operations, and tree, graph, critical
 * path and progress over HTTP, each beside a ceiling of the same run: the same rows read by a bare driver, and the
 * answer made into JSON. Then the critical path of 100,000 nodes with 300,000 edges as a pure function.
 */
import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { issueHostKey } from '#capabilities/tenant/demo.ts'
import { asOperator } from '#capabilities/tenant/found.ts'
import { createPrincipal } from '#capabilities/principal/operations.ts'
import { findCriticalPaths, reckon } from '#domain/critical-path.ts'
import { toNetwork } from '#domain/network.ts'
import { openDraw } from '#domain/simulate.ts'
import { machine, openWorld, percentile, residentMb, serveWorld } from './world.ts'
import type { World } from './world.ts'

const size = Number(process.argv[2] ?? 10_000)
const edgeCount = Number(process.argv[3] ?? 30_000)
const times = Number(process.argv[4] ?? 15)
const pureSize = 100_000
const pureEdges = 300_000
const perCreation = 1000
const perEdgeSet = 7500
/** Who the work is spread over. */
const workers = Array.from({ length: 100 }, (_, i) => `Worker ${i}`)

const questions: { readonly [name: string]: string } = {
  tree: 'tree?limit=20000',
  graph: 'graph',
  'critical path': 'critical-path?limit=20000',
  progress: 'tree?depth=0',
}

type Made = { readonly id: string; readonly number: string }
type Answer = { readonly status: number; readonly body: unknown; readonly bytes: number }

const draw = openDraw(20_261_121)
const pick = (below: number): number => Math.floor(draw() * below)

const world = await openWorld()
try {
  const key = await issuePlanner(world)
  const served = await serveWorld(world.folder)
  try {
    const root = await loadTree(served.url, key)
    await analyze(world)
    const ceiling = await openCeiling(world, root.id)
    try {
      console.log('                      fastest       p50       p95   ceiling p50   ratio   answer')
      const ask = async (name: string, query: string): Promise<void> => {
        const path = `${served.url}/v1/work-orders/${root.id}/${query}`
        const { took, last } = await timeService(path, key)
        const bare = percentile(await ceiling.time(name === 'progress' ? {} : last.body), 0.5)
        const p50 = percentile(took, 0.5)
        console.log(
          `${name.padEnd(20)} ${ms(Math.min(...took))} ${ms(p50)} ${ms(percentile(took, 0.95))}     ${ms(bare)}   ${(p50 / bare).toFixed(1).padStart(5)}   ${(last.bytes / 1e6).toFixed(1)} MB`,
        )
      }
      for (const [name, query] of Object.entries(questions)) await ask(name, query)
      const path = questions['critical path'] ?? ''
      await giveCalendars(served.url, key)
      await ask('… in 3 calendars', path)
      await giveAbsences(served.url, key)
      await ask('… with absences', path)
    } finally {
      await ceiling.close()
    }
    console.log(`memory of the service ${residentMb(served.pid)} MB (${machine()})`)
  } finally {
    await served.stop()
  }
} finally {
  await world.close()
}
timePure()

function ms(value: number): string {
  return `${value.toFixed(0)} ms`.padStart(9)
}

async function issuePlanner({ service, operator }: World): Promise<string> {
  const made = await asOperator(service.floor, operator, (tx) =>
    createPrincipal(tx, { name: 'Planner', kind: 'human', roles: ['admin', 'assigner', 'operator'] }),
  )
  if (!made.ok) throw new Error(made.refusal.code)
  for (const name of workers)
    await asOperator(service.floor, operator, (tx) =>
      createPrincipal(tx, { name, kind: 'human', roles: ['operator'] }),
    )
  return (await issueHostKey(service.floor, operator, 'Planner', 'bench')) ?? ''
}

async function send(method: string, url: string, key: string, body?: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const answer = { status: response.status, body: JSON.parse(text) as unknown, bytes: text.length }
  if (response.status >= 300) throw new Error(`${method} ${url}: ${text.slice(0, 500)}`)
  return answer
}

/** Ten work orders to a master, four levels; edges from what comes earlier to what comes later, so that none closes a cycle. */
async function loadTree(url: string, key: string): Promise<Made> {
  const start = performance.now()
  const made: Made[] = []
  while (made.length < size) {
    const count = Math.min(perCreation, size - made.length)
    const first = made.length
    const work_orders = Array.from({ length: count }, (_, k) => {
      const i = first + k
      const master = Math.floor((i - 1) / 10)
      const parent = i === 0 ? {} : { parent: master < first ? made[master]?.id : `n${master}` }
      return {
        key: `n${i}`,
        lifecycle: 'change-control',
        title: `Step ${i} of a large overhaul`,
        description: 'as the manual says',
        assignee: workers[i % workers.length],
        estimated_hours: 1 + pick(16),
        ...parent,
      }
    })
    const { body } = await send('POST', `${url}/v1/work-orders/batch`, key, { work_orders })
    made.push(...(body as { data: Made[] }).data)
  }
  const created = performance.now()
  const edges = listEdges(made)
  for (let at = 0; at < edges.length; at += perEdgeSet) {
    const dependencies = edges.slice(at, at + perEdgeSet)
    await send('POST', `${url}/v1/work-orders/${made[0]?.id}/dependency-set`, key, { dependencies })
  }
  const done = performance.now()
  console.log(
    `loading ${size} work orders with ${edges.length} edges: ${((done - start) / 1000).toFixed(1)} s (creations ${((created - start) / 1000).toFixed(1)} s in calls of ${perCreation}, edges ${((done - created) / 1000).toFixed(1)} s in sets of ${perEdgeSet})`,
  )
  const [root] = made
  if (root === undefined) throw new Error('nothing was made')
  return root
}

/** Eight hours on five days, in the time zones of three places. */
async function giveCalendars(url: string, key: string): Promise<void> {
  const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata']
  const shifts = [{ weekdays: [1, 2, 3, 4, 5], start: '08:00', end: '16:00' }]
  for (const time_zone of zones)
    await send('POST', `${url}/v1/calendars`, key, { name: time_zone, time_zone, shifts })
  for (const [i, name] of workers.entries())
    await send('PATCH', `${url}/v1/people/${encodeURIComponent(name)}`, key, {
      calendar: zones[i % zones.length],
      reason: 'hired',
    })
}

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString()

/** Each of them is away for two weeks, twice within the next year. */
async function giveAbsences(url: string, key: string): Promise<void> {
  for (const principal of workers)
    for (const days of [pick(180), 180 + pick(180)])
      await send('POST', `${url}/v1/absences`, key, {
        principal,
        starts_at: inDays(days),
        ends_at: inDays(days + 14),
      })
}

type GivenEdge = { readonly work_order: string; readonly predecessor: string; readonly lag_hours?: number }

/**
 * Only between what has nothing linked: those are the last nine tenths. In the order of what waits, so that each work
 * order is changed in one set and not in all of them.
 */
function listEdges(made: readonly Made[]): GivenEdge[] {
  const firstLeaf = Math.ceil(size / 10)
  const waiting = new Map<number, Map<number, GivenEdge>>()
  for (let count = 0; count < edgeCount;) {
    const later = firstLeaf + 1 + pick(size - firstLeaf - 1)
    const earlier = Math.max(firstLeaf, later - 1 - pick(300))
    const known = waiting.get(later) ?? new Map<number, GivenEdge>()
    if (known.has(earlier)) continue
    const lag = pick(10) === 0 ? { lag_hours: pick(24) } : {}
    known.set(earlier, { work_order: made[later]?.id ?? '', predecessor: made[earlier]?.id ?? '', ...lag })
    waiting.set(later, known)
    count += 1
  }
  return [...waiting].toSorted(([a], [b]) => a - b).flatMap(([, edges]) => [...edges.values()])
}

/** What autovacuum does within a minute. */
async function analyze({ service }: World): Promise<void> {
  const client = new Client({ connectionString: service.installation.adminUrl() })
  await client.connect()
  await client.query('vacuum analyze')
  await client.end()
}

async function timeService(url: string, key: string): Promise<{ took: number[]; last: Answer }> {
  const took: number[] = []
  let last = await send('GET', url, key)
  for (let i = 0; i < times; i += 1) {
    const start = performance.now()
    const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
    const bytes = (await response.arrayBuffer()).byteLength
    took.push(performance.now() - start)
    last = { ...last, bytes }
  }
  return { took, last }
}

/** Reads the rows and edges of the tree as they are, and makes the answer into JSON: less cannot be done. */
async function openCeiling({ service, operator }: World, rootId: string) {
  const client = new Client({ connectionString: service.installation.urlOf('docket_app') })
  await client.connect()
  await client.query(`select set_config('docket.tenant_id', $1, false)`, [operator.tenantId])
  const read = [
    {
      name: 'rows',
      text: `select wo.id, wo.number, wo.title, wo.status, wo.category, wo.assignee_id, wo.parent_id, wo.estimated_hours, wo.actual_hours,
                    wo.actual_start, wo.actual_end, wo.planned_start, wo.planned_end, wo.hold, wo.blocker, wo.waiver, wo.attributes ->> 'cost'
               from tree_nodes n join work_orders wo on wo.tenant_id = n.tenant_id and wo.id = n.work_order_id where n.root_id = $1`,
    },
    {
      name: 'edges',
      text: `select d.predecessor_id, d.work_order_id, d.lag_hours from tree_nodes n
               join dependencies d on d.tenant_id = n.tenant_id and d.work_order_id = n.work_order_id where n.root_id = $1`,
    },
  ]
  return {
    async time(answer: unknown): Promise<number[]> {
      const took: number[] = []
      for (let i = 0; i < times; i += 1) {
        const start = performance.now()
        for (const query of read) await client.query({ ...query, values: [rootId] })
        JSON.stringify(answer)
        took.push(performance.now() - start)
      }
      return took
    },
    close: () => client.end(),
  }
}

/** With the ids of real work orders: to number them is part of it. */
function timePure(): void {
  const ids = Array.from({ length: pureSize }, () => randomUUID())
  const nodes = ids.map((id, i) => ({
    id,
    parentId: i === 0 ? null : (ids[Math.floor((i - 1) / 10)] ?? null),
  }))
  const firstLeaf = pureSize / 10
  const edges = Array.from({ length: pureEdges }, () => {
    const later = firstLeaf + 1 + pick(pureSize - firstLeaf - 1)
    const earlier = Math.max(firstLeaf, later - 1 - pick(500))
    return { from: ids[earlier] ?? '', to: ids[later] ?? '', lagHours: 0 }
  })
  const timing = {
    mode: new Uint8Array(pureSize),
    hours: Float64Array.from(ids, () => 1 + pick(16)),
    began: new Float64Array(pureSize),
    ended: new Float64Array(pureSize),
  }
  const whole: number[] = []
  const reckoned: number[] = []
  for (let i = 0; i < 20; i += 1) {
    const start = performance.now()
    const network = toNetwork(nodes, edges)
    const between = performance.now()
    const reckoning = { network, timing, nowMs: 0, ends: [0] }
    findCriticalPaths(reckoning, reckon(reckoning), 10)
    whole.push(performance.now() - start)
    reckoned.push(performance.now() - between)
  }
  console.log(
    `pure function, ${pureSize} nodes and ${pureEdges} edges: ${percentile(whole, 0.5).toFixed(0)} ms (longest of 20: ${Math.max(...whole).toFixed(0)} ms), of which numbering ids and sorting ${(percentile(whole, 0.5) - percentile(reckoned, 0.5)).toFixed(0)} ms`,
  )
}
