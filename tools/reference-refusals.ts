/** One example of each refusal, so that docs/reference/refusals.md shows the sentence and the data as they leave. */
import type { Refusal, RefusalCode, Unmet } from '#domain/refusal.ts'

type Exact = Exclude<Refusal, { code: 'gates_unmet' }> | Unmet

/** A code without an example does not compile. */
export const examples: { readonly [C in RefusalCode]: Extract<Exact, { code: C }> } = {
  unauthenticated: { code: 'unauthenticated' },
  not_found: { code: 'not_found', what: 'work order' },
  not_allowed: { code: 'not_allowed', operation: 'principal.create', roles: ['admin'] },
  invalid_input: {
    code: 'invalid_input',
    errors: [
      { path: 'priority', message: 'Invalid option: expected one of "critical"|"high"|"medium"|"low"' },
    ],
  },
  stale_version: { code: 'stale_version', expected: 7, actual: 8 },
  wrong_status: {
    code: 'wrong_status',
    current: 'draft',
    to: 'closed',
    allowed: ['pending_approval', 'assigned', 'cancelled'],
  },
  record_final: { code: 'record_final', current: 'closed' },
  unknown_reference: { code: 'unknown_reference', field: 'assignee', value: 'Nobody' },
  already_exists: { code: 'already_exists', what: 'asset', name: 'HPLC-01' },
  idempotency_key_reused: { code: 'idempotency_key_reused' },
  human_only_role: { code: 'human_only_role', role: 'qa' },
  sponsor_required: { code: 'sponsor_required' },
  too_large: { code: 'too_large', what: 'the file', limitBytes: 52_428_800 },
  unsupported_media_type: { code: 'unsupported_media_type', expected: 'application/json' },
  too_many_requests: { code: 'too_many_requests', retryAfterSeconds: 60 },
  role_required: { code: 'role_required', roles: ['captain'], who: ['夏哥', '小西', 'system:captain-proxy'] },
  human_required: { code: 'human_required' },
  separation_of_duties: { code: 'separation_of_duties', rule: 'executor' },
  missing_fields: { code: 'missing_fields', missing_fields: ['completion_summary', 'actual_hours'] },
  held: { code: 'held', reason: 'waiting for the spare part', who: ['Lee Lab'] },
  acknowledgement_missing: { code: 'acknowledgement_missing' },
  signatures_missing: {
    code: 'signatures_missing',
    gate: 'release',
    roles: ['system_owner', 'qa'],
    who: ['Olga Owner', 'Quinn QA'],
  },
  fields_locked: { code: 'fields_locked', fields: ['title'], current: 'in_progress' },
  fields_not_yours: {
    code: 'fields_not_yours',
    fields: ['priority'],
    roles: ['assigner'],
    who: ['Pat Planner'],
  },
}
