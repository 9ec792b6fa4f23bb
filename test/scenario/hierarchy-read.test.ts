/** Reading a tree over the doors: the tree with its roll-ups, the graph, the critical path; and what a vendor sees of them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { runCli } from '#edges/cli.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'
import { bring, plant } from './tree.ts'
import type { Planted } from './tree.ts'

const planner = 'Pat Planner'
let fixture: Fixture
/** The upgrade of a workstation: B ⊃ D and E, C waits for B, F is cancelled, G is held up by who does it. */
let upgrade: Planted
before(async () => {
  fixture = await openFixture()
  const vik = (await fixture.call('Vik Vendor', 'GET', '/v1/me')).body.id as string
  upgrade = await plant(fixture, {
    A: { title: 'Upgrade workstation 3', estimated_hours: 99 },
    B: { title: 'Prepare', under: 'A' },
    C: {
      title: 'Install 新しいシステム and everything that goes with it',
      under: 'A',
      after: ['B+2'],
      estimated_hours: 6,
    },
    D: { title: 'Back up data', under: 'B', estimated_hours: 4, attributes: { cost: '120.50' } },
    E: {
      title: 'Order parts',
      under: 'B',
      estimated_hours: 1,
      assignee_id: vik,
      attributes: { cost: '9.5' },
    },
    F: { title: 'Print labels', under: 'A', estimated_hours: 500 },
    G: { title: 'Update papers', under: 'A' },
    H: { title: 'Fit parts', under: 'A', after: ['E'], estimated_hours: 2, assignee_id: vik },
  })
  await bring(fixture, upgrade['D']!.id, 'closed')
  await bring(fixture, upgrade['G']!.id, 'blocked')
  const cancelled = await fixture.call(planner, 'POST', `/v1/work-orders/${upgrade['F']!.id}/transitions`, {
    to: 'cancelled',
    reason: 'not needed',
  })
  assert.equal(cancelled.status, 200, cancelled.text)
})
after(() => fixture.close())

const read = async (who: string, letter: string, what: string): Promise<Json> => {
  const reply = await fixture.call(who, 'GET', `/v1/work-orders/${upgrade[letter]!.number}/${what}`)
  assert.equal(reply.status, 200, reply.text)
  return reply.body
}
const letterOf = (id: string): string =>
  Object.entries(upgrade).find(([, planted]) => planted.id === id)?.[0] ?? '?'
const hoursAfter = (from: string, to: string): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / 36_000) / 100

const letters = (tree: Json): string =>
  tree.data.map((node: Json) => `${node.depth}${letterOf(node.id)}`).join(' ')
const edges = (drawn: Json): string[] =>
  drawn.edges
    .map((edge: Json) => `${letterOf(edge.from)}${letterOf(edge.to)} ${edge.lag_hours} ${edge.critical}`)
    .toSorted()

test('R-TRE-21 a tree comes flat in the order of reading, with a roll-up on each master', async () => {
  const tree = await read(planner, 'A', 'tree')
  assert.deepEqual(
    tree.data.map((node: Json) => `${node.depth}${letterOf(node.id)}`),
    ['0A', '1B', '2D', '2E', '1C', '1F', '1G', '1H'],
  )
  assert.deepEqual([tree.total, tree.partial, tree.assumed], [8, false, { hours: 8, work_orders: 1 }])
  const { expected_finish, ...sum } = tree.data[0].roll_up
  assert.deepEqual(sum, {
    linked: 7,
    by_category: { initial: 4, held: 1, done: 1, abandoned: 1 },
    waived: 0,
    estimated_hours: 13,
    actual_hours: 1,
    cost: '130.00',
    progress: 28.5, // 4 of 4 + 1 + 6 + 1 + 2
    blocked: 1,
    blocked_by: [{ id: upgrade['G']!.id, number: upgrade['G']!.number, by: 'Lee Lab', why: null }],
  })
  assert.equal(hoursAfter(tree.as_of, expected_finish), 9) // E 1, lag 2, C 6
  assert.equal(tree.data[5].expected_finish, null)
  assert.equal(tree.data[2].roll_up, null)
})

