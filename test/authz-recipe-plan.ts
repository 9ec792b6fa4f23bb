/** Recipes of the rows on job plans, credentials, templates, registries and people: see authz-recipe.ts. */
import type { Recipe } from './authz-recipe.ts'
import { make, makeIn } from './authz-world.ts'
import type { Seat, World } from './authz-world.ts'

const job_plan = {
  title: 'For the matrix',
  steps: [{ key: 'look', kind: 'instruction', text: 'Look at it', credential: 'key' }],
  credentials: [{ name: 'key', ref: 'vault://secret/matrix#key' }],
}
const underWay =
  (more: Record<string, unknown> = {}): Recipe =>
  async (world, seat) => {
    const { id, number } = await makeIn(world, seat, 'in_progress', { job_plan })
    return { input: { id, ...more }, mark: number }
  }

/** A template that nobody has touched; the first in the list where that is what is read. */
async function keep(world: World, prefix = 'm'): Promise<{ name: string; word: string }> {
  const word = world.word()
  const name = `${prefix}-${word.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`
  const body = { lifecycle: 'change-control', title: `Template ${word}` }
  await world.done('Pat Planner', 'POST', '/v1/templates', { name, body })
  return { name, word }
}

const bodies: { readonly [type: string]: object } = {
  experience: {},
  tool: { quantity: 2 },
  calendar: { time_zone: 'UTC', shifts: [{ weekdays: [1], start: '09:00', end: '17:00' }] },
}
const paths: { readonly [type: string]: string } = {
  experience: '/v1/experiences',
  tool: '/v1/tools',
  calendar: '/v1/calendars',
}
async function register(world: World, type: string, prefix = ''): Promise<{ id: string; name: string }> {
  const name = `${prefix}${type} ${world.word()}`
  const { id } = await world.done('Pat Planner', 'POST', paths[type] ?? '', { name, ...bodies[type] })
  return { id, name }
}

/** The four rows of one type; where the list is read, the first of it. */
const registry = (type: string): { readonly [row: string]: Recipe } => ({
  [`${type}.create`]: async (world) => {
    const name = `new ${world.word()}`
    return { input: { name, ...bodies[type] }, mark: name }
  },
  [`${type}.get`]: async (world) => {
    const { id, name } = await register(world, type)
    return { input: { id }, mark: name }
  },
  [`${type}.list`]: async (world) => ({
    input: { limit: 200 },
    mark: (await register(world, type, '0 ')).name,
  }),
  [`${type}.update`]: async (world) => {
    const { id, name } = await register(world, type)
    return { input: { id, retired: true, reason: 'for the matrix' }, mark: name }
  },
})

async function somebody(world: World): Promise<{ id: string; name: string }> {
  const name = `Somebody ${world.word()}`
  const { id } = await world.done('Ada Admin', 'POST', '/v1/principals', { name, kind: 'human' })
  return { id, name }
}
const rated: Recipe = async (world) => {
  const { id, name } = await somebody(world)
  const experience = (await register(world, 'experience')).name
  return { input: { id, experience, rating: 3, reason: 'for the matrix' }, mark: name }
}

const people: { readonly [row: string]: Recipe } = {
  'person.get': async (world) => {
    const { id, name } = await somebody(world)
    return { input: { id }, mark: name }
  },
  'person.set_profile': async (world) => {
    const { id, name } = await somebody(world)
    return { input: { id, job_roles: ['fitter'], reason: 'for the matrix' }, mark: name }
  },
  'person.rate': rated,
  'person.remove_rating': async (world, seat) => {
    const { input, mark } = await rated(world, seat)
    const { id, experience, ...rating } = input
    await world.done('Quinn QA', 'POST', `/v1/people/${String(id)}/ratings`, { experience, ...rating })
    return { input: { id, experience, reason: 'for the matrix' }, ...(mark === undefined ? {} : { mark }) }
  },
}

const times = { from: '2027-03-01T08:00:00Z', until: '2027-03-01T09:00:00Z' }
/** A work order of the seat's, and a tool of its own that may be set aside for it. */
async function needTool(world: World, seat: Seat, isSetAside: boolean) {
  const { id } = await make(world, seat)
  const { name } = await register(world, 'tool')
  const items = [{ kind: 'tool', resource: name, ...times }]
  if (isSetAside)
    await world.done('Pat Planner', 'POST', `/v1/work-orders/${id}/reservations`, { items, hold_minutes: 60 })
  return { id, name, items }
}

const reservations: { readonly [row: string]: Recipe } = {
  'reservation.reserve': async (world, seat) => {
    const { id, name, items } = await needTool(world, seat, false)
    return { input: { id, items }, mark: name }
  },
  'reservation.confirm': async (world, seat) => {
    const { id, name } = await needTool(world, seat, true)
    return { input: { id }, mark: name }
  },
  'reservation.release': async (world, seat) => {
    const { id, name } = await needTool(world, seat, true)
    return { input: { id, reason: 'for the matrix' }, mark: name }
  },
  'reservation.list': async (world, seat) => {
    const { id, name } = await needTool(world, seat, true)
    return { input: { work_order: id }, mark: name }
  },
}

