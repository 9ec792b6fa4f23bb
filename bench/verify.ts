/**
 * How fast the verifier derives chains again, beside what the machine can do at all in the same minute:
 * `node bench/verify.ts [entries]`. It fills a tenant in an embedded database in a temporary folder, verifies
 * it, and prints wall-clock and processor time, PostgreSQL's own included.
 */
import { hash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { openSealing, sealTenant } from '#capabilities/log/sealer.ts'
import { verifyTenant } from '#capabilities/verify/verify.ts'
import { openService } from '#edges/open-service.ts'
import { readConfig } from '#platform/config.ts'
import type { Config } from '#platform/config.ts'
import { withClient } from '#platform/database.ts'
import { openInstallation } from '#platform/setup.ts'
import type { Installation } from '#platform/setup.ts'
import { fill, found } from './fill.ts'

/** Bodies that are kept in memory for the ceilings. */
const sample = 100_000
const runs = 3

/** Processor seconds of the server and all that it started, the ended ones included. */
function serverSeconds(folder: string): number {
  const files = readdirSync(folder, { recursive: true }).map(String)
  const file = files.find((name) => name.endsWith('postmaster.pid')) ?? ''
  const postmaster = readFileSync(join(folder, file), 'utf8').split('\n')[0]?.trim() ?? ''
  let ticks = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /, '')
        .split(' ')
        .map(Number)
      const [, parent] = fields
      if (pid === postmaster) ticks += [11, 12, 13, 14].reduce((sum, i) => sum + (fields[i] ?? 0), 0)
      else if (String(parent) === postmaster) ticks += (fields[11] ?? 0) + (fields[12] ?? 0)
    } catch {
      // Gone meanwhile.
    }
  }
  return ticks / 100
}

type Spent = { readonly seconds: number; readonly own: number; readonly server: number }

async function measure(folder: string, work: () => unknown): Promise<Spent> {
  const own = process.cpuUsage()
  const server = serverSeconds(folder)
  const began = performance.now()
  await work()
  const seconds = (performance.now() - began) / 1000
  await new Promise((resolve) => setTimeout(resolve, 200)) // ended backends are counted once they are gone
  const used = process.cpuUsage(own)
  return { seconds, own: (used.user + used.system) / 1e6, server: serverSeconds(folder) - server }
}

function print(what: string, entries: number, { seconds, own, server }: Spent): void {
  const perSecond = (value: number): string => `${Math.round(entries / value / 1000)}k/s`
  console.log(
    `${what.padEnd(34)} ${seconds.toFixed(2)} s ${perSecond(seconds).padStart(8)} wall | cpu: node ${own.toFixed(2)} s, PostgreSQL ${server.toFixed(2)} s, together ${perSecond(own + server)} per core`,
  )
}

/** Reads and hashes every body in the plainest way: pages of a query, by id, on one connection. */
async function readPlainly(client: pg.Client, tenantId: string): Promise<{ count: number; kept: Buffer[] }> {
  const kept: Buffer[] = []
  let count = 0
  for (let from = '00000000-0000-0000-0000-000000000000'; ;) {
    const { rows } = await client.query<{ id: string; body: Buffer }>(
      'select id, body from entries where tenant_id = $1 and id > $2 order by id limit 5000',
      [tenantId, from],
    )
    for (const { body } of rows) {
      hash('sha256', body, 'hex')
      if (kept.length < sample) kept.push(body)
    }
    count += rows.length
    const last = rows.at(-1)
    if (last === undefined) return { count, kept }
    from = last.id
  }
}

async function bench(folder: string, adminUrl: string, auditorUrl: string, tenantId: string): Promise<void> {
  const threads = [...new Set([1, 2, Math.min(availableParallelism(), 8)])]
  for (const count of threads) {
    for (let run = 1; run <= runs; run += 1) {
      let entries = 0
      const spent = await measure(folder, async () => {
        const report = await verifyTenant(auditorUrl, tenantId, undefined, count)
        if (report.damages.length > 0) throw new Error(`damaged: ${JSON.stringify(report.damages[0])}`)
        entries = report.entries
      })
      print(`verify, ${count} thread${count === 1 ? '' : 's'}, run ${run}`, entries, spent)
    }
  }
  await withClient(adminUrl, async (client) => {
    let read = { count: 0, kept: [] as Buffer[] }
    const plain = await measure(folder, async () => (read = await readPlainly(client, tenantId)))
    print('ceiling: read by query and hashed', read.count, plain)
    const { kept } = read
    const hashed = await measure(folder, () => kept.forEach((body) => hash('sha256', body, 'hex')))
    print('ceiling: hashed in memory', kept.length, hashed)
    const parsed = await measure(folder, () => kept.forEach((body) => void JSON.parse(body.toString('utf8'))))
    print('ceiling: parsed in memory', kept.length, parsed)
    const bytes = kept.reduce((sum, body) => sum + body.length, 0)
    console.log(
      `${read.count} entries of ${Math.round(bytes / kept.length)} bytes, ${availableParallelism()} cores`,
    )
  })
}

/** The log is verified with everything else, so all of it is sealed first. */
async function seal(config: Config, installation: Installation, tenantId: string): Promise<void> {
  const shared = { ...installation, release: () => Promise.resolve() }
  const service = await openService({ ...config, LOG_LEVEL: 'warn' }, 'bench', {
    connections: 2,
    installed: shared,
  })
  const sealing = openSealing(() => installation.urlOf('docket_sealer'), service.floor, service.log)
  let leaves = 0
  const began = performance.now()
  for (let more = true; more;) {
    const sealed = await sealTenant(sealing, tenantId)
    leaves += sealed.leaves
    more = sealed.more
  }
  const rate = (leaves / (performance.now() - began)) * 1000
  console.log(`${leaves} entries sealed at ${Math.round(rate / 1000)}k/s`)
  await sealing.db.close()
  await service.close()
}

async function main(): Promise<void> {
  const entries = Number(process.argv[2] ?? 200_000)
  const folder = mkdtempSync(join(tmpdir(), 'docket-bench-'))
  chmodSync(folder, 0o711) // PostgreSQL runs as another user when we are root
  const config = readConfig({ ...process.env, DOCKET_DATA: join(folder, 'data') })
  const installation = await openInstallation(config)
  try {
    const operator = await found(installation)
    await withClient(installation.adminUrl(), async (client) => {
      await fill(client, operator, entries)
      await seal(config, installation, operator.tenantId)
      // What PostgreSQL still does about the filling must not be counted as verifying.
      await client.query('alter system set autovacuum = off')
      await client.query('select pg_reload_conf()')
      await client.query('checkpoint')
    })
    await bench(folder, installation.adminUrl(), installation.urlOf('docket_auditor'), operator.tenantId)
  } finally {
    await installation.release()
    rmSync(folder, { recursive: true, force: true })
  }
}

await main()
