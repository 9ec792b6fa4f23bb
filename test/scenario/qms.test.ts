/** Seed 002's path over REST: planned, scheduled, executed, reviewed; held by data, rejected into a new revision. */
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
  // The vendor takes the work over in some of these: it must be qualified for that.
  const rating = { experience: 'Windows 11 build', rating: 3, reason: 'for these tests' }
  const rated = await fixture.call(qa, 'POST', '/v1/people/Vik%20Vendor/ratings', rating)
  assert.equal(rated.status, 200, rated.text)
})
after(() => fixture.close())

const plan = {
  job_plan: { title: 'Build the workstation', steps: ['install Windows 11', 'install the agent'] },
  requirements: {
    people: 1,
    tools: ['imaging stick'],
    experience: [{ name: 'Windows 11 build', min_rating: 3 }],
  },
}
const dates = { planned_start: '2027-01-11T08:00:00+01:00', planned_end: '2027-01-12T16:00:00+01:00' }

async function create(fields: object = {}): Promise<Json> {
  const { status, body, text } = await fixture.call(planner, 'POST', '/v1/work-orders', {
    lifecycle: 'qms',
    title: 'IT build workstation to Win11',
    description: 'Child 2 of the upgrade.',
    asset: 'HPLC-01',
    assignee: worker,
    ...fields,
  })
  assert.equal(status, 201, text)
  return body
}
const at = (id: string): string => `/v1/work-orders/${id}`
const move = (who: string, id: string, body: object): Promise<Reply> =>
  fixture.call(who, 'POST', `${at(id)}/transitions`, body)
const read = async (id: string): Promise<Json> => (await fixture.call(planner, 'GET', at(id))).body
const history = async (id: string): Promise<Json[]> =>
  (await fixture.call(planner, 'GET', `${at(id)}/history`)).body.data

/** A work order in this state; every move says why, so that it serves regulatory ones too. */
async function bring(state: string, fields: object = {}): Promise<Json> {
  const { id } = await create({ ...plan, ...dates, ...fields })
  const reason = 'as planned'
  const steps: [string, () => Promise<Reply>][] = [
    ['planned', () => move(planner, id, { to: 'planned', reason })],
    ['scheduled', () => move(planner, id, { to: 'scheduled', reason })],
    ['acknowledged', () => fixture.call(worker, 'POST', `${at(id)}/acknowledgement`, { reason })],
    ['in_progress', () => move(worker, id, { to: 'in_progress', reason })],
    [
      'pending_review',
      () =>
        move(worker, id, {
          to: 'pending_review',
          completion_summary: 'built and labelled',
          actual_hours: 6,
          reason,
        }),
    ],
  ]
  for (const [name, step] of steps) {
    const { status, text } = await step()
    assert.equal(status, 200, `${name}: ${text}`)
    if (name === state) break
  }
  return read(id)
}

test('R-QMS-1 the path until pending_review, and what each step needs', async () => {
  const { id, status } = await create({ asset: undefined, description: undefined, assignee: undefined })
  assert.equal(status, 'draft')
  const missing = async (who: string, to: string): Promise<string[]> =>
    (await move(who, id, { to })).body.missing_fields
  assert.deepEqual(await missing(planner, 'planned'), ['asset', 'description'])
  await fixture.call(planner, 'PATCH', at(id), { asset: 'HPLC-01', description: 'Child 2' })
  assert.equal((await move(worker, id, { to: 'planned' })).body.code, 'role_required')
  assert.equal((await move(planner, id, { to: 'planned' })).body.status, 'planned')

  assert.deepEqual(await missing(planner, 'scheduled'), [
    'job_plan',
    'planned_start',
    'planned_end',
    'requirements',
  ])
  const planned = await fixture.call(planner, 'PATCH', at(id), { ...plan, ...dates, assignee: worker })
  assert.equal(planned.body.planned_start, '2027-01-11T07:00:00Z', 'times are kept in UTC')
  assert.deepEqual(planned.body.job_plan, plan.job_plan)
  assert.deepEqual(planned.body.requirements, plan.requirements)
  assert.equal((await move(worker, id, { to: 'scheduled' })).body.code, 'role_required')
  assert.equal((await move(owner, id, { to: 'scheduled' })).body.status, 'scheduled')

  const early = await move(worker, id, { to: 'in_progress' })
  assert.deepEqual([early.status, early.body.code], [409, 'acknowledgement_missing'])
  const acknowledge = (who: string): Promise<Reply> =>
    fixture.call(who, 'POST', `${at(id)}/acknowledgement`, {})
  assert.equal((await acknowledge(planner)).body.code, 'role_required')
  assert.ok((await acknowledge(worker)).body.acknowledged_at)
  assert.equal((await move(planner, id, { to: 'in_progress' })).body.code, 'role_required')
  assert.equal((await move(worker, id, { to: 'in_progress' })).body.status, 'in_progress')

  assert.deepEqual(await missing(worker, 'pending_review'), ['completion_summary', 'actual_hours'])
  const submitted = await move(worker, id, {
    to: 'pending_review',
    completion_summary: 'built',
    actual_hours: 6,
  })
  assert.equal(submitted.body.status, 'pending_review')
  assert.equal(submitted.body.category, 'review')
  assert.deepEqual(
    (await history(id)).flatMap((row) => (row.to_status === null ? [row.action] : [row.to_status])),
    [
      'draft',
      'updated',
      'planned',
      'updated',
      'scheduled',
      'acknowledged',
      'in_progress',
      'pending_review',
      'approval_requested',
    ],
  )
})

