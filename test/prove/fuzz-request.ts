/** Requests as bytes: operations over REST, tools over MCP, and what is no proper request at all. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { operations } from '#capabilities/index.ts'
import { inputShape } from '#edges/input-shape.ts'
import type { InputShape } from '#edges/input-shape.ts'
import { offeredTools, toolShape } from '#edges/mcp.ts'
import type { Operation } from '#platform/operation.ts'
import { applyChanges, change, goodInput } from './fuzz-change.ts'
import type { Input } from './fuzz-change.ts'
import { bodyFault, headerFault, lineFault, spoil } from './fuzz-fault.ts'
import type { Header } from './fuzz-fault.ts'
import { multipart } from './fuzz-multipart.ts'
import { nasty } from './fuzz-value.ts'
import type { Json } from './fuzz-value.ts'

/** What exists, for the texts that stand for it; and the keys of who sends. */
export type Fill = {
  readonly value: <T extends Json>(value: T) => T
  readonly authorization: string | undefined
}
export type Shot = {
  readonly about: string
  /** Set when a success is to be the answer of this operation. */
  readonly operation: Operation | undefined
  readonly principal: string
  /** False when the request ends before it is whole: then the connection may be closed without a word. */
  readonly isWhole: boolean
  readonly isMcp: boolean
  toBytes(fill: Fill): Buffer
}

const people = [
  ...Array.from({ length: 6 }, () => 'Ada Admin'),
  ...[
    'Pat Planner',
    'Pat Planner',
    'Olga Owner',
    'Quinn QA',
    'Lee Lab',
    'Aud Auditor',
    'Vik Vendor',
    'Build Agent',
    'system:scheduler',
  ],
  ...[
    '夏哥',
    '夏哥',
    '夏哥',
    '小西',
    'PM Agent',
    'Mac CLI 小克',
    'Mac CLI 小克',
    'system:cron',
    'system:captain-proxy',
  ],
]
const principal = fc.constantFrom(...people)

const some = <T>(arbitrary: Arbitrary<T>, most: number, share: number): Arbitrary<T[]> =>
  fc.oneof(
    { weight: Math.round((1 - share) * 100), arbitrary: fc.constant<T[]>([]) },
    { weight: Math.round(share * 100), arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: most }) },
  )

const rest: Arbitrary<Shot> = fc.constantFrom<Operation>(...operations).chain((operation) => {
  const shape: InputShape = inputShape(operation)
  return fc
    .record({
      principal,
      input: goodInput(operation.name, shape),
      changes: some(change, 3, 0.6),
      headers: some(headerFault, 2, 0.2),
      body: some(bodyFault, 1, operation.http[0] === 'GET' ? 0.02 : 0.12),
      line: some(lineFault, 1, 0.05),
      part: multipart,
    })
    .map(({ principal: sender, input, changes, headers, body, line, part }): Shot => ({
      about: `${operation.name}${changes.length + headers.length + body.length + line.length === 0 ? '' : ' (spoilt)'}`,
      operation,
      principal: sender,
      isWhole: !line.some(({ cutsOff }) => cutsOff),
      isMcp: false,
      toBytes(fill) {
        const given = fill.value(applyChanges(input, changes))
        const { path, payload } = toTarget(operation, given)
        const attached = operation.upload === true ? part : undefined
        const text =
          attached?.body ?? (payload === undefined ? undefined : Buffer.from(JSON.stringify(payload) ?? ''))
        return toRequest({
          method: operation.http[0],
          path,
          headers: [
            ...basics(fill),
            ...(text === undefined ? [] : [['content-type', attached?.type ?? 'application/json'] as const]),
            ...headers,
          ],
          body: body.reduce<Buffer | undefined>((spoilt, fault) => spoil(spoilt, fault), text),
          spoilLine: line[0]?.apply,
        })
      },
    }))
})

