/**
 * Inspection packs, from a record that four people signed: what is in them, what their pages say, who may have them,
 * and that the verifier that shares no code with the service finds everything to hold.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { unzipSync, zipSync } from 'fflate'
import { startSealer } from '#capabilities/log/sealer.ts'
import type { Sealer } from '#capabilities/log/sealer.ts'
import { runCli } from '#edges/cli.ts'
import { withClient } from '#platform/database.ts'
import { openAuthenticator } from '../authenticator.ts'
import { openFixture } from '../fixture.ts'
import { readPdf } from '../read-pdf.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { confirmKey, enrolPerson, enrolSigner, signWith } from '../signer.ts'
import type { Signer } from '../signer.ts'
import { openTestSealing } from '../sealing.ts'

const hostile = `Replace <b>the "pump"</b> & seals 液相泵 <script>alert(1)</script>`
const report = Buffer.from('a report of the work\n'.repeat(30_000))

let fixture: Fixture
let sealer: Sealer
let folder: string
let number: string
let id: string
/** Of the work order that everybody signed, as the auditor got it. */
let pack: Pack
before(async () => {
  fixture = await openFixture()
  sealer = startSealer(openTestSealing(fixture), () => undefined)
  folder = mkdtempSync(join(tmpdir(), 'docket-pack-'))
  ;({ number, id } = await signAll())
  pack = await exportPack(`work_order=${number}`)
})
after(async () => {
  await sealer.stop()
  await fixture.close()
  rmSync(folder, { recursive: true, force: true })
})

const move = async (who: string, to: string, more: object = {}): Promise<void> => {
  const reply = await fixture.call(who, 'POST', `/v1/work-orders/${id}/transitions`, {
    to,
    reason: 'as planned',
    ...more,
  })
  assert.equal(reply.status, 200, reply.text)
}

/** Draft to closed: rejected once, then signed by passphrase, by passkey, and by a delegate. */
async function signAll(): Promise<{ number: string; id: string }> {
  const owner = await enrolSigner(fixture, 'Sonja Owner', ['system_owner'])
  const delegate = await enrolSigner(fixture, '夏哥 Stellvertreterin', ['operator'])
  const qa = await enrolPerson(fixture, 'Quirin QA', ['qa'])
  const signByPasskey = await enrolPasskey(qa)
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', {
    title: hostile,
    description: 'As recommended.\nSecond line.',
    regulatory: true,
    asset: 'HPLC-01',
    assignee: 'Lee Lab',
    job_plan: { title: 'Seals', steps: ['Replace 密封', 'Test'] },
  })
  assert.equal(made.status, 201, made.text)
  id = made.body.id
  await attach('Lee Lab', 'report <1> ..:报告?.txt', report)
  await move('Pat Planner', 'pending_approval')
  assertSigned(await signWith(owner, id, { gate: 'release', role: 'system_owner' }))
  const back = await qa.call('POST', `/v1/work-orders/${id}/rejections`, { reason: 'no risk assessment' })
  assert.equal(back.status, 200, back.text)
  await move('Pat Planner', 'pending_approval')
  const zoned = { gate: 'release', role: 'system_owner', time_zone: 'Asia/Shanghai' }
  assertSigned(await signWith(owner, id, zoned))
  assertSigned(await signByPasskey('release'))
  await move('Lee Lab', 'in_progress')
  await move('Lee Lab', 'completed', { completion_summary: 'Seals replaced', actual_hours: 2 })
  await delegateTo(owner, delegate)
  assertSigned(await signWith(delegate, id, { gate: 'completion', role: 'system_owner' }))
  const closed = await signByPasskey('completion')
  assert.equal(closed.body.work_order.status, 'closed', closed.text)
  return { number: made.body.number, id }
}

const assertSigned = (reply: Reply): void => assert.equal(reply.status, 201, reply.text)

async function attach(who: string, name: string, bytes: Buffer, to = id): Promise<void> {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(bytes)]), name)
  const response = await fetch(`${fixture.url}/v1/work-orders/${to}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fixture.keyOf(who)}` },
    body: form,
  })
  assert.equal(response.status, 201)
}

