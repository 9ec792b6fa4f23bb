/**
 * The sealer: takes entries in order of commit into the tenant's log, a batch at a time, and signs what the log has
 * become. Where it stands is in the database only, so it may be killed at any point and run in many processes.
 */
import { setTimeout } from 'node:timers/promises'
import type { KeyObject } from 'node:crypto'
import type { Logger } from 'pino'
import { formatCheckpoint, formatNote, signNote } from '#domain/checkpoint.ts'
import { growTiles } from '#domain/tile.ts'
import { openDatabase } from '#platform/database.ts'
import type { Database } from '#platform/database.ts'
import { asUnavailable } from '#platform/sqlstate.ts'
import type { Floor } from '#platform/tx.ts'
import { ensureLogKey, unwrapLogKey } from './log-key.ts'
import { listUnsealedTenants, withLog } from './seal-store.ts'
import type { Batch, LogEnd } from './seal-store.ts'

/** How often it is asked whether there is something to seal. */
const tickMs = 250
const mostLeaves = 5000
/** A tenant whose log cannot be sealed is tried again after this. */
const retryMs = 5000

/** What sealing stands on. */
export type Sealing = {
  readonly db: Database
  readonly floor: Floor
  readonly log: Pick<Logger, 'error' | 'warn'>
  /** Keys by tenant, unwrapped once. */
  readonly keys: Map<string, { readonly id: string; readonly key: KeyObject }>
  /** Told after each commit of a new checkpoint; it must return at once. */
  readonly onSealed?: (tenantId: string) => void
}

/** `url` is that of docket_sealer. */
export const openSealing = (url: string | (() => string), floor: Floor, log: Sealing['log']): Sealing => ({
  db: openDatabase({ url, max: 1, applicationName: 'docket-sealer' }),
  floor,
  log,
  keys: new Map(),
})

export type Sealed = {
  readonly leaves: number
  /** There may be more to seal at once. */
  readonly more: boolean
}
const nothing: Sealed = { leaves: 0, more: false }

/** Seals the next batch of a tenant; nothing when somebody else is at it, or no entry is below the horizon. */
export async function sealTenant(sealing: Sealing, tenantId: string, most = mostLeaves): Promise<Sealed> {
  const { db, floor } = sealing
  let needsKey = false
  const sealed = await withLog(db, tenantId, async (batch) => {
    needsKey = batch.end.key === undefined
    return needsKey ? nothing : sealBatch(sealing, tenantId, batch, most)
  })
  if (!needsKey) return sealed ?? nothing
  await ensureLogKey(floor, tenantId)
  return { leaves: 0, more: true }
}

async function sealBatch(sealing: Sealing, tenantId: string, batch: Batch, most: number): Promise<Sealed> {
  const { end } = batch
  const key = findKey(sealing, tenantId, end)
  const leaves = await batch.takeLeaves(most)
  if (leaves.length === 0) return nothing
  const growth = growTiles(end.size, leaves, ({ level, index }) => {
    const tile = end.edges.find((edge) => edge.level === level && edge.index === index)
    if (tile === undefined) throw new Error(`tile ${level}/${index} of tenant ${tenantId} is missing`)
    return tile.hashes
  })
  const { size, root, tiles } = growth
  const origin = end.key?.origin ?? ''
  const text = formatCheckpoint({ origin, size, root, extensions: [] })
  const note = formatNote({ text, signatures: [signNote(text, origin, key)] })
  await batch.finish(tiles, { size, root, note })
  return { leaves: leaves.length, more: leaves.length === most }
}

function findKey({ keys, floor }: Sealing, tenantId: string, { key }: LogEnd): KeyObject {
  if (key === undefined) throw new Error(`the log of tenant ${tenantId} has no key`)
  const known = keys.get(tenantId)
  if (known?.id === key.id) return known.key
  const opened = unwrapLogKey(floor.wrap, tenantId, key)
  keys.set(tenantId, { id: key.id, key: opened })
  return opened
}

/** Seals one batch of every tenant that has something to seal; true when there may be more at once. */
async function sealRound(sealing: Sealing, tired: Map<string, number>): Promise<boolean> {
  let more = false
  for (const { tenant, younger } of await listUnsealedTenants(sealing.db)) {
    if ((tired.get(tenant) ?? 0) > performance.now()) continue
    tired.delete(tenant)
    try {
      if (younger) throw new Error('its sealed entries have transaction ids that this server has not reached')
      const sealed = await sealTenant(sealing, tenant)
      more ||= sealed.more
      if (sealed.leaves > 0) sealing.onSealed?.(tenant)
    } catch (error) {
      if (asUnavailable(error) !== undefined) throw error
      // One tenant's log that cannot be sealed keeps nobody else's back.
      tired.set(tenant, performance.now() + retryMs)
      sealing.log.error({ err: error, tenant_id: tenant }, 'the log of a tenant cannot be sealed')
    }
  }
  return more
}

export type Sealer = {
  /** Ends after the batch that is under way. */
  stop(): Promise<void>
}

/** Seals whatever is committed, about four times a second, until it is stopped. `recover` is told when the database is away. */
export function startSealer(sealing: Sealing, recover: () => void): Sealer {
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    const tired = new Map<string, number>()
    while (!stopping.signal.aborted) {
      const began = performance.now()
      let more = false
      try {
        more = await sealRound(sealing, tired)
      } catch (error) {
        if (asUnavailable(error) === undefined)
          sealing.log.error({ err: error }, 'sealing will be tried again')
        recover()
      }
      // Where asking alone takes long (very many tenants), it is done less often.
      const spentMs = performance.now() - began
      if (!more) await pause(Math.max(tickMs - spentMs, Math.min(spentMs, tickMs)), stopping.signal)
    }
    await sealing.db.close()
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
