/** The pieces of the offline verifier against the standards: RFC 8785, RFC 6962, C2SP notes, and the archive. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { strToU8, zipSync } from 'fflate'
import { growTree, makeNote, makeNoteKey, sha256 } from './log.ts'
import { verifier } from './verifier.ts'

const { canonicalise, parseCanonical, parseNote, parseVkey, readZip, NotReadable } = verifier

test('R-OFV-1 members are sorted and values written as RFC 8785, sections 3.2.2 and 3.2.3, has them', () => {
  const value: unknown = JSON.parse(
    String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
      "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
  )
  assert.equal(
    canonicalise(value),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
      String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  )
  const signs = JSON.parse(
    String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
      "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
  ) as unknown
  const order = [...canonicalise(signs).matchAll(/:"([^"]*)"/g)].map(([, name]) => name?.split(' ')[0])
  assert.deepEqual(order, ['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji:', 'Hebrew'])
})

test('R-OFV-1 numbers are written as RFC 8785, appendix B, has them', () => {
  const samples: readonly (readonly [bits: string, text: string])[] = [
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ]
  for (const [bits, text] of samples)
    assert.equal(canonicalise(Buffer.from(bits, 'hex').readDoubleBE()), text, bits)
})

test('R-OFV-1 what is not JSON, and bytes that are not the one way to write it, are refused', () => {
  for (const value of [NaN, Infinity, undefined, () => 1, 1n, '\ud800', { a: '\udc00x' }, [undefined]])
    assert.throws(() => canonicalise(value))
  assert.equal(parseCanonical(Buffer.from('{"a":1}')).fault, undefined)
  const wrong = [
    '{ "a":1}',
    '{"a":1.0}',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '"\\u0041"',
    '\ufeff{}',
    '{}\n',
    '1e2',
    '-0',
  ]
  for (const text of wrong) assert.ok(parseCanonical(Buffer.from(text)).fault !== undefined, text)
})

type Vector = {
  readonly leafIdx: number
  readonly treeSize: number
  readonly leafHash: string
  readonly root: string
  readonly size1: number
  readonly size2: number
  readonly root1: string
  readonly root2: string
  readonly start: number
  readonly end: number
  readonly size: number
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}
const hash = (text: string | null): Buffer => Buffer.from(text ?? '', 'base64')
const verdicts: { readonly [kind: string]: (vector: Vector, proof: readonly Buffer[]) => boolean } = {
  inclusion: (v, proof) =>
    verifier.verifyInclusion({
      index: v.leafIdx,
      size: v.treeSize,
      leaf: hash(v.leafHash),
      proof,
      root: hash(v.root),
    }),
  consistency: (v, proof) =>
    verifier.verifyConsistency({
      from: v.size1,
      to: v.size2,
      oldRoot: hash(v.root1),
      newRoot: hash(v.root2),
      proof,
    }),
  subtreeinclusion: (v, proof) =>
    verifier.verifySubtreeInclusion({
      ...v,
      index: v.leafIdx,
      leaf: hash(v.leafHash),
      proof,
      root: hash(v.root),
    }),
  subtreeconsistency: (v, proof) =>
    verifier.verifySubtreeConsistency({ ...v, node: hash(v.root1), proof, root: hash(v.root2) }),
}

test('R-OFV-2 518 of 518 vectors of others, of four kinds of proof, have their verdict', () => {
  let count = 0
  for (const path of globSync('test/vectors/merkle/**/*.json')) {
    const vector = JSON.parse(readFileSync(path, 'utf8')) as Vector
    const verify = verdicts[path.split('/')[3] ?? '']
    assert.ok(verify !== undefined, path)
    assert.equal(verify(vector, (vector.proof ?? []).map(hash)), !vector.wantErr, path)
    count += 1
  }
  assert.equal(count, 518)
})

test('R-OFV-2 every proof of every tree of up to 40 leaves holds, and no other leaf, place or root does', () => {
  const leaves = Array.from({ length: 40 }, (_, i) => verifier.leafHash(Buffer.from(`leaf ${i}`)))
  const tree = growTree(leaves)
  for (let size = 1; size <= 40; size += 1) {
    const root = tree.root(size)
    for (let index = 0; index < size; index += 1) {
      const claim = { index, size, leaf: leaves[index] ?? root, proof: tree.inclusion(index, size), root }
      assert.ok(verifier.verifyInclusion(claim))
      assert.ok(!verifier.verifyInclusion({ ...claim, leaf: sha256('x') }))
      assert.ok(!verifier.verifyInclusion({ ...claim, index: (index + 1) % (size + 1) }))
      assert.ok(!verifier.verifyInclusion({ ...claim, proof: [...claim.proof, root] }))
    }
    for (let from = 1; from <= size; from += 1) {
      const claim = {
        from,
        to: size,
        oldRoot: tree.root(from),
        newRoot: root,
        proof: tree.consistency(from, size),
      }
      assert.ok(verifier.verifyConsistency(claim))
      assert.ok(!verifier.verifyConsistency({ ...claim, oldRoot: sha256('x') }))
      assert.ok(!verifier.verifyConsistency({ ...claim, proof: [...claim.proof, root] }))
    }
  }
})

