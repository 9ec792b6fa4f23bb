/**
 * The ceremony as people go through it: in a real Chromium and on the command line, against `npm start` on an empty
 * folder. A regulatory work order goes from draft to closed with four signatures: one by passkey and one by
 * passphrase on the page, one by a delegate, one on the command line; and it is turned back once before.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { strFromU8, unzipSync } from 'fflate'
import type { Browser } from 'playwright-core'
import { send } from '../fixture.ts'
import type { Json, Reply } from '../fixture.ts'
import { startService } from '../service-process.ts'
import type { ServiceProcess } from '../service-process.ts'
import { findChromium, fitsPhone, keepPicture, openBrowser, openPerson } from './browser.ts'
import type { Person } from './browser.ts'
import { answerOf, openDocket } from './docket.ts'
import type { Docket } from './docket.ts'

const chromium = findChromium()
const needsChromium =
  chromium === undefined && 'there is no Chromium: install it, or say where it is with CHROMIUM'
const passphrase = 'four words for signing'

let parent: string
let service: ServiceProcess
let browser: Browser
let docket: Docket
let origin: string
let demo: { tenants: Json; passwords: Json }
const people: Person[] = []

before(async () => {
  if (chromium === undefined) return
  parent = mkdtempSync(join(tmpdir(), 'docket-ceremony-'))
  chmodSync(parent, 0o711)
  service = await startService(join(parent, 'data'), 60_000)
  origin = `http://localhost:${service.port}`
  docket = openDocket({ PORT: String(service.port), DOCKET_DATA: join(parent, 'data') })
  demo = JSON.parse(answerOf(await docket(['demo', 'load', '--json'])))
  browser = await openBrowser(chromium)
})
after(async () => {
  if (chromium === undefined) return
  await browser?.close()
  await service?.stop()
  rmSync(parent, { recursive: true, force: true })
})

const keyOf = (name: string): string => demo.tenants['acme-bio'][name]
const passwordOf = (name: string): string => demo.passwords['acme-bio'][name]
const api = (who: string, method: string, path: string, body?: unknown): Promise<Reply> =>
  send(`${origin}/v1${path}`, keyOf(who), method, body)

async function done(who: string, method: string, path: string, body?: unknown): Promise<Json> {
  const reply = await api(who, method, path, body)
  assert.ok(reply.status < 300, reply.text)
  return reply.body
}

/** A person in front of the page, signed in. */
async function arrive(name: string, path: string, password = passwordOf(name)): Promise<Person> {
  const person = await openPerson(browser, origin, name)
  people.push(person)
  const { page } = person
  await page.goto(path)
  await page.getByLabel('Email').fill(`${name.toLowerCase().replaceAll(' ', '.')}@acme-bio.example`)
  await page.getByLabel('Password').fill(password)
  if (people.length === 1) {
    assert.ok(await fitsPhone(person))
    await keepPicture(person, 'sign-in')
  }
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
  return person
}

async function attest({ page }: Person): Promise<void> {
  const button = page.getByRole('button', { name: 'I have read this and attest it' })
  await button.click()
  await button.waitFor({ state: 'detached' })
}

async function enrolPasskey({ page }: Person, password: string): Promise<void> {
  const form = page.getByRole('form', { name: 'Enrol a passkey' })
  await form.getByLabel('What you call it').fill('my laptop')
  await form.getByLabel('Password of your account').fill(password)
  await form.getByRole('button', { name: 'Enrol a passkey' }).click()
}

async function enrolPassphrase({ page }: Person, password: string): Promise<void> {
  const form = page.getByRole('form', { name: 'Enrol a key with a passphrase' })
  await form.getByLabel('What you call it').fill('office')
  await form.getByLabel('Password of your account').fill(password)
  await form.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await form.getByLabel('Passphrase, once more').fill(passphrase)
  await form.getByRole('button', { name: 'Enrol a key' }).click()
}

const waits = (person: Person): Promise<void> => person.page.locator('.tag.pending').first().waitFor()

async function confirm({ page }: Person, owner: string): Promise<void> {
  const form = page.getByRole('form', { name: `Confirm the key of ${owner}` })
  await form.getByLabel('How you checked who it is').fill('passport seen')
  await form.getByRole('button', { name: 'Confirm this key' }).click()
}

