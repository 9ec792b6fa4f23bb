/**
 * Accounts, sessions and API keys, kept by better-auth in the schema `auth`, which holds no tenant data. A
 * key belongs to one principal of one tenant and says so in its metadata; a person signs in with a password
 * and reaches the tenants that `auth.memberships` names.
 */
import { apiKey, defaultKeyHasher } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { PostgresDialect } from 'kysely'
import type pg from 'pg'
import { z } from 'zod'
import { checkAlive } from './database.ts'
import type { Database } from './database.ts'
import { Unavailable } from './error.ts'

export type PrincipalRef = { readonly tenantId: string; readonly principalId: string }

export type IssuedKey = { readonly id: string; readonly key: string }
export type KeyInfo = {
  readonly id: string
  readonly name: string | null
  readonly start: string | null
  readonly created_at: string
  readonly expires_at: string | null
}

export type Accounts = {
  /** Who a key speaks for; undefined when it is unknown, revoked or expired. */
  verifyKey(key: string): Promise<PrincipalRef | undefined>
  /** The principals whose person is signed in by these cookies, one per tenant. */
  verifySession(headers: Headers): Promise<readonly PrincipalRef[]>
  createKey(owner: PrincipalRef, name: string, expiresInDays: number | undefined): Promise<IssuedKey>
  listKeys(owner: PrincipalRef): Promise<KeyInfo[]>
  /** False when the principal has no such key. */
  revokeKey(owner: PrincipalRef, keyId: string): Promise<boolean>
  /**
   * Lets a person reach this principal: by a new account with this password, or by the account of that address
   * if this is its password. False for any other: whoever was first with an address, in whatever tenant, is
   * not trusted by the next one on the strength of the address alone, nor locked out or passed for by it.
   */
  ensureAccount(
    owner: PrincipalRef,
    person: { readonly name: string; readonly email: string },
    password: string,
  ): Promise<boolean>
  /** Is it the password of the principal's person? The same work whether there is one or not. */
  verifyPassword(owner: PrincipalRef, password: string): Promise<boolean>
  /** Can the principal's person sign in with a password? */
  hasPassword(owner: PrincipalRef): Promise<boolean>
  /**
   * Gives the principal's person this password: a new account when there is none, or the one of that address if
   * this is its password. `address_differs` when the person signs in with another address, `elsewhere` when also
   * as a principal of another tenant: nobody there is taken over from here.
   */
  setPassword(
    owner: PrincipalRef,
    person: { readonly name: string; readonly email: string },
    password: string,
  ): Promise<'set' | 'address_taken' | 'address_differs' | 'elsewhere'>
  /** Ends every session of the principal's person. */
  endSessions(owner: PrincipalRef): Promise<void>
  /** The public endpoints of better-auth: sign-in, sign-out, session. */
  handle(request: Request): Promise<Response>
}

/** Paths of better-auth that the service offers; everything else of it stays inside. */
export const accountPaths = [
  '/auth/sign-in/email',
  '/auth/sign-out',
  '/auth/get-session',
  '/auth/change-password',
] as const

const metadataSchema = z.object({ tenantId: z.uuid(), principalId: z.uuid() })

function authOptions(pool: pg.Pool, secret: string, origins: readonly string[]) {
  return {
    appName: 'Docket',
    basePath: '/auth',
    secret,
    // Behind a proxy the pages have another origin than the one that the request itself tells.
    trustedOrigins: [...origins],
    database: { dialect: new PostgresDialect({ pool }), type: 'postgres' as const },
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 12, maxPasswordLength: 256 },
    session: { expiresIn: 12 * 3600, updateAge: 3600 },
    advanced: {
      database: { generateId: 'uuid' as const },
      useSecureCookies: origins.length > 0 && origins.every((origin) => origin.startsWith('https:')),
    },
    // One person, one address: a guess a second is plenty, whoever asks.
    rateLimit: {
      enabled: true,
      window: 60,
      max: 60,
      customRules: { '/sign-in/email': { window: 60, max: 10 } },
    },
    telemetry: { enabled: false },
    logger: { disabled: true },
    // What is not about the request leaves as it was thrown: the door tells a database that is away from a defect.
    onAPIError: { throw: true },
    plugins: [
      apiKey({
        enableMetadata: true,
        defaultPrefix: 'dk_',
        defaultKeyLength: 48,
        maximumNameLength: 100,
        rateLimit: { enabled: false },
        keyExpiration: { defaultExpiresIn: null, minExpiresIn: 0, maxExpiresIn: 3650 },
      }),
    ],
  }
}

