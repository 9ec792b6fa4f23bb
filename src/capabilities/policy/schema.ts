/** The shapes of a policy at the doors; what the parts mean together is checked by the domain. */
import { z } from 'zod'
import { lifecycleNames } from '#domain/lifecycles.ts'
import { signingRoles } from '#domain/policy.ts'
import { line, principalRef } from '../work-order/schema.ts'

/** Shorter ones are reminded before anybody has read the work order, longer ones of nothing. */
const workingHours = z.number().min(0.1).max(2000).describe('working hours')

const calendar = z.strictObject({
  time_zone: line(100).describe('IANA name, such as Europe/Berlin'),
  weekdays: z.array(z.int()).max(7).describe('1 is Monday, 7 is Sunday'),
  start: z.string().max(5).describe('HH:MM'),
  end: z.string().max(5).describe('HH:MM; 24:00 for midnight'),
  holidays: z.array(z.string().max(10)).max(1000).default([]).describe('YYYY-MM-DD'),
})

const target = z.union([
  z.literal('manager'),
  z.strictObject({ role: z.enum(signingRoles) }),
  z.strictObject({ principal: principalRef }),
])

const rule = z.strictObject({
  lifecycle: z.enum(lifecycleNames),
  work_category: line(200).nullable().default(null).describe('null: every category'),
  regulatory: z.boolean().nullable().default(null).describe('null: regulatory or not'),
  gate: z.enum(['release', 'completion']),
  ordered: z.boolean().default(false),
  sla_hours: workingHours.nullable().default(null),
  requirements: z
    .array(
      z.strictObject({
        role: z.enum(signingRoles),
        // Less than one is read, so that the refusal can say what is wrong with it.
        count: z.int().min(0).max(20).default(1),
        position: z.int().min(1).max(20).nullable().default(null),
        sla_hours: workingHours.nullable().default(null),
      }),
    )
    .max(signingRoles.length)
    .default([]),
  escalation: z.array(target).max(10).default([]),
})

export const policyBody = z.strictObject({ calendar, rules: z.array(rule).max(200) })

export const policyView = z.object({
  version: z.int().describe('0: never set, only what the lifecycles require'),
  body: policyBody,
  created_at: z.string().nullable(),
  created_by: z.string().nullable(),
})
export type PolicyView = z.output<typeof policyView>
