/**
 * Two tenants in one database: whatever statement the run-time roles send, row security keeps each in its own
 * rows. Every table is taken from the catalogue, with the partitions, and tried with rows that are there.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { withClient } from '#platform/database.ts'
import { must } from './isolation-secret.ts'
import { listTables, openIsolation } from './isolation-world.ts'
import type { Isolation, Side } from './isolation-world.ts'

let world: Isolation
let tables: readonly Table[]
before(async () => {
  world = await openIsolation()
  tables = await withClient(world.fixture.adminUrl, readTables)
})
after(() => world.close())

type Table = {
  readonly name: string
  readonly isPartition: boolean
  /** Columns that a statement may set. */
  readonly columns: readonly string[]
}

/** Tables of tenants that hold rows of both, and their partitions. */
async function readTables(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select c.relname as name, c.relispartition as "isPartition",
            array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = '') as columns
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id')
      group by c.relname, c.relispartition order by 1`,
  )
  return rows
}

const roles = ['docket_app', 'docket_auditor', 'docket_sealer'] as const
const urlOf = (role: (typeof roles)[number]): string => world.fixture.service.installation.urlOf(role)

type Attempt = {
  readonly rows: readonly Record<string, unknown>[]
  readonly count: number
  readonly refused?: string
  readonly says?: string
}

/** Runs the statement in a transaction of that tenant and undoes it; the SQLSTATE when it was refused. */
async function attempt(
  client: pg.Client,
  tenantId: string | null,
  text: string,
  values: unknown[] = [],
): Promise<Attempt> {
  await client.query('begin')
  try {
    if (tenantId !== null) await client.query(`select set_config('docket.tenant_id', $1, true)`, [tenantId])
    const { rows, rowCount } = await client.query<Record<string, unknown>>(text, values)
    return { rows, count: rowCount ?? 0 }
  } catch (error) {
    const { code = 'unknown', message } = error as Error & { code?: string }
    return { rows: [], count: 0, refused: code, says: message }
  } finally {
    await client.query('rollback')
  }
}
const notPermitted = '42501'

const readRow = (table: Table, side: Side): Promise<string | undefined> =>
  withClient(world.fixture.adminUrl, async (client) => {
    const { rows } = await client.query<{ row: string }>(
      `select to_jsonb(t)::text as row from ${table.name} t where tenant_id = $1 limit 1`,
      [side.tenantId],
    )
    return rows[0]?.row
  })

/** Does the work while no trigger of any table guards it, so that nothing but row security stands in the way. */
async function withoutGuards(work: () => Promise<void>): Promise<void> {
  const names = tables.filter(({ isPartition }) => !isPartition).map(({ name }) => name)
  const turn = (how: string): Promise<void> =>
    withClient(world.fixture.adminUrl, async (client) => {
      for (const name of names) await client.query(`alter table ${name} ${how} trigger user`)
    })
  await turn('disable')
  try {
    await work()
  } finally {
    await turn('enable')
  }
}

test('R-ISO-20 the check looks at every table of tenants, and both tenants have rows in them', async () => {
  const names = tables.filter(({ isPartition }) => !isPartition).map(({ name }) => name)
  const inherited = await withClient(world.fixture.adminUrl, listTables)
  for (const name of names) assert.ok(inherited.includes(name))
  assert.ok(tables.filter(({ isPartition }) => isPartition).length >= 8)
  const filled: string[] = []
  for (const table of tables)
    if (
      (await Promise.all(world.sides.map((side) => readRow(table, side)))).every((row) => row !== undefined)
    )
      filled.push(table.name)
  const empty = names.filter((name) => !filled.includes(name))
  assert.deepEqual(empty, ['imported_rows'], 'only an import writes there')
})

test('R-ISO-21 with the one tenant set, no role reads a row of the other; its own it reads', async () => {
  const [us, them] = world.sides
  let own = 0
  for (const role of roles) {
    await withClient(urlOf(role), async (client) => {
      for (const { name } of tables) {
        const all = await attempt(client, us.tenantId, `select tenant_id::text as id from ${name}`)
        assert.ok(all.refused === undefined || all.refused === notPermitted, `${role} ${name} ${all.refused}`)
        assert.ok(
          all.rows.every(({ id }) => id === us.tenantId),
          `${role} reads ${name}`,
        )
        own += all.rows.length
        const theirs = await attempt(client, us.tenantId, `select from ${name} where tenant_id = $1`, [
          them.tenantId,
        ])
        assert.equal(theirs.count, 0, `${role} reads ${name} of the other`)
      }
    })
  }
  assert.ok(own > 100, `${own} rows of its own`)
})

/** Each role reads nothing of any table, and inserts nothing; a guard may be the first to refuse, where one is. */
async function assertNothing(tenantId: string | null, isGuarded: boolean): Promise<void> {
  for (const role of roles) {
    await withClient(urlOf(role), async (client) => {
      for (const table of tables) {
        const { count, refused } = await attempt(client, tenantId, `select from ${table.name}`)
        assert.ok(count === 0 && (refused === undefined || refused === notPermitted), `${role} ${table.name}`)
        const row = await readRow(table, world.sides[0])
        if (row === undefined) continue
        const written = await attempt(client, tenantId, insertOf(table), [row])
        if (isGuarded) assert.notEqual(written.refused, undefined, `${role} inserts into ${table.name}`)
        else assert.equal(written.refused, notPermitted, `${role} inserts into ${table.name}`)
      }
    })
  }
}

test('R-ISO-22 with no tenant set, or one that is not there, nothing is visible and nothing can be written', async () => {
  const nobody = [null, '', '0190b7a2-0000-7000-8000-000000000000']
  for (const tenantId of nobody) await assertNothing(tenantId, true)
  await withoutGuards(async () => {
    for (const tenantId of nobody) await assertNothing(tenantId, false)
  })
})

/** Inserts a whole row, given as JSON. */
const insertOf = ({ name, columns }: Table): string => {
  const list = columns.map((column) => `"${column}"`).join(', ')
  return `insert into ${name} (${list}) select ${list} from jsonb_populate_record(null::${name}, $1::jsonb)`
}

type Crossing = { readonly role: (typeof roles)[number]; readonly us: Side; readonly them: Side }

/** Everything that a role of the one tenant could do to the rows of the other in this table; was it let in so far? */
async function tryToCross(
  client: pg.Client,
  table: Table,
  { role, us, them }: Crossing,
  isGuarded: boolean,
): Promise<'untried' | 'guarded' | 'shut'> {
  const { name } = table
  const row = await readRow(table, them)
  if (row === undefined) return 'untried'
  const tell = (what: string): string => `${role} of ${us.slug}: ${what} ${name}`
  const run = (text: string, ...values: unknown[]) => attempt(client, us.tenantId, text, values)
  for (const text of [
    `update ${name} set tenant_id = tenant_id where tenant_id = $1`,
    `update ${name} set tenant_id = current_tenant() where tenant_id = $1`,
    `delete from ${name} where tenant_id = $1`,
    `select from ${name} where tenant_id = $1 for update`,
  ]) {
    const { count, refused } = await run(text, them.tenantId)
    assert.ok(count === 0 && (refused === undefined || refused === notPermitted), tell(text))
  }
  // Its own rows cannot be given away either.
  const { count, refused } = await run(`update ${name} set tenant_id = $1`, them.tenantId)
  assert.ok(refused !== undefined || count === 0, tell('gives away'))
  const insert = await run(insertOf(table), row)
  assert.notEqual(insert.refused, undefined, tell('inserts into'))
  if (isGuarded) return 'guarded'
  assert.equal(insert.refused, notPermitted, tell('inserts into'))
  const upsert = await run(`${insertOf(table)} on conflict do nothing`, row)
  assert.equal(upsert.refused, notPermitted, tell('probes the keys of'))
  // The same statement with a row of one's own meets no such objection: what refuses is row security.
  const own = await run(insertOf(table), await readRow(table, us))
  if (own.says?.startsWith('permission denied') === true) return 'shut'
  assert.match(insert.says ?? '', /violates row-level security policy/, tell('inserts into'))
  assert.doesNotMatch(own.says ?? '', /row-level security/, tell('inserts its own into'))
  return 'guarded'
}

test('R-ISO-23 with the one tenant set, no row of the other can be inserted, changed, taken over or deleted', async () => {
  let tried = 0
  const guarded = new Set<string>()
  const [a, b] = world.sides
  const tryAll = async (isGuarded: boolean): Promise<void> => {
    for (const [us, them] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const role of roles) {
        await withClient(urlOf(role), async (client) => {
          for (const table of tables) {
            const outcome = await tryToCross(client, table, { role, us, them }, isGuarded)
            if (outcome !== 'untried') tried += 1
            if (outcome === 'guarded' && !isGuarded) guarded.add(table.name)
          }
        })
      }
    }
  }
  await tryAll(true)
  await withoutGuards(() => tryAll(false))
  assert.ok(tried > 300, `${tried} tables`)
  assert.ok(guarded.size >= 30, `only ${[...guarded].join()} can be written at all`)
})

test('R-ISO-24 a row of one’s own cannot point to a record of the other tenant', async () => {
  const { adminUrl } = world.fixture
  // Every foreign key between tables of tenants carries the tenant along.
  const loose = await withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select conrelid::regclass || ' ' || conname as name from pg_constraint k
        where contype = 'f' and connamespace = 'public'::regnamespace
          and not exists (select from unnest(conkey, confkey) as pair (here, there)
                join pg_attribute h on h.attrelid = conrelid and h.attnum = here and h.attname = 'tenant_id'
                join pg_attribute t on t.attrelid = confrelid and t.attnum = there and t.attname = 'tenant_id')`,
    )
    return rows.map(({ name }) => name)
  })
  assert.deepEqual(loose, [])
  const [us, them] = world.sides
  await withClient(urlOf('docket_app'), async (client) => {
    const make = (column: string, id: string) =>
      attempt(
        client,
        us.tenantId,
        `insert into assets (id, tag, name, ${column}, version, entry_seq, entry_id, entry_head)
         values (gen_random_uuid(), 'x', 'x', $1, 1, 1, gen_random_uuid(), '\\x00')`,
        [id],
      )
    assert.equal((await make('owner_id', us.refs['headId'] ?? '')).refused, undefined)
    assert.equal((await make('owner_id', them.refs['headId'] ?? '')).refused, '23503')
    assert.equal((await make('parent_id', them.refs['assetId'] ?? '')).refused, '23503')
  })
})