/** The path with its parameters, the query, and what is left for the body. */
function toTarget(operation: Operation, given: Json): { path: string; payload: Json | undefined } {
  const [method, url] = operation.http
  const input: Input =
    typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given } : {}
  const path = url.replace(/:(\w+)/g, (_match, name: string) => {
    const value = input[name] ?? ''
    delete input[name]
    return escape(toText(value))
  })
  if (method !== 'GET' && method !== 'DELETE') return { path, payload: isObject(given) ? input : given }
  const query = isObject(given)
    ? Object.entries(input).flatMap(([name, value]) => toParameters(name, value))
    : [escape(toText(given))]
  return { path: query.length === 0 ? path : `${path}?${query.join('&')}`, payload: undefined }
}

const toText = (value: Json): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
const isObject = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function toParameters(name: string, value: Json): string[] {
  if (Array.isArray(value)) return value.slice(0, 300).flatMap((item) => toParameters(name, item))
  return [`${escape(name)}=${escape(toText(value))}`]
}

/** As encodeURIComponent; half of a surrogate pair goes out as the three bytes that some programs make of it. */
const escape = (text: string): string =>
  [...text]
    .map((character) =>
      character.isWellFormed()
        ? encodeURIComponent(character)
        : `%ED%${(0x80 | ((character.charCodeAt(0) >> 6) & 0x3f)).toString(16)}%${(0x80 | (character.charCodeAt(0) & 0x3f)).toString(16)}`,
    )
    .join('')

const basics = ({ authorization }: Fill): Header[] => [
  ['host', 'localhost'],
  ['connection', 'close'],
  ['accept', 'application/json'],
  ...(authorization === undefined ? [] : [['authorization', authorization] as const]),
]

type Parts = {
  readonly method: string
  readonly path: string
  readonly headers: readonly Header[]
  readonly body: Buffer | undefined
  readonly spoilLine: ((head: string, body: Buffer) => Buffer) | undefined
}

/** A later header of the same name takes the place of an earlier one, so that a fault is what is sent. */
function toRequest({ method, path, headers, body = Buffer.alloc(0), spoilLine }: Parts): Buffer {
  const last = new Map(headers.map(([name, value]) => [name, value]))
  if (body.length > 0 || method === 'POST' || method === 'PATCH')
    last.set('content-length', String(body.length))
  const lines = [...last].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `${method} ${path} HTTP/1.1\r\n${lines}\r\n`
  return spoilLine === undefined ? Buffer.concat([Buffer.from(head, 'latin1'), body]) : spoilLine(head, body)
}

const mcp: Arbitrary<Shot> = fc.constantFrom(...offeredTools).chain((tool) =>
  fc
    .record({
      principal,
      input: goodInput(tool.operation.name, { properties: {}, ...toolShape(tool), type: 'object' }),
      extra: fc.oneof(
        fc.constant({}),
        fc.record({ idempotency_key: nasty }),
        fc.record({ if_version: nasty }),
      ),
      changes: some(change, 3, 0.6),
      envelope: some(change, 2, 0.15),
      headers: some(headerFault, 1, 0.1),
      body: some(bodyFault, 1, 0.05),
    })
    .map(({ principal: sender, input, extra, changes, envelope, headers, body }): Shot => ({
      about: `mcp ${tool.name}`,
      operation: undefined,
      principal: sender,
      isWhole: true,
      isMcp: true,
      toBytes(fill) {
        const args = applyChanges({ ...input, ...extra } as Input, changes)
        const call = {
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: tool.name, arguments: args },
        }
        const text = Buffer.from(JSON.stringify(fill.value(applyChanges(call, envelope))) ?? '')
        return toRequest({
          method: 'POST',
          path: '/mcp',
          headers: [
            ...basics(fill),
            ['accept', 'application/json, text/event-stream'],
            ['content-type', 'application/json'],
            ...headers,
          ],
          body: body.reduce<Buffer | undefined>((spoilt, fault) => spoil(spoilt, fault), text),
          spoilLine: undefined,
        })
      },
    })),
)

