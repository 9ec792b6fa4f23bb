#!/usr/bin/env node
/**
 * docket-verify: checks an inspection pack of Docket with no part of Docket. One file, Node 20 or later, no
 * packages, no network. It was written from the published formats alone and shares no code with the service
 * that makes the packs, so that a mistake in one is seen by the other. The rule to remember: nothing in a
 * pack is believed because the pack says it; it holds when hashes, proofs and signatures leave no other way.
 *
 * Formats: RFC 8785 (canonical JSON), RFC 6962 section 2 (tree and proofs), RFC 8032 (Ed25519), RFC 5280
 * (certificates), W3C WebAuthn level 3 section 7.2, C2SP signed-note, tlog-checkpoint and tlog-cosignature,
 * and for subtrees draft-ietf-plants-merkle-tree-certs. How to use it stands in README.md beside this file.
 */
import { X509Certificate, createHash, createPublicKey, verify as verifyBytes } from 'node:crypto'
import { readFileSync, realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { inflateRawSync } from 'node:zlib'

/** The pack, or a file given beside it, cannot be read at all: exit code 2. */
export class NotReadable extends Error {}

/**
 * @typedef {{ [member in "file" | "record" | "field" | "signature"]?: string | undefined } & { seq?: number | undefined }} Where
 * @typedef {Where & { code: string, what: string, why: string }} Finding
 * @typedef {{ body: any, leaf: Buffer, seq: number, time: number, position: number | undefined }} Entry
 * @typedef {{ name: string, keyHash: Buffer, algorithm: number, key: import('node:crypto').KeyObject, text: string }} Vkey
 * @typedef {{ text: string, origin: string, size: number, root: Buffer, lines: { name: string, blob: Buffer }[] }} Note
 * @typedef {{ checkpoint?: string, vkey?: string, witnesses?: string[], limits?: Limits }} Options
 * @typedef {{ file: number, total: number, files: number }} Limits
 */

// ---------------------------------------------------------------------------------------------- bytes

/** @param {...(Uint8Array | string)} parts @returns {Buffer} */
const sha256 = (...parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
/** @param {Uint8Array} bytes */
const toHex = (bytes) => Buffer.from(bytes).toString('hex')

/** Strict base64 (RFC 4648 section 4): padded, nothing else in it. @param {unknown} text @returns {Buffer | undefined} */
export function parseBase64(text) {
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

/** @param {Uint8Array} bytes @returns {string} Throws on what is no UTF-8. */
const decodeUtf8 = (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

/** C0 and C1 controls. @param {string} text */
const hasControls = (text) => /\p{Cc}/u.test(text)

/** Microseconds since 1970 of an RFC 3339 time, NaN if it is none. @param {unknown} text */
export function parseTime(text) {
  const parts =
    typeof text === 'string'
      ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)$/.exec(text)
      : null
  if (parts === null) return NaN
  return Date.parse(`${parts[1]}${parts[3]}`) * 1000 + Number((parts[2] ?? '').padEnd(6, '0'))
}

// ------------------------------------------------------------------------------ RFC 8785 canonical JSON

const deepest = 100

/** The RFC 8785 text of a JSON value. Throws on what is not JSON, on lone surrogates and on great depth. @param {unknown} value @returns {string} */
export function canonicalise(value, depth = 0) {
  if (depth > deepest) throw new Error(`nested deeper than ${deepest}`)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`${value} is not a number of JSON`)
    return JSON.stringify(value)
  }
  if (typeof value === 'string') {
    if (/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(value))
      throw new Error('a lone surrogate is not text')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalise(item, depth + 1)).join(',')}]`
  if (typeof value !== 'object') throw new Error(`${typeof value} is not JSON`)
  // Members are sorted by UTF-16 code units, which is what sort does without a comparison.
  const members = Object.keys(value).toSorted()
  const item = /** @type {Record<string, unknown>} */ (value)
  return `{${members.map((name) => `${canonicalise(name)}:${canonicalise(item[name], depth + 1)}`).join(',')}}`
}

/** Reads canonical JSON; `fault` says how the bytes differ from the one way to write the value. @param {Uint8Array} bytes */
export function parseCanonical(bytes) {
  let text
  try {
    text = decodeUtf8(bytes)
  } catch {
    return { value: undefined, fault: 'is not UTF-8' }
  }
  let value
  try {
    value = JSON.parse(text)
  } catch {
    return { value: undefined, fault: 'is not JSON' }
  }
  try {
    const canonical = canonicalise(value)
    if (canonical === text) return { value, fault: undefined }
    let at = 0
    while (canonical[at] === text[at]) at += 1
    return { value, fault: `is not canonical JSON (RFC 8785): it differs from character ${at} on` }
  } catch (error) {
    return { value: undefined, fault: `has no canonical form: ${toMessage(error)}` }
  }
}

/** @param {unknown} error */
const toMessage = (error) => (error instanceof Error ? error.message : String(error))

/** Equal as JSON. @param {unknown} a @param {unknown} b */
const isSame = (a, b) => a === b || canonicalise(a ?? null) === canonicalise(b ?? null)

// --------------------------------------------------------------------------------- RFC 6962, the tree

const leafMark = Buffer.of(0)
const nodeMark = Buffer.of(1)
const hashOfNothing = sha256()

/** SHA-256(0x00 ‖ bytes). @param {Uint8Array} bytes */
export const leafHash = (bytes) => sha256(leafMark, bytes)
/** SHA-256(0x01 ‖ left ‖ right). @param {Uint8Array} left @param {Uint8Array} right */
const nodeHash = (left, right) => sha256(nodeMark, left, right)

/** @param {number} n */
const isCount = (n) => Number.isSafeInteger(n) && n >= 0
/** Places of up to 53 bits: the operators of the language stop at 32. @param {number} n */
const half = (n) => Math.floor(n / 2)
/** @param {number} n */
const isOdd = (n) => n % 2 === 1
/** @param {Uint8Array} a @param {Uint8Array} b */
const sameBytes = (a, b) => Buffer.compare(a, b) === 0
/** @param {readonly Uint8Array[]} hashes */
const areHashes = (hashes) => hashes.every((hash) => hash instanceof Uint8Array && hash.length === 32)

/** A subtree [start, end) begins at a multiple of the power of two that is not below its size. @param {number} start @param {number} end */
function isSubtree(start, end) {
  if (!isCount(start) || !isCount(end) || start >= end) return false
  let width = 1
  while (width < end - start) width *= 2
  return start % width === 0
}

/**
 * Is the leaf at `index` of the subtree [start, end) whose hash is `root`?
 * @param {{ index: number, start: number, end: number, leaf: Uint8Array, proof: readonly Uint8Array[], root: Uint8Array }} claim
 */
export function verifySubtreeInclusion({ index, start, end, leaf, proof, root }) {
  if (!isSubtree(start, end) || !isCount(index) || index < start || index >= end) return false
  if (!areHashes([leaf, root, ...proof])) return false
  let place = index - start
  let last = end - start - 1
  let hash = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (isOdd(place) || place === last) {
      hash = nodeHash(sibling, hash)
      // At the ragged right edge levels without a sibling are skipped.
      while (!isOdd(place) && place !== 0) {
        place = half(place)
        last = half(last)
      }
    } else hash = nodeHash(hash, sibling)
    place = half(place)
    last = half(last)
  }
  return last === 0 && sameBytes(hash, root)
}

/**
 * Is the leaf at `index` of the tree of `size` leaves whose root is `root` (RFC 6962 section 2.1.1)?
 * @param {{ index: number, size: number, leaf: Uint8Array, proof: readonly Uint8Array[], root: Uint8Array }} claim
 */
export const verifyInclusion = ({ size, ...claim }) =>
  verifySubtreeInclusion({ ...claim, start: 0, end: size })

/**
 * Is the subtree [start, end) with the hash `node` part of the tree of `size` leaves with the root `root`?
 * @param {{ start: number, end: number, size: number, node: Uint8Array, proof: readonly Uint8Array[], root: Uint8Array }} claim
 */
export function verifySubtreeConsistency({ start, end, size, node, proof, root }) {
  if (!isCount(start) || !isCount(end) || !isCount(size) || start > end || end > size) return false
  // Without a proof nothing is hashed, and equal is equal.
  if (proof.length > 0 && !areHashes([node, root, ...proof])) return false
  // Nothing is part of every tree.
  if (start === end) return proof.length === 0 && sameBytes(node, hashOfNothing)
  if (!isSubtree(start, end)) return false
  let first = start
  let last = end - 1
  let edge = size - 1
  // Up to the root of the largest whole subtree that ends where the subtree ends.
  while (first !== last && (last === edge || isOdd(last))) {
    first = half(first)
    last = half(last)
    edge = half(edge)
  }
  const rest = [...proof]
  const begin = first === last ? node : rest.shift()
  if (begin === undefined) return false
  let old = begin
  let now = begin
  for (const sibling of rest) {
    if (edge === 0) return false
    if (isOdd(last) || last === edge) {
      if (first < last) old = nodeHash(sibling, old)
      now = nodeHash(sibling, now)
      while (!isOdd(last) && last !== 0) {
        first = half(first)
        last = half(last)
        edge = half(edge)
      }
    } else now = nodeHash(now, sibling)
    first = half(first)
    last = half(last)
    edge = half(edge)
  }
  return edge === 0 && sameBytes(old, node) && sameBytes(now, root)
}

/**
 * Did the tree of `from` leaves grow into that of `to` leaves (RFC 6962 section 2.1.2)? An empty tree shows nothing.
 * @param {{ from: number, to: number, oldRoot: Uint8Array, newRoot: Uint8Array, proof: readonly Uint8Array[] }} claim
 */
export const verifyConsistency = ({ from, to, oldRoot, newRoot, proof }) =>
  from > 0 && verifySubtreeConsistency({ start: 0, end: from, size: to, node: oldRoot, proof, root: newRoot })

// --------------------------------------------------- C2SP: signed notes, checkpoints and cosignatures

const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex')
/** @param {Uint8Array} raw 32 bytes */
const toEd25519 = (raw) =>
  createPublicKey({ key: Buffer.concat([ed25519Prefix, raw]), format: 'der', type: 'spki' })

/** `<name>+<8 hex digits>+<base64 of algorithm and key>`; undefined if it is none. @param {string} text @returns {Vkey | undefined} */
export function parseVkey(text) {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim())
  if (parts === null) return undefined
  const [, name = '', hex = '', encoded = ''] = parts
  const key = parseBase64(encoded)
  if (key === undefined || key.length !== 33 || (key[0] !== 1 && key[0] !== 4)) return undefined
  const keyHash = sha256(`${name}\n`, key).subarray(0, 4)
  if (toHex(keyHash) !== hex) return undefined
  try {
    return { name, keyHash, algorithm: key[0], key: toEd25519(key.subarray(1)), text: text.trim() }
  } catch {
    return undefined
  }
}

/** Reads a checkpoint in its signed note; gives a sentence where it is none. @param {string} note @returns {Note | string} */
export function parseNote(note) {
  const cut = note.lastIndexOf('\n\n')
  if (cut < 0) return 'has no empty line between its text and its signatures'
  const text = note.slice(0, cut + 1)
  if (!note.endsWith('\n')) return 'does not end with a line'
  if (hasControls(note.replaceAll('\n', ''))) return 'has control characters'
  const lines = []
  for (const line of note.slice(cut + 2, -1).split('\n')) {
    const parts = /^— ([^\s+]+) (\S+)$/.exec(line)
    const blob = parseBase64(parts?.[2])
    if (parts === null || blob === undefined || blob.length < 5)
      return `has a line among its signatures that is none: ${line.slice(0, 40)}`
    lines.push({ name: parts[1] ?? '', blob })
  }
  const [origin = '', count = '', encoded] = text.split('\n')
  const root = parseBase64(encoded)
  const size = Number(count)
  if (origin === '') return 'names no log'
  if (!/^(?:0|[1-9]\d*)$/.test(count) || !isCount(size)) return 'has no size in its second line'
  if (root === undefined || root.length !== 32) return 'has no root in its third line'
  return { text, origin, size, root, lines }
}

/**
 * Is there a line of this key, and is every line of this key right? `absent`, `wrong` or `right`.
 * @param {Note} note @param {Vkey} vkey
 */
export function verifyNote(note, vkey) {
  const own = note.lines.filter(
    ({ name, blob }) => name === vkey.name && sameBytes(blob.subarray(0, 4), vkey.keyHash),
  )
  if (own.length === 0) return 'absent'
  const message = Buffer.from(note.text, 'utf8')
  return own.every(
    ({ blob }) =>
      vkey.algorithm === 1 && blob.length === 68 && verifyBytes(null, message, vkey.key, blob.subarray(4)),
  )
    ? 'right'
    : 'wrong'
}

/**
 * A witness's cosignature/v1: its time in seconds since 1970, or `absent` or `wrong`.
 * @param {Note} note @param {Vkey} witness @returns {number | 'absent' | 'wrong'}
 */
export function verifyCosignature(note, witness) {
  const own = note.lines.filter(
    ({ name, blob }) => name === witness.name && sameBytes(blob.subarray(0, 4), witness.keyHash),
  )
  /** @type {number | 'absent'} */
  let latest = 'absent'
  for (const { blob } of own) {
    if (witness.algorithm !== 4 || blob.length !== 76) return 'wrong'
    const time = blob.readBigUInt64BE(4)
    const message = Buffer.from(`cosignature/v1\ntime ${time}\n${note.text}`, 'utf8')
    if (!verifyBytes(null, message, witness.key, blob.subarray(12))) return 'wrong'
    latest = Math.max(latest === 'absent' ? 0 : latest, Number(time))
  }
  return latest
}

// ---------------------------------------------------------------------------------------- the archive

const crcTable = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c
})
/** CRC-32 of PKZIP. @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = -1
  for (let i = 0; i < bytes.length; i += 1) crc = (crc >>> 8) ^ (crcTable[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0)
  return (crc ^ -1) >>> 0
}

/** @type {Limits} */
const usualLimits = { file: 1 << 30, total: 2 ** 31, files: 65_535 }

/** @param {string} path */
function assertPath(path) {
  const parts = path.split('/')
  if (
    hasControls(path) ||
    /[\\:]/.test(path) ||
    path.length > 400 ||
    parts.includes('') ||
    parts.some((part) => /^\.+$/.test(part))
  )
    throw new NotReadable(`the archive holds a path that is a trick: ${JSON.stringify(path)}`)
}

/** The directory of the archive (APPNOTE 4.3.12 and 4.3.16). @param {Buffer} zip @param {Limits} limits */
function listMembers(zip, limits) {
  let end = zip.length - 22
  while (
    end >= 0 &&
    end > zip.length - 65_558 &&
    !(zip.readUInt32LE(end) === 0x06054b50 && end + 22 + zip.readUInt16LE(end + 20) === zip.length)
  )
    end -= 1
  if (end < 0 || zip.readUInt32LE(end) !== 0x06054b50)
    throw new NotReadable('this is not a zip archive, or it is cut short')
  const count = zip.readUInt16LE(end + 10)
  const size = zip.readUInt32LE(end + 12)
  const start = zip.readUInt32LE(end + 16)
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff)
    throw new NotReadable('the archive is in the ZIP64 form, which a pack is not')
  if (zip.readUInt32LE(end + 4) !== 0 || zip.readUInt16LE(end + 8) !== count || start + size !== end)
    throw new NotReadable('the directory of the archive does not fit the archive')
  if (count > limits.files) throw new NotReadable(`the archive holds ${count} files`)
  const members = []
  let at = start
  for (let i = 0; i < count; i += 1) {
    if (at + 46 > end || zip.readUInt32LE(at) !== 0x02014b50)
      throw new NotReadable('the directory of the archive is damaged')
    const nameLength = zip.readUInt16LE(at + 28)
    const raw = zip.subarray(at + 46, at + 46 + nameLength)
    members.push({
      path: readName(raw),
      raw,
      flags: zip.readUInt16LE(at + 8),
      method: zip.readUInt16LE(at + 10),
      crc: zip.readUInt32LE(at + 16),
      packed: zip.readUInt32LE(at + 20),
      size: zip.readUInt32LE(at + 24),
      isLink: ((zip.readUInt32LE(at + 38) >>> 16) & 0o170000) === 0o120000,
      offset: zip.readUInt32LE(at + 42),
    })
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  if (at !== end) throw new NotReadable('the directory of the archive is damaged')
  return { members, start }
}

/** @param {Buffer} raw */
function readName(raw) {
  try {
    return decodeUtf8(raw)
  } catch {
    throw new NotReadable('the archive holds a name that is not UTF-8')
  }
}

/**
 * The files of a zip archive by path. Refuses, by throwing NotReadable, whatever one program could read as
 * something else than another: names that stand twice, paths that leave the pack, links, overlapping
 * members, wrong sizes and sums; and archives that blow up.
 * @param {Uint8Array} bytes @param {Limits} [limits] @returns {Map<string, Buffer>}
 */
export function readZip(bytes, limits = usualLimits) {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { members, start } = listMembers(zip, limits)
  const files = new Map()
  const seen = new Set()
  let before = 0
  let total = 0
  for (const member of members.toSorted((a, b) => a.offset - b.offset)) {
    const { path, offset } = member
    if (path.endsWith('/') && member.size === 0) continue
    assertPath(path)
    const folded = path.normalize('NFC').toLowerCase()
    if (seen.has(folded)) throw new NotReadable(`the archive holds two files of one name: ${path}`)
    seen.add(folded)
    if (member.isLink || member.flags & 0x2041)
      throw new NotReadable(`the archive holds a link or a locked file: ${path}`)
    total += member.size
    if (member.size > limits.file || total > limits.total)
      throw new NotReadable(`the archive unpacks to more than it may: ${path}`)
    if (before === 0 && offset !== 0)
      throw new NotReadable('there is something before the first file of the archive')
    if (offset < before || offset + 30 > start || zip.readUInt32LE(offset) !== 0x04034b50)
      throw new NotReadable(`the archive is damaged at ${path}`)
    const nameEnd = offset + 30 + zip.readUInt16LE(offset + 26)
    const dataStart = nameEnd + zip.readUInt16LE(offset + 28)
    before = dataStart + member.packed
    if (
      before > start ||
      !sameBytes(zip.subarray(offset + 30, nameEnd), member.raw) ||
      zip.readUInt16LE(offset + 8) !== member.method
    )
      throw new NotReadable(`the archive says two things about ${path}`)
    files.set(path, unpack(zip.subarray(dataStart, before), member))
  }
  return files
}

/** @param {Buffer} packed @param {{ path: string, method: number, size: number, crc: number }} member @returns {Buffer} */
function unpack(packed, { path, method, size, crc }) {
  let data
  if (method === 0) data = packed
  else if (method === 8) {
    try {
      data = inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) })
    } catch {
      throw new NotReadable(`the archive is damaged: ${path} does not unpack to its size`)
    }
  } else throw new NotReadable(`the archive packs ${path} in a way that packs do not use`)
  if (data.length !== size || crc32(data) !== crc)
    throw new NotReadable(`the archive is damaged: ${path} fails its checksum`)
  return data
}

// --------------------------------------------------------------------------------- the shapes of things

/** @typedef {(value: any) => string | undefined} Shape  names the member that is wrong, and how */

/** @param {string} what @param {(value: any) => boolean} test @returns {Shape} */
const shape = (what, test) => (value) => (test(value) ? undefined : ` is not ${what}`)
const isText = shape('text', (value) => typeof value === 'string')
const isInteger = shape('a whole number', isCount)
const isHash = shape('a SHA-256 in hex', (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value))
const isId = shape(
  'an id',
  (value) => typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value),
)
const isTime = shape('a time', (value) => !Number.isNaN(parseTime(value)))
const isBase64 = shape('base64', (value) => parseBase64(value) !== undefined)
const isZone = shape('a time zone', (value) => typeof value === 'string' && isKnownZone(value))
const isAnything = shape('there', (value) => value !== undefined)
const isMap = shape(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)
/** @param {...string} words */
const isOneOf = (...words) => shape(words.join(' or '), (value) => words.includes(value))
/** @param {unknown} word */
const isExactly = (word) => shape(JSON.stringify(word), (value) => value === word)
/** @param {Shape} one @returns {Shape} */
const orNull = (one) => (value) => (value === null ? undefined : one(value))
/** @param {Shape} one @returns {Shape} */
const listOf = (one) => (value) => {
  if (!Array.isArray(value)) return ' is not a list'
  const faults = value.map((item, i) => join(String(i), one(item)))
  return faults.find((fault) => fault !== undefined)
}
/** @param {string} name @param {string | undefined} fault */
const join = (name, fault) =>
  fault === undefined ? undefined : `${name}${fault.startsWith(' ') ? '' : '.'}${fault}`
/** @param {Record<string, Shape>} members @param {boolean} [isClosed] nothing else may be in it @returns {Shape} */
const objectOf =
  (members, isClosed = false) =>
  (value) => {
    if (isMap(value) !== undefined) return ' is not an object'
    for (const [name, one] of Object.entries(members)) {
      const fault = join(name, one(value[name]))
      if (fault !== undefined) return fault
    }
    const stranger = isClosed ? Object.keys(value).find((name) => !(name in members)) : undefined
    return stranger === undefined ? undefined : `${stranger} does not belong here`
  }

/** @param {string} zone */
function isKnownZone(zone) {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const isPerson = objectOf({ id: isId, name: isText }, true)
const entryShape = objectOf({
  v: isExactly(1),
  id: isId,
  tenant: isId,
  record: objectOf({ kind: isText, id: isId }),
  seq: isInteger,
  version: isInteger,
  actor: objectOf({ id: isId, kind: isText, name: isText, sponsor: orNull(isId), client: isText }),
  action: isText,
  reason: orNull(isText),
  changes: listOf(objectOf({ field: isText, old: isAnything, new: isAnything })),
  detail: orNull(isMap),
  request: isText,
  at: isTime,
  prev: orNull(isHash),
})
const toStatementShape = (/** @type {boolean} */ isWaiver) =>
  objectOf(
    {
      v: isExactly(1),
      type: isExactly('docket-signature-statement'),
      tenant: isPerson,
      work_order: objectOf(
        { id: isId, number: isText, version: isInteger, title: isText, lifecycle: isText, status: isText },
        true,
      ),
      record_hash: isHash,
      audit_head: isHash,
      audit_seq: isInteger,
      gate: isWaiver ? isExactly('waiver') : isOneOf('release', 'completion'),
      round: isInteger,
      role: isText,
      meaning: isExactly(isWaiver ? 'waived' : 'approved'),
      ...(isWaiver ? { reason: isText } : {}),
      signer: isPerson,
      authority: (value) =>
        value?.kind === 'delegation'
          ? objectOf({ kind: isText, delegation_id: isId, delegator: isPerson }, true)(value)
          : objectOf({ kind: isExactly('direct') }, true)(value),
      policy_version: isInteger,
      key: objectOf({ id: isId, kind: isOneOf('passkey', 'passphrase'), certificate_sha256: isHash }, true),
      intent: isId,
      nonce: isHash,
      at: isTime,
      time_zone: isZone,
    },
    true,
  )
const [approvalShape, waiverShape] = [toStatementShape(false), toStatementShape(true)]
/** A waiver says so, and why. @type {typeof approvalShape} */
const statementShape = (value) => (value?.gate === 'waiver' ? waiverShape : approvalShape)(value)
const signedRecordShape = objectOf(
  {
    v: isExactly(1),
    work_order: objectOf({ id: isId, version: isInteger, created_at: isTime }),
    attachments: listOf(
      objectOf({ id: isId, name: isText, media_type: isText, size_bytes: isInteger, sha256: isHash }, true),
    ),
    audit_head: isHash,
    audit_seq: isInteger,
  },
  true,
)
const signatureShape = objectOf({
  id: isId,
  gate: isText,
  role: isText,
  round: isInteger,
  wo_version: isInteger,
  signer_id: isId,
  on_behalf_of: orNull(isId),
  delegation_id: orNull(isId),
  key_id: isId,
  kind: isOneOf('passkey', 'passphrase'),
  signed_at: isTime,
  statement: isText,
  record: isText,
  signature: isBase64,
  authenticator_data: orNull(isBase64),
  client_data_json: orNull(isText),
  certificate_sha256: isHash,
})
const keyShape = objectOf({
  id: isId,
  principal_id: isId,
  kind: isOneOf('passkey', 'passphrase'),
  certificate_sha256: orNull(isHash),
  status: isText,
  confirmed_at: orNull(isTime),
  revoked_at: orNull(isTime),
  rp_id: orNull(isText),
  origin: orNull(isText),
})
const principalShape = objectOf({ id: isId, kind: isText, name: isText })
const leavesShape = listOf(objectOf({ seq: isInteger, leaf_index: isInteger, proof: listOf(isBase64) }))
const proofsShape = objectOf({ tree_size: isInteger, leaves: leavesShape })
const tenantShape = objectOf({
  id: isId,
  slug: isText,
  name: isText,
  log_vkey: isText,
  witnesses: listOf(isText),
})
const attachmentShape = objectOf({
  id: isId,
  name: isText,
  media_type: isText,
  size_bytes: isInteger,
  sha256: isHash,
  path: isText,
})
const delegationShape = objectOf({
  id: isId,
  delegator_id: isId,
  delegate_id: isId,
  roles: listOf(isText),
  lifecycles: orNull(listOf(isText)),
  work_categories: orNull(listOf(isText)),
  regulatory: orNull(shape('true or false', (value) => typeof value === 'boolean')),
  starts_at: isTime,
  ends_at: isTime,
  reason: isText,
})
const manifestShape = objectOf({
  format: isExactly('docket-pack/1'),
  tenant: objectOf({ id: isId, slug: isText, name: isText }),
  made_at: isTime,
  made_by: objectOf({ id: isId, name: isText }),
  scope: isAnything,
  files: listOf(objectOf({ path: isText, sha256: isHash, size: isInteger })),
})

// ------------------------------------------------------------------------------ what Docket promises

/** Fields of a work order that its entries change, and how they are before the first. */
const workOrderFields = (
  'number lifecycle status title description priority regulatory origin requester_id assignee_id asset_id due_date ' +
  'estimated_hours actual_hours tags project work_category acceptance_criteria deliverables notes completion_summary ' +
  'review_notes related_wo_ids parent_id planned_start planned_end actual_start actual_end job_plan requirements hold ' +
  'blocker revision revision_of acknowledged_at attributes executor_ids editor_id import_source predecessors ' +
  'completion_policy on_failure waiver step_results'
).split(' ')
/** @type {Record<string, unknown>} */
const blank = { tags: [], related_wo_ids: [], attributes: {}, executor_ids: [] }
/** Members of a record that come from its entries in another way than by changes. */
const derivedFields = ['id', 'version', 'created_at', 'category']
const principalFields = ['kind', 'name', 'email', 'sponsor_id', 'disabled_at', 'roles']
const tenantFields = ['slug', 'name', 'default_lifecycle', 'completion_policy']
const delegationFields = Object.keys({
  delegator_id: 0,
  delegate_id: 0,
  roles: 0,
  lifecycles: 0,
  work_categories: 0,
  regulatory: 0,
  starts_at: 0,
  ends_at: 0,
  reason: 0,
})

/**
 * Where signatures are needed: from, to, gate, roles always, roles of a regulatory one.
 * @type {Record<string, [from: string, to: string, gate: string, always: string[], regulatory: string[]][]>}
 */
const gates = {
  'change-control': [
    ['pending_approval', 'assigned', 'release', [], ['system_owner', 'qa']],
    ['completed', 'closed', 'completion', [], ['system_owner', 'qa']],
  ],
  qms: [['pending_review', 'approved', 'completion', ['system_owner'], ['system_owner', 'qa']]],
  fleet: [['review', 'approved', 'completion', [], ['system_owner', 'qa']]],
}
/** @type {Record<string, Record<string, string>>} */
export const categories = {
  'change-control': {
    draft: 'initial',
    pending_approval: 'planning',
    assigned: 'ready',
    in_progress: 'active',
    blocked: 'held',
    completed: 'review',
    closed: 'done',
    cancelled: 'abandoned',
  },
  qms: {
    draft: 'initial',
    planned: 'planning',
    scheduled: 'ready',
    in_progress: 'active',
    pending_review: 'review',
    approved: 'review',
    completed: 'done',
    rejected: 'abandoned',
    cancelled: 'abandoned',
  },
  fleet: {
    pending: 'initial',
    accepted: 'ready',
    in_progress: 'active',
    blocked: 'held',
    review: 'review',
    approved: 'done',
    rejected: 'active',
    cancelled: 'abandoned',
  },
}

const minute = 60_000_000
/** An intent lives two minutes; clocks of two machines may differ a little. */
const intentLife = 2 * minute + 10_000_000
const clockSlack = 10_000_000
const longestDelegation = 30 * 24 * 60 * minute

// --------------------------------------------------------------------------------------- the findings

/** Why each kind of finding matters. */
const reasons = {
  manifest:
    'The list of the pack does not describe the pack: something was changed, added or lost after it was made.',
  malformed: 'What cannot be read cannot be checked.',
  missing: 'Without it the check is not possible, so nothing is shown.',
  not_canonical: 'Bytes that can be written in two ways can be read in two ways.',
  chain: 'Entries of a record are bound to each other; here one was changed, taken out, put in or moved.',
  tenant: 'It is a record of somebody else.',
  not_in_log: "The tenant's signed log does not contain this entry as it stands here.",
  log: 'Everything rests on the checkpoint of the log; nothing is shown without it.',
  witness: 'A witness has not seen this log as it stands here.',
  history: 'The log did not grow out of the one that you have on file: its past was rewritten.',
  record: 'The record does not say what its audit trail says.',
  trail: 'A change starts from a value that the field did not have: changes are missing or were altered.',
  statement: 'The signature is about something else than what this record says.',
  signature: 'The signature was not made over this statement by this key.',
  ceremony: 'The authenticator did not confirm this statement in the way that a binding signature needs.',
  certificate: 'Whose key it is, is not shown.',
  key: 'A key signs between its confirmation and its revocation only.',
  replay: 'An intent to sign is used once; the same one twice is a copy.',
  trail_signature:
    'Signature and audit trail belong together; one without the other was put in or taken out.',
  duties: 'Who did the work, or signed already, cannot be the one who approves it.',
  authority: 'The signer had no right to sign this.',
  policy: 'The approval rules that the statement names are not those of the log.',
  gate: 'The record went on without the signatures that it needs.',
  attachment: 'The file is not the one that the trail and the signatures mean.',
}

/** @param {Finding[]} findings */
const makeFinder =
  (findings) =>
  /** @param {keyof typeof reasons} code @param {Where} where @param {string} what */
  (code, where, what) => {
    findings.push({ code, ...where, what, why: reasons[code] })
  }

/** Short forms of long values, for sentences. @param {unknown} value */
function show(value) {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
  if (/^[0-9a-f]{64}$/.test(text)) return `${text.slice(0, 12)}…`
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

// ------------------------------------------------------------------------------- the files of the pack

/**
 * @typedef {{
 *   files: Map<string, Buffer>, manifest: any, tenant: any, note: Note | undefined, size: number,
 *   find: ReturnType<typeof makeFinder>, findings: Finding[], principals: Map<string, any>, keys: Map<string, any>,
 *   delegations: Map<string, any>, authorities: { file: string, certificate: X509Certificate, sha256: string }[],
 *   chains: Map<string, Entry[]>, directoryProofs: Record<string, any>, places: Map<number, string>, ids: Map<string, string>,
 *   intents: Map<string, string>, log: any,
 * }} Pack
 */

/** A JSON file of the pack, checked against its shape; undefined, with a finding, if it is not right. @param {Pack} pack @param {string} file @param {Shape} expected */
function readJson({ files, find }, file, expected) {
  const bytes = files.get(file)
  if (bytes === undefined) {
    find('missing', { file }, 'the file is not in the pack')
    return undefined
  }
  let value
  try {
    value = JSON.parse(decodeUtf8(bytes))
  } catch {
    find('malformed', { file }, 'the file is not JSON')
    return undefined
  }
  const fault = expected(value)
  if (fault === undefined) return value
  find('malformed', { file, field: fault.split(' ')[0] }, fault.trim())
  return undefined
}

/** The lines of a file, as bytes. @param {Buffer} bytes */
function splitLines(bytes) {
  const lines = []
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(10, start)
    lines.push(bytes.subarray(start, end < 0 ? bytes.length : end))
    start = end < 0 ? bytes.length : end + 1
  }
  return lines
}

/** Things of a list by id; one that stands twice is a finding. @param {Pack} pack @param {string} file @param {any[]} items @returns {Map<string, any>} */
function toMap({ find }, file, items) {
  const map = new Map()
  for (const item of items) {
    if (map.has(item.id)) find('malformed', { file, field: item.id }, `${item.id} stands twice`)
    map.set(item.id, item)
  }
  return map
}

/** One JSON object a line, checked against its shape. @param {Pack} pack @param {string} file @param {Shape} expected @param {string} [record] @returns {any[]} */
function readJsonLines({ files, find }, file, expected, record) {
  return splitLines(files.get(file) ?? Buffer.alloc(0)).flatMap((line, i) => {
    let value
    try {
      value = JSON.parse(decodeUtf8(line))
    } catch {
      find('malformed', { file, record }, `line ${i + 1} is not JSON`)
      return []
    }
    const fault = expected(value)
    if (fault === undefined) return [value]
    find('malformed', { file, record, field: fault.split(' ')[0] }, `line ${i + 1}: ${fault.trim()}`)
    return []
  })
}

/** Every file is in the manifest as it is, and nothing else. @param {Pack} pack */
function checkManifest({ files, manifest, find }) {
  const listed = new Map()
  for (const { path, sha256: hash, size } of manifest.files) {
    if (listed.has(path)) find('manifest', { file: path }, 'the manifest names it twice')
    listed.set(path, true)
    const bytes = files.get(path)
    if (bytes === undefined)
      find('manifest', { file: path }, 'the manifest names it, the pack does not hold it')
    else if (bytes.length !== size || toHex(sha256(bytes)) !== hash)
      find('manifest', { file: path }, 'its bytes are not those that the manifest names')
  }
  for (const path of files.keys())
    if (path !== 'manifest.json' && !listed.has(path))
      find('manifest', { file: path }, 'the manifest does not name it')
}

// --------------------------------------------------------------------------------------------- the log

const checkpointFile = 'log/checkpoint.txt'

/** The checkpoint, by the key of the tenant's log: pinned, or that of the pack. @param {Pack} pack @param {Options} options */
function checkLog(pack, options) {
  const { files, find, tenant } = pack
  const where = { file: checkpointFile }
  const inPack = files.get('log/vkey.txt')?.toString('utf8').trim()
  if (inPack === undefined) find('missing', { file: 'log/vkey.txt' }, 'the file is not in the pack')
  const vkey = parseVkey(options.vkey ?? inPack ?? '')
  if (options.vkey !== undefined && vkey === undefined)
    throw new NotReadable('the key of the log that you gave is not one')
  if (inPack !== undefined && options.vkey !== undefined && inPack !== vkey?.text)
    find(
      'log',
      { file: 'log/vkey.txt' },
      `the pack brings another key of the log than yours: ${show(inPack)}`,
    )
  if (tenant !== undefined && inPack !== undefined && tenant.log_vkey !== inPack)
    find(
      'log',
      { file: 'tenant.json', field: 'log_vkey' },
      'tenant.json and log/vkey.txt name two keys of the log',
    )
  pack.log = {
    origin: '',
    size: 0,
    root: '',
    pinned: options.vkey !== undefined,
    cosigned: [],
    vkey: vkey?.text ?? '',
  }
  const bytes = files.get(checkpointFile)
  if (bytes === undefined) return find('missing', where, 'the pack has no checkpoint of the log')
  const note = parseNote(bytes.toString('utf8'))
  if (typeof note === 'string') return find('log', where, `the checkpoint ${note}`)
  Object.assign(pack.log, { origin: note.origin, size: note.size, root: toHex(note.root) })
  const origin = `docket.log/${pack.manifest.tenant.id}`
  if (note.origin !== origin)
    find('log', { ...where, field: 'origin' }, `the checkpoint is of ${show(note.origin)}, not of ${origin}`)
  if (vkey === undefined) return find('log', { file: 'log/vkey.txt' }, 'the key of the log is not one')
  if (vkey.name !== note.origin)
    find('log', { file: 'log/vkey.txt' }, `the key is of ${show(vkey.name)}, not of ${show(note.origin)}`)
  const verdict = verifyNote(note, vkey)
  if (verdict !== 'right')
    return find(
      'log',
      where,
      verdict === 'absent'
        ? 'the checkpoint is not signed by the key of the log'
        : 'the signature of the checkpoint is wrong',
    )
  pack.note = note
  pack.size = note.size
  checkWitnesses(pack, note, options)
  checkHistory(pack, note, vkey, options)
}

/** Witnesses that you name must have cosigned; those of the pack must not have cosigned something else. @param {Pack} pack @param {Note} note @param {Options} options */
function checkWitnesses({ tenant, find, log }, note, options) {
  const given = options.witnesses ?? []
  for (const text of new Set([...given, ...(tenant?.witnesses ?? [])])) {
    const witness = parseVkey(text)
    if (witness === undefined) {
      if (given.includes(text)) throw new NotReadable(`this is no key of a witness: ${text}`)
      find(
        'witness',
        { file: 'tenant.json', field: 'witnesses' },
        `this is no key of a witness: ${show(text)}`,
      )
      continue
    }
    const time = verifyCosignature(note, witness)
    if (time === 'wrong')
      find('witness', { file: checkpointFile }, `the cosignature of ${show(witness.name)} is wrong`)
    else if (time === 'absent') {
      if (given.includes(text))
        find('witness', { file: checkpointFile }, `${show(witness.name)} did not cosign this checkpoint`)
    } else
      log.cosigned.push({
        name: witness.name,
        at: new Date(time * 1000).toISOString(),
        pinned: given.includes(text),
      })
  }
}

/** The log grew out of the checkpoint that the reader has on file. @param {Pack} pack @param {Note} note @param {Vkey} vkey @param {Options} options */
function checkHistory(pack, note, vkey, options) {
  if (options.checkpoint === undefined) return
  const { find, files } = pack
  const where = { file: 'log/consistency.json' }
  const old = parseNote(options.checkpoint)
  if (typeof old === 'string') throw new NotReadable(`the checkpoint that you gave ${old}`)
  if (old.origin !== note.origin)
    return find(
      'history',
      { file: checkpointFile, field: 'origin' },
      `your checkpoint is of ${show(old.origin)}, the pack's of ${show(note.origin)}`,
    )
  if (verifyNote(old, vkey) !== 'right')
    return find(
      'history',
      { file: checkpointFile },
      'the checkpoint that you gave is not signed by the key of this log',
    )
  const [earlier, later] = old.size <= note.size ? [old, note] : [note, old]
  if (earlier.size === later.size) {
    if (!sameBytes(earlier.root, later.root))
      find(
        'history',
        { file: checkpointFile, field: 'root' },
        `two logs of ${old.size} entries: yours has another root`,
      )
    else pack.log.grewFrom = old.size
    return
  }
  if (!files.has(where.file))
    return find(
      'history',
      where,
      `the pack has no proof from ${earlier.size} to ${later.size} entries; ask for one made with your checkpoint`,
    )
  const proof = readJson(
    pack,
    where.file,
    objectOf({ from: isInteger, to: isInteger, proof: listOf(isBase64) }),
  )
  if (proof === undefined) return
  if (proof.from !== earlier.size || proof.to !== later.size)
    return find(
      'history',
      where,
      `the proof is from ${proof.from} to ${proof.to} entries, not from ${earlier.size} to ${later.size}`,
    )
  const hashes = toHashes(proof.proof)
  if (
    !verifyConsistency({
      from: proof.from,
      to: proof.to,
      oldRoot: earlier.root,
      newRoot: later.root,
      proof: hashes,
    })
  )
    return find(
      'history',
      where,
      `the log of ${later.size} entries does not begin with the ${earlier.size} of your checkpoint`,
    )
  pack.log.grewFrom = old.size
}

