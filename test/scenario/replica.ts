/** Another service on the same database as the fixture's, with settings of its own. */
import { buildHttp } from '#edges/http.ts'
import { openService } from '#edges/open-service.ts'
import { readConfig } from '#platform/config.ts'
import { openNeighbours } from '../../src/adapters/neighbours.ts'
import type { Fixture } from '../fixture.ts'

export type Replica = { readonly url: string; close(): Promise<void> }

export async function openReplica(fixture: Fixture, settings: NodeJS.ProcessEnv): Promise<Replica> {
  const { installation, config } = fixture.service
  const own = readConfig({ DOCKET_DATA: config.DOCKET_DATA, LOG_LEVEL: 'fatal', ...settings })
  const service = await openService(own, 'test-replica', {
    connections: 4,
    // The database server is the fixture's to release.
    installed: { ...installation, release: () => Promise.resolve() },
    readSecret: openNeighbours(own).readSecret,
  })
  const app = await buildHttp(service)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    url,
    async close() {
      await app.close()
      await service.close()
    },
  }
}
