/** What a row becomes, and what is said of one that does not fit: one line, one case. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { table } from '#test/table.ts'
import { isDateFormat, parseCellDate, quote } from './import-cell.ts'
import { keyPrefix, mappedColumns, rowDigest } from './import-key.ts'
import { toImported } from './import-map.ts'
import type { ImportMap, SourceRow } from './import-map.ts'

const map: ImportMap = {
  source: 'plant',
  lifecycle: 'change-control',
  delimiter: ',',
  empty: ['', 'NA'],
  title: { column: 'Text', required: true },
  description: { column: 'Long', required: false },
  priority: { column: 'Prio', values: { '1': 'critical', '3': 'medium' } },
  asset: { column: 'Unit', required: true, tag: 'P-{value}', name: 'Pump {value} of {value}' },
  actual_start: { column: 'Start', required: true, format: 'DD/MM/YYYY' },
  actual_end: { column: 'End', required: false, format: 'YYYY-MM-DD HH:mm' },
  actual_hours: { column: 'Hours', required: false },
  attributes: {
    cost: { column: 'Cost', required: false, as: 'decimal' },
    days: { column: 'Days', required: false, as: 'number' },
    place: { column: 'Place', required: false, as: 'text', may_begin_with: '+' },
  },
  corrections: [{ where: { Text: 'Valv', Unit: '9' }, set: { Text: 'Valve' }, because: 'cut off' }],
}
const good: SourceRow = {
  Text: 'Seal leaks',
  Long: 'NA',
  Prio: '1',
  Unit: '7',
  Start: '29/02/2004',
  End: '2004-03-01 07:30',
  Hours: '2.5',
  Cost: '-183.050',
  Days: '12',
  Place: '+Cooling System',
}

test('R-IMP-20 a good row becomes a work order; money stays the text that it was', () => {
  assert.deepEqual(toImported(map, good), {
    ok: true,
    value: {
      title: 'Seal leaks',
      description: null,
      project: null,
      work_category: null,
      priority: 'critical',
      asset: { tag: 'P-7', name: 'Pump 7 of 7' },
      actual_start: '2004-02-29T00:00:00Z',
      actual_end: '2004-03-01T07:30:00Z',
      actual_hours: 2.5,
      attributes: { cost: '-183.050', days: 12, place: '+Cooling System' },
      corrections: [],
    },
  })
})

test('R-IMP-21 a cell that does not fit is named with its column and the reason', () => {
  const cases = table`
    column | cell                    | reason
    Text   |                         | is empty
    Text   | NA                      | is empty ("NA")
    Text   | =1+1                    | begins with "=", which a spreadsheet would run as a formula
    Text   | ＝1+1                   | begins with "＝", which a spreadsheet would run as a formula
    Text   | @SUM(A1)                | begins with "@", which a spreadsheet would run as a formula
    Text   | -2+3+cmd                | begins with "-", which a spreadsheet would run as a formula
    Prio   | 2                       | "2" is not a priority that the mapping names: 1, 3
    Prio   | constructor             | "constructor" is not a priority that the mapping names: 1, 3
    Unit   | NA                      | is empty ("NA")
    Start  |                         | is empty; a date is expected (DD/MM/YYYY)
    Start  | 30/02/2004              | "30/02/2004" is not a calendar day
    Start  | 29/02/1900              | "29/02/1900" is not a calendar day
    Start  | 2004-02-29              | "2004-02-29" is not a calendar day
    Start  | 01/13/2004              | "01/13/2004" is not a calendar day
    Start  | 01/01/1899              | "01/01/1899" is not a calendar day between 1900 and 2199
    End    | 2004-03-01 24:00        | "2004-03-01 24:00" is not a calendar day
    End    | 2004-02-28 00:00        | "2004-02-28 00:00" is before the start
    Hours  | -1                      | "-1" is not a number of hours
    Hours  | 1e3                     | "1e3" is not a number of hours
    Cost   | 12,50                   | "12,50" is not a decimal number
    Cost   | 1e9                     | "1e9" is not a decimal number
    Days   | 0x10                    | "0x10" is not a decimal number
    Days   | 12345678901234567       | "12345678901234567" is not a decimal number
    Place  | +cmd(calc)!A0           | begins with "+", which a spreadsheet would run as a formula
    Place  | -Cooling System         | begins with "-", which a spreadsheet would run as a formula`
  for (const { column = '', cell = '', reason = '' } of cases) {
    const result = toImported(map, { ...good, [column]: cell })
    assert.ok(!result.ok, `${column} "${cell}" was taken`)
    assert.equal(result.problems.length, 1, JSON.stringify(result.problems))
    assert.equal(result.problems[0]?.column, column)
    assert.ok(result.problems[0]?.reason.startsWith(reason), result.problems[0]?.reason)
  }
})

test('R-IMP-22 what begins like a formula and is none is taken', () => {
  for (const cell of ['-5', '+5.5', '-1,200.50', '-12%', '-', '---', 'a=b', 'O-ring', '5 + 3'])
    assert.ok(toImported(map, { ...good, Text: cell }).ok, cell)
  for (const cell of ['\t=1', '\r=1', '  =1', '\n=1'])
    assert.ok(!toImported(map, { ...good, Text: cell }).ok, JSON.stringify(cell))
})

const reasonOf = (row: Partial<SourceRow>): string[] => {
  const result = toImported(map, { ...good, ...row } as SourceRow)
  return result.ok ? [] : result.problems.map(({ column, reason }) => `${column} ${reason}`)
}

test('R-IMP-23 a field above its limit is named with both numbers; every problem of a row is told', () => {
  assert.deepEqual(reasonOf({ Text: 'x'.repeat(500), Place: 'x'.repeat(10_000) }), [])
  assert.deepEqual(reasonOf({ Text: 'x'.repeat(501) }), ['Text has 501 characters; at most 500 are kept'])
  assert.deepEqual(reasonOf({ Place: 'x'.repeat(1_048_576) }), [
    'Place has 1,048,576 characters; at most 10,000 are kept',
  ])
  assert.deepEqual(reasonOf({ Unit: 'x'.repeat(199) }), ['Unit gives a tag of more than 200 characters'])
  assert.deepEqual(reasonOf({ Text: 'two\nlines' }), [
    'Text holds a line break: "two\\nlines"; a title is one line',
  ])
  assert.equal(reasonOf({ Text: '', Start: 'x', Cost: 'y', Prio: 'z' }).length, 4)
})

test('R-IMP-24 a correction is made where its cells stand, and told; the key stays that of the cells as they came', () => {
  const result = toImported(map, { ...good, Text: 'Valv', Unit: '9' })
  assert.ok(result.ok)
  assert.equal(result.value.title, 'Valve')
  assert.deepEqual(result.value.corrections, [
    { column: 'Text', from: 'Valv', to: 'Valve', because: 'cut off' },
  ])
  const other = toImported(map, { ...good, Text: 'Valv' })
  assert.ok(other.ok && other.value.title === 'Valv' && other.value.corrections.length === 0)
})

test('R-IMP-25 the key is of the mapped cells, whatever their order in the map; other columns make another prefix', () => {
  const columns = mappedColumns(map)
  assert.deepEqual(columns, [
    'Cost',
    'Days',
    'End',
    'Hours',
    'Long',
    'Place',
    'Prio',
    'Start',
    'Text',
    'Unit',
  ])
  const turned = { ...map, attributes: Object.fromEntries(Object.entries(map.attributes).toReversed()) }
  assert.deepEqual(mappedColumns(turned), columns)
  assert.equal(rowDigest(columns, good), rowDigest(columns, { ...good, Unmapped: 'new' }))
  for (const column of columns)
    assert.notEqual(rowDigest(columns, good), rowDigest(columns, { ...good, [column]: 'x' }), column)
  // Cells must not run into one another.
  assert.notEqual(
    rowDigest(['a', 'b'], { a: 'x","y', b: 'z' }),
    rowDigest(['a', 'b'], { a: 'x', b: 'y","z' }),
  )
  assert.notEqual(keyPrefix(columns), keyPrefix(columns.slice(1)))
})

test('R-IMP-26 every day of a format is read back, and nothing that is no day', () => {
  const formats = ['YYYY-MM-DD', 'DD/MM/YYYY', 'MM.DD.YYYY', 'YYYYMMDD', 'YYYY-MM-DDTHH:mm:ss']
  const days = fc.date({ min: new Date('1900-01-01'), max: new Date('2199-12-31'), noInvalidDate: true })
  fc.assert(
    fc.property(days, fc.constantFrom(...formats), (day, format) => {
      const iso = day.toISOString()
      const cell = format
        .replace('YYYY', iso.slice(0, 4))
        .replace('MM', iso.slice(5, 7))
        .replace('DD', iso.slice(8, 10))
        .replace('HH:mm:ss', iso.slice(11, 19))
      const time = format.includes('HH') ? iso.slice(11, 19) : '00:00:00'
      assert.equal(parseCellDate(format, cell), `${iso.slice(0, 10)}T${time}Z`)
    }),
  )
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (cell) => {
      const read = parseCellDate('YYYY-MM-DD', cell)
      assert.ok(read === undefined || read === `${cell}T00:00:00Z`)
    }),
  )
  for (const format of ['YYYY-MM', 'YY-MM-DD', 'YYYY-MM-DD DD', 'YYYY-MM-DD"', 'DDth MM YYYY'])
    assert.ok(!isDateFormat(format), format)
  assert.ok(formats.every(isDateFormat))
})

test('R-IMP-27 a cell in a report is one short line in which nothing acts', () => {
  assert.equal(quote('\u001b[2Jx\u202ey\u0085'), String.raw`"\u001b[2Jx\u{202e}y\u{85}"`)
  assert.equal(quote('x'.repeat(1_000_000)), `"${'x'.repeat(40)}"…`)
  assert.equal(quote(`${'x'.repeat(39)}😀`), `"${'x'.repeat(39)}\uFFFD"…`)
})
