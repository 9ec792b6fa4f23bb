/** Many at once on one record: one wins, nothing is done twice, and its chain stays whole and in order. */
import assert from 'node:assert/strict'
import type { Reply } from '../fixture.ts'
import { atOnce, captain, countBy, makeWorkOrders, queryAll, worker } from './race-world.ts'
import type { Replicas } from './race-world.ts'
import type { Figures, Random, Size } from './proof.ts'

type Race = (replicas: Replicas, size: Size, random: Random) => Promise<Figures>

const countEntries = async ({ fixture }: Replicas, recordId: string, action: string): Promise<number> => {
  const [row] = await queryAll<{ n: number }>(
    fixture.adminUrl,
    'select count(*)::int as n from entries where record_id = $1 and action = $2',
    [recordId, action],
  )
  return row?.n ?? 0
}

/** The same transition from many clients: without If-Match the others are told the state, with it the version. */
export const raceTransitions: Race = async (replicas, size) => {
  const rounds = size === 'small' ? 6 : 60
  const ids = await makeWorkOrders(replicas, rounds)
  for (const [round, id] of ids.entries()) {
    const many = round % 2 === 0 ? 2 : 16
    const headers = round % 4 < 2 ? {} : { 'if-match': '"3"' }
    const loser = round % 4 < 2 ? '409 wrong_status' : '412 stale_version'
    const path = `/v1/work-orders/${id}/transitions`
    const replies = await atOnce(many, (i) =>
      replicas.call(i % 2 === 0 ? captain : worker, 'POST', path, { to: 'blocked', notes: `${i}` }, headers),
    )
    assert.deepEqual(countBy(replies), { '200': 1, [loser]: many - 1 })
    assert.equal(await countEntries(replicas, id, 'blocked'), 1)
  }
  return { 'races for one transition': rounds }
}

/** One key from sixteen connections: done once, and every one of them has the same answer. */
export const raceKeys: Race = async (replicas, size) => {
  const rounds = size === 'small' ? 2 : 20
  const [id] = await makeWorkOrders(replicas, 1)
  const ask = (path: string, body: object, key: string) =>
    atOnce(16, () => replicas.call(captain, 'POST', path, body, { 'idempotency-key': key }))
  for (let round = 0; round < rounds; round += 1) {
    const title = `[Race-Key] ${round}`
    assertSame(await ask('/v1/work-orders', { title }, `create ${round}`.replace(' ', '-')), 201)
    const made = await queryAll(replicas.fixture.adminUrl, 'select id from work_orders where title = $1', [
      title,
    ])
    assert.equal(made.length, 1, 'one work order under one key')
    const commented = await ask(`/v1/work-orders/${id}/comments`, { body: `${round}` }, `comment-${round}`)
    assertSame(commented, 201)
    const to = round % 2 === 0 ? 'blocked' : 'in_progress'
    const moved = await ask(`/v1/work-orders/${id}/transitions`, { to, notes: `${round}` }, `move-${round}`)
    assertSame(moved, 200)
    await assertOneApiKey(replicas, ask, round)
  }
  assert.equal(await countEntries(replicas, id ?? '', 'commented'), rounds)
  const moves =
    (await countEntries(replicas, id ?? '', 'blocked')) + (await countEntries(replicas, id ?? '', 'resumed'))
  assert.equal(moves, rounds)
  return { 'races for one idempotency key': rounds * 4 }
}

function assertSame(replies: readonly Reply[], status: number): void {
  assert.deepEqual(countBy(replies), { [status]: replies.length })
  for (const reply of replies) assert.deepEqual(reply.body, replies[0]?.body)
  assert.equal(replies.filter((reply) => reply.headers.get('idempotency-replayed') === null).length, 1)
}

/** Keys are made outside the transaction: a second one, that nobody was shown, would open a door all the same. */
async function assertOneApiKey(
  { fixture }: Replicas,
  ask: (path: string, body: object, key: string) => Promise<Reply[]>,
  round: number,
): Promise<void> {
  const name = `raced ${round}`
  const replies = await ask('/v1/keys', { name }, `key-${round}`)
  assert.deepEqual(countBy(replies), { '201': 16 })
  assert.equal(new Set(replies.map((reply) => reply.body.id)).size, 1)
  assert.equal(replies.filter((reply) => reply.body.key !== null).length, 1, 'the key is shown once')
  const stored = await queryAll(fixture.adminUrl, 'select from auth.apikey where name = $1', [name])
  assert.equal(stored.length, 1, 'one API key under one idempotency key')
}

