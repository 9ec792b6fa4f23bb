/**
 * What waits for what: added and removed one by one or as a set, always all or nothing. What a work order waits for is
 * a field of its own record, so each one that waits differently gets an entry.
 */
import { z } from 'zod'
import { changesBetween } from '#domain/entry.ts'
import type { Category } from '#domain/lifecycle.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { decideDependencies, listChanged, listRedundant } from '#domain/tree.ts'
import type { Edge, Ranked, Tree } from '#domain/tree.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { recordUntied } from '../completion/untied.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import { text, workOrderRef } from '../work-order/schema.ts'
import { refuseAttempt } from '../work-order/transition.ts'
import { gateStructure, tellNumbers } from './link.ts'
import {
  findIds,
  listForChange,
  loadAround,
  listNumbers,
  listTies,
  loadTreesOf,
  lockTrees,
  updatePredecessors,
  queueRanks,
} from './store.ts'
import type { Waiting } from './store.ts'

const reason = text(2000).optional()
const lagHours = z.number().min(0).max(87_600).default(0).describe('hours after the end of the predecessor')
const mostAtOnce = 50_000
/** Up to so many records are locked one by one ahead of the rows. */
const mostLocks = 1000

const edgeView = z.object({ work_order: z.string(), predecessor: z.string(), lag_hours: z.number() })
const changedView = z.object({
  changed: z.int().describe('work orders that wait differently now'),
  data: z.array(edgeView).describe('the dependencies that were added, changed or removed'),
})
type ChangedView = z.output<typeof changedView>

const tiedView = z.object({
  id: z.uuid(),
  number: z.string(),
  title: z.string(),
  status: z.string(),
  category: z.string(),
  lag_hours: z.number(),
})

export const getDependencies = operation({
  name: 'dependency.get',
  summary: 'List what a work order waits for, and what waits for it',
  http: ['GET', '/v1/work-orders/:id/dependencies'],
  permission: staff,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef }),
  output: z.object({ predecessors: z.array(tiedView), successors: z.array(tiedView) }),
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const [predecessors, successors] = await Promise.all([
      listTies(tx, found.value.id, 'predecessors'),
      listTies(tx, found.value.id, 'successors'),
    ])
    return accept({ predecessors, successors })
  },
})

export const addDependency = operation({
  name: 'dependency.add',
  summary: 'Make a work order wait for another one of its tree',
  http: ['POST', '/v1/work-orders/:id/dependencies'],
  permission: staff,
  mutates: true,
  locksTree: true,
  example: 'WO-2026-000002 --predecessor WO-2026-000001',
  input: z.strictObject({ id: workOrderRef, predecessor: workOrderRef, lag_hours: lagHours, reason }),
  output: changedView,
  run: (tx, actor, { id, predecessor, lag_hours, reason: why }) =>
    change(tx, actor, { id, own: true, reason: why }, async () => {
      const edge = await toEdges(tx, [{ work_order: id, predecessor, lag_hours }])
      if (!edge.ok) return edge
      return accept({ decide: (tree) => decideDependencies(tree, edge.value), edge: edge.value[0] })
    }),
})

export const removeDependency = operation({
  name: 'dependency.remove',
  summary: 'Let a work order wait for another one no longer',
  http: ['DELETE', '/v1/work-orders/:id/dependencies/:predecessor'],
  permission: staff,
  mutates: true,
  locksTree: true,
  example: 'WO-2026-000002 WO-2026-000001',
  input: z.strictObject({ id: workOrderRef, predecessor: workOrderRef, reason }),
  output: changedView,
  run: (tx, actor, { id, predecessor, reason: why }) =>
    change(tx, actor, { id, own: true, reason: why }, async () => {
      const edges = await toEdges(tx, [{ work_order: id, predecessor, lag_hours: 0 }])
      if (!edges.ok) return edges
      const [{ from, to } = { from: '', to: '' }] = edges.value
      const decide: Decide = (tree) => {
        const left = tree.edges.filter((edge) => edge.from !== from || edge.to !== to)
        return left.length === tree.edges.length
          ? refuse({ code: 'tree_refused', rule: 'not_there', path: [from, to] })
          : accept({ edges: left, ranks: [] })
      }
      return accept({ decide, edge: edges.value[0] })
    }),
})

