/** The whole trail as a stranger checks it: a file and two programs, without any part of the service. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, test } from 'node:test'
import { exportTrail } from '#capabilities/verify/trail.ts'
import { shapes } from '#capabilities/verify/verify.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture } from '#test/fixture.ts'
import { sealAll } from '#test/sealing.ts'
import { trailPath, trailVerifier } from './verifier.ts'

let fixture: Fixture
let tenantId = ''
let folder = ''
before(async () => {
  fixture = await openFixture()
  folder = mkdtempSync(join(tmpdir(), 'docket-trail-'))
  const { rows } = await withClient(fixture.adminUrl, (client) =>
    client.query<{ id: string }>(`select tenant_id as id from tenants where slug = 'acme-bio'`),
  )
  tenantId = rows[0]?.id ?? ''
  for (let i = 0; i < 3; i += 1)
    await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: `Sealed ${i}` })
  await sealAll(fixture)
  await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Not sealed yet' })
})
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await fixture.close()
})

async function readTrail(): Promise<string[]> {
  const lines: string[] = []
  await exportTrail(fixture.service.installation.urlOf('docket_auditor'), tenantId, (line) =>
    lines.push(line),
  )
  return lines
}

/** The trail as a stranger checks it: a file, two programs, another process. */
function runAlone(lines: readonly string[], ...options: string[]) {
  const path = join(folder, 'trail.ndjson')
  writeFileSync(path, lines.join(''))
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(trailPath), path, ...options],
    {
      encoding: 'utf8',
    },
  )
  return { status, stdout, stderr }
}

test('R-TRL-1 the whole trail of a tenant holds offline, with what is sealed and what is not yet', async () => {
  const { status, stdout } = runAlone(await readTrail())
  assert.equal(status, 0, stdout)
  assert.match(stdout, /^acme-bio: \d+ entries, \d+ sealed, 1 not yet: EVERYTHING HOLDS\n$/)
})

test('R-TRL-2 a checkpoint that was kept shows that the log is not the one it was', async () => {
  const lines = await readTrail()
  const notes = lines.filter((line) => line.includes('"type" : "checkpoint"'))
  const { note } = JSON.parse(notes.at(-1) ?? '') as { note: string }
  const kept = join(folder, 'kept.txt')
  writeFileSync(kept, note)
  assert.equal(runAlone(lines, '--checkpoint', kept).status, 0)
  const lastLeaf = lines.findLastIndex((line) => line.includes('"type" : "leaf"'))
  const cut = runAlone(lines.toSpliced(lastLeaf, 1), '--checkpoint', kept)
  assert.equal(cut.status, 1)
  assert.match(cut.stdout, /a checkpoint of \d+ was kept: its end is missing/)
  writeFileSync(kept, note.replace(/\n\d+\n/, '\n1\n'))
  assert.match(runAlone(lines, '--checkpoint', kept).stdout, /is not signed by a key that the entries/)
})

test('R-TRL-3 what is no trail is said to be none', async () => {
  const lines = await readTrail()
  for (const [name, text, says] of [
    ['nothing', [], /has no head/],
    ['another format', ['{"type":"head","format":"docket-trail/9","tenant":{}}\n'], /not docket-trail\/1/],
    ['a line of another kind', [...lines, '{"type":"rumour"}\n'], /which is not known/],
    ['a line cut short', [...lines, '{"type"'], /is not JSON/],
  ] as const) {
    const { status, stderr } = runAlone(text)
    assert.equal(status, 2, name)
    assert.match(stderr, says, name)
  }
})

test('R-TRL-4 the offline verifier knows every recorded field of every kind of record', () => {
  const known = Object.fromEntries(Object.entries(shapes).map(([kind, { fields }]) => [kind, [...fields]]))
  assert.deepEqual(trailVerifier.recorded, known)
})
