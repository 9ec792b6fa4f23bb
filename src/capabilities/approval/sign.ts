/**
 * Signing: two components (the account's password and a key of one's own), then one transaction that checks
 * everything again under the locks of both people, of the delegation and of the work order, and records the
 * signature. The last one that the gate needs opens it in the same transaction.
 */
import type { Authority } from '#domain/approval.ts'
import { gatedEdge } from '#domain/approval.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { parseStatement, sha256, toRoleText } from '#domain/statement.ts'
import type { Statement } from '#domain/statement.ts'
import { decideTransition } from '#domain/transition.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import type { z } from 'zod'
import {
  checkAssertion,
  isLocked,
  loadKey,
  recordWrongAttempt,
  signWithPassphrase,
  verifyPassword,
} from '../signing-key/use.ts'
import type { SigningKey, WrongPart } from '../signing-key/use.ts'
import { lockAround, lockEnding } from '../completion/effect.ts'
import type { Ending } from '../completion/effect.ts'
import { loadGateFacts } from '../completion/gate.ts'
import { passWaiver } from '../completion/waiver.ts'
import { lockForChange } from '../work-order/find.ts'
import type { LockedWorkOrder } from '../work-order/find.ts'
import { toView } from '../work-order/view.ts'
import { move, moveHead, refuseAttempt } from '../work-order/transition.ts'
import { weighSigning } from './facts.ts'
import type { Signing } from './facts.ts'
import { readRecord } from './operations.ts'
import { signedView, signInput } from './schema.ts'
import { insertSignature, loadIntent, tryLockSigner, updateIntentUsed, updateSignCount } from './store.ts'
import type { Intent, NewSignature } from './store.ts'
import { toSignatureView } from './view.ts'

type Input = z.output<typeof signInput>
/** What proves the signature, whichever kind the key is. */
type Proof = Pick<NewSignature, 'signature' | 'authenticator_data' | 'client_data_json'> & {
  readonly signCount: number | null
}

export const sign = operation({
  name: 'approval.sign',
  summary: 'Sign what you asked to sign: with your password and your signing key',
  http: ['POST', '/v1/signing-intents/:intent/signature'],
  status: 201,
  permission: everyone,
  mutates: true,
  mcp: false,
  secret: ['password', 'passphrase', 'assertion'],
  example: '0190b7a2-0000-7000-8000-000000000000 --passphrase',
  input: signInput,
  output: signedView,
  async run(tx, actor, input) {
    const intent = await loadIntent(tx, input.intent)
    if (intent === undefined || intent.principal_id !== actor.id)
      return refuse({ code: 'not_found', what: 'signing intent' })
    if (!(await tryLockSigner(tx, actor.id)))
      return refuse({ code: 'too_many_requests', retryAfterSeconds: 1 })
    const statement = parseStatement(intent.statement)
    // Guesses stand in a line, and a revocation is before or after a signature, never within.
    lockPeople(tx, statement)
    const key = await loadKey(tx, intent.key_id)
    const stale = await findStale(tx, intent, key)
    if (stale !== undefined || key === undefined) return refuse(stale ?? noKey)
    const proof = await prove(tx, actor, key, intent, input)
    if ('wrong' in proof) {
      const attemptsLeft = await recordWrongAttempt(tx, actor, proof.wrong)
      return refuse({ code: 'not_signed', what: proof.wrong, attemptsLeft })
    }
    return recordSignature(tx, actor, intent, statement, proof)
  },
})

const noKey: Refusal = { code: 'gates_unmet', unmet: [{ code: 'signing_key_missing' }] }

/** In one order for everybody, so that no two who sign wait for each other. */
function lockPeople(tx: Tx, { signer, authority }: Statement): void {
  const people = authority.kind === 'delegation' ? [signer.id, authority.delegator.id] : [signer.id]
  for (const id of people.toSorted()) tx.lock(id)
  if (authority.kind === 'delegation') tx.lock(authority.delegation_id)
}

