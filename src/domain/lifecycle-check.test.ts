/** The validator finds nothing in what ships, and finds each kind of flaw in a lifecycle that has it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeControl } from './lifecycle-change-control.ts'
import { findFlaws } from './lifecycle-check.ts'
import { fleet } from './lifecycle-fleet.ts'
import { qms } from './lifecycle-qms.ts'
import { categories } from './lifecycle.ts'
import type { Lifecycle, State, Transition } from './lifecycle.ts'
import { lifecycleNames, lifecycles } from './lifecycles.ts'

test('R-LIF-20 the lifecycles that ship are sound', () => {
  for (const name of lifecycleNames) {
    assert.equal(lifecycles[name].name, name)
    assert.deepEqual(findFlaws(lifecycles[name]), [])
  }
  const used = new Set(
    lifecycleNames.flatMap((name) => Object.values(lifecycles[name].states).map(({ category }) => category)),
  )
  assert.deepEqual([...used].toSorted(), [...categories].toSorted(), 'every category is in use')
})

const states = (lifecycle: Lifecycle, changes: { [state: string]: State | undefined }): Lifecycle => ({
  ...lifecycle,
  states: Object.fromEntries(
    Object.entries({ ...lifecycle.states, ...changes }).filter(
      (entry): entry is [string, State] => entry[1] !== undefined,
    ),
  ),
})
const without = (lifecycle: Lifecycle, from: string, to: string): Lifecycle => ({
  ...lifecycle,
  transitions: lifecycle.transitions.filter((edge) => edge.from !== from || edge.to !== to),
})
const plus = (lifecycle: Lifecycle, edge: Transition): Lifecycle => ({
  ...lifecycle,
  transitions: [...lifecycle.transitions, edge],
})
/** The lifecycle with one edge put otherwise. */
const changed = (lifecycle: Lifecycle, from: string, to: string, edge: Partial<Transition>): Lifecycle => ({
  ...lifecycle,
  transitions: lifecycle.transitions.map((one) =>
    one.from === from && one.to === to ? { ...one, ...edge } : one,
  ),
})
const ungated = (lifecycle: Lifecycle, from: string, to: string): Lifecycle => ({
  ...lifecycle,
  transitions: lifecycle.transitions.map((one) => {
    const { gate: _gate, ...rest } = one
    return one.from === from && one.to === to ? rest : one
  }),
})

const open: State['editable'] = [{ by: ['captain'], fields: ['title'] }]
const damaged: readonly (readonly [what: string, lifecycle: Lifecycle, flaws: readonly string[]])[] = [
  [
    'the initial state is another one',
    { ...fleet, initial: 'accepted' },
    ['accepted is not of category initial', 'pending cannot be reached'],
  ],
  [
    'a state has no category',
    states(fleet, { blocked: { category: 'waiting' as State['category'], editable: [] } }),
    ['blocked has no category'],
  ],
  [
    'a final state is editable',
    states(fleet, { approved: { category: 'done', editable: open } }),
    ['approved is final and editable'],
  ],
  [
    'an edge comes from nowhere',
    plus(fleet, { name: 'appear', from: 'nowhere', to: 'accepted', by: ['captain'] }),
    ['appear: nowhere → accepted leaves a state that does not exist'],
  ],
  [
    'an edge leads nowhere',
    plus(fleet, { name: 'vanish', from: 'accepted', to: 'nowhere', by: ['captain'] }),
    ['vanish: accepted → nowhere leads to a state that does not exist'],
  ],
  [
    'an edge leaves a final state',
    plus(fleet, { name: 'reopen', from: 'approved', to: 'in_progress', by: ['captain'] }),
    ['reopen: approved → in_progress leaves a final state'],
  ],
  [
    'an edge can be taken by nobody',
    changed(fleet, 'pending', 'accepted', { by: [] }),
    ['accept: pending → accepted can be taken by nobody'],
  ],
  [
    'two edges join the same states',
    plus(fleet, { name: 'skip', from: 'pending', to: 'accepted', by: ['captain'] }),
    ['skip: pending → accepted is a second edge between the same states'],
  ],
  ['a state cannot be reached', without(fleet, 'in_progress', 'blocked'), ['blocked cannot be reached']],
  [
    'a state is a dead end',
    without(without(fleet, 'blocked', 'in_progress'), 'blocked', 'cancelled'),
    ['blocked cannot reach a final state'],
  ],
  [
    'the only gate is gone',
    ungated(qms, 'pending_review', 'approved'),
    ['a regulatory work order reaches completed without the signatures of completion'],
  ],
  [
    'a way around the gate',
    plus(fleet, { name: 'shortcut', from: 'in_progress', to: 'approved', by: ['captain'] }),
    ['a regulatory work order reaches approved without the signatures of completion'],
  ],
  [
    'release is signed, completion is not',
    ungated(changeControl, 'completed', 'closed'),
    ['a regulatory work order reaches closed without the signatures of completion'],
  ],
  [
    'completion is signed, release is not',
    changed(changeControl, 'draft', 'assigned', { onlyNonRegulatory: undefined as never }),
    ['a regulatory work order reaches in_progress without the signatures of release'],
  ],
  [
    'QA does not sign',
    changed(changeControl, 'completed', 'closed', {
      gate: { name: 'completion', always: [], regulatory: ['system_owner'] },
    }),
    ['a regulatory work order reaches closed without the signatures of completion'],
  ],
  [
    'the System Owner does not sign',
    changed(qms, 'pending_review', 'approved', {
      gate: { name: 'completion', always: ['captain'], regulatory: ['qa'] },
    }),
    ['a regulatory work order reaches completed without the signatures of completion'],
  ],
]

test('R-LIF-21 each kind of flaw is found and named', async (t) => {
  for (const [what, lifecycle, flaws] of damaged)
    await t.test(what, () => assert.deepEqual(findFlaws(lifecycle), flaws))
  await t.test('the initial state does not exist', () => {
    const flaws = findFlaws({ ...fleet, initial: 'nowhere' })
    assert.equal(flaws[0], 'the initial state nowhere does not exist')
    assert.ok(flaws.includes('pending cannot be reached'))
  })
})

test('R-LIF-22 take away any gate of any lifecycle, and the validator objects', () => {
  let gates = 0
  for (const name of lifecycleNames) {
    for (const { from, to, gate } of lifecycles[name].transitions) {
      if (gate === undefined) continue
      gates += 1
      const [flaw = ''] = findFlaws(ungated(lifecycles[name], from, to))
      assert.match(flaw, /without the signatures of/, `${name} ${from} → ${to}`)
    }
  }
  assert.equal(gates, 4)
})
