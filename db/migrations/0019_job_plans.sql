-- What was done about the steps of a job plan is a recorded field of its work order, so that its entries tell it.
-- Each rule stands in the code as well: steps are done while the work is under way, the plan stays as it is once a
-- step was done, and work is not handed in over a mandatory step that is open.

alter table work_orders add column step_results jsonb null
  constraint step_results_are_of_steps check (jsonb_typeof(step_results) = 'object' and step_results <> '{}');

-- The first mandatory step that is not done; null where there is none. Out of limits, it is once its finding is closed.
create function find_open_step(tenant uuid, plan jsonb, results jsonb) returns text language sql stable as $$
  select step ->> 'key' from jsonb_array_elements(plan -> 'steps') step
   where jsonb_typeof(step) = 'object' and (step ->> 'mandatory')::boolean
     and not case
           when step ->> 'kind' = 'work_order' then exists (
             select from work_orders w where w.tenant_id = tenant and w.id = (step ->> 'work_order')::uuid
                and (w.category = 'done' or w.waiver is not null))
           when results -> (step ->> 'key') ->> 'state' = 'out_of_limits' then not exists (
             select from findings f where f.tenant_id = tenant and f.number = results -> (step ->> 'key') ->> 'finding' and f.state <> 'closed')
           else coalesce(results -> (step ->> 'key') ->> 'state' = 'done', false)
         end
   limit 1
$$;

create function guard_hand_in() returns trigger language plpgsql as $$
declare
  open_step text := find_open_step(new.tenant_id, new.job_plan, new.step_results);
begin
  if open_step is not null then
    raise exception 'work order % is handed in while step % is not done', new.id, open_step using errcode = 'DK018';
  end if;
  return new;
end
$$;
create trigger work_is_handed_in_with_its_steps_done before update on work_orders
  for each row when (new.job_plan is not null and new.category in ('review', 'done') and old.category not in ('review', 'done'))
  execute function guard_hand_in();

create function refuse_step_change() returns trigger language plpgsql as $$
begin
  raise exception 'the steps of work order % are not done now, or its plan is fixed', new.id using errcode = 'DK019';
end
$$;
create trigger steps_are_done_while_it_is_under_way before update on work_orders
  for each row when (new.step_results is distinct from old.step_results and (old.category <> 'active' or new.category <> 'active'))
  execute function refuse_step_change();
create trigger a_plan_stays_once_a_step_was_done before update on work_orders
  for each row when (new.job_plan is distinct from old.job_plan and old.step_results is not null)
  execute function refuse_step_change();
create trigger nothing_begins_with_steps_done before insert on work_orders
  for each row when (new.step_results is not null) execute function refuse_step_change();
