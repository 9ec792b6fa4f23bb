/**
 * Transitions per second over HTTP with 64 clients, beside its ceiling in the same run: the same update and
 * entry as one prepared call from a bare driver, on as many connections as the service has and on as many as
 * there are clients; the higher of the two counts.
 */
import { createHash, randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { create } from '#capabilities/work-order/create.ts'
import { transition } from '#capabilities/work-order/transition.ts'
import { perform } from '#platform/perform.ts'
import type { Actor } from '#domain/principal.ts'
import { load } from './http-load.ts'
import { runPgbench } from './pgbench.ts'
import { machine, openWorld, percentile, residentMb, serveWorld } from './world.ts'
import type { World } from './world.ts'

const clients = Number(process.argv[2] ?? 64)
const seconds = Number(process.argv[3] ?? 10)
const rounds = Number(process.argv[4] ?? 3)

const world = await openWorld()
try {
  const ids = await fill(world, clients)
  const served = await serveWorld(world.folder)
  const ratios: number[] = []
  try {
    await overHttp(served.url, world.key, ids, 3)
    for (let round = 1; round <= rounds; round += 1) {
      const few = await ceiling(world, ids, 12)
      const many = await ceiling(world, ids, clients)
      const http = await overHttp(served.url, world.key, ids, seconds)
      const rate = http.done / http.seconds
      ratios.push(rate / Math.max(few, many))
      console.log(
        `round ${round}: ${rate.toFixed(0)} transitions/s over HTTP, p50 ${percentile(http.latenciesMs, 0.5).toFixed(1)} ms, p99 ${percentile(http.latenciesMs, 0.99).toFixed(1)} ms;` +
          ` ceiling ${few.toFixed(0)}/s on 12 connections, ${many.toFixed(0)}/s on ${clients}; ratio ${(rate / Math.max(few, many)).toFixed(2)}; refused ${http.refused}; memory ${residentMb(served.pid)} MB`,
      )
      if (http.firstRefusal !== undefined) console.log(http.firstRefusal)
    }
  } finally {
    await served.stop()
  }
  const inC = runPgbench(world, ids, 12, 4)
  if (inC !== undefined) console.log(`pgbench, the same statement on 12 connections: ${inC.toFixed(0)}/s`)
  console.log(
    `${clients} clients, ${seconds} s a round: median ratio ${percentile(ratios, 0.5).toFixed(2)} of the ceiling (${machine()})`,
  )
} finally {
  await world.close()
}

/** One fleet work order per client, in progress. */
async function fill({ service, operator, key }: World, count: number): Promise<string[]> {
  const actor = await service.identity.authenticate({ bearer: key }, 'bench')
  if (actor === undefined) throw new Error('the key of the bench does not work')
  const run = async (
    operation: typeof create | typeof transition,
    input: unknown,
    as: Actor,
  ): Promise<{ id: string }> => {
    const decision = await perform(service.floor, operation, as, input, { requestId: 'fill' })
    if (!decision.ok) throw new Error(JSON.stringify(decision.refusal))
    return decision.value.output as { id: string }
  }
  const ids: string[] = []
  for (let i = 0; i < count; i += 1) {
    const { id } = await run(
      create,
      { title: `[Bench-Load] work order ${i}`, description: 'one of many', assignee: 'Captain' },
      actor,
    )
    await run(transition, { id, to: 'accepted' }, actor)
    await run(transition, { id, to: 'in_progress' }, actor)
    ids.push(id)
  }
  void operator
  return ids
}

function overHttp(url: string, key: string, ids: readonly string[], duration: number) {
  const states = ids.map(() => 'in_progress')
  return load(url, key, clients, duration, (client) => {
    const to = states[client] === 'in_progress' ? 'blocked' : 'in_progress'
    states[client] = to
    return {
      method: 'POST',
      path: `/v1/work-orders/${ids[client]}/transitions`,
      body: JSON.stringify({ to, notes: 'waiting for the endpoint' }),
    }
  }).then(async (result) => {
    // Leave every work order in progress, so that the next round begins like this one.
    for (const [client, id] of ids.entries()) {
      if (states[client] === 'in_progress') continue
      await fetch(`${url}/v1/work-orders/${id}/transitions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ to: 'in_progress', notes: 'resumed' }),
      })
    }
    return result
  })
}

/** The database's own limit: update and entry in one prepared statement, tables, triggers and row security as they are. */
async function ceiling(
  { service, operator }: World,
  ids: readonly string[],
  connections: number,
): Promise<number> {
  const pool = Array.from(
    { length: connections },
    () =>
      new Client({
        connectionString: service.installation.urlOf('docket_app'),
        options: '-c plan_cache_mode=force_generic_plan',
      }),
  )
  await Promise.all(pool.map((client) => client.connect()))
  const text = `
    with entry as (
      insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
      values ($1, 'work_order', $2, $3, 'blocked', $4, now(), $5, $6))
    update work_orders set status = $7, category = $8, notes = $9, version = version + 1, updated_at = now(),
           entry_seq = $3, entry_id = $1, entry_head = $5
     where id = $2`
  const body = randomBytes(700)
  const leaf = createHash('sha256').update(Buffer.of(0)).update(body).digest()
  const heads = await pool[0]
    ?.query<{ id: string; entry_seq: number; status: string }>(
      `select set_config('docket.tenant_id', $1, false)`,
      [operator.tenantId],
    )
    .then(() =>
      pool[0]?.query<{ id: string; entry_seq: number; status: string }>(
        'select id, entry_seq, status from work_orders',
      ),
    )
  const rows = (heads?.rows ?? []).filter((row) => ids.includes(row.id))
  let done = 0
  const start = performance.now()
  const until = start + 4000
  await Promise.all(
    pool.map(async (client, i) => {
      await client.query(`select set_config('docket.tenant_id', $1, false)`, [operator.tenantId])
      const mine = rows.filter((_row, n) => n % connections === i)
      for (let turn = 0; performance.now() < until; turn += 1) {
        for (const row of mine) {
          const blocked = row.status !== 'blocked'
          row.status = blocked ? 'blocked' : 'in_progress'
          row.entry_seq += 1
          await client.query({
            name: 'ceiling',
            text,
            values: [
              uuidv7(),
              row.id,
              row.entry_seq,
              operator.id,
              leaf,
              body,
              row.status,
              blocked ? 'held' : 'active',
              'waiting for the endpoint',
            ],
          })
          done += 1
        }
      }
      for (const row of mine) {
        if (row.status === 'in_progress') continue
        row.entry_seq += 1
        await client.query({
          name: 'ceiling',
          text,
          values: [uuidv7(), row.id, row.entry_seq, operator.id, leaf, body, 'in_progress', 'active', 'x'],
        })
      }
    }),
  )
  const rate = done / ((performance.now() - start) / 1000)
  await Promise.all(pool.map((client) => client.end()))
  return rate
}
