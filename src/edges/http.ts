/**
 * The HTTP door: one route for each operation, read off the list. No rule lives here; a refusal leaves as a
 * problem (RFC 9457), the world being away as 503, a defect as 500 with the request's id and nothing else.
 */
import { randomUUID } from 'node:crypto'
import multipart from '@fastify/multipart'
import rateLimit from '@fastify/rate-limit'
import fastify from 'fastify'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { operations } from '#capabilities/index.ts'
import type { Refusal } from '#domain/refusal.ts'
import type { Actor } from '#domain/principal.ts'
import { checkAlive } from '#platform/database.ts'
import { asUnavailable } from '#platform/sqlstate.ts'
import type { Operation } from '#platform/operation.ts'
import { perform } from '#platform/perform.ts'
import type { Service } from '#platform/service.ts'
import { mountAccounts } from './http-accounts.ts'
import { mountDocs } from './http-docs.ts'
import { openEventStreams } from './http-events.ts'
import { exportFormat, sendExport } from './http-export.ts'
import { authenticate, sendProblem, sendRefusal } from './http-reply.ts'
import { assembleInput, readCall } from './http-request.ts'
import { asksForDocument, sendDocument, takeDocuments } from './http-document.ts'
import { sendDownload, withUpload } from './http-files.ts'
import { refuseAddress, refuseConnection, refuseMalformed } from './http-malformed.ts'
import { refuseForeignPages } from './http-origin.ts'
import { sendPack } from './http-pack.ts'
import { mountPages } from './http-pages.ts'
import { endConnectionsOnClose } from './http-stop.ts'
import { mountMcp } from './mcp-http.ts'

const bodyLimitBytes = 1024 * 1024
const requestIdForm = /^[\w.:@/+=-]{1,100}$/

export async function buildHttp(service: Service): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    genReqId: (request) => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && requestIdForm.test(given) ? given : randomUUID()
    },
    forceCloseConnections: 'idle',
    // 200 characters, each of up to nine when they are percent-encoded.
    routerOptions: { maxParamLength: 1800, ignoreTrailingSlash: true },
    http: { requireHostHeader: false },
    clientErrorHandler: refuseConnection,
    frameworkErrors: refuseAddress,
  })
  refuseMalformed(app)
  refuseForeignPages(app, service.floor.relyingParty.origins)
  app.setErrorHandler((error: FastifyError, request, reply) => handleError(service, error, request, reply))
  app.setNotFoundHandler((_request, reply) => sendRefusal(reply, { code: 'not_found', what: 'this address' }))
  await app.register(rateLimit, { global: false })

  const streams = openEventStreams(service)
  app.addHook('preClose', () => streams.close())
  endConnectionsOnClose(app)
  // What only uploads need does not run on every other request.
  await app.register(async (uploads) => {
    await uploads.register(multipart, {
      limits: { files: 1, fields: 0, fileSize: service.config.DOCKET_MAX_ATTACHMENT_BYTES },
    })
    for (const operation of operations)
      if (operation.upload === true) mountOperation(uploads, service, operation, streams)
  })
  await app.register(async (documents) => {
    takeDocuments(documents)
    for (const operation of operations)
      if (operation.takes !== undefined) mountOperation(documents, service, operation, streams)
  })
  for (const operation of operations)
    if (operation.upload !== true && operation.takes === undefined)
      mountOperation(app, service, operation, streams)
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    await checkAlive(service.floor.db)
    return reply.send({ status: 'ready' })
  })
  mountAccounts(app, service)
  mountMcp(app, service)
  mountPages(app, service.floor.relyingParty.origins[0] ?? '')
  await app.register(mountDocs)
  return app
}

type Streams = ReturnType<typeof openEventStreams>

function mountOperation(
  app: FastifyInstance,
  service: Service,
  operation: Operation,
  streams: Streams,
): void {
  const [method, url] = operation.http
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const actor = await authenticate(service, request)
    if (actor === undefined) return sendRefusal(reply, { code: 'unauthenticated' })
    const format = exportFormat(operation, request)
    if (format !== undefined) return sendExport(service, operation, actor, request, reply, format)
    if (operation.name === 'event.list' && !wantsJson(request)) return streams.serve(actor, request, reply)
    return operation.upload === true
      ? withUpload(service, request, reply, (file) => answer(service, operation, actor, request, reply, file))
      : answer(service, operation, actor, request, reply)
  }
  app.route({ method, url, handler })
}

const wantsJson = (request: FastifyRequest): boolean =>
  (request.headers.accept ?? '').includes('application/json')

async function answer(
  service: Service,
  operation: Operation,
  actor: Actor,
  request: FastifyRequest,
  reply: FastifyReply,
  extra: object = {},
): Promise<unknown> {
  const call = readCall(request)
  if (!call.ok) return sendRefusal(reply, call.refusal)
  const input = assembleInput(operation, request, extra)
  const signal = operation.think === undefined ? undefined : untilGone(reply)
  const decision = await perform(service.floor, operation, actor, input, { ...call.value, signal })
  if (!decision.ok) return sendRefusal(reply, decision.refusal)
  const { output, replayed } = decision.value
  if (replayed) reply.header('idempotency-replayed', 'true')
  if (operation.name === 'pack.export') return sendPack(service, actor, request, reply, output)
  if (operation.download === true) return sendDownload(service, actor, request, reply, output)
  if (operation.document !== undefined && asksForDocument(operation.document, request))
    return sendDocument(operation.document, output, reply)
  const version = (output as { version?: unknown } | null)?.version
  if (typeof version === 'number') reply.header('etag', `"${version}"`)
  return reply
    .code(operation.status ?? 200)
    .header('content-type', 'application/json; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .header('x-request-id', request.id)
    .send(JSON.stringify(output))
}

/** Aborted when the connection closes before the answer has left. */
function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}

function handleError(
  service: Service,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  // Nobody is there to be told: what thought for them was broken off.
  if (error.name === 'AbortError' && reply.raw.destroyed) return reply
  const away = asUnavailable(error)
  if (away !== undefined) {
    service.recover()
    return sendProblem(reply, 503, 'unavailable', `${away.message}; nothing was lost: try again`, {
      'retry-after': String(away.retryAfterSeconds),
    })
  }
  const refusal = toRefusal(error)
  if (refusal !== undefined) return sendRefusal(reply, refusal)
  service.log.error(
    { err: error, request_id: request.id, method: request.method, url: request.url },
    'defect',
  )
  return sendProblem(
    reply,
    500,
    'defect',
    'this should not have happened; the request id leads us to what did',
    {},
  )
}

/** What the HTTP library itself refuses: a body that is too large, not JSON, or of a type that we do not take. */
function toRefusal(error: FastifyError): Refusal | undefined {
  const status = error.statusCode ?? 500
  if (status === 413) return { code: 'too_large', what: 'the request', limitBytes: bodyLimitBytes }
  if (status === 415) return { code: 'unsupported_media_type', expected: 'application/json' }
  if (status === 429) return { code: 'too_many_requests', retryAfterSeconds: 60 }
  if (status >= 400 && status < 500) {
    return { code: 'invalid_input', errors: [{ path: '', message: error.message }] }
  }
  return undefined
}
