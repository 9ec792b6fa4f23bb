/** `system:approvals`, the job of a tenant that reminds and escalates. It is registered on first need, by itself. */
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
export async function ensureApprovals(floor: Floor, tenantId: string): Promise<Approvals | undefined> {
  const id = newId()
  const actor = { id, kind: 'system', name: approvalsName, sponsorId: null, client: 'worker' } as const
  const call = { requestId: 'approval-sla' }
  try {
    const decision = await inTenant(floor, { tenantId, actor, call }, async (tx) => {
      const known = await loadPrincipal(tx, approvalsName)
      if (known !== undefined)
        return accept(known.kind === 'system' && known.disabled_at === null ? known.id : undefined)
      const created = await createPrincipal(tx, { name: approvalsName, kind: 'system', roles: [] }, id)
      return created.ok ? accept(id) : created
    })
    return decision.ok && decision.value !== undefined
      ? { id: decision.value, name: approvalsName }
      : undefined
  } catch (error) {
    // Another process was quicker: its one is ours, too.
    if (asRefusal(error)?.code !== 'already_exists') throw error
    return ensureApprovals(floor, tenantId)
  }
}
