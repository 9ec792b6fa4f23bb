import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../test/table.ts'
import { aroundTheClock, msOfHour } from './calendar.ts'
import type { Calendar } from './calendar.ts'
import { findCriticalPaths, isCritical, modes, reckon } from './critical-path.ts'
import type { Reckoning, Schedule, Timing } from './critical-path.ts'
import { toNetwork } from './network.ts'
import { openDraw } from './simulate.ts'
import type { Draw } from './simulate.ts'
import { assumedHours, toTiming } from './timing.ts'

type Node = { id: string; parentId: string | null; hours: number; mode: number }
type Edge = { from: string; to: string; lagHours: number }
type Graph = { nodes: Node[]; edges: Edge[] }

const pick = (draw: Draw, below: number): number => Math.floor(draw() * below)

/** A tree of up to nine with random edges; an edge that would close a cycle in the order of finishing is left out. */
function drawGraph(seed: number, withPast: boolean): Graph {
  const draw = openDraw(seed)
  const size = 2 + pick(draw, 8)
  const deep = draw()
  const nodes = Array.from({ length: size }, (_, i): Node => ({
    id: `n${i}`,
    parentId: i === 0 ? null : `n${draw() < deep ? pick(draw, i) : 0}`,
    hours: pick(draw, 6),
    mode: withPast && i > 0 && draw() < 0.4 ? 1 + pick(draw, 3) : modes.planned,
  }))
  // Only what has nothing linked may have begun here; of masters that have, the table below tells.
  for (const node of nodes)
    if (nodes.some((one) => one.parentId === node.id) && node.mode !== modes.none) node.mode = modes.planned
  const edges: Edge[] = []
  for (let tries = pick(draw, 14); tries > 0; tries -= 1) {
    const [from, to] = [`n${pick(draw, size)}`, `n${pick(draw, size)}`]
    const isThere = edges.some((edge) => edge.from === from && edge.to === to)
    if (from !== to && !isThere && !reaches({ nodes, edges }, to, from))
      edges.push({ from, to, lagHours: draw() < 0.3 ? pick(draw, 4) : 0 })
  }
  return { nodes, edges }
}

/** What must finish before what: links and edges alike. */
const arcsFrom = ({ nodes, edges }: Graph, id: string): { to: string; lagHours: number }[] => {
  const parent = nodes.find((node) => node.id === id)?.parentId ?? null
  return [
    ...edges.filter(({ from }) => from === id),
    ...(parent === null ? [] : [{ to: parent, lagHours: 0 }]),
  ]
}
const reaches = (graph: Graph, from: string, to: string): boolean =>
  from === to || arcsFrom(graph, from).some((arc) => reaches(graph, arc.to, to))

type Path = { nodes: string[]; length: number }

/** Every path that begins at a node, with its length in hours; what takes no time is on none of them. */
function listPaths(graph: Graph, id: string): Path[] {
  const of = (one: string): Node => graph.nodes.find((node) => node.id === one)!
  const isMaster = (one: string): boolean => graph.nodes.some((node) => node.parentId === one)
  const hours = isMaster(id) ? 0 : of(id).mode === modes.done ? -2 : of(id).hours
  const further = arcsFrom(graph, id).filter(
    ({ to }) => of(to).mode === modes.planned || (isMaster(to) && of(to).mode !== modes.none),
  )
  return [
    { nodes: [id], length: hours },
    ...further.flatMap(({ to, lagHours }) =>
      listPaths(graph, to).map((path) => ({
        nodes: [id, ...path.nodes],
        length: hours + lagHours + path.length,
      })),
    ),
  ]
}

type Brute = { finish: number[]; slack: number[]; critical: Set<string> }

const longest = (paths: Path[]): number => Math.max(...paths.map(({ length }) => length))

