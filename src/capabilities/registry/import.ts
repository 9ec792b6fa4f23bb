/**
 * From CSV to a registry, all of it or nothing: every line is compared with the record as it stands, and where it differs the
 * operation of the house does what it would do alone. Every record is locked before the first is changed, so that the log
 * has the entries of a record in their order. A line that changes nothing writes nothing.
 */
import { toCanonical } from '#domain/entry.ts'
import { toProblem } from '#domain/problem.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import type { Operation } from '#platform/operation.ts'
import { decideCall, toInvalidInput } from '#platform/perform.ts'
import type { Tx } from '#platform/tx.ts'
import { unifyBreaks } from './csv.ts'
import type { CsvLine, Problem } from './csv.ts'
import type { Registry, Row, Standing } from './registries.ts'
import { readTable, toKey, toOrder } from './table.ts'

/** Each record that is changed is locked to the end. */
const mostRows = 2000

export type Change = {
  readonly line: number
  readonly name: string
  readonly what: 'created' | 'updated'
  readonly columns: readonly string[]
}
export type Imported = { readonly rows: number; readonly changes: readonly Change[] }

/** The lines of a CSV, the header first. What is refused is refused with every problem of every line. */
export async function importLines(
  tx: Tx,
  actor: Actor,
  registry: Registry,
  lines: readonly CsvLine[],
  reason: string,
): Promise<Decision<Imported>> {
  const forbidden = decideCall(registry.update.operation, actor)
  if (forbidden !== undefined) return refuse(forbidden)
  const { rows, problems: flaws } = readTable(registry, lines)
  if (flaws.length > 0) return refuse(toRefusal(flaws))
  if (rows.length > mostRows) return refuse(toRefusal([tooMany(rows.length)]))
  const names = [...new Set(rows.map(({ row }) => nameOf(registry, row)))]
  const seen = toIndex(registry, await registry.load(tx, names))
  const touched = rows.flatMap(({ row }) => {
    const isSame = findChanged(row, seen.rows.get(toKey(registry, row))).length === 0
    return isSame ? [] : (seen.records.get(nameOf(registry, row)) ?? [])
  })
  // In one order, so that no two imports wait for each other.
  for (const id of touched.toSorted()) tx.lock(id)
  const standing = toIndex(registry, await registry.load(tx, names))
  const changes: Change[] = []
  const problems: Problem[] = []
  for (const { line, row } of toOrder(registry, rows)) {
    const before = standing.rows.get(toKey(registry, row))
    const columns = findChanged(row, before)
    if (columns.length === 0) continue
    const isThere = standing.records.has(nameOf(registry, row))
    const done = await applyRow(tx, actor, registry, { row, before, columns, isThere, reason })
    if (!done.ok) problems.push(...toProblems(registry, line, done.refusal))
    const what = before === undefined ? 'created' : 'updated'
    changes.push({ line, name: registry.key.map((name) => row[name]).join(', '), what, columns })
  }
  return problems.length > 0
    ? refuse(toRefusal(problems.toSorted((a, b) => a.line - b.line)))
    : accept({ rows: rows.length, changes: changes.toSorted((a, b) => a.line - b.line) })
}

const nameOf = ({ key: [name = ''] }: Registry, row: Row): string => String(row[name])

/** The rows as they stand by their keys, and the ids of the records that they are of by name. */
const toIndex = (registry: Registry, all: readonly Standing[]) => ({
  rows: new Map(all.flatMap(({ row }) => (row === null ? [] : [[toKey(registry, row), row] as const]))),
  records: new Map(all.map(({ of, id }) => [of, id])),
})

/** The given columns that differ from what stands: all of them where nothing does. */
const findChanged = (row: Row, before: Row | undefined): string[] =>
  Object.keys(row).filter(
    (name) => before === undefined || toComparable(row[name]) !== toComparable(before[name]),
  )

