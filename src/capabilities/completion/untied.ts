/**
 * What waits for less than it did may be ready by that: it is told with the entry `ready` that the end of a
 * predecessor gives. The one rule: only what was held before and is held by nothing now is told.
 */
import type { Category } from '#domain/lifecycle.ts'
import { findReleased, unstartedCategories } from '#domain/readiness.ts'
import type { Holder } from '#domain/readiness.ts'
import type { Predecessor } from '#domain/work-order.ts'
import type { Head, Tx } from '#platform/tx.ts'
import { recordReady } from './effect.ts'
import type { End } from './effect.ts'
import { listMembers, listStanding } from './store.ts'

/** A change of what a work order waits for, recorded already with that head. */
export type Untied = {
  readonly before: {
    readonly id: string
    readonly category: Category
    readonly predecessors: readonly Predecessor[] | null
  }
  readonly predecessors: readonly Predecessor[] | null
  readonly head: Head
}
type Cause = { readonly id: string; readonly number: string; readonly end: End }

/** To be called under the lock of the tree, when the changes themselves are queued. */
export async function recordUntied(tx: Tx, changes: readonly Untied[], at: string): Promise<void> {
  const untied = changes.filter(waitsForLess)
  if (untied.length === 0) return
  const ids = new Set(untied.flatMap(({ before }) => (before.predecessors ?? []).map(({ id }) => id)))
  for (const { predecessors } of untied) for (const { id } of predecessors ?? []) ids.add(id)
  const standing = new Map((await listStanding(tx, [...ids])).map((one) => [one.id, one]))
  const toHolders = (list: readonly Predecessor[] | null): (Holder & { readonly number: string })[] =>
    (list ?? []).flatMap(({ id, lag_hours }) => {
      const found = standing.get(id)
      return found === undefined ? [] : [{ ...found, lag_hours }]
    })
  const causes = new Map<string, Cause>()
  for (const { before, predecessors } of untied) {
    const one = findReleased(toHolders(before.predecessors), toHolders(predecessors), at)
    if (one === undefined) continue
    const isGone = !(predecessors ?? []).some(({ id }) => id === one.id)
    causes.set(before.id, { id: one.id, number: one.number, end: isGone ? 'removed' : 'lag_over' })
  }
  await tell(tx, causes, new Map(untied.map(({ before, head }) => [before.id, head])), at)
}

/** Something that it waited for is gone, or needs less time after its end. */
const waitsForLess = ({ before, predecessors }: Untied): boolean =>
  unstartedCategories.includes(before.category) &&
  (before.predecessors ?? []).some(
    ({ id, lag_hours }) => !(predecessors ?? []).some((one) => one.id === id && one.lag_hours >= lag_hours),
  )

async function tell(
  tx: Tx,
  causes: ReadonlyMap<string, Cause>,
  heads: ReadonlyMap<string, Head>,
  at: string,
): Promise<void> {
  if (causes.size === 0) return
  // The rows are read as they were: their heads are those of the change that is queued.
  const members = (await listMembers(tx, [...causes.keys()])).map((one) => ({ ...one, ...heads.get(one.id) }))
  const byCause = Map.groupBy(members, ({ id }) => JSON.stringify(causes.get(id)))
  for (const freed of byCause.values()) {
    const cause = causes.get(freed[0]?.id ?? '')
    if (cause === undefined) continue
    const { end } = cause
    await recordReady(
      tx,
      { end, members: freed, freed: freed.map(({ id }) => id) },
      { ...cause, locked_at: at },
    )
  }
}
