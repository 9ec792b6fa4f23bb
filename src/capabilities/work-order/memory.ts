/**
 * Work orders as this process last left them. What is remembered is a guess: it saves the reading before a
 * change, and the compare-and-set of that change refuses it when somebody else was there. Nobody is refused
 * on a guess, and regulatory records are never guessed.
 */
import type { LockedWorkOrder } from './store.ts'

type Known = Omit<LockedWorkOrder, 'locked_at'>
const most = 5000
const rows = new Map<string, Known>()
const ids = new Map<string, string>()

export function recall(tenantId: string, ref: string): Known | undefined {
  const key = `${tenantId} ${ref}`
  return rows.get(ids.get(key) ?? key)
}

export function remember(tenantId: string, row: Known): void {
  if (row.regulatory) return
  const key = `${tenantId} ${row.id}`
  // The oldest goes first; a Map keeps the order of insertion.
  rows.delete(key)
  rows.set(key, row)
  ids.set(`${tenantId} ${row.number}`, key)
  if (rows.size > most) {
    const [oldest] = rows.keys()
    if (oldest !== undefined) drop(oldest)
  }
}

/** What is about to change is not remembered; a failed guess is not made twice. */
export const forget = (tenantId: string, id: string): void => drop(`${tenantId} ${id}`)

function drop(key: string): void {
  const row = rows.get(key)
  if (row === undefined) return
  rows.delete(key)
  ids.delete(`${key.slice(0, key.indexOf(' '))} ${row.number}`)
}
