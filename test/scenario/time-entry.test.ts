/** Working time over REST: timers and manual times, one place at a time, corrections beside what they correct, what an hour cost. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { withClient } from '#platform/database.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { openRandom } from '../prove/proof.ts'
import { table } from '../table.ts'

const [planner, worker, vendor, admin] = ['Pat Planner', 'Lee Lab', 'Vik Vendor', 'Ada Admin']
let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const post = (who: string, path: string, body: object = {}): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/${path}`, body)
const get = (who: string, path: string): Promise<Json> => must(fixture.call(who, 'GET', `/v1/${path}`))
const move = (who: string, id: string, to: string, more: object = {}): Promise<Json> =>
  must(post(who, `work-orders/${id}/transitions`, { to, ...more }))

/** A work order on which somebody works. */
async function begin(assignee = worker, fields: object = {}): Promise<Json> {
  const order = await must(
    post(planner, 'work-orders', { title: 'Work that takes time', assignee, ...fields }),
    201,
  )
  await move(planner, order.id, 'assigned')
  await move(assignee, order.id, 'in_progress')
  return order
}
let people = 0
/** Somebody of whom nobody has logged anything, with a key. */
async function hire(rate?: { cost_rate: string; currency: string }): Promise<string> {
  people += 1
  const name = `Worker ${people}`
  await must(post(admin, 'principals', { name, kind: 'human', roles: ['operator'] }), 201)
  if (rate !== undefined)
    await must(
      fixture.call(planner, 'PATCH', `/v1/people/${encodeURIComponent(name)}`, { ...rate, reason: 'hired' }),
    )
  return name
}
/** Hours of a day that is over. */
const at = (hour: number, day = 2): string => new Date(Date.UTC(2026, 0, day, 0, hour * 60)).toISOString()
const range = (text: string): { from: string; until: string } => {
  const [from = 0, until = 0] = text.split('-').map(Number)
  return { from: at(from), until: at(until) }
}
const log = (id: string, hours: string, more: object = {}, who = planner): Promise<Reply> =>
  post(who, `work-orders/${id}/time-entries`, { ...range(hours), ...more })
const timer = (id: string, who: string, more: object = {}): Promise<Reply> =>
  post(who, `work-orders/${id}/timer`, more)
const stop = (id: string, who: string, more: object = {}): Promise<Reply> =>
  fixture.call(who, 'DELETE', `/v1/work-orders/${id}/timer`, more)
const actions = async (id: string): Promise<string[]> =>
  (await get(planner, `work-orders/${id}/history`)).data.map(({ action }: Json) => action)

test('R-TIM-1 nobody works at two places at once: ranges are half-open, and a timer that runs has no end', async () => {
  const [first, second] = [await begin(), await begin()]
  const cases = table`
    worked      | wanted | answer
    8-10        | 10-12  | 201
    8-10        | 9-11   | 409
    8-10        | 7-8    | 201
    8-10        | 7-9    | 409
    8-10        | 8-10   | 409
    8-10        | 7-12   | 409
    8-9 10-11   | 9-10   | 201
    8-9 10-11   | 9-10.5 | 409
  `
  for (const { worked = '', wanted = '', answer = '' } of cases) {
    const person = await hire()
    for (const one of worked.split(' ')) await must(log(first.id, one, { person }), 201)
    const { status, body } = await log(second.id, wanted, { person })
    assert.equal(String(status), answer, `${worked} | ${wanted}`)
    if (status === 201) continue
    assert.deepEqual([body.code, body.person], ['time_overlaps', person])
    assert.equal(body.conflicts[0].work_order, first.number, 'it says where')
    await must(log(second.id, wanted, { person: await hire() }), 201)
  }
  const person = await hire()
  const running = await must(timer(first.id, planner, { person }), 201)
  assert.deepEqual([running.state, running.until, running.hours], ['running', null, null])
  for (const { id } of [first, second]) {
    const { status, body } = await timer(id, planner, { person })
    assert.deepEqual(
      [status, body.code, body.conflicts[0].until],
      [409, 'time_overlaps', null],
      'one timer each',
    )
  }
  await must(log(second.id, '8-9', { person }), 201)
  const stopped = await must(stop(first.id, planner, { person }))
  assert.deepEqual([stopped.state, stopped.source, stopped.ended_by_transition], ['complete', 'timer', false])
  assert.ok(stopped.until > running.from)
  await must(timer(second.id, planner, { person }), 201)
  assert.deepEqual((await stop(first.id, planner, { person })).body.code, 'not_found')
})

