/** The assignee with its qualifications, read only where a move asks for them and the work asks for some. */
import { asksForAnything } from '#domain/qualification.ts'
import { asksQualification } from '#domain/readiness.ts'
import type { TransitionFacts } from '#domain/transition.ts'
import type { WorkOrder } from '#domain/work-order.ts'
import type { Tx } from '#platform/tx.ts'
import { loadQualifications } from './store.ts'

type Assigned = Pick<WorkOrder, 'lifecycle' | 'status' | 'requirements' | 'assignee_id'>

/** Can the move not be decided by the work order alone? Then nothing about it is guessed. */
export const touchesQualification = (
  { lifecycle, status, requirements, assignee_id }: Assigned,
  to: string,
): boolean =>
  assignee_id !== null && asksForAnything(requirements) && asksQualification(lifecycle, status, to)

export async function loadAssigned(
  tx: Tx,
  { assignee, assignee_id: id, requirements }: Assigned & { readonly assignee: string | null },
): Promise<TransitionFacts['assigned']> {
  if (id === null || !asksForAnything(requirements)) return undefined
  return { name: assignee ?? id, ...(await loadQualifications(tx, id)) }
}
