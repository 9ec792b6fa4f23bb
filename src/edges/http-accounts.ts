/** Password sign-in over HTTP: the few public endpoints of better-auth, rate-limited; the rest of it stays inside. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountPaths } from '#platform/accounts.ts'
import type { Service } from '#platform/service.ts'

export function mountAccounts(app: FastifyInstance, service: Service): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const headers = new Headers()
    for (const [name, value] of Object.entries(request.headers))
      if (typeof value === 'string') headers.set(name, value)
    headers.set('content-type', 'application/json')
    const url = new URL(request.url, `${request.protocol}://${request.host}`)
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
    app.route({ method: url.endsWith('get-session') ? 'GET' : 'POST', url, handler, config })
  }
}
