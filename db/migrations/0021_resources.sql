-- What work needs besides work orders: experiences, tools and calendars, each a record with a chain of its own; and
-- what is known of a person: a profile, and ratings of experience with an expiry. Who lacks a valid rating does not
-- start: the service says so, and the database besides.

alter table entries drop constraint entries_record_kind_check;
alter table entries add constraint entries_record_kind_check
  check (record_kind in ('work_order', 'asset', 'principal', 'tenant', 'delegation', 'finding', 'template', 'resource'));

create table resources (
  tenant_id  uuid        not null default current_tenant() references tenants,
  id         uuid        not null,
  type       text        not null check (type in ('experience', 'tool', 'calendar')),
  name       text        not null check (name <> '' and length(name) <= 200),
  body       jsonb       not null check (jsonb_typeof(body) = 'object'),
  retired    boolean     not null,
  version    integer     not null check (version > 0),
  entry_seq  integer     not null,
  entry_id   uuid        not null,
  entry_head bytea       not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, id),
  constraint one_resource_per_type_and_name unique (tenant_id, type, name),
  constraint a_tool_is_there_at_least_once check (type <> 'tool' or (body ->> 'quantity')::integer >= 1)
);
alter table resources enable row level security;
alter table resources force row level security;
create policy tenant on resources using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert on resources to docket_app;
grant update (body, retired, version, entry_seq, entry_id, entry_head, updated_at) on resources to docket_app;
grant select on resources to docket_auditor;

create constraint trigger no_change_without_an_entry after insert or update on resources
  deferrable initially deferred for each row execute function require_entry();

create or replace function require_record() returns trigger language plpgsql as $$
begin
  if new.record_kind = 'work_order' then
    perform 1 from work_orders r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  elsif new.record_kind = 'principal' then
    perform 1 from principals r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  elsif new.record_kind = 'asset' then
    perform 1 from assets r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  elsif new.record_kind = 'delegation' then
    perform 1 from delegations r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  elsif new.record_kind = 'finding' then
    perform 1 from findings r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  elsif new.record_kind = 'template' then
    perform 1 from templates r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  elsif new.record_kind = 'resource' then
    perform 1 from resources r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  else
    perform 1 from tenants r where r.tenant_id = new.tenant_id and r.id = new.record_id and r.entry_seq = new.seq and r.entry_id = new.id;
  end if;
  if not found then
    perform 1 from entries e
      where e.tenant_id = new.tenant_id and e.record_id = new.record_id and e.seq = new.seq + 1 and e.xid = pg_current_xact_id();
  end if;
  if not found then
    raise exception 'entry % of % % is not its head', new.seq, new.record_kind, new.record_id using errcode = 'DK006';
  end if;
  return null;
end
$$;

-- ------------------------------------------------------------------------------------------------- people

alter table principals
  add column profile jsonb null check (jsonb_typeof(profile) = 'object'),
  add column ratings jsonb null check (jsonb_typeof(ratings) = 'array' and jsonb_array_length(ratings) > 0);

-- The first experience that the work order asks for and that this person does not have now; null where there is none.
create function find_missing_experience(tenant uuid, person uuid, requirements jsonb) returns text language sql stable as $$
  select asked ->> 'name' from jsonb_array_elements(requirements -> 'experience') asked
   where not exists (
     select from principals p
       cross join jsonb_array_elements(p.ratings) r
       join resources x on x.tenant_id = p.tenant_id and x.id = (r ->> 'experience_id')::uuid
      where p.tenant_id = tenant and p.id = person and x.name = asked ->> 'name'
        and (r ->> 'rating')::integer >= (asked ->> 'min_rating')::integer
        and (r ->> 'expires_at' is null or (r ->> 'expires_at')::timestamptz > clock_timestamp()))
   limit 1
$$;

create function guard_qualification() returns trigger language plpgsql as $$
declare
  missing text := find_missing_experience(new.tenant_id, new.assignee_id, new.requirements);
begin
  if missing is not null then
    raise exception '% is not qualified for work order %: %', new.assignee_id, new.id, missing using errcode = 'DK034';
  end if;
  return new;
end
$$;
create trigger who_starts_is_qualified before update on work_orders
  for each row when (new.assignee_id is not null and new.requirements is not null and new.category = 'active'
    and (old.category not in ('active', 'held') or new.assignee_id is distinct from old.assignee_id))
  execute function guard_qualification();
