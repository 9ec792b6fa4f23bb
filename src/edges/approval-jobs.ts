/** Reminders and escalations of approvals, as jobs of the service: opened with it and closed with it. */
import { openSlaWorker } from '#capabilities/approval-sla/worker.ts'
import { listTenants } from '#capabilities/verify/verify.ts'
import { readClock } from '#platform/clock.ts'
import { openDatabase } from '#platform/database.ts'
import { openJobs } from '#platform/jobs.ts'
import type { OpenService } from './open-service.ts'

export type ApprovalJobs = { close(): Promise<void> }

export async function openApprovalJobs({ floor, installation, log }: OpenService): Promise<ApprovalJobs> {
  // A pool of their own: jobs never wait behind requests, nor requests behind jobs.
  const db = openDatabase({
    url: () => installation.urlOf('docket_app'),
    max: 3,
    applicationName: 'docket-jobs',
  })
  const jobs = await openJobs(db, log)
  const listTenantIds = async (): Promise<string[]> =>
    (await listTenants(installation.urlOf('docket_auditor'))).map(({ id }) => id)
  const worker = await openSlaWorker({ floor, jobs, listTenantIds, now: readClock, log })
  return {
    async close() {
      worker.close()
      await jobs.close()
      await db.close()
    },
  }
}
