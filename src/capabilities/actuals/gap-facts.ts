/**
 * What the trail says of a work order's time, as the domain splits it: the values that its fields had, its rounds, what
 * it waited for, and who worked when. The one rule: what happened is read from the entries; when people work is read as
 * it stands now, since calendars are not kept by the instant.
 */
import { gatedEdge } from '#domain/approval.ts'
import { toHeld } from '#domain/gap.ts'
import type { Assigned, Explained, GapFacts, Held } from '#domain/gap.ts'
import type { Interval } from '#domain/interval.ts'
import { categoryOf, transitionsFrom } from '#domain/lifecycles.ts'
import { msOfHour } from '#domain/calendar.ts'
import { maySee } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import type { Blocker, Predecessor, Recorded } from '#domain/work-order.ts'
import type { Tx } from '#platform/tx.ts'
import { loadHours } from '../person/working.ts'
import type { PersonHours } from '../person/working.ts'
import type { WorkOrderRow } from '../work-order/find.ts'
import { listEnds, listFieldValues, listRounds } from './store.ts'
import type { EndRow, FieldValue, RoundRow, WorkedRow } from './store.ts'

const { POSITIVE_INFINITY: never } = Number
const fields = ['status', 'assignee_id', 'hold', 'blocker', 'predecessors'] as const

export async function loadGapFacts(
  tx: Tx,
  actor: Actor,
  workOrder: WorkOrderRow,
  worked: readonly WorkedRow[],
  window: Interval,
): Promise<GapFacts> {
  const [values, rounds] = await Promise.all([
    listFieldValues(tx, workOrder.id, fields),
    listRounds(tx, workOrder.id),
  ])
  const heldOf = <T>(field: (typeof fields)[number], first: T): Held<T>[] =>
    toTimeline<T>(values, field, first, window)
  const statuses = heldOf<string>('status', workOrder.status)
  const assignees = heldOf<string | null>('assignee_id', null)
  const waits = heldOf<readonly Predecessor[] | null>('predecessors', null)
  const people = [...new Set(assignees.flatMap(({ value }) => (value === null ? [] : [value])))]
  const predecessors = [...new Set(waits.flatMap(({ value }) => (value ?? []).map(({ id }) => id)))]
  const [hours, ends] = await Promise.all([
    loadHours(tx, people, { start: toText(window.start), end: toText(window.end) }),
    listEnds(tx, predecessors),
  ])
  const { lifecycle } = workOrder
  const isActive = ({ value }: Held<string>): boolean => categoryOf(lifecycle, value) === 'active'
  const start = statuses.find(isActive)?.start ?? never
  return {
    window,
    worked: worked.map(({ from_at, until_at }) => ({
      start: Date.parse(from_at),
      end: until_at === null ? never : Date.parse(until_at),
    })),
    holds: heldOf<Recorded['hold']>('hold', null).flatMap(({ value, ...span }) =>
      value === null ? [] : [{ ...span, why: `${value.owner}: ${value.reason}` }],
    ),
    blocks: toBlocks(lifecycle, statuses, heldOf<Blocker | null>('blocker', null)),
    approvals: [...rounds.flatMap((round) => toWaits(round, statuses)), ...toDecisions(lifecycle, statuses)],
    predecessors: toPredecessors(actor, waits, ends, start),
    assigned: assignees.map((one) => toAssigned(one, hours)),
  }
}

const toText = (ms: number): string => new Date(ms).toISOString()

function toTimeline<T>(values: readonly FieldValue[], field: string, first: T, window: Interval): Held<T>[] {
  const changes = values
    .filter((one) => one.field === field)
    .map(({ at, value }) => ({ at: Date.parse(at), value: value as T }))
  const begins = (changes[0]?.at ?? never) > window.start ? [{ at: window.start, value: first }] : []
  return toHeld([...begins, ...changes], window.end)
}

type Lifecycle = WorkOrderRow['lifecycle']

function toBlocks(
  lifecycle: Lifecycle,
  statuses: readonly Held<string>[],
  blockers: readonly Held<Blocker | null>[],
): Explained[] {
  return statuses
    .filter(({ value }) => categoryOf(lifecycle, value) === 'held')
    .map(({ start, end }) => {
      const blocker = blockers.find((one) => one.start <= start && start < one.end)?.value
      const why = [blocker?.owner, blocker?.action].filter((part) => part !== undefined).join(': ')
      return { start, end, why: why === '' ? 'blocked' : why }
    })
}

/**
 * A round waits for the roles that have not signed yet: other ones after each signature. It opens with the state that
 * asks for it, whatever instant its own row was written at.
 */
function toWaits(
  { gate, opened_at, closed_at, requirements, signed }: RoundRow,
  statuses: readonly Held<string>[],
): Explained[] {
  const opened = Date.parse(opened_at)
  const entered = statuses.findLast(({ start }) => start <= opened)?.start ?? opened
  const times = [entered, ...signed.map(({ at }) => Date.parse(at))]
  const closed = closed_at === null ? never : Date.parse(closed_at)
  return times.map((start, given) => {
    const roles = requirements.flatMap(({ role, count }) =>
      signed.slice(0, given).filter((one) => one.role === role).length < count ? [role] : [],
    )
    return { start, end: Math.min(times[given + 1] ?? closed, closed), why: `${gate}: ${roles.join(', ')}` }
  })
}

/** Where nobody has to sign, somebody decides all the same: who may take the work on from a review or a gate. */
function toDecisions(lifecycle: Lifecycle, statuses: readonly Held<string>[]): Explained[] {
  return statuses.flatMap(({ value: status, start, end }) => {
    const isGate = gatedEdge({ lifecycle, status }) !== undefined
    if (!isGate && categoryOf(lifecycle, status) !== 'review') return []
    const onward = transitionsFrom(lifecycle, status).find(
      (edge) => edge.turnsBack === undefined && categoryOf(lifecycle, edge.to) !== 'abandoned',
    )
    return [{ start, end, why: `${status}: ${(onward?.by ?? []).join(', ')}` }]
  })
}

/** Until it began; the one that ended last explains it. */
function toPredecessors(
  actor: Actor,
  waits: readonly Held<readonly Predecessor[] | null>[],
  ends: readonly EndRow[],
  begun: number,
): Explained[] {
  const byId = new Map(ends.map((row) => [row.id, row]))
  return waits
    .flatMap(({ value, start, end }) =>
      (value ?? []).map(({ id, lag_hours: lag }) => {
        const row = byId.get(id)
        const satisfied = row === undefined ? never : findSatisfied(row, lag)
        const isSeen = row !== undefined && maySee(actor, row)
        const why = isSeen ? row.number : 'a work order that you may not see'
        return { start, end: Math.min(end, satisfied, begun), satisfied, why }
      }),
    )
    .toSorted((a, b) => (a.satisfied === b.satisfied ? 0 : b.satisfied - a.satisfied))
    .map(({ start, end, why }) => ({ start, end, why }))
}

function findSatisfied({ category, actual_end, waived_at }: EndRow, lagHours: number): number {
  if (waived_at !== null) return Date.parse(waived_at)
  return category === 'done' && actual_end !== null ? Date.parse(actual_end) + lagHours * msOfHour : never
}

function toAssigned(
  { value, start, end }: Held<string | null>,
  hours: ReadonlyMap<string, PersonHours>,
): Assigned {
  const person = value === null ? undefined : hours.get(value)
  return {
    start,
    end,
    name: person?.name ?? value,
    isVendor: person?.isVendor ?? false,
    listOpen: person?.listOpen ?? null,
  }
}