/** `origins` are those of the pages that people sign in from. */
export function openAccounts(db: Database, secret: string, origins: readonly string[]): Accounts {
  const auth = betterAuth(authOptions(db.pool, secret, origins))
  const { pool } = db
  return {
    async verifyKey(key) {
      const verdict = await auth.api.verifyApiKey({ body: { key } })
      // The library says "invalid" too when it could not look: only the table itself may say so.
      if (!verdict.valid && (await isGoodKey(pool, key))) throw new Unavailable(cannotCheck)
      const metadata = metadataSchema.safeParse(verdict.key?.metadata)
      return verdict.valid && metadata.success ? metadata.data : undefined
    },
    async verifySession(headers) {
      const session = await auth.api.getSession({ headers }).catch(toUnavailable)
      return session === null ? [] : listMemberships(pool, session.user.id)
    },
    async createKey(owner, name, expiresInDays) {
      const userId = await ensureUser(auth, pool, owner)
      const created = await auth.api.createApiKey({
        body: {
          userId,
          name,
          metadata: { tenantId: owner.tenantId, principalId: owner.principalId },
          ...(expiresInDays === undefined ? {} : { expiresIn: expiresInDays * 86_400 }),
        },
      })
      return { id: created.id, key: created.key }
    },
    listKeys: (owner) => listKeys(pool, owner),
    async revokeKey(owner, keyId) {
      const { rowCount } = await pool.query(
        `delete from auth.apikey where id = $1 and metadata::jsonb @> $2::jsonb`,
        [keyId, JSON.stringify(owner)],
      )
      return rowCount === 1
    },
    ensureAccount: (owner, person, password) => ensureAccount(auth, pool, owner, person, password),
    verifyPassword: (owner, password) => verifyPassword(auth, pool, owner, password),
    hasPassword: async (owner) => (await loadPerson(pool, owner))?.hash != null,
    setPassword: (owner, person, password) => setPassword(auth, pool, owner, person, password),
    async endSessions(owner) {
      await pool.query(
        `delete from auth.session where "userId" in (select user_id from auth.memberships where tenant_id = $1 and principal_id = $2)`,
        [owner.tenantId, owner.principalId],
      )
    },
    async handle(request) {
      // The library takes a session that it could not look up for none, and one that it could not end for ended.
      await checkAlive(db)
      const response = await auth.handler(request)
      if (response.status >= 500) throw new Unavailable(cannotCheck)
      return response
    },
  }
}

const cannotCheck = 'who you are cannot be checked just now'

/** The library hides what it met behind a 500 of its own when it could not look for the session. */
function toUnavailable(error: unknown): never {
  const status = (error as { statusCode?: unknown }).statusCode
  throw typeof status === 'number' && status >= 500 ? new Unavailable(cannotCheck, { cause: error }) : error
}

