/**
 * What signing, oversight and the log leave of a tenant, said in its own word: keys, intents, a signature, wrong
 * attempts and the lock after five, a policy, delegations, absences, findings, and a log that others have signed.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { cosignNote, formatSignature } from '#domain/checkpoint.ts'
import { withClient } from '#platform/database.ts'
import { send } from './fixture.ts'
import type { Fixture, Json, Reply } from './fixture.ts'
import { must, secretFields } from './isolation-secret.ts'
import type { Caller } from './isolation-secret.ts'

const passphrase = (secret: string): string => `four words about the ${secret}`

type People = {
  readonly admin: string
  readonly head: Caller
  readonly owner: Caller
  readonly ownerId: string
}
type Names = { readonly secret: string; readonly tenantId: string; readonly slug: string }

/** Somebody beside the head of the tenant, who signs; he is confirmed by the head, who did not give the password. */
async function register(fixture: Fixture, { secret }: Names, admin: string, head: Caller): Promise<People> {
  const name = `${secret} owner`
  const made = await must(fixture, admin, 'POST', '/v1/principals', {
    name,
    kind: 'human',
    email: `owner@${secret}.example`,
    password: `${secret}-${secret}-2`,
    roles: ['system_owner', 'operator'],
  })
  const { key } = await must(fixture, admin, 'POST', '/v1/keys', {
    principal: name,
    name: `${secret} owner key`,
  })
  await must(fixture, admin, 'POST', `/v1/principals/${made.id}/manager`, {
    manager: head.name,
    reason: `${secret} line`,
  })
  return { admin, head, owner: { name, key }, ownerId: made.id }
}

async function enrol(fixture: Fixture, { secret }: Names, { head, owner }: People): Promise<string> {
  await must(fixture, owner.key, 'POST', '/v1/me/attestation', { text_version: 1 })
  const { id } = await must(fixture, owner.key, 'POST', '/v1/signing-keys', {
    kind: 'passphrase',
    label: `${secret} office`,
    password: `${secret}-${secret}-2`,
    passphrase: passphrase(secret),
  })
  await must(fixture, head.key, 'POST', `/v1/signing-keys/${id}/confirmation`, { note: `${secret} seen` })
  return id as string
}

/** One signed by the owner and waiting for QA, with another intent that was never used; and a refused attempt on it. */
async function sign(fixture: Fixture, { secret }: Names, { head, owner }: People): Promise<Json> {
  const asHead = (path: string, body: object): Promise<Json> => must(fixture, head.key, 'POST', path, body)
  const order = await asHead('/v1/work-orders', {
    ...secretFields(secret),
    lifecycle: 'change-control',
    regulatory: true,
    assignee: head.name,
  })
  const edit = { deliverables: `${secret} report, signed`, reason: `${secret} said so` }
  await must(fixture, head.key, 'PATCH', `/v1/work-orders/${order.id}`, edit)
  const submit = { to: 'pending_approval', reason: `${secret} ready` }
  await asHead(`/v1/work-orders/${order.id}/transitions`, submit)
  const intents = `/v1/work-orders/${order.id}/signing-intents`
  const asked = { gate: 'release', role: 'system_owner' }
  const unused = await must(fixture, owner.key, 'POST', intents, asked)
  const intent = await must(fixture, owner.key, 'POST', intents, asked)
  const { signature } = await must(fixture, owner.key, 'POST', `/v1/signing-intents/${intent.id}/signature`, {
    password: `${secret}-${secret}-2`,
    passphrase: passphrase(secret),
  })
  // Who last edited it may not sign it: that is a finding.
  const refused = await send(`${fixture.url}${intents}`, head.key, 'POST', { gate: 'release', role: 'qa' })
  assert.equal(refused.status, 403, refused.text)
  const { data } = await must(fixture, head.key, 'GET', `/v1/findings?work_order=${order.id}`)
  return {
    signedId: order.id,
    signedNumber: order.number,
    intentId: unused.id,
    signatureId: signature.id,
    findingId: data[0].id,
    findingNumber: data[0].number,
  }
}

