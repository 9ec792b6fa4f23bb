/**
 * Who may take which edge. The tables were written by hand from the lifecycles' pages (seeds 000, 002, 003)
 * and are compared with every edge that the code has.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifecycleNames, lifecycles } from './lifecycles.ts'
import { decideTransition, reportEdges } from './transition.ts'
import type { TransitionCommand, TransitionFacts } from './transition.ts'
import { cast, edgeOf, factsFor, fullCommand, unmetOf } from '../../test/cast.ts'
import { table } from '../../test/table.ts'

// ok: may take it. -: role required. hum: for people only. sig: opens by signatures, by nobody's button.
// x: the edge is not there for such a work order.
const nonRegulatory = table`
  lifecycle      | from             | to               | adm | aud | own | own' | qa  | pm  | cap | op  | req | asg | ven | agt | agt-a | agt-r | agt-c | sys | sys-c | prx
  change-control | draft            | pending_approval | -   | -   | ok  | -    | -   | ok  | -   | -   | ok  | -   | -   | -   | -     | ok    | -     | -   | -     | -
  change-control | draft            | assigned         | -   | -   | -   | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | pending_approval | assigned         | -   | -   | -   | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | pending_approval | draft            | -   | -   | -   | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | assigned         | in_progress      | -   | -   | -   | -    | -   | -   | -   | -   | -   | ok  | ok  | -   | ok    | -     | -     | -   | -     | -
  change-control | in_progress      | blocked          | -   | -   | -   | -    | -   | -   | -   | -   | -   | ok  | ok  | -   | ok    | -     | -     | ok  | ok    | ok
  change-control | blocked          | in_progress      | -   | -   | -   | -    | -   | -   | -   | -   | -   | ok  | ok  | -   | ok    | -     | -     | -   | -     | -
  change-control | in_progress      | completed        | -   | -   | -   | -    | -   | -   | -   | -   | -   | ok  | ok  | -   | ok    | -     | -     | -   | -     | -
  change-control | completed        | in_progress      | -   | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | completed        | closed           | -   | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | draft            | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | pending_approval | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | assigned         | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | in_progress      | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | blocked          | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | completed        | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  qms            | draft            | planned          | -   | -   | ok  | -    | -   | ok  | -   | -   | ok  | -   | -   | -   | -     | ok    | -     | -   | -     | -
  qms            | planned          | scheduled        | -   | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  qms            | scheduled        | in_progress      | -   | -   | -   | -    | -   | -   | -   | -   | -   | ok  | ok  | -   | ok    | -     | -     | -   | -     | -
  qms            | in_progress      | pending_review   | -   | -   | -   | -    | -   | -   | -   | -   | -   | ok  | ok  | -   | ok    | -     | -     | -   | -     | -
  qms            | pending_review   | approved         | sig | sig | sig | sig  | sig | sig | sig | sig | sig | sig | sig | sig | sig   | sig   | sig   | sig | sig   | sig
  qms            | pending_review   | rejected         | -   | -   | ok  | -    | -   | -   | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  qms            | approved         | completed        | -   | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | ok    | -     | -   | -     | -
  qms            | draft            | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  qms            | planned          | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  qms            | scheduled        | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  qms            | in_progress      | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  qms            | pending_review   | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  qms            | approved         | cancelled        | ok  | -   | ok  | -    | -   | ok  | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  fleet          | pending          | accepted         | -   | -   | -   | -    | -   | -   | ok  | -   | -   | ok  | ok  | -   | ok    | -     | ok    | -   | ok    | ok
  fleet          | accepted         | in_progress      | -   | -   | -   | -    | -   | -   | ok  | -   | -   | ok  | ok  | -   | ok    | -     | ok    | -   | ok    | ok
  fleet          | rejected         | in_progress      | -   | -   | -   | -    | -   | -   | ok  | -   | -   | ok  | ok  | -   | ok    | -     | ok    | -   | ok    | ok
  fleet          | in_progress      | blocked          | -   | -   | -   | -    | -   | -   | ok  | -   | -   | ok  | ok  | -   | ok    | -     | ok    | -   | ok    | ok
  fleet          | blocked          | in_progress      | -   | -   | -   | -    | -   | -   | ok  | -   | -   | ok  | ok  | -   | ok    | -     | ok    | -   | ok    | ok
  fleet          | in_progress      | review           | -   | -   | -   | -    | -   | -   | ok  | -   | -   | ok  | ok  | -   | ok    | -     | ok    | -   | ok    | ok
  fleet          | review           | approved         | -   | -   | -   | -    | -   | -   | ok  | -   | -   | -   | -   | -   | -     | -     | ok    | -   | hum   | ok
  fleet          | review           | rejected         | -   | -   | -   | -    | -   | -   | ok  | -   | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  fleet          | pending          | cancelled        | -   | -   | -   | -    | -   | -   | ok  | -   | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  fleet          | accepted         | cancelled        | -   | -   | -   | -    | -   | -   | ok  | -   | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  fleet          | in_progress      | cancelled        | -   | -   | -   | -    | -   | -   | ok  | -   | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  fleet          | blocked          | cancelled        | -   | -   | -   | -    | -   | -   | ok  | -   | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  fleet          | review           | cancelled        | -   | -   | -   | -    | -   | -   | ok  | -   | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  fleet          | rejected         | cancelled        | -   | -   | -   | -    | -   | -   | ok  | -   | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
`

// A regulatory work order differs only here: two gates that System Owner and QA sign, and turn back.
const regulatoryChanges = table`
  lifecycle      | from             | to               | adm | aud | own | own' | qa  | pm  | cap | op  | req | asg | ven | agt | agt-a | agt-r | agt-c | sys | sys-c | prx
  change-control | draft            | assigned         | x   | x   | x   | x    | x   | x   | x   | x   | x   | x   | x   | x   | x     | x     | x     | x   | x     | x
  change-control | pending_approval | assigned         | sig | sig | sig | sig  | sig | sig | sig | sig | sig | sig | sig | sig | sig   | sig   | sig   | sig | sig   | sig
  change-control | pending_approval | draft            | -   | -   | ok  | -    | ok  | -   | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | completed        | in_progress      | -   | -   | ok  | -    | ok  | -   | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  change-control | completed        | closed           | sig | sig | sig | sig  | sig | sig | sig | sig | sig | sig | sig | sig | sig   | sig   | sig   | sig | sig   | sig
  qms            | pending_review   | rejected         | -   | -   | ok  | -    | ok  | -   | -   | -   | -   | -   | -   | -   | -     | -     | -     | -   | -     | -
  fleet          | review           | approved         | sig | sig | sig | sig  | sig | sig | sig | sig | sig | sig | sig | sig | sig   | sig   | sig   | sig | sig   | sig
`

const regulatory = nonRegulatory.map(
  (row) => regulatoryChanges.find((change) => edgeOf(change) === edgeOf(row)) ?? row,
)

function toCell(facts: TransitionFacts, command: TransitionCommand): string {
  const decision = decideTransition(facts, command)
  if (decision.ok) return 'ok'
  if (decision.refusal.code === 'wrong_status') return 'x'
  const codes: readonly string[] =
    decision.refusal.code === 'gates_unmet'
      ? decision.refusal.unmet.map((gate) => gate.code)
      : [decision.refusal.code]
  if (codes.includes('signatures_missing')) return 'sig'
  if (codes[0] === 'role_required') return '-'
  return codes.join() === 'human_required' ? 'hum' : codes.join('+')
}

for (const isRegulatory of [false, true]) {
  const oracle = isRegulatory ? regulatory : nonRegulatory
  const kind = isRegulatory ? 'regulatory' : 'non-regulatory'

  test(`R-AUT-10 who may take each edge of a ${kind} work order`, async (t) => {
    for (const row of oracle) {
      await t.test(edgeOf(row), () => {
        const found = Object.keys(cast).map((column) => [
          column,
          toCell(factsFor(row, column, { regulatory: isRegulatory }), fullCommand(row)),
        ])
        const wanted = Object.keys(cast).map((column) => [column, row[column]])
        assert.deepEqual(Object.fromEntries(found), Object.fromEntries(wanted))
      })
    }
  })
}

test('R-AUT-11 the tables have a row for every edge and a column for every kind of principal', () => {
  const edges = lifecycleNames.flatMap((lifecycle) =>
    lifecycles[lifecycle].transitions.map((edge) => edgeOf({ lifecycle, from: edge.from, to: edge.to })),
  )
  assert.deepEqual(nonRegulatory.map(edgeOf).toSorted(), edges.toSorted())
  for (const row of [...nonRegulatory, ...regulatoryChanges]) {
    assert.ok(edges.includes(edgeOf(row)), edgeOf(row))
    assert.deepEqual(Object.keys(row), ['lifecycle', 'from', 'to', ...Object.keys(cast)])
  }
})

test('R-LIF-1 a pair of states without an edge is refused for everyone, naming the states that can be reached', () => {
  let refused = 0
  for (const lifecycle of lifecycleNames) {
    const states = Object.keys(lifecycles[lifecycle].states)
    for (const from of states) {
      for (const isRegulatory of [false, true]) {
        const open = (isRegulatory ? regulatory : nonRegulatory)
          .filter((row) => row['lifecycle'] === lifecycle && row['from'] === from && row['cap'] !== 'x')
          .map((row) => row['to'] ?? '')
        for (const to of [...states, 'no_such_state'].filter((state) => !open.includes(state))) {
          for (const column of Object.keys(cast)) {
            const facts = factsFor({ lifecycle, from, to }, column, { regulatory: isRegulatory })
            const decision = decideTransition(facts, { to, reason: 'because' })
            assert.ok(!decision.ok && decision.refusal.code === 'wrong_status', `${lifecycle} ${from} ${to}`)
            assert.deepEqual([...decision.refusal.allowed].toSorted(), open.toSorted())
            refused += 1
          }
        }
      }
    }
  }
  assert.ok(refused > 5000, `${refused} refusals`)
})

test('R-AUT-12 who executed or last edited it may not approve it, nor the sponsor of the agent that did', async (t) => {
  const cases = table`
    lifecycle | from           | to       | regulatory | who   | is       | duty
    fleet     | review         | approved | no         | cap   | -        | -
    fleet     | review         | approved | no         | cap   | executor | executor
    fleet     | review         | approved | no         | cap   | editor   | editor
    fleet     | review         | approved | no         | cap   | sponsor  | sponsor_of_executor
    fleet     | review         | approved | yes        | cap   | -        | -
    fleet     | review         | approved | yes        | cap   | executor | executor
    fleet     | review         | approved | yes        | cap   | editor   | editor
    fleet     | review         | approved | yes        | cap   | sponsor  | sponsor_of_executor
    fleet     | review         | approved | no         | agt-c | executor | executor
    fleet     | review         | approved | no         | prx   | executor | executor
    fleet     | review         | rejected | no         | cap   | executor | -
    qms       | pending_review | approved | yes        | own   | executor | executor
    qms       | pending_review | approved | yes        | qa    | editor   | editor
    qms       | pending_review | approved | yes        | own   | sponsor  | sponsor_of_executor
    qms       | pending_review | approved | yes        | adm   | executor | executor
    qms       | pending_review | approved | no         | own   | executor | executor
  `
  for (const row of cases) {
    await t.test(Object.values(row).join(' '), () => {
      const who = row['who'] ?? ''
      const facts = {
        ...factsFor(row, who, {
          regulatory: row['regulatory'] === 'yes',
          executor_ids: row['is'] === 'executor' ? ['worker', who] : ['worker'],
          editor_id: row['is'] === 'editor' ? who : null,
        }),
        executorSponsorIds: row['is'] === 'sponsor' ? [who] : [],
      }
      const duty = unmetOf(facts, fullCommand(row)).find((gate) => gate.code === 'separation_of_duties')
      assert.equal(duty?.code === 'separation_of_duties' ? duty.rule : '-', row['duty'])
    })
  }
})

test('R-LIF-9 the edges that are offered to a caller are those that it may take', () => {
  for (const row of nonRegulatory) {
    for (const column of Object.keys(cast)) {
      const facts = factsFor(row, column)
      const report = reportEdges(facts).find((edge) => edge.to === row['to'])
      assert.equal(report?.allowed, row[column] === 'ok', `${edgeOf(row)} for ${column}`)
    }
  }
  for (const lifecycle of lifecycleNames)
    for (const [status, state] of Object.entries(lifecycles[lifecycle].states))
      if (state.category === 'done' || state.category === 'abandoned')
        assert.deepEqual(reportEdges(factsFor({ lifecycle, from: status, to: '' }, 'cap')), [])
})
