/**
 * From rows to the world of the scheduler: slots of one grid, who could take which post, what is free when. The one
 * rule: what cannot be planned is left out with the reason, and so is all that waits for it.
 */
import { msOfHour } from '#domain/calendar.ts'
import type { Precedence } from '#domain/rcpsp.ts'
import { asksForAnything, toEndOfDay } from '#domain/qualification.ts'
import type { Fit, Post, Work, World } from '#domain/schedule.ts'
import type { Grid } from '#domain/slot.ts'
import { assumedHours, takesTime } from '#domain/timing.ts'
import type { Priority, Requirements } from '#domain/work-order.ts'
import { toWorkingTime, workingHoursBetween } from '#domain/working-time.ts'
import type { WorkingPerson } from '../person/working.ts'
import { toAssets, toPeople, toSlot, toTools, zoneOf } from './to-free.ts'
import type { Outside, Plannable, TakenRow, ToolRow } from './world-store.ts'

export type Rows = {
  readonly works: readonly Plannable[]
  readonly outside: readonly Outside[]
  readonly people: readonly WorkingPerson[]
  readonly tools: readonly ToolRow[]
  readonly taken: readonly TakenRow[]
}
export type Terms = {
  readonly grid: Grid
  /** What is booked already may move too. */
  readonly replan: boolean
  /** Nothing begins before, whatever a work order says; RFC 3339. */
  readonly earliestStart: string | null
}
export type LeftOut = { readonly id: string; readonly number: string; readonly reason: string }
export type Planned = {
  readonly world: World
  /** The rows of the works, in their order. */
  readonly rows: readonly Plannable[]
  readonly leftOut: readonly LeftOut[]
  readonly assumed: readonly string[]
}

const minuteMs = 60_000
/** How much longer than estimated one in five takes, while nothing else is known of such work. */
const usualSpread = 1.3
const assumedSpread = 2
const weights: { readonly [P in Priority]: number } = { critical: 8, high: 4, medium: 2, low: 1 }

export function toWorld(rows: Rows, terms: Terms): Planned {
  const booked = terms.replan ? new Set<string>() : listBooked(rows)
  const leftOut = new Map<string, LeftOut>()
  const leave = ({ id, number }: Plannable, reason: string): void => {
    if (!leftOut.has(id)) leftOut.set(id, { id, number, reason })
  }
  const open = rows.works.filter((row) => takesTime(row) && !booked.has(row.id))
  const masters = new Set(open.map(({ parent_id }) => parent_id))
  const taken = listTakenByOthers(rows, open, terms)
  const names = new Map(rows.works.map(({ asset_id, asset }) => [asset_id ?? '', asset ?? '']))
  const assets = toAssets(taken, names, terms.grid)
  const places = new Map(assets.map(({ id }, at) => [id, at]))
  const drafts = open.map((row) => toWork(row, rows, terms, masters.has(row.id), places, leave))
  const edges = listEdges(open, rows, terms, leave)
  spread(open, edges, leftOut, leave)
  const kept = open.flatMap((row, i) => (leftOut.has(row.id) ? [] : [{ row, work: drafts[i]! }]))
  const place = new Map(kept.map(({ row }, at) => [row.id, at]))
  const precedences = edges.inside.flatMap(({ before, after, lag }): Precedence[] => {
    const [from, to] = [place.get(before), place.get(after)]
    return from === undefined || to === undefined ? [] : [{ before: from, after: to, lag }]
  })
  const works = kept.map(({ row, work }): Work => ({
    ...work,
    release: Math.max(work.release, edges.release.get(row.id) ?? 0),
  }))
  return {
    world: {
      grid: terms.grid,
      works,
      precedences,
      people: toPeople(rows.people, taken, terms.grid),
      tools: toTools(rows.tools, taken, terms.grid),
      assets,
    },
    rows: kept.map(({ row }) => row),
    leftOut: [...leftOut.values()],
    assumed: kept
      .filter(({ row, work }) => work.slots > 0 && row.estimated_hours === null)
      .map(({ row }) => row.number),
  }
}

