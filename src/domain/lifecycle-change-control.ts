/**
 * `change-control` (seed 000): two gates, *release* before work reaches production and *completion* before
 * the record closes. Regulatory work needs the System Owner and QA at both.
 */
import type { EditRule, Lifecycle, SignatureGate } from './lifecycle.ts'
import { contentFields, planFields, reportFields } from './work-order.ts'

const release: SignatureGate = { name: 'release', always: [], regulatory: ['system_owner', 'qa'] }
const completion: SignatureGate = { name: 'completion', always: [], regulatory: ['system_owner', 'qa'] }

const planner: EditRule = { by: ['assigner'], fields: planFields }
const worker: EditRule = { by: ['assignee'], fields: reportFields }
const author: EditRule = {
  by: ['originator', 'assigner', 'system_owner'],
  fields: [...contentFields, ...planFields],
}
const cancellable = ['draft', 'pending_approval', 'assigned', 'in_progress', 'blocked', 'completed'] as const

export const changeControl: Lifecycle = {
  name: 'change-control',
  version: 1,
  initial: 'draft',
  states: {
    draft: { category: 'initial', editable: [author] },
    pending_approval: { category: 'planning', editable: [{ by: ['assigner'], fields: ['assignee'] }] },
    assigned: { category: 'ready', editable: [planner] },
    in_progress: {
      category: 'active',
      editable: [{ by: ['assigner'], fields: ['assignee', 'due_date', 'priority', 'tags'] }, worker],
    },
    blocked: {
      category: 'held',
      editable: [{ by: ['assigner'], fields: ['assignee', 'due_date', 'priority', 'tags'] }, worker],
    },
    completed: { category: 'review', editable: [] },
    closed: { category: 'done', editable: [] },
    cancelled: { category: 'abandoned', editable: [] },
  },
  transitions: [
    {
      name: 'submit',
      from: 'draft',
      to: 'pending_approval',
      by: ['originator', 'assigner', 'system_owner'],
      fields: ['title', 'description'],
      regulatoryFields: ['asset'],
    },
    {
      name: 'assign',
      from: 'draft',
      to: 'assigned',
      by: ['assigner'],
      fields: ['assignee'],
      onlyNonRegulatory: true,
    },
    {
      name: 'release',
      from: 'pending_approval',
      to: 'assigned',
      by: ['assigner'],
      fields: ['assignee'],
      gate: release,
    },
    {
      name: 'return',
      from: 'pending_approval',
      to: 'draft',
      by: ['assigner'],
      given: ['reason'],
      turnsBack: release,
    },
    {
      name: 'start',
      from: 'assigned',
      to: 'in_progress',
      by: ['assignee'],
      regulatoryFields: ['job_plan'],
      executes: true,
    },
    { name: 'block', from: 'in_progress', to: 'blocked', by: ['assignee', 'system'], given: ['notes'] },
    {
      name: 'resume',
      from: 'blocked',
      to: 'in_progress',
      by: ['assignee'],
      given: ['notes'],
      executes: true,
    },
    {
      name: 'complete',
      from: 'in_progress',
      to: 'completed',
      by: ['assignee'],
      fields: ['completion_summary', 'actual_hours'],
      executes: true,
    },
    {
      name: 'rework',
      from: 'completed',
      to: 'in_progress',
      by: ['system_owner', 'assigner'],
      given: ['reason'],
      turnsBack: completion,
    },
    { name: 'close', from: 'completed', to: 'closed', by: ['system_owner', 'assigner'], gate: completion },
    ...cancellable.map((from) => ({
      name: 'cancel',
      from,
      to: 'cancelled',
      by: ['assigner', 'system_owner', 'admin'] as const,
      given: ['reason'],
    })),
  ],
}
