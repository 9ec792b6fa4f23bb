/**
 * Signing keys after they are enrolled: confirmed by a second person, seen, revoked; the attestation before the
 * first signature; and unlocking. Revocation takes the owner's lock first, as signing does: never a signature after it.
 */
import { z } from 'zod'
import { accept, refuse } from '#domain/refusal.ts'
import type { Actor } from '#domain/principal.ts'
import {
  attestationText,
  attestationVersion,
  decideConfirm,
  decideRevoke,
  decideUnlock,
  keyReaders,
  maySeeKeysOf,
  provers,
} from '#domain/signing-key.ts'
import { holdsAny } from '#domain/principal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { administrators, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadPrincipal, lockPrincipal } from '../principal/store.ts'
import type { LockedPrincipal } from '../principal/store.ts'
import { line, principalRef, text } from '../work-order/schema.ts'
import { ensureAuthority, issueCertificate, toFingerprint } from './certificate.ts'
import { people } from './enroll.ts'
import { certifiedKeyView, keyView, toCertifiedKeyView, toKeyView } from './schema.ts'
import {
  insertAttestation,
  keyStatuses,
  listPasswordGivers,
  listShownKeys,
  selectAttestation,
  selectKey,
  selectLock,
  selectShownKey,
  updateConfirmed,
  updateRevoked,
  updateUnlocked,
} from './store.ts'
import type { KeyRow, ShownKey } from './store.ts'
import { recordOnPerson } from './use.ts'

const nowhere = '00000000-0000-0000-0000-000000000000'
const noKey = { code: 'not_found', what: 'signing key' } as const

