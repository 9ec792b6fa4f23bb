/** `POST /mcp`: the current stateless protocol and the older era from one handler; a fresh server per request. */
import { toNodeHandler } from '@modelcontextprotocol/node'
import type { NodeIncomingMessageLike } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { FastifyInstance } from 'fastify'
import type { Actor } from '#domain/principal.ts'
import type { Service } from '#platform/service.ts'
import { authenticate, sendRefusal } from './http-reply.ts'
import { buildMcpServer } from './mcp.ts'

export function mountMcp(app: FastifyInstance, service: Service): void {
  const handler = createMcpHandler(
    ({ authInfo }) => {
      if (authInfo?.extra === undefined) throw new Error('MCP is served to callers that are known only')
      const { actor, requestId } = authInfo.extra as { actor: Actor; requestId: string }
      return buildMcpServer(
        service,
        () => Promise.resolve(actor),
        () => requestId,
      )
    },
    { onerror: (error) => service.log.debug({ err: error }, 'mcp') },
  )
  app.addHook('onClose', () => handler.close())
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    async handler(request, reply) {
      const actor = await authenticate(service, request, 'mcp')
      if (actor === undefined) return sendRefusal(reply, { code: 'unauthenticated' })
      const authInfo = { token: '', clientId: actor.id, scopes: [], extra: { actor, requestId: request.id } }
      reply.hijack()
      const serve = toNodeHandler({
        fetch: (incoming, options) => handler.fetch(incoming, { ...options, authInfo }),
      })
      await serve(request.raw as NodeIncomingMessageLike, reply.raw, request.body)
      return reply
    },
  })
}