const toComparable = (value: unknown): string =>
  typeof value === 'string' ? unifyBreaks(value) : JSON.stringify(toCanonical({ value: value ?? null }))

type Applying = {
  readonly row: Row
  readonly before: Row | undefined
  readonly columns: readonly string[]
  readonly isThere: boolean
  readonly reason: string
}

/** Sent at once, so that the next line sees it. */
async function applyRow(
  tx: Tx,
  actor: Actor,
  registry: Registry,
  { row, before, columns, isThere, reason }: Applying,
): Promise<Decision<unknown>> {
  const { create, update, key } = registry
  const fixed = registry.columns.filter(({ name, fixed: isFixed }) => isFixed && columns.includes(name))
  if (isThere && fixed.length > 0) return refuse(toInvalid(fixed.map(({ name }) => [name, isFixedText])))
  let left = columns
  if (!isThere) {
    if (create === undefined)
      return refuse(toInvalid([[key[0] ?? '', 'is the name of nobody here: register them first']]))
    const given = Object.entries(row).filter(([name, value]) => create.from.includes(name) && value !== null)
    const made = await run(tx, actor, create.operation, Object.fromEntries(given))
    if (!made.ok) return made
    left = listUnset(registry, row, create.from)
    if (left.length === 0) return made
  }
  const changed = Object.fromEntries(left.map((name) => [name, row[name]]))
  const input = await update.toInput(tx, { row: { ...before, ...row }, changed, reason })
  return run(tx, actor, update.operation, input)
}

const isFixedText = 'is said when somebody is registered, and not changed by an import'

/** What making a record did not take, and is not as it is by itself. */
const listUnset = ({ columns }: Registry, row: Row, made: readonly string[]): string[] =>
  columns
    .filter(
      ({ name, empty }) =>
        !made.includes(name) && name in row && toComparable(row[name]) !== toComparable(empty),
    )
    .map(({ name }) => name)

async function run(
  tx: Tx,
  actor: Actor,
  operation: Operation,
  input: { readonly [member: string]: unknown },
): Promise<Decision<unknown>> {
  const forbidden = decideCall(operation, actor)
  if (forbidden !== undefined) return refuse(forbidden)
  const parsed = operation.input.safeParse(input)
  if (!parsed.success) return refuse(toInvalidInput(parsed.error))
  const decision = await operation.run(tx, actor, parsed.data)
  await tx.send()
  return decision
}

// ------------------------------------------------------------------------------------------------- refusals

const toInvalid = (errors: readonly (readonly [path: string, message: string])[]): Refusal => ({
  code: 'invalid_input',
  errors: errors.map(([path, message]) => ({ path, message })),
})

const tooMany = (count: number): Problem => ({
  line: 1,
  column: null,
  message: `${count} rows follow, and ${mostRows} are the most at once: split the file`,
})

/** What an operation refused, as a problem of the line and, where it names one, of the column. */
function toProblems({ columns }: Registry, line: number, refusal: Refusal): Problem[] {
  const names = columns.map(({ name }) => name)
  const toColumn = (path: string): string | null =>
    path.split('.').findLast((part) => names.includes(part)) ?? null
  if (refusal.code === 'invalid_input')
    return refusal.errors.map(({ path, message }) => ({ line, column: toColumn(path), message }))
  const { title } = toProblem(refusal)
  if (refusal.code !== 'unknown_reference') return [{ line, column: null, message: title }]
  const column = toColumn(refusal.field)
  return [{ line, column, message: column === null ? title : title.replace(`${refusal.field}: `, '') }]
}

const mostTold = 200

export function toRefusal(problems: readonly Problem[]): Refusal {
  const told = problems
    .slice(0, mostTold)
    .map(({ line, column, message }): [string, string] => [
      column === null ? `line ${line}` : `line ${line}, ${column}`,
      message,
    ])
  const more = problems.length - told.length
  return toInvalid(more > 0 ? [...told, ['', `and ${more} more`]] : told)
}
