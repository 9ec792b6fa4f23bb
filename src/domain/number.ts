/** Work-order numbers are for people; ids are UUIDv7. The fleet's are random, the others are counted. */
import type { LifecycleName } from './lifecycles.ts'

/** `WO-YYYY-NNNNNN`, counted per tenant and year; wider when a year has more than 999,999. */
export const countedNumber = (year: number, count: number): string =>
  `WO-${year}-${String(count).padStart(6, '0')}`

export const isCounted = (lifecycle: LifecycleName): boolean => lifecycle !== 'fleet'

/** `WO-YYYY-MMDD-XXX`: three upper-case hex digits; `width` grows when a day is nearly full. */
export function fleetNumber(day: string, random: number, width: number): string {
  const [year, month, date] = day.split('-')
  const hex = Math.floor(random * 16 ** width)
    .toString(16)
    .toUpperCase()
    .padStart(width, '0')
  return `WO-${year}-${month}${date}-${hex}`
}

/** Numbers to try in order: eight of three digits, then eight of four, and so on to six. */
export function fleetCandidates(day: string, nextRandom: () => number): string[] {
  return [3, 4, 5, 6].flatMap((width) =>
    Array.from({ length: 8 }, () => fleetNumber(day, nextRandom(), width)),
  )
}

export const isNumber = (text: string): boolean => /^WO-\d{4}-(\d{6,}|\d{4}-[0-9A-F]{3,6})$/.test(text)
