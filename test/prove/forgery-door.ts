/** Attacks that go through the door: each is a request that somebody could send, and none makes a signature. */
import assert from 'node:assert/strict'
import { withClient } from '#platform/database.ts'
import type { Lie } from '../authenticator.ts'
import type { Reply } from '../fixture.ts'
import { enrolPerson, enrolSigner, giveSignature } from '../signer.ts'
import type { Signer } from '../signer.ts'
import { delegateTo, intend, submit, transition } from './forgery-world.ts'
import type { SignedWorld } from './forgery-world.ts'

type Attack = (world: SignedWorld) => Promise<Reply>
type Told = { readonly [name: string]: readonly [code: string, attack: Attack] }

const release = (signer: Signer, id: string): Promise<Reply> => intend(signer, id, 'release', 'system_owner')

async function intentOf(signer: Signer, id: string): Promise<string> {
  const { status, body, text } = await release(signer, id)
  assert.equal(status, 201, text)
  return body.id as string
}

const newOwner = (world: SignedWorld, name: string): Promise<Signer> =>
  enrolSigner(world.fixture, name, ['system_owner'])

/** Quinn's authenticator lies in this way about a fresh intent. */
const lying =
  (lie: Lie): Attack =>
  async (world) => {
    const { fixture, qa } = world
    const id = await submit(fixture)
    const intent = await fixture.call(qa.name, 'POST', `/v1/work-orders/${id}/signing-intents`, {
      gate: 'release',
      role: 'qa',
    })
    assert.equal(intent.status, 201, intent.text)
    const reply = await fixture.call(qa.name, 'POST', `/v1/signing-intents/${intent.body.id}/signature`, {
      password: fixture.passwordOf(qa.name),
      assertion: qa.passkey.authenticator.get(intent.body.options, lie),
    })
    await forgetAttempts(world)
    return reply
  }

/** So that the next attack is refused for itself, and not because of the attempts before it. */
const forgetAttempts = ({ fixture }: SignedWorld): Promise<unknown> =>
  withClient(fixture.adminUrl, (client) =>
    client.query(
      'set session_replication_role = replica; delete from signing_attempts; delete from signing_locks',
    ),
  )

const guess =
  (change: (signer: Signer, world: SignedWorld) => object): Attack =>
  async (world) => {
    const { owner } = world
    const intent = await intentOf(owner, await submit(world.fixture))
    const said = { password: owner.password, passphrase: owner.passphrase, ...change(owner, world) }
    const reply = await owner.call('POST', `/v1/signing-intents/${intent}/signature`, said)
    await forgetAttempts(world)
    return reply
  }

/** Something happens between the intent and the signature. */
const meanwhile =
  (happens: (world: SignedWorld, signer: Signer, id: string) => Promise<unknown>): Attack =>
  async (world) => {
    const signer = await newOwner(world, `Mo ${Math.random()}`)
    const id = await submit(world.fixture)
    const intent = await intentOf(signer, id)
    await happens(world, signer, id)
    return giveSignature(signer, intent)
  }

const asDelegate =
  (more: object): Attack =>
  async (world) => {
    const owner = await newOwner(world, `Ole ${Math.random()}`)
    const delegate = await enrolSigner(world.fixture, `Dora ${Math.random()}`, ['operator'])
    await delegateTo(owner, delegate, more)
    return release(delegate, await submit(world.fixture))
  }

