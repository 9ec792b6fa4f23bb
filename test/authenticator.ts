/**
 * An authenticator in software, for tests without a browser: it makes and uses WebAuthn credentials (Level 3) as a
 * security key does, and can be told to lie in each way that a server must notice. Nothing of the service is used here.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** How an answer differs from an honest one. */
export type Lie = {
  readonly origin?: string
  readonly rpId?: string
  /** Base64url. */
  readonly challenge?: string
  readonly type?: string
  readonly crossOrigin?: boolean
  readonly isPresent?: boolean
  readonly isVerified?: boolean
  /** What the counter says; a clone says one that was there before. */
  readonly counter?: number
  /** Another credential's id in the answer. */
  readonly id?: string
  /** Changes the signed bytes after they were signed. */
  readonly tamper?: 'authenticatorData' | 'clientDataJSON' | 'signature'
  /** Attests itself although nobody asked (WebAuthn section 8.2): a good statement, of a format that is not `none`. */
  readonly isAttested?: boolean
}

export type Algorithm = 'ES256' | 'Ed25519' | 'RS256'
const coseNumbers = { ES256: -7, Ed25519: -8, RS256: -257 } as const
type CreationOptions = {
  readonly rp: { readonly id?: string }
  readonly challenge: string
}
type RequestOptions = { readonly rpId?: string; readonly challenge: string }

export type RegistrationJson = {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: {
    readonly clientDataJSON: string
    readonly attestationObject: string
    readonly transports: string[]
  }
  readonly clientExtensionResults: Record<string, never>
}
export type AssertionJson = {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: {
    readonly clientDataJSON: string
    readonly authenticatorData: string
    readonly signature: string
  }
  readonly clientExtensionResults: Record<string, never>
}

export type Authenticator = {
  /** Base64url. */
  readonly credentialId: string
  readonly publicKey: KeyObject
  /** The answer to `navigator.credentials.create`. */
  create(options: CreationOptions, lie?: Lie): RegistrationJson
  /** The answer to `navigator.credentials.get`; the counter rises by one. */
  get(options: RequestOptions, lie?: Lie): AssertionJson
}

export function openAuthenticator(origin: string, algorithm: Algorithm = 'ES256'): Authenticator {
  const { publicKey, privateKey } = makeKeys(algorithm)
  const id = randomBytes(32)
  let counter = 0
  const answer = {
    id: id.toString('base64url'),
    rawId: id.toString('base64url'),
    type: 'public-key',
  } as const
  const named = (lie: Lie) => (lie.id === undefined ? answer : { ...answer, id: lie.id, rawId: lie.id })
  return {
    credentialId: answer.id,
    publicKey,
    create(options, lie = {}) {
      const client = toClientData('webauthn.create', options.challenge, origin, lie)
      const attested = Buffer.concat([
        Buffer.alloc(16),
        toUint16(id.length),
        id,
        toCose(publicKey, algorithm),
      ])
      const rpId = options.rp.id ?? new URL(origin).hostname
      const data = toAuthenticatorData(rpId, lie.counter ?? counter, lie, attested)
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      const object = encodeMap([
        ['fmt', lie.isAttested === true ? 'packed' : 'none'],
        [
          'attStmt',
          lie.isAttested === true
            ? [
                ['alg', coseNumbers[algorithm]],
                ['sig', sign(algorithm === 'Ed25519' ? null : 'sha256', signed, privateKey)],
              ]
            : [],
        ],
        ['authData', data],
      ])
      return {
        ...named(lie),
        response: {
          clientDataJSON: client.toString('base64url'),
          attestationObject: object.toString('base64url'),
          transports: ['usb'],
        },
        clientExtensionResults: {},
      }
    },
    get(options, lie = {}) {
      counter += 1
      const client = toClientData('webauthn.get', options.challenge, origin, lie)
      const data = toAuthenticatorData(options.rpId ?? new URL(origin).hostname, lie.counter ?? counter, lie)
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      const parts: Record<NonNullable<Lie['tamper']>, Buffer> = {
        clientDataJSON: client,
        authenticatorData: data,
        signature: sign(algorithm === 'Ed25519' ? null : 'sha256', signed, privateKey),
      }
      if (lie.tamper !== undefined) parts[lie.tamper] = flipLastBit(parts[lie.tamper])
      return {
        ...named(lie),
        response: {
          clientDataJSON: parts.clientDataJSON.toString('base64url'),
          authenticatorData: parts.authenticatorData.toString('base64url'),
          signature: parts.signature.toString('base64url'),
        },
        clientExtensionResults: {},
      }
    },
  }
}

function makeKeys(algorithm: Algorithm): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (algorithm === 'Ed25519') return generateKeyPairSync('ed25519')
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

const toClientData = (type: string, challenge: string, origin: string, lie: Lie): Buffer =>
  Buffer.from(
    JSON.stringify({
      type: lie.type ?? type,
      challenge: lie.challenge ?? challenge,
      origin: lie.origin ?? origin,
      crossOrigin: lie.crossOrigin ?? false,
    }),
  )

/** WebAuthn section 6.1: hash of the relying party, flags, counter, and the new credential when there is one. */
function toAuthenticatorData(rpId: string, counter: number, lie: Lie, attested?: Buffer): Buffer {
  const flags =
    (lie.isPresent === false ? 0 : 0x01) |
    (lie.isVerified === false ? 0 : 0x04) |
    (attested === undefined ? 0 : 0x40)
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  const hash = createHash('sha256')
    .update(lie.rpId ?? rpId)
    .digest()
  return Buffer.concat([hash, Buffer.of(flags), count, attested ?? Buffer.alloc(0)])
}

const flipLastBit = (bytes: Buffer): Buffer => {
  const changed = Buffer.from(bytes)
  const last = changed.length - 1
  changed.writeUInt8(changed.readUInt8(last) ^ 1, last)
  return changed
}

const toUint16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff)

const part = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url')

/** COSE_Key (RFC 9053) of a public key. */
function toCose(key: KeyObject, algorithm: Algorithm): Buffer {
  const jwk = key.export({ format: 'jwk' })
  if (algorithm === 'RS256')
    return encodeMap([
      [1, 3],
      [3, -257],
      [-1, part(jwk.n)],
      [-2, part(jwk.e)],
    ])
  if (algorithm === 'Ed25519')
    return encodeMap([
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, part(jwk.x)],
    ])
  return encodeMap([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, part(jwk.x)],
    [-3, part(jwk.y)],
  ])
}

type Cbor = number | string | Buffer | readonly (readonly [number | string, Cbor])[]

/** As much of CBOR (RFC 8949) as a credential needs: integers, texts, bytes and maps. */
function encode(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? encodeHead(1, -1 - value) : encodeHead(0, value)
  if (typeof value === 'string')
    return Buffer.concat([encodeHead(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([encodeHead(2, value.length), value])
  return encodeMap(value)
}

const encodeMap = (pairs: readonly (readonly [number | string, Cbor])[]): Buffer =>
  Buffer.concat([
    encodeHead(5, pairs.length),
    ...pairs.flatMap(([name, value]) => [encode(name), encode(value)]),
  ])

function encodeHead(major: number, value: number): Buffer {
  const type = major << 5
  if (value < 24) return Buffer.of(type | value)
  if (value < 0x100) return Buffer.of(type | 24, value)
  return Buffer.concat([Buffer.of(type | 25), toUint16(value)])
}
