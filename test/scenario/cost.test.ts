/** What work orders cost, over REST: exact lines and totals, who sees them, what became of the plan, and where the time went. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { loadCostTotals } from '#capabilities/cost/totals.ts'
import { currencyDigits } from '#domain/money.ts'
import { accept } from '#domain/refusal.ts'
import { withClient } from '#platform/database.ts'
import { inTenant } from '#platform/tx.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { enrolSigner, signWith } from '../signer.ts'
import type { Signer } from '../signer.ts'
import { table } from '../table.ts'

const [planner, worker, vendor, auditor] = ['Pat Planner', 'Lee Lab', 'Vik Vendor', 'Aud Auditor']
let fixture: Fixture
let owner: Signer
let qa: Signer
before(async () => {
  fixture = await openFixture()
  owner = await enrolSigner(fixture, 'Sonja Owner', ['system_owner'])
  qa = await enrolSigner(fixture, 'Quirin QA', ['qa'])
})
after(() => fixture.close())

const post = (who: string, path: string, body: object = {}): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/${path}`, body)
const get = (who: string, path: string): Promise<Json> => must(fixture.call(who, 'GET', `/v1/${path}`))
const move = (who: string, id: string, to: string, more: object = {}): Promise<Json> =>
  must(post(who, `work-orders/${id}/transitions`, { to, reason: 'as planned', ...more }))
const create = (fields: object = {}): Promise<Json> =>
  must(post(planner, 'work-orders', { title: 'Work that costs', assignee: worker, ...fields }), 201)
async function begin(fields: { assignee?: string; [field: string]: unknown } = {}): Promise<Json> {
  const order = await create(fields)
  await move(planner, order.id, 'assigned')
  await move(fields.assignee ?? worker, order.id, 'in_progress')
  return order
}
const add = (id: string, fields: object = {}, who = planner): Promise<Reply> =>
  post(who, `work-orders/${id}/costs`, {
    kind: 'part',
    description: 'seal kit',
    unit_price: '41.90',
    currency: 'EUR',
    ...fields,
  })
const totalsOf = async (id: string, who = planner): Promise<string[]> =>
  (await get(who, `work-orders/${id}/costs`)).totals.map(
    ({ kind, currency, amount }: Json) => `${kind} ${amount} ${currency}`,
  )
const at = (hour: number): string => new Date(Date.UTC(2026, 0, 2, 0, hour * 60)).toISOString()
let people = 0
async function hire(cost_rate: string | null, currency = 'EUR'): Promise<string> {
  people += 1
  const name = `Costly ${people}`
  await must(post('Ada Admin', 'principals', { name, kind: 'human', roles: ['operator'] }), 201)
  const path = `/v1/people/${encodeURIComponent(name)}`
  await must(fixture.call(planner, 'PATCH', path, { cost_rate, currency, reason: 'hired' }))
  return name
}
const log = (id: string, person: string, from: number, until: number, more: object = {}): Promise<Json> =>
  must(
    post(planner, `work-orders/${id}/time-entries`, { person, from: at(from), until: at(until), ...more }),
    201,
  )

test('R-CST-2 lines are quantity times price, exact; totals are by kind and currency, with the labour', async () => {
  const order = await begin()
  const lines = table`
    kind   | quantity | unit_price | currency | amount
    part   | 3        | 0.1        | EUR      | 0.30
    part   | 2        | 41.90      | EUR      | 83.80
    part   | 1        | -20        | EUR      | -20.00
    tool   | 0.5      | 12.345     | USD      | 6.17
    vendor | 1        | 1200       | JPY      | 1200
    other  | 1        | 9.99       | EUR      | 9.99
  `
  for (const { kind, quantity, unit_price, currency, amount } of lines) {
    const line = await must(
      add(order.id, { kind, quantity, unit_price, currency, reference: 'PO-4711' }),
      201,
    )
    assert.deepEqual([line.amount, line.reference, line.added_by], [amount, 'PO-4711', planner])
  }
  await log(order.id, await hire('85'), 8, 8.5)
  await log(order.id, await hire('10.01', 'USD'), 8, 8.25)
  await log(order.id, await hire(null), 8, 9)
  const expected = [
    'labour 42.50 EUR',
    'labour 2.50 USD',
    'other 9.99 EUR',
    'part 64.10 EUR',
    'tool 6.17 USD',
    'vendor 1200 JPY',
  ]
  assert.deepEqual(await totalsOf(order.id), expected)
  const other = await begin()
  const { floor } = fixture.service
  const actor = await fixture.service.identity.authenticate({ bearer: fixture.keyOf(planner) }, 'rest')
  assert.ok(actor !== undefined)
  const totals = await inTenant(
    floor,
    { tenantId: actor.tenantId, actor, call: { requestId: 'test' } },
    async (tx) => accept(await loadCostTotals(tx, [order.id, other.id])),
  )
  assert.ok(totals.ok)
  assert.deepEqual(
    [...totals.value],
    [
      [
        order.id,
        [
          { currency: 'EUR', amount: '116.59' },
          { currency: 'JPY', amount: '1200' },
          { currency: 'USD', amount: '8.67' },
        ],
      ],
    ],
  )
})

/** Another line like one that is there. */
const copy = (amount: string): string =>
  `insert into cost_lines (tenant_id, id, work_order_id, kind, description, quantity, unit_price, currency, amount, dated, added_by, added_at)
   select tenant_id, gen_random_uuid(), work_order_id, kind, description, quantity, unit_price, currency, ${amount}, dated, added_by, added_at from cost_lines where id = $1`

