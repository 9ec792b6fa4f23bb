/**
 * What a work order is made of. One spelling runs through everything: these names are the columns, the
 * fields of the audit trail, and the members of the API (where `assignee_id` is written `assignee`, by name).
 */
import type { JobPlan, StepResults } from './job-plan.ts'
import type { Category } from './lifecycle.ts'
import type { LifecycleName } from './lifecycles.ts'

export const priorities = ['critical', 'high', 'medium', 'low'] as const
export type Priority = (typeof priorities)[number]
export const origins = ['automation', 'external', 'manual'] as const
export type Origin = (typeof origins)[number]

export const contentFields = [
  'title',
  'description',
  'acceptance_criteria',
  'deliverables',
  'asset',
  'regulatory',
  'attributes',
] as const
export const planFields = [
  'assignee',
  'priority',
  'due_date',
  'estimated_hours',
  'tags',
  'project',
  'planned_start',
  'planned_end',
  'job_plan',
  'requirements',
  'related_wo_ids',
  'completion_policy',
  'on_failure',
] as const
/** Fixed before work starts: nobody changes what completes a master while it is under way. */
export const startFields: readonly string[] = ['completion_policy', 'on_failure']
export const reportFields = ['notes', 'completion_summary', 'actual_hours'] as const
export const editableFields = [...contentFields, ...planFields, ...reportFields] as const
export type EditableField = (typeof editableFields)[number]

/** Editing one of these makes the editor unfit to approve: it is what an approver judges. */
export const judgedFields: readonly string[] = [...contentFields, 'job_plan', ...reportFields]

export type Requirements = {
  /** How many, in whatever role. */
  readonly people: number
  /** By name; a name alone is one of it. */
  readonly tools: readonly (string | { readonly name: string; readonly quantity: number })[]
  readonly experience: readonly { readonly name: string; readonly min_rating: number }[]
  /** By name; each must be held and valid, as a rating must. */
  readonly certificates?: readonly { readonly name: string }[] | undefined
  /** Of those people, so many in that role. */
  readonly roles?: readonly { readonly role: string; readonly headcount: number }[] | undefined
}
export type Hold = {
  readonly reason: string
  readonly owner: string
  readonly since: string
  /** Id of the work order beside it whose cancelling holds it. */
  readonly cause?: string | undefined
}
export type Blocker = { readonly owner?: string | undefined; readonly action?: string | undefined }
/** One work order that must be done before this one may start; the lag is in hours after its end. */
export type Predecessor = { readonly id: string; readonly lag_hours: number }
/** When is a master complete? Weights are estimated hours, 1 where there are none. `required` names work orders by id. */
export type CompletionPolicy =
  | { readonly kind: 'all' }
  | { readonly kind: 'k_of_n'; readonly k: number }
  | { readonly kind: 'weighted'; readonly at_least: number }
  | { readonly kind: 'required'; readonly ids: readonly string[] }
export const failurePolicies = ['continue', 'hold_siblings', 'cancel_siblings'] as const
/** What happens to the others of a master when this linked work order is cancelled. */
export type FailurePolicy = (typeof failurePolicies)[number]
/** Its master, and what waits for it, go on without this work order. */
export type Waiver = {
  readonly reason: string
  readonly at: string
  /** Ids of who waived it. */
  readonly by: readonly string[]
  /** The round of signatures that waived it; null where none were required. */
  readonly round_id: string | null
}
export type Attributes = { readonly [name: string]: string | number | boolean }

/** The recorded fields: everything that an entry can change, and that `docket verify` derives again. */
export type Recorded = {
  readonly number: string
  readonly lifecycle: LifecycleName
  readonly status: string
  readonly title: string
  readonly description: string | null
  readonly priority: Priority
  readonly regulatory: boolean
  readonly origin: Origin
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  /** Calendar day, YYYY-MM-DD. */
  readonly due_date: string | null
  readonly estimated_hours: number | null
  readonly actual_hours: number | null
  readonly tags: readonly string[]
  readonly project: string | null
  readonly work_category: string | null
  readonly acceptance_criteria: string | null
  readonly deliverables: string | null
  readonly notes: string | null
  readonly completion_summary: string | null
  readonly review_notes: string | null
  readonly related_wo_ids: readonly string[]
  readonly parent_id: string | null
  readonly planned_start: string | null
  readonly planned_end: string | null
  readonly actual_start: string | null
  readonly actual_end: string | null
  readonly job_plan: JobPlan | null
  readonly requirements: Requirements | null
  readonly hold: Hold | null
  readonly blocker: Blocker | null
  readonly revision: number
  readonly revision_of: string | null
  readonly acknowledged_at: string | null
  readonly attributes: Attributes
  readonly executor_ids: readonly string[]
  readonly editor_id: string | null
  readonly import_source: string | null
  /** Sorted by id; null when it waits for nothing. */
  readonly predecessors: readonly Predecessor[] | null
  /** Null: that of the tenant. */
  readonly completion_policy: CompletionPolicy | null
  /** Null: `continue`. */
  readonly on_failure: FailurePolicy | null
  readonly waiver: Waiver | null
  /** What was done about the steps of its job plan; null: nothing yet. */
  readonly step_results: StepResults | null
}
export type RecordedField = keyof Recorded

/** How each field is before the first entry; what `created` leaves out of its changes. */
export const blank: { readonly [F in RecordedField]?: Recorded[F] } = {
  tags: [],
  related_wo_ids: [],
  attributes: {},
  executor_ids: [],
}

export const recordedFields = [
  'number',
  'lifecycle',
  'status',
  'title',
  'description',
  'priority',
  'regulatory',
  'origin',
  'requester_id',
  'assignee_id',
  'asset_id',
  'due_date',
  'estimated_hours',
  'actual_hours',
  'tags',
  'project',
  'work_category',
  'acceptance_criteria',
  'deliverables',
  'notes',
  'completion_summary',
  'review_notes',
  'related_wo_ids',
  'parent_id',
  'planned_start',
  'planned_end',
  'actual_start',
  'actual_end',
  'job_plan',
  'requirements',
  'hold',
  'blocker',
  'revision',
  'revision_of',
  'acknowledged_at',
  'attributes',
  'executor_ids',
  'editor_id',
  'import_source',
  'predecessors',
  'completion_policy',
  'on_failure',
  'waiver',
  'step_results',
] as const satisfies readonly RecordedField[]

export type WorkOrder = Recorded & {
  readonly id: string
  readonly category: Category
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}

/** Blank text, an empty list and nothing at all count as missing; so do hours that are not above zero. */
export function isMissing(field: string, value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true
  if (typeof value === 'string') return value.trim() === ''
  if (Array.isArray(value)) return value.length === 0
  if (field === 'actual_hours') return !(typeof value === 'number' && value > 0)
  return false
}

/** The recorded name of a field that the API writes by name. */
const recordedNames: { readonly [field: string]: RecordedField } = {
  assignee: 'assignee_id',
  requester: 'requester_id',
  asset: 'asset_id',
  category: 'work_category',
  parent: 'parent_id',
}
export const toRecordedField = (field: string): RecordedField =>
  recordedNames[field] ?? (field as RecordedField)

/** Seed 003: a fleet title starts with `[Project-Category] `. */
export const fleetTitle = /^\[[^\]\s-]+-[^\]\s]+\] \S/
