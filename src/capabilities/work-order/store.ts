/** SQL of work orders: find one, lock one, insert, update. Row security keeps every statement in its tenant. */
import { isNumber } from '#domain/number.ts'
import { recordedFields } from '#domain/work-order.ts'
import type { Recorded, RecordedField, WorkOrder } from '#domain/work-order.ts'
import type { Category } from '#domain/lifecycle.ts'
import type { GrantedRole, PrincipalKind } from '#domain/principal.ts'
import { sql } from '#platform/sql.ts'
import { isId } from '#platform/id.ts'
import { forget } from './memory.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'

export type Names = {
  readonly requester: string
  readonly assignee: string | null
  readonly asset: string | null
}
export type WorkOrderRow = WorkOrder &
  Names & {
    /** The humans who answer for the agents that did the work. */
    readonly executor_sponsor_ids: readonly string[]
  }
/** A locked row: with the head of its chain, and the time after the lock was had. */
export type LockedWorkOrder = WorkOrderRow &
  Chained & {
    readonly locked_at: string
    /** Does somebody's timer run on it? Starting one moves the head of the chain, so a remembered row knows it too. */
    readonly has_timer: boolean
  }

export const columns = sql`
  wo.id, wo.number, wo.lifecycle, wo.status, wo.category, wo.version, wo.title, wo.description, wo.priority,
  wo.regulatory, wo.origin, wo.requester_id, wo.assignee_id, wo.asset_id, wo.due_date, wo.estimated_hours,
  wo.actual_hours, wo.tags, wo.project, wo.work_category, wo.acceptance_criteria, wo.deliverables, wo.notes,
  wo.completion_summary, wo.review_notes, wo.related_wo_ids, wo.parent_id, wo.planned_start, wo.planned_end,
  wo.actual_start, wo.actual_end, wo.job_plan, wo.requirements, wo.hold, wo.blocker, wo.revision, wo.revision_of,
  wo.acknowledged_at, wo.attributes, wo.executor_ids, wo.editor_id, wo.import_source, wo.predecessors,
  wo.completion_policy, wo.on_failure, wo.waiver, wo.step_results, wo.created_at, wo.updated_at,
  r.name as requester, a.name as assignee, s.tag as asset,
  array(select p.sponsor_id::text from principals p where p.id = any (wo.executor_ids) and p.sponsor_id is not null) as executor_sponsor_ids`

export const named = sql`
  join principals r on r.tenant_id = wo.tenant_id and r.id = wo.requester_id
  left join principals a on a.tenant_id = wo.tenant_id and a.id = wo.assignee_id
  left join assets s on s.tenant_id = wo.tenant_id and s.id = wo.asset_id`

/** By id or by number; undefined when it is neither. */
export async function loadWorkOrder(tx: Tx, ref: string): Promise<WorkOrderRow | undefined> {
  if (isId(ref))
    return tx.maybe<WorkOrderRow>`select ${columns} from work_orders wo ${named} where wo.id = ${ref}`
  const id = await findIdByNumber(tx, ref)
  return id === undefined ? undefined : loadWorkOrder(tx, id)
}

/** Locks the row against every other change until the transaction ends. */
export async function lockWorkOrder(tx: Tx, ref: string): Promise<LockedWorkOrder | undefined> {
  if (!isId(ref)) {
    const id = await findIdByNumber(tx, ref)
    return id === undefined ? undefined : lockWorkOrder(tx, id)
  }
  tx.lock(ref)
  const row = await tx.maybe<Omit<LockedWorkOrder, 'locked_at'>>`
    select ${columns}, wo.entry_seq, wo.entry_head,
           exists (select from time_entries t
                    where t.tenant_id = wo.tenant_id and t.work_order_id = wo.id and upper_inf(t.during) and t.voided_at is null) as has_timer
      from work_orders wo ${named}
     where wo.id = ${ref}
       for update of wo`
  return row === undefined ? undefined : { ...row, locked_at: tx.now(row.updated_at) }
}

/** The id of a work order by its id or number; undefined where there is none of that number. */
export const findWorkOrderId = (tx: Tx, ref: string): Promise<string | undefined> =>
  isId(ref) ? Promise.resolve(ref) : findIdByNumber(tx, ref)

async function findIdByNumber(tx: Tx, number: string): Promise<string | undefined> {
  if (!isNumber(number)) return undefined
  const row = await tx.maybe<{
    id: string
  }>`select work_order_id as id from work_order_numbers where number = ${number}`
  return row?.id
}

const jsonFields: ReadonlySet<string> = new Set([
  'job_plan',
  'requirements',
  'hold',
  'blocker',
  'attributes',
  'predecessors',
  'completion_policy',
  'waiver',
  'step_results',
])
const toColumn = (field: string, value: unknown): unknown =>
  jsonFields.has(field) && value !== null ? JSON.stringify(value) : value

export type NewWorkOrder = Recorded & {
  readonly id: string
  readonly category: Category
  readonly created_at: string
}

export function insertWorkOrder(tx: Tx, row: NewWorkOrder, head: Head): void {
  const given = { ...row, ...head, updated_at: row.created_at }
  tx.write(1)`insert into work_order_numbers (number, work_order_id) values (${row.number}, ${row.id})`
  tx.write(1)(insertText, ...insertColumns.map((column) => toColumn(column, given[column])))
}

