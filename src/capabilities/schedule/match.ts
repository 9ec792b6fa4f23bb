/**
 * Who could do a piece of work: seed 002's request in, its proposal out, and beside it what the proposal has no room for,
 * each candidate explained. It proposes: nobody is assigned and nothing is set aside by it.
 */
import { z } from 'zod'
import { rankCandidates } from '#domain/matching.ts'
import type { Need } from '#domain/matching.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadPeople } from '../person/working.ts'
import { loadResource } from '../resource/store.ts'
import { findWorkOrder } from '../work-order/find.ts'
import type { WorkOrderRow } from '../work-order/find.ts'
import { line } from '../work-order/schema.ts'
import { staffingProposal, staffingRequest } from './messages.ts'
import { countHeads, findPeople, isForward, toWhen } from './need.ts'
import { currency, permission, window } from './schema.ts'

const input = z.strictObject({
  request: staffingRequest.describe('as seed 002 writes it; people and experiences by id or name'),
  window: window.optional().describe('when the work is done; as the work order plans it when left out'),
  hours: z.number().gt(0).max(10_000).optional().describe('of each person; the estimate when left out'),
  role: line(200).optional(),
  headcount: z.int().min(1).max(1000).optional().describe('as the work order requires when left out'),
  currency,
})
type Input = z.output<typeof input>

export const match = operation({
  name: 'resource.match',
  summary: 'Rank who could do a work order, by availability, experience and cost, each explained',
  http: ['POST', '/v1/resources/match'],
  permission,
  mutates: false,
  example: `--request '{"type":"STAFFING_REQUEST","work_order_id":"WO-2026-000001","experience_requirements":[{"experience_id":"Windows 11 build","min_rating":3}]}' --hours 6 --window '{"start":"2027-02-01T06:00:00Z","end":"2027-02-05T18:00:00Z"}'`,
  input,
  output: z.object({
    proposal: staffingProposal,
    candidates: z.array(
      z.object({
        person_id: z.uuid(),
        name: z.string(),
        qualified: z.boolean().describe('every requirement is met'),
        free_hours: z.number(),
        explanation: z.array(z.string()),
      }),
    ),
    left_out: z.array(z.object({ name: z.string(), reason: z.string() })),
  }),
  async run(tx, actor, given) {
    const found = await findWorkOrder(tx, actor, given.request.work_order_id)
    if (!found.ok)
      return refuse({
        code: 'unknown_reference',
        field: 'request.work_order_id',
        value: given.request.work_order_id,
      })
    const need = await toNeed(tx, found.value, given)
    if (!need.ok) return need
    const people = await loadPeople(tx, need.value.window)
    const names = new Map(people.map(({ id, name }) => [id, name]))
    const { candidates, gaps, leftOut } = rankCandidates(need.value, people)
    return accept({
      proposal: {
        type: 'STAFFING_PROPOSAL' as const,
        work_order_id: given.request.work_order_id,
        candidates: candidates.map(({ person_id, experience_match_score, availability, conflicts }) => ({
          person_id,
          experience_match_score,
          availability,
          conflicts: [...conflicts],
        })),
        gaps: [...gaps],
      },
      candidates: candidates.map(({ person_id, qualified, freeHours, explanation }) => ({
        person_id,
        name: names.get(person_id) ?? person_id,
        qualified,
        free_hours: freeHours,
        explanation: [...explanation],
      })),
      left_out: leftOut.map(({ person_id, reason }) => ({ name: names.get(person_id) ?? person_id, reason })),
    })
  },
})

async function toNeed(tx: Tx, workOrder: WorkOrderRow, given: Input): Promise<Decision<Need>> {
  const { request, role } = given
  const when = toWhen({
    start: given.window?.start ?? workOrder.planned_start,
    end: given.window?.end ?? workOrder.planned_end,
    hours: given.hours ?? workOrder.estimated_hours,
  })
  if (!('window' in when))
    return refuse({
      code: 'invalid_input',
      errors: when.map((path) => ({ path, message: 'is needed: the work order does not say it' })),
    })
  if (!isForward(when.window))
    return refuse({
      code: 'invalid_input',
      errors: [{ path: 'window.end', message: 'must be after the start' }],
    })
  const experience: Need['experience'][number][] = []
  for (const [i, { experience_id: ref, min_rating }] of request.experience_requirements.entries()) {
    const row = await loadResource(tx, 'experience', ref)
    const field = `request.experience_requirements.${i}.experience_id`
    if (row === undefined) return refuse({ code: 'unknown_reference', field, value: ref })
    experience.push({ experience_id: row.id, min_rating, name: row.name })
  }
  const preferred = await findPeople(tx, 'request.preferred_persons', request.preferred_persons)
  if (!preferred.ok) return preferred
  const excluded = await findPeople(tx, 'request.exclude_persons', request.exclude_persons)
  if (!excluded.ok) return excluded
  return accept({
    experience,
    ...(role === undefined ? {} : { role }),
    ...when,
    headcount: given.headcount ?? countHeads(workOrder.requirements),
    preferred: preferred.value,
    excluded: excluded.value,
    currency: given.currency,
  })
}
