/** SQL of tenants. A tenant sees its own row and no other. */
import type { LifecycleName } from '#domain/lifecycles.ts'
import type { Head, Tx } from '#platform/tx.ts'

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
