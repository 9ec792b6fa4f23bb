/** Imports against real PostgreSQL: the excavators' file whole, damaged, grown, broken off and read twice at once. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { leafOf } from '#domain/entry.ts'
import type { EntryBody } from '#domain/entry.ts'
import { accept } from '#domain/refusal.ts'
import { blank, recordedFields } from '#domain/work-order.ts'
import { withClient } from '#platform/database.ts'
import { Unavailable } from '#platform/error.ts'
import { perform } from '#platform/perform.ts'
import type { Tx } from '#platform/tx.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture } from '#test/fixture.ts'
import { asOperator, foundTenant } from '../tenant/found.ts'
import type { Operator } from '../tenant/found.ts'
import { list } from '../work-order/read.ts'
import { importWorkOrders, printReport } from './import.ts'
import type { ImportReport } from './import.ts'

const example = (name: string): string =>
  new URL(`../../../data/excavators/${name}`, import.meta.url).pathname
const source = readFileSync(example('work-orders.csv'), 'utf8')
const [header = '', ...lines] = source.trimEnd().split('\n')
/** Rows of the file from `from` on, with their header. */
const part = (from: number, to: number): string => `${[header, ...lines.slice(from, to)].join('\n')}\n`

const assetsOf = (from: number, to: number): number =>
  new Set(lines.slice(from, to).map((line) => line.split(',')[1])).size

let fixture: Fixture
let folder: string
let tenants = 0
before(async () => {
  fixture = await openFixture()
  folder = mkdtempSync(join(tmpdir(), 'docket-import-test-'))
})
after(async () => {
  await fixture.close()
  rmSync(folder, { recursive: true, force: true })
})

async function newTenant(): Promise<Operator> {
  tenants += 1
  const slug = `import-${tenants}`
  const founded = await foundTenant(fixture.service.floor, {
    slug,
    name: slug,
    default_lifecycle: 'change-control',
  })
  assert.ok(founded.ok)
  return founded.value
}

const fileOf = (name: string, content: string | Buffer): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

type Extra = {
  skipBad?: boolean
  map?: string
  onProgress?: (done: number, total: number) => void
}
const run = (operator: Operator, file: string, extra: Extra = {}): Promise<ImportReport> =>
  importWorkOrders(fixture.service.floor, operator, {
    file,
    map: example('map.json'),
    skipBad: false,
    ...extra,
  })

async function ask<Row>(operator: Operator, work: (tx: Tx) => Promise<Row[]>): Promise<Row[]> {
  const decision = await asOperator(fixture.service.floor, operator, async (tx) => accept(await work(tx)))
  assert.ok(decision.ok)
  return decision.value
}

/** How many of everything that an import writes. */
async function countAll(operator: Operator): Promise<Record<string, number>> {
  const [row] = await ask(
    operator,
    (tx) => tx.rows<Record<string, number>>`
    select (select count(*) from work_orders) as work_orders, (select count(*) from work_order_numbers) as numbers,
           (select count(*) from imported_rows) as imported_rows, (select count(*) from work_order_texts) as texts,
           (select count(*) from entries where action = 'imported') as entries, (select count(*) from assets) as assets,
           (select count(*) from entries where record_kind = 'asset' and action = 'registered') as asset_entries,
           coalesce((select sum(last) from number_counters), 0)::int as last_number`,
  )
  return row ?? {}
}
const ofRows = (rows: number, assets: number): Record<string, number> => ({
  work_orders: rows,
  numbers: rows,
  imported_rows: rows,
  texts: rows,
  entries: rows,
  assets,
  asset_entries: assets,
  last_number: rows,
})

