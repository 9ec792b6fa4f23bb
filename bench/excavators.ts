/**
 * The excavators' work orders as cases for estimates, read by the map with which they are imported. The one rule:
 * a class is made of what stands on the work order before it begins; nothing here knows cost or date.
 */
import { openTable } from '#capabilities/import/reader.ts'
import { readMap } from '#capabilities/import/map.ts'
import { usualPooling } from '#domain/estimate.ts'
import type { ClassPath, Observation, Pooling } from '#domain/estimate.ts'
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

/**
 * 65 % of the rows lie before the hold-out, 17 % before the validation slice. Classes, strength and half-life were
 * chosen without the hold-out.
 */
export const validation: Slice = { from: '2004-01-01', until: '2008-09-25' }
export const holdOut: Slice = { from: '2008-09-25', until: '9999' }

export type Comparison = {
  readonly trials: readonly Trial[]
  readonly own: Score
  /** The quantiles of all outcomes so far, whatever the class. */
  readonly plain: Score
}

/** The same cases, days and delay for both; nothing at or after the end of the slice is read. */
export function compareEstimates({ cases, pooling }: Measure, slice: Slice, delayDays: number): Comparison {
  const read = cases.filter(({ on }) => on < slice.until)
  const classless = read.map((one) => ({ ...one, paths: [[]] }))
  const { from } = slice
  const trials = backtest(read, { from, delayDays, pooling })
  const ageless = { ...pooling, halfLifeMonths: Infinity }
  const plain = scoreTrials(backtest(classless, { from, delayDays, pooling: ageless }))
  return { trials, own: scoreTrials(trials), plain }
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
      cases: toCases(rows, 'cost_aud', toCostPaths),
    },
    {
      name: 'running time',
      unit: 'days',
      pooling: { strength: 10, halfLifeMonths: 48 },
      // The column counts days since the last work order of the same machine and subsystem, not hours of work.
      cases: toCases(rows, 'running_time_hours', toRunningPaths),
    },
  ]
}

const startOf = (row: Imported): string => row.actual_start ?? ''

/** Without the rows whose cell is blank. */
function toCases(
  rows: readonly Imported[],
  name: string,
  toPaths: (row: Imported) => ClassPath[],
): Observation[] {
  return rows.flatMap((row) => {
    const cell = row.attributes[name]
    return cell === undefined ? [] : [{ paths: toPaths(row), on: startOf(row), value: Number(cell) }]
  })
}

/** What is done to which thing, and how the reporter put it to which system. */
function toCostPaths(row: Imported): ClassPath[] {
  const { system, part, action, type } = toClasses(row)
  const words = row.title.toLowerCase().match(/[a-z]+/g) ?? []
  const [verb = '', thing = ''] = [words[0], words.at(-1)]
  return [
    [`type ${type}`, `part ${part}`, `action ${action}`, `last word ${thing}`],
    [`type ${type}`, `first word ${verb}`, `system ${system}`],
  ]
}

/** What wears, on which machine; what is done about it does not say when it was due. */
function toRunningPaths(row: Imported): ClassPath[] {
  const { system, part } = toClasses(row)
  return [[row.asset?.tag ?? '', `system ${system}`, `part ${part}`]]
}

/** Of several systems or parts in one cell (`Engine_Radiator`) the first. */
function toClasses({ attributes }: Imported) {
  const read = (name: string): string => String(attributes[name] ?? '')
  const first = (name: string): string => read(name).split('_')[0] ?? ''
  return { system: first('system'), part: first('part'), action: read('action'), type: read('type') }
}
