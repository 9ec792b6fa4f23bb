/**
 * Where the time of a work order went: all of it, from its creation to its end, in spans of one cause each. The one
 * rule: an instant has one cause, the first in `gapCauses` that holds at it; what no other explains is idle.
 *
 * Somebody's work is a fact and beats whatever stood in its way on paper; a hold and a blocker were said by somebody and
 * beat what follows from rules; hours of the assignee count only for time that would have been the assignee's: nobody
 * waits faster for a signature because a technician is at home.
 */
import type { ListOpen } from './availability.ts'
import { intersect, subtract, unite } from './interval.ts'
import type { Interval } from './interval.ts'

export const gapCauses = [
  'working',
  'held',
  'blocked',
  'waiting_for_approval',
  'waiting_for_predecessor',
  'waiting_for_assignment',
  'outside_working_hours',
  'waiting_for_vendor',
  'idle',
] as const
export type GapCause = (typeof gapCauses)[number]

/** With what stood in the way: who, which gate, which work order. */
export type Explained = Interval & { readonly why: string }

/** Who was to do it, from one change of assignee to the next; nobody where `name` is null. */
export type Assigned = Interval & {
  readonly name: string | null
  readonly isVendor: boolean
  /** When that one works; null: around the clock. */
  readonly listOpen: ListOpen | null
}

/** Whole milliseconds since 1970, half-open. Spans may overlap, and reach beyond the window. */
export type GapFacts = {
  readonly window: Interval
  readonly worked: readonly Interval[]
  readonly holds: readonly Explained[]
  readonly blocks: readonly Explained[]
  readonly approvals: readonly Explained[]
  readonly predecessors: readonly Explained[]
  readonly assigned: readonly Assigned[]
}

export type Gap = Interval & { readonly cause: GapCause; readonly why: string | null }

type Claim = Interval & { readonly cause: GapCause; readonly why: string | null }

/** The window in spans, in order: none overlap, none are empty, and together they are the window. */
export function splitGaps(facts: GapFacts): Gap[] {
  let left = unite([facts.window])
  const gaps: Gap[] = []
  for (const claim of groupClaims(listClaims(facts))) {
    for (const span of intersect(left, claim.spans))
      gaps.push({ ...span, cause: claim.cause, why: claim.why })
    left = subtract(left, claim.spans)
  }
  for (const span of left) gaps.push({ ...span, cause: 'idle', why: null })
  // Of one cause and one explanation no two touch: each was one set.
  return gaps.toSorted((a, b) => a.start - b.start)
}

const explain = (cause: GapCause, spans: readonly Explained[]): Claim[] =>
  spans.map(({ start, end, why }) => ({ start, end, cause, why }))

/** In the order of the causes; within one, who spoke first. */
function listClaims(facts: GapFacts): Claim[] {
  const present = facts.assigned.filter(({ name }) => name !== null)
  return [
    ...facts.worked.map(({ start, end }) => ({ start, end, cause: 'working', why: null }) as const),
    ...explain('held', facts.holds),
    ...explain('blocked', facts.blocks),
    ...explain('waiting_for_approval', facts.approvals),
    ...explain('waiting_for_predecessor', facts.predecessors),
    ...facts.assigned
      .filter(({ name }) => name === null)
      .map(({ start, end }) => ({ start, end, cause: 'waiting_for_assignment', why: null }) as const),
    ...present.flatMap((one) => listClosed(facts.window, one)),
    ...present
      .filter(({ isVendor }) => isVendor)
      .map(({ start, end, name }) => ({ start, end, cause: 'waiting_for_vendor', why: name }) as const),
  ]
}

/** When the assignee did not work anyway. */
function listClosed(window: Interval, { start, end, name, listOpen }: Assigned): Claim[] {
  if (listOpen === null) return []
  const span = intersect([window], unite([{ start, end }]))
  return span.flatMap((own) =>
    subtract([own], listOpen(own.start, own.end)).map((closed) => ({
      ...closed,
      cause: 'outside_working_hours' as const,
      why: name,
    })),
  )
}

type Group = Pick<Claim, 'cause' | 'why'> & { readonly spans: Interval[] }

/** Claims of one cause and one explanation are one set of time. */
function groupClaims(claims: readonly Claim[]): Group[] {
  const groups = Map.groupBy(claims, ({ cause, why }) => JSON.stringify([cause, why]))
  return [...groups.values()].flatMap((some) =>
    some[0] === undefined ? [] : [{ cause: some[0].cause, why: some[0].why, spans: unite(some) }],
  )
}

/** Milliseconds of each cause that occurs, in the order of `gapCauses`. */
export function sumGaps(gaps: readonly Gap[]): { readonly cause: GapCause; readonly ms: number }[] {
  return gapCauses.flatMap((cause) => {
    const ms = gaps.reduce((sum, gap) => (gap.cause === cause ? sum + gap.end - gap.start : sum), 0)
    return ms > 0 ? [{ cause, ms }] : []
  })
}

/** A value that a field had, from one change to the next. */
export type Held<T> = Interval & { readonly value: T }

/**
 * From the changes of one field, oldest first, to the spans of its values; each counts until the next, the last to `end`.
 * Changes at one instant leave the last of them.
 */
export function toHeld<T>(
  changes: readonly { readonly at: number; readonly value: T }[],
  end: number,
): Held<T>[] {
  return changes.flatMap(({ at, value }, i) => {
    const until = Math.min(changes[i + 1]?.at ?? end, end)
    return at < until ? [{ start: at, end: until, value }] : []
  })
}
