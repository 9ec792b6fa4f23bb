/**
 * Every setting there is, read once from the environment. `docs/reference/config.md` is printed from this
 * table, so a setting that is not here does not exist.
 */
import { z } from 'zod'
import { SetupProblem } from './error.ts'

const text = z.string().min(1)
const port = z.coerce.number().int().min(0).max(65_535)

/**
 * Scheme, host name and port, and nothing else. A passkey is bound to a name, not to an address (WebAuthn
 * section 5.1.3), and browsers offer them on https only, but for localhost.
 */
function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { origin, protocol, hostname } = new URL(value)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost')
  return origin === value && isSafe && !/^\[|^[\d.]+$/.test(hostname)
}

export const settings = {
  PORT: { schema: port.default(3000), says: 'Port of the HTTP service.' },
  HOST: {
    schema: text.default('127.0.0.1'),
    says: 'Address to listen on; `0.0.0.0` to be reached from other machines.',
  },
  DOCKET_DATA: {
    schema: text.default('.docket'),
    says: 'Folder of the embedded PostgreSQL, of staged uploads and of the secret.',
  },
  DATABASE_URL: {
    schema: text.regex(/^postgres(ql)?:\/\//, 'must begin with postgres://').optional(),
    says: 'PostgreSQL 18 server to use instead of the embedded one. The role in it migrates; the service itself connects as docket_app.',
  },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    says: 'How much the service logs (JSON lines on standard output).',
  },
  DOCKET_SECRET: {
    schema: text.min(32, 'must have at least 32 characters').optional(),
    says: 'Secret that signs sessions and wraps private keys; made and kept in DOCKET_DATA when unset. Replicas need the same one, and a backup without it cannot sign.',
  },
  DOCKET_ORIGIN: {
    schema: text
      .refine(isOrigin, 'must be an origin with a host name, such as https://docket.example.com')
      .optional(),
    says: 'Where browsers reach the service; passkeys are bound to its host name. http://localhost:PORT when unset.',
  },
  DOCKET_POOL: {
    schema: z.coerce.number().int().min(2).max(200).default(12),
    says: 'Database connections of the service.',
  },
  DOCKET_MAX_ATTACHMENT_BYTES: {
    schema: z.coerce
      .number()
      .int()
      .min(1)
      .default(50 * 1024 * 1024),
    says: 'Largest attachment.',
  },
  DOCKET_JWT_JWKS: {
    schema: text.optional(),
    says: 'Keys of the gateway that signs tokens: an https URL, or a file of a JWK set.',
  },
  DOCKET_JWT_ISSUER: {
    schema: text.optional(),
    says: 'Issuer that a gateway token must name. Required with DOCKET_JWT_JWKS.',
  },
  DOCKET_JWT_AUDIENCE: { schema: text.default('docket'), says: 'Audience that a gateway token must name.' },
  DOCKET_WITNESSES: {
    schema: text.optional(),
    says: 'Witnesses that cosign the log of each tenant: `URL#vkey`, separated by commas.',
  },
  DOCKET_TSA_URL: {
    schema: text.regex(/^https?:\/\//, 'must begin with http:// or https://').optional(),
    says: 'Time-stamp authority (RFC 3161) that dates a checkpoint of each log once an hour.',
  },
  DOCKET_TSA_CA: {
    schema: text.optional(),
    says: 'PEM file of the CA that the certificate of the time-stamp authority goes back to. Required with DOCKET_TSA_URL.',
  },
  DOCKET_VAULT_ADDR: {
    schema: text
      .regex(/^(?:https:\/\/|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])[:/])/, 'must begin with https://')
      .optional(),
    says: 'HashiCorp Vault or OpenBao that `vault://` references lead to; http only on this machine.',
  },
  DOCKET_VAULT_NAMESPACE: { schema: text.optional(), says: 'Namespace in that vault.' },
  DOCKET_VAULT_TOKEN: {
    schema: text.optional(),
    says: 'Token for the vault that somebody else renews; or give a role instead.',
  },
  DOCKET_VAULT_ROLE_ID: {
    schema: text.optional(),
    says: 'AppRole with which the service logs in to the vault.',
  },
  DOCKET_VAULT_SECRET_ID: { schema: text.optional(), says: 'Secret id of that role.' },
  DOCKET_ENV_CREDENTIALS: {
    schema: z.enum(['on', 'off']).default('off'),
    says: 'For development: `on` lets `env://DOCKET_CREDENTIAL_…` references read the environment of the service.',
  },
  DOCKET_MONITOR_RATE: {
    schema: z.coerce.number().int().min(0).max(100_000).default(500),
    says: 'Entries that the monitor of the log reads again in a second, at most; 0 turns it off.',
  },
  DOCKET_URL: {
    schema: text.optional(),
    says: 'CLI: the service to call; http://127.0.0.1:PORT when unset.',
  },
  DOCKET_KEY: { schema: text.optional(), says: 'CLI and `docket mcp`: the API key to act with.' },
} as const

type Settings = typeof settings
export type Config = { readonly [K in keyof Settings]: z.output<Settings[K]['schema']> }

/** What a secret is set to is not printed. */
const tellGiven = (name: string, given: string | undefined): string =>
  /SECRET|TOKEN|KEY|DATABASE_URL/.test(name) ? '' : ` (it is "${given}")`

export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  for (const [name, { schema }] of Object.entries(settings)) {
    const given = environment[name]
    const result = schema.safeParse(given === '' ? undefined : given)
    if (result.success) values[name] = result.data
    else
      problems.push(`${name} ${result.error.issues[0]?.message ?? 'is not valid'}${tellGiven(name, given)}`)
  }
  if (values['DOCKET_JWT_JWKS'] !== undefined && values['DOCKET_JWT_ISSUER'] === undefined) {
    problems.push('DOCKET_JWT_JWKS is set without DOCKET_JWT_ISSUER: set the issuer of the gateway too')
  }
  if (values['DOCKET_TSA_URL'] !== undefined && values['DOCKET_TSA_CA'] === undefined) {
    problems.push(
      'DOCKET_TSA_URL is set without DOCKET_TSA_CA: a token is worth nothing until its CA is known',
    )
  }
  if (problems.length > 0) throw new SetupProblem(`Settings: ${problems.join('; ')}.`)
  return values as Config
}

/** Whom passkeys are made for: a host name (`id`), and the origins of the pages that may ask for them. */
export type RelyingParty = {
  readonly id: string
  readonly name: string
  readonly origins: readonly string[]
}

export function readRelyingParty(config: Pick<Config, 'DOCKET_ORIGIN' | 'PORT'>): RelyingParty {
  const origin = config.DOCKET_ORIGIN ?? `http://localhost:${config.PORT}`
  return { id: new URL(origin).hostname, name: 'Docket', origins: [new URL(origin).origin] }
}