/** Up to the statement; gives its text as the page shows it, which is the one that the service made. */
async function readStatement({ page }: Person, number: string): Promise<string> {
  await page.goto(`/sign/${number}`)
  const answered = page.waitForResponse((response) => response.url().endsWith('/signing-intents'))
  await page.getByRole('button', { name: 'Read the statement' }).click()
  const intent: Json = await (await answered).json()
  await page.locator('#statement').waitFor()
  const lines = await page.locator('#statement p').allTextContents()
  const shown = lines.map((line) => (line === '\u00a0' ? '' : line)).join('\n')
  assert.equal(shown, intent.text)
  return shown
}

/** A page that asks the authenticator not to verify the person: what the service says to what it gets so. */
const signUnverified = ({ page }: Person, number: string, password: string): Promise<Json> =>
  page.evaluate(`(async () => {
    const post = async (path, body) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
      return { status: response.status, body: await response.json() }
    }
    const { body: intent } = await post('/v1/work-orders/${number}/signing-intents', { gate: 'release', role: 'system_owner' })
    const optionsJSON = { ...intent.options, userVerification: 'discouraged' }
    const { id, rawId, type, response } = await SimpleWebAuthnBrowser.startAuthentication({ optionsJSON })
    const assertion = { id, rawId, type, response }
    return post('/v1/signing-intents/' + intent.id + '/signature', { password: ${JSON.stringify(password)}, assertion })
  })()`)

async function giveSecrets({ page }: Person, password: string, given?: string): Promise<void> {
  await page.getByLabel('Password of your account').fill(password)
  if (given === undefined) await page.getByRole('button', { name: 'Sign with the passkey' }).click()
  else {
    await page.getByLabel(/^Passphrase of/).fill(given)
    await page.getByRole('button', { name: 'Sign', exact: true }).click()
  }
}

const refusalOn = async ({ page }: Person): Promise<string> =>
  (await page.getByRole('alert').innerText()).trim()

async function outcomeOn({ page }: Person): Promise<string> {
  await page.getByRole('heading', { name: 'Signed', exact: true }).waitFor()
  return page.locator('.card.done').innerText()
}

const regulated = {
  title: 'Upgrade HPLC-01 to the next release <img src=x onerror=alert(1)>',
  description: 'Image, install, qualify.',
  regulatory: true,
  asset: 'HPLC-01',
  assignee: 'Lee Lab',
  job_plan: { title: 'Upgrade', steps: ['Back up', 'Install', 'Qualify'] },
}

