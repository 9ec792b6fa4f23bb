/** Who hears when. Hours are those of a calendar without nights, so that a row can be read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideStep } from './escalation.ts'
import type { Person, Rung, StepFacts } from './escalation.ts'
import { addWorkingHours } from './sla.ts'
import { table } from '../../test/table.ts'

const calendar = {
  time_zone: 'UTC',
  weekdays: [1, 2, 3, 4, 5, 6, 7],
  start: '00:00',
  end: '24:00',
  holidays: [],
}
const opened = '2026-11-20T00:00:00Z'
const hour = (count: number): string => addWorkingHours(opened, count, calendar)
const toHour = (at: string | null): string =>
  at === null ? '-' : String((Date.parse(at) - Date.parse(opened)) / 3_600_000)

/** Ann and Bob sign; both report to Mia, she to Dora; Otto is on call and reports to nobody. */
const reports: { readonly [name: string]: string | null } = {
  ann: 'mia',
  bob: 'mia',
  mia: 'dora',
  dora: null,
  otto: null,
}
function directory(away: readonly string[]): ReadonlyMap<string, Person> {
  const toPerson = ([name, manager]: [string, string | null]): [string, Person] => [
    name,
    { id: name, name, manager_id: manager, absent: away.includes(name) },
  ]
  return new Map(Object.entries(reports).map(toPerson))
}
const words = (cell = ''): string[] => cell.split(' ').filter((word) => word !== '')

function factsOf(row: Record<string, string>): StepFacts {
  const people = directory(words(row['away']))
  const toPeople = (names: readonly string[]): Person[] => names.flatMap((name) => people.get(name) ?? [])
  return {
    step: Number(row['step']),
    nextStepAt: hour(Number(row['next'])),
    startAt: hour(Number(row['start'] ?? 0)),
    slaHours: 8,
    calendar,
    signers: toPeople(words(row['signers'] ?? 'ann bob')),
    chain: words(row['chain']).map((word): Rung => (word === 'manager' ? word : toPeople([word]))),
    people,
    now: hour(Number(row['now'])),
  }
}

// step and next: what stands; now: hours since the opening; then: the rung, whom it tells, the next one's hour.
const steps = table`
  step | next | now  | chain        | away             | then | to      | action    | after
  0    | 4    | 3.99 |              |                  | -    |         |           |
  0    | 4    | 4    |              |                  | 1    | ann bob | reminded  | 8
  0    | 4    | 5    |              |                  | 1    | ann bob | reminded  | 8
  0    | 4    | 4    |              | ann              | 1    | bob     | reminded  | 8
  1    | 8    | 7.99 |              |                  | -    |         |           |
  1    | 8    | 8    |              |                  | 2    | mia     | escalated | -
  1    | 8    | 8    | manager      |                  | 2    | mia     | escalated | 12
  2    | 12   | 11   | manager      |                  | -    |         |           |
  2    | 12   | 12   | manager      |                  | 3    | dora    | escalated | -
  2    | 12   | 12   | manager otto |                  | 3    | dora    | escalated | 16
  3    | 16   | 16   | manager otto |                  | 4    | otto    | escalated | -
  4    | 20   | 99   | manager otto |                  | -    |         |           |
  2    | 12   | 12   |              |                  | -    |         |           |
  0    | 4    | 4    | manager      | ann bob          | 2    | mia     | escalated | 8
  0    | 4    | 4    | manager otto | ann bob mia      | 3    | dora    | escalated | 8
  0    | 4    | 4    | manager otto | ann bob mia dora | 4    | otto    | escalated | -
  1    | 8    | 8    | manager otto | mia              | 3    | dora    | escalated | 12
  1    | 8    | 8    | otto         | mia otto         | 3    |         | escalated | -
  0    | 4    | 9    | manager      |                  | 2    | mia     | escalated | 13
  0    | 4    | 100  | manager      |                  | 2    | mia     | escalated | 104
  1    | 8    | 100  | manager otto |                  | 2    | mia     | escalated | 104
`

test('R-SLA-3 a reminder at half of the hours, the managers at all of them, then up the chain each further half', () => {
  for (const row of steps) {
    const step = decideStep(factsOf(row))
    const told = (step?.to ?? []).map(({ name }) => name).join(' ')
    const found = [step?.step ?? '-', told, step?.action.replace('approval_', '') ?? '']
    assert.deepEqual(found.map(String), [row['then'], row['to'], row['action']], JSON.stringify(row))
    if (step === undefined) continue
    assert.equal(toHour(step.next_step_at), row['after'], JSON.stringify(row))
    assert.equal(step.due_at, hour(8))
  }
})

test('R-SLA-4 in order, the hours of a role begin when the roles before it have signed', () => {
  const late = { step: '0', next: '4', start: '10', chain: 'manager' }
  assert.equal(decideStep(factsOf({ ...late, now: '13.9' })), undefined)
  const step = decideStep(factsOf({ ...late, now: '14' }))
  assert.equal(step?.action, 'approval_reminded')
  assert.equal(step.due_at, hour(18))
  assert.equal(step.next_step_at, hour(18))
})

test('R-SLA-5 that there is nobody to tell is a step as well, and the last one', () => {
  const step = decideStep(factsOf({ step: '0', next: '4', now: '4', signers: 'nobody', chain: 'manager' }))
  assert.deepEqual(step?.to, [])
  assert.equal(step?.action, 'approval_escalated')
  assert.equal(step.next_step_at, null)
})
