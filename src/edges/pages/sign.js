/** /sign lists what waits for your signature; /sign/<work order> is the ceremony. */
import { readPending } from './api.js'
import { fill, h, main, toRole, toTime } from './dom.js'
import { openPage, readSigner } from './frame.js'
import { drawRecord } from './record.js'

const ref = /^\/sign\/([^/]+)\/?$/.exec(location.pathname)?.[1]

async function drawList(me) {
  const [data, { attestation, keys }] = await Promise.all([readPending(), readSigner(me)])
  fill(
    main(),
    h('h1', {}, 'What waits for your signature'),
    me.kind === 'human' && readiness(attestation, keys),
    data.length === 0
      ? h('p', { class: 'card empty' }, 'Nothing waits for you.')
      : h('ul', { class: 'list' }, data.map(toItem)),
  )
}

const linkKeys = (text) => h('a', { href: '/keys' }, text)

/** What the person still has to do before anything can be signed, in one sentence. */
function readiness(attestation, keys) {
  if (attestation.signing_locked_at !== null)
    return h(
      'p',
      { class: 'card warning' },
      'Your signing is locked after five wrong attempts. An administrator can unlock it.',
    )
  if (keys.some(({ status }) => status === 'active')) return undefined
  return h(
    'p',
    { class: 'card warning' },
    keys.some(({ status }) => status === 'pending')
      ? [
          'Your signing key waits for a second person to confirm it: an administrator or QA. ',
          linkKeys('See your keys'),
        ]
      : ['You have no signing key yet. ', linkKeys('Enrol one')],
  )
}

const toItem = (one) =>
  h(
    'li',
    {},
    h(
      'a',
      { class: 'card item', href: `/sign/${encodeURIComponent(one.number)}` },
      h('span', { class: 'number' }, one.number),
      h('strong', {}, one.title),
      h(
        'span',
        { class: 'hint' },
        `${one.gate} gate, as ${toRole(one.role)}${one.for === null ? '' : `, for ${one.for}`}`,
        one.due_at !== null && [' · due ', toTime(one.due_at)],
      ),
    ),
  )

await openPage('/sign', (me) => (ref === undefined ? drawList(me) : drawRecord(me, decodeURIComponent(ref))))
