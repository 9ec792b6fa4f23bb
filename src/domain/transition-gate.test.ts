/** What an edge needs beyond a role: fields, no hold, an acknowledgement, signatures; and what a move changes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifecycleNames, lifecycles } from './lifecycles.ts'
import { decideTransition } from './transition.ts'
import type { TransitionCommand, TransitionFacts } from './transition.ts'
import type { WorkOrder } from './work-order.ts'
import { decidedAt, edgeOf, factsFor, fullCommand, unmetOf } from '../../test/cast.ts'
import { table } from '../../test/table.ts'

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

const missingOf = (facts: TransitionFacts, command: TransitionCommand): string[] =>
  unmetOf(facts, command)
    .flatMap((gate) => (gate.code === 'missing_fields' ? gate.missing_fields : []))
    .toSorted()

test('R-LIF-2 each edge names every field that it still needs, at once', async (t) => {
  const edges = lifecycleNames.flatMap((lifecycle) =>
    lifecycles[lifecycle].transitions.map(({ from, to }) => edgeOf({ lifecycle, from, to })),
  )
  assert.deepEqual(needs.map(edgeOf).toSorted(), edges.toSorted())
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
  assert.ok(decideTransition(factsFor(submit, 'asg', onRecord), { to: 'review' }).ok)
  const block = { lifecycle: 'fleet', from: 'in_progress', to: 'blocked' }
  assert.deepEqual(missingOf(factsFor(block, 'asg', onRecord), { to: 'blocked' }), ['notes'])
  const approve = { lifecycle: 'fleet', from: 'review', to: 'approved' }
  assert.deepEqual(missingOf(factsFor(approve, 'cap', onRecord), { to: 'approved' }), ['review_notes'])
})

test('R-LIF-5 a hold keeps work where it is, started or not; only cancelling is still possible', async (t) => {
  const hold = { reason: 'spare part', owner: 'Pat', since: decidedAt }
  const cases = table`
    lifecycle      | from        | to             | who | held
    qms            | in_progress | pending_review | asg | yes
    change-control | in_progress | completed      | asg | yes
    change-control | in_progress | blocked        | asg | yes
    fleet          | in_progress | review         | asg | yes
    fleet          | in_progress | cancelled      | cap | no
    qms            | in_progress | cancelled      | pm  | no
    qms            | planned     | scheduled      | pm  | no
    change-control | assigned    | in_progress    | asg | yes
    fleet          | accepted    | in_progress    | asg | yes
    qms            | scheduled   | in_progress    | asg | yes
    fleet          | accepted    | cancelled      | cap | no
    change-control | draft       | assigned       | pm  | no
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
    hold: { reason: 'audit', owner: 'Quinn', since: decidedAt },
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
    fleet          | review      | rejected       | cap | approval_rejected | no  | yes   | no
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
          changes.actual_start === decidedAt ? 'yes' : 'no',
          changes.actual_end === decidedAt ? 'yes' : 'no',
        ],
        [row['action'], row['executed'], row['began'], row['ended']],
      )
      assert.equal(changes.status, row['to'])
      assert.equal(reason, 'because')
    })
  }
})
