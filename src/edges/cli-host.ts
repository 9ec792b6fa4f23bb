/** Commands of the host: they work on the folder's (or your) database directly and need no service to run. */
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { issueHostKey, loadDemo } from '#capabilities/tenant/demo.ts'
import type { Demo } from '#capabilities/tenant/demo.ts'
import type { OpenNeighbours } from '#capabilities/log/neighbour.ts'
import { foundTenant } from '#capabilities/tenant/found.ts'
import { lifecycleNames } from '#domain/lifecycles.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import { describe } from '#domain/problem.ts'
import type { Config } from '#platform/config.ts'
import type { Floor } from '#platform/tx.ts'
import type { Out } from './cli-operation.ts'
import { Refused } from './cli-operation.ts'
import { addDataCommands } from './cli-data.ts'
import { requireOperator } from './cli-tenant.ts'
import { serveMcpStdio } from './mcp-stdio.ts'
import { openService } from './open-service.ts'
import type { OpenService } from './open-service.ts'
import { serve } from './serve.ts'

export function addHostCommands(
  program: Command,
  config: () => Config,
  out: Out,
  openNeighbours: OpenNeighbours,
): void {
  const withService = async <T>(purpose: string, work: (service: OpenService) => Promise<T>): Promise<T> => {
    const service = await openService({ ...config(), LOG_LEVEL: 'warn' }, purpose, { connections: 4 })
    try {
      return await work(service)
    } finally {
      await service.close()
    }
  }
  program
    .command('serve')
    .description('start the HTTP service (what "npm start" does)')
    .addHelpText('after', '\nExample:\n  $ docket serve')
    .action(() => serve(config(), openNeighbours))
  program
    .command('mcp')
    .description('serve the MCP tools over standard input and output, for the principal of DOCKET_KEY')
    .addHelpText('after', '\nExample:\n  $ docket mcp')
    .action(() => withService('mcp', serveMcpStdio))
  program
    .command('migrate')
    .description('bring the database to the schema of this version; "serve" does it too')
    .addHelpText('after', '\nExample:\n  $ docket migrate')
    .action(() => withService('migrate', async () => out('the schema is up to date\n')))
  addDataCommands(program, withService, out)
  program
    .command('demo')
    .description('data to try Docket with')
    .command('load')
    .description(
      'create the demo tenants acme-bio and superportia, with a new key for each principal, and a password for each person who has none',
    )
    .option('--new-passwords', 'make new passwords for people who have one already')
    .option('--json', 'print the keys as JSON')
    .addHelpText('after', '\nExample:\n  $ docket demo load --json')
    .action(async ({ json, newPasswords }: { json?: boolean; newPasswords?: boolean }) => {
      const demo = await withService('demo', (service) => loadDemo(service.floor, newPasswords))
      out(json === true ? `${JSON.stringify(demo, null, 2)}\n` : printDemo(demo))
    })
  program
    .command('tenant')
    .description('tenants of this installation')
    .command('create')
    .argument('<slug>', 'how the tenant is called in commands and tokens', parseSlug)
    .description('found a tenant')
    .requiredOption('--name <text>', 'name of the organisation')
    .option('--admin <name>', 'register a first administrator of that name, who registers everybody else')
    .addOption(
      new Option('--lifecycle <name>', 'lifecycle of new work orders')
        .choices(lifecycleNames)
        .default('change-control'),
    )
    .addHelpText('after', '\nExample:\n  $ docket tenant create acme --name "Acme" --admin "Ada Admin"')
    .action(async (slug: string, options: TenantOptions) => {
      await withService('tenant', (service) => createTenant(service.floor, slug, options))
      out(`founded ${slug}\n`)
    })
}

function parseSlug(text: string): string {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(text)) return text
  throw new InvalidArgumentError(
    'A slug has lower-case letters, digits and dashes, and begins with a letter.',
  )
}

type TenantOptions = {
  readonly name: string
  readonly lifecycle: LifecycleName
  readonly admin?: string
}

async function createTenant(
  floor: Floor,
  slug: string,
  { name, lifecycle, admin }: TenantOptions,
): Promise<void> {
  const decision = await foundTenant(floor, { slug, name, default_lifecycle: lifecycle }, admin).catch(
    (error: unknown) => {
      if ((error as { constraint?: string }).constraint === 'tenants_slug_key')
        throw new Refused({ title: `there is already a tenant "${slug}"` })
      throw error
    },
  )
  if (!decision.ok && decision.refusal.code !== 'gates_unmet')
    throw new Refused({ title: describe(decision.refusal).title })
}

/** `docket key create --tenant T --principal P`: a key made by the host, for the first sign-in of anybody. */
export async function createHostKey(
  config: Config,
  tenant: string,
  principal: string,
  name: string,
): Promise<string> {
  const service = await openService({ ...config, LOG_LEVEL: 'warn' }, 'key', { connections: 2 })
  try {
    const operator = await requireOperator(service.floor, tenant)
    const key = await issueHostKey(service.floor, operator, principal, name)
    if (key === undefined)
      throw new Refused({ title: `there is no active principal "${principal}" in ${tenant}` })
    return key
  } finally {
    await service.close()
  }
}

/** Each principal with its key, and with its password where this load has made one. */
const printDemo = ({ tenants, passwords }: Demo): string =>
  Object.entries(tenants)
    .map(([slug, keys]) => {
      const lines = Object.entries(keys).map(([name, key]) => {
        const password = passwords[slug]?.[name]
        return `  ${key}  ${name}${password === undefined ? '' : `  password: ${password}`}\n`
      })
      return `${slug}\n${lines.join('')}`
    })
    .join('\n')
