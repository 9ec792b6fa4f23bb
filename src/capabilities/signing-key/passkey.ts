/**
 * Keys of the kind `passkey`: WebAuthn credentials with user verification (W3C Web Authentication Level 3).
 * What an authenticator sends is not trusted before it is checked, and nothing in it makes this process fetch
 * anything: attestation is neither asked for nor read.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { decodeAttestationObject, decodeCredentialPublicKey } from '@simplewebauthn/server/helpers'
import { z } from 'zod'
import type { RelyingParty } from '#platform/config.ts'

/** EdDSA (Ed25519), ES256, RS256 (RFC 9053, RFC 8812). */
const algorithms = [-8, -7, -257]
const knownTransports = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const

const base64url = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[\w-]+={0,2}$/, 'must be base64url')

/** What `navigator.credentials.create` gives, in the JSON form of the specification (`RegistrationResponseJSON`). */
export const registrationSchema = z.object({
  id: base64url(2048),
  rawId: base64url(2048),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(16_384),
    attestationObject: base64url(65_536),
    transports: z.array(z.string().max(32)).max(16).optional(),
  }),
})
export type Registration = z.output<typeof registrationSchema>

/** What `navigator.credentials.get` gives (`AuthenticationResponseJSON`). */
export const assertionSchema = z.object({
  id: base64url(2048),
  rawId: base64url(2048),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(16_384),
    authenticatorData: base64url(65_536),
    signature: base64url(8192),
    userHandle: base64url(256).nullish(),
  }),
})
export type AssertionJson = z.output<typeof assertionSchema>

const fromBase64url = (text: string): Buffer => Buffer.from(text, 'base64url')

export type Credential = {
  readonly credential_id: Buffer
  readonly cose_key: Buffer
  readonly sign_count: number
  readonly transports: readonly string[]
}

export const toRegistrationOptions = (
  rp: RelyingParty,
  person: { readonly id: string; readonly name: string },
  challenge: Buffer,
  known: readonly Buffer[],
): Promise<PublicKeyCredentialCreationOptionsJSON> =>
  generateRegistrationOptions({
    rpID: rp.id,
    rpName: rp.name,
    userID: new Uint8Array(Buffer.from(person.id)),
    userName: person.name,
    userDisplayName: person.name,
    challenge: new Uint8Array(challenge),
    attestationType: 'none',
    excludeCredentials: known.map((id) => ({ id: id.toString('base64url') })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms,
    timeout: 5 * 60_000,
  })

/** The new credential; undefined when the answer is not one to this challenge, for this page, by a verified person. */
export async function checkRegistration(
  rp: RelyingParty,
  challenge: Buffer,
  response: Registration,
): Promise<(Credential & { readonly spki: Buffer }) | undefined> {
  try {
    const attestation = decodeAttestationObject(
      new Uint8Array(fromBase64url(response.response.attestationObject)),
    )
    // Other formats carry certificates, and to check those means to fetch what they name.
    if (attestation.get('fmt') !== 'none' || isFramed(response.response.clientDataJSON)) return undefined
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { ...response, clientExtensionResults: {} } as RegistrationResponseJSON,
      expectedChallenge: challenge.toString('base64url'),
      expectedOrigin: [...rp.origins],
      expectedRPID: rp.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms,
    })
    if (!verified) return undefined
    const { credential } = registrationInfo
    const spki = toSpki(credential.publicKey)
    if (spki === undefined) return undefined
    return {
      credential_id: fromBase64url(credential.id),
      cose_key: Buffer.from(credential.publicKey),
      sign_count: credential.counter,
      transports: knownTransports.filter((name) => response.response.transports?.includes(name)),
      spki,
    }
  } catch {
    // The library throws at whatever it does not like in an answer; all of it means that this is no credential.
    return undefined
  }
}

