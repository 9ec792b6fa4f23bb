/**
 * Two tenants never meet when one of them writes: nothing of the other is changed, named or come by, and the
 * refusals tell nothing of it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { operations } from '#capabilities/index.ts'
import type { Operation } from '#platform/operation.ts'
import { upload } from './authz-world.ts'
import { send } from './fixture.ts'
import type { Json, Reply } from './fixture.ts'
import { must, secretFields } from './isolation-secret.ts'
import { assertClean, collectTraces, digestTenant, openIsolation, pairsOf } from './isolation-world.ts'
import type { Isolation, Side } from './isolation-world.ts'
import { table } from './table.ts'

let world: Isolation
before(async () => {
  world = await openIsolation()
})
after(() => world.close())

// Calls that would change something of the other tenant's. `{id}` and the like are its refs.
const assaults = table`
  method | path                                            | body
  PATCH  | /v1/work-orders/{id}                            | {"priority": "low", "reason": "x"}
  PATCH  | /v1/work-orders/{otherId}                       | {"notes": "x", "reason": "x"}
  POST   | /v1/work-orders/{id}/transitions                | {"to": "approved", "review_notes": "x"}
  POST   | /v1/work-orders/{otherId}/transitions           | {"to": "cancelled", "reason": "x"}
  POST   | /v1/work-orders/{fleetNumber}/transitions       | {"to": "cancelled", "notes": "x"}
  POST   | /v1/work-orders/{id}/hold                       | {"reason": "x"}
  DELETE | /v1/work-orders/{otherId}/hold                  | {"reason": "x"}
  POST   | /v1/work-orders/{id}/acknowledgement            | {}
  POST   | /v1/work-orders/{id}/parent                     | {"parent": "{otherId}", "reason": "x"}
  DELETE | /v1/work-orders/{otherId}/parent                | {"reason": "x"}
  POST   | /v1/work-orders/{id}/dependencies               | {"predecessor": "{otherId}", "reason": "x"}
  DELETE | /v1/work-orders/{id}/dependencies/{otherId}     | {"reason": "x"}
  POST   | /v1/work-orders/{id}/dependency-set             | {"dependencies": [{"work_order": "{id}", "predecessor": "{otherId}"}], "reason": "x"}
  POST   | /v1/work-orders/{id}/transitive-reduction       | {"reason": "x"}
  POST   | /v1/work-orders/{id}/waiver                     | {"reason": "x"}
  DELETE | /v1/work-orders/{otherId}/waiver                | {"reason": "x"}
  POST   | /v1/work-orders/{id}/steps/a                    | {}
  POST   | /v1/work-orders/{id}/credentials/a/lease        | {}
  PATCH  | /v1/templates/{template}                        | {"retired": true, "reason": "x"}
  POST   | /v1/templates/{template}/apply                  | {}
  POST   | /v1/work-orders/{id}/reservations               | {"items": [{"kind": "tool", "resource": "{toolId}", "from": "2027-03-01T08:00:00Z", "until": "2027-03-01T09:00:00Z"}]}
  POST   | /v1/work-orders/{otherId}/reservations/confirmation | {}
  DELETE | /v1/work-orders/{otherId}/reservations          | {"reason": "x"}
  POST   | /v1/work-orders/{id}/timer                      | {}
  DELETE | /v1/work-orders/{id}/timer                      | {}
  POST   | /v1/work-orders/{id}/time-entries               | {"from": "2026-01-15T08:00:00Z", "until": "2026-01-15T09:00:00Z"}
  POST   | /v1/time-entries/{timeEntryId}/correction       | {"note": "x", "reason": "x"}
  POST   | /v1/time-entries/{timeEntryId}/void             | {"reason": "x"}
  POST   | /v1/work-orders/{id}/costs                      | {"kind": "part", "description": "x", "unit_price": "1", "currency": "EUR"}
  POST   | /v1/costs/{costId}/void                         | {"reason": "x"}
  PATCH  | /v1/experiences/{experience}                    | {"retired": true, "reason": "x"}
  PATCH  | /v1/tools/{toolId}                              | {"retired": true, "reason": "x"}
  PATCH  | /v1/calendars/{calendar}                        | {"retired": true, "reason": "x"}
  PATCH  | /v1/people/{headId}                             | {"job_roles": ["x"], "reason": "x"}
  DELETE | /v1/people/{headId}/ratings/{experience}        | {"reason": "x"}
  POST   | /v1/work-orders/{id}/comments                   | {"body": "x"}
  POST   | /v1/schedules/{scheduleId}/stop                 | {}
  POST   | /v1/schedules/{scheduleId}/booking              | {"reason": "x"}
  PATCH  | /v1/assets/{assetId}                            | {"name": "x", "reason": "x"}
  PATCH  | /v1/assets/{tag}                                | {"status": "retired", "reason": "x"}
  POST   | /v1/principals/{headId}/disable                 | {"reason": "x"}
  POST   | /v1/principals/{headName}/disable               | {"reason": "x"}
  POST   | /v1/principals/{headId}/enable                  | {"reason": "x"}
  POST   | /v1/principals/{headId}/grants                  | {"role": "vendor", "reason": "x"}
  DELETE | /v1/principals/{headId}/grants                  | {"role": "admin", "reason": "x"}
  POST   | /v1/keys                                        | {"principal": "{headId}"}
  POST   | /v1/keys                                        | {"principal": "{headName}"}
  DELETE | /v1/keys/{keyId}                                | {}
  DELETE | /v1/keys/{keyId}                                | {"principal": "{headId}"}
  POST   | /v1/principals/{headId}/manager                 | {"manager": null, "reason": "x"}
  POST   | /v1/principals/{headName}/manager               | {"manager": null, "reason": "x"}
  POST   | /v1/principals/{headId}/password                | {"email": "x@y.example", "password": "a password of mine"}
  POST   | /v1/principals/{ownerName}/password             | {"email": "x@y.example", "password": "a password of mine"}
  POST   | /v1/principals/{ownerId}/signing-unlock         | {"reason": "x"}
  POST   | /v1/principals/{ownerName}/signing-unlock       | {"reason": "x"}
  POST   | /v1/signing-keys/{signingKeyId}/confirmation    | {"note": "x"}
  POST   | /v1/signing-keys/{signingKeyId}/revocation      | {"reason": "x"}
  POST   | /v1/work-orders/{signedId}/signing-intents      | {"gate": "release", "role": "qa"}
  POST   | /v1/signing-intents/{intentId}/signature        | {"password": "{secret}-{secret}-2", "passphrase": "four words about the {secret}"}
  POST   | /v1/work-orders/{signedId}/rejections           | {"reason": "x"}
  DELETE | /v1/absences/{absenceId}                        | {"reason": "x"}
  POST   | /v1/delegations/{delegationId}/acceptance       | {}
  POST   | /v1/delegations/{delegationId}/refusal          | {}
  POST   | /v1/delegations/{acceptedId}/revocation         | {"reason": "x"}
  POST   | /v1/findings/{findingId}/assignments            | {"owner": "{headId}"}
  POST   | /v1/findings/{findingId}/resolutions            | {"resolution": "x"}
  POST   | /v1/findings/{findingId}/closures               | {"resolution": "x"}
`
const filled = (text: string, { refs }: Side): string =>
  text.replaceAll(/\{(\w+)\}/g, (braces, name: string) => refs[name] ?? braces)

test('R-ISO-7 nothing of the other tenant can be changed: it is not there, and every row of it stays as it was', async () => {
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    const earlier = await digestTenant(world.fixture, them)
    assert.ok(Object.keys(earlier).length > 14)
    for (const caller of [us.head, us.vendor]) {
      for (const { method = '', path: route = '', body = '' } of assaults) {
        const path = filled(route, them)
        const url = `${world.fixture.url}${encodeURI(path)}`
        const reply = await send(url, caller.key, method, JSON.parse(filled(body, them)))
        const isVendor = caller === us.vendor
        assert.ok(
          reply.status === 404 || (isVendor && reply.status === 403),
          `${method} ${path}: ${reply.text}`,
        )
        assertClean(traces, reply, `${path} ${filled(body, them)}`, `${method} ${path}`)
      }
      const file = await upload(
        `${world.fixture.url}/v1/work-orders/${them.refs['id']}/attachments`,
        caller.key,
        'x',
        'x',
      )
      assert.equal(file.status, 404)
    }
    assert.deepEqual(await digestTenant(world.fixture, them), earlier)
  }
})

function isTried(operation: Operation): boolean {
  const [method, route] = operation.http
  const form = new RegExp(`^${route.replaceAll(/:\w+/g, '[^/]+')}$`)
  return assaults.some((row) => row['method'] === method && form.test(row['path'] ?? ''))
}

test('R-ISO-8 each changing operation was tried on the other tenant', () => {
  const all: readonly Operation[] = operations
  const untried = all.filter((operation) => operation.mutates && !isTried(operation)).map(({ name }) => name)
  // These make something new: what they may refer to is the next test. A file is uploaded in the one before.
  assert.deepEqual(
    untried.toSorted(),
    [
      'absence.add',
      'asset.create',
      'attachment.add',
      'delegation.propose',
      // These three are of the caller, and name nobody.
      'signing.attest',
      'signing_key.begin',
      'signing_key.enroll',
      'policy.set',
      // Of the tenant itself, and names nobody.
      'policy.set_completion',
      // Refused by their references: see R-ISO-9.
      'schedule.propose',
      'schedule.plan',
      'template.create',
      'experience.create',
      'tool.create',
      'calendar.create',
      // Line by line what the operations of its registry do, which are tried.
      'registry.import',
      // Refused by its reference: see R-ISO-9.
      'person.rate',
      'principal.create',
      'work_order.create',
      'work_order.create_many',
    ].toSorted(),
  )
})

/** A field may lie deeper: `work_orders.0.asset`. */
function place(body: Json, field: string, value: string): Json {
  const steps = field.split('.')
  const last = steps.pop() ?? ''
  let inner = body
  for (const step of steps) inner = inner[step]
  inner[last] = value
  return body
}

