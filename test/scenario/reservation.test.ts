/** Reservations over REST: half-open ranges, capacity that nobody exceeds, holds that run out, and many clients at once. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { withClient } from '#platform/database.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'

const [planner, worker] = ['Pat Planner', 'Lee Lab']
let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

let count = 0
async function addTool(quantity: number): Promise<string> {
  count += 1
  return (await must(fixture.call(planner, 'POST', '/v1/tools', { name: `Tool ${count}`, quantity }), 201))
    .name
}
const order = (fields: object = {}): Promise<Json> =>
  must(
    fixture.call(planner, 'POST', '/v1/work-orders', {
      title: 'Work that needs things',
      assignee: worker,
      ...fields,
    }),
    201,
  )
/** Hours of one day. */
const range = (from: number, until: number) => ({
  from: new Date(Date.UTC(2027, 2, 1, 0, from * 60)).toISOString(),
  until: new Date(Date.UTC(2027, 2, 1, 0, until * 60)).toISOString(),
})
const tool = (resource: string, from: number, until: number, quantity = 1) => ({
  kind: 'tool',
  resource,
  quantity,
  ...range(from, until),
})
const reserve = (id: string, items: readonly object[], more: object = {}, who = planner): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/work-orders/${id}/reservations`, { items, ...more })

/** `0-4x3`: from, until, how many. */
const parseUse = (text: string): [number, number, number] => {
  const [, from, until, many] = /(\d+)-(\d+)x(\d+)/.exec(text) ?? []
  return [Number(from), Number(until), Number(many)]
}

test('R-RSV-1 of a tool of three, never more than three at any instant; a range that ends where another begins is free', async () => {
  const cases = table`
    standing          | wanted | answer
    0-4x3             | 4-8x3  | 201
    0-4x3             | 3-5x1  | 409 0
    0-4x1 4-8x1       | 0-8x2  | 201
    0-4x2 4-8x2       | 0-8x2  | 409 1
    0-2x1 1-3x1 2-4x1 | 0-4x1  | 201
    0-3x1 1-3x1 2-4x1 | 0-4x1  | 409 0
    0-9x2 2-3x1       | 3-9x1  | 201
    0-9x2 2-3x1       | 2-3x1  | 409 0
                      | 0-1x4  | 409 3
  `
  for (const { standing = '', wanted = '', answer = '' } of cases) {
    const name = await addTool(3)
    const { id, number } = await order()
    for (const one of standing.split(' ').filter((text) => text !== ''))
      await must(reserve(id, [tool(name, ...parseUse(one))]), 201)
    const { status, body } = await reserve((await order()).id, [tool(name, ...parseUse(wanted))])
    const [expected, free] = answer.split(' ')
    assert.equal(String(status), expected, `${standing} | ${wanted}`)
    if (free === undefined) continue
    assert.deepEqual([body.code, String(body.free)], ['resource_taken', free], `${standing} | ${wanted}`)
    for (const conflict of body.conflicts) assert.equal(conflict.work_order, number, 'it says by what')
  }
})

test('R-RSV-2 a person and an asset are one each, and a call takes all that it asks for, or nothing', async () => {
  const name = await addTool(1)
  const [first, second] = [await order(), await order()]
  const person = { kind: 'person', resource: worker, ...range(0, 4) }
  const asset = { kind: 'asset', resource: 'BAL-12', ...range(0, 4) }
  await must(reserve(first.id, [person, asset]), 201)
  const both = await reserve(second.id, [tool(name, 0, 4), { ...person, ...range(3, 5) }])
  assert.deepEqual([both.status, both.body.resource], [409, worker])
  await must(reserve(second.id, [tool(name, 0, 4)]), 201)
  const twice = await reserve(second.id, [tool(name, 5, 6), tool(name, 5, 7)])
  assert.deepEqual(
    [twice.status, twice.body.code],
    [409, 'resource_taken'],
    'what the call itself asks for counts',
  )
  const whole = { ...tool(name, 5, 7), from: '2027-03-01T07:00:00+02:00' }
  const inTurn = [tool(name, 7, 8), whole, tool(name, 8, 9)]
  await must(reserve(second.id, inTurn), 201) // one after the other, one is enough
  for (const flaw of [
    { ...person, quantity: 2 },
    { ...asset, resource: 'none' },
    tool(name, 4, 4),
    { ...person, from: 'soon' },
  ])
    assert.equal((await reserve(first.id, [flaw])).status, 422, JSON.stringify(flaw))
  assert.equal((await reserve(first.id, [tool(name, 9, 10)], {}, 'Build Agent')).status, 403)
})

test('R-RSV-3 what is held is free again when the hold runs out, and stays when it is confirmed', async () => {
  const name = await addTool(1)
  const [first, second, third] = [await order(), await order(), await order()]
  const held = await must(reserve(first.id, [tool(name, 0, 4)], { hold_minutes: 10 }), 201)
  assert.equal(held.data[0].state, 'held')
  assert.equal((await reserve(second.id, [tool(name, 0, 4)])).status, 409)
  // As no role at run time could: the hold is over.
  await withClient(fixture.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica')
    await client.query(`update reservations set held_until = now() - interval '1 s' where id = $1`, [
      held.data[0].id,
    ])
  })
  await must(reserve(second.id, [tool(name, 0, 4)], { hold_minutes: 10 }), 201)
  const late = await must(
    fixture.call(planner, 'POST', `/v1/work-orders/${first.id}/reservations/confirmation`, {}),
  )
  assert.deepEqual(late.data, [], 'what ran out is not confirmed')
  const confirmed = await must(
    fixture.call(planner, 'POST', `/v1/work-orders/${second.id}/reservations/confirmation`, {}),
  )
  assert.deepEqual(
    confirmed.data.map(({ state }: Json) => state),
    ['confirmed'],
  )
  assert.equal((await reserve(third.id, [tool(name, 3, 5)])).status, 409)
  await must(
    fixture.call(planner, 'DELETE', `/v1/work-orders/${second.id}/reservations`, { reason: 'next week' }),
  )
  await must(reserve(third.id, [tool(name, 3, 5)]), 201)
  const { data } = await must(fixture.call(planner, 'GET', `/v1/work-orders/${second.id}/history`))
  assert.deepEqual(
    data.map(({ action }: Json) => action),
    ['created', 'reserved', 'reservation_confirmed', 'reservation_released'],
  )
})

test('R-RSV-4 what is finished or cancelled sets nothing aside any more', async () => {
  const name = await addTool(1)
  const [first, second] = [await order(), await order()]
  await must(reserve(first.id, [tool(name, 0, 4)]), 201)
  await must(
    fixture.call(planner, 'POST', `/v1/work-orders/${first.id}/transitions`, {
      to: 'cancelled',
      reason: 'not needed',
    }),
  )
  await must(reserve(second.id, [tool(name, 0, 4)]), 201)
  const late = await reserve(first.id, [tool(name, 8, 9)])
  assert.deepEqual([late.status, late.body.code], [409, 'record_final'])
  const path = `/v1/reservations?kind=tool&resource=${encodeURIComponent(name)}`
  const shown = async (query = ''): Promise<string[]> =>
    (await must(fixture.call(planner, 'GET', `${path}${query}`))).data.map(
      (row: Json) => `${row.work_order} ${row.state}`,
    )
  assert.deepEqual(await shown(), [`${second.number} confirmed`])
  assert.deepEqual(await shown('&include_released=true'), [
    `${first.number} released`,
    `${second.number} confirmed`,
  ])
})

test('R-RSV-5 the database counts for itself, whatever the service thought', async () => {
  const name = await addTool(2)
  const { id } = await order()
  const { data } = await must(reserve(id, [tool(name, 0, 4, 2)]), 201)
  await withClient(fixture.adminUrl, async (client) => {
    const insert = (quantity: number, from: string, until: string): Promise<string> =>
      client
        .query(
          `insert into reservations (tenant_id, id, kind, resource_id, work_order_id, during, quantity, state, created_by, created_at)
           select tenant_id, gen_random_uuid(), kind, resource_id, work_order_id, tstzrange($2::timestamptz, $3::timestamptz), $4, 'confirmed', created_by, now()
             from reservations where id = $1`,
          [data[0].id, from, until, quantity],
        )
        .then(
          () => 'done',
          (error: { code?: string }) => error.code ?? 'no code',
        )
    const { from, until } = range(3, 5)
    assert.equal(await insert(1, from, until), 'DK035')
    assert.equal(await insert(3, range(8, 9).from, range(8, 9).until), 'DK035')
    assert.equal(await insert(1, range(4, 5).from, range(4, 5).until), 'DK002', 'free, but without its entry')
    const change = (sql: string): Promise<string> =>
      client.query(sql, [data[0].id]).then(
        () => 'done',
        (error: { code?: string }) => error.code ?? 'no code',
      )
    assert.equal(
      await change(
        `update reservations set state = 'held', held_until = now() + interval '1 h' where id = $1`,
      ),
      'DK036',
    )
  })
})