/** By looking at all paths, and at nothing else. Done ones ended two hours ago, hours are counted from now. */
function reckonByAllPaths(graph: Graph): Brute {
  const { nodes } = graph
  const all = nodes.filter(({ mode }) => mode !== modes.none).flatMap(({ id }) => listPaths(graph, id))
  const isDone = (id: string): boolean => nodes.find((node) => node.id === id)?.mode === modes.done
  const finish = nodes.map(({ id, mode }) => {
    if (mode === modes.none) return Number.NaN
    const length = longest(all.filter((path) => path.nodes.at(-1) === id))
    return isDone(id) ? length : Math.max(0, length)
  })
  const end = finish[0]!
  const toEnd = all.filter((path) => path.nodes.at(-1) === 'n0')
  const slack = nodes.map(({ id, mode }, i) => {
    const onward = toEnd.filter((path) => path.nodes[0] === id)
    if (mode === modes.done || onward.length === 0) return Number.NaN
    const own = longest(all.filter((path) => path.nodes.length === 1 && path.nodes[0] === id))
    return end - (longest(onward) - own) - finish[i]!
  })
  const full = toEnd.filter(({ length }) => length === end).map((path) => path.nodes.join(' '))
  return {
    finish,
    slack,
    critical: new Set(full.filter((path) => !full.some((one) => one.endsWith(` ${path}`)))),
  }
}

const nowMs = Date.parse('2026-03-02T08:00:00Z')
const toHours = (ms: number): number => (ms - nowMs) / msOfHour

function toReckoning({ nodes, edges }: Graph): Reckoning {
  const timing: Timing = {
    mode: Uint8Array.from(nodes, ({ mode }) => mode),
    hours: Float64Array.from(nodes, ({ hours }) => hours),
    began: new Float64Array(nodes.length).fill(nowMs - 5 * msOfHour),
    ended: new Float64Array(nodes.length).fill(nowMs - 2 * msOfHour),
  }
  return { network: toNetwork(nodes, edges), timing, nowMs, ends: [0] }
}

const show = (values: Iterable<number>): string => [...values].map((value) => value.toFixed(3)).join(' ')
const showPaths = (reckoning: Reckoning, schedule: Schedule): string =>
  findCriticalPaths(reckoning, schedule, 10_000)
    .paths.map((path) => path.map((node) => reckoning.network.ids[node]).join(' '))
    .toSorted()
    .join('; ')

/** What of the reckoning differs from all paths; undefined where nothing does. */
function findDifference(graph: Graph, reckoning: Reckoning, withPaths: boolean): string | undefined {
  const brute = reckonByAllPaths(graph)
  const schedule = reckon(reckoning)
  const finish = [...schedule.earliestFinish].map(toHours)
  if (show(finish) !== show(brute.finish)) return `finish ${show(finish)}, by all paths ${show(brute.finish)}`
  if (show(schedule.slackHours) !== show(brute.slack))
    return `slack ${show(schedule.slackHours)}, by all paths ${show(brute.slack)}`
  const latest = [...schedule.latestFinish].map((ms, i) => toHours(ms) - finish[i]!)
  if (show(latest) !== show(brute.slack)) return `latest finish ${show(latest)}`
  const found = showPaths(reckoning, schedule)
  const expected = [...brute.critical].toSorted().join('; ')
  return withPaths && found !== expected ? `paths ${found}, by all paths ${expected}` : undefined
}

test('R-CPM-1 critical path equals brute force on 2,000 random small graphs', () => {
  let edges = 0
  let withMore = 0
  for (let seed = 1; seed <= 2000; seed += 1) {
    const graph = drawGraph(seed, false)
    const reckoning = toReckoning(graph)
    assert.equal(findDifference(graph, reckoning, true), undefined, `seed ${seed}: ${JSON.stringify(graph)}`)
    edges += graph.edges.length
    if (reckonByAllPaths(graph).critical.size > 1) withMore += 1
  }
  assert.ok(edges > 5000, `${edges} edges`)
  assert.ok(withMore > 100, `${withMore} graphs with more than one critical path`)
})

test('R-CPM-1 so do finish and slack where some are done, run, or take no time', () => {
  for (let seed = 1; seed <= 2000; seed += 1) {
    const graph = drawGraph(seed, true)
    assert.equal(
      findDifference(graph, toReckoning(graph), false),
      undefined,
      `seed ${seed}: ${JSON.stringify(graph)}`,
    )
  }
})

