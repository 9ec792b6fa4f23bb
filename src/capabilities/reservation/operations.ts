/**
 * Setting people, tools and assets aside for a work order: held for a while, confirmed, released. All that a call asks
 * for, or nothing; what is taken says by what, as far as the caller may see it.
 */
import { z } from 'zod'
import { toInstant } from '#domain/instant.ts'
import { finalCategories } from '#domain/lifecycle.ts'
import { maySee, rolesOn } from '#domain/principal.ts'
import type { Actor, Role } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { findMostTaken } from '#domain/reservation.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { findAssetByRef } from '../asset/store.ts'
import { loadPrincipal } from '../principal/store.ts'
import { loadResource } from '../resource/store.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import type { LockedWorkOrder } from '../work-order/find.ts'
import { inOurTimes, line, text, workOrderRef } from '../work-order/schema.ts'
import { moveHead } from '../work-order/transition.ts'
import {
  confirmReservation,
  insertReservation,
  listReservations,
  loadThere,
  lockResources,
  releaseReservation,
  reservableKinds,
} from './store.ts'
import type { NewReservation, ReservableKind, ReservationRow } from './store.ts'

const instant = z.iso.datetime({ offset: true }).refine(inOurTimes, 'must be between 1900 and 2199')
const toUtc = (given: string): string => toInstant(Date.parse(given) * 1000)
const [firstInstant, lastInstant] = ['1900-01-01T00:00:00Z', '2200-01-01T00:00:00Z']
const mostAtOnce = 100
const mostConflicts = 20

const view = z.object({
  id: z.uuid(),
  kind: z.enum(reservableKinds),
  resource: z.string(),
  resource_id: z.uuid(),
  work_order: z.string().nullable().describe('null where the caller may not see it'),
  from: z.string(),
  until: z.string().describe('the first instant at which it is free again'),
  quantity: z.int(),
  state: z.enum(['held', 'confirmed', 'released']),
  held_until: z.string().nullable(),
})
type View = z.output<typeof view>
const listView = z.object({ data: z.array(view), next_cursor: z.string().nullable() })

const toView = (actor: Actor, row: ReservationRow): View => ({
  id: row.id,
  kind: row.kind,
  resource: row.resource,
  resource_id: row.resource_id,
  work_order: maySee(actor, row) ? row.work_order : null,
  from: row.from_at,
  until: row.until_at,
  quantity: row.quantity,
  state: row.state,
  held_until: row.held_until,
})

const item = z.strictObject({
  kind: z.enum(reservableKinds),
  resource: line(200).describe('name or id of the person, tool or asset'),
  from: instant,
  until: instant,
  quantity: z.int().min(1).max(10_000).default(1),
})
type Item = z.output<typeof item>
type Wanted = Item & { readonly id: string; readonly name: string; readonly path: string }

const planners: readonly Role[] = ['assigner', 'system_owner', 'captain', 'admin', 'assignee']

function gate(actor: Actor, workOrder: LockedWorkOrder): Refusal | undefined {
  if (finalCategories.includes(workOrder.category)) return { code: 'record_final', current: workOrder.status }
  const roles = rolesOn(actor, workOrder)
  return planners.some((role) => roles.has(role))
    ? undefined
    : { code: 'gates_unmet', unmet: [{ code: 'role_required', roles: planners }] }
}

export const reserve = operation({
  name: 'reservation.reserve',
  summary: 'Set people, tools and assets aside for a work order, all of them or none',
  http: ['POST', '/v1/work-orders/:id/reservations'],
  status: 201,
  permission: staff,
  mutates: true,
  example: `WO-2026-000001 --items '[{"kind":"tool","resource":"torque wrench","from":"2027-02-01T08:00:00Z","until":"2027-02-01T12:00:00Z"}]'`,
  input: z.strictObject({
    id: workOrderRef,
    items: z.array(item).min(1).max(mostAtOnce),
    hold_minutes: z
      .int()
      .min(1)
      .max(10_080)
      .optional()
      .describe('held for so long, then free again unless confirmed; confirmed at once when left out'),
  }),
  output: listView,
  async run(tx, actor, { id, items, hold_minutes: minutes }): Promise<Decision<z.output<typeof listView>>> {
    const found = await findWorkOrder(tx, actor, id)
    if (!found.ok) return found
    const wanted = await resolve(tx, items)
    if (!wanted.ok) return wanted
    const locked = await lockForChange(tx, actor, found.value.id)
    if (!locked.ok) return locked
    const workOrder = locked.value
    const refused = gate(actor, workOrder)
    if (refused !== undefined) return refuse(refused)
    await lockResources(
      tx,
      wanted.value.map((one) => one.id),
    )
    const taken = await findTaken(tx, actor, wanted.value)
    if (taken !== undefined) return refuse(taken)
    const at = workOrder.locked_at
    const held_until = minutes === undefined ? null : toInstant((Date.parse(at) + minutes * 60_000) * 1000)
    const rows = wanted.value.map((one) => toRow(tx, workOrder, one, held_until))
    moveHead(tx, workOrder, {
      action: 'reserved',
      detail: { reservations: rows.map((row) => toDetail(row)), held_until },
      at,
    })
    for (const row of rows) insertReservation(tx, row)
    return accept({
      data: rows.map((row, i) => ({
        id: row.id,
        kind: row.kind,
        resource: wanted.value[i]?.name ?? '',
        resource_id: row.resource_id,
        work_order: workOrder.number,
        from: row.from_at,
        until: row.until_at,
        quantity: row.quantity,
        state: held_until === null ? 'confirmed' : 'held',
        held_until,
      })),
      next_cursor: null,
    })
  },
})

