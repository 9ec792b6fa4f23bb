/**
 * What work of a kind will take or cost, learned from closed work orders. Kinds are classes in a path from general to
 * special, and what is known of a class is a plain count of outcomes by month. The one rule: counts are only ever
 * added, so the order in which outcomes are learned or models are merged never matters.
 */
import { plainLevels } from './estimate-level.ts'

/** From general to special, such as asset class, template, action. The class of all work is the empty path. */
export type ClassPath = readonly string[]

/** Outcomes counted by month (`YYYY-MM`) and value (`toPoint`). */
export type Tally = { readonly [month: string]: { readonly [point: string]: number } }

/** One tally for each class, under its path as JSON; stored as `[...model]`, and back by `new Map(stored)`. */
export type Model = ReadonlyMap<string, Tally>

export type Observation = {
  /** Several where one kind of work can be seen in several ways; most special class last in each. */
  readonly paths: readonly ClassPath[]
  /** `YYYY-MM-DD`, with or without a time behind it. */
  readonly on: string
  /** Hours, or money; a credit is less than 0. */
  readonly value: number
}

export type Pooling = {
  /** So many outcomes of its own, and a class counts as much as all that is more general. */
  readonly strength: number
  /** An outcome that is so much older counts half. */
  readonly halfLifeMonths: number
}

/** Chosen for cost on the five folds of `npm run bench -- estimates --choose`. */
export const usualPooling: Pooling = { strength: 4, halfLifeMonths: 24 }

export type Question = Pick<Observation, 'paths' | 'on'>

/** A class that an estimate rests on. */
export type Source = {
  readonly path: ClassPath
  /** Outcomes ever counted. */
  readonly n: number
  /** How much of the estimate comes from it; the shares of all sources are 1 together. */
  readonly share: number
}

/** Steps in ascending order; their shares are 1 together. */
export type Distribution = {
  readonly steps: readonly { readonly value: number; readonly share: number }[]
  /** The greatest share first. */
  readonly from: readonly Source[]
}

export type Estimate = {
  readonly p50: number
  readonly p80: number
  /** Moved by outliers, as a mean is; the two quantiles are not. */
  readonly mean: number
  /** The chance that it will be nothing at all. */
  readonly zero: number
  /** Outcomes of the source with the greatest share. */
  readonly n: number
  readonly from: readonly Source[]
}

export const emptyModel: Model = new Map()

/** The name under which a class stands in a model. */
const nameClass = (path: ClassPath): string => JSON.stringify(path)

/** Every class on these paths once, that of all work included. */
export const listClasses = (paths: readonly ClassPath[]): string[] => [
  ...new Set(paths.flatMap((path) => listPrefixes(path).map(nameClass))),
]

const listPrefixes = (path: ClassPath): ClassPath[] => [[], ...path.map((_, i) => path.slice(0, i + 1))]

/** Throws RangeError for what is no duration or cost. */
export function learn(model: Model, observations: readonly Observation[]): Model {
  const next = new Map(model)
  for (const { paths, on, value } of observations) {
    const one: Tally = { [on.slice(0, 7)]: { [toPoint(value)]: 1 } }
    for (const name of listClasses(paths)) next.set(name, addTallies(next.get(name), one))
  }
  return next
}

export function merge(model: Model, other: Model): Model {
  const next = new Map(model)
  for (const [name, tally] of other) next.set(name, addTallies(next.get(name), tally))
  return next
}

function addTallies(to: Tally = {}, from: Tally): Tally {
  const sum = { ...to }
  for (const [month, points] of Object.entries(from)) {
    const counts: Record<string, number> = { ...sum[month] }
    for (const [point, count] of Object.entries(points)) counts[point] = (counts[point] ?? 0) + count
    sum[month] = counts
  }
  return sum
}

/** Three significant digits: whole hours up to 999 stand as they are, and money within half a percent. */
export function toPoint(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`Not a duration or a cost: ${value}`)
  return String(Number(value.toPrecision(3)))
}

