/** What the steps of a plan rest on besides their results; asked of the database only where some rest on anything. */
import { listStepFindings, listStepWork } from '#domain/job-plan.ts'
import type { StepGround } from '#domain/job-plan.ts'
import { handsIn } from '#domain/readiness.ts'
import type { WorkOrder } from '#domain/work-order.ts'
import type { Tx } from '#platform/tx.ts'
import { listSettled, listUnclosed } from './store.ts'

type Planned = Pick<WorkOrder, 'lifecycle' | 'status' | 'job_plan' | 'step_results'>

/** Can the move not be decided by the work order alone? Then nothing about it is guessed. */
export const touchesSteps = (workOrder: Planned, to: string): boolean =>
  workOrder.job_plan !== null &&
  handsIn(workOrder.lifecycle, workOrder.status, to) &&
  (listStepWork(workOrder.job_plan).length > 0 || listStepFindings(workOrder.step_results).length > 0)

export async function loadStepGround(
  tx: Tx,
  { job_plan: plan, step_results: results }: Pick<Planned, 'job_plan' | 'step_results'>,
): Promise<StepGround> {
  const [work, findings] = [listStepWork(plan), listStepFindings(results)]
  const [settled, openFindings] = await Promise.all([
    work.length === 0 ? [] : listSettled(tx, work),
    findings.length === 0 ? [] : listUnclosed(tx, findings),
  ])
  return { settled, openFindings }
}
