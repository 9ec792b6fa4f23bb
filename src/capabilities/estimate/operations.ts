/**
 * What work will take and cost, by what work of its kind took. The one rule: an estimate knows only what was closed
 * before the work began, so that of finished work stays what it was.
 */
import { z } from 'zod'
import { toPaths } from '#domain/estimate-kind.ts'
import type { Kind } from '#domain/estimate-kind.ts'
import { scoreTrials } from '#domain/estimate-score.ts'
import type { Trial } from '#domain/estimate-score.ts'
import type { Estimate } from '#domain/estimate.ts'
import { currencyDigits } from '#domain/money.ts'
import { seesCosts } from '#domain/person.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { findAssetByRef } from '../asset/store.ts'
import { findWorkOrder } from '../work-order/find.ts'
import { assetRef, createInput, line, workOrderRef } from '../work-order/schema.ts'
import { estimate, hours, loadKnown, toKind } from './known.ts'
import { listJudged, listMeasures, loadKind } from './store.ts'
import type { JudgedOutcome } from './store.ts'

const source = z.object({
  class: z.array(z.string()).describe('from general to special; empty is all work'),
  n: z.int().describe('outcomes of it that are known'),
  share: z.number().describe('how much of the estimate comes from it'),
})
const money = z.string().describe('decimal text')
const common = {
  zero: z.number().describe('the chance of nothing at all'),
  n: z.int().describe('outcomes of the class with the greatest share'),
  from: z.array(source),
}
const hoursView = z.object({ p50: z.number(), p80: z.number(), mean: z.number(), ...common })
const costView = z.object({ currency: z.string(), p50: money, p80: money, mean: money, ...common })
const estimates = {
  as_of: z.string().describe('only what was closed before this instant is known'),
  hours: hoursView.nullable().describe('null while nothing was learned'),
  cost: z
    .array(costView)
    .nullable()
    .describe('one for each currency that was learned; null for who may not see costs'),
}
type Answer = z.output<z.ZodObject<typeof estimates>>

const round = (value: number, digits: number): number => Number(value.toFixed(digits))
export const toMoney = (value: number, currency: string): string => value.toFixed(currencyDigits(currency))

const toCommon = ({ zero, n, from }: Estimate) => ({
  zero: round(zero, 4),
  n,
  from: from.map((one) => ({ class: [...one.path], n: one.n, share: round(one.share, 4) })),
})

async function answer(tx: Tx, actor: Actor, kind: Kind, asOf: string): Promise<Answer> {
  const paths = toPaths(kind)
  const cost: z.output<typeof costView>[] = []
  let ofHours: Answer['hours'] = null
  for (const measure of await listSeen(tx, actor)) {
    const found = estimate(await loadKnown(tx, measure, paths, asOf), paths)
    if (found === undefined) continue
    const { p50, p80, mean } = found
    if (measure === hours) ofHours = { p50, p80, mean: round(mean, 2), ...toCommon(found) }
    else
      cost.push({
        currency: measure,
        p50: toMoney(p50, measure),
        p80: toMoney(p80, measure),
        mean: toMoney(mean, measure),
        ...toCommon(found),
      })
  }
  return { as_of: asOf, hours: ofHours, cost: seesCosts(actor) ? cost : null }
}

/** What was learned, as far as the caller may see it. */
async function listSeen(tx: Tx, actor: Actor): Promise<string[]> {
  const measures = (await listMeasures(tx)).map(({ measure }) => measure)
  return seesCosts(actor) ? measures : measures.filter((measure) => measure === hours)
}