/** Work whose people are set aside for it: it stays where it is. */
function listBooked({ works, taken }: Rows): Set<string> {
  const held = new Set(taken.filter(({ kind }) => kind === 'person').map((one) => one.work_order_id))
  return new Set(
    works
      .filter(
        ({ id, category, planned_end }) => held.has(id) && planned_end !== null && category !== 'active',
      )
      .map(({ id }) => id),
  )
}

/** What is set aside for work that is planned anew, or under way, is its own. */
function listTakenByOthers({ taken }: Rows, open: readonly Plannable[], { replan }: Terms): TakenRow[] {
  const own = new Set(open.filter(({ category }) => replan || category === 'active').map(({ id }) => id))
  return taken.filter((one) => !own.has(one.work_order_id))
}

type Leave = (row: Plannable, reason: string) => void

function toWork(
  row: Plannable,
  rows: Rows,
  terms: Terms,
  isMaster: boolean,
  assetPlaces: ReadonlyMap<string, number>,
  leave: Leave,
): Work {
  const { grid, replan, earliestStart } = terms
  const isUnderWay = row.category === 'active' || row.category === 'review'
  const from = [earliestStart, replan || isUnderWay ? null : row.planned_start]
    .map((at) => (at === null ? 0 : toSlot(grid, Date.parse(at))))
    .concat(0)
  if (row.hold !== null && !isMaster) leave(row, `it is on hold: ${row.hold.reason}`)
  const slots = isMaster ? 0 : countSlots(row, rows.people, grid)
  const tools = slots === 0 ? [] : findTools(row, rows.tools, leave)
  const posts = slots === 0 ? [] : listPosts(row, rows.people, grid, leave)
  const asset = slots === 0 || row.asset_id === null ? undefined : assetPlaces.get(row.asset_id)
  return {
    id: row.id,
    number: row.number,
    slots,
    release: Math.max(...from),
    due: row.due_date === null ? null : Math.max(0, Math.floor(dueSlot(grid, row.due_date))),
    weight: weights[row.priority],
    posts,
    tools,
    asset: asset ?? null,
    isUnderWay,
    spread: row.estimated_hours === null ? assumedSpread : usualSpread,
  }
}

/** The end of that calendar day, in UTC. */
const dueSlot = ({ originMs, slotMinutes }: Grid, day: string): number =>
  (Date.parse(`${day.slice(0, 10)}T00:00:00Z`) + 24 * msOfHour - originMs) / (slotMinutes * minuteMs)

function countSlots(
  row: Plannable,
  people: readonly WorkingPerson[],
  { originMs, slotMinutes }: Grid,
): number {
  if (row.category === 'review') return 0
  const hours = row.estimated_hours ?? assumedHours
  const begun =
    row.category === 'active' && row.actual_start !== null ? Date.parse(row.actual_start) : originMs
  const assignee = people.find(({ id }) => id === row.assignee_id)
  const worked = begun < originMs ? workingHoursBetween(toTime(assignee), begun, originMs) : 0
  const slots = Math.ceil(((hours - worked) * 60) / slotMinutes - 1e-9)
  // Under way and longer than estimated: it takes a little yet.
  return row.category === 'active' ? Math.max(1, slots) : Math.max(0, slots)
}

const toTime = (person: WorkingPerson | undefined) =>
  toWorkingTime({
    calendar: person?.calendar ?? null,
    closures: [],
    time_zone: person === undefined ? 'UTC' : zoneOf(person),
  })

