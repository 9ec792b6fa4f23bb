/**
 * A session cookie goes along with whatever a browser sends here, also from a page of somebody else on the same
 * site. So a change that a cookie speaks for must come from a page of this service; a browser says from which
 * it comes, in headers that no page can set (Fetch standard: Origin, Sec-Fetch-Site).
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sendRefusal } from './http-reply.ts'
import { credentialsOf } from './http-request.ts'

export function refuseForeignPages(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook('onRequest', (request, reply, next) => {
    const origin = findForeignOrigin(request, origins)
    if (origin === undefined) next()
    else void sendRefusal(reply, { code: 'foreign_page', origin })
  })
}

/** Where a change by cookie came from, when that is not here; a program that is no browser says nothing. */
function findForeignOrigin(request: FastifyRequest, origins: readonly string[]): string | undefined {
  const { method, headers } = request
  if (headers.cookie === undefined || method === 'GET' || method === 'HEAD') return undefined
  // Who sends a key does not act by the cookie.
  if (credentialsOf(request).bearer !== undefined) return undefined
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  if (origin === undefined) return site === undefined || site === 'same-origin' ? undefined : 'another site'
  if (origins.includes(origin)) return undefined
  const isOurs = URL.canParse(origin) && new URL(origin).host === host
  return isOurs ? undefined : origin
}
