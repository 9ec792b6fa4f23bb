/** Planted secrets are found and named, ordinary texts pass, nothing of a secret comes back, and time stays linear. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { plant, planted } from '../../test/planted-secret.ts'
import { contextDetectors } from './secret-context.ts'
import { formDetectors } from './secret-form.ts'
import { findSecrets } from './secret-scan.ts'

const kindOf = (value: unknown): string | undefined => findSecrets(value)[0]?.kind

test('R-SEC-1 at least sixty kinds of secrets are found and named, each kind that there is among them', async (t) => {
  for (const { kind, text } of planted)
    await t.test(`${kind} ${planted.findIndex((one) => one.text === text)}`, () =>
      assert.deepEqual(findSecrets({ job_plan: { steps: [{}, {}, { text }] } }), [
        { path: 'job_plan.steps.2.text', kind },
      ]),
    )
  const kinds = new Set(planted.map(({ kind }) => kind))
  assert.ok(kinds.size >= 60)
  const known = [...formDetectors, ...contextDetectors].map(({ kind }) => kind)
  assert.deepEqual(
    known.filter((kind) => !kinds.has(kind)),
    [],
  )
})

/** Zero-width space, soft hyphen, word joiner, variation selector. */
const unseen = ['\u200b', '\u00ad', '\u2060', '\ufe0f']
const hide = (text: string): string =>
  text.replaceAll(/[^]/g, (sign, at: number) => sign + (unseen[at % unseen.length] ?? ''))
const widen = (text: string): string =>
  text.replaceAll(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0))

test('R-SEC-2 a secret is found in a sentence, in JSON inside a string, in full-width letters and between unseen characters', () => {
  for (const { kind, text } of planted) {
    assert.equal(kindOf(`Note for the late shift: ${text} (see the manual)`), kind)
    assert.equal(kindOf(JSON.stringify({ note: text })), kind)
    assert.equal(kindOf(JSON.stringify({ note: JSON.stringify({ note: text }) })), kind)
    assert.equal(kindOf(widen(text)), kind)
    assert.equal(kindOf(hide(text)), kind)
  }
})

test('R-SEC-2 a token that was broken over lines is found, also where the break is written as an escape', () => {
  const token = plant('ghp_«A36»')
  for (const gap of ['\n', '\r\n', '\n    ', '\\n', ' \\r\\n '])
    for (const at of [8, 20, 39])
      assert.equal(kindOf(`the token\n${token.slice(0, at)}${gap}${token.slice(at)}`), 'github_token')
})

