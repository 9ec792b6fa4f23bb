/** A company in which several people have signed, each in one of the ways in which one can. */
import assert from 'node:assert/strict'
import type { Fixture, Reply } from '../fixture.ts'
import { enrolSigner, giveSignature } from '../signer.ts'
import type { Signer } from '../signer.ts'
import { letSignByPasskey } from '../signers.ts'
import type { Passkey } from '../signers.ts'

export type SignedWorld = {
  readonly fixture: Fixture
  readonly owner: Signer
  readonly delegate: Signer
  /** Quinn QA, who signs with a passkey. */
  readonly qa: { readonly name: string; readonly passkey: Passkey }
  readonly delegationId: string
  /** Somebody of the company who signs nothing. */
  readonly outsiderId: string
}

export const regulated = {
  title: 'Replace the pump seals',
  description: 'As the maker recommends.',
  regulatory: true,
  asset: 'HPLC-01',
  assignee: 'Lee Lab',
  job_plan: { title: 'Seals', steps: ['Replace', 'Test'] },
}

export async function makeSignedWorld(fixture: Fixture): Promise<SignedWorld> {
  const owner = await enrolSigner(fixture, 'Otto Öwner, "the owner"', ['system_owner'])
  const delegate = await enrolSigner(fixture, 'Della Delegate', ['operator'])
  const outsider = await enrolSigner(fixture, 'Mallory', ['operator'])
  const qa = { name: 'Quinn QA', passkey: await letSignByPasskey(fixture, 'Quinn QA') }
  const delegationId = await delegateTo(owner, delegate)
  const world = { fixture, owner, delegate, qa, delegationId, outsiderId: outsider.id }
  for (const first of [owner, delegate]) {
    const id = await submit(fixture)
    await signAs(first, id, 'release', 'system_owner')
    await signByPasskey(world, id, 'release')
    await transition(fixture, 'Lee Lab', id, 'in_progress')
    await transition(fixture, 'Lee Lab', id, 'completed', { completion_summary: 'done', actual_hours: 1 })
    await signByPasskey(world, id, 'completion')
    const closed = await signAs(first, id, 'completion', 'system_owner')
    assert.equal(closed.body.work_order.status, 'closed')
  }
  return world
}

export async function delegateTo(owner: Signer, delegate: Signer, more: object = {}): Promise<string> {
  const proposed = await owner.call('POST', '/v1/delegations', {
    to: delegate.name,
    roles: ['system_owner'],
    ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    reason: 'on leave',
    ...more,
  })
  assert.equal(proposed.status, 201, proposed.text)
  const accepted = await delegate.call('POST', `/v1/delegations/${proposed.body.id}/acceptance`, {})
  assert.ok(accepted.status < 300, accepted.text)
  return proposed.body.id as string
}

/** A regulatory work order that waits at its release gate. */
export async function submit(fixture: Fixture, contents: object = regulated): Promise<string> {
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', contents)
  assert.equal(made.status, 201, made.text)
  await transition(fixture, 'Pat Planner', made.body.id, 'pending_approval')
  return made.body.id as string
}

export async function transition(
  fixture: Fixture,
  who: string,
  id: string,
  to: string,
  more: object = {},
): Promise<Reply> {
  const reply = await fixture.call(who, 'POST', `/v1/work-orders/${id}/transitions`, {
    to,
    reason: 'as planned',
    ...more,
  })
  assert.equal(reply.status, 200, reply.text)
  return reply
}

export const intend = (signer: Signer, id: string, gate: string, role: string): Promise<Reply> =>
  signer.call('POST', `/v1/work-orders/${id}/signing-intents`, { gate, role, time_zone: 'Europe/Berlin' })

export async function signAs(signer: Signer, id: string, gate: string, role: string): Promise<Reply> {
  const intent = await intend(signer, id, gate, role)
  assert.equal(intent.status, 201, intent.text)
  const signed = await giveSignature(signer, intent.body.id)
  assert.equal(signed.status, 201, signed.text)
  return signed
}

export async function signByPasskey({ fixture, qa }: SignedWorld, id: string, gate: string): Promise<Reply> {
  const asked = { gate, role: 'qa' }
  const intent = await fixture.call(qa.name, 'POST', `/v1/work-orders/${id}/signing-intents`, asked)
  assert.equal(intent.status, 201, intent.text)
  const signed = await fixture.call(qa.name, 'POST', `/v1/signing-intents/${intent.body.id}/signature`, {
    password: fixture.passwordOf(qa.name),
    assertion: qa.passkey.authenticator.get(intent.body.options),
  })
  assert.equal(signed.status, 201, signed.text)
  return signed
}
