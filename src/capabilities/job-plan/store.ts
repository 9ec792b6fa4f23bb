/** SQL of job plans: what the steps of a work order rest on besides their results. */
import type { Tx } from '#platform/tx.ts'

/** Of these work orders, the ids of those that are done, or waived. */
export async function listSettled(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>`
    select id from work_orders where id = any (${ids}::uuid[]) and (category = 'done' or waiver is not null)`
  return rows.map(({ id }) => id)
}

/** Of these findings, the numbers of those that are not closed. */
export async function listUnclosed(tx: Tx, numbers: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ number: string }>`
    select number from findings where number = any (${numbers}::text[]) and state <> 'closed'`
  return rows.map(({ number }) => number)
}

export type StepFile = { readonly id: string; readonly sha256: string }

/** Of these files, those that the work order has. */
export const listFiles = (tx: Tx, workOrderId: string, ids: readonly string[]): Promise<StepFile[]> =>
  tx.rows<StepFile>`
    select id, encode(sha256, 'hex') as sha256 from attachments
     where work_order_id = ${workOrderId} and id = any (${ids}::uuid[]) order by id`

export type StepWorkOrder = {
  readonly id: string
  readonly number: string
  readonly status: string
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
}
/** The work orders that steps consist of, for showing them. */
export const listStepWorkOrders = (tx: Tx, ids: readonly string[]): Promise<StepWorkOrder[]> =>
  tx.rows<StepWorkOrder>`
    select id, number, status, requester_id, assignee_id, asset_id from work_orders where id = any (${ids}::uuid[])`

/** The last entry of a work order about each of its credentials: that it was leased, or why it was not. */
export const listCredentialEntries = (tx: Tx, workOrderId: string): Promise<{ readonly body: Buffer }[]> =>
  tx.rows<{ body: Buffer }>`
    select distinct on (convert_from(body, 'UTF8')::jsonb -> 'detail' ->> 'credential') body from entries
     where record_id = ${workOrderId} and action in ('credential_leased', 'credential_failed')
     order by convert_from(body, 'UTF8')::jsonb -> 'detail' ->> 'credential', seq desc`
