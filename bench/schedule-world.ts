/** A generated site for the scheduler: work orders in projects, people with skills and shifts, tools, absences. */
import type { Precedence, Step } from '#domain/rcpsp.ts'
import type { Person, Post, Work, World } from '#domain/schedule.ts'
import { openDraw } from '#domain/simulate.ts'

const slotsOfDay = 96
const skills = 8
const firstWeekdays = 5
const days = 120

/** Slots of 15 minutes from a Monday 00:00 on; three kinds of shifts on weekdays. */
export function generateWorld(size: number, people: number, dueShare: number, seed: number): World {
  const draw = openDraw(seed)
  const pick = (below: number): number => Math.floor(draw() * below)
  const length = days * slotsOfDay
  const shifts = [28, 32, 52].map((opens) => toShift(opens, opens + 32))
  const everybody = Array.from({ length: people }, (_, at): Person => {
    const away = pick(days) * slotsOfDay
    const until = away + (1 + pick(3)) * slotsOfDay
    const free: Step[] = draw() < 0.3 ? [[0, 1], [away + 1, 0], [until + 1, 1]] : [[0, 1]] // prettier-ignore
    return { id: `person ${at}`, name: `Person ${at}`, shift: shifts[pick(shifts.length)]!, free }
  })
  const skilled = Array.from({ length: skills }, (_, skill) =>
    everybody.flatMap((_person, at) => (at % skills === skill || draw() < 0.2 ? [at] : [])),
  )
  const precedences: Precedence[] = []
  const works = Array.from({ length: size }, (_, at): Work => {
    const edges = at % 20 === 0 ? 0 : pick(3)
    for (let edge = 0; edge < edges; edge += 1) {
      const before = at - 1 - pick(at % 20)
      if (!precedences.some((one) => one.before === before && one.after === at))
        precedences.push({ before, after: at, lag: draw() < 0.1 ? 8 : 0 })
    }
    const fits = skilled[pick(skills)]!.map((person) => ({ person, until: null }))
    const posts: Post[] = Array.from({ length: draw() < 0.8 ? 1 : 2 }, () => ({ role: null, fits }))
    return {
      id: `work ${at}`,
      number: `WO-${at}`,
      slots: 2 + pick(47),
      release: draw() < 0.2 ? pick(length / 8) : 0,
      due: draw() < dueShare ? slotsOfDay * (4 + pick(40)) : null,
      weight: 1 + pick(4),
      posts,
      tools: draw() < 0.3 ? [{ tool: pick(4), quantity: 1 }] : [],
      asset: null,
      isUnderWay: false,
      spread: 1.3,
    }
  })
  return {
    grid: { originMs: Date.UTC(2026, 10, 23), slotMinutes: 15, length },
    works,
    precedences,
    people: everybody,
    tools: Array.from({ length: 4 }, (_, at) => ({ id: `tool ${at}`, name: `Tool ${at}`, free: 2 })),
    assets: [],
  }
}

function toShift(opens: number, closes: number): Step[] {
  const steps: Step[] = [[0, 0]]
  for (let day = 0; day < days; day += 1)
    if (day % 7 < firstWeekdays) steps.push([day * slotsOfDay + opens, 1], [day * slotsOfDay + closes, 0])
  return steps
}
