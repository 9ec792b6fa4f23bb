/**
 * Enrolling a signing key: a person, for himself, with the password of the account (21 CFR 11.200(a)(1)). An API
 * key alone enrols nothing. The new key signs nothing before a second person has confirmed whose it is.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { parseInstant, toInstant } from '#domain/instant.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { operation } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { lockPrincipal } from '../principal/store.ts'
import type { LockedPrincipal } from '../principal/store.ts'
import { line } from '../work-order/schema.ts'
import { checkRegistration, registrationSchema, toRegistrationOptions } from './passkey.ts'
import { makePassphraseKey } from './passphrase.ts'
import { keyView, toKeyView } from './schema.ts'
import type { KeyView } from './schema.ts'
import { insertKey, keyKinds, listKeysOf, selectKey } from './store.ts'
import type { NewKey } from './store.ts'
import { isLocked, recordOnPerson, recordWrongAttempt, verifyPassword } from './use.ts'
import type { WrongPart } from './use.ts'

export const people: Permission = { kinds: ['human'], roles: 'any' }
const secret = z.string().min(1).max(256)
const label = line(100).describe('what the owner calls it, such as "YubiKey 5, blue"')
const ticketMicros = 5 * 60 * 1_000_000

const ticketSchema = z.strictObject({
  tenant: z.uuid(),
  principal: z.uuid(),
  /** The key that may be enrolled with it: there can be only one of that id. */
  key: z.uuid(),
  label: z.string(),
  challenge: z.string(),
  expires: z.string(),
})
const ticketPurpose = 'passkey-ticket'

export const begin = operation({
  name: 'signing_key.begin',
  summary: 'Begin to enrol a passkey: what the browser needs to make one, and a ticket for five minutes',
  http: ['POST', '/v1/signing-keys/passkey-options'],
  permission: people,
  mutates: true,
  mcp: false,
  secret: ['password'],
  example: '--label "YubiKey 5, blue"',
  input: z.strictObject({ label, password: secret }),
  output: z.object({
    options: z
      .record(z.string(), z.unknown())
      .describe('PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3)'),
    ticket: z.string(),
    expires_at: z.string(),
  }),
  async run(tx, actor, input) {
    const person = await lockSigner(tx, actor, input.password)
    if (!person.ok) return person
    const challenge = randomBytes(32)
    const expires = toInstant(parseInstant(person.value.locked_at) + ticketMicros)
    const ticket: z.output<typeof ticketSchema> = {
      tenant: tx.tenantId,
      principal: actor.id,
      key: tx.newId(),
      label: input.label,
      challenge: challenge.toString('base64url'),
      expires,
    }
    const known = (await listKeysOf(tx, actor.id)).flatMap((key) => key.credential_id ?? [])
    const options = await toRegistrationOptions(tx.relyingParty, person.value, challenge, known)
    return accept({
      options: { ...options },
      ticket: tx.wrap.wrap(ticketPurpose, Buffer.from(JSON.stringify(ticket))).toString('base64url'),
      expires_at: expires,
    })
  },
})

const enrollInput = z
  .strictObject({
    kind: z.enum(keyKinds),
    label: label.optional().describe('what the owner calls it; of a passkey, what was said at the beginning'),
    password: secret.optional().describe('passphrase: the password of the account'),
    passphrase: z
      .string()
      .min(12)
      .max(256)
      .optional()
      .describe('passphrase: opens the key for each signature; not the password'),
    ticket: z.string().max(4096).optional().describe('passkey: from signing_key.begin'),
    response: registrationSchema
      .optional()
      .describe('passkey: what the browser made (RegistrationResponseJSON)'),
  })
  .check(({ value, issues }) => {
    const needed =
      value.kind === 'passkey'
        ? (['ticket', 'response'] as const)
        : (['label', 'password', 'passphrase'] as const)
    const others = (['password', 'passphrase', 'ticket', 'response'] as const).filter(
      (name) => !(needed as readonly string[]).includes(name),
    )
    for (const name of needed)
      if (value[name] === undefined)
        issues.push({ code: 'custom', input: value, path: [name], message: `is needed for a ${value.kind}` })
    for (const name of others)
      if (value[name] !== undefined)
        issues.push({ code: 'custom', input: value, path: [name], message: `is not for a ${value.kind}` })
    if (value.passphrase !== undefined && isSameSecret(value.passphrase, value.password ?? ''))
      issues.push({ code: 'custom', input: value, path: ['passphrase'], message: 'must not be the password' })
  })
type EnrollInput = z.output<typeof enrollInput>

/** Written in other cases or forms, it is still the same secret. */
const isSameSecret = (one: string, other: string): boolean =>
  one.normalize('NFKC').trim().toLowerCase() === other.normalize('NFKC').trim().toLowerCase()

