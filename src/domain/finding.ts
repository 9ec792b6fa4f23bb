/**
 * Findings: what was attempted against the rules, and damage that was found. A finding is closed once, by a
 * person of quality assurance or administration whose own violation it is not, and never without saying what
 * was done. The same again while one is not closed is counted, and opens what was mitigated.
 */
import { parseInstant, toInstant } from './instant.ts'
import { holdsAny } from './principal.ts'
import type { Actor, GrantedRole, PrincipalKind } from './principal.ts'
import { accept, refuse } from './refusal.ts'
import type { Decision, Refusal, Unmet } from './refusal.ts'

export const severities = ['minor', 'major', 'critical'] as const
export type Severity = (typeof severities)[number]
export const findingStates = ['open', 'assigned', 'mitigated', 'closed'] as const
export type FindingState = (typeof findingStates)[number]

/** Who assigns and closes findings. */
export const keeperRoles: readonly GrantedRole[] = ['qa', 'admin']

/** What entries of a finding record, by the names of its columns. */
export const findingFields = [
  'number',
  'kind',
  'severity',
  'title',
  'work_order_id',
  'violator_id',
  'owner_id',
  'due_at',
  'state',
  'occurrences',
  'last_at',
  'detail',
  'resolution',
  'closed_by',
  'closed_at',
] as const

export type FindingFields = {
  readonly number: string
  readonly kind: string
  readonly severity: Severity
  readonly title: string
  readonly work_order_id: string | null
  /** Whose violation it is, where it is somebody's. */
  readonly violator_id: string | null
  readonly owner_id: string | null
  readonly due_at: string
  readonly state: FindingState
  readonly occurrences: number
  readonly last_at: string
  readonly detail: { readonly [name: string]: unknown }
  readonly resolution: string | null
  readonly closed_by: string | null
  readonly closed_at: string | null
}

/** `F-YYYY-NNNNNN`, counted per tenant and year; wider when a year has more than 999,999. */
export const findingNumber = (year: number, count: number): string =>
  `F-${year}-${String(count).padStart(6, '0')}`
export const isFindingNumber = (text: string): boolean => /^F-\d{4}-\d{6,}$/.test(text)

const daysUntilDue: { readonly [S in Severity]: number } = { critical: 1, major: 7, minor: 30 }
const dayMicros = 86_400_000_000

/** Whole days of 24 hours after `at`, RFC 3339 in microseconds. */
export const dueAt = (severity: Severity, at: string): string =>
  toInstant(parseInstant(at) + daysUntilDue[severity] * dayMicros)

export type Raised = {
  readonly number: string
  readonly kind: string
  readonly severity: Severity
  readonly title: string
  readonly workOrderId: string | null
  readonly violatorId: string | null
  readonly detail: FindingFields['detail']
  readonly at: string
}

/** A finding as it begins. Its owner is who assures quality, when that is one person and not about himself. */
export function openFinding(raised: Raised, qaIds: readonly string[]): FindingFields {
  const [qa = null, ...others] = qaIds
  return {
    number: raised.number,
    kind: raised.kind,
    severity: raised.severity,
    title: raised.title,
    work_order_id: raised.workOrderId,
    violator_id: raised.violatorId,
    owner_id: others.length > 0 || qa === raised.violatorId ? null : qa,
    due_at: dueAt(raised.severity, raised.at),
    state: 'open',
    occurrences: 1,
    last_at: raised.at,
    detail: raised.detail,
    resolution: null,
    closed_by: null,
    closed_at: null,
  }
}

/** The same again. What was said to be mitigated was not: it is open anew, and due anew. */
export function countAgain(finding: FindingFields, at: string): Partial<FindingFields> {
  const counted = { occurrences: finding.occurrences + 1, last_at: at }
  if (finding.state !== 'mitigated') return counted
  const state = finding.owner_id === null ? 'open' : 'assigned'
  return { ...counted, state, resolution: null, due_at: dueAt(finding.severity, at) }
}

