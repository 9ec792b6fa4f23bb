/**
 * Ratings that come to their end: the person and the manager are told 30, 7 and 1 days before, each once, and work that is
 * under way when its assignee's rating ends is a finding. Looked at every hour; at every start too, so that no
 * standstill loses anything.
 */
import { changesBetween } from '#domain/entry.ts'
import { toInstant } from '#domain/instant.ts'
import { findNotice, noticeDays } from '#domain/qualification.ts'
import type { HeldRating } from '#domain/qualification.ts'
import { accept } from '#domain/refusal.ts'
import { inTenant } from '#platform/tx.ts'
import type { Bound, Floor, Tx } from '#platform/tx.ts'
import { ensureJob } from '../approval-sla/actor.ts'
import { raiseFinding } from '../finding/raise.ts'
import { lockPrincipal, updatePerson } from '../principal/store.ts'
import { loadResource } from '../resource/store.ts'
import { listExpiring, listLapsed } from './store.ts'
import type { Lapsed } from './store.ts'

const sweeperName = 'system:qualifications'

/** Gives how many notices and findings there were. */
export async function sweepRatings(floor: Floor, tenantId: string, now: string): Promise<number> {
  const until = toInstant((Date.parse(now) + Math.max(...noticeDays) * 86_400_000) * 1000)
  const reader = toBound(tenantId, { id: tenantId, name: sweeperName })
  const seen = await inTenant(floor, { ...reader, oneMoment: true }, async (tx) =>
    accept({ expiring: await listExpiring(tx, now, until), lapsed: await listLapsed(tx, now) }),
  )
  if (!seen.ok) return 0
  const { expiring, lapsed } = seen.value
  const due = expiring.filter(({ ratings }) => ratings.some((one) => findNotice(one, now) !== undefined))
  if (due.length + lapsed.length === 0) return 0
  const actor = await ensureJob(floor, tenantId, sweeperName)
  if (actor === undefined) return 0
  const bound = toBound(tenantId, actor)
  for (const { principal_id: id } of due) await inTenant(floor, bound, (tx) => tell(tx, id, now))
  for (const one of lapsed)
    await inTenant(floor, bound, async (tx) => accept(await raiseFinding(tx, toFinding(one, tx.now()))))
  return due.length + lapsed.length
}

/** What was told meanwhile is not told again: what stands under the lock decides. */
async function tell(tx: Tx, id: string, now: string) {
  const before = await lockPrincipal(tx, id)
  if (before === undefined) return accept(undefined)
  const told: { experience: string; expires_at: string | null; days: number }[] = []
  const ratings: HeldRating[] = []
  for (const rating of before.ratings ?? []) {
    const days = findNotice(rating, now)
    ratings.push(days === undefined ? rating : { ...rating, told_days: days })
    if (days === undefined) continue
    const experience = await loadResource(tx, 'experience', rating.experience_id)
    told.push({ experience: experience?.name ?? '', expires_at: rating.expires_at, days })
  }
  if (told.length === 0) return accept(undefined)
  const row = { profile: before.profile, ratings }
  const head = tx.record({
    kind: 'principal',
    record: before,
    action: 'rating_expiring',
    changes: changesBetween(['ratings'], before, row),
    detail: { told, who: [before.name, ...(before.manager === null ? [] : [before.manager])] },
    at: before.locked_at,
  })
  updatePerson(tx, before, row, head)
  return accept(undefined)
}

const toFinding = ({ id, number, assignee, experience, expired_at }: Lapsed, at: string) => ({
  kind: 'qualification_expired',
  severity: 'major' as const,
  workOrderId: id,
  title: `${assignee} works on ${number} without a valid rating in ${experience}`,
  detail: { assignee, experience, expired_at },
  at,
})

const toBound = (tenantId: string, actor: { readonly id: string; readonly name: string }): Bound => ({
  tenantId,
  actor: { ...actor, kind: 'system', sponsorId: null, client: 'worker' },
  call: { requestId: 'qualifications' },
})
