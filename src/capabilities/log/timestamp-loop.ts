/**
 * Has one checkpoint of each tenant dated in an hour, when the settings name an authority and there is something
 * new. A token covers everything that was sealed before it, so one an hour dates every entry to the hour.
 */
import type { Logger } from 'pino'
import type { Database } from '#platform/database.ts'
import type { Timestamp } from './neighbour.ts'
import { openTurns } from './turns.ts'
import { insertTimestamp, loadUndated } from './witness-store.ts'

const everySeconds = 3600

export type TimestampWork = {
  /** As docket_app. */
  readonly db: Database
  readonly timestamp: Timestamp
  readonly log: Logger
}
export type TimestampLoop = { sealed(tenantId: string): void; close(): Promise<void> }

export function openTimestampLoop(work: TimestampWork, gapMs = 1000): TimestampLoop {
  const turns = openTurns({
    gapMs,
    mostAtOnce: 2,
    work: (tenantId) => dateNewest(work, tenantId),
    onError: (tenantId, error) =>
      work.log.warn({ tenant_id: tenantId, err: error }, 'dating the log will be tried again'),
  })
  return { sealed: (tenantId) => turns.wake(tenantId), close: () => turns.close() }
}

/** Dates the newest checkpoint when that is due. Gives the milliseconds until it is; undefined when nothing is new. */
export async function dateNewest(
  { db, timestamp }: TimestampWork,
  tenantId: string,
): Promise<number | undefined> {
  const undated = await loadUndated(db, tenantId)
  if (undated === undefined || undated.dated_size === undated.tree_size) return undefined
  const leftSeconds = everySeconds - (undated.dated_seconds_ago ?? everySeconds)
  if (leftSeconds > 0) return leftSeconds * 1000
  const { token, tsa, at } = await timestamp(Buffer.from(undated.note, 'utf8'))
  await insertTimestamp(db, tenantId, { size: undated.tree_size, token, tsa, at })
  return undefined
}
