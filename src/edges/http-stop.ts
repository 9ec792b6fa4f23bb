/**
 * The end of the HTTP service: requests that run are finished, connections end as they become idle, and who
 * takes longer than the grace is cut off, so that a stop always ends.
 */
import type { FastifyInstance } from 'fastify'

const graceMs = 5000
const lookEveryMs = 50

export function endConnectionsOnClose(app: FastifyInstance): void {
  app.addHook('preClose', () => {
    const until = performance.now() + graceMs
    const looking = setInterval(() => {
      if (performance.now() > until) app.server.closeAllConnections()
      else app.server.closeIdleConnections()
    }, lookEveryMs)
    app.server.once('close', () => clearInterval(looking))
    return Promise.resolve()
  })
}
