/** The completion policy of a tenant: for masters that have none of their own. Work that has begun keeps what stood then. */
import { z } from 'zod'
import { defaultCompletion, toPolicyText } from '#domain/completion.ts'
import { changesBetween } from '#domain/entry.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { CompletionPolicy } from '#domain/work-order.ts'
import { administrators, operation, staff } from '#platform/operation.ts'
import { lockTenant, updateTenantPolicy } from '../tenant/store.ts'
import { completionPolicy, line } from '../work-order/schema.ts'
import { loadTenantPolicy } from './store.ts'

const view = z.object({
  policy: completionPolicy
    .nullable()
    .describe('null: never set; every linked work order must be done or waived'),
  says: z.string(),
})

const toView = (policy: CompletionPolicy | null): z.output<typeof view> => ({
  policy: structuredClone(policy) as z.output<typeof view>['policy'],
  says: toPolicyText(policy ?? defaultCompletion),
})

export const getCompletion = operation({
  name: 'policy.get_completion',
  summary: 'Read when masters of the tenant are complete, where they do not say so themselves',
  http: ['GET', '/v1/completion-policy'],
  permission: staff,
  mutates: false,
  example: '',
  input: z.strictObject({}),
  output: view,
  run: async (tx) => accept(toView(await loadTenantPolicy(tx))),
})

export const setCompletion = operation({
  name: 'policy.set_completion',
  summary: 'Set when masters of the tenant are complete; work that has begun keeps what stood then',
  http: ['POST', '/v1/completion-policy'],
  permission: administrators,
  mutates: true,
  mcp: false,
  example: `--policy '{"kind":"all"}' --reason "as agreed with QA"`,
  input: z.strictObject({ policy: completionPolicy.nullable(), reason: line(2000) }),
  output: view,
  async run(tx, _actor, { policy, reason }) {
    if (policy?.kind === 'required') {
      const message = 'names single work orders: that is for a master to say, not for a tenant'
      return refuse({ code: 'invalid_input', errors: [{ path: 'policy.kind', message }] })
    }
    const tenant = await lockTenant(tx)
    const before = await loadTenantPolicy(tx)
    const changes = changesBetween(
      ['completion_policy'],
      { completion_policy: before },
      { completion_policy: policy },
    )
    if (changes.length === 0) return accept(toView(before))
    const head = tx.record({
      kind: 'tenant',
      record: tenant,
      action: 'completion_policy_changed',
      reason,
      changes,
      at: tenant.locked_at,
    })
    updateTenantPolicy(tx, tenant, policy, head)
    return accept(toView(policy))
  },
})
