/** Signing at once: of everything that excludes one another exactly one thing happens, and nothing is signed after a revocation. */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { enrolSigner } from '../signer.ts'
import type { Signer } from '../signer.ts'
import { delegateTo, intend, regulated, submit, transition } from './forgery-world.ts'
import { atOnce, countBy, queryAll } from './race-world.ts'
import type { Replicas } from './race-world.ts'
import type { Reply } from '../fixture.ts'
import type { Figures, Random, Size } from './proof.ts'

type Race = (replicas: Replicas, size: Size, random: Random) => Promise<Figures>

let people = 0
const enrol = (replicas: Replicas, role: string): Promise<Signer> =>
  enrolSigner(replicas.fixture, `Racer ${role} ${(people += 1)} ${Date.now()}`, [role])

async function ask(signer: Signer, id: string, gate: string, role: string): Promise<string> {
  const { status, body, text } = await intend(signer, id, gate, role)
  assert.equal(status, 201, text)
  return body.id as string
}

/** Through the one service or the other, as a client does that is told to come back. */
async function give(replicas: Replicas, signer: Signer, intent: string): Promise<Reply> {
  for (;;) {
    const reply = await replicas.send(signer.key, 'POST', `/v1/signing-intents/${intent}/signature`, {
      password: signer.password,
      passphrase: signer.passphrase,
    })
    if (reply.status !== 429) return reply
  }
}

const count = async ({ fixture }: Replicas, sql: string, id: string): Promise<number> => {
  const [row] = await queryAll<{ n: number }>(fixture.adminUrl, `select count(*)::int as n from ${sql}`, [id])
  return row?.n ?? -1
}

/** Two last signatures, each sent by many: two signatures, one opening of the gate. */
export const raceLastSignatures: Race = async (replicas, size) => {
  const many = size === 'small' ? 4 : 64
  const rounds = size === 'small' ? 1 : 5
  const [owner, qa] = [await enrol(replicas, 'system_owner'), await enrol(replicas, 'qa')]
  for (let round = 0; round < rounds; round += 1) {
    const id = await submit(replicas.fixture)
    const intents = [await ask(owner, id, 'release', 'system_owner'), await ask(qa, id, 'release', 'qa')]
    const replies = await atOnce(many, (i) => give(replicas, i % 2 === 0 ? owner : qa, intents[i % 2] ?? ''))
    const counts = countBy(replies)
    assert.equal(counts['201'], 2, JSON.stringify(counts))
    assert.equal(await count(replicas, 'signatures where work_order_id = $1', id), 2)
    assert.equal(await count(replicas, `entries where record_id = $1 and action = 'approval_signed'`, id), 2)
    assert.equal(await count(replicas, `work_orders where id = $1 and status = 'assigned'`, id), 1)
    assert.equal(
      await count(replicas, `approval_rounds where work_order_id = $1 and status = 'passed'`, id),
      1,
    )
  }
  return { 'races of two last signatures': rounds * many }
}

/** Checking a password and a passphrase takes its time: the other side comes somewhere within it, or just after. */
const mostStaggerMs = 600
async function stagger<T>(random: Random, work: () => Promise<T>): Promise<T> {
  // Every second time both begin at once: who has the locks first is decided in the first milliseconds.
  if (random.int(2) === 1) await setTimeout(random.int(mostStaggerMs))
  return work()
}

/** A signature and what takes its ground away: either it was first, or it is not there. */
async function raceAway(
  replicas: Replicas,
  rounds: number,
  random: Random,
  begin: () => Promise<{ signer: Signer; takeAway: () => Promise<Reply>; takenAt: () => Promise<string> }>,
): Promise<number> {
  let signed = 0
  for (let round = 0; round < rounds; round += 1) {
    const { signer, takeAway, takenAt } = await begin()
    const id = await submit(replicas.fixture)
    const intent = await ask(signer, id, 'release', 'system_owner')
    const [given, taken] = await Promise.all([give(replicas, signer, intent), stagger(random, takeAway)])
    assert.ok(taken.status < 300, taken.text)
    const rows = await queryAll<{ signed_at: string; xid: string }>(
      replicas.fixture.adminUrl,
      `select s.signed_at::text, e.xid::text from signatures s join entries e on e.record_id = s.work_order_id and e.action = 'approval_signed' where s.work_order_id = $1`,
      [id],
    )
    assert.equal(rows.length, given.status === 201 ? 1 : 0, given.text)
    const at = await takenAt()
    for (const { signed_at } of rows) assert.ok(signed_at <= at, `signed ${signed_at}, taken away ${at}`)
    // And from now on, nothing.
    assert.notEqual((await intend(signer, id, 'release', 'system_owner')).status, 201)
    signed += rows.length
  }
  return signed
}

