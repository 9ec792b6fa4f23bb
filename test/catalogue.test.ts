/** The database as its catalogue describes it. Each rule is shown a violation in a transaction that is rolled back. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { findBreaches, rules } from './catalogue.ts'
import type { Rule } from './catalogue.ts'
import { openFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

let fixture: Fixture
let admin: pg.Client
before(async () => {
  fixture = await openFixture()
  admin = new pg.Client({ connectionString: fixture.adminUrl })
  await admin.connect()
})
after(async () => {
  await admin.end()
  await fixture.close()
})

/** A violation of each rule, and how the rule names it. */
const planted: { readonly [name: string]: readonly (readonly [sql: string, found: RegExp])[] } = {
  rowSecurity: [
    ['create table loose (tenant_id uuid primary key)', /^loose$/],
    ['alter table work_orders no force row level security', /^work_orders$/],
    ['alter table {partition} disable row level security', /^{partition}$/],
  ],
  tenantPolicy: [
    ['drop policy tenant on assets', /^assets$/],
    ['drop policy tenant on {partition}', /^{partition}$/],
    ['alter policy tenant on assets with check (true)', /^assets$/],
  ],
  otherPolicies: [
    ['create policy everything on principals using (true)', /^principals\.everything$/],
    ['alter policy search on work_order_texts to docket_app', /search is for a role that logs in/],
  ],
  tenantColumn: [['create table loose (id uuid primary key)', /^loose$/]],
  tenantFirst: [
    ['create unique index tag_everywhere on assets (tag)', /^tag_everywhere$/],
    ['alter table assets add constraint tag_everywhere unique (tag)', /^assets\.tag_everywhere$/],
    ['create table loose (id uuid, tenant_id uuid, primary key (id, tenant_id))', /^loose\.loose_pkey$/],
  ],
  primaryKey: [['create table loose (tenant_id uuid)', /^loose$/]],
  definers: [
    [
      `create function peek() returns bigint language sql security definer return (select count(*) from tenants)`,
      /^peek$/,
    ],
    ['alter function find_tenant(text) reset all', /^find_tenant$/],
    ['grant execute on function list_tenants() to public', /^list_tenants may be run by everybody$/],
    ['alter function find_tenant(text) owner to docket_owner', /^find_tenant belongs to docket_owner$/],
  ],
  leakproof: [['alter function current_tenant() leakproof', /^current_tenant$/]],
  views: [
    ['create view all_names as select name from principals', /^all_names$/],
    ['create materialized view all_names as select name from principals', /^all_names$/],
  ],
  entriesStay: [
    ['grant update on entries to docket_app', /^docket_app may update entries$/],
    ['grant delete on {partition} to docket_sealer', /^docket_sealer may delete {partition}$/],
    ['grant truncate on entries to public', /^docket_auditor may truncate entries$/],
    ['grant update (action) on entries to docket_app', /^docket_app may update a column of entries$/],
  ],
  logStays: [
    ['grant delete on log_leaves to docket_sealer', /^docket_sealer may delete log_leaves$/],
    ['grant update on checkpoints to docket_app', /^docket_app may update checkpoints$/],
    ['grant update (leaf) on log_leaves to docket_sealer', /^docket_sealer may update leaf of log_leaves$/],
    ['grant truncate on log_tiles to public', /^docket_app may truncate log_tiles$/],
  ],
  recordsStay: [['grant delete on work_orders to docket_app', /^docket_app may delete work_orders$/]],
  roles: [
    ['alter role docket_app bypassrls', /^docket_app$/],
    ['alter table assets owner to docket_app', /^docket_app owns assets$/],
    ['grant docket_owner to docket_sealer', /^docket_sealer is a member of docket_owner$/],
    ['alter role docket_search login', /^docket_search may log in$/],
    ['grant create on schema public to docket_app', /^docket_app may create in public$/],
  ],
  publicGrants: [
    ['grant select on work_orders to public', /^work_orders to everybody$/],
    ['grant create on schema public to public', /^public: create for everybody$/],
  ],
  authApart: [
    [
      'grant usage on schema auth to docket_app; grant select on auth.apikey to docket_app',
      /^docket_app reaches auth\.apikey$/,
    ],
    ['grant select on principals to docket_auth', /^docket_auth reaches public\.principals$/],
  ],
  jobsApart: [
    ['grant select on pgboss.job to docket_auditor', /^docket_auditor may select pgboss\.job$/],
    ['grant truncate on pgboss.job to docket_app', /^docket_app may truncate pgboss\.job$/],
    ['grant insert on pgboss.queue to docket_app', /^docket_app may insert pgboss\.queue$/],
    [
      'grant execute on function pgboss.delete_queue(text) to docket_app',
      /^docket_app may run delete_queue$/,
    ],
  ],
  migrationsApart: [
    ['grant select on docket_migrations to docket_auditor', /^docket_auditor reads docket_migrations$/],
    ['grant insert on lifecycle_transitions to docket_app', /^docket_app writes lifecycle_transitions$/],
  ],
}

