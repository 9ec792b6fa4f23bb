/**
 * What can start now, and why something cannot: a work order starts when each of its own predecessors is done (and
 * the lag after its end is over) or is waived. Why it waits is told as a chain of causes, down to who can act.
 */
import { listCurrent, decideCompletion } from './completion.ts'
import type { Linked } from './completion.ts'
import { parseInstant, toInstant } from './instant.ts'
import { finalCategories } from './lifecycle.ts'
import type { Category } from './lifecycle.ts'
import type { LifecycleName } from './lifecycles.ts'
import { categoryOf } from './lifecycles.ts'
import type { CompletionPolicy, Waiver } from './work-order.ts'

/** What one work order waits for, as far as its start asks. */
export type Waited = {
  readonly id: string
  /** Null where the caller may not see it. */
  readonly number: string | null
  readonly status: string
  readonly category: Category
  readonly assignee: string | null
  readonly waiver: Waiver | null
  readonly actual_end: string | null
  readonly lag_hours: number
}

/** Does the edge begin the work? What goes back to work from a held state has begun already. */
export function beginsWork(lifecycle: LifecycleName, from: string, to: string): boolean {
  const before = categoryOf(lifecycle, from)
  return categoryOf(lifecycle, to) === 'active' && before !== 'active' && before !== 'held'
}

/** Is the assignee looked at there: where the work is assigned, and where it begins? */
export const asksQualification = (lifecycle: LifecycleName, from: string, to: string): boolean =>
  (categoryOf(lifecycle, to) === 'ready' && categoryOf(lifecycle, from) !== 'ready') ||
  beginsWork(lifecycle, from, to)

/** Does the edge hand the work in? What goes from one review to the next has been handed in already. */
export const handsIn = (lifecycle: LifecycleName, from: string, to: string): boolean =>
  categoryOf(lifecycle, to) === 'review' && categoryOf(lifecycle, from) !== 'review'

/** Not started yet: what becomes ready, or can be told why it is not. */
export const unstartedCategories: readonly Category[] = ['initial', 'planning', 'ready']

/** When the lag after a predecessor that is done is over; undefined when nothing is left of it at `now`. */
export function findLagEnd(one: Pick<Waited, 'actual_end' | 'lag_hours'>, now: string): string | undefined {
  if (one.lag_hours <= 0 || one.actual_end === null) return undefined
  const end = parseInstant(one.actual_end) + Math.round(one.lag_hours * 3600e6)
  return end > parseInstant(now) ? toInstant(end) : undefined
}

/** As far as it is asked whether it is out of the way. */
export type Holder = Pick<Waited, 'id' | 'category' | 'waiver' | 'actual_end' | 'lag_hours'>

/** Is it out of the way at `now`? */
export const isSatisfied = (one: Holder, now: string): boolean =>
  one.waiver !== null || (one.category === 'done' && findLagEnd(one, now) === undefined)

/** Waits for other things than before: which one held it last, where nothing holds it any more? */
export const findReleased = <H extends Holder>(
  before: readonly H[],
  after: readonly H[],
  now: string,
): H | undefined =>
  after.every((one) => isSatisfied(one, now)) ? before.find((one) => !isSatisfied(one, now)) : undefined

// ------------------------------------------------------------------------------------------- why it waits

export type Reason =
  | 'waits_for_predecessor'
  | 'lag_running'
  | 'cancelled'
  | 'held'
  | 'blocked'
  | 'signatures_missing'
  | 'linked_work_open'
  | 'not_submitted'
  | 'not_released'
  | 'unassigned'
  | 'not_started'
  | 'in_progress'
  | 'not_closed'

/** A node of a tree with all that the causes are told from. */
export type TreeFact = Linked & {
  readonly number: string
  readonly title: string
  readonly lifecycle: LifecycleName
  readonly requester: string
  readonly regulatory: boolean
  readonly parent_id: string | null
  readonly actual_end: string | null
  readonly completion_policy: CompletionPolicy | null
}
export type TreeFacts = {
  readonly nodes: ReadonlyMap<string, TreeFact>
  /** By what waits. */
  readonly predecessors: ReadonlyMap<string, readonly { readonly id: string; readonly lag_hours: number }[]>
  /** Open rounds by work order: the roles that are still unsigned, and who holds them. */
  readonly unsigned: ReadonlyMap<
    string,
    {
      readonly gate: string
      readonly roles: readonly string[]
      readonly who: readonly string[]
    }
  >
  /** The tenant's policy, for masters without one of their own. */
  readonly policy: CompletionPolicy
  readonly now: string
}

/** One link of the chain. Where somebody can act, `who` names the people or roles; deeper causes follow otherwise. */
export type Cause = {
  readonly id: string
  readonly number: string
  readonly title: string
  readonly status: string
  readonly assignee: string | null
  readonly depth: number
  /** The work order that waits for this one; null for the one that was asked about. */
  readonly waits: string | null
  readonly reason: Reason
  readonly says: string
  readonly who: readonly string[]
  readonly until: string | null
}

type Told = Pick<Cause, 'reason' | 'says' | 'who'> & {
  readonly until?: string
  readonly deeper?: readonly string[]
}

/**
 * Breadth first, each work order once; at most `most` of them. Empty when the work order is done, or when nothing is
 * in its way but its assignee, who may start.
 */
