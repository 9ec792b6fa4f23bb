/**
 * Working time. The one rule: whoever reckons with hours of work asks a calendar, and never adds them to an
 * instant himself. Instants are whole milliseconds since 1970.
 */
export type Calendar = {
  /** The instant at which so many hours of work are done that began at `at`; negative hours lead back. */
  addHours(at: number, hours: number): number
  /** Hours of work between two instants; negative when the second is the earlier one. */
  hoursBetween(from: number, to: number): number
}

export const msOfHour = 3_600_000

/** Work goes on around the clock. */
export const aroundTheClock: Calendar = {
  addHours: (at, hours) => at + Math.round(hours * msOfHour),
  hoursBetween: (from, to) => (to - from) / msOfHour,
}
