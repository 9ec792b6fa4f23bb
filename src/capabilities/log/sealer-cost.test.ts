/** What sealing reads: only what is new, or it would cost more with every entry. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { withClient } from '#platform/database.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture } from '#test/fixture.ts'
import { sealAll, untilSealable } from '#test/sealing.ts'

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

test('R-LOG-25 what sealing reads is what is new, however long the log is', async () => {
  for (let i = 0; i < 300; i += 1) await makeWorkOrder()
  await sealAll(fixture, 'acme-bio')
  const [last] = await ask<{ leaf_index: number; xid: string; id: string }>(
    `select l.leaf_index, e.xid::text as xid, e.id from log_leaves l join entries e on e.id = l.entry_id
      where l.tenant_id = $1 order by l.leaf_index desc limit 1`,
    [tenantId],
  )
  for (let i = 0; i < 3; i += 1) await makeWorkOrder()
  await untilSealable(fixture)
  const client = new pg.Client({
    connectionString: fixture.service.installation.urlOf('docket_sealer'),
    options: '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off',
  })
  await client.connect()
  try {
    await client.query('begin')
    const asked = await client.query('select tenant from list_unsealed_tenants()')
    assert.ok(asked.rows.some(({ tenant }) => tenant === tenantId))
    await client.query(`select set_config('docket.tenant_id', $1, true)`, [tenantId])
    const { rowCount } = await client.query(
      `insert into log_leaves (leaf_index, entry_id, record_id, leaf)
       select $1::bigint + row_number() over (order by e.xid, e.id), e.id, e.record_id, e.leaf
         from entries e where (e.xid, e.id) > ($2::xid8, $3::uuid)`,
      [last?.leaf_index, last?.xid, last?.id],
    )
    assert.equal(rowCount, 3)
    const { rows } = await client.query<{ read: number }>(
      `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as read
         from pg_stat_xact_user_tables where relname like 'entries\\_%'`,
    )
    // The last sealed entry and the three new ones, several times over; not three hundred.
    assert.ok((rows[0]?.read ?? 0) > 0 && (rows[0]?.read ?? 1000) < 60, `${rows[0]?.read} entries read`)
    await client.query('rollback')
  } finally {
    await client.end()
  }
})
