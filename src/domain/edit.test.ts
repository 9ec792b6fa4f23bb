/**
 * Who may change which field in which state. Seed 003's table holds for the fleet; the other lifecycles list
 * what is open in each state, and what is not listed is locked.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideAcknowledge, decideEdit, decideHold } from './edit.ts'
import { lifecycleNames, lifecycles } from './lifecycles.ts'
import type { LifecycleName } from './lifecycles.ts'
import type { Decision } from './refusal.ts'
import { editableFields, startFields } from './work-order.ts'
import { actorOf, cast, workOrderIn } from '../../test/cast.ts'
import { table } from '../../test/table.ts'

const columns = Object.keys(cast)
const words = (cell = ''): string[] => cell.split(' ').filter((word) => word !== '')

/** ok, or what stands in the way. */
function toCell(decision: Decision<unknown>): string {
  if (decision.ok) return 'ok'
  const { refusal } = decision
  if (refusal.code !== 'gates_unmet') return refusal.code
  return refusal.unmet.map((gate) => gate.code).join('+')
}
const editCell = (lifecycle: LifecycleName, status: string, column: string, fields: string[]): string =>
  toCell(decideEdit(workOrderIn(lifecycle, status, column), actorOf(column), fields))

// ok: may change it. -: belongs to somebody else.
const fieldsOfTheFleet = table`
  field               | adm | aud | own | own' | qa | pm | cap | op | req | asg | ven | agt | agt-a | agt-r | agt-c | sys | sys-c | prx
  title               | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  description         | -   | -   | -   | -    | -  | -  | ok  | -  | ok  | -   | -   | -   | -     | ok    | ok    | -   | ok    | ok
  acceptance_criteria | -   | -   | -   | -    | -  | -  | ok  | -  | ok  | -   | -   | -   | -     | ok    | ok    | -   | ok    | ok
  deliverables        | -   | -   | -   | -    | -  | -  | ok  | -  | ok  | -   | -   | -   | -     | ok    | ok    | -   | ok    | ok
  asset               | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  regulatory          | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  attributes          | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  assignee            | -   | -   | -   | -    | -  | ok | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  priority            | -   | -   | -   | -    | -  | ok | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  due_date            | -   | -   | -   | -    | -  | ok | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  estimated_hours     | -   | -   | -   | -    | -  | ok | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  tags                | -   | -   | -   | -    | -  | ok | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  project             | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  planned_start       | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  planned_end         | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  job_plan            | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  requirements        | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  related_wo_ids      | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  completion_policy   | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  on_failure          | -   | -   | -   | -    | -  | -  | ok  | -  | -   | -   | -   | -   | -     | -     | ok    | -   | ok    | ok
  notes               | -   | -   | -   | -    | -  | -  | ok  | -  | -   | ok  | ok  | -   | ok    | -     | ok    | -   | ok    | ok
  completion_summary  | -   | -   | -   | -    | -  | -  | ok  | -  | -   | ok  | ok  | -   | ok    | -     | ok    | -   | ok    | ok
  actual_hours        | -   | -   | -   | -    | -  | -  | ok  | -  | -   | ok  | ok  | -   | ok    | -     | ok    | -   | ok    | ok
`

test('R-AUT-20 the fleet: seed 003 says who changes which field, in every state but the final ones', async (t) => {
  assert.deepEqual(
    fieldsOfTheFleet.map((row) => row['field']),
    editableFields,
  )
  for (const status of ['pending', 'accepted', 'in_progress', 'blocked', 'review', 'rejected']) {
    for (const row of fieldsOfTheFleet) {
      const field = row['field'] ?? ''
      await t.test(`${status} ${field}`, () => {
        // What kind of record it is stands once it is accepted, or a captain could talk it out of its signatures.
        // What completes it is fixed when its work begins.
        const isLocked =
          (field === 'regulatory' && status !== 'pending') ||
          (startFields.includes(field) && !['pending', 'accepted'].includes(status))
        for (const column of columns) {
          const wanted = isLocked ? 'fields_locked' : row[column] === 'ok' ? 'ok' : 'fields_not_yours'
          assert.equal(editCell('fleet', status, column, [field]), wanted, column)
        }
      })
    }
  }
})

