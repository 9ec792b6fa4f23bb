/**
 * May this person say this about a step now, and what is recorded if so? Steps are done while the work is under way,
 * by who works on it; a sign-off is by somebody in its role who did not do the work. A value out of its limits is
 * recorded as it is, with a finding, and nothing more is said about that step until the finding is closed.
 */
import { isWithinLimits, listOpenSteps, rolesOfOpen, rolesOfStep, toSteps } from './job-plan.ts'
import type { PlanStep, StepGround, StepResult } from './job-plan.ts'
import { finalCategories } from './lifecycle.ts'
import { rolesOn } from './principal.ts'
import type { Actor } from './principal.ts'
import { listMissing, noQualifications } from './qualification.ts'
import type { Qualifications } from './qualification.ts'
import { accept, refuse } from './refusal.ts'
import type { Decision, Unmet } from './refusal.ts'
import type { WorkOrder } from './work-order.ts'

export const outcomes = ['done', 'passed', 'failed', 'not_applicable'] as const
export type Outcome = (typeof outcomes)[number]

export type StepCommand = {
  readonly step: string
  readonly outcome?: Outcome | undefined
  readonly value?: string | undefined
  readonly note?: string | undefined
  /** Ids of files of this work order. */
  readonly attachments?: readonly string[] | undefined
  readonly reason?: string | undefined
}
export type StepFacts = {
  readonly workOrder: WorkOrder
  readonly actor: Actor
  /** Humans who answer for agents that executed this work order. */
  readonly executorSponsorIds: readonly string[]
  /** Files of the work order that the command names. */
  readonly files: readonly { readonly id: string; readonly sha256: string }[]
  readonly ground: StepGround
  /** The assignee with its qualifications, where the work asks for some. */
  readonly assigned?: ({ readonly name: string } & Qualifications) | undefined
  readonly now: string
}
export type StepPlan = {
  readonly step: PlanStep
  readonly result: StepResult
  /** Out of its limits: a finding is raised, and its number is added to the result. */
  readonly isOutOfLimits: boolean
  readonly reason: string | null
}

/** Checked in this order: final, known, role, person, duty, qualification, state, hold, blocked, the answer itself, what stands before. */
export function decideStep(facts: StepFacts, command: StepCommand): Decision<StepPlan> {
  const { workOrder, actor } = facts
  if (finalCategories.includes(workOrder.category))
    return refuse({ code: 'record_final', current: workOrder.status })
  const step = toSteps(workOrder.job_plan ?? { steps: [] }).find(({ key }) => key === command.step)
  if (step === undefined) return refuse({ code: 'not_found', what: 'step' })
  const unmet = unmetFor(step, facts)
  if (unmet.length > 0) return refuse({ code: 'gates_unmet', unmet })
  const flaw = findFlaw(step, facts, command)
  if (flaw !== undefined) return refuse({ code: 'invalid_input', errors: [flaw] })
  const before = workOrder.step_results?.[step.key]
  const reason = command.reason?.trim() || null
  const missing = [
    ...(before !== undefined && reason === null ? ['reason'] : []),
    ...(needsNote(command) && !command.note?.trim() ? ['note'] : []),
  ]
  if (missing.length > 0)
    return refuse({ code: 'gates_unmet', unmet: [{ code: 'missing_fields', missing_fields: missing }] })
  const isOutOfLimits = command.value !== undefined && !isWithinLimits(step, command.value)
  return accept({
    step,
    isOutOfLimits,
    reason,
    result: {
      state: isOutOfLimits ? 'out_of_limits' : stateAfter(command.outcome),
      ...(command.value === undefined ? {} : { value: command.value }),
      ...(command.note?.trim() ? { note: command.note.trim() } : {}),
      ...(facts.files.length === 0
        ? {}
        : { attachments: facts.files.map(({ id, sha256 }) => ({ id, sha256 })) }),
      by: actor.id,
      by_name: actor.name,
      at: facts.now,
    },
  })
}

const stateAfter = (outcome: Outcome | undefined): StepResult['state'] =>
  outcome === 'failed' || outcome === 'not_applicable' ? outcome : 'done'

