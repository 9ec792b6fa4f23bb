/**
 * Working time: a timer that is started and stopped, or what was worked from one instant to another. Nobody works at two
 * places at once, and nothing is written over: a correction is an entry beside the one that it makes void.
 */
import { z } from 'zod'
import { parseInstant, toInstant } from '#domain/instant.ts'
import { seesCostOf } from '#domain/person.ts'
import { maySee } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { findRangeProblem, gateTime, gateTimer } from '#domain/time-entry.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadPrincipal } from '../principal/store.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import type { LockedWorkOrder } from '../work-order/find.ts'
import { inOurTimes, line, principalRef, text, workOrderRef } from '../work-order/schema.ts'
import { moveHead } from '../work-order/transition.ts'
import {
  findTimer,
  insertTimeEntry,
  listOverlaps,
  listTimeEntries,
  loadTimeEntry,
  stopTimer,
  voidTimeEntry,
} from './store.ts'
import type { NewTimeEntry, TimeEntryRow } from './store.ts'

const workers: Permission = { kinds: ['human', 'agent', 'vendor'], roles: 'any' }
const instant = z.iso.datetime({ offset: true }).refine(inOurTimes, 'must be between 1900 and 2199')
const toUtc = (given: string): string => toInstant(Date.parse(given) * 1000)

const view = z.object({
  id: z.uuid(),
  work_order: z.string(),
  person: z.string(),
  person_id: z.uuid(),
  job_role: z.string().nullable(),
  from: z.string(),
  until: z.string().nullable().describe('null while the timer runs'),
  hours: z.number().nullable(),
  state: z.enum(['running', 'complete', 'void']),
  source: z.enum(['timer', 'manual']),
  ended_by_transition: z.boolean().describe('the work order left its work while the timer ran'),
  note: z.string().nullable(),
  cost_rate: z.string().nullable().describe('for an hour, when it began; null also for who may not see it'),
  currency: z.string().nullable(),
  amount: z.string().nullable().describe('rounded once, halves away from zero'),
  corrects: z.uuid().nullable().describe('the entry in whose place it stands'),
  corrected_by: z.uuid().nullable(),
  logged_by: z.string(),
  logged_at: z.string(),
  voided_by: z.string().nullable(),
  voided_at: z.string().nullable(),
  void_reason: z.string().nullable(),
})
type View = z.output<typeof view>

/** Hours of a range, to a millionth. */
const hoursOf = (from: string, until: string): number =>
  Math.round((parseInstant(until) - parseInstant(from)) / 3600) / 1e6

function toView(actor: Actor, row: TimeEntryRow): View {
  const sees = seesCostOf(actor, row.person_id)
  return {
    id: row.id,
    work_order: row.work_order,
    person: row.person,
    person_id: row.person_id,
    job_role: row.job_role,
    from: row.from_at,
    until: row.until_at,
    hours: row.until_at === null ? null : hoursOf(row.from_at, row.until_at),
    state: row.voided_at !== null ? 'void' : row.until_at === null ? 'running' : 'complete',
    source: row.source,
    ended_by_transition: row.ended_by_transition,
    note: row.note,
    cost_rate: sees ? row.cost_rate : null,
    currency: sees ? row.currency : null,
    amount: sees ? row.amount : null,
    corrects: row.corrects,
    corrected_by: row.corrected_by,
    logged_by: row.logged_by,
    logged_at: row.logged_at,
    voided_by: row.voided_by,
    voided_at: row.voided_at,
    void_reason: row.void_reason,
  }
}

const invalid = (path: string, message: string): Decision<never> =>
  refuse({ code: 'invalid_input', errors: [{ path, message }] })
const notFound: Refusal = { code: 'not_found', what: 'time entry' }

const who = principalRef.optional().describe('the caller when left out')
const note = text(2000).optional()
const jobRole = line(200).optional().describe('in which role; the only one of the person when left out')

type Worker = { readonly id: string; readonly name: string; readonly jobRole: string | null }

async function findWorker(tx: Tx, actor: Actor, ref: string | undefined): Promise<Decision<Worker>> {
  const row = await loadPrincipal(tx, ref ?? actor.id)
  if (row === undefined || row.disabled_at !== null || row.kind === 'system')
    return refuse({ code: 'unknown_reference', field: 'person', value: ref ?? actor.name })
  const roles = row.profile?.job_roles ?? []
  return accept({ id: row.id, name: row.name, jobRole: roles.length === 1 ? (roles[0] ?? null) : null })
}

