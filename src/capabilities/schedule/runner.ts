/**
 * Plans that take seconds, one after the other in a thread of their own. The one rule: what is asked for stands in the
 * database before anybody works on it, whoever works on it says so every second, and what nobody works on any more is
 * taken over; the same seed gives the same schedule again.
 */
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Plan } from '#domain/schedule-plan.ts'
import { accept } from '#domain/refusal.ts'
import { toProblem } from '#domain/problem.ts'
import { inTenant } from '#platform/tx.ts'
import type { Bound, Floor, Tx } from '#platform/tx.ts'
import { toAnswer, toProgress } from './answer.ts'
import { loadPlanned } from './load.ts'
import type { PlanMessage, PlanOrder, PlanProgress } from './plan-worker.ts'
import { answerSchedule, beatSchedule, failSchedule, listAbandoned, takeSchedule } from './store.ts'

type Waiting = { readonly tenantId: string; readonly id: string }
const runners = new Set<(waiting: Waiting) => void>()
/** Tells the runner of this process, if there is one, that a schedule waits. */
export const announceSchedule = (waiting: Waiting): void => runners.forEach((tell) => tell(waiting))

const silentSeconds = 15
const beatMs = 1000

export type Runner = {
  /** Takes over what nobody works on, of one tenant. */
  sweep(tenantId: string): Promise<void>
  /** What is under way is left to others. */
  close(): Promise<void>
}

export function openRunner(floor: Floor, log: Logger): Runner {
  const ending = new AbortController()
  let line: Promise<void> = Promise.resolve()
  const tell = (waiting: Waiting): void => {
    line = line.then(async () => {
      if (ending.signal.aborted) return
      try {
        await work(floor, waiting, ending.signal)
      } catch (error) {
        if (!ending.signal.aborted) log.error({ err: error, schedule: waiting.id }, 'a schedule failed')
      }
    })
  }
  runners.add(tell)
  return {
    async sweep(tenantId) {
      const found = await inTenant(floor, toBound(tenantId), async (tx) =>
        accept(await listAbandoned(tx, silentSeconds)),
      )
      if (found.ok) for (const { id } of found.value) tell({ tenantId, id })
    },
    async close() {
      runners.delete(tell)
      ending.abort()
      await line
    },
  }
}

/** No record is changed: nobody's name is on an entry by it. */
const toBound = (tenantId: string): Bound => ({
  tenantId,
  actor: { id: tenantId, kind: 'system', name: 'system:scheduler', sponsorId: null, client: 'scheduler' },
  call: { requestId: 'schedule' },
})

async function work(floor: Floor, { tenantId, id }: Waiting, signal: AbortSignal): Promise<void> {
  const inScheduler = <T>(does: (tx: Tx) => Promise<T>): Promise<T> => doIn(floor, tenantId, does)
  const taken = await inScheduler((tx) => takeSchedule(tx, id, silentSeconds))
  if (taken === undefined) return
  try {
    const { ask } = taken
    const loaded = await inScheduler((tx) => loadPlanned(tx, ask))
    if (!loaded.ok) {
      const { title } = toProblem(loaded.refusal)
      return await inScheduler(async (tx) => failSchedule(tx, id, title, tx.now()))
    }
    const planned = loaded.value
    const order = {
      world: planned.world,
      effort: { seed: ask.seed, schedules: ask.effort },
      mostMs: ask.seconds * 1000,
    }
    const tell = (progress: PlanProgress): Promise<boolean> =>
      inScheduler(async (tx) => {
        const heard = await beatSchedule(tx, id, toProgress(planned.world.grid, progress))
        return heard !== undefined && !heard.stop_asked
      })
    const plan = await planInThread(order, tell, signal)
    const told = { answer: toAnswer(planned, plan), progress: toProgress(planned.world.grid, plan) }
    await inScheduler(async (tx) => answerSchedule(tx, id, told, tx.now()))
  } catch (error) {
    // A process that stops leaves the work to the next one.
    if (!signal.aborted)
      await inScheduler(async (tx) => failSchedule(tx, id, 'the scheduler failed: ask again', tx.now()))
    throw error
  }
}

async function doIn<T>(floor: Floor, tenantId: string, does: (tx: Tx) => Promise<T>): Promise<T> {
  const decision = await inTenant(floor, toBound(tenantId), async (tx) => accept(await does(tx)))
  if (!decision.ok) throw new Error('work without a decision was refused')
  return decision.value
}

/** `tell` hears how far it is and answers whether to go on. */
async function planInThread(
  order: Omit<PlanOrder, 'stop'>,
  tell: (progress: PlanProgress) => Promise<boolean>,
  signal: AbortSignal,
): Promise<Plan> {
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const worker = new Worker(new URL('plan-worker.ts', import.meta.url), {
    workerData: { ...order, stop } satisfies PlanOrder,
  })
  let last: PlanProgress | undefined
  const beat = setInterval(() => {
    if (last === undefined) return
    const progress = last
    last = undefined
    tell(progress).then(
      (goesOn) => void (goesOn || Atomics.store(new Int32Array(stop), 0, 1)),
      // The database away for a moment: the next second tells it again.
      () => (last ??= progress),
    )
  }, beatMs)
  try {
    return await new Promise<Plan>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      worker.on('message', (message: PlanMessage) => {
        if (message.kind === 'done') resolve(message.plan)
        else last = message.progress
      })
      worker.on('error', reject)
      worker.on('exit', () => reject(new Error('the thread that plans has ended')))
    })
  } finally {
    clearInterval(beat)
    await worker.terminate()
  }
}