test('R-IMP-1 all 5,485 excavator work orders in one run with progress, and again with nothing added', async (t) => {
  const operator = await newTenant()
  const progress: (readonly [number, number])[] = []
  const report = await run(operator, example('work-orders.csv'), {
    onProgress: (...step) => progress.push(step),
  })
  const counts = { rows: 5485, imported: 5485, already_there: 0, assets_created: 5, bad: [] as never[] }
  assert.deepEqual({ ...report, ...counts }, report)
  assert.deepEqual(
    progress,
    [1000, 2000, 3000, 4000, 5000, 5485].map((done) => [done, 5485]),
  )
  assert.deepEqual(await countAll(operator), ofRows(5485, 5))

  const again = await run(operator, example('work-orders.csv'))
  assert.deepEqual([again.imported, again.already_there, again.assets_created], [0, 5485, 0])
  assert.deepEqual(await countAll(operator), ofRows(5485, 5))
  assert.match(printReport(again), /^work-orders\.csv: 0 work orders imported, 5,485 rows already there, /)

  await t.test(
    'R-IMP-2 every entry names file, hash and line, is a good leaf, and makes its row',
    async () => {
      type Row = { body: Buffer; leaf: Buffer; entry_id: string; entry_head: Buffer; category: string }
      const rows = await ask(
        operator,
        (tx) => tx.rows<Row & Record<string, unknown>>`
      select w.*, e.body, e.leaf from work_orders w join entries e on e.tenant_id = w.tenant_id and e.record_id = w.id`,
      )
      assert.equal(rows.length, 5485)
      const seen = new Set<number>()
      for (const row of rows) {
        const body = JSON.parse(row.body.toString()) as EntryBody
        assert.ok(leafOf(row.body).equals(row.leaf) && row.leaf.equals(row.entry_head))
        assert.deepEqual([body.id, body.seq, body.version, body.prev], [row.entry_id, 1, 1, null])
        assert.deepEqual(
          [body.action, body.actor.name, row.category],
          ['imported', 'system:operator', 'done'],
        )
        assert.deepEqual(
          [body.detail?.['file'], body.detail?.['file_sha256']],
          ['work-orders.csv', report.sha256],
        )
        seen.add(body.detail?.['line'] as number)
        const replayed = Object.fromEntries(body.changes.map((change) => [change.field, change.new]))
        for (const field of recordedFields)
          assert.deepEqual(
            row[field],
            replayed[field] ?? blank[field] ?? null,
            `${field} of ${body.record.id}`,
          )
      }
      assert.deepEqual([seen.size, Math.min(...seen), Math.max(...seen)], [5485, 2, 5486])
    },
  )

  await t.test('R-IMP-3 what the file says of a work order is kept: line 3', async () => {
    const [row] = await ask(
      operator,
      (tx) => tx.rows<Record<string, unknown>>`
      select w.*, a.tag, a.name from work_orders w join assets a on a.tenant_id = w.tenant_id and a.id = w.asset_id
       where w.title = 'L/H BUCKET CYL LEAKING.'`,
    )
    assert.partialDeepStrictEqual(row, {
      lifecycle: 'change-control',
      status: 'closed',
      origin: 'external',
      regulatory: false,
      tag: 'EXC-A',
      name: 'Excavator A',
      actual_start: '2005-03-20T00:00:00Z',
      actual_end: '2005-03-20T00:00:00Z',
      attributes: {
        type: 'PM01',
        cost_aud: '407.4',
        days_since_previous: 262,
        system: 'Bucket_Hydraulic Cylinders',
        part: 'Cylinder_Tilt',
        failure_mode: 'Leak',
        location: 'Left',
        functional_location: 'CYLINDER BOOM',
        suspension_suggested: '0',
        cleaning_rules: 'Rule_1_3_5_19_115_214_434_509',
      },
    })
  })

  await t.test(
    'R-IMP-4 the two rows that came damaged from their source are corrected, and say so',
    async () => {
      const rows = await ask(
        operator,
        (tx) => tx.rows<{ body: Buffer; title: string; attributes: object }>`
      select e.body, w.title, w.attributes from work_orders w join entries e on e.tenant_id = w.tenant_id and e.record_id = w.id
       where convert_from(e.body, 'UTF8') like '%"corrections"%' order by w.title`,
      )
      assert.deepEqual(
        rows.map(({ title, body }) => [title, (JSON.parse(body.toString()) as EntryBody).detail?.['line']]),
        [
          ['REPAIR HYDRAULIC OIL LEAK', 1812],
          ['won,t swing', 3454],
        ],
      )
      assert.partialDeepStrictEqual(rows[1]?.attributes, {
        type: 'PM01',
        cost_aud: '94.63',
        days_since_previous: 180,
      })
    },
  )

  await t.test('R-IMP-5 they are found by their words at once', async () => {
    const found = await perform(
      fixture.service.floor,
      list,
      operator,
      { q: 'hyd leak', include_completed: true, limit: 200 },
      { requestId: 'test' },
    )
    assert.ok(found.ok)
    const { data } = found.value.output as { data: { title: string; attributes: object }[] }
    assert.ok(data.length > 50, String(data.length))
    for (const one of data) assert.match(JSON.stringify(one), /hyd.*leak|leak.*hyd/i)
  })
})

