/** What the scheduler is asked, and what it answers: shapes that are stored as they are and shown as they are. */
import { z } from 'zod'
import type { Grid } from '#domain/slot.ts'
import type { Requirements } from '#domain/work-order.ts'
import { scheduleProposal } from './messages.ts'
import type { Scope } from './world-store.ts'

export type Ask = {
  readonly scope: Scope
  /** What the one work order needs, where a request says it; its own requirements otherwise. */
  readonly requirements: Requirements | null
  /** RFC 3339; null: from now on. */
  readonly earliest_start: string | null
  readonly latest_end: string
  readonly replan: boolean
  readonly seed: number
  readonly effort: number
  readonly seconds: number
}

export const progress = z.object({
  schedules: z.int().describe('looked at so far'),
  end: z.string().describe('when the last is over'),
  late_hours: z.number().describe('hours after due dates, weighted: critical 8, high 4, medium 2, low 1'),
  first_end: z.string().nullable().describe('of the first schedule that held'),
  first_late_hours: z.number().nullable(),
  bound_end: z.string().describe('no schedule is over earlier'),
  bound_late_hours: z.number().describe('no schedule is less late'),
  gap: z.number().describe('by how much of the shortest length that the bound allows it is longer'),
  holds: z.boolean().describe('all is over by the latest end'),
})
export type Progress = z.output<typeof progress>

const placed = z.object({
  work_order: z.string(),
  work_order_id: z.uuid(),
  from: z.string(),
  until: z.string(),
  people: z.array(z.string()).describe('names'),
  version: z.int().describe('the version that was planned'),
  proposal: scheduleProposal,
  why: z.string().describe('why it does not begin earlier'),
  p80_end: z.string().describe('over by then in four of five simulated runs'),
  tools: z.array(z.object({ tool_id: z.uuid(), name: z.string(), quantity: z.int() })),
  under_way: z.boolean(),
})
export type Placed = z.output<typeof placed>

export const answer = z.object({
  origin: z.string(),
  slot_minutes: z.int().describe('times are multiples of it'),
  slots: z.int(),
  optimal: z.boolean().describe('nothing is better'),
  work: z.array(placed).describe('by their start'),
  left_out: z.array(z.object({ work_order: z.string(), work_order_id: z.uuid(), reason: z.string() })),
  assumed: z.array(z.string()).describe('work orders without an estimate: eight hours were taken'),
})
export type Answer = z.output<typeof answer>

export const toGridOf = ({ origin, slot_minutes, slots }: Answer): Grid => ({
  originMs: Date.parse(origin),
  slotMinutes: slot_minutes,
  length: slots,
})
