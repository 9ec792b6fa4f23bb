/**
 * Does a schedule hold? Slot by slot, from the project as it was written down, for whoever does not trust the search.
 * The one rule: it shares nothing with what makes schedules but the types of the question.
 */
import type { Profile, Project } from './rcpsp.ts'

export type Placed = { readonly start: ArrayLike<number>; readonly finish: ArrayLike<number> }

/** One sentence for each thing that does not hold; none where the schedule is feasible. */
export function listFaults(project: Project, { start, finish }: Placed): string[] {
  const { activities, precedences, capacities, calendars = [], horizon = Number.POSITIVE_INFINITY } = project
  const faults: string[] = []
  if (start.length !== activities.length || finish.length !== activities.length)
    return ['not every activity has its times']
  const used = new Map<string, number>()
  activities.forEach(({ duration, needs, release = 0, calendar }, j) => {
    const [begin = Number.NaN, end = Number.NaN] = [start[j], finish[j]]
    if (!Number.isInteger(begin) || !Number.isInteger(end)) return faults.push(`${j} has no times`)
    if (begin < release) faults.push(`${j} begins at ${begin}, before its release ${release}`)
    if (end > horizon) faults.push(`${j} ends at ${end}, after the horizon ${horizon}`)
    const worked: number[] = []
    for (let slot = begin; slot < end; slot += 1)
      if (calendar === undefined || amountAt(calendars[calendar] ?? 0, slot) > 0) worked.push(slot)
    if (worked.length !== duration) faults.push(`${j} works ${worked.length} slots of ${duration}`)
    if (duration > 0 && (worked[0] !== begin || worked.at(-1) !== end - 1))
      faults.push(`${j} begins or ends in a slot in which it does not work`)
    if (duration === 0 && begin !== end) faults.push(`${j} is a milestone and takes time`)
    for (const slot of worked)
      for (const { resource, amount } of needs) {
        const key = `${resource} ${slot}`
        used.set(key, (used.get(key) ?? 0) + amount)
      }
    return undefined
  })
  for (const { before, after, lag } of precedences)
    if (!(start[after]! >= finish[before]! + lag)) faults.push(`${after} does not wait for ${before}`)
  for (const [key, amount] of used) {
    const [resource = 0, slot = 0] = key.split(' ').map(Number)
    const there = amountAt(capacities[resource] ?? 0, slot)
    if (amount > there)
      faults.push(`${amount} of resource ${resource} are used in slot ${slot}, ${there} are there`)
  }
  return faults
}

function amountAt(profile: Profile, slot: number): number {
  if (typeof profile === 'number') return profile
  return profile.filter(([from]) => from <= slot).at(-1)?.[1] ?? 0
}
