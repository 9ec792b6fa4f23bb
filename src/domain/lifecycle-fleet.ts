/**
 * `fleet` (seeds 003 and 004): people and agents claim, work, and a captain reviews. Rejected work goes
 * back to in_progress. Who may change which field is seed 003's table.
 */
import type { EditRule, Lifecycle, SignatureGate } from './lifecycle.ts'
import { editableFields, startFields } from './work-order.ts'

/** A regulatory fleet work order is signed like any other; seed 003 knows none, so nothing else changes. */
const completion: SignatureGate = { name: 'completion', always: [], regulatory: ['system_owner', 'qa'] }

const others: readonly EditRule[] = [
  { by: ['assigner'], fields: ['assignee', 'priority', 'due_date', 'estimated_hours', 'tags'] },
  { by: ['assignee'], fields: ['notes', 'completion_summary', 'actual_hours'] },
  { by: ['originator'], fields: ['description', 'acceptance_criteria', 'deliverables'] },
]
const fresh: readonly EditRule[] = [{ by: ['captain'], fields: editableFields }, ...others]
/** Once accepted, what kind of record it is stands: no captain talks a regulatory one out of its signatures. */
const rules: readonly EditRule[] = [
  { by: ['captain'], fields: editableFields.filter((field) => field !== 'regulatory') },
  ...others,
]
/** Once begun, what completes it stands too. */
const begun: readonly EditRule[] = [
  {
    by: ['captain'],
    fields: editableFields.filter((field) => field !== 'regulatory' && !startFields.includes(field)),
  },
  ...others,
]
const worker = ['assignee', 'captain'] as const
const cancellable = ['pending', 'accepted', 'in_progress', 'blocked', 'review', 'rejected'] as const

export const fleet: Lifecycle = {
  name: 'fleet',
  version: 1,
  initial: 'pending',
  states: {
    pending: { category: 'initial', editable: fresh },
    accepted: { category: 'ready', editable: rules },
    in_progress: { category: 'active', editable: begun },
    blocked: { category: 'held', editable: begun },
    review: { category: 'review', editable: begun },
    approved: { category: 'done', editable: [] },
    rejected: { category: 'active', editable: begun },
    cancelled: { category: 'abandoned', editable: [] },
  },
  transitions: [
    { name: 'accept', from: 'pending', to: 'accepted', by: worker },
    { name: 'start', from: 'accepted', to: 'in_progress', by: worker, executes: true },
    { name: 'rework', from: 'rejected', to: 'in_progress', by: worker, executes: true },
    { name: 'block', from: 'in_progress', to: 'blocked', by: worker, given: ['notes'] },
    { name: 'resume', from: 'blocked', to: 'in_progress', by: worker, given: ['notes'], executes: true },
    {
      name: 'submit',
      from: 'in_progress',
      to: 'review',
      by: worker,
      fields: ['completion_summary', 'actual_hours'],
      executes: true,
    },
    {
      name: 'approve',
      from: 'review',
      to: 'approved',
      by: ['captain'],
      given: ['review_notes'],
      gate: completion,
      approves: true,
    },
    { name: 'reject', from: 'review', to: 'rejected', by: ['captain'], given: ['review_notes'] },
    ...cancellable.map((from) => ({
      name: 'cancel',
      from,
      to: 'cancelled',
      by: ['captain'] as const,
      given: ['notes'],
    })),
  ],
}