function findTools(
  { requirements, ...row }: Plannable,
  tools: readonly ToolRow[],
  leave: Leave,
): Work['tools'] {
  const wanted = new Map<number, number>()
  for (const one of requirements?.tools ?? []) {
    const { name, quantity } = typeof one === 'string' ? { name: one, quantity: 1 } : one
    const tool = tools.findIndex((known) => known.name === name || known.id === name)
    if (tool < 0) leave({ requirements, ...row }, `there is no tool ${name}`)
    else if (tools[tool]!.quantity < quantity)
      leave(
        { requirements, ...row },
        `there are ${tools[tool]!.quantity} of the tool ${name}, ${quantity} are needed`,
      )
    else wanted.set(tool, (wanted.get(tool) ?? 0) + quantity)
  }
  return [...wanted].map(([tool, quantity]) => ({ tool, quantity }))
}

/** A post for each of the people that it asks for, in the roles that it asks for; who is assigned takes the first that fits. */
function listPosts(row: Plannable, people: readonly WorkingPerson[], grid: Grid, leave: Leave): Post[] {
  const { requirements } = row
  const roles = (requirements?.roles ?? []).flatMap(({ role, headcount }): (string | null)[] =>
    Array.from({ length: headcount }, () => role),
  )
  const count = Math.max(1, requirements?.people ?? 1, roles.length)
  const labels = [...roles, ...Array.from({ length: count - roles.length }, () => null)]
  const posts = labels.map((role) => ({ role, fits: listFits(role, row, people, grid) }))
  const own = people.findIndex(({ id }) => id === row.assignee_id)
  const isOwn = ({ fits }: Post): boolean => fits.some(({ person }) => person === own)
  const byRole = posts.findIndex(
    (post) => isOwn(post) && post.role !== null && hasRole(people[own]!, post.role),
  )
  const seat = byRole < 0 ? posts.findIndex(isOwn) : byRole
  if (own >= 0 && seat < 0)
    leave(row, `${people[own]!.name}, who is assigned, is not qualified: ${tellRequired(requirements)}`)
  const seated = posts.map(({ role, fits }, i): Post => ({
    role,
    fits: fits.filter(({ person }) => (i === seat ? person === own : person !== own)),
  }))
  const missing = seated.find(({ fits }) => fits.length === 0)
  if (missing !== undefined)
    leave(
      row,
      `nobody fits${missing.role === null ? '' : ` as ${missing.role}`}: ${tellRequired(requirements)}`,
    )
  // With enough for each post alone, all of them together may still be too few.
  const crew: number[] = []
  for (const { fits } of seated) {
    const free = fits.find(({ person }) => !crew.includes(person))
    if (free === undefined) leave(row, `it needs ${count} people, and fewer fit`)
    else crew.push(free.person)
  }
  return seated
}

const hasRole = ({ profile }: WorkingPerson, role: string): boolean =>
  (profile?.job_roles ?? []).includes(role)

const tellRequired = (requirements: Requirements | null): string =>
  [
    ...(requirements?.experience ?? []).map(({ name, min_rating }) => `${name} ${min_rating}`),
    ...(requirements?.certificates ?? []).map(({ name }) => name),
  ].join(', ') || 'nothing special is asked for'

function listFits(
  role: string | null,
  { requirements, assignee_id }: Plannable,
  people: readonly WorkingPerson[],
  grid: Grid,
): Fit[] {
  const isSpecial = asksForAnything(requirements) || role !== null
  const found = people.flatMap((person, index) => {
    // Agents and vendors do what is asked of them by name, by skill or by role, and nothing besides.
    if (!person.active || (!isSpecial && person.kind !== 'human' && person.id !== assignee_id)) return []
    // Whoever assigned somebody knows what he does.
    if (role !== null && person.id !== assignee_id && !hasRole(person, role)) return []
    const end = findQualifiedEnd(requirements, person)
    if (end === undefined) return []
    const until = Number.isFinite(end)
      ? Math.floor((end - grid.originMs) / (grid.slotMinutes * minuteMs))
      : null
    if (until !== null && until <= 0) return []
    const rating = sumRatings(requirements, person)
    return [{ fit: { person: index, until }, rating, rate: Number(person.profile?.cost_rate ?? Infinity) }]
  })
  return found
    .toSorted((a, b) => b.rating - a.rating || (a.rate < b.rate ? -1 : Number(a.rate > b.rate)))
    .map(({ fit }) => fit)
}

