/**
 * Who does a whole set of work orders: the assignment that fills most and costs least, beside what taking one work order
 * after the other would cost. It proposes: nobody is assigned and nothing is set aside by it.
 */
import { z } from 'zod'
import type { WorkNeed } from '#domain/assignment.ts'
import { finalCategories } from '#domain/lifecycle.ts'
import { maySee } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { thinkingOperation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadWorking } from '../person/working.ts'
import type { WorkingPerson } from '../person/working.ts'
import { findWorkOrder } from '../work-order/find.ts'
import { line, principalRef, workOrderRef } from '../work-order/schema.ts'
import { assignSet } from './assign.ts'
import type { SetPlan } from './assign-worker.ts'
import { findPeople, isForward, listHeads, toWhen } from './need.ts'
import { currency, permission, window } from './schema.ts'
import { listNamed, listOpenWork, loadExperiences } from './match-store.ts'
import type { WorkRow } from './match-store.ts'

const mostWork = 1000
const mostPlaces = 5000
/** From the first start to the last end: so long everybody's time is reckoned. */
const mostDays = 731

const people = z.array(principalRef).max(200).optional()
const named = z.strictObject({
  work_order: workOrderRef,
  preferred_persons: people,
  exclude_persons: people.describe('conflict of interest'),
})
const input = z
  .strictObject({
    work_orders: z
      .array(z.union([workOrderRef, named]))
      .min(1)
      .max(mostWork)
      .optional()
      .describe('by id or number, with people preferred or excluded for one of them'),
    parent: workOrderRef.optional().describe('or: what is open and unassigned at the ends of this tree'),
    project: line(200).optional().describe('or: what is open and unassigned in this project'),
    window: window.optional().describe('when the work is done that has no planned start and end'),
    hours: z.number().gt(0).max(10_000).optional().describe('of each person, where nothing is estimated'),
    preferred_persons: people.describe('for all of them'),
    exclude_persons: people.describe('from all of them'),
    currency,
  })
  .refine(
    ({ work_orders, parent, project }) => [work_orders, parent, project].filter(Boolean).length === 1,
    'needs one of work_orders, parent and project',
  )
type Input = z.output<typeof input>

const summary = {
  unfilled: z.int().describe('places that nobody takes'),
  cost: z.number().describe('weighted: experience short of the best, then labour, then preference'),
  labour: z.string().describe('what the known rates come to'),
}
const output = z.object({
  assignments: z.array(
    z.object({
      work_order_id: z.uuid(),
      number: z.string(),
      person_id: z.uuid(),
      name: z.string(),
      role: z.string().nullable(),
      hours: z.number(),
      window: z.object({ start: z.string(), end: z.string() }),
      explanation: z.array(z.string()),
    }),
  ),
  gaps: z.array(
    z.object({
      work_order_id: z.uuid(),
      number: z.string(),
      role: z.string().nullable(),
      missing: z.int(),
      reasons: z.array(z.string()),
    }),
  ),
  left_out: z.array(z.object({ work_order_id: z.uuid(), number: z.string(), reason: z.string() })),
  ...summary,
  currency: z.string(),
  unfilled_bound: z.int().describe('no assignment leaves fewer places unfilled'),
  cost_bound: z.number().describe('no assignment that leaves at most as many unfilled costs less'),
  gap: z.number().describe('(cost - cost_bound) / cost'),
  optimal: z.boolean().describe('nothing is better: both bounds are reached'),
  in_turn: z.object(summary).describe('the same, one work order after the other to the cheapest who is free'),
})
type Output = z.output<typeof output>
type LeftOut = Output['left_out'][number]
type Loaded = {
  readonly needs: readonly WorkNeed[]
  readonly people: readonly WorkingPerson[]
  readonly numbers: ReadonlyMap<string, string>
  readonly leftOut: readonly LeftOut[]
  readonly currency: string
}

