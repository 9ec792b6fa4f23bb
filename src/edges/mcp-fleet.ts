/**
 * The fleet's eight tools (seed 004): the names and arguments that the fleet knows, each a view of one
 * operation. `order_id` takes the number (or the id); the recorded field names are in the refusals.
 */
import { z } from 'zod'
import { create } from '#capabilities/work-order/create.ts'
import { get, history, list } from '#capabilities/work-order/read.ts'
import { line, text, updateInput } from '#capabilities/work-order/schema.ts'
import type { WorkOrderView } from '#capabilities/work-order/schema.ts'
import { transition } from '#capabilities/work-order/transition.ts'
import { update } from '#capabilities/work-order/update.ts'
import { priorities } from '#domain/work-order.ts'
import type { Operation } from '#platform/operation.ts'

type Args = { readonly [name: string]: unknown }
export type FleetTool = {
  readonly name: string
  readonly description: string
  readonly operation: Operation
  readonly input: z.ZodType
  readonly toInput: (args: Args) => unknown
  /** What the fleet expects back; the operation's own answer unless said. */
  readonly toAnswer?: (output: unknown) => unknown
  /** A second reading whose answer is merged in. */
  readonly also?: { readonly operation: Operation; readonly as: string }
}

const orderId = line(100).describe('number of the work order, such as WO-2026-0305-A1B')
const optionalText = text(50_000).optional()
const words = z
  .union([z.array(line(100)).max(200), line(2000)])
  .optional()
  .describe('a list, or words with commas between them')
const toList = (value: unknown): unknown =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== '')
    : value
const joined = (value: unknown): unknown => (Array.isArray(value) ? value.join(', ') : value)

/** Leaves out what was not given, so that absent stays absent. */
const given = (args: Args): Args =>
  Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined))

const toSummary = (output: unknown): unknown => {
  const view = output as WorkOrderView
  const { number, status, title, assignee, project, created_at } = view
  return { order_id: number, status, title, assignee, project, created_at }
}
const toOrder = (output: unknown): unknown => ({
  order_id: (output as WorkOrderView).number,
  ...(output as WorkOrderView),
})

const { id: _id, reason: _reason, ...patchable } = updateInput.shape

export const fleetTools: readonly FleetTool[] = [
  {
    name: 'create_work_order',
    description: 'Create a work order for the fleet. The title begins with [Project-Category].',
    operation: create,
    input: z.strictObject({
      title: line(500),
      assignee: line(200),
      project: line(200),
      description: optionalText,
      priority: z.enum(priorities).optional(),
      requester: line(200).optional(),
      due_date: z.string().optional().describe('YYYY-MM-DD'),
      estimated_hours: z.number().optional(),
      acceptance_criteria: optionalText,
      deliverables: z.union([text(50_000), z.array(text(2000))]).optional(),
      tags: words,
      related_wo_ids: words,
      parent_wo_id: line(100).optional(),
      notes: optionalText,
    }),
    toInput: ({ tags, related_wo_ids, parent_wo_id, deliverables, ...rest }) =>
      given({
        ...rest,
        lifecycle: 'fleet',
        tags: toList(tags),
        related_wo_ids: toList(related_wo_ids),
        deliverables: joined(deliverables),
        parent: parent_wo_id,
      }),
    toAnswer: toSummary,
  },
  {
    name: 'accept_work_order',
    description: 'Accept a work order that is pending.',
    operation: transition,
    input: z.strictObject({ order_id: orderId, notes: optionalText }),
    toInput: ({ order_id, notes }) => given({ id: order_id, to: 'accepted', notes }),
    toAnswer: toOrder,
  },
  {
    name: 'update_work_order_status',
    description:
      'Move a work order: in_progress, blocked (notes say by what), in_progress again (notes say how it was resolved), cancelled.',
    operation: transition,
    input: z.strictObject({
      order_id: orderId,
      new_status: line(100),
      notes: optionalText,
      reason: optionalText,
    }),
    toInput: ({ order_id, new_status, ...rest }) => given({ id: order_id, to: new_status, ...rest }),
    toAnswer: toOrder,
  },
  {
    name: 'complete_work_order',
    description:
      'Submit finished work for review, with what was done and the hours it took (more than zero).',
    operation: transition,
    input: z.strictObject({
      order_id: orderId,
      summary: optionalText,
      actual_hours: z.number().optional(),
      notes: optionalText,
    }),
    toInput: ({ order_id, summary, ...rest }) =>
      given({ id: order_id, to: 'review', completion_summary: summary, ...rest }),
    toAnswer: toOrder,
  },
  {
    name: 'verify_work_order',
    description: 'Captains only: approve reviewed work, or reject it for rework; the notes say why.',
    operation: transition,
    input: z.strictObject({
      order_id: orderId,
      approved: z.boolean(),
      notes: optionalText,
      reason: optionalText,
    }),
    toInput: ({ order_id, approved, notes, reason }) =>
      given({ id: order_id, to: approved === true ? 'approved' : 'rejected', review_notes: notes, reason }),
    toAnswer: toOrder,
  },
  {
    name: 'patch_wo_fields',
    description:
      'Change fields of a work order, as far as your role allows: in `fields`, or beside order_id.',
    operation: update,
    input: z.strictObject({
      order_id: orderId,
      fields: z.record(z.string(), z.unknown()).optional(),
      reason: optionalText,
      ...patchable,
    }),
    toInput: ({ order_id, fields, ...rest }) => {
      const all = given({ ...rest, ...(fields as Args | undefined) })
      return given({
        ...all,
        id: order_id,
        tags: toList(all['tags']),
        related_wo_ids: toList(all['related_wo_ids']),
        deliverables: joined(all['deliverables']),
      })
    },
    toAnswer: toOrder,
  },
  {
    name: 'list_work_orders',
    description:
      'List work orders. Approved and cancelled ones are hidden unless include_completed is true or a status is named.',
    operation: list,
    input: z.strictObject({
      status: z.union([line(100), z.array(line(100))]).optional(),
      project: line(200).optional(),
      assignee: line(200).optional(),
      requester: line(200).optional(),
      priority: z.union([line(20), z.array(line(20))]).optional(),
      category: line(200).optional().describe('the second part of the [Project-Category] prefix'),
      tags: words,
      q: line(200).optional(),
      include_completed: z.boolean().optional(),
      limit: z.int().optional(),
      cursor: text(500).optional(),
    }),
    toInput: ({ status, priority, tags, category, include_completed, ...rest }) =>
      given({
        ...rest,
        lifecycle: 'fleet',
        status: toList(status),
        priority: toList(priority),
        tags: toList(tags),
        work_category: category,
        include_completed: include_completed ?? status !== undefined,
      }),
    toAnswer: (output) => {
      const page = output as { data: unknown[]; next_cursor: string | null }
      return { data: page.data.map(toOrder), next_cursor: page.next_cursor }
    },
  },
  {
    name: 'get_work_order_detail',
    description: 'Read one work order whole, with its history.',
    operation: get,
    input: z.strictObject({ order_id: orderId }),
    toInput: ({ order_id }) => ({ id: order_id }),
    toAnswer: toOrder,
    also: { operation: history, as: 'history' },
  },
]
