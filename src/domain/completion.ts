/**
 * When is a master complete? Its policy says which of its linked work orders must be done. What nobody did never
 * counts as done: a cancelled one stays in the count and holds the policy up until it is waived, because otherwise
 * who cancels a work order could close its master without it. A waiver takes the work order out of the count.
 */
import { categoryOf } from './lifecycles.ts'
import type { LifecycleName } from './lifecycles.ts'
import type { Category } from './lifecycle.ts'
import type { Blocker, CompletionPolicy, Hold, Waiver } from './work-order.ts'

/** One work order directly under a master, as far as the master's completion asks. */
export type Linked = {
  readonly id: string
  /** Null where the caller may not see it. */
  readonly number: string | null
  readonly status: string
  readonly category: Category
  readonly assignee: string | null
  readonly estimated_hours: number | null
  readonly hold: Hold | null
  readonly blocker: Blocker | null
  readonly waiver: Waiver | null
  /** The rejected work order that this one does again. */
  readonly revision_of: string | null
}

/**
 * What a move of a master asks of its linked work orders. `review`: each that counts is in review or later;
 * `complete`: each that counts is done; `close`: that, and none is still being worked on.
 */
export type LinkedCheck = 'review' | 'complete' | 'close'
export type LinkedState = 'done' | 'open' | 'blocked' | 'cancelled' | 'waived' | 'not_linked'
/** What would make it count: finish the work, remove what blocks it, waive it, or link it again. */
export type Remedy = 'finish' | 'unblock' | 'waive' | 'link'
export type Gap = {
  readonly id: string
  readonly number: string | null
  readonly status: string | null
  readonly assignee: string | null
  readonly state: LinkedState
  readonly remedy: Remedy
}
export type Completion = {
  readonly holds: boolean
  readonly policy: CompletionPolicy
  /** Counted work orders, or their hours where the policy weighs them. */
  readonly have: number
  readonly need: number
  readonly counts: { readonly [S in LinkedState]: number }
  /** Everything that counts and is not done. */
  readonly missing: readonly Gap[]
  /** The least of it that would do: what is under way first, what is blocked next, what must be waived last. */
  readonly shortest: readonly Gap[]
}

export const defaultCompletion: CompletionPolicy = { kind: 'all' }

/** Review is asked where work is handed in, done where it is completed, and all of it where the record closes. */
export function findLinkedCheck(lifecycle: LifecycleName, from: string, to: string): LinkedCheck | undefined {
  const [before, after] = [categoryOf(lifecycle, from), categoryOf(lifecycle, to)]
  if (after === 'done') return 'close'
  if (after !== 'review' || before === 'review') return undefined
  return lifecycle === 'qms' ? 'review' : 'complete'
}

const running: readonly Category[] = ['active', 'held', 'review']

function toLinkedState(one: Linked, check: LinkedCheck): LinkedState {
  if (one.category === 'done') return 'done'
  if (one.waiver !== null) return 'waived'
  if (one.category === 'abandoned') return 'cancelled'
  if (one.category === 'held' || one.hold !== null) return 'blocked'
  return check === 'review' && one.category === 'review' ? 'done' : 'open'
}

/** A rejected work order that is done again as another one under the same master is replaced by it. */
export function listCurrent(linked: readonly Linked[]): Linked[] {
  const replaced = new Set(linked.map(({ revision_of }) => revision_of))
  return linked.filter(({ id, category }) => category !== 'abandoned' || !replaced.has(id))
}

type Counted = { readonly gap: Gap; readonly weight: number }

/** Does the policy hold for these linked work orders? Where there are none, there is nothing to wait for. */
export function decideCompletion(
  policy: CompletionPolicy,
  linked: readonly Linked[],
  check: LinkedCheck,
): Completion {
  const current = listCurrent(linked)
  const all = current.map((one): Counted => ({
    gap: toGap(one, toLinkedState(one, check)),
    weight: one.estimated_hours ?? 1,
  }))
  const counted = policy.kind === 'required' ? pickRequired(policy.ids, linked, all) : all
  const open = counted.filter(({ gap }) => gap.state !== 'done' && gap.state !== 'waived')
  const late = check === 'close' ? listUnfinished(current, all) : []
  const sum = summarise(policy, counted)
  const holds = sum.have >= sum.need - rounding
  const missing = holds ? late : union(open, late)
  const shortest = holds ? late : union(pickShortest(policy, counted, open), late)
  return {
    holds: missing.length === 0,
    policy,
    ...sum,
    counts: countStates(all),
    missing: missing.map(({ gap }) => gap),
    shortest: shortest.map(({ gap }) => gap),
  }
}

/** Hours are added up in binary. */
const rounding = 1e-9

