/**
 * Damage to statements, to signatures and to what an authenticator says, each with the finding that must
 * name it. Where a statement is damaged before it is signed, the signature over it is right.
 */
import { signatures, editLines, editRow, editStatement, signed, assertion, entryOf } from './damage.ts'
import type { Damage } from './damage.ts'
import { sha256 } from './log.ts'
import type { Loose } from './world.ts'

export const ofSignature: readonly Damage[] = [
  ...[
    { field: 'work_order.id', edit: (s: Loose) => (s.work_order.id = s.tenant.id) },
    { field: 'work_order.number', edit: (s: Loose) => (s.work_order.number = 'WO-2026-000008') },
    { field: 'work_order.version', edit: (s: Loose) => (s.work_order.version = 3) },
    { field: 'work_order.title', edit: (s: Loose) => (s.work_order.title = 'Another') },
    { field: 'work_order.status', edit: (s: Loose) => (s.work_order.status = 'draft') },
    { field: 'tenant.id', edit: (s: Loose) => (s.tenant.id = s.work_order.id) },
    { field: 'tenant.name', edit: (s: Loose) => (s.tenant.name = 'Beta Bio') },
    { field: 'record_hash', edit: (s: Loose) => (s.record_hash = sha256('x').toString('hex')) },
    { field: 'audit_head', edit: (s: Loose) => (s.audit_head = sha256('x').toString('hex')) },
    { field: 'audit_seq', edit: (s: Loose) => (s.audit_seq -= 1) },
    { field: 'gate', edit: (s: Loose) => (s.gate = 'completion') },
    { field: 'round', edit: (s: Loose) => (s.round = 2) },
    { field: 'role', edit: (s: Loose) => (s.role = 'system_owner') },
    { field: 'signer.id', edit: (s: Loose) => (s.signer.id = s.tenant.id) },
    { field: 'signer.name', edit: (s: Loose) => (s.signer.name = 'Quinn') },
    { field: 'key.id', edit: (s: Loose) => (s.key.id = s.tenant.id) },
    { field: 'key.kind', edit: (s: Loose) => (s.key.kind = 'passkey') },
    { field: 'at', edit: (s: Loose) => (s.at = '2026-11-20T23:50:00Z') },
  ].map(({ field, edit }): Damage => ({
    name: `a statement with another ${field} is signed`,
    twist: signed(1, edit),
    found: { code: 'statement', field, sign: 1 },
  })),
  {
    name: 'a statement names another certificate',
    twist: signed(1, (s) => (s.key.certificate_sha256 = '0'.repeat(64))),
    found: { code: 'certificate', field: 'sha256', sign: 1 },
  },
  {
    name: 'a history that never was is signed',
    twist: {
      ...signed(1, (s) => (s.audit_head = '0'.repeat(64))),
      signedRecord: (body, which) => void (which === 1 && (body.audit_head = '0'.repeat(64))),
    },
    found: { code: 'statement', field: 'audit_head', seq: 6, sign: 1 },
  },
  {
    name: 'a record of another age is signed',
    twist: {
      signedRecord: (body, which) =>
        void (which === 1 && (body.work_order.created_at = '2025-01-01T00:00:00Z')),
    },
    found: { code: 'statement', field: 'record.created_at', sign: 1 },
  },
  {
    name: 'a statement with another meaning is signed',
    twist: signed(1, (s) => (s.meaning = 'seen')),
    found: { code: 'malformed', field: 'statement.meaning', sign: 1 },
  },
  {
    name: 'a statement says more than it should',
    twist: signed(1, (s) => (s.comment = 'not really')),
    found: { code: 'malformed', field: 'statement.comment', sign: 1 },
  },
  {
    name: 'a statement has a time zone that is none',
    twist: signed(1, (s) => (s.time_zone = 'Mars/Olympus')),
    found: { code: 'malformed', field: 'statement.time_zone', sign: 1 },
  },
  {
    name: 'a statement names another policy',
    twist: signed(1, (s) => (s.policy_version = 2)),
    found: { code: 'policy', field: 'policy_version', sign: 1 },
  },
  {
    name: 'an intent is used twice',
    twist: {
      statement: (statement, which) => {
        if (which > 1) statement.intent = '01a1fb90-0000-7000-8000-00000000abcd'
      },
    },
    found: { code: 'replay', field: 'intent', sign: 3 },
  },
  {
    name: 'a statement is edited after it was signed with a passphrase',
    files: editStatement(1, (s) => (s.nonce = sha256('x').toString('hex'))),
    found: { code: 'signature', field: 'signature', sign: 1 },
  },
  {
    name: 'a statement is edited after it was signed with a passkey',
    files: editStatement(0, (s) => (s.nonce = sha256('x').toString('hex'))),
    found: { code: 'ceremony', field: 'client_data_json.challenge', sign: 0 },
  },
  {
    name: 'a statement is not written canonically',
    files: editRow(1, (row) => (row.statement = row.statement.replace('{', '{ '))),
    found: { code: 'not_canonical', field: 'statement', sign: 1 },
  },
  {
    name: 'a bit of a signature is changed',
    files: editRow(1, (row) => {
      const bytes = Buffer.from(row.signature, 'base64')
      bytes.writeUInt8(bytes.readUInt8(5) ^ 1, 5)
      row.signature = bytes.toString('base64')
    }),
    found: { code: 'signature', field: 'signature', sign: 1 },
  },
  {
    name: 'the signatures of two people are exchanged',
    files: editLines(signatures, (lines) => {
      const rows: Loose[] = lines.map((line) => JSON.parse(line))
      const [, second, third] = rows
      ;[second.signature, third.signature] = [third.signature, second.signature]
      return rows.map((row) => JSON.stringify(row))
    }),
    found: { code: 'signature', sign: 2 },
  },
  {
    name: 'a signature is taken out',
    files: editLines(signatures, (lines) => lines.slice(1)),
    found: { code: 'trail_signature', seq: 6 },
  },
  {
    name: 'a signature is put in that the trail does not know',
    files: editRow(3, (row) => (row.id = '01a1fb90-0000-7000-8000-00000000abcd')),
    found: { code: 'trail_signature', what: 'the trail of the record does not know this signature' },
  },
  {
    name: 'a signature stands twice',
    files: editLines(signatures, (lines) => [...lines, lines[0] ?? '']),
    found: { code: 'replay', sign: 0, what: 'the signature stands twice' },
  },
  {
    name: 'a copy of a signature claims its entry too',
    files: editLines(signatures, (lines) => [...lines, lines[0] ?? '']),
    found: { code: 'trail_signature', seq: 6, what: 'two signatures are of one entry' },
  },
  {
    name: 'a signature is of another version than the record had',
    twist: { row: (row, which) => void (which === 1 && (row.wo_version = 1)) },
    found: { code: 'trail_signature', field: 'wo_version', sign: 1 },
  },
  {
    name: 'a signature is backdated',
    files: editRow(1, (row) => (row.signed_at = '2026-11-20T00:00:00Z')),
    found: { code: 'trail_signature', field: 'signed_at', sign: 1 },
  },
  {
    name: 'the entry of a signature is by somebody else',
    twist: entryOf('approval_signed', (body) => (body.actor.id = body.tenant)),
    found: { code: 'trail_signature', field: 'actor', sign: 0 },
  },
  {
    name: 'the entry of a signature names another statement',
    twist: entryOf('approval_signed', (body) => (body.detail.statement_hash = sha256('x').toString('hex'))),
    found: { code: 'trail_signature', field: 'statement_hash', sign: 0 },
  },
  {
    name: 'a record that never was is signed',
    twist: {
      signedRecord: (body, which) => void (which === 1 && (body.work_order.description = 'All is well.')),
    },
    found: { code: 'statement', field: 'record.description', sign: 1 },
  },
  {
    name: 'an older state of the record is signed',
    twist: { signedRecord: (body, which) => void (which === 2 && (body.work_order.status = 'in_progress')) },
    found: { code: 'statement', field: 'record.status', sign: 2 },
  },
  {
    name: 'attachments that never were are signed',
    twist: {
      signedRecord: (body, which) =>
        void (which === 1 && (body.attachments[0].sha256 = sha256('x').toString('hex'))),
    },
    found: { code: 'attachment', field: 'attachments', sign: 1 },
  },
  {
    name: 'a passkey signs without its user being verified',
    twist: assertion((made) => (made.flags = 0x01)),
    found: { code: 'ceremony', field: 'authenticator_data', sign: 0 },
  },
  {
    name: 'a passkey signs with nobody there',
    twist: assertion((made) => (made.flags = 0x04)),
    found: { code: 'ceremony', field: 'authenticator_data', sign: 0 },
  },
  {
    name: 'a passkey signs for another site',
    twist: assertion((made) => (made.rpId = 'evil.example')),
    found: { code: 'ceremony', field: 'authenticator_data', sign: 0 },
  },
  ...[
    { field: 'origin', value: 'https://evil.example' },
    { field: 'type', value: 'webauthn.create' },
    { field: 'challenge', value: 'AAAA' },
    { field: 'crossOrigin', value: true },
  ].map(({ field, value }): Damage => ({
    name: `a passkey is asked with another ${field}`,
    twist: assertion((made) => (made.client[field] = value)),
    found: { code: 'ceremony', field: `client_data_json.${field}`, sign: 0 },
  })),
]
