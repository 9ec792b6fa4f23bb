/** Approvals from draft to closed: who signs what, what a rejection does, and what is refused. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { verifyTenant } from '#capabilities/verify/verify.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { enrolPerson, enrolSigner, giveSignature, signWith } from '../signer.ts'
import type { Signer } from '../signer.ts'

let fixture: Fixture
let owner: Signer
let qa: Signer
before(async () => {
  fixture = await openFixture()
  owner = await enrolSigner(fixture, 'Sonja Owner', ['system_owner'])
  qa = await enrolSigner(fixture, 'Quirin QA', ['qa'])
})
after(() => fixture.close())

const regulated = {
  title: 'Replace the pump seals of HPLC-01',
  description: 'As recommended by the maker after 5,000 injections.',
  regulatory: true,
  asset: 'HPLC-01',
  assignee: 'Lee Lab',
  job_plan: { title: 'Seals', steps: ['Replace', 'Test'] },
}

async function create(contents: object = regulated): Promise<string> {
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', contents)
  assert.equal(made.status, 201, made.text)
  return made.body.id
}

const move = (who: string, id: string, to: string, more: object = {}): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/work-orders/${id}/transitions`, { to, reason: 'as planned', ...more })

async function submitted(contents?: object): Promise<string> {
  const id = await create(contents)
  const reply = await move('Pat Planner', id, 'pending_approval')
  assert.equal(reply.status, 200, reply.text)
  return id
}

const codesOf = (reply: Reply): string[] => reply.body.unmet?.map((gate: { code: string }) => gate.code) ?? []

test('R-APR-1 two people sign each gate, and the last signature opens it in the same transaction', async () => {
  const id = await submitted()
  const asked = await fixture.call('Olga Owner', 'GET', `/v1/work-orders/${id}/approvals`)
  assert.deepEqual(
    asked.body.data.map((round: { gate: string; requirements: { role: string; signed: number }[] }) => [
      round.gate,
      round.requirements.map(({ role, signed }) => `${role} ${signed}`).toSorted(),
    ]),
    [['release', ['qa 0', 'system_owner 0']]],
  )
  const first = await signWith(owner, id, {
    gate: 'release',
    role: 'system_owner',
    time_zone: 'Europe/Berlin',
  })
  assert.equal(first.status, 201, first.text)
  assert.equal(first.body.work_order.status, 'pending_approval')
  assert.match(
    first.body.signature.signed_at_local,
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d Europe\/Berlin \(UTC\+0[12]:00\)$/,
  )
  const second = await signWith(qa, id, { gate: 'release', role: 'qa' })
  assert.equal(second.status, 201, second.text)
  assert.equal(second.body.work_order.status, 'assigned')

  assert.equal((await move('Lee Lab', id, 'in_progress')).status, 200)
  const done = await move('Lee Lab', id, 'completed', {
    completion_summary: 'Seals replaced',
    actual_hours: 2,
  })
  assert.equal(done.status, 200, done.text)
  assert.equal(
    (await signWith(qa, id, { gate: 'completion', role: 'qa' })).body.work_order.status,
    'completed',
  )
  const last = await signWith(owner, id, { gate: 'completion', role: 'system_owner' })
  assert.equal(last.body.work_order?.status, 'closed', last.text)

  const read = await fixture.call('Aud Auditor', 'GET', `/v1/work-orders/${id}/approvals`)
  const signatures = read.body.data.flatMap((round: { signatures: object[] }) => round.signatures)
  assert.equal(signatures.length, 4)
  for (const { signer, standing, version, text } of signatures) {
    assert.equal(standing, `valid for version ${version}`)
    assert.match(text, new RegExp(`^I, ${signer}, sign as `))
  }
  const history = await fixture.call('Aud Auditor', 'GET', `/v1/work-orders/${id}/history`)
  const actions = history.body.data.map((entry: { action: string }) => entry.action)
  assert.deepEqual(actions, [
    'created',
    'transitioned',
    'approval_requested',
    'approval_signed',
    'approval_signed',
    'transitioned',
    'transitioned',
    'transitioned',
    'approval_requested',
    'approval_signed',
    'approval_signed',
    'closed',
  ])
})

test('R-APR-2 an approver turns the work back, and what was signed counts for its version only', async () => {
  const id = await submitted()
  const first = await signWith(owner, id, { gate: 'release', role: 'system_owner' })
  assert.equal(first.status, 201, first.text)
  const blank = await qa.call('POST', `/v1/work-orders/${id}/rejections`, { reason: ' ' })
  assert.equal(blank.status, 422)
  const back = await qa.call('POST', `/v1/work-orders/${id}/rejections`, { reason: 'no risk assessment' })
  assert.equal(back.body.status, 'draft', back.text)
  const edited = await fixture.call('Pat Planner', 'PATCH', `/v1/work-orders/${id}`, {
    description: 'With a risk assessment.',
    reason: 'asked for by QA',
  })
  assert.equal(edited.status, 200, edited.text)
  await move('Pat Planner', id, 'pending_approval')
  const read = await fixture.call('Aud Auditor', 'GET', `/v1/work-orders/${id}/approvals`)
  assert.deepEqual(
    read.body.data.map((round: { status: string; round: number }) => [round.round, round.status]),
    [
      [1, 'returned'],
      [2, 'open'],
    ],
  )
  assert.match(read.body.data[0].signatures[0].standing, /turned back after it$/)
  assert.equal(read.body.data[1].signatures.length, 0)
  const again = await signWith(qa, id, { gate: 'release', role: 'qa' })
  assert.equal(again.body.work_order.status, 'pending_approval')
})

test('R-APR-3 an edit while it waits supersedes what was signed', async () => {
  const id = await submitted()
  const first = await signWith(owner, id, { gate: 'release', role: 'system_owner' })
  const version = first.body.signature.version
  const edited = await fixture.call('Pat Planner', 'PATCH', `/v1/work-orders/${id}`, {
    assignee: 'Vik Vendor',
    reason: 'Lee is away',
  })
  assert.equal(edited.status, 200, edited.text)
  const read = await fixture.call('Aud Auditor', 'GET', `/v1/work-orders/${id}/approvals`)
  const [round] = read.body.data
  assert.equal(round.signatures[0].standing, `valid for version ${version}, superseded by ${version + 1}`)
  assert.deepEqual(
    round.requirements.map((one: { signed: number }) => one.signed),
    [0, 0],
  )
  // QA alone does not open the gate now.
  assert.equal(
    (await signWith(qa, id, { gate: 'release', role: 'qa' })).body.work_order.status,
    'pending_approval',
  )
  const last = await signWith(owner, id, { gate: 'release', role: 'system_owner' })
  assert.equal(last.body.work_order?.status, 'assigned', last.text)
})

test('R-APR-4 everything that is in the way of a signature is named at once', async () => {
  const id = await submitted({ ...regulated, assignee: undefined })
  const nobody = await enrolPerson(fixture, 'Nora Nobody', ['operator'])
  const refused = await signWith(nobody, id, { gate: 'release', role: 'qa' })
  assert.deepEqual(codesOf(refused), ['role_required', 'missing_fields', 'signing_key_missing'])
  const agent = await fixture.call('Build Agent', 'POST', `/v1/work-orders/${id}/signing-intents`, {
    gate: 'release',
    role: 'qa',
  })
  assert.equal(codesOf(agent)[0], 'human_required', agent.text)
  const early = await signWith(qa, id, { gate: 'completion', role: 'qa' })
  assert.equal(early.body.code, 'gate_not_open')
})

test('R-APR-5 who did the work, edited it or signed already does not sign', async () => {
  const both = await enrolSigner(fixture, 'Bo Both', ['system_owner', 'qa', 'assigner'])
  const id = await submitted()
  const first = await signWith(both, id, { gate: 'release', role: 'qa' })
  assert.equal(first.status, 201, first.text)
  const twice = await signWith(both, id, { gate: 'release', role: 'system_owner' })
  assert.deepEqual(
    twice.body.unmet.map((gate: { rule?: string }) => gate.rule),
    ['signed_already'],
  )
  const other = await create()
  await both.call('PATCH', `/v1/work-orders/${other}`, { description: 'mine', reason: 'clearer' })
  await move('Pat Planner', other, 'pending_approval')
  const edited = await signWith(both, other, { gate: 'release', role: 'qa' })
  assert.deepEqual(
    edited.body.unmet.map((gate: { rule?: string }) => gate.rule),
    ['editor'],
  )
})

test('R-APR-6 an intent is for one person, one use and the record that was read', async () => {
  const id = await submitted()
  const intent = await owner.call('POST', `/v1/work-orders/${id}/signing-intents`, {
    gate: 'release',
    role: 'system_owner',
  })
  assert.equal((await giveSignature(qa, intent.body.id)).status, 404)
  const wrong = await owner.call('POST', `/v1/signing-intents/${intent.body.id}/signature`, {
    password: owner.password,
    passphrase: 'not the passphrase',
  })
  assert.equal(wrong.body.code, 'not_signed')
  assert.equal(wrong.body.attemptsLeft, 4)
  const attached = await fixture.call('Pat Planner', 'PATCH', `/v1/work-orders/${id}`, {
    assignee: 'Vik Vendor',
    reason: 'Lee is away',
  })
  assert.equal(attached.status, 200)
  const moved = await giveSignature(owner, intent.body.id)
  assert.equal(moved.body.code, 'record_moved', moved.text)
  const signed = await signWith(owner, id, { gate: 'release', role: 'system_owner' })
  assert.equal(signed.status, 201, signed.text)
})

test('R-APR-7 what waits for a signature is listed for who can give it', async () => {
  const id = await submitted()
  const waits = async (signer: Signer): Promise<boolean> =>
    (await signer.call('GET', '/v1/approvals')).body.data.some(
      (one: { work_order_id: string }) => one.work_order_id === id,
    )
  assert.equal(await waits(qa), true)
  await signWith(qa, id, { gate: 'release', role: 'qa' })
  assert.equal(await waits(qa), false)
  assert.equal(await waits(owner), true)
})

/** The release of change control is signed by two, QA within so many working hours; null: as without a policy. */
const setHours = async (sla_hours: number | null): Promise<void> => {
  const requirements = [{ role: 'system_owner' }, { role: 'qa', sla_hours }]
  const rules = [{ lifecycle: 'change-control', gate: 'release', requirements }]
  const calendar = { time_zone: 'UTC', weekdays: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' }
  const policy = { reason: 'a test', body: { calendar, rules: sla_hours === null ? [] : rules } }
  assert.equal((await fixture.call('Ada Admin', 'POST', '/v1/approval-policy', policy)).status, 200)
}

test('R-APR-7 it comes in pages, each thing once, the most urgent first', async () => {
  const made: string[] = []
  for (const hours of [40, 8, 8, null]) {
    await setHours(hours)
    made.push(await submitted())
  }
  const whole = (await qa.call('GET', '/v1/approvals')).body
  assert.equal(whole.next_cursor, null)
  const ofPages: Json[] = []
  let path = '/v1/approvals?limit=1'
  for (let page: Json; path !== '';) {
    page = (await qa.call('GET', path)).body
    assert.ok(page.data.length <= 1)
    ofPages.push(...page.data)
    path = page.next_cursor === null ? '' : `/v1/approvals?limit=1&cursor=${page.next_cursor}`
  }
  assert.deepEqual(ofPages, whole.data)
  const places = made.map((id) => ofPages.findIndex(({ work_order_id }) => work_order_id === id))
  const [slow = -1, first = -1, second = -1, never = -1] = places
  assert.ok(first >= 0 && first < second && second < slow && slow < never, places.join(' '))
  const refused = await qa.call('GET', '/v1/approvals?cursor=x')
  assert.deepEqual([refused.status, refused.body.errors[0].path], [422, 'cursor'])
})

test('R-APR-11 what was signed verifies again, and each damage to it is named', async () => {
  const { tenantId } = (await fixture.service.identity.authenticate(
    { bearer: fixture.keyOf('Ada Admin') },
    'test',
  ))!
  const verify = async (): Promise<string[]> =>
    (await verifyTenant(fixture.service.installation.urlOf('docket_auditor'), tenantId)).damages.map(
      ({ field, what }) => `${field}: ${what}`,
    )
  assert.deepEqual(await verify(), [])
  const damages: readonly [string, RegExp][] = [
    [
      `update signatures set signature = overlay(signature placing '\\x00' from 10 for 1) || '' where id = $1`,
      /^signature: .*does not verify/,
    ],
    [
      `update signatures set statement = convert_to(replace(convert_from(statement, 'UTF8'), '"approved"', '"reviewed"'), 'UTF8') where id = $1`,
      /not the one that its entry names/,
    ],
    [`update signatures set wo_version = wo_version + 1 where id = $1`, /^wo_version: /],
    [`update signatures set record = record || ' ' where id = $1`, /^record: .*not canonical/],
    [
      `update signatures set certificate = (select certificate from certificate_authorities limit 1) where id = $1`,
      /^certificate: /,
    ],
    [
      `update signatures set signed_at = signed_at - interval '1 hour' where id = $1`,
      /^signed_at: .*two minutes/,
    ],
    [
      `update signing_keys set revoked_at = proofed_at, status = 'revoked', revocation_reason = 'x' where id = (select key_id from signatures where id = $1)`,
      /^key_id: .*not in force/,
    ],
    [`delete from signatures where id = $1`, /^signatures: .*is missing/],
  ]
  for (const [sql, expected] of damages) {
    await withClient(fixture.adminUrl, async (client) => {
      await client.query(`set session_replication_role = replica`)
      const { rows } = await client.query<{ id: string }>(
        'select id from signatures order by id desc limit 1',
      )
      await client.query(
        `create temp table kept as select * from signatures; create temp table keys as select * from signing_keys`,
      )
      await client.query(sql, [rows[0]?.id])
      const found = await verify()
      assert.ok(
        found.some((line) => expected.test(line)),
        `${sql}\n${found.join('\n')}`,
      )
      // The columns of keys are generated by nobody, so the rows come back as they were.
      await client.query(`delete from signatures; insert into signatures select * from kept`)
      await client.query(
        `delete from signing_keys; insert into signing_keys select * from keys; drop table kept, keys`,
      )
    })
  }
  assert.deepEqual(await verify(), [])
})