async function findStale(tx: Tx, intent: Intent, key: SigningKey | undefined): Promise<Refusal | undefined> {
  // Read again: a twin of this call may have used it while this one waited.
  const now = await loadIntent(tx, intent.id)
  if (now?.used_at !== null) return { code: 'intent_used' }
  if (tx.now() > intent.expires_at) return { code: 'intent_expired' }
  if (await isLocked(tx, intent.principal_id))
    return { code: 'gates_unmet', unmet: [{ code: 'signing_locked' }] }
  return key?.status === 'active' ? undefined : noKey
}

/** Both components are looked at whatever the first one says: the answer does not tell which guess came closer in time. */
async function prove(
  tx: Tx,
  actor: Actor,
  key: SigningKey,
  intent: Intent,
  { password, passphrase, assertion }: Input,
): Promise<Proof | { readonly wrong: WrongPart }> {
  const isPassword = await verifyPassword(tx, actor.id, password)
  if (key.kind === 'passphrase') {
    const signature = await signWithPassphrase(tx.wrap, key, passphrase ?? '', intent.statement)
    if (!isPassword) return { wrong: 'password' }
    if (signature === undefined) return { wrong: 'passphrase' }
    return { signature, authenticator_data: null, client_data_json: null, signCount: null }
  }
  const checked =
    assertion === undefined
      ? undefined
      : await checkAssertion(key, sha256(intent.statement), assertion, tx.relyingParty)
  if (!isPassword) return { wrong: 'password' }
  if (checked === undefined) return { wrong: 'assertion' }
  return {
    signature: checked.signature,
    authenticator_data: checked.authenticatorData,
    client_data_json: checked.clientDataJson,
    signCount: checked.signCount,
  }
}

async function recordSignature(
  tx: Tx,
  actor: Actor,
  intent: Intent,
  statement: Statement,
  proof: Proof,
): Promise<Decision<z.output<typeof signedView>>> {
  // What the last signature does to the others of a tree is locked before the work order itself.
  const ending = await lockOthers(tx, intent)
  const found = await lockForChange(tx, actor, intent.work_order_id)
  if (!found.ok) return found
  const at = tx.now(found.value.locked_at)
  if (at > intent.expires_at) return refuse({ code: 'intent_expired' })
  const asked = { gate: intent.gate, role: intent.role, signing_key: intent.key_id }
  const signing = await weighSigning(tx, actor, found.value, asked, at)
  const { workOrder, decision } = signing
  const attempt = { sign: intent.gate, role: intent.role, intent: intent.id }
  if (!decision.ok) return refuseAttempt(tx, workOrder, decision.refusal, attempt)
  if (!(await stillHolds(tx, signing, decision.value, intent, statement)))
    return refuseAttempt(tx, workOrder, { code: 'record_moved' }, attempt)
  const { round, key } = signing
  if (round === undefined || key === undefined) throw new Error('allowed without a round or a key')
  const { authority } = statement
  const delegated = authority.kind === 'delegation' ? authority : undefined
  const row: NewSignature = {
    id: tx.newId(),
    meaning: statement.meaning,
    wo_version: workOrder.version,
    signer_id: actor.id,
    on_behalf_of: delegated?.delegator.id ?? null,
    delegation_id: delegated?.delegation_id ?? null,
    kind: key.kind,
    signature: proof.signature,
    authenticator_data: proof.authenticator_data,
    client_data_json: proof.client_data_json,
    certificate: key.certificate,
    signed_at: at,
  }
  updateIntentUsed(tx, intent.id, at)
  insertSignature(tx, intent, row)
  if (proof.signCount !== null) updateSignCount(tx, key.id, proof.signCount)
  const detail = {
    gate: intent.gate,
    round: round.number,
    role: intent.role,
    signature_id: row.id,
    statement_hash: sha256(intent.statement).toString('hex'),
    key_id: key.id,
    ...(delegated === undefined
      ? {}
      : { on_behalf_of: delegated.delegator.id, delegation_id: delegated.delegation_id }),
  }
  const signed = moveHead(tx, workOrder, { action: 'approval_signed', detail, at })
  const after = signing.isLast ? await finish(tx, actor, signed, signing, statement, ending) : signed
  const shown = {
    ...row,
    round_id: round.id,
    role: intent.role,
    signer: actor.name,
    key_id: key.id,
    statement: intent.statement,
  }
  const status = signing.isLast ? 'passed' : 'open'
  const view = toSignatureView(
    shown,
    { ...round, status, opened_at: at, closed_at: null, requirements: [] },
    { version: workOrder.version, signatures: [row] },
  )
  return accept({ signature: view, work_order: toView(after) })
}

