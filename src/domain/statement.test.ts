/** The statement: the bytes that are signed, and the text that is read before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStatement, toRecordBytes, toStatementBytes, toStatementText, toZonedText } from './statement.ts'
import type { Statement } from './statement.ts'
import { workOrderIn } from '../../test/cast.ts'

const statement: Statement = {
  v: 1,
  type: 'docket-signature-statement',
  tenant: { id: 'tenant', name: 'Acme Bio' },
  work_order: {
    id: 'wo',
    number: 'WO-2026-000001',
    version: 7,
    title: 'Calibrate',
    lifecycle: 'change-control',
    status: 'completed',
  },
  record_hash: 'ab',
  audit_head: 'cd',
  audit_seq: 9,
  gate: 'completion',
  round: 1,
  role: 'qa',
  meaning: 'approved',
  signer: { id: 'quinn', name: 'Quinn QA' },
  authority: { kind: 'direct' },
  policy_version: 3,
  key: { id: 'key', kind: 'passphrase', certificate_sha256: 'ef' },
  intent: 'intent',
  nonce: '00',
  at: '2026-11-20T08:15:03.123456Z',
  time_zone: 'Europe/Berlin',
}

test('R-STT-1 the bytes are canonical, and the statement comes back from them', () => {
  const bytes = toStatementBytes(statement)
  assert.match(
    bytes.toString('utf8'),
    /^\{"at":"2026-11-20T08:15:03.123456Z","audit_head":"cd","audit_seq":9,/,
  )
  assert.deepEqual(parseStatement(bytes), statement)
  const shuffled = Object.fromEntries(Object.entries(statement).toReversed()) as Statement
  assert.deepEqual(toStatementBytes(shuffled), bytes)
})

test('R-STT-2 what is read names who, as what, what it means, which version, when and in which zone', () => {
  const text = toStatementText(statement)
  for (const said of [
    'I, Quinn QA, sign as Quality Assurance.',
    'approved: its completion, which closes the record',
    'WO-2026-000001, version 7 (completed)',
    '2026-11-20 09:15:03 Europe/Berlin (UTC+01:00)',
    'under approval policy 3',
    'SHA-256 ab',
    'legally binding equivalent of my handwritten signature',
  ])
    assert.ok(text.includes(said), said)
  const lent = toStatementText({
    ...statement,
    authority: { kind: 'delegation', delegation_id: 'd-1', delegator: { id: 'a', name: 'Ann' } },
  })
  assert.match(lent, /^I, Quinn QA, sign as Quality Assurance for Ann, under delegation d-1\./)
})

test('R-STT-3 each thing that the statement says changes its bytes', () => {
  const bytes = toStatementBytes(statement).toString('hex')
  for (const name of Object.keys(statement) as (keyof Statement)[]) {
    const changed = { ...statement, [name]: 'something else' } as Statement
    assert.notEqual(toStatementBytes(changed).toString('hex'), bytes, name)
  }
})

test('R-STT-4 a time is read in the zone of the signer, on both sides of a change of the clock', () => {
  assert.equal(
    toZonedText('2026-10-25T00:30:00Z', 'Europe/Berlin'),
    '2026-10-25 02:30:00 Europe/Berlin (UTC+02:00)',
  )
  assert.equal(
    toZonedText('2026-10-25T01:30:00Z', 'Europe/Berlin'),
    '2026-10-25 02:30:00 Europe/Berlin (UTC+01:00)',
  )
  assert.equal(toZonedText('2026-11-20T08:00:00Z', 'UTC'), '2026-11-20 08:00:00 UTC')
  assert.equal(
    toZonedText('2026-11-20T08:00:00Z', 'Asia/Kolkata'),
    '2026-11-20 13:30:00 Asia/Kolkata (UTC+05:30)',
  )
  assert.equal(
    toZonedText('2026-01-01T00:00:00Z', 'Europe/London'),
    '2026-01-01 00:00:00 Europe/London (UTC+00:00)',
  )
})

test('R-STT-5 the record that is signed holds every field, every file and where the trail stood', () => {
  const workOrder = workOrderIn('qms', 'pending_review', 'own')
  const audit = { head: 'ab', seq: 4 }
  const file = { id: 'b', name: 'x', media_type: 'text/plain', size_bytes: 1, sha256: '00' }
  const bytes = toRecordBytes(workOrder, [file, { ...file, id: 'a' }], audit).toString('utf8')
  const record = JSON.parse(bytes)
  assert.deepEqual(
    record.attachments.map((one: { id: string }) => one.id),
    ['a', 'b'],
  )
  assert.equal(record.work_order.version, workOrder.version)
  assert.deepEqual([record.audit_head, record.audit_seq], ['ab', 4])
  for (const changed of [{ title: 'other' }, { executor_ids: [] }, { version: 4 }])
    assert.notEqual(toRecordBytes({ ...workOrder, ...changed }, [], audit).toString('utf8'), bytes)
})
