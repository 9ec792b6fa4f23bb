/** The shapes of work orders at the doors. Names here are the names of the record; see STYLE.md. */
import { z } from 'zod'
import { categories } from '#domain/lifecycle.ts'
import { lifecycleNames, statusNames } from '#domain/lifecycles.ts'
import { failurePolicies, origins, priorities } from '#domain/work-order.ts'
import { jobPlan, stepResult } from './plan-schema.ts'
import { line, text } from './text.ts'

export { line, text }

const hours = z.number().min(0).max(1e6)
/** Also what PostgreSQL can hold: it knows no year 0. */
export const inOurTimes = (value: string): boolean => value >= '1900' && value < '2200'
const day = z.iso.date().refine(inOurTimes, 'must be between 1900 and 2199')
const instant = z.iso.datetime({ offset: true }).refine(inOurTimes, 'must be between 1900 and 2199')

export const workOrderRef = line(100).describe('id or number of the work order')
export const principalRef = line(200).describe('name or id of an active principal of the tenant')
export const assetRef = line(200).describe('tag or id of an asset')

export const requirements = z.strictObject({
  people: z.int().min(1).max(10_000).describe('how many, in whatever role'),
  tools: z
    .array(z.union([line(200), z.strictObject({ name: line(200), quantity: z.int().min(1).max(10_000) })]))
    .max(200)
    .default([])
    .describe('a name alone is one of it'),
  experience: z
    .array(z.strictObject({ name: line(200), min_rating: z.int().min(1).max(5) }))
    .max(200)
    .default([]),
  certificates: z
    .array(z.strictObject({ name: line(200) }))
    .max(50)
    .optional()
    .describe('each must be held by the assignee, and valid'),
  roles: z
    .array(z.strictObject({ role: line(200), headcount: z.int().min(1).max(10_000) }))
    .max(50)
    .optional()
    .describe('of those people, so many in that role'),
})
const attributes = z
  .record(line(100), z.union([text(10_000), z.number(), z.boolean()]))
  .refine((value) => Object.keys(value).length <= 100, 'has more than 100 attributes')

const contents = {
  title: line(500),
  description: text(50_000),
  acceptance_criteria: text(50_000),
  deliverables: text(50_000),
  asset: assetRef,
  regulatory: z.boolean(),
  attributes,
}
const plan = {
  assignee: principalRef,
  priority: z.enum(priorities),
  due_date: day.describe('YYYY-MM-DD'),
  estimated_hours: hours,
  tags: z.array(line(100)).max(100),
  project: line(200),
  planned_start: instant,
  planned_end: instant,
  job_plan: jobPlan,
  requirements,
  related_wo_ids: z.array(line(100)).max(200),
}
const report = { notes: text(50_000), completion_summary: text(50_000), actual_hours: hours }

/** When a master is complete. */
export const completionPolicy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('k_of_n'), k: z.int().min(1).max(100_000) }),
  z.strictObject({ kind: z.literal('weighted'), at_least: z.number().gt(0).max(1) }),
  z.strictObject({ kind: z.literal('required'), ids: z.array(z.uuid()).min(1).max(10_000) }),
])
const onFailure = z.enum(failurePolicies)

export const createInput = z.strictObject({
  lifecycle: z.enum(lifecycleNames).optional().describe("the tenant's own when left out"),
  ...contents,
  description: contents.description.optional(),
  acceptance_criteria: contents.acceptance_criteria.optional(),
  deliverables: contents.deliverables.optional(),
  asset: assetRef.optional(),
  regulatory: z.boolean().default(false),
  attributes: attributes.optional(),
  origin: z.enum(origins).default('manual'),
  requester: principalRef.optional().describe('the caller when left out'),
  assignee: principalRef.optional(),
  priority: z.enum(priorities).default('medium'),
  due_date: plan.due_date.optional(),
  estimated_hours: hours.optional(),
  tags: plan.tags.optional(),
  project: plan.project.optional(),
  work_category: line(200).optional(),
  planned_start: instant.optional(),
  planned_end: instant.optional(),
  job_plan: jobPlan.optional(),
  requirements: requirements.optional(),
  related_wo_ids: plan.related_wo_ids.optional(),
  parent: workOrderRef.optional(),
  completion_policy: completionPolicy
    .optional()
    .describe("when it is complete, as a master; the tenant's policy when left out"),
  on_failure: onFailure
    .optional()
    .describe('what its cancelling does to the others of its master; continue when left out'),
  notes: report.notes.optional(),
})
export type CreateInput = z.output<typeof createInput>