/** Nothing that the person read has changed since: the record, its files, the round, the key, the authority. */
async function stillHolds(
  tx: Tx,
  { workOrder, round, key }: Signing,
  authority: Authority,
  intent: Intent,
  statement: Statement,
): Promise<boolean> {
  if (statement.work_order.version !== workOrder.version || round?.id !== intent.round_id) return false
  if (JSON.stringify(authority) !== JSON.stringify(toAuthority(statement.authority))) return false
  if (key === undefined || sha256(key.certificate).toString('hex') !== statement.key.certificate_sha256)
    return false
  const audit = { head: statement.audit_head, seq: statement.audit_seq }
  return (await readRecord(tx, workOrder, audit)).equals(intent.record)
}

/** In the order of members that `findAuthority` gives; canonical JSON has another. */
const toAuthority = (authority: Authority): Authority =>
  authority.kind === 'direct'
    ? { kind: 'direct' }
    : {
        kind: 'delegation',
        delegation_id: authority.delegation_id,
        delegator: { id: authority.delegator.id, name: authority.delegator.name },
      }

const lockOthers = (tx: Tx, { gate, work_order_id }: Intent): Promise<Ending | undefined> => {
  if (gate === 'waiver') return lockAround(tx, work_order_id, 'waived')
  return gate === 'completion' ? lockEnding(tx, work_order_id, 'closed') : Promise.resolve(undefined)
}

function finish(
  tx: Tx,
  actor: Actor,
  workOrder: LockedWorkOrder,
  signing: Signing,
  statement: Statement,
  ending: Ending | undefined,
): Promise<LockedWorkOrder> {
  const { round } = signing
  if (round?.gate !== 'waiver') return openGate(tx, actor, workOrder, signing, statement, ending)
  const others = round.given
    .filter(({ wo_version }) => wo_version === workOrder.version)
    .map(({ signer_id }) => signer_id)
  return passWaiver(tx, workOrder, round, [...others, actor.id], ending)
}

/** The last required signature opens the gate: the work order moves on, and the round is passed. */
async function openGate(
  tx: Tx,
  actor: Actor,
  workOrder: LockedWorkOrder,
  { round }: Signing,
  { gate, role, signer }: Statement,
  ending: Ending | undefined,
): Promise<LockedWorkOrder> {
  const edge = gatedEdge(workOrder)
  if (edge === undefined) throw new Error('the state has no gate')
  const reason = `the last signature of the ${gate} gate: ${signer.name} as ${toRoleText(role)}`
  const command = {
    to: edge.to,
    reason,
    ...(edge.given?.includes('review_notes') ? { review_notes: reason } : {}),
  }
  const facts = {
    workOrder,
    actor,
    executorSponsorIds: workOrder.executor_sponsor_ids,
    round,
    isSigned: true as const,
    ...(await loadGateFacts(tx, actor, workOrder, edge.to)),
    now: workOrder.locked_at,
  }
  const decision = decideTransition(facts, command)
  // Whatever else the edge needs was asked before the first signature.
  if (!decision.ok) throw new Error(`the signed gate stays shut: ${decision.refusal.code}`)
  return move(tx, workOrder, decision.value, round, ending)
}
