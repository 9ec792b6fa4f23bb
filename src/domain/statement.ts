/**
 * The statement: the exact bytes that a signature covers (21 CFR 11.50, 11.70). What the person reads is made
 * from these bytes and from nothing else, so that nobody signs what he has not seen.
 */
import { createHash } from 'node:crypto'
import type { Authority } from './approval.ts'
import { toCanonical } from './entry.ts'
import type { GateName } from './lifecycle.ts'
import type { GrantedRole } from './principal.ts'
import { recordedFields } from './work-order.ts'
import type { WorkOrder } from './work-order.ts'

export type Statement = {
  readonly v: 1
  readonly type: 'docket-signature-statement'
  readonly tenant: { readonly id: string; readonly name: string }
  readonly work_order: {
    readonly id: string
    readonly number: string
    readonly version: number
    readonly title: string
    readonly lifecycle: string
    readonly status: string
  }
  /** SHA-256 of the record's bytes, hex. */
  readonly record_hash: string
  readonly audit_head: string
  readonly audit_seq: number
  readonly gate: GateName
  readonly round: number
  readonly role: GrantedRole
  /** `waived` at the gate `waiver`, and nowhere else. */
  readonly meaning: 'approved' | 'waived'
  /** Why it is waived; a member of that statement only. */
  readonly reason?: string
  readonly signer: { readonly id: string; readonly name: string }
  readonly authority: Authority
  readonly policy_version: number
  readonly key: {
    readonly id: string
    readonly kind: 'passkey' | 'passphrase'
    /** SHA-256 of the certificate's DER, hex. */
    readonly certificate_sha256: string
  }
  readonly intent: string
  /** 32 random bytes, hex. */
  readonly nonce: string
  /** Server time, UTC in microseconds, and the IANA zone in which the signer reads it. */
  readonly at: string
  readonly time_zone: string
}

/** What stands in front of the statement where an Ed25519 key signs it: no other use of the key has these bytes. */
export const statementPrefix = Buffer.from('docket/statement/v1\n', 'utf8')

export const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

export const toStatementBytes = (statement: Statement): Buffer => Buffer.from(toCanonical(statement), 'utf8')

/** The statement of stored bytes; they were made by `toStatementBytes`. */
export const parseStatement = (bytes: Buffer): Statement => JSON.parse(bytes.toString('utf8')) as Statement

export type AttachmentFacts = {
  readonly id: string
  readonly name: string
  readonly media_type: string
  readonly size_bytes: number
  /** Hex. */
  readonly sha256: string
}

/** The record as it is signed: every recorded field, every attachment's hash, and where its audit trail stood. */
export function toRecordBytes(
  workOrder: WorkOrder,
  attachments: readonly AttachmentFacts[],
  audit: { readonly head: string; readonly seq: number },
): Buffer {
  const fields = Object.fromEntries(recordedFields.map((field) => [field, workOrder[field]]))
  const record = {
    v: 1,
    work_order: {
      ...fields,
      id: workOrder.id,
      version: workOrder.version,
      created_at: workOrder.created_at,
    },
    attachments: attachments.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    audit_head: audit.head,
    audit_seq: audit.seq,
  }
  return Buffer.from(toCanonical(record), 'utf8')
}

const roleWords: { readonly [role: string]: string } = {
  system_owner: 'System Owner',
  qa: 'Quality Assurance',
}
export const toRoleText = (role: string): string => roleWords[role] ?? role.replaceAll('_', ' ')

const gateWords = {
  release: 'its release to be carried out',
  completion: 'its completion, which closes the record',
  waiver: 'its master, and what waits for it, go on without it',
} as const

/** What the signer reads before he signs, made from the statement alone. */
export function toStatementText(statement: Statement): string {
  const { work_order: workOrder, signer, authority, key } = statement
  const own = authority.kind === 'direct'
  return [
    `I, ${signer.name}, sign as ${toRoleText(statement.role)}${own ? '' : ` for ${authority.delegator.name}, under delegation ${authority.delegation_id}`}.`,
    '',
    `Meaning:     ${statement.meaning}: ${gateWords[statement.gate]}`,
    ...(statement.reason === undefined ? [] : [`Reason:      ${statement.reason}`]),
    `Work order:  ${workOrder.number}, version ${workOrder.version} (${workOrder.status})`,
    `Title:       ${workOrder.title}`,
    `Company:     ${statement.tenant.name}`,
    `Gate:        ${statement.gate}, round ${statement.round}, under approval policy ${statement.policy_version}`,
    `Time:        ${toZonedText(statement.at, statement.time_zone)}`,
    `Key:         ${key.kind} ${key.id}`,
    `Record:      SHA-256 ${statement.record_hash}`,
    `Audit trail: entry ${statement.audit_seq}, SHA-256 ${statement.audit_head}`,
    '',
    'This electronic signature is the legally binding equivalent of my handwritten signature.',
  ].join('\n')
}

/** Such as `2026-11-21 09:15:03 Europe/Berlin (UTC+01:00)`. */
export function toZonedText(instant: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  })
  const parts = new Map(format.formatToParts(new Date(instant)).map(({ type, value }) => [type, value]))
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? ''
  const offset = part('timeZoneName').replace('GMT', 'UTC')
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')} ${timeZone}${timeZone === 'UTC' ? '' : ` (${offset === 'UTC' ? 'UTC+00:00' : offset})`}`
}
