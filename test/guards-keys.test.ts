/**
 * The guards of the database on signing keys, tried by SQL as the role that serves, each with the entry that it
 * needs: what the code never does is refused all the same.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Tx } from '#platform/tx.ts'
import { lockPrincipal } from '#capabilities/principal/store.ts'
import { recordOnPerson } from '#capabilities/signing-key/use.ts'
import { openFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'
import { confirmKey, enrollPassphrase, inTenantOf } from './signers.ts'

let fixture: Fixture
const ids: { [name: string]: string } = {}
before(async () => {
  fixture = await openFixture()
  for (const name of ['Olga Owner', 'Quinn QA', 'Ada Admin', 'Pat Planner', 'Build Agent'])
    ids[name] = (await fixture.call(name, 'GET', '/v1/me')).body.id as string
})
after(() => fixture.close())

type Statement = (tx: Tx, write: ReturnType<Tx['write']>, at: string) => void

/** The statement in a transaction with an entry of this person's record; gives what refused it, or `done`. */
async function attempt(person: string, statement: Statement): Promise<string> {
  try {
    await inTenantOf(fixture, person, async (tx) => {
      const locked = await lockPrincipal(tx, person)
      assert.ok(locked !== undefined)
      recordOnPerson(tx, locked, 'tried', { detail: {} })
      statement(tx, tx.write(1), locked.locked_at)
    })
    return 'done'
  } catch (error) {
    const { code, constraint, message } = error as Error & { code?: string; constraint?: string }
    if (code === undefined) throw error
    return `${code} ${constraint ?? message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…')}`
  }
}

const insertKey =
  (owner: string, status: string, kind = 'human'): Statement =>
  (tx, write, at) =>
    write`
      insert into signing_keys (id, principal_id, principal_kind, kind, status, label, spki, wrapped_private, salt, enrolled_at,
                                certificate, proofed_by, proofed_at)
      values (${tx.newId()}, ${ids[owner]}, ${kind}, 'passphrase', ${status}, 'x', ${randomBytes(44)}, ${randomBytes(9)}, ${randomBytes(9)}, ${at},
              ${status === 'active' ? Buffer.of(1) : null}, ${status === 'active' ? ids['Ada Admin'] : null}, ${status === 'active' ? at : null})`

const confirmBy =
  (key: string, by: string): Statement =>
  (_tx, write, at) =>
    write`
      update signing_keys set status = 'active', proofed_by = ${ids[by]}, proofed_at = ${at}, certificate = ${Buffer.of(1)} where id = ${key}`

const revokeBy =
  (key: string, by: string): Statement =>
  (_tx, write, at) =>
    write`
      update signing_keys set status = 'revoked', revoked_by = ${ids[by]}, revoked_at = ${at}, revocation_reason = 'x' where id = ${key}`

test('R-KEY-11 the database refuses keys that nobody confirmed, or not the right one', async () => {
  const key = await enrollPassphrase(fixture, 'Olga Owner')
  const answers = {
    'a key that begins in force': await attempt('Olga Owner', insertKey('Olga Owner', 'active')),
    'a key of an agent': await attempt('Build Agent', insertKey('Build Agent', 'pending')),
    'a key of an agent as one': await attempt('Build Agent', insertKey('Build Agent', 'pending', 'agent')),
    'confirmed by the owner': await attempt('Olga Owner', confirmBy(key, 'Olga Owner')),
    'confirmed by a planner': await attempt('Olga Owner', confirmBy(key, 'Pat Planner')),
    'confirmed by an agent': await attempt('Olga Owner', confirmBy(key, 'Build Agent')),
    'confirmed without an entry': await attempt('Quinn QA', confirmBy(key, 'Ada Admin')),
    'in force unconfirmed': await attempt(
      'Olga Owner',
      (_tx, write) => write`update signing_keys set status = 'active' where id = ${key}`,
    ),
    exchanged: await attempt(
      'Olga Owner',
      (_tx, write) => write`update signing_keys set spki = ${randomBytes(44)} where id = ${key}`,
    ),
    'revoked by a planner': await attempt('Olga Owner', revokeBy(key, 'Pat Planner')),
    'revoked by QA': await attempt('Olga Owner', revokeBy(key, 'Quinn QA')),
    'confirmed by QA': await attempt('Olga Owner', confirmBy(key, 'Quinn QA')),
    'confirmed again': await attempt('Olga Owner', confirmBy(key, 'Ada Admin')),
    'certified again': await attempt(
      'Olga Owner',
      (_tx, write) => write`update signing_keys set certificate = ${Buffer.of(2)} where id = ${key}`,
    ),
    'revoked by an administrator': await attempt('Olga Owner', revokeBy(key, 'Ada Admin')),
    'in force again': await attempt(
      'Olga Owner',
      (_tx, write) =>
        write`update signing_keys set status = 'active', revoked_at = null, revoked_by = null, revocation_reason = null where id = ${key}`,
    ),
    deleted: await attempt('Olga Owner', (_tx, write) => write`delete from signing_keys where id = ${key}`),
  }
  assert.deepEqual(answers, {
    'a key that begins in force': 'DK009 signing key … does not begin unconfirmed',
    'a key of an agent': '23503 signing_keys_tenant_id_principal_id_principal_kind_fkey',
    'a key of an agent as one': '23514 only_humans_sign',
    'confirmed by the owner': 'DK009 signing key … is confirmed by an administrator or QA only',
    'confirmed by a planner': 'DK009 signing key … is confirmed by an administrator or QA only',
    'confirmed by an agent': 'DK009 signing key … is confirmed by an administrator or QA only',
    'confirmed without an entry': 'DK002 signing_keys of … changed without an entry',
    'in force unconfirmed': '23514 an_active_key_was_proofed_and_certified',
    exchanged: '42501 permission denied for table signing_keys',
    'revoked by a planner': 'DK009 signing key … is revoked by its owner or an administrator only',
    'revoked by QA': 'DK009 signing key … is revoked by its owner or an administrator only',
    'confirmed by QA': 'done',
    'confirmed again': 'DK009 who confirmed signing key … does not change',
    'certified again': 'DK009 signing key … is not changed, it is revoked and another one enrolled',
    'revoked by an administrator': 'done',
    'in force again': 'DK009 signing key … was revoked for good',
    deleted: '42501 permission denied for table signing_keys',
  })
})

