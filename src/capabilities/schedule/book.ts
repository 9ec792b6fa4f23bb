/**
 * Booking what was proposed: planned times, assignees and reservations of all of it, or nothing. The one rule: it is
 * checked against the world as it is now, under the locks of everything that it takes.
 */
import { z } from 'zod'
import { decideEdit } from '#domain/edit.ts'
import { changesBetween } from '#domain/entry.ts'
import { toInstant } from '#domain/instant.ts'
import type { Actor, GrantedRole } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { recordedFields } from '#domain/work-order.ts'
import type { Grid } from '#domain/slot.ts'
import type { Recorded } from '#domain/work-order.ts'
import { operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { lockResources, replaceReservations } from '../reservation/aside.ts'
import type { Aside } from '../reservation/aside.ts'
import { lockForChange } from '../work-order/find.ts'
import type { LockedWorkOrder } from '../work-order/find.ts'
import { line, workOrderRef } from '../work-order/schema.ts'
import { updateWorkOrder } from '../work-order/store.ts'
import { toGridOf } from './ask.ts'
import type { Answer, Placed } from './ask.ts'
import { checkProposals } from './check.ts'
import { loadPlanned, mostWorks } from './load.ts'
import { loadSchedule, markBooked } from './store.ts'
import { toMs } from './to-free.ts'

const planners: readonly GrantedRole[] = ['assigner', 'captain', 'system_owner', 'admin']

const booked = z.object({
  work_order: z.string(),
  from: z.string(),
  until: z.string(),
  assignee: z.string().nullable(),
  reservations: z.int(),
})

export const book = operation({
  name: 'schedule.book',
  summary: 'Book a schedule: planned times, assignees and reservations, all of it or nothing',
  http: ['POST', '/v1/schedules/:id/booking'],
  status: 201,
  permission: { kinds: ['human', 'system'], roles: planners },
  mutates: true,
  example: '01890000-0000-7000-8000-000000000000',
  input: z.strictObject({
    id: z.uuid().describe('of the schedule'),
    work_orders: z
      .array(workOrderRef)
      .min(1)
      .max(mostWorks)
      .optional()
      .describe('all that were proposed when left out'),
    alternatives: z
      .array(z.strictObject({ work_order: workOrderRef, alternative: z.int().min(1).max(10) }))
      .max(mostWorks)
      .default([])
      .describe('which of the alternatives instead, counted from 1'),
    reason: line(2000).optional().describe('needed where a work order is regulatory'),
  }),
  output: z.object({ id: z.uuid(), booked_at: z.string(), booked: z.array(booked) }),
  async run(tx, actor, input) {
    // Two bookings of one schedule come one after the other.
    tx.lock(input.id)
    const row = await loadSchedule(tx, input.id)
    if (row === undefined) return refuse({ code: 'not_found', what: 'schedule' })
    const current = row.booked_at === null ? row.state : 'booked'
    if (row.answer === null || current !== 'done') return refuse({ code: 'schedule_not_open', current })
    const chosen = choose(row.answer, input)
    if (!chosen.ok) return chosen
    const proposals = chosen.value.toSorted((a, b) => (a.work_order_id < b.work_order_id ? -1 : 1))
    const locked = await lockAll(tx, actor, proposals, input.reason)
    if (!locked.ok) return locked
    await lockResources(tx, [
      ...new Set(
        proposals.flatMap(({ proposal, tools }) => [
          ...proposal.assigned_persons.map(({ person_id }) => person_id),
          ...tools.map(({ tool_id }) => tool_id),
        ]),
      ),
    ])
    const grid = toGridOf(row.answer)
    const planned = await loadPlanned(tx, row.ask, grid)
    if (!planned.ok) return planned
    const checked = checkProposals(planned.value, proposals, row.answer.work)
    if (!checked.ok) return refuse({ code: 'schedule_moved', moved: checked.moved })
    const names = new Map(planned.value.world.people.map(({ id, name }) => [id, name]))
    const done: z.output<typeof booked>[] = []
    for (const [i, one] of proposals.entries()) {
      const wanted = toAsides(grid, one, checked.partsOf(one.work_order_id))
      const before = locked.value[i]!
      await write(tx, row.id, before, one, wanted, input.reason)
      const { proposed_start, proposed_end, assigned_persons: people } = one.proposal
      done.push({
        work_order: before.number,
        from: proposed_start,
        until: proposed_end,
        assignee: before.assignee ?? names.get(people[0]?.person_id ?? '') ?? null,
        reservations: wanted.length,
      })
    }
    const booked_at = tx.now()
    markBooked(tx, row.id, booked_at)
    return accept({ id: row.id, booked_at, booked: done })
  },
})

type Choice = {
  readonly work_orders?: readonly string[] | undefined
  readonly alternatives: readonly { readonly work_order: string; readonly alternative: number }[]
}
const isOf = (ref: string, one: Placed): boolean => one.work_order === ref || one.work_order_id === ref

/** What is under way needs no booking. */
function choose({ work }: Answer, { work_orders: refs, alternatives }: Choice): Decision<Placed[]> {
  const open = work.filter((one) => !one.under_way)
  for (const [i, ref] of (refs ?? []).entries())
    if (!open.some((one) => isOf(ref, one)))
      return refuse({ code: 'unknown_reference', field: `work_orders.${i}`, value: ref })
  const proposals = open.filter((one) => refs === undefined || refs.some((ref) => isOf(ref, one)))
  if (proposals.length === 0)
    return refuse({
      code: 'invalid_input',
      errors: [{ path: 'id', message: 'nothing was proposed that could be booked' }],
    })
  const swapped = new Map<Placed, Placed>()
  for (const [i, { work_order: ref, alternative }] of alternatives.entries()) {
    const one = proposals.find((other) => isOf(ref, other))
    const other = one?.proposal.alternatives?.[alternative - 1]
    if (one === undefined || other === undefined)
      return refuse({ code: 'unknown_reference', field: `alternatives.${i}`, value: `${ref} ${alternative}` })
    swapped.set(one, { ...one, proposal: other })
  }
  return accept(proposals.map((one) => swapped.get(one) ?? one))
}

/**
 * In the order of their ids, so that two bookings never wait for each other; and all of them before the first row is
 * touched: who waits with a transaction id of its own could come into the log before what it follows.
 */
async function lockAll(
  tx: Tx,
  actor: Actor,
  proposals: readonly Placed[],
  reason: string | undefined,
): Promise<Decision<LockedWorkOrder[]>> {
  for (const { work_order_id: id } of proposals) tx.lock(id)
  const locked: LockedWorkOrder[] = []
  const moved: string[] = []
  for (const { work_order: number, work_order_id: id, version } of proposals) {
    const found = await lockForChange(tx, actor, id)
    if (!found.ok) return found
    const refused = checkChange(actor, found.value, reason)
    if (refused !== undefined) return refuse(refused)
    if (found.value.version !== version)
      moved.push(`${number}: version ${version} was planned, it is now ${found.value.version}`)
    locked.push(found.value)
  }
  return moved.length > 0 ? refuse({ code: 'schedule_moved', moved }) : accept(locked)
}

function checkChange(
  actor: Actor,
  workOrder: LockedWorkOrder,
  reason: string | undefined,
): Refusal | undefined {
  const fields = ['planned_start', 'planned_end', ...(workOrder.assignee_id === null ? ['assignee'] : [])]
  const decision = decideEdit(workOrder, actor, fields)
  if (!decision.ok) return decision.refusal
  return workOrder.regulatory && (reason ?? '').trim() === ''
    ? { code: 'gates_unmet', unmet: [{ code: 'missing_fields', missing_fields: ['reason'] }] }
    : undefined
}

function toAsides(
  grid: Grid,
  { proposal, tools }: Placed,
  parts: readonly { start: number; end: number }[],
): Aside[] {
  const toTime = (slot: number): string => toInstant(toMs(grid, slot) * 1000)
  return parts.flatMap(({ start, end }) => {
    const during = { from: toTime(start), until: toTime(end) }
    return [
      ...proposal.assigned_persons.map(({ person_id }): Aside => ({
        kind: 'person',
        resource_id: person_id,
        ...during,
        quantity: 1,
      })),
      ...tools.map(({ tool_id, quantity }): Aside => ({
        kind: 'tool',
        resource_id: tool_id,
        ...during,
        quantity,
      })),
    ]
  })
}

async function write(
  tx: Tx,
  schedule: string,
  before: LockedWorkOrder,
  { proposal }: Placed,
  wanted: readonly Aside[],
  reason: string | undefined,
): Promise<void> {
  const first = proposal.assigned_persons[0]?.person_id ?? null
  const { told, write: writeReservations } = await replaceReservations(tx, before, wanted)
  const changes: Partial<Recorded> = {
    planned_start: proposal.proposed_start,
    planned_end: proposal.proposed_end,
    ...(before.assignee_id === null && first !== null ? { assignee_id: first } : {}),
  }
  const at = before.locked_at
  const head = tx.record({
    kind: 'work_order',
    record: before,
    action: 'scheduled',
    reason: reason?.trim() || null,
    changes: changesBetween(recordedFields, before, changes),
    detail: { schedule, ...told },
    at,
  })
  updateWorkOrder(tx, before, changes, before.category, head, at)
  writeReservations()
}
