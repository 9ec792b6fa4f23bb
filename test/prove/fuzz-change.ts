/** Good inputs made bad: somewhere in the tree a value is put in another's place, left out, doubled or added. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { InputShape } from '#edges/input-shape.ts'
import { goodProperty } from './fuzz-good.ts'
import { nasty, slot, sortedCursors } from './fuzz-nasty.ts'
import type { Json } from './fuzz-nasty.ts'

export type Input = { [name: string]: Json }
export type Change = {
  readonly kind: 'replace' | 'remove' | 'add' | 'wrap'
  /** Which of the places in the tree. */
  readonly at: number
  readonly name: string
  readonly value: Json
}

const names = [
  '__proto__',
  'constructor',
  'id',
  'tenant_id',
  'version',
  'status',
  'x',
  '',
  'a b',
  'ключ',
  'length',
  '$ref',
  'limit',
  'cursor',
  'regulatory',
]

export const change: Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'add', 'wrap'),
  at: fc.nat(9999),
  name: fc.constantFrom(...names),
  value: nasty,
})

/** What each move asks for, and nothing else: that would be refused for being locked. */
export const moves: readonly Input[] = [
  { to: 'accepted' },
  { to: 'in_progress', notes: 'begun' },
  { to: 'closed' },
  { to: 'blocked', notes: 'no oil' },
  { to: 'review', completion_summary: 'done', actual_hours: 2 },
  { to: 'rejected', review_notes: 'again' },
  { to: 'approved', review_notes: 'good' },
  { to: 'cancelled', reason: 'not needed', notes: 'not needed' },
  { to: 'assigned' },
  { to: 'planned' },
  { to: 'completed', completion_summary: 'done', actual_hours: 2 },
]
const move: Arbitrary<Input> = fc
  .tuple(fc.constantFrom(...moves), fc.oneof(slot('order'), slot('work_order')))
  .map(([asked, id]) => ({ ...asked, id }))

/** Where one property asks for another: the whole inputs that go together. */
const wholes: { readonly [operation: string]: Arbitrary<Input> } = {
  'signing_key.enroll': fc.record<Input>({
    kind: fc.constant('passphrase'),
    label: fc.constant('office'),
    password: slot('own_password'),
    passphrase: fc.constant('four words and a comma'),
  }),
  'approval.sign': fc.record<Input>({
    intent: slot('intent'),
    password: slot('own_password'),
    passphrase: slot('own_passphrase'),
  }),
  // Keys of the first spare one, by name: a place that is not filled from the other tenant.
  'key.revoke': fc.record<Input>({ id: slot('key'), principal: fc.constant('{{spare_principal:10}}') }),
  'principal.set_password': fc.record<Input>({
    id: slot('spare_principal'),
    email: fc.nat(1e9).map((n) => `fuzz${n}@example.org`),
    password: fc.constant('correct horse battery'),
  }),
  'pack.export': fc.oneof(
    { weight: 6, arbitrary: fc.record<Input>({ work_order: slot('asked') }) },
    { weight: 1, arbitrary: fc.constant<Input>({ asset: 'F ü/3' }) },
    { weight: 1, arbitrary: fc.constant<Input>({ from: '2020-01-01', to: '2020-02-29' }) },
  ),
}

/** A good input of an operation: what is required, and some of the rest. */
export function goodInput(operation: string, shape: InputShape): Arbitrary<Input> {
  const required = shape.required ?? []
  const entries = Object.entries(shape.properties).filter(([name]) => name !== 'file')
  const optional = entries.map(([name]) => name).filter((name) => !required.includes(name))
  const whole = fc.record(
    Object.fromEntries(entries.map(([name, schema]) => [name, goodProperty(operation, name, schema)])),
  ) as Arbitrary<Input>
  const some = fc
    .tuple(whole, fc.subarray(optional, { maxLength: Math.min(4, optional.length) }))
    .map(([input, kept]) => {
      const given = new Set([...required, ...kept])
      return Object.fromEntries(Object.entries(input).filter(([name]) => given.has(name)))
    })
  if (operation === 'work_order.transition' && 'to' in shape.properties)
    return fc.oneof({ weight: 3, arbitrary: move }, { weight: 1, arbitrary: some })
  const together = wholes[operation]
  if (together !== undefined)
    return fc.oneof({ weight: 4, arbitrary: together }, { weight: 1, arbitrary: some })
  if (operation !== 'work_order.list') return some
  const paged = fc
    .tuple(some, fc.constantFrom(...sortedCursors))
    .map(([input, place]) => ({ ...input, ...place }))
  return fc.oneof({ weight: 3, arbitrary: some }, { weight: 1, arbitrary: paged })
}

type Place = { readonly holder: Json[] | Input; readonly key: string | number }

function listPlaces(value: Json, places: Place[] = []): Place[] {
  if (Array.isArray(value)) {
    value.slice(0, 20).forEach((item, key) => {
      places.push({ holder: value, key })
      listPlaces(item, places)
    })
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value).slice(0, 40)) {
      places.push({ holder: value, key })
      listPlaces(value[key] ?? null, places)
    }
  }
  return places
}

/** The input after the changes; whatever it was, it is another value now. */
export function applyChanges(input: Input, changes: readonly Change[]): Json {
  const root: { it: Json } = { it: structuredClone(input) }
  for (const { kind, at, name, value: given } of changes) {
    // Copied, because a later change may fall into what an earlier one has put there.
    const value = structuredClone(given)
    const places = listPlaces(root.it)
    const place: Place = places[at % (places.length + 1)] ?? { holder: root, key: 'it' }
    if (kind === 'remove') remove(place)
    else if (kind === 'add') add(place, name, value)
    else set(place, kind === 'wrap' ? [get(place), value] : value)
  }
  return root.it
}

const get = ({ holder, key }: Place): Json => (holder as Input)[key as string] ?? null

function set({ holder, key }: Place, value: Json): void {
  // Defined rather than set: a key called __proto__ is a key here.
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else delete holder[key]
}

function add(place: Place, name: string, value: Json): void {
  const inside = get(place)
  const holder = typeof inside === 'object' && inside !== null ? inside : place.holder
  if (Array.isArray(holder)) holder.push(value)
  else set({ holder, key: name }, value)
}
