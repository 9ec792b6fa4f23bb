/** What work orders cost, as far as it is known: the one place in which it is read for estimates. */
import { decimalText } from '#domain/decimal.ts'
import type { Tx } from '#platform/tx.ts'
import { loadCostTotals } from '../cost/totals.ts'
import type { ClosedWorkOrder } from './store.ts'

/** By currency, as decimal text; may be below 0. */
export type Costs = { readonly [currency: string]: string }

/**
 * Lines and priced working time; beside them imported history, which says its cost in an attribute `cost_eur` and the
 * like, or in `cost` with a `currency`. Without any of these the cost is not known, which is not 0.
 */
export async function loadOutcomeCosts(
  tx: Tx,
  rows: readonly ClosedWorkOrder[],
): Promise<Map<string, Costs>> {
  const totals = await loadCostTotals(
    tx,
    rows.map(({ id }) => id),
  )
  return new Map(
    rows.map((row) => {
      const booked = (totals.get(row.id) ?? []).map(({ currency, amount }) => [currency, amount])
      return [row.id, { ...readCosts(row), ...Object.fromEntries(booked) }]
    }),
  )
}

function readCosts({ attributes }: ClosedWorkOrder): Costs {
  const costs: [string, string][] = []
  for (const [name, value] of Object.entries(attributes)) {
    const [, suffix] = /^cost(?:_([a-z]{3}))?$/.exec(name) ?? ['', undefined]
    const currency = (suffix ?? (name === 'cost' ? String(attributes['currency'] ?? '') : '')).toUpperCase()
    if (/^[A-Z]{3}$/.test(currency) && decimalText.test(String(value))) costs.push([currency, String(value)])
  }
  return Object.fromEntries(costs)
}