/** One line of the same registry out, and one in. */
const tables: { readonly [row: string]: Recipe } = {
  'registry.export: tools': async (world) => {
    const { name } = await register(world, 'tool')
    return { input: { type: 'tools' }, mark: name }
  },
  'registry.import: tools': async (world) => {
    const name = `counted ${world.word()}`
    return { input: { type: 'tools', csv: `name,quantity\n${name},2`, reason: 'stocktaking' }, mark: name }
  },
}

const matching: { readonly [row: string]: Recipe } = {
  'resource.match': async (world, seat) => {
    const { id } = await make(world, seat)
    const request = { type: 'STAFFING_REQUEST', work_order_id: id, experience_requirements: [] }
    const window = { start: '2027-03-01T08:00:00Z', end: '2027-03-02T08:00:00Z' }
    return { input: { request, window, hours: 2 }, mark: id }
  },
  'resource.match_set': async (world, seat) => {
    const { id } = await make(world, seat)
    const window = { start: '2027-03-01T08:00:00Z', end: '2027-03-02T08:00:00Z' }
    return { input: { work_orders: [id], window, hours: 2 }, mark: id }
  },
}

let days = 0
/** A day of its own for each: what one caller books is not in the way of the next. */
function nextWindow(): { earliest_start: string; latest_end: string } {
  days += 1
  const start = Date.UTC(2027, 2, days, 8)
  const [from, until] = [start, start + 5 * 86_400_000].map((at) => new Date(at).toISOString())
  return { earliest_start: from!, latest_end: until! }
}
const toRequest = (work_order_id: string) => ({
  type: 'SCHEDULING_REQUEST',
  work_order_id,
  job_plan_id: 'none',
  constraints: { ...nextWindow(), required_experience: [], required_tools: [], required_persons: [] },
})
const proposed: Recipe = async (world, seat) => {
  const { id: workOrderId } = await make(world, seat)
  const { id } = await world.done('Pat Planner', 'POST', '/v1/schedules', { request: toRequest(workOrderId) })
  return { input: { id }, mark: id }
}

const schedules: { readonly [row: string]: Recipe } = {
  'schedule.propose': async (world, seat) => {
    const { id } = await make(world, seat)
    return { input: { request: toRequest(id) }, mark: id }
  },
  'schedule.plan: of a master': async (world, seat) => {
    const { id } = await make(world, seat)
    return { input: { master: id, ...nextWindow(), effort: 10 }, mark: 'waiting' }
  },
  'schedule.get': proposed,
  'schedule.list': async (world, seat) => {
    const { mark = '' } = await proposed(world, seat)
    return { input: { limit: 200 }, mark }
  },
  'schedule.stop': proposed,
  'schedule.book': proposed,
}

/** What comes of what is closed; nothing is named but what was asked about. */
const outcomes: { readonly [row: string]: Recipe } = {
  'work_order.estimate': async (world, seat) => {
    const { id } = await make(world, seat)
    return { input: { id }, mark: id }
  },
  'estimate.ask': async (world) => {
    const { tag } = await world.done('Ada Admin', 'POST', '/v1/assets', {
      tag: world.word(),
      name: 'a thing',
    })
    return { input: { title: 'work of a kind', asset: tag } }
  },
  'estimate.calibration': () => Promise.resolve({ input: {} }),
  'estimate.projection': async (world, seat) => {
    const { id } = await make(world, seat)
    return { input: { parent: id } }
  },
  'resource.utilisation': async (world) => {
    const { name } = await register(world, 'tool')
    return { input: { kind: 'tool', ...times }, mark: name }
  },
}

export const plans: { readonly [row: string]: Recipe } = {
  ...registry('experience'),
  ...registry('tool'),
  ...registry('calendar'),
  ...people,
  ...reservations,
  ...matching,
  ...schedules,
  ...outcomes,
  ...tables,
  'job_plan.get': underWay(),
  'job_plan.record_step': underWay({ step: 'look' }),
  'credential.lease: no vault': underWay({ name: 'key' }),
  'template.create': async (world) => {
    const word = world.word()
    const name = `n-${word.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`
    return { input: { name, body: { lifecycle: 'change-control', title: word } }, mark: word }
  },
  'template.list': async (world) => ({ input: { limit: 200 }, mark: (await keep(world, '0')).word }),
  'template.get': async (world) => {
    const { name, word } = await keep(world)
    return { input: { name }, mark: word }
  },
  'template.history': async (world) => {
    const { name, word } = await keep(world)
    return { input: { name }, mark: word }
  },
  'template.update': async (world) => {
    const { name, word } = await keep(world)
    return { input: { name, retired: true, reason: 'for the matrix' }, mark: word }
  },
  'template.apply': async (world) => {
    const { name, word } = await keep(world)
    return { input: { name }, mark: word }
  },
}
