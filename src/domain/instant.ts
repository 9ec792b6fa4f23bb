/**
 * Instants as the trail writes them: UTC, RFC 3339, up to microseconds (`2026-11-20T21:19:39.123456Z`). As a
 * number, microseconds since 1970: whole, and exact for every year that Docket knows.
 */
const shape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z$/

/** Days are nearly always the same few: their texts and their milliseconds are kept. */
const mostKept = 1000
const dayTexts = new Map<number, string>()
const dayNumbers = new Map<string, number>()
const dayMicros = 86_400_000_000

function keep<K, V>(kept: Map<K, V>, key: K, value: V): V {
  if (kept.size >= mostKept) kept.clear()
  kept.set(key, value)
  return value
}

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48
const pair = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1)

/** NaN when the text is not such an instant. */
export function parseInstant(text: unknown): number {
  if (typeof text !== 'string' || !shape.test(text)) return Number.NaN
  const day = text.slice(0, 10)
  const days = dayNumbers.get(day) ?? keep(dayNumbers, day, Date.parse(`${day}T00:00:00Z`) / 86_400_000)
  const seconds = pair(text, 11) * 3600 + pair(text, 14) * 60 + pair(text, 17)
  let micros = 0
  for (let at = 20, unit = 100_000; at < text.length - 1; at += 1, unit /= 10)
    micros += digit(text, at) * unit
  return days * dayMicros + seconds * 1_000_000 + micros
}

const twoDigits = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'))

export function toInstant(micros: number): string {
  const days = Math.floor(micros / dayMicros)
  const rest = micros - days * dayMicros
  const seconds = Math.floor(rest / 1_000_000)
  const fraction = rest - seconds * 1_000_000
  const hours = Math.floor(seconds / 3600)
  const time = `${toDay(days)}T${twoDigits[hours]}:${twoDigits[Math.floor(seconds / 60) % 60]}:${twoDigits[seconds % 60]}`
  return fraction === 0 ? `${time}Z` : `${time}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}Z`
}

/** Days since 1970 as YYYY-MM-DD; a number that is no day stays a number. */
export function toDay(days: number): string {
  const kept = dayTexts.get(days)
  if (kept !== undefined) return kept
  const date = new Date(days * 86_400_000)
  const text = Number.isNaN(date.getTime()) ? String(days) : date.toISOString().slice(0, -14)
  return keep(dayTexts, days, text)
}
