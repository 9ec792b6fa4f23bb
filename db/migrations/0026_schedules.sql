-- What somebody asked the scheduler, how far it is, and what it answered. It proposes: nothing else changes by it, so it
-- is no record with entries; the entries of the work orders tell what was booked, and by which schedule. An answer stays
-- as it was given.

create table schedules (
  tenant_id  uuid        not null default current_tenant() references tenants,
  id         uuid        not null,
  state      text        not null check (state in ('waiting', 'running', 'done', 'failed')),
  ask        jsonb       not null check (jsonb_typeof(ask) = 'object'),
  progress   jsonb       null,
  answer     jsonb       null,
  fault      text        null,
  stop_asked boolean     not null default false,
  created_by uuid        not null,
  created_at timestamptz not null,
  -- Who works it out says so again and again; whoever does not any more is taken over from.
  beat_at    timestamptz not null,
  ended_at   timestamptz null,
  booked_at  timestamptz null,
  primary key (tenant_id, id),
  foreign key (tenant_id, created_by) references principals (tenant_id, id),
  constraint what_is_done_has_an_answer check ((state = 'done') = (answer is not null)),
  constraint what_failed_says_why check ((state = 'failed') = (fault is not null)),
  constraint what_is_over_says_when check ((state in ('done', 'failed')) = (ended_at is not null)),
  constraint only_an_answer_is_booked check (booked_at is null or state = 'done')
);
create index schedules_under_way on schedules (tenant_id, beat_at) where state in ('waiting', 'running');

alter table schedules enable row level security;
alter table schedules force row level security;
create policy tenant on schedules using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert on schedules to docket_app;
grant update (state, progress, answer, fault, stop_asked, beat_at, ended_at, booked_at) on schedules to docket_app;
grant select on schedules to docket_auditor;

create function guard_schedule() returns trigger language plpgsql as $$
begin
  if old.state in ('done', 'failed') and (new.state, new.answer, new.fault, new.progress, new.ended_at) is distinct from (old.state, old.answer, old.fault, old.progress, old.ended_at) then
    raise exception 'schedule % is answered', old.id using errcode = 'DK044';
  end if;
  if old.booked_at is not null and new.booked_at is distinct from old.booked_at then
    raise exception 'schedule % is booked', old.id using errcode = 'DK044';
  end if;
  return new;
end
$$;
create trigger an_answer_stays before update on schedules for each row execute function guard_schedule();
