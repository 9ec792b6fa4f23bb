/** Documents over HTTP: a member of an answer or of an input that can come and go by itself, as CSV or as a picture. */
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { operations } from '#capabilities/index.ts'
import type { Operation } from '#platform/operation.ts'

type Document = NonNullable<Operation['document']>

/** Who names its type, or looks at it in a browser, gets it as it is; everybody else the JSON around it. */
export function asksForDocument({ type }: Document, { headers: { accept = '' } }: FastifyRequest): boolean {
  return accept.includes(type) || accept.includes('text/html')
}

export const sendDocument = (
  { member, type }: Document,
  output: unknown,
  reply: FastifyReply,
): FastifyReply =>
  reply
    .header('content-type', `${type}; charset=utf-8`)
    // Nothing in it runs, whatever a browser takes it for.
    .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
    .header('x-content-type-options', 'nosniff')
    .header('x-request-id', reply.request.id)
    .send((output as { readonly [member: string]: unknown })[member])

/** A body that is a document becomes the member of the input that it stands for. */
export function takeDocuments(app: FastifyInstance): void {
  const members = new Map(
    (operations as readonly Operation[]).flatMap(({ takes }) =>
      takes === undefined ? [] : [[takes.type, takes.member] as const],
    ),
  )
  for (const [type, member] of members)
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
      if (isUtf8(body)) done(null, { [member]: body.toString('utf8') })
      else
        done(Object.assign(new Error('the body is not text in UTF-8: save it as UTF-8'), { statusCode: 400 }))
    })
}