/** Line of the file, what its bytes become, the column and the beginning of the reason. */
const damages: readonly (readonly [number, (cells: string[]) => string | Buffer, string | null, RegExp])[] = [
  [10, (c) => c.with(0, '2004-02-30').join(), 'BscStartDate', /^"2004-02-30" is not a calendar day/],
  [11, (c) => c.with(0, '2005/03/20').join(), 'BscStartDate', /^"2005\/03\/20" is not a calendar day/],
  [12, (c) => c.with(0, '').join(), 'BscStartDate', /^is empty; a date is expected/],
  [13, (c) => c.with(0, 'yesterday').join(), 'BscStartDate', /^"yesterday" is not a calendar day/],
  [200, (c) => c.with(2, '').join(), 'OriginalShorttext', /^is empty/],
  [201, (c) => c.with(2, 'NA').join(), 'OriginalShorttext', /^is empty \("NA"\)/],
  [999, (c) => c.with(2, '   ').join(), 'OriginalShorttext', /^is empty/],
  [1000, (c) => Buffer.from(c.with(2, 'Caf\u00e9').join(), 'latin1'), 'OriginalShorttext', /not UTF-8/],
  [1001, (c) => Buffer.from(c.with(13, 'cut \u00f0\u009f').join(), 'latin1'), 'FuncLocation', /not UTF-8/],
  [1002, (c) => c.with(2, 'a\0b').join(), 'OriginalShorttext', /NUL/],
  [
    2000,
    (c) => c.with(2, 'x'.repeat(1 << 20)).join(),
    'OriginalShorttext',
    /^has 1,048,576 characters; at most 500/,
  ],
  [
    2001,
    (c) => c.with(12, 'x'.repeat(1 << 20)).join(),
    'Comments',
    /^has 1,048,576 characters; at most 10,000/,
  ],
  [
    3000,
    (c) => c.with(2, '"=HYPERLINK(""http://x"",""y"")"').join(),
    'OriginalShorttext',
    /^begins with "="/,
  ],
  [3001, (c) => c.with(13, "+cmd|' /C calc'!A0").join(), 'FuncLocation', /^begins with "\+"/],
  [3002, (c) => c.with(6, '@SUM(1+1)').join(), 'MajorSystem', /^begins with "@"/],
  [3003, (c) => c.with(2, '\t=1+1').join(), 'OriginalShorttext', /^begins with "\\t"/],
  [4000, (c) => c.with(2, '"never closed').join(), null, /^has a quote that is not closed/],
  [4001, (c) => c.with(2, '5" pipe').join(), null, /^has a quote that is not closed/],
  [5000, (c) => c.slice(0, 15).join(), null, /^has 15 cells; the header has 16/],
  [5486, (c) => [...c, 'more'].join(), null, /^has 17 cells; the header has 16/],
]

