/**
 * Time-stamp tokens of RFC 3161 (with RFC 5816): reading a reply, and checking a token against the bytes that
 * it is about. A token is believed only when it is signed by a certificate for time stamping and nothing else,
 * which goes back to a trusted CA at the time that the token names. Revocation is not looked up.
 */
import { createHash, verify, X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { ContentInfo, SignedData } from '@peculiar/asn1-cms'
import type { Attribute, SignerInfo } from '@peculiar/asn1-cms'
import { Certificate, ExtendedKeyUsage } from '@peculiar/asn1-x509'
import {
  fromBER,
  Constructed,
  GeneralizedTime,
  Integer,
  ObjectIdentifier,
  OctetString,
  Utf8String,
} from 'asn1js'

/** What a token that holds says. */
export type Stamp = {
  /** genTime, RFC 3339 in UTC with the fraction that the authority gave. */
  readonly at: string
  /** Serial number of the token at its authority, decimal. */
  readonly serial: string
  /** Object identifier of the policy under which it was made. */
  readonly policy: string
  /** Subject of the certificate that signed, such as `CN=Time Stamp Authority 1, O=Example`. */
  readonly tsa: string
  /** Nonce of the question that the token answers, decimal. */
  readonly nonce: string | undefined
}

/** Why a reply or a token is not accepted; the message is the reason, for the log and the operator. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
}

function assertToken(holds: boolean, why: string): asserts holds {
  if (!holds) throw new TokenError(why)
}

export const sha256Oid = '2.16.840.1.101.3.4.2.1'
const signedDataOid = '1.2.840.113549.1.7.2'
const tstInfoOid = '1.2.840.113549.1.9.16.1.4'
const contentTypeOid = '1.2.840.113549.1.9.3'
const messageDigestOid = '1.2.840.113549.1.9.4'
const signingCertificateOid = '1.2.840.113549.1.9.16.2.12'
const signingCertificateV2Oid = '1.2.840.113549.1.9.16.2.47'
const extendedKeyUsageOid = '2.5.29.37'
const timeStampingOid = '1.3.6.1.5.5.7.3.8'
const longestChain = 8

const digests: { readonly [oid: string]: string } = {
  [sha256Oid]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
/** Kind of key, and digest when the algorithm names it; RFC 3370, 5754, 5758, 8419. SHA-1 is not among them. */
const signatures: { readonly [oid: string]: readonly [kind: string, digest?: string] } = {
  '1.2.840.113549.1.1.1': ['rsa'],
  '1.2.840.113549.1.1.11': ['rsa', 'sha256'],
  '1.2.840.113549.1.1.12': ['rsa', 'sha384'],
  '1.2.840.113549.1.1.13': ['rsa', 'sha512'],
  '1.2.840.10045.4.3.2': ['ec', 'sha256'],
  '1.2.840.10045.4.3.3': ['ec', 'sha384'],
  '1.2.840.10045.4.3.4': ['ec', 'sha512'],
  '1.3.101.112': ['ed25519'],
}

/** The children of the one SEQUENCE that the bytes are; anything after it is refused. */
function readSequence(bytes: Uint8Array, what: string): ReturnType<typeof fromBER>['result'][] {
  const { result, offset } = fromBER(bytes)
  assertToken(offset === bytes.length && result instanceof Constructed, `the ${what} is not ASN.1`)
  return result.valueBlock.value
}

const rawOf = (node: { valueBeforeDecodeView: Uint8Array }): Buffer => Buffer.from(node.valueBeforeDecodeView)

/** The token inside a TimeStampResp (RFC 3161 §2.4.2); throws TokenError with the authority's words when there is none. */
export function parseReply(reply: Uint8Array): Buffer {
  const [info, token] = readSequence(reply, 'reply')
  assertToken(info instanceof Constructed, 'the reply has no status')
  const [status, words] = info.valueBlock.value
  assertToken(status instanceof Integer, 'the reply has no status')
  const granted = status.valueBlock.valueDec === 0 || status.valueBlock.valueDec === 1
  assertToken(granted, `the authority refuses with status ${status.valueBlock.valueDec}${tellWords(words)}`)
  assertToken(token !== undefined, 'the reply says granted and holds no token')
  return rawOf(token)
}

/** PKIFreeText is a sequence of UTF8String. */
const tellWords = (words: unknown): string =>
  words instanceof Constructed
    ? `: ${words.valueBlock.value
        .map((word) => (word instanceof Utf8String ? word.getValue() : ''))
        .join('; ')
        .slice(0, 300)}`
    : ''

type TstInfo = Omit<Stamp, 'tsa'> & { readonly imprintOid: string; readonly imprint: Buffer }

function parseTstInfo(bytes: Uint8Array): TstInfo {
  const [version, policy, imprint, serial, time, ...rest] = readSequence(bytes, 'content of the token')
  assertToken(
    version instanceof Integer && version.valueBlock.valueDec === 1,
    'the token is not of version 1',
  )
  assertToken(
    policy instanceof ObjectIdentifier && imprint instanceof Constructed,
    'the token has no imprint',
  )
  assertToken(serial instanceof Integer && time instanceof GeneralizedTime, 'the token has no time')
  const [algorithm, hashed] = imprint.valueBlock.value
  const [oid] = algorithm instanceof Constructed ? algorithm.valueBlock.value : []
  assertToken(oid instanceof ObjectIdentifier && hashed instanceof OctetString, 'the token has no imprint')
  const nonce = rest.find((field) => field instanceof Integer)
  return {
    at: parseTime(Buffer.from(time.valueBlock.valueHexView).toString('latin1')),
    serial: serial.toBigInt().toString(),
    policy: policy.getValue(),
    nonce: nonce?.toBigInt().toString(),
    imprintOid: oid.getValue(),
    imprint: Buffer.from(hashed.getValue()),
  }
}

/** GeneralizedTime as RFC 3161 has it: UTC, seconds, any fraction. */
function parseTime(text: string): string {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/.exec(text)
  assertToken(match !== null, `the token's time "${text}" is not one of RFC 3161`)
  const [, year, month, day, hour, minute, second, fraction = ''] = match
  const at = `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}Z`
  assertToken(!Number.isNaN(Date.parse(at)), `there is no time ${at}`)
  return at
}

/**
 * Checks a token (DER of a ContentInfo) about `bytes`. `trusted` are the CA certificates that a chain must end
 * in; what the token brings along only helps to get there. Throws TokenError.
 */
export function verifyToken(
  token: Uint8Array,
  bytes: Uint8Array,
  trusted: readonly X509Certificate[],
): Stamp {
  const parts = readSignedData(token)
  const { content, signer, certificates } = parts
  const info = parseTstInfo(content)
  assertToken(info.imprintOid === sha256Oid, 'the token is not about a SHA-256 hash')
  assertToken(
    info.imprint.equals(createHash('sha256').update(bytes).digest()),
    'the token is about other bytes: its imprint is not the hash of these',
  )
  const certificate = findSigner(signer, certificates)
  const attributes = readAttributes(signer.signedAttrs ?? [])
  assertAttributes(attributes, content, signer, certificate)
  assertSignature(parts, certificate)
  assertForTimeStamping(certificate)
  assertChain(certificate, certificates, trusted, new Date(info.at))
  const { at, serial, policy, nonce } = info
  return { at, serial, policy, nonce, tsa: certificate.subject.split('\n').join(', ') }
}

type Signed = {
  readonly content: Uint8Array
  readonly signer: SignerInfo
  /** The bytes that the signature is over. */
  readonly signed: Buffer
  readonly certificates: readonly X509Certificate[]
}

function readSignedData(token: Uint8Array): Signed {
  // The schema reader stops where the value ends: what follows it would be nobody's.
  readSequence(token, 'token')
  const outer = parse(token, ContentInfo, 'token')
  assertToken(outer.contentType === signedDataOid, 'the token is not signed data')
  const data = parse(outer.content, SignedData, 'token')
  const { eContentType, eContent } = data.encapContentInfo
  assertToken(eContentType === tstInfoOid && eContent?.single !== undefined, 'it is not a time-stamp token')
  const [signer, ...others] = data.signerInfos
  assertToken(signer !== undefined && others.length === 0, 'a token has one signature, no more and no less')
  const certificates = (data.certificates ?? []).flatMap(({ certificate }) =>
    certificate === undefined ? [] : [new X509Certificate(Buffer.from(AsnConvert.serialize(certificate)))],
  )
  const signed = readSignedAttributes(new Uint8Array(outer.content))
  return { content: new Uint8Array(eContent.single.buffer), signer, signed, certificates }
}

/**
 * What is signed is the SET OF attributes itself; inside the token it stands under the implicit tag [0] of the
 * signer (RFC 5652 §5.4). Taken as it stands, not encoded anew.
 */
function readSignedAttributes(data: Uint8Array): Buffer {
  const signers = readSequence(data, 'token').at(-1)
  const signer = signers instanceof Constructed ? signers.valueBlock.value[0] : undefined
  const fields = signer instanceof Constructed ? signer.valueBlock.value : []
  const attributes = fields.find(({ idBlock }) => idBlock.tagClass === 3 && idBlock.tagNumber === 0)
  assertToken(attributes !== undefined, 'the signature has no attributes')
  const signed = rawOf(attributes)
  signed[0] = 0x31
  return signed
}

function parse<T>(bytes: ArrayBuffer | Uint8Array, shape: new () => T, what: string): T {
  try {
    return AsnConvert.parse(bytes, shape)
  } catch (cause) {
    throw new TokenError(`the ${what} is not ASN.1 of its kind`, { cause })
  }
}

function findSigner({ sid }: SignerInfo, certificates: readonly X509Certificate[]): X509Certificate {
  const found = certificates.find((candidate) => {
    const { tbsCertificate } = AsnConvert.parse(candidate.raw, Certificate)
    const named = sid.issuerAndSerialNumber
    if (named !== undefined)
      return (
        isSame(named.serialNumber, tbsCertificate.serialNumber) &&
        isSame(AsnConvert.serialize(named.issuer), AsnConvert.serialize(tbsCertificate.issuer))
      )
    const keyId = tbsCertificate.extensions?.find(({ extnID }) => extnID === '2.5.29.14')
    const wanted = sid.subjectKeyIdentifier
    return (
      keyId !== undefined &&
      wanted !== undefined &&
      Buffer.from(keyId.extnValue.buffer).subarray(2).equals(Buffer.from(wanted.buffer))
    )
  })
  assertToken(found !== undefined, 'the token does not bring the certificate that signed it')
  return found
}

const isSame = (a: ArrayBuffer, b: ArrayBuffer): boolean => Buffer.from(a).equals(Buffer.from(b))

type Attributes = ReadonlyMap<string, Buffer>

/** Each signed attribute once, with its one value (RFC 5652 §11). */
function readAttributes(attributes: readonly Attribute[]): Attributes {
  const found = new Map<string, Buffer>()
  for (const { attrType, attrValues } of attributes) {
    const [value, ...more] = attrValues
    assertToken(
      value !== undefined && more.length === 0 && !found.has(attrType),
      `the attribute ${attrType} stands twice`,
    )
    found.set(attrType, Buffer.from(value))
  }
  return found
}

/** The signature covers attributes; these bind it to the content (RFC 5652 §5.4) and to one certificate (RFC 5035). */
function assertAttributes(
  attributes: Attributes,
  content: Uint8Array,
  signer: SignerInfo,
  certificate: X509Certificate,
): void {
  const type = readValue(attributes.get(contentTypeOid))
  assertToken(
    type instanceof ObjectIdentifier && type.getValue() === tstInfoOid,
    'the signature is over content of another type',
  )
  const digest = readValue(attributes.get(messageDigestOid))
  const algorithm = digests[signer.digestAlgorithm.algorithm]
  assertToken(algorithm !== undefined, `the digest ${signer.digestAlgorithm.algorithm} is not accepted`)
  assertToken(
    digest instanceof OctetString &&
      Buffer.from(digest.getValue()).equals(createHash(algorithm).update(content).digest()),
    'the signature is over other content',
  )
  const bound =
    findBoundHash(attributes.get(signingCertificateV2Oid), 'sha256') ??
    findBoundHash(attributes.get(signingCertificateOid), 'sha1')
  assertToken(bound !== undefined, 'the signature does not say by which certificate it was made')
  assertToken(
    bound.hash.equals(createHash(bound.algorithm).update(certificate.raw).digest()),
    'the signature was made by another certificate',
  )
}

const readValue = (value: Buffer | undefined): unknown =>
  value === undefined ? undefined : fromBER(value).result

/** The first ESSCertID: SigningCertificate[V2] ::= SEQUENCE { certs SEQUENCE OF SEQUENCE { [hashAlgorithm], certHash, … } … } */
function findBoundHash(
  value: Buffer | undefined,
  usual: string,
): { algorithm: string; hash: Buffer } | undefined {
  if (value === undefined) return undefined
  const [list] = readSequence(value, 'signing certificate')
  const first = list instanceof Constructed ? list.valueBlock.value[0] : undefined
  assertToken(first instanceof Constructed, 'the signing certificate is not named')
  const [named, next] = first.valueBlock.value
  if (named instanceof OctetString) return { algorithm: usual, hash: Buffer.from(named.getValue()) }
  const oid = named instanceof Constructed ? named.valueBlock.value[0] : undefined
  const algorithm = oid instanceof ObjectIdentifier ? digests[oid.getValue()] : undefined
  assertToken(
    algorithm !== undefined && next instanceof OctetString,
    'the signing certificate is named by a hash that is not accepted',
  )
  return { algorithm, hash: Buffer.from(next.getValue()) }
}

function assertSignature({ signer, signed }: Signed, certificate: X509Certificate): void {
  const oid = signer.signatureAlgorithm.algorithm
  const [kind, named] = signatures[oid] ?? []
  const digest = digests[signer.digestAlgorithm.algorithm]
  assertToken(
    kind !== undefined && kind === certificate.publicKey.asymmetricKeyType,
    `the signature algorithm ${oid} is not accepted for this key`,
  )
  assertToken(named === undefined || named === digest, 'the signature names two digests')
  const holds = verify(
    kind === 'ed25519' ? null : digest,
    signed,
    certificate.publicKey,
    Buffer.from(signer.signature.buffer),
  )
  assertToken(holds, 'the signature of the token is not valid')
}

/** RFC 3161 §2.3: extended key usage critical, for time stamping and nothing else. */
function assertForTimeStamping(certificate: X509Certificate): void {
  const { extensions = [] } = AsnConvert.parse(certificate.raw, Certificate).tbsCertificate
  const usage = [...extensions].find(({ extnID }) => extnID === extendedKeyUsageOid)
  const allowed = usage === undefined ? [] : [...AsnConvert.parse(usage.extnValue, ExtendedKeyUsage)]
  assertToken(
    usage?.critical === true && allowed.length === 1 && allowed[0] === timeStampingOid,
    'the certificate that signed is not one for time stamping only',
  )
}

/** From the signer up to a trusted CA, each valid at that time. */
function assertChain(
  signer: X509Certificate,
  brought: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  at: Date,
): void {
  let current = signer
  for (let length = 1; length <= longestChain; length += 1) {
    assertToken(
      current.validFromDate <= at && at <= current.validToDate,
      `the certificate of ${tellSubject(current)} was not valid at the token's time`,
    )
    const anchor = trusted.find((ca) => isIssuedBy(current, ca))
    if (anchor !== undefined) {
      assertToken(
        anchor.validFromDate <= at && at <= anchor.validToDate,
        `the certificate of ${tellSubject(anchor)} was not valid at the token's time`,
      )
      return
    }
    const next = brought.find((ca) => !ca.raw.equals(current.raw) && isIssuedBy(current, ca))
    assertToken(next !== undefined, `no trusted CA issued the certificate of ${tellSubject(current)}`)
    current = next
  }
  throw new TokenError('the chain of certificates is too long')
}

const isIssuedBy = (certificate: X509Certificate, ca: X509Certificate): boolean =>
  ca.ca && certificate.checkIssued(ca) && certificate.verify(ca.publicKey)
const tellSubject = ({ subject }: X509Certificate): string => `"${subject.split('\n').join(', ')}"`
