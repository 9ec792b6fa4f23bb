/**
 * What open work will take and cost together. The one rule: a master is what its parts are, so only work orders to which
 * nothing is linked are drawn.
 */
import { z } from 'zod'
import { toPaths } from '#domain/estimate-kind.ts'
import { costReaders } from '#domain/person.ts'
import { project } from '#domain/projection.ts'
import type { Piece, Sum } from '#domain/projection.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { operation } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { findWorkOrder } from '../work-order/find.ts'
import { line, workOrderRef } from '../work-order/schema.ts'
import { distribute, hours, loadKnown, toKind } from './known.ts'
import { toMoney } from './operations.ts'
import { listMeasures, listOpen } from './store.ts'
import type { OpenWorkOrder } from './store.ts'

const permission: Permission = { kinds: ['human', 'agent', 'system'], roles: costReaders }
const [runs, seed, mostWorkOrders] = [2000, 1, 5000]
const undated = 'undated'

const sum = {
  work_orders: z.int(),
  p50: z.string().describe('decimal text; hours, or money'),
  p80: z.string(),
  mean: z.string(),
}

export const projection = operation({
  name: 'estimate.projection',
  summary: 'Project the hours and the cost of open work, by month, for a master, a project or everything',
  http: ['GET', '/v1/estimates/projection'],
  permission,
  mutates: false,
  example: '',
  input: z.strictObject({
    parent: workOrderRef.optional().describe('it and everything below it'),
    project: line(200).optional(),
  }),
  output: z.object({
    as_of: z.string(),
    runs: z
      .int()
      .describe('sums that were drawn; the same question about the same state gives the same answer'),
    work_orders: z.int().describe('open ones to which nothing is linked'),
    measures: z.array(
      z.object({
        measure: z.string().describe('hours, or the currency of the cost'),
        ...sum,
        months: z.array(
          z.object({ month: z.string().describe('of the planned end or the due date, or undated'), ...sum }),
        ),
      }),
    ),
  }),
  async run(tx, actor, { parent, project: name }) {
    const found = parent === undefined ? undefined : await findWorkOrder(tx, actor, parent)
    if (found?.ok === false) return found
    const filter = { parentId: found?.value.id ?? null, project: name ?? null, limit: mostWorkOrders + 1 }
    const open = await listOpen(tx, filter)
    if (open.length > mostWorkOrders)
      return refuse({
        code: 'invalid_input',
        errors: [
          { path: 'parent', message: `more than ${mostWorkOrders} are open; name a master or a project` },
        ],
      })
    const asOf = tx.now()
    const measures = []
    for (const { measure } of await listMeasures(tx)) {
      const { total, groups } = project(await toPieces(tx, measure, open, asOf), runs, seed)
      if (total.pieces === 0) continue
      const show = toShow(measure)
      measures.push({
        measure,
        ...show(total),
        months: groups.map((one) => ({ month: one.group, ...show(one.sum) })),
      })
    }
    return accept({ as_of: asOf, runs, work_orders: open.length, measures })
  },
})

const toShow = (measure: string) => {
  const show = (value: number): string => (measure === hours ? value.toFixed(1) : toMoney(value, measure))
  return ({ pieces, p50, p80, mean }: Sum) => ({
    work_orders: pieces,
    p50: show(p50),
    p80: show(p80),
    mean: show(mean),
  })
}

async function toPieces(
  tx: Tx,
  measure: string,
  open: readonly OpenWorkOrder[],
  asOf: string,
): Promise<Piece[]> {
  const asked = open.map((row) => ({ group: row.month ?? undated, paths: toPaths(toKind(row)) }))
  const known = await loadKnown(
    tx,
    measure,
    asked.flatMap(({ paths }) => paths),
    asOf,
  )
  // Work of one kind is asked for often, as in trees that were made from a template.
  const byKind = new Map<string, ReturnType<typeof distribute>>()
  return asked.flatMap(({ group, paths }) => {
    const kind = JSON.stringify(paths)
    if (!byKind.has(kind)) byKind.set(kind, distribute(known, paths))
    const distribution = byKind.get(kind)
    return distribution === undefined ? [] : [{ group, distribution }]
  })
}
