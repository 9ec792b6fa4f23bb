/** The assignee with what it is rated in, read only where a move asks for it and the work asks for experience. */
import { asksQualification } from '#domain/readiness.ts'
import type { TransitionFacts } from '#domain/transition.ts'
import type { WorkOrder } from '#domain/work-order.ts'
import type { Tx } from '#platform/tx.ts'
import { listNamedRatings } from './store.ts'

type Assigned = Pick<WorkOrder, 'lifecycle' | 'status' | 'requirements' | 'assignee_id'>

/** Can the move not be decided by the work order alone? Then nothing about it is guessed. */
export const touchesQualification = (
  { lifecycle, status, requirements, assignee_id }: Assigned,
  to: string,
): boolean =>
  assignee_id !== null &&
  (requirements?.experience.length ?? 0) > 0 &&
  asksQualification(lifecycle, status, to)

export async function loadAssigned(
  tx: Tx,
  { assignee, assignee_id: id, requirements }: Assigned & { readonly assignee: string | null },
): Promise<TransitionFacts['assigned']> {
  if (id === null || (requirements?.experience.length ?? 0) === 0) return undefined
  return { name: assignee ?? id, ratings: await listNamedRatings(tx, id) }
}
