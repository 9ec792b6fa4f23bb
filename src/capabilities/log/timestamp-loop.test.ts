import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { openFixture } from '#test/fixture.ts'
import type { Fixture } from '#test/fixture.ts'
import { sealAll } from '#test/sealing.ts'
import { openAuthority } from '#test/timestamp-authority.ts'
import type { Authority } from '#test/timestamp-authority.ts'
import { makeTimestamp, readAuthorities } from '../../adapters/timestamp.ts'
import { verifyToken } from '../../adapters/timestamp-token.ts'
import { dateNewest } from './timestamp-loop.ts'
import type { TimestampWork } from './timestamp-loop.ts'

let fixture: Fixture
let authority: Authority
let admin: pg.Client
let work: TimestampWork
let tenantId = ''
before(async () => {
  fixture = await openFixture()
  authority = await openAuthority()
  admin = new pg.Client({ connectionString: fixture.adminUrl })
  await admin.connect()
  await sealAll(fixture, 'acme-bio')
  const { rows } = await admin.query<{ id: string }>(
    `select tenant_id as id from tenants where slug = 'acme-bio'`,
  )
  tenantId = rows[0]?.id ?? ''
  const { floor, log } = fixture.service
  work = { db: floor.db, log, timestamp: makeTimestamp(authority.url, readAuthorities(authority.ca)) }
})
after(async () => {
  await admin.end()
  await authority.close()
  await fixture.close()
})

type Row = { readonly tree_size: string; readonly note: string; readonly token: Buffer; readonly tsa: string }
const listDated = async (): Promise<Row[]> =>
  (
    await admin.query<Row>(
      `select t.tree_size, c.note, t.token, t.tsa from log_timestamps t join checkpoints c using (tenant_id, tree_size)
        where t.tenant_id = $1 order by t.tree_size`,
      [tenantId],
    )
  ).rows

async function grow(): Promise<void> {
  await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Dated' })
  await sealAll(fixture, 'acme-bio')
}

test('R-TSA-7 one checkpoint an hour is dated, and its token holds by itself', async () => {
  assert.equal(await dateNewest(work, tenantId), undefined)
  const [first, ...more] = await listDated()
  assert.ok(first !== undefined && more.length === 0)
  assert.match(first.tsa, /CN=Test TSA/)
  verifyToken(first.token, Buffer.from(first.note), readAuthorities(authority.ca))
  assert.match(authority.verifyToken(first.token, Buffer.from(first.note)), /Verification: OK/)
  // Nothing new: nobody is asked.
  assert.equal(await dateNewest(work, tenantId), undefined)
  await grow()
  const leftMs = (await dateNewest(work, tenantId)) ?? 0
  assert.ok(leftMs > 3_500_000 && leftMs <= 3_600_000, `${leftMs}`)
  assert.deepEqual([authority.asked(), (await listDated()).length], [1, 1])
  await admin.query(`update log_timestamps set created_at = created_at - interval '61 minutes'`)
  assert.equal(await dateNewest(work, tenantId), undefined)
  assert.equal((await listDated()).length, 2)
})

test('R-TSA-7 a token that does not hold is not stored', async () => {
  await grow()
  await admin.query(`update log_timestamps set created_at = created_at - interval '61 minutes'`)
  authority.trick(() => ({ body: Buffer.from('<html>') }))
  await assert.rejects(dateNewest(work, tenantId), /not ASN\.1/)
  authority.trick(undefined)
  assert.equal((await listDated()).length, 2)
})

test('R-TSA-8 a stored token cannot be changed or taken away, and is of a checkpoint that is there', async () => {
  for (const role of ['docket_app', 'docket_auditor', 'docket_sealer'] as const) {
    const client = new pg.Client({ connectionString: fixture.service.installation.urlOf(role) })
    await client.connect()
    try {
      await client.query(`select set_config('docket.tenant_id', $1, false)`, [tenantId])
      for (const sql of [
        `update log_timestamps set token = 'x'`,
        'delete from log_timestamps',
        'truncate log_timestamps',
      ])
        await assert.rejects(client.query(sql), { code: '42501' }, `${role}: ${sql}`)
      const insert = `insert into log_timestamps (tree_size, token, tsa, stamped_at) values (1000000, 'x', 'x', now())`
      await assert.rejects(client.query(insert), { code: role === 'docket_app' ? '23503' : '42501' })
    } finally {
      await client.end()
    }
  }
})
