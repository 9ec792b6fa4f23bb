/** Slots of a scheduler, and back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { subtract, unite } from './interval.ts'
import { toIntervals, toSlots } from './slot.ts'
import { table } from '../../test/table.ts'

const minuteMs = 60_000
const originMs = Date.UTC(2026, 10, 20)

test('R-CAL-9 a slot is free only if all of it is open, and lies within the grid', () => {
  const cases = table`
    open, in minutes | slot | free
    0-60             | 15   | 111100
    0-59             | 15   | 111000
    1-60             | 15   | 011100
    1-29             | 15   | 000000
    7-8              | 15   | 000000
    15-30 45-60      | 15   | 010100
    -30-30           | 15   | 110000
    -30--15          | 15   | 000000
    60-900           | 15   | 000011
    900-990          | 15   | 000000
    0-60             | 60   | 100000
  `
  for (const row of cases) {
    const open = (row['open, in minutes'] ?? '').split(' ').map((one) => {
      const [, start, end] = /^(-?\d+)-(-?\d+)$/.exec(one) ?? []
      return { start: originMs + Number(start) * minuteMs, end: originMs + Number(end) * minuteMs }
    })
    const slots = toSlots(open, { originMs, slotMinutes: Number(row['slot']), length: 6 })
    assert.equal([...slots].join(''), row['free'], JSON.stringify(row))
  }
})

test('R-CAL-9 units are counted, and asked for again as times', () => {
  const grid = { originMs, slotMinutes: 30, length: 4 }
  const slots = toSlots([{ start: originMs, end: originMs + 90 * minuteMs }], grid, 3)
  assert.deepEqual([...slots], [3, 3, 3, 0])
  slots[1] = 1
  const at = (from: number, to: number): { start: number; end: number } => ({
    start: originMs + from * minuteMs,
    end: originMs + to * minuteMs,
  })
  assert.deepEqual(toIntervals(slots, grid), [at(0, 90)])
  assert.deepEqual(toIntervals(slots, grid, 2), [at(0, 30), at(60, 90)])
  assert.deepEqual(toIntervals(slots, grid, 4), [])
})

test('R-CAL-9 what comes back lies within what went in, and is all of it where its edges are on the grid', () => {
  const anyRanges = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 90 })))
  fc.assert(
    fc.property(anyRanges, fc.constantFrom(1, 5, 15, 60), (ranges, slotMinutes) => {
      const grid = { originMs, slotMinutes, length: 600 }
      const scale = (step: number): { start: number; end: number }[] =>
        unite(
          ranges.map(([start, length]) => ({
            start: originMs + start * step * minuteMs,
            end: originMs + (start + length) * step * minuteMs,
          })),
        )
      assert.deepEqual(subtract(toIntervals(toSlots(scale(1), grid), grid), scale(1)), [])
      assert.deepEqual(toIntervals(toSlots(scale(slotMinutes), grid), grid), scale(slotMinutes))
    }),
  )
})