const headColumns = ['version', 'entry_seq', 'entry_id', 'entry_head'] as const
const insertColumns = [
  'id',
  'category',
  'created_at',
  'updated_at',
  ...headColumns,
  ...recordedFields,
] as const
const insertText = pieces([
  `insert into work_orders (${insertColumns.join(', ')}) values (`,
  ...insertColumns.slice(1).map(() => ', '),
  ')',
])

/** A text with a parameter between each two pieces, made once for all its calls. */
function pieces(strings: readonly string[]): TemplateStringsArray {
  return Object.assign([...strings], { raw: strings })
}

/** Sets what changed and moves the head of the chain; the version that was read must still stand. */
export function updateWorkOrder(
  tx: Tx,
  before: Chained,
  changes: Partial<Recorded>,
  category: Category,
  head: Head,
  at: string,
): void {
  forget(tx.tenantId, before.id)
  const fields = Object.keys(changes) as RecordedField[]
  const values = fields.map((field) => toColumn(field, changes[field]))
  const moved = [category, at, ...headColumns.map((column) => head[column])]
  tx.write('head')(updateText(fields), ...values, ...moved, before.id, before.version, before.entry_seq)
}

const updateTexts = new Map<string, TemplateStringsArray>()

/** One text for each set of fields that is ever changed together. */
function updateText(fields: readonly RecordedField[]): TemplateStringsArray {
  const key = fields.join()
  let text = updateTexts.get(key)
  if (text === undefined) {
    const [first, ...others] = [...fields, 'category', 'updated_at', ...headColumns]
    text = pieces([
      `update work_orders set ${first} = `,
      ...others.map((column) => `, ${column} = `),
      ' where id = ',
      ' and version = ',
      ' and entry_seq = ',
      '',
    ])
    updateTexts.set(key, text)
  }
  return text
}

/** Moves the head of the chain and nothing else: a comment, an attachment, a refused attempt. */
export function updateHead(tx: Tx, before: Chained, head: Head): void {
  forget(tx.tenantId, before.id)
  tx.write('head')`
    update work_orders set entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}

export type PrincipalName = { readonly id: string; readonly name: string; readonly kind: PrincipalKind }

/** By id or by name: an active one, or any that ever was. */
export const findPrincipal = (
  tx: Tx,
  ref: string,
  which: 'active' | 'any' = 'active',
): Promise<PrincipalName | undefined> =>
  tx.maybe<PrincipalName>`
    select id, name, kind from principals
     where ${isId(ref) ? sql`id = ${ref}` : sql`name = ${ref}`} and (disabled_at is null or ${which} = 'any')`

/** By id or by tag: one that is not retired, or any that ever was. */
export const findAsset = (
  tx: Tx,
  ref: string,
  which: 'active' | 'any' = 'active',
): Promise<{ id: string; tag: string } | undefined> =>
  tx.maybe<{ id: string; tag: string }>`
    select id, tag from assets
     where ${isId(ref) ? sql`id = ${ref}` : sql`tag = ${ref}`} and (status <> 'retired' or ${which} = 'any')`

export async function findDefaultLifecycle(tx: Tx): Promise<Recorded['lifecycle']> {
  const row = await tx.maybe<{
    default_lifecycle: Recorded['lifecycle']
  }>`select default_lifecycle from tenants`
  if (row === undefined) throw new Error('the tenant has no row')
  return row.default_lifecycle
}

/** The next `count` numbers of the year, in one step; the counter stays locked until the commit, so none is lost. */
export async function takeCounted(tx: Tx, year: number, count: number): Promise<number> {
  const row = await tx.maybe<{ last: number }>`
    insert into number_counters as c (year, last) values (${year}, ${count})
    on conflict (tenant_id, year) do update set last = c.last + excluded.last
    returning last`
  if (row === undefined) throw new Error('the counter gave nothing')
  return row.last - count + 1
}

/** The first of the candidates that no work order has yet. */
export async function findFreeNumber(tx: Tx, candidates: readonly string[]): Promise<string | undefined> {
  const row = await tx.maybe<{ number: string }>`
    select c.number from unnest(${candidates}::text[]) with ordinality as c (number, position)
     where not exists (select from work_order_numbers n where n.number = c.number)
     order by c.position limit 1`
  return row?.number
}

/** Names of active principals that hold one of these roles, for refusals that say who could help. */
export async function listHolders(
  tx: Tx,
  roles: readonly GrantedRole[],
  assetId: string | null,
): Promise<string[]> {
  const rows = await tx.rows<{ name: string }>`
    select distinct p.name from role_grants g join principals p on p.tenant_id = g.tenant_id and p.id = g.principal_id
     where g.role = any (${roles}::text[]) and (g.asset_id is null or g.asset_id = ${assetId}) and p.disabled_at is null
     order by p.name limit 10`
  return rows.map((row) => row.name)
}

/** Which of these are linked to that master. */
export async function listLinkedAmong(
  tx: Tx,
  masterId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const rows = await tx.rows<{ id: string }>`
    select id from work_orders where id = any (${[...ids]}::uuid[]) and parent_id = ${masterId}`
  return new Set(rows.map(({ id }) => id))
}
