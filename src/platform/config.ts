/**
 * Every setting there is, read once from the environment. `docs/reference/config.md` is printed from this
 * table, so a setting that is not here does not exist.
 */
import { z } from 'zod'
import { SetupProblem } from './error.ts'

const text = z.string().min(1)
const port = z.coerce.number().int().min(0).max(65_535)

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
    says: 'Secret that signs sessions; made and kept in DOCKET_DATA when unset. Replicas need the same one.',
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
  DOCKET_URL: {
    schema: text.optional(),
    says: 'CLI: the service to call; http://127.0.0.1:PORT when unset.',
  },
  DOCKET_KEY: { schema: text.optional(), says: 'CLI and `docket mcp`: the API key to act with.' },
} as const

type Settings = typeof settings
export type Config = { readonly [K in keyof Settings]: z.output<Settings[K]['schema']> }

export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  for (const [name, { schema }] of Object.entries(settings)) {
    const given = environment[name]
    const result = schema.safeParse(given === '' ? undefined : given)
    if (result.success) values[name] = result.data
    else problems.push(`${name} ${result.error.issues[0]?.message ?? 'is not valid'} (it is "${given}")`)
  }
  if (values['DOCKET_JWT_JWKS'] !== undefined && values['DOCKET_JWT_ISSUER'] === undefined) {
    problems.push('DOCKET_JWT_JWKS is set without DOCKET_JWT_ISSUER: set the issuer of the gateway too')
  }
  if (problems.length > 0) throw new SetupProblem(`Settings: ${problems.join('; ')}.`)
  return values as Config
}
