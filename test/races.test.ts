/** The races, small; at full size with `npm run prove -- races`. */
import { after, before, test } from 'node:test'
import { openFixture } from './fixture.ts'
import { openRandom } from './prove/proof.ts'
import { raceCounted, raceFleetNumbers } from './prove/race-number.ts'
import { raceChain, raceGrants, raceKeys, raceOrder, raceTransitions } from './prove/race-record.ts'
import { raceCancellation, raceDelegation, raceLastSignatures, raceRevocation } from './prove/race-signing.ts'
import { openReplicas } from './prove/race-world.ts'
import type { Replicas } from './prove/race-world.ts'
import { assertInOrder } from './prove/races.ts'

const random = openRandom(1)
let replicas: Replicas
before(async () => {
  replicas = await openReplicas(await openFixture())
})
after(async () => {
  await replicas.close()
  await replicas.fixture.close()
})

test('R-RAC-1 of many who make the same move at once one wins, and the others are told why', async () => {
  await raceTransitions(replicas, 'small', random)
})
test('R-RAC-2 one idempotency key from many connections at once does one thing, with one answer', async () => {
  await raceKeys(replicas, 'small', random)
})
test('R-RAC-3 numbers drawn at once are counted without a gap', async () => {
  await raceCounted(replicas, 'small')
})
test('R-RAC-4 fleet numbers drawn at once are never twice the same, on a full day they get a digit more', async () => {
  await raceFleetNumbers(replicas, 'small')
})
test('R-RAC-5 of roles granted and revoked at once those stand that the last entry names', async () => {
  await raceGrants(replicas, 'small', random)
})
test('R-RAC-6 comments, moves and edits of one record at once are one change each, and each answer shows one', async () => {
  await raceChain(replicas, 'small', random)
})
test('R-RAC-8 of two last signatures at once both count, and the gate opens once', async () => {
  await raceLastSignatures(replicas, 'small', random)
})
test('R-RAC-9 nothing is signed after its key or its delegation was revoked', async () => {
  await raceRevocation(replicas, 'small', random)
  await raceDelegation(replicas, 'small', random)
})
test('R-RAC-10 the last signature and a cancellation at once: one of them happens', async () => {
  await raceCancellation(replicas, 'small', random)
})
test('R-RAC-7 under contention the log holds the entries of a record in the order of its chain', async () => {
  await raceOrder(replicas, 'small', random)
  await assertInOrder(replicas)
})
