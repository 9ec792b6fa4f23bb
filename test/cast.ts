/**
 * The cast of the pure authorization tables: one actor of every kind, and a work order on which nothing is
 * missing. Whoever has a tie to the work order is its requester or its assignee by id.
 */
import { lifecycles } from '#domain/lifecycles.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import type { Actor, Grant, GrantedRole, PrincipalKind } from '#domain/principal.ts'
import type { Unmet } from '#domain/refusal.ts'
import { decideTransition } from '#domain/transition.ts'
import type { TransitionCommand, TransitionFacts } from '#domain/transition.ts'
import type { WorkOrder } from '#domain/work-order.ts'

const assetId = 'asset-1'

type Part = {
  readonly kind: PrincipalKind
  readonly grants: readonly Grant[]
  readonly name?: string
  readonly tie?: 'requester' | 'assignee'
}
const all = (...roles: GrantedRole[]): Grant[] => roles.map((role) => ({ role, asset_id: null }))
const human = (...roles: GrantedRole[]): Part => ({ kind: 'human', grants: all(...roles) })
const agent = (...roles: GrantedRole[]): Part => ({ kind: 'agent', grants: all(...roles) })
const system = (name: string, ...roles: GrantedRole[]): Part => ({
  kind: 'system',
  name,
  grants: all(...roles),
})

/** The columns of the tables. A prime is a system owner of another asset. */
export const cast: { readonly [column: string]: Part } = {
  adm: human('admin'),
  aud: human('auditor'),
  own: human('system_owner'),
  "own'": { kind: 'human', grants: [{ role: 'system_owner', asset_id: 'asset-2' }] },
  qa: human('qa'),
  pm: human('assigner'),
  cap: human('captain'),
  op: human('operator'),
  req: { ...human('operator'), tie: 'requester' },
  asg: { ...human('operator'), tie: 'assignee' },
  ven: { kind: 'vendor', grants: all('vendor'), tie: 'assignee' },
  agt: agent('operator'),
  'agt-a': { ...agent('operator'), tie: 'assignee' },
  'agt-r': { ...agent('operator'), tie: 'requester' },
  'agt-c': agent('captain'),
  sys: system('system:cron', 'operator'),
  'sys-c': system('system:cron', 'captain'),
  prx: system('system:captain-proxy', 'captain'),
}

export function actorOf(column: string, ...more: Grant[]): Actor {
  const part = cast[column]
  if (part === undefined) throw new Error(`nobody plays ${column}`)
  return {
    id: column,
    tenantId: 'tenant',
    kind: part.kind,
    name: part.name ?? column,
    grants: [...part.grants, ...more],
    sponsorId: part.kind === 'agent' ? 'sponsor' : null,
    client: 'rest',
  }
}

/** A work order in that state with everything that any transition asks for, tied to the actor of the column. */
export function workOrderIn(
  lifecycle: LifecycleName,
  status: string,
  column: string,
  changes: Partial<WorkOrder> = {},
): WorkOrder {
  const state = lifecycles[lifecycle].states[status]
  if (state === undefined) throw new Error(`${lifecycle} has no ${status}`)
  const tie = cast[column]?.tie
  const at = '2026-11-20T08:00:00.000001Z'
  return {
    id: 'wo',
    number: 'WO-2026-000001',
    lifecycle,
    status,
    category: state.category,
    version: 3,
    title: '[Lab-Balance] Calibrate',
    description: 'as every year',
    priority: 'medium',
    regulatory: false,
    origin: 'manual',
    requester_id: tie === 'requester' ? column : 'somebody',
    assignee_id: tie === 'assignee' ? column : 'someone-else',
    asset_id: assetId,
    due_date: '2026-12-01',
    estimated_hours: 2,
    actual_hours: 2,
    tags: [],
    project: null,
    work_category: null,
    acceptance_criteria: null,
    deliverables: null,
    notes: 'noted',
    completion_summary: 'done',
    review_notes: null,
    related_wo_ids: [],
    parent_id: null,
    planned_start: at,
    planned_end: at,
    actual_start: at,
    actual_end: null,
    job_plan: { title: 'plan', steps: ['weigh'] },
    requirements: { people: 1, tools: [], experience: [] },
    hold: null,
    blocker: null,
    revision: 1,
    revision_of: null,
    acknowledged_at: at,
    attributes: {},
    executor_ids: ['worker'],
    editor_id: 'editor',
    import_source: null,
    predecessors: null,
    completion_policy: null,
    on_failure: null,
    waiver: null,
    step_results: null,
    created_at: at,
    updated_at: at,
    ...changes,
  }
}

/** A row of a table of edges: lifecycle, from, to, and what the table says of it. */
type Row = { readonly [column: string]: string }
export const edgeOf = (row: Row): string => `${row['lifecycle']}: ${row['from']} → ${row['to']}`
/** The server's time in these tables. */
export const decidedAt = '2026-11-20T09:00:00.000002Z'

/** Everything that the edge asks to be given with the request, and nothing that it does not. */
export function fullCommand(row: Row): TransitionCommand {
  const edge = lifecycles[row['lifecycle'] as LifecycleName].transitions.find(
    (one) => one.from === row['from'] && one.to === row['to'],
  )
  const values: { readonly [field: string]: unknown } = {
    notes: 'why',
    review_notes: 'seen',
    post_approval_tasks_confirmed: true,
  }
  const given = (edge?.given ?? []).filter((field) => field in values)
  return {
    to: row['to'] ?? '',
    reason: 'because',
    ...Object.fromEntries(given.map((field) => [field, values[field]])),
  }
}

export function factsFor(row: Row, column: string, changes: Partial<WorkOrder> = {}): TransitionFacts {
  const workOrder = workOrderIn(row['lifecycle'] as LifecycleName, row['from'] ?? '', column, changes)
  return { workOrder, actor: actorOf(column), executorSponsorIds: [], now: decidedAt }
}

export function unmetOf(facts: TransitionFacts, command: TransitionCommand): readonly Unmet[] {
  const decision = decideTransition(facts, command)
  return !decision.ok && decision.refusal.code === 'gates_unmet' ? decision.refusal.unmet : []
}
