/** Ids are UUIDs; whatever else a reference says is a name, a tag or a number. */
import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isId = (ref: string): boolean => uuid.test(ref)

const bytesOfOne = 16
const drawn = Buffer.alloc(256 * bytesOfOne)
let used = drawn.length
let lastMs = 0
let counter = 0

/**
 * A new id: a UUIDv7 (RFC 9562) that is later in order than every one before it of this process, also within a
 * millisecond and when the clock is set back. Randomness is drawn for many at once: drawing is most of the cost.
 */
export function newId(): string {
  if (used === drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  const random = drawn.subarray(used, used + bytesOfOne)
  used += bytesOfOne
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    // Its upper half is left for those of the same millisecond.
    counter = random.readUInt32BE(0) >>> 1
  } else counter += 1
  return v7({ random, msecs: lastMs, seq: counter })
}