const oddPaths = [
  '/',
  '//',
  '/v1',
  '/v1/',
  '/v1/nothing',
  '/v1/work-orders//',
  '/v1/work-orders/%00',
  '/v1/work-orders/%zz',
  '/v1/work-orders/%',
  '/v1/work-orders/%E0%A4%A',
  '/v1/work-orders/%c0%ae%c0%ae/history',
  '/v1/work-orders/..%2f..%2fetc%2fpasswd',
  '/v1/work-orders/../../etc/passwd',
  `/v1/work-orders/${'a'.repeat(301)}`,
  `/v1/work-orders/${'a'.repeat(5000)}`,
  `/v1/work-orders?q=${'a'.repeat(15_000)}`,
  `/${'a/'.repeat(4000)}`,
  '/v1/work-orders?',
  '/v1/work-orders?&&&=',
  '/v1/work-orders?=x',
  '/v1/work-orders?limit',
  '/v1/work-orders?limit=1&limit=2',
  '/v1/work-orders?status[]=draft',
  '/v1/work-orders?status[a][b]=c',
  '/v1/work-orders?__proto__[x]=1',
  '/v1/work-orders?q=%FF%FE',
  '/v1/work-orders?q=%',
  '/v1/work-orders?q=%ed%a0%80',
  '/v1/work-orders?q=\u00ff\u00fe',
  '/v1/work-orders#x',
  '/v1/events?cursor=%00',
  '/v1/events?cursor=0-0',
  '/docs/../../package.json',
  '/docs/%2e%2e/%2e%2e/package.json',
  '/docs/x',
  '/openapi.json?x=1',
  '/healthz?x',
  '/readyz/',
  '/mcp',
  '/mcp/',
  '/auth/sign-up/email',
  '/auth/get-session',
  '/auth/ok',
  '/auth/error',
  '/auth/../v1/me',
  '/.git/config',
  '/favicon.ico',
  '*',
  'http://other.example/v1/me',
  '/v1/me\t',
  '/v1/me?\u00a0',
]
const odd: Arbitrary<Shot> = fc
  .record({
    principal,
    path: fc.constantFrom(...oddPaths),
    method: fc.constantFrom(
      'GET',
      'GET',
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'HEAD',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'CONNECT',
      'get',
      'X',
    ),
    headers: some(headerFault, 2, 0.4),
  })
  .map(({ principal: sender, path, method, headers }): Shot => ({
    about: 'odd path',
    operation: undefined,
    principal: sender,
    isWhole: method !== 'CONNECT',
    isMcp: path.startsWith('/mcp'),
    toBytes: (fill) =>
      toRequest({
        method,
        path,
        headers: [...basics(fill), ...headers],
        body: undefined,
        spoilLine: undefined,
      }),
  }))

const accountPaths = ['/auth/sign-in/email', '/auth/sign-out', '/auth/change-password', '/auth/get-session']
const accounts: Arbitrary<Shot> = fc
  .record({
    principal,
    path: fc.constantFrom(...accountPaths),
    body: fc.dictionary(fc.constantFrom('email', 'password', 'x'), nasty),
    headers: some(headerFault, 2, 0.3),
  })
  .map(({ principal: sender, path, body, headers }): Shot => ({
    about: `account ${path}`,
    operation: undefined,
    principal: sender,
    isWhole: true,
    isMcp: false,
    toBytes: (fill) =>
      toRequest({
        method: path.endsWith('get-session') ? 'GET' : 'POST',
        path,
        headers: [...basics(fill), ['content-type', 'application/json'], ...headers],
        body: path.endsWith('get-session') ? undefined : Buffer.from(JSON.stringify(body)),
        spoilLine: undefined,
      }),
  }))

export const shot: Arbitrary<Shot> = fc.oneof(
  { weight: 74, arbitrary: rest },
  { weight: 18, arbitrary: mcp },
  { weight: 6, arbitrary: odd },
  { weight: 2, arbitrary: accounts },
)
