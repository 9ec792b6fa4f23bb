/**
 * A sealer to be killed: `node test/sealer-process.ts <url of docket_sealer> <tenant>` seals one entry a transaction,
 * and tells its parent of each.
 */
import { openSealing, sealTenant } from '#capabilities/log/sealer.ts'
import type { Sealing } from '#capabilities/log/sealer.ts'
import { openWrap } from '#platform/wrap.ts'
import { testSecret } from './fixture.ts'

const [url = '', tenantId = ''] = process.argv.slice(2)
const silent: Sealing['log'] = { error: () => undefined, warn: () => undefined }
// The log has its key already: nothing but the wrapping is asked of the floor.
const floor = { wrap: openWrap(testSecret) } as Sealing['floor']
const sealing = openSealing(url, floor, silent)
for (;;) {
  const { leaves } = await sealTenant(sealing, tenantId, 1)
  if (leaves > 0) process.send?.(leaves)
}
