import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { cosignNote, formatSignature, keyTypes, parseNote, toVerifier, toVkey } from '#domain/checkpoint.ts'
import { SetupProblem, Unavailable } from '#platform/error.ts'
import { makeLog } from '#test/small-log.ts'
import { openWitnesses } from './witness.ts'
import type { Witness } from './witness.ts'

const log = makeLog('docket.log/adapter')
const note = log.note(7)
const { text } = parseNote(note) ?? assert.fail()
const [own, foreign] = [generateKeyPairSync('ed25519').privateKey, generateKeyPairSync('ed25519').privateKey]
const vkey = toVkey(toVerifier('w/1', keyTypes.cosignature, own))
const line = formatSignature(cosignNote(text, 'w/1', own, 1_700_000_000))
const size = 'text/x.tlog.size'

type Reply = { readonly status: number; readonly type?: string; readonly body: string }
let reply: Reply | 'hang' | 'cut' = { status: 200, body: '' }
let asked = ''
const server = createServer((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    asked = `${request.method} ${request.url} ${Buffer.concat(pieces).toString('utf8')}`
    if (reply === 'cut') request.socket.destroy()
    if (typeof reply === 'string') return
    const {
      status,
      type = 'text/plain',
      body,
    } = request.url === '/elsewhere' ? { status: 200, body: `${line}\n` } : reply
    response.writeHead(status, { 'content-type': type, location: '/elsewhere' }).end(body)
  })
})
let url = ''
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

const open = (): Witness => openWitnesses(`${url}/w/#${vkey}`)[0] ?? assert.fail()
const offer = { note, oldSize: 3, proof: log.proof(3, 7) }

test('R-WIT-9 the request is that of the protocol, below the address of the witness', async () => {
  reply = { status: 200, body: `${line}\n` }
  assert.deepEqual(await open().cosign(offer), { kind: 'cosigned', line })
  assert.equal(asked, `POST /w/add-checkpoint ${log.offer(3, 7)}`)
})

test('R-WIT-10 only a valid signature of the named key counts, whatever else a witness answers', async () => {
  const false1 = formatSignature(cosignNote(text, 'w/1', foreign, 1_700_000_000))
  const elsewhere = formatSignature(cosignNote(text.replace('\n7\n', '\n8\n'), 'w/1', own, 1_700_000_000))
  const later = line.replace(/.{60}$/, (end) =>
    end.startsWith('A') ? `B${end.slice(1)}` : `A${end.slice(1)}`,
  )
  const cases: readonly (readonly [Reply, object])[] = [
    [
      { status: 200, body: `${false1}\n${line}\n` },
      { kind: 'cosigned', line },
    ],
    [
      { status: 200, body: '' },
      { kind: 'refused', why: 'its answer has no valid signature of w/1' },
    ],
    [
      { status: 200, body: `${false1}\n` },
      { kind: 'refused', why: 'its answer has no valid signature of w/1' },
    ],
    [
      { status: 200, body: `${elsewhere}\n` },
      { kind: 'refused', why: 'its answer has no valid signature of w/1' },
    ],
    [
      { status: 200, body: `${later}\n` },
      { kind: 'refused', why: 'its answer has no valid signature of w/1' },
    ],
    [
      { status: 409, type: size, body: '5\n' },
      { kind: 'has', size: 5 },
    ],
    [
      { status: 409, type: size, body: '05\n' },
      { kind: 'refused', why: '409 05' },
    ],
    [
      { status: 409, body: '5\n' },
      { kind: 'refused', why: '409 5' },
    ],
    [
      { status: 422, body: 'no\nmore' },
      { kind: 'inconsistent', why: '422 no' },
    ],
    [
      { status: 403, body: 'who?' },
      { kind: 'refused', why: '403 who?' },
    ],
    [
      { status: 404, body: '' },
      { kind: 'refused', why: '404 ' },
    ],
  ]
  for (const [given, answer] of cases) {
    reply = given
    assert.deepEqual(await open().cosign(offer), answer, JSON.stringify(given))
  }
})

test('R-WIT-11 a witness that is busy, broken, elsewhere or endless is away', async () => {
  const away: (Reply | 'cut')[] = [
    { status: 503, body: '' },
    { status: 429, body: '' },
    { status: 302, body: '' },
    { status: 200, body: 'x'.repeat(100_000) },
    'cut',
  ]
  for (const given of away) {
    reply = given
    await assert.rejects(open().cosign(offer), Unavailable)
  }
  await assert.rejects(
    openWitnesses(`http://127.0.0.1:9#${vkey}`)[0]?.cosign(offer) ?? assert.fail(),
    Unavailable,
  )
})

test('R-WIT-11 a witness that does not answer is away after five seconds', async () => {
  reply = 'hang'
  const began = performance.now()
  await assert.rejects(open().cosign(offer), Unavailable)
  assert.ok(performance.now() - began < 7000)
})

test('R-WIT-12 the setting names each witness by address and key, or Docket does not start', () => {
  const second = toVkey(toVerifier('w/2', keyTypes.cosignature, foreign))
  assert.deepEqual(openWitnesses(undefined), [])
  assert.deepEqual(
    openWitnesses(`https://a.example#${vkey}, https://b.example/x#${second}`).map(({ name }) => name),
    ['w/1', 'w/2'],
  )
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['https://a.example', /has no vkey of a witness/],
    [`a.example#${vkey}`, /is no http address/],
    [`file:///x#${vkey}`, /is no http address/],
    [`https://a.example#${vkey.slice(0, -4)}`, /has no vkey of a witness/],
    [`https://a.example#${log.vkey}`, /has no vkey of a witness/],
    [`https://a.example#${vkey},https://b.example#${vkey}`, /two witnesses are called w\/1/],
  ]
  for (const [setting, why] of wrong)
    assert.throws(
      () => openWitnesses(setting),
      (error: Error) => error instanceof SetupProblem && why.test(error.message),
      setting,
    )
})
