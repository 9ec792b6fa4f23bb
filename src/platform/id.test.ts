import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isId, newId } from './id.ts'

const msOf = (id = ''): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

test('R-ENT-9 ids are UUIDv7 of now, each later in order than the one before, also when the clock is set back', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-11-21T04:00:00Z') })
  const ids = Array.from({ length: 1000 }, newId)
  t.mock.timers.setTime(Date.parse('2026-11-21T03:00:00Z'))
  ids.push(...Array.from({ length: 1000 }, newId))
  t.mock.timers.setTime(Date.parse('2026-11-21T04:00:01Z'))
  ids.push(newId())
  assert.deepEqual(ids, ids.toSorted())
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.ok(isId(id) && /^.{14}7.{4}[89ab]/.test(id), id)
  assert.equal(msOf(ids[0]), Date.parse('2026-11-21T04:00:00Z'))
  assert.equal(msOf(ids.at(-1)), Date.parse('2026-11-21T04:00:01Z'))
  // What does not count up is random: no two of them share it.
  assert.equal(new Set(ids.map((id) => id.slice(-10))).size, ids.length)
})