test('R-TRE-21 a part of a tree, the whole of it from a part, the progress alone, and pages', async () => {
  assert.equal(letters(await read(planner, 'B', 'tree')), '0B 1D 1E')
  assert.equal(letters(await read(planner, 'B', 'tree?whole=true')), '0A 1B 2D 2E 1C 1F 1G 1H')
  const progress = await read(planner, 'A', 'tree?depth=0')
  assert.deepEqual([letters(progress), progress.data[0].roll_up.linked], ['0A', 7])
  let path = 'tree?limit=3'
  const pages: string[] = []
  for (
    let page: Json;
    path !== '';
    path = page.next_cursor === null ? '' : `tree?limit=3&cursor=${page.next_cursor}`
  ) {
    page = await read(planner, 'A', path)
    pages.push(letters(page))
  }
  assert.deepEqual(pages, ['0A 1B 2D', '2E 1C 1F', '1G 1H'])
  const cursor = Buffer.from(JSON.stringify({ after: crypto.randomUUID() })).toString('base64url')
  for (const wrong of [cursor, 'x']) {
    const refused = await fixture.call(
      planner,
      'GET',
      `/v1/work-orders/${upgrade['A']!.id}/tree?cursor=${wrong}`,
    )
    assert.deepEqual([refused.status, refused.body.code], [422, 'invalid_input'])
  }
  const alone = await plant(fixture, { X: { estimated_hours: 3 } })
  const one = (await fixture.call(planner, 'GET', `/v1/work-orders/${alone['X']!.id}/tree`)).body
  assert.deepEqual([one.total, one.data[0].roll_up, one.data[0].depth], [1, null, 0])
})

test('R-CPM-7 the critical path says when it is over, what that hangs on, and who has room', async () => {
  const answer = await read(planner, 'A', 'critical-path')
  assert.deepEqual(
    answer.paths.map((path: Json) => path.map((step: Json) => letterOf(step.id)).join('')),
    ['EBCA'],
  )
  assert.equal(hoursAfter(answer.as_of, answer.expected_finish), 9)
  assert.equal(answer.hours_to_finish, 9)
  assert.deepEqual([answer.forecast, answer.calendar, answer.more_paths], [null, '24x7', false])
  const slack = answer.data.map(
    (one: Json) => `${letterOf(one.id)} ${one.slack_hours === null ? '-' : Math.round(one.slack_hours)}`,
  )
  // G was begun a moment ago: its eight assumed hours have begun to pass.
  assert.deepEqual(slack, ['A 0', 'B 0', 'E 0', 'C 0', 'G 1', 'H 6', 'D -', 'F -'])
  const only = await read(planner, 'A', 'critical-path?critical_only=true')
  assert.equal(only.data.length, 4)
  // What holds a part up may lie outside of it: C waits for E, which is in B.
  const part = await read(planner, 'C', 'critical-path')
  assert.deepEqual(
    part.paths.map((path: Json) => path.map((step: Json) => letterOf(step.id)).join('')),
    ['EBC'],
  )
  assert.deepEqual([part.total, part.data.length], [1, 1])
})

test('R-CPM-8 the graph has nodes, edges and columns, and folds what is too deep', async () => {
  const graph = await read(planner, 'A', 'graph')
  const columns = graph.nodes.map((node: Json) => `${letterOf(node.id)}${node.layer}${node.last_layer}`)
  assert.deepEqual(columns, ['A01', 'B00', 'D00', 'E00', 'C11', 'F00', 'G00', 'H11'])
  assert.deepEqual(edges(graph), ['BC 2 true', 'EH 0 false'])
  assert.deepEqual([graph.layers, graph.folded], [2, 0])
  const folded = await read(planner, 'A', 'graph?depth=1')
  assert.deepEqual(edges(folded), ['BC 2 true', 'BH 0 false'])
  assert.deepEqual([folded.nodes.length, folded.folded], [6, 2])
  assert.equal((await read(planner, 'A', 'graph?limit=7')).nodes.length, 6)
})

test('R-TRE-22 a vendor sees of a tree what it may see, reckoned from that alone', async () => {
  const hidden = await fixture.call('Vik Vendor', 'GET', `/v1/work-orders/${upgrade['A']!.id}/tree`)
  assert.equal(hidden.status, 404)
  const whole = await read('Vik Vendor', 'E', 'tree?whole=true')
  assert.deepEqual(
    whole.data.map((node: Json) => [letterOf(node.id), node.parent_id, node.depth]),
    [
      ['E', null, 0],
      ['H', null, 0],
    ],
  )
  assert.equal(whole.partial, true)
  const path = await read('Vik Vendor', 'H', 'critical-path?whole=true')
  assert.deepEqual(
    path.paths.map((one: Json) => one.map((step: Json) => letterOf(step.id)).join('')),
    ['EH'],
  )
  assert.equal(path.hours_to_finish, 3)
  const graph = await read('Vik Vendor', 'H', 'graph?whole=true')
  assert.deepEqual([graph.nodes.length, graph.edges.length], [2, 1])
  for (const text of [whole, path, graph].map((answer) => JSON.stringify(answer)))
    for (const letter of 'ABCDFG') assert.ok(!text.includes(upgrade[letter]!.id), letter)
  for (const what of ['tree', 'graph', 'critical-path']) {
    const foreign = await fixture.call('PM Agent', 'GET', `/v1/work-orders/${upgrade['A']!.id}/${what}`)
    assert.equal(foreign.status, 404)
  }
})

