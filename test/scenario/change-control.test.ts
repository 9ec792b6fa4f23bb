/** Seed 000's lifecycle over REST: a work order that is closed, and a regulatory one that waits for its signatures. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'

const planner = 'Pat Planner'
const worker = 'Lee Lab'
const owner = 'Olga Owner'
const qa = 'Quinn QA'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

async function create(fields: object = {}, who = planner): Promise<Json> {
  const { status, body, text } = await fixture.call(who, 'POST', '/v1/work-orders', {
    title: 'Replace the pump seal',
    description: 'The seal of pump 2 leaks.',
    assignee: worker,
    ...fields,
  })
  assert.equal(status, 201, text)
  return body
}
const move = (who: string, id: string, body: object): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/work-orders/${id}/transitions`, body)
const history = async (id: string): Promise<Json[]> =>
  (await fixture.call(planner, 'GET', `/v1/work-orders/${id}/history`)).body.data

const toAnswer = ({ status, body }: Reply): string =>
  status < 300
    ? body.status
    : body.missing_fields === undefined
      ? body.code
      : `${body.code}: ${body.missing_fields.join(' ')}`

/** Walks a table of who | body | http | answer. */
async function walk(id: string, steps: readonly Record<string, string>[]): Promise<void> {
  for (const [i, { who = '', body = '', http, answer }] of steps.entries()) {
    const reply = await move(who, id, JSON.parse(body) as object)
    const told = `step ${i + 1} ${who} ${body}: ${reply.text}`
    assert.equal(toAnswer(reply), answer, told)
    assert.equal(String(reply.status), http, told)
  }
}

const untilCompleted = table`
  who         | body                                                                                          | http | answer
  Lee Lab     | {"to": "pending_approval"}                                                                    | 403  | role_required
  Pat Planner | {"to": "pending_approval"}                                                                    | 200  | pending_approval
  Pat Planner | {"to": "draft"}                                                                               | 422  | missing_fields: reason
  Lee Lab     | {"to": "draft", "reason": "not clear"}                                                        | 403  | role_required
  Pat Planner | {"to": "draft", "reason": "say which pump"}                                                   | 200  | draft
  Pat Planner | {"to": "pending_approval"}                                                                    | 200  | pending_approval
  Lee Lab     | {"to": "assigned"}                                                                            | 403  | role_required
  Pat Planner | {"to": "assigned"}                                                                            | 200  | assigned
  Pat Planner | {"to": "in_progress"}                                                                         | 403  | role_required
  Lee Lab     | {"to": "completed", "completion_summary": "done", "actual_hours": 2}                          | 409  | wrong_status
  Lee Lab     | {"to": "in_progress"}                                                                         | 200  | in_progress
  Lee Lab     | {"to": "blocked"}                                                                             | 422  | missing_fields: notes
  Pat Planner | {"to": "blocked", "notes": "no seal in stock"}                                                | 403  | role_required
  Lee Lab     | {"to": "blocked", "notes": "no seal in stock", "blocker": {"owner": "Stores", "action": "order it"}} | 200 | blocked
  Lee Lab     | {"to": "in_progress"}                                                                         | 422  | missing_fields: notes
  Lee Lab     | {"to": "in_progress", "notes": "the seal came"}                                               | 200  | in_progress
  Lee Lab     | {"to": "completed"}                                                                           | 422  | missing_fields: completion_summary actual_hours
  Lee Lab     | {"to": "completed", "completion_summary": "seal replaced", "actual_hours": 0}                 | 422  | missing_fields: actual_hours
  Lee Lab     | {"to": "completed", "completion_summary": "seal replaced", "actual_hours": 2}                 | 200  | completed
  Lee Lab     | {"to": "in_progress", "reason": "forgot something"}                                           | 403  | role_required
  Olga Owner  | {"to": "in_progress"}                                                                         | 422  | missing_fields: reason
  Olga Owner  | {"to": "in_progress", "reason": "it still drips"}                                             | 200  | in_progress
  Lee Lab     | {"to": "completed", "completion_summary": "gland tightened too", "actual_hours": 3}           | 200  | completed
`
const untilClosed = table`
  who         | body                                                                                          | http | answer
  Lee Lab     | {"to": "closed"}                                                                              | 403  | role_required
  Quinn QA    | {"to": "closed"}                                                                              | 403  | role_required
  Olga Owner  | {"to": "closed"}                                                                              | 200  | closed
  Olga Owner  | {"to": "in_progress", "reason": "once more"}                                                  | 409  | wrong_status
  Ada Admin   | {"to": "cancelled", "reason": "too late"}                                                     | 409  | wrong_status
`

