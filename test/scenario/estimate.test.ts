/** Estimates over REST: what is imported and what is closed here is learned, judged by time, and projected. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { learnOutcomes } from '#capabilities/estimate/learn.ts'
import { importWorkOrders } from '#capabilities/import/import.ts'
import { loadOperator } from '#capabilities/tenant/found.ts'
import { withClient } from '#platform/database.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'

const [admin, planner, worker, vendor] = ['Ada Admin', 'Pat Planner', 'Lee Lab', 'Vik Vendor']
let fixture: Fixture
let tenantId: string
before(async () => {
  fixture = await openFixture()
  tenantId = (await must(fixture.call(admin, 'GET', '/v1/me'))).tenant.id
})
after(() => fixture.close())

const get = (path: string, who = planner): Promise<Json> => must(fixture.call(who, 'GET', path))
const learn = () => learnOutcomes(fixture.service.floor, tenantId)
const order = (fields: object): Promise<Json> =>
  must(fixture.call(planner, 'POST', '/v1/work-orders', { assignee: worker, ...fields }), 201)
const move = (id: string, body: object): Promise<Json> =>
  must(fixture.call(worker, 'POST', `/v1/work-orders/${id}/transitions`, body))

async function close(fields: object, hours: number): Promise<Json> {
  const { id } = await order(fields)
  await must(fixture.call(planner, 'POST', `/v1/work-orders/${id}/transitions`, { to: 'assigned' }))
  await move(id, { to: 'in_progress' })
  await move(id, { to: 'completed', completion_summary: 'done', actual_hours: hours })
  return must(fixture.call(planner, 'POST', `/v1/work-orders/${id}/transitions`, { to: 'closed' }))
}

const data = (name: string) => new URL(`../../data/excavators/${name}`, import.meta.url)

test('R-EST-10 hundreds of imported work orders are learned, each judged by what was closed before it began', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'docket-estimate-'))
  try {
    const [header = '', ...lines] = readFileSync(data('work-orders.csv'), 'utf8').trimEnd().split('\n')
    const file = join(folder, 'some.csv')
    writeFileSync(
      file,
      [header, ...lines.filter((line, i) => i % 10 === 0 && !line.includes('"'))].join('\n'),
    )
    const operator = await loadOperator(fixture.service.floor, 'acme-bio')
    assert.ok(operator !== undefined)
    const report = await importWorkOrders(fixture.service.floor, operator, {
      file,
      map: data('map.json').pathname,
      skipBad: false,
    })
    assert.ok(report.imported > 400, `${report.imported} imported`)
    assert.deepEqual(await get('/v1/estimates/calibration'), { measures: [] })
    const learned = await learn()
    assert.deepEqual(learned, { outcomes: report.imported, judged: report.imported })
    assert.deepEqual(await learn(), { outcomes: 0, judged: 0 }, 'each is learned once')
  } finally {
    rmSync(folder, { recursive: true })
  }
  const { measures } = await get('/v1/estimates/calibration')
  assert.deepEqual(
    measures.map((one: Json) => one.measure),
    ['AUD'],
  )
  const [{ cases, p80_held: held, loss, baseline_loss: baseline, months }] = measures
  assert.ok(cases > 400)
  assert.ok(held > 0.7 && held < 0.9, `P80 held in ${held}`)
  assert.ok(loss > 0 && baseline > 0)
  assert.equal(
    months.reduce((sum: number, one: Json) => sum + one.cases, 0),
    cases,
  )
  assert.deepEqual(
    months.map((one: Json) => one.month),
    months.map((one: Json) => one.month).toSorted(),
  )
  assert.ok(months.length > 60)
})

test('R-EST-11 the estimate of a work order: quantiles, what they rest on, and the planner’s own beside them', async () => {
  const { id, number } = await order({
    title: 'Replace bucket tooth',
    attributes: { type: 'PM01', system: 'Bucket', part: 'GET', action: 'Replace' },
    estimated_hours: 4,
  })
  const given = await get(`/v1/work-orders/${number}/estimate`)
  assert.deepEqual([given.id, given.estimated_hours, given.hours], [id, 4, null])
  const [cost] = given.cost
  assert.equal(cost.currency, 'AUD')
  for (const amount of [cost.p50, cost.p80, cost.mean]) assert.match(amount, /^\d+\.\d\d$/)
  assert.ok(Number(cost.p50) <= Number(cost.p80))
  assert.ok(cost.from.some((one: Json) => one.class.includes('part GET') && one.n > 5))
  const shares = cost.from.reduce((sum: number, one: Json) => sum + one.share, 0)
  assert.ok(Math.abs(shares - 1) < 0.01, `${shares}`)
  const asked = await must(
    fixture.call(planner, 'POST', '/v1/estimates', {
      title: 'Replace bucket tooth',
      attributes: { type: 'PM01', system: 'Bucket', part: 'GET', action: 'Replace' },
    }),
  )
  assert.deepEqual(asked.cost, given.cost, 'the same kind, registered or not')
  const unknown = await fixture.call(planner, 'POST', '/v1/estimates', { title: 'x', asset: 'NO-1' })
  assert.deepEqual([unknown.status, unknown.body.code], [422, 'unknown_reference'])
  assert.equal((await fixture.call(vendor, 'GET', `/v1/work-orders/${id}/estimate`)).status, 403)
})

const countAll = (one: Json): number =>
  one.cost.flatMap((cost: Json) => cost.from).find((from: Json) => from.class.length === 0)?.n ?? 0

test('R-EST-11 of finished work it stays what it was before the work began', async () => {
  const { data: rows } = await get('/v1/work-orders?status=closed&limit=200')
  const imported = rows
    .filter((row: Json) => row.actual_start < '2008')
    .toSorted((a: Json, b: Json) => (a.actual_start < b.actual_start ? -1 : 1))
  const [first, ...others] = imported
  const seen = await get(`/v1/work-orders/${first.id}/estimate`)
  assert.equal(seen.as_of, first.actual_start)
  const last = await get(`/v1/work-orders/${others.at(-1).id}/estimate`)
  assert.ok(countAll(last) > countAll(seen), 'more was known later')
})

test('R-EST-12 what is closed here is learned once, with its hours; what was learned can be deleted and comes back', async () => {
  const kind = { title: 'Calibrate the balance', asset: 'BAL-12', work_category: 'calibration' }
  for (const hours of [2, 3, 2, 4, 3]) await close(kind, hours)
  assert.deepEqual(await learn(), { outcomes: 5, judged: 5 })
  assert.deepEqual(await learn(), { outcomes: 0, judged: 0 })
  const { id } = await order(kind)
  const asked = await get(`/v1/work-orders/${id}/estimate`)
  assert.deepEqual([asked.hours.p50, asked.hours.n], [3, 5])
  const rows = () =>
    withClient(fixture.adminUrl, async (client) => {
      const { rows: all } = await client.query(
        'select to_jsonb(o)::text as row from outcomes o order by work_order_id, measure',
      )
      const { rows: classes } = await client.query(
        'select count(*)::integer as n, md5(string_agg(c::text, chr(10) order by c::text)) as hash from outcome_classes c',
      )
      return { all, classes }
    })
  const learned = await rows()
  await withClient(fixture.adminUrl, async (client) => {
    await client.query('delete from outcomes')
    await client.query('delete from outcome_reading')
  })
  assert.equal((await get(`/v1/work-orders/${id}/estimate`)).hours, null)
  const { outcomes } = await learn()
  assert.equal(outcomes, learned.all.length)
  assert.deepEqual(await rows(), learned)
})

const ask = (fields: object): Promise<Json> => must(fixture.call(planner, 'POST', '/v1/estimates', fields))

test('R-EST-13 one outlier moves neither P50 nor P80 much, and a kind that was seen once says what is above it', async () => {
  const kind = { title: 'Calibrate the balance', asset: 'BAL-12', work_category: 'calibration' }
  for (const hours of [2, 3, 3, 4, 3]) await close(kind, hours)
  await learn()
  const usual = await ask(kind)
  await close(kind, 5000)
  await learn()
  const { hours } = await ask(kind)
  assert.deepEqual([hours.p50, hours.p80], [usual.hours.p50, usual.hours.p80])
  assert.ok(hours.mean > 100, 'a mean is moved')
  await close({ title: 'Something else', work_category: 'calibration', asset: 'HPLC-01' }, 40)
  await learn()
  const seldom = await ask({ title: 'Something else', work_category: 'calibration' })
  assert.ok(seldom.hours.p50 <= 4 && seldom.hours.n === 12, 'one outcome is no rule')
  const never = await ask({ title: 'Nothing like it', work_category: 'calibration' })
  assert.deepEqual(never.hours.p50, 3)
  const { measures } = await get('/v1/estimates/calibration')
  const ofHours = measures.find((one: Json) => one.measure === 'hours')
  // The first of all was closed when nothing was known.
  assert.equal(ofHours.cases, 11)
})

test('R-EST-15 open work of a project is projected by month; what is drawn together is less than P80s added up', async () => {
  const kind = {
    title: 'Calibrate the balance',
    asset: 'BAL-12',
    work_category: 'calibration',
    project: 'Q1',
  }
  const parts = []
  for (const due_date of ['2027-01-10', '2027-01-20', '2027-02-01', undefined])
    parts.push(await order({ ...kind, ...(due_date === undefined ? {} : { due_date }) }))
  const one = await get(`/v1/work-orders/${parts[0].id}/estimate`)
  const answer = await get('/v1/estimates/projection?project=Q1')
  assert.equal(answer.work_orders, 4)
  const hours = answer.measures.find(({ measure }: Json) => measure === 'hours')
  assert.deepEqual(
    hours.months.map((month: Json) => [month.month, month.work_orders]),
    [
      ['2027-01', 2],
      ['2027-02', 1],
      ['undated', 1],
    ],
  )
  assert.equal(hours.work_orders, 4)
  assert.ok(Number(hours.p50) >= 4 * 2 && Number(hours.p80) >= Number(hours.p50))
  assert.ok(Number(hours.p50) > one.hours.p50)
  assert.deepEqual(
    { ...(await get('/v1/estimates/projection?project=Q1')), as_of: '' },
    { ...answer, as_of: '' },
  )
  const master = await order({ title: 'All of it', project: 'Q1' })
  for (const part of parts)
    await must(
      fixture.call(planner, 'POST', `/v1/work-orders/${part.id}/parent`, {
        parent: master.id,
        reason: 'one plan',
      }),
    )
  const below = await get(`/v1/estimates/projection?parent=${master.number}`)
  assert.deepEqual(below.measures, answer.measures, 'a master is what its parts are')
  assert.equal((await fixture.call(worker, 'GET', '/v1/estimates/projection')).status, 403)
})

test('R-EST-12 cost is learned from lines and working time in their currency, and is not shown to everybody', async () => {
  const kind = { title: 'Swap the lamp', asset: 'HPLC-01', work_category: 'lamps' }
  for (const price of ['400', '410.50', '420']) {
    const { id } = await order(kind)
    await must(fixture.call(planner, 'POST', `/v1/work-orders/${id}/transitions`, { to: 'assigned' }))
    await move(id, { to: 'in_progress' })
    const line = { kind: 'part', description: 'lamp', quantity: '2', unit_price: price, currency: 'EUR' }
    await must(fixture.call(planner, 'POST', `/v1/work-orders/${id}/costs`, line), 201)
    await move(id, { to: 'completed', completion_summary: 'done', actual_hours: 2 })
    await must(fixture.call(planner, 'POST', `/v1/work-orders/${id}/transitions`, { to: 'closed' }))
  }
  assert.deepEqual(await learn(), { outcomes: 6, judged: 6 })
  const { id } = await order(kind)
  const { hours, cost } = await get(`/v1/work-orders/${id}/estimate`)
  assert.equal(hours.p50, 2)
  const euros = cost.find(({ currency }: Json) => currency === 'EUR')
  assert.deepEqual([euros.p50, euros.p80, euros.mean, euros.n], ['821.00', '840.00', '820.33', 3])
  const seen = await get(`/v1/work-orders/${id}/estimate`, worker)
  assert.deepEqual([seen.hours.p50, seen.cost], [2, null], 'what it costs is not for everybody')
  const { measures } = await get('/v1/estimates/calibration', worker)
  assert.deepEqual(
    measures.map(({ measure }: Json) => measure),
    ['hours'],
  )
})