// `who` may change each of these fields in each of these states; every other field is locked there.
const openFields = table`
  lifecycle      | states              | fields                                                                                                              | who
  change-control | draft               | title description acceptance_criteria deliverables asset regulatory attributes assignee priority due_date estimated_hours tags project planned_start planned_end job_plan requirements related_wo_ids completion_policy on_failure | own pm req agt-r
  change-control | pending_approval    | assignee                                                                                                            | pm
  change-control | assigned            | assignee priority due_date estimated_hours tags project planned_start planned_end job_plan requirements related_wo_ids completion_policy on_failure | pm
  change-control | in_progress blocked | assignee due_date priority tags                                                                                     | pm
  change-control | in_progress blocked | notes completion_summary actual_hours                                                                               | asg ven agt-a
  qms            | draft               | title description acceptance_criteria deliverables asset regulatory attributes assignee priority due_date estimated_hours tags project planned_start planned_end job_plan requirements related_wo_ids completion_policy on_failure notes completion_summary actual_hours | own pm req agt-r
  qms            | planned             | job_plan priority requirements planned_start planned_end assignee completion_policy on_failure                                           | own pm
  qms            | scheduled           | planned_start planned_end assignee                                                                                  | own pm
  qms            | in_progress         | notes completion_summary actual_hours                                                                               | asg ven agt-a
`

test('R-AUT-21 the other lifecycles: what is open in each state, and to whom', async (t) => {
  let looked = 0
  for (const lifecycle of ['change-control', 'qms'] as const) {
    for (const [status, state] of Object.entries(lifecycles[lifecycle].states)) {
      const isFinal = ['done', 'abandoned'].includes(state.category)
      await t.test(`${lifecycle} ${status}`, () => {
        for (const field of editableFields) {
          const row = openFields.find(
            ({ lifecycle: name, states, fields }) =>
              name === lifecycle && words(states).includes(status) && words(fields).includes(field),
          )
          for (const column of columns) {
            const mine = words(row?.['who']).includes(column) ? 'ok' : 'fields_not_yours'
            const wanted = isFinal ? 'record_final' : row === undefined ? 'fields_locked' : mine
            assert.equal(editCell(lifecycle, status, column, [field]), wanted, `${field} by ${column}`)
            looked += 1
          }
        }
      })
    }
  }
  assert.equal(looked, (8 + 9) * editableFields.length * columns.length)
})

test('R-AUT-22 several fields at once: each that is locked and each that is not yours is named, with its owners', () => {
  const workOrder = workOrderIn('fleet', 'review', 'asg')
  const decision = decideEdit(workOrder, actorOf('asg'), [
    'notes',
    'priority',
    'description',
    'regulatory',
    'status',
  ])
  assert.ok(!decision.ok && decision.refusal.code === 'gates_unmet')
  assert.deepEqual(decision.refusal.unmet, [
    { code: 'fields_locked', fields: ['regulatory', 'status'], current: 'review' },
    {
      code: 'fields_not_yours',
      fields: ['priority', 'description'],
      roles: ['captain', 'assigner', 'originator'],
    },
  ])
  assert.equal(editCell('fleet', 'review', 'asg', ['notes', 'actual_hours']), 'ok')
})

test('R-AUT-23 two roles give the fields of both, and no others', () => {
  const planner = actorOf('asg', { role: 'assigner', asset_id: null })
  const edit = (field: string): string =>
    toCell(decideEdit(workOrderIn('fleet', 'in_progress', 'asg'), planner, [field]))
  assert.equal(edit('priority'), 'ok')
  assert.equal(edit('notes'), 'ok')
  assert.equal(edit('title'), 'fields_not_yours')
})

test('R-AUT-24 who holds and releases, and who acknowledges; never on a final record', async (t) => {
  const cases = table`
    deed        | who
    hold        | own pm cap asg ven agt-a agt-c sys-c prx
    acknowledge | asg ven agt-a
  `
  for (const { deed, who } of cases) {
    await t.test(deed ?? '', () => {
      const decide = deed === 'hold' ? decideHold : decideAcknowledge
      for (const lifecycle of lifecycleNames) {
        for (const [status, state] of Object.entries(lifecycles[lifecycle].states)) {
          const isFinal = ['done', 'abandoned'].includes(state.category)
          for (const column of columns) {
            const wanted = isFinal ? 'record_final' : words(who).includes(column) ? 'ok' : 'role_required'
            const found = toCell(decide(workOrderIn(lifecycle, status, column), actorOf(column)))
            assert.equal(found, wanted, `${lifecycle} ${status} ${column}`)
          }
        }
      }
    })
  }
})

const release = (column: string, changes: object): string =>
  toCell(decideHold(workOrderIn('fleet', 'accepted', column, changes), actorOf(column)))

test('R-CPL-8 what is held because one beside it was cancelled is not released by who works on it', () => {
  const hold = { reason: 'another was cancelled', owner: 'Pat', since: '2026-11-20T08:00:00Z', cause: 'wo-2' }
  assert.equal(release('asg', { hold }), 'role_required')
  assert.equal(release('pm', { hold }), 'ok')
  assert.equal(release('asg', { hold: { ...hold, cause: undefined } }), 'ok')
})
