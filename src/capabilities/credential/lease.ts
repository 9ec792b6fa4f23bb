/**
 * Giving a secret of the plan to who does the work. The vault is asked before the record is locked, and the rules are
 * looked at again after it answered. Each use is an entry, and each failure: of where the secret is, never of what it is.
 */
import { z } from 'zod'
import { parseCredentialRef } from '#domain/credential-ref.ts'
import type { PlanCredential } from '#domain/job-plan.ts'
import { decideLease } from '#domain/lease.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { SecretAnswer } from '#platform/secret.ts'
import type { Tx } from '#platform/tx.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import type { LockedWorkOrder } from '../work-order/find.ts'
import { line, text, workOrderRef } from '../work-order/schema.ts'
import { moveHead, refuseAttempt } from '../work-order/transition.ts'

const leased = z.object({
  credential: z.string(),
  ref: z.string(),
  version: z.int().nullable().describe('of the secret, where its store counts them'),
  values: z
    .record(z.string(), z.string())
    .describe('the fields of the secret; empty where the answer to an idempotency key is repeated'),
  leased_at: z.string(),
})

/** A vault that does not answer must not keep all connections of the database waiting. */
const mostAtOnce = 4
let asking = 0

export const lease = operation({
  name: 'credential.lease',
  summary: 'Get a credential of the job plan, as the assignee and while the work is under way',
  http: ['POST', '/v1/work-orders/:id/credentials/:name/lease'],
  permission: everyone,
  mutates: true,
  // What a model reads, it may say: agents get secrets through the program that runs them.
  mcp: false,
  reachesOut: true,
  redact: (output) => ({ ...output, values: {} }),
  example: 'WO-2026-000001 install-account',
  input: z.strictObject({
    id: workOrderRef,
    name: line(100).describe('name of the credential in the job plan'),
    reason: text(2000).optional(),
  }),
  output: leased,
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const before = decideLease(found.value, actor, input.name)
    const answer = before.ok ? await readSecret(tx, before.value) : undefined
    const locked = await lockForChange(tx, actor, found.value.id)
    if (!locked.ok) return locked
    return settle(tx, actor, locked.value, input, answer)
  },
})

async function readSecret(tx: Tx, { ref }: PlanCredential): Promise<SecretAnswer | undefined> {
  const parsed = parseCredentialRef(ref)
  if (parsed === undefined)
    return { ok: false, cause: 'path_missing', says: 'the plan has no sound reference' }
  if (asking >= mostAtOnce) return undefined
  asking += 1
  try {
    return await tx.readSecret(parsed)
  } finally {
    asking -= 1
  }
}

type Asked = { readonly name: string; readonly reason?: string | undefined }

async function settle(
  tx: Tx,
  actor: Actor,
  workOrder: LockedWorkOrder,
  { name, reason }: Asked,
  answer: SecretAnswer | undefined,
): Promise<Decision<z.output<typeof leased>>> {
  const decision = decideLease(workOrder, actor, name)
  if (!decision.ok) return refuseLease(tx, workOrder, name, decision.refusal)
  const { ref } = decision.value
  const at = workOrder.locked_at
  const why = reason?.trim()
  const said = { at, ...(why ? { reason: why } : {}) }
  if (answer === undefined) return refuse({ code: 'too_many_requests', retryAfterSeconds: 5 })
  if (answer.ok) {
    const { values, version } = answer
    moveHead(tx, workOrder, {
      ...said,
      action: 'credential_leased',
      detail: { credential: name, ref, version },
    })
    return accept({ credential: name, ref, version, values, leased_at: at })
  }
  const { cause, says } = answer
  moveHead(tx, workOrder, {
    ...said,
    action: 'credential_failed',
    detail: { credential: name, ref, cause, says },
  })
  tx.keepDespiteRefusal()
  const code = passing.includes(cause) ? 'credential_unavailable' : 'credential_refused'
  return refuse({ code, credential: name, cause, says })
}

/** Causes that pass by themselves: the same request may succeed later. */
const passing: readonly string[] = ['unreachable', 'sealed', 'busy', 'broken']

const refuseLease = (
  tx: Tx,
  workOrder: LockedWorkOrder,
  credential: string,
  refusal: Refusal,
): Promise<Decision<never>> =>
  refusal.code === 'gates_unmet'
    ? refuseAttempt(tx, workOrder, refusal, { credential })
    : Promise.resolve(refuse(refusal))
