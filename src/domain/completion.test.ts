/**
 * When a master is complete, as a table for who must defend it: every policy with every mix of three linked work
 * orders. The same table stands in docs/concepts/completion.md, and a test keeps the two equal.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decideCompletion, findLinkedCheck, listCurrent, toPolicyText } from './completion.ts'
import type { Linked, LinkedCheck } from './completion.ts'
import { lifecycleNames, lifecycles } from './lifecycles.ts'
import type { CompletionPolicy } from './work-order.ts'
import { table } from '../../test/table.ts'

const policies: { readonly [name: string]: CompletionPolicy } = {
  all: { kind: 'all' },
  '2 of 3': { kind: 'k_of_n', k: 2 },
  half: { kind: 'weighted', at_least: 0.5 },
  'A and B': { kind: 'required', ids: ['A', 'B'] },
}
const hours: { readonly [id: string]: number } = { A: 1, B: 1, C: 2 }
const waiver = { reason: 'scrapped', at: '2026-11-20T08:00:00Z', by: ['qa', 'own'], round_id: 'round' }
const kinds: { readonly [state: string]: Partial<Linked> } = {
  done: { category: 'done' },
  open: { category: 'active' },
  blocked: { category: 'held' },
  cancelled: { category: 'abandoned' },
  waived: { category: 'abandoned', waiver },
  review: { category: 'review' },
  planned: { category: 'planning' },
}

function linkedIn(id: string, state: string, changes: Partial<Linked> = {}): Linked {
  return {
    id,
    number: id,
    status: state,
    category: 'ready',
    assignee: null,
    estimated_hours: hours[id] ?? null,
    hold: null,
    blocker: null,
    waiver: null,
    revision_of: null,
    ...kinds[state],
    ...changes,
  }
}

const marks = { finish: '', unblock: '!', waive: '~', link: '?' } as const

/** `holds`, or what would complete the master: A finish A; A! unblock it and finish it; A~ waive it; A? link it. */
function toCell(
  policy: CompletionPolicy | undefined,
  linked: readonly Linked[],
  check: LinkedCheck = 'complete',
): string {
  const { holds, shortest } = decideCompletion(policy ?? { kind: 'all' }, linked, check)
  return holds ? 'holds' : shortest.map(({ id, remedy }) => `${id}${marks[remedy]}`).join(' ')
}

// A and B are estimated at 1 hour, C at 2; half: 50 % of the hours. The cell says holds, or what would complete it.
const mixes = table`
  A         | B         | C         | all       | 2 of 3    | half      | A and B
  done      | done      | done      | holds     | holds     | holds     | holds    
  done      | done      | open      | C         | holds     | holds     | holds    
  done      | done      | blocked   | C!        | holds     | holds     | holds    
  done      | done      | cancelled | C~        | holds     | holds     | holds    
  done      | done      | waived    | holds     | holds     | holds     | holds    
  done      | open      | open      | B C       | B         | C         | B        
  done      | open      | blocked   | B C!      | B         | B         | B        
  done      | open      | cancelled | B C~      | B         | B         | B        
  done      | open      | waived    | B         | B         | holds     | B        
  done      | blocked   | blocked   | B! C!     | B!        | C!        | B!       
  done      | blocked   | cancelled | B! C~     | B!        | B!        | B!       
  done      | blocked   | waived    | B!        | B!        | holds     | B!       
  done      | cancelled | cancelled | B~ C~     | B~ C~     | C~        | B~       
  done      | cancelled | waived    | B~        | B~        | holds     | B~       
  done      | waived    | waived    | holds     | holds     | holds     | holds    
  open      | open      | open      | A B C     | A B       | C         | A B      
  open      | open      | blocked   | A B C!    | A B       | A B       | A B      
  open      | open      | cancelled | A B C~    | A B       | A B       | A B      
  open      | open      | waived    | A B       | A B       | A         | A B      
  open      | blocked   | blocked   | A B! C!   | A B!      | C!        | A B!     
  open      | blocked   | cancelled | A B! C~   | A B!      | A B!      | A B!     
  open      | blocked   | waived    | A B!      | A B!      | A         | A B!     
  open      | cancelled | cancelled | A B~ C~   | A B~ C~   | A C~      | A B~     
  open      | cancelled | waived    | A B~      | A B~      | A         | A B~     
  open      | waived    | waived    | A         | A         | A         | A        
  blocked   | blocked   | blocked   | A! B! C!  | A! B!     | C!        | A! B!    
  blocked   | blocked   | cancelled | A! B! C~  | A! B!     | A! B!     | A! B!    
  blocked   | blocked   | waived    | A! B!     | A! B!     | A!        | A! B!    
  blocked   | cancelled | cancelled | A! B~ C~  | A! B~ C~  | A! C~     | A! B~    
  blocked   | cancelled | waived    | A! B~     | A! B~     | A!        | A! B~    
  blocked   | waived    | waived    | A!        | A!        | A!        | A!       
  cancelled | cancelled | cancelled | A~ B~ C~  | A~ B~ C~  | A~ B~ C~  | A~ B~    
  cancelled | cancelled | waived    | A~ B~     | A~ B~     | A~ B~     | A~ B~    
  cancelled | waived    | waived    | A~        | A~        | A~        | A~       
  waived    | waived    | waived    | holds     | holds     | holds     | holds    
`
const states = ['done', 'open', 'blocked', 'cancelled', 'waived']
const mixOf = (row: Record<string, string>): Linked[] =>
  ['A', 'B', 'C'].map((id) => linkedIn(id, row[id] ?? ''))

