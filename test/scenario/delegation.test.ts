/** Delegations over the doors, and by SQL as the role that serves: both sides accept, either ends it, nothing crosses. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { verifyTenant } from '#capabilities/verify/verify.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { enrolPerson, enrolSigner, signWith } from '../signer.ts'
import type { Signer } from '../signer.ts'

let fixture: Fixture
let qa: Signer
let deputy: Signer
let owner: Signer
before(async () => {
  fixture = await openFixture()
  qa = await enrolSigner(fixture, 'Quirin QA', ['qa'])
  deputy = await enrolSigner(fixture, 'Dana Deputy', ['operator'])
  owner = await enrolSigner(fixture, 'Sonja Owner', ['system_owner'])
})
after(() => fixture.close())

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString()
const offer = (to: string, more: object = {}): object => ({
  to,
  roles: ['qa'],
  ends_at: inDays(10),
  reason: 'on leave',
  ...more,
})
const propose = (from: Signer, to: string, more?: object): Promise<Reply> =>
  from.call('POST', '/v1/delegations', offer(to, more))
const mark = (who: Signer, id: string, what: string): Promise<Reply> =>
  who.call('POST', `/v1/delegations/${id}/${what}`, { reason: 'as agreed' })

async function agreed(more?: object): Promise<string> {
  const made = await propose(qa, deputy.name, more)
  assert.equal(made.status, 201, made.text)
  const accepted = await mark(deputy, made.body.id, 'acceptance')
  assert.equal(accepted.body.status, 'active', accepted.text)
  return made.body.id
}

async function submitted(): Promise<string> {
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', {
    title: 'Replace the pump seals',
    description: 'Worn',
    regulatory: true,
    asset: 'HPLC-01',
    assignee: 'Lee Lab',
    job_plan: { title: 'Seals', steps: ['Replace'] },
  })
  assert.equal(made.status, 201, made.text)
  const move = { to: 'pending_approval', reason: 'ready' }
  const moved = await fixture.call('Pat Planner', 'POST', `/v1/work-orders/${made.body.id}/transitions`, move)
  assert.equal(moved.status, 200, moved.text)
  return made.body.id
}
const signAsQa = async (id: string): Promise<Reply> => signWith(deputy, id, { gate: 'release', role: 'qa' })

test('R-DEL-5 a delegate signs as himself once both have accepted, and not after either has revoked', async () => {
  const id = await submitted()
  assert.equal((await signAsQa(id)).status, 403)
  const made = await propose(qa, deputy.name)
  assert.deepEqual([made.status, made.body.status], [201, 'proposed'], made.text)
  assert.ok(made.body.delegator_accepted_at !== null && made.body.delegate_accepted_at === null)
  assert.equal((await signAsQa(id)).status, 403)
  assert.equal((await mark(deputy, made.body.id, 'acceptance')).body.status, 'active')
  const signed = await signAsQa(id)
  assert.equal(signed.status, 201, signed.text)
  assert.equal((await mark(deputy, made.body.id, 'revocation')).body.status, 'revoked')
  assert.equal((await signAsQa(await submitted())).status, 403)
  const over = await mark(qa, made.body.id, 'acceptance')
  assert.deepEqual([over.status, over.body.code], [409, 'delegation_over'])
})

test('R-DEL-6 each accepts for himself; an administrator proposes for who is away, and revokes', async () => {
  const made = await fixture.call('Ada Admin', 'POST', '/v1/delegations', {
    ...offer(deputy.name),
    from: qa.name,
  })
  assert.deepEqual([made.status, made.body.status], [201, 'proposed'], made.text)
  assert.equal(made.body.delegator_accepted_at, null)
  const id: string = made.body.id
  const forBoth = await fixture.call('Ada Admin', 'POST', `/v1/delegations/${id}/acceptance`, {})
  assert.deepEqual([forBoth.status, forBoth.body.code], [403, 'not_a_party'])
  assert.equal((await mark(deputy, id, 'acceptance')).body.status, 'proposed')
  assert.equal((await signAsQa(await submitted())).status, 403)
  assert.equal((await mark(qa, id, 'acceptance')).body.status, 'active')
  assert.equal((await mark(owner, id, 'revocation')).body.code, 'not_a_party')
  const ended = await fixture.call('Ada Admin', 'POST', `/v1/delegations/${id}/revocation`, {
    reason: 'fraud',
  })
  assert.equal(ended.body.status, 'revoked', ended.text)
  const stranger = await owner.call('POST', '/v1/delegations', { ...offer(deputy.name), from: qa.name })
  assert.deepEqual([stranger.status, stranger.body.code], [403, 'not_allowed'])
})

test('R-DEL-7 a delegation that may not be is refused with its rule', async () => {
  const twice = await enrolPerson(fixture, 'Tina Twice', ['operator'])
  const given = await agreed()
  const wrong: readonly (readonly [string, Promise<Reply>])[] = [
    ['to_oneself', propose(qa, qa.name)],
    ['humans_only', propose(qa, 'Build Agent')],
    ['humans_only', propose(qa, 'Vik Vendor')],
    ['humans_only', propose(qa, 'system:scheduler')],
    ['role_not_held', propose(qa, deputy.name, { roles: ['captain'] })],
    ['role_not_held', propose(deputy, twice.name)],
    ['owner_and_qa', propose(qa, owner.name)],
    ['owner_and_qa', propose(owner, qa.name, { roles: ['system_owner'] })],
    ['thirty_days_at_most', propose(qa, deputy.name, { ends_at: inDays(31) })],
    ['in_the_past', propose(qa, deputy.name, { starts_at: inDays(-1) })],
    ['in_the_past', propose(qa, deputy.name, { ends_at: inDays(-1) })],
  ]
  for (const [rule, asking] of wrong) {
    const reply = await asking
    assert.deepEqual([reply.status, reply.body.rule], [422, rule], reply.text)
  }
  assert.equal((await propose(qa, 'Nobody')).body.code, 'unknown_reference')
  assert.equal((await mark(qa, given, 'revocation')).status, 200)
})

test('R-DEL-8 what is declined stays declined; a decline is for what was not accepted', async () => {
  const made = await propose(qa, deputy.name)
  assert.equal((await mark(deputy, made.body.id, 'refusal')).body.status, 'declined')
  assert.equal((await mark(deputy, made.body.id, 'acceptance')).body.code, 'delegation_over')
  const id = await agreed()
  assert.equal((await mark(deputy, id, 'refusal')).body.code, 'delegation_over')
  await mark(qa, id, 'revocation')
  const list = await fixture.call('Lee Lab', 'GET', `/v1/delegations?principal=${deputy.id}&limit=2`)
  assert.deepEqual(
    list.body.data.map(({ status }: Json) => status),
    ['revoked', 'declined'],
  )
  assert.equal((await fixture.call('Lee Lab', 'GET', `/v1/delegations/${id}`)).body.delegator, qa.name)
  assert.equal((await fixture.call('Lee Lab', 'GET', '/v1/delegations/none')).status, 404)
})

test('R-DEL-9 a scope is a scope: another lifecycle, category or risk is not covered', async () => {
  for (const scope of [
    { lifecycles: ['qms'] },
    { work_categories: ['hvac'] },
    { regulatory: false },
    { starts_at: inDays(1) },
  ]) {
    const made = await propose(qa, deputy.name, scope)
    assert.equal((await mark(deputy, made.body.id, 'acceptance')).status, 200)
    assert.equal((await signAsQa(await submitted())).status, 403, JSON.stringify(scope))
    await mark(qa, made.body.id, 'revocation')
  }
})

/** Straight into the table, past the domain. */
const insert = (from: string, to: string, roles: string, ends = '1 day', more = '', values = ''): string =>
  `insert into delegations (id, delegator_id, delegate_id, roles, starts_at, ends_at, reason, version, entry_seq, entry_id, entry_head${more})
   values (gen_random_uuid(), '${from}', '${to}', '${roles}', now(), now() + interval '${ends}', 'x', 1, 1, gen_random_uuid(), '\\x00'${values})`