/** What did not go as the plan says is explained. */
const needsNote = ({ outcome }: StepCommand): boolean => outcome === 'failed' || outcome === 'not_applicable'

function unmetFor(step: PlanStep, facts: StepFacts): Unmet[] {
  const { workOrder, actor, ground } = facts
  const unmet: Unmet[] = []
  const takers = rolesOfStep(step, workOrder.lifecycle)
  const roles = rolesOn(actor, workOrder)
  if (!takers.some((role) => roles.has(role))) unmet.push({ code: 'role_required', roles: takers })
  if (step.kind === 'sign_off') {
    if (actor.kind !== 'human' && workOrder.regulatory) unmet.push({ code: 'human_required' })
    if (step.role !== 'assignee') {
      if (workOrder.executor_ids.includes(actor.id))
        unmet.push({ code: 'separation_of_duties', rule: 'executor' })
      else if (facts.executorSponsorIds.includes(actor.id))
        unmet.push({ code: 'separation_of_duties', rule: 'sponsor_of_executor' })
    }
    unmet.push(...gateQualification(facts))
  }
  if (workOrder.category !== 'active') unmet.push({ code: 'not_under_way', current: workOrder.status })
  if (workOrder.hold !== null)
    unmet.push({ code: 'held', reason: workOrder.hold.reason, who: [workOrder.hold.owner] })
  const finding = workOrder.step_results?.[step.key]?.finding
  if (finding !== undefined && ground.openFindings.includes(finding))
    unmet.push({ code: 'step_blocked', step: step.key, finding })
  if (step.kind === 'sign_off') {
    const steps = toSteps(workOrder.job_plan ?? { steps: [] })
    const before = {
      steps: steps.slice(
        0,
        steps.findIndex(({ key }) => key === step.key),
      ),
    }
    const open = listOpenSteps(before, workOrder.step_results, ground)
    if (open.length > 0)
      unmet.push({ code: 'steps_open', steps: open, roles: rolesOfOpen(open, workOrder.lifecycle) })
  }
  return unmet
}

/** Who signs off his own work is qualified for it at that time; the others did not do it. */
function gateQualification({
  workOrder,
  actor,
  assigned = { name: actor.name, ...noQualifications },
  now,
}: StepFacts): Unmet[] {
  if (actor.id !== workOrder.assignee_id) return []
  const missing = listMissing(workOrder.requirements, assigned, now)
  return missing.length === 0 ? [] : [{ code: 'qualification_missing', person: assigned.name, missing }]
}

/** What each kind is answered with. */
function findFlaw(
  step: PlanStep,
  { files }: StepFacts,
  { outcome, value, attachments = [] }: StepCommand,
): { path: string; message: string } | undefined {
  const skipped = outcome === 'not_applicable'
  if (step.kind === 'work_order')
    return { path: 'step', message: 'is done when its work order is: there is nothing to record about it' }
  if (skipped && step.mandatory) return { path: 'outcome', message: 'the step is mandatory' }
  if (step.kind === 'check' && outcome !== 'passed' && outcome !== 'failed' && !skipped)
    return { path: 'outcome', message: 'a check is passed or failed' }
  if (step.kind !== 'check' && (outcome === 'passed' || outcome === 'failed'))
    return { path: 'outcome', message: `only a check is passed or failed, and this is: ${step.kind}` }
  if (step.kind === 'measurement' && value === undefined && !skipped)
    return { path: 'value', message: `is what a measurement needs, a decimal in ${step.unit ?? 'its unit'}` }
  if (value !== undefined && (step.kind !== 'measurement' || skipped))
    return { path: 'value', message: 'is for a measurement only' }
  const strange = attachments.find((id) => !files.some((file) => file.id === id))
  if (strange !== undefined)
    return { path: 'attachments', message: 'names a file that this work order does not have' }
  if (step.kind === 'evidence' && attachments.length === 0 && !skipped)
    return { path: 'attachments', message: 'is what an evidence step needs: attach a file, and name its id' }
  return undefined
}
