/** SQL of reservations. */
import type { Tx } from '#platform/tx.ts'

export const reservableKinds = ['person', 'tool', 'asset'] as const
export type ReservableKind = (typeof reservableKinds)[number]
export type ReservationState = 'held' | 'confirmed' | 'released'
/** Instants, RFC 3339, half-open. */
export type ReservationRow = {
  readonly id: string
  readonly kind: ReservableKind
  readonly resource_id: string
  readonly resource: string
  readonly work_order_id: string
  readonly work_order: string
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
  readonly from_at: string
  readonly until_at: string
  readonly quantity: number
  readonly state: ReservationState
  readonly held_until: string | null
  readonly created_at: string
}

/** Nobody else reserves one of these until the transaction ends; the same lock as that of the database's own check. */
export async function lockResources(tx: Tx, ids: readonly string[]): Promise<void> {
  for (const id of [...new Set(ids)].toSorted())
    await tx.rows`select pg_advisory_xact_lock(hashtextextended(${`docket.resource ${id}`}, 0))`
}

export type There = {
  readonly capacity: number | null
  /** The first instant at which the calibration of a tool is past due; null where it has none. */
  readonly calibrated_until: string | null
}
/** How many there are of it now, none where there is no such thing or it is out of use; and until when it is calibrated. */
export async function loadThere(tx: Tx, kind: ReservableKind, id: string): Promise<There> {
  const row = await tx.maybe<There>`
    select find_capacity(current_tenant(), ${kind}, ${id}::uuid) as capacity,
           case when ${kind} = 'tool' then find_calibration_end(current_tenant(), ${id}::uuid) end as calibrated_until`
  return row ?? { capacity: null, calibrated_until: null }
}

export type ReservationFilter = {
  readonly resourceId: string | null
  readonly workOrderId: string | null
  readonly from: string
  readonly until: string
  /** Released ones, and holds that ran out, too. */
  readonly all: boolean
  readonly after: string | null
  readonly limit: number
}
/** In the order of their ids; those that touch the range. */
export const listReservations = (tx: Tx, filter: ReservationFilter): Promise<ReservationRow[]> =>
  tx.list<ReservationRow>`
    select v.id, v.kind, v.resource_id, coalesce(p.name, a.tag, r.name) as resource, v.work_order_id, w.number as work_order,
           w.requester_id, w.assignee_id, w.asset_id, lower(v.during) as from_at, upper(v.during) as until_at, v.quantity,
           v.state, v.held_until, v.created_at
      from reservations v
      join work_orders w on w.tenant_id = v.tenant_id and w.id = v.work_order_id
      left join principals p on p.tenant_id = v.tenant_id and p.id = v.resource_id
      left join assets a on a.tenant_id = v.tenant_id and a.id = v.resource_id
      left join resources r on r.tenant_id = v.tenant_id and r.id = v.resource_id
     where (${filter.resourceId}::uuid is null or v.resource_id = ${filter.resourceId}::uuid)
       and (${filter.workOrderId}::uuid is null or v.work_order_id = ${filter.workOrderId}::uuid)
       and upper(v.during) > ${filter.from}::timestamptz and lower(v.during) < ${filter.until}::timestamptz
       and (${filter.all} or v.state = 'confirmed' or (v.state = 'held' and v.held_until > clock_timestamp()))
       and (${filter.after}::uuid is null or v.id > ${filter.after}::uuid)
     order by v.id limit ${filter.limit}`

export type NewReservation = {
  readonly id: string
  readonly kind: ReservableKind
  readonly resource_id: string
  readonly work_order_id: string
  readonly from_at: string
  readonly until_at: string
  readonly quantity: number
  readonly held_until: string | null
  readonly created_at: string
}

export function insertReservation(tx: Tx, row: NewReservation): void {
  tx.write(1)`
    insert into reservations (id, kind, resource_id, work_order_id, during, quantity, state, held_until, created_by, created_at)
    values (${row.id}, ${row.kind}, ${row.resource_id}, ${row.work_order_id}, tstzrange(${row.from_at}::timestamptz, ${row.until_at}::timestamptz),
            ${row.quantity}, ${row.held_until === null ? 'confirmed' : 'held'}, ${row.held_until}, ${tx.actor.id}, ${row.created_at})`
}

export function confirmReservation(tx: Tx, id: string): void {
  tx.write(
    1,
  )`update reservations set state = 'confirmed', held_until = null where id = ${id} and state = 'held'`
}

export function releaseReservation(tx: Tx, id: string, at: string): void {
  tx.write(1)`
    update reservations set state = 'released', held_until = null, released_at = ${at} where id = ${id} and state <> 'released'`
}
