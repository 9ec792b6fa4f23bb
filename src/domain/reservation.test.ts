import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../test/table.ts'
import { findMostTaken } from './reservation.ts'

/** `1x08-10` is one from eight to ten o'clock, in UTC; `2x10-12+2` are two, written two hours ahead. */
const parseTaken = (text: string) =>
  text
    .split(' ')
    .filter(Boolean)
    .map((word) => {
      const [, quantity, from, until, offset = '0'] = /^(\d+)x(\d+)-(\d+)(?:\+(\d))?$/.exec(word)!
      const toText = (hour = ''): string => `2027-02-01T${hour}:00:00+0${offset}:00`
      return { quantity: Number(quantity), from: toText(from), until: toText(until) }
    })

test('R-RSV-7 only what is taken at one instant adds up, whatever its offset is', () => {
  const rows = table`
    taken                        | wanted | most
                                 | 08-12  | 0
    1x08-10                      | 08-12  | 1
    1x08-10 1x10-12              | 08-12  | 1
    1x08-11 1x10-12              | 08-12  | 2
    1x06-08 1x12-14              | 08-12  | 0
    1x06-09 2x08-10 1x09-12      | 08-12  | 3
    1x10-12+2 1x09-10            | 08-12  | 2
    1x10-12+2 1x10-12            | 08-12  | 1
    3x00-23                      | 08-12  | 3
  `
  for (const { taken = '', wanted = '', most } of rows) {
    const [from, until] = wanted.split('-').map((hour) => `2027-02-01T${hour}:00:00Z`)
    assert.equal(findMostTaken(parseTaken(taken), from!, until!), Number(most), `${taken} in ${wanted}`)
  }
})
