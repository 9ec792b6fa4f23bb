/**
 * The excavators' work orders as cases for estimates, read by the map with which they are imported. The one rule:
 * what is chosen is chosen on the folds before the hold-out, and stands in src/domain.
 */
import { openTable } from '#capabilities/import/reader.ts'
import { readMap } from '#capabilities/import/map.ts'
import { findQuantile, emptyModel, learn, toDistribution, usualPooling } from '#domain/estimate.ts'
import type { ClassPath, Observation, Pooling } from '#domain/estimate.ts'
import { toPaths } from '#domain/estimate-kind.ts'
import { backtest, scoreTrials } from '#domain/estimate-score.ts'
import type { Score, Trial } from '#domain/estimate-score.ts'
import { toImported } from '#domain/import-map.ts'
import type { Imported } from '#domain/import-map.ts'

export type Measure = {
  readonly name: string
  readonly unit: string
  readonly pooling: Pooling
  readonly cases: readonly Observation[]
}

export type Slice = { readonly from: string; readonly until: string }

/** 65 % of the rows lie before it. It was looked at twice: docs/operate/performance.md says with what. */
export const holdOut: Slice = { from: '2008-09-25', until: '9999' }

/** Rolling origins before the hold-out: the first quarter is only learned, the rest are slices with equally many cases. */
export function listFolds(cases: readonly Observation[], count = 5): Slice[] {
  const days = cases.filter(({ on }) => on < holdOut.from).map(({ on }) => on)
  const start = Math.floor(days.length / 4)
  const startOfFold = (fold: number): string =>
    days[start + Math.floor(((days.length - start) * fold) / count)] ?? holdOut.from
  return Array.from({ length: count }, (_, fold) => ({
    from: startOfFold(fold),
    until: startOfFold(fold + 1),
  }))
}

export type Comparison = {
  readonly trials: readonly Trial[]
  readonly own: Score
  /** The quantiles of all outcomes so far, whatever the class. */
  readonly plain: Score
  /** The quantiles of all outcomes before the slice, and never learned again. */
  readonly frozen: Score
}

/** The same cases, days and delay for all; nothing at or after the end of the slice is read. */
export function compareEstimates(
  { cases, pooling }: Measure,
  slice: Slice,
  delayDays: number,
  recalibrated = true,
): Comparison {
  const { from, until } = slice
  const read = cases.filter(({ on }) => on < until)
  const trials = backtest(read, { from, delayDays, pooling, recalibrated })
  const classless = read.map((one) => ({ ...one, paths: [[]] }))
  const ageless = { ...pooling, halfLifeMonths: Infinity }
  const plain = backtest(classless, { from, delayDays, pooling: ageless, recalibrated: false })
  const before = learn(
    emptyModel,
    classless.filter(({ on }) => on < from),
  )
  const then = toDistribution(before, { paths: [[]], on: from }, ageless)
  if (then === undefined) throw new Error('nothing lies before the slice')
  const fixed = { p50: findQuantile(then, 0.5), p80: findQuantile(then, 0.8) }
  return {
    trials,
    own: scoreTrials(trials),
    plain: scoreTrials(plain),
    frozen: scoreTrials(trials.map((trial) => ({ ...trial, estimate: fixed }))),
  }
}

const folder = new URL('../data/excavators/', import.meta.url)

async function loadExcavators(): Promise<Imported[]> {
  const map = readMap(new URL('map.json', folder).pathname)
  const table = await openTable(new URL('work-orders.csv', folder).pathname, map.delimiter)
  const rows: Imported[] = []
  for await (const lines of table.batches)
    for (const line of lines) {
      if (!('cells' in line)) throw new Error(`line ${line.line}: ${line.reason}`)
      const imported = toImported(
        map,
        Object.fromEntries(table.columns.map((column, i) => [column, line.cells[i] ?? ''])),
      )
      if (!imported.ok) throw new Error(`line ${line.line}: ${JSON.stringify(imported.problems)}`)
      rows.push(imported.value)
    }
  return rows
}

/** Both measures, in the order of the days. */
export async function loadMeasures(): Promise<Measure[]> {
  const rows = (await loadExcavators()).toSorted((a, b) =>
    startOf(a) < startOf(b) ? -1 : startOf(a) > startOf(b) ? 1 : 0,
  )
  return [
    {
      name: 'cost',
      unit: 'AUD',
      pooling: usualPooling,
      cases: toCases(rows, 'cost_aud', (row) => toPaths(toKind(row))),
    },
    {
      name: 'days since previous',
      unit: 'days',
      pooling: { strength: 10, halfLifeMonths: 48 },
      cases: toCases(rows, 'days_since_previous', toIntervalPaths),
    },
  ]
}

/** As the service sees an imported work order. */
export const toKind = (row: Imported) => ({
  template: null,
  work_category: row.work_category,
  asset: row.asset?.tag ?? null,
  title: row.title,
  attributes: row.attributes,
})

const startOf = (row: Imported): string => row.actual_start ?? ''

/** Without the rows whose cell is blank. */
function toCases(
  rows: readonly Imported[],
  name: string,
  pathsOf: (row: Imported) => ClassPath[],
): Observation[] {
  return rows.flatMap((row) => {
    const cell = row.attributes[name]
    return cell === undefined ? [] : [{ paths: pathsOf(row), on: startOf(row), value: Number(cell) }]
  })
}

/** What wears, on which machine; what is done about it does not say when it was due. */
function toIntervalPaths({ asset, attributes }: Imported): ClassPath[] {
  const [system, part] = ['system', 'part'].map((name) => String(attributes[name] ?? '').split('_')[0] ?? '')
  return [[asset?.tag ?? '', `system ${system}`, `part ${part}`]]
}
