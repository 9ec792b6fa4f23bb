/** What an answer must be, whatever was asked. Gives what is wrong with it, or nothing. */
import { refusals } from '#domain/problem.ts'
import type { Shot } from './fuzz-request.ts'
import type { Heard } from './fuzz-wire.ts'

const mostMs = 5000
/** Pages for people are printed into a pack: that takes as long as it takes. */
const mostMsOfDownload = 30_000
export const limitOf = ({ operation }: Shot): number =>
  operation?.download === true ? mostMsOfDownload : mostMs

/** Words of the inside: none of them is in a text that is sent. */
const inside =
  /node_modules|\bat (?:async )?[\w.<>]+ \(|\.[cm]?[jt]s:\d+|file:\/\/\/(?!etc\/passwd)|violates|constraint "|relation "|column "|syntax error at|invalid input syntax|out of range for type|pg_|FST_ERR|ECONN|ENOENT|docket_app|current_tenant|Cannot read|is not a function|undefined \(reading|SQLSTATE|canonicalize|ZodError|Unexpected token/i

export function findFault(shot: Shot, bytes: Buffer, heard: Heard): string | undefined {
  const { status, text } = heard
  if (heard.timedOut) return `no answer within ${limitOf(shot)} ms`
  if (status === 0) return shot.isWhole ? 'the connection was closed without an answer' : undefined
  if (status >= 500) return `a ${status}`
  const leak = inside.exec(text)?.[0]
  if (leak !== undefined && status >= 400) return `the inside shows: ${leak}`
  if (shot.isMcp && heard.headers.get('content-type')?.includes('problem') !== true)
    return findFaultOfMcp(heard)
  if (status >= 400)
    return shot.about.startsWith('account') ? findFaultOfAccount(heard) : findFaultOfProblem(heard)
  return findFaultOfSuccess(shot, heard, bytes.toString('latin1', 0, 20_000).split(/\s/)[1] ?? '')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Problem = { readonly [name: string]: unknown }

function findFaultOfProblem({ status, headers, text }: Heard): string | undefined {
  if (headers.get('content-type')?.startsWith('application/problem+json') !== true)
    return `a ${status} of the type ${headers.get('content-type')}`
  // An answer to HEAD has no body.
  if (text === '') return headers.get('content-length') === '0' ? 'an empty problem' : undefined
  return findFaultOfBody(parse(text) as Problem | undefined, status)
}

function findFaultOfBody(body: Problem | undefined, status: number): string | undefined {
  if (typeof body !== 'object' || body === null) return 'the problem is not JSON'
  if (typeof body['code'] !== 'string' || !(body['code'] in refusals))
    return `an unknown code ${String(body['code'])}`
  if (typeof body['title'] !== 'string' || body['title'].length < 5) return 'a problem without a title'
  if (body['title'].length > 2500) return `a title of ${body['title'].length} characters`
  if (body['status'] !== status) return `status ${String(body['status'])} in a ${status}`
  return undefined
}

function findFaultOfMcp({ status, text }: Heard): string | undefined {
  if (text === '') return status === 202 || status === 405 ? undefined : `an empty ${status}`
  // The older protocol answers as a stream of one message.
  // Only CR and LF end a line of an event stream; to `.` and `$` so do U+2028 and U+2029.
  const replies = parse(/(?:^|[\r\n])data: ([^\r\n]*)/.exec(text)?.[1] ?? text) as Problem | undefined
  if (typeof replies !== 'object' || replies === null) return 'MCP: not JSON'
  for (const reply of Array.isArray(replies) ? (replies as Problem[]) : [replies]) {
    const error = reply['error'] as { code?: unknown; message?: unknown } | undefined
    if (error !== undefined) {
      if (error.code === -32_603) return 'MCP: an internal error'
      if (typeof error.code !== 'number' || typeof error.message !== 'string')
        return 'MCP: an error without code or message'
      continue
    }
    const result = reply['result'] as { isError?: boolean; structuredContent?: Problem } | undefined
    if (typeof result !== 'object' || result === null) return 'MCP: neither result nor error'
    if (result.isError !== true) continue
    const problem = result.structuredContent
    const fault = findFaultOfBody(problem, Number(problem?.['status']))
    if (fault !== undefined || Number(problem?.['status']) >= 500) return `MCP: ${fault ?? 'a defect'}`
  }
  return undefined
}

/** The endpoints of the account library have a form of their own: a message and a code. */
function findFaultOfAccount(heard: Heard): string | undefined {
  if (heard.headers.get('content-type')?.includes('problem') === true) return findFaultOfProblem(heard)
  const body = parse(heard.text) as Problem | undefined
  return typeof body?.['message'] === 'string'
    ? undefined
    : `an account answer without a message: ${heard.text.slice(0, 100)}`
}

function findFaultOfSuccess(
  { operation }: Shot,
  { status, headers, text }: Heard,
  path: string,
): string | undefined {
  // With nothing where the id should be, it is the list that was asked for.
  if (operation === undefined || operation.download === true || /\/(\?|$)/.test(path)) return undefined
  if (headers.get('content-type')?.startsWith('application/json') !== true || status === 204 || text === '')
    return undefined
  const output = operation.output.safeParse(parse(text))
  return output.success
    ? undefined
    : `a success that is not what it should be: ${output.error.message.slice(0, 300)}`
}
