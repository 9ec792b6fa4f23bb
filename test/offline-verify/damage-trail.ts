/**
 * Damage to the trail, to the log and to what the record says, each with the finding that must name it.
 * The kinds of damage to signatures stand beside this file.
 */
import { entries, record, textOf, editText, editJson, editLines, editEntry, entryOf, swap } from './damage.ts'
import type { Damage } from './damage.ts'
import { makeNote, makeNoteKey, sha256 } from './log.ts'
import { folder } from './pack.ts'
import { idOf } from './world.ts'

export const ofChain: readonly Damage[] = [
  {
    name: 'a title is edited in an entry',
    files: editEntry(1, (body) => (body.changes[3].new = 'Replace nothing')),
    found: { code: 'not_in_log', seq: 1, file: entries },
  },
  {
    name: 'an entry is edited: the next one names another',
    files: editEntry(3, (body) => (body.changes[0].new = 'nothing')),
    found: { code: 'chain', seq: 4, field: 'prev' },
  },
  {
    name: 'an entry is taken out',
    files: editLines(entries, (lines) => lines.toSpliced(2, 1)),
    found: { code: 'chain', seq: 4, what: 'entry 3 is missing' },
  },
  {
    name: 'the last entry is cut off',
    files: editLines(entries, (lines) => lines.slice(0, -1)),
    found: { code: 'chain', seq: 14 },
  },
  {
    name: 'the last entry is cut off with its proof',
    files: (files) => {
      editLines(entries, (lines) => lines.slice(0, -1))(files)
      editJson(`${folder}/proofs.json`, (proofs) => proofs.leaves.pop())(files)
    },
    found: { code: 'record', field: 'status', file: record },
  },
  {
    name: 'two entries change places',
    files: editLines(entries, (lines) => swap(lines, 1, 2)),
    found: { code: 'chain', seq: 3 },
  },
  {
    name: 'an entry is put in twice',
    files: editLines(entries, (lines) => lines.toSpliced(3, 0, lines[2] ?? '')),
    found: { code: 'chain', seq: 3, what: 'entry 3 stands after entry 3' },
  },
  {
    name: 'an entry is written with other white space',
    files: editText(entries, (text) => text.replace('{"action"', '{ "action"')),
    found: { code: 'not_canonical', seq: 1 },
  },
  {
    name: 'an entry has a member twice',
    files: editText(entries, (text) => text.replace('{"action":', '{"action":"opened","action":')),
    found: { code: 'not_canonical', seq: 1 },
  },
  {
    name: 'an entry is not UTF-8',
    files: (files) => void (files.get(entries) ?? Buffer.alloc(0)).writeUInt8(0xff, 12),
    found: { code: 'not_canonical', seq: 1, what: 'the entry is not UTF-8' },
  },
  {
    name: 'an entry is nested without an end',
    files: editText(entries, (text) =>
      text.replace('"detail":null', `"detail":{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`),
    ),
    found: { code: 'not_canonical', seq: 1 },
  },
  {
    name: 'an entry is of another version of the format',
    twist: entryOf('created', (body) => (body.v = 2)),
    found: { code: 'malformed', seq: 1, field: 'v' },
  },
  {
    name: 'an entry is of another tenant',
    twist: entryOf('attached', (body) => (body.tenant = body.record.id)),
    found: { code: 'tenant', seq: 2, field: 'tenant' },
  },
  {
    name: 'an entry is of another record',
    twist: entryOf('attached', (body) => (body.record.id = body.tenant)),
    found: { code: 'chain', seq: 2, field: 'record' },
  },
  {
    name: 'versions leap',
    twist: entryOf('started', (body) => (body.version += 3)),
    found: { code: 'chain', seq: 9, field: 'version' },
  },
  {
    name: 'an entry is backdated by a day',
    twist: entryOf('started', (body) => (body.at = '2026-11-20T00:00:00Z')),
    found: { code: 'chain', seq: 9, field: 'at' },
  },
  {
    name: 'a change starts from what was not there',
    twist: entryOf('completed', (body) => (body.changes[0].old = 'assigned')),
    found: { code: 'trail', seq: 10, field: 'status' },
  },
  {
    name: 'an entry changes a field twice',
    twist: entryOf('started', (body) => body.changes.push(body.changes[0])),
    found: { code: 'trail', seq: 9, field: 'status', what: 'the entry changes a field twice' },
  },
  {
    name: 'an id of an entry is used twice',
    twist: entryOf('started', (body) => (body.id = idOf(101))),
    found: { code: 'chain', seq: 9, field: 'id' },
  },
]

