/** Whole packs, made up from the format alone: those that hold, and every kind of damage that must be found. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ofKey, ofRules } from './damage-authority.ts'
import { ofListedKey, ofMissing, ofPretence } from './damage-shape.ts'
import { ofSignature } from './damage-signature.ts'
import { ofChain, ofLog, ofRecord } from './damage-trail.ts'
import { textOf } from './damage.ts'
import type { Damage } from './damage.ts'
import { folder, makePack, sealPack, zipPack } from './pack.ts'
import type { Made } from './pack.ts'
import { verifier } from './verifier.ts'
import type { Verdict } from './verifier.ts'

const { verifyPack, printResult, NotReadable } = verifier
const damages: readonly Damage[] = [
  ...ofChain,
  ...ofLog,
  ...ofRecord,
  ...ofSignature,
  ...ofKey,
  ...ofRules,
  ...ofMissing,
  ...ofPretence,
  ...ofListedKey,
]
const zipOf = (made: Made): Uint8Array => zipPack(sealPack(made))

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
  test(`R-OFV-5 a pack with four signatures holds, its passkey being ${algorithm}`, async () => {
    const made = await makePack({ algorithm })
    const { logKey, witness } = made.world
    const options = { vkey: logKey.vkey, checkpoint: made.older, witnesses: [witness.vkey] }
    const { ok, findings, summary } = verifyPack(zipOf(made), options)
    assert.deepEqual(findings, [])
    assert.ok(ok)
    assert.equal(summary.log.cosigned.length, 1)
    const [record] = summary.records
    assert.deepEqual(
      record?.signatures.map(({ signer, holds }) => `${signer} ${holds}`),
      ['Olga Owner true', 'Quinn 质量 true', 'Del Delegate true', 'Quinn 质量 true'],
    )
  })
}

test('R-OFV-5 a checkpoint on file that is the very one of the pack holds', async () => {
  const made = await makePack()
  const checkpoint = textOf(made.files, 'log/checkpoint.txt')
  assert.deepEqual(verifyPack(zipOf(made), { checkpoint }).findings, [])
})

test('R-OFV-5 a key that was revoked later voids nothing that it signed before', async () => {
  const made = await makePack({
    before(step, { add, keys, people }) {
      if (step !== 'end') return
      for (const { id, owner } of keys.values())
        add('principal', owner.id, { action: 'key_revoked', by: people.admin, detail: { key_id: id } })
    },
  })
  assert.deepEqual(verifyPack(zipOf(made)).findings, [])
})

test('R-OFV-5 what holds is told in eighty columns, with name, role, meaning, time, zone and version', async () => {
  const made = await makePack()
  const text = printResult(verifyPack(zipOf(made)), 'pack.zip')
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
  assert.match(
    text,
    /✓ Olga Owner, system_owner: approved\n {4}release, 2026-11-21 08:00:\d\d \+08:00 Asia\/Shanghai\n {4}version 2/,
  )
  assert.match(text, /✓ Del Delegate for Olga Owner, system_owner: approved/)
  assert.match(text, /EVERYTHING HOLDS\. 1 record, 14 entries, 4 signatures\./)
})

test('R-OFV-6 the kinds of damage are many, and each has a name of its own', () => {
  assert.ok(damages.length >= 180, `only ${damages.length}`)
  assert.equal(new Set(damages.map(({ name }) => name)).size, damages.length)
})

for (const damage of damages) {
  test(`R-OFV-6 found and located: ${damage.name}`, async () => {
    const { made, verdict } = await doDamage(damage)
    assert.equal(verdict.ok, false)
    const { sign, ...expected } = damage.found
    const wanted = { ...expected, ...(sign === undefined ? {} : { signature: made.rows[sign].id as string }) }
    const isFound = verdict.findings.some((finding) =>
      Object.entries(wanted).every(([member, value]) => finding[member as keyof typeof finding] === value),
    )
    assert.ok(isFound, `${JSON.stringify(wanted)} is not among ${JSON.stringify(verdict.findings, null, 1)}`)
    if (sign !== undefined) assert.equal(verdict.summary.records[0]?.signatures[sign]?.holds, false)
  })
}

async function doDamage({
  twist,
  files: edit,
  sealed,
  options,
}: Damage): Promise<{ made: Made; verdict: Verdict }> {
  const made = await makePack(twist)
  edit?.(made.files, made)
  const files = sealPack(made)
  sealed?.(files, made)
  return { made, verdict: verifyPack(zipPack(files), options?.(made)) }
}

test('R-OFV-6 damage in one place is not told as damage everywhere', async () => {
  const edit = ofChain.find(({ name }) => name === 'a title is edited in an entry')
  assert.ok(edit !== undefined)
  const { verdict } = await doDamage(edit)
  assert.ok(verdict.findings.length <= 14, JSON.stringify(verdict.findings, null, 1))
  assert.equal(verdict.findings[0]?.seq, 1)
  const text = printResult(verdict, 'pack.zip')
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
  assert.match(
    text,
    /✗ WO-2026-000007, entry 1 \(records\/WO-2026-000007\/entries\.ndjson\): it is not\n {2}leaf 22/,
  )
  assert.match(text, /THIS DOES NOT HOLD/)
})

test('R-OFV-6 no byte of what is proven changes without being found', async () => {
  const made = await makePack()
  const { logKey, witness, people, delegation } = made.world
  const options = { vkey: logKey.vkey, checkpoint: made.older, witnesses: [witness.vkey] }
  const proven = [
    ...['record.json', 'entries.ndjson', 'signatures.ndjson', 'proofs.json'].map(
      (file) => `${folder}/${file}`,
    ),
    'directory/tenant.ndjson',
    'directory/proofs.json',
    'log/checkpoint.txt',
    'log/consistency.json',
    ...[people.owner.id, people.quality.id, String(delegation.id)].map((id) => `directory/${id}.ndjson`),
  ]
  const seed = Number(process.env['DOCKET_SEED'] ?? 20_261_121)
  const next = random(seed)
  for (let round = 0; round < 220; round += 1) {
    const path = proven[round % proven.length] ?? ''
    const before = made.files.get(path) ?? Buffer.alloc(0)
    const changed = Buffer.from(before)
    const place = next(before.length)
    // The line break at the end of a file says nothing.
    if (place === before.length - 1) continue
    changed.writeUInt8(changed.readUInt8(place) ^ (1 + next(255)), place)
    const files = new Map(made.files).set(path, changed)
    const { ok } = verifyPack(zipOf({ ...made, files }), options)
    assert.equal(ok, false, `seed ${seed}: byte ${place} of ${path}`)
  }
})

test('R-OFV-6 whatever byte of a pack is changed, it ends in a finding or cannot be read', async () => {
  const made = await makePack()
  const bytes = zipOf(made)
  const next = random(7)
  for (let round = 0; round < 300; round += 1) {
    const changed = Uint8Array.from(bytes)
    const place = next(bytes.length)
    changed[place] = (changed[place] ?? 0) ^ (1 + next(255))
    try {
      // What a pack can say twice (times of its members) may change; nothing of its files may.
      const { ok } = verifyPack(changed)
      if (ok) assert.deepEqual(verifier.readZip(changed), verifier.readZip(bytes))
    } catch (error) {
      assert.ok(error instanceof NotReadable, String(error))
    }
  }
})

/** Whole numbers below a limit, always the same from one seed (mulberry32). */
function random(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

test('R-OFV-8 a work order of 1,000 entries is checked in two seconds', async () => {
  const made = await makePack({ comments: 987 })
  const bytes = zipOf(made)
  const began = performance.now()
  const { findings, summary } = verifyPack(bytes)
  const tookMs = performance.now() - began
  assert.deepEqual(findings, [])
  assert.equal(summary.records[0]?.entries, 1000)
  assert.ok(tookMs <= 2000, `${tookMs} ms`)
})

test('R-OFV-6 text from a pack does not steer the terminal', async () => {
  const made = await makePack({ cast: { admin: { name: 'Ada \u001B[2J\u202E' } } })
  const text = printResult(verifyPack(zipOf(made)), 'pack\u001B.zip')
  assert.ok(!text.includes('\u001B') && !text.includes('\u202E'))
  assert.ok(textOf(made.files, 'principals.json').includes('Ada'))
})
