import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTurn } from './turn.ts'

const one = { atOnce: 1, waiting: 31 }

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
    inTurn('a', one, work('1')),
    inTurn('a', one, work('2', true)),
    inTurn('a', one, work('3')),
  ])
  assert.deepEqual(log, ['1', '2', '3'])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

test('R-KEY-15 other keys do not wait, and a line that is too long is closed until it is shorter', async () => {
  const gate = Promise.withResolvers<undefined>()
  const held = Array.from({ length: 32 }, () => inTurn('a', one, async () => gate.promise.then(() => 'done')))
  assert.equal(await inTurn('b', one, async () => 'at once'), 'at once')
  assert.equal(await inTurn('a', one, async () => 'one too many'), undefined)
  gate.resolve(undefined)
  assert.deepEqual(new Set(await Promise.all(held)), new Set(['done']))
  assert.equal(await inTurn('a', one, async () => 'again'), 'again')
})

test('R-KEY-15 where there is room for more, so many run at once, and the next when one of them is done', async () => {
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<undefined>())
  const begun: number[] = []
  const all = gates.map(({ promise }, i) =>
    inTurn('wide', { atOnce: 3, waiting: 2 }, async () => {
      begun.push(i)
      await promise
    }),
  )
  await Promise.resolve()
  assert.deepEqual(begun, [0, 1, 2])
  assert.equal(await inTurn('wide', { atOnce: 3, waiting: 2 }, async () => 'one too many'), undefined)
  gates[1]?.resolve(undefined)
  await all[1]
  assert.deepEqual(begun, [0, 1, 2, 3])
  for (const gate of gates) gate.resolve(undefined)
  await Promise.all(all)
  assert.deepEqual(begun, [0, 1, 2, 3, 4])
})
