/** A whole set assigned in a thread of its own, which ends with its answer, or when nobody waits for it any more. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { refuse, accept } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { inTurn } from '#platform/turn.ts'
import type { AssignOrder, SetPlan } from './assign-worker.ts'

/** Threads in this process; each of them takes a core as long as it runs. */
const room = { atOnce: 1, waiting: 100 }

export async function assignSet(order: AssignOrder, signal: AbortSignal): Promise<Decision<SetPlan>> {
  const plan = await inTurn('assign', room, () => inThread(order, signal))
  return plan === undefined ? refuse({ code: 'too_many_requests', retryAfterSeconds: 10 }) : accept(plan)
}

async function inThread(order: AssignOrder, signal: AbortSignal): Promise<SetPlan> {
  signal.throwIfAborted()
  const worker = new Worker(new URL('assign-worker.ts', import.meta.url), { workerData: order })
  try {
    // What the thread throws is thrown here.
    const [plan] = (await once(worker, 'message', { signal })) as [SetPlan]
    return plan
  } finally {
    await worker.terminate()
  }
}
