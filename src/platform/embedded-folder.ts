/**
 * The folder of the embedded database and who may use it. Everything that can be told from names, modes and
 * owners is checked here, before any program runs, so that the refusal names the folder and not a symptom.
 * PostgreSQL refuses to run as root; started by root it runs as the system user `postgres`.
 */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { access, chmod, mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import {
  toCannotEnter,
  toFolderProblem,
  toNotFolder,
  toNoUser,
  toOpenMode,
  toOtherOwner,
} from '#platform/embedded-problem.ts'

/** Who runs the server: ourselves, or (started by root) another system user. */
export type ServerUser = { self: boolean; name: string; uid: number; gid: number }

export type Folder = {
  root: string
  /** PostgreSQL's own folder; everything else stands beside it. */
  data: string
  log: string
  password: string
  run: string
  lock: string
  clients: string
  port: string
}

const userName = 'postgres'
/** Programs of the system, needed only by root on a machine that has no such user yet. */
const tool = { makeUser: 'useradd', findEntry: 'getent' }
/** A uid that owns nothing: before the system user exists, it can do what everybody can. */
const nobodyYet = -2

function readId(flag: '-u' | '-g'): number | undefined {
  try {
    return Number(
      execFileSync('id', [flag, userName], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
  } catch {
    return undefined
  }
}

function findServerUser(): ServerUser {
  const uid = process.getuid?.() ?? 0
  if (uid !== 0) return { self: true, name: `uid ${uid}`, uid, gid: process.getgid?.() ?? 0 }
  return { self: false, name: userName, uid: readId('-u') ?? nobodyYet, gid: readId('-g') ?? nobodyYet }
}

/** Makes the system user when root has none yet. */
export function ensureServerUser(): ServerUser {
  const found = findServerUser()
  if (found.self || found.uid !== nobodyYet) return found
  let cause: unknown
  try {
    const options = ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin']
    const group = hasGroup() ? ['--gid', userName] : ['--user-group']
    execFileSync(tool.makeUser, [...options, ...group, userName], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    // Another Docket may have made it in the same moment: what counts is whether it is there now.
    cause = error
  }
  const made = findServerUser()
  if (made.uid === nobodyYet) throw toNoUser(userName, cause)
  return made
}

function hasGroup(): boolean {
  try {
    execFileSync(tool.findEntry, ['group', userName], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function listAncestors(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [path] : [...listAncestors(parent), path]
}

/** `chmod`'s letter for the bit that is missing, or undefined when the user may enter. */
function findMissingBit(folder: string, user: ServerUser): string | undefined {
  const stat = statSync(folder)
  const letter = stat.uid === user.uid ? 'u' : stat.gid === user.gid ? 'g' : 'o'
  if (user.self) {
    try {
      accessSync(folder, constants.X_OK)
      return undefined
    } catch {
      return `${letter}+x`
    }
  }
  const bit = { u: 0o100, g: 0o010, o: 0o001 }[letter]
  return (stat.mode & bit) === 0 ? `${letter}+x` : undefined
}

/** Refuses with the first folder on the way to `path` that the server's user cannot enter. */
export function assertReachable(path: string, user: ServerUser, instead: string): void {
  const ways = [path]
  try {
    ways.push(realpathSync(path))
  } catch {
    // Not there yet, or not for our eyes: the walk below finds the folder that matters.
  }
  for (const folder of ways.flatMap(listAncestors)) {
    const stat = statSync(folder, { throwIfNoEntry: false })
    if (stat === undefined) return
    if (!stat.isDirectory()) throw toNotFolder(folder)
    const fix = findMissingBit(folder, user)
    if (fix === undefined) continue
    const who = user.self ? `this user (${user.name})` : `the system user "${user.name}"`
    const mode = (stat.mode & 0o7777).toString(8)
    throw toCannotEnter({ who, folder, mode, owner: stat.uid, fix, instead })
  }
}

/** An empty folder counts as none: someone made room for the data, and initdb's folder takes its place. */
export function hasData(data: string): boolean {
  if (statSync(data, { throwIfNoEntry: false }) === undefined) return false
  return readdirSync(data).length > 0
}

function assertOwner(folder: Folder, user: ServerUser): void {
  const stat = statSync(folder.data, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isDirectory()) throw toNotFolder(folder.data)
  if (stat.uid !== user.uid) {
    if (!user.self && !hasData(folder.data)) return
    // A new machine or container with an old folder: the user is made, so that it can be given the folder.
    if (user.uid === nobodyYet) return assertOwner(folder, ensureServerUser())
    const handOver = user.self ? `chown -R ${user.uid} ${folder.root}` : `chown -R ${userName} ${folder.data}`
    throw toOtherOwner(folder.data, stat.uid, user.self ? user.name : `"${user.name}"`, handOver)
  }
  const mode = stat.mode & 0o777
  if ((mode & 0o027) !== 0 && hasData(folder.data)) throw toOpenMode(folder.data, mode.toString(8))
}

/** Only folders that we made ourselves are opened for the other user to pass; never one that was there. */
async function makeFolder(root: string, user: ServerUser): Promise<void> {
  const above = listAncestors(root).findLast((folder) => existsSync(folder)) ?? '/'
  // Asked first, because on a read-only disk mkdir answers that the folder above does not exist.
  await access(above, constants.W_OK)
  const first = await mkdir(root, { recursive: true })
  if (first === undefined || user.self) return
  for (const made of listAncestors(root).slice(listAncestors(first).length - 1)) await chmod(made, 0o711)
}

export async function openFolder(dataDir: string): Promise<Folder> {
  const wanted = resolve(dataDir)
  const user = findServerUser()
  assertReachable(wanted, user, 'set DOCKET_DATA to a folder that it can reach, such as /var/lib/docket')
  try {
    await makeFolder(wanted, user)
    const root = realpathSync(wanted)
    const [data, run] = [join(root, 'postgres'), join(root, 'run')]
    const folder: Folder = {
      root,
      data,
      log: join(root, 'postgres.log'),
      password: join(root, 'postgres-password'),
      run,
      lock: join(run, 'lock'),
      clients: join(run, 'clients'),
      port: join(run, 'port'),
    }
    assertOwner(folder, user)
    await access(root, constants.W_OK | constants.R_OK)
    await mkdir(folder.clients, { recursive: true, mode: 0o700 })
    await access(folder.clients, constants.W_OK)
    return folder
  } catch (error) {
    throw toFolderProblem(wanted, error)
  }
}
