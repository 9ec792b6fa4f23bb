#!/usr/bin/env node
/**
 * docket-trail: checks the whole audit trail of a tenant, as `docket trail` writes it, with no part of Docket. It needs
 * Node 20 or later and docket-verify.mjs beside it, whose primitives it uses. A trail is what stands in a database,
 * right or wrong: every chain of entries, every current row, every leaf, tile and checkpoint of the log, every
 * signature with its key. Nothing in it is believed because it says so; with a checkpoint that you kept, even a log
 * that was rewritten whole shows.
 *
 * Formats: RFC 8785 (canonical JSON), RFC 6962 section 2 (the tree), C2SP tlog-tiles and tlog-checkpoint, RFC 8032
 * (Ed25519), RFC 5280 (certificates), W3C WebAuthn level 3 section 7.2.
 */
import { X509Certificate, createHash, verify as verifyBytes } from 'node:crypto'
import { createReadStream, readFileSync, realpathSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import {
  NotReadable,
  canonicalise,
  categories,
  leafHash,
  parseBase64,
  parseCanonical,
  parseNote,
  parseTime,
  parseVkey,
  verifyNote,
} from './docket-verify.mjs'

const format = 'docket-trail/1'
const tileWidth = 256
const hashBytes = 32

/**
 * @typedef {{ record?: string | undefined, seq?: number | undefined, field?: string | undefined, what: string }} Finding
 * @typedef {{ id: string, kind: string, record: string, seq: number, xid: bigint, leaf: string }} Placed
 */

/** @param {...Uint8Array} parts */
const sha256 = (...parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
/** @param {Uint8Array} bytes */
const toHex = (bytes) => Buffer.from(bytes).toString('hex')
/** @param {unknown} value */
const show = (value) => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80))
/** Equal as JSON; times are equal as instants, however they are written. @param {any} a @param {any} b */
const isSame = (a, b) =>
  a === b ||
  canonicalise(a ?? null) === canonicalise(b ?? null) ||
  (typeof a === 'string' && typeof b === 'string' && parseTime(a) === parseTime(b))
/** What a field is before its first change: nothing, however that is written. @param {any} value */
const isBlank = (value) =>
  value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)

/** The fields of each kind of record that its entries change; whatever else an entry tells is not in the row. @type {Record<string, string[]>} */
export const recorded = {
  work_order: (
    'number lifecycle status title description priority regulatory origin requester_id assignee_id ' +
    'asset_id due_date estimated_hours actual_hours tags project work_category acceptance_criteria ' +
    'deliverables notes completion_summary review_notes related_wo_ids parent_id planned_start ' +
    'planned_end actual_start actual_end job_plan requirements hold blocker revision revision_of ' +
    'acknowledged_at attributes executor_ids editor_id import_source predecessors completion_policy ' +
    'on_failure waiver step_results'
  ).split(' '),
  asset: 'tag name location status owner_id parent_id'.split(' '),
  principal: 'kind name email sponsor_id disabled_at roles manager_id profile ratings'.split(' '),
  tenant: 'slug name default_lifecycle completion_policy'.split(' '),
  delegation: (
    'delegator_id delegate_id roles lifecycles work_categories regulatory starts_at ends_at reason ' +
    'delegator_accepted_at delegate_accepted_at declined_at revoked_at revoked_by'
  ).split(' '),
  finding: (
    'number kind severity title work_order_id violator_id owner_id due_at state occurrences last_at ' +
    'detail resolution closed_by closed_at'
  ).split(' '),
  template: ['name', 'body', 'retired'],
  resource: ['type', 'name', 'body', 'retired'],
}

