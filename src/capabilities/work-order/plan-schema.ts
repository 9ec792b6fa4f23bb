/** The shapes of a job plan at the doors; what its parts mean together is checked by the domain. */
import { z } from 'zod'
import { decimalText } from '#domain/decimal.ts'
import { findPlanProblems, resultStates, signOffRoles, stepKinds } from '#domain/job-plan.ts'
import { signingRoles } from '#domain/policy.ts'
import { line, text } from './text.ts'

export const stepKey = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,49}$/, 'must be lower-case letters, digits, _ and -, 50 at most')
export const decimal = z
  .string()
  .regex(decimalText, 'must be a decimal such as "9.80", with 15 digits on each side of the point at most')

/** What a plan and its template differ in: how a work order is named, and whether limits may wait for a value. */
type Parts<R extends z.ZodType<string>, D extends z.ZodType<string>> = {
  readonly reference: R
  readonly limit: D
}

const toStep = <R extends z.ZodType<string>, D extends z.ZodType<string>>({
  reference,
  limit,
}: Parts<R, D>) =>
  z.strictObject({
    key: stepKey.describe('its name within the plan'),
    kind: z.enum(stepKinds),
    text: line(2000),
    mandatory: z.boolean().default(true).describe('the work order is not handed in before it is done'),
    unit: line(50).optional().describe('of a measurement'),
    min: limit.optional().describe('lowest value that is within limits'),
    max: limit.optional().describe('highest value that is within limits'),
    role: z.enum(signOffRoles).optional().describe('who signs the step off'),
    credential: line(100).optional().describe('the credential that the step needs, by its name'),
    work_order: reference.optional().describe('the work order that the step consists of'),
  })

export const toPlan = <R extends z.ZodType<string>, D extends z.ZodType<string>>(parts: Parts<R, D>) =>
  z.strictObject({
    title: line(500),
    steps: z
      .array(z.union([line(2000), toStep(parts)]))
      .min(1)
      .max(500)
      .describe('a plain line is read; a step with a kind is done'),
    credentials: z
      .array(z.strictObject({ name: line(100), ref: line(1000), purpose: line(500).optional() }))
      .max(50)
      .optional()
      .describe('where the secrets are that steps need, never what they are'),
    approvals: z
      .array(
        z.strictObject({
          gate: z.enum(['release', 'completion']),
          role: z.enum(signingRoles),
          count: z.int().min(1).max(20).default(1),
        }),
      )
      .max(20)
      .optional()
      .describe('signatures besides those of the policy'),
  })

const madeFrom = z.strictObject({ name: line(100), version: z.int().min(1) })

/** Reports the problems of a plan with their paths. */
const reportProblems = (plan: Parameters<typeof findPlanProblems>[0], context: z.RefinementCtx): void => {
  for (const { path, message } of findPlanProblems(plan))
    context.addIssue({ code: 'custom', path: [...path], message })
}

export const jobPlan = toPlan({ reference: z.uuid(), limit: decimal })
  .extend({ template: madeFrom.optional().describe('the template that it was made from') })
  .superRefine(reportProblems)

export const stepResult = z.object({
  state: z.enum(resultStates),
  value: z.string().optional(),
  note: text(10_000).optional(),
  attachments: z.array(z.object({ id: z.uuid(), sha256: z.string() })).optional(),
  finding: z.string().optional(),
  by: z.uuid(),
  by_name: z.string(),
  at: z.string(),
})
