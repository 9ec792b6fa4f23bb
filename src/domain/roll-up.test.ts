import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../test/table.ts'
import type { Category } from './lifecycle.ts'
import { toNetwork } from './network.ts'
import { mostBlocked, rollUp } from './roll-up.ts'
import type { Counted } from './roll-up.ts'

const number = (text: string | undefined): number | null =>
  text === undefined || text === '' ? null : Number(text)

function toRow(cells: Record<string, string>): Counted & { readonly parentId: string | null } {
  const id = cells['id'] ?? ''
  return {
    id,
    parentId: cells['in'] === '' ? null : (cells['in'] ?? null),
    number: `WO-${id}`,
    assignee: cells['who'] === '' ? null : (cells['who'] ?? null),
    category: (cells['category'] ?? 'ready') as Category,
    estimated_hours: number(cells['est']),
    actual_hours: number(cells['act']),
    actual_start: null,
    actual_end: null,
    cost: cells['cost'] === '' ? null : (cells['cost'] ?? null),
    hold: cells['hold'] ? { reason: 'safety', owner: cells['hold'], since: '2026-03-01T08:00:00Z' } : null,
    blocker: cells['blocker'] ? { owner: cells['blocker'], action: 'unlock the room' } : null,
    waiver:
      cells['waived'] === 'yes' ? { reason: 'r', at: '2026-03-01T08:00:00Z', by: [], round_id: null } : null,
  }
}

const tree = table`
  id | in | category  | est | act | cost   | who | hold | blocker | waived
  m  |    | active    | 500 | 9   | 99     |     |      |         |
  a  | m  | done      | 2   | 3   | 10.10  | Ann |      |         |
  x  | m  | active    | 77  |     |        |     |      |         |
  b  | x  | done      | 4   | 4.5 | 0.2    | Ben |      |         |
  c  | x  | held      | 2   |     |        | Cho |      | Dan     |
  d  | x  | ready     |     |     |        | Eve | Fay  |         |
  e  | m  | abandoned | 50  | 1   | 5      | Ann |      |         |
  f  | m  | held      | 50  |     | x      | Gus |      |         | yes
  g  | m  | held      | 1   |     |        | Gus |      |         |
`.map(toRow)

test('R-TRE-20 hours, cost, progress, counts and who blocks, per master, and nothing twice', () => {
  const [m, , x, ...others] = rollUp(toNetwork(tree, []), tree)
  assert.deepEqual(x, {
    linked: 3,
    by_category: { ready: 1, held: 1, done: 1 },
    waived: 0,
    estimated_hours: 6,
    actual_hours: 4.5,
    cost: '0.20',
    progress: 57.1, // 4 of 4 + 2 + 1
    blocked: 2,
    blocked_by: [
      { id: 'c', number: 'WO-c', by: 'Dan', why: 'unlock the room' },
      { id: 'd', number: 'WO-d', by: 'Fay', why: 'safety' },
    ],
  })
  assert.equal(m?.linked, 8)
  assert.deepEqual(m?.by_category, { ready: 1, active: 1, held: 3, done: 2, abandoned: 1 })
  assert.deepEqual(
    [m?.waived, m?.estimated_hours, m?.actual_hours, m?.cost, m?.progress, m?.blocked],
    [1, 9, 8.5, '15.30', 60, 4], // 2 + 4 of 2 + 7 + 1
  )
  assert.deepEqual(m?.blocked_by.map(({ id, by }) => `${id} ${by}`).toSorted(), [
    'c Dan',
    'd Fay',
    'f Gus',
    'g Gus',
  ])
  assert.ok(others.every((one) => one === undefined))
})

const progress = table`
  linked                                   | progress
  done 1, done 9                           | 100
  done 1, ready 9                          | 10
  done 1, ready 9, abandoned 90            | 10
  done, ready, ready                       | 33.3
  active 1, review 1, held 1               | 0
  done 0, ready 0                          | 0
  done 0, abandoned 5                      | 100
  abandoned 3                              | 100
  done 999999, ready 1                     | 99.9
`
test('R-TRE-20 progress is the share of the weight that is done: the estimate, 1 where there is none', () => {
  for (const { linked = '', progress: expected } of progress) {
    const rows = [
      { id: 'm' },
      ...linked.split(', ').map((text, i) => {
        const [category = '', est = ''] = text.split(' ')
        return { id: `n${i}`, in: 'm', category, est }
      }),
    ].map((cells) => toRow(cells))
    assert.equal(String(rollUp(toNetwork(rows, []), rows)[0]?.progress), expected, linked)
  }
})

test('R-TRE-20 a master that is done is done with all below it', () => {
  const rows = [
    { id: 'm' },
    { id: 'x', in: 'm', category: 'done' },
    { id: 'a', in: 'x', category: 'ready', est: '5' },
    { id: 'b', in: 'm', category: 'ready', est: '5' },
  ].map((cells) => toRow(cells))
  assert.deepEqual(
    rollUp(toNetwork(rows, []), rows).map((one) => one?.progress),
    [50, 0, undefined, undefined],
  )
})

test('R-TRE-20 money is added exactly, and many blocked ones are counted but not all named', () => {
  const rows = Array.from({ length: 101 }, (_, i) =>
    toRow(i === 0 ? { id: 'm' } : { id: `n${i}`, in: 'm', category: 'held', cost: '0.1' }),
  )
  const [sum] = rollUp(toNetwork(rows, []), rows)
  assert.deepEqual([sum?.cost, sum?.blocked, sum?.blocked_by.length], ['10.00', 100, mostBlocked])
  const exact = ['12345678901234567890.01', '0.005', '-1'].map((cost, i) =>
    toRow({ id: `n${i}`, in: 'm', cost }),
  )
  const all = [toRow({ id: 'm' }), ...exact]
  assert.equal(rollUp(toNetwork(all, []), all)[0]?.cost, '12345678901234567889.015')
})