export const estimateWorkOrder = operation({
  name: 'work_order.estimate',
  summary: 'Estimate the hours and the cost of a work order from what work of its kind took',
  http: ['GET', '/v1/work-orders/:id/estimate'],
  permission: staff,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef }),
  output: z.object({
    id: z.uuid(),
    number: z.string(),
    estimated_hours: z.number().nullable().describe("the planner's own"),
    ...estimates,
  }),
  async run(tx, actor, { id: ref }) {
    const found = await findWorkOrder(tx, actor, ref)
    if (!found.ok) return found
    const { id, number, estimated_hours, actual_start, actual_end } = found.value
    const kind = await loadKind(tx, id)
    if (kind === undefined) return refuse({ code: 'not_found', what: 'work order' })
    const asOf = actual_start ?? actual_end ?? tx.now()
    return accept({ id, number, estimated_hours, ...(await answer(tx, actor, toKind(kind), asOf)) })
  },
})

export const estimateKind = operation({
  name: 'estimate.ask',
  summary: 'Estimate the hours and the cost of work that is not registered yet',
  http: ['POST', '/v1/estimates'],
  permission: staff,
  mutates: false,
  example: '--title "Replace the pump seal"',
  input: z.strictObject({
    title: createInput.shape.title,
    template: line(200).optional(),
    work_category: createInput.shape.work_category,
    asset: assetRef.optional(),
    attributes: createInput.shape.attributes,
  }),
  output: z.object(estimates),
  async run(tx, actor, { title, template, work_category, asset, attributes }) {
    const found = asset === undefined ? undefined : await findAssetByRef(tx, asset)
    if (asset !== undefined && found === undefined)
      return refuse({ code: 'unknown_reference', field: 'asset', value: asset })
    const kind = {
      title,
      template: template ?? null,
      work_category: work_category ?? null,
      asset: found?.tag ?? null,
      attributes: attributes ?? {},
    }
    return accept(await answer(tx, actor, kind, tx.now()))
  },
})

const score = {
  cases: z.int(),
  p50_held: z.number().nullable().describe('the share of outcomes that were not above P50'),
  p80_held: z.number().nullable(),
  loss: z.number().nullable().describe('mean pinball loss of P50 and P80, in hours or money'),
  baseline_loss: z
    .number()
    .nullable()
    .describe('of the median and 80 % quantile of everything that was known, whatever its kind'),
}
type ScoreView = z.output<z.ZodObject<typeof score>>

const toTrials = (rows: readonly JudgedOutcome[], of: 'own' | 'plain'): Trial[] =>
  rows.map((row) => ({
    on: row.closed_at,
    estimate: of === 'own' ? { p50: row.p50, p80: row.p80 } : { p50: row.plain_p50, p80: row.plain_p80 },
    actual: Number(row.value),
  }))

const known = (value: number, digits: number): number | null =>
  Number.isNaN(value) ? null : round(value, digits)

function toScore(rows: readonly JudgedOutcome[]): ScoreView {
  const [own, plain] = [scoreTrials(toTrials(rows, 'own')), scoreTrials(toTrials(rows, 'plain'))]
  return {
    cases: own.n,
    p50_held: known(own.heldP50 / own.n, 4),
    p80_held: known(own.heldP80 / own.n, 4),
    loss: known(own.loss, 4),
    baseline_loss: known(plain.loss, 4),
  }
}

export const calibration = operation({
  name: 'estimate.calibration',
  summary: 'How often P50 and P80 held, by the month in which work was closed',
  http: ['GET', '/v1/estimates/calibration'],
  permission: staff,
  mutates: false,
  example: '',
  input: z.strictObject({}),
  output: z.object({
    measures: z.array(
      z.object({
        measure: z.string().describe('hours, or the currency of the cost'),
        ...score,
        months: z.array(z.object({ month: z.string(), ...score })),
      }),
    ),
  }),
  async run(tx, actor) {
    const measures = []
    for (const measure of await listSeen(tx, actor)) {
      const rows = await listJudged(tx, measure)
      const months = Map.groupBy(rows, (row) => row.closed_at.slice(0, 7))
      measures.push({
        measure,
        ...toScore(rows),
        months: [...months].map(([month, those]) => ({ month, ...toScore(those) })),
      })
    }
    return accept({ measures })
  },
})
