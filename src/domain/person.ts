/** What is known of a person, an agent or a vendor besides who it is: a recorded field of the principal. */
import { holdsAny } from './principal.ts'
import type { Actor, GrantedRole } from './principal.ts'

/** Who sees what people cost. */
export const costReaders: readonly GrantedRole[] = [
  'assigner',
  'captain',
  'admin',
  'auditor',
  'system_owner',
  'qa',
]
export const seesCosts = (actor: Pick<Actor, 'grants'>): boolean => holdsAny(actor, costReaders)
/** Everybody sees his own. */
export const seesCostOf = (actor: Pick<Actor, 'id' | 'grants'>, personId: string): boolean =>
  actor.id === personId || seesCosts(actor)

export type Certificate = {
  readonly name: string
  readonly number: string | null
  /** What it covers, in words. */
  readonly scope: string | null
  /** Last calendar day on which it is valid, YYYY-MM-DD; null: without end. */
  readonly expires_on: string | null
  /** Of 30, 7 and 1 days before its end, the last that was told. */
  readonly told_days?: number | null
}
export type PersonProfile = {
  /** What somebody does: "IT technician", "fitter". Nothing is permitted by it. */
  readonly job_roles: readonly string[]
  /** For an hour, a decimal text; earlier ones are in the entries. */
  readonly cost_rate: string | null
  /** ISO 4217. */
  readonly currency: string | null
  /** Id of a calendar; null: around the clock. */
  readonly calendar_id: string | null
  /** In which whole days of absence are read; IANA name. */
  readonly time_zone: string | null
  /** What somebody, or a vendor, may do, and until when; each name once. */
  readonly certificates: readonly Certificate[]
}
export const emptyProfile: PersonProfile = {
  job_roles: [],
  cost_rate: null,
  currency: null,
  calendar_id: null,
  time_zone: null,
  certificates: [],
}
