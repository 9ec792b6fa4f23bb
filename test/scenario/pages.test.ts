/** The signing pages as they leave the house, and who may change anything by the cookie of a session. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { openAccounts } from '#platform/accounts.ts'
import { openDatabase } from '#platform/database.ts'
import { openFixture, send, testSecret } from '../fixture.ts'
import type { Fixture, Reply } from '../fixture.ts'
import { table } from '../table.ts'
import { cookieOf, hire, password, signIn } from './people.ts'

let fixture: Fixture
let cookie: string
before(async () => {
  fixture = await openFixture()
  await hire(fixture, { name: 'Mei Lin', email: 'mei@example.org', password, roles: ['operator'] })
  cookie = cookieOf(await signIn(fixture.url, 'mei@example.org', password))
})
after(() => fixture.close())

const folder = new URL('../../src/edges/pages/', import.meta.url)

test("R-CER-4 pages run nothing but their own files, in nobody else's frame", async () => {
  const files = readdirSync(folder).filter((name) => !name.endsWith('.html'))
  assert.ok(files.length >= 9, files.join(' '))
  const urls = [
    '/',
    '/sign',
    '/sign/WO-2026-000001',
    '/keys',
    '/pages/webauthn.js',
    ...files.map((name) => `/pages/${name}`),
  ]
  for (const url of urls) {
    const { status, headers } = await send(`${fixture.url}${url}`, undefined, 'GET')
    assert.equal(status, 200, url)
    const policy = headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/, url)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.match(policy, /require-trusted-types-for 'script'/)
    assert.doesNotMatch(policy, /unsafe|\*|https?:/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
  }
  const { text } = await send(`${fixture.url}/sign`, undefined, 'GET')
  assert.doesNotMatch(text, /\{\{|<script>|<style|\son\w+=|style=/)
  assert.match(text, /<meta name="docket-origin" content="http:\/\/localhost:\d+" \/>/)
  for (const name of files.filter((one) => one.endsWith('.js')))
    assert.doesNotMatch(
      readFileSync(new URL(name, folder), 'utf8'),
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/,
      name,
    )
})

test('R-CER-7 the address of the service leads to the pages and to the API, and every link of it is there', async () => {
  const { status, headers, text } = await send(`${fixture.url}/`, undefined, 'GET')
  assert.deepEqual([status, headers.get('content-type')], [200, 'text/html; charset=utf-8'])
  const links = [...text.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, link = '']) => link)
  for (const link of ['/sign', '/keys', '/docs', ...links]) {
    assert.ok(links.includes(link), link)
    const found = await fetch(`${fixture.url}${link}`)
    assert.equal(found.status, 200, link)
  }
})

test('R-CER-4 a file that the browser has is not sent again', async () => {
  const first = await send(`${fixture.url}/pages/style.css`, undefined, 'GET')
  const again = await fetch(`${fixture.url}/pages/style.css`, {
    headers: { 'if-none-match': first.headers.get('etag') ?? '' },
  })
  assert.deepEqual([again.status, await again.text()], [304, ''])
})

test('R-CER-5 by a cookie only a page of this service changes anything', async () => {
  const key = fixture.keyOf('Lee Lab')
  const ours = new URL(fixture.url).origin
  const values: { readonly [name: string]: string } = {
    ours,
    configured: fixture.service.floor.relyingParty.origins[0] ?? '',
    'another port': 'http://127.0.0.1:9',
    'another site': 'https://evil.example',
    null: 'null',
  }
  const rows = table`
    by     | method | origin       | sec-fetch-site | answer
    cookie | POST   | ours         | same-origin    | 201
    cookie | POST   | configured   | same-origin    | 201
    cookie | POST   |              |                | 201
    cookie | POST   |              | same-origin    | 201
    cookie | POST   | another port | same-site      | 403 foreign_page
    cookie | POST   | another site | cross-site     | 403 foreign_page
    cookie | POST   | another site |                | 403 foreign_page
    cookie | POST   | null         | cross-site     | 403 foreign_page
    cookie | POST   |              | same-site      | 403 foreign_page
    cookie | GET    | another site | cross-site     | 200
    basic  | POST   | another site | cross-site     | 403 foreign_page
    key    | POST   | another site | cross-site     | 201
    nobody | POST   | another site | cross-site     | 401 unauthenticated
  `
  const credentials: { readonly [by: string]: Record<string, string> } = {
    cookie: { cookie },
    // What a browser sends along when an address has a name and a password in it.
    basic: { cookie, authorization: 'Basic YTpi' },
    key: { cookie, authorization: `Bearer ${key}` },
    nobody: {},
  }
  const seen = await Promise.all(
    rows.map(async (row) => {
      const { by = '', method = '', origin = '', 'sec-fetch-site': site = '' } = row
      const headers = {
        ...credentials[by],
        ...(origin === '' ? {} : { origin: values[origin] ?? '' }),
        ...(site === '' ? {} : { 'sec-fetch-site': site }),
      }
      const body = method === 'GET' ? undefined : { title: 'By whom?' }
      const reply: Reply = await send(`${fixture.url}/v1/work-orders`, undefined, method, body, headers)
      return {
        ...row,
        answer: reply.status < 300 ? String(reply.status) : `${reply.status} ${reply.body.code}`,
      }
    }),
  )
  assert.deepEqual(seen, rows)
  const mcp = await send(
    `${fixture.url}/mcp`,
    undefined,
    'POST',
    {},
    { cookie, origin: 'https://evil.example' },
  )
  assert.equal(mcp.body.code, 'foreign_page')
})

test('R-CER-6 behind a proxy people sign in at its origin, and their cookie is for TLS only', async () => {
  const db = openDatabase({
    url: () => fixture.service.installation.urlOf('docket_auth'),
    max: 1,
    applicationName: 'test',
    searchPath: 'auth',
  })
  const origin = 'https://docket.example.com'
  // What reaches the service from the proxy: plain HTTP, under an inner name.
  const arrive = (origins: readonly string[]): Promise<Response> =>
    openAccounts(db, testSecret, origins).handle(
      new Request('http://10.0.0.7:3000/auth/sign-in/email', {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin, 'x-forwarded-for': '10.0.0.1' },
        body: JSON.stringify({ email: 'mei@example.org', password }),
      }),
    )
  try {
    assert.equal((await arrive(['http://localhost:3000'])).status, 403)
    const signedIn = await arrive([origin])
    assert.equal(signedIn.status, 200, await signedIn.text())
    const [setCookie = ''] = signedIn.headers.getSetCookie()
    assert.match(setCookie, /^__Secure-.*; Secure\b/)
  } finally {
    await db.close()
  }
})
