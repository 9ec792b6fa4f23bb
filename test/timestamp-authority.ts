/**
 * A time-stamp authority for the tests: `openssl ts` behind a small HTTP server, with certificates made for
 * the case at hand. It is a second implementation of RFC 3161: nothing of it is ours.
 */
// oxlint-disable-next-line import/no-unassigned-import -- the certificate library asks for it, before itself
import 'reflect-metadata'
import { execFileSync } from 'node:child_process'
import { randomBytes, webcrypto } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Extension, X509Certificate } from '@peculiar/x509'

const timeStamping = '1.3.6.1.5.5.7.3.8'
const day = 24 * 3600 * 1000

type Keys = webcrypto.CryptoKeyPair
type Issued = { readonly certificate: X509Certificate; readonly keys: Keys }
export type KeyKind = 'ec' | 'rsa'

const ec = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
}

const makeKeys = (kind: KeyKind): Promise<Keys> =>
  webcrypto.subtle.generateKey(kind === 'ec' ? ec : rsa, true, ['sign', 'verify'])

export type Wish = {
  readonly keys?: KeyKind
  /** Object identifiers of the extended key usage; the one for time stamping when not given. */
  readonly usages?: readonly string[]
  readonly critical?: boolean
  /** The CA below the root that issues it. */
  readonly intermediate?: boolean
  readonly notAfter?: Date
  /** Digest by which the token names its certificate: sha1 gives the older attribute of RFC 3161. */
  readonly essDigest?: 'sha1' | 'sha256' | 'sha512'
  readonly digest?: 'sha256' | 'sha384' | 'sha512'
}

async function issue(
  subject: string,
  kind: KeyKind,
  issuer: Issued | undefined,
  extensions: Extension[],
  notAfter = new Date(Date.now() + day),
): Promise<Issued> {
  const keys = await makeKeys(kind)
  const by = issuer ?? { keys }
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: randomBytes(8).toString('hex'),
      subject,
      issuer: issuer?.certificate.subject ?? subject,
      notBefore: new Date(Date.now() - 2 * day),
      notAfter,
      publicKey: keys.publicKey,
      signingKey: by.keys.privateKey,
      signingAlgorithm: by.keys.privateKey.algorithm.name === 'ECDSA' ? ec : rsa,
      extensions,
    },
    webcrypto,
  )
  return { certificate, keys }
}

/** What the authority does with a question instead of answering it. */
export type Trick = (
  query: Buffer,
  reply: (query: Buffer) => Buffer,
) => { body: Buffer; type?: string; status?: number }

export type Authority = {
  readonly url: string
  /** PEM file of the root. */
  readonly ca: string
  /** The reply to a query, as `openssl ts -reply` makes it. */
  reply(query: Buffer): Buffer
  /** A token over this TSTInfo by `openssl cms`, which does not ask what the certificate is for. */
  sign(tstInfo: Buffer): Buffer
  /** What `openssl ts -query -text` reads in a query. */
  readQuery(query: Buffer): string
  /** What `openssl ts -verify` says about a reply. */
  verify(reply: Buffer, data: Buffer): string
  /** The same about a token by itself. */
  verifyToken(token: Buffer, data: Buffer): string
  trick(trick: Trick | undefined): void
  readonly asked: () => number
  close(): Promise<void>
}

const openssl = (...args: string[]): string =>
  execFileSync('openssl', ['ts', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

export async function openAuthority(wish: Wish = {}): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'docket-tsa-'))
  const at = (name: string): string => join(folder, name)
  await writeCertificates(wish, at)
  const reply = (query: Buffer): Buffer => {
    writeFileSync(at('query'), query)
    openssl('-reply', '-config', at('cnf'), '-queryfile', at('query'), '-out', at('reply'))
    return readFileSync(at('reply'))
  }
  let trick: Trick | undefined
  let asked = 0
  const server = createServer((request, response) => {
    void readAll(request).then((query) => {
      asked += 1
      const {
        body,
        type = 'application/timestamp-reply',
        status = 200,
      } = trick?.(query, reply) ?? {
        body: reply(query),
      }
      response.writeHead(status, { 'content-type': type }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    ca: at('ca.pem'),
    reply,
    sign(tstInfo) {
      writeFileSync(at('tst'), tstInfo)
      const files = ['-in', at('tst'), '-out', at('token'), '-signer', at('tsa.pem'), '-inkey', at('key.pem')]
      const how = [
        '-sign',
        '-nodetach',
        '-binary',
        '-cades',
        '-nosmimecap',
        '-md',
        'sha256',
        '-outform',
        'DER',
      ]
      execFileSync('openssl', ['cms', ...how, '-econtent_type', '1.2.840.113549.1.9.16.1.4', ...files])
      return readFileSync(at('token'))
    },
    readQuery(query) {
      writeFileSync(at('query'), query)
      return openssl('-query', '-in', at('query'), '-text')
    },
    verify(answer, data) {
      writeFileSync(at('reply'), answer)
      writeFileSync(at('data'), data)
      return openssl('-verify', '-data', at('data'), '-in', at('reply'), '-CAfile', at('ca.pem'))
    },
    verifyToken(token, data) {
      writeFileSync(at('token'), token)
      writeFileSync(at('data'), data)
      return openssl('-verify', '-token_in', '-in', at('token'), '-data', at('data'), '-CAfile', at('ca.pem'))
    },
    trick: (next) => void (trick = next),
    asked: () => asked,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function writeCertificates(wish: Wish, at: (name: string) => string): Promise<void> {
  const kind = wish.keys ?? 'ec'
  const isCa = new BasicConstraintsExtension(true, undefined, true)
  const root = await issue('CN=Test root, O=Example', kind, undefined, [isCa])
  const between =
    wish.intermediate === true ? await issue('CN=Test CA, O=Example', kind, root, [isCa]) : undefined
  const usages = wish.usages ?? [timeStamping]
  const usage = usages.length === 0 ? [] : [new ExtendedKeyUsageExtension([...usages], wish.critical ?? true)]
  const signer = await issue('CN=Test TSA, O=Example', kind, between ?? root, usage, wish.notAfter)
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', signer.keys.privateKey))
  writeFileSync(at('key.pem'), toPem('PRIVATE KEY', key))
  writeFileSync(at('ca.pem'), root.certificate.toString('pem'))
  writeFileSync(at('tsa.pem'), signer.certificate.toString('pem'))
  writeFileSync(at('chain.pem'), between?.certificate.toString('pem') ?? root.certificate.toString('pem'))
  writeFileSync(at('serial'), '01\n')
  writeFileSync(
    at('cnf'),
    `[tsa]\ndefault_tsa = it\n[it]\ndir = .\nserial = ${at('serial')}\nsigner_cert = ${at('tsa.pem')}\ncerts = ${at('chain.pem')}
signer_key = ${at('key.pem')}\nsigner_digest = ${wish.digest ?? 'sha256'}\ndefault_policy = 1.3.6.1.4.1.99999.1\ndigests = sha256
accuracy = secs:1, millisecs:500\nordering = yes\ntsa_name = yes\ness_cert_id_chain = no\ness_cert_id_alg = ${wish.essDigest ?? 'sha256'}\n`,
  )
}

const toPem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}