/** @param {string[]} proof @returns {Buffer[]} */
const toHashes = (proof) => proof.map((text) => Buffer.from(text, 'base64'))

// ------------------------------------------------------------------------------------------ the chains

/**
 * The entries of one record, each bound to the one before, all of them in the log. Goes on after a fault, so
 * that one damaged place is one finding and not a thousand.
 * @param {Pack} pack @param {{ file: string, proofsFile: string, kind: string, id: string, name: string, proofs: any[] | undefined }} chain
 * @returns {Entry[]}
 */
function followChain(pack, { file, proofsFile, kind, id, name, proofs }) {
  const { files, find } = pack
  if (!files.has(file)) {
    find('missing', { file, record: name }, 'the entries are not in the pack')
    return []
  }
  /** @type {Entry[]} */
  const entries = []
  splitLines(files.get(file) ?? Buffer.alloc(0)).forEach((bytes, i) => {
    const { value, fault } = parseCanonical(bytes)
    const where = { file, record: name, seq: i + 1 }
    if (fault !== undefined) find('not_canonical', where, `the entry ${fault}`)
    if (value === undefined) return
    const wrong = entryShape(value)
    if (wrong !== undefined)
      return find('malformed', { ...where, field: wrong.split(' ')[0] }, `the entry: ${wrong.trim()}`)
    const entry = {
      body: value,
      leaf: leafHash(bytes),
      seq: value.seq,
      time: parseTime(value.at),
      position: undefined,
    }
    checkLink(pack, { ...where, seq: entry.seq }, entry, entries.at(-1))
    checkOwner(pack, { ...where, seq: entry.seq }, value, kind, id)
    entries.push(entry)
  })
  if (entries.length === 0) find('missing', { file, record: name }, 'there is no entry')
  placeEntries(pack, { file, proofsFile, name }, entries, proofs)
  return entries
}