test('R-RLS-1 there is a catalogue to look at, with partitions', async () => {
  const { rows } = await admin.query<{
    tables: number
    partitions: number
    policies: number
    functions: number
  }>(`
    select (select count(*)::int from pg_class c where c.relkind in ('r', 'p') and c.relnamespace in ('public'::regnamespace, 'auth'::regnamespace)) as tables,
           (select count(*)::int from pg_inherits where inhparent in ('entries'::regclass, 'work_orders'::regclass)) as partitions,
           (select count(*)::int from pg_policy) as policies,
           (select count(*)::int from pg_proc where prosecdef and pronamespace = 'public'::regnamespace) as functions`)
  const [found] = rows
  assert.ok(
    found !== undefined && found.tables > 20 && found.partitions >= 10 && found.policies > 20,
    JSON.stringify(found),
  )
  assert.equal(found.functions, 6)
})

for (const [name, rule] of Object.entries(rules)) {
  test(`R-RLS-2 ${rule.says}`, async () => {
    assert.deepEqual(await findBreaches(admin, rule), [])
    const violations = planted[name] ?? []
    assert.ok(violations.length > 0, `nobody has seen ${name} fail`)
    for (const [sql, found] of violations) await assertFound(rule, sql, found)
  })
}

async function assertFound(rule: Rule, sql: string, found: RegExp): Promise<void> {
  await admin.query('begin')
  try {
    const { rows } = await admin.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'entries'::regclass order by 1 limit 1`,
    )
    const partition = rows[0]?.name ?? ''
    await admin.query(sql.replaceAll('{partition}', partition))
    const breaches = await findBreaches(admin, rule)
    const wanted = new RegExp(found.source.replaceAll('{partition}', partition))
    assert.ok(
      breaches.some((breach) => wanted.test(breach)),
      `${sql}: found ${JSON.stringify(breaches)}`,
    )
  } finally {
    await admin.query('rollback')
  }
}

test('R-RLS-3 without a tenant nothing is visible, and no tenant can be written for another', async () => {
  const app = new pg.Client({ connectionString: fixture.service.installation.urlOf('docket_app') })
  await app.connect()
  try {
    const tables = await admin.query<{ name: string }>(
      `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and c.relname not in ('docket_migrations', 'lifecycle_transitions') and has_table_privilege('docket_app', c.oid, 'SELECT')`,
    )
    assert.ok(tables.rows.length > 10)
    for (const { name } of tables.rows) {
      for (const tenant of ['', '00000000-0000-0000-0000-000000000000']) {
        await app.query('begin')
        await app.query(`select set_config('docket.tenant_id', $1, true)`, [tenant])
        const { rows } = await app.query<{ n: number }>(`select count(*)::int as n from ${name}`)
        assert.equal(rows[0]?.n, 0, `${name} shows rows to tenant "${tenant}"`)
        await app.query('rollback')
      }
    }
    const { rows } = await admin.query<{ id: string; slug: string }>(
      'select tenant_id as id, slug from tenants order by slug',
    )
    const [acme, fleet] = rows
    assert.ok(acme !== undefined && fleet !== undefined)
    await app.query('begin')
    await app.query(`select set_config('docket.tenant_id', $1, true)`, [acme.id])
    await assert.rejects(
      app.query(`insert into number_counters (tenant_id, year, last) values ($1, 2030, 1)`, [fleet.id]),
      /row-level security/,
    )
    await app.query('rollback')
  } finally {
    await app.end()
  }
})
