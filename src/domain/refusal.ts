/**
 * Why a well-formed request was not done: data with a code, and what a decision answers with it. The one rule: a refusal
 * names things, it holds no sentence; those are in the catalogue (problem.ts), where a code without a row does not compile.
 */
import type { LinkedCheck, LinkedState, Remedy } from './completion.ts'
import type { DelegationRule } from './delegation.ts'
import type { OpenStep } from './job-plan.ts'
import type { Role } from './principal.ts'
import type { Missing } from './qualification.ts'
import type { FoundSecret } from './secret-scan.ts'

/** Why somebody may not approve: the rules of separation of duties. */
export type DutyRule =
  | 'executor'
  | 'editor'
  | 'sponsor_of_executor'
  | 'signed_already'
  | 'owner_and_qa'
  | 'violator'
  | 'own_rating'

/** What must be done first; the number is null where the caller may not see it. */
export type OpenPredecessor = {
  readonly number: string | null
  readonly status: string
  readonly assignee: string | null
  /** The end of the lag, when it is done and only that is left. */
  readonly until: string | null
}
/** What a master still needs: the number is null for one that is not linked, or that the caller may not see. */
export type OpenLinked = {
  readonly number: string | null
  readonly status: string | null
  readonly assignee: string | null
  readonly state: LinkedState
  readonly remedy: Remedy
}
/** What has set a resource aside already; the number is null where the caller may not see it. */
export type Conflict = {
  readonly work_order: string | null
  readonly from: string
  readonly until: string
  readonly quantity: number
}
/** Time that a person has worked then already; `until` is null while the timer runs, the number as above. */
export type TimeConflict = {
  readonly work_order: string | null
  readonly from: string
  readonly until: string | null
}
/** Why a tree stays as it is. */
export type TreeRule =
  | 'cycle'
  | 'torn'
  | 'itself'
  | 'other_tree'
  | 'not_linked'
  | 'not_there'
  | 'started'
  | 'final_master'
/** Why nothing is waived. */
export type WaiverRule = 'done' | 'waived' | 'alone' | 'asked' | 'not_asked'

/** Why the caller cannot be the second person. */
export type SecondPersonRule = 'owner' | 'password_giver' | 'locked'

/** One gate that is not met. `who` names the roles, or the people, that could meet it. */
export type Unmet =
  | { code: 'role_required'; roles: readonly Role[]; who?: readonly string[] }
  | { code: 'human_required'; who?: readonly string[] }
  | { code: 'separation_of_duties'; rule: DutyRule; who?: readonly string[] }
  | { code: 'missing_fields'; missing_fields: readonly string[]; who?: readonly string[] }
  | { code: 'held'; reason: string; who?: readonly string[] }
  | { code: 'acknowledgement_missing'; who?: readonly string[] }
  | { code: 'dependencies_open'; predecessors: readonly OpenPredecessor[]; who?: readonly string[] }
  | { code: 'master_closed'; master: string; current: string }
  | {
      code: 'linked_work_open'
      check: LinkedCheck
      policy: string
      have: number
      need: number
      linked: readonly OpenLinked[]
      /** How many more there are than are listed. */
      more: number
      who?: readonly string[]
    }
  | {
      code: 'qualification_missing'
      person: string
      missing: readonly Missing[]
      who?: readonly string[]
    }
  | { code: 'not_under_way'; current: string }
  | { code: 'step_blocked'; step: string; finding: string }
  | { code: 'steps_open'; steps: readonly OpenStep[]; roles: readonly Role[]; who?: readonly string[] }
  | { code: 'signatures_missing'; gate: string; roles: readonly Role[]; who?: readonly string[] }
  | { code: 'signature_not_needed'; role: Role; roles: readonly Role[]; who?: readonly string[] }
  | { code: 'not_your_turn'; roles: readonly Role[]; who?: readonly string[] }
  | { code: 'attestation_missing'; who?: readonly string[] }
  | { code: 'signing_key_missing'; who?: readonly string[] }
  | { code: 'signing_locked'; who?: readonly string[] }
  | { code: 'integrity_hold'; findings: readonly string[]; who?: readonly string[] }
  | { code: 'fields_locked'; fields: readonly string[]; current: string }
  | { code: 'fields_not_yours'; fields: readonly string[]; roles: readonly Role[]; who?: readonly string[] }

export type Refusal =
  | { code: 'unauthenticated' }
  | { code: 'not_found'; what: string }
  | { code: 'not_allowed'; operation: string; roles?: readonly Role[]; kinds?: readonly string[] }
  | { code: 'invalid_input'; errors: readonly { path: string; message: string }[] }
  | { code: 'secret_in_text'; found: readonly FoundSecret[] }
  | { code: 'stale_version'; expected: number; actual: number }
  | { code: 'wrong_status'; current: string; to: string; allowed: readonly string[] }
  | { code: 'record_final'; current: string }
  | { code: 'finding_closed'; number: string }
  | { code: 'gate_not_open'; gate: string; current: string }
  | { code: 'tree_refused'; rule: TreeRule; path: readonly string[] }
  | { code: 'waiver_refused'; rule: WaiverRule }
  | { code: 'credential_unavailable'; credential: string; cause: string; says: string }
  | { code: 'credential_refused'; credential: string; cause: string; says: string }
  | {
      code: 'resource_taken'
      resource: string
      wanted: number
      free: number
      conflicts: readonly Conflict[]
    }
  /** Each a sentence about one work order. */
  | { code: 'schedule_moved'; moved: readonly string[] }
  | { code: 'schedule_not_open'; current: string }
  | { code: 'time_overlaps'; person: string; conflicts: readonly TimeConflict[] }
  | { code: 'calibration_due'; resource: string; due: string }
  | { code: 'template_retired'; name: string }
  | { code: 'intent_used' }
  | { code: 'intent_expired' }
  | { code: 'record_moved' }
  | { code: 'not_signed'; what: 'password' | 'passphrase' | 'assertion'; attemptsLeft: number }
  | { code: 'gates_unmet'; unmet: readonly Unmet[] }
  | { code: 'policy_weakens'; weakens: readonly { rule: number; role: Role; count: number }[] }
  | { code: 'delegation_refused'; rule: DelegationRule }
  | { code: 'delegation_over'; current: string }
  | { code: 'not_a_party' }
  | { code: 'unknown_reference'; field: string; value: string }
  | { code: 'already_exists'; what: string; name: string }
  | { code: 'not_sealed_yet'; entry: string; transaction: string; horizon: string }
  | { code: 'idempotency_key_reused' }
  | { code: 'human_only_role'; role: string }
  | { code: 'sponsor_required' }
  | { code: 'too_large'; what: string; limitBytes: number }
  | { code: 'unsupported_media_type'; expected: string }
  | { code: 'too_many_requests'; retryAfterSeconds: number }
  | { code: 'second_person_required'; rule: SecondPersonRule }
  | { code: 'wrong_key_status'; current: string }
  | { code: 'account_elsewhere' }
  | { code: 'foreign_page'; origin: string }

export type RefusalCode = Exclude<Refusal['code'], 'gates_unmet'> | Unmet['code']

export type Decision<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }
export const accept = <T>(value: T): Decision<T> => ({ ok: true, value })
export const refuse = (refusal: Refusal): Decision<never> => ({ ok: false, refusal })