export function explainWaiting(
  facts: TreeFacts,
  id: string,
  most: number,
): { causes: Cause[]; truncated: boolean } {
  const causes: Cause[] = []
  const seen = new Set([id])
  const queue: { readonly id: string; readonly depth: number; readonly waits: string | null }[] = [
    { id, depth: 0, waits: null },
  ]
  for (let i = 0; i < queue.length; i += 1) {
    const { id: at, depth, waits } = queue[i] as (typeof queue)[number]
    const node = facts.nodes.get(at)
    if (node === undefined) continue
    const lag = waits === null ? undefined : findLag(facts, waits, node)
    const told = lag ?? tell(facts, node)
    if (told === undefined) continue
    if (causes.length === most) return { causes, truncated: true }
    const { deeper = [], until = null, ...said } = told
    const { number, title, status, assignee } = node
    const above = waits === null ? null : (facts.nodes.get(waits)?.number ?? null)
    causes.push({ id: at, number, title, status, assignee, depth, waits: above, until, ...said })
    for (const next of deeper) {
      if (seen.has(next)) continue
      seen.add(next)
      queue.push({ id: next, depth: depth + 1, waits: at })
    }
  }
  return { causes, truncated: false }
}

/** It is done, and what waits for it waits for the time after it. */
function findLag(facts: TreeFacts, waits: string, node: TreeFact): Told | undefined {
  const edge = facts.predecessors.get(waits)?.find(({ id }) => id === node.id)
  if (edge === undefined || node.category !== 'done') return undefined
  const until = findLagEnd({ actual_end: node.actual_end, lag_hours: edge.lag_hours }, facts.now)
  if (until === undefined) return undefined
  const says = `${node.number} is done; ${edge.lag_hours} h must pass after it`
  return { reason: 'lag_running', says, who: [], until }
}

const waivers = ['assigner', 'system_owner', 'captain'] as const

function tell(facts: TreeFacts, node: TreeFact): Told | undefined {
  const { category, number, status, assignee } = node
  if (category === 'done') return undefined
  if (category === 'abandoned') return tellCancelled(node)
  if (node.hold !== null)
    return { reason: 'held', says: `${number} is on hold: ${node.hold.reason}`, who: [node.hold.owner] }
  if (category === 'held') return tellBlocked(node)
  if (unstartedCategories.includes(category)) {
    const open = listOpenPredecessors(facts, node.id)
    if (open.length > 0) {
      const says = `${number} waits for ${open.length === 1 ? 'a predecessor' : `${open.length} predecessors`}`
      return { reason: 'waits_for_predecessor', says, who: [], deeper: open }
    }
  }
  const unsigned = facts.unsigned.get(node.id)
  if (unsigned !== undefined && unsigned.roles.length > 0) {
    const says = `the ${unsigned.gate} gate of ${number} is unsigned by ${unsigned.roles.join(', ')}`
    return { reason: 'signatures_missing', says, who: unsigned.who }
  }
  if (category === 'initial')
    return { reason: 'not_submitted', says: `${number} is still ${status}`, who: [node.requester] }
  if (category === 'planning')
    return { reason: 'not_released', says: `${number} is ${status} and not released`, who: ['assigner'] }
  if (assignee === null && category !== 'review')
    return { reason: 'unassigned', says: `${number} has no assignee`, who: ['assigner'] }
  if (category === 'ready')
    return { reason: 'not_started', says: `${number} can start and has not`, who: [assignee ?? 'assigner'] }
  return tellRunning(facts, node)
}

function tellCancelled({ number, regulatory }: TreeFact): Told {
  const says = `${number} was cancelled: it must be waived, or the dependency removed`
  return { reason: 'cancelled', says, who: regulatory ? ['system_owner', 'qa'] : waivers }
}

function tellBlocked({ number, blocker, assignee }: TreeFact): Told {
  const says = `${number} is blocked${blocker?.action === undefined ? '' : `: ${blocker.action}`}`
  return { reason: 'blocked', says, who: [blocker?.owner ?? assignee ?? 'assigner'] }
}

/** Under way or in review: what is linked to it may hold it up. */
function tellRunning(facts: TreeFacts, node: TreeFact): Told {
  const { number, assignee, category, status } = node
  const check = category === 'review' ? 'close' : node.lifecycle === 'qms' ? 'review' : 'complete'
  const linked = [...facts.nodes.values()].filter(({ parent_id }) => parent_id === node.id)
  const { holds, missing } = decideCompletion(node.completion_policy ?? facts.policy, linked, check)
  if (!holds) {
    const says = `${number} waits for ${missing.length} linked work ${missing.length === 1 ? 'order' : 'orders'}`
    return { reason: 'linked_work_open', says, who: [], deeper: missing.map(({ id }) => id) }
  }
  if (category === 'active')
    return { reason: 'in_progress', says: `${number} is ${status}`, who: [assignee ?? 'assigner'] }
  return { reason: 'not_closed', says: `${number} is ${status} and not closed`, who: waivers }
}

/** Ids of the predecessors that keep it from starting. */
function listOpenPredecessors(facts: TreeFacts, id: string): string[] {
  return (facts.predecessors.get(id) ?? [])
    .filter(({ id: before, lag_hours }) => {
      const node = facts.nodes.get(before)
      return node === undefined || !isSatisfied({ ...node, lag_hours }, facts.now)
    })
    .map(({ id: before }) => before)
}

/** What can start now, in the order given: released, not on hold, and nothing before it is open. */
export function listStartable(facts: TreeFacts): TreeFact[] {
  const closed = new Set(
    [...facts.nodes.values()]
      .filter(({ category }) => finalCategories.includes(category))
      .map(({ id }) => id),
  )
  const current = new Set(listCurrent([...facts.nodes.values()]).map(({ id }) => id))
  return [...facts.nodes.values()].filter(
    (node) =>
      node.category === 'ready' &&
      node.hold === null &&
      current.has(node.id) &&
      !(node.parent_id !== null && closed.has(node.parent_id)) &&
      listOpenPredecessors(facts, node.id).length === 0,
  )
}
