/**
 * The approval policy of a tenant: who must sign which gate of which kind of work order, in which order, within
 * how many working hours, and who hears of it when nobody does. A policy only ever adds: what the lifecycle
 * itself requires (System Owner and QA on regulatory work) stands whatever the policy says.
 */
import type { SignatureGate } from './lifecycle.ts'
import { requiredSignatures } from './lifecycle.ts'
import type { LifecycleName } from './lifecycles.ts'
import { lifecycles } from './lifecycles.ts'
import type { GrantedRole } from './principal.ts'
import { findCalendarProblems } from './sla.ts'
import type { WorkingCalendar } from './sla.ts'

/** Roles that a person signs in. A vendor is not of the house: it does work, others approve it. */
export const signingRoles = [
  'system_owner',
  'qa',
  'assigner',
  'captain',
  'operator',
  'admin',
  'auditor',
] as const satisfies readonly GrantedRole[]
export type SigningRole = (typeof signingRoles)[number]

/** `manager` is the manager of whoever was told before: one step up each time that it is named. */
export type EscalationTarget = 'manager' | { readonly role: SigningRole } | { readonly principal: string }

export type PolicyRequirement = {
  readonly role: SigningRole
  /** So many people in this role. */
  readonly count: number
  /** From 1; equal positions sign in any order. Means something in an ordered rule only. */
  readonly position: number | null
  /** Working hours; null: those of the rule. */
  readonly sla_hours: number | null
}

/** What a null leaves open fits every work order. */
export type PolicyRule = {
  readonly lifecycle: LifecycleName
  readonly work_category: string | null
  readonly regulatory: boolean | null
  readonly gate: SignatureGate['name']
  readonly ordered: boolean
  /** Working hours from when it can be signed; null: nobody is reminded. */
  readonly sla_hours: number | null
  readonly requirements: readonly PolicyRequirement[]
  /** After the managers of those who did not sign, one each further half of the hours. */
  readonly escalation: readonly EscalationTarget[]
}

export type PolicyBody = {
  readonly calendar: WorkingCalendar
  readonly rules: readonly PolicyRule[]
}

/** Version 0, of a tenant that never set one: what the lifecycles require and nothing else. */
export const emptyPolicy: PolicyBody = {
  calendar: { time_zone: 'UTC', weekdays: [1, 2, 3, 4, 5], start: '09:00', end: '17:00', holidays: [] },
  rules: [],
}

export type PolicyFacts = {
  readonly lifecycle: string
  readonly work_category: string | null
  readonly regulatory: boolean
  readonly gate: SignatureGate
}

export type Required = {
  readonly role: GrantedRole
  readonly count: number
  readonly position: number
  readonly slaHours: number | null
}
export type Requirements = { readonly ordered: boolean; readonly requirements: readonly Required[] }

/** A category says more than the flag, and the flag more than nothing: no two rules that fit are equally specific. */
const specificity = (rule: PolicyRule): number =>
  (rule.work_category === null ? 0 : 2) + (rule.regulatory === null ? 0 : 1)

/** The most specific rule for such a work order and gate; undefined when none fits. */
export function findRule(policy: PolicyBody, facts: PolicyFacts): PolicyRule | undefined {
  return policy.rules
    .filter(
      (rule) =>
        rule.lifecycle === facts.lifecycle &&
        rule.gate === facts.gate.name &&
        (rule.work_category === null || rule.work_category === facts.work_category) &&
        (rule.regulatory === null || rule.regulatory === facts.regulatory),
    )
    .toSorted((a, b) => specificity(b) - specificity(a))[0]
}

/**
 * Who must sign: what the lifecycle requires of such a work order, and what the most specific rule adds. In an
 * ordered round, the lifecycle's own roles that the rule does not place sign last, one after the other.
 */
