-- Trees of work orders and what waits for what. Both are recorded fields of the work order that they constrain
-- (`parent_id`, `predecessors`), so that its entries tell them; tree_nodes and dependencies are the index of those
-- fields, kept by a trigger. Each node has a rank: a linked work order ranks below its master, a predecessor below
-- what waits for it. Where such ranks exist there is no cycle, and each edge can be checked on its own.

alter table work_orders
  add column predecessors      jsonb null constraint predecessors_are_a_list
    check (jsonb_typeof(predecessors) = 'array' and jsonb_array_length(predecessors) > 0),
  add column completion_policy jsonb null,
  add column on_failure        text  null check (on_failure in ('continue', 'hold_siblings', 'cancel_siblings')),
  add column waiver            jsonb null;

create table tree_nodes (
  tenant_id     uuid    not null default current_tenant() references tenants,
  work_order_id uuid    not null,
  parent_id     uuid    null,
  root_id       uuid    not null,
  rank          integer not null,
  primary key (tenant_id, work_order_id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  foreign key (tenant_id, parent_id) references tree_nodes (tenant_id, work_order_id) deferrable initially deferred
);
create index tree_nodes_of_a_tree on tree_nodes (tenant_id, root_id);
create index tree_nodes_by_parent on tree_nodes (tenant_id, parent_id) where parent_id is not null;

create table dependencies (
  tenant_id      uuid             not null default current_tenant() references tenants,
  work_order_id  uuid             not null, -- what waits
  predecessor_id uuid             not null,
  lag_hours      double precision not null check (lag_hours >= 0 and lag_hours <= 87600),
  primary key (tenant_id, work_order_id, predecessor_id),
  foreign key (tenant_id, work_order_id) references work_orders (tenant_id, id),
  foreign key (tenant_id, predecessor_id) references work_orders (tenant_id, id)
);
create index dependencies_by_predecessor on dependencies (tenant_id, predecessor_id);

do $$
declare
  name text;
begin
  foreach name in array '{tree_nodes,dependencies}'::text[] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', name);
    execute format('grant select on %I to docket_app, docket_auditor', name);
  end loop;
end
$$;
-- Which rank a node has is worked out by the service; that the ranks fit is checked below.
grant update (rank) on tree_nodes to docket_app;

create function keep_tree() returns trigger language plpgsql security definer set search_path to public, pg_temp as $$
declare
  new_root uuid := new.id;
  new_rank integer := 0;
begin
  if tg_op = 'INSERT' or new.parent_id is distinct from old.parent_id then
    if new.parent_id is not null then
      insert into tree_nodes (tenant_id, work_order_id, parent_id, root_id, rank)
        values (new.tenant_id, new.parent_id, null, new.parent_id, 0) on conflict do nothing;
      select n.root_id, n.rank - 1 into new_root, new_rank
        from tree_nodes n where n.tenant_id = new.tenant_id and n.work_order_id = new.parent_id;
      if exists (
        with recursive above (id, parent_id) as (
          select n.work_order_id, n.parent_id from tree_nodes n
           where n.tenant_id = new.tenant_id and n.work_order_id = new.parent_id
          union
          select n.work_order_id, n.parent_id from tree_nodes n join above a on n.work_order_id = a.parent_id
           where n.tenant_id = new.tenant_id)
        select from above where id = new.id) then
        raise exception 'work order % would contain itself', new.id using errcode = 'DK016';
      end if;
    end if;
    insert into tree_nodes (tenant_id, work_order_id, parent_id, root_id, rank)
      values (new.tenant_id, new.id, new.parent_id, new_root, new_rank)
      on conflict (tenant_id, work_order_id) do update set parent_id = excluded.parent_id, root_id = excluded.root_id;
    with recursive below (id) as (
      select n.work_order_id from tree_nodes n where n.tenant_id = new.tenant_id and n.parent_id = new.id
      union
      select n.work_order_id from tree_nodes n join below b on n.parent_id = b.id where n.tenant_id = new.tenant_id)
    update tree_nodes n set root_id = new_root
      from below b where n.tenant_id = new.tenant_id and n.work_order_id = b.id and n.root_id <> new_root;
  end if;
  if tg_op = 'INSERT' or new.predecessors is distinct from old.predecessors then
    delete from dependencies d
     where d.tenant_id = new.tenant_id and d.work_order_id = new.id
       and not exists (select from jsonb_to_recordset(coalesce(new.predecessors, '[]')) as p (id uuid) where p.id = d.predecessor_id);
    insert into dependencies as d (tenant_id, work_order_id, predecessor_id, lag_hours)
    select new.tenant_id, new.id, p.id, p.lag_hours
      from jsonb_to_recordset(coalesce(new.predecessors, '[]')) as p (id uuid, lag_hours double precision)
    on conflict (tenant_id, work_order_id, predecessor_id) do update set lag_hours = excluded.lag_hours
     where d.lag_hours <> excluded.lag_hours;
  end if;
  return null;
end
$$;
revoke execute on function keep_tree() from public;
create trigger the_tree_is_kept_when_one_begins after insert on work_orders
  for each row when (new.parent_id is not null or new.predecessors is not null) execute function keep_tree();
create trigger the_tree_is_kept after update of parent_id, predecessors on work_orders
  for each row execute function keep_tree();

-- At the commit, so that many edges and ranks can change together.
create function require_order() returns trigger language plpgsql as $$
begin
  if not exists (
    select from tree_nodes p join tree_nodes s on s.tenant_id = p.tenant_id and s.root_id = p.root_id and s.rank > p.rank
     where p.tenant_id = new.tenant_id and p.work_order_id = new.predecessor_id and s.work_order_id = new.work_order_id)
     and exists (select from dependencies d
                  where d.tenant_id = new.tenant_id and d.work_order_id = new.work_order_id and d.predecessor_id = new.predecessor_id) then
    raise exception 'work order % cannot wait for %: another tree, or a cycle', new.work_order_id, new.predecessor_id using errcode = 'DK016';
  end if;
  return null;
end
$$;
create constraint trigger what_waits_ranks_above after insert or update on dependencies
  deferrable initially deferred for each row execute function require_order();

create function require_rank() returns trigger language plpgsql as $$
begin
  if exists (
    select from tree_nodes n join tree_nodes p on p.tenant_id = n.tenant_id and p.work_order_id = n.parent_id
     where n.tenant_id = new.tenant_id and (n.work_order_id = new.work_order_id or n.parent_id = new.work_order_id)
       and (p.rank <= n.rank or p.root_id <> n.root_id))
   or exists (
    select from dependencies d
      join tree_nodes p on p.tenant_id = d.tenant_id and p.work_order_id = d.predecessor_id
      join tree_nodes s on s.tenant_id = d.tenant_id and s.work_order_id = d.work_order_id
     where d.tenant_id = new.tenant_id and d.work_order_id = new.work_order_id
       and (p.rank >= s.rank or p.root_id <> s.root_id))
   or exists (
    select from dependencies d
      join tree_nodes p on p.tenant_id = d.tenant_id and p.work_order_id = d.predecessor_id
      join tree_nodes s on s.tenant_id = d.tenant_id and s.work_order_id = d.work_order_id
     where d.tenant_id = new.tenant_id and d.predecessor_id = new.work_order_id
       and (p.rank >= s.rank or p.root_id <> s.root_id)) then
    raise exception 'work order % does not fit its place in the tree: a cycle, or an edge to another tree', new.work_order_id using errcode = 'DK016';
  end if;
  return null;
end
$$;
create constraint trigger a_node_fits_its_place after insert or update on tree_nodes
  deferrable initially deferred for each row execute function require_rank();

-- Nothing starts before what it waits for is done, or is waived.
create function guard_start() returns trigger language plpgsql as $$
declare
  open_one text;
begin
  select p.number into open_one
    from dependencies d join work_orders p on p.tenant_id = d.tenant_id and p.id = d.predecessor_id
   where d.tenant_id = new.tenant_id and d.work_order_id = new.id
     and p.waiver is null
     and (p.category <> 'done' or (d.lag_hours > 0 and p.actual_end + make_interval(secs => d.lag_hours * 3600) > clock_timestamp()))
   limit 1;
  if found then
    raise exception 'work order % starts before % is done', new.id, open_one using errcode = 'DK017';
  end if;
  return new;
end
$$;
create trigger nothing_starts_before_what_it_waits_for before update on work_orders
  for each row when (new.predecessors is not null and new.category = 'active' and old.category not in ('active', 'held'))
  execute function guard_start();
create trigger nothing_begins_as_started before insert on work_orders
  for each row when (new.predecessors is not null and new.category = 'active') execute function guard_start();

-- What was linked before there were trees; a parent that contains itself was refused by nothing, and is left out.
alter table work_orders no force row level security;
alter table tree_nodes no force row level security;
with recursive tree (tenant_id, id, parent_id, root_id, rank) as (
  select w.tenant_id, w.id, null::uuid, w.id, 0 from work_orders w
   where w.parent_id is null and exists (select from work_orders c where c.tenant_id = w.tenant_id and c.parent_id = w.id)
  union all
  select w.tenant_id, w.id, w.parent_id, t.root_id, t.rank - 1
    from work_orders w join tree t on t.tenant_id = w.tenant_id and t.id = w.parent_id)
insert into tree_nodes (tenant_id, work_order_id, parent_id, root_id, rank) select tenant_id, id, parent_id, root_id, rank from tree;
alter table tree_nodes force row level security;
alter table work_orders force row level security;
