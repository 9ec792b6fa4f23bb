/**
 * Time limits of approvals, with a clock that the test holds: it says when it is, and the entries still carry
 * the time of the service. The tenant works around the clock, so that hours can be added.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import pino from 'pino'
import { openSlaWorker, sweepTenant } from '#capabilities/approval-sla/worker.ts'
import type { SlaWorker } from '#capabilities/approval-sla/worker.ts'
import { toInstant } from '#domain/instant.ts'
import { readClock } from '#platform/clock.ts'
import { openDatabase, withClient } from '#platform/database.ts'
import { jobsMark, openJobs } from '#platform/jobs.ts'
import type { Jobs } from '#platform/jobs.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { enrolPerson, enrolSigner, signWith } from '../signer.ts'
import type { Signer } from '../signer.ts'

let fixture: Fixture
let tenantId: string
let first: Signer
let second: Signer
before(async () => {
  fixture = await openFixture()
  tenantId = (await fixture.call('Ada Admin', 'GET', '/v1/me')).body.tenant.id
  first = await enrolSigner(fixture, 'Cara Captain', ['captain'])
  second = await enrolPerson(fixture, 'Carl Captain', ['captain'])
  for (const [who, manager] of [
    ['Cara Captain', 'Pat Planner'],
    ['Carl Captain', 'Pat Planner'],
    ['Pat Planner', 'Olga Owner'],
  ] as const)
    await ok('Ada Admin', 'POST', `/v1/principals/${encodeURIComponent(who)}/manager`, {
      manager,
      reason: 'team',
    })
  await setPolicy(usual)
})
after(() => fixture.close())

async function ok(who: string, method: string, path: string, body?: object): Promise<Json> {
  const reply = await fixture.call(who, method, path, body)
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.text}`)
  return reply.body
}
const calendar = { time_zone: 'UTC', weekdays: [1, 2, 3, 4, 5, 6, 7], start: '00:00', end: '24:00' }
const usual = { sla_hours: 8, requirements: [{ role: 'captain' }], escalation: ['manager', { role: 'qa' }] }
const setPolicy = (rule: object): Promise<Json> =>
  ok('Ada Admin', 'POST', '/v1/approval-policy', {
    body: { calendar, rules: [{ lifecycle: 'change-control', gate: 'release', ...rule }] },
    reason: 'as agreed',
  })

type Opened = { readonly id: string; readonly at: (hours: number) => string }

/** A work order whose release waits for signatures, and the clock: hours since it began to wait. */
async function open(more: object = {}): Promise<Opened> {
  const { id } = await ok('Lee Lab', 'POST', '/v1/work-orders', {
    title: 'Replace the filter',
    description: 'Yearly',
    assignee: 'Lee Lab',
    ...more,
  })
  await ok('Lee Lab', 'POST', `/v1/work-orders/${id}/transitions`, {
    to: 'pending_approval',
    reason: 'ready',
  })
  const began = Date.now()
  return { id, at: (hours) => toInstant((began + 1000 + hours * 3_600_000) * 1000) }
}
const sweep = async (now: string): Promise<number> =>
  (await sweepTenant(fixture.service.floor, tenantId, now)).taken

/** The steps that its entries tell: rung and whom. */
async function stepsOf(id: string): Promise<string[]> {
  const { data } = await ok('Aud Auditor', 'GET', `/v1/work-orders/${id}/history?limit=200`)
  return data
    .filter(({ action }: Json) => action === 'approval_reminded' || action === 'approval_escalated')
    .map(({ action, detail }: Json) => `${detail.step} ${action.slice(9)}: ${detail.to.join(', ')}`)
}
const cancel = (id: string): Promise<Reply> =>
  fixture.call('Pat Planner', 'POST', `/v1/work-orders/${id}/transitions`, {
    to: 'cancelled',
    reason: 'done here',
  })
const ladder = [
  '1 reminded: Cara Captain, Carl Captain',
  '2 escalated: Pat Planner',
  '3 escalated: Olga Owner',
  '4 escalated: Quinn QA',
]

test('R-SLA-6 each step is taken once, at its time, and is an entry by system:approvals', async () => {
  const { id, at } = await open()
  const taken: number[] = []
  for (const hours of [0, 3.9, 4, 4.1, 7.9, 8, 8.1, 11.9, 12, 16, 16.1, 99])
    taken.push(await sweep(at(hours)))
  assert.deepEqual(taken, [0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0])
  assert.deepEqual(await stepsOf(id), ladder)
  const { data } = await ok('Aud Auditor', 'GET', `/v1/work-orders/${id}/history?limit=200`)
  const { actor, detail } = data.find(({ action }: Json) => action === 'approval_reminded')
  assert.equal(actor.name, 'system:approvals')
  assert.deepEqual([detail.gate, detail.role, detail.round], ['release', 'captain', 1])
  const off = Date.parse(detail.due_at) - Date.parse(at(8))
  assert.ok(Math.abs(off) < 5000, detail.due_at)
  const [system] = (await ok('Lee Lab', 'GET', '/v1/principals?kind=system')).data.filter(
    ({ name }: Json) => name === 'system:approvals',
  )
  assert.deepEqual([system.kind, system.grants], ['system', []])
  await cancel(id)
})