// What of the other tenant's is named, and what that is refused as.
const references = table`
  method | path                          | field     | refs                        | body                                          | code
  POST   | /v1/work-orders               | assignee  | headId headName             | {"title": "x", "lifecycle": "qms"}            | unknown_reference
  POST   | /v1/work-orders               | requester | headId headName             | {"title": "x", "lifecycle": "qms"}            | unknown_reference
  POST   | /v1/work-orders               | asset     | assetId tag                 | {"title": "x", "lifecycle": "qms"}            | unknown_reference
  POST   | /v1/work-orders               | parent    | id otherId fleetNumber      | {"title": "x", "lifecycle": "qms"}            | unknown_reference
  POST   | /v1/work-orders/batch         | work_orders.0.assignee  | headId headName        | {"work_orders": [{"title": "x", "lifecycle": "qms"}]} | unknown_reference
  POST   | /v1/work-orders/batch         | work_orders.0.requester | headId headName        | {"work_orders": [{"title": "x", "lifecycle": "qms"}]} | unknown_reference
  POST   | /v1/work-orders/batch         | work_orders.0.asset     | assetId tag            | {"work_orders": [{"title": "x", "lifecycle": "qms"}]} | unknown_reference
  POST   | /v1/work-orders/batch         | work_orders.0.parent    | id otherId fleetNumber | {"work_orders": [{"title": "x", "lifecycle": "qms"}]} | unknown_reference
  PATCH  | /v1/work-orders/{own}         | assignee  | headId headName             | {}                                            | unknown_reference
  PATCH  | /v1/work-orders/{own}         | asset     | assetId tag                 | {}                                            | unknown_reference
  POST   | /v1/assets                    | owner     | headId headName             | {"tag": "x", "name": "x"}                     | unknown_reference
  POST   | /v1/assets                    | parent    | assetId tag                 | {"tag": "x", "name": "x"}                     | unknown_reference
  PATCH  | /v1/assets/{ownAsset}         | owner     | headId headName             | {"reason": "x"}                               | unknown_reference
  PATCH  | /v1/assets/{ownAsset}         | parent    | assetId tag                 | {"reason": "x"}                               | unknown_reference
  POST   | /v1/principals                | sponsor   | headId headName             | {"name": "x", "kind": "agent"}                | sponsor_required
  POST   | /v1/principals/{ownHead}/grants | asset   | assetId tag                 | {"role": "system_owner", "reason": "x"}       | unknown_reference
  POST   | /v1/principals/{ownHead}/manager | manager | headId headName             | {"reason": "x"}                               | unknown_reference
  POST   | /v1/people/{headId}/ratings   | experience | experience               | {"rating": 3, "reason": "x"} | unknown_reference
  POST   | /v1/schedules                 | request.work_order_id | id otherId fleetNumber | {"request": {"type": "SCHEDULING_REQUEST", "job_plan_id": "x", "constraints": {"earliest_start": "2199-03-01T08:00:00Z", "latest_end": "2199-03-05T08:00:00Z", "required_experience": [], "required_tools": [], "required_persons": []}}} | unknown_reference
  POST   | /v1/schedules/plans           | master    | id otherId fleetNumber      | {}                                            | unknown_reference
  POST   | /v1/schedules/plans           | work_orders.0 | id otherId fleetNumber  | {"work_orders": [""]}                         | unknown_reference
  POST   | /v1/absences                  | principal | headId headName             | {"starts_at": "2199-07-01T00:00:00Z", "ends_at": "2199-07-02T00:00:00Z"} | unknown_reference
  POST   | /v1/delegations               | to        | headId headName             | {"roles": ["operator"], "ends_at": "2199-01-01T00:00:00Z", "reason": "x"} | unknown_reference
  POST   | /v1/delegations               | from      | headId headName             | {"to": "{ownHead}", "roles": ["operator"], "ends_at": "2199-01-01T00:00:00Z", "reason": "x"} | unknown_reference
  POST   | /v1/findings/{ownFinding}/assignments | owner | headId headName         | {}                                            | unknown_reference
`

