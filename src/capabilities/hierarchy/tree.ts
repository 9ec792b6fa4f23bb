/**
 * `GET …/tree`: a master and what is linked to it, flat in the order of reading, with the depth of each and a
 * roll-up on every master. The one rule: a roll-up is of all that lies below, however little of it is shown.
 */
import { z } from 'zod'
import { modes } from '#domain/critical-path.ts'
import { categories } from '#domain/lifecycle.ts'
import { lifecycleNames } from '#domain/lifecycles.ts'
import { rollUp } from '#domain/roll-up.ts'
import type { RollUp } from '#domain/roll-up.ts'
import { toTime } from '#domain/timing.ts'
import { accept } from '#domain/refusal.ts'
import { failurePolicies, priorities } from '#domain/work-order.ts'
import { toCursor } from '#platform/cursor.ts'
import { everyone, operation } from '#platform/operation.ts'
import { completionPolicy, text, workOrderRef } from '../work-order/schema.ts'
import { head, isAssumed, loadReckoned, parentIdOf, pickPage, scope } from './reckoned.ts'
import type { Reckoned } from './reckoned.ts'

const rollUpView = z.object({
  linked: z.int().describe('work orders below, however deep'),
  by_category: z.partialRecord(z.enum(categories), z.int()),
  waived: z.int(),
  estimated_hours: z.number().nullable().describe('without what was cancelled or waived'),
  actual_hours: z.number().nullable(),
  cost: z.string().nullable().describe('sum of attributes.cost, decimal; null when none has one'),
  progress: z
    .number()
    .describe('0 to 100: share of the estimated hours that is done, 1 for who has no estimate'),
  blocked: z.int().describe('blocked or held'),
  blocked_by: z.array(
    z.object({ id: z.uuid(), number: z.string(), by: z.string().nullable(), why: z.string().nullable() }),
  ),
  expected_finish: z.string().nullable(),
})

const treeNode = z.object({
  id: z.uuid(),
  number: z.string(),
  parent_id: z.uuid().nullable().describe('the nearest master that the caller may see'),
  depth: z.int(),
  title: z.string(),
  lifecycle: z.enum(lifecycleNames),
  status: z.string(),
  category: z.enum(categories),
  assignee: z.string().nullable(),
  priority: z.enum(priorities),
  regulatory: z.boolean(),
  estimated_hours: z.number().nullable(),
  actual_hours: z.number().nullable(),
  planned_start: z.string().nullable(),
  planned_end: z.string().nullable(),
  actual_start: z.string().nullable(),
  actual_end: z.string().nullable(),
  expected_start: z.string().nullable().describe('null where it takes no time: cancelled or waived'),
  expected_finish: z.string().nullable(),
  assumed: z.boolean().describe('it has no estimate: its hours were assumed'),
  held: z.boolean(),
  waived: z.boolean(),
  completion_policy: completionPolicy.nullable(),
  on_failure: z.enum(failurePolicies),
  roll_up: rollUpView.nullable().describe('null where nothing is linked'),
})
type TreeNodeView = z.output<typeof treeNode>

export const tree = operation({
  name: 'hierarchy.tree',
  summary:
    'Read a work order with all that is linked to it, and progress, hours, cost and finish of each master',
  http: ['GET', '/v1/work-orders/:id/tree'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({
    id: workOrderRef,
    ...scope,
    depth: z.int().min(0).max(1000).optional().describe('levels below to show; 0 is the progress alone'),
    cursor: text(200).optional(),
    limit: z.int().min(1).max(20_000).default(1000),
  }),
  output: z.object({ ...head, data: z.array(treeNode), next_cursor: z.string().nullable() }),
  async run(tx, actor, input) {
    const reckoned = await loadReckoned(tx, actor, input.id, input.whole)
    if (!reckoned.ok) return reckoned
    const { network, rows, shown, depths } = reckoned.value
    const most = input.depth ?? Number.POSITIVE_INFINITY
    const within = shown.filter((node) => (depths[node] ?? 0) <= most)
    const page = pickPage(within, network.ids, input.cursor, input.limit)
    if (!page.ok) return page
    const sums = rollUp(network, rows)
    const { last } = page.value
    return accept({
      ...reckoned.value.head,
      data: page.value.page.map((node) => toNode(reckoned.value, node, sums[node])),
      next_cursor: last === undefined ? null : toCursor({ after: last }),
    })
  },
})

function toNode(reckoned: Reckoned, node: number, sum: RollUp | undefined): TreeNodeView {
  const { rows, network, schedule, reckoning, depths } = reckoned
  const row = rows[node]
  if (row === undefined) throw new Error('a node without its row')
  const finish = toTime(schedule.earliestFinish[node] ?? Number.NaN)
  return {
    id: row.id,
    number: row.number,
    parent_id: parentIdOf(reckoned, node),
    depth: depths[node] ?? 0,
    title: row.title,
    lifecycle: row.lifecycle,
    status: row.status,
    category: row.category,
    assignee: row.assignee,
    priority: row.priority,
    regulatory: row.regulatory,
    estimated_hours: row.estimated_hours,
    actual_hours: row.actual_hours,
    planned_start: row.planned_start,
    planned_end: row.planned_end,
    actual_start: row.actual_start,
    actual_end: row.actual_end,
    expected_start: toTime(schedule.earliestStart[node] ?? Number.NaN),
    expected_finish: finish,
    assumed: isAssumed(network, reckoning.timing.mode, rows, node),
    held: row.hold !== null,
    waived: row.waiver !== null && reckoning.timing.mode[node] === modes.none,
    completion_policy: row.completion_policy as TreeNodeView['completion_policy'],
    on_failure: row.on_failure ?? 'continue',
    roll_up:
      sum === undefined
        ? null
        : { ...sum, blocked_by: sum.blocked_by.map((one) => ({ ...one })), expected_finish: finish },
  }
}