/** @param {Pack} pack @param {Where} where @param {Entry} entry @param {Entry | undefined} before */
function checkLink({ find }, where, { body, seq, time }, before) {
  const expected = (before?.seq ?? 0) + 1
  if (seq > expected)
    return find(
      'chain',
      where,
      seq === expected + 1 ? `entry ${expected} is missing` : `entries ${expected} to ${seq - 1} are missing`,
    )
  if (seq < expected) return find('chain', where, `entry ${seq} stands after entry ${expected - 1}`)
  const head = before === undefined ? null : toHex(before.leaf)
  if (body.prev !== head)
    find(
      'chain',
      { ...where, field: 'prev' },
      before === undefined
        ? 'the first entry names one before it'
        : `it follows an entry with the hash ${show(body.prev)}, but entry ${before.seq} has ${show(head)}`,
    )
  const version = before?.body.version ?? 0
  if (body.version !== version + 1 && !(before !== undefined && body.version === version))
    find('chain', { ...where, field: 'version' }, `version ${body.version} cannot follow version ${version}`)
  if (before !== undefined && time < before.time - 5 * minute)
    find('chain', { ...where, field: 'at' }, `${body.at} is before ${before.body.at} of entry ${before.seq}`)
}

/** @param {Pack} pack @param {Where} where @param {any} body @param {string} kind @param {string} id */
function checkOwner({ manifest, ids, find }, where, body, kind, id) {
  if (body.tenant !== manifest.tenant.id)
    find('tenant', { ...where, field: 'tenant' }, `the entry is of tenant ${show(body.tenant)}`)
  if (body.record.kind !== kind || body.record.id !== id)
    find(
      'chain',
      { ...where, field: 'record' },
      `the entry is of ${show(body.record.kind)} ${show(body.record.id)}`,
    )
  const other = ids.get(body.id)
  if (other !== undefined) find('chain', { ...where, field: 'id' }, `the entry stands in ${other} too`)
  ids.set(body.id, `${where.file ?? ''} entry ${where.seq ?? ''}`)
  const fields = body.changes.map((/** @type {any} */ change) => change.field)
  const twice = fields.find(
    (/** @type {string} */ field, /** @type {number} */ i) => fields.indexOf(field) !== i,
  )
  if (twice !== undefined) find('trail', { ...where, field: twice }, 'the entry changes a field twice')
}

