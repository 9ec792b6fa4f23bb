/** The approval policy over the doors: who may set it, what it asks for, and that no version is ever lost. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { enrolSigner, signWith } from '../signer.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const admin = 'Ada Admin'
const calendar = { time_zone: 'Europe/Berlin', weekdays: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' }
const rule = (more: object): object => ({ lifecycle: 'change-control', gate: 'release', ...more })
const read = async (): Promise<Json> => (await fixture.call('Lee Lab', 'GET', '/v1/approval-policy')).body
const set = (rules: readonly object[], headers?: Record<string, string>, who = admin): Promise<Reply> =>
  fixture.call(
    who,
    'POST',
    '/v1/approval-policy',
    { body: { calendar, rules }, reason: 'as agreed' },
    headers,
  )

const preview = (query: string): Promise<Reply> =>
  fixture.call('Lee Lab', 'GET', `/v1/approval-policy/preview?${query}`)
const asked = (reply: Reply): string[] =>
  reply.body.requirements.map(({ role, count }: Json) => `${role}×${count}`)

test('R-POL-5 without a policy the lifecycle’s own signatures are required, and it says so', async () => {
  const { version, body } = await read()
  assert.equal(version, 0)
  assert.deepEqual(body.rules, [])
  const regulatory = await preview('lifecycle=change-control&gate=release&regulatory=true')
  assert.deepEqual(asked(regulatory), ['system_owner×1', 'qa×1'])
  assert.deepEqual(regulatory.body.requirements[0].who, ['Olga Owner'])
  assert.deepEqual(asked(await preview('lifecycle=change-control&gate=release')), [])
  assert.equal((await preview('lifecycle=fleet&gate=release')).status, 422)
})

test('R-POL-6 only an administrator sets a policy, with a reason; each version stays, and its change is an entry', async () => {
  assert.equal((await set([], {}, 'Quinn QA')).status, 403)
  assert.equal((await set([], {}, 'Build Agent')).status, 403)
  const earlier = await read()
  const first = await set([rule({ sla_hours: 8, requirements: [{ role: 'captain', count: 2 }] })])
  assert.equal(first.status, 200, first.text)
  assert.equal(first.body.version, earlier.version + 1)
  assert.equal(first.body.created_by, admin)
  const stale = await set([], { 'if-match': `"${earlier.version}"` })
  assert.deepEqual([stale.status, stale.body.code], [412, 'stale_version'])
  const second = await set([], { 'if-match': `"${first.body.version}"` })
  assert.equal(second.body.version, earlier.version + 2)
  // The same again is no new version.
  assert.equal((await set([])).body.version, earlier.version + 2)
  const versions = await fixture.call('Aud Auditor', 'GET', '/v1/approval-policy/versions?limit=2')
  assert.deepEqual(
    versions.body.data.map(({ version, body }: Json) => [version, body.rules.length]),
    [
      [earlier.version + 2, 0],
      [earlier.version + 1, 1],
    ],
  )
  await asSuperuser(async (client) => {
    const { rows } = await client.query(
      `select convert_from(body, 'UTF8')::jsonb as body from entries where action = 'policy_changed' order by seq`,
    )
    assert.equal(rows.length, 2)
    assert.equal(rows[0].body.reason, 'as agreed')
    assert.deepEqual(rows[0].body.changes[0].new, first.body.body)
    assert.deepEqual(rows[1].body.changes[0].old, first.body.body)
    assert.equal(rows[1].body.detail.policy_version, earlier.version + 2)
  })
})

test('R-POL-7 a policy that weakens, contradicts itself or names nobody is refused, and nothing changes', async () => {
  const { version } = await read()
  const weak = await set([rule({ requirements: [{ role: 'qa', count: 0 }] })])
  assert.deepEqual([weak.status, weak.body.code], [422, 'policy_weakens'])
  assert.deepEqual(weak.body.weakens, [{ rule: 0, role: 'qa', count: 0 }])
  const wrong: readonly (readonly [string, object])[] = [
    ['invalid_input', rule({ requirements: [{ role: 'vendor' }] })],
    ['invalid_input', rule({ gate: 'somewhere' })],
    ['invalid_input', rule({ lifecycle: 'qms' })],
    ['invalid_input', rule({ sla_hours: 0 })],
    ['invalid_input', rule({ requirements: [{ role: 'qa', position: 1 }] })],
    ['unknown_reference', rule({ escalation: [{ principal: 'Nobody' }] })],
    ['unknown_reference', rule({ escalation: [{ principal: 'Build Agent' }] })],
  ]
  for (const [code, one] of wrong) {
    const reply = await set([one])
    assert.deepEqual([reply.status, reply.body.code], [422, code], JSON.stringify(one))
  }
  assert.equal((await read()).version, version)
})

test('R-POL-8 the policy decides who signs a round, and a round keeps the version that it was opened with', async () => {
  const policy = await set([
    rule({ work_category: 'hvac', ordered: true, requirements: [{ role: 'captain', position: 1 }] }),
  ])
  assert.equal(policy.status, 200, policy.text)
  const shown = await preview('lifecycle=change-control&gate=release&regulatory=true&work_category=hvac')
  assert.deepEqual(asked(shown), ['captain×1', 'system_owner×1', 'qa×1'])
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', {
    title: 'Filter of the clean room',
    description: 'Yearly',
    work_category: 'hvac',
    assignee: 'Lee Lab',
  })
  const path = `/v1/work-orders/${made.body.id}`
  const submit = { to: 'pending_approval', reason: 'ready' }
  assert.equal((await fixture.call('Pat Planner', 'POST', `${path}/transitions`, submit)).status, 200)
  await set([])
  const approvals = await fixture.call('Lee Lab', 'GET', `${path}/approvals`)
  const [round] = approvals.body.data
  assert.equal(round.policy_version, policy.body.version)
  assert.deepEqual(
    round.requirements.map(({ role }: Json) => role),
    ['captain'],
  )
  const captain = await enrolSigner(fixture, 'Cara Captain', ['captain'])
  const signed = await signWith(captain, made.body.id, { gate: 'release', role: 'captain' })
  assert.equal(signed.body.work_order?.status, 'assigned', signed.text)
})

test('R-POL-9 no role at run time changes or removes a version of the policy', async () => {
  const client = new pg.Client({ connectionString: fixture.service.installation.urlOf('docket_app') })
  await client.connect()
  try {
    for (const statement of [`update approval_policies set body = '{}'`, 'delete from approval_policies'])
      await assert.rejects(client.query(statement), /permission denied/)
  } finally {
    await client.end()
  }
})

async function asSuperuser(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: fixture.adminUrl })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
