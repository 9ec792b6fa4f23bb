/**
 * Tools whose calibration comes due: the keeper is told 30, 7 and 1 days before, each once, by an entry of the tool. That
 * nothing is set aside beyond the day is the reservations' own rule. Looked at every hour, and at every start.
 */
import { changesBetween } from '#domain/entry.ts'
import { toInstant } from '#domain/instant.ts'
import { findNotice, noticeDays, toEndOfDay } from '#domain/qualification.ts'
import { accept } from '#domain/refusal.ts'
import { inTenant } from '#platform/tx.ts'
import type { Bound, Floor, Tx } from '#platform/tx.ts'
import { ensureJob } from '../approval-sla/actor.ts'
import { listToolsDue, lockResource, resourceFields, updateResource } from './store.ts'
import type { ResourceFields } from './store.ts'

const sweeperName = 'system:calibrations'

/** What of a tool's body is about its calibration. What was told counts for the day that it was told about. */
type Body = {
  readonly calibration_due?: string
  readonly keeper?: string
  readonly told?: { readonly calibration_due: string; readonly days: number }
}

/** Gives how many tools there was something to tell of. */
export async function sweepCalibrations(floor: Floor, tenantId: string, now: string): Promise<number> {
  const lastDay = toInstant((Date.parse(now) + Math.max(...noticeDays) * 86_400_000) * 1000).slice(0, 10)
  const reader = toBound(tenantId, { id: tenantId, name: sweeperName })
  const seen = await inTenant(floor, { ...reader, oneMoment: true }, async (tx) =>
    accept(await listToolsDue(tx, now.slice(0, 10), lastDay)),
  )
  const due = seen.ok ? seen.value.filter(({ body }) => findDue(body, now) !== undefined) : []
  if (due.length === 0) return 0
  const actor = await ensureJob(floor, tenantId, sweeperName)
  if (actor === undefined) return 0
  for (const { id } of due) await inTenant(floor, toBound(tenantId, actor), (tx) => tell(tx, id, now))
  return due.length
}

function findDue({ calibration_due: day, told }: Body, now: string): number | undefined {
  const told_days = told !== undefined && told.calibration_due === day ? told.days : null
  return findNotice({ expires_at: toEndOfDay(day ?? null), told_days }, now)
}

/** What was told meanwhile is not told again: what stands under the lock decides. */
async function tell(tx: Tx, id: string, now: string) {
  const before = await lockResource(tx, 'tool', id)
  const body = (before?.body ?? {}) as Body
  const { calibration_due, keeper } = body
  const days = findDue(body, now)
  if (before === undefined || days === undefined || calibration_due === undefined) return accept(undefined)
  const { type, name, retired } = before
  const row: ResourceFields = { type, name, retired, body: { ...body, told: { calibration_due, days } } }
  const at = before.locked_at
  const head = tx.record({
    kind: 'resource',
    record: before,
    action: 'calibration_expiring',
    changes: changesBetween(resourceFields, before, row),
    detail: { calibration_due, days, who: keeper === undefined ? [] : [keeper] },
    at,
  })
  updateResource(tx, before, row, head, at)
  return accept(undefined)
}

const toBound = (tenantId: string, actor: { readonly id: string; readonly name: string }): Bound => ({
  tenantId,
  actor: { ...actor, kind: 'system', sponsorId: null, client: 'worker' },
  call: { requestId: 'calibrations' },
})
