/**
 * May this actor move this work order there, and what changes if so? Every gate that is not met is named at
 * once, in the order written here, which is part of the contract: role, person, separation of duties,
 * fields, hold, acknowledgement, predecessors, master, qualification, steps, linked work, the log, signatures.
 */
import { rolesOfGate } from './approval.ts'
import type { Round } from './approval.ts'
import { decideCompletion, findLinkedCheck, toPolicyText } from './completion.ts'
import type { Linked } from './completion.ts'
import { gateIntegrity } from './finding.ts'
import { categoryOf, transitionsFrom } from './lifecycles.ts'
import { listOpenSteps, rolesOfOpen } from './job-plan.ts'
import type { StepGround } from './job-plan.ts'
import { finalCategories, requiredSignatures } from './lifecycle.ts'
import type { Category, Transition } from './lifecycle.ts'
import { captainProxyName, rolesOn } from './principal.ts'
import type { Actor, Role } from './principal.ts'
import { listMissing, noQualifications } from './qualification.ts'
import type { Qualifications } from './qualification.ts'
import { asksQualification, beginsWork, findLagEnd, handsIn, isSatisfied } from './readiness.ts'
import type { Waited } from './readiness.ts'
import { accept, refuse } from './refusal.ts'
import type { Decision, DutyRule, Unmet } from './refusal.ts'
import { isMissing, toRecordedField } from './work-order.ts'
import type { Blocker, CompletionPolicy, Recorded, WorkOrder } from './work-order.ts'

export type TransitionCommand = {
  readonly to: string
  readonly reason?: string | undefined
  readonly notes?: string | undefined
  readonly completion_summary?: string | undefined
  readonly actual_hours?: number | undefined
  readonly review_notes?: string | undefined
  readonly blocker?: Blocker | undefined
  readonly post_approval_tasks_confirmed?: boolean | undefined
}

export type TransitionFacts = {
  readonly workOrder: WorkOrder
  readonly actor: Actor
  /** Humans who answer for agents that executed this work order. */
  readonly executorSponsorIds: readonly string[]
  /** The open round of signatures, where there is one. */
  readonly round?: Round | undefined
  /** Roles that the actor has by delegation: who may sign for somebody may also turn the work back for him. */
  readonly delegatedRoles?: readonly Role[]
  /** Numbers of open findings that the log does not match the records. */
  readonly integrityHolds?: readonly string[]
  /** Its predecessors; asked for where an edge begins the work of a work order that has some. */
  readonly predecessors?: readonly Waited[]
  /** Its master, where an edge begins the work. */
  readonly master?:
    | { readonly number: string; readonly status: string; readonly category: Category }
    | undefined
  /** What is linked to it and the policy that counts it, where an edge asks for linked work. */
  readonly linked?: { readonly policy: CompletionPolicy; readonly work: readonly Linked[] } | undefined
  /** The assignee with its qualifications; asked for where the work is assigned or begins and asks for some. */
  readonly assigned?: ({ readonly name: string } & Qualifications) | undefined
  /** What the steps of its job plan rest on; asked for where it is handed in and some rest on something. */
  readonly stepGround?: StepGround | undefined
  /** True for the last required signature: it is the one that opens the gate. */
  readonly isSigned?: true
  /** Server time, RFC 3339. */
  readonly now: string
}

export type TransitionPlan = {
  readonly transition: Transition
  readonly action: string
  readonly reason: string | null
  readonly changes: Partial<Recorded>
}

/** What each edge out of the state would need; the order of the lifecycle's table. */
export type EdgeReport = {
  readonly name: string
  readonly to: string
  readonly allowed: boolean
  readonly unmet: readonly Unmet[]
}

/** The roles that may take the edge for this work order: an approver of the gate turns the work back. */
function takersOf(edge: Transition, { workOrder, round }: TransitionFacts): readonly Role[] {
  const signers =
    edge.turnsBack !== undefined && round?.gate === edge.turnsBack.name
      ? round.requirements.map(({ role }) => role)
      : requiredSignatures(edge.turnsBack, workOrder.regulatory)
  return signers.length > 0 ? signers : edge.by
}

export function decideTransition(
  facts: TransitionFacts,
  command: TransitionCommand,
): Decision<TransitionPlan> {
  const { workOrder } = facts
  const edges = edgesFor(workOrder)
  const edge = edges.find((candidate) => candidate.to === command.to)
  if (edge === undefined) {
    return refuse({
      code: 'wrong_status',
      current: workOrder.status,
      to: command.to,
      allowed: edges.map((candidate) => candidate.to),
    })
  }
  const unmet = unmetGates(edge, facts, command)
  if (unmet.length > 0) return refuse({ code: 'gates_unmet', unmet })
  return accept({
    transition: edge,
    action: actionOf(edge, workOrder),
    reason: command.reason?.trim() || null,
    changes: changesOf(edge, facts, command),
  })
}

/** What the edge behind a gate still needs besides its signatures. */
export function unmetBesideSignatures(facts: TransitionFacts, edge: Transition): Unmet[] {
  const unmet = unmetGates(edge, { ...facts, isSigned: true }, { to: edge.to, reason: 'signed' })
  return unmet
}

