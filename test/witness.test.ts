/** The witness program, from its doors: what it signs, what it refuses, and what it remembers. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { cosignedAt, listSigners, parseNote, parseVkey } from '#domain/checkpoint.ts'
import type { Verifier } from '#domain/checkpoint.ts'
import { emptyRoot } from '#domain/merkle.ts'
import { toOriginHash } from '../witness/protocol.ts'
import { formatOffer, makeLog } from './small-log.ts'
import type { SmallLog } from './small-log.ts'
import { startWitness, stopWitnesses } from './witness-process.ts'
import type { WitnessProcess } from './witness-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'docket-witness-'))
const log = makeLog('docket.log/one')
const other = makeLog('docket.log/two')
const stranger = makeLog('docket.log/stranger')
const impostor = makeLog('docket.log/one')

let witness: WitnessProcess
before(async () => {
  witness = await startWitness({ data: join(folder, 'main'), logs: [log.vkey, other.vkey], name: 'test/w1' })
})
after(async () => {
  await stopWitnesses()
  rmSync(folder, { recursive: true, force: true })
})

const verifierOf = ({ vkey }: WitnessProcess): Verifier => {
  const verifier = parseVkey(vkey)
  assert.ok(verifier !== undefined)
  return verifier
}

function assertCosigned(from: WitnessProcess, note: string, line: string): void {
  const signed = parseNote(note + line)
  assert.ok(signed !== undefined)
  assert.deepEqual(listSigners(signed, [verifierOf(from)]), [verifierOf(from)])
  const seconds = cosignedAt(signed.signatures.at(-1) ?? assert.fail())
  assert.ok(Math.abs((seconds ?? 0) - Date.now() / 1000) < 60)
}

/** The note with one signature more, of somebody that the witness does not know as this log. */
const withSignatureOf = (signer: SmallLog, note: string): string =>
  `${note}${signer.note(3).split('\n\n')[1]}`

const runAs = (uid: number, command: string): number | null =>
  spawnSync('sh', ['-c', command], { uid, gid: uid, stdio: 'ignore' }).status

