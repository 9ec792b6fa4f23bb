-- Work orders. The row is the present; its chain of entries is the past. What would be a finding is refused
-- here as well as in the code: an edge that the lifecycle does not have, a change of a final record, a
-- regulatory record that is closed without its signatures.

-- A copy of the lifecycles' edges (src/domain/lifecycle-*.ts); a test proves that the two are equal.
-- `from_status` is '' for a new work order and 'import' for history that was closed elsewhere.
create table lifecycle_transitions (
  lifecycle   text not null,
  from_status text not null,
  to_status   text not null,
  to_category text not null check (to_category in ('initial', 'planning', 'ready', 'active', 'held', 'review', 'done', 'abandoned')),
  primary key (lifecycle, from_status, to_status)
);
comment on table lifecycle_transitions is 'reference data, the same for every tenant';

insert into lifecycle_transitions (lifecycle, from_status, to_status, to_category) values
  ('change-control', '',                 'draft',            'initial'),
  ('change-control', 'import',           'closed',           'done'),
  ('change-control', 'draft',            'pending_approval', 'planning'),
  ('change-control', 'draft',            'assigned',         'ready'),
  ('change-control', 'draft',            'cancelled',        'abandoned'),
  ('change-control', 'pending_approval', 'assigned',         'ready'),
  ('change-control', 'pending_approval', 'draft',            'initial'),
  ('change-control', 'pending_approval', 'cancelled',        'abandoned'),
  ('change-control', 'assigned',         'in_progress',      'active'),
  ('change-control', 'assigned',         'cancelled',        'abandoned'),
  ('change-control', 'in_progress',      'blocked',          'held'),
  ('change-control', 'in_progress',      'completed',        'review'),
  ('change-control', 'in_progress',      'cancelled',        'abandoned'),
  ('change-control', 'blocked',          'in_progress',      'active'),
  ('change-control', 'blocked',          'cancelled',        'abandoned'),
  ('change-control', 'completed',        'in_progress',      'active'),
  ('change-control', 'completed',        'closed',           'done'),
  ('change-control', 'completed',        'cancelled',        'abandoned'),
  ('qms', '',               'draft',          'initial'),
  ('qms', 'import',         'completed',      'done'),
  ('qms', 'draft',          'planned',        'planning'),
  ('qms', 'draft',          'cancelled',      'abandoned'),
  ('qms', 'planned',        'scheduled',      'ready'),
  ('qms', 'planned',        'cancelled',      'abandoned'),
  ('qms', 'scheduled',      'in_progress',    'active'),
  ('qms', 'scheduled',      'cancelled',      'abandoned'),
  ('qms', 'in_progress',    'pending_review', 'review'),
  ('qms', 'in_progress',    'cancelled',      'abandoned'),
  ('qms', 'pending_review', 'approved',       'review'),
  ('qms', 'pending_review', 'rejected',       'abandoned'),
  ('qms', 'pending_review', 'cancelled',      'abandoned'),
  ('qms', 'approved',       'completed',      'done'),
  ('qms', 'approved',       'cancelled',      'abandoned'),
  ('fleet', '',            'pending',     'initial'),
  ('fleet', 'import',      'approved',    'done'),
  ('fleet', 'pending',     'accepted',    'ready'),
  ('fleet', 'pending',     'cancelled',   'abandoned'),
  ('fleet', 'accepted',    'in_progress', 'active'),
  ('fleet', 'accepted',    'cancelled',   'abandoned'),
  ('fleet', 'in_progress', 'blocked',     'held'),
  ('fleet', 'in_progress', 'review',      'review'),
  ('fleet', 'in_progress', 'cancelled',   'abandoned'),
  ('fleet', 'blocked',     'in_progress', 'active'),
  ('fleet', 'blocked',     'cancelled',   'abandoned'),
  ('fleet', 'review',      'approved',    'done'),
  ('fleet', 'review',      'rejected',    'active'),
  ('fleet', 'review',      'cancelled',   'abandoned'),
  ('fleet', 'rejected',    'in_progress', 'active'),
  ('fleet', 'rejected',    'cancelled',   'abandoned');

