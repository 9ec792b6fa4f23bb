/** The one place where SQLSTATEs and constraint names are read. */
import type { Refusal } from '#domain/refusal.ts'
import { Unavailable } from './error.ts'

type DatabaseError = Error & {
  readonly code?: string
  readonly constraint?: string
  readonly detail?: string
}

const isDatabaseError = (error: unknown): error is DatabaseError => error instanceof Error

/** Connection lost, server starting or stopping, too many connections: the world, not us. */
const away = /^(08|57P0|53)|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/

export function asUnavailable(error: unknown): Unavailable | undefined {
  if (error instanceof Unavailable) return error
  if (!isDatabaseError(error)) return undefined
  const lost =
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/.test(
      error.message,
    )
  return lost || away.test(error.code ?? '')
    ? new Unavailable('the database is away just now', { cause: error })
    : undefined
}

/** The row changed since it was read, a deadlock, a number that two creations drew at once: the same work again is right. */
export function isWorthRetrying(error: unknown): boolean {
  if (!isDatabaseError(error)) return false
  return (
    error.code === 'DK006' ||
    error.code === 'DK007' ||
    error.code === 'DK015' ||
    error.code === 'DK016' ||
    // A finding was closed, or another transaction handed it in.
    error.code === 'DK018' ||
    // A rating expired, or was taken away, between the look and the change.
    error.code === 'DK034' ||
    // A hold ran out, or a tool became fewer, between the look and the change.
    error.code === 'DK035' ||
    error.code === 'DK036' ||
    // Time was written, or the work went on, between the look and the change.
    error.code === 'DK037' ||
    error.code === 'DK038' ||
    error.code === 'DK039' ||
    error.constraint === 'nobody_works_at_two_places_at_once' ||
    error.constraint === 'an_entry_is_corrected_once' ||
    // An asset above was moved below, or a calibration came forward, between the look and the change.
    error.code === 'DK042' ||
    error.code === 'DK043' ||
    // Something of its tree began or ended between the look and the change: what stands now is another decision.
    error.code === 'DK032' ||
    error.code === 'DK033' ||
    error.code === '40001' ||
    error.code === '40P01' ||
    error.constraint === 'one_work_order_per_number'
  )
}

export const isSecondUseOfKey = (error: unknown): boolean =>
  isDatabaseError(error) && error.constraint === 'one_answer_per_idempotency_key'

const quoted = (error: DatabaseError): string => /=\((?:[^,]+, )?(.*?)\)/.exec(error.detail ?? '')?.[1] ?? ''

/** What a constraint refuses, in the words that the domain uses for it. */
const refusalsByConstraint: { readonly [constraint: string]: (error: DatabaseError) => Refusal } = {
  one_principal_per_name: (error) => ({ code: 'already_exists', what: 'principal', name: quoted(error) }),
  one_template_per_name: (error) => ({ code: 'already_exists', what: 'template', name: quoted(error) }),
  one_asset_per_tag: (error) => ({ code: 'already_exists', what: 'asset', name: quoted(error) }),
  tenants_slug_key: (error) => ({ code: 'already_exists', what: 'tenant', name: quoted(error) }),
  one_grant_per_role_and_asset: () => ({ code: 'already_exists', what: 'grant', name: 'of that role' }),
  only_humans_own_review_or_administer: () => ({
    code: 'human_only_role',
    role: 'admin, system_owner or qa',
  }),
  every_agent_has_a_sponsor: () => ({ code: 'sponsor_required' }),
  a_sponsor_is_a_human: () => ({ code: 'sponsor_required' }),
  planned_end_is_not_before_planned_start: () => ({
    code: 'invalid_input',
    errors: [{ path: 'planned_end', message: 'must not be before planned_start' }],
  }),
}

export function asRefusal(error: unknown): Refusal | undefined {
  if (!isDatabaseError(error) || error.constraint === undefined) return undefined
  return refusalsByConstraint[error.constraint]?.(error)
}
