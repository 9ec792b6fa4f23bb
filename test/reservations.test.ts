/** Reservations under 128 clients, small; for an hour with `npm run prove -- reservations`. */
import { test } from 'node:test'
import { proveReservations } from './prove/reservations.ts'

test('R-RSV-6 128 clients at 10 people and 5 tools: never over capacity, not one reservation lost or made up', async (t) => {
  await proveReservations({ size: 'small', seed: 11, say: (line) => t.diagnostic(line) })
})
