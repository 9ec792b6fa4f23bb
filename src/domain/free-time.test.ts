import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { msOfHour } from './calendar.ts'
import { fitsInto, hoursWithin } from './free-time.ts'
import type { Task } from './free-time.ts'
import { unite } from './interval.ts'
import type { Interval } from './interval.ts'

const toMs = ({ start, end }: Interval): Interval => ({ start: start * msOfHour, end: end * msOfHour })
const stretch = fc
  .tuple(fc.nat(30), fc.integer({ min: 1, max: 12 }))
  .map(([start, length]) => ({ start, end: start + length }))

/** Hall's condition: between any start and any end there is room for all that must be done between them. */
function hasRoom(free: readonly Interval[], tasks: readonly Task[]): boolean {
  return tasks.every(({ start }) =>
    tasks.every(({ end }) => {
      const within = tasks.filter((one) => one.start >= start && one.end <= end)
      return within.reduce((sum, { hours }) => sum + hours, 0) <= hoursWithin(free, { start, end })
    }),
  )
}

test('R-MAT-14 work fits into free time exactly where no stretch of it must hold more than it has', () => {
  const counts = [0, 0]
  fc.assert(
    fc.property(
      fc.array(stretch, { maxLength: 5 }),
      fc.array(fc.tuple(stretch, fc.integer({ min: 1, max: 8 })), { maxLength: 5 }),
      (times, work) => {
        const free = unite(times.map(toMs))
        const tasks = work.map(([window, halves]) => ({ ...toMs(window), hours: halves / 2 }))
        const fits = fitsInto(free, tasks)
        assert.equal(fits, hasRoom(free, tasks))
        counts[Number(fits)]! += 1
      },
    ),
    { numRuns: 2000, seed: 20_261_121 },
  )
  assert.ok(Math.min(...counts) > 200, `${counts.join(' and ')} did and did not fit`)
})

test('R-MAT-14 free hours are those that lie in the window', () => {
  const free = [
    { start: 0, end: 8 },
    { start: 24, end: 32 },
  ].map(toMs)
  assert.equal(hoursWithin(free, toMs({ start: 6, end: 26 })), 4)
  assert.equal(hoursWithin(free, toMs({ start: 8, end: 24 })), 0)
})