/** Each entry has its place in the log. The order within a record is bound by the hashes alone: two changes at once may be sealed either way. @param {Pack} pack @param {{ file: string, proofsFile: string, name: string }} about @param {Entry[]} entries @param {any[] | undefined} proofs */
function placeEntries(pack, { file, proofsFile, name }, entries, proofs) {
  const { note, find, places } = pack
  if (note === undefined || proofs === undefined) return
  const bySeq = new Map(proofs.map((leaf) => [leaf.seq, leaf]))
  if (bySeq.size !== proofs.length)
    find('malformed', { file: proofsFile, record: name }, 'two proofs are for one entry')
  for (const entry of entries) {
    const { seq, leaf } = entry
    const where = { file, record: name, seq }
    const proof = bySeq.get(seq)
    bySeq.delete(seq)
    if (proof === undefined) {
      find('not_in_log', where, 'there is no proof that the entry is in the log')
      continue
    }
    if (
      !verifyInclusion({
        index: proof.leaf_index,
        size: note.size,
        leaf,
        proof: toHashes(proof.proof),
        root: note.root,
      })
    ) {
      find(
        'not_in_log',
        where,
        `it is not leaf ${proof.leaf_index} of the log: the entry or its proof was changed`,
      )
      continue
    }
    entry.position = proof.leaf_index
    const other = places.get(proof.leaf_index)
    if (other !== undefined) find('chain', where, `leaf ${proof.leaf_index} of the log is ${other} too`)
    places.set(proof.leaf_index, `${file} entry ${seq}`)
  }
  for (const seq of bySeq.keys())
    find('chain', { file, record: name, seq }, `the pack proves entry ${seq}, which it does not hold`)
}

/** The values of fields as the entries leave them. @param {readonly Entry[]} entries @param {readonly string[]} fields @param {(seq: number, field: string, old: unknown, held: unknown) => void} [onTorn] @returns {Record<string, unknown>} */
function replay(entries, fields, onTorn) {
  /** @type {Record<string, unknown>} */
  const held = Object.fromEntries(fields.map((field) => [field, blank[field] ?? null]))
  const touched = new Set()
  for (const { body, seq } of entries)
    for (const change of body.changes) {
      if (!Object.hasOwn(held, change.field)) continue
      // The first change may say that there was nothing where the field is blank.
      const isFirst = change.old === null && !touched.has(change.field)
      if (!isFirst && !isSame(change.old, held[change.field]))
        onTorn?.(seq, change.field, change.old, held[change.field])
      touched.add(change.field)
      held[change.field] = change.new
    }
  return held
}

/** The chain of a directory file, followed once. @param {Pack} pack @param {string} id @param {string} kind @returns {Entry[]} */
function loadDirectory(pack, id, kind) {
  const known = pack.chains.get(id)
  if (known !== undefined) return known
  const file = kind === 'tenant' ? 'directory/tenant.ndjson' : `directory/${id}.ndjson`
  const name = kind === 'tenant' ? 'tenant' : `${kind} ${pack.principals.get(id)?.name ?? id}`
  const proofsFile = 'directory/proofs.json'
  const found = Object.hasOwn(pack.directoryProofs, id) ? pack.directoryProofs[id] : undefined
  const fault = found === undefined ? undefined : join(id, leavesShape(found))
  if (fault !== undefined) pack.find('malformed', { file: proofsFile, field: fault.split(' ')[0] }, fault)
  const entries = followChain(pack, {
    file,
    proofsFile,
    kind,
    id,
    name,
    proofs: fault === undefined ? (found ?? []) : [],
  })
  const fields =
    { tenant: tenantFields, principal: principalFields, delegation: delegationFields }[kind] ?? []
  replay(entries, fields, (seq, field, old, now) =>
    pack.find(
      'trail',
      { file, record: name, seq, field },
      `it changes from ${show(old)}, but it was ${show(now)}`,
    ),
  )
  pack.chains.set(id, entries)
  return entries
}

/** Entries that were in the log before a place in it. @param {Entry[]} entries @param {number} position */
const before = (entries, position) =>
  entries.filter((entry) => entry.position !== undefined && entry.position < position)

// ----------------------------------------------------------------------------------------- the records

/**
 * @typedef {{ folder: string, name: string, entries: Entry[], record: any, attachments: any[], signatures: any[], used: Map<number, any> }} RecordFiles
 */

/** Folders under records/. @param {Pack} pack */
const listRecords = ({ files }) =>
  [...new Set([...files.keys()].flatMap((path) => /^records\/[^/]+(?=\/)/.exec(path)?.[0] ?? []))].toSorted()

/** One work order: its trail, what it says now, its files and its signatures. @param {Pack} pack @param {string} folder */
function checkRecord(pack, folder) {
  const { files, find } = pack
  const name = folder.slice('records/'.length)
  const file = `${folder}/record.json`
  const bytes = files.get(file)
  if (bytes === undefined) {
    find('missing', { file, record: name }, 'the record is not in the pack')
    return undefined
  }
  const { value: record, fault } = parseCanonical(bytes)
  if (fault !== undefined) find('not_canonical', { file, record: name }, `the record ${fault}`)
  const wrong = objectOf({ id: isId, version: isInteger, number: isText })(record)
  if (wrong !== undefined) {
    find('malformed', { file, record: name, field: wrong.split(' ')[0] }, wrong.trim())
    return undefined
  }
  const proofsFile = `${folder}/proofs.json`
  const proofs = readJson(pack, proofsFile, proofsShape)
  if (proofs !== undefined && pack.note !== undefined && proofs.tree_size !== pack.size)
    find(
      'not_in_log',
      { file: proofsFile, record: name, field: 'tree_size' },
      `the proofs are for a log of ${proofs.tree_size} entries, the checkpoint has ${pack.size}`,
    )
  const entries = followChain(pack, {
    file: `${folder}/entries.ndjson`,
    proofsFile,
    kind: 'work_order',
    id: record.id,
    name,
    proofs: proofs?.leaves ?? [],
  })
  checkRecordNow(pack, { file, record: name }, record, entries, `${folder}/entries.ndjson`)
  const attachments = checkAttachments(pack, folder, name, entries)
  const signatures = readJsonLines(pack, `${folder}/signatures.ndjson`, signatureShape, name)
  const about = { folder, name, entries, record, attachments, signatures, used: new Map() }
  for (const signature of signatures) guardSignature(pack, about, signature)
  checkSignedEntries(pack, about)
  checkRounds(pack, about)
  checkGates(pack, about)
  return summarise(pack, about)
}

/** The record is what its entries made of it, field by field. @param {Pack} pack @param {Where} where @param {any} record @param {Entry[]} entries @param {string} entriesFile */
function checkRecordNow({ find }, where, record, entries, entriesFile) {
  if (record.number !== where.record)
    find(
      'record',
      { ...where, field: 'number' },
      `the record is ${show(record.number)}, its folder ${show(where.record)}`,
    )
  const stranger = Object.keys(record).filter(
    (field) => !workOrderFields.includes(field) && !derivedFields.includes(field),
  )
  const held = replay(entries, [...workOrderFields, ...stranger], (seq, field, old, now) =>
    find(
      'trail',
      { file: entriesFile, record: where.record, seq, field },
      `it changes from ${show(old)}, but it was ${show(now)}`,
    ),
  )
  for (const [field, value] of Object.entries(held)) {
    if (!Object.hasOwn(record, field))
      find('record', { ...where, field }, 'the record does not have this field')
    else if (!isSame(record[field], value))
      find(
        'record',
        { ...where, field },
        `the record says ${show(record[field])}, its trail ends with ${show(value)}`,
      )
  }
  const last = entries.at(-1)
  if (last !== undefined && record.version !== last.body.version)
    find(
      'record',
      { ...where, field: 'version' },
      `the record is version ${record.version}, its trail ends with version ${last.body.version}`,
    )
  const first = entries[0]
  if (first?.seq === 1 && parseTime(record.created_at) !== first.time)
    find(
      'record',
      { ...where, field: 'created_at' },
      `the record was made at ${show(record.created_at)}, its first entry at ${show(first.body.at)}`,
    )
  const category = categories[record.lifecycle]?.[record.status]
  if (category === undefined)
    find(
      'record',
      { ...where, field: 'status' },
      `${show(record.lifecycle)} has no status ${show(record.status)}`,
    )
  else if (category !== record.category)
    find(
      'record',
      { ...where, field: 'category' },
      `${show(record.status)} is ${category}, not ${show(record.category)}`,
    )
}

/** Attached files: as the trail says, byte for byte. @param {Pack} pack @param {string} folder @param {string} name @param {Entry[]} entries */
function checkAttachments(pack, folder, name, entries) {
  const { files, find } = pack
  const file = `${folder}/attachments.json`
  const attached = entries.filter(({ body }) => body.action === 'attached')
  const list =
    !files.has(file) && attached.length === 0 ? [] : (readJson(pack, file, listOf(attachmentShape)) ?? [])
  const byId = toMap(pack, file, list)
  const claimed = new Set()
  for (const attachment of list) {
    const entry = attached.find(({ body }) => body.detail?.attachment_id === attachment.id)
    if (entry === undefined)
      find(
        'attachment',
        { file, record: name, field: attachment.id },
        `${show(attachment.name)} was never attached`,
      )
    for (const field of ['sha256', 'name', 'media_type', 'size_bytes'])
      if (entry?.body.detail[field] !== undefined && entry.body.detail[field] !== attachment[field])
        find(
          'attachment',
          { file, record: name, seq: entry.seq, field },
          `${show(attachment.name)}: it says ${show(attachment[field])}, its entry ${show(entry.body.detail[field])}`,
        )
    const path = [attachment.path, `${folder}/${attachment.path}`].find((one) => files.has(one))
    const bytes = files.get(path ?? '')
    if (path === undefined || bytes === undefined) {
      find(
        'attachment',
        { file: attachment.path, record: name },
        `${show(attachment.name)} is not in the pack`,
      )
      continue
    }
    if (claimed.has(path)) find('attachment', { file: path, record: name }, 'two attachments name this file')
    claimed.add(path)
    if (toHex(sha256(bytes)) !== attachment.sha256 || bytes.length !== attachment.size_bytes)
      find(
        'attachment',
        { file: path, record: name },
        `the bytes of ${show(attachment.name)} are not those that were attached`,
      )
  }
  for (const { body, seq } of attached)
    if (!byId.has(body.detail?.attachment_id))
      find(
        'attachment',
        { file, record: name, seq },
        `${show(body.detail?.name)} was attached, and is not in the pack`,
      )
  for (const path of files.keys())
    if (path.startsWith(`${folder}/attachments/`) && !claimed.has(path))
      find('attachment', { file: path, record: name }, 'no attachment names this file')
  return list
}

/** The members of a signed record's list that its entries imply. @param {Entry[]} entries */
const toAttached = (entries) =>
  entries
    .filter(({ body }) => body.action === 'attached' && body.detail !== null)
    .map(({ body: { detail } }) => ({ id: detail.attachment_id, sha256: detail.sha256 }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))

// -------------------------------------------------------------------------------------- the signatures