async function isGoodKey(pool: pg.Pool, key: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from auth.apikey
      where key = $1 and enabled is not false and ("expiresAt" is null or "expiresAt" > now())`,
    [await defaultKeyHasher(key)],
  )
  return rowCount === 1
}

const provisioning = { method: 'email-password' } as const

type Auth = ReturnType<typeof betterAuth<ReturnType<typeof authOptions>>>

async function listMemberships(pool: pg.Pool, userId: string): Promise<PrincipalRef[]> {
  const { rows } = await pool.query<PrincipalRef>(
    `select tenant_id as "tenantId", principal_id as "principalId" from auth.memberships where user_id = $1 order by tenant_id`,
    [userId],
  )
  return rows
}

async function listKeys(pool: pg.Pool, owner: PrincipalRef): Promise<KeyInfo[]> {
  const { rows } = await pool.query<KeyInfo>(
    `select id, name, start, "createdAt" as created_at, "expiresAt" as expires_at
       from auth.apikey where metadata::jsonb @> $1::jsonb order by "createdAt", id`,
    [JSON.stringify(owner)],
  )
  return rows
}

/** Ends the addresses of accounts that have only keys; no person has one. */
const noAddress = '@principals.invalid'

/** The account that a principal's keys hang on; made when it is first needed. An address that nobody can sign in with. */
async function ensureUser(auth: Auth, pool: pg.Pool, owner: PrincipalRef): Promise<string> {
  const { rows } = await pool.query<{ user_id: string }>(
    `select user_id from auth.memberships where tenant_id = $1 and principal_id = $2`,
    [owner.tenantId, owner.principalId],
  )
  const known = rows[0]?.user_id
  if (known !== undefined) return known
  const email = `${owner.principalId}${noAddress}`
  const context = await auth.$context
  const user =
    (await context.internalAdapter.findUserByEmail(email))?.user ??
    (await context.internalAdapter.createUser(
      { email, name: owner.principalId, emailVerified: false },
      provisioning,
    ))
  await join(pool, user.id, owner)
  return user.id
}

async function ensureAccount(
  auth: Auth,
  pool: pg.Pool,
  owner: PrincipalRef,
  person: { name: string; email: string },
  password: string,
): Promise<boolean> {
  if (person.email.toLowerCase().endsWith(noAddress)) return false
  const { internalAdapter, password: passwords } = await auth.$context
  const found = await internalAdapter.findUserByEmail(person.email)
  if (found !== null) {
    const accounts = await internalAdapter.findAccounts(found.user.id)
    const hash = accounts.find((account) => account.providerId === 'credential')?.password
    if (typeof hash !== 'string' || !(await passwords.verify({ hash, password }))) return false
    await join(pool, found.user.id, owner)
    return true
  }
  const user = await internalAdapter.createUser(
    { email: person.email, name: person.name, emailVerified: true },
    provisioning,
  )
  await internalAdapter.linkAccount({
    userId: user.id,
    providerId: 'credential',
    accountId: user.id,
    password: await passwords.hash(password),
  })
  await join(pool, user.id, owner)
  return true
}

type Person = {
  readonly userId: string
  readonly email: string
  readonly hash: string | null
  /** A principal of another tenant, too. */
  readonly elsewhere: boolean
}

async function loadPerson(pool: pg.Pool, owner: PrincipalRef): Promise<Person | undefined> {
  const { rows } = await pool.query<Person>(
    `select u.id as "userId", u.email, a.password as hash,
            exists (select from auth.memberships o where o.user_id = m.user_id and o.tenant_id <> m.tenant_id) as elsewhere
       from auth.memberships m join auth."user" u on u.id = m.user_id
       left join auth.account a on a."userId" = u.id and a."providerId" = 'credential'
      where m.tenant_id = $1 and m.principal_id = $2`,
    [owner.tenantId, owner.principalId],
  )
  return rows[0]
}

async function verifyPassword(
  auth: Auth,
  pool: pg.Pool,
  owner: PrincipalRef,
  password: string,
): Promise<boolean> {
  const { password: passwords } = await auth.$context
  const hash = (await loadPerson(pool, owner))?.hash
  if (hash != null) return passwords.verify({ hash, password })
  await passwords.hash(password)
  return false
}

async function setPassword(
  auth: Auth,
  pool: pg.Pool,
  owner: PrincipalRef,
  person: { name: string; email: string },
  password: string,
): Promise<'set' | 'address_taken' | 'address_differs' | 'elsewhere'> {
  const known = await loadPerson(pool, owner)
  if (known === undefined || known.email.endsWith(noAddress))
    return (await ensureAccount(auth, pool, owner, person, password)) ? 'set' : 'address_taken'
  if (known.email !== person.email.toLowerCase()) return 'address_differs'
  if (known.elsewhere) return 'elsewhere'
  const { internalAdapter, password: passwords } = await auth.$context
  const hash = await passwords.hash(password)
  if (known.hash === null)
    await internalAdapter.linkAccount({
      userId: known.userId,
      providerId: 'credential',
      accountId: known.userId,
      password: hash,
    })
  else await internalAdapter.updatePassword(known.userId, hash)
  return 'set'
}

async function join(pool: pg.Pool, userId: string, owner: PrincipalRef): Promise<void> {
  await pool.query(
    `insert into auth.memberships (user_id, tenant_id, principal_id) values ($1, $2, $3)
     on conflict (tenant_id, principal_id) do update set user_id = excluded.user_id`,
    [userId, owner.tenantId, owner.principalId],
  )
}
