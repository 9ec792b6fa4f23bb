/**
 * Columns of a registry's CSV: how a value is written as a cell, and what a cell says. An empty cell is the value that there
 * is none; whether that may be is for the operation that changes the record.
 */
import { toInstant } from '#domain/instant.ts'
import type { GrantedRole } from '#domain/principal.ts'
import { toEndOfDay } from '#domain/qualification.ts'
import { isDay } from '#domain/wall-clock.ts'

export type Value = unknown
export type Column = {
  readonly name: string
  /** What the empty cell means. */
  readonly empty: Value
  write(value: Value): string
  /** Undefined when the cell is not understood; then `form` says what is. */
  read(cell: string): Value
  readonly form: string
  /** Who sees it; everybody who reads the registry when left out. */
  readonly readers?: readonly GrantedRole[]
  /** Said of a new record, and not changed afterwards by an import. */
  readonly fixed?: true
}

export const text = (name: string): Column => ({
  name,
  empty: null,
  write: (value) =>
    typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value),
  read: (cell) => cell,
  form: 'text',
})

export const whole = (name: string): Column => ({
  ...text(name),
  read: (cell) => (/^-?\d{1,9}$/.test(cell.trim()) ? Number(cell) : undefined),
  form: 'a whole number such as 3',
})

export const flag = (name: string): Column => ({
  ...text(name),
  empty: false,
  write: (value) => (value === true ? 'true' : 'false'),
  read: (cell) => ({ true: true, false: false })[cell.trim().toLowerCase()],
  form: 'true or false',
})

export const day = (name: string): Column => ({
  ...text(name),
  read: (cell) => (isDay(cell) ? cell : undefined),
  form: 'a day such as 2027-12-31',
})

/** With a zone; a day alone is good to its end (UTC), as everywhere. */
export const instant = (name: string): Column => ({
  ...text(name),
  read(cell) {
    if (/^\d{4}-\d\d-\d\d$/.test(cell)) return isDay(cell) ? toEndOfDay(cell) : undefined
    const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(cell)
    const ms = Date.parse(cell)
    if (!isInstant || Number.isNaN(ms) || !isDay(cell.slice(0, 10))) return undefined
    // Finer than a millisecond it stays as it is: it was written by us.
    return cell.endsWith('Z') && /\.\d{4,6}Z$/.test(cell) ? cell : toInstant(ms * 1000)
  },
  form: 'a time such as 2027-12-31T16:00:00Z, or a day such as 2027-12-31',
})

/** Parted by semicolons; as JSON where one of them holds what parts them. */
export const list = (name: string): Column => ({
  ...text(name),
  empty: [],
  write(value) {
    const items = value as readonly string[]
    const isPlain = items.every((item) => item.trim() === item && item !== '' && !/^\[|;/.test(item))
    return isPlain ? items.join('; ') : JSON.stringify(items)
  },
  read: (cell) =>
    cell.trimStart().startsWith('[') ? readTexts(cell) : cell.split(';').map((item) => item.trim()),
  form: 'a list such as fitter; welder',
})

function readTexts(cell: string): Value {
  try {
    const read: unknown = JSON.parse(cell)
    return Array.isArray(read) && read.every((item) => typeof item === 'string') ? read : undefined
  } catch {
    return undefined
  }
}

type Parts = { readonly [part: string]: string | undefined }
/** Things in a row, each written by a pattern with named parts. */
const pieces = (
  name: string,
  pattern: RegExp,
  form: string,
  toValue: (parts: Parts) => Value,
  toPiece: (value: never) => string,
): Column => ({
  ...text(name),
  empty: [],
  write: (value) => (value as never[]).map(toPiece).join('; '),
  read(cell) {
    const found = cell.split(';').map((piece) => pattern.exec(piece.trim())?.groups)
    return found.some((parts) => parts === undefined) ? undefined : found.map((parts) => toValue(parts ?? {}))
  },
  form,
})

export const shifts = (name: string): Column =>
  pieces(
    name,
    /^(?<days>\d(?:,\d)*) (?<start>\d\d:\d\d)-(?<end>\d\d:\d\d)$/,
    'shifts such as 1,2,3,4,5 07:00-15:30; 6 08:00-12:00',
    ({ days = '', start, end }) => ({ weekdays: days.split(',').map(Number), start, end }),
    ({ weekdays, start, end }: { weekdays: number[]; start: string; end: string }) =>
      `${weekdays.join(',')} ${start}-${end}`,
  )

type DayPart = { readonly date: string; readonly start?: string; readonly end?: string }
export const dayParts = (name: string): Column =>
  pieces(
    name,
    /^(?<date>\d{4}-\d\d-\d\d)(?: (?<start>\d\d:\d\d)?-(?<end>\d\d:\d\d)?)?$/,
    'days such as 2027-12-24 12:00-24:00; 2027-12-25',
    ({ date, start, end }) => ({
      date,
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
    }),
    ({ date, start, end }: DayPart) =>
      start === undefined && end === undefined ? date : `${date} ${start ?? ''}-${end ?? ''}`,
  )