const linesOf = (data: string): string[] =>
  readFileSync(join(data, 'checkpoints.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')

test('R-WIT-1 a checkpoint that continues the last one is cosigned, and only then', async () => {
  assert.match(witness.vkey, /^test\/w1\+[0-9a-f]{8}\+B[A-Za-z0-9+/]+=*$/)
  for (const [from, to] of [
    [0, 3],
    [3, 3],
    [3, 8],
    [8, 300],
    [300, 301],
  ] as const) {
    const answer = await witness.add(log.offer(from, to))
    assert.equal(answer.status, 200, answer.text)
    assertCosigned(witness, log.note(to), answer.text)
  }
  // Logs are apart: the other one begins at nothing.
  assert.equal((await witness.add(other.offer(0, 5))).status, 200)
})

test('R-WIT-2 whatever is not a continuation is refused as the protocol says, and changes nothing', async () => {
  const [size, next] = [301, 310]
  const good = log.offer(size, next)
  const fork = log.fork(100)
  const proof = log.proof(size, next)
  const cases: readonly (readonly [what: string, body: string, status: number, text?: RegExp])[] = [
    ['nothing', '', 400],
    ['no old size', good.replace(/^old 301\n/, ''), 400],
    ['a zero ahead', good.replace('old 301', 'old 0301'), 400],
    ['a sign', good.replace('old 301', 'old -301'), 400],
    ['no checkpoint', good.slice(0, good.indexOf('\n\n') + 2), 400],
    ['no signature', good.slice(0, good.indexOf('—')), 400],
    ['64 hashes', formatOffer(size, Array<Buffer>(64).fill(emptyRoot), log.note(next)), 400],
    ['a hash of 31 bytes', formatOffer(size, [emptyRoot.subarray(1)], log.note(next)), 400],
    ['base64 of another spelling', good.replace(/=\n\n/, '\n\n'), 400],
    ['old above new', formatOffer(400, [], log.note(next)), 400],
    ['unknown log', stranger.offer(0, 3), 404],
    ['another key under the same name', impostor.offer(size, next), 403],
    ['signature of another checkpoint', good.replace('\n310\n', '\n311\n'), 403],
    ['behind', log.offer(300, next), 409, /^301\n$/],
    ['from the beginning', log.offer(0, next), 409, /^301\n$/],
    ['ahead', log.offer(305, next), 409, /^301\n$/],
    ['shorter', log.offer(5, 6), 409, /^301\n$/],
    ['no proof', formatOffer(size, [], log.note(next)), 422],
    ['a hash too many', formatOffer(size, [...proof, emptyRoot], log.note(next)), 422],
    ['the proof of another size', formatOffer(size, log.proof(300, next), log.note(next)), 422],
    ['another past', fork.offer(size, next), 422],
    ['another root of this size', fork.offer(size, size), 422],
    ['a proof where nothing is to prove', formatOffer(size, [emptyRoot], log.note(size)), 422],
  ]
  const kept = linesOf(join(folder, 'main')).length
  for (const [what, body, status, text] of cases) {
    const answer = await witness.add(body)
    assert.equal(answer.status, status, `${what}: ${answer.text}`)
    assert.equal(answer.type.startsWith('text/x.tlog.size'), status === 409, what)
    if (text !== undefined) assert.match(answer.text, text, what)
    assert.ok(!answer.text.includes('—'), what)
  }
  assert.equal(linesOf(join(folder, 'main')).length, kept)
  // What the log signed although it does not fit is kept for whoever asks.
  assert.ok(witness.said.some((line) => line.includes('"refused"') && line.includes('docket.log/one')))
  // Signatures of keys that nobody knows are passed over.
  const answer = await witness.add(formatOffer(size, proof, withSignatureOf(other, log.note(next))))
  assert.equal(answer.status, 200, answer.text)
})

test('R-WIT-2 a false signature in the name of a known key makes the note worthless', async () => {
  const [good = '', bad = ''] = [log.note(320), log.note(321)].map((note) => note.split('\n\n')[1] ?? '')
  const text = log.note(320).split('\n\n')[0] ?? ''
  const answer = await witness.add(formatOffer(310, log.proof(310, 320), `${text}\n\n${good}${bad}`))
  assert.equal(answer.status, 403)
})

test('R-WIT-2 a log without entries has one root', async () => {
  const empty = makeLog('docket.log/empty')
  const own = await startWitness({ data: join(folder, 'empty'), logs: [empty.vkey] })
  assert.equal((await own.add(formatOffer(0, [], empty.note(0, Buffer.alloc(32, 7))))).status, 422)
  assert.equal((await own.add(empty.offer(0, 0))).status, 200)
  assert.equal((await own.add(formatOffer(0, [emptyRoot], empty.note(2)))).status, 422)
  assert.equal((await own.add(empty.offer(0, 2))).status, 200)
  await own.kill('SIGTERM')
})

test('R-WIT-3 limits: a long body, another method, another path', async () => {
  assert.equal((await witness.add('x'.repeat(100_000))).status, 413)
  assert.equal((await fetch(`${witness.url}/add-checkpoint`)).status, 405)
  assert.equal((await fetch(`${witness.url}/`)).status, 404)
  assert.equal((await fetch(`${witness.url}/${toOriginHash('docket.log/none')}/checkpoint`)).status, 404)
})

test('R-WIT-4 the last checkpoint of a log is served with both signatures', async () => {
  const response = await fetch(`${witness.url}/${toOriginHash(other.origin)}/checkpoint`)
  const note = parseNote(await response.text())
  assert.ok(note !== undefined)
  const log2 = parseVkey(other.vkey) ?? assert.fail()
  assert.equal(listSigners(note, [log2, verifierOf(witness)]).length, 2)
})

test('R-WIT-5 of two roots of one size, at most one is signed, however many ask at once', async () => {
  const faces: SmallLog[] = [makeLog('docket.log/race')]
  const [face] = faces
  assert.ok(face !== undefined)
  faces.push(face.fork(0), face.fork(2), face.fork(4))
  const own = await startWitness({ data: join(folder, 'race'), logs: [face.vkey] })
  let size: number = 0
  for (let round = 0; round < 20; round += 1) {
    const next = size + 5
    const answers = await Promise.all(
      Array.from({ length: 32 }, async (_, i): Promise<{ root: string; status: number }> => {
        const one: SmallLog = faces[i % faces.length] ?? face
        const { status } = await own.add(one.offer(size, next))
        return { root: one.root(next).toString('hex'), status }
      }),
    )
    const signed = new Set(answers.filter(({ status }) => status === 200).map(({ root }) => root))
    assert.equal(signed.size, 1, `round ${round}`)
    assert.ok(answers.every(({ status }) => [200, 409, 422].includes(status)))
    // The face that won goes on; the others have lost for good.
    const winner = faces.find((one) => signed.has(one.root(next).toString('hex'))) ?? face
    faces.splice(0, faces.length, winner, winner.fork(next), winner.fork(next + 2))
    size = next
  }
  await own.kill('SIGTERM')
  const sizes = linesOf(join(folder, 'race')).map((line) => (JSON.parse(line) as { size: number }).size)
  assert.deepEqual(
    sizes,
    Array.from({ length: 20 }, (_, i) => (i + 1) * 5),
  )
})

test('R-WIT-6 what was cosigned survives kill -9, and a torn last line is cut', async () => {
  const own = makeLog('docket.log/killed')
  const data = join(folder, 'killed')
  let acknowledged = 0
  let vkey = ''
  for (let round = 0; round < 4; round += 1) {
    const running = await startWitness({ data, logs: [own.vkey] })
    // The key is made once.
    assert.ok(vkey === '' || vkey === running.vkey)
    vkey = running.vkey
    const has = await running.add(own.offer(0, acknowledged + 100))
    const remembered = has.status === 409 ? Number(has.text) : acknowledged + 100
    assert.ok(remembered >= acknowledged, `${remembered} < ${acknowledged}`)
    acknowledged = remembered
    let offers = 0
    const storm = (async () => {
      for (;;) {
        const { status } = await running.add(own.offer(acknowledged, acknowledged + 1))
        assert.equal(status, 200)
        acknowledged += 1
        offers += 1
        if (offers === 5) void running.kill('SIGKILL')
      }
    })()
    await assert.rejects(storm, /fetch failed|other side closed|ECONN/)
    appendFileSync(
      join(data, 'checkpoints.jsonl'),
      '{"at":"2026-11-21T00:00:00.000Z","origin":"docket.log/kil',
    )
  }
  const sizes = linesOf(data)
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { size: number }).size)
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(sizes).size, sizes.length)
})

