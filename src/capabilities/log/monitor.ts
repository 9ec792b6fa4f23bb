/**
 * The monitor: reads the log of each tenant again and again, as a role that can only read and at a bounded rate, and
 * holds it against what it saw before, which stands in a file outside the database. It changes nothing; what does not
 * fit is raised. New entries are read as they are sealed, old ones in passes from the first to the last.
 */
import type { Logger } from 'pino'
import { parseVkey } from '#domain/checkpoint.ts'
import { planConsistency } from '#domain/merkle.ts'
import type { CompactRange } from '#domain/merkle.ts'
import { hashSpan, listTiles } from '#domain/tile.ts'
import type { Database } from '#platform/database.ts'
import type pg from 'pg'
import { checkHead, checkPiece } from './monitor-check.ts'
import { readState, toCursor, toRange, toSeen, writeState } from './monitor-file.ts'
import type { MonitorState } from './monitor-file.ts'
import { loadPiece, loadPresent } from './monitor-store.ts'
import type { Present } from './monitor-store.ts'
import type { Mismatch, RaiseMismatch } from './neighbour.ts'
import { openTurns } from './turns.ts'
import { inLog, listTenantIds, loadTiles } from './witness-store.ts'

const mostInAPiece = 1000
/** One look is one snapshot, which must not be held for long. */
const mostInALook = 5000
/** A tenant that was read to its end is asked for something new so often. */
const restMs = 5000
const tenantsEveryMs = 60_000
/** A small log is not read over and over: a pass begins this long after the last one began, at the earliest. */
const passEveryMs = 10 * 60 * 1000
/** What still does not fit is raised again after this, in case somebody has closed the finding too early. */
const raiseEveryMs = 3600 * 1000
/** A finding is an entry, and an entry is a leaf: a damaged log must not make the monitor write without end. */
const mostRaisedAtOnce = 5

export type MonitorWork = {
  /** As docket_auditor. */
  readonly db: Database
  /** `monitor` in DOCKET_DATA. */
  readonly folder: string
  readonly raise: RaiseMismatch
  readonly log: Pick<Logger, 'error' | 'warn'>
  /** Milliseconds since 1970; the system's clock. */
  readonly now: () => number
}
export type Look = {
  /** Entries that were read. */
  readonly read: number
  /** There is more to read at once. */
  readonly behind: boolean
  readonly mismatches: readonly Mismatch[]
}

/** One look at a tenant's log, reading at most so many entries. Throws when the database or the file cannot be read. */
export async function lookAtLog(work: MonitorWork, tenantId: string, most: number): Promise<Look> {
  const { state, damaged } = await readState(work.folder, tenantId)
  const before = JSON.stringify(state)
  const mismatches: Mismatch[] = damaged
    ? [{ what: 'the file of the monitor was damaged: what it had seen is lost', key: 'file' }]
    : []
  const result = await inLog(work.db, tenantId, async (client) => {
    const present = await loadPresent(client)
    mismatches.push(...(await lookAtHead(client, state, present)))
    return readOn(client, work, state, present, { left: most, mismatches })
  })
  await tell(work, tenantId, state, mismatches)
  if (JSON.stringify(state) !== before) await writeState(work.folder, tenantId, state)
  return { ...result, mismatches }
}

/** Remembers the newest checkpoint when it continues the last one; otherwise the last one stays. */
async function lookAtHead(client: pg.PoolClient, state: MonitorState, present: Present): Promise<Mismatch[]> {
  const { checkpoint, vkey } = present
  const seen = toSeen(state)
  state.vkey ??= vkey ?? null
  const isLonger = seen !== undefined && checkpoint !== undefined && checkpoint.tree_size > seen.tree_size
  const proof = isLonger ? await loadProof(client, seen.tree_size, checkpoint.tree_size) : []
  const mismatch = checkHead(seen, checkpoint, parseVkey(state.vkey ?? ''), proof)
  if (mismatch !== undefined) return [mismatch]
  if (checkpoint !== undefined)
    state.head = {
      size: checkpoint.tree_size,
      root: checkpoint.root.toString('hex'),
      note: checkpoint.note,
    }
  return []
}

/** Empty when a tile is missing or short: then nothing is proved. */
async function loadProof(client: pg.PoolClient, from: number, to: number): Promise<Buffer[]> {
  if (from === 0) return []
  const spans = planConsistency(from, to)
  const tiles = await loadTiles(client, listTiles(spans, to))
  try {
    return spans.map((span) =>
      hashSpan(span, to, ({ level, index }) => tiles.get(`${level}/${index}`) ?? Buffer.alloc(0)),
    )
  } catch {
    return []
  }
}