test('R-SLA-7 many workers at once take a step once', async () => {
  const { id, at } = await open()
  for (const hours of [4, 8, 12, 16]) {
    const taken = await Promise.all(Array.from({ length: 6 }, () => sweep(at(hours))))
    assert.equal(
      taken.reduce((sum, one) => sum + one, 0),
      1,
      taken.join(' '),
    )
  }
  assert.deepEqual(await stepsOf(id), ladder)
  await cancel(id)
})

test('R-SLA-8 what is signed, turned back or cancelled is not reminded of', async () => {
  const [signed, cancelled, waiting] = [await open(), await open(), await open()]
  const done = await signWith(first, signed.id, { gate: 'release', role: 'captain' })
  assert.equal(done.body.work_order?.status, 'assigned', done.text)
  assert.equal((await cancel(cancelled.id)).status, 200)
  assert.equal(await sweep(waiting.at(5)), 1)
  assert.equal(await sweep(waiting.at(50)), 1)
  assert.deepEqual([await stepsOf(signed.id), await stepsOf(cancelled.id)], [[], []])
  assert.equal((await stepsOf(waiting.id)).length, 2)
  await cancel(waiting.id)
})

test('R-SLA-9 who is away is not told, and when all who could sign are, the next in the chain is, at once', async () => {
  const away = { starts_at: new Date(Date.now() - 1000).toISOString(), ends_at: '2199-01-01T00:00:00Z' }
  const one = await first.call('POST', '/v1/absences', { ...away, note: 'ill' })
  assert.equal(one.status, 201, one.text)
  const half = await open()
  await sweep(half.at(4))
  assert.deepEqual(await stepsOf(half.id), ['1 reminded: Carl Captain'])
  await cancel(half.id)
  const stranger = await first.call('POST', '/v1/absences', { ...away, principal: second.name })
  assert.deepEqual([stranger.status, stranger.body.code], [403, 'not_allowed'])
  const two = await ok('Ada Admin', 'POST', '/v1/absences', { ...away, principal: second.name })
  const both = await open()
  await sweep(both.at(4))
  assert.deepEqual(await stepsOf(both.id), ['2 escalated: Pat Planner'])
  await cancel(both.id)
  const listed = await ok('Lee Lab', 'GET', '/v1/absences')
  assert.deepEqual(
    listed.data.map(({ principal, note }: Json) => [principal, note]),
    [
      ['Cara Captain', 'ill'],
      ['Carl Captain', null],
    ],
  )
  assert.equal((await first.call('DELETE', `/v1/absences/${two.id}`)).status, 403)
  assert.equal((await first.call('DELETE', `/v1/absences/${one.body.id}`)).status, 200)
  await ok('Ada Admin', 'DELETE', `/v1/absences/${two.id}`)
  assert.equal((await first.call('DELETE', `/v1/absences/${one.body.id}`)).status, 404)
  assert.deepEqual((await ok('Lee Lab', 'GET', '/v1/absences')).data, [])
})

test('R-SLA-8 a role that has signed hears nothing more while others still have to', async () => {
  const regulated = { regulatory: true, asset: 'HPLC-01', job_plan: { title: 'Filter', steps: ['Replace'] } }
  const { id, at } = await open(regulated)
  const signed = await signWith(first, id, { gate: 'release', role: 'captain' })
  assert.equal(signed.body.work_order?.status, 'pending_approval', signed.text)
  assert.equal(await sweep(at(4)), 2)
  assert.deepEqual((await stepsOf(id)).toSorted(), ['1 reminded: Olga Owner', '1 reminded: Quinn QA'])
  await cancel(id)
})

const role = (name: string, position: number): object => ({ role: name, position })

test('R-SLA-4 in an ordered round, who comes later is not late while others have to sign first', async () => {
  await setPolicy({ ordered: true, sla_hours: 8, requirements: [role('captain', 1), role('qa', 2)] })
  const { id, at } = await open()
  assert.equal(await sweep(at(5)), 1)
  assert.deepEqual(await stepsOf(id), ['1 reminded: Cara Captain, Carl Captain'])
  assert.equal((await signWith(first, id, { gate: 'release', role: 'captain' })).status, 201)
  assert.equal(await sweep(at(5)), 1)
  assert.equal((await stepsOf(id)).at(-1), '1 reminded: Quinn QA')
  await cancel(id)
  await setPolicy(usual)
})

