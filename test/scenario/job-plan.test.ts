/** Job plans over REST: each kind of step, who may do it and when, limits and their findings, sign-offs, corrections. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { withClient } from '#platform/database.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'
import { attach } from './files.ts'
import { hire, keyFor, bearer } from './people.ts'

const [planner, worker, qa] = ['Pat Planner', 'Lee Lab', 'Quinn QA']
let fixture: Fixture
let callSecond: (method: string, path: string, body?: object) => Promise<Reply>
before(async () => {
  fixture = await openFixture()
  await hire(fixture, { name: 'Sia Second', roles: ['operator'] })
  const { key } = await keyFor(fixture, 'Sia Second')
  callSecond = (method, path, body) => fixture.call(undefined, method, path, body, bearer(key))
})
after(() => fixture.close())

const plan = {
  title: 'Calibrate the balance',
  steps: [
    'Read the work instruction.',
    { key: 'level', kind: 'check', text: 'The balance is level' },
    {
      key: 'load',
      kind: 'measurement',
      text: 'Reading at 100 g',
      unit: 'g',
      min: '99.9990',
      max: '100.0010',
    },
    { key: 'photo', kind: 'evidence', text: 'Photo of the display' },
    { key: 'seen', kind: 'sign_off', text: 'Checked by a second person', role: 'operator' },
    { key: 'dust', kind: 'instruction', text: 'Dust the pan', mandatory: false },
  ],
}
const at = (id: string, path = ''): string => `/v1/work-orders/${id}${path}`

/** A work order with a plan, under way. */
async function begin(fields: object = {}): Promise<Json> {
  const made = await must(
    fixture.call(planner, 'POST', '/v1/work-orders', {
      title: 'Calibrate BAL-12',
      description: 'as planned',
      asset: 'BAL-12',
      assignee: worker,
      job_plan: plan,
      ...fields,
    }),
    201,
  )
  await must(move(planner, made.id, 'assigned'))
  await must(move(worker, made.id, 'in_progress'))
  return made
}
const move = (who: string, id: string, to: string, more: object = {}): Promise<Reply> =>
  fixture.call(who, 'POST', at(id, '/transitions'), { to, reason: 'as planned', ...more })
const step = (who: string, id: string, key: string, body: object = {}): Promise<Reply> =>
  fixture.call(who, 'POST', at(id, `/steps/${key}`), body)
const complete = (id: string): Promise<Reply> =>
  move(worker, id, 'completed', { completion_summary: 'calibrated', actual_hours: 1 })
const stateOf = async (id: string, key: string): Promise<string> =>
  (await must(fixture.call(planner, 'GET', at(id, '/job-plan')))).steps.find((one: Json) => one.key === key)
    .state

test('R-PLN-1 each step is answered as its kind asks, and stamped with who and when', async () => {
  const { id } = await begin()
  const cases = table`
    step  | answer                          | refused
    level | {}                              | outcome
    level | {"outcome":"done"}              | outcome
    level | {"outcome":"not_applicable"}    | outcome
    load  | {}                              | value
    load  | {"value":"about 100"}           | value
    load  | {"value":"1e2"}                 | value
    load  | {"value":"100","outcome":"passed"} | outcome
    photo | {}                              | attachments
    photo | {"attachments":["01a1fce9-115c-7271-8e0d-7b43636ca3d5"]} | attachments
    dust  | {"value":"3"}                   | value
    level | {"outcome":"passed","by":"Vik"} |
  `
  for (const { step: key = '', answer = '', refused } of cases) {
    const { status, body } = await step(worker, id, key, JSON.parse(answer) as object)
    assert.deepEqual([status, body.code], [422, 'invalid_input'], `${key} ${answer}`)
    assert.equal(body.errors[0].path, refused, `${key} ${answer}`)
  }
  assert.equal((await step(worker, id, 'unknown')).status, 404)
  await must(step(worker, id, 'level', { outcome: 'passed' }))
  const shown = await must(step(worker, id, 'load', { value: '100.0004', note: ' after warming up ' }))
  const { result, limits, state } = shown.steps.find(({ key }: Json) => key === 'load')
  assert.deepEqual([state, limits], ['done', '99.9990 to 100.0010 g'])
  const { by_name, value, note, at: when } = result
  assert.deepEqual({ by_name, value, note }, { by_name: worker, value: '100.0004', note: 'after warming up' })
  assert.ok(Math.abs(Date.now() - Date.parse(when)) < 60_000)
  assert.equal(shown.open, 2, 'the photo and the second person')
})

