-- Time-stamp tokens (RFC 3161) of checkpoints: what an authority outside has dated. The token covers the note of the
-- checkpoint as the log signed it, and with it every entry below. Inserted once, never changed.

create table log_timestamps (
  tenant_id  uuid        not null default current_tenant() references tenants,
  tree_size  bigint      not null,
  token      bytea       not null check (octet_length(token) > 0),  -- DER of the TimeStampToken
  tsa        text        not null check (tsa <> ''),                -- subject of the certificate that signed it
  stamped_at timestamptz not null,                                  -- the authority's time
  created_at timestamptz not null default now(),
  constraint one_timestamp_per_checkpoint primary key (tenant_id, tree_size),
  constraint a_timestamp_is_of_a_checkpoint foreign key (tenant_id, tree_size) references checkpoints (tenant_id, tree_size)
);

alter table log_timestamps enable row level security;
alter table log_timestamps force  row level security;
create policy tenant on log_timestamps using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());

grant select, insert on log_timestamps to docket_app;
grant select         on log_timestamps to docket_auditor;