const ordinary = `
  PASSWORD RESET BY IT
  password reset by IT
  Password reset by IT at 10:30, see INC0012345
  password: reset by IT
  password: see the safe
  Password: changed by Lee on Monday
  Password: required
  password: ask IT for it.
  Password changed: 2026-11-20
  password expires: 2026-12-31
  Password policy: 12 characters, two of them digits
  the password is 8 characters long
  Passwort: siehe Tresor
  密码：请联系IT
  密码：见3号柜
  Password: 2026-11-20 (changed)
  Passcode: 10:30 handover
  password: 12th floor, with the porter
  password: b2
  password: WO-2026-000009
  Access key: KEY-2024-0012
  Master key: Hausmeisterwohnung
  Token: INC0012345
  credential: CERT-2026-0042.
  password: <from vault>
  password: {{password}}
  password: $PASSWORD
  password: $\{DB_PASSWORD}
  password=$(vault read lab)
  password=%PASSWORD%
  password: ********
  password: xxxxxxxx
  password: [hidden]
  password: (none)
  password: n/a
  password: vault://secret/lab/hplc-01#password
  password = gcp-sm://projects/lab-42/secrets/hplc
  "password": "env://DOCKET_CREDENTIAL_HPLC"
  vault://secret/lab/hplc-01#password
  gcp-sm://projects/lab-42/secrets/hplc-01/versions/7
  env://DOCKET_CREDENTIAL_HPLC_01
  password: string
  password: null
  secret: true
  token: required
  replaced the token ring
  Token ring card replaced: see photo
  token: 4711
  key: 5 mm hex
  Allen key: 5 mm, torque 12 Nm
  Access key: A-12 in the cabinet
  Master key: with the porter
  API key: stored in the vault
  api_key: $API_KEY
  secret: see the binder
  Secretary: Kim Berger
  PASS: 12.5 mm
  Pass: yes
  bypass: valve V-101
  BYPASS VALVE = OPEN
  compass bearing: 271
  Bearing: SKF 6205-2RS1/C3
  bearer of bad news: internationalization
  Basic maintenance troubleshooting
  basic: internationalization
  Authorization: signed by QA
  Authorization: Bearer <token>
  Authorization: Bearer $TOKEN
  author: Lee Lab
  login: with the badge
  Login to the server, then run setup -a
  pwd: /opt/instrument/bin
  mysql -u root -p lab
  call it without --password option or --token
  curl -u lee https://api.example.com
  550e8400-e29b-41d4-a716-446655440000
  asset: 0190b7a2-0000-7000-8000-000000000000
  token: 550e8400-e29b-41d4-a716-446655440000
  signing_key: 0190b7a2-0000-7000-8000-000000000000
  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  da39a3ee5e6b4b0d3255bfef95601890afd80709
  commit 6ef352b, d41d8cd98f00b204e9800998ecf8427e
  47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
  WO-2026-000009 and WO-2026-1120-3FA
  2026-11-20T12:00:00.123456Z
  2026-11-20T12:00:00+01:00/2026-11-21T12:00:00+01:00
  part 707-01-0K941, 208-70-14152A, CAT 1R-0749
  S/N US-73510-LC1100-0042-A
  docket.example.com/v1/work-orders?status=in_progress&limit=50
  https://example.com:8443/a/b?x=1&y=2#part
  https://example.com/@lee/photo:12
  http://[::1]:3000/v1/me
  ssh://git@git.example.com:22/lab/plans.git
  git@git.example.com:lab/plans.git
  postgres://docket@db.example.com:5432/docket
  postgres://docket:<password>@db.example.com/docket
  postgres://docket:$\{PGPASSWORD}@db.example.com/docket
  postgres://docket:****@db.example.com/docket
  jdbc:oracle:thin:@//db.example.com:1521/LAB
  Server=db;Database=lab;Integrated Security=true
  lee.lab@example.com, qa+lims@example.co.uk
  mailto:lee@example.com?subject=Work%20order
  -----BEGIN CERTIFICATE-----
  -----BEGIN PUBLIC KEY-----
  ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKqTtHhHgOUoA2LK3bUdSTWG7NyVh8tsAYbo0u9o9VYb lab
  The seal kit P/N KY-1029384756-AKIRA-XYZ
  sk-learn and sk_buff are libraries
  WARR: RH Engine lost Pwr & rattling
  ENGINE: Bad oil leak @ upper
  Torque to 25 Nm; if > 30 Nm replace: see table 4
  measured: 4.02 mg/mL (limit: 4.00 ± 0.05)
  https://docs.example.com/guides/reset-your-password-and-token?step=3
  Reset the password: open the panel, hold F8
`
  .split('\n')
  .map((line) => line.trim().replace('\\{', '{'))
  .filter((line) => line !== '')

test('R-SEC-3 ordinary texts pass: references, placeholders, ids, hashes, times, part numbers, addresses, prose', async (t) => {
  for (const text of ordinary)
    await t.test(text, () => {
      assert.deepEqual(findSecrets({ text }), [])
      assert.deepEqual(findSecrets({ [text]: 1 }), [])
    })
  assert.deepEqual(findSecrets(ordinary.join('\n')), [])
})

test('R-SEC-4 every field of 5,485 real work orders passes, and every row as one text', () => {
  const file = readFileSync(new URL('../../data/excavators/work-orders.csv', import.meta.url), 'utf8')
  const rows: unknown[] = parse(file, { columns: true })
  assert.equal(rows.length, 5485)
  assert.deepEqual(findSecrets(rows), [])
  assert.deepEqual(findSecrets(file.split('\n')), [])
  assert.deepEqual(findSecrets(file), [])
})

const found = (value: unknown): string[] => findSecrets(value).map(({ path, kind }) => `${path} ${kind}`)

test('R-SEC-5 a name makes a secret of its value, whole, in lists too, and as a pair', () => {
  assert.deepEqual(found({ attributes: { adminPassword: 'hunter2' } }), ['attributes.adminPassword password'])
  assert.deepEqual(found({ password: 'correct horse battery staple' }), ['password password'])
  assert.deepEqual(found({ password: 12345678 }), ['password password'])
  assert.deepEqual(found({ passwords: ['Tr0ub4dor', '<none>'] }), ['passwords.0 password'])
  assert.deepEqual(found([{ name: 'db_password', value: 'Tr0ub4dor' }]), ['0.value password'])
  assert.deepEqual(found({ key: 'API_KEY', value: plant('«A24»') }), ['value api_key'])
  assert.deepEqual(found({ auth: plant('«A24»==') }), ['auth docker_auth'])
  const fine = {
    password: 'vault://secret/lab/hplc-01#password',
    passphrase: null,
    db_password: '{{db_password}}',
    token: 'ring',
    tokens: 12,
    signing_key: '0190b7a2-0000-7000-8000-000000000000',
    idempotency_key: 'a1b2c3d4e5f6a7b8',
    secret: false,
    credential: 'see the binder, please',
    password_reset: 'by IT',
    pass: 'yes',
    parameters: [
      { name: 'password', value: 'see the binder' },
      { name: 'limit', value: 'Tr0ub4dor' },
    ],
  }
  assert.deepEqual(findSecrets(fine), [])
})

