/** Who is hired, signs in and holds a key, in the demo tenant that has an administrator. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { send } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'

export const admin = 'Ada Admin'
/** How long who is out may still be in. */
export const outWithinMs = 5000
export const password = 'correct horse battery staple'

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

export const me = (url: string, headers: Record<string, string>): Promise<Reply> =>
  send(`${url}/v1/me`, undefined, 'GET', undefined, headers)

export async function hire(fixture: Fixture, fields: Record<string, unknown>, who = admin): Promise<Json> {
  const { status, body, text } = await fixture.call(who, 'POST', '/v1/principals', {
    kind: 'human',
    ...fields,
  })
  assert.equal(status, 201, text)
  return body
}

export async function keyFor(
  fixture: Fixture,
  principal: string,
  fields: object = {},
): Promise<{ id: string; key: string }> {
  const { status, body, text } = await fixture.call(admin, 'POST', '/v1/keys', { principal, ...fields })
  assert.equal(status, 201, text)
  return body
}

export const setIn = (fixture: Fixture, id: string, state: 'disable' | 'enable'): Promise<Reply> =>
  fixture.call(admin, 'POST', `/v1/principals/${id}/${state}`, { reason: 'a test' })

export const signIn = (
  url: string,
  email: string,
  secret: string,
  headers: Record<string, string> = { origin: url },
): Promise<Reply> =>
  send(`${url}/auth/sign-in/email`, undefined, 'POST', { email, password: secret }, headers)

export const cookieOf = ({ headers }: Reply): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')

/** Asks until the answer is 401; the milliseconds that it took. Five seconds is too long. */
export async function untilOut(what: string, status: () => Promise<number>): Promise<number> {
  const start = performance.now()
  for (;;) {
    const now = await status()
    const tookMs = Math.round(performance.now() - start)
    assert.ok(tookMs < outWithinMs, `${what} is still in after ${tookMs} ms`)
    if (now === 401) return tookMs
    assert.equal(now, 200, what)
    await pause(50)
  }
}

export async function untilIn(status: () => Promise<number>): Promise<void> {
  const start = performance.now()
  while ((await status()) !== 200) {
    assert.ok(performance.now() - start < outWithinMs, 'still out')
    await pause(50)
  }
}
