/** Files over HTTP: an upload is streamed to disk and hashed on its way, a download is streamed chunk by chunk. */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readChunk } from '#capabilities/attachment/operations.ts'
import type { StagedFile } from '#capabilities/attachment/operations.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Service } from '#platform/service.ts'
import { inTenant } from '#platform/tx.ts'
import { sendRefusal } from './http-reply.ts'

/** Receives the one file of a multipart body, hands it over as `file`, and removes what was staged. */
export async function withUpload(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (input: { file?: StagedFile }) => Promise<unknown>,
): Promise<unknown> {
  if (!request.isMultipart())
    return sendRefusal(reply, {
      code: 'unsupported_media_type',
      expected: 'multipart/form-data with one file',
    })
  const folder = join(service.config.DOCKET_DATA, 'uploads')
  await mkdir(folder, { recursive: true })
  const path = join(folder, randomUUID())
  try {
    const received = await receive(service, request, path)
    return received.ok ? await work(received.value) : sendRefusal(reply, received.refusal)
  } finally {
    await rm(path, { force: true })
  }
}

/** Reads the body to its end before anything is done with the file: a body that breaks off is no upload. */
async function receive(
  service: Service,
  request: FastifyRequest,
  path: string,
): Promise<Decision<{ file?: StagedFile }>> {
  let file: StagedFile | undefined
  try {
    for await (const part of request.files()) {
      file = await stage(part, path)
      if (part.file.truncated)
        return refuse({
          code: 'too_large',
          what: 'the file',
          limitBytes: service.config.DOCKET_MAX_ATTACHMENT_BYTES,
        })
    }
  } catch (error) {
    if (!isAboutBody(error)) throw error
    const message = 'must be one whole file in multipart/form-data, and nothing beside it'
    return refuse({ code: 'invalid_input', errors: [{ path: 'file', message }] })
  }
  return accept(file === undefined ? {} : { file })
}

async function stage(part: MultipartFile, path: string): Promise<StagedFile> {
  const hash = createHash('sha256')
  let size = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  await pipeline(part.file, meter, createWriteStream(path, { mode: 0o600 }))
  return {
    path,
    name: part.filename,
    media_type: part.mimetype,
    size_bytes: size,
    sha256: hash.digest('hex'),
  }
}

/**
 * The parser's own errors are plain and have no code, those of the plugin begin with FST_, and a caller that
 * went away leaves a stream that closed too early. What the disk says has another code.
 */
function isAboutBody(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: string }
  if (code === undefined) return Object.getPrototypeOf(error) === Error.prototype
  return code.startsWith('FST_') || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET'
}

export function sendDownload(
  service: Service,
  actor: Actor,
  request: FastifyRequest,
  reply: FastifyReply,
  output: unknown,
): FastifyReply {
  const file = output as { id: string; name: string; size_bytes: number; sha256: string }
  const bound = { tenantId: actor.tenantId, actor, call: { requestId: request.id } }
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let position = 0; ; position += 1) {
      const chunk = await inTenant(service.floor, bound, async (tx) =>
        accept(await readChunk(tx, file.id, position)),
      )
      if (!chunk.ok || chunk.value === undefined) return
      yield chunk.value
    }
  }
  // Never shown in place: what somebody attached must not run in the reader's session.
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-disposition', `attachment; filename*=UTF-8''${toExtended(file.name)}`)
    .header('content-length', file.size_bytes)
    .header('digest', `sha-256=${Buffer.from(file.sha256, 'hex').toString('base64')}`)
    .header('x-content-type-options', 'nosniff')
    .send(Readable.from(chunks()))
}

/** RFC 8187: what `encodeURIComponent` leaves as it is and a header value may not hold. */
const toExtended = (name: string): string =>
  encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
