-- Signatures. A gate opens a round with its requirements; a signature binds one person, one role and one
-- version of one work order; the last required one passes the round, and only a passed round opens the gate.
-- What would be a finding is refused here as well as in the code: a signature by somebody who did the work,
-- by one person in two roles, under a revoked key or delegation, or of another version than the one that stands.

-- --------------------------------------------------------------------------------- records of two new kinds

alter table entries drop constraint entries_record_kind_check;
alter table entries add constraint entries_record_kind_check
  check (record_kind in ('work_order', 'asset', 'principal', 'tenant', 'delegation', 'finding'));

-- At commit: an entry is the head of its record, or the next one of the same transaction follows it.
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

-- Who is told when somebody does not sign in time.
alter table principals add column manager_id uuid null;
alter table principals add constraint a_manager_is_a_principal foreign key (tenant_id, manager_id) references principals (tenant_id, id);
alter table principals add constraint nobody_manages_himself check (manager_id <> id);

-- ------------------------------------------------------------------------------------------ keys of people

create table certificate_authorities (
  tenant_id       uuid        not null default current_tenant() references tenants,
  id              uuid        not null,
  certificate     bytea       not null,                        -- DER, self-signed
  wrapped_private bytea       not null,                        -- under a key of the installation's secret
  created_at      timestamptz not null default now(),
  retired_at      timestamptz null,
  primary key (tenant_id, id)
);
create unique index one_certificate_authority_at_a_time on certificate_authorities (tenant_id) where retired_at is null;
create constraint trigger no_change_without_an_entry after insert or update on certificate_authorities
  deferrable initially deferred for each row execute function require_entry_of_owner('tenant_id');

create table signing_keys (
  tenant_id         uuid        not null default current_tenant(),
  id                uuid        not null,
  principal_id      uuid        not null,
  principal_kind    text        not null default 'human' constraint only_humans_sign check (principal_kind = 'human'),
  kind              text        not null check (kind in ('passkey', 'passphrase')),
  status            text        not null default 'pending' check (status in ('pending', 'active', 'revoked')),
  label             text        not null check (label <> '' and length(label) <= 100),
  spki              bytea       not null,
  credential_id     bytea       null,
  cose_key          bytea       null,
  sign_count        bigint      not null default 0,
  transports        text[]      not null default '{}',
  wrapped_private   bytea       null,                          -- needs the passphrase and the installation's secret
  salt              bytea       null,
  certificate       bytea       null,                          -- DER, from the moment of proofing
  enrolled_at       timestamptz not null,
  proofed_by        uuid        null,
  proofed_at        timestamptz null,
  proof_note        text        null,
  revoked_at        timestamptz null,
  revoked_by        uuid        null,
  revocation_reason text        null,
  primary key (tenant_id, id),
  foreign key (tenant_id, principal_id, principal_kind) references principals (tenant_id, id, kind),
  foreign key (tenant_id, proofed_by) references principals (tenant_id, id),
  foreign key (tenant_id, revoked_by) references principals (tenant_id, id),
  constraint one_key_per_credential unique (tenant_id, credential_id),
  constraint one_owner_per_key unique (tenant_id, spki),
  constraint a_second_person_proofs_the_identity check (proofed_by <> principal_id),
  constraint an_active_key_was_proofed_and_certified
    check (status <> 'active' or (proofed_by is not null and proofed_at is not null and certificate is not null and revoked_at is null)),
  constraint a_revoked_key_says_when_and_why check ((status = 'revoked') = (revoked_at is not null and revocation_reason is not null)),
  constraint a_key_is_of_its_kind check (
    (kind = 'passkey' and credential_id is not null and cose_key is not null and wrapped_private is null) or
    (kind = 'passphrase' and credential_id is null and wrapped_private is not null and salt is not null))
);
create index signing_keys_of_a_principal on signing_keys (tenant_id, principal_id, id);
-- The counter of a passkey moves with each signature, which has an entry of its own.
create constraint trigger no_change_without_an_entry
  after insert or update of status, certificate, proofed_by, proofed_at, proof_note, revoked_at, revoked_by, revocation_reason, label on signing_keys
  deferrable initially deferred for each row execute function require_entry_of_owner('principal_id');

