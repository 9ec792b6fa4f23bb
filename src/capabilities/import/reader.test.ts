/** The reader on small files: what is sound comes back as it was, and damage stays on its own line. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { stringify } from 'csv-stringify/sync'
import * as fc from 'fast-check'
import { splitLines } from './lines.ts'
import { countOccurrences } from './occurrence.ts'
import { openTable } from './reader.ts'
import type { SourceLine } from './reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'docket-reader-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'table.csv')

async function read(content: string | Buffer, delimiter = ','): Promise<SourceLine[]> {
  writeFileSync(path, content)
  const table = await openTable(path, delimiter)
  const rows: SourceLine[] = []
  for await (const batch of table.batches) rows.push(...batch)
  return rows
}

/** `3:a|b` for a row that begins on line 3, `3!column reason` for a bad one. */
const show = (row: SourceLine): string =>
  'cells' in row ? `${row.line}:${row.cells.join('|')}` : `${row.line}!${row.column ?? ''} ${row.reason}`
const six = 'a,b,c,d,e,f'

test('R-IMP-14 any table comes back cell by cell, with the lines on which its rows begin', async () => {
  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' ', '"', ',', ';', '\n', "'"), maxLength: 8 }),
    fc.string({ maxLength: 8 }).filter((text) => !/[\0\r]/.test(text) && text.isWellFormed()),
  )
  // Five columns: from six on, a line of a text that has the delimiters of a whole row is taken for damage.
  const rows = fc.array(fc.tuple(cell, cell, cell, cell, fc.constant('end')), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.constantFrom(',', ';', '\t', '|'),
      fc.boolean(),
      async (cells, delimiter, bom) => {
        const text = stringify([['a', 'b', 'c', 'd', 'e'], ...cells], { delimiter, bom })
        let line = 2
        const expected = cells.map((row) => {
          const begins = line
          line += 1 + row.join('').split('\n').length - 1
          return { line: begins, cells: row }
        })
        assert.deepEqual(await read(text, delimiter), expected)
      },
    ),
    { numRuns: 200 },
  )
})

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

const linesOf = async (bytes: Buffer, sizes: readonly number[]): Promise<string[]> => {
  const all: string[] = []
  for await (const some of splitLines(cut(bytes, sizes)))
    all.push(...some.map((line) => `${line.line}:${line.bytes.toString()}`))
  return all
}

test('R-IMP-15 lines are the same however the bytes arrive', async () => {
  const content = fc.string({ unit: fc.constantFrom('x', 'é', '\n', '\r\n'), maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(
      content,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (text, sizes) => {
        const bytes = Buffer.from(text)
        const expected = text.split('\n').map((line, i) => `${i + 1}:${line.replace(/\r$/, '')}`)
        if (text.endsWith('\n') || text === '') expected.pop()
        assert.deepEqual(await linesOf(bytes, sizes), expected)
      },
    ),
  )
})

test('R-IMP-16 a quote that is never closed costs its own line and no other', async () => {
  const open = 'has a quote that is not closed'
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['at the end', ['1,2,3,4,5,6', '1,"2,3,4,5,6'], ['2:1|2|3|4|5|6', `3! ${open}`]],
    ['at the start', ['1,"2,3,4,5,6', '1,2,3,4,5,6'], [`2! ${open}`, '3:1|2|3|4|5|6']],
    [
      'two, which would close one another over a good row',
      ['1,2,"3,4,5,6', '1,2,3,4,5,6', '1,2,3",4,5,6', '1,2,3,4,5,6'],
      [`2! ${open}`, '3:1|2|3|4|5|6', `4! ${open}`, '5:1|2|3|4|5|6'],
    ],
    ['two on neighbouring lines', ['1,"2,3,4,5,6', '1,2",3,4,5,6'], [`2! ${open}`, `3! ${open}`]],
    [
      'before a text of two lines',
      ['1,"2,3,4,5,6', '1,2,3,4,5,"x', 'y"', '1,2,3,4,5,6'],
      [`2! ${open}`, '3:1|2|3|4|5|x\ny', '5:1|2|3|4|5|6'],
    ],
    [
      'an inch',
      ['1,5" pipe,3,4,5,6', '1,5" x 6",3,4,5,6', '1,2,3,4,5,6'],
      [
        `2! ${open}`,
        '3!b has a quote inside a cell that does not begin with one: quote the whole cell',
        '4:1|2|3|4|5|6',
      ],
    ],
    ['text after the end', ['1,"2"x,3,4,5,6'], ['2!b goes on after the quote that closes the cell']],
  ]
  for (const [name, lines, expected] of cases)
    assert.deepEqual((await read(`${[six, ...lines].join('\n')}\n`)).map(show), expected, name)
})

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

test('R-IMP-17 bytes that are no text are named with their column, and never replaced', async () => {
  const rows = await read(
    Buffer.concat([
      bytes(
        `${six}\n1,2,3,4,5,6\n1,"x\ny\u00e9z",3,4,5,6\n1,2,\u00c3\u00a9,4,5,\u00f0\u009f\n1,2,3,4,5\0,6\n\u00ff,"2\n`,
      ),
      Buffer.from('1,2,3,4,5,\u{1F600}\uFFFD\n'),
    ]),
  )
  const encoding = 'has bytes that are not UTF-8: save the file in UTF-8'
  assert.deepEqual(rows.map(show), [
    '2:1|2|3|4|5|6',
    `3!b ${encoding}`,
    `5!f ${encoding}`,
    '6!e holds a NUL character',
    '7! has a quote that is not closed',
    '8:1|2|3|4|5|\u{1F600}\uFFFD',
  ])
})

test('R-IMP-18 a line longer than 4 MB is named without being kept, and the next one is read', async () => {
  const long = 'x'.repeat(200 * 1024 * 1024)
  writeFileSync(path, `${six}\n1,2,3,4,5,6\n1,${long},3,4,5,6\n\n1,"${'y'.repeat(1 << 20)}",3,4,5,6\n1,2\n`)
  const table = await openTable(path, ',')
  const before = process.memoryUsage().arrayBuffers
  let peak = 0
  const rows: SourceLine[] = []
  for await (const batch of table.batches) {
    rows.push(...batch)
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
  }
  assert.deepEqual(
    rows.map((row) =>
      'cells' in row ? `${row.line}:${row.cells.map((cell) => cell.length).join()}` : show(row),
    ),
    ['2:1,1,1,1,1,1', '3! is longer than 4 MB', '5:1,1048576,1,1,1,1', '6! has 2 cells; the header has 6'],
  )
  // What waits to be collected counts too, and does not grow with the line.
  assert.ok(peak < 100 * 1024 * 1024, `${peak} bytes`)
})

test('R-IMP-19 equal rows are counted, in the order in which they come', () => {
  const digest = fc.string({ unit: fc.constantFrom('0', 'a', 'f'), minLength: 12, maxLength: 12 })
  fc.assert(
    fc.property(fc.array(digest, { maxLength: 9000, size: 'max' }), (digests) => {
      const count = countOccurrences()
      const known = new Map<string, number>()
      for (const one of digests) {
        const before = known.get(one) ?? 0
        assert.equal(count(one), before)
        known.set(one, before + 1)
      }
    }),
    { numRuns: 20, endOnFailure: true },
  )
})