create table work_orders (
  tenant_id           uuid             not null default current_tenant() references tenants,
  id                  uuid             not null,
  number              text             not null,
  lifecycle           text             not null,
  status              text             not null,
  category            text             not null,
  title               text             not null check (title <> '' and length(title) <= 500),
  description         text             null,
  priority            text             not null check (priority in ('critical', 'high', 'medium', 'low')),
  regulatory          boolean          not null,
  origin              text             not null check (origin in ('automation', 'external', 'manual')),
  requester_id        uuid             not null,
  assignee_id         uuid             null,
  asset_id            uuid             null,
  due_date            date             null,
  estimated_hours     double precision null check (estimated_hours between 0 and 1e6),
  actual_hours        double precision null check (actual_hours between 0 and 1e6),
  tags                text[]           not null default '{}',
  project             text             null,
  work_category       text             null,
  acceptance_criteria text             null,
  deliverables        text             null,
  notes               text             null,
  completion_summary  text             null,
  review_notes        text             null,
  related_wo_ids      text[]           not null default '{}',
  parent_id           uuid             null,
  planned_start       timestamptz      null,
  planned_end         timestamptz      null,
  actual_start        timestamptz      null,
  actual_end          timestamptz      null,
  job_plan            jsonb            null,
  requirements        jsonb            null,
  hold                jsonb            null,
  blocker             jsonb            null,
  revision            integer          not null default 1 check (revision > 0),
  revision_of         uuid             null,
  acknowledged_at     timestamptz      null,
  attributes          jsonb            not null default '{}',
  executor_ids        uuid[]           not null default '{}',
  editor_id           uuid             null,
  import_source       text             null,      -- 'name:row key' of history that was closed elsewhere
  version             integer          not null check (version > 0),
  entry_seq           integer          not null,
  entry_id            uuid             not null,
  entry_head          bytea            not null,
  created_at          timestamptz      not null default now(),
  updated_at          timestamptz      not null default now(),
  priority_rank       smallint         not null generated always as
    (case priority when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end) stored,
  due_order           date             not null generated always as (coalesce(due_date, 'infinity')) stored,
  primary key (tenant_id, id),
  constraint planned_end_is_not_before_planned_start check (planned_end >= planned_start),
  foreign key (tenant_id, requester_id) references principals (tenant_id, id),
  foreign key (tenant_id, assignee_id)  references principals (tenant_id, id),
  foreign key (tenant_id, asset_id)     references assets (tenant_id, id)
) partition by range (id);

-- What the lists are read by. Each ends in id, which is also the order of creation, so that a page is one range.
create index work_orders_by_status    on work_orders (tenant_id, status, id);
create index work_orders_by_assignee  on work_orders (tenant_id, assignee_id, id);
create index work_orders_by_requester on work_orders (tenant_id, requester_id, id);
create index work_orders_by_asset     on work_orders (tenant_id, asset_id, id);
create index work_orders_by_project   on work_orders (tenant_id, project, id) where project is not null;
create index work_orders_by_priority  on work_orders (tenant_id, priority_rank, id);
create index work_orders_by_due_date  on work_orders (tenant_id, due_order, id);
create index work_orders_by_update    on work_orders (tenant_id, updated_at, id);
create index work_orders_by_parent    on work_orders (tenant_id, parent_id) where parent_id is not null;
create index work_orders_unfinished   on work_orders (tenant_id, id) where category not in ('done', 'abandoned');

create constraint trigger no_change_without_an_entry after insert or update on work_orders
  deferrable initially deferred for each row execute function require_entry();

-- At commit: an entry is the head of its record. With the guard above: both are written, or neither; and of two
-- that followed the same entry, one is refused.
create function require_record() returns trigger language plpgsql as $$
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
$$;
create constraint trigger no_entry_beside_its_chain after insert on entries
  deferrable initially deferred for each row execute function require_record();

create function guard_work_order() returns trigger language plpgsql as $$
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
$$;
create trigger only_what_the_lifecycle_allows before insert or update on work_orders
  for each row execute function guard_work_order();

-- A number is unique in its tenant; the partitioned table cannot say so itself.
create table work_order_numbers (
  tenant_id     uuid not null default current_tenant() references tenants,
  number        text not null,
  work_order_id uuid not null,
  constraint one_work_order_per_number primary key (tenant_id, number)
);

create table number_counters (
  tenant_id uuid    not null default current_tenant() references tenants,
  year      integer not null check (year between 2000 and 9999),
  last      integer not null check (last > 0),
  primary key (tenant_id, year)
);

-- ------------------------------------------------------------------------------------------------ search

-- The words of a work order, apart from its row so that a transition does not touch their index.
create table work_order_texts (
  tenant_id     uuid   not null default current_tenant(),
  work_order_id uuid   not null,
  words         text   not null,
  tags          text[] not null,
  primary key (tenant_id, work_order_id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id)
);
create index work_order_texts_by_fragment on work_order_texts using gin (words gin_trgm_ops);
create index work_order_texts_by_tag      on work_order_texts using gin (tags);

