/**
 * Connections. Every pool logs in as a role that owns nothing; pipelined, with named prepared statements.
 * Times come back as RFC 3339 text in microseconds and days as YYYY-MM-DD: what is stored is what is shown.
 */
import pg from 'pg'
import { Unavailable } from './error.ts'

const toInstant = (text: string): string => `${text.replace(' ', 'T').replace(/\+00$/, '')}Z`
const parsers = new Map<number, (text: string) => unknown>([
  [1082, (text) => text],
  [1184, toInstant],
  [20, Number],
])
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' ? parsers.get(oid) : undefined) ?? pg.types.getTypeParser(oid, format),
}

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
  const settings = ['-c timezone=UTC', '-c datestyle=ISO', `-c search_path=${searchPath ?? 'public'}`]
  const pool = new pg.Pool({
    max,
    types,
    pipeline: true,
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

/** A client that reads its URL when it connects. */
const clientOf = (url: () => string) =>
  class extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, connectionString: url() })
    }
  }

/** A connection outside any pool, for migrations and start-up checks. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
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

/** The same server as another role; the password is left to the server when there is none. */
export function urlAs(url: string, role: string, password: string | undefined, database?: string): string {
  const next = new URL(url)
  next.username = role
  next.password = password ?? ''
  if (database !== undefined) next.pathname = `/${database}`
  return next.href
}
