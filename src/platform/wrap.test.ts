import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { openWrap } from './wrap.ts'

const secret = 'a secret that only this test knows'
const bytes = Buffer.from('what must not lie open')

test('R-KEY-14 what is wrapped opens for the same purpose, secret and extra only', () => {
  const box = openWrap(secret)
  const extra = randomBytes(32)
  const plain = box.wrap('key/1', bytes)
  const locked = box.wrap('key/1', bytes, extra)
  assert.deepEqual(box.unwrap('key/1', plain), bytes)
  assert.deepEqual(box.unwrap('key/1', locked, extra), bytes)
  assert.deepEqual(openWrap(secret).unwrap('key/1', plain), bytes, 'after a restart, too')
  assert.equal(box.unwrap('key/2', plain), undefined)
  assert.equal(box.unwrap('key/1', locked), undefined)
  assert.equal(box.unwrap('key/1', locked, randomBytes(32)), undefined)
  assert.equal(box.unwrap('key/1', plain, extra), undefined)
  assert.equal(openWrap(`${secret}.`).unwrap('key/1', plain), undefined)
  assert.notDeepEqual(box.wrap('key/1', bytes), plain, 'a nonce of its own each time')
  assert.ok(!plain.includes(bytes))
})

test('R-KEY-14 no bit of what is wrapped can be changed, and nothing can be cut off', () => {
  const box = openWrap(secret)
  const wrapped = box.wrap('key/1', bytes)
  for (let bit = 0; bit < wrapped.length * 8; bit += 1) {
    const changed = Buffer.from(wrapped)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.equal(box.unwrap('key/1', changed), undefined, `bit ${bit}`)
  }
  for (let length = 0; length < wrapped.length; length += 1)
    assert.equal(box.unwrap('key/1', wrapped.subarray(0, length)), undefined, `${length} bytes`)
})
