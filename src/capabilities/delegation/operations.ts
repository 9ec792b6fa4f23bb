/**
 * Delegations: proposed, accepted by both people, ended at once by either of them or an administrator. Nobody
 * accepts for somebody else; who proposes for himself has accepted his side by that.
 */
import { z } from 'zod'
import { delegationFields, findBrokenRule, toStatus } from '#domain/delegation.ts'
import type { DelegationMarks } from '#domain/delegation.ts'
import { changesBetween } from '#domain/entry.ts'
import { toInstant } from '#domain/instant.ts'
import { holdsAny } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadPrincipal, lockPrincipal } from '../principal/store.ts'
import type { LockedPrincipal } from '../principal/store.ts'
import { line, principalRef, text } from '../work-order/schema.ts'
import { delegationView, proposeInput, toView } from './schema.ts'
import type { DelegationView, ProposeInput } from './schema.ts'
import {
  insertDelegation,
  listDelegations,
  loadDelegation,
  lockDelegation,
  updateDelegation,
} from './store.ts'
import type { DelegationFields, LockedDelegation } from './store.ts'

const people: Permission = { kinds: ['human'], roles: 'any' }

export const propose = operation({
  name: 'delegation.propose',
  summary: 'Propose that somebody signs in your roles for a while',
  http: ['POST', '/v1/delegations'],
  status: 201,
  permission: people,
  mutates: true,
  mcp: false,
  example: '--to "Pat Planner" --roles system_owner --ends-at 2026-12-01T00:00:00Z --reason "on leave"',
  input: proposeInput,
  output: delegationView,
  run: proposeDelegation,
})

async function proposeDelegation(
  tx: Tx,
  actor: Actor,
  input: ProposeInput,
): Promise<Decision<DelegationView>> {
  const from = input.from ?? actor.id
  const [found, other] = await Promise.all([loadPrincipal(tx, from), loadPrincipal(tx, input.to)])
  if (found === undefined) return refuse({ code: 'unknown_reference', field: 'from', value: from })
  if (found.id !== actor.id && !holdsAny(actor, ['admin']))
    return refuse({
      code: 'not_allowed',
      operation: 'delegation.propose for somebody else',
      roles: ['admin'],
    })
  if (other === undefined) return refuse({ code: 'unknown_reference', field: 'to', value: input.to })
  // Locked in one order: the grants that the decision rests on stand until it is recorded.
  const locked = new Map<string, LockedPrincipal>()
  for (const id of [found.id, other.id].toSorted()) {
    const row = locked.get(id) ?? (await lockPrincipal(tx, id))
    if (row !== undefined) locked.set(id, row)
  }
  const [delegator, delegate] = [locked.get(found.id), locked.get(other.id)]
  if (delegator === undefined || delegate === undefined) throw new Error('a principal is gone')
  const at = tx.now()
  const scope = {
    roles: [...new Set(input.roles)],
    lifecycles: input.lifecycles ?? null,
    work_categories: input.work_categories ?? null,
    regulatory: input.regulatory ?? null,
    starts_at: input.starts_at === undefined ? at : toUtcInstant(input.starts_at),
    ends_at: toUtcInstant(input.ends_at),
  }
  const rule = findBrokenRule({ delegator, delegate, scope, at })
  if (rule !== undefined) return refuse({ code: 'delegation_refused', rule })
  const row: DelegationFields = {
    ...scope,
    delegator_id: delegator.id,
    delegate_id: delegate.id,
    reason: input.reason,
    delegator_accepted_at: delegator.id === actor.id ? at : null,
    delegate_accepted_at: null,
    declined_at: null,
    revoked_at: null,
    revoked_by: null,
  }
  const id = tx.newId()
  const head = tx.record({
    kind: 'delegation',
    record: { id },
    action: 'proposed',
    reason: input.reason,
    changes: changesBetween(delegationFields, {}, row),
    at,
  })
  insertDelegation(tx, id, row, head)
  const names = { id, delegator: delegator.name, delegate: delegate.name }
  return accept(toView({ ...row, ...names, version: head.version, created_at: at }, at))
}

/** The instant as the database will give it back, so that the trail and the row say the same. */
const toUtcInstant = (instant: string): string => toInstant(Date.parse(instant) * 1000)

export const get = operation({
  name: 'delegation.get',
  summary: 'Read one delegation',
  http: ['GET', '/v1/delegations/:id'],
  permission: staff,
  mutates: false,
  example: '0190b7a2-0000-7000-8000-000000000000',
  input: z.strictObject({ id: line(100) }),
  output: delegationView,
  async run(tx, _actor, input) {
    const row = await loadDelegation(tx, input.id)
    return row === undefined
      ? refuse({ code: 'not_found', what: 'delegation' })
      : accept(toView(row, tx.now()))
  },
})

