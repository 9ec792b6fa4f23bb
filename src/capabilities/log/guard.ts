/**
 * Everything that watches over the log from outside the database, started together with the service: witnesses that
 * cosign it, the authority that dates it, the monitor that reads it again. A mismatch becomes a finding that holds
 * what is regulatory.
 */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { accept } from '#domain/refusal.ts'
import type { Config } from '#platform/config.ts'
import { openDatabase } from '#platform/database.ts'
import type { Floor } from '#platform/tx.ts'
import { raiseFinding } from '../finding/raise.ts'
import { asOperator, loadOperatorOf } from '../tenant/found.ts'
import { openMonitor } from './monitor.ts'
import type { Neighbours, RaiseMismatch } from './neighbour.ts'
import { openTimestampLoop } from './timestamp-loop.ts'
import { openWitnessLoop } from './witness-loop.ts'
import { listTenantIds } from './witness-store.ts'

export type LogGuard = {
  /** A new checkpoint of this tenant is committed. Returns at once. */
  sealed(tenantId: string): void
  close(): Promise<void>
}

export type GuardWork = {
  readonly floor: Floor
  /** Login of docket_auditor, asked anew for each connection. */
  readonly auditorUrl: () => string
  readonly config: Pick<Config, 'DOCKET_DATA' | 'DOCKET_MONITOR_RATE'>
  readonly neighbours: Neighbours
  readonly log: Logger
}

export function openLogGuard({ floor, auditorUrl, config, neighbours, log }: GuardWork): LogGuard {
  const { db } = floor
  const raise = raiseIn(floor)
  const { witnesses, timestamp } = neighbours
  const loops = [
    ...(witnesses.length === 0 ? [] : [openWitnessLoop({ db, witnesses, raise, log })]),
    ...(timestamp === undefined ? [] : [openTimestampLoop({ db, timestamp, log })]),
  ]
  const auditor = openDatabase({ url: auditorUrl, max: 1, applicationName: 'docket-monitor' })
  const folder = join(config.DOCKET_DATA, 'monitor')
  const monitor =
    config.DOCKET_MONITOR_RATE === 0
      ? undefined
      : openMonitor({ db: auditor, folder, raise, log, now: () => Date.now() }, config.DOCKET_MONITOR_RATE)
  const sealed = (tenantId: string): void => loops.forEach((loop) => loop.sealed(tenantId))
  // What was sealed before this process ran was perhaps not cosigned, and nothing may be sealed for long.
  const waking = (loops.length === 0 ? Promise.resolve([]) : listTenantIds(auditor)).then(
    (tenants) => tenants.forEach(sealed),
    (error: unknown) => log.warn({ err: error }, 'older checkpoints are offered with the next ones'),
  )
  return {
    sealed,
    async close() {
      await waking
      await Promise.all([...loops.map((loop) => loop.close()), monitor?.close()])
      await auditor.close()
    },
  }
}

/** The host raises it: nobody in the tenant did anything. */
const raiseIn =
  (floor: Floor): RaiseMismatch =>
  async (tenantId, { kind, detail }) => {
    const operator = await loadOperatorOf(floor, tenantId)
    if (operator === undefined) throw new Error(`the tenant ${tenantId} has no operator`)
    await asOperator(floor, operator, async (tx) => {
      await raiseFinding(tx, {
        kind,
        severity: 'critical',
        workOrderId: null,
        title: 'The audit log is not what it was',
        detail,
        at: tx.now(),
      })
      return accept(undefined)
    })
  }
