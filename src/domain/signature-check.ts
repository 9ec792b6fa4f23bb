/**
 * Is a stored signature what it says? Derived again from its bytes alone: the statement, the record that it was
 * given for, the key, the certificate and the chain it stands in (21 CFR 11.70). Names every flaw by its field.
 * Ed25519: RFC 8032; passkeys: W3C Web Authentication Level 3 §7.2; certificates: RFC 5280.
 */
import { verify, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { toCanonical } from './entry.ts'
import { parseInstant } from './instant.ts'
import { sha256, statementPrefix } from './statement.ts'
import type { Statement } from './statement.ts'

export type StoredSignature = {
  readonly id: string
  readonly work_order_id: string
  readonly gate: string
  readonly round: number
  readonly policy_version: number
  readonly role: string
  readonly meaning: string
  readonly wo_version: number
  readonly signer_id: string
  readonly on_behalf_of: string | null
  readonly delegation_id: string | null
  readonly key_id: string
  readonly kind: string
  readonly statement: Buffer
  readonly record: Buffer
  readonly signature: Buffer
  readonly authenticator_data: Buffer | null
  readonly client_data_json: Buffer | null
  /** DER. */
  readonly certificate: Buffer
  readonly intent_id: string
  readonly signed_at: string
}

/** What the rest of the database says, against which the signature is held. */
export type SignatureContext = {
  readonly tenantId: string
  readonly number: string
  /** The signing key's row; undefined when there is none. */
  readonly key:
    | {
        readonly principal_id: string
        readonly kind: string
        readonly spki: Buffer
        readonly certificate: Buffer | null
        readonly proofed_at: string | null
        readonly revoked_at: string | null
      }
    | undefined
  /** DER of the tenant's certificate authorities. */
  readonly authorities: readonly Buffer[]
  readonly delegation:
    | {
        readonly delegator_id: string
        readonly delegate_id: string
        readonly roles: readonly string[]
        readonly starts_at: string
        readonly ends_at: string
        readonly revoked_at: string | null
      }
    | undefined
  /** Leaf of the work order's entry with this sequence, hex; undefined when it has none. */
  readonly leafAt: (seq: number) => string | undefined
  readonly relyingParty: { readonly id: string; readonly origins: readonly string[] } | undefined
}

export type SignatureFlaw = { readonly field: string; readonly what: string }

/** Longest time between the statement and the signature, microseconds: an intent lives two minutes. */
const mostMicros = 120_000_000

export function findSignatureFlaws(row: StoredSignature, context: SignatureContext): SignatureFlaw[] {
  const flaws: SignatureFlaw[] = []
  const expect = (holds: boolean, field: string, what: string): void => {
    if (!holds) flaws.push({ field, what })
  }
  const statement = parseCanonical(row.statement) as Statement | undefined
  const record = parseCanonical(row.record) as SignedRecord | undefined
  if (statement === undefined) return [{ field: 'statement', what: 'its statement is not canonical JSON' }]
  if (record === undefined) return [{ field: 'record', what: 'its record is not canonical JSON' }]
  checkStatement(row, statement, context, expect)
  checkRecord(row, statement, record, context, expect)
  checkAuthority(row, statement, context, expect)
  checkCertificate(row, statement, context, expect)
  expect(isSigned(row, context), 'signature', 'the signature does not verify under its certificate')
  return flaws
}

type Expect = (holds: boolean, field: string, what: string) => void
type SignedRecord = {
  readonly work_order: {
    readonly id: string
    readonly version: number
    readonly number: string
    readonly executor_ids: readonly string[]
    readonly editor_id: string | null
  }
  readonly audit_head: string
  readonly audit_seq: number
}

/** Undefined when the bytes are not exactly the canonical form of what they say. */
function parseCanonical(bytes: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return Buffer.from(toCanonical(value), 'utf8').equals(bytes) ? value : undefined
  } catch {
    return undefined
  }
}