export const matchSet = thinkingOperation({
  name: 'resource.match_set',
  summary: 'Propose who does a whole set of work orders, filling most at the least cost, with the bound',
  http: ['POST', '/v1/resources/match-set'],
  permission,
  mutates: false,
  example: `--work-orders WO-2026-000001 --hours 6 --window '{"start":"2027-02-01T06:00:00Z","end":"2027-02-05T18:00:00Z"}'`,
  input,
  output,
  async run(tx, actor, given) {
    const found = await findSet(tx, actor, given)
    if (!found.ok) return found
    const preferred = await findPeople(tx, 'preferred_persons', given.preferred_persons)
    if (!preferred.ok) return preferred
    const excluded = await findPeople(tx, 'exclude_persons', given.exclude_persons)
    if (!excluded.ok) return excluded
    const asked = found.value.flatMap(({ row }) => row.requirements?.experience ?? [])
    const experiences = await loadExperiences(tx, [...new Set(asked.map(({ name }) => name))])
    const needs: WorkNeed[] = []
    const leftOut: LeftOut[] = []
    for (const one of found.value) {
      const reason = toNeeds(one, given, experiences, [preferred.value, excluded.value])
      if (typeof reason !== 'string') needs.push(...reason)
      else leftOut.push({ work_order_id: one.row.id, number: one.row.number, reason })
    }
    const tooMuch = findTooMuch(needs)
    if (tooMuch !== undefined) return refuse(tooMuch)
    const span = toSpan(needs)
    const numbers = new Map(found.value.map(({ row }) => [row.id, row.number]))
    const everybody = span === undefined ? [] : await loadWorking(tx, span)
    return accept({ needs, people: everybody, numbers, leftOut, currency: given.currency })
  },
  async think(loaded, { signal }) {
    const { needs, people: everybody } = loaded
    const plan = await assignSet({ needs, people: everybody }, signal)
    return plan.ok ? accept(toAnswer(loaded, plan.value)) : plan
  },
})

/** A work order of the set, with the people that the caller prefers or excludes for it alone. */
type Found = { readonly row: WorkRow; readonly preferred: string[]; readonly excluded: string[] }

const alone = (row: WorkRow): Found => ({ row, preferred: [], excluded: [] })
const toInvalid = (path: string, message: string): Refusal => ({
  code: 'invalid_input',
  errors: [{ path, message }],
})

async function findSet(tx: Tx, actor: Actor, given: Input): Promise<Decision<Found[]>> {
  if (given.work_orders !== undefined) return findNamed(tx, actor, given.work_orders)
  const parent = given.parent === undefined ? undefined : await findWorkOrder(tx, actor, given.parent)
  if (parent?.ok === false)
    return refuse({ code: 'unknown_reference', field: 'parent', value: given.parent ?? '' })
  const belongs = parent === undefined ? { project: given.project ?? '' } : { parentId: parent.value.id }
  const rows = await listOpenWork(tx, belongs, mostWork + 1)
  return rows.length > mostWork
    ? refuse(toInvalid(parent === undefined ? 'project' : 'parent', `has more than ${mostWork} of them`))
    : accept(rows.map(alone))
}

async function findNamed(
  tx: Tx,
  actor: Actor,
  refs: NonNullable<Input['work_orders']>,
): Promise<Decision<Found[]>> {
  const wanted = refs.map((one) => (typeof one === 'string' ? { work_order: one } : one))
  const rows = await listNamed(
    tx,
    wanted.map(({ work_order }) => work_order),
  )
  const byRef = new Map(rows.flatMap((row) => [[row.id, row] as const, [row.number, row] as const]))
  const found = new Map<string, Found>()
  for (const [i, one] of wanted.entries()) {
    const row = byRef.get(one.work_order)
    const path = `work_orders.${i}`
    if (row === undefined || !maySee(actor, row))
      return refuse({ code: 'unknown_reference', field: path, value: one.work_order })
    if (found.has(row.id)) return refuse(toInvalid(path, 'stands twice'))
    const preferred = await findPeople(tx, `${path}.preferred_persons`, one.preferred_persons)
    if (!preferred.ok) return preferred
    const excluded = await findPeople(tx, `${path}.exclude_persons`, one.exclude_persons)
    if (!excluded.ok) return excluded
    found.set(row.id, { row, preferred: preferred.value, excluded: excluded.value })
  }
  return accept([...found.values()])
}