export const list = operation({
  name: 'signing_key.list',
  summary: "List signing keys: your own, or everybody's for an administrator, QA or auditor",
  http: ['GET', '/v1/signing-keys'],
  permission: people,
  mutates: false,
  mcp: false,
  example: '--status pending',
  input: z.strictObject({
    principal: principalRef.optional().describe('whose; all that you may see when left out'),
    status: z.enum(keyStatuses).optional(),
    cursor: text(1000).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({ data: z.array(keyView), next_cursor: z.string().nullable() }),
  async run(tx, actor, input) {
    const after =
      input.cursor === undefined
        ? { id: nowhere }
        : parseCursor(z.strictObject({ id: z.uuid() }), input.cursor)
    if (after === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
      })
    const owner = input.principal === undefined ? undefined : await loadPrincipal(tx, input.principal)
    if (input.principal !== undefined && (owner === undefined || !maySeeKeysOf(actor, owner.id)))
      return owner === undefined && holdsAny(actor, keyReaders)
        ? refuse({ code: 'not_found', what: 'principal' })
        : refuse({ code: 'not_allowed', operation: 'keys of another person', roles: keyReaders })
    const rows = await listShownKeys(tx, {
      principalId: owner?.id ?? (holdsAny(actor, keyReaders) ? null : actor.id),
      status: input.status ?? null,
      after: after.id,
      limit: input.limit + 1,
    })
    const shown = rows.slice(0, input.limit)
    const last = rows.length > input.limit ? shown.at(-1) : undefined
    return accept({
      data: shown.map(toKeyView),
      next_cursor: last === undefined ? null : toCursor({ id: last.id }),
    })
  },
})

export const get = operation({
  name: 'signing_key.get',
  summary: 'Read one signing key with its certificate',
  http: ['GET', '/v1/signing-keys/:id'],
  permission: people,
  mutates: false,
  mcp: false,
  example: '0190b7a2-0000-7000-8000-000000000000',
  input: z.strictObject({ id: z.uuid() }),
  output: certifiedKeyView,
  async run(tx, actor, input) {
    const key = await selectShownKey(tx, input.id)
    if (key === undefined || !maySeeKeysOf(actor, key.principal_id)) return refuse(noKey)
    return accept(toCertifiedKeyView(key))
  },
})

export const confirm = operation({
  name: 'signing_key.confirm',
  summary: "Confirm, as a second person, that a key is its owner's: it is certified and may sign from now on",
  http: ['POST', '/v1/signing-keys/:id/confirmation'],
  permission: { kinds: ['human'], roles: provers },
  mutates: true,
  mcp: false,
  example: '0190b7a2-0000-7000-8000-000000000000 --note "passport seen"',
  input: z.strictObject({ id: z.uuid(), note: line(500).describe('how the identity was checked') }),
  output: certifiedKeyView,
  async run(tx, actor, input) {
    const locked = await lockKey(tx, input.id)
    if (locked === undefined) return refuse(noKey)
    const { key, owner } = locked
    const decision = decideConfirm(actor, {
      status: key.status,
      ownerId: owner.id,
      ownerIsDisabled: owner.disabled_at !== null,
      passwordGivers: await listPasswordGivers(tx, owner.id),
    })
    if (!decision.ok) return decision
    const authority = await ensureAuthority(tx)
    const at = owner.locked_at
    const subject = { keyId: key.id, principalId: owner.id, name: owner.name, spki: key.spki }
    const certificate = await issueCertificate(tx.wrap, tx.tenantId, authority, subject, new Date(at))
    recordOnPerson(tx, owner, 'key_confirmed', {
      reason: input.note,
      detail: { key_id: key.id, certificate_sha256: toFingerprint(certificate), by: actor.id },
    })
    updateConfirmed(tx, key.id, { by: actor.id, at, note: input.note, certificate })
    const proof = { status: 'active', certificate, proofed_by: actor.id, proofed_at: at } as const
    return accept(
      toCertifiedKeyView({
        ...(await show(tx, key)),
        ...proof,
        proofed_by_name: actor.name,
        proof_note: input.note,
      }),
    )
  },
})

export const revoke = operation({
  name: 'signing_key.revoke',
  summary:
    'Revoke a signing key, at once and for good: the owner (who reports it lost so), or an administrator',
  http: ['POST', '/v1/signing-keys/:id/revocation'],
  permission: people,
  mutates: true,
  mcp: false,
  example: '0190b7a2-0000-7000-8000-000000000000 --reason "left on a train" --lost true',
  input: z.strictObject({
    id: z.uuid(),
    reason: line(500),
    lost: z.boolean().default(false).describe("it is not, or no longer only, in its owner's hands"),
  }),
  output: keyView,
  async run(tx, actor, input) {
    const locked = await lockKey(tx, input.id)
    if (locked === undefined) return refuse(noKey)
    const { key, owner } = locked
    const decision = decideRevoke(actor, { status: key.status, ownerId: owner.id })
    if (!decision.ok) return decision
    const at = owner.locked_at
    recordOnPerson(tx, owner, 'key_revoked', {
      reason: input.reason,
      detail: { key_id: key.id, lost: input.lost, by: actor.id },
    })
    updateRevoked(tx, key.id, { by: actor.id, at, reason: input.reason })
    const revocation = { status: 'revoked', revoked_at: at, revoked_by: actor.id } as const
    return accept(
      toKeyView({
        ...(await show(tx, key)),
        ...revocation,
        revoked_by_name: actor.name,
        revocation_reason: input.reason,
      }),
    )
  },
})

/** The key with its owner's record locked: who else would change or use it waits. */
async function lockKey(
  tx: Tx,
  id: string,
): Promise<{ readonly key: KeyRow; readonly owner: LockedPrincipal } | undefined> {
  const found = await selectKey(tx, id)
  const owner = found === undefined ? undefined : await lockPrincipal(tx, found.principal_id)
  const key = owner === undefined ? undefined : await selectKey(tx, id)
  return owner === undefined || key === undefined ? undefined : { key, owner }
}

async function show(tx: Tx, key: KeyRow): Promise<ShownKey> {
  const shown = await selectShownKey(tx, key.id)
  if (shown === undefined) throw new Error('the key is gone while its owner is locked')
  return shown
}

const attestationView = z.object({
  text_version: z.int(),
  text: z.string(),
  attested_at: z.string().nullable().describe('when you attested this text; null if you have not'),
  signing_locked_at: z.string().nullable().describe('since when your signing is locked; null if it is not'),
})

async function loadAttestation(tx: Tx, actor: Actor): Promise<z.output<typeof attestationView>> {
  const [attested, lock] = await Promise.all([
    selectAttestation(tx, actor.id, attestationVersion),
    selectLock(tx, actor.id),
  ])
  return {
    text_version: attestationVersion,
    text: attestationText,
    attested_at: attested?.at ?? null,
    signing_locked_at: lock?.locked_at ?? null,
  }
}

export const attestation = operation({
  name: 'signing.attestation',
  summary: 'Read what is attested before the first signature, and whether you did',
  http: ['GET', '/v1/attestation'],
  permission: people,
  mutates: false,
  mcp: false,
  example: '',
  input: z.strictObject({}),
  output: attestationView,
  run: async (tx, actor) => accept(await loadAttestation(tx, actor)),
})

export const attest = operation({
  name: 'signing.attest',
  summary: 'Attest that you know what your electronic signature means',
  http: ['POST', '/v1/me/attestation'],
  permission: people,
  mutates: true,
  mcp: false,
  example: '--text-version 1',
  input: z.strictObject({ text_version: z.int().min(1).describe('of the text that you read') }),
  output: attestationView,
  async run(tx, actor, input) {
    if (input.text_version !== attestationVersion)
      return refuse({ code: 'stale_version', expected: input.text_version, actual: attestationVersion })
    const person = await lockPrincipal(tx, actor.id)
    if (person === undefined) return refuse({ code: 'unauthenticated' })
    const before = await loadAttestation(tx, actor)
    if (before.attested_at !== null) return accept(before)
    recordOnPerson(tx, person, 'attested', {
      detail: { text_version: attestationVersion, text: attestationText },
    })
    insertAttestation(tx, actor.id, attestationVersion, person.locked_at)
    return accept({ ...before, attested_at: person.locked_at })
  },
})

export const unlock = operation({
  name: 'signing.unlock',
  summary: 'Unlock signing for another person, after five wrong attempts',
  http: ['POST', '/v1/principals/:id/signing-unlock'],
  permission: administrators,
  mutates: true,
  mcp: false,
  example: '"Quinn QA" --reason "called back, it was a new keyboard"',
  input: z.strictObject({ id: principalRef, reason: line(500) }),
  output: z.object({ principal: z.string(), signing_locked_at: z.null() }),
  async run(tx, actor, input) {
    const person = await lockPrincipal(tx, input.id)
    if (person === undefined) return refuse({ code: 'not_found', what: 'principal' })
    const decision = decideUnlock(actor, person.id)
    if (!decision.ok) return decision
    if ((await selectLock(tx, person.id)) !== undefined) {
      recordOnPerson(tx, person, 'signing_unlocked', { reason: input.reason, detail: { by: actor.id } })
      updateUnlocked(tx, person.id, actor.id, person.locked_at)
    }
    return accept({ principal: person.name, signing_locked_at: null })
  },
})
