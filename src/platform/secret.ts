/** Reading a secret where it is kept. The adapters that do it are handed in from outside; nothing here keeps one. */
import type { CredentialRef } from '#domain/credential-ref.ts'

/** Why a secret could not be read. The first four pass by themselves, the others are for somebody to mend. */
export const secretCauses = [
  'unreachable',
  'sealed',
  'busy',
  'broken',
  'token_expired',
  'denied',
  'path_missing',
  'field_missing',
  'deleted',
  'not_connected',
] as const
export type SecretCause = (typeof secretCauses)[number]

export type SecretAnswer =
  /** The fields of the secret by their names, and which version of it this is. */
  | {
      readonly ok: true
      readonly values: { readonly [field: string]: string }
      readonly version: number | null
    }
  /** `says` is for people, and holds nothing of a secret. */
  | { readonly ok: false; readonly cause: SecretCause; readonly says: string }
/** Never throws. */
export type ReadSecret = (ref: CredentialRef) => Promise<SecretAnswer>

/** Where no store of secrets is connected. */
export const noSecrets: ReadSecret = (ref) =>
  Promise.resolve({
    ok: false,
    cause: 'not_connected',
    says: `no store for ${ref.store}:// is connected to this service (docs/operate/vault.md)`,
  })
