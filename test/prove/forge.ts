/**
 * Forged signatures, as somebody makes them who can write to the database, holds a good key of his own in the same
 * company and a certificate authority that looks like the company's, but not the key of the person whose signature
 * he wants. Each attack bends a genuine signature in one way; where bytes must be signed again, he signs them.
 */
import type { SignatureContext, StoredSignature } from '#domain/signature-check.ts'
import { sha256, statementPrefix } from '#domain/statement.ts'
import type { Statement } from '#domain/statement.ts'
import { toCanonical } from '#domain/entry.ts'
import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Random } from './proof.ts'

export type Genuine = { readonly row: StoredSignature; readonly context: SignatureContext }
export type Forged = { readonly row: StoredSignature; readonly context: SignatureContext }

/** What the forger has of his own: a key and its certificates, one of the tenant and one of his own making. */
export type Forger = {
  readonly id: string
  readonly keyId: string
  readonly certificate: Buffer
  readonly selfMade: Buffer
  readonly sign: (bytes: Buffer) => Buffer
}
export type Workshop = {
  readonly genuine: readonly Genuine[]
  readonly forger: Forger
  readonly random: Random
}

type Attack = (base: Genuine, workshop: Workshop) => Forged

const uuid = (random: Random): string =>
  `01a1fb16-${hex(random, 4)}-7${hex(random, 3)}-8${hex(random, 3)}-${hex(random, 12)}`
const hex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => random.int(16).toString(16)).join('')

const statementOf = (row: StoredSignature): Statement =>
  JSON.parse(row.statement.toString('utf8')) as Statement
const toBytes = (value: unknown): Buffer => Buffer.from(toCanonical(value), 'utf8')

/** A statement that says something else; the row is bent to match it, the signature stays as it is. */
function restate(
  { row, context }: Genuine,
  change: (statement: Statement) => object,
  rowChanges: Partial<StoredSignature> = {},
): Forged {
  const statement = statementOf(row)
  return {
    row: { ...row, ...rowChanges, statement: toBytes({ ...statement, ...change(statement) }) },
    context,
  }
}

/** Signed again by the forger's own key, under a certificate that he chooses. */
function resign(forged: Forged, { sign: signBytes }: Forger, certificate: Buffer): Forged {
  const statement = { ...statementOf(forged.row) }
  const key = { ...statement.key, certificate_sha256: sha256(certificate).toString('hex') }
  const bytes = toBytes({ ...statement, key })
  return {
    context: forged.context,
    row: {
      ...forged.row,
      kind: 'passphrase',
      authenticator_data: null,
      client_data_json: null,
      certificate,
      statement: bytes,
      signature: signBytes(Buffer.concat([statementPrefix, bytes])),
    },
  }
}

function flip(bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes)
  const at = random.int(changed.length)
  changed[at] = (changed[at] ?? 0) ^ (1 << random.int(8))
  return changed
}

const shift = (at: string, ms: number): string => new Date(Date.parse(at) + ms).toISOString()
const pickOther = (
  { genuine, random }: Workshop,
  base: Genuine,
  differs: (one: Genuine) => boolean,
): Genuine => random.pick(genuine.filter((one) => one !== base && differs(one)))

/** By another work order's record: what was read is not what is signed now. */
function withRecord(base: Genuine, record: Buffer): Forged {
  return restate({ ...base, row: { ...base.row, record } }, () => ({
    record_hash: sha256(record).toString('hex'),
  }))
}
function bentRecord(base: Genuine, change: (record: Record<string, unknown>) => object): Forged {
  const record = JSON.parse(base.row.record.toString('utf8')) as Record<string, unknown>
  return withRecord(base, toBytes({ ...record, ...change(record) }))
}

