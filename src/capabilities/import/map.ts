/**
 * The mapping file of an import: JSON, strict, so that a misspelt member is an error and not a column that is
 * silently left out. docs/guides/import.md explains every member.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { isDateFormat } from '#domain/import-cell.ts'
import { mappedColumns } from '#domain/import-key.ts'
import type { ImportMap } from '#domain/import-map.ts'
import { priorities } from '#domain/work-order.ts'
import { SetupProblem } from '#platform/error.ts'

const column = z.string().min(1).max(200)
/** A rule that is only a column may be written as the column's name. */
const short = <T extends z.ZodType>(schema: T) =>
  z.preprocess((given) => (typeof given === 'string' ? { column: given } : given), schema)

const textRule = {
  column,
  required: z.boolean().default(false),
  may_begin_with: z
    .string()
    .regex(/^[-+@]{1,3}$/, 'must be of the marks + - @')
    .optional(),
}
const text = short(z.strictObject(textRule))
const date = z.strictObject({
  column,
  format: z
    .string()
    .refine(isDateFormat, 'must be made of YYYY, MM and DD (and HH, mm, ss), as in YYYY-MM-DD or DD/MM/YYYY'),
  required: z.boolean().default(true),
})
const template = z
  .string()
  .max(200)
  .refine((value) => value.includes('{value}'), 'must contain {value}, which stands for the cell')

const cells = z
  .record(column, z.string().max(10_000))
  .refine((value) => Object.keys(value).length > 0, 'must name a column')

const mapSchema = z.strictObject({
  source: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be a short name of lower-case letters, digits and . _ -'),
  // The fleet's numbers are drawn per day from a few thousand: they are not made for years of history.
  lifecycle: z.enum(['change-control', 'qms']),
  delimiter: z.enum([',', ';', '\t', '|']).default(','),
  empty: z.array(z.string().max(100)).max(50).default(['']),
  title: text,
  description: text.optional(),
  project: text.optional(),
  work_category: text.optional(),
  priority: z
    .strictObject({
      column,
      values: z.record(z.string(), z.enum(priorities)),
      otherwise: z.enum(priorities).optional(),
    })
    .optional(),
  asset: z.strictObject({ ...textRule, tag: template, name: template }).optional(),
  actual_start: date.optional(),
  actual_end: date.optional(),
  actual_hours: short(z.strictObject({ column, required: textRule.required })).optional(),
  attributes: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,99}$/, 'must be a name of lower-case letters, digits and _'),
      short(z.strictObject({ ...textRule, as: z.enum(['text', 'decimal', 'number']).default('text') })),
    )
    .refine((value) => Object.keys(value).length <= 100, 'has more than 100 attributes')
    .default({}),
  corrections: z
    .array(z.strictObject({ where: cells, set: cells, because: z.string().min(1).max(500) }))
    .max(1000)
    .default([]),
})

export function readMap(path: string): ImportMap {
  let given: unknown
  try {
    given = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new SetupProblem(`The mapping ${path} cannot be read: ${(error as Error).message}.`, {
      cause: error,
    })
  }
  const result = mapSchema.safeParse(given)
  if (!result.success) {
    const problems = result.error.issues.map(
      (issue) => `${issue.path.length === 0 ? 'the whole' : issue.path.join('.')}: ${issue.message}`,
    )
    throw new SetupProblem(`The mapping ${path} is not right: ${problems.join('; ')}.`)
  }
  const { empty, ...map } = result.data
  return { ...map, empty: [...new Set(['', ...empty])] }
}

/** Every column that the mapping names must be there, and be there once. */
export function assertColumns(map: ImportMap, columns: readonly string[], file: string): void {
  const wanted = mappedColumns(map)
  const missing = wanted.filter((name) => !columns.includes(name))
  if (missing.length > 0) {
    throw new SetupProblem(
      `The mapping names ${list(missing)}, which ${file} does not have; its columns are ${list(columns)}.`,
    )
  }
  const corrected = map.corrections.flatMap(({ where, set }) => [...Object.keys(where), ...Object.keys(set)])
  const unmapped = [...new Set(corrected)].filter((name) => !wanted.includes(name))
  if (unmapped.length > 0)
    throw new SetupProblem(`The mapping corrects ${list(unmapped)}, but maps no such column.`)
  const twice = wanted.filter((name) => columns.indexOf(name) !== columns.lastIndexOf(name))
  if (twice.length > 0)
    throw new SetupProblem(`${file} has more than one column ${list(twice)}: give each a name of its own.`)
}

const list = (names: readonly string[]): string => {
  const shown = names
    .slice(0, 100)
    .map((name) => (name.length > 60 ? `"${name.slice(0, 60)}…"` : `"${name}"`))
  return `${shown.join(', ')}${names.length > 100 ? ` and ${names.length - 100} more` : ''}`
}
