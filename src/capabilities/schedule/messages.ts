/**
 * The messages by which staff and time are asked for and proposed, exactly as the agent orchestration mapping writes
 * them (seed 002 §2). The one rule: its names, and nothing besides; what else Docket knows travels elsewhere.
 */
import { z } from 'zod'

const id = z.string().min(1)
const dateTime = z.iso.datetime({ offset: true })
const share = z.number().min(0).max(1)
const rating = z.number().min(1).max(5)
const requirement = z.strictObject({ experience_id: id, min_rating: rating })

export const staffingRequest = z.strictObject({
  type: z.literal('STAFFING_REQUEST'),
  work_order_id: id,
  experience_requirements: z.array(requirement),
  preferred_persons: z.array(id).optional(),
  exclude_persons: z.array(id).optional().describe('conflict of interest'),
})

export const staffingProposal = z.strictObject({
  type: z.literal('STAFFING_PROPOSAL'),
  work_order_id: id,
  candidates: z
    .array(
      z.strictObject({
        person_id: id,
        experience_match_score: share,
        availability: z.boolean(),
        conflicts: z.array(z.string()),
      }),
    )
    .describe('best first'),
  gaps: z.array(z.string()).describe('unmet requirements'),
})

export const schedulingRequest = z.strictObject({
  type: z.literal('SCHEDULING_REQUEST'),
  work_order_id: id,
  job_plan_id: id,
  constraints: z.strictObject({
    earliest_start: dateTime,
    latest_end: dateTime,
    required_experience: z.array(requirement),
    required_tools: z.array(z.strictObject({ tool_id: id, quantity: z.int().min(1) })),
    required_persons: z.array(z.strictObject({ role_label: z.string().min(1), headcount: z.int().min(1) })),
  }),
})

export const scheduleProposal = z.strictObject({
  type: z.literal('SCHEDULE_PROPOSAL'),
  work_order_id: id,
  proposed_start: dateTime,
  proposed_end: dateTime,
  assigned_persons: z.array(z.strictObject({ person_id: id, role: z.string() })),
  confidence: share,
  get alternatives() {
    return z.array(scheduleProposal).optional()
  },
})
