/**
 * The scheduler on one site (`WORK PEOPLE SCHEDULES SEED`, by default 300 to 15): the first schedule that holds, how
 * much better the search gets with time, and how far from the bound it ends. Each improvement is checked by the
 * independent checker.
 */
import { listFaults } from '#domain/rcpsp-check.ts'
import { toProject } from '#domain/schedule-crew.ts'
import { findImpossible, search } from '#domain/schedule-search.ts'
import type { Step } from '#domain/schedule-search.ts'
import { generateWorld } from './schedule-world.ts'
import { machine } from './world.ts'

const [work = 300, people = 15, schedules = 20_000, seed = 1] = process.argv.slice(2).map(Number)
const mostSeconds = 10

const gapOf = (found: number, least: number): string =>
  found <= least ? 'optimal' : `gap ${((100 * (found - least)) / Math.max(1, least)).toFixed(1)} %`

for (const dueShare of [0, 0.3]) measure(dueShare)
console.log(machine())

function measure(dueShare: number): void {
  const world = generateWorld(work, people, dueShare, seed)
  const impossible = findImpossible(world)
  if (impossible.length > 0) throw new Error(`nobody can do ${JSON.stringify(impossible)}`)
  const started = performance.now()
  const rows: string[] = []
  let seen: Step | undefined
  for (const step of search(world, { seed, schedules })) {
    const seconds = (performance.now() - started) / 1000
    if (step.best !== seen?.best) {
      const faults = listFaults(toProject(world, step.best.crews).project, step.best)
      if (faults.length > 0) throw new Error(faults.join('; '))
      rows.push(tell(step, seconds))
    }
    seen = step
    if (seconds > mostSeconds || step.isOptimal) break
  }
  const shown = rows.length > 8 ? [...rows.slice(0, 4), '     …', ...rows.slice(-3)] : rows
  const kind = `${Math.round(dueShare * 100)} % with a due date`
  console.log(
    `${work} work orders, ${people} people, ${world.precedences.length} dependencies, ${kind}; slots of 15 minutes`,
  )
  console.log(shown.join('\n'))
  if (seen !== undefined) console.log(`${tell(seen, (performance.now() - started) / 1000)} at the end`)
}

function tell({ quality, bound, schedules: made }: Step, seconds: number): string {
  return (
    `${seconds.toFixed(2).padStart(6)} s ${String(made).padStart(6)} schedules` +
    `  late ${quality.tardiness} (${gapOf(quality.tardiness, bound.tardiness)})` +
    `  end ${quality.makespan} (${gapOf(quality.makespan, bound.makespan)})`
  )
}
