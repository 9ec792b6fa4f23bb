/**
 * Checkpoints: the signed head of a log, as text. Formats of C2SP: signed-note (text, blank line, signature lines),
 * tlog-checkpoint (origin, size, root) and tlog-cosignature v1. Nothing is taken from a note before a signature of
 * a key that the reader already trusts was checked.
 */
import { createPublicKey, hash, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { hashBytes } from './merkle.ts'

/** Type bytes of signed-note keys: Ed25519 over the text, and timestamped cosignature/v1. */
export const keyTypes = { ed25519: 1, cosignature: 4 } as const
export type KeyType = (typeof keyTypes)[keyof typeof keyTypes]

const keyHashBytes = 4
const keyBytes = 32
const signatureBytes = 64
const timestampBytes = 8
/** A note that a stranger hands in is not read beyond this. */
const mostNoteLength = 1_000_000
const mostSignatures = 100

// -------------------------------------------------------------------------------------------------- keys

/** Who may sign: `<name>+<8 hex digits>+<base64(type ‖ public key)>` in a vkey. */
export type Verifier = {
  readonly name: string
  readonly type: KeyType
  /** 8 hex digits. */
  readonly keyHash: string
  /** 32 bytes, Ed25519 (RFC 8032). */
  readonly publicKey: Buffer
}

/** First four bytes of SHA-256(name ‖ "\n" ‖ type ‖ public key), hex. */
function toKeyHash(name: string, type: KeyType, publicKey: Uint8Array): string {
  const bytes = Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), Buffer.of(type), publicKey])
  return hash('sha256', bytes, 'hex').slice(0, 2 * keyHashBytes)
}

export function toVerifier(name: string, type: KeyType, key: KeyObject): Verifier {
  const publicKey = rawPublicKey(key)
  return { name, type, keyHash: toKeyHash(name, type, publicKey), publicKey }
}

export const toVkey = ({ name, type, keyHash, publicKey }: Verifier): string =>
  `${name}+${keyHash}+${Buffer.concat([Buffer.of(type), publicKey]).toString('base64')}`

/** Undefined when the text is no vkey of a type that we know, or its hash is not that of its key. */
export function parseVkey(text: string): Verifier | undefined {
  const [, name = '', keyHash = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const bytes = parseBase64(encoded)
  const type = Object.values(keyTypes).find((known) => known === bytes?.[0])
  if (bytes === undefined || type === undefined || bytes.length !== 1 + keyBytes || !isKeyName(name))
    return undefined
  const publicKey = bytes.subarray(1)
  return toKeyHash(name, type, publicKey) === keyHash ? { name, type, keyHash, publicKey } : undefined
}

/** The 32 bytes of an Ed25519 key; of a private key, those of its public half. */
function rawPublicKey(key: KeyObject): Buffer {
  const { crv, x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  if (crv !== 'Ed25519' || x === undefined) throw new Error('not an Ed25519 key')
  return Buffer.from(x, 'base64url')
}

const toPublicKey = (raw: Buffer): KeyObject =>
  createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } })

/** Not empty, without spaces and plus signs, and nothing that a line cannot hold. */
const isKeyName = (name: string): boolean => /^[^\s+\p{Cc}]+$/u.test(name)

/** Standard base64 with padding, in the one spelling that its bytes have; undefined otherwise. */
function parseBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return text !== '' && bytes.toString('base64') === text ? bytes : undefined
}

// ------------------------------------------------------------------------------------------------- notes

export type NoteSignature = { readonly name: string; readonly keyHash: string; readonly signature: Buffer }
export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] }

/** `— <name> <base64(key hash ‖ signature)>`, without a line break. */
export const formatSignature = ({ name, keyHash, signature }: NoteSignature): string =>
  `— ${name} ${Buffer.concat([Buffer.from(keyHash, 'hex'), signature]).toString('base64')}`

export function parseSignature(line: string): NoteSignature | undefined {
  const [, name = '', encoded = ''] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? []
  const bytes = parseBase64(encoded)
  if (bytes === undefined || bytes.length <= keyHashBytes || !isKeyName(name)) return undefined
  return {
    name,
    keyHash: bytes.toString('hex', 0, keyHashBytes),
    signature: bytes.subarray(keyHashBytes),
  }
}

/** The text must end in a line break. */
export const formatNote = ({ text, signatures }: Note): string =>
  `${text}\n${signatures.map((one) => `${formatSignature(one)}\n`).join('')}`

