/**
 * What the tests of the embedded database share: a folder and processes that are put away after each test. Only
 * for tests; every process that is ended here was started here.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { type EmbeddedServer, openEmbedded } from '#platform/embedded.ts'
import { SetupProblem } from '#platform/error.ts'

export const isRoot = process.getuid?.() === 0

/** What one test uses and what is put away after it, whether it passed or not. */
export function usePlace(t: TestContext) {
  const top = mkdtempSync(join(tmpdir(), 'docket-embedded-'))
  if (isRoot) chmodSync(top, 0o711)
  const dir = join(top, 'docket')
  const servers: EmbeddedServer[] = []
  const children: ChildProcess[] = []
  t.after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await Promise.allSettled(servers.map((server) => server.release()))
    rmSync(top, { recursive: true, force: true, maxRetries: 20 })
  })
  const keep = <C extends ChildProcess>(child: C): C => {
    children.push(child)
    return child
  }
  return {
    top,
    dir,
    data: join(dir, 'postgres'),
    keep,
    open: async (): Promise<EmbeddedServer> => {
      const server = await openEmbedded(dir)
      servers.push(server)
      return server
    },
    /** Another process that opens the folder, says its URL and releases when its input ends. */
    startChild: (code = childOpens) => {
      const from = ['embedded.ts', 'embedded-lock.ts'].map((f) => new URL(f, import.meta.url).href)
      return keep(
        spawn(process.execPath, ['--input-type=module', '-e', code, dir, ...from], {
          detached: true,
          stdio: ['pipe', 'pipe', 'inherit'],
        }),
      )
    },
  }
}

const childOpens = `
  const { openEmbedded } = await import(process.argv[2])
  const server = await openEmbedded(process.argv[1])
  console.log(server.adminUrl())
  for await (const _ of process.stdin);
  await server.release()`
export const childLocks = `
  const { withLock } = await import(process.argv[3])
  await withLock(process.argv[1] + '/run/lock', async () => {
    console.log('held')
    for await (const _ of process.stdin);
  })`

export async function readLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout)
  const lines = createInterface({ input: child.stdout })
  const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?]
  assert.ok(line, 'the child ended without a word')
  return line
}

export async function end(child: ChildProcess, how: 'release' | 'SIGKILL'): Promise<void> {
  const exit = once(child, 'exit')
  if (how === 'release') child.stdin?.end()
  else child.kill(how)
  await exit
}

export async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const result = await client.query<Record<string, unknown>>(sql)
    return Object.values(result.rows[0] ?? {})[0]
  } finally {
    await client.end()
  }
}

export async function until(what: string, met: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!met()) {
    assert.ok(Date.now() < deadline, `waited in vain until ${what}`)
    await delay(5)
  }
}

export const readPid = (data: string): number =>
  Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])

export async function assertRefused(work: () => Promise<unknown>, ...parts: RegExp[]): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof SetupProblem, String(error))
    for (const part of parts) assert.match(error.message, part)
    assert.doesNotMatch(error.message, /\n/)
    return true
  })
}
