/** The job plan of a work order: how each step stands, and doing one. Who did it and when is stamped here. */
import { z } from 'zod'
import { changesBetween } from '#domain/entry.ts'
import type { EntryBody } from '#domain/entry.ts'
import {
  listStepWork,
  rolesOfStep,
  signOffRoles,
  stateOfStep,
  stepKinds,
  stepStates,
  toLimitText,
  toSteps,
} from '#domain/job-plan.ts'
import type { JobPlan, PlanStep, StepResult } from '#domain/job-plan.ts'
import { maySee } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { decideStep, outcomes } from '#domain/step.ts'
import type { StepPlan } from '#domain/step.ts'
import { recordedFields } from '#domain/work-order.ts'
import type { Recorded } from '#domain/work-order.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { raiseFinding } from '../finding/raise.ts'
import { loadAssigned } from '../person/assigned.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import type { LockedWorkOrder, WorkOrderRow } from '../work-order/find.ts'
import { decimal, stepResult } from '../work-order/plan-schema.ts'
import { line, text, workOrderRef } from '../work-order/schema.ts'
import { updateWorkOrder } from '../work-order/store.ts'
import { refuseAttempt } from '../work-order/transition.ts'
import { loadStepGround } from './ground.ts'
import { listCredentialEntries, listFiles, listStepWorkOrders } from './store.ts'

const credentialView = z.object({
  name: z.string(),
  ref: z.string(),
  purpose: z.string().nullable(),
  last: z
    .object({
      leased: z.boolean(),
      by: z.string(),
      at: z.string(),
      says: z.string().nullable().describe('why it was not leased'),
    })
    .nullable()
    .describe('its last use, or the last attempt'),
})
const stepView = z.object({
  key: z.string(),
  kind: z.enum(stepKinds),
  text: z.string(),
  mandatory: z.boolean(),
  state: z.enum(stepStates),
  limits: z.string().nullable(),
  unit: z.string().nullable(),
  roles: z.array(z.string()).describe('who does it'),
  role: z.enum(signOffRoles).nullable(),
  credential: z.string().nullable(),
  work_order: z
    .object({ id: z.uuid(), number: z.string().nullable(), status: z.string().nullable() })
    .nullable(),
  result: stepResult.nullable(),
})
const planView = z.object({
  number: z.string(),
  status: z.string(),
  title: z.string().nullable().describe('null: the work order has no job plan'),
  template: z.object({ name: z.string(), version: z.int() }).nullable(),
  open: z.int().describe('mandatory steps that are not done'),
  steps: z.array(stepView),
  credentials: z.array(credentialView),
})
type PlanView = z.output<typeof planView>

export const get = operation({
  name: 'job_plan.get',
  summary: 'Read the job plan of a work order: each step, how it stands, who did it and when',
  http: ['GET', '/v1/work-orders/:id/job-plan'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef }),
  output: planView,
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    return found.ok ? accept(await toPlanView(tx, actor, found.value)) : found
  },
})

/** `raised` is a finding of this transaction: it is queued, and not there to be read yet. */
async function toPlanView(
  tx: Tx,
  actor: Parameters<typeof maySee>[0],
  workOrder: WorkOrderRow,
  raised?: string,
): Promise<PlanView> {
  const plan: Pick<JobPlan, 'steps' | 'credentials'> = workOrder.job_plan ?? { steps: [] }
  const [{ settled, openFindings }, work, credentials] = await Promise.all([
    loadStepGround(tx, workOrder),
    listWork(tx, plan),
    listCredentials(tx, workOrder.id, plan),
  ])
  const ground = { settled, openFindings: [...openFindings, ...(raised === undefined ? [] : [raised])] }
  const steps = toSteps(plan).map((step) => {
    const one = work.find(({ id }) => id === step.work_order)
    const seen = one !== undefined && maySee(actor, one)
    return {
      ...toStepView(step, workOrder),
      state: stateOfStep(step, workOrder.step_results, ground),
      work_order:
        step.work_order === undefined
          ? null
          : { id: step.work_order, number: seen ? one.number : null, status: one?.status ?? null },
    }
  })
  const open = steps.filter(({ mandatory, state }) => mandatory && state !== 'done' && state !== 'accepted')
  return {
    number: workOrder.number,
    status: workOrder.status,
    title: workOrder.job_plan?.title ?? null,
    template: workOrder.job_plan?.template ?? null,
    open: open.length,
    steps,
    credentials,
  }
}

function toStepView(step: PlanStep, { lifecycle, step_results: results }: WorkOrderRow) {
  const { key, kind, text: says, mandatory, unit = null, role = null, credential = null } = step
  return {
    key,
    kind,
    text: says,
    mandatory,
    unit,
    role,
    credential,
    limits: kind === 'measurement' ? toLimitText(step) : null,
    roles: kind === 'work_order' ? [] : rolesOfStep(step, lifecycle),
    result: (results?.[key] as z.output<typeof stepResult> | undefined) ?? null,
  }
}