test('R-ISO-9 a reference to a record of the other tenant is refused as unknown', async (t) => {
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    const { id: own } = await must(world.fixture, us.head.key, 'POST', '/v1/work-orders', {
      title: 'a draft',
      lifecycle: 'qms',
    })
    const { assetId: ownAsset = '', headId: ownHead = '', findingId: ownFinding = '' } = us.refs
    const fill = (text: string): string =>
      text
        .replace('{own}', own)
        .replace('{ownAsset}', ownAsset)
        .replace('{ownHead}', ownHead)
        .replace('{ownFinding}', ownFinding)
    for (const { method = '', path = '', field = '', refs = '', body = '', code } of references) {
      await t.test(`${us.slug} ${method} ${path} ${field}`, async () => {
        for (const ref of refs.split(' ')) {
          const value = them.refs[ref] ?? ''
          const url = fill(path)
          const given = place(JSON.parse(fill(body)), field, value)
          const reply = await send(`${world.fixture.url}${url}`, us.head.key, method, given)
          assert.deepEqual([reply.status, reply.body.code], [422, code], `${ref}: ${reply.text}`)
          assert.ok(code !== 'unknown_reference' || reply.body.field === field)
          assertClean(traces, reply, JSON.stringify(given), `${url} ${field} ${ref}`)
        }
      })
    }
  }
})

