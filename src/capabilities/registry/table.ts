/** The lines of a CSV as rows of a registry: which columns they have, what the cells say, and that none is named twice. */
import type { Column } from './column.ts'
import type { CsvLine, Problem } from './csv.ts'
import type { Registry, Row } from './registries.ts'

/** Only the columns that the file has. */
export type TableRow = { readonly line: number; readonly row: Row }
export type Table = { readonly rows: readonly TableRow[]; readonly problems: readonly Problem[] }

export const toKey = ({ key }: Registry, row: Row): string => JSON.stringify(key.map((name) => row[name]))

/** The first line names the columns; every problem of every line is told. */
export function readTable(registry: Registry, [header, ...lines]: readonly CsvLine[]): Table {
  const columns = header === undefined ? [] : header.cells.map((name) => findColumn(registry, name))
  const problems = findHeaderProblems(registry, header)
  if (problems.length > 0) return { rows: [], problems }
  const rows: TableRow[] = []
  const firstLines = new Map<string, number>()
  for (const { line, cells } of lines) {
    if (cells.length !== columns.length) {
      const message = `has ${cells.length} cells, and the header has ${columns.length}`
      problems.push({ line, column: null, message })
      continue
    }
    const row: { [column: string]: unknown } = {}
    columns.forEach((column, i) => {
      if (column === undefined) return
      const cell = cells[i] ?? ''
      const value = cell === '' ? column.empty : column.read(cell)
      if (value === undefined) problems.push({ line, column: column.name, message: `is not ${column.form}` })
      else if (
        registry.key.includes(column.name) &&
        (value === null || (typeof value === 'string' && value.trim() === ''))
      )
        problems.push({ line, column: column.name, message: 'is empty, and names what the line is about' })
      row[column.name] = value
    })
    const key = toKey(registry, row)
    const first = firstLines.get(key)
    if (first === undefined) firstLines.set(key, line)
    else
      problems.push({ line, column: null, message: `is about the same as line ${first}: keep one of them` })
    rows.push({ line, row })
  }
  return { rows, problems }
}

const findColumn = ({ columns }: Registry, name: string): Column | undefined =>
  columns.find((column) => column.name === name.trim())

function findHeaderProblems(registry: Registry, header: CsvLine | undefined): Problem[] {
  const names = registry.columns.map(({ name }) => name)
  const all = names.join(', ')
  if (header === undefined)
    return [{ line: 1, column: null, message: `is missing: it names the columns, of ${all}` }]
  const given = header.cells.map((name) => name.trim())
  const toProblem = (column: string, message: string): Problem => ({ line: header.line, column, message })
  return [
    ...given
      .filter((name) => !names.includes(name))
      .map((name) => toProblem(name.slice(0, 200), `is no column of ${registry.type}: they are ${all}`)),
    ...given
      .filter((name, i) => names.includes(name) && given.indexOf(name) !== i)
      .map((name) => toProblem(name, 'is there twice')),
    ...registry.key
      .filter((name) => !given.includes(name))
      .map((name) => toProblem(name, 'is missing: it names what a line is about')),
  ]
}

/** What another row rests on comes first; else the order of the file. A circle stays, and is refused by its own rule. */
export function toOrder({ restsOn, key: [name = ''] }: Registry, rows: readonly TableRow[]): TableRow[] {
  if (restsOn === undefined) return [...rows]
  const byName = new Map(rows.map((one) => [one.row[name], one]))
  const ordered = new Set<TableRow>()
  for (const row of rows) {
    const above: TableRow[] = []
    for (
      let at: TableRow | undefined = row;
      at !== undefined && !ordered.has(at) && !above.includes(at);
      at = byName.get(at.row[restsOn])
    )
      above.push(at)
    for (const one of above.toReversed()) ordered.add(one)
  }
  return [...ordered]
}
