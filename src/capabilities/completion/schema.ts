/** The shapes of completion and readiness at the doors. */
import { z } from 'zod'
import { completionPolicy } from '../work-order/schema.ts'

const states = ['done', 'open', 'blocked', 'cancelled', 'waived', 'not_linked'] as const
const gap = z.object({
  id: z.uuid(),
  number: z.string().nullable().describe('null for one that is not linked, or that you may not see'),
  status: z.string().nullable(),
  assignee: z.string().nullable(),
  state: z.enum(states),
  remedy: z.enum(['finish', 'unblock', 'waive', 'link']),
})

export const completionView = z.object({
  id: z.uuid(),
  number: z.string(),
  status: z.string(),
  policy: completionPolicy,
  policy_from: z.enum(['work_order', 'tenant', 'default']),
  says: z.string().describe('the policy in words'),
  linked: z.int(),
  counts: z.object({
    done: z.int(),
    open: z.int(),
    blocked: z.int(),
    cancelled: z.int(),
    waived: z.int(),
    not_linked: z.int(),
  }),
  data: z.array(
    z.object({
      check: z.enum(['review', 'complete', 'close']),
      to: z.array(z.string()).describe('the states of the lifecycle that ask for it'),
      holds: z.boolean(),
      have: z.number().describe('work orders, or their estimated hours where the policy weighs them'),
      need: z.number(),
      missing: z.array(gap).describe('what counts and is not done'),
      shortest: z.array(gap).describe('the least of it that would complete the master now'),
      truncated: z.boolean(),
    }),
  ),
})

export const readyView = z.object({
  data: z.array(
    z.object({
      id: z.uuid(),
      number: z.string(),
      title: z.string(),
      status: z.string(),
      assignee: z.string().nullable().describe('who may start it; null: it must be assigned first'),
    }),
  ),
})

export const whyBlockedView = z.object({
  id: z.uuid(),
  number: z.string(),
  status: z.string(),
  data: z.array(
    z.object({
      id: z.uuid().nullable(),
      number: z.string().nullable().describe('null where you may not see the work order'),
      title: z.string().nullable(),
      status: z.string(),
      assignee: z.string().nullable(),
      depth: z.int().describe('0: the work order itself; each further one holds up one before it'),
      waits: z.string().nullable().describe('the number of the work order that it holds up'),
      reason: z.enum([
        'waits_for_predecessor',
        'lag_running',
        'cancelled',
        'held',
        'blocked',
        'signatures_missing',
        'linked_work_open',
        'not_submitted',
        'not_released',
        'unassigned',
        'not_started',
        'in_progress',
        'not_closed',
      ]),
      says: z.string(),
      who: z
        .array(z.string())
        .describe('who can act: people, or roles; empty where a deeper cause is to be dealt with'),
      until: z.string().nullable(),
    }),
  ),
  truncated: z.boolean(),
})
