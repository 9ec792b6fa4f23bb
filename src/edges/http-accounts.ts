/** Password sign-in over HTTP: the few public endpoints of better-auth, rate-limited; the rest of it stays inside. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountPaths } from '#platform/accounts.ts'
import type { Service } from '#platform/service.ts'
import { sendRefusal } from './http-reply.ts'

export function mountAccounts(app: FastifyInstance, service: Service): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const origin = `${request.protocol}://${request.host}`
    if (!URL.canParse(request.url, origin))
      return sendRefusal(reply, {
        code: 'invalid_input',
        errors: [{ path: 'Host', message: 'is not the name of a host' }],
      })
    const url = new URL(request.url, origin)
    const headers = toHeaders(request, url.origin)
    const body = request.method === 'GET' ? {} : { body: JSON.stringify(request.body ?? {}) }
    const response = await service.floor.accounts.handle(
      new Request(url, { method: request.method, headers, ...body }),
    )
    reply.code(response.status)
    for (const [name, value] of response.headers) if (name !== 'content-length') reply.header(name, value)
    return reply.send(await response.text())
  }
  const config = { rateLimit: { max: 30, timeWindow: 60_000 } }
  for (const url of accountPaths) {
    app.route({
      method: url.endsWith('get-session') ? 'GET' : 'POST',
      url,
      handler,
      config,
      exposeHeadRoute: false,
    })
  }
}

function toHeaders(request: FastifyRequest, origin: string): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === 'string') headers.set(name, value)
  headers.set('content-type', 'application/json')
  // Guesses are counted by the caller's address; what the caller itself says of it counts for nothing.
  headers.set('x-forwarded-for', request.ip)
  // A browser says which page sends a form; a program that says nothing asks for itself.
  if (!['origin', 'referer', 'sec-fetch-site'].some((name) => headers.has(name)))
    headers.set('origin', origin)
  return headers
}
