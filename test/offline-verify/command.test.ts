/** The offline verifier as a stranger runs it: one file, no packages, exit codes, JSON. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makePack, sealPack, zipPack } from './pack.ts'
import { verifierPath } from './verifier.ts'
import type { Verdict } from './verifier.ts'

/** Away from the project: nothing of it can be imported from here. */
const folder = mkdtempSync(join(tmpdir(), 'docket-offline-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const program = join(folder, 'docket-verify.mjs')
copyFileSync(fileURLToPath(verifierPath), program)
const made = await makePack()
const put = (name: string, data: string | Uint8Array): string => {
  writeFileSync(join(folder, name), data)
  return join(folder, name)
}
const good = put('good.zip', zipPack(sealPack(made)))
const vkey = put('vkey.txt', `${made.world.logKey.vkey}\n`)
const older = put('older.txt', made.older)

type Ran = { readonly code: number | null; readonly out: string; readonly err: string }
function run(args: readonly string[], node = process.execPath): Ran {
  const { status, stdout, stderr } = spawnSync(node, [program, ...args], { encoding: 'utf8', cwd: folder })
  return { code: status, out: stdout, err: stderr }
}

test('R-OFV-7 the verifier is one file that imports nothing but Node itself', () => {
  const text = readFileSync(verifierPath, 'utf8')
  const imports = [...text.matchAll(/\bfrom '([^']+)'|\bimport\(\s*['"]([^'"]+)/g)].map(
    ([, from, lazy]) => from ?? lazy,
  )
  assert.ok(imports.length >= 5)
  assert.deepEqual(
    imports.filter((name) => name?.startsWith('node:') !== true && name !== 'node:crypto'),
    [],
  )
  assert.doesNotMatch(
    text,
    /\brequire\(|\bfetch\(|node:(?:net|http|https|tls|dns|child_process|worker_threads)/,
  )
})

test('R-OFV-7 exit code 0: everything holds, with a key, a checkpoint and a witness of one’s own', () => {
  const { code, out } = run([
    good,
    '--vkey',
    vkey,
    '--checkpoint',
    older,
    '--witness',
    made.world.witness.vkey,
  ])
  assert.equal(code, 0)
  assert.match(out, /signed by the key that you gave/)
  assert.match(out, /consistent with your checkpoint of 20 entries/)
  assert.match(out, /EVERYTHING HOLDS/)
  for (const line of out.split('\n')) assert.ok(line.length <= 80 || line.startsWith('Pack'), line)
})

test('R-OFV-7 exit code 1: something does not hold, as JSON too', () => {
  const files = new Map(sealPack(made)).set('README.txt', Buffer.from('other'))
  const bad = put('bad.zip', zipPack(files))
  assert.equal(run([bad]).code, 1)
  const { code, out } = run([bad, '--json'])
  assert.equal(code, 1)
  const verdict = JSON.parse(out) as Verdict
  assert.deepEqual(
    verdict.findings.map((finding) => `${finding.code} ${finding.file}`),
    ['manifest README.txt'],
  )
})

test('R-OFV-7 exit code 2: what cannot be read is no verdict', () => {
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [[join(folder, 'nothing.zip')], /cannot be read/],
    [[put('text.zip', 'hello')], /not a zip archive/],
    [[put('empty.zip', zipPack(new Map([['a.txt', Buffer.from('a')]])))], /no manifest\.json/],
    [[put('json.zip', zipPack(new Map([['manifest.json', Buffer.from('{')]])))], /not JSON/],
    [
      [put('other.zip', zipPack(new Map([['manifest.json', Buffer.from('{"format":"docket-pack/2"}')]])))],
      /format/,
    ],
    [[good, '--vkey', join(folder, 'nothing')], /cannot be read/],
    [[good, '--vkey', older], /key of the log that you gave is not one/],
    [[good, '--checkpoint', vkey], /checkpoint that you gave/],
    [[good, '--witness', 'nobody'], /no key of a witness/],
    [[good, '--nonsense'], /nonsense/],
  ]
  for (const [args, says] of cases) {
    const { code, err } = run(args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, says)
  }
  assert.equal(run([]).code, 2)
  assert.equal(run(['--help']).code, 0)
})

test('R-OFV-7 it runs on the oldest Node that it promises', (t) => {
  const old = ['/usr/bin/node', '/usr/local/bin/node'].find(
    (path) => existsSync(path) && execFileSync(path, ['--version'], { encoding: 'utf8' }).startsWith('v20.'),
  )
  if (old === undefined) return t.skip('no Node 20 on this machine')
  const { code, err } = run([good], old)
  assert.equal(code, 0, err)
})
