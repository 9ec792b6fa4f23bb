/** /keys: enrol a signing key, see what became of it, report it lost; confirm those of others as a second person. */
import { ask, findPasskeyProblem, read, toPasskeyProblem } from './api.js'
import { announce, field, fill, h, input, main, onSubmit, toTime } from './dom.js'
import { attestationCard, openPage, readSigner } from './frame.js'

async function drawKeys(me) {
  const again = () => drawKeys(me)
  if (me.kind !== 'human') {
    fill(main(), h('h1', {}, 'Signing keys'), h('p', { class: 'card empty' }, 'Only people sign.'))
    return
  }
  const mayConfirm = me.grants.some(({ role }) => role === 'admin' || role === 'qa')
  const [{ attestation, keys }, waiting] = await Promise.all([
    readSigner(me),
    mayConfirm ? read('/v1/signing-keys?status=pending&limit=200') : { data: [] },
  ])
  const others = waiting.data.filter(({ principal_id }) => principal_id !== me.id)
  fill(
    main(),
    h('h1', {}, 'Signing keys'),
    attestation.signing_locked_at !== null &&
      h(
        'p',
        { class: 'card warning' },
        'Your signing is locked after five wrong attempts. An administrator can unlock it.',
      ),
    mayConfirm && others.length > 0 && othersSection(others, again),
    attestation.attested_at === null && attestationCard(attestation, again),
    h('h2', {}, 'Yours'),
    keys.length === 0
      ? h('p', { class: 'card empty' }, 'You have none yet. Enrol one below.')
      : h(
          'ul',
          { class: 'list' },
          keys.toReversed().map((key) => h('li', { class: 'card' }, keyCard(key, again))),
        ),
    h('h2', {}, 'Enrol a key'),
    h(
      'p',
      { class: 'hint' },
      'A second person, an administrator or QA, confirms that it is yours. Then it signs.',
    ),
    h('div', { class: 'columns even' }, passkeyForm(again), passphraseForm(again)),
  )
}

const stateWords = { pending: 'waits for a second person', active: 'in force', revoked: 'revoked' }
const kindWords = { passkey: 'Passkey', passphrase: 'Key with a passphrase' }

function keyCard(key, again) {
  return [
    h(
      'p',
      {},
      h('strong', {}, key.label),
      ' ',
      h('span', { class: `tag ${key.status}` }, stateWords[key.status]),
    ),
    h('p', { class: 'hint' }, `${kindWords[key.kind]}, enrolled `, toTime(key.enrolled_at)),
    key.proofed_at !== null &&
      h(
        'p',
        { class: 'hint' },
        `Confirmed by ${key.proofed_by}, `,
        toTime(key.proofed_at),
        `: ${key.proof_note}`,
      ),
    key.revoked_at !== null &&
      h(
        'p',
        { class: 'hint' },
        `Revoked by ${key.revoked_by}, `,
        toTime(key.revoked_at),
        `: ${key.revocation_reason}`,
      ),
    key.status === 'pending' && h('p', { class: 'hint' }, 'Number of the key: ', h('code', {}, key.id)),
    key.status !== 'revoked' && revokeForm(key, again),
  ]
}

function revokeForm(key, again) {
  const said = h('div', {})
  const lost = h('input', { type: 'checkbox', name: 'lost', value: 'true', id: `lost-${key.id}` })
  const form = h(
    'form',
    {},
    field('What happened', input('reason', { maxlength: 500, autocomplete: 'off' })),
    h(
      'div',
      { class: 'check' },
      lost,
      h('label', { for: lost.id }, 'It is lost, or no longer only in my hands'),
    ),
    said,
    h('button', { class: 'danger' }, 'Revoke it for good'),
  )
  onSubmit(form, { said, heading: 'It was not revoked' }, async ({ reason, lost: isLost }) => {
    const wish = { reason, lost: isLost === 'true' }
    const { ok, body } = await ask('POST', `/v1/signing-keys/${key.id}/revocation`, wish)
    if (!ok) return body
    announce(`${key.label} is revoked`)
    await again()
    return undefined
  })
  return h('details', {}, h('summary', {}, 'Report it lost, or revoke it'), form)
}

const labelField = (example) =>
  field('What you call it', input('label', { maxlength: 100, autocomplete: 'off' }), `such as “${example}”`)