test('R-CPM-1 the comparison finds a planted fault of each kind', () => {
  const faults: { readonly [name: string]: (graph: Graph) => Graph } = {
    'lags are left out': ({ nodes, edges }) => ({
      nodes,
      edges: edges.map((edge) => ({ ...edge, lagHours: 0 })),
    }),
    'the last edge is lost': ({ nodes, edges }) => ({ nodes, edges: edges.slice(0, -1) }),
    'an edge runs the other way': ({ nodes, edges: [first, ...others] }) => ({
      nodes,
      edges: first === undefined ? [] : [...others, { ...first, from: first.to, to: first.from }],
    }),
    'a link is lost': ({ nodes, edges }) => ({
      nodes: nodes.map((node, i) => (i === nodes.length - 1 ? { ...node, parentId: null } : node)),
      edges,
    }),
    'one takes an hour longer': ({ nodes, edges }) => ({
      nodes: nodes.map((node, i) => (i === nodes.length - 1 ? { ...node, hours: node.hours + 1 } : node)),
      edges,
    }),
    'one is taken for cancelled': ({ nodes, edges }) => ({
      nodes: nodes.map((node, i) => (i === nodes.length - 1 ? { ...node, mode: modes.none } : node)),
      edges,
    }),
  }
  for (const [name, plant] of Object.entries(faults)) {
    let found = 0
    for (let seed = 1; seed <= 200; seed += 1) {
      const graph = drawGraph(seed, false)
      try {
        if (findDifference(graph, toReckoning(plant(graph)), true) !== undefined) found += 1
      } catch {
        found += 1 // the edge that was turned closed a cycle, and that was seen
      }
    }
    assert.ok(found > 20, `${name}: found in ${found} of 200`)
  }
})

/** Nodes as `id parent hours`, edges as `from>to+lag`. */
function parseGraph(nodes: string, edges: string): Graph {
  return {
    nodes: nodes.split(', ').map((text) => {
      const [id = '', parentId = '-', hours = '0'] = text.split(' ')
      return { id, parentId: parentId === '-' ? null : parentId, hours: Number(hours), mode: modes.planned }
    }),
    edges:
      edges === ''
        ? []
        : edges.split(', ').map((text) => {
            const [, from = '', to = '', lag = '0'] = /^(\w+)>(\w+)(?:\+(\d+))?$/.exec(text) ?? []
            return { from, to, lagHours: Number(lag) }
          }),
  }
}

const examples = table`
  nodes                                     | edges              | end | paths                  | slack
  m - 99, a m 3                             |                    | 3   | a m                    | 0 0
  m - 99, a m 3, b m 5                      |                    | 5   | b m                    | 0 2 0
  m - 99, a m 3, b m 5                      | a>b                | 8   | a b m                  | 0 0 0
  m - 99, a m 3, b m 5                      | a>b+10             | 18  | a b m                  | 0 0 0
  m - 99, a m 3, b m 5, c m 2               | a>c, b>c           | 7   | b c m                  | 0 2 0 0
  m - 0, x m 99, y m 4, a x 6, b x 1        | x>y                | 10  | a x y m                | 0 0 0 0 5
  m - 0, x m 99, a x 6, b m 1               | b>x+8              | 9   | b x m                  | 0 0 3 0
  m - 0, x m 99, a x 6, b m 1               | a>b, b>x           | 7   | a b m; a b x m         | 0 0 0 0
  m - 0, a m 2, b m 2, c m 1                | a>c, b>c           | 3   | a c m; b c m           | 0 0 0 0
  m - 7                                     |                    | 7   | m                      | 0
`
test('R-CPM-1 a master spans what is linked to it, and its own estimate counts only when nothing is', () => {
  for (const row of examples) {
    const reckoning = toReckoning(parseGraph(row['nodes'] ?? '', row['edges'] ?? ''))
    const schedule = reckon(reckoning)
    const said = {
      end: String(toHours(schedule.earliestFinish[0]!)),
      paths: showPaths(reckoning, schedule),
      slack: [...schedule.slackHours].join(' '),
    }
    assert.deepEqual(said, { end: row['end'], paths: row['paths'], slack: row['slack'] }, JSON.stringify(row))
  }
})

