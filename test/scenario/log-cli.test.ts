/** A checkpoint that somebody keeps, and what the command line says beside it when the log is another one later. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runCli } from '#edges/cli.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture } from '../fixture.ts'
import { sealAll } from '../sealing.ts'

type Run = { readonly code: number; readonly out: string; readonly err: string }

let fixture: Fixture
let folder = ''
before(async () => {
  fixture = await openFixture()
  folder = mkdtempSync(join(tmpdir(), 'docket-log-'))
  await sealAll(fixture)
})
after(async () => {
  await fixture.close()
  rmSync(folder, { recursive: true, force: true })
})

async function run(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<Run> {
  let out = ''
  let err = ''
  const code = await runCli(argv, environment, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  })
  return { code, out, err }
}
const verify = (...argv: string[]): Promise<Run> =>
  run(['verify', ...argv], { DATABASE_URL: fixture.adminUrl, DOCKET_DATA: folder })

function keep(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('R-VER-22 a kept checkpoint is checked for the tenant that it names, as a note or as the service gave it', async () => {
  const asPlanner = { DOCKET_URL: fixture.url, DOCKET_KEY: fixture.keyOf('Pat Planner') }
  const given = await run(['log', 'checkpoint', '--json'], asPlanner)
  assert.equal(given.code, 0, given.err)
  const { note, tree_size } = JSON.parse(given.out) as { note: string; tree_size: number }
  const asJson = keep('checkpoint.json', given.out)
  const asNote = keep('checkpoint.txt', note)
  for (const file of [asJson, asNote]) {
    const whole = await verify('--checkpoint', file)
    assert.equal(whole.code, 0, whole.out + whole.err)
    assert.match(
      whole.out,
      new RegExp(`tenant acme-bio: .* ${tree_size} sealed under \\d+ checkpoints?: whole`),
    )
  }
  // The end of the log is taken away, so well that nothing inside tells.
  await withClient(fixture.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica')
    const mine = `(select tenant_id from tenants where slug = 'acme-bio')`
    for (const table of ['log_leaves', 'log_tiles', 'checkpoints'])
      await client.query(`delete from ${table} where tenant_id = ${mine}`)
  })
  assert.equal((await verify()).code, 0)
  const damaged = await verify('--tenant', 'acme-bio', '--checkpoint', asNote)
  assert.equal(damaged.code, 1)
  assert.match(
    damaged.out,
    new RegExp(`the log has 0 leaves, and a checkpoint of ${tree_size} was kept outside`),
  )
  assert.match(damaged.out, /DAMAGED: 1 damage found/)
  const other = await verify('--tenant', 'superportia', '--checkpoint', asNote)
  assert.equal(other.code, 1)
  assert.match(other.err, /is of the log of .*, which is not checked here/)
})

test('R-VER-22 what is no checkpoint is refused before anything is read', async () => {
  for (const text of ['', 'none', '{}', '{"note":7}', '{', '{"note":"none"}']) {
    const { code, err } = await verify('--checkpoint', keep('odd', text))
    assert.equal(code, 1, text)
    assert.match(err, /odd holds no checkpoint of a log/)
  }
  const gone = await verify('--checkpoint', join(folder, 'gone'))
  assert.equal(gone.code, 1)
  assert.match(gone.err, /gone cannot be read/)
})
