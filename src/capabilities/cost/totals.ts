/** What work orders have cost in all: lines and working time, one exact sum for each currency. */
import { sumMoney } from '#domain/money.ts'
import type { Money } from '#domain/money.ts'
import type { Tx } from '#platform/tx.ts'
import { countUnpricedEntries, listCostSums } from './store.ts'

/**
 * By work order; one without costs is not in the map. Amounts are decimal text, sorted by currency; void lines and
 * entries do not count, nor a timer that runs. Whoever asks sees to it that the caller may see costs.
 */
export async function loadCostTotals(
  tx: Tx,
  workOrderIds: readonly string[],
): Promise<Map<string, readonly Money[]>> {
  if (workOrderIds.length === 0) return new Map()
  const sums = Map.groupBy(await listCostSums(tx, workOrderIds), (sum) => sum.work_order_id)
  return new Map([...sums].map(([id, own]) => [id, sumMoney(own)]))
}

/** How many ended time entries no total counts: nobody said what an hour of the person costs. */
export const countUnpriced = (tx: Tx, workOrderIds: readonly string[]): Promise<number> =>
  countUnpricedEntries(tx, workOrderIds)
