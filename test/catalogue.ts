/**
 * Questions to the catalogue of a Docket database. Each gives the objects that break its rule, and nothing
 * when all is well; what is allowed to differ is written down here, with why.
 */
import type pg from 'pg'

/**
 * Not ours: accounts have their schema and role; pg-boss keeps its queues in a schema that holds ids of records
 * and nothing else of a tenant, and that the service may use but not change.
 */
const otherSchemas = `n.nspname <> 'auth' and n.nspname <> 'pgboss'`

export type Rule = { readonly says: string; readonly sql: string }

/** Roles that anything connects as. docket_owner and docket_search never log in. */
export const runtimeRoles = ['docket_app', 'docket_auth', 'docket_auditor', 'docket_sealer'] as const

/** Not of a tenant: what was migrated. No role at run time can read it. */
const withoutTenant = ['docket_migrations']
/** Without tenant, the same for everyone, and read-only at run time. */
const referenceData = ['lifecycle_transitions']
/** Policies beside the tenant's own: docket_search owns one function for each and never logs in. */
const otherPolicies = [
  'tenants.finding', // find_tenant and list_tenants, before a tenant is set
  'work_order_texts.search', // search_work_orders, which names the tenant itself
  'idempotency_keys.forgetting', // forget_idempotency_keys, older than three days
  'lifecycle_transitions.reference_data',
]
/** Unique over all tenants, because it is how a tenant is found. */
const uniqueAcrossTenants = ['tenants_slug_key']
const definers = [
  'ensure_partitions',
  'search_work_orders',
  'find_tenant',
  'list_tenants',
  'forget_idempotency_keys',
  'keep_tree', // writes the index of parents and predecessors, which nobody writes by hand
]

const words = (names: readonly string[]): string =>
  `array[${names.map((name) => `'${name}'`).join(', ')}]::text[]`
const ours = `n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`
/** Extensions bring functions of their own. */
const own = (catalogue: string, oid: string): string =>
  `not exists (select from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = ${oid} and d.deptype = 'e')`

