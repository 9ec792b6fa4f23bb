/** What people can do and what an hour of them costs: profiles, and ratings of experience that expire. */
import { z } from 'zod'
import { changesBetween } from '#domain/entry.ts'
import { toInstant } from '#domain/instant.ts'
import { emptyProfile, seesCostOf } from '#domain/person.ts'
import type { Certificate, PersonProfile } from '#domain/person.ts'
import { principalKinds } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import type { HeldRating } from '#domain/qualification.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { isTimeZone } from '#domain/wall-clock.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadPrincipal, lockPrincipal, updatePerson } from '../principal/store.ts'
import type { LockedPrincipal, PrincipalRow } from '../principal/store.ts'
import { listResourceNames, loadResource } from '../resource/store.ts'
import { decimal } from '../work-order/plan-schema.ts'
import { inOurTimes, line, principalRef } from '../work-order/schema.ts'

/** Who plans says what people cost and when they work; who assures quality says what they can do. */
const planners: Permission = { kinds: ['human'], roles: ['assigner', 'captain', 'admin'] }
const raters: Permission = { kinds: ['human'], roles: ['qa', 'system_owner', 'captain', 'admin'] }

const certificate = z.strictObject({
  name: line(200),
  number: line(200).nullable().default(null),
  scope: line(1000).nullable().default(null),
  expires_on: z.iso.date().refine(inOurTimes, 'must be between 1900 and 2199').nullable().default(null),
})
const ratingView = z.object({
  experience: z.string(),
  experience_id: z.uuid(),
  rating: z.int(),
  expires_at: z.string().nullable(),
  evidence: z.string().nullable(),
  rated_by: z.string().describe('id of who rated'),
  rated_at: z.string(),
})
const personView = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: z.enum(principalKinds),
  manager: z.string().nullable(),
  disabled_at: z.string().nullable(),
  job_roles: z.array(z.string()),
  cost_rate: z.string().nullable().describe('for an hour; null also for who may not see it'),
  currency: z.string().nullable(),
  calendar: z.string().nullable().describe('null: around the clock'),
  time_zone: z.string().nullable(),
  certificates: z.array(certificate),
  ratings: z.array(ratingView),
  version: z.int(),
})
type PersonView = z.output<typeof personView>
type Person = Omit<PrincipalRow, 'grants'>

async function toView(tx: Tx, actor: Actor, row: Person): Promise<PersonView> {
  const profile = row.profile ?? emptyProfile
  const seesCost = seesCostOf(actor, row.id)
  const rated = (row.ratings ?? []).map(({ experience_id }) => experience_id)
  const [calendar, names] = await Promise.all([
    profile.calendar_id === null ? undefined : loadResource(tx, 'calendar', profile.calendar_id),
    rated.length === 0 ? new Map<string, string>() : listResourceNames(tx, rated),
  ])
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    manager: row.manager,
    disabled_at: row.disabled_at,
    job_roles: [...profile.job_roles],
    cost_rate: seesCost ? profile.cost_rate : null,
    currency: profile.currency,
    calendar: calendar?.name ?? null,
    time_zone: profile.time_zone,
    certificates: profile.certificates.map(({ told_days: _told, ...one }) => one),
    ratings: (row.ratings ?? []).map(
      ({ experience_id, rating, expires_at, evidence, rated_by, rated_at }) => ({
        experience: names.get(experience_id) ?? experience_id,
        experience_id,
        rating,
        expires_at,
        evidence,
        rated_by,
        rated_at,
      }),
    ),
    version: row.version,
  }
}

const notFound: Refusal = { code: 'not_found', what: 'principal' }

export const get = operation({
  name: 'person.get',
  summary: 'Read what somebody can do, when they work and what an hour costs',
  http: ['GET', '/v1/people/:id'],
  permission: staff,
  mutates: false,
  example: '"Lee Lab"',
  input: z.strictObject({ id: principalRef }),
  output: personView,
  async run(tx, actor, { id }) {
    const row = await loadPrincipal(tx, id)
    return row === undefined ? refuse(notFound) : accept(await toView(tx, actor, row))
  },
})

export const setProfile = operation({
  name: 'person.set_profile',
  summary: 'Say what somebody does, what an hour costs, and by which calendar they work',
  http: ['PATCH', '/v1/people/:id'],
  permission: planners,
  mutates: true,
  example: '"Lee Lab" --cost-rate 85.00 --currency EUR --reason "new year"',
  input: z.strictObject({
    id: principalRef,
    job_roles: z.array(line(200)).max(50).optional(),
    cost_rate: decimal.nullable().optional().describe('for an hour'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be a code such as EUR')
      .nullable()
      .optional(),
    calendar: line(200).nullable().optional().describe('name or id of a calendar; null: around the clock'),
    time_zone: line(100).refine(isTimeZone, 'is no IANA time zone').nullable().optional(),
    certificates: z
      .array(certificate)
      .max(100)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'names one of them twice')
      .optional()
      .describe('all that are held; those that are left out are held no more'),
    reason: line(2000),
  }),
  output: personView,
  async run(tx, actor, { id, calendar, reason, ...given }) {
    const found =
      calendar === undefined || calendar === null ? calendar : await loadResource(tx, 'calendar', calendar)
    if (calendar !== undefined && calendar !== null && (found === undefined || found?.retired === true))
      return refuse({ code: 'unknown_reference', field: 'calendar', value: calendar })
    const before = await lockPrincipal(tx, id)
    const stale = checkVersion(tx, before)
    if (stale !== undefined || before === undefined) return refuse(stale ?? notFound)
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    const held = before.profile ?? emptyProfile
    const profile: PersonProfile = {
      ...held,
      ...set,
      ...(given.certificates === undefined
        ? {}
        : { certificates: keepTold(held.certificates, given.certificates) }),
      ...(found === undefined ? {} : { calendar_id: found?.id ?? null }),
    }
    if (profile.cost_rate !== null && profile.currency === null)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'currency', message: 'is needed with a cost rate' }],
      })
    return accept(await toView(tx, actor, record(tx, before, { profile }, 'profile_changed', reason)))
  },
})

