/** Where references to secrets lead, as the settings say. Throws SetupProblem when they contradict one another. */
import type { Config } from '#platform/config.ts'
import { SetupProblem } from '#platform/error.ts'
import { noSecrets } from '#platform/secret.ts'
import type { ReadSecret } from '#platform/secret.ts'
import { openVault } from './vault.ts'
import type { VaultSettings } from './vault.ts'

type Environment = { readonly [name: string]: string | undefined }

export function openCredentials(config: Config, environment: Environment = process.env): ReadSecret {
  const auth = readAuth(config)
  const vault =
    config.DOCKET_VAULT_ADDR === undefined || auth === undefined
      ? undefined
      : openVault({ address: config.DOCKET_VAULT_ADDR, namespace: config.DOCKET_VAULT_NAMESPACE, auth })
  return async (ref) => {
    if (ref.store === 'vault' && vault !== undefined) return vault(ref)
    if (ref.store !== 'env' || config.DOCKET_ENV_CREDENTIALS !== 'on') return noSecrets(ref)
    const value = environment[ref.name]
    return value === undefined
      ? { ok: false, cause: 'path_missing', says: `the environment of the service has no ${ref.name}` }
      : { ok: true, values: { value }, version: null }
  }
}

function readAuth(config: Config): VaultSettings['auth'] | undefined {
  const { DOCKET_VAULT_ADDR: address, DOCKET_VAULT_TOKEN: token } = config
  const { DOCKET_VAULT_ROLE_ID: roleId, DOCKET_VAULT_SECRET_ID: secretId } = config
  const isAny = token !== undefined || roleId !== undefined || secretId !== undefined
  if (address === undefined) {
    if (isAny)
      throw new SetupProblem('Settings: a token or role of a vault is set without DOCKET_VAULT_ADDR.')
    return undefined
  }
  if (token !== undefined && roleId === undefined && secretId === undefined) return { token }
  if (token === undefined && roleId !== undefined && secretId !== undefined) return { roleId, secretId }
  throw new SetupProblem(
    'Settings: DOCKET_VAULT_ADDR needs either DOCKET_VAULT_TOKEN, or DOCKET_VAULT_ROLE_ID with DOCKET_VAULT_SECRET_ID.',
  )
}
