/**
 * A CSV file as rows with their line numbers, read as a stream: a damaged line is named and the next one is
 * read all the same. The cells are read strictly; bytes that are not UTF-8 are found as bytes, so that
 * nothing becomes a U+FFFD unnoticed.
 */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import { SetupProblem } from '#platform/error.ts'
import { countByte, openGrouping, splitLines } from './lines.ts'
import type { BadRow, Line, RawRecord } from './lines.ts'

export type GoodRow = { readonly line: number; readonly cells: readonly string[] }
export type SourceLine = GoodRow | BadRow

export type Table = {
  readonly columns: readonly string[]
  /** The rows in the order of the file; to be read once. */
  readonly batches: AsyncGenerator<SourceLine[]>
  /** Of the whole file, hex; to be asked when the last batch was read. */
  sha256(): string
  close(): Promise<void>
}

const batchSize = 1000

export async function openTable(path: string, delimiter: string): Promise<Table> {
  const hash = createHash('sha256')
  const lines = splitLines(readBytes(path, hash))
  const first = await lines.next()
  const [header, ...others] = first.done === true ? [] : first.value
  if (header === undefined) throw new SetupProblem(`The file ${path} is empty.`)
  const columns = parseHeader(path, header, delimiter)
  return {
    columns,
    batches: readRows(columns, delimiter, others, lines),
    sha256: () => hash.digest('hex'),
    close: async () => void (await lines.return(undefined)),
  }
}

async function* readBytes(path: string, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer)
      yield chunk as Buffer
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${message})`
    throw new SetupProblem(`The file ${path} ${why}.`, { cause: error })
  }
}

function parseHeader(path: string, { bytes, tooLong }: Line, delimiter: string): string[] {
  const mark = bytes.subarray(0, 2).toString('hex')
  if (mark === 'fffe' || mark === 'feff' || bytes.includes(0))
    throw new SetupProblem(`The file ${path} is UTF-16, or no text at all: save it as CSV in UTF-8.`)
  const cells =
    tooLong || !isUtf8(bytes)
      ? undefined
      : parseCells(bytes.toString('utf8').replace(/^\uFEFF/, ''), delimiter)
  if (!Array.isArray(cells) || cells.every((cell) => cell.trim() === ''))
    throw new SetupProblem(`The first line of ${path} must name the columns, as CSV in UTF-8.`)
  return cells.map((cell) => cell.trim())
}

async function* readRows(
  columns: readonly string[],
  delimiter: string,
  first: readonly Line[],
  lines: AsyncIterable<readonly Line[]>,
): AsyncGenerator<SourceLine[]> {
  const grouping = openGrouping((some, joined) => isOneRow(some, joined, columns, delimiter))
  let records: (RawRecord | BadRow)[] = []
  const take = function* (some: readonly Line[]): Generator<SourceLine[]> {
    for (const line of some) {
      grouping.take(line, records)
      if (records.length < batchSize) continue
      yield toRows(records, columns, delimiter)
      records = []
    }
  }
  yield* take(first)
  for await (const some of lines) yield* take(some)
  grouping.end(records)
  if (records.length > 0) yield toRows(records, columns, delimiter)
}

/**
 * Lines that a quoted cell ties together. Where one of them has all the delimiters of a row, two unclosed
 * quotes met by accident: better to name a good row than to swallow the ones between.
 */
function isOneRow(
  lines: readonly Line[],
  joined: Buffer,
  columns: readonly string[],
  delimiter: string,
): boolean {
  const mark = delimiter.charCodeAt(0)
  const looksWhole = ({ bytes }: Line): boolean =>
    columns.length >= 6 && countByte(bytes, mark) >= columns.length - 1
  if (lines.slice(1).some(looksWhole)) return false
  const cells = parseCells(joined.toString('latin1'), delimiter)
  return Array.isArray(cells) && cells.length === columns.length
}

/** All records at once when they are sound, one by one when not. */
function toRows(
  records: readonly (RawRecord | BadRow)[],
  columns: readonly string[],
  delimiter: string,
): SourceLine[] {
  const sound = records.filter((record): record is RawRecord => 'bytes' in record && isText(record.bytes))
  const text = sound.map(({ bytes }) => bytes.toString('utf8'))
  const parsed = parseAll(text.join('\n'), delimiter)
  const whole = Array.isArray(parsed) && parsed.length === sound.length ? parsed : undefined
  let next = 0
  return records.map((record) => {
    if (!('bytes' in record)) return record
    if (!isText(record.bytes)) return nameDamage(record, columns, delimiter)
    const at = next
    next += 1
    const cells = whole?.[at] ?? parseCells(text[at] ?? '', delimiter)
    return toRow(record.line, cells, columns)
  })
}

const isText = (bytes: Buffer): boolean => isUtf8(bytes) && !bytes.includes(0)

function toRow(line: number, cells: string[] | CsvError, columns: readonly string[]): SourceLine {
  if (!Array.isArray(cells)) {
    const at: unknown = cells['column']
    return { line, column: (typeof at === 'number' ? columns[at] : undefined) ?? null, reason: say(cells) }
  }
  return cells.length === columns.length
    ? { line, cells }
    : { line, column: null, reason: `has ${cells.length} cells; the header has ${columns.length}` }
}

/** Which cell is not text. Read as Latin-1 every byte is one character, so that the cells stay what they were. */
function nameDamage({ line, bytes }: RawRecord, columns: readonly string[], delimiter: string): BadRow {
  const cells = parseCells(bytes.toString('latin1'), delimiter)
  const at = Array.isArray(cells) ? cells.findIndex((cell) => !isText(Buffer.from(cell, 'latin1'))) : -1
  const reason = bytes.includes(0)
    ? 'holds a NUL character'
    : 'has bytes that are not UTF-8: save the file in UTF-8'
  return { line, column: columns[at] ?? null, reason }
}

const strictly = { relax_column_count: true, record_delimiter: '\n' }

function parseAll(text: string, delimiter: string): string[][] | CsvError {
  try {
    return parse(text, { ...strictly, delimiter })
  } catch (error) {
    if (error instanceof CsvError) return error
    throw error
  }
}

function parseCells(text: string, delimiter: string): string[] | CsvError {
  const parsed = parseAll(text, delimiter)
  return Array.isArray(parsed) ? (parsed[0] ?? []) : parsed
}

const reasons: { readonly [code: string]: string } = {
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is not closed',
  INVALID_OPENING_QUOTE: 'has a quote inside a cell that does not begin with one: quote the whole cell',
  CSV_INVALID_CLOSING_QUOTE: 'goes on after the quote that closes the cell',
}
const say = (error: CsvError): string => reasons[error.code] ?? `is not CSV (${error.code})`