test('R-QMS-2 another assignee has not acknowledged anything yet', async () => {
  const { id } = await bring('acknowledged')
  const { body } = await fixture.call(planner, 'PATCH', at(id), { assignee: 'Vik Vendor' })
  assert.equal(body.acknowledged_at, null)
  const early = await move('Vik Vendor', id, { to: 'in_progress' })
  assert.equal(early.body.code, 'acknowledgement_missing')
  await fixture.call('Vik Vendor', 'POST', `${at(id)}/acknowledgement`, {})
  assert.equal((await move('Vik Vendor', id, { to: 'in_progress' })).body.status, 'in_progress')
})

test('R-QMS-3 a hold keeps a work order in progress until it is released', async () => {
  const { id } = await bring('in_progress')
  const hold = (who: string, method: string, reason?: string): Promise<Reply> =>
    fixture.call(who, method, `${at(id)}/hold`, { reason })
  assert.equal((await hold('Aud Auditor', 'POST', 'no')).status, 403)
  assert.equal((await hold(qa, 'POST', 'no')).body.code, 'role_required')
  assert.equal((await hold(worker, 'POST')).body.code, 'invalid_input')
  const held = await hold(worker, 'POST', 'waiting for the licence')
  assert.equal(held.body.status, 'in_progress')
  assert.equal(held.body.hold.reason, 'waiting for the licence')
  assert.equal(held.body.hold.owner, worker)
  assert.ok(Math.abs(Date.now() - Date.parse(held.body.hold.since)) < 60_000)
  const submit = { to: 'pending_review', completion_summary: 'built', actual_hours: 6 }
  const stopped = await move(worker, id, submit)
  assert.deepEqual([stopped.status, stopped.body.code], [409, 'held'])
  assert.deepEqual(stopped.body.unmet[0].who, [worker], 'who holds it can release it')
  assert.equal((await read(id)).status, 'in_progress')
  assert.equal((await hold(planner, 'DELETE', 'the licence is here')).body.hold, null)
  assert.equal((await move(worker, id, submit)).body.status, 'pending_review')
  assert.deepEqual(
    (await history(id)).slice(-4).map((row) => [row.action, row.reason]),
    [
      ['held', 'waiting for the licence'],
      ['hold_released', 'the licence is here'],
      ['transitioned', null],
      ['approval_requested', null],
    ],
  )
})

test('R-QMS-4 a work order on hold can still be cancelled', async () => {
  const { id } = await bring('in_progress')
  await fixture.call(owner, 'POST', `${at(id)}/hold`, { reason: 'budget' })
  const { body } = await move(planner, id, { to: 'cancelled', reason: 'the project ended' })
  assert.deepEqual([body.status, body.hold], ['cancelled', null])
})

test('R-QMS-5 approval waits for its signatures: the system owner, and QA if regulatory', async (t) => {
  const cases = table`
    regulatory | roles
    false      | system_owner
    true       | system_owner qa
  `
  for (const { regulatory, roles = '' } of cases) {
    await t.test(`regulatory ${regulatory}`, async () => {
      const { id } = await bring('pending_review', { regulatory: regulatory === 'true' })
      const { status, body } = await move(owner, id, { to: 'approved', reason: 'good' })
      assert.deepEqual([status, body.code, body.gate], [409, 'signatures_missing', 'completion'])
      assert.deepEqual(body.roles, roles.split(' '))
    })
  }
})