test('R-CPM-1 a master begins with the first that is linked to it, earliest and latest', () => {
  const reckoning = toReckoning(parseGraph('m - 0, a m 2, x m 0, b x 3, c x 1', 'a>b, b>c+4'))
  const { earliestStart, earliestFinish, latestStart, latestFinish } = reckon(reckoning)
  assert.deepEqual([...earliestStart].map(toHours), [0, 0, 2, 2, 9])
  assert.deepEqual([...earliestFinish].map(toHours), [10, 2, 10, 5, 10])
  assert.deepEqual([...latestStart].map(toHours), [0, 0, 2, 2, 9])
  assert.deepEqual([...latestFinish].map(toHours), [10, 2, 10, 5, 10])
})

const blank = {
  estimated_hours: null,
  actual_hours: null,
  actual_start: null,
  actual_end: null,
  waiver: null,
}
const waiver = { reason: 'not needed', at: '2026-03-01T08:00:00Z', by: ['qa'], round_id: null }

test('R-CPM-2 durations: actual where done, what remains where running, the estimate otherwise, assumed where there is none', () => {
  const rows = [
    { ...blank, category: 'active' },
    {
      ...blank,
      category: 'done',
      estimated_hours: 9,
      actual_start: '2026-03-01T08:00:00Z',
      actual_end: '2026-03-02T02:00:00Z',
    },
    { ...blank, category: 'active', estimated_hours: 10, actual_start: '2026-03-02T02:00:00Z' },
    { ...blank, category: 'active', estimated_hours: 4, actual_start: '2026-03-02T02:00:00Z' },
    { ...blank, category: 'review', estimated_hours: 10, actual_start: '2026-03-02T02:00:00Z' },
    { ...blank, category: 'ready', estimated_hours: 3 },
    { ...blank, category: 'ready' },
    { ...blank, category: 'abandoned', estimated_hours: 100 },
    { ...blank, category: 'ready', estimated_hours: 100, waiver },
    { ...blank, category: 'done', actual_hours: 2 },
  ] as const
  const nodes = rows.map((_, i) => ({ id: `n${i}`, parentId: i === 0 ? null : 'n0' }))
  const timing = toTiming([...rows], nowMs, () => aroundTheClock)
  const { earliestStart, earliestFinish, slackHours } = reckon({
    network: toNetwork(nodes, []),
    timing,
    nowMs,
    ends: [0],
  })
  assert.deepEqual([...earliestStart].map(toHours), [-24, -24, -6, -6, -6, 0, 0, Number.NaN, Number.NaN, -2])
  assert.deepEqual([...earliestFinish].map(toHours), [
    assumedHours,
    -6,
    4,
    0,
    0,
    3,
    assumedHours,
    Number.NaN,
    Number.NaN,
    0,
  ])
  assert.deepEqual([...slackHours], [0, Number.NaN, 4, 8, 8, 5, 0, Number.NaN, Number.NaN, Number.NaN])
})

test('R-CPM-2 what was cancelled or waived holds nobody, and neither does what it waited for', () => {
  const graph = parseGraph('m - 0, a m 50, b m 9, c m 2', 'a>b, b>c')
  graph.nodes[2]!.mode = modes.none
  const reckoning = toReckoning(graph)
  const schedule = reckon(reckoning)
  assert.equal(toHours(schedule.earliestFinish[3]!), 2)
  assert.equal(showPaths(reckoning, schedule), 'a m')
})

test('R-CPM-2 the path goes back into what is over, and a tree that is over shows what its end hung on', () => {
  const reckoning = toReckoning(parseGraph('m - 0, a m 1, b m 1, c m 4, d m 1', 'a>c, b>c'))
  const { mode, began, ended } = reckoning.timing
  const over = (node: number, from: number, to: number): void => {
    mode[node] = modes.done
    began[node] = nowMs + from * msOfHour
    ended[node] = nowMs + to * msOfHour
  }
  over(1, -9, -8)
  over(2, -9, -6)
  mode[3] = modes.running
  began[3] = nowMs - 3 * msOfHour
  assert.equal(showPaths(reckoning, reckon(reckoning)), 'b c m')
  assert.equal(isCritical(reckon(reckoning), 3), true)
  assert.equal(isCritical(reckon(reckoning), 2), false)
  over(3, -3, -1)
  over(4, -9, -8)
  over(0, -9, -1)
  const schedule = reckon(reckoning)
  assert.equal(showPaths(reckoning, schedule), 'b c m')
  assert.equal(toHours(schedule.earliestFinish[0]!), -1)
})

