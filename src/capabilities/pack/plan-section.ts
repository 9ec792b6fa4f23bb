/** The job plan of a record in print: what each step asks for, and what was done about it, by whom and when. */
import { toLimitText, toSteps } from '#domain/job-plan.ts'
import type { JobPlan, PlanStep, StepResult, StepResults } from '#domain/job-plan.ts'
import type { Requirements, WorkOrder } from '#domain/work-order.ts'
import { nothing } from './document.ts'
import type { Block, Cell, Section } from './document.ts'
import { toUtcText } from './time.ts'

export function toPlanSection({
  job_plan: plan,
  step_results: results,
}: Pick<WorkOrder, 'job_plan' | 'step_results'>): Section {
  if (plan === null) return { title: 'Job plan', blocks: [], note: 'None.' }
  const blocks: Block[] = plan.steps.every((step) => typeof step === 'string')
    ? [{ kind: 'steps', steps: plan.steps }]
    : [
        {
          kind: 'table',
          head: ['Step', 'What is to be done', 'Result', 'Who and when'],
          widths: [14, 38, 26, 22],
          rows: toSteps(plan).map((step) => toRow(step, results?.[step.key])),
        },
      ]
  const fields = [
    ...(plan.template === undefined
      ? []
      : [['Made from', `template ${plan.template.name}, version ${plan.template.version}`] as const]),
    ...(plan.credentials ?? []).map(({ name, ref }) => [`Credential ${name}`, ref] as const),
    ...(plan.approvals ?? []).map(
      ({ gate, role, count }) =>
        [`Also signs the ${gate} gate`, `${role.replaceAll('_', ' ')} × ${count}`] as const,
    ),
  ]
  if (fields.length > 0) blocks.unshift({ kind: 'fields', fields })
  return { title: `Job plan: ${plan.title}`, blocks }
}

function toRow(step: PlanStep, result: StepResult | undefined): Cell[] {
  const asked = [
    step.text,
    step.kind === 'measurement' ? `Limits: ${toLimitText(step)}` : '',
    step.role === undefined ? '' : `Signed off by: ${step.role.replaceAll('_', ' ')}`,
    step.credential === undefined ? '' : `With the credential ${step.credential}`,
    step.work_order === undefined ? '' : `Work order ${step.work_order}`,
  ]
  return [
    `${step.key}\n${step.kind.replaceAll('_', ' ')}${step.mandatory ? '' : '\noptional'}`,
    asked.filter((text) => text !== '').join('\n'),
    result === undefined ? nothing : toResultText(result, step.unit),
    result === undefined ? nothing : `${result.by_name}\n${toUtcText(result.at)}`,
  ]
}

function toResultText(result: StepResult, unit = ''): string {
  const { state, value, note, finding, attachments = [] } = result
  return [
    state.replaceAll('_', ' '),
    value === undefined ? '' : `${value} ${unit}`.trim(),
    finding === undefined ? '' : `Finding ${finding}`,
    note ?? '',
    ...attachments.map(({ id }) => `File ${id}`),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

const toLine = (result: StepResult | undefined): string =>
  result === undefined ? nothing : toResultText(result).replaceAll('\n', ', ')

/** A plan in one piece of text, a line for each step. */
export function toPlanText({ title, steps, template }: JobPlan): string {
  const lines = toSteps({ steps }).map((step) => {
    const limits = step.kind === 'measurement' ? ` (${toLimitText(step)})` : ''
    return `${step.key}: ${step.text}${limits}${step.mandatory ? '' : ', optional'}`
  })
  const from = template === undefined ? '' : `, from ${template.name} version ${template.version}`
  return [`${title}${from}`, ...lines].join('\n')
}

export function toRequirementsText({
  people,
  roles = [],
  tools,
  experience,
  certificates = [],
}: Requirements): string {
  const who = roles.map(({ role, headcount }) => `${headcount} ${role}`)
  return [
    `${people} ${people === 1 ? 'person' : 'people'}${who.length === 0 ? '' : ` (${who.join(', ')})`}`,
    ...tools.map((tool) => (typeof tool === 'string' ? tool : `${tool.quantity} × ${tool.name}`)),
    ...experience.map(({ name, min_rating }) => `${name}, rated ${min_rating} or more`),
    ...certificates.map(({ name }) => `certificate ${name}`),
  ].join('\n')
}

/** Of the history: only the step that the entry is about. */
export function toStepChange(old: StepResults | null, next: StepResults | null): string {
  const lines = Object.entries(next ?? {}).flatMap(([key, result]) => {
    const before = old?.[key]
    if (before?.at === result.at && before.state === result.state) return []
    return [`Step ${key}: ${toLine(before)} → ${toLine(result)}`]
  })
  return lines.length === 0 ? `Steps done: ${nothing}` : lines.join('\n')
}