const toGap = ({ id, number, status, assignee }: Linked, state: LinkedState): Gap => ({
  id,
  number,
  status,
  assignee,
  state,
  remedy: state === 'cancelled' ? 'waive' : state === 'blocked' ? 'unblock' : 'finish',
})

/** The master does not close over work that has begun, whether the policy needs it or not. */
function listUnfinished(current: readonly Linked[], all: readonly Counted[]): Counted[] {
  const begun = new Set(
    current.filter((one) => running.includes(one.category) && one.waiver === null).map(({ id }) => id),
  )
  return all.filter(({ gap }) => begun.has(gap.id))
}

/** The required ones in the policy's order; one that was rejected stands for its revision, one that is not here is missing. */
function pickRequired(ids: readonly string[], linked: readonly Linked[], all: readonly Counted[]): Counted[] {
  const next = new Map(linked.map(({ id, revision_of }) => [revision_of, id]))
  const byId = new Map(all.map((one) => [one.gap.id, one]))
  return ids.map((id) => {
    let last = id
    while (!byId.has(last) && next.has(last)) last = next.get(last) ?? last
    return byId.get(last) ?? { gap: { ...unlinked, id: last }, weight: 1 }
  })
}
const unlinked = { number: null, status: null, assignee: null, state: 'not_linked', remedy: 'link' } as const

type Sum = { readonly have: number; readonly need: number }

/** How much is done of how much that must be; `did` are counted as done, or as waived where nobody will do them. */
function summarise(policy: CompletionPolicy, counted: readonly Counted[], did?: ReadonlySet<Counted>): Sum {
  const isDone = (one: Counted): boolean =>
    one.gap.state === 'done' || (did?.has(one) === true && one.gap.remedy !== 'waive')
  const isOut = (one: Counted): boolean =>
    one.gap.state === 'waived' || (did?.has(one) === true && one.gap.remedy === 'waive')
  const inside = counted.filter((one) => !isOut(one))
  const done = inside.filter(isDone)
  if (policy.kind === 'k_of_n') return { have: done.length, need: Math.min(policy.k, inside.length) }
  if (policy.kind !== 'weighted') return { have: done.length, need: inside.length }
  // Where nobody estimated any hour, each weighs the same.
  const isWeighed = inside.some(({ weight }) => weight > 0)
  const weigh = (some: readonly Counted[]): number =>
    some.reduce((sum, { weight }) => sum + (isWeighed ? weight : 1), 0)
  return { have: weigh(done), need: weigh(inside) * policy.at_least }
}

const effort: { readonly [R in Remedy]: number } = { finish: 0, unblock: 1, waive: 2, link: 3 }

/** Each step makes the policy hold sooner and never later, so the shortest prefix is found by halving. */
function pickShortest(
  policy: CompletionPolicy,
  counted: readonly Counted[],
  open: readonly Counted[],
): readonly Counted[] {
  const isWeighted = policy.kind === 'weighted'
  const steps = open.toSorted(
    (a, b) => effort[a.gap.remedy] - effort[b.gap.remedy] || (isWeighted ? b.weight - a.weight : 0),
  )
  const isEnough = (some: readonly Counted[]): boolean => {
    const { have, need } = summarise(policy, counted, new Set(some))
    return have >= need - rounding
  }
  let [least, most] = [0, steps.length]
  while (least < most) {
    const middle = (least + most) >> 1
    if (isEnough(steps.slice(0, middle))) most = middle
    else least = middle + 1
  }
  const found = new Set(steps.slice(0, least))
  // Hours are uneven: a later step may do what earlier ones were taken for.
  if (isWeighted && least <= mostPruned) {
    for (const step of steps.slice(0, least))
      if (isEnough([...found].filter((one) => one !== step))) found.delete(step)
  }
  return open.filter((one) => found.has(one))
}
const mostPruned = 200

const union = (first: readonly Counted[], second: readonly Counted[]): Counted[] => [
  ...new Set([...first, ...second]),
]

function countStates(all: readonly Counted[]): Completion['counts'] {
  const counts = { done: 0, open: 0, blocked: 0, cancelled: 0, waived: 0, not_linked: 0 }
  for (const { gap } of all) counts[gap.state] += 1
  return counts
}

/** The policy in words. */
export function toPolicyText(policy: CompletionPolicy): string {
  if (policy.kind === 'all') return 'every linked work order is done or waived'
  if (policy.kind === 'k_of_n') return `${policy.k} of the linked work orders are done`
  if (policy.kind === 'required')
    return `${policy.ids.length} named linked work ${policy.ids.length === 1 ? 'order is' : 'orders are'} done or waived`
  return `linked work orders with ${Math.round(policy.at_least * 1000) / 10} % of the estimated hours are done`
}