export const list = operation({
  name: 'delegation.list',
  summary: 'List delegations, newest first; of one person on either side when one is named',
  http: ['GET', '/v1/delegations'],
  permission: staff,
  mutates: false,
  example: '--limit 20',
  input: z.strictObject({
    principal: principalRef.optional(),
    cursor: text(1000).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({ data: z.array(delegationView), next_cursor: z.string().nullable() }),
  async run(tx, _actor, input) {
    const after =
      input.cursor === undefined
        ? { id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
        : parseCursor(z.strictObject({ id: z.guid() }), input.cursor)
    if (after === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
      })
    const person = input.principal === undefined ? null : await loadPrincipal(tx, input.principal)
    if (person === undefined)
      return refuse({ code: 'unknown_reference', field: 'principal', value: input.principal ?? '' })
    const filter = { personId: person?.id ?? null, before: after.id, limit: input.limit + 1 }
    const rows = await listDelegations(tx, filter)
    const shown = rows.slice(0, input.limit)
    const last = rows.length > input.limit ? shown.at(-1) : undefined
    const at = tx.now()
    return accept({
      data: shown.map((row) => toView(row, at)),
      next_cursor: last === undefined ? null : toCursor({ id: last.id }),
    })
  },
})

const markInput = z.strictObject({ id: line(100), reason: line(2000).optional() })
const revokeInput = z.strictObject({ id: line(100), reason: line(2000) })

export const accepting = operation({
  name: 'delegation.accept',
  summary: 'Accept a delegation, for your side of it',
  http: ['POST', '/v1/delegations/:id/acceptance'],
  permission: people,
  mutates: true,
  mcp: false,
  example: '0190b7a2-0000-7000-8000-000000000000',
  input: markInput,
  output: delegationView,
  async run(tx, actor, input) {
    const found = await lockOpen(tx, input.id)
    if (!found.ok) return found
    const before = found.value
    const at = before.locked_at
    if (actor.id !== before.delegator_id && actor.id !== before.delegate_id)
      return refuse({ code: 'not_a_party' })
    const marks =
      actor.id === before.delegator_id
        ? { delegator_accepted_at: before.delegator_accepted_at ?? at }
        : { delegate_accepted_at: before.delegate_accepted_at ?? at }
    const broken = await findBrokenNow(tx, before)
    if (broken !== undefined) return refuse({ code: 'delegation_refused', rule: broken })
    return accept(recordMarks(tx, before, 'accepted', input.reason, marks))
  },
})

export const declining = operation({
  name: 'delegation.decline',
  summary: 'Decline a delegation that was proposed to you, or for you',
  http: ['POST', '/v1/delegations/:id/refusal'],
  permission: people,
  mutates: true,
  mcp: false,
  example: '0190b7a2-0000-7000-8000-000000000000 --reason "away myself"',
  input: markInput,
  output: delegationView,
  async run(tx, actor, input) {
    const found = await lockOpen(tx, input.id)
    if (!found.ok) return found
    const before = found.value
    if (actor.id !== before.delegator_id && actor.id !== before.delegate_id)
      return refuse({ code: 'not_a_party' })
    if (toStatus(before, before.locked_at) !== 'proposed')
      return refuse({ code: 'delegation_over', current: toStatus(before, before.locked_at) })
    return accept(recordMarks(tx, before, 'declined', input.reason, { declined_at: before.locked_at }))
  },
})

export const revoking = operation({
  name: 'delegation.revoke',
  summary: 'Revoke a delegation, at once; either side may, and an administrator',
  http: ['POST', '/v1/delegations/:id/revocation'],
  permission: people,
  mutates: true,
  mcp: false,
  example: '0190b7a2-0000-7000-8000-000000000000 --reason "back early"',
  input: revokeInput,
  output: delegationView,
  async run(tx, actor, input) {
    const found = await lockOpen(tx, input.id)
    if (!found.ok) return found
    const before = found.value
    const isParty = actor.id === before.delegator_id || actor.id === before.delegate_id
    if (!isParty && !holdsAny(actor, ['admin'])) return refuse({ code: 'not_a_party' })
    const marks = { revoked_at: before.locked_at, revoked_by: actor.id }
    return accept(recordMarks(tx, before, 'revoked', input.reason, marks))
  },
})

/** One that is neither declined, revoked nor over. */
async function lockOpen(tx: Tx, id: string): Promise<Decision<LockedDelegation>> {
  const before = await lockDelegation(tx, id)
  if (before === undefined) return refuse({ code: 'not_found', what: 'delegation' })
  const current = toStatus(before, before.locked_at)
  return current === 'revoked' || current === 'declined' || current === 'ended'
    ? refuse({ code: 'delegation_over', current })
    : accept(before)
}

/** What was right when it was proposed may not be when it is accepted. */
async function findBrokenNow(tx: Tx, row: LockedDelegation) {
  const [delegator, delegate] = await Promise.all([
    loadPrincipal(tx, row.delegator_id),
    loadPrincipal(tx, row.delegate_id),
  ])
  if (delegator === undefined || delegate === undefined) throw new Error('a delegation without its people')
  // It may have begun while it waited; that it is not over was checked.
  return findBrokenRule({ delegator, delegate, scope: row, at: row.starts_at })
}

function recordMarks(
  tx: Tx,
  before: LockedDelegation,
  action: string,
  reason: string | undefined,
  marks: Partial<DelegationMarks & { revoked_by: string }>,
): DelegationView {
  const at = before.locked_at
  const after = { ...before, ...marks }
  const changes = changesBetween(delegationFields, before, marks)
  if (changes.length === 0) return toView(before, at)
  const head = tx.record({ kind: 'delegation', record: before, action, reason, changes, at })
  updateDelegation(tx, before, after, head)
  return toView({ ...after, version: head.version }, at)
}