/** Undefined while nothing was learned. A class without outcomes says what the class above it says. */
export function predict(model: Model, question: Question, pooling = usualPooling): Estimate | undefined {
  const distribution = toDistribution(model, question, pooling)
  return distribution === undefined ? undefined : toEstimate(distribution)
}

export function toEstimate(distribution: Distribution, levels = plainLevels): Estimate {
  const { steps, from } = distribution
  return {
    p50: findQuantile(distribution, levels.p50),
    p80: findQuantile(distribution, levels.p80),
    mean: steps.reduce((sum, { value, share }) => sum + value * share, 0),
    zero: steps.find(({ value }) => value === 0)?.share ?? 0,
    n: from[0]?.n ?? 0,
    from,
  }
}

/** The least value that this share of the outcomes does not exceed. */
export function findQuantile({ steps }: Distribution, share: number): number {
  let below = 0
  // Shares are sums of rounded fractions: a whole half must not miss 0.5 by its last bit.
  const found = steps.find((step) => (below += step.share) >= share - 1e-9)
  return (found ?? steps.at(-1))?.value ?? Number.NaN
}

/**
 * Partial pooling along each path: with n outcomes of its own, weighed by age, a class says
 * (n × what it saw + strength × what its parent says) ÷ (n + strength), as a distribution. That is the mean of a
 * Dirichlet process around the parent (Ferguson, Annals of Statistics 1, 1973), nested as in MacKay and Peto, "A
 * hierarchical Dirichlet language model" (1995). It has no shape to be wrong about: zeros stay zeros with their
 * share, and an outlier has the weight of one outcome wherever it lies. Several paths count alike (Stone's linear
 * opinion pool, 1961).
 */
export function toDistribution(
  model: Model,
  { paths, on }: Question,
  pooling = usualPooling,
): Distribution | undefined {
  const seen = new Map(
    listClasses(paths).map((name) => [
      name,
      weigh(model.get(name) ?? {}, toMonths(on), pooling.halfLifeMonths),
    ]),
  )
  if (!seen.get(nameClass([]))?.weight) return undefined
  const shares = new Map<string, number>()
  for (const path of paths) {
    let left = 1 / paths.length
    for (const prefix of listPrefixes(path).toReversed()) {
      const { weight = 0 } = seen.get(nameClass(prefix)) ?? {}
      const share = prefix.length === 0 ? left : (left * weight) / (weight + pooling.strength)
      left -= share
      if (share > 0) shares.set(nameClass(prefix), (shares.get(nameClass(prefix)) ?? 0) + share)
    }
  }
  const steps = new Map<number, number>()
  const from: Source[] = []
  for (const [name, share] of shares) {
    const { weight = 1, points = [], n = 0 } = seen.get(name) ?? {}
    for (const point of points)
      steps.set(point.value, (steps.get(point.value) ?? 0) + (share * point.weight) / weight)
    from.push({ path: JSON.parse(name) as ClassPath, n, share })
  }
  return {
    steps: [...steps].map(([value, share]) => ({ value, share })).toSorted((a, b) => a.value - b.value),
    from: from.toSorted((a, b) => b.share - a.share),
  }
}

type Weighed = {
  readonly n: number
  readonly weight: number
  readonly points: readonly { readonly value: number; readonly weight: number }[]
}

/** Months are taken in their order, not in that of learning: sums of fractions depend on it in their last bit. */
function weigh(tally: Tally, nowMonths: number, halfLifeMonths: number): Weighed {
  const points: { value: number; weight: number }[] = []
  let n = 0
  let weight = 0
  for (const month of Object.keys(tally).toSorted()) {
    const each = 2 ** -(Math.max(0, nowMonths - toMonths(month)) / halfLifeMonths)
    let counted = 0
    for (const [point, count] of Object.entries(tally[month] ?? {})) {
      points.push({ value: Number(point), weight: each * count })
      counted += count
    }
    n += counted
    weight += each * counted
  }
  return { n, weight, points }
}

/** Since year 0. */
const toMonths = (on: string): number => Number(on.slice(0, 4)) * 12 + Number(on.slice(5, 7))
