import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { table } from '#test/table.ts'
import { scheduleProposal, schedulingRequest, staffingProposal, staffingRequest } from './messages.ts'

const proposal = {
  type: 'SCHEDULE_PROPOSAL',
  work_order_id: 'WO-2026-000002',
  proposed_start: '2026-11-23T08:00:00Z',
  proposed_end: '2026-11-24T17:00:00+01:00',
  assigned_persons: [{ person_id: 'p-lee', role: 'IT technician' }],
  confidence: 0.8,
}
/** The messages of step 3 of seed 002 §3.1 (an IT build), with every optional member. */
const examples: { readonly [name: string]: { readonly shape: z.ZodType; readonly message: object } } = {
  staffingRequest: {
    shape: staffingRequest,
    message: {
      type: 'STAFFING_REQUEST',
      work_order_id: 'WO-2026-000002',
      experience_requirements: [{ experience_id: 'win11-build', min_rating: 3 }],
      preferred_persons: ['p-lee'],
      exclude_persons: ['p-kim'],
    },
  },
  staffingProposal: {
    shape: staffingProposal,
    message: {
      type: 'STAFFING_PROPOSAL',
      work_order_id: 'WO-2026-000002',
      candidates: [
        { person_id: 'p-lee', experience_match_score: 0.9, availability: true, conflicts: ['on call'] },
      ],
      gaps: ['Windows 11 build: nobody has rating 5'],
    },
  },
  schedulingRequest: {
    shape: schedulingRequest,
    message: {
      type: 'SCHEDULING_REQUEST',
      work_order_id: 'WO-2026-000002',
      job_plan_id: 'it-build',
      constraints: {
        earliest_start: '2026-11-23T08:00:00Z',
        latest_end: '2026-11-27T17:00:00Z',
        required_experience: [{ experience_id: 'win11-build', min_rating: 3 }],
        required_tools: [{ tool_id: 'usb-writer', quantity: 1 }],
        required_persons: [{ role_label: 'IT technician', headcount: 1 }],
      },
    },
  },
  scheduleProposal: {
    shape: scheduleProposal,
    message: { ...proposal, alternatives: [{ ...proposal, confidence: 0, alternatives: [] }] },
  },
}

/** A copy in which the member at the path is another value, or is left out. */
function change(message: object, path: string, value?: string): unknown {
  const copy = structuredClone(message) as Record<string, unknown>
  const steps = path.split('.')
  const last = steps.pop() ?? ''
  const inside = steps.reduce((at, step) => at[step] as Record<string, unknown>, copy)
  if (value === undefined) Reflect.deleteProperty(inside, last)
  else inside[last] = JSON.parse(value)
  return copy
}

test('R-MAT-12 the four messages of staffing and scheduling are taken as seed 002 writes them, both ways', async (t) => {
  for (const [name, { shape, message }] of Object.entries(examples))
    await t.test(name, () => assert.deepEqual(shape.parse(message), message))
  const optional = table`
    message          | member
    staffingRequest  | preferred_persons
    staffingRequest  | exclude_persons
    scheduleProposal | alternatives
  `
  for (const { message: name = '', member = '' } of optional)
    await t.test(`${name} without ${member}`, () => {
      const { shape, message } = examples[name]!
      assert.ok(shape.safeParse(change(message, member)).success)
    })
})

test('R-MAT-12 every other member of the four messages is needed, and no member besides is taken', async (t) => {
  const isOptional = new Set(['preferred_persons', 'exclude_persons', 'alternatives'])
  const listPaths = (value: unknown, path: string): string[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, one]) => {
          const own = path === '' ? key : `${path}.${key}`
          return [...(Array.isArray(value) ? [] : [own]), ...listPaths(one, own)]
        })
      : []
  for (const [name, { shape, message }] of Object.entries(examples)) {
    const paths = listPaths(message, '')
    assert.ok(paths.length >= 6)
    for (const path of paths) {
      if (!isOptional.has(path.split('.').at(-1) ?? ''))
        await t.test(`${name} without ${path}`, () =>
          assert.ok(!shape.safeParse(change(message, path)).success),
        )
      const beside = [...path.split('.').slice(0, -1), 'besides'].join('.')
      await t.test(`${name} with ${beside}`, () =>
        assert.ok(!shape.safeParse(change(message, beside, '1')).success),
      )
    }
  }
})

test('R-MAT-12 a value outside its range, or of another kind, is refused', async (t) => {
  const cases = table`
    message           | member                                         | value                 | taken
    staffingRequest   | type                                           | "STAFFING_PROPOSAL"   | no
    staffingRequest   | work_order_id                                  | ""                    | no
    staffingRequest   | experience_requirements                        | []                    | yes
    staffingRequest   | experience_requirements.0.min_rating           | 5                     | yes
    staffingRequest   | experience_requirements.0.min_rating           | 5.1                   | no
    staffingRequest   | experience_requirements.0.min_rating           | 0                     | no
    staffingRequest   | experience_requirements.0.min_rating           | "3"                   | no
    staffingRequest   | preferred_persons                              | null                  | no
    staffingProposal  | candidates.0.experience_match_score            | 0                     | yes
    staffingProposal  | candidates.0.experience_match_score            | 1                     | yes
    staffingProposal  | candidates.0.experience_match_score            | 1.01                  | no
    staffingProposal  | candidates.0.experience_match_score            | -0.01                 | no
    staffingProposal  | candidates.0.availability                      | "yes"                 | no
    staffingProposal  | gaps                                           | null                  | no
    schedulingRequest | constraints.earliest_start                     | "2026-11-23"          | no
    schedulingRequest | constraints.earliest_start                     | "2026-11-23T08:00:00" | no
    schedulingRequest | constraints.required_tools.0.quantity          | 0                     | no
    schedulingRequest | constraints.required_persons.0.headcount       | 1.5                   | no
    scheduleProposal  | confidence                                     | 1                     | yes
    scheduleProposal  | confidence                                     | 1.1                   | no
    scheduleProposal  | confidence                                     | -0.1                  | no
    scheduleProposal  | alternatives                                   | [{}]                  | no
    scheduleProposal  | alternatives.0.confidence                      | 2                     | no
    scheduleProposal  | alternatives.0.type                            | "STAFFING_PROPOSAL"   | no
  `
  for (const { message: name = '', member = '', value = '', taken } of cases)
    await t.test(`${name}.${member} = ${value}`, () => {
      const { shape, message } = examples[name]!
      assert.equal(shape.safeParse(change(message, member, value)).success, taken === 'yes')
    })
})
