/** What the settings name outside of this installation. Throws SetupProblem when a setting cannot be used. */
import type { Config } from '#platform/config.ts'
import type { ReadSecret } from '#platform/secret.ts'
import { openCredentials } from './credential.ts'
import { openTimestamp } from './timestamp.ts'
import type { Timestamp } from './timestamp.ts'
import { openWitnesses } from './witness.ts'
import type { Witness } from './witness.ts'

export const openNeighbours = (
  config: Config,
): {
  witnesses: readonly Witness[]
  timestamp: Timestamp | undefined
  readSecret: ReadSecret
} => ({
  readSecret: openCredentials(config),
  witnesses: openWitnesses(config.DOCKET_WITNESSES),
  timestamp: openTimestamp(config),
})
