/** SQL of completion: what a work order waits for, what is linked to it, and the changes of many at once. */
import type { Linked } from '#domain/completion.ts'
import type { Relative } from '#domain/failure.ts'
import type { Category } from '#domain/lifecycle.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import type { Holder, Waited } from '#domain/readiness.ts'
import type { Blocker, CompletionPolicy, Predecessor } from '#domain/work-order.ts'
import { sql } from '#platform/sql.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'
import { forget } from '../work-order/memory.ts'

/** Whose it is: a vendor is shown nothing of what is not its own. */
type Ties = {
  readonly requester_id: string
  readonly assignee_id: string | null
  readonly asset_id: string | null
}

/** What is directly under a master. */
export const listLinked = (tx: Tx, masterId: string): Promise<(Linked & Ties)[]> =>
  tx.rows<Linked & Ties>`
    select w.id, w.number, w.status, w.category, a.name as assignee, w.estimated_hours, w.hold, w.blocker, w.waiver, w.revision_of,
           w.requester_id, w.assignee_id, w.asset_id
      from work_orders w left join principals a on a.tenant_id = w.tenant_id and a.id = w.assignee_id
     where w.parent_id = ${masterId} order by w.id`

/** What it waits for. */
export const listWaited = (tx: Tx, workOrderId: string): Promise<(Waited & Ties)[]> =>
  tx.rows<Waited & Ties>`
    select p.id, p.number, p.status, p.category, a.name as assignee, p.waiver, p.actual_end, d.lag_hours,
           p.requester_id, p.assignee_id, p.asset_id
      from dependencies d
      join work_orders p on p.tenant_id = d.tenant_id and p.id = d.predecessor_id
      left join principals a on a.tenant_id = p.tenant_id and a.id = p.assignee_id
     where d.work_order_id = ${workOrderId} order by p.id`

/** How these stand, whoever waits for them. */
export const listStanding = (
  tx: Tx,
  ids: readonly string[],
): Promise<(Omit<Holder, 'lag_hours'> & { readonly number: string })[]> =>
  tx.rows`select id, number, category, waiver, actual_end from work_orders where id = any (${[...ids]}::uuid[])`

export type Master = {
  readonly number: string
  readonly status: string
  readonly category: Category
  readonly regulatory: boolean
}
export const loadMaster = (tx: Tx, id: string): Promise<Master | undefined> =>
  tx.maybe<Master>`select number, status, category, regulatory from work_orders where id = ${id}`

/** The tenant's own completion policy; null when it never set one. */
export async function loadTenantPolicy(tx: Tx): Promise<CompletionPolicy | null> {
  const row = await tx.maybe<{
    completion_policy: CompletionPolicy | null
  }>`select completion_policy from tenants`
  return row?.completion_policy ?? null
}

/** The entry by which the tenant set the policy that stood at that time; undefined when none was set before. */
export async function loadPolicyEntry(tx: Tx, at: string): Promise<Buffer | undefined> {
  const row = await tx.maybe<{ body: Buffer }>`
    select body from entries
     where record_id = ${tx.tenantId} and action = 'completion_policy_changed' and at <= ${at} order by seq desc limit 1`
  return row?.body
}

/**
 * Work orders that have not begun and wait for nothing any more once `id` is done or waived. The lag of an edge
 * begins with the end; a waiver clears the edge with its lag.
 */
export const listFreed = (tx: Tx, id: string, how: 'done' | 'waived'): Promise<{ readonly id: string }[]> =>
  tx.rows<{ id: string }>`
    select d.work_order_id as id
      from dependencies d join work_orders s on s.tenant_id = d.tenant_id and s.id = d.work_order_id
     where d.predecessor_id = ${id} and (d.lag_hours = 0 or ${how} = 'waived') and s.category in ('initial', 'planning', 'ready')
       and not exists (
         select from dependencies o join work_orders p on p.tenant_id = o.tenant_id and p.id = o.predecessor_id
          where o.tenant_id = d.tenant_id and o.work_order_id = d.work_order_id and o.predecessor_id <> d.predecessor_id
            and p.waiver is null
            and (p.category <> 'done' or (o.lag_hours > 0 and p.actual_end + make_interval(secs => o.lag_hours * 3600) > clock_timestamp())))
     order by d.work_order_id`

