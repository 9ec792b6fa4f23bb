/** Forgery, small; at full size with `npm run prove -- forgery`. */
import { test } from 'node:test'
import { proveForgery } from './prove/forgery.ts'

test('R-FRG-1 no forged signature is accepted, neither through the door nor by the verifier', async (t) => {
  await proveForgery({ size: 'small', seed: 1, say: (line) => t.diagnostic(line) })
})
