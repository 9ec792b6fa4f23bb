/**
 * Founding a tenant is the host's business, not an operation of a principal: there is nobody yet. It begins
 * with its own first entry and with `system:operator`, who acts for the commands of the host from then on.
 */
import { changesBetween } from '#domain/entry.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import type { Actor } from '#domain/principal.ts'
import { accept } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { newId } from '#platform/id.ts'
import { findTenant } from '#platform/identity.ts'
import { inTenant } from '#platform/tx.ts'
import type { Floor, Tx } from '#platform/tx.ts'
import { createPrincipal } from '../principal/operations.ts'
import { loadPrincipal } from '../principal/store.ts'
import { insertTenant } from './store.ts'

const operatorName = 'system:operator'
export const tenantFields = ['slug', 'name', 'default_lifecycle', 'completion_policy'] as const

export type NewTenant = {
  readonly slug: string
  readonly name: string
  readonly default_lifecycle: LifecycleName
}

/** The host's own actor in a tenant. */
export type Operator = Pick<Actor, 'id' | 'tenantId' | 'kind' | 'name' | 'sponsorId' | 'client' | 'grants'>

const toOperator = (tenantId: string, id: string): Operator => ({
  id,
  tenantId,
  kind: 'system',
  name: operatorName,
  sponsorId: null,
  client: 'cli',
  grants: [],
})

/** With a first administrator, by name, who registers everybody else. */
export async function foundTenant(
  floor: Floor,
  tenant: NewTenant,
  administrator?: string,
): Promise<Decision<Operator>> {
  const operator = toOperator(newId(), newId())
  return asOperator(floor, operator, async (tx) => {
    const at = tx.now()
    const changes = changesBetween(tenantFields, {}, tenant)
    const head = tx.record({ kind: 'tenant', record: { id: tx.tenantId }, action: 'founded', changes, at })
    insertTenant(tx, tenant, head)
    const created = await createPrincipal(tx, { name: operatorName, kind: 'system', roles: [] }, operator.id)
    if (!created.ok || administrator === undefined) return created.ok ? accept(operator) : created
    const first = await createPrincipal(tx, { name: administrator, kind: 'human', roles: ['admin'] })
    return first.ok ? accept(operator) : first
  })
}

/** The operator of a tenant that exists; undefined when there is no such tenant. */
export async function loadOperator(floor: Floor, slug: string): Promise<Operator | undefined> {
  const tenantId = await findTenant(floor, slug)
  return tenantId === undefined ? undefined : loadOperatorOf(floor, tenantId)
}

export async function loadOperatorOf(floor: Floor, tenantId: string): Promise<Operator | undefined> {
  const nobody = toOperator(tenantId, tenantId)
  const found = await asOperator(floor, nobody, async (tx) =>
    accept((await loadPrincipal(tx, operatorName))?.id),
  )
  return found.ok && found.value !== undefined ? toOperator(tenantId, found.value) : undefined
}

/** Work of the host in a tenant, in one transaction. */
export const asOperator = <T>(
  floor: Floor,
  operator: Operator,
  work: (tx: Tx) => Promise<Decision<T>>,
): Promise<Decision<T>> =>
  inTenant(
    floor,
    { tenantId: operator.tenantId, actor: operator, call: { requestId: `cli-${newId()}` } },
    work,
  )