/** Roles given and taken by many at once: what stands is what the last entry says. */
export const raceGrants: Race = async (replicas, size, random) => {
  const { fixture } = replicas
  const rounds = size === 'small' ? 4 : 40
  const made = await replicas.call('Ada Admin', 'POST', '/v1/principals', {
    name: `raced ${random.int(1e9)}`,
    kind: 'human',
  })
  assert.equal(made.status, 201, made.text)
  const { id } = made.body
  const change = (method: string, role: string) =>
    replicas.call(
      'Ada Admin',
      method,
      `/v1/principals/${id}/grants${method === 'DELETE' ? `?role=${role}&reason=race` : ''}`,
      method === 'POST' ? { role, reason: 'race' } : undefined,
    )
  assert.deepEqual(countBy(await atOnce(16, () => change('POST', 'auditor'))), { '200': 16 })
  assert.equal(await countEntries(replicas, id, 'role_granted'), 1)
  for (let round = 0; round < rounds; round += 1) {
    const replies = await atOnce(16, () =>
      change(random.pick(['POST', 'DELETE']), random.pick(['qa', 'operator', 'assigner'])),
    )
    assert.deepEqual(countBy(replies), { '200': 16 })
  }
  const grants = await queryAll<{ role: string }>(
    fixture.adminUrl,
    'select role from role_grants where principal_id = $1',
    [id],
  )
  const [last] = await queryAll<{ body: Buffer }>(
    fixture.adminUrl,
    `select body from entries where record_id = $1 order by seq desc limit 1`,
    [id],
  )
  const { changes } = JSON.parse(last?.body.toString() ?? '{}') as {
    changes: { field: string; new: string[] }[]
  }
  assert.deepEqual(
    grants.map(({ role }) => role).toSorted(),
    changes.find(({ field }) => field === 'roles')?.new,
  )
  return { 'grants and revocations at once': 16 * (rounds + 1) }
}

/** Comments, transitions and edits of one work order at once; its assignee changes hands meanwhile. */
export const raceChain: Race = async (replicas, size, random) => {
  const rounds = size === 'small' ? 8 : 80
  const [id] = await makeWorkOrders(replicas, 1)
  const path = `/v1/work-orders/${id}`
  const people = [worker, 'Mac App 小克', 'Web 小克']
  const deeds = [
    () => replicas.call(captain, 'POST', `${path}/comments`, { body: 'in between' }),
    () =>
      replicas.call(captain, 'POST', `${path}/transitions`, {
        to: random.pick(['blocked', 'in_progress']),
        notes: 'race',
      }),
    () => replicas.call(captain, 'PATCH', path, { assignee: random.pick(people) }),
    () => replicas.call(captain, 'PATCH', path, { tags: [String(random.int(1e9))] }),
  ]
  const replies: Reply[] = []
  for (let round = 0; round < rounds; round += 1)
    replies.push(...(await atOnce(16, () => random.pick(deeds)())))
  const refused = replies.filter(({ status }) => status >= 300)
  assert.deepEqual(new Set(refused.map(({ body }) => body.code)), new Set(['wrong_status']))
  // Every answer shows the work order as it was after one change, with nothing of another mixed in.
  const nameById = new Map(
    (
      await queryAll<{ id: string; name: string }>(
        replicas.fixture.adminUrl,
        'select id, name from principals',
      )
    ).map((row) => [row.id, row.name]),
  )
  for (const { status, body } of replies) {
    if (status === 200)
      assert.equal(body.assignee, nameById.get(body.assignee_id), 'the name is of who is meant')
  }
  const changed = replies.filter(({ status }) => status === 200).map(({ body }) => body.version)
  const history = await readHistory(replicas, path)
  const versions = history.filter(({ action }) => action !== 'commented').map(({ version }) => version)
  assert.deepEqual(
    versions,
    versions.map((_version, i) => i + 1),
    'each change is one version',
  )
  assert.ok(changed.every((version) => versions.includes(version)))
  const comments = history.filter(({ action }) => action === 'commented').length
  assert.equal(comments, replies.filter(({ status }) => status === 201).length)
  return { 'changes of one record at once': replies.length }
}

type HistoryRow = { readonly action: string; readonly version: number }

/** All of it, page after page. */
async function readHistory(replicas: Replicas, path: string): Promise<HistoryRow[]> {
  const rows: HistoryRow[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Reply = await replicas.call(
      captain,
      'GET',
      `${path}/history?limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    assert.equal(page.status, 200, page.text)
    rows.push(...(page.body.data as HistoryRow[]))
    cursor = page.body.next_cursor as string | null
  }
  return rows
}

/** Sixteen connections on four work orders, with keys: the log must hold each record's entries in their order. */
export const raceOrder: Race = async (replicas, size, random) => {
  const each = size === 'small' ? 15 : 150
  const ids = await makeWorkOrders(replicas, 4)
  const replies = await atOnce(16, async (i) => {
    const all: Reply[] = []
    for (let n = 0; n < each; n += 1) {
      const path = `/v1/work-orders/${random.pick(ids)}`
      const key = { 'idempotency-key': `order-${i}-${n}` }
      all.push(
        random.next() < 0.7
          ? await replicas.call(captain, 'POST', `${path}/comments`, { body: `${i} ${n}` }, key)
          : await replicas.call(
              captain,
              'POST',
              `${path}/transitions`,
              { to: random.pick(['blocked', 'in_progress']), notes: 'race' },
              key,
            ),
      )
    }
    return all
  })
  const counts = countBy(replies.flat())
  assert.deepEqual(Object.keys(counts).toSorted(), ['200', '201', '409 wrong_status'])
  return { 'calls on four records from sixteen connections': 16 * each }
}
