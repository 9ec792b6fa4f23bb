/** How values come back: times as RFC 3339 text in microseconds, days as YYYY-MM-DD; what is stored is what is shown. */
import { types as pgTypes } from 'pg'

const toInstant = (text: string): string => `${text.replace(' ', 'T').replace(/\+00$/, '')}Z`
const parsers = new Map<number, (text: string) => unknown>([
  [1082, (text) => text],
  [1184, toInstant],
  [20, Number],
])
type Parse = (text: string) => unknown
const parseAsPg = pgTypes.getTypeParser as (oid: number, format?: string) => Parse

export const types = {
  getTypeParser: (oid: number, format?: string): Parse =>
    (format !== 'binary' ? parsers.get(oid) : undefined) ?? parseAsPg(oid, format),
}
