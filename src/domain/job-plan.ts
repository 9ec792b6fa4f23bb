/**
 * How a work order is done: typed steps, the credentials that they need (by reference, never by value), and the
 * signatures that the plan asks for besides those of the policy. A plain line of text among the steps is read and
 * nothing more; a step with a kind is done, and who did it and when is stamped by the service.
 */
import { explainCredentialRef } from './credential-ref.ts'
import { compareDecimals, decimalText } from './decimal.ts'
import type { SignatureGate } from './lifecycle.ts'
import type { SigningRole } from './policy.ts'
import type { Role } from './principal.ts'

/**
 * `instruction` is done as it says · `check` passes or fails · `measurement` has a value, in its limits or not ·
 * `evidence` has files · `sign_off` is another person's word that what stands before it is done · `work_order` is done
 * when that work order is.
 */
export const stepKinds = [
  'instruction',
  'check',
  'measurement',
  'evidence',
  'sign_off',
  'work_order',
] as const
export type StepKind = (typeof stepKinds)[number]
/** Who may be asked for a sign-off. */
export const signOffRoles = [
  'assignee',
  'originator',
  'operator',
  'assigner',
  'captain',
  'system_owner',
  'qa',
] as const satisfies readonly Role[]
export type SignOffRole = (typeof signOffRoles)[number]

export type PlanStep = {
  /** Its name within the plan; stays when steps are moved. */
  readonly key: string
  readonly kind: StepKind
  readonly text: string
  /** The work order is not handed in before each mandatory step is done. */
  readonly mandatory: boolean
  readonly unit?: string | undefined
  /** Limits of a measurement, decimal texts in its unit, both inclusive. */
  readonly min?: string | undefined
  readonly max?: string | undefined
  readonly role?: SignOffRole | undefined
  /** The name of the credential that the step needs. */
  readonly credential?: string | undefined
  /** Id of the work order that the step consists of; in a template, its key there. */
  readonly work_order?: string | undefined
}
export type PlanCredential = {
  readonly name: string
  /** `vault://…`, `gcp-sm://…` or `env://…`: where the secret is, never what it is. */
  readonly ref: string
  readonly purpose?: string | undefined
}
/** So many people in this role sign that gate, besides what the tenant's policy asks for. */
export type PlanApproval = {
  readonly gate: SignatureGate['name']
  readonly role: SigningRole
  readonly count: number
}
export type JobPlan = {
  readonly title: string
  readonly steps: readonly (string | PlanStep)[]
  readonly credentials?: readonly PlanCredential[] | undefined
  readonly approvals?: readonly PlanApproval[] | undefined
  /** The template that it was made from, and which version of it. */
  readonly template?: { readonly name: string; readonly version: number } | undefined
}

/** How a step was left: `failed` is a check that did not pass. */
export const resultStates = ['done', 'failed', 'out_of_limits', 'not_applicable'] as const
/** Out of limits, a step is `blocked` until its finding is closed, and `accepted` after that: the closing is the decision. */
export const stepStates = ['open', 'done', 'failed', 'blocked', 'accepted', 'not_applicable'] as const
export type StepState = (typeof stepStates)[number]

/** What was done last about a step; what stood there before is in the entries. */
export type StepResult = {
  readonly state: (typeof resultStates)[number]
  /** What was measured, a decimal text in the step's unit. */
  readonly value?: string | undefined
  readonly note?: string | undefined
  readonly attachments?: readonly { readonly id: string; readonly sha256: string }[] | undefined
  /** Number of the finding that was raised about it. */
  readonly finding?: string | undefined
  /** Who did it, by id and by the name of that day. */
  readonly by: string
  readonly by_name: string
  /** Server time, RFC 3339. */
  readonly at: string
}
/** By the key of the step. */
export type StepResults = { readonly [key: string]: StepResult }

/** Steps as steps: a plain line has its place as its key, and nobody has to do it. */
export const toSteps = (plan: Pick<JobPlan, 'steps'>): PlanStep[] =>
  plan.steps.map((step, i) =>
    typeof step === 'string'
      ? { key: String(i + 1), kind: 'instruction', text: step, mandatory: false }
      : step,
  )

/** What the steps of a plan rest on besides their results. */
export type StepGround = {
  /** Ids of the work orders that steps consist of and that are done, or waived. */
  readonly settled: readonly string[]
  /** Of the findings that results name, the numbers of those that are not closed. */
  readonly openFindings: readonly string[]
}

export function stateOfStep(step: PlanStep, results: StepResults | null, ground: StepGround): StepState {
  if (step.kind === 'work_order') return ground.settled.includes(step.work_order ?? '') ? 'done' : 'open'
  const result = results?.[step.key]
  if (result?.state !== 'out_of_limits') return result?.state ?? 'open'
  return ground.openFindings.includes(result.finding ?? '') ? 'blocked' : 'accepted'
}

export type OpenStep = Pick<PlanStep, 'key' | 'kind' | 'text' | 'role'> & {
  readonly state: StepState
  /** The finding that keeps it blocked. */
  readonly finding: string | null
}