const toRow = (
  tx: Tx,
  workOrder: LockedWorkOrder,
  one: Wanted,
  held_until: string | null,
): NewReservation => ({
  id: tx.newId(),
  kind: one.kind,
  resource_id: one.id,
  work_order_id: workOrder.id,
  from_at: toUtc(one.from),
  until_at: toUtc(one.until),
  quantity: one.quantity,
  held_until,
  created_at: workOrder.locked_at,
})

const toDetail = ({ id, kind, resource_id, from_at, until_at, quantity }: NewReservation) => ({
  id,
  kind,
  resource_id,
  from: from_at,
  until: until_at,
  quantity,
})

async function resolve(tx: Tx, items: readonly Item[]): Promise<Decision<Wanted[]>> {
  const wanted: Wanted[] = []
  for (const [i, one] of items.entries()) {
    const path = `items.${i}`
    const found = await findReservable(tx, one.kind, one.resource)
    if (found === undefined)
      return refuse({ code: 'unknown_reference', field: `${path}.resource`, value: one.resource })
    if (Date.parse(one.until) <= Date.parse(one.from)) return invalid(`${path}.until`, 'must be after from')
    if (one.kind !== 'tool' && one.quantity !== 1)
      return invalid(`${path}.quantity`, `there is one of each ${one.kind}`)
    wanted.push({ ...one, ...found, path })
  }
  return accept(wanted)
}

async function findReservable(
  tx: Tx,
  kind: ReservableKind,
  ref: string,
): Promise<{ id: string; name: string } | undefined> {
  if (kind === 'tool') {
    const row = await loadResource(tx, 'tool', ref)
    return row === undefined || row.retired ? undefined : { id: row.id, name: row.name }
  }
  if (kind === 'asset') {
    const row = await findAssetByRef(tx, ref)
    return row === undefined ? undefined : { id: row.id, name: row.tag }
  }
  const row = await loadPrincipal(tx, ref)
  return row === undefined || row.disabled_at !== null ? undefined : { id: row.id, name: row.name }
}

/** The first that there is not enough of, counting what this call itself asks for before it. */
async function findTaken(tx: Tx, actor: Actor, wanted: readonly Wanted[]): Promise<Refusal | undefined> {
  for (const [i, one] of wanted.entries()) {
    const { capacity, calibrated_until } = await loadThere(tx, one.kind, one.id)
    const isDue = gateCalibration(one.name, toUtc(one.until), calibrated_until)
    if (isDue !== undefined) return isDue
    const standing = await listReservations(tx, {
      resourceId: one.id,
      workOrderId: null,
      from: toUtc(one.from),
      until: toUtc(one.until),
      all: false,
      after: null,
      limit: 10_000,
    })
    const conflicts = standing.map((row) => {
      const seen = toView(actor, row)
      return { work_order: seen.work_order, from: seen.from, until: seen.until, quantity: seen.quantity }
    })
    const own = wanted.slice(0, i).filter(({ id }) => id === one.id)
    const free = Math.max(0, (capacity ?? 0) - findMostTaken([...conflicts, ...own], one.from, one.until))
    if (free < one.quantity)
      return {
        code: 'resource_taken',
        resource: one.name,
        wanted: one.quantity,
        free,
        conflicts: conflicts.slice(0, mostConflicts),
      }
  }
  return undefined
}

/** What is past due at any instant of the range is not set aside for it. */
const gateCalibration = (
  resource: string,
  until: string,
  calibratedUntil: string | null,
): Refusal | undefined =>
  calibratedUntil === null || Date.parse(until) <= Date.parse(calibratedUntil)
    ? undefined
    : {
        code: 'calibration_due',
        resource,
        due: new Date(Date.parse(calibratedUntil) - 1).toISOString().slice(0, 10),
      }

/** The first that cannot be confirmed any more: its calibration was brought forward since it was held. */
async function findDue(tx: Tx, rows: readonly ReservationRow[]): Promise<Refusal | undefined> {
  for (const { kind, resource, resource_id: id, until_at: until } of rows) {
    const { calibrated_until } = await loadThere(tx, kind, id)
    const isDue = gateCalibration(resource, until, calibrated_until)
    if (isDue !== undefined) return isDue
  }
  return undefined
}

