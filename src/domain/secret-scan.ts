/**
 * Finds what looks like a secret in any JSON value, so that it is refused before it is written: a record of work
 * stays for ever, and so would the password in it. The one rule: what is found is never given back, nor any part of
 * it; a finding says where it stands and what kind it is.
 *
 * It is a net, not a proof: a passphrase of plain words, or a secret turned around, looks like any other text.
 */
import { contextDetectors } from './secret-context.ts'
import { formDetectors } from './secret-form.ts'
import type { Detector } from './secret-form.ts'

/** Where it stands (`steps.2.text`; a name that is itself a secret, or too long to show, is `(name)`), and its kind. */
export type FoundSecret = { readonly path: string; readonly kind: string }

const deepest = 100
const longestName = 100

/** Every string and every name of a JSON value, in their order; strings at the paths of `except` are not looked at. */
export function findSecrets(
  given: unknown,
  { except = [] }: { readonly except?: readonly string[] } = {},
): readonly FoundSecret[] {
  const found: FoundSecret[] = []
  const path: string[] = []
  const report = (kind: string | undefined): void => {
    const at = path.join('.')
    if (kind !== undefined && !except.includes(at)) found.push({ path: at, kind })
  }

  /** `name` is what the value is called, where that alone could make a secret of it. */
  function visit(value: unknown, name: string | undefined): void {
    if (typeof value === 'string') return report(findKind(value) ?? findKindOf(name, value))
    if (typeof value === 'number') return report(findKindOf(name, String(value)))
    if (typeof value !== 'object' || value === null) return
    if (path.length === deepest) return report('nested_too_deep')
    const label = labelOf(value)
    for (const [own, item] of Object.entries(value)) {
      const kind = Array.isArray(value) ? undefined : findKind(own)
      path.push(kind === undefined && own.length <= longestName ? own : '(name)')
      report(kind)
      visit(item, Array.isArray(value) ? name : own === 'value' ? label : own)
      path.pop()
    }
  }
  visit(given, undefined)
  return found
}

/** Fields are also written as pairs: `{ "name": "db_password", "value": "…" }`. */
function labelOf(value: object): string | undefined {
  const { name, key } = value as { readonly name?: unknown; readonly key?: unknown }
  return typeof name === 'string' ? name : typeof key === 'string' ? key : undefined
}

/**
 * Whether it is worth to look closer, in a fraction of the time of that: no secret is without sixteen characters in
 * a row, a sign between a name and its value, or the word before it; and what is not ASCII may hide anything.
 */
function mayHold(text: string): boolean {
  let run = 0
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at)
    if (sign > 126) return true
    if (sign <= 32) run = 0
    else if (++run === 16 || (sign < 63 && isSign(sign, run))) return true
  }
  return words.some((word) => text.includes(word))
}
/** A quote, a colon, `=`, `>`; or a dash at the beginning of a word. */
const isSign = (sign: number, run: number): boolean =>
  sign === 39 || sign === 58 || sign === 61 || sign === 62 || (sign === 45 && run === 1)
/** What is said in plain words has no sign: "the password is …". */
const words = ['assword', 'ASSWORD']

const namesOne = /pass|pwd|secret|token|key|auth|credential|kennwort|senha|[^ -~]/i

/** The kind of secret that a text holds, with all its disguises off; undefined when it holds none. */
function findKind(text: string): string | undefined {
  if (!mayHold(text)) return undefined
  const plain = toPlain(text)
  return (
    findForm(plain) ??
    (/[\n\r]|\\n/.test(plain) ? findForm(joinLines(plain)) : undefined) ??
    findContext(plain)
  )
}

/** The whole of a value counts when its name says what it is, however many words it has. */
function findKindOf(name: string | undefined, text: string): string | undefined {
  if (name === undefined || name.length > longestName || !namesOne.test(name)) return undefined
  const value = toPlain(text)
    .slice(0, longestName)
    .replaceAll(/[\s"'`,;]/g, '·')
  return findContext(`"${toPlain(name)}":"${value}"`)
}

/** Finds the kind of the first detector that fits; its literals are looked for in `index`, the text as they are written. */
type Net = (text: string, index: string) => string | undefined

/** One look for all literals together tells, for most texts, that only the few detectors without one are left. */
function toNet(detectors: readonly Detector[]): Net {
  const literals = detectors.flatMap(({ hints }) => hints.filter((hint) => hint !== '*'))
  const any = new RegExp(
    literals.map((literal) => literal.replaceAll(/[$*+./?]/g, String.raw`\$&`)).join('|'),
  )
  const rest = detectors.filter(({ hints }) => hints.includes('*'))
  return (text, index) => {
    for (const detector of any.test(index) ? detectors : rest)
      if (detector.hints.some((hint) => hint === '*' || index.includes(hint)) && fits(text, detector))
        return detector.kind
    return undefined
  }
}
const formNet = toNet(formDetectors)
const contextNet = toNet(contextDetectors)
/** No key or token is shorter than sixteen characters: what is shorter is not looked at. */
function findForm(text: string): string | undefined {
  const runs = text.match(/\S{16,}/g)?.join(' ')
  return runs === undefined ? undefined : formNet(runs, runs)
}
const findContext = (text: string): string | undefined => contextNet(text, text.toLowerCase())

function fits(text: string, { pattern, accepts }: Detector): boolean {
  if (accepts === undefined) return pattern.test(text)
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const value = match[1] ?? ''
    if (accepts(value, match)) return true
    // What is no value may be the name of the next one.
    pattern.lastIndex -= value.length
  }
  return false
}

/**
 * Letters that only look different, and characters that nobody sees, hide nothing. Of marks in a row the first stays:
 * to put a long row of them in order takes time in proportion to its square.
 */
const toPlain = (text: string): string =>
  /[^\t\n\r -~]/.test(text)
    ? text
        .replaceAll(/(?<=[\p{M}\uff9e\uff9f])[\p{M}\uff9e\uff9f]+/gu, '')
        .normalize('NFKC')
        .replaceAll(/\p{Default_Ignorable_Code_Point}|(?![\t\n\r])\p{Cc}/gu, '')
    : text

/**
 * A token that was broken over lines, as terminals and mail do it; also where the break is written as `\n`. A word at
 * the end of a line stays apart from what the next line begins with.
 */
const joinLines = (text: string): string =>
  text.replaceAll(
    /(?<=([\w+/=.-]{1,12}))[ \t]{0,8}(?:\r?\n|(?:\\+r)?\\+n)[ \t]{0,8}(?=[\w+/=.-])/g,
    (gap, before: string) => (/[\d_+/=-]|[a-z][A-Z]/.test(before) ? '' : gap),
  )