test('R-ISO-9 a policy that would escalate to a person of the other tenant, and an intent with a key of it, are refused', async () => {
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const ref of ['headId', 'headName']) {
      const rule = {
        lifecycle: 'qms',
        gate: 'completion',
        requirements: [],
        escalation: [{ principal: them.refs[ref] }],
      }
      const calendar = { time_zone: 'UTC', weekdays: [1], start: '09:00', end: '17:00' }
      const given = { body: { calendar, rules: [rule] }, reason: 'x' }
      const url = `${world.fixture.url}/v1/approval-policy`
      const reply = await send(url, us.head.key, 'POST', given)
      assert.deepEqual([reply.status, reply.body.code], [422, 'unknown_reference'], reply.text)
      assertClean(traces, reply, JSON.stringify(given), ref)
    }
    const asked = { gate: 'release', role: 'qa', signing_key: them.refs['signingKeyId'] }
    const url = `${world.fixture.url}/v1/work-orders/${us.refs['signedId']}/signing-intents`
    const refused = await send(url, us.head.key, 'POST', asked)
    assert.equal(refused.status, 403, refused.text)
    assertClean(traces, refused, JSON.stringify(asked), 'a key of theirs')
  }
})

test('R-ISO-9 an estimate and a projection take no asset and no work order of the other tenant', async () => {
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    for (const ref of ['assetId', 'tag']) {
      const given = { title: 'x', asset: them.refs[ref] }
      const reply = await send(`${world.fixture.url}/v1/estimates`, us.head.key, 'POST', given)
      assert.deepEqual([reply.status, reply.body.code], [422, 'unknown_reference'], reply.text)
      assertClean(traces, reply, JSON.stringify(given), ref)
    }
    const url = `${world.fixture.url}/v1/estimates/projection?parent=${them.refs['id']}`
    const reply = await send(url, us.head.key, 'GET')
    assert.equal(reply.status, 404, reply.text)
    assertClean(traces, reply, url, 'a master of theirs')
  }
})