export type LagOver = { readonly id: string; readonly cause_id: string; readonly cause_number: string }

/**
 * Work orders that have not begun, wait for nothing any more at `now`, and were not told since their last lag ended;
 * with the predecessor whose lag that was. Ended longer than a week ago is past telling.
 */
export const listLagOver = (tx: Tx, now: string, only: string | null, limit: number): Promise<LagOver[]> =>
  tx.list<LagOver>`
    select distinct on (d.work_order_id) d.work_order_id as id, p.id as cause_id, p.number as cause_number
      from dependencies d
      join work_orders p on p.tenant_id = d.tenant_id and p.id = d.predecessor_id
      join work_orders s on s.tenant_id = d.tenant_id and s.id = d.work_order_id
     where d.lag_hours > 0 and (${only}::uuid is null or d.work_order_id = ${only}::uuid)
       and s.category in ('initial', 'planning', 'ready') and p.category = 'done' and p.waiver is null
       and p.actual_end + make_interval(secs => d.lag_hours * 3600) between ${now}::timestamptz - interval '7 days' and ${now}::timestamptz
       and not exists (
         select from dependencies o join work_orders q on q.tenant_id = o.tenant_id and q.id = o.predecessor_id
          where o.tenant_id = d.tenant_id and o.work_order_id = d.work_order_id and q.waiver is null
            and (q.category <> 'done' or q.actual_end + make_interval(secs => o.lag_hours * 3600) > ${now}::timestamptz))
       and not exists (
         select from entries e where e.tenant_id = d.tenant_id and e.record_id = d.work_order_id and e.action = 'ready'
            and e.at >= least(p.actual_end + make_interval(secs => d.lag_hours * 3600), clock_timestamp() - interval '1 minute'))
     order by d.work_order_id, p.actual_end + make_interval(secs => d.lag_hours * 3600) desc limit ${limit}`

/** What waits for it and is not finished. */
export const listWaiting = (tx: Tx, id: string): Promise<{ readonly id: string }[]> =>
  tx.rows<{ id: string }>`
    select s.id from dependencies d join work_orders s on s.tenant_id = d.tenant_id and s.id = d.work_order_id
     where d.predecessor_id = ${id} and s.category not in ('done', 'abandoned') order by s.id`

/** The one takes the place of the other among what waits for it. */
export function copyRank(tx: Tx, fromId: string, toId: string): void {
  tx.write(1)`
    update tree_nodes n set rank = o.rank from tree_nodes o
     where n.work_order_id = ${toId} and o.work_order_id = ${fromId}`
}

/** What beside it is on hold because of it. */
export const listHeldBy = (tx: Tx, id: string): Promise<{ readonly id: string }[]> =>
  tx.rows<{ id: string }>`
    select s.id from tree_nodes n
      join tree_nodes b on b.tenant_id = n.tenant_id and b.parent_id = n.parent_id
      join work_orders s on s.tenant_id = b.tenant_id and s.id = b.work_order_id
     where n.work_order_id = ${id} and s.hold ->> 'cause' = ${id} and s.category not in ('done', 'abandoned') order by s.id`

/** A work order with the head of its chain, as far as what happens around it needs. */
export type Member = Relative &
  Chained & {
    readonly blocker: Blocker | null
    readonly actual_end: string | null
    readonly assignee_id: string | null
    readonly assignee: string | null
    readonly predecessors: readonly Predecessor[] | null
    readonly updated_at: string
  }
