/**
 * Starts, finds and stops the one server of a folder. The server's own postmaster.pid is the record of who it
 * is, on which port and in which state; nothing of that is kept a second time. Only under the folder's lock.
 */
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { copyFile, open, rename, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Binaries, findBinaries } from '#platform/embedded-binary.ts'
import { assertReachable, ensureServerUser, type Folder, type ServerUser } from '#platform/embedded-folder.ts'
import { assertWhole, ensureInitialised, spawnAs } from '#platform/embedded-init.ts'
import {
  hasComplaint,
  toKilled,
  toNotRunnable,
  toStartFailed,
  toStillHeld,
  toStillStarting,
} from '#platform/embedded-problem.ts'
import {
  type Identity,
  isAlive,
  isPostmaster,
  listProcessesIn,
  readIdentity,
} from '#platform/embedded-process.ts'

export type Running = Identity & { port: number }
type Found = Running & { status: string }
/** How a server ended that did not come up. */
type Ended = { output: string; signal: string | null }

const pollMs = 10
const lingerMs = 20_000
const recoveryMs = 300_000
const logLimitBytes = 8 * 1024 * 1024
/** Above every system's highest pid: PostgreSQL sees that nobody has it. */
const deadPid = 2_147_483_647

const toPidFile = (folder: Folder): string => join(folder.data, 'postmaster.pid')

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** The living server of this folder in whatever state it is; a stale file and a reused pid are none. */
function findServer(folder: Folder): Found | undefined {
  const [pidLine = '', , , portLine = '', , , , status = ''] = readText(toPidFile(folder)).split('\n')
  const pid = Number(pidLine)
  const identity = readIdentity(pid)
  if (identity === undefined || !isPostmaster(pid, folder.data)) return undefined
  return { ...identity, port: Number(portLine), status: status.trim() }
}

/**
 * A stale postmaster.pid whose number now belongs to a stranger would stop the server from starting. Only the
 * number is replaced: the rest names the shared memory by which PostgreSQL knows lingering backends.
 */
function disarmStalePidFile(folder: Folder): void {
  const path = toPidFile(folder)
  const text = readText(path)
  if (text === '') {
    // Empty: a crash between creating and writing it. A young one may be a server that is just starting.
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat !== undefined && Date.now() - stat.mtimeMs > 2000) rmSync(path, { force: true })
    return
  }
  if (!isTaken(Number(text.split('\n')[0])) || findServer(folder) !== undefined) return
  writeFileSync(path, text.replace(/^[^\n]*/, String(deadPid)))
}

/** As PostgreSQL asks it: a zombie and other users' processes take a number too. */
function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isFree(port: number): Promise<number | undefined> {
  return new Promise((done) => {
    const probe = createServer()
    probe.once('error', () => done(undefined))
    probe.listen({ port, host: '127.0.0.1' }, () => {
      const address = probe.address()
      const found = address !== null && typeof address === 'object' ? address.port : undefined
      probe.close(() => done(found))
    })
  })
}

/** The port of the last time if it is free, so that pools of other processes find the server again. */
async function pickPort(folder: Folder, keep: boolean): Promise<number> {
  const last = Number(readText(folder.port))
  const kept = keep && Number.isInteger(last) && last > 1023 && last < 65_536 ? await isFree(last) : undefined
  const port = kept ?? (await isFree(0))
  if (port === undefined) throw new Error('no free port on 127.0.0.1')
  await writeFile(folder.port, `${port}\n`)
  return port
}

/** Keeps one older part; the server appends to the same open file, so it is emptied and not renamed. */
export async function trimLog(folder: Folder): Promise<void> {
  const stat = statSync(folder.log, { throwIfNoEntry: false })
  if (stat === undefined || stat.size < logLimitBytes) return
  await copyFile(folder.log, `${folder.log}.1.new`)
  await rename(`${folder.log}.1.new`, `${folder.log}.1`)
  await truncate(folder.log, 0)
}

