/**
 * What the end of one work order does to the others of its tree, in the same transaction and with an entry of
 * each: what waited for it becomes ready, what belongs to it is cancelled with it. The tree is locked first and
 * then, before any row is read for a change, each record that will be written.
 */
import { categoryOf } from '#domain/lifecycles.ts'
import { decideCascade } from '#domain/failure.ts'
import type { Consequence } from '#domain/failure.ts'
import { changesBetween } from '#domain/entry.ts'
import type { Round } from '#domain/approval.ts'
import type { Change, Tx } from '#platform/tx.ts'
import { lockTree } from '../hierarchy/store.ts'
import { loadStopped } from '../time-entry/stopped.ts'
import { closeRound, loadWaiver } from '../work-order/round.ts'
import { updateWorkOrder } from '../work-order/store.ts'
import {
  copyRank,
  listConcerned,
  listFreed,
  listHeldBy,
  listMembers,
  listOpenRounds,
  listWaiting,
  updateHeads,
  updateMembers,
  withdrawRounds,
} from './store.ts'
import type { Member, Moved } from './store.ts'

/** How a work order ends, as far as the others of its tree are concerned. */
export type End = 'done' | 'waived' | 'cancelled' | 'rejected' | 'lag_over' | 'removed'
/** The others as they stand, locked with it. */
export type Ending = {
  readonly end: End
  readonly members: readonly Member[]
  /** What may become ready. */
  readonly freed: readonly string[]
  /** Whose hold ends with a waiver. */
  readonly held: readonly string[]
  /** Its waiver that is asked for: what is done needs none. */
  readonly asked?: Round | undefined
}
type Cause = { readonly id: string; readonly number: string; readonly locked_at: string }

/**
 * More records than this are not locked one by one: they are read before anything is written, and written only as
 * they were read. Who was quicker makes this transaction begin again.
 */
const mostLocks = 500

/** The states whose names can be the end of a work order in some lifecycle; which it is, its lifecycle says later. */
const endNames: { readonly [status: string]: End } = {
  closed: 'done',
  completed: 'done',
  approved: 'done',
  cancelled: 'cancelled',
  rejected: 'rejected',
}

/** Before its row is locked: the tree, and what will be written besides. Undefined when nothing else can be concerned. */
export async function lockEnding(tx: Tx, id: string, to: string): Promise<Ending | undefined> {
  const end = endNames[to]
  return end === undefined ? undefined : lockAround(tx, id, end)
}

export async function lockAround(tx: Tx, id: string, end: End): Promise<Ending | undefined> {
  const tree = await lockTree(tx, id)
  if (tree === undefined) return undefined
  if (end === 'rejected') {
    const ids = (await listWaiting(tx, id)).map((one) => one.id)
    lockAll(tx, id, ids)
    const members = ids.length === 0 ? [] : await listMembers(tx, ids)
    return { end, members, freed: [], held: [] }
  }
  if (end === 'cancelled') {
    const before = await listConcerned(tx, id)
    const ids = decideCascade(id, before).map((one) => one.id)
    if (!lockAll(tx, id, ids)) return { end, members: before, freed: [], held: [] }
    const locked = new Map((await listMembers(tx, ids)).map((member) => [member.id, member]))
    const members = before.map((member) => locked.get(member.id) ?? member)
    return { end, members, freed: [], held: [] }
  }
  const isWaived = end === 'waived'
  const [freed, held, asked] = await Promise.all([
    listFreed(tx, id, isWaived ? 'waived' : 'done'),
    isWaived ? listHeldBy(tx, id) : [],
    isWaived ? undefined : loadWaiver(tx, id),
  ])
  const ids = [...new Set([...freed, ...held].map((one) => one.id))]
  lockAll(tx, id, ids)
  const members = ids.length === 0 ? [] : await listMembers(tx, ids)
  return { end, members, freed: freed.map((one) => one.id), held: held.map((one) => one.id), asked }
}

/** In one order for everybody. False when they are too many, and stay unlocked. */
function lockAll(tx: Tx, id: string, ids: readonly string[]): boolean {
  if (ids.length > mostLocks) return false
  for (const one of [id, ...ids].toSorted()) tx.lock(one)
  return true
}

/** After the work order itself has moved. `after` says how it stands now. */
export async function applyEnding(
  tx: Tx,
  ending: Ending,
  after: Cause & { readonly category: string; readonly parent_id: string | null },
  reason: string | null,
  revisionId: string | undefined,
): Promise<void> {
  if (ending.end === 'done' && after.category === 'done') {
    if (ending.asked !== undefined) closeRound(tx, ending.asked, 'withdrawn', after.locked_at)
    await recordReady(tx, ending, after)
  }
  if (ending.end === 'cancelled' && after.category === 'abandoned')
    await recordCascade(tx, ending, after, reason)
  if (revisionId !== undefined && after.parent_id !== null) recordReplaced(tx, ending, after, revisionId)
}

/** What was rejected is done again: what waited for it waits for that. */
function recordReplaced(tx: Tx, { members }: Ending, cause: Cause, revisionId: string): void {
  const at = tx.now(cause.locked_at)
  for (const before of members) {
    const predecessors = (before.predecessors ?? [])
      .map((one) => (one.id === cause.id ? { ...one, id: revisionId } : one))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const head = tx.record({
      kind: 'work_order',
      record: before,
      action: 'dependency_replaced',
      reason: `${cause.number} was rejected and is done again`,
      changes: changesBetween(['predecessors'], before, { predecessors }),
      detail: { predecessor: cause.id, revision: revisionId },
      at,
    })
    updateWorkOrder(tx, before, { predecessors }, before.category, head, at)
  }
  copyRank(tx, cause.id, revisionId)
}

