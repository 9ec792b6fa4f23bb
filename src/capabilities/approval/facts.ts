/** What a decision about a signature needs to know, read after everything that it rests on is locked. */
import { decideSigning, gatedEdge, missingSignatures } from '#domain/approval.ts'
import type { Authority, Round } from '#domain/approval.ts'
import type { SignatureGate } from '#domain/lifecycle.ts'
import type { Actor, GrantedRole } from '#domain/principal.ts'
import { unmetBesideSignatures } from '#domain/transition.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Tx } from '#platform/tx.ts'
import { listDelegationsTo } from '../delegation/find.ts'
import { loadHolds } from '../finding/violation.ts'
import { loadPrincipal } from '../principal/store.ts'
import { hasAttested, isLocked, listActiveKeys } from '../signing-key/use.ts'
import type { SigningKey } from '../signing-key/use.ts'
import { openRound, loadRound } from '../work-order/round.ts'
import type { LockedWorkOrder } from '../work-order/find.ts'

export type Asked = {
  readonly gate: SignatureGate['name']
  readonly role: GrantedRole
  readonly signing_key?: string | undefined
}

export type Signing = {
  readonly workOrder: LockedWorkOrder
  readonly round: Round | undefined
  readonly key: (SigningKey & { readonly certificate: Buffer }) | undefined
  readonly decision: Decision<Authority>
  /** True when this signature is the last one that the round needs. */
  readonly isLast: boolean
}

/** The work order is locked by the caller; `now` is the time that the signature would have. */
export async function weighSigning(
  tx: Tx,
  caller: Actor,
  locked: LockedWorkOrder,
  asked: Asked,
  now: string,
): Promise<Signing> {
  const [standing, actor, delegations, keys, attested, isShut, integrityHolds] = await Promise.all([
    loadRound(tx, locked),
    loadSigner(tx, caller),
    listDelegationsTo(tx, caller.id),
    listActiveKeys(tx, caller.id),
    hasAttested(tx, caller.id),
    isLocked(tx, caller.id),
    loadHolds(tx, locked),
  ])
  // A work order that came to its gate before there were rounds gets its round when somebody wants to sign.
  const opened = standing === undefined ? await openRound(tx, locked) : { workOrder: locked, round: standing }
  const { workOrder, round } = opened
  const key = keys.find(({ id, certificate }) => certificate !== null && (asked.signing_key ?? id) === id)
  const edge = gatedEdge(workOrder)
  const { executor_sponsor_ids: executorSponsorIds } = workOrder
  const edgeFacts = { workOrder, actor, executorSponsorIds, round, integrityHolds, now }
  const decision = decideSigning({
    workOrder,
    actor,
    round,
    gate: asked.gate,
    role: asked.role,
    delegations,
    executorSponsorIds,
    hasAttested: attested,
    isLocked: isShut,
    hasKey: key !== undefined,
    edgeUnmet: edge === undefined ? [] : unmetBesideSignatures(edgeFacts, edge),
    now,
  })
  const missing = round === undefined ? [] : missingSignatures(round, workOrder.version)
  const isLast = missing.reduce((sum, { count }) => sum + count, 0) === 1
  return { workOrder, round, key: key as Signing['key'], decision, isLast }
}

/** With the roles that the person has now: what a session remembers of them may be two seconds old. */
async function loadSigner(tx: Tx, caller: Actor): Promise<Actor> {
  const now = await loadPrincipal(tx, caller.id)
  const isIn = now !== undefined && now.disabled_at === null
  return caller.kind === 'human' ? { ...caller, grants: isIn ? now.grants : [] } : caller
}