const member = sql`
  w.id, w.number, w.parent_id, w.lifecycle, w.status, w.category, w.on_failure, w.hold, w.blocker, w.actual_end, w.assignee_id,
  w.predecessors, a.name as assignee, w.version, w.entry_seq, w.entry_head, w.updated_at`

export const listMembers = (tx: Tx, ids: readonly string[]): Promise<Member[]> =>
  tx.rows<Member>`
    select ${member} from work_orders w left join principals a on a.tenant_id = w.tenant_id and a.id = w.assignee_id
     where w.id = any (${[...ids]}::uuid[]) order by w.id`

/** It and all that is below it; with all below its master, where its failure concerns those beside it. */
export const listConcerned = (tx: Tx, id: string): Promise<Member[]> =>
  tx.rows<Member>`
    with recursive below (id) as (
      select case when w.parent_id is not null and w.on_failure in ('hold_siblings', 'cancel_siblings') then w.parent_id else w.id end
        from work_orders w where w.id = ${id}
      union all
      select n.work_order_id from tree_nodes n join below b on n.parent_id = b.id)
    select ${member}
      from below b join work_orders w on w.id = b.id
      left join principals a on a.tenant_id = w.tenant_id and a.id = w.assignee_id
     order by w.id`

export type Moved = {
  readonly before: Member
  readonly head: Head
  readonly after: Pick<Member, 'status' | 'category' | 'hold' | 'blocker' | 'actual_end'>
}

const toJson = (value: unknown): string | null => (value === null ? null : JSON.stringify(value))

/** Each as it was read, or the transaction fails and begins again. */
export function updateMembers(tx: Tx, moved: readonly Moved[], at: string): void {
  for (const { before } of moved) forget(tx.tenantId, before.id)
  tx.write(moved.length)`
    update work_orders w
       set status = u.status, category = u.category, hold = u.hold::jsonb, blocker = u.blocker::jsonb, actual_end = u.actual_end,
           updated_at = ${at}::timestamptz, version = u.version, entry_seq = u.entry_seq, entry_id = u.entry_id, entry_head = u.entry_head
      from unnest(${moved.map(({ before }) => before.id)}::uuid[], ${moved.map(({ before }) => before.entry_seq)}::integer[],
                  ${moved.map(({ after }) => after.status)}::text[], ${moved.map(({ after }) => after.category)}::text[],
                  ${moved.map(({ after }) => toJson(after.hold))}::text[], ${moved.map(({ after }) => toJson(after.blocker))}::text[],
                  ${moved.map(({ after }) => after.actual_end)}::timestamptz[], ${moved.map(({ head }) => head.version)}::integer[],
                  ${moved.map(({ head }) => head.entry_seq)}::integer[], ${moved.map(({ head }) => head.entry_id)}::uuid[],
                  ${moved.map(({ head }) => head.entry_head)}::bytea[])
             as u (id, read_seq, status, category, hold, blocker, actual_end, version, entry_seq, entry_id, entry_head)
     where w.id = u.id and w.entry_seq = u.read_seq`
}

/** Only the heads of their chains move. */
export function updateHeads(
  tx: Tx,
  moved: readonly { readonly before: Chained; readonly head: Head }[],
): void {
  for (const { before } of moved) forget(tx.tenantId, before.id)
  tx.write(moved.length)`
    update work_orders w set entry_seq = u.entry_seq, entry_id = u.entry_id, entry_head = u.entry_head
      from unnest(${moved.map(({ before }) => before.id)}::uuid[], ${moved.map(({ before }) => before.entry_seq)}::integer[],
                  ${moved.map(({ head }) => head.entry_seq)}::integer[], ${moved.map(({ head }) => head.entry_id)}::uuid[],
                  ${moved.map(({ head }) => head.entry_head)}::bytea[]) as u (id, read_seq, entry_seq, entry_id, entry_head)
     where w.id = u.id and w.entry_seq = u.read_seq`
}