type Room = { left: number; readonly mismatches: Mismatch[] }

/** New entries first, then a part of the pass. */
async function readOn(
  client: pg.PoolClient,
  { now }: MonitorWork,
  state: MonitorState,
  present: Present,
  room: Room,
): Promise<Pick<Look, 'read' | 'behind'>> {
  const end = present.checkpoint?.tree_size ?? 0
  const most = room.left
  const follow = toRange(state.follow)
  const isFirst = follow.size === 0
  await readUpTo(client, follow, end, state, room)
  state.follow = toCursor(follow)
  // Reading for the first time was a pass.
  if (isFirst && follow.size > 0) state.sweep_began_at = new Date(now()).toISOString()
  const due = now() - Date.parse(state.sweep_began_at ?? '1970-01-01T00:00:00Z') >= passEveryMs
  if (state.sweep === null && due && follow.size > 0) {
    state.sweep = { size: 0, peaks: [] }
    state.sweep_began_at = new Date(now()).toISOString()
  }
  if (state.sweep !== null && room.left > 0) {
    const sweep = toRange(state.sweep)
    await readUpTo(client, sweep, Math.min(follow.size, end), state, room)
    state.sweep = sweep.size >= Math.min(follow.size, end) ? null : toCursor(sweep)
  }
  return { read: most - room.left, behind: follow.size < end || state.sweep !== null }
}

async function readUpTo(
  client: pg.PoolClient,
  range: CompactRange,
  end: number,
  state: MonitorState,
  room: Room,
): Promise<void> {
  const key = parseVkey(state.vkey ?? '')
  while (range.size < end && room.left > 0) {
    const count = Math.min(end - range.size, room.left, mostInAPiece)
    const piece = await loadPiece(client, range.size, range.size + count)
    const [first, ...others] = checkPiece(range, piece, key)
    // The first place of a piece stands for all of it.
    if (first !== undefined)
      room.mismatches.push(others.length === 0 ? first : { ...first, more: others.length })
    room.left -= count
  }
}

/** Raises what was not raised lately; a failure to raise is thrown, so that it is tried again. */
async function tell(
  { raise, log, now }: MonitorWork,
  tenantId: string,
  state: MonitorState,
  mismatches: readonly Mismatch[],
): Promise<void> {
  const recent = Object.entries(state.raised).filter(([, at]) => now() - Date.parse(at) < raiseEveryMs)
  state.raised = Object.fromEntries(recent)
  for (const detail of mismatches) {
    if (detail.key in state.raised || Object.keys(state.raised).length >= mostRaisedAtOnce) continue
    log.error({ tenant_id: tenantId, ...detail }, `the log does not fit: ${detail.what}`)
    await raise(tenantId, { kind: 'log_mismatch', detail })
    state.raised[detail.key] = new Date(now()).toISOString()
  }
}

export type Monitor = { close(): Promise<void> }

/** Looks at every tenant until it is closed (the pool stays open), reading at most `rate` entries in a second, all tenants together. */
export function openMonitor(work: MonitorWork, rate: number): Monitor {
  let tokens = rate
  let filledAt = performance.now()
  const turns = openTurns({
    gapMs: 1000,
    mostAtOnce: 1,
    async work(tenantId) {
      const at = performance.now()
      tokens = Math.min(rate, tokens + ((at - filledAt) / 1000) * rate)
      filledAt = at
      const { read, behind } = await lookAtLog(
        work,
        tenantId,
        Math.min(Math.max(1, Math.floor(tokens)), mostInALook),
      )
      tokens -= read
      return behind ? 1000 : restMs
    },
    onError: (tenantId, error) =>
      work.log.warn({ tenant_id: tenantId, err: error }, 'the monitor will look at the log again'),
  })
  const findTenants = async (): Promise<void> => {
    try {
      for (const tenantId of await listTenantIds(work.db)) turns.wake(tenantId)
    } catch (error) {
      work.log.warn({ err: error }, 'the monitor cannot ask for the tenants now')
    }
  }
  let finding = findTenants()
  const timer = setInterval(() => {
    finding = findTenants()
  }, tenantsEveryMs)
  timer.unref()
  return {
    async close() {
      clearInterval(timer)
      await finding
      await turns.close()
    },
  }
}
