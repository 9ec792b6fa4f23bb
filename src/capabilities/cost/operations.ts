/**
 * What a work order costs besides working time: tools, parts, vendors and other things, line by line. A line is never
 * changed: what was wrong becomes void, and another stands beside it.
 */
import { z } from 'zod'
import { costKinds, gateCost } from '#domain/cost.ts'
import { compareDecimals } from '#domain/decimal.ts'
import { priceOf } from '#domain/money.ts'
import { seesCosts } from '#domain/person.ts'
import { maySee } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import { decimal } from '../work-order/plan-schema.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import { inOurTimes, line, text, workOrderRef } from '../work-order/schema.ts'
import { moveHead } from '../work-order/transition.ts'
import { insertCost, listCosts, listCostSums, listOwnSums, loadCost, voidCost } from './store.ts'
import type { CostRow, NewCost } from './store.ts'

const writers: Permission = { kinds: ['human', 'agent', 'vendor'], roles: 'any' }
const day = z.iso.date().refine(inOurTimes, 'must be between 1900 and 2199')
const currency = z.string().regex(/^[A-Z]{3}$/, 'must be a code such as EUR')
/** Sums of what is below it stay within what a decimal text holds. */
const mostAmount = '1000000000000'

const view = z.object({
  id: z.uuid(),
  kind: z.enum(costKinds),
  description: z.string(),
  quantity: z.string(),
  unit_price: z.string(),
  currency: z.string(),
  amount: z.string().describe('quantity × unit price, rounded to the minor unit, halves away from zero'),
  dated: z.string(),
  reference: z.string().nullable(),
  state: z.enum(['stands', 'void']),
  added_by: z.string(),
  added_at: z.string(),
  voided_by: z.string().nullable(),
  voided_at: z.string().nullable(),
  void_reason: z.string().nullable(),
})
type View = z.output<typeof view>

type Shown = NewCost & Pick<CostRow, 'added_by' | 'voided_by' | 'voided_at' | 'void_reason'>
const toView = (row: Shown): View => ({
  id: row.id,
  kind: row.kind,
  description: row.description,
  quantity: row.quantity,
  unit_price: row.unit_price,
  currency: row.currency,
  amount: row.amount,
  dated: row.dated,
  reference: row.reference,
  state: row.voided_at === null ? 'stands' : 'void',
  added_by: row.added_by,
  added_at: row.added_at,
  voided_by: row.voided_by,
  voided_at: row.voided_at,
  void_reason: row.void_reason,
})

const invalid = (path: string, message: string): Decision<never> =>
  refuse({ code: 'invalid_input', errors: [{ path, message }] })

/** Told without the money: not everybody who reads the history of a work order sees what it costs. */
const toDetail = ({
  id,
  kind,
  description,
  reference,
}: Pick<CostRow, 'id' | 'kind' | 'description' | 'reference'>) => ({
  cost_line: id,
  kind,
  description,
  reference,
})

export const add = operation({
  name: 'cost.add',
  summary: 'Add what a work order costs: a tool, a part, a vendor or something else',
  http: ['POST', '/v1/work-orders/:id/costs'],
  status: 201,
  permission: writers,
  mutates: true,
  example:
    'WO-2026-000001 --kind part --description "seal kit" --quantity 2 --unit-price 41.90 --currency EUR --dated 2026-01-14 --reference PO-4711',
  input: z.strictObject({
    id: workOrderRef,
    kind: z.enum(costKinds),
    description: line(500),
    quantity: decimal.regex(/^(?=.*[1-9])[^-]/, 'must be above zero').default('1'),
    unit_price: decimal.describe('below zero for what is given back'),
    currency,
    dated: day.optional().describe('today (UTC) when left out'),
    reference: line(200).optional().describe('an order, an invoice, a part number'),
  }),
  output: view,
  async run(tx, actor, { id, dated, reference, ...given }): Promise<Decision<View>> {
    const locked = await lockForChange(tx, actor, id)
    if (!locked.ok) return locked
    const workOrder = locked.value
    const refused = gateCost(actor, workOrder)
    if (refused !== undefined) return refuse(refused)
    const { amount } = priceOf(given.quantity, given.unit_price, given.currency)
    if (compareDecimals(amount.replace('-', ''), mostAmount) >= 0)
      return invalid('unit_price', `makes an amount of ${amount}: below ${mostAmount} it must be`)
    const row: NewCost = {
      ...given,
      id: tx.newId(),
      work_order_id: workOrder.id,
      amount,
      dated: dated ?? workOrder.locked_at.slice(0, 10),
      reference: reference ?? null,
      added_at: workOrder.locked_at,
    }
    moveHead(tx, workOrder, { action: 'cost_added', detail: toDetail(row), at: row.added_at })
    insertCost(tx, row)
    return accept(
      toView({ ...row, added_by: actor.name, voided_by: null, voided_at: null, void_reason: null }),
    )
  },
})

