import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { v7 as uuidv7 } from 'uuid'
import { listSigners, parseCheckpoint, parseNote, parseVkey } from '#domain/checkpoint.ts'
import { rootOfLeaves, verifyConsistency, verifyInclusion } from '#domain/merkle.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture, Json } from '#test/fixture.ts'
import { sealAll } from '#test/sealing.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const bytes = (text: string): Buffer => Buffer.from(text, 'base64')
async function get(path: string, principal = 'Pat Planner'): Promise<Json> {
  const reply = await fixture.call(principal, 'GET', path)
  assert.equal(reply.status, 200, `${path}: ${reply.text}`)
  return reply.body
}

async function makeWorkOrders(count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i += 1) {
    const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: `Work ${i}` })
    assert.equal(made.status, 201)
    ids.push(made.body.id)
  }
  return ids
}

const events = async (principal = 'Pat Planner'): Promise<Json[]> =>
  (await get('/v1/events?limit=1000', principal)).data

test('R-LOG-7 before anything is sealed there is no checkpoint, and an entry says that it is not sealed yet', async () => {
  const none = await fixture.call('Pat Planner', 'GET', '/v1/log/checkpoint')
  assert.equal(none.status, 404)
  assert.equal(none.body.code, 'not_found')
  const [entry] = await events()
  const early = await fixture.call('Pat Planner', 'GET', `/v1/log/entries/${entry.id}/proof`)
  assert.equal(early.status, 404)
  assert.equal(early.body.code, 'not_sealed_yet')
  assert.match(early.body.horizon, /^\d+$/)
  assert.ok(BigInt(early.body.transaction) < BigInt(early.body.horizon))
  const unknown = await fixture.call('Pat Planner', 'GET', `/v1/log/entries/${uuidv7()}/proof`)
  assert.equal(unknown.status, 404)
  assert.equal(unknown.body.code, 'not_found')
})

test('R-LOG-8 every entry is sealed, in order of commit, under a signed checkpoint of its root', async () => {
  await makeWorkOrders(3)
  await sealAll(fixture, 'acme-bio')
  const all = await events()
  const { note, tree_size, root, vkey } = await get('/v1/log/checkpoint')
  assert.equal(tree_size, all.length)
  const expected = rootOfLeaves(all.map(({ leaf }: Json) => Buffer.from(leaf, 'hex')))
  assert.equal(root, expected.toString('base64'))
  const verifier = parseVkey(vkey)
  const parsed = parseNote(note)
  assert.ok(verifier !== undefined && parsed !== undefined)
  assert.deepEqual(listSigners(parsed, [verifier]), [verifier])
  const head = parseCheckpoint(parsed.text)
  assert.deepEqual(head, { origin: verifier.name, size: tree_size, root: expected, extensions: [] })
  assert.match(verifier.name, /^docket\.log\/[0-9a-f-]{36}$/)
})

test('R-LOG-9 the key of the log is an entry of the tenant, sealed in the log itself', async () => {
  const { vkey, tree_size } = await get('/v1/log/checkpoint')
  const made = (await events()).filter((entry: Json) => entry.action === 'log_key_created')
  assert.equal(made.length, 1)
  assert.deepEqual(made[0].detail, { vkey })
  assert.equal(made[0].record.kind, 'tenant')
  const { leaf_index } = await get(`/v1/log/entries/${made[0].id}/proof`)
  assert.ok(leaf_index < tree_size)
})

test('R-LOG-10 an entry is proved to be in the log to whoever holds its body and a checkpoint', async () => {
  const all = await events()
  const { tree_size, root } = await get('/v1/log/checkpoint')
  for (const [at, entry] of all.entries()) {
    const proved = await get(`/v1/log/entries/${entry.id}/proof`)
    assert.equal(proved.leaf_index, at)
    assert.equal(proved.tree_size, tree_size)
    assert.equal(proved.root, root)
    const claim = {
      index: at,
      size: tree_size,
      leaf: Buffer.from(entry.leaf, 'hex'),
      root: bytes(root),
      proof: proved.proof.map(bytes),
    }
    assert.ok(verifyInclusion(claim))
    assert.ok(!verifyInclusion({ ...claim, leaf: createHash('sha256').update(entry.leaf).digest() }))
  }
  const [first] = all
  const older = await get(`/v1/log/entries/${first.id}/proof?tree_size=2`)
  assert.deepEqual(older.proof, [bytes64(Buffer.from(all[1].leaf, 'hex'))])
  for (const size of [0, 1, tree_size + 1]) {
    const reply = await fixture.call(
      'Pat Planner',
      'GET',
      `/v1/log/entries/${all[1].id}/proof?tree_size=${size}`,
    )
    assert.equal(reply.status, 422, String(size))
  }
})