test('R-WIT-7 a memory that was edited, a key that is gone and a second witness stop the start', async () => {
  const own = makeLog('docket.log/edited')
  const data = join(folder, 'edited')
  const running = await startWitness({ data, logs: [own.vkey] })
  await running.add(own.offer(0, 3))
  await running.add(own.offer(3, 9))
  await assert.rejects(startWitness({ data, logs: [own.vkey] }), /ended with 78: Another witness runs/)
  await running.kill('SIGTERM')
  const path = join(data, 'checkpoints.jsonl')
  const kept = readFileSync(path, 'utf8')
  const key = readFileSync(join(data, 'key'), 'utf8')
  const [first = '', second = ''] = kept.split('\n')
  const edits: readonly (readonly [string, RegExp])[] = [
    [kept.replace('"size":9', '"size":8'), /Line 2 .* is damaged/],
    [`${second}\n${first}\n`, /Line 2 .* is damaged/],
    [`${first}\nnonsense\n${second}\n`, /Line 2 .* is damaged/],
    [kept.replace(/(\\n— docket\.log\/edited [^\\]+\\n)— .*\\n/g, '$1'), /is not signed by this witness/],
  ]
  for (const [text, why] of edits) {
    assert.notEqual(text, kept)
    writeFileSync(path, text)
    await assert.rejects(startWitness({ data, logs: [own.vkey] }), why)
  }
  writeFileSync(path, kept)
  rmSync(join(data, 'key'))
  await assert.rejects(startWitness({ data, logs: [own.vkey] }), /what it signed is there: restore the key/)
  writeFileSync(join(data, 'key'), key)
  const again = await startWitness({ data, logs: [own.vkey] })
  assert.equal(again.vkey, running.vkey)
  await again.kill('SIGTERM')
  await assert.rejects(startWitness({ data: join(folder, 'none'), logs: ['nonsense'] }), /is no vkey/)
  await assert.rejects(startWitness({ data: join(folder, 'none'), logs: [] }), /Name the logs/)
})

test(
  'R-WIT-8 it runs as a user of its own, whose memory the service cannot read or change',
  {
    skip: process.getuid?.() === 0 ? false : 'only root may start a process as somebody else',
  },
  async () => {
    const [own, service] = [65_534, 65_533]
    const data = mkdtempSync(join(tmpdir(), 'docket-witness-user-'))
    chownSync(data, own, own)
    try {
      const running = await startWitness({ data, logs: [log.vkey], uid: own })
      assert.equal((await running.add(log.offer(0, 3))).status, 200)
      for (const name of ['key', 'checkpoints.jsonl']) {
        assert.equal(statSync(join(data, name)).mode & 0o777, 0o600)
        assert.equal(runAs(own, `cat ${data}/${name}`), 0)
        assert.notEqual(runAs(service, `cat ${data}/${name}`), 0)
        assert.notEqual(runAs(service, `echo >> ${data}/${name}`), 0)
      }
      assert.notEqual(runAs(service, `rm -f ${data}/key && test ! -e ${data}/key`), 0)
      await running.kill('SIGTERM')
    } finally {
      rmSync(data, { recursive: true, force: true })
    }
  },
)
