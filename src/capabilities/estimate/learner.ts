/**
 * Learning while the service runs: each tenant once a minute, one after the other, beside everything else and in nobody's
 * way. What is broken off goes on with the next look.
 */
import type { Logger } from 'pino'
import type { Floor } from '#platform/tx.ts'
import { learnOutcomes } from './learn.ts'

const everyMs = 60_000

export type Learner = {
  /** Gives back at once. */
  look(tenantId: string): void
  /** Breaks off what is under way, between two batches. */
  close(): Promise<void>
}

export function openLearner(floor: Floor, log: Logger): Learner {
  const lookedAt = new Map<string, number>()
  const stop = new AbortController()
  let working = Promise.resolve()
  const learn = async (tenantId: string): Promise<void> => {
    try {
      const { outcomes, judged } = await learnOutcomes(floor, tenantId, stop.signal)
      if (outcomes + judged > 0) log.info({ tenant: tenantId, outcomes, judged }, 'learned from closed work')
    } catch (error) {
      log.warn({ err: error }, 'learning will be tried again')
    }
  }
  return {
    look(tenantId) {
      const now = performance.now()
      if (stop.signal.aborted || now - (lookedAt.get(tenantId) ?? Number.NEGATIVE_INFINITY) < everyMs) return
      lookedAt.set(tenantId, now)
      working = working.then(() => learn(tenantId))
    },
    close() {
      stop.abort()
      return working
    },
  }
}