test('R-KEY-11 the database does not let QA confirm its own key, nor who gave the password', async () => {
  const own = await enrollPassphrase(fixture, 'Quinn QA')
  const answers = [
    await attempt('Quinn QA', confirmBy(own, 'Quinn QA')),
    (
      await fixture.call('Ada Admin', 'POST', '/v1/principals/Quinn%20QA/password', {
        password: fixture.passwordOf('Quinn QA'),
      })
    ).status,
    await attempt('Quinn QA', confirmBy(own, 'Ada Admin')),
  ]
  assert.deepEqual(answers, [
    '23514 a_second_person_proofs_the_identity',
    200,
    'DK009 who gave … a password does not confirm signing key …',
  ])
})

const wrongAttempts =
  (count: number): Statement =>
  (tx, write, at) =>
    Array.from(
      { length: count },
      () =>
        write`insert into signing_attempts (id, principal_id, what, at) values (${tx.newId()}, ${ids['Pat Planner']}, 'password', ${at})`,
    )
const lock: Statement = (_tx, write, at) =>
  write`insert into signing_locks (principal_id, locked_at) values (${ids['Pat Planner']}, ${at})`
const unlockBy =
  (by: string): Statement =>
  (_tx, write, at) =>
    write`update signing_locks set unlocked_at = ${at}, unlocked_by = ${ids[by]} where principal_id = ${ids['Pat Planner']} and unlocked_at is null`
const attempted = (statement: Statement): Promise<string> => attempt('Pat Planner', statement)

test('R-KEY-11 the database keeps the lock after five wrong attempts, and who takes it off', async () => {
  const answers = {
    'four wrong attempts': await attempted(wrongAttempts(4)),
    'a fifth without a lock': await attempted(wrongAttempts(1)),
    'a fifth with a lock': await attempted((...args) => (wrongAttempts(1)(...args), lock(...args))),
    'a second lock': await attempted(lock),
    'a key while locked': await attempted(insertKey('Pat Planner', 'pending')),
    'unlocked by oneself': await attempted(unlockBy('Pat Planner')),
    'unlocked by QA': await attempted(unlockBy('Quinn QA')),
    'unlocked by nobody': await attempted(
      (_tx, write, at) =>
        write`update signing_locks set unlocked_at = ${at} where principal_id = ${ids['Pat Planner']}`,
    ),
    'lock deleted': await attempted(
      (_tx, write) => write`delete from signing_locks where principal_id = ${ids['Pat Planner']}`,
    ),
    'unlocked by an administrator': await attempted(unlockBy('Ada Admin')),
    'locked without an entry': await attempt('Quinn QA', lock),
    'attempts deleted': await attempted(
      (_tx, write) => write`delete from signing_attempts where principal_id = ${ids['Pat Planner']}`,
    ),
  }
  assert.deepEqual(answers, {
    'four wrong attempts': 'done',
    'a fifth without a lock': 'DK013 five wrong attempts of … leave no lock',
    'a fifth with a lock': 'done',
    'a second lock': '23505 one_lock_at_a_time',
    'a key while locked': 'DK013 signing of … is locked',
    'unlocked by oneself': 'DK013 signing of … is unlocked once, by an administrator',
    'unlocked by QA': 'DK013 signing of … is unlocked once, by an administrator',
    'unlocked by nobody': 'DK013 signing of … is unlocked once, by an administrator',
    'lock deleted': '42501 permission denied for table signing_locks',
    'unlocked by an administrator': 'done',
    'locked without an entry': 'DK002 signing_locks of … changed without an entry',
    'attempts deleted': '42501 permission denied for table signing_attempts',
  })
})

const attestation =
  (who: string): Statement =>
  (_tx, write, at) =>
    write`insert into attestations (principal_id, text_version, at) values (${ids[who]}, 1, ${at})`
const authority: Statement = (tx, write) =>
  write`insert into certificate_authorities (id, certificate, wrapped_private) values (${tx.newId()}, ${Buffer.of(1)}, ${Buffer.of(1)})`

test('R-KEY-11 the database takes attestations from people only, and authorities with their entry', async () => {
  assert.equal(await attempt('Build Agent', attestation('Build Agent')), 'DK013 only a person attests')
  assert.match(await attempt('Olga Owner', attestation('Quinn QA')), /^DK002/)
  assert.equal(await attempt('Olga Owner', attestation('Olga Owner')), 'done')
  assert.match(await attempt('Olga Owner', authority), /^DK002 certificate_authorities/)
  await confirmKey(fixture, 'Ada Admin', await enrollPassphrase(fixture, 'Olga Owner'))
  assert.equal(await attempt('Olga Owner', authority), '23505 one_certificate_authority_at_a_time')
})