create function index_work_order_texts() returns trigger language plpgsql as $$
begin
  insert into work_order_texts (tenant_id, work_order_id, words, tags)
    values (new.tenant_id, new.id, lower(concat_ws(' ', new.number, new.title, new.description, new.project,
      array_to_string(new.tags, ' '), (select string_agg(value, ' ') from jsonb_each_text(new.attributes)))), new.tags)
  on conflict (tenant_id, work_order_id) do update set words = excluded.words, tags = excluded.tags;
  return null;
end
$$;
create trigger words_are_indexed after insert or update of title, description, project, tags, attributes on work_orders
  for each row execute function index_work_order_texts();

-- ------------------------------------------------------------------------------------------- attachments

create table attachments (
  tenant_id     uuid        not null default current_tenant(),
  id            uuid        not null,
  work_order_id uuid        not null,
  name          text        not null check (name <> '' and length(name) <= 255),
  media_type    text        not null,
  size_bytes    bigint      not null check (size_bytes >= 0),
  sha256        bytea       not null check (octet_length(sha256) = 32),
  uploaded_by   uuid        not null,
  uploaded_at   timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  foreign key (tenant_id, uploaded_by) references principals (tenant_id, id)
);
create index attachments_of_a_work_order on attachments (tenant_id, work_order_id, id);
create constraint trigger no_change_without_an_entry after insert or update or delete on attachments
  deferrable initially deferred for each row execute function require_entry_of_owner('work_order_id');

create table attachment_chunks (
  tenant_id     uuid    not null default current_tenant(),
  attachment_id uuid    not null,
  position      integer not null check (position >= 0),
  bytes         bytea   not null,
  primary key (tenant_id, attachment_id, position),
  foreign key (tenant_id, attachment_id) references attachments (tenant_id, id)
);

-- ------------------------------------------------------------------------------------------------ import

-- One row of a source file is one work order, however often the file is read.
create table imported_rows (
  tenant_id     uuid not null default current_tenant() references tenants,
  source        text not null,
  row_key       text not null,
  work_order_id uuid not null,
  constraint one_work_order_per_source_row primary key (tenant_id, source, row_key)
);

-- ---------------------------------------------------------------------------------------- row security

alter table work_orders           enable row level security;
alter table work_orders           force  row level security;
alter table work_order_numbers    enable row level security;
alter table work_order_numbers    force  row level security;
alter table number_counters       enable row level security;
alter table number_counters       force  row level security;
alter table work_order_texts      enable row level security;
alter table work_order_texts      force  row level security;
alter table attachments           enable row level security;
alter table attachments           force  row level security;
alter table attachment_chunks     enable row level security;
alter table attachment_chunks     force  row level security;
alter table imported_rows         enable row level security;
alter table imported_rows         force  row level security;
alter table lifecycle_transitions enable row level security;
alter table lifecycle_transitions force  row level security;

create policy tenant on work_orders        using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on work_order_numbers using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on number_counters    using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on work_order_texts   using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on attachments        using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on attachment_chunks  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on imported_rows      using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy reference_data on lifecycle_transitions for select using (true);

grant select, insert, update on work_orders        to docket_app;
grant select, insert         on work_order_numbers to docket_app;
grant select, insert, update on number_counters    to docket_app;
grant select, insert, update on work_order_texts   to docket_app;
grant select, insert         on attachments        to docket_app;
grant select, insert         on attachment_chunks  to docket_app;
grant select, insert         on imported_rows      to docket_app;
grant select                 on lifecycle_transitions to docket_app, docket_auditor;
grant select on work_orders, work_order_numbers, attachments, attachment_chunks, imported_rows to docket_auditor;

-- Row security keeps LIKE away from an index (it is not leakproof), so the search runs as a role of its own
-- that sees this one table and nothing else, and names the tenant itself. Newest first.
create policy search on work_order_texts for select to docket_search using (true);
grant usage on schema public to docket_search;
grant select on work_order_texts to docket_search;

create function search_work_orders(fragments text[], wanted_tags text[], before uuid, most integer) returns setof uuid
  language plpgsql stable security definer set search_path = public, pg_temp as $$
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
$$;
grant create on schema public to docket_search;
alter function search_work_orders(text[], text[], uuid, integer) owner to docket_search;
revoke create on schema public from docket_search;
revoke execute on function search_work_orders(text[], text[], uuid, integer) from public;
grant execute on function search_work_orders(text[], text[], uuid, integer) to docket_app;

select ensure_partitions(now() - interval '1 month', 4);