test('R-ISO-9 a match names nobody of the other tenant, and takes no work order, person or experience of it', async () => {
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    const own = { type: 'STAFFING_REQUEST', work_order_id: us.refs['id'], experience_requirements: [] }
    const window = { start: '2027-03-01T00:00:00Z', end: '2027-03-06T00:00:00Z' }
    const match = (more: object): Promise<Reply> =>
      send(`${world.fixture.url}/v1/resources/match`, us.head.key, 'POST', {
        request: { ...own, ...more },
        window,
        hours: 4,
      })
    const found = await match({})
    assert.equal(found.status, 200, found.text)
    assertClean(traces, found, '', 'a match')
    for (const more of [
      { work_order_id: them.refs['id'] },
      { exclude_persons: [them.refs['headId']] },
      { preferred_persons: [them.refs['headName']] },
      { experience_requirements: [{ experience_id: them.refs['experience'], min_rating: 1 }] },
    ]) {
      const reply = await match(more)
      assert.deepEqual([reply.status, reply.body.code], [422, 'unknown_reference'], reply.text)
      assertClean(traces, reply, JSON.stringify(more), JSON.stringify(more))
    }
  }
})

test('R-ISO-10 an idempotency key of the other tenant does here what was asked, and shows nothing of what it did there', async () => {
  for (const { us, them } of pairsOf(world)) {
    const traces = await collectTraces(world.fixture, them, us)
    const earlier = await digestTenant(world.fixture, them)
    const key = { 'idempotency-key': them.refs['idempotencyKey'] ?? '' }
    const theirCall = { ...secretFields(them.secret), lifecycle: 'change-control' }
    const theirs = await send(`${world.fixture.url}/v1/work-orders`, us.head.key, 'POST', theirCall, key)
    assert.equal(theirs.body.code, 'unknown_reference', theirs.text)
    assertClean(traces, theirs, JSON.stringify(theirCall), 'their very call')
    const sameCall = { title: `[Unit-x] the same`, lifecycle: 'change-control' }
    const first = await send(`${world.fixture.url}/v1/work-orders`, us.head.key, 'POST', sameCall, key)
    assert.equal(first.status, 201)
    assert.equal(first.headers.get('idempotency-replayed'), null)
    assertClean(traces, first, JSON.stringify([sameCall, key]), 'first use')
    // Nor do two principals of one tenant share a key: what one was answered is not for the other.
    const second = await send(`${world.fixture.url}/v1/work-orders`, us.vendor.key, 'POST', sameCall, key)
    assert.equal(second.status, 201)
    assert.notEqual(second.body.id, first.body.id)
    const remark = { body: `${us.secret} for few eyes` }
    const once = { 'idempotency-key': `${us.secret}-remark` }
    const url = `${world.fixture.url}/v1/work-orders/${us.refs['otherId']}/comments`
    assert.equal((await send(url, us.head.key, 'POST', remark, once)).status, 201)
    assert.equal((await send(url, us.vendor.key, 'POST', remark, once)).status, 404)
    assert.deepEqual(await digestTenant(world.fixture, them), earlier)
  }
})

test('R-ISO-12 the same names live in both tenants, and neither is told of the other’s', async () => {
  for (const { us, them } of pairsOf(world)) {
    const earlier = await digestTenant(world.fixture, them)
    const { tag, headName } = them.refs
    for (const [path, body] of [
      ['/v1/assets', { tag, name: 'ours' }],
      ['/v1/principals', { name: headName, kind: 'human', email: them.person.email }],
      ['/v1/principals', { name: them.slug, kind: 'human' }],
    ] as const) {
      const reply = await send(`${world.fixture.url}${path}`, us.head.key, 'POST', body)
      assert.equal(reply.status, 201, reply.text)
    }
    assert.deepEqual(await digestTenant(world.fixture, them), earlier)
  }
})