test('R-CST-3 a line is never changed: what is void stays readable, and final work keeps its costs', async () => {
  const order = await begin()
  const line = await must(add(order.id, { quantity: '2' }), 201)
  await must(add(order.id), 201)
  for (const flaw of [
    { quantity: '0' },
    { quantity: '-1' },
    { quantity: '1e3' },
    { unit_price: '1.' },
    { unit_price: 41.9 },
    { currency: 'eur' },
    { kind: 'labour' },
    { dated: '2026-02-30' },
    { quantity: '1000000', unit_price: '1000000' },
  ])
    assert.equal((await add(order.id, flaw)).status, 422, JSON.stringify(flaw))
  const gone = await must(post(planner, `costs/${line.id}/void`, { reason: 'sent back' }))
  assert.deepEqual([gone.state, gone.amount, gone.void_reason], ['void', '83.80', 'sent back'])
  assert.equal((await post(planner, `costs/${line.id}/void`, { reason: 'again' })).status, 422)
  assert.deepEqual(await totalsOf(order.id), ['part 41.90 EUR'])
  const { data } = await get(planner, `work-orders/${order.id}/costs?include_void=true`)
  assert.deepEqual(
    data.map(({ state, quantity }: Json) => `${quantity} ${state}`),
    ['2 void', '1 stands'],
  )
  const history = await get(planner, `work-orders/${order.id}/history`)
  assert.deepEqual(
    history.data.slice(-3).map(({ action, reason }: Json) => [action, reason]),
    [
      ['cost_added', null],
      ['cost_added', null],
      ['cost_voided', 'sent back'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(history.data), /"41\.9/, 'the money is not in the trail')
  await move(planner, order.id, 'cancelled')
  for (const late of [
    await add(order.id),
    await post(planner, `costs/${data[1].id}/void`, { reason: 'late' }),
  ])
    assert.deepEqual([late.status, late.body.code], [409, 'record_final'])
  await withClient(fixture.adminUrl, async (client) => {
    const attempt = (sql: string): Promise<string> =>
      client.query(sql, [data[1].id]).then(
        () => 'done',
        (error: { code?: string; constraint?: string }) => error.constraint ?? error.code ?? 'no code',
      )
    assert.equal(await attempt(copy('amount')), 'DK039')
    assert.equal(await attempt('update cost_lines set amount = 1 where id = $1'), 'DK037')
    await client.query('set session_replication_role = replica')
    assert.equal(await attempt(copy('amount + 0.01')), 'an_amount_is_quantity_times_price')
    await client.query('set session_replication_role = origin')
    await client.query('set role docket_app')
    assert.equal(await attempt('delete from cost_lines where id = $1'), '42501')
  })
})

test('R-CST-4 who plans or does the work writes costs; who may not see costs sees what it wrote itself', async () => {
  const order = await begin({ assignee: vendor })
  const cases = table`
    who         | answer
    Pat Planner | 201
    Vik Vendor  | 201
    Ada Admin   | 201
    Olga Owner  | 201
    Lee Lab     | 403
    Quinn QA    | 403
    Aud Auditor | 403
  `
  for (const { who = '', answer } of cases)
    assert.equal(String((await add(order.id, { description: `of ${who}` }, who)).status), answer, who)
  await log(order.id, await hire('50'), 8, 9)
  for (const [who, count, sums] of [
    [auditor, 4, ['labour 50.00 EUR', 'part 167.60 EUR']],
    ['Quinn QA', 4, ['labour 50.00 EUR', 'part 167.60 EUR']],
    [vendor, 1, ['part 41.90 EUR']],
    [worker, 0, []],
  ] as const) {
    const { data } = await get(who, `work-orders/${order.id}/costs`)
    assert.equal(data.length, count, who)
    assert.deepEqual(await totalsOf(order.id, who), sums, who)
  }
  const { data } = await get(planner, `work-orders/${order.id}/costs`)
  const [first, own] = data
  assert.equal((await post(vendor, `costs/${first.id}/void`, { reason: 'x' })).status, 404)
  assert.equal((await post(worker, `costs/${first.id}/void`, { reason: 'x' })).status, 404)
  await must(post(vendor, `costs/${own.id}/void`, { reason: 'mistake' }))
  const elsewhere = await begin()
  assert.equal((await fixture.call(vendor, 'GET', `/v1/work-orders/${elsewhere.id}/costs`)).status, 404)
  assert.equal((await add(elsewhere.id, {}, vendor)).status, 404)
})

test('R-CST-1 the database has the same minor units as the domain', async () => {
  const codes =
    'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF BHD IQD JOD KWD LYD OMR TND CLF UYW EUR USD CHF'
  const { rows } = await withClient(fixture.adminUrl, (client) =>
    client.query<{ code: string; digits: number }>(
      'select code, currency_digits(code) as digits from unnest($1::text[]) as code',
      [codes.split(' ')],
    ),
  )
  assert.equal(rows.length, 29)
  for (const { code, digits } of rows) assert.equal(digits, currencyDigits(code), code)
})

test('R-TIM-11 actuals: hours by person and role beside the estimate, and a suggestion that nothing writes by itself', async () => {
  const rated = await hire('60')
  const own = await begin({ estimated_hours: 4 })
  await log(own.id, rated, 8, 10, { job_role: 'fitter' })
  await log(own.id, rated, 10, 10.5, { job_role: 'tester' })
  await log(own.id, await hire(null), 8, 9)
  await log(own.id, rated, 11, 12, { job_role: 'fitter' })
  const actuals = await get(planner, `work-orders/${own.number}/actuals`)
  assert.deepEqual(
    actuals.worked.map(({ job_role, hours }: Json) => [job_role, hours]),
    [
      ['fitter', 3],
      [null, 1],
      ['tester', 0.5],
    ],
  )
  assert.deepEqual(
    [actuals.estimated_hours, actuals.logged_hours, actuals.recorded_hours, actuals.suggested_actual_hours],
    [4, 4.5, null, 4.5],
  )
  assert.deepEqual(
    [actuals.worked_from, actuals.worked_until],
    [at(8), at(12)].map((one) => one.replace('.000', '')),
  )
  assert.deepEqual([actuals.costs, actuals.unpriced_entries], [[{ currency: 'EUR', amount: '210.00' }], 1])
  assert.equal(actuals.estimated_cost, null, 'nobody said what an hour of the assignee costs')
  await must(
    fixture.call(planner, 'PATCH', `/v1/people/${encodeURIComponent(worker)}`, {
      cost_rate: '85.50',
      currency: 'EUR',
      reason: 'new year',
    }),
  )
  assert.deepEqual((await get(planner, `work-orders/${own.id}/actuals`)).estimated_cost, {
    currency: 'EUR',
    amount: '342.00',
  })
  const seen = await get(worker, `work-orders/${own.id}/actuals`)
  assert.deepEqual([seen.costs, seen.estimated_cost, seen.logged_hours], [null, null, 4.5])
  await must(post(worker, `work-orders/${own.id}/timer`), 201)
  const running = await get(worker, `work-orders/${own.id}/actuals`)
  await must(fixture.call(worker, 'DELETE', `/v1/work-orders/${own.id}/timer`))
  assert.deepEqual(
    [running.running_timers, running.worked_until, running.suggested_actual_hours],
    [1, null, 4.5],
  )
  assert.equal(
    (await get(planner, `work-orders/${own.id}`)).actual_hours,
    null,
    'nothing is written by itself',
  )
  assert.equal(
    (await get(planner, `work-orders/${(await create()).id}/actuals`)).suggested_actual_hours,
    null,
  )
})

test('R-TIM-12 a master rolls up the hours and costs of what is linked to it, as far as the caller may see it', async () => {
  const master = await begin({ estimated_hours: 1 })
  const linked = await begin({ parent: master.id, estimated_hours: 2.5 })
  const below = await begin({ parent: linked.id, estimated_hours: 0.25, assignee: vendor })
  const person = await hire('60')
  await log(master.id, person, 1, 2)
  await log(linked.id, person, 2, 4)
  await log(below.id, person, 4, 4.5)
  await must(add(below.id, { unit_price: '0.10' }), 201)
  await must(add(below.id, { unit_price: '5', currency: 'USD' }), 201)
  const { logged_hours: own, linked: sum } = await get(planner, `work-orders/${master.id}/actuals`)
  assert.equal(own, 1)
  assert.deepEqual(sum, {
    work_orders: 2,
    estimated_hours: 2.75,
    recorded_hours: 0,
    logged_hours: 2.5,
    costs: [
      { currency: 'EUR', amount: '150.10' },
      { currency: 'USD', amount: '5.00' },
    ],
  })
  assert.equal((await get(planner, `work-orders/${below.id}/actuals`)).linked, null)
  const theirs = await begin({ assignee: vendor })
  const [mine, hidden] = [
    await create({ parent: theirs.id, assignee: vendor }),
    await create({ parent: theirs.id }),
  ]
  const seen = (await get(vendor, `work-orders/${theirs.id}/actuals`)).linked
  assert.deepEqual([seen.work_orders, seen.costs], [1, null], `${mine.number}, not ${hidden.number}`)
})

const toMs = (instant: string): number => Math.floor(Date.parse(instant))

/** Causes in order, with what explains them. */
async function spansOf(id: string, who = planner): Promise<string[]> {
  const {
    spans,
    gaps,
    elapsed_hours: elapsed,
    created_at: from,
    actual_end: end,
  } = await get(who, `work-orders/${id}/actuals?spans=true`)
  assert.equal(toMs(spans[0].from), toMs(from), 'from its creation')
  for (const [i, span] of spans.entries())
    assert.equal(spans[i + 1]?.from ?? span.until, span.until, 'one begins where the one before ends')
  if (end !== null) assert.equal(toMs(spans.at(-1).until), toMs(end), 'to its end')
  const sum = gaps.reduce((total: number, { hours }: Json) => total + hours, 0)
  assert.ok(Math.abs(sum - elapsed) < 1e-4, `${sum} ${elapsed}`)
  return spans.map(({ cause, why }: Json) => (why === null ? cause : `${cause} (${why})`))
}

test('R-GAP-3 the time of a regulatory work order: assignment, signatures by role, predecessors, work, blocks, holds', async () => {
  const master = await create({ title: 'Upgrade' })
  const first = await begin({ parent: master.id })
  const order = await create({
    title: 'Replace the seals',
    description: 'as the maker says',
    regulatory: true,
    asset: 'HPLC-01',
    assignee: undefined,
    job_plan: { title: 'Seals', steps: ['Replace'] },
    parent: master.id,
  })
  const { id } = order
  const change = (fields: object): Promise<Json> =>
    must(fixture.call(planner, 'PATCH', `/v1/work-orders/${id}`, { ...fields, reason: 'plan' }))
  await must(post(planner, `work-orders/${id}/dependencies`, { predecessor: first.id, reason: 'order' }))
  await change({ assignee: worker })
  await move(planner, id, 'pending_approval')
  assert.equal((await signWith(owner, id, { gate: 'release', role: 'system_owner' })).status, 201)
  assert.equal((await signWith(qa, id, { gate: 'release', role: 'qa' })).status, 201)
  await move(worker, first.id, 'completed', { completion_summary: 'done', actual_hours: 1 })
  await move(planner, first.id, 'closed')
  await move(worker, id, 'in_progress')
  await must(post(worker, `work-orders/${id}/timer`), 201)
  await must(fixture.call(worker, 'DELETE', `/v1/work-orders/${id}/timer`))
  await move(worker, id, 'blocked', { notes: 'no kit', blocker: { owner: 'store', action: 'order it' } })
  await move(worker, id, 'in_progress', { notes: 'it came' })
  await must(post(planner, `work-orders/${id}/hold`, { reason: 'audit' }))
  await must(fixture.call(planner, 'DELETE', `/v1/work-orders/${id}/hold`, { reason: 'over' }))
  await move(worker, id, 'completed', { completion_summary: 'done', actual_hours: 1 })
  assert.equal((await signWith(qa, id, { gate: 'completion', role: 'qa' })).status, 201)
  assert.equal((await signWith(owner, id, { gate: 'completion', role: 'system_owner' })).status, 201)
  const spans = await spansOf(id)
  assert.deepEqual(spans, [
    'waiting_for_assignment',
    `waiting_for_predecessor (${first.number})`,
    'waiting_for_approval (release: system_owner, qa)',
    'waiting_for_approval (release: qa)',
    `waiting_for_predecessor (${first.number})`,
    'idle',
    'working',
    'idle',
    'blocked (store: order it)',
    'idle',
    `held (${planner}: audit)`,
    'idle',
    'waiting_for_approval (completion: system_owner, qa)',
    'waiting_for_approval (completion: system_owner)',
  ])
  assert.deepEqual(await spansOf(id), spans, 'what is over does not change')
})

test('R-GAP-3 a vendor is waited for when it works, nobody outside of its hours, and a review without signatures by who decides', async () => {
  const fleet = await must(
    post(planner, 'work-orders', { title: '[A-B] x', lifecycle: 'fleet', assignee: vendor }),
    201,
  )
  await move(vendor, fleet.id, 'accepted')
  await must(post(planner, 'calendars', { name: 'never', time_zone: 'UTC', shifts: [] }), 201)
  const order = await begin({ assignee: vendor })
  await move(vendor, order.id, 'completed', { completion_summary: 'x', actual_hours: 1 })
  assert.deepEqual(await spansOf(order.id), [
    `waiting_for_vendor (${vendor})`,
    'waiting_for_approval (completed: system_owner, assigner)',
  ])
  const patch = (calendar: string | null): Promise<Json> =>
    must(
      fixture.call(planner, 'PATCH', `/v1/people/${encodeURIComponent(vendor)}`, {
        calendar,
        reason: 'shift',
      }),
    )
  await patch('never')
  assert.deepEqual(await spansOf(fleet.id), [`outside_working_hours (${vendor})`])
  await patch(null)
  assert.deepEqual(await spansOf(fleet.id), [`waiting_for_vendor (${vendor})`])
  const away = { principal: vendor, starts_at: at(0), ends_at: '2199-01-01T00:00:00Z' }
  const absence = await post('Ada Admin', 'absences', away)
  assert.equal(absence.status, 201, absence.text)
  assert.deepEqual(await spansOf(fleet.id), [`outside_working_hours (${vendor})`])
})

test('R-GAP-3 a vendor reads no number of work that it may not see', async () => {
  const master = await create()
  const first = await create({ parent: master.id })
  const order = await create({ parent: master.id, assignee: vendor })
  await must(
    post(planner, `work-orders/${order.id}/dependencies`, { predecessor: first.id, reason: 'order' }),
  )
  assert.deepEqual((await spansOf(order.id)).at(-1), `waiting_for_predecessor (${first.number})`)
  assert.deepEqual(
    (await spansOf(order.id, vendor)).at(-1),
    'waiting_for_predecessor (a work order that you may not see)',
  )
})