create function guard_signing_key() returns trigger language plpgsql as $$
begin
  if (new.principal_id, new.kind, new.spki, new.credential_id, new.cose_key, new.wrapped_private, new.salt, new.enrolled_at)
     is distinct from (old.principal_id, old.kind, old.spki, old.credential_id, old.cose_key, old.wrapped_private, old.salt, old.enrolled_at)
     or (old.certificate is not null and new.certificate is distinct from old.certificate)
     or new.sign_count < old.sign_count then
    raise exception 'signing key % is not changed, it is revoked and another one enrolled', old.id using errcode = 'DK009';
  end if;
  if old.status = 'revoked' or (old.status = 'active' and new.status = 'pending') then
    raise exception 'signing key % was revoked for good', old.id using errcode = 'DK009';
  end if;
  return new;
end
$$;
create trigger a_key_stays_what_it_is before update on signing_keys for each row execute function guard_signing_key();

-- That the person knows what a signature means (21 CFR 11.10(j), 11.100(c)); once per version of the text.
create table attestations (
  tenant_id    uuid        not null default current_tenant(),
  principal_id uuid        not null,
  text_version integer     not null check (text_version > 0),
  at           timestamptz not null,
  primary key (tenant_id, principal_id, text_version),
  foreign key (tenant_id, principal_id) references principals (tenant_id, id)
);
create constraint trigger no_change_without_an_entry after insert on attestations
  deferrable initially deferred for each row execute function require_entry_of_owner('principal_id');

create table signing_attempts (
  tenant_id    uuid        not null default current_tenant(),
  id           uuid        not null,
  principal_id uuid        not null,
  what         text        not null,
  at           timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, principal_id) references principals (tenant_id, id)
);
create index signing_attempts_of_a_principal on signing_attempts (tenant_id, principal_id, at);
create constraint trigger no_change_without_an_entry after insert on signing_attempts
  deferrable initially deferred for each row execute function require_entry_of_owner('principal_id');

create table signing_locks (
  tenant_id    uuid        not null default current_tenant(),
  principal_id uuid        not null,
  locked_at    timestamptz not null,
  unlocked_at  timestamptz null,
  unlocked_by  uuid        null,
  primary key (tenant_id, principal_id, locked_at),
  foreign key (tenant_id, principal_id) references principals (tenant_id, id),
  constraint a_second_person_unlocks check (unlocked_by <> principal_id)
);
create unique index one_lock_at_a_time on signing_locks (tenant_id, principal_id) where unlocked_at is null;
create constraint trigger no_change_without_an_entry after insert or update on signing_locks
  deferrable initially deferred for each row execute function require_entry_of_owner('principal_id');

-- -------------------------------------------------------------------------------------- policy and rounds

create table approval_policies (
  tenant_id  uuid        not null default current_tenant() references tenants,
  version    integer     not null check (version > 0),
  body       jsonb       not null,
  created_at timestamptz not null,
  created_by uuid        not null,
  constraint one_policy_per_version primary key (tenant_id, version),
  foreign key (tenant_id, created_by) references principals (tenant_id, id)
);
create constraint trigger no_change_without_an_entry after insert on approval_policies
  deferrable initially deferred for each row execute function require_entry_of_owner('tenant_id');

