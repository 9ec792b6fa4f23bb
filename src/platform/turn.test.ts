import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTurn } from './turn.ts'

test("R-KEY-15 one at a time for each key, in order, and a failure is nobody else's", async () => {
  const log: string[] = []
  let running = 0
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      running += 1
      assert.equal(running, 1)
      await Promise.resolve()
      running -= 1
      log.push(name)
      if (fails) throw new Error(name)
      return name
    }
  const outcomes = await Promise.allSettled([
    inTurn('a', work('1')),
    inTurn('a', work('2', true)),
    inTurn('a', work('3')),
  ])
  assert.deepEqual(log, ['1', '2', '3'])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

test('R-KEY-15 other keys do not wait, and a line that is too long is closed until it is shorter', async () => {
  const gate = Promise.withResolvers<undefined>()
  const held = Array.from({ length: 32 }, () => inTurn('a', async () => gate.promise.then(() => 'done')))
  assert.equal(await inTurn('b', async () => 'at once'), 'at once')
  assert.equal(await inTurn('a', async () => 'one too many'), undefined)
  gate.resolve(undefined)
  assert.deepEqual(new Set(await Promise.all(held)), new Set(['done']))
  assert.equal(await inTurn('a', async () => 'again'), 'again')
})
