/**
 * History from another system as closed work orders. The file is read twice: first every row is checked, then,
 * in one transaction, what is not there yet is written. So nothing is half done, a second run adds nothing,
 * and the memory does not grow with the file.
 */
import { basename } from 'node:path'
import { quote } from '#domain/import-cell.ts'
import { keyPrefix, mappedColumns, rowDigest } from '#domain/import-key.ts'
import { toImported } from '#domain/import-map.ts'
import type { ImportMap, SourceRow } from '#domain/import-map.ts'
import { accept } from '#domain/refusal.ts'
import { SetupProblem } from '#platform/error.ts'
import { asRefusal, isWorthRetrying } from '#platform/sqlstate.ts'
import type { Floor, Tx } from '#platform/tx.ts'
import { asOperator } from '../tenant/found.ts'
import type { Operator } from '../tenant/found.ts'
import type { BadRow } from './lines.ts'
import { assertColumns, readMap } from './map.ts'
import { countOccurrences } from './occurrence.ts'
import { openTable } from './reader.ts'
import type { SourceLine } from './reader.ts'
import { hasOtherKeys, lockImports } from './store.ts'
import { nothing, writeBatch } from './write.ts'
import type { Keyed, Run, Written } from './write.ts'

export type ImportOptions = {
  readonly file: string
  /** Path of the mapping. */
  readonly map: string
  /** Import the good rows although others are bad; otherwise one bad row keeps everything out. */
  readonly skipBad: boolean
  readonly onProgress?: (done: number, total: number) => void
}

export type ImportReport = {
  readonly file: string
  readonly sha256: string
  readonly rows: number
  readonly imported: number
  readonly already_there: number
  readonly bad: readonly BadRow[]
  readonly assets_created: number
  readonly seconds: number
}

export async function importWorkOrders(
  floor: Floor,
  operator: Operator,
  options: ImportOptions,
): Promise<ImportReport> {
  const startedMs = performance.now()
  const map = readMap(options.map)
  const checked = await checkFile(options.file, map)
  const refused = checked.bad.length > 0 && !options.skipBad
  const written = refused ? nothing : await importChecked(floor, operator, options, map, checked)
  const seconds = Math.round(performance.now() - startedMs) / 1000
  return { file: basename(options.file), ...checked, ...written, seconds }
}

type Checked = { readonly sha256: string; readonly rows: number; readonly bad: readonly BadRow[] }

/** The first reading: is every row good? */
async function checkFile(file: string, map: ImportMap): Promise<Checked> {
  let rows = 0
  const bad: BadRow[] = []
  const sha256 = await eachBatch(file, map, (lines, toSource) => {
    rows += lines.length
    for (const line of lines) bad.push(...toProblems(map, line, toSource))
  })
  return { sha256, rows, bad }
}

type ToSource = (cells: readonly string[]) => SourceRow

async function eachBatch(
  file: string,
  map: ImportMap,
  take: (lines: readonly SourceLine[], toSource: ToSource) => void | Promise<void>,
): Promise<string> {
  const table = await openTable(file, map.delimiter)
  try {
    assertColumns(map, table.columns, file)
    const places = mappedColumns(map).map((name) => [name, table.columns.indexOf(name)] as const)
    const toSource: ToSource = (cells) =>
      Object.fromEntries(places.map(([name, at]) => [name, cells[at] ?? '']))
    for await (const lines of table.batches) await take(lines, toSource)
    return table.sha256()
  } finally {
    await table.close()
  }
}

function toProblems(map: ImportMap, row: SourceLine, toSource: ToSource): BadRow[] {
  if (!('cells' in row)) return [row]
  const imported = toImported(map, toSource(row.cells))
  return imported.ok ? [] : imported.problems.map((problem) => ({ line: row.line, ...problem }))
}

const mostTries = 3