/**
 * @typedef {{ where: Where, row: any, statement: any, signed: any, entry: Entry | undefined, about: RecordFiles }} Signing
 */

/** A signature whose check goes astray does not hold. @param {Pack} pack @param {RecordFiles} about @param {any} row */
function guardSignature(pack, about, row) {
  const where = { file: `${about.folder}/signatures.ndjson`, record: about.name, signature: row.id }
  try {
    checkSignature(pack, about, row, where)
  } catch (error) {
    pack.find('malformed', where, `the signature cannot be followed: ${toMessage(error)}`)
  }
}

/** @param {Pack} pack @param {RecordFiles} about @param {any} row @param {Where} where */
function checkSignature(pack, about, row, where) {
  const { find } = pack
  const statement = readSigned(pack, where, row.statement, 'statement', statementShape)
  const signed = readSigned(pack, where, row.record, 'record', signedRecordShape)
  if (statement === undefined || signed === undefined) return
  const entry = findSignedEntry(pack, about, row, where)
  const signing = { where, row, statement, signed, entry, about }
  const once = `${statement.intent}`
  const other = pack.intents.get(once)
  if (other !== undefined)
    find('replay', { ...where, field: 'intent' }, `the intent was used by signature ${other} already`)
  pack.intents.set(once, row.id)
  checkStatement(pack, signing)
  checkSignedRecord(pack, signing)
  const certificate = checkCertificate(pack, signing)
  if (certificate !== undefined) checkBytes(pack, signing, certificate)
  checkSigner(pack, signing)
  checkKey(pack, signing, certificate)
  checkDuties(pack, signing)
  if (row.delegation_id !== null || statement.authority.kind === 'delegation') checkDelegation(pack, signing)
  checkPolicy(pack, signing)
}

/** @param {Pack} pack @param {Where} where @param {string} text @param {string} field @param {Shape} expected */
function readSigned({ find }, where, text, field, expected) {
  const { value, fault } = parseCanonical(Buffer.from(text, 'utf8'))
  if (fault !== undefined) find('not_canonical', { ...where, field }, `the ${field} ${fault}`)
  if (value === undefined) return undefined
  const wrong = expected(value)
  if (wrong === undefined) return value
  find('malformed', { ...where, field: `${field}.${wrong.split(' ')[0]}` }, `the ${field}: ${wrong.trim()}`)
  return undefined
}

/** The entry `approval_signed` of a signature says the same as its row. @param {Pack} pack @param {RecordFiles} about @param {any} row @param {Where} where */
function findSignedEntry({ find }, { entries, used }, row, where) {
  const entry = entries.find(
    ({ body }) => body.action === 'approval_signed' && body.detail?.signature_id === row.id,
  )
  if (entry === undefined) {
    find('trail_signature', where, 'the trail of the record does not know this signature')
    return undefined
  }
  if (used.has(entry.seq))
    find('trail_signature', { ...where, seq: entry.seq }, 'two signatures are of one entry')
  used.set(entry.seq, row)
  const said = {
    gate: row.gate,
    round: row.round,
    role: row.role,
    key_id: row.key_id,
    on_behalf_of: row.on_behalf_of,
    statement_hash: toHex(sha256(row.statement)),
  }
  for (const [field, value] of Object.entries(said))
    if (!isSame(entry.body.detail[field] ?? null, value))
      find(
        'trail_signature',
        { ...where, seq: entry.seq, field },
        `the signature says ${show(value)}, its entry ${show(entry.body.detail[field])}`,
      )
  const { actor } = entry.body
  if (actor.id !== row.signer_id || actor.kind !== 'human')
    find(
      'trail_signature',
      { ...where, seq: entry.seq, field: 'actor' },
      `the entry is by ${show(actor.name)} (${show(actor.kind)}), the signature by ${show(row.signer_id)}`,
    )
  const last = entries.find(({ seq }) => seq === entry.seq - 1)
  if (last !== undefined && last.body.version !== row.wo_version)
    find(
      'trail_signature',
      { ...where, seq: entry.seq, field: 'wo_version' },
      `version ${row.wo_version} was signed when the record was version ${last.body.version}`,
    )
  if (entry.time !== parseTime(row.signed_at))
    find(
      'trail_signature',
      { ...where, seq: entry.seq, field: 'signed_at' },
      `it says ${row.signed_at}, its entry ${entry.body.at}`,
    )
  return entry
}

/** What the statement says is what row, record and tenant say. @param {Pack} pack @param {Signing} signing */
function checkStatement({ manifest, find }, { where, row, statement, signed, entry, about }) {
  const { work_order: signedWo } = signed
  const { authority } = statement
  /** @type {[field: string, value: unknown, other: unknown, place: string][]} */
  const pairs = [
    ['tenant.id', statement.tenant.id, manifest.tenant.id, 'the pack'],
    ['work_order.id', statement.work_order.id, about.record.id, 'the record'],
    ['work_order.number', statement.work_order.number, about.record.number, 'the record'],
    ['work_order.version', statement.work_order.version, row.wo_version, 'the row'],
    ...['id', 'number', 'version', 'title', 'lifecycle', 'status'].map(
      (field) =>
        /** @type {[string, unknown, unknown, string]} */ ([
          `work_order.${field}`,
          statement.work_order[field],
          signedWo[field],
          'the record as it was signed',
        ]),
    ),
    [
      'record_hash',
      statement.record_hash,
      toHex(sha256(row.record)),
      'the hash of the record as it was signed',
    ],
    ['audit_head', statement.audit_head, signed.audit_head, 'the record as it was signed'],
    ['audit_seq', statement.audit_seq, signed.audit_seq, 'the record as it was signed'],
    ['gate', statement.gate, row.gate, 'the row'],
    ['round', statement.round, row.round, 'the row'],
    ['role', statement.role, row.role, 'the row'],
    ['signer.id', statement.signer.id, row.signer_id, 'the row'],
    ['authority', authority.delegation_id ?? null, row.delegation_id, 'the row'],
    ['authority.delegator', authority.delegator?.id ?? null, row.on_behalf_of, 'the row'],
    ['key.id', statement.key.id, row.key_id, 'the row'],
    ['key.kind', statement.key.kind, row.kind, 'the row'],
    ['key.certificate_sha256', statement.key.certificate_sha256, row.certificate_sha256, 'the row'],
  ]
  for (const [field, value, other, place] of pairs)
    if (!isSame(value, other))
      find('statement', { ...where, field }, `the statement says ${show(value)}, ${place} ${show(other)}`)
  const age = entry === undefined ? 0 : entry.time - parseTime(statement.at)
  if (age < -clockSlack || age > intentLife)
    find(
      'statement',
      { ...where, seq: entry?.seq, field: 'at' },
      `the statement is of ${statement.at}, it was signed at ${entry?.body.at}; an intent lives two minutes`,
    )
}

/** The record that was signed is what the trail made of it by then. @param {Pack} pack @param {Signing} signing */
function checkSignedRecord({ find }, { where, signed, entry, about }) {
  const { audit_seq: auditSeq, audit_head: auditHead, work_order: signedWo } = signed
  const then = about.entries.filter(({ seq }) => seq <= auditSeq)
  const head = then.at(-1)
  if (head === undefined || head.seq !== auditSeq || toHex(head.leaf) !== auditHead)
    find(
      'statement',
      { ...where, seq: auditSeq, field: 'audit_head' },
      `it was signed over entry ${auditSeq} with the hash ${show(auditHead)}; the trail has ${head === undefined ? 'none' : show(toHex(head.leaf))}`,
    )
  if (entry !== undefined && entry.seq <= auditSeq)
    find(
      'statement',
      { ...where, seq: entry.seq, field: 'audit_seq' },
      'it was signed before the state that it is about',
    )
  const stranger = Object.keys(signedWo).filter(
    (field) => !workOrderFields.includes(field) && !derivedFields.includes(field),
  )
  const held = replay(then, [...workOrderFields, ...stranger])
  for (const [field, value] of Object.entries(held))
    if (!isSame(signedWo[field] ?? null, value) || !Object.hasOwn(signedWo, field))
      find(
        'statement',
        { ...where, seq: auditSeq, field: `record.${field}` },
        `the signed record says ${show(signedWo[field])}, the trail had ${show(value)}`,
      )
  if (head !== undefined && signedWo.version !== head.body.version)
    find(
      'statement',
      { ...where, seq: auditSeq, field: 'record.version' },
      `the signed record is version ${show(signedWo.version)}, the trail had version ${head.body.version}`,
    )
  if (parseTime(signedWo.created_at) !== parseTime(about.record.created_at))
    find(
      'statement',
      { ...where, field: 'record.created_at' },
      `the signed record was made at ${show(signedWo.created_at)}`,
    )
  const attached = signed.attachments.map((/** @type {any} */ { id, sha256: hash }) => ({ id, sha256: hash }))
  if (!isSame(attached, toAttached(then)))
    find(
      'attachment',
      { ...where, seq: auditSeq, field: 'attachments' },
      'the attachments that were signed are not those that the trail had',
    )
}

/** The certificate is of this signer, by the tenant's CA, and was valid. @param {Pack} pack @param {Signing} signing */
function checkCertificate(pack, { where, row, statement, entry }) {
  const { files, find, authorities } = pack
  const file = `certificates/${row.key_id}.pem`
  const certificate = readCertificate(pack, file, where)
  if (certificate === undefined) return undefined
  const at = { ...where, file }
  const hash = toHex(sha256(certificate.raw))
  if (hash !== statement.key.certificate_sha256)
    find(
      'certificate',
      { ...at, field: 'sha256' },
      `the statement was signed with the certificate ${show(statement.key.certificate_sha256)}, this one is ${show(hash)}`,
    )
  const subject = /** @type {Record<string, unknown>} */ (certificate.toLegacyObject().subject)
  if (subject['CN'] !== statement.signer.name)
    find(
      'certificate',
      { ...at, field: 'CN' },
      `the certificate is of ${show(subject['CN'])}, the statement of ${show(statement.signer.name)}`,
    )
  if (subject['serialNumber'] !== statement.signer.id)
    find(
      'certificate',
      { ...at, field: 'serialNumber' },
      `the certificate is of principal ${show(subject['serialNumber'])}, the statement of ${show(statement.signer.id)}`,
    )
  const issuer = authorities.find(
    (one) => certificate.checkIssued(one.certificate) && certificate.verify(one.certificate.publicKey),
  )
  if (issuer === undefined) find('certificate', at, 'no certificate authority of the tenant issued it')
  else checkAuthority(pack, at, issuer, entry)
  if (certificate.ca) find('certificate', at, 'it is the certificate of an authority, not of a person')
  const from = Date.parse(certificate.validFrom) * 1000
  const to = Date.parse(certificate.validTo) * 1000
  const time = entry?.time ?? parseTime(statement.at)
  // Certificates count whole seconds.
  if (!(time >= from - clockSlack && time <= to))
    find(
      'certificate',
      at,
      `it is valid from ${certificate.validFrom} to ${certificate.validTo}, not at ${entry?.body.at ?? statement.at}`,
    )
  return files.has(file) ? certificate : undefined
}

/** @param {Pack} pack @param {string} file @param {Where} [where] */
function readCertificate({ files, find }, file, where = {}) {
  const bytes = files.get(file)
  if (bytes === undefined) {
    find('missing', { ...where, file }, 'the certificate is not in the pack')
    return undefined
  }
  try {
    return new X509Certificate(bytes)
  } catch {
    find('malformed', { ...where, file }, 'it is no X.509 certificate')
    return undefined
  }
}

/** The CA stands in the log, before what it certified. @param {Pack} pack @param {Where} where @param {Pack['authorities'][number]} issuer @param {Entry | undefined} entry */
function checkAuthority(pack, where, { sha256: hash, certificate, file }, entry) {
  const { find } = pack
  if (!certificate.ca || !certificate.verify(certificate.publicKey))
    find('certificate', { ...where, file }, 'the certificate of the authority is not that of one')
  const created = loadDirectory(pack, pack.manifest.tenant.id, 'tenant').find(
    ({ body }) => body.action === 'ca_created' && body.detail?.certificate_sha256 === hash,
  )
  if (created === undefined)
    find('certificate', { ...where, file }, 'the log does not know this certificate authority')
  else if (
    entry?.position !== undefined &&
    created.position !== undefined &&
    created.position > entry.position
  )
    find(
      'certificate',
      { ...where, file },
      'the log knows this certificate authority only after the signature',
    )
}

/** The signature itself. @param {Pack} pack @param {Signing} signing @param {X509Certificate} certificate */
function checkBytes(pack, { where, row, statement }, certificate) {
  const { find } = pack
  const key = certificate.publicKey
  const signature = Buffer.from(row.signature, 'base64')
  const bytes = Buffer.from(row.statement, 'utf8')
  if (row.kind === 'passphrase') {
    const message = Buffer.concat([Buffer.from('docket/statement/v1\n'), bytes])
    if (key.asymmetricKeyType !== 'ed25519' || !verifyBytes(null, message, key, signature))
      find(
        'signature',
        { ...where, field: 'signature' },
        `${show(statement.signer.name)} did not sign this statement: the Ed25519 signature is wrong`,
      )
    if (row.authenticator_data !== null || row.client_data_json !== null)
      find('ceremony', { ...where, field: 'kind' }, 'a passphrase key has no authenticator')
    return
  }
  if (row.authenticator_data === null || row.client_data_json === null)
    return find(
      'ceremony',
      { ...where, field: 'authenticator_data' },
      'what the authenticator said is missing',
    )
  const data = Buffer.from(row.authenticator_data, 'base64')
  const client = Buffer.from(row.client_data_json, 'utf8')
  checkAuthenticator(pack, where, data, pack.keys.get(row.key_id))
  checkClientData(pack, where, row.client_data_json, sha256(bytes), pack.keys.get(row.key_id))
  const message = Buffer.concat([data, sha256(client)])
  if (!verifyAssertion(key, message, signature))
    find(
      'signature',
      { ...where, field: 'signature' },
      `${show(statement.signer.name)} did not sign this statement: the signature of the passkey is wrong`,
    )
}

