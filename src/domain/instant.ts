/**
 * Instants as the trail writes them: UTC, RFC 3339, up to microseconds (`2026-11-20T21:19:39.123456Z`). As a
 * number, microseconds since 1970: whole, and exact for every year that Docket knows.
 */
const shape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z$/

/** The day is nearly always the one of the entry before: its milliseconds are kept. */
let day = ''
let dayMs = 0

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48
const pair = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1)

/** NaN when the text is not such an instant. */
export function parseInstant(text: unknown): number {
  if (typeof text !== 'string' || !shape.test(text)) return Number.NaN
  if (!text.startsWith(day) || day === '') {
    day = text.slice(0, 10)
    dayMs = Date.parse(`${day}T00:00:00Z`)
  }
  const seconds = pair(text, 11) * 3600 + pair(text, 14) * 60 + pair(text, 17)
  let micros = 0
  for (let at = 20, unit = 100_000; at < text.length - 1; at += 1, unit /= 10)
    micros += digit(text, at) * unit
  return dayMs * 1000 + seconds * 1_000_000 + micros
}

export function toInstant(micros: number): string {
  const ms = Math.floor(micros / 1000)
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return String(micros)
  const text = date.toISOString()
  const rest = micros - ms * 1000
  if (rest === 0 && ms % 1000 === 0) return `${text.slice(0, 19)}Z`
  return `${text.slice(0, 23)}${String(rest).padStart(3, '0')}`.replace(/0+$/, '') + 'Z'
}
