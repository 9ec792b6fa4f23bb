/** Templates over REST and the command line: kept in versions, filled with values, applied in one piece or not at all. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { shippedTemplates } from '#capabilities/template/shipped.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'

const [planner, qa, worker] = ['Pat Planner', 'Quinn QA', 'Lee Lab']
let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const keep = (name: string, body: object): Promise<Reply> =>
  fixture.call(planner, 'POST', '/v1/templates', { name, body })
const apply = (name: string, parameters: object = {}, more: object = {}, who = planner): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/templates/${name}/apply`, { parameters, ...more })
const countWorkOrders = async (): Promise<number> =>
  (await must(fixture.call(planner, 'GET', '/v1/work-orders?limit=200'))).data.length

const small = {
  lifecycle: 'change-control',
  title: 'Service {{line}}',
  parameters: [
    { name: 'line', says: 'the line' },
    { name: 'who', says: 'who does it', default: '' },
  ],
  job_plan: {
    title: 'Service',
    steps: [{ key: 'grease', kind: 'work_order', text: 'Grease', work_order: 'grease' }],
  },
  completion_policy: { kind: 'required', ids: ['grease'] },
  work_orders: [
    { key: 'stop', title: 'Stop {{ line }}', assignee: '{{who}}' },
    {
      key: 'grease',
      title: 'Grease {{line}}',
      after: [{ key: 'stop', lag_hours: 2 }],
      work_category: 'lubrication',
    },
    { key: 'bearing', under: 'grease', title: 'Bearing of {{line}}' },
  ],
}

test('R-TPL-4 applying makes everything in one transaction, with values in each text and keys turned into ids', async () => {
  await must(keep('service-line', small), 201)
  const { data } = await must(apply('service-line', { line: 'Line 3', who: worker }), 201)
  assert.deepEqual(
    data.map(({ key, title }: Json) => `${key} ${title}`),
    ['null Service Line 3', 'stop Stop Line 3', 'grease Grease Line 3', 'bearing Bearing of Line 3'],
  )
  const [whole, stop, grease, bearing] = await Promise.all(
    data.map(({ id }: Json) => must(fixture.call(planner, 'GET', `/v1/work-orders/${id}`))),
  )
  assert.deepEqual([stop.parent_id, grease.parent_id, bearing.parent_id], [whole.id, whole.id, grease.id])
  assert.deepEqual(grease.predecessors, [{ id: stop.id, lag_hours: 2 }])
  assert.deepEqual(whole.completion_policy, { kind: 'required', ids: [grease.id] })
  assert.equal(whole.job_plan.steps[0].work_order, grease.id)
  assert.deepEqual([stop.assignee, grease.assignee, grease.work_category], [worker, null, 'lubrication'])
  const below = await must(apply('service-line', { line: 'Line 4' }, { parent: whole.id }), 201)
  assert.equal(below.data[0].parent_id, whole.id)
})

const categoriesOf = async (name: string, parameters: object): Promise<Json[]> => {
  const { data } = await must(apply(name, parameters), 201)
  const found = data.map(({ id }: Json) => must(fixture.call(planner, 'GET', `/v1/work-orders/${id}`)))
  return (await Promise.all(found)).map(({ work_category }) => work_category)
}

test('R-TPL-4 linked work is of the category of its master, unless the template says another; in the fleet its title says it', async () => {
  await must(keep('categorised', { ...small, work_category: 'service' }), 201)
  // The bearing is under what is greased.
  const expected = ['service', 'service', 'lubrication', 'lubrication']
  assert.deepEqual(await categoriesOf('categorised', { line: 'Line 7' }), expected)
  const fleet = {
    lifecycle: 'fleet',
    title: '[SS1-Service] Line',
    work_category: 'service',
    work_orders: [{ key: 'papers', title: '[SS1-Papers] Update papers' }],
  }
  await must(keep('fleet-line', fleet), 201)
  assert.deepEqual(await categoriesOf('fleet-line', {}), ['service', 'Papers'])
})

test('R-TPL-5 a template that cannot be applied is refused when it is kept, with the path of each flaw', async () => {
  const cases = table`
    change                                                            | path
    {"title":"Service {{lines}}"}                                     | body.title
    {"title":""}                                                      | title
    {"work_orders":[{"key":"a","title":"A","after":["b"]}]}           | body.work_orders.0.after.0
    {"work_orders":[{"key":"a","title":"A","under":"b"}]}             | body.work_orders.0.under
    {"work_orders":[{"key":"a","title":"A"},{"key":"a","title":"B"}]} | body.work_orders.1.key
    {"work_orders":[{"key":"a","title":"A","after":["b"]},{"key":"b","title":"B","after":["a"]}]} | body.work_orders
    {"work_orders":[{"key":"a","title":"A","after":["b"]},{"key":"b","title":"B","under":"c"},{"key":"c","title":"C","after":["a"]}]} | 201
    {"work_orders":[{"key":"a","title":"A","after":["b"]},{"key":"b","title":"B","under":"a"}]} | 201
    {"work_orders":[{"key":"a","title":"A"},{"key":"b","title":"B","under":"a","after":["a"]}]} | body.work_orders
    {"work_orders":[{"key":"a","title":"A","job_plan":{"title":"x","steps":[{"key":"s","kind":"measurement","text":"m"}]}}]} | body.work_orders.0.job_plan.steps.0.unit
    {"parameters":[{"name":"line","says":"x"},{"name":"line","says":"y"}]} | body.parameters.1.name
    {"lifecycle":"fleet"}                                             | body.title
    {"job_plan":{"title":"x","steps":[{"key":"s","kind":"work_order","text":"m","work_order":"nobody"}]}} | body.job_plan.steps.0.work_order
  `
  const bare = { lifecycle: 'change-control', title: 'Service {{line}}', parameters: small.parameters }
  for (const [i, { change = '', path = '' }] of cases.entries()) {
    const { status, body, text } = await keep(`flawed-${i}`, { ...bare, ...(JSON.parse(change) as object) })
    if (path === '201') assert.equal(status, 201, `${change}: ${text}`)
    else {
      assert.equal(status, 422, `${change}: ${text}`)
      const paths = body.errors.map((error: { path: string }) => error.path)
      assert.ok(
        paths.some((one: string) => one.endsWith(path)),
        `${change}: ${paths}`,
      )
    }
  }
})

test('R-TPL-6 what is missing or unknown when it is applied is refused, and nothing is made', async () => {
  await must(keep('checked', small), 201)
  const standing = await countWorkOrders()
  const cases = table`
    parameters                                | path
    {}                                        | parameters.line
    {"line":"3","lines":"4"}                  | parameters.lines
    {"line":"3","who":"Nobody"}               | work_orders.stop.assignee
    {"line":"AAAAAAAAAA"}                     | 201
  `
  for (const { parameters = '', path = '' } of cases) {
    const { status, body } = await apply('checked', JSON.parse(parameters) as object)
    if (path === '201') assert.equal(status, 201)
    else assert.deepEqual([status, body.errors?.[0].path ?? body.field], [422, path])
  }
  const long = await apply('checked', { line: 'x'.repeat(495) })
  assert.deepEqual(
    [long.status, long.body.errors[0].path],
    [422, 'title'],
    'a text that is too long once it is filled',
  )
  assert.equal(await countWorkOrders(), standing + 4)
  assert.equal((await apply('not-there')).status, 404)
})

test('R-TPL-7 each version is an entry with its reason, can be read again, and work keeps the one it was made with', async () => {
  await must(keep('versioned', { lifecycle: 'change-control', title: 'First' }), 201)
  const { data } = await must(apply('versioned'), 201)
  const path = '/v1/templates/versioned'
  const second = { lifecycle: 'change-control', title: 'Second', job_plan: { title: 'Plan', steps: ['x'] } }
  assert.equal(
    (await fixture.call(planner, 'PATCH', path, { body: second })).body.code,
    'invalid_input',
    'no reason',
  )
  const changed = await must(fixture.call(qa, 'PATCH', path, { body: second, reason: 'a plan was missing' }))
  assert.deepEqual([changed.version, changed.body.title], [2, 'Second'])
  assert.equal((await must(fixture.call(planner, 'GET', `${path}?version=1`))).body.title, 'First')
  assert.equal((await fixture.call(planner, 'GET', `${path}?version=3`)).status, 404)
  const history = (await must(fixture.call(planner, 'GET', `${path}/history`))).data
  assert.deepEqual(
    history.map(({ action, reason, actor }: Json) => [action, reason, actor.name]),
    [
      ['created', null, planner],
      ['updated', 'a plan was missing', qa],
    ],
  )
  assert.equal((await must(fixture.call(planner, 'GET', `/v1/work-orders/${data[0].id}`))).title, 'First')
  const next = await must(apply('versioned'), 201)
  assert.deepEqual(next.template, { name: 'versioned', version: 2 })
  const stale = await fixture.call(
    planner,
    'PATCH',
    path,
    { retired: true, reason: 'x' },
    { 'if-match': '"1"' },
  )
  assert.deepEqual([stale.status, stale.body.code], [412, 'stale_version'])
})

test('R-TPL-8 a retired template is not applied and not listed; people keep templates, and others only apply them', async () => {
  await must(keep('old', { lifecycle: 'change-control', title: 'Old' }), 201)
  await must(fixture.call(planner, 'PATCH', '/v1/templates/old', { retired: true, reason: 'replaced' }))
  const refused = await apply('old')
  assert.deepEqual([refused.status, refused.body.code], [409, 'template_retired'])
  const names = async (query = ''): Promise<string[]> =>
    (await must(fixture.call(worker, 'GET', `/v1/templates${query}`))).data.map(({ name }: Json) => name)
  assert.ok(!(await names()).includes('old'))
  assert.ok((await names('?include_retired=true')).includes('old'))
  for (const who of [worker, 'Build Agent', 'Vik Vendor', 'Aud Auditor'])
    assert.equal(
      (
        await fixture.call(who, 'POST', '/v1/templates', {
          name: 'mine',
          body: { lifecycle: 'qms', title: 'x' },
        })
      ).status,
      403,
    )
  assert.equal((await keep('old', { lifecycle: 'change-control', title: 'Old' })).body.code, 'already_exists')
  await must(apply('excavator-service', { excavator: 'EXC-01' }, {}, 'Build Agent'), 201)
})

test('R-TPL-9 the templates that ship are kept as their files say, and each can be applied', async () => {
  for (const name of shippedTemplates) {
    const file = JSON.parse(
      readFileSync(new URL(`../../templates/${name}.json`, import.meta.url), 'utf8'),
    ) as object
    const { body } = await must(fixture.call(planner, 'GET', `/v1/templates/${name}`))
    assert.equal(body.title, (file as { title: string }).title)
  }
  const { data } = await must(apply('hplc-calibration', { instrument: 'HPLC-01', analyst: worker }), 201)
  const row = await must(fixture.call(planner, 'GET', `/v1/work-orders/${data[0].id}/job-plan`))
  const flow = row.steps.find(({ key }: Json) => key === 'flow')
  assert.deepEqual([flow.text, flow.limits], ['Flow at 1.0 mL/min, volume over time', '0.98 to 1.02 mL/min'])
})
