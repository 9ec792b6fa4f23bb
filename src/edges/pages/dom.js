/**
 * Elements. Text becomes a text node and nothing else: whatever a record says, it is shown and never run.
 */

/** @param {string} tag @param {Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>} [attributes] @param {...unknown} children */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue
    if (typeof value === 'function') element.addEventListener(name, value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  add(element, children)
  return element
}

function add(element, children) {
  for (const child of children.flat(Infinity))
    if (child !== undefined && child !== null && child !== false)
      element.append(child instanceof Node ? child : String(child))
}

/** Puts these in place of what an element held. */
export function fill(element, ...children) {
  element.replaceChildren()
  add(element, children)
  return element
}

export const main = () => document.getElementById('main')

/** Said to who does not see the page. */
export function announce(text) {
  fill(document.getElementById('live'), text)
}

let count = 0
/** A control with its label, and a hint below that a reader hears with it. */
export function field(label, control, hint) {
  count += 1
  control.id ||= `field-${count}`
  const hintId = `${control.id}-hint`
  if (hint !== undefined) control.setAttribute('aria-describedby', hintId)
  return h(
    'div',
    { class: 'field' },
    h('label', { for: control.id }, label),
    control,
    hint === undefined ? undefined : h('p', { class: 'hint', id: hintId }, hint),
  )
}

export const input = (name, attributes = {}) =>
  h('input', { name, type: 'text', required: true, ...attributes })

/** Such as `21 Nov 2026, 09:15:03 GMT+1`. */
export function toTime(instant) {
  const format = { dateStyle: 'medium', timeStyle: 'long' }
  return h('time', { datetime: instant }, new Intl.DateTimeFormat('en-GB', format).format(new Date(instant)))
}

const roleWords = { system_owner: 'System Owner', qa: 'Quality Assurance' }
export const toRole = (role) => roleWords[role] ?? role.replaceAll('_', ' ')
export const toWords = (name) => name.replaceAll('_', ' ')

/** Rows of a name and a value; those without a value are left out. */
export const facts = (rows) =>
  h(
    'dl',
    { class: 'facts' },
    rows
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )

/** The printed name, the time with its zone, the meaning, and for which version (21 CFR 11.50). */
export const signatureBlock = (one) =>
  h(
    'div',
    { class: 'signature' },
    h('strong', {}, one.signer),
    one.on_behalf_of !== null && `, for ${one.on_behalf_of}`,
    h('br'),
    `${toRole(one.role)} · ${one.meaning} · ${one.standing}`,
    h('br'),
    h('span', { class: 'hint' }, `${one.signed_at_local} · ${one.key_kind}`),
  )

/** A refusal, with everything that is in the way and who could meet it. */
export function refusalBox(heading, problem) {
  const unmet = problem.unmet ?? [problem]
  const box = h(
    'div',
    { class: 'card refusal', role: 'alert', tabindex: '-1' },
    h('h2', {}, heading),
    h(
      'ul',
      {},
      unmet.map(({ title, who }) =>
        h(
          'li',
          {},
          sentence(title),
          who !== undefined &&
            who.length > 0 &&
            h('span', { class: 'hint' }, ` Who could: ${who.join(', ')}.`),
        ),
      ),
    ),
  )
  queueMicrotask(() => box.focus())
  return box
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

/**
 * Runs the work of a form, once at a time. What it gives is the problem that was in the way, and is shown.
 * @param {HTMLFormElement} form @param {{ said: HTMLElement, heading: string }} where
 * @param {(values: Record<string, string>) => Promise<object | undefined>} work
 */
export function onSubmit(form, { said, heading }, work) {
  const run = async () => {
    if (form.getAttribute('aria-busy') === 'true') return
    const values = Object.fromEntries(new FormData(form))
    const buttons = [...form.querySelectorAll('button')]
    form.setAttribute('aria-busy', 'true')
    for (const button of buttons) button.disabled = true
    try {
      const problem = await work(values)
      fill(said, problem && refusalBox(heading, problem))
    } finally {
      form.removeAttribute('aria-busy')
      for (const button of buttons) button.disabled = false
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    run().catch((error) => fill(said, refusalBox(heading, { title: error.message })))
  })
  return form
}
