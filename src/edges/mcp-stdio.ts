/** `docket mcp`: the same tools over standard input and output, for the principal of DOCKET_KEY. */
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { SetupProblem } from '#platform/error.ts'
import { newId } from '#platform/id.ts'
import type { Service } from '#platform/service.ts'
import { buildMcpServer } from './mcp.ts'

/** Serves until the client closes its end. */
export async function serveMcpStdio(service: Service): Promise<void> {
  const key = service.config.DOCKET_KEY
  if (key === undefined)
    throw new SetupProblem(
      'docket mcp acts for one principal: set DOCKET_KEY to its API key ("docket key create --tenant T --principal P" makes one).',
    )
  const caller = () => service.identity.authenticate({ bearer: key }, 'mcp')
  if ((await caller()) === undefined)
    throw new SetupProblem(
      'DOCKET_KEY is not valid, or no longer: make a new key with "docket key create --tenant T --principal P".',
    )
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve)
    process.stdin.once('close', resolve)
  })
  const handle = serveStdio(() => buildMcpServer(service, caller, newId), {
    onerror: (error) => service.log.debug({ err: error }, 'mcp'),
  })
  await ended
  await handle.close()
}
