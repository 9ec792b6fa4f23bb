/** Trees and dependencies over REST: linked, moved, taken out, tied and untied, by who may and while it may be. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const pat = (method: string, path: string, body?: object): Promise<Reply> =>
  fixture.call('Pat Planner', method, `/v1/work-orders${path}`, body)

async function make(title: string, more: object = {}): Promise<Json> {
  const made = await pat('POST', '', { title, description: 'as planned', ...more })
  assert.equal(made.status, 201, made.text)
  return made.body
}
const historyOf = async (id: string): Promise<Json[]> =>
  (await pat('GET', `/${id}/history`)).body.data as Json[]

test('R-TRE-5 a work order is linked, moved with what belongs to it, and taken out; each is an entry', async () => {
  const [a, b, part] = [await make('Master A'), await make('Master B'), await make('Part')]
  const piece = await make('Piece', { parent: part.id })
  const linked = await pat('POST', `/${part.number}/parent`, { parent: a.number })
  assert.equal(linked.status, 200, linked.text)
  assert.equal(linked.body.parent_id, a.id)
  assert.equal((await pat('POST', `/${part.id}/parent`, { parent: b.id })).body.parent_id, b.id)
  const tree = await pat('GET', `/${b.id}/tree`)
  assert.deepEqual(
    new Set((tree.body.data as Json[]).map(({ id }) => id)),
    new Set([b.id, part.id, piece.id]),
  )
  const inside = await pat('POST', `/${b.id}/parent`, { parent: piece.id })
  assert.equal(inside.status, 409)
  assert.deepEqual(
    [inside.body.rule, inside.body.path],
    ['cycle', [b.number, piece.number, part.number, b.number]],
  )
  assert.equal((await pat('DELETE', `/${part.id}/parent`)).body.parent_id, null)
  assert.equal((await pat('DELETE', `/${part.id}/parent`)).body.rule, 'not_linked')
  assert.deepEqual(
    (await historyOf(part.id)).map(({ action }) => action),
    ['created', 'linked', 'moved', 'unlinked'],
  )
})

test('R-TRE-6 who may not plan does not link; a regulatory work order says why, and keeps what was refused', async () => {
  const [master, part] = [await make('Master'), await make('Part', { regulatory: true, asset: 'HPLC-01' })]
  const lee = await fixture.call('Lee Lab', 'POST', `/v1/work-orders/${part.id}/parent`, {
    parent: master.id,
  })
  assert.equal(lee.status, 403, lee.text)
  const silent = await pat('POST', `/${part.id}/parent`, { parent: master.id })
  assert.deepEqual([silent.status, silent.body.missing_fields], [422, ['reason']])
  const said = await pat('POST', `/${part.id}/parent`, { parent: master.id, reason: 'belongs to it' })
  assert.equal(said.status, 200, said.text)
  assert.deepEqual(
    (await historyOf(part.id)).map(({ action }) => action),
    ['created', 'refused', 'refused', 'linked'],
  )
})

test('R-DEP-4 dependencies are added and removed one by one and as a set, and stay within one tree', async () => {
  const master = await make('Line')
  const [a, b, c, alone] = [
    await make('A', { parent: master.id }),
    await make('B', { parent: master.id }),
    await make('C', { parent: master.id }),
    await make('Alone'),
  ]
  const ties = (id: string) => pat('GET', `/${id}/dependencies`)
  const added = await pat('POST', `/${b.id}/dependencies`, { predecessor: a.number, lag_hours: 4 })
  assert.deepEqual(added.body, {
    changed: 1,
    data: [{ work_order: b.number, predecessor: a.number, lag_hours: 4 }],
  })
  const circle = await pat('POST', `/${a.id}/dependencies`, { predecessor: b.id })
  assert.deepEqual([circle.status, circle.body.rule], [409, 'cycle'])
  assert.match(
    circle.text,
    new RegExp(`${a.number as string} → ${b.number as string} → ${a.number as string}`),
  )
  assert.equal(
    (await pat('POST', `/${alone.id}/dependencies`, { predecessor: a.id })).body.rule,
    'other_tree',
  )
  const half = await pat('POST', `/${master.id}/dependency-set`, {
    dependencies: [
      { work_order: c.id, predecessor: b.id },
      { work_order: a.id, predecessor: c.id },
    ],
  })
  assert.equal(half.body.rule, 'cycle')
  assert.deepEqual((await ties(c.id)).body.predecessors, [])
  const set = await pat('POST', `/${master.id}/dependency-set`, {
    dependencies: [
      { work_order: c.id, predecessor: b.id },
      { work_order: c.id, predecessor: a.id, lag_hours: 1 },
    ],
  })
  assert.equal(set.body.changed, 1)
  // A → B takes four hours of lag already: that C waits an hour for A says nothing.
  const reduced = await pat('POST', `/${master.id}/transitive-reduction`)
  assert.deepEqual(reduced.body.data, [{ work_order: c.number, predecessor: a.number, lag_hours: 1 }])
  const torn = await pat('DELETE', `/${b.id}/parent`)
  assert.deepEqual([torn.status, torn.body.rule], [409, 'torn'])
  assert.equal((await pat('DELETE', `/${b.id}/dependencies/${a.id}`)).status, 200)
  assert.equal((await pat('DELETE', `/${b.id}/dependencies/${a.id}`)).body.rule, 'not_there')
  assert.deepEqual(
    ((await ties(b.id)).body.successors as Json[]).map(({ number }) => number),
    [c.number],
  )
})

test('R-DEP-5 what has started waits for nothing new, and nothing is linked to what is finished', async () => {
  const master = await make('Line')
  const [a, b] = [
    await make('A', { parent: master.id, assignee: 'Lee Lab' }),
    await make('B', { parent: master.id }),
  ]
  assert.equal((await pat('POST', `/${a.id}/transitions`, { to: 'assigned' })).status, 200)
  const started = await fixture.call('Lee Lab', 'POST', `/v1/work-orders/${a.id}/transitions`, {
    to: 'in_progress',
  })
  assert.equal(started.status, 200, started.text)
  assert.equal((await pat('POST', `/${a.id}/dependencies`, { predecessor: b.id })).body.rule, 'started')
  const gone = await make('Gone')
  await pat('POST', `/${gone.id}/transitions`, { to: 'cancelled', reason: 'not needed' })
  assert.equal((await pat('POST', `/${b.id}/parent`, { parent: gone.id })).body.rule, 'final_master')
  assert.equal((await pat('POST', `/${gone.id}/parent`, { parent: master.id })).body.code, 'record_final')
  assert.equal((await pat('POST', '', { title: 'Late', parent: gone.id })).body.rule, 'final_master')
  const work_orders = [
    { title: 'In time', parent: master.id },
    { title: 'Late', parent: gone.id },
  ]
  const batch = await pat('POST', '/batch', { work_orders })
  assert.deepEqual([batch.status, batch.body.rule, batch.body.path], [409, 'final_master', [gone.number]])
  assert.deepEqual((await pat('GET', '?q=In+time')).body.data, [], 'all or none')
  // Many begin under one master at once.
  const many = await Promise.all(
    Array.from({ length: 8 }, (_, i) => pat('POST', '', { title: `Part ${i}`, parent: master.id })),
  )
  assert.deepEqual(
    many.map(({ status }) => status),
    many.map(() => 201),
  )
})