/** ES256, EdDSA or RS256, by the key that the certificate holds. @param {import('node:crypto').KeyObject} key @param {Buffer} message @param {Buffer} signature */
function verifyAssertion(key, message, signature) {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'ed25519') return verifyBytes(null, message, key, signature)
  if (type === 'ec')
    return details?.namedCurve === 'prime256v1' && verifyBytes('sha256', message, key, signature)
  return (
    type === 'rsa' && (details?.modulusLength ?? 0) >= 2048 && verifyBytes('sha256', message, key, signature)
  )
}

/** Authenticator data: whose site, was somebody there, and was it the owner (WebAuthn 6.1). @param {Pack} pack @param {Where} where @param {Buffer} data @param {any} key */
function checkAuthenticator({ find }, where, data, key) {
  const field = 'authenticator_data'
  if (data.length < 37)
    return find('ceremony', { ...where, field }, 'what the authenticator said is cut short')
  const flags = data[32] ?? 0
  if (!(flags & 1)) find('ceremony', { ...where, field }, 'nobody touched the authenticator (user presence)')
  if (!(flags & 4))
    find('ceremony', { ...where, field }, 'the authenticator did not verify its user (user verification)')
  if (flags & 16 && !(flags & 8))
    find('ceremony', { ...where, field }, 'the flags of the authenticator contradict each other')
  if (!(flags & 0xc0) && data.length !== 37)
    find('ceremony', { ...where, field }, 'what the authenticator said is longer than it says')
  if (typeof key?.rp_id !== 'string')
    find(
      'ceremony',
      { ...where, file: 'keys.json', field: 'rp_id' },
      'the pack does not say for which site the passkey is',
    )
  else if (!sameBytes(data.subarray(0, 32), sha256(key.rp_id)))
    find('ceremony', { ...where, field }, `the passkey signed for another site than ${show(key.rp_id)}`)
}

/** Client data: what was asked, and on which page (WebAuthn 5.8.1). @param {Pack} pack @param {Where} where @param {string} text @param {Buffer} challenge @param {any} key */
function checkClientData({ find }, where, text, challenge, key) {
  const field = 'client_data_json'
  let client
  try {
    client = JSON.parse(text)
  } catch {
    return find('ceremony', { ...where, field }, 'what the browser said is not JSON')
  }
  if (client?.type !== 'webauthn.get')
    find(
      'ceremony',
      { ...where, field: `${field}.type` },
      `the passkey was asked for ${show(client?.type)}, not to sign`,
    )
  if (client?.challenge !== challenge.toString('base64url'))
    find(
      'ceremony',
      { ...where, field: `${field}.challenge` },
      'the passkey was asked to sign something else than this statement',
    )
  if (client?.crossOrigin === true)
    find(
      'ceremony',
      { ...where, field: `${field}.crossOrigin` },
      'the passkey was asked from inside a page of somebody else',
    )
  if (typeof key?.origin !== 'string' || client?.origin !== key.origin)
    return find(
      'ceremony',
      { ...where, field: `${field}.origin` },
      `the passkey was asked by ${show(client?.origin)}, the key is for ${show(key?.origin)}`,
    )
  const host = URL.canParse(key.origin) ? new URL(key.origin).hostname : ''
  if (typeof key.rp_id === 'string' && host !== key.rp_id && !host.endsWith(`.${key.rp_id}`))
    find(
      'ceremony',
      { ...where, file: 'keys.json', field: 'origin' },
      `${show(key.origin)} is no page of ${show(key.rp_id)}`,
    )
}

/** Who signed: a person, of this name, active, with this role. @param {Pack} pack @param {Signing} signing */
function checkSigner(pack, { where, row, statement, signed, entry }) {
  const { find, principals, manifest } = pack
  const { signer } = statement
  const listed = principals.get(signer.id)
  if (listed === undefined)
    find(
      'authority',
      { ...where, file: 'principals.json' },
      `${show(signer.name)} is not among the people of the pack`,
    )
  else if (listed.kind !== 'human')
    find(
      'authority',
      { ...where, file: 'principals.json', field: 'kind' },
      `${show(signer.name)} is not a person but ${show(listed.kind)}`,
    )
  const chain = loadDirectory(pack, signer.id, 'principal')
  if (entry?.position === undefined) return
  const then = replay(before(chain, entry.position), principalFields)
  const now = replay(chain, principalFields)
  if (then['name'] !== signer.name)
    find(
      'statement',
      { ...where, field: 'signer.name' },
      `the statement prints ${show(signer.name)}, the log had ${show(then['name'])}`,
    )
  if (listed !== undefined && listed.name !== now['name'])
    find(
      'statement',
      { ...where, file: 'principals.json', field: 'name' },
      `${show(listed.name)} is ${show(now['name'])} in the log`,
    )
  if (then['kind'] !== 'human')
    find(
      'authority',
      { ...where, field: 'signer' },
      `${show(signer.name)} is ${show(then['kind'])} in the log, not a person`,
    )
  if (then['disabled_at'] !== null)
    find('authority', { ...where, field: 'signer' }, `${show(signer.name)} was disabled when this was signed`)
  if (row.delegation_id === null && !holdsRole(then['roles'], row.role, signed))
    find(
      'authority',
      { ...where, field: 'role' },
      `${show(signer.name)} did not hold the role ${show(row.role)} when this was signed`,
    )
  const earlier = before(chain, entry.position).map(({ body }) => body.action)
  if (!earlier.includes('attested'))
    find(
      'authority',
      { ...where, field: 'signer' },
      `${show(signer.name)} had not attested that electronic signatures bind`,
    )
  if (earlier.lastIndexOf('signing_locked') > earlier.lastIndexOf('signing_unlocked'))
    find('authority', { ...where, field: 'signer' }, `${show(signer.name)} was locked out of signing`)
  const tenant = replay(
    before(loadDirectory(pack, manifest.tenant.id, 'tenant'), entry.position),
    tenantFields,
  )
  if (tenant['name'] !== statement.tenant.name)
    find(
      'statement',
      { ...where, field: 'tenant.name' },
      `the statement prints ${show(statement.tenant.name)}, the log had ${show(tenant['name'])}`,
    )
}

/** A role is held for everything, or for one asset: `role@asset`. @param {unknown} roles @param {string} role @param {any} signed */
const holdsRole = (roles, role, { work_order: { asset_id: asset } }) =>
  Array.isArray(roles) &&
  (roles.includes(role) || (typeof asset === 'string' && roles.includes(`${role}@${asset}`)))

/** A key's life, by the places in the log: enrolled, confirmed by somebody else, not revoked. @param {Pack} pack @param {Signing} signing @param {X509Certificate | undefined} certificate */
function checkKey(pack, signing, certificate) {
  const { where, row, entry } = signing
  const { find } = pack
  const file = `directory/${row.signer_id}.ndjson`
  const ofKey = loadDirectory(pack, row.signer_id, 'principal').filter(
    ({ body }) => body.detail?.key_id === row.key_id,
  )
  const enrolled = ofKey.find(({ body }) => body.action === 'key_enrolled')
  const confirmed = ofKey.find(({ body }) => body.action === 'key_confirmed')
  const revoked = ofKey.find(({ body }) => body.action === 'key_revoked')
  checkListedKey(pack, signing, confirmed, revoked)
  if (enrolled === undefined)
    find('key', { ...where, file }, 'the log does not know that the key was enrolled')
  else checkEnrolled(pack, signing, enrolled, certificate)
  if (confirmed === undefined)
    find('key', { ...where, file }, 'the log does not know that somebody confirmed whose key it is')
  else checkConfirmed(pack, signing, confirmed)
  const at = entry?.position
  if (at === undefined) return
  const [began, ready] = [enrolled?.position ?? Infinity, confirmed?.position ?? Infinity]
  if (!(began < ready && ready < at))
    find(
      'key',
      { ...where, file, seq: confirmed?.seq },
      'it is not shown that the key was enrolled and confirmed before it signed',
    )
  if (revoked !== undefined && !(revoked.position !== undefined && revoked.position > at))
    find('key', { ...where, file, seq: revoked.seq }, 'the key was revoked before it signed')
}

/** keys.json says the same of a key as the log. @param {Pack} pack @param {Signing} signing @param {Entry | undefined} confirmed @param {Entry | undefined} revoked */
function checkListedKey({ find, keys }, { where: signature, row, statement }, confirmed, revoked) {
  const where = { ...signature, file: 'keys.json' }
  const key = keys.get(row.key_id)
  if (key === undefined) return find('key', where, 'the key is not among the keys of the pack')
  if (key.principal_id !== row.signer_id)
    find('key', { ...where, field: 'principal_id' }, `the key is of ${show(key.principal_id)}`)
  if (key.kind !== row.kind) find('key', { ...where, field: 'kind' }, `the key is a ${show(key.kind)} key`)
  if (key.certificate_sha256 !== statement.key.certificate_sha256)
    find('key', { ...where, field: 'certificate_sha256' }, 'the key has another certificate')
  if ((key.revoked_at !== null || key.status === 'revoked') !== (revoked !== undefined))
    find(
      'key',
      { ...where, field: 'revoked_at' },
      `keys.json says ${show(key.status)}, the log ${revoked === undefined ? 'knows no revocation' : 'that it was revoked'}`,
    )
  if ((key.confirmed_at !== null) !== (confirmed !== undefined))
    find('key', { ...where, field: 'confirmed_at' }, 'keys.json and the log do not agree on its confirmation')
}

/** @param {Pack} pack @param {Signing} signing @param {Entry} enrolled @param {X509Certificate | undefined} certificate */
function checkEnrolled({ find }, { where, row }, { body: { detail }, seq }, certificate) {
  const file = `directory/${row.signer_id}.ndjson`
  if (detail.kind !== row.kind)
    find('key', { ...where, file, seq, field: 'kind' }, `a ${show(detail.kind)} key was enrolled`)
  const spki = certificate?.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  if (spki !== undefined && spki !== detail.spki)
    find(
      'certificate',
      { ...where, file: `certificates/${row.key_id}.pem` },
      'it certifies another key than the one that was enrolled',
    )
}

/** @param {Pack} pack @param {Signing} signing @param {Entry} confirmed */
function checkConfirmed({ find }, { where, row, statement }, { body: { actor, detail }, seq }) {
  const at = { ...where, file: `directory/${row.signer_id}.ndjson`, seq }
  if (actor.id === row.signer_id || detail.by === row.signer_id)
    find('key', { ...at, field: 'actor' }, 'nobody but its owner confirmed whose key it is')
  if (detail.certificate_sha256 !== statement.key.certificate_sha256)
    find(
      'certificate',
      { ...at, field: 'certificate_sha256' },
      'another certificate was issued when the key was confirmed',
    )
}

/** Nobody approves what is his own work or his agent's. @param {Pack} pack @param {Signing} signing */
function checkDuties({ find }, { where, statement, signed, about }) {
  const { executor_ids: executors, editor_id: editor } = signed.work_order
  const people = [statement.signer, statement.authority.delegator].filter((person) => person !== undefined)
  const sponsors = new Map(
    about.entries
      .filter(({ seq, body }) => seq <= signed.audit_seq && body.actor.sponsor !== null)
      .map(({ body }) => [body.actor.id, body.actor.sponsor]),
  )
  for (const { id, name } of people) {
    if (Array.isArray(executors) && executors.includes(id))
      find('duties', { ...where, field: 'executor_ids' }, `${show(name)} executed the work`)
    if (editor === id)
      find('duties', { ...where, field: 'editor_id' }, `${show(name)} was the last to edit what is approved`)
    for (const worker of [...(Array.isArray(executors) ? executors : []), editor])
      if (sponsors.get(worker) === id)
        find(
          'duties',
          { ...where, field: worker === editor ? 'editor_id' : 'executor_ids' },
          `${show(name)} is the sponsor of the agent that did it`,
        )
  }
}

/** Who signs for another does so within what both agreed to. @param {Pack} pack @param {Signing} signing */
function checkDelegation(pack, signing) {
  const { where, row, statement, signed, entry } = signing
  const { find, delegations } = pack
  const id = statement.authority.delegation_id ?? row.delegation_id
  const file = 'delegations.ndjson'
  const delegation = delegations.get(id)
  if (delegation === undefined)
    return find('authority', { ...where, file }, `the delegation ${show(id)} is not in the pack`)
  const chain = loadDirectory(pack, id, 'delegation')
  const held = { ...chain[0]?.body.detail, ...withoutNulls(replay(chain, delegationFields)) }
  const differing = delegationFields.filter((field) => !isSameFact(delegation[field], held[field]))
  for (const field of differing)
    find(
      'authority',
      { ...where, file, field },
      `the delegation says ${show(delegation[field])}, the log ${show(held[field])}`,
    )
  const { delegate_id: delegate, delegator_id: delegator } = delegation
  if (delegate !== statement.signer.id)
    find(
      'authority',
      { ...where, file, field: 'delegate_id' },
      `the delegation is to ${show(delegate)}, not to ${show(statement.signer.name)}`,
    )
  if (delegator !== statement.authority.delegator?.id)
    find('authority', { ...where, file, field: 'delegator_id' }, `the delegation is by ${show(delegator)}`)
  const named = pack.principals.get(delegator)
  if (named !== undefined && named.name !== statement.authority.delegator?.name)
    find(
      'statement',
      { ...where, field: 'authority.delegator.name' },
      `the statement prints ${show(statement.authority.delegator?.name)}, the pack has ${show(named.name)}`,
    )
  const holder = statement.authority.delegator?.id ?? delegator
  const chainOfHolder =
    entry?.position === undefined ? [] : before(loadDirectory(pack, holder, 'principal'), entry.position)
  const then = replay(chainOfHolder, principalFields)
  if (
    entry?.position !== undefined &&
    (!holdsRole(then['roles'], row.role, signed) || then['disabled_at'] !== null)
  )
    find(
      'authority',
      { ...where, field: 'role' },
      `${show(then['name'])} did not hold the role ${show(row.role)} when this was signed`,
    )
  checkScope(pack, signing, delegation)
  checkAcceptance(
    pack,
    signing,
    delegation,
    entry?.position === undefined ? [] : before(chain, entry.position),
  )
}

