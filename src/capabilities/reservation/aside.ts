/** Setting aside as part of another change of the work order: the entry is the caller's, and tells what this gives back. */
import type { Tx } from '#platform/tx.ts'
import { insertReservation, listReservations, lockResources, releaseReservation } from './store.ts'
import type { NewReservation, ReservableKind } from './store.ts'

export { lockResources }

export type Aside = {
  readonly kind: ReservableKind
  readonly resource_id: string
  readonly from: string
  readonly until: string
  readonly quantity: number
}
type Owner = { readonly id: string; readonly locked_at: string }
type Told = {
  readonly reservations: readonly (Aside & { readonly id: string })[]
  readonly released: readonly string[]
}

/** What stood for the work order is released, and this is confirmed in its place. The resources are locked before. */
export async function replaceReservations(
  tx: Tx,
  { id: work_order_id, locked_at: at }: Owner,
  wanted: readonly Aside[],
): Promise<{ told: Told; write: () => void }> {
  const standing = await listReservations(tx, {
    resourceId: null,
    workOrderId: work_order_id,
    from: at,
    until: '2200-01-01T00:00:00Z',
    all: false,
    after: null,
    limit: 10_000,
  })
  const reservations = wanted.map((one) => ({ id: tx.newId(), ...one }))
  return {
    told: { reservations, released: standing.map(({ id }) => id) },
    write() {
      for (const { id } of standing) releaseReservation(tx, id, at)
      for (const { from, until, ...one } of reservations) {
        const row: NewReservation = {
          ...one,
          work_order_id,
          from_at: from,
          until_at: until,
          held_until: null,
          created_at: at,
        }
        insertReservation(tx, row)
      }
    },
  }
}
