/**
 * Why a well-formed request was not done: data with a code. One catalogue gives each code its HTTP status
 * and its sentence; MCP and CLI derive theirs from it. A code without a row does not compile.
 */
import type { Role } from './principal.ts'

/** One gate that is not met. `who` names the roles, or the people, that could meet it. */
export type Unmet =
  | { code: 'role_required'; roles: readonly Role[]; who?: readonly string[] }
  | { code: 'human_required'; who?: readonly string[] }
  | {
      code: 'separation_of_duties'
      rule: 'executor' | 'editor' | 'sponsor_of_executor'
      who?: readonly string[]
    }
  | { code: 'missing_fields'; missing_fields: readonly string[]; who?: readonly string[] }
  | { code: 'held'; reason: string; who?: readonly string[] }
  | { code: 'acknowledgement_missing'; who?: readonly string[] }
  | { code: 'signatures_missing'; gate: string; roles: readonly Role[]; who?: readonly string[] }
  | { code: 'fields_locked'; fields: readonly string[]; current: string }
  | { code: 'fields_not_yours'; fields: readonly string[]; roles: readonly Role[]; who?: readonly string[] }

export type Refusal =
  | { code: 'unauthenticated' }
  | { code: 'not_found'; what: string }
  | { code: 'not_allowed'; operation: string; roles?: readonly Role[]; kinds?: readonly string[] }
  | { code: 'invalid_input'; errors: readonly { path: string; message: string }[] }
  | { code: 'stale_version'; expected: number; actual: number }
  | { code: 'wrong_status'; current: string; to: string; allowed: readonly string[] }
  | { code: 'record_final'; current: string }
  | { code: 'gates_unmet'; unmet: readonly Unmet[] }
  | { code: 'unknown_reference'; field: string; value: string }
  | { code: 'already_exists'; what: string; name: string }
  | { code: 'idempotency_key_reused' }
  | { code: 'human_only_role'; role: string }
  | { code: 'sponsor_required' }
  | { code: 'too_large'; what: string; limitBytes: number }
  | { code: 'unsupported_media_type'; expected: string }
  | { code: 'too_many_requests'; retryAfterSeconds: number }

export type RefusalCode = Exclude<Refusal['code'], 'gates_unmet'> | Unmet['code']
type Of<C extends RefusalCode> = Extract<Refusal | Unmet, { code: C }>
type Row<C extends RefusalCode> = { readonly http: number; readonly say: (refusal: Of<C>) => string }

const list = (words: readonly string[]): string => words.join(', ')

export const refusals: { readonly [C in RefusalCode]: Row<C> } = {
  unauthenticated: {
    http: 401,
    say: () =>
      'sign in, or send an API key as "Authorization: Bearer …"; what you sent is not valid or no longer is',
  },
  not_found: { http: 404, say: (r) => `${r.what} was not found` },
  not_allowed: {
    http: 403,
    say: (r) =>
      r.roles !== undefined
        ? `${r.operation} needs the role ${r.roles.join(' or ')}`
        : `${r.operation} is for ${(r.kinds ?? []).join(' or ')} only`,
  },
  invalid_input: {
    http: 422,
    say: (r) =>
      `the request is not well formed: ${r.errors
        .map((e) => `${e.path || 'body'}: ${e.message}`)
        .slice(0, 5)
        .join('; ')}`,
  },
  stale_version: {
    http: 412,
    say: (r) =>
      `you read version ${r.expected}, it is now ${r.actual}: read it again, then repeat your change`,
  },
  wrong_status: {
    http: 409,
    say: (r) =>
      `the work order is ${r.current} and cannot become ${r.to} from there` +
      (r.allowed.length > 0 ? `; it can become ${list(r.allowed)}` : '; that state is final'),
  },
  record_final: {
    http: 409,
    say: (r) => `the work order is ${r.current}: its record is final and cannot be changed`,
  },
  unknown_reference: { http: 422, say: (r) => `${r.field}: there is no "${r.value}" here that is active` },
  already_exists: { http: 409, say: (r) => `the ${r.what} "${r.name}" exists already` },
  idempotency_key_reused: {
    http: 422,
    say: () =>
      'this idempotency key was used for another request: repeat that request unchanged, or use a new key',
  },
  human_only_role: { http: 422, say: (r) => `the role ${r.role} can be held by a person only` },
  sponsor_required: {
    http: 422,
    say: () => 'an agent needs a sponsor: an active human of the tenant who answers for it',
  },
  too_large: { http: 413, say: (r) => `${r.what} is larger than ${r.limitBytes} bytes` },
  unsupported_media_type: { http: 415, say: (r) => `send ${r.expected}` },
  too_many_requests: { http: 429, say: (r) => `too many attempts: try again in ${r.retryAfterSeconds} s` },

  role_required: { http: 403, say: (r) => `this needs the role ${r.roles.join(' or ')}` },
  human_required: { http: 403, say: () => 'on a regulatory work order only a person may do this' },
  separation_of_duties: {
    http: 403,
    say: (r) =>
      r.rule === 'executor'
        ? 'who did the work may not approve it'
        : r.rule === 'editor'
          ? 'who last edited the record may not approve it'
          : 'the sponsor of the agent that did the work may not approve it',
  },
  missing_fields: { http: 422, say: (r) => `missing: ${list(r.missing_fields)}` },
  held: { http: 409, say: (r) => `the work order is on hold: ${r.reason}` },
  acknowledgement_missing: { http: 409, say: () => 'the assignee has not acknowledged the work order' },
  signatures_missing: { http: 409, say: (r) => `the ${r.gate} gate is still unsigned by: ${list(r.roles)}` },
  fields_locked: {
    http: 409,
    say: (r) => `while the work order is ${r.current}, these cannot be changed: ${list(r.fields)}`,
  },
  fields_not_yours: { http: 403, say: (r) => `your role does not change: ${list(r.fields)}` },
}

export type Decision<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }
export const accept = <T>(value: T): Decision<T> => ({ ok: true, value })
export const refuse = (refusal: Refusal): Decision<never> => ({ ok: false, refusal })

/** The status and sentence of one code; unmet gates and refusals share the catalogue. */
export function describe(refusal: Exclude<Refusal, { code: 'gates_unmet' }> | Unmet): {
  http: number
  title: string
} {
  const row = refusals[refusal.code] as { http: number; say: (r: typeof refusal) => string }
  return { http: row.http, title: row.say(refusal) }
}

export type Problem = {
  readonly status: number
  readonly code: RefusalCode
  readonly title: string
} & Record<string, unknown>

/**
 * The one shape in which a refusal leaves the house (RFC 9457 members, and ours). When gates are unmet, the
 * first one in checking order gives the code and the status; `unmet` lists every one of them.
 */
export function toProblem(refusal: Refusal): Problem {
  if (refusal.code !== 'gates_unmet') {
    const { http, title } = describe(refusal)
    return { type: `/problems/${refusal.code}`, title, status: http, ...refusal }
  }
  const unmet = refusal.unmet.map((gate) => ({ ...gate, title: describe(gate).title }))
  const [first] = refusal.unmet
  if (first === undefined) throw new Error('gates_unmet without a gate')
  const missing = refusal.unmet.flatMap((gate) => (gate.code === 'missing_fields' ? gate.missing_fields : []))
  const title = unmet.map((gate) => gate.title).join('; ')
  return {
    type: `/problems/${first.code}`,
    status: describe(first).http,
    ...first,
    title,
    ...(missing.length > 0 ? { missing_fields: missing } : {}),
    unmet,
  }
}
