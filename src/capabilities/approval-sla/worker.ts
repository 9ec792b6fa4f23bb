/**
 * Reminders and escalations while the service runs. Each half minute one process sweeps each tenant for steps
 * that are due, and plans those of the next minute to the second. The sweep alone is enough: a job that is lost
 * or done twice changes nothing, because a step is taken once, under the lock of its work order.
 */
import type { Logger } from 'pino'
import { accept } from '#domain/refusal.ts'
import { toInstant } from '#domain/instant.ts'
import type { JobData, Jobs } from '#platform/jobs.ts'
import { inTenant } from '#platform/tx.ts'
import type { Bound, Floor } from '#platform/tx.ts'
import { ensureApprovals } from './actor.ts'
import { takeStep } from './step.ts'
import { listDue } from './store.ts'

const sweepSeconds = 30
const aheadSeconds = 60
const mostInASweep = 1000

export type SlaWorker = { close(): void }
export type SlaNeeds = {
  readonly floor: Floor
  readonly jobs: Jobs
  /** Every tenant of the installation, by id. */
  readonly listTenantIds: () => Promise<readonly string[]>
  /** RFC 3339; decides what is due. Entries carry the time of the service in any case. */
  readonly now: () => string
  readonly log: Logger
  /** What else is looked at in each sweep of a tenant; gives how much was done. */
  readonly beside?: (tenantId: string) => Promise<number>
  /** 30 unless said. */
  readonly everySeconds?: number
}

/** Begins at once, with what became due while nothing ran. */
export async function openSlaWorker(needs: SlaNeeds): Promise<SlaWorker> {
  const { floor, jobs, now, log, everySeconds = sweepSeconds } = needs
  await jobs.work('approval-sweep', async ({ tenant }) => {
    const { taken, ahead } = await sweepTenant(floor, String(tenant), now())
    if (taken > 0) log.info({ tenant, steps: taken }, 'reminded or escalated')
    const more = (await needs.beside?.(String(tenant))) ?? 0
    if (more > 0) log.info({ tenant, ready: more }, 'ready by the clock')
    for (const due of ahead) {
      const data = {
        tenant: String(tenant),
        requirement: due.id,
        work_order: due.work_order_id,
        step: due.step,
      }
      await jobs.send('approval-step', data, {
        key: `${due.id} ${due.step}`,
        everySeconds: aheadSeconds,
        at: due.next_step_at,
      })
    }
  })
  await jobs.work('approval-step', async (data) => {
    const isTaken = await takePlanned(floor, data, now())
    if (isTaken) log.info({ tenant: data['tenant'], steps: 1 }, 'reminded or escalated')
  })
  const sweepAll = async (): Promise<void> => {
    try {
      for (const tenant of await needs.listTenantIds())
        await jobs.send('approval-sweep', { tenant }, { key: tenant, everySeconds })
    } catch (error) {
      log.warn({ err: error }, 'the sweep of approvals will be tried again')
    }
  }
  void sweepAll()
  const timer = setInterval(() => void sweepAll(), everySeconds * 1000)
  timer.unref()
  return { close: () => clearInterval(timer) }
}

export type Sweep = {
  readonly taken: number
  /** Steps of the next minute. */
  readonly ahead: Awaited<ReturnType<typeof listDue>>
}

/** Takes every step of the tenant that is due at `now`. */
export async function sweepTenant(floor: Floor, tenantId: string, now: string): Promise<Sweep> {
  const until = toInstant(Date.parse(now) * 1000 + aheadSeconds * 1_000_000)
  const reader = toBound(tenantId, { id: tenantId, name: 'sweep' })
  const found = await inTenant(floor, reader, async (tx) => accept(await listDue(tx, until, mostInASweep)))
  const all = found.ok ? found.value : []
  const isDue = (at: string): boolean => Date.parse(at) <= Date.parse(now)
  const due = all.filter(({ next_step_at }) => isDue(next_step_at))
  let taken = 0
  if (due.length > 0) {
    const actor = await ensureApprovals(floor, tenantId)
    // An administrator who disables it stops reminders and escalations; that is an entry, too.
    if (actor === undefined) return { taken, ahead: [] }
    for (const { id, work_order_id, step } of due) {
      const target = { requirementId: id, workOrderId: work_order_id, step }
      if ((await takeStep(floor, toBound(tenantId, actor), target, now)) !== undefined) taken += 1
    }
  }
  return { taken, ahead: all.filter(({ next_step_at }) => !isDue(next_step_at)) }
}

async function takePlanned(floor: Floor, data: JobData, now: string): Promise<boolean> {
  const tenantId = String(data['tenant'])
  const actor = await ensureApprovals(floor, tenantId)
  if (actor === undefined) return false
  const target = {
    requirementId: String(data['requirement']),
    workOrderId: String(data['work_order']),
    step: Number(data['step']),
  }
  return (await takeStep(floor, toBound(tenantId, actor), target, now)) !== undefined
}

const toBound = (tenantId: string, actor: { readonly id: string; readonly name: string }): Bound => ({
  tenantId,
  actor: { ...actor, kind: 'system', sponsorId: null, client: 'worker' },
  call: { requestId: 'approval-sla' },
})
