/** SQL of tenants. A tenant sees its own row and no other. */
import type { LifecycleName } from '#domain/lifecycles.ts'
import type { CompletionPolicy } from '#domain/work-order.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'

export type TenantRow = {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly default_lifecycle: LifecycleName
}

export async function loadTenant(tx: Tx): Promise<TenantRow> {
  const row = await tx.maybe<TenantRow>`select id, slug, name, default_lifecycle from tenants`
  if (row === undefined) throw new Error('the tenant has no row')
  return row
}

export function insertTenant(tx: Tx, row: Omit<TenantRow, 'id'>, head: Head): void {
  tx.write(1)`
    insert into tenants (tenant_id, slug, name, default_lifecycle, version, entry_seq, entry_id, entry_head)
    values (${tx.tenantId}, ${row.slug}, ${row.name}, ${row.default_lifecycle}, ${head.version}, ${head.entry_seq}, ${head.entry_id}, ${head.entry_head})`
}

/** The tenant's own record, for what is decided once for all of it: nobody else changes it until this is done. */
export async function lockTenant(tx: Tx): Promise<Chained & { readonly locked_at: string }> {
  tx.lock(tx.tenantId)
  const row = await tx.maybe<Chained>`
    select id, version, entry_seq, entry_head from tenants for update`
  if (row === undefined) throw new Error('the tenant has no row')
  return { ...row, locked_at: tx.now() }
}

/** Right after its entry was recorded. */
export function updateTenantPolicy(
  tx: Tx,
  before: Chained,
  policy: CompletionPolicy | null,
  head: Head,
): void {
  tx.write('head')`
    update tenants set completion_policy = ${policy === null ? null : JSON.stringify(policy)}::jsonb,
           version = ${head.version}, entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}

/** Right after the entry was recorded. */
export function updateTenantHead(tx: Tx, before: Chained, head: Head): void {
  tx.write('head')`
    update tenants set version = ${head.version}, entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}
