/** Waivers: at once, or signed; what they free, and what two verifiers say of them. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { unzipSync, zipSync } from 'fflate'
import { verifyTenant } from '#capabilities/verify/verify.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { verifier } from '../offline-verify/verifier.ts'
import { sealAll, untilSealable } from '../sealing.ts'
import { enrolSigner, signWith } from '../signer.ts'
import type { Signer } from '../signer.ts'
import { actionsOf, bring, move, plant, read } from './tree.ts'

let fixture: Fixture
let owner: Signer
let qa: Signer
before(async () => {
  fixture = await openFixture()
  owner = await enrolSigner(fixture, 'Sonja Owner', ['system_owner'])
  qa = await enrolSigner(fixture, 'Quirin QA', ['qa'])
})
after(() => fixture.close())

const waive = (who: string, id: string, reason = 'the machine was scrapped'): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/work-orders/${id}/waiver`, { reason })

test('R-CPL-9 a cancelled predecessor holds what waits for it until it is waived, at once where nothing is regulatory', async () => {
  const tree = await plant(fixture, { M: {}, A: { under: 'M' }, B: { under: 'M', after: ['A+100'] } })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  await bring(fixture, id('B'), 'assigned')
  await move(fixture, 'Pat Planner', id('A'), 'cancelled')
  assert.equal((await actionsOf(fixture, id('B'))).includes('ready'), false)
  const why = await read(fixture, id('B'), '/why-blocked')
  assert.deepEqual(
    why.data.map(({ depth, number, reason, waits, who }: Json) => [depth, number, reason, waits, who]),
    [
      [0, tree['B']?.number, 'waits_for_predecessor', null, []],
      [1, tree['A']?.number, 'cancelled', tree['B']?.number, ['assigner', 'system_owner', 'captain']],
    ],
  )
  assert.equal((await waive('Lee Lab', id('A'))).body.code, 'role_required')
  assert.equal((await waive('Pat Planner', id('M'))).body.code, 'waiver_refused')
  const waived = await waive('Pat Planner', id('A'))
  assert.equal(waived.status, 200, waived.text)
  assert.equal(waived.body.waiver.reason, 'the machine was scrapped')
  assert.equal(waived.body.status, 'cancelled')
  assert.equal((await waive('Pat Planner', id('A'))).body.code, 'waiver_refused')
  assert.deepEqual((await actionsOf(fixture, id('A'))).slice(-1), ['waived'])
  assert.deepEqual((await actionsOf(fixture, id('B'))).slice(-1), ['ready'])
  await bring(fixture, id('B'), 'in_progress')
})

test('R-CPL-10 the waiver of regulatory work is signed by System Owner and QA, and the statement says so and why', async () => {
  const tree = await plant(fixture, {
    M: { regulatory: true },
    A: { under: 'M' },
    B: { under: 'M', after: ['A'] },
  })
  const id = (letter: string): string => tree[letter]?.id ?? ''
  const asked = await waive('Pat Planner', id('A'))
  assert.equal(asked.status, 200, asked.text)
  assert.equal(asked.body.waiver, null)
  assert.equal((await waive('Pat Planner', id('A'))).body.code, 'waiver_refused')
  const pending = await qa.call('GET', '/v1/approvals')
  assert.deepEqual(
    pending.body.data.map(({ number, gate }: Json) => [number, gate]),
    [[tree['A']?.number, 'waiver']],
  )
  const withdrawn = await fixture.call('Pat Planner', 'DELETE', `/v1/work-orders/${id('A')}/waiver`, {
    reason: 'not yet',
  })
  assert.equal(withdrawn.status, 200, withdrawn.text)
  await waive('Pat Planner', id('A'), 'replaced by a remote installation')
  const intent = await qa.call('POST', `/v1/work-orders/${id('A')}/signing-intents`, {
    gate: 'waiver',
    role: 'qa',
  })
  assert.equal(intent.status, 201, intent.text)
  assert.match(intent.body.text, /^Meaning: {5}waived: its master, and what waits for it, go on without it$/m)
  assert.match(intent.body.text, /^Reason: {6}replaced by a remote installation$/m)
  const first = await signWith(qa, id('A'), { gate: 'waiver', role: 'qa' })
  assert.equal(first.status, 201, first.text)
  assert.equal(first.body.work_order.waiver, null)
  assert.equal(first.body.signature.meaning, 'waived')
  const last = await signWith(owner, id('A'), { gate: 'waiver', role: 'system_owner' })
  assert.equal(last.status, 201, last.text)
  assert.equal(last.body.work_order.waiver.by.length, 2)
  assert.deepEqual((await actionsOf(fixture, id('A'))).slice(-5), [
    'waiver_withdrawn',
    'approval_requested',
    'approval_signed',
    'approval_signed',
    'waived',
  ])
  assert.deepEqual((await actionsOf(fixture, id('B'))).slice(-1), ['ready'])
  const { tenant } = (await fixture.call('Pat Planner', 'GET', '/v1/me')).body
  const { damages } = await verifyTenant(fixture.service.installation.urlOf('docket_auditor'), tenant.id)
  assert.deepEqual(damages, [])
})

const codesOf = (bytes: Uint8Array): string[] => verifier.verifyPack(bytes).findings.map(({ code }) => code)

/** The pack of a work order, as an auditor gets it. */
async function exportPack(number: string): Promise<Uint8Array> {
  await untilSealable(fixture)
  await sealAll(fixture)
  const response = await fetch(`${fixture.url}/v1/packs?work_order=${number}`, {
    headers: { authorization: `Bearer ${fixture.keyOf('Aud Auditor')}` },
  })
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.status === 503) return exportPack(number)
  assert.equal(response.status, 200, Buffer.from(bytes).toString('utf8').slice(0, 300))
  return bytes
}

/** The same pack with one file changed, and a manifest that agrees. */
function twist(pack: Uint8Array, path: string, change: (text: string) => string): Uint8Array {
  const files = unzipSync(pack)
  const bytes = Buffer.from(change(Buffer.from(files[path] ?? []).toString('utf8')))
  const manifest = JSON.parse(Buffer.from(files['manifest.json'] ?? []).toString('utf8'))
  for (const file of manifest.files)
    if (file.path === path) {
      file.size = bytes.length
      file.sha256 = createHash('sha256').update(bytes).digest('hex')
    }
  return zipSync({ ...files, [path]: bytes, 'manifest.json': Buffer.from(JSON.stringify(manifest)) })
}

test('R-CPL-12 the verifier that shares no code with the service knows a signed waiver, and misses one that was not signed', async () => {
  const tree = await plant(fixture, { M: { regulatory: true }, A: { under: 'M', regulatory: true } })
  const { id, number } = tree['A']!
  await waive('Pat Planner', id, 'replaced by a remote installation')
  for (const [who, role] of [
    [qa, 'qa'],
    [owner, 'system_owner'],
  ] as const)
    assert.equal((await signWith(who, id, { gate: 'waiver', role })).status, 201)
  const pack = await exportPack(number)
  assert.deepEqual(verifier.verifyPack(pack).findings, [])
  const path = `records/${number}/signatures.ndjson`
  const unsigned = codesOf(twist(pack, path, (text) => text.split('\n').slice(1).join('\n')))
  assert.ok(unsigned.includes('gate'), unsigned.join())
})
