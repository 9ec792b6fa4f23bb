/** The rules of findings as tables: one line is one case. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '#test/table.ts'
import {
  countAgain,
  decideAssign,
  decideClose,
  decideResolve,
  dueAt,
  findingNumber,
  gateIntegrity,
  isFindingNumber,
  isViolation,
  listViolations,
  openFinding,
} from './finding.ts'
import type { FindingFields, FindingState, Raised, Severity } from './finding.ts'
import type { Actor, GrantedRole, PrincipalKind } from './principal.ts'
import type { Decision, Refusal, Unmet } from './refusal.ts'

const at = '2026-02-27T23:30:00.123456Z'
const raised: Raised = {
  number: 'F-2026-000001',
  kind: 'separation_of_duties',
  severity: 'major',
  title: 'Pat tried to approve',
  workOrderId: 'wo-1',
  violatorId: 'pat',
  detail: {},
  at,
}
const finding = (state: FindingState, changed: Partial<FindingFields> = {}): FindingFields => ({
  ...openFinding(raised, ['quinn']),
  state,
  ...(state === 'mitigated' || state === 'closed' ? { resolution: 'explained' } : {}),
  ...changed,
})
const actor = (id: string, kind: PrincipalKind = 'human', ...roles: GrantedRole[]): Actor => ({
  id,
  tenantId: 'tenant',
  kind,
  name: id,
  grants: roles.map((role) => ({ role, asset_id: null })),
  sponsorId: null,
  client: 'rest',
})
const codes = (decision: Decision<unknown>): string => {
  if (decision.ok) return 'ok'
  const { refusal } = decision
  return refusal.code === 'gates_unmet' ? refusal.unmet.map(({ code }) => code).join(' ') : refusal.code
}

test('R-FND-1 a finding is due by its severity, and numbered by its year', () => {
  for (const { severity, due } of table`
    severity | due
    critical | 2026-02-28T23:30:00.123456Z
    major    | 2026-03-06T23:30:00.123456Z
    minor    | 2026-03-29T23:30:00.123456Z
  `)
    assert.equal(dueAt(severity as Severity, at), due)
  assert.equal(findingNumber(2026, 7), 'F-2026-000007')
  assert.equal(findingNumber(2026, 1_234_567), 'F-2026-1234567')
  for (const [text, is] of [
    ['F-2026-000007', true],
    ['F-2026-1234567', true],
    ['WO-2026-000007', false],
    ['F-2026-07', false],
  ] as const)
    assert.equal(isFindingNumber(text), is, text)
})

test('R-FND-1 who assures quality owns it, when that is one person and not about himself', () => {
  for (const { qa, violator, owner } of table`
    qa          | violator | owner
                | pat      | -
    quinn       | pat      | quinn
    quinn       | -        | quinn
    quinn       | quinn    | -
    quinn quill | pat      | -
  `) {
    const violatorId = violator === '-' ? null : (violator ?? null)
    const opened = openFinding({ ...raised, violatorId }, qa === '' ? [] : (qa ?? '').split(' '))
    assert.equal(opened.owner_id ?? '-', owner, `${qa} ${violator}`)
    assert.equal(opened.state, 'open')
  }
})

test('R-FND-2 the same again is counted, and opens what was mitigated', () => {
  const later = '2026-03-01T08:00:00Z'
  for (const { state, owner, becomes, due } of table`
    state     | owner | becomes  | due
    open      | quinn | open     | 2026-03-06T23:30:00.123456Z
    assigned  | quinn | assigned | 2026-03-06T23:30:00.123456Z
    mitigated | quinn | assigned | 2026-03-08T08:00:00Z
    mitigated | -     | open     | 2026-03-08T08:00:00Z
  `) {
    const before = finding(state as FindingState, { owner_id: owner === '-' ? null : (owner ?? null) })
    const after = { ...before, ...countAgain(before, later) }
    assert.deepEqual(
      [after.state, after.due_at, after.occurrences, after.last_at],
      [becomes, due, 2, later],
      state,
    )
    assert.equal(after.resolution, null)
  }
})

test('R-FND-3 a person is made to deal with a finding, and not the one whose violation it is', () => {
  for (const { state, owner, kind, outcome, becomes } of table`
    state     | owner | kind   | outcome              | becomes
    open      | lee   | human  | ok                   | assigned
    assigned  | lee   | human  | ok                   | assigned
    mitigated | lee   | human  | ok                   | mitigated
    closed    | lee   | human  | finding_closed       |
    open      | pat   | human  | separation_of_duties |
    open      | bot   | agent  | invalid_input        |
    open      | vik   | vendor | invalid_input        |
    open      | sys   | system | invalid_input        |
  `) {
    const person = { id: owner ?? '', kind: kind as PrincipalKind }
    const decision = decideAssign(finding(state as FindingState), person, undefined)
    assert.equal(codes(decision), outcome, `${state} ${owner}`)
    if (decision.ok) assert.equal(decision.value.state, becomes)
  }
})

test('R-FND-3 its owner says what was done, or who assures quality or administers', () => {
  for (const { state, who, role, outcome } of table`
    state     | who   | role    | outcome
    open      | quinn | -       | ok
    mitigated | quinn | -       | ok
    open      | lee   | -       | role_required
    open      | lee   | qa      | ok
    assigned  | lee   | admin   | ok
    open      | lee   | auditor | role_required
    open      | pat   | qa      | separation_of_duties
    open      | pat   | -       | role_required separation_of_duties
    closed    | quinn | qa      | finding_closed
  `) {
    const roles = role === '-' ? [] : [role as GrantedRole]
    const decision = decideResolve(
      finding(state as FindingState),
      actor(who ?? '', 'human', ...roles),
      'explained',
    )
    assert.equal(codes(decision), outcome, `${state} ${who} ${role}`)
  }
})

test('R-FND-4 it is closed by a person of QA or administration whose own it is not, with what was done', () => {
  for (const { state, who, kind, role, says, outcome } of table`
    state     | who   | kind   | role         | says | outcome
    mitigated | quinn | human  | qa           | -    | ok
    mitigated | ada   | human  | admin        | -    | ok
    mitigated | olga  | human  | system_owner | -    | role_required
    mitigated | aud   | human  | auditor      | -    | role_required
    mitigated | pat   | human  | qa           | -    | separation_of_duties
    mitigated | spo   | human  | admin        | -    | separation_of_duties
    mitigated | bot   | agent  | qa           | -    | human_required
    mitigated | sys   | system | admin        | -    | human_required
    open      | quinn | human  | qa           | -    | missing_fields
    assigned  | quinn | human  | qa           | -    | missing_fields
    open      | quinn | human  | qa           | yes  | ok
    open      | pat   | agent  | -            | -    | role_required human_required separation_of_duties missing_fields
    closed    | quinn | human  | qa           | yes  | finding_closed
  `) {
    const roles = role === '-' ? [] : [role as GrantedRole]
    const facts = {
      finding: finding(state as FindingState),
      actor: actor(who ?? '', kind as PrincipalKind, ...roles),
      violatorSponsorId: 'spo',
      now: at,
    }
    const decision = decideClose(facts, says === 'yes' ? 'explained' : undefined)
    assert.equal(codes(decision), outcome, `${state} ${who} ${role}`)
    if (decision.ok)
      assert.deepEqual(decision.value, {
        state: 'closed',
        resolution: 'explained',
        closed_by: who,
        closed_at: at,
      })
  }
})

const unmet = (...gates: Unmet[]): Refusal => ({ code: 'gates_unmet', unmet: gates })

test('R-FND-6 an attempt against who may approve at all is a violation, and a mistake is none', () => {
  const duty: Unmet = { code: 'separation_of_duties', rule: 'executor' }
  const cases: [Refusal, string[]][] = [
    [unmet(duty), ['separation_of_duties']],
    [unmet({ code: 'human_required' }), ['human_required']],
    [
      unmet({ code: 'role_required', roles: ['qa'] }, { code: 'human_required' }, duty, duty),
      ['separation_of_duties', 'human_required'],
    ],
    [unmet({ code: 'role_required', roles: ['qa'] }), []],
    [unmet({ code: 'missing_fields', missing_fields: ['reason'] }), []],
    [{ code: 'wrong_status', current: 'draft', to: 'closed', allowed: [] }, []],
    [{ code: 'record_final', current: 'closed' }, []],
  ]
  for (const [refusal, kinds] of cases) {
    assert.deepEqual(listViolations(refusal), kinds)
    assert.equal(isViolation(refusal), kinds.length > 0)
  }
})

test('R-FND-7 while the log does not match, nothing regulatory becomes done', () => {
  for (const { regulatory, done, holds, gate } of table`
    regulatory | done | holds                       | gate
    yes        | yes  | F-2026-000001               | integrity_hold
    yes        | yes  |                             |
    yes        | no   | F-2026-000001               |
    no         | yes  | F-2026-000001               |
  `) {
    const numbers = holds === '' ? [] : [holds ?? '']
    const gates = gateIntegrity({ regulatory: regulatory === 'yes' }, done === 'yes', numbers)
    assert.equal(gates.map(({ code }) => code).join(' '), gate)
  }
})
