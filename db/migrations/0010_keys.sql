-- Keys of people, second layer: what 0005 leaves to the code and what would be a finding is refused here as well.
-- A key begins unconfirmed; only an administrator or QA confirms it, and never one who gave its owner a password;
-- five wrong attempts in fifteen minutes leave a lock behind, and only another administrator takes it off.

create function has_role(tenant uuid, principal uuid, roles text[]) returns boolean
  language sql stable
  return exists (select from role_grants g join principals p on p.tenant_id = g.tenant_id and p.id = g.principal_id
    where g.tenant_id = tenant and g.principal_id = principal and g.role = any (roles) and p.disabled_at is null);

create function guard_key_proof() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if (new.status, new.certificate, new.proofed_by, new.proofed_at, new.proof_note, new.revoked_by)
       is distinct from ('pending', null::bytea, null::uuid, null::timestamptz, null::text, null::uuid) then
      raise exception 'signing key % does not begin unconfirmed', new.id using errcode = 'DK009';
    end if;
    if exists (select from signing_locks l where l.tenant_id = new.tenant_id and l.principal_id = new.principal_id and l.unlocked_at is null) then
      raise exception 'signing of % is locked', new.principal_id using errcode = 'DK013';
    end if;
    return new;
  end if;
  if old.proofed_by is not null
     and (new.proofed_by, new.proofed_at, new.proof_note) is distinct from (old.proofed_by, old.proofed_at, old.proof_note) then
    raise exception 'who confirmed signing key % does not change', old.id using errcode = 'DK009';
  end if;
  if new.proofed_by is distinct from old.proofed_by then
    if old.status <> 'pending' or new.status <> 'active' or not has_role(new.tenant_id, new.proofed_by, '{admin,qa}') then
      raise exception 'signing key % is confirmed by an administrator or QA only', old.id using errcode = 'DK009';
    end if;
    if exists (select from entries e where e.tenant_id = new.tenant_id and e.record_id = new.principal_id
                 and e.action = 'password_set' and e.actor_id = new.proofed_by) then
      raise exception 'who gave % a password does not confirm signing key %', new.principal_id, old.id using errcode = 'DK009';
    end if;
  end if;
  if new.status = 'revoked' and (new.revoked_by is null
     or (new.revoked_by <> new.principal_id and not has_role(new.tenant_id, new.revoked_by, '{admin}'))) then
    raise exception 'signing key % is revoked by its owner or an administrator only', old.id using errcode = 'DK009';
  end if;
  return new;
end
$$;
create trigger a_key_is_confirmed_by_another before insert or update on signing_keys for each row execute function guard_key_proof();

-- At commit: the fifth wrong attempt in fifteen minutes has left a lock behind.
create function guard_signing_attempt() returns trigger language plpgsql as $$
begin
  if 5 <= (select count(*) from signing_attempts a
            where a.tenant_id = new.tenant_id and a.principal_id = new.principal_id
              and a.at > new.at - interval '15 minutes' and a.at <= new.at
              and a.at > coalesce((select max(l.unlocked_at) from signing_locks l
                                    where l.tenant_id = new.tenant_id and l.principal_id = new.principal_id), '-infinity'))
     and not exists (select from signing_locks l where l.tenant_id = new.tenant_id and l.principal_id = new.principal_id and l.unlocked_at is null) then
    raise exception 'five wrong attempts of % leave no lock', new.principal_id using errcode = 'DK013';
  end if;
  return null;
end
$$;
create constraint trigger five_wrong_attempts_lock_signing after insert on signing_attempts
  deferrable initially deferred for each row execute function guard_signing_attempt();

create function guard_signing_lock() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.unlocked_at is not null or new.unlocked_by is not null then
      raise exception 'a lock of % begins locked', new.principal_id using errcode = 'DK013';
    end if;
  elsif old.unlocked_at is not null or new.unlocked_at is null or new.unlocked_by is null
     or not has_role(new.tenant_id, new.unlocked_by, '{admin}') then
    raise exception 'signing of % is unlocked once, by an administrator', old.principal_id using errcode = 'DK013';
  end if;
  return new;
end
$$;
create trigger a_lock_is_taken_off_by_an_administrator before insert or update on signing_locks
  for each row execute function guard_signing_lock();

-- Only people attest what a signature means.
create function guard_attestation() returns trigger language plpgsql as $$
begin
  if not exists (select from principals p where p.tenant_id = new.tenant_id and p.id = new.principal_id and p.kind = 'human') then
    raise exception 'only a person attests' using errcode = 'DK013';
  end if;
  return new;
end
$$;
create trigger only_people_attest before insert on attestations for each row execute function guard_attestation();
