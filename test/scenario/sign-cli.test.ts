/** Signing on the command line: secrets are asked for and never arguments; the statement is shown before they are. */
import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { runCli } from '#edges/cli.ts'
import type { Input } from '#edges/cli-secret.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture } from '../fixture.ts'
import { letSign, letSignByPasskey, passphraseOf } from '../signers.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
  await letSign(fixture, 'Quinn QA')
  await letSignByPasskey(fixture, 'Olga Owner')
})
after(() => fixture.close())

type Run = { readonly code: number; readonly out: string; readonly err: string }
async function docket(who: string, argv: readonly string[], input: Input): Promise<Run> {
  let out = ''
  let err = ''
  const code = await runCli(
    argv,
    { DOCKET_URL: fixture.url, DOCKET_KEY: fixture.keyOf(who) },
    { out: (text) => void (out += text), err: (text) => void (err += text), input },
  )
  return { code, out, err }
}
const typing = (...lines: string[]): Input => Readable.from(lines.map((line) => `${line}\n`))

/** A terminal whose person types a line each time that they are asked. */
function terminal(...lines: string[]): Input {
  const stream = new PassThrough()
  for (const line of lines) stream.write(`${line}\r`)
  return Object.assign(stream, { isTTY: true, setRawMode: () => stream })
}

async function submit(): Promise<string> {
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', {
    title: 'Replace the seals',
    description: 'Worn.',
    regulatory: true,
    asset: 'HPLC-01',
    assignee: 'Lee Lab',
    job_plan: { title: 'Seals', steps: ['Replace'] },
  })
  const path = `/v1/work-orders/${made.body.id}/transitions`
  const moved = await fixture.call('Pat Planner', 'POST', path, { to: 'pending_approval', reason: 'worn' })
  assert.equal(moved.status, 200, moved.text)
  return made.body.number
}

const ofQuinn = (): string[] => [fixture.passwordOf('Quinn QA'), passphraseOf('Quinn QA')]

test('R-CER-2 docket sign shows the statement, asks for both secrets, and says what became of it', async () => {
  const number = await submit()
  const pending = await docket('Quinn QA', ['sign', '--pending'], typing())
  assert.match(pending.out, new RegExp(`^${number} +release +qa`, 'm'))
  const argv = ['sign', number, '--gate', 'release', '--role', 'qa', '--time-zone', 'America/New_York']
  const { code, out, err } = await docket('Quinn QA', argv, typing(...ofQuinn()))
  assert.equal(code, 0, err)
  const read = await fixture.call('Aud Auditor', 'GET', `/v1/work-orders/${number}/approvals`)
  const [{ text, signed_at_local: at, version }] = read.body.data[0].signatures
  assert.ok(out.startsWith(`\n${text}\n\n`), 'the text of the statement, exactly')
  assert.ok(
    out.endsWith(
      `Signed by Quinn QA as Quality Assurance, meaning approved, at ${at}, for version ${version}.\n${number} is still pending_approval: other signatures are missing.\n`,
    ),
    out,
  )
  assert.match(at, / America\/New_York \(UTC-0[45]:00\)$/)
  const left = await docket('Quinn QA', ['sign', number], typing(...ofQuinn()))
  assert.deepEqual([left.code, left.err], [1, `nothing of ${number} waits for your signature\n`])
  const refused = await docket('Lee Lab', argv, typing(...ofQuinn()))
  assert.equal(refused.code, 1)
  assert.match(
    refused.err,
    /no signature as qa is needed.*this needs the role qa.*before your first signature.*no signing key/,
  )
})

test('R-CER-2 with a passkey docket sign says where to go on, and signs nothing', async () => {
  const number = await submit()
  const { code, out, err } = await docket('Olga Owner', ['sign', number], typing())
  assert.deepEqual([code, out], [1, ''])
  const address = `${fixture.url.replace('127.0.0.1', 'localhost')}/sign/${number}`
  assert.equal(err, `nothing is signed yet: a passkey needs a browser, go on at ${address}\n`)
  assert.equal((await fetch(address)).status, 200)
})

test('R-CER-3 a secret is no argument of any command', async () => {
  const number = await submit()
  for (const argv of [
    ['sign', number, '--password', 'x'],
    ['sign', number, '--passphrase', 'x'],
    ['approval', 'sign', number, '--password', 'x'],
    ['approval', 'sign', number, '--passphrase', 'x'],
    ['signing-key', 'enroll', '--kind', 'passphrase', '--label', 'x', '--password', 'x'],
    ['principal', 'create', '--name', 'x', '--kind', 'human', '--password', 'x'],
    ['principal', 'set-password', 'x', '--password', 'x'],
  ]) {
    const { code, err } = await docket('Ada Admin', argv, typing())
    assert.deepEqual(
      [code, /unknown option|too many arguments/.test(err)],
      [2, true],
      `${argv.join(' ')}: ${err}`,
    )
  }
})

test('R-CER-3 secrets are lines of standard input, in their order, and nothing is done without them', async () => {
  const number = await submit()
  const wish = ['--gate', 'release', '--role', 'qa', '--json']
  const intent = await docket('Quinn QA', ['approval', 'intend', number, ...wish], typing())
  const { id } = JSON.parse(intent.out)
  for (const given of [[], ofQuinn().slice(0, 1), ['', '']]) {
    const { code, err } = await docket('Quinn QA', ['approval', 'sign', id, '--passphrase'], typing(...given))
    assert.equal(code, 2, err)
    assert.match(err, /^error: no (?:password|passphrase) was given/)
  }
  const signed = await docket('Quinn QA', ['approval', 'sign', id, '--passphrase'], typing(...ofQuinn()))
  assert.equal(signed.code, 0, signed.err)
})

test('R-CER-3 a terminal is asked without echo, and twice for a secret that is chosen now', async () => {
  const [password = '', passphrase = ''] = ofQuinn()
  const number = await submit()
  const { code, out, err } = await docket('Quinn QA', ['sign', number], terminal(password, passphrase))
  assert.equal(code, 0, err)
  assert.equal(err, 'Password: \nPassphrase of "office": \n')
  for (const secret of [password, passphrase]) assert.ok(!`${out}${err}`.includes(secret))

  const person = [
    'principal',
    'create',
    '--name',
    'Tom Typist',
    '--kind',
    'human',
    '--email',
    'tom@example.org',
    '--password',
  ]
  const typo = await docket('Ada Admin', person, terminal('a password of Tom', 'a pasword of Tom'))
  assert.deepEqual([typo.code, /not the same twice: nothing was done/.test(typo.err)], [2, true])
  const made = await docket('Ada Admin', person, terminal('a password of Tom', 'a password of Tom'))
  assert.equal(made.code, 0, made.err)
  assert.equal(made.err, 'Password: \nPassword, once more: \n')
})
