/**
 * One work order as it is printed: every recorded field, the signatures with what 21 CFR 11.50 asks to be shown
 * wherever they are (printed name, date and time, meaning), and the whole history. What a signature shows is read
 * from its statement, the bytes that were signed, and from nothing else.
 */
import type { FieldChange } from '#domain/entry.ts'
import type { JobPlan, StepResults } from '#domain/job-plan.ts'
import { recordedFields } from '#domain/work-order.ts'
import type { RecordedField, Requirements } from '#domain/work-order.ts'
import type { WorkOrderRow } from '../work-order/store.ts'
import { toPlanSection, toPlanText, toRequirementsText, toStepChange } from './plan-section.ts'
import { mono, nothing } from './document.ts'
import type { Block, Cell, Field, PrintDocument, Section } from './document.ts'
import type { ReadEntry, RecordFacts } from './facts.ts'
import { toSeal } from './seal.ts'
import { toUtcText } from './time.ts'

const longTexts = [
  'description',
  'acceptance_criteria',
  'deliverables',
  'notes',
  'completion_summary',
  'review_notes',
] as const satisfies readonly RecordedField[]

/** Every recorded field has its words here: a new one without them does not compile. */
const words: { readonly [F in RecordedField]: string } = {
  number: 'Number',
  lifecycle: 'Lifecycle',
  status: 'Status',
  title: 'Title',
  description: 'Description',
  priority: 'Priority',
  regulatory: 'Regulatory',
  origin: 'Origin',
  requester_id: 'Requester',
  assignee_id: 'Assignee',
  asset_id: 'Asset',
  due_date: 'Due',
  estimated_hours: 'Estimated hours',
  actual_hours: 'Actual hours',
  tags: 'Tags',
  project: 'Project',
  work_category: 'Category of work',
  acceptance_criteria: 'Acceptance criteria',
  deliverables: 'Deliverables',
  notes: 'Notes',
  completion_summary: 'Completion summary',
  review_notes: 'Review notes',
  related_wo_ids: 'Related work orders',
  parent_id: 'Part of',
  planned_start: 'Planned start',
  planned_end: 'Planned end',
  actual_start: 'Actual start',
  actual_end: 'Actual end',
  job_plan: 'Job plan',
  requirements: 'Requirements',
  hold: 'On hold',
  blocker: 'Blocked by',
  revision: 'Revision',
  revision_of: 'Revision of',
  acknowledged_at: 'Acknowledged',
  attributes: 'Attributes',
  executor_ids: 'Executed by',
  editor_id: 'Last edited by',
  import_source: 'Imported from',
  predecessors: 'Waits for',
  completion_policy: 'Complete when',
  on_failure: 'When it is cancelled',
  waiver: 'Waived',
  step_results: 'Steps done',
}
const people: readonly string[] = ['requester_id', 'assignee_id', 'executor_ids', 'editor_id']
const instants: readonly string[] = [
  'planned_start',
  'planned_end',
  'actual_start',
  'actual_end',
  'acknowledged_at',
]

export function toRecordDocument(facts: RecordFacts): PrintDocument {
  const { workOrder, tenantName, recordHash, madeAt } = facts
  return {
    name: workOrder.number,
    title: workOrder.title,
    tenant: tenantName,
    mark: workOrder.regulatory ? 'Regulatory record' : null,
    tokens: [workOrder.status.replaceAll('_', ' '), `version ${workOrder.version}`],
    sections: [
      toRecordSection(facts),
      toTexts(workOrder),
      toPlanSection(workOrder),
      toSignatures(facts),
      toFiles(facts),
      toHistory(facts),
      toLog(facts),
    ],
    foot: `${workOrder.number} · version ${workOrder.version} · SHA-256 of record.json ${recordHash}`,
    madeAt,
    up: '../../index.html',
  }
}

function toRecordSection(facts: RecordFacts): Section {
  const { workOrder } = facts
  const shown = recordedFields.filter(
    (field) =>
      !longTexts.some((long) => long === field) && !['title', 'job_plan', 'step_results'].includes(field),
  )
  const fields = shown.map((field): Field => [words[field], toValue(facts, field, workOrder[field])])
  const own: Field[] = [
    ['Version', String(workOrder.version)],
    ['Created', toUtcText(workOrder.created_at)],
    ['Record id', workOrder.id],
  ]
  return {
    title: 'The record',
    note: `As it stood on ${toUtcText(facts.madeAt)}, when this pack was made.`,
    blocks: [{ kind: 'fields', fields: [...fields, ...own] }],
  }
}

function toTexts(workOrder: WorkOrderRow): Section {
  const written = longTexts.flatMap((field): Block[] => {
    const text = workOrder[field]
    return text === null ? [] : [{ kind: 'text', label: words[field], text }]
  })
  const blank = longTexts.filter((field) => workOrder[field] === null).map((field) => words[field])
  const title = 'Description and report'
  return blank.length === 0
    ? { title, blocks: written }
    : { title, note: `Nothing is written under ${blank.join(', ')}.`, blocks: written }
}

function toSignatures(facts: RecordFacts): Section {
  const seals = facts.signatures.map((signature) => toSeal(facts, signature))
  const rejections = facts.entries.filter(({ body }) => body.action === 'approval_rejected')
  const blocks = [...seals, ...rejections.map((entry) => toRejection(facts, entry))]
  const note =
    blocks.length === 0
      ? 'This record bears no electronic signature.'
      : 'Electronic signatures of 21 CFR Part 11. What is shown was signed as it stands: it is read from the signed statement (signatures.ndjson).'
  return { title: 'Signatures', note, blocks }
}

