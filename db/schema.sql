-- The schema after all migrations, read off the catalogue by "npm run schema". Do not edit; do not apply.
-- Left out: partitions by month (made by ensure_partitions), and what extensions bring.

-- ------------------------------------------------------------------------------ schemas and extensions

create extension pg_trgm;
create schema auth;

-- ----------------------------------------------------------------------------------------------- roles

-- docket_app: logs in at run time
-- docket_auditor: logs in at run time
-- docket_auth: logs in at run time
-- docket_owner: never logs in
-- docket_sealer: logs in at run time
-- docket_search: never logs in

-- --------------------------------------------------------------------------- schemas: who may use them

grant usage on schema auth to docket_auth;
grant usage on schema public to docket_app;
grant usage on schema public to docket_auditor;
grant usage on schema public to docket_sealer;
grant usage on schema public to docket_search;
grant usage on schema public to public;

-- ------------------------------------------------------------------------------------------- functions

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.current_tenant()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('docket.tenant_id'::text, true), ''::text))::uuid;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.ensure_partitions(first timestamp with time zone, months integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  parent text;
  month  timestamptz;
  name   text;
  made   integer := 0;
begin
  if months not between 0 and 120 then
    raise exception 'months must be 0 to 120';
  end if;
  perform pg_advisory_xact_lock(hashtext('docket.ensure_partitions'));
  foreach parent in array array['entries', 'work_orders'] loop
    for i in 0..months loop
      month := date_trunc('month', first, 'UTC') + make_interval(months => i);
      name := format('%s_%s', parent, to_char(month at time zone 'UTC', 'YYYY_MM'));
      if to_regclass('public.' || name) is null then
        execute format('create table public.%I partition of public.%I for values from (%L) to (%L) with (fillfactor = 85)',
          name, parent, uuidv7_floor(month), uuidv7_floor(month + interval '1 month'));
        execute format('alter table public.%I enable row level security', name);
        execute format('alter table public.%I force row level security', name);
        execute format('create policy tenant on public.%I using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', name);
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end
$function$;
grant execute on function ensure_partitions(timestamp with time zone,integer) to docket_app;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.expect_rows(actual bigint, expected bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if actual <> expected then
    raise exception 'expected % rows, got %', expected, actual using errcode = 'DK007';
  end if;
end
$function$;

-- owner: docket_search
CREATE OR REPLACE FUNCTION public.find_tenant(wanted text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
RETURN (SELECT tenants.tenant_id FROM tenants WHERE (tenants.slug = find_tenant.wanted));
grant execute on function find_tenant(text) to docket_app;

-- owner: docket_search
CREATE OR REPLACE FUNCTION public.forget_idempotency_keys()
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
BEGIN ATOMIC
 DELETE FROM idempotency_keys
   WHERE (idempotency_keys.created_at < (now() - '3 days'::interval));
END;
grant execute on function forget_idempotency_keys() to docket_app;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_entry()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.at < now() - interval '5 minutes' or new.at > clock_timestamp() + interval '5 minutes' then
    raise exception 'the clocks of the service and of the database differ by more than five minutes' using errcode = 'DK008';
  end if;
  if new.leaf <> sha256('\x00'::bytea || new.body) then
    raise exception 'leaf is not the hash of the body' using errcode = 'DK001';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_work_order()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  came_from text;
  category  text;
  -- Generated columns are not computed yet when this runs.
  head_and_generated constant text[] := '{entry_seq,entry_id,entry_head,priority_rank,due_order}';
begin
  if tg_op = 'INSERT' then
    came_from := case when new.import_source is null then '' else 'import' end;
  else
    if old.category in ('done', 'abandoned') then
      -- Only the head of the chain may move: a refused attempt on a final record is an entry of it.
      if (new.version, new.status, new.updated_at) is distinct from (old.version, old.status, old.updated_at)
         or to_jsonb(new) - head_and_generated <> to_jsonb(old) - head_and_generated then
        raise exception 'work order % is final', old.id using errcode = 'DK003';
      end if;
      return new;
    end if;
    if new.version not in (old.version, old.version + 1)
       or (new.number, new.lifecycle, new.created_at) is distinct from (old.number, old.lifecycle, old.created_at) then
      raise exception 'identity of work order % changed', old.id using errcode = 'DK003';
    end if;
    if new.status = old.status and new.category = old.category then
      return new;
    end if;
    came_from := old.status;
    if new.regulatory and new.category = 'done' then
      raise exception 'regulatory work order % closed without its signatures', old.id using errcode = 'DK005';
    end if;
  end if;
  select t.to_category into category from lifecycle_transitions t
    where t.lifecycle = new.lifecycle and t.from_status = came_from and t.to_status = new.status;
  if category is null or category <> new.category then
    raise exception 'no edge % to % in %', came_from, new.status, new.lifecycle using errcode = 'DK004';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.index_work_order_texts()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into work_order_texts (tenant_id, work_order_id, words, tags)
    values (new.tenant_id, new.id, lower(concat_ws(' ', new.number, new.title, new.description, new.project,
      array_to_string(new.tags, ' '), (select string_agg(value, ' ') from jsonb_each_text(new.attributes)))), new.tags)
  on conflict (tenant_id, work_order_id) do update set words = excluded.words, tags = excluded.tags;
  return null;
end
$function$;

-- owner: docket_search
CREATE OR REPLACE FUNCTION public.list_tenants()
 RETURNS TABLE(tenant_id uuid, slug text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT t.tenant_id,
     t.slug
    FROM tenants t
   ORDER BY t.slug;
END;
grant execute on function list_tenants() to docket_auditor;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.require_entry()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' and new.entry_seq <> old.entry_seq + 1 then
    raise exception '% % changed without an entry', tg_table_name, new.id using errcode = 'DK002';
  end if;
  if tg_op = 'INSERT' and new.entry_seq <> 1 then
    raise exception '% % does not begin with its first entry', tg_table_name, new.id using errcode = 'DK002';
  end if;
  perform 1 from entries e
    where e.tenant_id = new.tenant_id and e.id = new.entry_id
      and e.record_id = new.id and e.seq = new.entry_seq and e.leaf = new.entry_head;
  if not found then
    raise exception '% % changed without an entry', tg_table_name, new.id using errcode = 'DK002';
  end if;
  return null;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.require_entry_of_owner()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  owner_id uuid := (to_jsonb(coalesce(new, old)) ->> tg_argv[0])::uuid;
begin
  perform 1 from entries e
    where e.tenant_id = coalesce(new.tenant_id, old.tenant_id) and e.record_id = owner_id
      and e.xid = pg_current_xact_id();
  if not found then
    raise exception '% of % changed without an entry', tg_table_name, owner_id using errcode = 'DK002';
  end if;
  return null;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.require_record()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.record_kind = 'work_order' then
    perform 1 from work_orders r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  elsif new.record_kind = 'principal' then
    perform 1 from principals r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  elsif new.record_kind = 'asset' then
    perform 1 from assets r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  else
    perform 1 from tenants r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  end if;
  if not found then
    raise exception 'entry % of % % is not its head', new.seq, new.record_kind, new.record_id using errcode = 'DK006';
  end if;
  return null;
end
$function$;

-- owner: docket_search
CREATE OR REPLACE FUNCTION public.search_work_orders(fragments text[], wanted_tags text[], before uuid, most integer)
 RETURNS SETOF uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  conditions text := '';
  fragment   text;
begin
  foreach fragment in array fragments loop
    conditions := conditions || format(' and words like %L',
      '%' || replace(replace(replace(lower(fragment), '\', '\\'), '%', '\%'), '_', '\_') || '%');
  end loop;
  return query execute
    'select work_order_id from work_order_texts where tenant_id = current_tenant()'
    || case when before is null then '' else ' and work_order_id < $1' end
    || case when wanted_tags is null then '' else ' and tags @> $3' end || conditions
    || ' order by work_order_id desc limit $2' using before, most, wanted_tags;
end
$function$;
grant execute on function search_work_orders(text[],text[],uuid,integer) to docket_app;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.uuidv7_floor(at timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((lpad(to_hex(((EXTRACT(epoch FROM at) * (1000)::numeric))::bigint), 12, '0'::text) || '00000000000000000000'::text))::uuid;


-- ------------------------------------------------------- table assets: row security enabled and forced

create table assets (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  tag                    text not null,
  name                   text not null,
  location               text,
  status                 text not null default 'in_service'::text,
  owner_id               uuid,
  parent_id              uuid,
  version                integer not null,
  entry_seq              integer not null,
  entry_id               uuid not null,
  entry_head             bytea not null,
  created_at             timestamp with time zone not null default now(),
  constraint assets_pkey PRIMARY KEY (tenant_id, id),
  constraint one_asset_per_tag UNIQUE (tenant_id, tag),
  constraint assets_name_check CHECK ((name <> ''::text)),
  constraint assets_status_check CHECK ((status = ANY (ARRAY['in_service'::text, 'out_of_service'::text, 'retired'::text]))),
  constraint assets_tag_check CHECK (((tag <> ''::text) AND (length(tag) <= 200))),
  constraint assets_version_check CHECK ((version > 0)),
  constraint assets_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint assets_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES principals(tenant_id, id),
  constraint assets_tenant_id_parent_id_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES assets(tenant_id, id)
);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.assets DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
create policy tenant on assets for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select, update on assets to docket_app;
grant select on assets to docket_auditor;

-- -------------------------------------------- table attachment_chunks: row security enabled and forced

create table attachment_chunks (
  tenant_id              uuid not null default current_tenant(),
  attachment_id          uuid not null,
  "position"             integer not null,
  bytes                  bytea not null,
  constraint attachment_chunks_pkey PRIMARY KEY (tenant_id, attachment_id, "position"),
  constraint attachment_chunks_position_check CHECK (("position" >= 0)),
  constraint attachment_chunks_tenant_id_attachment_id_fkey FOREIGN KEY (tenant_id, attachment_id) REFERENCES attachments(tenant_id, id)
);
create policy tenant on attachment_chunks for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on attachment_chunks to docket_app;
grant select on attachment_chunks to docket_auditor;

-- -------------------------------------------------- table attachments: row security enabled and forced

create table attachments (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  work_order_id          uuid not null,
  name                   text not null,
  media_type             text not null,
  size_bytes             bigint not null,
  sha256                 bytea not null,
  uploaded_by            uuid not null,
  uploaded_at            timestamp with time zone not null default now(),
  constraint attachments_pkey PRIMARY KEY (tenant_id, id),
  constraint attachments_name_check CHECK (((name <> ''::text) AND (length(name) <= 255))),
  constraint attachments_sha256_check CHECK ((octet_length(sha256) = 32)),
  constraint attachments_size_bytes_check CHECK ((size_bytes >= 0)),
  constraint attachments_tenant_id_uploaded_by_fkey FOREIGN KEY (tenant_id, uploaded_by) REFERENCES principals(tenant_id, id),
  constraint attachments_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX attachments_of_a_work_order ON public.attachments USING btree (tenant_id, work_order_id, id);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR DELETE OR UPDATE ON public.attachments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('work_order_id');
create policy tenant on attachments for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on attachments to docket_app;
grant select on attachments to docket_auditor;

-- ------------------------------------------------------------ table docket_migrations: no row security

create table docket_migrations (
  name                   text not null,
  sha256                 text not null,
  applied_at             timestamp with time zone not null default now(),
  constraint docket_migrations_pkey PRIMARY KEY (name)
);

-- ------------------------------------------------------ table entries: row security enabled and forced

create table entries (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  record_kind            text not null,
  record_id              uuid not null,
  seq                    integer not null,
  action                 text not null,
  actor_id               uuid not null,
  at                     timestamp with time zone not null,
  xid                    xid8 not null default pg_current_xact_id(),
  leaf                   bytea not null,
  body                   bytea not null,
  constraint entries_pkey PRIMARY KEY (tenant_id, id),
  constraint entries_action_check CHECK ((action ~ '^[a-z_]+$'::text)),
  constraint entries_leaf_check CHECK ((octet_length(leaf) = 32)),
  constraint entries_record_kind_check CHECK ((record_kind = ANY (ARRAY['work_order'::text, 'asset'::text, 'principal'::text, 'tenant'::text]))),
  constraint entries_seq_check CHECK ((seq > 0))
) partition by range (id);
CREATE INDEX entries_in_order ON ONLY public.entries USING btree (tenant_id, xid, id);
CREATE INDEX entries_of_a_record ON ONLY public.entries USING btree (tenant_id, record_id, seq);
CREATE TRIGGER entry_leaf_is_the_hash_of_its_body BEFORE INSERT ON public.entries FOR EACH ROW EXECUTE FUNCTION guard_entry();
CREATE CONSTRAINT TRIGGER no_entry_beside_its_chain AFTER INSERT ON public.entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_record();
create policy tenant on entries for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on entries to docket_app;
grant select on entries to docket_auditor;
grant select on entries to docket_sealer;

-- --------------------------------------------- table idempotency_keys: row security enabled and forced

create table idempotency_keys (
  tenant_id              uuid not null default current_tenant(),
  principal_id           uuid not null,
  key                    text not null,
  request_hash           bytea not null,
  response               text not null,
  created_at             timestamp with time zone not null default now(),
  constraint one_answer_per_idempotency_key PRIMARY KEY (tenant_id, principal_id, key),
  constraint idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255))),
  constraint idempotency_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING btree (tenant_id, created_at);
create policy forgetting on idempotency_keys for all to docket_search using ((created_at < (now() - '3 days'::interval)));
create policy tenant on idempotency_keys for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant delete, insert, select on idempotency_keys to docket_app;
grant delete, select on idempotency_keys to docket_search;

-- ------------------------------------------------ table imported_rows: row security enabled and forced

create table imported_rows (
  tenant_id              uuid not null default current_tenant(),
  source                 text not null,
  row_key                text not null,
  work_order_id          uuid not null,
  constraint one_work_order_per_source_row PRIMARY KEY (tenant_id, source, row_key),
  constraint imported_rows_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
create policy tenant on imported_rows for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on imported_rows to docket_app;
grant select on imported_rows to docket_auditor;

-- ---------------------------------------- table lifecycle_transitions: row security enabled and forced

create table lifecycle_transitions ( -- reference data, the same for every tenant
  lifecycle              text not null,
  from_status            text not null,
  to_status              text not null,
  to_category            text not null,
  constraint lifecycle_transitions_pkey PRIMARY KEY (lifecycle, from_status, to_status),
  constraint lifecycle_transitions_to_category_check CHECK ((to_category = ANY (ARRAY['initial'::text, 'planning'::text, 'ready'::text, 'active'::text, 'held'::text, 'review'::text, 'done'::text, 'abandoned'::text])))
);
create policy reference_data on lifecycle_transitions for select to public using (true);
grant select on lifecycle_transitions to docket_app;
grant select on lifecycle_transitions to docket_auditor;

-- ---------------------------------------------- table number_counters: row security enabled and forced

create table number_counters (
  tenant_id              uuid not null default current_tenant(),
  year                   integer not null,
  last                   integer not null,
  constraint number_counters_pkey PRIMARY KEY (tenant_id, year),
  constraint number_counters_last_check CHECK ((last > 0)),
  constraint number_counters_year_check CHECK (((year >= 2000) AND (year <= 9999))),
  constraint number_counters_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
create policy tenant on number_counters for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select, update on number_counters to docket_app;

-- --------------------------------------------------- table principals: row security enabled and forced

create table principals (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  kind                   text not null,
  name                   text not null,
  email                  text,
  sponsor_id             uuid,
  disabled_at            timestamp with time zone,
  version                integer not null,
  entry_seq              integer not null,
  entry_id               uuid not null,
  entry_head             bytea not null,
  created_at             timestamp with time zone not null default now(),
  sponsor_kind           text generated always as (
CASE
    WHEN (sponsor_id IS NULL) THEN NULL::text
    ELSE 'human'::text
END) stored,
  constraint principals_pkey PRIMARY KEY (tenant_id, id),
  constraint one_principal_per_name UNIQUE (tenant_id, name),
  constraint principals_tenant_id_id_kind_key UNIQUE (tenant_id, id, kind),
  constraint every_agent_has_a_sponsor CHECK (((kind = 'agent'::text) = (sponsor_id IS NOT NULL))),
  constraint principals_kind_check CHECK ((kind = ANY (ARRAY['human'::text, 'agent'::text, 'vendor'::text, 'system'::text]))),
  constraint principals_name_check CHECK (((name <> ''::text) AND (length(name) <= 200))),
  constraint principals_version_check CHECK ((version > 0)),
  constraint a_sponsor_is_a_human FOREIGN KEY (tenant_id, sponsor_id, sponsor_kind) REFERENCES principals(tenant_id, id, kind),
  constraint principals_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.principals DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
create policy tenant on principals for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select, update on principals to docket_app;
grant select on principals to docket_auditor;

-- -------------------------------------------------- table role_grants: row security enabled and forced

create table role_grants (
  tenant_id              uuid not null default current_tenant(),
  principal_id           uuid not null,
  principal_kind         text not null,
  role                   text not null,
  asset_id               uuid,
  constraint one_grant_per_role_and_asset UNIQUE NULLS NOT DISTINCT (tenant_id, principal_id, role, asset_id),
  constraint only_a_system_owner_is_bound_to_an_asset CHECK (((asset_id IS NULL) OR (role = 'system_owner'::text))),
  constraint only_humans_own_review_or_administer CHECK (((principal_kind = 'human'::text) OR (role <> ALL (ARRAY['admin'::text, 'system_owner'::text, 'qa'::text])))),
  constraint role_grants_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'auditor'::text, 'system_owner'::text, 'qa'::text, 'assigner'::text, 'captain'::text, 'vendor'::text, 'operator'::text]))),
  constraint role_grants_tenant_id_asset_id_fkey FOREIGN KEY (tenant_id, asset_id) REFERENCES assets(tenant_id, id),
  constraint role_grants_tenant_id_principal_id_principal_kind_fkey FOREIGN KEY (tenant_id, principal_id, principal_kind) REFERENCES principals(tenant_id, id, kind)
);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR DELETE OR UPDATE ON public.role_grants DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('principal_id');
create policy tenant on role_grants for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant delete, insert, select on role_grants to docket_app;
grant select on role_grants to docket_auditor;

-- ------------------------------------------------------ table tenants: row security enabled and forced

create table tenants (
  tenant_id              uuid not null,
  id                     uuid not null generated always as (tenant_id) stored,
  slug                   text not null,
  name                   text not null,
  default_lifecycle      text not null,
  version                integer not null,
  entry_seq              integer not null,
  entry_id               uuid not null,
  entry_head             bytea not null,
  created_at             timestamp with time zone not null default now(),
  constraint tenants_pkey PRIMARY KEY (tenant_id),
  constraint tenants_slug_key UNIQUE (slug),
  constraint tenants_default_lifecycle_check CHECK ((default_lifecycle = ANY (ARRAY['change-control'::text, 'qms'::text, 'fleet'::text]))),
  constraint tenants_name_check CHECK ((name <> ''::text)),
  constraint tenants_slug_check CHECK ((slug ~ '^[a-z][a-z0-9-]{0,62}$'::text)),
  constraint tenants_version_check CHECK ((version > 0))
);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.tenants DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
create policy finding on tenants for select to docket_search using (true);
create policy tenant on tenants for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select, update on tenants to docket_app;
grant select on tenants to docket_auditor;
grant select on tenants to docket_search;

-- ------------------------------------------- table work_order_numbers: row security enabled and forced

create table work_order_numbers (
  tenant_id              uuid not null default current_tenant(),
  number                 text not null,
  work_order_id          uuid not null,
  constraint one_work_order_per_number PRIMARY KEY (tenant_id, number),
  constraint work_order_numbers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
create policy tenant on work_order_numbers for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on work_order_numbers to docket_app;
grant select on work_order_numbers to docket_auditor;

-- --------------------------------------------- table work_order_texts: row security enabled and forced

create table work_order_texts (
  tenant_id              uuid not null default current_tenant(),
  work_order_id          uuid not null,
  words                  text not null,
  tags                   text[] not null,
  constraint work_order_texts_pkey PRIMARY KEY (tenant_id, work_order_id),
  constraint work_order_texts_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX work_order_texts_by_fragment ON public.work_order_texts USING gin (words gin_trgm_ops);
CREATE INDEX work_order_texts_by_tag ON public.work_order_texts USING gin (tags);
create policy search on work_order_texts for select to docket_search using (true);
create policy tenant on work_order_texts for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select, update on work_order_texts to docket_app;
grant select on work_order_texts to docket_search;

-- -------------------------------------------------- table work_orders: row security enabled and forced

create table work_orders (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  number                 text not null,
  lifecycle              text not null,
  status                 text not null,
  category               text not null,
  title                  text not null,
  description            text,
  priority               text not null,
  regulatory             boolean not null,
  origin                 text not null,
  requester_id           uuid not null,
  assignee_id            uuid,
  asset_id               uuid,
  due_date               date,
  estimated_hours        double precision,
  actual_hours           double precision,
  tags                   text[] not null default '{}'::text[],
  project                text,
  work_category          text,
  acceptance_criteria    text,
  deliverables           text,
  notes                  text,
  completion_summary     text,
  review_notes           text,
  related_wo_ids         text[] not null default '{}'::text[],
  parent_id              uuid,
  planned_start          timestamp with time zone,
  planned_end            timestamp with time zone,
  actual_start           timestamp with time zone,
  actual_end             timestamp with time zone,
  job_plan               jsonb,
  requirements           jsonb,
  hold                   jsonb,
  blocker                jsonb,
  revision               integer not null default 1,
  revision_of            uuid,
  acknowledged_at        timestamp with time zone,
  attributes             jsonb not null default '{}'::jsonb,
  executor_ids           uuid[] not null default '{}'::uuid[],
  editor_id              uuid,
  import_source          text,
  version                integer not null,
  entry_seq              integer not null,
  entry_id               uuid not null,
  entry_head             bytea not null,
  created_at             timestamp with time zone not null default now(),
  updated_at             timestamp with time zone not null default now(),
  priority_rank          smallint not null generated always as (
CASE priority
    WHEN 'critical'::text THEN 1
    WHEN 'high'::text THEN 2
    WHEN 'medium'::text THEN 3
    ELSE 4
END) stored,
  due_order              date not null generated always as (COALESCE(due_date, 'infinity'::date)) stored,
  constraint work_orders_pkey PRIMARY KEY (tenant_id, id),
  constraint planned_end_is_not_before_planned_start CHECK ((planned_end >= planned_start)),
  constraint work_orders_actual_hours_check CHECK (((actual_hours >= (0)::double precision) AND (actual_hours <= ('1000000'::numeric)::double precision))),
  constraint work_orders_estimated_hours_check CHECK (((estimated_hours >= (0)::double precision) AND (estimated_hours <= ('1000000'::numeric)::double precision))),
  constraint work_orders_origin_check CHECK ((origin = ANY (ARRAY['automation'::text, 'external'::text, 'manual'::text]))),
  constraint work_orders_priority_check CHECK ((priority = ANY (ARRAY['critical'::text, 'high'::text, 'medium'::text, 'low'::text]))),
  constraint work_orders_revision_check CHECK ((revision > 0)),
  constraint work_orders_title_check CHECK (((title <> ''::text) AND (length(title) <= 500))),
  constraint work_orders_version_check CHECK ((version > 0)),
  constraint work_orders_tenant_id_asset_id_fkey FOREIGN KEY (tenant_id, asset_id) REFERENCES assets(tenant_id, id),
  constraint work_orders_tenant_id_assignee_id_fkey FOREIGN KEY (tenant_id, assignee_id) REFERENCES principals(tenant_id, id),
  constraint work_orders_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint work_orders_tenant_id_requester_id_fkey FOREIGN KEY (tenant_id, requester_id) REFERENCES principals(tenant_id, id)
) partition by range (id);
CREATE INDEX work_orders_by_asset ON ONLY public.work_orders USING btree (tenant_id, asset_id, id);
CREATE INDEX work_orders_by_assignee ON ONLY public.work_orders USING btree (tenant_id, assignee_id, id);
CREATE INDEX work_orders_by_due_date ON ONLY public.work_orders USING btree (tenant_id, due_order, id);
CREATE INDEX work_orders_by_parent ON ONLY public.work_orders USING btree (tenant_id, parent_id) WHERE (parent_id IS NOT NULL);
CREATE INDEX work_orders_by_priority ON ONLY public.work_orders USING btree (tenant_id, priority_rank, id);
CREATE INDEX work_orders_by_project ON ONLY public.work_orders USING btree (tenant_id, project, id) WHERE (project IS NOT NULL);
CREATE INDEX work_orders_by_requester ON ONLY public.work_orders USING btree (tenant_id, requester_id, id);
CREATE INDEX work_orders_by_status ON ONLY public.work_orders USING btree (tenant_id, status, id);
CREATE INDEX work_orders_by_update ON ONLY public.work_orders USING btree (tenant_id, updated_at, id);
CREATE INDEX work_orders_unfinished ON ONLY public.work_orders USING btree (tenant_id, id) WHERE (category <> ALL (ARRAY['done'::text, 'abandoned'::text]));
CREATE INDEX work_orders_unfinished_by_due_date ON ONLY public.work_orders USING btree (tenant_id, due_order, id) WHERE (category <> ALL (ARRAY['done'::text, 'abandoned'::text]));
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.work_orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
CREATE TRIGGER only_what_the_lifecycle_allows BEFORE INSERT OR UPDATE ON public.work_orders FOR EACH ROW EXECUTE FUNCTION guard_work_order();
CREATE TRIGGER words_are_indexed AFTER INSERT OR UPDATE OF title, description, project, tags, attributes ON public.work_orders FOR EACH ROW EXECUTE FUNCTION index_work_order_texts();
create policy tenant on work_orders for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select, update on work_orders to docket_app;
grant select on work_orders to docket_auditor;

-- ----------------------------------------------------------------- table auth.account: no row security

create table auth.account (
  id                     uuid not null default gen_random_uuid(),
  "accountId"            text not null,
  "providerId"           text not null,
  "userId"               uuid not null,
  "accessToken"          text,
  "refreshToken"         text,
  "idToken"              text,
  "accessTokenExpiresAt" timestamp with time zone,
  "refreshTokenExpiresAt timestamp with time zone,
  scope                  text,
  password               text,
  "createdAt"            timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt"            timestamp with time zone not null,
  constraint account_pkey PRIMARY KEY (id),
  constraint "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES auth."user"(id) ON DELETE CASCADE
);
CREATE INDEX "account_userId_idx" ON auth.account USING btree ("userId");
grant delete, insert, select, update on auth.account to docket_auth;

-- ------------------------------------------------------------------ table auth.apikey: no row security

create table auth.apikey (
  id                     uuid not null default gen_random_uuid(),
  "configId"             text not null,
  name                   text,
  start                  text,
  "referenceId"          text not null,
  prefix                 text,
  key                    text not null,
  "refillInterval"       integer,
  "refillAmount"         integer,
  "lastRefillAt"         timestamp with time zone,
  enabled                boolean,
  "rateLimitEnabled"     boolean,
  "rateLimitTimeWindow"  integer,
  "rateLimitMax"         integer,
  "requestCount"         integer,
  remaining              integer,
  "lastRequest"          timestamp with time zone,
  "expiresAt"            timestamp with time zone,
  "createdAt"            timestamp with time zone not null,
  "updatedAt"            timestamp with time zone not null,
  permissions            text,
  metadata               text,
  constraint apikey_pkey PRIMARY KEY (id)
);
CREATE INDEX "apikey_configId_idx" ON auth.apikey USING btree ("configId");
CREATE INDEX apikey_key_idx ON auth.apikey USING btree (key);
CREATE INDEX apikey_of_a_principal ON auth.apikey USING gin (((metadata)::jsonb) jsonb_path_ops);
CREATE INDEX "apikey_referenceId_idx" ON auth.apikey USING btree ("referenceId");
grant delete, insert, select, update on auth.apikey to docket_auth;

-- ------------------------------------------------------------- table auth.memberships: no row security

create table auth.memberships (
  user_id                uuid not null,
  tenant_id              uuid not null,
  principal_id           uuid not null,
  constraint one_person_per_principal PRIMARY KEY (tenant_id, principal_id),
  constraint memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE
);
CREATE INDEX memberships_of_a_person ON auth.memberships USING btree (user_id);
grant delete, insert, select, update on auth.memberships to docket_auth;

-- ----------------------------------------------------------------- table auth.session: no row security

create table auth.session (
  id                     uuid not null default gen_random_uuid(),
  "expiresAt"            timestamp with time zone not null,
  token                  text not null,
  "createdAt"            timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt"            timestamp with time zone not null,
  "ipAddress"            text,
  "userAgent"            text,
  "userId"               uuid not null,
  constraint session_pkey PRIMARY KEY (id),
  constraint session_token_key UNIQUE (token),
  constraint "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES auth."user"(id) ON DELETE CASCADE
);
CREATE INDEX "session_userId_idx" ON auth.session USING btree ("userId");
grant delete, insert, select, update on auth.session to docket_auth;

-- ------------------------------------------------------------------ table auth."user": no row security

create table auth."user" (
  id                     uuid not null default gen_random_uuid(),
  name                   text not null,
  email                  text not null,
  "emailVerified"        boolean not null,
  image                  text,
  "createdAt"            timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt"            timestamp with time zone not null default CURRENT_TIMESTAMP,
  constraint user_pkey PRIMARY KEY (id),
  constraint user_email_key UNIQUE (email)
);
grant delete, insert, select, update on auth."user" to docket_auth;

-- ------------------------------------------------------------ table auth.verification: no row security

create table auth.verification (
  id                     uuid not null default gen_random_uuid(),
  identifier             text not null,
  value                  text not null,
  "expiresAt"            timestamp with time zone not null,
  "createdAt"            timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt"            timestamp with time zone not null default CURRENT_TIMESTAMP,
  constraint verification_pkey PRIMARY KEY (id)
);
CREATE INDEX verification_identifier_idx ON auth.verification USING btree (identifier);
grant delete, insert, select, update on auth.verification to docket_auth;
