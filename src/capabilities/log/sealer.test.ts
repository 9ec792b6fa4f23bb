import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { rootOfLeaves } from '#domain/merkle.ts'
import { withClient } from '#platform/database.ts'
import { Unavailable } from '#platform/error.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture } from '#test/fixture.ts'
import { countUnsealed, openTestSealing, sealAll } from '#test/sealing.ts'
import { startSealer, sealTenant } from './sealer.ts'
import { verifyTenant } from '../verify/verify.ts'

let fixture: Fixture
let tenantId = ''
before(async () => {
  fixture = await openFixture()
  const [row] = await ask<{ id: string }>(`select tenant_id as id from tenants where slug = 'acme-bio'`)
  tenantId = row?.id ?? ''
})
after(() => fixture.close())

/** As superuser, of the tenant under test. */
const ask = <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
  withClient(fixture.adminUrl, async (client) => (await client.query<Row>(text, values)).rows)

async function makeWorkOrder(title = 'Work'): Promise<string> {
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title })
  assert.equal(made.status, 201, made.text)
  return made.body.id
}

/** Every leaf is that of its entry in order of commit, nothing is left out, and every checkpoint says the root of its leaves. */
async function assertLogIsWhole(complete = true): Promise<number> {
  const leaves = await ask<{ leaf_index: number; leaf: Buffer; own: Buffer; place: string }>(
    `select l.leaf_index, l.leaf, e.leaf as own, row_number() over (order by e.xid, e.id) - 1 as place
       from entries e left join log_leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.id
      where e.tenant_id = $1 order by e.xid, e.id`,
    [tenantId],
  )
  const sealed = leaves.filter(({ leaf_index }) => leaf_index !== null)
  if (complete) assert.equal(sealed.length, leaves.length)
  for (const [at, { leaf_index, leaf, own }] of leaves.slice(0, sealed.length).entries()) {
    assert.equal(leaf_index, at)
    assert.ok(leaf.equals(own))
  }
  const checkpoints = await ask<{ tree_size: number; root: Buffer }>(
    'select tree_size, root from checkpoints where tenant_id = $1 order by tree_size',
    [tenantId],
  )
  for (const { tree_size, root } of checkpoints)
    assert.ok(rootOfLeaves(sealed.slice(0, tree_size).map(({ leaf }) => leaf)).equals(root), `${tree_size}`)
  assert.equal(checkpoints.at(-1)?.tree_size ?? 0, sealed.length)
  return sealed.length
}

/** The sealers that run have all of it soon. */
async function untilSealed(tenant: string): Promise<void> {
  const until = performance.now() + 20_000
  while ((await countUnsealed(fixture, tenant)) > 0) {
    assert.ok(performance.now() < until, 'not sealed in 20 s')
    await setTimeout(20)
  }
}

test('R-LOG-15 sealing goes on where it was, in batches of any size', async () => {
  const sealing = openTestSealing(fixture)
  try {
    await sealAll(fixture, 'acme-bio')
    let size = await assertLogIsWhole()
    for (let i = 0; i < 7; i += 1) await makeWorkOrder()
    for (let left = 7; left > 0;) {
      const { leaves } = await sealTenant(sealing, tenantId, 3)
      assert.ok(leaves <= 3)
      left -= leaves
      size += leaves
      assert.equal(await assertLogIsWhole(false), size)
    }
    // The trail of the tenant, with the entry of its key, is as whole as before.
    const report = await verifyTenant(fixture.service.installation.urlOf('docket_auditor'), tenantId)
    assert.deepEqual(report.damages, [])
  } finally {
    await sealing.db.close()
  }
})

test('R-LOG-16 an open transaction holds the log back: what it commits later is not skipped', async () => {
  await sealAll(fixture, 'acme-bio')
  const early = new pg.Client({ connectionString: fixture.service.installation.urlOf('docket_app') })
  await early.connect()
  const sealing = openTestSealing(fixture)
  try {
    // Somebody has a transaction id and has not committed; others commit after that.
    await early.query('begin')
    await early.query(`select set_config('docket.tenant_id', $1, true), pg_current_xact_id()`, [tenantId])
    await early.query(
      `insert into idempotency_keys (principal_id, key, request_hash, response) values ($1, 'early', '', '')`,
      [tenantId],
    )
    const [sealed] = await ask<{ n: number }>(
      'select count(*)::int as n from log_leaves where tenant_id = $1',
      [tenantId],
    )
    const late = await makeWorkOrder('after the open one')
    assert.deepEqual(await sealTenant(sealing, tenantId), { leaves: 0, more: false })
    assert.equal(await countUnsealed(fixture, tenantId), 1)
    const [entry] = await ask<{ id: string }>('select id from entries where record_id = $1', [late])
    const proof = await fixture.call('Pat Planner', 'GET', `/v1/log/entries/${entry?.id}/proof`)
    assert.equal(proof.body.code, 'not_sealed_yet')
    assert.ok(BigInt(proof.body.transaction) > BigInt(proof.body.horizon))
    await early.query('commit')
    assert.equal(await sealAll(fixture, 'acme-bio'), 1)
    assert.equal(await assertLogIsWhole(), (sealed?.n ?? 0) + 1)
  } finally {
    await early.end()
    await sealing.db.close()
  }
})

