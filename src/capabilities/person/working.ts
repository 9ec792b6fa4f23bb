/** People as the matcher sees them: what they can do and cost, and the hours that they really have between two instants. */
import { toListOpen } from '#domain/availability.ts'
import type { ListOpen } from '#domain/availability.ts'
import type { Need, Person } from '#domain/matching.ts'
import { toWorkingTime, workingHoursBetween } from '#domain/working-time.ts'
import type { Tx } from '#platform/tx.ts'
import { listHours, listWorking } from './store.ts'
import type { WorkingPerson } from './store.ts'

export { listWorking }
export type { WorkingPerson }

/** Everybody who could work, by name. */
export async function loadPeople(tx: Tx, window: Need['window']): Promise<Person[]> {
  const rows = await listWorking(tx, window.start, window.end)
  return rows.map((row) => toPerson(row, window))
}

/** Hours are those of the person's own calendar in the window, less absences; what is booked counts as far as it is in them. */
function toPerson(row: WorkingPerson, window: Need['window']): Person {
  const [from, until] = [Date.parse(window.start), Date.parse(window.end)]
  const time_zone = row.profile?.time_zone ?? row.calendar?.time_zone ?? 'UTC'
  const time = toWorkingTime({ calendar: row.calendar, closures: row.absences, time_zone })
  const booked = row.bookings.map((one) =>
    workingHoursBetween(time, Date.parse(one.from), Date.parse(one.until)),
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
      ...row.absences.map((one) => `away from ${one.from} until ${one.until}`),
      ...row.bookings.map((one) => `set aside from ${one.from} until ${one.until}`),
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
