/** Which rule fits, what it adds, and that nothing takes a signature away that the lifecycle requires. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requiredSignatures } from './lifecycle.ts'
import { lifecycleNames } from './lifecycles.ts'
import {
  emptyPolicy,
  escalationFor,
  findGate,
  findPolicyProblems,
  findRule,
  findWeakenings,
  requirementsFor,
  signingRoles,
} from './policy.ts'
import type { PolicyBody, PolicyFacts, PolicyRequirement, PolicyRule } from './policy.ts'
import { table } from '../../test/table.ts'

const asks = (role: PolicyRequirement['role'], more: Partial<PolicyRequirement> = {}): PolicyRequirement => ({
  role,
  count: 1,
  position: null,
  sla_hours: null,
  ...more,
})
const rule = (change: Partial<PolicyRule>): PolicyRule => ({
  lifecycle: 'change-control',
  work_category: null,
  regulatory: null,
  gate: 'release',
  ordered: false,
  sla_hours: null,
  requirements: [],
  escalation: [],
  ...change,
})
const policyOf = (...rules: readonly PolicyRule[]): PolicyBody => ({ ...emptyPolicy, rules })

const factsOf = (
  lifecycle: (typeof lifecycleNames)[number],
  gate: 'release' | 'completion',
  regulatory: boolean,
  work_category: string | null = null,
): PolicyFacts => {
  const found = findGate(lifecycle, gate)
  assert.ok(found, `${lifecycle} ${gate}`)
  return { lifecycle, gate: found, regulatory, work_category }
}
const toText = (policy: PolicyBody, facts: PolicyFacts): string =>
  requirementsFor(policy, facts)
    .requirements.map(({ role, count, position }) => `${role}×${count}@${position}`)
    .join(' ')

// Rules are named by the hours that they ask for.
const graded = policyOf(
  rule({ sla_hours: 1 }),
  rule({ sla_hours: 2, regulatory: true }),
  rule({ sla_hours: 3, work_category: 'hvac' }),
  rule({ sla_hours: 4, work_category: 'hvac', regulatory: true }),
  rule({ sla_hours: 5, gate: 'completion' }),
  rule({ sla_hours: 6, lifecycle: 'qms', gate: 'completion', work_category: 'hvac' }),
  rule({ sla_hours: 7, lifecycle: 'qms', gate: 'completion', regulatory: true }),
)
const specific = table`
  lifecycle      | gate       | category | regulatory | rule
  change-control | release    |          | no         | 1
  change-control | release    |          | yes        | 2
  change-control | release    | hvac     | no         | 3
  change-control | release    | hvac     | yes        | 4
  change-control | release    | water    | yes        | 2
  change-control | completion | hvac     | yes        | 5
  qms            | completion | hvac     | no         | 6
  qms            | completion | hvac     | yes        | 6
  qms            | completion |          | yes        | 7
  qms            | completion |          | no         | -
  fleet          | completion | hvac     | yes        | -
`

test('R-POL-1 the most specific rule holds: category before the flag, the flag before nothing', () => {
  for (const row of specific) {
    const lifecycle = lifecycleNames.find((name) => name === row['lifecycle'])
    assert.ok(lifecycle)
    const gate = row['gate'] === 'release' ? 'release' : 'completion'
    const facts = factsOf(lifecycle, gate, row['regulatory'] === 'yes', row['category'] || null)
    for (const rules of [graded.rules, graded.rules.toReversed()])
      assert.equal(
        String(findRule({ ...graded, rules }, facts)?.sla_hours ?? '-'),
        row['rule'],
        JSON.stringify(row),
      )
  }
})

test('R-POL-2 a rule adds to what the lifecycle requires: other roles, several of one, an order, hours', () => {
  const regulatory = factsOf('change-control', 'release', true)
  const plain = factsOf('change-control', 'release', false)
  assert.equal(toText(emptyPolicy, regulatory), 'system_owner×1@1 qa×1@1')
  assert.equal(toText(emptyPolicy, plain), '')
  const added = policyOf(rule({ requirements: [asks('captain', { count: 2 }), asks('qa', { count: 3 })] }))
  assert.equal(toText(added, regulatory), 'captain×2@1 qa×3@1 system_owner×1@1')
  assert.equal(toText(added, plain), 'captain×2@1 qa×3@1')
  const inOrder = policyOf(
    rule({
      ordered: true,
      sla_hours: 8,
      requirements: [asks('qa', { position: 2, sla_hours: 4 }), asks('captain', { position: 1 })],
      escalation: ['manager', { role: 'admin' }],
    }),
  )
  assert.equal(toText(inOrder, regulatory), 'captain×1@1 qa×1@2 system_owner×1@3')
  const { ordered, requirements } = requirementsFor(inOrder, regulatory)
  assert.ok(ordered)
  assert.deepEqual(
    requirements.map(({ role, slaHours }) => `${role} ${slaHours}`),
    ['captain 8', 'qa 4', 'system_owner 8'],
  )
  assert.deepEqual(escalationFor(inOrder, regulatory), ['manager', { role: 'admin' }])
  assert.deepEqual(escalationFor(emptyPolicy, regulatory), [])
})

const anyRequirement = fc.record({
  role: fc.constantFrom(...signingRoles),
  count: fc.integer({ min: -1, max: 3 }),
  position: fc.option(fc.integer({ min: 1, max: 4 })),
  sla_hours: fc.option(fc.integer({ min: 1, max: 9 })),
})
const anyRule = fc.record({
  lifecycle: fc.constantFrom(...lifecycleNames),
  work_category: fc.constantFrom(null, 'hvac'),
  regulatory: fc.constantFrom(null, true, false),
  gate: fc.constantFrom('release' as const, 'completion' as const),
  ordered: fc.boolean(),
  sla_hours: fc.option(fc.integer({ min: 1, max: 9 })),
  requirements: fc.uniqueArray(anyRequirement, { selector: ({ role }) => role }),
  escalation: fc.constant([]),
})

test('R-POL-3 whatever a policy says, System Owner and QA sign regulatory work, each at least once', () => {
  const everyFacts = lifecycleNames.flatMap((lifecycle) =>
    (['release', 'completion'] as const).flatMap((gate) =>
      findGate(lifecycle, gate) === undefined
        ? []
        : [true, false].flatMap((regulatory) =>
            [null, 'hvac'].map((category) => factsOf(lifecycle, gate, regulatory, category)),
          ),
    ),
  )
  assert.equal(everyFacts.length, 16)
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 6 }), (rules) => {
      for (const facts of everyFacts) {
        const { requirements } = requirementsFor(policyOf(...rules), facts)
        const signs = requirements.filter(({ count }) => count >= 1).map(({ role }) => role)
        for (const role of requiredSignatures(facts.gate, facts.regulatory)) assert.ok(signs.includes(role))
        if (facts.regulatory) assert.ok(signs.includes('system_owner') && signs.includes('qa'))
        assert.equal(new Set(signs).size, requirements.length)
      }
    }),
    { numRuns: 300 },
  )
})

test('R-POL-4 a policy that takes a signature away, or contradicts itself, is found out', () => {
  const weak = policyOf(rule({}), rule({ gate: 'completion', requirements: [asks('qa', { count: 0 })] }))
  assert.deepEqual(findWeakenings(weak), [{ rule: 1, role: 'qa', count: 0 }])
  assert.deepEqual(findWeakenings(graded), [])
  assert.deepEqual(findPolicyProblems(graded), [])
  const wrong: readonly (readonly [string, PolicyBody])[] = [
    ['rules.0.gate', policyOf(rule({ lifecycle: 'fleet', gate: 'release' }))],
    ['rules.1.gate', policyOf(rule({}), rule({ sla_hours: 3 }))],
    ['rules.0.requirements.1.role', policyOf(rule({ requirements: [asks('qa'), asks('qa')] }))],
    ['rules.0.requirements.0.position', policyOf(rule({ requirements: [asks('qa', { position: 1 })] }))],
    ['calendar.end', { ...emptyPolicy, calendar: { ...emptyPolicy.calendar, end: '08:00' } }],
  ]
  for (const [path, policy] of wrong)
    assert.deepEqual(
      findPolicyProblems(policy).map((problem) => problem.path),
      [path],
    )
})
