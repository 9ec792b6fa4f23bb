/** Many at once on one thing, one race after the other; at the end every chain is whole and the log in order. */
import { openFixture } from '../fixture.ts'
import { assertChains, assertCommitOrder, assertVerified } from './chains.ts'
import { openRandom } from './proof.ts'
import type { Figures, Proof, Random, Size } from './proof.ts'
import { raceCounted, raceFleetNumbers } from './race-number.ts'
import { raceChain, raceGrants, raceKeys, raceOrder, raceTransitions } from './race-record.ts'
import { raceCancellation, raceDelegation, raceLastSignatures, raceRevocation } from './race-signing.ts'
import { openReplicas } from './race-world.ts'
import type { Replicas } from './race-world.ts'

export const races: readonly ((replicas: Replicas, size: Size, random: Random) => Promise<Figures>)[] = [
  raceTransitions,
  raceKeys,
  raceCounted,
  raceFleetNumbers,
  raceGrants,
  raceChain,
  raceOrder,
  raceLastSignatures,
  raceRevocation,
  raceDelegation,
  raceCancellation,
]

/** Whatever was raced for: the chains, the order of the log, the rows against their entries. */
export async function assertInOrder({ fixture }: Replicas): Promise<number> {
  const entries = await assertChains(fixture.adminUrl)
  assertCommitOrder(entries)
  await assertVerified(fixture.adminUrl, entries)
  return entries.length
}

export async function proveRaces(proof: Proof): Promise<Figures> {
  const random = openRandom(proof.seed)
  const fixture = await openFixture()
  const replicas = await openReplicas(fixture)
  try {
    let figures: Figures = {}
    for (const race of races) {
      const begun = performance.now()
      figures = { ...figures, ...(await race(replicas, proof.size, random)) }
      proof.say(`${race.name}: ${Math.round(performance.now() - begun)} ms`)
    }
    return { ...figures, entries: await assertInOrder(replicas) }
  } finally {
    await replicas.close()
    await fixture.close()
  }
}
