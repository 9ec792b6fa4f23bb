/**
 * Transitions per second over HTTP with 64 clients, each working through fifty work orders of its own, ten moves
 * at a time, beside its ceiling in the same run: the same update and
 * entry as one prepared call from a bare driver, on as many connections as the service has and on as many as
 * there are clients; the higher of the two counts.
 */
import { createHash, randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { runPgbench } from './pgbench.ts'
import { fill, overHttp, perClient, turnOf } from './transition-load.ts'
import { machine, openWorld, percentile, residentMb, serveWorld } from './world.ts'
import type { World } from './world.ts'

const clients = Number(process.argv[2] ?? 64)
const seconds = Number(process.argv[3] ?? 10)
const rounds = Number(process.argv[4] ?? 5)

const ceilingSql = `
  with entry as (
    insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
    values ($1, 'work_order', $2, $3, 'blocked', $4, now(), $5, $6))
  update work_orders set status = $7, category = $8, notes = $9, version = version + 1, updated_at = now(),
         entry_seq = $3, entry_id = $1, entry_head = $5
   where id = $2`

const world = await openWorld()
try {
  const ids = await fill(world, clients * perClient)
  const served = await serveWorld(world.folder)
  const ratios: number[] = []
  try {
    // Code that has not run hot yet is not what is measured.
    await overHttp(served.url, world.key, ids, 8)
    for (let round = 1; round <= rounds; round += 1) {
      const few = await ceiling(world, 12)
      const many = await ceiling(world, clients)
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

type Row = { id: string; entry_seq: number; status: string }

/** The database's own limit: update and entry in one prepared statement, tables, triggers and row security as they are. */
async function ceiling({ service, operator }: World, connections: number): Promise<number> {
  const url = service.installation.urlOf('docket_app')
  const options = `-c plan_cache_mode=force_generic_plan -c docket.tenant_id=${operator.tenantId}`
  const pool = Array.from({ length: connections }, () => new Client({ connectionString: url, options }))
  await Promise.all(pool.map((client) => client.connect()))
  const body = randomBytes(700)
  const leaf = createHash('sha256').update(Buffer.of(0)).update(body).digest()
  const move = async (client: Client, row: Row): Promise<void> => {
    const blocks = row.status !== 'blocked'
    row.status = blocks ? 'blocked' : 'in_progress'
    row.entry_seq += 1
    const state = [row.status, blocks ? 'held' : 'active', 'waiting for the endpoint']
    const values = [uuidv7(), row.id, row.entry_seq, operator.id, leaf, body, ...state]
    await client.query({ name: 'ceiling', text: ceilingSql, values })
  }
  const rows =
    (await pool[0]?.query<Row>('select id, entry_seq, status from work_orders order by id'))?.rows ?? []
  let done = 0
  const start = performance.now()
  const until = start + 4000
  await Promise.all(
    pool.map(async (client, i) => {
      const mine = rows.filter((_row, n) => n % connections === i)
      for (let turn = 0; performance.now() < until; turn += 1) {
        const row = mine[turnOf(turn, mine.length)]
        if (row !== undefined) await move(client, row)
        done += 1
      }
    }),
  )
  const rate = done / ((performance.now() - start) / 1000)
  for (const row of rows) if (row.status === 'blocked' && pool[0] !== undefined) await move(pool[0], row)
  await Promise.all(pool.map((client) => client.end()))
  return rate
}
