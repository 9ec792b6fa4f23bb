/**
 * The embedded PostgreSQL: one server for each data folder, shared by every Docket process that uses it. The
 * first process starts it, the last one stops it, and none of them owns it: killing one leaves the others
 * served. Everything that changes who uses the server or whether it runs happens under the folder's lock.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Folder, openFolder } from '#platform/embedded-folder.ts'
import { readPassword } from '#platform/embedded-init.ts'
import { withLock } from '#platform/embedded-lock.ts'
import { toFolderProblem } from '#platform/embedded-problem.ts'
import { type Identity, isAlive, readIdentity } from '#platform/embedded-process.ts'
import { ensureServer, type Running, stopServer, trimLog } from '#platform/embedded-server.ts'

export type EmbeddedServer = {
  /** Superuser URL. Ask again after `ensureRunning`: a server that had to start anew may have another port. */
  readonly adminUrl: () => string
  /** Starts the server again if it is gone; safe from many places and processes at once, cheap when it runs. */
  ensureRunning(): Promise<void>
  /** Says that this process no longer uses the server; the last process of the folder stops it. Idempotent. */
  release(): Promise<void>
}

const trimEveryMs = 60_000

function readClient(path: string): Identity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Identity
  } catch {
    // Half written by a process that was killed: nobody.
    return undefined
  }
}

/** Strikes the dead off the list and says whether somebody is left. */
async function hasClients(folder: Folder): Promise<boolean> {
  const paths = readdirSync(folder.clients).map((name) => join(folder.clients, name))
  let living = false
  for (const path of paths) {
    const client = readClient(path)
    if (client !== undefined && isAlive(client)) living = true
    else await rm(path, { force: true })
  }
  return living
}

async function attach(folder: Folder, client: string): Promise<{ running: Running; password: string }> {
  try {
    await writeFile(client, JSON.stringify(readIdentity(process.pid)))
    const running = await ensureServer(folder)
    return { running, password: readPassword(folder) }
  } catch (error) {
    await rm(client, { force: true }).catch(() => undefined)
    throw toFolderProblem(folder.root, error)
  }
}

async function detach(folder: Folder, client: string): Promise<void> {
  await rm(client, { force: true })
  if (!(await hasClients(folder))) await stopServer(folder)
}

/** Attaches this process to the server of `dataDir`, making the folder and starting the server if need be. */
export async function openEmbedded(dataDir: string): Promise<EmbeddedServer> {
  const folder = await openFolder(dataDir)
  const client = join(folder.clients, `${process.pid}-${randomBytes(4).toString('hex')}`)
  let { running, password } = await withLock(folder.lock, () => attach(folder, client))
  const trimming = setInterval(() => void trimLog(folder).catch(() => undefined), trimEveryMs).unref()
  let restarting: Promise<void> | undefined
  let releasing: Promise<void> | undefined

  const restart = async (): Promise<void> => {
    ;({ running, password } = await withLock(folder.lock, () => attach(folder, client)))
  }
  const ensureRunning = async (): Promise<void> => {
    if (releasing !== undefined) throw new Error('this process has already released its embedded database')
    if (isAlive(running)) return
    restarting ??= restart().finally(() => (restarting = undefined))
    await restarting
  }
  const release = async (): Promise<void> => {
    clearInterval(trimming)
    await restarting?.catch(() => undefined)
    await withLock(folder.lock, () => detach(folder, client))
  }
  return {
    adminUrl: () => `postgres://postgres:${password}@127.0.0.1:${running.port}/postgres`,
    ensureRunning,
    release: () => (releasing ??= release()),
  }
}
