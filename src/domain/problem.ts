/**
 * How a refusal leaves the house: one catalogue gives each code its HTTP status and its sentence; MCP and CLI derive
 * theirs from it.
 */
import type { DelegationRule } from './delegation.ts'
import type {
  DutyRule,
  Refusal,
  RefusalCode,
  SecondPersonRule,
  TreeRule,
  Unmet,
  WaiverRule,
} from './refusal.ts'

type Of<C extends RefusalCode> = Extract<Refusal | Unmet, { code: C }>
type Row<C extends RefusalCode> = { readonly http: number; readonly say: (refusal: Of<C>) => string }

const list = (words: readonly string[]): string => words.join(', ')

const treeTexts: { readonly [R in TreeRule]: (path: readonly string[]) => string } = {
  cycle: (path) => `it would close a cycle: ${path.join(' → ')}`,
  torn: (path) => `dependencies would lead to another tree: remove them first, between ${list(path)}`,
  itself: ([id]) => `${id} cannot wait for itself`,
  other_tree: ([from, to]) => `${to} can wait only for work of its own tree, and ${from} is not in it`,
  not_linked: ([id]) => `${id} is linked to no master`,
  not_there: ([from, to]) => `${to} does not wait for ${from}`,
  started: ([id]) => `${id} has started: what it waits for is fixed`,
  final_master: ([id]) => `${id} is finished: nothing is linked to it any more`,
}

const waiverTexts: { readonly [R in WaiverRule]: string } = {
  done: 'the work order is done: there is nothing to waive',
  waived: 'the work order is waived already',
  alone: 'no master counts this work order and nothing waits for it: there is nothing to go on without it',
  asked: 'the waiver is asked for already: it waits for its signatures (GET …/approvals)',
  not_asked: 'no waiver of this work order waits for signatures',
}
const another = 'a work order that you may not see'

const secondPersonTexts: { readonly [R in SecondPersonRule]: string } = {
  owner: 'nobody confirms a signing key of their own: ask another administrator or QA',
  password_giver:
    'who gave this person a password does not confirm their signing key: ask another administrator or QA',
  locked: 'nobody unlocks their own signing: ask another administrator',
}

const dutyTexts: { readonly [R in DutyRule]: string } = {
  executor: 'who did the work may not approve it',
  editor: 'who last edited the record may not approve it',
  sponsor_of_executor: 'the sponsor of the agent that did the work may not approve it',
  signed_already: 'one person signs a gate once, in one role',
  own_rating: 'nobody rates his own experience',
  violator: 'a finding about oneself is dealt with by somebody else',
  owner_and_qa: 'who holds the one of System Owner and QA does not sign for the other',
}

