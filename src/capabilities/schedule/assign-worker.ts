/**
 * The thread that assigns a whole set: seconds of reckoning, in which the service would answer nobody. It is given what was
 * loaded, reckons each person's free hours in each window, and gives the plan back.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { planAssignment } from '#domain/assignment.ts'
import type { Assignment, Plan, WorkNeed } from '#domain/assignment.ts'
import { fitsInto, hoursWithin } from '#domain/free-time.ts'
import { unite } from '#domain/interval.ts'
import type { Interval } from '#domain/interval.ts'
import { explain } from '#domain/matching.ts'
import type { Need, Person } from '#domain/matching.ts'
import { listFree, toPerson, toTimed } from '../person/working.ts'
import type { WorkingPerson } from '../person/working.ts'

export type AssignOrder = { readonly needs: readonly WorkNeed[]; readonly people: readonly WorkingPerson[] }
export type Explained = Assignment & { readonly explanation: readonly string[] }
export type SetPlan = Omit<Plan, 'assignments'> & { readonly assignments: readonly Explained[] }

const toInterval = ({ start, end }: Need['window']): Interval => ({
  start: Date.parse(start),
  end: Date.parse(end),
})

function assign({ needs, people: rows }: AssignOrder): SetPlan {
  const windows = needs.map(({ window }) => toInterval(window))
  const windowOf = new Map(needs.map((need, at) => [need, windows[at]!]))
  const whole = unite(windows)
  const span = { start: whole[0]?.start ?? 0, end: whole.at(-1)?.end ?? 0 }
  const frees = new Map<string, Interval[]>()
  const timed = new Map(rows.map((row) => [row.id, toTimed(row)]))
  const people = rows.map((row): Person => {
    const free = listFree(row, span)
    frees.set(row.id, free)
    const openHours = whole.reduce((sum, window) => sum + hoursWithin(free, window), 0)
    // What is booked is not open here any more: only the sum counts for the whole set.
    return { ...toPerson(timed.get(row.id)!, needs[0]!.window), openHours, bookedHours: 0 }
  })
  const plan = planAssignment({
    needs,
    people,
    mustFit: true,
    freeHoursIn: (need, { id }) => hoursWithin(frees.get(id)!, windowOf.get(need)!),
    fits: (tasks, { id }) =>
      fitsInto(
        frees.get(id)!,
        tasks.map((need) => ({ ...windowOf.get(need)!, hours: need.hours })),
      ),
  })
  const needOf = new Map(needs.map((need) => [`${need.id} ${need.role ?? ''}`, need]))
  const assignments = plan.assignments.map((one) => {
    const need = needOf.get(`${one.work_order_id} ${one.role ?? ''}`)!
    return { ...one, explanation: explain(need, toPerson(timed.get(one.person_id)!, need.window)) }
  })
  return { ...plan, assignments }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(assign(workerData as AssignOrder))