const chosen = {
  id: workOrderRef,
  reservations: z
    .array(z.uuid())
    .min(1)
    .max(mostAtOnce)
    .optional()
    .describe('all of the work order when left out'),
}

export const confirm = operation({
  name: 'reservation.confirm',
  summary: 'Confirm what is held for a work order',
  http: ['POST', '/v1/work-orders/:id/reservations/confirmation'],
  permission: staff,
  mutates: true,
  example: 'WO-2026-000001',
  input: z.strictObject(chosen),
  output: listView,
  run: (tx, actor, input) =>
    change(
      tx,
      actor,
      input,
      'reservation_confirmed',
      ({ state }) => state === 'held',
      (row) => {
        confirmReservation(tx, row.id)
        return { ...row, state: 'confirmed', held_until: null }
      },
      findDue,
    ),
})

export const release = operation({
  name: 'reservation.release',
  summary: 'Release what is held or confirmed for a work order',
  http: ['DELETE', '/v1/work-orders/:id/reservations'],
  permission: staff,
  mutates: true,
  example: 'WO-2026-000001 --reason "moved to next week"',
  input: z.strictObject({ ...chosen, reason: line(2000) }),
  output: listView,
  run: (tx, actor, input) =>
    change(
      tx,
      actor,
      input,
      'reservation_released',
      () => true,
      (row, at) => {
        releaseReservation(tx, row.id, at)
        return { ...row, state: 'released', held_until: null }
      },
    ),
})

const invalid = (path: string, message: string): Decision<never> =>
  refuse({ code: 'invalid_input', errors: [{ path, message }] })

type Chosen = {
  readonly id: string
  readonly reservations?: readonly string[] | undefined
  readonly reason?: string
}

/** Those of the work order that were chosen and can be changed; one that was named and cannot is refused. */
async function change(
  tx: Tx,
  actor: Actor,
  { id, reservations: ids, reason }: Chosen,
  action: string,
  fits: (row: ReservationRow) => boolean,
  apply: (row: ReservationRow, at: string) => ReservationRow,
  check: (tx: Tx, rows: readonly ReservationRow[]) => Promise<Refusal | undefined> = () =>
    Promise.resolve(undefined),
): Promise<Decision<z.output<typeof listView>>> {
  const locked = await lockForChange(tx, actor, id)
  if (!locked.ok) return locked
  const workOrder = locked.value
  const refused = gate(actor, workOrder)
  if (refused !== undefined) return refuse(refused)
  const standing = await listReservations(tx, {
    resourceId: null,
    workOrderId: workOrder.id,
    from: firstInstant,
    until: lastInstant,
    all: false,
    after: null,
    limit: 10_000,
  })
  const rows = standing.filter((row) => fits(row) && (ids === undefined || ids.includes(row.id)))
  if (ids !== undefined && rows.length < new Set(ids).size)
    return refuse({ code: 'not_found', what: 'reservation' })
  if (rows.length === 0) return accept({ data: [], next_cursor: null })
  await lockResources(
    tx,
    rows.map((row) => row.resource_id),
  )
  const flaw = await check(tx, rows)
  if (flaw !== undefined) return refuse(flaw)
  const at = workOrder.locked_at
  moveHead(tx, workOrder, {
    action,
    detail: { reservations: rows.map((row) => row.id) },
    ...(reason === undefined ? {} : { reason }),
    at,
  })
  return accept({ data: rows.map((row) => toView(actor, apply(row, at))), next_cursor: null })
}

export const list = operation({
  name: 'reservation.list',
  summary: 'List what is set aside, of one resource or one work order, or of all',
  http: ['GET', '/v1/reservations'],
  permission: staff,
  mutates: false,
  example: '--kind tool --resource "torque wrench"',
  input: z.strictObject({
    kind: z.enum(reservableKinds).optional().describe('needed with resource'),
    resource: line(200).optional(),
    work_order: workOrderRef.optional(),
    from: instant.optional(),
    until: instant.optional(),
    include_released: z.boolean().default(false),
    cursor: text(500).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: listView,
  async run(tx, actor, input) {
    const after =
      input.cursor === undefined ? null : parseCursor(z.strictObject({ id: z.uuid() }), input.cursor)
    if (after === undefined) return invalid('cursor', 'is not a cursor of this list')
    if (input.resource !== undefined && input.kind === undefined)
      return invalid('kind', 'is needed with resource')
    const resource =
      input.resource === undefined || input.kind === undefined
        ? null
        : await findReservable(tx, input.kind, input.resource)
    if (resource === undefined)
      return refuse({ code: 'unknown_reference', field: 'resource', value: input.resource ?? '' })
    const workOrder = input.work_order === undefined ? null : await findWorkOrder(tx, actor, input.work_order)
    if (workOrder?.ok === false) return workOrder
    const rows = await listReservations(tx, {
      resourceId: resource?.id ?? null,
      workOrderId: workOrder?.value.id ?? null,
      from: input.from ?? firstInstant,
      until: input.until ?? lastInstant,
      all: input.include_released,
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
