/** Refused attempts on work orders that become findings, and findings that hold work orders. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { accept } from '#domain/refusal.ts'
import { inTenant } from '#platform/tx.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture, Json, Reply } from '#test/fixture.ts'
import { verifyTenant } from '../verify/verify.ts'
import { raiseFinding } from './raise.ts'

let fixture: Fixture
let tenantId = ''
before(async () => {
  fixture = await openFixture()
  tenantId = (await call('Quinn QA', 'GET', '/v1/me')).body.tenant.id
})
after(() => fixture.close())

const call = (name: string, method: string, path: string, body?: unknown): Promise<Reply> =>
  fixture.call(name, method, path, body)
const move = (name: string, id: string, to: string, more: object = {}): Promise<Reply> =>
  call(name, 'POST', `/v1/work-orders/${id}/transitions`, { to, reason: 'as planned', ...more })
const findingsOf = async (id: string): Promise<Json[]> =>
  (await call('Quinn QA', 'GET', `/v1/findings?work_order=${id}`)).body.data

/** A work order of `qms` that waits for its approval; Lee Lab did the work. */
async function bringToReview(fields: object): Promise<Json> {
  const made = await call('Pat Planner', 'POST', '/v1/work-orders', {
    lifecycle: 'qms',
    title: 'Build the workstation',
    description: 'Child 2 of the upgrade.',
    asset: 'HPLC-01',
    assignee: 'Lee Lab',
    job_plan: { title: 'plan', steps: ['install'] },
    requirements: { people: 1, tools: ['stick'], experience: [] },
    planned_start: '2027-01-11T08:00:00+01:00',
    planned_end: '2027-01-12T16:00:00+01:00',
    ...fields,
  })
  assert.equal(made.status, 201, made.text)
  const { id } = made.body
  const report = { completion_summary: 'built', actual_hours: 6 }
  const steps = [
    () => move('Pat Planner', id, 'planned'),
    () => move('Pat Planner', id, 'scheduled'),
    () => call('Lee Lab', 'POST', `/v1/work-orders/${id}/acknowledgement`, { reason: 'seen' }),
    () => move('Lee Lab', id, 'in_progress'),
    () => move('Lee Lab', id, 'pending_review', report),
  ]
  for (const step of steps) {
    const { status, text } = await step()
    assert.equal(status, 200, text)
  }
  return made.body
}

/** A regulatory work order of the fleet, which its approval would end; Lee Lab did the work. */
async function bringToEnd(regulatory: boolean): Promise<string> {
  const made = await call('Pat Planner', 'POST', '/v1/work-orders', {
    lifecycle: 'fleet',
    title: '[SS1-Operations] Migrate the worker',
    assignee: 'Lee Lab',
    regulatory,
  })
  assert.equal(made.status, 201, made.text)
  const { id } = made.body
  const report = { completion_summary: 'done', actual_hours: 1 }
  for (const [to, more] of [
    ['accepted', {}],
    ['in_progress', {}],
    ['review', report],
  ] as const) {
    const { status, text } = await move('Lee Lab', id, to, more)
    assert.equal(status, 200, text)
  }
  return id
}

/** The log of the tenant is said not to match; gives how to end it. */
async function holdEverything(): Promise<() => Promise<Reply>> {
  const actor = { id: tenantId, kind: 'system', name: 'monitor', sponsorId: null, client: 'test' } as const
  await inTenant(fixture.service.floor, { tenantId, actor, call: { requestId: 'test' } }, async (tx) => {
    await raiseFinding(tx, {
      kind: 'log_mismatch',
      severity: 'critical',
      workOrderId: null,
      title: 'the log does not match',
      detail: {},
      at: tx.now(),
    })
    return accept(undefined)
  })
  const [found] = (await call('Quinn QA', 'GET', '/v1/findings?kind=log_mismatch&state=unclosed')).body.data
  return () => call('Quinn QA', 'POST', `/v1/findings/${found.id}/closures`, { resolution: 'restored' })
}

test('R-FND-6 an attempt against separation of duties is refused, and a finding about who tried', async () => {
  const { id, number } = await bringToReview({ regulatory: true })
  assert.equal((await move('Lee Lab', id, 'approved')).status, 403)
  const [found, ...others] = await findingsOf(number)
  assert.deepEqual(others, [])
  assert.deepEqual(
    [
      found.kind,
      found.severity,
      found.state,
      found.violator,
      found.owner,
      found.work_order,
      found.occurrences,
    ],
    ['separation_of_duties', 'major', 'open', 'Lee Lab', 'Quinn QA', number, 1],
  )
  assert.equal(found.title, `Lee Lab tried to approve ${number} against separation of duties`)
  assert.equal(found.detail.attempt.to, 'approved')
  assert.ok(found.detail.unmet.some((gate: Json) => gate.rule === 'executor'))
  // The attempt is an entry of the work order as well, and the work order is where it was.
  const { data } = (await call('Quinn QA', 'GET', `/v1/work-orders/${id}/history`)).body
  assert.equal(data.at(-1).action, 'refused')
  assert.equal((await call('Quinn QA', 'GET', `/v1/work-orders/${id}`)).body.status, 'pending_review')

  await move('Lee Lab', id, 'approved')
  assert.equal((await findingsOf(id))[0].occurrences, 2)
  // Many at once are counted one by one.
  await Promise.all(Array.from({ length: 8 }, () => move('Lee Lab', id, 'approved')))
  assert.deepEqual(
    (await findingsOf(id)).map(({ occurrences }) => occurrences),
    [10],
  )
})

