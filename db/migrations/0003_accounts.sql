-- Accounts, sessions and API keys: the tables of better-auth 1.7 in a schema of their own, without tenant
-- data, reached by docket_auth only. `memberships` says which principals a person may act as.

create table auth."user" (
  id uuid default gen_random_uuid() not null primary key,
  name text not null,
  email text not null unique,
  "emailVerified" boolean not null,
  image text,
  "createdAt" timestamptz default current_timestamp not null,
  "updatedAt" timestamptz default current_timestamp not null
);

create table auth.session (
  id uuid default gen_random_uuid() not null primary key,
  "expiresAt" timestamptz not null,
  token text not null unique,
  "createdAt" timestamptz default current_timestamp not null,
  "updatedAt" timestamptz not null,
  "ipAddress" text,
  "userAgent" text,
  "userId" uuid not null references auth."user" (id) on delete cascade
);
create index "session_userId_idx" on auth.session ("userId");

create table auth.account (
  id uuid default gen_random_uuid() not null primary key,
  "accountId" text not null,
  "providerId" text not null,
  "userId" uuid not null references auth."user" (id) on delete cascade,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" timestamptz,
  "refreshTokenExpiresAt" timestamptz,
  scope text,
  password text,
  "createdAt" timestamptz default current_timestamp not null,
  "updatedAt" timestamptz not null
);
create index "account_userId_idx" on auth.account ("userId");

create table auth.verification (
  id uuid default gen_random_uuid() not null primary key,
  identifier text not null,
  value text not null,
  "expiresAt" timestamptz not null,
  "createdAt" timestamptz default current_timestamp not null,
  "updatedAt" timestamptz default current_timestamp not null
);
create index verification_identifier_idx on auth.verification (identifier);

create table auth.apikey (
  id uuid default gen_random_uuid() not null primary key,
  "configId" text not null,
  name text,
  start text,
  "referenceId" text not null,
  prefix text,
  key text not null,
  "refillInterval" integer,
  "refillAmount" integer,
  "lastRefillAt" timestamptz,
  enabled boolean,
  "rateLimitEnabled" boolean,
  "rateLimitTimeWindow" integer,
  "rateLimitMax" integer,
  "requestCount" integer,
  remaining integer,
  "lastRequest" timestamptz,
  "expiresAt" timestamptz,
  "createdAt" timestamptz not null,
  "updatedAt" timestamptz not null,
  permissions text,
  metadata text
);
create index "apikey_configId_idx" on auth.apikey ("configId");
create index "apikey_referenceId_idx" on auth.apikey ("referenceId");
create index apikey_key_idx on auth.apikey (key);
create index apikey_of_a_principal on auth.apikey using gin ((metadata::jsonb) jsonb_path_ops);

create table auth.memberships (
  user_id      uuid not null references auth."user" (id) on delete cascade,
  tenant_id    uuid not null,
  principal_id uuid not null,
  constraint one_person_per_principal primary key (tenant_id, principal_id)
);
create index memberships_of_a_person on auth.memberships (user_id);

grant usage on schema auth to docket_auth;
grant select, insert, update, delete on all tables in schema auth to docket_auth;

-- Finding a tenant before any is set: by slug for the service, all of them for a verifier. As with the search,
-- a role of its own sees this one table, and nobody can list it through the service.
create policy finding on tenants for select to docket_search using (true);
grant select on tenants to docket_search;

create function find_tenant(wanted text) returns uuid
  language sql stable security definer set search_path = public, pg_temp
  return (select tenant_id from tenants where slug = wanted);

create function list_tenants() returns table (tenant_id uuid, slug text)
  language sql stable security definer set search_path = public, pg_temp
  begin atomic
    select t.tenant_id, t.slug from tenants t order by t.slug;
  end;

grant create on schema public to docket_search;
alter function find_tenant(text)  owner to docket_search;
alter function list_tenants()     owner to docket_search;
revoke create on schema public from docket_search;
revoke execute on function find_tenant(text), list_tenants() from public;
grant execute on function find_tenant(text) to docket_app;
grant execute on function list_tenants()    to docket_auditor;

-- Answers are kept for three days; after that the same key is a new request. Across tenants, so by the finder's role.
create policy forgetting on idempotency_keys for all to docket_search using (created_at < now() - interval '3 days');
grant select, delete on idempotency_keys to docket_search;

create function forget_idempotency_keys() returns void
  language sql volatile security definer set search_path = public, pg_temp
  begin atomic
    delete from idempotency_keys where created_at < now() - interval '3 days';
  end;

grant create on schema public to docket_search;
alter function forget_idempotency_keys() owner to docket_search;
revoke create on schema public from docket_search;
revoke execute on function forget_idempotency_keys() from public;
grant execute on function forget_idempotency_keys() to docket_app;