/** What a trail holds, line by line. */
const openTrail = () => ({
  /** @type {Finding[]} */ findings: [],
  /** @type {any} */ head: undefined,
  /** @type {Map<string, any>} */ rows: new Map(),
  /** @type {Map<string, any>} */ keys: new Map(),
  /** @type {X509Certificate[]} */ authorities: [],
  /** @type {Map<string, string>} */ numbers: new Map(),
  /** Every entry, by its id. @type {Map<string, Placed>} */ entries: new Map(),
  /** Leaves of the entries of a work order, by sequence: what signatures rest on. @type {Map<string, string>} */ leafOf:
    new Map(),
  /** What entries say of signatures: by id of the signature. @type {Map<string, any>} */ claims: new Map(),
  /** @type {any} */ chain: undefined,
  /** Records whose chain is damaged. @type {Set<string>} */ damaged: new Set(),
  /** @type {string[]} */ namedKeys: [],
  /** @type {string[]} */ heldKeys: [],
  /** @type {any[]} */ leaves: [],
  /** @type {Map<string, Buffer>} */ tiles: new Map(),
  /** @type {any[]} */ checkpoints: [],
})
/** @typedef {ReturnType<typeof openTrail>} Trail */

/** @param {Trail} trail @param {Finding} finding */
const find = (trail, finding) => void trail.findings.push(finding)

/** @type {Record<string, (trail: Trail, line: any) => void>} */
const takers = {
  head: (trail, line) => {
    if (line.format !== format) throw new NotReadable(`this is ${show(line.format)}, not ${format}`)
    trail.head = line
  },
  authority: (trail, line) => {
    const read = readCertificate(line.certificate)
    if (read === undefined)
      find(trail, { field: 'certificate_authorities', what: `authority ${line.id} is no certificate` })
    else trail.authorities.push(read)
  },
  key: (trail, line) => void trail.keys.set(line.id, line),
  row: takeRow,
  number: (trail, line) => void trail.numbers.set(line.number, line.work_order),
  entry: takeEntry,
  signature: (trail, line) => {
    closeChain(trail)
    checkSignature(trail, line)
  },
  log_key: (trail, line) => void trail.heldKeys.push(line.vkey),
  leaf: (trail, line) => void trail.leaves.push(line),
  tile: (trail, line) => {
    const hashes = parseBase64(line.hashes)
    if (hashes !== undefined) trail.tiles.set(`${line.level}/${line.index}`, hashes)
  },
  checkpoint: (trail, line) => void trail.checkpoints.push(line),
}

/** @param {Trail} trail @param {any} line */
function takeRow(trail, line) {
  const other = trail.rows.get(line.id)
  if (other !== undefined)
    find(trail, { record: line.id, what: `there is a ${line.kind} and a ${other.kind} with this id` })
  trail.rows.set(line.id, line)
}

// ------------------------------------------------------------------------------------------ the chains

/** @param {Trail} trail @param {any} entry */
function takeEntry(trail, entry) {
  if (trail.chain?.record !== entry.record) {
    closeChain(trail)
    trail.chain = {
      record: entry.record,
      kind: entry.kind,
      seq: 0,
      version: 0,
      head: null,
      id: '',
      held: new Map(),
      flawed: false,
    }
  }
  const { chain } = trail
  const bytes = parseBase64(entry.body) ?? Buffer.alloc(0)
  const own = toHex(leafHash(bytes))
  const { value: body, fault } = parseCanonical(bytes)
  if (trail.entries.has(entry.id))
    find(trail, { record: entry.record, seq: entry.seq, what: `there are two entries ${entry.id}` })
  trail.entries.set(entry.id, {
    id: entry.id,
    kind: entry.kind,
    record: entry.record,
    seq: entry.seq,
    xid: BigInt(entry.xid),
    leaf: own,
  })
  if (entry.kind === 'work_order') trail.leafOf.set(`${entry.record} ${entry.seq}`, entry.leaf)
  if (!chain.flawed) followLink(trail, entry, own, body, fault)
  if (fault === undefined && !chain.flawed) {
    if (body.action === 'log_key_created' && entry.kind === 'tenant') trail.namedKeys.push(body.detail?.vkey)
    if (body.action === 'approval_signed') {
      const id = String(body.detail?.signature_id)
      if (trail.claims.has(id)) flaw(trail, entry.seq, 'detail', `signature ${id} has an entry already`)
      trail.claims.set(id, { body, record: entry.record, seq: entry.seq })
    }
  }
}

