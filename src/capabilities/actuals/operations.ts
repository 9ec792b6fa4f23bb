/**
 * `GET …/actuals`: what became of what was planned. Hours and costs as they were written, the estimate beside them, and
 * where the time between creation and end went. Nothing is written here: what could be handed in is only suggested.
 */
import { z } from 'zod'
import { gapCauses, splitGaps, sumGaps } from '#domain/gap.ts'
import type { Gap } from '#domain/gap.ts'
import { parseInstant, toInstant } from '#domain/instant.ts'
import { finalCategories } from '#domain/lifecycle.ts'
import { priceOf, sumMoney } from '#domain/money.ts'
import type { Money } from '#domain/money.ts'
import { seesCosts } from '#domain/person.ts'
import { maySee } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept } from '#domain/refusal.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { countUnpriced, loadCostTotals } from '../cost/totals.ts'
import { loadTreesOf } from '../hierarchy/store.ts'
import { loadPrincipal } from '../principal/store.ts'
import { findWorkOrder } from '../work-order/find.ts'
import type { WorkOrderRow } from '../work-order/find.ts'
import { workOrderRef } from '../work-order/schema.ts'
import { loadGapFacts } from './gap-facts.ts'
import { listLinkedHours, listWorked } from './store.ts'
import type { WorkedRow } from './store.ts'

const money = z.object({ currency: z.string(), amount: z.string() })
const linkedView = z.object({
  work_orders: z.int().describe('below it, however deep, as far as the caller may see them'),
  estimated_hours: z.number(),
  recorded_hours: z.number(),
  logged_hours: z.number(),
  costs: z.array(money).nullable(),
})
const actualsView = z.object({
  id: z.uuid(),
  number: z.string(),
  status: z.string(),
  created_at: z.string(),
  actual_start: z.string().nullable(),
  actual_end: z.string().nullable(),
  worked_from: z.string().nullable().describe('the first instant that was logged'),
  worked_until: z.string().nullable().describe('the last one; null also while a timer runs'),
  elapsed_hours: z.number().describe('from its creation to its end, or until now'),
  estimated_hours: z.number().nullable(),
  recorded_hours: z.number().nullable().describe('actual_hours, as somebody wrote it'),
  logged_hours: z.number().describe('of times that have ended'),
  running_timers: z.int(),
  suggested_actual_hours: z
    .number()
    .nullable()
    .describe('the logged hours in hundredths, for whoever hands it in; nothing writes them by itself'),
  estimated_cost: money
    .nullable()
    .describe('estimated hours at the rate of the assignee, where both are known'),
  costs: z.array(money).nullable().describe('lines and labour; null for who may not see costs'),
  unpriced_entries: z.int().describe('times of people of whom nobody said what an hour costs'),
  worked: z.array(z.object({ person: z.string(), job_role: z.string().nullable(), hours: z.number() })),
  gaps: z.array(z.object({ cause: z.enum(gapCauses), hours: z.number(), percent: z.number() })),
  spans: z.array(
    z.object({
      cause: z.enum(gapCauses),
      from: z.string(),
      until: z.string(),
      hours: z.number(),
      why: z.string().nullable().describe('who or what it waited for'),
    }),
  ),
  linked: linkedView.nullable(),
})
type ActualsView = z.output<typeof actualsView>

const toHours = (ms: number): number => Math.round(ms / 3.6) / 1e6
const toTime = (ms: number): string => toInstant(ms * 1000)

export const actuals = operation({
  name: 'work_order.actuals',
  summary: 'Read what became of a work order: hours, costs, and where its time went',
  http: ['GET', '/v1/work-orders/:id/actuals'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({
    id: workOrderRef,
    spans: z.boolean().default(false).describe('each span of time with its cause, besides their sums'),
  }),
  output: actualsView,
  async run(tx, actor, { id, spans }) {
    const found = await findWorkOrder(tx, actor, id)
    if (!found.ok) return found
    const workOrder = found.value
    const worked = await listWorked(tx, workOrder.id)
    const [gaps, costs, linked] = await Promise.all([
      loadGaps(tx, actor, workOrder, worked),
      loadCosts(tx, actor, workOrder),
      loadLinked(tx, actor, workOrder.id),
    ])
    const elapsed = gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0)
    return accept({
      id: workOrder.id,
      number: workOrder.number,
      status: workOrder.status,
      created_at: workOrder.created_at,
      actual_start: workOrder.actual_start,
      actual_end: workOrder.actual_end,
      ...toLogged(worked),
      elapsed_hours: toHours(elapsed),
      estimated_hours: workOrder.estimated_hours,
      recorded_hours: workOrder.actual_hours,
      ...costs,
      gaps: sumGaps(gaps).map(({ cause, ms }) => ({
        cause,
        hours: toHours(ms),
        percent: Math.round((ms / elapsed) * 1000) / 10,
      })),
      spans: spans ? gaps.map(toSpan) : [],
      linked,
    })
  },
})

