/** SQL of absences. One is never changed: it is removed, and another one added. */
import { isId } from '#platform/id.ts'
import type { Tx } from '#platform/tx.ts'

export type AbsenceRow = {
  readonly id: string
  readonly principal_id: string
  readonly principal: string
  readonly starts_at: string
  readonly ends_at: string
  readonly note: string | null
  readonly created_at: string
}

export const loadAbsence = (tx: Tx, id: string): Promise<AbsenceRow | undefined> =>
  tx.maybe<AbsenceRow>`
    select a.id, a.principal_id, p.name as principal, a.starts_at, a.ends_at, a.note, a.created_at
      from absences a join principals p on p.tenant_id = a.tenant_id and p.id = a.principal_id
     where a.id = ${isId(id) ? id : null} and a.removed_at is null`

/** Those that are not over at `from`, in the order in which they were added, after `after`. */
export const listAbsences = (
  tx: Tx,
  filter: {
    readonly principalId: string | null
    readonly from: string
    readonly after: string
    readonly limit: number
  },
): Promise<AbsenceRow[]> =>
  tx.list<AbsenceRow>`
    select a.id, a.principal_id, p.name as principal, a.starts_at, a.ends_at, a.note, a.created_at
      from absences a join principals p on p.tenant_id = a.tenant_id and p.id = a.principal_id
     where a.removed_at is null and a.ends_at > ${filter.from} and a.id > ${filter.after}
       and (${filter.principalId}::uuid is null or a.principal_id = ${filter.principalId})
     order by a.id limit ${filter.limit}`

export function insertAbsence(tx: Tx, row: Omit<AbsenceRow, 'principal'>): void {
  tx.write(1)`
    insert into absences (id, principal_id, starts_at, ends_at, note, created_at)
    values (${row.id}, ${row.principal_id}, ${row.starts_at}, ${row.ends_at}, ${row.note}, ${row.created_at})`
}

export function removeAbsence(tx: Tx, id: string, at: string): void {
  tx.write(1)`update absences set removed_at = ${at} where id = ${id} and removed_at is null`
}
