/** SQL of approval policies: versions are only ever added. */
import type { PolicyBody } from '#domain/policy.ts'
import type { Tx } from '#platform/tx.ts'

export type PolicyRow = {
  readonly version: number
  readonly body: PolicyBody
  readonly created_at: string
  readonly created_by: string
  readonly created_by_id: string
}

export const loadLastPolicy = (tx: Tx): Promise<PolicyRow | undefined> =>
  tx.maybe<PolicyRow>`
    select p.version, p.body, p.created_at, w.name as created_by, p.created_by as created_by_id
      from approval_policies p join principals w on w.tenant_id = p.tenant_id and w.id = p.created_by
     order by p.version desc limit 1`

export const loadPolicy = (tx: Tx, version: number): Promise<PolicyRow | undefined> =>
  tx.maybe<PolicyRow>`
    select p.version, p.body, p.created_at, w.name as created_by, p.created_by as created_by_id
      from approval_policies p join principals w on w.tenant_id = p.tenant_id and w.id = p.created_by
     where p.version = ${version}`

/** Newest first, below `before`. */
export const listPolicies = (tx: Tx, before: number, limit: number): Promise<PolicyRow[]> =>
  tx.rows<PolicyRow>`
    select p.version, p.body, p.created_at, w.name as created_by, p.created_by as created_by_id
      from approval_policies p join principals w on w.tenant_id = p.tenant_id and w.id = p.created_by
     where p.version < ${before} order by p.version desc limit ${limit}`

export function insertPolicy(
  tx: Tx,
  row: { readonly version: number; readonly body: PolicyBody; readonly at: string; readonly by: string },
): void {
  tx.write(1)`
    insert into approval_policies (version, body, created_at, created_by)
    values (${row.version}, ${JSON.stringify(row.body)}::jsonb, ${row.at}, ${row.by})`
}