export const ofLog: readonly Damage[] = [
  {
    name: 'a proof is of another leaf',
    files: editJson(`${folder}/proofs.json`, ({ leaves }) => (leaves[4].leaf_index -= 1)),
    found: { code: 'not_in_log', seq: 5 },
  },
  {
    name: 'a hash of a proof is changed',
    files: editJson(
      `${folder}/proofs.json`,
      ({ leaves }) => (leaves[0].proof[0] = sha256('x').toString('base64')),
    ),
    found: { code: 'not_in_log', seq: 1 },
  },
  {
    name: 'an entry has two proofs',
    files: editJson(`${folder}/proofs.json`, ({ leaves }) => leaves.push(leaves[0])),
    found: { code: 'malformed', file: `${folder}/proofs.json`, what: 'two proofs are for one entry' },
  },
  {
    name: 'a record stands under two numbers',
    files: (files) => {
      for (const [path, bytes] of files)
        if (path.startsWith(`${folder}/`)) files.set(path.replace('000007', '000008'), bytes)
    },
    found: { code: 'chain', seq: 1, what: `leaf 22 of the log is ${entries} entry 1 too` },
  },
  {
    name: 'a proof is lost',
    files: editJson(`${folder}/proofs.json`, ({ leaves }) => leaves.splice(6, 1)),
    found: { code: 'not_in_log', seq: 7 },
  },
  {
    name: 'the proofs are for another size',
    files: editJson(`${folder}/proofs.json`, (proofs) => (proofs.tree_size += 1)),
    found: { code: 'not_in_log', field: 'tree_size' },
  },
  {
    name: 'the root of the checkpoint is changed',
    files: editText('log/checkpoint.txt', (text) => {
      const lines = text.split('\n')
      return lines.with(2, sha256('x').toString('base64')).join('\n')
    }),
    found: { code: 'log', file: 'log/checkpoint.txt', what: 'the signature of the checkpoint is wrong' },
  },
  {
    name: 'the size of the checkpoint is changed',
    files: editText('log/checkpoint.txt', (text) => text.replace('\n36\n', '\n37\n')),
    found: { code: 'log', file: 'log/checkpoint.txt' },
  },
  {
    name: 'the checkpoint has no signature of the log',
    files: editText('log/checkpoint.txt', (text) => text.replace(/— docket.*\n/, '')),
    found: { code: 'log', what: 'the checkpoint is not signed by the key of the log' },
  },
  {
    name: 'the checkpoint is of another log',
    files: (files, { world }) => {
      const note = makeNote('docket.log/other', 36, sha256('x'), [world.logKey])
      files.set('log/checkpoint.txt', Buffer.from(note))
    },
    found: { code: 'log', field: 'origin' },
  },
  {
    name: 'the checkpoint is signed by a key that the log does not know',
    files: (files, { world }) => {
      const key = makeNoteKey(world.logKey.name, 1)
      const [origin = '', size, root = ''] = textOf(files, 'log/checkpoint.txt').split('\n')
      const note = makeNote(origin, Number(size), Buffer.from(root, 'base64'), [key])
      files.set('log/checkpoint.txt', Buffer.from(note))
      files.set('log/vkey.txt', Buffer.from(key.vkey))
      editJson('tenant.json', (tenant) => (tenant.log_vkey = key.vkey))(files)
    },
    found: { code: 'log', file: 'directory/tenant.ndjson' },
  },
  {
    name: 'the pinned key is another one',
    options: ({ world }) => ({ vkey: makeNoteKey(world.logKey.name, 1).vkey }),
    found: { code: 'log', what: 'the checkpoint is not signed by the key of the log' },
  },
  {
    name: 'tenant.json names another key of the log',
    files: editJson('tenant.json', (tenant) => (tenant.log_vkey = tenant.witnesses[0])),
    found: { code: 'log', file: 'tenant.json', field: 'log_vkey' },
  },
  {
    name: 'a cosignature is of another time',
    files: editText('log/checkpoint.txt', (text) =>
      text.replace(/(— witness\S* )(\S+)/, (_all, head: string, blob: string) => {
        const bytes = Buffer.from(blob, 'base64')
        bytes.writeUInt8(bytes.readUInt8(11) ^ 1, 11)
        return head + bytes.toString('base64')
      }),
    ),
    found: { code: 'witness', what: 'the cosignature of witness.example is wrong' },
  },
  {
    name: 'a witness that must have cosigned did not',
    options: () => ({ witnesses: [makeNoteKey('other.example', 4).vkey] }),
    found: { code: 'witness', what: 'other.example did not cosign this checkpoint' },
  },
  {
    name: 'the log does not begin with the checkpoint on file',
    options: ({ world }) => ({ checkpoint: makeNote(world.logKey.name, 20, sha256('x'), [world.logKey]) }),
    found: { code: 'history', file: 'log/consistency.json' },
  },
  {
    name: 'the checkpoint on file has the same size and another root',
    options: ({ world }) => ({ checkpoint: makeNote(world.logKey.name, 36, sha256('x'), [world.logKey]) }),
    found: { code: 'history', field: 'root' },
  },
  {
    name: 'the checkpoint on file is not of this log',
    options: ({ world }) => ({
      checkpoint: makeNote(world.logKey.name, 20, sha256('x'), [makeNoteKey(world.logKey.name, 1)]),
    }),
    found: { code: 'history', file: 'log/checkpoint.txt' },
  },
  {
    name: 'the proof of consistency is for another size',
    files: editJson('log/consistency.json', (proof) => (proof.from = 19)),
    options: ({ older }) => ({ checkpoint: older }),
    found: { code: 'history', what: 'the proof is from 19 to 36 entries, not from 20 to 36' },
  },
  {
    name: 'the proof of consistency is not there',
    files: (files) => void files.delete('log/consistency.json'),
    options: ({ older }) => ({ checkpoint: older }),
    found: { code: 'history', file: 'log/consistency.json' },
  },
]