/** Open rounds of gates that are not passed any more. A waiver that is asked for stays asked for. */
export const listOpenRounds = (tx: Tx, ids: readonly string[]): Promise<{ readonly id: string }[]> =>
  tx.rows<{ id: string }>`
    select id from approval_rounds where work_order_id = any (${[...ids]}::uuid[]) and status = 'open' and gate <> 'waiver'`

export function withdrawRounds(tx: Tx, ids: readonly string[], at: string): void {
  tx.write(ids.length)`
    update approval_rounds set status = 'withdrawn', closed_at = ${at} where id = any (${[...ids]}::uuid[]) and status = 'open'`
}

export type TreeFactRow = Linked &
  Ties & {
    readonly number: string
    readonly title: string
    readonly lifecycle: LifecycleName
    readonly requester: string
    readonly regulatory: boolean
    readonly parent_id: string | null
    readonly actual_end: string | null
    readonly completion_policy: CompletionPolicy | null
  }
const fact = sql`
  w.id, w.number, w.title, w.lifecycle, w.status, w.category, w.regulatory, w.parent_id, w.estimated_hours, w.hold, w.blocker,
  w.waiver, w.revision_of, w.actual_end, w.completion_policy, w.requester_id, w.assignee_id, w.asset_id, r.name as requester, a.name as assignee`

/** Every work order of the tree in which it stands, or only itself. */
export const listTreeFacts = (tx: Tx, id: string): Promise<TreeFactRow[]> =>
  tx.rows<TreeFactRow>`
    select ${fact}
      from work_orders w
      join principals r on r.tenant_id = w.tenant_id and r.id = w.requester_id
      left join principals a on a.tenant_id = w.tenant_id and a.id = w.assignee_id
     where w.id in (select n.work_order_id from tree_nodes n where n.root_id = (select root_id from tree_nodes where work_order_id = ${id})
                    union select ${id}::uuid)
     order by w.id`

export const listTreeEdges = (
  tx: Tx,
  id: string,
): Promise<
  { readonly work_order_id: string; readonly predecessor_id: string; readonly lag_hours: number }[]
> =>
  tx.rows<{ work_order_id: string; predecessor_id: string; lag_hours: number }>`
    select d.work_order_id, d.predecessor_id, d.lag_hours
      from tree_nodes n join dependencies d on d.tenant_id = n.tenant_id and d.work_order_id = n.work_order_id
     where n.root_id = (select root_id from tree_nodes where work_order_id = ${id}) order by d.work_order_id, d.predecessor_id`

export type UnsignedRow = {
  readonly work_order_id: string
  readonly gate: string
  readonly role: string
  readonly who: readonly string[]
}

/** Roles that have not signed the version that stands, in the whole tree; waivers are asked for beside it. */
export const listUnsigned = (tx: Tx, id: string): Promise<UnsignedRow[]> =>
  tx.rows<UnsignedRow>`
    select q.work_order_id, r.gate, q.role,
           array(select distinct p.name from role_grants g join principals p on p.tenant_id = g.tenant_id and p.id = g.principal_id
                  where g.tenant_id = w.tenant_id and g.role = q.role and (g.asset_id is null or g.asset_id = w.asset_id)
                    and p.disabled_at is null order by p.name limit 10) as who
      from approval_rounds r
      join approval_requirements q on q.tenant_id = r.tenant_id and q.round_id = r.id
      join work_orders w on w.tenant_id = r.tenant_id and w.id = r.work_order_id
     where r.status = 'open' and r.gate <> 'waiver'
       and w.id in (select n.work_order_id from tree_nodes n where n.root_id = (select root_id from tree_nodes where work_order_id = ${id})
                    union select ${id}::uuid)
       and q.count > (select count(*) from signatures s
                       where s.tenant_id = r.tenant_id and s.round_id = r.id and s.role = q.role and s.wo_version = w.version)
     order by q.work_order_id, q.position`