export const addDependencySet = operation({
  name: 'dependency.add_set',
  summary: 'Add many dependencies of one tree, all or none of them',
  http: ['POST', '/v1/work-orders/:id/dependency-set'],
  permission: staff,
  mutates: true,
  locksTree: true,
  mcp: false,
  example: `WO-2026-000001 --dependencies '[{"work_order": "WO-2026-000002", "predecessor": "WO-2026-000001"}]'`,
  input: z.strictObject({
    id: workOrderRef.describe('any work order of the tree'),
    dependencies: z
      .array(z.strictObject({ work_order: workOrderRef, predecessor: workOrderRef, lag_hours: lagHours }))
      .min(1)
      .max(mostAtOnce),
    reduce: z.boolean().default(false).describe('leave out what another way of dependencies implies'),
    reason,
  }),
  output: changedView,
  run: (tx, actor, { id, dependencies, reduce, reason: why }) =>
    change(tx, actor, { id, own: false, reason: why }, async () => {
      const edges = await toEdges(tx, dependencies)
      if (!edges.ok) return edges
      const decide: Decide = (tree) => {
        const decision = decideDependencies(tree, edges.value)
        return decision.ok && reduce ? accept(withoutRedundant(tree, decision.value)) : decision
      }
      return accept({ decide })
    }),
})

export const reduceDependencies = operation({
  name: 'dependency.reduce',
  summary: 'Remove the dependencies of a tree that others imply (transitive reduction)',
  http: ['POST', '/v1/work-orders/:id/transitive-reduction'],
  permission: staff,
  mutates: true,
  locksTree: true,
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef.describe('any work order of the tree'), reason }),
  output: changedView,
  run: (tx, actor, { id, reason: why }) =>
    change(tx, actor, { id, own: false, reason: why }, () =>
      Promise.resolve(
        accept({ decide: (tree) => accept(withoutRedundant(tree, { edges: tree.edges, ranks: [] })) }),
      ),
    ),
})

type Fitted = { readonly edges: readonly Edge[]; readonly ranks: readonly Ranked[] }
type Decide = (tree: Tree) => Decision<Fitted>
/** `edge` where the change is about one edge alone. */
type Prepared = { readonly decide: Decide; readonly edge?: Edge | undefined }

function withoutRedundant({ nodes }: Tree, { edges, ranks }: Fitted): Fitted {
  const implied = new Set(listRedundant({ nodes, edges }).map(({ from, to }) => `${from} ${to}`))
  return { edges: edges.filter(({ from, to }) => !implied.has(`${from} ${to}`)), ranks }
}

type Given = { readonly work_order: string; readonly predecessor: string; readonly lag_hours: number }

/** References become ids, all in one statement; who may plan sees every work order of the tenant. */
async function toEdges(tx: Tx, given: readonly Given[]): Promise<Decision<Edge[]>> {
  const refs = [...new Set(given.flatMap((one) => [one.work_order, one.predecessor]))]
  const ids = await findIds(tx, refs)
  const unknown = refs.find((ref) => !ids.has(ref.toLowerCase()) && !ids.has(ref))
  if (unknown !== undefined)
    return refuse({ code: 'unknown_reference', field: 'predecessor', value: unknown })
  const idOf = (ref: string): string => ids.get(ref) ?? ids.get(ref.toLowerCase()) ?? ref
  return accept(
    given.map((one) => ({
      from: idOf(one.predecessor),
      to: idOf(one.work_order),
      lagHours: one.lag_hours,
    })),
  )
}

/** What has begun does not wait any more: what it waited for stays as it was. */
const settled: readonly Category[] = ['active', 'held', 'review']