const passwordField = () =>
  field('Password of your account', input('password', { type: 'password', autocomplete: 'current-password' }))

function passkeyForm(again) {
  const said = h('div', {})
  const problem = findPasskeyProblem()
  const form = h(
    'form',
    { class: 'card', 'aria-label': 'Enrol a passkey' },
    h('h3', {}, 'Passkey'),
    h(
      'p',
      { class: 'hint' },
      'On this device, a phone or a security key. It asks for your PIN, fingerprint or face.',
    ),
    problem &&
      h(
        'p',
        { class: 'card warning' },
        problem.text,
        problem.href && h('a', { href: problem.href }, problem.href),
      ),
    labelField('my laptop'),
    passwordField(),
    said,
    h('button', {}, 'Enrol a passkey'),
  )
  return onSubmit(form, { said, heading: 'No key was enrolled' }, async ({ label, password }) => {
    const begun = await ask('POST', '/v1/signing-keys/passkey-options', { label, password })
    if (!begun.ok) return begun.body
    let made
    try {
      made = await globalThis.SimpleWebAuthnBrowser.startRegistration({ optionsJSON: begun.body.options })
    } catch (error) {
      return toPasskeyProblem(error)
    }
    const { id, rawId, type, response } = made
    const { clientDataJSON, attestationObject, transports } = response
    const enrolled = await ask('POST', '/v1/signing-keys', {
      kind: 'passkey',
      ticket: begun.body.ticket,
      response: { id, rawId, type, response: { clientDataJSON, attestationObject, transports } },
    })
    if (!enrolled.ok) return enrolled.body
    announce('The passkey is enrolled, and waits for a second person')
    await again()
    return undefined
  })
}

const newSecret = (name) =>
  input(name, { type: 'password', autocomplete: 'new-password', minlength: 12, maxlength: 256 })

function passphraseForm(again) {
  const said = h('div', {})
  const form = h(
    'form',
    { class: 'card', 'aria-label': 'Enrol a key with a passphrase' },
    h('h3', {}, 'Key with a passphrase'),
    h('p', { class: 'hint' }, 'Kept here, wrapped by a passphrase that only you know. Nobody can reset it.'),
    labelField('office'),
    passwordField(),
    field('Passphrase', newSecret('passphrase'), 'at least 12 characters, and not your password'),
    field('Passphrase, once more', newSecret('repeated')),
    said,
    h('button', {}, 'Enrol a key'),
  )
  return onSubmit(form, { said, heading: 'No key was enrolled' }, async (given) => {
    const { label, password, passphrase, repeated } = given
    if (passphrase !== repeated) return { title: 'the two passphrases are not the same' }
    const wish = { kind: 'passphrase', label, password, passphrase }
    const { ok, body } = await ask('POST', '/v1/signing-keys', wish)
    if (!ok) return body
    announce('The key is enrolled, and waits for a second person')
    await again()
    return undefined
  })
}

const othersSection = (keys, again) => [
  h('h2', {}, 'Keys of others that wait for a second person'),
  h(
    'p',
    { class: 'hint' },
    'Confirm a key when you have checked that the person it names enrolled it, and how.',
  ),
  h(
    'ul',
    { class: 'list' },
    keys.map((key) => h('li', { class: 'card' }, confirmForm(key, again))),
  ),
]

function confirmForm(key, again) {
  const said = h('div', {})
  const form = h(
    'form',
    { 'aria-label': `Confirm the key of ${key.principal}` },
    h('p', {}, h('strong', {}, key.principal), `: ${kindWords[key.kind].toLowerCase()} “${key.label}”`),
    h('p', { class: 'hint' }, 'Enrolled ', toTime(key.enrolled_at), ' · number ', h('code', {}, key.id)),
    field(
      'How you checked who it is',
      input('note', { maxlength: 500, autocomplete: 'off' }),
      'such as “passport seen, in person”',
    ),
    said,
    h('button', {}, 'Confirm this key'),
  )
  return onSubmit(form, { said, heading: 'It was not confirmed' }, async ({ note }) => {
    const { ok, body } = await ask('POST', `/v1/signing-keys/${key.id}/confirmation`, { note })
    if (!ok) return body
    announce(`The key of ${key.principal} is confirmed`)
    await again()
    return undefined
  })
}

await openPage('/keys', drawKeys)
