/** Who may delegate what to whom, and when a delegation covers a signature. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { covers, crossesOversight, delegatorHolds, findBrokenRule, toStatus } from './delegation.ts'
import type { DelegationMarks, DelegationScope } from './delegation.ts'
import type { GrantedRole, PrincipalKind } from './principal.ts'
import { grantedRoles, principalKinds } from './principal.ts'
import { table } from '../../test/table.ts'

const at = '2026-11-21T12:00:00Z'
const rolesIn = (cell = ''): GrantedRole[] => grantedRoles.filter((role) => cell.split(' ').includes(role))
const kindOf = (cell: string | undefined): PrincipalKind => {
  const kind = principalKinds.find((one) => one === cell)
  assert.ok(kind, cell)
  return kind
}

// holds: the delegator's own grants; has: the delegate's. Times are days from now.
const proposals = table`
  from  | holds           | to     | has          | roles           | starts | ends  | broken
  human | qa              | human  | operator     | qa              | 0      | 30    | -
  human | qa              | human  |              | qa              | 5      | 35    | -
  human | qa system_owner | human  | operator     | qa              | 0      | 1     | -
  human | qa              | human  | qa           | qa              | 0      | 1     | -
  human | system_owner    | human  | captain      | system_owner    | 0      | 1     | -
  human | qa              | oneself | qa          | qa              | 0      | 1     | to_oneself
  human | qa              | agent  | operator     | qa              | 0      | 1     | humans_only
  human | qa              | vendor | vendor       | qa              | 0      | 1     | humans_only
  human | qa              | system | operator     | qa              | 0      | 1     | humans_only
  agent | operator        | human  | operator     | operator        | 0      | 1     | humans_only
  vendor | vendor         | human  | operator     | vendor          | 0      | 1     | humans_only
  human | qa              | gone   | operator     | qa              | 0      | 1     | disabled
  human | operator        | human  | operator     | qa              | 0      | 1     | role_not_held
  human | qa              | human  | operator     | qa captain      | 0      | 1     | role_not_held
  human |                 | human  | operator     | qa              | 0      | 1     | role_not_held
  human | qa              | human  | system_owner | qa              | 0      | 1     | owner_and_qa
  human | system_owner    | human  | qa           | system_owner    | 0      | 1     | owner_and_qa
  human | qa system_owner | human  | operator     | qa system_owner | 0      | 1     | owner_and_qa
  human | qa captain      | human  | system_owner | captain         | 0      | 1     | -
  human | qa              | human  | operator     | qa              | -1     | 1     | in_the_past
  human | qa              | human  | operator     | qa              | 2      | 2     | in_the_past
  human | qa              | human  | operator     | qa              | 2      | 1     | in_the_past
  human | qa              | human  | operator     | qa              | 0      | 30.01 | thirty_days_at_most
`
const day = (count: string | undefined): string =>
  new Date(Date.parse(at) + Number(count) * 86_400_000).toISOString()

test('R-DEL-1 only people delegate, only what they were granted, to another person, for 30 days at most', () => {
  for (const row of proposals) {
    const party = (id: string, kind: PrincipalKind, holds: string | undefined, disabled: boolean) => ({
      id,
      kind,
      grants: rolesIn(holds).map((role) => ({ role, asset_id: null })),
      disabled_at: disabled ? at : null,
    })
    const to = row['to'] ?? ''
    const kind = kindOf(to === 'oneself' || to === 'gone' ? 'human' : to)
    const broken = findBrokenRule({
      delegator: party('a', kindOf(row['from']), row['holds'], false),
      delegate: party(to === 'oneself' ? 'a' : 'b', kind, row['has'], to === 'gone'),
      scope: {
        roles: rolesIn(row['roles']),
        lifecycles: null,
        work_categories: null,
        regulatory: null,
        starts_at: day(row['starts']),
        ends_at: day(row['ends']),
      },
      at,
    })
    assert.equal(broken ?? '-', row['broken'], JSON.stringify(row))
  }
})

const given: DelegationScope & DelegationMarks = {
  roles: ['qa', 'captain'],
  lifecycles: ['change-control'],
  work_categories: ['hvac'],
  regulatory: true,
  starts_at: '2026-11-20T00:00:00Z',
  ends_at: '2026-11-30T00:00:00Z',
  delegator_accepted_at: '2026-11-19T00:00:00Z',
  delegate_accepted_at: '2026-11-19T01:00:00Z',
  declined_at: null,
  revoked_at: null,
}
const asked = {
  role: 'qa' as GrantedRole,
  lifecycle: 'change-control',
  work_category: 'hvac' as string | null,
  regulatory: true,
  at,
}

test('R-DEL-2 a delegation covers its roles, lifecycles, categories, risk and window, and nothing else', () => {
  const open = { ...given, lifecycles: null, work_categories: null, regulatory: null }
  assert.ok(covers(given, asked))
  assert.ok(covers(given, { ...asked, role: 'captain' }))
  assert.ok(covers(given, { ...asked, at: given.starts_at }))
  assert.ok(covers(open, { ...asked, lifecycle: 'qms', work_category: null, regulatory: false }))
  const outside: readonly Partial<typeof asked>[] = [
    { role: 'system_owner' },
    { lifecycle: 'qms' },
    { work_category: 'water' },
    { work_category: null },
    { regulatory: false },
    { at: '2026-11-19T23:59:59.999999Z' },
    { at: given.ends_at },
  ]
  for (const change of outside) assert.ok(!covers(given, { ...asked, ...change }), JSON.stringify(change))
})

test('R-DEL-3 both accept before it counts; declined, revoked or over, it does not count at all', () => {
  const marks: readonly (readonly [string, Partial<typeof given>])[] = [
    ['active', {}],
    ['proposed', { delegate_accepted_at: null }],
    ['proposed', { delegator_accepted_at: null }],
    ['declined', { declined_at: at }],
    ['revoked', { revoked_at: at }],
    ['accepted', { starts_at: '2026-11-22T00:00:00Z' }],
    ['ended', { ends_at: at }],
  ]
  for (const [status, change] of marks) {
    const delegation = { ...given, ...change }
    assert.equal(toStatus(delegation, at), status)
    assert.equal(covers(delegation, asked), status === 'active', status)
  }
})

const holds = (assetId: string | null, disabled: string | null = null) => ({
  delegator_disabled_at: disabled,
  delegator_grants: [{ role: 'system_owner' as const, asset_id: assetId }],
})
const grants = (role: GrantedRole) => [{ role, asset_id: null }]

test('R-DEL-4 what is delegated is held by a grant of one’s own, and never from System Owner to QA or back', () => {
  assert.ok(delegatorHolds(holds(null), 'system_owner', 'x'))
  assert.ok(delegatorHolds(holds('x'), 'system_owner', 'x'))
  assert.ok(!delegatorHolds(holds('x'), 'system_owner', 'y'))
  assert.ok(!delegatorHolds(holds('x'), 'system_owner', null))
  assert.ok(!delegatorHolds(holds(null), 'qa', 'x'))
  assert.ok(!delegatorHolds(holds(null, at), 'system_owner', 'x'))
  assert.ok(crossesOversight('qa', grants('system_owner')))
  assert.ok(crossesOversight('system_owner', grants('qa')))
  assert.ok(!crossesOversight('qa', grants('qa')))
  assert.ok(!crossesOversight('captain', grants('qa')))
})
