/** The storm, small; at full size with `npm run prove -- storm`. */
import { test } from 'node:test'
import { proveStorm } from './prove/storm.ts'

test('R-STM-1 kill -9 of the service and of PostgreSQL loses and doubles nothing that was acknowledged', async (t) => {
  const figures = await proveStorm({ size: 'small', seed: 1, say: (line) => t.diagnostic(line) })
  t.diagnostic(JSON.stringify(figures))
})
