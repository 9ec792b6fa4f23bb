-- Absences: who is away is not reminded, and what nobody present can sign goes up at once. And what a delegation
-- must be when it is made, which rests on rows of other tables: grants and people.

create table absences (
  tenant_id    uuid        not null default current_tenant(),
  id           uuid        not null,
  principal_id uuid        not null,
  starts_at    timestamptz not null,
  ends_at      timestamptz not null,
  note         text        null check (note <> '' and length(note) <= 500),
  created_at   timestamptz not null,
  removed_at   timestamptz null,
  primary key (tenant_id, id),
  foreign key (tenant_id, principal_id) references principals (tenant_id, id),
  constraint an_absence_ends_after_it_starts check (ends_at > starts_at)
);
create index absences_of_a_principal on absences (tenant_id, principal_id, ends_at);
create constraint trigger no_change_without_an_entry after insert or update on absences
  deferrable initially deferred for each row execute function require_entry_of_owner('principal_id');

create function guard_absence() returns trigger language plpgsql as $$
begin
  if old.removed_at is not null or to_jsonb(new) - 'removed_at' <> to_jsonb(old) - 'removed_at' then
    raise exception 'absence % is not changed, it is removed and another one added', old.id using errcode = 'DK009';
  end if;
  return new;
end
$$;
create trigger an_absence_stays_what_it_is before update on absences for each row execute function guard_absence();

alter table absences enable row level security;
alter table absences force  row level security;
create policy tenant on absences using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert, update (removed_at) on absences to docket_app;
grant select on absences to docket_auditor;

-- People of the house only, both active; the delegator holds every role by a grant of his own; System Owner and
-- QA stay two people. A signature checks all of it again when it is made.
create function guard_new_delegation() returns trigger language plpgsql as $$
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
$$;
create trigger a_delegation_is_between_two_who_may before insert on delegations for each row execute function guard_new_delegation();
