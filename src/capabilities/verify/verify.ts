/**
 * Deriving every chain of a tenant again, with a role that can only read, in one snapshot: the server may
 * serve meanwhile. Ranges of record ids are handed out one by one, to this thread and, when there is much to
 * read, to others beside it.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { PoolClient } from 'pg'
import { delegationFields } from '#domain/delegation.ts'
import { findingFields } from '#domain/finding.ts'
import { makeShape } from '#domain/replay.ts'
import { templateFields } from '#domain/template.ts'
import { blank, recordedFields } from '#domain/work-order.ts'
import { connect, openDatabase } from '#platform/database.ts'
import type { Database } from '#platform/database.ts'
import { assetFields } from '../asset/operations.ts'
import { verifyLog } from '../log/verify-log.ts'
import { principalFields } from '../principal/operations.ts'
import { resourceFields } from '../resource/store.ts'
import { tenantFields } from '../tenant/found.ts'
import type { LaneData, LaneOrder, LaneReport } from './lane.ts'
import { openLane, verifyRange } from './range.ts'
import type { RangeResult, Shapes } from './range.ts'
import type { Damage, LogSummary, VerifyReport } from './report.ts'
import { beginReading, exportSnapshot, findBorder, listStrayNumbers, listTenantNames } from './store.ts'
import type { Range, TenantName } from './store.ts'

export type Progress = { readonly records: number; readonly entries: number; readonly damages: number }

const mostDamages = 1000
const mostThreads = 8
/** So many ranges are read before other threads are worth their start. */
const rangesAlone = 10
const firstId = '00000000-0000-0000-0000-000000000000'

export const shapes: Shapes = {
  work_order: makeShape('work_order', recordedFields, blank),
  asset: makeShape('asset', assetFields),
  principal: makeShape('principal', principalFields, { roles: [] }),
  tenant: makeShape('tenant', tenantFields),
  delegation: makeShape('delegation', delegationFields),
  finding: makeShape('finding', findingFields),
  template: makeShape('template', templateFields),
  resource: makeShape('resource', resourceFields),
}

type Tally = { records: number; entries: number; damages: Damage[]; unlisted: number }
type Work = {
  readonly data: LaneData
  readonly next: () => Promise<Range | undefined>
  readonly report: (result: RangeResult) => void
}

/**
 * Checks one tenant through the login of docket_auditor. Each thread has a connection; one more leads them.
 * When the number of threads is not given, others start only once there proves to be much to read. `kept` is a
 * checkpoint of the tenant's log from outside.
 */
export async function verifyTenant(
  url: string,
  tenantId: string,
  onProgress?: (progress: Progress) => void,
  threads?: number,
  kept?: string,
): Promise<VerifyReport> {
  const began = performance.now()
  const tally: Tally = { records: 0, entries: 0, damages: [], unlisted: 0 }
  let log: LogSummary | undefined
  const db = openDatabase({ url, max: 2, applicationName: 'docket-verify' })
  try {
    await reading(db, tenantId, undefined, async (first) => {
      const data = { url, tenantId, shapes, snapshot: await exportSnapshot(first) }
      const report = (result: RangeResult): void => {
        add(tally, result)
        onProgress?.({ records: tally.records, entries: tally.entries, damages: tally.damages.length })
      }
      await readAll(db, { data, next: handOutRanges(first), report }, threads)
      add(tally, { records: 0, entries: 0, damages: await checkNumbers(first) })
      const { damages, ...summary } = await verifyLog(first, tenantId, kept)
      add(tally, { records: 0, entries: 0, damages })
      log = summary
    })
  } finally {
    await db.close()
  }
  const seconds = (performance.now() - began) / 1000
  const damages = tally.damages.toSorted(inOrder)
  return { tenant: tenantId, ...tally, damages, seconds, ...(log === undefined ? {} : { log }) }
}

/** A connection for as long as the work takes; it is closed afterwards, and with it its transaction. */
async function reading(
  db: Database,
  tenantId: string,
  snapshot: string | undefined,
  work: (client: PoolClient) => Promise<void>,
): Promise<void> {
  const client = await connect(db)
  try {
    await beginReading(client, tenantId, snapshot)
    await work(client)
  } finally {
    client.release(true)
  }
}

/** Gives one range after the other, whoever asks, up to the one without an end. */
function handOutRanges(client: PoolClient): () => Promise<Range | undefined> {
  let upTo: Promise<string | undefined> = Promise.resolve(firstId)
  return async () => {
    const begin = upTo
    const end = begin.then((id) => (id === undefined ? undefined : findBorder(client, id)))
    upTo = end
    const from = await begin
    return from === undefined ? undefined : { from, below: await end }
  }
}

async function readAll(db: Database, work: Work, wanted: number | undefined): Promise<void> {
  const threads = wanted ?? Math.min(availableParallelism(), mostThreads)
  const { tenantId, snapshot } = work.data
  const others: Worker[] = []
  const ended: Promise<void>[] = []
  try {
    await reading(db, tenantId, snapshot, async (client) => {
      const lane = await openLane(client, tenantId, shapes)
      let ranges = 0
      for (let range = await work.next(); range !== undefined; range = await work.next()) {
        ranges += 1
        if (ranges === (wanted === undefined ? rangesAlone : 1)) {
          while (others.length < threads - 1) others.push(startLane(work.data))
          ended.push(...others.map((other) => leadLane(other, work)))
          // A thread that fails is told below; until then nobody waits for it.
          for (const end of ended) end.catch(() => undefined)
        }
        work.report(await verifyRange(lane, range))
      }
    })
    await Promise.all(ended)
  } finally {
    await Promise.all(others.map((other) => other.terminate()))
  }
}

const startLane = (data: LaneData): Worker =>
  new Worker(new URL('lane.ts', import.meta.url), { workerData: data })

/** Gives ranges to a thread until there are none left, and it has ended. */
const leadLane = (worker: Worker, { next, report }: Work): Promise<void> =>
  new Promise((resolve, reject) => {
    const give = async (result: LaneReport): Promise<void> => {
      report(result)
      const order: LaneOrder = (await next()) ?? null
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(order)
    }
    worker.on('message', (result: LaneReport) => void give(result).catch(reject))
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })

function add(tally: Tally, { records, entries, damages }: RangeResult): void {
  tally.records += records
  tally.entries += entries
  const room = mostDamages - tally.damages.length
  tally.damages.push(...damages.slice(0, room))
  tally.unlisted += Math.max(0, damages.length - room)
}

const inOrder = (a: Damage, b: Damage): number =>
  a.record.id < b.record.id ? -1 : a.record.id > b.record.id ? 1 : (a.seq ?? 0) - (b.seq ?? 0)

/** Numbers are unique in a table of their own; it must say of each work order what its row says. */
async function checkNumbers(client: PoolClient): Promise<Damage[]> {
  const strays = await listStrayNumbers(client, mostDamages)
  return strays.map(({ number, work_order_id, registered_id }) => ({
    record: { kind: 'work_order', id: work_order_id ?? registered_id ?? '', number },
    seq: 1,
    field: 'number',
    what:
      work_order_id === null
        ? `the number ${number} is registered for this work order, whose row does not say so`
        : `the number ${number} is registered for ${registered_id ?? 'no work order'}, but the row of this one says it`,
  }))
}

/** Every tenant of the installation, by slug. */
export async function listTenants(url: string): Promise<TenantName[]> {
  const db = openDatabase({ url, max: 1, applicationName: 'docket-verify' })
  try {
    return await listTenantNames(db.pool)
  } finally {
    await db.close()
  }
}
