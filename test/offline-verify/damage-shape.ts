/**
 * Damage by which something is missing, or is not what it says that it is, each with the finding that must name
 * it. Together with the other kinds it reaches every finding that the verifier has.
 */
import {
  at,
  delegating,
  editJson,
  editLines,
  editRow,
  editText,
  entryOf,
  entries,
  keyFile,
  record,
  signatures,
  signed,
} from './damage.ts'
import type { Damage, Files } from './damage.ts'
import { makeNote, makeNoteKey, sha256 } from './log.ts'
import { folder } from './pack.ts'
import { idOf } from './world.ts'
import type { Loose } from './world.ts'

const without = (path: string) => (files: Files) => void files.delete(path)
const listedKey = (which: number, edit: (key: Loose) => void) =>
  editJson('keys.json', (keys) => edit(keys[which]))

export const ofMissing: readonly Damage[] = [
  {
    name: 'tenant.json is missing',
    files: without('tenant.json'),
    found: { code: 'missing', file: 'tenant.json' },
  },
  {
    name: 'the checkpoint is missing',
    files: without('log/checkpoint.txt'),
    found: { code: 'missing', file: 'log/checkpoint.txt' },
  },
  {
    name: 'the key of the log is missing',
    files: without('log/vkey.txt'),
    found: { code: 'missing', file: 'log/vkey.txt' },
  },
  { name: 'the entries are missing', files: without(entries), found: { code: 'missing', file: entries } },
  { name: 'the record is missing', files: without(record), found: { code: 'missing', file: record } },
  {
    name: 'the signatures are missing',
    files: without(signatures),
    found: { code: 'trail_signature', seq: 6 },
  },
  {
    name: 'the proofs are missing',
    files: without(`${folder}/proofs.json`),
    found: { code: 'not_in_log', seq: 1 },
  },
  {
    name: 'the directory of the tenant is missing',
    files: without('directory/tenant.ndjson'),
    found: { code: 'missing', file: 'directory/tenant.ndjson' },
  },
  {
    name: 'the directory of a signer is missing',
    files: (files, { world }) => without(`directory/${world.people.quality.id}.ndjson`)(files),
    found: { code: 'missing', record: 'principal Quinn 质量' },
  },
  {
    name: 'every record is missing',
    files: (files) =>
      [...files.keys()].filter((path) => path.startsWith('records/')).forEach((path) => files.delete(path)),
    found: { code: 'missing', file: 'records' },
  },
  {
    name: 'the file of an attachment is missing',
    files: (files) => without([...files.keys()].find((path) => path.includes('/attachments/')) ?? '')(files),
    found: { code: 'attachment', what: 'protocol.txt is not in the pack' },
  },
  {
    name: 'a file is not JSON',
    files: (files) => void files.set('keys.json', Buffer.from('x')),
    found: { code: 'malformed', file: 'keys.json' },
  },
  {
    name: 'a line is not JSON',
    files: editLines(signatures, (lines) => ['x', ...lines]),
    found: { code: 'malformed', file: signatures },
  },
  {
    name: 'a signature lacks its statement',
    files: editRow(1, (row) => delete row.statement),
    found: { code: 'malformed', file: signatures, field: 'statement' },
  },
  {
    name: 'somebody stands twice among the people',
    files: editJson('principals.json', (people) => people.push(people[0])),
    found: { code: 'malformed', file: 'principals.json' },
  },
  {
    name: 'the manifest names a file twice',
    sealed: editJson('manifest.json', ({ files }) => files.push(files[0])),
    found: { code: 'manifest', what: 'the manifest names it twice' },
  },
  {
    name: 'the pack names a witness that is none',
    files: editJson('tenant.json', (tenant) => (tenant.witnesses = ['w'])),
    found: { code: 'witness', field: 'witnesses' },
  },
  {
    name: 'the checkpoint on file is of another tenant',
    options: ({ world }) => ({ checkpoint: makeNote('docket.log/other', 20, sha256('x'), [world.logKey]) }),
    found: { code: 'history', field: 'origin' },
  },
]

