/**
 * The grid of a schedule, and who and what is free in its slots. The one rule: a slot is free only if all of it is; what
 * is set aside for work that is planned anew is not in its own way.
 */
import { listOpen } from '#domain/availability.ts'
import { msOfHour } from '#domain/calendar.ts'
import type { Step } from '#domain/rcpsp.ts'
import type { Person, Thing } from '#domain/schedule.ts'
import { toSlots } from '#domain/slot.ts'
import type { Grid } from '#domain/slot.ts'
import type { WorkingPerson } from '../person/working.ts'
import type { TakenRow, ToolRow } from './world-store.ts'

const minuteMs = 60_000
const lastInstant = '2200-01-01T00:00:00Z'

/** Steps of minutes that make a few thousand slots of so many days. */
const slotMinutesFor = (days: number): number => (days <= 35 ? 5 : days <= 100 ? 15 : 60)

export const toGrid = (fromMs: number, untilMs: number): Grid => {
  const slotMinutes = slotMinutesFor((untilMs - fromMs) / (24 * msOfHour))
  const slotMs = slotMinutes * minuteMs
  const originMs = Math.ceil(fromMs / slotMs) * slotMs
  return { originMs, slotMinutes, length: Math.max(1, Math.floor((untilMs - originMs) / slotMs)) }
}

export const toSlot = ({ originMs, slotMinutes }: Grid, at: number): number =>
  Math.ceil((at - originMs) / (slotMinutes * minuteMs))

export const toMs = ({ originMs, slotMinutes }: Grid, slot: number): number =>
  originMs + slot * slotMinutes * minuteMs

export const zoneOf = ({ profile, calendar }: WorkingPerson): string =>
  profile?.time_zone ?? calendar?.time_zone ?? 'UTC'

function toSteps(amounts: Int32Array): Step[] {
  const steps: Step[] = []
  amounts.forEach((amount, slot) => {
    if (slot === 0 || amounts[slot - 1] !== amount) steps.push([slot, amount])
  })
  return steps
}

type Taken = { readonly from: string; readonly until: string; readonly quantity: number }

/** What is left of so many in each slot. */
function toFree(most: number, taken: readonly Taken[], grid: Grid): Step[] {
  const slotMs = grid.slotMinutes * minuteMs
  const free = new Int32Array(grid.length).fill(most)
  for (const { from, until, quantity } of taken) {
    const first = Math.max(0, Math.floor((Date.parse(from) - grid.originMs) / slotMs))
    const last = Math.min(grid.length, Math.ceil((Date.parse(until) - grid.originMs) / slotMs))
    for (let slot = first; slot < last; slot += 1) free[slot] = Math.max(0, free[slot]! - quantity)
  }
  return toSteps(free)
}

const listFor = (taken: readonly TakenRow[], id: string): TakenRow[] =>
  taken.filter((one) => one.resource_id === id)

export function toPeople(people: readonly WorkingPerson[], taken: readonly TakenRow[], grid: Grid): Person[] {
  const untilMs = toMs(grid, grid.length)
  return people.map((person) => {
    const { id, name, calendar } = person
    const open = listOpen({ calendar, closures: [], time_zone: zoneOf(person) }, grid.originMs, untilMs)
    const away = person.absences.map((absence) => ({ ...absence, quantity: 1 }))
    return {
      id,
      name,
      shift: toSteps(toSlots(open, grid)),
      free: toFree(1, [...away, ...listFor(taken, id)], grid),
    }
  })
}

export const toTools = (tools: readonly ToolRow[], taken: readonly TakenRow[], grid: Grid): Thing[] =>
  tools.map(({ id, name, quantity, calibrated_until: from }) => {
    const due = from === null ? [] : [{ from, until: lastInstant, quantity }]
    return { id, name, free: toFree(quantity, [...listFor(taken, id), ...due], grid) }
  })

/** Only those that something is set aside of: the others are never in the way. */
export const toAssets = (
  taken: readonly TakenRow[],
  names: ReadonlyMap<string, string>,
  grid: Grid,
): Thing[] =>
  [...new Set(taken.filter(({ kind }) => kind === 'asset').map((one) => one.resource_id))].map((id) => ({
    id,
    name: names.get(id) ?? id,
    free: toFree(1, listFor(taken, id), grid),
  }))