/** Its assignee is told by the event `wo.ready`. */
export async function recordReady(
  tx: Tx,
  { end, members, freed }: Pick<Ending, 'end' | 'members' | 'freed'>,
  cause: Cause,
): Promise<void> {
  const ready = members.filter(({ id }) => freed.includes(id))
  if (ready.length === 0) return
  const at = tx.now(cause.locked_at)
  const entries = ready.map((member): Change => {
    const { status, assignee, assignee_id } = member
    const because = { id: cause.id, number: cause.number, end }
    return {
      kind: 'work_order',
      record: member,
      action: 'ready',
      changes: [],
      detail: { because, status, assignee, assignee_id },
      newVersion: false,
    }
  })
  const { heads, sent } = tx.recordAll(entries, at)
  updateHeads(
    tx,
    ready.flatMap((before, i) => (heads[i] === undefined ? [] : [{ before, head: heads[i] }])),
  )
  await sent
}

async function recordCascade(
  tx: Tx,
  { members }: Ending,
  cause: Cause,
  reason: string | null,
): Promise<void> {
  const byId = new Map(members.map((member) => [member.id, member]))
  const consequences = decideCascade(cause.id, members)
  if (consequences.length === 0) return
  const at = tx.now(cause.locked_at)
  const rounds = await listOpenRounds(
    tx,
    consequences.filter(({ does }) => does === 'cancel').map(({ id }) => id),
  )
  const left = consequences.filter(({ does }) => does !== 'hold').map(({ id }) => id)
  const stopped = await loadStopped(tx, left, at)
  const planned = consequences.flatMap((one) => {
    const before = byId.get(one.id)
    return before === undefined
      ? []
      : [{ one, before, after: toAfter(one, before, cause, tx.actor.name, at) }]
  })
  await recordMoved(
    tx,
    planned.map(({ one, before, after }) => ({
      before,
      after,
      action: actions[one.does],
      reason: `${cause.number} was cancelled${reason === null ? '' : `: ${reason}`}`,
      detail: {
        ...(one.does === 'hold' ? {} : { transition: one.does }),
        because: { id: cause.id, number: cause.number, as: one.because },
        ...(stopped.has(one.id) ? { stopped_timers: stopped.get(one.id) } : {}),
      },
    })),
    at,
  )
  if (rounds.length > 0)
    withdrawRounds(
      tx,
      rounds.map(({ id }) => id),
      at,
    )
}

const actions = { cancel: 'cancelled', block: 'blocked', hold: 'held' } as const

function toAfter(
  { does, to }: Consequence,
  before: Member,
  cause: Cause,
  owner: string,
  at: string,
): Moved['after'] {
  const { hold, blocker, actual_end, lifecycle } = before
  const category = categoryOf(lifecycle, to)
  const why = `${cause.number} was cancelled`
  if (does === 'cancel') return { status: to, category, hold: null, blocker, actual_end: at }
  if (does === 'hold')
    return {
      status: to,
      category,
      hold: { reason: why, owner, since: at, cause: cause.id },
      blocker,
      actual_end,
    }
  const action = `${why}: waive it, do its work in another way, or cancel this one too`
  return { status: to, category, hold, blocker: { owner, action }, actual_end }
}

type Plan = Pick<Moved, 'before' | 'after'> & Pick<Change, 'action' | 'reason' | 'detail'>
const moving = ['status', 'hold', 'blocker', 'actual_end'] as const

/** One entry of each in one statement, and one for the rows. Gives the rows with their new heads. */
async function recordMoved(tx: Tx, plans: readonly Plan[], at: string): Promise<Member[]> {
  const { heads, sent } = tx.recordAll(
    plans.map(({ before, after, action, reason, detail }) => ({
      kind: 'work_order',
      record: before,
      action,
      reason,
      changes: changesBetween(moving, before, after),
      ...(detail === undefined ? {} : { detail }),
    })),
    at,
  )
  const moved = plans.flatMap(({ before, after }, i) =>
    heads[i] === undefined ? [] : [{ before, after, head: heads[i] }],
  )
  updateMembers(tx, moved, at)
  await sent
  return moved.map(({ before, after, head }) => ({ ...before, ...after, ...head }))
}

/** A waiver ends the holds that the cancelling put on the others, and frees what waited for it. */
export async function applyWaived(tx: Tx, ending: Ending, cause: Cause): Promise<void> {
  const at = tx.now(cause.locked_at)
  const held = ending.members.filter(({ id }) => ending.held.includes(id))
  const released = await (held.length === 0
    ? []
    : recordMoved(
        tx,
        held.map((before) => ({
          before,
          after: { ...before, hold: null },
          action: 'hold_released',
          reason: `${cause.number} was waived`,
          detail: { because: { id: cause.id, number: cause.number, as: 'sibling' } },
        })),
        at,
      ))
  const now = new Map(released.map((member) => [member.id, member]))
  const members = ending.members.map((member) => now.get(member.id) ?? member)
  await recordReady(tx, { ...ending, members }, cause)
}
