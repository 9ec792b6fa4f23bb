/**
 * The service's clock: UTC in microseconds, never twice the same in one process and never backwards, even when
 * the system's clock is set back. The database refuses an entry whose time is far from its own clock.
 */
import { toInstant } from '#domain/instant.ts'

let anchorMs = Date.now()
let anchorNs = process.hrtime.bigint()
let lastMicros = 0

/** Such as `2026-11-20T21:19:39.123456Z`; zeros at the end of the fraction are left out, as PostgreSQL does. */
export function readClock(): string {
  let elapsedMicros = Number((process.hrtime.bigint() - anchorNs) / 1000n)
  // Anchored anew each second, so that the system's own corrections are followed.
  if (elapsedMicros > 1_000_000) {
    anchorMs = Date.now()
    anchorNs = process.hrtime.bigint()
    elapsedMicros = 0
  }
  lastMicros = Math.max(anchorMs * 1000 + elapsedMicros, lastMicros + 1)
  return toInstant(lastMicros)
}