create table approval_rounds (
  tenant_id      uuid        not null default current_tenant(),
  id             uuid        not null,
  work_order_id  uuid        not null,
  gate           text        not null check (gate in ('release', 'completion')),
  number         integer     not null check (number > 0),
  policy_version integer     not null check (policy_version >= 0),   -- 0: the rules that hold without any policy
  ordered        boolean     not null,
  status         text        not null default 'open' check (status in ('open', 'passed', 'returned', 'withdrawn')),
  opened_at      timestamptz not null,
  closed_at      timestamptz null,
  primary key (tenant_id, id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  constraint one_round_per_number unique (tenant_id, work_order_id, gate, number),
  constraint a_closed_round_says_when check ((status = 'open') = (closed_at is null))
);
create unique index one_open_round_per_work_order on approval_rounds (tenant_id, work_order_id) where status = 'open';
create constraint trigger no_change_without_an_entry after insert or update on approval_rounds
  deferrable initially deferred for each row execute function require_entry_of_owner('work_order_id');

create table approval_requirements (
  tenant_id     uuid        not null default current_tenant(),
  id            uuid        not null,
  round_id      uuid        not null,
  work_order_id uuid        not null,
  role          text        not null check (role in ('admin', 'auditor', 'system_owner', 'qa', 'assigner', 'captain', 'vendor', 'operator')),
  count         integer     not null check (count between 1 and 20),
  position      integer     not null check (position > 0),
  due_at        timestamptz null,
  next_step_at  timestamptz null,
  step          integer     not null default 0,
  primary key (tenant_id, id),
  foreign key (tenant_id, round_id) references approval_rounds (tenant_id, id),
  constraint one_requirement_per_role unique (tenant_id, round_id, role)
);
create index approval_requirements_by_next_step on approval_requirements (tenant_id, next_step_at) where next_step_at is not null;
create constraint trigger no_change_without_an_entry after insert or update on approval_requirements
  deferrable initially deferred for each row execute function require_entry_of_owner('work_order_id');

create function guard_approval_requirement() returns trigger language plpgsql as $$
begin
  if (new.id, new.round_id, new.work_order_id, new.role, new.count, new.position)
     is distinct from (old.id, old.round_id, old.work_order_id, old.role, old.count, old.position) then
    raise exception 'what a round requires does not change' using errcode = 'DK005';
  end if;
  return new;
end
$$;
create trigger a_requirement_stays_what_it_is before update on approval_requirements
  for each row execute function guard_approval_requirement();

-- ------------------------------------------------------------------------------------------- delegations

create table delegations (
  tenant_id             uuid        not null default current_tenant(),
  id                    uuid        not null,
  delegator_id          uuid        not null,
  delegate_id           uuid        not null,
  delegate_kind         text        not null default 'human' constraint never_to_an_agent check (delegate_kind = 'human'),
  roles                 text[]      not null check (cardinality(roles) > 0),
  lifecycles            text[]      null,
  work_categories       text[]      null,
  regulatory            boolean     null,
  starts_at             timestamptz not null,
  ends_at               timestamptz not null,
  reason                text        not null check (reason <> ''),
  delegator_accepted_at timestamptz null,
  delegate_accepted_at  timestamptz null,
  declined_at           timestamptz null,
  revoked_at            timestamptz null,
  revoked_by            uuid        null,
  version               integer     not null check (version > 0),
  entry_seq             integer     not null,
  entry_id              uuid        not null,
  entry_head            bytea       not null,
  created_at            timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, delegator_id) references principals (tenant_id, id),
  foreign key (tenant_id, delegate_id, delegate_kind) references principals (tenant_id, id, kind),
  foreign key (tenant_id, revoked_by) references principals (tenant_id, id),
  constraint nobody_delegates_to_himself check (delegator_id <> delegate_id),
  constraint thirty_days_at_most check (ends_at > starts_at and ends_at <= starts_at + interval '30 days')
);
create index delegations_of_a_delegate on delegations (tenant_id, delegate_id, ends_at);
create index delegations_of_a_delegator on delegations (tenant_id, delegator_id, ends_at);
create constraint trigger no_change_without_an_entry after insert or update on delegations
  deferrable initially deferred for each row execute function require_entry();

create function guard_delegation() returns trigger language plpgsql as $$
begin
  if (new.delegator_id, new.delegate_id, new.roles, new.lifecycles, new.work_categories, new.regulatory, new.starts_at, new.ends_at, new.reason)
     is distinct from (old.delegator_id, old.delegate_id, old.roles, old.lifecycles, old.work_categories, old.regulatory, old.starts_at, old.ends_at, old.reason)
     or (old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at)
     or (old.declined_at is not null and new.declined_at is distinct from old.declined_at) then
    raise exception 'delegation % is not changed, it is revoked and another one made', old.id using errcode = 'DK010';
  end if;
  return new;
end
$$;
create trigger a_delegation_stays_what_it_is before update on delegations for each row execute function guard_delegation();

-- ----------------------------------------------------------------------------------- intents, signatures

