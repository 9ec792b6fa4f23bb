/**
 * Ratings and certificates that come to their end: the person and the manager are told 30, 7 and 1 days before, each once, and
 * work that is under way when what its assignee needs for it ends is a finding. Looked at every hour; at every start too, so that no
 * standstill loses anything.
 */
import { changesBetween } from '#domain/entry.ts'
import { toInstant } from '#domain/instant.ts'
import type { Certificate } from '#domain/person.ts'
import { findNotice, noticeDays, toEndOfDay } from '#domain/qualification.ts'
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
  const due = expiring.filter(
    ({ profile, ratings }) =>
      (ratings ?? []).some((one) => findNotice(one, now) !== undefined) ||
      (profile?.certificates ?? []).some((one) => findDue(one, now) !== undefined),
  )
  if (due.length + lapsed.length === 0) return 0
  const actor = await ensureJob(floor, tenantId, sweeperName)
  if (actor === undefined) return 0
  const bound = toBound(tenantId, actor)
  for (const { principal_id: id } of due) await inTenant(floor, bound, (tx) => tell(tx, id, now))
  for (const one of lapsed)
    await inTenant(floor, bound, async (tx) => accept(await raiseFinding(tx, toFinding(one, tx.now()))))
  return due.length + lapsed.length
}

const findDue = ({ expires_on, told_days = null }: Certificate, now: string): number | undefined =>
  findNotice({ expires_at: toEndOfDay(expires_on), told_days }, now)

type Told = {
  readonly experience?: string
  readonly certificate?: string
  readonly expires_at: string | null
  readonly days: number
}

/** What was told meanwhile is not told again: what stands under the lock decides. */
async function tell(tx: Tx, id: string, now: string) {
  const before = await lockPrincipal(tx, id)
  if (before === undefined) return accept(undefined)
  const told: Told[] = []
  const ratings: HeldRating[] = []
  for (const rating of before.ratings ?? []) {
    const days = findNotice(rating, now)
    ratings.push(days === undefined ? rating : { ...rating, told_days: days })
    if (days === undefined) continue
    const experience = await loadResource(tx, 'experience', rating.experience_id)
    told.push({ experience: experience?.name ?? '', expires_at: rating.expires_at, days })
  }
  const certificates = (before.profile?.certificates ?? []).map((one) => {
    const days = findDue(one, now)
    if (days === undefined) return one
    told.push({ certificate: one.name, expires_at: toEndOfDay(one.expires_on), days })
    return { ...one, told_days: days }
  })
  if (told.length === 0) return accept(undefined)
  const row = {
    profile: before.profile === null ? null : { ...before.profile, certificates },
    ratings: before.ratings === null ? null : ratings,
  }
  const head = tx.record({
    kind: 'principal',
    record: before,
    action: told.some(({ experience }) => experience !== undefined)
      ? 'rating_expiring'
      : 'certificate_expiring',
    changes: changesBetween(['profile', 'ratings'], before, row),
    detail: { told, who: [before.name, ...(before.manager === null ? [] : [before.manager])] },
    at: before.locked_at,
  })
  updatePerson(tx, before, row, head)
  return accept(undefined)
}

const toFinding = ({ id, number, assignee, experience, certificate, expired_at }: Lapsed, at: string) => ({
  kind: 'qualification_expired',
  severity: 'major' as const,
  workOrderId: id,
  title: `${assignee} works on ${number} without a valid ${certificate === null ? `rating in ${experience}` : `certificate ${certificate}`}`,
  detail: {
    assignee,
    ...(certificate === null ? { experience } : { certificate }),
    expired_at,
  },
  at,
})

const toBound = (tenantId: string, actor: { readonly id: string; readonly name: string }): Bound => ({
  tenantId,
  actor: { ...actor, kind: 'system', sponsorId: null, client: 'worker' },
  call: { requestId: 'qualifications' },
})