/** Until when somebody has all that is asked for, in milliseconds; undefined where something was never there. */
function findQualifiedEnd(requirements: Requirements | null, person: WorkingPerson): number | undefined {
  const ends = [
    ...(requirements?.experience ?? []).map(({ name, min_rating }) =>
      person.ratings
        .filter((one) => one.name === name && one.rating >= min_rating)
        .map(({ expires_at }) => expires_at),
    ),
    ...(requirements?.certificates ?? []).map(({ name }) =>
      (person.profile?.certificates ?? [])
        .filter((one) => one.name === name)
        .map(({ expires_on }) => toEndOfDay(expires_on)),
    ),
  ]
  if (ends.some((held) => held.length === 0)) return undefined
  const lasts = ends.map((held) =>
    Math.max(...held.map((end) => (end === null ? Number.POSITIVE_INFINITY : Date.parse(end)))),
  )
  return Math.min(Number.POSITIVE_INFINITY, ...lasts)
}

const sumRatings = (requirements: Requirements | null, { ratings }: WorkingPerson): number =>
  (requirements?.experience ?? []).reduce(
    (sum, { name }) =>
      sum + Math.max(0, ...ratings.filter((one) => one.name === name).map(({ rating }) => rating)),
    0,
  )

type Edges = {
  readonly inside: readonly { readonly before: string; readonly after: string; readonly lag: number }[]
  /** The slot before which nothing outside of the plan lets it begin. */
  readonly release: ReadonlyMap<string, number>
}

function listEdges(open: readonly Plannable[], rows: Rows, { grid }: Terms, leave: Leave): Edges {
  const inPlan = new Map(open.map((row) => [row.id, row]))
  const outside = new Map(
    [...rows.outside, ...rows.works.map((row) => ({ ...row, actual_end: null }))].map((row) => [row.id, row]),
  )
  const inside: { before: string; after: string; lag: number }[] = []
  const release = new Map<string, number>()
  const holdUntil = (id: string, end: number): unknown =>
    release.set(id, Math.max(release.get(id) ?? 0, toSlot(grid, end)))
  for (const { id, parent_id: master, planned_end: end } of rows.works)
    if (!inPlan.has(id) && master !== null && end !== null) holdUntil(master, Date.parse(end))
  for (const row of open) {
    if (row.parent_id !== null && inPlan.has(row.parent_id))
      inside.push({ before: row.id, after: row.parent_id, lag: 0 })
    for (const { id, lag_hours } of row.predecessors ?? []) {
      const lag = Math.ceil((lag_hours * 60) / grid.slotMinutes)
      if (inPlan.has(id)) {
        inside.push({ before: id, after: row.id, lag })
        continue
      }
      const other = outside.get(id)
      if (other === undefined || (other.waiver !== null && other.category !== 'done')) continue
      const end = other.category === 'done' ? other.actual_end : other.planned_end
      if (other.category === 'abandoned') leave(row, `it waits for ${other.number}, which was cancelled`)
      else if (end === null && other.category !== 'done')
        leave(row, `it waits for ${other.number}, which is not in this plan and has no planned end`)
      else if (end !== null) holdUntil(row.id, Date.parse(end) + lag_hours * msOfHour)
    }
  }
  return { inside, release }
}

/** What waits for something that is left out cannot be planned either. */
function spread(
  open: readonly Plannable[],
  { inside }: Edges,
  leftOut: ReadonlyMap<string, LeftOut>,
  leave: Leave,
): void {
  const rows = new Map(open.map((row) => [row.id, row]))
  for (let size = -1; size !== leftOut.size;) {
    size = leftOut.size
    for (const { before, after } of inside)
      if (leftOut.has(before))
        leave(rows.get(after)!, `it waits for ${rows.get(before)!.number}, which is not planned`)
  }
}
