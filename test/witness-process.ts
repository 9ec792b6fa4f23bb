/** The witness as a process of its own, as its README starts it. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type WitnessProcess = {
  readonly url: string
  readonly vkey: string
  /** JSON lines that it has said after the first. */
  readonly said: readonly string[]
  add(body: string): Promise<{ status: number; type: string; text: string }>
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}
export type WitnessStart = {
  readonly data: string
  readonly logs: readonly string[]
  readonly name?: string
  /** User and group that it runs as; only root may say so. */
  readonly uid?: number
  readonly port?: number
}

const program = fileURLToPath(new URL('../witness/docket-witness.ts', import.meta.url))

const children = new Set<ChildProcess>()

/** Ends every witness that this test file has started, also those that a failed test left behind. */
export async function stopWitnesses(): Promise<void> {
  await Promise.all(
    [...children].map(async (child) => {
      const ended = once(child, 'close')
      child.kill('SIGTERM')
      await ended
    }),
  )
}

/** Resolves when it listens; throws what it said on standard error when it ends instead. */
export async function startWitness({
  data,
  logs,
  name,
  uid,
  port = 0,
}: WitnessStart): Promise<WitnessProcess> {
  const args = ['--data', data, '--port', String(port), ...logs.flatMap((vkey) => ['--log', vkey])]
  const child = spawn(process.execPath, [program, ...args, ...(name === undefined ? [] : ['--name', name])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  children.add(child)
  child.once('close', () => children.delete(child))
  const said: string[] = []
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const lines = createInterface({ input: child.stdout })
  const exited = once(child, 'close') as Promise<[number | null]>
  const first = once(lines, 'line') as Promise<[string]>
  const started = await Promise.race([first, exited.then(([code]) => code)])
  if (!Array.isArray(started)) throw new Error(`the witness ended with ${started}: ${complaint.trim()}`)
  lines.on('line', (line) => said.push(line))
  const { listening, vkey } = JSON.parse(started[0]) as { listening: string; vkey: string }
  return {
    url: listening,
    vkey,
    said,
    async add(body) {
      const response = await fetch(`${listening}/add-checkpoint`, { method: 'POST', body })
      return {
        status: response.status,
        type: response.headers.get('content-type') ?? '',
        text: await response.text(),
      }
    },
    async kill(signal) {
      child.kill(signal)
      await exited
    },
  }
}
