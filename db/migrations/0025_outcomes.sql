-- What closed work orders took and cost, as it was learned, and what had been estimated before they began. Derived from
-- the records: a job writes these rows, and writes them again where they are deleted.

create table outcomes (
  tenant_id     uuid             not null default current_tenant() references tenants,
  work_order_id uuid             not null,
  measure       text             not null constraint a_measure_is_hours_or_a_currency check (measure = 'hours' or measure ~ '^[A-Z]{3}$'),
  version       integer          not null,      -- of the work order, when it was learned
  asked_at      timestamptz      not null,      -- when the work began: what was closed before then was known
  closed_at     timestamptz      not null,
  value         numeric          not null,
  paths         jsonb            not null,
  judged        boolean          not null default false,
  p50           double precision null,          -- null where nothing was known
  p80           double precision null,
  plain_p50     double precision null,          -- of all work, whatever its kind
  plain_p80     double precision null,
  rank          double precision null check (rank between 0 and 1),
  primary key (tenant_id, work_order_id, measure),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  constraint an_estimate_is_whole check (num_nulls(p50, p80, plain_p50, plain_p80, rank) in (0, 5)),
  constraint what_is_estimated_is_judged check (judged or p50 is null)
);
create index outcomes_by_close   on outcomes (tenant_id, measure, closed_at);
create index outcomes_not_judged on outcomes (tenant_id, asked_at) where not judged;

-- One row for each class that the outcome belongs to: the first 16 bytes of the SHA-256 of the class's path.
create table outcome_classes (
  tenant_id     uuid        not null default current_tenant() references tenants,
  measure       text        not null,
  class         bytea       not null check (length(class) = 16),
  closed_at     timestamptz not null,
  work_order_id uuid        not null,
  value         numeric     not null,
  primary key (tenant_id, measure, class, closed_at, work_order_id),
  foreign key (tenant_id, work_order_id, measure) references outcomes (tenant_id, work_order_id, measure) on delete cascade
);
create index outcome_classes_of_one on outcome_classes (tenant_id, work_order_id, measure);

-- How far the job has read the closed work orders of a tenant.
create table outcome_reading (
  tenant_id  uuid        not null default current_tenant() primary key references tenants,
  read_until timestamptz not null
);

alter table outcomes        enable row level security;
alter table outcomes        force  row level security;
alter table outcome_classes enable row level security;
alter table outcome_classes force  row level security;
alter table outcome_reading enable row level security;
alter table outcome_reading force  row level security;
create policy tenant on outcomes        using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on outcome_classes using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy tenant on outcome_reading using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert, delete, update (judged, p50, p80, plain_p50, plain_p80, rank) on outcomes to docket_app;
grant select, insert, delete on outcome_classes to docket_app;
grant select, insert, delete, update (read_until) on outcome_reading to docket_app;
grant select on outcomes, outcome_classes, outcome_reading to docket_auditor;
