/** Times as they are printed: never without their zone. */
import { toZonedText } from '#domain/statement.ts'

/** `2026-11-21 00:40:00.123456 UTC`; the zeros that the trail leaves out are there, so that times stand in a column. */
export function toUtcText(instant: string): string {
  const [, day, time, fraction = ''] = /^([\d-]+)T([\d:]+)(?:\.(\d+))?Z$/.exec(instant) ?? []
  return day === undefined ? instant : `${day} ${time}.${fraction.padEnd(6, '0')} UTC`
}

/** In the zone of the person, and in UTC as it was recorded. */
export const toSignedText = (instant: string, zone: string): string =>
  zone === 'UTC' ? toUtcText(instant) : `${toZonedText(instant, zone)} = ${toUtcText(instant)}`
