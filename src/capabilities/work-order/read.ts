/** Reading work orders: one, a page of a list, and what happened to one. */
import { z } from 'zod'
import { isNumber } from '#domain/number.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { entryView, listRecordEntries } from '#platform/entries.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { findWorkOrder } from './find.ts'
import { listWorkOrders } from './list-store.ts'
import type { Place, Resolved } from './list-store.ts'
import { inOurTimes, listInput, text, workOrderRef, workOrderView } from './schema.ts'
import type { ListInput, WorkOrderView } from './schema.ts'
import { findAsset, findPrincipal, loadWorkOrder } from './store.ts'
import { toView } from './view.ts'

export const get = operation({
  name: 'work_order.get',
  summary: 'Read one work order',
  http: ['GET', '/v1/work-orders/:id'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef }),
  output: workOrderView,
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    return accept(toView(workOrder))
  },
})

const page = z.object({ data: z.array(workOrderView), next_cursor: z.string().nullable() })

export const list = operation({
  name: 'work_order.list',
  summary: 'List and find work orders',
  http: ['GET', '/v1/work-orders'],
  permission: everyone,
  mutates: false,
  example: '--status in_progress --q "hyd leak"',
  input: listInput,
  output: page,
  run: (tx, actor, input) => listPage(tx, actor, input),
})

const placeSchema = z.strictObject({
  sort: z.string(),
  order: z.string(),
  key: z.union([
    z.iso.datetime({ precision: null }).refine(inOurTimes),
    z.iso.date().refine(inOurTimes),
    z.literal('infinity'),
    z.int().min(1).max(4),
    z.null(),
  ]),
  id: z.uuid(),
})

export type WorkOrderPage = { data: WorkOrderView[]; next_cursor: string | null }

async function listPage(tx: Tx, actor: Actor, input: ListInput): Promise<Decision<WorkOrderPage>> {
  const order = input.order ?? ''
  let after: Place | undefined
  if (input.cursor !== undefined) {
    const place = parseCursor(placeSchema, input.cursor)
    const fits =
      place !== undefined &&
      place.sort === input.sort &&
      place.order === order &&
      keyFits(input.sort, place.key)
    if (!fits) {
      const message =
        'is not a cursor of this list: use next_cursor as it was given, with the same sort and order'
      return refuse({ code: 'invalid_input', errors: [{ path: 'cursor', message }] })
    }
    after = place
  }
  const resolved = await resolveFilters(tx, input)
  // A name that nobody here has: there is nothing to find, and nothing to tell.
  if (resolved === undefined) return accept({ data: [], next_cursor: null })
  const rows = await listWorkOrders(tx, actor, input, resolved, after)
  const shown = rows.slice(0, input.limit)
  const last = rows.length > input.limit ? shown.at(-1) : undefined
  const next =
    last === undefined
      ? null
      : toCursor({
          sort: input.sort,
          order,
          key: input.sort === 'created' ? null : last.sort_key,
          id: last.id,
        })
  return accept({ data: shown.map(toView), next_cursor: next })
}

function keyFits(sort: ListInput['sort'], key: Place['key']): boolean {
  if (sort === 'created') return key === null
  if (sort === 'priority') return typeof key === 'number'
  return typeof key === 'string' && key.includes('T') === (sort === 'updated')
}

async function resolveFilters(tx: Tx, input: ListInput): Promise<Resolved | undefined> {
  const nothing = Promise.resolve(null)
  const [assignee, requester, asset, parent, byNumber] = await Promise.all([
    input.assignee === undefined ? nothing : findPrincipal(tx, input.assignee, 'any'),
    input.requester === undefined ? nothing : findPrincipal(tx, input.requester, 'any'),
    input.asset === undefined ? nothing : findAsset(tx, input.asset, 'any'),
    input.parent === undefined ? nothing : loadWorkOrder(tx, input.parent),
    input.number === undefined
      ? nothing
      : isNumber(input.number)
        ? loadWorkOrder(tx, input.number)
        : undefined,
  ])
  if (
    assignee === undefined ||
    requester === undefined ||
    asset === undefined ||
    parent === undefined ||
    byNumber === undefined
  )
    return undefined
  return {
    ...(assignee === null ? {} : { assignee_id: assignee.id }),
    ...(requester === null ? {} : { requester_id: requester.id }),
    ...(asset === null ? {} : { asset_id: asset.id }),
    ...(parent === null ? {} : { parent_id: parent.id }),
    ...(byNumber === null ? {} : { work_order_id: byNumber.id }),
  }
}

const historyView = entryView.extend({
  from_status: z.string().nullable(),
  to_status: z.string().nullable(),
  changed_by: z.string(),
  timestamp: z.string(),
  notes: z.string().nullable(),
  completion_summary: z.string().nullable(),
  actual_hours: z.number().nullable(),
})
const historyPage = z.object({ data: z.array(historyView), next_cursor: z.string().nullable() })

export const history = operation({
  name: 'work_order.history',
  summary: 'Read what happened to a work order: its chain of entries, oldest first',
  http: ['GET', '/v1/work-orders/:id/history'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({
    id: workOrderRef,
    cursor: text(200).optional(),
    limit: z.int().min(1).max(1000).default(200),
  }),
  output: historyPage,
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    return listHistory(tx, workOrder.id, input)
  },
})

const afterSeq = z.strictObject({
  seq: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
})

async function listHistory(
  tx: Tx,
  workOrderId: string,
  input: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<Decision<z.output<typeof historyPage>>> {
  const after = input.cursor === undefined ? { seq: 0 } : parseCursor(afterSeq, input.cursor)
  if (after === undefined) {
    return refuse({
      code: 'invalid_input',
      errors: [{ path: 'cursor', message: 'is not a cursor of this history' }],
    })
  }
  const entries = await listRecordEntries(tx, workOrderId, after.seq, input.limit + 1)
  const shown = entries.slice(0, input.limit)
  const last = entries.length > input.limit ? shown.at(-1) : undefined
  const data = shown.map((entry) => {
    const change = (field: string) => entry.changes.find((candidate) => candidate.field === field)
    const status = change('status')
    return {
      ...entry,
      from_status: (status?.old ?? null) as string | null,
      to_status: (status?.new ?? null) as string | null,
      changed_by: entry.actor.name,
      timestamp: entry.at,
      notes: (change('notes')?.new ?? change('review_notes')?.new ?? null) as string | null,
      completion_summary: (change('completion_summary')?.new ?? null) as string | null,
      actual_hours: (change('actual_hours')?.new ?? null) as number | null,
    }
  })
  return accept({ data, next_cursor: last === undefined ? null : toCursor({ seq: last.seq }) })
}