test('R-LOG-17 many sealers at once seal each entry once, while it is written', async () => {
  const sealings = [openTestSealing(fixture), openTestSealing(fixture), openTestSealing(fixture)]
  const sealers = sealings.map((sealing) => startSealer(sealing, () => undefined))
  try {
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let i = 0; i < 10; i += 1) await makeWorkOrder()
      }),
    )
    await untilSealed(tenantId)
  } finally {
    await Promise.all(sealers.map((sealer) => sealer.stop()))
  }
  await assertLogIsWhole()
})

test('R-LOG-18 a sealer that is killed at any point leaves nothing half done, and the next one goes on', async () => {
  const url = fixture.service.installation.urlOf('docket_sealer')
  for (let round = 1; round <= 3; round += 1) {
    for (let i = 0; i < 8; i += 1) await makeWorkOrder()
    // One leaf a transaction, so that the kill falls into the middle of one.
    const child = fork(new URL('../../../test/sealer-process.ts', import.meta.url), [url, tenantId], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const ended = once(child, 'exit')
    for (let i = 0; i < round; i += 1) await Promise.race([once(child, 'message'), ended])
    assert.ok(child.kill('SIGKILL'))
    await ended
    await assertLogIsWhole(false)
  }
  await sealAll(fixture, 'acme-bio')
  await assertLogIsWhole()
})

test('R-LOG-18 a connection that is cut at any point leaves nothing half done either', async () => {
  for (let i = 0; i < 25; i += 1) await makeWorkOrder()
  const sealing = openTestSealing(fixture)
  let cuts = 0
  const cut = async (): Promise<void> => {
    while (cuts < 15) {
      const rows = await ask(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'docket-sealer' and datname = current_database() and state = 'active'`,
      )
      cuts += rows.length
    }
  }
  let thrown = 0
  const stopping = new AbortController()
  const seal = async (): Promise<void> => {
    while (!stopping.signal.aborted)
      await sealTenant(sealing, tenantId, 1).catch((error: unknown) => {
        assert.ok(error instanceof Unavailable, String(error))
        thrown += 1
      })
  }
  await Promise.all([seal(), cut().finally(() => stopping.abort())])
  await sealing.db.close()
  assert.ok(thrown > 0)
  await assertLogIsWhole(false)
  await sealAll(fixture, 'acme-bio')
  await assertLogIsWhole()
})

test('R-LOG-19 a tenant whose log cannot be sealed keeps no other one back', async () => {
  const [fleet] = await ask<{ id: string }>(`select tenant_id as id from tenants where slug = 'superportia'`)
  await sealAll(fixture)
  // Somebody has taken the edge of the tree away.
  await ask('delete from log_tiles where tenant_id = $1', [tenantId])
  await makeWorkOrder()
  const made = await fixture.call('夏哥', 'POST', '/v1/work-orders', {
    title: '[Ops-Log] other',
    assignee: '夏哥',
    project: 'p',
  })
  assert.equal(made.status, 201, made.text)
  const said: unknown[] = []
  const failed = Promise.withResolvers<void>()
  const error = (about: unknown): void => {
    said.push(about)
    failed.resolve()
  }
  const log = { error, warn: () => undefined }
  const sealer = startSealer({ ...openTestSealing(fixture), log }, () => undefined)
  try {
    await failed.promise
    await untilSealed(fleet?.id ?? '')
  } finally {
    await sealer.stop()
  }
  const [first] = said as { err: Error; tenant_id: string }[]
  assert.equal(first?.tenant_id, tenantId)
  assert.match(first?.err.message ?? '', /^tile 0\/0 .* is missing$/)
  assert.equal(await countUnsealed(fixture, tenantId), 1)
})
