/**
 * Live events (SSE). A stream is a reader of the tenant's log that stays: it continues after Last-Event-ID,
 * in order of commit, so nothing is skipped or doubled. Each tick asks once per tenant whether there is more;
 * whoever is no longer let in is cut off within seconds.
 */
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toEventType } from '#capabilities/event/operations.ts'
import type { Actor } from '#domain/principal.ts'
import { accept } from '#domain/refusal.ts'
import { listLog, loadLogEnd, parsePlace } from '#platform/entries.ts'
import type { LoggedEntry, LogPlace } from '#platform/entries.ts'
import { asUnavailable } from '#platform/sqlstate.ts'
import type { Service } from '#platform/service.ts'
import { inTenant } from '#platform/tx.ts'
import type { Tx } from '#platform/tx.ts'
import { sendRefusal } from './http-reply.ts'
import { credentialsOf } from './http-request.ts'

const tickMs = 200
const heartbeatMs = 15_000
const pageSize = 500
const mostStreams = 1000
const closeWithinMs = 1000

export function openEventStreams(service: Service) {
  /** Each stream by what ends it, with the end of its response. */
  const open = new Map<AbortController, Promise<unknown>>()

  async function serve(actor: Actor, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const query = request.query as { cursor?: string }
    const given = request.headers['last-event-id'] ?? query.cursor
    const from = typeof given === 'string' && given !== '' ? parsePlace(given) : undefined
    if (typeof given === 'string' && given !== '' && from === undefined) {
      return sendRefusal(reply, {
        code: 'invalid_input',
        errors: [{ path: 'Last-Event-ID', message: 'is not the id of an event' }],
      })
    }
    if (open.size >= mostStreams)
      return sendRefusal(reply, { code: 'too_many_requests', retryAfterSeconds: 10 })
    const start = from ?? (await readLog(service, actor, request.id, (tx) => loadLogEnd(tx)))
    reply.hijack()
    // Whoever went away while the log was read says so no more.
    if (reply.raw.destroyed) return reply
    const closing = new AbortController()
    open.set(
      closing,
      new Promise<void>((resolve) => {
        reply.raw.once('close', resolve)
      }),
    )
    reply.raw.once('close', () => closing.abort())
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    reply.raw.write(': connected\nretry: 1000\n\n')
    try {
      await pump(service, actor, request, reply, start, closing.signal)
    } finally {
      open.delete(closing)
      reply.raw.end()
    }
    return reply
  }
  return {
    serve,
    /** Ends every stream and waits until its reader has been told; one that does not read is not waited for. */
    close: async (): Promise<void> => {
      const ended = Promise.all(open.values())
      for (const stream of open.keys()) stream.abort()
      await Promise.race([ended, setTimeout(closeWithinMs, undefined, { ref: false })])
    },
  }
}

async function readLog<T>(
  service: Service,
  actor: Actor,
  requestId: string,
  read: (tx: Tx) => Promise<T>,
): Promise<T> {
  const bound = { tenantId: actor.tenantId, actor, call: { requestId } }
  const decision = await inTenant(service.floor, bound, async (tx) => accept(await read(tx)))
  if (!decision.ok) throw new Error('reading the log is never refused')
  return decision.value
}

async function pump(
  service: Service,
  caller: Actor,
  request: FastifyRequest,
  reply: FastifyReply,
  start: LogPlace,
  closing: AbortSignal,
): Promise<void> {
  let place = start
  let lastWrite = Date.now()
  while (!closing.aborted) {
    try {
      // Asked again and again, so that a disabled principal or a revoked key ends the stream.
      const actor = await service.identity.authenticate(credentialsOf(request), 'rest')
      if (actor === undefined || actor.id !== caller.id) return
      const entries = await readLog(service, actor, request.id, (tx) => listLog(tx, actor, place, pageSize))
      for (const entry of entries) await send(reply, toMessage(entry, caller.tenantId), closing)
      const last = entries.at(-1)
      if (last !== undefined) place = parsePlace(last.place) ?? place
      if (last !== undefined || Date.now() - lastWrite > heartbeatMs) {
        if (last === undefined) await send(reply, ': still here\n\n', closing)
        lastWrite = Date.now()
      }
      if (entries.length === pageSize) continue
    } catch (error) {
      // The database is away: the stream stays, and goes on where it was when it is back.
      if (asUnavailable(error) === undefined) throw error
      service.recover()
    }
    await pause(tickMs, closing)
  }
}

/** Waits for a slow reader instead of piling up what it has not read. */
async function send(reply: FastifyReply, message: string, closing: AbortSignal): Promise<void> {
  if (reply.raw.write(message) || closing.aborted) return
  await Promise.race([once(reply.raw, 'drain'), once(closing, 'abort')])
}

async function pause(ms: number, closing: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal: closing }).catch(() => undefined)
}

/** One event: CloudEvents 1.0 in JSON, under the entry's place in the log. */
function toMessage(entry: LoggedEntry, tenantId: string): string {
  const { place, ...data } = entry
  const event = {
    specversion: '1.0',
    id: entry.id,
    source: `/tenants/${tenantId}`,
    type: toEventType(entry),
    subject: entry.record.id,
    time: entry.at,
    datacontenttype: 'application/json',
    data,
  }
  return `id: ${place}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
