/**
 * A passkey made by a real browser: Chromium with a virtual authenticator (WebDriver, section of WebAuthn Level 3)
 * on a page of the service. CHROMIUM names the browser where it is not called `chromium` in the path.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { assertionOptions, checkAssertion, loadKey } from '#capabilities/signing-key/use.ts'
import { assertionSchema } from '#capabilities/signing-key/passkey.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'
import { confirmKey, inTenantOf } from '../signers.ts'

let fixture: Fixture
let browser: Browser
before(async () => {
  fixture = await openFixture()
  const port = new URL(fixture.url).port
  browser = await chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      // The service listens on a free port; for the browser it is where its passkeys are bound to.
      `--host-resolver-rules=MAP ${new URL(originOf(fixture)).host} 127.0.0.1:${port}`,
    ],
  })
})
after(async () => {
  await browser.close()
  await fixture.close()
})

const originOf = ({ service }: Fixture): string => service.floor.relyingParty.origins[0] ?? ''

function findChromium(): string {
  const named = process.env['CHROMIUM']
  if (named !== undefined) return named
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim()
  } catch (cause) {
    throw new Error(
      'This test needs Chromium: install it ("apt-get install chromium"), or set CHROMIUM to its path.',
      {
        cause,
      },
    )
  }
}

/** A page of the service in a browser that has a security key with (or without) a fingerprint reader. */
async function openPage(isUserVerified: boolean): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'usb',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified,
      automaticPresenceSimulation: true,
    },
  })
  await page.goto(`${originOf(fixture)}/docs`)
  return page
}

/** As text: what runs in the page is not typed here. */
const ask = (page: Page, what: 'create' | 'get', options: object): Promise<Json> =>
  page.evaluate(`(async () => {
    const options = ${JSON.stringify(options)}
    const publicKey = PublicKeyCredential.${what === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON'}(options)
    return (await navigator.credentials.${what}({ publicKey })).toJSON()
  })()`)

const begin = async (who: string): Promise<Json> => {
  const body = { label: 'security key', password: fixture.passwordOf(who) }
  return (await fixture.call(who, 'POST', '/v1/signing-keys/passkey-options', body)).body
}

test('R-KEY-13 Chromium makes a passkey and signs a statement with it', { timeout: 60_000 }, async () => {
  const page = await openPage(true)
  const { options, ticket } = await begin('Olga Owner')
  const response = await ask(page, 'create', options)
  const enrolled = await fixture.call('Olga Owner', 'POST', '/v1/signing-keys', {
    kind: 'passkey',
    ticket,
    response,
  })
  assert.equal(enrolled.status, 201, enrolled.text)
  await confirmKey(fixture, 'Quinn QA', enrolled.body.id as string)

  const statement = createHash('sha256').update(randomBytes(8)).digest()
  const { relyingParty } = fixture.service.floor
  await inTenantOf(fixture, 'Olga Owner', async (tx) => {
    const key = await loadKey(tx, enrolled.body.id as string)
    assert.ok(key !== undefined)
    const assertion = assertionSchema.parse(
      await ask(page, 'get', await assertionOptions(key, statement, relyingParty)),
    )
    const checked = await checkAssertion(key, statement, assertion, relyingParty)
    assert.ok(checked !== undefined && checked.signCount > key.sign_count)
    const used = { ...key, sign_count: checked.signCount }
    assert.equal(await checkAssertion(used, statement, assertion, relyingParty), undefined, 'a second time')
    const other = createHash('sha256').update('other').digest()
    assert.equal(await checkAssertion(key, other, assertion, relyingParty), undefined, 'another statement')
  })
})

test('R-KEY-13 without user verification Chromium makes no passkey', { timeout: 60_000 }, async () => {
  const page = await openPage(false)
  const { options } = await begin('Olga Owner')
  await assert.rejects(ask(page, 'create', { ...options, timeout: 2000 }), /NotAllowedError/)
})