const listWork = (tx: Tx, plan: Pick<JobPlan, 'steps'>) => {
  const ids = listStepWork(plan)
  return ids.length === 0 ? [] : listStepWorkOrders(tx, ids)
}

async function listCredentials(
  tx: Tx,
  workOrderId: string,
  { credentials = [] }: Pick<JobPlan, 'credentials'>,
): Promise<PlanView['credentials']> {
  if (credentials.length === 0) return []
  const entries = (await listCredentialEntries(tx, workOrderId)).map(
    ({ body }) => JSON.parse(body.toString('utf8')) as EntryBody,
  )
  return credentials.map(({ name, ref, purpose = null }) => {
    const last = entries.find(({ detail }) => detail?.['credential'] === name)
    const says = last?.detail?.['says']
    return {
      name,
      ref,
      purpose,
      last:
        last === undefined
          ? null
          : {
              leased: last.action === 'credential_leased',
              by: last.actor.name,
              at: last.at,
              says: typeof says === 'string' ? says : null,
            },
    }
  })
}

export const record = operation({
  name: 'job_plan.record_step',
  summary: 'Do a step of the job plan: say that it was done, whether it passed, what was measured',
  http: ['POST', '/v1/work-orders/:id/steps/:step'],
  permission: everyone,
  mutates: true,
  example: 'WO-2026-000001 flow --value 1.02 --note "after 30 minutes"',
  input: z.strictObject({
    id: workOrderRef,
    step: line(50).describe('key of the step'),
    outcome: z
      .enum(outcomes)
      .optional()
      .describe(
        'passed or failed for a check, not_applicable for a step that is not mandatory; done when left out',
      ),
    value: decimal.optional().describe('what was measured, in the unit of the step'),
    note: text(10_000).optional().describe('needed where a check failed or a step is not applicable'),
    attachments: z.array(z.uuid()).max(100).optional().describe('ids of files of this work order'),
    reason: text(2000).optional().describe('needed to say something else than was said before'),
  }),
  output: planView,
  async run(tx, actor, input) {
    const found = await lockForChange(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    const { id: _, ...command } = input
    const files = command.attachments ?? []
    const decision = decideStep(
      {
        workOrder,
        actor,
        executorSponsorIds: workOrder.executor_sponsor_ids,
        files: files.length === 0 ? [] : await listFiles(tx, workOrder.id, files),
        ground: await loadStepGround(tx, workOrder),
        assigned: await loadAssigned(tx, workOrder),
        now: workOrder.locked_at,
      },
      command,
    )
    if (!decision.ok)
      return decision.refusal.code === 'gates_unmet'
        ? refuseAttempt(tx, workOrder, decision.refusal, { step: command.step })
        : refuse(decision.refusal)
    const after = await recordStep(tx, workOrder, decision.value)
    return accept(await toPlanView(tx, actor, after, after.step_results?.[command.step]?.finding))
  },
})

async function recordStep(tx: Tx, before: LockedWorkOrder, plan: StepPlan): Promise<LockedWorkOrder> {
  const { step, reason } = plan
  const at = before.locked_at
  const result = plan.isOutOfLimits ? await raiseOutOfLimits(tx, before, plan) : plan.result
  // Who did the work does not approve it: also when somebody else began it.
  const executes = step.kind !== 'sign_off' && !before.executor_ids.includes(tx.actor.id)
  const changes: Partial<Recorded> = {
    step_results: { ...before.step_results, [step.key]: result },
    ...(executes ? { executor_ids: [...before.executor_ids, tx.actor.id] } : {}),
  }
  const head = tx.record({
    kind: 'work_order',
    record: before,
    action: 'step_recorded',
    reason,
    changes: changesBetween(recordedFields, before, changes),
    detail: { step: step.key, state: result.state },
    at,
  })
  updateWorkOrder(tx, before, changes, before.category, head, at)
  return { ...before, ...changes, ...head, updated_at: at }
}

/** The value is recorded as it is; whether it may stay so is for whoever closes the finding. */
async function raiseOutOfLimits(
  tx: Tx,
  workOrder: LockedWorkOrder,
  { step, result }: StepPlan,
): Promise<StepResult> {
  const number = await raiseFinding(tx, {
    kind: 'measurement_out_of_limits',
    severity: 'major',
    workOrderId: workOrder.id,
    title: `Step ${step.key} of ${workOrder.number} is out of its limits`,
    detail: {
      step: step.key,
      text: step.text,
      value: result.value,
      unit: step.unit,
      limits: toLimitText(step),
    },
    at: workOrder.locked_at,
  })
  return { ...result, finding: number }
}