function damaged(): Buffer {
  const bytes: Buffer[] = [Buffer.from(header)]
  lines.forEach((line, i) => {
    const damage = damages.find(([number]) => number === i + 2)
    // Only lines without a quoted cell are damaged, so that their cells are what stands between the commas.
    if (damage !== undefined) assert.ok(!line.includes('"'), `line ${i + 2} has a quote`)
    const now = damage?.[1](line.split(',')) ?? line
    bytes.push(Buffer.from('\n'), typeof now === 'string' ? Buffer.from(now) : now)
  })
  return Buffer.concat(bytes)
}

test('R-IMP-6 a file with 20 damaged lines names each, and imports the rest only if told to', async () => {
  const operator = await newTenant()
  const path = fileOf('work-orders.csv', damaged())
  assert.equal(damages.length, 20)
  const nothingYet = await countAll(operator)

  const refused = await run(operator, path, { onProgress: () => assert.fail('nothing is written') })
  assert.deepEqual([refused.rows, refused.imported, refused.assets_created], [5485, 0, 0])
  assert.deepEqual(
    refused.bad.map(({ line, column }) => [line, column]),
    damages.map(([line, , column]) => [line, column]),
  )
  damages.forEach(([line, , , reason], i) =>
    assert.match(refused.bad[i]?.reason ?? '', reason, `line ${line}`),
  )
  assert.deepEqual(await countAll(operator), nothingYet)
  const printed = printReport(refused).split('\n')
  assert.match(printed[0] ?? '', /nothing was imported, because 20 rows of 5,485 rows cannot be/)
  assert.equal(printed.length, 21)
  assert.ok(
    printed.every((text) => text.length < 300),
    'a cell of a megabyte is not printed',
  )

  const told = await run(operator, path, { skipBad: true })
  assert.deepEqual([told.imported, told.already_there, told.bad.length], [5465, 0, 20])
  assert.deepEqual(await countAll(operator), ofRows(5465, 5))

  // Repaired, the same file brings the twenty and nothing else.
  const repaired = await run(operator, example('work-orders.csv'))
  assert.deepEqual([repaired.imported, repaired.already_there], [20, 5465])
  assert.deepEqual(await countAll(operator), ofRows(5485, 5))
})

test('R-IMP-7 a file that has grown adds its new rows only, in whatever order; equal rows come in once each', async () => {
  const operator = await newTenant()
  const twin = lines[0] ?? ''
  const first = fileOf('a.csv', `${part(0, 20)}${twin}\n`)
  assert.equal((await run(operator, first)).imported, 21)
  const grown = [header, ...lines.slice(10, 30).toReversed(), ...lines.slice(0, 10), twin, twin].join('\r\n')
  const second = await run(operator, fileOf('b.csv', `\uFEFF${grown}\r\n\r\n`))
  assert.deepEqual([second.rows, second.imported, second.already_there], [32, 11, 21])
  assert.deepEqual(await countAll(operator), ofRows(32, assetsOf(0, 30)))
  // Another tenant has none of it.
  const other = await newTenant()
  assert.equal((await run(other, first)).imported, 21)
})

