/**
 * Work orders to people at once, under skill, headcount and hours (`WORK PEOPLE SEED`, by default 1,000 to 500): how
 * long, what stays unfilled, what it costs, how far that can be from the best, and what taking one work order after
 * the other would cost. Once with the same hours for all work (the exact optimum), once with hours to spare, and once
 * with fewer free hours than are asked.
 */
import { planAssignment } from '#domain/assignment.ts'
import { generateSet } from './matching-set.ts'
import { machine } from './world.ts'

const [work = 1000, people = 500, seed = 20_261_121] = process.argv.slice(2).map(Number)
const rows: readonly (readonly [name: string, shareOfHours: number, evenHours?: number])[] = [
  ['even', 1.5, 8],
  ['roomy', 1.5],
  ['tight', 0.95],
]
console.log(`${work} work orders, ${people} people (${machine()})`)
for (const [name, shareOfHours, evenHours] of rows) {
  const ask = generateSet({ work, people, seed, shareOfHours, evenHours })
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
