/** What must happen now and then while the service runs: partitions made ahead, old idempotency keys let go. */
import type { Logger } from 'pino'
import type { Database } from './database.ts'

const everyMs = 6 * 3600 * 1000
const partitionsAhead = 3

/** Runs at once and every six hours; gives the function that stops it. */
export function keepHouse(db: Database, log: Logger): () => void {
  const tidy = async (): Promise<void> => {
    try {
      await db.pool.query('select ensure_partitions(now(), $1)', [partitionsAhead])
      await db.pool.query('select forget_idempotency_keys()')
    } catch (error) {
      log.warn({ err: error }, 'housekeeping will be tried again')
    }
  }
  void tidy()
  const timer = setInterval(() => void tidy(), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
