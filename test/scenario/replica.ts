/** Another service on the same database as the fixture's, with settings of its own. */
import { buildHttp } from '#edges/http.ts'
import { openService } from '#edges/open-service.ts'
import { readConfig } from '#platform/config.ts'
import type { Fixture } from '../fixture.ts'

export type Replica = { readonly url: string; close(): Promise<void> }

export async function openReplica(fixture: Fixture, settings: NodeJS.ProcessEnv): Promise<Replica> {
  const { installation, config } = fixture.service
  const service = await openService(
    readConfig({ DOCKET_DATA: config.DOCKET_DATA, LOG_LEVEL: 'fatal', ...settings }),
    'test-replica',
    4,
    // The database server is the fixture's to release.
    { ...installation, release: () => Promise.resolve() },
  )
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
