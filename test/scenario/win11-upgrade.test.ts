/**
 * Seed 002 section 3 over REST and nothing else: one command makes the master and its six linked work orders, their
 * order is enforced, every step is done and every signature given, the master is completed, and nothing of it can be
 * changed afterwards.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { enrolSigner, signWith } from '../signer.ts'
import type { Signer } from '../signer.ts'
import { attach } from './files.ts'

const planner = 'Pat Planner'
const [lead, vendor, second] = ['Lee Lab', 'Vik Vendor', 'Rae Reviewer']
const keys = ['remove', 'build', 'install', 'configure', 'accounts', 'decommission'] as const
type Key = (typeof keys)[number] | 'whole'

let fixture: Fixture
let owner: Signer
let qa: Signer
let reviewer: Signer
const made = new Map<
  Key,
  { readonly id: string; readonly number: string; readonly after: readonly string[] }
>()
before(async () => {
  fixture = await openFixture()
  owner = await enrolSigner(fixture, 'Uma Owner', ['system_owner'])
  qa = await enrolSigner(fixture, 'Quentin Quality', ['qa'])
  reviewer = await enrolSigner(fixture, second, ['operator'])
})
after(() => fixture.close())

const idOf = (key: Key): string => made.get(key)?.id ?? assert.fail(`no ${key}`)
const at = (key: Key, path = ''): string => `/v1/work-orders/${idOf(key)}${path}`
const workerOf = (key: Key): string => (key === 'install' ? vendor : lead)

async function must(reply: Promise<Reply>, what: string, status = 200): Promise<Json> {
  const { status: given, body, text } = await reply
  assert.equal(given, status, `${what}: ${text}`)
  return body
}
const move = (who: string, key: Key, to: string, more: object = {}): Promise<Reply> =>
  fixture.call(who, 'POST', at(key, '/transitions'), { to, reason: 'as planned', ...more })

/** Planned and scheduled by the planner, acknowledged by who does it. */
async function schedule(key: Key): Promise<void> {
  const dates = { planned_start: '2027-02-01T08:00:00Z', planned_end: '2027-02-05T16:00:00Z' }
  await must(fixture.call(planner, 'PATCH', at(key), { ...dates, reason: 'agreed' }), `dates of ${key}`)
  await must(move(planner, key, 'planned'), `plan ${key}`)
  await must(move(planner, key, 'scheduled'), `schedule ${key}`)
  await must(fixture.call(workerOf(key), 'POST', at(key, '/acknowledgement'), {}), `acknowledge ${key}`)
}

const start = (key: Key): Promise<Reply> => move(workerOf(key), key, 'in_progress')
const handIn = (key: Key): Promise<Reply> =>
  move(workerOf(key), key, 'pending_review', { completion_summary: `${key} is done`, actual_hours: 2 })

/** Does each step as its kind asks for it, in the order of the plan. */
async function doSteps(key: Key): Promise<void> {
  const plan = await must(fixture.call(workerOf(key), 'GET', at(key, '/job-plan')), `plan of ${key}`)
  for (const step of plan.steps as {
    key: string
    kind: string
    mandatory: boolean
    limits: string | null
  }[]) {
    if (!step.mandatory || step.kind === 'work_order') continue
    const path = at(key, `/steps/${step.key}`)
    const answer = {
      instruction: {},
      check: { outcome: 'passed' },
      measurement: { value: step.limits === 'at least 8 GiB' ? '12.5' : '0.4' },
      evidence: {},
      sign_off: {},
    }[step.kind]
    const attachments =
      step.kind === 'evidence'
        ? [await attach(fixture, workerOf(key), idOf(key), `${step.key}.txt`)]
        : undefined
    const reply =
      step.kind === 'sign_off'
        ? reviewer.call('POST', path, {})
        : fixture.call(workerOf(key), 'POST', path, { ...answer, attachments })
    await must(reply, `step ${step.key} of ${key}`)
  }
}

async function approve(key: Key): Promise<void> {
  for (const [signer, role] of [
    [owner, 'system_owner'],
    [qa, 'qa'],
  ] as const)
    await must(signWith(signer, idOf(key), { gate: 'completion', role }), `sign ${key} as ${role}`, 201)
  await must(move(planner, key, 'completed', { post_approval_tasks_confirmed: true }), `complete ${key}`)
}

async function finish(key: Key): Promise<void> {
  await doSteps(key)
  await must(handIn(key), `hand in ${key}`)
  await approve(key)
}

/** Who works on it may not start it; the numbers that keep it from that, as the planner sees them (a vendor does not). */
async function waitsFor(key: Key): Promise<string[]> {
  type Unmet = { readonly code: string; readonly predecessors: readonly { readonly number: string }[] }
  const { status, body, text } = await start(key)
  assert.equal(status, 409, text)
  assert.ok(
    body.unmet.some(({ code }: Unmet) => code === 'dependencies_open'),
    text,
  )
  const { data } = await must(fixture.call(planner, 'GET', at(key, '/transitions')), `edges of ${key}`)
  const edge = data.find(({ to }: { to: string }) => to === 'in_progress')
  return edge.unmet
    .filter(({ code }: Unmet) => code === 'dependencies_open')
    .flatMap(({ predecessors }: Unmet) => predecessors.map(({ number }) => number))
}
const numbersOf = (...some: Key[]): string[] => some.map((key) => made.get(key)?.number ?? '')