async function enrolPasskey(person: Signer): Promise<(gate: string) => Promise<Reply>> {
  const authenticator = openAuthenticator(fixture.service.floor.relyingParty.origins[0] ?? '')
  const { password } = person
  const begun = await person.call('POST', '/v1/signing-keys/passkey-options', { label: 'ring', password })
  const response = authenticator.create(begun.body.options)
  const { ticket } = begun.body
  const made = await person.call('POST', '/v1/signing-keys', { kind: 'passkey', ticket, response })
  assert.equal(made.status, 201, made.text)
  await confirmKey(fixture, made.body.id)
  return async (gate) => {
    const intent = await person.call('POST', `/v1/work-orders/${id}/signing-intents`, { gate, role: 'qa' })
    assert.equal(intent.status, 201, intent.text)
    return person.call('POST', `/v1/signing-intents/${intent.body.id}/signature`, {
      password,
      assertion: authenticator.get(intent.body.options),
    })
  }
}

async function delegateTo(owner: Signer, delegate: Signer): Promise<void> {
  const proposed = await owner.call('POST', '/v1/delegations', {
    to: delegate.name,
    roles: ['system_owner'],
    ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    reason: 'on leave',
  })
  assert.equal(proposed.status, 201, proposed.text)
  const accepted = await delegate.call('POST', `/v1/delegations/${proposed.body.id}/acceptance`, {})
  assert.equal(accepted.status, 200, accepted.text)
}

type Pack = { readonly bytes: Buffer; readonly files: { readonly [path: string]: Buffer } }

/** Other tests on the same server can hold the log back: then it is asked again, as the service says. */
async function ask(who: string, query: string): Promise<Response> {
  const response = await fetch(`${fixture.url}/v1/packs?${query}`, {
    headers: { authorization: `Bearer ${fixture.keyOf(who)}` },
  })
  if (response.status !== 503) return response
  await response.arrayBuffer()
  return ask(who, query)
}

async function exportPack(query: string, who = 'Aud Auditor'): Promise<Pack> {
  const response = await ask(who, query)
  const bytes = Buffer.from(await response.arrayBuffer())
  assert.equal(response.status, 200, bytes.toString('utf8').slice(0, 500))
  return { bytes, files: unpack(bytes) }
}

const unpack = (bytes: Buffer): Pack['files'] =>
  Object.fromEntries(Object.entries(unzipSync(bytes)).map(([path, content]) => [path, Buffer.from(content)]))

const readText = (from: Pack, path: string): string => {
  const bytes = from.files[path]
  assert.ok(bytes !== undefined, `${path} is not in the pack`)
  return bytes.toString('utf8')
}
const readJson = (from: Pack, path: string): Json => JSON.parse(readText(from, path))
const readLines = (from: Pack, path: string): Json[] =>
  readText(from, path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
const hex = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Runs the verifier as a stranger does; gives its exit code and what it found. */
function verify(
  bytes: Uint8Array,
  ...more: string[]
): { code: number | null; findings: Json[]; summary: Json } {
  const file = join(folder, 'pack.zip')
  writeFileSync(file, bytes)
  const verifier = new URL('../../verify/docket-verify.mjs', import.meta.url).pathname
  const run = spawnSync(process.execPath, [verifier, file, '--json', ...more], { encoding: 'utf8' })
  const { findings = [], summary } = run.stdout === '' ? {} : JSON.parse(run.stdout)
  return { code: run.status, findings, summary }
}

test('R-PACK-1 a pack holds record, history, signatures, files, proofs and keys, each named with its hash', () => {
  const manifest = readJson(pack, 'manifest.json')
  assert.equal(manifest.format, 'docket-pack/1')
  assert.deepEqual(manifest.scope, { work_order: number })
  assert.equal(manifest.made_by.name, 'Aud Auditor')
  const listed = manifest.files.map(({ path }: { path: string }) => path)
  assert.deepEqual(listed, listed.toSorted())
  assert.deepEqual(new Set([...listed, 'manifest.json']), new Set(Object.keys(pack.files)))
  assert.equal(new Set(listed).size, listed.length)
  for (const { path, sha256, size } of manifest.files) {
    assert.equal(hex(pack.files[path] ?? Buffer.alloc(0)), sha256, path)
    assert.equal(pack.files[path]?.length, size, path)
  }
  const folderOf = `records/${number}`
  const record = readJson(pack, `${folderOf}/record.json`)
  assert.equal(record.status, 'closed')
  assert.equal(record.title, hostile)
  const entries = readLines(pack, `${folderOf}/entries.ndjson`)
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    entries.map((_, i) => i + 1),
  )
  assert.equal(readJson(pack, `${folderOf}/proofs.json`).leaves.length, entries.length)
  const signatures = readLines(pack, `${folderOf}/signatures.ndjson`)
  assert.deepEqual(
    signatures.map(({ kind, gate, round }) => `${kind} ${gate} ${round}`),
    [
      'passphrase release 1',
      'passphrase release 2',
      'passkey release 2',
      'passphrase completion 1',
      'passkey completion 1',
    ],
  )
  const [file] = readJson(pack, `${folderOf}/attachments.json`)
  assert.match(file.path, /^records\/[^/]+\/attachments\/[0-9a-f-]{36}-[\p{L}\p{N}._-]+$/u)
  assert.deepEqual(pack.files[file.path], report)
  assert.equal(readLines(pack, 'delegations.ndjson').length, 1)
  const keys = readJson(pack, 'keys.json')
  assert.equal(keys.length, 3)
  for (const key of keys)
    assert.match(readText(pack, `certificates/${key.id}.pem`), /^-----BEGIN CERTIFICATE/)
  assert.match(readText(pack, 'log/checkpoint.txt'), new RegExp(`^docket.log/${manifest.tenant.id}\n`))
})

