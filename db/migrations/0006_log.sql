-- The tenant's log: a Merkle tree over its entries in order of commit, kept as tiles, with a signed checkpoint for
-- each growth. Only docket_sealer lets it grow; nobody changes or takes away what was sealed. The proofs are in
-- docs/concepts/log.md, the reasons in docs/decisions.

-- ------------------------------------------------------------------------------------------------- keys

create table log_keys (
  tenant_id       uuid        not null default current_tenant() references tenants,
  id              uuid        not null,
  origin          text        not null,
  vkey            text        not null,                           -- C2SP signed-note verifier key
  wrapped_private bytea       not null,                           -- PKCS #8, under the secret of the installation
  created_at      timestamptz not null default now(),
  retired_at      timestamptz null,
  primary key (tenant_id, id),
  constraint the_origin_names_the_tenant check (origin = 'docket.log/' || tenant_id),
  constraint the_key_is_named_like_its_log check (starts_with(vkey, origin || '+'))
);
create unique index one_key_in_use_per_log on log_keys (tenant_id) where retired_at is null;
create constraint trigger no_change_without_an_entry after insert or update or delete on log_keys
  deferrable initially deferred for each row execute function require_entry_of_owner('tenant_id');

-- ----------------------------------------------------------------------------------------------- leaves

create table log_leaves (
  tenant_id  uuid   not null default current_tenant() references tenants,
  leaf_index bigint not null check (leaf_index >= 0),
  entry_id   uuid   not null,
  record_id  uuid   not null,
  leaf       bytea  not null check (octet_length(leaf) = 32),
  primary key (tenant_id, leaf_index),
  constraint one_leaf_per_entry unique (tenant_id, entry_id)
);

-- What is sealed continues the log without a gap, is what the entries say, stands in the order of commit below the
-- oldest running transaction, and leaves no entry out. Once for each statement, over all that it adds. Plans for
-- a handful of rows must be taken whatever the statistics say, so the ways that read whole tables are off.
create function guard_log_leaves() returns trigger language plpgsql
  set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
  added  record;
  before record;
  upto   record;
begin
  select count(*) as leaves, min(a.leaf_index) as first, max(a.leaf_index) as last,
         bool_and(coalesce(a.leaf = a.entry_leaf and a.record_id = a.entry_record, false)) as equal,
         coalesce(bool_and(a.in_order), true) as in_order
    into added
    from (select n.leaf_index, n.leaf, n.record_id, e.leaf as entry_leaf, e.record_id as entry_record,
                 (e.xid, e.id) > (lag(e.xid) over places, lag(e.id) over places) as in_order
            from added_leaves n left join entries e on e.tenant_id = n.tenant_id and e.id = n.entry_id
          window places as (order by n.leaf_index)) a;
  if added.leaves = 0 then
    return null;
  end if;
  select l.leaf_index, e.xid, e.id into before
    from log_leaves l left join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
   where l.leaf_index = added.first - 1;
  if added.last - added.first + 1 <> added.leaves or (added.first > 0 and before.leaf_index is null) then
    raise exception 'the log would have a gap before leaf %', added.last using errcode = 'DK020';
  end if;
  if not added.equal then
    raise exception 'a leaf from % to % is not that of its entry', added.first, added.last using errcode = 'DK021';
  end if;
  select e.xid, e.id into upto
    from log_leaves l join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
   where l.leaf_index = added.last;
  if not added.in_order or upto.xid >= pg_snapshot_xmin(pg_current_snapshot())
     or added.leaves <> (
       select count(*) from entries e
        where (e.xid, e.id) > (coalesce(before.xid, '0'::xid8), coalesce(before.id, '00000000-0000-0000-0000-000000000000'::uuid))
          and (e.xid, e.id) <= (upto.xid, upto.id)) then
    raise exception 'leaves % to % are not the next entries in order of commit', added.first, added.last using errcode = 'DK022';
  end if;
  return null;
end
$$;
create trigger leaves_are_the_next_entries_without_a_gap after insert on log_leaves
  referencing new table as added_leaves for each statement execute function guard_log_leaves();

-- ------------------------------------------------------------------------------------------------ tiles

-- C2SP tlog-tiles: 256 hashes side by side; the right-most tile of a level holds fewer.
create table log_tiles (
  tenant_id  uuid    not null default current_tenant() references tenants,
  level      integer not null check (level between 0 and 7),
  tile_index bigint  not null check (tile_index >= 0),
  hashes     bytea   not null,
  primary key (tenant_id, level, tile_index),
  constraint a_tile_holds_1_to_256_hashes check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0)
);
-- Hashes do not compress.
alter table log_tiles alter column hashes set storage external;

create function guard_log_tile() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if (new.tenant_id, new.level, new.tile_index) is distinct from (old.tenant_id, old.level, old.tile_index)
       or octet_length(new.hashes) <= octet_length(old.hashes)
       or substring(new.hashes for octet_length(old.hashes)) <> old.hashes then
      raise exception 'tile %/% changed otherwise than by appending', old.level, old.tile_index using errcode = 'DK023';
    end if;
  elsif new.tile_index > 0 and not exists (
    select from log_tiles t
     where t.level = new.level and t.tile_index = new.tile_index - 1 and octet_length(t.hashes) = 8192) then
    raise exception 'tile %/% begins before the one ahead of it is full', new.level, new.tile_index using errcode = 'DK020';
  end if;
  return new;
