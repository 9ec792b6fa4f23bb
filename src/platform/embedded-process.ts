/**
 * Who a process is. A pid alone says little (it is reused, and a dead child stays as a zombie until its
 * parent looks), so a process is known by pid and birth together, and a zombie counts as gone.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'

export type Identity = { pid: number; born: string }

const hasProc = existsSync('/proc/self/stat')

function readBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'boot'
  }
}
const boot = hasProc ? readBoot() : ''

function readFields(pid: number | 'self'): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in brackets may itself hold brackets and blanks; the fields proper begin after the last one.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Some stand-ins for Linux do not tell a process's memory; there a dying process is seen a little later. */
const tellsMemory = hasProc && readFields('self')[20] !== '0'

function readFromProc(pid: number): string | undefined {
  try {
    const fields = readFields(pid)
    const [state] = fields
    // A process without memory is on its way out: it has no command line any more and is not yet a zombie.
    const gone = state === 'Z' || state === 'X' || (tellsMemory && fields[20] === '0')
    return gone ? undefined : `${boot}:${fields[19] ?? ''}`
  } catch {
    return undefined
  }
}

function readFromPs(pid: number, column: 'lstart' | 'command'): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=', '-o', `${column}=`, '-ww', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}

/** The process of this pid, or undefined when there is none (a zombie is none). */
export function readIdentity(pid: number): Identity | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  const born = hasProc ? readFromProc(pid) : readFromPs(pid, 'lstart')
  return born === undefined ? undefined : { pid, born }
}

export function isAlive(known: Identity): boolean {
  return readIdentity(known.pid)?.born === known.born
}

/** Whether this pid is the postmaster of that data folder, and not a stranger who got its number. */
export function isPostmaster(pid: number, data: string): boolean {
  if (readIdentity(pid) === undefined) return false
  try {
    if (!hasProc) return (readFromPs(pid, 'command') ?? '').includes(`-D ${data} `)
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    if (command.includes(`-D ${data} `)) return true
    // Somebody may have started the server by hand, with a relative path: it still works in its data folder.
    return /postgres|postmaster/.test(command) && readlinkSync(`/proc/${pid}/cwd`) === data
  } catch {
    return false
  }
}

/** Processes that work in a folder: backends that outlive a killed postmaster for moments. Linux only. */
export function listProcessesIn(folder: string): number[] {
  if (!hasProc) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === folder
      } catch {
        return false
      }
    })
    .map(Number)
}