test('R-QMS-6 rejection ends this revision and opens a linked new draft', async () => {
  const { id, number } = await bring('pending_review')
  assert.equal((await move(owner, id, { to: 'rejected' })).body.missing_fields[0], 'reason')
  assert.equal((await move(worker, id, { to: 'rejected', reason: 'mine' })).body.code, 'role_required')
  const rejected = await move(owner, id, { to: 'rejected', reason: 'the label is wrong' })
  assert.equal(rejected.body.status, 'rejected', rejected.text)
  assert.equal(rejected.body.category, 'abandoned')

  const entry = (await history(id)).at(-1)
  assert.equal(entry.reason, 'the label is wrong')
  const next = await read(entry.detail.opened_revision)
  assert.equal(next.revision_of, id)
  assert.equal(next.revision, 2)
  assert.equal(next.status, 'draft')
  assert.notEqual(next.number, number)
  for (const field of ['title', 'description', 'asset', 'assignee', 'requester', 'job_plan', 'requirements'])
    assert.deepEqual(next[field], rejected.body[field], `${field} is carried over`)
  for (const field of ['completion_summary', 'actual_hours', 'actual_start', 'acknowledged_at', 'hold'])
    assert.equal(next[field], null, `${field} begins anew`)
  const [first] = await history(next.id)
  assert.deepEqual(
    [first.action, first.to_status, first.reason],
    ['created', 'draft', `revision of ${number}`],
  )
  assert.equal((await move(planner, next.id, { to: 'planned' })).body.status, 'planned')
})

test('R-QMS-7 a rejected revision is final', async () => {
  const { id } = await bring('pending_review')
  await move(owner, id, { to: 'rejected', reason: 'the label is wrong' })
  const was = await read(id)
  for (const [method, path, body] of [
    ['PATCH', '', { priority: 'low' }],
    ['POST', '/transitions', { to: 'draft', reason: 'again' }],
    ['POST', '/transitions', { to: 'cancelled', reason: 'again' }],
    ['POST', '/hold', { reason: 'again' }],
    ['POST', '/comments', { body: 'again' }],
    ['POST', '/acknowledgement', {}],
  ] as const) {
    for (const who of [planner, owner]) {
      const { status } = await fixture.call(who, method, `${at(id)}${path}`, body)
      assert.equal(status, 409, `${who} ${method} ${path}`)
    }
  }
  assert.deepEqual(await read(id), was)
})

test('R-QMS-8 two rejections at once open one new revision', async () => {
  const { id } = await bring('pending_review')
  const replies = await Promise.all(
    [1, 2, 3].map(() => move(owner, id, { to: 'rejected', reason: 'the label is wrong' })),
  )
  assert.deepEqual(replies.map(({ status }) => `${status}`).toSorted(), ['200', '409', '409'])
  const { body } = await fixture.call(planner, 'GET', '/v1/work-orders?lifecycle=qms&status=draft&limit=200')
  assert.equal(body.data.filter((row: Json) => row.revision_of === id).length, 1)
})

test('R-QMS-9 a regulatory rejection is for the roles of its gate only, with a reason', async () => {
  const { id } = await bring('pending_review', { regulatory: true })
  const refused = await move(planner, id, { to: 'rejected', reason: 'no' })
  assert.deepEqual(refused.body.roles, ['system_owner', 'qa'])
  assert.deepEqual(refused.body.unmet[0].who, [owner, qa])
  const { body } = await move(qa, id, { to: 'rejected', reason: 'evidence is missing' })
  assert.equal(body.status, 'rejected')
  const opened = (await history(id)).at(-1).detail.opened_revision
  assert.equal((await read(opened)).regulatory, true)
})

test('R-QMS-10 fields are open as seed 002 has it: less and less, then nothing', async (t) => {
  const cases = table`
    state          | who         | fields                                      | answer
    draft          | Pat Planner | {"title": "Another", "priority": "high"}    | changed
    planned        | Pat Planner | {"priority": "high"}                        | changed
    planned        | Olga Owner  | {"job_plan": {"title": "B", "steps": ["x"]}} | changed
    planned        | Pat Planner | {"title": "Another"}                        | fields_locked
    scheduled      | Pat Planner | {"planned_end": "2027-02-01T00:00:00Z"}     | changed
    scheduled      | Pat Planner | {"assignee": "Vik Vendor"}                  | changed
    scheduled      | Pat Planner | {"job_plan": {"title": "B", "steps": ["x"]}} | fields_locked
    scheduled      | Pat Planner | {"priority": "high"}                        | fields_locked
    in_progress    | Lee Lab     | {"notes": "step 1 done", "actual_hours": 2} | changed
    in_progress    | Pat Planner | {"notes": "not mine"}                       | fields_not_yours
    in_progress    | Pat Planner | {"assignee": "Vik Vendor"}                  | fields_locked
    pending_review | Lee Lab     | {"notes": "late"}                           | fields_locked
    pending_review | Olga Owner  | {"title": "late"}                           | fields_locked
  `
  for (const { state = '', who = '', fields = '', answer } of cases) {
    await t.test(`${state} ${who} ${fields}`, async () => {
      const { id } = state === 'draft' ? await create() : await bring(state)
      const { status, body } = await fixture.call(who, 'PATCH', at(id), JSON.parse(fields))
      assert.equal(status === 200 ? 'changed' : body.code, answer)
    })
  }
})