test('R-TRE-23 many work orders are created in one call, linked to one another, all or none', async () => {
  const body = {
    work_orders: [
      { title: 'Grease', parent: 'line', estimated_hours: 1 },
      { title: 'Service line 3', key: 'line' },
      { title: 'More papers', parent: upgrade['B']!.number, assignee: 'Lee Lab' },
    ],
  }
  const made = await fixture.call(planner, 'POST', '/v1/work-orders/batch', body)
  assert.equal(made.status, 201, made.text)
  const [grease, line, papers] = made.body.data
  assert.deepEqual(
    [grease.parent_id, line.parent_id, line.key, papers.parent_id],
    [line.id, null, 'line', upgrade['B']!.id],
  )
  const history = (await fixture.call(planner, 'GET', `/v1/work-orders/${grease.number}/history`)).body.data
  assert.deepEqual(
    history.map((entry: Json) => entry.action),
    ['created'],
  )
  const tree = (await fixture.call(planner, 'GET', `/v1/work-orders/${line.id}/tree`)).body
  assert.deepEqual(
    tree.data.map((node: Json) => node.number),
    [line.number, grease.number],
  )
  const bad: readonly (readonly [object[], string])[] = [
    [
      [
        { title: 'a', key: 'k' },
        { title: 'b', key: 'k' },
      ],
      'work_orders.0.key',
    ],
    [
      [
        { title: 'a', key: 'k', parent: 'l' },
        { title: 'b', key: 'l', parent: 'k' },
      ],
      'work_orders.0.parent',
    ],
    [[{ title: 'a', key: 'k', parent: 'k' }], 'work_orders.0.parent'],
    [[{ title: 'a' }, { title: ' ' }], 'work_orders.1.title'],
    [[{ title: 'a' }, { title: 'b', lifecycle: 'fleet' }], 'work_orders.1.title'],
  ]
  for (const [work_orders, path] of bad) {
    const refused = await fixture.call(planner, 'POST', '/v1/work-orders/batch', { work_orders })
    assert.equal(refused.status, 422)
    assert.equal(refused.body.errors[0].path, path)
  }
  const unknown = await fixture.call(planner, 'POST', '/v1/work-orders/batch', {
    work_orders: [{ title: 'never made' }, { title: 'b', assignee: 'Nobody' }],
  })
  assert.deepEqual([unknown.body.code, unknown.body.field], ['unknown_reference', 'work_orders.1.assignee'])
  const list = await fixture.call(planner, 'GET', '/v1/work-orders?q=never+made')
  assert.equal(list.body.data.length, 0)
})

const print = async (...argv: string[]): Promise<string> => {
  let out = ''
  const environment = { DOCKET_URL: fixture.url, DOCKET_KEY: fixture.keyOf(planner), COLUMNS: '100' }
  const code = await runCli(argv, environment, { out: (text) => void (out += text), err: assert.fail })
  assert.equal(code, 0)
  return out
}

test('R-TRE-24 docket tree draws the tree, and the path and the graph can be read too', async () => {
  const tree = await print('tree', upgrade['A']!.number)
  if (process.env['SHOW'] !== undefined) console.log(tree)
  const branches = tree
    .split('\n')
    .flatMap((line) => /^((?:│   |    )*(?:├── |└── )?)WO-\S+ {2}(\S+)/.exec(line)?.slice(1).join('') ?? [])
  assert.deepEqual(branches.slice(0, 4), ['Upgrade', '├── Prepare', '│   ├── Back', '│   ├── Order'])
  assert.ok(branches.includes('└── Fit'))
  assert.match(tree, /^WORK ORDER .*STATUS .*ASSIGNEE .*DONE .*EXPECTED/)
  assert.match(tree, /blocked: WO-\S+ by Lee Lab/)
  assert.match(tree, /without an estimate: 8 h assumed for each/)
  const path = await print('critical-path', upgrade['A']!.number)
  assert.match(path, /is expected to finish \d{4}-.* UTC, in 16 h/s)
  const graph = await print('graph', upgrade['A']!.number)
  if (process.env['SHOW'] !== undefined) console.log(`${path}\n${graph}`)
  assert.match(graph, /WAITS FOR/)
  assert.match(graph, new RegExp(`${upgrade['B']!.number} \\+ 2 h \\*`))
})
