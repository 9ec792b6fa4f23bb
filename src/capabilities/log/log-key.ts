/**
 * The key that signs a tenant's checkpoints: Ed25519, made at the first sealing, its private half wrapped under the
 * secret of the installation. Its public half is an entry of the tenant (`log_key_created`), so that the log itself
 * says which key is its own.
 */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { keyTypes, toOrigin, toVerifier, toVkey } from '#domain/checkpoint.ts'
import { accept } from '#domain/refusal.ts'
import { SetupProblem } from '#platform/error.ts'
import type { Floor } from '#platform/tx.ts'
import type { Wrap } from '#platform/wrap.ts'
import { asOperator, loadOperatorOf } from '../tenant/found.ts'
import { lockTenant, updateTenantHead } from '../tenant/store.ts'
import type { WrappedKey } from './seal-store.ts'
import { insertLogKey, loadLogKey } from './store.ts'

/** What is wrapped for one key of one tenant opens in the place of no other. */
const purposeOf = (tenantId: string, keyId: string): string => `log-key/${tenantId}/${keyId}`

/** Makes the key of a log that has none; safe from many processes at once. */
export async function ensureLogKey(floor: Floor, tenantId: string): Promise<void> {
  const operator = await loadOperatorOf(floor, tenantId)
  if (operator === undefined) throw new Error(`the tenant ${tenantId} has no operator`)
  await asOperator(floor, operator, async (tx) => {
    const tenant = await lockTenant(tx)
    if ((await loadLogKey(tx)) !== undefined) return accept(undefined)
    const { privateKey } = generateKeyPairSync('ed25519')
    const id = tx.newId()
    const origin = toOrigin(tenantId)
    const vkey = toVkey(toVerifier(origin, keyTypes.ed25519, privateKey))
    const head = tx.record({
      kind: 'tenant',
      record: tenant,
      action: 'log_key_created',
      changes: [],
      detail: { vkey },
      newVersion: false,
      at: tenant.locked_at,
    })
    updateTenantHead(tx, tenant, head)
    const bytes = privateKey.export({ format: 'der', type: 'pkcs8' })
    insertLogKey(tx, { id, origin, vkey, wrapped_private: floor.wrap.wrap(purposeOf(tenantId, id), bytes) })
    return accept(undefined)
  })
}

export function unwrapLogKey(wrap: Wrap, tenantId: string, { id, wrapped_private }: WrappedKey): KeyObject {
  const bytes = wrap.unwrap(purposeOf(tenantId, id), wrapped_private)
  if (bytes === undefined)
    throw new SetupProblem(
      `The key of the log of tenant ${tenantId} does not open with the secret of this installation: start it with the DOCKET_SECRET (or the file secret of DOCKET_DATA) that the log was begun with.`,
    )
  return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
}