test('R-PACK-2 the verifier that shares no code with the service finds that everything holds', () => {
  const vkey = join(folder, 'vkey.txt')
  writeFileSync(vkey, readText(pack, 'log/vkey.txt'))
  const { code, findings, summary } = verify(pack.bytes, '--vkey', vkey)
  assert.deepEqual(findings, [])
  assert.equal(code, 0)
  const [record] = summary.records
  assert.deepEqual(
    record.signatures.map(({ holds }: { holds: boolean }) => holds),
    [true, true, true, true, true],
  )
})

test('R-PACK-2 the verifier finds a pack that was changed', () => {
  const path = `records/${number}/record.html`
  const page = Buffer.from(readText(pack, path).replace('Sonja', 'Sonia'))
  const { code, findings } = verify(zipSync({ ...pack.files, [path]: page }))
  assert.equal(code, 1)
  assert.deepEqual(
    findings.map(({ file }) => file),
    [path],
  )
})

test('R-PACK-3 the page shows of each signature printed name, time with zone, meaning, version and key', () => {
  const html = readText(pack, `records/${number}/record.html`)
  const seals = [...html.matchAll(/<article class="seal[\s\S]*?<\/article>/g)].map(([seal]) => seal)
  assert.equal(seals.length, 6)
  const signatures = readLines(pack, `records/${number}/signatures.ndjson`)
  signatures.forEach((signature, i) => {
    const seal = seals[i] ?? ''
    const statement = JSON.parse(signature.statement)
    assert.ok(seal.includes(`Signed by ${statement.signer.name}`), seal)
    assert.match(seal, /approved (?:for release|as complete)/)
    const [day, time] = signature.signed_at.slice(0, 22).split('T')
    assert.ok(seal.includes(` — ${day} ${time}`) || seal.includes(` = ${day} ${time}`), seal)
    assert.ok(seal.includes(signature.certificate_sha256))
    assert.ok(seal.includes(`valid for version ${signature.wo_version}`))
    assert.ok(seal.includes(hex(Buffer.from(signature.statement))))
  })
  assert.match(
    seals[1] ?? '',
    /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d Asia\/Shanghai \(UTC\+08:00\) = \d{4}-\d\d-\d\d [\d:.]+ UTC/,
  )
  assert.match(seals[0] ?? '', /turned back after it/)
  assert.match(seals[3] ?? '', /Signed by 夏哥 Stellvertreterin for Sonja Owner/)
  assert.match(seals[3] ?? '', /under delegation [0-9a-f-]{36}, from .* UTC to .* UTC: on leave/)
  assert.match(
    seals[5] ?? '',
    /Rejected by Quirin QA<[\s\S]*>release gate, round 1 — 20[\s\S]*no risk assessment/,
  )
})

test('R-PACK-4 a page needs nothing beside itself, runs nothing, and shows what others wrote as text', () => {
  for (const path of ['index.html', `records/${number}/record.html`]) {
    const html = readText(pack, path)
    assert.match(html, /content="default-src 'none'; style-src 'unsafe-inline'"/)
    assert.ok(!/<script|<b>|<img|<link|<iframe|\son\w+=|https?:\/\/|url\(/i.test(html), path)
    assert.ok(
      html.includes('Replace &lt;b&gt;the &quot;pump&quot;&lt;/b&gt; &amp; seals 液相泵 &lt;script&gt;'),
      path,
    )
    // Where it is too narrow for columns, each cell says what it is.
    assert.doesNotMatch(html, /<td(?! data-label="[^"]+")/)
    for (const [, href = ''] of html.matchAll(/href="([^"]*)"/g)) {
      const target = new URL(href, `http://pack/${path}`).pathname.slice(1)
      assert.ok(pack.files[decodeURIComponent(target)] !== undefined, `${path} leads to ${href}`)
    }
  }
})

test('R-PACK-5 the PDF says what the page says, with its fonts in it and every page numbered', () => {
  const pdf = pack.files[`records/${number}/record.pdf`] ?? Buffer.alloc(0)
  assert.equal(pdf.subarray(0, 8).toString('latin1'), '%PDF-1.7')
  const text = readPdf(pdf)
  const html = readText(pack, `records/${number}/record.html`)
  for (const said of [
    '夏哥',
    '液相泵',
    '密封',
    'Sonja Owner',
    'on leave',
    'no risk assessment',
    'Asia/Shanghai',
  ])
    assert.ok(text.includes(said) && html.includes(said), said)
  const pages = [...text.matchAll(/page (\d+) of (\d+)/g)]
  assert.deepEqual(
    pages.map(([, page]) => Number(page)),
    pages.map((_, i) => i + 1),
  )
  assert.ok(pages.length > 1 && pages.every(([, , count]) => Number(count) === pages.length))
  assert.ok(text.includes(hex(pack.files[`records/${number}/record.json`] ?? Buffer.alloc(0))))
})

type Exported = { readonly actor: { readonly name: string }; readonly detail: Json }

/** Read by SQL: what is committed is there at once, whatever else runs on the server. */
const listExports = (): Promise<Exported[]> =>
  withClient(fixture.adminUrl, async (client) => {
    const { rows } = await client.query<{ body: Buffer }>(
      `select body from entries where action = 'pack_exported' order by seq`,
    )
    return rows.map(({ body }) => JSON.parse(body.toString('utf8')) as Exported)
  })

test('R-PACK-6 an export is an entry of the tenant, with the hash of the manifest', async () => {
  const mine = await exportPack(`work_order=${number}`, 'Quinn QA')
  const last = (await listExports()).at(-1)
  assert.equal(last?.actor.name, 'Quinn QA')
  assert.deepEqual(last?.detail, {
    scope: { work_order: number },
    records: 1,
    manifest_sha256: hex(mine.files['manifest.json'] ?? Buffer.alloc(0)),
  })
})

const numbersIn = ({ files }: Pack): Set<string> =>
  new Set(Object.keys(files).flatMap((path) => /^records\/([^/]+)\/record\.json$/.exec(path)?.[1] ?? []))

test('R-PACK-7 a pack is of one work order, of an asset, or of a period, and of nothing else', async () => {
  const other = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', {
    title: 'Another',
    asset: 'BAL-12',
  })
  const today = new Date().toISOString().slice(0, 10)
  assert.deepEqual(numbersIn(await exportPack('asset=HPLC-01')), new Set([number]))
  const period = await exportPack(`from=${today}&to=${today}`)
  assert.deepEqual(numbersIn(period), new Set([number, other.body.number]))
  assert.deepEqual(verify(period.bytes).findings, [])
  assert.deepEqual(numbersIn(await exportPack(`work_order=${id}`)), new Set([number]))
  const refused: [query: string, status: number][] = [
    ['', 422],
    [`work_order=${number}&asset=HPLC-01`, 422],
    [`from=${today}`, 422],
    ['from=2026-02-30&to=2026-03-01', 422],
    ['from=2026-03-02&to=2026-03-01', 422],
    ['from=2001-01-01&to=2001-12-31', 404],
    ['work_order=WO-2026-999999', 404],
    ['asset=NO-SUCH', 404],
    [`work_order=${number}&since=1000000`, 422],
  ]
  for (const [query, status] of refused) {
    const response = await ask('Aud Auditor', query)
    assert.equal(response.status, status, `${query}: ${await response.text()}`)
  }
})

test('R-PACK-8 people who oversee may export, and nobody else', async () => {
  const cells: { readonly [who: string]: number } = {
    'Aud Auditor': 200,
    'Quinn QA': 200,
    'Ada Admin': 200,
    'Olga Owner': 200,
    'Pat Planner': 200,
    'Lee Lab': 403,
    'Vik Vendor': 403,
    'Build Agent': 403,
    'system:scheduler': 403,
    夏哥: 404,
  }
  for (const [who, status] of Object.entries(cells)) {
    const response = await ask(who, `work_order=${number}`)
    await response.arrayBuffer()
    assert.equal(response.status, status, who)
  }
})

test('R-PACK-9 a pack shows that the log grew out of a checkpoint that somebody kept', async () => {
  const kept = join(folder, 'kept.txt')
  writeFileSync(kept, readText(pack, 'log/checkpoint.txt'))
  const size = readText(pack, 'log/checkpoint.txt').split('\n')[1]
  await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Makes the log grow' })
  const grown = await exportPack(`work_order=${number}&since=${size}`)
  const { findings, summary } = verify(grown.bytes, '--checkpoint', kept)
  assert.deepEqual(findings, [])
  assert.equal(summary.log.grewFrom, Number(size))
})

test('R-PACK-10 "docket export" saves a pack under its name, and nothing when there is none', async () => {
  const said: string[] = []
  const out = (text: string): void => void said.push(text)
  const environment = { DOCKET_URL: fixture.url, DOCKET_KEY: fixture.keyOf('Aud Auditor') }
  const file = join(folder, 'saved.zip')
  const run = (...args: string[]): Promise<number> =>
    runCli(['export', ...args], environment, { out, err: out })
  assert.equal(await run('--work-order', number, '--out', file), 0, said.join(''))
  assert.match(said.join(''), /saved\.zip: one record, [\d,]+ bytes\n$/)
  assert.deepEqual(verify(readFileSync(file)).findings, [])
  assert.equal(await run('--work-order', 'WO-2026-999999', '--out', join(folder, 'none.zip')), 1)
  assert.equal(await run('--work-order', number, '--out', join(folder, 'no', 'such', 'folder.zip')), 78)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('none') || name.endsWith('.part')),
    [],
  )
})

