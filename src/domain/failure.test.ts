/** What one that is cancelled takes with it, what it halts, and what goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideCascade } from './failure.ts'
import type { Relative } from './failure.ts'
import type { Category } from './lifecycle.ts'
import { categoryOf, lifecycleNames, lifecycles } from './lifecycles.ts'
import type { LifecycleName } from './lifecycles.ts'
import type { FailurePolicy } from './work-order.ts'
import { table } from '../../test/table.ts'

function relative(id: string, parent: string | null, more: Partial<Relative> = {}): Relative {
  const lifecycle = more.lifecycle ?? 'change-control'
  const status = more.status ?? lifecycles[lifecycle].initial
  const category: Category = categoryOf(lifecycle, status)
  return {
    id,
    number: id,
    parent_id: parent,
    lifecycle,
    status,
    category,
    on_failure: null,
    hold: null,
    ...more,
  }
}

const say = (cancelled: string, relatives: readonly Relative[]): string =>
  decideCascade(cancelled, relatives)
    .map(({ id, does, because }) => `${id} ${does} ${because}`)
    .toSorted()
    .join(', ')

// Root R; M under it; F and S under M; D under F, T under S.
const tree = (
  policy: FailurePolicy | null,
  more: { readonly [id: string]: Partial<Relative> } = {},
): Relative[] => [
  relative('R', null, more['R']),
  relative('M', 'R', more['M']),
  relative('F', 'M', { on_failure: policy, ...more['F'] }),
  relative('S', 'M', more['S']),
  relative('D', 'F', more['D']),
  relative('T', 'S', more['T']),
]

test('R-CPL-7 whatever its policy: what is below the cancelled one and is not finished ends with it', () => {
  assert.equal(
    say('R', tree(null)),
    'D cancel master, F cancel master, M cancel master, S cancel master, T cancel master',
  )
  assert.equal(
    say('M', tree('hold_siblings')),
    'D cancel master, F cancel master, S cancel master, T cancel master',
  )
  const finished = { F: { status: 'closed' }, S: { status: 'cancelled' } }
  assert.equal(say('M', tree(null, finished)), 'D cancel master, T cancel master')
  assert.equal(say('T', tree(null)), '')
})

test('R-CPL-8 what happens beside it, its own policy says', async (t) => {
  const cases = table`
    policy          | does
    continue        | D cancel master
    hold_siblings   | D cancel master, S hold sibling
    cancel_siblings | D cancel master, S cancel sibling, T cancel master
  `
  for (const row of cases) {
    await t.test(row['policy'] ?? '', () => {
      assert.equal(say('F', tree(row['policy'] as FailurePolicy)), row['does'])
    })
  }
  assert.equal(say('F', tree(null)), 'D cancel master')
  assert.equal(
    say('M', tree(null, { M: { on_failure: 'cancel_siblings' } })),
    'D cancel master, F cancel master, S cancel master, T cancel master',
  )
})

test('R-CPL-8 how each state of each lifecycle is halted: blocked where it can be, held where it cannot, left where it is handed in', async (t) => {
  const cases = table`
    lifecycle      | blocked     | held                              | left
    change-control | in_progress | draft pending_approval assigned   | blocked completed closed cancelled
    qms            |             | draft planned scheduled in_progress | pending_review approved completed rejected cancelled
    fleet          | in_progress | pending accepted rejected         | blocked review approved cancelled
  `
  assert.deepEqual(
    cases.map((row) => row['lifecycle']),
    lifecycleNames,
  )
  for (const row of cases) {
    const lifecycle = row['lifecycle'] as LifecycleName
    const listed = ['blocked', 'held', 'left'].flatMap((column) =>
      (row[column] ?? '').split(' ').filter(Boolean),
    )
    assert.deepEqual(listed.toSorted(), Object.keys(lifecycles[lifecycle].states).toSorted())
    for (const [column, does] of [
      ['blocked', 'S block sibling'],
      ['held', 'S hold sibling'],
      ['left', ''],
    ] as const)
      for (const status of (row[column] ?? '').split(' ').filter(Boolean))
        await t.test(`${lifecycle} ${status}`, () => {
          const found = say('F', tree('hold_siblings', { D: { status: 'closed' }, S: { lifecycle, status } }))
          assert.equal(found, does)
        })
  }
})

test('R-CPL-8 what is held already keeps its hold', () => {
  const hold = { reason: 'spare part', owner: 'Pat', since: '2026-11-20T08:00:00Z' }
  assert.equal(say('F', tree('hold_siblings', { S: { hold } })), 'D cancel master')
})

test('R-CPL-7 every state that is not final has an edge to the state in which a cascade ends it', () => {
  for (const name of lifecycleNames)
    for (const [status, { category }] of Object.entries(lifecycles[name].states)) {
      if (category === 'done' || category === 'abandoned') continue
      const edge = lifecycles[name].transitions.find(({ from, to }) => from === status && to === 'cancelled')
      assert.ok(edge !== undefined, `${name} ${status}`)
    }
})