test('R-PLN-2 work is not handed in over a mandatory step, and the refusal says which and who can do it', async () => {
  const { id } = await begin()
  await must(step(worker, id, 'level', { outcome: 'passed' }))
  const { status, body } = await complete(id)
  assert.deepEqual([status, body.code], [409, 'steps_open'])
  assert.deepEqual(
    body.steps.map(({ key, state }: Json) => `${key} ${state}`),
    ['load open', 'photo open', 'seen open'],
  )
  assert.ok(body.unmet[0].who.includes(worker) && body.unmet[0].who.includes('Sia Second'))
  await must(step(worker, id, 'load', { value: '100' }))
  await must(step(worker, id, 'photo', { attachments: [await attach(fixture, planner, id, 'display.txt')] }))
  await must(callSecond('POST', at(id, '/steps/seen'), {}))
  assert.equal((await must(complete(id))).status, 'completed')
  const late = await step(worker, id, 'dust')
  assert.deepEqual([late.status, late.body.code], [409, 'not_under_way'])
})

test('R-PLN-3 a sign-off is another person’s, and comes after what it is about', async () => {
  const { id } = await begin()
  const early = await callSecond('POST', at(id, '/steps/seen'), {})
  assert.deepEqual([early.status, early.body.code], [409, 'steps_open'])
  await must(step(worker, id, 'level', { outcome: 'passed' }))
  await must(step(worker, id, 'load', { value: '100' }))
  await must(step(worker, id, 'photo', { attachments: [await attach(fixture, worker, id, 'display.txt')] }))
  const own = await step(worker, id, 'seen')
  assert.deepEqual([own.status, own.body.code, own.body.rule], [403, 'separation_of_duties', 'executor'])
  assert.equal((await step(qa, id, 'seen')).body.code, 'role_required', 'it is not of that role')
  await must(callSecond('POST', at(id, '/steps/seen'), {}))
  const others = await step(planner, id, 'dust')
  assert.deepEqual(
    [others.status, others.body.code],
    [403, 'role_required'],
    'steps are of who does the work',
  )
})

test('R-PLN-4 out of limits, the value stands with a finding, and the step is blocked until that is closed', async () => {
  const { id, number } = await begin()
  for (const key of ['level'] as const) await must(step(worker, id, key, { outcome: 'passed' }))
  const shown = await must(step(worker, id, 'load', { value: '100.0011' }))
  const { state, result } = shown.steps.find(({ key }: Json) => key === 'load')
  assert.deepEqual([state, result.state, result.value], ['blocked', 'out_of_limits', '100.0011'])
  const finding = await must(fixture.call(qa, 'GET', `/v1/findings/${result.finding}`))
  assert.equal(finding.kind, 'measurement_out_of_limits')
  assert.equal(finding.work_order, number)
  assert.deepEqual([finding.detail.value, finding.detail.limits], ['100.0011', '99.9990 to 100.0010 g'])
  const again = await step(worker, id, 'load', { value: '100.0000', reason: 'levelled' })
  assert.deepEqual([again.status, again.body.code, again.body.finding], [409, 'step_blocked', result.finding])
  const handed = await complete(id)
  assert.deepEqual(handed.body.steps[0], {
    key: 'load',
    kind: 'measurement',
    text: 'Reading at 100 g',
    state: 'blocked',
    finding: result.finding,
  })
  await must(
    fixture.call(qa, 'POST', `/v1/findings/${result.finding}/closures`, {
      resolution: 'as found; no result since the last calibration is affected',
    }),
  )
  assert.equal(await stateOf(id, 'load'), 'accepted', 'closing it is the decision about the value')
  await must(step(worker, id, 'load', { value: '100.0002', reason: 'as left, after adjustment' }))
  assert.equal(await stateOf(id, 'load'), 'done')
  const entries = (await must(fixture.call(planner, 'GET', at(id, '/history')))).data
  const values = entries
    .filter(({ action }: Json) => action === 'step_recorded')
    .map(({ changes, reason }: Json) => [
      changes.find(({ field }: Json) => field === 'step_results').new.load?.value,
      reason,
    ])
  assert.deepEqual(values.slice(1), [
    ['100.0011', null],
    ['100.0002', 'as left, after adjustment'],
  ])
})

