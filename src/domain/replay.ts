/**
 * The recorded fields of a record as its entries leave them: each change in turn, from blank to what the row
 * must now say. Values are compared as JSON: the order of an object's members means nothing.
 */
import type { FieldChange, RecordKind } from './entry.ts'
import type { Category } from './lifecycle.ts'
import { lifecycleNames, lifecycles } from './lifecycles.ts'

/** What is known of a kind of record: its recorded fields, and how each is before the first entry. */
export type Shape = {
  readonly kind: RecordKind
  readonly fields: ReadonlySet<string>
  readonly blank: { readonly [field: string]: unknown }
}

/** A field's value, and the entry that set it last. */
type Held = { readonly value: unknown; readonly seq: number }
export type Replay = Map<string, Held>

export type Torn = { readonly field: string; readonly old: unknown; readonly held: unknown }

/** Applies the changes; gives the first one whose old value is not what the entries before it left. */
export function replay(
  held: Replay,
  shape: Shape,
  changes: readonly FieldChange[],
  seq: number,
): Torn | undefined {
  let torn: Torn | undefined
  for (const change of changes) {
    const { field } = change
    if (!shape.fields.has(field)) continue
    const before = held.get(field)
    const fits =
      before === undefined
        ? change.old === null || isSame(change.old, shape.blank[field])
        : isSame(change.old, before.value)
    if (!fits) torn ??= { field, old: change.old, held: valueOf(held, shape, field) }
    held.set(field, { value: change.new, seq })
  }
  return torn
}

export function valueOf(held: Replay, shape: Shape, field: string): unknown {
  const set = held.get(field)
  return (set === undefined ? shape.blank[field] : set.value) ?? null
}

export type Difference = {
  readonly field: string
  readonly row: unknown
  readonly replayed: unknown
  /** The entry that set the field last; the first one when none did. */
  readonly seq: number
}

/** Every recorded field in which the row is not what its entries make it. */
export function findDifferences(
  held: Replay,
  shape: Shape,
  row: { readonly [field: string]: unknown },
): Difference[] {
  const found: Difference[] = []
  for (const field of shape.fields) {
    const replayed = valueOf(held, shape, field)
    if (!isSame(row[field], replayed))
      found.push({ field, row: row[field], replayed, seq: held.get(field)?.seq ?? 1 })
  }
  if (shape.kind === 'work_order') {
    const category = findCategory(valueOf(held, shape, 'lifecycle'), valueOf(held, shape, 'status'))
    if (row['category'] !== category)
      found.push({
        field: 'category',
        row: row['category'],
        replayed: category ?? null,
        seq: held.get('status')?.seq ?? 1,
      })
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
