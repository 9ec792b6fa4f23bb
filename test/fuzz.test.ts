/** The fuzz, small; at full size with `npm run prove -- fuzz`. And what is refused below any operation, by name. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'
import { exchange } from './prove/fuzz-wire.ts'
import { proveFuzz } from './prove/fuzz.ts'
import { table } from './table.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

test('R-FUZ-1 bad input everywhere gets a clear refusal, never a 500', async (t) => {
  const figures = await proveFuzz({ size: 'small', seed: 1, say: () => undefined })
  t.diagnostic(JSON.stringify(figures))
})

const malformed = table`
  sent                                            | status | code
  noise                                           | 400    | invalid_input
  GET /v1/me HTTP/1.1¶¶                           | 400    | invalid_input
  GET /v1/me HTTP/1.1¶host: a b¶¶                 | 400    | invalid_input
  GET /v1/me HTTP/1.1¶host: x¶no colon¶¶          | 400    | invalid_input
  GET /v1/assets/%zz HTTP/1.1¶host: x¶¶           | 400    | invalid_input
  GET /v1/assets/LONG HTTP/1.1¶host: x¶¶          | 404    | not_found
  GET /v1/me HTTP/1.1¶host: x¶y: LONGLONG¶¶       | 431    | too_large
  GET /v1/me HTTP/1.1¶host: x¶expect: more¶¶      | 401    | unauthenticated
  PUT /v1/me HTTP/1.1¶host: x¶content-length: 0¶¶ | 404    | not_found`

for (const { sent = '', status, code } of malformed) {
  test(`R-FUZ-2 ${sent} is answered ${status} with a problem`, async () => {
    const text = sent
      .replaceAll('¶', '\r\n')
      .replaceAll('LONGLONG', 'x'.repeat(20_000))
      .replaceAll('LONG', 'x'.repeat(2000))
    const heard = await exchange(fixture.url, Buffer.from(`${text}\r\n\r\n`), false, 5000)
    assert.equal(heard.status, Number(status), heard.text)
    assert.match(heard.headers.get('content-type') ?? '', /^application\/problem\+json/)
    const problem = JSON.parse(heard.text) as { readonly [name: string]: unknown }
    assert.deepEqual([problem['code'], problem['status']], [code, Number(status)])
    assert.ok(String(problem['title']).length > 5)
  })
}

test('R-FUZ-3 input that is nested without end is refused at every door', async () => {
  const deep = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`
  for (const path of ['/v1/work-orders', '/mcp', '/auth/sign-in/email']) {
    const response = await fetch(`${fixture.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fixture.keyOf('Ada Admin')}`, 'content-type': 'application/json' },
      body: deep,
    })
    const problem = (await response.json()) as { code: string; title: string }
    assert.deepEqual([response.status, problem.code], [422, 'invalid_input'], path)
    assert.match(problem.title, /nested/)
  }
})
