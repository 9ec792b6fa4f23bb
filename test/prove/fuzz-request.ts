/** A request as bytes, and what is known of it when its answer is judged. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { Operation } from '#platform/operation.ts'
import type { Header } from './fuzz-fault.ts'
import type { Json } from './fuzz-nasty.ts'

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

/** Who may do much is asked more often. */
const people = [
  'Ada Admin',
  'Ada Admin',
  'Ada Admin',
  'Ada Admin',
  'Pat Planner',
  'Pat Planner',
  'Olga Owner',
  'Quinn QA',
  'Lee Lab',
  'Aud Auditor',
  'Vik Vendor',
  'Build Agent',
  'system:scheduler',
  '夏哥',
  '夏哥',
  '夏哥',
  '小西',
  'PM Agent',
  'Mac CLI 小克',
  'Mac CLI 小克',
  'system:cron',
  'system:captain-proxy',
]
export const sender = fc.constantFrom(...people)
/** For the fleet's own tools: who may accept, report and approve. */
export const fleetSender = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('夏哥', '夏哥', '小西', 'Mac CLI 小克', 'Mac CLI 小克') },
  { weight: 1, arbitrary: sender },
)

/** Who holds the roles that sign, and has a key in force; only the owner has intents. */
const signers: { readonly [operation: string]: readonly string[] } = {
  'approval.intend': ['Olga Owner', 'Quinn QA'],
  'approval.sign': ['Olga Owner'],
  'approval.reject': ['Olga Owner', 'Quinn QA'],
}
/** Who is likely to get through with this operation, and now and then anybody. */
export function senderOf(operation: string): Arbitrary<string> {
  if (operation === 'work_order.transition') return fleetSender
  const able = signers[operation]
  return able === undefined
    ? sender
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...able) }, { weight: 1, arbitrary: sender })
}

/** None of them, or with this share one to `most`. */
export const some = <T>(arbitrary: Arbitrary<T>, most: number, share: number): Arbitrary<T[]> =>
  fc.oneof(
    { weight: Math.round((1 - share) * 100), arbitrary: fc.constant<T[]>([]) },
    { weight: Math.round(share * 100), arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: most }) },
  )

export const basics = ({ authorization }: Fill): Header[] => [
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
export function toRequest({ method, path, headers, body = Buffer.alloc(0), spoilLine }: Parts): Buffer {
  const last = new Map(headers.map(([name, value]) => [name, value]))
  if (body.length > 0 || method === 'POST' || method === 'PATCH')
    last.set('content-length', String(body.length))
  const lines = [...last].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `${method} ${path} HTTP/1.1\r\n${lines}\r\n`
  return spoilLine === undefined ? Buffer.concat([Buffer.from(head, 'latin1'), body]) : spoilLine(head, body)
}