create table signing_intents (
  tenant_id     uuid        not null default current_tenant(),
  id            uuid        not null,
  work_order_id uuid        not null,
  round_id      uuid        not null,
  principal_id  uuid        not null,
  key_id        uuid        not null,
  gate          text        not null,
  role          text        not null,
  statement     bytea       not null,
  record        bytea       not null,
  created_at    timestamptz not null,
  expires_at    timestamptz not null,
  used_at       timestamptz null,
  primary key (tenant_id, id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  foreign key (tenant_id, round_id) references approval_rounds (tenant_id, id),
  foreign key (tenant_id, principal_id) references principals (tenant_id, id),
  foreign key (tenant_id, key_id) references signing_keys (tenant_id, id),
  constraint two_minutes_at_most check (expires_at <= created_at + interval '2 minutes')
);

create function guard_signing_intent() returns trigger language plpgsql as $$
begin
  if old.used_at is not null or to_jsonb(new) - 'used_at' <> to_jsonb(old) - 'used_at' then
    raise exception 'signing intent % is used once and never changed', old.id using errcode = 'DK011';
  end if;
  return new;
end
$$;
create trigger an_intent_is_used_once before update on signing_intents for each row execute function guard_signing_intent();

create table signatures (
  tenant_id          uuid        not null default current_tenant(),
  id                 uuid        not null,
  work_order_id      uuid        not null,
  round_id           uuid        not null,
  gate               text        not null check (gate in ('release', 'completion')),
  role               text        not null,
  meaning            text        not null check (meaning = 'approved'),
  wo_version         integer     not null,
  signer_id          uuid        not null,
  signer_kind        text        not null default 'human' constraint only_humans_sign check (signer_kind = 'human'),
  on_behalf_of       uuid        null,
  delegation_id      uuid        null,
  key_id             uuid        not null,
  kind               text        not null check (kind in ('passkey', 'passphrase')),
  statement          bytea       not null,
  record             bytea       not null,
  signature          bytea       not null,
  authenticator_data bytea       null,
  client_data_json   bytea       null,
  certificate        bytea       not null,
  intent_id          uuid        not null,
  signed_at          timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  foreign key (tenant_id, round_id) references approval_rounds (tenant_id, id),
  foreign key (tenant_id, signer_id, signer_kind) references principals (tenant_id, id, kind),
  foreign key (tenant_id, on_behalf_of) references principals (tenant_id, id),
  foreign key (tenant_id, delegation_id) references delegations (tenant_id, id),
  foreign key (tenant_id, key_id) references signing_keys (tenant_id, id),
  foreign key (tenant_id, intent_id) references signing_intents (tenant_id, id),
  constraint one_signature_per_intent unique (tenant_id, intent_id),
  constraint one_signature_per_person_round_and_version unique (tenant_id, round_id, wo_version, signer_id),
  constraint a_delegate_says_for_whom check ((delegation_id is null) = (on_behalf_of is null)),
  constraint a_passkey_signature_is_whole check ((kind = 'passkey') = (authenticator_data is not null and client_data_json is not null))
);
create index signatures_of_a_work_order on signatures (tenant_id, work_order_id, id);
create constraint trigger no_change_without_an_entry after insert on signatures
  deferrable initially deferred for each row execute function require_entry_of_owner('work_order_id');

-- The rules that span rows. The caller holds the locks of the work order, of both people and of the delegation.
create function guard_signature() returns trigger language plpgsql as $$
declare
  wo     work_orders%rowtype;
  round  approval_rounds%rowtype;
  intent signing_intents%rowtype;
  holder uuid := coalesce(new.on_behalf_of, new.signer_id);
  people uuid[] := array_remove(array[new.signer_id, new.on_behalf_of], null);
begin
  select * into strict wo     from work_orders     where tenant_id = new.tenant_id and id = new.work_order_id;
  select * into strict round  from approval_rounds where tenant_id = new.tenant_id and id = new.round_id;
  select * into strict intent from signing_intents where tenant_id = new.tenant_id and id = new.intent_id;
  if wo.version <> new.wo_version or round.work_order_id <> wo.id or round.gate <> new.gate or round.status <> 'open'
     or not exists (select from lifecycle_transitions t where t.lifecycle = wo.lifecycle and t.from_status = wo.status and t.gate = new.gate) then
    raise exception 'signature of % is not of what stands', wo.id using errcode = 'DK005';
  end if;
  if not exists (select from approval_requirements r where r.tenant_id = new.tenant_id and r.round_id = new.round_id and r.role = new.role) then
    raise exception 'nobody needs to sign % as %', wo.id, new.role using errcode = 'DK005';
  end if;
  if intent.used_at is null or intent.used_at > intent.expires_at or intent.principal_id <> new.signer_id or intent.work_order_id <> wo.id
     or intent.round_id <> new.round_id or intent.key_id <> new.key_id or intent.role <> new.role or intent.gate <> new.gate
     or intent.statement <> new.statement or intent.record <> new.record then
    raise exception 'signature of % has no intent of its own', wo.id using errcode = 'DK011';
  end if;
  if not exists (select from signing_keys k where k.tenant_id = new.tenant_id and k.id = new.key_id and k.principal_id = new.signer_id
                   and k.status = 'active' and k.kind = new.kind and k.certificate = new.certificate) then
    raise exception 'key % does not sign for %', new.key_id, new.signer_id using errcode = 'DK009';
  end if;
  if exists (select from principals p where p.tenant_id = new.tenant_id and p.id = any (people) and p.disabled_at is not null)
     or not exists (select from attestations a where a.tenant_id = new.tenant_id and a.principal_id = new.signer_id)
     or exists (select from signing_locks l where l.tenant_id = new.tenant_id and l.principal_id = new.signer_id and l.unlocked_at is null) then
    raise exception '% may not sign', new.signer_id using errcode = 'DK005';
  end if;
  if not exists (select from role_grants g where g.tenant_id = new.tenant_id and g.principal_id = holder and g.role = new.role
                   and (g.asset_id is null or g.asset_id = wo.asset_id)) then
    raise exception '% does not hold the role %', holder, new.role using errcode = 'DK005';
  end if;
  if new.delegation_id is not null and not exists (
      select from delegations d where d.tenant_id = new.tenant_id and d.id = new.delegation_id
         and d.delegator_id = new.on_behalf_of and d.delegate_id = new.signer_id and new.role = any (d.roles)
         and d.delegator_accepted_at is not null and d.delegate_accepted_at is not null and d.declined_at is null and d.revoked_at is null
         and new.signed_at >= d.starts_at and new.signed_at < d.ends_at
         and (d.lifecycles is null or wo.lifecycle = any (d.lifecycles))
         and (d.work_categories is null or coalesce(wo.work_category = any (d.work_categories), false))
         and (d.regulatory is null or d.regulatory = wo.regulatory)) then
    raise exception 'delegation % does not cover this', new.delegation_id using errcode = 'DK010';
  end if;
  -- Separation of duties, over the signer and over whom he signs for.
  if wo.executor_ids && people or wo.editor_id = any (people)
     or exists (select from principals p where p.tenant_id = new.tenant_id and p.id = any (wo.executor_ids) and p.sponsor_id = any (people))
     or exists (select from signatures s where s.tenant_id = new.tenant_id and s.round_id = new.round_id and s.wo_version = new.wo_version
                  and (s.signer_id = any (people) or s.on_behalf_of = any (people)))
     or (new.delegation_id is not null and new.role in ('system_owner', 'qa') and exists (
           select from role_grants g where g.tenant_id = new.tenant_id and g.principal_id = new.signer_id
              and g.role = case new.role when 'qa' then 'system_owner' else 'qa' end)) then
    raise exception 'separation of duties on %', wo.id using errcode = 'DK012';
  end if;
  return new;
end
$$;
create trigger a_signature_is_of_what_stands before insert on signatures for each row execute function guard_signature();

-- A round passes when each requirement is met by signatures of the version that stands.
create function guard_approval_round() returns trigger language plpgsql as $$
declare
  wo work_orders%rowtype;
begin
  if old.status <> 'open' or (new.id, new.work_order_id, new.gate, new.number, new.policy_version, new.ordered, new.opened_at)
     is distinct from (old.id, old.work_order_id, old.gate, old.number, old.policy_version, old.ordered, old.opened_at) then
    raise exception 'round % is closed', old.id using errcode = 'DK005';
  end if;
  if new.status = 'passed' then
    select * into strict wo from work_orders where tenant_id = new.tenant_id and id = new.work_order_id;
    if exists (select from approval_requirements r where r.tenant_id = new.tenant_id and r.round_id = new.id
                and r.count > (select count(*) from signatures s where s.tenant_id = new.tenant_id and s.round_id = new.id
                                  and s.role = r.role and s.wo_version = wo.version))
       or (wo.regulatory and 2 > (select count(distinct s.role) from signatures s where s.tenant_id = new.tenant_id and s.round_id = new.id
                                   and s.role in ('system_owner', 'qa') and s.wo_version = wo.version)) then
      raise exception 'round % of % is not signed by all', new.number, wo.id using errcode = 'DK005';
    end if;
  end if;
  return new;
end
$$;
create trigger a_round_passes_when_all_have_signed before update on approval_rounds for each row execute function guard_approval_round();

-- ---------------------------------------------------------------------------------------- the gates

alter table lifecycle_transitions add column gate text null check (gate in ('release', 'completion'));
-- Forced row security binds the owner too, who may change this reference data in a migration only.
alter table lifecycle_transitions no force row level security;
update lifecycle_transitions set gate = 'release'    where lifecycle = 'change-control' and from_status = 'pending_approval' and to_status = 'assigned';
update lifecycle_transitions set gate = 'completion' where lifecycle = 'change-control' and from_status = 'completed' and to_status = 'closed';
update lifecycle_transitions set gate = 'completion' where lifecycle = 'qms'   and from_status = 'pending_review' and to_status = 'approved';
update lifecycle_transitions set gate = 'completion' where lifecycle = 'fleet' and from_status = 'review' and to_status = 'approved';
alter table lifecycle_transitions force row level security;

create or replace function guard_work_order() returns trigger language plpgsql as $$
declare
  came_from text;
  edge      lifecycle_transitions%rowtype;
  -- Generated columns are not computed yet when this runs.
  head_and_generated constant text[] := '{entry_seq,entry_id,entry_head,priority_rank,due_order}';
begin
  if tg_op = 'INSERT' then
    came_from := case when new.import_source is null then '' else 'import' end;
  else
    if old.category in ('done', 'abandoned') then
      -- Only the head of the chain may move: a refused attempt on a final record is an entry of it.
      if (new.version, new.status, new.updated_at) is distinct from (old.version, old.status, old.updated_at)
         or to_jsonb(new) - head_and_generated <> to_jsonb(old) - head_and_generated then
        raise exception 'work order % is final', old.id using errcode = 'DK003';
      end if;
      return new;
    end if;
    if new.version not in (old.version, old.version + 1)
       or (new.number, new.lifecycle, new.created_at) is distinct from (old.number, old.lifecycle, old.created_at)
       or (old.regulatory and not new.regulatory and old.category <> 'initial') then
      raise exception 'identity of work order % changed', old.id using errcode = 'DK003';
    end if;
    if new.status = old.status and new.category = old.category then
      return new;
    end if;
    came_from := old.status;
  end if;
  select * into edge from lifecycle_transitions t
    where t.lifecycle = new.lifecycle and t.from_status = came_from and t.to_status = new.status;
  if not found or edge.to_category <> new.category then
    raise exception 'no edge % to % in %', came_from, new.status, new.lifecycle using errcode = 'DK004';
  end if;
  -- History that was closed elsewhere was signed elsewhere.
  if tg_op = 'INSERT' then
    return new;
  end if;
  if edge.gate is not null then
    -- An open round keeps its gate shut for every work order; a regulatory one needs a round that passed for this very version.
    perform 1 from approval_rounds r
      where r.tenant_id = new.tenant_id and r.work_order_id = new.id and r.gate = edge.gate and r.status = 'open';
    if found or (new.regulatory and not has_passed(new.tenant_id, new.id, edge.gate, old.version)) then
      raise exception 'work order % does not pass the % gate without its signatures', old.id, edge.gate using errcode = 'DK005';
    end if;
  elsif new.regulatory and new.category = 'done' and not has_passed(new.tenant_id, new.id, 'completion', null) then
    raise exception 'regulatory work order % closed without its signatures', old.id using errcode = 'DK005';
  end if;
  return new;
end
$$;

-- Was the gate passed, by signatures of this version (or of any)?
create function has_passed(tenant uuid, work_order uuid, passed_gate text, version integer) returns boolean
  language sql stable
  return exists (select from approval_rounds r
    where r.tenant_id = tenant and r.work_order_id = work_order and r.gate = passed_gate and r.status = 'passed'
      and (version is null or exists (select from signatures s
             where s.tenant_id = tenant and s.round_id = r.id and s.wo_version = version)));

-- ---------------------------------------------------------------------------------------- row security

do $$
declare
  name text;
begin
  foreach name in array array['certificate_authorities', 'signing_keys', 'attestations', 'signing_attempts', 'signing_locks',
    'approval_policies', 'approval_rounds', 'approval_requirements', 'delegations', 'signing_intents', 'signatures'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', name);
    execute format('grant select on %I to docket_auditor', name);
    execute format('grant select, insert on %I to docket_app', name);
  end loop;
end
$$;
-- Nobody at run time changes or deletes a signature, an attestation, an attempt or a policy.
grant update (retired_at) on certificate_authorities to docket_app;
grant update (status, sign_count, certificate, proofed_by, proofed_at, proof_note, revoked_at, revoked_by, revocation_reason, label) on signing_keys to docket_app;
grant update (unlocked_at, unlocked_by) on signing_locks to docket_app;
grant update (status, closed_at) on approval_rounds to docket_app;
grant update (due_at, next_step_at, step) on approval_requirements to docket_app;
grant update on delegations to docket_app;
grant update (used_at) on signing_intents to docket_app;
