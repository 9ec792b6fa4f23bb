/** What would complete a master now, what of a tree can start now, and why something of it cannot. */
import { decideCompletion, findLinkedCheck, listCurrent, toPolicyText } from '#domain/completion.ts'
import type { Gap, LinkedCheck } from '#domain/completion.ts'
import { lifecycles } from '#domain/lifecycles.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import { maySee } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { explainWaiting, listStartable } from '#domain/readiness.ts'
import type { Cause, TreeFacts } from '#domain/readiness.ts'
import { accept } from '#domain/refusal.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { z } from 'zod'
import { findWorkOrder } from '../work-order/find.ts'
import { workOrderRef } from '../work-order/schema.ts'
import { loadPolicy, veil } from './gate.ts'
import { completionView, readyView, whyBlockedView } from './schema.ts'
import { listLinked, listTreeEdges, listTreeFacts, listUnsigned, loadTenantPolicy } from './store.ts'
import type { TreeFactRow, UnsignedRow } from './store.ts'

const one = z.strictObject({ id: workOrderRef })
/** So many are listed of each kind. */
const mostListed = 1000

export const completion = operation({
  name: 'hierarchy.completion',
  summary: 'What would complete this master now: also before its work starts',
  http: ['GET', '/v1/work-orders/:id/completion'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: one,
  output: completionView,
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const { id, number, status, lifecycle, completion_policy } = found.value
    const [policy, tenants, rows] = await Promise.all([
      loadPolicy(tx, found.value),
      loadTenantPolicy(tx),
      listLinked(tx, id),
    ])
    const work = rows.map((row) => veil(actor, row))
    const from = completion_policy !== null ? 'work_order' : tenants !== null ? 'tenant' : 'default'
    const checks = listChecks(lifecycle).map(({ check, to }) => {
      const { holds, have, need, missing, shortest } = decideCompletion(policy, work, check)
      const truncated = missing.length > mostListed
      return { check, to, holds, have, need, missing: cut(missing), shortest: cut(shortest), truncated }
    })
    const { counts } = decideCompletion(policy, work, 'complete')
    const says = toPolicyText(policy)
    return accept({
      id,
      number,
      status,
      policy: structuredClone(policy) as z.output<typeof completionView>['policy'],
      policy_from: from,
      says,
      linked: listCurrent(work).length,
      counts: { ...counts },
      data: checks,
    })
  },
})

const cut = (gaps: readonly Gap[]): Gap[] => gaps.slice(0, mostListed).map((gap) => ({ ...gap }))

/** Each check that the lifecycle makes, in the order in which a master meets them, with the states that ask for it. */
function listChecks(lifecycle: LifecycleName): { check: LinkedCheck; to: string[] }[] {
  const checks = new Map<LinkedCheck, string[]>()
  for (const { from, to } of lifecycles[lifecycle].transitions) {
    const check = findLinkedCheck(lifecycle, from, to)
    if (check !== undefined) checks.set(check, [...(checks.get(check) ?? []), to])
  }
  return [...checks].map(([check, to]) => ({ check, to }))
}

export const ready = operation({
  name: 'hierarchy.ready',
  summary: 'What of the tree of this work order can start now, and for whom',
  http: ['GET', '/v1/work-orders/:id/ready'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: one,
  output: readyView,
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const { facts, rows } = await loadFacts(tx, found.value.id)
    const data = listStartable(facts)
      .filter(({ id }) => isSeen(actor, rows.get(id)))
      .map(({ id, number, title, status, assignee }) => ({ id, number, title, status, assignee }))
    return accept({ data })
  },
})

export const whyBlocked = operation({
  name: 'hierarchy.why_blocked',
  summary: 'Why a work order waits: the chain of causes, down to who can act',
  http: ['GET', '/v1/work-orders/:id/why-blocked'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: one,
  output: whyBlockedView,
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const { id, number, status } = found.value
    const { facts, rows } = await loadFacts(tx, id)
    const { causes, truncated } = explainWaiting(facts, id, mostListed)
    const data = causes.map((cause) => toShown(actor, rows, cause))
    return accept({ id, number, status, data, truncated })
  },
})

const isSeen = (actor: Actor, row: TreeFactRow | undefined): boolean =>
  row !== undefined && maySee(actor, row)

/** Of what the caller may not see, it learns that there is something and in which state, and no more. */
function toShown(
  actor: Actor,
  rows: ReadonlyMap<string, TreeFactRow>,
  cause: Cause,
): z.output<typeof whyBlockedView>['data'][number] {
  if (isSeen(actor, rows.get(cause.id))) {
    const above = [...rows.values()].find((row) => row.number === cause.waits)
    return { ...cause, who: [...cause.who], waits: isSeen(actor, above) ? cause.waits : null }
  }
  const hidden = { id: null, number: null, title: null, assignee: null, waits: null, who: [] }
  return { ...cause, ...hidden, says: 'it waits for a work order that you may not see' }
}

async function loadFacts(
  tx: Tx,
  id: string,
): Promise<{ readonly facts: TreeFacts; readonly rows: ReadonlyMap<string, TreeFactRow> }> {
  const [list, edges, unsigned, policy] = await Promise.all([
    listTreeFacts(tx, id),
    listTreeEdges(tx, id),
    listUnsigned(tx, id),
    loadTenantPolicy(tx),
  ])
  const rows = new Map(list.map((row) => [row.id, row]))
  const predecessors = new Map<string, { id: string; lag_hours: number }[]>()
  for (const { work_order_id, predecessor_id, lag_hours } of edges) {
    const before = predecessors.get(work_order_id) ?? []
    before.push({ id: predecessor_id, lag_hours })
    predecessors.set(work_order_id, before)
  }
  const facts: TreeFacts = {
    nodes: rows,
    predecessors,
    unsigned: groupUnsigned(unsigned),
    policy: policy ?? { kind: 'all' },
    now: tx.now(),
  }
  return { facts, rows }
}

function groupUnsigned(rows: readonly UnsignedRow[]): TreeFacts['unsigned'] {
  const groups = new Map<string, { gate: string; roles: string[]; who: string[] }>()
  for (const { work_order_id, gate, role, who } of rows) {
    const group = groups.get(work_order_id) ?? { gate, roles: [], who: [] }
    group.roles.push(role)
    group.who = [...new Set([...group.who, ...who])]
    groups.set(work_order_id, group)
  }
  return groups
}