export const rules: { readonly [name: string]: Rule } = {
  rowSecurity: {
    says: 'every table and partition has row security, enabled and forced',
    sql: `select c.relname as found from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where ${ours} and ${otherSchemas} and c.relkind in ('r', 'p') and c.relname <> all (${words(withoutTenant)})
             and not (c.relrowsecurity and c.relforcerowsecurity)`,
  },
  tenantPolicy: {
    says: 'every table and partition has the policy of its tenant, for reading and for writing',
    sql: `select c.relname as found from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where ${ours} and ${otherSchemas} and c.relkind in ('r', 'p')
             and c.relname <> all (${words([...withoutTenant, ...referenceData])})
             and not exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd = '*'
                  and p.polroles = '{0}'
                  and pg_get_expr(p.polqual, c.oid) = '(tenant_id = current_tenant())'
                  and pg_get_expr(p.polwithcheck, c.oid) = '(tenant_id = current_tenant())')`,
  },
  otherPolicies: {
    says: 'no other policy lets anything through but those written down',
    sql: `select c.relname || '.' || p.polname as found from pg_policy p join pg_class c on c.oid = p.polrelid
           where c.relname || '.' || p.polname <> all (${words(otherPolicies)})
             and (pg_get_expr(p.polqual, c.oid) is distinct from '(tenant_id = current_tenant())'
               or pg_get_expr(p.polwithcheck, c.oid) is distinct from '(tenant_id = current_tenant())')
           union all
          select c.relname || '.' || p.polname || ' is for a role that logs in' from pg_policy p
            join pg_class c on c.oid = p.polrelid join pg_roles r on r.oid = any (p.polroles) where r.rolcanlogin
           union all
          select c.relname || '.' || p.polname || ' is for more than reading' from pg_policy p join pg_class c on c.oid = p.polrelid
           where c.relname || '.' || p.polname = 'lifecycle_transitions.reference_data' and p.polcmd <> 'r'`,
  },
  tenantColumn: {
    says: 'every table of a tenant has tenant_id, never null',
    sql: `select c.relname as found from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> all (${words([...withoutTenant, ...referenceData])})
             and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull and a.atttypid = 'uuid'::regtype)`,
  },
  tenantFirst: {
    says: 'tenant_id is first in every primary key, unique key and foreign key, on both sides',
    sql: `with keys as (
            select k.conname, k.contype, k.conrelid, k.confrelid, k.conkey[1] as first, k.confkey[1] as target
              from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = 'public' and k.contype in ('p', 'u', 'f', 'x') and c.relname <> all (${words([...withoutTenant, ...referenceData])}))
          select k.conrelid::regclass || '.' || k.conname as found from keys k
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.first
            left join pg_attribute t on t.attrelid = k.confrelid and t.attnum = k.target
           where (a.attname <> 'tenant_id' or (k.contype = 'f' and t.attname <> 'tenant_id'))
             and k.conname <> all (${words(uniqueAcrossTenants)})
          union all
          select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = 'public' and i.indisunique and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
             and not exists (select from pg_attribute a where a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'tenant_id')`,
  },
  primaryKey: {
    says: 'every table has a primary key or a unique key that says what one row is',
    sql: `select c.relname as found from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where ${ours} and n.nspname <> 'pgboss' and c.relkind in ('r', 'p')
             and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u'))`,
  },
  definers: {
    says: 'no function runs with the rights of its owner but those written down, and those have a fixed search_path',
    sql: `select p.proname as found from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where ${ours} and ${own('pg_proc', 'p.oid')} and p.prosecdef
             and (p.proname <> all (${words(definers)}) or n.nspname <> 'public'
               or not exists (select from unnest(p.proconfig) s where s in ('search_path=public, pg_temp', 'search_path="public", "pg_temp"')))
          union all
          select p.proname || ' may be run by everybody' from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where ${ours} and p.prosecdef
             and (p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0))
          union all
          select p.proname || ' belongs to ' || r.rolname from pg_proc p join pg_roles r on r.oid = p.proowner
           where p.prosecdef and p.proname = any (${words(definers)})
             and r.rolname <> case when p.proname in ('ensure_partitions', 'keep_tree') then 'docket_owner' else 'docket_search' end`,
  },
  leakproof: {
    says: 'no function is leakproof',
    sql: `select p.proname as found from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where ${ours} and p.proleakproof`,
  },
  views: {
    says: 'every view runs with the rights of its reader; there is no materialized view, which row security does not reach',
    sql: `select c.relname as found from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where ${ours} and ${own('pg_class', 'c.oid')}
             and (c.relkind = 'm' or c.relkind = 'v' and not exists (select from unnest(c.reloptions) o where o in ('security_invoker=true', 'security_invoker=on')))`,
  },
  entriesStay: {
    says: 'no role at run time may update, delete or truncate entries, or disable what guards them',
    sql: `select r.rolname || ' may ' || lower(v.word) || ' ' || c.relname as found
            from pg_class c, pg_roles r, unnest(array['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN']) v (word)
           where (c.oid = 'entries'::regclass or c.oid in (select inhrelid from pg_inherits where inhparent = 'entries'::regclass))
             and r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and has_table_privilege(r.oid, c.oid, v.word)
          union all
          select r.rolname || ' may update a column of ' || c.relname from pg_class c, pg_roles r
           where (c.oid = 'entries'::regclass or c.oid in (select inhrelid from pg_inherits where inhparent = 'entries'::regclass))
             and r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and has_any_column_privilege(r.oid, c.oid, 'UPDATE')`,
  },
  logStays: {
    says: 'no role at run time may change or take away what was sealed; the sealer may append to tiles',
    sql: `select r.rolname || ' may ' || lower(v.word) || ' ' || c.relname as found
            from pg_class c, pg_roles r, unnest(array['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN']) v (word)
           where c.oid in ('log_keys'::regclass, 'log_leaves'::regclass, 'log_tiles'::regclass, 'checkpoints'::regclass, 'cosignatures'::regclass)
             and r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and has_table_privilege(r.oid, c.oid, v.word)
          union all
          select r.rolname || ' may update ' || a.attname || ' of ' || c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid, pg_roles r
           where c.oid in ('log_keys'::regclass, 'log_leaves'::regclass, 'log_tiles'::regclass, 'checkpoints'::regclass, 'cosignatures'::regclass)
             and a.attnum > 0 and r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and has_column_privilege(r.oid, c.oid, a.attnum, 'UPDATE')
             and (r.rolname, c.relname, a.attname) <> ('docket_sealer', 'log_tiles', 'hashes')`,
  },
  recordsStay: {
    says: 'no role at run time may delete or truncate a record',
    sql: `select r.rolname || ' may ' || lower(v.word) || ' ' || c.relname as found
            from pg_class c, pg_roles r, unnest(array['DELETE', 'TRUNCATE']) v (word)
           where (c.relname in ('work_orders', 'principals', 'assets', 'tenants', 'attachments', 'attachment_chunks', 'work_order_numbers', 'imported_rows',
                   'approval_policies', 'approval_rounds', 'approval_requirements', 'delegations', 'absences')
                  or c.oid in (select inhrelid from pg_inherits where inhparent = 'work_orders'::regclass))
             and r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and has_table_privilege(r.oid, c.oid, v.word)`,
  },
  roles: {
    says: 'the roles at run time are neither superuser nor owner, and do not step around row security',
    sql: `select r.rolname as found from pg_roles r
           where r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search', 'docket_owner')
             and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication)
          union all
          select r.rolname || ' owns ' || c.relname from pg_class c join pg_roles r on r.oid = c.relowner
           where r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
          union all
          select r.rolname || ' is a member of ' || m.rolname from pg_roles r, pg_roles m
           where r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}) and m.oid <> r.oid and pg_has_role(r.oid, m.oid, 'member')
          union all
          select r.rolname || ' may log in' from pg_roles r where r.rolname in ('docket_owner', 'docket_search') and r.rolcanlogin
          union all
          select r.rolname || ' may create in ' || n.nspname from pg_roles r, pg_namespace n
           where r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search') and ${ours} and has_schema_privilege(r.oid, n.oid, 'CREATE')`,
  },
  publicGrants: {
    says: 'nothing is granted to everybody',
    sql: `select c.relname || ' to everybody' as found from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
           where ${ours} and a.grantee = 0
          union all
          select n.nspname || ': create for everybody' from pg_namespace n, aclexplode(n.nspacl) a
           where ${ours} and a.grantee = 0 and a.privilege_type = 'CREATE'`,
  },
  authApart: {
    says: 'accounts are reached by docket_auth only, and docket_auth reaches nothing else',
    sql: `select r.rolname || ' reaches ' || n.nspname || '.' || c.relname as found
            from pg_class c join pg_namespace n on n.oid = c.relnamespace, pg_roles r, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) v (word)
           where ${ours} and ${own('pg_class', 'c.oid')} and c.relkind in ('r', 'p', 'v')
             and r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and (n.nspname = 'auth') <> (r.rolname = 'docket_auth') and has_table_privilege(r.oid, c.oid, v.word)`,
  },
  jobsApart: {
    says: 'jobs are reached by docket_app only, which sends, takes and clears them and changes no structure',
    sql: `select r.rolname || ' may ' || lower(v.word) || ' ' || n.nspname || '.' || c.relname as found
            from pg_class c join pg_namespace n on n.oid = c.relnamespace, pg_roles r,
                 unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) v (word)
           where n.nspname = 'pgboss' and c.relkind in ('r', 'p')
             and r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and (r.rolname <> 'docket_app' or v.word in ('TRUNCATE', 'TRIGGER', 'REFERENCES')
               or c.relname in ('queue', 'version') and v.word in ('INSERT', 'DELETE'))
             and has_table_privilege(r.oid, c.oid, v.word)
          union all
          select r.rolname || ' may run ' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace, pg_roles r
           where n.nspname = 'pgboss' and p.proname <> 'job_now'
             and r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and has_function_privilege(r.oid, p.oid, 'EXECUTE')`,
  },
  migrationsApart: {
    says: 'no role at run time reads what is not of a tenant',
    sql: `select r.rolname || ' reads ' || t.name as found from unnest(${words(withoutTenant)}) t (name), pg_roles r
           where r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and has_table_privilege(r.oid, t.name, 'SELECT')
          union all
          select r.rolname || ' writes ' || t.name from unnest(${words(referenceData)}) t (name), pg_roles r, unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) v (word)
           where r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(', ')}, 'docket_search')
             and has_table_privilege(r.oid, t.name, v.word)`,
  },
}

/** What breaks the rule, sorted and each once. */
export async function findBreaches(client: pg.Client, rule: Rule): Promise<string[]> {
  const { rows } = await client.query<{ found: string }>(rule.sql)
  return [...new Set(rows.map((row) => row.found))].toSorted()
}