function checkStatement(
  row: StoredSignature,
  statement: Statement,
  { tenantId, number }: SignatureContext,
  expect: Expect,
): void {
  const { signer, work_order: workOrder, key } = statement
  const same: readonly [string, unknown, unknown][] = [
    ['type', statement.type, 'docket-signature-statement'],
    ['v', statement.v, 1],
    ['tenant', statement.tenant?.id, tenantId],
    ['work_order_id', workOrder?.id, row.work_order_id],
    ['number', workOrder?.number, number],
    ['wo_version', workOrder?.version, row.wo_version],
    ['gate', statement.gate, row.gate],
    ['round', statement.round, row.round],
    ['policy_version', statement.policy_version, row.policy_version],
    ['role', statement.role, row.role],
    ['meaning', statement.meaning, row.meaning],
    ['signer_id', signer?.id, row.signer_id],
    ['key_id', key?.id, row.key_id],
    ['kind', key?.kind, row.kind],
    ['intent_id', statement.intent, row.intent_id],
    ['record', statement.record_hash, sha256(row.record).toString('hex')],
    ['certificate', key?.certificate_sha256, sha256(row.certificate).toString('hex')],
  ]
  for (const [field, said, stands] of same)
    expect(said === stands, field, `its statement says ${String(said)}, and ${String(stands)} stands`)
  expect(/^[0-9a-f]{64}$/.test(statement.nonce ?? ''), 'nonce', 'its nonce is not 32 bytes')
  const passed = toMicros(row.signed_at) - toMicros(statement.at)
  expect(
    passed >= 0 && passed <= mostMicros,
    'signed_at',
    'it was not given within two minutes of its statement',
  )
}

/** NaN for what is no instant: then no comparison with it holds. */
function toMicros(instant: unknown): number {
  try {
    return typeof instant === 'string' ? parseInstant(instant) : Number.NaN
  } catch {
    return Number.NaN
  }
}

function checkRecord(
  row: StoredSignature,
  statement: Statement,
  record: SignedRecord,
  context: SignatureContext,
  expect: Expect,
): void {
  const workOrder = record.work_order
  expect(
    workOrder?.id === row.work_order_id &&
      workOrder.version === row.wo_version &&
      workOrder.number === context.number,
    'record',
    'its record is of another work order or version',
  )
  expect(
    record.audit_head === statement.audit_head && record.audit_seq === statement.audit_seq,
    'audit_head',
    'its record and its statement name different places in the audit trail',
  )
  expect(
    context.leafAt(statement.audit_seq) === statement.audit_head,
    'audit_head',
    `entry ${statement.audit_seq} of the work order is not the one that was signed`,
  )
  const people = [row.signer_id, row.on_behalf_of].filter((id) => id !== null)
  const done = [...(workOrder?.executor_ids ?? []), workOrder?.editor_id]
  expect(
    !people.some((id) => done.includes(id)),
    'signer_id',
    'who signed had done the work or edited it last',
  )
}

function checkAuthority(
  row: StoredSignature,
  { authority }: Statement,
  { delegation }: SignatureContext,
  expect: Expect,
): void {
  if (authority?.kind === 'direct') {
    expect(
      row.delegation_id === null && row.on_behalf_of === null,
      'delegation_id',
      'it was signed in his own right, and its row says for whom',
    )
    return
  }
  const at = toMicros(row.signed_at)
  expect(
    authority?.delegation_id === row.delegation_id && authority?.delegator?.id === row.on_behalf_of,
    'delegation_id',
    'its statement and its row name different delegations',
  )
  expect(
    delegation !== undefined &&
      delegation.delegate_id === row.signer_id &&
      delegation.delegator_id === row.on_behalf_of &&
      delegation.roles.includes(row.role) &&
      toMicros(delegation.starts_at) <= at &&
      at < toMicros(delegation.ends_at) &&
      (delegation.revoked_at === null || at <= toMicros(delegation.revoked_at)),
    'delegation_id',
    'the delegation did not cover it',
  )
}

