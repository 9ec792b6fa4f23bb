/**
 * What a work order tells of: attempts against who may sign or approve at all become findings, and findings about
 * the log keep what is regulatory from becoming done.
 */
import { listViolations } from '#domain/finding.ts'
import type { ViolationKind } from '#domain/finding.ts'
import { categoryOf, transitionsFrom } from '#domain/lifecycles.ts'
import type { LifecycleName } from '#domain/lifecycles.ts'
import type { Refusal } from '#domain/refusal.ts'
import type { Tx } from '#platform/tx.ts'
import { raiseFinding } from './raise.ts'
import { listHolds } from './store.ts'

const titles: { readonly [K in ViolationKind]: (who: string, number: string) => string } = {
  separation_of_duties: (who, number) => `${who} tried to approve ${number} against separation of duties`,
  human_required: (who, number) => `${who}, who is no person, tried to approve or sign ${number}`,
}

/** The caller has locked the regulatory work order, and keeps what is recorded despite the refusal. */
export async function raiseViolations(
  tx: Tx,
  workOrder: { readonly id: string; readonly number: string; readonly locked_at: string },
  refusal: Refusal,
  attempt: { readonly [name: string]: unknown },
): Promise<void> {
  for (const kind of listViolations(refusal)) {
    await raiseFinding(tx, {
      kind,
      severity: 'major',
      workOrderId: workOrder.id,
      violatorId: tx.actor.id,
      title: titles[kind](tx.actor.name, workOrder.number),
      detail: { attempt, unmet: refusal.code === 'gates_unmet' ? refusal.unmet : [] },
      at: workOrder.locked_at,
    })
  }
}

/** Numbers of the findings in the way; asked of the database only where the next state could be the last one. */
export async function loadHolds(
  tx: Tx,
  workOrder: { readonly regulatory: boolean; readonly lifecycle: LifecycleName; readonly status: string },
): Promise<readonly string[]> {
  const { lifecycle, status } = workOrder
  const canBeDone = transitionsFrom(lifecycle, status).some(({ to }) => categoryOf(lifecycle, to) === 'done')
  return workOrder.regulatory && canBeDone ? listHolds(tx) : []
}