/** Somebody registered one of the assets in the same moment: then the whole is done again. */
async function importChecked(
  floor: Floor,
  operator: Operator,
  options: ImportOptions,
  map: ImportMap,
  checked: Checked,
): Promise<Written> {
  for (let tries = 1; ; tries += 1) {
    try {
      const decision = await asOperator(floor, operator, async (tx) =>
        accept(await writeFile(tx, operator, options, map, checked)),
      )
      if (!decision.ok) throw new Error(`the import was refused: ${decision.refusal.code}`)
      return decision.value
    } catch (error) {
      const again = isWorthRetrying(error) || asRefusal(error)?.code === 'already_exists'
      if (!again || tries === mostTries) throw error
    }
  }
}

/** The good rows of a batch, each with the key by which it is known again. */
function keyRows(map: ImportMap, columns: readonly string[]) {
  const prefix = keyPrefix(columns)
  const occurrence = countOccurrences()
  return (lines: readonly SourceLine[], toSource: ToSource): Keyed[] =>
    lines.flatMap((line) => {
      if (!('cells' in line)) return []
      const source = toSource(line.cells)
      const imported = toImported(map, source)
      if (!imported.ok) return []
      const digest = rowDigest(columns, source)
      return [{ line: line.line, key: `${prefix}:${digest}:${occurrence(digest)}`, value: imported.value }]
    })
}

/** The second reading: writes what is not there yet, a thousand rows at a time. */
async function writeFile(
  tx: Tx,
  operator: Operator,
  options: ImportOptions,
  map: ImportMap,
  checked: Checked,
): Promise<Written> {
  await lockImports(tx)
  const columns = mappedColumns(map)
  if (await hasOtherKeys(tx, map.source, keyPrefix(columns))) {
    throw new SetupProblem(
      `Rows of the source "${map.source}" were imported with a mapping of other columns, so they would not be known again and come in twice: map the same columns as then, or name another source.`,
    )
  }
  const at = tx.now()
  const file = basename(options.file)
  const run: Run = { tx, operator, map, file, sha256: checked.sha256, at, assetIds: new Map() }
  const toKeyed = keyRows(map, columns)
  let done = 0
  let total = nothing
  // While the database writes one batch, the next one is read. It has ended, well or not, when this returns:
  // nothing may be said on a connection that was given back.
  let writing = Promise.resolve()
  let sha256: string
  try {
    sha256 = await eachBatch(options.file, map, async (lines, toSource) => {
      const rows = toKeyed(lines, toSource)
      await writing
      writing = writeBatch(run, rows).then((written) => {
        total = add(total, written)
        done += lines.length
        options.onProgress?.(done, checked.rows)
      })
      writing.catch(() => undefined)
    })
    await writing
  } finally {
    await writing.catch(() => undefined)
  }
  if (sha256 !== checked.sha256)
    throw new SetupProblem(`The file ${options.file} changed while it was read: nothing was imported.`)
  return total
}

const add = (a: Written, b: Written): Written => ({
  imported: a.imported + b.imported,
  already_there: a.already_there + b.already_there,
  assets_created: a.assets_created + b.assets_created,
})

const mostShown = 200
const n = (count: number, one: string): string =>
  `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`

/** The report for people: what was done, then each bad line with its reason. */
export function printReport(report: ImportReport): string {
  const badLines = new Set(report.bad.map(({ line }) => line)).size
  const outcome =
    badLines > 0 && report.imported === 0 && report.already_there === 0
      ? `nothing was imported, because ${n(badLines, 'row')} of ${n(report.rows, 'row')} cannot be: repair the file, or ask for the good rows with --skip-bad`
      : `${n(report.imported, 'work order')} imported, ${n(report.already_there, 'row')} already there, ${n(badLines, 'row')} left out, ${n(report.assets_created, 'asset')} created`
  const shown = report.bad
    .slice(0, mostShown)
    .map(
      ({ line, column, reason }) => `  line ${line}${column === null ? '' : `, ${quote(column)}`}: ${reason}`,
    )
  const hidden = report.bad.length - shown.length
  return [
    `${report.file}: ${outcome} (${report.seconds.toFixed(1)} s)`,
    ...shown,
    ...(hidden > 0 ? [`  … and ${n(hidden, 'problem')} more; --json lists every one`] : []),
  ].join('\n')
}