const bytes64 = (value: Buffer): string => value.toString('base64')

test('R-LOG-11 a later log is proved to be an earlier one with entries added', async () => {
  const earlier = await get('/v1/log/checkpoint')
  await makeWorkOrders(5)
  await sealAll(fixture, 'acme-bio')
  const later = await get('/v1/log/checkpoint')
  assert.ok(later.tree_size >= earlier.tree_size + 5)
  const proved = await get(`/v1/log/consistency?from=${earlier.tree_size}`)
  assert.equal(proved.to, later.tree_size)
  assert.equal(proved.root_from, earlier.root)
  assert.equal(proved.root_to, later.root)
  const claim = {
    from: earlier.tree_size,
    to: later.tree_size,
    rootFrom: bytes(earlier.root),
    rootTo: bytes(later.root),
    proof: proved.proof.map(bytes),
  }
  assert.ok(verifyConsistency(claim))
  assert.ok(!verifyConsistency({ ...claim, rootFrom: bytes(later.root) }))
  for (const query of ['from=0', 'from=2&to=1', `from=1&to=${later.tree_size + 1}`, 'from=x', '']) {
    const reply = await fixture.call('Pat Planner', 'GET', `/v1/log/consistency?${query}`)
    assert.equal(reply.status, 422, query)
  }
})

test('R-LOG-12 tiles hold the hashes of the leaves, and whoever reads them all can derive the root', async () => {
  const all = await events()
  const tile = await get('/v1/log/tiles/0/0')
  assert.equal(tile.width, all.length)
  assert.equal(tile.path, `tile/0/000.p/${all.length}`)
  assert.equal(bytes(tile.hashes).toString('hex'), all.map(({ leaf }: Json) => leaf).join(''))
  for (const [path, status] of [
    ['/v1/log/tiles/0/1', 404],
    ['/v1/log/tiles/1/0', 404],
    ['/v1/log/tiles/8/0', 422],
    ['/v1/log/tiles/0/-1', 422],
    ['/v1/log/tiles/0/x', 422],
  ] as const)
    assert.equal((await fixture.call('Pat Planner', 'GET', path)).status, status, path)
})

test('R-LOG-13 everybody of the tenant reads its log, a vendor proves entries of its own work only, nobody reads that of another tenant', async () => {
  const mine = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', {
    title: 'For a vendor',
    assignee: 'Vik Vendor',
  })
  const [other] = await makeWorkOrders(1)
  await sealAll(fixture)
  const all = await events()
  const own = all.find((entry: Json) => entry.record.id === mine.body.id)
  const hidden = all.find((entry: Json) => entry.record.id === other)
  for (const principal of ['Pat Planner', 'Aud Auditor', 'Vik Vendor', 'Build Agent', 'system:scheduler']) {
    const { tree_size } = await get('/v1/log/checkpoint', principal)
    assert.equal((await get('/v1/log/consistency?from=1', principal)).to, tree_size)
    await get('/v1/log/tiles/0/0', principal)
    await get(`/v1/log/entries/${own.id}/proof`, principal)
  }
  const refused = await fixture.call('Vik Vendor', 'GET', `/v1/log/entries/${hidden.id}/proof`)
  assert.equal(refused.body.code, 'not_found')
  const stranger = await fixture.call('PM Agent', 'GET', `/v1/log/entries/${own.id}/proof`)
  assert.equal(stranger.body.code, 'not_found')
  const theirs = await get('/v1/log/checkpoint', 'PM Agent')
  assert.notEqual(theirs.vkey, (await get('/v1/log/checkpoint')).vkey)
  assert.equal((await fixture.call(undefined, 'GET', '/v1/log/checkpoint')).status, 401)
})

test('R-LOG-14 lines of witnesses stand under the note that they cosigned', async () => {
  const { note, tree_size } = await get('/v1/log/checkpoint')
  const line = `— witness.example/w1 ${Buffer.alloc(76, 7).toString('base64')}`
  await withClient(fixture.adminUrl, (client) =>
    client.query(
      `insert into cosignatures (tenant_id, tree_size, witness, line)
       select tenant_id, $1, 'witness.example/w1', $2 from tenants where slug = 'acme-bio'`,
      [tree_size, line],
    ),
  )
  assert.equal((await get('/v1/log/checkpoint')).note, `${note}${line}\n`)
})
