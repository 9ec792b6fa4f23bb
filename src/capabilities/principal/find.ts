/** Finding a principal before anybody is signed in: what a gateway's token names becomes who calls. */
import { accept } from '#domain/refusal.ts'
import type { PrincipalRef } from '#platform/accounts.ts'
import { findTenant } from '#platform/identity.ts'
import { inTenant } from '#platform/tx.ts'
import type { Floor } from '#platform/tx.ts'
import { loadPrincipal } from './store.ts'

/** By the slug of the tenant and the principal's id or name; undefined when there is no such principal. */
export async function findPrincipalRef(
  floor: Floor,
  slug: string,
  subject: string,
): Promise<PrincipalRef | undefined> {
  const tenantId = await findTenant(floor, slug)
  if (tenantId === undefined) return undefined
  const gateway = {
    id: tenantId,
    kind: 'system',
    name: 'gateway',
    sponsorId: null,
    client: 'gateway',
  } as const
  const found = await inTenant(
    floor,
    { tenantId, actor: gateway, call: { requestId: 'gateway' } },
    async (tx) => accept(await loadPrincipal(tx, subject)),
  )
  return found.ok && found.value !== undefined ? { tenantId, principalId: found.value.id } : undefined
}
