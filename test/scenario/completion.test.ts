/** A tree at work: what starts when, what completes a master, and what ends with it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sweepLags } from '#capabilities/completion/lag.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { enrolSigner } from '../signer.ts'
import type { Signer } from '../signer.ts'
import { actionsOf, bring, move, plant, read } from './tree.ts'

let fixture: Fixture
let owner: Signer
before(async () => {
  fixture = await openFixture()
  owner = await enrolSigner(fixture, 'Sonja Owner', ['system_owner'])
})
after(() => fixture.close())

const unmetOf = (reply: Reply): Json[] => reply.body.unmet ?? []
const numbersOf = (gate: Json, of: string): string[] => gate[of].map((one: { number: string }) => one.number)
const waive = (who: string, id: string, reason = 'the machine was scrapped'): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/work-orders/${id}/waiver`, { reason })

test('R-RDY-1 nothing starts before what it waits for: every open predecessor is named with number, state, assignee', async () => {
  const tree = await plant(fixture, {
    M: {},
    A: { under: 'M' },
    B: { under: 'M' },
    C: { under: 'M', after: ['A', 'B'] },
  })
  const [a, b, c] = [tree['A']!, tree['B']!, tree['C']!]
  await bring(fixture, c.id, 'assigned')
  await bring(fixture, b.id, 'in_progress')
  const refused = await move(fixture, 'Lee Lab', c.id, 'in_progress')
  assert.equal(refused.status, 409, refused.text)
  assert.equal(refused.body.code, 'dependencies_open')
  assert.deepEqual(unmetOf(refused)[0].predecessors, [
    { number: a.number, status: 'draft', assignee: 'Lee Lab', until: null },
    { number: b.number, status: 'in_progress', assignee: 'Lee Lab', until: null },
  ])
  assert.deepEqual(unmetOf(refused)[0].who, ['Lee Lab'])
  const edges = await fixture.call('Lee Lab', 'GET', `/v1/work-orders/${c.id}/transitions`)
  const start = edges.body.data.find(({ name }: { name: string }) => name === 'start')
  assert.equal(start.allowed, false)
  assert.deepEqual(
    start.unmet.map(({ code }: { code: string }) => code),
    ['dependencies_open'],
  )
})

test('R-RDY-2 the last predecessor that is done makes its successors ready, with an entry in the same transaction', async () => {
  const tree = await plant(fixture, {
    M: {},
    A: { under: 'M' },
    B: { under: 'M' },
    C: { under: 'M', after: ['A', 'B'] },
    D: { under: 'M', after: ['A'] },
    E: { under: 'M', after: ['A+2'] },
  })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  await bring(fixture, id('C'), 'assigned')
  await bring(fixture, id('A'), 'closed')
  assert.deepEqual((await actionsOf(fixture, id('D'))).slice(-1), ['ready'])
  assert.deepEqual((await actionsOf(fixture, id('C'))).includes('ready'), false)
  assert.deepEqual((await actionsOf(fixture, id('E'))).includes('ready'), false)
  await bring(fixture, id('B'), 'closed')
  const { data } = await read(fixture, id('C'), '/history')
  const told = data.at(-1)
  assert.equal(told.action, 'ready')
  assert.deepEqual(told.detail.because, { id: id('B'), number: tree['B']?.number, end: 'done' })
  assert.equal(told.detail.assignee, 'Lee Lab')
  const last = (await read(fixture, id('B'), '/history')).data.at(-1)
  assert.equal(told.request, last.request)
  // The lag after A still runs for E.
  await bring(fixture, id('E'), 'assigned')
  const early = await move(fixture, 'Lee Lab', id('E'), 'in_progress')
  assert.equal(early.body.code, 'dependencies_open')
  assert.match(early.body.title, new RegExp(`it waits for ${tree['A']?.number} \\(done; until 20`))
  const ready = await read(fixture, id('M'), '/ready')
  assert.deepEqual(
    ready.data.map(({ number, assignee }: Json) => [number, assignee]),
    [[tree['C']?.number, 'Lee Lab']],
  )
  await bring(fixture, id('C'), 'in_progress')
})

test('R-RDY-2 so does whoever takes away what it waited for last, or the rest of a lag', async () => {
  const tree = await plant(fixture, {
    M: {},
    A: { under: 'M' },
    B: { under: 'M' },
    C: { under: 'M', after: ['A', 'B'] },
    D: { under: 'M', after: ['B', 'E+5'] },
    E: { under: 'M' },
  })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  const untie = (work: string, from: string): Promise<Reply> =>
    fixture.call('Pat Planner', 'DELETE', `/v1/work-orders/${id(work)}/dependencies/${id(from)}`)
  const readyOf = async (letter: string): Promise<Json[]> =>
    (await read(fixture, id(letter), '/history')).data.filter(({ action }: Json) => action === 'ready')
  await bring(fixture, id('E'), 'closed')
  assert.equal((await untie('C', 'A')).status, 200)
  assert.deepEqual(await readyOf('C'), [], 'B is open still')
  const untied = await untie('C', 'B')
  assert.equal(untied.status, 200, untied.text)
  const [told, ...others] = await readyOf('C')
  assert.deepEqual(told?.detail.because, { id: id('B'), number: tree['B']?.number, end: 'removed' })
  assert.deepEqual([others, told.detail.assignee], [[], 'Lee Lab'])
  const { data } = await read(fixture, id('C'), '/history')
  assert.deepEqual(
    data.slice(-2).map(({ action, request }: Json) => [action, request]),
    [
      ['dependencies_changed', told.request],
      ['ready', told.request],
    ],
  )
  assert.equal((await untie('D', 'B')).status, 200)
  assert.deepEqual(await readyOf('D'), [], 'the lag after E runs still')
  const shorter = { predecessor: id('E'), lag_hours: 0 }
  const path = `/v1/work-orders/${id('D')}/dependencies`
  const shortened = await fixture.call('Pat Planner', 'POST', path, shorter)
  assert.equal(shortened.status, 200, shortened.text)
  assert.deepEqual(
    (await readyOf('D')).map(({ detail }) => detail.because),
    [{ id: id('E'), number: tree['E']?.number, end: 'lag_over' }],
  )
  assert.equal((await untie('D', 'E')).status, 200)
  assert.equal((await readyOf('D')).length, 1, 'it was ready before')
  await bring(fixture, id('D'), 'in_progress')
})

test('R-CPL-5 a master is completed when its policy holds, and closes over nothing that runs', async () => {
  const tree = await plant(fixture, {
    M: { completion_policy: { kind: 'k_of_n', k: 1 } },
    A: { under: 'M' },
    B: { under: 'M' },
    C: { under: 'M' },
  })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  const preview = await read(fixture, id('M'), '/completion')
  assert.equal(preview.policy_from, 'work_order')
  assert.equal(preview.says, '1 of the linked work orders are done')
  assert.deepEqual(
    preview.data.map(({ check, to, holds, missing, shortest }: Json) => [
      check,
      to,
      holds,
      missing.length,
      shortest.length,
    ]),
    [
      ['complete', ['completed'], false, 3, 1],
      ['close', ['closed'], false, 3, 1],
    ],
  )
  await bring(fixture, id('M'), 'in_progress')
  const early = await move(fixture, 'Lee Lab', id('M'), 'completed', {
    completion_summary: 'done',
    actual_hours: 1,
  })
  assert.equal(early.body.code, 'linked_work_open', early.text)
  assert.deepEqual(
    numbersOf(unmetOf(early)[0], 'linked'),
    ['A', 'B', 'C'].map((one) => tree[one]?.number),
  )
  await bring(fixture, id('A'), 'closed')
  await bring(fixture, id('B'), 'blocked')
  await bring(fixture, id('M'), 'completed')
  const open = await move(fixture, 'Pat Planner', id('M'), 'closed')
  assert.deepEqual(numbersOf(unmetOf(open)[0], 'linked'), [tree['B']?.number], open.text)
  assert.equal((await move(fixture, 'Pat Planner', id('B'), 'cancelled')).status, 200)
  assert.equal((await move(fixture, 'Pat Planner', id('M'), 'closed')).status, 200)
  await bring(fixture, id('C'), 'assigned')
  const late = await move(fixture, 'Lee Lab', id('C'), 'in_progress')
  assert.equal(late.body.code, 'master_closed', late.text)
})

test('R-CPL-6 what completes it is changed until its work begins, and then no more; the tenant has a policy too', async () => {
  const tree = await plant(fixture, { M: {}, A: { under: 'M' }, B: { under: 'M' } })
  const id = tree['M']?.id ?? ''
  const set = (policy: object | null): Promise<Reply> =>
    fixture.call('Ada Admin', 'POST', '/v1/completion-policy', { policy, reason: 'as agreed' })
  assert.equal((await set({ kind: 'required', ids: [id] })).status, 422)
  assert.equal((await set({ kind: 'k_of_n', k: 1 })).status, 200)
  assert.equal((await read(fixture, id, '/completion')).policy_from, 'tenant')
  await bring(fixture, id, 'in_progress')
  // What stood when the work began holds for it.
  assert.equal((await set({ kind: 'all' })).status, 200)
  assert.deepEqual((await read(fixture, id, '/completion')).policy, { kind: 'k_of_n', k: 1 })
  assert.equal((await set(null)).status, 200)
  const other = tree['A']?.id ?? ''
  const change = (workOrder: string, fields: object): Promise<Reply> =>
    fixture.call('Pat Planner', 'PATCH', `/v1/work-orders/${workOrder}`, fields)
  const fields = { completion_policy: { kind: 'weighted', at_least: 0.5 }, on_failure: 'hold_siblings' }
  const early = await change(other, fields)
  assert.equal(early.status, 200, early.text)
  assert.deepEqual(early.body.completion_policy, fields.completion_policy)
  const late = await change(id, fields)
  assert.deepEqual(unmetOf(late)[0].fields, ['completion_policy', 'on_failure'])
  const created = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', {
    title: 'A master',
    ...fields,
  })
  assert.equal(created.body.on_failure, 'hold_siblings', created.text)
})

const saysOf = ({ status, body }: Reply): unknown[] => [status, body.code, body.field, body.value]

test('R-CPL-15 what a policy requires is linked when the policy is set, whichever way that is', async () => {
  const tree = await plant(fixture, { M: {}, A: { under: 'M' }, B: {}, C: { under: 'A' } })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  const policyOf = (...letters: string[]): object => ({
    completion_policy: { kind: 'required', ids: letters.map(id) },
  })
  const pat = (method: string, path: string, body: object): Promise<Reply> =>
    fixture.call('Pat Planner', method, `/v1/work-orders${path}`, body)
  const unknown = (letter: string, at = ''): unknown[] => [
    422,
    'unknown_reference',
    `${at}completion_policy.ids`,
    id(letter),
  ]
  // Neither what stands elsewhere, nor what is linked further below, nor the master itself.
  for (const letter of ['B', 'C', 'M'])
    assert.deepEqual(saysOf(await pat('PATCH', `/${id('M')}`, policyOf('A', letter))), unknown(letter))
  const made = { title: 'A new one', ...policyOf('A') }
  assert.deepEqual(saysOf(await pat('POST', '', made)), unknown('A'))
  const batch = await pat('POST', '/batch', { work_orders: [{ title: 'Another' }, made] })
  assert.deepEqual(saysOf(batch), unknown('A', 'work_orders.1.'))
  const set = await pat('PATCH', `/${id('M')}`, policyOf('A'))
  assert.equal(set.status, 200, set.text)
  assert.deepEqual(set.body.completion_policy, { kind: 'required', ids: [id('A')] })
})

test('R-CPL-7 cancelling a master cancels everything below it that is not finished, with an entry of each', async () => {
  const tree = await plant(fixture, {
    M: {},
    A: { under: 'M' },
    B: { under: 'M' },
    C: { under: 'B' },
    D: { under: 'B', regulatory: true },
  })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  await bring(fixture, id('A'), 'closed')
  await bring(fixture, id('C'), 'in_progress')
  const cancelled = await move(fixture, 'Pat Planner', id('M'), 'cancelled', { reason: 'no budget' })
  assert.equal(cancelled.status, 200, cancelled.text)
  const now = await Promise.all(
    ['A', 'B', 'C', 'D'].map(async (one) => (await read(fixture, id(one))).status),
  )
  assert.deepEqual(now, ['closed', 'cancelled', 'cancelled', 'cancelled'])
  const { data } = await read(fixture, id('C'), '/history')
  const last = data.at(-1)
  assert.equal(last.action, 'cancelled')
  assert.equal(last.reason, `${tree['M']?.number} was cancelled: no budget`)
  assert.deepEqual(last.detail.because, { id: id('M'), number: tree['M']?.number, as: 'master' })
})

test('R-CPL-8 one that fails holds or cancels those beside it, as its own policy says', async () => {
  const tree = await plant(fixture, {
    M: {},
    F: { under: 'M', on_failure: 'hold_siblings' },
    A: { under: 'M' },
    B: { under: 'M' },
    C: { under: 'M' },
  })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  await bring(fixture, id('A'), 'in_progress')
  await bring(fixture, id('B'), 'assigned')
  await bring(fixture, id('C'), 'closed')
  await move(fixture, 'Pat Planner', id('F'), 'cancelled')
  const a = await read(fixture, id('A'))
  assert.equal(a.status, 'blocked')
  assert.match(a.blocker.action, new RegExp(`^${tree['F']?.number} was cancelled`))
  const b = await read(fixture, id('B'))
  assert.equal(b.status, 'assigned')
  assert.equal(b.hold.cause, id('F'))
  const start = await move(fixture, 'Lee Lab', id('B'), 'in_progress')
  assert.equal(start.body.code, 'held', start.text)
  const release = await fixture.call('Lee Lab', 'DELETE', `/v1/work-orders/${id('B')}/hold`, {
    reason: 'I can go on',
  })
  assert.equal(release.body.code, 'role_required', release.text)
  assert.equal((await waive('Pat Planner', id('F'))).status, 200)
  assert.equal((await read(fixture, id('B'))).hold, null)
  await bring(fixture, id('B'), 'in_progress')

  const other = await plant(fixture, {
    M: {},
    F: { under: 'M', on_failure: 'cancel_siblings' },
    A: { under: 'M' },
    B: { under: 'A' },
  })
  await move(fixture, 'Pat Planner', other['F']?.id ?? '', 'cancelled')
  const now = await Promise.all(
    ['M', 'A', 'B'].map(async (one) => (await read(fixture, other[one]?.id ?? '')).status),
  )
  assert.deepEqual(now, ['draft', 'cancelled', 'cancelled'])
})

test('R-CPL-11 the database refuses it too: a master over work that runs, a late policy, a waiver without signatures', async () => {
  const tree = await plant(fixture, { M: { regulatory: true }, A: { under: 'M' }, N: {}, B: { under: 'N' } })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  await bring(fixture, id('B'), 'in_progress')
  await bring(fixture, id('N'), 'in_progress')
  const closed = await plant(fixture, {
    M: { completion_policy: { kind: 'k_of_n', k: 1 } },
    A: { under: 'M' },
    B: { under: 'M' },
  })
  const late = closed['B']?.id ?? ''
  await bring(fixture, closed['A']?.id ?? '', 'closed')
  await bring(fixture, closed['M']?.id ?? '', 'closed')
  await bring(fixture, late, 'assigned')
  const cases: readonly (readonly [code: string, sql: string])[] = [
    ['DK033', `update work_orders set status = 'in_progress', category = 'active' where id = '${late}'`],
    [
      'DK030',
      `update work_orders set waiver = '{"reason":"x","at":"x","by":[],"round_id":null}' where id = '${id('A')}'`,
    ],
    ['DK031', `update work_orders set on_failure = 'cancel_siblings' where id = '${id('B')}'`],
    [
      'DK032',
      `update work_orders set status = 'completed', category = 'review' where id = '${id('N')}';
               update work_orders set status = 'closed', category = 'done' where id = '${id('N')}'`,
    ],
  ]
  await withClient(fixture.adminUrl, async (client) => {
    for (const [code, sql] of cases) {
      await client.query('begin')
      await assert.rejects(client.query(sql), { code })
      await client.query('rollback')
    }
  })
})

test('R-CPL-13 a master closes and what is linked to it starts at the same time: one of the two is refused, every time', async () => {
  for (let round = 0; round < 12; round += 1) {
    const tree = await plant(fixture, {
      M: { completion_policy: { kind: 'k_of_n', k: 1 } },
      A: { under: 'M' },
      B: { under: 'M' },
    })
    const id = (letter: string): string => tree[letter]?.id ?? ''
    await bring(fixture, id('A'), 'closed')
    await bring(fixture, id('M'), 'completed')
    await bring(fixture, id('B'), 'assigned')
    const replies = await Promise.all([
      move(fixture, 'Pat Planner', id('M'), 'closed'),
      move(fixture, 'Lee Lab', id('B'), 'in_progress'),
    ])
    assert.deepEqual(
      replies.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 409],
      replies.map(({ text }) => text).join(),
    )
  }
})

test('R-RDY-5 two predecessors that end at the same time make their successor ready once', async () => {
  for (let round = 0; round < 8; round += 1) {
    const tree = await plant(fixture, {
      M: {},
      A: { under: 'M' },
      B: { under: 'M' },
      C: { under: 'M', after: ['A', 'B'] },
    })
    const id = (letter: string): string => tree[letter]?.id ?? ''
    await bring(fixture, id('A'), 'completed')
    await bring(fixture, id('B'), 'completed')
    const replies = await Promise.all(
      ['A', 'B'].map((one) => move(fixture, 'Pat Planner', id(one), 'closed')),
    )
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 200],
    )
    assert.equal((await actionsOf(fixture, id('C'))).filter((action) => action === 'ready').length, 1)
  }
})

test('R-CPL-7 a tree of 1,500 is cancelled at once, also while somebody changes one of it', async () => {
  const many = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`N${i}`, { under: 'M' }]))
  const tree = await plant(fixture, { M: {}, ...many })
  const one = tree['N700']?.id ?? ''
  const [cancelled] = await Promise.all([
    move(fixture, 'Pat Planner', tree['M']?.id ?? '', 'cancelled', { reason: 'no budget' }),
    fixture.call('Pat Planner', 'PATCH', `/v1/work-orders/${one}`, { priority: 'high' }),
  ])
  assert.equal(cancelled.status, 200, cancelled.text)
  assert.equal((await read(fixture, one)).status, 'cancelled')
  const list = await fixture.call(
    'Pat Planner',
    'GET',
    `/v1/work-orders?parent=${tree['M']?.id}&category=initial&limit=5`,
  )
  assert.equal(list.body.data?.length, 0, list.text)
})

test('R-CPL-14 what was rejected is done again, and what waited for it waits for that', async () => {
  const asset = (await fixture.call('Pat Planner', 'GET', '/v1/assets/HPLC-01')).body.id as string
  const at = '2026-12-01T08:00:00Z'
  const tree = await plant(fixture, {
    M: { completion_policy: { kind: 'all' } },
    A: {
      under: 'M',
      lifecycle: 'qms',
      asset_id: asset,
      job_plan: { title: 'Plan', steps: ['Do it'] },
      planned_start: at,
      planned_end: at,
      requirements: { people: 1, tools: [], experience: [] },
    },
    B: { under: 'M', after: ['A'] },
    C: { under: 'M', after: ['B'] },
  })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  const done = { completion_summary: 'done', actual_hours: 1 }
  for (const [who, to, more] of [
    ['Pat Planner', 'planned', {}],
    ['Pat Planner', 'scheduled', {}],
    ['Lee Lab', 'in_progress', {}],
    ['Lee Lab', 'pending_review', done],
  ] as const) {
    if (to === 'in_progress')
      await fixture.call('Lee Lab', 'POST', `/v1/work-orders/${id('A')}/acknowledgement`, {})
    const reply = await move(fixture, who, id('A'), to, more)
    assert.equal(reply.status, 200, reply.text)
  }
  const rejected = await owner.call('POST', `/v1/work-orders/${id('A')}/rejections`, {
    reason: 'not as planned',
  })
  assert.equal(rejected.body.status, 'rejected', rejected.text)
  const [{ id: next }] = (await read(fixture, id('B'))).predecessors
  assert.notEqual(next, id('A'))
  const again = await read(fixture, next)
  assert.deepEqual([again.revision_of, again.status, again.parent_id], [id('A'), 'draft', id('M')])
  assert.deepEqual((await actionsOf(fixture, id('B'))).slice(-1), ['dependency_replaced'])
  const { data, linked } = await read(fixture, id('M'), '/completion')
  assert.deepEqual(
    [linked, data[0].missing.map(({ number }: Json) => number)],
    [3, [tree['B']?.number, tree['C']?.number, again.number]],
  )
})

test('R-RDY-6 what waits for a lag alone becomes ready by the clock, once', async () => {
  const tree = await plant(fixture, { M: {}, A: { under: 'M' }, B: { under: 'M', after: ['A+2'] } })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  await bring(fixture, id('A'), 'closed')
  const { tenant } = (await fixture.call('Pat Planner', 'GET', '/v1/me')).body
  const sweep = (hours: number): Promise<number> =>
    sweepLags(fixture.service.floor, tenant.id, new Date(Date.now() + hours * 3_600_000).toISOString())
  const count = async (): Promise<number> =>
    (await actionsOf(fixture, id('B'))).filter((action) => action === 'ready').length
  await sweep(1.9)
  assert.equal(await count(), 0)
  await sweep(2.1)
  assert.equal(await count(), 1)
  await sweep(2.1)
  assert.equal(await count(), 1)
  const told = (await read(fixture, id('B'), '/history')).data.at(-1)
  assert.deepEqual(
    [told.actor.name, told.detail.because.end, told.detail.because.id],
    ['system:readiness', 'lag_over', id('A')],
  )
})
