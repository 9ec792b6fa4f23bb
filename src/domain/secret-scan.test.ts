/** What is a secret and what is not; that nothing of one is repeated; that no text makes the scanner slow. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { planted } from '#test/planted-secrets.ts'
import { findSecrets } from './secret-scan.ts'

const ordinary = [
  '01a1fce9-115c-7271-8e0d-7b43636ca3d5',
  '24ba546ec03c64bb27c682d295da02c574472e126fc12ebd760b5ef8c744de0e',
  'WO-2026-000042, WO-2026-1121-A3F, F-2026-000007',
  '2026-11-21T07:01:35.614Z',
  'password reset by IT, user informed',
  'The password: reset by IT on Monday',
  'password: see the vault',
  'Password is expired, ask Bob',
  'replaced the token ring adapter',
  'Token: none',
  'secret santa in the workshop',
  'key: 5 mm hex; keyway 8 x 7; key-seat milled',
  'API key rotation is due',
  'password: <from the vault>',
  'password={{password}}',
  'export PASSWORD=$LIMS_PASSWORD',
  'password: ********',
  'password=xxxxxxxx',
  'credential vault://secret/lab/hplc-01#password',
  'password: vault://secret/lab/hplc-01#password',
  'token = env://DOCKET_CREDENTIAL_LIMS',
  'gcp-sm://projects/lab/secrets/lims/versions/3',
  'https://lims.example.com:8443/orders/7?page=2#top',
  'postgres://lims@db.lab:5432/lims',
  'https://{{user}}:{{password}}@git.lab/x.git',
  'write to lee.lab@example.com at 10:30',
  'basic instrumentation and basic misunderstandings; bearer characteristics',
  'Basic troubleshooting done, bearing replaced',
  'serial SK1234567, part 7Q~9, P/N AKIB-77-2',
  'ratio 3:AAB, torque 950 Nm, sq0 is a type of nut',
  'sk-2000 seal kit; pat testing of the tools is due; s.5 of the manual',
  'login with your badge; passed OQ; compass; passage; tokenised',
  '-----BEGIN CERTIFICATE-----',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ lee@lab',
  '更换滤芯，密码锁坏了',
  'auth: QA, approved by Olga',
]

test('R-SEC-1 every kind of planted secret is found, and named by its kind', async (t) => {
  assert.ok(new Set(planted.map(([what]) => what)).size >= 50)
  for (const [what, kind, text] of planted) {
    await t.test(what, () => {
      assert.deepEqual(findSecrets(text), [{ path: '', kind }])
      assert.deepEqual(findSecrets({ a: [{ b: `see ${text} there` }] })[0]?.path, 'a.0.b')
    })
  }
})

test('R-SEC-2 ordinary texts are no secrets', () => {
  for (const text of ordinary) assert.deepEqual(findSecrets(text), [], text)
})

test('R-SEC-3 every field of the 5,485 work orders of the excavators is accepted', () => {
  const file = readFileSync(new URL('../../data/excavators/work-orders.csv', import.meta.url))
  const rows: Record<string, string>[] = parse(file, { columns: true })
  assert.equal(rows.length, 5485)
  for (const row of rows) assert.deepEqual(findSecrets(row), [], JSON.stringify(row))
})

test('R-SEC-4 a secret is found wherever it hides: names, JSON in a text, other widths, invisible characters', () => {
  const [, , token = ''] = planted.find(([what]) => what === 'Vault') ?? []
  const wide = token.replaceAll(/[!-~]/g, (letter) =>
    String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0),
  )
  assert.deepEqual(findSecrets({ attributes: { [token]: 1 } }), [
    { path: 'attributes.(name)', kind: 'vault_token' },
  ])
  assert.deepEqual(findSecrets({ a: JSON.stringify({ b: token }) }), [{ path: 'a', kind: 'vault_token' }])
  assert.deepEqual(findSecrets([wide]), [{ path: '0', kind: 'vault_token' }])
  assert.deepEqual(findSecrets([Array.from(token).join('\u200B')]), [{ path: '0', kind: 'vault_token' }])
  assert.deepEqual(findSecrets({ db: { password: 'Hunter2' } }), [{ path: 'db.password', kind: 'password' }])
  assert.deepEqual(findSecrets({ password: 'reset' }), [])
})

const kinds = new Set(planted.map(([, kind]) => kind))

test('R-SEC-5 nothing of a secret is in what is said about it', () => {
  fc.assert(
    fc.property(fc.constantFrom(...planted), fc.string(), fc.boolean(), ([, , secret], more, asName) => {
      const value = asName ? { [secret]: more } : { some: [`${more} ${secret}`] }
      const found = findSecrets(value)
      assert.ok(found.length > 0)
      for (const { path, kind } of found) {
        assert.ok(['(name)', 'some.0'].includes(path), path)
        assert.ok(kinds.has(kind), kind)
      }
    }),
    { numRuns: 500 },
  )
})

const time = (text: string): number => {
  const start = performance.now()
  findSecrets(text)
  return performance.now() - start
}

test('R-SEC-6 no text makes it slow: what is hard for one pattern takes little longer than prose', () => {
  const prose = 'Replaced the hydraulic hose of the bucket cylinder; tested under load. '
    .repeat(800)
    .slice(0, 50_000)
  const usual = Math.max(1, ...Array.from({ length: 5 }, () => time(prose)))
  for (const piece of [
    'a',
    'a.',
    'password',
    'password ',
    'aws secret ',
    'eyJ',
    'eyJaaaaaaaa.',
    'x://',
    'x://a:',
    'a_',
    'ey.',
    's.',
    'basic ',
    'login ',
    '密码：',
    '-----BEGIN A ',
    'key=',
    '"auth" : ',
  ]) {
    const hard = piece.repeat(50_000).slice(0, 50_000)
    const best = Math.min(time(hard), time(hard), time(hard))
    // A pattern that goes back over the text takes minutes here, not a multiple of this.
    assert.ok(best < usual * 400, `${piece}: ${best.toFixed(0)} ms, prose ${usual.toFixed(1)} ms`)
  }
})
