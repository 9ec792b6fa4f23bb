/** SQL of outcomes: what closed work orders took, by class and time, and what had been estimated. */
import type { Attributes } from '#domain/work-order.ts'
import type { ClassPath } from '#domain/estimate.ts'
import { sql } from '#platform/sql.ts'
import type { Tx } from '#platform/tx.ts'

/** What tells the kind of a work order; `toKind` reads it. */
const kindColumns = sql`
  wo.title, wo.work_category, wo.attributes, wo.job_plan -> 'template' ->> 'name' as template, s.tag as asset`
const assets = sql`left join assets s on s.tenant_id = wo.tenant_id and s.id = wo.asset_id`

export type KindRow = {
  readonly title: string
  readonly work_category: string | null
  readonly attributes: Attributes
  readonly template: string | null
  readonly asset: string | null
}
export type ClosedWorkOrder = KindRow & {
  readonly id: string
  readonly version: number
  readonly actual_hours: number | null
  readonly asked_at: string
  readonly closed_at: string
  readonly updated_at: string
}
export type Place = { readonly updated_at: string; readonly id: string }

/** One process at a time learns for a tenant: whoever waits then finds little to do. */
export async function lockLearning(tx: Tx): Promise<void> {
  await tx.rows`select pg_advisory_xact_lock(hashtextextended(${`docket.outcomes ${tx.tenantId}`}, 0))`
}

/** Done, with a known end, and not learned in this version; in the order of their last change. */
export const listClosed = (tx: Tx, after: Place, limit: number): Promise<ClosedWorkOrder[]> =>
  tx.list<ClosedWorkOrder>`
    select wo.id, wo.version, wo.actual_hours, coalesce(wo.actual_start, wo.actual_end) as asked_at,
           wo.actual_end as closed_at, wo.updated_at, ${kindColumns}
      from work_orders wo ${assets}
     where (wo.updated_at, wo.id) > (${after.updated_at}::timestamptz, ${after.id}::uuid)
       and wo.category = 'done' and wo.actual_end is not null
       and not exists (select from outcomes o where o.tenant_id = wo.tenant_id and o.work_order_id = wo.id and o.version = wo.version)
     order by wo.updated_at, wo.id limit ${limit}`

export async function loadReadUntil(tx: Tx): Promise<string | undefined> {
  const row = await tx.maybe<{ read_until: string }>`select read_until from outcome_reading`
  return row?.read_until
}

export function saveReadUntil(tx: Tx, readUntil: string): void {
  tx.write(1)`
    insert into outcome_reading (read_until) values (${readUntil})
    on conflict (tenant_id) do update set read_until = excluded.read_until`
}

export type Outcome = {
  readonly work_order_id: string
  readonly measure: string
  readonly version: number
  readonly asked_at: string
  readonly closed_at: string
  readonly value: string
  readonly paths: readonly ClassPath[]
  /** Keys of every class on its paths, and the value as it is counted. */
  readonly classes: readonly Buffer[]
  readonly point: string
}

/** Sent at once; what was learned of these work orders before goes. */
export async function replaceOutcomes(
  tx: Tx,
  workOrderIds: readonly string[],
  rows: readonly Outcome[],
): Promise<void> {
  await tx.rows`delete from outcomes where work_order_id = any (${[...workOrderIds]}::uuid[])`
  await tx.rows`
    insert into outcomes (work_order_id, measure, version, asked_at, closed_at, value, paths)
    select * from unnest(${rows.map((row) => row.work_order_id)}::uuid[], ${rows.map(({ measure }) => measure)}::text[],
      ${rows.map(({ version }) => version)}::integer[], ${rows.map((row) => row.asked_at)}::timestamptz[],
      ${rows.map((row) => row.closed_at)}::timestamptz[], ${rows.map(({ value }) => value)}::numeric[],
      ${rows.map(({ paths }) => JSON.stringify(paths))}::jsonb[])
    on conflict do nothing`
  const classes = rows.flatMap((row) => row.classes.map((key) => ({ ...row, key })))
  await tx.rows`
    insert into outcome_classes (measure, class, closed_at, work_order_id, value)
    select * from unnest(${classes.map(({ measure }) => measure)}::text[], ${classes.map(({ key }) => key)}::bytea[],
      ${classes.map((row) => row.closed_at)}::timestamptz[], ${classes.map((row) => row.work_order_id)}::uuid[],
      ${classes.map(({ point }) => point)}::numeric[])
    on conflict do nothing`
}