test('R-SLA-10 a delegate is reminded too, and who did or edited the work is not', async () => {
  const ends_at = new Date(Date.now() + 86_400_000 * 20).toISOString()
  const offer = { to: 'Quinn QA', roles: ['captain'], ends_at, reason: 'on leave' }
  const made = await first.call('POST', '/v1/delegations', offer)
  assert.equal(made.status, 201, made.text)
  await ok('Quinn QA', 'POST', `/v1/delegations/${made.body.id}/acceptance`, {})
  // Carl wrote what is to be signed.
  const drafted = { title: 'Replace the filter', description: 'Yearly', assignee: 'Lee Lab' }
  const { id } = (await second.call('POST', '/v1/work-orders', drafted)).body
  const edited = await second.call('PATCH', `/v1/work-orders/${id}`, { description: 'Each year, in May' })
  assert.equal(edited.status, 200, edited.text)
  const submit = { to: 'pending_approval', reason: 'ready' }
  assert.equal((await second.call('POST', `/v1/work-orders/${id}/transitions`, submit)).status, 200)
  await sweep(toInstant((Date.now() + 4 * 3_600_000 + 1000) * 1000))
  assert.deepEqual(await stepsOf(id), ['1 reminded: Cara Captain, Quinn QA'])
  await cancel(id)
  await first.call('POST', `/v1/delegations/${made.body.id}/revocation`, { reason: 'back' })
})

const setManager = (who: string, manager: string | null): Promise<Reply> =>
  fixture.call('Ada Admin', 'POST', `/v1/principals/${encodeURIComponent(who)}/manager`, {
    manager,
    reason: 'team',
  })

test('R-SLA-11 nobody manages himself, however many there are in between', async () => {
  assert.equal((await setManager('Olga Owner', 'Cara Captain')).body.code, 'invalid_input')
  assert.equal((await setManager('Olga Owner', 'Olga Owner')).body.code, 'invalid_input')
  assert.equal((await setManager('Olga Owner', 'Build Agent')).body.code, 'unknown_reference')
  assert.equal((await setManager('Aud Auditor', 'Olga Owner')).body.manager, 'Olga Owner')
  assert.equal((await setManager('Aud Auditor', null)).body.manager, null)
})

test('R-SLA-12 jobs survive a restart: nothing is lost while no worker runs, and nothing is done twice', async () => {
  const { id, at } = await open()
  const clock = { now: at(4) }
  const one = await startWorkers(2, clock)
  await one.until(1)
  assert.deepEqual(await stepsOf(id), ladder.slice(0, 1))
  await one.close()
  clock.now = at(8.5)
  assert.equal((await stepsOf(id)).length, 1)
  const two = await startWorkers(2, clock)
  await two.until(1)
  clock.now = at(12.5)
  await two.until(2)
  await two.close()
  assert.deepEqual(await stepsOf(id), ladder.slice(0, 3))
  await cancel(id)
})

test('R-SLA-13 a step is taken when it is due, not at the next sweep', async () => {
  const { id } = await open()
  const soon = new Date(Date.now() + 3000).toISOString()
  await withClient(fixture.adminUrl, async (client) => {
    await client.query(`set session_replication_role = replica`)
    await client.query(
      `update approval_requirements set step = 1, next_step_at = $1 where work_order_id = $2`,
      [soon, id],
    )
  })
  const workers = await startWorkers(2, undefined, 3600)
  await workers.until(1)
  const late = Date.now() - Date.parse(soon)
  await workers.close()
  assert.deepEqual(await stepsOf(id), ['2 escalated: Pat Planner'])
  assert.ok(late >= 0 && late < 10_000, `${late} ms late`)
  await cancel(id)
})

test('R-SLA-14 the queues in the database are those of the package that is installed', async () => {
  const manifest = new URL('../../node_modules/pg-boss/package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'))
  assert.ok(jobsMark.startsWith(`pg-boss ${version}:`), jobsMark)
  await withClient(fixture.adminUrl, async (client) => {
    const { rows } = await client.query('select name from pgboss.queue order by name')
    for (const { name } of rows) assert.ok(jobsMark.includes(name), name)
    assert.equal(rows.length, 2)
  })
})

type Workers = { until(steps: number): Promise<void>; close(): Promise<void> }

/** Services beside each other on one database, each with its own queue client; what they log says when they are done. */
async function startWorkers(count: number, clock?: { now: string }, everySeconds = 1): Promise<Workers> {
  const now = clock === undefined ? readClock : (): string => clock.now
  let steps = 0
  let told: (() => void) | undefined
  const sink = {
    write(line: string): void {
      const said = JSON.parse(line)
      assert.ok(said.level < 40, line)
      steps += Number(said.steps ?? 0)
      told?.()
    },
  }
  const log = pino({ level: 'info' }, sink)
  const db = openDatabase({
    url: () => fixture.service.installation.urlOf('docket_app'),
    max: 4,
    applicationName: 'test-jobs',
  })
  const opened: { readonly jobs: Jobs; readonly worker: SlaWorker }[] = []
  for (let i = 0; i < count; i += 1) {
    const jobs = await openJobs(db, log)
    const needs = { floor: fixture.service.floor, jobs, log, now, everySeconds }
    opened.push({ jobs, worker: await openSlaWorker({ ...needs, listTenantIds: async () => [tenantId] }) })
  }
  return {
    until: (wanted) =>
      new Promise((resolve) => {
        told = () => {
          if (steps >= wanted) resolve()
        }
        told()
      }),
    async close() {
      for (const { worker } of opened) worker.close()
      await Promise.all(opened.map(({ jobs }) => jobs.close()))
      await db.close()
    },
  }
}
