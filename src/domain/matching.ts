/**
 * Who can do a piece of work: candidates ranked by availability, then experience, then cost, each explained, with what
 * nobody can give. The one rule: a rating counts only when it is valid from the planned start to the planned end.
 *
 * Experience is one number, 0..1. For a requirement of at least m and a counted rating r (0 when none counts):
 * everything met: 0.8 + 0.2 × mean((r − m) / (5 − m)), where 5 asked and had is 1; otherwise 0.8 × mean(min(1, r / m)).
 * So 0.8 and above means that every requirement is met, and a higher rating is never worse. Nothing asked is 1.
 */
import { parseInstant } from './instant.ts'
import { parseCost } from './roll-up.ts'

export type Rating = {
  readonly experience_id: string
  readonly name: string
  /** 1 to 5. */
  readonly rating: number
  /** Valid before this instant; null: for good. */
  readonly expires_at: string | null
}
export type Person = {
  readonly id: string
  readonly name: string
  readonly active: boolean
  readonly roles: readonly string[]
  readonly ratings: readonly Rating[]
  /** For an hour, decimal. */
  readonly cost_rate: string | null
  readonly currency: string | null
  /** Working hours in the window of the need, booked ones included. */
  readonly openHours: number
  readonly bookedHours: number
  /** What stands in the way, in words: told, not weighed (what is booked is not open any more). */
  readonly conflicts: readonly string[]
}
export type Required = {
  readonly experience_id: string
  readonly min_rating: number
  /** For the sentences, where nobody's rating tells it. */
  readonly name?: string
}
export type Need = {
  readonly experience: readonly Required[]
  readonly role?: string
  /** Of each person. */
  readonly hours: number
  readonly window: { readonly start: string; readonly end: string }
  readonly headcount: number
  readonly preferred: readonly string[]
  readonly excluded: readonly string[]
  /** Rates in other currencies are not compared; they rank as unknown. */
  readonly currency: string
}

export type Candidate = {
  readonly person_id: string
  readonly experience_match_score: number
  /** The hours asked are free. */
  readonly availability: boolean
  readonly conflicts: readonly string[]
  /** Every requirement is met; such a person can be assigned. */
  readonly qualified: boolean
  readonly freeHours: number
  readonly explanation: readonly string[]
}
export type Match = {
  /** Everybody who has the role and something of the experience, best first. */
  readonly candidates: readonly Candidate[]
  readonly gaps: readonly string[]
  readonly leftOut: readonly { readonly person_id: string; readonly reason: string }[]
}

const met = 0.8
const highestRating = 5

type Held = { readonly of: Rating; readonly until: number }
/** A person with what every need asks again: ratings by experience and the rate, read once. */
export type Profile = {
  readonly person: Person
  readonly freeHours: number
  readonly rate: bigint | null
  readonly held: ReadonlyMap<string, readonly Held[]>
}

export function toProfile(person: Person): Profile {
  const held = new Map<string, Held[]>()
  for (const of of person.ratings) {
    const until = of.expires_at === null ? Number.POSITIVE_INFINITY : parseInstant(of.expires_at)
    const one = { of, until }
    const others = held.get(of.experience_id)
    if (others === undefined) held.set(of.experience_id, [one])
    else others.push(one)
  }
  // The best first, and of those what is valid longest.
  for (const ratings of held.values())
    ratings.sort((a, b) => b.of.rating - a.of.rating || later(b.until) - later(a.until))
  const freeHours = Math.max(0, person.openHours - person.bookedHours)
  return { person, freeHours, rate: parseCost(person.cost_rate), held }
}
/** What cannot be read as an instant is never valid, and infinities cannot be subtracted. */
const later = (until: number): number => (Number.isNaN(until) ? 0 : Math.min(until, Number.MAX_VALUE))

/** The instant until which a rating must be valid, in microseconds. */
export const endOf = (need: Need): number =>
  Math.max(parseInstant(need.window.start), parseInstant(need.window.end))

