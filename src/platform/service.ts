/** What every door stands on, wired once by `main.ts`. */
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Identity } from './identity.ts'
import type { Floor } from './tx.ts'

export type Service = {
  readonly config: Config
  readonly floor: Floor
  readonly identity: Identity
  readonly log: Logger
  /** Called when the database was away: makes the embedded server run again. */
  readonly recover: () => void
}