/** Every edge out of the state, with what is still in the way for this actor. */
export function reportEdges(facts: TransitionFacts): EdgeReport[] {
  return edgesFor(facts.workOrder).map((edge) => {
    const unmet = unmetGates(edge, facts, { to: edge.to })
    return {
      name: edge.name,
      to: edge.to,
      allowed: unmet.every((gate) => gate.code === 'missing_fields'),
      unmet,
    }
  })
}

const edgesFor = (workOrder: WorkOrder): Transition[] =>
  transitionsFrom(workOrder.lifecycle, workOrder.status).filter(
    (edge) => !(edge.onlyNonRegulatory && (workOrder.regulatory || asksRelease(workOrder))),
  )

/** Its plan asks for signatures before the work: then there is no way around that gate. */
const asksRelease = ({ job_plan: plan }: WorkOrder): boolean =>
  plan?.approvals?.some(({ gate }) => gate === 'release') ?? false

function unmetGates(edge: Transition, facts: TransitionFacts, command: TransitionCommand): Unmet[] {
  const { workOrder, actor } = facts
  const unmet: Unmet[] = []
  const signatures = facts.isSigned ? [] : rolesOfGate(edge.gate, facts.round, workOrder)

  // A gate that needs signatures opens by the last of them and by nobody's button.
  const takers = takersOf(edge, facts)
  const roles = new Set([
    ...rolesOn(actor, workOrder),
    ...(edge.turnsBack === undefined ? [] : (facts.delegatedRoles ?? [])),
  ])
  if (!facts.isSigned && signatures.length === 0 && !takers.some((role) => roles.has(role))) {
    unmet.push({ code: 'role_required', roles: takers })
  }
  if (edge.approves && !facts.isSigned) {
    const mayStandIn = actor.kind !== 'system' || actor.name === captainProxyName
    if (actor.kind !== 'human' && (workOrder.regulatory || !mayStandIn))
      unmet.push({ code: 'human_required' })
    const duty = conflictOfDuty(facts)
    if (duty !== undefined) unmet.push({ code: 'separation_of_duties', rule: duty })
  }
  const stray = strayFields(edge, command)
  if (stray.length > 0) unmet.push({ code: 'fields_locked', fields: stray, current: workOrder.status })
  const missing = missingFields(edge, workOrder, command)
  if (missing.length > 0) unmet.push({ code: 'missing_fields', missing_fields: missing })
  const begins = beginsWork(workOrder.lifecycle, workOrder.status, edge.to)
  const isKept = workOrder.category === 'active' || begins
  if (workOrder.hold !== null && isKept && !isAbandoning(edge, workOrder)) {
    unmet.push({ code: 'held', reason: workOrder.hold.reason, who: [workOrder.hold.owner] })
  }
  if (edge.acknowledged && workOrder.acknowledged_at === null) unmet.push({ code: 'acknowledgement_missing' })
  if (begins) unmet.push(...gatePredecessors(facts))
  unmet.push(...gateQualification(edge, facts))
  unmet.push(...gateSteps(edge, facts), ...gateLinked(edge, facts))
  const becomesDone = categoryOf(workOrder.lifecycle, edge.to) === 'done'
  unmet.push(...gateIntegrity(workOrder, becomesDone, facts.integrityHolds ?? []))
  if (signatures.length > 0 && edge.gate !== undefined) {
    unmet.push({ code: 'signatures_missing', gate: edge.gate.name, roles: signatures })
  }
  return unmet
}

const isAbandoning = (edge: Transition, workOrder: WorkOrder): boolean =>
  categoryOf(workOrder.lifecycle, edge.to) === 'abandoned'

/** Every predecessor that is still in the way, and a master that is finished. */
function gatePredecessors({ predecessors = [], master, now }: TransitionFacts): Unmet[] {
  const unmet: Unmet[] = []
  const open = predecessors.filter((one) => !isSatisfied(one, now))
  if (open.length > 0) {
    unmet.push({
      code: 'dependencies_open',
      predecessors: open.map((one) => {
        const { number, status, assignee } = one
        const until = one.category === 'done' ? (findLagEnd(one, now) ?? null) : null
        return { number, status, assignee, until }
      }),
      who: peopleOf(open),
    })
  }
  if (master !== undefined && finalCategories.includes(master.category))
    unmet.push({ code: 'master_closed', master: master.number, current: master.status })
  return unmet
}

/** Who is assigned, and who begins, is qualified now: what has expired does not count. */
function gateQualification(edge: Transition, { workOrder, assigned, now }: TransitionFacts): Unmet[] {
  const isAsked = asksQualification(workOrder.lifecycle, workOrder.status, edge.to)
  if (!isAsked || workOrder.assignee_id === null) return []
  const missing = listMissing(workOrder.requirements, assigned ?? noQualifications, now)
  return missing.length === 0
    ? []
    : [{ code: 'qualification_missing', person: assigned?.name ?? workOrder.assignee_id, missing }]
}

