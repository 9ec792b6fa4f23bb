/** What benchmarks stand on: an installation in a folder of its own, a tenant with people and keys, the service as a process. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueHostKey } from '#capabilities/tenant/demo.ts'
import { asOperator, foundTenant } from '#capabilities/tenant/found.ts'
import type { Operator } from '#capabilities/tenant/found.ts'
import { createPrincipal } from '#capabilities/principal/operations.ts'
import { openService } from '#edges/open-service.ts'
import type { OpenService } from '#edges/open-service.ts'
import { readConfig } from '#platform/config.ts'

export type World = {
  readonly folder: string
  readonly service: OpenService
  readonly operator: Operator
  readonly key: string
  close(): Promise<void>
}

/** A fresh installation with one tenant, and one captain whose key every client uses. */
export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'docket-bench-'))
  chmodSync(folder, 0o711)
  const service = await openService(readConfig({ DOCKET_DATA: folder, LOG_LEVEL: 'warn' }), 'bench', {
    connections: 12,
  })
  const founded = await foundTenant(service.floor, {
    slug: 'bench',
    name: 'Bench',
    default_lifecycle: 'fleet',
  })
  if (!founded.ok) throw new Error(founded.refusal.code)
  const operator = founded.value
  const made = await asOperator(service.floor, operator, (tx) =>
    createPrincipal(tx, { name: 'Captain', kind: 'human', roles: ['captain', 'operator'] }),
  )
  if (!made.ok) throw new Error(made.refusal.code)
  const key = (await issueHostKey(service.floor, operator, 'Captain', 'bench')) ?? ''
  return {
    folder,
    service,
    operator,
    key,
    async close() {
      await service.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Served = { readonly url: string; readonly pid: number; stop(): Promise<void> }

/** The options of node that `npm start` gives. */
function startOptions(): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    scripts: { start: string }
  }
  return scripts.start.split(' ').filter((word) => word.startsWith('--'))
}

/** The real service, in a process of its own, on a free port. */
export async function serveWorld(folder: string, settings: Record<string, string> = {}): Promise<Served> {
  const child: ChildProcess = spawn(
    process.execPath,
    [...(process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? startOptions()), 'src/main.ts', 'serve'],
    {
      env: { ...process.env, DOCKET_DATA: folder, PORT: '0', LOG_LEVEL: 'info', ...settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const match = /Docket is at (http:\/\/[\d.]+:\d+)/.exec(text)
      if (match?.[1] !== undefined) resolve(match[1])
    })
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}: ${text}`)))
  })
  return {
    url,
    pid: child.pid ?? 0,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill('SIGTERM')
      }),
  }
}

/** Resident memory of a process in MB, from the kernel. */
export function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kb) / 1024)
}

export const machine = (): string =>
  `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`

/** The value below which this share of the sorted numbers lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