const attacks: Told = {
  "another person's intent": [
    'not_found',
    async ({ fixture, owner, delegate }) =>
      giveSignature(delegate, await intentOf(owner, await submit(fixture))),
  ],
  "another tenant's intent": [
    'not_found',
    async ({ fixture, owner }) => {
      const intent = await intentOf(owner, await submit(fixture))
      return fixture.call('夏哥', 'POST', `/v1/signing-intents/${intent}/signature`, { password: 'x' })
    },
  ],
  'a replayed intent': [
    'intent_used',
    async ({ fixture, owner }) => {
      const intent = await intentOf(owner, await submit(fixture))
      assert.equal((await giveSignature(owner, intent)).status, 201)
      return giveSignature(owner, intent)
    },
  ],
  'an expired intent': [
    'intent_expired',
    meanwhile(({ fixture }, _signer, id) =>
      withClient(fixture.adminUrl, (client) =>
        client.query(
          `set session_replication_role = replica;
           update signing_intents set created_at = created_at - interval '1 hour', expires_at = expires_at - interval '1 hour' where work_order_id = '${id}'`,
        ),
      ),
    ),
  ],
  'a wrong password': ['not_signed', guess(() => ({ password: 'not the password' }))],
  'a wrong passphrase': ['not_signed', guess(() => ({ passphrase: 'not the passphrase' }))],
  "another person's passphrase": [
    'not_signed',
    guess((_, { delegate }) => ({ passphrase: delegate.passphrase })),
  ],
  'the passphrase as the password': ['not_signed', guess(({ passphrase }) => ({ password: passphrase }))],
  'no passphrase': ['not_signed', guess(() => ({ passphrase: undefined }))],
  'a statement of his own': ['invalid_input', guess(() => ({ statement: '{}' }))],
  'a signature of his own': ['invalid_input', guess(() => ({ signature: 'AAAA' }))],
  'no user verification': ['not_signed', lying({ isVerified: false })],
  'nobody present': ['not_signed', lying({ isPresent: false })],
  'another origin': ['not_signed', lying({ origin: 'https://evil.example' })],
  'another relying party': ['not_signed', lying({ rpId: 'evil.example' })],
  'another challenge': ['not_signed', lying({ challenge: 'A'.repeat(43) })],
  'another ceremony': ['not_signed', lying({ type: 'webauthn.create' })],
  'a cloned counter': ['not_signed', lying({ counter: 1 })],
  'a tampered signature': ['not_signed', lying({ tamper: 'signature' })],
  'tampered client data': ['not_signed', lying({ tamper: 'clientDataJSON' })],
  'tampered authenticator data': ['not_signed', lying({ tamper: 'authenticatorData' })],
  "another credential's id": ['not_signed', lying({ id: 'AAAA' })],
  'an agent': [
    'human_required',
    async ({ fixture }) =>
      fixture.call('Build Agent', 'POST', `/v1/work-orders/${await submit(fixture)}/signing-intents`, {
        gate: 'release',
        role: 'qa',
      }),
  ],
  'a job': [
    'human_required',
    async ({ fixture }) =>
      fixture.call('system:scheduler', 'POST', `/v1/work-orders/${await submit(fixture)}/signing-intents`, {
        gate: 'release',
        role: 'system_owner',
      }),
  ],
  'an administrator without the role': [
    'role_required',
    async (world) => {
      const admin = await enrolSigner(world.fixture, `Addi ${Math.random()}`, ['admin'])
      return release(admin, await submit(world.fixture))
    },
  ],
  'a key that nobody confirmed': [
    'signing_key_missing',
    async ({ fixture }) => {
      const person = await enrolPerson(fixture, `Paul ${Math.random()}`, ['system_owner'])
      const { password, passphrase } = person
      const key = { kind: 'passphrase', label: 'new', password, passphrase }
      assert.equal((await person.call('POST', '/v1/signing-keys', key)).status, 201)
      return release(person, await submit(fixture))
    },
  ],
  'a key that was revoked meanwhile': [
    'signing_key_missing',
    meanwhile((_world, signer) =>
      signer.call('POST', `/v1/signing-keys/${signer.keyId}/revocation`, { reason: 'lost', lost: true }),
    ),
  ],
  'a role that was revoked meanwhile': [
    'role_required',
    meanwhile(({ fixture }, signer) =>
      fixture.call('Ada Admin', 'DELETE', `/v1/principals/${signer.id}/grants`, {
        role: 'system_owner',
        reason: 'moved',
      }),
    ),
  ],
  'a record that was edited meanwhile': [
    'record_moved',
    meanwhile(({ fixture }, _signer, id) =>
      fixture.call('Pat Planner', 'PATCH', `/v1/work-orders/${id}`, {
        assignee: 'Vik Vendor',
        reason: 'away',
      }),
    ),
  ],
  'a record that was returned meanwhile': [
    'gate_not_open',
    meanwhile(({ fixture }, _signer, id) =>
      fixture.call('Olga Owner', 'POST', `/v1/work-orders/${id}/rejections`, { reason: 'no' }),
    ),
  ],
  'who edited it': [
    'separation_of_duties',
    async ({ fixture, owner }) => {
      const made = await owner.call('POST', '/v1/work-orders', {
        title: 'Mine',
        description: 'x',
        regulatory: true,
        asset: 'HPLC-01',
        assignee: 'Lee Lab',
      })
      await owner.call('PATCH', `/v1/work-orders/${made.body.id}`, { description: 'y', reason: 'clearer' })
      await transition(fixture, 'Pat Planner', made.body.id, 'pending_approval')
      return release(owner, made.body.id)
    },
  ],
  'one person in two roles': [
    'separation_of_duties',
    async ({ fixture }) => {
      const both = await enrolSigner(fixture, `Bo ${Math.random()}`, ['system_owner', 'qa'])
      const id = await submit(fixture)
      assert.equal((await giveSignature(both, await intentOf(both, id))).status, 201)
      return intend(both, id, 'release', 'qa')
    },
  ],
  'a delegate of another lifecycle': ['role_required', asDelegate({ lifecycles: ['qms'] })],
  'a delegate for what is not regulatory': ['role_required', asDelegate({ regulatory: false })],
  'a delegate before his time': [
    'role_required',
    asDelegate({ starts_at: new Date(Date.now() + 3_600_000).toISOString() }),
  ],
  'a delegate whose delegation was revoked meanwhile': [
    'role_required',
    async (world) => {
      const owner = await newOwner(world, `Ole ${Math.random()}`)
      const delegate = await enrolSigner(world.fixture, `Dora ${Math.random()}`, ['operator'])
      const delegation = await delegateTo(owner, delegate)
      const intent = await intentOf(delegate, await submit(world.fixture))
      await owner.call('POST', `/v1/delegations/${delegation}/revocation`, { reason: 'back again' })
      return giveSignature(delegate, intent)
    },
  ],
}

/** Tries each once; gives how many there were. Nothing is signed by any of them. */
export async function attackTheDoor(world: SignedWorld): Promise<number> {
  for (const [name, [code, attack]] of Object.entries(attacks)) {
    const reply = await attack(world)
    const codes = [reply.body.code, ...(reply.body.unmet ?? []).map((gate: { code: string }) => gate.code)]
    assert.ok(reply.status >= 400 && codes.includes(code), `${name}: ${reply.status} ${reply.text}`)
  }
  return Object.keys(attacks).length
}
