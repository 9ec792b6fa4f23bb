-- The floor: tenants, who acts, the log, and the guards that bind every record to it.
--
-- Every table begins with tenant_id in its keys, has row security enabled and forced, and shows nothing
-- while no tenant is set. A record's row carries the head of its chain of entries; a commit that changes a
-- record without the entry that says so is refused at the end of the transaction.

create extension if not exists pg_trgm;

create schema if not exists auth;

-- The tenant of this transaction; null (and so nothing visible) when none is set.
create function current_tenant() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('docket.tenant_id', true), '')::uuid;

-- Smallest UUIDv7 of a point in time: the bound between two monthly partitions.
create function uuidv7_floor(at timestamptz) returns uuid
  language sql immutable parallel safe
  return (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;

-- ---------------------------------------------------------------------------------------------- entries

create table entries (
  tenant_id   uuid        not null default current_tenant(),
  id          uuid        not null,                                -- UUIDv7, also inside the body
  record_kind text        not null check (record_kind in ('work_order', 'asset', 'principal', 'tenant')),
  record_id   uuid        not null,
  seq         integer     not null check (seq > 0),
  action      text        not null check (action ~ '^[a-z_]+$'),
  actor_id    uuid        not null,
  at          timestamptz not null,
  xid         xid8        not null default pg_current_xact_id(),   -- order of commit, by the horizon
  leaf        bytea       not null check (octet_length(leaf) = 32),
  body        bytea       not null,                                -- canonical JSON, exactly as it was hashed
  primary key (tenant_id, id)
) partition by range (id);

create index entries_of_a_record on entries (tenant_id, record_id, seq);
create index entries_in_order    on entries (tenant_id, xid, id);

-- An entry's hash is checked when it is written: a leaf that is not the hash of its body never gets in. Nor does
-- a time that the service's clock can only have said because it is wrong.
create function guard_entry() returns trigger language plpgsql as $$
begin
  if new.at < now() - interval '5 minutes' or new.at > clock_timestamp() + interval '5 minutes' then
    raise exception 'the clocks of the service and of the database differ by more than five minutes' using errcode = 'DK008';
  end if;
  if new.leaf <> sha256('\x00'::bytea || new.body) then
    raise exception 'leaf is not the hash of the body' using errcode = 'DK001';
  end if;
  return new;
end
$$;
create trigger entry_leaf_is_the_hash_of_its_body before insert on entries
  for each row execute function guard_entry();

-- Fails when a statement touched another number of rows than it must, and with it the whole transaction.
create function expect_rows(actual bigint, expected bigint) returns void language plpgsql as $$
begin
  if actual <> expected then
    raise exception 'expected % rows, got %', expected, actual using errcode = 'DK007';
  end if;
end
$$;

-- At commit: the row's head must be an entry of this record, and each change must have moved it by one.
create function require_entry() returns trigger language plpgsql as $$
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
$$;

-- At commit: a row that belongs to a record was written in a transaction that also wrote an entry of it.
create function require_entry_of_owner() returns trigger language plpgsql as $$
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
$$;

-- ---------------------------------------------------------------------------------------------- tenants

create table tenants (
  tenant_id         uuid        not null primary key,
  id                uuid        not null generated always as (tenant_id) stored,
  slug              text        not null unique check (slug ~ '^[a-z][a-z0-9-]{0,62}$'),
  name              text        not null check (name <> ''),
  default_lifecycle text        not null check (default_lifecycle in ('change-control', 'qms', 'fleet')),
  version           integer     not null check (version > 0),
  entry_seq         integer     not null,
  entry_id          uuid        not null,
  entry_head        bytea       not null,
  created_at        timestamptz not null default now()
);
create constraint trigger no_change_without_an_entry after insert or update on tenants
  deferrable initially deferred for each row execute function require_entry();

-- ------------------------------------------------------------------------------------------- principals

create table principals (
  tenant_id   uuid        not null default current_tenant() references tenants,
  id          uuid        not null,
  kind        text        not null check (kind in ('human', 'agent', 'vendor', 'system')),
  name        text        not null check (name <> '' and length(name) <= 200),
  email       text        null,
  sponsor_id  uuid        null,
  disabled_at timestamptz null,
  version     integer     not null check (version > 0),
  entry_seq   integer     not null,
  entry_id    uuid        not null,
  entry_head  bytea       not null,
  created_at  timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, id, kind),
  constraint one_principal_per_name unique (tenant_id, name),
  constraint every_agent_has_a_sponsor check ((kind = 'agent') = (sponsor_id is not null)),
  sponsor_kind text generated always as (case when sponsor_id is null then null else 'human' end) stored,
  constraint a_sponsor_is_a_human foreign key (tenant_id, sponsor_id, sponsor_kind) references principals (tenant_id, id, kind)
);
create constraint trigger no_change_without_an_entry after insert or update on principals
  deferrable initially deferred for each row execute function require_entry();

