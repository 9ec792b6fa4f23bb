/**
 * The tenant's certificate authority and what it says: this public key is that person's (X.509, RFC 5280). It is
 * made when the first key is confirmed; its own key lies wrapped under the secret of the installation.
 */
// The library asks for it to be there first.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'
import { createHash, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Tx } from '#platform/tx.ts'
import type { Wrap } from '#platform/wrap.ts'
import { loadTenant, lockTenant, updateTenantHead } from '../tenant/store.ts'
import { insertAuthority, selectAuthority } from './store.ts'
import type { Authority } from './store.ts'

const { subtle } = webcrypto
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const yearsOfAuthority = 20
const oid = { commonName: '2.5.4.3', serialNumber: '2.5.4.5' } as const

export type Subject = {
  readonly keyId: string
  readonly principalId: string
  /** As it is printed beside the signature. */
  readonly name: string
  readonly spki: Buffer
}

export const toFingerprint = (certificate: Buffer): string =>
  createHash('sha256').update(certificate).digest('hex')

/** By attributes, not as one text: a name with a comma in it stays one name. */
const toName = (commonName: string, serialNumber: string): Name =>
  new Name([
    { [oid.commonName]: [{ utf8String: commonName }] },
    { [oid.serialNumber]: [{ printableString: serialNumber }] },
  ])

const purposeOf = (tenantId: string, authorityId: string): string =>
  `certificate-authority/${tenantId}/${authorityId}`

/** A UUID as the serial number of a certificate: positive and never used twice. */
const toSerial = (uuid: string): string => uuid.replaceAll('-', '')

export async function makeAuthority(
  wrap: Wrap,
  tenant: { readonly id: string; readonly name: string },
  authorityId: string,
  at: Date,
): Promise<Authority> {
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const notAfter = new Date(at)
  notAfter.setUTCFullYear(at.getUTCFullYear() + yearsOfAuthority)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: toSerial(authorityId),
    subject: toName(`${tenant.name} signing keys`, tenant.id),
    issuer: toName(`${tenant.name} signing keys`, tenant.id),
    notBefore: at,
    notAfter,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const bytes = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey))
  const wrapped = wrap.wrap(purposeOf(tenant.id, authorityId), bytes)
  bytes.fill(0)
  return { id: authorityId, certificate: Buffer.from(certificate.rawData), wrapped_private: wrapped }
}

/** The certificate of a person's key, DER; as long as the authority's own. */
export async function issueCertificate(
  wrap: Wrap,
  tenantId: string,
  authority: Authority,
  subject: Subject,
  at: Date,
): Promise<Buffer> {
  const opened = wrap.unwrap(purposeOf(tenantId, authority.id), authority.wrapped_private)
  if (opened === undefined)
    throw new Error('the key of the certificate authority was wrapped under another secret')
  const signingKey = await subtle.importKey('pkcs8', new Uint8Array(opened), algorithm, false, ['sign'])
  opened.fill(0)
  const issuer = new X509Certificate(new Uint8Array(authority.certificate))
  const publicKey = new Uint8Array(subject.spki)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: toSerial(subject.keyId),
    subject: toName(subject.name, subject.principalId),
    issuer: issuer.subjectName,
    notBefore: at,
    notAfter: issuer.notAfter,
    signingAlgorithm: algorithm,
    publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation, true),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  })
  return Buffer.from(certificate.rawData)
}

/** The tenant's authority, made now if it has none, with an entry of the tenant's record. */
export async function ensureAuthority(tx: Tx): Promise<Authority> {
  const known = await selectAuthority(tx)
  if (known !== undefined) return known
  const tenant = await lockTenant(tx)
  const [meanwhile, { name }] = await Promise.all([selectAuthority(tx), loadTenant(tx)])
  if (meanwhile !== undefined) return meanwhile
  const at = tenant.locked_at
  const authority = await makeAuthority(tx.wrap, { id: tx.tenantId, name }, tx.newId(), new Date(at))
  const head = tx.record({
    kind: 'tenant',
    record: tenant,
    action: 'ca_created',
    changes: [],
    detail: {
      certificate_sha256: toFingerprint(authority.certificate),
      certificate: authority.certificate.toString('base64'),
    },
    newVersion: false,
    at,
  })
  updateTenantHead(tx, tenant, head)
  insertAuthority(tx, authority, at)
  return authority
}
