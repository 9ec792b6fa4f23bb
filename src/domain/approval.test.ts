/** Who may sign, and everything that is in the way at once; what a round still needs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideSigning, missingSignatures } from './approval.ts'
import type { Given, Round, SigningFacts } from './approval.ts'
import type { DelegationFacts } from './delegation.ts'
import type { GrantedRole } from './principal.ts'
import type { WorkOrder } from './work-order.ts'
import { actorOf, workOrderIn } from '../../test/cast.ts'
import { table } from '../../test/table.ts'

const now = '2026-11-20T10:00:00.000001Z'

const lent = (changes: Partial<DelegationFacts> = {}): DelegationFacts => ({
  id: 'delegation',
  roles: ['qa'],
  lifecycles: null,
  work_categories: null,
  regulatory: null,
  starts_at: '2026-11-19T00:00:00Z',
  ends_at: '2026-11-25T00:00:00Z',
  delegator_accepted_at: '2026-11-19T00:00:00Z',
  delegate_accepted_at: '2026-11-19T00:00:00Z',
  declined_at: null,
  revoked_at: null,
  delegate_id: 'op',
  delegator_id: 'away',
  delegator_name: 'Away',
  delegator_grants: [{ role: 'qa', asset_id: null }],
  delegator_disabled_at: null,
  ...changes,
})

const given = (role: GrantedRole, signer: string, more: Partial<Given> = {}): Given => ({
  role,
  wo_version: 3,
  signer_id: signer,
  on_behalf_of: null,
  ...more,
})

const roundOf = (changes: Partial<Round> = {}): Round => ({
  id: 'round',
  gate: 'completion',
  number: 1,
  policy_version: 0,
  ordered: false,
  requirements: [
    { role: 'system_owner', count: 1, position: 1 },
    { role: 'qa', count: 1, position: 2 },
  ],
  given: [],
  ...changes,
})

function factsOf(
  who: string,
  role: GrantedRole,
  changes: Partial<SigningFacts> = {},
  workOrder: Partial<WorkOrder> = {},
): SigningFacts {
  return {
    workOrder: workOrderIn('change-control', 'completed', who, { regulatory: true, ...workOrder }),
    actor: actorOf(who),
    round: roundOf(),
    gate: 'completion',
    role,
    delegations: [],
    executorSponsorIds: [],
    hasAttested: true,
    isLocked: false,
    hasKey: true,
    edgeUnmet: [],
    now,
    ...changes,
  }
}

/** What stands in the way, in order: codes, and for separation of duties the rule. */
function inTheWay(facts: SigningFacts): string {
  const decision = decideSigning(facts)
  if (decision.ok) return decision.value.kind
  if (decision.refusal.code !== 'gates_unmet') return decision.refusal.code
  return decision.refusal.unmet
    .map((gate) => (gate.code === 'separation_of_duties' ? gate.rule : gate.code))
    .join(' ')
}

const situations: { readonly [name: string]: [Partial<SigningFacts>, Partial<WorkOrder>?] } = {
  'as it should be': [{}],
  'no round': [{ round: undefined }],
  'another gate': [{ gate: 'release' }],
  'nothing attested': [{ hasAttested: false }],
  'no key': [{ hasKey: false }],
  locked: [{ isLocked: true }],
  'did the work': [{}, { executor_ids: ['own'] }],
  'edited it': [{}, { editor_id: 'own' }],
  'answers for the agent': [{ executorSponsorIds: ['own'] }],
  'all of that': [
    { hasAttested: false, hasKey: false, isLocked: true, executorSponsorIds: ['own'] },
    { executor_ids: ['own'], editor_id: 'own' },
  ],
  'signed by another': [{ round: roundOf({ given: [given('system_owner', 'other')] }) }],
  'signed an older version': [
    { round: roundOf({ given: [given('system_owner', 'own', { wo_version: 2 })] }) },
  ],
  'signed in the other role': [{ round: roundOf({ given: [given('qa', 'own')] }) }],
  'another signed for him': [
    { round: roundOf({ given: [given('qa', 'somebody', { on_behalf_of: 'own' })] }) },
  ],
  'on hold': [{ edgeUnmet: [{ code: 'held', reason: 'audit' }] }],
}