/** @param {Pack} pack @param {Signing} signing @param {any} delegation */
function checkScope({ find }, { where, row, signed }, delegation) {
  const file = 'delegations.ndjson'
  const outside = (/** @type {string} */ field, /** @type {unknown} */ value) =>
    find(
      'authority',
      { ...where, file, field },
      `${show(value)} is outside the delegation (${show(delegation[field])})`,
    )
  const { lifecycle, work_category: category, regulatory } = signed.work_order
  if (!delegation.roles.includes(row.role)) outside('roles', row.role)
  if (delegation.lifecycles !== null && !delegation.lifecycles.includes(lifecycle))
    outside('lifecycles', lifecycle)
  if (delegation.work_categories !== null && !delegation.work_categories.includes(category))
    outside('work_categories', category)
  if (delegation.regulatory !== null && delegation.regulatory !== regulatory)
    outside('regulatory', regulatory)
  const [from, to] = [parseTime(delegation.starts_at), parseTime(delegation.ends_at)]
  const at = parseTime(row.signed_at)
  if (!(at >= from && at < to))
    find(
      'authority',
      { ...where, file, field: 'ends_at' },
      `the delegation is for ${delegation.starts_at} to ${delegation.ends_at}, it was signed at ${row.signed_at}`,
    )
  if (to - from > longestDelegation || delegation.reason.trim() === '')
    find(
      'authority',
      { ...where, file, field: 'ends_at' },
      'a delegation has a reason, and thirty days at most',
    )
}

/** @param {Pack} pack @param {Signing} signing @param {any} delegation @param {Entry[]} earlier */
function checkAcceptance(
  { find, principals },
  { where: signature },
  { id, delegator_id: delegator, delegate_id: delegate },
  earlier,
) {
  const where = { ...signature, file: `directory/${id}.ndjson` }
  const agreed = (/** @type {string} */ person) =>
    earlier.some(({ body }) => ['proposed', 'accepted'].includes(body.action) && body.actor.id === person)
  for (const person of [delegator, delegate])
    if (!agreed(person))
      find(
        'authority',
        where,
        `${show(principals.get(person)?.name ?? person)} had not accepted the delegation`,
      )
  const ended = earlier.find(({ body }) => ['revoked', 'declined'].includes(body.action))
  if (ended !== undefined)
    find(
      'authority',
      { ...where, seq: ended.seq },
      `the delegation was ${ended.body.action} before it was used`,
    )
}

/** @param {Record<string, unknown>} held */
const withoutNulls = (held) => Object.fromEntries(Object.entries(held).filter(([, value]) => value !== null))
/** Equal as JSON, or the same moment. @param {unknown} a @param {unknown} b */
const isSameFact = (a, b) => isSame(a, b) || parseTime(a) === parseTime(b)

/** The policy that the statement names was in force, and asked for this role. @param {Pack} pack @param {Signing} signing */
function checkPolicy(pack, { where, row, statement, entry, about }) {
  const { find } = pack
  const asked = findRound(about.entries, row.gate, entry?.seq ?? Infinity)
  if (asked === undefined)
    return find(
      'policy',
      { ...where, field: 'round' },
      `nobody had asked for signatures at ${show(row.gate)}`,
    )
  const { detail } = asked.body
  if (detail.round !== row.round)
    find(
      'policy',
      { ...where, seq: asked.seq, field: 'round' },
      `the signature is of round ${row.round}, the open one was ${show(detail.round)}`,
    )
  if (detail.policy_version !== statement.policy_version)
    find(
      'policy',
      { ...where, seq: asked.seq, field: 'policy_version' },
      `the statement names policy ${statement.policy_version}, its round policy ${show(detail.policy_version)}`,
    )
  if (!toRequirements(detail).some(({ role }) => role === row.role))
    find(
      'policy',
      { ...where, seq: asked.seq, field: 'role' },
      `nobody was asked to sign as ${show(row.role)}`,
    )
  // Version 0 are the rules that hold without any policy.
  if (statement.policy_version === 0 || entry?.position === undefined) return
  const versions = before(loadDirectory(pack, pack.manifest.tenant.id, 'tenant'), entry.position)
    .filter(({ body }) => body.action === 'policy_changed')
    .map(({ body }) => body.detail?.policy_version)
  if (!versions.includes(statement.policy_version))
    find(
      'policy',
      { ...where, field: 'policy_version' },
      `the log knows no policy ${statement.policy_version} before this signature`,
    )
}

/** The round that was open at a gate: the last one asked for before a place in the trail, unless it was turned back. @param {Entry[]} entries @param {string} gate @param {number} until */
function findRound(entries, gate, until) {
  let open
  for (const entry of entries) {
    if (entry.seq >= until) break
    if (entry.body.action === 'approval_requested' && entry.body.detail?.gate === gate) open = entry
    // A waiver is asked for beside the gate: turning the work back leaves it open.
    if (entry.body.action === 'approval_rejected' && gate !== 'waiver') open = undefined
  }
  return open
}

/** Each round asked for what its policy says. @param {Pack} pack @param {RecordFiles} about */
function checkRounds(pack, { entries, folder, name }) {
  for (const { body, seq, position } of entries) {
    if (body.action !== 'approval_requested' || position === undefined) continue
    const { gate, policy_version: version } = body.detail ?? {}
    const change = before(loadDirectory(pack, pack.manifest.tenant.id, 'tenant'), position)
      .filter((entry) => entry.body.detail?.policy_version === version)
      .flatMap((entry) => entry.body.changes)
      .find(({ field }) => field === 'approval_policy')
    const held = replay(
      entries.filter((entry) => entry.seq <= seq),
      workOrderFields,
    )
    const asked = toRequirements(body.detail)
    for (const { role, count } of toRequirements(findRule(change?.new, gate, held))) {
      const there = asked.find((one) => one.role === role)?.count ?? 0
      if (there >= count) continue
      const where = { file: `${folder}/entries.ndjson`, record: name, seq, field: 'requirements' }
      pack.find(
        'policy',
        where,
        `policy ${version} asks for ${count} × ${role} at ${show(gate)}, the round for ${there}`,
      )
    }
  }
}

/** A work category says more than the flag. @param {any} rule */
const weigh = (rule) => (rule.work_category === null ? 0 : 2) + (rule.regulatory === null ? 0 : 1)

/** The most specific rule of a policy for a gate of such a record. @param {any} policy @param {unknown} gate @param {Record<string, unknown>} held */
function findRule(policy, gate, held) {
  const fits = (/** @type {any} */ rule) =>
    rule?.gate === gate &&
    rule.lifecycle === held['lifecycle'] &&
    (rule.work_category === null || rule.work_category === held['work_category']) &&
    (rule.regulatory === null || rule.regulatory === held['regulatory'])
  const rules = Array.isArray(policy?.rules) ? policy.rules.filter(fits) : []
  return rules.toSorted((/** @type {any} */ a, /** @type {any} */ b) => weigh(b) - weigh(a))[0]
}

/** @param {any} detail @returns {{ role: string, count: number }[]} */
const toRequirements = (detail) =>
  (Array.isArray(detail?.requirements) ? detail.requirements : []).filter(
    (/** @type {any} */ one) => typeof one?.role === 'string' && isCount(one?.count),
  )

// -------------------------------------------------------------------------------------------- the gates

/** Every entry that says that somebody signed has its signature. @param {Pack} pack @param {RecordFiles} about */
function checkSignedEntries({ find }, { entries, used, folder, name, signatures }) {
  const file = `${folder}/signatures.ndjson`
  for (const { body, seq } of entries)
    if (body.action === 'approval_signed' && !used.has(seq))
      find(
        'trail_signature',
        { file, record: name, seq },
        `${show(body.actor.name)} signed as ${show(body.detail?.role)}, and the signature is not in the pack`,
      )
  const ids = signatures.map(({ id }) => id)
  const twice = ids.find((id, i) => ids.indexOf(id) !== i)
  if (twice !== undefined)
    find('replay', { file, record: name, signature: twice }, 'the signature stands twice')
}

/** Each time the record passed a gate, everybody who must sign had signed that version. @param {Pack} pack @param {RecordFiles} about */
function checkGates(pack, about) {
  const { entries, name, folder } = about
  const file = `${folder}/entries.ndjson`
  let status = ''
  const passed = new Set()
  for (const entry of entries) {
    checkWaiver(pack, about, entry)
    const change = entry.body.changes.find((/** @type {any} */ { field }) => field === 'status')
    if (change === undefined) continue
    const earlier = entries.filter(({ seq }) => seq < entry.seq)
    const held = replay(earlier, workOrderFields)
    const lifecycle = String(held['lifecycle'])
    const edge = gates[lifecycle]?.find(([from, to]) => from === status && to === change.new)
    status = change.new
    if (edge !== undefined) {
      passed.add(edge[2])
      checkGate(pack, about, entry, edge, held)
    }
    const isDone = categories[lifecycle]?.[change.new] === 'done'
    if (isDone && held['regulatory'] === true && !passed.has('completion'))
      pack.find(
        'gate',
        { file, record: name, seq: entry.seq, field: 'status' },
        `it became ${show(change.new)} without passing its completion gate`,
      )
  }
}

/** Regulatory work is waived by the System Owner and QA, and so is any that was waived by signatures. @param {Pack} pack @param {RecordFiles} about @param {Entry} entry */
function checkWaiver(pack, about, entry) {
  const waiver = entry.body.changes.find((/** @type {any} */ { field }) => field === 'waiver')?.new
  if (waiver === undefined || waiver === null) return
  const earlier = about.entries.filter(({ seq }) => seq < entry.seq)
  const always = typeof waiver.round_id === 'string' ? ['system_owner', 'qa'] : []
  checkGate(
    pack,
    about,
    entry,
    ['', 'waived', 'waiver', always, ['system_owner', 'qa']],
    replay(earlier, workOrderFields),
  )
}

/** @param {Pack} pack @param {RecordFiles} about @param {Entry} entry @param {[string, string, string, string[], string[]]} edge @param {Record<string, unknown>} held */
function checkGate({ find }, { entries, used, name, folder }, entry, [, to, gate, always, regulatory], held) {
  const where = { file: `${folder}/entries.ndjson`, record: name, seq: entry.seq, field: 'status' }
  const floor = held['regulatory'] === true ? regulatory : always
  const asked = findRound(entries, gate, entry.seq)
  const needed = new Map(floor.map((role) => [role, 1]))
  for (const { role, count } of toRequirements(asked?.body.detail))
    needed.set(role, Math.max(count, needed.get(role) ?? 0))
  if (needed.size === 0) return
  const version = entries.find(({ seq }) => seq === entry.seq - 1)?.body.version
  // One transaction writes the last signature and the step that it allows; both carry its request.
  const counted = [...used].flatMap(([seq, row]) => {
    const signedEntry = entries.find((one) => one.seq === seq)
    const isEarlier = seq < entry.seq || signedEntry?.body.request === entry.body.request
    const isOfRound =
      asked !== undefined && seq > asked.seq && row.gate === gate && row.round === asked.body.detail.round
    return isEarlier && isOfRound && row.wo_version === version ? [row] : []
  })
  for (const [role, count] of needed) {
    const there = counted.filter((row) => row.role === role).length
    if (there < count)
      find(
        'gate',
        where,
        `it became ${show(to)} with ${there} of ${count} signatures as ${role} for version ${show(version)}`,
      )
  }
  const people = counted.flatMap((row) => [...new Set([row.signer_id, row.on_behalf_of ?? row.signer_id])])
  const twice = people.find((person, i) => people.indexOf(person) !== i)
  if (twice !== undefined)
    find('duties', where, `one person stands behind two signatures of the gate ${gate}: ${show(twice)}`)
}

// ------------------------------------------------------------------------------------------ the verdict

/** @param {Pack} pack @param {RecordFiles} about */
function summarise({ principals }, { name, record, entries, attachments, signatures }) {
  const last = entries.at(-1)
  return {
    number: name,
    title: typeof record.title === 'string' ? record.title : '',
    status: String(record.status),
    version: record.version,
    entries: entries.length,
    attachments: attachments.length,
    last_entry_at: last?.body.at,
    signatures: signatures.map((row) => ({
      id: row.id,
      gate: row.gate,
      role: row.role,
      version: row.wo_version,
      kind: row.kind,
      signer_id: row.signer_id,
      ...toPrinted(row, principals),
      holds: false,
    })),
  }
}

/** What a signature prints comes from its statement. @param {any} row @param {Map<string, any>} principals */
function toPrinted(row, principals) {
  const { value } = parseCanonical(Buffer.from(row.statement, 'utf8'))
  const isWhole = statementShape(value) === undefined
  return {
    meaning: isWhole ? value.meaning : '?',
    signer: isWhole ? value.signer.name : (principals.get(row.signer_id)?.name ?? row.signer_id),
    on_behalf_of: isWhole ? (value.authority.delegator?.name ?? null) : row.on_behalf_of,
    signed_at: row.signed_at,
    time_zone: isWhole ? value.time_zone : 'UTC',
    round: row.round,
  }
}

