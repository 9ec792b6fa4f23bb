/**
 * How a row of somebody else's table becomes a closed work order. The map says which column is what; a row
 * that does not fit is not bent into shape: every problem of it is named, with its column.
 */
import { count, formulaProblem, parseCellDate, quote } from './import-cell.ts'
import type { LifecycleName } from './lifecycles.ts'
import { findSecrets } from './secret-scan.ts'
import type { Attributes, Priority } from './work-order.ts'

export type TextRule = {
  readonly column: string
  readonly required: boolean
  /** Of `+`, `-` and `@`: marks that this column sets before plain words, where they are no formula. */
  readonly may_begin_with?: string | undefined
}
export type AttributeRule = TextRule & { readonly as: 'text' | 'decimal' | 'number' }
export type DateRule = { readonly column: string; readonly required: boolean; readonly format: string }
export type AssetRule = TextRule & { readonly tag: string; readonly name: string }
export type PriorityRule = {
  readonly column: string
  readonly values: { readonly [cell: string]: Priority }
  /** For a cell that `values` does not name; without it such a cell is a problem. */
  readonly otherwise?: Priority | undefined
}

/** A row known to be damaged at its source, and what its cells must have been. */
export type CorrectionRule = {
  readonly where: SourceRow
  readonly set: SourceRow
  readonly because: string
}
export type Correction = {
  readonly column: string
  readonly from: string
  readonly to: string
  readonly because: string
}

export type ImportMap = {
  readonly source: string
  readonly lifecycle: LifecycleName
  readonly delimiter: string
  /** Cells that say nothing. */
  readonly empty: readonly string[]
  readonly title: TextRule
  readonly description?: TextRule | undefined
  readonly project?: TextRule | undefined
  readonly work_category?: TextRule | undefined
  readonly priority?: PriorityRule | undefined
  readonly asset?: AssetRule | undefined
  readonly actual_start?: DateRule | undefined
  readonly actual_end?: DateRule | undefined
  readonly actual_hours?: { readonly column: string; readonly required: boolean } | undefined
  readonly attributes: { readonly [name: string]: AttributeRule }
  readonly corrections: readonly CorrectionRule[]
}

export type Imported = {
  readonly title: string
  readonly description: string | null
  readonly project: string | null
  readonly work_category: string | null
  readonly priority: Priority
  readonly asset: { readonly tag: string; readonly name: string } | null
  readonly actual_start: string | null
  readonly actual_end: string | null
  readonly actual_hours: number | null
  readonly attributes: Attributes
  /** What the map corrected; the work order's entry says so. */
  readonly corrections: readonly Correction[]
}

export type ImportProblem = { readonly column: string; readonly reason: string }
export type ImportedRow =
  | { readonly ok: true; readonly value: Imported }
  | { readonly ok: false; readonly problems: readonly ImportProblem[] }
/** The cells of a row by the names of their columns. */
export type SourceRow = { readonly [column: string]: string }

const most = { title: 500, description: 50_000, project: 200, work_category: 200, tag: 200, name: 500 }
const mostAttribute = 10_000

type Report = (column: string, reason: string) => void

export function toImported(map: ImportMap, given: SourceRow): ImportedRow {
  const secrets = listSecrets(given)
  if (secrets.length > 0) return { ok: false, problems: secrets }
  const { row, corrections } = correct(map, given)
  const problems: ImportProblem[] = []
  // A column may be read twice (start and end of one day): its problem is told once.
  const report: Report = (column, reason) => {
    const known = problems.some((problem) => problem.column === column && problem.reason === reason)
    if (!known) problems.push({ column, reason })
  }
  const text = (rule: TextRule | undefined, limit: number): string | null =>
    rule === undefined ? null : readText(map, rule, row, limit, report)
  const hours = map.actual_hours
  const value: Imported = {
    title: readTitle(map, row, report),
    description: text(map.description, most.description),
    project: text(map.project, most.project),
    work_category: text(map.work_category, most.work_category),
    priority: readPriority(map, row, report),
    asset: readAsset(map, row, report),
    actual_start: readDate(map, map.actual_start, row, report),
    actual_end: readDate(map, map.actual_end, row, report),
    actual_hours: hours === undefined ? null : readHours(map, hours, row, report),
    attributes: readAttributes(map, row, report),
    corrections,
  }
  if (
    map.actual_end !== undefined &&
    value.actual_start !== null &&
    value.actual_end !== null &&
    value.actual_end < value.actual_start
  )
    report(map.actual_end.column, `${quote(row[map.actual_end.column])} is before the start`)
  return problems.length === 0 ? { ok: true, value } : { ok: false, problems }
}

