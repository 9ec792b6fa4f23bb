/** Wires what every door stands on: installation, pools, accounts, identity. */
import pino from 'pino'
import { openAccounts } from '#platform/accounts.ts'
import { readRelyingParty } from '#platform/config.ts'
import type { Config } from '#platform/config.ts'
import { openDatabase } from '#platform/database.ts'
import { openGatewayTokens } from '#platform/gateway-token.ts'
import { openIdentity } from '#platform/identity.ts'
import type { Service } from '#platform/service.ts'
import { noSecrets } from '#platform/secret.ts'
import type { ReadSecret } from '#platform/secret.ts'
import { openInstallation } from '#platform/setup.ts'
import type { Installation } from '#platform/setup.ts'
import type { Floor } from '#platform/tx.ts'
import { openWrap } from '#platform/wrap.ts'
import { findPrincipalRef } from '#capabilities/principal/find.ts'

export type OpenService = Service & { readonly installation: Installation; close(): Promise<void> }

export type ServiceOptions = {
  readonly connections?: number
  /** One that is open already, and stays so when the service closes. */
  readonly installed?: Installation
  readonly readSecret?: ReadSecret
}

export async function openService(
  config: Config,
  purpose: string,
  { connections = config.DOCKET_POOL, installed, readSecret = noSecrets }: ServiceOptions = {},
): Promise<OpenService> {
  // Standard output belongs to answers (CLI, MCP over stdio); only the service logs there.
  const log = pino({ level: config.LOG_LEVEL }, pino.destination(purpose === 'serve' ? 1 : 2))
  const installation = installed ?? (await openInstallation(config))
  const applicationName = `docket-${purpose}`
  const db = openDatabase({ url: () => installation.urlOf('docket_app'), max: connections, applicationName })
  const authDb = openDatabase({
    url: () => installation.urlOf('docket_auth'),
    max: 4,
    applicationName,
    searchPath: 'auth',
  })
  const relyingParty = readRelyingParty(config)
  const floor: Floor = {
    db,
    accounts: openAccounts(authDb, installation.secret, relyingParty.origins),
    wrap: openWrap(installation.secret),
    relyingParty,
    readSecret,
  }
  const tokens = openGatewayTokens(config, (slug, subject) => findPrincipalRef(floor, slug, subject))
  return {
    config,
    floor,
    identity: openIdentity(floor, tokens),
    log,
    recover: once(
      () => installation.ensureRunning(),
      (error) => log.error({ err: error }, 'the database cannot be started again'),
    ),
    installation,
    async close() {
      await Promise.all([db.close(), authDb.close()])
      await installation.release()
    },
  }
}

/** At most one run at a time; whoever calls meanwhile is served by the one that runs. */
function once(work: () => Promise<void>, onError: (error: unknown) => void): () => void {
  let running = false
  return () => {
    if (running) return
    running = true
    work()
      .catch(onError)
      .finally(() => (running = false))
  }
}
