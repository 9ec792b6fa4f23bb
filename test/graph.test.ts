/** Trees under 64 clients, small; at full size with `npm run prove -- graph`. */
import { test } from 'node:test'
import { proveGraph } from './prove/graph.ts'

test('R-DEP-3 many at once tie and untie work orders: no cycle ever, no deadlock for anybody, every refusal names its path', async (t) => {
  await proveGraph({ size: 'small', seed: 1, say: (line) => t.diagnostic(line) })
})
