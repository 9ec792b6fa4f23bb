-- What expires counts everywhere: certificates of people and vendors as ratings do, the calibration of tools where they are
-- set aside. And the assets of a tenant are trees: none is part of itself, however many there are in between.

create function guard_asset_parent() returns trigger language plpgsql as $$
begin
  -- One after the other: of two that are each put below the other, both would see no cycle.
  perform pg_advisory_xact_lock(hashtextextended('docket.asset_tree ' || new.tenant_id, 0));
  if exists (
    with recursive above as (
      select new.parent_id as id
      union select a.parent_id from above join assets a on a.tenant_id = new.tenant_id and a.id = above.id)
    select from above where id = new.id) then
    raise exception 'asset % would be part of itself', new.id using errcode = 'DK042';
  end if;
  return new;
end
$$;
create trigger no_asset_is_part_of_itself before insert on assets
  for each row when (new.parent_id is not null) execute function guard_asset_parent();
create trigger no_asset_becomes_part_of_itself before update on assets
  for each row when (new.parent_id is not null and new.parent_id is distinct from old.parent_id)
  execute function guard_asset_parent();
create index assets_by_parent on assets (tenant_id, parent_id) where parent_id is not null;

-- ------------------------------------------------------------------------------------------------- certificates

-- The first instant after a calendar day (UTC): what is valid on that day is not valid then.
create function find_end_of_day(day text) returns timestamptz language sql stable as $$
  select (day::date + 1)::timestamp at time zone 'UTC'
$$;

-- The first qualification that the work order asks for and that this person does not have now; null where there is none.
create function find_missing_qualification(tenant uuid, person uuid, requirements jsonb) returns text language sql stable as $$
  select coalesce(
    find_missing_experience(tenant, person, requirements),
    (select asked ->> 'name' from jsonb_array_elements(requirements -> 'certificates') asked
      where not exists (
        select from principals p cross join jsonb_array_elements(p.profile -> 'certificates') c
         where p.tenant_id = tenant and p.id = person and c ->> 'name' = asked ->> 'name'
           and (c ->> 'expires_on' is null or find_end_of_day(c ->> 'expires_on') > clock_timestamp()))
      limit 1))
$$;

create or replace function guard_qualification() returns trigger language plpgsql as $$
declare
  missing text := find_missing_qualification(new.tenant_id, new.assignee_id, new.requirements);
begin
  if missing is not null then
    raise exception '% is not qualified for work order %: %', new.assignee_id, new.id, missing using errcode = 'DK034';
  end if;
  return new;
end
$$;

-- ------------------------------------------------------------------------------------------------- calibration

-- The first instant at which the calibration of a tool is past due; null where there is nothing to calibrate.
create function find_calibration_end(tenant uuid, tool uuid) returns timestamptz language sql stable as $$
  select find_end_of_day(r.body ->> 'calibration_due') from resources r
   where r.tenant_id = tenant and r.id = tool and r.type = 'tool'
$$;

create or replace function guard_reservation() returns trigger language plpgsql as $$
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
  if new.kind = 'tool' and upper(new.during) > find_calibration_end(new.tenant_id, new.resource_id) then
    raise exception 'the calibration of tool % is past due in that time', new.resource_id using errcode = 'DK043';
  end if;
  return new;
end
$$;