test('R-TIM-2 a time begins before it ends, is not of the future, and no longer than a day', async () => {
  const { id } = await begin()
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  const flaws = [
    { from: at(8), until: at(8) },
    { from: at(9), until: at(8) },
    { from: at(8), until: at(8.5, 3) },
    { from: at(8), until: soon },
    { from: soon, until: at(8) },
    { from: 'today', until: at(8) },
    { from: at(8) },
  ]
  for (const flaw of flaws) {
    const { status, body } = await post(worker, `work-orders/${id}/time-entries`, flaw)
    assert.deepEqual([status, body.code], [422, 'invalid_input'], JSON.stringify(flaw))
  }
  const { hours } = await must(
    post(worker, `work-orders/${id}/time-entries`, { from: at(8, 8), until: at(8, 9) }),
    201,
  )
  assert.equal(hours, 24)
  await must(timer(id, worker), 201)
  assert.equal((await stop(id, worker, { until: soon })).status, 422)
  assert.equal((await stop(id, worker, { until: at(8) })).status, 422, 'before it was started')
  // As if it was forgotten the day before yesterday.
  const forgotten = new Date(Date.now() - 50 * 3_600_000)
  await withClient(fixture.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica')
    await client.query(
      'update time_entries set during = tstzrange($2, null) where work_order_id = $1 and upper_inf(during)',
      [id, forgotten],
    )
  })
  const refused = await stop(id, worker)
  assert.deepEqual(
    [refused.status, refused.body.errors[0].path],
    [422, 'until'],
    'it asks when the work ended',
  )
  const until = new Date(forgotten.getTime() + 4 * 3_600_000).toISOString()
  assert.equal((await must(stop(id, worker, { until }))).hours, 4)
})

test('R-TIM-3 one logs for oneself; who plans logs for others; a vendor where the work is its own', async () => {
  const [own, others] = [await begin(vendor), await begin()]
  const cases = table`
    who         | work   | person      | answer
    Lee Lab     | others |             | 201
    Lee Lab     | own    |             | 201
    Lee Lab     | others | Pat Planner | 403
    Pat Planner | own    | Vik Vendor  | 201
    Pat Planner | others | Build Agent | 201
    Ada Admin   | others | Olga Owner  | 201
    Olga Owner  | others | Ada Admin   | 403
    Quinn QA    | others |             | 201
    Aud Auditor | others |             | 403
    Vik Vendor  | own    |             | 201
    Vik Vendor  | own    | Lee Lab     | 403
    Vik Vendor  | others |             | 404
    Build Agent | others |             | 201
    Lee Lab     | others | Nobody      | 422
    Pat Planner | others | system:scheduler | 422
  `
  let hour = 0
  for (const { who = '', work = '', person, answer } of cases) {
    hour += 1
    const { id } = work === 'own' ? own : others
    const given = person === '' ? {} : { person }
    const { status, text } = await log(id, `${hour}-${hour + 1}`, given, who)
    assert.equal(String(status), answer, `${who} | ${work} | ${person}: ${text}`)
  }
})

