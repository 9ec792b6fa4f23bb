/** What work orders cost, as far as it is known: the one place in which it is read for estimates. */
import { decimalText } from '#domain/decimal.ts'
import type { Tx } from '#platform/tx.ts'
import type { ClosedWorkOrder } from './store.ts'

/** By currency, as decimal text; may be below 0. */
export type Costs = { readonly [currency: string]: string }

/** Imported history says its cost in an attribute `cost_eur` and the like, or in `cost` beside a `currency`. */
export function loadOutcomeCosts(_tx: Tx, rows: readonly ClosedWorkOrder[]): Promise<Map<string, Costs>> {
  return Promise.resolve(new Map(rows.map((row) => [row.id, readCosts(row)])))
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
