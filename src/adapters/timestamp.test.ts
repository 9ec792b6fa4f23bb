import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { ContentInfo, SignedData } from '@peculiar/asn1-cms'
import { AsnConvert } from '@peculiar/asn1-schema'
import { readConfig } from '#platform/config.ts'
import { SetupProblem, Unavailable } from '#platform/error.ts'
import { openAuthority } from '#test/timestamp-authority.ts'
import type { Authority, Trick, Wish } from '#test/timestamp-authority.ts'
import { makeTimestamp, openTimestamp, readAuthorities, toQuery } from './timestamp.ts'
import { parseReply, TokenError, verifyToken } from './timestamp-token.ts'

const bytes = Buffer.from('docket.log/00000000-0000-0000-0000-000000000000\n7\n…\n')
const nonce = 0x7123_4567_89ab_cdefn

let authority: Authority
before(async () => (authority = await openAuthority()))
after(() => authority.close())

async function withAuthority<T>(wish: Wish, work: (authority: Authority) => Promise<T>): Promise<T> {
  const own = await openAuthority(wish)
  try {
    return await work(own)
  } finally {
    await own.close()
  }
}

test('R-TSA-1 openssl reads our question: version 1, SHA-256 of the bytes, nonce, certificate wanted', () => {
  const read = authority.readQuery(toQuery(bytes, nonce))
  assert.match(read, /^Version: 1$/m)
  assert.match(read, /^Hash Algorithm: sha256$/m)
  assert.match(read, /^Nonce: 0x7123456789ABCDEF$/m)
  assert.match(read, /^Certificate required: yes$/m)
  const dump = [...read.matchAll(/^ +[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]){1,16})/gm)].map(([, hex = '']) => hex)
  const imprint = dump.join('').replaceAll(/[^0-9a-f]/g, '')
  assert.equal(imprint, createHash('sha256').update(bytes).digest('hex'))
})

test('R-TSA-1 the question is the DER that RFC 3161 asks for', () => {
  const hash = createHash('sha256').update(bytes).digest('hex')
  assert.equal(
    toQuery(bytes, nonce).toString('hex'),
    `30430201013031300d0609608648016503040201050004 20${hash}02087123456789abcdef0101ff`.replaceAll(' ', ''),
  )
})