test('R-TIM-4 a correction keeps both values, with its reason in the trail of the work order', async () => {
  const order = await begin()
  const person = await hire({ cost_rate: '60', currency: 'EUR' })
  const wrong = await must(log(order.id, '8-12', { person, job_role: 'fitter', note: 'seals' }), 201)
  const right = await must(
    post(planner, `time-entries/${wrong.id}/correction`, { until: at(11), reason: 'was at lunch' }),
    201,
  )
  assert.deepEqual(
    [right.from, right.hours, right.job_role, right.note, right.amount, right.corrects],
    [wrong.from, 3, 'fitter', 'seals', '180.00', wrong.id],
  )
  const query = `time-entries?work_order=${order.id}`
  assert.deepEqual(
    (await get(planner, query)).data.map(({ id }: Json) => id),
    [right.id],
  )
  const [first] = (await get(planner, `${query}&include_void=true`)).data
  assert.deepEqual(
    [
      first.id,
      first.state,
      first.hours,
      first.amount,
      first.void_reason,
      first.voided_by,
      first.corrected_by,
    ],
    [wrong.id, 'void', 4, '240.00', 'was at lunch', planner, right.id],
  )
  for (const path of ['correction', 'void'])
    assert.equal((await post(planner, `time-entries/${wrong.id}/${path}`, { reason: 'again' })).status, 422)
  await must(log(order.id, '11-12', { person }), 201)
  const overlaps = await post(planner, `time-entries/${right.id}/correction`, { until: at(12), reason: 'no' })
  assert.deepEqual([overlaps.status, overlaps.body.code], [409, 'time_overlaps'])
  assert.equal((await post(vendor, `time-entries/${right.id}/void`, { reason: 'not mine' })).status, 404)
  assert.equal((await post(worker, `time-entries/${right.id}/void`, { reason: 'not mine' })).status, 403)
  assert.equal(
    (await must(post(planner, `time-entries/${right.id}/void`, { reason: 'of another' }))).state,
    'void',
  )
  await must(log(order.id, '8-11', { person }), 201)
  const { data } = await get(planner, `work-orders/${order.id}/history`)
  const told = data.filter(({ action }: Json) => action.startsWith('time_'))
  assert.deepEqual(
    told.map(({ action, reason }: Json) => [action, reason]),
    [
      ['time_logged', null],
      ['time_corrected', 'was at lunch'],
      ['time_logged', null],
      ['time_voided', 'of another'],
      ['time_logged', null],
    ],
  )
  assert.equal(told[1].detail.corrects, wrong.id)
  assert.doesNotMatch(JSON.stringify(data), /"(?:180|240|60)\./, 'what it cost is not in the trail')
})

test('R-TIM-5 the timers stop with the work: handed in, blocked, cancelled, or cancelled with its master', async () => {
  const detailOf = async (id: string): Promise<Json> =>
    (await get(planner, `work-orders/${id}/history`)).data.findLast(({ detail }: Json) => detail?.transition)
      .detail
  const ends: readonly [string, (id: string) => Promise<unknown>][] = [
    ['handed in', (id) => move(worker, id, 'completed', { completion_summary: 'done', actual_hours: 1 })],
    ['blocked', (id) => move(worker, id, 'blocked', { notes: 'no part' })],
    ['cancelled', (id) => move(planner, id, 'cancelled', { reason: 'not needed' })],
  ]
  for (const [what, end] of ends) {
    const order = await begin()
    const some = [await hire({ cost_rate: '3600000', currency: 'EUR' }), await hire()]
    for (const person of some) await must(timer(order.id, planner, { person }), 201)
    await end(order.id)
    const { data } = await get(planner, `time-entries?work_order=${order.id}`)
    const { updated_at } = await get(planner, `work-orders/${order.id}`)
    const told = (await detailOf(order.id)).stopped_timers
    for (const [i, entry] of data.entries()) {
      assert.deepEqual(
        [entry.state, entry.ended_by_transition, entry.until],
        ['complete', true, updated_at],
        what,
      )
      assert.deepEqual(
        told[i],
        { id: entry.id, person: some[i], person_id: entry.person_id, from: entry.from, until: entry.until },
        what,
      )
    }
    assert.equal(data.length, 2)
    assert.ok(Number(data[0].amount) > 0, 'and what it cost is known')
    for (const person of some) {
      const late = await timer(order.id, planner, { person })
      const code = what === 'cancelled' ? 'record_final' : 'not_under_way'
      assert.deepEqual([late.status, late.body.code], [409, code], what)
    }
  }
  const master = await begin()
  const linked = await begin(worker, { parent: master.id })
  await must(timer(linked.id, worker), 201)
  await move(planner, master.id, 'cancelled', { reason: 'not needed' })
  const [entry] = (await get(planner, `time-entries?work_order=${linked.id}`)).data
  assert.deepEqual([entry.state, entry.ended_by_transition], ['complete', true])
  assert.equal((await detailOf(linked.id)).stopped_timers[0].until, entry.until)
})

test('R-TIM-5 a hold, and what goes on, leave timers alone; a timer does not begin on held work', async () => {
  const order = await begin()
  await must(timer(order.id, worker), 201)
  await must(post(planner, `work-orders/${order.id}/hold`, { reason: 'audit' }))
  assert.equal((await timer(order.id, planner)).body.code, 'held')
  assert.equal((await must(stop(order.id, worker))).state, 'complete')
  const fleet = await must(
    post(planner, 'work-orders', { title: '[A-B] x', lifecycle: 'fleet', assignee: worker }),
    201,
  )
  assert.equal((await timer(fleet.id, worker)).body.code, 'not_under_way')
})

test('R-TIM-6 times of work that is handed in or final stay as they are', async () => {
  const order = await begin()
  const person = await hire()
  const entry = await must(log(order.id, '8-12', { person }), 201)
  const tryAll = async (code: string): Promise<void> => {
    const replies = [
      await log(order.id, '13-14', { person }),
      await post(planner, `time-entries/${entry.id}/correction`, { until: at(11), reason: 'x' }),
      await post(planner, `time-entries/${entry.id}/void`, { reason: 'x' }),
      await timer(order.id, planner, { person }),
      await stop(order.id, planner, { person }),
    ]
    for (const { status, body } of replies) assert.deepEqual([status, body.code], [409, code])
  }
  await move(worker, order.id, 'completed', { completion_summary: 'done', actual_hours: 4 })
  await tryAll('not_under_way')
  await move(planner, order.id, 'in_progress', { reason: 'look at the hours' })
  await must(post(planner, `time-entries/${entry.id}/correction`, { until: at(11), reason: 'lunch' }), 201)
  await move(worker, order.id, 'completed')
  await move(planner, order.id, 'closed')
  await tryAll('record_final')
})

test('R-TIM-7 the database enforces it, whatever the service thought', async () => {
  const order = await begin()
  const person = await hire({ cost_rate: '60', currency: 'EUR' })
  const { id } = await must(log(order.id, '8-12', { person }), 201)
  await withClient(fixture.adminUrl, async (client) => {
    const attempt = (sql: string, values: unknown[]): Promise<string> =>
      client.query(sql, values).then(
        () => 'done',
        (error: { code?: string; constraint?: string }) => error.constraint ?? error.code ?? 'no code',
      )
    const insert = (work: string, from: string, until: string | null, source = 'manual'): Promise<string> =>
      attempt(
        `insert into time_entries (tenant_id, id, work_order_id, person_id, during, source, cost_rate, currency, amount, logged_by, logged_at)
         select tenant_id, gen_random_uuid(), $2, person_id, tstzrange($3::timestamptz, $4::timestamptz), $5, 1, 'EUR', 1, logged_by, now()
           from time_entries where id = $1`,
        [id, work, from, until, source],
      )
    assert.equal(await insert(order.id, at(9), at(10)), 'nobody_works_at_two_places_at_once')
    assert.equal(await insert(order.id, at(9), null, 'timer'), 'nobody_works_at_two_places_at_once')
    assert.equal(await insert(order.id, at(9, 20), null), 'only_a_timer_runs')
    assert.equal(await insert(order.id, at(9, 4), at(10, 5)), 'nobody_works_longer_than_a_day')
    assert.equal(await insert(order.id, at(9, 4), at(9, 4)), 'a_time_is_a_half_open_range')
    assert.equal(await insert(order.id, at(13), at(14)), 'DK002', 'free, but without its entry')
    const soon = new Date(Date.now() + 3_600_000).toISOString()
    assert.equal(await insert(order.id, at(13), soon), 'DK037')
    const draft = await must(post(planner, 'work-orders', { title: 'Not begun' }), 201)
    assert.equal(await insert(draft.id, at(13), at(14)), 'DK038')
    for (const set of [
      `during = tstzrange(lower(during), upper(during) - interval '1 h')`,
      `during = tstzrange(lower(during) - interval '1 h', upper(during))`,
      `note = 'other'`,
      `person_id = logged_by`,
      `amount = 1`,
      `cost_rate = 1, amount = 4`,
    ])
      assert.equal(await attempt(`update time_entries set ${set} where id = $1`, [id]), 'DK037', set)
    const halfVoid = `update time_entries set voided_at = now() where id = $1`
    assert.equal(await attempt(halfVoid, [id]), 'what_is_void_says_who_and_why')
    const gone = `update time_entries set voided_at = now(), voided_by = logged_by, void_reason = 'x' where id = $1`
    assert.equal(await attempt(gone, [id]), 'DK002')
    await client.query('set role docket_app')
    for (const sql of [
      'delete from time_entries where id = $1',
      'update time_entries set amount = 1 where id = $1',
    ])
      assert.equal(await attempt(sql, [id]), '42501', sql)
  })
})

test('R-TIM-8 what an hour cost when the work began is frozen, and seen by who may see costs', async () => {
  const order = await begin()
  const person = await hire()
  const unpriced = await must(log(order.id, '1-2', { person }), 201)
  assert.deepEqual([unpriced.cost_rate, unpriced.amount], [null, null])
  const say = (fields: object, reason: string): Promise<Json> =>
    must(fixture.call(planner, 'PATCH', `/v1/people/${encodeURIComponent(person)}`, { ...fields, reason }))
  await say({ cost_rate: '80.00', currency: 'EUR' }, 'hired')
  const early = await must(log(order.id, '2-3', { person }), 201)
  assert.deepEqual(
    [early.cost_rate, early.amount],
    ['80.00', '80.00'],
    'before the first rate that one counts',
  )
  await must(timer(order.id, planner, { person }), 201)
  await say({ cost_rate: '100.00' }, 'new year')
  await say({ job_roles: ['fitter'] }, 'no rate in it')
  const timed = await must(stop(order.id, planner, { person }))
  assert.equal(timed.cost_rate, '80.00', 'the rate that held when it began')
  await must(timer(order.id, planner, { person }), 201)
  const later = await must(stop(order.id, planner, { person }))
  assert.deepEqual([later.cost_rate, later.job_role], ['100.00', 'fitter'])
  await say({ cost_rate: null }, 'left')
  await must(timer(order.id, planner, { person }), 201)
  assert.equal((await must(stop(order.id, planner, { person }))).cost_rate, null)
  const again = (await get(planner, `time-entries?work_order=${order.id}`)).data
  assert.deepEqual(
    again.map(({ cost_rate }: Json) => cost_rate),
    [null, '80.00', '80.00', '100.00', null],
    'nothing that was logged changes with the rate',
  )
  const { data: seen } = await get(worker, `time-entries?work_order=${order.id}`)
  assert.ok(
    seen.every(
      ({ cost_rate, currency, amount }: Json) => cost_rate === null && currency === null && amount === null,
    ),
  )
  const { data: rates } = await get(planner, `people/${encodeURIComponent(person)}/rates`)
  assert.deepEqual(
    rates.map(({ cost_rate, currency, by, reason }: Json) => [cost_rate, currency, by, reason]),
    [
      ['80.00', 'EUR', planner, 'hired'],
      ['100.00', 'EUR', planner, 'new year'],
      [null, null, planner, 'left'],
    ],
  )
  assert.deepEqual([rates[0].until, rates[1].until, rates[2].until], [rates[1].from, rates[2].from, null])
  const refused = await fixture.call(worker, 'GET', `/v1/people/${encodeURIComponent(person)}/rates`)
  assert.deepEqual([refused.status, refused.body.code], [403, 'role_required'])
  assert.deepEqual(
    (await get(worker, `people/${encodeURIComponent(worker)}/rates`)).data,
    [],
    'one sees one’s own',
  )
})

test('R-TIM-1 many clients at once: no two times of one person overlap, and none is lost', async (t) => {
  const random = openRandom(7)
  const some = await Promise.all([hire(), hire(), hire()])
  const orders = await Promise.all(Array.from({ length: 16 }, () => begin()))
  const tally = { logged: 0, refused: 0 }
  const told = new Set<string>()
  await Promise.all(
    orders.map(async ({ id }) => {
      for (let turn = 0; turn < 8; turn += 1) {
        const from = random.int(40) / 2
        const reply = await log(id, `${from}-${from + 0.5 + random.int(3) / 2}`, {
          person: random.pick(some),
        })
        if (reply.status === 201) {
          tally.logged += 1
          told.add(reply.body.id)
        } else {
          assert.deepEqual([reply.status, reply.body.code], [409, 'time_overlaps'], reply.text)
          tally.refused += 1
        }
      }
    }),
  )
  t.diagnostic(JSON.stringify(tally))
  assert.ok(tally.logged > 20 && tally.refused > 20, JSON.stringify(tally))
  const rows = (
    await Promise.all(
      some.map((name) => get(planner, `time-entries?limit=200&person=${encodeURIComponent(name)}`)),
    )
  ).map(({ data }) => data)
  assert.deepEqual(new Set(rows.flat().map(({ id }: Json) => id)), told)
  for (const own of rows)
    for (const a of own)
      for (const b of own)
        assert.ok(a.id === b.id || a.until <= b.from || b.until <= a.from, `${a.from} ${b.from}`)
})

test('R-TIM-10 times are listed by work order, person and range; a vendor sees those of its own work', async () => {
  const [own, others] = [await begin(vendor), await begin()]
  const person = await hire()
  for (const one of ['1-2', '3-4', '5-6']) await must(log(own.id, one, { person }), 201)
  await must(log(others.id, '7-8', { person }), 201)
  const shown = async (query: string, who = planner): Promise<string> =>
    (await get(who, `time-entries?person=${encodeURIComponent(person)}${query}`)).data
      .map(({ from, until }: Json) => `${new Date(from).getUTCHours()}-${new Date(until).getUTCHours()}`)
      .join(' ')
  assert.equal(await shown(''), '1-2 3-4 5-6 7-8')
  assert.equal(await shown('', vendor), '1-2 3-4 5-6')
  assert.equal(await shown(`&work_order=${others.number}`), '7-8')
  assert.equal(await shown(`&from=${at(2)}&until=${at(5)}`), '3-4', 'half-open')
  assert.equal(await shown(`&from=${at(5.5)}`), '5-6 7-8')
  const page = await get(planner, `time-entries?person=${encodeURIComponent(person)}&limit=3`)
  assert.equal(await shown(`&cursor=${page.next_cursor}`), '7-8')
  assert.equal((await fixture.call(vendor, 'GET', `/v1/time-entries?work_order=${others.id}`)).status, 404)
  assert.deepEqual(
    (await actions(others.id)).filter((action) => action.startsWith('time')),
    ['time_logged'],
  )
})
