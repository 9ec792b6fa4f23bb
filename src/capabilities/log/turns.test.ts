import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openTurns, restAfter } from './turns.ts'

/** Turns that end when the test says so. */
function openStepped(options: { gapMs: number; mostAtOnce: number }) {
  const begun: { tenant: string; at: number; end: (next?: number | Error) => void }[] = []
  const waiting: (() => void)[] = []
  const errors: unknown[] = []
  const turns = openTurns({
    ...options,
    work: (tenant) =>
      new Promise((resolve, reject) => {
        begun.push({
          tenant,
          at: performance.now(),
          end: (next) => (next instanceof Error ? reject(next) : resolve(next)),
        })
        waiting.splice(0).forEach((wake) => wake())
      }),
    onError: (_tenant, error) => void errors.push(error),
  })
  const until = async (count: number): Promise<void> => {
    while (begun.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  return { turns, begun, errors, until }
}

test('R-WIT-13 one turn of a tenant at a time, not more often than the gap, and none is forgotten', async () => {
  const { turns, begun, until } = openStepped({ gapMs: 80, mostAtOnce: 4 })
  turns.wake('a')
  turns.wake('a')
  await until(1)
  turns.wake('a')
  turns.wake('a')
  await setTimeout(5)
  assert.equal(begun.length, 1)
  begun[0]?.end()
  await until(2)
  assert.ok((begun[1]?.at ?? 0) - (begun[0]?.at ?? 0) >= 79)
  begun[1]?.end(20)
  // It wanted another turn by itself.
  await until(3)
  begun[2]?.end()
  await turns.close()
  turns.wake('a')
  await setTimeout(90)
  assert.equal(begun.length, 3)
})

test('R-WIT-13 no more turns at once than allowed; who waits comes next', async () => {
  const { turns, begun, until } = openStepped({ gapMs: 0, mostAtOnce: 2 })
  for (const tenant of ['a', 'b', 'c', 'd']) turns.wake(tenant)
  await until(2)
  await setTimeout(10)
  assert.deepEqual(
    begun.map(({ tenant }) => tenant),
    ['a', 'b'],
  )
  begun[1]?.end()
  await until(3)
  begun[0]?.end()
  await until(4)
  assert.deepEqual(begun.map(({ tenant }) => tenant).toSorted(), ['a', 'b', 'c', 'd'])
  begun.slice(2).forEach(({ end }) => end())
  await turns.close()
})

test('R-WIT-13 a turn that fails is tried again after a rest, which waking does not shorten', async () => {
  assert.deepEqual([1, 2, 3, 9, 10, 100].map(restAfter), [1000, 2000, 4000, 256_000, 300_000, 300_000])
  const { turns, begun, errors, until } = openStepped({ gapMs: 0, mostAtOnce: 1 })
  turns.wake('a')
  await until(1)
  begun[0]?.end(new Error('away'))
  await setTimeout(5)
  turns.wake('a')
  await until(2)
  assert.ok((begun[1]?.at ?? 0) - (begun[0]?.at ?? 0) >= 990)
  assert.equal(errors.length, 1)
  begun[1]?.end()
  await turns.close()
})