const final = (finding: FindingFields): Refusal => ({ code: 'finding_closed', number: finding.number })

type Person = { readonly id: string; readonly kind: PrincipalKind }

/** A person answers for a finding, not whose violation it is. */
export function decideAssign(
  finding: FindingFields,
  owner: Person,
  due: string | undefined,
): Decision<Partial<FindingFields>> {
  if (finding.state === 'closed') return refuse(final(finding))
  if (owner.kind !== 'human')
    return refuse({
      code: 'invalid_input',
      errors: [{ path: 'owner', message: 'a person deals with a finding' }],
    })
  if (owner.id === finding.violator_id)
    return refuse({ code: 'gates_unmet', unmet: [{ code: 'separation_of_duties', rule: 'violator' }] })
  const state = finding.state === 'mitigated' ? finding.state : 'assigned'
  return accept({ owner_id: owner.id, state, ...(due === undefined ? {} : { due_at: due }) })
}

/** Says what was done about it: the owner, or who assures quality or administers. */
export function decideResolve(
  finding: FindingFields,
  actor: Actor,
  resolution: string,
): Decision<Partial<FindingFields>> {
  if (finding.state === 'closed') return refuse(final(finding))
  const unmet: Unmet[] = []
  if (actor.id !== finding.owner_id && !holdsAny(actor, keeperRoles))
    unmet.push({ code: 'role_required', roles: keeperRoles })
  if (actor.kind !== 'human') unmet.push({ code: 'human_required' })
  if (actor.id === finding.violator_id) unmet.push({ code: 'separation_of_duties', rule: 'violator' })
  if (unmet.length > 0) return refuse({ code: 'gates_unmet', unmet })
  return accept({ state: 'mitigated', resolution })
}

export type CloseFacts = {
  readonly finding: FindingFields
  readonly actor: Actor
  /** The human who answers for the agent whose violation it is. */
  readonly violatorSponsorId: string | null
  readonly now: string
}

export function decideClose(
  { finding, actor, violatorSponsorId, now }: CloseFacts,
  given: string | undefined,
): Decision<Partial<FindingFields>> {
  if (finding.state === 'closed') return refuse(final(finding))
  const resolution = given ?? finding.resolution
  const unmet: Unmet[] = []
  if (!holdsAny(actor, keeperRoles)) unmet.push({ code: 'role_required', roles: keeperRoles })
  if (actor.kind !== 'human') unmet.push({ code: 'human_required' })
  if (actor.id === finding.violator_id || actor.id === violatorSponsorId)
    unmet.push({ code: 'separation_of_duties', rule: 'violator' })
  if (resolution === null) unmet.push({ code: 'missing_fields', missing_fields: ['resolution'] })
  if (unmet.length > 0) return refuse({ code: 'gates_unmet', unmet })
  return accept({ state: 'closed', resolution, closed_by: actor.id, closed_at: now })
}

const violations = ['separation_of_duties', 'human_required'] as const
export type ViolationKind = (typeof violations)[number]

/** The kinds of finding that a refused attempt on a regulatory work order is; each once, in this order. */
export function listViolations(refusal: Refusal): ViolationKind[] {
  if (refusal.code !== 'gates_unmet') return []
  return violations.filter((kind) => refusal.unmet.some(({ code }) => code === kind))
}

/** Is this refusal more than a mistake: an attempt against who may sign or approve at all? */
export const isViolation = (refusal: Refusal): boolean => listViolations(refusal).length > 0

/** While the log does not match the records, nothing regulatory becomes done. `holds` are numbers of findings. */
export const gateIntegrity = (
  workOrder: { readonly regulatory: boolean },
  becomesDone: boolean,
  holds: readonly string[],
): Unmet[] =>
  workOrder.regulatory && becomesDone && holds.length > 0 ? [{ code: 'integrity_hold', findings: holds }] : []
