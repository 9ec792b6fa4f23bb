/** The shapes of templates at the doors. Texts may wait for values, so what they make is checked once more when filled. */
import { z } from 'zod'
import { decimalText } from '#domain/decimal.ts'
import { lifecycleNames } from '#domain/lifecycles.ts'
import { failurePolicies, priorities } from '#domain/work-order.ts'
import { stepKey, toPlan } from '../work-order/plan-schema.ts'
import { completionPolicy, line, requirements, text } from '../work-order/schema.ts'

export const templateName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,99}$/, 'must be lower-case letters, digits and -, 100 at most')
  .describe('name of the template')

const limit = z
  .string()
  .max(200)
  .refine((value) => decimalText.test(value) || value.includes('{{'), 'must be a decimal, or {{a parameter}}')

const item = {
  title: line(500),
  description: text(50_000).optional(),
  acceptance_criteria: text(50_000).optional(),
  deliverables: text(50_000).optional(),
  asset: line(200).optional(),
  assignee: line(200).optional(),
  regulatory: z.boolean().optional().describe('as the whole when left out'),
  priority: z.enum(priorities).optional(),
  work_category: line(200).optional().describe('as its master when left out'),
  project: line(200).optional(),
  tags: z.array(line(100)).max(100).optional(),
  estimated_hours: z.number().min(0).max(1e6).optional(),
  requirements: requirements.optional(),
  job_plan: toPlan({ reference: stepKey, limit }).optional(),
  completion_policy: z
    .union([
      completionPolicy,
      z.strictObject({ kind: z.literal('required'), ids: z.array(stepKey).min(1).max(1000) }),
    ])
    .optional()
    .describe('ids of "required" are keys of the template'),
  on_failure: z.enum(failurePolicies).optional(),
}

export const templateBody = z.strictObject({
  ...item,
  lifecycle: z.enum(lifecycleNames),
  parameters: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_]{0,49}$/, 'must be lower-case letters, digits and _'),
        says: line(500).describe('what to give, for people'),
        default: text(500).optional().describe('taken where nothing is given'),
      }),
    )
    .max(50)
    .optional()
    .describe('texts name them as {{name}}'),
  work_orders: z
    .array(
      z.strictObject({
        key: stepKey.describe('its name within the template'),
        under: stepKey.optional().describe('the key of its master, where that is not the whole'),
        after: z
          .array(
            z.union([stepKey, z.strictObject({ key: stepKey, lag_hours: z.number().min(0).max(87_600) })]),
          )
          .max(100)
          .optional()
          .describe('keys of what must be done before it starts'),
        ...item,
      }),
    )
    .max(999)
    .optional()
    .describe('linked work orders of the master'),
})

export const templateView = z.object({
  name: z.string(),
  version: z.int(),
  retired: z.boolean(),
  body: templateBody,
  created_at: z.string(),
  updated_at: z.string(),
})
export type TemplateView = z.output<typeof templateView>
