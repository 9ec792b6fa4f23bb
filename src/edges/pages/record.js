/** One work order: the record in short, who has signed, and the way to sign it or to turn it back. */
import { ask, read, readPending } from './api.js'
import {
  announce,
  facts,
  field,
  fill,
  h,
  main,
  onSubmit,
  refusalBox,
  signatureBlock,
  toRole,
  toTime,
  toWords,
} from './dom.js'
import { attestationCard, readSigner } from './frame.js'
import { drawSigned, drawStatement } from './statement.js'

/** @param {object} me @param {string} ref @param {object} [signed] what was just signed here: shown beside the record as it is now */
export async function drawRecord(me, ref, signed) {
  const path = `/v1/work-orders/${encodeURIComponent(ref)}`
  const found = await ask('GET', path)
  if (!found.ok) {
    fill(main(), h('h1', {}, ref), refusalBox('There is nothing to sign here', found.body), back())
    return
  }
  const [{ data: rounds }, pending, { data: files }, signer] = await Promise.all([
    read(`${path}/approvals`),
    readPending(),
    read(`${path}/attachments`),
    readSigner(me),
  ])
  const workOrder = found.body
  const again = () => drawRecord(me, ref)
  const finish = (answer) => drawRecord(me, ref, answer)
  // A waiver is asked for beside the gate: what waits for this person comes first.
  const waiting = pending.filter(({ work_order_id }) => work_order_id === workOrder.id)
  const opened = rounds.filter(({ status }) => status === 'open')
  const open = opened.find(({ gate }) => waiting.some((one) => one.gate === gate)) ?? opened[0]
  const mine = waiting.filter(({ gate }) => gate === open?.gate)
  const panel = h('section', { 'aria-label': 'Signing' })
  fill(
    main(),
    back(),
    h('p', { class: 'number' }, workOrder.number),
    h('h1', {}, workOrder.title),
    h('div', { class: 'columns' }, [
      h('div', {}, recordCard(workOrder, files, path), roundCards(rounds)),
      panel,
    ]),
  )
  const { attestation } = signer
  if (signed !== undefined) drawSigned(panel, signed, again)
  else if (open === undefined)
    fill(
      panel,
      h(
        'p',
        { class: 'card empty' },
        `Nobody is asked to sign now: the work order is ${toWords(workOrder.status)}.`,
      ),
    )
  else if (attestation.attested_at === null) fill(panel, attestationCard(attestation, again))
  else drawChoice(panel, { workOrder, open, mine, signer, again, finish })
}

const back = () => h('p', { class: 'back' }, h('a', { href: '/sign' }, '← All that waits for you'))

function recordCard(workOrder, files, path) {
  const { job_plan: plan } = workOrder
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'The record'),
    facts([
      ['Status', `${toWords(workOrder.status)}, version ${workOrder.version}`],
      ['Description', workOrder.description],
      ['Asset', workOrder.asset],
      ['Asked for by', workOrder.requester],
      ['Assigned to', workOrder.assignee],
      ['Due', workOrder.due_date],
      [
        'Job plan',
        plan && [
          plan.title,
          h(
            'ol',
            {},
            plan.steps.map((step) => h('li', {}, step)),
          ),
        ],
      ],
      ['What was done', workOrder.completion_summary],
      ['Hours', workOrder.actual_hours],
      ['Review notes', workOrder.review_notes],
      [
        'Files',
        files.length === 0
          ? null
          : h(
              'ul',
              {},
              files.map((file) => h('li', {}, toLink(file, path))),
            ),
      ],
    ]),
  )
}

const toLink = ({ id, name }, path) => h('a', { href: `${path}/attachments/${id}`, download: name }, name)

const gateTitles = { release: 'Release', completion: 'Completion', waiver: 'Waiver' }
const roundWords = { open: 'open', passed: 'signed', returned: 'turned back', withdrawn: 'withdrawn' }

const roundCards = (rounds) =>
  rounds.toReversed().map((round) =>
    h(
      'section',
      { class: 'card' },
      h(
        'h2',
        {},
        `${gateTitles[round.gate] ?? round.gate}, round ${round.round} `,
        h('span', { class: `tag ${round.status}` }, roundWords[round.status] ?? round.status),
      ),
      round.status === 'open' &&
        h(
          'ul',
          { class: 'plain' },
          round.requirements.map((one) =>
            h(
              'li',
              {},
              h('strong', {}, toRole(one.role)),
              `: ${one.signed} of ${one.count} signed`,
              one.signed < one.count &&
                one.who.length > 0 &&
                h('span', { class: 'hint' }, ` (${one.who.join(', ')})`),
              one.due_at !== null && h('span', { class: 'hint' }, ' due ', toTime(one.due_at)),
            ),
          ),
        ),
      round.signatures.map(signatureBlock),
      round.status !== 'open' &&
        round.signatures.length === 0 &&
        h('p', { class: 'hint' }, 'Nobody had signed.'),
    ),
  )

/** As what, and with which key; then the statement. */
function drawChoice(panel, context) {
  const { open, mine, signer, workOrder, again, finish } = context
  const wanted =
    mine.length > 0 ? mine : open.requirements.map(({ role }) => ({ gate: open.gate, role, for: null }))
  const keys = signer.keys.filter(({ status }) => status === 'active')
  const said = h('div', {})
  const roles = wanted.map(({ role, for: whom }) => [
    role,
    whom === null ? toRole(role) : `${toRole(role)}, for ${whom}`,
  ])
  const form = h(
    'form',
    { class: 'card' },
    h('h2', {}, `Sign the ${open.gate} gate`),
    mine.length === 0 &&
      h(
        'p',
        { class: 'hint' },
        'This does not wait for your signature. If you ask for it, you are told what is in the way.',
      ),
    field('You sign as', select('role', roles)),
    keys.length > 1 &&
      field(
        'With',
        select(
          'signing_key',
          keys.map(({ id, label, kind }) => [id, `${label} (${kind})`]),
        ),
      ),
    said,
    h('button', {}, 'Read the statement'),
  )
  onSubmit(form, { said, heading: 'You cannot sign this now' }, async (values) => {
    const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone
    const wish = { gate: open.gate, time_zone, ...values }
    const { ok, body } = await ask('POST', `/v1/work-orders/${workOrder.id}/signing-intents`, wish)
    if (!ok) return body
    drawStatement(panel, body, { again, finish, leave: () => drawChoice(panel, context) })
    return undefined
  })
  // What waives a work order is taken back by who asked for it; the work itself is not turned back.
  fill(panel, form, open.gate !== 'waiver' && turnBackCard(workOrder, again))
}

const select = (name, options) =>
  h(
    'select',
    { name },
    options.map(([value, text]) => h('option', { value }, text)),
  )

function turnBackCard(workOrder, again) {
  const said = h('div', {})
  const reason = h('textarea', { name: 'reason', rows: 3, required: true, maxlength: 2000 })
  const form = h(
    'form',
    {},
    field('Reason', reason, 'It stands in the audit trail.'),
    said,
    h('button', { class: 'danger' }, 'Turn it back'),
  )
  onSubmit(form, { said, heading: 'It was not turned back' }, async (values) => {
    const { ok, body } = await ask('POST', `/v1/work-orders/${workOrder.id}/rejections`, values)
    if (!ok) return body
    announce(`${body.number} is now ${toWords(body.status)}`)
    await again()
    return undefined
  })
  return h('details', { class: 'card' }, h('summary', {}, 'Turn the work back instead'), form)
}
