/**
 * Asks a time-stamp authority (RFC 3161 over HTTP) when some bytes were there. Only their SHA-256 leaves the
 * machine. A token is handed out after it was checked, so that what is stored can be shown years later.
 */
import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Boolean as AsnBoolean, Integer, Null, ObjectIdentifier, OctetString, Sequence } from 'asn1js'
import type { Config } from '#platform/config.ts'
import { SetupProblem } from '#platform/error.ts'
import { exchange } from './exchange.ts'
import { parseReply, sha256Oid, TokenError, verifyToken } from './timestamp-token.ts'
import type { Stamp } from './timestamp-token.ts'

const timeoutMs = 10_000
const mostBytes = 64 * 1024
const mostDriftMs = 5 * 60 * 1000

/** A token that was checked, and what it says. `token` is the DER of the TimeStampToken. */
export type Stamped = Stamp & { readonly token: Buffer }
/**
 * Gives a checked token about the bytes. Throws `Unavailable` when the authority is away, and `TokenError`
 * when what it answers does not hold.
 */
export type Timestamp = (bytes: Buffer) => Promise<Stamped>

/** The settings' authority; undefined when there is none. */
export function openTimestamp(
  config: Pick<Config, 'DOCKET_TSA_URL' | 'DOCKET_TSA_CA'>,
): Timestamp | undefined {
  const { DOCKET_TSA_URL: url, DOCKET_TSA_CA: path } = config
  if (url === undefined || path === undefined) return undefined
  return makeTimestamp(url, readAuthorities(path))
}

/** Every certificate of a PEM file. Throws SetupProblem. */
export function readAuthorities(path: string): X509Certificate[] {
  try {
    const blocks = [
      ...readFileSync(path, 'utf8').matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g),
    ]
    if (blocks.length === 0) throw new Error('it holds no certificate')
    return blocks.map(([block]) => new X509Certificate(block))
  } catch (cause) {
    throw new SetupProblem(
      `The file ${path} of DOCKET_TSA_CA cannot be used (${(cause as Error).message}): give a PEM file with the CA of your time-stamp authority.`,
      { cause },
    )
  }
}

export const makeTimestamp =
  (url: string, trusted: readonly X509Certificate[]): Timestamp =>
  async (bytes) => {
    const nonce = makeNonce()
    const answer = await exchange({
      url,
      headers: { 'content-type': 'application/timestamp-query' },
      body: toQuery(bytes, nonce),
      timeoutMs,
      mostBytes,
    })
    if (answer.status !== 200 || answer.type !== 'application/timestamp-reply')
      throw new TokenError(`the authority answers ${answer.status} ${answer.type}`)
    const token = parseReply(answer.body)
    const stamp = verifyToken(token, bytes, trusted)
    if (stamp.nonce !== nonce.toString()) throw new TokenError('the token answers another question')
    if (Math.abs(Date.parse(stamp.at) - Date.now()) > mostDriftMs)
      throw new TokenError(
        `the token says ${stamp.at}, more than five minutes from the clock of this machine`,
      )
    return { ...stamp, token }
  }

/** 64 random bits, never negative and never with a zero byte in front: every authority gives them back alike. */
const makeNonce = (): bigint => (randomBytes(8).readBigUInt64BE() >> 1n) | (1n << 62n)

/**
 * TimeStampReq (RFC 3161 §2.4.1), DER: version 1, SHA-256 of the bytes, the nonce, and the wish for the
 * certificate of who signs.
 */
export function toQuery(bytes: Uint8Array, nonce: bigint): Buffer {
  const hashed = createHash('sha256').update(bytes).digest()
  const algorithm = new Sequence({ value: [new ObjectIdentifier({ value: sha256Oid }), new Null()] })
  const imprint = new Sequence({
    value: [algorithm, new OctetString({ valueHex: new Uint8Array(hashed).buffer })],
  })
  const query = new Sequence({
    value: [new Integer({ value: 1 }), imprint, Integer.fromBigInt(nonce), new AsnBoolean({ value: true })],
  })
  return Buffer.from(query.toBER())
}