export const attacks: { readonly [name: string]: Attack } = {
  'another work order, row only': (base, { random }) => ({
    ...base,
    row: { ...base.row, work_order_id: uuid(random) },
  }),
  'another work order, restated': (base, workshop) => {
    const other = pickOther(workshop, base, ({ row }) => row.work_order_id !== base.row.work_order_id)
    const of = statementOf(other.row).work_order
    return {
      ...restate(base, () => ({ work_order: of }), {
        work_order_id: other.row.work_order_id,
        wo_version: other.row.wo_version,
        record: other.row.record,
      }),
      context: other.context,
    }
  },
  'another work order, the whole signature moved': (base, workshop) => {
    const other = pickOther(workshop, base, ({ row }) => row.work_order_id !== base.row.work_order_id)
    return { row: { ...base.row, work_order_id: other.row.work_order_id }, context: other.context }
  },
  'another version, row only': (base, { random }) => ({
    ...base,
    row: { ...base.row, wo_version: base.row.wo_version + 1 + random.int(9) },
  }),
  'another version, restated': (base, { random }) => {
    const version = base.row.wo_version + 1 + random.int(9)
    return restate(base, ({ work_order: of }) => ({ work_order: { ...of, version } }), {
      wo_version: version,
    })
  },
  'another tenant': (base, { random }) => ({ ...base, context: { ...base.context, tenantId: uuid(random) } }),
  'another tenant, restated': (base, { random }) => {
    const id = uuid(random)
    const forged = restate(base, ({ tenant }) => ({ tenant: { ...tenant, id } }))
    return { ...forged, context: { ...base.context, tenantId: id } }
  },
  'another signer, row only': (base, { forger }) => ({ ...base, row: { ...base.row, signer_id: forger.id } }),
  'another signer, restated': (base, { forger }) =>
    restate(base, ({ signer }) => ({ signer: { ...signer, id: forger.id } }), { signer_id: forger.id }),
  'another meaning': (base, { random }) => {
    const meaning = random.pick(['reviewed', 'rejected', 'authored', 'witnessed'])
    return restate(base, () => ({ meaning }), { meaning })
  },
  'another gate': (base) => {
    const gate = base.row.gate === 'release' ? 'completion' : 'release'
    return restate(base, () => ({ gate }), { gate })
  },
  'another round': (base, { random }) => {
    const round = base.row.round + 1 + random.int(5)
    return restate(base, () => ({ round }), { round })
  },
  'another role': (base, { random }) => {
    const role = random.pick(['captain', 'admin', 'assigner', base.row.role === 'qa' ? 'system_owner' : 'qa'])
    return restate(base, () => ({ role }), { role })
  },
  'another policy': (base, { random }) => {
    const version = base.row.policy_version + 1 + random.int(5)
    return restate(base, () => ({ policy_version: version }), { policy_version: version })
  },
  'an older snapshot': (base, workshop) => {
    const other = pickOther(workshop, base, ({ row }) => !row.record.equals(base.row.record))
    return withRecord(base, other.row.record)
  },
  'an edited snapshot': (base, { random }) =>
    bentRecord(base, (record) => ({
      work_order: { ...(record['work_order'] as object), title: `something else ${random.int(1e6)}` },
    })),
  'another file': (base, { random }) =>
    bentRecord(base, () => ({
      attachments: [
        { id: uuid(random), name: 'x', media_type: 'text/plain', size_bytes: 1, sha256: hex(random, 64) },
      ],
    })),
  'another place in the trail': (base, { random }) => {
    const head = hex(random, 64)
    const forged = bentRecord(base, () => ({ audit_head: head }))
    return restate({ ...forged }, () => ({ audit_head: head }))
  },
  'an edited printed name': (base, { random }) =>
    restate(base, ({ signer }) => ({ signer: { ...signer, name: `${signer.name} ${random.int(99)}` } })),
  'an edited time': (base, { random }) => {
    const ms = (random.int(2) === 0 ? -1 : 1) * (1000 + random.int(1e9))
    return restate(base, ({ at }) => ({ at: shift(at, ms) }), { signed_at: shift(base.row.signed_at, ms) })
  },
  'a late signature': (base, { random }) => ({
    ...base,
    row: { ...base.row, signed_at: shift(base.row.signed_at, 120_001 + random.int(1e9)) },
  }),
  'another time zone': (base, { random }) =>
    restate(base, () => ({ time_zone: random.pick(['Asia/Tokyo', 'America/New_York', 'Africa/Cairo']) })),
  'another intent': (base, { random }) => {
    const intent = uuid(random)
    return restate(base, () => ({ intent }), { intent_id: intent })
  },
  'another nonce': (base, { random }) => restate(base, () => ({ nonce: hex(random, 64) })),
  'a swapped certificate': (base, { forger }) => ({
    ...restate(
      base,
      ({ key }) => ({
        key: { ...key, certificate_sha256: sha256(forger.certificate).toString('hex') },
      }),
      { certificate: forger.certificate },
    ),
  }),
  'signed by another key, with his certificate': (base, { forger }) =>
    resign(base, forger, forger.certificate),
  'signed by another key, with his certificate, as his key': (base, { forger }) => {
    const forged = restate(base, ({ key }) => ({ key: { ...key, id: forger.keyId, kind: 'passphrase' } }), {
      key_id: forger.keyId,
      kind: 'passphrase',
    })
    const his = {
      principal_id: forger.id,
      kind: 'passphrase',
      spki: spkiOf(forger),
      certificate: forger.certificate,
      proofed_at: shift(base.row.signed_at, -1e6),
      revoked_at: null,
    }
    return { ...resign(forged, forger, forger.certificate), context: { ...base.context, key: his } }
  },
  'signed under a certificate of his own making': (base, { forger }) => {
    const forged = resign(base, forger, forger.selfMade)
    const { key } = base.context
    // He also writes the key's row, but not the certificate authority that the log names.
    return {
      ...forged,
      context: {
        ...base.context,
        key: key && { ...key, kind: 'passphrase', certificate: forger.selfMade, spki: spkiOf(forger) },
      },
    }
  },
  'a revoked key': (base, { random }) =>
    withKey(base, { revoked_at: shift(base.row.signed_at, -1 - random.int(1e9)) }),
  'a key that nobody confirmed': (base) => withKey(base, { proofed_at: null }),
  'a key confirmed later': (base, { random }) =>
    withKey(base, { proofed_at: shift(base.row.signed_at, 1 + random.int(1e9)) }),
  'the key of somebody else': (base, { forger }) => withKey(base, { principal_id: forger.id }),
  'no key at all': (base) => ({ ...base, context: { ...base.context, key: undefined } }),
  'a delegation that was not': (base, { random, forger }) => {
    const id = uuid(random)
    return restate(
      base,
      () => ({
        authority: { kind: 'delegation', delegation_id: id, delegator: { id: forger.id, name: 'M' } },
      }),
      { delegation_id: id, on_behalf_of: forger.id },
    )
  },
  'a delegation, row only': (base, { random, forger }) => ({
    ...base,
    row: { ...base.row, delegation_id: uuid(random), on_behalf_of: forger.id },
  }),
  'a delegation outside its scope': (base, { random }) => withDelegation(base, random),
  'a flipped bit of the signature': (base, { random }) => ({
    ...base,
    row: { ...base.row, signature: flip(base.row.signature, random) },
  }),
  'a flipped bit of the statement': (base, { random }) => ({
    ...base,
    row: { ...base.row, statement: flip(base.row.statement, random) },
  }),
  'a flipped bit of the record': (base, { random }) => ({
    ...base,
    row: { ...base.row, record: flip(base.row.record, random) },
  }),
  'a flipped bit of the certificate': (base, { random }) => ({
    ...base,
    row: { ...base.row, certificate: flip(base.row.certificate, random) },
  }),
  'a random signature': (base, { random }) => ({
    ...base,
    row: { ...base.row, signature: Buffer.from(hex(random, base.row.signature.length * 2), 'hex') },
  }),
  'the other scalar of Ed25519': (base) => ({
    ...base,
    row: { ...base.row, signature: addOrder(base.row.signature) },
  }),
  'bytes that say the same otherwise': (base, { random }) => {
    const text = JSON.stringify(statementOf(base.row), null, 1 + random.int(4))
    return { ...base, row: { ...base.row, statement: Buffer.from(text) } }
  },
  'a signature of the other kind': (base) => ({
    ...base,
    row: { ...base.row, kind: base.row.kind === 'passkey' ? 'passphrase' : 'passkey' },
  }),
  'without the prefix of the protocol': (base, { forger }) => {
    const forged = resign(base, forger, forger.certificate)
    return { ...forged, row: { ...forged.row, signature: forger.sign(forged.row.statement) } }
  },
  'another challenge': (base, { random }) => withClient(base, { challenge: hex(random, 43) }),
  'another origin': (base, { random }) => withClient(base, { origin: `https://${hex(random, 8)}.example` }),
  'another ceremony': (base) => withClient(base, { type: 'webauthn.create' }),
  'no user verification': (base) => withFlags(base, 0x01),
  'nobody present': (base) => withFlags(base, 0x04),
  'another relying party': (base, { random }) => {
    const data = base.row.authenticator_data
    if (data === null) return withFlags(base, 0)
    return {
      ...base,
      row: {
        ...base.row,
        authenticator_data: Buffer.concat([Buffer.from(hex(random, 64), 'hex'), data.subarray(32)]),
      },
    }
  },
}