test('R-CHC-1 a work order from draft to closed, with return, block, resume and rework', async () => {
  const { id, number, status, version } = await create()
  assert.deepEqual([status, version], ['draft', 1])
  assert.match(number, /^WO-\d{4}-\d{6}$/)
  await walk(id, untilCompleted)
  // By its number, too.
  await walk(number, untilClosed)
  const { body } = await fixture.call(worker, 'GET', `/v1/work-orders/${number}`)
  assert.equal(body.status, 'closed')
  assert.equal(body.category, 'done')
  assert.equal(body.completion_summary, 'gland tightened too')
  assert.equal(body.actual_hours, 3)
  assert.equal(body.blocker, null, 'resuming takes the blocker away')
  assert.ok(body.actual_start < body.actual_end)
  const done = [...untilCompleted, ...untilClosed].filter((step) => step['http'] === '200')
  assert.equal(body.version, 1 + done.length, 'every change is one version; a refused attempt is none')
})

test('R-CHC-2 the history says from, to, by whom, when and why, under the names that events carry', async () => {
  const { id } = await create()
  await walk(id, untilCompleted)
  await walk(id, untilClosed)
  const rows = await history(id)
  const expected = table`
    action       | from             | to               | by          | says
    created      |                  | draft            | Pat Planner |
    transitioned | draft            | pending_approval | Pat Planner |
    approval_rejected | pending_approval | draft            | Pat Planner | say which pump
    transitioned | draft            | pending_approval | Pat Planner |
    transitioned | pending_approval | assigned         | Pat Planner |
    transitioned | assigned         | in_progress      | Lee Lab     |
    blocked      | in_progress      | blocked          | Lee Lab     | no seal in stock
    resumed      | blocked          | in_progress      | Lee Lab     | the seal came
    transitioned | in_progress      | completed        | Lee Lab     | seal replaced
    approval_rejected | completed        | in_progress      | Olga Owner  | it still drips
    transitioned | in_progress      | completed        | Lee Lab     | gland tightened too
    closed       | completed        | closed           | Olga Owner  |
  `
  assert.deepEqual(
    rows.map((row) => ({
      action: row.action,
      from: row.from_status ?? '',
      to: row.to_status ?? '',
      by: row.changed_by,
      says: row.reason ?? row.notes ?? row.completion_summary ?? '',
    })),
    expected,
  )
  assert.deepEqual(
    rows.map((row) => row.seq),
    expected.map((_row, i) => i + 1),
  )
  const blocked = rows.find((row) => row.action === 'blocked')
  const blocker = blocked.changes.find((change: Json) => change.field === 'blocker')
  assert.deepEqual(blocker.new, { owner: 'Stores', action: 'order it' })
})

test('R-CHC-3 a non-regulatory work order is assigned straight from draft, and waits for an assignee', async () => {
  const { id } = await create({ assignee: undefined })
  const steps = table`
    who         | body                                        | http | answer
    Pat Planner | {"to": "assigned"}                          | 422  | missing_fields: assignee
    Lee Lab     | {"to": "assigned"}                          | 403  | role_required: assignee
  `
  await walk(id, steps)
  await fixture.call(planner, 'PATCH', `/v1/work-orders/${id}`, { assignee: worker })
  assert.equal((await move(planner, id, { to: 'assigned' })).body.status, 'assigned')
})

test('R-CHC-4 a work order is cancelled from every state that is not final, by who may, with a reason', async (t) => {
  const states = ['draft', 'pending_approval', 'assigned', 'in_progress', 'blocked', 'completed']
  const steps = untilCompleted.filter((step) => step['http'] === '200')
  for (const state of states) {
    await t.test(state, async () => {
      const { id } = await create()
      const upTo = state === 'draft' ? 0 : steps.findIndex((step) => step['answer'] === state) + 1
      for (const { who = '', body = '' } of steps.slice(0, upTo))
        await move(who, id, JSON.parse(body) as object)
      const cases = table`
        who         | body                                       | http | answer
        Lee Lab     | {"to": "cancelled", "reason": "no"}        | 403  | role_required
        Quinn QA    | {"to": "cancelled", "reason": "no"}        | 403  | role_required
        Pat Planner | {"to": "cancelled"}                        | 422  | missing_fields: reason
        Pat Planner | {"to": "cancelled", "reason": "  "}        | 422  | missing_fields: reason
      `
      await walk(id, cases)
      const canceller = { draft: owner, pending_approval: 'Ada Admin' }[state] ?? planner
      const cancelled = await move(canceller, id, { to: 'cancelled', reason: 'the pump goes' })
      assert.equal(cancelled.body.status, 'cancelled', cancelled.text)
      const last = (await history(id)).at(-1)
      assert.deepEqual([last.action, last.reason], ['cancelled', 'the pump goes'])
    })
  }
})