export type Counted = {
  readonly class: Buffer
  readonly month: string
  readonly value: string
  readonly count: number
}
/** Outcomes of these classes that were closed before the instant, by month and value. */
export const listCounts = (
  tx: Tx,
  measure: string,
  classes: readonly Buffer[],
  before: string,
): Promise<Counted[]> =>
  tx.list<Counted>`
    select class, to_char(closed_at at time zone 'UTC', 'YYYY-MM') as month, value, count(*)::integer as count
      from outcome_classes
     where measure = ${measure} and class = any (${[...classes]}::bytea[]) and closed_at < ${before}::timestamptz
     group by class, month, value`

/** By thousandths: how many estimates of outcomes closed before the instant had which rank. */
export const listRankCounts = (
  tx: Tx,
  measure: string,
  before: string,
): Promise<{ bin: number; count: number }[]> =>
  tx.list`
    select least(999, floor(rank * 1000))::integer as bin, count(*)::integer as count from outcomes
     where measure = ${measure} and closed_at < ${before}::timestamptz and rank is not null group by bin`

export const listMeasures = (tx: Tx): Promise<{ measure: string }[]> =>
  tx.list<{ measure: string }>`select distinct measure from outcomes order by measure`

export type Unjudged = Pick<Outcome, 'work_order_id' | 'measure' | 'asked_at' | 'value' | 'paths'>
/** In the order in which they were asked for, so that the ranks of all that was closed before are known. */
export const listUnjudged = (tx: Tx, limit: number): Promise<Unjudged[]> =>
  tx.list<Unjudged>`
    select work_order_id, measure, asked_at, value, paths from outcomes
     where not judged order by asked_at, closed_at, work_order_id, measure limit ${limit}`

export type Judgement = {
  readonly p50: number
  readonly p80: number
  readonly plain_p50: number
  readonly plain_p80: number
  readonly rank: number
}
export async function saveJudgement(tx: Tx, outcome: Unjudged, given: Judgement | undefined): Promise<void> {
  await tx.rows`
    update outcomes set judged = true, p50 = ${given?.p50 ?? null}, p80 = ${given?.p80 ?? null},
           plain_p50 = ${given?.plain_p50 ?? null}, plain_p80 = ${given?.plain_p80 ?? null}, rank = ${given?.rank ?? null}
     where work_order_id = ${outcome.work_order_id} and measure = ${outcome.measure}`
}

export type JudgedOutcome = Judgement & { readonly closed_at: string; readonly value: string }
export const listJudged = (tx: Tx, measure: string): Promise<JudgedOutcome[]> =>
  tx.list<JudgedOutcome>`
    select closed_at, value, p50, p80, plain_p50, plain_p80, rank from outcomes
     where measure = ${measure} and p50 is not null order by closed_at, work_order_id`

export const loadKind = (tx: Tx, id: string): Promise<KindRow | undefined> =>
  tx.maybe<KindRow>`select ${kindColumns} from work_orders wo ${assets} where wo.id = ${id}`

export type OpenWorkOrder = KindRow & { readonly id: string; readonly month: string | null }
export type OpenFilter = {
  readonly parentId: string | null
  readonly project: string | null
  readonly limit: number
}
/** Unfinished ones that nothing is linked to, with the month in which they are to end; oldest first. */
export const listOpen = (tx: Tx, { parentId, project, limit }: OpenFilter): Promise<OpenWorkOrder[]> =>
  tx.list<OpenWorkOrder>`
    with recursive below (id) as (
      select ${parentId}::uuid where ${parentId}::uuid is not null
      union
      select c.id from work_orders c join below b on c.parent_id = b.id)
    select wo.id, to_char(coalesce(wo.planned_end at time zone 'UTC', wo.due_date::timestamp), 'YYYY-MM') as month, ${kindColumns}
      from work_orders wo ${assets}
     where wo.category not in ('done', 'abandoned')
       and (${parentId}::uuid is null or wo.id in (select id from below))
       and (${project}::text is null or wo.project = ${project})
       and not exists (select from work_orders c where c.tenant_id = wo.tenant_id and c.parent_id = wo.id)
     order by wo.id limit ${limit}`
