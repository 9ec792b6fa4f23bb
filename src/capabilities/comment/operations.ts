/** Comments on a work order. A comment is an entry of its chain and nothing else: it cannot be changed or lost. */
import { z } from 'zod'
import { finalCategories } from '#domain/lifecycle.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { listRecordEntriesOf } from '#platform/entries.ts'
import { everyone, operation } from '#platform/operation.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import { line, text, workOrderRef } from '../work-order/schema.ts'
import { updateHead } from '../work-order/store.ts'

const commentView = z.object({
  id: z.uuid(),
  author: z.string(),
  author_id: z.uuid(),
  body: z.string(),
  created_at: z.string(),
})

export const add = operation({
  name: 'comment.add',
  summary: 'Comment on a work order',
  http: ['POST', '/v1/work-orders/:id/comments'],
  status: 201,
  permission: everyone,
  mutates: true,
  example: 'WO-2026-000001 --body "spare part ordered"',
  input: z.strictObject({ id: workOrderRef, body: line(20_000) }),
  output: commentView,
  async run(tx, actor, input) {
    const found = await lockForChange(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    if (finalCategories.includes(workOrder.category))
      return refuse({ code: 'record_final', current: workOrder.status })
    const at = workOrder.locked_at
    const changes = [{ field: 'comment', old: null, new: input.body }]
    const head = tx.record({
      kind: 'work_order',
      record: workOrder,
      action: 'commented',
      changes,
      newVersion: false,
      at,
    })
    updateHead(tx, workOrder, head)
    return accept({
      id: head.entry_id,
      author: actor.name,
      author_id: actor.id,
      body: input.body,
      created_at: at,
    })
  },
})

const afterSeq = z.strictObject({
  seq: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
})

export const list = operation({
  name: 'comment.list',
  summary: 'List the comments on a work order, oldest first',
  http: ['GET', '/v1/work-orders/:id/comments'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({
    id: workOrderRef,
    cursor: text(200).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({ data: z.array(commentView), next_cursor: z.string().nullable() }),
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    const after = input.cursor === undefined ? { seq: 0 } : parseCursor(afterSeq, input.cursor)
    if (after === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
      })
    const entries = await listRecordEntriesOf(tx, workOrder.id, 'commented', after.seq, input.limit + 1)
    const shown = entries.slice(0, input.limit)
    const last = entries.length > input.limit ? shown.at(-1) : undefined
    const data = shown.map((entry) => ({
      id: entry.id,
      author: entry.actor.name,
      author_id: entry.actor.id,
      body: (entry.changes[0]?.new ?? '') as string,
      created_at: entry.at,
    }))
    return accept({ data, next_cursor: last === undefined ? null : toCursor({ seq: last.seq }) })
  },
})
