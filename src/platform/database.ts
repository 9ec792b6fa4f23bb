/**
 * Connections. Every pool logs in as a role that owns nothing.
 */
import { Client, Pool } from 'pg'
import type pg from 'pg'
import { Unavailable } from './error.ts'
import { types } from './types.ts'

export type Database = {
  readonly pool: pg.Pool
  close(): Promise<void>
}

export type Connect = {
  /** Asked anew for each connection: the embedded server may come back on another port. */
  readonly url: string | (() => string)
  readonly max: number
  readonly applicationName: string
  readonly searchPath?: string
}

export function openDatabase({ url, max, applicationName, searchPath }: Connect): Database {
  // Prepared statements keep one plan: planning a partitioned table anew for each call costs more than the call.
  const settings = [
    '-c timezone=UTC',
    '-c datestyle=ISO',
    '-c plan_cache_mode=force_generic_plan',
    `-c search_path=${searchPath ?? 'public'}`,
  ]
  const pool = new Pool({
    max,
    types,
    application_name: applicationName,
    options: settings.join(' '),
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    Client: typeof url === 'string' ? clientOf(() => url) : clientOf(url),
  } as unknown as pg.PoolConfig)
  // A connection that breaks while idle is dropped by the pool; whoever asks next gets a new one.
  pool.on('error', () => undefined)
  return { pool, close: () => pool.end() }
}

/**
 * A client that reads its URL when it connects. The pool listens to its idle clients only: without a listener
 * of its own, a connection that breaks in the middle of a transaction would end the process. Whoever waits for
 * a query of it is told by that query.
 */
const clientOf = (url: () => string) =>
  class extends Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, connectionString: url() })
      this.on('error', () => undefined)
    }
  }

/** A connection outside any pool, for migrations and start-up checks. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    types,
    application_name: 'docket-setup',
    connectionTimeoutMillis: 10_000,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export async function connect(db: Database): Promise<pg.PoolClient> {
  try {
    return await db.pool.connect()
  } catch (cause) {
    throw new Unavailable('the database cannot be reached just now', { cause })
  }
}

/** Throws when the database does not answer. */
export async function checkAlive(db: Database): Promise<void> {
  await db.pool.query('select 1')
}

/** The same server as another role; the password is left to the server when there is none. */
export function urlAs(url: string, role: string, password: string | undefined, database?: string): string {
  const next = new URL(url)
  next.username = role
  next.password = password ?? ''
  if (database !== undefined) next.pathname = `/${database}`
  return next.href
}
