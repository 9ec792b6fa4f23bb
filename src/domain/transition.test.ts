/**
 * Who may take which edge, and what it needs. The tables were written by hand from the lifecycles' pages
 * (seeds 000, 002, 003) and are compared with every edge that the code has.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifecycleNames, lifecycles } from './lifecycles.ts'
import type { LifecycleName } from './lifecycles.ts'
import { decideTransition, reportEdges } from './transition.ts'
import type { TransitionCommand, TransitionFacts } from './transition.ts'
import type { Unmet } from './refusal.ts'
import type { WorkOrder } from './work-order.ts'
import { actorOf, cast, workOrderIn } from '../../test/cast.ts'
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

type Row = { readonly [column: string]: string }
const edgeOf = (row: Row): string => `${row['lifecycle']}: ${row['from']} → ${row['to']}`
const regulatory = nonRegulatory.map(
  (row) => regulatoryChanges.find((change) => edgeOf(change) === edgeOf(row)) ?? row,
)
const now = '2026-11-20T09:00:00.000002Z'

/** Everything that the edge asks to be given with the request, and nothing that it does not. */
function fullCommand(row: Row): TransitionCommand {
  const edge = lifecycles[row['lifecycle'] as LifecycleName].transitions.find(
    (one) => one.from === row['from'] && one.to === row['to'],
  )
  const values: { readonly [field: string]: unknown } = {
    notes: 'why',
    review_notes: 'seen',
    post_approval_tasks_confirmed: true,
  }
  const given = (edge?.given ?? []).filter((field) => field in values)
  return {
    to: row['to'] ?? '',
    reason: 'because',
    ...Object.fromEntries(given.map((field) => [field, values[field]])),
  }
}

function factsFor(row: Row, column: string, changes: Partial<WorkOrder> = {}): TransitionFacts {
  const workOrder = workOrderIn(row['lifecycle'] as LifecycleName, row['from'] ?? '', column, changes)
  return { workOrder, actor: actorOf(column), executorSponsorIds: [], now }
}

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
          .map((row) => row['to'])
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

// What each edge needs beyond the role, and what more when the work order is regulatory.
const needs = table`
  lifecycle      | from             | to               | needs                                            | regulatory
  change-control | draft            | pending_approval | title description                                | asset reason
  change-control | draft            | assigned         | assignee                                         | x
  change-control | pending_approval | assigned         | assignee                                         | reason
  change-control | pending_approval | draft            | reason                                           |
  change-control | assigned         | in_progress      |                                                  | job_plan reason
  change-control | in_progress      | blocked          | notes                                            | reason
  change-control | blocked          | in_progress      | notes                                            | reason
  change-control | in_progress      | completed        | completion_summary actual_hours                  | reason
  change-control | completed        | in_progress      | reason                                           |
  change-control | completed        | closed           |                                                  | reason
  change-control | draft            | cancelled        | reason                                           |
  change-control | pending_approval | cancelled        | reason                                           |
  change-control | assigned         | cancelled        | reason                                           |
  change-control | in_progress      | cancelled        | reason                                           |
  change-control | blocked          | cancelled        | reason                                           |
  change-control | completed        | cancelled        | reason                                           |
  qms            | draft            | planned          | requester asset title description                | reason
  qms            | planned          | scheduled        | job_plan planned_start planned_end requirements  | reason
  qms            | scheduled        | in_progress      |                                                  | reason
  qms            | in_progress      | pending_review   | completion_summary actual_hours                  | reason
  qms            | pending_review   | approved         |                                                  | reason
  qms            | pending_review   | rejected         | reason                                           |
  qms            | approved         | completed        | post_approval_tasks_confirmed                    | reason
  qms            | draft            | cancelled        | reason                                           |
  qms            | planned          | cancelled        | reason                                           |
  qms            | scheduled        | cancelled        | reason                                           |
  qms            | in_progress      | cancelled        | reason                                           |
  qms            | pending_review   | cancelled        | reason                                           |
  qms            | approved         | cancelled        | reason                                           |
  fleet          | pending          | accepted         |                                                  | reason
  fleet          | accepted         | in_progress      |                                                  | reason
  fleet          | rejected         | in_progress      |                                                  | reason
  fleet          | in_progress      | blocked          | notes                                            | reason
  fleet          | blocked          | in_progress      | notes                                            | reason
  fleet          | in_progress      | review           | completion_summary actual_hours                  | reason
  fleet          | review           | approved         | review_notes                                     | reason
  fleet          | review           | rejected         | review_notes                                     | reason
  fleet          | pending          | cancelled        | notes                                            | reason
  fleet          | accepted         | cancelled        | notes                                            | reason
  fleet          | in_progress      | cancelled        | notes                                            | reason
  fleet          | blocked          | cancelled        | notes                                            | reason
  fleet          | review           | cancelled        | notes                                            | reason
  fleet          | rejected         | cancelled        | notes                                            | reason
`
const empty: Partial<WorkOrder> = {
  title: '',
  description: null,
  requester_id: '',
  assignee_id: null,
  asset_id: null,
  actual_hours: null,
  notes: null,
  completion_summary: null,
  planned_start: null,
  planned_end: null,
  job_plan: null,
  requirements: null,
}
const words = (cell = ''): string[] => cell.split(' ').filter((word) => word !== '')

