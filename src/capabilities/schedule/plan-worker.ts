/** The thread that plans: it takes seconds, in which the service would answer nobody. One plan, then it ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { plan } from '#domain/schedule-plan.ts'
import type { Plan } from '#domain/schedule-plan.ts'
import type { Effort, Step } from '#domain/schedule-search.ts'
import type { World } from '#domain/schedule.ts'

export type PlanOrder = {
  readonly world: World
  readonly effort: Effort
  readonly mostMs: number
  /** One number in shared memory: above 0 when the best so far is asked for. */
  readonly stop: SharedArrayBuffer
}
export type PlanProgress = Pick<Step, 'schedules' | 'quality' | 'first' | 'bound' | 'isFeasible'>
export type PlanMessage =
  | { readonly kind: 'step'; readonly progress: PlanProgress }
  | { readonly kind: 'done'; readonly plan: Plan }

const everyMs = 250
const { world, effort, mostMs, stop } = workerData as PlanOrder
const asked = new Int32Array(stop)
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const send = (message: PlanMessage): void => parentPort?.postMessage(message)

const began = performance.now()
let told = began
const done = plan(world, effort, ({ schedules, quality, first, bound, isFeasible }) => {
  const now = performance.now()
  if (now - told >= everyMs) {
    told = now
    send({ kind: 'step', progress: { schedules, quality, first, bound, isFeasible } })
  }
  return Atomics.load(asked, 0) === 0 && now - began < mostMs
})
send({ kind: 'done', plan: done })
