/** What keeps work from starting, what can start, and the chain of causes down to who can act. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifecycleNames, lifecycles } from './lifecycles.ts'
import { categoryOf } from './lifecycles.ts'
import { beginsWork, explainWaiting, isSatisfied, listStartable } from './readiness.ts'
import type { TreeFact, TreeFacts, Waited } from './readiness.ts'
import { decideTransition } from './transition.ts'
import { factsFor, unmetOf } from '../../test/cast.ts'
import { table } from '../../test/table.ts'

const now = '2026-11-20T12:00:00Z'
const waiver = { reason: 'scrapped', at: now, by: ['own', 'qa'], round_id: 'round' }

const waited = (changes: Partial<Waited>): Waited => ({
  id: 'p',
  number: 'WO-2026-000009',
  status: 'x',
  category: 'active',
  assignee: 'Lee',
  waiver: null,
  actual_end: null,
  lag_hours: 0,
  ...changes,
})

test('R-RDY-1 when a predecessor is out of the way: done and its lag over, or waived; never cancelled alone', async (t) => {
  const cases = table`
    category  | waiver | ended                | lag | satisfied
    active    |        |                      | 0   | no
    review    |        |                      | 0   | no
    held      |        |                      | 0   | no
    abandoned |        | 2026-11-20T08:00:00Z | 0   | no
    abandoned | yes    | 2026-11-20T08:00:00Z | 0   | yes
    abandoned | yes    | 2026-11-20T08:00:00Z | 99  | yes
    planning  | yes    |                      | 0   | yes
    done      |        | 2026-11-20T12:00:00Z | 0   | yes
    done      |        | 2026-11-20T08:00:00Z | 4   | yes
    done      |        | 2026-11-20T08:00:00Z | 4.1 | no
    done      |        | 2026-11-20T11:59:59Z | 0.001 | no
  `
  for (const row of cases) {
    await t.test(JSON.stringify(row), () => {
      const one = waited({
        category: row['category'] as Waited['category'],
        waiver: row['waiver'] === 'yes' ? waiver : null,
        actual_end: row['ended'] === '' ? null : (row['ended'] ?? null),
        lag_hours: Number(row['lag']),
      })
      assert.equal(isSatisfied(one, now), row['satisfied'] === 'yes')
    })
  }
})

test('R-RDY-1 the edges that begin work are asked for predecessors, and no others', () => {
  const edges = lifecycleNames.flatMap((name) =>
    lifecycles[name].transitions
      .filter(({ from, to }) => beginsWork(name, from, to))
      .map(({ from, to }) => `${name}: ${from} → ${to}`),
  )
  assert.deepEqual(edges, [
    'change-control: assigned → in_progress',
    'change-control: completed → in_progress',
    'qms: scheduled → in_progress',
    'fleet: accepted → in_progress',
    'fleet: review → rejected',
  ])
})

test('R-RDY-1 every open predecessor is named at once, and a finished master, in the order of the gates', () => {
  const row = { lifecycle: 'change-control', from: 'assigned', to: 'in_progress' }
  const open = waited({})
  const late = waited({
    id: 'q',
    number: null,
    category: 'done',
    actual_end: '2026-11-20T08:30:00Z',
    lag_hours: 1,
    assignee: null,
  })
  const facts = {
    ...factsFor(row, 'asg'),
    predecessors: [open, late, waited({ id: 'r', waiver })],
    master: { number: 'WO-2026-000001', status: 'closed', category: 'done' as const },
  }
  assert.deepEqual(unmetOf(facts, { to: 'in_progress' }), [
    {
      code: 'dependencies_open',
      predecessors: [
        { number: 'WO-2026-000009', status: 'x', assignee: 'Lee', until: null },
        { number: null, status: 'x', assignee: null, until: '2026-11-20T09:30:00Z' },
      ],
      who: ['Lee'],
    },
    { code: 'master_closed', master: 'WO-2026-000001', current: 'closed' },
  ])
  const cancel = { lifecycle: 'change-control', from: 'assigned', to: 'cancelled' }
  assert.ok(
    decideTransition({ ...facts, ...factsFor(cancel, 'pm') }, { to: 'cancelled', reason: 'because' }).ok,
  )
})

function node(id: string, status: string, more: Partial<TreeFact> = {}): TreeFact {
  const lifecycle = more.lifecycle ?? 'change-control'
  return {
    id,
    number: id,
    title: `Work ${id}`,
    lifecycle,
    status,
    category: categoryOf(lifecycle, status),
    assignee: `who-${id}`,
    requester: `asker-${id}`,
    regulatory: false,
    estimated_hours: null,
    hold: null,
    blocker: null,
    waiver: null,
    revision_of: null,
    parent_id: null,
    actual_end: null,
    completion_policy: null,
    ...more,
  }
}

/** Edges as `B after A+2`. */
function factsOf(
  nodes: readonly TreeFact[],
  edges: readonly string[] = [],
  unsigned: TreeFacts['unsigned'] = new Map(),
): TreeFacts {
  const predecessors = new Map<string, { id: string; lag_hours: number }[]>()
  for (const edge of edges) {
    const [waits = '', before = ''] = edge.split(' after ')
    const [id = '', lag = '0'] = before.split('+')
    predecessors.set(waits, [...(predecessors.get(waits) ?? []), { id, lag_hours: Number(lag) }])
  }
  return {
    nodes: new Map(nodes.map((one) => [one.id, one])),
    predecessors,
    unsigned,
    policy: { kind: 'all' },
    now,
  }
}
const explain = (facts: TreeFacts, id: string): string[] =>
  explainWaiting(facts, id, 100).causes.map(({ depth, number, reason, who, until }) =>
    `${depth} ${number} ${reason} ${until ?? who.join(' ')}`.trim(),
  )

