/**
 * What the cancelling of one work order does to the others of its tree. Everything below it that is not finished
 * is cancelled with it; what happens beside it, its own `on_failure` says. Both are planned here at once, so that
 * no policy sets off another one.
 */
import type { Category } from './lifecycle.ts'
import { finalCategories } from './lifecycle.ts'
import type { LifecycleName } from './lifecycles.ts'
import { categoryOf, transitionsFrom } from './lifecycles.ts'
import type { FailurePolicy, Hold } from './work-order.ts'

export type Relative = {
  readonly id: string
  readonly number: string
  readonly parent_id: string | null
  readonly lifecycle: LifecycleName
  readonly status: string
  readonly category: Category
  readonly on_failure: FailurePolicy | null
  readonly hold: Hold | null
}

/**
 * `cancel`: it ends too. `block`: it goes to its held state. `hold`: it keeps its state and cannot leave it, or
 * cannot start. `because` says whether its master was cancelled, or one beside it.
 */
export type Consequence = {
  readonly id: string
  readonly does: 'cancel' | 'block' | 'hold'
  readonly to: string
  readonly because: 'master' | 'sibling'
}

/** The state in which a lifecycle ends what is cancelled. */
const cancelledStatus = 'cancelled'

/** `relatives` are the whole tree, or as much of it as is below the cancelled one and its master. */
export function decideCascade(cancelledId: string, relatives: readonly Relative[]): Consequence[] {
  const below = groupByParent(relatives)
  const own = relatives.find(({ id }) => id === cancelledId)
  const found = new Map<string, Consequence>()
  const cancelBelow = (root: string, because: Consequence['because']): void => {
    const queue = [root]
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const one of below.get(id) ?? []) {
        queue.push(one.id)
        if (!isFinal(one) && one.id !== cancelledId)
          found.set(one.id, { id: one.id, does: 'cancel', to: cancelledStatus, because })
      }
    }
  }
  cancelBelow(cancelledId, 'master')
  const siblings = own?.parent_id ? (below.get(own.parent_id) ?? []) : []
  for (const one of siblings) {
    if (one.id === cancelledId || isFinal(one)) continue
    if (own?.on_failure === 'cancel_siblings') {
      found.set(one.id, { id: one.id, does: 'cancel', to: cancelledStatus, because: 'sibling' })
      cancelBelow(one.id, 'master')
    }
    if (own?.on_failure === 'hold_siblings') {
      const consequence = haltSibling(one)
      if (consequence !== undefined) found.set(one.id, consequence)
    }
  }
  return [...found.values()]
}

const isFinal = ({ category }: Relative): boolean => finalCategories.includes(category)

/** Work that is handed in, or held already, stays where it is. */
function haltSibling({ id, lifecycle, status, category, hold }: Relative): Consequence | undefined {
  if (hold !== null || category === 'held' || category === 'review') return undefined
  const block = transitionsFrom(lifecycle, status).find(({ to }) => categoryOf(lifecycle, to) === 'held')
  return category === 'active' && block !== undefined
    ? { id, does: 'block', to: block.to, because: 'sibling' }
    : { id, does: 'hold', to: status, because: 'sibling' }
}

function groupByParent(relatives: readonly Relative[]): Map<string, Relative[]> {
  const groups = new Map<string, Relative[]>()
  for (const one of relatives) {
    if (one.parent_id === null) continue
    const group = groups.get(one.parent_id)
    if (group === undefined) groups.set(one.parent_id, [one])
    else group.push(one)
  }
  return groups
}
