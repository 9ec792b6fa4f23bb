-- What completes a master, what ends with it, and what is waived. Each rule stands in the code as well: a master
-- is not done over linked work that runs, nothing starts under a finished one, what completes it is fixed before
-- work starts, and a waiver of regulatory work has its signatures.

alter table tenants add column completion_policy jsonb null;

-- ------------------------------------------------------------------------------------------------- waivers

alter table approval_rounds drop constraint approval_rounds_gate_check;
alter table approval_rounds add constraint approval_rounds_gate_check check (gate in ('release', 'completion', 'waiver'));
alter table approval_rounds add column reason text null;
alter table approval_rounds add constraint a_waiver_says_why check ((gate = 'waiver') = (coalesce(reason, '') <> ''));
-- A waiver is asked for beside whatever gate the work order stands at.
drop index one_open_round_per_work_order;
create unique index one_open_round_per_work_order on approval_rounds (tenant_id, work_order_id, (gate = 'waiver')) where status = 'open';

alter table signatures drop constraint signatures_gate_check;
alter table signatures add constraint signatures_gate_check check (gate in ('release', 'completion', 'waiver'));
alter table signatures drop constraint signatures_meaning_check;
alter table signatures add constraint signatures_meaning_check
  check (meaning = case gate when 'waiver' then 'waived' else 'approved' end);

create or replace function guard_signature() returns trigger language plpgsql as $$
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
$$;

create or replace function guard_approval_round() returns trigger language plpgsql as $$
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
$$;

create or replace function guard_work_order() returns trigger language plpgsql as $$
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
$$;

create function guard_waiver() returns trigger language plpgsql as $$
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
$$;
create trigger a_waiver_is_signed_and_stays before update on work_orders
  for each row when (new.waiver is distinct from old.waiver) execute function guard_waiver();
create trigger nothing_begins_as_waived before insert on work_orders
  for each row when (new.waiver is not null) execute function guard_waiver();

-- ---------------------------------------------------------------------------------------------- completion

create function refuse_late_policy() returns trigger language plpgsql as $$
begin
  raise exception 'what completes work order % was fixed when its work began', old.id using errcode = 'DK031';
end
$$;
create trigger what_completes_it_is_fixed_before_work before update on work_orders
  for each row when ((new.completion_policy is distinct from old.completion_policy or new.on_failure is distinct from old.on_failure)
    and old.category not in ('initial', 'planning', 'ready')) execute function refuse_late_policy();

create function guard_master() returns trigger language plpgsql as $$
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
$$;
create trigger a_master_closes_over_nothing_that_runs before update on work_orders
  for each row when (new.category = 'done' and old.category <> 'done') execute function guard_master();

-- The share lock lets many start at once and none beside the closing of their master.
create function guard_start_below() returns trigger language plpgsql as $$
declare
  category text;
begin
  select m.category into category from work_orders m where m.tenant_id = new.tenant_id and m.id = new.parent_id for share;
  if category in ('done', 'abandoned') then
    raise exception 'work order % starts below a finished master', new.id using errcode = 'DK033';
  end if;
  return new;
end
$$;
create trigger nothing_starts_below_a_finished_master before update on work_orders
  for each row when (new.parent_id is not null and new.category = 'active' and old.category not in ('active', 'held'))
  execute function guard_start_below();
create trigger nothing_that_runs_is_linked_to_a_finished_master before update of parent_id on work_orders
  for each row when (new.parent_id is not null and new.parent_id is distinct from old.parent_id
    and new.category in ('active', 'held', 'review')) execute function guard_start_below();

-- What becomes ready by the clock alone.
create index dependencies_with_a_lag on dependencies (tenant_id, predecessor_id) where lag_hours > 0;