test('R-RDY-3 the chain goes down to who can act', async (t) => {
  const hold = { reason: 'spare part', owner: 'Pat', since: now }
  const signed = new Map([['A', { gate: 'completion', roles: ['qa'], who: ['Quinn'] }]])
  const cases: readonly (readonly [string, TreeFact, readonly string[], TreeFacts['unsigned']?])[] = [
    ['done', node('A', 'closed', { actual_end: '2026-11-20T08:00:00Z' }), ['0 B not_started who-B']],
    ['not submitted', node('A', 'draft'), ['0 B waits_for_predecessor', '1 A not_submitted asker-A']],
    [
      'not released',
      node('A', 'pending_approval'),
      ['0 B waits_for_predecessor', '1 A not_released assigner'],
    ],
    ['not started', node('A', 'assigned'), ['0 B waits_for_predecessor', '1 A not_started who-A']],
    [
      'nobody',
      node('A', 'assigned', { assignee: null }),
      ['0 B waits_for_predecessor', '1 A unassigned assigner'],
    ],
    ['under way', node('A', 'in_progress'), ['0 B waits_for_predecessor', '1 A in_progress who-A']],
    ['on hold', node('A', 'in_progress', { hold }), ['0 B waits_for_predecessor', '1 A held Pat']],
    [
      'blocked',
      node('A', 'blocked', { blocker: { owner: 'Store' } }),
      ['0 B waits_for_predecessor', '1 A blocked Store'],
    ],
    ['blocked by nobody', node('A', 'blocked'), ['0 B waits_for_predecessor', '1 A blocked who-A']],
    [
      'unsigned',
      node('A', 'completed'),
      ['0 B waits_for_predecessor', '1 A signatures_missing Quinn'],
      signed,
    ],
    [
      'not closed',
      node('A', 'completed'),
      ['0 B waits_for_predecessor', '1 A not_closed assigner system_owner captain'],
    ],
    [
      'cancelled',
      node('A', 'cancelled'),
      ['0 B waits_for_predecessor', '1 A cancelled assigner system_owner captain'],
    ],
    [
      'cancelled, regulatory',
      node('A', 'cancelled', { regulatory: true }),
      ['0 B waits_for_predecessor', '1 A cancelled system_owner qa'],
    ],
    ['waived', node('A', 'cancelled', { waiver }), ['0 B not_started who-B']],
  ]
  for (const [name, before, wanted, unsigned] of cases) {
    await t.test(name, () => {
      assert.deepEqual(
        explain(factsOf([before, node('B', 'assigned')], ['B after A'], unsigned), 'B'),
        wanted,
      )
    })
  }
})

test('R-RDY-3 deeper and deeper, each once; a lag says until when; a master waits for what is linked to it', () => {
  const ended = { actual_end: '2026-11-20T11:00:00Z' }
  const nodes = [
    node('A', 'in_progress'),
    node('B', 'assigned'),
    node('C', 'assigned'),
    node('D', 'assigned'),
    node('E', 'closed', ended),
  ]
  const edges = ['D after B', 'D after C', 'B after A', 'C after A', 'D after E+3']
  assert.deepEqual(explain(factsOf(nodes, edges), 'D'), [
    '0 D waits_for_predecessor',
    '1 B waits_for_predecessor',
    '1 C waits_for_predecessor',
    '1 E lag_running 2026-11-20T14:00:00Z',
    '2 A in_progress who-A',
  ])
  const master = [
    node('M', 'in_progress'),
    node('K', 'blocked', { parent_id: 'M' }),
    node('L', 'closed', { parent_id: 'M', ...ended }),
    node('N', 'assigned'),
  ]
  assert.deepEqual(explain(factsOf(master, ['N after M']), 'N'), [
    '0 N waits_for_predecessor',
    '1 M linked_work_open',
    '2 K blocked who-K',
  ])
  assert.deepEqual(explain(factsOf(master), 'L'), [])
  const long = Array.from({ length: 5000 }, (_, i) => node(`L${i}`, 'assigned'))
  const chain = factsOf(
    long,
    long.slice(1).map((_, i) => `L${i + 1} after L${i}`),
  )
  const { causes, truncated } = explainWaiting(chain, 'L4999', 1000)
  assert.deepEqual([causes.length, truncated], [1000, true])
})

test('R-RDY-4 what can start now: released, not on hold, nothing open before it, its master not finished', () => {
  const hold = { reason: 'spare part', owner: 'Pat', since: now }
  const nodes = [
    node('A', 'assigned'),
    node('B', 'assigned'),
    node('C', 'assigned', { hold }),
    node('D', 'draft'),
    node('E', 'scheduled', { lifecycle: 'qms', assignee: null }),
    node('F', 'accepted', { lifecycle: 'fleet', parent_id: 'M' }),
    node('M', 'closed'),
    node('G', 'in_progress'),
  ]
  assert.deepEqual(
    listStartable(factsOf(nodes, ['B after A'])).map(({ id }) => id),
    ['A', 'E'],
  )
})
