/** What of signing, oversight and the log the requests may meet; intents are made anew, for they live two minutes. */
import assert from 'node:assert/strict'
import type { Fixture, Json } from '../fixture.ts'
import { letSign, passphraseOf } from '../signers.ts'
import type { Slot } from './fuzz-nasty.ts'

type Pool = { [S in Slot]: string[] }
type Call = (principal: string, method: string, path: string, body?: object) => Promise<Json>

const signers = ['Olga Owner', 'Quinn QA']
export const signer = 'Olga Owner'
/** What this person signs with; a word of no use for whoever signs nothing. */
export function ownSecret(fixture: Fixture, slot: string, principal: string): string | undefined {
  if (slot === 'own_passphrase') return passphraseOf(principal)
  if (slot !== 'own_password') return undefined
  const hasOne = Object.values(fixture.keys).some((keys) => principal in keys)
  try {
    return hasOne ? fixture.passwordOf(principal) : 'no password'
  } catch {
    return 'no password'
  }
}

export async function makeSigning(
  fixture: Fixture,
  call: Call,
  { admin, planner }: { readonly admin: string; readonly planner: string },
  pool: Pool,
): Promise<void> {
  const isRegulated = planner === 'Pat Planner'
  pool.person.push(...(isRegulated ? ['Ada Admin', 'Lee Lab', 'Pat Planner'] : ['夏哥', 'Fleet Sponsor']))
  await call(planner, 'POST', '/v1/assets', { tag: keptAsset, name: 'what is signed for' })
  const delegate = isRegulated ? admin : 'Fleet Sponsor'
  for (let i = 0; i < 6; i += 1) {
    const id = await ask(call, planner, pool)
    // Who edited it may not sign it: that is a finding.
    const refused = await fixture.call(planner, 'POST', `/v1/work-orders/${id}/signing-intents`, {
      gate: 'release',
      role: 'qa',
    })
    assert.equal(refused.status, 403, refused.text)
    const away = { starts_at: '2199-01-01T00:00:00Z', ends_at: '2199-02-01T00:00:00Z' }
    pool.absence.push((await call(admin, 'POST', '/v1/absences', away)).id)
  }
  for (let i = 0; i < 12; i += 1) {
    const offer = { to: delegate, roles: ['assigner'], ends_at: inTenDays, reason: 'on leave' }
    pool.delegation.push((await call(planner, 'POST', '/v1/delegations', offer)).id)
  }
  const { data: findings } = await call(admin, 'GET', '/v1/findings')
  pool.finding.push(...findings.flatMap(({ id, number }: Json) => [id, number]))
  assert.ok(pool.finding.length >= 6, 'no findings')
  const { data: trail } = await call(planner, 'GET', `/v1/work-orders/${pool.asked[0]}/history`)
  pool.entry.push(...trail.map(({ id }: Json) => id))
  const keyOwner = isRegulated ? 'Lee Lab' : 'Fleet Sponsor'
  for (let i = 0; i < 3; i += 1) {
    const key = { kind: 'passphrase', label: 'spare', passphrase: passphraseOf(keyOwner) }
    const password = fixture.passwordOf(keyOwner)
    pool.signing_key.push((await call(keyOwner, 'POST', '/v1/signing-keys', { ...key, password })).id)
  }
  if (!isRegulated) return
  for (const name of signers) await letSign(fixture, name)
  await renewIntents(call, planner, pool)
}

/** No request names it: it stays what it is. */
const keptAsset = 'F-KEPT'
const inTenDays = new Date(Date.now() + 10 * 86_400_000).toISOString()

/** A regulatory work order that waits for the signatures of its release. */
async function ask(call: Call, planner: string, pool: Pool): Promise<string> {
  const { id, number } = await call(planner, 'POST', '/v1/work-orders', {
    title: '[Fuzz-Case] to be signed',
    lifecycle: 'change-control',
    description: 'hyd leak at the seal',
    regulatory: true,
    asset: keptAsset,
    assignee: planner === 'Pat Planner' ? 'Lee Lab' : 'Fleet Sponsor',
  })
  await call(planner, 'PATCH', `/v1/work-orders/${id}`, { deliverables: 'a report', reason: 'asked for' })
  const submit = { to: 'pending_approval', reason: 'ready' }
  await call(planner, 'POST', `/v1/work-orders/${id}/transitions`, submit)
  pool.asked.unshift(id, number)
  return id as string
}

/** Fresh intents of the one who signs, on work that nobody has turned back yet; wrong attempts are forgiven. */
export async function renewIntents(call: Call, planner: string, pool: Pool): Promise<void> {
  const me = encodeURIComponent(signer)
  await call('Ada Admin', 'POST', `/v1/principals/${me}/signing-unlock`, { reason: 'for the next batch' })
  pool.intent.length = 0
  for (let i = 0; i < 3; i += 1) {
    const id = await ask(call, planner, pool)
    const asked = { gate: 'release', role: 'system_owner' }
    const intent = await call(signer, 'POST', `/v1/work-orders/${id}/signing-intents`, asked)
    pool.intent.push(intent.id)
  }
}
