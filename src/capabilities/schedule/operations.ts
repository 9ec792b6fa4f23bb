/**
 * Asking the scheduler: for one work order by seed 002's message, answered at once, or for a whole set, worked out in the
 * background. It proposes; nothing is set aside before somebody books it.
 */
import { z } from 'zod'
import { plan as planWorld } from '#domain/schedule-plan.ts'
import type { GrantedRole } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { toInstant } from '#domain/instant.ts'
import type { Requirements } from '#domain/work-order.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { operation } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadResource } from '../resource/store.ts'
import { findWorkOrder } from '../work-order/find.ts'
import { inOurTimes, line, text, workOrderRef } from '../work-order/schema.ts'
import { toAnswer, toProgress } from './answer.ts'
import { answer, progress } from './ask.ts'
import type { Ask } from './ask.ts'
import { loadPlanned, mostWorks } from './load.ts'
import { scheduleProposal, schedulingRequest } from './messages.ts'
import { announceSchedule } from './runner.ts'
import { askToStop, insertSchedule, listSchedules, loadSchedule } from './store.ts'
import type { ScheduleRow } from './store.ts'

const planners: readonly GrantedRole[] = ['assigner', 'captain', 'system_owner', 'qa', 'admin']
const permission: Permission = { kinds: ['human', 'agent', 'system'], roles: planners }
const instant = z.iso.datetime({ offset: true }).refine(inOurTimes, 'must be between 1900 and 2199')
const dayMs = 86_400_000
const mostDays = 366

const summary = z.object({
  id: z.uuid(),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  created_by: z.string(),
  created_at: z.string(),
  ended_at: z.string().nullable(),
  booked_at: z.string().nullable(),
  fault: z.string().nullable(),
  // Left out until something is known.
  ...progress.partial().shape,
})
export const scheduleView = z.object({ ...summary.shape, ...answer.partial().shape })

const toSummary = (row: ScheduleRow): z.output<typeof summary> => ({
  id: row.id,
  state: row.state,
  created_by: row.created_by,
  created_at: row.created_at,
  ended_at: row.ended_at,
  booked_at: row.booked_at,
  fault: row.fault,
  ...row.progress,
})
const toView = (row: ScheduleRow): z.output<typeof scheduleView> => ({
  ...toSummary(row),
  ...row.answer,
})

const invalid = (path: string, message: string): Decision<never> =>
  refuse({ code: 'invalid_input', errors: [{ path, message }] })

/** One work order is placed at once; so much is enough for the choice of its people. */
const oneEffort = 50

