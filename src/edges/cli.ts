/**
 * The `docket` command. Exit codes: 0 done, 1 refused, 2 not understood, 70 a defect, 75 try again later,
 * 78 this machine or its settings need a hand. With --json, refusals are JSON too.
 */
import { Command, CommanderError } from 'commander'
import type { OpenNeighbours } from '#capabilities/log/neighbour.ts'
import { noSecrets } from '#platform/secret.ts'
import { readConfig } from '#platform/config.ts'
import type { Config } from '#platform/config.ts'
import { SetupProblem, Unavailable } from '#platform/error.ts'
import { asUnavailable } from '#platform/sqlstate.ts'
import { addExportCommand } from './cli-export.ts'
import { addHostCommands, createHostKey } from './cli-host.ts'
import { addOperationCommands, Refused } from './cli-operation.ts'
import type { HostVariant, Out } from './cli-operation.ts'
import { openAsker } from './cli-secret.ts'
import type { Input } from './cli-secret.ts'
import { addSignCommand } from './cli-sign.ts'
import { apiVersion } from './openapi.ts'

/** `input` is where secrets are read: standard input when left out. */
export type Streams = { readonly out: Out; readonly err: Out; readonly input?: Input }

const nobodyOutside: OpenNeighbours = () => ({
  witnesses: [],
  timestamp: undefined,
  readSecret: noSecrets,
})

export function buildCli(
  config: () => Config,
  { out, err, input = process.stdin }: Streams,
  openNeighbours: OpenNeighbours = nobodyOutside,
): Command {
  const program = new Command('docket')
    .description('Docket: the control plane for work orders')
    .version(apiVersion)
    .configureOutput({ writeOut: out, writeErr: err })
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
  addHostCommands(program, config, out, openNeighbours)
  addExportCommand(program, config, out)
  const asker = () => openAsker(input, err)
  addSignCommand(program, config, out, asker)
  addOperationCommands(program, config, out, hostKeys(config, out), asker)
  return program
}

/** `key create` is an operation, and with --tenant a command of the host: the first key has nobody to ask for it. */
const hostKeys = (config: () => Config, out: Out): HostVariant => ({
  operation: 'key.create',
  flag: '--tenant <slug>',
  says: 'make the key on this host, without a service, for --principal of this tenant',
  async run({ tenant, principal, name }) {
    if (tenant === undefined) return false
    if (principal === undefined)
      throw new CommanderError(2, 'docket.principal', 'with --tenant, name the --principal')
    out(`${await createHostKey(config(), tenant, principal, name ?? 'host')}\n`)
    return true
  },
})

/** Runs one command line; gives its exit code. */
export async function runCli(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
  streams: Streams,
  openNeighbours?: OpenNeighbours,
): Promise<number> {
  const program = buildCli(() => readConfig(environment), streams, openNeighbours)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    return report(error, argv.includes('--json'), streams.err)
  }
}

function report(error: unknown, json: boolean, err: Out): number {
  if (error instanceof CommanderError) {
    // What commander finds wrong it has said itself.
    if (error.code.startsWith('docket.')) err(`error: ${error.message}\n(--help shows what there is)\n`)
    return error.exitCode === 0 ? 0 : 2
  }
  if (error instanceof Refused) {
    err(json ? `${JSON.stringify(error.problem, null, 2)}\n` : `${error.message}\n`)
    return 1
  }
  const away = asUnavailable(error)
  const code =
    error instanceof SetupProblem ? 78 : error instanceof Unavailable || away !== undefined ? 75 : 70
  const message = code === 70 ? String((error as Error).stack ?? error) : ((away ?? error) as Error).message
  err(`${message}\n`)
  return code
}
