/** What a decision about a signature needs to know, read after everything that it rests on is locked. */
import { decideSigning, gatedEdge, missingSignatures } from '#domain/approval.ts'
import type { Authority, Round } from '#domain/approval.ts'
import type { GateName } from '#domain/lifecycle.ts'
import type { Actor, GrantedRole } from '#domain/principal.ts'
import { unmetBesideSignatures } from '#domain/transition.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Tx } from '#platform/tx.ts'
import { listDelegationsTo } from '../delegation/find.ts'
import { loadHolds } from '../finding/violation.ts'
import { loadPrincipal } from '../principal/store.ts'
import { hasAttested, isLocked, listActiveKeys } from '../signing-key/use.ts'
import type { SigningKey } from '../signing-key/use.ts'
import { loadGateFacts } from '../completion/gate.ts'
import { openRound, loadRound, loadWaiver } from '../work-order/round.ts'
import type { LockedWorkOrder } from '../work-order/find.ts'

export type Asked = {
  readonly gate: GateName
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
  const isWaiver = asked.gate === 'waiver'
  const gated = isWaiver ? undefined : gatedEdge(locked)
  const [standing, actor, delegations, keys, attested, isShut, integrityHolds, gates] = await Promise.all([
    isWaiver ? loadWaiver(tx, locked.id) : loadRound(tx, locked),
    loadSigner(tx, caller),
    listDelegationsTo(tx, caller.id),
    listActiveKeys(tx, caller.id),
    hasAttested(tx, caller.id),
    isLocked(tx, caller.id),
    loadHolds(tx, locked),
    gated === undefined ? {} : loadGateFacts(tx, caller, locked, gated.to),
  ])
  // A work order that came to its gate before there were rounds gets its round when somebody wants to sign.
  const opened =
    standing === undefined && !isWaiver ? await openRound(tx, locked) : { workOrder: locked, round: standing }
  const { workOrder, round } = opened
  const key = keys.find(({ id, certificate }) => certificate !== null && (asked.signing_key ?? id) === id)
  const { executor_sponsor_ids: executorSponsorIds } = workOrder
  const edgeFacts = { workOrder, actor, executorSponsorIds, round, integrityHolds, ...gates, now }
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
    edgeUnmet: gated === undefined ? [] : unmetBesideSignatures(edgeFacts, gated),
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