export const raceRevocation: Race = async (replicas, size, random) => {
  const rounds = size === 'small' ? 2 : 32
  const signed = await raceAway(replicas, rounds, random, async () => {
    const signer = await enrol(replicas, 'system_owner')
    const path = `/v1/signing-keys/${signer.keyId}/revocation`
    return {
      signer,
      takeAway: () => signer.call('POST', path, { reason: 'lost', lost: true }),
      takenAt: () =>
        one(replicas, 'select revoked_at::text as at from signing_keys where id = $1', signer.keyId),
    }
  })
  return { 'races of a signature and the revocation of its key': rounds, 'of which signed first': signed }
}

export const raceDelegation: Race = async (replicas, size, random) => {
  const rounds = size === 'small' ? 2 : 32
  const owner = await enrol(replicas, 'system_owner')
  const signed = await raceAway(replicas, rounds, random, async () => {
    const signer = await enrol(replicas, 'operator')
    const delegation = await delegateTo(owner, signer)
    return {
      signer,
      takeAway: () => owner.call('POST', `/v1/delegations/${delegation}/revocation`, { reason: 'back' }),
      takenAt: () =>
        one(replicas, 'select revoked_at::text as at from delegations where id = $1', delegation),
    }
  })
  return {
    'races of a signature and the revocation of its delegation': rounds,
    'of which signed in time': signed,
  }
}

async function one({ fixture }: Replicas, sql: string, id: string): Promise<string> {
  const [row] = await queryAll<{ at: string }>(fixture.adminUrl, sql, [id])
  return row?.at ?? ''
}

/** The last signature and a cancellation: the record is closed or cancelled, with one entry that says so. */
export const raceCancellation: Race = async (replicas, size, random) => {
  const rounds = size === 'small' ? 2 : 16
  const many = size === 'small' ? 2 : 32
  const [owner, qa] = [await enrol(replicas, 'system_owner'), await enrol(replicas, 'qa')]
  const outcomes = { closed: 0, cancelled: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const { fixture } = replicas
    const id = await submit(fixture, { ...regulated, title: `Race ${round}` })
    for (const [signer, gate, role] of [
      [owner, 'release', 'system_owner'],
      [qa, 'release', 'qa'],
    ] as const)
      assert.equal((await give(replicas, signer, await ask(signer, id, gate, role))).status, 201)
    await transition(fixture, 'Lee Lab', id, 'in_progress')
    await transition(fixture, 'Lee Lab', id, 'completed', { completion_summary: 'done', actual_hours: 1 })
    await give(replicas, owner, await ask(owner, id, 'completion', 'system_owner'))
    const intent = await ask(qa, id, 'completion', 'qa')
    const cancel = (): Promise<Reply> =>
      replicas.call('Pat Planner', 'POST', `/v1/work-orders/${id}/transitions`, {
        to: 'cancelled',
        reason: 'not needed',
      })
    const [given, cancels] = await Promise.all([
      give(replicas, qa, intent),
      stagger(random, () => atOnce(many, cancel)),
    ])
    const cancelled = cancels.filter(({ status }) => status === 200).length
    assert.equal((given.status === 201 ? 1 : 0) + cancelled, 1, JSON.stringify(countBy(cancels)))
    const ends = `entries where record_id = $1 and action in ('closed', 'cancelled')`
    assert.equal(await count(replicas, ends, id), 1)
    outcomes[cancelled === 1 ? 'cancelled' : 'closed'] += 1
  }
  return {
    'races of the last signature and a cancellation': rounds,
    'of which closed': outcomes.closed,
    'of which cancelled': outcomes.cancelled,
  }
}