function unmetOf(facts: TransitionFacts, command: TransitionCommand): readonly Unmet[] {
  const decision = decideTransition(facts, command)
  return !decision.ok && decision.refusal.code === 'gates_unmet' ? decision.refusal.unmet : []
}
const missingOf = (facts: TransitionFacts, command: TransitionCommand): string[] =>
  unmetOf(facts, command)
    .flatMap((gate) => (gate.code === 'missing_fields' ? gate.missing_fields : []))
    .toSorted()

test('R-LIF-2 each edge names every field that it still needs, at once', async (t) => {
  assert.deepEqual(needs.map(edgeOf), nonRegulatory.map(edgeOf))
  for (const row of needs) {
    await t.test(edgeOf(row), () => {
      const command = { to: row['to'] ?? '' }
      assert.deepEqual(missingOf(factsFor(row, 'adm', empty), command), words(row['needs']).toSorted())
      if (row['regulatory'] === 'x') return
      const more = [...words(row['needs']), ...words(row['regulatory'])].toSorted()
      assert.deepEqual(missingOf(factsFor(row, 'adm', { ...empty, regulatory: true }), command), more)
    })
  }
})

test('R-LIF-3 blank text and hours that are not above zero count as missing', async (t) => {
  const cases = table`
    lifecycle      | from             | to          | given                                              | missing
    fleet          | in_progress      | blocked     | {"notes": ""}                                      | notes
    fleet          | in_progress      | blocked     | {"notes": " \\t "}                                 | notes
    fleet          | in_progress      | review      | {"completion_summary": " ", "actual_hours": 1}     | completion_summary
    fleet          | in_progress      | review      | {"completion_summary": "x", "actual_hours": 0}     | actual_hours
    fleet          | in_progress      | review      | {"completion_summary": "x", "actual_hours": 0.1}   |
    fleet          | review           | rejected    | {"review_notes": "  "}                             | review_notes
    qms            | approved         | completed   | {"post_approval_tasks_confirmed": false}           | post_approval_tasks_confirmed
    change-control | draft            | cancelled   | {"reason": "   "}                                  | reason
  `
  for (const row of cases) {
    await t.test(`${edgeOf(row)} ${row['given']}`, () => {
      const command = { to: row['to'] ?? '', ...(JSON.parse(row['given'] ?? '') as object) }
      assert.deepEqual(missingOf(factsFor(row, 'adm', empty), command), words(row['missing']))
    })
  }
})

test('R-LIF-4 a report may stand on the record already; a reason and notes are given each time', () => {
  const onRecord = { completion_summary: 'done', actual_hours: 2, notes: 'old notes', review_notes: 'old' }
  const submit = { lifecycle: 'fleet', from: 'in_progress', to: 'review' }
  assert.equal(toCell(factsFor(submit, 'asg', onRecord), { to: 'review' }), 'ok')
  const block = { lifecycle: 'fleet', from: 'in_progress', to: 'blocked' }
  assert.deepEqual(missingOf(factsFor(block, 'asg', onRecord), { to: 'blocked' }), ['notes'])
  const approve = { lifecycle: 'fleet', from: 'review', to: 'approved' }
  assert.deepEqual(missingOf(factsFor(approve, 'cap', onRecord), { to: 'approved' }), ['review_notes'])
})