/** The first thing that is wrong with a chain; what follows it cannot be judged. @param {Trail} trail @param {number} seq @param {string | undefined} field @param {string} what */
function flaw(trail, seq, field, what) {
  const { chain } = trail
  chain.flawed = true
  trail.damaged.add(chain.record)
  find(trail, { record: chain.record, seq, field, what })
}

/** @param {Trail} trail @param {any} entry @param {string} own @param {any} body @param {string | undefined} fault */
function followLink(trail, entry, own, body, fault) {
  const { chain, head } = trail
  const { seq } = entry
  if (own !== entry.leaf) return flaw(trail, seq, 'body', 'the leaf is not the hash of the body')
  if (fault !== undefined) return flaw(trail, seq, 'body', `the body ${fault}`)
  const said = {
    id: body.id,
    kind: body.record?.kind,
    record: body.record?.id,
    seq: body.seq,
    action: body.action,
    actor: body.actor?.id,
  }
  for (const [field, value] of Object.entries(said))
    if (value !== entry[field])
      return flaw(
        trail,
        seq,
        field,
        `the column ${field} says ${show(entry[field])}, the body ${show(value)}`,
      )
  if (body.tenant !== head.tenant.id)
    return flaw(trail, seq, 'tenant', `the body is of tenant ${show(body.tenant)}`)
  if (parseTime(body.at) !== parseTime(entry.at))
    return flaw(trail, seq, 'at', `the column says ${entry.at}, the body ${show(body.at)}`)
  if (seq !== chain.seq + 1)
    return flaw(
      trail,
      chain.seq + 1,
      undefined,
      `entry ${chain.seq + 1} is missing: the next one is entry ${seq}`,
    )
  if (body.prev !== chain.head)
    return flaw(
      trail,
      Math.max(1, chain.seq),
      'prev',
      `entry ${seq} names another leaf before it: entry ${chain.seq} was replaced, or entry ${seq}`,
    )
  if (body.version !== chain.version + 1 && (body.version !== chain.version || chain.seq === 0))
    return flaw(
      trail,
      seq,
      'version',
      `the body says version ${show(body.version)} after version ${chain.version}`,
    )
  chain.seq = seq
  chain.head = own
  chain.id = entry.id
  chain.version = body.version
  for (const { field, old, new: next } of Array.isArray(body.changes) ? body.changes : []) {
    if (recorded[entry.kind]?.includes(field) !== true) continue
    const held = chain.held.get(field)
    const fits = held === undefined ? isBlank(old) : isSame(old, held.value)
    if (!fits)
      return flaw(trail, seq, field, `it changes ${field} from ${show(old)}, but it was ${show(held?.value)}`)
    chain.held.set(field, { value: next, seq })
  }
}

/** After the last entry of a record: its row must stand where the chain ends. @param {Trail} trail */
function closeChain(trail) {
  const { chain, rows } = trail
  trail.chain = undefined
  if (chain === undefined) return
  const row = rows.get(chain.record)
  rows.delete(chain.record)
  if (chain.flawed) return
  const tell = (
    /** @type {number} */ seq,
    /** @type {string | undefined} */ field,
    /** @type {string} */ what,
  ) => {
    trail.damaged.add(chain.record)
    find(trail, { record: chain.record, seq, field, what })
  }
  if (row === undefined) return tell(chain.seq, undefined, 'the row of the record is missing')
  if (row.entry_seq > chain.seq)
    return tell(
      chain.seq + 1,
      undefined,
      `entry ${chain.seq + 1} is missing: the row stands at entry ${row.entry_seq}`,
    )
  const last = { entry_seq: chain.seq, entry_id: chain.id, entry_head: chain.head, version: chain.version }
  for (const [field, value] of Object.entries(last))
    if (row[field] !== value)
      return tell(
        chain.seq,
        field,
        `the row's ${field} is ${show(row[field])}, its last entry makes it ${show(value)}`,
      )
  for (const field of recorded[chain.kind] ?? []) {
    const held = chain.held.get(field)
    const stands = row.fields[field]
    if (held === undefined ? !isBlank(stands) : !isSame(stands, held.value))
      tell(
        held?.seq ?? 1,
        field,
        `the row's ${field} is ${show(stands)}, its entries make it ${show(held?.value)}`,
      )
  }
  if (chain.kind === 'work_order') checkWorkOrder(trail, row, tell)
}

