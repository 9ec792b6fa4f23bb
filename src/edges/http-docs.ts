/** The interactive API page at /docs, drawn from the document at /openapi.json; it may talk to this service only. */
import helmet from '@fastify/helmet'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import { buildOpenApi } from './openapi.ts'

export async function mountDocs(app: FastifyInstance): Promise<void> {
  const text = JSON.stringify(buildOpenApi())
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: [`'self'`],
        // The page is one inline script and its inline styles.
        scriptSrc: [`'self'`, `'unsafe-inline'`],
        styleSrc: [`'self'`, `'unsafe-inline'`],
        imgSrc: [`'self'`, 'data:'],
        fontSrc: [`'self'`, 'data:'],
        objectSrc: [`'none'`],
        baseUri: [`'none'`],
        frameAncestors: [`'none'`],
      },
    },
  })
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
