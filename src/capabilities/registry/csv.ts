/**
 * CSV as registries are written and read: UTF-8, commas, the first line names the columns. A cell that a spreadsheet would
 * run as a formula has a quote before it, and loses it again when it is read: what was written is read as it was.
 */
import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'

export type CsvLine = { readonly line: number; readonly cells: readonly string[] }
/** `column` is null when the line as a whole is meant. */
export type Problem = { readonly line: number; readonly column: string | null; readonly message: string }

/** What a spreadsheet takes for a formula, and what would be taken for the quote that hides one. */
const hidden = /^'*[=+\-@\t\uFF1D\uFF0B\uFF0D\uFF20]/
const toHidden = (cell: string): string => (hidden.test(cell) ? `'${cell}` : cell)
const toShown = (cell: string): string => (cell.startsWith("'") && hidden.test(cell) ? cell.slice(1) : cell)

export const writeCsv = (rows: readonly (readonly string[])[]): string =>
  stringify(rows.map((cells) => cells.map((cell) => toHidden(unifyBreaks(cell)))))

/** Every line break is one character here, as a spreadsheet would have it. */
export const unifyBreaks = (text: string): string => text.replace(/\r\n?/g, '\n')

/** The lines of a text with the numbers at which they begin; blank ones are passed over. */
export function readCsv(text: string): CsvLine[] | Problem {
  try {
    const read: unknown = parse(unifyBreaks(text.replace(/^\uFEFF/, '')), {
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: '\n',
    })
    return (read as { record: string[]; info: { lines: number } }[]).map(({ record, info }) => ({
      line: info.lines - record.join('').split('\n').length + 1,
      cells: record.map(toShown),
    }))
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const at: unknown = error['lines']
    return { line: typeof at === 'number' ? at : 1, column: null, message: reasons[error.code] ?? unclear }
  }
}

const unclear = 'is not CSV: write each cell with a comma, a quote or a line break in quotes'
const reasons: { readonly [code: string]: string } = {
  CSV_QUOTE_NOT_CLOSED: 'is the end, and a quote before it is not closed: close it',
  INVALID_OPENING_QUOTE:
    'has a quote inside a cell that does not begin with one: quote the whole cell, and double the quotes in it',
  CSV_INVALID_CLOSING_QUOTE: 'has a cell that goes on after its closing quote: double the quotes in it',
}
