/**
 * SQL as tagged templates. A value becomes a parameter; a fragment made by `sql` is spliced in. Texts are
 * prepared once per connection under a name derived from the text; lists of many shapes stay unnamed.
 */
import { createHash } from 'node:crypto'

export type Sql = { readonly strings: readonly string[]; readonly values: readonly unknown[] }
export type Query = {
  readonly text: string
  readonly values: unknown[]
  readonly name: string
  /** True for a statement that locks or writes: it runs inside a transaction. */
  readonly transacts: boolean
}

const fragments = new WeakSet<object>()
const isSql = (value: unknown): value is Sql =>
  typeof value === 'object' && value !== null && fragments.has(value)
const pieceOf = (value: unknown): Sql | undefined => (isSql(value) ? value : undefined)

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

type Known = {
  readonly text: string
  readonly name: string
  readonly transacts: boolean
  /** The spliced pieces where they stand; undefined where a parameter does. */
  readonly pieces: readonly (Sql | undefined)[]
}

const locksOrWrites = /\b(insert|update|delete|pg_(?:try_)?advisory_xact_lock)\b/i
const fixed = new WeakMap<readonly string[], Known>()

/** The text with $1…$n, its values in order, and the name under which it is prepared. */
export function toQuery(strings: readonly string[], values: readonly unknown[]): Query {
  const known = fixed.get(strings)
  if (known !== undefined && values.every((value, i) => pieceOf(value) === known.pieces[i])) {
    const { text, name, transacts } = known
    return { text, name, transacts, values: values.filter((value) => !isSql(value)) }
  }
  const flat: unknown[] = []
  const text = flatten({ strings, values }, flat)
  const name = nameOf(text)
  const transacts = locksOrWrites.test(text)
  const pieces = values.map(pieceOf)
  // A call site that always splices the same constant pieces is built once.
  if (pieces.every((piece) => piece === undefined || piece.values.length === 0))
    fixed.set(strings, { text, name, transacts, pieces })
  return { text, values: flat, name, transacts }
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

const joined = new Map<string, string>()

/** One statement that does both: on the hot path each statement costs the database more than its work. */
export function together(first: Query, second: Query): Query {
  const name = `${first.name}${second.name}`
  let text = joined.get(name)
  if (text === undefined) {
    const shifted = second.text.replaceAll(
      /\$(\d+)/g,
      (_, position: string) => `$${Number(position) + first.values.length}`,
    )
    text = `with first as (${first.text}) ${shifted}`
    joined.set(name, text)
  }
  return { text, name, values: [...first.values, ...second.values], transacts: true }
}