test('R-CPL-1 every policy with every mix of linked work orders that are done, open, blocked, cancelled, waived', async (t) => {
  const wanted = states.flatMap((a, i) =>
    states.slice(i).flatMap((b, j) => states.slice(i + j).map((c) => `${a} ${b} ${c}`)),
  )
  assert.deepEqual(
    mixes.map((row) => `${row['A']} ${row['B']} ${row['C']}`),
    wanted,
  )
  for (const row of mixes) {
    await t.test(`${row['A']} ${row['B']} ${row['C']}`, () => {
      for (const [name, policy] of Object.entries(policies))
        assert.equal(toCell(policy, mixOf(row)), row[name], name)
    })
  }
})

test('R-CPL-1 the table stands in the documents as it is tested', () => {
  const page = readFileSync('docs/concepts/completion.md', 'utf8')
  const lines = page.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim())
  for (const row of mixes) {
    const cells = ['A', 'B', 'C', ...Object.keys(policies)].map((name) => row[name])
    assert.ok(lines.includes(`| ${cells.join(' | ')} |`), cells.join(' | '))
  }
})

const sum = (some: readonly string[]): number => some.reduce((total, id) => total + (hours[id] ?? 0), 0)

/** Says the same in another way: what counts as done over what counts at all. */
function isComplete(policy: CompletionPolicy, mix: readonly string[]): boolean {
  const ids = ['A', 'B', 'C']
  const inside = ids.filter((_, i) => mix[i] !== 'waived')
  const done = ids.filter((_, i) => mix[i] === 'done')
  if (policy.kind === 'all') return inside.length === done.length
  if (policy.kind === 'k_of_n') return done.length >= Math.min(policy.k, inside.length)
  if (policy.kind === 'weighted') return sum(done) >= policy.at_least * sum(inside)
  return policy.ids.every((id) => done.includes(id) || !inside.includes(id))
}

test('R-CPL-2 whatever the order: the answer is the same as counted by hand, and what it proposes completes the master', () => {
  for (const a of states)
    for (const b of states)
      for (const c of states)
        for (const policy of Object.values(policies)) {
          const mix = [a, b, c]
          const linked = mix.map((state, i) => linkedIn('ABC'[i] ?? '', state))
          const { holds, shortest, missing } = decideCompletion(policy, linked, 'complete')
          assert.equal(holds, isComplete(policy, mix), `${mix.join(' ')} ${policy.kind}`)
          assert.ok(shortest.every((gap) => missing.includes(gap)))
          const apply = (ids: readonly string[]): string[] =>
            mix.map((state, i) =>
              !ids.includes('ABC'[i] ?? '') ? state : state === 'cancelled' ? 'waived' : 'done',
            )
          const ids = shortest.map(({ id }) => id)
          assert.ok(isComplete(policy, apply(ids)), `${mix.join(' ')} ${policy.kind}: ${ids.join(' ')}`)
          for (const id of ids)
            assert.ok(!isComplete(policy, apply(ids.filter((one) => one !== id))), `${id} is not needed`)
        }
})

test('R-CPL-3 review counts where a qms master goes to review, done where work is completed, and nothing runs where it closes', async (t) => {
  const cases = table`
    policy  | A       | B        | C       | review | complete | close
    all     | done    | review   | review  | holds  | B C      | B C
    all     | done    | done     | open    | C      | C        | C
    all     | done    | done     | waived  | holds  | holds    | holds
    2 of 3  | done    | done     | open    | holds  | holds    | C
    2 of 3  | done    | done     | blocked | holds  | holds    | C!
    2 of 3  | done    | done     | review  | holds  | holds    | C
    2 of 3  | done    | done     | planned | holds  | holds    | holds
    2 of 3  | done    | planned  | planned | B      | B        | B
    half    | done    | done     | open    | holds  | holds    | C
    half    | review  | planned  | open    | C      | C        | C A
    A and B | done    | review   | open    | holds  | B        | B C
    A and B | done    | done     | planned | holds  | holds    | holds
  `
  for (const row of cases) {
    await t.test(`${row['policy']}: ${row['A']} ${row['B']} ${row['C']}`, () => {
      for (const check of ['review', 'complete', 'close'] as const)
        assert.equal(toCell(policies[row['policy'] ?? ''], mixOf(row), check), row[check], check)
    })
  }
})

