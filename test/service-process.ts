/** `npm start` as a process of its own, as a stranger starts it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'

export type ServiceProcess = {
  readonly port: number
  /** Milliseconds from the start to the first answer of /readyz. */
  readonly readyMs: number
  /** SIGTERM to npm, as a supervisor sends it; throws when the service does not end in time. */
  stop(): Promise<void>
}

const stopMs = 20_000

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** Starts the service on a free port; throws when it does not serve within `mostMs`. */
export async function startService(
  folder: string,
  mostMs: number,
  { settings = {}, onOutput }: { settings?: NodeJS.ProcessEnv; onOutput?: (text: string) => void } = {},
): Promise<ServiceProcess> {
  const port = await findFreePort()
  const start = performance.now()
  const npm = spawn('npm', ['start'], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, PORT: String(port), DOCKET_DATA: folder, LOG_LEVEL: 'warn', ...settings },
    stdio: ['ignore', 'pipe', onOutput === undefined ? 'inherit' : 'pipe'],
  })
  for (const stream of [npm.stdout, npm.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text))
  const stop = async (): Promise<void> => {
    const ended = npm.exitCode === null ? once(npm, 'exit') : Promise.resolve()
    npm.kill('SIGTERM')
    const stopped = await Promise.race([ended.then(() => true), setTimeout(stopMs, false, { ref: false })])
    if (!stopped) npm.kill('SIGKILL')
    if (!stopped) throw new Error(`npm start does not stop ${stopMs} ms after SIGTERM`)
  }
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
    const readyMs = performance.now() - start
    if (response?.status === 200) return { port, readyMs, stop }
    if (npm.exitCode !== null) throw new Error(`npm start ended with ${npm.exitCode}`)
    if (readyMs > mostMs) {
      await stop()
      throw new Error(`npm start does not serve after ${mostMs} ms`)
    }
    await setTimeout(50)
  }
}
