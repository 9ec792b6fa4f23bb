/**
 * The README's first command, as a stranger meets it: `npm start` on an empty data folder, and again. Run by
 * .ci/run, once as each kind of user: `node test/smoke.ts`. Ends with 1 when a promise of the README breaks.
 */
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startService } from './service-process.ts'

const firstStartMs = 60_000
const nextStartMs = 5000
const stopMs = 20_000

const parent = mkdtempSync(join(tmpdir(), 'docket-smoke-'))
chmodSync(parent, 0o711) // the user of the embedded server passes through
const folder = join(parent, 'data')

async function startAndStop(mostMs: number): Promise<string> {
  const service = await startService(folder, mostMs)
  await service.stop()
  return `${(service.readyMs / 1000).toFixed(1)} s`
}

const first = await startAndStop(firstStartMs)
const second = await startAndStop(nextStartMs)
for (
  const start = performance.now();
  existsSync(join(folder, 'postgres', 'postmaster.pid'));
  await setTimeout(50)
)
  if (performance.now() - start > stopMs) throw new Error('PostgreSQL outlives the service')
rmSync(parent, { recursive: true })
console.log(
  `npm start as ${userInfo().username}: first start ${first}, second ${second}, both stopped by SIGTERM`,
)
