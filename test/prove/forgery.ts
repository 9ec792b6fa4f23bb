/**
 * No forged signature is accepted: named attacks, each in generated variants, against the verifier of signatures;
 * and the attacks that go through the door, against the service itself.
 */
import assert from 'node:assert/strict'
import { listAuthorities, listSignatures } from '#capabilities/verify/signature-store.ts'
import { issueCertificate, makeAuthority } from '#capabilities/signing-key/certificate.ts'
import { findSignatureFlaws } from '#domain/signature-check.ts'
import { openDatabase, withClient } from '#platform/database.ts'
import { openWrap } from '#platform/wrap.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture } from '../fixture.ts'
import { attacks, makeForger } from './forge.ts'
import type { Forger, Genuine } from './forge.ts'
import { attackTheDoor } from './forgery-door.ts'
import { makeSignedWorld } from './forgery-world.ts'
import { openRandom } from './proof.ts'
import type { Figures, Proof } from './proof.ts'

const variants = { small: 3000, full: 100_000 } as const

export async function proveForgery(proof: Proof): Promise<Figures> {
  const fixture = await openFixture()
  try {
    const world = await makeSignedWorld(fixture)
    const atTheDoor = await attackTheDoor(world)
    proof.say(`${atTheDoor} attacks through the door, none accepted`)
    const genuine = await readGenuine(fixture)
    assert.ok(genuine.length >= 6, 'genuine signatures to forge from')
    for (const { row, context } of genuine) assert.deepEqual(findSignatureFlaws(row, context), [])
    const forger = await openForger(fixture, world.outsiderId)
    const accepted = forgeAll(genuine, forger, proof)
    assert.deepEqual(accepted, [], `accepted with seed ${proof.seed}`)
    return {
      'named attacks on stored signatures': Object.keys(attacks).length,
      'generated variants': variants[proof.size],
      'attacks through the door': atTheDoor,
      accepted: accepted.length,
    }
  } finally {
    await fixture.close()
  }
}

function forgeAll(genuine: readonly Genuine[], forger: Forger, proof: Proof): string[] {
  const random = openRandom(proof.seed)
  const names = Object.keys(attacks)
  const accepted: string[] = []
  for (let i = 0; i < variants[proof.size]; i += 1) {
    const name = names[i % names.length] ?? ''
    const attack = attacks[name]
    if (attack === undefined) throw new Error(`no attack ${name}`)
    const forged = attack(random.pick(genuine), { genuine, forger, random })
    if (findSignatureFlaws(forged.row, forged.context).length === 0) accepted.push(name)
    if ((i + 1) % 20_000 === 0) proof.say(`${i + 1} variants, ${accepted.length} accepted`)
  }
  return accepted
}

/** Every signature of the world with what stands around it, as the verifier reads it. */
async function readGenuine(fixture: Fixture): Promise<Genuine[]> {
  const { tenantId } = await tenantOf(fixture)
  const db = openDatabase({
    url: fixture.service.installation.urlOf('docket_auditor'),
    max: 1,
    applicationName: 'forgery',
  })
  const client = await db.pool.connect()
  try {
    await client.query(`select set_config('docket.tenant_id', $1, false)`, [tenantId])
    const everything = { from: '00000000-0000-0000-0000-000000000000', below: undefined }
    const authorities = await listAuthorities(client)
    return (await listSignatures(client, everything)).map(({ key, delegation, leaf, number, ...row }) => ({
      row,
      context: {
        tenantId,
        number,
        key: key ?? undefined,
        authorities,
        delegation: delegation ?? undefined,
        leafAt: () => leaf ?? undefined,
        relyingParty: fixture.service.floor.relyingParty,
      },
    }))
  } finally {
    client.release(true)
    await db.close()
  }
}

async function tenantOf(fixture: Fixture): Promise<{ tenantId: string }> {
  const actor = await fixture.service.identity.authenticate({ bearer: fixture.keyOf('Ada Admin') }, 'test')
  if (actor === undefined) throw new Error('the demo has no administrator')
  return actor
}

/** Somebody of the company with a certificate from its authority, and one from an authority of his own. */
async function openForger(fixture: Fixture, id: string): Promise<Forger> {
  const { tenantId } = await tenantOf(fixture)
  const { wrap } = fixture.service.floor
  const [authority] = await withClient(fixture.adminUrl, async (client) => {
    const { rows } = await client.query<{ id: string; certificate: Buffer; wrapped_private: Buffer }>(
      'select id, certificate, wrapped_private from certificate_authorities where tenant_id = $1',
      [tenantId],
    )
    return rows
  })
  if (authority === undefined) throw new Error('the tenant has no certificate authority')
  const keyId = '01a1fb16-0000-7000-8000-00000000f0f0'
  const at = new Date()
  return makeForger({ id, keyId }, async (spki) => {
    const own = openWrap('a secret that the forger made up for himself')
    const subject = { keyId, principalId: id, name: 'Mallory', spki }
    const copy = await makeAuthority(own, { id: tenantId, name: 'Acme Bio' }, authority.id, at)
    return {
      certificate: await issueCertificate(wrap, tenantId, authority, subject, at),
      selfMade: await issueCertificate(own, tenantId, copy, subject, at),
    }
  })
}
