/**
 * How an imported row is known again: by the cells that the map reads, as they came. What the map makes of
 * them may change; which columns it reads may not.
 */
import { createHash } from 'node:crypto'
import type { ImportMap, SourceRow } from './import-map.ts'

/** The columns that the map reads, each once, in an order that does not depend on the map's own. */
export function mappedColumns(map: ImportMap): string[] {
  const { title, description, project, work_category, priority, asset } = map
  const rules = [
    title,
    description,
    project,
    work_category,
    priority,
    asset,
    map.actual_start,
    map.actual_end,
    map.actual_hours,
    ...Object.values(map.attributes),
  ]
  return [...new Set(rules.flatMap((rule) => (rule === undefined ? [] : [rule.column])))].toSorted()
}

/** Which columns make a row's key; another set of columns makes other keys of the same rows. */
export const keyPrefix = (columns: readonly string[]): string => digest(columns).slice(0, 8)
/** Same cells, same key: what tells a row that was imported before, wherever it stands in the file now. */
export const rowDigest = (columns: readonly string[], row: SourceRow): string =>
  digest(columns.map((column) => row[column]))
const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')