/** Five wrong attempts: the fifth locks signing for that person. */
async function lockOut(fixture: Fixture, owner: Caller): Promise<void> {
  const attempt = (): Promise<Reply> =>
    send(`${fixture.url}/v1/signing-keys/passkey-options`, owner.key, 'POST', {
      label: 'another',
      password: 'not the password',
    })
  for (let i = 0; i < 5; i += 1) assert.equal((await attempt()).status, 403)
}

async function oversee(fixture: Fixture, { secret }: Names, { admin, head, owner }: People): Promise<Json> {
  for (const n of [1, 2])
    await must(fixture, admin, 'POST', '/v1/approval-policy', {
      body: {
        calendar: { time_zone: 'UTC', weekdays: [n], start: '09:00', end: '17:00' },
        rules: [
          {
            lifecycle: 'qms',
            gate: 'completion',
            work_category: `${secret}-policy`,
            requirements: [{ role: 'admin' }],
            escalation: [{ principal: head.name }],
          },
        ],
      },
      reason: `${secret} rules`,
    })
  const away = { starts_at: '2199-07-01T00:00:00Z', ends_at: '2199-07-15T00:00:00Z', note: `${secret} leave` }
  const absence = await must(fixture, owner.key, 'POST', '/v1/absences', away)
  await must(fixture, head.key, 'POST', '/v1/absences', away)
  const offer = {
    to: head.name,
    roles: ['operator'],
    work_categories: [`${secret}-category`],
    ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    reason: `${secret} rest`,
  }
  const accepted = await must(fixture, owner.key, 'POST', '/v1/delegations', offer)
  await must(fixture, head.key, 'POST', `/v1/delegations/${accepted.id}/acceptance`, {})
  const open = await must(fixture, owner.key, 'POST', '/v1/delegations', offer)
  return { absenceId: absence.id, delegationId: open.id, acceptedId: accepted.id }
}

/** Everything but the log; what another tenant could name of it. */
export async function fillSigning(
  fixture: Fixture,
  names: Names,
  admin: string,
  head: Caller,
): Promise<{ readonly [what: string]: string }> {
  const people = await register(fixture, names, admin, head)
  const signingKeyId = await enrol(fixture, names, people)
  const signed = await sign(fixture, names, people)
  const overseen = await oversee(fixture, names, people)
  await lockOut(fixture, people.owner)
  const next = async (path: string): Promise<string> => {
    const page = await must(fixture, head.key, 'GET', path)
    assert.ok(typeof page.next_cursor === 'string', `${path} has no next page`)
    return page.next_cursor
  }
  return {
    ...signed,
    ...overseen,
    ownerId: people.ownerId,
    ownerName: people.owner.name,
    signingKeyId,
    ofFindings: await next('/v1/findings?limit=1'),
    ofDelegations: await next('/v1/delegations?limit=1'),
    ofAbsences: await next('/v1/absences?limit=1'),
    ofPolicies: await next('/v1/approval-policy/versions?limit=1'),
  }
}

/** A witness and an authority have signed the newest checkpoint. */
export async function fillOutside(fixture: Fixture, { secret, tenantId }: Names): Promise<void> {
  const witness = `${secret}.example/witness`
  const { privateKey } = generateKeyPairSync('ed25519')
  await withClient(fixture.adminUrl, async (client) => {
    const { rows } = await client.query<{ size: string; note: string }>(
      `select tree_size as size, note from checkpoints where tenant_id = $1 order by tree_size desc limit 1`,
      [tenantId],
    )
    const [newest] = rows
    assert.ok(newest !== undefined, 'no checkpoint')
    const text = newest.note.slice(0, newest.note.indexOf('\n\n') + 1)
    const line = formatSignature(cosignNote(text, witness, privateKey, 1_800_000_000))
    await client.query(
      `insert into cosignatures (tenant_id, tree_size, witness, line) values ($1, $2, $3, $4)`,
      [tenantId, newest.size, witness, line],
    )
    await client.query(
      `insert into log_timestamps (tenant_id, tree_size, token, tsa, stamped_at) values ($1, $2, $3, $4, now())`,
      [tenantId, newest.size, Buffer.from(`a token of ${secret}`), `CN=${secret} TSA`],
    )
  })
}
