/** SQL of findings. */
import type { FindingFields, FindingState, Severity } from '#domain/finding.ts'
import { isFindingNumber } from '#domain/finding.ts'
import { isId } from '#platform/id.ts'
import { sql } from '#platform/sql.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'

export type FindingRow = FindingFields & {
  readonly id: string
  readonly work_order: string | null
  readonly violator: string | null
  readonly violator_sponsor_id: string | null
  readonly owner: string | null
  readonly closer: string | null
  readonly version: number
  readonly created_at: string
}
export type LockedFinding = FindingRow & Chained & { readonly locked_at: string }

const columns = sql`
  f.id, f.number, f.kind, f.severity, f.title, f.work_order_id, f.violator_id, f.owner_id, f.due_at, f.state,
  f.occurrences, f.last_at, f.detail, f.resolution, f.closed_by, f.closed_at, f.version, f.created_at,
  wo.number as work_order, v.name as violator, v.sponsor_id as violator_sponsor_id, o.name as owner, c.name as closer`
const named = sql`
  left join work_orders wo on wo.tenant_id = f.tenant_id and wo.id = f.work_order_id
  left join principals v on v.tenant_id = f.tenant_id and v.id = f.violator_id
  left join principals o on o.tenant_id = f.tenant_id and o.id = f.owner_id
  left join principals c on c.tenant_id = f.tenant_id and c.id = f.closed_by`

/** By id or by number; undefined when it is neither. */
export async function loadFinding(tx: Tx, ref: string): Promise<FindingRow | undefined> {
  if (isId(ref)) return tx.maybe<FindingRow>`select ${columns} from findings f ${named} where f.id = ${ref}`
  return isFindingNumber(ref)
    ? tx.maybe<FindingRow>`select ${columns} from findings f ${named} where f.number = ${ref}`
    : undefined
}

export async function lockFinding(tx: Tx, ref: string): Promise<LockedFinding | undefined> {
  const found = await loadFinding(tx, ref)
  if (found === undefined) return undefined
  tx.lock(found.id)
  const [locked, row] = await Promise.all([
    tx.maybe<{ entry_seq: number; entry_head: Buffer }>`
      select entry_seq, entry_head from findings where id = ${found.id} for update`,
    loadFinding(tx, found.id),
  ])
  return locked === undefined || row === undefined
    ? undefined
    : { ...row, ...locked, locked_at: tx.now(row.last_at) }
}

export type FindingFilter = {
  readonly state: FindingState | 'unclosed' | undefined
  readonly severity: Severity | undefined
  readonly kind: string | undefined
  readonly workOrderId: string | undefined
  readonly ownerId: string | undefined
  /** Newest first: the last one of the page before. */
  readonly before: string | undefined
  readonly limit: number
}

export const listFindings = (tx: Tx, filter: FindingFilter): Promise<FindingRow[]> =>
  tx.list<FindingRow>`
    select ${columns} from findings f ${named}
     where (${filter.before ?? null}::uuid is null or f.id < ${filter.before ?? null}::uuid)
       and ${stateIs(filter.state)}
       and (${filter.severity ?? null}::text is null or f.severity = ${filter.severity ?? null})
       and (${filter.kind ?? null}::text is null or f.kind = ${filter.kind ?? null})
       and (${filter.workOrderId ?? null}::uuid is null or f.work_order_id = ${filter.workOrderId ?? null}::uuid)
       and (${filter.ownerId ?? null}::uuid is null or f.owner_id = ${filter.ownerId ?? null}::uuid)
     order by f.id desc limit ${filter.limit}`

function stateIs(state: FindingFilter['state']) {
  if (state === undefined) return sql`true`
  return state === 'unclosed' ? sql`f.state <> 'closed'` : sql`f.state = ${state}`
}

/** What makes two findings one and the same. */
export type About = {
  readonly kind: string
  readonly workOrderId: string | null
  readonly violatorId: string | null
  readonly title: string
}

/** Until the transaction ends, nobody else raises a finding about the same. */
export const lockAbout = (tx: Tx, key: string): Promise<unknown> =>
  tx.rows`select pg_advisory_xact_lock(hashtextextended(${`finding ${tx.tenantId} ${key}`}, 0))`

export async function findUnclosed(tx: Tx, about: About): Promise<string | undefined> {
  const row = await tx.maybe<{ id: string }>`
    select id from findings
     where kind = ${about.kind} and title = ${about.title} and state <> 'closed'
       and work_order_id is not distinct from ${about.workOrderId}::uuid
       and violator_id is not distinct from ${about.violatorId}::uuid`
  return row?.id
}

/** Who assures quality: two are enough to know that it is not one. */
export async function listQa(tx: Tx): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>`
    select p.id from principals p
     where p.kind = 'human' and p.disabled_at is null
       and exists (select from role_grants g where g.tenant_id = p.tenant_id and g.principal_id = p.id and g.role = 'qa')
     order by p.id limit 2`
  return rows.map(({ id }) => id)
}

/** Numbers of the findings that keep everything regulatory from becoming done. */
export async function listHolds(tx: Tx): Promise<string[]> {
  const rows = await tx.rows<{ number: string }>`
    select number from findings where kind = 'log_mismatch' and state <> 'closed' order by number limit 10`
  return rows.map(({ number }) => number)
}

/** The next number of the year; the counter stays locked until the commit, so none is lost. */
export async function takeNumber(tx: Tx, year: number): Promise<number> {
  const row = await tx.maybe<{ last: number }>`
    insert into finding_counters as c (year, last) values (${year}, 1)
    on conflict (tenant_id, year) do update set last = c.last + 1
    returning last`
  if (row === undefined) throw new Error('the counter gave nothing')
  return row.last
}

export function insertFinding(tx: Tx, id: string, row: FindingFields, head: Head): void {
  tx.write(1)`
    insert into findings (id, number, kind, severity, title, work_order_id, violator_id, owner_id, due_at, state,
                          occurrences, last_at, detail, resolution, created_at, version, entry_seq, entry_id, entry_head)
    values (${id}, ${row.number}, ${row.kind}, ${row.severity}, ${row.title}, ${row.work_order_id}, ${row.violator_id},
            ${row.owner_id}, ${row.due_at}, ${row.state}, ${row.occurrences}, ${row.last_at}, ${JSON.stringify(row.detail)},
            ${row.resolution}, ${row.last_at}, ${head.version}, ${head.entry_seq}, ${head.entry_id}, ${head.entry_head})`
}

export function updateFinding(tx: Tx, before: Chained, row: FindingFields, head: Head): void {
  tx.write('head')`
    update findings set owner_id = ${row.owner_id}, due_at = ${row.due_at}, state = ${row.state},
           occurrences = ${row.occurrences}, last_at = ${row.last_at}, resolution = ${row.resolution},
           closed_by = ${row.closed_by}, closed_at = ${row.closed_at}, version = ${head.version},
           entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}
