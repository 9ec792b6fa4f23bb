/** The jobs of a tenant, such as `system:approvals`, which reminds and escalates. Each is registered on first need, by itself. */
import { accept } from '#domain/refusal.ts'
import { newId } from '#platform/id.ts'
import { asRefusal } from '#platform/sqlstate.ts'
import { inTenant } from '#platform/tx.ts'
import type { Floor } from '#platform/tx.ts'
import { createPrincipal } from '../principal/operations.ts'
import { loadPrincipal } from '../principal/store.ts'

const approvalsName = 'system:approvals'

export type Approvals = { readonly id: string; readonly name: string }

/** Undefined when an administrator has disabled it. */
export const ensureApprovals = (floor: Floor, tenantId: string): Promise<Approvals | undefined> =>
  ensureJob(floor, tenantId, approvalsName)

/** Undefined when an administrator has disabled it. */
export async function ensureJob(
  floor: Floor,
  tenantId: string,
  name: string,
): Promise<Approvals | undefined> {
  const id = newId()
  const actor = { id, kind: 'system', name, sponsorId: null, client: 'worker' } as const
  const call = { requestId: 'approval-sla' }
  try {
    const decision = await inTenant(floor, { tenantId, actor, call }, async (tx) => {
      const known = await loadPrincipal(tx, name)
      if (known !== undefined)
        return accept(known.kind === 'system' && known.disabled_at === null ? known.id : undefined)
      const created = await createPrincipal(tx, { name, kind: 'system', roles: [] }, id)
      return created.ok ? accept(id) : created
    })
    return decision.ok && decision.value !== undefined ? { id: decision.value, name } : undefined
  } catch (error) {
    // Another process was quicker: its one is ours, too.
    if (asRefusal(error)?.code !== 'already_exists') throw error
    return ensureJob(floor, tenantId, name)
  }
}
