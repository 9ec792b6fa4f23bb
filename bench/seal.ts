/**
 * What sealing costs and how far it is behind: `node bench/seal.ts [clients] [seconds] [rounds]`. The transitions over
 * HTTP of `bench/transitions.ts`, with the sealer of the service held off (this process holds the lock of the log)
 * and with it, in turns; the lag of an entry is from its own time to that of the first checkpoint that covers it.
 */
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { withClient } from '#platform/database.ts'
import { fill, overHttp, perClient } from './transition-load.ts'
import { machine, openWorld, percentile, serveWorld } from './world.ts'
import type { World } from './world.ts'

const clients = Number(process.argv[2] ?? 64)
const seconds = Number(process.argv[3] ?? 10)
const rounds = Number(process.argv[4] ?? 3)
const mostCatchUpMs = 120_000

type Standing = { readonly entries: number; readonly leaves: number }

const ask = async <Row extends object>(world: World, text: string, values: unknown[] = []): Promise<Row[]> =>
  withClient(
    world.service.installation.adminUrl(),
    async (client) => (await client.query<Row>(text, values)).rows,
  )

async function loadStanding(world: World): Promise<Standing> {
  const [row] = await ask<Standing>(
    world,
    'select (select count(*) from entries) as entries, (select count(*) from log_leaves) as leaves',
  )
  return row ?? { entries: 0, leaves: 0 }
}

/** Until everything is sealed; gives the leaves sealed in a second on the way. */
async function catchUp(world: World): Promise<{ readonly leaves: number; readonly rate: number }> {
  const began = performance.now()
  const { leaves: before } = await loadStanding(world)
  for (;;) {
    const { entries, leaves } = await loadStanding(world)
    const ms = performance.now() - began
    if (entries === leaves) return { leaves, rate: ((leaves - before) / ms) * 1000 }
    if (ms > mostCatchUpMs) throw new Error(`${entries - leaves} entries are not sealed`)
    await setTimeout(50)
  }
}

/** The sealer finds the log taken for as long as this is open. */
async function holdSealer(world: World): Promise<Client> {
  const client = new Client({ connectionString: world.service.installation.urlOf('docket_sealer') })
  await client.connect()
  await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [
    `docket.seal ${world.operator.tenantId}`,
  ])
  return client
}

/** Milliseconds for each leaf of [from, to). */
async function listLags(world: World, from: number, to: number): Promise<number[]> {
  const rows = await ask<{ lag: number }>(
    world,
    `select extract(epoch from c.created_at - e.at)::float8 * 1000 as lag
       from (select tree_size, created_at, coalesce(lag(tree_size) over (order by tree_size), 0) as before from checkpoints) c
       join log_leaves l on l.leaf_index >= c.before and l.leaf_index < c.tree_size
       join entries e on e.id = l.entry_id
      where l.leaf_index >= $1 and l.leaf_index < $2`,
    [from, to],
  )
  return rows.map(({ lag }) => lag)
}

const world = await openWorld()
try {
  const ids = await fill(world, clients * perClient)
  const served = await serveWorld(world.folder)
  const drops: number[] = []
  const lags: number[] = []
  try {
    await overHttp(served.url, world.key, ids, 5)
    for (let round = 1; round <= rounds; round += 1) {
      await catchUp(world)
      const held = await holdSealer(world)
      const without = await overHttp(served.url, world.key, ids, seconds)
      await held.end()
      const { leaves: from, rate } = await catchUp(world)
      const sealing = await overHttp(served.url, world.key, ids, seconds)
      const { leaves: to } = await catchUp(world)
      const ofRound = await listLags(world, from, to)
      const [off, on] = [without, sealing].map(({ done, seconds: took }) => done / took)
      const drop = 1 - (on ?? 0) / (off ?? 1)
      drops.push(drop)
      lags.push(...ofRound)
      console.log(
        `round ${round}: ${off?.toFixed(0)} transitions/s unsealed, ${on?.toFixed(0)}/s sealed: ${(drop * 100).toFixed(1)} % less;` +
          ` lag p50 ${percentile(ofRound, 0.5).toFixed(0)} ms, p99 ${percentile(ofRound, 0.99).toFixed(0)} ms, most ${Math.max(...ofRound).toFixed(0)} ms over ${ofRound.length} entries;` +
          ` what had piled up was sealed at ${rate.toFixed(0)}/s; refused ${without.refused + sealing.refused}`,
      )
    }
  } finally {
    await served.stop()
  }
  console.log(
    `${clients} clients, ${seconds} s a turn: median ${(percentile(drops, 0.5) * 100).toFixed(1)} % fewer transitions with sealing, lag p99 ${percentile(lags, 0.99).toFixed(0)} ms (${machine()})`,
  )
} finally {
  await world.close()
}
