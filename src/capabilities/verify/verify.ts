/**
 * Deriving every chain of a tenant again, with a role that can only read, in one snapshot: the server may
 * serve meanwhile. Ranges of record ids are handed out one by one to a few connections.
 */
import type { PoolClient } from 'pg'
import { connect, openDatabase } from '#platform/database.ts'
import type { Database } from '#platform/database.ts'
import { openRowReaders, verifyRange } from './range.ts'
import type { RangeResult } from './range.ts'
import type { Damage, VerifyReport } from './report.ts'
import { beginReading, exportSnapshot, findBorder, listStrayNumbers, listTenantNames } from './store.ts'
import type { Range, TenantName } from './store.ts'

export type Progress = { readonly records: number; readonly entries: number; readonly damages: number }

const mostDamages = 1000
const firstId = '00000000-0000-0000-0000-000000000000'

type Tally = { records: number; entries: number; damages: Damage[]; unlisted: number }

/** Checks one tenant through the login of docket_auditor; `lanes` connections read beside the first one. */
export async function verifyTenant(
  url: string,
  tenantId: string,
  onProgress?: (progress: Progress) => void,
  lanes = 2,
): Promise<VerifyReport> {
  const began = performance.now()
  const tally: Tally = { records: 0, entries: 0, damages: [], unlisted: 0 }
  const db = openDatabase({ url, max: lanes + 1, applicationName: 'docket-verify' })
  try {
    await reading(db, tenantId, undefined, async (first) => {
      const snapshot = await exportSnapshot(first)
      const next = handOutRanges(first)
      const lane = (): Promise<void> =>
        reading(db, tenantId, snapshot, async (client) => {
          const readers = await openRowReaders(client)
          for (let range = await next(); range !== undefined; range = await next()) {
            add(tally, await verifyRange(client, readers, tenantId, range))
            onProgress?.({ records: tally.records, entries: tally.entries, damages: tally.damages.length })
          }
        })
      await Promise.all(Array.from({ length: lanes }, lane))
      add(tally, { records: 0, entries: 0, damages: await checkNumbers(first) })
    })
  } finally {
    await db.close()
  }
  const seconds = (performance.now() - began) / 1000
  return { tenant: tenantId, ...tally, damages: tally.damages.toSorted(inOrder), seconds }
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
