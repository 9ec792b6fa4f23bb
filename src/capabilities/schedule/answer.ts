/** From a plan in slots to what people read: instants, names, and the sentence why each begins when it does. */
import { toInstant } from '#domain/instant.ts'
import type { Placed as PlacedWork, Plan } from '#domain/schedule-plan.ts'
import type { Resource } from '#domain/schedule-crew.ts'
import type { Grid } from '#domain/slot.ts'
import type { z } from 'zod'
import type { Answer, Placed, Progress } from './ask.ts'
import type { scheduleProposal } from './messages.ts'
import { toMs } from './to-free.ts'
import type { LeftOut, Planned } from './to-world.ts'

type Proposal = z.output<typeof scheduleProposal>

const toTime = (grid: Grid, slot: number): string => toInstant(toMs(grid, slot) * 1000)
const toHours = (grid: Grid, slots: number): number => Math.round((slots * grid.slotMinutes * 100) / 60) / 100

export type Stand = Pick<Plan, 'schedules' | 'quality' | 'first' | 'bound' | 'isFeasible'>

export function toProgress(grid: Grid, { schedules, quality, first, bound, isFeasible }: Stand): Progress {
  return {
    schedules,
    end: toTime(grid, quality.makespan),
    late_hours: toHours(grid, quality.tardiness),
    first_end: first === undefined ? null : toTime(grid, first.makespan),
    first_late_hours: first === undefined ? null : toHours(grid, first.tardiness),
    bound_end: toTime(grid, bound.makespan),
    bound_late_hours: toHours(grid, bound.tardiness),
    gap: Math.round((10_000 * (quality.makespan - bound.makespan)) / Math.max(1, bound.makespan)) / 10_000,
    holds: isFeasible,
  }
}

export function toAnswer(planned: Planned, plan: Plan): Answer {
  const { world, leftOut, assumed } = planned
  const { grid } = world
  const placed = spanMasters(planned, plan)
  const shown = placed.filter(({ finish }) => finish <= grid.length)
  const late = placed.filter(({ finish }) => finish > grid.length)
  const others: LeftOut[] = [
    ...plan.impossible.map(({ work, why }) => ({ work, reason: tellImpossible(why) })),
    ...late.map(({ work }) => ({ work, reason: 'beside the others it is not over by the latest end' })),
  ].map(({ work, reason }) => ({ id: world.works[work]!.id, number: world.works[work]!.number, reason }))
  return {
    origin: toTime(grid, 0),
    slot_minutes: grid.slotMinutes,
    slots: grid.length,
    optimal: plan.isOptimal && plan.isFeasible,
    work: shown
      .toSorted((a, b) => a.start - b.start || a.finish - b.finish)
      .map((one) => toPlaced(planned, one)),
    left_out: [...leftOut, ...others].map(({ id, number, reason }) => ({
      work_order: number,
      work_order_id: id,
      reason,
    })),
    assumed: [...assumed],
  }
}

/** A master begins with the first of what is linked to it. */
function spanMasters({ rows }: Planned, { placed }: Plan): PlacedWork[] {
  const linked = Map.groupBy(placed, ({ work }) => rows[work]!.parent_id)
  const startOf = (one: PlacedWork): number =>
    Math.min(one.start, ...(linked.get(rows[one.work]!.id) ?? []).map(startOf))
  return placed.map((one) => ({ ...one, start: startOf(one) }))
}

function toPlaced(planned: Planned, placed: PlacedWork): Placed {
  const { world, rows } = planned
  const work = world.works[placed.work]!
  const toProposal = (
    one: Omit<PlacedWork['alternatives'][number], 'confidence'>,
    confidence: number,
  ): Proposal => ({
    type: 'SCHEDULE_PROPOSAL',
    work_order_id: work.number,
    proposed_start: toTime(world.grid, one.start),
    proposed_end: toTime(world.grid, one.finish),
    assigned_persons: one.crew.map((person, post) => ({
      person_id: world.people[person]!.id,
      role: work.posts[post]!.role ?? (post === 0 ? 'assignee' : 'helper'),
    })),
    confidence,
  })
  const alternatives = placed.alternatives.map((one) => toProposal(one, one.confidence))
  return {
    work_order: work.number,
    work_order_id: work.id,
    from: toTime(world.grid, placed.start),
    until: toTime(world.grid, placed.finish),
    people: placed.crew.map((person) => world.people[person]!.name),
    version: rows[placed.work]!.version,
    proposal: {
      ...toProposal(placed, placed.outlook.confidence),
      ...(alternatives.length === 0 ? {} : { alternatives }),
    },
    why: tellReason(planned, placed),
    p80_end: toTime(world.grid, placed.outlook.p80),
    tools: work.tools.map(({ tool, quantity }) => ({
      tool_id: world.tools[tool]!.id,
      name: world.tools[tool]!.name,
      quantity,
    })),
    under_way: work.isUnderWay,
  }
}

const nameOf = ({ world }: Planned, { kind, index }: Resource): string =>
  (kind === 'person' ? world.people : kind === 'tool' ? world.tools : world.assets)[index]!.name

function tellReason(planned: Planned, { reason, crew }: PlacedWork): string {
  const { world } = planned
  const listNumbers = (works: readonly number[]): string =>
    works.map((one) => world.works[one]!.number).join(', ')
  if (reason.kind === 'release') return `it is not to begin before ${toTime(world.grid, reason.slot)}`
  if (reason.kind === 'shift')
    return `the working time of ${crew.map((person) => world.people[person]!.name).join(' and ')} begins then`
  if (reason.kind === 'predecessor') {
    const lag = reason.lag > 0 ? ` and ${toHours(world.grid, reason.lag)} h more` : ''
    return `it waits for ${listNumbers([reason.work])}${lag}`
  }
  if (reason.kind === 'busy')
    return `${nameOf(planned, reason.resource)} is needed for ${listNumbers(reason.works)} until then`
  if (reason.kind === 'away') {
    const away = reason.resource.kind === 'person' ? 'away or ' : ''
    return `${nameOf(planned, reason.resource)} is ${away}set aside for something else until then`
  }
  return reason.kind === 'now' ? 'nothing is before it' : 'what is due sooner goes first'
}

function tellImpossible(why: Plan['impossible'][number]['why']): string {
  if (why === 'waits') return 'it waits for work that is not planned'
  if (why.kind === 'cycle') return 'it waits for itself'
  if (why.kind === 'no_room') return 'nobody who fits has so much time before the latest end'
  return 'what it needs is never there before the latest end'
}