const signIn = (email: string, password: string): Promise<Reply> =>
  send(
    `${world.fixture.url}/auth/sign-in/email`,
    undefined,
    'POST',
    { email, password },
    { origin: world.fixture.url },
  )
const cookieOf = ({ headers }: Reply): Record<string, string> => ({
  cookie: headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; '),
})

test('R-ISO-14 no administrator comes to act in the other tenant by way of a person’s address and password', async () => {
  const { fixture } = world
  const mine = 'a password of my own'
  const register = (side: Side, name: string, email: string, password: string): Promise<Reply> =>
    send(`${fixture.url}/v1/principals`, side.head.key, 'POST', {
      name,
      kind: 'human',
      email,
      password,
      roles: ['admin'],
    })
  const me = (cookie: Record<string, string>, slug: string): Promise<Reply> =>
    send(`${fixture.url}/v1/me`, undefined, 'GET', undefined, { ...cookie, 'docket-tenant': slug })
  const [us, them] = world.sides

  // Somebody who is there: the password stays, and the tenant that it opens is not put in doubt.
  const earlier = await digestTenant(fixture, them)
  const taken = await register(us, 'Not them', them.person.email, mine)
  assert.equal(taken.status, 409, taken.text)
  assert.equal((await signIn(them.person.email, mine)).status, 401)
  const theirs = await signIn(them.person.email, them.person.password)
  assert.equal(
    (await send(`${fixture.url}/v1/me`, undefined, 'GET', undefined, cookieOf(theirs))).status,
    200,
  )
  assert.equal((await me(cookieOf(theirs), us.slug)).status, 401)

  // Somebody who is not there yet: whoever was first with the address gets nothing of what comes later.
  const early = await register(us, 'Early bird', `new@${them.secret}.example`, mine)
  assert.equal(early.status, 201, early.text)
  await register(them, 'The newcomer', `new@${them.secret}.example`, 'a password of the newcomer')
  const bird = cookieOf(await signIn(`new@${them.secret}.example`, mine))
  assert.equal((await me(bird, us.slug)).body.name, 'Early bird')
  assert.equal((await me(bird, them.slug)).status, 401)

  // A principal without an address: the account that its keys hang on has none that can be had.
  for (const id of [them.refs['headId'], '0190b7a2-0000-7000-8000-000000000000']) {
    const email = `${id}@principals.invalid`
    assert.equal((await register(us, `Key of ${id}`, email, mine)).status, 409, email)
    assert.equal((await signIn(email, mine)).status, 401)
  }
  assert.deepEqual((await digestTenant(fixture, them))['passwords'], earlier['passwords'])
})

test('R-ISO-15 a person who is in both says the same password to both, and is in each what that one says', async () => {
  const { fixture } = world
  const [us, them] = world.sides
  const person = { kind: 'human', email: 'both@example.org', password: 'one person, one password' }
  // A name that is taken is refused, and leaves nothing behind that would stand in the way.
  const url = `${fixture.url}/v1/principals`
  const taken = await send(url, us.head.key, 'POST', { ...person, name: us.head.name })
  assert.equal(taken.body.code, 'already_exists')
  for (const [side, name] of [
    [us, 'Both here'],
    [them, 'Both there'],
  ] as const) {
    const reply = await send(url, side.head.key, 'POST', { ...person, name })
    assert.equal(reply.status, 201, reply.text)
  }
  const cookie = cookieOf(await signIn(person.email, person.password))
  for (const [side, name] of [
    [us, 'Both here'],
    [them, 'Both there'],
  ] as const) {
    const { body } = await send(`${fixture.url}/v1/me`, undefined, 'GET', undefined, {
      ...cookie,
      'docket-tenant': side.slug,
    })
    assert.deepEqual([body.name, body.tenant.slug], [name, side.slug])
  }
  const undecided = await send(`${fixture.url}/v1/me`, undefined, 'GET', undefined, cookie)
  assert.equal(undecided.status, 401, 'which one is not guessed')
})