test('R-PLN-5 what was said about a step is said again only with a reason, and what it was stays in the entries', async () => {
  const { id } = await begin()
  const note = await step(worker, id, 'level', { outcome: 'failed' })
  assert.deepEqual([note.status, note.body.missing_fields], [422, ['note']])
  await must(step(worker, id, 'level', { outcome: 'failed', note: 'the left foot is loose' }))
  assert.equal(await stateOf(id, 'level'), 'failed')
  const again = await step(worker, id, 'level', { outcome: 'passed' })
  assert.deepEqual([again.status, again.body.missing_fields], [422, ['reason']])
  await must(step(worker, id, 'level', { outcome: 'passed', reason: 'foot tightened' }))
  const { data } = await must(fixture.call(planner, 'GET', at(id, '/history')))
  const { old, new: next } = data.at(-1).changes.find(({ field }: Json) => field === 'step_results')
  assert.deepEqual(
    [old.level.state, old.level.note, next.level.state],
    ['failed', 'the left foot is loose', 'done'],
  )
})

test('R-PLN-6 a plan that contradicts itself is refused with the path of each flaw', async () => {
  const cases = table`
    plan                                                                                       | path
    {"title":"x","steps":[{"key":"a","kind":"check","text":"x"},{"key":"a","kind":"check","text":"x"}]}  | job_plan.steps.1.key
    {"title":"x","steps":["one",{"key":"1","kind":"check","text":"x"}]}                         | job_plan.steps.1.key
    {"title":"x","steps":[{"key":"a","kind":"measurement","text":"x"}]}                         | job_plan.steps.0.unit
    {"title":"x","steps":[{"key":"a","kind":"measurement","text":"x","unit":"g","min":"2","max":"1.9"}]} | job_plan.steps.0.max
    {"title":"x","steps":[{"key":"a","kind":"check","text":"x","unit":"g"}]}                    | job_plan.steps.0.unit
    {"title":"x","steps":[{"key":"a","kind":"sign_off","text":"x"}]}                            | job_plan.steps.0.role
    {"title":"x","steps":[{"key":"a","kind":"work_order","text":"x"}]}                          | job_plan.steps.0.work_order
    {"title":"x","steps":[{"key":"a","kind":"check","text":"x","credential":"vault"}]}          | job_plan.steps.0.credential
    {"title":"x","steps":["x"],"credentials":[{"name":"a","ref":"hunter two"}]}                 | job_plan.credentials.0.ref
    {"title":"x","steps":["x"],"approvals":[{"gate":"completion","role":"qa"},{"gate":"completion","role":"qa"}]} | job_plan.approvals.1.role
    {"title":"x","steps":[{"key":"A b","kind":"check","text":"x"}]}                             | job_plan.steps.0
  `
  for (const { plan: given = '', path = '' } of cases) {
    const { status, body } = await fixture.call(planner, 'POST', '/v1/work-orders', {
      title: 'A plan',
      job_plan: JSON.parse(given) as object,
    })
    assert.equal(status, 422, given)
    assert.ok(
      body.errors.some((error: { path: string }) => error.path.startsWith(path)),
      `${given}: ${JSON.stringify(body.errors)}`,
    )
  }
})