export const toAssertionOptions = (
  rp: RelyingParty,
  credential: Pick<Credential, 'credential_id' | 'transports'>,
  challenge: Buffer,
): Promise<PublicKeyCredentialRequestOptionsJSON> =>
  generateAuthenticationOptions({
    rpID: rp.id,
    challenge: new Uint8Array(challenge),
    userVerification: 'required',
    allowCredentials: [
      {
        id: credential.credential_id.toString('base64url'),
        transports: knownTransports.filter((name) => credential.transports.includes(name)),
      },
    ],
    timeout: 2 * 60_000,
  })

export type CheckedAssertion = {
  readonly authenticatorData: Buffer
  readonly clientDataJson: Buffer
  readonly signature: Buffer
  readonly signCount: number
}

/**
 * The parts of a good assertion; undefined when it is by another credential or key, over another challenge, for
 * another page, without the person being present and verified, or by a clone (its counter did not rise).
 */
export async function verifyAssertion(
  rp: RelyingParty,
  credential: Credential & { readonly spki: Buffer },
  challenge: Buffer,
  assertion: AssertionJson,
): Promise<CheckedAssertion | undefined> {
  const { clientDataJSON, authenticatorData, signature } = assertion.response
  const isOurs = fromBase64url(assertion.id).equals(credential.credential_id)
  if (!isOurs || isFramed(clientDataJSON)) return undefined
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...assertion, clientExtensionResults: {} } as AuthenticationResponseJSON,
      expectedChallenge: challenge.toString('base64url'),
      expectedOrigin: [...rp.origins],
      expectedRPID: rp.id,
      requireUserVerification: true,
      credential: {
        id: credential.credential_id.toString('base64url'),
        publicKey: new Uint8Array(credential.cose_key),
        counter: credential.sign_count,
      },
    })
    const parts = {
      authenticatorData: fromBase64url(authenticatorData),
      clientDataJson: fromBase64url(clientDataJSON),
      signature: fromBase64url(signature),
      signCount: authenticationInfo.newCounter,
    }
    // The certificate speaks of the SPKI: a COSE key that was exchanged beside it must not sign in its name.
    return verified && verifyWithSpki(credential.spki, parts) ? parts : undefined
  } catch {
    return undefined
  }
}

/** Was it made inside a page of somebody else? Then the person did not see what we show. */
function isFramed(clientDataJSON: string): boolean {
  try {
    const data = JSON.parse(fromBase64url(clientDataJSON).toString('utf8')) as { crossOrigin?: unknown }
    return data.crossOrigin !== undefined && data.crossOrigin !== false
  } catch {
    return true
  }
}

function verifyWithSpki(spki: Buffer, parts: Omit<CheckedAssertion, 'signCount'>): boolean {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  const hash = createHash('sha256').update(parts.clientDataJson).digest()
  const data = Buffer.concat([parts.authenticatorData, hash])
  return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', data, key, parts.signature)
}

/** COSE_Key (RFC 9053) to SPKI; undefined for a key of another kind than those that we asked for. */
function toSpki(cose: Uint8Array): Buffer | undefined {
  const key = decodeCredentialPublicKey(new Uint8Array(cose)) as Map<number, unknown>
  const part = (label: number): string => {
    const bytes = key.get(label)
    return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('base64url') : ''
  }
  const [type, algorithm, curve] = [key.get(1), key.get(3), key.get(-1)]
  const jwk =
    type === 2 && algorithm === -7 && curve === 1
      ? { kty: 'EC', crv: 'P-256', x: part(-2), y: part(-3) }
      : type === 1 && algorithm === -8 && curve === 6
        ? { kty: 'OKP', crv: 'Ed25519', x: part(-2) }
        : type === 3 && algorithm === -257
          ? { kty: 'RSA', n: part(-1), e: part(-2) }
          : undefined
  if (jwk === undefined) return undefined
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  const isShort = (publicKey.asymmetricKeyDetails?.modulusLength ?? 2048) < 2048
  return isShort ? undefined : publicKey.export({ format: 'der', type: 'spki' })
}
