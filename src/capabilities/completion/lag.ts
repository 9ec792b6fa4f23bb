/**
 * The time after a predecessor ends without anybody doing anything: a sweep tells it, each half minute, with the entry
 * `ready` that the end of a predecessor without a lag gives at once. A sweep that is done twice tells nothing twice.
 */
import { accept } from '#domain/refusal.ts'
import { inTenant } from '#platform/tx.ts'
import type { Bound, Floor, Tx } from '#platform/tx.ts'
import { isWorthRetrying } from '#platform/sqlstate.ts'
import { ensureJob } from '../approval-sla/actor.ts'
import { lockTree } from '../hierarchy/store.ts'
import { recordReady } from './effect.ts'
import { listLagOver, listMembers } from './store.ts'

const readinessName = 'system:readiness'
const mostInASweep = 500

/** Gives how many work orders became ready by the clock alone. */
export async function sweepLags(floor: Floor, tenantId: string, now: string): Promise<number> {
  const reader = toBound(tenantId, { id: tenantId, name: readinessName })
  const found = await inTenant(floor, reader, async (tx) =>
    accept(await listLagOver(tx, now, null, mostInASweep)),
  )
  const due = found.ok ? found.value : []
  if (due.length === 0) return 0
  const actor = await ensureJob(floor, tenantId, readinessName)
  if (actor === undefined) return 0
  let told = 0
  for (const { id } of due) {
    try {
      const done = await inTenant(floor, toBound(tenantId, actor), async (tx) =>
        accept(await tell(tx, id, now)),
      )
      if (done.ok && done.value) told += 1
    } catch (error) {
      // Somebody was quicker; the next sweep looks again.
      if (!isWorthRetrying(error)) throw error
    }
  }
  return told
}

/** Looked at again under the locks. */
async function tell(tx: Tx, id: string, now: string): Promise<boolean> {
  if ((await lockTree(tx, id)) === undefined) return false
  tx.lock(id)
  const [members, [over]] = await Promise.all([listMembers(tx, [id]), listLagOver(tx, now, id, 1)])
  const [member] = members
  if (member === undefined || over === undefined) return false
  const cause = { id: over.cause_id, number: over.cause_number, locked_at: tx.now(member.updated_at) }
  await recordReady(tx, { end: 'lag_over', members, freed: [id] }, cause)
  return true
}

const toBound = (tenantId: string, actor: { readonly id: string; readonly name: string }): Bound => ({
  tenantId,
  actor: { ...actor, kind: 'system', sponsorId: null, client: 'worker' },
  call: { requestId: 'readiness' },
})