test('R-ISO-25 the tenant of a transaction ends with it, also on a connection that is used again', async () => {
  const { pool } = world.fixture.service.floor.db
  await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      must(world.fixture, world.sides[i % 2 === 0 ? 0 : 1].head.key, 'GET', '/v1/work-orders?limit=1'),
    ),
  )
  const counts = await Promise.all(
    Array.from({ length: 16 }, async () => (await pool.query('select from work_orders')).rowCount),
  )
  assert.deepEqual(new Set(counts), new Set([0]))
})

test('R-ISO-26 what the planner knows of the values is kept from the roles that serve', async () => {
  await withClient(world.fixture.adminUrl, (client) => client.query('analyze'))
  for (const role of roles) {
    await withClient(urlOf(role), async (client) => {
      const { rows } = await client.query(
        `select tablename, attname from pg_stats where schemaname = 'public' and tablename = any ($1)`,
        [tables.map(({ name }) => name)],
      )
      assert.deepEqual(rows, [], role)
    })
  }
})

test('R-ISO-27 accounts and the rows of tenants are out of each other’s reach', async () => {
  const accounts = await withClient(world.fixture.adminUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select format('auth.%I', relname) as name from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r'`,
    )
    return rows.map(({ name }) => name)
  })
  assert.ok(accounts.length >= 6)
  for (const role of roles) {
    await withClient(urlOf(role), async (client) => {
      for (const name of accounts)
        assert.equal(
          (await attempt(client, null, `select from ${name}`)).refused,
          notPermitted,
          `${role} ${name}`,
        )
    })
  }
  await withClient(world.fixture.service.installation.urlOf('docket_auth'), async (client) => {
    for (const { name } of tables) {
      const { refused } = await attempt(client, world.sides[0].tenantId, `select from public.${name}`)
      assert.equal(refused, notPermitted, `docket_auth ${name}`)
    }
  })
})