/** Other problems repeat the cell that they are about: where there is a secret in the row, nothing else is said. */
const listSecrets = (row: SourceRow): ImportProblem[] =>
  findSecrets(row).map(({ path, kind }) => ({
    column: path,
    reason: `looks like a secret (${kind.replaceAll('_', ' ')})`,
  }))

/** The row's key stays that of the cells as they came, so that a corrected row is known again. */
function correct(map: ImportMap, given: SourceRow): { row: SourceRow; corrections: Correction[] } {
  const rule = map.corrections.find(({ where }) =>
    Object.entries(where).every(([column, cell]) => given[column] === cell),
  )
  if (rule === undefined) return { row: given, corrections: [] }
  const { set, because } = rule
  const corrections = Object.entries(set).map(([column, to]) => ({
    column,
    from: given[column] ?? '',
    to,
    because,
  }))
  return { row: { ...given, ...set }, corrections }
}

const isEmpty = (map: ImportMap, cell: string): boolean => map.empty.includes(cell.trim())

/** The cell as it stands, or null when it says nothing or does not fit. */
function readText(
  map: ImportMap,
  rule: TextRule,
  row: SourceRow,
  limit: number,
  report: Report,
): string | null {
  const cell = row[rule.column] ?? ''
  if (isEmpty(map, cell)) {
    if (rule.required) report(rule.column, `is empty${cell.trim() === '' ? '' : ` (${quote(cell)})`}`)
    return null
  }
  if (cell.length > limit) {
    report(rule.column, `has ${count(cell.length)} characters; at most ${count(limit)} are kept`)
    return null
  }
  const formula = formulaProblem(cell, rule.may_begin_with ?? '')
  if (formula !== undefined) report(rule.column, formula)
  return cell
}

function readTitle(map: ImportMap, row: SourceRow, report: Report): string {
  const { column } = map.title
  const title = readText(map, { ...map.title, required: true }, row, most.title, report) ?? ''
  if (/[\r\n]/.test(title)) report(column, `holds a line break: ${quote(title)}; a title is one line`)
  return title
}

function readPriority(map: ImportMap, row: SourceRow, report: Report): Priority {
  if (map.priority === undefined) return 'medium'
  const { column, values, otherwise } = map.priority
  const cell = row[column] ?? ''
  const priority = Object.hasOwn(values, cell) ? values[cell] : otherwise
  if (priority === undefined)
    report(
      column,
      `${quote(cell)} is not a priority that the mapping names: ${Object.keys(values).join(', ')}`,
    )
  return priority ?? 'medium'
}

function readAsset(map: ImportMap, row: SourceRow, report: Report): Imported['asset'] {
  if (map.asset === undefined) return null
  const cell = readText(map, map.asset, row, most.tag, report)?.trim()
  if (cell === undefined) return null
  const asset = { tag: fill(map.asset.tag, cell), name: fill(map.asset.name, cell) }
  for (const part of ['tag', 'name'] as const)
    if (asset[part].length > most[part])
      report(map.asset.column, `gives a ${part} of more than ${most[part]} characters`)
  return asset
}
const fill = (template: string, value: string): string => template.replaceAll('{value}', () => value)

function readAttributes(map: ImportMap, row: SourceRow, report: Report): Attributes {
  const attributes: [string, string | number][] = []
  for (const [name, rule] of Object.entries(map.attributes)) {
    const cell = readText(map, rule, row, mostAttribute, report)
    if (cell === null) continue
    if (rule.as === 'text') attributes.push([name, cell])
    else if (!decimal.test(cell.trim()))
      report(rule.column, `${quote(cell)} is not a decimal number such as -1234.50`)
    else attributes.push([name, rule.as === 'decimal' ? cell.trim() : Number(cell)])
  }
  return Object.fromEntries(attributes)
}

const decimal = /^-?(?=.{1,16}$)\d+(\.\d+)?$/

function readHours(
  map: ImportMap,
  rule: NonNullable<ImportMap['actual_hours']>,
  row: SourceRow,
  report: Report,
): number | null {
  const cell = readText(map, rule, row, 100, report)
  if (cell === null) return null
  const hours = Number(cell)
  if (decimal.test(cell.trim()) && hours >= 0 && hours <= 1e6) return hours
  report(rule.column, `${quote(cell)} is not a number of hours from 0 to 1000000`)
  return null
}

function readDate(map: ImportMap, rule: DateRule | undefined, row: SourceRow, report: Report): string | null {
  if (rule === undefined) return null
  const cell = row[rule.column] ?? ''
  if (isEmpty(map, cell)) {
    if (rule.required) report(rule.column, `is empty; a date is expected (${rule.format})`)
    return null
  }
  const instant = parseCellDate(rule.format, cell.trim())
  if (instant === undefined)
    report(rule.column, `${quote(cell)} is not a calendar day between 1900 and 2199 (${rule.format})`)
  return instant ?? null
}