function checkCertificate(
  row: StoredSignature,
  { signer }: Statement,
  { key, authorities }: SignatureContext,
  expect: Expect,
): void {
  const certificate = parseCertificate(row.certificate)
  if (certificate === undefined) return expect(false, 'certificate', 'its certificate is not one of X.509')
  const { x509 } = certificate
  const at = toMicros(row.signed_at)
  const isKnown = key !== undefined && key.certificate !== null && key.certificate.equals(row.certificate)
  expect(isKnown, 'key_id', 'its certificate is not the one of its key')
  expect(
    key?.principal_id === row.signer_id && key.kind === row.kind,
    'key_id',
    'its key is of somebody else, or of another kind',
  )
  expect(
    key !== undefined &&
      key.proofed_at !== null &&
      toMicros(key.proofed_at) <= at &&
      (key.revoked_at === null || at <= toMicros(key.revoked_at)),
    'key_id',
    'its key was not in force when it was given',
  )
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' })
  expect(key?.spki.equals(spki) === true, 'certificate', 'its certificate is for another key')
  // Not `certificate.subject`: that text is escaped, and a name is compared as it is.
  const subject = x509.toLegacyObject().subject as { CN?: unknown; serialNumber?: unknown }
  expect(subject.CN === signer?.name, 'certificate', 'the printed name is not the one of the certificate')
  expect(subject.serialNumber === row.signer_id, 'certificate', 'its certificate was issued to somebody else')
  expect(
    x509.validFromDate.getTime() <= at / 1000 && at / 1000 <= x509.validToDate.getTime(),
    'certificate',
    'its certificate was not valid then',
  )
  expect(
    authorities.some((authority) => isIssuedBy(certificate, authority)),
    'certificate',
    'its certificate was not issued by the tenant',
  )
}

type Certificate = { readonly x509: X509Certificate; readonly publicKey: KeyObject }

/** Undefined too when its key, which is read late, cannot be read. */
function parseCertificate(der: Buffer): Certificate | undefined {
  try {
    const x509 = new X509Certificate(der)
    return { x509, publicKey: x509.publicKey }
  } catch {
    return undefined
  }
}

function isIssuedBy({ x509 }: Certificate, authority: Buffer): boolean {
  const issuer = parseCertificate(authority)
  return issuer !== undefined && x509.checkIssued(issuer.x509) && x509.verify(issuer.publicKey)
}

/** The flags of authenticator data (WebAuthn §6.1): the person was there, and was verified. */
const userPresent = 0x01
const userVerified = 0x04

function isSigned(row: StoredSignature, { relyingParty }: SignatureContext): boolean {
  const certificate = parseCertificate(row.certificate)
  if (certificate === undefined) return false
  const { publicKey } = certificate
  if (row.kind === 'passphrase') {
    const bytes = Buffer.concat([statementPrefix, row.statement])
    return (
      publicKey.asymmetricKeyType === 'ed25519' &&
      row.authenticator_data === null &&
      row.client_data_json === null &&
      isVerified(null, bytes, publicKey, row.signature)
    )
  }
  const { authenticator_data: data, client_data_json: client } = row
  if (data === null || client === null || data.length < 37) return false
  const said = parseClientData(client)
  const flags = data[32] ?? 0
  return (
    said?.type === 'webauthn.get' &&
    said.challenge === sha256(row.statement).toString('base64url') &&
    (relyingParty === undefined ||
      (relyingParty.origins.includes(String(said.origin)) &&
        data.subarray(0, 32).equals(sha256(Buffer.from(relyingParty.id, 'utf8'))))) &&
    (flags & userPresent) !== 0 &&
    (flags & userVerified) !== 0 &&
    isVerified(
      publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256',
      Buffer.concat([data, sha256(client)]),
      publicKey,
      row.signature,
    )
  )
}

function isVerified(algorithm: 'sha256' | null, bytes: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(algorithm, bytes, key, signature)
  } catch {
    return false
  }
}

function parseClientData(
  bytes: Buffer,
): { type?: unknown; challenge?: unknown; origin?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
