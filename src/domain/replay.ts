/**
 * The recorded fields of a record as its entries leave them: each change in turn, from blank to what the row
 * must now say. Values are compared as JSON: the order of an object's members means nothing.
 */
import type { FieldChange, RecordKind } from './entry.ts'
import type { Category } from './lifecycle.ts'
import { lifecycleNames, lifecycles } from './lifecycles.ts'

/** What is known of a kind of record: its recorded fields in order, and how each is before the first entry. */
export type Shape = {
  readonly kind: RecordKind
  readonly fields: readonly string[]
  readonly places: ReadonlyMap<string, number>
  readonly blank: readonly unknown[]
  readonly untouched: readonly number[]
}

export const makeShape = (
  kind: RecordKind,
  fields: readonly string[],
  blank: { readonly [field: string]: unknown } = {},
): Shape => ({
  kind,
  fields,
  places: new Map(fields.map((field, i) => [field, i])),
  blank: fields.map((field) => blank[field] ?? null),
  untouched: fields.map(() => 0),
})

/** Each field of the shape, by its place: its value, and the entry that set it last (0: none did). */
export type Replay = { readonly values: unknown[]; readonly seqs: number[] }

export const beginReplay = ({ blank, untouched }: Shape): Replay => ({
  values: blank.slice(),
  seqs: untouched.slice(),
})

export type Torn = { readonly field: string; readonly old: unknown; readonly held: unknown }

/** Applies the changes; gives the first one whose old value is not what the entries before it left. */
export function replay(
  { values, seqs }: Replay,
  { places }: Shape,
  changes: readonly FieldChange[],
  seq: number,
): Torn | undefined {
  let torn: Torn | undefined
  for (const { field, old, new: next } of changes) {
    const place = places.get(field)
    if (place === undefined) continue
    const held = values[place]
    // A first entry may say null where the field is blank: there was no record.
    if (old !== held && !(old === null && seqs[place] === 0) && !isSame(old, held))
      torn ??= { field, old, held }
    values[place] = next
    seqs[place] = seq
  }
  return torn
}

export type Difference = {
  readonly field: string
  readonly row: unknown
  readonly replayed: unknown
  /** The entry that set the field last; the first one when none did. */
  readonly seq: number
}

/** Every recorded field in which the row is not what its entries make it; the row's values by place. */
export function findDifferences(
  { values, seqs }: Replay,
  shape: Shape,
  row: { readonly values: readonly unknown[]; readonly category?: unknown },
): Difference[] {
  const found: Difference[] = []
  for (let i = 0; i < values.length; i += 1) {
    const [value, replayed] = [row.values[i], values[i]]
    if (value !== replayed && !isSame(value, replayed))
      found.push({ field: shape.fields[i] ?? '', row: value, replayed, seq: (seqs[i] ?? 0) || 1 })
  }
  if (shape.kind === 'work_order') {
    const status = shape.places.get('status') ?? -1
    const replayed = findCategory(values[shape.places.get('lifecycle') ?? -1], values[status]) ?? null
    if (row.category !== replayed)
      found.push({ field: 'category', row: row.category, replayed, seq: (seqs[status] ?? 0) || 1 })
  }
  return found
}

/** The category is no recorded field: the lifecycle derives it from the state. */
function findCategory(name: unknown, status: unknown): Category | undefined {
  const known = lifecycleNames.find((lifecycle) => lifecycle === name)
  return known === undefined ? undefined : lifecycles[known].states[String(status)]?.category
}

/** Equal as JSON values; nothing at all is null. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return (a ?? null) === (b ?? null)
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => isSame(item, b[i]))
  }
  const left = a as { readonly [name: string]: unknown }
  const right = b as { readonly [name: string]: unknown }
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isSame(left[name], right[name]))
  )
}

/** A value for a sentence: JSON, cut short. */
export function show(value: unknown): string {
  const text = JSON.stringify(value ?? null)
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`
}