/** @param {Trail} trail @param {any} row @param {(seq: number, field: string, what: string) => void} tell */
function checkWorkOrder({ numbers }, row, tell) {
  const { fields, id } = row
  const category = categories[fields.lifecycle]?.[fields.status]
  if (category !== fields.category)
    tell(
      row.entry_seq,
      'category',
      `${show(fields.status)} is ${show(category)}, not ${show(fields.category)}`,
    )
  if (numbers.get(fields.number) !== id)
    tell(row.entry_seq, 'number', `the number ${show(fields.number)} is not registered as this record's`)
  else numbers.delete(fields.number)
}

// -------------------------------------------------------------------------------------- the signatures

/** @param {string} der base64 */
function readCertificate(der) {
  try {
    const read = new X509Certificate(Buffer.from(der, 'base64'))
    return read.publicKey === undefined ? undefined : read
  } catch {
    return undefined
  }
}

/** The first thing in which entry, statement, record and row of a signature do not say the same. @param {Trail} trail @param {any} row @param {any} claim */
function findUnlike(trail, row, claim) {
  if (claim === undefined) return { field: 'signatures', what: 'there is no entry of it' }
  const statementBytes = Buffer.from(row.statement, 'base64')
  const recordBytes = Buffer.from(row.record, 'base64')
  const statement = parseCanonical(statementBytes)
  const record = parseCanonical(recordBytes)
  if (statement.fault !== undefined) return { field: 'statement', what: `its statement ${statement.fault}` }
  if (record.fault !== undefined) return { field: 'record', what: `its record ${record.fault}` }
  const said = statement.value
  const { body } = claim
  const certificateBytes = Buffer.from(row.certificate, 'base64')
  /** @type {[string, unknown, unknown][]} */
  const equal = [
    ['work_order', claim.record, row.work_order],
    ['signer_id', body.actor.id, row.signer_id],
    ['statement', body.detail.statement_hash, toHex(sha256(statementBytes))],
    ['role', body.detail.role, row.role],
    ['gate', body.detail.gate, row.gate],
    ['tenant', said.tenant?.id, trail.head.tenant.id],
    ['work_order', said.work_order?.id, row.work_order],
    ['version', said.work_order?.version, row.version],
    ['gate', said.gate, row.gate],
    ['round', said.round, row.round],
    ['policy_version', said.policy_version, row.policy_version],
    ['role', said.role, row.role],
    ['meaning', said.meaning, row.meaning],
    ['signer_id', said.signer?.id, row.signer_id],
    ['key_id', said.key?.id, row.key_id],
    ['kind', said.key?.kind, row.kind],
    ['intent', said.intent, row.intent],
    ['record', said.record_hash, toHex(sha256(recordBytes))],
    ['certificate', said.key?.certificate_sha256, toHex(sha256(certificateBytes))],
    ['record', record.value.work_order?.id, row.work_order],
    ['record', record.value.work_order?.version, row.version],
    ['audit_head', record.value.audit_head, said.audit_head],
    ['audit_seq', record.value.audit_seq, said.audit_seq],
    ['audit_head', trail.leafOf.get(`${row.work_order} ${said.audit_seq}`), said.audit_head],
    [
      'delegation_id',
      said.authority?.kind === 'delegation' ? said.authority.delegation_id : null,
      row.delegation_id,
    ],
    [
      'on_behalf_of',
      said.authority?.kind === 'delegation' ? said.authority.delegator?.id : null,
      row.on_behalf_of,
    ],
  ]
  for (const [field, a, b] of equal)
    if (!isSame(a, b)) return { field: field, what: `one says ${show(a)}, the other ${show(b)}` }
  return undefined
}

