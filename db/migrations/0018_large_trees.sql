-- keep_tree() as before, for trees of ten thousand and more. Its plans were made while the tables were small, and then
-- read the whole of them for each work order: now it always goes by the index. What a work order that has just begun
-- cannot have is no longer looked for: descendants, and dependencies that it gave up.

create or replace function keep_tree() returns trigger language plpgsql security definer
  set search_path to public, pg_temp set enable_seqscan to off set enable_hashjoin to off set enable_mergejoin to off as $$
declare
  new_root uuid := new.id;
  new_rank integer := 0;
  -- A work order that begins is a node already when another one that began with it was linked to it first.
  is_node  boolean := tg_op = 'UPDATE'
    or exists (select from tree_nodes n where n.tenant_id = new.tenant_id and n.work_order_id = new.id);
begin
  if tg_op = 'INSERT' or new.parent_id is distinct from old.parent_id then
    if new.parent_id is not null then
      insert into tree_nodes (tenant_id, work_order_id, parent_id, root_id, rank)
        values (new.tenant_id, new.parent_id, null, new.parent_id, 0) on conflict do nothing;
      select n.root_id, n.rank - 1 into new_root, new_rank
        from tree_nodes n where n.tenant_id = new.tenant_id and n.work_order_id = new.parent_id;
      if is_node and exists (
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
    if is_node then
      with recursive below (id) as (
        select n.work_order_id from tree_nodes n where n.tenant_id = new.tenant_id and n.parent_id = new.id
        union
        select n.work_order_id from tree_nodes n join below b on n.parent_id = b.id where n.tenant_id = new.tenant_id)
      update tree_nodes n set root_id = new_root
        from below b where n.tenant_id = new.tenant_id and n.work_order_id = b.id and n.root_id <> new_root;
    end if;
  end if;
  if tg_op = 'UPDATE' and new.predecessors is distinct from old.predecessors then
    delete from dependencies d
     where d.tenant_id = new.tenant_id and d.work_order_id = new.id
       and not exists (select from jsonb_to_recordset(coalesce(new.predecessors, '[]')) as p (id uuid) where p.id = d.predecessor_id);
  end if;
  if new.predecessors is not null and (tg_op = 'INSERT' or new.predecessors is distinct from old.predecessors) then
    insert into dependencies as d (tenant_id, work_order_id, predecessor_id, lag_hours)
    select new.tenant_id, new.id, p.id, p.lag_hours
      from jsonb_to_recordset(new.predecessors) as p (id uuid, lag_hours double precision)
    on conflict (tenant_id, work_order_id, predecessor_id) do update set lag_hours = excluded.lag_hours
     where d.lag_hours <> excluded.lag_hours;
  end if;
  return null;
end
$$;