/** Undefined when the text is no signed note. No signature has been checked. */
export function parseNote(note: string): Note | undefined {
  if (note.length > mostNoteLength || !note.isWellFormed() || hasControl(note)) return undefined
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.endsWith('\n')) return undefined
  const lines = note.slice(end + 2, -1).split('\n')
  const signatures = lines.map(parseSignature)
  if (signatures.length > mostSignatures || signatures.includes(undefined)) return undefined
  return { text: note.slice(0, end + 1), signatures: signatures.filter((one) => one !== undefined) }
}

/** Characters below U+0020 but the line break, and the one that stands for bytes that were no UTF-8. */
const hasControl = (text: string): boolean => {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 0x0a) || code === 0xfffd) return true
  }
  return false
}

/** Ed25519 over the text (type 1). */
export function signNote(text: string, name: string, key: KeyObject): NoteSignature {
  const { keyHash } = toVerifier(name, keyTypes.ed25519, key)
  return { name, keyHash, signature: sign(null, Buffer.from(text, 'utf8'), key) }
}

const cosigned = (text: string, seconds: number): Buffer =>
  Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`, 'utf8')

/** What a witness adds (type 4): 8 bytes of time, big-endian, then Ed25519 over that time and the text. */
export function cosignNote(text: string, name: string, key: KeyObject, seconds: number): NoteSignature {
  const { keyHash } = toVerifier(name, keyTypes.cosignature, key)
  const time = Buffer.alloc(timestampBytes)
  time.writeBigUInt64BE(BigInt(seconds))
  return { name, keyHash, signature: Buffer.concat([time, sign(null, cosigned(text, seconds), key)]) }
}

/** Seconds since 1970 at which a witness signed; undefined when the signature has not that form. */
export function cosignedAt({ signature }: NoteSignature): number | undefined {
  if (signature.length !== timestampBytes + signatureBytes) return undefined
  const seconds = Number(signature.readBigUInt64BE())
  return Number.isSafeInteger(seconds) ? seconds : undefined
}

/** Is this a signature of this key over the text? One of another key is false. */
export function verifySignature(text: string, given: NoteSignature, verifier: Verifier): boolean {
  if (given.name !== verifier.name || given.keyHash !== verifier.keyHash) return false
  const key = toPublicKey(verifier.publicKey)
  if (verifier.type === keyTypes.ed25519)
    return (
      given.signature.length === signatureBytes &&
      verify(null, Buffer.from(text, 'utf8'), key, given.signature)
    )
  const seconds = cosignedAt(given)
  if (seconds === undefined) return false
  return verify(null, cosigned(text, seconds), key, given.signature.subarray(timestampBytes))
}

/**
 * The keys of `verifiers` that signed the note. Signatures of other keys are passed over (signed-note); a false
 * one in the name of a given key makes the note worthless: then none is given.
 */
export function listSigners(note: Note, verifiers: readonly Verifier[]): Verifier[] {
  const signers = new Set<Verifier>()
  for (const signature of note.signatures) {
    const verifier = verifiers.find((one) => one.name === signature.name && one.keyHash === signature.keyHash)
    if (verifier === undefined) continue
    if (!verifySignature(note.text, signature, verifier)) return []
    signers.add(verifier)
  }
  return [...signers]
}

// ------------------------------------------------------------------------------------------- checkpoints

export type Checkpoint = {
  /** Names the log; also the name of its key. */
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  /** Further lines that the log signed. */
  readonly extensions: readonly string[]
}

/** The origin of a tenant's log. */
export const toOrigin = (tenantId: string): string => `docket.log/${tenantId}`

export const formatCheckpoint = ({ origin, size, root, extensions }: Checkpoint): string =>
  `${[origin, String(size), root.toString('base64'), ...extensions].join('\n')}\n`

/** Undefined when the text is no checkpoint: another number of lines, a size with a sign or a zero ahead, a root that is no hash. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  if (!text.endsWith('\n')) return undefined
  const [origin = '', digits = '', encoded = '', ...extensions] = text.slice(0, -1).split('\n')
  const size = /^(?:0|[1-9]\d*)$/.test(digits) ? Number(digits) : Number.NaN
  const root = parseBase64(encoded)
  if (origin === '' || !Number.isSafeInteger(size) || extensions.includes('')) return undefined
  return root?.length === hashBytes ? { origin, size, root, extensions } : undefined
}