/** @param {Trail} trail @param {any} row */
function checkSignature(trail, row) {
  const claim = trail.claims.get(row.id)
  trail.claims.delete(row.id)
  // What a damaged chain says of signatures proves nothing, and the chain is told already.
  if (trail.damaged.has(row.work_order)) return
  const tell = (/** @type {string} */ field, /** @type {string} */ what) =>
    find(trail, { record: row.work_order, seq: claim?.seq, field, what: `signature ${row.id}: ${what}` })
  const unlike = findUnlike(trail, row, claim)
  if (unlike !== undefined) {
    tell(unlike.field, unlike.what)
    return
  }
  const said = JSON.parse(Buffer.from(row.statement, 'base64').toString('utf8'))
  const record = JSON.parse(Buffer.from(row.record, 'base64').toString('utf8'))
  const people = [row.signer_id, row.on_behalf_of]
  const worked = [...(record.work_order.executor_ids ?? []), record.work_order.editor_id]
  if (people.some((id) => id !== null && worked.includes(id)))
    tell('signer_id', 'who signed had done the work or edited it last')
  checkKey(trail, row, said, tell)
}

/** @param {Trail} trail @param {any} row @param {any} said @param {(field: string, what: string) => void} tell */
function checkKey({ keys, authorities }, row, said, tell) {
  const certificate = readCertificate(row.certificate)
  const key = keys.get(row.key_id)
  const at = parseTime(row.signed_at)
  const shown = parseTime(said.at)
  if (!(shown <= at && at <= shown + 120e6))
    tell('signed_at', 'it was not given within two minutes of its statement')
  if (certificate === undefined) return tell('certificate', 'its certificate is none')
  if (key === undefined) return tell('key_id', 'its key is not there')
  if (key.certificate !== row.certificate) tell('key_id', 'its certificate is not that of its key')
  if (key.principal_id !== row.signer_id || key.kind !== row.kind)
    tell('key_id', 'its key is of somebody else, or of another kind')
  if (!(parseTime(key.confirmed_at) <= at) || (key.revoked_at !== null && !(at <= parseTime(key.revoked_at))))
    tell('key_id', 'its key was not in force then')
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  if (spki !== key.spki) tell('certificate', 'its certificate is for another key than the one enrolled')
  const subject = /** @type {any} */ (certificate.toLegacyObject()).subject
  if (subject.CN !== said.signer?.name || subject.serialNumber !== row.signer_id)
    tell('certificate', 'its certificate is of somebody else')
  if (!(Date.parse(certificate.validFrom) <= at / 1000 && at / 1000 <= Date.parse(certificate.validTo)))
    tell('certificate', 'its certificate was not valid then')
  if (
    !authorities.some(
      (authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    )
  )
    tell('certificate', 'its certificate was not issued by the authority of the tenant')
  if (!isSigned(row, certificate)) tell('signature', 'the signature does not verify under its certificate')
}

/** @param {any} row @param {X509Certificate} certificate */
function isSigned(row, { publicKey }) {
  const statement = Buffer.from(row.statement, 'base64')
  const signature = Buffer.from(row.signature, 'base64')
  try {
    if (row.kind === 'passphrase') {
      const bytes = Buffer.concat([Buffer.from('docket/statement/v1\n'), statement])
      return (
        publicKey.asymmetricKeyType === 'ed25519' &&
        row.authenticator_data === null &&
        verifyBytes(null, bytes, publicKey, signature)
      )
    }
    const data = Buffer.from(row.authenticator_data, 'base64')
    const client = Buffer.from(row.client_data_json, 'base64')
    const said = JSON.parse(client.toString('utf8'))
    const flags = data[32] ?? 0
    return (
      data.length >= 37 &&
      (flags & 5) === 5 &&
      said.type === 'webauthn.get' &&
      said.challenge === sha256(statement).toString('base64url') &&
      verifyBytes(
        publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256',
        Buffer.concat([data, sha256(client)]),
        publicKey,
        signature,
      )
    )
  } catch {
    return false
  }
}

// --------------------------------------------------------------------------------------------- the log

/** @param {Placed} a @param {Placed} b */
const isBefore = (a, b) => (a.xid === b.xid ? a.id < b.id : a.xid < b.xid)

/** Every leaf is that of its entry, in order of commit, and no entry ahead of the last one is left out. @param {Trail} trail */
function checkLeaves(trail) {
  const { leaves, entries } = trail
  const sealed = new Set()
  /** @type {Placed | undefined} */
  let before
  for (const [index, row] of leaves.entries()) {
    const entry = entries.get(row.entry)
    const where = { record: row.record, seq: entry?.seq, field: 'log_leaves' }
    sealed.add(row.entry)
    if (row.index !== index) {
      // One gap is told once, at the entry that has no leaf; the ones behind it are counted on from here.
      if (leaves[index - 1] === undefined || row.index !== leaves[index - 1].index + 1)
        find(trail, {
          ...where,
          what: `leaf ${index} of the log is missing: the next one is leaf ${row.index}`,
        })
    }
    if (entry === undefined) {
      find(trail, {
        ...where,
        what: `the entry ${row.entry} was sealed as leaf ${row.index}, and is missing`,
      })
      continue
    }
    if (entry.leaf !== row.leaf)
      find(trail, {
        ...where,
        what: `the entry ${row.entry} is not the one that was sealed as leaf ${row.index}`,
      })
    if (entry.record !== row.record)
      find(trail, {
        ...where,
        what: `leaf ${row.index} says record ${row.record}, its entry ${entry.record}`,
      })
    if (before !== undefined && !isBefore(before, entry))
      find(trail, {
        record: entry.record,
        seq: entry.seq,
        field: 'xid',
        what: `the entry of leaf ${row.index} was committed ahead of the one before it`,
      })
    before = entry
  }
  let unsealed = 0
  for (const entry of entries.values()) {
    if (sealed.has(entry.id)) continue
    if (before !== undefined && isBefore(entry, before))
      find(trail, {
        record: entry.record,
        seq: entry.seq,
        field: 'log_leaves',
        what: 'the entry has no leaf in the log, and entries after it have',
      })
    else unsealed += 1
  }
  return unsealed
}

/** The tree over the leaves, its tiles, and the roots at the sizes that are asked for. @param {readonly Buffer[]} leaves @param {ReadonlySet<number>} sizes */
function growTree(leaves, sizes) {
  /** @type {Map<string, Buffer[]>} */
  const tiles = new Map()
  /** @type {Map<number, Buffer>} */
  const roots = new Map()
  /** Roots of whole subtrees, the largest first. @type {{ height: number, hash: Buffer }[]} */
  const peaks = []
  const put = (/** @type {number} */ level, /** @type {Buffer} */ hash, /** @type {number} */ n) => {
    const name = `${level}/${Math.floor(n / tileWidth)}`
    const tile = tiles.get(name)
    if (tile === undefined) tiles.set(name, [hash])
    else tile.push(hash)
  }
  leaves.forEach((leaf, n) => {
    put(0, leaf, n)
    let top = { height: 0, hash: leaf }
    for (;;) {
      const left = peaks.at(-1)
      if (left === undefined || left.height !== top.height) break
      peaks.pop()
      top = { height: top.height + 1, hash: sha256(Buffer.of(1), left.hash, top.hash) }
      if (top.height % 8 === 0) put(top.height / 8, top.hash, (n + 1) / 2 ** top.height - 1)
    }
    peaks.push(top)
    if (sizes.has(n + 1)) roots.set(n + 1, rootOf(peaks))
  })
  return { tiles, roots }
}

/** @param {readonly { hash: Buffer }[]} peaks */
const rootOf = (peaks) =>
  peaks.map(({ hash }) => hash).reduceRight((right, left) => sha256(Buffer.of(1), left, right))

/** @param {Trail} trail @param {string | undefined} kept */
function checkTree(trail, kept) {
  const { leaves, checkpoints, tiles, head } = trail
  const vkeys = checkLogKeys(trail)
  const held = kept === undefined ? undefined : readKept(trail, kept, vkeys)
  const hashes = leaves.map((row) => Buffer.from(row.leaf, 'hex'))
  const sizes = new Set([...checkpoints.map(({ size }) => size), ...(held === undefined ? [] : [held.size])])
  const grown = growTree(hashes, sizes)
  for (const [name, own] of grown.tiles) {
    const stored = tiles.get(name)
    tiles.delete(name)
    if (stored?.equals(Buffer.concat(own)) !== true) tellTile(trail, name, own, stored)
  }
  for (const name of tiles.keys())
    find(trail, {
      field: 'log_tiles',
      what: `tile ${name} of the log stands beyond its ${hashes.length} leaves`,
    })
  for (const row of checkpoints) {
    const root = grown.roots.get(row.size)
    const note = parseNote(row.note)
    const at = { field: 'checkpoints' }
    if (root === undefined)
      find(trail, {
        ...at,
        what: `checkpoint ${row.size} of the log stands beyond its ${hashes.length} leaves`,
      })
    else if (toHex(root) !== row.root)
      find(trail, { ...at, what: `checkpoint ${row.size} of the log says another root than its leaves make` })
    if (typeof note === 'string')
      find(trail, { ...at, what: `checkpoint ${row.size} of the log: its note ${note}` })
    else if (
      note.origin !== `docket.log/${head.tenant.id}` ||
      note.size !== row.size ||
      toHex(note.root) !== row.root
    )
      find(trail, {
        ...at,
        what: `checkpoint ${row.size} of the log: its note says another log, size or root`,
      })
    else if (!vkeys.some((vkey) => verifyNote(note, vkey) === 'right'))
      find(trail, {
        ...at,
        what: `checkpoint ${row.size} of the log is not signed by a key that the entries name`,
      })
  }
  const last = checkpoints.at(-1)?.size ?? 0
  if (last < hashes.length)
    find(trail, {
      field: 'checkpoints',
      what: `leaves ${last} to ${hashes.length - 1} of the log have no checkpoint`,
    })
  if (held !== undefined && held.size > hashes.length)
    find(trail, {
      field: 'log',
      what: `the log has ${hashes.length} leaves, and a checkpoint of ${held.size} was kept: its end is missing`,
    })
  else if (held !== undefined && held.size > 0 && grown.roots.get(held.size)?.equals(held.root) !== true)
    find(trail, {
      field: 'log',
      what: `the log is not the one of the checkpoint of ${held.size} that was kept: what was sealed up to then was changed`,
    })
}

/** @param {Trail} trail @param {string} name @param {readonly Buffer[]} own @param {Buffer | undefined} stored */
function tellTile(trail, name, own, stored) {
  const [level, index] = name.split('/').map(Number)
  const at = own.findIndex(
    (hash, n) => stored?.subarray(n * hashBytes, (n + 1) * hashBytes).equals(hash) !== true,
  )
  const leaf = level === 0 && at >= 0 ? trail.leaves[(index ?? 0) * tileWidth + at] : undefined
  const what =
    stored === undefined
      ? `tile ${name} of the log is missing`
      : `tile ${name} of the log does not say what its leaves make (hash ${at})`
  find(trail, { record: leaf?.record, seq: trail.entries.get(leaf?.entry)?.seq, field: 'log_tiles', what })
}

/** Only what an entry of the tenant names is a key of its log. @param {Trail} trail */
function checkLogKeys(trail) {
  const { namedKeys: named, heldKeys: held } = trail
  for (const key of held.filter((one) => !named.includes(one)))
    find(trail, { field: 'log_keys', what: `the key ${show(key)} of the log is named by no entry` })
  for (const key of named.filter((one) => !held.includes(one)))
    find(trail, {
      field: 'log_keys',
      what: `the key ${show(key)} of the log is named by an entry, and is not there`,
    })
  return named.flatMap((text) => parseVkey(text) ?? [])
}

/** @param {Trail} trail @param {string} kept @param {readonly any[]} vkeys */
function readKept(trail, kept, vkeys) {
  const note = parseNote(kept)
  const tell = (/** @type {string} */ what) => {
    find(trail, { field: 'log', what: `the checkpoint that was kept ${what}` })
    return undefined
  }
  if (typeof note === 'string') return tell(note)
  if (note.origin !== `docket.log/${trail.head.tenant.id}`) return tell(`is of another log (${note.origin})`)
  return vkeys.some((vkey) => verifyNote(note, vkey) === 'right')
    ? note
    : tell('is not signed by a key that the entries of the tenant name')
}

// -------------------------------------------------------------------------------------------- the whole

/** Reads a trail line by line; nothing of it has to be in memory at once but its hashes and rows. */
export function beginTrail() {
  const trail = openTrail()
  return {
    /** @param {string} line */
    take(line) {
      if (line.trim() === '') return
      let read
      try {
        read = JSON.parse(line)
      } catch {
        throw new NotReadable('a line is not JSON')
      }
      const take = takers[read?.type]
      if (take === undefined)
        throw new NotReadable(`a line is of the kind ${show(read?.type)}, which is not known`)
      if (trail.head === undefined && read.type !== 'head') throw new NotReadable('the trail has no head')
      take(trail, read)
    },
    /** @param {{ checkpoint?: string | undefined }} [options] the text of a checkpoint that you kept */
    close({ checkpoint } = {}) {
      if (trail.head === undefined) throw new NotReadable('the trail has no head')
      closeChain(trail)
      for (const [id, { record, seq }] of trail.claims)
        if (!trail.damaged.has(record))
          find(trail, { record, seq, field: 'signatures', what: `signature ${id} is missing` })
      for (const row of trail.rows.values())
        find(trail, { record: row.id, what: `the ${row.kind} has no entry` })
      for (const [number, id] of trail.numbers)
        if (!trail.damaged.has(id))
          find(trail, {
            record: id,
            field: 'number',
            what: `the number ${number} is registered, and no record has it`,
          })
      const unsealed = checkLeaves(trail)
      checkTree(trail, checkpoint)
      const { findings, head, entries, leaves } = trail
      return {
        ok: findings.length === 0,
        findings,
        summary: {
          tenant: head.tenant,
          read_at: head.read_at,
          entries: entries.size,
          leaves: leaves.length,
          unsealed,
        },
      }
    },
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { checkpoint: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  })
  const [path] = positionals
  if (values.help === true || path === undefined) {
    process.stdout.write(
      'node docket-trail.mjs TRAIL.ndjson [--checkpoint FILE] [--json]\n\n  --checkpoint FILE  an older checkpoint of the log, which you kept\n\nExit code: 0 everything holds, 1 something does not, 2 it cannot be read.\n',
    )
    return values.help === true ? 0 : 2
  }
  const trail = beginTrail()
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity }))
    trail.take(line)
  const checkpoint = values.checkpoint === undefined ? undefined : readFileSync(values.checkpoint, 'utf8')
  const result = trail.close({ checkpoint })
  if (values.json === true) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  else {
    for (const { record, seq, field, what } of result.findings)
      process.stdout.write(
        `${[record, seq === undefined ? undefined : `entry ${seq}`, field].filter((part) => part !== undefined).join(', ')}: ${what}\n`,
      )
    const { tenant, entries, leaves, unsealed } = result.summary
    process.stdout.write(
      `${tenant.slug}: ${entries} entries, ${leaves} sealed, ${unsealed} not yet: ${result.ok ? 'EVERYTHING HOLDS' : `THIS DOES NOT HOLD (${result.findings.length})`}\n`,
    )
  }
  return result.ok ? 0 : 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href)
  main().then(
    (code) => (process.exitCode = code),
    (error) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 2
    },
  )
