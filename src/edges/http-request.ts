/** From an HTTP request to what an operation takes: credentials, the call's headers, one input object. */
import type { FastifyRequest } from 'fastify'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Credentials } from '#platform/identity.ts'
import type { Operation } from '#platform/operation.ts'
import type { Call } from '#platform/tx.ts'
import { coerce, inputShape } from './input-shape.ts'

const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value

export function credentialsOf(request: FastifyRequest): Credentials {
  const authorization = request.headers.authorization
  const bearer = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? first(request.headers['x-api-key'])
  return {
    bearer: bearer?.trim(),
    cookie: request.headers.cookie,
    tenant: first(request.headers['docket-tenant']),
  }
}

/** If-Match and Idempotency-Key; one that cannot be read is refused rather than overlooked. */
export function readCall(request: FastifyRequest): Decision<Call> {
  const ifMatch = first(request.headers['if-match'])
  const key = first(request.headers['idempotency-key'])
  let ifVersion: number | undefined
  if (ifMatch !== undefined && ifMatch !== '*') {
    const digits = /^(?:W\/)?"?(\d{1,9})"?$/.exec(ifMatch.trim())?.[1]
    if (digits === undefined) return malformed('If-Match', 'must be the ETag that was read, such as "7"')
    ifVersion = Number(digits)
  }
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key)) {
    return malformed('Idempotency-Key', 'must be 1 to 255 printable characters without spaces')
  }
  return accept({ requestId: request.id, ifVersion, idempotencyKey: key })
}

const malformed = (path: string, message: string): Decision<never> =>
  refuse({ code: 'invalid_input', errors: [{ path, message }] })

/** Body, query and path as one object; the path has the last word. What is not an object is handed on to be refused. */
export function assembleInput(operation: Operation, request: FastifyRequest, extra: object): unknown {
  const { body } = request
  if (body !== undefined && body !== null && (typeof body !== 'object' || Array.isArray(body))) return body
  const shape = inputShape(operation)
  const query = coerce(shape, request.query as { [name: string]: unknown })
  const params = coerce(shape, request.params as { [name: string]: unknown })
  return { ...(operation.upload === true ? {} : body), ...query, ...params, ...extra }
}
