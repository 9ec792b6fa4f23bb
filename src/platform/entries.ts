/**
 * Reading the log: one record's chain in order, or the whole tenant's in order of commit. The order of
 * commit is (xid, id) below the horizon of running transactions, so nothing can appear behind what was read.
 */
import { z } from 'zod'
import { recordKinds } from '#domain/entry.ts'
import type { EntryBody } from '#domain/entry.ts'
import type { Actor } from '#domain/principal.ts'
import { principalKinds } from '#domain/principal.ts'
import type { Tx } from './tx.ts'

export const entryView = z.object({
  id: z.uuid(),
  record: z.object({ kind: z.enum(recordKinds), id: z.uuid() }),
  seq: z.int(),
  version: z.int(),
  action: z.string(),
  actor: z.object({
    id: z.uuid(),
    kind: z.enum(principalKinds),
    name: z.string(),
    sponsor: z.uuid().nullable(),
    client: z.string(),
  }),
  reason: z.string().nullable(),
  changes: z.array(z.object({ field: z.string(), old: z.unknown(), new: z.unknown() })),
  detail: z.record(z.string(), z.unknown()).nullable(),
  request: z.string(),
  at: z.string(),
  leaf: z.string(),
})
export type EntryView = z.output<typeof entryView>

type EntryRow = { readonly body: Buffer; readonly leaf: Buffer }

function toEntryView({ body, leaf }: EntryRow): EntryView {
  const { v: _v, tenant: _tenant, prev: _prev, ...shown } = JSON.parse(body.toString('utf8')) as EntryBody
  return { ...shown, changes: [...shown.changes], leaf: leaf.toString('hex') }
}

/** Entries of one record after `seq`, oldest first. */
export async function listRecordEntries(
  tx: Tx,
  recordId: string,
  seq: number,
  limit: number,
): Promise<EntryView[]> {
  const rows = await tx.rows<EntryRow>`
    select body, leaf from entries where record_id = ${recordId} and seq > ${seq} order by seq limit ${limit}`
  return rows.map(toEntryView)
}

export async function listRecordEntriesOf(
  tx: Tx,
  recordId: string,
  action: string,
  seq: number,
  limit: number,
): Promise<EntryView[]> {
  const rows = await tx.rows<EntryRow>`
    select body, leaf from entries where record_id = ${recordId} and action = ${action} and seq > ${seq} order by seq limit ${limit}`
  return rows.map(toEntryView)
}

/** A place in the tenant's log: the entry's transaction and its id, as `xid-id`. */
export type LogPlace = { readonly xid: string; readonly id: string }
export type LoggedEntry = EntryView & { readonly place: string }

const toPlace = ({ xid, id }: LogPlace): string => `${xid}-${id}`
export function parsePlace(text: string): LogPlace | undefined {
  const match = /^(\d{1,19})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(text)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { xid: match[1], id: match[2] }
}

export const firstPlace: LogPlace = { xid: '0', id: '00000000-0000-0000-0000-000000000000' }

type LogRow = EntryRow & LogPlace

/**
 * Entries after a place, as far as no running transaction can still add one before them. A vendor gets those
 * of its own work orders only.
 */
export async function listLog(
  tx: Tx,
  actor: Pick<Actor, 'id' | 'kind'>,
  after: LogPlace,
  limit: number,
): Promise<LoggedEntry[]> {
  const rows = await tx.rows<LogRow>`
    select e.body, e.leaf, e.xid::text as xid, e.id from entries e
     where (e.xid, e.id) > (${after.xid}::xid8, ${after.id}::uuid)
       and e.xid < pg_snapshot_xmin(pg_current_snapshot())
       and (${actor.kind} <> 'vendor' or exists (
             select from work_orders wo
              where wo.id = e.record_id and (wo.assignee_id = ${actor.id} or wo.requester_id = ${actor.id})))
     order by e.xid, e.id limit ${limit}`
  return rows.map((row) => ({ ...toEntryView(row), place: toPlace(row) }))
}

/** Where the log ends now: a reader that begins here gets what comes after. */
export async function loadLogEnd(tx: Tx): Promise<LogPlace> {
  const row = await tx.maybe<{ xid: string }>`select pg_snapshot_xmin(pg_current_snapshot())::text as xid`
  if (row === undefined) throw new Error('no snapshot')
  // Everything below this transaction id is committed or will never be; its own entries come after this place.
  return { xid: row.xid, id: firstPlace.id }
}
