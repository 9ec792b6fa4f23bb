/**
 * A tree with its times, as its readers need it. The one rule: it is always reckoned as a whole, because what lies
 * outside a part of it may hold that part up; and a vendor's is reckoned from what the vendor may see, and nothing else.
 */
import { z } from 'zod'
import { aroundTheClock } from '#domain/calendar.ts'
import type { Calendar } from '#domain/calendar.ts'
import { reckon } from '#domain/critical-path.ts'
import type { Reckoning, Schedule } from '#domain/critical-path.ts'
import { readingOrder, toNetwork } from '#domain/network.ts'
import type { Network } from '#domain/network.ts'
import { maySee } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { assumedHours, toMs, toTiming } from '#domain/timing.ts'
import { parseCursor } from '#platform/cursor.ts'
import type { Tx } from '#platform/tx.ts'
import { findWorkOrder } from '../work-order/find.ts'
import { loadWholeTree } from './tree-store.ts'
import type { TreeRow } from './tree-store.ts'
import { loadWorkingTimes } from './working-time.ts'
import type { WorkingTimes } from './working-time.ts'

export type Reckoned = {
  /** The work order that was asked for, or the root where the whole tree was. */
  readonly asked: TreeRow
  readonly rows: readonly TreeRow[]
  readonly network: Network
  readonly reckoning: Reckoning
  readonly schedule: Schedule
  readonly working: WorkingTimes
  /** What was asked for, in the order of reading. */
  readonly shown: readonly number[]
  /** How deep each node lies below what was asked for. */
  readonly depths: Int32Array
  readonly head: z.output<z.ZodObject<typeof head>>
}

/** What every answer about a tree begins with. */
export const head = {
  id: z.uuid().describe('the work order that was asked for, or the root where the whole tree was'),
  number: z.string(),
  as_of: z.string().describe('the instant for which it was reckoned'),
  total: z.int().describe('work orders in what was asked for'),
  partial: z.boolean().describe('only what a vendor may see was reckoned with'),
  calendar: z
    .enum(['24x7', 'working_time'])
    .describe(
      'hours of work run around the clock, or in the working time of who does it; lags run around the clock, always',
    ),
  assumed: z
    .object({ hours: z.number(), work_orders: z.int() })
    .describe('how many that lie ahead have no estimate, and the hours that were taken for each'),
}

export const scope = {
  whole: z.boolean().default(false).describe('the whole tree in which it stands, from the root'),
}

export async function loadReckoned(
  tx: Tx,
  actor: Actor,
  ref: string,
  whole: boolean,
): Promise<Decision<Reckoned>> {
  const found = await findWorkOrder(tx, actor, ref)
  if (!found.ok) return found
  const loaded = await loadWholeTree(tx, found.value.id)
  const { rows, nodes } = showTo(actor, loaded.rows)
  const network = toNetwork(nodes, loaded.edges)
  const self = network.indexOf.get(found.value.id)
  if (self === undefined) throw new Error('a work order is not in its own tree')
  const top = whole ? climb(network, self) : self
  const asOf = tx.now()
  const nowMs = toMs(asOf) ?? Number.NaN
  const working = await loadWorkingTimes(tx, rows, network, nowMs)
  const calendarOf = (node: number): Calendar => working[node]?.calendar ?? aroundTheClock
  const timing = toTiming(rows, nowMs, calendarOf)
  // Where a vendor sees no common master, the whole ends with the last of its parts.
  const ends = whole ? [...network.parents.keys()].filter((node) => network.parents[node] === -1) : [top]
  const reckoning = { network, timing, nowMs, ends, calendarOf }
  const { shown, depths } = pickShown(network, whole ? undefined : top)
  const asked = rows[top]
  if (asked === undefined) throw new Error('a node without its row')
  const unestimated = shown.filter((node) => isAssumed(network, timing.mode, rows, node)).length
  return accept({
    asked,
    rows,
    network,
    reckoning,
    schedule: reckon(reckoning),
    working,
    shown,
    depths,
    head: {
      id: asked.id,
      number: asked.number,
      as_of: asOf,
      total: shown.length,
      partial: rows.length < loaded.rows.length,
      calendar: working.length === 0 ? '24x7' : 'working_time',
      assumed: { hours: assumedHours, work_orders: unestimated },
    },
  })
}

type Placed = { readonly id: string; readonly parentId: string | null }

/** What the caller may see, linked to the nearest master that it may see. */
function showTo(actor: Actor, rows: readonly TreeRow[]): { rows: readonly TreeRow[]; nodes: Placed[] } {
  const visible = actor.kind === 'vendor' ? rows.filter((row) => maySee(actor, row)) : rows
  if (visible.length === rows.length)
    return { rows, nodes: rows.map(({ id, parent_id }) => ({ id, parentId: parent_id })) }
  const masters = new Map(rows.map(({ id, parent_id }) => [id, parent_id]))
  const seen = new Set(visible.map(({ id }) => id))
  const nodes = visible.map(({ id, parent_id }) => {
    let parentId = parent_id
    while (parentId !== null && !seen.has(parentId)) parentId = masters.get(parentId) ?? null
    return { id, parentId }
  })
  return { rows: visible, nodes }
}

function climb({ parents }: Network, node: number): number {
  let top = node
  while ((parents[top] ?? -1) >= 0) top = parents[top] ?? top
  return top
}

/** All of it, or what lies below one node, with the depths counted from there. */
function pickShown(network: Network, top: number | undefined): Pick<Reckoned, 'shown' | 'depths'> {
  const { order, depths } = readingOrder(network)
  if (top === undefined) return { shown: [...order], depths }
  const above = depths[top] ?? 0
  const from = order.indexOf(top)
  let end = from + 1
  while (end < order.length && (depths[order[end] ?? top] ?? 0) > above) end += 1
  const shown = [...order.subarray(from, end)]
  for (const node of shown) depths[node] = (depths[node] ?? 0) - above
  return { shown, depths }
}

/** Planned or running without an estimate, and nothing linked that would give it one. */
export const isAssumed = (
  { linked }: Network,
  mode: Uint8Array,
  rows: readonly TreeRow[],
  node: number,
): boolean => (mode[node] ?? 2) < 2 && linked[node] === 0 && (rows[node]?.estimated_hours ?? null) === null

/** The node's master among those that the caller may see. */
export const parentIdOf = ({ network }: Reckoned, node: number): string | null => {
  const parent = network.parents[node] ?? -1
  return parent < 0 ? null : (network.ids[parent] ?? null)
}

const afterId = z.strictObject({ after: z.uuid() })

/** A page of nodes in a given order; the cursor names the last one that was shown. */
export function pickPage(
  nodes: readonly number[],
  ids: readonly string[],
  cursor: string | undefined,
  limit: number,
): Decision<{ readonly page: readonly number[]; readonly last: string | undefined }> {
  const after = cursor === undefined ? undefined : parseCursor(afterId, cursor)
  const from = after === undefined ? 0 : nodes.findIndex((node) => ids[node] === after.after) + 1
  if (cursor !== undefined && from === 0)
    return refuse({
      code: 'invalid_input',
      errors: [{ path: 'cursor', message: 'is not a cursor of this tree as it stands now' }],
    })
  const page = nodes.slice(from, from + limit)
  const last = page.at(-1)
  return accept({
    page,
    last: last !== undefined && from + limit < nodes.length ? ids[last] : undefined,
  })
}
