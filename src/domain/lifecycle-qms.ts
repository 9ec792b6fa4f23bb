/**
 * `qms` (seed 002): planned, scheduled, executed, reviewed. There is no blocked state: a hold is data on
 * the work order and keeps it where it is. Rejection ends this revision and opens a new draft of it.
 */
import type { Lifecycle, SignatureGate } from './lifecycle.ts'
import { editableFields, reportFields } from './work-order.ts'

const completion: SignatureGate = { name: 'completion', always: ['system_owner'], regulatory: ['qa'] }
const cancellable = ['draft', 'planned', 'scheduled', 'in_progress', 'pending_review', 'approved'] as const

export const qms: Lifecycle = {
  name: 'qms',
  version: 1,
  initial: 'draft',
  states: {
    draft: {
      category: 'initial',
      editable: [{ by: ['originator', 'assigner', 'system_owner'], fields: editableFields }],
    },
    planned: {
      category: 'planning',
      editable: [
        {
          by: ['assigner', 'system_owner'],
          fields: [
            'job_plan',
            'priority',
            'requirements',
            'planned_start',
            'planned_end',
            'assignee',
            'completion_policy',
            'on_failure',
          ],
        },
      ],
    },
    scheduled: {
      category: 'ready',
      editable: [{ by: ['assigner', 'system_owner'], fields: ['planned_start', 'planned_end', 'assignee'] }],
    },
    in_progress: { category: 'active', editable: [{ by: ['assignee'], fields: reportFields }] },
    pending_review: { category: 'review', editable: [] },
    approved: { category: 'review', editable: [] },
    completed: { category: 'done', editable: [] },
    rejected: { category: 'abandoned', editable: [] },
    cancelled: { category: 'abandoned', editable: [] },
  },
  transitions: [
    {
      name: 'plan',
      from: 'draft',
      to: 'planned',
      by: ['originator', 'assigner', 'system_owner'],
      fields: ['requester', 'asset', 'title', 'description'],
    },
    {
      name: 'schedule',
      from: 'planned',
      to: 'scheduled',
      by: ['assigner', 'system_owner'],
      fields: ['job_plan', 'planned_start', 'planned_end', 'requirements'],
    },
    {
      name: 'start',
      from: 'scheduled',
      to: 'in_progress',
      by: ['assignee'],
      acknowledged: true,
      executes: true,
    },
    {
      name: 'submit_for_review',
      from: 'in_progress',
      to: 'pending_review',
      by: ['assignee'],
      fields: ['completion_summary', 'actual_hours'],
      executes: true,
    },
    {
      name: 'approve',
      from: 'pending_review',
      to: 'approved',
      by: ['system_owner'],
      gate: completion,
      approves: true,
    },
    {
      name: 'reject',
      from: 'pending_review',
      to: 'rejected',
      by: ['system_owner'],
      given: ['reason'],
      turnsBack: completion,
      opensRevision: true,
    },
    {
      name: 'complete',
      from: 'approved',
      to: 'completed',
      by: ['assigner', 'system_owner', 'orchestrator'],
      given: ['post_approval_tasks_confirmed'],
    },
    ...cancellable.map((from) => ({
      name: 'cancel',
      from,
      to: 'cancelled',
      by: ['assigner', 'system_owner', 'admin'] as const,
      given: ['reason'],
    })),
  ],
}
