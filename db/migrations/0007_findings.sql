-- Findings: what was attempted against the rules, and damage that was found. Each is a record with a chain of
-- entries of its own, an owner and a day by which it is dealt with. What would be a second finding is refused
-- here as well as in the code: one that is closed by whose violation it is, or without saying what was done;
-- and while the log does not match its records, no regulatory work order becomes done.

create table findings (
  tenant_id     uuid        not null default current_tenant() references tenants,
  id            uuid        not null,
  number        text        not null check (number ~ '^F-\d{4}-\d{6,}$'),
  kind          text        not null check (kind ~ '^[a-z_]+$'),
  severity      text        not null check (severity in ('minor', 'major', 'critical')),
  title         text        not null check (title <> '' and length(title) <= 500),
  work_order_id uuid        null,
  violator_id   uuid        null,                              -- whose violation it is, where it is somebody's
  owner_id      uuid        null,
  due_at        timestamptz not null,
  state         text        not null default 'open' check (state in ('open', 'assigned', 'mitigated', 'closed')),
  occurrences   integer     not null default 1 check (occurrences > 0),
  last_at       timestamptz not null,                          -- of the last occurrence
  detail        jsonb       not null default '{}',             -- of the first occurrence; the others are in their entries
  resolution    text        null check (resolution <> ''),
  closed_by     uuid        null,
  closed_at     timestamptz null,
  version       integer     not null check (version > 0),
  entry_seq     integer     not null,
  entry_id      uuid        not null,
  entry_head    bytea       not null,
  created_at    timestamptz not null,
  owner_kind    text generated always as (case when owner_id is null then null else 'human' end) stored,
  closer_kind   text generated always as (case when closed_by is null then null else 'human' end) stored,
  primary key (tenant_id, id),
  constraint one_finding_per_number unique (tenant_id, number),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  foreign key (tenant_id, violator_id) references principals (tenant_id, id),
  constraint a_human_owns_a_finding  foreign key (tenant_id, owner_id, owner_kind)   references principals (tenant_id, id, kind),
  constraint a_human_closes_a_finding foreign key (tenant_id, closed_by, closer_kind) references principals (tenant_id, id, kind),
  constraint an_assigned_finding_has_an_owner check (state <> 'assigned' or owner_id is not null),
  constraint a_mitigated_or_closed_finding_says_what_was_done check (state in ('open', 'assigned') or resolution is not null),
  constraint a_closed_finding_says_who_and_when
    check ((state = 'closed') = (closed_by is not null) and (state = 'closed') = (closed_at is not null)),
  constraint nobody_closes_a_finding_about_himself check (closed_by <> violator_id)
);
-- The same again is counted, not opened twice.
create unique index one_open_finding_about_the_same on findings (tenant_id, kind, work_order_id, violator_id, title)
  nulls not distinct where state <> 'closed';
create index findings_of_a_work_order on findings (tenant_id, work_order_id, id) where work_order_id is not null;
create index findings_by_due_date     on findings (tenant_id, due_at, id) where state <> 'closed';
create index findings_that_hold       on findings (tenant_id, kind) where state <> 'closed';

create constraint trigger no_change_without_an_entry after insert or update on findings
  deferrable initially deferred for each row execute function require_entry();

create function guard_finding() returns trigger language plpgsql as $$
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
$$;
create trigger a_finding_is_closed_by_who_may before insert or update on findings for each row execute function guard_finding();

-- At commit: who is said to have closed it is who acted.
create function require_closer() returns trigger language plpgsql as $$
begin
  perform 1 from entries e where e.tenant_id = new.tenant_id and e.id = new.entry_id and e.actor_id = new.closed_by;
  if not found then
    raise exception 'finding % was not closed by %', new.number, new.closed_by using errcode = 'DK014';
  end if;
  return null;
end
$$;
create constraint trigger who_closed_it_is_who_acted after update on findings
  deferrable initially deferred for each row when (new.state = 'closed') execute function require_closer();

-- Numbers are F-YYYY-NNNNNN, counted per tenant and year.
create table finding_counters (
  tenant_id uuid    not null default current_tenant() references tenants,
  year      integer not null check (year between 2000 and 9999),
  last      integer not null check (last > 0),
  primary key (tenant_id, year)
);

-- While the log of a tenant does not match its records, nothing regulatory is closed on the strength of them.
create function guard_integrity() returns trigger language plpgsql as $$
begin
  perform 1 from findings f where f.tenant_id = new.tenant_id and f.kind = 'log_mismatch' and f.state <> 'closed';
  if found then
    raise exception 'work order % is held: the log of its tenant does not match', old.id using errcode = 'DK015';
  end if;
  return new;
end
$$;
create trigger nothing_regulatory_is_done_while_the_log_does_not_match before update on work_orders
  for each row when ((new.regulatory or old.regulatory) and new.category = 'done' and old.category <> 'done')
  execute function guard_integrity();

-- ---------------------------------------------------------------------------------------- row security

alter table findings         enable row level security;
alter table findings         force  row level security;
alter table finding_counters enable row level security;
alter table finding_counters force  row level security;

create policy tenant on findings         using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on finding_counters using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());

grant select, insert on findings to docket_app;
grant update (owner_id, due_at, state, occurrences, last_at, resolution, closed_by, closed_at, version, entry_seq, entry_id, entry_head)
  on findings to docket_app;
grant select, insert, update on finding_counters to docket_app;
grant select on findings to docket_auditor;
