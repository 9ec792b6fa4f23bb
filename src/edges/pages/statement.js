/**
 * The ceremony itself. What is shown is the text that the service made of the statement, whole and unchanged:
 * what you see is what you sign.
 */
import { ask, findPasskeyProblem, toPasskeyProblem } from './api.js'
import { announce, field, fill, h, input, onSubmit, refusalBox, signatureBlock, toWords } from './dom.js'

const nothing = 'Nothing was signed'
/** After these the same statement can be signed still. */
const repeatable = ['not_signed', 'unavailable', 'invalid_input']

/**
 * Shows the statement of an intent, takes the two components and signs.
 * @param {HTMLElement} panel @param {object} intent
 * @param {{ again: () => Promise<void>, finish: (signed: object) => Promise<void>, leave: () => void }} way
 *   where one goes from here: read the record again, done, or not signed
 */
export function drawStatement(panel, intent, { again, finish, leave }) {
  const said = h('div', {})
  const left = h('p', { class: 'hint', role: 'timer' })
  const isPasskey = intent.key.kind === 'passkey'
  const form = h(
    'form',
    { class: 'card' },
    h('h2', { tabindex: '-1' }, 'What you sign'),
    statementText(intent.text),
    left,
    field(
      'Password of your account',
      input('password', { type: 'password', autocomplete: 'current-password' }),
    ),
    isPasskey
      ? h(
          'p',
          { class: 'hint' },
          `Then your device asks for the passkey “${intent.key.label}” and verifies that it is you.`,
        )
      : field(
          `Passphrase of “${intent.key.label}”`,
          input('passphrase', { type: 'password', autocomplete: 'off' }),
        ),
    said,
    passkeyNotice(isPasskey),
    h(
      'div',
      { class: 'buttons' },
      h('button', {}, isPasskey ? 'Sign with the passkey' : 'Sign'),
      h('button', { type: 'button', class: 'quiet', click: leave }, 'Do not sign'),
    ),
  )
  const stop = countDown(
    left,
    intent.expires_at,
    () => form.isConnected,
    () => drawExpired(panel, again),
  )
  onSubmit(form, { said, heading: nothing }, async ({ password, passphrase }) => {
    const proof = isPasskey ? await useAuthenticator(intent.options) : { passphrase }
    if (proof.problem !== undefined) return proof.problem
    const { ok, body } = await ask('POST', `/v1/signing-intents/${intent.id}/signature`, {
      password,
      ...proof,
    })
    for (const one of form.querySelectorAll('input')) one.value = ''
    // A wrong secret can be given again; anything else needs a new statement.
    if (!ok && repeatable.includes(body.code)) return body
    stop()
    if (ok) await finish({ ...body, before: JSON.parse(intent.statement).work_order.status })
    else fill(panel, refusalBox(nothing, body), againButton(again))
    return undefined
  })
  fill(panel, form)
  form.querySelector('h2').focus()
}

/** Line by line, so that a value that is too long for the screen goes on under itself; the characters are the same. */
const statementText = (text) =>
  h(
    'div',
    { class: 'statement', id: 'statement' },
    text
      .split('\n')
      .map((line) =>
        h('p', { class: /^[A-Z][\w ]*: +/.test(line) ? 'row' : undefined }, line === '' ? '\u00a0' : line),
      ),
  )

function passkeyNotice(isPasskey) {
  const problem = isPasskey ? findPasskeyProblem() : undefined
  if (problem === undefined) return undefined
  return h(
    'p',
    { class: 'card warning' },
    problem.text,
    problem.href && h('a', { href: problem.href }, problem.href),
  )
}

async function useAuthenticator(optionsJSON) {
  try {
    const { id, rawId, type, response } = await globalThis.SimpleWebAuthnBrowser.startAuthentication({
      optionsJSON,
    })
    return { assertion: { id, rawId, type, response } }
  } catch (error) {
    return { problem: toPasskeyProblem(error) }
  }
}

const againButton = (again) => h('button', { type: 'button', click: again }, 'Read the record again')

function drawExpired(panel, again) {
  const title = 'a statement is good for two minutes, and these are over'
  fill(panel, refusalBox(nothing, { title }), againButton(again))
}

function countDown(place, until, isShown, over) {
  const show = () => {
    const seconds = Math.round((Date.parse(until) - Date.now()) / 1000)
    if (!isShown() || seconds <= 0) stop()
    if (!isShown()) return
    if (seconds <= 0) over()
    else
      fill(
        place,
        `Good for ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} more, and for one use.`,
      )
  }
  const timer = setInterval(show, 1000)
  const stop = () => clearInterval(timer)
  queueMicrotask(show)
  return stop
}

/** Who signed, as what, when, for which version, and what became of the work order. */
export function drawSigned(panel, { signature, work_order: workOrder, before }, again) {
  const heading = h('h2', { tabindex: '-1' }, 'Signed')
  const status = toWords(workOrder.status)
  const isOpen = workOrder.status === before
  const outcome = `${workOrder.number} is ${isOpen ? `still ${status}: other signatures are missing` : `now ${status}`}.`
  fill(
    panel,
    h(
      'div',
      { class: 'card done' },
      heading,
      signatureBlock(signature),
      h('p', {}, outcome),
      h(
        'div',
        { class: 'buttons' },
        h('a', { class: 'button', href: '/sign' }, 'What else waits for you'),
        h('button', { type: 'button', class: 'quiet', click: again }, 'See the record'),
      ),
    ),
  )
  announce(`Signed. ${outcome}`)
  heading.focus()
}
