/** The interactive API page at /docs, drawn from the document at /openapi.json. */
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import { buildOpenApi } from './openapi.ts'

export async function mountDocs(app: FastifyInstance): Promise<void> {
  const text = JSON.stringify(buildOpenApi())
  app.get('/openapi.json', (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(text),
  )
  await app.register(scalar, {
    routePrefix: '/docs',
    // What would reach out to somebody else's cloud is off.
    configuration: {
      url: '/openapi.json',
      title: 'Docket API',
      telemetry: false,
      withDefaultFonts: false,
      showDeveloperTools: 'never',
      hideClientButton: true,
      mcp: { disabled: true },
      agent: { disabled: true },
    },
  })
}