test('R-CHC-5 fields are open by state and role, and final records are immutable', async (t) => {
  const cases = table`
    state       | who         | fields                                          | answer
    draft       | Pat Planner | {"title": "New title", "due_date": "2027-01-31"} | changed
    draft       | Olga Owner  | {"description": "better"}                       | changed
    draft       | Lee Lab     | {"title": "mine"}                               | fields_not_yours
    draft       | Pat Planner | {"notes": "early"}                              | fields_locked
    assigned    | Pat Planner | {"priority": "high"}                            | changed
    assigned    | Pat Planner | {"title": "late"}                               | fields_locked
    in_progress | Lee Lab     | {"notes": "half done", "actual_hours": 1}       | changed
    in_progress | Lee Lab     | {"priority": "low"}                             | fields_not_yours
    in_progress | Pat Planner | {"priority": "low", "title": "late"}            | fields_locked
    completed   | Lee Lab     | {"notes": "late"}                               | fields_locked
    closed      | Pat Planner | {"priority": "low"}                             | record_final
    closed      | Ada Admin   | {"title": "rewritten"}                          | record_final
  `
  const steps = [...untilCompleted, ...untilClosed].filter((step) => step['http'] === '200')
  for (const { state, who = '', fields = '', answer } of cases) {
    await t.test(`${state} ${who} ${fields}`, async () => {
      const { id } = await create()
      const upTo = state === 'draft' ? 0 : steps.findIndex((step) => step['answer'] === state) + 1
      for (const step of steps.slice(0, upTo))
        await move(step['who'] ?? '', id, JSON.parse(step['body'] ?? '') as object)
      const was = (await fixture.call(planner, 'GET', `/v1/work-orders/${id}`)).body
      const { status, body } = await fixture.call(who, 'PATCH', `/v1/work-orders/${id}`, JSON.parse(fields))
      assert.equal(status === 200 ? 'changed' : body.code, answer)
      const now = (await fixture.call(planner, 'GET', `/v1/work-orders/${id}`)).body
      if (answer === 'changed') assert.equal(now.version, was.version + 1)
      else assert.deepEqual(now, was)
    })
  }
})

test('R-CHC-6 a regulatory work order stops at release, with the missing roles and who could sign', async () => {
  const made = await create({ regulatory: true, assignee: undefined, description: undefined })
  const steps = table`
    who         | body                                                     | http | answer
    Pat Planner | {"to": "pending_approval"}                               | 422  | missing_fields: description asset reason
    Pat Planner | {"to": "assigned", "reason": "straight through"}         | 409  | wrong_status
  `
  await walk(made.id, steps)
  const patch = { description: 'as agreed', asset: 'HPLC-01', assignee: worker }
  const path = `/v1/work-orders/${made.id}`
  assert.deepEqual((await fixture.call(planner, 'PATCH', path, patch)).body.missing_fields, ['reason'])
  assert.equal((await fixture.call(planner, 'PATCH', path, { ...patch, reason: 'was missing' })).status, 200)
  await walk(
    made.id,
    table`
    who         | body                                                     | http | answer
    Pat Planner | {"to": "pending_approval"}                               | 422  | missing_fields: reason
    Pat Planner | {"to": "pending_approval", "reason": "ready"}            | 200  | pending_approval
    Pat Planner | {"to": "draft", "reason": "not mine to return"}          | 403  | role_required
    Quinn QA    | {"to": "draft", "reason": "name the risk"}               | 200  | draft
    Pat Planner | {"to": "pending_approval", "reason": "risk named"}       | 200  | pending_approval
  `,
  )
  for (const who of [planner, owner, qa, 'Ada Admin']) {
    const { status, body } = await move(who, made.id, { to: 'assigned', reason: 'go' })
    assert.equal(status, 409)
    assert.equal(body.code, 'signatures_missing')
    assert.equal(body.gate, 'release')
    assert.deepEqual(body.roles, ['system_owner', 'qa'])
    assert.deepEqual(body.unmet[0].who, [owner, qa])
    assert.match(body.title, /release gate is still unsigned by: system_owner, qa/)
  }
  const { body } = await fixture.call(planner, 'GET', `${path}/transitions`)
  const release = body.data.find((edge: Json) => edge.to === 'assigned')
  assert.equal(release.allowed, false)
  assert.deepEqual(
    release.unmet.map((gate: Json) => gate.code),
    ['missing_fields', 'signatures_missing'],
  )
  assert.equal((await fixture.call(planner, 'GET', path)).body.status, 'pending_approval')
})