export const ofPretence: readonly Damage[] = [
  {
    name: 'the file of the entries is empty',
    files: (files) => void files.set(entries, Buffer.alloc(0)),
    found: { code: 'missing', what: 'there is no entry' },
  },
  {
    name: 'the checkpoint is none',
    files: (files) => void files.set('log/checkpoint.txt', Buffer.from('hello\n')),
    found: {
      code: 'log',
      file: 'log/checkpoint.txt',
      what: 'the checkpoint has no empty line between its text and its signatures',
    },
  },
  {
    name: 'the key of the log is none',
    files: (files) => void files.set('log/vkey.txt', Buffer.from('x')),
    found: { code: 'log', what: 'the key of the log is not one' },
  },
  {
    name: 'the key of the log is of another log',
    files: (files) => void files.set('log/vkey.txt', Buffer.from(makeNoteKey('docket.log/other', 1).vkey)),
    found: { code: 'log', what: `the key is of docket.log/other, not of docket.log/${idOf(1)}` },
  },
  {
    name: 'the pack brings another key of the log than the pinned one',
    files: (files) => void files.set('log/vkey.txt', Buffer.from(makeNoteKey('docket.log/other', 1).vkey)),
    options: ({ world }) => ({ vkey: world.logKey.vkey }),
    found: { code: 'log', file: 'log/vkey.txt' },
  },
  {
    name: 'the record has the number of another',
    files: editJson(record, (row) => (row.number = 'WO-2026-000008')),
    found: {
      code: 'record',
      field: 'number',
      what: 'the record is WO-2026-000008, its folder WO-2026-000007',
    },
  },
  {
    name: 'the record has a status that is none',
    files: editJson(record, (row) => (row.status = 'done')),
    found: { code: 'record', field: 'status', what: 'change-control has no status done' },
  },
  {
    name: 'an attachment is listed that was never attached',
    files: editJson(`${folder}/attachments.json`, (list) => list.push({ ...list[0], id: idOf(9999) })),
    found: { code: 'attachment', field: idOf(9999), what: 'protocol.txt was never attached' },
  },
  {
    name: 'two attachments name one file',
    files: editJson(`${folder}/attachments.json`, (list) => list.push({ ...list[0], id: idOf(9999) })),
    found: { code: 'attachment', what: 'two attachments name this file' },
  },
  {
    name: 'the first entry follows another',
    twist: entryOf('created', (body) => (body.prev = '0'.repeat(64))),
    found: { code: 'chain', seq: 1, field: 'prev' },
  },
  {
    name: 'proofs of the directory are none',
    files: (files, { world }) =>
      editJson('directory/proofs.json', (proofs) => (proofs[world.tenant.id] = 'x'))(files),
    found: { code: 'malformed', file: 'directory/proofs.json', field: idOf(1) },
  },
  {
    name: 'the record is not written canonically',
    files: editText(record, (text) => text.replace('{', '{ ')),
    found: { code: 'not_canonical', file: record },
  },
  {
    name: 'the record is empty',
    files: (files) => void files.set(record, Buffer.from('{}')),
    found: { code: 'malformed', file: record },
  },
  {
    name: 'a signer has the role for another asset',
    twist: { cast: { quality: { roles: [`qa@${idOf(77)}`] } } },
    found: { code: 'authority', field: 'role', sign: 1 },
  },
  {
    name: 'a name of the directory changes from what it was not',
    twist: {
      before(step, { add, people }) {
        if (step !== 'release quality') return
        add('principal', people.quality.id, {
          action: 'renamed',
          by: people.admin,
          changes: { name: 'Quinn' },
        })
      },
      entry: (body) => void (body.action === 'renamed' && (body.changes[0].old = 'Quentin')),
    },
    found: { code: 'trail', field: 'name', seq: 5 },
  },
  {
    name: 'a state is signed that came after the signature',
    twist: {
      ...signed(1, (statement) => (statement.audit_seq = 9)),
      signedRecord: (body, which) => void (which === 1 && (body.audit_seq = 9)),
    },
    found: { code: 'statement', field: 'audit_seq', seq: 7, sign: 1 },
  },
  {
    name: 'a version is signed that the trail did not have',
    twist: { signedRecord: (body, which) => void (which === 1 && (body.work_order.version = 3)) },
    found: { code: 'statement', field: 'record.version', sign: 1 },
  },
  {
    name: 'a certificate is none',
    files: (files, made) => void files.set(keyFile(made, 'quality'), Buffer.from('x')),
    found: { code: 'malformed', sign: 1 },
  },
  {
    name: 'the log knows the authority only after the signature',
    twist: {
      before: (step, { add, tenant, people, authority }) => {
        if (step !== 'end') return
        const detail = { certificate_sha256: sha256(authority.der).toString('hex') }
        add('tenant', tenant.id, { action: 'ca_created', by: people.admin, detail })
      },
      entry: (body) => void (body.action === 'ca_created' && body.seq === 3 && (body.action = 'noted')),
    },
    found: {
      code: 'certificate',
      what: 'the log knows this certificate authority only after the signature',
      sign: 1,
    },
  },
  {
    name: 'what the authenticator said is missing',
    files: editRow(0, (row) => (row.authenticator_data = null)),
    found: { code: 'ceremony', field: 'authenticator_data', sign: 0 },
  },
  {
    name: 'what the authenticator said is cut short',
    files: editRow(0, (row) => (row.authenticator_data = 'AAAA')),
    found: { code: 'ceremony', field: 'authenticator_data', sign: 0 },
  },
  {
    name: 'what the authenticator said is longer than it says',
    files: editRow(0, (row) => {
      const bytes = Buffer.from(row.authenticator_data, 'base64')
      row.authenticator_data = Buffer.concat([bytes, Buffer.of(0)]).toString('base64')
    }),
    found: { code: 'ceremony', what: 'what the authenticator said is longer than it says', sign: 0 },
  },
  {
    name: 'the certificate of the authority is not that of one',
    twist: { skip: ['authority'] },
    found: { code: 'certificate', what: 'the certificate of the authority is not that of one', sign: 0 },
  },
  {
    name: 'what the browser said is not JSON',
    files: editRow(0, (row) => (row.client_data_json = 'x')),
    found: { code: 'ceremony', field: 'client_data_json', sign: 0 },
  },
  {
    name: 'a passphrase key has an authenticator',
    files: editRow(1, (row) => (row.client_data_json = '{}')),
    found: { code: 'ceremony', field: 'kind', sign: 1 },
  },
  {
    name: 'the flags of an authenticator contradict each other',
    twist: { assertion: (made) => void (made.flags = 0x15) },
    found: { code: 'ceremony', what: 'the flags of the authenticator contradict each other', sign: 0 },
  },
  {
    name: 'a bit of the signature of a passkey is changed',
    files: editRow(0, (row) => {
      const bytes = Buffer.from(row.signature, 'base64')
      bytes.writeUInt8(bytes.readUInt8(12) ^ 1, 12)
      row.signature = bytes.toString('base64')
    }),
    found: { code: 'signature', field: 'signature', sign: 0 },
  },
  {
    name: 'a record jumps over its gate',
    twist: entryOf('completed', (body) => (body.changes[0].new = 'blocked')),
    found: { code: 'gate', seq: 14, what: 'it became closed without passing its completion gate' },
  },
  {
    name: 'a signature is of another round',
    twist: entryOf('approval_requested', (body) => (body.detail.round = 2)),
    found: { code: 'policy', field: 'round', sign: 0 },
  },
  {
    name: 'a delegation is to somebody else',
    twist: delegating((row) => (row.delegate_id = idOf(15))),
    found: { code: 'authority', field: 'delegate_id', sign: 2 },
  },
  {
    name: 'a delegation is by somebody without the role',
    twist: { cast: { owner: { roles: ['operator'] } } },
    found: {
      code: 'authority',
      what: 'Olga Owner did not hold the role system_owner when this was signed',
      sign: 2,
    },
  },
  {
    name: 'a delegation is by somebody else',
    twist: delegating((row) => (row.delegator_id = idOf(15))),
    found: { code: 'authority', field: 'delegator_id', sign: 2 },
  },
  {
    name: 'a turned back round is signed all the same',
    twist: at('release owner', (_name, { add, log, people }) => {
      const id = log.find(({ kind }) => kind === 'work_order')?.id ?? ''
      add('work_order', id, {
        action: 'approval_rejected',
        by: people.quality,
        detail: { gate: 'release', round: 1 },
      })
    }),
    found: { code: 'policy', field: 'round', sign: 0 },
  },
]