function findCounted({ held }: Profile, { experience_id }: Required, end: number): Rating | undefined {
  return held.get(experience_id)?.find(({ until }) => until >= end)?.of
}

export type Measure = { readonly qualified: boolean; readonly score: number }

/** Experience alone, as the formula above says; who measures many people reads the end of the need once. */
export function measureExperience(need: Need, profile: Profile, end = endOf(need)): Measure {
  let share = 0
  let surplus = 0
  let unmet = 0
  for (const required of need.experience) {
    const asked = required.min_rating
    const rating = findCounted(profile, required, end)?.rating ?? 0
    if (rating < asked) unmet += 1
    share += asked > 0 ? Math.min(1, rating / asked) : 1
    surplus += asked < highestRating ? Math.max(0, rating - asked) / (highestRating - asked) : 1
  }
  const count = need.experience.length
  if (count === 0) return { qualified: true, score: 1 }
  if (unmet > 0) return { qualified: false, score: (met * share) / count }
  return { qualified: true, score: met + ((1 - met) * surplus) / count }
}

/** May this person be thought of at all: there, not excluded, and of the role asked for. */
export const isEligible = (need: Need, { active, id, roles }: Person): boolean =>
  active && !need.excluded.includes(id) && (need.role === undefined || roles.includes(need.role))

/** In units of 10^-12 for an hour; null where it is unknown, or in another currency. */
export const rateIn = (need: Need, { person, rate }: Profile): bigint | null =>
  person.currency === need.currency ? rate : null

type Ranked = { readonly profile: Profile; readonly candidate: Candidate }

export function rankCandidates(need: Need, people: readonly Person[]): Match {
  const leftOut = people.flatMap(({ id, active }) => {
    if (need.excluded.includes(id)) return [{ person_id: id, reason: 'excluded: conflict of interest' }]
    return active ? [] : [{ person_id: id, reason: 'not active' }]
  })
  const eligible = people.filter((person) => isEligible(need, person)).map(toProfile)
  const ranked = eligible
    .map((profile) => ({ profile, candidate: toCandidate(need, profile) }))
    .filter(({ candidate }) => candidate.experience_match_score > 0)
    .toSorted((a, b) => compare(need, a, b))
  return {
    candidates: ranked.map(({ candidate }) => candidate),
    gaps: listGaps(need, eligible, people),
    leftOut: leftOut.toSorted((a, b) => compareText(a.person_id, b.person_id)),
  }
}

function compare(need: Need, a: Ranked, b: Ranked): number {
  const preference = (one: Ranked): number => Number(need.preferred.includes(one.profile.person.id))
  return (
    standOf(need, a.profile) - standOf(need, b.profile) ||
    b.candidate.experience_match_score - a.candidate.experience_match_score ||
    compareRates(rateIn(need, a.profile), rateIn(need, b.profile)) ||
    preference(b) - preference(a) ||
    compareText(a.profile.person.id, b.profile.person.id)
  )
}

/** 0: the hours asked are free, 1: some of them, 2: none. More than is asked is no better. */
const standOf = (need: Need, { freeHours }: Profile): number => {
  if (freeHours >= need.hours) return 0
  return freeHours > 0 ? 1 : 2
}
const compareRates = (a: bigint | null, b: bigint | null): number => {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return Number(a > b) - Number(a < b)
}
/** By code units: the same on every machine. */
const compareText = (a: string, b: string): number => Number(a > b) - Number(a < b)

function toCandidate(need: Need, profile: Profile): Candidate {
  const { person, freeHours } = profile
  const { score, qualified } = measureExperience(need, profile)
  return {
    person_id: person.id,
    experience_match_score: score,
    availability: freeHours >= need.hours,
    conflicts: person.conflicts,
    qualified,
    freeHours,
    explanation: tellAll(need, profile),
  }
}