for (const wish of [
  {},
  { keys: 'rsa' },
  { intermediate: true },
  { essDigest: 'sha1' },
  { essDigest: 'sha512', digest: 'sha512' },
  { keys: 'rsa', digest: 'sha384', intermediate: true },
] satisfies Wish[]) {
  test(`R-TSA-2 a token of openssl is accepted by us and by openssl: ${JSON.stringify(wish)}`, async () => {
    await withAuthority(wish, async (own) => {
      let reply: Buffer = Buffer.alloc(0)
      own.trick((query, answer) => ({ body: (reply = answer(query)) }))
      const stamped = await makeTimestamp(own.url, readAuthorities(own.ca))(bytes)
      assert.match(stamped.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      assert.ok(Math.abs(Date.parse(stamped.at) - Date.now()) < 60_000)
      assert.deepEqual([stamped.policy, stamped.serial], ['1.3.6.1.4.1.99999.1', '2'])
      assert.match(stamped.tsa, /CN=Test TSA/)
      assert.match(own.verify(reply, bytes), /Verification: OK/)
      // The stored token holds by itself, years later and without the question.
      assert.equal(verifyToken(stamped.token, bytes, readAuthorities(own.ca)).at, stamped.at)
      assert.throws(
        () => verifyToken(stamped.token, Buffer.from('other'), readAuthorities(own.ca)),
        TokenError,
      )
    })
  })
}

test('R-TSA-3 a certificate that is not for time stamping alone, or not valid, or not ours, is refused', async () => {
  const good = parseReply(authority.reply(toQuery(bytes, nonce)))
  const { encapContentInfo } = AsnConvert.parse(AsnConvert.parse(good, ContentInfo).content, SignedData)
  const tstInfo = Buffer.from(encapContentInfo.eContent?.single?.buffer ?? new ArrayBuffer(0))
  const cases: readonly (readonly [Wish, RegExp | undefined])[] = [
    [{}, undefined],
    [{ usages: [] }, /not one for time stamping only/],
    [{ critical: false }, /not one for time stamping only/],
    [{ usages: ['1.3.6.1.5.5.7.3.8', '1.3.6.1.5.5.7.3.3'] }, /not one for time stamping only/],
    [{ usages: ['1.3.6.1.5.5.7.3.3'] }, /not one for time stamping only/],
    [{ notAfter: new Date(Date.now() - 3600_000) }, /was not valid at the token's time/],
  ]
  for (const [wish, why] of cases)
    await withAuthority(wish, (own) => {
      const check = (): unknown => verifyToken(own.sign(tstInfo), bytes, readAuthorities(own.ca))
      if (why === undefined) assert.doesNotThrow(check)
      else assert.throws(check, why)
      return Promise.resolve()
    })
  await withAuthority({}, (other) => {
    // Same names, other keys: a name is not a signature.
    assert.throws(() => verifyToken(good, bytes, readAuthorities(other.ca)), /no trusted CA issued/)
    assert.doesNotThrow(() => verifyToken(good, bytes, readAuthorities(authority.ca)))
    assert.throws(() => verifyToken(good, bytes, []), /no trusted CA issued/)
    return Promise.resolve()
  })
})

test('R-TSA-4 an answer to another question, a refusal and what is no answer are told apart', async () => {
  const cases: readonly (readonly [string, Trick, RegExp])[] = [
    ['other nonce', (_query, reply) => ({ body: reply(toQuery(bytes, nonce)) }), /answers another question/],
    [
      'other bytes',
      (_query, reply) => ({ body: reply(toQuery(Buffer.from('x'), nonce)) }),
      /imprint is not the hash/,
    ],
    [
      'refusal',
      (query, reply) => ({ body: reply(Buffer.concat([query.subarray(0, 20), query])) }),
      /the authority refuses with status 2: /,
    ],
    ['status', (query, reply) => ({ body: reply(query), status: 500 }), /answers 500/],
    ['type', (query, reply) => ({ body: reply(query), type: 'text/html' }), /answers 200 text\/html/],
    ['garbage', () => ({ body: Buffer.from('<html>') }), /the reply is not ASN\.1/],
    ['nothing', () => ({ body: Buffer.alloc(0) }), /the reply is not ASN\.1/],
    [
      'more behind',
      (query, reply) => ({ body: Buffer.concat([reply(query), Buffer.from([5, 0])]) }),
      /not ASN/,
    ],
  ]
  const ask = makeTimestamp(authority.url, readAuthorities(authority.ca))
  try {
    for (const [name, trick, why] of cases) {
      authority.trick(trick)
      await assert.rejects(
        ask(bytes),
        (error: Error) => error instanceof TokenError && why.test(error.message),
        name,
      )
    }
    authority.trick(() => ({ body: Buffer.alloc(70_000, 48) }))
    await assert.rejects(ask(bytes), Unavailable)
  } finally {
    authority.trick(undefined)
  }
  await assert.rejects(makeTimestamp('http://127.0.0.1:9/', [])(bytes), Unavailable)
})

test('R-TSA-5 no changed byte of a reply gives another token than the one that was signed', () => {
  const reply = authority.reply(toQuery(bytes, nonce))
  const trusted = readAuthorities(authority.ca)
  const real = verifyToken(parseReply(reply), bytes, trusted)
  let [looked, refused] = [0, 0]
  for (let place = 0; place < reply.length; place += 3) {
    looked += 1
    const changed = Buffer.from(reply)
    changed[place] = (changed[place] ?? 0) ^ (1 << (place % 8))
    try {
      assert.deepEqual(verifyToken(parseReply(changed), bytes, trusted), real, `byte ${place}`)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      refused += 1
    }
  }
  // What the token brings along to help (a copy of the root) may be anything.
  assert.ok(refused > looked * 0.7, `${refused} of ${looked} refused`)
})

test('R-TSA-6 the settings name an authority and its CA, or none', () => {
  assert.equal(openTimestamp(readConfig({})), undefined)
  assert.throws(() => readConfig({ DOCKET_TSA_URL: 'http://tsa.example/' }), SetupProblem)
  assert.throws(() => readConfig({ DOCKET_TSA_URL: 'tsa.example', DOCKET_TSA_CA: 'x' }), SetupProblem)
  const settings = { DOCKET_TSA_URL: 'http://tsa.example/', DOCKET_TSA_CA: '/nowhere/ca.pem' }
  assert.throws(
    () => openTimestamp(readConfig(settings)),
    /\/nowhere\/ca\.pem of DOCKET_TSA_CA cannot be used/,
  )
  const empty = `${authority.ca}.empty`
  writeFileSync(empty, 'nothing')
  assert.throws(
    () => openTimestamp(readConfig({ ...settings, DOCKET_TSA_CA: empty })),
    /holds no certificate/,
  )
  assert.ok(openTimestamp(readConfig({ ...settings, DOCKET_TSA_CA: authority.ca })) !== undefined)
})
