/**
 * SQL as tagged templates. A value becomes a parameter; a fragment made by `sql` is spliced in. Texts are
 * prepared once per connection under a name derived from the text; lists of many shapes stay unnamed.
 */
import { createHash } from 'node:crypto'

export type Sql = { readonly strings: readonly string[]; readonly values: readonly unknown[] }
export type Query = { readonly text: string; readonly values: unknown[]; readonly name: string }

const fragments = new WeakSet<object>()
const isSql = (value: unknown): value is Sql =>
  typeof value === 'object' && value !== null && fragments.has(value)

/** A piece of SQL to be spliced into another. */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql {
  const fragment: Sql = { strings, values }
  fragments.add(fragment)
  return fragment
}

/** An identifier, quoted. Only for names that the code knows, never for input. */
export function identifier(name: string): Sql {
  const fragment: Sql = { strings: [`"${name.replaceAll('"', '""')}"`], values: [] }
  fragments.add(fragment)
  return fragment
}

/** Fragments with a separator between them; the empty fragment when there are none. */
export function join(parts: readonly Sql[], separator: string): Sql {
  const strings: string[] = ['']
  const values: unknown[] = []
  parts.forEach((part, index) => {
    if (index > 0) strings[strings.length - 1] += separator
    strings[strings.length - 1] += part.strings[0] ?? ''
    part.values.forEach((value, i) => {
      values.push(value)
      strings.push(part.strings[i + 1] ?? '')
    })
  })
  const fragment: Sql = { strings, values }
  fragments.add(fragment)
  return fragment
}

const names = new Map<string, string>()

function nameOf(text: string): string {
  let name = names.get(text)
  if (name === undefined) {
    name = `q${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
    names.set(text, name)
  }
  return name
}

type Known = { readonly text: string; readonly name: string; readonly splices: readonly unknown[] }
const fixed = new WeakMap<readonly string[], Known>()

/** The text with $1…$n, its values in order, and the name under which it is prepared. */
export function toQuery(strings: readonly string[], values: readonly unknown[]): Query {
  const splices = values.filter(isSql)
  const known = fixed.get(strings)
  if (
    known !== undefined &&
    splices.length === known.splices.length &&
    splices.every((piece, i) => piece === known.splices[i])
  ) {
    return {
      text: known.text,
      name: known.name,
      values: splices.length === 0 ? [...values] : values.filter((value) => !isSql(value)),
    }
  }
  const flat: unknown[] = []
  const text = flatten({ strings, values }, flat)
  const name = nameOf(text)
  // A call site that always splices the same constant pieces is built once.
  if (splices.every((piece) => piece.values.length === 0)) fixed.set(strings, { text, name, splices })
  return { text, values: flat, name }
}

function flatten(piece: Sql, values: unknown[]): string {
  let text = piece.strings[0] ?? ''
  piece.values.forEach((value, i) => {
    if (isSql(value)) text += flatten(value, values)
    else {
      values.push(value)
      text += `$${values.length}`
    }
    text += piece.strings[i + 1] ?? ''
  })
  return text
}