/** Why this person for this need, from the data, in the words of the ranking. */
export const explain = (need: Need, person: Person): string[] => tellAll(need, toProfile(person))

const tellAll = (need: Need, profile: Profile): string[] => [
  tellHours(need, profile),
  ...need.experience.map((required) => tellRating(need, profile, required)),
  tellRate(need, profile),
  ...(need.preferred.includes(profile.person.id) ? ['preferred'] : []),
  ...profile.person.conflicts.map((conflict) => `conflict: ${conflict}`),
]

/** Without the noise of sums like 0.1 + 0.2. */
const toHours = (hours: number): string => `${Math.round(hours * 1e6) / 1e6} h`

const tellHours = (need: Need, { freeHours, person }: Profile): string =>
  `${toHours(need.hours)} asked, ${toHours(freeHours)} free: ${toHours(person.openHours)} open in the window, ${toHours(person.bookedHours)} booked`

function tellRating(need: Need, profile: Profile, required: Required): string {
  const { experience_id, min_rating, name = experience_id } = required
  const counted = findCounted(profile, required, endOf(need))
  const best = profile.held.get(experience_id)?.[0]
  if (counted !== undefined) {
    const until = counted.expires_at === null ? 'does not expire' : `valid until ${counted.expires_at}`
    return `${counted.name}: rating ${counted.rating}, ${min_rating} asked, ${until}`
  }
  if (best === undefined) return `${name}: no rating, ${min_rating} asked`
  const isOver = best.until <= parseInstant(need.window.start)
  const when = isOver ? 'before the work starts' : 'before the work is over'
  return `${best.of.name}: rating ${best.of.rating} does not count, ${min_rating} asked: it expires ${when}, ${best.of.expires_at}`
}

function tellRate(need: Need, profile: Profile): string {
  const { cost_rate, currency } = profile.person
  if (profile.rate === null) return 'no cost rate'
  if (rateIn(need, profile) !== null) return `${cost_rate} ${currency} an hour`
  return `${cost_rate} ${currency ?? 'without a currency'} an hour, not comparable with ${need.currency}`
}

/** Requirements that nobody meets, by name; then, where each is met by somebody, the heads that are missing. */
function listGaps(need: Need, eligible: readonly Profile[], people: readonly Person[]): string[] {
  if (eligible.length === 0 && need.role !== undefined) return [`role ${need.role}: nobody has it`]
  const end = endOf(need)
  const gaps = need.experience.flatMap((required) => {
    const best = Math.max(0, ...eligible.map((one) => findCounted(one, required, end)?.rating ?? 0))
    if (best >= required.min_rating) return []
    const hasExpired = eligible.some(({ held }) =>
      held.get(required.experience_id)?.some(({ of }) => of.rating >= required.min_rating),
    )
    const why = [
      best > 0 ? `the best is ${best}` : '',
      hasExpired ? 'one that would do expires before the work is over' : '',
    ].filter((reason) => reason !== '')
    return [
      `${nameOf(required, people)}: nobody has rating ${min(required)}${why.length > 0 ? ` (${why.join('; ')})` : ''}`,
    ]
  })
  if (gaps.length > 0) return gaps
  const qualified = eligible.filter((one) => measureExperience(need, one).qualified)
  const free = qualified.filter(({ freeHours }) => freeHours >= need.hours)
  if (free.length >= need.headcount) return []
  return [
    `people asked: ${need.headcount}, meeting every requirement: ${qualified.length}, of those with ${toHours(need.hours)} free: ${free.length}`,
  ]
}
const min = ({ min_rating }: Required): string =>
  min_rating >= highestRating ? `${min_rating}` : `${min_rating} or more`

const nameOf = ({ name, experience_id }: Required, people: readonly Person[]): string =>
  name ??
  people.flatMap(({ ratings }) => ratings).find((rating) => rating.experience_id === experience_id)?.name ??
  experience_id
