/**
 * `GET …/graph`: nodes, edges and columns for drawing. The one rule: where there is more than is asked for, whole
 * levels are folded into their masters, and the edges of what was folded lead to and from those.
 */
import { z } from 'zod'
import { msOfHour } from '#domain/calendar.ts'
import { isCritical } from '#domain/critical-path.ts'
import { layOut } from '#domain/layers.ts'
import { categories } from '#domain/lifecycle.ts'
import { accept } from '#domain/refusal.ts'
import { everyone, operation } from '#platform/operation.ts'
import { workOrderRef } from '../work-order/schema.ts'
import { head, loadReckoned, parentIdOf, scope } from './reckoned.ts'
import type { Reckoned } from './reckoned.ts'

const graphNode = z.object({
  id: z.uuid(),
  number: z.string(),
  title: z.string(),
  status: z.string(),
  category: z.enum(categories),
  assignee: z.string().nullable(),
  parent_id: z.uuid().nullable(),
  depth: z.int(),
  linked: z.int().describe('directly linked work orders'),
  layer: z.int().describe('its column, from 0; of a master, that of the first that is linked to it'),
  last_layer: z.int().describe('of a master, the column of the last; otherwise its own'),
  critical: z.boolean(),
})
const graphEdge = z.object({
  from: z.uuid(),
  to: z.uuid().describe('what waits'),
  lag_hours: z.number(),
  critical: z.boolean().describe('what waits is held by this one, and the end by both'),
})

export const graph = operation({
  name: 'hierarchy.graph',
  summary: 'Read a tree as nodes, edges and columns for drawing',
  http: ['GET', '/v1/work-orders/:id/graph'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({
    id: workOrderRef,
    ...scope,
    depth: z.int().min(0).max(1000).optional().describe('levels below to show; deeper ones are folded'),
    limit: z.int().min(1).max(50_000).default(20_000).describe('nodes at most; deeper levels are folded'),
  }),
  output: z.object({
    ...head,
    folded: z.int().describe('work orders that are not shown, but folded into their masters'),
    layers: z.int().describe('how many columns there are'),
    nodes: z.array(graphNode),
    edges: z.array(graphEdge),
  }),
  async run(tx, actor, input) {
    const found = await loadReckoned(tx, actor, input.id, input.whole)
    if (!found.ok) return found
    const reckoned = found.value
    const places = foldInto(reckoned, input.depth ?? Number.POSITIVE_INFINITY, input.limit)
    const drawn = reckoned.shown.filter((node) => places[node] === node)
    const layers = layOut(reckoned.network)
    const offset = Math.min(...drawn.map((node) => layers.first[node] ?? 0))
    const nodes = drawn.map((node) => {
      const layer = (layers.first[node] ?? 0) - offset
      return { ...toGraphNode(reckoned, node), layer, last_layer: (layers.last[node] ?? 0) - offset }
    })
    return accept({
      ...reckoned.head,
      folded: reckoned.shown.length - drawn.length,
      layers: Math.max(...nodes.map((node) => node.last_layer)) + 1,
      nodes,
      edges: listEdges(reckoned, places),
    })
  },
})

/** For each node that was asked for the one that stands for it, itself or a master; -1 for all others. */
function foldInto({ network, shown, depths }: Reckoned, depth: number, limit: number): Int32Array {
  const perLevel: number[] = []
  for (const node of shown) perLevel[depths[node] ?? 0] = (perLevel[depths[node] ?? 0] ?? 0) + 1
  let level = 0
  let count = perLevel[0] ?? 0
  while (level < depth && level + 1 < perLevel.length && count + (perLevel[level + 1] ?? 0) <= limit) {
    level += 1
    count += perLevel[level] ?? 0
  }
  const places = new Int32Array(network.size).fill(-1)
  // Masters come before what is linked to them: theirs is known.
  for (const node of shown)
    places[node] = (depths[node] ?? 0) <= level ? node : (places[network.parents[node] ?? node] ?? node)
  return places
}

const toGraphNode = (reckoned: Reckoned, node: number) => {
  const { rows, network, schedule, depths } = reckoned
  const row = rows[node]
  if (row === undefined) throw new Error('a node without its row')
  return {
    id: row.id,
    number: row.number,
    title: row.title,
    status: row.status,
    category: row.category,
    assignee: row.assignee,
    parent_id: parentIdOf(reckoned, node),
    depth: depths[node] ?? 0,
    linked: network.linked[node] ?? 0,
    critical: isCritical(schedule, node),
  }
}

type Edge = z.output<typeof graphEdge>

/** Between what is shown; of several that fold into one, the longest lag. */
function listEdges(reckoned: Reckoned, places: Int32Array): Edge[] {
  const { network, schedule, reckoning } = reckoned
  const { size, ids, outStart, outTo, outLagHours } = network
  const edges = new Map<number, Edge>()
  for (let node = 0; node < size; node += 1) {
    const from = places[node] ?? -1
    if (from < 0) continue
    for (let e = outStart[node] ?? 0; e < (outStart[node + 1] ?? 0); e += 1) {
      const target = outTo[e] ?? -1
      const to = places[target] ?? -1
      // An edge between a node and the master into which it was folded shows nothing.
      const isItself = from === node && to === target
      if (
        to < 0 ||
        (!isItself && (to === from || isWithin(network, from, to) || isWithin(network, to, from)))
      )
        continue
      const lagHours = outLagHours[e] ?? 0
      const free = (schedule.earliestFinish[node] ?? Number.NaN) + Math.round(lagHours * msOfHour)
      const critical =
        free === schedule.heldUntil[target] &&
        free >= reckoning.nowMs &&
        isCritical(schedule, node) &&
        isCritical(schedule, target)
      const key = from * size + to
      const before = edges.get(key)
      edges.set(key, {
        from: ids[from] ?? '',
        to: ids[to] ?? '',
        lag_hours: Math.max(lagHours, before?.lag_hours ?? 0),
        critical: critical || before?.critical === true,
      })
    }
  }
  return [...edges.values()]
}

function isWithin({ parents }: Reckoned['network'], node: number, master: number): boolean {
  let above = parents[node] ?? -1
  while (above >= 0 && above !== master) above = parents[above] ?? -1
  return above === master
}