test('R-SEC-6 the path of a field is told, and of a name that is a secret only where it stands', () => {
  const token = plant('ghp_«A36»')
  const kind = 'github_token'
  assert.deepEqual(findSecrets(token), [{ path: '', kind }])
  assert.deepEqual(findSecrets({ [token]: 'x' }), [{ path: '(name)', kind }])
  assert.deepEqual(findSecrets({ a: { [token]: { b: token } } }), [
    { path: 'a.(name)', kind },
    { path: 'a.(name).b', kind },
  ])
  assert.deepEqual(findSecrets({ ['x'.repeat(101)]: token }), [{ path: '(name)', kind }])
  assert.deepEqual(findSecrets({ a: [token, { b: 'x' }], c: token }, { except: ['a.0'] }), [
    { path: 'c', kind },
  ])
})

const nest = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)

test('R-SEC-6 what is nested too deep to look at is said to be, and does not exhaust the stack', () => {
  assert.deepEqual(findSecrets(nest(100)), [])
  assert.equal(kindOf(nest(101)), 'nested_too_deep')
  assert.equal(kindOf(nest(100_000)), 'nested_too_deep')
})

test('R-SEC-7 what is found never holds the secret or eight characters of it, wherever it was planted', () => {
  const bodies = ['«A36»', '«h40»', '«U20»'].map(plant)
  const secrets = planted.map(({ text }) => text).filter((text) => !/\s/.test(text))
  const spot = fc.constantFrom(
    (text: string) => text,
    (text: string) => ({ [text]: text }),
    (text: string) => [{ note: `${text}\n` }, { [`a ${text}`]: [1, null, text] }],
    (text: string) => ({ name: text, value: text }),
    (text: string) => ({ password: text, [`password: ${text}`]: { [text]: { [text]: 1 } } }),
    (text: string) => ({ a: JSON.stringify({ [text]: text }) }),
    (text: string) => ({ [`${'z'.repeat(90)} ${text}`]: text }),
    (text: string) => ({ [hide(text)]: 'x' }),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...secrets, ...bodies.map((body) => `ghp_${body}`)),
      spot,
      fc.jsonValue(),
      (secret, put, noise) => {
        const said = JSON.stringify(findSecrets([noise, put(secret)]))
        const isShown = (from: number): boolean => said.includes(secret.slice(from, from + 8))
        const parts = Array.from({ length: Math.max(secret.length - 7, 1) }, (_, i) => i)
        // Words of a form itself ("password") are no part of a secret.
        return !parts.some((from) => isShown(from) && /\d/.test(secret.slice(from, from + 8)))
      },
    ),
    { numRuns: 2000 },
  )
})

test('R-SEC-9 no pattern can take more time than in proportion to the text: every repetition has a bound', () => {
  for (const { kind, pattern } of [...formDetectors, ...contextDetectors]) {
    const bare = pattern.source.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]+\]/g, 'x')
    assert.doesNotMatch(bare, /[*+]|\{\d+,\}/, kind)
    const bounds = [...bare.matchAll(/\{(?:\d+,)?(\d+)\}/g)].map(([, most]) => Number(most))
    assert.ok(Math.max(0, ...bounds) <= 9000, kind)
  }
})

test(
  'R-SEC-9 texts of 50,000 characters made to mislead the patterns come to an end',
  { timeout: 60_000 },
  () => {
    const starts = planted.map(({ text }) => text.slice(0, 14))
    const bits = [
      'a',
      'A',
      '0',
      '-',
      '.',
      '/',
      ' ',
      '\n',
      '\\n',
      '"',
      "'",
      '=',
      ':',
      '<',
      '$',
      'a-',
      'Aa1.',
      '://a:',
      ';pwd=',
      '\ufdfa',
      'a\u0301\u0316',
    ]
    for (const bit of [...starts, ...bits]) findSecrets(bit.repeat(50_000 / bit.length))
    // Marks that have to be put in order, also those that only become marks: a million, to be felt.
    for (const marks of [
      '\u0316\u0301',
      '\u0301\u0316',
      '\uff9e\u0316',
      '\u0316\u200b\u0301',
      '\u0344\u0316',
    ])
      findSecrets(marks.repeat(500_000))
  },
)

test('R-SEC-8 whatever JSON is given, the walk comes to its end', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      findSecrets(value)
      findSecrets({ password: value, name: value, value })
    }),
  )
})