test('R-PLN-7 a plan adds signatures to those of the policy, also where the policy asks for none', async () => {
  const approvals = [
    { gate: 'release', role: 'qa' },
    { gate: 'completion', role: 'system_owner' },
  ]
  const { id } = await must(
    fixture.call(planner, 'POST', '/v1/work-orders', {
      title: 'Try another column',
      description: 'x',
      asset: 'HPLC-01',
      assignee: worker,
      job_plan: { title: 'Try', steps: ['Try it'], approvals },
    }),
    201,
  )
  const around = await move(planner, id, 'assigned')
  assert.deepEqual(
    [around.status, around.body.code],
    [409, 'wrong_status'],
    'there is no way around the gate',
  )
  await must(move(planner, id, 'pending_approval'))
  const { status, body } = await move(planner, id, 'assigned')
  assert.deepEqual([status, body.code, body.roles], [409, 'signatures_missing', ['qa']])
})

test('R-PLN-8 who does a step of it counts as one who executed it', async () => {
  const { id } = await begin()
  await must(fixture.call(planner, 'PATCH', at(id), { assignee: 'Sia Second' }))
  await must(callSecond('POST', at(id, '/steps/level'), { outcome: 'passed' }))
  await must(fixture.call(planner, 'PATCH', at(id), { assignee: worker }))
  await must(step(worker, id, 'load', { value: '100' }))
  await must(step(worker, id, 'photo', { attachments: [await attach(fixture, worker, id, 'display.txt')] }))
  const own = await callSecond('POST', at(id, '/steps/seen'), {})
  assert.deepEqual([own.status, own.body.rule], [403, 'executor'])
})

test('R-PLN-9 the database refuses what the service would: steps at another time, another plan, handing in too early', async () => {
  const { id } = await begin()
  const attempts = table`
    change                                                                             | code
    category = 'review', status = 'completed'                                          | DK018
    step_results = '{"level":{"state":"done"}}', category = 'held', status = 'blocked' | DK019
  `
  await withClient(fixture.adminUrl, async (client) => {
    const attempt = (change: string): Promise<string> =>
      client.query(`update work_orders set version = version + 1, ${change} where id = $1`, [id]).then(
        () => 'done',
        (error: { code?: string }) => error.code ?? 'no code',
      )
    for (const { change = '', code } of attempts) assert.equal(await attempt(change), code, change)
    await must(step(worker, id, 'level', { outcome: 'passed' }))
    assert.equal(await attempt(`job_plan = '{"title":"another","steps":["x"]}'`), 'DK019')
    await must(step(worker, id, 'load', { value: '99' }))
    await must(step(worker, id, 'photo', { attachments: [await attach(fixture, worker, id, 'a.txt')] }))
    assert.equal(await attempt(`category = 'review', status = 'completed'`), 'DK018', 'its finding is open')
  })
})

test('R-PLN-10 a step that consists of a work order is done when that is', async () => {
  const part = await begin({ job_plan: undefined, title: 'Part' })
  const { id } = await begin({
    job_plan: {
      title: 'Whole',
      steps: [{ key: 'part', kind: 'work_order', text: 'The part', work_order: part.id }],
    },
  })
  const shown = await must(fixture.call(worker, 'GET', at(id, '/job-plan')))
  assert.deepEqual(shown.steps[0].work_order, { id: part.id, number: part.number, status: 'in_progress' })
  assert.equal((await step(worker, id, 'part')).status, 422)
  assert.equal((await complete(id)).body.code, 'steps_open')
  await must(complete(part.id))
  assert.equal((await complete(id)).body.code, 'steps_open', 'completed is not closed')
  await must(move(planner, part.id, 'closed'))
  await must(complete(id))
})