export const ofRecord: readonly Damage[] = [
  {
    name: 'a field of the record is changed',
    files: editJson(record, (row) => (row.title = 'Replace nothing')),
    found: { code: 'record', field: 'title', file: record },
  },
  {
    name: 'a field of the record is taken out',
    files: editJson(record, (row) => delete row.executor_ids),
    found: { code: 'record', field: 'executor_ids' },
  },
  {
    name: 'a field is put into the record',
    files: editJson(record, (row) => (row.approved_by = 'Ada Admin')),
    found: { code: 'record', field: 'approved_by' },
  },
  {
    name: 'the version of the record is changed',
    files: editJson(record, (row) => (row.version = 5)),
    found: { code: 'record', field: 'version' },
  },
  {
    name: 'the time at which the record was made is changed',
    files: editJson(record, (row) => (row.created_at = '2025-01-01T00:00:00Z')),
    found: { code: 'record', field: 'created_at' },
  },
  {
    name: 'the category of the record is changed',
    files: editJson(record, (row) => (row.category = 'review')),
    found: { code: 'record', field: 'category' },
  },
  {
    name: 'the bytes of an attachment are changed',
    files: (files) => {
      const path = [...files.keys()].find((one) => one.includes('/attachments/')) ?? ''
      editText(path, (text) => text.replace('p', 'q'))(files)
    },
    found: { code: 'attachment', what: 'the bytes of protocol.txt are not those that were attached' },
  },
  {
    name: 'an attachment is exchanged with its hash',
    files: (files) => {
      const path = [...files.keys()].find((one) => one.includes('/attachments/')) ?? ''
      files.set(path, Buffer.from('another'))
      editJson(`${folder}/attachments.json`, ([one]) =>
        Object.assign(one, { sha256: sha256('another').toString('hex'), size_bytes: 7 }),
      )(files)
    },
    found: { code: 'attachment', field: 'sha256', seq: 2 },
  },
  {
    name: 'an attachment is taken out',
    files: (files) => {
      const path = [...files.keys()].find((one) => one.includes('/attachments/')) ?? ''
      files.delete(path)
      files.set(`${folder}/attachments.json`, Buffer.from('[]'))
    },
    found: { code: 'attachment', seq: 2, what: 'protocol.txt was attached, and is not in the pack' },
  },
  {
    name: 'an attachment is put in',
    files: (files) => void files.set(`${folder}/attachments/more.txt`, Buffer.from('more')),
    found: { code: 'attachment', file: `${folder}/attachments/more.txt` },
  },
  {
    name: 'the page for people is changed',
    sealed: editText(`${folder}/record.html`, () => 'approved'),
    found: { code: 'manifest', file: `${folder}/record.html` },
  },
  {
    name: 'a file is added that the manifest does not name',
    sealed: (files) => void files.set('more.txt', Buffer.from('more')),
    found: { code: 'manifest', file: 'more.txt', what: 'the manifest does not name it' },
  },
  {
    name: 'a file of the manifest is lost',
    sealed: (files) => void files.delete('README.txt'),
    found: { code: 'manifest', file: 'README.txt' },
  },
  {
    name: 'the manifest is of another tenant',
    sealed: editJson('manifest.json', ({ tenant }) => (tenant.id = '01a1fb90-0000-7000-8000-00000000ffff')),
    found: { code: 'tenant', file: 'tenant.json', field: 'id' },
  },
]
