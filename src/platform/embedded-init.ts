/**
 * Makes the data folder. initdb works in a sibling folder that gets its real name only when it is complete,
 * so a data folder that is there was once whole, and a killed initdb leaves nothing that looks like one.
 */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { chown, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Binaries } from '#platform/embedded-binary.ts'
import { type Folder, hasData, type ServerUser } from '#platform/embedded-folder.ts'
import {
  toDamaged,
  toFolderProblem,
  toInitFailed,
  toNoPassword,
  toNoSwitch,
  toNotRunnable,
  toOtherVersion,
} from '#platform/embedded-problem.ts'

const halfMade = 'postgres.init-'

/** Written to postgresql.conf once, so that whoever runs this database may change them there. */
const settings = {
  max_connections: '200',
  shared_buffers: '256MB',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
}

/**
 * Starts one of PostgreSQL's programs as the server's user. The environment is a clean one: PGDATA, PGPORT,
 * LD_PRELOAD and the like must not steer the server.
 */
export function spawnAs(
  user: ServerUser,
  program: string,
  args: string[],
  options: Pick<SpawnOptions, 'cwd' | 'detached' | 'stdio'>,
): ChildProcess {
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' }
  const other = user.self ? {} : { uid: user.uid, gid: user.gid }
  try {
    return spawn(program, args, { ...options, ...other, env })
  } catch (error) {
    // Node throws at once when the switch of users is refused; what cannot be run comes as an event.
    throw user.self ? error : toNoSwitch(user.name, error)
  }
}

async function giveTo(user: ServerUser, path: string): Promise<void> {
  if (user.self) return
  try {
    await chown(path, user.uid, user.gid)
  } catch (error) {
    throw toNoSwitch(user.name, error)
  }
}

export function readPassword(folder: Folder): string {
  const password = existsSync(folder.password) ? readFileSync(folder.password, 'utf8').trim() : ''
  if (password === '') throw toNoPassword(folder.password, folder.data)
  return password
}

/** A folder that was made aside keeps its password: the file is older than the data, never younger. */
async function ensurePassword(folder: Folder): Promise<string> {
  const kept = existsSync(folder.password) ? readFileSync(folder.password, 'utf8').trim() : ''
  if (kept !== '') return kept
  const password = randomBytes(24).toString('base64url')
  await writeFile(`${folder.password}.new`, `${password}\n`, { mode: 0o600, flush: true })
  await rename(`${folder.password}.new`, folder.password)
  return password
}

async function removeHalfMade(root: string): Promise<void> {
  const names = readdirSync(root).filter((name) => name.startsWith(halfMade))
  // An initdb whose Docket was killed may still be writing there; what stays is removed the next time.
  await Promise.allSettled(names.map((name) => rm(join(root, name), { recursive: true, force: true })))
}

async function runInitdb(binaries: Binaries, place: string, folder: Folder, user: ServerUser): Promise<void> {
  const child = spawnAs(
    user,
    binaries.initdb,
    [
      `--pgdata=${join(place, 'data')}`,
      `--pwfile=${join(place, 'password')}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--data-checksums',
      ...Object.entries(settings).map(([name, value]) => `--set=${name}=${value}`),
    ],
    { cwd: place, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let output = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise<number | null>((done, fail) => {
    child.on('error', (error) => fail(toNotRunnable(binaries.initdb, error)))
    child.on('close', done)
  })
  if (code !== 0) throw toInitFailed(folder.root, output)
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Only under the folder's lock. Does nothing when there is data. */
export async function ensureInitialised(folder: Folder, user: ServerUser, binaries: Binaries): Promise<void> {
  if (hasData(folder.data)) return
  const place = join(folder.root, `${halfMade}${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    await removeHalfMade(folder.root)
    const password = await ensurePassword(folder)
    await mkdir(place, { mode: 0o700 })
    await writeFile(join(place, 'password'), `${password}\n`, { mode: 0o600 })
    await giveTo(user, join(place, 'password'))
    await giveTo(user, place)
    await runInitdb(binaries, place, folder, user)
    await rename(join(place, 'data'), folder.data)
    // Without this a power cut could take the name back after rows were committed under it.
    await syncFolder(folder.root)
  } catch (error) {
    throw toFolderProblem(folder.root, error)
  } finally {
    await rm(place, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Refuses what the server would only complain about in its own words, or would not notice at all. */
export function assertWhole(folder: Folder, binaries: Binaries): void {
  for (const needed of ['PG_VERSION', 'global/pg_control', 'base', 'pg_wal', 'postgresql.conf']) {
    if (!existsSync(join(folder.data, needed))) throw toDamaged(folder.data, needed)
  }
  const version = readFileSync(join(folder.data, 'PG_VERSION'), 'utf8').trim()
  if (version !== String(binaries.major)) throw toOtherVersion(folder.data, version, binaries.major)
  readPassword(folder)
}