function withKey(base: Genuine, changes: Partial<NonNullable<SignatureContext['key']>>): Forged {
  const { key } = base.context
  return { ...base, context: { ...base.context, key: key && { ...key, ...changes } } }
}

/** The person did delegate, but not this role, not now, or to somebody else. */
function withDelegation(base: Genuine, random: Random): Forged {
  const id = uuid(random)
  const delegator = uuid(random)
  const good = {
    delegator_id: delegator,
    delegate_id: base.row.signer_id,
    roles: [base.row.role],
    starts_at: shift(base.row.signed_at, -1e6),
    ends_at: shift(base.row.signed_at, 1e6),
    revoked_at: null,
  }
  const delegation = {
    ...good,
    ...random.pick([
      { roles: ['operator'] },
      { delegate_id: uuid(random) },
      { delegator_id: uuid(random) },
      { ends_at: shift(base.row.signed_at, -1) },
      { starts_at: shift(base.row.signed_at, 1) },
      { revoked_at: shift(base.row.signed_at, -1) },
    ]),
  }
  const forged = restate(
    base,
    () => ({ authority: { kind: 'delegation', delegation_id: id, delegator: { id: delegator, name: 'A' } } }),
    { delegation_id: id, on_behalf_of: delegator },
  )
  return { ...forged, context: { ...base.context, delegation } }
}

