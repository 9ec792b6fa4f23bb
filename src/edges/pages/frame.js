/** What every page has: the head with who you are, and the way in for who is not signed in. */
import { ask, forgetTenant, read, rememberTenant } from './api.js'
import { field, fill, h, input, main, onSubmit, refusalBox } from './dom.js'

/** @param {string} here path of the page @param {(me: object) => Promise<void>} draw */
export async function openPage(here, draw) {
  drawTop(here)
  const { ok, status, body: me } = await ask('GET', '/v1/me')
  if (!ok) {
    if (status === 401) await drawSignIn()
    else fill(main(), refusalBox('This does not work just now', me))
    return
  }
  drawTop(here, me)
  try {
    await draw(me)
  } catch (error) {
    // Shown, and not kept from whoever looks for its cause.
    console.error(error)
    fill(main(), refusalBox('This does not work just now', { title: error.message }))
  }
}

function drawTop(here, me) {
  const link = (href, text) => h('a', { href, 'aria-current': here === href ? 'page' : undefined }, text)
  const leave = h('button', { type: 'button', class: 'quiet', click: signOut }, 'Sign out')
  fill(
    document.getElementById('top'),
    h(
      'a',
      { class: 'brand', href: '/sign' },
      h('img', { src: '/pages/icon.svg', alt: '', width: 28, height: 28 }),
      'Docket',
    ),
    me && h('nav', { 'aria-label': 'Pages' }, link('/sign', 'To sign'), link('/keys', 'Signing keys')),
    me && h('div', { class: 'who' }, h('span', {}, h('strong', {}, me.name), h('br'), me.tenant.name), leave),
  )
}

function signOut() {
  forgetTenant()
  void ask('POST', '/auth/sign-out', {}).then(() => location.assign('/sign'))
}

async function drawSignIn() {
  const said = h('div', {})
  // Signed in, and still nobody: a person of several organisations, or of another one than this tab remembers.
  const { body: session } = await ask('GET', '/auth/get-session')
  const form = session?.user ? organisationForm(said) : passwordForm(said)
  fill(main(), h('div', { class: 'narrow' }, h('h1', {}, 'Sign in'), said, form))
  form.querySelector('input').focus()
}

function passwordForm(said) {
  const form = h(
    'form',
    { class: 'card' },
    field('Email', input('email', { type: 'email', autocomplete: 'username' })),
    field('Password', input('password', { type: 'password', autocomplete: 'current-password' })),
    h('button', {}, 'Sign in'),
  )
  return onSubmit(form, { said, heading: 'You are not signed in' }, async ({ email, password }) => {
    const { ok, status, body } = await ask('POST', '/auth/sign-in/email', { email, password })
    if (ok) {
      location.reload()
      return undefined
    }
    const title =
      status === 401
        ? 'the address or the password is not right'
        : status === 429
          ? 'too many attempts: wait a minute'
          : (body.title ?? body.message ?? 'it was refused')
    return { title }
  })
}

function organisationForm(said) {
  const form = h(
    'form',
    { class: 'card' },
    field(
      'Organisation',
      input('tenant', { autocomplete: 'organization' }),
      'its short name, such as your-lab',
    ),
    h('button', {}, 'Go on'),
    h('button', { type: 'button', class: 'quiet', click: signOut }, 'Sign in as somebody else'),
  )
  return onSubmit(form, { said, heading: 'You are not of that organisation' }, async ({ tenant }) => {
    rememberTenant(tenant.trim())
    const { ok, body } = await ask('GET', '/v1/me')
    if (ok) {
      location.reload()
      return undefined
    }
    forgetTenant()
    return { title: body.status === 401 ? 'check its short name' : body.title }
  })
}

/** Everything that signing needs to know of the person. */
export async function readSigner(me) {
  const query = new URLSearchParams({ principal: me.id, limit: '200' })
  const [attestation, keys] = await Promise.all([read('/v1/attestation'), read(`/v1/signing-keys?${query}`)])
  return { attestation, keys: keys.data }
}

/** Shown while the person has not attested; `then` once that is done. */
export function attestationCard(attestation, then) {
  const said = h('div', {})
  const form = h(
    'form',
    { class: 'card' },
    h('h2', {}, 'Before your first signature'),
    h('p', {}, 'Read this, and attest that you know what your electronic signature means.'),
    h(
      'div',
      { class: 'letter' },
      attestation.text.split('\n').map((line) => h('p', {}, line)),
    ),
    said,
    h('button', {}, 'I have read this and attest it'),
  )
  return onSubmit(form, { said, heading: 'It was not recorded' }, async () => {
    const { ok, body } = await ask('POST', '/v1/me/attestation', { text_version: attestation.text_version })
    if (!ok) return body
    await then()
    return undefined
  })
}
