/** Faults below the input: headers, the text of the body, the lines of the request itself. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'

export type Header = readonly [name: string, value: string]

const values: { readonly [name: string]: readonly string[] } = {
  'idempotency-key': [
    'one',
    'two',
    'three',
    'four',
    'five',
    '',
    ' ',
    'a b',
    'x'.repeat(255),
    'x'.repeat(256),
    'ключ',
    '\u00e9',
    '\ttab',
    'a, b',
  ],
  'if-match': [
    '"1"',
    '"2"',
    '*',
    'W/"3"',
    '1',
    '""',
    '"x"',
    '"-1"',
    '"99999999999999999999"',
    '"1", "2"',
    '"1',
    "'1'",
    '"0"',
  ],
  'content-type': [
    'text/plain',
    'application/json; charset=latin1',
    'application/json;',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="',
    'application/xml',
    '',
    ';',
    'json',
    'APPLICATION/JSON',
    'application/json, text/plain',
    'application/json; charset="\\"',
  ],
  accept: [
    '*/*',
    '',
    'text/csv',
    'application/x-ndjson',
    'text/event-stream',
    'text/html',
    'application/xml',
    ';q=0',
    'x'.repeat(3000),
    'application/json;q=0',
  ],
  'last-event-id': [
    '',
    '0',
    'x',
    '0-00000000-0000-0000-0000-000000000000',
    '9999999999999999999-ffffffff-ffff-ffff-ffff-ffffffffffff',
    '-1-0',
    '\u00ff',
  ],
  'x-request-id': ['', 'a', 'x'.repeat(100), 'x'.repeat(101), 'a b', '<script>', '\u00e9', '../..', "';--"],
  authorization: [
    'Bearer',
    'Bearer ',
    'Bearer x',
    'bearer dk_x',
    `Bearer ${'x'.repeat(6000)}`,
    'Bearer a.b.c',
    'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJBZGEgQWRtaW4ifQ.',
    'Basic YTpi',
    'Basic',
    'Bearer \u00e9',
    "Bearer ' or 1=1 --",
    'Digest x',
    'Bearer null',
  ],
  'x-api-key': ['', 'x', 'a.b.c', '\u00ff'],
  cookie: [
    'x',
    'better-auth.session_token=x',
    'better-auth.session_token=a.b',
    'better-auth.session_token=%zz',
    '=;=;',
    `a=${'x'.repeat(4000)}`,
    'better-auth.session_token=%00',
  ],
  'docket-tenant': ['acme-bio', 'superportia', 'x', '', '%', '\u00ff', "'"],
  host: ['', 'x y', '[', 'localhost:99999', 'a'.repeat(3000), '127.0.0.1/x', '@', '%'],
  'content-encoding': ['gzip', 'br', 'x'],
  'transfer-encoding': ['identity', 'gzip', 'chunked, chunked'],
  expect: ['100-continue', '200-ok'],
  upgrade: ['websocket', 'h2c'],
  origin: ['null', 'http://evil.example', 'x', ''],
  range: ['bytes=0-1', 'bytes=9-1', 'x'],
  'x-forwarded-for': ["' or 1=1", '::1', 'x'.repeat(500)],
  'mcp-protocol-version': ['2026-07-28', '2025-06-18', '1999-01-01', 'x', ''],
  'mcp-session-id': ['x', '', '\u00ff'],
  'content-length': ['x'],
}
export const headerFault: Arbitrary<Header> = fc
  .constantFrom(...Object.keys(values).filter((name) => name !== 'content-length'))
  .chain((name) => fc.constantFrom(...(values[name] ?? [])).map((value) => [name, value] as const))