/** What the person has worked then already; undefined where nothing is in the way. */
async function findOverlap(
  tx: Tx,
  actor: Actor,
  person: { readonly id: string; readonly name: string },
  range: { readonly from: string; readonly until: string | null },
  beside: string | null = null,
): Promise<Refusal | undefined> {
  const others = await listOverlaps(tx, person.id, range, beside)
  if (others.length === 0) return undefined
  const conflicts = others.map((one) => ({
    work_order: maySee(actor, one) ? one.work_order : null,
    from: one.from_at,
    until: one.until_at,
  }))
  return { code: 'time_overlaps', person: person.name, conflicts }
}

/** Told without what it cost: whoever reads the history of a work order does not read what people cost. */
const toDetail = (row: NewTimeEntry, person: string) => ({
  time_entry: row.id,
  person_id: row.person_id,
  person,
  from: row.from_at,
  until: row.until_at,
  job_role: row.job_role,
  ...(row.corrects === null ? {} : { corrects: row.corrects }),
})

async function answer(tx: Tx, actor: Actor, id: string): Promise<Decision<View>> {
  const row = await loadTimeEntry(tx, id)
  if (row === undefined) throw new Error('a time entry was written and is not there')
  return accept(toView(actor, row))
}

export const start = operation({
  name: 'time_entry.start',
  summary: 'Start a timer on a work order that is under way; one runs for each person',
  http: ['POST', '/v1/work-orders/:id/timer'],
  status: 201,
  permission: workers,
  mutates: true,
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef, person: who, job_role: jobRole, note }),
  output: view,
  async run(tx, actor, { id, person, job_role, note: said }): Promise<Decision<View>> {
    const locked = await lockForChange(tx, actor, id)
    if (!locked.ok) return locked
    const worker = await findWorker(tx, actor, person)
    if (!worker.ok) return worker
    const workOrder = locked.value
    const at = workOrder.locked_at
    const refused =
      gateTimer(actor, workOrder, worker.value.id) ??
      (await findOverlap(tx, actor, worker.value, { from: at, until: null }))
    if (refused !== undefined) return refuse(refused)
    const row = toRow(tx, workOrder, worker.value, { from: at, until: null, job_role, note: said })
    return write(tx, actor, workOrder, row, worker.value.name, 'time_started')
  },
})

export const log = operation({
  name: 'time_entry.log',
  summary: 'Log what was worked on a work order, from one instant to another',
  http: ['POST', '/v1/work-orders/:id/time-entries'],
  status: 201,
  permission: workers,
  mutates: true,
  example: 'WO-2026-000001 --from 2026-01-14T08:00:00Z --until 2026-01-14T09:30:00Z',
  input: z.strictObject({
    id: workOrderRef,
    from: instant,
    until: instant.describe('the first instant at which it was over; 24 hours after from at most'),
    person: who,
    job_role: jobRole,
    note,
  }),
  output: view,
  async run(tx, actor, { id, person, ...given }): Promise<Decision<View>> {
    const locked = await lockForChange(tx, actor, id)
    if (!locked.ok) return locked
    const worker = await findWorker(tx, actor, person)
    if (!worker.ok) return worker
    const workOrder = locked.value
    const refused = gateTime(actor, workOrder, worker.value.id)
    if (refused !== undefined) return refuse(refused)
    const problem = findRangeProblem(given, workOrder.locked_at)
    if (problem !== undefined) return invalid(problem.path, problem.message)
    const range = { from: toUtc(given.from), until: toUtc(given.until) }
    const overlap = await findOverlap(tx, actor, worker.value, range)
    if (overlap !== undefined) return refuse(overlap)
    const row = toRow(tx, workOrder, worker.value, { ...given, ...range })
    return write(tx, actor, workOrder, row, worker.value.name, 'time_logged')
  },
})

