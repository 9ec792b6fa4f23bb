/**
 * In whose working time the hours of each work order of a tree run. The one rule: in that of who does it, absences
 * and all, and without a calendar that is around the clock. Where nobody does it yet, the calendar stands in of the
 * nearest master whose assignee has one, then the tenant's, which is the one of its approval policy.
 */
import type { ShiftCalendar } from '#domain/availability.ts'
import type { Calendar } from '#domain/calendar.ts'
import { toInstant } from '#domain/instant.ts'
import type { Network } from '#domain/network.ts'
import type { WorkingCalendar } from '#domain/sla.ts'
import { toMs } from '#domain/timing.ts'
import { lessClosures, toCalendar, toWorkingTime } from '#domain/working-time.ts'
import type { WorkingTime } from '#domain/working-time.ts'
import type { Tx } from '#platform/tx.ts'
import { loadCurrentPolicy } from '../policy/current.ts'
import { listAssignees } from './tree-store.ts'
import type { Assignee, TreeRow } from './tree-store.ts'

export type Working = {
  readonly calendar: Calendar
  /** null: around the clock. */
  readonly name: string | null
  readonly of: 'assignee' | 'master' | 'tenant'
  /** How many are taken off. */
  readonly absences: number
}

/** For each row; undefined is around the clock. Nothing where all of them are. */
export type WorkingTimes = readonly (Working | undefined)[]

/** Two questions to the database at most, whatever the size of the tree. */
export async function loadWorkingTimes(
  tx: Tx,
  rows: readonly TreeRow[],
  network: Network,
  nowMs: number,
): Promise<WorkingTimes> {
  const ids = [...new Set(rows.map(({ assignee_id }) => assignee_id))].filter((id) => id !== null)
  const [assignees, policy] = await Promise.all([
    ids.length === 0 ? [] : listAssignees(tx, ids, toInstant(findFirstMs(rows, nowMs) * 1000)),
    rows.some(({ assignee_id }) => assignee_id === null) ? loadCurrentPolicy(tx) : undefined,
  ])
  if (assignees.length === 0 && (policy?.version ?? 0) === 0) return []
  const tenant = policy === undefined || policy.version === 0 ? undefined : toTenants(policy.body.calendar)
  return spread(rows, network, toPeople(assignees), tenant)
}

/** From then on absences matter: since the first of what goes on now was begun. */
const findFirstMs = (rows: readonly TreeRow[], nowMs: number): number =>
  rows.reduce(
    (first, { category, actual_start }) =>
      category === 'done' || category === 'abandoned' ? first : Math.min(first, toMs(actual_start) ?? first),
    nowMs,
  )

/** `lent` is what stands in for those that nobody does yet: the calendar without the absences of its owner. */
type Person = { readonly own: Working; readonly lent: Working | undefined }

function toPeople(assignees: readonly Assignee[]): Map<string, Person> {
  // Open times are worked out once for all who share a calendar.
  const shared = new Map<string | null, WorkingTime>()
  return new Map(
    assignees.map(({ id, calendar_id, name, body, absences }) => {
      const time = shared.get(calendar_id) ?? toShifts(body)
      shared.set(calendar_id, time)
      const own = absences.length === 0 ? time : lessClosures(time, absences, 'UTC')
      const lent: Working = { calendar: toCalendar(time), name, of: 'master', absences: 0 }
      return [
        id,
        {
          own: { calendar: toCalendar(own), name, of: 'assignee', absences: absences.length },
          lent: body === null ? undefined : lent,
        },
      ]
    }),
  )
}

const toShifts = (calendar: ShiftCalendar | null): WorkingTime =>
  toWorkingTime({ calendar, closures: [], time_zone: 'UTC' })

function toTenants({ time_zone, weekdays, start, end, holidays }: WorkingCalendar): Working {
  const time = toShifts({
    time_zone,
    shifts: [{ weekdays, start, end }],
    holidays: holidays.map((date) => ({ date })),
    extra_shifts: [],
    valid_from: null,
    valid_until: null,
  })
  return { calendar: toCalendar(time), name: 'approval policy', of: 'tenant', absences: 0 }
}

function spread(
  rows: readonly TreeRow[],
  { order, parents, size }: Network,
  people: ReadonlyMap<string, Person>,
  tenant: Working | undefined,
): WorkingTimes {
  const times: (Working | undefined)[] = Array.from({ length: size })
  const lent: (Working | undefined)[] = Array.from({ length: size })
  // Masters come last in the order in which they finish.
  for (let at = size - 1; at >= 0; at -= 1) {
    const node = order[at]!
    const assignee = rows[node]?.assignee_id ?? null
    const person = assignee === null ? undefined : people.get(assignee)
    const above = parents[node]! < 0 ? undefined : lent[parents[node]!]
    times[node] = assignee === null ? (above ?? tenant) : person?.own
    lent[node] = person?.lent ?? above
  }
  return times
}
