/**
 * The lifecycles that ship. The database holds a copy of their edges (`lifecycle_transitions`) and refuses
 * anything else; test/lifecycle-copy.test.ts proves that the two are equal.
 */
import type { Category, Lifecycle, Transition } from './lifecycle.ts'
import { changeControl } from './lifecycle-change-control.ts'
import { fleet } from './lifecycle-fleet.ts'
import { qms } from './lifecycle-qms.ts'

export const lifecycleNames = ['change-control', 'qms', 'fleet'] as const
export type LifecycleName = (typeof lifecycleNames)[number]

export const lifecycles: { readonly [N in LifecycleName]: Lifecycle } = {
  'change-control': changeControl,
  qms,
  fleet,
}

/** The category of a state; a state that the lifecycle does not have is a defect. */
export function categoryOf(name: LifecycleName, status: string): Category {
  const state = lifecycles[name].states[status]
  if (state === undefined) throw new Error(`lifecycle ${name} has no state ${status}`)
  return state.category
}

const outOf = new Map(
  lifecycleNames.flatMap((name) =>
    Object.keys(lifecycles[name].states).map((status) => [
      `${name} ${status}`,
      lifecycles[name].transitions.filter((edge) => edge.from === status),
    ]),
  ),
)

export const transitionsFrom = (name: LifecycleName, status: string): readonly Transition[] =>
  outOf.get(`${name} ${status}`) ?? []

/** Every state name of every lifecycle, for filters. */
export const statusNames: readonly string[] = [
  ...new Set(lifecycleNames.flatMap((name) => Object.keys(lifecycles[name].states))),
]