test('R-FND-6 an agent that approves or asks to sign is refused, and a finding', async () => {
  const { id } = await bringToReview({ regulatory: true })
  const sign = { gate: 'completion', role: 'qa', time_zone: 'UTC' }
  assert.equal((await move('Build Agent', id, 'approved')).status, 403)
  const asked = await call('Build Agent', 'POST', `/v1/work-orders/${id}/signing-intents`, sign)
  assert.equal(asked.body.code, 'human_required')
  assert.deepEqual(
    (await findingsOf(id)).map(({ kind, violator, occurrences }) => [kind, violator, occurrences]),
    [['human_required', 'Build Agent', 2]],
  )
})

test('R-FND-6 a mistake is no finding, nor is an attempt on what is not regulatory', async () => {
  const regulatory = await bringToReview({ regulatory: true })
  const other = await bringToReview({ regulatory: false })
  await move('Pat Planner', regulatory.id, 'approved')
  await move('Pat Planner', regulatory.id, 'draft')
  assert.deepEqual(await findingsOf(regulatory.id), [])
  assert.equal((await move('Lee Lab', other.id, 'approved')).status, 403)
  assert.deepEqual(await findingsOf(other.id), [])
})

test('R-FND-7 while the log does not match, nothing regulatory becomes done, and the finding is named', async () => {
  const id = await bringToEnd(true)
  const codesOf = async (): Promise<string[]> =>
    (await move('Quinn QA', id, 'approved', { review_notes: 'fine' })).body.unmet.map(
      ({ code }: Json) => code,
    )
  assert.deepEqual(await codesOf(), ['signatures_missing'])
  const end = await holdEverything()
  assert.deepEqual(await codesOf(), ['integrity_hold', 'signatures_missing'])
  const { data } = (await call('Quinn QA', 'GET', `/v1/work-orders/${id}/transitions`)).body
  const approve = data.find(({ to }: Json) => to === 'approved')
  const gate = approve.unmet.find(({ code }: Json) => code === 'integrity_hold')
  assert.match(gate.findings[0], /^F-\d{4}-\d{6}$/)
  // Turning it back ends nothing, and stays open.
  const reject = data.find(({ to }: Json) => to === 'rejected')
  assert.ok(reject.unmet.every(({ code }: Json) => code !== 'integrity_hold'))
  const asked = await call('Quinn QA', 'POST', `/v1/work-orders/${id}/signing-intents`, {
    gate: 'completion',
    role: 'qa',
    time_zone: 'UTC',
  })
  assert.ok(asked.body.unmet.some(({ code }: Json) => code === 'integrity_hold'))
  assert.equal((await end()).body.state, 'closed')
  assert.deepEqual(await codesOf(), ['signatures_missing'])
})

test('R-FND-7 the database holds it too, whatever the code says', async () => {
  const regulatory = await bringToEnd(true)
  const other = await bringToEnd(false)
  const client = new pg.Client({ connectionString: fixture.service.installation.urlOf('docket_app') })
  await client.connect()
  const attempt = async (id: string, status: string, category: string): Promise<string> => {
    try {
      await client.query('begin')
      await client.query(`select set_config('docket.tenant_id', $1, true)`, [tenantId])
      await client.query(
        `update work_orders set version = version + 1, entry_seq = entry_seq + 1, status = $2, category = $3 where id = $1`,
        [id, status, category],
      )
      await client.query('commit')
      return 'done'
    } catch (error) {
      await client.query('rollback')
      return error instanceof pg.DatabaseError ? (error.code ?? '') : String(error)
    }
  }
  // Without a hold it is the missing signatures that refuse; with one, the hold is first.
  assert.equal(await attempt(regulatory, 'approved', 'done'), 'DK005')
  const end = await holdEverything()
  assert.equal(await attempt(regulatory, 'approved', 'done'), 'DK015')
  assert.notEqual(await attempt(regulatory, 'rejected', 'abandoned'), 'DK015')
  assert.notEqual(await attempt(other, 'approved', 'done'), 'DK015')
  await end()
  assert.equal(await attempt(regulatory, 'approved', 'done'), 'DK005')
  await client.end()
})

test('R-FND-9 what refused attempts leave is whole', async () => {
  const { damages } = await verifyTenant(fixture.service.installation.urlOf('docket_auditor'), tenantId)
  assert.deepEqual(damages, [])
})
