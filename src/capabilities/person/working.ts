/** People as the matcher sees them: what they can do and cost, and the hours that they really have between two instants. */
import { toListOpen } from '#domain/availability.ts'
import type { Availability, ListOpen } from '#domain/availability.ts'
import { subtract, unite } from '#domain/interval.ts'
import type { Interval } from '#domain/interval.ts'
import type { Need, Person } from '#domain/matching.ts'
import { toWorkingTime, workingHoursBetween } from '#domain/working-time.ts'
import type { WorkingTime } from '#domain/working-time.ts'
import type { Tx } from '#platform/tx.ts'
import { listHours, listWorking } from './store.ts'
import type { WorkingPerson } from './store.ts'

export type { WorkingPerson }

/** Everybody who could work, by name. */
export async function loadPeople(tx: Tx, window: Need['window']): Promise<Person[]> {
  const rows = await loadWorking(tx, window)
  return rows.map((row) => toPerson(toTimed(row), window))
}

/** The same before anything is reckoned: for who asks about many windows between these two instants. */
export const loadWorking = (tx: Tx, { start, end }: Need['window']): Promise<WorkingPerson[]> =>
  listWorking(tx, start, end)

/** With the working time, which is worked out once. */
export type Timed = { readonly row: WorkingPerson; readonly time: WorkingTime }

export const toTimed = (row: WorkingPerson): Timed => ({ row, time: toWorkingTime(toAvailability(row)) })

const toAvailability = ({ profile, calendar, absences }: WorkingPerson): Availability => ({
  calendar,
  closures: absences,
  time_zone: profile?.time_zone ?? calendar?.time_zone ?? 'UTC',
})

/** The hours of the person's own calendar between two instants, less absences and what is set aside. */
export function listFree(row: WorkingPerson, { start, end }: Interval): Interval[] {
  const booked = row.bookings.map((one) => ({ start: Date.parse(one.from), end: Date.parse(one.until) }))
  return subtract(toListOpen(toAvailability(row))(start, end), unite(booked))
}

/** Hours are those of the person's own calendar in the window, less absences; what is booked counts as far as it is in them. */
export function toPerson({ row, time }: Timed, window: Need['window']): Person {
  const [from, until] = [Date.parse(window.start), Date.parse(window.end)]
  const isIn = (one: { readonly from: string; readonly until: string }): boolean =>
    Date.parse(one.from) < until && Date.parse(one.until) > from
  const [absences, bookings] = [row.absences.filter(isIn), row.bookings.filter(isIn)]
  const booked = bookings.map((one) =>
    workingHoursBetween(time, Math.max(from, Date.parse(one.from)), Math.min(until, Date.parse(one.until))),
  )
  return {
    id: row.id,
    name: row.name,
    active: row.active,
    roles: row.profile?.job_roles ?? [],
    ratings: row.ratings,
    cost_rate: row.profile?.cost_rate ?? null,
    currency: row.profile?.currency ?? null,
    openHours: workingHoursBetween(time, from, until),
    bookedHours: booked.reduce((sum, hours) => sum + hours, 0),
    conflicts: [
      ...absences.map((one) => `away from ${one.from} until ${one.until}`),
      ...bookings.map((one) => `set aside from ${one.from} until ${one.until}`),
    ],
  }
}

export type PersonHours = {
  readonly name: string
  readonly isVendor: boolean
  /** null: around the clock. */
  readonly listOpen: ListOpen | null
}
/** When these people work, by their ids: each by the calendar and with the absences that stand now. */
export async function loadHours(
  tx: Tx,
  ids: readonly string[],
  window: Need['window'],
): Promise<ReadonlyMap<string, PersonHours>> {
  const rows = await listHours(tx, ids, window.start, window.end)
  return new Map(
    rows.map(({ id, name, kind, profile, calendar, absences }) => {
      const time_zone = profile?.time_zone ?? calendar?.time_zone ?? 'UTC'
      const isAlways = calendar === null && absences.length === 0
      const listOpen = isAlways ? null : toListOpen({ calendar, closures: absences, time_zone })
      return [id, { name, isVendor: kind === 'vendor', listOpen }] as const
    }),
  )
}