const delegationTexts: { readonly [R in DelegationRule]: string } = {
  to_oneself: 'nobody delegates to himself',
  humans_only:
    'only a person delegates, and only to a person of the tenant: never to an agent, a vendor or a system',
  disabled: 'both people must be active',
  role_not_held: 'one delegates only roles that one was granted oneself; what was delegated is not passed on',
  owner_and_qa: 'System Owner and QA stay two people: neither signs for the other',
  thirty_days_at_most: 'a delegation lasts 30 days at most',
  in_the_past: 'a delegation begins now or later, and ends after it begins',
}

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
  secret_in_text: {
    http: 422,
    say: (r) =>
      `this looks like a secret, and was not kept: ${list(r.found.map(({ path, kind }) => `${path} (${kind.replaceAll('_', ' ')})`))}; keep secrets in the vault, and write where they are (vault://MOUNT/PATH#FIELD)`,
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
  finding_closed: { http: 409, say: (r) => `finding ${r.number} is closed, and stays as it is` },
  gate_not_open: {
    http: 409,
    say: (r) => `the work order is ${r.current}: nobody is asked to sign its ${r.gate} gate now`,
  },
  tree_refused: { http: 409, say: (r) => treeTexts[r.rule](r.path) },
  waiver_refused: { http: 409, say: (r) => waiverTexts[r.rule] },
  credential_unavailable: {
    http: 503,
    say: (r) =>
      `the credential ${r.credential} cannot be had just now: ${r.says}; nothing was lost, try again`,
  },
  credential_refused: {
    http: 409,
    say: (r) => `the credential ${r.credential} cannot be had: ${r.says}`,
  },
  calibration_due: {
    http: 409,
    say: (r) =>
      `the calibration of ${r.resource} is due on ${r.due}: it is not set aside for later before it is calibrated (and its calibration_due is changed)`,
  },
  resource_taken: {
    http: 409,
    say: (r) =>
      `of ${r.resource} ${r.free} of the ${r.wanted} wanted ${r.free === 1 ? 'is' : 'are'} free then${
        r.conflicts.length === 0
          ? ''
          : `: ${list(r.conflicts.map((one) => `${one.work_order ?? another} from ${one.from} until ${one.until}`))}`
      }`,
  },
  schedule_moved: {
    http: 409,
    say: (r) =>
      `the schedule does not hold any more, nothing was booked: ${r.moved.join('; ')}; ask for a new one`,
  },
  schedule_not_open: { http: 409, say: (r) => `the schedule is ${r.current}: there is nothing to book` },
  time_overlaps: {
    http: 409,
    say: (r) =>
      `${r.person} works at one place at a time, and has then: ${list(
        r.conflicts.map(
          (one) =>
            `${one.work_order ?? another} from ${one.from} ${one.until === null ? 'on (it runs)' : `until ${one.until}`}`,
        ),
      )}`,
  },
  template_retired: {
    http: 409,
    say: (r) =>
      `the template ${r.name} is retired: take it into use again, or apply the one that replaces it`,
  },
  intent_used: { http: 409, say: () => 'this signing intent was used: ask for a new one' },
  intent_expired: {
    http: 409,
    say: () => 'this signing intent is older than two minutes: ask for a new one',
  },
  record_moved: {
    http: 409,
    say: () => 'the record is not the one that you read any more: read it again and ask for a new intent',
  },
  not_signed: {
    http: 403,
    say: (r) =>
      `the ${r.what} is not right; after ${r.attemptsLeft} more wrong ${r.attemptsLeft === 1 ? 'attempt' : 'attempts'} signing is locked`,
  },
  policy_weakens: {
    http: 422,
    say: (r) =>
      `a policy adds signatures and never takes one away; asked for less than one: ${list([...new Set(r.weakens.map((one) => one.role))])}`,
  },
  delegation_refused: { http: 422, say: (r) => delegationTexts[r.rule] },
  delegation_over: { http: 409, say: (r) => `the delegation is ${r.current}: it cannot be changed any more` },
  not_a_party: { http: 403, say: () => 'this is for the two people of the delegation, each for himself' },
  unknown_reference: { http: 422, say: (r) => `${r.field}: there is no "${r.value}" here that is active` },
  already_exists: { http: 409, say: (r) => `the ${r.what} "${r.name}" exists already` },
  not_sealed_yet: {
    http: 404,
    say: (r) =>
      `the entry is not in the log yet: its transaction is ${r.transaction}, and what is below ${r.horizon} is sealed within a second; ask again then`,
  },
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
  second_person_required: { http: 403, say: (r) => secondPersonTexts[r.rule] },
  wrong_key_status: { http: 409, say: (r) => `the signing key is ${r.current}` },
  account_elsewhere: {
    http: 409,
    say: () =>
      'this person also signs in to another organisation here: only they themselves can change the password',
  },
  foreign_page: {
    http: 403,
    say: (r) => `a page of ${r.origin} sent this in your browser: only pages of this service change anything`,
  },
  too_many_requests: { http: 429, say: (r) => `too many attempts: try again in ${r.retryAfterSeconds} s` },

  role_required: { http: 403, say: (r) => `this needs the role ${r.roles.join(' or ')}` },
  human_required: { http: 403, say: () => 'on a regulatory work order only a person may do this' },
  separation_of_duties: {
    http: 403,
    say: (r) => dutyTexts[r.rule],
  },
  missing_fields: { http: 422, say: (r) => `missing: ${list(r.missing_fields)}` },
  held: { http: 409, say: (r) => `the work order is on hold: ${r.reason}` },
  acknowledgement_missing: { http: 409, say: () => 'the assignee has not acknowledged the work order' },
  dependencies_open: {
    http: 409,
    say: (r) =>
      `it waits for ${list(
        r.predecessors.map(({ number, status, assignee, until }) =>
          until === null
            ? `${number ?? another} (${status}${assignee === null ? '' : `, ${assignee}`})`
            : `${number ?? another} (done; until ${until})`,
        ),
      )}`,
  },
  master_closed: {
    http: 409,
    say: (r) => `its master ${r.master} is ${r.current}: nothing that belongs to it starts any more`,
  },
  linked_work_open: {
    http: 409,
    say: (r) =>
      `linked work is open (${r.policy}): ${list(
        r.linked.map(({ number, state, status }) => `${number ?? another} (${status ?? state})`),
      )}${r.more > 0 ? ` and ${r.more} more` : ''}`,
  },
  qualification_missing: {
    http: 409,
    say: (r) =>
      `${r.person} is not qualified: ${list(
        r.missing.map((one) => {
          const name = 'certificate' in one ? `certificate ${one.certificate}` : one.experience
          if (one.expired_at !== null) return `${name} (expired ${one.expired_at})`
          return 'certificate' in one
            ? `${name} (there is none)`
            : `${name} (${one.min_rating} is needed, ${one.rating ?? 'no rating'} is there)`
        }),
      )}`,
  },
  not_under_way: {
    http: 409,
    say: (r) => `the work order is ${r.current}: this is done while it is under way`,
  },
  step_blocked: {
    http: 409,
    say: (r) => `the step ${r.step} is blocked until finding ${r.finding} about it is closed`,
  },
  steps_open: {
    http: 409,
    say: (r) =>
      `steps are not done: ${list(r.steps.map(({ key, state, finding }) => `${key} (${state}${finding === null ? '' : `, ${finding}`})`))}`,
  },
  signatures_missing: { http: 409, say: (r) => `the ${r.gate} gate is still unsigned by: ${list(r.roles)}` },
  signature_not_needed: {
    http: 409,
    say: (r) =>
      `no signature as ${r.role} is needed${r.roles.length > 0 ? `; still to sign: ${list(r.roles)}` : ''}`,
  },
  not_your_turn: { http: 409, say: (r) => `this gate is signed in order: first ${list(r.roles)}` },
  attestation_missing: {
    http: 403,
    say: () => 'before your first signature, attest that you know what it means (GET /v1/attestation)',
  },
  signing_key_missing: {
    http: 403,
    say: () => 'you have no signing key in force: enrol one, and have a second person confirm it is you',
  },
  signing_locked: {
    http: 403,
    say: () => 'signing is locked after five wrong attempts: an administrator can unlock it',
  },
  integrity_hold: {
    http: 409,
    say: (r) =>
      `the log does not match the records (${list(r.findings)}): until that is closed, nothing regulatory is`,
  },
  fields_locked: {
    http: 409,
    say: (r) => `while the work order is ${r.current}, these cannot be changed: ${list(r.fields)}`,
  },
  fields_not_yours: { http: 403, say: (r) => `your role does not change: ${list(r.fields)}` },
}

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