// The rule of the sponsor binds where the record is regulated: a captain sponsors the whole fleet.
test('R-AUT-12 who executed or last edited it may not approve it, nor the sponsor of the agent that did', async (t) => {
  const cases = table`
    lifecycle | from           | to       | regulatory | who   | is       | duty
    fleet     | review         | approved | no         | cap   | -        | -
    fleet     | review         | approved | no         | cap   | executor | executor
    fleet     | review         | approved | no         | cap   | editor   | editor
    fleet     | review         | approved | no         | cap   | sponsor  | -
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

test('R-LIF-5 a hold keeps active work where it is; only cancelling is still possible', async (t) => {
  const hold = { reason: 'spare part', owner: 'Pat', since: now }
  const cases = table`
    lifecycle      | from        | to             | who | held
    qms            | in_progress | pending_review | asg | yes
    change-control | in_progress | completed      | asg | yes
    change-control | in_progress | blocked        | asg | yes
    fleet          | in_progress | review         | asg | yes
    fleet          | in_progress | cancelled      | cap | no
    qms            | in_progress | cancelled      | pm  | no
    qms            | planned     | scheduled      | pm  | no
    change-control | assigned    | in_progress    | asg | no
  `
  for (const row of cases) {
    await t.test(edgeOf(row), () => {
      const facts = factsFor(row, row['who'] ?? '', { hold })
      const codes = unmetOf(facts, fullCommand(row)).map((gate) => gate.code)
      assert.deepEqual(codes, row['held'] === 'yes' ? ['held'] : [])
    })
  }
})

test('R-LIF-6 every gate that is not met is named, in one order', () => {
  const facts = {
    ...factsFor({ lifecycle: 'fleet', from: 'review', to: 'approved' }, 'agt-a', {
      regulatory: true,
      executor_ids: ['agt-a'],
    }),
  }
  const codes = unmetOf(facts, { to: 'approved', completion_summary: 'slipped in' }).map((gate) => gate.code)
  assert.deepEqual(codes, [
    'human_required',
    'separation_of_duties',
    'fields_locked',
    'missing_fields',
    'signatures_missing',
  ])
  const start = factsFor({ lifecycle: 'qms', from: 'scheduled', to: 'in_progress' }, 'op', {
    acknowledged_at: null,
    regulatory: true,
  })
  assert.deepEqual(
    unmetOf(start, { to: 'in_progress' }).map((gate) => gate.code),
    ['role_required', 'missing_fields', 'acknowledgement_missing'],
  )
  const submit = factsFor({ lifecycle: 'qms', from: 'in_progress', to: 'pending_review' }, 'op', {
    ...empty,
    hold: { reason: 'audit', owner: 'Quinn', since: now },
  })
  assert.deepEqual(
    unmetOf(submit, { to: 'pending_review' }).map((gate) => gate.code),
    ['role_required', 'missing_fields', 'held'],
  )
})

test('R-LIF-7 a gate that needs signatures says which roles must sign', async (t) => {
  const cases = table`
    lifecycle      | from             | to       | regulatory | gate       | roles
    change-control | pending_approval | assigned | yes        | release    | system_owner qa
    change-control | completed        | closed   | yes        | completion | system_owner qa
    qms            | pending_review   | approved | no         | completion | system_owner
    qms            | pending_review   | approved | yes        | completion | system_owner qa
    fleet          | review           | approved | yes        | completion | system_owner qa
  `
  for (const row of cases) {
    await t.test(`${edgeOf(row)} ${row['regulatory']}`, () => {
      const facts = factsFor(row, 'own', { regulatory: row['regulatory'] === 'yes' })
      const gate = unmetOf(facts, fullCommand(row)).find((one) => one.code === 'signatures_missing')
      assert.ok(gate?.code === 'signatures_missing')
      assert.deepEqual([gate.gate, gate.roles.join(' ')], [row['gate'], row['roles']])
    })
  }
})

test('R-LIF-8 what a move changes: who executed, when it began and ended, why it was blocked', async (t) => {
  const cases = table`
    lifecycle      | from        | to             | who | action       | executed | began | ended
    change-control | assigned    | in_progress    | asg | transitioned | yes      | yes   | no
    change-control | in_progress | blocked        | asg | blocked      | no       | no    | no
    change-control | blocked     | in_progress    | asg | resumed      | yes      | yes   | no
    change-control | in_progress | completed      | asg | transitioned | yes      | no    | no
    change-control | completed   | closed         | pm  | closed       | no       | no    | yes
    change-control | draft       | cancelled      | pm  | cancelled    | no       | no    | yes
    qms            | approved    | completed      | pm  | closed       | no       | no    | yes
    fleet          | pending     | accepted       | asg | transitioned | no       | no    | no
    fleet          | accepted    | in_progress    | cap | transitioned | yes      | yes   | no
    fleet          | rejected    | in_progress    | asg | transitioned | yes      | yes   | no
    fleet          | review      | approved       | cap | closed       | no       | no    | yes
    fleet          | review      | rejected       | cap | transitioned | no       | yes   | no
  `
  for (const row of cases) {
    await t.test(edgeOf(row), () => {
      const who = row['who'] ?? ''
      const decision = decideTransition(factsFor(row, who, { actual_start: null }), fullCommand(row))
      assert.ok(decision.ok)
      const { action, changes, reason } = decision.value
      assert.deepEqual(
        [
          action,
          changes.executor_ids?.includes(who) === true ? 'yes' : 'no',
          changes.actual_start === now ? 'yes' : 'no',
          changes.actual_end === now ? 'yes' : 'no',
        ],
        [row['action'], row['executed'], row['began'], row['ended']],
      )
      assert.equal(changes.status, row['to'])
      assert.equal(reason, 'because')
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
