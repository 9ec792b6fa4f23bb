/**
 * The API, as the person who is signed in: the session is a cookie that no script can read. Who is in several
 * organisations says in which one, and this tab remembers it.
 */

const tenantKey = 'docket-tenant'
export const rememberTenant = (slug) => sessionStorage.setItem(tenantKey, slug)
export const forgetTenant = () => sessionStorage.removeItem(tenantKey)

const away = { code: 'unavailable', title: 'the service does not answer: nothing was done, try again' }

/**
 * One call. Gives `{ ok, status, body }`; of what was refused, the body is the problem (RFC 9457).
 * @param {string} method @param {string} path @param {unknown} [body]
 */
export async function ask(method, path, body) {
  const tenant = sessionStorage.getItem(tenantKey)
  const headers = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (tenant !== null) headers['docket-tenant'] = tenant
  const text = body === undefined ? undefined : JSON.stringify(body)
  try {
    const response = await fetch(path, { method, headers, body: text, credentials: 'same-origin' })
    const answer = await response.text()
    return { ok: response.ok, status: response.status, body: answer === '' ? {} : JSON.parse(answer) }
  } catch {
    return { ok: false, status: 0, body: away }
  }
}

/** The body of what cannot be refused to who is signed in; anything else is a defect, and is shown as one. */
export async function read(path) {
  const { ok, body } = await ask('GET', path)
  if (!ok) throw new Error(body.title ?? `${path} was refused`)
  return body
}

/** Everything that waits for who is signed in. What comes late may be the only thing that is for this person. */
export async function readPending() {
  const all = []
  let cursor
  do {
    const page = await read(`/v1/approvals${cursor ? `?cursor=${cursor}` : ''}`)
    all.push(...page.data)
    cursor = page.next_cursor
  } while (cursor)
  return all
}

/** Why passkeys cannot be used on this page, if they cannot. */
export function findPasskeyProblem() {
  const origin = document.querySelector('meta[name=docket-origin]')?.content ?? ''
  if (origin !== '' && origin !== location.origin)
    return {
      text: 'Passkeys work at another address of this service only: ',
      href: origin + location.pathname,
    }
  if (globalThis.SimpleWebAuthnBrowser?.browserSupportsWebAuthn() !== true)
    return { text: 'This browser has no passkeys.', href: undefined }
  return undefined
}

/** What an authenticator's answer means to a person; the browser tells little, on purpose. */
export function toPasskeyProblem(error) {
  const titles = {
    NotAllowedError:
      'the passkey was not used: it was cancelled, took too long, is not on this device, or could not verify that it is you',
    InvalidStateError: 'this device holds a passkey of yours already',
    ConstraintError: 'this device cannot verify that it is you (by PIN, fingerprint or face)',
    SecurityError: 'passkeys do not work at this address',
  }
  const name = error?.name ?? ''
  return { code: 'passkey', title: titles[name] ?? `the passkey did not work (${name || 'unknown'})` }
}
