-- People, tools and assets that are set aside for a work order, for half-open ranges of time. Never more of one than
-- there is: whatever the service thought, the trigger counts under the lock of the resource.

create table reservations (
  tenant_id     uuid        not null default current_tenant() references tenants,
  id            uuid        not null,
  kind          text        not null check (kind in ('person', 'tool', 'asset')),
  resource_id   uuid        not null,
  work_order_id uuid        not null,
  during        tstzrange   not null,
  quantity      integer     not null check (quantity > 0),
  state         text        not null check (state in ('held', 'confirmed', 'released')),
  held_until    timestamptz null,
  created_by    uuid        not null,
  created_at    timestamptz not null,
  released_at   timestamptz null,
  primary key (tenant_id, id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  foreign key (tenant_id, created_by) references principals (tenant_id, id),
  constraint a_reservation_is_a_half_open_range
    check (not isempty(during) and lower_inc(during) and not upper_inc(during) and not lower_inf(during) and not upper_inf(during)),
  constraint a_hold_has_an_end check ((state = 'held') = (held_until is not null)),
  constraint a_release_says_when check ((state = 'released') = (released_at is not null)),
  constraint one_person_or_asset_is_one check (kind = 'tool' or quantity = 1)
);
create index reservations_of_a_resource   on reservations (tenant_id, resource_id, upper(during)) where state <> 'released';
create index reservations_of_a_work_order on reservations (tenant_id, work_order_id);

alter table reservations enable row level security;
alter table reservations force row level security;
create policy tenant on reservations using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert, update (state, held_until, released_at) on reservations to docket_app;
grant select on reservations to docket_auditor;

create constraint trigger no_change_without_an_entry after insert or update on reservations
  deferrable initially deferred for each row execute function require_entry_of_owner('work_order_id');

-- How many there are of it now; null where there is no such thing, or it is out of use.
create function find_capacity(tenant uuid, what text, resource uuid) returns integer language sql stable as $$
  select case what
    when 'tool'   then (select (r.body ->> 'quantity')::integer from resources r where r.tenant_id = tenant and r.id = resource and r.type = 'tool' and not r.retired)
    when 'person' then (select 1 from principals p where p.tenant_id = tenant and p.id = resource and p.disabled_at is null)
    when 'asset'  then (select 1 from assets a where a.tenant_id = tenant and a.id = resource and a.status <> 'retired')
  end
$$;

-- The most that is taken at any one instant of the range: at its beginning, or where another reservation begins in it.
create function find_most_taken(tenant uuid, resource uuid, wanted tstzrange, beside uuid) returns integer language sql volatile as $$
  with taken as (
    select r.during, r.quantity from reservations r
     where r.tenant_id = tenant and r.resource_id = resource and r.state <> 'released' and upper(r.during) > lower(wanted)
       and lower(r.during) < upper(wanted) and r.id <> beside
       and (r.state = 'confirmed' or r.held_until > clock_timestamp())),
  instants as (select lower(wanted) as at union select lower(during) from taken where lower(during) > lower(wanted))
  select coalesce(max(sum), 0)::integer
    from (select (select sum(t.quantity) from taken t where t.during @> i.at) as sum from instants i) as at_each
$$;

create function guard_reservation() returns trigger language plpgsql as $$
declare
  capacity integer;
begin
  if tg_op = 'UPDATE' and (old.state = 'released' or (new.state = 'held' and old.state = 'confirmed')) then
    raise exception 'reservation % is over, or confirmed for good', old.id using errcode = 'DK036';
  end if;
  if new.state = 'released' then
    return new;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('docket.resource ' || new.resource_id, 0));
  capacity := find_capacity(new.tenant_id, new.kind, new.resource_id);
  if capacity is null or find_most_taken(new.tenant_id, new.resource_id, new.during, new.id) + new.quantity > capacity then
    raise exception '% % is taken', new.kind, new.resource_id using errcode = 'DK035';
  end if;
  return new;
end
$$;
create trigger nothing_is_reserved_twice before insert or update on reservations
  for each row execute function guard_reservation();

-- What is finished or cancelled needs nothing any more; the entry of its end tells it.
create function release_reservations() returns trigger language plpgsql as $$
begin
  update reservations set state = 'released', held_until = null, released_at = clock_timestamp()
   where tenant_id = new.tenant_id and work_order_id = new.id and state <> 'released' and upper(during) > clock_timestamp();
  return null;
end
$$;
create trigger what_is_over_sets_nothing_aside after update on work_orders
  for each row when (new.category in ('done', 'abandoned') and old.category not in ('done', 'abandoned'))
  execute function release_reservations();