test('R-CHC-7 every unmet gate is named at once, in one order', async () => {
  const { id } = await create({ regulatory: true, asset: 'BAL-12', assignee: undefined })
  await move(planner, id, { to: 'pending_approval', reason: 'ready' })
  const { body } = await move(worker, id, { to: 'assigned' })
  assert.deepEqual(
    body.unmet.map((gate: Json) => gate.code),
    ['missing_fields', 'signatures_missing'],
  )
  assert.deepEqual(body.missing_fields, ['assignee', 'reason'])
  const returned = await move(worker, id, { to: 'draft', actual_hours: 3 })
  assert.deepEqual(
    returned.body.unmet.map((gate: Json) => gate.code),
    ['role_required', 'fields_locked', 'missing_fields'],
  )
  assert.deepEqual(returned.body.unmet[0].who, [owner, qa])
})

test('R-CHC-8 refused attempts on a regulatory work order are entries, and change nothing else', async () => {
  const { id } = await create({ regulatory: true, asset: 'HPLC-01' })
  const path = `/v1/work-orders/${id}`
  const was = (await fixture.call(planner, 'GET', path)).body
  await move(worker, id, { to: 'pending_approval', reason: 'not mine' })
  await move(planner, id, { to: 'closed', reason: 'shortcut' })
  await fixture.call(worker, 'PATCH', path, { title: 'rewritten', reason: 'not mine' })
  const rows = await history(id)
  assert.deepEqual(
    rows.map((row) => [row.seq, row.action, row.changed_by, row.detail?.code ?? null]),
    [
      [1, 'created', planner, null],
      [2, 'refused', worker, 'role_required'],
      [3, 'refused', planner, 'wrong_status'],
      [4, 'refused', worker, 'fields_not_yours'],
    ],
  )
  assert.deepEqual(rows[1].detail.attempt, { to: 'pending_approval', reason: 'not mine' })
  assert.deepEqual(rows[3].detail.attempt, { change: ['title'], reason: 'not mine' })
  assert.deepEqual((await fixture.call(planner, 'GET', path)).body, was)
  // One that is not regulatory keeps no such entries.
  const plain = await create()
  await move(worker, plain.id, { to: 'pending_approval' })
  assert.equal((await history(plain.id)).length, 1)
})

test('R-CHC-9 a vendor works on its own work order and sees no other', async () => {
  const vendor = 'Vik Vendor'
  const own = await create({ assignee: vendor })
  const foreign = await create()
  await move(planner, own.id, { to: 'assigned' })
  assert.equal((await move(vendor, own.id, { to: 'in_progress' })).body.status, 'in_progress')
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/history'],
    ['GET', '/transitions'],
    ['GET', '/comments'],
    ['GET', '/attachments'],
  ] as const) {
    assert.equal((await fixture.call(vendor, method, `/v1/work-orders/${own.id}${path}`)).status, 200, path)
    for (const ref of [foreign.id, foreign.number])
      assert.equal((await fixture.call(vendor, method, `/v1/work-orders/${ref}${path}`)).status, 404, path)
  }
  assert.equal((await move(vendor, foreign.id, { to: 'cancelled', reason: 'no' })).status, 404)
  const { body } = await fixture.call(vendor, 'GET', '/v1/work-orders')
  assert.deepEqual(
    body.data.map((row: Json) => row.id),
    [own.id],
  )
})

test('R-CHC-10 numbers are counted per tenant and year, without a gap, also when many are made at once', async () => {
  const first = await create()
  const many = await Promise.all(Array.from({ length: 20 }, () => create()))
  const counts = [first, ...many].map(({ number }) => Number(number.slice(8))).toSorted((a, b) => a - b)
  assert.deepEqual(
    counts,
    Array.from({ length: 21 }, (_, i) => (counts[0] ?? 0) + i),
  )
})
