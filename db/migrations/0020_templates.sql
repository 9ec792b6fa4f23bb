-- Templates of work: records with a chain of their own, so that every version of one can be read from its entries.

alter table entries drop constraint entries_record_kind_check;
alter table entries add constraint entries_record_kind_check
  check (record_kind in ('work_order', 'asset', 'principal', 'tenant', 'delegation', 'finding', 'template'));

create table templates (
  tenant_id  uuid        not null default current_tenant() references tenants,
  id         uuid        not null,
  name       text        not null check (name ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
  body       jsonb       not null check (jsonb_typeof(body) = 'object'),
  retired    boolean     not null,
  version    integer     not null check (version > 0),
  entry_seq  integer     not null,
  entry_id   uuid        not null,
  entry_head bytea       not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, id),
  constraint one_template_per_name unique (tenant_id, name)
);
alter table templates enable row level security;
alter table templates force row level security;
create policy tenant on templates using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert on templates to docket_app;
grant update (body, retired, version, entry_seq, entry_id, entry_head, updated_at) on templates to docket_app;
grant select on templates to docket_auditor;

create constraint trigger no_change_without_an_entry after insert or update on templates
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