async function readLogFrom(folder: Folder, offset: number): Promise<string> {
  const handle = await open(folder.log, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, offset)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Spawns the server detached from us and waits for its word. Gives its output when it ended instead. */
async function spawnServer(
  folder: Folder,
  user: ServerUser,
  binaries: Binaries,
  port: number,
): Promise<Running | Ended> {
  await trimLog(folder)
  const log = openSync(folder.log, 'a', 0o600)
  const offset = statSync(folder.log).size
  const fixed = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'logging_collector=off',
  ]
  const child = spawnAs(
    user,
    binaries.postgres,
    ['-D', folder.data, ...fixed.flatMap((set) => ['-c', set])],
    {
      cwd: folder.data,
      detached: true,
      stdio: ['ignore', log, log],
    },
  )
  let ended: { signal: string | null } | undefined
  let failure: Error | undefined
  child.on('exit', (_code, signal) => (ended = { signal }))
  child.on('error', (error) => (failure = error))
  child.unref()
  closeSync(log)
  const deadline = Date.now() + recoveryMs
  while (Date.now() < deadline) {
    if (failure !== undefined) throw toNotRunnable(binaries.postgres, failure)
    if (ended !== undefined) return { ...ended, output: await readLogFrom(folder, offset) }
    const found = findServer(folder)
    if (found !== undefined && found.pid === child.pid && found.status === 'ready') return found
    await delay(pollMs)
  }
  throw toStillStarting(folder.data, folder.log, recoveryMs / 1000)
}

/** A server that another process has just started or is stopping: waits until it is one or the other. */
async function awaitSettled(folder: Folder): Promise<Running | undefined> {
  const deadline = Date.now() + recoveryMs
  while (Date.now() < deadline) {
    const found = findServer(folder)
    if (found === undefined || found.status === 'ready') return found
    await delay(pollMs)
  }
  throw toStillStarting(folder.data, folder.log, recoveryMs / 1000)
}

/** Starts it, and again while what hindered it may pass: left-over backends, a taken port, somebody's kill. */
async function startServer(folder: Folder, user: ServerUser, binaries: Binaries): Promise<Running> {
  const deadline = Date.now() + lingerMs
  let keepPort = true
  for (;;) {
    const settled = await awaitSettled(folder)
    if (settled !== undefined) return settled
    disarmStalePidFile(folder)
    const outcome = await spawnServer(folder, user, binaries, await pickPort(folder, keepPort))
    if ('pid' in outcome) return outcome
    const { output, signal } = outcome
    const lingering = /pre-existing shared memory block|lock file "[^"]*" (already exists|is empty)/.test(
      output,
    )
    const portTaken = /could not create any TCP\/IP sockets|could not bind/.test(output)
    const killed = signal !== null && !hasComplaint(output)
    if (!lingering && !portTaken && !killed) throw toStartFailed(folder.data, folder.log, output)
    if (Date.now() > deadline) {
      if (killed) throw toKilled(folder.data, folder.log, signal)
      throw toStillHeld(folder.data, listProcessesIn(folder.data))
    }
    if (portTaken) keepPort = false
    await delay(200)
  }
}

/** Makes the data folder if there is none, and gives the running server, started if need be. */
export async function ensureServer(folder: Folder): Promise<Running> {
  const present = existsSync(folder.data) ? await awaitSettled(folder) : undefined
  if (present !== undefined) return present
  const binaries = findBinaries()
  const user = ensureServerUser()
  const instead = 'move the Docket checkout to a folder that it can reach, such as /opt/docket'
  assertReachable(join(binaries.postgres, '..'), user, instead)
  await ensureInitialised(folder, user, binaries)
  assertWhole(folder, binaries)
  return startServer(folder, user, binaries)
}

/** PostgreSQL's fast shutdown: sessions are ended, everything is written, the next start needs no recovery. */
export async function stopServer(folder: Folder): Promise<void> {
  const found = findServer(folder)
  if (found === undefined) return
  process.kill(found.pid, 'SIGINT')
  const deadline = Date.now() + recoveryMs
  while (isAlive(found)) {
    if (Date.now() > deadline) throw toStillStarting(folder.data, folder.log, recoveryMs / 1000)
    await delay(pollMs)
  }
}
