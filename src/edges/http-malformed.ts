/**
 * What is refused below any operation: bytes that are not HTTP, addresses that cannot be read, a host that is
 * none, JSON that is nested without end. Each gets the same problem as every other refusal, and never a 500.
 */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem, sendRefusal } from './http-reply.ts'

/** Deeper than any input or message that is meant, and far from where recursion ends a program. */
const deepest = 100

const statusByCode: { readonly [code: string]: readonly [status: number, title: string] } = {
  HPE_HEADER_OVERFLOW: [431, 'the head of the request is too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come to its end in time'],
}

/** For the HTTP server itself: this is no request that any route could see. */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const [status, title] = statusByCode[error.code ?? ''] ?? [400, 'this is not a request of HTTP/1.1']
  const code = status === 431 ? 'too_large' : 'invalid_input'
  const body = JSON.stringify({ type: `/problems/${code}`, title, status, code, instance: randomUUID() })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

/** An address that cannot be decoded, or with a part that is longer than anything here is called. */
export function refuseAddress(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  if (error.code === 'FST_ERR_MAX_PARAM_LENGTH')
    void sendRefusal(reply, { code: 'not_found', what: 'this address' })
  else void sendProblem(reply, 400, 'invalid_input', 'the address is not well formed', {})
}

export function refuseMalformed(app: FastifyInstance): void {
  // A server may answer an expectation that it does not know with 417, or overlook it: then the answer is a real one.
  app.server.on('checkExpectation', (request, response) => void app.server.emit('request', request, response))
  let knownHost = ''
  app.addHook('onRequest', (request, reply, next) => {
    const { host } = request.headers
    // Before 1.1 there was no such header. One that was read before need not be read again.
    const isHost =
      host === undefined
        ? request.raw.httpVersion !== '1.1'
        : host === knownHost || URL.canParse(`http://${host}`)
    if (isHost) {
      knownHost = host ?? knownHost
      next()
    } else void sendProblem(reply, 400, 'invalid_input', 'the header Host is missing or names no host', {})
  })
  app.addHook('preValidation', (request, reply, next) => {
    const tooDeep = { path: '', message: `is nested more than ${deepest} levels deep` }
    // Each level takes a byte to open and one to close.
    const length = Number(request.headers['content-length'])
    const mayBeDeep = Number.isNaN(length) || length >= 2 * deepest
    if (mayBeDeep && isTooDeep(request.body))
      void sendRefusal(reply, { code: 'invalid_input', errors: [tooDeep] })
    else next()
  })
}

function isTooDeep(body: unknown): boolean {
  let level = [body]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return true
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    )
  }
  return false
}
