/**
 * Asking to sign, turning the work back, and reading who has signed. An intent fixes the statement: what will be
 * signed, by whom, with which key, for two minutes and for one use.
 */
import { randomBytes } from 'node:crypto'
import { findAuthority, turnBackEdge } from '#domain/approval.ts'
import type { Authority } from '#domain/approval.ts'
import { parseInstant, toInstant } from '#domain/instant.ts'
import { signingRoles } from '#domain/policy.ts'
import type { Actor, GrantedRole } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { sha256, toRecordBytes, toStatementBytes, toStatementText } from '#domain/statement.ts'
import type { Statement } from '#domain/statement.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { z } from 'zod'
import { listDelegationsTo } from '../delegation/find.ts'
import { assertionOptions } from '../signing-key/use.ts'
import { lockEnding } from '../completion/effect.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import type { LockedWorkOrder } from '../work-order/find.ts'
import { refuseAttempt, turnBack } from '../work-order/transition.ts'
import { workOrderRef, workOrderView } from '../work-order/schema.ts'
import { findWorkOrderId } from '../work-order/store.ts'
import { weighSigning } from './facts.ts'
import type { Signing } from './facts.ts'
import {
  approvalsView,
  intentInput,
  intentView,
  pendingInput,
  pendingPlace,
  pendingView,
  rejectionInput,
} from './schema.ts'
import {
  insertIntent,
  listAttachmentFacts,
  listPending,
  listRounds,
  listSignatures,
  loadTenantName,
} from './store.ts'
import { toSignatureView } from './view.ts'

/** Two minutes, as the domain says. */
const intentMicros = 120_000_000

export const intend = operation({
  name: 'approval.intend',
  summary: 'Ask to sign a gate: gives the statement that you would sign',
  http: ['POST', '/v1/work-orders/:id/signing-intents'],
  status: 201,
  permission: everyone,
  mutates: true,
  mcp: false,
  example: 'WO-2026-000001 --gate release --role qa --time-zone Europe/Berlin',
  input: intentInput,
  output: intentView,
  async run(tx, actor, input) {
    const meaning = input.gate === 'waiver' ? 'waived' : 'approved'
    if ((input.meaning ?? meaning) !== meaning)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'meaning', message: `a signature at the gate ${input.gate} says ${meaning}` }],
      })
    const found = await lockForChange(tx, actor, input.id)
    if (!found.ok) return found
    const at = tx.now(found.value.locked_at)
    const signing = await weighSigning(tx, actor, found.value, input, at)
    const { decision } = signing
    if (!decision.ok)
      return refuseAttempt(tx, signing.workOrder, decision.refusal, { sign: input.gate, role: input.role })
    const made = await draftIntent(tx, actor, signing, decision.value, { ...input, at })
    return accept(made)
  },
})

type Wanted = Pick<z.output<typeof intentInput>, 'gate' | 'role' | 'time_zone'> & { readonly at: string }

async function draftIntent(
  tx: Tx,
  actor: Actor,
  { workOrder, round, key }: Signing,
  authority: Authority,
  { gate, role, time_zone, at }: Wanted,
): Promise<z.output<typeof intentView>> {
  if (round === undefined || key === undefined) throw new Error('allowed without a round or a key')
  const id = tx.newId()
  const record = await readRecord(tx, workOrder, {
    head: workOrder.entry_head.toString('hex'),
    seq: workOrder.entry_seq,
  })
  const { number, version, title, lifecycle, status } = workOrder
  const statement: Statement = {
    v: 1,
    type: 'docket-signature-statement',
    tenant: { id: tx.tenantId, name: await loadTenantName(tx) },
    work_order: { id: workOrder.id, number, version, title, lifecycle, status },
    record_hash: sha256(record).toString('hex'),
    audit_head: workOrder.entry_head.toString('hex'),
    audit_seq: workOrder.entry_seq,
    gate,
    round: round.number,
    role,
    meaning: gate === 'waiver' ? 'waived' : 'approved',
    ...(round.reason === undefined || round.reason === null ? {} : { reason: round.reason }),
    signer: { id: actor.id, name: actor.name },
    authority,
    policy_version: round.policy_version,
    key: { id: key.id, kind: key.kind, certificate_sha256: sha256(key.certificate).toString('hex') },
    intent: id,
    nonce: randomBytes(32).toString('hex'),
    at,
    time_zone,
  }
  const bytes = toStatementBytes(statement)
  const expiresAt = toInstant(parseInstant(at) + intentMicros)
  insertIntent(tx, {
    id,
    work_order_id: workOrder.id,
    round_id: round.id,
    principal_id: actor.id,
    key_id: key.id,
    gate,
    role,
    statement: bytes,
    record,
    created_at: at,
    expires_at: expiresAt,
  })
  return {
    id,
    expires_at: expiresAt,
    text: toStatementText(statement),
    statement: bytes.toString('utf8'),
    statement_hash: sha256(bytes).toString('hex'),
    key: { id: key.id, kind: key.kind, label: key.label },
    options: key.kind === 'passkey' ? await assertionOptions(key, sha256(bytes), tx.relyingParty) : null,
  }
}

