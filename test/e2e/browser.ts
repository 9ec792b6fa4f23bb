/**
 * People in a real Chromium, each with a browser of their own (cookies, screen) and an authenticator that Chromium
 * itself provides (WebAuthn.addVirtualAuthenticator of the DevTools protocol).
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where Chromium is: what CHROMIUM says, or where Debian has it; undefined when there is none. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM']
  if (named !== undefined && named !== '') {
    assert.ok(existsSync(named), `CHROMIUM is ${named}, and there is no such file`)
    return named
  }
  return usual.find((path) => existsSync(path))
}

export const openBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })

export type Person = {
  readonly name: string
  readonly page: Page
  readonly authenticator: { setVerified(isVerified: boolean): Promise<void> }
  /** What the browser complained about: errors of scripts, and what the page's policy refused. */
  readonly complaints: string[]
  close(): Promise<void>
}

export async function openPerson(browser: Browser, origin: string, name: string): Promise<Person> {
  const context: BrowserContext = await browser.newContext({
    baseURL: origin,
    viewport: { width: 1280, height: 900 },
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
  })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // That a request was refused is shown by the page itself.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  const devtools: CDPSession = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  })
  return {
    name,
    page,
    authenticator: {
      setVerified: (isUserVerified) =>
        devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }).then(() => undefined),
    },
    complaints,
    close: () => context.close(),
  }
}

/** A picture of the page, as on a desk and on a phone, when SCREENSHOTS names a folder. */
export async function keepPicture({ page }: Person, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS']
  if (folder === undefined || folder === '') return
  mkdirSync(folder, { recursive: true })
  for (const [width, height] of [
    [1280, 900],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height })
    await page.screenshot({ path: join(folder, `${name}-${width}.png`), fullPage: true })
  }
  await page.setViewportSize({ width: 1280, height: 900 })
}

/** True when nothing sticks out to the right, which a phone would have to be moved sideways for. */
export async function fitsPhone({ page }: Person): Promise<boolean> {
  await page.setViewportSize({ width: 390, height: 844 })
  const fits = await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')
  await page.setViewportSize({ width: 1280, height: 900 })
  return fits === true
}