/** Mandatory steps that are not done, in the order of the plan. */
export function listOpenSteps(
  plan: Pick<JobPlan, 'steps'> | null,
  results: StepResults | null,
  ground: StepGround,
): OpenStep[] {
  if (plan === null) return []
  return toSteps(plan).flatMap((step) => {
    const state = stateOfStep(step, results, ground)
    if (!step.mandatory || state === 'done' || state === 'accepted') return []
    const finding = state === 'blocked' ? (results?.[step.key]?.finding ?? null) : null
    const { key, kind, text, role } = step
    return [{ key, kind, text, ...(role === undefined ? {} : { role }), state, finding }]
  })
}

/** Who does the step: the one who works on it, in a fleet its captain too; a sign-off is of its role. */
export function rolesOfStep({ kind, role }: Pick<PlanStep, 'kind' | 'role'>, lifecycle: string): Role[] {
  if (kind === 'sign_off' && role !== undefined) return [role]
  return lifecycle === 'fleet' ? ['assignee', 'captain'] : ['assignee']
}

export const rolesOfOpen = (open: readonly OpenStep[], lifecycle: string): Role[] => [
  ...new Set(open.flatMap((step) => rolesOfStep(step, lifecycle))),
]

/** Ids of the work orders that its steps consist of. */
export const listStepWork = (plan: Pick<JobPlan, 'steps'> | null): string[] =>
  plan === null
    ? []
    : plan.steps.flatMap((step) =>
        typeof step !== 'string' && step.work_order !== undefined ? [step.work_order] : [],
      )

/** Numbers of the findings that its results name. */
export const listStepFindings = (results: StepResults | null): string[] =>
  Object.values(results ?? {}).flatMap(({ finding }) => finding ?? [])

export const isWithinLimits = (step: Pick<PlanStep, 'min' | 'max'>, value: string): boolean =>
  (step.min === undefined || compareDecimals(value, step.min) >= 0) &&
  (step.max === undefined || compareDecimals(value, step.max) <= 0)

/** The limits as people write them: "9.8 to 10.2 mL", "at least 3 bar". */
export function toLimitText({ min, max, unit = '' }: Pick<PlanStep, 'min' | 'max' | 'unit'>): string {
  const inUnit = (text: string): string => `${text} ${unit}`.trim()
  if (min !== undefined && max !== undefined) return inUnit(`${min} to ${max}`)
  if (min !== undefined) return inUnit(`at least ${min}`)
  return max === undefined ? 'without limits' : inUnit(`at most ${max}`)
}

export type PlanProblem = { readonly path: readonly (string | number)[]; readonly message: string }

/** What makes a plan contradict itself, with the path in it. */
export function findPlanProblems(plan: JobPlan): PlanProblem[] {
  const problems: PlanProblem[] = []
  const add = (message: string, ...path: (string | number)[]): void => void problems.push({ path, message })
  const names = new Set<string>()
  for (const [i, { name, ref }] of (plan.credentials ?? []).entries()) {
    if (names.has(name)) add('is the name of another credential too', 'credentials', i, 'name')
    names.add(name)
    const flaw = explainCredentialRef(ref)
    if (flaw !== undefined) add(flaw, 'credentials', i, 'ref')
  }
  const keys = new Set<string>()
  for (const [i, step] of toSteps(plan).entries()) {
    if (keys.has(step.key)) add('is the key of another step too', 'steps', i, 'key')
    keys.add(step.key)
    for (const [field, message] of findStepProblems(step)) add(message, 'steps', i, field)
    if (step.credential !== undefined && !names.has(step.credential))
      add('is no credential of this plan', 'steps', i, 'credential')
  }
  const asked = (plan.approvals ?? []).map(({ gate, role }) => `${gate} ${role}`)
  for (const [i, one] of asked.entries())
    if (asked.indexOf(one) !== i) add('stands twice: say a count instead', 'approvals', i, 'role')
  return problems
}

/** The members that mean something for one kind only, and whether that kind needs them. */
const membersOfKind = [
  ['unit', 'measurement', true],
  ['min', 'measurement', false],
  ['max', 'measurement', false],
  ['role', 'sign_off', true],
  ['work_order', 'work_order', true],
] as const

function* findStepProblems(step: PlanStep): Generator<[field: string, message: string]> {
  for (const [member, kind, isNeeded] of membersOfKind) {
    const isThere = step[member] !== undefined
    if (isThere && step.kind !== kind) yield [member, `is for a step of the kind ${kind} only`]
    if (!isThere && isNeeded && step.kind === kind) yield [member, `is what a ${kind} step needs`]
  }
  const { min, max } = step
  // In a template a limit may still wait for its value.
  const areKnown = decimalText.test(min ?? '') && decimalText.test(max ?? '')
  if (min !== undefined && max !== undefined && areKnown && compareDecimals(min, max) > 0)
    yield ['max', 'must not be below min']
}