export function requirementsFor(policy: PolicyBody, facts: PolicyFacts): Requirements {
  const rule = findRule(policy, facts)
  const ordered = rule?.ordered ?? false
  const asked = rule?.requirements ?? []
  let last = Math.max(0, ...asked.map(({ position }) => position ?? 1))
  const requirements = asked.map((one) => ({
    role: one.role as GrantedRole,
    // The policy was checked when it was set; whatever stands there, it takes nobody away.
    count: Math.max(1, one.count),
    position: ordered ? (one.position ?? 1) : 1,
    slaHours: one.sla_hours ?? rule?.sla_hours ?? null,
  }))
  for (const role of requiredSignatures(facts.gate, facts.regulatory)) {
    if (asked.some((one) => one.role === role)) continue
    last += 1
    requirements.push({
      role,
      count: 1,
      position: ordered ? last : 1,
      slaHours: rule?.sla_hours ?? null,
    })
  }
  return {
    ordered,
    requirements: requirements.toSorted((a, b) => a.position - b.position),
  }
}

/** What a job plan asks for besides: it adds people to a role, or a role, and never takes one away. */
export function addApprovals(
  { ordered, requirements }: Requirements,
  asked: readonly { readonly role: GrantedRole; readonly count: number }[],
): Requirements {
  const last = Math.max(0, ...requirements.map(({ position }) => position))
  const raised = requirements.map((one) => {
    const count = asked.find(({ role }) => role === one.role)?.count ?? 0
    return { ...one, count: Math.max(one.count, count) }
  })
  const added = asked
    .filter(({ role }) => !requirements.some((one) => one.role === role))
    .map(({ role, count }) => ({ role, count, position: ordered ? last + 1 : 1, slaHours: null }))
  return { ordered, requirements: [...raised, ...added] }
}

/** Who is told after the managers, in order. */
export const escalationFor = (policy: PolicyBody, facts: PolicyFacts): readonly EscalationTarget[] =>
  findRule(policy, facts)?.escalation ?? []

/** The gate of that name; undefined when the lifecycle has none. */
export function findGate(lifecycle: LifecycleName, name: SignatureGate['name']): SignatureGate | undefined {
  return lifecycles[lifecycle].transitions.find(({ gate }) => gate?.name === name)?.gate
}

export type PolicyProblem = { readonly path: string; readonly message: string }

/** A requirement of nobody: a policy never takes a signature away. */
export type Weakening = { readonly rule: number; readonly role: SigningRole; readonly count: number }

export const findWeakenings = (policy: PolicyBody): Weakening[] =>
  policy.rules.flatMap(({ requirements }, rule) =>
    requirements.filter(({ count }) => count < 1).map(({ role, count }) => ({ rule, role, count })),
  )

/** What makes a policy ambiguous or impossible, with the path in its body. */
export function findPolicyProblems(policy: PolicyBody): PolicyProblem[] {
  const problems = findCalendarProblems(policy.calendar).map(({ path, message }) => ({
    path: `calendar.${path}`,
    message,
  }))
  const seen = new Set<string>()
  for (const [i, rule] of policy.rules.entries()) {
    const add = (path: string, message: string): void =>
      void problems.push({ path: `rules.${i}.${path}`, message })
    if (findGate(rule.lifecycle, rule.gate) === undefined)
      add('gate', `the lifecycle ${rule.lifecycle} has no ${rule.gate} gate`)
    const key = JSON.stringify([rule.lifecycle, rule.work_category, rule.regulatory, rule.gate])
    if (seen.has(key)) add('gate', 'another rule is for the same work orders and the same gate')
    seen.add(key)
    const roles = rule.requirements.map(({ role }) => role)
    for (const [at, role] of roles.entries()) {
      if (roles.indexOf(role) !== at)
        add(`requirements.${at}.role`, `${role} stands twice: say a count instead`)
    }
    for (const [at, { position }] of rule.requirements.entries()) {
      if (!rule.ordered && position !== null)
        add(`requirements.${at}.position`, 'has a meaning in an ordered rule only')
    }
  }
  return problems
}
