import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { table } from '#test/table.ts'
import { changesBetween, leafOf, sealEntry, toCanonical } from './entry.ts'
import type { EntryBody } from './entry.ts'

const body: EntryBody = {
  v: 1,
  id: '01a1fb0e-b503-75b8-a7b1-cf9fd083acb6',
  tenant: '01a1fb10-8c68-7183-87fe-b4ac3964138d',
  record: { kind: 'work_order', id: '01a1fb0e-b4ff-7000-8000-000000000001' },
  seq: 2,
  version: 2,
  actor: {
    id: '01a1fb0e-0000-7000-8000-000000000002',
    kind: 'agent',
    name: 'Mac CLI 小克',
    sponsor: '01a1fb0e-0000-7000-8000-000000000003',
    client: 'mcp',
  },
  action: 'blocked',
  reason: null,
  changes: [
    { field: 'status', old: 'in_progress', new: 'blocked' },
    { field: 'notes', old: null, new: 'Waiting for "Cloud UB"\n' },
    { field: 'actual_hours', old: null, new: 3.5 },
  ],
  detail: { transition: 'block' },
  request: 'req-1',
  at: '2026-11-20T21:19:39.123456Z',
  prev: 'ab'.repeat(32),
}

// Written by hand from RFC 8785, not by the code; the leaf is `(printf '\0'; cat) | sha256sum` of it.
const bytes =
  '{"action":"blocked","actor":{"client":"mcp","id":"01a1fb0e-0000-7000-8000-000000000002","kind":"agent","name":"Mac CLI 小克","sponsor":"01a1fb0e-0000-7000-8000-000000000003"},"at":"2026-11-20T21:19:39.123456Z","changes":[{"field":"status","new":"blocked","old":"in_progress"},{"field":"notes","new":"Waiting for \\"Cloud UB\\"\\n","old":null},{"field":"actual_hours","new":3.5,"old":null}],"detail":{"transition":"block"},"id":"01a1fb0e-b503-75b8-a7b1-cf9fd083acb6","prev":"abababababababababababababababababababababababababababababababab","reason":null,"record":{"id":"01a1fb0e-b4ff-7000-8000-000000000001","kind":"work_order"},"request":"req-1","seq":2,"tenant":"01a1fb10-8c68-7183-87fe-b4ac3964138d","v":1,"version":2}'
const leaf = 'ee552cca5b106014f293e37713c6e0badfc075f64543b95b286bb62696a1ec7f'

test('R-ENT-1 an entry is sealed as these bytes, with this leaf, for ever', () => {
  const sealed = sealEntry(body)
  assert.equal(sealed.body.toString('utf8'), bytes)
  assert.equal(sealed.leaf.toString('hex'), leaf)
})

test('R-ENT-2 a leaf is the hash of RFC 6962: a zero byte before the body', () => {
  const empty = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
  assert.equal(leafOf(new Uint8Array()).toString('hex'), empty)
})

test('R-ENT-3 canonical text is as RFC 8785 has it: its own examples', () => {
  const members = JSON.parse(
    String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
  ) as unknown
  assert.equal(
    toCanonical(members),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  )
  const names = JSON.parse(
    String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
  ) as object
  assert.deepEqual(
    [...toCanonical(names).matchAll(/:"([^"]*)"/g)].map((match) => match[1]),
    [
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ],
  )
})

test('R-ENT-4 numbers are written as RFC 8785, appendix B, has them', () => {
  const cases = table`
    bits             | text
    0000000000000000 | 0
    8000000000000000 | 0
    0000000000000001 | 5e-324
    8000000000000001 | -5e-324
    7fefffffffffffff | 1.7976931348623157e+308
    ffefffffffffffff | -1.7976931348623157e+308
    4340000000000000 | 9007199254740992
    c340000000000000 | -9007199254740992
    4430000000000000 | 295147905179352830000
    44b52d02c7e14af5 | 9.999999999999997e+22
    44b52d02c7e14af6 | 1e+23
    44b52d02c7e14af7 | 1.0000000000000001e+23
    444b1ae4d6e2ef4e | 999999999999999700000
    444b1ae4d6e2ef4f | 999999999999999900000
    444b1ae4d6e2ef50 | 1e+21
    3eb0c6f7a0b5ed8c | 9.999999999999997e-7
    3eb0c6f7a0b5ed8d | 0.000001
    41b3de4355555553 | 333333333.3333332
    41b3de4355555554 | 333333333.33333325
    41b3de4355555555 | 333333333.3333333
    41b3de4355555556 | 333333333.3333334
    41b3de4355555557 | 333333333.33333343
    becbf647612f3696 | -0.0000033333333333333333
    43143ff3c1cb0959 | 1424953923781206.2
  `
  for (const { bits = '', text } of cases)
    assert.equal(toCanonical(Buffer.from(bits, 'hex').readDoubleBE()), text, bits)
})

test('R-ENT-5 what is no JSON has no canonical text', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined])
    assert.throws(() => toCanonical(value), String(value))
})

test('R-ENT-6 equal values have equal bytes, whatever the order of their members', () => {
  const shuffled = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(shuffled)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .toReversed()
              .map(([name, member]) => [name, shuffled(member)]),
          )
        : value
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = toCanonical(value)
      assert.equal(toCanonical(shuffled(value)), text)
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('R-ENT-7 changes name what differs, in a fixed order, and nothing else', () => {
  const fields = ['status', 'notes', 'tags', 'plan', 'hours']
  const before = { status: 'draft', notes: null, tags: ['a'], plan: { b: 1, a: 2 }, hours: 1 }
  assert.deepEqual(changesBetween(fields, before, {}), [])
  assert.deepEqual(changesBetween(fields, before, { plan: { a: 2, b: 1 }, tags: ['a'], hours: 1 }), [])
  assert.deepEqual(changesBetween(fields, before, { hours: 2, status: 'planned', other: 'x' }), [
    { field: 'status', old: 'draft', new: 'planned' },
    { field: 'hours', old: 1, new: 2 },
  ])
  assert.deepEqual(changesBetween(fields, before, { notes: undefined, tags: null }), [
    { field: 'tags', old: ['a'], new: null },
  ])
  assert.deepEqual(changesBetween(fields, {}, { notes: '', status: null }), [
    { field: 'notes', old: null, new: '' },
  ])
})

const anyText = fc.string({ unit: 'binary', maxLength: 20 })
const anyEntry: fc.Arbitrary<EntryBody> = fc.record({
  v: fc.constant(1 as const),
  id: anyText,
  tenant: anyText,
  record: fc.record({ kind: fc.constantFrom('work_order' as const, 'asset' as const), id: anyText }),
  seq: fc.nat(),
  version: fc.nat(),
  actor: fc.record({
    id: anyText,
    kind: fc.constantFrom('human' as const, 'agent' as const),
    name: anyText,
    sponsor: fc.option(anyText),
    client: anyText,
  }),
  action: anyText,
  reason: fc.option(anyText),
  changes: fc.array(fc.record({ field: anyText, old: fc.jsonValue(), new: fc.jsonValue() }), {
    maxLength: 4,
  }),
  detail: fc.option(fc.dictionary(anyText, fc.jsonValue())),
  request: anyText,
  at: anyText,
  prev: fc.option(anyText),
})

test('R-ENT-8 the text of an entry is the canonical one, whatever stands in it; half a character is refused', () => {
  fc.assert(
    fc.property(anyEntry, (entry) => {
      assert.equal(sealEntry(entry).body.toString('utf8'), toCanonical(entry))
    }),
  )
  assert.throws(() => sealEntry({ ...body, reason: 'half \ud83d' }), /surrogate/)
})
