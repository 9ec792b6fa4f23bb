/**
 * What was known of a measure before an instant: the counts of some classes, and the levels at which estimates held. The
 * one rule: nothing that was closed at the instant or later is read.
 */
import { createHash } from 'node:crypto'
import { findLevels, noRanks, plainLevels, reckonRank } from '#domain/estimate-level.ts'
import type { Levels } from '#domain/estimate-level.ts'
import { findQuantile, listClasses, toDistribution, toEstimate } from '#domain/estimate.ts'
import type { ClassPath, Distribution, Estimate, Model, Tally } from '#domain/estimate.ts'
import type { Kind } from '#domain/estimate-kind.ts'
import type { Tx } from '#platform/tx.ts'
import { listCounts, listRankCounts } from './store.ts'
import type { Judgement, KindRow } from './store.ts'

export const hours = 'hours'

export type Known = { readonly model: Model; readonly levels: Levels; readonly before: string }

export const toKind = ({ template, work_category, asset, title, attributes }: KindRow): Kind => ({
  template,
  work_category,
  asset,
  title,
  attributes,
})

/** The key under which a class is stored, whatever the length of its path. */
export const toKey = (name: string): Buffer => createHash('sha256').update(name).digest().subarray(0, 16)

/** What is known of the classes on these paths. */
export async function loadKnown(
  tx: Tx,
  measure: string,
  paths: readonly ClassPath[],
  before: string,
): Promise<Known> {
  const names = new Map(listClasses([[], ...paths]).map((name) => [toKey(name).toString('hex'), name]))
  const keys = [...names.keys()].map((key) => Buffer.from(key, 'hex'))
  const counted = await listCounts(tx, measure, keys, before)
  const model = new Map<string, { [month: string]: { [point: string]: number } }>()
  for (const row of counted) {
    const name = names.get(row.class.toString('hex')) ?? ''
    const tally = model.get(name) ?? {}
    model.set(name, tally)
    tally[row.month] = { ...tally[row.month], [String(Number(row.value))]: row.count }
  }
  return { model: model satisfies Map<string, Tally>, levels: await loadLevels(tx, measure, before), before }
}

async function loadLevels(tx: Tx, measure: string, before: string): Promise<Levels> {
  const counts = [...noRanks]
  for (const { bin, count } of await listRankCounts(tx, measure, before)) counts[bin] = count
  return findLevels(counts)
}

export const distribute = ({ model, before }: Known, paths: readonly ClassPath[]): Distribution | undefined =>
  toDistribution(model, { paths, on: before })

export function estimate(known: Known, paths: readonly ClassPath[]): Estimate | undefined {
  const distribution = distribute(known, paths)
  return distribution === undefined ? undefined : toEstimate(distribution, known.levels)
}

/** The estimate that would have been given, beside that of all work alike, and where the outcome lay in it. */
export function judge(known: Known, paths: readonly ClassPath[], actual: number): Judgement | undefined {
  const own = distribute(known, paths)
  const plain = toDistribution(known.model, { paths: [[]], on: known.before }, ageless)
  if (own === undefined || plain === undefined) return undefined
  const { p50, p80 } = toEstimate(own, known.levels)
  return {
    p50,
    p80,
    plain_p50: findQuantile(plain, plainLevels.p50),
    plain_p80: findQuantile(plain, plainLevels.p80),
    rank: reckonRank(own, actual),
  }
}

/** The baseline: every outcome so far, whatever its age. */
const ageless = { strength: 1, halfLifeMonths: Infinity }