/** Work goes on from 8 to 16 on every day; what is asked for here needs no weekends. */
const dayShift: Calendar = {
  addHours(at, hours) {
    let ms = at
    for (let left = Math.round(Math.abs(hours) * 60); left > 0; ms += Math.sign(hours) * 60_000)
      if (isShift(hours > 0 ? ms : ms - 60_000)) left -= 1
    return ms
  },
  hoursBetween(from, to) {
    let minutes = 0
    for (let ms = Math.min(from, to); ms < Math.max(from, to); ms += 60_000) if (isShift(ms)) minutes += 1
    return (Math.sign(to - from) * minutes) / 60
  },
}
const isShift = (ms: number): boolean => new Date(ms).getUTCHours() >= 8 && new Date(ms).getUTCHours() < 16

test('R-CPM-3 hours of work run in the calendar of the work order, a lag runs around the clock', () => {
  const reckoning = toReckoning(parseGraph('m - 0, a m 12, b m 3, c m 2', 'a>b+2'))
  const { earliestFinish, slackHours } = reckon({ ...reckoning, calendarOf: () => dayShift })
  // a: 8 h today, 4 h tomorrow; the lag until 14:00; b: two hours tomorrow and one on the day after.
  assert.deepEqual([...earliestFinish].map(toHours), [49, 28, 49, 2])
  assert.deepEqual([...slackHours], [0, 0, 0, 15])
})

/** Milliseconds of the quickest of five. */
const best = (work: () => unknown): number =>
  Math.min(
    ...Array.from({ length: 5 }, () => {
      const start = performance.now()
      work()
      return performance.now() - start
    }),
  )

test('R-CPM-4 100,000 nodes with 300,000 edges take little longer than to number their ids, and a chain needs no recursion', () => {
  const draw = openDraw(7)
  const size = 100_000
  const nodes = Array.from({ length: size }, (_, i) => ({
    id: `node-${i}`,
    parentId: i === 0 ? null : `node-${i <= 1000 ? 0 : 1 + ((i - 1) % 1000)}`,
  }))
  const edges = Array.from({ length: 300_000 }, () => {
    const to = 1001 + pick(draw, size - 1001)
    return { from: `node-${Math.min(size - 1, to + 1 + pick(draw, 500))}`, to: `node-${to}`, lagHours: 0 }
  }).filter(({ from, to }) => from !== to)
  const timing = {
    mode: new Uint8Array(size),
    hours: Float64Array.from(nodes, () => pick(draw, 40)),
    began: new Float64Array(size),
    ended: new Float64Array(size),
  }
  const whole = best(() => {
    const reckoning = { network: toNetwork(nodes, edges), timing, nowMs, ends: [0] }
    findCriticalPaths(reckoning, reckon(reckoning), 10)
  })
  // What cannot be done without, on the same machine at the same time; the benchmark says the milliseconds.
  const numbering = best(() => {
    const indexOf = new Map(nodes.map(({ id }, i) => [id, i]))
    return edges.map(({ from, to }) => [indexOf.get(from), indexOf.get(to)])
  })
  assert.ok(whole < numbering * 8, `${whole.toFixed(0)} ms, numbering alone ${numbering.toFixed(0)} ms`)
  const chain = toNetwork(
    nodes,
    nodes.slice(1002).map(({ id }, i) => ({ from: `node-${1001 + i}`, to: id, lagHours: 0 })),
  )
  const reckoning = { network: chain, timing, nowMs, ends: [0] }
  const { paths } = findCriticalPaths(reckoning, reckon(reckoning), 1)
  assert.ok((paths[0]?.length ?? 0) > 98_000)
})