export const enroll = operation({
  name: 'signing_key.enroll',
  summary: 'Enrol a signing key for oneself; it signs once a second person has confirmed it',
  http: ['POST', '/v1/signing-keys'],
  status: 201,
  permission: people,
  mutates: true,
  mcp: false,
  secret: ['password', 'passphrase'],
  example: '--kind passphrase --label office --password --passphrase',
  input: enrollInput,
  output: keyView,
  run: (tx, actor, input) =>
    input.kind === 'passkey' ? enrollPasskey(tx, actor, input) : enrollPassphrase(tx, actor, input),
})

async function enrollPassphrase(tx: Tx, actor: Actor, input: EnrollInput): Promise<Decision<KeyView>> {
  const person = await lockSigner(tx, actor, input.password ?? '')
  if (!person.ok) return person
  const id = tx.newId()
  const made = await makePassphraseKey(tx.wrap, { tenantId: tx.tenantId, keyId: id }, input.passphrase ?? '')
  return enrollKey(tx, person.value, {
    id,
    kind: 'passphrase',
    label: input.label ?? '',
    ...made,
    credential_id: null,
    cose_key: null,
    sign_count: 0,
    transports: [],
  })
}

async function enrollPasskey(tx: Tx, actor: Actor, input: EnrollInput): Promise<Decision<KeyView>> {
  const person = await lockUnlocked(tx, actor)
  if (!person.ok) return person
  const ticket = openTicket(tx, person.value, input.ticket ?? '')
  if (ticket === undefined || (await selectKey(tx, ticket.key)) !== undefined)
    return invalid('ticket', 'is not yours, was used, or is older than five minutes: begin again')
  const challenge = Buffer.from(ticket.challenge, 'base64url')
  const made =
    input.response === undefined
      ? undefined
      : await checkRegistration(tx.relyingParty, challenge, input.response)
  if (made === undefined) return refuse(await refuseWrong(tx, actor, 'assertion'))
  const known = await listKeysOf(tx, actor.id)
  if (known.some((key) => key.credential_id?.equals(made.credential_id) === true))
    return refuse({ code: 'already_exists', what: 'passkey', name: ticket.label })
  return enrollKey(tx, person.value, {
    id: ticket.key,
    kind: 'passkey',
    label: input.label ?? ticket.label,
    ...made,
    wrapped_private: null,
    salt: null,
  })
}

function openTicket(
  tx: Tx,
  person: LockedPrincipal,
  text: string,
): z.output<typeof ticketSchema> | undefined {
  const bytes = tx.wrap.unwrap(ticketPurpose, Buffer.from(text, 'base64url'))
  if (bytes === undefined) return undefined
  const ticket = ticketSchema.parse(JSON.parse(bytes.toString('utf8')))
  const isTheirs = ticket.tenant === tx.tenantId && ticket.principal === person.id
  const isFresh = parseInstant(person.locked_at) < parseInstant(ticket.expires)
  return isTheirs && isFresh ? ticket : undefined
}

function enrollKey(
  tx: Tx,
  person: LockedPrincipal,
  made: Omit<NewKey, 'principal_id' | 'enrolled_at'>,
): Decision<KeyView> {
  const key = { ...made, principal_id: person.id, enrolled_at: person.locked_at }
  const { id, kind, label: name, spki } = key
  recordOnPerson(tx, person, 'key_enrolled', {
    detail: { key_id: id, kind, label: name, spki: spki.toString('base64') },
  })
  insertKey(tx, key)
  return accept(
    toKeyView({
      ...key,
      tenant_id: tx.tenantId,
      principal: person.name,
      status: 'pending',
      certificate: null,
      proofed_by: null,
      proofed_by_name: null,
      proofed_at: null,
      proof_note: null,
      revoked_at: null,
      revoked_by: null,
      revoked_by_name: null,
      revocation_reason: null,
    }),
  )
}

/** The caller's own record, locked, with the password checked: guesses stand in a line, so that five are five. */
async function lockSigner(tx: Tx, actor: Actor, password: string): Promise<Decision<LockedPrincipal>> {
  const person = await lockUnlocked(tx, actor)
  if (!person.ok) return person
  if (!(await verifyPassword(tx, actor.id, password))) return refuse(await refuseWrong(tx, actor, 'password'))
  return person
}

async function lockUnlocked(tx: Tx, actor: Actor): Promise<Decision<LockedPrincipal>> {
  const person = await lockPrincipal(tx, actor.id)
  if (person === undefined || person.disabled_at !== null) return refuse({ code: 'unauthenticated' })
  if (await isLocked(tx, actor.id))
    return refuse({ code: 'gates_unmet', unmet: [{ code: 'signing_locked' }] })
  return accept(person)
}

async function refuseWrong(tx: Tx, actor: Actor, what: WrongPart): Promise<Refusal> {
  return { code: 'not_signed', what, attemptsLeft: await recordWrongAttempt(tx, actor, what) }
}

const invalid = (path: string, message: string): Decision<never> =>
  refuse({ code: 'invalid_input', errors: [{ path, message }] })