test('R-PACK-11 a reader that goes away gets no whole pack, is in no entry, and keeps nobody else waiting', async () => {
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Large' })
  await attach('Pat Planner', 'large.bin', randomBytes(16 * 1024 * 1024), made.body.id)
  const count = (await listExports()).length
  for (let i = 0; i < 4; i += 1) {
    const response = await askWhenFree(`work_order=${made.body.number}`)
    await response.body?.cancel()
  }
  assert.equal((await listExports()).length, count)
  const whole = await askWhenFree(`work_order=${made.body.number}`)
  assert.deepEqual(verify(Buffer.from(await whole.arrayBuffer())).findings, [])
  assert.equal((await listExports()).length, count + 1)
})

/** A few packs are made at a time; whoever comes then is told when to come again. */
async function askWhenFree(query: string): Promise<Response> {
  const response = await ask('Aud Auditor', query)
  if (response.status !== 429) return response
  assert.equal(response.headers.get('retry-after'), '30')
  await response.arrayBuffer()
  return askWhenFree(query)
}

test('R-PACK-12 a pack shows one moment, whatever is written while it is made', async () => {
  const made: string[] = []
  for (let i = 0; i < 12; i += 1) {
    const body = { title: `Record ${i}`, asset: 'BAL-12' }
    made.push((await fixture.call('Pat Planner', 'POST', '/v1/work-orders', body)).body.id)
  }
  const done = new AbortController()
  const write = async (): Promise<number> => {
    let count = 0
    for (; !done.signal.aborted; count += 1) {
      const path = `/v1/work-orders/${made[count % made.length]}/comments`
      assert.equal((await fixture.call('Lee Lab', 'POST', path, { body: `comment ${count}` })).status, 201)
    }
    return count
  }
  const writing = write()
  const moment = await exportPack('asset=BAL-12').finally(() => done.abort())
  assert.ok((await writing) > 0)
  assert.deepEqual(verify(moment.bytes).findings, [])
})

test('R-PACK-14 a pack that cannot be made to its end breaks off, and keeps nobody waiting', async () => {
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Damaged' })
  await withClient(fixture.adminUrl, async (client) => {
    // As no role at run time could: a field that is not of the form that it always has.
    await client.query('set session_replication_role = replica')
    await client.query(`update work_orders set requirements = '{"people": 1}' where id = $1`, [made.body.id])
  })
  const response = await fetch(`${fixture.url}/v1/packs?work_order=${made.body.number}`, {
    headers: { authorization: `Bearer ${fixture.keyOf('Aud Auditor')}` },
    signal: AbortSignal.timeout(20_000),
  })
  assert.equal(response.status, 200)
  await assert.rejects(response.arrayBuffer(), { name: 'TypeError', message: 'terminated' })
})