/** A need for each role, or why it is left out. */
function toNeeds(
  { row, preferred, excluded }: Found,
  given: Input,
  experiences: ReadonlyMap<string, string>,
  [preferredForAll, excludedForAll]: readonly [string[], string[]],
): WorkNeed[] | string {
  if (finalCategories.includes(row.category)) return `is ${row.status}`
  // Half of a plan with half of a window would be a time that nobody has said.
  const isPlanned = row.planned_start !== null && row.planned_end !== null
  const when = toWhen({
    start: isPlanned ? row.planned_start : (given.window?.start ?? null),
    end: isPlanned ? row.planned_end : (given.window?.end ?? null),
    hours:
      row.estimated_hours === null || row.estimated_hours <= 0 ? (given.hours ?? null) : row.estimated_hours,
  })
  if (!('window' in when)) return tellMissing[when.join()] ?? ''
  if (!isForward(when.window)) return 'its time ends before it begins'
  return listHeads(row.requirements).map((heads) => ({
    ...when,
    ...heads,
    id: row.id,
    experience: (row.requirements?.experience ?? []).map(({ name, min_rating }) => ({
      experience_id: experiences.get(name) ?? name,
      min_rating,
      name,
    })),
    preferred: [...preferredForAll, ...preferred],
    excluded: [...excludedForAll, ...excluded],
    currency: given.currency,
  }))
}
const tellMissing: { readonly [missing: string]: string } = {
  window: 'has no planned start and end, and no window is given',
  hours: 'has no estimated hours, and no hours are given',
  'window,hours': 'has neither planned times nor estimated hours, and neither is given',
}

function toSpan(needs: readonly WorkNeed[]): WorkNeed['window'] | undefined {
  const starts = needs.map(({ window: { start } }) => start).toSorted()
  const ends = needs.map(({ window: { end } }) => end).toSorted()
  const [start, end] = [starts[0], ends.at(-1)]
  return start === undefined || end === undefined ? undefined : { start, end }
}

function findTooMuch(needs: readonly WorkNeed[]): Refusal | undefined {
  const places = needs.reduce((sum, { headcount }) => sum + headcount, 0)
  if (places > mostPlaces)
    return toInvalid('work_orders', `ask for ${places} people; at most ${mostPlaces} at once`)
  const span = toSpan(needs)
  const days = span === undefined ? 0 : (Date.parse(span.end) - Date.parse(span.start)) / 86_400_000
  return days > mostDays
    ? toInvalid('window', `the first start and the last end are more than ${mostDays} days apart`)
    : undefined
}

function toAnswer(
  { needs, people: everybody, numbers, leftOut, currency: money }: Loaded,
  plan: SetPlan,
): Output {
  const names = new Map(everybody.map(({ id, name }) => [id, name]))
  const needOf = new Map(needs.map((need) => [need.id, need]))
  const toNumber = (id: string): string => numbers.get(id) ?? id
  return {
    assignments: plan.assignments.flatMap(({ work_order_id, person_id, role, explanation }) => {
      const need = needOf.get(work_order_id)
      if (need === undefined) return []
      const { hours, window: time } = need
      const name = names.get(person_id) ?? person_id
      const work = { work_order_id, number: toNumber(work_order_id) }
      return [{ ...work, person_id, name, role, hours, window: time, explanation: [...explanation] }]
    }),
    gaps: plan.gaps.map(({ work_order_id, role, missing, reasons }) => ({
      work_order_id,
      number: toNumber(work_order_id),
      role,
      missing,
      reasons: [...reasons],
    })),
    left_out: [...leftOut],
    unfilled: plan.unfilled,
    cost: plan.cost,
    labour: plan.labour,
    currency: money,
    unfilled_bound: plan.unfilledBound,
    cost_bound: plan.costBound,
    gap: plan.gap,
    optimal: plan.optimal,
    in_turn: plan.inTurn,
  }
}