function toRow(
  tx: Tx,
  workOrder: LockedWorkOrder,
  worker: Worker,
  given: {
    readonly from: string
    readonly until: string | null
    readonly job_role?: string | undefined
    readonly note?: string | undefined
  },
): NewTimeEntry {
  return {
    id: tx.newId(),
    work_order_id: workOrder.id,
    person_id: worker.id,
    from_at: given.from,
    until_at: given.until,
    source: given.until === null ? 'timer' : 'manual',
    job_role: given.job_role ?? worker.jobRole,
    note: given.note ?? null,
    corrects: null,
    logged_at: workOrder.locked_at,
  }
}

async function write(
  tx: Tx,
  actor: Actor,
  workOrder: LockedWorkOrder,
  row: NewTimeEntry,
  person: string,
  action: string,
  reason?: string,
): Promise<Decision<View>> {
  moveHead(tx, workOrder, {
    action,
    detail: toDetail(row, person),
    ...(reason === undefined ? {} : { reason }),
    at: row.logged_at,
  })
  await insertTimeEntry(tx, row)
  return answer(tx, actor, row.id)
}

export const stop = operation({
  name: 'time_entry.stop',
  summary: 'Stop the timer that runs on a work order',
  http: ['DELETE', '/v1/work-orders/:id/timer'],
  permission: workers,
  mutates: true,
  example: 'WO-2026-000001',
  input: z.strictObject({
    id: workOrderRef,
    person: who,
    until: instant
      .optional()
      .describe('when the work ended, where the timer was forgotten; now when left out'),
    note: note.describe('in place of the one that was given at the start'),
  }),
  output: view,
  async run(tx, actor, { id, person, until: given, note: said }): Promise<Decision<View>> {
    const locked = await lockForChange(tx, actor, id)
    if (!locked.ok) return locked
    const worker = await findWorker(tx, actor, person)
    if (!worker.ok) return worker
    const workOrder = locked.value
    const refused = gateTime(actor, workOrder, worker.value.id)
    if (refused !== undefined) return refuse(refused)
    const timer = await findTimer(tx, workOrder.id, worker.value.id)
    if (timer === undefined) return refuse({ code: 'not_found', what: 'running timer' })
    const at = workOrder.locked_at
    const until =
      given === undefined
        ? toInstant(Math.max(parseInstant(at), parseInstant(timer.from_at) + 1000))
        : toUtc(given)
    const problem = findRangeProblem({ from: timer.from_at, until }, given === undefined ? until : at)
    if (problem !== undefined) {
      const forgotten =
        given === undefined && 'the timer has run for more than 24 hours: say when the work ended'
      return invalid(problem.path, forgotten || problem.message)
    }
    const { id: time_entry, from_at: from, person_id } = timer
    moveHead(tx, workOrder, {
      action: 'time_stopped',
      detail: { time_entry, person_id, person: worker.value.name, from, until, job_role: timer.job_role },
      at,
    })
    await stopTimer(tx, timer.id, until, said ?? timer.note)
    return answer(tx, actor, timer.id)
  },
})

type Standing = { readonly entry: TimeEntryRow; readonly workOrder: LockedWorkOrder }

/** An entry that stands, with its work order locked. */
async function lockEntry(tx: Tx, actor: Actor, id: string): Promise<Decision<Standing>> {
  const seen = await loadTimeEntry(tx, id)
  if (seen === undefined || !maySee(actor, seen)) return refuse(notFound)
  const locked = await lockForChange(tx, actor, seen.work_order_id)
  if (!locked.ok) return locked
  const refused = gateTime(actor, locked.value, seen.person_id)
  if (refused !== undefined) return refuse(refused)
  const entry = await loadTimeEntry(tx, id)
  if (entry === undefined) return refuse(notFound)
  return entry.voided_at === null
    ? accept({ entry, workOrder: locked.value })
    : invalid('id', 'is void already: what is right stands in another entry')
}