test('R-OFV-3 a note holds by its own key only, and a cosignature with its time', () => {
  const [key, other] = [makeNoteKey('docket.log/a', 1), makeNoteKey('docket.log/a', 1)]
  const witness = makeNoteKey('w.example', 4, 1_795_000_000n)
  const note = makeNote('docket.log/a', 5, sha256('root'), [key, witness])
  const parsed = parseNote(note)
  const [vkey, stranger, cosigner] = [key, other, witness].map((one) => parseVkey(one.vkey))
  assert.ok(typeof parsed !== 'string' && vkey && stranger && cosigner)
  assert.equal(verifier.verifyNote(parsed, vkey), 'right')
  assert.equal(verifier.verifyNote(parsed, stranger), 'absent')
  assert.equal(verifier.verifyCosignature(parsed, cosigner), 1_795_000_000)
  assert.equal(verifier.verifyCosignature(parsed, vkey), 'wrong')
  const edited = parseNote(note.replace('\n5\n', '\n6\n'))
  assert.ok(typeof edited !== 'string')
  assert.equal(verifier.verifyNote(edited, vkey), 'wrong')
  assert.equal(verifier.verifyCosignature(edited, cosigner), 'wrong')
})

test('R-OFV-3 what is no note, no checkpoint and no key is not taken for one', () => {
  const key = makeNoteKey('docket.log/a', 1)
  const note = makeNote('docket.log/a', 5, sha256('root'), [key])
  const wrong = [
    note.replace('\n\n', '\n'),
    note.slice(0, -1),
    note.replace('\n5\n', '\n05\n'),
    note.replace('\n5\n', '\n-5\n'),
    note.replace('\n5\n', '\n99999999999999999999\n'),
    note.replace('— ', '- '),
    note.replace('docket', 'doc\tket'),
    makeNote('docket.log/a', 5, Buffer.from('short'), [key]),
  ]
  for (const text of wrong) assert.equal(typeof parseNote(text), 'string', text)
  const [name = '', id = '', data = ''] = key.vkey.split('+')
  assert.ok(parseVkey(key.vkey) !== undefined)
  for (const text of [
    `${name}x+${id}+${data}`,
    `${name}+00000000+${data}`,
    `${name}+${id}`,
    `${name}+${id}+AAAA`,
    '',
  ])
    assert.equal(parseVkey(text), undefined, text)
})

const zip = zipSync({ 'a.txt': strToU8('hello hello hello'), 'b/c.txt': [strToU8('stored'), { level: 0 }] })
const text = Buffer.from(zip).toString('latin1')
const edit = (from: string, to: string): Buffer => Buffer.from(text.replaceAll(from, to), 'latin1')
const patch = (offset: number, byte: number): Buffer => {
  const bytes = Buffer.from(zip)
  bytes.writeUInt8(byte, offset < 0 ? bytes.length + offset : offset)
  return bytes
}

test('R-OFV-4 an archive is read, stored and deflated', () => {
  const files = readZip(zip)
  assert.deepEqual(
    [...files].map(([path, bytes]) => `${path}: ${bytes.toString()}`),
    ['a.txt: hello hello hello', 'b/c.txt: stored'],
  )
})

test('R-OFV-4 an archive that could be read in two ways, leaves its folder or blows up is refused', () => {
  const central = text.indexOf('PK\u0001\u0002')
  const bomb = zipSync({ bomb: new Uint8Array(5_000_000) })
  const tricks: { readonly [name: string]: Uint8Array } = {
    'no archive': Buffer.from('hello'),
    nothing: Buffer.alloc(0),
    'cut short': zip.subarray(0, -1),
    'something after it': Buffer.concat([zip, Buffer.from('x')]),
    'something before it': Buffer.concat([Buffer.from('x'), zip]),
    'a name twice': edit('b/c.txt', 'a.txt\u0000\u0000').subarray(0),
    'the same name in capitals': zipSync({ 'a.txt': strToU8('1'), 'A.TXT': strToU8('2') }),
    'out of its folder': zipSync({ '../a.txt': strToU8('1') }),
    'from the root': zipSync({ '/a.txt': strToU8('1') }),
    'a drive': zipSync({ 'C:a.txt': strToU8('1') }),
    'a backslash': zipSync({ 'a\\b.txt': strToU8('1') }),
    'an empty part': zipSync({ 'a//b.txt': strToU8('1') }),
    'a control character': zipSync({ 'a\nb.txt': strToU8('1') }),
    'a wrong checksum': edit('stored', 'stoRed'),
    'another name in its header': patch(30, 0x62),
    'another method in its header': patch(8, 0),
    'a locked member': patch(central + 8, 1),
    'a method of its own': patch(central + 10, 12),
    'a wrong size': patch(central + 24, 16),
    'a size too small': patch(central + 24, 1),
    'a wrong count': patch(-12, 1),
    'a wrong place of the directory': patch(-6, 1),
    'a link': patch(central + 41, 0xa0),
  }
  for (const [name, bytes] of Object.entries(tricks))
    assert.throws(() => readZip(bytes), NotReadable, `${name} was read`)
  assert.throws(() => readZip(bomb, { file: 1_000_000, total: 9_000_000, files: 9 }), NotReadable)
  assert.throws(() => readZip(bomb, { file: 9_000_000, total: 1_000_000, files: 9 }), NotReadable)
  assert.throws(() => readZip(zip, { file: 9000, total: 9000, files: 1 }), NotReadable)
})
