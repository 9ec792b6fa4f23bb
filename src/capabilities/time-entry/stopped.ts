/**
 * The timers that a transition stops: whoever leaves the work leaves it. The database stops them with the row; here is
 * what the entry says of it.
 */
import { parseInstant, toInstant } from '#domain/instant.ts'
import type { Tx } from '#platform/tx.ts'
import { listRunning } from './store.ts'

type StoppedTimer = {
  readonly id: string
  readonly person_id: string
  readonly person: string
  readonly from: string
  readonly until: string
}

/** The timers that run on these work orders, as they will stand when the work is left at `at`; by work order. */
export async function loadStopped(
  tx: Tx,
  workOrderIds: readonly string[],
  at: string,
): Promise<ReadonlyMap<string, readonly StoppedTimer[]>> {
  if (workOrderIds.length === 0) return new Map()
  const stopped = new Map<string, StoppedTimer[]>()
  for (const row of await listRunning(tx, workOrderIds)) {
    const until = toInstant(Math.max(parseInstant(at), parseInstant(row.from_at) + 1))
    const of = stopped.get(row.work_order_id) ?? []
    of.push({ id: row.id, person_id: row.person_id, person: row.person, from: row.from_at, until })
    stopped.set(row.work_order_id, of)
  }
  return stopped
}
