/** The drill of damages, small; at full size with `npm run prove -- tamper`. */
import { test } from 'node:test'
import { proveTamper } from './prove/tamper.ts'

test('R-TMP-1 whatever a superuser damages is found with an old checkpoint in hand, and nearly always located', async (t) => {
  await proveTamper({ size: 'small', seed: 1, say: (line) => t.diagnostic(line) })
})