/** What was asked for last before it says which gate that was; where nothing was, there are no rounds. */
function toRejection({ entries }: RecordFacts, { body }: ReadEntry): Block {
  const asked = entries.findLast(
    (one) => one.body.seq < body.seq && one.body.action === 'approval_requested' && !isWaiver(one),
  )?.body.detail
  const gate =
    asked === undefined || asked === null
      ? ''
      : `${String(asked['gate'])} gate, round ${String(asked['round'])} — `
  return {
    kind: 'seal',
    heading: `Rejected by ${body.actor.name}`,
    line: `${gate}${toUtcText(body.at)}`,
    stands: false,
    fields: [
      ['Reason', body.reason ?? nothing],
      ['Entry', `${body.seq} of the history below`],
    ],
  }
}
const isWaiver = ({ body }: ReadEntry): boolean => body.detail?.['gate'] === 'waiver'

function toFiles({ attachments, nameOf }: RecordFacts): Section {
  if (attachments.length === 0) return { title: 'Attachments', note: 'None.', blocks: [] }
  const rows = attachments.map((file): Cell[] => [
    { text: file.name, href: encodeURI(file.path).replaceAll('#', '%23').replaceAll('?', '%3F') },
    `${file.size_bytes.toLocaleString('en')} bytes\n${file.media_type}`,
    `${nameOf(file.uploaded_by)}\n${toUtcText(file.uploaded_at)}`,
    mono(file.sha256),
  ])
  return {
    title: 'Attachments',
    blocks: [
      { kind: 'table', head: ['File', 'Size', 'Attached by', 'SHA-256'], widths: [28, 18, 24, 30], rows },
    ],
  }
}

function toHistory(facts: RecordFacts): Section {
  const rows = facts.entries.map(({ body, leafIndex }): Cell[] => [
    String(body.seq),
    `${toUtcText(body.at)}\nversion ${body.version}`,
    `${body.actor.name}${body.actor.kind === 'human' ? '' : ` (${body.actor.kind})`}${body.actor.sponsor === null ? '' : `\nfor ${facts.nameOf(body.actor.sponsor)}`}\nvia ${body.actor.client}`,
    `${body.action.replaceAll('_', ' ')}${body.reason === null ? '' : `\nReason: ${body.reason}`}`,
    toChanges(facts, body.changes, body.detail),
    leafIndex === undefined ? nothing : String(leafIndex),
  ])
  return {
    title: 'History',
    note: 'Every entry of the audit trail, oldest first, complete. The bytes that were hashed are in entries.ndjson.',
    blocks: [
      {
        kind: 'table',
        head: ['#', 'When', 'Who', 'What and why', 'Changes: old → new', 'Leaf'],
        widths: [4, 20, 16, 18, 35, 7],
        rows,
      },
    ],
  }
}

function toChanges(
  facts: RecordFacts,
  changes: readonly FieldChange[],
  detail: { readonly [name: string]: unknown } | null,
): string {
  const changed = changes.map(({ field, old, new: next }) =>
    field === 'step_results'
      ? toStepChange(old as StepResults | null, next as StepResults | null)
      : `${wordsOf(field)}: ${toValue(facts, field, old)} → ${toValue(facts, field, next)}`,
  )
  const said = Object.entries(detail ?? {}).map(
    ([name, value]) => `${name.replaceAll('_', ' ')}: ${toValue(facts, name, value)}`,
  )
  return [...changed, ...said].join('\n')
}

const wordsOf = (field: string): string =>
  Object.hasOwn(words, field) ? words[field as RecordedField] : field.replaceAll('_', ' ')

/** Those of an approval have the same name. */
const isOfWork = (value: object): value is Requirements => 'people' in value

/** The value of a field for people: ids as the names that belong to them, times with their zone. */
function toValue(facts: RecordFacts, field: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return nothing
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) {
    const shown = value.map((one) => toValue(facts, field, one))
    return shown.length === 0 ? nothing : shown.join(', ')
  }
  if (typeof value === 'string') {
    if (people.includes(field)) return facts.nameOf(value)
    if (field === 'asset_id') return facts.tagOf(value)
    return instants.includes(field) ? toUtcText(value) : value
  }
  if (field === 'job_plan') return toPlanText(value as JobPlan)
  if (field === 'requirements' && isOfWork(value)) return toRequirementsText(value)
  const members = Object.entries(value)
  if (members.length === 0) return nothing
  return members.map(([name, one]) => `${name.replaceAll('_', ' ')}: ${toValue(facts, name, one)}`).join('; ')
}

function toLog({ entries, log }: RecordFacts): Section {
  const last = entries.at(-1)
  const fields: Field[] = [
    ['Log', log.origin],
    ['Checkpoint', `${log.size.toLocaleString('en')} entries, sealed ${toUtcText(log.sealedAt)}`],
    ['Root', mono(log.root)],
    [
      'Last entry',
      `entry ${last?.body.seq ?? 0} of this record is leaf ${last?.leafIndex ?? nothing} of the log`,
    ],
    ['Its hash', mono(last?.leaf ?? nothing)],
  ]
  return {
    title: 'How to check this record',
    note: 'This page is for reading; the files beside it prove it. "node docket-verify.mjs PACK.zip" checks the pack as it came, without a network; README.txt says where to get it, what it checks, and how to check by hand.',
    blocks: [{ kind: 'fields', fields }],
  }
}
