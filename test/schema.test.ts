/** db/schema.sql is what the migrations make. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { withClient } from '#platform/database.ts'
import { dumpFreshSchema, dumpSchema, schemaPath } from '../tools/schema.ts'
import { openFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'
import { assertSameText } from './same-text.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

test('R-SCH-1 the committed schema is the one that the migrations make', async () => {
  const committed = readFileSync(schemaPath, 'utf8')
  assertSameText(await dumpFreshSchema(), committed, 'run "npm run schema" and look at what changed')
})

test('R-SCH-1 the dump does not depend on the month, and shows a change of any kind', async () => {
  const committed = readFileSync(schemaPath, 'utf8')
  await withClient(fixture.adminUrl, async (client) => {
    await client.query(`select ensure_partitions('2031-01-01', 2)`)
    assertSameText(await dumpSchema(client), committed, 'the schema of a running service')
    const changes = [
      'alter table assets add column weight integer',
      'alter table assets add constraint no_long_name check (length(name) < 9000)',
      'create index assets_by_name on assets (tenant_id, name)',
      'drop policy tenant on assets',
      'alter table assets disable row level security',
      'drop trigger no_change_without_an_entry on assets',
      'grant delete on assets to docket_app',
      'alter function current_tenant() volatile',
      'alter table assets alter column name drop not null',
      'create table loose (id uuid)',
    ]
    for (const change of changes) {
      await client.query('begin')
      await client.query(change)
      assert.ok((await dumpSchema(client)) !== committed, change)
      await client.query('rollback')
    }
  })
})
