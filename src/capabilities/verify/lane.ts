/**
 * A thread of the verifier: a connection of its own in the snapshot of the first one. It asks for a range by
 * handing in the result of the one before, until there is none. It loads as little as it can, to start quickly.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { connect, openDatabase } from '#platform/database.ts'
import { openLane, verifyRange } from './range.ts'
import type { RangeResult, Shapes } from './range.ts'
import { beginReading } from './store.ts'
import type { Range } from './store.ts'

export type LaneData = {
  readonly url: string
  readonly tenantId: string
  readonly snapshot: string
  readonly shapes: Shapes
}
/** From the thread: what it found, at first nothing. To the thread: the next range, or null at the end. */
export type LaneReport = RangeResult
export type LaneOrder = Range | null

const nothing: LaneReport = { records: 0, entries: 0, damages: [] }

if (parentPort !== null) await run(parentPort, workerData as LaneData)

async function run(port: NonNullable<typeof parentPort>, data: LaneData): Promise<void> {
  const db = openDatabase({ url: data.url, max: 1, applicationName: 'docket-verify' })
  const client = await connect(db)
  await beginReading(client, data.tenantId, data.snapshot)
  const lane = await openLane(client, data.tenantId, data.shapes)
  let report = nothing
  for (;;) {
    const order = new Promise<LaneOrder>((resolve) => void port.once('message', resolve))
    port.postMessage(report)
    const range = await order
    if (range === null) break
    report = await verifyRange(lane, range)
  }
  client.release(true)
  await db.close()
}