const bodyFaults: { readonly [name: string]: (body: Buffer) => Buffer } = {
  nothing: () => Buffer.alloc(0),
  'one blank': () => Buffer.from(' '),
  'not JSON': () => Buffer.from('hello'),
  'single quotes': (body) => Buffer.from(body.toString().replaceAll('"', "'")),
  'cut off': (body) => body.subarray(0, Math.max(1, Math.floor(body.length * 0.7))),
  'something after it': (body) => Buffer.concat([body, Buffer.from('}')]),
  'a key twice': (body) => Buffer.from(body.toString().replace(/^\{("[^"]*":)/, '{$1null,$1')),
  'a number out of all range': (body) => Buffer.from(body.toString().replace(/:\s*[^,{}[\]"]+/, ':1e999')),
  'a number of a thousand digits': (body) =>
    Buffer.from(body.toString().replace(/:\s*[^,{}[\]"]+/, `:${'9'.repeat(1000)}`)),
  'minus zero': (body) => Buffer.from(body.toString().replace(/:\s*[^,{}[\]"]+/, ':-0')),
  NaN: (body) => Buffer.from(body.toString().replace(/:\s*[^,{}[\]]+/, ':NaN')),
  'a byte order mark': (body) => Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), body]),
  'bytes that are no UTF-8': (body) =>
    Buffer.from(body.toString().replace(/"[^"]{2}/, '"\xff\xfe'), 'latin1'),
  'a NUL byte': (body) => Buffer.from(body.toString().replace(/"([^"]*)"\s*\}/, '"$1\0"}')),
  'an escaped NUL': (body) => Buffer.from(body.toString().replace(/"([^"]*)"\s*\}/, '"$1\\u0000"}')),
  'half a surrogate pair': (body) => Buffer.from(body.toString().replace(/"([^"]*)"\s*\}/, '"$1\\ud83d"}')),
  'a hundred thousand brackets': () => Buffer.from('['.repeat(100_000)),
  'deep and closed': () => Buffer.from(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`),
  'two megabytes': () => Buffer.from(`{"title":"${'x'.repeat(2 * 1024 * 1024)}"}`),
  'just below a megabyte': () => Buffer.from(`{"title":"${'x'.repeat(1024 * 1024 - 20)}"}`),
  'a prototype': (body) =>
    Buffer.from(body.toString().replace(/^\{/, '{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},')),
  'an array of it': (body) => Buffer.concat([Buffer.from('['), body, Buffer.from(']')]),
  'UTF-16': (body) => Buffer.from(body.toString(), 'utf16le'),
}
export const bodyFault: Arbitrary<string> = fc.constantFrom(...Object.keys(bodyFaults))

export const spoil = (body: Buffer | undefined, fault: string): Buffer | undefined =>
  bodyFaults[fault]?.(body ?? Buffer.from('{"x":"y"}'))

export type LineFault = {
  readonly name: string
  /** The server waits for more and gets none. */
  readonly cutsOff: boolean
  readonly apply: (head: string, body: Buffer) => Buffer
}
const join = (head: string, body: Buffer): Buffer => Buffer.concat([Buffer.from(head, 'latin1'), body])
const withHeader = (head: string, line: string): string => head.replace('\r\n', `\r\n${line}\r\n`)
const withLength = (head: string, length: string): string =>
  withHeader(head.replace(/content-length: .*\r\n/i, ''), `content-length: ${length}`)

const lineFaults: readonly LineFault[] = [
  {
    name: 'longer than it is',
    cutsOff: true,
    apply: (head, body) => join(withLength(head, String(body.length + 50)), body),
  },
  {
    name: 'shorter than it is',
    cutsOff: true,
    apply: (head, body) => join(withLength(head, String(Math.max(0, body.length - 5))), body),
  },
  { name: 'a length that is none', cutsOff: false, apply: (head, body) => join(withLength(head, 'x'), body) },
  { name: 'a negative length', cutsOff: false, apply: (head, body) => join(withLength(head, '-1'), body) },
  {
    name: 'two lengths',
    cutsOff: false,
    apply: (head, body) => join(withHeader(withLength(head, '5'), 'content-length: 6'), body),
  },
  {
    name: 'chunks that are none',
    cutsOff: true,
    apply: (head, body) =>
      join(withHeader(head.replace(/content-length: .*\r\n/i, ''), 'transfer-encoding: chunked'), body),
  },
  {
    name: 'a length and chunks',
    cutsOff: true,
    apply: (head, body) => join(withHeader(withLength(head, '3'), 'transfer-encoding: chunked'), body),
  },
  {
    name: 'chunks',
    cutsOff: false,
    apply: (head, body) =>
      join(
        withHeader(head.replace(/content-length: .*\r\n/i, ''), 'transfer-encoding: chunked'),
        Buffer.concat([
          Buffer.from(`${body.length.toString(16)}\r\n`),
          body,
          Buffer.from(body.length === 0 ? '\r\n' : '\r\n0\r\n\r\n'),
        ]),
      ),
  },
  { name: 'no version', cutsOff: false, apply: (head, body) => join(head.replace(' HTTP/1.1', ''), body) },
  {
    name: 'another version',
    cutsOff: false,
    apply: (head, body) => join(head.replace('HTTP/1.1', 'HTTP/9.9'), body),
  },
  {
    name: 'an old version',
    cutsOff: false,
    apply: (head, body) => join(head.replace('HTTP/1.1', 'HTTP/1.0'), body),
  },
  { name: 'no host', cutsOff: false, apply: (head, body) => join(head.replace(/host: .*\r\n/, ''), body) },
  {
    name: 'a header without a colon',
    cutsOff: false,
    apply: (head, body) => join(withHeader(head, 'nonsense'), body),
  },
  {
    name: 'a header with a blank in its name',
    cutsOff: false,
    apply: (head, body) => join(withHeader(head, 'x y: z'), body),
  },
  {
    name: 'a header with a NUL',
    cutsOff: false,
    apply: (head, body) => join(withHeader(head, 'x-y: a\0b'), body),
  },
  {
    name: 'three thousand headers',
    cutsOff: false,
    apply: (head, body) =>
      join(withHeader(head, Array.from({ length: 3000 }, (_, i) => `x-${i}: 1`).join('\r\n')), body),
  },
  {
    name: 'a header of 20 kB',
    cutsOff: false,
    apply: (head, body) => join(withHeader(head, `x-y: ${'z'.repeat(20_000)}`), body),
  },
  {
    name: 'bare line feeds',
    cutsOff: true,
    apply: (head, body) => join(head.replaceAll('\r\n', '\n'), body),
  },
  {
    name: 'half a head',
    cutsOff: true,
    apply: (head) => Buffer.from(head.slice(0, Math.floor(head.length / 2)), 'latin1'),
  },
  {
    name: 'noise',
    cutsOff: true,
    apply: () => Buffer.from('\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'latin1'),
  },
]
export const lineFault: Arbitrary<LineFault> = fc.constantFrom(...lineFaults)