const toSpan = ({ cause, start, end, why }: Gap): ActualsView['spans'][number] => ({
  cause,
  from: toTime(start),
  until: toTime(end),
  hours: toHours(end - start),
  why,
})

/** Closed history from elsewhere has no trail of its own here: of its time nothing is known. */
async function loadGaps(
  tx: Tx,
  actor: Actor,
  workOrder: WorkOrderRow,
  worked: readonly WorkedRow[],
): Promise<Gap[]> {
  if (workOrder.import_source !== null) return []
  const isFinal = finalCategories.includes(workOrder.category)
  const end = isFinal ? (workOrder.actual_end ?? workOrder.updated_at) : tx.now(workOrder.updated_at)
  const window = { start: Date.parse(workOrder.created_at), end: Date.parse(end) }
  return splitGaps(await loadGapFacts(tx, actor, workOrder, worked, window))
}

type Logged = Pick<
  ActualsView,
  'worked_from' | 'worked_until' | 'logged_hours' | 'running_timers' | 'suggested_actual_hours' | 'worked'
>

function toLogged(rows: readonly WorkedRow[]): Logged {
  const ended = rows.filter(({ until_at }) => until_at !== null)
  const groups = Map.groupBy(ended, ({ person_id, job_role }) => JSON.stringify([person_id, job_role]))
  const micros = ended.reduce((sum, row) => sum + microsOf(row), 0)
  const running = rows.length - ended.length
  const last = ended
    .map(({ until_at }) => until_at ?? '')
    .toSorted((a, b) => parseInstant(a) - parseInstant(b))
  return {
    worked_from: rows[0]?.from_at ?? null,
    worked_until: running > 0 ? null : (last.at(-1) ?? null),
    logged_hours: toHours(micros / 1000),
    running_timers: running,
    suggested_actual_hours: ended.length === 0 ? null : Math.max(0.01, Math.round(micros / 36_000_000) / 100),
    worked: [...groups.values()]
      .flatMap((own) =>
        own[0] === undefined
          ? []
          : [
              {
                person: own[0].person,
                job_role: own[0].job_role,
                hours: toHours(own.reduce((sum, row) => sum + microsOf(row), 0) / 1000),
              },
            ],
      )
      .toSorted((a, b) => b.hours - a.hours),
  }
}

const microsOf = ({ from_at, until_at }: WorkedRow): number => parseInstant(until_at) - parseInstant(from_at)

async function loadCosts(
  tx: Tx,
  actor: Actor,
  workOrder: WorkOrderRow,
): Promise<Pick<ActualsView, 'costs' | 'unpriced_entries' | 'estimated_cost'>> {
  const [totals, unpriced, assignee] = await Promise.all([
    loadCostTotals(tx, [workOrder.id]),
    countUnpriced(tx, [workOrder.id]),
    workOrder.assignee_id === null ? undefined : loadPrincipal(tx, workOrder.assignee_id),
  ])
  if (!seesCosts(actor)) return { costs: null, unpriced_entries: unpriced, estimated_cost: null }
  const { cost_rate: rate, currency } = assignee?.profile ?? { cost_rate: null, currency: null }
  const hours = workOrder.estimated_hours
  const isKnown = hours !== null && rate !== null && currency !== null
  return {
    costs: [...(totals.get(workOrder.id) ?? [])],
    unpriced_entries: unpriced,
    // A number of hours is written with six places, like those that were logged.
    estimated_cost: isKnown ? priceOf(hours.toFixed(6), rate, currency) : null,
  }
}

/** To a millionth of an hour. */
const addHours = (values: readonly (number | null)[]): number =>
  Math.round(values.reduce<number>((total, value) => total + (value ?? 0), 0) * 1e6) / 1e6

/** All that is below it, however deep. */
async function loadLinked(tx: Tx, actor: Actor, id: string): Promise<ActualsView['linked']> {
  const { nodes } = await loadTreesOf(tx, [id])
  const children = Map.groupBy(nodes, ({ parentId }) => parentId)
  const below: string[] = []
  for (let level = [id]; level.length > 0;) {
    level = level.flatMap((one) => (children.get(one) ?? []).map((node) => node.id))
    below.push(...level)
  }
  if (below.length === 0) return null
  const rows = (await listLinkedHours(tx, below)).filter((row) => maySee(actor, row))
  const ids = rows.map((row) => row.id)
  const totals = seesCosts(actor) ? await loadCostTotals(tx, ids) : undefined
  const amounts: Money[] = [...(totals?.values() ?? [])].flat()
  return {
    work_orders: rows.length,
    estimated_hours: addHours(rows.map((row) => row.estimated_hours)),
    recorded_hours: addHours(rows.map((row) => row.actual_hours)),
    logged_hours: addHours(rows.map((row) => row.logged_seconds / 3600)),
    costs: totals === undefined ? null : sumMoney(amounts),
  }
}