export const correct = operation({
  name: 'time_entry.correct',
  summary: 'Correct a time entry: it becomes void, and another stands in its place; both stay readable',
  http: ['POST', '/v1/time-entries/:id/correction'],
  status: 201,
  permission: workers,
  mutates: true,
  example: '01a1fb16-0000-7000-8000-000000000000 --until 2026-01-14T09:00:00Z --reason "was at lunch"',
  input: z.strictObject({
    id: z.uuid(),
    from: instant.optional(),
    until: instant.optional(),
    job_role: line(200).nullable().optional(),
    note: text(2000).nullable().optional(),
    reason: line(2000),
  }),
  output: view,
  async run(tx, actor, { id, reason, ...given }): Promise<Decision<View>> {
    const found = await lockEntry(tx, actor, id)
    if (!found.ok) return found
    const { entry, workOrder } = found.value
    if (entry.until_at === null) return invalid('id', 'still runs: stop it, and say when the work ended')
    const range = {
      from: given.from === undefined ? entry.from_at : toUtc(given.from),
      until: given.until === undefined ? entry.until_at : toUtc(given.until),
    }
    const problem = findRangeProblem(range, workOrder.locked_at)
    if (problem !== undefined) return invalid(problem.path, problem.message)
    const person = { id: entry.person_id, name: entry.person }
    const overlap = await findOverlap(tx, actor, person, range, entry.id)
    if (overlap !== undefined) return refuse(overlap)
    const row: NewTimeEntry = {
      id: tx.newId(),
      work_order_id: workOrder.id,
      person_id: person.id,
      from_at: range.from,
      until_at: range.until,
      source: 'manual',
      job_role: given.job_role === undefined ? entry.job_role : given.job_role,
      note: given.note === undefined ? entry.note : given.note,
      corrects: entry.id,
      logged_at: workOrder.locked_at,
    }
    await voidTimeEntry(tx, entry.id, reason, workOrder.locked_at)
    return write(tx, actor, workOrder, row, person.name, 'time_corrected', reason)
  },
})

export const voidEntry = operation({
  name: 'time_entry.void',
  summary: 'Make a time entry void, or a timer that should not have run; it stays readable',
  http: ['POST', '/v1/time-entries/:id/void'],
  permission: workers,
  mutates: true,
  example: '01a1fb16-0000-7000-8000-000000000000 --reason "of another work order"',
  input: z.strictObject({ id: z.uuid(), reason: line(2000) }),
  output: view,
  async run(tx, actor, { id, reason }): Promise<Decision<View>> {
    const found = await lockEntry(tx, actor, id)
    if (!found.ok) return found
    const { entry, workOrder } = found.value
    const at = workOrder.locked_at
    moveHead(tx, workOrder, {
      action: 'time_voided',
      detail: {
        time_entry: entry.id,
        person_id: entry.person_id,
        person: entry.person,
        from: entry.from_at,
        until: entry.until_at,
      },
      reason,
      at,
    })
    await voidTimeEntry(tx, entry.id, reason, at)
    return answer(tx, actor, entry.id)
  },
})

export const list = operation({
  name: 'time_entry.list',
  summary: 'List working time: of a work order, a person, a range, or all',
  http: ['GET', '/v1/time-entries'],
  permission: everyone,
  mutates: false,
  example: '--work-order WO-2026-000001',
  input: z.strictObject({
    work_order: workOrderRef.optional(),
    person: principalRef.optional(),
    from: instant.optional(),
    until: instant.optional(),
    include_void: z.boolean().default(false),
    cursor: text(500).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({ data: z.array(view), next_cursor: z.string().nullable() }),
  async run(tx, actor, input) {
    const after =
      input.cursor === undefined ? null : parseCursor(z.strictObject({ id: z.uuid() }), input.cursor)
    if (after === undefined) return invalid('cursor', 'is not a cursor of this list')
    const [from, until] = [input.from ?? null, input.until ?? null]
    if (from !== null && until !== null && Date.parse(until) <= Date.parse(from))
      return invalid('until', 'must be after from')
    const workOrder = input.work_order === undefined ? null : await findWorkOrder(tx, actor, input.work_order)
    if (workOrder?.ok === false) return workOrder
    const person = input.person === undefined ? null : await loadPrincipal(tx, input.person)
    if (person === undefined)
      return refuse({ code: 'unknown_reference', field: 'person', value: input.person ?? '' })
    const rows = await listTimeEntries(tx, actor, {
      workOrderId: workOrder?.value.id ?? null,
      personId: person?.id ?? null,
      from,
      until,
      withVoid: input.include_void,
      after: after?.id ?? null,
      limit: input.limit + 1,
    })
    const shown = rows.slice(0, input.limit)
    const last = rows.length > input.limit ? shown.at(-1) : undefined
    return accept({
      data: shown.map((row) => toView(actor, row)),
      next_cursor: last === undefined ? null : toCursor({ id: last.id }),
    })
  },
})
