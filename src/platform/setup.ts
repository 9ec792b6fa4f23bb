/**
 * From settings to a database that is fit to serve: the embedded server or yours, migrated, checked, with a
 * login of its own for each role at run time. Refuses a server that would not keep what it acknowledged.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import type { Config } from './config.ts'
import { urlAs, withClient } from './database.ts'
import { openEmbedded } from './embedded.ts'
import { SetupProblem } from './error.ts'
import { prepareJobs } from './jobs.ts'
import { migrate } from './migrate.ts'

export type Installation = {
  /** URL of a login role that owns nothing. */
  readonly urlOf: (role: 'docket_app' | 'docket_auth' | 'docket_auditor' | 'docket_sealer') => string
  /** URL of the role that migrates; for host commands only, never for serving. */
  readonly adminUrl: () => string
  /** Signs sessions. */
  readonly secret: string
  /** Makes the embedded server run again if it is gone; does nothing for a server of yours. */
  ensureRunning(): Promise<void>
  release(): Promise<void>
}

const databaseName = 'docket'

export async function openInstallation(config: Config): Promise<Installation> {
  if (config.DATABASE_URL !== undefined) return openYours(config, config.DATABASE_URL)
  const embedded = await openEmbedded(config.DOCKET_DATA)
  try {
    await withClient(embedded.adminUrl(), async (client) => {
      const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName])
      if (rowCount === 0) await createDatabase(client)
    })
    const adminUrl = (): string =>
      urlAs(embedded.adminUrl(), 'postgres', new URL(embedded.adminUrl()).password, databaseName)
    await prepare(adminUrl())
    return toInstallation(adminUrl, readSecret(config), embedded)
  } catch (error) {
    await embedded.release()
    throw error
  }
}

/** What a prepared database offers: a login for each role at run time. */
export function toInstallation(
  adminUrl: () => string,
  secret: string,
  server: Pick<Installation, 'ensureRunning' | 'release'> = {
    ensureRunning: () => Promise.resolve(),
    release: () => Promise.resolve(),
  },
): Installation {
  return {
    urlOf: (role) => urlAs(adminUrl(), role, passwordOf(adminUrl(), role)),
    adminUrl,
    secret,
    ensureRunning: () => server.ensureRunning(),
    release: () => server.release(),
  }
}

async function createDatabase(client: pg.Client): Promise<void> {
  try {
    await client.query(`create database ${databaseName}`)
  } catch (error) {
    // Two processes of a fresh folder: the other one was quicker.
    if ((error as { code?: string }).code !== '42P04' && (error as { code?: string }).code !== '23505')
      throw error
  }
}

async function openYours(config: Config, url: string): Promise<Installation> {
  try {
    await prepare(url)
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    if (error instanceof SetupProblem) throw error
    if (code === '42501') {
      throw new SetupProblem(
        `The role "${new URL(url).username}" of DATABASE_URL may not prepare the database (${(error as Error).message}): give it CREATEROLE and make it the owner of the database, or let an administrator run "docket migrate" first.`,
        { cause: error },
      )
    }
    throw new SetupProblem(
      `The database of DATABASE_URL cannot be used: ${(error as Error).message || code}. Check that the server runs and that host, port, role, password and database name are right.`,
      { cause: error },
    )
  }
  return toInstallation(() => url, readSecret(config))
}

/** Checks the server, migrates it, and lets the run-time roles log in. Safe to run from many processes at once. */
export async function prepare(adminUrl: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    await checkServer(client)
    await migrate(client)
    await prepareJobs(client)
    for (const role of ['docket_app', 'docket_auth', 'docket_auditor', 'docket_sealer']) {
      await letLogIn(client, role, passwordOf(adminUrl, role))
    }
    await checkRuntimeRoles(client)
  })
}

/**
 * Replicas must agree on the passwords of the run-time roles without talking: each derives them from the
 * one secret that they share, the password in DATABASE_URL. Without a password the server's own rules
 * (peer, certificate) decide, and none is set.
 */
function passwordOf(adminUrl: string, role: string): string | undefined {
  const { password } = new URL(adminUrl)
  return password === ''
    ? undefined
    : createHmac('sha256', decodeURIComponent(password)).update(`docket:${role}`).digest('base64url')
}

async function letLogIn(client: pg.Client, role: string, password: string | undefined): Promise<void> {
  const { rows } = await client.query<{ ready: boolean }>(
    `select rolcanlogin and shobj_description(oid, 'pg_authid') = $2 as ready from pg_roles where rolname = $1`,
    [role, fingerprint(password)],
  )
  if (rows[0]?.ready === true) return
  await client.query('begin')
  await client.query(`select pg_advisory_xact_lock(hashtext('docket.roles'))`)
  await client.query(
    `alter role ${role} login ${password === undefined ? '' : `password ${client.escapeLiteral(password)}`}`,
  )
  await client.query(`comment on role ${role} is ${client.escapeLiteral(fingerprint(password))}`)
  await client.query('commit')
}

/** Tells whether the password is the one that was set, without keeping it: a hash of a 256-bit secret. */
const fingerprint = (password: string | undefined): string =>
  `docket login ${password === undefined ? 'without password' : createHmac('sha256', 'docket').update(password).digest('hex').slice(0, 16)}`

async function checkServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in ('server_version_num', 'fsync', 'full_page_writes', 'synchronous_commit')`,
  )
  const setting = (name: string): string => rows.find((row) => row.name === name)?.setting ?? ''
  if (Number(setting('server_version_num')) < 180_000) {
    throw new SetupProblem(
      `Docket needs PostgreSQL 18 or later; this server is ${setting('server_version_num').slice(0, 2)}: upgrade it, or unset DATABASE_URL to use the embedded one.`,
    )
  }
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    if (setting(name) === 'off') {
      throw new SetupProblem(
        `The PostgreSQL setting ${name} is off, so an acknowledged record could be lost: set it to on and start again.`,
      )
    }
  }
}

/** A role at run time that could step around row security would make every guard a matter of trust. */
async function checkRuntimeRoles(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ role: string }>(
    `select r.rolname as role from pg_roles r
      where r.rolname in ('docket_app', 'docket_auth', 'docket_auditor', 'docket_sealer')
        and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or pg_has_role(r.oid, 'docket_owner', 'member')
             or exists (select from pg_class c where c.relowner = r.oid))`,
  )
  const [first] = rows
  if (first !== undefined) {
    throw new SetupProblem(
      `The role ${first.role} is superuser, owner or may bypass row security: take that from it ("alter role ${first.role} nosuperuser nobypassrls", "revoke docket_owner from ${first.role}") and start again.`,
    )
  }
}

function readSecret(config: Config): string {
  if (config.DOCKET_SECRET !== undefined) return config.DOCKET_SECRET
  const path = join(config.DOCKET_DATA, 'secret')
  mkdirSync(config.DOCKET_DATA, { recursive: true })
  if (!existsSync(path)) {
    try {
      writeFileSync(path, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' })
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error
    }
    chmodSync(path, 0o600)
  }
  return readFileSync(path, 'utf8')
}
