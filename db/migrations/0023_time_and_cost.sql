-- The time that people work on work orders, and what work orders cost. Nobody works at two places at once: an exclusion
-- constraint says so, and a timer that runs counts as open-ended. Nothing is deleted or written over: what was wrong is
-- void, with its reason, and what is right stands beside it. What an hour cost is looked up here, and frozen.

create extension if not exists btree_gist;

-- Digits of the minor unit (ISO 4217): amounts are rounded to them.
create function currency_digits(currency text) returns integer language sql immutable parallel safe
  return case
    when currency in ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF','XOF','XPF') then 0
    when currency in ('BHD','IQD','JOD','KWD','LYD','OMR','TND') then 3
    when currency in ('CLF','UYW') then 4
    else 2 end;

-- Exact, and halves away from zero: div() is a whole quotient, where / would already have been rounded once.
create function round_quotient(dividend numeric, divisor integer, digits integer) returns numeric language sql immutable parallel safe
  return round(sign(dividend) * div(abs(dividend) * 10::numeric ^ digits * 2 + divisor, divisor * 2) / 10::numeric ^ digits, digits);

-- What an hour of somebody has cost, from the entries of the principal: each rate with the instant from which it held.
create function list_cost_rates(tenant uuid, person uuid)
  returns table (since timestamptz, cost_rate text, currency text, said_by text, reason text) language sql stable as $$
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
$$;

-- The rate that held at an instant; before the first was said, that first one counts.
create function find_cost_rate(tenant uuid, person uuid, at timestamptz)
  returns table (cost_rate numeric, currency text) language sql stable as $$
  select r.cost_rate::numeric, r.currency from list_cost_rates(tenant, person) r
   order by r.since <= at desc, case when r.since <= at then r.since end desc, r.since limit 1
$$;

-- --------------------------------------------------------------------------------------------- time entries

create table time_entries (
  tenant_id           uuid        not null default current_tenant() references tenants,
  id                  uuid        not null,
  work_order_id       uuid        not null,
  person_id           uuid        not null,
  during              tstzrange   not null,                -- without an end while the timer runs
  source              text        not null check (source in ('timer', 'manual')),
  job_role            text        null check (job_role <> '' and length(job_role) <= 200),
  note                text        null check (length(note) <= 2000),
  ended_by_transition boolean     not null default false,
  cost_rate           numeric     null,                    -- for an hour; the database writes these three
  currency            text        null check (currency ~ '^[A-Z]{3}$'),
  amount              numeric     null,
  corrects            uuid        null,
  logged_by           uuid        not null,
  logged_at           timestamptz not null,
  voided_by           uuid        null,
  voided_at           timestamptz null,
  void_reason         text        null check (void_reason <> ''),
  primary key (tenant_id, id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  foreign key (tenant_id, person_id) references principals (tenant_id, id),
  foreign key (tenant_id, logged_by) references principals (tenant_id, id),
  foreign key (tenant_id, voided_by) references principals (tenant_id, id),
  foreign key (tenant_id, corrects) references time_entries (tenant_id, id),
  constraint an_entry_is_corrected_once unique (tenant_id, corrects),
  constraint nobody_works_at_two_places_at_once
    exclude using gist (tenant_id with =, person_id with =, during with &&) where (voided_at is null),
  constraint a_time_is_a_half_open_range
    check (not isempty(during) and lower_inc(during) and not upper_inc(during) and not lower_inf(during) and upper(during) is distinct from 'infinity'),
  constraint only_a_timer_runs check (source = 'timer' or not upper_inf(during)),
  constraint nobody_works_longer_than_a_day
    check (upper_inf(during) or ended_by_transition or upper(during) - lower(during) <= interval '24 hours'),
  constraint what_is_void_says_who_and_why
    check (num_nonnulls(voided_by, voided_at, void_reason) in (0, 3)),
  constraint an_amount_comes_of_a_rate check (num_nonnulls(cost_rate, currency, amount) in (0, 3))
);
create index time_entries_of_a_work_order on time_entries (tenant_id, work_order_id, id);
create index time_entries_of_a_person     on time_entries (tenant_id, person_id, id);
create index timers_that_run on time_entries (tenant_id, work_order_id) where upper_inf(during) and voided_at is null;

create constraint trigger no_change_without_an_entry after insert or update on time_entries
  deferrable initially deferred for each row execute function require_entry_of_owner('work_order_id');

create function guard_time_entry() returns trigger language plpgsql as $$
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
$$;
create trigger what_was_worked_stays before insert or update on time_entries
  for each row execute function guard_time_entry();

-- Whoever leaves the work leaves it with the timers stopped; the entry of the transition tells it.
create function stop_timers() returns trigger language plpgsql as $$
begin
  update time_entries
     set during = tstzrange(lower(during), greatest(new.updated_at, lower(during) + interval '1 microsecond')), ended_by_transition = true
   where tenant_id = new.tenant_id and work_order_id = new.id and upper_inf(during) and voided_at is null;
  return null;
end
$$;
create trigger no_timer_runs_beside_the_work after update on work_orders
  for each row when (old.category = 'active' and new.category <> 'active')
  execute function stop_timers();

-- ---------------------------------------------------------------------------------------------- cost lines

create table cost_lines (
  tenant_id     uuid        not null default current_tenant() references tenants,
  id            uuid        not null,
  work_order_id uuid        not null,
  kind          text        not null check (kind in ('tool', 'part', 'vendor', 'other')),
  description   text        not null check (description <> '' and length(description) <= 500),
  quantity      numeric     not null check (quantity > 0),
  unit_price    numeric     not null,
  currency      text        not null check (currency ~ '^[A-Z]{3}$'),
  amount        numeric     not null,
  dated         date        not null,
  reference     text        null check (reference <> '' and length(reference) <= 200),
  added_by      uuid        not null,
  added_at      timestamptz not null,
  voided_by     uuid        null,
  voided_at     timestamptz null,
  void_reason   text        null check (void_reason <> ''),
  primary key (tenant_id, id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  foreign key (tenant_id, added_by) references principals (tenant_id, id),
  foreign key (tenant_id, voided_by) references principals (tenant_id, id),
  constraint an_amount_is_quantity_times_price check (amount = round(quantity * unit_price, currency_digits(currency))),
  constraint what_is_void_says_who_and_why check (num_nonnulls(voided_by, voided_at, void_reason) in (0, 3))
);
create index cost_lines_of_a_work_order on cost_lines (tenant_id, work_order_id, id);

create constraint trigger no_change_without_an_entry after insert or update on cost_lines
  deferrable initially deferred for each row execute function require_entry_of_owner('work_order_id');

create function guard_cost_line() returns trigger language plpgsql as $$
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
$$;
create trigger what_it_cost_stays before insert or update on cost_lines
  for each row execute function guard_cost_line();

-- -------------------------------------------------------------------------------------- row security, grants

alter table time_entries enable row level security;
alter table time_entries force  row level security;
alter table cost_lines   enable row level security;
alter table cost_lines   force  row level security;
create policy tenant on time_entries using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on cost_lines   using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());

grant select, insert, update (during, note, ended_by_transition, voided_by, voided_at, void_reason) on time_entries to docket_app;
grant select, insert, update (voided_by, voided_at, void_reason) on cost_lines to docket_app;
grant select on time_entries, cost_lines to docket_auditor;