export const ofListedKey: readonly Damage[] = [
  {
    name: 'a key is not among the keys',
    files: editJson('keys.json', (keys) => keys.shift()),
    found: { code: 'key', file: 'keys.json', sign: 0 },
  },
  {
    name: 'a key is listed as that of somebody else',
    files: listedKey(1, (key) => (key.principal_id = idOf(11))),
    found: { code: 'key', field: 'principal_id', sign: 1 },
  },
  {
    name: 'a key is listed as one of another kind',
    files: listedKey(1, (key) => (key.kind = 'passkey')),
    found: { code: 'key', field: 'kind', sign: 1 },
  },
  {
    name: 'a key is listed with another certificate',
    files: listedKey(1, (key) => (key.certificate_sha256 = '0'.repeat(64))),
    found: { code: 'key', field: 'certificate_sha256', sign: 1 },
  },
  {
    name: 'a key is listed as never confirmed',
    files: listedKey(1, (key) => (key.confirmed_at = null)),
    found: { code: 'key', field: 'confirmed_at', sign: 1 },
  },
  {
    name: 'a key is listed as revoked',
    files: listedKey(1, (key) => (key.status = 'revoked')),
    found: { code: 'key', field: 'revoked_at', sign: 1 },
  },
  {
    name: 'a passkey is listed without its site',
    files: listedKey(0, (key) => (key.rp_id = null)),
    found: { code: 'ceremony', file: 'keys.json', field: 'rp_id', sign: 0 },
  },
  {
    name: 'a passkey is listed with a page of another site',
    twist: { assertion: (made) => void (made.client['origin'] = 'https://evil.example') },
    files: listedKey(0, (key) => (key.origin = 'https://evil.example')),
    found: { code: 'ceremony', file: 'keys.json', field: 'origin', sign: 0 },
  },
  {
    name: 'a key was never enrolled',
    twist: entryOf('key_enrolled', (body) => (body.action = 'noted')),
    found: { code: 'key', what: 'the log does not know that the key was enrolled', sign: 1 },
  },
  {
    name: 'a key was never confirmed',
    twist: entryOf('key_confirmed', (body) => (body.action = 'noted')),
    found: { code: 'key', what: 'the log does not know that somebody confirmed whose key it is', sign: 1 },
  },
  {
    name: 'a key was enrolled as one of another kind',
    twist: entryOf('key_enrolled', (body) => (body.detail.kind = 'paper')),
    found: { code: 'key', field: 'kind', sign: 1 },
  },
  {
    name: 'a key was confirmed only after it signed',
    twist: {
      before: (step, { add, keys, people }) => {
        if (step !== 'end') return
        const key = keys.get(people.quality.id)
        const detail = {
          key_id: key?.id,
          certificate_sha256: sha256(key?.certificate.der ?? '').toString('hex'),
        }
        add('principal', people.quality.id, { action: 'key_confirmed', by: people.admin, detail })
      },
      entry: (body) => void (body.action === 'key_confirmed' && body.seq === 3 && (body.action = 'noted')),
    },
    found: {
      code: 'key',
      what: 'it is not shown that the key was enrolled and confirmed before it signed',
      sign: 1,
    },
  },
  {
    name: 'a signer is not among the people',
    files: editJson('principals.json', (people) => people.splice(2, 1)),
    found: { code: 'authority', file: 'principals.json', sign: 1 },
  },
  {
    name: 'a signer is listed as an agent',
    files: editJson('principals.json', (people) => (people[2].kind = 'agent')),
    found: { code: 'authority', file: 'principals.json', field: 'kind', sign: 1 },
  },
]