test(
  'R-CER-1 from draft to closed with four signatures, as people give them',
  { skip: needsChromium },
  async (t) => {
    let hasFailed = false
    /** Each step stands on the one before. */
    const step = (title: string, work: () => Promise<void> | void): Promise<void> =>
      t.test(title, { skip: hasFailed && 'a step before it failed' }, async () => {
        hasFailed = true
        await work()
        hasFailed = false
      })
    let olga: Person, quinn: Person, ada: Person, dana: Person, number: string
    const move = (who: string, to: string, more: object = {}): Promise<Json> =>
      done(who, 'POST', `/work-orders/${number}/transitions`, { to, reason: 'as planned', ...more })

    await step('a passkey and a key with a passphrase are enrolled on the page, and wait', async () => {
      olga = await arrive('Olga Owner', '/keys')
      await keepPicture(olga, 'keys-new')
      await attest(olga)
      await enrolPasskey(olga, passwordOf('Olga Owner'))
      await waits(olga)
      quinn = await arrive('Quinn QA', '/keys')
      await attest(quinn)
      await enrolPassphrase(quinn, 'not the password')
      assert.match(await refusalOn(quinn), /The password is not right; after 4 more wrong attempts/)
      await enrolPassphrase(quinn, passwordOf('Quinn QA'))
      await waits(quinn)
      assert.ok(await fitsPhone(quinn))
      await keepPicture(quinn, 'keys-pending')
    })

    await step('a second person confirms them', async () => {
      ada = await arrive('Ada Admin', '/keys')
      await keepPicture(ada, 'keys-confirm')
      for (const owner of ['Olga Owner', 'Quinn QA']) {
        await confirm(ada, owner)
        await ada.page
          .getByRole('form', { name: `Confirm the key of ${owner}` })
          .waitFor({ state: 'detached' })
      }
      await olga.page.goto('/keys')
      await olga.page.getByText('Confirmed by Ada Admin').waitFor()
      await keepPicture(olga, 'keys-active')
    })

    await step('QA turns the work back, with the reason', async () => {
      const made = await done('Pat Planner', 'POST', '/work-orders', regulated)
      number = made.number
      await move('Pat Planner', 'pending_approval')
      await quinn.page.goto('/sign')
      await quinn.page.getByRole('link', { name: number }).waitFor()
      await keepPicture(quinn, 'sign-list')
      await quinn.page.getByRole('link', { name: number }).click()
      await quinn.page.getByText('Turn the work back instead').click()
      await quinn.page.getByLabel('Reason').fill('the plan has no way back')
      await keepPicture(quinn, 'record')
      await quinn.page.getByRole('button', { name: 'Turn it back' }).click()
      await quinn.page.getByText('turned back').first().waitFor()
      assert.equal((await done('Pat Planner', 'GET', `/work-orders/${number}`)).status, 'draft')
      const steps = ['Back up', 'Install', 'Qualify', 'Restore the backup if that fails']
      await done('Pat Planner', 'PATCH', `/work-orders/${number}`, {
        job_plan: { title: 'Upgrade', steps },
        reason: 'asked for by QA',
      })
      await move('Pat Planner', 'pending_approval')
    })

    await step('the System Owner signs the release by passkey, verified and not otherwise', async () => {
      const shown = await readStatement(olga, number)
      assert.match(shown, /^I, Olga Owner, sign as System Owner\./)
      assert.match(shown, /^Meaning: {5}approved: its release to be carried out$/m)
      assert.match(shown, /^Time: .* Europe\/Berlin \(UTC\+0[12]:00\)$/m)
      assert.ok(shown.includes(regulated.title), 'what the record says is shown, and not run')
      assert.ok(await fitsPhone(olga))
      await keepPicture(olga, 'statement-passkey')
      await olga.authenticator.setVerified(false)
      await giveSecrets(olga, passwordOf('Olga Owner'))
      assert.match(await refusalOn(olga), /Nothing was signed[\s\S]*The passkey was not used/)
      const unverified = await signUnverified(olga, number, passwordOf('Olga Owner'))
      assert.deepEqual(
        [unverified.status, unverified.body.code, unverified.body.what],
        [403, 'not_signed', 'assertion'],
      )
      await olga.authenticator.setVerified(true)
      await giveSecrets(olga, passwordOf('Olga Owner'))
      const outcome = await outcomeOn(olga)
      assert.match(outcome, /Olga Owner\s+System Owner · approved · valid for version/)
      assert.match(outcome, /is still pending approval: other signatures are missing\./)
      await olga.page.getByText('System Owner: 1 of 1 signed').waitFor()
      await keepPicture(olga, 'signed')
    })

    await step('QA signs it with a passphrase, and the work is released', async () => {
      const shown = await readStatement(quinn, number)
      assert.match(shown, /^I, Quinn QA, sign as Quality Assurance\./)
      await giveSecrets(quinn, passwordOf('Quinn QA'), 'not the passphrase')
      assert.match(await refusalOn(quinn), /The passphrase is not right; after \d more wrong attempts/)
      await keepPicture(quinn, 'refused-passphrase')
      await giveSecrets(quinn, passwordOf('Quinn QA'), passphrase)
      assert.match(await outcomeOn(quinn), /is now assigned\./)
      await move('Lee Lab', 'in_progress')
      await move('Lee Lab', 'completed', { completion_summary: 'Upgraded and qualified', actual_hours: 6 })
    })

    await step('a delegate signs the completion for the System Owner', async () => {
      const password = 'a password for Dana Deputy'
      const made = await docket(
        [
          'principal',
          'create',
          '--name',
          'Dana Deputy',
          '--kind',
          'human',
          '--roles',
          'operator',
          '--email',
          'dana.deputy@acme-bio.example',
          '--password',
        ],
        { key: keyOf('Ada Admin'), typed: `${password}\n` },
      )
      answerOf(made)
      assert.ok(!`${made.out}${made.err}`.includes(password))
      dana = await arrive('Dana Deputy', '/keys', password)
      await attest(dana)
      await enrolPassphrase(dana, password)
      await waits(dana)
      // Who gave the password could have enrolled the key: somebody else confirms it.
      await ada.page.goto('/keys')
      await confirm(ada, 'Dana Deputy')
      assert.match(await refusalOn(ada), /Who gave this person a password does not confirm/)
      await quinn.page.goto('/keys')
      await confirm(quinn, 'Dana Deputy')
      await quinn.page
        .getByRole('form', { name: 'Confirm the key of Dana Deputy' })
        .waitFor({ state: 'detached' })

      const early = await askFor(dana, number, 'system_owner')
      assert.match(early, /You cannot sign this now[\s\S]*This needs the role system_owner/)
      await keepPicture(dana, 'refused-role')
      const delegation = await done('Olga Owner', 'POST', '/delegations', {
        to: 'Dana Deputy',
        roles: ['system_owner'],
        ends_at: new Date(Date.now() + 86_400_000).toISOString(),
        reason: 'at a conference',
      })
      const accepted = await dana.page.evaluate(
        `fetch('/v1/delegations/${delegation.id}/acceptance', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).then((response) => response.status)`,
      )
      assert.equal(accepted, 200)
      const shown = await readStatement(dana, number)
      assert.match(shown, /^I, Dana Deputy, sign as System Owner for Olga Owner, under delegation /)
      await giveSecrets(dana, password, passphrase)
      assert.match(await outcomeOn(dana), /Dana Deputy, for Olga Owner/)
    })

    await step('QA signs it on the command line, and the record closes', async () => {
      const key = keyOf('Quinn QA')
      assert.match(
        answerOf(await docket(['sign', '--pending'], { key })),
        new RegExp(`^${number} +completion +qa`, 'm'),
      )
      const typed = `${passwordOf('Quinn QA')}\n${passphrase}\n`
      const out = answerOf(await docket(['sign', number], { key, typed }))
      assert.match(out, /^I, Quinn QA, sign as Quality Assurance\.$/m)
      assert.match(out, /^Time: .* Asia\/Tokyo \(UTC\+09:00\)$/m)
      assert.match(
        out,
        /^Signed by Quinn QA as Quality Assurance, meaning approved, at .* Asia\/Tokyo \(UTC\+09:00\), for version \d+\.$/m,
      )
      assert.match(out, new RegExp(`^${number} is now closed\\.$`, 'm'))
      assert.ok(!out.includes(passphrase))
    })

    await step('the record prints name, time with zone, meaning and version of each', async () => {
      const { data: rounds } = await done('Aud Auditor', 'GET', `/work-orders/${number}/approvals`)
      assert.deepEqual(
        rounds.map((round: Json) => [round.gate, round.status]),
        [
          ['release', 'returned'],
          ['release', 'passed'],
          ['completion', 'passed'],
        ],
      )
      const signatures: Json[] = rounds.flatMap((round: Json) => round.signatures)
      assert.deepEqual(
        signatures.map(({ signer, on_behalf_of, role, key_kind }) => [signer, on_behalf_of, role, key_kind]),
        [
          ['Olga Owner', null, 'system_owner', 'passkey'],
          ['Quinn QA', null, 'qa', 'passphrase'],
          ['Dana Deputy', 'Olga Owner', 'system_owner', 'passphrase'],
          ['Quinn QA', null, 'qa', 'passphrase'],
        ],
      )
      assert.match(signatures[3].signed_at_local, /Asia\/Tokyo \(UTC\+09:00\)$/)
      await checkPack(number, signatures)
      await quinn.page.goto(`/sign/${number}`)
      await quinn.page.getByText('Nobody is asked to sign now').waitFor()
      assert.ok(await fitsPhone(quinn))
      await keepPicture(quinn, 'record-closed')
    })

    await step('no page broke its own policy', () => {
      for (const { name, complaints } of people) assert.deepEqual([name, complaints], [name, []])
    })
  },
)

/** What the page says when a statement is asked for that this person may not sign. */
async function askFor(person: Person, number: string, role: string): Promise<string> {
  await person.page.goto(`/sign/${number}`)
  await person.page.getByLabel('You sign as').selectOption(role)
  await person.page.getByRole('button', { name: 'Read the statement' }).click()
  return refusalOn(person)
}

/** The inspection pack holds for the second verifier, and its page shows each signature. */
async function checkPack(number: string, signatures: readonly Json[]): Promise<void> {
  const file = join(parent, 'pack.zip')
  answerOf(await docket(['export', '--work-order', number, '--out', file], { key: keyOf('Aud Auditor') }))
  const verify = spawnSync(process.execPath, ['verify/docket-verify.mjs', file], { encoding: 'utf8' })
  assert.equal(verify.status, 0, `${verify.stdout}\n${verify.stderr}`)
  const html = strFromU8(unzipSync(readFileSync(file))[`records/${number}/record.html`] ?? new Uint8Array())
  for (const { signer, signed_at_local: at, meaning, version } of signatures)
    for (const part of [signer, at, meaning, `version ${version}`])
      assert.ok(html.includes(part), `${part} is not in ${html}`)
}