const nullable = <T extends z.ZodType>(schema: T) => schema.nullable().optional()
export const updateInput = z
  .strictObject({
    id: workOrderRef,
    reason: text(2000).optional(),
    title: contents.title.optional(),
    regulatory: contents.regulatory.optional(),
    attributes: attributes.optional(),
    priority: plan.priority.optional(),
    tags: plan.tags.optional(),
    related_wo_ids: plan.related_wo_ids.optional(),
    description: nullable(contents.description),
    acceptance_criteria: nullable(contents.acceptance_criteria),
    deliverables: nullable(contents.deliverables),
    asset: nullable(assetRef),
    assignee: nullable(principalRef),
    due_date: nullable(plan.due_date),
    estimated_hours: nullable(hours),
    project: nullable(plan.project),
    planned_start: nullable(instant),
    planned_end: nullable(instant),
    completion_policy: nullable(completionPolicy),
    on_failure: nullable(onFailure),
    job_plan: nullable(jobPlan),
    requirements: nullable(requirements),
    notes: nullable(report.notes),
    completion_summary: nullable(report.completion_summary),
    actual_hours: nullable(hours),
  })
  .describe('Fields to change; null empties one.')
export type UpdateInput = z.output<typeof updateInput>

export const transitionInput = z.strictObject({
  id: workOrderRef,
  to: line(100).describe('the state to move to'),
  reason: text(2000).optional(),
  notes: text(50_000).optional(),
  completion_summary: text(50_000).optional(),
  actual_hours: hours.optional(),
  review_notes: text(50_000).optional(),
  blocker: z.strictObject({ owner: text(200).optional(), action: text(2000).optional() }).optional(),
  post_approval_tasks_confirmed: z.boolean().optional(),
})

const oneOrMore = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(50)
export const sorts = ['created', 'updated', 'due_date', 'priority'] as const

const filters = {
  status: oneOrMore(z.enum(statusNames)).optional(),
  category: oneOrMore(z.enum(categories)).optional(),
  lifecycle: z.enum(lifecycleNames).optional(),
  assignee: principalRef.optional(),
  requester: principalRef.optional(),
  asset: assetRef.optional(),
  priority: oneOrMore(z.enum(priorities)).optional(),
  tags: oneOrMore(line(100)).optional().describe('work orders that have every one of these tags'),
  project: line(200).optional(),
  work_category: line(200).optional(),
  number: line(100).optional(),
  parent: workOrderRef.optional(),
  regulatory: z.boolean().optional(),
  overdue: z.boolean().optional().describe('due before today and not finished'),
  updated_since: instant.optional(),
  q: line(200).optional().describe('fragments of words, all of which must occur: "hyd leak"'),
  include_completed: z.boolean().default(true).describe('false hides work orders that are done or abandoned'),
}
export const listInput = z.strictObject({
  ...filters,
  sort: z.enum(sorts).default('created'),
  order: z.enum(['asc', 'desc']).optional().describe('newest, most urgent or soonest first when left out'),
  cursor: text(500).optional(),
  limit: z.int().min(1).max(200).default(50),
})
export type ListInput = z.output<typeof listInput>

/** A work order as every door shows it. Principals and assets by name, with their ids beside. */
export const workOrderView = z.object({
  id: z.uuid(),
  number: z.string(),
  lifecycle: z.enum(lifecycleNames),
  status: z.string(),
  category: z.enum(categories),
  version: z.int(),
  title: z.string(),
  description: z.string().nullable(),
  priority: z.enum(priorities),
  regulatory: z.boolean(),
  origin: z.enum(origins),
  requester: z.string(),
  requester_id: z.uuid(),
  assignee: z.string().nullable(),
  assignee_id: z.uuid().nullable(),
  asset: z.string().nullable(),
  asset_id: z.uuid().nullable(),
  due_date: z.string().nullable(),
  estimated_hours: z.number().nullable(),
  actual_hours: z.number().nullable(),
  tags: z.array(z.string()),
  project: z.string().nullable(),
  work_category: z.string().nullable(),
  acceptance_criteria: z.string().nullable(),
  deliverables: z.string().nullable(),
  notes: z.string().nullable(),
  completion_summary: z.string().nullable(),
  review_notes: z.string().nullable(),
  related_wo_ids: z.array(z.string()),
  parent_id: z.uuid().nullable(),
  planned_start: z.string().nullable(),
  planned_end: z.string().nullable(),
  actual_start: z.string().nullable(),
  actual_end: z.string().nullable(),
  job_plan: jobPlan.nullable(),
  requirements: requirements.nullable(),
  hold: z
    .object({
      reason: z.string(),
      owner: z.string(),
      since: z.string(),
      cause: z.uuid().optional().describe('the work order beside it that was cancelled'),
    })
    .nullable(),
  blocker: z.object({ owner: z.string().optional(), action: z.string().optional() }).nullable(),
  revision: z.int(),
  revision_of: z.uuid().nullable(),
  acknowledged_at: z.string().nullable(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  predecessors: z
    .array(z.object({ id: z.uuid(), lag_hours: z.number() }))
    .describe('what must be done before this starts'),
  completion_policy: completionPolicy.nullable().describe("null: the tenant's own"),
  on_failure: z.enum(failurePolicies),
  waiver: z
    .object({
      reason: z.string(),
      at: z.string(),
      by: z.array(z.string()),
      round_id: z.string().nullable(),
    })
    .nullable(),
  step_results: z
    .record(z.string(), stepResult)
    .describe('what was done about the steps of its job plan, by their keys'),
  created_at: z.string(),
  updated_at: z.string(),
})
export type WorkOrderView = z.output<typeof workOrderView>
