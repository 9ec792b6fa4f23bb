-- The schema after all migrations, read off the catalogue by "npm run schema". Do not edit; do not apply.
-- Left out: partitions by month (made by ensure_partitions), and what extensions bring.

-- ------------------------------------------------------------------------------ schemas and extensions

create extension btree_gist;
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
CREATE OR REPLACE FUNCTION public.currency_digits(currency text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (currency = ANY (ARRAY['BIF'::text, 'CLP'::text, 'DJF'::text, 'GNF'::text, 'ISK'::text, 'JPY'::text, 'KMF'::text, 'KRW'::text, 'PYG'::text, 'RWF'::text, 'UGX'::text, 'UYI'::text, 'VND'::text, 'VUV'::text, 'XAF'::text, 'XOF'::text, 'XPF'::text])) THEN 0 WHEN (currency = ANY (ARRAY['BHD'::text, 'IQD'::text, 'JOD'::text, 'KWD'::text, 'LYD'::text, 'OMR'::text, 'TND'::text])) THEN 3 WHEN (currency = ANY (ARRAY['CLF'::text, 'UYW'::text])) THEN 4 ELSE 2 END;

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

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.find_calibration_end(tenant uuid, tool uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select find_end_of_day(r.body ->> 'calibration_due') from resources r
   where r.tenant_id = tenant and r.id = tool and r.type = 'tool'
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.find_capacity(tenant uuid, what text, resource uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE
AS $function$
  select case what
    when 'tool'   then (select (r.body ->> 'quantity')::integer from resources r where r.tenant_id = tenant and r.id = resource and r.type = 'tool' and not r.retired)
    when 'person' then (select 1 from principals p where p.tenant_id = tenant and p.id = resource and p.disabled_at is null)
    when 'asset'  then (select 1 from assets a where a.tenant_id = tenant and a.id = resource and a.status <> 'retired')
  end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.find_cost_rate(tenant uuid, person uuid, at timestamp with time zone)
 RETURNS TABLE(cost_rate numeric, currency text)
 LANGUAGE sql
 STABLE
AS $function$
  select r.cost_rate::numeric, r.currency from list_cost_rates(tenant, person) r
   order by r.since <= at desc, case when r.since <= at then r.since end desc, r.since limit 1
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.find_end_of_day(day text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select (day::date + 1)::timestamp at time zone 'UTC'
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.find_missing_experience(tenant uuid, person uuid, requirements jsonb)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select asked ->> 'name' from jsonb_array_elements(requirements -> 'experience') asked
   where not exists (
     select from principals p
       cross join jsonb_array_elements(p.ratings) r
       join resources x on x.tenant_id = p.tenant_id and x.id = (r ->> 'experience_id')::uuid
      where p.tenant_id = tenant and p.id = person and x.name = asked ->> 'name'
        and (r ->> 'rating')::integer >= (asked ->> 'min_rating')::integer
        and (r ->> 'expires_at' is null or (r ->> 'expires_at')::timestamptz > clock_timestamp()))
   limit 1
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.find_missing_qualification(tenant uuid, person uuid, requirements jsonb)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(
    find_missing_experience(tenant, person, requirements),
    (select asked ->> 'name' from jsonb_array_elements(requirements -> 'certificates') asked
      where not exists (
        select from principals p cross join jsonb_array_elements(p.profile -> 'certificates') c
         where p.tenant_id = tenant and p.id = person and c ->> 'name' = asked ->> 'name'
           and (c ->> 'expires_on' is null or find_end_of_day(c ->> 'expires_on') > clock_timestamp()))
      limit 1))
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.find_most_taken(tenant uuid, resource uuid, wanted tstzrange, beside uuid)
 RETURNS integer
 LANGUAGE sql
AS $function$
  with taken as (
    select r.during, r.quantity from reservations r
     where r.tenant_id = tenant and r.resource_id = resource and r.state <> 'released' and upper(r.during) > lower(wanted)
       and lower(r.during) < upper(wanted) and r.id <> beside
       and (r.state = 'confirmed' or r.held_until > clock_timestamp())),
  instants as (select lower(wanted) as at union select lower(during) from taken where lower(during) > lower(wanted))
  select coalesce(max(sum), 0)::integer
    from (select (select sum(t.quantity) from taken t where t.during @> i.at) as sum from instants i) as at_each
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.find_open_step(tenant uuid, plan jsonb, results jsonb)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select step ->> 'key' from jsonb_array_elements(plan -> 'steps') step
   where jsonb_typeof(step) = 'object' and (step ->> 'mandatory')::boolean
     and not case
           when step ->> 'kind' = 'work_order' then exists (
             select from work_orders w where w.tenant_id = tenant and w.id = (step ->> 'work_order')::uuid
                and (w.category = 'done' or w.waiver is not null))
           when results -> (step ->> 'key') ->> 'state' = 'out_of_limits' then not exists (
             select from findings f where f.tenant_id = tenant and f.number = results -> (step ->> 'key') ->> 'finding' and f.state <> 'closed')
           else coalesce(results -> (step ->> 'key') ->> 'state' = 'done', false)
         end
   limit 1
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
CREATE OR REPLACE FUNCTION public.guard_absence()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if old.removed_at is not null or to_jsonb(new) - 'removed_at' <> to_jsonb(old) - 'removed_at' then
    raise exception 'absence % is not changed, it is removed and another one added', old.id using errcode = 'DK009';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_approval_requirement()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (new.id, new.round_id, new.work_order_id, new.role, new.count, new.position)
     is distinct from (old.id, old.round_id, old.work_order_id, old.role, old.count, old.position) then
    raise exception 'what a round requires does not change' using errcode = 'DK005';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_approval_round()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  wo work_orders%rowtype;
begin
  if old.status <> 'open' or (new.id, new.work_order_id, new.gate, new.number, new.policy_version, new.ordered, new.opened_at, new.reason)
     is distinct from (old.id, old.work_order_id, old.gate, old.number, old.policy_version, old.ordered, old.opened_at, old.reason) then
    raise exception 'round % is closed', old.id using errcode = 'DK005';
  end if;
  if new.status = 'passed' then
    select * into strict wo from work_orders where tenant_id = new.tenant_id and id = new.work_order_id;
    if exists (select from approval_requirements r where r.tenant_id = new.tenant_id and r.round_id = new.id
                and r.count > (select count(*) from signatures s where s.tenant_id = new.tenant_id and s.round_id = new.id
                                  and s.role = r.role and s.wo_version = wo.version))
       or ((wo.regulatory or new.gate = 'waiver') and 2 > (select count(distinct s.role) from signatures s where s.tenant_id = new.tenant_id and s.round_id = new.id
                                   and s.role in ('system_owner', 'qa') and s.wo_version = wo.version)) then
      raise exception 'round % of % is not signed by all', new.number, wo.id using errcode = 'DK005';
    end if;
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_asset_parent()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_attestation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if not exists (select from principals p where p.tenant_id = new.tenant_id and p.id = new.principal_id and p.kind = 'human') then
    raise exception 'only a person attests' using errcode = 'DK013';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_checkpoint()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.tree_size is distinct from (select max(l.leaf_index) + 1 from log_leaves l)
     or new.tree_size <= (select max(c.tree_size) from checkpoints c) then
    raise exception 'a checkpoint of % is not the size of the log, or not above the one before', new.tree_size using errcode = 'DK024';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_cost_line()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  written constant text[] := '{voided_by,voided_at,void_reason}';
begin
  if tg_op = 'UPDATE' and (old.voided_at is not null or to_jsonb(new) - written <> to_jsonb(old) - written) then
    raise exception 'cost line % is void, or another one corrects it', old.id using errcode = 'DK037';
  end if;
  perform 1 from work_orders w where w.tenant_id = new.tenant_id and w.id = new.work_order_id and w.category not in ('done', 'abandoned');
  if not found then
    raise exception 'work order % is final: its costs stay as they are', new.work_order_id using errcode = 'DK039';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_delegation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (new.delegator_id, new.delegate_id, new.roles, new.lifecycles, new.work_categories, new.regulatory, new.starts_at, new.ends_at, new.reason)
     is distinct from (old.delegator_id, old.delegate_id, old.roles, old.lifecycles, old.work_categories, old.regulatory, old.starts_at, old.ends_at, old.reason)
     or (old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at)
     or (old.declined_at is not null and new.declined_at is distinct from old.declined_at) then
    raise exception 'delegation % is not changed, it is revoked and another one made', old.id using errcode = 'DK010';
  end if;
  return new;
end
$function$;

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
CREATE OR REPLACE FUNCTION public.guard_finding()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'open' or new.occurrences <> 1 then
      raise exception 'finding % does not begin open', new.number using errcode = 'DK003';
    end if;
    return new;
  end if;
  if old.state = 'closed' then
    raise exception 'finding % is final', old.number using errcode = 'DK003';
  end if;
  if (new.id, new.number, new.kind, new.severity, new.title, new.work_order_id, new.violator_id, new.detail, new.created_at)
     is distinct from (old.id, old.number, old.kind, old.severity, old.title, old.work_order_id, old.violator_id, old.detail, old.created_at)
     or new.version not in (old.version, old.version + 1)
     or new.occurrences not in (old.occurrences, old.occurrences + 1) then
    raise exception 'identity of finding % changed', old.number using errcode = 'DK003';
  end if;
  -- Who raises a finding has a transaction id already and may have waited for this row: its entry would stand in
  -- the log before the one that it follows. The same work again, in a younger transaction, is right.
  perform 1 from entries e
    where e.tenant_id = old.tenant_id and e.id = old.entry_id and e.xid > pg_current_xact_id();
  if found then
    raise exception 'finding % was changed by a younger transaction', old.number using errcode = 'DK006';
  end if;
  if new.state = 'closed' then
    if not exists (select from principals p join role_grants g on g.tenant_id = p.tenant_id and g.principal_id = p.id
                    where p.tenant_id = new.tenant_id and p.id = new.closed_by and p.kind = 'human' and p.disabled_at is null
                      and g.role in ('qa', 'admin')) then
      raise exception '% may not close finding %', new.closed_by, old.number using errcode = 'DK014';
    end if;
    if new.closed_by = new.violator_id or exists (select from principals v
         where v.tenant_id = new.tenant_id and v.id = new.violator_id and v.sponsor_id = new.closed_by) then
      raise exception 'separation of duties on finding %', old.number using errcode = 'DK012';
    end if;
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_hand_in()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  open_step text := find_open_step(new.tenant_id, new.job_plan, new.step_results);
begin
  if open_step is not null then
    raise exception 'work order % is handed in while step % is not done', new.id, open_step using errcode = 'DK018';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_integrity()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform 1 from findings f where f.tenant_id = new.tenant_id and f.kind = 'log_mismatch' and f.state <> 'closed';
  if found then
    raise exception 'work order % is held: the log of its tenant does not match', old.id using errcode = 'DK015';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_key_proof()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    if (new.status, new.certificate, new.proofed_by, new.proofed_at, new.proof_note, new.revoked_by)
       is distinct from ('pending', null::bytea, null::uuid, null::timestamptz, null::text, null::uuid) then
      raise exception 'signing key % does not begin unconfirmed', new.id using errcode = 'DK009';
    end if;
    if exists (select from signing_locks l where l.tenant_id = new.tenant_id and l.principal_id = new.principal_id and l.unlocked_at is null) then
      raise exception 'signing of % is locked', new.principal_id using errcode = 'DK013';
    end if;
    return new;
  end if;
  if old.proofed_by is not null
     and (new.proofed_by, new.proofed_at, new.proof_note) is distinct from (old.proofed_by, old.proofed_at, old.proof_note) then
    raise exception 'who confirmed signing key % does not change', old.id using errcode = 'DK009';
  end if;
  if new.proofed_by is distinct from old.proofed_by then
    if old.status <> 'pending' or new.status <> 'active' or not has_role(new.tenant_id, new.proofed_by, '{admin,qa}') then
      raise exception 'signing key % is confirmed by an administrator or QA only', old.id using errcode = 'DK009';
    end if;
    if exists (select from entries e where e.tenant_id = new.tenant_id and e.record_id = new.principal_id
                 and e.action = 'password_set' and e.actor_id = new.proofed_by) then
      raise exception 'who gave % a password does not confirm signing key %', new.principal_id, old.id using errcode = 'DK009';
    end if;
  end if;
  if new.status = 'revoked' and (new.revoked_by is null
     or (new.revoked_by <> new.principal_id and not has_role(new.tenant_id, new.revoked_by, '{admin}'))) then
    raise exception 'signing key % is revoked by its owner or an administrator only', old.id using errcode = 'DK009';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_log_leaves()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
  added  record;
  before record;
  upto   record;
  -- Where the log ended before, as plain values: an expression such as coalesce() counts as one that might leak, so it
  -- would be a filter behind row security instead of the beginning of an index scan.
  from_xid xid8 := '0';
  from_id  uuid := '00000000-0000-0000-0000-000000000000';
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
  if before.xid is not null then
    from_xid := before.xid;
    from_id := before.id;
  end if;
  select e.xid, e.id into upto
    from log_leaves l join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
   where l.leaf_index = added.last;
  if not added.in_order or upto.xid >= pg_snapshot_xmin(pg_current_snapshot())
     or added.leaves <> (
       select count(*) from entries e
        where (e.xid, e.id) > (from_xid, from_id)
          and (e.xid, e.id) <= (upto.xid, upto.id)) then
    raise exception 'leaves % to % are not the next entries in order of commit', added.first, added.last using errcode = 'DK022';
  end if;
  return null;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_log_tile()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_master()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  open_one text;
begin
  select c.number into open_one
    from tree_nodes n join work_orders c on c.tenant_id = n.tenant_id and c.id = n.work_order_id
   where n.tenant_id = new.tenant_id and n.parent_id = new.id
     and c.waiver is null and c.category in ('active', 'held', 'review') limit 1;
  if found then
    raise exception 'work order % closes while % is not finished', new.id, open_one using errcode = 'DK032';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_new_delegation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if 2 <> (select count(*) from principals p where p.tenant_id = new.tenant_id and p.id in (new.delegator_id, new.delegate_id)
             and p.kind = 'human' and p.disabled_at is null) then
    raise exception 'delegation % is not between two active people', new.id using errcode = 'DK010';
  end if;
  if exists (select from unnest(new.roles) r (role) where not exists (
               select from role_grants g where g.tenant_id = new.tenant_id and g.principal_id = new.delegator_id and g.role = r.role)) then
    raise exception '% does not hold what is delegated', new.delegator_id using errcode = 'DK010';
  end if;
  if new.roles @> array['system_owner', 'qa'] or exists (
       select from role_grants g where g.tenant_id = new.tenant_id and g.principal_id = new.delegate_id
          and (g.role = 'qa' and 'system_owner' = any (new.roles) or g.role = 'system_owner' and 'qa' = any (new.roles))) then
    raise exception 'System Owner and QA are two people' using errcode = 'DK010';
  end if;
  if new.declined_at is not null or new.revoked_at is not null or new.delegate_accepted_at is not null then
    raise exception 'delegation % begins as a proposal', new.id using errcode = 'DK010';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_qualification()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  missing text := find_missing_qualification(new.tenant_id, new.assignee_id, new.requirements);
begin
  if missing is not null then
    raise exception '% is not qualified for work order %: %', new.assignee_id, new.id, missing using errcode = 'DK034';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_reservation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_schedule()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if old.state in ('done', 'failed') and (new.state, new.answer, new.fault, new.progress, new.ended_at) is distinct from (old.state, old.answer, old.fault, old.progress, old.ended_at) then
    raise exception 'schedule % is answered', old.id using errcode = 'DK044';
  end if;
  if old.booked_at is not null and new.booked_at is distinct from old.booked_at then
    raise exception 'schedule % is booked', old.id using errcode = 'DK044';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_signature()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  wo     work_orders%rowtype;
  round  approval_rounds%rowtype;
  intent signing_intents%rowtype;
  holder uuid := coalesce(new.on_behalf_of, new.signer_id);
  people uuid[] := array_remove(array[new.signer_id, new.on_behalf_of], null);
begin
  select * into strict wo     from work_orders     where tenant_id = new.tenant_id and id = new.work_order_id;
  select * into strict round  from approval_rounds where tenant_id = new.tenant_id and id = new.round_id;
  select * into strict intent from signing_intents where tenant_id = new.tenant_id and id = new.intent_id;
  if wo.version <> new.wo_version or round.work_order_id <> wo.id or round.gate <> new.gate or round.status <> 'open'
     or (new.gate = 'waiver' and (wo.category = 'done' or wo.waiver is not null))
     or (new.gate <> 'waiver' and not exists (select from lifecycle_transitions t where t.lifecycle = wo.lifecycle and t.from_status = wo.status and t.gate = new.gate)) then
    raise exception 'signature of % is not of what stands', wo.id using errcode = 'DK005';
  end if;
  if not exists (select from approval_requirements r where r.tenant_id = new.tenant_id and r.round_id = new.round_id and r.role = new.role) then
    raise exception 'nobody needs to sign % as %', wo.id, new.role using errcode = 'DK005';
  end if;
  if intent.used_at is null or intent.used_at > intent.expires_at or intent.principal_id <> new.signer_id or intent.work_order_id <> wo.id
     or intent.round_id <> new.round_id or intent.key_id <> new.key_id or intent.role <> new.role or intent.gate <> new.gate
     or intent.statement <> new.statement or intent.record <> new.record then
    raise exception 'signature of % has no intent of its own', wo.id using errcode = 'DK011';
  end if;
  if not exists (select from signing_keys k where k.tenant_id = new.tenant_id and k.id = new.key_id and k.principal_id = new.signer_id
                   and k.status = 'active' and k.kind = new.kind and k.certificate = new.certificate) then
    raise exception 'key % does not sign for %', new.key_id, new.signer_id using errcode = 'DK009';
  end if;
  if exists (select from principals p where p.tenant_id = new.tenant_id and p.id = any (people) and p.disabled_at is not null)
     or not exists (select from attestations a where a.tenant_id = new.tenant_id and a.principal_id = new.signer_id)
     or exists (select from signing_locks l where l.tenant_id = new.tenant_id and l.principal_id = new.signer_id and l.unlocked_at is null) then
    raise exception '% may not sign', new.signer_id using errcode = 'DK005';
  end if;
  if not exists (select from role_grants g where g.tenant_id = new.tenant_id and g.principal_id = holder and g.role = new.role
                   and (g.asset_id is null or g.asset_id = wo.asset_id)) then
    raise exception '% does not hold the role %', holder, new.role using errcode = 'DK005';
  end if;
  if new.delegation_id is not null and not exists (
      select from delegations d where d.tenant_id = new.tenant_id and d.id = new.delegation_id
         and d.delegator_id = new.on_behalf_of and d.delegate_id = new.signer_id and new.role = any (d.roles)
         and d.delegator_accepted_at is not null and d.delegate_accepted_at is not null and d.declined_at is null and d.revoked_at is null
         and new.signed_at >= d.starts_at and new.signed_at < d.ends_at
         and (d.lifecycles is null or wo.lifecycle = any (d.lifecycles))
         and (d.work_categories is null or coalesce(wo.work_category = any (d.work_categories), false))
         and (d.regulatory is null or d.regulatory = wo.regulatory)) then
    raise exception 'delegation % does not cover this', new.delegation_id using errcode = 'DK010';
  end if;
  -- Separation of duties, over the signer and over whom he signs for.
  if wo.executor_ids && people or wo.editor_id = any (people)
     or exists (select from principals p where p.tenant_id = new.tenant_id and p.id = any (wo.executor_ids) and p.sponsor_id = any (people))
     or exists (select from signatures s where s.tenant_id = new.tenant_id and s.round_id = new.round_id and s.wo_version = new.wo_version
                  and (s.signer_id = any (people) or s.on_behalf_of = any (people)))
     or (new.delegation_id is not null and new.role in ('system_owner', 'qa') and exists (
           select from role_grants g where g.tenant_id = new.tenant_id and g.principal_id = new.signer_id
              and g.role = case new.role when 'qa' then 'system_owner' else 'qa' end)) then
    raise exception 'separation of duties on %', wo.id using errcode = 'DK012';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_signing_attempt()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if 5 <= (select count(*) from signing_attempts a
            where a.tenant_id = new.tenant_id and a.principal_id = new.principal_id
              and a.at > new.at - interval '15 minutes' and a.at <= new.at
              and a.at > coalesce((select max(l.unlocked_at) from signing_locks l
                                    where l.tenant_id = new.tenant_id and l.principal_id = new.principal_id), '-infinity'))
     and not exists (select from signing_locks l where l.tenant_id = new.tenant_id and l.principal_id = new.principal_id and l.unlocked_at is null) then
    raise exception 'five wrong attempts of % leave no lock', new.principal_id using errcode = 'DK013';
  end if;
  return null;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_signing_intent()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if old.used_at is not null or to_jsonb(new) - 'used_at' <> to_jsonb(old) - 'used_at' then
    raise exception 'signing intent % is used once and never changed', old.id using errcode = 'DK011';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_signing_key()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (new.principal_id, new.kind, new.spki, new.credential_id, new.cose_key, new.wrapped_private, new.salt, new.enrolled_at)
     is distinct from (old.principal_id, old.kind, old.spki, old.credential_id, old.cose_key, old.wrapped_private, old.salt, old.enrolled_at)
     or (old.certificate is not null and new.certificate is distinct from old.certificate)
     or new.sign_count < old.sign_count then
    raise exception 'signing key % is not changed, it is revoked and another one enrolled', old.id using errcode = 'DK009';
  end if;
  if old.status = 'revoked' or (old.status = 'active' and new.status = 'pending') then
    raise exception 'signing key % was revoked for good', old.id using errcode = 'DK009';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_signing_lock()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    if new.unlocked_at is not null or new.unlocked_by is not null then
      raise exception 'a lock of % begins locked', new.principal_id using errcode = 'DK013';
    end if;
  elsif old.unlocked_at is not null or new.unlocked_at is null or new.unlocked_by is null
     or not has_role(new.tenant_id, new.unlocked_by, '{admin}') then
    raise exception 'signing of % is unlocked once, by an administrator', old.principal_id using errcode = 'DK013';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_start()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  open_one text;
begin
  select p.number into open_one
    from dependencies d join work_orders p on p.tenant_id = d.tenant_id and p.id = d.predecessor_id
   where d.tenant_id = new.tenant_id and d.work_order_id = new.id
     and p.waiver is null
     and (p.category <> 'done' or (d.lag_hours > 0 and p.actual_end + make_interval(secs => d.lag_hours * 3600) > clock_timestamp()))
   limit 1;
  if found then
    raise exception 'work order % starts before % is done', new.id, open_one using errcode = 'DK017';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_start_below()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  category text;
begin
  select m.category into category from work_orders m where m.tenant_id = new.tenant_id and m.id = new.parent_id for share;
  if category in ('done', 'abandoned') then
    raise exception 'work order % starts below a finished master', new.id using errcode = 'DK033';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_time_entry()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  written constant text[] := '{during,note,ended_by_transition,voided_by,voided_at,void_reason,cost_rate,currency,amount}';
  category text;
begin
  if tg_op = 'UPDATE' then
    if old.voided_at is not null or to_jsonb(new) - written <> to_jsonb(old) - written or lower(new.during) <> lower(old.during)
       or (not upper_inf(old.during) and (new.during, new.note, new.ended_by_transition) is distinct from (old.during, old.note, old.ended_by_transition))
       or (new.cost_rate, new.currency, new.amount) is distinct from (old.cost_rate, old.currency, old.amount) then
      raise exception 'time entry % is corrected by another one, and stays as it is', old.id using errcode = 'DK037';
    end if;
  end if;
  if greatest(lower(new.during), upper(new.during)) > clock_timestamp() + interval '5 minutes' then
    raise exception 'time entry % is of the future', new.id using errcode = 'DK037';
  end if;
  if not new.ended_by_transition or tg_op = 'INSERT' then
    select w.category into category from work_orders w where w.tenant_id = new.tenant_id and w.id = new.work_order_id;
    if category is null or category not in ('active', 'held') or (upper_inf(new.during) and new.voided_at is null and category <> 'active') then
      raise exception 'work order % is not under way: no time is written on it', new.work_order_id using errcode = 'DK038';
    end if;
  end if;
  if tg_op = 'INSERT' then
    new.cost_rate := null;
    new.currency := null;
    new.amount := null;
  end if;
  if not upper_inf(new.during) and (tg_op = 'INSERT' or upper_inf(old.during)) then
    select r.cost_rate, r.currency into new.cost_rate, new.currency from find_cost_rate(new.tenant_id, new.person_id, lower(new.during)) r;
    -- Microseconds are whole, so the only rounding is the last one.
    new.amount := round_quotient(new.cost_rate * extract(epoch from upper(new.during) - lower(new.during)), 3600, currency_digits(new.currency));
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.guard_waiver()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    raise exception 'work order % begins as waived', new.id using errcode = 'DK030';
  end if;
  if old.waiver is not null or new.waiver is null or old.category = 'done' then
    raise exception 'work order % is done, or was waived for good', new.id using errcode = 'DK030';
  end if;
  if (new.regulatory or exists (select from work_orders m where m.tenant_id = new.tenant_id and m.id = new.parent_id and m.regulatory))
     and not exists (select from approval_rounds r
                      where r.tenant_id = new.tenant_id and r.work_order_id = new.id and r.gate = 'waiver' and r.status = 'passed'
                        and r.id = (new.waiver ->> 'round_id')::uuid) then
    raise exception 'work order % is waived without its signatures', new.id using errcode = 'DK030';
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
  edge      lifecycle_transitions%rowtype;
  -- Generated columns are not computed yet when this runs.
  head_and_generated constant text[] := '{entry_seq,entry_id,entry_head,priority_rank,due_order}';
  waived             constant text[] := '{waiver,version,updated_at}';
begin
  if tg_op = 'INSERT' then
    came_from := case when new.import_source is null then '' else 'import' end;
  else
    if old.category in ('done', 'abandoned') then
      -- What nobody did may be waived, so that its master and what waits for it go on; nothing else of it changes.
      if old.category = 'abandoned' and old.waiver is null and new.waiver is not null and new.version = old.version + 1
         and to_jsonb(new) - head_and_generated - waived = to_jsonb(old) - head_and_generated - waived then
        return new;
      end if;
      -- Only the head of the chain may move: a refused attempt on a final record is an entry of it.
      if (new.version, new.status, new.updated_at) is distinct from (old.version, old.status, old.updated_at)
         or to_jsonb(new) - head_and_generated <> to_jsonb(old) - head_and_generated then
        raise exception 'work order % is final', old.id using errcode = 'DK003';
      end if;
      return new;
    end if;
    if new.version not in (old.version, old.version + 1)
       or (new.number, new.lifecycle, new.created_at) is distinct from (old.number, old.lifecycle, old.created_at)
       or (old.regulatory and not new.regulatory and old.category <> 'initial') then
      raise exception 'identity of work order % changed', old.id using errcode = 'DK003';
    end if;
    if new.status = old.status and new.category = old.category then
      return new;
    end if;
    came_from := old.status;
  end if;
  select * into edge from lifecycle_transitions t
    where t.lifecycle = new.lifecycle and t.from_status = came_from and t.to_status = new.status;
  if not found or edge.to_category <> new.category then
    raise exception 'no edge % to % in %', came_from, new.status, new.lifecycle using errcode = 'DK004';
  end if;
  -- History that was closed elsewhere was signed elsewhere.
  if tg_op = 'INSERT' then
    return new;
  end if;
  if edge.gate is not null then
    -- An open round keeps its gate shut for every work order; a regulatory one needs a round that passed for this very version.
    perform 1 from approval_rounds r
      where r.tenant_id = new.tenant_id and r.work_order_id = new.id and r.gate = edge.gate and r.status = 'open';
    if found or (new.regulatory and not has_passed(new.tenant_id, new.id, edge.gate, old.version)) then
      raise exception 'work order % does not pass the % gate without its signatures', old.id, edge.gate using errcode = 'DK005';
    end if;
  elsif new.regulatory and new.category = 'done' and not has_passed(new.tenant_id, new.id, 'completion', null) then
    raise exception 'regulatory work order % closed without its signatures', old.id using errcode = 'DK005';
  end if;
  return new;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.has_passed(tenant uuid, work_order uuid, passed_gate text, version integer)
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (EXISTS (SELECT FROM approval_rounds r WHERE ((r.tenant_id = has_passed.tenant) AND (r.work_order_id = has_passed.work_order) AND (r.gate = has_passed.passed_gate) AND (r.status = 'passed'::text) AND ((has_passed.version IS NULL) OR (EXISTS (SELECT FROM signatures s WHERE ((s.tenant_id = has_passed.tenant) AND (s.round_id = r.id) AND (s.wo_version = has_passed.version))))))));

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.has_role(tenant uuid, principal uuid, roles text[])
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (EXISTS (SELECT FROM (role_grants g JOIN principals p ON (((p.tenant_id = g.tenant_id) AND (p.id = g.principal_id)))) WHERE ((g.tenant_id = has_role.tenant) AND (g.principal_id = has_role.principal) AND (g.role = ANY (has_role.roles)) AND (p.disabled_at IS NULL))));

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

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.keep_tree()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
  new_root uuid := new.id;
  new_rank integer := 0;
  -- A work order that begins is a node already when another one that began with it was linked to it first.
  is_node  boolean := tg_op = 'UPDATE'
    or exists (select from tree_nodes n where n.tenant_id = new.tenant_id and n.work_order_id = new.id);
begin
  if tg_op = 'INSERT' or new.parent_id is distinct from old.parent_id then
    if new.parent_id is not null then
      insert into tree_nodes (tenant_id, work_order_id, parent_id, root_id, rank)
        values (new.tenant_id, new.parent_id, null, new.parent_id, 0) on conflict do nothing;
      select n.root_id, n.rank - 1 into new_root, new_rank
        from tree_nodes n where n.tenant_id = new.tenant_id and n.work_order_id = new.parent_id;
      if is_node and exists (
        with recursive above (id, parent_id) as (
          select n.work_order_id, n.parent_id from tree_nodes n
           where n.tenant_id = new.tenant_id and n.work_order_id = new.parent_id
          union
          select n.work_order_id, n.parent_id from tree_nodes n join above a on n.work_order_id = a.parent_id
           where n.tenant_id = new.tenant_id)
        select from above where id = new.id) then
        raise exception 'work order % would contain itself', new.id using errcode = 'DK016';
      end if;
    end if;
    insert into tree_nodes (tenant_id, work_order_id, parent_id, root_id, rank)
      values (new.tenant_id, new.id, new.parent_id, new_root, new_rank)
      on conflict (tenant_id, work_order_id) do update set parent_id = excluded.parent_id, root_id = excluded.root_id;
    if is_node then
      with recursive below (id) as (
        select n.work_order_id from tree_nodes n where n.tenant_id = new.tenant_id and n.parent_id = new.id
        union
        select n.work_order_id from tree_nodes n join below b on n.parent_id = b.id where n.tenant_id = new.tenant_id)
      update tree_nodes n set root_id = new_root
        from below b where n.tenant_id = new.tenant_id and n.work_order_id = b.id and n.root_id <> new_root;
    end if;
  end if;
  if tg_op = 'UPDATE' and new.predecessors is distinct from old.predecessors then
    delete from dependencies d
     where d.tenant_id = new.tenant_id and d.work_order_id = new.id
       and not exists (select from jsonb_to_recordset(coalesce(new.predecessors, '[]')) as p (id uuid) where p.id = d.predecessor_id);
  end if;
  if new.predecessors is not null and (tg_op = 'INSERT' or new.predecessors is distinct from old.predecessors) then
    insert into dependencies as d (tenant_id, work_order_id, predecessor_id, lag_hours)
    select new.tenant_id, new.id, p.id, p.lag_hours
      from jsonb_to_recordset(new.predecessors) as p (id uuid, lag_hours double precision)
    on conflict (tenant_id, work_order_id, predecessor_id) do update set lag_hours = excluded.lag_hours
     where d.lag_hours <> excluded.lag_hours;
  end if;
  return null;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.list_cost_rates(tenant uuid, person uuid)
 RETURNS TABLE(since timestamp with time zone, cost_rate text, currency text, said_by text, reason text)
 LANGUAGE sql
 STABLE
AS $function$
  with said as (
    select e.seq, e.at, b.body ->> 'reason' as reason, b.body -> 'actor' ->> 'name' as said_by, c.change -> 'new' ->> 'cost_rate' as rate,
           case when c.change -> 'new' ->> 'cost_rate' is null then null else c.change -> 'new' ->> 'currency' end as currency
      from entries e
      cross join lateral (select convert_from(e.body, 'UTF8')::jsonb as body) b
      cross join lateral jsonb_array_elements(b.body -> 'changes') c (change)
     where e.tenant_id = tenant and e.record_id = person and e.action = 'profile_changed' and c.change ->> 'field' = 'profile'),
  beside as (select s.*, lag(s.rate) over w as rate_before, lag(s.currency) over w as currency_before from said s window w as (order by s.seq))
  select b.at, b.rate, b.currency, b.said_by, b.reason from beside b
   where (b.rate, b.currency) is distinct from (b.rate_before, b.currency_before) order by b.seq
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
grant execute on function list_tenants() to docket_sealer;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.list_unsealed_tenants()
 RETURNS TABLE(tenant uuid, younger boolean)
 LANGUAGE plpgsql
AS $function$
declare
  last     record;
  -- Plain values, for the reason given in guard_log_leaves().
  from_xid xid8;
  from_id  uuid;
begin
  for tenant in select t.tenant_id from list_tenants() t loop
    perform set_config('docket.tenant_id', tenant::text, true);
    select e.xid, e.id into last
      from log_leaves l join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
     where l.leaf_index = (select max(m.leaf_index) from log_leaves m);
    from_xid := coalesce(last.xid, '0'::xid8);
    from_id := coalesce(last.id, '00000000-0000-0000-0000-000000000000'::uuid);
    younger := coalesce(last.xid >= pg_snapshot_xmax(pg_current_snapshot()), false);
    if younger or exists (
      select from entries e
       where (e.xid, e.id) > (from_xid, from_id)
         and e.xid < pg_snapshot_xmin(pg_current_snapshot())) then
      return next;
    end if;
  end loop;
  perform set_config('docket.tenant_id', '', true);
end
$function$;
grant execute on function list_unsealed_tenants() to docket_sealer;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.refuse_late_policy()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'what completes work order % was fixed when its work began', old.id using errcode = 'DK031';
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.refuse_step_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'the steps of work order % are not done now, or its plan is fixed', new.id using errcode = 'DK019';
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.release_reservations()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update reservations set state = 'released', held_until = null, released_at = clock_timestamp()
   where tenant_id = new.tenant_id and work_order_id = new.id and state <> 'released' and upper(during) > clock_timestamp();
  return null;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.require_closer()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform 1 from entries e where e.tenant_id = new.tenant_id and e.id = new.entry_id and e.actor_id = new.closed_by;
  if not found then
    raise exception 'finding % was not closed by %', new.number, new.closed_by using errcode = 'DK014';
  end if;
  return null;
end
$function$;

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
CREATE OR REPLACE FUNCTION public.require_order()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if not exists (
    select from tree_nodes p join tree_nodes s on s.tenant_id = p.tenant_id and s.root_id = p.root_id and s.rank > p.rank
     where p.tenant_id = new.tenant_id and p.work_order_id = new.predecessor_id and s.work_order_id = new.work_order_id)
     and exists (select from dependencies d
                  where d.tenant_id = new.tenant_id and d.work_order_id = new.work_order_id and d.predecessor_id = new.predecessor_id) then
    raise exception 'work order % cannot wait for %: another tree, or a cycle', new.work_order_id, new.predecessor_id using errcode = 'DK016';
  end if;
  return null;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.require_rank()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (
    select from tree_nodes n join tree_nodes p on p.tenant_id = n.tenant_id and p.work_order_id = n.parent_id
     where n.tenant_id = new.tenant_id and (n.work_order_id = new.work_order_id or n.parent_id = new.work_order_id)
       and (p.rank <= n.rank or p.root_id <> n.root_id))
   or exists (
    select from dependencies d
      join tree_nodes p on p.tenant_id = d.tenant_id and p.work_order_id = d.predecessor_id
      join tree_nodes s on s.tenant_id = d.tenant_id and s.work_order_id = d.work_order_id
     where d.tenant_id = new.tenant_id and d.work_order_id = new.work_order_id
       and (p.rank >= s.rank or p.root_id <> s.root_id))
   or exists (
    select from dependencies d
      join tree_nodes p on p.tenant_id = d.tenant_id and p.work_order_id = d.predecessor_id
      join tree_nodes s on s.tenant_id = d.tenant_id and s.work_order_id = d.work_order_id
     where d.tenant_id = new.tenant_id and d.predecessor_id = new.work_order_id
       and (p.rank >= s.rank or p.root_id <> s.root_id)) then
    raise exception 'work order % does not fit its place in the tree: a cycle, or an edge to another tree', new.work_order_id using errcode = 'DK016';
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
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.round_quotient(dividend numeric, divisor integer, digits integer)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN round(((sign(dividend) * div((((abs(dividend) * ((10)::numeric ^ (digits)::numeric)) * (2)::numeric) + (divisor)::numeric), ((divisor * 2))::numeric)) / ((10)::numeric ^ (digits)::numeric)), digits);

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
CREATE OR REPLACE FUNCTION public.stop_timers()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update time_entries
     set during = tstzrange(lower(during), greatest(new.updated_at, lower(during) + interval '1 microsecond')), ended_by_transition = true
   where tenant_id = new.tenant_id and work_order_id = new.id and upper_inf(during) and voided_at is null;
  return null;
end
$function$;

-- owner: docket_owner
CREATE OR REPLACE FUNCTION public.uuidv7_floor(at timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((lpad(to_hex(((EXTRACT(epoch FROM at) * (1000)::numeric))::bigint), 12, '0'::text) || '00000000000000000000'::text))::uuid;


-- ----------------------------------------------------- table absences: row security enabled and forced

create table absences (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  principal_id           uuid not null,
  starts_at              timestamp with time zone not null,
  ends_at                timestamp with time zone not null,
  note                   text,
  created_at             timestamp with time zone not null,
  removed_at             timestamp with time zone,
  constraint absences_pkey PRIMARY KEY (tenant_id, id),
  constraint absences_note_check CHECK (((note <> ''::text) AND (length(note) <= 500))),
  constraint an_absence_ends_after_it_starts CHECK ((ends_at > starts_at)),
  constraint absences_tenant_id_principal_id_fkey FOREIGN KEY (tenant_id, principal_id) REFERENCES principals(tenant_id, id)
);
CREATE INDEX absences_of_a_principal ON public.absences USING btree (tenant_id, principal_id, ends_at);
CREATE TRIGGER an_absence_stays_what_it_is BEFORE UPDATE ON public.absences FOR EACH ROW EXECUTE FUNCTION guard_absence();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.absences DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('principal_id');
create policy tenant on absences for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on absences to docket_app;
grant select on absences to docket_auditor;
grant update (removed_at) on absences to docket_app;

-- -------------------------------------------- table approval_policies: row security enabled and forced

create table approval_policies (
  tenant_id              uuid not null default current_tenant(),
  version                integer not null,
  body                   jsonb not null,
  created_at             timestamp with time zone not null,
  created_by             uuid not null,
  constraint one_policy_per_version PRIMARY KEY (tenant_id, version),
  constraint approval_policies_version_check CHECK ((version > 0)),
  constraint approval_policies_tenant_id_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES principals(tenant_id, id),
  constraint approval_policies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT ON public.approval_policies DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('tenant_id');
create policy tenant on approval_policies for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on approval_policies to docket_app;
grant select on approval_policies to docket_auditor;

-- ---------------------------------------- table approval_requirements: row security enabled and forced

create table approval_requirements (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  round_id               uuid not null,
  work_order_id          uuid not null,
  role                   text not null,
  count                  integer not null,
  "position"             integer not null,
  due_at                 timestamp with time zone,
  next_step_at           timestamp with time zone,
  step                   integer not null default 0,
  constraint approval_requirements_pkey PRIMARY KEY (tenant_id, id),
  constraint one_requirement_per_role UNIQUE (tenant_id, round_id, role),
  constraint approval_requirements_count_check CHECK (((count >= 1) AND (count <= 20))),
  constraint approval_requirements_position_check CHECK (("position" > 0)),
  constraint approval_requirements_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'auditor'::text, 'system_owner'::text, 'qa'::text, 'assigner'::text, 'captain'::text, 'vendor'::text, 'operator'::text]))),
  constraint approval_requirements_tenant_id_round_id_fkey FOREIGN KEY (tenant_id, round_id) REFERENCES approval_rounds(tenant_id, id)
);
CREATE INDEX approval_requirements_by_next_step ON public.approval_requirements USING btree (tenant_id, next_step_at) WHERE (next_step_at IS NOT NULL);
CREATE TRIGGER a_requirement_stays_what_it_is BEFORE UPDATE ON public.approval_requirements FOR EACH ROW EXECUTE FUNCTION guard_approval_requirement();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.approval_requirements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('work_order_id');
create policy tenant on approval_requirements for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on approval_requirements to docket_app;
grant select on approval_requirements to docket_auditor;
grant update (due_at, next_step_at, step) on approval_requirements to docket_app;

-- ---------------------------------------------- table approval_rounds: row security enabled and forced

create table approval_rounds (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  work_order_id          uuid not null,
  gate                   text not null,
  number                 integer not null,
  policy_version         integer not null,
  ordered                boolean not null,
  status                 text not null default 'open'::text,
  opened_at              timestamp with time zone not null,
  closed_at              timestamp with time zone,
  reason                 text,
  constraint approval_rounds_pkey PRIMARY KEY (tenant_id, id),
  constraint one_round_per_number UNIQUE (tenant_id, work_order_id, gate, number),
  constraint a_closed_round_says_when CHECK (((status = 'open'::text) = (closed_at IS NULL))),
  constraint a_waiver_says_why CHECK (((gate = 'waiver'::text) = (COALESCE(reason, ''::text) <> ''::text))),
  constraint approval_rounds_gate_check CHECK ((gate = ANY (ARRAY['release'::text, 'completion'::text, 'waiver'::text]))),
  constraint approval_rounds_number_check CHECK ((number > 0)),
  constraint approval_rounds_policy_version_check CHECK ((policy_version >= 0)),
  constraint approval_rounds_status_check CHECK ((status = ANY (ARRAY['open'::text, 'passed'::text, 'returned'::text, 'withdrawn'::text]))),
  constraint approval_rounds_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE UNIQUE INDEX one_open_round_per_work_order ON public.approval_rounds USING btree (tenant_id, work_order_id, ((gate = 'waiver'::text))) WHERE (status = 'open'::text);
CREATE TRIGGER a_round_passes_when_all_have_signed BEFORE UPDATE ON public.approval_rounds FOR EACH ROW EXECUTE FUNCTION guard_approval_round();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.approval_rounds DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('work_order_id');
create policy tenant on approval_rounds for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on approval_rounds to docket_app;
grant select on approval_rounds to docket_auditor;
grant update (status, closed_at) on approval_rounds to docket_app;

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
CREATE INDEX assets_by_parent ON public.assets USING btree (tenant_id, parent_id) WHERE (parent_id IS NOT NULL);
CREATE TRIGGER no_asset_becomes_part_of_itself BEFORE UPDATE ON public.assets FOR EACH ROW WHEN (((new.parent_id IS NOT NULL) AND (new.parent_id IS DISTINCT FROM old.parent_id))) EXECUTE FUNCTION guard_asset_parent();
CREATE TRIGGER no_asset_is_part_of_itself BEFORE INSERT ON public.assets FOR EACH ROW WHEN ((new.parent_id IS NOT NULL)) EXECUTE FUNCTION guard_asset_parent();
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

-- ------------------------------------------------- table attestations: row security enabled and forced

create table attestations (
  tenant_id              uuid not null default current_tenant(),
  principal_id           uuid not null,
  text_version           integer not null,
  at                     timestamp with time zone not null,
  constraint attestations_pkey PRIMARY KEY (tenant_id, principal_id, text_version),
  constraint attestations_text_version_check CHECK ((text_version > 0)),
  constraint attestations_tenant_id_principal_id_fkey FOREIGN KEY (tenant_id, principal_id) REFERENCES principals(tenant_id, id)
);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT ON public.attestations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('principal_id');
CREATE TRIGGER only_people_attest BEFORE INSERT ON public.attestations FOR EACH ROW EXECUTE FUNCTION guard_attestation();
create policy tenant on attestations for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on attestations to docket_app;
grant select on attestations to docket_auditor;

-- -------------------------------------- table certificate_authorities: row security enabled and forced

create table certificate_authorities (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  certificate            bytea not null,
  wrapped_private        bytea not null,
  created_at             timestamp with time zone not null default now(),
  retired_at             timestamp with time zone,
  constraint certificate_authorities_pkey PRIMARY KEY (tenant_id, id),
  constraint certificate_authorities_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE UNIQUE INDEX one_certificate_authority_at_a_time ON public.certificate_authorities USING btree (tenant_id) WHERE (retired_at IS NULL);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.certificate_authorities DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('tenant_id');
create policy tenant on certificate_authorities for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on certificate_authorities to docket_app;
grant select on certificate_authorities to docket_auditor;
grant update (retired_at) on certificate_authorities to docket_app;

-- -------------------------------------------------- table checkpoints: row security enabled and forced

create table checkpoints (
  tenant_id              uuid not null default current_tenant(),
  tree_size              bigint not null,
  root                   bytea not null,
  note                   text not null,
  created_at             timestamp with time zone not null default clock_timestamp(),
  constraint checkpoints_pkey PRIMARY KEY (tenant_id, tree_size),
  constraint checkpoints_root_check CHECK ((octet_length(root) = 32)),
  constraint checkpoints_tree_size_check CHECK ((tree_size > 0)),
  constraint the_note_says_log_size_and_root CHECK (starts_with(note, (((((('docket.log/'::text || tenant_id) || '
'::text) || tree_size) || '
'::text) || encode(root, 'base64'::text)) || '

— '::text))),
  constraint checkpoints_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE TRIGGER a_checkpoint_is_the_size_of_the_log BEFORE INSERT ON public.checkpoints FOR EACH ROW EXECUTE FUNCTION guard_checkpoint();
create policy tenant on checkpoints for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant select on checkpoints to docket_app;
grant select on checkpoints to docket_auditor;
grant insert, select on checkpoints to docket_sealer;

-- ------------------------------------------------- table cosignatures: row security enabled and forced

create table cosignatures (
  tenant_id              uuid not null default current_tenant(),
  tree_size              bigint not null,
  witness                text not null,
  line                   text not null,
  created_at             timestamp with time zone not null default now(),
  constraint cosignatures_pkey PRIMARY KEY (tenant_id, tree_size, witness),
  constraint cosignatures_line_check CHECK ((line ~ '^— [^ ]+ [A-Za-z0-9+/]+=*$'::text)),
  constraint cosignatures_witness_check CHECK ((witness <> ''::text)),
  constraint cosignatures_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint cosignatures_tenant_id_tree_size_fkey FOREIGN KEY (tenant_id, tree_size) REFERENCES checkpoints(tenant_id, tree_size)
);
create policy tenant on cosignatures for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on cosignatures to docket_app;
grant select on cosignatures to docket_auditor;

-- --------------------------------------------------- table cost_lines: row security enabled and forced

create table cost_lines (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  work_order_id          uuid not null,
  kind                   text not null,
  description            text not null,
  quantity               numeric not null,
  unit_price             numeric not null,
  currency               text not null,
  amount                 numeric not null,
  dated                  date not null,
  reference              text,
  added_by               uuid not null,
  added_at               timestamp with time zone not null,
  voided_by              uuid,
  voided_at              timestamp with time zone,
  void_reason            text,
  constraint cost_lines_pkey PRIMARY KEY (tenant_id, id),
  constraint an_amount_is_quantity_times_price CHECK ((amount = round((quantity * unit_price), currency_digits(currency)))),
  constraint cost_lines_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint cost_lines_description_check CHECK (((description <> ''::text) AND (length(description) <= 500))),
  constraint cost_lines_kind_check CHECK ((kind = ANY (ARRAY['tool'::text, 'part'::text, 'vendor'::text, 'other'::text]))),
  constraint cost_lines_quantity_check CHECK ((quantity > (0)::numeric)),
  constraint cost_lines_reference_check CHECK (((reference <> ''::text) AND (length(reference) <= 200))),
  constraint cost_lines_void_reason_check CHECK ((void_reason <> ''::text)),
  constraint what_is_void_says_who_and_why CHECK ((num_nonnulls(voided_by, voided_at, void_reason) = ANY (ARRAY[0, 3]))),
  constraint cost_lines_tenant_id_added_by_fkey FOREIGN KEY (tenant_id, added_by) REFERENCES principals(tenant_id, id),
  constraint cost_lines_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint cost_lines_tenant_id_voided_by_fkey FOREIGN KEY (tenant_id, voided_by) REFERENCES principals(tenant_id, id),
  constraint cost_lines_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX cost_lines_of_a_work_order ON public.cost_lines USING btree (tenant_id, work_order_id, id);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.cost_lines DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('work_order_id');
CREATE TRIGGER what_it_cost_stays BEFORE INSERT OR UPDATE ON public.cost_lines FOR EACH ROW EXECUTE FUNCTION guard_cost_line();
create policy tenant on cost_lines for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on cost_lines to docket_app;
grant select on cost_lines to docket_auditor;
grant update (voided_by, voided_at, void_reason) on cost_lines to docket_app;

-- -------------------------------------------------- table delegations: row security enabled and forced

create table delegations (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  delegator_id           uuid not null,
  delegate_id            uuid not null,
  delegate_kind          text not null default 'human'::text,
  roles                  text[] not null,
  lifecycles             text[],
  work_categories        text[],
  regulatory             boolean,
  starts_at              timestamp with time zone not null,
  ends_at                timestamp with time zone not null,
  reason                 text not null,
  delegator_accepted_at  timestamp with time zone,
  delegate_accepted_at   timestamp with time zone,
  declined_at            timestamp with time zone,
  revoked_at             timestamp with time zone,
  revoked_by             uuid,
  version                integer not null,
  entry_seq              integer not null,
  entry_id               uuid not null,
  entry_head             bytea not null,
  created_at             timestamp with time zone not null default now(),
  constraint delegations_pkey PRIMARY KEY (tenant_id, id),
  constraint delegations_reason_check CHECK ((reason <> ''::text)),
  constraint delegations_roles_check CHECK ((cardinality(roles) > 0)),
  constraint delegations_version_check CHECK ((version > 0)),
  constraint never_to_an_agent CHECK ((delegate_kind = 'human'::text)),
  constraint nobody_delegates_to_himself CHECK ((delegator_id <> delegate_id)),
  constraint thirty_days_at_most CHECK (((ends_at > starts_at) AND (ends_at <= (starts_at + '30 days'::interval)))),
  constraint delegations_tenant_id_delegate_id_delegate_kind_fkey FOREIGN KEY (tenant_id, delegate_id, delegate_kind) REFERENCES principals(tenant_id, id, kind),
  constraint delegations_tenant_id_delegator_id_fkey FOREIGN KEY (tenant_id, delegator_id) REFERENCES principals(tenant_id, id),
  constraint delegations_tenant_id_revoked_by_fkey FOREIGN KEY (tenant_id, revoked_by) REFERENCES principals(tenant_id, id)
);
CREATE INDEX delegations_of_a_delegate ON public.delegations USING btree (tenant_id, delegate_id, ends_at);
CREATE INDEX delegations_of_a_delegator ON public.delegations USING btree (tenant_id, delegator_id, ends_at);
CREATE TRIGGER a_delegation_is_between_two_who_may BEFORE INSERT ON public.delegations FOR EACH ROW EXECUTE FUNCTION guard_new_delegation();
CREATE TRIGGER a_delegation_stays_what_it_is BEFORE UPDATE ON public.delegations FOR EACH ROW EXECUTE FUNCTION guard_delegation();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.delegations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
create policy tenant on delegations for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select, update on delegations to docket_app;
grant select on delegations to docket_auditor;

-- ------------------------------------------------- table dependencies: row security enabled and forced

create table dependencies (
  tenant_id              uuid not null default current_tenant(),
  work_order_id          uuid not null,
  predecessor_id         uuid not null,
  lag_hours              double precision not null,
  constraint dependencies_pkey PRIMARY KEY (tenant_id, work_order_id, predecessor_id),
  constraint dependencies_lag_hours_check CHECK (((lag_hours >= (0)::double precision) AND (lag_hours <= (87600)::double precision))),
  constraint dependencies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint dependencies_tenant_id_predecessor_id_fkey FOREIGN KEY (tenant_id, predecessor_id) REFERENCES work_orders(tenant_id, id),
  constraint dependencies_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX dependencies_by_predecessor ON public.dependencies USING btree (tenant_id, predecessor_id);
CREATE INDEX dependencies_with_a_lag ON public.dependencies USING btree (tenant_id, predecessor_id) WHERE (lag_hours > (0)::double precision);
CREATE CONSTRAINT TRIGGER what_waits_ranks_above AFTER INSERT OR UPDATE ON public.dependencies DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_order();
create policy tenant on dependencies for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant select on dependencies to docket_app;
grant select on dependencies to docket_auditor;

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
  constraint entries_record_kind_check CHECK ((record_kind = ANY (ARRAY['work_order'::text, 'asset'::text, 'principal'::text, 'tenant'::text, 'delegation'::text, 'finding'::text, 'template'::text, 'resource'::text]))),
  constraint entries_seq_check CHECK ((seq > 0))
) partition by range (id);
CREATE INDEX entries_in_order ON ONLY public.entries USING btree (tenant_id, xid, id);
CREATE INDEX entries_of_a_record ON ONLY public.entries USING btree (tenant_id, record_id, seq);
CREATE TRIGGER entry_leaf_is_the_hash_of_its_body BEFORE INSERT ON public.entries FOR EACH ROW EXECUTE FUNCTION guard_entry();
CREATE CONSTRAINT TRIGGER no_entry_beside_its_chain AFTER INSERT ON public.entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_record();
create policy tenant on entries for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant select on entries to docket_app;
grant select on entries to docket_auditor;
grant insert (tenant_id, id, record_kind, record_id, seq, action, actor_id, at, leaf, body) on entries to docket_app;
grant select (tenant_id, id, record_id, xid, leaf) on entries to docket_sealer;

-- --------------------------------------------- table finding_counters: row security enabled and forced

create table finding_counters (
  tenant_id              uuid not null default current_tenant(),
  year                   integer not null,
  last                   integer not null,
  constraint finding_counters_pkey PRIMARY KEY (tenant_id, year),
  constraint finding_counters_last_check CHECK ((last > 0)),
  constraint finding_counters_year_check CHECK (((year >= 2000) AND (year <= 9999))),
  constraint finding_counters_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
create policy tenant on finding_counters for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select, update on finding_counters to docket_app;

-- ----------------------------------------------------- table findings: row security enabled and forced

create table findings (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  number                 text not null,
  kind                   text not null,
  severity               text not null,
  title                  text not null,
  work_order_id          uuid,
  violator_id            uuid,
  owner_id               uuid,
  due_at                 timestamp with time zone not null,
  state                  text not null default 'open'::text,
  occurrences            integer not null default 1,
  last_at                timestamp with time zone not null,
  detail                 jsonb not null default '{}'::jsonb,
  resolution             text,
  closed_by              uuid,
  closed_at              timestamp with time zone,
  version                integer not null,
  entry_seq              integer not null,
  entry_id               uuid not null,
  entry_head             bytea not null,
  created_at             timestamp with time zone not null,
  owner_kind             text generated always as (
CASE
    WHEN (owner_id IS NULL) THEN NULL::text
    ELSE 'human'::text
END) stored,
  closer_kind            text generated always as (
CASE
    WHEN (closed_by IS NULL) THEN NULL::text
    ELSE 'human'::text
END) stored,
  constraint findings_pkey PRIMARY KEY (tenant_id, id),
  constraint one_finding_per_number UNIQUE (tenant_id, number),
  constraint a_closed_finding_says_who_and_when CHECK ((((state = 'closed'::text) = (closed_by IS NOT NULL)) AND ((state = 'closed'::text) = (closed_at IS NOT NULL)))),
  constraint a_mitigated_or_closed_finding_says_what_was_done CHECK (((state = ANY (ARRAY['open'::text, 'assigned'::text])) OR (resolution IS NOT NULL))),
  constraint an_assigned_finding_has_an_owner CHECK (((state <> 'assigned'::text) OR (owner_id IS NOT NULL))),
  constraint findings_kind_check CHECK ((kind ~ '^[a-z_]+$'::text)),
  constraint findings_number_check CHECK ((number ~ '^F-\d{4}-\d{6,}$'::text)),
  constraint findings_occurrences_check CHECK ((occurrences > 0)),
  constraint findings_resolution_check CHECK ((resolution <> ''::text)),
  constraint findings_severity_check CHECK ((severity = ANY (ARRAY['minor'::text, 'major'::text, 'critical'::text]))),
  constraint findings_state_check CHECK ((state = ANY (ARRAY['open'::text, 'assigned'::text, 'mitigated'::text, 'closed'::text]))),
  constraint findings_title_check CHECK (((title <> ''::text) AND (length(title) <= 500))),
  constraint findings_version_check CHECK ((version > 0)),
  constraint nobody_closes_a_finding_about_himself CHECK ((closed_by <> violator_id)),
  constraint a_human_closes_a_finding FOREIGN KEY (tenant_id, closed_by, closer_kind) REFERENCES principals(tenant_id, id, kind),
  constraint a_human_owns_a_finding FOREIGN KEY (tenant_id, owner_id, owner_kind) REFERENCES principals(tenant_id, id, kind),
  constraint findings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint findings_tenant_id_violator_id_fkey FOREIGN KEY (tenant_id, violator_id) REFERENCES principals(tenant_id, id),
  constraint findings_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX findings_by_due_date ON public.findings USING btree (tenant_id, due_at, id) WHERE (state <> 'closed'::text);
CREATE INDEX findings_of_a_work_order ON public.findings USING btree (tenant_id, work_order_id, id) WHERE (work_order_id IS NOT NULL);
CREATE INDEX findings_that_hold ON public.findings USING btree (tenant_id, kind) WHERE (state <> 'closed'::text);
CREATE UNIQUE INDEX one_open_finding_about_the_same ON public.findings USING btree (tenant_id, kind, work_order_id, violator_id, title) NULLS NOT DISTINCT WHERE (state <> 'closed'::text);
CREATE TRIGGER a_finding_is_closed_by_who_may BEFORE INSERT OR UPDATE ON public.findings FOR EACH ROW EXECUTE FUNCTION guard_finding();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.findings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
CREATE CONSTRAINT TRIGGER who_closed_it_is_who_acted AFTER UPDATE ON public.findings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.state = 'closed'::text)) EXECUTE FUNCTION require_closer();
create policy tenant on findings for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on findings to docket_app;
grant select on findings to docket_auditor;
grant update (owner_id, due_at, state, occurrences, last_at, resolution, closed_by, closed_at, version, entry_seq, entry_id, entry_head) on findings to docket_app;

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
  gate                   text,
  constraint lifecycle_transitions_pkey PRIMARY KEY (lifecycle, from_status, to_status),
  constraint lifecycle_transitions_gate_check CHECK ((gate = ANY (ARRAY['release'::text, 'completion'::text]))),
  constraint lifecycle_transitions_to_category_check CHECK ((to_category = ANY (ARRAY['initial'::text, 'planning'::text, 'ready'::text, 'active'::text, 'held'::text, 'review'::text, 'done'::text, 'abandoned'::text])))
);
create policy reference_data on lifecycle_transitions for select to public using (true);
grant select on lifecycle_transitions to docket_app;
grant select on lifecycle_transitions to docket_auditor;

-- ----------------------------------------------------- table log_keys: row security enabled and forced

create table log_keys (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  origin                 text not null,
  vkey                   text not null,
  wrapped_private        bytea not null,
  created_at             timestamp with time zone not null default now(),
  retired_at             timestamp with time zone,
  constraint log_keys_pkey PRIMARY KEY (tenant_id, id),
  constraint the_key_is_named_like_its_log CHECK (starts_with(vkey, (origin || '+'::text))),
  constraint the_origin_names_the_tenant CHECK ((origin = ('docket.log/'::text || tenant_id))),
  constraint log_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE UNIQUE INDEX one_key_in_use_per_log ON public.log_keys USING btree (tenant_id) WHERE (retired_at IS NULL);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR DELETE OR UPDATE ON public.log_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('tenant_id');
create policy tenant on log_keys for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert on log_keys to docket_app;
grant select on log_keys to docket_sealer;
grant select (tenant_id, id, origin, vkey, created_at, retired_at) on log_keys to docket_app;
grant select (tenant_id, id, origin, vkey, created_at, retired_at) on log_keys to docket_auditor;

-- --------------------------------------------------- table log_leaves: row security enabled and forced

create table log_leaves (
  tenant_id              uuid not null default current_tenant(),
  leaf_index             bigint not null,
  entry_id               uuid not null,
  record_id              uuid not null,
  leaf                   bytea not null,
  constraint log_leaves_pkey PRIMARY KEY (tenant_id, leaf_index),
  constraint one_leaf_per_entry UNIQUE (tenant_id, entry_id),
  constraint log_leaves_leaf_check CHECK ((octet_length(leaf) = 32)),
  constraint log_leaves_leaf_index_check CHECK ((leaf_index >= 0)),
  constraint log_leaves_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE TRIGGER leaves_are_the_next_entries_without_a_gap AFTER INSERT ON public.log_leaves REFERENCING NEW TABLE AS added_leaves FOR EACH STATEMENT EXECUTE FUNCTION guard_log_leaves();
create policy tenant on log_leaves for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant select on log_leaves to docket_app;
grant select on log_leaves to docket_auditor;
grant insert, select on log_leaves to docket_sealer;

-- ---------------------------------------------------- table log_tiles: row security enabled and forced

create table log_tiles (
  tenant_id              uuid not null default current_tenant(),
  level                  integer not null,
  tile_index             bigint not null,
  hashes                 bytea not null,
  constraint log_tiles_pkey PRIMARY KEY (tenant_id, level, tile_index),
  constraint a_tile_holds_1_to_256_hashes CHECK ((((octet_length(hashes) >= 32) AND (octet_length(hashes) <= 8192)) AND ((octet_length(hashes) % 32) = 0))),
  constraint log_tiles_level_check CHECK (((level >= 0) AND (level <= 7))),
  constraint log_tiles_tile_index_check CHECK ((tile_index >= 0)),
  constraint log_tiles_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE TRIGGER a_tile_only_grows BEFORE INSERT OR UPDATE ON public.log_tiles FOR EACH ROW EXECUTE FUNCTION guard_log_tile();
create policy tenant on log_tiles for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant select on log_tiles to docket_app;
grant select on log_tiles to docket_auditor;
grant insert, select on log_tiles to docket_sealer;
grant update (hashes) on log_tiles to docket_sealer;

-- ----------------------------------------------- table log_timestamps: row security enabled and forced

create table log_timestamps (
  tenant_id              uuid not null default current_tenant(),
  tree_size              bigint not null,
  token                  bytea not null,
  tsa                    text not null,
  stamped_at             timestamp with time zone not null,
  created_at             timestamp with time zone not null default now(),
  constraint one_timestamp_per_checkpoint PRIMARY KEY (tenant_id, tree_size),
  constraint log_timestamps_token_check CHECK ((octet_length(token) > 0)),
  constraint log_timestamps_tsa_check CHECK ((tsa <> ''::text)),
  constraint a_timestamp_is_of_a_checkpoint FOREIGN KEY (tenant_id, tree_size) REFERENCES checkpoints(tenant_id, tree_size),
  constraint log_timestamps_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
create policy tenant on log_timestamps for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on log_timestamps to docket_app;
grant select on log_timestamps to docket_auditor;

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

-- ---------------------------------------------- table outcome_classes: row security enabled and forced

create table outcome_classes (
  tenant_id              uuid not null default current_tenant(),
  measure                text not null,
  class                  bytea not null,
  closed_at              timestamp with time zone not null,
  work_order_id          uuid not null,
  value                  numeric not null,
  constraint outcome_classes_pkey PRIMARY KEY (tenant_id, measure, class, closed_at, work_order_id),
  constraint outcome_classes_class_check CHECK ((length(class) = 16)),
  constraint outcome_classes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint outcome_classes_tenant_id_work_order_id_measure_fkey FOREIGN KEY (tenant_id, work_order_id, measure) REFERENCES outcomes(tenant_id, work_order_id, measure) ON DELETE CASCADE
);
CREATE INDEX outcome_classes_of_one ON public.outcome_classes USING btree (tenant_id, work_order_id, measure);
create policy tenant on outcome_classes for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant delete, insert, select on outcome_classes to docket_app;
grant select on outcome_classes to docket_auditor;

-- ---------------------------------------------- table outcome_reading: row security enabled and forced

create table outcome_reading (
  tenant_id              uuid not null default current_tenant(),
  read_until             timestamp with time zone not null,
  constraint outcome_reading_pkey PRIMARY KEY (tenant_id),
  constraint outcome_reading_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
create policy tenant on outcome_reading for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant delete, insert, select on outcome_reading to docket_app;
grant select on outcome_reading to docket_auditor;
grant update (read_until) on outcome_reading to docket_app;

-- ----------------------------------------------------- table outcomes: row security enabled and forced

create table outcomes (
  tenant_id              uuid not null default current_tenant(),
  work_order_id          uuid not null,
  measure                text not null,
  version                integer not null,
  asked_at               timestamp with time zone not null,
  closed_at              timestamp with time zone not null,
  value                  numeric not null,
  paths                  jsonb not null,
  judged                 boolean not null default false,
  p50                    double precision,
  p80                    double precision,
  plain_p50              double precision,
  plain_p80              double precision,
  rank                   double precision,
  constraint outcomes_pkey PRIMARY KEY (tenant_id, work_order_id, measure),
  constraint a_measure_is_hours_or_a_currency CHECK (((measure = 'hours'::text) OR (measure ~ '^[A-Z]{3}$'::text))),
  constraint an_estimate_is_whole CHECK ((num_nulls(p50, p80, plain_p50, plain_p80, rank) = ANY (ARRAY[0, 5]))),
  constraint outcomes_rank_check CHECK (((rank >= (0)::double precision) AND (rank <= (1)::double precision))),
  constraint what_is_estimated_is_judged CHECK ((judged OR (p50 IS NULL))),
  constraint outcomes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint outcomes_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX outcomes_by_close ON public.outcomes USING btree (tenant_id, measure, closed_at);
CREATE INDEX outcomes_not_judged ON public.outcomes USING btree (tenant_id, asked_at) WHERE (NOT judged);
create policy tenant on outcomes for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant delete, insert, select on outcomes to docket_app;
grant select on outcomes to docket_auditor;
grant update (judged, p50, p80, plain_p50, plain_p80, rank) on outcomes to docket_app;

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
  manager_id             uuid,
  profile                jsonb,
  ratings                jsonb,
  constraint principals_pkey PRIMARY KEY (tenant_id, id),
  constraint one_principal_per_name UNIQUE (tenant_id, name),
  constraint principals_tenant_id_id_kind_key UNIQUE (tenant_id, id, kind),
  constraint every_agent_has_a_sponsor CHECK (((kind = 'agent'::text) = (sponsor_id IS NOT NULL))),
  constraint nobody_manages_himself CHECK ((manager_id <> id)),
  constraint principals_kind_check CHECK ((kind = ANY (ARRAY['human'::text, 'agent'::text, 'vendor'::text, 'system'::text]))),
  constraint principals_name_check CHECK (((name <> ''::text) AND (length(name) <= 200))),
  constraint principals_profile_check CHECK ((jsonb_typeof(profile) = 'object'::text)),
  constraint principals_ratings_check CHECK (((jsonb_typeof(ratings) = 'array'::text) AND (jsonb_array_length(ratings) > 0))),
  constraint principals_version_check CHECK ((version > 0)),
  constraint a_manager_is_a_principal FOREIGN KEY (tenant_id, manager_id) REFERENCES principals(tenant_id, id),
  constraint a_sponsor_is_a_human FOREIGN KEY (tenant_id, sponsor_id, sponsor_kind) REFERENCES principals(tenant_id, id, kind),
  constraint principals_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.principals DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
create policy tenant on principals for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select, update on principals to docket_app;
grant select on principals to docket_auditor;

-- ------------------------------------------------- table reservations: row security enabled and forced

create table reservations (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  kind                   text not null,
  resource_id            uuid not null,
  work_order_id          uuid not null,
  during                 tstzrange not null,
  quantity               integer not null,
  state                  text not null,
  held_until             timestamp with time zone,
  created_by             uuid not null,
  created_at             timestamp with time zone not null,
  released_at            timestamp with time zone,
  constraint reservations_pkey PRIMARY KEY (tenant_id, id),
  constraint a_hold_has_an_end CHECK (((state = 'held'::text) = (held_until IS NOT NULL))),
  constraint a_release_says_when CHECK (((state = 'released'::text) = (released_at IS NOT NULL))),
  constraint a_reservation_is_a_half_open_range CHECK (((NOT isempty(during)) AND lower_inc(during) AND (NOT upper_inc(during)) AND (NOT lower_inf(during)) AND (NOT upper_inf(during)))),
  constraint one_person_or_asset_is_one CHECK (((kind = 'tool'::text) OR (quantity = 1))),
  constraint reservations_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'tool'::text, 'asset'::text]))),
  constraint reservations_quantity_check CHECK ((quantity > 0)),
  constraint reservations_state_check CHECK ((state = ANY (ARRAY['held'::text, 'confirmed'::text, 'released'::text]))),
  constraint reservations_tenant_id_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES principals(tenant_id, id),
  constraint reservations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint reservations_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX reservations_of_a_resource ON public.reservations USING btree (tenant_id, resource_id, upper(during)) WHERE (state <> 'released'::text);
CREATE INDEX reservations_of_a_work_order ON public.reservations USING btree (tenant_id, work_order_id);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.reservations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('work_order_id');
CREATE TRIGGER nothing_is_reserved_twice BEFORE INSERT OR UPDATE ON public.reservations FOR EACH ROW EXECUTE FUNCTION guard_reservation();
create policy tenant on reservations for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on reservations to docket_app;
grant select on reservations to docket_auditor;
grant update (state, held_until, released_at) on reservations to docket_app;

-- ---------------------------------------------------- table resources: row security enabled and forced

create table resources (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  type                   text not null,
  name                   text not null,
  body                   jsonb not null,
  retired                boolean not null,
  version                integer not null,
  entry_seq              integer not null,
  entry_id               uuid not null,
  entry_head             bytea not null,
  created_at             timestamp with time zone not null,
  updated_at             timestamp with time zone not null,
  constraint resources_pkey PRIMARY KEY (tenant_id, id),
  constraint one_resource_per_type_and_name UNIQUE (tenant_id, type, name),
  constraint a_tool_is_there_at_least_once CHECK (((type <> 'tool'::text) OR (((body ->> 'quantity'::text))::integer >= 1))),
  constraint resources_body_check CHECK ((jsonb_typeof(body) = 'object'::text)),
  constraint resources_name_check CHECK (((name <> ''::text) AND (length(name) <= 200))),
  constraint resources_type_check CHECK ((type = ANY (ARRAY['experience'::text, 'tool'::text, 'calendar'::text]))),
  constraint resources_version_check CHECK ((version > 0)),
  constraint resources_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.resources DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
create policy tenant on resources for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on resources to docket_app;
grant select on resources to docket_auditor;
grant update (body, retired, version, entry_seq, entry_id, entry_head, updated_at) on resources to docket_app;

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

-- ---------------------------------------------------- table schedules: row security enabled and forced

create table schedules (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  state                  text not null,
  ask                    jsonb not null,
  progress               jsonb,
  answer                 jsonb,
  fault                  text,
  stop_asked             boolean not null default false,
  created_by             uuid not null,
  created_at             timestamp with time zone not null,
  beat_at                timestamp with time zone not null,
  ended_at               timestamp with time zone,
  booked_at              timestamp with time zone,
  constraint schedules_pkey PRIMARY KEY (tenant_id, id),
  constraint only_an_answer_is_booked CHECK (((booked_at IS NULL) OR (state = 'done'::text))),
  constraint schedules_ask_check CHECK ((jsonb_typeof(ask) = 'object'::text)),
  constraint schedules_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text]))),
  constraint what_failed_says_why CHECK (((state = 'failed'::text) = (fault IS NOT NULL))),
  constraint what_is_done_has_an_answer CHECK (((state = 'done'::text) = (answer IS NOT NULL))),
  constraint what_is_over_says_when CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text])) = (ended_at IS NOT NULL))),
  constraint schedules_tenant_id_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES principals(tenant_id, id),
  constraint schedules_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE INDEX schedules_under_way ON public.schedules USING btree (tenant_id, beat_at) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));
CREATE TRIGGER an_answer_stays BEFORE UPDATE ON public.schedules FOR EACH ROW EXECUTE FUNCTION guard_schedule();
create policy tenant on schedules for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on schedules to docket_app;
grant select on schedules to docket_auditor;
grant update (state, progress, answer, fault, stop_asked, beat_at, ended_at, booked_at) on schedules to docket_app;

-- --------------------------------------------------- table signatures: row security enabled and forced

create table signatures (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  work_order_id          uuid not null,
  round_id               uuid not null,
  gate                   text not null,
  role                   text not null,
  meaning                text not null,
  wo_version             integer not null,
  signer_id              uuid not null,
  signer_kind            text not null default 'human'::text,
  on_behalf_of           uuid,
  delegation_id          uuid,
  key_id                 uuid not null,
  kind                   text not null,
  statement              bytea not null,
  record                 bytea not null,
  signature              bytea not null,
  authenticator_data     bytea,
  client_data_json       bytea,
  certificate            bytea not null,
  intent_id              uuid not null,
  signed_at              timestamp with time zone not null,
  constraint signatures_pkey PRIMARY KEY (tenant_id, id),
  constraint one_signature_per_intent UNIQUE (tenant_id, intent_id),
  constraint one_signature_per_person_round_and_version UNIQUE (tenant_id, round_id, wo_version, signer_id),
  constraint a_delegate_says_for_whom CHECK (((delegation_id IS NULL) = (on_behalf_of IS NULL))),
  constraint a_passkey_signature_is_whole CHECK (((kind = 'passkey'::text) = ((authenticator_data IS NOT NULL) AND (client_data_json IS NOT NULL)))),
  constraint only_humans_sign CHECK ((signer_kind = 'human'::text)),
  constraint signatures_gate_check CHECK ((gate = ANY (ARRAY['release'::text, 'completion'::text, 'waiver'::text]))),
  constraint signatures_kind_check CHECK ((kind = ANY (ARRAY['passkey'::text, 'passphrase'::text]))),
  constraint signatures_meaning_check CHECK ((meaning =
CASE gate
    WHEN 'waiver'::text THEN 'waived'::text
    ELSE 'approved'::text
END)),
  constraint signatures_tenant_id_delegation_id_fkey FOREIGN KEY (tenant_id, delegation_id) REFERENCES delegations(tenant_id, id),
  constraint signatures_tenant_id_intent_id_fkey FOREIGN KEY (tenant_id, intent_id) REFERENCES signing_intents(tenant_id, id),
  constraint signatures_tenant_id_key_id_fkey FOREIGN KEY (tenant_id, key_id) REFERENCES signing_keys(tenant_id, id),
  constraint signatures_tenant_id_on_behalf_of_fkey FOREIGN KEY (tenant_id, on_behalf_of) REFERENCES principals(tenant_id, id),
  constraint signatures_tenant_id_round_id_fkey FOREIGN KEY (tenant_id, round_id) REFERENCES approval_rounds(tenant_id, id),
  constraint signatures_tenant_id_signer_id_signer_kind_fkey FOREIGN KEY (tenant_id, signer_id, signer_kind) REFERENCES principals(tenant_id, id, kind),
  constraint signatures_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX signatures_of_a_work_order ON public.signatures USING btree (tenant_id, work_order_id, id);
CREATE TRIGGER a_signature_is_of_what_stands BEFORE INSERT ON public.signatures FOR EACH ROW EXECUTE FUNCTION guard_signature();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT ON public.signatures DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('work_order_id');
create policy tenant on signatures for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on signatures to docket_app;
grant select on signatures to docket_auditor;

-- --------------------------------------------- table signing_attempts: row security enabled and forced

create table signing_attempts (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  principal_id           uuid not null,
  what                   text not null,
  at                     timestamp with time zone not null,
  constraint signing_attempts_pkey PRIMARY KEY (tenant_id, id),
  constraint signing_attempts_tenant_id_principal_id_fkey FOREIGN KEY (tenant_id, principal_id) REFERENCES principals(tenant_id, id)
);
CREATE INDEX signing_attempts_of_a_principal ON public.signing_attempts USING btree (tenant_id, principal_id, at);
CREATE CONSTRAINT TRIGGER five_wrong_attempts_lock_signing AFTER INSERT ON public.signing_attempts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION guard_signing_attempt();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT ON public.signing_attempts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('principal_id');
create policy tenant on signing_attempts for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on signing_attempts to docket_app;
grant select on signing_attempts to docket_auditor;

-- ---------------------------------------------- table signing_intents: row security enabled and forced

create table signing_intents (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  work_order_id          uuid not null,
  round_id               uuid not null,
  principal_id           uuid not null,
  key_id                 uuid not null,
  gate                   text not null,
  role                   text not null,
  statement              bytea not null,
  record                 bytea not null,
  created_at             timestamp with time zone not null,
  expires_at             timestamp with time zone not null,
  used_at                timestamp with time zone,
  constraint signing_intents_pkey PRIMARY KEY (tenant_id, id),
  constraint two_minutes_at_most CHECK ((expires_at <= (created_at + '00:02:00'::interval))),
  constraint signing_intents_tenant_id_key_id_fkey FOREIGN KEY (tenant_id, key_id) REFERENCES signing_keys(tenant_id, id),
  constraint signing_intents_tenant_id_principal_id_fkey FOREIGN KEY (tenant_id, principal_id) REFERENCES principals(tenant_id, id),
  constraint signing_intents_tenant_id_round_id_fkey FOREIGN KEY (tenant_id, round_id) REFERENCES approval_rounds(tenant_id, id),
  constraint signing_intents_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE TRIGGER an_intent_is_used_once BEFORE UPDATE ON public.signing_intents FOR EACH ROW EXECUTE FUNCTION guard_signing_intent();
create policy tenant on signing_intents for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on signing_intents to docket_app;
grant select on signing_intents to docket_auditor;
grant update (used_at) on signing_intents to docket_app;

-- ------------------------------------------------- table signing_keys: row security enabled and forced

create table signing_keys (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  principal_id           uuid not null,
  principal_kind         text not null default 'human'::text,
  kind                   text not null,
  status                 text not null default 'pending'::text,
  label                  text not null,
  spki                   bytea not null,
  credential_id          bytea,
  cose_key               bytea,
  sign_count             bigint not null default 0,
  transports             text[] not null default '{}'::text[],
  wrapped_private        bytea,
  salt                   bytea,
  certificate            bytea,
  enrolled_at            timestamp with time zone not null,
  proofed_by             uuid,
  proofed_at             timestamp with time zone,
  proof_note             text,
  revoked_at             timestamp with time zone,
  revoked_by             uuid,
  revocation_reason      text,
  constraint signing_keys_pkey PRIMARY KEY (tenant_id, id),
  constraint one_key_per_credential UNIQUE (tenant_id, credential_id),
  constraint one_owner_per_key UNIQUE (tenant_id, spki),
  constraint a_key_is_of_its_kind CHECK ((((kind = 'passkey'::text) AND (credential_id IS NOT NULL) AND (cose_key IS NOT NULL) AND (wrapped_private IS NULL)) OR ((kind = 'passphrase'::text) AND (credential_id IS NULL) AND (wrapped_private IS NOT NULL) AND (salt IS NOT NULL)))),
  constraint a_revoked_key_says_when_and_why CHECK (((status = 'revoked'::text) = ((revoked_at IS NOT NULL) AND (revocation_reason IS NOT NULL)))),
  constraint a_second_person_proofs_the_identity CHECK ((proofed_by <> principal_id)),
  constraint an_active_key_was_proofed_and_certified CHECK (((status <> 'active'::text) OR ((proofed_by IS NOT NULL) AND (proofed_at IS NOT NULL) AND (certificate IS NOT NULL) AND (revoked_at IS NULL)))),
  constraint only_humans_sign CHECK ((principal_kind = 'human'::text)),
  constraint signing_keys_kind_check CHECK ((kind = ANY (ARRAY['passkey'::text, 'passphrase'::text]))),
  constraint signing_keys_label_check CHECK (((label <> ''::text) AND (length(label) <= 100))),
  constraint signing_keys_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'revoked'::text]))),
  constraint signing_keys_tenant_id_principal_id_principal_kind_fkey FOREIGN KEY (tenant_id, principal_id, principal_kind) REFERENCES principals(tenant_id, id, kind),
  constraint signing_keys_tenant_id_proofed_by_fkey FOREIGN KEY (tenant_id, proofed_by) REFERENCES principals(tenant_id, id),
  constraint signing_keys_tenant_id_revoked_by_fkey FOREIGN KEY (tenant_id, revoked_by) REFERENCES principals(tenant_id, id)
);
CREATE INDEX signing_keys_of_a_principal ON public.signing_keys USING btree (tenant_id, principal_id, id);
CREATE TRIGGER a_key_is_confirmed_by_another BEFORE INSERT OR UPDATE ON public.signing_keys FOR EACH ROW EXECUTE FUNCTION guard_key_proof();
CREATE TRIGGER a_key_stays_what_it_is BEFORE UPDATE ON public.signing_keys FOR EACH ROW EXECUTE FUNCTION guard_signing_key();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE OF status, certificate, proofed_by, proofed_at, proof_note, revoked_at, revoked_by, revocation_reason, label ON public.signing_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('principal_id');
create policy tenant on signing_keys for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on signing_keys to docket_app;
grant select on signing_keys to docket_auditor;
grant update (status, label, sign_count, certificate, proofed_by, proofed_at, proof_note, revoked_at, revoked_by, revocation_reason) on signing_keys to docket_app;

-- ------------------------------------------------ table signing_locks: row security enabled and forced

create table signing_locks (
  tenant_id              uuid not null default current_tenant(),
  principal_id           uuid not null,
  locked_at              timestamp with time zone not null,
  unlocked_at            timestamp with time zone,
  unlocked_by            uuid,
  constraint signing_locks_pkey PRIMARY KEY (tenant_id, principal_id, locked_at),
  constraint a_second_person_unlocks CHECK ((unlocked_by <> principal_id)),
  constraint signing_locks_tenant_id_principal_id_fkey FOREIGN KEY (tenant_id, principal_id) REFERENCES principals(tenant_id, id)
);
CREATE UNIQUE INDEX one_lock_at_a_time ON public.signing_locks USING btree (tenant_id, principal_id) WHERE (unlocked_at IS NULL);
CREATE TRIGGER a_lock_is_taken_off_by_an_administrator BEFORE INSERT OR UPDATE ON public.signing_locks FOR EACH ROW EXECUTE FUNCTION guard_signing_lock();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.signing_locks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('principal_id');
create policy tenant on signing_locks for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on signing_locks to docket_app;
grant select on signing_locks to docket_auditor;
grant update (unlocked_at, unlocked_by) on signing_locks to docket_app;

-- ---------------------------------------------------- table templates: row security enabled and forced

create table templates (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  name                   text not null,
  body                   jsonb not null,
  retired                boolean not null,
  version                integer not null,
  entry_seq              integer not null,
  entry_id               uuid not null,
  entry_head             bytea not null,
  created_at             timestamp with time zone not null,
  updated_at             timestamp with time zone not null,
  constraint templates_pkey PRIMARY KEY (tenant_id, id),
  constraint one_template_per_name UNIQUE (tenant_id, name),
  constraint templates_body_check CHECK ((jsonb_typeof(body) = 'object'::text)),
  constraint templates_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9-]{0,99}$'::text)),
  constraint templates_version_check CHECK ((version > 0)),
  constraint templates_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id)
);
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.templates DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
create policy tenant on templates for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on templates to docket_app;
grant select on templates to docket_auditor;
grant update (body, retired, version, entry_seq, entry_id, entry_head, updated_at) on templates to docket_app;

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
  completion_policy      jsonb,
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

-- ------------------------------------------------- table time_entries: row security enabled and forced

create table time_entries (
  tenant_id              uuid not null default current_tenant(),
  id                     uuid not null,
  work_order_id          uuid not null,
  person_id              uuid not null,
  during                 tstzrange not null,
  source                 text not null,
  job_role               text,
  note                   text,
  ended_by_transition    boolean not null default false,
  cost_rate              numeric,
  currency               text,
  amount                 numeric,
  corrects               uuid,
  logged_by              uuid not null,
  logged_at              timestamp with time zone not null,
  voided_by              uuid,
  voided_at              timestamp with time zone,
  void_reason            text,
  constraint time_entries_pkey PRIMARY KEY (tenant_id, id),
  constraint an_entry_is_corrected_once UNIQUE (tenant_id, corrects),
  constraint nobody_works_at_two_places_at_once EXCLUDE USING gist (tenant_id WITH =, person_id WITH =, during WITH &&) WHERE ((voided_at IS NULL)),
  constraint a_time_is_a_half_open_range CHECK (((NOT isempty(during)) AND lower_inc(during) AND (NOT upper_inc(during)) AND (NOT lower_inf(during)) AND (upper(during) IS DISTINCT FROM 'infinity'::timestamp with time zone))),
  constraint an_amount_comes_of_a_rate CHECK ((num_nonnulls(cost_rate, currency, amount) = ANY (ARRAY[0, 3]))),
  constraint nobody_works_longer_than_a_day CHECK ((upper_inf(during) OR ended_by_transition OR ((upper(during) - lower(during)) <= '24:00:00'::interval))),
  constraint only_a_timer_runs CHECK (((source = 'timer'::text) OR (NOT upper_inf(during)))),
  constraint time_entries_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint time_entries_job_role_check CHECK (((job_role <> ''::text) AND (length(job_role) <= 200))),
  constraint time_entries_note_check CHECK ((length(note) <= 2000)),
  constraint time_entries_source_check CHECK ((source = ANY (ARRAY['timer'::text, 'manual'::text]))),
  constraint time_entries_void_reason_check CHECK ((void_reason <> ''::text)),
  constraint what_is_void_says_who_and_why CHECK ((num_nonnulls(voided_by, voided_at, void_reason) = ANY (ARRAY[0, 3]))),
  constraint time_entries_tenant_id_corrects_fkey FOREIGN KEY (tenant_id, corrects) REFERENCES time_entries(tenant_id, id),
  constraint time_entries_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint time_entries_tenant_id_logged_by_fkey FOREIGN KEY (tenant_id, logged_by) REFERENCES principals(tenant_id, id),
  constraint time_entries_tenant_id_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES principals(tenant_id, id),
  constraint time_entries_tenant_id_voided_by_fkey FOREIGN KEY (tenant_id, voided_by) REFERENCES principals(tenant_id, id),
  constraint time_entries_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX time_entries_of_a_person ON public.time_entries USING btree (tenant_id, person_id, id);
CREATE INDEX time_entries_of_a_work_order ON public.time_entries USING btree (tenant_id, work_order_id, id);
CREATE INDEX timers_that_run ON public.time_entries USING btree (tenant_id, work_order_id) WHERE (upper_inf(during) AND (voided_at IS NULL));
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.time_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry_of_owner('work_order_id');
CREATE TRIGGER what_was_worked_stays BEFORE INSERT OR UPDATE ON public.time_entries FOR EACH ROW EXECUTE FUNCTION guard_time_entry();
create policy tenant on time_entries for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant insert, select on time_entries to docket_app;
grant select on time_entries to docket_auditor;
grant update (during, note, ended_by_transition, voided_by, voided_at, void_reason) on time_entries to docket_app;

-- --------------------------------------------------- table tree_nodes: row security enabled and forced

create table tree_nodes (
  tenant_id              uuid not null default current_tenant(),
  work_order_id          uuid not null,
  parent_id              uuid,
  root_id                uuid not null,
  rank                   integer not null,
  constraint tree_nodes_pkey PRIMARY KEY (tenant_id, work_order_id),
  constraint tree_nodes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id),
  constraint tree_nodes_tenant_id_parent_id_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES tree_nodes(tenant_id, work_order_id) DEFERRABLE INITIALLY DEFERRED,
  constraint tree_nodes_tenant_id_work_order_id_fkey FOREIGN KEY (tenant_id, work_order_id) REFERENCES work_orders(tenant_id, id)
);
CREATE INDEX tree_nodes_by_parent ON public.tree_nodes USING btree (tenant_id, parent_id) WHERE (parent_id IS NOT NULL);
CREATE INDEX tree_nodes_of_a_tree ON public.tree_nodes USING btree (tenant_id, root_id);
CREATE CONSTRAINT TRIGGER a_node_fits_its_place AFTER INSERT OR UPDATE ON public.tree_nodes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_rank();
create policy tenant on tree_nodes for all to public using ((tenant_id = current_tenant())) with check ((tenant_id = current_tenant()));
grant select on tree_nodes to docket_app;
grant select on tree_nodes to docket_auditor;
grant update (rank) on tree_nodes to docket_app;

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
  predecessors           jsonb,
  completion_policy      jsonb,
  on_failure             text,
  waiver                 jsonb,
  step_results           jsonb,
  constraint work_orders_pkey PRIMARY KEY (tenant_id, id),
  constraint planned_end_is_not_before_planned_start CHECK ((planned_end >= planned_start)),
  constraint predecessors_are_a_list CHECK (((jsonb_typeof(predecessors) = 'array'::text) AND (jsonb_array_length(predecessors) > 0))),
  constraint step_results_are_of_steps CHECK (((jsonb_typeof(step_results) = 'object'::text) AND (step_results <> '{}'::jsonb))),
  constraint work_orders_actual_hours_check CHECK (((actual_hours >= (0)::double precision) AND (actual_hours <= ('1000000'::numeric)::double precision))),
  constraint work_orders_estimated_hours_check CHECK (((estimated_hours >= (0)::double precision) AND (estimated_hours <= ('1000000'::numeric)::double precision))),
  constraint work_orders_on_failure_check CHECK ((on_failure = ANY (ARRAY['continue'::text, 'hold_siblings'::text, 'cancel_siblings'::text]))),
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
CREATE TRIGGER a_master_closes_over_nothing_that_runs BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN (((new.category = 'done'::text) AND (old.category <> 'done'::text))) EXECUTE FUNCTION guard_master();
CREATE TRIGGER a_plan_stays_once_a_step_was_done BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN (((new.job_plan IS DISTINCT FROM old.job_plan) AND (old.step_results IS NOT NULL))) EXECUTE FUNCTION refuse_step_change();
CREATE TRIGGER a_waiver_is_signed_and_stays BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN ((new.waiver IS DISTINCT FROM old.waiver)) EXECUTE FUNCTION guard_waiver();
CREATE CONSTRAINT TRIGGER no_change_without_an_entry AFTER INSERT OR UPDATE ON public.work_orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_entry();
CREATE TRIGGER no_timer_runs_beside_the_work AFTER UPDATE ON public.work_orders FOR EACH ROW WHEN (((old.category = 'active'::text) AND (new.category <> 'active'::text))) EXECUTE FUNCTION stop_timers();
CREATE TRIGGER nothing_begins_as_started BEFORE INSERT ON public.work_orders FOR EACH ROW WHEN (((new.predecessors IS NOT NULL) AND (new.category = 'active'::text))) EXECUTE FUNCTION guard_start();
CREATE TRIGGER nothing_begins_as_waived BEFORE INSERT ON public.work_orders FOR EACH ROW WHEN ((new.waiver IS NOT NULL)) EXECUTE FUNCTION guard_waiver();
CREATE TRIGGER nothing_begins_with_steps_done BEFORE INSERT ON public.work_orders FOR EACH ROW WHEN ((new.step_results IS NOT NULL)) EXECUTE FUNCTION refuse_step_change();
CREATE TRIGGER nothing_regulatory_is_done_while_the_log_does_not_match BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN (((new.regulatory OR old.regulatory) AND (new.category = 'done'::text) AND (old.category <> 'done'::text))) EXECUTE FUNCTION guard_integrity();
CREATE TRIGGER nothing_starts_before_what_it_waits_for BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN (((new.predecessors IS NOT NULL) AND (new.category = 'active'::text) AND (old.category <> ALL (ARRAY['active'::text, 'held'::text])))) EXECUTE FUNCTION guard_start();
CREATE TRIGGER nothing_starts_below_a_finished_master BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN (((new.parent_id IS NOT NULL) AND (new.category = 'active'::text) AND (old.category <> ALL (ARRAY['active'::text, 'held'::text])))) EXECUTE FUNCTION guard_start_below();
CREATE TRIGGER nothing_that_runs_is_linked_to_a_finished_master BEFORE UPDATE OF parent_id ON public.work_orders FOR EACH ROW WHEN (((new.parent_id IS NOT NULL) AND (new.parent_id IS DISTINCT FROM old.parent_id) AND (new.category = ANY (ARRAY['active'::text, 'held'::text, 'review'::text])))) EXECUTE FUNCTION guard_start_below();
CREATE TRIGGER only_what_the_lifecycle_allows BEFORE INSERT OR UPDATE ON public.work_orders FOR EACH ROW EXECUTE FUNCTION guard_work_order();
CREATE TRIGGER steps_are_done_while_it_is_under_way BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN (((new.step_results IS DISTINCT FROM old.step_results) AND ((old.category <> 'active'::text) OR (new.category <> 'active'::text)))) EXECUTE FUNCTION refuse_step_change();
CREATE TRIGGER the_tree_is_kept AFTER UPDATE OF parent_id, predecessors ON public.work_orders FOR EACH ROW EXECUTE FUNCTION keep_tree();
CREATE TRIGGER the_tree_is_kept_when_one_begins AFTER INSERT ON public.work_orders FOR EACH ROW WHEN (((new.parent_id IS NOT NULL) OR (new.predecessors IS NOT NULL))) EXECUTE FUNCTION keep_tree();
CREATE TRIGGER what_completes_it_is_fixed_before_work BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN ((((new.completion_policy IS DISTINCT FROM old.completion_policy) OR (new.on_failure IS DISTINCT FROM old.on_failure)) AND (old.category <> ALL (ARRAY['initial'::text, 'planning'::text, 'ready'::text])))) EXECUTE FUNCTION refuse_late_policy();
CREATE TRIGGER what_is_over_sets_nothing_aside AFTER UPDATE ON public.work_orders FOR EACH ROW WHEN (((new.category = ANY (ARRAY['done'::text, 'abandoned'::text])) AND (old.category <> ALL (ARRAY['done'::text, 'abandoned'::text])))) EXECUTE FUNCTION release_reservations();
CREATE TRIGGER who_starts_is_qualified BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN (((new.assignee_id IS NOT NULL) AND (new.requirements IS NOT NULL) AND (new.category = 'active'::text) AND ((old.category <> ALL (ARRAY['active'::text, 'held'::text])) OR (new.assignee_id IS DISTINCT FROM old.assignee_id)))) EXECUTE FUNCTION guard_qualification();
CREATE TRIGGER words_are_indexed AFTER INSERT OR UPDATE OF title, description, project, tags, attributes ON public.work_orders FOR EACH ROW EXECUTE FUNCTION index_work_order_texts();
CREATE TRIGGER work_is_handed_in_with_its_steps_done BEFORE UPDATE ON public.work_orders FOR EACH ROW WHEN (((new.job_plan IS NOT NULL) AND (new.category = ANY (ARRAY['review'::text, 'done'::text])) AND (old.category <> ALL (ARRAY['review'::text, 'done'::text])))) EXECUTE FUNCTION guard_hand_in();
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
