/**
 * Where the storm takes place: a folder of its own, the real service as a process, its embedded PostgreSQL.
 * Whatever is killed here was started here, and is known by its pid.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { DemoKeys } from '#capabilities/tenant/demo.ts'
import { withClient } from '#platform/database.ts'

const program = new URL('../../src/main.ts', import.meta.url).pathname

export type Arena = {
  readonly folder: string
  readonly keys: DemoKeys
  readonly url: () => string
  startService(): Promise<void>
  killService(): Promise<void>
  /** The postmaster itself; its backends notice and end by themselves. */
  killPostmaster(): void
  /** One backend of the service: the postmaster then ends all the others and recovers. */
  killBackend(): Promise<void>
  /** Superuser of the database that the service uses. */
  adminUrl(): string
  /** What went wrong in the service by its own account: defects, and ends that nobody ordered. */
  complaints(): readonly string[]
  /** Ends the service, which ends its database, and removes the folder. */
  remove(): Promise<void>
}

export async function openArena(): Promise<Arena> {
  const top = mkdtempSync(join(tmpdir(), 'docket-storm-'))
  chmodSync(top, 0o711)
  const folder = join(top, 'docket')
  const complaints: string[] = []
  let url = ''
  let service: ChildProcess | undefined
  const environment = (): NodeJS.ProcessEnv => ({
    ...process.env,
    DATABASE_URL: '',
    DOCKET_DATA: folder,
    LOG_LEVEL: 'info',
    PORT: url === '' ? '0' : new URL(url).port,
  })
  const loaded = execFileSync(process.execPath, [program, 'demo', 'load', '--json'], {
    env: environment(),
    encoding: 'utf8',
  })
  const { tenants } = JSON.parse(loaded) as { tenants: DemoKeys }

  const endService = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    const ending = service
    service = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return null
    const exit = once(ending, 'exit')
    ending.kill(signal)
    return ((await exit) as [number | null])[0]
  }
  return {
    folder,
    keys: tenants,
    url: () => url,
    async startService() {
      assert.equal(service, undefined, 'the service runs already')
      const child = spawn(process.execPath, [program, 'serve'], {
        env: environment(),
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      service = child
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)))
      child.once('close', (code, signal) => {
        if (service === child) complaints.push(`the service ended by itself: ${code ?? signal}\n${said}`)
      })
      url = await awaitAddress(child, complaints, () => said)
    },
    killService: async () => void (await endService('SIGKILL')),
    killPostmaster: () => void process.kill(readPostmaster(folder), 'SIGKILL'),
    killBackend: () => killBackend(adminUrlOf(folder)),
    adminUrl: () => adminUrlOf(folder),
    complaints: () => complaints,
    async remove() {
      const code = await endService('SIGTERM')
      rmSync(top, { recursive: true, force: true, maxRetries: 20 })
      assert.ok(
        code === 0 || complaints.length > 0,
        `the service ended with ${code} when it was told to stop`,
      )
    },
  }
}

/** The address that the service logs once it serves; every defect that it logs is a complaint. */
function awaitAddress(child: ChildProcess, complaints: string[], said: () => string): Promise<string> {
  assert.ok(child.stdout)
  const lines = createInterface({ input: child.stdout })
  return new Promise<string>((resolve, reject) => {
    child.once('close', () => reject(new Error(`the service did not start: ${said()}`)))
    lines.on('line', (line) => {
      const found = /Docket is at (http:\/\/[^/]+)/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
      if (/"level":[56]0/.test(line)) complaints.push(line)
    })
  })
}

function readPostmaster(folder: string): number {
  const pid = Number(readFileSync(join(folder, 'postgres/postmaster.pid'), 'utf8').split('\n')[0])
  assert.ok(pid > 1)
  return pid
}

function adminUrlOf(folder: string): string {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8').trim()
  return `postgres://postgres:${read('postgres-password')}@127.0.0.1:${read('run/port')}/docket`
}

async function killBackend(adminUrl: string): Promise<void> {
  const pid = await withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'docket-serve' and usename = 'docket_app' order by random() limit 1`,
    )
    return rows[0]?.pid
  })
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
}