test('R-APR-8 whatever is in the way of a signature is named at once, in one order', async (t) => {
  const cases = table`
    who  | role         | situation                | in the way
    own  | system_owner | as it should be          | direct
    own' | system_owner | as it should be          | role_required
    qa   | system_owner | as it should be          | role_required
    adm  | system_owner | as it should be          | role_required
    cap  | captain      | as it should be          | signature_not_needed
    agt  | system_owner | as it should be          | human_required role_required
    ven  | system_owner | as it should be          | human_required role_required
    sys  | system_owner | as it should be          | human_required role_required
    own  | system_owner | no round                 | gate_not_open
    own  | system_owner | another gate             | gate_not_open
    own  | system_owner | nothing attested         | attestation_missing
    own  | system_owner | no key                   | signing_key_missing
    own  | system_owner | locked                   | signing_locked
    own  | system_owner | did the work             | executor
    own  | system_owner | edited it                | editor
    own  | system_owner | answers for the agent    | sponsor_of_executor
    own  | system_owner | all of that              | signing_locked executor editor sponsor_of_executor attestation_missing signing_key_missing
    own  | system_owner | signed by another        | signature_not_needed
    own  | system_owner | signed an older version  | direct
    own  | system_owner | signed in the other role | signed_already
    own  | system_owner | another signed for him   | signed_already
    own  | system_owner | on hold                  | held
  `
  for (const { who = '', role, situation = '', 'in the way': expected } of cases) {
    await t.test(`${who} ${role}: ${situation}`, () => {
      const [changes, workOrder] = situations[situation] ?? assert.fail(situation)
      assert.equal(inTheWay(factsOf(who, role as GrantedRole, changes, workOrder)), expected)
    })
  }
})

test('R-APR-9 an ordered round is signed in its order', () => {
  const ordered = roundOf({ ordered: true })
  assert.equal(inTheWay(factsOf('qa', 'qa', { round: ordered })), 'not_your_turn')
  const after = { ...ordered, given: [given('system_owner', 'own')] }
  assert.equal(inTheWay(factsOf('qa', 'qa', { round: after })), 'direct')
  const stale = { ...ordered, given: [given('system_owner', 'own', { wo_version: 2 })] }
  assert.equal(inTheWay(factsOf('qa', 'qa', { round: stale })), 'not_your_turn')
})

test('R-DLG-1 a delegate signs in what was delegated, while it holds, and duties are kept apart over both', async (t) => {
  const cases: readonly [string, Partial<DelegationFacts>, Partial<WorkOrder>, string][] = [
    ['as it should be', {}, {}, 'delegation'],
    ['to somebody else', { delegate_id: 'req' }, {}, 'role_required'],
    ['of another role', { roles: ['system_owner'] }, {}, 'role_required'],
    ['of another lifecycle', { lifecycles: ['qms'] }, {}, 'role_required'],
    ['of another category', { work_categories: ['repair'] }, {}, 'role_required'],
    ['for what is not regulatory', { regulatory: false }, {}, 'role_required'],
    ['not accepted', { delegate_accepted_at: null }, {}, 'role_required'],
    ['revoked', { revoked_at: now }, {}, 'role_required'],
    ['not begun', { starts_at: '2026-11-21T00:00:00Z' }, {}, 'role_required'],
    ['over', { ends_at: now }, {}, 'role_required'],
    ['by who is gone', { delegator_disabled_at: now }, {}, 'role_required'],
    ['by who lost the role', { delegator_grants: [] }, {}, 'role_required'],
    ['for another asset', { delegator_grants: [{ role: 'qa', asset_id: 'asset-2' }] }, {}, 'role_required'],
    ['for who did the work', {}, { executor_ids: ['away'] }, 'executor'],
    ['for who edited it', {}, { editor_id: 'away' }, 'editor'],
  ]
  for (const [name, changes, workOrder, expected] of cases) {
    await t.test(name, () => {
      const facts = factsOf('op', 'qa', { delegations: [lent(changes)] }, workOrder)
      assert.equal(inTheWay(facts), expected)
    })
  }
  const owner = factsOf('own', 'qa', { delegations: [lent({ delegate_id: 'own' })] })
  assert.equal(inTheWay(owner), 'owner_and_qa')
  const signed = roundOf({ given: [given('system_owner', 'away')] })
  assert.equal(inTheWay(factsOf('op', 'qa', { round: signed, delegations: [lent()] })), 'signed_already')
})

test('R-APR-10 a round needs each role as often as it says, in signatures of the version that stands', () => {
  const two = roundOf({ requirements: [{ role: 'qa', count: 2, position: 1 }] })
  const missing = (...signatures: Given[]): string[] =>
    missingSignatures({ ...two, given: signatures }, 3).map(({ role, count }) => `${count} ${role}`)
  assert.deepEqual(missing(), ['2 qa'])
  assert.deepEqual(missing(given('qa', 'a')), ['1 qa'])
  assert.deepEqual(missing(given('qa', 'a'), given('qa', 'b', { wo_version: 2 })), ['1 qa'])
  assert.deepEqual(missing(given('qa', 'a'), given('qa', 'b')), [])
})
