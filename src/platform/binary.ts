/**
 * PostgreSQL's binary forms of the types that Docket's tables have, read into the very values that a query
 * gives in text: instants as RFC 3339, days as YYYY-MM-DD, ids as text.
 */
import { toDay, toInstant } from '#domain/instant.ts'

/** Reads the value at `bytes.subarray(start, end)`. */
export type Read = (bytes: Buffer, start: number, end: number) => unknown

/** Microseconds from 1970 to 2000, where PostgreSQL begins to count. */
const epochMicros = 946_684_800_000_000
const epochDays = 10_957

const digits = Buffer.from('0123456789abcdef')

const idText = Buffer.from('00000000-0000-0000-0000-000000000000')
/** Where the digits of each byte of a UUID stand in its text. */
const idPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

/** 16 bytes as the text of a UUID; one piece of text, which compares faster than one put together. */
export function readId(bytes: Buffer, start: number): string {
  for (let i = 0; i < 16; i += 1) {
    const byte = bytes[start + i] ?? 0
    const place = idPlaces[i] ?? 0
    idText[place] = digits[byte >> 4] ?? 0
    idText[place + 1] = digits[byte & 15] ?? 0
  }
  return idText.toString('latin1')
}

/** The two digits of each byte, as the codes of their characters. */
const digitPairs = Uint16Array.from(
  { length: 256 },
  (_, byte) => ((digits[byte >> 4] ?? 0) << 8) | (digits[byte & 15] ?? 0),
)

/** Is the text these bytes in hex, dashes aside? Much cheaper than making the text. */
export function isHexOf(text: string, bytes: Buffer, start: number, end: number): boolean {
  let at = 0
  for (let i = start; i < end; i += 1) {
    if (text.charCodeAt(at) === 45) at += 1
    if (((text.charCodeAt(at) << 8) | text.charCodeAt(at + 1)) !== digitPairs[bytes[i] ?? 0]) return false
    at += 2
  }
  return at === text.length
}

/** Microseconds since 1970. */
export const readMicros = (bytes: Buffer, start: number): number =>
  bytes.readInt32BE(start) * 2 ** 32 + bytes.readUInt32BE(start + 4) + epochMicros

const readText: Read = (bytes, start, end) => bytes.toString('utf8', start, end)

/** One dimension: count of dimensions, flag, type of the elements; length, first index; then the elements. */
function readList(element: Read): Read {
  return (bytes, start) => {
    const dimensions = bytes.readInt32BE(start)
    if (dimensions === 0) return []
    if (dimensions > 1) throw new Error('a list of lists is not known here')
    const items: unknown[] = []
    let at = start + 20
    for (let count = bytes.readInt32BE(start + 12); count > 0; count -= 1) {
      const length = bytes.readInt32BE(at)
      at += 4
      items.push(length < 0 ? null : element(bytes, at, at + length))
      at += Math.max(length, 0)
    }
    return items
  }
}

const readers: { readonly [type: string]: Read } = {
  text: readText,
  uuid: readId,
  boolean: (bytes, start) => bytes[start] === 1,
  integer: (bytes, start) => bytes.readInt32BE(start),
  'double precision': (bytes, start) => bytes.readDoubleBE(start),
  date: (bytes, start) => toDay(bytes.readInt32BE(start) + epochDays),
  'timestamp with time zone': (bytes, start) => toInstant(readMicros(bytes, start)),
  // A byte with the version of the form comes first.
  jsonb: (bytes, start, end) => JSON.parse(bytes.toString('utf8', start + 1, end)) as unknown,
  bytea: (bytes, start, end) => bytes.toString('hex', start, end),
  'text[]': readList(readText),
  'uuid[]': readList(readId),
}

/** The reader of a type, by the name that `format_type` gives it. */
export function readerOf(type: string): Read {
  const read = readers[type]
  if (read === undefined) throw new Error(`the binary form of ${type} is not known here`)
  return read
}

/** Reads a column that is mostly the same from row to row: gives the value of the last one while its bytes are. */
export function remember<T>(read: (bytes: Buffer, start: number, end: number) => T): typeof read {
  const last = Buffer.alloc(64)
  let length = -1
  let value: T | undefined
  return (bytes, start, end) => {
    let same = end - start === length
    for (let i = 0; same && i < length; i += 1) same = bytes[start + i] === last[i]
    if (same) return value as T
    length = end - start <= last.length ? bytes.copy(last, 0, start, end) : -1
    value = read(bytes, start, end)
    return value
  }
}
