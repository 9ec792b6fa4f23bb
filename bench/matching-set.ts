/**
 * Sets of work and people by chance, the same for the same seed: what the report of matching measures, and what a solver of
 * another kind has proven the optimum of.
 */
import type { AssignmentAsk, WorkNeed } from '#domain/assignment.ts'
import type { Person } from '#domain/matching.ts'
import { openDraw } from '#domain/simulate.ts'

export type SetShape = {
  readonly work: number
  readonly people: number
  readonly seed: number
  /** Free hours for each hour that is asked. */
  readonly shareOfHours: number
  /** All work takes so long; half an hour to 16 hours when left out. */
  readonly evenHours?: number | undefined
}

const experienceCount = 30
const window = { start: '2026-11-23T00:00:00Z', end: '2026-12-05T00:00:00Z' }

const experience = (at: number): string => `experience ${at}`

export function generateSet({ work, people, seed, shareOfHours, evenHours }: SetShape): AssignmentAsk {
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