/** `own` says that the work order itself waits: then what is refused is kept, where its record is a regulatory one. */
async function change(
  tx: Tx,
  actor: Actor,
  {
    id: ref,
    own,
    reason: why,
  }: { readonly id: string; readonly own: boolean; readonly reason?: string | undefined },
  prepare: () => Promise<Decision<Prepared>>,
): Promise<Decision<ChangedView>> {
  const found = await findWorkOrder(tx, actor, ref)
  if (!found.ok) return found
  const { id } = found.value
  const prepared = await prepare()
  if (!prepared.ok) return prepared
  const { decide, edge } = prepared.value
  await lockTrees(tx, [id])
  const locked = own ? await lockForChange(tx, actor, id) : undefined
  if (locked?.ok === false) return locked
  const waiting = locked?.value
  const keep = async (refusal: Refusal): Promise<Decision<never>> => {
    const told = await tellNumbers(tx, refusal)
    return waiting === undefined
      ? refuse(told)
      : refuseAttempt(tx, waiting, told, { change: ['predecessors'], reason: why })
  }
  // The reason is asked for by each regulatory work order that will wait differently.
  const gate = gateStructure(actor, waiting ?? found.value, own ? why : 'of the tree')
  if (gate !== undefined) return keep(gate)
  const around = edge === undefined ? undefined : await loadAround(tx, edge)
  const tree = around ?? (await loadTreesOf(tx, [id]))
  const decision = decide(tree)
  if (!decision.ok) return keep(decision.refusal)
  const changed = listChanged(tree.edges, decision.value.edges)
  const refused = await write(tx, actor, changed, decision.value.ranks, why)
  return refused === undefined
    ? accept(await toChangedView(tx, tree.edges, decision.value.edges, changed.size))
    : keep(refused)
}

async function write(
  tx: Tx,
  actor: Actor,
  changed: ReturnType<typeof listChanged>,
  ranks: readonly Ranked[],
  why: string | undefined,
): Promise<Refusal | undefined> {
  if (changed.size === 0) return undefined
  const ids = [...changed.keys()].toSorted()
  const isLocked = ids.length <= mostLocks
  if (isLocked) for (const id of ids) tx.lock(id)
  const rows = await listForChange(tx, ids, isLocked)
  for (const row of rows) {
    const refusal = gateWaiting(actor, row, why)
    if (refusal !== undefined) return refusal
  }
  const at = tx.now(
    rows
      .map((row) => row.updated_at)
      .toSorted()
      .at(-1),
  )
  const { heads, sent } = tx.recordAll(
    rows.map((row) => ({
      kind: 'work_order',
      record: row,
      action: 'dependencies_changed',
      reason: why?.trim() || null,
      changes: changesBetween(['predecessors'], row, { predecessors: changed.get(row.id) ?? null }),
    })),
    at,
  )
  await sent
  const written = rows.flatMap((before, i) => {
    const head = heads[i]
    return head === undefined ? [] : [{ before, predecessors: changed.get(before.id) ?? null, head }]
  })
  updatePredecessors(tx, written, at)
  if (ranks.length > 0) queueRanks(tx, ranks)
  await recordUntied(tx, written, at)
  return undefined
}

function gateWaiting(actor: Actor, row: Waiting, why: string | undefined): Refusal | undefined {
  if (settled.includes(row.category)) return { code: 'tree_refused', rule: 'started', path: [row.number] }
  return gateStructure(actor, row, why)
}

const keyOf = ({ from, to, lagHours: lag }: Edge): string => `${from} ${to} ${lag}`

async function toChangedView(
  tx: Tx,
  before: readonly Edge[],
  after: readonly Edge[],
  changed: number,
): Promise<ChangedView> {
  const [old, next] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))]
  const edges = [
    ...after.filter((edge) => !old.has(keyOf(edge))),
    ...before.filter((edge) => !next.has(keyOf(edge))),
  ]
  const numbers = await listNumbers(
    tx,
    edges.flatMap(({ from, to }) => [from, to]),
  )
  const data = edges.map(({ from, to, lagHours: lag }) => ({
    work_order: numbers.get(to) ?? to,
    predecessor: numbers.get(from) ?? from,
    lag_hours: lag,
  }))
  return { changed, data }
}
