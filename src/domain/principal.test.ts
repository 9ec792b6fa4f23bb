/** Roles: what is granted, what the work order itself gives, and what an agent keeps of its sponsor's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { grantedRoles, holdsAny, humanOnlyRoles, intersectGrants, maySee, rolesOn } from './principal.ts'
import type { Actor, Grant, GrantedRole, PrincipalKind } from './principal.ts'
import { table } from '../../test/table.ts'

/** `system_owner@A1 captain` as grants; `-` is none. */
const toGrants = (cell = '-'): Grant[] =>
  cell === '-'
    ? []
    : cell.split(' ').map((word) => {
        const [role, asset_id = null] = word.split('@')
        return { role: role as GrantedRole, asset_id }
      })
const toText = (grants: readonly Grant[]): string =>
  grants.map(({ role, asset_id }) => (asset_id === null ? role : `${role}@${asset_id}`)).join(' ') || '-'
const actorOf = (kind: PrincipalKind, grants: readonly Grant[]): Actor => ({
  id: 'me',
  tenantId: 't',
  kind,
  name: 'Me',
  grants,
  sponsorId: kind === 'agent' ? 'sponsor' : null,
  client: 'rest',
})

test('R-AUT-1 an agent has its own grants, as far as its sponsor holds them', async (t) => {
  const cases = table`
    own                        | sponsor                       | left
    operator                   | operator                      | operator
    operator                   | -                             | -
    -                          | operator captain              | -
    captain operator           | operator                      | operator
    captain assigner operator  | admin captain operator        | captain operator
    operator                   | admin system_owner qa         | -
    system_owner@A1            | system_owner                  | system_owner@A1
    system_owner@A1            | system_owner@A1               | system_owner@A1
    system_owner@A1            | system_owner@A2               | -
    system_owner               | system_owner@A1               | -
  `
  for (const { own, sponsor, left } of cases) {
    await t.test(`${own} of ${sponsor}`, () =>
      assert.equal(toText(intersectGrants(toGrants(own), toGrants(sponsor))), left),
    )
  }
})

const covers = (held: readonly Grant[], one: Grant): boolean =>
  held.some(
    (grant) => grant.role === one.role && (grant.asset_id === null || grant.asset_id === one.asset_id),
  )

test('R-AUT-1 whatever the grants, an agent never has a role that its sponsor lacks, nor one it was not given', () => {
  const grants = fc.array(
    fc.record({
      role: fc.constantFrom(...grantedRoles),
      asset_id: fc.constantFrom<Grant['asset_id']>(null, 'A1', 'A2'),
    }),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(grants, grants, (own, sponsor) => {
      const left = intersectGrants(own, sponsor)
      for (const grant of left) assert.ok(covers(sponsor, grant) && own.includes(grant))
      for (const grant of own) assert.equal(left.includes(grant), covers(sponsor, grant))
    }),
  )
})

test('R-AUT-2 the roles on a work order are those granted for its asset and those that it gives itself', async (t) => {
  const cases = table`
    kind   | grants                      | requester | assignee | asset | roles
    human  | -                           | other     | other    | A1    | -
    human  | operator                    | other     | -        | -     | operator
    human  | operator                    | me        | other    | A1    | operator originator
    human  | operator                    | other     | me       | A1    | assignee operator
    human  | -                           | me        | me       | -     | assignee originator
    human  | system_owner                | other     | other    | A1    | system_owner
    human  | system_owner                | other     | other    | -     | system_owner
    human  | system_owner@A1             | other     | other    | A1    | system_owner
    human  | system_owner@A1             | other     | other    | A2    | -
    human  | system_owner@A1             | other     | other    | -     | -
    human  | system_owner@A1 assigner    | other     | other    | A2    | assigner
    vendor | vendor                      | other     | me       | A1    | assignee vendor
    agent  | operator                    | me        | other    | A1    | operator orchestrator originator
    agent  | captain                     | other     | me       | A1    | assignee captain
    agent  | -                           | other     | other    | A1    | -
    system | operator                    | other     | other    | A1    | operator system
    system | captain                     | me        | other    | A1    | captain originator system
  `
  for (const { kind, grants, requester, assignee, asset, roles } of cases) {
    await t.test(`${kind} ${grants} ${requester} ${assignee} ${asset}`, () => {
      const found = rolesOn(actorOf(kind as PrincipalKind, toGrants(grants)), {
        requester_id: requester ?? '',
        assignee_id: assignee === '-' ? null : (assignee ?? null),
        asset_id: asset === '-' ? null : (asset ?? null),
      })
      assert.equal([...found].toSorted().join(' ') || '-', roles)
    })
  }
})

test('R-AUT-3 a vendor sees its own work orders and no other; the rest of the tenant sees all', async (t) => {
  const cases = table`
    kind   | requester | assignee | sees
    human  | other     | other    | yes
    agent  | other     | -        | yes
    system | other     | other    | yes
    vendor | other     | other    | no
    vendor | other     | -        | no
    vendor | other     | me       | yes
    vendor | me        | other    | yes
  `
  for (const { kind, requester, assignee, sees } of cases) {
    await t.test(`${kind} ${requester} ${assignee}`, () => {
      const ties = {
        requester_id: requester ?? '',
        assignee_id: assignee === '-' ? null : (assignee ?? null),
        asset_id: null,
      }
      assert.equal(maySee(actorOf(kind as PrincipalKind, []), ties) ? 'yes' : 'no', sees)
    })
  }
})

test('R-AUT-4 only people administer, own systems and assure quality', () => {
  assert.deepEqual(humanOnlyRoles.toSorted(), ['admin', 'qa', 'system_owner'])
  assert.deepEqual(grantedRoles.toSorted(), [
    'admin',
    'assigner',
    'auditor',
    'captain',
    'operator',
    'qa',
    'system_owner',
    'vendor',
  ])
  assert.equal(holdsAny({ grants: toGrants('qa') }, ['admin', 'qa']), true)
  assert.equal(holdsAny({ grants: toGrants('operator') }, ['admin', 'qa']), false)
  assert.equal(holdsAny({ grants: [] }, ['admin']), false)
})