test('R-IMP-8 broken off in the middle it leaves nothing, and the next run does it all', async (t) => {
  const path = fileOf('long.csv', part(0, 2500))
  await t.test('by an error of the caller', async () => {
    const operator = await newTenant()
    const nothingYet = await countAll(operator)
    const stop = new Error('stopped')
    const onProgress = (done: number): void => {
      if (done >= 2000) throw stop
    }
    await assert.rejects(run(operator, path, { onProgress }), stop)
    assert.deepEqual(await countAll(operator), nothingYet)
    assert.equal((await run(operator, path)).imported, 2500)
    assert.deepEqual(await countAll(operator), ofRows(2500, assetsOf(0, 2500)))
  })
  await t.test('by the loss of its connection', async () => {
    const operator = await newTenant()
    const nothingYet = await countAll(operator)
    let killed: Promise<unknown> | undefined
    const onProgress = (): void => {
      killed ??= withClient(fixture.adminUrl, (client) =>
        client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()`,
        ),
      )
    }
    await assert.rejects(run(operator, path, { onProgress }), Unavailable)
    await killed
    assert.deepEqual(await countAll(operator), nothingYet)
  })
})

/** Holds the lock of imports of this tenant until `work`, which begins when an import waits for it, is done. */
async function whileWaiting(
  operator: Operator,
  starts: () => Promise<unknown>,
  work: () => void,
): Promise<void> {
  await withClient(fixture.adminUrl, async (client) => {
    const lock = `docket.import:${operator.tenantId}`
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [lock])
    const started = starts()
    const end = { reached: false }
    started.catch(() => undefined).finally(() => (end.reached = true))
    for (let waiting = false; !waiting && !end.reached;) {
      const { rows } = await client.query<{ waiting: boolean }>(
        `select exists (select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())) as waiting`,
      )
      waiting = rows[0]?.waiting === true
    }
    work()
    await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [lock])
  })
}

test('R-IMP-9 the same file read by several at once comes in once', async () => {
  const operator = await newTenant()
  // The first time they meet at the new assets already; the second time there is none, only rows.
  for (const [rows, fresh] of [
    [600, 600],
    [800, 200],
  ] as const) {
    assert.equal(assetsOf(0, rows), assetsOf(0, 600))
    const path = fileOf('race.csv', part(0, rows))
    const reports = await Promise.all(Array.from({ length: 4 }, () => run(operator, path)))
    const imported = reports.map((report) => report.imported).toSorted((a, b) => a - b)
    assert.deepEqual(imported, [0, 0, 0, fresh])
    assert.deepEqual(await countAll(operator), ofRows(rows, assetsOf(0, rows)))
  }
})

test('R-IMP-10 a file that changes between its two readings is not imported', async () => {
  const operator = await newTenant()
  const nothingYet = await countAll(operator)
  const path = fileOf('moving.csv', part(0, 20))
  let started: Promise<ImportReport> | undefined
  await whileWaiting(
    operator,
    () => (started = run(operator, path)),
    () => appendFileSync(path, `${lines[20]}\n`),
  )
  assert.ok(started)
  await assert.rejects(started, /changed while it was read: nothing was imported/)
  assert.deepEqual(await countAll(operator), nothingYet)
})

test('R-IMP-11 an asset that is there already is used, whatever its name', async () => {
  const operator = await newTenant()
  assert.equal(assetsOf(0, 6), 1)
  await run(operator, fileOf('a.csv', part(0, 3)))
  const asset = (await ask(operator, (tx) => tx.rows<{ id: string }>`select id from assets`))[0]?.id
  const report = await run(operator, fileOf('b.csv', part(3, 6)))
  assert.deepEqual([report.imported, report.assets_created], [3, 0])
  const used = await ask(
    operator,
    (tx) => tx.rows<{ asset_id: string }>`select distinct asset_id from work_orders`,
  )
  assert.deepEqual(used, [{ asset_id: asset }])
})

test('R-IMP-12 a mapping of other columns for the same source is refused: every row would come in twice', async () => {
  const operator = await newTenant()
  const path = fileOf('good.csv', part(0, 3))
  await run(operator, path)
  const map = { ...(JSON.parse(readFileSync(example('map.json'), 'utf8')) as object), corrections: [] }
  const fewer = fileOf('fewer.json', JSON.stringify({ ...map, attributes: {} }))
  await assert.rejects(run(operator, path, { map: fewer }), /were imported with a mapping of other columns/)
  const other = fileOf('other.json', JSON.stringify({ ...map, attributes: {}, source: 'other' }))
  assert.equal((await run(operator, path, { map: other })).imported, 3)
})
