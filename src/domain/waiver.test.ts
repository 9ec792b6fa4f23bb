/** Who may waive, who may ask for the signatures, and what cannot be waived. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideWaiver, decideWithdrawal, waiverRequirements } from './waiver.ts'
import { actorOf, cast, workOrderIn } from '../../test/cast.ts'
import { table } from '../../test/table.ts'
import type { WorkOrder } from './work-order.ts'

const columns = Object.keys(cast)

function toCell(
  column: string,
  master: { readonly regulatory: boolean } | undefined,
  changes: Partial<WorkOrder> = {},
  isAsked = false,
): string {
  const workOrder = workOrderIn('fleet', 'in_progress', column, changes)
  const decision = decideWaiver({ workOrder, actor: actorOf(column), master, isAsked })
  if (decision.ok) return decision.value
  const { refusal } = decision
  if (refusal.code === 'waiver_refused') return refusal.rule
  return refusal.code === 'gates_unmet' ? '-' : refusal.code
}

// now: waived at once; sign: asks for the signatures of System Owner and QA; -: belongs to somebody else.
const rights = table`
  regulatory         | adm | aud | own  | own' | qa   | pm   | cap  | op | req | asg | ven | agt | agt-a | agt-r | agt-c | sys | sys-c | prx
  neither            | -   | -   | now  | -    | -    | now  | now  | -  | -   | -   | -   | -   | -     | -     | now   | -   | now   | now
  the work order     | -   | -   | sign | -    | sign | sign | sign | -  | -   | -   | -   | -   | -     | -     | sign  | -   | sign  | sign
  its master         | -   | -   | sign | -    | sign | sign | sign | -  | -   | -   | -   | -   | -     | -     | sign  | -   | sign  | sign
`

test('R-CPL-9 who waives at once, who asks for signatures, and who does neither', async (t) => {
  for (const row of rights) {
    await t.test(row['regulatory'] ?? '', () => {
      const own = row['regulatory'] === 'the work order'
      const master = { regulatory: row['regulatory'] === 'its master' }
      for (const column of columns)
        assert.equal(toCell(column, master, { regulatory: own }), row[column], column)
    })
  }
})

test('R-CPL-9 what is done, waived, asked for or counted by nobody is not waived', () => {
  const waiver = { reason: 'scrapped', at: '2026-11-20T08:00:00Z', by: ['pm'], round_id: null }
  const master = { regulatory: true }
  assert.equal(toCell('pm', master, { category: 'done' }), 'done')
  assert.equal(toCell('pm', master, { waiver }), 'waived')
  assert.equal(toCell('pm', undefined), 'alone')
  assert.equal(toCell('pm', master, {}, true), 'asked')
  assert.equal(toCell('pm', master, { category: 'abandoned' }), 'sign')
})

const back = (column: string, isAsked: boolean): string => {
  const decision = decideWithdrawal({
    workOrder: workOrderIn('fleet', 'in_progress', column),
    actor: actorOf(column),
    isAsked,
  })
  return decision.ok ? 'ok' : decision.refusal.code
}

test('R-CPL-10 both must sign, and who may ask may take it back', () => {
  assert.deepEqual(
    waiverRequirements.map(({ role, count }) => [role, count]),
    [
      ['system_owner', 1],
      ['qa', 1],
    ],
  )
  assert.deepEqual(
    ['pm', 'qa', 'asg', 'ven'].map((column) => back(column, true)),
    ['ok', 'ok', 'gates_unmet', 'gates_unmet'],
  )
  assert.equal(back('pm', false), 'waiver_refused')
})
