/**
 * An inspection pack over HTTP: written while it is sent, at the pace of the reader. It holds one connection of the
 * database for as long as that takes, so only a few are made at a time.
 */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { buildPack } from '#capabilities/pack/build.ts'
import type { PackPlan } from '#capabilities/pack/operations.ts'
import type { Actor } from '#domain/principal.ts'
import type { Service } from '#platform/service.ts'
import type { Sink } from '#platform/zip.ts'
import { sendRefusal } from './http-reply.ts'

const mostAtOnce = 2
const retryAfterSeconds = 30
const running = new WeakMap<Service, number>()

export async function sendPack(
  service: Service,
  actor: Actor,
  request: FastifyRequest,
  reply: FastifyReply,
  output: unknown,
): Promise<FastifyReply> {
  const plan = output as PackPlan
  const others = running.get(service) ?? 0
  if (others >= mostAtOnce) {
    reply.header('retry-after', String(retryAfterSeconds))
    return sendRefusal(reply, { code: 'too_many_requests', retryAfterSeconds })
  }
  running.set(service, others + 1)
  const { stream, sink } = openStream()
  const order = { ...plan, witnesses: listWitnessKeys(service) }
  return new Promise<FastifyReply>((resolve, reject) => {
    let hasBegun = false
    const begin = (): void => {
      hasBegun = true
      resolve(sendStream(reply, plan, stream))
    }
    buildPack({ floor: service.floor, actor, call: { requestId: request.id }, order }, { begin, sink })
      .then((built) => {
        if (built.ok) stream.push(null)
        else resolve(sendRefusal(reply, built.refusal))
      })
      .catch((error: Error) => {
        // Once the stream has begun, breaking it off is the only way left to say that it is not whole.
        if (!hasBegun) return reject(error)
        if (!stream.destroyed)
          service.log.error({ err: error, request_id: request.id }, 'an inspection pack broke off')
        stream.destroy(error)
      })
      .finally(() => running.set(service, (running.get(service) ?? 1) - 1))
  })
}

const sendStream = (reply: FastifyReply, { name, records }: PackPlan, stream: Readable): FastifyReply =>
  reply
    .header('content-type', 'application/zip')
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('docket-records', String(records))
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .header('x-request-id', reply.request.id)
    .send(stream)

/** Behind the # of each: see DOCKET_WITNESSES. */
const listWitnessKeys = ({ config }: Service): string[] =>
  (config.DOCKET_WITNESSES ?? '')
    .split(',')
    .map((piece) => piece.slice(piece.indexOf('#') + 1).trim())
    .filter((key) => key !== '')

/** Bytes go in when the reader has taken those before; a reader that went away ends the writing. */
function openStream(): { stream: Readable; sink: Sink } {
  let waiting: { resolve: () => void; reject: (error: Error) => void } | undefined
  const stream = new Readable({
    read() {
      waiting?.resolve()
      waiting = undefined
    },
    destroy(error, done) {
      waiting?.reject(error ?? new Error('the reader went away'))
      waiting = undefined
      done(error)
    },
  })
  return {
    stream,
    sink: (bytes) =>
      new Promise((resolve, reject) => {
        if (stream.destroyed) reject(new Error('the reader went away'))
        else if (stream.push(bytes)) resolve()
        else waiting = { resolve, reject }
      }),
  }
}
