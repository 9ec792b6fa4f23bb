/**
 * From a template and its values to work orders that can be created: every text filled, keys turned into ids, and
 * each of them checked as `work_order.create` would check it. Nothing is read and nothing is written.
 */
import type { z } from 'zod'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { fillIn, findTemplateProblems, keyOf, lagOf, settleValues } from '#domain/template.ts'
import type { TemplateBody, TemplateItem, TemplateProblem, Values } from '#domain/template.ts'
import type { Predecessor } from '#domain/work-order.ts'
import { checkTitle } from '../work-order/create.ts'
import { createInput } from '../work-order/schema.ts'
import type { CreateInput } from '../work-order/schema.ts'

/** One work order to be made; masters stand before what is linked to them. */
export type Expanded = {
  readonly id: string
  /** Null for the whole. */
  readonly key: string | null
  /** Id of its master, null for the whole. */
  readonly parentId: string | null
  readonly predecessors: readonly Predecessor[] | null
  readonly input: CreateInput
}
export type Expansion = { readonly values: Values; readonly all: readonly Expanded[] }
type Source = { readonly name: string; readonly version: number; readonly body: TemplateBody }

const toRefusal = (problems: readonly TemplateProblem[], within: readonly string[] = []): Refusal => ({
  code: 'invalid_input',
  errors: problems
    .slice(0, 50)
    .map(({ path, message }) => ({ path: [...within, ...path].join('.'), message })),
})

export function expandTemplate(source: Source, given: Values, newId: () => string): Decision<Expansion> {
  const { parameters = [], work_orders: linked = [], ...whole } = source.body
  const { values, problems } = settleValues(parameters, given)
  if (problems.length > 0) return refuse(toRefusal(problems))
  const ids = new Map(linked.map(({ key }) => [key, newId()]))
  const rootId = newId()
  const toId = (key: string): string => ids.get(key) ?? ''
  const flaws: TemplateProblem[] = []
  const make = (item: TemplateItem, path: readonly (string | number)[]): CreateInput | undefined => {
    const members = fillIn({ ...item, lifecycle: whole['lifecycle'] }, values) as TemplateItem
    const parsed = createInput.safeParse(withIds(members, source, ids))
    if (parsed.success) return parsed.data
    flaws.push(...toFlaws(parsed.error, path))
    return undefined
  }
  const root = make(whole, [])
  const all: Expanded[] =
    root === undefined ? [] : [{ id: rootId, key: null, parentId: null, predecessors: null, input: root }]
  for (const [i, { key, under, after = [], ...item }] of linked.entries()) {
    const kept = { regulatory: whole['regulatory'] ?? false, ...findCategory(source.body, under) }
    const input = make({ ...kept, ...item }, ['work_orders', i])
    if (input === undefined) continue
    const parentId = under === undefined ? rootId : toId(under)
    const predecessors = after.map((edge) => ({ id: toId(keyOf(edge)), lag_hours: lagOf(edge) }))
    all.push({ id: toId(key), key, parentId, predecessors: after.length === 0 ? null : predecessors, input })
  }
  for (const [i, { key, input }] of all.entries()) {
    const flaw = checkTitle(input.lifecycle ?? 'change-control', input.title)
    if (flaw?.code === 'invalid_input')
      flaws.push({
        path: key === null ? ['title'] : ['work_orders', i - 1, 'title'],
        message: flaw.errors[0]?.message ?? '',
      })
  }
  return flaws.length > 0 ? refuse(toRefusal(flaws)) : accept({ values, all })
}

/** That of the nearest master that has one. In the fleet each title says its own. */
function findCategory(
  { lifecycle, work_category: usual, work_orders: linked = [] }: TemplateBody,
  masterKey: string | undefined,
): { readonly work_category?: unknown } {
  if (lifecycle === 'fleet') return {}
  let key = masterKey
  while (key !== undefined) {
    const master = linked.find((one) => one.key === key)
    if (master?.['work_category'] !== undefined) return { work_category: master['work_category'] }
    key = master?.under
  }
  return usual === undefined ? {} : { work_category: usual }
}

const toFlaws = (error: z.ZodError, path: readonly (string | number)[]): TemplateProblem[] =>
  error.issues.map((issue) => ({ path: [...path, ...issue.path.map(String)], message: issue.message }))

/** Keys of the template as the ids of what is made; the plan says what it was made from. */
function withIds(
  item: TemplateItem,
  { name, version }: Source,
  ids: ReadonlyMap<string, string>,
): TemplateItem {
  const {
    job_plan: plan,
    completion_policy: policy,
    ...members
  } = item as TemplateItem & {
    readonly job_plan?: { readonly steps: readonly (string | { readonly work_order?: string })[] }
    readonly completion_policy?: { readonly kind: string; readonly ids?: readonly string[] }
  }
  const toId = (key: string): string => ids.get(key) ?? `no work order ${key}`
  const steps = plan?.steps.map((step) =>
    typeof step === 'string' || step.work_order === undefined
      ? step
      : { ...step, work_order: toId(step.work_order) },
  )
  return {
    ...members,
    ...(plan === undefined ? {} : { job_plan: { ...plan, steps, template: { name, version } } }),
    ...(policy === undefined
      ? {}
      : { completion_policy: policy.ids === undefined ? policy : { ...policy, ids: policy.ids.map(toId) } }),
  }
}

/** Would the template make work orders? Tried with the usual value of each parameter, and 1 where it has none. */
export function checkTemplate(name: string, body: TemplateBody, newId: () => string): Refusal | undefined {
  const problems = findTemplateProblems(body)
  if (problems.length > 0) return toRefusal(problems, ['body'])
  const parameters = (body.parameters ?? []).map((one) => ({ ...one, default: one.default || '1' }))
  const tried = expandTemplate({ name, version: 1, body: { ...body, parameters } }, {}, newId)
  if (tried.ok || tried.refusal.code !== 'invalid_input') return undefined
  return {
    ...tried.refusal,
    errors: tried.refusal.errors.map((error) => ({ ...error, path: `body.${error.path}` })),
  }
}