export const propose = operation({
  name: 'schedule.propose',
  summary: 'Propose when one work order is done, and by whom',
  http: ['POST', '/v1/schedules'],
  status: 201,
  permission,
  mutates: true,
  reckons: true,
  example: `--request '{"type":"SCHEDULING_REQUEST","work_order_id":"WO-2026-000001","job_plan_id":"none","constraints":{"earliest_start":"2027-02-01T06:00:00Z","latest_end":"2027-02-12T18:00:00Z","required_experience":[],"required_tools":[],"required_persons":[]}}'`,
  input: z.strictObject({
    request: schedulingRequest.describe('as seed 002 writes it; experiences and tools by id or name'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(1),
  }),
  output: z.object({
    ...scheduleView.shape,
    proposal: scheduleProposal.nullable().describe('null where it cannot be done so: left_out says why'),
  }),
  async run(tx, actor, { request, seed }) {
    const found = await findWorkOrder(tx, actor, request.work_order_id)
    if (!found.ok)
      return refuse({
        code: 'unknown_reference',
        field: 'request.work_order_id',
        value: request.work_order_id,
      })
    const { constraints } = request
    const window = checkWindow(
      tx,
      'request.constraints.latest_end',
      constraints.earliest_start,
      constraints.latest_end,
    )
    if (!window.ok) return window
    const requirements = await toRequirements(tx, constraints)
    if (!requirements.ok) return requirements
    const ask: Ask = {
      scope: { ids: [found.value.id], master: null, project: null, location: null },
      requirements: requirements.value,
      earliest_start: constraints.earliest_start,
      latest_end: constraints.latest_end,
      replan: true,
      seed,
      effort: oneEffort,
      seconds: 1,
    }
    const planned = await loadPlanned(tx, ask)
    if (!planned.ok) return planned
    const plan = planWorld(planned.value.world, { seed, schedules: oneEffort }, () => true)
    const row = {
      id: tx.newId(),
      ask,
      progress: toProgress(planned.value.world.grid, plan),
      answer: toAnswer(planned.value, plan),
      created_at: tx.now(),
    }
    insertSchedule(tx, row)
    return accept({
      proposal: row.answer.work[0]?.proposal ?? null,
      ...toView({
        ...row,
        state: 'done',
        fault: null,
        stop_asked: false,
        created_by: actor.name,
        ended_at: row.created_at,
        booked_at: null,
      }),
    })
  },
})

type Constraints = z.output<typeof schedulingRequest>['constraints']

async function toRequirements(tx: Tx, given: Constraints): Promise<Decision<Requirements>> {
  const experience: { name: string; min_rating: number }[] = []
  for (const [i, { experience_id: ref, min_rating }] of given.required_experience.entries()) {
    const row = await loadResource(tx, 'experience', ref)
    const field = `request.constraints.required_experience.${i}.experience_id`
    if (row === undefined) return refuse({ code: 'unknown_reference', field, value: ref })
    experience.push({ name: row.name, min_rating })
  }
  const tools: { name: string; quantity: number }[] = []
  for (const [i, { tool_id: ref, quantity }] of given.required_tools.entries()) {
    const row = await loadResource(tx, 'tool', ref)
    const field = `request.constraints.required_tools.${i}.tool_id`
    if (row === undefined || row.retired) return refuse({ code: 'unknown_reference', field, value: ref })
    tools.push({ name: row.name, quantity })
  }
  const roles = given.required_persons.map(({ role_label: role, headcount }) => ({ role, headcount }))
  const people = Math.max(
    1,
    roles.reduce((sum, { headcount }) => sum + headcount, 0),
  )
  return accept({ people, tools, experience, roles })
}

function checkWindow(tx: Tx, path: string, start: string | null, end: string): Decision<undefined> {
  const from = Math.max(Date.parse(tx.now()), start === null ? 0 : Date.parse(start))
  if (Date.parse(end) <= from) return invalid(path, 'must be after now, and after the earliest start')
  return Date.parse(end) - from > mostDays * dayMs
    ? invalid(path, `must be within ${mostDays} days of the earliest start`)
    : accept(undefined)
}

export const plan = operation({
  name: 'schedule.plan',
  summary: 'Have a whole set of work orders scheduled: a master, a project, a place, or all that is open',
  http: ['POST', '/v1/schedules/plans'],
  status: 201,
  permission,
  mutates: true,
  example: '--master WO-2026-000001 --effort 500',
  input: z.strictObject({
    master: workOrderRef.optional().describe('with everything that is linked to it'),
    work_orders: z.array(workOrderRef).min(1).max(mostWorks).optional(),
    project: line(200).optional(),
    location: line(500).optional().describe('of the asset'),
    earliest_start: instant.optional().describe('from now on when left out'),
    latest_end: instant.optional().describe('in 90 days when left out'),
    replan: z.boolean().default(false).describe('what is booked already may move, too'),
    effort: z.int().min(10).max(100_000).default(3000).describe('schedules to look at'),
    seconds: z.int().min(1).max(120).default(30).describe('at most'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(1)
      .describe('the same gives the same schedule'),
  }),
  output: scheduleView,
  async run(tx, actor, input) {
    const chosen = [input.master, input.work_orders].filter((one) => one !== undefined)
    if (chosen.length > 1) return invalid('work_orders', 'cannot stand beside master')
    const ids: string[] = []
    for (const [i, ref] of (input.work_orders ?? []).entries()) {
      const found = await findWorkOrder(tx, actor, ref)
      if (!found.ok) return refuse({ code: 'unknown_reference', field: `work_orders.${i}`, value: ref })
      ids.push(found.value.id)
    }
    const master = input.master === undefined ? null : await findWorkOrder(tx, actor, input.master)
    if (master?.ok === false)
      return refuse({ code: 'unknown_reference', field: 'master', value: input.master ?? '' })
    const start = input.earliest_start ?? null
    const from = Math.max(Date.parse(tx.now()), start === null ? 0 : Date.parse(start))
    const end = input.latest_end ?? toInstant((from + 90 * dayMs) * 1000)
    const window = checkWindow(tx, 'latest_end', start, end)
    if (!window.ok) return window
    const ask: Ask = {
      scope: {
        ids: input.work_orders === undefined ? null : ids,
        master: master?.value.id ?? null,
        project: input.project ?? null,
        location: input.location ?? null,
      },
      requirements: null,
      earliest_start: start,
      latest_end: end,
      replan: input.replan,
      seed: input.seed,
      effort: input.effort,
      seconds: input.seconds,
    }
    const row = { id: tx.newId(), ask, progress: null, answer: null, created_at: tx.now() }
    insertSchedule(tx, row)
    tx.afterCommit(() => announceSchedule({ tenantId: tx.tenantId, id: row.id }))
    return accept(
      toView({
        ...row,
        state: 'waiting',
        fault: null,
        stop_asked: false,
        created_by: actor.name,
        ended_at: null,
        booked_at: null,
      }),
    )
  },
})

const ref = { id: z.uuid().describe('of the schedule') }

export const get = operation({
  name: 'schedule.get',
  summary: 'Read a schedule: how far it is, or what is proposed',
  http: ['GET', '/v1/schedules/:id'],
  permission,
  mutates: false,
  example: '01890000-0000-7000-8000-000000000000',
  input: z.strictObject(ref),
  output: scheduleView,
  async run(tx, _actor, { id }) {
    const row = await loadSchedule(tx, id)
    return row === undefined ? refuse({ code: 'not_found', what: 'schedule' }) : accept(toView(row))
  },
})

export const list = operation({
  name: 'schedule.list',
  summary: 'List schedules, the newest first',
  http: ['GET', '/v1/schedules'],
  permission,
  mutates: false,
  example: '',
  input: z.strictObject({ cursor: text(500).optional(), limit: z.int().min(1).max(200).default(50) }),
  output: z.object({ data: z.array(summary), next_cursor: z.string().nullable() }),
  async run(tx, _actor, { cursor, limit }) {
    const after = cursor === undefined ? null : parseCursor(z.strictObject({ id: z.uuid() }), cursor)
    if (after === undefined) return invalid('cursor', 'is not a cursor of this list')
    const rows = await listSchedules(tx, after?.id ?? null, limit + 1)
    const shown = rows.slice(0, limit)
    const last = rows.length > limit ? shown.at(-1) : undefined
    return accept({
      data: shown.map(toSummary),
      next_cursor: last === undefined ? null : toCursor({ id: last.id }),
    })
  },
})

export const stop = operation({
  name: 'schedule.stop',
  summary: 'Stop looking for a better schedule: the best so far is the answer',
  http: ['POST', '/v1/schedules/:id/stop'],
  permission,
  mutates: true,
  example: '01890000-0000-7000-8000-000000000000',
  input: z.strictObject(ref),
  output: scheduleView,
  async run(tx, _actor, { id }) {
    const row = await loadSchedule(tx, id)
    if (row === undefined) return refuse({ code: 'not_found', what: 'schedule' })
    if (row.state === 'waiting' || row.state === 'running') askToStop(tx, row.id)
    return accept(toView(row))
  },
})
