/** API keys: a principal makes its own, an administrator makes anybody's. The key itself is shown once. */
import { z } from 'zod'
import { holdsAny } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { lockPrincipal, updatePrincipal } from '../principal/store.ts'
import type { LockedPrincipal } from '../principal/store.ts'
import { line, principalRef } from '../work-order/schema.ts'

const owner = principalRef.optional().describe('the caller when left out; an administrator may name another')
const keyView = z.object({
  id: z.uuid(),
  principal: z.string(),
  name: z.string(),
  /** Null when the answer is repeated for the same idempotency key: the key is kept by nobody. */
  key: z.string().nullable(),
})

export const create = operation({
  name: 'key.create',
  summary: 'Make an API key; it is shown this once',
  http: ['POST', '/v1/keys'],
  status: 201,
  permission: everyone,
  mutates: true,
  mcp: false,
  example: '--name laptop',
  input: z.strictObject({
    principal: owner,
    name: line(100).default('key'),
    expires_in_days: z.int().min(1).max(3650).optional(),
  }),
  output: keyView,
  reachesOut: true,
  redact: (answer) => ({ ...answer, key: null }),
  async run(tx, actor, input) {
    const principal = await lockOwner(tx, actor, input.principal)
    if (!principal.ok) return principal
    return accept(await issueKey(tx, principal.value, input.name, input.expires_in_days))
  },
})

/** Also used by host commands. Queues the entry that says so on the principal's chain. */
export async function issueKey(
  tx: Tx,
  principal: LockedPrincipal,
  name: string,
  expiresInDays: number | undefined,
): Promise<z.output<typeof keyView>> {
  const { id, key } = await tx.accounts.createKey(
    { tenantId: tx.tenantId, principalId: principal.id },
    name,
    expiresInDays,
  )
  recordKey(tx, principal, 'key_issued', { key_id: id, name })
  return { id, principal: principal.name, name, key }
}

function recordKey(
  tx: Tx,
  principal: LockedPrincipal,
  action: string,
  detail: { readonly [name: string]: unknown },
): void {
  const head = tx.record({
    kind: 'principal',
    record: principal,
    action,
    changes: [],
    detail,
    newVersion: false,
    at: principal.locked_at,
  })
  updatePrincipal(tx, principal, principal.disabled_at, head)
}

/** A key of somebody else is an administrator's business; who is not there, or is out, has no keys. */
async function lockOwner(tx: Tx, actor: Actor, ref: string | undefined): Promise<Decision<LockedPrincipal>> {
  const principal = await lockPrincipal(tx, ref ?? actor.id)
  const isSelf = principal?.id === actor.id
  if (!isSelf && !(actor.kind === 'human' && holdsAny(actor, ['admin']))) {
    return refuse({ code: 'not_allowed', operation: 'key of another principal', roles: ['admin'] })
  }
  if (principal === undefined || principal.disabled_at !== null)
    return refuse({ code: 'not_found', what: 'principal' })
  return accept(principal)
}

export const list = operation({
  name: 'key.list',
  summary: 'List the API keys of a principal, without the keys themselves',
  http: ['GET', '/v1/keys'],
  permission: everyone,
  mutates: false,
  mcp: false,
  example: '',
  input: z.strictObject({ principal: owner }),
  output: z.object({
    data: z.array(
      z.object({
        id: z.uuid(),
        name: z.string().nullable(),
        start: z.string().nullable(),
        created_at: z.string(),
        expires_at: z.string().nullable(),
      }),
    ),
    next_cursor: z.null(),
  }),
  async run(tx, actor, input) {
    const principal = await lockOwner(tx, actor, input.principal)
    if (!principal.ok) return principal
    const data = await tx.accounts.listKeys({ tenantId: tx.tenantId, principalId: principal.value.id })
    return accept({ data, next_cursor: null })
  },
})

export const revoke = operation({
  name: 'key.revoke',
  summary: 'Revoke an API key: it is out everywhere within five seconds',
  http: ['DELETE', '/v1/keys/:id'],
  permission: everyone,
  mutates: true,
  mcp: false,
  reachesOut: true,
  example: '0190b7a2-0000-7000-8000-000000000000',
  input: z.strictObject({ id: z.uuid(), principal: owner }),
  output: z.object({ id: z.uuid(), revoked: z.literal(true) }),
  async run(tx, actor, input) {
    const principal = await lockOwner(tx, actor, input.principal)
    if (!principal.ok) return principal
    const revoked = await tx.accounts.revokeKey(
      { tenantId: tx.tenantId, principalId: principal.value.id },
      input.id,
    )
    if (!revoked) return refuse({ code: 'not_found', what: 'key' })
    recordKey(tx, principal.value, 'key_revoked', { key_id: input.id })
    return accept({ id: input.id, revoked: true as const })
  },
})
