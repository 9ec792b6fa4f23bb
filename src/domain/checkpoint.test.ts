import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  cosignedAt,
  cosignNote,
  formatCheckpoint,
  formatNote,
  formatSignature,
  keyTypes,
  listSigners,
  parseCheckpoint,
  parseNote,
  parseSignature,
  parseVkey,
  signNote,
  toOrigin,
  toVerifier,
  toVkey,
  verifySignature,
} from './checkpoint.ts'

// From the documentation of golang.org/x/mod/sumdb/note (BSD-3-Clause).
const publishedVkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const publishedNote = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`
// The private half as published there: PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz
const publishedSeed = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1)
const publishedKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), publishedSeed]),
  format: 'der',
  type: 'pkcs8',
})

const makeKey = () => generateKeyPairSync('ed25519').privateKey
const origin = toOrigin('0193b3c0-0000-7000-8000-000000000000')
const body = formatCheckpoint({ origin, size: 7, root: Buffer.alloc(32, 9), extensions: [] })

test('R-LOG-5 a note published with the format is read, checked and written again', () => {
  const verifier = parseVkey(publishedVkey)
  assert.ok(verifier !== undefined)
  assert.equal(toVkey(verifier), publishedVkey)
  assert.equal(verifier.keyHash, 'c74f20a3')
  const note = parseNote(publishedNote)
  assert.ok(note !== undefined)
  assert.deepEqual(listSigners(note, [verifier]), [verifier])
  assert.equal(formatNote(note), publishedNote)
  // Ed25519 gives the same bytes for the same text, so the published signature can be made again.
  assert.deepEqual(toVerifier('PeterNeumann', keyTypes.ed25519, publishedKey), verifier)
  assert.deepEqual(signNote(note.text, 'PeterNeumann', publishedKey), note.signatures[0])
})

test('R-LOG-5 every changed character of a signed note is noticed', () => {
  const verifier = parseVkey(publishedVkey)
  assert.ok(verifier !== undefined)
  for (let at = 0; at < publishedNote.length; at += 1) {
    for (const put of ['', 'x', '\n', ' ', 'é']) {
      const changed = publishedNote.slice(0, at) + put + publishedNote.slice(at + 1)
      const note = parseNote(changed)
      if (changed === publishedNote || note === undefined) continue
      assert.deepEqual(listSigners(note, [verifier]), [], `${put} at ${at}`)
    }
  }
})

test('R-LOG-5 what is no signed note is not read as one', () => {
  const line = '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZI='
  for (const text of [
    '',
    'text',
    'text\n',
    'text\n\n',
    `text\n\n${line}`,
    `text\n${line}\n`,
    `text\r\n\n${line}\n`,
    `te\u0000xt\n\n${line}\n`,
    `te\ufffdxt\n\n${line}\n`,
    `te\ud800xt\n\n${line}\n`,
    `text\n\n- PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZI=\n`,
    `text\n\n— Peter+Neumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZI=\n`,
    `text\n\n— PeterNeumann x08go_ZJkuBS9UG_SffcvIAQxVBtiFupLLr8pAcElZI=\n`,
    `text\n\n— PeterNeumann x08goA==\n`.replace('x08goA==', 'x08g'),
    `text\n\n${line}\n\n${line}\nmore\n`,
    `text\n\n${`${line}\n`.repeat(101)}`,
  ])
    assert.equal(parseNote(text), undefined, JSON.stringify(text.slice(0, 90)))
  assert.ok(parseNote(`text\n\n${line}\n`) !== undefined)
  assert.ok(parseNote(`a\n\nb\n\n${line}\n${line}\n`)?.text === 'a\n\nb\n')
})

test('R-LOG-5 a key is what its hash says, and of a kind that is known', () => {
  const good = toVerifier(origin, keyTypes.ed25519, makeKey())
  assert.deepEqual(parseVkey(toVkey(good)), good)
  const [name = '', keyHash = '', ...rest] = toVkey(good).split('+')
  const encoded = rest.join('+')
  for (const vkey of [
    '',
    name,
    `${name}+${keyHash}`,
    `${name}+00000000+${encoded}`,
    `other+${keyHash}+${encoded}`,
    `${name}+${keyHash.toUpperCase()}0+${encoded}`,
    `${name}+${keyHash}+${encoded.slice(4)}`,
    `${name}+${keyHash}+${Buffer.concat([Buffer.of(9), good.publicKey]).toString('base64')}`,
    `+${keyHash}+${encoded}`,
    ` ${toVkey(good)}`,
  ])
    assert.equal(parseVkey(vkey), undefined, vkey)
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  assert.throws(() => toVerifier(origin, keyTypes.ed25519, ec), /not an Ed25519 key/)
})

test('R-LOG-5 a false signature in a known name spoils the note; one of a stranger is passed over', () => {
  const key = makeKey()
  const known = toVerifier(origin, keyTypes.ed25519, key)
  const good = signNote(body, origin, key)
  const stranger = signNote(body, origin, makeKey())
  assert.deepEqual(listSigners({ text: body, signatures: [stranger, good] }, [known]), [known])
  const forged = { ...good, signature: Buffer.alloc(64, 1) }
  assert.deepEqual(listSigners({ text: body, signatures: [good, forged] }, [known]), [])
  assert.deepEqual(listSigners({ text: body, signatures: [stranger] }, [known]), [])
})

test('R-LOG-6 a cosignature says when, and covers the time and the note', () => {
  const key = makeKey()
  const witness = toVerifier('witness.example/w1', keyTypes.cosignature, key)
  const line = cosignNote(body, witness.name, key, 1_795_000_000)
  assert.equal(line.signature.length, 72)
  assert.equal(cosignedAt(line), 1_795_000_000)
  assert.ok(verifySignature(body, line, witness))
  assert.deepEqual(parseSignature(formatSignature(line)), line)
  assert.ok(!verifySignature(`${body}x\n`, line, witness))
  const later = Buffer.from(line.signature)
  later[7] = (later[7] ?? 0) + 1
  assert.ok(!verifySignature(body, { ...line, signature: later }, witness))
  assert.ok(!verifySignature(body, { ...line, signature: line.signature.subarray(0, 64) }, witness))
  assert.ok(!verifySignature(body, { ...line, name: 'witness.example/w2' }, witness))
  assert.ok(!verifySignature(body, { ...line, keyHash: '00000000' }, witness))
  // The same key has another hash for another kind of signature: neither passes for the other.
  const asLog = toVerifier(witness.name, keyTypes.ed25519, key)
  assert.notEqual(asLog.keyHash, witness.keyHash)
  assert.ok(!verifySignature(body, line, asLog))
  assert.ok(!verifySignature(body, { ...line, keyHash: asLog.keyHash }, asLog))
  // The known message of the format: header, time, note.
  const plain = signNote(`cosignature/v1\ntime 1795000000\n${body}`, witness.name, key)
  assert.deepEqual(line.signature.subarray(8), plain.signature)
})

test('R-LOG-5 a checkpoint is read as it was written, and nothing else is read as one', () => {
  const root = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
  const line = fc.string({ minLength: 1 }).filter((text) => !text.includes('\n'))
  fc.assert(
    fc.property(line, fc.nat(), root, fc.array(line), (name, size, hash, extensions) => {
      const checkpoint = { origin: name, size, root: hash, extensions }
      assert.deepEqual(parseCheckpoint(formatCheckpoint(checkpoint)), checkpoint)
    }),
  )
  const good = `${origin}\n7\n${Buffer.alloc(32).toString('base64')}\n`
  assert.ok(parseCheckpoint(good) !== undefined)
  for (const text of [
    '',
    good.slice(0, -1),
    `${good}\n`,
    good.replace('\n7\n', '\n07\n'),
    good.replace('\n7\n', '\n-7\n'),
    good.replace('\n7\n', '\n+7\n'),
    good.replace('\n7\n', '\n7.0\n'),
    good.replace('\n7\n', '\n9007199254740993\n'),
    good.replace('\n7\n', '\n\n'),
    good.replace(origin, ''),
    `${origin}\n7\n${Buffer.alloc(31).toString('base64')}\n`,
    `${origin}\n7\n${Buffer.alloc(32).toString('base64url')}\n`,
    `${origin}\n7\n`,
  ])
    assert.equal(parseCheckpoint(text), undefined, JSON.stringify(text))
})