test('R-DEL-10 the database refuses the same, to the role that serves', async () => {
  const id = await agreed()
  const open = await propose(qa, deputy.name)
  const client = new pg.Client({ connectionString: fixture.service.installation.urlOf('docket_app') })
  await client.connect()
  const { tenant } = (await qa.call('GET', '/v1/me')).body
  const bot = await fixture.call('Lee Lab', 'GET', `/v1/principals/${encodeURIComponent('Build Agent')}`)
  const wrong: readonly (readonly [RegExp, string])[] = [
    [/nobody_delegates_to_himself|two active people/, insert(qa.id, qa.id, '{qa}')],
    [/two active people|never_to_an_agent/, insert(qa.id, bot.body.id, '{qa}')],
    [/does not hold/, insert(qa.id, deputy.id, '{captain}')],
    [/does not hold/, insert(deputy.id, qa.id, '{qa}')],
    [/two people/, insert(qa.id, owner.id, '{qa}')],
    [/two people/, insert(owner.id, qa.id, '{system_owner}')],
    [/thirty_days_at_most/, insert(qa.id, deputy.id, '{qa}', '31 days')],
    [/begins as a proposal/, insert(qa.id, deputy.id, '{qa}', '1 day', ', delegate_accepted_at', ', now()')],
    [/changed without an entry/, `${insert(qa.id, deputy.id, '{qa}')}; commit`],
    [/is not changed/, `update delegations set ends_at = ends_at + interval '1 day' where id = '${id}'`],
    [/is not changed/, `update delegations set delegate_id = '${owner.id}' where id = '${id}'`],
    [
      /changed without an entry/,
      `update delegations set delegate_accepted_at = now() where id = '${open.body.id}'; commit`,
    ],
    [/permission denied/, `delete from delegations where id = '${id}'`],
  ]
  try {
    for (const [says, statement] of wrong) {
      await client.query('begin')
      await client.query(`select set_config('docket.tenant_id', '${tenant.id}', true)`)
      await assert.rejects(client.query(statement), says, statement)
      await client.query('rollback')
    }
  } finally {
    await client.end()
  }
})

test('R-DEL-11 delegations are records with a chain of their own, and the verifier sees one that was changed', async () => {
  const { tenant } = (await qa.call('GET', '/v1/me')).body
  const url = fixture.service.installation.urlOf('docket_auditor')
  const clean = await verifyTenant(url, tenant.id)
  assert.deepEqual(clean.damages, [])
  const client = new pg.Client({ connectionString: fixture.adminUrl })
  await client.connect()
  try {
    await client.query('alter table delegations disable trigger user')
    const { rows } = await client.query(
      `update delegations set ends_at = ends_at + interval '1 hour' where id = (select id from delegations order by id limit 1) returning id`,
    )
    const { damages } = await verifyTenant(url, tenant.id)
    assert.deepEqual(
      damages.map(({ record, field }) => [record.kind, record.id, field]),
      [['delegation', rows[0].id, 'ends_at']],
    )
  } finally {
    await client.end()
  }
})
