/**
 * Creations per second over HTTP with 64 clients, beside the ceiling in the same run: the same rows (work order,
 * number, entry) as one prepared call from a bare driver on as many connections as the service has.
 */
import { createHash, randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { load } from './http-load.ts'
import { machine, openWorld, percentile, residentMb, serveWorld } from './world.ts'
import type { World } from './world.ts'

const clients = Number(process.argv[2] ?? 64)
const seconds = Number(process.argv[3] ?? 8)
const rounds = Number(process.argv[4] ?? 3)
const connections = 12

const ceilingSql = `
  with entry as (
    insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
    values ($1, 'work_order', $2, 1, 'created', $3, now(), $4, $5)),
  number as (insert into work_order_numbers (number, work_order_id) values ($6, $2))
  insert into work_orders (id, number, lifecycle, status, category, title, description, priority, regulatory, origin, requester_id,
                           version, entry_seq, entry_id, entry_head)
  values ($2, $6, 'fleet', 'pending', 'initial', '[Bench-Load] one of many', 'a description of some length', 'medium', false, 'manual', $3,
          1, 1, $1, $4)`

const world = await openWorld()
try {
  const served = await serveWorld(world.folder)
  const ratios: number[] = []
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const limit = await ceiling(world, round)
      for (const lifecycle of ['fleet', 'change-control']) {
        const body = JSON.stringify({
          lifecycle,
          title: '[Bench-Load] one of many',
          description: 'a description of some length',
        })
        const http = await load(served.url, world.key, clients, seconds, () => ({
          method: 'POST',
          path: '/v1/work-orders',
          body,
        }))
        const rate = http.done / http.seconds
        if (lifecycle === 'fleet') ratios.push(rate / limit)
        console.log(
          `round ${round}: ${rate.toFixed(0)} ${lifecycle} work orders/s over HTTP, p99 ${percentile(http.latenciesMs, 0.99).toFixed(1)} ms; ceiling ${limit.toFixed(0)}/s; ratio ${(rate / limit).toFixed(2)}; refused ${http.refused}; memory ${residentMb(served.pid)} MB`,
        )
        if (http.firstRefusal !== undefined) console.log(http.firstRefusal)
      }
    }
  } finally {
    await served.stop()
  }
  console.log(
    `${clients} clients, ${seconds} s a round: median ratio ${percentile(ratios, 0.5).toFixed(2)} of the ceiling (${machine()})`,
  )
} finally {
  await world.close()
}

async function ceiling({ service, operator }: World, round: number): Promise<number> {
  const url = service.installation.urlOf('docket_app')
  const pool = Array.from(
    { length: connections },
    () => new Client({ connectionString: url, options: '-c plan_cache_mode=force_generic_plan' }),
  )
  await Promise.all(pool.map((client) => client.connect()))
  const body = randomBytes(900)
  const leaf = createHash('sha256').update(Buffer.of(0)).update(body).digest()
  let done = 0
  const start = performance.now()
  const until = start + seconds * 500
  await Promise.all(
    pool.map(async (client) => {
      await client.query(`select set_config('docket.tenant_id', $1, false)`, [operator.tenantId])
      while (performance.now() < until) {
        done += 1
        const values = [uuidv7(), uuidv7(), operator.id, leaf, body, `bench-${round}-${done}`]
        await client.query({ name: 'ceiling', text: ceilingSql, values })
      }
    }),
  )
  const rate = done / ((performance.now() - start) / 1000)
  await Promise.all(pool.map((client) => client.end()))
  return rate
}
