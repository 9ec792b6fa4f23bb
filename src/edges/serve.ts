/** `docket serve`: the HTTP service, with partitions made ahead; stops cleanly on SIGTERM and SIGINT. */
import { operations } from '#capabilities/index.ts'
import { openLogGuard } from '#capabilities/log/guard.ts'
import type { OpenNeighbours } from '#capabilities/log/neighbour.ts'
import { openSealing, startSealer } from '#capabilities/log/sealer.ts'
import { openRunner } from '#capabilities/schedule/runner.ts'
import type { Config } from '#platform/config.ts'
import { SetupProblem } from '#platform/error.ts'
import { keepHouse } from '#platform/housekeeping.ts'
import { openApprovalJobs } from './approval-jobs.ts'
import { buildHttp } from './http.ts'
import { openService } from './open-service.ts'

export async function serve(config: Config, openNeighbours: OpenNeighbours): Promise<void> {
  // Who asks to stop while it still starts is heard too: otherwise the process would end and leave its database running.
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  const neighbours = openNeighbours(config)
  const service = await openService(config, 'serve', { readSecret: neighbours.readSecret })
  const app = await buildHttp(service)
  try {
    await app.listen({ port: config.PORT, host: config.HOST })
  } catch (error) {
    await service.close()
    throw toSetupProblem(error, config)
  }
  const scheduler = openRunner(service.floor, service.log)
  const approvalJobs = await openApprovalJobs(service, scheduler)
  const stopHousekeeping = keepHouse(service.floor.db, service.log)
  const { floor, installation, log } = service
  const auditorUrl = (): string => installation.urlOf('docket_auditor')
  const guard = openLogGuard({ floor, auditorUrl, config, neighbours, log })
  const sealing = openSealing(() => installation.urlOf('docket_sealer'), floor, log)
  const onSealed = (tenantId: string): void => guard.sealed(tenantId)
  const sealer = startSealer({ ...sealing, onSealed }, () => service.recover())
  const [address] = app.addresses()
  service.log.info(
    { operations: operations.length },
    `Docket is at http://${config.HOST}:${typeof address === 'object' ? address.port : config.PORT}/docs`,
  )
  const stop = async (): Promise<void> => {
    stopHousekeeping()
    await app.close()
    await approvalJobs.close()
    await scheduler.close()
    await sealer.stop()
    await guard.close()
    await service.close()
  }
  await asked
  await stop()
}

function toSetupProblem(error: unknown, config: Config): unknown {
  const code = (error as { code?: string }).code
  if (code === 'EADDRINUSE')
    return new SetupProblem(
      `Port ${config.PORT} is taken by another program: stop that one, or set PORT to a free port.`,
      { cause: error },
    )
  if (code === 'EACCES')
    return new SetupProblem(
      `Port ${config.PORT} needs more rights than this user has: set PORT to one above 1023.`,
      { cause: error },
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new SetupProblem(
      `HOST ${config.HOST} is not an address of this machine: set it to 127.0.0.1, 0.0.0.0 or one that is.`,
      { cause: error },
    )
  return error
}
