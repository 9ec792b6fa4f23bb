import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '#test/table.ts'
import type { GrantedRole } from './principal.ts'
import type { Decision } from './refusal.ts'
import {
  countAttemptsLeft,
  decideConfirm,
  decideRevoke,
  decideUnlock,
  maySeeKeysOf,
  toAttemptWindow,
} from './signing-key.ts'
import type { KeyStatus } from './signing-key.ts'

const toCaller = (who = '', role = '') => ({
  id: who,
  kind: (who === 'agent' ? 'agent' : 'human') as 'human',
  grants: role === '-' ? [] : [{ role: role as GrantedRole, asset_id: null }],
})
const toText = (decision: Decision<undefined>): string => {
  if (decision.ok) return 'ok'
  const { refusal } = decision
  return refusal.code === 'second_person_required' ? refusal.rule : refusal.code
}

test('R-KEY-3 who may confirm a key', () => {
  const rows = table`
    who   | role         | status  | gave the password | owner is | answer
    ada   | admin        | pending | -                 | in       | ok
    quinn | qa           | pending | -                 | in       | ok
    olga  | qa           | pending | -                 | in       | owner
    olga  | admin        | active  | olga              | out      | owner
    ada   | admin        | pending | ada               | in       | password_giver
    quinn | qa           | pending | ada               | in       | ok
    ada   | admin        | revoked | ada               | out      | password_giver
    ada   | admin        | pending | -                 | out      | not_found
    ada   | admin        | active  | -                 | in       | wrong_key_status
    ada   | admin        | revoked | -                 | in       | wrong_key_status
    pat   | assigner     | pending | -                 | in       | not_allowed
    pat   | system_owner | pending | -                 | in       | not_allowed
    aud   | auditor      | pending | -                 | in       | not_allowed
    pat   | -            | pending | -                 | in       | not_allowed
    agent | admin        | pending | -                 | in       | not_allowed
  `
  const answers = rows.map((row) => ({
    ...row,
    answer: toText(
      decideConfirm(toCaller(row['who'], row['role']), {
        status: row['status'] as KeyStatus,
        ownerId: 'olga',
        ownerIsDisabled: row['owner is'] === 'out',
        passwordGivers: [row['gave the password'] ?? ''],
      }),
    ),
  }))
  assert.deepEqual(answers, rows)
})

test('R-KEY-7 who may revoke a key, and R-KEY-10 who sees it', () => {
  const rows = table`
    who   | role     | status  | revoke           | sees
    olga  | -        | pending | ok               | yes
    olga  | -        | active  | ok               | yes
    olga  | -        | revoked | wrong_key_status | yes
    ada   | admin    | active  | ok               | yes
    ada   | admin    | revoked | wrong_key_status | yes
    quinn | qa       | active  | not_allowed      | yes
    aud   | auditor  | active  | not_allowed      | yes
    pat   | assigner | active  | not_found        | no
    agent | admin    | active  | not_found        | no
  `
  const answers = rows.map((row) => {
    const caller = toCaller(row['who'], row['role'])
    const facts = { status: row['status'] as KeyStatus, ownerId: 'olga' }
    return {
      ...row,
      revoke: toText(decideRevoke(caller, facts)),
      sees: maySeeKeysOf(caller, 'olga') ? 'yes' : 'no',
    }
  })
  assert.deepEqual(answers, rows)
})

test('R-KEY-8 who may unlock, and how attempts are counted', () => {
  const rows = table`
    who   | role  | answer
    ada   | admin | ok
    olga  | admin | locked
    quinn | qa    | not_allowed
    agent | admin | not_allowed
  `
  const answers = rows.map((row) => ({
    ...row,
    answer: toText(decideUnlock(toCaller(row['who'], row['role']), 'olga')),
  }))
  assert.deepEqual(answers, rows)
  assert.deepEqual([0, 1, 2, 3, 4, 5, 9].map(countAttemptsLeft), [4, 3, 2, 1, 0, 0, 0])
  assert.equal(toAttemptWindow('2026-11-21T00:05:00.000001Z'), '2026-11-20T23:50:00.000001Z')
})