export const voidLine = operation({
  name: 'cost.void',
  summary: 'Make a line of costs void; it stays readable',
  http: ['POST', '/v1/costs/:id/void'],
  permission: writers,
  mutates: true,
  example: '01a1fb16-0000-7000-8000-000000000000 --reason "delivered to another site"',
  input: z.strictObject({ id: z.uuid(), reason: line(2000) }),
  output: view,
  async run(tx, actor, { id, reason }): Promise<Decision<View>> {
    const seen = await loadCost(tx, id)
    if (seen === undefined || !maySee(actor, seen))
      return refuse({ code: 'not_found', what: 'line of costs' })
    const locked = await lockForChange(tx, actor, seen.work_order_id)
    if (!locked.ok) return locked
    const workOrder = locked.value
    const row = await loadCost(tx, id)
    const isOwn = row?.added_by_id === actor.id
    if (row === undefined || !(isOwn || seesCosts(actor)))
      return refuse({ code: 'not_found', what: 'line of costs' })
    const refused = gateCost(actor, workOrder, isOwn)
    if (refused !== undefined) return refuse(refused)
    if (row.voided_at !== null) return invalid('id', 'is void already')
    const at = workOrder.locked_at
    moveHead(tx, workOrder, { action: 'cost_voided', detail: toDetail(row), reason, at })
    voidCost(tx, row.id, reason, at)
    return accept(toView({ ...row, voided_by: actor.name, voided_at: at, void_reason: reason }))
  },
})

export const list = operation({
  name: 'cost.list',
  summary: 'List what a work order costs, with the totals by kind and currency, labour among them',
  http: ['GET', '/v1/work-orders/:id/costs'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({
    id: workOrderRef,
    include_void: z.boolean().default(false),
    cursor: text(500).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({
    data: z.array(view).describe('all lines for who may see costs; otherwise those that the caller added'),
    totals: z
      .array(z.object({ kind: z.enum([...costKinds, 'labour']), currency: z.string(), amount: z.string() }))
      .describe('of all that the caller may see, whatever the page; labour is what the time entries cost'),
    next_cursor: z.string().nullable(),
  }),
  async run(tx, actor, input) {
    const after =
      input.cursor === undefined ? null : parseCursor(z.strictObject({ id: z.uuid() }), input.cursor)
    if (after === undefined) return invalid('cursor', 'is not a cursor of this list')
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const { id } = found.value
    const seesAll = seesCosts(actor)
    const [rows, sums] = await Promise.all([
      listCosts(tx, {
        workOrderId: id,
        addedBy: seesAll ? null : actor.id,
        withVoid: input.include_void,
        after: after?.id ?? null,
        limit: input.limit + 1,
      }),
      seesAll ? listCostSums(tx, [id]) : listOwnSums(tx, id, actor.id),
    ])
    const shown = rows.slice(0, input.limit)
    const last = rows.length > input.limit ? shown.at(-1) : undefined
    return accept({
      data: shown.map((row) => toView(row)),
      totals: sums.map(({ kind, currency: code, amount }) => ({ kind, currency: code, amount })),
      next_cursor: last === undefined ? null : toCursor({ id: last.id }),
    })
  },
})
