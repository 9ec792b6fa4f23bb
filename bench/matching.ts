/**
 * Work orders to people at once, under skill, headcount and hours (`WORK PEOPLE SEED`, by default 1,000 to 500): how
 * long, what stays unfilled, what it costs, how far that can be from the best, and what taking one work order after
 * the other would cost. Once with the same hours for all work (the exact optimum), once with hours to spare, and once
 * with fewer free hours than are asked.
 */
import { planAssignment } from '#domain/assignment.ts'
import type { AssignmentAsk, WorkNeed } from '#domain/assignment.ts'
import type { Person } from '#domain/matching.ts'
import { openDraw } from '#domain/simulate.ts'
import { machine } from './world.ts'

const [work = 1000, people = 500, seed = 20_261_121] = process.argv.slice(2).map(Number)
const experienceCount = 30
const window = { start: '2026-11-23T00:00:00Z', end: '2026-12-05T00:00:00Z' }

const experience = (at: number): string => `experience ${at}`

function generate(shareOfHours: number, evenHours?: number): AssignmentAsk {
  const draw = openDraw(seed)
  const pick = (below: number): number => Math.floor(draw() * below)
  const needs = Array.from({ length: work }, (_, at): WorkNeed => {
    const first = pick(experienceCount)
    const asked = draw() < 0.4 ? [first, (first + 1) % experienceCount] : [first]
    return {
      id: `work ${at}`,
      experience: asked.map((one) => ({ experience_id: experience(one), min_rating: 1 + pick(3) })),
      hours: evenHours ?? 1 + pick(32) / 2,
      window,
      headcount: draw() < 0.8 ? 1 : 2 + pick(2),
      preferred: draw() < 0.3 ? [`person ${pick(people)}`] : [],
      excluded: draw() < 0.2 ? [`person ${pick(people)}`] : [],
      currency: 'EUR',
    }
  })
  const asked = needs.reduce((sum, { hours, headcount }) => sum + hours * headcount, 0)
  const everybody = Array.from({ length: people }, (_, at): Person => {
    const first = pick(experienceCount)
    return {
      id: `person ${at}`,
      name: `Person ${at}`,
      active: true,
      roles: [],
      ratings: Array.from({ length: 6 }, (_unused, next) => ({
        experience_id: experience((first + next) % experienceCount),
        name: experience((first + next) % experienceCount),
        rating: 1 + pick(5),
        expires_at: draw() < 0.1 ? '2026-11-30T00:00:00Z' : null,
      })),
      cost_rate: (40 + pick(8000) / 100).toFixed(2),
      currency: 'EUR',
      openHours: Math.round((asked / people) * shareOfHours * (0.5 + draw()) * 4) / 4,
      bookedHours: 0,
      conflicts: [],
    }
  })
  return { needs, people: everybody }
}

const rows: readonly (readonly [name: string, shareOfHours: number, evenHours?: number])[] = [
  ['even', 1.5, 8],
  ['roomy', 1.5],
  ['tight', 0.95],
]
console.log(`${work} work orders, ${people} people (${machine()})`)
for (const [name, shareOfHours, evenHours] of rows) {
  const ask = generate(shareOfHours, evenHours)
  const start = performance.now()
  const startCpu = process.cpuUsage()
  const plan = planAssignment(ask)
  const seconds = (performance.now() - start) / 1000
  const cpuSeconds = process.cpuUsage(startCpu).user / 1e6
  console.log(`${name}: ${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s of processor time), ${plan.optimal ? 'the exact optimum' : 'not proven optimal'}
  unfilled ${plan.unfilled} (bound ${plan.unfilledBound}), in turn ${plan.inTurn.unfilled}
  cost     ${plan.cost} (bound ${plan.costBound}, gap ${(plan.gap * 100).toFixed(3)} %), in turn ${plan.inTurn.cost}
  labour   ${plan.labour} EUR`)
}
