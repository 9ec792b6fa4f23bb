/**
 * Looks whether the index of trees is what the records say, and whether its ranks fit: ranks that fit prove that there
 * is no cycle. Damage becomes one finding, which is counted again while it lasts. The check repairs nothing.
 */
import { accept } from '#domain/refusal.ts'
import { findCycle } from '#domain/tree.ts'
import { inTenant } from '#platform/tx.ts'
import type { Bound, Floor, Tx } from '#platform/tx.ts'
import { ensureJob } from '../approval-sla/actor.ts'
import { raiseFinding } from '../finding/raise.ts'
import { listDamage, listSteps } from './check-store.ts'
import type { Damage } from './check-store.ts'
import { listNumbers } from './store.ts'

const checkerName = 'system:trees'
const most = 100

export type TreeCheck = {
  readonly damage: readonly Damage[]
  /** Numbers along a cycle, the first again at the end; null when there is none. */
  readonly cycle: readonly string[] | null
}

/** Reads only. */
async function checkTrees(tx: Tx): Promise<TreeCheck> {
  const damage = await listDamage(tx, most)
  if (damage.length === 0) return { damage, cycle: null }
  const steps = await listSteps(
    tx,
    damage.map(({ id }) => id),
  )
  const ids = [...new Set(steps.flatMap(({ from, to }) => [from, to]))]
  const path = findCycle({
    nodes: ids.map((id) => ({ id, parentId: null, rank: 0 })),
    edges: steps.map((step) => ({ ...step, lagHours: 0 })),
  })
  if (path === undefined) return { damage, cycle: null }
  const numbers = await listNumbers(tx, path)
  return { damage, cycle: path.map((id) => numbers.get(id) ?? id) }
}

/** Checks the tenant and raises the finding; gives how much is damaged. */
export async function raiseTreeDamage(floor: Floor, tenantId: string): Promise<number> {
  const reader = toBound(tenantId, { id: tenantId, name: checkerName })
  const seen = await inTenant(floor, { ...reader, oneMoment: true }, async (tx) =>
    accept(await checkTrees(tx)),
  )
  if (!seen.ok || seen.value.damage.length === 0) return 0
  const { damage, cycle } = seen.value
  const actor = await ensureJob(floor, tenantId, checkerName)
  if (actor === undefined) return damage.length
  await inTenant(floor, toBound(tenantId, actor), async (tx) => {
    await raiseFinding(tx, {
      kind: 'tree_damage',
      severity: 'critical',
      workOrderId: null,
      title: 'Trees of work orders do not fit their records',
      detail: { cycle, damage: damage.map(({ kind, number }) => ({ kind, number })) },
      at: tx.now(),
    })
    return accept(undefined)
  })
  return damage.length
}

const toBound = (tenantId: string, actor: { readonly id: string; readonly name: string }): Bound => ({
  tenantId,
  actor: { ...actor, kind: 'system', sponsorId: null, client: 'worker' },
  call: { requestId: 'trees' },
})
