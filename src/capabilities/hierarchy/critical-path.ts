/**
 * `GET …/critical-path`: when a work order can be over, what that hangs on, and how much room the rest has. The one
 * rule: the paths are followed to their beginning, also where that lies outside of what was asked for.
 */
import { z } from 'zod'
import { msOfHour } from '#domain/calendar.ts'
import { findCriticalPaths, isCritical, lastEndOf, modes } from '#domain/critical-path.ts'
import { categories } from '#domain/lifecycle.ts'
import { accept } from '#domain/refusal.ts'
import { toTime } from '#domain/timing.ts'
import { toCursor } from '#platform/cursor.ts'
import { everyone, operation } from '#platform/operation.ts'
import { text, workOrderRef } from '../work-order/schema.ts'
import { head, isAssumed, loadReckoned, pickPage, scope } from './reckoned.ts'
import type { Reckoned } from './reckoned.ts'

const step = z.object({
  id: z.uuid(),
  number: z.string(),
  title: z.string(),
  status: z.string(),
  category: z.enum(categories),
  assignee: z.string().nullable(),
  start: z.string().nullable(),
  finish: z.string().nullable(),
})
const timed = z.object({
  id: z.uuid(),
  number: z.string(),
  title: z.string(),
  status: z.string(),
  category: z.enum(categories),
  assignee: z.string().nullable(),
  earliest_start: z
    .string()
    .nullable()
    .describe('null where it takes no time (cancelled or waived), or its calendar never has the hours'),
  earliest_finish: z.string().nullable(),
  latest_start: z.string().nullable().describe('null where it is over, or nothing of this waits for it'),
  latest_finish: z.string().nullable(),
  slack_hours: z.number().nullable().describe('by how much its finish may slip without moving the end'),
  critical: z.boolean(),
  assumed: z.boolean(),
  calendar: z
    .object({
      name: z.string().nullable().describe('null: around the clock, but for absences'),
      of: z.enum(['assignee', 'master', 'tenant']).describe('whose it is'),
      absences: z.int().describe('how many of the assignee are taken off'),
    })
    .nullable()
    .describe('in what its hours run; null: around the clock, and where none are left'),
})

/** Ties are rare, and who has read ten of them knows the rest. */
const mostPaths = 10

export const criticalPath = operation({
  name: 'hierarchy.critical_path',
  summary: 'When can this be over, what does that hang on, and how much room has the rest?',
  http: ['GET', '/v1/work-orders/:id/critical-path'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({
    id: workOrderRef,
    ...scope,
    critical_only: z.boolean().default(false).describe('only what has no room'),
    cursor: text(200).optional(),
    limit: z.int().min(1).max(20_000).default(1000),
  }),
  output: z.object({
    ...head,
    expected_start: z.string().nullable(),
    expected_finish: z.string().nullable(),
    hours_to_finish: z.number().nullable().describe('from now; negative when it is over'),
    forecast: z
      .object({ p50: z.string(), p80: z.string(), runs: z.int() })
      .nullable()
      .describe('finish by simulation; null while no distributions of durations are known'),
    paths: z
      .array(z.array(step))
      .describe('each from its beginning to the end; what is over is on it too, where it was waited for'),
    more_paths: z.boolean(),
    data: z.array(timed).describe('least room first; what has none to speak of last'),
    next_cursor: z.string().nullable(),
  }),
  async run(tx, actor, input) {
    const found = await loadReckoned(tx, actor, input.id, input.whole)
    if (!found.ok) return found
    const { network, schedule, reckoning } = found.value
    const nodes = byRoom(found.value).filter((node) => !input.critical_only || isCritical(schedule, node))
    const page = pickPage(nodes, network.ids, input.cursor, input.limit)
    if (!page.ok) return page
    const { last } = page.value
    const { paths, more } = findCriticalPaths(reckoning, schedule, mostPaths)
    const finish = lastEndOf(reckoning.ends, schedule)
    const starts = reckoning.ends
      .map((end) => schedule.earliestStart[end] ?? Number.NaN)
      .filter((start) => !Number.isNaN(start))
    return accept({
      ...found.value.head,
      expected_start: toTime(Math.min(...starts)),
      expected_finish: toTime(finish),
      hours_to_finish: toHours((finish - reckoning.nowMs) / msOfHour),
      forecast: null,
      paths: paths.map((path) => path.map((node) => toStep(found.value, node))),
      more_paths: more,
      data: page.value.page.map((node) => toTimed(found.value, node)),
      next_cursor: last === undefined ? null : toCursor({ after: last }),
    })
  },
})

const orLast = (value: number | undefined): number =>
  value === undefined || Number.isNaN(value) ? Number.MAX_VALUE : value

/** Least room first, then by the time at which it begins, then in the order of reading. */
function byRoom({ shown, schedule }: Reckoned): number[] {
  const { slackHours, earliestStart } = schedule
  return shown.toSorted(
    (a, b) =>
      orLast(slackHours[a]) - orLast(slackHours[b]) || orLast(earliestStart[a]) - orLast(earliestStart[b]),
  )
}

const toHours = (hours: number | undefined): number | null =>
  hours === undefined || !Number.isFinite(hours) ? null : Math.round(hours * 1e6) / 1e6

function toBrief({ rows }: Reckoned, node: number) {
  const row = rows[node]
  if (row === undefined) throw new Error('a node without its row')
  const { id, number, title, status, category, assignee } = row
  return { id, number, title, status, category, assignee }
}

function toStep(reckoned: Reckoned, node: number): z.output<typeof step> {
  const { schedule } = reckoned
  const start = toTime(schedule.earliestStart[node] ?? Number.NaN)
  return { ...toBrief(reckoned, node), start, finish: toTime(schedule.earliestFinish[node] ?? Number.NaN) }
}

function toTimed(reckoned: Reckoned, node: number): z.output<typeof timed> {
  const { schedule, network, reckoning, rows } = reckoned
  const time = (times: Float64Array): string | null => toTime(times[node] ?? Number.NaN)
  return {
    ...toBrief(reckoned, node),
    earliest_start: time(schedule.earliestStart),
    earliest_finish: time(schedule.earliestFinish),
    latest_start: time(schedule.latestStart),
    latest_finish: time(schedule.latestFinish),
    slack_hours: toHours(schedule.slackHours[node]),
    critical: isCritical(schedule, node),
    assumed: isAssumed(network, reckoning.timing.mode, rows, node),
    calendar: toCalendarView(reckoned, node),
  }
}

function toCalendarView({ working, reckoning }: Reckoned, node: number): z.output<typeof timed>['calendar'] {
  const found = working[node]
  const mode = reckoning.timing.mode[node]
  if (found === undefined || mode === modes.done || mode === modes.none) return null
  return { name: found.name, of: found.of, absences: found.absences }
}
