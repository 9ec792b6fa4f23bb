/** What the service does beside requests: reminders and escalations, what becomes ready by the clock, the check of trees, ratings, certificates and calibrations, abandoned schedules, learning from closed work. Opened with it and closed with it. */
import { openSlaWorker } from '#capabilities/approval-sla/worker.ts'
import { sweepLags } from '#capabilities/completion/lag.ts'
import { openLearner } from '#capabilities/estimate/learner.ts'
import { raiseTreeDamage } from '#capabilities/hierarchy/check.ts'
import { sweepRatings } from '#capabilities/person/expiry.ts'
import { sweepCalibrations } from '#capabilities/resource/calibration.ts'
import type { Runner } from '#capabilities/schedule/runner.ts'
import { listTenants } from '#capabilities/verify/verify.ts'
import { readClock } from '#platform/clock.ts'
import { openDatabase } from '#platform/database.ts'
import { openJobs } from '#platform/jobs.ts'
import type { OpenService } from './open-service.ts'

/** How often the trees of a tenant are held against their records, and what expires against its end. */
const lookEveryMs = 3600 * 1000

export type ApprovalJobs = { close(): Promise<void> }

export async function openApprovalJobs(
  { floor, installation, log }: OpenService,
  scheduler: Pick<Runner, 'sweep'>,
): Promise<ApprovalJobs> {
  // A pool of their own: jobs never wait behind requests, nor requests behind jobs.
  const db = openDatabase({
    url: () => installation.urlOf('docket_app'),
    max: 3,
    applicationName: 'docket-jobs',
  })
  const jobs = await openJobs(db, log)
  const listTenantIds = async (): Promise<string[]> =>
    (await listTenants(installation.urlOf('docket_auditor'))).map(({ id }) => id)
  const learner = openLearner(floor, log)
  const lookedAt = new Map<string, number>()
  const beside = async (tenantId: string): Promise<number> => {
    learner.look(tenantId)
    const now = performance.now()
    if (now - (lookedAt.get(tenantId) ?? Number.NEGATIVE_INFINITY) >= lookEveryMs) {
      lookedAt.set(tenantId, now)
      await raiseTreeDamage(floor, tenantId)
      await sweepRatings(floor, tenantId, readClock())
      await sweepCalibrations(floor, tenantId, readClock())
    }
    await scheduler.sweep(tenantId)
    return sweepLags(floor, tenantId, readClock())
  }
  const worker = await openSlaWorker({ floor, jobs, listTenantIds, now: readClock, log, beside })
  return {
    async close() {
      worker.close()
      await learner.close()
      await jobs.close()
      await db.close()
    },
  }
}
