/** Recipes of the rows on working time, costs and actuals: see authz-recipe.ts. */
import type { Recipe } from './authz-recipe.ts'
import { makeIn } from './authz-world.ts'
import type { Seat, World } from './authz-world.ts'

let hours = 0
/** An hour in which nobody has worked yet. */
const freshHour = (): { from: string; until: string } => {
  hours += 1
  const start = Date.UTC(2020, 0, 1) + hours * 3_600_000
  return { from: new Date(start).toISOString(), until: new Date(start + 3_600_000).toISOString() }
}
/** May the seat have time of its own here? Those that may not are refused before that is asked. */
const isWorker = ({ column, isIn }: Seat): boolean => isIn && !['oth', 'sys', 'prx'].includes(column)

/** Work that is under way, while no timer of the seat's runs. */
async function workOn(world: World, seat: Seat): Promise<{ id: string; number: string; person: string }> {
  const { id, number } = await makeIn(world, seat, 'in_progress')
  const person = isWorker(seat) ? seat.id : world.ids.lee
  if (!isWorker(seat)) return { id, number, person }
  const { data } = await world.done('Pat Planner', 'GET', `/v1/time-entries?limit=200&person=${person}`)
  for (const { state, work_order } of data)
    if (state === 'running')
      await world.done('Pat Planner', 'DELETE', `/v1/work-orders/${work_order}/timer`, { person })
  return { id, number, person }
}
const loggedFor =
  (whose: 'own' | 'other', more: object): Recipe =>
  async (world, seat) => {
    const { id, number, person: own } = await workOn(world, seat)
    const person = whose === 'own' ? own : world.ids.lee
    const path = `/v1/work-orders/${id}/time-entries`
    const entry = await world.done('Pat Planner', 'POST', path, { person, ...freshHour() })
    return { input: { id: entry.id, ...more }, mark: number }
  }
async function costly(world: World, seat: Seat): Promise<{ id: string; line: string; word: string }> {
  const { id } = await makeIn(world, seat, 'in_progress')
  const word = world.word()
  const given = { kind: 'part', description: word, unit_price: '9.99', currency: 'EUR' }
  const line = await world.done('Pat Planner', 'POST', `/v1/work-orders/${id}/costs`, given)
  return { id, line: line.id, word }
}
const reason = 'for the matrix'
export const timeAndCost: { readonly [row: string]: Recipe } = {
  "time_entry.start: one's own": async (world, seat) => {
    const { id, number } = await workOn(world, seat)
    return { input: { id }, mark: number }
  },
  "time_entry.stop: one's own": async (world, seat) => {
    const { id, number, person } = await workOn(world, seat)
    if (isWorker(seat)) await world.done('Pat Planner', 'POST', `/v1/work-orders/${id}/timer`, { person })
    return { input: { id }, mark: number }
  },
  "time_entry.log: one's own": async (world, seat) => {
    const { id, number } = await makeIn(world, seat, 'in_progress')
    return { input: { id, ...freshHour() }, mark: number }
  },
  "time_entry.log: somebody else's": async (world, seat) => {
    const { id, number } = await makeIn(world, seat, 'in_progress')
    return { input: { id, person: world.ids.lee, ...freshHour() }, mark: number }
  },
  "time_entry.correct: one's own": loggedFor('own', { note: 'longer', reason }),
  "time_entry.void: somebody else's": loggedFor('other', { reason }),
  'time_entry.list': async (world, seat) => {
    const { id, number } = await workOn(world, seat)
    const given = { person: world.ids.lee, ...freshHour() }
    await world.done('Pat Planner', 'POST', `/v1/work-orders/${id}/time-entries`, given)
    return { input: { work_order: id }, mark: number }
  },
  'cost.add': async (world, seat) => {
    const { id, word } = await makeIn(world, seat, 'in_progress')
    const given = { kind: 'part', description: word, unit_price: '9.99', currency: 'EUR' }
    return { input: { id, ...given }, mark: word }
  },
  "cost.void: somebody else's": async (world, seat) => {
    const { line, word } = await costly(world, seat)
    return { input: { id: line, reason }, mark: word }
  },
  'cost.list': async (world, seat) => {
    const { id, word } = await costly(world, seat)
    return { input: { id }, mark: word }
  },
  'person.rates': async (world) => {
    const name = `Somebody ${world.word()}`
    const { id } = await world.done('Ada Admin', 'POST', '/v1/principals', { name, kind: 'human' })
    const word = world.word()
    const given = { cost_rate: '60', currency: 'EUR', reason: word }
    await world.done('Pat Planner', 'PATCH', `/v1/people/${id}`, given)
    return { input: { id }, mark: word }
  },
  'work_order.actuals': async (world, seat) => {
    const { id, number } = await makeIn(world, seat, 'in_progress')
    return { input: { id }, mark: number }
  },
}
