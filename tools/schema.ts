/**
 * `npm run schema`: writes db/schema.sql, the schema of a freshly migrated database, read off the catalogue.
 * It is for people and for reviews; databases are made by db/migrations only. Partitions by month are left
 * out, so that the file does not depend on the day.
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { urlAs, withClient } from '#platform/database.ts'
import { openEmbedded } from '#platform/embedded.ts'
import { prepare } from '#platform/setup.ts'

export const schemaPath = new URL('../db/schema.sql', import.meta.url)

const head = `-- The schema after all migrations, read off the catalogue by "npm run schema". Do not edit; do not apply.
-- Left out: partitions by month (made by ensure_partitions), and what extensions bring.
`

const names = `array['public', 'auth']`

type Line = { readonly text: string }

/** Every part as rows of `text`, in an order that does not depend on when things were made. */
const lists: readonly (readonly [title: string, sql: string])[] = [
  [
    'schemas and extensions',
    `
    select format('create schema %I;', nspname) as text from pg_namespace where nspname = any (${names}) and nspname <> 'public'
    union all
    select format('create extension %I;', extname) from pg_extension where extname <> 'plpgsql'
    order by 1`,
  ],
  [
    'roles',
    `
    select format('-- %s: %s', rolname, case when rolcanlogin then 'logs in at run time' else 'never logs in' end) as text
      from pg_roles where rolname like 'docket\\_%' order by rolname`,
  ],
  [
    'schemas: who may use them',
    `
    select format('grant %s on schema %I to %s;', string_agg(lower(a.privilege_type), ', ' order by a.privilege_type), n.nspname,
           coalesce(r.rolname, 'public')) as text
      from pg_namespace n, aclexplode(n.nspacl) a left join pg_roles r on r.oid = a.grantee
     where n.nspname = any (${names}) and a.grantee <> n.nspowner group by n.nspname, r.rolname order by n.nspname, r.rolname`,
  ],
]

const columnsOf = `
  select '  ' || rpad(format('%I', a.attname), 22) || ' ' || format_type(a.atttypid, a.atttypmod)
         || case when a.attnotnull then ' not null' else '' end
         || case when d.adbin is null then '' when a.attgenerated = '' then ' default ' || pg_get_expr(d.adbin, d.adrelid)
                 else ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ') stored' end as text
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`
const constraintsOf = `
  select format('  constraint %I %s', conname, pg_get_constraintdef(oid)) as text
    from pg_constraint where conrelid = $1 and conparentid = 0 and contype in ('p', 'u', 'f', 'c', 'x')
   order by array_position(array['p', 'u', 'x', 'c', 'f']::"char"[], contype), conname`
const indexesOf = `
  select pg_get_indexdef(i.indexrelid) || ';' as text from pg_index i join pg_class c on c.oid = i.indexrelid
   where i.indrelid = $1 and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
   order by c.relname`
const triggersOf = `
  select pg_get_triggerdef(oid) || ';' as text from pg_trigger where tgrelid = $1 and not tgisinternal order by tgname`
const policiesOf = `
  select format('create policy %I on %s for %s to %s%s%s;', p.polname, p.polrelid::regclass,
           case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end,
           case when p.polroles = '{0}' then 'public' else (select string_agg(rolname, ', ' order by rolname) from pg_roles where oid = any (p.polroles)) end,
           coalesce(' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''),
           coalesce(' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')) as text
    from pg_policy p where p.polrelid = $1 order by p.polname`
const grantsOf = `
  select format('grant %s on %s to %s;', string_agg(lower(a.privilege_type), ', ' order by a.privilege_type), c.oid::regclass, r.rolname) as text
    from pg_class c, aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee
   where c.oid = $1 and a.grantee <> c.relowner group by c.oid, r.rolname order by r.rolname`
const columnGrantsOf = `
  select format('grant %s (%s) on %s to %s;', lower(a.privilege_type), string_agg(format('%I', t.attname), ', ' order by t.attnum), t.attrelid::regclass, r.rolname) as text
    from pg_attribute t, aclexplode(t.attacl) a join pg_roles r on r.oid = a.grantee
   where t.attrelid = $1 and t.attnum > 0 group by t.attrelid, a.privilege_type, r.rolname order by r.rolname, a.privilege_type`

export async function dumpSchema(client: pg.Client): Promise<string> {
  const list = async (sql: string, ...values: unknown[]): Promise<string[]> =>
    (await client.query<Line>(sql, values)).rows.map((row) => row.text)
  const parts = [head]
  for (const [title, sql] of lists) parts.push(section(title, await list(sql)))
  parts.push(section('functions', await list(functions)))
  const tables = await client.query<{
    oid: number
    name: string
    key: string | null
    secured: string
    says: string | null
  }>(`
    select c.oid, c.oid::regclass::text as name, pg_get_partkeydef(c.oid) as key, obj_description(c.oid) as says,
           case when c.relforcerowsecurity and c.relrowsecurity then 'row security enabled and forced' else 'no row security' end as secured
      from pg_class c where c.relnamespace::regnamespace::text = any (${names}) and c.relkind in ('r', 'p') and not c.relispartition
     order by c.relnamespace::regnamespace::text <> 'public', c.relname`)
  for (const { oid, name, key, secured, says } of tables.rows) {
    const inside = [...(await list(columnsOf, oid)), ...(await list(constraintsOf, oid))]
    const partitioned = key === null ? '' : ` partition by ${key.toLowerCase()}`
    const after = [indexesOf, triggersOf, policiesOf, grantsOf, columnGrantsOf]
    const lines: string[] = []
    for (const sql of after) lines.push(...(await list(sql, oid)))
    const comment = says === null ? '' : ` -- ${says}`
    parts.push(
      section(`table ${name}: ${secured}`, [
        `create table ${name} (${comment}`,
        inside.join(',\n'),
        `)${partitioned};`,
        ...lines,
      ]),
    )
  }
  return parts.join('\n')
}

const functions = `
  select E'-- owner: ' || pg_get_userbyid(p.proowner) || E'\\n' || rtrim(pg_get_functiondef(p.oid), E'\\n') || ';' || coalesce(E'\\n' || (
           select string_agg(format('grant execute on function %s to %s;', p.oid::regprocedure, r.rolname), E'\\n' order by r.rolname)
             from aclexplode(p.proacl) a join pg_roles r on r.oid = a.grantee where a.grantee <> p.proowner), '')
         || E'\\n' as text
    from pg_proc p where p.pronamespace::regnamespace::text = any (${names})
     and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
   order by p.oid::regprocedure::text`

const section = (title: string, lines: readonly string[]): string =>
  `-- ${'-'.repeat(Math.max(3, 100 - title.length))} ${title}\n\n${lines.join('\n')}\n`

/** The schema of a database that was migrated just now, on a server of this user that the tests use too. */
export async function dumpFreshSchema(): Promise<string> {
  const server = await openEmbedded(join(tmpdir(), `docket-test-${userInfo().uid}`))
  const database = `schema_${randomBytes(6).toString('hex')}`
  try {
    await withClient(server.adminUrl(), (client) => client.query(`create database ${database}`))
    const url = urlAs(server.adminUrl(), 'postgres', new URL(server.adminUrl()).password, database)
    await prepare(url)
    const text = await withClient(url, dumpSchema)
    await withClient(server.adminUrl(), (client) => client.query(`drop database ${database}`))
    return text
  } finally {
    await server.release()
  }
}

if (import.meta.main) {
  writeFileSync(schemaPath, await dumpFreshSchema())
  process.stdout.write('db/schema.sql is written\n')
}
