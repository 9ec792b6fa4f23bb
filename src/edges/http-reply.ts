/** What every HTTP route shares: who is asking, and how a refusal is sent. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toProblem } from '#domain/problem.ts'
import type { Refusal } from '#domain/refusal.ts'
import type { Actor } from '#domain/principal.ts'
import type { Service } from '#platform/service.ts'
import { credentialsOf } from './http-request.ts'

export const authenticate = (
  service: Service,
  request: FastifyRequest,
  client = 'rest',
): Promise<Actor | undefined> => service.identity.authenticate(credentialsOf(request), client)

export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const problem = toProblem(refusal)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .header('x-request-id', reply.request.id)
    .send(JSON.stringify({ ...problem, instance: reply.request.id }))
}

export function sendProblem(
  reply: FastifyReply,
  status: number,
  code: string,
  title: string,
  headers: Record<string, string>,
): FastifyReply {
  const body = { type: `/problems/${code}`, title, status, code, instance: reply.request.id }
  return reply
    .code(status)
    .headers({
      ...headers,
      'content-type': 'application/problem+json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-request-id': reply.request.id,
    })
    .send(JSON.stringify(body))
}