test('R-TPL-1 one command makes the master and its six linked work orders with their order', async () => {
  const parameters = {
    workstation: 'HPLC-01',
    coordinator: lead,
    technician: lead,
    vendor,
    validation: lead,
  }
  const body = await must(
    fixture.call(planner, 'POST', '/v1/templates/win10-to-win11/apply', {
      parameters,
      reason: 'end of support',
    }),
    'apply',
    201,
  )
  assert.deepEqual(body.template, { name: 'win10-to-win11', version: 1 })
  for (const row of body.data) made.set(row.key ?? 'whole', row)
  assert.deepEqual([...made.keys()], ['whole', ...keys])
  for (const key of keys) {
    const row = await must(fixture.call(planner, 'GET', at(key)), key)
    assert.equal(row.parent_id, idOf('whole'))
    assert.equal(row.regulatory, true, 'as its master')
    assert.equal(row.lifecycle, 'qms')
    assert.equal(row.asset, 'HPLC-01')
    assert.deepEqual(row.job_plan.template, { name: 'win10-to-win11', version: 1 })
    assert.ok(!JSON.stringify(row).includes('{{'), 'every place is filled')
  }
  const order = Object.fromEntries(keys.map((key) => [key, made.get(key)?.after]))
  assert.deepEqual(order, {
    remove: [],
    build: numbersOf('remove'),
    install: numbersOf('build'),
    configure: numbersOf('install'),
    accounts: numbersOf('install'),
    decommission: numbersOf('configure', 'accounts').toSorted(),
  })
  const history = await must(fixture.call(planner, 'GET', at('build', '/history')), 'history')
  assert.deepEqual(history.data[0].detail.template, { name: 'win10-to-win11', version: 1 })
  assert.equal(history.data[0].reason, 'end of support')
})

test('R-TPL-2 the work goes in the order of seed 002, and the master is completed over all of it', async () => {
  for (const key of ['whole', ...keys] as const) await schedule(key)
  await must(start('whole'), 'start the whole')
  assert.deepEqual(await waitsFor('build'), numbersOf('remove'))
  await must(start('remove'), 'start remove')
  await finish('remove')
  await must(start('build'), 'start build')
  assert.deepEqual(await waitsFor('install'), numbersOf('build'), '3 does not start before 2')
  await finish('build')
  await must(start('install'), 'start install')
  assert.deepEqual(await waitsFor('configure'), numbersOf('install'))
  assert.deepEqual(await waitsFor('accounts'), numbersOf('install'))
  await finish('install')
  await must(start('configure'), 'start configure')
  await must(start('accounts'), '5 runs beside 4')
  assert.deepEqual(await waitsFor('decommission'), numbersOf('configure', 'accounts').toSorted())
  await finish('accounts')
  assert.deepEqual(await waitsFor('decommission'), numbersOf('configure'), '6 waits for 4 as well as for 5')
  await finish('configure')
  await must(start('decommission'), 'start decommission')

  const early = await handIn('whole')
  assert.equal(early.status, 409, early.text)
  const open = early.body.unmet.find(({ code }: { code: string }) => code === 'steps_open')
  assert.deepEqual(
    open.steps.map(({ key }: { key: string }) => key),
    ['decommission', 'inventory'],
  )
  assert.ok(early.body.unmet.some(({ code }: { code: string }) => code === 'linked_work_open'))
  await finish('decommission')
  await finish('whole')
  const plan = await must(fixture.call(planner, 'GET', at('whole', '/job-plan')), 'plan')
  assert.equal(plan.open, 0)
})

test('R-TPL-3 at the end every record is immutable', async () => {
  for (const key of ['whole', ...keys] as const) {
    const was = await must(fixture.call(planner, 'GET', at(key)), key)
    assert.deepEqual([was.status, was.category], ['completed', 'done'])
    for (const [who, method, path, body] of [
      [planner, 'PATCH', '', { priority: 'low', reason: 'again' }],
      [planner, 'POST', '/transitions', { to: 'cancelled', reason: 'again' }],
      [planner, 'POST', '/comments', { body: 'again' }],
      [workerOf(key), 'POST', '/steps/inventory', { outcome: 'failed', note: 'no', reason: 'again' }],
      [planner, 'POST', '/dependencies', { predecessor: idOf('remove') }],
    ] as const) {
      const { status, text } = await fixture.call(who, method, at(key, path), body)
      assert.equal(status, 409, `${key} ${method} ${path}: ${text}`)
    }
    assert.deepEqual(await must(fixture.call(planner, 'GET', at(key)), key), was)
  }
})
