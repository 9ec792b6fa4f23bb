/**
 * Keys of the kind `passphrase`: an Ed25519 pair (RFC 8032) whose private half is wrapped by what only the
 * person knows and what only the installation has. Neither the database nor the server alone can sign.
 */
import { argon2, createPrivateKey, generateKeyPair, randomBytes, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { Wrap } from '#platform/wrap.ts'

const makePair = promisify(generateKeyPair)
const saltBytes = 16
/** RFC 9106 section 4, second recommendation, with one lane: 64 MiB, three passes. */
const cost = { parallelism: 1, memory: 65_536, passes: 3, tagLength: 32 } as const

export type WrappedKey = { readonly wrapped_private: Buffer; readonly salt: Buffer }
/** The key's place: what is wrapped for one row of one tenant opens in no other. */
export type KeyPlace = { readonly tenantId: string; readonly keyId: string }

const purposeOf = ({ tenantId, keyId }: KeyPlace): string => `signing-key/${tenantId}/${keyId}`

/** Off the event loop: it takes a fifth of a second and 64 MiB. Composed and decomposed letters are the same ones. */
const stretch = (passphrase: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    argon2(
      'argon2id',
      { ...cost, message: passphrase.normalize('NFKC'), nonce: salt },
      (error: Error | null, key: Buffer) => (error === null ? resolve(key) : reject(error)),
    ),
  )

export async function makePassphraseKey(
  wrap: Wrap,
  place: KeyPlace,
  passphrase: string,
): Promise<WrappedKey & { readonly spki: Buffer }> {
  const { publicKey, privateKey } = await makePair('ed25519')
  const salt = randomBytes(saltBytes)
  const bytes = privateKey.export({ format: 'der', type: 'pkcs8' })
  const wrapped = wrap.wrap(purposeOf(place), bytes, await stretch(passphrase, salt))
  bytes.fill(0)
  return { spki: publicKey.export({ format: 'der', type: 'spki' }), salt, wrapped_private: wrapped }
}

/** The signature of the bytes, 64 bytes; undefined when the passphrase does not open the key. */
export async function signBytes(
  wrap: Wrap,
  place: KeyPlace,
  key: WrappedKey,
  passphrase: string,
  bytes: Buffer,
): Promise<Buffer | undefined> {
  const extra = await stretch(passphrase, key.salt)
  const opened = wrap.unwrap(purposeOf(place), key.wrapped_private, extra)
  if (opened === undefined) return undefined
  const signature = sign(null, bytes, createPrivateKey({ key: opened, format: 'der', type: 'pkcs8' }))
  opened.fill(0)
  return signature
}
