/** What is wrong with a file or a mapping as a whole, and how a report is printed: the database is not asked. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Floor } from '#platform/tx.ts'
import type { Operator } from '../tenant/found.ts'
import { importWorkOrders, printReport } from './import.ts'

const example = (name: string): string =>
  new URL(`../../../data/excavators/${name}`, import.meta.url).pathname
const [header = '', line = ''] = readFileSync(example('work-orders.csv'), 'utf8').split('\n')
const folder = mkdtempSync(join(tmpdir(), 'docket-map-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const fileOf = (name: string, content: string | Buffer): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
/** Touching these would be a TypeError. */
const noFloor = {} as Floor
const nobody = {} as Operator

test('R-IMP-28 what is wrong with the file or the mapping as a whole is said in one sentence', async () => {
  const map = JSON.parse(readFileSync(example('map.json'), 'utf8')) as Record<string, unknown>
  let maps = 0
  const withMap = (changes: object) => ({
    map: fileOf(`map-${(maps += 1)}.json`, JSON.stringify({ ...map, ...changes })),
  })
  const whole = fileOf('good.csv', `${header}\n${line}\n`)
  const cases: readonly (readonly [string, { readonly map?: string }, RegExp])[] = [
    [join(folder, 'none.csv'), {}, /^The file .*none\.csv does not exist\.$/],
    [folder, {}, /^The file .* cannot be read \(EISDIR/],
    [fileOf('empty.csv', ''), {}, /is empty\.$/],
    [fileOf('blank.csv', '\n\n'), {}, /^The first line of .* must name the columns/],
    [
      fileOf('utf16.csv', Buffer.from(`\uFEFF${header}\n${line}\n`, 'utf16le')),
      {},
      /is UTF-16, or no text at all/,
    ],
    [
      fileOf('latin.csv', Buffer.from('Caf\u00e9,b\n', 'latin1')),
      {},
      /^The first line of .* must name the columns/,
    ],
    [
      fileOf('headless.csv', `${line}\n`),
      {},
      /^The mapping names "Action", .*its columns are "2004-07-01", "A"/,
    ],
    [
      fileOf('twice.csv', 'Cost,Cost\n'),
      withMap({
        title: 'Cost',
        asset: undefined,
        actual_start: undefined,
        actual_end: undefined,
        attributes: {},
        corrections: [],
      }),
      /more than one column "Cost"/,
    ],
    [whole, { map: join(folder, 'none.json') }, /^The mapping .*none\.json cannot be read: ENOENT/],
    [whole, { map: fileOf('bad.json', '{"source":') }, /^The mapping .* cannot be read: .*JSON/],
    [whole, withMap({ titel: 'x' }), /^The mapping .* is not right: the whole: Unrecognized key: "titel"\.$/],
    [whole, withMap({ title: undefined }), /^The mapping .* is not right: title: /],
    [whole, withMap({ lifecycle: 'fleet' }), /is not right: lifecycle: /],
    [whole, withMap({ source: 'Two Words' }), /is not right: source: must be a short name/],
    [
      whole,
      withMap({ actual_start: { column: 'BscStartDate', format: 'YY-MM' } }),
      /is not right: actual_start\.format: must be made of YYYY/,
    ],
    [
      whole,
      withMap({ asset: { column: 'Asset', tag: 'EXC', name: '{value}' } }),
      /is not right: asset\.tag: must contain \{value\}/,
    ],
    [
      whole,
      withMap({ title: 'Titel' }),
      /^The mapping names "Titel", which .* does not have; its columns are "BscStartDate", /,
    ],
    [whole, withMap({ delimiter: ';' }), /its columns are "BscStartDate,Asset,/],
    [
      whole,
      withMap({ corrections: [{ where: { Nowhere: 'x' }, set: { Cost: '1' }, because: 'y' }] }),
      /^The mapping corrects "Nowhere", but maps no such column\.$/,
    ],
  ]
  for (const [file, extra, sentence] of cases) {
    const options = { file, map: example('map.json'), skipBad: true, ...extra }
    await assert.rejects(importWorkOrders(noFloor, nobody, options), {
      name: 'SetupProblem',
      message: sentence,
    })
  }
})

test('R-IMP-29 a long report is cut for people at 200 problems, and says how many more there are', () => {
  const bad = Array.from({ length: 1234 }, (_, i) => ({ line: i + 2, column: 'Cost', reason: 'is odd' }))
  const report = {
    file: 'f.csv',
    sha256: '',
    rows: 2000,
    imported: 0,
    already_there: 0,
    bad,
    assets_created: 0,
    seconds: 1.25,
  }
  const printed = printReport(report).split('\n')
  assert.equal(printed.length, 202)
  assert.equal(printed[1], '  line 2, "Cost": is odd')
  assert.match(printed.at(-1) ?? '', /1,034 problems more/)
})