const bareGround: StepGround = { settled: [], openFindings: [] }

/** Work is handed in when each mandatory step of its plan is done. */
function gateSteps(edge: Transition, { workOrder, stepGround = bareGround }: TransitionFacts): Unmet[] {
  if (!handsIn(workOrder.lifecycle, workOrder.status, edge.to)) return []
  const steps = listOpenSteps(workOrder.job_plan, workOrder.step_results, stepGround)
  return steps.length > 0
    ? [{ code: 'steps_open', steps, roles: rolesOfOpen(steps, workOrder.lifecycle) }]
    : []
}

/** So many are named; the preview lists all. */
const mostNamed = 50

/** Linked work that a master hands in, completes or closes over. */
function gateLinked(edge: Transition, { workOrder, linked }: TransitionFacts): Unmet[] {
  const check = findLinkedCheck(workOrder.lifecycle, workOrder.status, edge.to)
  if (check === undefined || linked === undefined || linked.work.length === 0) return []
  const { holds, have, need, missing } = decideCompletion(linked.policy, linked.work, check)
  if (holds) return []
  const policy = toPolicyText(linked.policy)
  const named = missing
    .slice(0, mostNamed)
    .map(({ number, status, assignee, state, remedy }) => ({ number, status, assignee, state, remedy }))
  const more = missing.length - named.length
  return [{ code: 'linked_work_open', check, policy, have, need, linked: named, more, who: peopleOf(named) }]
}

const peopleOf = (some: readonly { readonly assignee: string | null }[]): string[] => [
  ...new Set(some.flatMap(({ assignee }) => (assignee === null ? [] : [assignee]))),
]

/** Who executed it, last edited it, or answers for the agent that executed it, may not approve it. */
function conflictOfDuty(facts: TransitionFacts): DutyRule | undefined {
  const { workOrder, actor } = facts
  if (workOrder.executor_ids.includes(actor.id)) return 'executor'
  if (workOrder.editor_id === actor.id) return 'editor'
  if (facts.executorSponsorIds.includes(actor.id)) return 'sponsor_of_executor'
  return undefined
}

/** What an approver judges is not slipped in with a move that does not ask for it. */
function strayFields(edge: Transition, command: TransitionCommand): string[] {
  const asked = [...(edge.given ?? []), ...(edge.fields ?? [])]
  const given: { readonly [field: string]: unknown } = command
  return [
    'completion_summary',
    'actual_hours',
    'review_notes',
    'blocker',
    'post_approval_tasks_confirmed',
  ].filter(
    (field) =>
      given[field] !== undefined && !asked.includes(field) && !(field === 'blocker' && edge.name === 'block'),
  )
}

function missingFields(edge: Transition, workOrder: WorkOrder, command: TransitionCommand): string[] {
  const given: { readonly [field: string]: unknown } = command
  const record: { readonly [field: string]: unknown } = workOrder
  const needed = [...(edge.fields ?? []), ...(workOrder.regulatory ? (edge.regulatoryFields ?? []) : [])]
  const missing = (edge.given ?? []).filter((field) => isMissing(field, given[field]))
  for (const field of needed) {
    if (isMissing(field, given[field] ?? record[toRecordedField(field)])) missing.push(field)
  }
  // Every transition of a regulatory work order says why.
  if (workOrder.regulatory && isMissing('reason', command.reason) && !missing.includes('reason'))
    missing.push('reason')
  return missing
}

function actionOf(edge: Transition, workOrder: WorkOrder): string {
  const category = categoryOf(workOrder.lifecycle, edge.to)
  if (category === 'done') return 'closed'
  if (edge.name === 'cancel') return 'cancelled'
  if (edge.name === 'block') return 'blocked'
  if (edge.name === 'resume') return 'resumed'
  if (edge.turnsBack !== undefined || edge.name === 'reject') return 'approval_rejected'
  return 'transitioned'
}

function changesOf(edge: Transition, facts: TransitionFacts, command: TransitionCommand): Partial<Recorded> {
  const { workOrder, actor, now } = facts
  const category = categoryOf(workOrder.lifecycle, edge.to)
  const text = {
    notes: command.notes,
    completion_summary: command.completion_summary,
    review_notes: command.review_notes,
  }
  const said = Object.fromEntries(Object.entries(text).filter(([field, value]) => !isMissing(field, value)))
  const executes = edge.executes === true && !workOrder.executor_ids.includes(actor.id)
  return {
    status: edge.to,
    ...said,
    ...(isMissing('actual_hours', command.actual_hours)
      ? {}
      : { actual_hours: command.actual_hours ?? null }),
    ...(edge.name === 'block' ? { blocker: command.blocker ?? {} } : {}),
    ...(edge.name === 'resume' ? { blocker: null } : {}),
    ...(executes ? { executor_ids: [...workOrder.executor_ids, actor.id] } : {}),
    ...(category === 'active' && workOrder.actual_start === null ? { actual_start: now } : {}),
    ...(category === 'done' || category === 'abandoned' ? { actual_end: now, hold: null } : {}),
  }
}