/** For a signature that has no client data, making some up is an attack too. */
function withClient(base: Genuine, changes: object): Forged {
  const client = base.row.client_data_json
  const said = client === null ? {} : (JSON.parse(client.toString('utf8')) as object)
  return {
    ...base,
    row: { ...base.row, client_data_json: Buffer.from(JSON.stringify({ ...said, ...changes })) },
  }
}

function withFlags(base: Genuine, flags: number): Forged {
  const data = Buffer.from(base.row.authenticator_data ?? Buffer.alloc(37))
  data[32] = flags
  return { ...base, row: { ...base.row, authenticator_data: data } }
}

/** S + L: the same point of the curve, and no canonical signature (RFC 8032 section 5.1.7). */
function addOrder(signature: Buffer): Buffer {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const s = BigInt(`0x${toReversed(signature.subarray(32, 64)).toString('hex') || '0'}`) + order
  const bytes = toReversed(Buffer.from(s.toString(16).padStart(64, '0').slice(-64), 'hex'))
  return Buffer.concat([signature.subarray(0, 32), bytes, signature.subarray(64)])
}

const toReversed = (bytes: Buffer): Buffer => Buffer.from([...bytes].toReversed())

const pairs = new WeakMap<Forger, KeyObject>()
function spkiOf(forger: Forger): Buffer {
  const key = pairs.get(forger)
  if (key === undefined) throw new Error('not a forger of this workshop')
  return key.export({ format: 'der', type: 'spki' })
}

/** A forger with a key pair of his own; the certificates are made for it by the caller. */
export async function makeForger(
  who: { readonly id: string; readonly keyId: string },
  certify: (spki: Buffer) => Promise<{ certificate: Buffer; selfMade: Buffer }>,
): Promise<Forger> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const made = await certify(publicKey.export({ format: 'der', type: 'spki' }))
  const forger: Forger = { ...who, ...made, sign: (bytes) => sign(null, bytes, privateKey) }
  pairs.set(forger, publicKey)
  return forger
}