end
$$;
create trigger a_tile_only_grows before insert or update on log_tiles
  for each row execute function guard_log_tile();

-- ------------------------------------------------------------------------------------------ checkpoints

create table checkpoints (
  tenant_id  uuid        not null default current_tenant() references tenants,
  tree_size  bigint      not null check (tree_size > 0),
  root       bytea       not null check (octet_length(root) = 32),
  note       text        not null,                                -- C2SP signed-note, as the log signed it
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, tree_size),
  constraint the_note_says_log_size_and_root check (
    starts_with(note, 'docket.log/' || tenant_id || E'\n' || tree_size || E'\n' || encode(root, 'base64') || E'\n\n— '))
);

create function guard_checkpoint() returns trigger language plpgsql as $$
begin
  if new.tree_size is distinct from (select max(l.leaf_index) + 1 from log_leaves l)
     or new.tree_size <= (select max(c.tree_size) from checkpoints c) then
    raise exception 'a checkpoint of % is not the size of the log, or not above the one before', new.tree_size using errcode = 'DK024';
  end if;
  return new;
end
$$;
create trigger a_checkpoint_is_the_size_of_the_log before insert on checkpoints
  for each row execute function guard_checkpoint();

-- What witnesses outside the database have signed: one line for each, appended to the note when it is read.
create table cosignatures (
  tenant_id  uuid        not null default current_tenant() references tenants,
  tree_size  bigint      not null,
  witness    text        not null check (witness <> ''),
  line       text        not null check (line ~ '^— [^ ]+ [A-Za-z0-9+/]+=*$'),
  created_at timestamptz not null default now(),
  primary key (tenant_id, tree_size, witness),
  foreign key (tenant_id, tree_size) references checkpoints (tenant_id, tree_size)
);

-- --------------------------------------------------------------------------------------- what to seal next

-- Tenants with entries that can be sealed now, asked for all of them in one statement. Each is looked at through
-- row security, as that tenant: whoever calls this sees nothing of any tenant but that there is something to do.
-- `younger` tells of a server whose transaction ids lie behind those that were sealed (a dump restored into a new
-- one): nothing can be sealed there in order, and somebody must know.
create function list_unsealed_tenants() returns table (tenant uuid, younger boolean) language plpgsql as $$
declare
  last record;
begin
  for tenant in select t.tenant_id from list_tenants() t loop
    perform set_config('docket.tenant_id', tenant::text, true);
    select e.xid, e.id into last
      from log_leaves l join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
     where l.leaf_index = (select max(m.leaf_index) from log_leaves m);
    younger := coalesce(last.xid >= pg_snapshot_xmax(pg_current_snapshot()), false);
    if younger or exists (
      select from entries e
       where (e.xid, e.id) > (coalesce(last.xid, '0'::xid8), coalesce(last.id, '00000000-0000-0000-0000-000000000000'::uuid))
         and e.xid < pg_snapshot_xmin(pg_current_snapshot())) then
      return next;
    end if;
  end loop;
  perform set_config('docket.tenant_id', '', true);
end
$$;
revoke execute on function list_unsealed_tenants() from public;
grant execute on function list_unsealed_tenants() to docket_sealer;
grant execute on function list_tenants() to docket_sealer;

-- ---------------------------------------------------------------------------------------- row security

alter table log_keys     enable row level security;
alter table log_keys     force  row level security;
alter table log_leaves   enable row level security;
alter table log_leaves   force  row level security;
alter table log_tiles    enable row level security;
alter table log_tiles    force  row level security;
alter table checkpoints  enable row level security;
alter table checkpoints  force  row level security;
alter table cosignatures enable row level security;
alter table cosignatures force  row level security;

create policy tenant on log_keys     using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on log_leaves   using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on log_tiles    using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on checkpoints  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on cosignatures using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());

-- The service makes keys and shows the log; only the sealer reads a wrapped key, and only the sealer seals.
grant insert                                                          on log_keys to docket_app;
grant select (tenant_id, id, origin, vkey, created_at, retired_at)    on log_keys to docket_app, docket_auditor;
grant select                 on log_keys     to docket_sealer;
grant select                 on log_leaves, log_tiles, checkpoints to docket_app, docket_auditor;
grant select, insert         on log_leaves   to docket_sealer;
grant select, insert         on log_tiles    to docket_sealer;
grant update (hashes)        on log_tiles    to docket_sealer;
grant select, insert         on checkpoints  to docket_sealer;
grant select, insert         on cosignatures to docket_app;
grant select                 on cosignatures to docket_auditor;

-- The sealer needs the leaves of entries, not their bodies.
revoke select on entries from docket_sealer;
grant select (tenant_id, id, record_id, xid, leaf) on entries to docket_sealer;

-- The order of the log is that of the transactions: nobody may say to have been another one.
revoke insert on entries from docket_app;
grant insert (tenant_id, id, record_kind, record_id, seq, action, actor_id, at, leaf, body) on entries to docket_app;
