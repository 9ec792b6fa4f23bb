import assert from 'node:assert/strict'
import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { test } from 'node:test'
import { openWrap } from '#platform/wrap.ts'
import { makePassphraseKey, signBytes } from './passphrase.ts'

const wrap = openWrap('a secret that only this test knows')
const place = { tenantId: 'tenant', keyId: 'key' }
const passphrase = 'Zoë walks four dogs'
const bytes = Buffer.from('docket/statement/v1\n{}')

test('R-KEY-6 a passphrase key signs with passphrase, secret and row together, and with none of them alone', async () => {
  const key = await makePassphraseKey(wrap, place, passphrase)
  const signature = await signBytes(wrap, place, key, passphrase, bytes)
  const publicKey = createPublicKey({ key: key.spki, format: 'der', type: 'spki' })
  assert.ok(signature !== undefined && verify(null, bytes, publicKey, signature))
  assert.deepEqual(await signBytes(wrap, place, key, passphrase.normalize('NFD'), bytes), signature)
  const tries = {
    'another passphrase': signBytes(wrap, place, key, 'zoë walks four dogs', bytes),
    'no passphrase': signBytes(wrap, place, key, '', bytes),
    'another installation': signBytes(
      openWrap('another secret of that length!!!'),
      place,
      key,
      passphrase,
      bytes,
    ),
    'the row of another key': signBytes(wrap, { ...place, keyId: 'other' }, key, passphrase, bytes),
    'the row of another tenant': signBytes(wrap, { ...place, tenantId: 'other' }, key, passphrase, bytes),
    'another salt': signBytes(wrap, place, { ...key, salt: randomBytes(16) }, passphrase, bytes),
  }
  for (const [name, attempt] of Object.entries(tries)) assert.equal(await attempt, undefined, name)
})
