-- Roles of the cluster. Run by a role that may create roles, before the migrations; safe to run again.
--
-- docket_owner owns every object and docket_search the one search function; neither ever logs in. The others log in (their passwords are set by the
-- service from the secret of DATABASE_URL) and own nothing: none is superuser, none bypasses row security.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['docket_owner', 'docket_app', 'docket_auth', 'docket_sealer', 'docket_auditor', 'docket_search'] loop
    if not exists (select 1 from pg_roles where rolname = role_name) then
      execute format('create role %I nologin nosuperuser nobypassrls nocreatedb nocreaterole noreplication', role_name);
    end if;
  end loop;
end
$$;