/** The record as it stands, in the bytes whose hash is signed. */
export const readRecord = async (
  tx: Tx,
  workOrder: LockedWorkOrder,
  audit: { readonly head: string; readonly seq: number },
): Promise<Buffer> => toRecordBytes(workOrder, await listAttachmentFacts(tx, workOrder.id), audit)

export const reject = operation({
  name: 'approval.reject',
  summary: 'Turn the work back as an approver of its gate, with the reason',
  http: ['POST', '/v1/work-orders/:id/rejections'],
  permission: everyone,
  mutates: true,
  mcp: false,
  example: 'WO-2026-000001 --reason "the test evidence is missing"',
  input: rejectionInput,
  output: workOrderView,
  async run(tx, actor, input) {
    const id = await findWorkOrderId(tx, input.id)
    // What is rejected may be done again, and then others of its tree wait for that.
    const ending = id === undefined ? undefined : await lockEnding(tx, id, 'rejected')
    const found = await lockForChange(tx, actor, id ?? input.id)
    if (!found.ok) return found
    const workOrder = found.value
    const edge = turnBackEdge(workOrder)
    if (edge === undefined)
      return refuse({ code: 'gate_not_open', gate: 'approval', current: workOrder.status })
    const { reason, review_notes = reason } = input
    const said = edge.given?.includes('review_notes') ? { reason, review_notes } : { reason }
    const delegated = await listDelegatedRoles(tx, actor, workOrder)
    return turnBack(tx, actor, workOrder, { to: edge.to, ...said }, delegated, ending)
  },
})

/** The roles in which the actor may sign this work order for somebody else. */
async function listDelegatedRoles(tx: Tx, actor: Actor, workOrder: LockedWorkOrder): Promise<GrantedRole[]> {
  const delegations = await listDelegationsTo(tx, actor.id)
  const now = tx.now(workOrder.locked_at)
  return signingRoles.filter(
    (role) => findAuthority({ workOrder, actor, role, delegations, now })?.kind === 'delegation',
  )
}

export const approvals = operation({
  name: 'approval.get',
  summary: 'Read the rounds of a work order: who must sign, who has signed, and for which version',
  http: ['GET', '/v1/work-orders/:id/approvals'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef }),
  output: approvalsView,
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const { id, number, version, status } = found.value
    const [rounds, rows] = await Promise.all([listRounds(tx, id), listSignatures(tx, id)])
    const data = rounds.map(({ id: roundId, number: count, requirements, ...round }) => {
      const signatures = rows.filter((row) => row.round_id === roundId)
      const moment = { version, signatures }
      const views = signatures.map((row) =>
        toSignatureView(row, { ...round, id: roundId, number: count, requirements }, moment),
      )
      const counts = round.status === 'open' ? version : Math.max(0, ...views.map((view) => view.version))
      return {
        ...round,
        round: count,
        requirements: requirements.map((one) => ({
          ...one,
          who: [...one.who],
          signed: views.filter((view) => view.role === one.role && view.version === counts).length,
        })),
        signatures: views,
      }
    })
    return accept({ work_order: { id, number, version, status }, data })
  },
})

export const pending = operation({
  name: 'approval.pending',
  summary: 'List what waits for your signature, the most urgent first',
  http: ['GET', '/v1/approvals'],
  permission: everyone,
  mutates: false,
  example: '',
  input: pendingInput,
  output: pendingView,
  async run(tx, actor, input): Promise<Decision<z.output<typeof pendingView>>> {
    const after = input.cursor === undefined ? undefined : parseCursor(pendingPlace, input.cursor)
    if (input.cursor !== undefined && after === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
      })
    const delegations = await listDelegationsTo(tx, actor.id)
    const own = actor.grants.map(({ role }) => role)
    const lent = delegations.flatMap(({ roles }) => roles)
    const all = await listPending(tx, actor.id, [...new Set([...own, ...lent])], after, input.limit + 1)
    const rows = all.slice(0, input.limit)
    const now = tx.now()
    const data = []
    for (const row of rows) {
      const found = await findWorkOrder(tx, actor, row.work_order_id)
      if (!found.ok) continue
      const authority = findAuthority({ workOrder: found.value, actor, role: row.role, delegations, now })
      if (authority === undefined) continue
      const { asset_id: _, round_id: __, ...said } = row
      data.push({ ...said, for: authority.kind === 'delegation' ? authority.delegator.name : null })
    }
    const last = all.length > rows.length ? rows.at(-1) : undefined
    return accept({ data, next_cursor: last === undefined ? null : toCursor(pendingPlace.parse(last)) })
  },
})