/** The key of the log, and the CAs, stand in the log too. @param {Pack} pack */
function checkTenant(pack) {
  const { find, manifest, tenant, log } = pack
  const { id } = manifest.tenant
  if (tenant !== undefined)
    for (const field of ['id', 'slug', 'name'])
      if (tenant[field] !== manifest.tenant[field])
        find(
          'tenant',
          { file: 'tenant.json', field },
          `tenant.json says ${show(tenant[field])}, the manifest ${show(manifest.tenant[field])}`,
        )
  const entries = loadDirectory(pack, id, 'tenant')
  const held = replay(entries, tenantFields)
  for (const field of ['slug', 'name'])
    if (entries.length > 0 && held[field] !== manifest.tenant[field])
      find(
        'tenant',
        { file: 'manifest.json', field: `tenant.${field}` },
        `the manifest says ${show(manifest.tenant[field])}, the log ${show(held[field])}`,
      )
  const known = entries.some(
    ({ body }) => body.action === 'log_key_created' && body.detail?.vkey === log.vkey,
  )
  if (entries.length > 0 && !known)
    find('log', { file: 'directory/tenant.ndjson' }, 'the log does not know the key that signs it')
}

/** @param {Map<string, Buffer>} files @param {Finding[]} findings @returns {Pack} */
function openPack(files, findings) {
  const find = makeFinder(findings)
  const bytes = files.get('manifest.json')
  if (bytes === undefined) throw new NotReadable('this is no inspection pack: it has no manifest.json')
  let manifest
  try {
    manifest = JSON.parse(decodeUtf8(bytes))
  } catch {
    throw new NotReadable('this is no inspection pack: its manifest.json is not JSON')
  }
  const fault = manifestShape(manifest)
  if (fault !== undefined)
    throw new NotReadable(`this is no inspection pack that I know: manifest.json: ${fault.trim()}`)
  /** @type {Pack} */
  const pack = {
    files,
    manifest,
    find,
    findings,
    tenant: undefined,
    note: undefined,
    size: 0,
    principals: new Map(),
    keys: new Map(),
    delegations: new Map(),
    authorities: [],
    chains: new Map(),
    directoryProofs: {},
    places: new Map(),
    ids: new Map(),
    intents: new Map(),
    log: undefined,
  }
  pack.tenant = readJson(pack, 'tenant.json', tenantShape)
  pack.principals = toMap(
    pack,
    'principals.json',
    readJson(pack, 'principals.json', listOf(principalShape)) ?? [],
  )
  pack.keys = toMap(pack, 'keys.json', readJson(pack, 'keys.json', listOf(keyShape)) ?? [])
  pack.delegations = toMap(
    pack,
    'delegations.ndjson',
    readJsonLines(pack, 'delegations.ndjson', delegationShape),
  )
  pack.directoryProofs = readJson(pack, 'directory/proofs.json', isMap) ?? {}
  for (const file of files.keys())
    if (/^certificates\/ca-[^/]+\.pem$/.test(file)) {
      const certificate = readCertificate(pack, file)
      if (certificate !== undefined)
        pack.authorities.push({ file, certificate, sha256: toHex(sha256(certificate.raw)) })
    }
  return pack
}

/** Directory files whose records no signature led to are followed all the same. @param {Pack} pack */
function checkDirectory(pack) {
  for (const file of pack.files.keys()) {
    const id = /^directory\/([0-9a-f-]{36})\.ndjson$/.exec(file)?.[1]
    if (id !== undefined) loadDirectory(pack, id, pack.delegations.has(id) ? 'delegation' : 'principal')
  }
}

/**
 * Checks a whole pack. Throws NotReadable if it is none, or if what is given beside it is none.
 * @param {Uint8Array} bytes of the zip file
 * @param {Options} [options] `checkpoint`: an older checkpoint of the log, as text; `vkey`: the key of the log
 *   that you know; `witnesses`: keys of witnesses that must have cosigned
 */
export function verifyPack(bytes, options = {}) {
  /** @type {Finding[]} */
  const findings = []
  const pack = openPack(readZip(bytes, options.limits), findings)
  checkLog(pack, options)
  checkTenant(pack)
  const folders = listRecords(pack)
  if (folders.length === 0) pack.find('missing', { file: 'records' }, 'the pack holds no record')
  const records = folders.flatMap((folder) => {
    try {
      return checkRecord(pack, folder) ?? []
    } catch (error) {
      pack.find(
        'malformed',
        { file: folder, record: folder.slice(8) },
        `the record cannot be followed: ${toMessage(error)}`,
      )
      return []
    }
  })
  checkDirectory(pack)
  checkManifest(pack)
  for (const record of records)
    for (const signature of record.signatures)
      signature.holds = !findings.some((finding) => concerns(finding, record.number, signature))
  const { tenant, made_at: madeAt, made_by: madeBy } = pack.manifest
  return {
    ok: findings.length === 0,
    findings: sortFindings(findings),
    summary: { tenant, made_at: madeAt, made_by: madeBy, log: pack.log, records },
  }
}

/** Findings of one place stand together, in the order of its entries. @param {Finding[]} findings */
function sortFindings(findings) {
  /** @type {Map<string, Finding[]>} */
  const groups = new Map()
  for (const finding of findings) {
    const place = `${finding.signature ?? ''} ${finding.file ?? ''}`
    const group = groups.get(place)
    if (group === undefined) groups.set(place, [finding])
    else group.push(finding)
  }
  return [...groups.values()].flatMap((group) =>
    group.toSorted((a, b) => (a.seq ?? Number.MAX_VALUE) - (b.seq ?? Number.MAX_VALUE)),
  )
}

/** Does a signature rest on what a finding is about? @param {Finding} finding @param {string} number @param {any} signature */
function concerns({ record, signature: of, file = '' }, number, { id, signer_id: signer }) {
  if (of !== undefined) return of === id
  if (record === number) return true
  const own = file === `directory/${signer}.ndjson`
  return record === undefined || record === 'tenant'
    ? !/^records\/|^directory\/[0-9a-f]/.test(file) || own
    : own
}

// ----------------------------------------------------------------------------------- the command line

const width = 80

/** Names come from strangers: nothing of them steers the terminal. @param {unknown} value */
const clean = (value) => String(value).replace(/[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD')

/** Columns of a terminal. @param {string} text */
const columns = (text) =>
  Array.from(text).reduce(
    (sum, sign) =>
      sum +
      (/[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]|[\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u.test(
        sign,
      )
        ? 2
        : 1),
    0,
  )

/** Breaks a text at its spaces into lines of 80 columns. @param {string} text @param {string} first @param {string} [rest] */
function wrap(text, first, rest = ' '.repeat(columns(first))) {
  const lines = []
  let line = first
  let isEmpty = true
  for (const word of clean(text).split(' ')) {
    if (!isEmpty && columns(line) + 1 + columns(word) > width) {
      lines.push(line)
      line = rest
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line].join('\n')
}

/** A time in its own zone, with the offset, and in UTC. @param {string} at @param {string} zone */
function printTime(at, zone) {
  const date = new Date(parseTime(at) / 1000)
  if (Number.isNaN(date.getTime())) return clean(at)
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'longOffset',
    })
      .formatToParts(date)
      .map(({ type, value }) => [type, value]),
  )
  const offset = (parts['timeZoneName'] ?? '').replace('GMT', '') || '+00:00'
  const local = `${parts['year']}-${parts['month']}-${parts['day']} ${parts['hour']}:${parts['minute']}:${parts['second']}`
  if (zone === 'UTC') return `${local} UTC`
  return `${local} ${offset} ${zone}`
}

/** @param {number} count @param {string} one */
const plural = (count, one) =>
  `${count.toLocaleString('en')} ${count === 1 ? one : one.endsWith('y') ? `${one.slice(0, -1)}ies` : `${one}s`}`

/** @param {boolean} inColour */
const paint = (inColour) => ({
  good: (/** @type {string} */ text) => (inColour ? `\u001B[32m${text}\u001B[0m` : text),
  bad: (/** @type {string} */ text) => (inColour ? `\u001B[31m${text}\u001B[0m` : text),
  strong: (/** @type {string} */ text) => (inColour ? `\u001B[1m${text}\u001B[0m` : text),
})

/** Where a finding is, in words. @param {Finding} finding @param {Map<string, string>} signers */
function printPlace({ record, seq, field, signature, file }, signers) {
  const parts = [
    record,
    seq === undefined ? undefined : `entry ${seq}`,
    signature === undefined ? undefined : `signature of ${signers.get(signature) ?? signature}`,
    field,
  ]
  const place = parts.filter((part) => part !== undefined).join(', ')
  return place === '' ? (file ?? 'the pack') : `${place} (${file ?? 'the pack'})`
}

/** @param {any} log */
function printLog({ origin, size, root, pinned, cosigned, grewFrom }) {
  const lines = [
    wrap(`${plural(size, 'entry')}, root ${root.slice(0, 16)}…`, 'Log       '),
    wrap(clean(origin), '          '),
    wrap(
      pinned
        ? 'signed by the key that you gave'
        : 'signed by the key in the pack; not compared with one of yours (--vkey)',
      '          ',
    ),
  ]
  if (grewFrom !== undefined)
    lines.push(wrap(`consistent with your checkpoint of ${plural(grewFrom, 'entry')}`, '          '))
  for (const { name, at, pinned: given } of cosigned)
    lines.push(
      wrap(
        `cosigned by ${name} at ${at.slice(0, 19).replace('T', ' ')} UTC${given ? '' : ', a witness that the pack names'}`,
        '          ',
      ),
    )
  return lines
}

/** @param {any} record @param {ReturnType<typeof paint>} colour */
function printRecord(record, colour) {
  const lines = [
    '',
    colour.strong(wrap(record.title, `${clean(record.number)}  `)),
    wrap(
      `${record.status}, version ${record.version}; ${plural(record.entries, 'entry')}, ${plural(record.attachments, 'attachment')}`,
      '  ',
    ),
  ]
  if (record.signatures.length === 0) lines.push('  no signatures')
  for (const one of record.signatures) {
    const who = one.on_behalf_of === null ? one.signer : `${one.signer} for ${one.on_behalf_of}`
    const newer = one.version < record.version ? `, superseded by ${record.version}` : ''
    lines.push(
      '',
      wrap(
        `${who}, ${one.role}: ${one.meaning}`,
        one.holds ? `  ${colour.good('✓')} ` : `  ${colour.bad('✗')} `,
        '    ',
      ),
      wrap(`${one.gate}, ${printTime(one.signed_at, one.time_zone)}`, '    '),
      wrap(
        `version ${one.version}${newer}; ${one.kind} key; ${one.holds ? 'holds' : 'DOES NOT HOLD'}`,
        '    ',
      ),
    )
  }
  return lines
}

const mostPrinted = 25

/** The verdict in 80 columns. @param {ReturnType<typeof verifyPack>} result @param {string} path @param {boolean} [inColour] */
export function printResult({ ok, findings, summary }, path, inColour = false) {
  const colour = paint(inColour)
  const { tenant, made_at: madeAt, made_by: madeBy, log, records } = summary
  const lines = [
    wrap(path, 'Pack      '),
    wrap(`${tenant.name} (${tenant.slug})`, 'Tenant    '),
    wrap(`${printTime(madeAt, 'UTC')} by ${madeBy.name}`, 'Made      '),
    ...printLog(log),
    ...records.flatMap((record) => printRecord(record, colour)),
    '',
  ]
  const signers = new Map(
    records.flatMap(({ signatures }) =>
      signatures.map(({ id, signer, role }) => [id, `${signer} as ${role}`]),
    ),
  )
  for (const finding of findings.slice(0, mostPrinted))
    lines.push(
      wrap(`${printPlace(finding, signers)}: ${finding.what}. ${finding.why}`, `${colour.bad('✗')} `, '  '),
    )
  if (findings.length > mostPrinted)
    lines.push(`  and ${plural(findings.length - mostPrinted, 'finding')} more; --json names them all`)
  if (findings.length > 0) lines.push('')
  const count = records.reduce((sum, { signatures }) => sum + signatures.length, 0)
  const entries = records.reduce((sum, record) => sum + record.entries, 0)
  lines.push(
    ok
      ? colour.good(
          wrap(
            `${plural(records.length, 'record')}, ${plural(entries, 'entry')}, ${plural(count, 'signature')}.`,
            'EVERYTHING HOLDS. ',
          ),
        )
      : colour.bad(
          wrap(`${plural(findings.length, 'finding')}. Do not rely on this pack.`, 'THIS DOES NOT HOLD. '),
        ),
  )
  return `${lines.join('\n')}\n`
}

const usage = `node docket-verify.mjs PACK.zip [options]

  --vkey FILE        the key of the tenant's log, as you got it from the tenant
  --checkpoint FILE  an older checkpoint of the log, which you kept
  --witness KEY      the key of a witness that must have cosigned; may be repeated
  --json             everything as JSON

Exit code: 0 everything holds, 1 something does not, 2 it cannot be read.
`

/** @param {string | undefined} path */
function readText(path) {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new NotReadable(`${path} cannot be read`)
  }
}

/** @param {string[]} args @returns {number} the exit code */
function run(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      vkey: { type: 'string' },
      checkpoint: { type: 'string' },
      witness: { type: 'string', multiple: true },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const [path, ...more] = positionals
  if (values.help === true || path === undefined || more.length > 0) {
    process.stdout.write(usage)
    return values.help === true ? 0 : 2
  }
  let bytes
  try {
    bytes = readFileSync(path)
  } catch {
    throw new NotReadable(`${path} cannot be read`)
  }
  const vkey = readText(values.vkey)
  const checkpoint = readText(values.checkpoint)
  const result = verifyPack(bytes, {
    ...(vkey === undefined ? {} : { vkey: vkey.trim() }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    witnesses: values.witness ?? [],
  })
  const inColour = process.stdout.isTTY && !process.env['NO_COLOR']
  process.stdout.write(
    values.json === true ? `${JSON.stringify(result, null, 2)}\n` : printResult(result, path, inColour),
  )
  return result.ok ? 0 : 1
}

function main() {
  try {
    process.exitCode = run(process.argv.slice(2))
  } catch (error) {
    // Bad options are told like bad files; whatever else goes wrong is not a verdict either.
    process.stderr.write(
      `${wrap(error instanceof NotReadable ? error.message : toMessage(error), 'NOT READABLE: ', '  ')}\n`,
    )
    process.exitCode = 2
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href)
  main()
