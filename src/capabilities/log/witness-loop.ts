/**
 * Offers the newest checkpoint of each tenant to each witness, at most once a second, with the proof that it
 * continues what that witness last cosigned. Nobody waits for it: sealing only says that there is a new one.
 * A witness that has seen another log than the one that is here is a mismatch, not a fault of the network.
 */
import type { Logger } from 'pino'
import { emptyRoot, hashBytes, planConsistency } from '#domain/merkle.ts'
import { hashSpan } from '#domain/tile.ts'
import type { Database } from '#platform/database.ts'
import { Unavailable } from '#platform/error.ts'
import type { RaiseMismatch, Witness } from './neighbour.ts'
import { openTurns, restAfter } from './turns.ts'
import { insertCosignature, loadLastCosigned, loadNewest, loadTilesOf } from './witness-store.ts'

const everyMs = 1000
const mostAtOnce = 4
/**
 * After a mismatch or a refusal the same answer would come again. Raising is an entry, and an entry is a new
 * checkpoint: asked at each of them, a witness with another log would keep both sides busy for ever.
 */
const restAfterAnswerMs = { mismatch: 3600 * 1000, refused: 60 * 1000 }
/** A witness that names another size is asked again from there; more often only when others ask it too. */
const mostTries = 3

export type WitnessWork = {
  /** As docket_app. */
  readonly db: Database
  readonly witnesses: readonly Witness[]
  readonly raise: RaiseMismatch
  readonly log: Logger
}
/** `away`: to be tried later. `mismatch` has been raised. */
export type Offered = 'nothing new' | 'cosigned' | 'refused' | 'mismatch'

export type WitnessLoop = { sealed(tenantId: string): void; close(): Promise<void> }

export function openWitnessLoop(work: WitnessWork, gapMs = everyMs): WitnessLoop {
  const loops = work.witnesses.map((witness) => {
    // One that is away is away for every tenant.
    let failures = 0
    let awayUntilMs = 0
    const quietUntilMs = new Map<string, number>()
    return openTurns({
      gapMs,
      mostAtOnce,
      async work(tenantId) {
        const leftMs = Math.max(awayUntilMs, quietUntilMs.get(tenantId) ?? 0) - performance.now()
        if (leftMs > 0) return leftMs
        try {
          const offered = await offerNewest(work, tenantId, witness)
          failures = 0
          if (offered !== 'mismatch' && offered !== 'refused') return undefined
          quietUntilMs.set(tenantId, performance.now() + restAfterAnswerMs[offered])
          return restAfterAnswerMs[offered]
        } catch (error) {
          if (!(error instanceof Unavailable)) throw error
          failures += 1
          const restMs = restAfter(failures)
          awayUntilMs = performance.now() + restMs
          work.log.warn({ witness: witness.name, err: error, restMs }, 'the witness is away')
          return restMs
        }
      },
      onError: (tenantId, error) =>
        work.log.warn(
          { tenant_id: tenantId, witness: witness.name, err: error },
          'cosigning will be tried again',
        ),
    })
  })
  return {
    sealed: (tenantId) => loops.forEach((loop) => loop.wake(tenantId)),
    async close() {
      await Promise.all(loops.map((loop) => loop.close()))
    },
  }
}

/** One offer to one witness. Throws `Unavailable` when it, or the database, is away. */
export async function offerNewest(work: WitnessWork, tenantId: string, witness: Witness): Promise<Offered> {
  const { db, log } = work
  let checkpoint = await loadNewest(db, tenantId)
  let oldSize = await loadLastCosigned(db, tenantId, witness.name)
  for (let tries = 1; checkpoint !== undefined && oldSize !== checkpoint.tree_size; tries += 1) {
    const { note, tree_size: size } = checkpoint
    // More was cosigned than there is now: the witness is to say so itself.
    if (oldSize > size) oldSize = 0
    const proof = await loadProof(db, tenantId, oldSize, size)
    const answer = await witness.cosign({ note, oldSize, proof })
    if (answer.kind === 'cosigned') {
      await insertCosignature(db, tenantId, { size, witness: witness.name, line: answer.line })
      return 'cosigned'
    }
    if (answer.kind === 'inconsistent') return tellMismatch(work, tenantId, witness, size, answer.why)
    if (answer.kind === 'refused' || tries === mostTries) {
      const why = answer.kind === 'refused' ? answer.why : 'it names another size each time'
      log.warn({ tenant_id: tenantId, witness: witness.name, why }, 'the witness does not cosign')
      return 'refused'
    }
    // Another replica may have offered a newer one meanwhile: only then has it seen more than there was here.
    if (answer.size > size) checkpoint = await loadNewest(db, tenantId)
    if (checkpoint === undefined || answer.size > checkpoint.tree_size) {
      const why = `it has cosigned a log of ${answer.size} entries, but there are ${checkpoint?.tree_size ?? 0} here`
      return tellMismatch(work, tenantId, witness, size, why)
    }
    oldSize = answer.size
    // It has this very size, only its line was lost here: asked with that size, it signs again.
    if (oldSize === checkpoint.tree_size) return offerAgain(work, tenantId, witness, checkpoint.note, oldSize)
  }
  return 'nothing new'
}

/** A witness that cosigned the newest size already: nothing has to be proved, it compares the roots. */
async function offerAgain(
  work: WitnessWork,
  tenantId: string,
  witness: Witness,
  note: string,
  size: number,
): Promise<Offered> {
  const answer = await witness.cosign({ note, oldSize: size, proof: [] })
  if (answer.kind === 'inconsistent') return tellMismatch(work, tenantId, witness, size, answer.why)
  if (answer.kind !== 'cosigned') return 'refused'
  await insertCosignature(work.db, tenantId, { size, witness: witness.name, line: answer.line })
  return 'cosigned'
}

async function tellMismatch(
  { raise, log }: WitnessWork,
  tenantId: string,
  { name }: Witness,
  size: number,
  why: string,
): Promise<Offered> {
  const what = `the witness ${name} has seen another log: ${why}`
  log.error({ tenant_id: tenantId, witness: name, tree_size: size }, what)
  await raise(tenantId, { kind: 'log_mismatch', detail: { what, key: `witness ${name}`, tree_size: size } })
  return 'mismatch'
}

/** From `from` to `to`, out of the stored tiles. A tile that is missing or too short gives a proof that does not hold. */
async function loadProof(db: Database, tenantId: string, from: number, to: number): Promise<Buffer[]> {
  if (from === 0 || from >= to) return []
  const spans = planConsistency(from, to)
  const tiles = await loadTilesOf(db, tenantId, spans, to)
  const readTile = ({ level, index, width }: { level: number; index: number; width: number }): Buffer => {
    const hashes = tiles.get(`${level}/${index}`) ?? Buffer.alloc(0)
    return hashes.length < width * hashBytes
      ? Buffer.concat([hashes, Buffer.alloc(width * hashBytes - hashes.length, emptyRoot)])
      : hashes
  }
  return spans.map((span) => hashSpan(span, to, readTile))
}