test('R-CPL-3 which edge asks for what: handed in, completed, closed, and no other', () => {
  const asked = lifecycleNames.flatMap((name) =>
    lifecycles[name].transitions.flatMap(({ from, to }) => {
      const check = findLinkedCheck(name, from, to)
      return check === undefined ? [] : [`${name}: ${from} → ${to} ${check}`]
    }),
  )
  assert.deepEqual(asked, [
    'change-control: in_progress → completed complete',
    'change-control: completed → closed close',
    'qms: in_progress → pending_review review',
    'qms: approved → completed close',
    'fleet: in_progress → review complete',
    'fleet: review → approved close',
  ])
})

test('R-CPL-4 nothing linked: any policy holds, so that a policy of the tenant stops no single work order', () => {
  for (const policy of [...Object.values(policies).slice(0, 3), { kind: 'k_of_n', k: 9 } as const])
    for (const check of ['review', 'complete', 'close'] as const)
      assert.equal(toCell(policy, [], check), 'holds')
  assert.equal(toCell(policies['A and B'], []), 'A? B?')
})

test('R-CPL-4 more than there are: all of them; hours that nobody estimated weigh 1, and zero hours weigh the same', () => {
  const two = [linkedIn('A', 'done'), linkedIn('B', 'open')]
  assert.equal(toCell({ kind: 'k_of_n', k: 9 }, two), 'B')
  const unknown = [linkedIn('D', 'done'), linkedIn('C', 'open')]
  assert.equal(decideCompletion({ kind: 'weighted', at_least: 1 / 3 }, unknown, 'complete').holds, true)
  const nothing = ['D', 'E', 'F'].map((id, i) =>
    linkedIn(id, i === 0 ? 'done' : 'open', { estimated_hours: 0 }),
  )
  assert.equal(toCell({ kind: 'weighted', at_least: 0.5 }, nothing), 'E')
  const tenths = Array.from({ length: 10 }, (_, i) =>
    linkedIn(`T${i}`, i < 7 ? 'done' : 'open', { estimated_hours: 0.1 }),
  )
  assert.equal(toCell({ kind: 'weighted', at_least: 0.7 }, tenths), 'holds')
})

test('R-CPL-4 work that was rejected and is done again is counted once, as its revision', () => {
  const linked = [
    linkedIn('A', 'cancelled'),
    linkedIn('A2', 'cancelled', { revision_of: 'A' }),
    linkedIn('A3', 'open', { revision_of: 'A2' }),
    linkedIn('B', 'done'),
  ]
  assert.deepEqual(
    listCurrent(linked).map(({ id }) => id),
    ['A3', 'B'],
  )
  assert.equal(toCell(policies['all'], linked), 'A3')
  assert.equal(toCell(policies['A and B'], linked), 'A3')
  assert.equal(
    toCell(policies['A and B'], [
      ...linked.slice(0, 2),
      linkedIn('A3', 'done', { revision_of: 'A2' }),
      linkedIn('B', 'done'),
    ]),
    'holds',
  )
})

test('R-CPL-2 a hold counts as blocked, and everything that is missing is named with what to do', () => {
  const hold = { reason: 'spare part', owner: 'Pat', since: '2026-11-20T08:00:00Z' }
  const linked = [
    linkedIn('A', 'open', { hold, assignee: 'Lee' }),
    linkedIn('B', 'cancelled'),
    linkedIn('C', 'done'),
  ]
  const { missing, counts, have, need } = decideCompletion({ kind: 'all' }, linked, 'complete')
  assert.deepEqual(
    missing.map(({ number, state, remedy, assignee }) => [number, state, remedy, assignee]),
    [
      ['A', 'blocked', 'unblock', 'Lee'],
      ['B', 'cancelled', 'waive', null],
    ],
  )
  assert.deepEqual(counts, { done: 1, open: 0, blocked: 1, cancelled: 1, waived: 0, not_linked: 0 })
  assert.deepEqual([have, need], [1, 3])
  assert.deepEqual(Object.values(policies).map(toPolicyText), [
    'every linked work order is done or waived',
    '2 of the linked work orders are done',
    'linked work orders with 50 % of the estimated hours are done',
    '2 named linked work orders are done or waived',
  ])
})

test('R-CPL-2 ten thousand linked work orders are decided in well under a second', () => {
  const many = Array.from({ length: 10_000 }, (_, i) =>
    linkedIn(`N${i}`, states[i % 5] ?? '', { estimated_hours: (i % 7) + 0.5 }),
  )
  const start = performance.now()
  for (const policy of [
    { kind: 'all' },
    { kind: 'weighted', at_least: 0.5 },
    { kind: 'k_of_n', k: 9000 },
  ] as const)
    assert.equal(decideCompletion(policy, many, 'complete').holds, false)
  assert.ok(performance.now() - start < 1000)
})
