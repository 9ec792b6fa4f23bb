/**
 * What a master is made of, added up from what is linked to it, in one pass from the bottom. The one rule: nothing
 * is counted twice, so a master's own hours and cost count only while nothing is linked to it.
 */
import { categories } from './lifecycle.ts'
import type { Category } from './lifecycle.ts'
import type { Network } from './network.ts'
import { takesTime } from './timing.ts'
import type { Timed } from './timing.ts'
import type { Blocker, Hold } from './work-order.ts'

export type Counted = Timed & {
  readonly id: string
  readonly number: string
  readonly assignee: string | null
  readonly hold: Hold | null
  readonly blocker: Blocker | null
  /** `attributes.cost` as it was imported. */
  readonly cost: string | null
}

export type Blocked = {
  readonly id: string
  readonly number: string
  /** Who must act: the owner of the block or of the hold, or who does the work. */
  readonly by: string | null
  readonly why: string | null
}

/** Over all that is linked below, however deep. */
export type RollUp = {
  readonly linked: number
  /** Where there are any. */
  readonly by_category: { readonly [C in Category]?: number }
  readonly waived: number
  /** Of those without linked ones that are not cancelled or waived; null when none has an estimate. */
  readonly estimated_hours: number | null
  readonly actual_hours: number | null
  /** Decimal; null when none has a cost. */
  readonly cost: string | null
  /** 0 to 100: the share of the weight that is done. A weight is the estimate, 1 where there is none. */
  readonly progress: number
  /** How many are blocked or held. */
  readonly blocked: number
  /** Not all of them where there are many. */
  readonly blocked_by: readonly Blocked[]
}

/** How many blocked ones a roll-up names at most. */
export const mostBlocked = 20

type Sum = {
  linked: number
  byCategory: Int32Array
  waived: number
  estimated: number | null
  actual: number | null
  cost: bigint | null
  weight: number
  done: number
  blocked: number
  blockedBy: Blocked[]
}

/** One for each master, undefined for what has nothing linked. */
export function rollUp(network: Network, rows: readonly Counted[]): (RollUp | undefined)[] {
  const { size, parents, linked, order } = network
  const sums: (Sum | undefined)[] = Array.from({ length: size })
  for (const node of order) {
    const parent = parents[node]!
    if (parent < 0) continue
    const row = rows[node]
    if (row === undefined) throw new Error('a node without its row')
    add((sums[parent] ??= beginSum()), row, linked[node]! > 0 ? sums[node] : undefined)
  }
  return sums.map((sum) => (sum === undefined ? undefined : toRollUp(sum)))
}

const beginSum = (): Sum => ({
  linked: 0,
  byCategory: new Int32Array(categories.length),
  waived: 0,
  estimated: null,
  actual: null,
  cost: null,
  weight: 0,
  done: 0,
  blocked: 0,
  blockedBy: [],
})

const places = new Map(categories.map((category, i) => [category, i]))

/** Of a master, what was added up below it; of anything else, itself. */
function add(sum: Sum, row: Counted, below: Sum | undefined): void {
  sum.linked += 1 + (below?.linked ?? 0)
  sum.byCategory[places.get(row.category) ?? 0]! += 1
  below?.byCategory.forEach((count, i) => (sum.byCategory[i]! += count))
  sum.waived += (row.waiver === null ? 0 : 1) + (below?.waived ?? 0)
  sum.actual = plus(sum.actual, below === undefined ? row.actual_hours : below.actual)
  sum.cost = plusCost(sum.cost, below === undefined ? parseCost(row.cost) : below.cost)
  addWeight(sum, row, below)
  const isBlocked = row.category === 'held' || row.hold !== null
  if (isBlocked) sum.blockedBy.push(toBlocked(row))
  if (below !== undefined) sum.blockedBy.push(...below.blockedBy)
  if (sum.blockedBy.length > mostBlocked) sum.blockedBy.length = mostBlocked
  sum.blocked += (isBlocked ? 1 : 0) + (below?.blocked ?? 0)
}

/** What was cancelled or waived is no part of the work; a master that is done is done with all below it. */
function addWeight(sum: Sum, row: Counted, below: Sum | undefined): void {
  if (!takesTime(row)) return
  sum.estimated = plus(sum.estimated, below === undefined ? row.estimated_hours : below.estimated)
  const weight = below === undefined ? (row.estimated_hours ?? 1) : below.weight
  sum.weight += weight
  sum.done += row.category === 'done' ? weight : (below?.done ?? 0)
}

const plus = (sum: number | null, one: number | null): number | null =>
  one === null ? sum : (sum ?? 0) + one

function toBlocked({ id, number, hold, blocker, assignee }: Counted): Blocked {
  return {
    id,
    number,
    by: blocker?.owner ?? hold?.owner ?? assignee,
    why: blocker?.action ?? hold?.reason ?? null,
  }
}

function toRollUp(sum: Sum): RollUp {
  const counts = categories.flatMap((category, i) =>
    sum.byCategory[i] === 0 ? [] : [[category, sum.byCategory[i]] as const],
  )
  return {
    linked: sum.linked,
    by_category: Object.fromEntries(counts),
    waived: sum.waived,
    estimated_hours: round(sum.estimated),
    actual_hours: round(sum.actual),
    cost: sum.cost === null ? null : toCost(sum.cost),
    progress: toProgress(sum),
    blocked: sum.blocked,
    blocked_by: sum.blockedBy,
  }
}

/** Rounded down, to a tenth: 100 is said when all that weighs is done. Where all estimates are 0 there is nothing to weigh. */
function toProgress({ weight, done, byCategory }: Sum): number {
  if (weight > 0) return Math.floor((done / weight) * 1000 + 1e-9) / 10
  return categories.every(
    (category, i) => byCategory[i] === 0 || category === 'done' || category === 'abandoned',
  )
    ? 100
    : 0
}

/** Sums of hours like 0.1 + 0.2 are shown to a millionth. */
const round = (hours: number | null): number | null => (hours === null ? null : Math.round(hours * 1e6) / 1e6)

const decimal = /^-?\d{1,30}(?:\.\d{1,12})?$/
const costPlaces = 12

/** In units of 10^-12, so that sums are exact; undefined as money is null. */
export function parseCost(text: string | null): bigint | null {
  if (text === null || !decimal.test(text)) return null
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(`${whole}${fraction.padEnd(costPlaces, '0')}`)
}

const plusCost = (sum: bigint | null, one: bigint | null): bigint | null =>
  one === null ? sum : (sum ?? 0n) + one

/** Two places at least, as money is written; more only where they are needed. */
export function toCost(cost: bigint): string {
  const digits = (cost < 0n ? -cost : cost).toString().padStart(costPlaces + 1, '0')
  const fraction = digits.slice(-costPlaces).replace(/0+$/, '').padEnd(2, '0')
  return `${cost < 0n ? '-' : ''}${digits.slice(0, -costPlaces)}.${fraction}`
}
