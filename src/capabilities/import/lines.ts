/**
 * Bytes to lines, lines to records. A quoted cell may go on over several lines; a quote that is never closed
 * may not swallow what follows: then only its own line is bad, and the next ones are read again.
 */
export type Line = { readonly line: number; readonly bytes: Buffer; readonly tooLong: boolean }
/** `column` is null when the line as a whole is damaged. */
export type BadRow = { readonly line: number; readonly column: string | null; readonly reason: string }
/** The bytes of one row, and the line on which it begins. */
export type RawRecord = { readonly line: number; readonly bytes: Buffer }

const mostBytes = 4 * 1024 * 1024
const lineFeed = 0x0a
const carriageReturn = 0x0d
const quoteMark = 0x22
const lineBreak = Buffer.of(lineFeed)

/** Physical lines without their ends. Of a line that is too long only the beginning is kept. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line[]> {
  let number = 0
  let rest: Buffer[] = []
  let restBytes = 0
  const finish = (end: Buffer): Line => {
    const tooLong = restBytes + end.length > mostBytes
    const bytes = rest.length === 0 ? end : Buffer.concat(tooLong ? rest : [...rest, end])
    rest = []
    restBytes = 0
    number += 1
    return { line: number, bytes: bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes, tooLong }
  }
  for await (const chunk of chunks) {
    const lines: Line[] = []
    let from = 0
    for (let to = chunk.indexOf(lineFeed); to !== -1; to = chunk.indexOf(lineFeed, from)) {
      lines.push(finish(chunk.subarray(from, to)))
      from = to + 1
    }
    if (from < chunk.length) {
      // What is beyond the limit is counted, not kept: a file of one line must not fill the memory.
      if (restBytes <= mostBytes) rest.push(chunk.subarray(from))
      restBytes += chunk.length - from
    }
    if (lines.length > 0) yield lines
  }
  if (restBytes > 0) yield [finish(Buffer.alloc(0))]
}

export type Grouping = {
  /** Puts what the line completes, if anything, at the end of `out`. */
  take(line: Line, out: (RawRecord | BadRow)[]): void
  /** The file is over: what is still open was never closed. */
  end(out: (RawRecord | BadRow)[]): void
}

/** `fits` says whether lines that belong together by their quotes are one row of this table. */
export function openGrouping(fits: (lines: readonly Line[], joined: Buffer) => boolean): Grouping {
  let open: Line[] = []
  let openBytes = 0
  const close = (): Line[] => {
    const lines = open
    open = []
    openBytes = 0
    return lines
  }
  const giveUp = (out: (RawRecord | BadRow)[]): void => {
    const [first, ...others] = close()
    if (first !== undefined)
      out.push({ line: first.line, column: null, reason: 'has a quote that is not closed' })
    for (const line of others) take(line, out)
  }
  const end = (out: (RawRecord | BadRow)[]): void => {
    while (open.length > 0) giveUp(out)
  }
  const take = (line: Line, out: (RawRecord | BadRow)[]): void => {
    if (line.tooLong) {
      end(out)
      out.push({ line: line.line, column: null, reason: 'is longer than 4 MB' })
      return
    }
    const odd = hasOddQuotes(line.bytes)
    if (open.length === 0 && !odd) {
      if (line.bytes.length > 0) out.push(line)
      return
    }
    open.push(line)
    openBytes += line.bytes.length
    if (open.length > 1 && odd) {
      const joined = Buffer.concat(open.flatMap(({ bytes }, i) => (i === 0 ? [bytes] : [lineBreak, bytes])))
      if (fits(open, joined)) out.push({ line: close()[0]?.line ?? 0, bytes: joined })
      else giveUp(out)
    } else if (openBytes > mostBytes) giveUp(out)
  }
  return { take, end }
}

export function countByte(bytes: Buffer, byte: number): number {
  let found = 0
  for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) found += 1
  return found
}

const hasOddQuotes = (bytes: Buffer): boolean => countByte(bytes, quoteMark) % 2 === 1