/** What was told of a certificate that ends as it did is not told again. */
const keepTold = (before: readonly Certificate[], given: readonly Certificate[]): Certificate[] =>
  given.map((one) => {
    const same = before.find(({ name, expires_on }) => name === one.name && expires_on === one.expires_on)
    return same?.told_days === undefined ? one : { ...one, told_days: same.told_days }
  })

export const rate = operation({
  name: 'person.rate',
  summary: 'Rate the experience of somebody, with the evidence and until when it is valid',
  http: ['POST', '/v1/people/:id/ratings'],
  permission: raters,
  mutates: true,
  mcp: false,
  example:
    '"Lee Lab" --experience "Windows 11 build" --rating 4 --evidence "course 2026-11" --reason "passed"',
  input: z.strictObject({
    id: principalRef,
    experience: line(200).describe('name or id of an experience'),
    rating: z.int().min(1).max(5),
    expires_at: z.iso
      .datetime({ offset: true })
      .refine(inOurTimes, 'must be between 1900 and 2199')
      .nullable()
      .default(null)
      .describe('null: valid for good'),
    evidence: line(2000).optional().describe('a certificate, a course, where it can be looked up'),
    reason: line(2000),
  }),
  output: personView,
  async run(tx, actor, { id, experience: ref, rating, expires_at, evidence, reason }) {
    const experience = await loadResource(tx, 'experience', ref)
    if (experience === undefined || experience.retired)
      return refuse({ code: 'unknown_reference', field: 'experience', value: ref })
    const before = await lockPrincipal(tx, id)
    const gate = gateRating(tx, actor, before)
    if (gate !== undefined || before === undefined) return refuse(gate ?? notFound)
    const held: HeldRating = {
      experience_id: experience.id,
      rating,
      expires_at: expires_at === null ? null : toInstant(Date.parse(expires_at) * 1000),
      evidence: evidence ?? null,
      rated_by: actor.id,
      rated_at: before.locked_at,
      told_days: null,
    }
    const others = (before.ratings ?? []).filter((one) => one.experience_id !== experience.id)
    const ratings = [...others, held].toSorted((a, b) => (a.experience_id < b.experience_id ? -1 : 1))
    return accept(await toView(tx, actor, record(tx, before, { ratings }, 'rated', reason)))
  },
})

export const unrate = operation({
  name: 'person.remove_rating',
  summary: 'Take a rating away, from now on',
  http: ['DELETE', '/v1/people/:id/ratings/:experience'],
  permission: raters,
  mutates: true,
  mcp: false,
  example: '"Lee Lab" "Windows 11 build" --reason "not practised any more"',
  input: z.strictObject({ id: principalRef, experience: line(200), reason: line(2000) }),
  output: personView,
  async run(tx, actor, { id, experience: ref, reason }): Promise<Decision<PersonView>> {
    const experience = await loadResource(tx, 'experience', ref)
    const before = await lockPrincipal(tx, id)
    const gate = gateRating(tx, actor, before)
    if (gate !== undefined || before === undefined) return refuse(gate ?? notFound)
    const left = (before.ratings ?? []).filter((one) => one.experience_id !== experience?.id)
    if (left.length === (before.ratings ?? []).length) return refuse({ code: 'not_found', what: 'rating' })
    const ratings = left.length === 0 ? null : left
    return accept(await toView(tx, actor, record(tx, before, { ratings }, 'rating_removed', reason)))
  },
})

/** Nobody rates himself. */
function gateRating(tx: Tx, actor: Actor, person: LockedPrincipal | undefined): Refusal | undefined {
  const stale = checkVersion(tx, person)
  if (stale !== undefined || person === undefined) return stale
  return person.id === actor.id
    ? { code: 'gates_unmet', unmet: [{ code: 'separation_of_duties', rule: 'own_rating' }] }
    : undefined
}

function checkVersion(tx: Tx, row: LockedPrincipal | undefined): Refusal | undefined {
  if (row === undefined) return notFound
  const expected = tx.call.ifVersion
  return expected === undefined || expected === row.version
    ? undefined
    : { code: 'stale_version', expected, actual: row.version }
}

/** Queues the change with its entry; nothing where everything is as it was. */
function record(
  tx: Tx,
  before: LockedPrincipal,
  set: Partial<Pick<PrincipalRow, 'profile' | 'ratings'>>,
  action: string,
  reason: string,
): LockedPrincipal {
  const row = { profile: before.profile, ratings: before.ratings, ...set }
  const changes = changesBetween(['profile', 'ratings'], before, row)
  if (changes.length === 0) return before
  const head = tx.record({ kind: 'principal', record: before, action, reason, changes, at: before.locked_at })
  updatePerson(tx, before, row, head)
  return { ...before, ...row, version: head.version }
}
