-- What is overdue is read by due date, and only what is unfinished can be: without this index such a list reads
-- past everything that was finished in time.
create index work_orders_unfinished_by_due_date on work_orders (tenant_id, due_order, id) where category not in ('done', 'abandoned');