-- ----------------------------------------------------------------------------------------------- assets

create table assets (
  tenant_id  uuid        not null default current_tenant() references tenants,
  id         uuid        not null,
  tag        text        not null check (tag <> '' and length(tag) <= 200),
  name       text        not null check (name <> ''),
  location   text        null,
  status     text        not null default 'in_service' check (status in ('in_service', 'out_of_service', 'retired')),
  owner_id   uuid        null,
  parent_id  uuid        null,
  version    integer     not null check (version > 0),
  entry_seq  integer     not null,
  entry_id   uuid        not null,
  entry_head bytea       not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint one_asset_per_tag unique (tenant_id, tag),
  foreign key (tenant_id, owner_id) references principals (tenant_id, id),
  foreign key (tenant_id, parent_id) references assets (tenant_id, id)
);
create constraint trigger no_change_without_an_entry after insert or update on assets
  deferrable initially deferred for each row execute function require_entry();

-- ---------------------------------------------------------------------------------------------- grants

create table role_grants (
  tenant_id      uuid not null default current_tenant(),
  principal_id   uuid not null,
  principal_kind text not null,
  role           text not null check (role in ('admin', 'auditor', 'system_owner', 'qa', 'assigner', 'captain', 'vendor', 'operator')),
  asset_id       uuid null,
  constraint one_grant_per_role_and_asset unique nulls not distinct (tenant_id, principal_id, role, asset_id),
  foreign key (tenant_id, principal_id, principal_kind) references principals (tenant_id, id, kind),
  foreign key (tenant_id, asset_id) references assets (tenant_id, id),
  constraint only_humans_own_review_or_administer
    check (principal_kind = 'human' or role not in ('admin', 'system_owner', 'qa')),
  constraint only_a_system_owner_is_bound_to_an_asset check (asset_id is null or role = 'system_owner')
);
create constraint trigger no_change_without_an_entry after insert or update or delete on role_grants
  deferrable initially deferred for each row execute function require_entry_of_owner('principal_id');

-- -------------------------------------------------------------------------------------------- idempotency

create table idempotency_keys (
  tenant_id    uuid        not null default current_tenant() references tenants,
  principal_id uuid        not null,
  key          text        not null check (length(key) between 1 and 255),
  request_hash bytea       not null,
  response     text        not null,
  created_at   timestamptz not null default now(),
  constraint one_answer_per_idempotency_key primary key (tenant_id, principal_id, key)
);
create index idempotency_keys_by_age on idempotency_keys (tenant_id, created_at);

-- ---------------------------------------------------------------------------------------- row security

alter table entries          enable row level security;
alter table entries          force  row level security;
alter table tenants          enable row level security;
alter table tenants          force  row level security;
alter table principals       enable row level security;
alter table principals       force  row level security;
alter table assets           enable row level security;
alter table assets           force  row level security;
alter table role_grants      enable row level security;
alter table role_grants      force  row level security;
alter table idempotency_keys enable row level security;
alter table idempotency_keys force  row level security;

create policy tenant on entries          using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on tenants          using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on principals       using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on assets           using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on role_grants      using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on idempotency_keys using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());

-- What each role may do. Nobody at run time updates, deletes or truncates entries; records are never deleted.
grant usage on schema public to docket_app, docket_sealer, docket_auditor;
grant select, insert                 on entries          to docket_app;
grant select, insert, update         on tenants          to docket_app;
grant select, insert, update         on principals       to docket_app;
grant select, insert, update         on assets           to docket_app;
grant select, insert, delete         on role_grants      to docket_app;
grant select, insert, delete         on idempotency_keys to docket_app;
grant select on entries, tenants, principals, assets, role_grants to docket_auditor;
grant select on entries to docket_sealer;

-- ------------------------------------------------------------------------------------------- partitions

-- Monthly partitions of a table keyed by UUIDv7, for the month of `first` and the `months` after it.
-- The owner's rights are needed to create them, so the service may call this and nothing else of the kind.
create function ensure_partitions(first timestamptz, months integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
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
$$;
revoke execute on function ensure_partitions(timestamptz, integer) from public;
grant execute on function ensure_partitions(timestamptz, integer) to docket_app;
