/** The approval policy: read it, set the next version, see whom it asks. Only an administrator sets it, with a reason. */
import { z } from 'zod'
import { changesBetween, toCanonical } from '#domain/entry.ts'
import { lifecycleNames } from '#domain/lifecycles.ts'
import { findGate, findPolicyProblems, findWeakenings, requirementsFor } from '#domain/policy.ts'
import type { EscalationTarget, PolicyBody } from '#domain/policy.ts'
import { grantedRoles } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { administrators, operation, staff } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { listPrincipals, loadPrincipal } from '../principal/store.ts'
import { lockTenant, updateTenantHead } from '../tenant/store.ts'
import { line, text } from '../work-order/schema.ts'
import { loadCurrentPolicy } from './current.ts'
import { policyBody, policyView } from './schema.ts'
import type { PolicyView } from './schema.ts'
import { insertPolicy, listPolicies, loadLastPolicy } from './store.ts'
import type { PolicyRow } from './store.ts'

type Shown = Pick<PolicyRow, 'version' | 'body'> & Pick<PolicyView, 'created_at' | 'created_by'>

const toView = ({ version, body, created_at, created_by }: Shown): PolicyView => ({
  version,
  body: structuredClone(body) as PolicyView['body'],
  created_at,
  created_by,
})

export const get = operation({
  name: 'policy.get',
  summary: 'Read the approval policy that stands now',
  http: ['GET', '/v1/approval-policy'],
  permission: staff,
  mutates: false,
  example: '',
  input: z.strictObject({}),
  output: policyView,
  async run(tx) {
    const row = await loadLastPolicy(tx)
    if (row !== undefined) return accept(toView(row))
    const { version, body } = await loadCurrentPolicy(tx)
    return accept(toView({ version, body, created_at: null, created_by: null }))
  },
})

export const history = operation({
  name: 'policy.history',
  summary: 'Every version of the approval policy, newest first',
  http: ['GET', '/v1/approval-policy/versions'],
  permission: staff,
  mutates: false,
  example: '--limit 5',
  input: z.strictObject({ cursor: text(1000).optional(), limit: z.int().min(1).max(200).default(50) }),
  output: z.object({ data: z.array(policyView), next_cursor: z.string().nullable() }),
  async run(tx, _actor, input) {
    const before =
      input.cursor === undefined
        ? { version: 2 ** 31 - 1 }
        : parseCursor(z.strictObject({ version: z.int() }), input.cursor)
    if (before === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
      })
    const rows = await listPolicies(tx, before.version, input.limit + 1)
    const shown = rows.slice(0, input.limit)
    const last = rows.length > input.limit ? shown.at(-1) : undefined
    return accept({
      data: shown.map(toView),
      next_cursor: last === undefined ? null : toCursor({ version: last.version }),
    })
  },
})

export const set = operation({
  name: 'policy.set',
  summary: 'Set the next version of the approval policy; rounds that are open keep theirs',
  http: ['POST', '/v1/approval-policy'],
  permission: administrators,
  mutates: true,
  mcp: false,
  example: `--reason "as agreed" --body '{"calendar":{"time_zone":"Europe/Berlin","weekdays":[1,2,3,4,5],"start":"09:00","end":"17:00"},"rules":[]}'`,
  input: z.strictObject({ body: policyBody, reason: line(2000) }),
  output: policyView,
  async run(tx, actor, input) {
    const tenant = await lockTenant(tx)
    const current = await loadCurrentPolicy(tx)
    if (tx.call.ifVersion !== undefined && tx.call.ifVersion !== current.version)
      return refuse({ code: 'stale_version', expected: tx.call.ifVersion, actual: current.version })
    const checked = await checkBody(tx, input.body)
    if (!checked.ok) return checked
    const body = checked.value
    if (toCanonical(body) === toCanonical(current.body)) return get.run(tx, actor, {})
    const version = current.version + 1
    const at = tenant.locked_at
    const head = tx.record({
      kind: 'tenant',
      record: tenant,
      action: 'policy_changed',
      reason: input.reason,
      changes: changesBetween(
        ['approval_policy'],
        { approval_policy: current.body },
        { approval_policy: body },
      ),
      detail: { policy_version: version },
      newVersion: false,
      at,
    })
    updateTenantHead(tx, tenant, head)
    insertPolicy(tx, { version, body, at, by: actor.id })
    return accept(toView({ version, body, created_at: at, created_by: actor.name }))
  },
})

/** The body with its people by id; refused when it takes a signature away, contradicts itself or names nobody. */
async function checkBody(tx: Tx, body: PolicyBody): Promise<Decision<PolicyBody>> {
  const weakens = findWeakenings(body)
  if (weakens.length > 0) return refuse({ code: 'policy_weakens', weakens })
  const problems = findPolicyProblems(body)
  if (problems.length > 0)
    return refuse({
      code: 'invalid_input',
      errors: problems.map(({ path, message }) => ({ path: `body.${path}`, message })),
    })
  const rules: PolicyBody['rules'][number][] = []
  for (const [i, rule] of body.rules.entries()) {
    const escalation: EscalationTarget[] = []
    for (const target of rule.escalation) {
      if (target === 'manager' || 'role' in target) {
        escalation.push(target)
        continue
      }
      const person = await loadPrincipal(tx, target.principal)
      if (person === undefined || person.disabled_at !== null || person.kind !== 'human')
        return refuse({
          code: 'unknown_reference',
          field: `body.rules.${i}.escalation`,
          value: target.principal,
        })
      escalation.push({ principal: person.id })
    }
    rules.push({ ...rule, escalation })
  }
  return accept({ ...body, rules })
}

const previewed = z.object({
  policy_version: z.int(),
  ordered: z.boolean(),
  requirements: z.array(
    z.object({
      role: z.enum(grantedRoles),
      count: z.int(),
      position: z.int(),
      sla_hours: z.number().nullable(),
      who: z.array(z.string()).describe('people who hold the role now, for every asset or for one'),
    }),
  ),
})

export const preview = operation({
  name: 'policy.preview',
  summary: 'Who would have to sign a gate of such a work order',
  http: ['GET', '/v1/approval-policy/preview'],
  permission: staff,
  mutates: false,
  example: '--lifecycle change-control --regulatory true --gate release',
  input: z.strictObject({
    lifecycle: z.enum(lifecycleNames),
    work_category: line(200).optional(),
    regulatory: z.boolean().default(false),
    gate: z.enum(['release', 'completion']),
  }),
  output: previewed,
  async run(tx, _actor: Actor, input) {
    const gate = findGate(input.lifecycle, input.gate)
    if (gate === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'gate', message: `the lifecycle ${input.lifecycle} has no ${input.gate} gate` }],
      })
    const { version, body } = await loadCurrentPolicy(tx)
    const { lifecycle, regulatory } = input
    const work_category = input.work_category ?? null
    const { ordered, requirements } = requirementsFor(body, { lifecycle, work_category, regulatory, gate })
    const shown: z.output<typeof previewed>['requirements'] = []
    for (const { role, count, position, slaHours } of requirements) {
      const holders = await listPrincipals(tx, { kind: 'human', role, after: '', limit: 200 })
      const who = holders.filter((holder) => holder.disabled_at === null).map(({ name }) => name)
      shown.push({ role, count, position, sla_hours: slaHours, who })
    }
    return accept({ policy_version: version, ordered, requirements: shown })
  },
})
