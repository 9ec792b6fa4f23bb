/**
 * Signing keys and certificates for made-up packs: an authority, passphrase keys, and passkeys whose assertions
 * are put together by hand as an authenticator would (WebAuthn level 3, sections 5.8.1 and 6.1).
 */
// oxlint-disable-next-line no-unassigned-import -- the certificates' library wants it before itself
import 'reflect-metadata'
import { KeyObject, sign, webcrypto } from 'node:crypto'
import { BasicConstraintsExtension, Name, X509CertificateGenerator } from '@peculiar/x509'
import { sha256 } from './log.ts'

const { subtle } = webcrypto
const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const algorithms = {
  ES256: p256,
  EdDSA: { name: 'Ed25519' },
  RS256: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
} as const
export type Algorithm = keyof typeof algorithms

type Pair = { readonly publicKey: webcrypto.CryptoKey; readonly privateKey: webcrypto.CryptoKey }
const makePair = async (algorithm: Algorithm): Promise<Pair> =>
  (await subtle.generateKey(algorithms[algorithm], true, ['sign', 'verify'])) as Pair

export type CertificateAsk = {
  name: string
  serial: string
  from: Date
  to: Date
  key: Pair
  ca: boolean
}
export type Authority = {
  readonly pem: string
  readonly der: Buffer
  issue(ask: CertificateAsk): Promise<Issued>
}
export type Issued = { readonly pem: string; readonly der: Buffer }

const nameOf = (name: string, serial: string): Name =>
  new Name([{ '2.5.4.3': [{ utf8String: name }] }, { '2.5.4.5': [{ printableString: serial }] }])

let serials = 1
export async function makeAuthority(name: string, from: Date, to: Date, ca = true): Promise<Authority> {
  const own = await makePair('ES256')
  const issue = async (ask: CertificateAsk): Promise<Issued> => {
    const certificate = await X509CertificateGenerator.create({
      serialNumber: (serials += 1).toString(16).padStart(4, '0'),
      subject: nameOf(ask.name, ask.serial),
      issuer: nameOf(name, 'authority'),
      notBefore: ask.from,
      notAfter: ask.to,
      signingAlgorithm: p256,
      publicKey: ask.key.publicKey,
      signingKey: own.privateKey,
      extensions: [new BasicConstraintsExtension(ask.ca, undefined, true)],
    })
    return { pem: `${certificate.toString('pem')}\n`, der: Buffer.from(certificate.rawData) }
  }
  const self = await issue({ name, serial: 'authority', from, to, key: own, ca })
  return { ...self, issue }
}

export type Assertion = { flags: number; rpId: string; client: Record<string, unknown> }
export type SigningKey = {
  readonly kind: 'passkey' | 'passphrase'
  readonly pair: Pair
  readonly spki: Buffer
  signPassphrase(statement: string): Buffer
  signPasskey(statement: string, twist: (assertion: Assertion) => void): PasskeySignature
}
export type PasskeySignature = {
  readonly signature: Buffer
  readonly authenticatorData: Buffer
  readonly clientDataJson: string
}

export const site = { rpId: 'docket.example', origin: 'https://docket.example' }

export async function makeSigningKey(
  kind: SigningKey['kind'],
  algorithm: Algorithm = kind === 'passkey' ? 'ES256' : 'EdDSA',
): Promise<SigningKey> {
  const pair = await makePair(algorithm)
  const privateKey = KeyObject.from(pair.privateKey)
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  return {
    kind,
    pair,
    spki: Buffer.from(await subtle.exportKey('spki', pair.publicKey)),
    signPassphrase: (statement) => sign(hash, Buffer.from(`docket/statement/v1\n${statement}`), privateKey),
    signPasskey(statement, twist) {
      const challenge = sha256(statement).toString('base64url')
      const assertion: Assertion = {
        flags: 0x05,
        rpId: site.rpId,
        client: { type: 'webauthn.get', challenge, origin: site.origin, crossOrigin: false },
      }
      twist(assertion)
      const authenticatorData = Buffer.concat([
        sha256(assertion.rpId),
        Buffer.of(assertion.flags),
        Buffer.of(0, 0, 0, 7),
      ])
      const clientDataJson = JSON.stringify(assertion.client)
      const message = Buffer.concat([authenticatorData, sha256(clientDataJson)])
      return { signature: sign(hash, message, privateKey), authenticatorData, clientDataJson }
    },
  }
}
