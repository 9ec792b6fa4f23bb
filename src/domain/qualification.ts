/**
 * Who is qualified for a piece of work: for each experience that it asks for, a rating that is high enough and valid at
 * that time; for each certificate, one of that name that is valid then. What has no expiry is valid for good; the instant of
 * its expiry is the first at which it is not, and a day (UTC) is good to its end.
 */
import { toInstant } from './instant.ts'
import type { Certificate } from './person.ts'
import type { Requirements } from './work-order.ts'

/** What a person is rated in; a recorded field of the principal. */
export type HeldRating = {
  readonly experience_id: string
  /** 1 to 5. */
  readonly rating: number
  /** RFC 3339, UTC; null: for good. */
  readonly expires_at: string | null
  /** A certificate, a course, a file: where it can be looked up. */
  readonly evidence: string | null
  /** Id of who rated. */
  readonly rated_by: string
  readonly rated_at: string
  /** Of 30, 7 and 1 days before the expiry, the last that was told. */
  readonly told_days: number | null
}
export type NamedRating = Pick<HeldRating, 'rating' | 'expires_at'> & { readonly name: string }

/** All that somebody can show. */
export type Qualifications = {
  readonly ratings: readonly NamedRating[]
  readonly certificates: readonly Pick<Certificate, 'name' | 'expires_on'>[]
}
export const noQualifications: Qualifications = { ratings: [], certificates: [] }

export type MissingCertificate = {
  readonly certificate: string
  /** When it expired; null where there is none of that name. */
  readonly expired_at: string | null
}
export type MissingExperience = {
  readonly experience: string
  readonly min_rating: number
  /** The best rating that there is, valid or not; null where there is none. */
  readonly rating: number | null
  /** When it expired, where only that is in the way. */
  readonly expired_at: string | null
}

export type Missing = MissingExperience | MissingCertificate

/** The first instant after a day, YYYY-MM-DD (UTC); null for what has no end. */
export const toEndOfDay = (day: string | null): string | null =>
  day === null ? null : toInstant((Date.parse(day) + 86_400_000) * 1000)

const isValid = ({ expires_at: end }: Pick<HeldRating, 'expires_at'>, now: string): boolean =>
  end === null || Date.parse(end) > Date.parse(now)

/** Does the work ask for anything that somebody must be qualified in? */
export const asksForAnything = (requirements: Requirements | null): boolean =>
  (requirements?.experience.length ?? 0) + (requirements?.certificates?.length ?? 0) > 0

/** What the work asks for and these do not give at `now`: experience, then certificates, in the order of the requirements. */
export const listMissing = (
  requirements: Requirements | null,
  { ratings, certificates }: Qualifications,
  now: string,
): Missing[] => [
  ...listMissingExperience(requirements, ratings, now),
  ...(requirements?.certificates ?? []).flatMap(({ name }) => {
    const ends = certificates
      .filter((one) => one.name === name)
      .map((one) => toEndOfDay(one.expires_on))
      .toSorted((a, b) => ((a ?? '') < (b ?? '') ? 1 : -1))
    return ends.some((end) => isValid({ expires_at: end }, now))
      ? []
      : [{ certificate: name, expired_at: ends[0] ?? null }]
  }),
]

function listMissingExperience(
  requirements: Requirements | null,
  ratings: readonly NamedRating[],
  now: string,
): MissingExperience[] {
  return (requirements?.experience ?? []).flatMap(({ name, min_rating }) => {
    const held = ratings.filter((one) => one.name === name)
    const enough = held.filter(({ rating }) => rating >= min_rating)
    if (enough.some((one) => isValid(one, now))) return []
    const best = held.toSorted((a, b) => b.rating - a.rating)[0]
    const expired = enough.toSorted((a, b) => ((a.expires_at ?? '') < (b.expires_at ?? '') ? 1 : -1))[0]
    return [
      { experience: name, min_rating, rating: best?.rating ?? null, expired_at: expired?.expires_at ?? null },
    ]
  })
}

/** Days before the expiry at which the person and the manager are told. */
export const noticeDays = [30, 7, 1] as const

/** The notice that is due at `now`: the shortest one that is reached and was not told; undefined where none is. */
export function findNotice(
  { expires_at, told_days }: Pick<HeldRating, 'expires_at' | 'told_days'>,
  now: string,
): number | undefined {
  if (expires_at === null) return undefined
  const days = (Date.parse(expires_at) - Date.parse(now)) / 86_400_000
  if (days <= 0) return undefined
  const due = noticeDays.filter((notice) => days <= notice).at(-1)
  return due === undefined || (told_days !== null && told_days <= due) ? undefined : due
}
